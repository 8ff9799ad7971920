"""A town hall with five colleagues and four vendors at different points of the way, built once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.shorter import LIBRARY, QUESTIONNAIRES
from tests.shorter import vendors as portfolio
from vendorrisk.access import Actor, Role
from vendorrisk.demo.portfolio import DemoVendor
from vendorrisk.evidence import Files
from vendorrisk.identity import hash_token
from vendorrisk.settings import Settings
from vendorrisk.store import Store
from vendorrisk.usecases import (
    answering,
    assessments,
    duties,
    evidence,
    invitations,
    knockouts,
    people,
    reviewing,
    setup,
    submitting,
    vendors,
)
from vendorrisk.usecases.application import Application, keys_of
from vendorrisk.usecases.errors import Refusal

PASSWORD = "seven calm rivers under glass"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

COLLEAGUES = {
    "officer": ("Otto Berg", Role.PROCUREMENT_OFFICER),
    "second": ("Sanna Ek", Role.SECOND_OFFICER),
    "reviewer": ("Rita Moss", Role.REVIEWER),
    "committee": ("Cy Adams", Role.COMMITTEE_MEMBER),
    "auditor": ("Aud Lane", Role.AUDITOR),
}


@dataclass
class Town:
    """Who works there (token hashes by role) and what is under way (ids by name)."""

    sessions: dict[str, str] = field(default_factory=dict)
    engagements: dict[str, str] = field(default_factory=dict)
    assessments: dict[str, str] = field(default_factory=dict)


def application(folder: Path, clock: Callable[[], Any], **changes: Any) -> Application:
    """The application on the SQLite database in `folder`, with fewer questions."""
    settings = Settings(
        data=folder,
        database_url=f"sqlite:///{folder / 'vendorrisk.db'}",
        questionnaires=QUESTIONNAIRES,
        **{
            "public_url": None,
            "organisation": "Example Council",
            "demo": False,
            "second_factor_for": frozenset(),  # asked for where it is tested
            "two_reviewers_for": frozenset(),
            **changes,
        },
    )
    return Application(
        settings=settings,
        store=Store(settings.database_url, keys_of(settings), clock=clock),
        library=LIBRARY,
        files=Files(settings.evidence_folder),
    )


def found(app: Application) -> Town:
    """Set up the organisation: its first administrator and nothing else."""
    town = Town()
    token = setup.setup_link(app)
    assert token is not None
    town.sessions["administrator"] = hash_token(
        setup.complete_setup(app, token, "Ada Okafor", "ada@example.org", PASSWORD)
    )
    return town


def build(app: Application) -> Town:
    """Set up the organisation and bring its vendors to where the tests find them.

    Larkmere: reviewed, and knocked out. Quillstone: submitted. Brightholm: invited and begun.
    Kestrel: only the intake is answered. Tarnway: registered, nothing answered.
    """
    town = found(app)
    for key, (name, role) in COLLEAGUES.items():
        link = people.add_person(
            app, actor(app, town, "administrator"), name, f"{key}@example.org", [role]
        )
        town.sessions[key] = hash_token(people.choose_password(app, link.token, PASSWORD))

    told = {vendor.id: vendor for vendor in portfolio()}
    for key, vendor_id in (
        ("larkmere", "larkmere-identity"),
        ("quillstone", "quillstone"),
        ("brightholm", "brightholm-cloud"),
        ("kestrel", "kestrel-print"),
        ("tarnway", "tarnway-data"),
    ):
        register(app, town, key, told[vendor_id])
    for key, vendor_id in (
        ("larkmere", "larkmere-identity"),
        ("quillstone", "quillstone"),
        ("brightholm", "brightholm-cloud"),
        ("kestrel", "kestrel-print"),
    ):
        answer_intake(app, town, key, told[vendor_id])
    for key, vendor_id in (
        ("larkmere", "larkmere-identity"),
        ("quillstone", "quillstone"),
        ("brightholm", "brightholm-cloud"),
    ):
        contact = invite(app, town, key, told[vendor_id])
        if key == "brightholm":
            answer(app, contact, told[vendor_id].core["answers"], most=5)
        else:
            submit(app, contact, told[vendor_id])
    review(app, town, "larkmere", told["larkmere-identity"])
    return town


def actor(app: Application, town: Town, key: str) -> Actor:
    """The colleague (or contact) of that name, as the pages see them."""
    found = people.actor_of(app, town.sessions[key])
    assert found is not None
    return found


def register(app: Application, town: Town, key: str, told: DemoVendor) -> None:
    officer = actor(app, town, "officer")
    made = vendors.register_vendor(
        app,
        officer,
        name=told.name,
        legal_name=told.legal_name,
        country=told.country,
        website=told.website,
        contact_name=told.contact_name,
        contact_email=told.contact_email,
        contact_job_title=told.contact_job_title,
    )
    town.engagements[key] = vendors.register_engagement(
        app,
        officer,
        made.id,
        title=told.engagement,
        service=told.service,
        value_minor=told.value * 100,
        currency=told.currency,
        starts_on=told.starts,
        ends_on=told.ends,
    )


def answer_intake(app: Application, town: Town, key: str, told: DemoVendor) -> None:
    officer = actor(app, town, "officer")
    intake = vendors.engagement(app, officer, town.engagements[key]).intake_id
    for question, reply in told.intake["answers"].items():
        plain = int(reply) if question in ("contract_value", "contract_term") else reply
        answering.answer_question(app, officer, intake, question, plain)


def invite(app: Application, town: Town, key: str, told: DemoVendor) -> Actor:
    """Open the assessment and exchange an invitation to it; gives the contact."""
    officer = actor(app, town, "officer")
    town.assessments[key] = assessments.open_assessment(
        app,
        officer,
        town.engagements[key],
        "core",
        app.clock().date() + timedelta(days=18),
        product=told.scope.get("product", ""),
        environment=told.scope.get("environment", ""),
        entity=told.scope.get("entity", ""),
    )
    approve_and_declare(app, town, town.assessments[key])
    contact = vendors.engagement(app, officer, town.engagements[key]).vendor.contacts[0]
    link = assessments.invite(app, officer, town.assessments[key], contact.id)
    town.sessions[key] = hash_token(invitations.exchange(app, link.token))
    return actor(app, town, key)


def approve_and_declare(app: Application, town: Town, assessment_id: str) -> None:
    """Approve what is asked as the second officer, and let whoever judges declare no conflict."""
    if "second" in town.sessions:
        duties.approve_scope(app, actor(app, town, "second"), assessment_id)
    for key in ("reviewer", "committee"):
        if key in town.sessions:
            duties.declare(app, actor(app, town, key), assessment_id, conflict=False)


def answer(
    app: Application, contact: Actor, answers: Mapping[str, Any], most: int | None = None
) -> None:
    """Answer what is visible, in the order of the questionnaire."""
    assert contact.assessment_id is not None
    for question, told in list(answers.items())[:most]:
        wrapped = isinstance(told, dict) and "value" in told
        try:
            answering.answer_question(
                app,
                contact,
                contact.assessment_id,
                question,
                told["value"] if wrapped else told,
                note=told.get("note", "") if wrapped else "",
            )
        except Refusal as refusal:
            if refusal.code != "hidden_question":
                raise


def submit(app: Application, contact: Actor, told: DemoVendor) -> None:
    """Answer everything, attach the evidence and sign."""
    assert contact.assessment_id is not None
    answer(app, contact, told.core["answers"])
    for name, item in told.core["evidence"].items():
        scope = item.get("scope", {})
        evidence.attach(
            app,
            contact,
            contact.assessment_id,
            file_name=f"{name} {item['kind']}.pdf",
            content=PDF + name.encode(),
            kind=item["kind"],
            dated=date.fromisoformat(item["dated"]),
            period_end=date.fromisoformat(item["period_end"]) if "period_end" in item else None,
            for_questions=item["for"],
            product=scope.get("product", ""),
            environment=scope.get("environment", ""),
            entity=scope.get("entity", ""),
        )
    submitting.submit(
        app,
        contact,
        contact.assessment_id,
        name=told.contact_name,
        role=told.contact_job_title,
        statement_accepted=True,
        number=1,
    )


def review(app: Application, town: Town, key: str, told: DemoVendor) -> None:
    """Judge as the portfolio says, and hand over to the committee."""
    reviewer = actor(app, town, "reviewer")
    sheet = reviewing.review_sheet(app, reviewer, town.assessments[key])
    for question, judgement in told.core["review"].items():
        reviewing.set_review(
            app,
            reviewer,
            sheet.submission.id,
            question,
            level=judgement.get("assurance"),
            not_applicable=judgement.get("not_applicable"),
            reason=judgement["reason"],
            seen_version=0,
        )
    for fired in knockouts.knockouts(app, reviewer, town.assessments[key]):
        if fired.open:
            knockouts.confirm_knockout(
                app, reviewer, sheet.submission.id, fired.rule.id, "We tried it."
            )
    reviewing.finish_review(app, reviewer, town.assessments[key])


def give_role(app: Application, town: Town, key: str, role: str) -> None:
    """One more role for a colleague, who is signed out by it and signs in again."""
    administrator = actor(app, town, "administrator")
    person = actor(app, town, key)
    people.change_roles(app, administrator, person.id, {*person.roles, Role(role)})
    town.sessions[key] = hash_token(people.sign_in(app, f"{key}@example.org", PASSWORD))
