"""Deciding: side by side without false order, options from the appetite, decisions that stay."""

from __future__ import annotations

from datetime import date

import pytest

from tests.usecases.conftest import BEST, World
from tests.usecases.test_answering import counted
from vendorrisk.access import NotAllowed, Role
from vendorrisk.assessment import State
from vendorrisk.usecases import (
    answering,
    assessments,
    deciding,
    people,
    reviewing,
    vendors,
    worklist,
)
from vendorrisk.usecases.deciding import NewCondition
from vendorrisk.usecases.errors import Invalid, Refusal

ROTATE = NewCondition("Rotate every key.", "Vera", date(2026, 12, 1), "Log of the rotation.")


def record(
    world: World,
    assessment_id: str,
    outcome: str,
    *conditions: NewCondition,
    reasons: str = "We weighed it.",
) -> deciding.DecisionView:
    sheet = deciding.decision_options(world.app, world.committee, assessment_id)
    return deciding.record_decision(
        world.app,
        world.committee,
        assessment_id,
        outcome=outcome,
        reasons=reasons,
        conditions=conditions,
        scorecard_id=sheet.scorecard_id,
    )


def verified(world: World, name: str, **answers: object) -> str:
    """A reviewed assessment in which everything is verified."""
    given = {**BEST, **answers}
    assessment_id, _ = world.submitted(name, given)  # type: ignore[arg-type]
    for question in ("published", "storage", "deletion", "stores"):
        world.judge(assessment_id, question)
    world.confirm_knockouts(assessment_id)
    reviewing.finish_review(world.app, world.reviewer, assessment_id)
    return assessment_id


def test_the_options_follow_the_appetite_and_say_why(world: World) -> None:
    good = verified(world, "Orrin & Vale")
    sheet = deciding.decision_options(world.app, world.committee, good)
    options = {option.outcome: option for option in sheet.options}
    assert options["approve"].fits
    assert options["approve"].suggested
    assert sheet.may_decide
    fatal = verified(world, "Larkmere Identity", published="live")
    sheet = deciding.decision_options(world.app, world.committee, fatal)
    options = {option.outcome: option for option in sheet.options}
    assert not options["approve"].fits
    assert not options["conditional"].fits
    assert "Knocked out: A published key works today." in options["approve"].reasons
    assert "published-key" not in " ".join(
        sentence for option in sheet.options for sentence in (*option.reasons, *option.needs)
    ), "a rule is told in its own words, not by its id"
    assert options["reject"].suggested
    assert sheet.residual == "moderate", "a knockout makes the likelihood very high"
    assert "Scan what you publish." in sheet.proposed_conditions


def test_a_decision_with_conditions_is_kept_with_its_scorecard(world: World) -> None:
    assessment_id = verified(world, "Tarnway Data", storage="wiki")
    with pytest.raises(Invalid) as bare:
        record(world, assessment_id, "conditional")
    assert set(bare.value.problems) == {"conditions"}
    decision = record(world, assessment_id, "conditional", ROTATE)
    assert (decision.title, decision.decided_by) == ("Approve with conditions", "Committee")
    assert [c.text for c in decision.conditions] == ["Rotate every key."]
    sheet = deciding.decision_options(world.app, world.committee, assessment_id)
    assert sheet.decision == decision
    assert decision.scorecard_id == sheet.scorecard_id
    assert not sheet.may_decide
    with pytest.raises(Refusal) as twice:
        record(world, assessment_id, "reject")
    assert twice.value.code == "decided_refuses_decide"
    with pytest.raises(Refusal):
        world.judge(assessment_id, "storage")
    with pytest.raises(Refusal):
        assessments.withdraw(world.app, world.officer, assessment_id, "Too late.")


def test_without_a_rule_conditions_are_proposed_from_what_costs_most(world: World) -> None:
    weak = verified(world, "Orrin & Vale", deletion="by_hand", storage="most")
    sheet = deciding.decision_options(world.app, world.committee, weak)
    assert sheet.proposed_conditions[:2] == (
        "Let a job delete it.",
        "Move every key into a vault.",
    ), "the weightiest shortfall first"
    unproven, _ = world.submitted("Tarnway Data", BEST)
    world.judge(unproven, "published")
    sheet = deciding.decision_options(world.app, world.committee, unproven)
    assert all(text.startswith("Supply evidence for") for text in sheet.proposed_conditions)
    assert 0 < len(sheet.proposed_conditions) <= 3


def test_a_decision_that_does_not_fit_is_refused(world: World) -> None:
    assessment_id = verified(world, "Tarnway Data", storage="wiki")
    late = NewCondition("", "", date(2026, 1, 1))
    for outcome, reasons, conditions, fields in [
        ("approve", "Fine.", [], {"outcome"}),
        ("sleep on it", "Fine.", [], {"outcome"}),
        ("reject", " ", [], {"reasons"}),
        ("reject", "x" * 100_000, [], {"reasons"}),
        ("reject", "No.", [ROTATE], {"conditions"}),
        ("conditional", "Yes.", [late], {"conditions.1"}),
        ("conditional", "Yes.", [ROTATE] * 31, {"conditions"}),
    ]:
        with pytest.raises(Invalid) as invalid:
            record(world, assessment_id, outcome, *conditions, reasons=reasons)
        assert set(invalid.value.problems) == fields
    sheet = deciding.decision_options(world.app, world.committee, assessment_id)
    assert sheet.decision is None


