"""Two reviewers judge alone: neither sees the other's, agreement settles, a moderator the rest."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import KEYS, Clock
from tests.usecases.conftest import BEST, World, settings
from tests.usecases.test_policy import CALLS, Ids
from vendorrisk.access import EVERYTHING, POLICY, STAFF_ROLES, Action, NotAllowed, Role
from vendorrisk.agreement import TWO_REVIEWERS_TIERS
from vendorrisk.assessment import State
from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.store import Store
from vendorrisk.store.tables import Assessment, Difference, OwnJudgement, Review, Scorecard
from vendorrisk.usecases import (
    answering,
    audit,
    deciding,
    moderating,
    purging,
    reviewing,
    submitting,
    verifying,
    worklist,
)
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Conflict, Invalid, Refusal
from vendorrisk.usecases.judgements import Level

CANARY = "CANARY-the-key-still-works"


def two(world: World) -> World:
    """The same world as an installation has it that says nothing else, with who is needed."""
    world.app = replace(
        world.app, settings=replace(world.app.settings, two_reviewers_for=TWO_REVIEWERS_TIERS)
    )
    world.staff["ann"] = world.staff["reviewer"]
    for key, role in (("ben", Role.REVIEWER), ("mo", Role.MODERATOR)):
        world.add(key, role)
    return world


@pytest.fixture
def alone(submitted: World) -> World:
    """Two reviewers, a moderator, and a submission in tier 1 that nobody has judged."""
    return two(submitted)


def judge(
    world: World,
    who: str,
    question: str,
    level: Level | None,
    reason: str = "We looked.",
    seen: int | None = None,
) -> None:
    """Judge as one of two, over one's own judgement."""
    world.clock.forward(seconds=1)
    sheet = reviewing.review_sheet(world.app, world.staff[who], world.assessment_id)
    row = next(row for row in sheet.rows if row.question_id == question)
    moderating.judge_alone(
        world.app,
        world.staff[who],
        sheet.submission.id,
        question,
        level=level,
        reason=reason,
        seen_version=row.review.version if seen is None else seen,
    )


def hand_in(world: World, *whose: str) -> None:
    for who in whose:
        moderating.hand_in(world.app, world.staff[who], world.assessment_id)


def settle(
    world: World,
    question: str,
    level: Level,
    who: str = "mo",
    reason: str = "Both read it.",
) -> None:
    submission = submitting.submissions(world.app, world.officer, world.assessment_id)[-1]
    moderating.settle_judgement(
        world.app, world.staff[who], submission.id, question, level=level, reason=reason
    )


def sheet(world: World, who: str = "mo") -> reviewing.ReviewSheet:
    return reviewing.review_sheet(world.app, world.staff[who], world.assessment_id)


def row(world: World, question: str, who: str = "mo") -> reviewing.ReviewRow:
    return next(row for row in sheet(world, who).rows if row.question_id == question)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.code


def test_agreement_settles_and_a_moderator_settles_the_rest(alone: World) -> None:
    world = alone
    judge(world, "ann", "storage", "audited", "Read the report.")
    judge(world, "ann", "published", "verified")
    judge(world, "ben", "storage", "audited", "The report says so.")
    judge(world, "ben", "published", "contradicted", "The key works.")
    judge(world, "ben", "deletion", "documented")
    hand_in(world, "ann", "ben")
    shown = sheet(world)
    shared = row(world, "storage").review
    assert (shared.level, shared.reviewer) == ("audited", "Reviewer and Ben")
    assert shared.reason == "Read the report.\n\nThe report says so."
    differing = {one.question_id: one.apart for one in shown.rows if one.apart}
    assert differing == {"published": 4, "deletion": 1}
    both = row(world, "published").alone
    assert [(one.reviewer, one.level, one.reason) for one in both] == [
        ("Reviewer", "verified", "We looked."),
        ("Ben", "contradicted", "The key works."),
    ]
    assert shown.panel.agreement is not None
    assert (shown.panel.agreement.agreed, shown.panel.agreement.of) == (1, 3)
    assert shown.panel.agreement.kappa == Fraction(1, 4)
    assert shown.panel.to_settle == 2
    assert refused(finishing(world, "ann")) == "not_settled"
    settle(world, "published", "contradicted")
    settle(world, "deletion", "self_attested")
    assert row(world, "published").review.reviewer == "Mo"
    card = reviewing.scorecard(world.app, world.officer, world.assessment_id)
    assert card.stopped_by == "cap", "what the moderator settled counts"
    reviewing.finish_review(world.app, world.staff["ann"], world.assessment_id)
    assert sheet(world).state is State.REVIEWED
    [told] = [
        event.details
        for event in audit.trail(world.app, world.officer, world.assessment_id)
        if event.action == "finish_review"
    ]
    assert told == {"reviewers": "two"}


