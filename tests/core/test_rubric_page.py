"""The page that teaches the rubric language: every example can be read and gives what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.core.rubric_kit import results, rubric, table
from vendorrisk.assurance import build_sheet
from vendorrisk.content.cases import read_cases, run_case
from vendorrisk.content.packs import Pack
from vendorrisk.content.proving import proof_problems
from vendorrisk.content.questionnaires import read_questionnaire
from vendorrisk.content.reading import read_yaml
from vendorrisk.document import Record, Report
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring import explain_rubric, read_rubric, score

PAGE = Path(__file__).parents[2] / "docs" / "rubrics.md"
BLOCK = re.compile(r"^```(yaml|csv (\S+))\n(.*?)^```", re.MULTILINE | re.DOTALL)


def read(text: str) -> Record:
    report = Report("rubrics.md")
    record = read_yaml(text.encode(), report)
    report.raise_errors()
    assert record is not None
    return record


@cache
def tables() -> dict[str, list[Record]]:
    text = PAGE.read_text(encoding="utf-8")
    return {name: table(lines, name) for _, name, lines in BLOCK.findall(text) if name}


def pairs() -> Iterator[tuple[str, str]]:
    """Each rubric, or the questionnaire for it, with the cases below it; one may have several."""
    rubric_text = questionnaire = ""
    for _, name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if text.startswith("questionnaire:"):
            questionnaire = text
        elif text.startswith("rubric:"):
            rubric_text = text
            if "\nquestionnaire:" in text:
                rubric_text = f"{questionnaire}---\n{text}"
        elif not name:
            yield rubric_text, text


def examples() -> list[Any]:
    return [
        pytest.param(rubric_text, cases, id=re.findall(r"case: (.+)", cases)[0])
        for rubric_text, cases in pairs()
    ]


def packed(rubric_text: str, cases: str, folder: Path) -> Pack:
    *before, own = rubric_text.split("---\n")
    asked: Questionnaire | None = None
    report = Report("rubrics.md")
    if before:
        asked = read_questionnaire(read(before[0]), {}, report)
    found = read_rubric(read(own), tables=tables().get, questionnaire=asked, report=report)
    assert [str(problem) for problem in report.problems] == []
    assert found is not None
    (folder / "cases.yaml").write_text(cases, encoding="utf-8")
    return Pack(found.id, found.version, True, folder, asked, found, ())


@pytest.mark.parametrize(("rubric_text", "cases"), examples())
def test_an_example_gives_what_the_page_says(rubric_text: str, cases: str, tmp_path: Path) -> None:
    pack = packed(rubric_text, cases, tmp_path)
    told = read_cases(pack)
    assert told, "each example has a case"
    for one in told:
        assert [str(problem) for problem in run_case(pack, one).problems] == []


@pytest.mark.parametrize(("rubric_text", "cases"), examples())
def test_no_silence_and_no_claim_pays_in_an_example(
    rubric_text: str, cases: str, tmp_path: Path
) -> None:
    pack = packed(rubric_text, cases, tmp_path)
    if pack.questionnaire is None:
        assert [str(problem) for problem in proof_problems(pack)] == []


@pytest.mark.parametrize(("rubric_text", "cases"), examples())
def test_what_explain_prints_is_a_rubric_that_gives_the_same(
    rubric_text: str, cases: str, tmp_path: Path
) -> None:
    pack = packed(rubric_text, cases, tmp_path)
    report = Report("explained")
    again = read_rubric(
        read(explain_rubric(pack.rubric)),
        tables=tables().get,
        questionnaire=pack.questionnaire,
        report=report,
    )
    assert [problem.message for problem in report.errors] == []
    assert again is not None
    assert again.better == pack.rubric.better
    for one in read_cases(pack):
        sheet = build_sheet(pack.questionnaire, pack.rubric, one.submission)
        plain = score(again, sheet)
        for name, result in score(pack.rubric, sheet).results.items():
            assert (plain.results[name].exact, plain.results[name].shown) == (
                result.exact,
                result.shown,
            )


# -- the table of what the language has no word of its own for ------------------------------------


@pytest.mark.parametrize(
    ("x", "even"),
    [("0.25", "0.2"), ("0.35", "0.4"), ("0.34", "0.3"), ("0.36", "0.4"), ("-0.25", "-0.2")],
)
def test_halves_go_to_the_even_digit_as_the_table_says(x: str, even: str) -> None:
    found = rubric(
        """
        inputs: {x: {from: answers, number: true}}
        measures:
          tie: nearest(x, 0.1) - x
          m: {cases: [{when: {tie: 0.05}, give: "nearest(x, 0.2)"}], else: "nearest(x, 0.1)"}
        results: {overall: m}
        """
    )
    assert results(found, answers={"x": x})["overall"] == Fraction(even)


def test_two_values_for_each_row_are_read_as_the_table_says() -> None:
    found = rubric(
        """
        rows:
          list:
          - {id: A-1, target: A-1.target, weight: 2}
          - {id: B-1, target: B-1.target, weight: 1}
          - {id: A-1.target, weight: 1}
          - {id: B-1.target, weight: 1}
        inputs: {level: {from: answers, per: row, number: {at_least: 1, at_most: 4}}}
        measures:
          wanted: {greatest: level, over: target, unanswered: stop}
          gap: max(0, wanted - level)
          m: {sum: gap, weight: weight, unanswered: stop}
          of_one: {sum: gap, where: {id: A-1}, unanswered: stop}
        results: {overall: m, one: of_one}
        """
    )
    answers = {"A-1": 2, "A-1.target": 4, "B-1": 3, "B-1.target": 1}
    assert results(found, answers=answers) == {"overall": 4, "one": 2}
    assert results(found, answers={"A-1": 2, "A-1.target": 4}) == {
        "overall": "unanswered",
        "one": 2,
    }


def test_a_gate_closes_all_behind_it_and_alternatives_are_joined_as_the_table_says() -> None:
    found = rubric(
        """
        rows: {list: [{id: a}, {id: b, gates: a}, {id: c, gates: a b}, {id: d}]}
        inputs: {answer: {from: answers, per: row, choices: ["Yes", "No"]}}
        measures:
          closed: {any: {answer: "No"}, over: gates}
          points: {cases: [{when: {closed: "true"}, give: hidden}, {when: {answer: "Yes"}, give: 1}], else: 0}
          m: {mean: points}
          both: {all: [[{a: "Yes"}, {b: "Yes"}], [{c: "Yes"}, {d: "Yes"}]]}
          known: {count: [a, b, c]}
          more: {cases: [{when: {known: {at_least: 2, not: 2}}, label: more}], else: {label: no}}
        results: {overall: m, both: both, known: known, more: more, <id>: points}
        """  # noqa: E501
    )
    given = results(found, answers={"a": "No", "b": "Yes", "c": "Yes"})
    assert given == {
        "overall": 0,
        "both": "true",
        "known": 3,
        "more": "more",
        "a": 0,
        "b": "hidden",
        "c": "hidden",
        "d": 0,
    }
    given = results(found, answers={"a": "Yes", "b": "No", "d": "No"})
    assert (given["both"], given["known"], given["more"]) == ("false", 2, "no")
