"""Sessions as the pages hold them: an open tab asks anew at every click whether it still may."""

import pyotp

from tests.ui import town as towns
from tests.ui.conftest import said
from vendorrisk.access import Role
from vendorrisk.usecases import account, people, second_factor


def otto(pages):
    return pages.actor("officer")


def signed_out(at):
    return at.title[0].value == "You are signed out"


def press(at, key):
    return next(b for b in at.button if b.key == key).click().run()


def test_an_open_tab_is_signed_out_by_the_next_click_after_its_session_was_ended(pages):
    tab = pages.open("officer", "vendors")
    assert not signed_out(tab)

    at = pages.open("administrator", "people")
    press(at, f"out_{otto(pages).id}")

    assert signed_out(tab.run())
    assert pages.signed_in("officer") is None


def test_ending_ones_other_sessions_reaches_their_open_tabs_and_not_this_one(pages):
    here = pages.open("officer")
    elsewhere = pages.sign_in("officer@example.org")
    pages.town.sessions["elsewhere"] = elsewhere
    tab = pages.open("elsewhere")

    account.end_other_sessions(pages.app, otto(pages))

    assert signed_out(tab.run())
    assert not signed_out(here.run())


def test_a_changed_role_or_password_ends_open_tabs(pages):
    tab = pages.open("officer")
    person = otto(pages)
    people.change_roles(
        pages.app, pages.actor("administrator"), person.id, [Role.PROCUREMENT_OFFICER, Role.AUDITOR]
    )
    assert signed_out(tab.run())

    pages.town.sessions["officer"] = pages.sign_in("officer@example.org")
    tab = pages.open("officer")
    account.change_password(pages.app, otto(pages), towns.PASSWORD, "nine amber kites over fields")
    assert signed_out(tab.run())


def test_a_half_session_is_a_strangers(pages):
    session = pages.town.sessions["officer"]
    made = second_factor.begin_app(pages.app, session)
    code = pyotp.TOTP(made.secret).at(pages.clock())
    second_factor.confirm_app(pages.app, session, code)

    pages.town.sessions["officer"] = pages.sign_in("officer@example.org")

    assert signed_out(pages.open("officer"))
    assert signed_out(pages.open("officer", "vendors"))


def test_an_administrator_resets_a_lost_second_factor_after_a_second_thought(pages):
    session = pages.town.sessions["officer"]
    made = second_factor.begin_app(pages.app, session)
    second_factor.confirm_app(
        pages.app, session, pyotp.TOTP(made.secret).at(pages.clock()), "Phone"
    )
    person = otto(pages)
    at = pages.open("administrator", "people")
    assert "with a second factor" in said(at)
    assert next(b for b in at.button if b.key == f"reset_{person.id}").disabled

    next(c for c in at.checkbox if c.key == f"lost_{person.id}").check().run()
    at = press(at, f"reset_{person.id}")

    assert "with a second factor" not in said(at)
    assert pages.signed_in("officer") is None
    pages.town.sessions["officer"] = pages.sign_in("officer@example.org")
    assert pages.signed_in("officer") is not None, "a password is enough for this role"


def test_the_foot_leads_staff_to_their_account_and_vendors_to_none(pages):
    assert any("/account" in one.proto.body for one in pages.open("officer").get("html"))
    assert not any("/account" in one.proto.body for one in pages.open("brightholm").get("html"))
