"""What a committee sees and does: side by side, the options, the decision, the one-page brief."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from vendorrisk.access import Actor
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.reviewing import DomainLine, Figure, RuleLine, ScoreLine


@dataclass(frozen=True, slots=True)
class Column:
    """One assessment in a comparison; `low` and `high` are whole numbers or None."""

    assessment_id: str
    vendor_name: str
    engagement_title: str
    questionnaire: str
    tier: str | None
    claimed: Figure
    assured: Figure
    low: int | None
    high: int | None
    coverage: float | None
    band: str | None
    stopped_by: str | None
    state_says: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One vendor's side of a row. `level` is the proof, `credit` 0 to 100 or None; `mark` is
    "knockout", "cap", "not_cleared", "clarify" or None. `question_id` opens it further."""

    says: str
    level: str | None
    credit: float | None
    mark: str | None
    question_id: str | None


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """A row in which at least two columns differ. `kind`: rules, domain or question."""

    id: str
    kind: str
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Vendors side by side: knockouts first, then domains, then answers; only differences.

    `ranking` has column indexes best first, and is None where ranges overlap or nothing ranks;
    `ranking_says` is the sentence in either case. `remarks` name what makes columns not
    comparable (another questionnaire, another rubric). `same` counts the rows left out.
    """

    columns: tuple[Column, ...]
    rows: tuple[ComparisonRow, ...]
    same: int
    ranking: tuple[int, ...] | None
    ranking_says: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """An outcome the committee may choose; `reasons` say what speaks for or against it.

    `outcome` is approve, conditional, reject or escalate. `fits` is whether the risk appetite
    allows it; what does not fit is refused. `needs` are sentences on what it takes,
    `needs_conditions` the least number of dated conditions.
    """

    outcome: str
    title: str
    fits: bool
    suggested: bool
    needs_conditions: int
    needs: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConditionView:
    """A dated condition; `overdue` against today."""

    id: str
    text: str
    owner: str
    due_on: date
    proof: str
    closed_at: datetime | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A recorded decision, on exactly one scorecard."""

    id: str
    outcome: str
    title: str
    reasons: str
    decided_by: str
    decided_at: datetime
    scorecard_id: str
    conditions: tuple[ConditionView, ...]


@dataclass(frozen=True, slots=True)
class DecisionSheet:
    """What the committee decides on. `inherent` and `residual` are levels (very_low … very_high).

    `scorecard_id` goes back with `record_decision`, so that nobody decides on figures that
    changed meanwhile. `proposed_conditions` come from the rules that fired. `may_decide` is false
    with `why_not` for whoever may not.
    """

    assessment_id: str
    vendor_name: str
    engagement_title: str
    tier: str | None
    scorecard_id: str
    inherent: str | None
    residual: str | None
    residual_reasons: tuple[str, ...]
    options: tuple[Option, ...]
    proposed_conditions: tuple[str, ...]
    decision: DecisionView | None
    may_decide: bool
    why_not: str | None


@dataclass(frozen=True, slots=True)
class NewCondition:
    """A condition to be recorded."""

    text: str
    owner: str
    due_on: date
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One of the weakest answers: what it costs and what would help."""

    question_id: str
    code: str | None
    domain: str
    says: str
    lost: float
    remedy: str
    clause: str


@dataclass(frozen=True, slots=True)
class Brief:
    """One page about one vendor: the decision first, and knockouts before figures."""

    assessment_id: str
    vendor_name: str
    engagement_title: str
    service: str
    value_minor: int | None
    currency: str | None
    questionnaire: str
    tier: str | None
    tier_reasons: tuple[str, ...]
    state_says: str
    asks: str
    claimed: Figure
    assured: Figure
    low: int | None
    high: int | None
    coverage: float | None
    band: str | None
    stopped_by: str | None
    rules: tuple[RuleLine, ...]
    clarifications: tuple[RuleLine, ...]
    domains: tuple[DomainLine, ...]
    findings: tuple[Finding, ...]
    strengths: tuple[ScoreLine, ...]
    inherent: str | None
    residual: str | None
    options: tuple[Option, ...]
    decision: DecisionView | None
    submitted_at: datetime
    signed_by: str
    reviewers: tuple[str, ...]
    as_of: date
    submission_sha256: str
    scorecard_sha256: str


def comparison(app: Application, actor: Actor, assessment_ids: Sequence[str]) -> Comparison:
    """Two to eight submitted assessments side by side. Raises `Invalid` for another number."""
    raise NotImplementedError


def decision_options(app: Application, actor: Actor, assessment_id: str) -> DecisionSheet:
    """The options for this assessment, measured against the risk appetite."""
    raise NotImplementedError


def record_decision(
    app: Application,
    actor: Actor,
    assessment_id: str,
    *,
    outcome: str,
    reasons: str,
    conditions: Sequence[NewCondition] = (),
    scorecard_id: str,
) -> DecisionView:
    """Record what was decided and why, with dated conditions.

    Raises `NotAllowed` (reviewer_decides), `Invalid` (outcome, reasons, conditions), `Refusal`
    (figures_changed, `*_refuses_decide`).
    """
    raise NotImplementedError


def brief(app: Application, actor: Actor, assessment_id: str) -> Brief:
    """Everything that the one printed page says."""
    raise NotImplementedError
