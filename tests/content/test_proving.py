"""`check` says which promises a rubric breaks and what it never comes to, each with its line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from vendorrisk.cli import main
from vendorrisk.content import Library, pack_folders, proof_problems, tell_proofs

VALID = Path(__file__).parent / "valid"
SHIPPED = Path(__file__).parents[2] / "questionnaires"
RULE = "- rule: everyone-but-many\n"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    shutil.copytree(VALID, tmp_path / "questionnaires")
    return tmp_path / "questionnaires" / "access" / "v1"


def with_rule(pack: Path, when: str, effect: str = "cap: true") -> list[str]:
    """What is told of the rubric with one rule more: code and the text of the line."""
    path = pack / "rubric.yaml"
    rule = f"- rule: another\n  when: {when}\n  {effect}\n  because: It is another.\n"
    path.write_text(path.read_text().replace(RULE, rule + RULE))
    return told(pack)


def told(pack: Path) -> list[str]:
    lines = (pack / "rubric.yaml").read_text().splitlines()
    found = proof_problems(Library(pack.parents[1]).load(pack))
    return [f"{p.code}: {lines[p.place.line - 1].strip('- ')}" for p in found if p.place]


def test_a_sound_rubric_keeps_every_promise(pack: Path) -> None:
    assert told(pack) == []
    lines = list(tell_proofs(Library(pack.parents[1]).load(pack)))
    assert [line for line in lines if line.startswith("  proved: ")] == lines[1:6]


@pytest.mark.parametrize("folder", pack_folders(SHIPPED), ids=lambda f: f"{f.parent.name}")
def test_every_rubric_that_ships_is_proven_to_keep_its_promises(folder: Path) -> None:
    pack = Library(SHIPPED).load(folder)
    assert [str(problem) for problem in proof_problems(pack)] == []


def test_a_rule_on_a_better_answer_breaks_the_promise_with_two_sheets(pack: Path) -> None:
    assert "promise-broken: rule: another" in with_rule(pack, "{factor_kind: hardware}")
    [found] = [
        p for p in proof_problems(Library(pack.parents[1]).load(pack)) if "better" in p.message
    ]
    assert "with `app`" in found.message
    assert "59 with `hardware`" in found.message


def test_points_out_of_order_break_the_promise(pack: Path) -> None:
    path = pack / "rubric.yaml"
    path.write_text(
        path.read_text().replace(
            "everyone: 100, administrators: 50", "everyone: 50, administrators: 100"
        )
    )
    assert told(pack) == ["promise-broken: criterion: second-factor"]


def test_a_band_that_no_answers_reach_is_told_at_its_line(pack: Path) -> None:
    found = with_rule(pack, "[{faces: as_images}, {faces: {not: as_images}}]")
    bands = "bands: {strong: 85, adequate: 70, limited: 55, weak: 30, unacceptable: else}"
    assert [line for line in found if line.startswith("unreachable")] == [
        f"unreachable-band: {bands}"
    ] * 2


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("{second_factor: nobody, factor_kind: app}", "dead-rule"),
        ("{exceptions: {at_least: 5}, second_factor: nobody}", "dead-rule"),
        ('{secret_stores: wiki, tier: "1"}', "covered-rule"),
        ("{second_factor: nobody}", "covered-rule"),
        ("[{second_factor: nobody}, {secret_stores: wiki}]", "covered-rule"),
    ],
)
def test_a_rule_that_never_decides_anything_is_told(pack: Path, when: str, code: str) -> None:
    assert with_rule(pack, when) == [f"{code}: rule: another"]


def test_a_clarification_that_cannot_come_up_is_told(pack: Path) -> None:
    when = "{second_factor: nobody, factor_kind: app}"
    assert with_rule(pack, when, "clarify: [second_factor]") == ["dead-rule: rule: another"]


def test_a_band_that_no_number_falls_into_is_told(pack: Path) -> None:
    path = pack / "rubric.yaml"
    path.write_text(path.read_text().replace('100: "<=0"', '100: "<0"'))
    assert told(pack) == ["dead-band: criterion: exceptions"]


def test_what_an_approval_puts_aside_is_told_and_breaks_no_promise(pack: Path) -> None:
    assert with_rule(pack, "{faces: as_images}") == []
    told_of = "\n".join(tell_proofs(Library(pack.parents[1]).load(pack)))
    assert "approves that faces does not apply, another can no longer fire" in told_of


METHOD = """\
rubric: checks
version: 1
title: Checks
cites: "A method for this test."
inputs:
  a: {from: answers, choices: [met, not_met, not_applicable]}
  b: {from: answers, choices: [met, not_met]}
