"""What a committee sees and does: side by side, the options, the decision, the one-page brief."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from math import floor

from vendorrisk import risk
from vendorrisk.access import Action, Actor, authorise, require_independent_decision
from vendorrisk.assessment import STATE_SAYS, Move, State, after
from vendorrisk.store import DecisionItem, Work
from vendorrisk.store.tables import (
    Assessment,
    ConditionOwner,
    Decision,
    DecisionCondition,
    Engagement,
    Scorecard,
    Submission,
    Vendor,
)
from vendorrisk.usecases.application import Application, Content
from vendorrisk.usecases.duties import checks_of, granted_overrides, kept_apart, kept_sealed
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.intake import IntakeResult, intake_of
from vendorrisk.usecases.reviewing import require_scored, reviewers_of, scored_rows
from vendorrisk.usecases.scorecards import EFFECTS, exact, read_judged, view
from vendorrisk.usecases.sets import EngagementResult, newest_of, newest_sets, result_of
from vendorrisk.usecases.sheets import (
    content_of,
    move,
    require_assessment,
    require_parents,
    tier_of,
)
from vendorrisk.usecases.values import (
    DomainLine,
    Figure,
    OutlookView,
    RuleLine,
    ScorecardView,
    ScoreLine,
    beside_claimed,
)

OUTCOMES: Mapping[str, str] = {
    "approve": "Approve",
    "conditional": "Approve with conditions",
    "escalate": "Escalate to an executive",
    "reject": "Reject",
}

MOST_COLUMNS = 8
MOST_CONDITIONS = 30

_MOST_PROPOSED = 3
"""Conditions that are proposed where no rule asks for one."""


@dataclass(frozen=True, slots=True)
class Column:
    """One assessment in a comparison; `low` and `high` are whole numbers or None.

    `engagement` is the worst result of all sets, where the engagement has several.
    """

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
    engagement: EngagementResult | None
    outlook: OutlookView | None


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
    """A dated condition; `overdue` against today. `found` is what its verifier saw."""

    id: str
    text: str
    owner: str
    due_on: date
    proof: str
    closed_at: datetime | None
    overdue: bool
    closed_by: str | None = None
    found: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """A condition in the ledger: which vendor promised it, and to which assessment it belongs."""

    assessment_id: str
    vendor_name: str
    condition: ConditionView


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
    changed meanwhile. `engagement` is the worst result of all the engagement's sets, on which the
    residual risk and the options rest. `proposed_conditions` come from the rules that fired, or
    else from the answers that cost most. `colleagues` has id and name of everybody who could own
    one. `may_decide` is false with `why_not` for whoever may not.
    """

    assessment_id: str
    vendor_name: str
    engagement_title: str
    title: str
    tier: str | None
    scorecard_id: str
    inherent: str | None
    residual: str | None
    residual_reasons: tuple[str, ...]
    options: tuple[Option, ...]
    proposed_conditions: tuple[str, ...]
    colleagues: tuple[tuple[str, str], ...]
    engagement: EngagementResult | None
    decision: DecisionView | None
    may_decide: bool
    why_not: str | None


@dataclass(frozen=True, slots=True)
class NewCondition:
    """A condition to be recorded. `owner_id` is the colleague who owns it; without, `owner` names
    somebody at the vendor.
    """

    text: str
    owner: str
    due_on: date
    proof: str = ""
    owner_id: str | None = None


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
    outlook: OutlookView | None
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


@dataclass(frozen=True)
class _Other:
    """Another set of the same engagement, with its scorecard as far as there is one."""

    row: Assessment
    title: str
    content: Content
    submission: Submission | None = None
    card: ScorecardView | None = None
    stored: Scorecard | None = None


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One assessment beside others: its result, and that of its engagement's `sets` sets."""

    row: Assessment
    engagement: Engagement
    vendor: Vendor
    content: Content
    submission: Submission
    card: ScorecardView
    stored: Scorecard
    result: EngagementResult | None
    sets: int

    @property
    def tier(self) -> str | None:
        return tier_of(self.row)

    @property
    def state(self) -> State:
        return State(self.row.state)


