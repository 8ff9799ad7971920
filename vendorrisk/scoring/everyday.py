"""The everyday rubric: criteria, weights, rules and bands, and how they expand to measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from vendorrisk.conditions import Condition

Effect = Literal["knockout", "cap", "clarify"]


@dataclass(frozen=True, slots=True)
class Assurance:
    """What share of its points an answer keeps, by how well it is proven.

    `levels` stand weakest first; `shares[fact value]` holds a share (0 to 1) for each level;
    answers worth `admissions` points or fewer need no proof; `evidence` gives the level that each
    kind of evidence supports; stale evidence loses `stale_drops` levels, and counts as the weakest
    from `stale_weakest_after` times its validity on.
    """

    by: str
    levels: tuple[str, ...]
    shares: Mapping[str, tuple[Fraction, ...]]
    admissions: Fraction
    evidence: Mapping[str, str]
    stale_drops: int
    stale_weakest_after: Fraction


@dataclass(frozen=True, slots=True)
class Domain:
    """A topic with a score of its own; a critical one limits the overall score."""

    id: str
    title: str
    critical: bool


@dataclass(frozen=True, slots=True)
class Rung:
    """What one answer of a criterion is worth: a choice, or a band of a number (`choice` None)."""

    choice: str | None
    says: str
    points: Fraction


@dataclass(frozen=True, slots=True)
class Criterion:
    """Grades one question. `rungs` stand best first; every rung of equal points counts as one.

    `ticked` tells how the ticks of a many-of answer meet: best, worst or sum; None elsewhere.
    """

    id: str
    question: str
    domain: str
    weight: Fraction
    importance: str
    rungs: tuple[Rung, ...]
    ticked: Literal["best", "worst", "sum"] | None
    because: str
    remedy: str
    clause: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Overrides the mean: a knockout or a cap with its ceiling, or a call for clarification."""

    id: str
    when: Condition
    effect: Effect
    clarify: tuple[str, ...]
    because: str
    clause: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The ceilings, and the share of a domain's weight that may be not applicable."""

    knocked_out: Fraction
    capped: Fraction
    weakest_critical_plus: Fraction | None
    not_applicable: Fraction | None


@dataclass(frozen=True, slots=True)
class Everyday:
    """An everyday rubric as its author wrote it, checked."""

    assurance: Assurance | None
    weights: Mapping[str, Fraction]
    domains: Mapping[str, Domain]
    criteria: Mapping[str, Criterion]
    rules: Mapping[str, Rule]
    limits: Limits
    bands: tuple[str, ...]
