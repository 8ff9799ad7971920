"""Reviewing a submission: judging each answer, and the scorecard that moves with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, cast

from vendorrisk import assurance
from vendorrisk.access import (
    Action,
    Actor,
    allowed,
    authorise,
    require_independent_review,
)
from vendorrisk.assessment import STATE_SAYS, Move, State, after, may
from vendorrisk.content import Catalogue, spelled_out
from vendorrisk.document import InvalidContent
from vendorrisk.questionnaire import Question, Visible, visibility
from vendorrisk.scoring import ENGINE
from vendorrisk.store import StaleError, Work, document_text
from vendorrisk.store.tables import (
    Assessment,
    AuditEvent,
    Engagement,
    Review,
    Scorecard,
    Submission,
    Vendor,
)
from vendorrisk.usecases.answering import EvidenceView, evidence_views
from vendorrisk.usecases.application import Application, Content
from vendorrisk.usecases.duties import kept_apart
from vendorrisk.usecases.errors import Conflict, NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.scorecards import compute, evaluate, read_snapshot, reply_in, view
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
    Reply,
    RuleLine,
    ScorecardView,
    ScoreLine,
    Step,
)

__all__ = [
    "DomainLine",
    "Figure",
    "Level",
    "ReviewRow",
    "ReviewSheet",
    "ReviewView",
    "RuleLine",
    "ScoreLine",
    "ScorecardView",
    "Step",
    "Verification",
    "finish_review",
    "review_sheet",
    "scorecard",
    "set_review",
    "verify_scorecard",
]

Level = Literal["self_attested", "documented", "audited", "verified", "contradicted"]


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A judgement as it stands; `version` 0 and no `level` where nobody judged yet."""

    version: int
    level: Level | None
    not_applicable: Literal["approved", "rejected"] | None
    reason: str
    reviewer: str | None
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One answer with what a reviewer needs to judge it.

    `supported` is the level that fresh evidence in scope gives by itself. `evidence_remarks` say
    what keeps a file from counting in full: stale, out of scope, not asked for.
    `claims_not_applicable` holds the vendor's ground, to be approved or rejected. `line` is None
    for a question that no criterion grades. `fired` are the ids of rules that look at it.
    `answers_to` names the controls of published frameworks that the question maps to.
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
        opened = view(card, content, submission)
        reviews = work.reviews(submission.id)
        files = evidence_views(work, actor, row, content.questionnaire)
        reviewers = reviewers_of(work, assessment_id)
        inviters = work.inviters(assessment_id)
        names = work.names({*reviewers, *(review.reviewer_id for review in reviews.values())})
        signed = submission_view(work, submission)
    rows = tuple(_rows(content, submission, reviews, files, opened, names, _catalogues(app)))
    state = State(row.state)
    graded = [r for r in rows if r.line is not None and _judgeable(r)]
    refusal = _why_not_finish(actor, state, reviewers, inviters)
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
        may_review=allowed(actor, Action.SET_REVIEW) and may(Move.REVIEW, state),
        may_finish=refusal is None,
        why_not_finish=refusal,
    )


