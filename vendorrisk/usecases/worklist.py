"""What waits on whom, and since when: the first page of every role."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby

from vendorrisk.access import ROLE_SAYS, Action, Actor, Role, allowed, authorise
from vendorrisk.assessment import State
from vendorrisk.store import PortfolioRow, Work, terms_of
from vendorrisk.store.tables import Lifting, Override, ScopeApproval, Tender
from vendorrisk.tender import Stage
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.duties import needs_approval
from vendorrisk.usecases.intake import INTAKE
from vendorrisk.usecases.judgements import SEATS, two_begin
from vendorrisk.usecases.reviewing import reviewers_of
from vendorrisk.usecases.vendors import title_of


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits. `yours` is true where the actor can do the next step.

    `page` is the page to open (vendors, engagement, questionnaire, review, decide, people or
    tenders) with `engagement_id`, `assessment_id` or `tender_id`; `whom` says who is waited on, in
    words.
    """

    what: str
    whom: str
    since: datetime
    due_on: date | None
    overdue: bool
    yours: bool
    next_step: str
    page: str
    engagement_id: str | None
    assessment_id: str | None
    tender_id: str | None = None


def waiting(app: Application, actor: Actor) -> tuple[Waiting, ...]:
    """What waits on the actor first, then on others; the longest waiting first in each."""
    scope = authorise(actor, Action.WAITING)
    today = app.clock().date()
    found: list[Waiting] = []
    with app.store.read(scope) as work:
        if actor.has(Role.ADMINISTRATOR):
            found += _people(work)
        if actor.roles != {Role.ADMINISTRATOR}:
            rows = work.portfolio()
            approved = {one.assessment_id for one in work.all(ScopeApproval)}
            for _, group in groupby(rows, key=lambda row: row.vendor.id):
                found += _vendor(app, list(group), actor, approved)
            found = list(_judged_alone(app, work, rows, actor, found))
            found += _tenders(work, rows, actor)
            found = [item for item in found if not _waits_in_tender(work, item)]
            found += _overrides(work, rows, actor)
            found += _liftings(work, rows, actor)
            found += _conditions(work, rows, actor, today)
            found = [_kept_apart(work, actor, item) for item in found]
    return tuple(sorted(found, key=lambda item: (not item.yours, item.since, item.what)))


def _vendor(
    app: Application, rows: Sequence[PortfolioRow], actor: Actor, approved: Collection[str]
) -> Iterator[Waiting]:
    vendor = rows[0].vendor
    officer = actor.has(Role.PROCUREMENT_OFFICER)
    if rows[0].engagement is None:
        yield Waiting(
            what=vendor.name,
            whom="procurement officer",
            since=vendor.created_at,
            due_on=None,
            overdue=False,
            yours=officer,
            next_step="Register what you want to buy from this vendor",
            page="vendors",
            engagement_id=None,
            assessment_id=None,
        )
    for _, group in groupby(rows, key=lambda row: row.engagement and row.engagement.id):
        of_engagement = list(group)
        intake = next(
            (r for r in of_engagement if r.assessment and r.assessment.questionnaire_id == INTAKE),
            None,
        )
        others = [r for r in of_engagement if r.assessment and r is not intake]
        if intake is not None and not others:
            yield _intake(intake, officer)
        yield from _sets(app, others, actor, approved)


def _sets(
    app: Application, rows: Sequence[PortfolioRow], actor: Actor, approved: Collection[str]
) -> Iterator[Waiting]:
    """What each set of an engagement waits for, by its name where there are several.

    The decision covers them all, so it waits once, and only when every set is reviewed.
    """
    under_way = [row for row in rows if row.assessment and State(row.assessment.state) in _STEPS]
    open_ones = [
        row
        for row in under_way
        if row.assessment and State(row.assessment.state) is not State.REVIEWED
    ]
    for row in open_ones or under_way[:1]:
        step = _step(row, actor, app.clock(), approved)
        if step is not None and row.assessment is not None:
            named = bool(open_ones) and len(rows) > 1
            title = f" ({title_of(app, row.assessment)})" if named else ""
            yield replace(step, what=step.what + title)


def _intake(row: PortfolioRow, officer: bool) -> Waiting:
    if row.assessment is None or row.engagement is None:
        raise ValueError("an intake belongs to an engagement")
    complete = row.assessment.asked > 0 and row.assessment.answered == row.assessment.asked
    return Waiting(
        what=f"{row.vendor.name}: {row.engagement.title}",
        whom="procurement officer",
        since=row.assessment.state_since,
        due_on=None,
        overdue=False,
        yours=officer,
        next_step="Open an assessment" if complete else "Answer the intake",
        page="engagement" if complete else "questionnaire",
        engagement_id=row.engagement.id,
        assessment_id=None if complete else row.assessment.id,
    )


