"""Vendors' words are data: a corpus of hostile texts on every page that shows such words."""

from __future__ import annotations

import json
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
from tests.log_watch import TOLD_AT_THE_END
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
    deciding,
    delegating,
    duties,
    evidence,
    invitations,
    knockouts,
    people,
    retention,
    reviewing,
    submitting,
    tenders,
    vendors,
)
from vendorrisk.usecases.deciding import NewCondition
from vendorrisk.usecases.forms import clean

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
        watch.close(context)


def in_pieces(texts: Sequence[str], longest: int) -> list[str]:
    """The texts joined to as few as possible that are no longer than `longest`."""
    pieces: list[str] = []
    for text in texts:
        if pieces and len(pieces[-1]) + len(text) + 1 <= longest:
            pieces[-1] += f" {text}"
        else:
            pieces.append(text)
    return pieces


ALL = "\n".join(HOSTILE.values())
LINES = in_pieces([" ".join(text.split()) for text in HOSTILE.values()], 190)
"""All of them on as few lines as fit a field of one line."""
ADDRESS = "*_evil_*`b`$c$|~~d~~'e'&lt@evil.example"
"""As much markup as an e-mail address takes."""
REFUSED = "Failed to load resource: the server responded with a status of 422"


def test_no_text_of_a_vendor_becomes_more_than_text(server, office, visit, dialogs, watch) -> None:
    here = add_people(office)
    assessment_id, contact, token, engagement_id = hostile_vendor(office, "hostile", LINES)
    other_id, other, _, other_engagement = hostile_vendor(office, "hostile too", LINES[::-1])
    tender_id = tender_all(office, other_engagement)
    delegate_token = give_colleagues(office, contact)
    page = visit(token)
    found = look(
        page,
        server,
        {
            "welcome": "/",
            **{f"questionnaire, {name}": f"/questionnaire?section={name}" for name in SECTIONS},
            "evidence": "/evidence",
            "colleagues": "/colleagues",
            "submit": "/submit",
        },
    )
    found |= look(
        visit(delegate_token),
        server,
        {"welcome of a colleague": "/", "questionnaire of a colleague": "/questionnaire"},
    )
    take_back_all(office, contact)
    for each in (contact, other):
        submitting.submit(
            office.app,
            each,
            each.assessment_id or "",
            name=HOSTILE["image with handler"],
            role=HOSTILE["link"] + HOSTILE["badge"],
            statement_accepted=True,
            number=1,
        )
    found |= look(page, server, {"welcome, submitted": "/", "submitted": "/submit"})
    found["copy of the submission"] = copy_of(page, server, assessment_id)

    judge_all(office, assessment_id)
    ask_all(office, assessment_id)
    page = visit(here)
    page.goto(server.url)
    set_up_app(page)
    expect(page.get_by_test_id("stApp")).to_be_visible()
    signed_in = people.actor_of(office.app, session(page))  # the second step began a new one
    assert signed_in is not None
    for id_ in (assessment_id, other_id):
        duties.declare(office.app, signed_in, id_, conflict=False)
    intake = vendors.engagement(office.app, signed_in, engagement_id)
    one = f"?assessment={assessment_id}"
    found |= look(
        page,
        server,
        {
            "home": "/",
            "vendors": "/vendors",
            "engagement": f"/engagement?engagement={engagement_id}",
            "registering an engagement": f"/engagement?vendor={intake.vendor.id}",
            "intake": f"/questionnaire?assessment={intake.intake_id}",
            "review": f"/review{one}",
            "compare": f"/compare{one}&assessment={other_id}&row=published_credentials",
            "decide": f"/decide{one}",
            "brief": f"/brief/{assessment_id}",
            "tenders": "/tenders",
            "tender": f"/tenders?tender={tender_id}",
        },
    )
    decide_all(office, signed_in, assessment_id)
    hold_all(office, signed_in, intake.vendor.id)
    found |= look(
        page,
        server,
        {
            "decided": f"/decide{one}",
            "promises": "/decide",
            "brief, decided": f"/brief/{assessment_id}",
            "retention": "/retention",
            "people": "/people",
            "audit trail": "/trail",
            "account": "/account",
        },
    )
    found |= refused_forms(page, server, watch)

    assert {surface: made for surface, made in found.items() if made} == {}
    assert dialogs == []
    assert len(HOSTILE) >= 70
    assert len(found) >= 30
    TOLD_AT_THE_END.append(f"Showed {len(HOSTILE)} hostile texts on {len(found)} surfaces.")


