"""Reviewing a submission: judging each answer, and the scorecard that moves with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import cast

from vendorrisk import assurance
from vendorrisk.access import (
    Action,
    Actor,
    allowed,
    authorise,
    require_independent_review,
)
from vendorrisk.agreement import Agreement, agreement
from vendorrisk.assessment import STATE_SAYS, Move, State, after, may
from vendorrisk.content import Catalogue, spelled_out
from vendorrisk.document import InvalidContent
from vendorrisk.questionnaire import Question, Visible, visibility
from vendorrisk.scoring import ENGINE
from vendorrisk.store import StaleError, Work, document_text, is_sealed, snapshot_of
from vendorrisk.store.tables import (
    Assessment,
    AuditEvent,
    Engagement,
    Lifting,
    OwnJudgement,
    Review,
    ReviewSeat,
    RuleCheck,
    Scorecard,
    Submission,
    Vendor,
)
from vendorrisk.usecases.answering import EvidenceView, evidence_views
from vendorrisk.usecases.application import Application, Content
from vendorrisk.usecases.duties import kept_apart, wrote_rubric
from vendorrisk.usecases.errors import Conflict, NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.judgements import (
    ONE,
    SEATS,
    Level,
    Panel,
    Verdict,
    asks_less,
    check_judgement,
    ground,
    otherwise,
    panel_of,
    require_answer,
    require_latest,
    supported,
    word,
)
from vendorrisk.usecases.knockouts import open_knockout
from vendorrisk.usecases.moderating import require_settled
from vendorrisk.usecases.scorecards import (
    compute,
    evaluate,
    preview,
    read_snapshot,
    reply_in,
    said_in,
    view,
)
from vendorrisk.usecases.sheets import (
    content_of,
    move,
    require_assessment,
    require_parents,
    says,
    tier_of,
)
from vendorrisk.usecases.submitting import SubmissionView, submission_view
from vendorrisk.usecases.values import (
    DomainLine,
    Figure,
    RuleLine,
    ScorecardView,
    ScoreLine,
    Step,
)

__all__ = [
    "DomainLine",
    "Figure",
    "Level",
    "PanelView",
    "ReviewRow",
    "ReviewSheet",
    "ReviewView",
    "RuleLine",
    "ScoreLine",
    "ScorecardView",
    "SeatView",
    "Step",
    "Verdict",
    "Verification",
    "finish_review",
    "review_sheet",
    "scorecard",
    "set_review",
    "verify_scorecard",
]


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A judgement as it stands; `version` 0 and no `level` where nobody judged yet."""

    version: int
    level: Level | None
    not_applicable: Verdict | None
    reason: str
    reviewer: str | None
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class SeatView:
    """One of the two who judge alone; `you` is whoever looks.

    `judged` counts answers, for others only once both have handed in.
    """

    person_id: str
    name: str
    you: bool
    handed_in: bool
    judged: int | None


@dataclass(frozen=True, slots=True)
class PanelView:
    """How far two reviewers are who judge alone; `two` is false where one reviewer's word stands.

    `asks_less` is true where two would judge unless this installation said otherwise. Before both
    have handed in (`revealed`), rows show whoever looks their own judgements and nobody else's, and
    `previews` is true where the figures take those in. `to_settle` answers wait for a moderator.
    """

    two: bool
    asks_less: bool
    seats: tuple[SeatView, ...]
    revealed: bool
    previews: bool
    to_settle: int
    agreement: Agreement | None
    may_hand_in: bool
    may_settle: bool
    may_free: bool

    @property
    def you(self) -> SeatView | None:
        """The seat of whoever looks."""
        return next((seat for seat in self.seats if seat.you), None)


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One answer with what a reviewer needs to judge it.

    `supported` is the level that fresh evidence in scope gives by itself. `evidence_remarks` say
    what keeps a file from counting in full: stale, out of scope, not asked for.
    `claims_not_applicable` holds the vendor's ground, to be approved or rejected. `line` is None
    for a question that no criterion grades. `fired` are the ids of rules that look at it.
    `answers_to` names the controls of published frameworks that the question maps to. `alone` are
    the judgements of two who judged alone, once both handed in; `apart` counts the steps between
    them where they differ, and `settled` says whether a moderator has settled that.
    """

    question_id: str
    code: str | None
    ask: str
    help: str
    section_id: str
    section_title: str
    reply_says: str
    claims_not_applicable: str | None
    answered: bool
    note: str
    evidence: tuple[EvidenceView, ...]
    evidence_remarks: tuple[str, ...]
    supported: str | None
    review: ReviewView
    line: ScoreLine | None
    fired: tuple[str, ...]
    answers_to: str
    alone: tuple[ReviewView, ...] = ()
    apart: int | None = None
    settled: bool = True


@dataclass(frozen=True, slots=True)
class ReviewSheet:
    """A submission under review, with the scorecard as it stands. `judged` of the `to_judge`
    answers that count have a judgement; what has none counts as far as its evidence goes.
    """

    assessment_id: str
    engagement_id: str
    vendor_name: str
    engagement_title: str
    title: str
    tier: str | None
    state: State
    state_says: str
    submission: SubmissionView
    rows: tuple[ReviewRow, ...]
    judged: int
    to_judge: int
    reviewers: tuple[str, ...]
    scorecard: ScorecardView
    may_review: bool
    may_finish: bool
    why_not_finish: str | None
    panel: PanelView


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether computing a stored scorecard again gives the same bytes; `says` explains.

    It is not `possible` where another engine, or content that is not here, computed it.
    """

    holds: bool
    says: str
    stored_sha256: str
    computed_sha256: str | None
    possible: bool = True


