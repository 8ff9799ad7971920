"""Retention: what is due, receipts, and a hold that one person asks to lift and another lifts."""

from tests.ui.conftest import said
from vendorrisk.usecases import retention
from vendorrisk.usecases.purging import purge


def press(at, label):
    next(button for button in at.button if button.label == label).click()
    return at.run()


def test_the_schedule_is_told_with_its_reasons(pages):
    text = said(pages.open("auditor", "retention"))

    assert "Files of evidence" in text
    assert "Why: A report is stale after a year" in text
    assert "Nothing is held." in text
    assert "Nothing has been deleted yet." in text


def test_an_auditor_reads_and_sets_no_hold(pages):
    at = pages.open("auditor", "retention")

    assert not [button for button in at.button if "hold" in button.label]
    assert "Retention" in pages.menu("auditor")
    assert "Retention" not in pages.menu("reviewer")


def test_a_hold_needs_a_reason_and_a_second_person_lifts_it(pages):
    at = pages.open("officer", "retention")
    press(at, "Set a legal hold")
    assert "Choose what must be kept." in said(at)
    at.selectbox(key="hold_subject").select_index(0)
    press(at, "Set a legal hold")
    assert "reason" in said(at)
    at.text_input(key="hold_reason").set_value("A dispute *about* it")
    at = press(at, "Set a legal hold")
    (hold,) = retention.retention(pages.app, pages.actor("auditor")).holds
    assert "In force" in said(at)

    at.text_input(key=f"ask_reason_{hold.id}").set_value("It was settled")
    at = press(at, "Ask a colleague to lift it")
    assert "asks to lift it: It was settled" in said(at)
    assert not [button for button in at.button if button.label == "Lift this hold"]

    at = press(pages.open("administrator", "retention"), "Lift this hold")
    assert "Lifted" in said(at)


def test_receipts_name_the_stores(pages):
    pages.later(days=8 * 365)
    purge(pages.app)

    text = said(pages.open("auditor", "retention"))

    assert "backups: gone by" in text
    assert "words erased" in text
