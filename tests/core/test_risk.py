"""Residual risk and the decisions it leaves open, under the appetite that ships."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.assurance import Reply, Review, Submission
from vendorrisk.content.packs import load_appetite
from vendorrisk.risk import (
    Reduction,
    decision_options,
    residual_risk,
    verified_reductions,
)

APPETITE = load_appetite(Path(__file__).parents[2] / "questionnaires" / "appetite.yaml")
LEVELS = APPETITE.levels
ENCRYPTED = Reduction("encryption", ("our_keys",), "Only we hold the keys.")


def left(overall, *, impact="very_high", likelihood="very_high", **more):
    score = None if overall is None else Fraction(overall)
    return residual_risk(APPETITE, impact=impact, likelihood=likelihood, overall=score, **more)


def options(tier, overall, residual=None, **more):
    score = None if overall is None else Fraction(overall)
    residual = residual or left(overall)
    found = decision_options(APPETITE, tier=tier, overall=score, residual=residual, **more)
    return {option.decision: option for option in found}


def opened(tier, overall, residual=None, **more) -> set[str]:
    return {
        name for name, option in options(tier, overall, residual, **more).items() if option.open
    }


def test_the_table_is_the_published_one():
    # NIST SP 800-30 rev. 1, table I-2: likelihood from very high down, impact from very low up.
    published = """
        VL L M H VH
        VL L M H VH
        VL L M M H
        VL L L L M
        VL VL VL L L
    """
    short = dict(zip(("VL", "L", "M", "H", "VH"), LEVELS, strict=True))
    rows = [[short[cell] for cell in row.split()] for row in published.strip().splitlines()]
    for likelihood, row in zip(reversed(LEVELS), rows, strict=True):
        assert [APPETITE.risk[likelihood, impact] for impact in LEVELS] == row


@pytest.mark.parametrize(
    ("overall", "likelihood"),
    [
        (100, "low"),
        (85, "low"),
        (Fraction(8499, 100), "moderate"),
        (70, "moderate"),
        (Fraction(6999, 100), "high"),
        (55, "high"),
        (Fraction(5499, 100), "very_high"),
        (0, "very_high"),
        (None, "very_high"),
    ],
)
def test_likelihood_falls_three_two_one_or_no_levels(overall, likelihood):
    assert left(overall).likelihood == likelihood


def test_a_level_never_falls_below_very_low():
    assert left(90, likelihood="low").likelihood == "very_low"
    assert left(90, impact="very_low", reductions=[ENCRYPTED]).impact == "very_low"


def test_a_knockout_makes_the_likelihood_very_high_whatever_the_score():
    found = left(100, likelihood="low", knocked_out=True)
    assert found.likelihood == "very_high"
    assert "knockout" in found.why[0]


def test_impact_falls_one_level_at_most_and_only_when_verified():
    two = [ENCRYPTED, Reduction("fields", ("few",), "Only two fields are held.")]
    assert left(60).impact == "very_high"
    assert left(60, reductions=two).impact == "high"
    appetite = replace(APPETITE, reductions=(ENCRYPTED,))
    claimed = Submission(answers={"encryption": Reply("our_keys")}, as_of=date(2026, 11, 1))
    assert verified_reductions(appetite, claimed) == ()
    audited = replace(claimed, review={"encryption": Review("audited")})
    assert verified_reductions(appetite, audited) == ()
    verified = replace(claimed, review={"encryption": Review("verified")})
    assert verified_reductions(appetite, verified) == (ENCRYPTED,)
    other = replace(verified, answers={"encryption": Reply("their_keys")})
    assert verified_reductions(appetite, other) == ()


SCORES = st.none() | st.fractions(0, 100, max_denominator=50)
LEVEL = st.sampled_from(LEVELS)


@given(SCORES, SCORES, LEVEL, LEVEL, st.booleans())
def test_a_better_score_never_leaves_more_risk(one, other, impact, likelihood, knocked_out):
    def level(overall):
        found = left(overall, impact=impact, likelihood=likelihood, knocked_out=knocked_out)
        return LEVELS.index(found.level)

    low, high = sorted((one, other), key=lambda s: Fraction(-1) if s is None else s)
    assert level(high) <= level(low)


@given(SCORES, LEVEL, LEVEL)
def test_every_residual_risk_says_how_it_came_about(overall, impact, likelihood):
    found = left(overall, impact=impact, likelihood=likelihood)
    assert found.level == APPETITE.risk[found.likelihood, found.impact]
    assert found.level.replace("_", " ") in found.why[-1]
    assert all(sentence.endswith(".") for sentence in found.why)


@pytest.mark.parametrize(
    ("tier", "overall", "expected"),
    [
        ("1", 85, {"approve", "conditional", "reject"}),
        ("1", Fraction(7999, 100), {"conditional", "reject", "escalate"}),
        ("1", 65, {"conditional", "reject", "escalate"}),
        ("1", Fraction(6499, 100), {"reject", "escalate"}),
        ("2", 70, {"approve", "conditional", "reject"}),
        ("2", Fraction(6999, 100), {"conditional", "reject", "escalate"}),
        ("2", 55, {"conditional", "reject", "escalate"}),
        ("2", Fraction(5499, 100), {"reject", "escalate"}),
        ("3", 60, {"approve", "conditional", "reject"}),
        ("3", 50, {"conditional", "reject", "escalate"}),
        ("4", 60, {"approve", "conditional", "reject"}),
        ("4", Fraction(4999, 100), {"reject", "escalate"}),
    ],
)
def test_each_tier_has_its_bars(tier, overall, expected):
    assert opened(tier, overall) == expected


def test_tier_1_with_very_high_impact_takes_85_or_a_verified_reduction():
    assert "approve" not in opened("1", 84)
    assert "approve" in opened("1", 85)
    assert "approve" in opened("1", 84, left(84, reductions=[ENCRYPTED]))
    assert "approve" in opened("1", 80, left(80, impact="high"))


def test_a_cap_closes_approval_and_asks_for_a_dated_condition_each():
    found = options("1", 59, caps=["Secrets lie in code.", "Tests read real data."])
    assert not found["approve"].open
    assert found["conditional"].open
    assert [need for need in found["conditional"].needs if "condition" in need] == [
        "A dated condition that lifts this cap: Secrets lie in code.",
        "A dated condition that lifts this cap: Tests read real data.",
    ]
    assert any("at most 6 months" in need for need in found["conditional"].needs)


def test_a_cap_on_a_low_score_stays_closed_outside_tier_1():
    assert "conditional" not in opened("2", 40, caps=["Secrets lie in code."])
    assert "conditional" in opened("2", 59, caps=["Secrets lie in code."])


@pytest.mark.parametrize("tier", ["1", "2", "3", "4"])
def test_a_knockout_leaves_rejection_and_a_named_executive_only(tier):
    found = options(tier, 29, knockouts=["A published key works today."])
    assert {name for name, option in found.items() if option.open} == {"reject", "escalate"}
    assert found["approve"].why[0] == "Knocked out: A published key works today."
    assert found["approve"].why[0] in found["conditional"].why
    assert "executive" in found["escalate"].needs[0]


def test_many_reasons_for_one_ceiling_are_counted():
    reasons = [f"Reason {number}." for number in range(5)]
    found = options("2", 59, caps=reasons)
    capped = [sentence for sentence in found["approve"].why if sentence.startswith("Capped")]
    assert capped == [
        *(f"Capped: {reason}" for reason in reasons[:3]),
        "Capped for 2 more reasons.",
    ]
    assert len(found["conditional"].needs) == 5


@pytest.mark.parametrize("tier", ["1", "2", "3", "4"])
def test_without_a_score_nothing_can_be_approved(tier):
    assert opened(tier, None) == {"reject", "escalate"}


@given(
    st.sampled_from(["1", "2", "3", "4"]),
    SCORES,
    LEVEL,
    LEVEL,
    st.lists(st.sampled_from(["a", "b"]), unique=True),
    st.lists(st.sampled_from(["k"]), unique=True),
)
def test_every_option_has_its_reasons_and_rejection_is_always_open(
    tier, overall, impact, likelihood, caps, knockouts
):
    residual = left(overall, impact=impact, likelihood=likelihood, knocked_out=bool(knockouts))
    found = options(tier, overall, residual, caps=caps, knockouts=knockouts)
    assert list(found) == ["approve", "conditional", "reject", "escalate"]
    assert found["reject"].open
    assert found["escalate"].open != found["approve"].open
    assert all(option.why for option in found.values())
    if found["approve"].open:
        assert not caps
        assert not knockouts
        assert found["conditional"].open, "whoever may approve may set conditions"
