"""A vendor's way in: exchanging an invitation for a session, and what is asked of whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from vendorrisk.access import EVERYTHING, INVITED_ROLES, Action, Actor, authorise
from vendorrisk.assessment import State
from vendorrisk.identity import hash_token, new_token, session_ends
from vendorrisk.questionnaire import Question, minutes_by_role
from vendorrisk.store.tables import Contact, Invitation, SignIn
from vendorrisk.tender import LATE_SAYS
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Refusal
from vendorrisk.usecases.people import slowing_guesses
from vendorrisk.usecases.sheets import require_assessment, require_parents, sheet_of


@dataclass(frozen=True, slots=True)
class SectionOutline:
    """A section as announced before anything is answered."""

    id: str
    title: str
    intro: str
    questions: int
    minutes: int


@dataclass(frozen=True, slots=True)
class InvitedView:
    """The welcome page: who asks whom, for which service, what, until when and how long it takes.

    `minutes_by_role` maps "security", "engineering", "legal" and "business" to minutes.
    `invited_until` is when the link ends; `organisation` is who asks.
    """

    assessment_id: str
    organisation: str
    invited_by: str
    contact_name: str
    vendor_name: str
    engagement_title: str
    service: str
    questionnaire_title: str
    purpose: str
    sections: tuple[SectionOutline, ...]
    questions: int
    minutes: int
    minutes_by_role: tuple[tuple[str, int], ...]
    due_on: date | None
    invited_until: datetime | None
    started: bool
    submitted: bool
    returned_reason: str | None
    sealed_until: datetime | None = None
    late_says: str = ""


def exchange(app: Application, token: str, address: str = "") -> str:
    """Give a session token for an invitation's token. Opening the link consumes nothing; the same
    person may exchange it again on another device until it expires or is revoked.

    `address` is the network address asked from. Raises `Refusal` (invitation_wrong,
    invitation_expired, invitation_revoked, too_many_tries).
    """
    session = new_token()
    with (
        slowing_guesses(address, app, "invitation_wrong"),
        app.store.begin(EVERYTHING) as work,
    ):
        invitation = work.get(Invitation, token_hash=hash_token(token.strip()))
        contact = work.get(Contact, id=invitation.contact_id) if invitation else None
        if invitation is None or contact is None:
            raise Refusal(
                "invitation_wrong",
                "This invitation is not one of ours.",
                "Copy the whole link from the message, or ask whoever invited you for a new one.",
            )
        if invitation.revoked_at is not None:
            raise Refusal(
                "invitation_revoked",
                "This invitation was taken back or replaced by a newer one.",
                "Use the newest link you were sent, or ask whoever invited you.",
            )
        if invitation.expires_at <= work.now:
            raise Refusal(
                "invitation_expired",
                "This invitation has expired. What you saved is safe.",
                "Ask whoever invited you for a new link.",
            )
        if invitation.exchanged_at is None:
            invitation.exchanged_at = work.now
        # One link opens every set of the engagement that the same contact is invited to.
        for assessment_id in work.invited_to(contact.id, invitation.assessment_id):
            for each in work.all(Invitation, contact_id=contact.id, assessment_id=assessment_id):
                if each.exchanged_at is None and each.revoked_at is None:
                    each.exchanged_at = work.now
        row = SignIn(
            token_hash=hash_token(session),
            contact_id=contact.id,
            invitation_id=invitation.id,
            assessment_id=invitation.assessment_id,
            created_at=work.now,
            last_seen_at=work.now,
            expires_at=session_ends("contact", work.now, invitation.expires_at),
        )
        work.add(row)
        who = Actor("contact", contact.id, contact.name, INVITED_ROLES, invitation.assessment_id)
        work.record(who, "exchange", "invitation", invitation.id, invitation.assessment_id)
    return session


def invited_view(app: Application, actor: Actor) -> InvitedView:
    """What the signed-in contact was invited to."""
    scope = authorise(actor, Action.INVITED_VIEW)
    with app.store.read(scope) as work:
        row = require_assessment(work, actor.assessment_id or "")
        engagement, vendor = require_parents(work, row)
        session = work.get(SignIn, id=actor.session_id) if actor.session_id else None
        invitation = work.get(Invitation, id=session.invitation_id) if session else None
        asked_by = invitation.created_by if invitation else row.created_by
        names = work.names([asked_by])
        submission = work.latest_submission(row.id)
        sheet = sheet_of(app, work, row)
        bid = work.bid(row.id)
    state = State(row.state)
    outline, asked = [], list[Question]()
    for section in sheet.questionnaire.sections:
        if actor.sections is not None and section.id not in actor.sections:
            continue
        shown = [question for question in section.questions if sheet.visible(question.id)]
        asked += shown
        if shown:
            minutes = sum(question.minutes for question in shown)
            outline.append(
                SectionOutline(section.id, section.title, section.intro, len(shown), minutes)
            )
    return InvitedView(
        assessment_id=row.id,
        organisation=app.settings.organisation,
        invited_by=names.get(asked_by, ""),
        contact_name=actor.name,
        vendor_name=vendor.name,
        engagement_title=engagement.title,
        service=engagement.service,
        questionnaire_title=sheet.questionnaire.title,
        purpose=sheet.questionnaire.purpose,
        sections=tuple(outline),
        questions=sum(section.questions for section in outline),
        minutes=sum(section.minutes for section in outline),
        minutes_by_role=tuple(minutes_by_role(asked).items()),
        due_on=row.due_on,
        invited_until=invitation.expires_at if invitation else None,
        started=sheet.progress.answered > 0,
        submitted=state not in (State.INVITED, State.IN_PROGRESS, State.RETURNED),
        returned_reason=submission.return_reason
        if submission is not None and state is State.RETURNED
        else None,
        sealed_until=bid.terms.deadline if bid else None,
        late_says=LATE_SAYS[bid.terms.late_rule] if bid else "",
    )
