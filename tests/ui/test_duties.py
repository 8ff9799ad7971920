"""Duties kept apart on the pages: declaring first, approving, opening what is closed, accepting."""

from tests.ui.conftest import said
from tests.ui.town import PASSWORD
from vendorrisk.access import Role
from vendorrisk.identity import hash_token
from vendorrisk.usecases import deciding, duties, people


def press(at, label):
    return next(b for b in at.button if b.label == label).click().run()


def newcomer(pages, *roles):
    """A colleague who has declared nothing yet."""
    link = people.add_person(
        pages.app, pages.actor("administrator"), "Nora Vale", "nora@example.org", roles
    )
    session = people.choose_password(pages.app, link.token, PASSWORD)
    pages.town.sessions["newcomer"] = hash_token(session)


def test_the_page_asks_about_a_conflict_before_it_shows_anything(pages):
    newcomer(pages, Role.COMMITTEE_MEMBER)
    about = {"assessment": pages.town.assessments["larkmere"]}
    for page in ("review", "decide"):
        at = pages.open("newcomer", page, **about)
        assert at.title[0].value == "Before you read on"
        assert "Larkmere" in said(at)
        assert "Knocked out" not in said(at)
    at = press(at, "I have none")
    assert "Knocked out" in said(at)
    assert "No conflict of interest: " in said(at)


def test_a_conflict_takes_words_and_keeps_out_visibly(pages):
    newcomer(pages, Role.REVIEWER)
    about = {"assessment": pages.town.assessments["larkmere"]}
    at = press(pages.open("newcomer", "review", **about), "I have a conflict of interest")
    assert "is missing" in said(at)
    at.text_area[0].set_value("I *worked* there.")
    at = press(at, "I have a conflict of interest")
    assert "so others judge it" in said(at)
    seen = said(pages.open("auditor", "review", **about))
    assert "Nora Vale is kept out" in seen
    assert "I \\*worked\\* there" in seen


def test_a_second_officer_approves_what_is_asked_and_then_a_link_can_be_made(pages):
    officer = pages.open("officer", "engagement", engagement=pages.town.engagements["larkmere"])
    assert "Approved by Sanna Ek" in said(officer)


def test_what_is_closed_is_asked_for_by_one_and_opened_by_another(pages):
    about = {"assessment": pages.town.assessments["larkmere"]}
    at = pages.open("committee", "decide", **about)
    next(one for one in at.text_area if one.label.startswith("Why, although")).set_value("A pilot.")
    at = press(at, "Ask a second person")
    assert "It waits for a second officer" in said(at)
    assert not [b for b in at.button if b.label == "Grant it"]
    second = pages.open("second", "decide", **about)
    next(one for one in second.text_input if one.label == "Why?").set_value("Agreed.")
    second = press(second, "Grant it")
    assert "granted it: Agreed" in said(second)
    sheet = deciding.decision_options(pages.app, pages.actor("committee"), about["assessment"])
    assert next(one for one in sheet.options if one.outcome == "approve").fits


def test_a_risk_owner_accepts_a_risk_for_six_months_at_most(pages):
    newcomer(pages, Role.RISK_OWNER)
    id_ = pages.town.assessments["larkmere"]
    duties.declare(pages.app, pages.actor("newcomer"), id_, conflict=False)
    at = pages.open("newcomer", "decide", assessment=id_)
    next(one for one in at.text_area if one.label.startswith("Which risk")).set_value("Old keys.")
    next(one for one in at.text_area if one.label.startswith("What makes up")).set_value("Watched.")
    at = press(at, "Accept the risk")
    accepted = next(table for table in at.table if "Risk" in table.value.columns)
    assert list(accepted.value["Risk"]) == ["Old keys."]
