"""Vendors, their contacts, and the engagements that are assessed."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Literal

from vendorrisk.access import Action, Actor, Relation, authorise, keep_out
from vendorrisk.assessment import STATE_SAYS, State
from vendorrisk.store import Bid, PortfolioRow, Work, document_text
from vendorrisk.store.tables import Assessment, Contact, Delegation, Engagement, Invitation, Vendor
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.duties import withheld_from
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.intake import INTAKE, intake_of, open_intake
from vendorrisk.usecases.sets import EngagementResult, newest_of, result_of
from vendorrisk.usecases.sheets import content_of, tier_of
from vendorrisk.usecases.values import Progress

_CURRENCY = re.compile(r"[A-Z]{3}")
_LARGEST_VALUE = 10**15


Withheld = Literal[Relation.UNDECLARED, Relation.CONFLICTED]


@dataclass(frozen=True, slots=True)
class Headline:
    """The figures of an assessment's latest scorecard; None where there is no score.

    `claimed` and `assured` are 0 to 100, rounded down. `stopped_by` is "knockout", "cap",
    "not_cleared", "insufficient_basis" or None.
    """

    claimed: int | None
    assured: int | None
    band: str | None
    stopped_by: str | None


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A link that was made: open, used, expired or revoked. The token itself is not kept.

    `given_by` names the vendor's coordinator where it was they who gave it to a colleague.
    """

    id: str
    contact_id: str
    contact_name: str
    contact_email: str
    state: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    exchanged_at: datetime | None
    revoked_at: datetime | None
    given_by: str | None = None


@dataclass(frozen=True, slots=True)
class AssessmentRow:
    """One assessment of an engagement as a list shows it. `tier` is the pinned one, "1" to "4".

    `invitations` are filled on the page of one engagement and empty in lists of many. `withheld`
    says why there is no `headline` for somebody who judges: undeclared or conflicted. A bid in a
    tender names it; while it is `sealed`, `progress` says nothing.
    """

    id: str
    engagement_id: str
    title: str
    questionnaire_id: str
    version: int
    state: State
    state_says: str
    since: datetime
    due_on: date | None
    overdue: bool
    tier: str | None
    progress: Progress
    headline: Headline | None
    invitations: tuple[InvitationRow, ...]
    withheld: Withheld | None = None
    tender_id: str | None = None
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class ContactView:
    """A person at the vendor."""

    id: str
    name: str
    email: str
    job_title: str


@dataclass(frozen=True, slots=True)
class EngagementRow:
    """An engagement as a list shows it; `value_minor` is in whole minor units of `currency`.

    `result` is the worst of its sets' results, None before one is scored and where it is withheld.
    """

    id: str
    vendor_id: str
    vendor_name: str
    title: str
    value_minor: int | None
    currency: str | None
    registered_at: datetime
    tier: str | None
    intake: Progress
    assessments: tuple[AssessmentRow, ...]
    result: EngagementResult | None


@dataclass(frozen=True, slots=True)
class VendorRow:
    """A vendor with its engagements."""

    id: str
    name: str
    country: str
    created_at: datetime
    engagements: tuple[EngagementRow, ...]


@dataclass(frozen=True, slots=True)
class VendorView:
    """Everything about one vendor."""

    id: str
    name: str
    legal_name: str
    country: str
    website: str
    created_at: datetime
    created_by: str
    contacts: tuple[ContactView, ...]
    engagements: tuple[EngagementRow, ...]


@dataclass(frozen=True, slots=True)
class EngagementView:
    """One engagement: the vendor, what is bought, how risky it is at heart, its assessments.

    `intake_id` is the assessment in which staff answer the intake. `tier` and `tier_reasons`
    stand once the intake is complete. `may_open` says whether an assessment can be opened and
    `why_not` the sentence otherwise.
    """

    id: str
    vendor: VendorView
    title: str
    service: str
    value_minor: int | None
    currency: str | None
    starts_on: date | None
    ends_on: date | None
    data_classes: tuple[str, ...]
    created_at: datetime
    created_by: str
    intake_id: str
    intake: Progress
    tier: str | None
    tier_reasons: tuple[str, ...]
    assessments: tuple[AssessmentRow, ...]
    result: EngagementResult | None
    may_open: bool
    why_not: str | None