def set_review(
    app: Application,
    actor: Actor,
    submission_id: str,
    question_id: str,
    *,
    level: Level | None,
    not_applicable: Literal["approved", "rejected"] | None = None,
    reason: str,
    seen_version: int,
) -> ScorecardView:
    """Judge one answer and compute a new scorecard beside the earlier ones. Both None takes the
    judgement back. A reason is always asked for.

    Raises `Conflict` with the colleague's judgement, `Invalid` (level, not_applicable, reason),
    `Refusal` when the submission is not the latest, was returned or decided.
    """
    scope = authorise(actor, Action.SET_REVIEW)
    form = Form()
    text = form.text("reason", reason, "A reason")
    with app.store.begin(scope) as work:
        submission = work.get(Submission, id=submission_id)
        if submission is None:
            raise NotFound("This submission")
        row = require_assessment(work, submission.assessment_id)
        kept_apart(work, actor, Action.SET_REVIEW, row)
        latest = work.latest_submission(row.id)
        if latest is None or latest.id != submission.id:
            raise Refusal(
                "not_latest",
                "The vendor has submitted again since.",
                "Open the review again and judge the latest submission.",
            )
        move(work, row, Move.REVIEW)
        content = content_of(app, row)
        question = _require_answer(content, submission, question_id)
        reply, _ = reply_in(json.loads(submission.snapshot), question_id)
        _check_judgement(form, content, reply, level, not_applicable)
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

    Raises `NotAllowed` (inviter_is_sole_reviewer) and `Refusal` (`*_refuses_finish_review`).
    """
    scope = authorise(actor, Action.FINISH_REVIEW, assessment_id)
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_apart(work, actor, Action.FINISH_REVIEW, row)
        reviewers = {*reviewers_of(work, assessment_id), actor.id}
        require_independent_review(reviewers, work.inviters(assessment_id))
        move(work, row, Move.FINISH_REVIEW)
        work.record(actor, Action.FINISH_REVIEW, "assessment", row.id, row.id)


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
    """The ids of everybody who judged an answer of an assessment or finished its review."""
    finished = work.all(AuditEvent, assessment_id=assessment_id, action=str(Action.FINISH_REVIEW))
    return work.reviewers(assessment_id) | {event.actor_id for event in finished}


def _why_not_finish(
    actor: Actor, state: State, reviewers: frozenset[str], inviters: frozenset[str]
) -> str | None:
    try:
        authorise(actor, Action.FINISH_REVIEW)
        after(Move.FINISH_REVIEW, state)
        require_independent_review({*reviewers, actor.id}, inviters)
    except Refusal as refusal:
        return refusal.sentence
    return None


def recomputed(
    app: Application, row: Assessment, submission: Submission, card: Scorecard
) -> Verification:
    """Compute a stored scorecard again from the stored submission and the pinned content."""
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
        again = document_text(evaluate(content_of(app, row), submission, stored["review"]))
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
    reviews: Mapping[str, Review],
    files: tuple[EvidenceView, ...],
    opened: ScorecardView,
    names: Mapping[str, str],
    catalogues: Mapping[str, Catalogue],
) -> Iterator[ReviewRow]:
    snapshot = json.loads(submission.snapshot)
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
                claims_not_applicable=_ground(reply),
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
                supported=_supported(content, levels.get(question.id, {}), reply),
                review=_review_view(reviews.get(question.id), names),
                line=lines.get(question.id),
                fired=tuple(rule.id for rule in opened.rules if question.id in rule.questions),
                answers_to=spelled_out(question.maps_to, catalogues),
            )


def _supported(content: Content, levels: Mapping[str, str], reply: Reply) -> str | None:
    """The level that evidence gives the claimed choice; for several ticks the weakest of theirs."""
    everyday = content.rubric.everyday
    if reply is None or isinstance(reply, dict) or everyday is None or everyday.assurance is None:
        return None
    order = everyday.assurance.levels
    chosen = reply if isinstance(reply, list) else [str(reply)]
    found = [levels.get(choice, levels.get("*", order[0])) for choice in chosen]
    return min(found, key=order.index, default=order[0])


def _ground(reply: Reply) -> str | None:
    if isinstance(reply, dict) and "not_applicable" in reply:
        return str(reply["not_applicable"])
    return None


def _judgeable(row: ReviewRow) -> bool:
    return row.claims_not_applicable is not None or row.supported is not None


def _review_view(row: Review | None, names: Mapping[str, str]) -> ReviewView:
    if row is None:
        return ReviewView(0, None, None, "", None, None)
    return ReviewView(
        version=row.version,
        level=cast("Level | None", row.assurance),
        not_applicable=cast('Literal["approved", "rejected"] | None', row.not_applicable),
        reason=row.reason,
        reviewer=names.get(row.reviewer_id),
        saved_at=row.saved_at,
    )


def _require_answer(content: Content, submission: Submission, question_id: str) -> Question:
    read = read_snapshot(content, json.loads(submission.snapshot))
    seen = visibility(content.questionnaire, read.values, read.facts)
    for question in content.questionnaire.questions:
        if question.id == question_id and isinstance(seen[question_id], Visible):
            return question
    raise Refusal(
        "unknown_question",
        "This submission was not asked that question.",
        "Open the review again and choose one of its answers.",
    )


def _check_judgement(
    form: Form, content: Content, reply: Reply, level: str | None, not_applicable: str | None
) -> None:
    everyday = content.rubric.everyday
    levels = everyday.assurance.levels if everyday and everyday.assurance else ()
    if level is not None and level not in (*levels, assurance.CONTRADICTED):
        form.problem("level", "Choose one of the levels in the list.")
    elif level is not None and (reply is None or isinstance(reply, dict)):
        form.problem("level", "There is no claim here that could be proven or contradicted.")
    if not_applicable not in (None, "approved", "rejected"):
        form.problem("not_applicable", "Approve it or reject it.")
    elif not_applicable is not None and _ground(reply) is None:
        form.problem("not_applicable", "The vendor does not say that this does not apply.")


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