def test_whoever_reviewed_or_finished_the_review_does_not_decide(world: World) -> None:
    judge = world.add("judge", Role.REVIEWER, Role.COMMITTEE_MEMBER)
    closer = world.add("closer", Role.REVIEWER, Role.COMMITTEE_MEMBER)
    assessment_id, _ = world.submitted()
    world.staff["reviewer"] = judge
    world.judge(assessment_id, "storage")
    reviewing.finish_review(world.app, closer, assessment_id)
    for actor in (judge, closer):
        world.staff["committee"] = actor
        sheet = deciding.decision_options(world.app, actor, assessment_id)
        assert not sheet.may_decide
        assert sheet.why_not
        with pytest.raises(NotAllowed) as refused:
            record(world, assessment_id, "reject")
        assert refused.value.code == "reviewer_decides"
        mine = [item for item in worklist.waiting(world.app, actor) if item.page == "decide"]
        assert [item.yours for item in mine] == [False]


def test_nobody_decides_on_figures_that_moved(world: World) -> None:
    assessment_id = world.reviewed()
    sheet = deciding.decision_options(world.app, world.committee, assessment_id)
    world.judge(assessment_id, "published")
    with pytest.raises(Refusal) as early:
        record(world, assessment_id, "reject")
    assert early.value.code == "review_not_finished"
    reviewing.finish_review(world.app, world.reviewer, assessment_id)
    with pytest.raises(Refusal) as moved:
        deciding.record_decision(
            world.app,
            world.committee,
            assessment_id,
            outcome="reject",
            reasons="As seen.",
            scorecard_id=sheet.scorecard_id,
        )
    assert moved.value.code == "figures_changed"


def test_side_by_side_shows_differences_and_the_knockout_first(world: World) -> None:
    fatal = verified(world, "Larkmere Identity", published="live")
    good = verified(world, "Orrin & Vale", stores=["backups"])
    view = deciding.comparison(world.app, world.committee, [fatal, good, fatal])
    assert [column.vendor_name for column in view.columns] == ["Larkmere Identity", "Orrin & Vale"]
    first = view.rows[0]
    assert (first.kind, first.id) == ("rules", "published-key")
    assert [cell.mark for cell in first.cells] == ["knockout", None]
    assert {row.id for row in view.rows if row.kind == "question"} == {"published", "stores"}
    assert view.same == 3, "three answers are the same"
    published = next(row for row in view.rows if row.id == "published")
    assert [cell.says for cell in published.cells] == ["Yes", "None, and we scan"]
    assert published.cells[0].mark == "knockout"
    assert view.ranking == (1, 0)
    assert "Orrin & Vale, then Larkmere Identity" in view.ranking_says


def test_side_by_side_takes_as_many_queries_for_four_vendors_as_for_two(world: World) -> None:
    ids = [verified(world, name) for name in ("Quillstone", "Brightholm", "Orrin", "Tarnway")]
    with counted(world.app.store) as two:
        deciding.comparison(world.app, world.committee, ids[:2])
    with counted(world.app.store) as four:
        deciding.comparison(world.app, world.committee, ids)
    assert len(four) == len(two)


def test_a_knockout_that_all_share_is_still_shown(world: World) -> None:
    one = verified(world, "Larkmere Identity", published="live")
    two = verified(world, "Pinfold Systems", published="live")
    view = deciding.comparison(world.app, world.committee, [one, two])
    assert [row.id for row in view.rows] == ["published-key"]
    assert view.ranking is None, "equal figures are no order"


def test_vendors_whose_ranges_overlap_are_not_ranked(world: World) -> None:
    # What is open lies between the worst and the best answer: around the other's figure.
    half = {name: reply for name, reply in BEST.items() if name not in ("published", "stores")}
    open_one, _ = world.submitted("Nessgate", half)
    known = verified(world, "Quillstone", storage="wiki")
    view = deciding.comparison(world.app, world.committee, [open_one, known])
    column = view.columns[0]
    assert column.low is not None
    assert column.high is not None
    assert column.low < column.high
    if column.low <= (view.columns[1].high or 0) and column.high >= (view.columns[1].low or 0):
        assert view.ranking is None
        assert "overlap" in view.ranking_says
    assert any("not finished" in remark for remark in view.remarks)


def test_a_comparison_needs_two_and_fits_eight(world: World) -> None:
    assessment_id = world.reviewed()
    for ids in ([assessment_id], [assessment_id, assessment_id], [str(n) for n in range(9)]):
        with pytest.raises(Invalid):
            deciding.comparison(world.app, world.committee, ids)