@dataclass(frozen=True, kw_only=True)
class _Case(_Side):
    """One assessment with all that a committee looks at."""

    intake: IntakeResult
    others: tuple[_Other, ...]
    overrides: Mapping[str, str]


def comparison(app: Application, actor: Actor, assessment_ids: Sequence[str]) -> Comparison:
    """Two to eight submitted assessments side by side. Raises `Invalid` for another number."""
    scope = authorise(actor, Action.COMPARISON)
    chosen = list(dict.fromkeys(assessment_ids))
    form = Form()
    if not 2 <= len(chosen) <= MOST_COLUMNS:
        form.problem(
            "assessment_ids", f"Choose from 2 to {MOST_COLUMNS} vendors to put side by side."
        )
    form.check()
    with app.store.read(scope) as work:
        kept_sealed(work, actor, Action.COMPARISON, *work.assessments(chosen))
        cases = list(_sides(app, work, chosen))
        kept_apart(work, actor, Action.COMPARISON, *(case.row for case in cases))
    rows = [*_rule_rows(cases), *_domain_rows(cases), *_question_rows(cases)]
    kept = [row for row in rows if _differs(row) or _fatal(row)]
    ranking, ranking_says = _ranking(cases)
    return Comparison(
        columns=tuple(_column(case) for case in cases),
        rows=tuple(kept),
        same=len(rows) - len(kept),
        ranking=ranking,
        ranking_says=ranking_says,
        remarks=tuple(_remarks(cases)),
    )


def decision_options(app: Application, actor: Actor, assessment_id: str) -> DecisionSheet:
    """The options for this assessment, measured against the risk appetite."""
    scope = authorise(actor, Action.DECISION_OPTIONS)
    with app.store.read(scope) as work:
        kept_apart(work, actor, Action.DECISION_OPTIONS, require_assessment(work, assessment_id))
        case = _case(app, work, assessment_id)
        reviewers = reviewers_of(work, assessment_id)
        decision = _decision(app, work, case.row)
        colleagues = _colleagues(work)
    residual = _residual(app, case)
    why_not = _why_not_decide(actor, case, reviewers)
    return DecisionSheet(
        assessment_id=assessment_id,
        vendor_name=case.vendor.name,
        engagement_title=case.engagement.title,
        title=case.content.questionnaire.title,
        tier=case.tier,
        scorecard_id=case.card.id,
        inherent=case.intake.inherent,
        residual=residual.level if residual else None,
        residual_reasons=(
            *_several(case),
            *(residual.why if residual else ()),
            *_intake_moved(case),
        ),
        options=_options(app, case, residual),
        colleagues=colleagues,
        proposed_conditions=tuple(
            dict.fromkeys(
                (*_to_verify(case), *(text for card in _cards(case) for text in _proposed(card)))
            )
        ),
        engagement=case.result,
        decision=decision,
        may_decide=why_not is None,
        why_not=why_not,
    )


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
    scope = authorise(actor, Action.RECORD_DECISION)
    form = Form()
    text = form.text("reasons", reasons, "A reason")
    today = app.clock().date()
    with app.store.begin(scope) as work:
        names = _colleagues(work)
        new = [_checked(form, today, at, c, names) for at, c in enumerate(conditions, 1)]
        row = require_assessment(work, assessment_id)
        kept_apart(work, actor, Action.RECORD_DECISION, row)
        require_independent_decision(actor.id, reviewers_of(work, assessment_id))
        move(work, row, Move.DECIDE)
        case = _case(app, work, assessment_id)
        reviewed = _require_others_reviewed(case)
        for other in reviewed:
            require_independent_decision(actor.id, reviewers_of(work, other.id))
        if case.card.id != scorecard_id:
            raise Refusal(
                "figures_changed",
                "The figures changed after you opened this page.",
                "Open it again, look at what changed, and decide then.",
            )
        options = {option.outcome: option for option in _options(app, case, _residual(app, case))}
        _check_outcome(form, options, outcome, len(new))
        form.check()
        decision = Decision(
            assessment_id=assessment_id,
            scorecard_id=scorecard_id,
            outcome=outcome,
            reasons=text,
            decided_by=actor.id,
            decided_at=work.now,
        )
        work.add(decision)
        work.record(
            actor,
            Action.RECORD_DECISION,
            "decision",
            decision.id,
            assessment_id,
            outcome=outcome,
            scorecard=case.card.sha256,
            conditions=len(new),
        )
        for condition in new:
            stored = DecisionCondition(
                decision_id=decision.id,
                text=condition.text,
                owner=condition.owner,
                due_on=condition.due_on,
                proof=condition.proof,
            )
            work.add(stored)
            work.add(
                ConditionOwner(
                    condition_id=stored.id,
                    assessment_id=assessment_id,
                    person_id=condition.owner_id,
                )
            )
        for other in reviewed:
            move(work, other, Move.DECIDE)
            work.record(
                actor,
                Action.RECORD_DECISION,
                "decision",
                decision.id,
                other.id,
                outcome=outcome,
                with_assessment=assessment_id,
            )
        recorded = _decision(app, work, row)
    if recorded is None:
        raise NotFound("This decision")
    return recorded