OTHERS = ("ben", "mo", "officer", "second_officer", "committee", "auditor", "owner")


def reading(world: World, other: str) -> dict[str, Any]:
    """What every verb that reads gives to everybody but Ann; a refusal in its words."""
    submission = submitting.submissions(world.app, world.officer, world.assessment_id)[-1]
    with world.app.store.read(EVERYTHING) as work:
        card = work.all(Scorecard, submission_id=submission.id)[0].id
        engagement = work.get(Assessment, id=world.assessment_id)
    assert engagement is not None
    mine = Ids(**dict.fromkeys((field.name for field in fields(Ids)), "nothing"))
    mine = replace(
        mine,
        engagement=engagement.engagement_id,
        in_progress=world.assessment_id,
        in_review=world.assessment_id,
        reviewed=world.assessment_id,
        submission=submission.id,
        scorecard=card,
    )
    found: dict[str, Any] = {}
    for action in (*AUDITED, *TRIED):
        beside = action in (Action.COMPARISON, Action.WEIGHED)
        for who in OTHERS:
            try:
                ids = replace(mine, reviewed=other) if beside else mine
                said: object = CALLS[action](world.app, world.staff[who], ids)
            except Refusal as refusal:
                said = (refusal, getattr(refusal, "note", ""), getattr(refusal, "current", ""))
            found[f"{action} {who}"] = repr(said)
    return found


# An auditor reads everything; the others could meet a judgement while they write their own.
AUDITED = [
    action
    for action in Action
    if Role.AUDITOR in POLICY[action]
    and (POLICY[action] != frozenset(STAFF_ROLES) or action is Action.WAITING)
]
TRIED = [Action.SET_REVIEW, Action.SETTLE_JUDGEMENT, Action.FINISH_REVIEW, Action.RECORD_DECISION]
TELLS_THAT = ("trail", "events", "export_trail")


def test_no_verb_tells_anybody_what_one_of_two_judged_before_both_handed_in(alone: World) -> None:
    """Whatever Ann judges, everybody else reads the same; the trail says that she did, not what."""
    world = alone
    world.add("owner", Role.RISK_OWNER)
    mine = world.assessment_id
    other, _ = world.submitted("Pinfold Systems")
    judge(world, "ann", "storage", "verified", "It is fine.")
    judge(world, "ben", "storage", "documented")
    before = reading(world, other)
    judge(world, "ann", "storage", "contradicted", CANARY)
    judge(world, "ann", "published", "contradicted", CANARY)
    hand_in(world, "ann")
    after = reading(world, other)
    assert len(after) > 150
    assert [place for place, said in after.items() if CANARY in said] == []
    changed = {place for place, said in after.items() if said != before[place]}
    # That Ann handed in is to be seen; what she judged is not.
    assert {place.split()[0] for place in changed} <= {*TELLS_THAT, "review_sheet", "waiting"}
    told = audit.trail(world.app, world.staff["auditor"], mine)
    assert [dict(one.details) for one in told if one.action == "judge_alone"] == [
        {"submission": 1}
    ] * 4
    assert "contradicted" not in repr([one for one in told if one.who == "Reviewer"])
    for who in OTHERS:
        shown = sheet(world, who)
        assert shown.scorecard.assured.value == before_figure(shown, who)
        assert all(not one.alone and one.apart is None for one in shown.rows)
    hand_in(world, "ben")
    assert CANARY in repr(sheet(world, "auditor"))


def before_figure(shown: reviewing.ReviewSheet, who: str) -> object:
    """Ben sees what his own judgement makes of the score, everybody else what nobody judged."""
    assert shown.panel.previews == (who == "ben")
    return shown.scorecard.assured.value if who == "ben" else 50


