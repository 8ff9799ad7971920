"""Which bands of the score some answers reach, held to brute force over random rubrics."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise, product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.rubric_kit import (
    MANY,
    POINTS,
    World,
    made,
    question,
    questionnaire,
    random_rubric,
    read_written,
    sheets,
)
from vendorrisk.scoring import Rubric
from vendorrisk.scoring.attainment import attained_bands

BANDS = {"high": "80", "middle": "60", "low": "30", "lowest": "else"}


def small(
    *points: dict[str, int],
    bands: dict[str, str] | None = None,
    rules: list[dict[str, Any]] | None = None,
    dont_know: bool = False,
) -> Rubric:
    """A rubric of a question for each mapping of choices to points, all of one weight."""
    names = [f"q{number}" for number in range(len(points))]
    asked = questionnaire(
        [
            question(name, list(worth), dont_know=dont_know)
            for name, worth in zip(names, points, strict=True)
        ]
    )
    return read_written(
        asked,
        {
            "rubric": "small",
            "version": "1",
            "questionnaire": "sample",
            "title": "Small",
            "weights": {"one": "1"},
            "domains": {"all": {"title": "All", "critical": "false"}},
            "criteria": [
                {
                    "criterion": f"c-{name}",
                    "question": name,
                    "domain": "all",
                    "weight": "one",
                    "because": "It matters.",
                    "points": {choice: str(worth) for choice, worth in mine.items()},
                }
                for name, mine in zip(names, points, strict=True)
            ],
            "rules": rules or [],
            "limits": {"knocked_out": "29", "capped": "59"},
            "bands": bands or BANDS,
        },
    )


def told(rubric: Rubric) -> dict[str, str]:
    return {found.band: found.status for found in attained_bands(rubric)}


def test_every_band_of_a_sound_rubric_is_reached() -> None:
    worth = {"best": 100, "good": 70, "poor": 40, "worst": 0}
    assert set(told(small(worth, worth, worth)).values()) == {"reached"}


def test_a_band_above_the_best_points_is_unreachable() -> None:
    assert told(small({"best": 75, "good": 50, "worst": 0})) == {
        "high": "unreachable",
        "middle": "reached",
        "low": "reached",
        "lowest": "reached",
    }


def test_a_band_between_the_points_is_unreachable() -> None:
    assert told(small({"best": 100, "worst": 0})) == {
        "high": "reached",
        "middle": "unreachable",
        "low": "unreachable",
        "lowest": "reached",
    }


def test_a_ceiling_that_always_holds_leaves_the_bands_above_it_unreachable() -> None:
    rule = {"rule": "always", "when": {"q0": {"not": "none"}}, "because": "Always.", "cap": "true"}
    worth = {"best": 100, "good": 90, "worst": 85, "none": 0}
    found = attained_bands(small(worth, worth, rules=[rule]))
    assert {one.band: one.status for one in found} == {
        "high": "unreachable",
        "middle": "unreachable",
        "low": "reached",
        "lowest": "reached",
    }


def test_where_nothing_decides_it_says_so() -> None:
    worth = {"best": 100, "good": 99, "poor": 98, "fair": 97, "bad": 96, "worst": 0}
    bands = {"odd": "99.99", "high": "99.98", "rest": "else"}
    found = told(small(*[worth] * 6, bands=bands))
    assert found == {"odd": "reached", "high": "not decided", "rest": "reached"}


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_small_rubrics_are_decided_as_brute_force_decides(data: st.DataObject) -> None:
    worths = data.draw(
        st.lists(st.sets(st.sampled_from(POINTS), min_size=2, max_size=4), min_size=1, max_size=3)
    )
    edges = data.draw(st.lists(st.integers(1, 100), min_size=2, max_size=5, unique=True))
    edges.sort(reverse=True)
    bands = {f"b{edge}": str(edge) for edge in edges} | {"rest": "else"}
    points = [dict(zip("abcd", sorted(worth, reverse=True), strict=False)) for worth in worths]
    earned = [(*mine.values(), 0) for mine in points]  # no answer earns nothing
    # A contradicted answer earns nothing either, and caps the score.
    means = [Fraction(sum(taken), len(taken)) for taken in product(*earned)]
    scores = {
        *means,
        *(
            min(mean, Fraction(59))
            for mean, taken in zip(means, product(*earned), strict=True)
            if 0 in taken
        ),
    }
    reached = {next((f"b{edge}" for edge in edges if score >= edge), "rest") for score in scores}
    assert told(small(*points, bands=bands)) == {
        band: "reached" if band in reached else "unreachable" for band in bands
    }


@lru_cache(maxsize=MANY)
def with_any_bands(seed: int) -> tuple[Any, Rubric, dict[str, str]]:
    asked, _ = made(seed)
    rng = Random(seed)
    edges = sorted(rng.sample(range(1, 101), 6), reverse=True)
    bands = {f"b{edge}": str(edge) for edge in edges} | {"rest": "else"}
    found = read_written(asked, random_rubric(rng, asked) | {"bands": bands})
    return asked, found, told(found)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, MANY - 1), data=st.data())
def test_no_sheet_ends_in_a_band_that_is_said_to_be_unreachable(
    seed: int, data: st.DataObject
) -> None:
    asked, found, bands = with_any_bands(seed)
    band = World(seed, asked, found, data.draw(sheets(asked))).card().results["band"].exact
    assert bands.get(str(band), "reached") != "unreachable"


@pytest.mark.parametrize("seed", range(8))
def test_the_search_is_the_same_each_time(seed: int) -> None:
    _, found, bands = with_any_bands(seed)
    assert told(found) == bands


def test_bands_stand_in_their_order() -> None:
    found = attained_bands(small({"best": 100, "good": 50, "worst": 0}))
    assert all(list(BANDS).index(a.band) < list(BANDS).index(b.band) for a, b in pairwise(found))