def promises(app: Application, actor: Actor) -> tuple[Promise, ...]:
    """Every condition of every decision: those still open first, the earliest due first."""
    scope = authorise(actor, Action.PROMISES)
    with app.store.read(scope) as work:
        vendors = {
            row.assessment.id: row.vendor.name
            for row in work.portfolio()
            if row.assessment is not None and row.assessment.state == State.DECIDED
        }
        decisions = work.decisions(list(vendors))
        checks = _checks(work, decisions)
    today = app.clock().date()
    found = [
        Promise(item.decision.assessment_id, vendors[item.decision.assessment_id], condition)
        for item in decisions
        for condition in _decision_view(item, "", today, checks).conditions
    ]
    found.sort(key=lambda one: (one.condition.closed_at is not None, one.condition.due_on))
    return tuple(found)


def brief(app: Application, actor: Actor, assessment_id: str) -> Brief:
    """Everything that the one printed page says."""
    scope = authorise(actor, Action.BRIEF)
    with app.store.read(scope) as work:
        kept_apart(work, actor, Action.BRIEF, require_assessment(work, assessment_id))
        case = _case(app, work, assessment_id)
        decision = _decision(app, work, case.row)
        names = work.names(reviewers_of(work, assessment_id))
    residual = _residual(app, case)
    options = _options(app, case, residual)
    card = case.card
    weakest = sorted(card.lines, key=_lost, reverse=True)
    strongest = sorted(card.lines, key=lambda line: line.contribution or 0.0, reverse=True)
    return Brief(
        assessment_id=assessment_id,
        vendor_name=case.vendor.name,
        engagement_title=case.engagement.title,
        service=case.engagement.service,
        value_minor=case.engagement.value_minor,
        currency=case.engagement.currency,
        questionnaire=_questionnaire(case),
        tier=case.tier,
        tier_reasons=case.intake.reasons,
        state_says=STATE_SAYS[case.state],
        asks=_asks(case.state, decision, options),
        claimed=card.claimed,
        assured=card.assured,
        low=_whole(card.low),
        high=_whole(card.high),
        outlook=card.outlook,
        coverage=card.coverage,
        band=card.band,
        stopped_by=card.stopped_by,
        rules=tuple(rule for rule in card.rules if rule.effect != "clarify"),
        clarifications=tuple(rule for rule in card.rules if rule.effect == "clarify"),
        domains=card.domains,
        findings=tuple(_finding(line, card) for line in weakest[:5] if _lost(line) > 0),
        strengths=tuple(line for line in strongest[:3] if (line.credit or 0.0) >= 85),
        inherent=case.intake.inherent,
        residual=residual.level if residual else None,
        options=options,
        decision=decision,
        submitted_at=case.submission.submitted_at,
        signed_by=f"{case.submission.signed_by_name}, {case.submission.signed_by_role}",
        reviewers=tuple(sorted(names.values())),
        as_of=app.clock().date(),
        submission_sha256=case.submission.sha256,
        scorecard_sha256=card.sha256,
    )