def test_one_sees_ones_own_judgements_and_what_they_would_make_of_the_score(alone: World) -> None:
    world = alone
    judge(world, "ann", "storage", "contradicted")
    mine, theirs = sheet(world, "ann"), sheet(world, "ben")
    assert (mine.judged, theirs.judged) == (1, 0)
    assert mine.panel.previews
    assert mine.scorecard.stopped_by == "cap"
    assert theirs.scorecard.stopped_by is None
    stored = reviewing.scorecard(world.app, world.staff["ann"], world.assessment_id)
    assert stored.stopped_by is None, "only what was settled is stored"
    judge(world, "ann", "storage", None)
    assert sheet(world, "ann").scorecard.stopped_by is None


def test_what_one_judges_in_two_windows_is_not_lost(alone: World) -> None:
    judge(alone, "ann", "storage", "audited")
    with pytest.raises(Conflict) as conflict:
        judge(alone, "ann", "storage", "verified", seen=0)
    assert (conflict.value.who, conflict.value.current) == ("You", "audited")


def test_the_first_two_who_begin_judge_and_a_third_does_not(alone: World) -> None:
    world = alone
    world.add("cat", Role.REVIEWER)
    judge(world, "ann", "storage", "audited")
    judge(world, "ben", "storage", "audited")
    with pytest.raises(NotAllowed) as third:
        judge(world, "cat", "storage", "audited")
    assert third.value.code == "without_seat"
    assert not sheet(world, "cat").may_review
    assert [seat.name for seat in sheet(world, "cat").panel.seats] == ["Reviewer", "Ben"]


def test_what_was_handed_in_stands(alone: World) -> None:
    world = alone
    judge(world, "ann", "storage", "audited")
    hand_in(world, "ann", "ann")
    assert refused(lambda: judge(world, "ann", "storage", "verified")) == "handed_in"
    assert refused(finishing(world, "ann")) == "not_handed_in"
    assert not sheet(world, "ann").may_finish


def finishing(world: World, who: str) -> Callable[[], None]:
    return lambda: reviewing.finish_review(world.app, world.staff[who], world.assessment_id)


def test_nobody_judges_openly_where_two_judge_alone(alone: World) -> None:
    assert refused(lambda: alone.judge(alone.assessment_id, "storage")) == "two_judge"


def test_a_moderator_who_judged_settles_nothing(alone: World) -> None:
    world = alone
    world.add("both", Role.REVIEWER, Role.MODERATOR)
    judge(world, "both", "storage", "audited")
    judge(world, "ben", "storage", "verified")
    hand_in(world, "both", "ben")
    assert refused(lambda: settle(world, "storage", "audited", "both")) == "has_seat"
    assert refused(lambda: settle(world, "published", "audited")) == "nothing_differs"
    with pytest.raises(Invalid) as invalid:
        settle(world, "storage", "perfect")  # type: ignore[arg-type]
    assert set(invalid.value.problems) == {"level"}
    settle(world, "storage", "audited")
    settle(world, "storage", "verified")
    assert row(world, "storage").review.level == "verified"


@pytest.mark.parametrize("answers", [("storage",), ()], ids=["judged", "without a word"])
def test_whoever_had_a_seat_does_not_decide(alone: World, answers: tuple[str, ...]) -> None:
    world = alone
    chair = world.add("chair", Role.REVIEWER, Role.COMMITTEE_MEMBER)
    for question in answers:
        judge(world, "chair", question, "audited")
        judge(world, "ben", question, "audited")
    hand_in(world, "chair", "ben")
    reviewing.finish_review(world.app, world.staff["ben"], world.assessment_id)
    options = deciding.decision_options(world.app, chair, world.assessment_id)
    assert not options.may_decide
    assert "You reviewed" in (options.why_not or "")


def test_who_takes_a_seat_again_finds_their_judgements_and_they_count(alone: World) -> None:
    world = alone
    judge(world, "ann", "storage", "audited")
    moderating.free_seat(
        world.app, world.staff["mo"], world.assessment_id, world.staff["ann"].id, "Ann is ill."
    )
    judge(world, "ben", "storage", "audited")
    hand_in(world, "ben", "ann")
    assert row(world, "storage").review.level == "audited"


def test_a_judgement_from_before_a_seat_was_given_back_can_be_changed(alone: World) -> None:
    world = alone
    judge(world, "ann", "storage", "audited")
    moderating.free_seat(
        world.app, world.staff["mo"], world.assessment_id, world.staff["ann"].id, "Ann is ill."
    )
    judge(world, "ann", "storage", "verified")
    assert row(world, "storage", "ann").review.level == "verified"


