"""Two reviewers judge alone and hand in; where they differ, a moderator settles."""

from __future__ import annotations

from dataclasses import replace

from vendorrisk import agreement
from vendorrisk.access import Action, Actor, Relation, authorise, keep_out
from vendorrisk.assessment import Move, State, after
from vendorrisk.store import SeatItem, Work, snapshot_of
from vendorrisk.store.tables import (
    Assessment,
    Difference,
    HandIn,
    OwnJudgement,
    Submission,
)
from vendorrisk.usecases.application import Application, Content
from vendorrisk.usecases.duties import kept_apart, require_no_author
from vendorrisk.usecases.errors import Conflict, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.judgements import (
    Level,
    Panel,
    Verdict,
    check_judgement,
    levels_of,
    otherwise,
    panel_of,
    require_answer,
    require_latest,
    take_seat,
    unchanged,
    word,
)
from vendorrisk.usecases.scorecards import compute, reply_in
from vendorrisk.usecases.sheets import content_of, move, require_assessment


def judge_alone(
    app: Application,
    actor: Actor,
    submission_id: str,
    question_id: str,
    *,
    level: Level | None,
    not_applicable: Verdict | None = None,
    reason: str,
    seen_version: int,
) -> None:
    """Judge one answer as one of two, unseen by anybody; the first two who do so take the seats.

    Both None takes the judgement back. It moves no figure before both have handed in. Raises
    `Conflict` for one's own judgement from elsewhere, `Invalid` (level, not_applicable, reason),
    `NotAllowed` (without_seat), `Refusal` (one_judges, handed_in, not_latest, `*_refuses_review`).
    """
    scope = authorise(actor, Action.JUDGE_ALONE)
    form = Form()
    text = form.text("reason", reason, "A reason")
    with app.store.begin(scope) as work:
        submission = require_latest(app, work, actor, Action.JUDGE_ALONE, submission_id)
        row = require_assessment(work, submission.assessment_id)
        panel = _require_two(app, work, row, submission)
        move(work, row, Move.REVIEW)
        seat = take_seat(work, panel, row, actor)
        if seat is None:
            keep_out(Action.JUDGE_ALONE, Relation.WITHOUT_SEAT)
        elif seat.handed_in:
            raise Refusal(
                "handed_in",
                "You have handed in your judgements, so they stand.",
                "Where the two of you differ, a moderator settles.",
            )
        content = content_of(app, row)
        question = require_answer(content, submission, question_id)
        reply, _ = reply_in(snapshot_of(submission), question_id)
        check_judgement(form, content, reply, level, not_applicable)
        form.check()
        stands = panel.own.get(actor.id, {}).get(question_id)
        if (stands.version if stands else 0) != seen_version:
            raise Conflict(
                current=word(stands),
                note=stands.reason if stands else "",
                who="You",
                when=stands.saved_at if stands else work.now,
                version=stands.version if stands else 0,
                what=f"your judgement of {question.code or 'this answer'}",
            )
        if stands is None or stands.submission_id != submission_id:
            own = OwnJudgement(
                submission_id=submission_id,
                question_id=question_id,
                person_id=actor.id,
                version=seen_version + 1,
                assurance=level,
                not_applicable=not_applicable,
                reason=text,
                saved_at=work.now,
            )
            work.add(own)
        else:
            stands.version += 1
            stands.assurance, stands.not_applicable = level, not_applicable
            stands.reason, stands.saved_at = text, work.now
        # Not what was judged: the trail is read by everybody.
        work.record(
            actor,
            Action.JUDGE_ALONE,
            "question",
            question_id,
            row.id,
            submission=submission.number,
        )


