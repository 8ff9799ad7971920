"""How much hangs on the weights: the same as scoring again with other weights, and repeatable."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.rubric_kit import (
    MANY,
    made,
    question,
    questionnaire,
    random_questionnaire,
    random_rubric,
    read_written,
)
from tests.core.test_columns import agree, method_sheet, random_sheet
from vendorrisk.conditions import State
from vendorrisk.content import Library
from vendorrisk.scoring import Sheet, score
from vendorrisk.scoring.columns import weigh
from vendorrisk.scoring.formula import write_number
from vendorrisk.scoring.sensitivity import NotWeighed, Order, sensitivity

LIBRARY = Library(Path(__file__).parents[2] / "questionnaires")


# -- against scoring again ------------------------------------------------------------------------


@given(st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_a_weighting_gives_what_a_rubric_with_those_weights_gives(draw):
    rng = Random(draw)
    asked = random_questionnaire(rng)
    written = random_rubric(rng, asked)
    for number, criterion in enumerate(written["criteria"]):
        written["weights"][f"own{number}"] = written["weights"][criterion["weight"]]
        criterion["weight"] = f"own{number}"
    rubric = read_written(asked, written)
    sheets = [random_sheet(rng, asked) for _ in range(3)]
    factors = [[Fraction(rng.randint(1, 8), 4) for _ in written["criteria"]] for _ in range(3)]

    found = weigh(
        rubric, sheets, "criterion.weight", np.array(factors, float), ["overall", "mean", "band"]
    )

    for number, weighting in enumerate(factors):
        weights = {
            f"own{n}": write_number(Fraction(written["weights"][f"own{n}"]) * factor)
            for n, factor in enumerate(weighting)
        }
        again = read_written(asked, {**written, "weights": weights})
        for sheet, results in zip(sheets, found, strict=True):
            card = score(again, sheet)
            for name, result in results.items():
                agree(result.value(number), card.results[name].exact, name)


@pytest.mark.parametrize(("name", "weights"), [("openssf-scorecard", None), ("hecvat-4", "weight")])
def test_a_method_is_weighed_by_its_own_measure(name, weights):
    rubric = LIBRARY.pack(name).rubric
    sheets = {"one": method_sheet(Random(1), rubric), "other": method_sheet(Random(2), rubric)}

    found = sensitivity(rubric, sheets, draws=200, weights=weights)

    for stability in found.sheets.values():
        assert isinstance(stability.overall, Fraction)
        assert stability.low is not None
        assert stability.high is not None
        assert stability.low < stability.overall < stability.high


def test_what_is_not_weighed_says_so():
    rubric = LIBRARY.pack("samm-2").rubric

    with pytest.raises(NotWeighed, match="does not weigh its rows"):
        sensitivity(rubric, {"one": Sheet({})})


def test_what_is_not_in_proportion_to_a_weight_says_so():
    rubric = LIBRARY.pack("hecvat-4").rubric
    sheet = method_sheet(Random(1), rubric)

    with pytest.raises(NotWeighed, match="cannot be varied"):
        sensitivity(rubric, {"one": sheet}, weights="rated")


# -- bands and orders -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_answers() -> Any:
    """Two questions of equal weight, worth 100 or 0."""
    asked = questionnaire([question("a", ["good", "bad"]), question("b", ["good", "bad"])])
    written = {
        "rubric": "two",
        "version": "1",
        "questionnaire": "sample",
        "title": "Two",
        "weights": {"one": "1"},
        "domains": {"all": {"title": "All"}},
        "criteria": [
            {
                "criterion": name,
                "question": name,
                "domain": "all",
                "weight": "one",
                "because": "It matters.",
                "points": {"good": "100", "bad": "0"},
            }
            for name in ("a", "b")
        ],
        "rules": [
            {"rule": "both", "when": {"a": "bad", "b": "bad"}, "cap": "true", "because": "."}
        ],
        "limits": {"capped": "59"},
        "bands": {"high": "50", "low": "else"},
    }
    return read_written(asked, written)


FIRST = Sheet({"a": "good", "b": "bad"}, {"tier": "1"})
SECOND = Sheet({"a": "bad", "b": "good"}, {"tier": "1"})


def test_two_that_mirror_each_other_are_ahead_half_of_the_time(two_answers):
    found = sensitivity(two_answers, {"A": FIRST, "B": SECOND})

    order = found.order("A", "B")
    assert order.ahead == pytest.approx(0.5, abs=0.02)
    assert order.ahead + order.behind == 1
    assert found.order("B", "A").ahead == order.behind
    stability = found.sheets["A"]
    assert (stability.overall, stability.band) == (50, "high")
    assert stability.holds == pytest.approx(order.ahead, abs=0.001)
    assert stability.low == pytest.approx(32, abs=3)
    assert stability.high == pytest.approx(68, abs=3)


def test_the_same_seed_gives_the_same_result_and_another_seed_another(two_answers):
    sheets = {"A": FIRST, "B": SECOND}

    assert sensitivity(two_answers, sheets, seed=7) == sensitivity(two_answers, sheets, seed=7)
    assert sensitivity(two_answers, sheets, seed=7) != sensitivity(two_answers, sheets, seed=8)


def test_without_spread_everything_holds(two_answers):
    found = sensitivity(two_answers, {"A": FIRST, "B": SECOND}, draws=50, spread=Fraction(0))

    assert found.sheets["A"].bands == {"high": 1.0}
    assert found.order("A", "B") == Order("A", "B", 0.0, 1.0, 0.0)


def test_a_sheet_without_a_score_is_never_ahead_or_behind():
    asked, rubric = next(
        (asked, rubric) for asked, rubric in map(made, range(MANY)) if len(asked.questions) > 2
    )
    blank = Sheet(
        {item.id: State.NOT_APPLICABLE for item in asked.questions},
        {"tier": "1", "flag": "raised"},
        {"not_applicable": {item.id: "approved" for item in asked.questions}},
    )
    found = sensitivity(rubric, {"A": blank, "B": random_sheet(Random(1), asked)}, draws=20)

    assert found.sheets["A"].overall is State.NO_SCORE
    assert found.sheets["A"].low is None
    assert found.sheets["A"].holds == 1.0
    assert found.order("A", "B") == Order("A", "B", 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("ahead", "sentence"),
    [
        (0.934, "A ahead of B in 93 %"),
        (0.9999, "A ahead of B in 99 %"),
        (1.0, "A ahead of B in 100 %"),
        (0.001, "A ahead of B in 1 %"),
    ],
)
def test_an_order_is_said_in_whole_percent_and_never_as_sure_unless_it_is(ahead, sentence):
    assert str(Order("A", "B", ahead, 0.0, 1 - ahead)) == sentence


@pytest.mark.parametrize("spread", [Fraction(1), Fraction(-1, 2)])
def test_a_weight_is_never_drawn_as_nothing_or_less(two_answers, spread):
    with pytest.raises(ValueError, match="spread"):
        sensitivity(two_answers, {"A": FIRST}, spread=spread)