def vendors(app: Application, actor: Actor) -> tuple[VendorRow, ...]:
    """Every vendor by name, with engagements and assessments; a fixed number of queries."""
    scope = authorise(actor, Action.VENDORS)
    with app.store.read(scope) as work:
        rows, bids = work.portfolio(), work.bids()
        withheld = _withheld(work, actor, rows)
    listed = []
    for _, group in groupby(rows, key=lambda row: row.vendor.id):
        of_vendor = list(group)
        vendor = of_vendor[0].vendor
        engagements = _engagement_rows(app, of_vendor, withheld, bids)
        listed.append(
            VendorRow(vendor.id, vendor.name, vendor.country, vendor.created_at, engagements)
        )
    return tuple(listed)


def vendor(app: Application, actor: Actor, vendor_id: str) -> VendorView:
    """One vendor with contacts and engagements."""
    scope = authorise(actor, Action.VENDOR)
    with app.store.read(scope) as work:
        return _vendor_view(app, work, actor, vendor_id)


def register_vendor(
    app: Application,
    actor: Actor,
    *,
    name: str,
    contact_name: str,
    contact_email: str,
    contact_job_title: str = "",
    legal_name: str = "",
    country: str = "",
    website: str = "",
) -> VendorView:
    """Register a vendor with its first contact. `country` is ISO 3166-1 alpha-2 or empty.

    Raises `Invalid` with problems for every field at once.
    """
    scope = authorise(actor, Action.REGISTER_VENDOR)
    form = Form()
    row = Vendor(
        name=form.line("name", name, "The vendor's name"),
        legal_name=form.line("legal_name", legal_name, "The legal name", required=False),
        country=form.country("country", country),
        website=form.website("website", website),
        created_at=app.clock(),
        created_by=actor.id,
    )
    contact = Contact(
        vendor_id=row.id,
        name=form.line("contact_name", contact_name, "The contact's name"),
        email=form.email("contact_email", contact_email, "The contact's e-mail address"),
        job_title=form.line("contact_job_title", contact_job_title, "The role", required=False),
    )
    form.check()
    with app.store.begin(scope) as work:
        same = [other for other in work.all(Vendor) if _same_name(other.name, row.name)]
        if same:
            form.problem("name", f"{same[0].name} is registered already. Open that one instead.")
            form.check()
        work.add(row)
        work.record(actor, Action.REGISTER_VENDOR, "vendor", row.id, name=row.name)
        work.add(contact)
        work.record(actor, Action.ADD_CONTACT, "contact", contact.id, vendor=row.id)
        return _vendor_view(app, work, actor, row.id)


def add_contact(
    app: Application, actor: Actor, vendor_id: str, *, name: str, email: str, job_title: str = ""
) -> ContactView:
    """Add another person at the vendor. Raises `Invalid`."""
    scope = authorise(actor, Action.ADD_CONTACT)
    form = Form()
    contact = Contact(
        vendor_id=vendor_id,
        name=form.line("name", name, "The name"),
        email=form.email("email", email, "The e-mail address"),
        job_title=form.line("job_title", job_title, "The role", required=False),
    )
    form.check()
    with app.store.begin(scope) as work:
        if work.get(Vendor, id=vendor_id) is None:
            raise NotFound("This vendor")
        others = work.all(Contact, vendor_id=vendor_id)
        if any(other.email.casefold() == contact.email.casefold() for other in others):
            form.problem("email", "A contact with this address is there already.")
            form.check()
        work.add(contact)
        work.record(actor, Action.ADD_CONTACT, "contact", contact.id, vendor=vendor_id)
    return _contact_view(contact)