def hand_in(app: Application, actor: Actor, assessment_id: str) -> None:
    """Hand in what one judged alone; what one did not judge is left to its evidence.

    The second to hand in shows both what the other said, settles what they agree on, and leaves
    the rest to a moderator. Doing it twice changes nothing. Raises `NotAllowed` (without_seat),
    `Refusal` (one_judges, not_submitted, `*_refuses_review`).
    """
    scope = authorise(actor, Action.HAND_IN, assessment_id)
    with app.store.begin(scope) as work:
        row, submission = _require_submitted(work, actor, Action.HAND_IN, assessment_id)
        require_no_author(app, work, actor, Action.HAND_IN, row)
        panel = _require_two(app, work, row, submission)
        move(work, row, Move.REVIEW)
        seat = take_seat(work, panel, row, actor)
        if seat is None:
            keep_out(Action.HAND_IN, Relation.WITHOUT_SEAT)
        elif not seat.handed_in:
            work.add(
                HandIn(submission_id=submission.id, seat_id=seat.seat.id, handed_in_at=work.now)
            )
            panel = _with(panel, SeatItem(seat.seat, True))
            content = content_of(app, row)
            told = {"submission": submission.number}
            if panel.revealed:
                told |= _settle(work, actor, row, submission, content, panel)
            work.record(actor, Action.HAND_IN, "submission", submission.id, row.id, **told)
            if panel.revealed:
                compute(work, actor, row, submission, content)


def settle_judgement(
    app: Application,
    actor: Actor,
    submission_id: str,
    question_id: str,
    *,
    level: Level | None,
    not_applicable: Verdict | None = None,
    reason: str,
) -> None:
    """Say, as a moderator who sees both, what an answer counts as on which two reviewers differ.

    It can be settled again until the decision. Raises `NotAllowed` (has_seat), `Invalid` (level,
    not_applicable, reason), `Refusal` (nothing_differs, not_latest, `*_refuses_review`).
    """
    scope = authorise(actor, Action.SETTLE_JUDGEMENT)
    form = Form()
    text = form.text("reason", reason, "A reason")
    with app.store.begin(scope) as work:
        submission = require_latest(app, work, actor, Action.SETTLE_JUDGEMENT, submission_id)
        row = require_assessment(work, submission.assessment_id)
        panel = panel_of(app, work, row, submission)
        if actor.id in panel.own:  # also where the seat was given back since
            keep_out(Action.SETTLE_JUDGEMENT, Relation.HAS_SEAT)
        differs = panel.differences.get(question_id)
        if differs is None:
            raise Refusal(
                "nothing_differs",
                "Nothing differs here that a moderator could settle.",
                "What two reviewers agree on stands; before both have handed in, nobody compares.",
            )
        move(work, row, Move.REVIEW)
        content = content_of(app, row)
        reply, _ = reply_in(snapshot_of(submission), question_id)
        check_judgement(form, content, reply, level, not_applicable)
        if level is None and not_applicable is None:
            form.problem("level", "Choose what the answer counts as.")
        form.check()
        differs.assurance, differs.not_applicable, differs.reason = level, not_applicable, text
        differs.settled_by, differs.settled_at = actor.id, work.now
        stands = work.reviews(submission_id).get(question_id)
        _count(work, differs, text, actor.id, over=stands.version if stands else 0)
        work.record(
            actor,
            Action.SETTLE_JUDGEMENT,
            "question",
            question_id,
            row.id,
            submission=submission.number,
            level=level,
            not_applicable=not_applicable,
        )
        compute(work, actor, row, submission, content)


def free_seat(
    app: Application, actor: Actor, assessment_id: str, person_id: str, reason: str
) -> None:
    """Give back the seat of a reviewer who cannot go on, so that a colleague can take it.

    What they judged stays unseen and counts only if they take a seat again. Raises `NotAllowed`
    (has_seat), `Invalid` (reason), `Refusal` (one_judges, no_seat, both_handed_in).
    """
    scope = authorise(actor, Action.FREE_SEAT, assessment_id)
    form = Form()
    text = form.text("reason", reason, "A reason")
    with app.store.begin(scope) as work:
        row, submission = _require_submitted(work, actor, Action.FREE_SEAT, assessment_id)
        panel = _require_two(app, work, row, submission)
        if panel.seat_of(actor.id) is not None:
            keep_out(Action.FREE_SEAT, Relation.HAS_SEAT)
        after(Move.REVIEW, State(row.state))
        held = panel.seat_of(person_id)
        if held is None:
            raise Refusal(
                "no_seat",
                "They are not one of the two who judge this submission.",
                "Open the review again and see who is.",
            )
        if panel.revealed:
            raise Refusal(
                "both_handed_in",
                "Both have handed in and everybody sees what they said, so nobody could judge this"
                " alone any more.",
                "Settle where they differ.",
            )
        form.check()
        held.seat.freed_at, held.seat.freed_by = work.now, actor.id
        held.seat.freed_reason = text
        work.record(actor, Action.FREE_SEAT, "seat", held.seat.id, row.id, person=person_id)


