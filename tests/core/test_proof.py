"""What is proven of a rubric: it holds when sampled, and every refutation can be scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.rubric_kit import (
    LEVELS,
    Given,
    World,
    numbers,
    random_questionnaire,
    random_rubric,
    read_written,
    real,
    real_answers,
    sheets,
)
from vendorrisk.conditions import State, Value
from vendorrisk.questionnaire import Question, Questionnaire
from vendorrisk.scoring import Rubric, score
from vendorrisk.scoring.proof import (
    SAYS,
    Promise,
    prove,
    sheet_of,
)

SEEDS = 24
FEW = settings(max_examples=40, deadline=None)


# -- random rubrics, good and bad --------------------------------------------------------------


def wild_rubric(rng: Random, asked: Questionnaire) -> dict[str, Any]:
    """A rubric whose rules fire on anything and whose points stand in any order."""
    written = random_rubric(rng, asked)
    for criterion in written["criteria"]:
        if "points" in criterion and rng.random() < 0.3:
            points = list(criterion["points"].values())
            rng.shuffle(points)
            criterion["points"] = dict(zip(criterion["points"], points, strict=True))
    for number in range(rng.randint(1, 3)):
        item = rng.choice(asked.questions)
        test: Any = {"at_most": "10"} if item.answer == "number" else rng.choice(real(item))
        if item.not_applicable is not None and rng.random() < 0.3:
            test = "unanswered"
        other = rng.choice(asked.questions)
        more = {} if other.id == item.id or other.answer == "number" else {other.id: real(other)[0]}
        if rng.random() < 0.3 and more:
            more = {other.id: {"not": real(other)[0]}}
        written["rules"].append(
            {
                "rule": f"wild-{number}",
                "when": {item.id: test, **(more if rng.random() < 0.6 else {})},
                rng.choice(["knock_out", "cap"]): "true",
                "because": "It is wild.",
            }
        )
    return written


@lru_cache(maxsize=2 * SEEDS)
def proven(seed: int, wild: bool) -> tuple[Questionnaire, Rubric, Mapping[str, Promise]]:
    rng = Random(seed)
    asked = random_questionnaire(rng)
    rubric = read_written(asked, (wild_rubric if wild else random_rubric)(rng, asked))
    return asked, rubric, {promise.id: promise for promise in prove(rubric)}


@st.composite
def proofs(draw: st.DrawFn) -> tuple[World, Mapping[str, Promise]]:
    seed, wild = draw(st.integers(0, SEEDS - 1)), draw(st.booleans())
    asked, rubric, promises = proven(seed, wild)
    return World(seed, asked, rubric, draw(sheets(asked))), promises


def never_lower(world: World, before: Given, after: Given) -> None:
    if world.visible(before) != world.visible(after):
        return
    old, new = numbers(world.card(before)), numbers(world.card(after))
    if "overall" in old and "overall" in new:
        assert new["overall"] >= old["overall"]


def better(world: World, item: Question, one: Value, other: Value) -> bool:
    """Whether the other answer is the better one, in the sense of the promise."""
    everyday = world.rubric.everyday
    assert everyday is not None
    ticked = {c.ticked for c in everyday.criteria.values() if c.question == item.id}
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return other < one if ticked == {"worst"} else one < other
    if isinstance(one, str) and isinstance(other, str):
        return real(item).index(other) < real(item).index(one)
    return isinstance(one, type(other)) and other < one  # type: ignore[operator]


@given(proofs(), st.data())
@FEW
def test_a_proven_better_answer_never_lowers_the_score(
    found: tuple[World, Mapping[str, Promise]], data: st.DataObject
) -> None:
    world, promises = found
    if promises["better-choice"].status != "proved":
        return
    item = data.draw(st.sampled_from(world.asked.questions))
    one, other = data.draw(real_answers(item)), data.draw(real_answers(item))
    if not better(world, item, one, other):
        one, other = other, one
    if not better(world, item, one, other):
        return
    never_lower(world, world.given.but(item.id, one), world.given.but(item.id, other))


@given(proofs(), st.data())
@FEW
def test_proven_better_evidence_never_lowers_the_score(
    found: tuple[World, Mapping[str, Promise]], data: st.DataObject
) -> None:
    world, promises = found
    assert promises["better-assurance"].status == "proved"
    name = data.draw(st.sampled_from(sorted(world.given.levels)))
    levels = world.given.levels[name]
    raised = {
        choice: data.draw(st.sampled_from(LEVELS[LEVELS.index(level) :]))
        for choice, level in levels.items()
    }
    after = replace(world.given, levels={**world.given.levels, name: raised})
    never_lower(world, world.given, after)


@given(proofs(), st.data(), st.sampled_from(["silence", "not-applicable"]))
@settings(max_examples=80, deadline=None)
def test_proven_silence_never_pays(
    found: tuple[World, Mapping[str, Promise]], data: st.DataObject, promise: str
) -> None:
    world, promises = found
    if promises[promise].status != "proved":
        return
    item = data.draw(st.sampled_from(world.asked.questions))
    silent: list[Value] = [State.UNANSWERED, *(["dont_know"] if item.dont_know else [])]
    if promise == "not-applicable":
        silent = [State.NOT_APPLICABLE] if item.not_applicable else []
    if not silent:
        return
    base = replace(
        world.given,
        approved=world.given.approved - {item.id},
        contradicted=world.given.contradicted - {item.id},
    )
    before = base.but(item.id, data.draw(st.sampled_from(silent)))
    never_lower(world, before, base.but(item.id, data.draw(real_answers(item))))


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("wild", [False, True])
def test_every_refutation_is_two_sheets_of_which_the_better_scores_less(
    seed: int, wild: bool
) -> None:
    asked, rubric, promises = proven(seed, wild)
    assert rubric.everyday is not None
    for promise in promises.values():
        assert (promise.status == "refuted") == bool(promise.refuted)
        assert promise.status != "not decided" or promise.open
        for found in promise.refuted:
            cards = [
                score(
                    rubric,
                    sheet_of(
                        asked,
                        rubric.everyday,
                        {**found.answers, found.question: answer},
                        found.facts,
                    ),
                )
                for answer in (found.before, found.after)
            ]
            higher, lower = (numbers(card)["overall"] for card in cards)
            assert (higher, lower) == (found.higher, found.lower)
            assert lower < higher


@pytest.mark.parametrize("seed", range(SEEDS))
def test_rules_on_bad_news_are_proven_to_keep_every_promise(seed: int) -> None:
    _, _, promises = proven(seed, False)
    assert {name: promise.status for name, promise in promises.items()} == dict.fromkeys(
        SAYS, "proved"
    )


def test_rules_on_anything_are_mostly_refuted_and_seldom_left_open() -> None:
    found = [proven(seed, True)[2]["better-choice"].status for seed in range(SEEDS)]
    assert found.count("refuted") >= SEEDS // 2
    assert found.count("not decided") <= 2
    assert "proved" in found