def _case(app: Application, work: Work, assessment_id: str) -> _Case:
    row = require_assessment(work, assessment_id)
    engagement, vendor = require_parents(work, row)
    content = content_of(app, row)
    submission, stored = require_scored(work, assessment_id)
    newest = {**newest_sets(work, engagement.id), row.questionnaire_id: row}
    return _Case(
        row=row,
        engagement=engagement,
        vendor=vendor,
        content=content,
        submission=submission,
        card=view(stored, content, submission),
        stored=stored,
        intake=intake_of(app, work, row.engagement_id),
        others=tuple(_others(app, work, row, newest)),
        result=result_of(newest.values(), app),
        sets=len(newest),
        overrides=_overrides(work, assessment_id, stored.id),
    )


def _sides(app: Application, work: Work, assessment_ids: Sequence[str]) -> Iterator[_Side]:
    """These assessments in three queries, however many they are."""
    rows = scored_rows(work, assessment_ids)
    beside: dict[str, list[Assessment]] = {row.engagement.id: [] for row in rows}
    for found in work.portfolio(engagement_ids=list(beside)):
        if found.assessment is not None:
            beside[found.assessment.engagement_id].append(found.assessment)
    for row in rows:
        content = content_of(app, row.assessment)
        newest = newest_of(beside[row.engagement.id])
        newest[row.assessment.questionnaire_id] = row.assessment
        yield _Side(
            row=row.assessment,
            engagement=row.engagement,
            vendor=row.vendor,
            content=content,
            submission=row.submission,
            card=view(row.scorecard, content, row.submission),
            stored=row.scorecard,
            result=result_of(newest.values(), app),
            sets=len(newest),
        )


def _overrides(work: Work, assessment_id: str, scorecard_id: str) -> dict[str, str]:
    """By outcome, the sentence that says by whom and why it was opened all the same."""
    granted = granted_overrides(work, assessment_id, scorecard_id)
    names = work.names(
        {one.asked_by for one in granted.values()}
        | {one.settled_by for one in granted.values() if one.settled_by}
    )
    return {
        outcome: f"Opened all the same by {names.get(one.asked_by, '')} and"
        f" {names.get(one.settled_by or '', '')}: {one.reason}"
        for outcome, one in granted.items()
    }


def _others(
    app: Application, work: Work, row: Assessment, newest: Mapping[str, Assessment]
) -> Iterator[_Other]:
    rows = [other for other in newest.values() if other.id != row.id]
    scored = work.latest_scorecards([other.id for other in rows])
    for other in rows:
        content = content_of(app, other)
        title = content.questionnaire.title
        if other.id not in scored:
            yield _Other(other, title, content)
            continue
        submission, stored = scored[other.id]
        card = view(stored, content, submission)
        yield _Other(other, title, content, submission, card, stored)


# -- risk and decision ----------------------------------------------------------------------------


def _ceilings(case: _Case) -> tuple[list[str], list[str]]:
    """Why there is a knockout and why a cap, in the rules' words; "not cleared" is either.

    A rule of another set of the engagement is told with that set; one that fires in several sets
    is told once.
    """
    knockouts, caps = _stopping(case.content, case.card)
    for other in case.others:
        if other.card is not None:
            worse, held = _stopping(other.content, other.card)
            told = {*knockouts, *caps}
            knockouts += [f"{why} ({other.title})" for why in worse if why not in told]
            caps += [f"{why} ({other.title})" for why in held if why not in told]
    return knockouts, caps


def _stopping(content: Content, card: ScorecardView) -> tuple[list[str], list[str]]:
    everyday = content.rubric.everyday
    fatal = int(everyday.limits.knocked_out) if everyday else None
    limited = [rule for rule in card.rules if rule.limit is not None]
    knockouts = [rule.because for rule in limited if rule.limit == fatal]
    return knockouts, [rule.because for rule in limited if rule.limit != fatal]


def _overall(case: _Case) -> Fraction | None:
    """The least assured score among the engagement's sets; None where one of them has none."""
    results = [json.loads(case.stored.result)]
    results += [json.loads(other.stored.result) for other in case.others if other.stored]
    scores = [exact(result, "overall") for result in results]
    known = [score for score in scores if score is not None]
    return min(known) if len(known) == len(scores) else None


