"""A vendor's colleagues: links that the coordinator gives, each narrower than their own."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vendorrisk.access import EVERYTHING, Action, Actor, Relation, authorise, keep_out
from vendorrisk.assessment import Move, State, after
from vendorrisk.identity import hash_token, new_token
from vendorrisk.store import Work
from vendorrisk.store.tables import Contact, Delegation, Invitation, SignIn
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.assessments import LONGEST_INVITATION, InvitationLink
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.sheets import (
    content_of,
    require_assessment,
    require_parents,
)
from vendorrisk.usecases.vendors import invitation_state


@dataclass(frozen=True, slots=True)
class Colleague:
    """A link that the coordinator gave. `sections` are titles; empty for a signatory, who reads
    everything, signs and submits. `state` is open, used, expired or revoked.
    """

    id: str
    name: str
    email: str
    signs: bool
    sections: tuple[str, ...]
    given_by: str
    given_at: datetime
    expires_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Colleagues:
    """Everybody whom the coordinator gave a link, the newest first.

    `sections` are all that can be given, by id. `most_days` is how long a link can work: never
    longer than the coordinator's own. `signatory` is who signs, None for the coordinator.
    """

    colleagues: tuple[Colleague, ...]
    sections: Mapping[str, str]
    most_days: int
    signatory: str | None


def colleagues(app: Application, actor: Actor, assessment_id: str) -> Colleagues:
    """Who at the vendor was given which sections, and who signs."""
    scope = authorise(actor, Action.COLLEAGUES, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        if assessment_id in work.masks():
            keep_out(Action.COLLEAGUES, Relation.PSEUDONYMOUS)
        sections = {s.id: s.title for s in content_of(app, row).questionnaire.sections}
        given = {
            one.invitation_id: one for one in work.all(Delegation, assessment_id=assessment_id)
        }
        links = {
            link.id: link
            for link in work.all(Invitation, "created_at", assessment_id=assessment_id)
        }
        contacts = {one.id: one for one in work.all(Contact)}
        own = _own_link(work, actor)
    found = []
    for id_, one in given.items():
        link, contact = links[id_], contacts.get(links[id_].contact_id)
        giver = contacts.get(one.given_by)
        found.append(
            Colleague(
                id=id_,
                name=contact.name if contact else "",
                email=contact.email if contact else "",
                signs=one.signs,
                sections=tuple(
                    sections[name] for name in json.loads(one.sections) if name in sections
                ),
                given_by=giver.name if giver else "",
                given_at=link.created_at,
                expires_at=link.expires_at,
                state=invitation_state(link, app.clock()),
            )
        )
    found.sort(key=lambda one: one.given_at, reverse=True)
    signing = (one.name for one in found if one.signs and one.state in ("open", "used"))
    return Colleagues(
        colleagues=tuple(found),
        sections=sections,
        most_days=_days_left(own, app.clock()) if own else 0,
        signatory=next(signing, None),
    )


def delegate(
    app: Application,
    actor: Actor,
    assessment_id: str,
    *,
    name: str,
    email: str,
    sections: Collection[str],
    days: int,
) -> InvitationLink:
    """Make a link by which a colleague answers these sections and sees no others.

    It ends with the coordinator's own link at the latest. Raises `Invalid` (name, email, sections,
    days), `Refusal` when locked.
    """
    scope = authorise(actor, Action.DELEGATE, assessment_id)
    form = Form()
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        known = [section.id for section in content_of(app, row).questionnaire.sections]
    chosen = [section for section in known if section in set(sections)]
    if not chosen or not set(sections) <= set(known):
        form.problem("sections", "Choose at least one section of this questionnaire.")
    [link] = _give(app, actor, [assessment_id], form, name, email, days, chosen, Action.DELEGATE)
    return link


def name_signatory(
    app: Application, actor: Actor, assessment_id: str, *, name: str, email: str, days: int
) -> InvitationLink:
    """Make a link by which a colleague reads every answer, signs and submits.

    While it works the coordinator does not submit; taking it back makes them signatory again. It
    opens the other sets that the coordinator was invited to as well. Raises `Invalid` (name, email,
    days), `Refusal` (signatory_named, and when locked).
    """
    scope = authorise(actor, Action.NAME_SIGNATORY, assessment_id)
    form = Form()
    with app.store.read(scope) as work:
        require_assessment(work, assessment_id)
        if signatory_of(work, [assessment_id], app.clock()):
            raise Refusal(
                "signatory_named",
                "Somebody is to sign already.",
                "Take their link back first.",
            )
    named = [assessment_id, *(one for one in _reach(actor) if one != assessment_id)]
    return _give(app, actor, named, form, name, email, days, (), Action.NAME_SIGNATORY)[0]


def take_back(app: Application, actor: Actor, invitation_id: str) -> None:
    """Stop a colleague's link and every session that came from it. Twice changes nothing.

    What they answered stays.
    """
    scope = authorise(actor, Action.TAKE_BACK)
    for assessment_id in _reach(actor):
        other = authorise(actor, Action.TAKE_BACK, assessment_id)
        with app.store.read(other) as work:
            if work.get(Delegation, invitation_id=invitation_id) is not None:
                scope = other
    with app.store.begin(scope) as work:
        given = work.get(Delegation, invitation_id=invitation_id)
        link = work.get(Invitation, id=invitation_id)
        if given is None or link is None:
            raise NotFound("This link")
        if link.revoked_at is None:
            link.revoked_at = work.now
            work.record(
                actor,
                Action.TAKE_BACK,
                "invitation",
                link.id,
                link.assessment_id,
                signs=given.signs,
            )
            work.revoke_sessions(invitation_id=link.id)


def _give(
    app: Application,
    actor: Actor,
    assessment_ids: Collection[str],
    form: Form,
    name: str,
    email: str,
    days: int,
    sections: Collection[str],
    action: Action,
) -> list[InvitationLink]:
    """A link to each assessment by one token; the first one's is the link that is told."""
    name = form.line("name", name, "The name")
    email = form.email("email", email, "The e-mail address")
    made = []
    # A new contact lies outside the scope of an assessment; that it is this vendor's is seen to.
    with app.store.begin(EVERYTHING) as work:
        own = _own_link(work, actor)
        if own is None:
            raise NotFound("This invitation")
        most = _days_left(own, work.now)
        form.days("days", days, most)
        if form.problems.get("days"):
            form.problems["days"] = f"Your own link ends in {most} days; give 1 to {most}."
        form.check()
        for assessment_id in assessment_ids:
            row = require_assessment(work, assessment_id)
            after(Move.ANSWER if sections else Move.SUBMIT, State(row.state))
            _, vendor = require_parents(work, row)
            contact = _contact(actor, work, vendor.id, name, email)
            token = new_token()
            link = Invitation(
                assessment_id=assessment_id,
                contact_id=contact.id,
                token_hash=hash_token(token),
                created_by=own.created_by,
                created_at=work.now,
                expires_at=min(work.now + timedelta(days=days), own.expires_at),
            )
            work.add(link)
            work.add(
                Delegation(
                    invitation_id=link.id,
                    assessment_id=assessment_id,
                    parent_id=own.id,
                    given_by=actor.id,
                    sections=json.dumps(list(sections)),
                    signs=action is Action.NAME_SIGNATORY,
                )
            )
            work.record(
                actor,
                action,
                "invitation",
                link.id,
                assessment_id,
                contact=contact.name,
                sections=list(sections),
                days=days,
            )
            made.append(
                InvitationLink(
                    link.id, assessment_id, contact.name, contact.email, token, link.expires_at
                )
            )
    return made


