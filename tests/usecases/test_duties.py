"""Duties kept apart: nobody judges in conflict, approves, grants or closes what is their own."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from tests.usecases.conftest import World
from vendorrisk.access import JUDGING_ROLES, KEPT_OUT, POLICY, Action, Relation, Role
from vendorrisk.store.tables import Assessment
from vendorrisk.usecases import (
    assessments,
    deciding,
    duties,
    evidence,
    knockouts,
    moderating,
    reviewing,
)
from vendorrisk.usecases.errors import Invalid, NotAllowed, Refusal


def code(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.code


def newcomer(world: World, *roles: Role) -> object:
    """Somebody who judges and has declared nothing."""
    declare, world.declare = world.declare, lambda: None  # type: ignore[method-assign]
    actor = world.add("newcomer", *roles)
    world.declare = declare  # type: ignore[method-assign]
    return actor


@pytest.mark.parametrize("role", JUDGING_ROLES)
def test_nobody_who_judges_reads_a_submission_before_declaring(
    submitted: World, role: Role
) -> None:
    world, id_ = submitted, submitted.assessment_id
    actor = newcomer(world, role)
    for verb in (reviewing.review_sheet, reviewing.scorecard, evidence.evidence_list):
        with pytest.raises(NotAllowed) as refused:
            verb(world.app, actor, id_)  # type: ignore[arg-type]
        assert code(refused) == "undeclared"
    assert duties.duties(world.app, actor, id_).must_declare  # type: ignore[arg-type]
    duties.declare(world.app, actor, id_, conflict=False)  # type: ignore[arg-type]
    assert reviewing.review_sheet(world.app, actor, id_)  # type: ignore[arg-type]


def test_a_conflict_keeps_out_of_the_whole_engagement_visibly_and_for_good(
    submitted: World,
) -> None:
    world, id_ = submitted, submitted.assessment_id
    with pytest.raises(Invalid):
        duties.declare(world.app, world.reviewer, id_, conflict=True)
    duties.declare(world.app, world.reviewer, id_, conflict=True, words="My sister works there.")
    with pytest.raises(NotAllowed) as refused:
        world.judge(id_, "storage")
    assert code(refused) == "conflicted"
    with pytest.raises(Refusal) as stands:
        duties.declare(world.app, world.reviewer, id_, conflict=False)
    assert code(stands) == "conflict_stands"
    told = duties.duties(world.app, world.staff["auditor"], id_).declared
    assert [(one.who, one.words) for one in told if one.conflict] == [
        ("Reviewer", "My sister works there.")
    ]


def test_every_verb_that_shows_a_submission_stands_in_the_table_for_both_relations() -> None:
    kept = {action for action in Action if Relation.UNDECLARED in KEPT_OUT[action]}
    assert kept == {action for action in Action if Relation.CONFLICTED in KEPT_OUT[action]}
    assert all(POLICY[action].intersection(JUDGING_ROLES) for action in kept)


def test_in_tier_one_nobody_is_invited_before_a_second_officer_approved(world: World) -> None:
    engagement_id = world.engagement()
    world.answered_intake(engagement_id)
    id_ = assessments.open_assessment(world.app, world.officer, engagement_id, "core", None)
    contact = world.contact_of(id_)
    with pytest.raises(NotAllowed) as refused:
        assessments.invite(world.app, world.officer, id_, contact)
    assert code(refused) == "unapproved"
    duties.approve_scope(world.app, world.staff["second_officer"], id_)
    duties.approve_scope(world.app, world.staff["second_officer"], id_)
    assert duties.duties(world.app, world.officer, id_).approved_by == "Second Officer"
    assert assessments.invite(world.app, world.officer, id_, contact).token


def test_whoever_opened_an_assessment_does_not_approve_it(world: World) -> None:
    both = world.add("both", Role.PROCUREMENT_OFFICER, Role.SECOND_OFFICER)
    engagement_id = world.engagement()
    world.answered_intake(engagement_id)
    id_ = assessments.open_assessment(world.app, both, engagement_id, "core", None)
    with pytest.raises(NotAllowed) as refused:
        duties.approve_scope(world.app, both, id_)
    assert code(refused) == "opened"


def test_in_the_lower_tiers_nobody_has_to_approve() -> None:
    for tier, needed in (("1", True), ("2", True), ("3", False), ("4", False)):
        row = Assessment(facts=f'{{"tier":"{tier}"}}', state="draft", questionnaire_id="core")
        assert duties.needs_approval(row) == needed


def test_a_closed_outcome_takes_a_reason_and_a_second_person(world: World) -> None:
    id_ = world.reviewed(answers={"published": "live", "storage": "wiki"})
    sheet = deciding.decision_options(world.app, world.committee, id_)
    closed = next(one for one in sheet.options if one.outcome == "approve")
    assert not closed.fits
    chair = world.add("chair", Role.COMMITTEE_MEMBER)
    with pytest.raises(Invalid):
        duties.ask_override(world.app, chair, id_, "approve", " ")
    duties.ask_override(world.app, chair, id_, "approve", "It is a pilot without data.")
    [asked] = duties.duties(world.app, chair, id_).overrides
    assert (asked.granted, asked.may_settle) == (None, False)
    with pytest.raises(NotAllowed) as own:
        duties.settle_override(world.app, chair, asked.id, granted=True, reason="Yes.")
    assert code(own) == "asked"
    second = world.staff["second_officer"]
    duties.settle_override(world.app, second, asked.id, granted=True, reason="Agreed.")
    sheet = deciding.decision_options(world.app, world.committee, id_)
    opened = next(one for one in sheet.options if one.outcome == "approve")
    assert opened.fits
    assert "Chair and Second Officer: It is a pilot" in opened.reasons[0]
    decision = deciding.record_decision(
        world.app,
        world.committee,
        id_,
        outcome="approve",
        reasons="As a pilot.",
        scorecard_id=sheet.scorecard_id,
    )
    assert decision.outcome == "approve"


def test_an_override_holds_for_the_figures_it_was_asked_for_and_no_others(world: World) -> None:
    id_ = world.reviewed(answers={"published": "live", "storage": "wiki"})
    chair = world.add("chair", Role.COMMITTEE_MEMBER)
    duties.ask_override(world.app, chair, id_, "approve", "It is a pilot.")
    [asked] = duties.duties(world.app, chair, id_).overrides
    world.judge(id_, "storage", "contradicted")
    reviewing.finish_review(world.app, world.reviewer, id_)
    with pytest.raises(Refusal) as moved:
        duties.settle_override(
            world.app, world.staff["second_officer"], asked.id, granted=True, reason="Yes."
        )
    assert code(moved) == "figures_changed"


def decided(
    world: World, owner: str = "", owner_id: str | None = None
) -> tuple[str, deciding.DecisionView]:
    id_ = world.reviewed()
    sheet = deciding.decision_options(world.app, world.committee, id_)
    return id_, deciding.record_decision(
        world.app,
        world.committee,
        id_,
        outcome="escalate",
        reasons="The director decides.",
        conditions=[deciding.NewCondition("Show it.", owner, date(2027, 1, 1), owner_id=owner_id)],
        scorecard_id=sheet.scorecard_id,
    )


def test_a_condition_is_closed_by_somebody_other_than_its_owner_who_says_what_they_saw(
    world: World,
) -> None:
    _, decision = decided(world, owner_id=world.officer.id)
    [condition] = decision.conditions
    with pytest.raises(NotAllowed) as own:
        duties.close_condition(world.app, world.officer, condition.id, "All there.")
    assert code(own) == "owns"
    with pytest.raises(Invalid):
        duties.close_condition(world.app, world.reviewer, condition.id, " ")
    duties.close_condition(world.app, world.reviewer, condition.id, "Read the letter.")
    [promise] = deciding.promises(world.app, world.officer)
    assert promise.condition.closed_at is not None
    assert (promise.condition.closed_by, promise.condition.found) == (
        "Reviewer",
        "Read the letter.",
    )
    with pytest.raises(Refusal) as twice:
        duties.close_condition(world.app, world.reviewer, condition.id, "Again.")
    assert code(twice) == "closed_already"


def test_a_risk_in_tier_one_is_accepted_for_six_months_at_most(world: World) -> None:
    id_ = world.reviewed()
    owner = world.add("risk_owner", Role.RISK_OWNER)
    latest = duties.duties(world.app, owner, id_).latest_acceptance
    today = world.clock().date()
    assert (latest.year - today.year) * 12 + latest.month - today.month == 6
    with pytest.raises(Invalid) as late:
        duties.accept_risk(
            world.app,
            owner,
            id_,
            risk="Old keys.",
            control="We watch.",
            expires_on=date(latest.year + 1, 1, 1),
        )
    assert set(late.value.problems) == {"expires_on"}
    with pytest.raises(Invalid) as bare:
        duties.accept_risk(world.app, owner, id_, risk="", control="", expires_on=None)
    assert set(bare.value.problems) == {"risk", "control", "expires_on"}
    duties.accept_risk(
        world.app, owner, id_, risk="Old keys.", control="We watch.", expires_on=latest
    )
    [accepted] = duties.duties(world.app, world.officer, id_).accepted
    assert (accepted.risk, accepted.expired) == ("Old keys.", False)
    world.clock.forward(days=200)
    [over] = duties.duties(world.app, world.officer, id_).accepted
    assert over.expired


def test_the_owner_of_a_condition_of_before_is_known_by_name(world: World) -> None:
    _, decision = decided(world, "Otto, officer")
    [condition] = decision.conditions
    with world.app.store.engine.begin() as connection:
        connection.execute(text("DELETE FROM condition_owner"))
    with pytest.raises(NotAllowed) as own:
        duties.close_condition(world.app, world.officer, condition.id, "All there.")
    assert code(own) == "owns"


def test_a_colleague_owns_a_condition_by_id_and_somebody_at_the_vendor_by_name(
    world: World,
) -> None:
    id_ = world.reviewed()
    sheet = deciding.decision_options(world.app, world.committee, id_)
    officer, namesake = world.officer, world.add("vera", Role.PROCUREMENT_OFFICER)
    assert (officer.id, officer.name) in sheet.colleagues
    due = date(2027, 1, 1)
    with pytest.raises(Invalid) as unknown:
        deciding.record_decision(
            world.app,
            world.committee,
            id_,
            outcome="escalate",
            reasons="The director decides.",
            conditions=[deciding.NewCondition("Show it.", "", due, owner_id="nobody")],
            scorecard_id=sheet.scorecard_id,
        )
    assert "conditions.1" in unknown.value.problems
    decision = deciding.record_decision(
        world.app,
        world.committee,
        id_,
        outcome="escalate",
        reasons="The director decides.",
        conditions=[
            deciding.NewCondition("Show it.", "", due, owner_id=officer.id),
            deciding.NewCondition("Show more.", "Vera", due),
        ],
        scorecard_id=sheet.scorecard_id,
    )
    ours, theirs = sorted(decision.conditions, key=lambda one: one.text)
    assert (ours.owner, theirs.owner) == (officer.name, "Vera")
    with pytest.raises(NotAllowed) as own:
        duties.close_condition(world.app, officer, ours.id, "Seen.")
    assert code(own) == "owns"
    duties.close_condition(world.app, namesake, ours.id, "Seen.")
    duties.close_condition(world.app, namesake, theirs.id, "Seen.")  # another Vera


def test_whoever_wrote_the_rubric_does_not_judge_what_it_scores(submitted: World) -> None:
    world, id_ = submitted, submitted.assessment_id
    submission = reviewing.review_sheet(world.app, world.reviewer, id_).submission.id
    author = world.add(
        "author", Role.REVIEWER, Role.MODERATOR
    )  # the rubric says Author@Example.org
    assert duties.duties(world.app, author, id_).wrote_rubric
    assert not duties.duties(world.app, world.reviewer, id_).wrote_rubric
    sheet = reviewing.review_sheet(world.app, author, id_)  # reading is not judging
    assert not sheet.may_review

    def judged() -> object:
        return reviewing.set_review(
            world.app, author, submission, "storage", level="verified", reason="I", seen_version=0
        )

    asked = (
        judged,
        lambda: moderating.judge_alone(
            world.app, author, submission, "storage", level="verified", reason="I", seen_version=0
        ),
        lambda: moderating.hand_in(world.app, author, id_),
        lambda: moderating.settle_judgement(
            world.app, author, submission, "storage", level="verified", reason="I"
        ),
        lambda: knockouts.confirm_knockout(world.app, author, submission, "published-key", "I"),
        lambda: knockouts.ask_to_lift(world.app, author, submission, "published-key", "I"),
    )
    for verb in asked:
        with pytest.raises(NotAllowed) as refused:
            verb()
        assert code(refused) == "wrote_rubric"
    assert world.judge(id_, "storage")
