"""Several sets about one engagement, as the officer, the reviewer and the vendor see them."""

from datetime import timedelta

from tests.ui.conftest import said
from tests.ui.town import approve_and_declare
from vendorrisk.usecases import answering, assessments, sets, vendors


def open_(pages, key):
    return pages.open("officer", "engagement", engagement=pages.town.engagements[key])


def press(at, label):
    next(one for one in at.button if one.label == label).click()
    return at.run()


def view(pages, key):
    return vendors.engagement(pages.app, pages.actor("officer"), pages.town.engagements[key])


def add_demo_set(pages, key):
    """Open the demo set for an engagement and invite its contact; gives the assessment's id."""
    officer, due = pages.actor("officer"), pages.clock().date() + timedelta(days=14)
    (made,) = sets.open_sets(
        pages.app, officer, pages.town.engagements[key], ["demo-and-test"], due
    )
    approve_and_declare(pages.app, pages.town, made)
    contact = view(pages, key).vendor.contacts[0]
    assessments.invite(pages.app, officer, made, contact.id)
    return made


def test_what_applies_stands_with_its_reason_and_is_ticked(pages):
    at = open_(pages, "larkmere")

    assert "Because: A demo, trial or pilot is planned before the contract." in said(at)
    ticked = {box.key for box in at.checkbox if box.value}
    assert {"choose_demo-and-test", "choose_biometric-and-sensitive-data"} <= ticked
    assert "choose_offboarding" not in ticked


def test_a_set_that_applies_is_left_out_with_a_reason_alone(pages):
    at = open_(pages, "larkmere")
    press(at, "Leave it out")
    assert "Left out by" not in said(at)

    reason = next(one for one in at.text_area if one.label == "Why is it left out?")
    reason.input("Their demo is not shown to us.")
    press(at, "Leave it out")
    assert "Their demo is not shown to us." in said(at)


def test_an_officer_opens_all_that_is_ticked_at_once(pages):
    at = open_(pages, "larkmere")
    next(one for one in at.button if one.label == "Open the assessment").click().run()

    opened = {row.questionnaire_id for row in view(pages, "larkmere").assessments}
    assert {"core", "demo-and-test", "biometric-and-sensitive-data", "ai"} <= opened


def test_a_vendor_goes_from_set_to_set_and_takes_its_answers_along(pages):
    made = add_demo_set(pages, "brightholm")
    contact = pages.actor("brightholm")
    answering.answer_question(pages.app, contact, contact.assessment_id, "real_data_rule", "banned")
    offered = sets.carried(pages.app, pages.actor("brightholm"), made)
    assert offered

    at = pages.open("brightholm", "questionnaire")
    at.session_state["set"] = made
    at.run()
    assert "answered in another set already" in "".join(one.label for one in at.expander)
    next(one for one in at.button if one.label == "Take these answers over").click().run()
    assert sets.carried(pages.app, pages.actor("brightholm"), made) == ()


def test_a_vendor_never_reaches_another_vendors_set_by_its_id(pages):
    theirs = view(pages, "larkmere").assessments[0].id
    at = pages.open("brightholm", "questionnaire")
    at.session_state["set"] = theirs
    at.run()
    assert "Larkmere" not in said(at)
