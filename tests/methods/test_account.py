"""Every number of a published method says what it was made of, and the parts add up to it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
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
        "Score: 0.6, the weighted mean of 3 values (27 ÷ 45), from 0 (A-2) to 1 (A-1).",
    )


def why(name: str, result: str, sheet: Sheet) -> tuple[str, ...]:
    return score(method(name).rubric, sheet).results[result].why


def test_arithmetic_is_shown_with_its_numbers_so_that_a_reader_can_do_it_again():
    heartbleed = {
        "AV": "N",
        "AC": "L",
        "PR": "N",
        "UI": "N",
        "S": "U",
        "C": "H",
        "I": "N",
        "A": "N",
    }
    assert why("cvss-3-1", "severity", Sheet(heartbleed)) == (
        "Severity: High, as score (7.5) is at least 7 and below 9.",
        "Score: 7.5, the least of unrounded (7.4822) and 10, rounded to the nearest 0.00001,"
        " rounded up to the next 0.1.",
        "Unrounded: 7.4822 = impact (3.5952) + exploitability (3.887), as S is U.",
        "Impact: 3.5952 = 6.42 × impact subscore (0.56), as S is U.",
    )
    unsaid = {"3.12.4": "met", "3.1.3": "not_met"}
    rest = dict.fromkeys(method("dod-800-171").rubric.graph.rows.questions.values(), "met")
    sheet = Sheet({**rest, **unsaid}, facts={"plan_of_action": frozenset({"3.1.3"})})
    assert why("dod-800-171", "overall", sheet) == (
        "Score: 109 = 110 − deducted (1).",
        "Deducted: 1, the sum of 3.1.3 (1).",
    )


def test_a_mean_counts_what_stands_in_for_an_answer_and_names_what_is_left_out():
    found = score(rubric(CHECKS), Sheet({"A-1": "Yes", "A-2": State.NOT_APPLICABLE}))
    assert found.results["overall"].why == (
        "Score: 0.5, the weighted mean of 2 values (20 ÷ 40), from 0 (B-1) to 1 (A-1);"
        " left out: 1 not applicable.",
    )
    assert found.results["best"].why == (
        "Best: 0.5, the mean of the 2 greatest of 2: A-1 (1) and B-1 (0); left out: 1 not"
        " applicable.",
    )


def test_a_level_names_the_step_that_does_not_hold_and_what_it_lacks():
    sheet = Sheet({"named_owner": "in_place", "no_secrets_in_code": "in_place"})
    assert why("secret-handling-maturity", "keeping", sheet) == (
        "Strand level of keeping: 1 of 3, as step 2 (keeping 2) does not hold.",
        "Level reached of keeping 2: no, because of vault.",
    )


EDGE = """
rubric: edge
version: 1
title: Edge
inputs: {x: {from: answers, number: true}, y: {from: answers, number: true}}
measures:
  grade: {bands: x, to: {high: ">4", low: else}}
  both: {bands: "min(x + y, 9)", to: {low: "<=4", high: else}}
  size:
    map: grade
    to: {high: 1, low: 1}
results: {overall: grade, both: both, size: size}
"""


@given(st.integers(-99_999_999, 99_999_999), st.integers(0, 15))
@example(1, 12)  # the last number that is written out
@example(1, 13)
@example(-1, 13)
def test_a_number_beside_an_edge_is_never_shown_on_the_other_side_of_it(above, places):
    x = 4 + Fraction(above, 10**places)
    found = score(rubric(EDGE), Sheet({"x": x, "y": Fraction(0)})).results["overall"]
    told = found.why[0].partition("(")[2].partition(")")[0]
    shown = Fraction(told.removeprefix("a little more than "))
    if told.startswith("a little more than "):
        assert shown < x < shown + Fraction(1, 10**12)
        assert (shown >= 4) == (found.exact == "high")
    else:
        assert (shown > 4) == (found.exact == "high")


def test_the_least_of_two_is_told_with_both_and_a_coincidence_is_no_reason():
    found = score(rubric(EDGE), Sheet({"x": Fraction(5), "y": Fraction(2)})).results
    assert found["both"].why == (
        "Both: high, as the least of (x (5) + y (2)) and 9 is 7, which is above 4.",
    )
    assert found["size"].why == (
        "Size: 1, which the table gives for grade (high).",
        "Grade: high, as x (5) is above 4.",
    )
    risk = {"likelihood": "very_high", "impact": "low"}
    assert why("nist-800-30-i2", "overall", Sheet(risk)) == (
        "Risk: low, which the table gives for likelihood (very high) and impact (low).",
    )
