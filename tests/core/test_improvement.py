"""The smallest changes that reach a band: none smaller does, and the engine confirms each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.rubric_kit import (
    World,
    question,
    questionnaire,
    read,
    read_written,
    real,
    worlds,
)
from vendorrisk.assurance import build_sheet, read_submission
from vendorrisk.conditions import State, Value
from vendorrisk.content import Library
from vendorrisk.demo.portfolio import vendors
from vendorrisk.document import Report
from vendorrisk.questionnaire import EvidenceRequest, Question
from vendorrisk.scoring import Sheet, score
from vendorrisk.scoring.improvement import Change, smallest_changes

LIBRARY = Library(Path(__file__).parents[2] / "questionnaires")
BANDS = ["strong", "adequate", "limited", "weak", "bad"]


# -- against trying everything --------------------------------------------------------------------


@given(worlds(), st.sampled_from(BANDS[:4]))
@settings(max_examples=25, deadline=None)
def test_no_smaller_change_reaches_the_band(world, band):
    found = smallest_changes(
        world.rubric,
        world.given.sheet(world.asked),
        band,
        answers=world.given.answers,
        verified=True,
        seconds=20,
    )

    least = next(everything(world, band), None)
    if found is None:
        assert least is None
        return
    assert found.proven
    assert least == size_of(world, [change.question for change in found.changes])
    sheet = changed(world, {change.question: change for change in found.changes})
    after = score(world.rubric, sheet)
    assert after.results["band"].exact in BANDS[: BANDS.index(band) + 1]
    assert after.results["overall"].exact == found.result


def everything(world: World, band: str) -> Iterator[tuple[int, Fraction]]:
    """The size and weight of every set of questions that could be changed to reach the band."""
    wanted = BANDS[: BANDS.index(band) + 1]
    slot = world.rubric.program.slots["score.band", ()]
    open_ = [
        item
        for item in world.asked.questions
        if not (
            world.given.answers[item.id] is State.NOT_APPLICABLE and item.id in world.given.approved
        )
    ]
    for size in range(len(open_) + 1):
        sets = sorted(combinations(open_, size), key=lambda s: size_of(world, [q.id for q in s]))
        for questions in sets:
            options = [
                [v for v in every_option(item) if v != world.given.answers[item.id]]
                for item in questions
            ]
            for answers in product(*options):
                changes = {
                    item.id: Change(item.id, answer, "verified")
                    for item, answer in zip(questions, answers, strict=True)
                }
                if world.rubric.program.run(changed(world, changes))[slot] in wanted:
                    yield size_of(world, [item.id for item in questions])
                    break


def every_option(item: Question) -> list[Value | None]:
    """Every answer, and leaving it for evidence to support."""
    if item.answer == "number":
        return [None, *(Fraction(n) for n in (0, 11, 30))]
    if item.answer == "many_of":
        choices = real(item)
        sets = [frozenset(c) for n in range(1, len(choices) + 1) for c in combinations(choices, n)]
        return [None, *sets]
    return [None, *real(item)]


def size_of(world: World, questions: list[str]) -> tuple[int, Fraction]:
    everyday = world.rubric.everyday
    assert everyday is not None
    weights = [c.weight for c in everyday.criteria.values() if c.question in questions]
    return len(questions), sum(weights, Fraction(0))


def changed(world: World, changes: Mapping[str, Change]) -> Sheet:
    """The sheet once changes are made; a new answer settles a contradiction."""
    given = world.given
    answers = {name: c.answer for name, c in changes.items() if c.answer is not None}
    levels = {name: {"*": c.level} for name, c in changes.items() if c.level is not None}
    after = replace(
        given,
        answers={**given.answers, **answers},
        levels={**given.levels, **levels},
        contradicted=given.contradicted - answers.keys(),
    )
    return after.sheet(world.asked)


# -- what it says ---------------------------------------------------------------------------------


@pytest.fixture
def small() -> Any:
    """Two questions, one of which evidence can support; a knockout on the worst answer to one."""
    asked = questionnaire(
        [
            replace(
                question("keys", ["none", "some", "live"]),
                evidence=(
                    EvidenceRequest(("none",), ("scan", "audit"), None),
                    EvidenceRequest((), ("policy",), None),
                ),
            ),
            question("deletion", ["automatic", "manual", "never"]),
        ]
    )
    written = {
        "rubric": "small",
        "version": "1",
        "questionnaire": "sample",
        "title": "Small",
        "assurance": {
            "by": "tier",
            "levels": ["self_attested", "documented", "audited", "verified"],
            "shares": {"1": ["0.5", "0.7", "0.9", "1"], "2": ["0.5", "0.7", "0.9", "1"]},
            "admissions": "40",
            "evidence": {"scan": "documented", "audit": "audited", "policy": "documented"},
        },
        "weights": {"high": "3", "low": "1"},
        "domains": {"all": {"title": "All"}},
        "criteria": [
            {
                "criterion": "c-keys",
                "question": "keys",
                "domain": "all",
                "weight": "high",
                "because": "It matters.",
                "points": {"none": "100", "some": "40", "live": "0"},
            },
            {
                "criterion": "c-deletion",
                "question": "deletion",
                "domain": "all",
                "weight": "low",
                "because": "It matters.",
                "points": {"automatic": "100", "manual": "40", "never": "0"},
            },
        ],
        "rules": [
            {"rule": "live", "when": {"keys": "live"}, "knock_out": "true", "because": "Live."}
        ],
        "limits": {"knocked_out": "29"},
        "bands": {"strong": "75", "adequate": "60", "weak": "30", "bad": "else"},
    }
    return read_written(asked, written)


FACTS = {"tier": "1"}


def test_evidence_is_asked_for_where_the_answer_may_stay(small):
    sheet = Sheet({"keys": "none", "deletion": "automatic"}, FACTS)

    found = smallest_changes(small, sheet, "adequate")

    assert found is not None
    assert found.evidence == (Change("keys", None, "audited", ("audit",)),)
    assert found.answers == ()
    assert (found.result, found.proven) == (80, True)


def test_an_answer_is_asked_for_where_a_rule_would_fire(small):
    sheet = Sheet({"keys": "live", "deletion": "automatic"}, FACTS)

    found = smallest_changes(small, sheet, "weak")

    assert found is not None
    assert found.answers == (Change("keys", "some", None),)
    assert found.evidence == ()


def test_no_more_is_asked_than_is_needed(small):
    blank = Sheet({}, FACTS)

    found = smallest_changes(small, blank, "weak")

    assert found is not None
    assert found.changes == (Change("keys", "some", None),)


def test_what_the_band_is_already_needs_no_change(small):
    sheet = Sheet({"keys": "none", "deletion": "automatic"}, FACTS)

    found = smallest_changes(small, sheet, "weak")

    assert found is not None
    assert (found.changes, found.proven, found.result) == ((), True, 50)


def test_what_no_change_reaches_is_not_promised(small):
    sheet = Sheet({"keys": "none"}, FACTS)

    assert smallest_changes(small, sheet, "strong") is not None
    assert smallest_changes(small, Sheet({}, FACTS), "strong") is not None
    hopeless = replace(
        sheet,
        answers={"keys": State.NOT_APPLICABLE, "deletion": "automatic"},
        marks={"not_applicable": {"keys": "approved"}},
    )
    assert smallest_changes(small, hopeless, "adequate") is None


def test_only_the_assessor_can_verify(small):
    sheet = Sheet({"keys": State.NOT_APPLICABLE, "deletion": "automatic"}, FACTS, MARKED)

    found = smallest_changes(small, sheet, "adequate", verified=True)

    assert found is not None
    assert found.changes == (Change("deletion", None, "verified"),)


MARKED = {"not_applicable": {"keys": "approved"}}


def test_a_band_that_there_is_not_is_refused(small):
    with pytest.raises(ValueError, match="there are strong, adequate"):
        smallest_changes(small, Sheet({}, FACTS), "excellent")


@pytest.mark.parametrize(
    ("name", "band"),
    [("brightholm-cloud", "strong"), ("nessgate", "strong"), ("caddis-payroll", "adequate")],
)
def test_a_whole_questionnaire_is_decided(name, band):
    pack = LIBRARY.pack("core")
    told = next(vendor for vendor in vendors() if vendor.id == name)
    data = told.submission(pack.questionnaire, told.gives.tier)
    submission = read_submission(data, pack.questionnaire, pack.rubric, Report("it"))
    assert submission is not None
    sheet = build_sheet(pack.questionnaire, pack.rubric, submission)

    found = smallest_changes(
        pack.rubric, sheet, band, answers=submission.values, verified=True, seconds=20
    )

    assert found is not None
    assert found.proven
    assert isinstance(found.result, Fraction)
    assert found.result >= {"adequate": 70, "strong": 85}[band]


def test_when_time_is_up_the_best_found_is_confirmed_and_not_called_the_smallest(small):
    sheet = Sheet({"keys": "live", "deletion": "never"}, FACTS)

    found = smallest_changes(small, sheet, "adequate", seconds=0)

    assert found is not None
    assert not found.proven
    assert isinstance(found.result, Fraction)
    assert found.result >= 60


def test_when_time_is_up_an_approved_not_applicable_stays_as_it_is(small):
    sheet = Sheet({"keys": State.NOT_APPLICABLE, "deletion": "never"}, FACTS, MARKED)

    found = smallest_changes(small, sheet, "weak", seconds=0)

    assert found is not None
    assert [change.question for change in found.changes] == ["deletion"]


# -- rubrics of plain measures --------------------------------------------------------------------


def test_a_method_is_improved_by_the_fewest_answers():
    rubric = LIBRARY.pack("nist-800-30-i2").rubric
    sheet = Sheet({"likelihood": "very_high", "impact": "very_high"})

    found = smallest_changes(rubric, sheet, "moderate")

    assert found is not None
    assert found.proven
    assert len(found.changes) == 1
    answers = {change.question: change.answer for change in found.changes}
    after = score(rubric, Sheet({**sheet.answers, **answers}))
    assert after.results["overall"].exact == "moderate"


def test_a_long_method_is_improved_as_far_as_time_allows():
    rows = ", ".join(f"{{id: r{n}}}" for n in range(60))
    rubric, _ = read(
        f"rows: {{list: [{rows}]}}"
        """
        inputs:
          answer: {from: answers, per: row, choices: ["Yes", "No"]}
        measures:
          points: {map: answer, to: {"Yes": 1, "No": 0}, unanswered: 0}
          score: {sum: points, unanswered: 0}
        results: {overall: score}
        """.replace("\n        ", "\n")
    )
    assert rubric is not None

    found = smallest_changes(rubric, Sheet({}), "40", seconds=1)

    assert found is not None
    assert not found.proven
    assert len(found.changes) == 40
    assert found.result == 40


def test_a_deep_chain_of_measures_can_be_improved():
    chain = "\n".join(f"  m{n}: m{n - 1} + 1" for n in range(1, 900))
    rubric, _ = read(
        "inputs:\n  a: {from: answers, number: {at_least: 0, at_most: 10}}\n"
        f"measures:\n  m0: a\n{chain}\nresults: {{overall: m899}}"
    )
    assert rubric is not None

    found = smallest_changes(rubric, Sheet({"a": Fraction(0)}), "909")

    assert found is not None
    assert found.result == 909


def test_a_result_that_there_is_not_is_refused():
    rubric = LIBRARY.pack("nist-800-30-i2").rubric

    with pytest.raises(ValueError, match="no result"):
        smallest_changes(rubric, Sheet({}), "low", result="nonsense")


GRADED = """
inputs: {x: {from: answers, number: {at_least: 0, at_most: 10}}}
measures:
  score: x / 2
  grade: {bands: score, to: {high: 4, mid: 2, low: else}}
results: {overall: score, grade: grade}
"""


def test_a_label_of_another_result_is_reached_as_well_as_a_number():
    rubric, _ = read(GRADED)
    assert rubric is not None
    for target in ("high", "5"):
        found = smallest_changes(rubric, Sheet({"x": Fraction(1)}), target)
        assert found is not None
        assert [(one.question, one.answer) for one in found.changes] == [("x", 10)]


@pytest.mark.parametrize("target", ["hihg", "6"])
def test_what_nothing_comes_to_is_refused_with_what_there_is(target):
    rubric, _ = read(GRADED)
    assert rubric is not None
    wanted = f"nothing comes to “{target}”: “overall” is a number from 0 to 5; “grade” is one of "
    with pytest.raises(ValueError, match=wanted):
        smallest_changes(rubric, Sheet({}), target)
