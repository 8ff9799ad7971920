"""Answering by the pages: what is shown to whom, and what becomes of every edit."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.cards import cards, send
from tests.ui.conftest import said
from vendorrisk.ui.autosave import Edit, read_edit
from vendorrisk.ui.navigation import path
from vendorrisk.usecases import answering, submitting, vendors

# Brightholm has answered the first five questions of retention, and nothing else.
OPEN = "deletion_proof"
CAUSE = "retention_enforcement"


@pytest.fixture
def stored(pages):
    """What the database holds of a question: reply, note and version."""

    def stored(question, section="retention"):
        vendor = pages.actor("brightholm")
        view = answering.section(pages.app, vendor, vendor.assessment_id, section)
        found = next(view for view in view.questions if view.question.id == question)
        return found.reply, found.note, found.version

    return stored


def test_a_vendor_begins_at_the_first_section_with_something_open(pages):
    at = pages.open("brightholm", "questionnaire")

    assert at.title[0].value == "Retention and deletion"
    assert "5 of 12 answered, about" in said(at)
    assert "due in 18 days" in said(at)
    assert len(cards(at)) == 12


def test_an_edit_is_saved_before_the_page_is_drawn(pages, stored):
    at = pages.open("brightholm", "questionnaire")
    edit = send(at, OPEN, "internal_sample", "Every quarter")

    at.run()

    assert stored(OPEN) == ("internal_sample", "Every quarter", 1)
    card = cards(at)[OPEN]
    assert (card["reply"], card["note"], card["version"]) == ("internal_sample", "Every quarter", 1)
    assert card["done"] == edit
    assert card["saved"] == "Saved at 09:30"
    assert "6 of 12 answered" in said(at)


def test_an_edit_that_arrives_again_is_not_saved_again(pages, stored):
    at = pages.open("brightholm", "questionnaire")
    send(at, OPEN, "internal_sample", edit="one")
    at.run()
    at.run()

    assert stored(OPEN)[2] == 1


def test_the_first_run_after_a_restart_saves_what_the_browser_still_holds(pages, stored):
    before = pages.open("brightholm", "questionnaire")
    name = cards(before)[OPEN]["name"]
    after = pages.open("brightholm")
    after.session_state[name] = {
        "edit": {"id": "held", "reply": "no_proof", "note": "", "seen": 0, "after": []}
    }

    at = after.switch_page(path("questionnaire")).run()

    assert stored(OPEN)[0] == "no_proof"
    assert cards(at)[OPEN]["done"] == "held"


def test_an_edit_over_ones_own_unconfirmed_edit_is_no_conflict(pages, stored):
    at = pages.open("brightholm", "questionnaire")
    first = send(at, OPEN, "internal_sample")
    at.run()

    send(at, OPEN, "no_proof", seen=0, after=(first,))
    at.run()

    assert stored(OPEN)[0] == "no_proof"
    assert cards(at)[OPEN]["theirs"] is None


def test_an_edit_over_a_colleagues_answer_shows_both_and_saves_neither(pages, stored):
    at = pages.open("brightholm", "questionnaire")
    vendor = pages.actor("brightholm")
    answering.answer_question(
        pages.app, vendor, vendor.assessment_id, OPEN, "internal_sample", "His"
    )
    edit = send(at, OPEN, "no_proof", "Hers", seen=0)

    at.run()

    theirs = cards(at)[OPEN]["theirs"]
    assert theirs["edit"] == edit
    assert (theirs["reply"], theirs["note"], theirs["version"]) == ("internal_sample", "His", 1)
    assert theirs["who"] == vendor.name
    assert stored(OPEN) == ("internal_sample", "His", 1)


def test_an_edit_that_already_stands_is_no_conflict_however_old(pages, stored):
    at = pages.open("brightholm", "questionnaire")
    vendor = pages.actor("brightholm")
    for reply in ("no_proof", "internal_sample"):
        version = stored(OPEN)[2]
        answering.answer_question(
            pages.app, vendor, vendor.assessment_id, OPEN, reply, seen_version=version
        )
    edit = send(at, OPEN, "internal_sample", seen=0)

    at.run()

    assert cards(at)[OPEN]["done"] == edit
    assert stored(OPEN)[2] == 2


@pytest.mark.parametrize(
    ("reply", "note", "says"),
    [
        ("no_such_choice", "", "no_such_choice"),
        ("no_proof", "x" * 100_000, "100,000 characters"),
        ({"not_applicable": "We would rather not."}, "", "always applies"),
        (["no_proof"], "", "not a list"),
    ],
)
def test_an_edit_that_is_refused_says_why_and_saves_nothing(pages, stored, reply, note, says):
    at = pages.open("brightholm", "questionnaire")
    edit = send(at, OPEN, reply, note)

    at.run()

    problem = cards(at)[OPEN]["problem"]
    assert problem["edit"] == edit
    assert says in problem["sentence"]
    assert stored(OPEN) == (None, "", 0)


def test_whoever_types_and_goes_to_another_page_at_once_loses_nothing(pages, stored):
    at = pages.open("brightholm", "questionnaire")
    send(at, OPEN, None, "Typed to the last second")

    at.switch_page(path("evidence")).run()

    assert at.title[0].value == "Evidence"
    assert stored(OPEN)[1] == "Typed to the last second"


def test_a_question_says_which_answer_it_follows_from(pages):
    at = pages.open("brightholm", "questionnaire")
    send(at, CAUSE, "policy_only")
    at.run()
    assert OPEN not in cards(at)
    assert [toast.value for toast in at.toast] == ["1 question fewer because of this answer."]

    send(at, CAUSE, "manual")
    at.run()

    assert cards(at)[OPEN]["because"].startswith("Asked because you answered “People delete it")
    assert "to RT2" in cards(at)[OPEN]["because"]
    assert [toast.value for toast in at.toast] == ["1 more question because of this answer."]


def test_the_list_of_sections_leads_to_each(pages):
    at = pages.open("brightholm", "questionnaire")

    at.button(key="section_credentials").click().run()

    assert at.title[0].value == "Credentials"
    assert "credentials" in at.query_params["section"]


def test_a_section_stays_open_when_its_last_question_is_answered(pages):
    at = pages.open("brightholm", "questionnaire")
    for question, card in cards(at).items():
        if card["reply"] is None:
            send(at, question, card["choices"][0]["id"])

    at.run()

    assert at.title[0].value == "Retention and deletion"
    assert "all 12 answered" in said(at)


def test_the_address_leads_to_one_question(pages):
    at = pages.open("brightholm", "questionnaire", section="credentials", question="machine_keys")

    assert [name for name, card in cards(at).items() if card["goal"]] == ["machine_keys"]


def test_the_last_section_leads_to_checking_and_submitting(pages):
    at = pages.open("brightholm", "questionnaire", section="test_data")

    next(button for button in at.button if button.label == "Check and submit").click().run()

    assert at.title[0].value == "Check and submit"


def test_a_vendor_is_told_nothing_of_how_it_is_judged(pages):
    for section in ("retention", "credentials", "test_data"):
        at = pages.open("brightholm", "questionnaire", section=section)
        shown = said(at) + str(cards(at))
        for word in ("rubric", "weight", "knock", "points", "score", "credit", "self_attested"):
            assert word not in shown.casefold()


def test_a_vendor_sees_its_own_assessment_whatever_the_address_says(pages):
    at = pages.open("brightholm", "questionnaire", assessment=pages.town.assessments["larkmere"])

    assert "Brightholm" in said(at)


def test_an_address_that_leads_nowhere_says_so(pages):
    at = pages.open("officer", "questionnaire", assessment="nowhere")

    assert at.title[0].value == "Not found"
    assert "start again from your first page" in at.error[0].value


# -- staff ----------------------------------------------------------------------------------------


def test_staff_read_what_is_asked_and_not_what_is_not_submitted(pages):
    at = pages.open("officer", "questionnaire", assessment=pages.town.assessments["brightholm"])

    assert "has not submitted yet" in said(at)
    assert not any(card["open"] or card["reply"] or card["note"] for card in cards(at).values())
    assert "attached" not in said(at)


@pytest.mark.parametrize("who", ["officer", "reviewer", "committee", "auditor", "quillstone"])
def test_what_was_submitted_can_be_read_and_not_changed(pages, who):
    at = pages.open(who, "questionnaire", assessment=pages.town.assessments["quillstone"])

    assert "stand as they were submitted" in said(at)
    shown = cards(at).values()
    assert not any(card["open"] for card in shown)
    assert any(card["reply"] for card in shown)
    assert not [button for button in at.button if button.label.startswith(("Attach", "Remove"))]


def intake_of(pages, key):
    return vendors.engagement(
        pages.app, pages.actor("officer"), pages.town.engagements[key]
    ).intake_id


def test_the_officer_answers_the_intake_in_the_same_way(pages):
    at = pages.open("officer", "questionnaire", assessment=intake_of(pages, "tarnway"))
    send(at, "data_classes", ["contact", "biometric"])

    at.run()

    assert cards(at)["data_classes"]["reply"] == ["contact", "biometric"]
    assert cards(at)["data_classes"]["open"]
    assert "1 of 5 answered" in said(at)


def test_a_complete_intake_shows_its_tier_with_reasons_and_the_way_on(pages):
    at = pages.open(
        "officer", "questionnaire", assessment=intake_of(pages, "kestrel"), section="plan"
    )

    assert "The intake is complete: tier" in said(at)
    next(button for button in at.button if button.label == "To the engagement").click().run()
    assert "Kestrel Print" in said(at)


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_others_read_the_intake_and_do_not_change_it(pages, who):
    at = pages.open(who, "questionnaire", assessment=intake_of(pages, "kestrel"))

    assert "not change them" in said(at)
    assert not any(card["open"] for card in cards(at).values())


def test_a_vendor_never_sees_the_intake(pages):
    at = pages.open("brightholm", "questionnaire", assessment=intake_of(pages, "brightholm"))

    assert "intake" not in said(at).casefold()


def test_a_returned_questionnaire_says_why_and_is_open_again(pages):
    submitting.return_to_vendor(
        pages.app, pages.actor("officer"), pages.town.assessments["quillstone"], "RT3 is unclear."
    )

    at = pages.open("quillstone", "questionnaire", section="retention")

    assert "RT3 is unclear." in at.warning[0].value
    assert all(card["open"] for card in cards(at).values())


# -- what a browser could send --------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_EDITS = st.fixed_dictionaries(
    {
        "id": st.text() | _JSON,
        "reply": _JSON,
        "note": st.text() | _JSON,
        "seen": st.integers() | _JSON,
        "after": st.lists(st.text()) | _JSON,
    }
)


@given(_EDITS | _JSON)
def test_whatever_a_browser_sends_is_an_edit_of_the_right_types_or_none(sent):
    edit = read_edit({"edit": sent})

    assert edit is None or (
        isinstance(edit.id, str)
        and isinstance(edit.note, str)
        and type(edit.seen_version) is int
        and all(isinstance(name, str) for name in edit.after)
        and not isinstance(edit.reply, bool)
        and (not isinstance(edit.reply, float) or isfinite(edit.reply))
    )


def test_a_browsers_edit_is_read_as_it_was_sent():
    sent = {"id": "a", "reply": ["x"], "note": "n", "seen": 2, "after": ["b"]}

    assert read_edit({"edit": sent}) == Edit("a", ["x"], "n", 2, ("b",))
    assert read_edit({}) is None
    assert read_edit(None) is None
