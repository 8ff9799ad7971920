"""A small organisation with its people, a small library, and the steps of one engagement."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import KEYS, Clock
from vendorrisk.access import EVERYTHING, JUDGING_ROLES, SYSTEM, Actor, Role
from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.identity import hash_token
from vendorrisk.settings import Settings
from vendorrisk.store import Store
from vendorrisk.store.tables import Assessment, Person
from vendorrisk.usecases import (
    answering,
    assessments,
    duties,
    evidence,
    invitations,
    knockouts,
    people,
    read_codes,
    reviewing,
    submitting,
    vendors,
)
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.values import Reply

LIBRARY = Path(__file__).parent / "library"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

INTAKE: dict[str, Reply] = {
    "data_classes": ["contact", "biometric"],
    "biometrics": "identifies",
    "criticality": "stopped",
}
BEST: dict[str, Reply] = {
    "published": "scanned",
    "storage": "vault",
    "keeps_data": "some",
    "deletion": "automatic",
    "days": 30,
    "last_run": "2026-10-01",
    "stores": ["database"],
    "remarks": "None.",
}
"""The best answer to every question of the small questionnaire."""


@dataclass
class World:
    """The application, its people by role, and what was registered last."""

    app: Application
    clock: Clock
    staff: dict[str, Actor] = field(default_factory=dict)
    assessment_id: str = ""
    contact: Actor | None = None

    @property
    def vera(self) -> Actor:
        """The contact of the assessment that the test began with."""
        assert self.contact is not None
        return self.contact

    def add(self, key: str, *roles: Role) -> Actor:
        """A colleague who has a password already."""
        person = Person(
            email=f"{key}@example.org",
            name=key.replace("_", " ").title(),
            password_hash="set",
            created_at=self.clock(),
        )
        with self.app.store.begin(EVERYTHING) as work:
            work.add(person)
            work.record(SYSTEM, "add_person", "person", person.id)
            work.set_roles(person.id, roles)
        actor = Actor("person", person.id, person.name, frozenset(roles))
        self.staff[key] = actor
        self.declare()
        return actor

    def declare(self) -> None:
        """Let everybody who judges say that they have no conflict of interest."""
        with self.app.store.read(EVERYTHING) as work:
            rows = [row for row in work.all(Assessment) if row.questionnaire_id != "intake"]
            said = {row.id: work.declarations(row.id) for row in rows}
        for actor in self.staff.values():
            for row in rows:
                if actor.has(*JUDGING_ROLES) and actor.id not in said[row.id]:
                    duties.declare(self.app, actor, row.id, conflict=False)

    @property
    def officer(self) -> Actor:
        return self.staff["officer"]

    @property
    def reviewer(self) -> Actor:
        return self.staff["reviewer"]

    @property
    def committee(self) -> Actor:
        return self.staff["committee"]

    def engagement(self, name: str = "Brightholm Cloud") -> str:
        """A registered vendor with one engagement; gives the engagement's id."""
        vendor = vendors.register_vendor(
            self.app,
            self.officer,
            name=name,
            contact_name=f"Vera of {name}",
            contact_email="vera@vendor.example",
        )
        return vendors.register_engagement(
            self.app,
            self.officer,
            vendor.id,
            title="Photo service",
            value_minor=5_000_00,
            currency="EUR",
        )

    def answered_intake(self, engagement_id: str, **replies: Reply) -> None:
        """Answer the whole intake of an engagement."""
        intake = vendors.engagement(self.app, self.officer, engagement_id).intake_id
        for question, reply in {**INTAKE, **replies}.items():
            answering.answer_question(self.app, self.officer, intake, question, reply)

    def opened(self, name: str = "Brightholm Cloud", **intake: Reply) -> str:
        """An opened assessment of the small questionnaire; gives its id."""
        engagement_id = self.engagement(name)
        self.answered_intake(engagement_id, **intake)
        assessment_id = assessments.open_assessment(
            self.app, self.officer, engagement_id, "core", date(2026, 12, 24)
        )
        self.approve()
        return assessment_id

    def approve(self) -> None:
        """Let the second officer approve whatever waits for it, and everybody declare."""
        with self.app.store.read(EVERYTHING) as work:
            waiting = [row.id for row in work.all(Assessment) if duties.needs_approval(row)]
        for assessment_id in waiting:
            duties.approve_scope(self.app, self.staff["second_officer"], assessment_id)
        self.declare()

    def contact_of(self, assessment_id: str) -> str:
        """The id of the vendor's first contact."""
        row = answering.overview(self.app, self.officer, assessment_id)
        return vendors.engagement(self.app, self.officer, row.engagement_id).vendor.contacts[0].id

    def invited(self, assessment_id: str, contact_id: str | None = None) -> Actor:
        """A contact who has opened the invitation."""
        self.approve()
        link = assessments.invite(
            self.app, self.officer, assessment_id, contact_id or self.contact_of(assessment_id)
        )
        return self.enter(link.token)

    def enter(self, token: str) -> Actor:
        """The actor of an exchanged invitation."""
        session = invitations.exchange(self.app, token)
        actor = people.actor_of(self.app, hash_token(session))
        assert actor is not None
        return actor

    def confirm(self, actor: Actor) -> None:
        """Let a contact give the code that an officer passed on, so that files open."""
        assert actor.assessment_id is not None
        read_codes.ask_code(self.app, actor, actor.assessment_id)
        *_, waiting = read_codes.codes_to_pass_on(self.app, self.officer, actor.assessment_id)
        code = read_codes.show_code(self.app, self.officer, waiting.id)
        read_codes.give_read_code(self.app, actor, actor.assessment_id, code)

    def answer(self, actor: Actor, **replies: Reply) -> None:
        """Answer questions of the actor's assessment over what stands."""
        assert actor.assessment_id is not None
        with self.app.store.read(EVERYTHING) as work:
            stands = work.answers(actor.assessment_id)
        for question, reply in replies.items():
            version = stands[question].version if question in stands else 0
            answering.answer_question(
                self.app, actor, actor.assessment_id, question, reply, seen_version=version
            )

    def hand_in(self, answers: dict[str, Reply]) -> str:
        """Let Vera answer and submit what she was invited to; gives the assessment's id."""
        self.answer(self.vera, **answers)
        self.submit(self.vera)
        return self.assessment_id

    def version(self, actor: Actor, question: str) -> int:
        assert actor.assessment_id is not None
        with self.app.store.read(EVERYTHING) as work:
            saved = work.answers(actor.assessment_id).get(question)
        return saved.version if saved else 0

    def attach(self, actor: Actor, question: str = "storage", **other: object) -> str:
        """Attach a policy; gives the evidence's id."""
        given: dict[str, object] = {
            "file_name": "policy.pdf",
            "content": PDF,
            "kind": "policy",
            "dated": date(2026, 9, 1),
            "for_questions": [question],
            **other,
        }
        assert actor.assessment_id is not None
        return evidence.attach(self.app, actor, actor.assessment_id, **given).id  # type: ignore[arg-type]

    def submit(self, actor: Actor, number: int = 1) -> submitting.SubmissionView:
        assert actor.assessment_id is not None
        return submitting.submit(
            self.app,
            actor,
            actor.assessment_id,
            name="Vera Lind",
            role="Head of security",
            statement_accepted=True,
            number=number,
        )

    def submitted(
        self, name: str = "Brightholm Cloud", answers: dict[str, Reply] | None = None
    ) -> tuple[str, Actor]:
        """An assessment that was answered and submitted; gives its id and the contact."""
        assessment_id = self.opened(name)
        contact = self.invited(assessment_id)
        self.answer(contact, **(BEST if answers is None else answers))
        self.submit(contact)
        return assessment_id, contact

    def judge(
        self, assessment_id: str, question: str, level: reviewing.Level | None = "verified"
    ) -> reviewing.ScorecardView:
        """Judge one answer over the judgement that stands."""
        with self.app.store.read(EVERYTHING) as work:
            submission = work.latest_submission(assessment_id)
            assert submission is not None
            review = work.reviews(submission.id).get(question)
        return reviewing.set_review(
            self.app,
            self.reviewer,
            submission.id,
            question,
            level=level,
            reason="We looked.",
            seen_version=review.version if review else 0,
        )

    def confirm_knockouts(self, assessment_id: str) -> None:
        """Let the reviewer confirm every knockout that fired."""
        sheet = reviewing.review_sheet(self.app, self.reviewer, assessment_id)
        for fired in knockouts.knockouts(self.app, self.reviewer, assessment_id):
            if fired.open:
                knockouts.confirm_knockout(
                    self.app, self.reviewer, sheet.submission.id, fired.rule.id, "We tried it."
                )

    def reviewed(
        self, name: str = "Brightholm Cloud", answers: dict[str, Reply] | None = None
    ) -> str:
        """An assessment whose review is finished; gives its id."""
        assessment_id, _ = self.submitted(name, answers)
        self.judge(assessment_id, "storage", "documented")
        self.confirm_knockouts(assessment_id)
        reviewing.finish_review(self.app, self.reviewer, assessment_id)
        return assessment_id


