"""One engagement in the browser, from the set-up link to the recorded decision.

The pages are used as people use them: by their words. `watch` fails the test for any error in the
console and any request to another host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Watch
from tests.browser.second_step import set_up_app
from tests.browser.served import PATIENCE, Served
from tests.shorter import LIBRARY
from tests.shorter import vendors as portfolio
from tests.ui import town
from tests.ui.town import PASSWORD, PDF, Town
from vendorrisk.access import Role
from vendorrisk.demo.portfolio import DemoVendor
from vendorrisk.identity import hash_token
from vendorrisk.questionnaire import Question, Questionnaire
from vendorrisk.server.sessions import SESSION_COOKIE
from vendorrisk.usecases import duties, moderating, people, reviewing, worklist

pytestmark = pytest.mark.browser

expect.set_options(timeout=PATIENCE)

LARKMERE, QUILLSTONE = (
    next(told for told in portfolio() if told.id == name)
    for name in ("larkmere-identity", "quillstone")
)


@pytest.fixture
def visit(browser: Browser, watch: Watch) -> Callable[[str], Page]:
    """A browser of somebody's own, opened at an address."""

    def visit(address: str) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        watch.over(page)
        page.goto(address)
        return page

    return visit


def test_one_engagement_from_the_set_up_link_to_the_recorded_decision(
    server: Served, visit: Callable[[str], Page]
) -> None:
    admin = set_up(visit(set_up_link(server)))
    officer = join(visit, add(admin, "Otto Berg", "Procurement officer"))
    second = join(visit, add(admin, "Sanna Ek", "Second officer"), second_factor=True)
    reviewer = join(visit, add(admin, "Rita Moss", "Reviewer"), second_factor=True)
    committee = join(visit, add(admin, "Cy Adams", "Committee member"))

    register(officer, LARKMERE)
    answer_intake(officer, LARKMERE)
    open_assessment(officer)
    approve(second)
    invitation = make_link(officer)

    vendor = visit(invitation)
    vendor.get_by_role("button", name="Open the questionnaire").click()
    expect(vendor).to_have_url(f"{server.url}/")
    answer_everything(vendor, LARKMERE)
    attach(vendor)
    copy = sign(vendor, LARKMERE)
    assert copy["answers"]["published_credentials"]["value"] == "live"

    review(reviewer)
    second_judgement(server, admin)
    finish_review(reviewer)
    another_vendor_is_reviewed(server, officer, second, reviewer)
    compare(committee)
    decide(committee)
    print_brief(committee)


def set_up_link(server: Served) -> str:
    """The link that the console printed at the first start."""
    log = (server.folder / "server.log").read_text()
    found = re.search(r"http://\S+/setup#\S+", log)
    assert found is not None, log
    return found[0]


def set_up(page: Page) -> Page:
    page.get_by_label("Your name").fill("Ada Okafor")
    page.get_by_label("Your e-mail address").fill("ada@example.org")
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Create the administrator").click()
    set_up_app(page)
    expect(page.get_by_role("heading", name="Hello, Ada")).to_be_visible()
    assert "#" not in page.url
    page.get_by_role("button", name="Add colleagues").click()
    return page


def add(admin: Page, name: str, role: str) -> str:
    """Add a colleague; gives the link, which is shown once."""
    expect(admin.get_by_role("heading", name="People", exact=True)).to_be_visible()
    folded = (
        admin.get_by_test_id("stExpander").filter(has_text="Add a colleague").locator("details")
    )
    expect(folded.first).to_be_visible()
    if folded.first.get_attribute("open") is None:
        folded.first.locator("summary").first.click()
    form = admin.get_by_test_id("stForm")
    form.get_by_label("Name", exact=True).fill(name)
    form.get_by_label("E-mail address").fill(f"{name.split()[0].lower()}@example.org")
    form.get_by_role("button", name=role).click()
    form.get_by_role("button", name="Add colleague").click()
    shown = admin.locator(".st-key-password_link_shown")
    expect(shown).to_contain_text(name)
    code = shown.get_by_test_id("stCode")
    expect(code).to_contain_text("http")
    link = code.inner_text().strip()
    admin.get_by_role("button", name="I have copied it").click()
    expect(shown).to_have_count(0)
    return link


