"""Packs are found, read once, pinned by digest and versioned; each fault is told in place."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vendorrisk.content import (
    Library,
    NoSuchPack,
    check,
    check_lock,
    lock,
    new_questionnaire,
    new_version,
    read_cases,
    run_cases,
)
from vendorrisk.document import InvalidContent, Report

VALID = Path(__file__).parent / "valid"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return shutil.copytree(VALID, tmp_path / "questionnaires")


def errors(path: Path, library: Library) -> list[str]:
    return [problem.code for problem in check(path, library) if problem.severity == "error"]


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))


def test_valid_content_gives_no_problem_and_its_cases_hold(root):
    library = Library(root)
    lock(library)
    assert [str(problem) for problem in check(root, library)] == []
    for pack in library.packs():
        outcomes = run_cases(pack)
        assert outcomes
        assert [str(p) for outcome in outcomes for p in outcome.problems] == []


def test_a_pack_is_read_once_from_any_thread(root):
    library = Library(root)
    with ThreadPoolExecutor(8) as pool:
        packs = list(pool.map(lambda _: library.pack("access"), range(16)))
    assert all(pack is packs[0] for pack in packs)


def test_an_id_means_its_highest_published_version_and_a_draft_only_without_one(root):
    library = Library(root)
    folder = new_version(library, "access")
    assert folder.name == "v2"
    assert library.pack("access").version == 1
    assert library.pack("access", 2).draft
    assert library.open(root / "access").version == 1
    change(root / "access/v1/questionnaire.yaml", "status: published", "status: draft")
    assert Library(root).pack("access").version == 2


def test_a_next_version_of_a_draft_is_refused(root):
    library = Library(root)
    new_version(library, "access")
    with pytest.raises(InvalidContent, match="still-a-draft"):
        new_version(library, "access")


def test_a_new_questionnaire_is_sound_and_its_cases_hold(root):
    library = Library(root)
    folder = new_questionnaire(library, "offices")
    assert errors(folder, library) == []
    pack = library.pack("offices")
    assert pack.draft
    assert all(outcome.holds for outcome in run_cases(pack))
    with pytest.raises(InvalidContent, match="duplicate-id"):
        new_questionnaire(library, "offices")


def test_a_new_questionnaire_in_an_empty_library_gives_no_warning_and_its_cases_hold(tmp_path):
    root = tmp_path / "fresh"
    root.mkdir()
    new_questionnaire(Library(root), "visitor-records")
    library = Library(root)
    assert [str(problem) for problem in check(root, library)] == []
    outcomes = run_cases(library.pack("visitor-records"))
    assert len(outcomes) > 10
    assert all(outcome.holds for outcome in outcomes)


def test_a_new_questionnaire_uses_a_kind_of_evidence_that_the_library_has(root):
    change(root / "catalogs/evidence.yaml", "policy: {title: Policy,", "rule: {title: Rule,")
    shutil.rmtree(root / "access")
    library = Library(root)
    new_questionnaire(library, "offices")
    assert [str(problem) for problem in check(root / "offices", library)] == []


def test_a_next_version_is_a_draft_that_passes_as_the_last_one_did(root):
    change(
        root / "access/v1/rubric.yaml",
        "questionnaire: access\n",
        "questionnaire: access\nquestionnaire_version: 1\n",
    )
    library = Library(root)
    folder = new_version(library, "access")
    assert [str(problem) for problem in check(folder, library)] == []
    assert all(outcome.holds for outcome in run_cases(library.pack("access", 2)))


@pytest.mark.parametrize("name", ["visitors", "access"])
def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(root, monkeypatch, name):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    begin = new_version if name == "access" else new_questionnaire
    with pytest.raises(InvalidContent, match="cannot be written: No space left on device"):
        begin(Library(root), name)


@pytest.mark.parametrize(
    "name", ["../outside", "Offices", "", "a b", "/tmp/x", "methods", "catalogs"]
)
def test_a_new_questionnaire_stays_inside_the_library(root, name):
    before = sorted(root.parent.rglob("*"))
    with pytest.raises(InvalidContent):
        new_questionnaire(Library(root), name)
    assert sorted(root.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["nothing", "../questionnaires/access", "access/v1", ""])
def test_a_pack_that_is_not_there_is_said_in_a_sentence(root, name):
    with pytest.raises(NoSuchPack, match="There is no questionnaire or method"):
        Library(root).pack(name)


def test_a_pack_is_found_by_the_digest_of_its_rubric_or_questionnaire(root):
    library = Library(root)
    pack = library.pack("access")
    assert library.by_digest(pack.rubric.digest) is pack
    assert library.by_digest(pack.questionnaire.digest) is pack
    with pytest.raises(NoSuchPack, match="changed since it was pinned"):
        library.by_digest("sha256:" + "0" * 64)


def test_a_broken_neighbour_does_not_take_a_pinned_pack_away(root):
    library = Library(root)
    digest = library.pack("access").rubric.digest
    broken = root / "a-broken-one" / "v1"
    broken.mkdir(parents=True)
    (broken / "rubric.yaml").write_text("nothing")
    assert Library(root).by_digest(digest).id == "access"


# -- digests


@pytest.mark.parametrize(
    ("file", "old", "new", "part"),
    [
        ("access/v1/questionnaire.yaml", "Count only", "Only count", "questionnaire"),
        ("access/v1/questionnaire.yaml", "minutes: 2", "minutes: 3", "questionnaire"),
        ("catalogs/evidence.yaml", "Approved and dated.", "Approved.", "questionnaire"),
        ("catalogs/evidence.yaml", "no_older_than: 3 months", "no_older_than: 4 months",
         "questionnaire"),
        ("access/v1/rubric.yaml", "weight: critical", "weight: high", "rubric"),
        ("access/v1/rubric.yaml", "Some factors", "A few factors", "rubric"),
    ],
)  # fmt: skip
def test_a_digest_follows_every_word_of_content(root, file, old, new, part):
    def digests():
        pack = Library(root).pack("access")
        return {"questionnaire": pack.questionnaire.digest, "rubric": pack.rubric.digest}

    before = digests()
    change(root / file, old, new)
    after = digests()
    assert {name for name in before if before[name] != after[name]} == {part}


def test_a_digest_of_a_method_covers_its_table(root):
    before = Library(root).pack("ladder-rating").rubric.digest
    change(root / "methods/ladder-rating/v1/practices.csv", "backup,2", "backup,3")
    assert Library(root).pack("ladder-rating").rubric.digest != before


def test_a_digest_ignores_layout_comments_and_unused_kinds(root):
    def digests():
        pack = Library(root).pack("access")
        return pack.questionnaire.digest, pack.rubric.digest

    before = digests()
    for file in ("questionnaire.yaml", "rubric.yaml"):
        change(root / "access/v1" / file, "version: 1", '# A comment.\n\nversion:   "1"')
    with (root / "catalogs/evidence.yaml").open("a") as file:
        file.write("  screenshot: {title: Screenshot}\n")
    assert digests() == before


# -- the lock


def test_the_lock_holds_what_is_published_and_lets_drafts_change(root):
    library = Library(root)
    new_version(library, "access")
    assert [problem.code for problem in check_lock(library)] == ["not-locked", "not-locked"]
    assert lock(library) == ("access/v1", "methods/ladder-rating/v1")
    assert check_lock(library) == []
    assert lock(library) == ()
    lines = (root / "published.lock").read_text().splitlines()
    assert [line.split()[0] for line in lines if not line.startswith("#")] == [
        "access/v1",
        "methods/ladder-rating/v1",
    ]
    change(root / "access/v2/rubric.yaml", "Some factors", "A few factors")
    assert check_lock(Library(root)) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("questionnaire.yaml", "Count only", "Only count"),
        ("rubric.yaml", "Some factors", "A few factors"),
        ("cases.yaml", "Middling", "Medium"),
    ],
)
def test_a_published_file_that_changes_breaks_the_lock_and_asks_for_a_new_version(
    root, file, old, new
):
    lock(Library(root))
    change(root / "access/v1" / file, old, new)
    library = Library(root)
    (problem,) = check_lock(library)
    assert problem.code == "published-changed"
    assert file in problem.message
    assert "new version" in problem.message
    assert problem in check(root / "access/v1", library)
    assert check(root, library).count(problem) == 1
    before = (root / "published.lock").read_bytes()
    with pytest.raises(InvalidContent, match="published-changed"):
        lock(library)
    assert (root / "published.lock").read_bytes() == before


def test_a_published_pack_cannot_be_taken_away_or_called_a_draft_again(root):
    lock(Library(root))
    change(root / "access/v1/questionnaire.yaml", "status: published", "status: draft")
    assert [problem.code for problem in check_lock(Library(root))] == ["published-gone"]
    shutil.rmtree(root / "access")
    assert [problem.code for problem in check_lock(Library(root))] == ["published-gone"]


def test_a_damaged_lock_is_a_problem_with_its_line(root):
    lock(Library(root))
    with (root / "published.lock").open("a") as file:
        file.write("access/v1 something else\n")
    (problem,) = check_lock(Library(root))
    assert problem.code == "bad-lock"
    assert problem.place.line == 4


# -- what a check tells of a pack as a whole


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("questionnaire.yaml", "version: 1", "version: 2", "folder-mismatch"),
        ("questionnaire.yaml", "questionnaire: access", "questionnaire: entry", "folder-mismatch"),
        ("questionnaire.yaml", "code: AC2", "code: AC1", "duplicate-code"),
        ("rubric.yaml", "questionnaire: access", "questionnaire: entry", "questionnaire-version"),
        ("rubric.yaml", "version: 1", "version: 2", "questionnaire-version"),
        ("rubric.yaml", "question: factor_kind", "question: factor_sort", "unknown-name"),
        ("rubric.yaml", "app: 80, ", "", "choice-without-points"),
        ("rubric.yaml", "text_message: 30", "text_message: 130", "not-a-number"),
        ("rubric.yaml", "domain: stores", "domain: store", "unknown-name"),
        ("rubric.yaml", "weight: medium", "weight: middling", "unknown-name"),
        ("rubric.yaml", "{secret_stores: wiki}", "{secret_stores: attic}", "impossible-value"),
        ("rubric.yaml", "{second_factor: nobody}", "{second_facter: nobody}", "unknown-name"),
        ("rubric.yaml", "strong: 85, adequate: 70", "strong: 70, adequate: 85", "bands-order"),
        ("rubric.yaml", "  cap: true", "  cpa: true", "unknown-key"),
        ("rubric.yaml", "policy: documented", "policy: written", "unknown-name"),
        ("cases.yaml", "AC1: administrators", "AC1: admins", "unknown-choice"),
        ("cases.yaml", "AC1: administrators", "AC9: administrators", "unknown-question"),
        ("cases.yaml", "claimed: 100", "claim: 100", "unknown-result"),
        ("cases.yaml", "rules: [secrets-in-a-wiki]", "rules: [secrets]", "unknown-rule"),
        ("cases.yaml", "start: everyone-verified", "start: nowhere", "unknown-case"),
        ("cases.yaml", "case: nobody", "case: silent", "duplicate-id"),
        ("cases.yaml", "assurance: verified", "assurance: certain", "not-one-of"),
        ("cases.yaml", "  says: No second factor at all.\n", "", "missing-key"),
        ("cases.yaml", "{exceptions: 12}", "{exceptions: 9}", "not-reached"),
        ("cases.yaml", "factor_kind: text_message", "factor_kind: app", "not-reached"),
    ],
)
def test_a_fault_in_a_pack_is_found(root, file, old, new, code):
    path = root / "access/v1" / file
    change(path, old, new)
    assert code in errors(root / "access", Library(root))


def test_what_no_case_reaches_is_an_error_once_published_and_a_warning_in_a_draft(root):
    change(root / "access/v1/cases.yaml", "{exceptions: 12}", "{exceptions: 9}")
    message = "No case makes the rule `everyone-but-many` fire."

    def severities():
        return [p.severity for p in check(root / "access", Library(root)) if p.message == message]

    assert severities() == ["error"]
    change(root / "access/v1/questionnaire.yaml", "status: published", "status: draft")
    assert severities() == ["warning"]


def test_a_question_that_changes_nothing_is_a_warning(root):
    change(
        root / "access/v1/questionnaire.yaml",
        "  - id: remarks\n",
        "  - {id: colour, ask: Which?, answer: one_of, choices: {red: Red, blue: Blue}}\n"
        "  - id: remarks\n",
    )
    found = [p for p in check(root / "access", Library(root)) if p.code == "not-graded"]
    assert [(p.severity, "`colour`" in p.message) for p in found] == [("warning", True)]


def test_a_case_that_differs_says_what_it_is_instead(root):
    change(root / "access/v1/cases.yaml", "overall: 59", "overall: 60")
    change(
        root / "access/v1/cases.yaml",
        "band: weak, rules: []",
        "band: strong, rules: [secrets-in-a-wiki]",
    )
    pack = Library(root).pack("access")
    problems = [p for outcome in run_cases(pack) for p in outcome.problems]
    assert {problem.code for problem in problems} == {"case-differs"}
    text = "\n".join(map(str, problems))
    assert "expects overall 60, and it is 59" in text
    assert "expects band strong, and it is weak" in text
    assert "expects rule secrets-in-a-wiki, which does not fire" in text
    assert all(problem.place.line > 0 for problem in problems)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  expect: {overall: 59", "  gives: {overall: 59", "has no key `gives`. It may have "),
        ("  answers:", "  answer:", 'has no key `answer`. Did you mean "answers"?'),
    ],
)
def test_a_case_with_a_wrong_key_is_told_the_keys_there_are(root, old, new, message):
    change(root / "access/v1/cases.yaml", old, new)
    found = [p for p in check(root / "access", Library(root)) if p.severity == "error"]
    assert any(message in p.message for p in found)
    assert not [p for p in found if p.code == "not-a-mapping"]


def test_a_table_that_is_not_there_is_missed_where_it_is_named(tmp_path):
    (tmp_path / "rubric.yaml").write_text(
        "rubric: a\nversion: 1\ntitle: A\ninputs: {x: {from: answers, choices: [y]}}\n"
        "measures:\n  m: {map: x, to: none.csv}\nresults: {overall: m}\n"
    )
    found = check(tmp_path / "rubric.yaml", Library(tmp_path))
    assert [(p.place.line, p.code) for p in found] == [(6, "no-file")]


def test_a_case_builds_on_an_earlier_one_whether_by_id_or_code(root):
    cases = {case.id: case for case in read_cases(Library(root).pack("access"))}
    base, own = cases["everyone-verified"], cases["second-factor-for-administrators"]
    assert base.submission.answers["second_factor"].value == "everyone"
    assert own.submission.answers["second_factor"].value == "administrators"
    assert own.submission.facts == base.submission.facts
    assert own.submission.review["second_factor"].assurance == "verified"


def test_an_answer_set_to_null_stays_unanswered_in_the_best_of_cases(root):
    change(root / "access/v1/cases.yaml", "answers: {AC1: administrators}", "answers: {AC1: null}")
    cases = {case.id: case for case in read_cases(Library(root).pack("access"))}
    assert "second_factor" not in cases["second-factor-for-administrators"].submission.answers


def test_a_pack_without_cases_has_none(root):
    (root / "access/v1/cases.yaml").unlink()
    assert read_cases(Library(root).pack("access"), Report()) == ()


# -- rubrics outside the library and tables


def test_a_rubric_that_lies_elsewhere_grades_the_questionnaire_it_names(root, tmp_path):
    elsewhere = tmp_path / "proposal.yaml"
    shutil.copy(root / "access/v1/rubric.yaml", elsewhere)
    pack = Library(root).open(elsewhere)
    assert pack.questionnaire.id == "access"
    assert pack.draft
    change(elsewhere, "questionnaire: access", "questionnaire: entry")
    with pytest.raises(InvalidContent, match="unknown-questionnaire"):
        Library(root).open(elsewhere)


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("id,weight\nbackup\n", "bad-table"),
        ("id,id\nbackup,2\n", "bad-table"),
        ("id,\nbackup,2\n", "bad-table"),
        ('id,weight\n"backup,2\n', "bad-table"),
        ("id,weight\n" + "x,1\n" * 20_001, "too-large"),
        ("id,weight\n" + "x" * 2**21, "too-large"),
        ("", "bad-table"),
    ],
)
def test_a_faulty_table_is_refused(root, table, code):
    (root / "methods/ladder-rating/v1/practices.csv").write_text(table)
    assert code in errors(root / "methods", Library(root))


@pytest.mark.parametrize("name", ["../practices.csv", "/etc/passwd", "practices.yaml", "gone.csv"])
def test_a_table_lies_beside_its_rubric(root, name):
    change(root / "methods/ladder-rating/v1/rubric.yaml", "practices.csv", name)
    assert {"bad-table", "no-file"} & set(errors(root / "methods", Library(root)))