def _residual(app: Application, case: _Case) -> risk.ResidualRisk | None:
    if case.intake.impact is None or case.intake.likelihood is None:
        return None
    appetite = app.library.appetite
    scored = [(case.content, case.submission, case.stored)]
    scored += [
        (other.content, other.submission, other.stored)
        for other in case.others
        if other.submission is not None and other.stored is not None
    ]
    reductions = {
        reduction.question: reduction
        for content, submission, stored in scored
        for reduction in risk.verified_reductions(
            appetite, read_judged(content, submission, json.loads(stored.result)["review"])
        )
    }
    knockouts, _ = _ceilings(case)
    return risk.residual_risk(
        appetite,
        impact=case.intake.impact,
        likelihood=case.intake.likelihood,
        overall=_overall(case),
        knocked_out=bool(knockouts),
        reductions=tuple(reductions.values()),
    )


def _several(case: _Case) -> Iterator[str]:
    """That the engagement has several sets, and which of them decides."""
    result = case.result
    if result is None or not case.others:
        return
    if result.scored > 1:
        yield (
            f"This engagement has {result.scored} scored sets, and takes the worst of their"
            f" results: that of “{result.set_title}”."
        )
    if result.waiting:
        yield f"Not scored yet: {', '.join(result.waiting)}."


def _intake_moved(case: _Case) -> Iterator[str]:
    if case.intake.tier != case.tier:
        yield (
            "The intake was changed after this assessment was opened: it would be tier"
            f" {case.intake.tier or 'unknown'} now, and tier {case.tier} is what was assessed."
        )


def _options(
    app: Application, case: _Case, residual: risk.ResidualRisk | None
) -> tuple[Option, ...]:
    if residual is None or case.tier is None:
        return ()
    knockouts, caps = _ceilings(case)
    found: dict[str, risk.Option] = {
        option.decision: option
        for option in risk.decision_options(
            app.library.appetite,
            tier=case.tier,
            overall=_overall(case),
            residual=residual,
            caps=caps,
            knockouts=knockouts,
        )
    }
    suggested = next(name for name in ("approve", "conditional", "reject") if found[name].open)
    return tuple(
        Option(
            outcome=name,
            title=title,
            fits=found[name].open or name in case.overrides,
            suggested=name == suggested,
            needs_conditions=max(1, len(caps)) if name == "conditional" else 0,
            needs=found[name].needs,
            reasons=(
                (case.overrides[name], *found[name].why)
                if name in case.overrides
                else found[name].why
            ),
        )
        for name, title in OUTCOMES.items()
    )


def _cards(case: _Case) -> Iterator[ScorecardView]:
    yield case.card
    yield from (other.card for other in case.others if other.card is not None)


def _proposed(card: ScorecardView) -> Iterator[str]:
    """Conditions that would answer what holds the score down: what each rule looks at, or else

    the answers that cost most.
    """
    lines = {line.question_id: line for line in card.lines if line.remedy}
    held = {
        name: None
        for rule in card.rules
        if rule.effect in ("cap", "not_cleared", "knockout")
        for name in rule.questions
        if name in lines
    }
    weightiest = sorted(
        (line for line in lines.values() if _lost(line) > 0), key=_lost, reverse=True
    )
    for line in [lines[name] for name in held] or weightiest[:_MOST_PROPOSED]:
        yield _condition_for(line)


def _to_verify(case: _Case) -> Iterator[str]:
    """What the rules that fired oblige to verify: a condition for each day, dated if it can."""
    due: dict[int, tuple[str, date | None]] = {}
    for card in _cards(case):
        for rule in card.rules:
            for number, on in rule.due:
                if number not in due or (on is not None and due[number][1] is None):
                    due[number] = (rule.obligation, on)
    for number, (says, on) in sorted(due.items()):
        when = f", {on.day} {on:%B %Y}" if on else " after the promise"
        yield f"{says.rstrip('.')}: on day {number}{when}."


def _condition_for(line: ScoreLine) -> str:
    """What would make up for a line: its remedy, or evidence where only that is missing."""
    causes = {cause for cause, points in line.lost if points}
    if causes and causes <= {"unproven"}:
        name = f"{line.code} “{line.ask}”" if line.code else f"“{line.ask}”"
        return f"Supply evidence for the answer to {name}"
    return line.remedy


