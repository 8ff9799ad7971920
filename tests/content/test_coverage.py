"""The coverage page says what is asked and what is not, and docs/coverage.md is that page."""

import re
import shutil
from pathlib import Path

import pytest

from vendorrisk.cli import main
from vendorrisk.content import Library, coverage_page
from vendorrisk.content.coverage import COMMAND, coverage

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
LIBRARY = Library(REPOSITORY / "questionnaires")


def test_the_page_in_docs_is_current():
    page = (REPOSITORY / "docs/coverage.md").read_text(encoding="utf-8")
    assert page == coverage_page(LIBRARY), f"docs/coverage.md is out of date: run `{COMMAND}`"


def test_the_command_prints_the_page(capsys, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    assert main(["coverage"]) == 0
    assert capsys.readouterr().out == coverage_page(LIBRARY)


def test_every_unit_of_every_framework_is_either_asked_about_or_not():
    for found in coverage(LIBRARY):
        split = [found.units(group) for group in found.catalogue.groups]
        units = [unit for asked, rest in split for unit in (*asked, *rest)]
        assert sorted(units) == sorted(found.catalogue.units)


def test_every_mapping_of_every_question_is_on_the_page():
    known = {
        (found.catalogue.id, control, each.question.id)
        for found in coverage(LIBRARY)
        for control, asked in found.asked.items()
        for each in asked
    }
    mapped = {
        (*control.split(":", 1), question.id)
        for pack in LIBRARY.packs()
        if pack.questionnaire is not None
        for question in pack.questionnaire.questions
        for control in question.maps_to
    }
    assert known == mapped


def test_an_unverified_id_is_marked_wherever_it_stands():
    page = coverage_page(LIBRARY)
    for found in coverage(LIBRARY):
        start = page.index(f"\n## {found.catalogue.name}\n")
        section = page[start : page.index("\n## ", start + 1)]
        marked = re.search(r"^\| \S+† ", section, re.MULTILINE) is not None
        assert marked != found.catalogue.verified


@pytest.fixture
def page(tmp_path):
    root = shutil.copytree(HERE / "valid", tmp_path / "questionnaires")
    return coverage_page(Library(root))


def test_counts_come_first_then_parts_then_what_is_asked_and_what_is_not(page):
    at = page.index("## NIST SP 800-53r5")
    rest = [
        "**1 of 4 controls** are asked about, by 1 question. Of the other 3, 2 are out of scope",
        "| IA: Identification and Authentication | 1 | 2 |",
        "| PL: Planning (out of scope) | 0 | 2 |",
        "- **PL: Planning**: Papers of one agency.",
        "<summary>Asked about: 1 id</summary>",
        "| IA-2(1) | AC1 |",
        "<summary>Not asked about: 3 controls</summary>",
        "**IA: Identification and Authentication.** IA-4†.",
        "**PL: Planning.** PL-1; PL-2.",
    ]
    for line in rest:
        assert line in page[at:], line
        at = page.index(line, at)


def test_what_a_reader_of_the_counts_must_know_stands_beside_them():
    for found in coverage(LIBRARY):
        note = found.catalogue.note
        assert note is None or f"not asked about yet. {note}\n" in coverage_page(LIBRARY)
    assert LIBRARY.catalogues["nist-800-171r2"].note


def test_a_part_that_is_asked_about_counts_for_the_whole_once(page):
    assert "| [NIST SP 800-53r5](#nist-sp-800-53r5) | 1 of 4 controls | 1 | verified |" in page


def test_a_question_that_answers_to_no_control_is_named(page):
    assert re.search(r"\d+ questions? in all.*; \d+ answers? to no control.*: .*AC2", page)