def test_whoever_judged_and_gave_the_seat_back_settles_nothing(alone: World) -> None:
    world = alone
    world.add("both", Role.REVIEWER, Role.MODERATOR)
    judge(world, "both", "storage", "documented")
    moderating.free_seat(
        world.app, world.staff["mo"], world.assessment_id, world.staff["both"].id, "They are ill."
    )
    judge(world, "ann", "storage", "audited")
    judge(world, "ben", "storage", "verified")
    hand_in(world, "ann", "ben")
    assert refused(lambda: settle(world, "storage", "audited", "both")) == "has_seat"
    assert not sheet(world, "both").panel.may_settle


def test_a_seat_is_given_back_with_a_reason_before_both_handed_in(alone: World) -> None:
    world = alone
    world.add("cat", Role.REVIEWER)
    ann = world.staff["ann"].id

    def free(who: str = "mo", reason: str = "Ann is ill.") -> None:
        moderating.free_seat(world.app, world.staff[who], world.assessment_id, ann, reason)

    assert refused(free) == "no_seat"
    judge(world, "ann", "storage", "contradicted", CANARY)
    hand_in(world, "ann")
    with pytest.raises(Invalid):
        free(reason=" ")
    free()
    assert sheet(world).panel.seats == ()
    judge(world, "cat", "storage", "audited")
    judge(world, "ben", "storage", "audited")
    hand_in(world, "cat", "ben")
    assert refused(free) == "no_seat"
    assert row(world, "storage").review.level == "audited"
    assert CANARY not in repr(sheet(world)), "what nobody settles stays unseen"
    ben = world.staff["ben"].id
    with pytest.raises(Refusal) as late:
        moderating.free_seat(world.app, world.staff["mo"], world.assessment_id, ben, "Too late.")
    assert late.value.code == "both_handed_in"


def test_after_a_return_only_what_changed_is_judged_and_settled_anew(alone: World) -> None:
    world = alone
    for who, level in (("ann", "audited"), ("ben", "verified")):
        judge(world, who, "storage", level)  # type: ignore[arg-type]
        judge(world, who, "published", level)  # type: ignore[arg-type]
        judge(world, who, "stores", "documented")
        hand_in(world, who)
    settle(world, "storage", "audited")
    settle(world, "published", "verified")
    submitting.return_to_vendor(world.app, world.officer, world.assessment_id, "Which scanner?")
    world.clock.forward(hours=1)
    world.answer(world.vera, published="believed")
    world.submit(world.vera, number=2)
    assert sheet(world, "auditor").judged == 0, "nothing counts before both handed in again"
    mine = {one.question_id for one in sheet(world, "ann").rows if one.review.level}
    assert mine == {"storage", "stores"}
    judge(world, "ann", "published", "documented")
    hand_in(world, "ann", "ben")
    assert row(world, "storage").review.level == "audited", "as the moderator settled it"
    assert row(world, "stores").review.level == "documented"
    assert [one.question_id for one in sheet(world).rows if not one.settled] == ["published"]


def test_what_was_settled_between_two_is_not_settled_between_others(alone: World) -> None:
    world = alone
    judge(world, "ann", "storage", "audited")
    judge(world, "ben", "storage", "verified")
    hand_in(world, "ann", "ben")
    settle(world, "storage", "verified")
    submitting.return_to_vendor(world.app, world.officer, world.assessment_id, "Which scanner?")
    world.clock.forward(hours=1)
    world.submit(world.vera, number=2)
    world.add("cat", Role.REVIEWER)
    hand_in(world, "ann")
    moderating.free_seat(
        world.app, world.staff["mo"], world.assessment_id, world.staff["ben"].id, "Ben has left."
    )
    hand_in(world, "cat")
    assert [one.question_id for one in sheet(world).rows if not one.settled] == ["storage"]


def test_what_one_reviewer_began_one_finishes_and_the_page_says_so(submitted: World) -> None:
    world = submitted
    world.judge(world.assessment_id, "storage", "audited")
    assert reviewing.review_sheet(world.app, world.officer, world.assessment_id).panel.asks_less
    two(world)
    world.judge(world.assessment_id, "published", "audited")
    shown = sheet(world)
    assert (shown.panel.two, shown.panel.asks_less, shown.judged) == (False, True, 2)
    reviewing.finish_review(world.app, world.staff["ann"], world.assessment_id)
    told = audit.trail(world.app, world.officer, world.assessment_id)[0]
    assert dict(told.details) == {"reviewers": "one"}