def _check_outcome(
    form: Form, options: Mapping[str, Option], outcome: str, conditions: int
) -> None:
    option = options.get(outcome)
    if option is None:
        form.problem("outcome", "Choose one of the outcomes in the list.")
        return
    if not option.fits:
        form.problem("outcome", " ".join((f"“{option.title}” is not open.", *option.reasons)))
    if conditions < option.needs_conditions:
        noun = "condition" if option.needs_conditions == 1 else "conditions"
        form.problem(
            "conditions", f"This outcome takes at least {option.needs_conditions} dated {noun}."
        )
    if conditions and outcome in ("approve", "reject"):
        form.problem(
            "conditions",
            "This outcome has no conditions. Choose “Approve with conditions” to record them.",
        )


def _colleagues(work: Work) -> tuple[tuple[str, str], ...]:
    return tuple((one.person.id, one.person.name) for one in work.people() if one.person.active)


def _checked(
    form: Form,
    today: date,
    at: int,
    condition: NewCondition,
    colleagues: Sequence[tuple[str, str]],
) -> NewCondition:
    field = f"conditions.{at}"
    name = dict(colleagues).get(condition.owner_id or "", condition.owner)
    if condition.owner_id is not None and condition.owner_id not in dict(colleagues):
        form.problem(field, f"Choose the owner of condition {at} from the list.")
    if at > MOST_CONDITIONS:
        form.problem("conditions", f"At most {MOST_CONDITIONS} conditions can be recorded.")
    form.not_in_the_past(field, condition.due_on, today, f"The date of condition {at}")
    return NewCondition(
        text=form.text(field, condition.text, f"The text of condition {at}"),
        owner=form.line(field, name, f"The owner of condition {at}"),
        due_on=condition.due_on,
        proof=form.text(field, condition.proof, f"The proof of condition {at}", required=False),
        owner_id=condition.owner_id,
    )


def _why_not_decide(actor: Actor, case: _Case, reviewers: Collection[str]) -> str | None:
    try:
        authorise(actor, Action.RECORD_DECISION)
        after(Move.DECIDE, case.state)
        _require_others_reviewed(case)
        require_independent_decision(actor.id, reviewers)
    except Refusal as refusal:
        return refusal.sentence
    return None


def _decision(app: Application, work: Work, row: Assessment) -> DecisionView | None:
    """The decision on an assessment, or the one on another set that covered this one."""
    item = next(iter(work.decisions([row.id])), None)
    if item is None and row.state == State.DECIDED:
        engagement = work.all(Assessment, engagement_id=row.engagement_id)
        same_time = (
            found
            for found in work.decisions([other.id for other in engagement])
            if found.decision.decided_at == row.state_since
        )
        item = next(same_time, None)
    if item is None:
        return None
    names = work.names([item.decision.decided_by])
    checks = _checks(work, [item])
    decided_by = names.get(item.decision.decided_by, "")
    return _decision_view(item, decided_by, app.clock().date(), checks)


def _checks(work: Work, decisions: Sequence[DecisionItem]) -> dict[str, tuple[str, str]]:
    """By condition that was closed, who closed it and what they saw."""
    found = checks_of(work, [one for item in decisions for one in item.conditions])
    names = work.names({check.checked_by for check in found.values()})
    return {id_: (names.get(check.checked_by, ""), check.found) for id_, check in found.items()}


def _decision_view(
    item: DecisionItem, decided_by: str, today: date, checks: Mapping[str, tuple[str, str]]
) -> DecisionView:
    return DecisionView(
        id=item.decision.id,
        outcome=item.decision.outcome,
        title=OUTCOMES[item.decision.outcome],
        reasons=item.decision.reasons,
        decided_by=decided_by,
        decided_at=item.decision.decided_at,
        scorecard_id=item.decision.scorecard_id,
        conditions=tuple(
            ConditionView(
                id=condition.id,
                text=condition.text,
                owner=condition.owner,
                due_on=condition.due_on,
                proof=condition.proof,
                closed_at=condition.closed_at,
                overdue=condition.closed_at is None and condition.due_on < today,
                closed_by=checks.get(condition.id, ("", ""))[0] or None,
                found=checks.get(condition.id, ("", ""))[1],
            )
            for condition in item.conditions
        ),
    )


