"""Two reviewers on the review page: what is hidden is said, and a moderator sees what differs."""

from dataclasses import replace

import pytest

from tests.ui import town
from tests.ui.conftest import said
from vendorrisk.access import Role
from vendorrisk.agreement import TWO_REVIEWERS_TIERS
from vendorrisk.assessment import State
from vendorrisk.identity import hash_token
from vendorrisk.usecases import application as running
from vendorrisk.usecases import duties, moderating, people, reviewing

CANARY = "CANARY-the-key-still-works"
ASKED = "published_credentials"


@pytest.fixture
def two(pages, monkeypatch):
    """The town as it is where nobody asked for less, with a second reviewer and a moderator."""
    asked = replace(pages.app.settings, two_reviewers_for=TWO_REVIEWERS_TIERS)
    pages.app = replace(pages.app, settings=asked)
    monkeypatch.setattr(running, "_installed", pages.app)
    for key, name, role in (
        ("second_reviewer", "Ben Roe", Role.REVIEWER),
        ("moderator", "Mo Lind", Role.MODERATOR),
    ):
        link = people.add_person(
            pages.app, pages.actor("administrator"), name, f"{key}@example.org", [role]
        )
        token = people.choose_password(pages.app, link.token, town.PASSWORD)
        pages.town.sessions[key] = hash_token(token)
        duties.declare(pages.app, pages.actor(key), quillstone(pages), conflict=False)
    return pages


def quillstone(pages):
    return pages.town.assessments["quillstone"]


def sheet(pages, who="reviewer"):
    return reviewing.review_sheet(pages.app, pages.actor(who), quillstone(pages))


def open_(pages, who, **params):
    return pages.open(who, "review", assessment=quillstone(pages), **params)


def press(at, label):
    return next(b for b in at.button if b.label == label).click().run()


def judge(pages, who, level, reason):
    at = open_(pages, who, question=ASKED)
    at.radio[0].set_value(level)
    at.text_area[0].set_value(reason)
    return press(at, "Save judgement")


def test_two_judge_alone_hand_in_and_a_moderator_settles(two):
    assert "Your first judgement takes one of the two seats" in said(open_(two, "reviewer"))
    at = judge(two, "reviewer", "contradicted", CANARY)
    assert "**You judge alone.**" in said(at)
    assert "(with your own judgements)" in said(at)
    assert any(box.value.startswith("**Capped.**") for box in at.warning)
    press(at, "Hand in now")

    at = judge(two, "second_reviewer", "verified", "Tried it.")
    assert CANARY not in said(at)
    assert "Rita Moss's judgements are hidden from you" in said(at)
    assert "Rita Moss has handed in" in said(at)
    assert CANARY not in said(open_(two, "moderator", question=ASKED))
    at = press(at, "Hand in now")
    assert "1 answer waits for a moderator." in said(at)
    settles = f"Settle {next(row.code for row in sheet(two).rows if row.question_id == ASKED)}"
    assert not [b for b in at.button if b.label in (settles, "Finish the review")]

    at = press(open_(two, "moderator"), settles)
    text = said(at)
    assert f"Rita Moss: **contradicted**  \n{CANARY}" in text
    assert "Ben Roe: **verified by us**  \nTried it." in text
    at.radio[0].set_value("audited")
    at.text_area[0].set_value("")
    assert "missing" in said(press(at, "Settle it"))
    at.text_area[0].set_value("The retest of May shows it.")
    at = press(at, "Settle it")
    assert "They agree on 0 of 1 answer that either judged" in said(at)
    assert "Mo Lind judged: **independently audited**" in said(at)
    press(at, "Finish the review")
    assert sheet(two).state is State.REVIEWED


def test_a_moderator_gives_a_seat_back(two):
    judge(two, "reviewer", "verified", "Tried it.")
    at = open_(two, "moderator")
    assert "Rita Moss (still judging) and a second reviewer" in said(at)
    at.text_input[0].set_value("She is ill.")
    press(at, "Give the seat back")
    assert sheet(two).panel.seats == ()


def test_where_one_judgement_stands_though_two_would_usually_the_page_says_so(pages):
    assert "In tier 2 two reviewers judge alone" in said(open_(pages, "officer"))


def test_nothing_is_left_to_settle_where_both_leave_all_to_the_evidence(two):
    for who in ("reviewer", "second_reviewer"):
        moderating.hand_in(two.app, two.actor(who), quillstone(two))
    assert "They left every answer to its evidence." in said(open_(two, "auditor"))