def _contact(actor: Actor, work: Work, vendor_id: str, name: str, email: str) -> Contact:
    for known in work.all(Contact, vendor_id=vendor_id):
        if known.email.casefold() == email.casefold():
            return known
    contact = work.add(Contact(vendor_id=vendor_id, name=name, email=email))
    work.record(actor, Action.ADD_CONTACT, "contact", contact.id, vendor=vendor_id)
    return contact


def _reach(actor: Actor) -> list[str]:
    """Every assessment that the actor's links open."""
    own = {actor.assessment_id} if actor.assessment_id else set()
    return sorted(own | actor.also)


def _own_link(work: Work, actor: Actor) -> Invitation | None:
    session = work.get(SignIn, id=actor.session_id) if actor.session_id else None
    return work.get(Invitation, id=session.invitation_id) if session else None


def _days_left(own: Invitation, now: datetime) -> int:
    return max(1, min(LONGEST_INVITATION, -(-(own.expires_at - now) // timedelta(days=1))))


def signatory_of(work: Work, assessment_ids: Collection[str], now: datetime) -> frozenset[str]:
    """The assessments of these that somebody other than the coordinator is to sign now."""
    found = set()
    for assessment_id in assessment_ids:
        for given in work.all(Delegation, assessment_id=assessment_id, signs=True):
            link = work.get(Invitation, id=given.invitation_id)
            if link is not None and invitation_state(link, now) in ("open", "used"):
                found.add(assessment_id)
    return frozenset(found)