def register_engagement(
    app: Application,
    actor: Actor,
    vendor_id: str,
    *,
    title: str,
    service: str = "",
    value_minor: int | None = None,
    currency: str | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    data_classes: Collection[str] = (),
) -> str:
    """Register what is bought and open its intake; gives the engagement's id.

    `value_minor` is whole minor units (cents) of the ISO 4217 `currency`. Raises `Invalid`.
    """
    scope = authorise(actor, Action.REGISTER_ENGAGEMENT)
    form = Form()
    currency = (currency or "").strip().upper() or None
    if value_minor is not None and not 0 <= value_minor <= _LARGEST_VALUE:
        form.problem("value_minor", "The value must be zero or more, and plausible.")
    if value_minor is not None and (currency is None or not _CURRENCY.fullmatch(currency)):
        form.problem("currency", "Give the currency by its three letters, such as EUR or USD.")
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        form.problem("ends_on", "The end lies before the start.")
    row = Engagement(
        vendor_id=vendor_id,
        title=form.line("title", title, "A title"),
        service=form.text("service", service, "The description", required=False),
        value_minor=value_minor,
        currency=currency if value_minor is not None else None,
        starts_on=starts_on,
        ends_on=ends_on,
        data_classes=document_text(sorted(set(data_classes))),
        created_at=app.clock(),
        created_by=actor.id,
    )
    form.check()
    with app.store.begin(scope) as work:
        if work.get(Vendor, id=vendor_id) is None:
            raise NotFound("This vendor")
        work.add(row)
        work.record(actor, Action.REGISTER_ENGAGEMENT, "engagement", row.id, title=row.title)
        open_intake(app, actor, work, row.id)
    return row.id


def engagement(app: Application, actor: Actor, engagement_id: str) -> EngagementView:
    """One engagement with its vendor, intake, tier with reasons, assessments and invitations."""
    scope = authorise(actor, Action.ENGAGEMENT)
    with app.store.read(scope) as work:
        row = work.get(Engagement, id=engagement_id)
        if row is None:
            raise NotFound("This engagement")
        if work.mask_of(engagement_id) is not None:
            keep_out(Action.ENGAGEMENT, Relation.PSEUDONYMOUS)
        view = _vendor_view(app, work, actor, row.vendor_id)
        intake = intake_of(app, work, engagement_id)
        listed = next(e for e in view.engagements if e.id == engagement_id)
        assessments = tuple(
            replace(a, invitations=_invitation_rows(app, work, a.id)) for a in listed.assessments
        )
        created_by = work.names([row.created_by]).get(row.created_by, "")
    return EngagementView(
        id=row.id,
        vendor=view,
        title=row.title,
        service=row.service,
        value_minor=row.value_minor,
        currency=row.currency,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        data_classes=tuple(json.loads(row.data_classes)),
        created_at=row.created_at,
        created_by=created_by,
        intake_id=intake.assessment_id,
        intake=listed.intake,
        tier=intake.tier,
        tier_reasons=intake.reasons,
        assessments=assessments,
        result=listed.result,
        may_open=intake.complete,
        why_not=None if intake.complete else _finish_intake(len(intake.missing)),
    )


def _finish_intake(open_questions: int) -> str:
    noun = "question is" if open_questions == 1 else "questions are"
    return f"Finish the intake first: {open_questions} {noun} still open."


def headline_of(row: Assessment) -> Headline | None:
    """The stored figures of an assessment's latest scorecard, or None before there is one."""
    if row.claimed is None and row.assured is None and row.band is None and row.stopped_by is None:
        return None
    return Headline(row.claimed, row.assured, row.band, row.stopped_by)


def title_of(app: Application, row: Assessment) -> str:
    """The questionnaire's title; its id where its files have gone."""
    try:
        return content_of(app, row).questionnaire.title
    except Refusal:
        return row.questionnaire_id


def assessment_row(
    app: Application,
    row: Assessment,
    withheld: Withheld | None = None,
    bid: Bid | None = None,
) -> AssessmentRow:
    """One assessment as lists show it, without its figures where they are withheld; `bid` where it
    bids in a tender.
    """
    state = State(row.state)
    today = app.clock().date()
    with_vendor = state in (State.DRAFT, State.INVITED, State.IN_PROGRESS, State.RETURNED)
    return AssessmentRow(
        id=row.id,
        engagement_id=row.engagement_id,
        title=title_of(app, row),
        questionnaire_id=row.questionnaire_id,
        version=row.questionnaire_version,
        state=state,
        state_says=bid_says(bid, state) if bid else STATE_SAYS[state],
        since=row.state_since,
        due_on=row.due_on,
        overdue=with_vendor and row.due_on is not None and row.due_on < today,
        tier=tier_of(row),
        progress=Progress(row.answered, row.asked, 0),
        headline=None if withheld else headline_of(row),
        invitations=(),
        withheld=withheld if headline_of(row) else None,
        tender_id=bid.tender_id if bid else None,
        sealed=bid is not None and bid.sealed,
    )


