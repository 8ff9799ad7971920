"""The page that teaches writing a questionnaire is true: its example runs, its words are ours."""

import re
import shutil
from pathlib import Path

import pytest

from vendorrisk import cli
from vendorrisk.content import Library, check, check_lock, lock, new_version, run_cases
from vendorrisk.questionnaire import Questionnaire

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "writing-a-questionnaire.md").read_text(encoding="utf-8")
PACKAGE = REPOSITORY / "vendorrisk" / "content"
FILES = ("questionnaire.yaml", "rubric.yaml", "cases.yaml")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The page's example, saved as the page says, in a library with the shipped catalogues."""
    root = tmp_path / "questionnaires"
    shutil.copytree(REPOSITORY / "questionnaires" / "catalogs", root / "catalogs")
    folder = root / "remote-support" / "v1"
    folder.mkdir(parents=True)
    for file in FILES:
        found = re.search(rf"^`{re.escape(file)}`:\n\n```yaml\n(.*?)^```$", PAGE, re.M | re.S)
        assert found is not None, file
        (folder / file).write_text(found[1], encoding="utf-8")
    return folder


def published(example: Path) -> Path:
    path = example / "questionnaire.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("status: draft", "status: published"), encoding="utf-8")
    return example


def test_the_example_passes_check_without_a_warning_and_all_its_cases_hold(example):
    library = Library(example.parents[1])
    assert [str(problem) for problem in check(example, library)] == []
    outcomes = run_cases(library.pack("remote-support"))
    assert all(outcome.holds for outcome in outcomes)


def test_the_commands_print_what_the_page_says(example, monkeypatch, capsys):
    monkeypatch.chdir(example.parents[2])
    monkeypatch.setenv("VENDORRISK_QUESTIONNAIRES", "questionnaires")
    assert cli.main(["check", "questionnaires/remote-support"]) == 0
    assert cli.main(["test", "questionnaires/remote-support"]) == 0
    shown = re.search(r"^```\n(\$ vendorrisk check .*?)^```$", PAGE, re.M | re.S)
    assert shown is not None
    said = [line for line in shown[1].splitlines() if not line.startswith("$ ")]
    assert capsys.readouterr().out.splitlines() == said


def test_the_example_can_be_published_and_from_then_on_refuses_a_change_in_the_pages_words(example):
    root = published(example).parents[1]
    assert [str(problem) for problem in check(example, Library(root))] == []
    assert lock(Library(root)) == ("remote-support/v1",)
    path = example / "rubric.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("ticket: 30", "ticket: 40"), encoding="utf-8")
    (problem,) = check_lock(Library(root))
    shown = re.search(r"^```\n(published-changed: .*?)^```$", PAGE, re.M | re.S)
    assert shown is not None
    assert f"{problem.code}: {problem.message}" == " ".join(shown[1].split())


def test_the_next_version_of_the_example_is_a_draft_that_passes(example):
    root = published(example).parents[1]
    lock(Library(root))
    folder = new_version(Library(root), "remote-support")
    library = Library(root)
    assert [str(problem) for problem in check(root, library)] == []
    assert library.load(folder).draft


def test_comments_and_layout_of_what_is_published_may_change(example):
    root = published(example).parents[1]
    lock(Library(root))
    for file in FILES:
        path = example / file
        path.write_text("# A remark.\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert check_lock(Library(root)) == []


def test_every_warning_about_style_is_on_the_page():
    source = (PACKAGE / "style.py").read_text(encoding="utf-8")
    warned = set(re.findall(r'report\.warning\(\s*"([a-z-]+)"', source))
    assert len(warned) > 8
    told = set(re.findall(r"`([a-z-]+)`", PAGE.partition("| Warning | Means |")[2]))
    assert warned <= told


def test_the_cases_that_the_page_asks_for_are_in_its_example(example):
    pack = Library(example.parents[1]).pack("remote-support")
    assert isinstance(pack.questionnaire, Questionnaire)
    assert len(pack.questionnaire.questions) == 5
    assert {outcome.scorecard.results["band"].exact for outcome in run_cases(pack)} == set(
        pack.rubric.everyday.bands
    )