def join(visit: Callable[[str], Page], link: str, *, second_factor: bool = False) -> Page:
    """Open a colleague's link and choose a password, and what the role asks for besides."""
    page = visit(link)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Save and sign in").click()
    if second_factor:
        set_up_app(page)
    expect(page.get_by_role("heading", name=re.compile("^Hello, "))).to_be_visible()
    return page


def register(officer: Page, told: DemoVendor) -> None:
    officer.get_by_role("button", name="Register a vendor").click()
    officer.get_by_label("Name of the vendor").fill(told.name)
    officer.get_by_label("Contact's name").fill(told.contact_name)
    officer.get_by_label("Contact's e-mail address").fill(told.contact_email)
    officer.get_by_role("button", name="Register vendor").click()
    expect(
        officer.get_by_role("heading", name=f"What will you buy from {told.name}?")
    ).to_be_visible()
    officer.get_by_label("Title").fill(told.engagement)
    officer.get_by_role("textbox", name="What the vendor will do").fill(told.service)
    officer.get_by_role("button", name="Register and go to the intake").click()


def answer_intake(officer: Page, told: DemoVendor) -> None:
    answer_sections(officer, questionnaire("intake"), told.intake["answers"])
    expect(officer.get_by_text("The intake is complete: tier 1")).to_be_visible()
    officer.get_by_role("button", name="To the engagement").click()
    expect(officer.get_by_text("Tier 1, very high inherent risk").first).to_be_visible()
    expect(officer.get_by_text("which makes tier 1 at once")).to_be_visible()


def open_assessment(officer: Page) -> None:
    """Open the assessment of core alone."""
    for addendum in ("Demo and test", "Biometric and sensitive", "Artificial intelligence"):
        box = officer.get_by_role("checkbox", name=re.compile(addendum))
        expect(box).to_be_checked()
        box.press("Space")
        expect(box).not_to_be_checked()
    officer.get_by_role("button", name="Open the assessment").click()
    expect(officer.get_by_text("A second officer approves")).to_be_visible()


def approve(second: Page) -> None:
    """Approve what is asked, from the first page of a second officer."""
    second.reload()
    second.get_by_role("button", name="Open", exact=True).first.click()
    second.get_by_role("button", name="Approve what is asked").click()
    expect(second.get_by_text("Approved by")).to_be_visible()


def make_link(officer: Page) -> str:
    """Make the invitation's link, which is shown once."""
    officer.reload()
    officer.get_by_role("button", name="Make the link").click()
    shown = officer.locator(".st-key-invitation_link_shown")
    expect(shown).to_contain_text("shown only here and only once")
    return shown.get_by_test_id("stCode").first.inner_text().strip()


def answer_everything(vendor: Page, told: DemoVendor) -> None:
    expect(vendor.get_by_role("heading", name=f"Welcome, {told.contact_name}")).to_be_visible()
    expect(vendor.get_by_text("36 questions").first).to_be_visible()
    vendor.get_by_role("button", name="Start").click()
    answer_sections(vendor, questionnaire("core"), told.core["answers"])