def _require_others_reviewed(case: _Case) -> list[Assessment]:
    """The engagement's other sets that this decision covers. Raises `Refusal` (set_not_reviewed)
    where one is still open: its result may be the worst.
    """
    for other in case.others:
        if State(other.row.state) not in (State.REVIEWED, State.DECIDED):
            raise Refusal(
                "set_not_reviewed",
                f"“{other.title}” belongs to this engagement, and its review is not finished.",
                "Finish it first, or let an officer withdraw it with a reason.",
            )
    return [other.row for other in case.others if State(other.row.state) is State.REVIEWED]


def _asks(state: State, decision: DecisionView | None, options: Sequence[Option]) -> str:
    if decision is not None:
        return f"Decided on {decision.decided_at:%d %B %Y}: {decision.title.lower()}."
    suggested = next((option for option in options if option.suggested), None)
    if state is not State.REVIEWED:
        return f"No decision yet. {STATE_SAYS[state]}."
    if suggested is None:
        return "A decision is asked for; the intake is not complete enough to suggest one."
    return f"A decision is asked for. The risk appetite suggests: {suggested.title.lower()}."


def _finding(line: ScoreLine, card: ScorecardView) -> Finding:
    titles = {domain.id: domain.title for domain in card.domains}
    return Finding(
        question_id=line.question_id,
        code=line.code,
        domain=titles.get(line.domain, line.domain),
        says=f"{line.ask} {line.reply_says}",
        lost=_lost(line),
        remedy=line.remedy,
        clause=line.clause,
    )


def _lost(line: ScoreLine) -> float:
    return sum(points for _, points in line.lost)


# -- side by side ---------------------------------------------------------------------------------


def _column(case: _Side) -> Column:
    card = case.card
    return Column(
        assessment_id=case.row.id,
        vendor_name=case.vendor.name,
        engagement_title=case.engagement.title,
        questionnaire=_questionnaire(case),
        tier=case.tier,
        claimed=card.claimed,
        assured=card.assured,
        low=_whole(card.low),
        high=_whole(card.high),
        coverage=card.coverage,
        band=card.band,
        stopped_by=card.stopped_by,
        state_says=STATE_SAYS[case.state],
        engagement=case.result if case.sets > 1 else None,
        outlook=card.outlook,
    )


def _questionnaire(case: _Side) -> str:
    asked = case.content.questionnaire
    return f"{asked.title}, version {asked.version}{' (draft)' if asked.draft else ''}"


def _rule_rows(cases: Sequence[_Side]) -> Iterator[ComparisonRow]:
    """A row for each rule that fired anywhere, knockouts first."""
    fired = [{rule.id: rule for rule in case.card.rules} for case in cases]
    known = {rule.id: rule for rules in fired for rule in rules.values()}
    for rule in sorted(known.values(), key=lambda r: (EFFECTS.index(r.effect), r.id)):
        yield ComparisonRow(
            id=rule.id,
            kind="rules",
            label=rule.because,
            cells=tuple(
                Cell(
                    says=_EFFECT_SAYS[rules[rule.id].effect] if rule.id in rules else "No",
                    level=None,
                    credit=None,
                    mark=rules[rule.id].effect if rule.id in rules else None,
                    question_id=next(iter(rule.questions), None),
                )
                for rules in fired
            ),
        )


_EFFECT_SAYS = {
    "knockout": "Knocked out",
    "lifted": "Lifted",
    "cap": "Capped",
    "not_cleared": "Not cleared",
    "clarify": "To be clarified",
}


def _domain_rows(cases: Sequence[_Side]) -> Iterator[ComparisonRow]:
    titles = {domain.id: domain.title for case in cases for domain in case.card.domains}
    for id_, title in titles.items():
        found = [next((d for d in case.card.domains if d.id == id_), None) for case in cases]
        yield ComparisonRow(
            id=id_,
            kind="domain",
            label=title,
            cells=tuple(
                _NOT_ASKED
                if domain is None
                else Cell(
                    says=_sentence(beside_claimed(domain.assured.value, domain.claimed.value)),
                    level=None,
                    credit=_credit(domain.assured),
                    mark=None,
                    question_id=None,
                )
                for domain in found
            ),
        )