def require_settled(panel: Panel) -> None:
    """Refuse to finish a review on which two judge before all is in and settled.

    Raises `Refusal` (not_handed_in, not_settled).
    """
    if panel.two and not panel.revealed:
        raise Refusal(
            "not_handed_in",
            "Two reviewers judge this submission alone, and not both have handed in.",
            "Whoever has not, judges and hands in; a moderator can give a seat back.",
        )
    if panel.open:
        raise Refusal(
            "not_settled",
            f"The two reviewers differ on {panel.open} answer{'s' if panel.open > 1 else ''} that"
            " nobody has settled.",
            "A moderator settles them first.",
        )


def _require_two(app: Application, work: Work, row: Assessment, submission: Submission) -> Panel:
    panel = panel_of(app, work, row, submission)
    if not panel.two:
        raise Refusal(
            "one_judges",
            "Here one reviewer's judgement stands, and nobody judges alone.",
            "Open the review again and judge there.",
        )
    return panel


def _require_submitted(
    work: Work, actor: Actor, action: Action, assessment_id: str
) -> tuple[Assessment, Submission]:
    row = require_assessment(work, assessment_id)
    kept_apart(work, actor, action, row)
    submission = work.latest_submission(assessment_id)
    if submission is None:
        after(Move.REVIEW, State(row.state))
        raise LookupError("an assessment that can be reviewed has no submission")
    return row, submission


def _with(panel: Panel, seat: SeatItem) -> Panel:
    others = tuple(one for one in panel.seats if one.seat.id != seat.seat.id)
    return replace(panel, seats=(*others, seat))


def _settle(
    work: Work,
    actor: Actor,
    row: Assessment,
    submission: Submission,
    content: Content,
    panel: Panel,
) -> dict[str, int]:
    """Let agreement count, and note each difference; gives how many of either there are."""
    first, second = panel.said(0), panel.said(1)
    agreed = differ = 0
    for question_id, left in otherwise(content, submission).items():
        said = (first.get(question_id), second.get(question_id))
        one, other = word(said[0]), word(said[1])
        if agreement.agree(one, other, left):
            agreed += bool(one or other)
            if said[0] is not None and agreement.settled(one, other):
                reasons = dict.fromkeys(each.reason for each in said if each is not None)
                _count(work, said[0], "\n\n".join(reasons), actor.id, to=submission.id)
            continue
        differ += 1
        differs = Difference(
            submission_id=submission.id,
            question_id=question_id,
            apart=agreement.apart(one, other, left, levels_of(content)),
        )
        earlier = _settled_before(work, row, submission, question_id, panel)
        if earlier is not None:
            differs.assurance, differs.not_applicable = earlier.assurance, earlier.not_applicable
            differs.reason, differs.settled_by = earlier.reason, earlier.settled_by
            differs.settled_at = earlier.settled_at
        work.add(differs)
        if differs.settled_by is not None:
            _count(work, differs, differs.reason, differs.settled_by)
    return {"agreed": agreed, "differ": differ}


def _settled_before(
    work: Work,
    row: Assessment,
    submission: Submission,
    question_id: str,
    panel: Panel,
) -> Difference | None:
    """What a moderator settled about the same answer and the same two judgements before."""
    now = snapshot_of(submission)
    said = [own for own in (panel.said(at).get(question_id) for at in (0, 1)) if own is not None]
    for earlier in reversed(work.all(Submission, "number", assessment_id=row.id)):
        found = work.get(Difference, submission_id=earlier.id, question_id=question_id)
        if found is None or found.settled_at is None:
            continue
        same = all(one.saved_at <= found.settled_at for one in said)
        same = same and all(one.seat.taken_at <= found.settled_at for one in panel.seats)
        return found if same and unchanged(question_id, snapshot_of(earlier), now) else None
    return None


def _count(
    work: Work,
    judgement: OwnJudgement | Difference,
    reason: str,
    by: str,
    *,
    to: str | None = None,
    over: int = 0,
) -> None:
    """Let a judgement count from now on, for the submission `to` or else its own, `over` a version
    that counted before.
    """
    work.save_review(
        to or judgement.submission_id,
        judgement.question_id,
        assurance=judgement.assurance,
        not_applicable=judgement.not_applicable,
        reason=reason,
        reviewer_id=by,
        seen_version=over,
    )
