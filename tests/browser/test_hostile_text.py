"""Vendors' words are data: a corpus of hostile texts on every page that shows such words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watch
from tests.browser.second_step import set_up_app
from tests.browser.served import PATIENCE, Office, Served
from tests.browser.test_journey import session
from tests.hostile_text import HOSTILE
from tests.shorter import LIBRARY, SECTIONS
from tests.shorter import vendors as portfolio
from tests.ui import town
from tests.ui.town import PASSWORD, PDF
from vendorrisk.access import Actor, Role
from vendorrisk.identity import hash_token
from vendorrisk.server.sessions import SESSION_COOKIE
from vendorrisk.usecases import (
    answering,
    assessments,
    duties,
    evidence,
    invitations,
    people,
    reviewing,
    submitting,
    vendors,
)

pytestmark = pytest.mark.browser

expect.set_options(timeout=PATIENCE)

TOLD = next(told for told in portfolio() if told.id == "larkmere-identity")

# Elements and attributes that a hostile text would have made. Addresses of ours are paths, data
# and blobs; `evil` in a name, a label or a value is what was typed, and shown.
MADE = """() => {
  const found = [];
  if (window.evil) found.push('a script ran');
  const leads = ['src', 'href', 'xlink:href', 'action', 'formaction', 'data', 'poster', 'srcdoc',
                 'style', 'background', 'content', 'srcset'];
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith('on')) found.push(element.outerHTML.slice(0, 200));
      if (leads.includes(name) && /evil|javascript:|data:text/i.test(value))
        found.push(element.outerHTML.slice(0, 200));
    }
  }
  for (const element of document.querySelectorAll(
    '.katex, marquee, iframe, object, embed, base, meta[http-equiv=refresh], math'))
    found.push(element.outerHTML.slice(0, 200));
  // Words that only a text of the corpus holds, in an element that Markdown would have made.
  for (const element of document.querySelectorAll(
    'h1, h2, h3, h4, li, blockquote, code, pre, em, strong, del, sup,' +
    ' [data-testid=stMarkdownColoredText], .stMarkdownBadge'))
    if (element.textContent.trim() === 'EVIL') found.push(element.outerHTML.slice(0, 200));
  return found;
}"""


@pytest.fixture
def dialogs() -> list[str]:
    return []


@pytest.fixture
def visit(server: Served, browser: Browser, watch: Watch, dialogs: list[str]) -> Iterator:
    contexts = []

    def visit(token: str) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 2000})
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": server.url}])
        page = context.new_page()
        watch.over(page)
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        return page

    yield visit
    for context in contexts:
        context.close()


def in_pieces(texts: Sequence[str], longest: int) -> list[str]:
    """The texts joined to as few as possible that are no longer than `longest`."""
    pieces: list[str] = []
    for text in texts:
        if pieces and len(pieces[-1]) + len(text) + 1 <= longest:
            pieces[-1] += f" {text}"
        else:
            pieces.append(text)
    return pieces


def test_no_text_of_a_vendor_becomes_more_than_text(server, office, visit, dialogs) -> None:
    here = add_people(office)
    assessment_id, contact, token, engagement_id = hostile_vendor(office)
    surfaces = {
        "welcome": "/",
        **{f"questionnaire, {name}": f"/questionnaire?section={name}" for name in SECTIONS},
        "evidence": "/evidence",
        "submit": "/submit",
    }
    found = look(visit(token), server, surfaces)

    submitting.submit(
        office.app,
        contact,
        assessment_id,
        name=HOSTILE["image with handler"],
        role=HOSTILE["link"] + HOSTILE["badge"],
        statement_accepted=True,
        number=1,
    )
    page = visit(token)
    found |= look(page, server, {"welcome, submitted": "/", "submitted": "/submit"})
    judge_all(office, assessment_id)
    page = visit(here)
    page.goto(server.url)
    set_up_app(page)
    expect(page.get_by_test_id("stApp")).to_be_visible()
    signed_in = people.actor_of(office.app, session(page))  # the second step began a new one
    assert signed_in is not None
    duties.declare(office.app, signed_in, assessment_id, conflict=False)
    one = f"?assessment={assessment_id}"
    found |= look(
        page,
        server,
        {
            "home": "/",
            "vendors": "/vendors",
            "engagement": f"/engagement?engagement={engagement_id}",
            "review": f"/review{one}",
            "decide": f"/decide{one}",
            "brief": f"/brief/{assessment_id}",
        },
    )

    assert {surface: made for surface, made in found.items() if made} == {}
    assert dialogs == []
    assert len(HOSTILE) >= 70
    assert len(found) >= 14


def look(page: Page, server: Served, surfaces: dict[str, str]) -> dict[str, list[str]]:
    """What the texts made on each page, everything folded up there opened first."""
    found = {}
    for surface, path in surfaces.items():
        page.goto(server.url + path)
        if path.startswith("/brief"):
            expect(page.get_by_text("evil").first).to_be_attached()
        else:
            stands_still(page)
            page.evaluate(
                "document.querySelectorAll('details:not([open]) > summary')"
                ".forEach(folded => folded.click())"
            )
            stands_still(page)
        found[surface] = page.evaluate(MADE)
        assert page.locator("body").inner_text().lower().count("evil"), f"{surface} shows no text"
    return found


def stands_still(page: Page) -> None:
    app = page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED")
    expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible()


def actor(office: Office, token: str) -> Actor:
    found = people.actor_of(office.app, hash_token(token))
    assert found is not None
    return found


def add_people(office: Office) -> str:
    """A reviewer who judges, and the session of somebody who may look at everything."""
    administrator = town.actor(office.app, office.people, "administrator")
    sessions = []
    for name, roles in (
        ("Rita Moss", [Role.REVIEWER]),
        (
            "Lou King",
            [Role.REVIEWER, Role.COMMITTEE_MEMBER, Role.AUDITOR, Role.PROCUREMENT_OFFICER],
        ),
    ):
        email = f"{name.split()[0].lower()}@example.org"
        link = people.add_person(office.app, administrator, name, email, roles)
        sessions.append(people.choose_password(office.app, link.token, PASSWORD))
    office.people.sessions["reviewer"] = hash_token(sessions[0])
    return sessions[1]


def hostile_vendor(office: Office) -> tuple[str, Actor, str, str]:
    """A vendor for each text, and one that answers core with all of them wherever words fit."""
    app, texts = office.app, list(HOSTILE.values())
    officer = town.actor(app, office.people, "officer")
    lines = in_pieces([" ".join(text.split()) for text in texts], 190)
    for number, text in enumerate(texts):
        told = replace(TOLD, name=f"{text[:170]} {number}", legal_name=text[:190])
        told = replace(told, contact_name=text[:190], contact_job_title=text[:190])
        told = replace(told, engagement=text[:190], service=text)
        town.register(app, office.people, f"hostile {number}", told)
    told = replace(TOLD, name=lines[0], legal_name=lines[1], contact_name=lines[2])
    told = replace(told, engagement=lines[3], service="\n".join(texts), contact_job_title=lines[4])
    town.register(app, office.people, "hostile", told)
    town.answer_intake(app, office.people, "hostile", told)
    engagement = vendors.engagement(app, officer, office.people.engagements["hostile"])
    assessment_id = assessments.open_assessment(
        app,
        officer,
        engagement.id,
        "core",
        datetime.now(UTC).date() + timedelta(days=14),
        product=lines[5],
        environment=lines[6],
        entity=lines[7],
    )
    duties.approve_scope(app, town.actor(app, office.people, "second"), assessment_id)
    link = assessments.invite(app, officer, assessment_id, engagement.vendor.contacts[0].id)
    token = invitations.exchange(app, link.token)
    contact = actor(office, token)
    answer_with(office, contact, texts)
    attach_with(office, contact, lines, texts)
    office.people.assessments["hostile"] = assessment_id
    return assessment_id, contact, token, engagement.id


def answer_with(office: Office, contact: Actor, texts: list[str]) -> None:
    """Give every answer a note: two texts each, and all of them with the first."""
    assert contact.assessment_id is not None
    town.answer(office.app, contact, TOLD.core["answers"])
    left = [*texts, *texts]
    first = True
    for section in SECTIONS:
        view = answering.section(office.app, contact, contact.assessment_id, section)
        for asked in view.questions:
            note = "\n\n".join(texts) if first else f"{left.pop()}\n{left.pop()}\n{left.pop()}"
            first = False
            answering.answer_question(
                office.app,
                contact,
                contact.assessment_id,
                asked.question.id,
                asked.reply,
                note=note,
                seen_version=asked.version,
            )


def attach_with(office: Office, contact: Actor, lines: list[str], texts: list[str]) -> None:
    """Attach a file named after each piece of the texts, with words wherever words fit."""
    core = LIBRARY.pack("core").questionnaire
    assert core is not None
    asked = next(each for each in core.questions if each.id == "published_credentials")
    for number, line in enumerate(lines[:6]):
        evidence.attach(
            office.app,
            contact,
            contact.assessment_id or "",
            file_name="".join(c for c in line[:130] if c not in "/\\") + f" {number}.pdf",
            content=PDF + str(number).encode(),
            kind=asked.evidence[0].kinds[0],
            dated=datetime.now(UTC).date() - timedelta(days=3),
            for_questions=[asked.id],
            product=line,
            environment=line,
            entity=line,
            note="\n".join(texts)[:9000],
        )


def judge_all(office: Office, assessment_id: str) -> None:
    """A reviewer judges one answer and hands over, so that the committee's pages have something."""
    reviewer = town.actor(office.app, office.people, "reviewer")
    duties.declare(office.app, reviewer, assessment_id, conflict=False)
    sheet = reviewing.review_sheet(office.app, reviewer, assessment_id)
    reviewing.set_review(
        office.app,
        reviewer,
        sheet.submission.id,
        "published_credentials",
        level="documented",
        not_applicable=None,
        reason="\n".join(HOSTILE.values()),
        seen_version=0,
    )
    reviewing.finish_review(office.app, reviewer, assessment_id)
