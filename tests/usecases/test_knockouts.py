"""A knockout is provisional until a reviewer confirms it, and lifting one takes two people."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.usecases.conftest import BEST, World
from vendorrisk.access import EVERYTHING, Actor, Role
from vendorrisk.store.tables import Scorecard
from vendorrisk.usecases import (
    assessments,
    deciding,
    duties,
    knockouts,
    reviewing,
    submitting,
    weighing,
    worklist,
)
from vendorrisk.usecases.errors import Invalid, NotAllowed, Refusal

FATAL = {**BEST, "published": "live"}
RULE = "published-key"
WHY = "The key belongs to a system that we do not buy."


@pytest.fixture
def fatal(world: World) -> tuple[World, str, str]:
    """A submission that a knockout stops; gives the assessment's and the submission's id."""
    assessment_id, _ = world.submitted("Larkmere Identity", FATAL)
    world.judge(assessment_id, "storage", "documented")
    sheet = reviewing.review_sheet(world.app, world.reviewer, assessment_id)
    return world, assessment_id, sheet.submission.id


def code(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.code


def moderator(world: World, name: str = "moderator", *more: Role) -> Actor:
    actor = world.add(name, Role.MODERATOR, *more)
    world.declare()
    return actor


def asked(world: World, submission_id: str, assessment_id: str) -> str:
    knockouts.ask_to_lift(world.app, world.reviewer, submission_id, RULE, WHY)
    (found,) = knockouts.knockouts(world.app, world.reviewer, assessment_id)
    return found.liftings[-1].id


def lift(world: World, submission_id: str, assessment_id: str) -> reviewing.ScorecardView:
    lifting = asked(world, submission_id, assessment_id)
    return knockouts.settle_lifting(
        world.app, moderator(world), lifting, granted=True, reason="I checked the inventory."
    )


def stored(world: World, submission_id: str) -> list[tuple[str, str]]:
    with world.app.store.read(EVERYTHING) as work:
        rows = work.all(Scorecard, "number", submission_id=submission_id)
    return [(row.id, row.result) for row in rows]


def test_no_review_is_finished_before_its_knockout_is_confirmed(fatal) -> None:
    world, id_, submission_id = fatal
    world.judge(id_, "published", "verified")
    (before,) = knockouts.knockouts(world.app, world.reviewer, id_)
    assert before.open
    assert not before.rule.confirmed
    with pytest.raises(Refusal) as refused:
        reviewing.finish_review(world.app, world.reviewer, id_)
    assert code(refused) == "knockout_open"
    assert "A published key works today." in str(refused.value)
    with pytest.raises(Invalid):
        knockouts.confirm_knockout(world.app, world.reviewer, submission_id, RULE, " ")
    card = knockouts.confirm_knockout(
        world.app, world.reviewer, submission_id, RULE, "We used the key ourselves."
    )
    (found,) = knockouts.knockouts(world.app, world.staff["auditor"], id_)
    assert (found.open, found.confirmed_by) == (False, "Reviewer")
    assert found.looked_at == "We used the key ourselves."
    assert (card.stopped_by, card.assured.value) == ("knockout", 29)
    assert card.rules[0].confirmed
    reviewing.finish_review(world.app, world.reviewer, id_)


def test_lifting_takes_two_people_neither_of_whom_invited_or_is_in_conflict(fatal) -> None:
    world, id_, submission_id = fatal
    both = world.add("both", Role.MODERATOR, Role.REVIEWER)
    world.declare()
    knockouts.ask_to_lift(world.app, both, submission_id, RULE, WHY)
    (found,) = knockouts.knockouts(world.app, both, id_)
    lifting = found.liftings[0]
    assert not lifting.may_settle
    inviter = world.add("inviter", Role.MODERATOR, Role.PROCUREMENT_OFFICER)
    partial = world.add("partial", Role.MODERATOR)
    world.declare()
    other = world.contact_of(id_)
    duties.declare(world.app, partial, id_, conflict=True, words="I worked there.")
    with pytest.raises(NotAllowed) as own:
        knockouts.settle_lifting(world.app, both, lifting.id, granted=True, reason="Yes.")
    assert code(own) == "asked_lifting"
    with pytest.raises(NotAllowed) as conflict:
        knockouts.settle_lifting(world.app, partial, lifting.id, granted=True, reason="Yes.")
    assert code(conflict) == "conflicted"
    with pytest.raises(NotAllowed) as role:
        knockouts.settle_lifting(world.app, world.reviewer, lifting.id, granted=True, reason="Yes.")
    assert code(role) == "role_missing"
    submitting.return_to_vendor(world.app, world.officer, id_, "Once more.")
    link = assessments.invite(world.app, inviter, id_, other)
    contact = world.enter(link.token)
    world.submit(contact, 2)
    sheet = reviewing.review_sheet(world.app, both, id_)
    knockouts.ask_to_lift(world.app, both, sheet.submission.id, RULE, WHY)
    (again,) = knockouts.knockouts(world.app, inviter, id_)
    with pytest.raises(NotAllowed) as invited:
        knockouts.settle_lifting(
            world.app, inviter, again.liftings[-1].id, granted=True, reason="Yes."
        )
    assert code(invited) == "invited"


def test_a_lifted_knockout_makes_a_new_scorecard_that_says_so_and_no_old_one_changes(fatal) -> None:
    world, id_, submission_id = fatal
    before = stored(world, submission_id)
    lifting = asked(world, submission_id, id_)
    with pytest.raises(Refusal) as waits:
        reviewing.finish_review(world.app, world.reviewer, id_)
    assert code(waits) == "knockout_open"
    judge = moderator(world)
    mine = [item for item in worklist.waiting(world.app, judge) if item.yours]
    assert "lift" in " ".join(item.next_step for item in mine)
    card = knockouts.settle_lifting(
        world.app, judge, lifting, granted=True, reason="I checked the inventory."
    )
    after = stored(world, submission_id)
    assert after[: len(before)] == before
    assert len(after) == len(before) + 1
    (rule,) = [rule for rule in card.rules if rule.id == RULE]
    assert (rule.effect, rule.was, rule.limit, rule.would_limit) == ("lifted", "knockout", None, 29)
    assert rule.lifted_because == WHY
    assert card.unlifted is not None
    assert (card.unlifted.value, card.stopped_by) == (29, None)
    assert card.assured.value > 29
    assert WHY in " ".join(card.assured.why)
    result = json.loads(after[-1][1])
    assert result["lifted"][RULE]["asked_by"] == world.reviewer.id
    assert result["lifted"][RULE]["granted_by"] == judge.id
    for one, _ in after:
        assert reviewing.verify_scorecard(world.app, world.reviewer, one).holds
    (found,) = knockouts.knockouts(world.app, world.staff["auditor"], id_)
    assert (found.liftings[0].asked_by, found.liftings[0].settled_by) == ("Reviewer", "Moderator")
    assert not found.open
    reviewing.finish_review(world.app, world.reviewer, id_)
    brief = deciding.brief(world.app, world.committee, id_)
    assert "lifted" in {rule.effect for rule in brief.rules}
    assert weighing.reach(world.app, world.committee, id_)
    options = deciding.decision_options(world.app, world.committee, id_)
    as_committee = replace(judge, roles=frozenset({Role.COMMITTEE_MEMBER}))
    with pytest.raises(NotAllowed) as decides:
        deciding.record_decision(
            world.app,
            as_committee,
            id_,
            outcome="reject",
            reasons="No.",
            scorecard_id=options.scorecard_id,
        )
    assert code(decides) == "reviewer_decides"


def test_a_refused_lifting_settles_the_knockout_and_keeps_its_ceiling(fatal) -> None:
    world, id_, submission_id = fatal
    lifting = asked(world, submission_id, id_)
    card = knockouts.settle_lifting(
        world.app, moderator(world), lifting, granted=False, reason="It is the same system."
    )
    assert (card.assured.value, card.rules[0].confirmed) == (29, True)
    with pytest.raises(Refusal) as twice:
        knockouts.settle_lifting(
            world.app, world.staff["moderator"], lifting, granted=True, reason="After all."
        )
    assert code(twice) == "settled"
    reviewing.finish_review(world.app, world.reviewer, id_)


def test_confirming_a_lifted_knockout_takes_the_lifting_back(fatal) -> None:
    world, id_, submission_id = fatal
    lift(world, submission_id, id_)
    with pytest.raises(Refusal) as again:
        knockouts.ask_to_lift(world.app, world.reviewer, submission_id, RULE, WHY)
    assert code(again) == "lifted_already"
    card = knockouts.confirm_knockout(
        world.app, world.reviewer, submission_id, RULE, "It is the same system after all."
    )
    assert (card.assured.value, card.unlifted) == (29, None)
    (found,) = knockouts.knockouts(world.app, world.reviewer, id_)
    assert found.liftings[0].over


def test_a_contradicted_answer_ends_the_effect_of_lifting_its_knockout(fatal) -> None:
    world, id_, submission_id = fatal
    lift(world, submission_id, id_)
    card = world.judge(id_, "published", "contradicted")
    assert card.stopped_by == "knockout"
    (found,) = knockouts.knockouts(world.app, world.reviewer, id_)
    assert (found.open, len(found.unsettled)) == (True, 1)
    with pytest.raises(Refusal) as refused:
        reviewing.finish_review(world.app, world.reviewer, id_)
    assert code(refused) == "knockout_open"


def test_only_what_fired_on_the_latest_submission_is_confirmed_or_lifted(fatal) -> None:
    world, id_, submission_id = fatal
    for rule in ("keys-in-a-wiki", "never-but-job", "no-such-rule"):
        with pytest.raises(Refusal) as quiet:
            knockouts.confirm_knockout(world.app, world.reviewer, submission_id, rule, "Read it.")
        assert code(quiet) == "not_fired"
    lift(world, submission_id, id_)
    submitting.return_to_vendor(world.app, world.officer, id_, "Once more.")
    link = assessments.invite(world.app, world.officer, id_, world.contact_of(id_))
    world.submit(world.enter(link.token), 2)
    assert reviewing.scorecard(world.app, world.reviewer, id_).stopped_by == "knockout"
    with pytest.raises(Refusal) as old:
        knockouts.confirm_knockout(world.app, world.reviewer, submission_id, RULE, "Read it.")
    assert code(old) == "not_latest"


def test_a_cap_can_be_lifted_the_same_way_and_needs_no_confirming(world: World) -> None:
    id_, _ = world.submitted("Tarnway Data", {**BEST, "storage": "wiki"})
    world.judge(id_, "published", "documented")
    submission_id = reviewing.review_sheet(world.app, world.reviewer, id_).submission.id
    knockouts.ask_to_lift(world.app, world.reviewer, submission_id, "keys-in-a-wiki", WHY)
    (found,) = knockouts.knockouts(world.app, world.reviewer, id_)
    card = knockouts.settle_lifting(
        world.app, moderator(world), found.liftings[0].id, granted=True, reason="So it is."
    )
    assert [rule.was for rule in card.rules if rule.effect == "lifted"] == ["cap"]
    reviewing.finish_review(world.app, world.reviewer, id_)


def test_whoever_wrote_the_rubric_does_not_lift_its_knockouts(fatal) -> None:
    world, id_, submission_id = fatal
    lifting = asked(world, submission_id, id_)
    author = moderator(world, "author")  # the rubric says Author@Example.org
    (found,) = knockouts.knockouts(world.app, author, id_)
    assert not found.liftings[0].may_settle
    with pytest.raises(NotAllowed) as refused:
        knockouts.settle_lifting(world.app, author, lifting, granted=True, reason="Yes.")
    assert code(refused) == "wrote_rubric"
