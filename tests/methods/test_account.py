"""Every number of a published method says what it was made of, and the parts add up to it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.rubric_kit import rubric
from tests.methods.method_kit import METHODS, method
from vendorrisk.assurance import build_sheet
from vendorrisk.conditions import State
from vendorrisk.content import run_cases
from vendorrisk.scoring import Rubric, Sheet, score
from vendorrisk.scoring.account import Account
from vendorrisk.scoring.graph import Fold

NAMES = sorted(folder.name for folder in METHODS.iterdir() if folder.is_dir())


def folded_up(found: Rubric, sheet: Sheet) -> int:
    """How many sums and means there were; each must be what its parts add up to."""
    account, slots = Account(found.program), found.program.run(sheet)
    count = 0
    for cell in found.program.order:
        node, value = found.graph.measures[cell.measure].node, slots[cell.slot]
        if isinstance(node, Fold) and node.kind in ("sum", "mean") and type(value) is not State:
            parts = account.parts(cell, slots)
            if parts:
                assert sum((part.amount for part in parts), Fraction(0)) == value
            else:
                assert node.empty == value, "nothing counts, so the rubric says what it is"
            count += 1
    return count


@pytest.mark.parametrize("name", NAMES)
def test_every_result_of_every_worked_example_says_why(name):
    for outcome in run_cases(method(name)):
        for result in outcome.scorecard.results.values():
            assert result.why
            assert all(sentence.endswith(".") for sentence in result.why)
            assert all("  " not in sentence for sentence in result.why)


@pytest.mark.parametrize("name", NAMES)
def test_the_parts_of_every_sum_and_mean_add_up_to_it(name):
    pack = method(name)
    for outcome in run_cases(pack):
        folded_up(pack.rubric, build_sheet(None, pack.rubric, outcome.case.submission))


CHECKS = """
rubric: checks
version: 1
title: Checks
rows:
  list:
  - {id: A-1, importance: high}
  - {id: A-2, importance: low}
  - {id: B-1, importance: high}
  columns: {section: {of: id, before: "-"}}
inputs:
  answer: {from: answers, per: row, choices: ["Yes", "Partly", "No", "N/A"]}
measures:
  weight: {map: importance, to: {high: 20, low: 5}}
  met:
    map: answer
    to: {"Yes": 1, "Partly": 0.35, "No": 0, "N/A": not_applicable}
    unanswered: 0
  part: {mean: met, weight: weight, by: section}
  score: {mean: met, weight: weight}
  points: {sum: met, where: {importance: high}}
  best: {mean: met, top: 2}
results: {overall: score, points: points, best: best, <section>: part}
"""


@given(
    st.fixed_dictionaries(
        {},
        optional={
            row: st.sampled_from(["Yes", "Partly", "No", "N/A"]) for row in ("A-1", "A-2", "B-1")
        },
    )
)
def test_parts_add_up_whatever_is_answered(answers):
    found = rubric(CHECKS)
    sheet = Sheet({row: State.NOT_APPLICABLE if v == "N/A" else v for row, v in answers.items()})
    folded_up(found, sheet)
    assert all(result.why for result in score(found, sheet).results.values())


def test_a_sum_names_its_largest_parts_and_counts_the_rest():
    found = score(rubric(CHECKS), Sheet({"A-1": "Yes", "A-2": "No", "B-1": "Partly"})).results
    assert found["points"].why == ("Points: 1.35, the sum of A-1 (1) and B-1 (0.35).",)
    assert found["overall"].why == (
        "Score: 0.6, the weighted mean of 3 values, from 0 (A-2) to 1.",
    )