def test_the_brief_says_what_one_page_needs(world: World) -> None:
    assessment_id = verified(
        world, "Tarnway Data", storage="wiki", deletion="never", stores=["backups"]
    )
    page = deciding.brief(world.app, world.committee, assessment_id)
    assert (
        page.asks == "A decision is asked for. The risk appetite suggests: approve with conditions."
    )
    assert [rule.id for rule in page.rules] == ["keys-in-a-wiki"]
    assert [rule.id for rule in page.clarifications] == ["never-but-job"]
    assert page.findings[0].lost >= page.findings[-1].lost > 0
    assert page.strengths[0].question_id == "published"
    assert (page.tier, page.tier_reasons[0]) == ("1", "The service recognises people.")
    assert (page.value_minor, page.currency) == (500_000, "EUR")
    assert page.signed_by == "Vera Lind, Head of security"
    assert page.reviewers == ("Reviewer",)
    record(world, assessment_id, "reject")
    assert (
        deciding.brief(world.app, world.staff["auditor"], assessment_id).asks
        == "Decided on 02 November 2026: reject."
    )


def test_an_intake_changed_later_is_told_to_the_committee(world: World) -> None:
    assessment_id = world.reviewed()
    engagement_id = answering.overview(world.app, world.officer, assessment_id).engagement_id
    intake_id = vendors.engagement(world.app, world.officer, engagement_id).intake_id
    answering.answer_question(
        world.app, world.officer, intake_id, "biometrics", "not_used", seen_version=1
    )
    sheet = deciding.decision_options(world.app, world.committee, assessment_id)
    assert sheet.tier == "1"
    assert "it would be tier 3 now" in sheet.residual_reasons[-1]


def test_the_worklist_says_what_waits_on_whom_and_since_when(world: World) -> None:
    def first(role: str) -> worklist.Waiting | None:
        return next(iter(worklist.waiting(world.app, world.staff[role])), None)

    engagement_id = world.engagement()
    item = first("officer")
    assert item is not None
    assert (item.next_step, item.yours, item.page) == ("Answer the intake", True, "questionnaire")
    world.clock.forward(hours=1)
    world.answered_intake(engagement_id)
    item = first("officer")
    assert item is not None
    assert (item.next_step, item.since) == ("Open an assessment", world.clock())
    assessment_id = assessments.open_assessment(
        world.app, world.officer, engagement_id, "core", date(2026, 11, 20)
    )
    item = first("officer")
    assert item is not None
    assert (item.whom, item.yours) == ("second officer", False)
    item = first("second_officer")
    assert item is not None
    assert (item.next_step, item.yours) == ("Approve what the vendor is asked", True)
    world.approve()
    item = first("officer")
    assert item is not None
    assert item.next_step == "Invite a contact of the vendor"
    vera = world.invited(assessment_id)
    item = first("officer")
    assert item is not None
    assert (item.whom, item.yours) == ("Brightholm Cloud", False)
    world.clock.forward(days=15)
    item = first("officer")
    assert item is not None
    assert (item.yours, item.overdue) == (True, False)
    assert item.next_step.startswith("The invitation no longer works")
    world.clock.forward(days=5)
    assert first("officer") is not None
    vera = world.invited(assessment_id)
    late = first("officer")
    assert late is not None
    assert late.overdue
    world.answer(vera, **BEST)
    world.submit(vera)
    item = first("reviewer")
    assert item is not None
    assert (item.yours, item.page, item.since) == (True, "review", world.clock())
    world.judge(assessment_id, "storage", "documented")
    reviewing.finish_review(world.app, world.reviewer, assessment_id)
    item = first("committee")
    assert item is not None
    assert (item.yours, item.page, item.next_step) == (True, "decide", "Decide")
    record(world, assessment_id, "reject")
    assert first("officer") is None
    assert answering.overview(world.app, vera, assessment_id).state is State.DECIDED


def test_open_conditions_wait_until_their_day_and_beyond(world: World) -> None:
    assessment_id = verified(world, "Tarnway Data", storage="wiki")
    record(world, assessment_id, "conditional", ROTATE)
    (item,) = worklist.waiting(world.app, world.officer)
    assert (item.whom, item.due_on, item.overdue) == ("Vera", date(2026, 12, 1), False)
    world.clock.forward(days=60)
    (item,) = worklist.waiting(world.app, world.officer)
    assert item.overdue
    (condition,) = deciding.brief(world.app, world.committee, assessment_id).decision.conditions  # type: ignore[union-attr]
    assert condition.overdue


def test_administrators_see_who_has_no_password_yet(world: World) -> None:
    admin = world.staff["administrator"]
    people.add_person(world.app, admin, "Bo", "bo@example.org", [Role.REVIEWER])
    (item,) = worklist.waiting(world.app, admin)
    assert (item.what, item.page, item.yours) == ("Bo", "people", False)


def test_a_vendor_without_engagement_waits_on_the_officer(world: World) -> None:
    vendors.register_vendor(
        world.app, world.officer, name="V", contact_name="C", contact_email="c@v.example"
    )
    (item,) = worklist.waiting(world.app, world.officer)
    assert (item.page, item.yours) == ("vendors", True)
