"""Duties kept apart: conflicts, approvals, overrides, closed conditions and accepted risks."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from vendorrisk.access import (
    JUDGING_ROLES,
    Action,
    Actor,
    Relation,
    Role,
    allowed,
    authorise,
    keep_out,
)
from vendorrisk.assessment import STATE_SAYS, Move, State, may
from vendorrisk.store import Bid, Work
from vendorrisk.store.tables import (
    Assessment,
    ConditionCheck,
    ConditionOwner,
    ConflictDeclaration,
    Decision,
    DecisionCondition,
    Override,
    RiskAcceptance,
    ScopeApproval,
    Scorecard,
    Submission,
)
from vendorrisk.tender import moment_says
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.intake import INTAKE
from vendorrisk.usecases.sheets import content_of, require_assessment, require_parents, tier_of

APPROVED_TIERS = frozenset({"1", "2"})
"""Tiers in which a second officer approves what is asked."""

_LONGEST_ACCEPTANCE: Mapping[str, int] = {"1": 6}
_OTHERWISE = 12

OVERRIDABLE = ("approve", "conditional", "escalate")


@dataclass(frozen=True, slots=True)
class Declared:
    """What somebody declared: `words` say what the conflict is, empty where there is none."""

    who: str
    conflict: bool
    words: str
    when: datetime


@dataclass(frozen=True, slots=True)
class OverrideView:
    """A request to open a closed outcome. `granted` is None while it waits for a second person.

    `current` is false once the figures have changed: it opens nothing then.
    """

    id: str
    outcome: str
    reason: str
    asked_by: str
    asked_at: datetime
    granted: bool | None
    settled_reason: str
    settled_by: str | None
    settled_at: datetime | None
    current: bool
    may_settle: bool


@dataclass(frozen=True, slots=True)
class AcceptedRisk:
    """A risk that its owner accepted; `expired` against today."""

    risk: str
    control: str
    expires_on: date
    accepted_by: str
    accepted_at: datetime
    expired: bool


@dataclass(frozen=True, slots=True)
class Duties:
    """Who stands how to one assessment. `must_declare`: the actor has to say something first.
    `wrote_rubric`: the actor would judge, and is named as an author of the rubric.

    `approval_needed` is true while a second officer has to approve what is asked; `approved_by`
    says who did. `latest_acceptance` is the last day until which a risk can be accepted.
    """

    vendor_name: str
    engagement_title: str
    declared: tuple[Declared, ...]
    must_declare: bool
    wrote_rubric: bool
    approval_needed: bool
    approved_by: str | None
    approved_at: datetime | None
    may_approve: bool
    overrides: tuple[OverrideView, ...]
    accepted: tuple[AcceptedRisk, ...]
    may_accept: bool
    latest_acceptance: date


def duties(app: Application, actor: Actor, assessment_id: str) -> Duties:
    """Declared conflicts, the approval, overrides and accepted risks of one assessment."""
    scope = authorise(actor, Action.DUTIES, assessment_id)
    today = app.clock().date()
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        engagement, vendor = require_parents(work, row)
        said = work.declarations(assessment_id)
        approval = work.get(ScopeApproval, assessment_id=assessment_id)
        asked = work.all(Override, "asked_at", assessment_id=assessment_id)
        accepted = work.all(RiskAcceptance, "accepted_at", assessment_id=assessment_id)
        found = work.latest_scorecards([assessment_id]).get(assessment_id)
        people = {*said, *(one.asked_by for one in asked), *(one.accepted_by for one in accepted)}
        people |= {one.settled_by for one in asked if one.settled_by}
        names = work.names(people | ({approval.approved_by} if approval else set()))
        author = wrote_rubric(app, work, actor, row)
    card = found[1].id if found else None
    kept_out = _relation(actor, said)
    return Duties(
        vendor_name=vendor.name,
        engagement_title=engagement.title,
        declared=tuple(
            Declared(names.get(one.person_id, ""), one.conflict, one.words, one.declared_at)
            for one in said.values()
        ),
        must_declare=kept_out is Relation.UNDECLARED,
        wrote_rubric=author and actor.has(Role.REVIEWER, Role.MODERATOR),
        approval_needed=approval is None and needs_approval(row),
        approved_by=names.get(approval.approved_by) if approval else None,
        approved_at=approval.approved_at if approval else None,
        may_approve=allowed(actor, Action.APPROVE_SCOPE) and actor.id != row.created_by,
        overrides=tuple(_override_view(actor, one, names, card, kept_out) for one in asked),
        accepted=tuple(
            AcceptedRisk(
                risk=one.risk,
                control=one.control,
                expires_on=one.expires_on,
                accepted_by=names.get(one.accepted_by, ""),
                accepted_at=one.accepted_at,
                expired=one.expires_on < today,
            )
            for one in accepted
        ),
        may_accept=allowed(actor, Action.ACCEPT_RISK)
        and kept_out is None
        and State(row.state) in (State.REVIEWED, State.DECIDED),
        latest_acceptance=_latest(row, today),
    )


def declare(
    app: Application, actor: Actor, assessment_id: str, *, conflict: bool, words: str = ""
) -> None:
    """Say whether one has a conflict of interest about the assessment's engagement.

    None can become one later; one stays. Raises `Invalid` (words) or `Refusal` (conflict_stands).
    """
    scope = authorise(actor, Action.DECLARE, assessment_id)
    form = Form()
    text = form.text("words", words, "What the conflict is", required=conflict)
    form.check()
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        if row.questionnaire_id == INTAKE:
            raise NotFound("This assessment")
        stands = work.declarations(assessment_id).get(actor.id)
        if stands is not None and stands.conflict and not conflict:
            raise Refusal(
                "conflict_stands",
                "You declared a conflict of interest, and that stands.",
                "A colleague judges this engagement.",
            )
        if stands is not None and (stands.conflict, stands.words) == (conflict, text):
            return
        said = ConflictDeclaration(
            assessment_id=assessment_id,
            person_id=actor.id,
            conflict=conflict,
            words=text,
            declared_at=work.now,
        )
        work.add(said)
        work.record(actor, Action.DECLARE, "declaration", said.id, assessment_id, conflict=conflict)


def approve_scope(app: Application, actor: Actor, assessment_id: str) -> None:
    """Approve what an assessment asks and of what, before anybody is invited to it.

    Doing it twice changes nothing. Raises `NotAllowed` (opened).
    """
    scope = authorise(actor, Action.APPROVE_SCOPE, assessment_id)
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        if row.questionnaire_id == INTAKE:
            raise NotFound("This assessment")
        if actor.id == row.created_by:
            keep_out(Action.APPROVE_SCOPE, Relation.OPENED)
        if work.get(ScopeApproval, assessment_id=assessment_id) is not None:
            return
        work.add(
            ScopeApproval(assessment_id=assessment_id, approved_by=actor.id, approved_at=work.now)
        )
        work.record(
            actor,
            Action.APPROVE_SCOPE,
            "assessment",
            assessment_id,
            assessment_id,
            questionnaire=row.questionnaire_digest,
            rubric=row.rubric_digest,
        )


def ask_override(
    app: Application, actor: Actor, assessment_id: str, outcome: str, reason: str
) -> None:
    """Ask that an outcome be opened which the risk appetite closes, such as after a knockout.

    It holds for the figures as they are now, and opens nothing before a second person grants it.
    Raises `Invalid` (outcome, reason), `Refusal` (not_open, asked_already).
    """
    scope = authorise(actor, Action.ASK_OVERRIDE, assessment_id)
    form = Form()
    text = form.text("reason", reason, "A reason")
    if outcome not in OVERRIDABLE:
        form.problem("outcome", "Choose one of the outcomes in the list.")
    form.check()
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_apart(work, actor, Action.ASK_OVERRIDE, row)
        if not may(Move.DECIDE, State(row.state)):
            raise Refusal(
                "not_open",
                f"There is nothing to override now. {STATE_SAYS[State(row.state)]}.",
                "An override is asked for between the end of the review and the decision.",
            )
        card = _card(work, assessment_id)
        same = work.all(Override, assessment_id=assessment_id, scorecard_id=card.id)
        if any(one.outcome == outcome and one.granted is not False for one in same):
            raise Refusal(
                "asked_already",
                "This was asked for already.",
                "See below who can grant it, or whether it was granted.",
            )
        asked = Override(
            assessment_id=assessment_id,
            scorecard_id=card.id,
            outcome=outcome,
            reason=text,
            asked_by=actor.id,
            asked_at=work.now,
        )
        work.add(asked)
        work.record(
            actor, Action.ASK_OVERRIDE, "override", asked.id, assessment_id, outcome=outcome
        )


def settle_override(
    app: Application, actor: Actor, override_id: str, *, granted: bool, reason: str
) -> None:
    """Grant an override or refuse it, as the second person.

    Raises `NotAllowed` (asked), `Invalid` (reason), `Refusal` (settled, figures_changed).
    """
    scope = authorise(actor, Action.SETTLE_OVERRIDE)
    form = Form()
    text = form.text("reason", reason, "A reason")
    with app.store.begin(scope) as work:
        asked = work.get(Override, id=override_id)
        if asked is None:
            raise NotFound("This request")
        row = require_assessment(work, asked.assessment_id)
        work.read_anew(asked)
        kept_apart(work, actor, Action.SETTLE_OVERRIDE, row)
        if actor.id == asked.asked_by:
            keep_out(Action.SETTLE_OVERRIDE, Relation.ASKED)
        form.check()
        if asked.granted is not None:
            raise Refusal("settled", "A colleague has settled this already.", "See what they said.")
        if asked.scorecard_id != _card(work, row.id).id or not may(Move.DECIDE, State(row.state)):
            raise Refusal(
                "figures_changed",
                "The figures changed after this was asked for, or it was decided meanwhile.",
                "Open the page again; where it is still needed, it is asked for anew.",
            )
        asked.granted = granted
        asked.settled_reason = text
        asked.settled_by = actor.id
        asked.settled_at = work.now
        work.record(
            actor,
            Action.SETTLE_OVERRIDE,
            "override",
            asked.id,
            row.id,
            outcome=asked.outcome,
            granted=granted,
        )


def close_condition(app: Application, actor: Actor, condition_id: str, found: str) -> None:
    """Close a condition of a decision after looking at its proof; `found` says what was seen.

    Raises `NotAllowed` (owns) for its owner, `Invalid` (found), `Refusal` (closed_already).
    """
    scope = authorise(actor, Action.CLOSE_CONDITION)
    form = Form()
    text = form.text("found", found, "What you saw")
    with app.store.begin(scope) as work:
        condition = work.get(DecisionCondition, id=condition_id)
        decision = work.get(Decision, id=condition.decision_id) if condition else None
        if condition is None or decision is None:
            raise NotFound("This condition")
        require_assessment(work, decision.assessment_id)
        work.read_anew(condition)
        if _owns(work, actor, condition):
            keep_out(Action.CLOSE_CONDITION, Relation.OWNS)
        form.check()
        if condition.closed_at is not None:
            raise Refusal(
                "closed_already", "This condition was closed already.", "See who closed it."
            )
        condition.closed_at = work.now
        condition.closed_by = actor.id
        work.add(
            ConditionCheck(
                condition_id=condition.id,
                assessment_id=decision.assessment_id,
                found=text,
                checked_by=actor.id,
                checked_at=work.now,
            )
        )
        work.record(
            actor, Action.CLOSE_CONDITION, "condition", condition.id, decision.assessment_id
        )


def _owns(work: Work, actor: Actor, condition: DecisionCondition) -> bool:
    """By id; of a condition of before owners were people, by the name as it was typed."""
    owner = work.get(ConditionOwner, condition_id=condition.id)
    if owner is not None:
        return owner.person_id == actor.id
    return actor.name.casefold() in condition.owner.casefold()


def accept_risk(
    app: Application,
    actor: Actor,
    assessment_id: str,
    *,
    risk: str,
    control: str,
    expires_on: date | None,
) -> None:
    """Accept a risk that remains, until a day, with what makes up for it. Nothing renews it.

    In tier 1 for at most six months, else for at most twelve. Raises `Invalid` (risk, control,
    expires_on), `Refusal` (not_reviewed).
    """
    scope = authorise(actor, Action.ACCEPT_RISK, assessment_id)
    form = Form()
    today = app.clock().date()
    about = form.text("risk", risk, "The risk")
    instead = form.text("control", control, "What makes up for it")
    if expires_on is None:
        form.problem("expires_on", "The day until which it is accepted is missing.")
    else:
        form.not_in_the_past("expires_on", expires_on, today, "The day")
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_apart(work, actor, Action.ACCEPT_RISK, row)
        latest = _latest(row, today)
        if expires_on is not None and expires_on > latest:
            form.problem(
                "expires_on",
                f"In tier {tier_of(row) or 'unknown'} a risk is accepted for at most"
                f" {_months(row)} months, so until {latest.day} {latest:%B %Y}.",
            )
        form.check()
        if State(row.state) not in (State.REVIEWED, State.DECIDED) or expires_on is None:
            raise Refusal(
                "not_reviewed",
                "The review of this assessment is not finished, so its risk is not known yet.",
                "Wait until the result is there.",
            )
        accepted = RiskAcceptance(
            assessment_id=assessment_id,
            risk=about,
            control=instead,
            expires_on=expires_on,
            accepted_by=actor.id,
            accepted_at=work.now,
        )
        work.add(accepted)
        work.record(
            actor,
            Action.ACCEPT_RISK,
            "acceptance",
            accepted.id,
            assessment_id,
            expires_on=expires_on.isoformat(),
        )


def kept_apart(work: Work, actor: Actor, action: Action, *rows: Assessment) -> None:
    """Refuse to show what was submitted while it is sealed, and to whoever judges and has not
    declared, or is in conflict. Reading what had been sealed is an event.

    Raises `NotAllowed` (sealed, undeclared, conflicted).
    """
    bids = kept_sealed(work, actor, action, *rows)
    about = {row.engagement_id for row in rows if row.questionnaire_id != INTAKE}
    for relation in withheld_from(work, actor, about).values():
        keep_out(action, relation)
    _note_readings(work, actor, action, bids)


def kept_sealed(work: Work, actor: Actor, action: Action, *rows: Assessment) -> list[Bid]:
    """Refuse staff whatever tells of a sealed bid's answers; gives the bids among `rows`.

    Raises `NotAllowed` (sealed), and `Refusal` (tender_key_broken) where an opened bid cannot be
    read any more.
    """
    if actor.kind != "person":
        return []
    bids = [bid for row in rows if (bid := work.bid(row.id)) is not None]
    for bid in bids:
        if bid.sealed:
            keep_out(action, Relation.SEALED, until=moment_says(bid.terms.deadline))
        work.require_opened(bid.assessment_id)
    return bids


def _note_readings(work: Work, actor: Actor, action: Action, bids: Iterable[Bid]) -> None:
    if action is not Action.OPEN_EVIDENCE:  # which is an event of its own
        for bid in bids:
            work.note_reading(actor, action, bid.assessment_id)


def withheld_from(
    work: Work, actor: Actor, engagement_ids: Collection[str]
) -> dict[str, Literal[Relation.UNDECLARED, Relation.CONFLICTED]]:
    """By engagement, why its answers and figures are not shown to somebody who judges: nothing was
    declared, or a conflict of interest. One query; engagements that are shown are left out.
    """
    if actor.kind != "person" or not actor.has(*JUDGING_ROLES) or not engagement_ids:
        return {}
    said = work.declared_by(actor.id, engagement_ids)
    return {
        id_: Relation.CONFLICTED if id_ in said else Relation.UNDECLARED
        for id_ in engagement_ids
        if id_ not in said or said[id_].conflict
    }


def wrote_rubric(app: Application, work: Work, actor: Actor, row: Assessment) -> bool:
    """Whether the actor is named as an author of the rubric that an assessment is pinned to."""
    authors = content_of(app, row).rubric.authors
    if not authors or actor.kind != "person":
        return False
    return work.email_of(actor.id).strip().casefold() in authors


def require_no_author(
    app: Application, work: Work, actor: Actor, action: Action, row: Assessment
) -> None:
    """Refuse a judgement to whoever wrote the rubric. Raises `NotAllowed` (wrote_rubric)."""
    if wrote_rubric(app, work, actor, row):
        keep_out(action, Relation.WROTE_RUBRIC)


def require_approved(work: Work, row: Assessment) -> None:
    """Refuse to invite to an assessment that a second officer has to approve first."""
    if needs_approval(row) and work.get(ScopeApproval, assessment_id=row.id) is None:
        keep_out(Action.INVITE, Relation.UNAPPROVED)


def needs_approval(row: Assessment) -> bool:
    """Whether a second officer approves an assessment before anybody is invited to it."""
    drafted = State(row.state) is State.DRAFT and row.questionnaire_id != INTAKE
    return drafted and tier_of(row) in APPROVED_TIERS


def granted_overrides(work: Work, assessment_id: str, scorecard_id: str) -> dict[str, Override]:
    """By outcome, the overrides that were granted on exactly these figures."""
    found = work.all(Override, assessment_id=assessment_id, scorecard_id=scorecard_id, granted=True)
    return {one.outcome: one for one in found}


def checks_of(work: Work, conditions: Iterable[DecisionCondition]) -> dict[str, ConditionCheck]:
    """What was found when conditions were closed, by condition."""
    closed = {one.id for one in conditions if one.closed_at is not None}
    return {one.condition_id: one for one in work.all(ConditionCheck)} if closed else {}


def _relation(actor: Actor, said: Mapping[str, ConflictDeclaration]) -> Relation | None:
    if not actor.has(*JUDGING_ROLES):
        return None
    if actor.id not in said:
        return Relation.UNDECLARED
    return Relation.CONFLICTED if said[actor.id].conflict else None


def _override_view(
    actor: Actor,
    one: Override,
    names: Mapping[str, str],
    card: str | None,
    kept_out: Relation | None,
) -> OverrideView:
    current = one.scorecard_id == card
    return OverrideView(
        id=one.id,
        outcome=one.outcome,
        reason=one.reason,
        asked_by=names.get(one.asked_by, ""),
        asked_at=one.asked_at,
        granted=one.granted,
        settled_reason=one.settled_reason,
        settled_by=names.get(one.settled_by or ""),
        settled_at=one.settled_at,
        current=current,
        may_settle=one.granted is None
        and current
        and kept_out is None
        and actor.id != one.asked_by
        and allowed(actor, Action.SETTLE_OVERRIDE),
    )


def _card(work: Work, assessment_id: str) -> Scorecard:
    found: tuple[Submission, Scorecard] | None = work.latest_scorecards([assessment_id]).get(
        assessment_id
    )
    if found is None:
        raise NotFound("This scorecard")
    return found[1]


def _months(row: Assessment) -> int:
    return _LONGEST_ACCEPTANCE.get(tier_of(row) or "1", _OTHERWISE)


def _latest(row: Assessment, today: date) -> date:
    month = today.month - 1 + _months(row)
    year, month = today.year + month // 12, month % 12 + 1
    return date(year, month, min(today.day, monthrange(year, month)[1]))
