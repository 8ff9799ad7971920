"""A scorecard: results, rules, lines, domains and steps as data and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from vendorrisk.conditions import State

_STATE_OF = {
    State.HIDDEN: "not_applicable",
    State.NOT_APPLICABLE: "not_applicable",
    State.UNANSWERED: "no_score",
    State.INCONCLUSIVE: "inconclusive",
    State.NO_SCORE: "no_score",
}

INSUFFICIENT = "Insufficient basis: "
"""How the reason begins why an everyday rubric gives no score: too little is left to score."""

CAUSES: Mapping[str, str] = {
    "weaker_answer": "Weaker answers",
    "unanswered": "Unanswered",
    "dont_know": "“Don't know”",
    "not_approved": "“Not applicable” that nobody approved",
    "unproven": "Not proven",
    "contradicted": "Contradicted",
}
"""Why a criterion earns less than 100, in the order of the steps from 100 to the mean."""

CEILINGS: Mapping[str, str] = {
    "weakest_critical": "Weakest critical domain",
    "cap": "Cap",
    "knockout": "Knockout",
}


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
        return _STATE_OF[self.exact] if isinstance(self.exact, State) else "scored"

    def to_json(self) -> dict[str, Any]:
        """`value`, `exact` (p/q), `state` and `why`."""
        shown = self.shown
        if isinstance(shown, Fraction):
            value: object = shown.numerator if shown.denominator == 1 else float(shown)
        else:
            value = shown
        return {
            "value": value,
            "exact": str(self.exact) if isinstance(self.exact, Fraction) else None,
            "state": self.state,
            "why": list(self.why),
        }


@dataclass(frozen=True, slots=True)
class Lifted:
    """What a lifted rule was and the ceiling it would set; why and by whom, where known."""

    effect: str
    limit: Fraction
    reason: str = ""
    asked_by: str = ""
    granted_by: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "effect": self.effect,
            "limit": _number(self.limit),
            "reason": self.reason,
            "asked_by": self.asked_by,
            "granted_by": self.granted_by,
        }

    def says(self) -> str:
        """Why it holds nothing down, and what it would do, in a sentence or two."""
        people = [
            f"{what} by {who}"
            for what, who in (("asked for", self.asked_by), ("granted", self.granted_by))
            if who
        ]
        by = f", {' and '.join(people)}" if people else ""
        reason = f" {self.reason}" if self.reason else ""
        return f"Lifted{by}; it would hold the score at {said(self.limit)}.{reason}"


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that holds. `effect`: knockout, cap, not_cleared, clarify or lifted; `limit` its
    ceiling, None where it sets none. A knockout or cap that was lifted keeps in `lifted` what it
    was.

    Beside the rubric's own ids there are `not-cleared:QUESTION` and `contradicted:QUESTION`.
    `obligation` says what has to be verified, on the days `due`: each counted from a day 0, with
    its date where day 0 is known.
    """

    id: str
    effect: str
    limit: Fraction | None
    because: str
    questions: tuple[str, ...]
    clause: str = ""
    obligation: str = ""
    due: tuple[tuple[int, date | None], ...] = ()
    lifted: Lifted | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data; an obligation, and what was lifted, only where there is one."""
        found: dict[str, Any] = {
            "id": self.id,
            "effect": self.effect,
            "limit": _number(self.limit),
            "because": self.because,
            "questions": list(self.questions),
            "clause": self.clause,
        }
        if self.obligation:
            found["obligation"] = self.obligation
            found["due"] = [
                {"day": day, "on": on.isoformat() if on else None} for day, on in self.due
            ]
        if self.lifted is not None:
            found["lifted"] = self.lifted.to_json()
        return found


class Line(NamedTuple):
    """One criterion, from answer to contribution.

    `state`     answered, dont_know, unanswered, not_approved (claimed not to apply), contradicted,
                not_applicable (approved), hidden_by_answer or hidden_by_fact
    `answer`    the choice ids (several for ticks), or the number as text; empty without an answer
    `points`    what the answer claims, 0 to 100; None where the criterion leaves both sums
    `level`     of assurance, of the rung that counts; None where no level was looked at
    `share`     what that level lets the rung keep
    `counts`    the choice whose credit counts: the claimed one or a worse one; None without
    `credit`    the points it earns after assurance and every policy
    `why`       the sentences for a reader
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
    why: tuple[str, ...]
    contribution: Fraction | None
    lost: Mapping[str, Fraction]

    def to_json(self) -> dict[str, Any]:
        """Plain data; a number is an int, or "p/q" where it is not whole."""
        return {
            "criterion": self.criterion,
            "question": self.question,
            "domain": self.domain,
            "weight": _number(self.weight),
            "state": self.state,
            "answer": list(self.answer),
            "points": _number(self.points),
            "level": self.level,
            "share": _number(self.share),
            "counts": self.counts,
            "credit": _number(self.credit),
            "contribution": _number(self.contribution),
            "lost": {cause: _number(points) for cause, points in self.lost.items()},
            "why": list(self.why),
        }


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


