"""Reviewing: the score moves with each judgement, adds up, and can be computed again."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.usecases.conftest import BEST, World
from vendorrisk.access import EVERYTHING, NotAllowed, Role
from vendorrisk.assessment import State
from vendorrisk.store.tables import Scorecard
from vendorrisk.usecases import answering, audit, reviewing, submitting, vendors
from vendorrisk.usecases.errors import Conflict, Invalid, Refusal
from vendorrisk.usecases.values import ScorecardView


def cards(world: World) -> list[Scorecard]:
    with world.app.store.read(EVERYTHING) as work:
        return work.all(Scorecard, "number")


def whole(value: int | str | None) -> int:
    assert isinstance(value, int)
    return value


def test_claimed_stands_beside_assured_and_proof_moves_it(submitted: World) -> None:
    world, assessment_id = submitted, submitted.assessment_id
    before = reviewing.scorecard(world.app, world.reviewer, assessment_id)
    assert (before.claimed.value, before.assured.value) == (100, 50), "tier 1, a bare word"
    after = world.judge(assessment_id, "published", "verified")
    assert after.claimed.value == 100
    assert whole(after.assured.value) > 50
    assert after.number == before.number + 1
    row = vendors.vendors(world.app, world.officer)[0].engagements[0].assessments[0]
    assert row.headline == vendors.Headline(100, whole(after.assured.value), after.band, None), (
        "lists show the stored figures"
    )


def add_up(card: ScorecardView) -> None:
    brought = sum(line.contribution or 0 for line in card.lines)
    assert brought == pytest.approx(float(_exact(card.mean.exact)))
    for before, step in zip(card.waterfall, card.waterfall[1:], strict=False):
        assert step.after == pytest.approx(before.after + step.change)
    assert int(card.waterfall[0].after + 1e-9) == card.claimed.value
    assert int(card.waterfall[-1].after + 1e-9) == card.assured.value


def _exact(text: str | None) -> float:
    assert text is not None
    top, _, bottom = text.partition("/")
    return int(top) / int(bottom or 1)


def test_the_parts_add_up_whatever_is_judged(invited: World) -> None:
    world = invited
    assessment_id = world.hand_in(
        {**BEST, "storage": "most", "deletion": "by_hand", "stores": ["laptops"]}
    )
    add_up(reviewing.scorecard(world.app, world.reviewer, assessment_id))
    add_up(world.judge(assessment_id, "published", "audited"))
    add_up(world.judge(assessment_id, "storage", "contradicted"))


def test_a_knockout_is_named_first_and_no_average_hides_it(invited: World) -> None:
    world = invited
    assessment_id = world.hand_in({**BEST, "published": "live", "storage": "wiki"})
    for question in ("storage", "deletion", "stores"):
        world.judge(assessment_id, question)
    card = reviewing.scorecard(world.app, world.reviewer, assessment_id)
    assert [(rule.effect, rule.limit) for rule in card.rules[:2]] == [
        ("knockout", 29),
        ("cap", 59),
    ]
    assert card.rules[0].because == "A published key works today."
    assert card.rules[0].questions == ("published",)
    assert not card.rules[0].confirmed
    assert whole(card.assured.value) <= 29
    assert card.stopped_by == "knockout"
    add_up(card)
    assert not world.judge(assessment_id, "published", "verified").rules[0].confirmed
    world.confirm_knockouts(assessment_id)
    assert reviewing.scorecard(world.app, world.reviewer, assessment_id).rules[0].confirmed


def test_only_a_contradiction_earns_nothing_and_caps(submitted: World) -> None:
    world, assessment_id = submitted, submitted.assessment_id
    card = world.judge(assessment_id, "storage", "contradicted")
    line = next(line for line in card.lines if line.question_id == "storage")
    assert (line.state, line.credit) == ("contradicted", 0)
    assert "contradicted:storage" in {rule.id for rule in card.rules}
    back = world.judge(assessment_id, "storage", None)
    assert "contradicted:storage" not in {rule.id for rule in back.rules}


def test_the_sheet_shows_each_answer_with_its_evidence_and_what_that_supports(
    world: World,
) -> None:
    assessment_id = world.opened()
    vera = world.invited(assessment_id)
    world.answer(vera, **BEST)
    world.answer(vera, storage={"not_applicable": "No keys here."})
    scan = world.attach(vera, "published", kind="scan", dated=date(2026, 9, 1))
    world.submit(vera)
    sheet = reviewing.review_sheet(world.app, world.reviewer, assessment_id)
    rows = {row.question_id: row for row in sheet.rows}
    assert rows["published"].reply_says == "None, and we scan"
    assert [file.id for file in rows["published"].evidence] == [scan]
    assert rows["published"].supported == "self_attested", "a month-old scan proves nothing"
    assert "too old" in rows["published"].evidence_remarks[0]
    assert rows["storage"].claims_not_applicable == "No keys here."
    assert rows["days"].reply_says == "30 days"
    assert rows["stores"].reply_says == "A database"
    assert rows["remarks"].line is None
    line = rows["published"].line
    assert line is not None
    assert line.evidence_ids == (scan,)
    assert (sheet.judged, sheet.to_judge, sheet.tier) == (0, 5, "1")
    world.judge(assessment_id, "published")
    sheet = reviewing.review_sheet(world.app, world.reviewer, assessment_id)
    assert (sheet.judged, sheet.state) == (1, State.IN_REVIEW)
    review = next(row.review for row in sheet.rows if row.question_id == "published")
    assert (review.level, review.reviewer, review.version) == ("verified", "Reviewer", 1)


def test_fresh_evidence_in_scope_counts_before_anybody_looked(world: World) -> None:
    assessment_id = world.opened()
    vera = world.invited(assessment_id)
    world.answer(vera, **BEST)
    world.attach(vera, "storage", kind="soc2_type2")
    world.submit(vera)
    sheet = reviewing.review_sheet(world.app, world.reviewer, assessment_id)
    row = next(row for row in sheet.rows if row.question_id == "storage")
    assert row.supported == "audited"
    assert row.line is not None
    assert (row.line.level, row.line.share) == ("audited", 0.9)


def test_not_applicable_counts_once_it_is_approved(invited: World) -> None:
    world = invited
    assessment_id = world.hand_in({**BEST, "storage": {"not_applicable": "No keys here."}})
    sheet = reviewing.review_sheet(world.app, world.reviewer, assessment_id)
    line = next(line for line in sheet.scorecard.lines if line.question_id == "storage")
    assert (line.state, line.credit) == ("not_approved", 0)
    card = reviewing.set_review(
        world.app,
        world.reviewer,
        sheet.submission.id,
        "storage",
        level=None,
        not_applicable="approved",
        reason="We checked: no keys.",
        seen_version=0,
    )
    line = next(line for line in card.lines if line.question_id == "storage")
    assert (line.state, line.contribution) == ("not_applicable", None)


@pytest.mark.parametrize(
    ("question", "judgement", "field"),
    [
        ("published", {"level": "perfect"}, "level"),
        ("days", {"level": "verified", "reason": " "}, "reason"),
        ("published", {"level": "verified", "reason": "x" * 100_000}, "reason"),
        ("published", {"level": None, "not_applicable": "approved"}, "not_applicable"),
        ("storage", {"level": "verified"}, "level"),
        ("storage", {"level": None, "not_applicable": "granted"}, "not_applicable"),
    ],
)
def test_a_judgement_that_makes_no_sense_is_refused(
    invited: World, question: str, judgement: dict[str, str], field: str
) -> None:
    world = invited
    assessment_id = world.hand_in({**BEST, "storage": {"not_applicable": "No keys here."}})
    submission = submitting.submissions(world.app, world.reviewer, assessment_id)[0]
    with pytest.raises(Invalid) as invalid:
        reviewing.set_review(
            world.app,
            world.reviewer,
            submission.id,
            question,
            **{"reason": "Seen.", "seen_version": 0, **judgement},  # type: ignore[arg-type]
        )
    assert list(invalid.value.problems) == [field]
    assert len(cards(world)) == 1


def test_two_reviewers_of_one_answer_see_each_other(submitted: World) -> None:
    world, assessment_id = submitted, submitted.assessment_id
    other = world.add("second_reviewer", Role.REVIEWER)
    world.judge(assessment_id, "published", "audited")
    submission = submitting.submissions(world.app, world.reviewer, assessment_id)[0]
    with pytest.raises(Conflict) as conflict:
        reviewing.set_review(
            world.app,
            other,
            submission.id,
            "published",
            level="verified",
            reason="Me too.",
            seen_version=0,
        )
    theirs = conflict.value
    assert (theirs.current, theirs.note, theirs.who) == ("audited", "We looked.", "Reviewer")
    assert len(cards(world)) == 2, "the refused judgement left no scorecard"


def test_a_question_that_was_not_asked_is_not_judged(invited: World) -> None:
    world = invited
    assessment_id = world.hand_in({"published": "scanned", "keeps_data": "none"})
    submission = submitting.submissions(world.app, world.reviewer, assessment_id)[0]
    for question in ("deletion", "nonsense"):
        with pytest.raises(Refusal) as refused:
            reviewing.set_review(
                world.app,
                world.reviewer,
                submission.id,
                question,
                level="verified",
                reason="Seen.",
                seen_version=0,
            )
        assert refused.value.code == "unknown_question"


def test_a_returned_or_replaced_submission_is_not_judged_any_more(submitted: World) -> None:
    world, assessment_id, vera = submitted, submitted.assessment_id, submitted.vera
    first = submitting.submissions(world.app, world.reviewer, assessment_id)[0]
    submitting.return_to_vendor(world.app, world.officer, assessment_id, "Again, please.")
    codes = []
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            reviewing.set_review(
                world.app,
                world.reviewer,
                first.id,
                "storage",
                level="verified",
                reason="Seen.",
                seen_version=0,
            )
        codes.append(refused.value.code)
        world.submit(vera, number=2)
    assert codes == ["returned_refuses_review", "not_latest"]


def test_every_scorecard_ever_stored_can_be_computed_again_to_the_byte(submitted: World) -> None:
    world, assessment_id = submitted, submitted.assessment_id
    world.judge(assessment_id, "storage", "audited")
    world.judge(assessment_id, "storage", "contradicted")
    world.clock.forward(days=500)
    stored = cards(world)
    assert [card.number for card in stored] == [1, 2, 3]
    for card in stored:
        verified = reviewing.verify_scorecard(world.app, world.staff["auditor"], card.id)
        assert verified.holds, verified.says
        assert verified.computed_sha256 == card.sha256
    assert len({card.result for card in stored}) == 3


def test_the_inviter_is_not_the_only_reviewer(world: World) -> None:
    both = world.add("both", Role.PROCUREMENT_OFFICER, Role.REVIEWER)
    world.staff["officer"] = both
    assessment_id, _ = world.submitted()
    sheet = reviewing.review_sheet(world.app, both, assessment_id)
    assert not sheet.may_finish
    with pytest.raises(NotAllowed) as refused:
        reviewing.finish_review(world.app, both, assessment_id)
    assert refused.value.code == "inviter_is_sole_reviewer"
    world.judge(assessment_id, "storage")
    reviewing.finish_review(world.app, both, assessment_id)
    assert answering.overview(world.app, both, assessment_id).state is State.REVIEWED


def test_a_finished_review_reopens_with_a_new_judgement(world: World) -> None:
    assessment_id = world.reviewed()
    world.judge(assessment_id, "storage", "audited")
    assert answering.overview(world.app, world.officer, assessment_id).state is State.IN_REVIEW


def test_there_is_nothing_to_review_before_the_vendor_submits(world: World) -> None:
    assessment_id = world.opened()
    for verb in (reviewing.review_sheet, reviewing.scorecard):
        with pytest.raises(Refusal) as refused:
            verb(world.app, world.reviewer, assessment_id)
        assert refused.value.code == "not_submitted"
    with pytest.raises(Refusal) as early:
        reviewing.finish_review(world.app, world.reviewer, assessment_id)
    assert early.value.code == "draft_refuses_finish_review"


def test_the_trail_tells_the_whole_story_and_no_answer(invited: World) -> None:
    world = invited
    assessment_id = world.hand_in({**BEST, "remarks": "CANARY-WORDS"})
    world.judge(assessment_id, "storage")
    reviewing.finish_review(world.app, world.reviewer, assessment_id)
    events = audit.trail(world.app, world.staff["auditor"], assessment_id)
    actions = [event.action for event in reversed(events)]
    assert list(dict.fromkeys(actions)) == [
        "open_assessment",
        "approve_scope",
        "declare",
        "invite",
        "exchange",
        "answer_question",
        "submit",
        "score",
        "set_review",
        "finish_review",
    ]
    told = json.dumps([dict(event.details) for event in events]) + str(events)
    assert "CANARY-WORDS" not in told
    assert all(event.says.startswith(event.who) for event in events)
    assert [event.number for event in events] == list(range(len(events), 0, -1))