def look(page: Page, server: Served, surfaces: dict[str, str]) -> dict[str, list[str]]:
    """What the texts made on each page, everything folded up there opened first."""
    found = {}
    for surface, path in surfaces.items():
        page.goto(server.url + path)
        if path.startswith(("/brief", "/account")):
            expect(page.get_by_text("evil").first).to_be_attached()
        else:
            stands_still(page)
            page.evaluate(
                "document.querySelectorAll('details:not([open]) > summary')"
                ".forEach(folded => folded.click())"
            )
            stands_still(page)
        found[surface] = page.evaluate(MADE)
        for chosen in page.get_by_test_id("stMain").get_by_role("combobox").all()[:3]:
            if chosen.is_enabled():
                chosen.click()
                found[surface] += page.evaluate(MADE)
                page.keyboard.press("Escape")
        assert page.locator("body").inner_text().lower().count("evil"), f"{surface} shows no text"
    return found


def copy_of(page: Page, server: Served, assessment_id: str) -> list[str]:
    """What is wrong with the vendor's own copy: it is JSON to be saved, with every text in it."""
    sent = page.request.get(f"{server.url}/submission/{assessment_id}.json")
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["content-disposition"].startswith("attachment;")
    assert sent.headers["x-content-type-options"] == "nosniff"
    answers = json.loads(sent.body())["answers"].values()
    notes = "\n".join(answer["note"] for answer in answers if "note" in answer)
    return [text for text in HOSTILE.values() if clean(text) not in notes]


def refused_forms(page: Page, server: Served, watch: Watch) -> dict[str, list[str]]:
    """What the texts made on pages that show again what was typed, or ought not to."""
    found = {}
    for path, field in (("/account", "name"), ("/sign-in", "email"), ("/invitation", "code")):
        if path != "/account":
            page.context.clear_cookies()
        page.goto(server.url + path)
        page.evaluate(
            """([field, text]) => {
              const typed = document.querySelector(`[name=${field}]`);
              for (const each of typed.form.querySelectorAll('input[required]'))
                if (each !== typed) each.value = 'x'.repeat(20);
              typed.removeAttribute('maxlength');
              typed.form.noValidate = true;
              typed.value = text;
            }""",
            [field, ALL],
        )
        with page.expect_navigation() as answered:
            page.evaluate(
                "field => void setTimeout(() => document.querySelector(`[name=${field}]`)"
                ".form.submit())",
                field,
            )
        assert answered.value.status == 422, path
        # The browser calls this page an error, and shows it.
        watch.faults[:] = [fault for fault in watch.faults if not fault.startswith(REFUSED)]
        found[f"refused: {path}"] = page.evaluate(MADE)
    return found


def stands_still(page: Page) -> None:
    app = page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
    # The pages hold all texts at once, and this is about what they show, however busy the machine.
    expect(app).to_have_attribute("data-test-connection-state", "CONNECTED", timeout=90_000)
    expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible()


def actor(office: Office, token: str) -> Actor:
    found = people.actor_of(office.app, hash_token(token))
    assert found is not None
    return found


def add_people(office: Office) -> str:
    """Colleagues named by the texts, and the session of one who may look at everything."""
    app, administrator = office.app, town.actor(office.app, office.people, "administrator")
    for number, line in enumerate(LINES):
        people.add_person(app, administrator, line, f"evil{number}@example.org", [Role.REVIEWER])
    sessions = []
    for number, roles in enumerate(
        (
            [Role.REVIEWER],
            [Role.REVIEWER],
            [Role.RISK_OWNER],
            [
                Role.ADMINISTRATOR,
                Role.REVIEWER,
                Role.COMMITTEE_MEMBER,
                Role.AUDITOR,
                Role.PROCUREMENT_OFFICER,
            ],
        )
    ):
        email = f"{number}{ADDRESS}"
        link = people.add_person(app, administrator, LINES[number], email, roles)
        sessions.append(people.choose_password(app, link.token, PASSWORD))
    for key, held in zip(("reviewer", "conflicted", "risk owner"), sessions, strict=False):
        office.people.sessions[key] = hash_token(held)
    return sessions[-1]


def hostile_vendor(office: Office, key: str, lines: list[str]) -> tuple[str, Actor, str, str]:
    """One that answers core with all of the texts wherever words fit; at first one for each, too.

    `lines` are all texts on single lines, in the order in which fields take them.
    """
    app, texts = office.app, list(HOSTILE.values())
    officer = town.actor(app, office.people, "officer")
    for number, text in enumerate(texts if key == "hostile" else ()):
        told = replace(TOLD, name=f"{text[:170]} {number}", legal_name=text[:190])
        told = replace(told, contact_name=text[:190], contact_job_title=text[:190])
        told = replace(told, engagement=text[:190], service=text)
        town.register(app, office.people, f"hostile {number}", told)
    told = replace(TOLD, name=lines[0], legal_name=lines[1], contact_name=lines[2])
    told = replace(told, engagement=lines[3], service="\n".join(texts), contact_job_title=lines[4])
    told = replace(told, contact_email=ADDRESS)
    town.register(app, office.people, key, told)
    town.answer_intake(app, office.people, key, told)
    engagement = vendors.engagement(app, officer, office.people.engagements[key])
    answer_intake_with(office, officer, engagement.intake_id)
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
    office.people.assessments[key] = assessment_id
    return assessment_id, contact, token, engagement.id