class Used(NamedTuple):
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

    def with_range(self, low: Result, high: Result) -> Scorecard:
        """The same scorecard with `low` and `high`, the overall results of two completions.

        Where the best answers end lower, because they bring up questions that were answered badly
        before, the two change places.
        """
        ends = {
            "low": replace(low, why=("With the worst answer to every open question.",)),
            "high": replace(high, why=("With the best answer to every open question.",)),
        }
        if (
            isinstance(low.exact, Fraction)
            and isinstance(high.exact, Fraction)
            and high.exact < low.exact
        ):
            ends = {"low": ends["high"], "high": ends["low"]}
        return replace(self, results={**self.results, **ends})

    def to_json(self) -> dict[str, Any]:
        """Plain data: results, rules, ignored, digests, lines, domains, waterfall, derivation.

        Outside `results`, a number is an int, or the text "p/q" where it is not whole.
        """
        return {
            "results": {name: result.to_json() for name, result in self.results.items()},
            "rules": [rule.to_json() for rule in self.rules],
            "ignored": list(self.ignored),
            "digests": dict(self.digests),
            "lines": [line.to_json() for line in self.lines],
            "domains": [
                {
                    "id": line.id,
                    "title": line.title,
                    "critical": line.critical,
                    "weight": _number(line.weight),
                    "claimed": line.claimed.to_json(),
                    "assured": line.assured.to_json(),
                    "coverage": _number(line.coverage),
                }
                for line in self.domains
            ],
            "waterfall": [
                {
                    "id": step.id,
                    "label": step.label,
                    "change": _number(step.change),
                    "after": _number(step.after),
                }
                for step in self.waterfall
            ],
            "derivation": [
                {
                    "measure": used.measure,
                    "key": list(used.key),
                    "value": used.value.value
                    if isinstance(used.value, State)
                    else used.value
                    if isinstance(used.value, str)
                    else _number(used.value),
                    "because": used.because,
                    "binding": list(used.binding),
                }
                for used in self.derivation
            ],
        }

    def to_bytes(self) -> bytes:
        """`to_json` as canonical UTF-8 (sorted keys, no spaces): what is stored and hashed."""
        return json.dumps(
            self.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":")
        ).encode()


def _number(value: Fraction | None) -> int | str | None:
    if value is None:
        return None
    return value.numerator if value.denominator == 1 else str(value)


def said(value: Fraction | int, places: int = 1) -> str:
    """A number for a sentence, rounded down to at most that many places."""
    above, below = value.as_integer_ratio()
    digits = str(abs(rounded := above * 10**places // below)).rjust(places + 1, "0")
    sign, whole, part = "-" if rounded < 0 else "", digits[:-places], digits[-places:].rstrip("0")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


_WORDS = {"self_attested": "self-attested"}


def readable(name: str) -> str:
    """An id of a row, a level, a label or a state as words: `self_attested` is self-attested."""
    return _WORDS.get(name) or name.replace("_", " ")


def counted(number: int, thing: str, things: str = "") -> str:
    """ "1 answer", "1,200 answers"; `things` where an s does not make it several."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def enumerated(told: Sequence[str], most: int = 7) -> str:
    """ "a, b and c", or "a, b and 7 more"."""
    if len(told) > most:
        told = [*told[: most - 1], f"{len(told) - most + 1} more"]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
