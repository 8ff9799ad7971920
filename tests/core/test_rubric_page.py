"""The page that teaches the rubric language: every example can be read and gives what it says."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from vendorrisk.conditions import State, Value
from vendorrisk.content.questionnaires import read_questionnaire
from vendorrisk.content.reading import read_yaml
from vendorrisk.document import Record, Report
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring import Rubric, Scorecard, Sheet, explain_rubric, read_rubric, score

PAGE = Path(__file__).parents[2] / "docs" / "rubrics.md"


def blocks() -> list[Record]:
    found = []
    text = PAGE.read_text(encoding="utf-8")
    for match in re.finditer(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        report = Report("rubrics.md")
        record = read_yaml(match[1].encode(), report)
        report.raise_errors()
        assert record is not None
        found.append(record)
    return found


def read(record: Record, questionnaire: Questionnaire | None) -> Rubric:
    report = Report("rubrics.md")
    rubric = read_rubric(
        record, tables=lambda name: None, questionnaire=questionnaire, report=report
    )
    assert [str(problem) for problem in report.problems] == []
    assert rubric is not None
    return rubric


def sheet_of(rubric: Rubric, data: Record) -> Sheet:
    def value(name: str, raw: object) -> Value:
        found = rubric.inputs.get(name)
        if found is None:
            return str(raw)
        return found.read([str(one) for one in raw] if isinstance(raw, list) else str(raw))

    def answer(name: str, raw: object) -> Value:
        row = next((i for i in rubric.inputs.values() if i.per_row and i.source == "answers"), None)
        if name not in rubric.inputs and row is not None:
            return row.read(str(raw))
        return value(name, raw)

    marks: dict[str, dict[str, Value]] = {}
    for question, reviewed in data.get("review", {}).items():
        for mark, word in reviewed.items():
            marks.setdefault(str(mark), {})[str(question)] = str(word)
    return Sheet(
        answers={str(k): answer(str(k), v) for k, v in data.get("answers", {}).items()},
        facts={str(k): value(str(k), v) for k, v in data.get("facts", {}).items()},
        marks=marks,
        levels={str(k): {"*": str(v)} for k, v in data.get("levels", {}).items()},
    )


def shown(card: Scorecard, name: str) -> object:
    result = card.results[name]
    return result.exact.value if isinstance(result.exact, State) else result.shown


def examples() -> list[Any]:
    rubric, questionnaire = None, None
    found = []
    for record in blocks():
        if "questionnaire" in record and "sections" in record:
            report = Report("rubrics.md")
            questionnaire = read_questionnaire(record, {}, report)
            report.raise_errors()
        elif "rubric" in record:
            rubric = read(record, questionnaire if "questionnaire" in record else None)
        else:
            assert rubric is not None
            found.append(pytest.param(rubric, record, id=f"{rubric.id}-{len(found)}"))
    return found


@pytest.mark.parametrize(("rubric", "example"), examples())
def test_an_example_gives_what_the_page_says(rubric: Rubric, example: Record) -> None:
    card = score(rubric, sheet_of(rubric, example))
    for name, expected in example["gives"].items():
        given = shown(card, str(name))
        if isinstance(given, Fraction):
            wanted = Fraction(str(expected))
            places = len(str(expected).partition(".")[2])
            assert abs(given - wanted) <= Fraction(1, 2 * 10**places), name
        else:
            assert given == str(expected), name
    if "rules" in example:
        assert [rule.id for rule in card.rules] == [str(rule) for rule in example["rules"]]


@pytest.mark.parametrize(("rubric", "example"), examples())
def test_what_explain_prints_is_a_rubric_that_gives_the_same(
    rubric: Rubric, example: Record
) -> None:
    report = Report("explained")
    record = read_yaml(explain_rubric(rubric).encode(), report)
    assert record is not None
    again = read_rubric(record, tables=lambda name: None, questionnaire=rubric.asked, report=report)
    assert [problem.message for problem in report.errors] == []
    assert again is not None
    sheet = sheet_of(rubric, example)
    plain = score(again, sheet)
    for name, result in score(rubric, sheet).results.items():
        assert (plain.results[name].exact, plain.results[name].shown) == (
            result.exact,
            result.shown,
        )