def bid_says(bid: Bid, state: State) -> str:
    """Where a bid stands, in words that tell nothing of what is sealed."""
    if not bid.sealed:
        return STATE_SAYS[state]
    return _SEALED_SAYS.get(state, STATE_SAYS[state])


_SEALED_SAYS: Mapping[State, str] = {
    State.INVITED: "Invited, not submitted",
    State.IN_PROGRESS: "Invited, not submitted",
    State.SUBMITTED: "Submitted and sealed",
}


def _withheld(work: Work, actor: Actor, rows: Sequence[PortfolioRow]) -> Mapping[str, Withheld]:
    engagements = {row.engagement.id for row in rows if row.engagement is not None}
    return withheld_from(work, actor, engagements)


def _engagement_rows(
    app: Application,
    rows: Sequence[PortfolioRow],
    withheld: Mapping[str, Withheld],
    bids: Mapping[str, Bid],
) -> tuple[EngagementRow, ...]:
    listed = []
    with_engagement = [row for row in rows if row.engagement is not None]
    for _, group in groupby(with_engagement, key=lambda row: row.engagement and row.engagement.id):
        of_engagement = list(group)
        vendor, row = of_engagement[0].vendor, of_engagement[0].engagement
        if row is None:
            continue
        assessments = [r.assessment for r in of_engagement if r.assessment is not None]
        intake = next((a for a in assessments if a.questionnaire_id == INTAKE), None)
        listed.append(
            EngagementRow(
                id=row.id,
                vendor_id=vendor.id,
                vendor_name=vendor.name,
                title=row.title,
                value_minor=row.value_minor,
                currency=row.currency,
                registered_at=row.created_at,
                tier=intake.band if intake else None,
                intake=Progress(intake.answered, intake.asked, 0) if intake else Progress(0, 0, 0),
                assessments=tuple(
                    assessment_row(app, a, withheld.get(row.id), bids.get(a.id))
                    for a in assessments
                    if a.questionnaire_id != INTAKE
                ),
                result=None
                if row.id in withheld
                else result_of(newest_of(assessments).values(), app),
            )
        )
    return tuple(listed)


def _vendor_view(app: Application, work: Work, actor: Actor, vendor_id: str) -> VendorView:
    rows = work.portfolio(vendor_id=vendor_id)
    if not rows:
        raise NotFound("This vendor")
    row = rows[0].vendor
    return VendorView(
        id=row.id,
        name=row.name,
        legal_name=row.legal_name,
        country=row.country,
        website=row.website,
        created_at=row.created_at,
        created_by=work.names([row.created_by]).get(row.created_by, ""),
        contacts=tuple(
            _contact_view(contact) for contact in work.all(Contact, "name", vendor_id=vendor_id)
        ),
        engagements=_engagement_rows(app, rows, _withheld(work, actor, rows), work.bids()),
    )


def _contact_view(row: Contact) -> ContactView:
    return ContactView(row.id, row.name, row.email, row.job_title)


def _same_name(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def _invitation_rows(app: Application, work: Work, assessment_id: str) -> tuple[InvitationRow, ...]:
    rows = work.all(Invitation, "created_at", assessment_id=assessment_id)
    contacts = {row.contact_id for row in rows}
    by_id = {c.id: c for c in (work.get(Contact, id=contact) for contact in contacts) if c}
    given = {one.invitation_id: one for one in work.all(Delegation, assessment_id=assessment_id)}
    names = work.names({row.created_by for row in rows} | {one.given_by for one in given.values()})
    return tuple(
        InvitationRow(
            id=row.id,
            contact_id=row.contact_id,
            contact_name=by_id[row.contact_id].name,
            contact_email=by_id[row.contact_id].email,
            state=invitation_state(row, app.clock()),
            created_at=row.created_at,
            created_by=names.get(row.created_by, ""),
            expires_at=row.expires_at,
            exchanged_at=row.exchanged_at,
            revoked_at=row.revoked_at,
            given_by=names.get(given[row.id].given_by) if row.id in given else None,
        )
        for row in rows
    )


def invitation_state(row: Invitation, now: datetime) -> str:
    """open, used (and still good), expired or revoked."""
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at <= now:
        return "expired"
    return "used" if row.exchanged_at is not None else "open"