def answer_intake_with(office: Office, officer: Actor, intake_id: str) -> None:
    """Note all the texts beside one answer of the intake."""
    [section, *_] = answering.overview(office.app, officer, intake_id).sections
    [asked, *_] = answering.section(office.app, officer, intake_id, section.id).questions
    answering.answer_question(
        office.app,
        officer,
        intake_id,
        asked.question.id,
        asked.reply,
        note=ALL,
        seen_version=asked.version,
    )


def give_colleagues(office: Office, contact: Actor) -> str:
    """Links to colleagues named by the texts, one of whom signs; the session of the first."""
    app, id_ = office.app, contact.assessment_id or ""
    given = [
        delegating.delegate(
            app, contact, id_, name=line, email=f"{at}{ADDRESS}", sections=SECTIONS[:1], days=2
        )
        for at, line in enumerate(LINES)
    ]
    delegating.name_signatory(app, contact, id_, name=LINES[0], email=ADDRESS, days=2)
    return invitations.exchange(app, given[0].token)


def take_back_all(office: Office, contact: Actor) -> None:
    for one in delegating.colleagues(office.app, contact, contact.assessment_id or "").colleagues:
        delegating.take_back(office.app, contact, one.id)


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


def tender_all(office: Office, engagement_id: str) -> str:
    """Tenders named by the texts, still being prepared; the last one has a bid."""
    app, officer = office.app, town.actor(office.app, office.people, "officer")
    bid = assessments.open_assessment(app, officer, engagement_id, "lite", None)
    made = ""
    for line in LINES:
        if made:
            tenders.remove_bid(app, officer, made, bid)
        made = tenders.open_tender(
            app,
            officer,
            title=line,
            assessment_ids=[bid],
            deadline=datetime.now(UTC) + timedelta(days=14),
            late_rule="refuse",
            pseudonymous=False,
        )
    return made


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
    for fired in knockouts.knockouts(office.app, reviewer, assessment_id):
        if fired.open:
            knockouts.confirm_knockout(
                office.app,
                reviewer,
                sheet.submission.id,
                fired.rule.id,
                "\n".join(HOSTILE.values()),
            )
    reviewing.finish_review(office.app, reviewer, assessment_id)


def ask_all(office: Office, assessment_id: str) -> None:
    """A conflict of interest, a request to open what is closed, and an accepted risk, in words."""
    app = office.app
    conflicted = town.actor(app, office.people, "conflicted")
    duties.declare(app, conflicted, assessment_id, conflict=True, words=ALL)
    reviewer = town.actor(app, office.people, "reviewer")
    duties.ask_override(app, reviewer, assessment_id, "conditional", ALL)
    second = town.actor(app, office.people, "second")
    [asked] = duties.duties(app, second, assessment_id).overrides
    duties.settle_override(app, second, asked.id, granted=True, reason=ALL)
    duties.ask_override(app, reviewer, assessment_id, "approve", ALL)
    owner = town.actor(app, office.people, "risk owner")
    duties.declare(app, owner, assessment_id, conflict=False)
    duties.accept_risk(
        app,
        owner,
        assessment_id,
        risk=ALL,
        control=ALL,
        expires_on=datetime.now(UTC).date() + timedelta(days=30),
    )


def decide_all(office: Office, committee: Actor, assessment_id: str) -> None:
    """A decision with the texts for reasons and conditions, one of them met."""
    sheet = deciding.decision_options(office.app, committee, assessment_id)
    due = datetime.now(UTC).date() + timedelta(days=30)
    made = deciding.record_decision(
        office.app,
        committee,
        assessment_id,
        outcome="conditional",
        reasons=ALL,
        conditions=[NewCondition(ALL, line, due, line) for line in LINES],
        scorecard_id=sheet.scorecard_id,
    )
    [met] = [one for one in made.conditions if one.owner == LINES[0]]
    duties.close_condition(office.app, committee, met.id, ALL)


def hold_all(office: Office, officer: Actor, vendor_id: str) -> None:
    """A legal hold that somebody asks to lift, both for reasons made of the texts."""
    retention.set_legal_hold(office.app, officer, "vendor", vendor_id, ALL)
    [hold] = retention.retention(office.app, officer).holds
    retention.ask_to_lift_hold(office.app, officer, hold.id, ALL)
