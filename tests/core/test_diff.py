"""What a changed rubric would move is told before it is published, case by case."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from vendorrisk.cli import main

VALID = Path(__file__).parents[1] / "content" / "valid"


@pytest.fixture
def both(tmp_path, monkeypatch) -> Path:
    """A library, and beside it a copy of its pack `access` to change; gives the copy's folder."""
    shutil.copytree(VALID, tmp_path / "questionnaires")
    shutil.copytree(VALID / "catalogs", tmp_path / "draft" / "catalogs")
    folder = shutil.copytree(VALID / "access", tmp_path / "draft" / "access")
    monkeypatch.setenv("VENDORRISK_QUESTIONNAIRES", str(tmp_path / "questionnaires"))
    monkeypatch.chdir(tmp_path)
    return folder / "v1"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def diff(both, capsys):
    """Compare the library's pack with the copy; the exit code, the lines and the problems."""

    def comparing(*words: str) -> tuple[int, list[str], list[str]]:
        code = main(["diff", "questionnaires/access", "draft/access", *words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out.splitlines(), err.splitlines()

    return comparing


def test_the_same_rubric_moves_nothing(diff):
    code, lines, _ = diff()

    assert code == 0
    assert len(lines) == 1
    assert lines[0].startswith("0 of ")
    assert lines[0].endswith(" cases move")


def test_a_case_with_an_answer_that_nobody_can_give_does_not_move_by_itself(both, diff):
    for folder in (both, both.parents[2] / "questionnaires" / "access" / "v1"):
        change(folder / "rubric.yaml", "ticked: worst", "ticked: sum")
        change(folder / "rubric.yaml", "wiki: 0}", "wiki: 5}")
        change(folder / "rubric.yaml", "when: {secret_stores: wiki}", "when: {factor_kind: app}")
        with (folder / "cases.yaml").open("a") as cases:
            cases.write(
                "- case: nothing-ticked\n  says: The worst of everything.\n  start: worst\n"
                "  facts: {tier: 1, data_classes: []}\n  expect: {band: unacceptable}\n"
            )

    _, lines, _ = diff()

    assert lines[0].startswith("0 of ")
    assert len(lines) == 1


def test_each_case_that_moves_is_told_with_its_band(both, diff):
    change(both / "rubric.yaml", "capped: 59", "capped: 50")

    _, lines, _ = diff()

    assert "  secrets-in-a-wiki: 59 limited → 50 weak" in lines
    assert not any("everyone-verified:" in line for line in lines)


def test_rules_that_begin_or_cease_to_fire_are_named(both, diff):
    change(
        both / "rubric.yaml",
        "when: {second_factor: nobody}",
        "when: {second_factor: [nobody, administrators]}",
    )

    _, lines, _ = diff()

    [line] = [line for line in lines if "second-factor-for-administrators" in line]
    assert "→ 29 unacceptable; now fires: no-second-factor" in line


def test_what_is_shown_alike_is_told_apart(both, diff):
    change(both / "rubric.yaml", "low: 1}", "low: 1.01}")

    _, lines, _ = diff()

    [line] = [line for line in lines if line.startswith("  app-and-configuration:")]
    before, after = line.split(": ")[1].split(" → ")
    assert before != after
    assert before.split(".")[0] == after.split(".")[0]


def test_a_result_that_moves_below_one_that_stays_is_told(both, diff):
    change(both / "rubric.yaml", "medium: 2", "medium: 1.9")

    _, lines, _ = diff()

    [line] = [line for line in lines if line.startswith("  secrets-in-a-wiki:")]
    assert line.startswith("  secrets-in-a-wiki: 59 limited as before; claimed ")
    assert " → " in line


def test_a_case_that_the_new_questionnaire_does_not_take_is_told_with_the_reason(both, diff):
    for name in ("questionnaire.yaml", "rubric.yaml"):
        text = (both / name).read_text()
        (both / name).write_text(text.replace("administrators", "admins_only"))

    _, lines, _ = diff()

    [line] = [line for line in lines if "second-factor-for-administrators" in line]
    assert "cannot be scored" in line
    assert "has no choice `administrators`" in line


def test_a_rubric_that_cannot_be_used_is_refused_with_its_problems(both, diff):
    change(both / "rubric.yaml", "capped: 59", "capped: many")

    code, lines, problems = diff()

    assert code == 2
    assert lines == []
    assert any("rubric.yaml" in problem and "capped" in problem for problem in problems)


def test_a_database_that_is_not_there_is_refused_and_not_made(diff, tmp_path):
    code, _, problems = diff("--portfolio", "nowhere.db")

    assert code == 2
    assert len(problems) == 1
    assert "--portfolio" in problems[0]
    assert not (tmp_path / "nowhere.db").exists()


def test_a_file_that_is_not_ours_is_refused_and_left_as_it_is(diff, tmp_path):
    (tmp_path / "empty.db").touch()
    with closing(sqlite3.connect(tmp_path / "notes.db")) as other, other:
        other.execute("CREATE TABLE notes (line TEXT)")
    (tmp_path / "text.db").write_text("Not a database at all, only words.\n" * 40)
    told = {}
    for name in ("empty.db", "notes.db", "text.db"):
        before = (tmp_path / name).read_bytes()
        code, _, [problem] = diff("--portfolio", name)
        assert code == 2
        assert (tmp_path / name).read_bytes() == before, name
        told[name] = problem.split(": ")[1]

    assert told == {"empty.db": "not-migrated", "notes.db": "foreign", "text.db": "damaged"}
