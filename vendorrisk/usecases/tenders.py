"""Sealed tenders: one set of questions for all bidders, opened together after the deadline."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from vendorrisk import tender as rules
from vendorrisk.access import (
    ROLE_SAYS,
    SYSTEM,
    Action,
    Actor,
    Relation,
    Role,
    allowed,
    authorise,
    keep_out,
)
from vendorrisk.assessment import STATE_SAYS, State
from vendorrisk.keys import Keys
from vendorrisk.store import Bid, BrokenKey, PortfolioRow, Work, sealing, terms_of
from vendorrisk.store.tables import Assessment, Tender, TenderBid
from vendorrisk.tender import LATE_SAYS, STAGE_SAYS, LateRule, Stage
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.intake import INTAKE
from vendorrisk.usecases.scorecards import compute
from vendorrisk.usecases.sheets import content_of, require_assessment, sheet_of
from vendorrisk.usecases.vendors import bid_says

_WITH_BIDDER = frozenset({State.DRAFT, State.INVITED, State.IN_PROGRESS, State.RETURNED})


@dataclass(frozen=True, slots=True)
class BidView:
    """A bidder as the reader may know it: `name` is its pseudonym where that was promised.

    `says` is where the bid stands, in words that tell nothing of its answers. `submitted_at` is of
    the latest submission; `reviewable` once the bids are opened and this one was submitted.
    """

    assessment_id: str
    engagement_id: str | None
    name: str
    title: str
    pseudonym: str
    state: State
    says: str
    submitted_at: datetime | None
    late: bool
    reviewable: bool


@dataclass(frozen=True, slots=True)
class TenderView:
    """A tender, where it stands, and what may happen next. Times are in UTC.

    `next_step` says what is waited for, and `whom`, which is empty once nothing is; `yours` where
    the reader is waited on. The `may_…` say what the reader may do now.
    `bidders` are the names of all bidders by alphabet, so that whoever judges can tell whether they
    have a conflict of interest; `names_hidden` while the reader sees pseudonyms. `addable` are
    assessments that could be added, by id, for who may.
    """

    id: str
    title: str
    questionnaire: str
    questionnaire_id: str
    questionnaire_digest: str
    rubric_digest: str
    deadline: datetime
    late_rule: LateRule
    late_says: str
    pseudonymous: bool
    names_hidden: bool
    stage: Stage
    stage_says: str
    bids: tuple[BidView, ...]
    bidders: tuple[str, ...]
    created_by: str
    created_at: datetime
    published_at: datetime | None
    unsealed_by: str | None
    unsealed_at: datetime | None
    locked_by: str | None
    locked_at: datetime | None
    next_step: str
    whom: str
    yours: bool
    may_change: bool
    may_extend: bool
    may_unseal: bool
    may_lock: bool
    why_not_unseal: str | None
    addable: Mapping[str, str]


def tenders(app: Application, actor: Actor) -> tuple[TenderView, ...]:
    """Every tender, those that are not over first, the earliest deadline first."""
    scope = authorise(actor, Action.TENDERS)
    with app.store.read(scope) as work:
        found = tuple(_view(app, work, actor, row) for row in work.all(Tender, "deadline", "id"))
    return tuple(sorted(found, key=lambda one: one.stage is Stage.LOCKED))


def tender(app: Application, actor: Actor, tender_id: str) -> TenderView:
    """One tender with its bids."""
    scope = authorise(actor, Action.TENDER)
    with app.store.read(scope) as work:
        row = work.get(Tender, id=tender_id)
        if row is None:
            raise NotFound("This tender")
        return _view(app, work, actor, row)


def open_tender(
    app: Application,
    actor: Actor,
    *,
    title: str,
    assessment_ids: Collection[str],
    deadline: datetime | None,
    late_rule: str,
    pseudonymous: bool,
) -> str:
    """Prepare a tender; gives its id. Its bids are assessments to which nobody was invited yet.

    From now on their answers are stored sealed. Raises `Invalid` (title, deadline, late_rule,
    assessment_ids), and whatever `add_bid` raises for the first that cannot bid.
    """
    scope = authorise(actor, Action.OPEN_TENDER)
    form = Form()
    name = form.line("title", title, "A title")
    if late_rule not in set(LateRule):
        form.problem("late_rule", "Choose what becomes of late answers.")
    if deadline is None or deadline.tzinfo is None:
        form.problem("deadline", "The deadline is missing.")
    elif deadline <= app.clock():
        form.problem("deadline", "The deadline lies in the past.")
    if not assessment_ids:
        form.problem("assessment_ids", "Choose the assessments that are to bid.")
    form.check()
    if deadline is None:
        raise ValueError("the form was checked")
    with app.store.begin(scope) as work:
        first = require_assessment(work, next(iter(assessment_ids)))
        row = Tender(
            title=name,
            questionnaire_id=first.questionnaire_id,
            questionnaire_version=first.questionnaire_version,
            questionnaire_digest=first.questionnaire_digest,
            rubric_digest=first.rubric_digest,
            deadline=deadline,
            late_rule=late_rule,
            pseudonymous=pseudonymous,
            created_by=actor.id,
            created_at=work.now,
        )
        work.make_key(row)
        work.add(row)
        work.record(
            actor,
            Action.OPEN_TENDER,
            "tender",
            row.id,
            title=name,
            deadline=deadline.isoformat(),
            late_rule=late_rule,
            pseudonymous=pseudonymous,
            questionnaire=row.questionnaire_digest,
            rubric=row.rubric_digest,
        )
        for assessment_id in dict.fromkeys(assessment_ids):
            _add(work, actor, row, assessment_id)
    return row.id


def add_bid(app: Application, actor: Actor, tender_id: str, assessment_id: str) -> None:
    """Let one more assessment bid, before the tender is published.

    Raises `Refusal` (tender_published, not_a_draft, other_questions, bids_already).
    """
    scope = authorise(actor, Action.ADD_BID)
    with app.store.begin(scope) as work:
        row = _held(work, tender_id)
        rules.require_draft(terms_of(row))
        _add(work, actor, row, assessment_id)


def remove_bid(app: Application, actor: Actor, tender_id: str, assessment_id: str) -> None:
    """Take an assessment out of a tender that is not published; it goes on by itself then."""
    scope = authorise(actor, Action.REMOVE_BID)
    with app.store.begin(scope) as work:
        row = _held(work, tender_id)
        rules.require_draft(terms_of(row))
        bid = work.get(TenderBid, assessment_id=assessment_id, tender_id=tender_id)
        if bid is None:
            raise NotFound("This bid")
        work.remove(bid)
        work.record(actor, Action.REMOVE_BID, "tender", row.id, assessment_id)


def publish_tender(app: Application, actor: Actor, tender_id: str) -> None:
    """Fix a tender for good: its bidders can be invited from now on, and pseudonyms are drawn.

    Raises `Refusal` (tender_published, too_few_bids, deadline_passed).
    """
    scope = authorise(actor, Action.PUBLISH_TENDER)
    with app.store.begin(scope) as work:
        row = _held(work, tender_id)
        bids = work.all(TenderBid, "assessment_id", tender_id=tender_id)
        rules.require_publishable(terms_of(row), len(bids), work.now)
        for bid in bids:
            _require_joins(row, require_assessment(work, bid.assessment_id))
        drawn = rules.pseudonyms([bid.assessment_id for bid in bids])
        for bid in bids:
            bid.pseudonym = drawn[bid.assessment_id]
            work.record(actor, Action.PUBLISH_TENDER, "tender", row.id, bid.assessment_id)
        row.published_at, row.published_by = work.now, actor.id
        work.record(actor, Action.PUBLISH_TENDER, "tender", row.id, bids=len(bids))


def extend_deadline(app: Application, actor: Actor, tender_id: str, deadline: datetime) -> None:
    """Move a deadline; of a published tender only to a later time, and before it has passed.

    Raises `Refusal` (deadline_passed, deadline_not_later).
    """
    scope = authorise(actor, Action.EXTEND_DEADLINE)
    with app.store.begin(scope) as work:
        row = _held(work, tender_id)
        rules.require_later(terms_of(row), deadline, work.now)
        before, row.deadline = row.deadline, deadline
        work.record(
            actor,
            Action.EXTEND_DEADLINE,
            "tender",
            row.id,
            before=before.isoformat(),
            after=deadline.isoformat(),
        )


def unseal(app: Application, actor: Actor, tender_id: str) -> None:
    """Open the bids of a tender: its key is released, and what was submitted is scored.

    Raises `NotAllowed` (began_tender), `Refusal` (not_due, opened_already, tender_key_broken).
    """
    scope = authorise(actor, Action.UNSEAL)
    with app.store.begin(scope) as work:
        # Assessments first, in one order: whoever submits takes its own and then the tender.
        bids = sorted(bid.assessment_id for bid in work.all(TenderBid, tender_id=tender_id))
        rows = [require_assessment(work, assessment_id) for assessment_id in bids]
        row = _held(work, tender_id)
        rules.require_due(terms_of(row), work.now)
        if actor.id in (row.created_by, row.published_by):
            keep_out(Action.UNSEAL, Relation.BEGAN_TENDER)
        work.release_key(row, actor.id)
        work.record(actor, Action.UNSEAL, "tender", row.id, bids=len(bids))
        for assessment in rows:
            work.record(actor, Action.UNSEAL, "tender", row.id, assessment.id)
            sheet = sheet_of(app, work, assessment)
            assessment.answered, assessment.asked = sheet.progress.answered, sheet.progress.asked
            submission = work.latest_submission(assessment.id)
            if submission is not None:
                compute(work, SYSTEM, assessment, submission, sheet.content)


def lock_scores(app: Application, actor: Actor, tender_id: str) -> None:
    """Let the judgements of a tender stand; names take the place of pseudonyms, and it is decided.

    Raises `Refusal` (not_opened, not_reviewed, locked_already).
    """
    scope = authorise(actor, Action.LOCK_SCORES)
    with app.store.begin(scope) as work:
        bids = sorted(bid.assessment_id for bid in work.all(TenderBid, tender_id=tender_id))
        rows = [require_assessment(work, assessment_id) for assessment_id in bids]
        row = _held(work, tender_id)
        rules.require_lockable(terms_of(row), work.now, _unreviewed(rows))
        row.locked_at, row.locked_by = work.now, actor.id
        work.record(actor, Action.LOCK_SCORES, "tender", row.id, bids=len(bids))
        for assessment_id in bids:
            work.record(actor, Action.LOCK_SCORES, "tender", row.id, assessment_id)


def seal_anew(work: Work, before: Keys, after: Keys) -> tuple[int, int]:
    """Seal tenders' keys with another master key, within the transaction that changes it; how many
    were, and how many do not open.
    """
    sealed = lost = 0
    for row in work.all(Tender, "id"):
        try:
            sealed += sealing.seal_anew(
                before.derive(sealing.PURPOSE), after.derive(sealing.PURPOSE), row
            )
        except BrokenKey:  # changed by hand: `verify` tells of it
            lost += 1
    return sealed, lost


def _add(work: Work, actor: Actor, row: Tender, assessment_id: str) -> None:
    assessment = require_assessment(work, assessment_id)
    if assessment.questionnaire_id == INTAKE:
        raise NotFound("This assessment")
    _require_joins(row, assessment)
    if work.get(TenderBid, assessment_id=assessment_id) is not None:
        raise Refusal(
            "bids_already",
            "This assessment is part of a tender already.",
            "An assessment bids once; open another one for another tender.",
        )
    work.add(
        TenderBid(
            assessment_id=assessment_id,
            tender_id=row.id,
            engagement_id=assessment.engagement_id,
        )
    )
    work.record(actor, Action.ADD_BID, "tender", row.id, assessment_id)


def _require_joins(row: Tender, assessment: Assessment) -> None:
    """Refuse a bid that was begun, or that asks or judges anything else than the others do."""
    if State(assessment.state) is not State.DRAFT:
        raise Refusal(
            "not_a_draft",
            f"Only an assessment to which nobody was invited yet can bid: this one is"
            f" “{STATE_SAYS[State(assessment.state)]}”.",
            "Open a new assessment for the engagement, and add that.",
        )
    own = (assessment.questionnaire_digest, assessment.rubric_digest)
    if own != (row.questionnaire_digest, row.rubric_digest):
        raise Refusal(
            "other_questions",
            "This assessment asks or judges something else than the other bids.",
            "All bids of a tender have the same questionnaire and rubric, in the same version.",
        )


def _held(work: Work, tender_id: str) -> Tender:
    row = work.hold_tender(tender_id, alone=True)
    if row is None:
        raise NotFound("This tender")
    return row


def _unreviewed(rows: Collection[Assessment]) -> int:
    """How many submitted bids still can be judged."""
    return sum(State(row.state) in (State.SUBMITTED, State.IN_REVIEW) for row in rows)


def _view(app: Application, work: Work, actor: Actor, row: Tender) -> TenderView:
    bids = [bid for bid in work.bids().values() if bid.tender_id == row.id]
    listed = work.portfolio(assessment_ids=[bid.assessment_id for bid in bids])
    terms = terms_of(row)
    stage = terms.stage(work.now)
    hidden = row.pseudonymous and row.locked_at is None and not work.scope.names
    by_id = {bid.assessment_id: bid for bid in bids}
    views = [
        _bid_view(by_id[one.assessment.id], one, named=not hidden, closed=terms.is_closed(work.now))
        for one in listed
        if one.assessment is not None and one.engagement is not None
    ]
    rows = [one.assessment for one in listed if one.assessment is not None]
    names = work.names(
        {one for one in (row.created_by, row.unsealed_by, row.locked_by) if one is not None}
    )
    began = actor.id in (row.created_by, row.published_by)
    roles, step = _next(stage, rows)
    officer = allowed(actor, Action.OPEN_TENDER)
    try:
        title = content_of(app, rows[0]).questionnaire.title if rows else row.questionnaire_id
    except Refusal:
        title = row.questionnaire_id
    draft = stage is Stage.DRAFT
    return TenderView(
        id=row.id,
        title=row.title,
        questionnaire=title,
        questionnaire_id=row.questionnaire_id,
        questionnaire_digest=row.questionnaire_digest,
        rubric_digest=row.rubric_digest,
        deadline=row.deadline,
        late_rule=terms.late_rule,
        late_says=LATE_SAYS[terms.late_rule],
        pseudonymous=row.pseudonymous,
        names_hidden=hidden,
        stage=stage,
        stage_says=STAGE_SAYS[stage],
        bids=tuple(sorted(views, key=lambda one: (one.name.casefold(), one.assessment_id))),
        bidders=work.bidders(row.id),
        created_by=names.get(row.created_by, ""),
        created_at=row.created_at,
        published_at=row.published_at,
        unsealed_by=names.get(row.unsealed_by or ""),
        unsealed_at=row.unsealed_at,
        locked_by=names.get(row.locked_by or ""),
        locked_at=row.locked_at,
        next_step=step,
        whom=_whom(stage, roles),
        yours=actor.has(*roles) and not (began and stage is Stage.DUE),
        may_change=officer and draft,
        may_extend=officer and stage in (Stage.DRAFT, Stage.OPEN),
        may_unseal=allowed(actor, Action.UNSEAL) and stage is Stage.DUE and not began,
        may_lock=allowed(actor, Action.LOCK_SCORES)
        and stage is Stage.UNSEALED
        and not _unreviewed(rows),
        why_not_unseal="You opened or published this tender, so another second officer opens its"
        " bids."
        if began and stage is Stage.DUE and allowed(actor, Action.UNSEAL)
        else None,
        addable=_addable(work, row) if officer and draft else {},
    )


def joinable(app: Application, actor: Actor) -> tuple[tuple[str, str, str], ...]:
    """Assessments that a new tender could group: id, what it is, and the digests they share."""
    scope = authorise(actor, Action.JOINABLE)
    with app.store.read(scope) as work:
        return tuple(
            (one.id, says, f"{one.questionnaire_digest} {one.rubric_digest}")
            for one, says in _drafts(work)
        )


def _drafts(work: Work) -> list[tuple[Assessment, str]]:
    """Assessments to which nobody was invited and that bid nowhere, with what they are."""
    bids = work.bids()
    return [
        (row.assessment, f"{row.vendor.name}: {row.engagement.title}")
        for row in work.portfolio()
        if row.assessment is not None
        and row.engagement is not None
        and row.assessment.questionnaire_id != INTAKE
        and row.assessment.id not in bids
        and State(row.assessment.state) is State.DRAFT
    ]


def _addable(work: Work, tender: Tender) -> dict[str, str]:
    wanted = (tender.questionnaire_digest, tender.rubric_digest)
    return {
        one.id: says
        for one, says in _drafts(work)
        if (one.questionnaire_digest, one.rubric_digest) == wanted
    }


def _bid_view(bid: Bid, one: PortfolioRow, *, named: bool, closed: bool) -> BidView:
    if one.assessment is None or one.engagement is None:
        raise ValueError("a bid is an assessment of an engagement")
    state = State(one.assessment.state)
    submitted = one.submitted_at is not None and state not in _WITH_BIDDER
    silent = closed and one.submitted_at is None
    return BidView(
        assessment_id=bid.assessment_id,
        engagement_id=one.engagement.id if named else None,
        name=one.vendor.name,
        title=one.engagement.title,
        pseudonym=bid.pseudonym,
        state=state,
        says="Nothing was submitted" if silent else bid_says(bid, state),
        submitted_at=one.submitted_at,
        late=bid.late,
        reviewable=submitted and not bid.sealed,
    )


def _next(stage: Stage, rows: Collection[Assessment]) -> tuple[tuple[Role, ...], str]:
    """Who on staff is waited on, if anybody is, and for what."""
    officer = (Role.PROCUREMENT_OFFICER,)
    if stage is Stage.DRAFT:
        return officer, "Check the terms and the bidders, then publish the tender."
    if stage is Stage.OPEN:
        waiting = sum(State(row.state) is State.DRAFT for row in rows)
        if waiting:
            bidders = "1 bidder" if waiting == 1 else f"{waiting} bidders"
            return officer, f"Invite {bidders}: nobody there has a link yet."
        return (), "They answer and submit until the deadline."
    if stage is Stage.DUE:
        return (Role.SECOND_OFFICER,), "Open the bids."
    if stage is Stage.UNSEALED:
        open_ones = _unreviewed(rows)
        if open_ones:
            bids = "1 bid" if open_ones == 1 else f"{open_ones} bids"
            return (Role.REVIEWER,), f"Review {bids}."
        return (Role.MODERATOR, Role.SECOND_OFFICER), "Lock the scores."
    if any(State(row.state) is State.REVIEWED for row in rows):
        return (Role.COMMITTEE_MEMBER,), "Compare the bids and decide."
    return (), "Every bid is decided."


def _whom(stage: Stage, roles: Collection[Role]) -> str:
    if roles:
        return "a " + " or ".join(ROLE_SAYS[role] for role in roles)
    return "the bidders" if stage is Stage.OPEN else ""