def attach(vendor: Page) -> None:
    """Attach a scan report to the last section's first question that takes one."""
    vendor.get_by_role("link", name="Evidence").click()
    choose(vendor, "What is it?", "Penetration test report")
    choose(vendor, "Which answers does it show?", "TD11")
    vendor.keyboard.press("Escape")
    form = vendor.get_by_test_id("stForm")
    form.locator("input[type=file]").set_input_files(
        {"name": "penetration test.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    expect(form.get_by_text("penetration test.pdf")).to_be_visible()
    day = datetime.now(UTC).strftime("%d/%m/%Y")
    type_day(form.get_by_label("Date on the document"), day)
    form.get_by_role("button", name="Attach").click()
    expect(vendor.get_by_role("link", name="penetration test.pdf")).to_be_visible()


def sign(vendor: Page, told: DemoVendor) -> dict[str, Any]:
    """Submit under the attestation; gives the vendor's own copy, checked by its fingerprint."""
    vendor.get_by_role("link", name="Check and submit").click()
    expect(vendor.get_by_text("No file is needed to submit")).to_be_visible()
    vendor.get_by_label("Your role").fill(told.contact_job_title)
    vendor.get_by_text("I am authorised to answer for this company").click()
    vendor.get_by_role("button", name="Submit 36 answers").click()
    expect(vendor.get_by_text("Your answers are sealed")).to_be_visible()
    with vendor.expect_download() as download:
        vendor.get_by_role("link", name="Download your own copy").click()
    content = download.value.path().read_bytes()
    expect(vendor.get_by_text(sha256(content).hexdigest())).to_be_visible()
    copy: dict[str, Any] = json.loads(content)
    return copy


def review(reviewer: Page) -> None:
    reviewer.reload()
    reviewer.get_by_role("button", name="Review").first.click()
    reviewer.get_by_role("button", name="I have none").click()
    expect(reviewer.get_by_role("heading", name=LARKMERE.name)).to_be_visible()
    stop = reviewer.get_by_role("alert").filter(has_text="Knocked out").first
    expect(stop).to_contain_text("The score is at most 29")
    expect(stop).to_contain_text("Provisional until a reviewer confirms it")
    judge(reviewer, "published_credentials", "Verified by us", "The key from the notebook works.")

    figure = reviewer.get_by_test_id("stMetric")
    expect(figure.filter(has_text="Assured by proof")).to_contain_text("29")
    reviewer.get_by_text("How the score adds up").click()
    expect(reviewer.get_by_role("heading", name="From claimed to assured")).to_be_visible()
    # A page that is still being drawn closes what was opened on it.
    expect(reviewer.get_by_test_id("stApp")).to_have_attribute(
        "data-test-script-state", "notRunning"
    )
    reviewer.get_by_role("button", name="Hand in your judgements").click()
    reviewer.get_by_role("button", name="Hand in now").click()
    expect(reviewer.get_by_text("You have handed in.")).to_be_visible()
    expect(reviewer.get_by_role("button", name="Finish the review")).to_have_count(0)


def second_judgement(server: Served, admin: Page) -> None:
    """A second reviewer judges alone and hands in, without the browser."""
    app = town.application(server.folder, lambda: datetime.now(UTC))
    here = Town({"administrator": session(admin)})
    link = people.add_person(
        app, town.actor(app, here, "administrator"), "Ben Roe", "ben@example.org", [Role.REVIEWER]
    )
    here.sessions["ben"] = hash_token(people.choose_password(app, link.token, PASSWORD))
    ben = town.actor(app, here, "ben")
    [waits] = [item for item in worklist.waiting(app, ben) if item.yours]
    assert waits.assessment_id is not None
    duties.declare(app, ben, waits.assessment_id, conflict=False)
    sheet = reviewing.review_sheet(app, ben, waits.assessment_id)
    assert "The key from the notebook works." not in repr(sheet)
    moderating.judge_alone(
        app,
        ben,
        sheet.submission.id,
        "published_credentials",
        level="verified",
        reason="It opens the demo.",
        seen_version=0,
    )
    moderating.hand_in(app, ben, waits.assessment_id)
    app.store.close()


def finish_review(reviewer: Page) -> None:
    reviewer.reload()
    expect(reviewer.get_by_text("They agree on 1 of 1 answer that either judged")).to_be_visible()
    confirming = reviewer.locator("[data-testid=stExpander]", has_text="Knockouts to confirm")
    confirming.get_by_label("What did you look at?").fill("We used the key from the notebook.")
    confirming.get_by_role("button", name="Confirm it").click()
    expect(reviewer.get_by_text("Rita Moss confirmed it")).to_be_attached()
    stop = reviewer.get_by_role("alert").filter(has_text="Knocked out").first
    expect(stop).not_to_contain_text("Provisional")
    reviewer.get_by_role("button", name="Finish the review").click()
    expect(reviewer.get_by_text("The review is finished")).to_be_visible()


def judge(reviewer: Page, question: str, verdict: str, reason: str) -> None:
    card = reviewer.locator(f".st-key-answer_{question}")
    card.get_by_role("button", name="Judge").click()
    card.get_by_text(verdict, exact=True).click()
    card.get_by_label("Why? The committee reads this.").fill(reason)
    card.get_by_role("button", name="Save judgement").click()
    expect(card.get_by_text(f"Rita Moss judged: {verdict.lower()}")).to_be_visible()


def another_vendor_is_reviewed(server: Served, officer: Page, second: Page, reviewer: Page) -> None:
    """Somebody to compare with goes the same way, without the browser."""
    app = town.application(server.folder, lambda: datetime.now(UTC))
    here = Town(
        {
            "officer": session(officer),
            "second": session(second),
            "reviewer": session(reviewer),
        }
    )
    town.register(app, here, "quillstone", QUILLSTONE)
    town.answer_intake(app, here, "quillstone", QUILLSTONE)
    town.submit(app, town.invite(app, here, "quillstone", QUILLSTONE), QUILLSTONE)
    town.review(app, here, "quillstone", QUILLSTONE)
    app.store.close()


def session(page: Page) -> str:
    """The hash of the session that a browser holds."""
    cookies = page.context.cookies()
    return hash_token(next(c["value"] for c in cookies if c["name"] == SESSION_COOKIE))


def compare(committee: Page) -> None:
    committee.get_by_role("link", name="Compare").click()
    for told in (LARKMERE, QUILLSTONE):
        choose(committee, "Vendors to compare", told.name)
    committee.keyboard.press("Escape")
    for told in (LARKMERE, QUILLSTONE):
        asked = committee.get_by_text(f"a conflict of interest about {told.name}")
        expect(asked).to_be_visible()
        committee.get_by_role("button", name="I have none").click()
    headings = committee.get_by_role("heading", level=2)
    expect(headings).to_have_text(
        ["What stops them", "Domains", "Answers that differ", "How much hangs on the weights"]
    )
    row = committee.locator(".st-key-line_question_published_credentials")
    expect(row).to_contain_text("Knocked out")
    row.get_by_role("button").first.click()
    expect(row).to_contain_text("The key from the notebook works.")
    expect(row).to_contain_text("The scanner finds one key in the sample notebook")


def decide(committee: Page) -> None:
    committee.get_by_role("link", name="What waits").click()
    about = committee.get_by_test_id("stVerticalBlock").filter(has_text=LARKMERE.name)
    about.get_by_role("button", name="Decide").first.click()
    expect(committee.get_by_role("heading", name=LARKMERE.name)).to_be_visible()
    expect(committee.get_by_role("alert").filter(has_text="Knocked out").first).to_be_visible()
    committee.get_by_test_id("stRadio").get_by_text("Escalate to an executive").click()
    committee.get_by_label("Reasons").fill("The live key outweighs everything that is done well.")
    committee.get_by_role("button", name="Record the decision").click()
    expect(committee.get_by_text("Recorded by Cy Adams")).to_be_visible()


def print_brief(committee: Page) -> None:
    with committee.expect_popup() as opened:
        committee.get_by_role("link", name="One page to print").click()
    brief = opened.value
    expect(brief.get_by_role("heading", name=re.compile("^Decided: "))).to_be_visible()
    printed = brief.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1


# -- how people use the pages ---------------------------------------------------------------------


def questionnaire(name: str) -> Questionnaire:
    found = LIBRARY.pack(name).questionnaire
    assert found is not None
    return found


def answer_sections(page: Page, asked: Questionnaire, answers: Mapping[str, Any]) -> None:
    """Answer section by section, going on with the button at the end of each."""
    for place, section in enumerate(asked.sections):
        expect(page.get_by_role("heading", name=section.title, exact=True)).to_be_visible()
        for question in section.questions:
            if question.id in answers:
                answer(page, question, answers[question.id])
        if place + 1 < len(asked.sections):
            page.get_by_role("button", name="Next section").click()


def answer(page: Page, question: Question, told: Any) -> None:
    """Give one answer, and wait until the page says that it is saved."""
    card = page.locator(f".st-key-card_{question.id}")
    wrapped = isinstance(told, dict) and "value" in told
    reply = told["value"] if wrapped else told
    if question.answer == "one_of":
        card.locator(f'input[value="{reply}"]').check()
    elif question.answer == "many_of":
        for choice in reply:
            card.locator(f'input[value="{choice}"]').check()
    else:
        card.get_by_role("textbox").first.fill(str(reply))
    if wrapped and told.get("note"):
        if card.get_by_role("button", name="Add a note").is_visible():
            card.get_by_role("button", name="Add a note").click()
        card.get_by_role("textbox").last.fill(told["note"])
        card.get_by_role("textbox").last.blur()
    expect(card.get_by_role("status")).to_have_text(re.compile("^Saved"))


def choose(page: Page, label: str, option: str) -> None:
    """Pick an option of a list by some of its words."""
    field = page.get_by_role("combobox", name=label)
    field.click()
    field.press_sequentially(option)
    page.get_by_role("option").filter(has_text=option).first.click()


def type_day(field: Locator, day: str) -> None:
    """Type a date, part by part, as the field takes it."""
    field.first.click()
    field.page.keyboard.type(day.replace("/", ""))
    field.page.keyboard.press("Enter")
