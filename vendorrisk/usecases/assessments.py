"""Opening an assessment, inviting a vendor's contact to it, and taking either back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from vendorrisk.access import Action, Actor, authorise
from vendorrisk.assessment import Move, State, after
from vendorrisk.assurance import needed_facts
from vendorrisk.identity import hash_token, new_token
from vendorrisk.questionnaire import Fact
from vendorrisk.store import Work, document_text
from vendorrisk.store.tables import Assessment, Contact, Delegation, Engagement, Invitation
from vendorrisk.usecases.application import Application, Content
from vendorrisk.usecases.duties import require_approved
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.intake import INTAKE, require_intake
from vendorrisk.usecases.sheets import AnswerSheet, move, require_assessment

LONGEST_INVITATION = 90
"""Days."""


@dataclass(frozen=True, slots=True)
class InvitationLink:
    """A new invitation; `token` is shown once and never again (the link is /invitation#TOKEN)."""

    id: str
    assessment_id: str
    contact_name: str
    contact_email: str
    token: str
    expires_at: datetime


def open_assessment(
    app: Application,
    actor: Actor,
    engagement_id: str,
    questionnaire_id: str,
    due_on: date | None,
    *,
    product: str = "",
    environment: str = "",
    entity: str = "",
) -> str:
    """Open an assessment; gives its id. Pins questionnaire and rubric by digest, and the facts
    from the intake as they are now. The three scope words say what is assessed; evidence about
    something else counts for nothing.

    Raises `Refusal` (intake_incomplete, already_open, fact_missing) or `Invalid` (due_on,
    questionnaire_id).
    """
    scope = authorise(actor, Action.OPEN_ASSESSMENT)
    form = Form()
    form.not_in_the_past("due_on", due_on, app.clock().date(), "The due date")
    named = {
        "product": form.line("product", product, "The product", required=False),
        "environment": form.line("environment", environment, "The environment", required=False),
        "entity": form.line("entity", entity, "The legal entity", required=False),
    }
    offered = {content.questionnaire.id: content for content in app.for_vendors()}
    if questionnaire_id not in offered:
        _require_usable(app, questionnaire_id)
        form.problem("questionnaire_id", "Choose one of the questionnaires in the list.")
    form.check()
    content = offered[questionnaire_id]
    with app.store.begin(scope) as work:
        if work.get(Engagement, id=engagement_id) is None:
            raise NotFound("This engagement")
        known = require_intake(app, work, engagement_id)
        for other in work.all(Assessment, engagement_id=engagement_id):
            done = State(other.state) in (State.DECIDED, State.WITHDRAWN)
            if other.questionnaire_id == questionnaire_id and not done:
                raise Refusal(
                    "already_open",
                    "This vendor is being asked this questionnaire already.",
                    "Go on with that assessment, or withdraw it first.",
                )
        facts: dict[str, object] = {
            fact.id: _pinned(fact, known[fact.id])
            for fact in content.questionnaire.facts
            if fact.id in known
        }
        _require_facts(content, facts)
        about = {name: words for name, words in named.items() if words}
        if about:
            facts["scope"] = about
        row = Assessment(
            engagement_id=engagement_id,
            questionnaire_id=content.questionnaire.id,
            questionnaire_version=content.questionnaire.version,
            questionnaire_digest=content.questionnaire.digest,
            rubric_digest=content.rubric.digest,
            facts=document_text(facts),
            state=State.DRAFT,
            state_since=work.now,
            due_on=due_on,
            created_by=actor.id,
            created_at=work.now,
        )
        row.asked = AnswerSheet.of(content, row, {}).progress.asked
        work.add(row)
        work.record(
            actor,
            Action.OPEN_ASSESSMENT,
            "assessment",
            row.id,
            row.id,
            questionnaire=row.questionnaire_digest,
            rubric=row.rubric_digest,
        )
    return row.id


def invite(
    app: Application,
    actor: Actor,
    assessment_id: str,
    contact_id: str,
    days: int = 14,
    with_sets: Collection[str] = (),
) -> InvitationLink:
    """Make a link by which one contact answers this assessment for `days` (1 to 90) days.

    The same link opens the other assessments of the engagement that `with_sets` names by id; each
    has its own invitation, which can be taken back by itself.

    Raises `NotFound` for a contact of another vendor, `Invalid` for days, `NotAllowed` (unapproved)
    before a second officer approved what a tier 1 or 2 is asked, `Refusal` when locked.
    """
    scope = authorise(actor, Action.INVITE, assessment_id)
    form = Form()
    form.days("days", days, LONGEST_INVITATION)
    form.check()
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        if row.questionnaire_id == INTAKE:
            raise NotFound("This assessment")
        # The scope holds this vendor's contacts only.
        contact = work.get(Contact, id=contact_id)
        if contact is None:
            raise NotFound("This contact")
        require_approved(work, row)
        move(work, row, Move.INVITE)
        link = _new_invitation(actor, work, row, contact, days, Action.INVITE)
        engagement_id = row.engagement_id
    for other in set(with_sets) - {assessment_id}:
        with app.store.begin(authorise(actor, Action.INVITE, other)) as work:
            row = require_assessment(work, other)
            if row.questionnaire_id == INTAKE or row.engagement_id != engagement_id:
                raise NotFound("This assessment")
            require_approved(work, row)
            move(work, row, Move.INVITE)
            _new_invitation(actor, work, row, contact, days, Action.INVITE)
    return link


def revoke_invitation(app: Application, actor: Actor, invitation_id: str) -> None:
    """Stop a link and every session that came from it, at once. Doing it twice changes nothing."""
    scope = authorise(actor, Action.REVOKE_INVITATION)
    with app.store.begin(scope) as work:
        invitation = work.get(Invitation, id=invitation_id)
        if invitation is None:
            raise NotFound("This invitation")
        if invitation.revoked_at is None:
            _revoke(actor, work, invitation)


def renew_invitation(
    app: Application, actor: Actor, invitation_id: str, days: int = 14
) -> InvitationLink:
    """Replace a link by a new one for the same contact; the old one stops working.

    It can also be done after submitting, so that the vendor can fetch its own copy.
    """
    scope = authorise(actor, Action.RENEW_INVITATION)
    form = Form()
    form.days("days", days, LONGEST_INVITATION)
    form.check()
    with app.store.begin(scope) as work:
        invitation = work.get(Invitation, id=invitation_id)
        if invitation is None:
            raise NotFound("This invitation")
        row = require_assessment(work, invitation.assessment_id)
        contact = work.get(Contact, id=invitation.contact_id)
        if contact is None:
            raise NotFound("This contact")
        if State(row.state) is State.WITHDRAWN:
            after(Move.INVITE, State(row.state))
        if work.get(Delegation, invitation_id=invitation_id) is not None:
            raise Refusal(
                "given_by_the_vendor",
                "The vendor's coordinator gave this link to a colleague.",
                "The coordinator can take it back and give a new one.",
            )
        made = _new_invitation(actor, work, row, contact, days, Action.RENEW_INVITATION)
        if invitation.revoked_at is None:
            # What the coordinator gave to colleagues goes on under the new link.
            for given in work.all(Delegation, parent_id=invitation.id):
                given.parent_id = made.id
            _revoke(actor, work, invitation)
        return made


def withdraw(app: Application, actor: Actor, assessment_id: str, reason: str) -> None:
    """Withdraw an assessment before it is decided: links stop, answers stay readable to staff."""
    scope = authorise(actor, Action.WITHDRAW, assessment_id)
    form = Form()
    text = form.text("reason", reason, "A reason")
    form.check()
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        if row.questionnaire_id == INTAKE:
            raise NotFound("This assessment")
        move(work, row, Move.WITHDRAW)
        work.record(actor, Action.WITHDRAW, "assessment", row.id, row.id, reason=text)
        for invitation in work.all(Invitation, assessment_id=assessment_id, revoked_at=None):
            _revoke(actor, work, invitation)


def _require_usable(app: Application, questionnaire_id: str) -> None:
    """Say why a questionnaire that is there cannot be used. Raises `Refusal` (content_unusable)."""
    try:
        app.content(questionnaire_id)
    except Refusal as refusal:
        if refusal.code == "content_unusable":
            raise


def _require_facts(content: Content, facts: Mapping[str, object]) -> None:
    for name in needed_facts(content.questionnaire, content.rubric):
        if name not in facts:
            raise Refusal(
                "fact_missing",
                f"This questionnaire needs to know “{name}”, which this intake does not say.",
                "Choose another questionnaire, or ask its author to match it to the intake.",
            )


def _pinned(fact: Fact, known: object) -> object:
    """What the intake says, in the words of the fact.

    Where the officer did not know, the last choice stands: choices run from best to worst, and
    not knowing must not make an engagement look safer than it is.
    """
    if fact.many:
        ticked = known if isinstance(known, list) else []
        return [choice for choice in ticked if choice in fact.choices]
    return known if known in fact.choices else fact.choices[-1]


def _new_invitation(
    actor: Actor, work: Work, row: Assessment, contact: Contact, days: int, action: Action
) -> InvitationLink:
    token = new_token()
    invitation = Invitation(
        assessment_id=row.id,
        contact_id=contact.id,
        token_hash=hash_token(token),
        created_by=actor.id,
        created_at=work.now,
        expires_at=work.now + timedelta(days=days),
    )
    work.add(invitation)
    work.record(actor, action, "invitation", invitation.id, row.id, contact=contact.name, days=days)
    return InvitationLink(
        invitation.id, row.id, contact.name, contact.email, token, invitation.expires_at
    )


def _revoke(actor: Actor, work: Work, invitation: Invitation) -> None:
    invitation.revoked_at = work.now
    work.record(
        actor,
        Action.REVOKE_INVITATION,
        "invitation",
        invitation.id,
        invitation.assessment_id,
        contact=invitation.contact_id,
    )
    work.revoke_sessions(invitation_id=invitation.id)
    for given in work.all(Delegation, parent_id=invitation.id):
        child = work.get(Invitation, id=given.invitation_id)
        if child is not None and child.revoked_at is None:
            _revoke(actor, work, child)
