"""Registering a vendor and what is bought from it, and the list of where everything stands."""

from tests.ui.conftest import said
from vendorrisk.assessment import State
from vendorrisk.ui.navigation import path
from vendorrisk.usecases import vendors

FIELDS = ("Name of the vendor", "Contact's name", "Contact's e-mail address")


def fill(at, *values):
    for label, value in zip(FIELDS, values, strict=True):
        next(field for field in at.text_input if field.label == label).set_value(value)
    return at


def press(at, label):
    return next(b for b in at.button if b.label == label).click().run()


def names(pages):
    return [row.name for row in vendors.vendors(pages.app, pages.actor("officer"))]


def test_the_list_says_where_each_vendor_stands(pages):
    text = said(pages.open("officer", "vendors"))

    assert "Knocked out" in text
    assert "29 assured of 89 claimed" in text
    assert "Ready for a decision" in text
    assert "Intake: 0 of 16 answered" in text
    assert "Tier 4" in text


def test_the_list_is_narrowed_by_where_an_engagement_stands_and_by_tier(pages):
    at = pages.open("officer", "vendors")
    everyone = len(at.subheader)
    choices = {box.label: box for box in at.selectbox}
    choices["Where it stands"].set_value(State.REVIEWED).run()

    assert 0 < len(at.subheader) < everyone
    assert "Ready for a decision" in said(at)
    assert "Being answered" not in said(at)


def test_a_registered_vendor_leads_on_to_its_engagement(pages):
    at = fill(pages.open("officer", "vendors"), "Fenwick Maps", "Ines Ro", "ines@fenwick.example")
    press(at, "Register vendor")

    assert at.title[0].value == "What will you buy from Fenwick Maps?"
    assert "Fenwick Maps" in names(pages)

    at.switch_page(path("engagement"))  # where the page led, the test has to follow
    at.text_input[0].set_value("Street maps")
    at.number_input[0].set_value(12_500.50)
    currency = next(box for box in at.selectbox if box.label == "Currency")
    everything = [
        row
        for vendor in vendors.vendors(pages.app, pages.actor("officer"))
        for row in vendor.engagements
        if row.currency is not None
    ]
    assert currency.value == max(everything, key=lambda row: row.registered_at).currency
    currency.set_value("CHF")
    press(at, "Register and go to the intake")

    assert at.title[0].value == "Data and people"  # the intake's first section
    assert "Fenwick Maps, Street maps" in said(at)
    made = next(
        row
        for row in vendors.vendors(pages.app, pages.actor("officer"))
        if row.name == "Fenwick Maps"
    ).engagements[0]
    assert (made.value_minor, made.currency) == (1_250_050, "CHF")


def test_every_problem_is_said_below_its_field_and_nothing_is_registered(pages):
    before = names(pages)
    at = fill(pages.open("officer", "vendors"), "", "Ines Ro", "nowhere")
    press(at, "Register vendor")

    text = said(at)
    assert "is missing" in text
    assert "is not an e-mail address" in text
    assert names(pages) == before


def test_a_double_click_registers_one_vendor(pages):
    values = ("Fenwick Maps", "Ines Ro", "ines@fenwick.example")
    at = press(fill(pages.open("officer", "vendors"), *values), "Register vendor")
    again = pages.open("officer", "vendors")
    again.session_state["forms_sent"] = at.session_state["forms_sent"]
    press(fill(again, *values), "Register vendor")

    assert names(pages).count("Fenwick Maps") == 1


def test_a_name_is_shown_as_it_was_typed(pages):
    hostile = "<b>Evil</b> [x](https://evil.example) **bold** $x$ :red[y]"
    at = fill(pages.open("officer", "vendors"), hostile, "Ines Ro", "ines@fenwick.example")
    press(at, "Register vendor")
    text = said(pages.open("officer", "vendors"))

    assert "[x](https" not in text
    assert r"\[x\]" in text
    assert r"\*\*bold\*\*" in text


def test_whoever_may_not_register_sees_no_form(pages):
    at = pages.open("committee", "vendors")

    assert "Larkmere Identity" in said(at)
    assert not [b for b in at.button if b.label in ("Register vendor", "Add an engagement")]
