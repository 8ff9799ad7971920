"""Several sets about one engagement: what applies, one answer for all, and the worst result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.usecases.conftest import Template, World, built
from vendorrisk.access import EVERYTHING
from vendorrisk.content import Library
from vendorrisk.content.questionnaires import TEAMS
from vendorrisk.usecases import (
    answering,
    assessments,
    audit,
    deciding,
    evidence,
    reviewing,
    sets,
    vendors,
    worklist,
)
from vendorrisk.usecases.errors import Invalid, NotFound, Refusal
from vendorrisk.usecases.values import Reply

SHIPPED = Library(Path(__file__).parents[2] / "questionnaires")
DUE = date(2027, 3, 1)
INTAKE: dict[str, Reply] = {
    "data_classes": ["contact"],
    "data_volume": "under_1000",
    "harm_to_people": "serious",
    "biometrics": "not_used",
    "ai_use": "not_used",
    "access": "live_data",
    "integration": "limited_interface",
    "exposure": "open_to_outsiders",
    "subprocessors": "no_subprocessors",
    "geography": "home",
    "criticality": "degraded",
    "substitutability": "weeks",
    "incident_history": "none_found",
    "demo_planned": "no_demo",
    "outside_testers": "others",
    "contract_value": 1000,
    "contract_term": 12,
}
"""Tier 2, and nothing that calls for an addendum."""


@pytest.fixture
def shop(peopled: Template, tmp_path: Path) -> Iterator[World]:
    """The organisation with the shipped questionnaires."""
    world, _ = built(tmp_path, peopled.path, SHIPPED, peopled.staff)
    yield world
    world.app.store.close()


def begun(world: World, **intake: Reply) -> str:
    """An engagement with this intake; gives its id."""
    engagement_id = world.engagement()
    asked = vendors.engagement(world.app, world.officer, engagement_id).intake_id
    for question, reply in {**INTAKE, **intake}.items():
        try:
            answering.answer_question(world.app, world.officer, asked, question, reply)
        except Refusal as refusal:
            if refusal.code != "hidden_question":
                raise
    return engagement_id


def by_id(world: World, engagement_id: str) -> Mapping[str, sets.SetRow]:
    rows = sets.engagement_sets(world.app, world.officer, engagement_id)
    return {row.set_id: row for row in rows}


def suggested(world: World, engagement_id: str) -> set[str]:
    return {name for name, row in by_id(world, engagement_id).items() if row.suggested}


def opened(world: World, engagement_id: str, *ids: str) -> dict[str, str]:
    made = sets.open_sets(world.app, world.officer, engagement_id, ids, DUE)
    world.approve()
    return dict(zip(ids, made, strict=True))


def submit(world: World, assessment_id: str, **replies: Reply) -> None:
    """Let the contact answer some questions of one set and submit it."""
    contact = world.invited(assessment_id)
    answer(world, contact, assessment_id, **replies)
    world.submit(replace(contact, assessment_id=assessment_id))


def answer(world: World, contact, assessment_id: str, **replies: Reply) -> None:
    for question, reply in replies.items():
        answering.answer_question(world.app, contact, assessment_id, question, reply)


def review(world: World, assessment_id: str) -> None:
    world.confirm_knockouts(assessment_id)
    reviewing.finish_review(world.app, world.reviewer, assessment_id)


def test_the_intake_decides_which_sets_apply_and_says_why(shop):
    plain = begun(shop)
    assert suggested(shop, plain) == {"core"}
    engagement_id = shop.engagement("Larkmere")
    assert suggested(shop, engagement_id) == set()


def test_the_time_that_a_set_takes_is_shared_out_among_those_who_answer(shop):
    engagement_id = begun(shop)
    for row in by_id(shop, engagement_id).values():
        assert row.minutes == sum(minutes for _, minutes in row.minutes_by_role) > 0
        assert {role for role, _ in row.minutes_by_role} <= set(TEAMS)
    before = by_id(shop, engagement_id)["demo-and-test"].minutes
    opened(shop, engagement_id, "core")
    assert by_id(shop, engagement_id)["demo-and-test"].minutes < before


def test_a_reason_in_words_stands_with_each_set(shop):
    rows = by_id(shop, begun(shop, demo_planned="real", ai_use="assists"))
    assert {name for name, row in rows.items() if row.suggested} == {"core", "demo-and-test", "ai"}
    assert rows["demo-and-test"].reasons == (
        "A demo, trial or pilot is planned before the contract.",
    )
    assert rows["offboarding"].reasons == ()


def test_leaving_out_a_triggered_set_takes_a_reason_and_stays_on_record(shop):
    engagement_id = begun(shop, ai_use="assists")
    with pytest.raises(Invalid):
        sets.leave_out(shop.app, shop.officer, engagement_id, "ai", " ")
    with pytest.raises(Refusal) as refused:
        sets.leave_out(shop.app, shop.officer, engagement_id, "incident", "None happened.")
    assert refused.value.code == "not_triggered"
    sets.leave_out(shop.app, shop.officer, engagement_id, "ai", "It only sorts our mail.")
    row = by_id(shop, engagement_id)["ai"]
    assert row.left_out is not None
    assert (row.left_out.reason, row.left_out.who) == ("It only sorts our mail.", "Officer")
    assert not row.suggested
    intake = vendors.engagement(shop.app, shop.officer, engagement_id).intake_id
    assert "leave_out" in {event.action for event in audit.trail(shop.app, shop.officer, intake)}
    opened(shop, engagement_id, "ai")
    assert by_id(shop, engagement_id)["ai"].left_out is None


def test_answers_that_were_submitted_call_for_a_set_and_a_draft_does_so_to_the_vendor_alone(shop):
    engagement_id = begun(shop)
    core = opened(shop, engagement_id, "core")["core"]
    contact = shop.invited(core)
    answer(shop, contact, core, real_data_rule="discouraged")
    assert suggested(shop, engagement_id) == set()
    (coming,) = sets.own_sets(shop.app, contact, core).coming
    assert coming.title == SHIPPED.pack("demo-and-test").title
    assert "TD1" in coming.codes
    shop.submit(contact)
    assert suggested(shop, engagement_id) == {"demo-and-test"}


def test_the_end_and_a_year_call_for_their_sets(shop):
    engagement_id = begun(shop)
    core = opened(shop, engagement_id, "core")["core"]
    submit(shop, core, real_data_rule="banned")
    review(shop, core)
    scorecard = reviewing.scorecard(shop.app, shop.committee, core).id
    deciding.record_decision(
        shop.app, shop.committee, core, outcome="reject", reasons="No.", scorecard_id=scorecard
    )
    assert "reattestation" not in suggested(shop, engagement_id)
    shop.clock.now += timedelta(days=366)
    assert "reattestation" in suggested(shop, engagement_id)


def test_one_link_opens_the_sets_it_was_made_for_and_no_other(shop):
    engagement_id = begun(shop)
    made = opened(shop, engagement_id, "core", "demo-and-test", "ai")
    contact_id = shop.contact_of(made["core"])
    link = assessments.invite(
        shop.app, shop.officer, made["core"], contact_id, with_sets=[made["demo-and-test"]]
    )
    contact = shop.enter(link.token)
    found = sets.own_sets(shop.app, contact, made["demo-and-test"]).sets
    assert {one.assessment_id for one in found} == {made["core"], made["demo-and-test"]}
    with pytest.raises(NotFound):
        answering.overview(shop.app, contact, made["ai"])
    (invitation,) = (
        row
        for one in vendors.engagement(shop.app, shop.officer, engagement_id).assessments
        if one.id == made["demo-and-test"]
        for row in one.invitations
    )
    assessments.revoke_invitation(shop.app, shop.officer, invitation.id)
    contact = shop.enter(link.token)
    with pytest.raises(NotFound):
        answering.overview(shop.app, contact, made["demo-and-test"])


def test_a_link_never_opens_another_engagement(shop):
    mine = opened(shop, begun(shop), "core")["core"]
    other = shop.engagement("Larkmere")
    for question, reply in INTAKE.items():
        asked = vendors.engagement(shop.app, shop.officer, other).intake_id
        answering.answer_question(shop.app, shop.officer, asked, question, reply)
    theirs = opened(shop, other, "core")["core"]
    with pytest.raises(NotFound):
        assessments.invite(shop.app, shop.officer, mine, shop.contact_of(mine), with_sets=[theirs])


def test_an_answer_given_once_serves_the_other_set_once_the_vendor_says_so(shop):
    engagement_id = begun(shop)
    made = opened(shop, engagement_id, "core", "demo-and-test")
    contact = shop.invited(made["core"])
    answer(shop, contact, made["core"], real_data_rule="banned", test_data_source="synthetic")
    shop.attach(contact, "real_data_rule", kind="policy")
    link = assessments.invite(
        shop.app, shop.officer, made["demo-and-test"], shop.contact_of(made["core"])
    )
    contact = shop.enter(link.token)
    offered = {
        one.question_id: one for one in sets.carried(shop.app, contact, made["demo-and-test"])
    }
    assert set(offered) == {"real_data_rule", "test_data_source"}
    assert offered["real_data_rule"].source == SHIPPED.pack("core").title
    assert offered["real_data_rule"].answered_on == shop.clock().date()
    assert offered["real_data_rule"].files == 1
    with shop.app.store.read(EVERYTHING) as work:
        assert work.answers(made["demo-and-test"]) == {}
    assert sets.take_over(shop.app, contact, made["demo-and-test"], ["real_data_rule"]) == 1
    with shop.app.store.read(EVERYTHING) as work:
        assert set(work.answers(made["demo-and-test"])) == {"real_data_rule"}
    (file,) = evidence.evidence_list(shop.app, contact, made["demo-and-test"])
    assert file.for_questions == ("real_data_rule",)
    shop.confirm(contact)
    assert evidence.open_evidence(shop.app, contact, file.id).content
    left = sets.carried(shop.app, contact, made["demo-and-test"])
    assert [one.question_id for one in left] == ["test_data_source"]


def test_contradictions_across_sets_name_both_sets_and_both_answers(shop):
    engagement_id = begun(shop, demo_planned="real")
    made = opened(shop, engagement_id, "demo-and-test")
    assert sets.cross_check(shop.app, shop.officer, engagement_id) == ()
    submit(shop, made["demo-and-test"], pilot_agreement="never_accepted")
    (found,) = sets.cross_check(shop.app, shop.officer, engagement_id)
    assert found.rule == "real-trial-though-never-accepted"
    assert [one.set_id for one in found.sayings] == ["intake", "demo-and-test"]
    assert found.sayings[0].reply_says == "Real records"
    assert "never" in found.sayings[1].ask.lower() or found.sayings[1].reply_says


def test_different_answers_to_the_same_question_are_a_contradiction(shop):
    engagement_id = begun(shop)
    made = opened(shop, engagement_id, "core", "demo-and-test")
    submit(shop, made["core"], real_data_rule="banned")
    submit(shop, made["demo-and-test"], real_data_rule="allowed")
    rules = {one.rule for one in sets.cross_check(shop.app, shop.officer, engagement_id)}
    assert "same-question:real_data_rule" in rules


def test_the_engagement_takes_the_worst_band_and_the_decision_rests_on_it(shop):
    engagement_id = begun(shop)
    made = opened(shop, engagement_id, "demo-and-test", "reattestation")
    best = {
        question.id: question.choices[0].id
        for question in SHIPPED.pack("demo-and-test").questionnaire.questions
    }
    contact = shop.invited(made["demo-and-test"])
    for question, reply in best.items():
        try:
            answer(shop, contact, made["demo-and-test"], **{question: reply})
        except Refusal as refusal:
            if refusal.code != "hidden_question":
                raise
    shop.submit(contact)
    view = vendors.engagement(shop.app, shop.officer, engagement_id)
    assert view.result is not None
    alone = view.result.band
    assert view.result.waiting == (SHIPPED.pack("reattestation").title,)
    submit(shop, made["reattestation"], published_credentials="live")
    view = vendors.engagement(shop.app, shop.officer, engagement_id)
    assert view.result is not None
    assert (view.result.band, view.result.stopped_by) == ("unacceptable", "knockout")
    assert alone != "unacceptable"
    assert view.result.set_title == SHIPPED.pack("reattestation").title
    review(shop, made["demo-and-test"])
    sheet = deciding.decision_options(shop.app, shop.committee, made["demo-and-test"])
    assert not sheet.may_decide
    assert {option.outcome for option in sheet.options if option.fits} == {"reject", "escalate"}
    assert sheet.engagement == view.result
    with pytest.raises(Refusal) as refused:
        deciding.record_decision(
            shop.app,
            shop.committee,
            made["demo-and-test"],
            outcome="reject",
            reasons="A live key.",
            scorecard_id=sheet.scorecard_id,
        )
    assert refused.value.code == "set_not_reviewed"
    (left,) = worklist.waiting(shop.app, shop.committee)
    assert left.next_step == "Review the answers"
    assert left.what.endswith(f"({SHIPPED.pack('reattestation').title})")
    review(shop, made["reattestation"])
    (once,) = worklist.waiting(shop.app, shop.committee)
    assert (once.next_step, once.yours) == ("Decide", True)
    decision = deciding.record_decision(
        shop.app,
        shop.committee,
        made["demo-and-test"],
        outcome="reject",
        reasons="A live key.",
        scorecard_id=sheet.scorecard_id,
    )
    covered = deciding.decision_options(shop.app, shop.committee, made["reattestation"])
    assert covered.decision is not None
    assert covered.decision.id == decision.id


def test_that_no_outsider_uses_a_demo_is_known_from_the_intake_and_asks_less(shop):
    engagement_id = begun(shop, outside_testers="nobody")
    made = opened(shop, engagement_id, "demo-and-test")["demo-and-test"]
    contact = shop.invited(made)
    with pytest.raises(Refusal) as refused:
        answer(shop, contact, made, external_testers="no_record")
    assert refused.value.code == "hidden_question"
    other = shop.engagement("Larkmere")
    asked = vendors.engagement(shop.app, shop.officer, other).intake_id
    for question, reply in {**INTAKE, "demo_planned": "invented"}.items():
        if question != "outside_testers":
            answering.answer_question(shop.app, shop.officer, asked, question, reply)
    theirs = opened(shop, other, "demo-and-test")["demo-and-test"]
    answer(shop, shop.invited(theirs), theirs, external_testers="no_record")


def test_the_promised_deletion_is_to_be_verified_on_dated_days(shop):
    engagement_id = begun(shop, incident_history="promise_unverified")
    made = opened(shop, engagement_id, "incident")["incident"]
    submit(
        shop,
        made,
        deletion_promised_on="2026-10-01",
        deletion_check_day_91="not_yet",
        deletion_check_day_180="not_yet",
    )
    card = reviewing.scorecard(shop.app, shop.officer, made)
    due = {pair for rule in card.rules for pair in rule.due}
    assert due >= {(91, date(2026, 12, 31)), (180, date(2027, 3, 30))}
    review(shop, made)
    proposed = deciding.decision_options(shop.app, shop.committee, made).proposed_conditions
    assert "on day 91, 31 December 2026" in proposed[0]
    assert "on day 180, 30 March 2027" in proposed[1]


def test_a_broken_set_stops_only_its_own_assessment(shop, tmp_path):
    import shutil

    root = tmp_path / "library"
    shutil.copytree(SHIPPED.root, root)
    (root / "ai" / "v1" / "rubric.yaml").write_text("rubric: [", encoding="utf-8")
    shop.app = replace(shop.app, library=Library(root))
    engagement_id = begun(shop)
    with pytest.raises(Refusal) as refused:
        opened(shop, engagement_id, "ai")
    assert refused.value.code == "content_unusable"
    assert opened(shop, engagement_id, "core")
