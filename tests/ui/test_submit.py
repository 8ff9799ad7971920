"""Checking, signing and submitting: what is missing, what is signed, and what stands afterwards."""

import re

from tests.ui.cards import cards
from tests.ui.conftest import said
from vendorrisk.usecases import answering, submitting
from vendorrisk.usecases.submitting import ATTESTATION


def sign(at, role="Head of security", accepted=True):
    """Fill the form in and send it."""
    at.text_input[1].set_value(role)
    if accepted:
        at.checkbox[0].check()
    next(button for button in at.button if button.label.startswith("Submit")).click()
    return at.run()


def made(pages, who):
    vendor = pages.actor(who)
    return submitting.submissions(pages.app, vendor, vendor.assessment_id)


def test_it_says_what_is_missing_by_kind_with_a_link_to_each(pages):
    at = pages.open("brightholm", "submit")

    vendor = pages.actor("brightholm")
    gaps = answering.missing(pages.app, vendor, vendor.assessment_id)
    labels = [box.label for box in at.expander]
    unanswered = sum(gap.kind == "unanswered" for gap in gaps)
    assert f"**Not answered** ({unanswered})" in labels
    assert any(label.startswith("**Answers that a file could prove**") for label in labels)
    links = [link.proto.label for link in at.get("page_link")]
    assert len(links) == len(gaps)
    assert any(label.startswith("RT7: ") for label in links)


def test_open_questions_do_not_stop_a_submission_and_are_counted(pages):
    at = pages.open("brightholm", "submit")

    assert "31 questions would stay open" in said(at)
    sign(at)
    assert at.title[0].value == "Submitted"
    assert len(made(pages, "brightholm")) == 1


def test_every_problem_of_the_signature_is_said_at_once_and_nothing_is_sent(pages):
    at = pages.open("brightholm", "submit")
    at.text_input[0].set_value("")

    sign(at, role="", accepted=False)

    text = said(at)
    assert "Your name is missing" in text
    assert "Your role is missing" in text
    assert "agreement to the statement" in text
    assert made(pages, "brightholm") == ()


def test_the_sentence_that_is_signed_is_the_one_that_is_stored(pages):
    at = pages.open("brightholm", "submit")
    assert at.checkbox[0].label == ATTESTATION

    sign(at)

    (submission,) = made(pages, "brightholm")
    assert submission.statement == ATTESTATION
    assert (submission.signed_by_name, submission.signed_by_role) == (
        pages.actor("brightholm").name,
        "Head of security",
    )


def test_the_same_form_sent_twice_submits_once(pages):
    first, second = (pages.open("brightholm", "submit") for _ in range(2))
    sign(first)
    sign(second)

    assert second.title[0].value == "Submitted"
    assert len(made(pages, "brightholm")) == 1


def test_what_was_submitted_is_shown_with_its_fingerprint_and_ones_own_copy(pages):
    at = pages.open("quillstone", "submit")

    (submission,) = made(pages, "quillstone")
    text = said(at)
    assert submission.sha256 in text
    assert f"Signed by {submission.signed_by_name}" in text
    assert "nobody can change them" in text
    (link,) = [html.proto.body for html in at.get("html") if "/submission/" in html.proto.body]
    assert re.search(rf'href="/submission/{submission.assessment_id}\.json" download', link)


def test_after_a_return_a_second_submission_stands_beside_the_first(pages):
    submitting.return_to_vendor(
        pages.app, pages.actor("officer"), pages.town.assessments["quillstone"], "RT3 is unclear."
    )
    at = pages.open("quillstone", "submit")
    assert "RT3 is unclear." in at.warning[0].value

    sign(at)

    first, second = made(pages, "quillstone")
    assert (first.number, second.number) == (1, 2)
    text = said(at)
    assert "**Submission 2**" in text
    assert "Earlier submissions" in text
    assert "Sent back: RT3 is unclear." in text


def test_once_it_is_submitted_no_card_can_be_answered(pages):
    sign(pages.open("brightholm", "submit"))

    at = pages.open("brightholm", "questionnaire")

    assert not any(card["open"] for card in cards(at).values())
