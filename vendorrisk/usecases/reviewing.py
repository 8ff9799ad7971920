"""Reviewing a submission: judging each answer, and the scorecard that moves with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vendorrisk.access import Actor
from vendorrisk.assessment import State
from vendorrisk.usecases.answering import EvidenceView
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.submitting import SubmissionView

Level = Literal["self_attested", "documented", "audited", "verified", "contradicted"]


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
    """A rule that fired. `effect` is knockout, cap, not_cleared or clarify; knockouts come first.

    `questions` are the ids it looked at; `limit` is the ceiling it sets, if any.
    """

    id: str
    effect: str
    limit: int | None
    because: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomainLine:
    """A domain: claimed beside assured, its share of all weight, and how much was answered."""

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
    """

    criterion: str
    question_id: str
    code: str | None
    ask: str
    domain: str
    reply_says: str
    points: float | None
    level: str | None
    share: float | None
    credit: float | None
    weight: float
    contribution: float | None
    because: str
    remedy: str
    clause: str
    why: tuple[str, ...]
    evidence_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A step from claimed down to assured; `after` = the step before's `after` + `change`."""

    id: str
    label: str
    change: float
    after: float


@dataclass(frozen=True, slots=True)
class ScorecardView:
    """A stored scorecard, opened. `claimed` and `assured` never stand without each other.

    `low` and `high` are the range that the unanswered part leaves open, `coverage` the answered
    share of the weight (0 to 1). `band` is a label or None. `stopped_by` as in `Headline`.
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


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A judgement as it stands; `version` 0 and no `level` where nobody judged yet."""

    version: int
    level: Level | None
    not_applicable: Literal["approved"] | None
    reason: str
    reviewer: str | None
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One answer with what a reviewer needs to judge it.

    `supported` is the level that fresh evidence in scope gives by itself. `claims_not_applicable`
    holds the vendor's ground, to be approved or not. `line` is None for a question that no
    criterion grades. `fired` are the ids of rules that look at this question.
    """

    question_id: str
    code: str | None
    ask: str
    help: str
    section_id: str
    section_title: str
    reply_says: str
    claims_not_applicable: str | None
    answered: bool
    note: str
    evidence: tuple[EvidenceView, ...]
    evidence_remarks: tuple[str, ...]
    supported: str | None
    review: ReviewView
    line: ScoreLine | None
    fired: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewSheet:
    """A submission under review, with the scorecard as it stands."""

    assessment_id: str
    engagement_id: str
    vendor_name: str
    engagement_title: str
    title: str
    tier: str | None
    state: State
    state_says: str
    submission: SubmissionView
    rows: tuple[ReviewRow, ...]
    judged: int
    to_judge: int
    scorecard: ScorecardView
    may_review: bool
    may_finish: bool
    why_not_finish: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether computing a stored scorecard again gives the same bytes; `says` explains."""

    holds: bool
    says: str
    stored_sha256: str
    computed_sha256: str | None


def review_sheet(app: Application, actor: Actor, assessment_id: str) -> ReviewSheet:
    """The latest submission with every visible answer, its evidence and judgement."""
    raise NotImplementedError


def set_review(
    app: Application,
    actor: Actor,
    submission_id: str,
    question_id: str,
    *,
    level: Level | None,
    not_applicable: Literal["approved"] | None = None,
    reason: str,
    seen_version: int,
) -> ScorecardView:
    """Judge one answer and compute a new scorecard beside the earlier ones. Both None takes the
    judgement back. A reason is always asked for.

    Raises `Conflict` with the colleague's judgement, `Invalid` (level, not_applicable, reason),
    `Refusal` when the submission is not the latest, was returned or decided.
    """
    raise NotImplementedError


def scorecard(app: Application, actor: Actor, assessment_id: str) -> ScorecardView:
    """The latest scorecard of the latest submission. Raises `Refusal` (not_submitted)."""
    raise NotImplementedError


def verify_scorecard(app: Application, actor: Actor, scorecard_id: str) -> Verification:
    """Compute a stored scorecard again from the stored submission and the pinned content."""
    raise NotImplementedError


def finish_review(app: Application, actor: Actor, assessment_id: str) -> None:
    """Hand the assessment to the committee.

    Raises `NotAllowed` (inviter_is_sole_reviewer) and `Refusal` (`*_refuses_finish_review`).
    """
    raise NotImplementedError