measures:
  first: {map: a, to: {met: 100, not_met: 0}, unanswered: 0}
  second: {map: b, to: {met: 100, not_met: 0}, unanswered: 0}
  score: {mean: [first, second]}
  grade: {bands: score, to: {good: 100, fair: ">99", poor: else}, not_applicable: none}
results:
  overall: score
  grade: grade
"""


def method(tmp_path: Path, said: str = "") -> Path:
    """A library with one method of plain measures; `said` stands in its mean."""
    folder = tmp_path / "questionnaires" / "methods" / "checks" / "v1"
    folder.mkdir(parents=True)
    text = METHOD.replace("[first, second]}", f"[first, second]{said}}}")
    (folder / "rubric.yaml").write_text(text)
    return folder


def test_a_method_whose_not_applicable_pays_unsaid_is_warned_with_two_values_and_the_line(
    tmp_path: Path,
) -> None:
    folder = method(tmp_path)
    [found] = proof_problems(Library(tmp_path / "questionnaires").load(folder))
    assert (found.code, found.severity) == ("not-applicable-pays", "warning")
    assert found.place is not None
    assert found.place.line == METHOD.splitlines().index("  score: {mean: [first, second]}") + 1
    assert "is 50 with `not_met` and 100 with “not applicable”" in found.message
    assert "write `not_applicable: skip`" in found.message


def test_a_method_that_says_so_is_not_warned_and_the_proofs_note_it(tmp_path: Path) -> None:
    folder = method(tmp_path, ", not_applicable: skip")
    pack = Library(tmp_path / "questionnaires").load(folder)
    assert list(proof_problems(pack)) == []
    told_of = "\n".join(tell_proofs(pack))
    assert "note: “not applicable” in `a` pays" in told_of
    assert "own policy does this: see `score` in line" in told_of


def test_where_a_bounded_search_finds_nothing_it_says_not_decided(tmp_path: Path) -> None:
    folder = method(tmp_path, ", not_applicable: 0")
    pack = Library(tmp_path / "questionnaires").load(folder)
    assert list(proof_problems(pack)) == []
    told_of = "\n".join(tell_proofs(pack))
    assert re.search(r"not decided: a bounded search of \d+ sheets found no “not appl", told_of)
    assert re.search(r"not decided: a bounded search of \d+ sheets never came to `fair`", told_of)


def test_check_refuses_a_broken_promise_and_tells_proofs_on_request(
    pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--proofs", str(pack)]) == 0
    assert "proved: A better answer never lowers the score." in capsys.readouterr().out
    with_rule(pack, "{factor_kind: hardware}")
    main(["check", str(pack)])
    assert "rubric.yaml:66: promise-broken: “A better answer" in capsys.readouterr().err


def test_a_method_that_lets_silence_pay_is_warned_and_told_what_to_write(tmp_path: Path) -> None:
    folder = method(tmp_path, ", not_applicable: 0")
    path = folder / "rubric.yaml"
    pays = "  second: {cases: [{when: {b: not_met}, give: 0}], else: 100}"
    path.write_text(re.sub("  second: .*", pays, path.read_text()))
    pack = Library(tmp_path / "questionnaires").load(folder)
    [found] = proof_problems(pack)
    assert (found.code, found.severity) == ("silence-pays", "warning")
    assert found.place is not None
    assert path.read_text().splitlines()[found.place.line - 1] == pays
    assert "silence on `b` pays: the overall result is " in found.message
    assert "name `unanswered` in a case or a condition there" in found.message
    assert "warning: silence on `b` pays" in "\n".join(tell_proofs(pack))
