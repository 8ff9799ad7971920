"""Residual risk and appetite: what controls leave of a risk, and which decisions that leaves open.

Inherent risk (impact, likelihood and tier) is a result of the intake's rubric. The figures used
here, the risk table of NIST SP 800-30 rev. 1 (table I-2) among them, are content: appetite.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Literal

from vendorrisk.assurance import Submission
from vendorrisk.scoring.scorecard import counted, readable

_MOST_REASONS = 3
"""Reasons for one ceiling that are told in full."""

Decision = Literal["approve", "conditional", "reject", "escalate"]


@dataclass(frozen=True, slots=True)
class TierAppetite:
    """A tier's bars: the least assured scores, the worst residual risk, the lengths in months."""

    tier: str
    approve: Fraction
    conditional: Fraction
    residual_at_most: str | None
    executive_may_accept_caps: bool
    acceptance_months: int
    reassess_months: int


@dataclass(frozen=True, slots=True)
class Reduction:
    """An answer that, once verified, lowers the impact: the question and the choices that do."""

    question: str
    choices: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Appetite:
    """The organisation's appetite for risk.

    `levels` stand from least to worst; `risk` gives the level for (likelihood, impact);
    `likelihood_falls` holds (least score, levels), the greatest score first.
    """

    id: str
    version: int
    levels: tuple[str, ...]
    risk: Mapping[tuple[str, str], str]
    likelihood_falls: tuple[tuple[Fraction, int], ...]
    likelihood_when_knocked_out: str
    impact_falls: int
    reductions: tuple[Reduction, ...]
    tiers: Mapping[str, TierAppetite]
    digest: str


@dataclass(frozen=True, slots=True)
class ResidualRisk:
    """What is left: likelihood, impact and the level they meet in, with a sentence a step."""

    likelihood: str
    impact: str
    level: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One decision: whether it is open, why (or why not), and what it takes to make it."""

    decision: Decision
    open: bool
    why: tuple[str, ...]
    needs: tuple[str, ...] = ()


def residual_risk(
    appetite: Appetite,
    *,
    impact: str,
    likelihood: str,
    overall: Fraction | None,
    knocked_out: bool = False,
    reductions: Sequence[Reduction] = (),
) -> ResidualRisk:
    """The risk left after controls.

    `impact` and `likelihood` are the inherent levels, `overall` the assured score (None: no score,
    which lowers nothing), `reductions` those of the appetite's that a reviewer has verified.
    """
    why = []
    if knocked_out:
        left = appetite.likelihood_when_knocked_out
        why.append(f"A knockout makes the likelihood {readable(left)}, whatever the score.")
    elif overall is None:
        left = likelihood
        why.append(f"There is no score, so the likelihood stays {readable(likelihood)}.")
    else:
        bar, falls = next(
            ((bar, n) for bar, n in appetite.likelihood_falls if overall >= bar), (Fraction(0), 0)
        )
        left = _lower(appetite, likelihood, falls)
        if falls == 0:
            lowest = appetite.likelihood_falls[-1][0]
            why.append(
                f"A score of {floor(overall)} is below {floor(lowest)}, so the likelihood stays "
                f"{readable(likelihood)}."
            )
        else:
            why.append(
                f"A score of {floor(overall)} (at least {floor(bar)}) lowers the likelihood by "
                f"{counted(falls, 'level')}, from {readable(likelihood)} to {readable(left)}."
            )
    harm = impact
    if reductions:
        harm = _lower(appetite, impact, appetite.impact_falls)
        why.append(
            f"{reductions[0].because} That is verified, so the impact falls from "
            f"{readable(impact)} to {readable(harm)}."
        )
    level = appetite.risk[left, harm]
    why.append(
        f"Likelihood {readable(left)} and impact {readable(harm)} make the residual risk "
        f"{readable(level)}."
    )
    return ResidualRisk(left, harm, level, tuple(why))


def verified_reductions(appetite: Appetite, submission: Submission) -> tuple[Reduction, ...]:
    """The appetite's reductions of impact that the submission claims and a reviewer verified."""
    found = []
    for reduction in appetite.reductions:
        reply = submission.answers.get(reduction.question)
        review = submission.review.get(reduction.question)
        claimed = reply is not None and reply.value in reduction.choices
        if claimed and review is not None and review.assurance == "verified":
            found.append(reduction)
    return tuple(found)