def test_two_who_begin_go_on_alone_whatever_the_setting_says_since(alone: World) -> None:
    world = alone
    judge(world, "ann", "storage", "audited")
    world.app = replace(world.app, settings=settings(Path("nowhere")))
    assert sheet(world, "ben").panel.two
    assert refused(lambda: world.judge(world.assessment_id, "storage")) == "two_judge"


def test_what_each_judged_goes_with_the_answers(alone: World) -> None:
    world = alone
    judge(world, "ann", "storage", "audited", CANARY)
    judge(world, "ben", "storage", "verified", CANARY)
    hand_in(world, "ann", "ben")
    settle(world, "storage", "audited", reason=CANARY)
    reviewing.finish_review(world.app, world.staff["ann"], world.assessment_id)
    options = deciding.decision_options(world.app, world.committee, world.assessment_id)
    deciding.record_decision(
        world.app,
        world.committee,
        world.assessment_id,
        outcome="reject",
        reasons="No.",
        scorecard_id=options.scorecard_id,
    )
    world.clock.forward(days=365 * 3 + 1)
    purging.purge(world.app)
    with world.app.store.read(EVERYTHING) as work:
        assert work.all(OwnJudgement) == []
        kept = [one.reason for one in work.all(Difference)]
        kept += [one.reason for one in work.all(Review)]
    assert kept == ["", ""]
    assert sheet(world).submission.answers == 0
    assert verifying.verify(world.app).findings == ()


def waits(world: World, who: str) -> tuple[str, str, bool]:
    [item] = [
        one
        for one in worklist.waiting(world.app, world.staff[who])
        if one.assessment_id == world.assessment_id
    ]
    return item.whom, item.next_step, item.yours


def test_what_waits_says_on_whom_of_the_two_or_the_moderator(alone: World) -> None:
    world = alone
    assert waits(world, "ann") == ("two reviewers", "Judge the answers alone", True)
    judge(world, "ann", "storage", "audited")
    world.add("cat", Role.REVIEWER)
    assert waits(world, "ben")[1:] == ("Judge the answers alone", True)
    hand_in(world, "ann")
    assert waits(world, "ann") == ("a second reviewer", "Judge the answers alone", False)
    judge(world, "ben", "storage", "verified")
    assert waits(world, "ben")[2]
    assert waits(world, "ann") == ("Ben", "Judge the answers alone", False)
    assert waits(world, "cat") == ("Ben", "Judge the answers alone", False)
    hand_in(world, "ben")
    assert waits(world, "mo") == ("moderator", "Settle where the two reviewers differ", True)
    assert not waits(world, "ben")[2]
    settle(world, "storage", "audited")
    assert waits(world, "ben") == ("reviewer", "Finish the review", True)


def test_the_way_of_two_reviewers_holds_on_both_databases(
    database_url: str, library: Library, tmp_path: Path
) -> None:
    clock = Clock()
    store = Store(database_url, KEYS, clock=clock)
    world = World(Application(settings(tmp_path), store, library, Files(tmp_path)), clock)
    for key, role in (
        ("officer", Role.PROCUREMENT_OFFICER),
        ("second_officer", Role.SECOND_OFFICER),
        ("reviewer", Role.REVIEWER),
    ):
        world.add(key, role)
    two(world)
    world.assessment_id, _ = world.submitted(answers={**BEST, "storage": "most"})
    judge(world, "ann", "storage", "audited")
    judge(world, "ben", "storage", "documented")
    judge(world, "ben", "published", "documented")
    judge(world, "ann", "published", "documented")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda who: hand_in(world, who), ("ann", "ben")))
    assert len(sheet(world).panel.seats) == 2
    assert sheet(world).panel.to_settle == 1, "exactly one of two at once was the second"
    settle(world, "storage", "documented")
    assert waits(world, "mo")[1] == "Finish the review"
    reviewing.finish_review(world.app, world.staff["mo"], world.assessment_id)
    state = answering.overview(world.app, world.officer, world.assessment_id).state
    assert state is State.REVIEWED
    assert verifying.verify(world.app).findings == ()
    store.close()