def _question_rows(cases: Sequence[_Side]) -> Iterator[ComparisonRow]:
    lines = [
        {line.question_id: line for line in case.card.lines if line.state != "hidden_by_fact"}
        for case in cases
    ]
    marks = [
        {name: rule.effect for rule in reversed(case.card.rules) for name in rule.questions}
        for case in cases
    ]
    known = {line.question_id: line for of_case in lines for line in of_case.values()}
    for id_, line in known.items():
        yield ComparisonRow(
            id=id_,
            kind="question",
            label=f"{line.code}: {line.ask}" if line.code else line.ask,
            cells=tuple(
                _NOT_ASKED
                if id_ not in of_case
                else Cell(
                    says=of_case[id_].reply_says,
                    level=of_case[id_].level,
                    credit=of_case[id_].credit,
                    mark=mark.get(id_),
                    question_id=id_,
                )
                for of_case, mark in zip(lines, marks, strict=True)
            ),
        )


_NOT_ASKED = Cell(says="Not asked", level=None, credit=None, mark=None, question_id=None)


def _differs(row: ComparisonRow) -> bool:
    return len({(cell.says, cell.level, cell.credit, cell.mark) for cell in row.cells}) > 1


def _fatal(row: ComparisonRow) -> bool:
    """A knockout that all of them share is still the first thing to know."""
    return row.kind == "rules" and any(cell.mark == "knockout" for cell in row.cells)


def _ranking(cases: Sequence[_Side]) -> tuple[tuple[int, ...] | None, str]:
    if len({(case.row.questionnaire_digest, case.row.rubric_digest) for case in cases}) > 1:
        return None, "Not ranked: they were not asked and judged by the same content."
    ranges: list[tuple[Fraction, Fraction, int]] = []
    for at, case in enumerate(cases):
        result = json.loads(case.stored.result)
        low, high = exact(result, "low"), exact(result, "high")
        if exact(result, "overall") is None or low is None or high is None:
            return None, f"Not ranked: {case.vendor.name} has no score."
        ranges.append((low, high, at))
    ranges.sort(key=lambda item: (item[0], item[1]), reverse=True)
    for better, worse in pairwise(ranges):
        if worse[1] >= better[0]:
            names = [cases[better[2]].vendor.name, cases[worse[2]].vendor.name]
            return None, (
                f"Not ranked: what is open leaves {names[0]} between {floor(better[0])} and"
                f" {floor(better[1])} and {names[1]} between {floor(worse[0])} and"
                f" {floor(worse[1])}, and these ranges overlap."
            )
    order = tuple(at for _, _, at in ranges)
    said = ", then ".join(cases[at].vendor.name for at in order)
    turns = any(_proof_turns(cases[a].card, cases[b].card) for a, b in pairwise(order))
    proof = " What is not proven in full could still change it." if turns else ""
    return order, f"Whatever is unanswered, the order stays: {said}.{proof}"


def _proof_turns(better: ScorecardView, worse: ScorecardView) -> bool:
    """Whether more proof for one, or less truth in the other, could turn their order round."""
    if better.outlook is None or worse.outlook is None:
        return False
    least, most = _whole(better.outlook.proven.score), _whole(worse.outlook.provable.score)
    return least is None or (most is not None and most >= least)


def _remarks(cases: Sequence[_Side]) -> Iterator[str]:
    if len({case.row.questionnaire_digest for case in cases}) > 1:
        yield "They answered different questionnaires, so only shared questions compare."
    elif len({case.row.rubric_digest for case in cases}) > 1:
        yield "They were judged by different versions of the rubric."
    if len({case.tier for case in cases}) > 1:
        yield (
            "They are in different tiers, where the same proof lets a different share of an answer"
            " count."
        )
    for case in cases:
        if case.state in (State.SUBMITTED, State.IN_REVIEW):
            yield f"The review of {case.vendor.name} is not finished, so its figures may move."


def _sentence(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _credit(figure: Figure) -> float | None:
    return float(figure.value) if isinstance(figure.value, int) else None


def _whole(figure: Figure) -> int | None:
    return figure.value if isinstance(figure.value, int) else None
