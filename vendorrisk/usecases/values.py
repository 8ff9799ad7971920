"""Values that several verbs share: replies, progress, limits, and a scorecard as it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

Reply: TypeAlias = str | int | float | list[str] | dict[str, str | bool] | None
"""An answer as it travels: a choice's id, a list of ids, a number, `"2026-01-31"`, a text,
`{"not_applicable": "the ground"}` or `{"dont_know": True}`; None is unanswered."""

LONGEST_TEXT = 10_000
"""Characters that one answer, note or reason may have."""

LONGEST_LINE = 200
"""Characters that a name, title or address may have."""


def beside_claimed(assured: object, claimed: object) -> str:
    """ "66 assured of 74 claimed"; where nothing is assured "no score, 74 claimed"."""
    if claimed is None:
        return "no score"
    return f"{'no score,' if assured is None else f'{assured} assured of'} {claimed} claimed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the visible questions are answered, and the minutes that the rest will take."""

    answered: int
    asked: int
    minutes_left: int

    @property
    def complete(self) -> bool:
        """Whether every visible question has a reply."""
        return self.answered == self.asked

    @property
    def share(self) -> float:
        """From 0 to 1; an empty set of questions is complete."""
        return self.answered / self.asked if self.asked else 1.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One result. `value` is rounded down to a whole number (or a label); `exact` is "p/q".

    `state` is scored, not_applicable, inconclusive or no_score; `why` are sentences.
    """

    id: str
    value: int | str | None
    exact: str | None
    state: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule that fired. `effect` is knockout, lifted, cap, not_cleared or clarify, in that order.

    `questions` are the ids it looked at; `limit` is the ceiling it sets, if any; `clause` is
    offered for a lawyer's review. `confirmed`: of a knockout, a reviewer confirmed it; of another,
    a reviewer has judged every one of its answers. Of a lifted one, `was` is its effect,
    `would_limit` the ceiling it would set, `lifted_because` the reason.
    `obligation` says what has to be verified on the days `due` after a day 0, with their dates
    where that is known.
    """

    id: str
    effect: str
    limit: int | None
    because: str
    questions: tuple[str, ...]
    clause: str
    confirmed: bool
    obligation: str = ""
    due: tuple[tuple[int, date | None], ...] = ()
    was: str | None = None
    would_limit: int | None = None
    lifted_because: str = ""


@dataclass(frozen=True, slots=True)
class DomainLine:
    """A domain: claimed beside assured, its share of all weight (0 to 1), and how much of it is
    answered (0 to 1).
    """

    id: str
    title: str
    critical: bool
    claimed: Figure
    assured: Figure
    coverage: float
    weight: float


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One criterion, from the number down to the answer.

    `points` is what the claimed choice is worth (0 to 100), `share` what the proof lets count,
    `credit` the two together after every policy, `weight` its weight, `contribution` the points of
    the mean it brings (they add up to the mean). `why` says in sentences which policy applied.
    `counts` has the words of a worse choice whose credit counts in place of the claimed one.
    `lost` has (cause, points of the mean): weaker_answer, unanswered, dont_know, not_approved,
    unproven, contradicted. `state` is answered, dont_know, unanswered, not_approved, contradicted,
    not_applicable, hidden_by_answer or hidden_by_fact.
    """

    criterion: str
    question_id: str
    code: str | None
    ask: str
    domain: str
    state: str
    reply_says: str
    points: float | None
    level: str | None
    share: float | None
    credit: float | None
    weight: float
    contribution: float | None
    counts: str | None
    lost: tuple[tuple[str, float], ...]
    because: str
    remedy: str
    clause: str
    why: tuple[str, ...]
    evidence_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A step from claimed down to assured: the first is the claimed score itself, and then each
    `after` is the step before's `after` plus `change`. Steps that change nothing are left out.
    """

    id: str
    label: str
    change: float
    after: float


@dataclass(frozen=True, slots=True)
class ProspectView:
    """What an overall score would be in some case, and its band."""

    score: Figure
    band: str | None


@dataclass(frozen=True, slots=True)
class OutlookView:
    """How far proof could still move a score: without what is only said; were all that is answered
    proven in full; and were every open question, besides, answered at its best.

    `unproven` answers are only said, `short` ones would earn more with proof; `open` questions have
    no answer to rely on.
    """

    proven: ProspectView
    provable: ProspectView
    best: ProspectView
    unproven: int
    short: int
    open: int


@dataclass(frozen=True, slots=True)
class ScorecardView:
    """A stored scorecard, opened. `claimed` and `assured` never stand without each other.

    `low` and `high` are the range that the unanswered part leaves open, `coverage` the answered
    share of the weight (0 to 1). `band` is a label or None. `stopped_by` as in `Headline`.
    `unlifted` is what the assured score would be, had nobody lifted a rule; None where none is.
    `critical_plus` is how far the score may lie above the weakest critical domain, if it matters.
    `outlook` is None for scorecards from before it was worked out.
    """

    id: str
    submission_id: str
    number: int
    created_at: datetime
    claimed: Figure
    assured: Figure
    mean: Figure
    low: Figure
    high: Figure
    unlifted: Figure | None
    coverage: float | None
    band: str | None
    stopped_by: str | None
    rules: tuple[RuleLine, ...]
    domains: tuple[DomainLine, ...]
    lines: tuple[ScoreLine, ...]
    waterfall: tuple[Step, ...]
    ignored: tuple[str, ...]
    sha256: str
    rubric_digest: str
    questionnaire_digest: str
    input_digest: str
    engine: str
    critical_plus: float | None = None
    outlook: OutlookView | None = None