def review_sheet(app: Application, actor: Actor, assessment_id: str) -> ReviewSheet:
    """The latest submission with every visible answer, its evidence and judgement."""
    scope = authorise(actor, Action.REVIEW_SHEET, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_apart(work, actor, Action.REVIEW_SHEET, row)
        engagement, vendor = require_parents(work, row)
        content = content_of(app, row)
        submission, card = require_scored(work, assessment_id)
        panel = panel_of(app, work, row, submission)
        reviews: Mapping[str, Review | OwnJudgement] = work.reviews(submission.id)
        if panel.two and not panel.revealed:
            reviews = panel.own.get(actor.id, {})
        files = evidence_views(work, actor, row, content.questionnaire)
        reviewers = reviewers_of(work, assessment_id)
        inviters = work.inviters(assessment_id)
        seated = {one.seat.person_id for one in panel.seats}
        names = work.names({*reviewers, *seated, *map(_by, reviews.values())})
        signed = submission_view(work, submission)
        open_one = open_knockout(work, assessment_id)
        author = wrote_rubric(app, work, actor, row)
    previews = panel.two and not panel.revealed and any(map(word, reviews.values()))
    if previews:
        opened = preview(card, content, submission, panel.own[actor.id])
    else:
        opened = view(card, content, submission)
    rows = tuple(_rows(content, submission, reviews, files, opened, names, _catalogues(app)))
    if panel.revealed:
        rows = tuple(_with_both(row, panel, names) for row in rows)
    state = State(row.state)
    judges = not author and _may_judge(actor, panel) and may(Move.REVIEW, state)
    shown = _panel_view(actor, row, panel, names, previews, judges, otherwise(content, submission))
    graded = [r for r in rows if r.line is not None and _judgeable(r)]
    refusal = _why_not_finish(actor, state, reviewers, inviters, panel, open_one)
    return ReviewSheet(
        assessment_id=row.id,
        engagement_id=engagement.id,
        vendor_name=vendor.name,
        engagement_title=engagement.title,
        title=content.questionnaire.title,
        tier=tier_of(row),
        state=state,
        state_says=STATE_SAYS[state],
        submission=signed,
        rows=rows,
        judged=sum(
            r.review.level is not None or r.review.not_applicable is not None for r in graded
        ),
        to_judge=len(graded),
        reviewers=tuple(sorted(names[reviewer] for reviewer in reviewers if reviewer in names)),
        scorecard=opened,
        may_review=judges,
        may_finish=refusal is None,
        why_not_finish=refusal,
        panel=shown,
    )


def set_review(
    app: Application,
    actor: Actor,
    submission_id: str,
    question_id: str,
    *,
    level: Level | None,
    not_applicable: Verdict | None = None,
    reason: str,
    seen_version: int,
) -> ScorecardView:
    """Judge one answer and compute a new scorecard beside the earlier ones. Both None takes the
    judgement back. A reason is always asked for.

    Raises `Conflict` with the colleague's judgement, `Invalid` (level, not_applicable, reason),
    `Refusal` when the submission is not the latest, was returned or decided, and where two
    reviewers judge alone (two_judge).
    """
    scope = authorise(actor, Action.SET_REVIEW)
    form = Form()
    text = form.text("reason", reason, "A reason")
    with app.store.begin(scope) as work:
        submission = require_latest(app, work, actor, Action.SET_REVIEW, submission_id)
        row = require_assessment(work, submission.assessment_id)
        if panel_of(app, work, row, submission).two:
            raise Refusal(
                "two_judge",
                "Two reviewers judge this submission alone before anything counts.",
                "Open the review again: what you judge there stays yours until both hand in.",
            )
        move(work, row, Move.REVIEW)
        content = content_of(app, row)
        question = require_answer(content, submission, question_id)
        reply, _ = reply_in(snapshot_of(submission), question_id)
        check_judgement(form, content, reply, level, not_applicable)
        form.check()
        try:
            saved = work.save_review(
                submission_id,
                question_id,
                assurance=level,
                not_applicable=not_applicable,
                reason=text,
                reviewer_id=actor.id,
                seen_version=seen_version,
            )
        except StaleError as stale:
            raise _conflict(work, stale, question) from stale
        work.record(
            actor,
            Action.SET_REVIEW,
            "question",
            question_id,
            row.id,
            submission=submission.number,
            version=saved.version,
            level=level,
            not_applicable=not_applicable,
        )
        card = compute(work, actor, row, submission, content)
    return view(card, content, submission)


def scorecard(app: Application, actor: Actor, assessment_id: str) -> ScorecardView:
    """The latest scorecard of the latest submission. Raises `Refusal` (not_submitted)."""
    scope = authorise(actor, Action.SCORECARD, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_apart(work, actor, Action.SCORECARD, row)
        submission, card = require_scored(work, assessment_id)
    return view(card, content_of(app, row), submission)


def verify_scorecard(app: Application, actor: Actor, scorecard_id: str) -> Verification:
    """Compute a stored scorecard again from the stored submission and the pinned content."""
    scope = authorise(actor, Action.VERIFY_SCORECARD)
    with app.store.read(scope) as work:
        card = work.get(Scorecard, id=scorecard_id)
        submission = work.get(Submission, id=card.submission_id) if card else None
        row = work.get(Assessment, id=submission.assessment_id) if submission else None
        if row is not None:
            kept_apart(work, actor, Action.VERIFY_SCORECARD, row)
    if card is None or submission is None or row is None:
        raise NotFound("This scorecard")
    return recomputed(app, row, submission, card)


def finish_review(app: Application, actor: Actor, assessment_id: str) -> None:
    """Hand the assessment to the committee.

    Raises `NotAllowed` (inviter_is_sole_reviewer) and `Refusal` (not_handed_in, not_settled,
    knockout_open, `*_refuses_finish_review`).
    """
    scope = authorise(actor, Action.FINISH_REVIEW, assessment_id)
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_apart(work, actor, Action.FINISH_REVIEW, row)
        reviewers = {*reviewers_of(work, assessment_id), actor.id}
        require_independent_review(reviewers, work.inviters(assessment_id))
        latest = work.latest_submission(assessment_id)
        panel = panel_of(app, work, row, latest) if latest else ONE
        after(Move.FINISH_REVIEW, State(row.state))
        require_settled(panel)
        open_one = open_knockout(work, assessment_id)
        if open_one is not None:
            raise open_one
        move(work, row, Move.FINISH_REVIEW)
        alone = "two" if panel.two else "one"
        work.record(actor, Action.FINISH_REVIEW, "assessment", row.id, row.id, reviewers=alone)


def require_scored(work: Work, assessment_id: str) -> tuple[Submission, Scorecard]:
    """The latest submission and its latest scorecard. Raises `Refusal` (not_submitted)."""
    found = work.latest_scorecards([assessment_id]).get(assessment_id)
    if found is None:
        raise _not_submitted()
    return found


def _not_submitted() -> Refusal:
    return Refusal(
        "not_submitted",
        "The vendor has not submitted its answers yet, so there is nothing to judge.",
        "Wait for the vendor to submit, or remind your contact there.",
    )


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """An assessment with what it hangs on, its latest submission and the newest scorecard."""

    assessment: Assessment
    engagement: Engagement
    vendor: Vendor
    submission: Submission
    scorecard: Scorecard


def scored_rows(work: Work, assessment_ids: Sequence[str]) -> list[ScoredRow]:
    """These assessments, in this order, in two queries however many they are.

    Raises `NotFound`, and `Refusal` (not_submitted).
    """
    found = {
        row.assessment.id: row
        for row in work.portfolio(assessment_ids=assessment_ids)
        if row.assessment is not None
    }
    scored = work.latest_scorecards(assessment_ids)
    rows = []
    for name in assessment_ids:
        row = found.get(name)
        if row is None or row.assessment is None or row.engagement is None:
            raise NotFound("This assessment")
        if name not in scored:
            raise _not_submitted()
        rows.append(ScoredRow(row.assessment, row.engagement, row.vendor, *scored[name]))
    return rows


def reviewers_of(work: Work, assessment_id: str) -> frozenset[str]:
    """The ids of everybody who judged an answer of an assessment or took a seat to do so, had a say
    in one of its knockouts, or finished its review.
    """
    finished = work.all(AuditEvent, assessment_id=assessment_id, action=str(Action.FINISH_REVIEW))
    checked = {one.checked_by for one in work.all(RuleCheck, assessment_id=assessment_id)}
    checked |= {one.person_id for one in work.all(ReviewSeat, assessment_id=assessment_id)}
    for one in work.all(Lifting, assessment_id=assessment_id):
        checked |= {one.asked_by, *([one.settled_by] if one.settled_by else ())}
    return work.reviewers(assessment_id) | checked | {event.actor_id for event in finished}


def _why_not_finish(
    actor: Actor,
    state: State,
    reviewers: frozenset[str],
    inviters: frozenset[str],
    panel: Panel,
    open_one: Refusal | None,
) -> str | None:
    try:
        authorise(actor, Action.FINISH_REVIEW)
        after(Move.FINISH_REVIEW, state)
        require_settled(panel)
        if open_one is not None:
            raise open_one
        require_independent_review({*reviewers, actor.id}, inviters)
    except Refusal as refusal:
        return refusal.sentence
    return None


def recomputed(
    app: Application, row: Assessment, submission: Submission, card: Scorecard
) -> Verification:
    """Compute a stored scorecard again from the stored submission and the pinned content."""
    if is_sealed(submission):
        return Verification(
            False,
            "The answers are sealed and do not open, so it cannot be computed again.",
            card.sha256,
            None,
            possible=False,
        )
    if not json.loads(submission.snapshot)["answers"]:  # nobody can submit nothing
        return Verification(
            False,
            "The answers were deleted when their time was over, so it cannot be computed again."
            " Its digest and theirs remain.",
            card.sha256,
            None,
            possible=False,
        )
    if sha256(submission.snapshot.encode()).hexdigest() != submission.sha256:
        return Verification(
            False, "The stored submission is not what was signed.", card.sha256, None
        )
    if sha256(card.result.encode()).hexdigest() != card.sha256:
        return Verification(
            False, "The stored scorecard is not what was computed then.", card.sha256, None
        )
    if card.engine != ENGINE:
        return Verification(
            False,
            f"It was computed by engine {card.engine}; this is engine {ENGINE}, so it cannot be"
            " computed again here.",
            card.sha256,
            None,
            possible=False,
        )
    stored = json.loads(card.result)
    try:
        said = said_in(stored)
        again = document_text(evaluate(content_of(app, row), submission, stored["review"], said))
    except Refusal as refusal:
        return Verification(False, refusal.sentence, card.sha256, None, possible=False)
    computed = sha256(again.encode()).hexdigest()
    if again != card.result:
        return Verification(
            False, "Computing it again gives another result.", card.sha256, computed
        )
    return Verification(True, "Computing it again gives the same bytes.", card.sha256, computed)


def _catalogues(app: Application) -> Mapping[str, Catalogue]:
    """The catalogues that name frameworks; a faulty one takes away names, never the sheet."""
    try:
        return app.library.catalogues
    except InvalidContent:
        return {}


def _rows(
    content: Content,
    submission: Submission,
    reviews: Mapping[str, Review | OwnJudgement],
    files: tuple[EvidenceView, ...],
    opened: ScorecardView,
    names: Mapping[str, str],
    catalogues: Mapping[str, Catalogue],
) -> Iterator[ReviewRow]:
    snapshot = snapshot_of(submission)
    read = read_snapshot(content, snapshot)
    seen = visibility(content.questionnaire, read.values, read.facts)
    levels = assurance.supported_levels(content.questionnaire, content.rubric, read)
    standings = assurance.standings(content.questionnaire, content.rubric, read)
    lines = {line.question_id: line for line in opened.lines}
    for section in content.questionnaire.sections:
        for question in section.questions:
            if not isinstance(seen[question.id], Visible):
                continue
            reply, note = reply_in(snapshot, question.id)
            yield ReviewRow(
                question_id=question.id,
                code=question.code,
                ask=question.ask,
                help=question.help,
                section_id=section.id,
                section_title=section.title,
                reply_says=says(question, reply),
                claims_not_applicable=ground(reply),
                answered=reply is not None,
                note=note,
                evidence=tuple(
                    file
                    for file in files
                    if question.id in snapshot["evidence"].get(file.id, {}).get("for", ())
                ),
                evidence_remarks=tuple(
                    standing.why
                    for standing in standings
                    if standing.question == question.id and standing.state != "fresh"
                ),
                supported=supported(content, levels.get(question.id, {}), reply),
                review=_review_view(reviews.get(question.id), names),
                line=lines.get(question.id),
                fired=tuple(rule.id for rule in opened.rules if question.id in rule.questions),
                answers_to=spelled_out(question.maps_to, catalogues),
            )


def _judgeable(row: ReviewRow) -> bool:
    return row.claims_not_applicable is not None or row.supported is not None


def _may_judge(actor: Actor, panel: Panel) -> bool:
    """Whether somebody may judge answers, alone or with the one word that counts."""
    if not panel.two:
        return allowed(actor, Action.SET_REVIEW)
    seat = panel.seat_of(actor.id)
    free = len(panel.seats) < SEATS if seat is None else not seat.handed_in
    return free and allowed(actor, Action.JUDGE_ALONE)


def _panel_view(
    actor: Actor,
    row: Assessment,
    panel: Panel,
    names: Mapping[str, str],
    previews: bool,
    judges: bool,
    left: Mapping[str, str],
) -> PanelView:
    open_now = may(Move.REVIEW, State(row.state))
    judged = actor.id in panel.own
    found = None
    if panel.revealed:
        first, second = panel.said(0), panel.said(1)
        found = agreement(
            (word(first.get(name)), word(second.get(name)), kept) for name, kept in left.items()
        )
    return PanelView(
        two=panel.two,
        asks_less=asks_less(panel, row),
        seats=tuple(
            SeatView(
                one.seat.person_id,
                names.get(one.seat.person_id, ""),
                one.seat.person_id == actor.id,
                one.handed_in,
                sum(word(said) is not None for said in panel.own[one.seat.person_id].values())
                if panel.revealed or one.seat.person_id == actor.id
                else None,
            )
            for one in panel.seats
        ),
        revealed=panel.revealed,
        previews=previews,
        to_settle=panel.open,
        agreement=found,
        may_hand_in=panel.two and not panel.revealed and judges,
        may_settle=bool(panel.differences)
        and open_now
        and not judged
        and allowed(actor, Action.SETTLE_JUDGEMENT),
        may_free=panel.two
        and not panel.revealed
        and open_now
        and not judged
        and allowed(actor, Action.FREE_SEAT),
    )


def _with_both(row: ReviewRow, panel: Panel, names: Mapping[str, str]) -> ReviewRow:
    """A row with what both judged alone, where either did."""
    both = tuple(panel.said(place).get(row.question_id) for place in range(SEATS))
    if not any(map(word, both)):
        return row
    differs = panel.differences.get(row.question_id)
    review = row.review
    if differs is None:
        agreed = (names.get(seat.seat.person_id, "") for seat in panel.seats)
        review = replace(review, reviewer=" and ".join(agreed))
    return replace(
        row,
        review=review,
        alone=tuple(
            replace(_review_view(said, names), reviewer=names.get(seat.seat.person_id))
            for seat, said in zip(panel.seats, both, strict=True)
        ),
        apart=differs.apart if differs else None,
        settled=differs is None or differs.settled_by is not None,
    )


def _by(row: Review | OwnJudgement) -> str:
    return row.reviewer_id if isinstance(row, Review) else row.person_id


def _review_view(row: Review | OwnJudgement | None, names: Mapping[str, str]) -> ReviewView:
    if row is None:
        return ReviewView(0, None, None, "", None, None)
    return ReviewView(
        version=row.version,
        level=cast("Level | None", row.assurance),
        not_applicable=cast("Verdict | None", row.not_applicable),
        reason=row.reason,
        reviewer=names.get(_by(row)),
        saved_at=row.saved_at,
    )


def _conflict(work: Work, stale: StaleError, question: Question) -> Conflict:
    current = stale.current
    what = f"the judgement of {question.code or 'this answer'}"
    if not isinstance(current, Review):
        return Conflict(current=None, note="", who="Somebody", when=work.now, version=0, what=what)
    return Conflict(
        current=current.assurance or current.not_applicable,
        note=current.reason,
        who=work.names([current.reviewer_id]).get(current.reviewer_id, "A colleague"),
        when=current.saved_at,
        version=current.version,
        what=what,
    )
