"""Answering in a real browser: nothing that was typed is lost, and nothing is written over."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.served import PATIENCE
from vendorrisk.usecases import answering, evidence, submitting

pytestmark = pytest.mark.browser

expect.set_options(timeout=PATIENCE)

SCHEDULE = "retention_schedule"
ENFORCEMENT = "retention_enforcement"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
SAVED = re.compile("^Saved")


class Card:
    """A question on the page, as a person uses it."""

    def __init__(self, page: Page, question: str) -> None:
        self.area = page.locator(f".st-key-card_{question}")
        self.status = self.area.get_by_role("status")
        self.alert = self.area.get_by_role("alert")

    def choice(self, name: str) -> Locator:
        return self.area.get_by_role("radio", name=name)

    def button(self, name: str) -> Locator:
        return self.area.get_by_role("button", name=name, exact=True)

    @property
    def note(self) -> Locator:
        return self.area.get_by_role("textbox", name="Note")

    def begin_note(self) -> Locator:
        self.button("Add a note").click()
        return self.note

    def expect_saved(self) -> None:
        expect(self.status).to_have_text(SAVED)


@pytest.fixture
def stored(office):
    """What the database holds of a question: reply, note and version."""

    def stored(actor, question, section="retention"):
        view = answering.section(office.app, actor, actor.assessment_id, section)
        found = next(view for view in view.questions if view.question.id == question)
        return found.reply, found.note, found.version

    return stored


def test_a_click_is_saved_and_the_page_says_so(office, open_as, stored):
    actor, (session,) = office.invites("Maria")
    page = open_as(session, "/questionnaire")
    card = Card(page, SCHEDULE)

    card.choice("One general period").check()

    card.expect_saved()
    assert stored(actor, SCHEDULE) == ("one_period", "", 1)
    expect(page.get_by_test_id("stSidebar")).to_contain_text("1 of 36 answered")


def test_of_rapid_clicks_the_last_one_stands(office, open_as, stored):
    actor, (session,) = office.invites("Maria")
    card = Card(open_as(session, "/questionnaire"), SCHEDULE)
    expect(card.choice("One general period")).to_be_visible()

    for name in ("Every class of data in every", "One general", "Don’t know", "in production"):
        card.choice(name).click(no_wait_after=True)

    card.expect_saved()
    assert stored(actor, SCHEDULE)[0] == "production_only"
    expect(card.choice("in production")).to_be_checked()


def test_the_keyboard_alone_is_enough(office, open_as, stored):
    actor, (session,) = office.invites("Maria")
    page = open_as(session, "/questionnaire")
    card = Card(page, SCHEDULE)
    card.choice("Every class of data in every").focus()

    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")

    card.expect_saved()
    assert stored(actor, SCHEDULE)[0] == "one_period"
    expect(card.choice("One general period")).to_be_focused()


def test_a_note_is_saved_while_it_is_typed(office, open_as, stored):
    actor, (session,) = office.invites("Maria")
    card = Card(open_as(session, "/questionnaire"), SCHEDULE)
    note = card.begin_note()

    note.press_sequentially("Yes, except ")
    card.expect_saved()
    assert stored(actor, SCHEDULE)[1] == "Yes, except"
    note.press_sequentially("the archive")

    expect(card.status).not_to_have_text(SAVED)
    card.expect_saved()
    expect(note).to_be_focused()
    expect(note).to_have_value("Yes, except the archive")
    assert stored(actor, SCHEDULE)[1] == "Yes, except the archive"


def test_going_on_at_once_loses_nothing(office, open_as, stored):
    actor, (session,) = office.invites("Maria")
    page = open_as(session, "/questionnaire")
    Card(page, SCHEDULE).begin_note().press_sequentially("Typed to the last second")

    page.get_by_role("button", name="Next section").click()

    expect(page.get_by_role("heading", name="Credentials")).to_be_visible()
    assert stored(actor, SCHEDULE)[1] == "Typed to the last second"


def test_loading_the_page_again_while_typing_loses_nothing(office, open_as, stored):
    actor, (session,) = office.invites("Maria")
    page = open_as(session, "/questionnaire")
    Card(page, SCHEDULE).begin_note().press_sequentially("Half a sent")

    page.reload()

    card = Card(page, SCHEDULE)
    expect(card.note).to_have_value("Half a sent")
    card.expect_saved()
    assert stored(actor, SCHEDULE)[1] == "Half a sent"


def test_a_restart_in_the_middle_of_a_typed_answer_loses_nothing(
    server, office, open_as, stored, watch
):
    actor, (session,) = office.invites("Maria")
    page = open_as(session, "/questionnaire")
    typed, clicked = Card(page, SCHEDULE), Card(page, ENFORCEMENT)
    typed.choice("One general period").check()
    note = typed.begin_note()
    note.press_sequentially("Typed before the restart")

    server.kill()
    note.press_sequentially(", while it was down")
    clicked.choice("People delete it").check()
    expect(clicked.status).to_contain_text("No connection")
    server.start()

    typed.expect_saved()
    clicked.expect_saved()
    assert stored(actor, SCHEDULE)[:2] == (
        "one_period",
        "Typed before the restart, while it was down",
    )
    assert stored(actor, ENFORCEMENT)[0] == "manual"
    watch.faults.clear()  # the browser complains while nobody answers


def test_a_restart_brings_no_old_answer_back_over_a_colleagues_newer_one(
    server, office, open_as, stored, watch
):
    actor, (marias, toms) = office.invites("Maria", "Tom")
    maria, tom = open_as(marias, "/questionnaire"), open_as(toms, "/questionnaire")
    Card(maria, SCHEDULE).choice("One general period").check()
    Card(maria, SCHEDULE).expect_saved()
    tom.reload()
    Card(tom, SCHEDULE).choice("There is no written").check()
    Card(tom, SCHEDULE).expect_saved()

    server.kill()
    expect(
        maria.get_by_test_id("stConnectionStatus").or_(maria.get_by_text("Connecting"))
    ).not_to_have_count(0)
    server.start()
    Card(maria, ENFORCEMENT).choice("People delete it").click()

    Card(maria, ENFORCEMENT).expect_saved()
    expect(Card(maria, SCHEDULE).choice("There is no written")).to_be_checked()
    expect(Card(maria, SCHEDULE).alert).to_be_empty()
    assert stored(actor, SCHEDULE)[0] == "unwritten"
    watch.faults.clear()


def test_two_people_in_one_answer_are_shown_both_and_nothing_is_overwritten(
    office, open_as, stored
):
    actor, (marias, toms) = office.invites("Maria", "Tom")
    maria, tom = open_as(marias, "/questionnaire"), open_as(toms, "/questionnaire")
    expect(Card(maria, SCHEDULE).choice("One general period")).to_be_visible()
    Card(tom, SCHEDULE).choice("There is no written").check()
    Card(tom, SCHEDULE).expect_saved()

    hers = Card(maria, SCHEDULE)
    hers.choice("One general period").check()

    expect(hers.alert).to_contain_text("Tom changed this answer")
    expect(hers.alert).to_contain_text("There is no written schedule")
    assert stored(actor, SCHEDULE)[0] == "unwritten"
    expect(hers.choice("One general period")).to_be_checked()

    hers.button("Save mine instead").click()
    hers.expect_saved()
    assert stored(actor, SCHEDULE)[0] == "one_period"

    his = Card(tom, SCHEDULE)
    his.choice("in production").check()
    expect(his.alert).to_contain_text("Maria changed this answer")
    his.button("Keep theirs").click()
    expect(his.alert).to_be_empty()
    expect(his.choice("One general period")).to_be_checked()
    assert stored(actor, SCHEDULE)[0] == "one_period"


def test_a_text_that_is_too_long_stays_typed_and_is_not_saved(office, open_as, stored):
    actor, (session,) = office.invites("Maria")
    card = Card(open_as(session, "/questionnaire"), SCHEDULE)
    note = card.begin_note()

    note.fill("x" * 100_000)

    expect(card.alert).to_contain_text("100,000 characters")
    expect(card.status).to_have_text("Not saved yet")
    assert len(note.input_value()) == 100_000
    assert stored(actor, SCHEDULE)[1] == ""

    note.fill("Short enough")
    card.expect_saved()
    expect(card.alert).to_be_empty()
    assert stored(actor, SCHEDULE)[1] == "Short enough"


def test_a_question_that_follows_from_an_answer_says_from_which(office, open_as):
    _, (session,) = office.invites("Maria")
    page = open_as(session, "/questionnaire")
    cause, follows = Card(page, ENFORCEMENT), Card(page, "deletion_proof")

    cause.choice("A policy says so").check()
    expect(follows.area).to_have_count(0)
    cause.choice("People delete it").check()

    expect(follows.area).to_contain_text("Asked because you answered “People delete it")
    expect(follows.area).to_contain_text("to RT2")


def test_not_applicable_gives_its_ground_and_asks_for_a_reason(office, open_as, stored):
    actor, (session,) = office.invites("Maria")
    page = open_as(session, "/questionnaire")
    card = Card(page, "backup_retention")

    card.choice("Not applicable").check()
    card.area.get_by_role("textbox", name="why this does not apply").fill("All of it is streamed.")

    card.expect_saved()
    reply, note, _ = stored(actor, "backup_retention")
    assert reply == {"not_applicable": "No backup, snapshot or copy of our data is ever made."}
    assert note == "All of it is streamed."


MARKUP = "<img src=x onerror=alert(1)> **bold** [link](https://x.example) :smile: $x$ www.x.example"


def test_what_a_vendor_types_is_shown_as_typed_and_runs_nothing(office, open_as):
    _, (_, session) = office.invites("Maria", MARKUP[:60])
    page = open_as(session, "/questionnaire")
    card = Card(page, SCHEDULE)
    card.choice("One general period").check()
    card.begin_note().fill(MARKUP)
    card.expect_saved()

    page.reload()

    expect(Card(page, SCHEDULE).note).to_have_value(MARKUP)
    aside = page.get_by_test_id("stSidebar")
    expect(aside).to_contain_text("Last saved")
    assert MARKUP[:60] in aside.inner_text().replace("\N{WORD JOINER}", "")
    expect(aside.get_by_role("link")).to_have_count(0)
    pictures = page.locator("[data-testid=stMain] img, [data-testid=stSidebar] img")
    expect(pictures.and_(page.locator("img:not([data-testid$=Logo])"))).to_have_count(0)


# -- evidence and submitting ----------------------------------------------------------------------


@pytest.fixture
def attaching(office, open_as):
    """A card whose answer is given and whose form for a file is open."""
    actor, (session,) = office.invites("Maria")
    page = open_as(session, "/questionnaire")
    card = Card(page, SCHEDULE)
    card.choice("Every class of data in every").check()
    card.button("Attach a file").click()
    card.area.get_by_role("combobox").click()
    page.get_by_role("option", name="Retention schedule").click()
    type_date(card, "01022026")
    return actor, card


def type_date(card: Card, digits: str) -> None:
    card.area.get_by_role("spinbutton", name="day, Date on the document").click()
    card.area.page.keyboard.type(digits)
    card.area.page.keyboard.press("Escape")


def choose_file(card: Card, name: str, content: bytes) -> None:
    card.area.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    chip = card.area.get_by_test_id("stFileChip")
    expect(chip).to_have_attribute("aria-label", re.compile(re.escape(name.rpartition("/")[2])))


def test_files_that_are_not_taken_are_refused_with_the_reason(office, attaching):
    actor, card = attaching
    for name, content, says in (
        ("tool.exe", b"MZ\x90\x00\x03", "is of a kind that is not taken"),
        ("empty.pdf", b"", "is empty"),
        ("../../kept.pdf", PDF, "has a folder in it"),
        ("policy.txt", PDF, "its name does not say so"),
    ):
        choose_file(card, name, content)

        card.button("Attach").click()

        expect(card.area).to_contain_text(says)
        expect(card.area.get_by_role("spinbutton", name="year, Date on")).to_have_text("2026")
    assert evidence.evidence_list(office.app, actor, actor.assessment_id) == ()


def test_a_date_in_the_future_is_refused_beside_the_date(office, attaching):
    actor, card = attaching
    choose_file(card, "policy.pdf", PDF)
    type_date(card, f"0101{office.app.clock().year + 1}")

    card.button("Attach").click()

    expect(card.area).to_contain_text("The date is in the future")
    assert evidence.evidence_list(office.app, actor, actor.assessment_id) == ()


def test_attaching_twice_attaches_once(office, attaching):
    actor, card = attaching
    choose_file(card, "policy *of* <b>2026.pdf", PDF)

    card.button("Attach").dblclick()

    expect(card.area.get_by_role("link", name="policy *of* <b>2026.pdf")).to_be_visible()
    expect(card.button("Attach another file")).to_be_visible()
    (file,) = evidence.evidence_list(office.app, actor, actor.assessment_id)
    assert file.file_name == "policy *of* <b>2026.pdf"
    assert file.for_questions == (SCHEDULE,)


def test_submitting_twice_submits_once_and_gives_the_own_copy(office, open_as):
    actor, (session,) = office.invites("Maria")
    answering.answer_question(office.app, actor, actor.assessment_id, SCHEDULE, "one_period")
    page = open_as(session, "/submit")
    page.get_by_label("Your role").fill("Head of security")
    page.get_by_text("I am authorised to answer").click()

    page.get_by_role("button", name="Submit 1 answer").dblclick()

    expect(page.get_by_role("heading", name="Submitted")).to_be_visible()
    (submission,) = submitting.submissions(office.app, actor, actor.assessment_id)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download your own copy").click()
    copy = submitting.own_copy(office.app, actor, actor.assessment_id)
    assert download.value.path().read_bytes() == copy
    assert submission.sha256 in page.inner_text("body")


def test_what_is_missing_leads_to_its_question(office, open_as):
    _, (session,) = office.invites("Maria")
    page = open_as(session, "/submit")
    page.get_by_text("Not answered").click()

    page.get_by_role("link", name=re.compile("^RT5")).click()

    card = Card(page, "backup_retention")
    expect(card.area.get_by_role("radio").first).to_be_focused()
    expect(card.choice("Up to 90 days")).to_be_in_viewport()