# In each state: the role that is waited on (None: the vendor), the next step, and the page for it.
_STEPS: dict[State, tuple[Role | None, str, str]] = {
    State.DRAFT: (Role.PROCUREMENT_OFFICER, "Invite a contact of the vendor", "engagement"),
    State.INVITED: (None, "The vendor opens its invitation and begins", "engagement"),
    State.IN_PROGRESS: (None, "The vendor answers and submits", "engagement"),
    State.RETURNED: (None, "The vendor corrects its answers and submits again", "engagement"),
    State.SUBMITTED: (Role.REVIEWER, "Review the answers", "review"),
    State.IN_REVIEW: (Role.REVIEWER, "Finish the review", "review"),
    State.REVIEWED: (Role.COMMITTEE_MEMBER, "Decide", "decide"),
}


def _step(
    row: PortfolioRow, actor: Actor, now: datetime, approved: Collection[str]
) -> Waiting | None:
    if row.assessment is None or row.engagement is None:
        return None
    state = State(row.assessment.state)
    if state not in _STEPS:
        return None
    role, next_step, page = _STEPS[state]
    yours = True
    if needs_approval(row.assessment) and row.assessment.id not in approved:
        role, next_step = Role.SECOND_OFFICER, "Approve what the vendor is asked"
        yours = actor.id != row.assessment.created_by
    due_on = row.assessment.due_on if role is None or state is State.DRAFT else None
    if role is None and (row.invited_until is None or row.invited_until <= now):
        role, page = Role.PROCUREMENT_OFFICER, "engagement"
        next_step = "The invitation no longer works: make a new one"
    return Waiting(
        what=f"{row.vendor.name}: {row.engagement.title}",
        whom=row.vendor.name if role is None else ROLE_SAYS[role],
        since=row.assessment.state_since,
        due_on=due_on,
        overdue=due_on is not None and due_on < now.date(),
        yours=yours and role is not None and actor.has(role),
        next_step=next_step,
        page=page,
        engagement_id=row.engagement.id,
        assessment_id=row.assessment.id,
    )


def _conditions(
    work: Work, rows: Sequence[PortfolioRow], actor: Actor, today: date
) -> Iterator[Waiting]:
    """The earliest open condition of each decision."""
    open_ones = {row.assessment.id: row for row in rows if row.assessment and row.conditions_open}
    for item in work.decisions(open_ones) if open_ones else ():
        row = open_ones[item.decision.assessment_id]
        condition = next((c for c in item.conditions if c.closed_at is None), None)
        if condition is None or row.engagement is None:
            continue
        yield Waiting(
            what=f"{row.vendor.name}: {condition.text}",
            whom=condition.owner,
            since=item.decision.decided_at,
            due_on=condition.due_on,
            overdue=condition.due_on < today,
            yours=actor.has(Role.PROCUREMENT_OFFICER),
            next_step="Ask for the proof" + (f": {condition.proof}" if condition.proof else ""),
            page="decide",
            engagement_id=row.engagement.id,
            assessment_id=item.decision.assessment_id,
        )


def _overrides(work: Work, rows: Sequence[PortfolioRow], actor: Actor) -> Iterator[Waiting]:
    """Requests to open a closed outcome, which wait for a second person until it is decided."""
    reviewed = {
        row.assessment.id: row
        for row in rows
        if row.assessment is not None and State(row.assessment.state) is State.REVIEWED
    }
    for asked in work.all(Override, granted=None):
        row = reviewed.get(asked.assessment_id)
        if row is not None and row.engagement is not None:
            yield Waiting(
                what=f"{row.vendor.name}: {row.engagement.title}",
                whom="a second person",
                since=asked.asked_at,
                due_on=None,
                overdue=False,
                yours=allowed(actor, Action.SETTLE_OVERRIDE) and actor.id != asked.asked_by,
                next_step="Grant or refuse to open a closed outcome",
                page="decide",
                engagement_id=row.engagement.id,
                assessment_id=asked.assessment_id,
            )


def _judged_alone(
    app: Application,
    work: Work,
    rows: Sequence[PortfolioRow],
    actor: Actor,
    items: Sequence[Waiting],
) -> Iterator[Waiting]:
    """Reviews by two who judge alone, which wait on one of them, or on a moderator, in turn."""
    reviewed = {
        row.assessment.id: row.assessment
        for row in rows
        if row.assessment is not None
        and State(row.assessment.state) in (State.SUBMITTED, State.IN_REVIEW)
    }
    taken = work.seats(list(reviewed)) if reviewed else {}
    to_settle = work.open_differences(list(taken)) if taken else frozenset()
    names = work.names({one.seat.person_id for seats in taken.values() for one in seats})
    for item in items:
        row = reviewed.get(item.assessment_id or "")
        if item.page != "review" or row is None or not (row.id in taken or two_begin(app, row)):
            yield item
            continue
        seats = [one for one in taken.get(row.id, []) if one.seat.freed_at is None]
        late = [one.seat.person_id for one in seats if not one.handed_in]
        own = next((one for one in seats if one.seat.person_id == actor.id), None)
        if row.id in to_settle:
            yield replace(
                item,
                whom=ROLE_SAYS[Role.MODERATOR],
                next_step="Settle where the two reviewers differ",
                yours=own is None and allowed(actor, Action.SETTLE_JUDGEMENT),
            )
        elif late or len(seats) < SEATS:
            missing = _NOT_YET[SEATS - len(seats)]
            mine = len(seats) < SEATS if own is None else not own.handed_in
            yield replace(
                item,
                whom=" and ".join([*(names.get(one, "") for one in late), *missing]),
                next_step="Judge the answers alone",
                yours=mine and allowed(actor, Action.JUDGE_ALONE),
            )
        else:
            yours = allowed(actor, Action.FINISH_REVIEW)
            yield replace(item, next_step=_STEPS[State.IN_REVIEW][1], yours=yours)


