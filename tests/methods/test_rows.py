"""Rows of a method: a second name for a row, rows left out, and labels folded over listed rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.rubric_kit import read, rubric
from tests.methods.method_kit import LIBRARY, card
from vendorrisk.assurance import read_submission
from vendorrisk.content import Pack
from vendorrisk.document import Report

CHECKS = """\
rubric: checks
version: 1
title: Checks
rows:
  list:
  - {id: door, short: D1, counts: "Yes"}
  - {id: window, short: W1, counts: "Yes"}
  - {id: colour, short: "", counts: "No"}
  code: short
  only: {counts: "Yes"}
inputs: {answer: {from: answers, per: row, choices: [shut, open]}}
measures: {shut: {count: {answer: shut}}}
results: {overall: shut}
"""


@pytest.fixture
def checks(tmp_path: Path) -> Pack:
    path = tmp_path / "rubric.yaml"
    path.write_text(CHECKS, encoding="utf-8")
    return LIBRARY.open(path)


def test_a_row_may_be_answered_by_its_second_name(checks: Pack) -> None:
    named = card(checks, answers={"door": "shut", "window": "open"})
    coded = card(checks, answers={"D1": "shut", "W1": "open"})
    assert coded.to_bytes() == named.to_bytes()


def test_an_answer_to_a_row_left_out_is_listed_and_counts_for_nothing(checks: Pack) -> None:
    found = card(checks, answers={"door": "shut", "colour": "green"})
    assert found.ignored == ("colour",)
    assert found.results["overall"].exact == 1
    assert card(checks, answers={"door": "shut"}).ignored == ()


def test_an_unknown_name_is_no_row_left_out(checks: Pack) -> None:
    report = Report()
    assert read_submission({"answers": {"roof": "shut"}}, None, checks.rubric, report) is None
    assert [problem.code for problem in report.errors] == ["unknown-question"]


@pytest.mark.parametrize(
    ("code", "problem"),
    [("shrt", "unknown-name"), ("counts", "duplicate")],
)
def test_a_second_name_comes_from_a_column_and_names_one_row(code: str, problem: str) -> None:
    found, report = read(CHECKS.replace("code: short", f"code: {code}"))
    assert found is None
    assert [error.code for error in report.errors] == [problem]


CHAIN = """
rows:
  list:
  - {{id: a, needs: ""}}
  - {{id: b, needs: a}}
  - {{id: c, needs: a b}}
inputs: {{done: {{from: answers, per: row, choices: [so, not_so]}}}}
measures:
  below: {{all: {{stands: {word}}}, over: needs}}
  stands:
    cases: [{{when: {{done: so, below: "true"}}, label: good}}]
    else: {{label: bad}}
  standing: {{count: {{stands: good}}}}
results: {{overall: standing}}
"""


def test_a_condition_may_ask_for_labels_of_the_rows_that_a_row_lists() -> None:
    assert rubric(CHAIN.format(word="good")).results == ("overall",)


def test_a_label_that_those_rows_never_have_is_a_problem() -> None:
    found, report = read(CHAIN.format(word="fine"))
    assert found is None
    assert [error.code for error in report.errors] == ["impossible-value"]
