"""The first page: what waits on whom, since when, with one obvious next step for each role."""

import pytest

from tests.ui.conftest import said
from vendorrisk.access import Role
from vendorrisk.usecases import people


def primary(at):
    return [button.label for button in at.button if button.proto.type == "primary"]


@pytest.mark.parametrize(
    ("who", "mine", "step"),
    [
        ("officer", "Kestrel Print", "Open an assessment"),
        ("reviewer", "Quillstone", "Review the answers"),
        ("committee", "Larkmere Identity", "Decide"),
    ],
)
def test_what_waits_on_somebody_stands_first_with_one_obvious_button(pages, who, mine, step):
    pages.later(days=3)
    at = pages.open(who)

    text = said(at)
    yours, _, _ = text.partition("Waiting on others")
    assert "Waiting on you" in yours
    first = at.markdown[0].value
    assert mine in first
    assert step in first
    assert "waiting 3 days" in first
    assert len(primary(at)) == 1


def test_what_waits_on_a_vendor_is_named_with_its_date(pages):
    text = said(pages.open("officer"))

    assert "**Brightholm Cloud**" in text
    assert "due on 20 November 2026" in text or "due in 18 days" in text


def test_a_late_vendor_is_marked_in_words(pages):
    pages.later(days=20)

    assert "2 days overdue" in said(pages.open("officer"))


def test_the_button_leads_to_the_thing_itself(pages):
    at = pages.open("reviewer")
    at.button[0].click().run()

    assert at.title[0].value == "Quillstone"
    assert pages.town.assessments["quillstone"] in at.query_params["assessment"]


def test_an_auditor_sees_what_waits_on_others_and_nothing_to_do(pages):
    at = pages.open("auditor")

    assert "Waiting on you" not in said(at)
    assert primary(at) == []


def test_a_new_administrator_is_told_to_add_colleagues(empty):
    at = empty.open("administrator")

    assert "Add the colleagues" in said(at)
    at.button[0].click().run()
    assert at.title[0].value == "People"


def test_a_new_officer_is_told_to_register_a_vendor(empty):
    administrator = empty.actor("administrator")
    people.change_roles(
        empty.app, administrator, administrator.id, [Role.ADMINISTRATOR, Role.PROCUREMENT_OFFICER]
    )
    empty.town.sessions["administrator"] = empty.sign_in("ada@example.org")
    at = empty.open("administrator")

    assert "Register" in " ".join(button.label for button in at.button)


@pytest.mark.parametrize(
    ("who", "menu"),
    [
        ("administrator", ["What waits", "People", "Retention"]),
        (
            "officer",
            ["What waits", "Vendors", "Review", "Tenders", "Compare", "Decide", "Retention"],
        ),
        (
            "auditor",
            [
                *("What waits", "Vendors", "Review", "Tenders", "Compare", "Decide"),
                *("People", "Audit trail", "Retention"),
            ],
        ),
    ],
)
def test_the_menu_has_what_the_role_may_open(pages, who, menu):
    assert pages.menu(who) == menu


@pytest.mark.parametrize("page", ["people", "welcome", "submit"])
def test_a_page_of_another_role_is_not_there(pages, page):
    with pytest.raises(ValueError, match=page):
        pages.open("reviewer", page)


def test_an_ended_session_sees_nothing(pages):
    pages.clock.forward(days=30)
    at = pages.open("officer")

    assert at.title[0].value == "You are signed out"
    assert "Tarnway" not in said(at)