_NOT_YET = ((), ("a second reviewer",), ("two reviewers",))
"""Who is waited on besides those who have begun, by how many seats are free."""


def _liftings(work: Work, rows: Sequence[PortfolioRow], actor: Actor) -> Iterator[Waiting]:
    """Requests to lift a knockout or cap, which wait for a moderator while it is reviewed."""
    in_review = {
        row.assessment.id: row
        for row in rows
        if row.assessment is not None and State(row.assessment.state) is State.IN_REVIEW
    }
    for asked in work.all(Lifting, granted=None):
        row = in_review.get(asked.assessment_id)
        latest = work.latest_submission(asked.assessment_id) if row else None
        if row is None or latest is None or latest.id != asked.submission_id:
            continue
        if row.engagement is not None:
            yield Waiting(
                what=f"{row.vendor.name}: {row.engagement.title}",
                whom=ROLE_SAYS[Role.MODERATOR],
                since=asked.asked_at,
                due_on=None,
                overdue=False,
                yours=allowed(actor, Action.SETTLE_LIFTING)
                and actor.id != asked.asked_by
                and actor.id not in work.inviters(asked.assessment_id),
                next_step="Grant or refuse to lift a knockout",
                page="review",
                engagement_id=row.engagement.id,
                assessment_id=asked.assessment_id,
            )


def _kept_apart(work: Work, actor: Actor, item: Waiting) -> Waiting:
    """A decision is nobody's who reviewed, even for somebody on the committee."""
    if item.yours and item.page == "decide" and item.assessment_id and item.next_step == "Decide":
        return replace(item, yours=actor.id not in reviewers_of(work, item.assessment_id))
    return item


def _tenders(work: Work, rows: Sequence[PortfolioRow], actor: Actor) -> Iterator[Waiting]:
    """What a tender as a whole waits for: its terms, its opening, the lock on its scores."""
    bids = work.bids()
    if not bids:
        return
    states: dict[str, set[State]] = {}
    for row in rows:
        if row.assessment is not None and row.assessment.id in bids:
            of_tender = states.setdefault(bids[row.assessment.id].tender_id, set())
            of_tender.add(State(row.assessment.state))
    for one in work.all(Tender, "deadline", "id"):
        terms = terms_of(one)
        stage = terms.stage(work.now)
        yours = True
        roles: tuple[Role, ...]
        if stage is Stage.DRAFT:
            roles, what, since = (Role.PROCUREMENT_OFFICER,), "Publish the terms", one.created_at
        elif stage is Stage.DUE:
            roles, what, since = (Role.SECOND_OFFICER,), "Open the bids", one.deadline
            yours = actor.id not in (one.created_by, one.published_by)
        elif stage is Stage.UNSEALED and states.get(one.id, set()).isdisjoint(_BEING_REVIEWED):
            roles = (Role.MODERATOR, Role.SECOND_OFFICER)
            what, since = "Lock the scores", one.unsealed_at or one.deadline
        else:
            continue
        yield Waiting(
            what=one.title,
            whom=" or ".join(ROLE_SAYS[role] for role in roles),
            since=since,
            due_on=one.deadline.date() if stage is Stage.DRAFT else None,
            overdue=False,
            yours=yours and actor.has(*roles),
            next_step=what,
            page="tenders",
            engagement_id=None,
            assessment_id=None,
            tender_id=one.id,
        )


def _waits_in_tender(work: Work, item: Waiting) -> bool:
    """Whether nobody can take this step before its tender has gone further, or ever again."""
    bid = work.bid(item.assessment_id) if item.assessment_id else None
    if bid is None:
        return False
    if item.page == "decide":
        return bid.terms.locked_at is None
    if item.page == "review":
        return bid.sealed
    if item.page == "engagement" and bid.terms.is_closed(work.now):
        return True
    return bid.terms.published_at is None and item.next_step == _STEPS[State.DRAFT][1]


_BEING_REVIEWED = frozenset({State.SUBMITTED, State.IN_REVIEW})


def _people(work: Work) -> Iterator[Waiting]:
    for item in work.people():
        if item.person.active and item.person.password_hash is None:
            yield Waiting(
                what=item.person.name,
                whom=item.person.name,
                since=item.person.created_at,
                due_on=None,
                overdue=False,
                yours=False,
                next_step="They choose a password with their link",
                page="people",
                engagement_id=None,
                assessment_id=None,
            )