@dataclass(frozen=True)
class Template:
    """A database as it stands after some steps, copied for each test that begins there."""

    path: Path
    staff: dict[str, Actor]
    assessment_id: str = ""
    contact: Actor | None = None


def settings(
    folder: Path,
    *,
    demo: bool = False,
    second_factor_for: frozenset[Role] = frozenset(),
    two_reviewers_for: frozenset[str] = frozenset(),
) -> Settings:
    return Settings(
        folder,
        "sqlite://",
        None,
        LIBRARY,
        "Our Agency",
        demo,
        second_factor_for=second_factor_for,
        two_reviewers_for=two_reviewers_for,
    )


def built(
    folder: Path, before: Path, library: Library, staff: dict[str, Actor]
) -> tuple[World, Path]:
    """A world on a copy of the database `before`."""
    path = folder / "vendorrisk.db"
    shutil.copyfile(before, path)
    clock = Clock()
    store = Store(f"sqlite:///{path}", KEYS, clock=clock)
    app = Application(settings(folder), store, library, Files(folder / "evidence"))
    return World(app, clock, dict(staff)), path


@pytest.fixture(scope="session")
def library() -> Library:
    return Library(LIBRARY)


@pytest.fixture(scope="session")
def peopled(
    migrated_file: Path, library: Library, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    world, path = built(tmp_path_factory.mktemp("peopled"), migrated_file, library, {})
    world.add("administrator", Role.ADMINISTRATOR)
    world.add("officer", Role.PROCUREMENT_OFFICER)
    world.add("second_officer", Role.SECOND_OFFICER)
    world.add("reviewer", Role.REVIEWER)
    world.add("committee", Role.COMMITTEE_MEMBER)
    world.add("auditor", Role.AUDITOR)
    world.app.store.close()
    return Template(path, world.staff)


@pytest.fixture(scope="session")
def invited_template(
    peopled: Template, library: Library, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    world, path = built(tmp_path_factory.mktemp("invited"), peopled.path, library, peopled.staff)
    assessment_id = world.opened()
    contact = world.invited(assessment_id)
    world.app.store.close()
    return Template(path, world.staff, assessment_id, contact)


@pytest.fixture(scope="session")
def submitted_template(
    invited_template: Template, library: Library, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    before = invited_template
    world, path = built(tmp_path_factory.mktemp("submitted"), before.path, library, before.staff)
    assert before.contact is not None
    world.answer(before.contact, **BEST)
    world.submit(before.contact)
    world.app.store.close()
    return Template(path, before.staff, before.assessment_id, before.contact)


def begun(template: Template, library: Library, folder: Path) -> Iterator[World]:
    world, _ = built(folder, template.path, library, template.staff)
    world.assessment_id, world.contact = template.assessment_id, template.contact
    yield world
    world.app.store.close()


@pytest.fixture
def world(peopled: Template, library: Library, tmp_path: Path) -> Iterator[World]:
    """An organisation with one person per role."""
    yield from begun(peopled, library, tmp_path)


@pytest.fixture
def invited(invited_template: Template, library: Library, tmp_path: Path) -> Iterator[World]:
    """The same with an assessment to which Vera was invited; nothing is answered."""
    yield from begun(invited_template, library, tmp_path)


@pytest.fixture
def submitted(submitted_template: Template, library: Library, tmp_path: Path) -> Iterator[World]:
    """The same after Vera gave the best answer to everything and submitted."""
    yield from begun(submitted_template, library, tmp_path)
