"""Tenders: preparing one, what bidders are told, opening it as another officer, and its bids."""

from datetime import timedelta

import pytest

from tests.shorter import vendors as portfolio
from tests.ui import town as towns
from tests.ui.conftest import said
from vendorrisk.identity import hash_token
from vendorrisk.usecases import assessments, invitations, tenders, vendors

TITLE = "Identity *checks* 2027"


def press(at, label):
    next(button for button in at.button if button.label == label).click()
    return at.run()


@pytest.fixture
def drafts(pages):
    """Two vendors with an assessment to which nobody was invited."""
    told = {vendor.id: vendor for vendor in portfolio()}
    towns.answer_intake(pages.app, pages.town, "tarnway", told["tarnway-data"])
    officer = pages.actor("officer")
    made = []
    for key in ("kestrel", "tarnway"):
        made.append(
            assessments.open_assessment(
                pages.app, officer, pages.town.engagements[key], "core", None
            )
        )
        towns.approve_and_declare(pages.app, pages.town, made[-1])
    return made


def prepared(pages, drafts, **how):
    return tenders.open_tender(
        pages.app,
        pages.actor("officer"),
        title=TITLE,
        assessment_ids=drafts,
        deadline=pages.clock() + timedelta(days=20),
        **{"late_rule": "refuse", "pseudonymous": True, **how},
    )


def invited(pages, drafts):
    """The bidders' sessions, by key."""
    officer = pages.actor("officer")
    for key, bid in zip(("kestrel", "tarnway"), drafts, strict=True):
        view = vendors.engagement(pages.app, officer, pages.town.engagements[key])
        link = assessments.invite(pages.app, officer, bid, view.vendor.contacts[0].id, days=60)
        pages.town.sessions[key] = hash_token(invitations.exchange(pages.app, link.token))


def test_an_officer_prepares_a_tender_and_publishes_it(pages, drafts):
    at = pages.open("officer", "tenders")
    assert "There is no tender yet." in said(at)
    at = press(at, "Prepare it")
    assert "A title is missing" in said(at)

    at.text_input(key="tender_title").set_value(TITLE)
    at.multiselect(key="tender_bids").set_value(drafts)
    at.checkbox(key="tender_pseudonymous").check()
    at = press(at, "Prepare it")
    [view] = tenders.tenders(pages.app, pages.actor("officer"))
    assert (view.stage, len(view.bids), view.pseudonymous) == ("draft", 2, True)

    at = press(pages.open("officer", "tenders", tender=view.id), "Publish")
    text = said(at)
    assert "Identity \\*checks\\* 2027" in text
    assert "Late answers are refused." in text
    assert "Invite 2 bidders: nobody there has a link yet." in text
    assert "Publish" not in [button.label for button in at.button]


def test_bidders_are_told_until_when_it_is_sealed(pages, drafts):
    tender_id = prepared(pages, drafts)
    tenders.publish_tender(pages.app, pages.actor("officer"), tender_id)
    invited(pages, drafts)
    text = said(pages.open("kestrel"))
    assert "This is a sealed tender" in text
    assert "22 November 2026, 09:30 UTC" in text
    assert "Late answers are refused." in text
    text = said(pages.open("kestrel", "submit"))
    assert "Sealed until" in text


def test_another_second_officer_opens_the_bids_and_reviewers_see_pseudonyms(pages, drafts):
    tender_id = prepared(pages, drafts)
    tenders.publish_tender(pages.app, pages.actor("officer"), tender_id)
    invited(pages, drafts)
    told = {vendor.id: vendor for vendor in portfolio()}
    towns.submit(pages.app, pages.actor("kestrel"), told["kestrel-print"])

    text = said(pages.open("officer", "engagement", engagement=pages.town.engagements["kestrel"]))
    assert "Submitted and sealed" in text
    assert "questions answered" not in text
    assert "sealed until 22 November 2026" in said(
        pages.open("officer", "review", assessment=drafts[0])
    )
    pages.later(days=20, seconds=1)
    assert "Open the bids" in said(pages.open("second"))
    at = pages.open("officer", "tenders", tender=tender_id)
    assert "Open the bids" not in [button.label for button in at.button]
    at = press(pages.open("second", "tenders", tender=tender_id), "Open the bids")
    assert "Review 1 bid." in said(at)
    assert "Kestrel Print" in said(at)

    at = pages.open("reviewer", "tenders", tender=tender_id)
    text = said(at)
    assert "**Bidder A**" in text
    assert "**Bidder B**" in text
    assert "The bidders, by alphabet" in text
    assert "Tenders" in pages.menu("auditor")
    assert "Tenders" not in pages.menu("administrator")
    text = said(pages.open("reviewer", "review", assessment=drafts[0]))
    assert "Bidder " in text
    assert "Kestrel" not in text
