"""An organisation with one vendor that is being asked, on an SQLite database of its own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from vendorrisk.access import Actor, Role
from vendorrisk.content import Library
from vendorrisk.demo.journeys import replies
from vendorrisk.demo.portfolio import vendors as portfolio
from vendorrisk.evidence import Files
from vendorrisk.identity import hash_token
from vendorrisk.settings import Settings
from vendorrisk.store import Store, migrate
from vendorrisk.usecases import answering, assessments, duties, invitations, people, setup, vendors
from vendorrisk.usecases.application import Application, keys_of


@dataclass(frozen=True)
class Office:
    """The application, the invited contact, and the token of the contact's session."""

    app: Application
    contact: Actor
    session: str

    @property
    def assessment_id(self) -> str:
        """The contact's assessment."""
        return str(self.contact.assessment_id)


def open_office(data: Path, questionnaires: Path, questionnaire_id: str) -> Office:
    """A fresh database in `data`, in which a contact was invited to one questionnaire."""
    settings = Settings(
        data=data,
        database_url=f"sqlite:///{data / 'vendorrisk.db'}",
        public_url=None,
        questionnaires=questionnaires,
        organisation="Example Council",
        demo=False,
        second_factor_for=frozenset(),
        two_reviewers_for=frozenset(),
    )
    migrate(settings.database_url)
    app = Application(
        settings=settings,
        store=Store(settings.database_url, keys_of(settings)),
        library=Library(questionnaires),
        files=Files(settings.evidence_folder),
    )
    officer, second = _officers(app)
    told = portfolio()[0]
    vendor = vendors.register_vendor(
        app,
        officer,
        name=told.name,
        contact_name=told.contact_name,
        contact_email=told.contact_email,
    )
    engagement_id = vendors.register_engagement(app, officer, vendor.id, title=told.engagement)
    intake_id = vendors.engagement(app, officer, engagement_id).intake_id
    asked = app.content("intake").questionnaire
    for question, reply, _ in replies(asked, told.intake["answers"]):
        answering.answer_question(app, officer, intake_id, question, reply)
    due_on = app.clock().date() + timedelta(days=14)
    assessment_id = assessments.open_assessment(
        app, officer, engagement_id, questionnaire_id, due_on
    )
    duties.approve_scope(app, second, assessment_id)
    link = assessments.invite(app, officer, assessment_id, vendor.contacts[0].id)
    session = invitations.exchange(app, link.token)
    return Office(app, _actor(app, session), session)


def _officers(app: Application) -> tuple[Actor, Actor]:
    """A procurement officer and a second officer."""
    code = setup.setup_link(app) or ""
    password = secrets.token_urlsafe(24)
    administrator = _actor(
        app, setup.complete_setup(app, code, "Ada Grant", "ada@example.org", password)
    )
    found = []
    for name, role in (("Otto", Role.PROCUREMENT_OFFICER), ("Sanna", Role.SECOND_OFFICER)):
        link = people.add_person(app, administrator, name, f"{name}@example.org", [role])
        found.append(_actor(app, people.choose_password(app, link.token, password)))
    return found[0], found[1]


def _actor(app: Application, session: str) -> Actor:
    found = people.actor_of(app, hash_token(session))
    if found is None:
        raise LookupError("a session that was just opened does not hold")
    return found