def decision_options(
    appetite: Appetite,
    *,
    tier: str,
    overall: Fraction | None,
    residual: ResidualRisk,
    caps: Sequence[str] = (),
    knockouts: Sequence[str] = (),
) -> tuple[Option, ...]:
    """The four decisions, each open or not and why.

    `overall` is the assured score or None; `caps` and `knockouts` are the sentences in which the
    rules that fired say why ("not cleared" counts as the ceiling it stands for).
    """
    bars = appetite.tiers[tier]
    approve = _approval(appetite, bars, overall, residual, caps, knockouts)
    return (
        approve,
        _conditional(bars, overall, caps, knockouts),
        Option("reject", True, ("Rejecting is always open; it takes a reason.",)),
        Option(
            "escalate",
            not approve.open,
            ("The risk may go to a named executive who can accept it for a limited time.",)
            if not approve.open
            else ("Approval is open, so there is nothing to escalate.",),
            (_acceptance(bars),) if not approve.open else (),
        ),
    )


def _approval(
    appetite: Appetite,
    bars: TierAppetite,
    overall: Fraction | None,
    residual: ResidualRisk,
    caps: Sequence[str],
    knockouts: Sequence[str],
) -> Option:
    against = []
    if knockouts:
        against += _because("Knocked out", knockouts)
    if caps:
        against += _because("Capped", caps)
    if overall is None:
        against.append("There is no score to approve on.")
    elif overall < bars.approve:
        against.append(
            f"The score of {floor(overall)} is below the {floor(bars.approve)} that tier "
            f"{bars.tier} asks for."
        )
    worst = bars.residual_at_most
    if worst is not None and appetite.levels.index(residual.level) > appetite.levels.index(worst):
        against.append(
            f"The residual risk is {readable(residual.level)}; tier {bars.tier} approves at most "
            f"{readable(worst)}."
        )
    if against:
        return Option("approve", False, tuple(against))
    return Option(
        "approve",
        True,
        (
            f"The score of {floor(overall or 0)} reaches the {floor(bars.approve)} that tier "
            f"{bars.tier} asks for, no rule holds it down, and the residual risk is "
            f"{readable(residual.level)}.",
        ),
    )


def _conditional(
    bars: TierAppetite,
    overall: Fraction | None,
    caps: Sequence[str],
    knockouts: Sequence[str],
) -> Option:
    if knockouts:
        return Option(
            "conditional",
            False,
            (
                *_because("Knocked out", knockouts),
                "A knockout closes this: conditions cannot undo it.",
            ),
        )
    if overall is None:
        return Option("conditional", False, ("There is no score to attach conditions to.",))
    each_cap = tuple(f"A dated condition that lifts this cap: {cap}" for cap in caps)
    if overall >= bars.conditional:
        why = (
            f"The score of {floor(overall)} reaches the {floor(bars.conditional)} at which tier "
            f"{bars.tier} allows conditions.",
        )
        return Option("conditional", True, why, each_cap or ("At least one dated condition.",))
    if caps and bars.executive_may_accept_caps:
        capped = (
            *_because("Capped", caps),
            f"In tier {bars.tier} an executive may accept that with conditions.",
        )
        return Option("conditional", True, capped, (*each_cap, _acceptance(bars)))
    return Option(
        "conditional",
        False,
        (
            f"The score of {floor(overall)} is below the {floor(bars.conditional)} at which tier "
            f"{bars.tier} allows conditions.",
        ),
    )


def _acceptance(bars: TierAppetite) -> str:
    return (
        "A named executive's written acceptance, for at most "
        f"{counted(bars.acceptance_months, 'month')}."
    )


def _lower(appetite: Appetite, level: str, by: int) -> str:
    return appetite.levels[max(0, appetite.levels.index(level) - by)]


def _because(what: str, reasons: Sequence[str]) -> list[str]:
    """The first reasons for a ceiling, each in its own words, and how many more there are."""
    said = [f"{what}: {reason}" for reason in reasons[:_MOST_REASONS]]
    more = len(reasons) - len(said)
    return [*said, f"{what} for {counted(more, 'more reason')}."] if more else said
