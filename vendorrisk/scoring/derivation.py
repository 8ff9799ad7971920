"""Why a score is what it is: results, lines, rules and steps as data, and as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vendorrisk.conditions import State


@dataclass(frozen=True, slots=True)
class Result:
    """A named result: exactly, as shown (rounded the way the rubric says), and why.

    `exact` is a Fraction, a label or the State that stands in its place; `shown` is None where
    there is no value.
    """

    exact: Fraction | str | State
    shown: Fraction | str | None
    why: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """scored, not_applicable, inconclusive or no_score."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """`value`, `exact` (p/q), `state` and `why`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that holds. `effect`: knockout, cap, not_cleared or clarify; `limit` its ceiling.

    Beside the rubric's own ids there are `not-cleared:QUESTION` and `contradicted:QUESTION`.
    """

    id: str
    effect: str
    limit: Fraction | None
    because: str
    questions: tuple[str, ...]
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One criterion, from answer to contribution.

    `state`     answered, dont_know, unanswered, not_approved (claimed not to apply), contradicted,
                not_applicable (approved), hidden_by_answer or hidden_by_fact
    `answer`    the choice ids (several for ticks), or the number as text; empty without an answer
    `points`    what the answer claims, 0 to 100; None where the criterion leaves both sums
    `level`     of assurance, of the rung that counts; None where no level was looked at
    `share`     what that level lets the rung keep
    `counts`    the choice whose credit counts: the claimed one or a worse one; None without
    `credit`    the points it earns after assurance and every policy
    `contribution` weight × credit ÷ all applicable weight; they add up to the mean
    `lost`      cause → points of the overall mean lost to it (same unit as `contribution`):
                weaker_answer, unanswered, dont_know, not_approved, unproven, contradicted;
                with `contribution` they add up to 100 × weight ÷ all applicable weight
    """

    criterion: str
    question: str
    domain: str
    weight: Fraction
    state: str
    answer: tuple[str, ...]
    points: Fraction | None
    level: str | None
    share: Fraction | None
    counts: str | None
    credit: Fraction | None
    contribution: Fraction | None
    lost: Mapping[str, Fraction]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomainLine:
    """A domain: claimed beside assured, its share of all asked weight and how much is answered."""

    id: str
    title: str
    critical: bool
    weight: Fraction
    claimed: Result
    assured: Result
    coverage: Fraction | None


@dataclass(frozen=True, slots=True)
class Step:
    """A step down from 100; `after` is the step before's `after` plus `change` (never above 0).

    In order: weaker_answer, unanswered, dont_know, not_approved (leaving the claimed score),
    unproven, contradicted (leaving the mean), weakest_critical, cap, knockout (leaving overall).
    """

    id: str
    label: str
    change: Fraction
    after: Fraction


@dataclass(frozen=True, slots=True)
class Used:
    """One measure of the graph: its value, and which case fired or which members were binding."""

    measure: str
    key: tuple[str, ...]
    value: Fraction | str | State
    because: str = ""
    binding: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Everything one sheet came to under one rubric. The same sheet gives the same bytes."""

    results: Mapping[str, Result]
    rules: tuple[FiredRule, ...]
    lines: tuple[Line, ...]
    domains: tuple[DomainLine, ...]
    waterfall: tuple[Step, ...]
    derivation: tuple[Used, ...]
    ignored: tuple[str, ...]
    digests: Mapping[str, str]

    def with_range(self, low: Scorecard, high: Scorecard) -> Scorecard:
        """The same scorecard with `low` and `high`, the overall results of two completions."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """Plain data: results, rules, ignored, digests, lines, domains, waterfall, derivation."""
        raise NotImplementedError

    def to_bytes(self) -> bytes:
        """`to_json` as canonical UTF-8 (sorted keys, no spaces): what is stored and hashed."""
        raise NotImplementedError

    def text(self) -> str:
        """The whole scorecard in plain sentences for a reader."""
        raise NotImplementedError
