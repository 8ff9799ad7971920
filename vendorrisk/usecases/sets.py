"""The sets of an engagement: which apply and why, what they say against each other, one answer
for all of them, and the worst of their results.

Each set is an assessment of its own, pinned and scored by itself; what joins them is that they
are about one engagement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from vendorrisk.access import EVERYTHING, Action, Actor, authorise, require_answerer
from vendorrisk.assessment import Move, State, after, may
from vendorrisk.conditions import Value, names
from vendorrisk.evidence import LostFile
from vendorrisk.questionnaire import Question, Visible, minutes_by_role, visibility
from vendorrisk.sets import MOMENTS, Suggestion, contradictions, suggest, worst_band
from vendorrisk.store import EvidenceItem, Work, is_sealed, snapshot_of
from vendorrisk.store.tables import Assessment, AuditEvent, Engagement, Evidence, Submission
from vendorrisk.usecases.answering import answer_question
from vendorrisk.usecases.application import Application, Content
from vendorrisk.usecases.assessments import open_assessment
from vendorrisk.usecases.duties import kept_apart, withheld_from
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.intake import INTAKE, intake_of
from vendorrisk.usecases.scorecards import read_snapshot, reply_in
from vendorrisk.usecases.sheets import (
    AnswerSheet,
    content_of,
    require_assessment,
    says,
    sheet_of,
)
from vendorrisk.usecases.values import Progress, Reply


@dataclass(frozen=True, slots=True)
class LeftOut:
    """That an officer leaves a triggered set out, and why."""

    reason: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SetRow:
    """A set for one engagement. `reasons` are sentences on why it applies, none where nothing
    triggers it. `assessment_id` is the newest assessment by it that was not withdrawn; `left_out`
    stands only while there is none. `anew` of its `questions` no other open set asks;
    they take `minutes`, of which each role of the vendor's people has its share.
    """

    set_id: str
    title: str
    purpose: str
    kind: str
    questions: int
    anew: int
    minutes: int
    minutes_by_role: tuple[tuple[str, int], ...]
    reasons: tuple[str, ...]
    assessment_id: str | None
    left_out: LeftOut | None

    @property
    def suggested(self) -> bool:
        """Whether it applies and nobody has opened it or left it out."""
        return bool(self.reasons) and self.assessment_id is None and self.left_out is None


@dataclass(frozen=True, slots=True)
class Saying:
    """One side of a contradiction: who was asked what in which set, and the answer in words."""

    set_id: str
    set_title: str
    assessment_id: str
    question_id: str
    code: str | None
    ask: str
    reply_says: str
    note: str


@dataclass(frozen=True, slots=True)
class ContradictionView:
    """What does not fit together between sets; it asks, and moves no figure."""

    rule: str
    because: str
    sayings: tuple[Saying, ...]


@dataclass(frozen=True, slots=True)
class OwnSet:
    """A set that a vendor's contact is invited to, with its progress."""

    assessment_id: str
    title: str
    purpose: str
    progress: Progress
    state: State
    here: bool


@dataclass(frozen=True, slots=True)
class Coming:
    """A set that the vendor's answers call for and that is not open yet; `codes` are of them."""

    title: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnSets:
    """What a vendor's contact answers for one engagement, and what may follow."""

    sets: tuple[OwnSet, ...]
    coming: tuple[Coming, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """An answer given in another set to a question that is open here.

    `source` is that set's title, `answered_on` the day of the answer, `files` the number of files
    that would come along.
    """

    question_id: str
    code: str | None
    ask: str
    reply_says: str
    note: str
    source: str
    answered_on: date
    files: int


def engagement_sets(app: Application, actor: Actor, engagement_id: str) -> tuple[SetRow, ...]:
    """Every set that can be sent to this engagement's vendor: what applies first, with reasons.

    Whoever judges and has not declared is told what follows from the intake alone.
    """
    scope = authorise(actor, Action.ENGAGEMENT_SETS)
    offered = app.for_vendors()
    with app.store.read(scope) as work:
        engagement = _require_engagement(work, engagement_id)
        newest = newest_sets(work, engagement_id)
        told = not withheld_from(work, actor, [engagement_id])
        found = {one.set_id: one for one in _suggested(app, work, engagement, answers=told)}
        left = _left_out(work, engagement_id)
    order = [one.id for one in app.triggers.sets]
    rows = [
        _row(content, found.get(content.questionnaire.id), newest, left, app) for content in offered
    ]
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                not row.reasons,
                order.index(row.set_id) if row.set_id in order else len(order),
                row.title,
            ),
        )
    )


def open_sets(
    app: Application,
    actor: Actor,
    engagement_id: str,
    set_ids: Sequence[str],
    due_on: date | None,
    *,
    product: str = "",
    environment: str = "",
    entity: str = "",
) -> tuple[str, ...]:
    """Open an assessment for each of several sets; gives their ids, in the order asked for.

    Raises `Invalid` (set_ids) and whatever `open_assessment` raises for the first that cannot be.
    """
    scope = authorise(actor, Action.OPEN_SETS)
    form = Form()
    if not set_ids:
        form.problem("set_ids", "Choose at least one set.")
    form.check()
    with app.store.read(scope) as work:
        _require_engagement(work, engagement_id)
    return tuple(
        open_assessment(
            app,
            actor,
            engagement_id,
            set_id,
            due_on,
            product=product,
            environment=environment,
            entity=entity,
        )
        for set_id in dict.fromkeys(set_ids)
    )


def leave_out(app: Application, actor: Actor, engagement_id: str, set_id: str, reason: str) -> None:
    """Record that a set which applies is left out, and why. Opening it later takes that back.

    Raises `Invalid` (reason) or `Refusal` (already_open, not_triggered).
    """
    scope = authorise(actor, Action.LEAVE_OUT)
    form = Form()
    text = form.text("reason", reason, "A reason")
    form.check()
    with app.store.begin(scope) as work:
        engagement = _require_engagement(work, engagement_id)
        if set_id in newest_sets(work, engagement_id):
            raise Refusal(
                "already_open",
                "This set has been opened already.",
                "Withdraw its assessment with a reason instead.",
            )
        if set_id not in {one.set_id for one in _suggested(app, work, engagement)}:
            raise Refusal(
                "not_triggered",
                "Nothing calls for this set, so there is nothing to leave out.",
                "Open the page again to see what applies now.",
            )
        intake = intake_of(app, work, engagement_id).assessment_id
        work.assessment(intake)
        work.record(
            actor, Action.LEAVE_OUT, "questionnaire", set_id, intake, reason=text, set=set_id
        )


def cross_check(
    app: Application, actor: Actor, engagement_id: str
) -> tuple[ContradictionView, ...]:
    """What the engagement's submitted sets and its intake say against each other.

    It is worked out from what stands, so it follows every new submission at once.
    """
    scope = authorise(actor, Action.CROSS_CHECK)
    with app.store.read(scope) as work:
        _require_engagement(work, engagement_id)
        kept_apart(
            work,
            actor,
            Action.CROSS_CHECK,
            *newest_sets(work, engagement_id).values(),
        )
        spoken = _spoken(app, work, engagement_id)
    answers = {set_id: one.values for set_id, one in spoken.items()}
    return tuple(
        ContradictionView(
            rule=found.rule,
            because=found.because,
            sayings=tuple(spoken[set_id].saying(name) for set_id, name in found.places),
        )
        for found in contradictions(app.across, answers)
    )


def own_sets(app: Application, actor: Actor, assessment_id: str) -> OwnSets:
    """The sets that a vendor's contact is invited to for one engagement, and what its answers in
    `assessment_id` call for beyond them. No reason of ours is told, only which answers.
    """
    scope = authorise(actor, Action.OWN_SETS, assessment_id)
    with app.store.read(scope) as work:
        here = require_assessment(work, assessment_id)
        sheet = sheet_of(app, work, here)
    sets = []
    for other in _own(actor):
        with app.store.read(authorise(actor, Action.OWN_SETS, other)) as work:
            row = require_assessment(work, other)
            content = content_of(app, row).questionnaire
            progress = Progress(row.answered, row.asked, 0)
            if work.bid(other) is not None:  # what is stored says nothing
                progress = sheet_of(app, work, row).progress
        sets.append(
            (
                row.created_at,
                OwnSet(
                    assessment_id=row.id,
                    title=content.title,
                    purpose=content.purpose,
                    progress=progress,
                    state=State(row.state),
                    here=row.id == assessment_id,
                ),
            )
        )
    with app.store.read(EVERYTHING) as work:
        there = set(newest_sets(work, here.engagement_id))
    return OwnSets(
        tuple(one for _, one in sorted(sets, key=lambda pair: (pair[0], pair[1].title))),
        tuple(_coming(app, sheet, there)),
    )


def carried(app: Application, actor: Actor, assessment_id: str) -> tuple[Carried, ...]:
    """What the vendor has answered in another set of this engagement and not here: the newest
    answer to each question. Nothing of it counts until `take_over`.
    """
    scope = authorise(actor, Action.CARRIED, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        sheet = sheet_of(app, work, row)
    found = _elsewhere(app, actor, row)
    return tuple(
        Carried(
            question_id=question.id,
            code=question.code,
            ask=question.ask,
            reply_says=says(question, found[question.id].reply),
            note=found[question.id].note,
            source=found[question.id].source,
            answered_on=found[question.id].at.date(),
            files=len(found[question.id].files),
        )
        for question in _open_shared(sheet, found)
    )


def take_over(
    app: Application, actor: Actor, assessment_id: str, question_ids: Sequence[str]
) -> int:
    """Answer open questions as in the other sets, files included; gives how many were.

    What is answered here meanwhile, or no longer asked, is left as it is.
    """
    scope = authorise(actor, Action.TAKE_OVER, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        content = content_of(app, row)
    require_answerer(actor, content.questionnaire.answered_by)
    after(Move.ANSWER, State(row.state))
    found = _elsewhere(app, actor, row)
    wanted = set(question_ids)
    taken = []
    # One answer may show the next question, so this goes on until nothing more is open.
    while True:
        with app.store.read(scope) as work:
            sheet = sheet_of(app, work, row)
        question = next((q for q in _open_shared(sheet, found) if q.id in wanted), None)
        if question is None:
            break
        wanted.discard(question.id)
        seen = sheet.saved.get(question.id)
        answer_question(
            app,
            actor,
            assessment_id,
            question.id,
            found[question.id].reply,
            found[question.id].note,
            seen.version if seen else 0,
        )
        taken.append(question.id)
    _bring_files(app, actor, assessment_id, content, {name: found[name] for name in taken})
    return len(taken)


# -- the engagement's result ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EngagementResult:
    """The worst of the results of an engagement's sets; `set_title` names the set it comes from.

    `band` is None with `stopped_by` "insufficient_basis" where a set could not be scored.
    `waiting` are the titles of sets that have no scorecard yet.
    """

    band: str | None
    stopped_by: str | None
    set_title: str
    scored: int
    waiting: tuple[str, ...]


def newest_sets(work: Work, engagement_id: str) -> dict[str, Assessment]:
    """By set, the newest assessment of an engagement that was not withdrawn; not the intake."""
    return newest_of(work.all(Assessment, "created_at", "id", engagement_id=engagement_id))


def newest_of(rows: Iterable[Assessment]) -> dict[str, Assessment]:
    """Of an engagement's assessments, oldest first, the newest by set as in `newest_sets`."""
    return {
        row.questionnaire_id: row
        for row in rows
        if row.questionnaire_id != INTAKE and row.state != State.WITHDRAWN
    }


def result_of(rows: Iterable[Assessment], app: Application) -> EngagementResult | None:
    """The worst result among the newest assessments of an engagement; None before there is one."""
    scored: list[Assessment] = []
    waiting = []
    order: tuple[str, ...] = ()
    titles = {}
    for row in rows:
        try:
            content = content_of(app, row)
        except Refusal:
            titles[row.id] = row.questionnaire_id
        else:
            titles[row.id] = content.questionnaire.title
            if content.rubric.everyday is not None and not order:
                order = tuple(content.rubric.everyday.bands)
        if (row.claimed, row.assured, row.band, row.stopped_by) == (None, None, None, None):
            waiting.append(titles[row.id])
        else:
            scored.append(row)
    if not scored or not order:
        return None
    band = worst_band([row.band for row in scored], order)
    worst = [row for row in scored if (row.band if row.band in order else None) == band]
    decisive = min(worst, key=lambda row: -1 if row.assured is None else row.assured)
    return EngagementResult(
        band, decisive.stopped_by, titles[decisive.id], len(scored), tuple(waiting)
    )


# -- what is known --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Spoken:
    """What was said in one set: its questions, values, replies and notes by question id."""

    set_id: str
    title: str
    assessment_id: str
    questions: Mapping[str, Question]
    values: Mapping[str, Value]
    replies: Mapping[str, tuple[Reply, str]]

    def saying(self, name: str) -> Saying:
        question = self.questions[name]
        reply, note = self.replies.get(name, (None, ""))
        return Saying(
            self.set_id,
            self.title,
            self.assessment_id,
            name,
            question.code,
            question.ask,
            says(question, reply),
            note,
        )


def _spoken(app: Application, work: Work, engagement_id: str) -> dict[str, _Spoken]:
    """What stands of the intake, and the latest submission of each set, by set."""
    found = {}
    row = work.get(Assessment, engagement_id=engagement_id, questionnaire_id=INTAKE)
    if row is not None:
        sheet = sheet_of(app, work, row)
        shown = {question.id: question for question in sheet.shown}
        found[INTAKE] = _Spoken(
            INTAKE,
            sheet.questionnaire.title,
            row.id,
            {question.id: question for question in sheet.questionnaire.questions},
            {name: value for name, value in sheet.values.items() if name in shown},
            {
                name: (sheet.reply(name), sheet.saved[name].note)
                for name in sheet.replies
                if name in shown
            },
        )
    for set_id, each in newest_sets(work, engagement_id).items():
        submission = work.latest_submission(each.id)
        if submission is None or is_sealed(submission):
            continue
        try:
            found[set_id] = _said_in(content_of(app, each), each, submission)
        except Refusal:  # its files have changed; the set says so on its own page
            continue
    return found


def _said_in(content: Content, row: Assessment, submission: Submission) -> _Spoken:
    snapshot = snapshot_of(submission)
    read = read_snapshot(content, snapshot)
    seen = visibility(content.questionnaire, read.values, read.facts)
    return _Spoken(
        row.questionnaire_id,
        content.questionnaire.title,
        row.id,
        {question.id: question for question in content.questionnaire.questions},
        {name: value for name, value in read.values.items() if isinstance(seen.get(name), Visible)},
        {name: reply_in(snapshot, name) for name in snapshot["answers"]},
    )


def _suggested(
    app: Application, work: Work, engagement: Engagement, *, answers: bool = True
) -> tuple[Suggestion, ...]:
    """The sets that apply; without `answers` those that follow from the intake alone."""
    intake = intake_of(app, work, engagement.id)
    if intake.tier is None:
        return ()
    known: dict[str, Value] = {}
    for one in _spoken(app, work, engagement.id).values():
        if answers or one.set_id == INTAKE:
            known |= one.values
    known["tier"] = intake.tier
    today = app.clock().date()
    if engagement.ends_on is not None:
        known["days_to_end"] = Fraction((engagement.ends_on - today).days)
    ids = [row.id for row in work.all(Assessment, engagement_id=engagement.id)]
    decided = max((item.decision.decided_at for item in work.decisions(ids)), default=None)
    if decided is not None:
        known["months_since_decision"] = Fraction(_months(decided.date(), today))
    return suggest(app.triggers, known)


def _months(since: date, today: date) -> int:
    """Whole months from one day to another."""
    months = (today.year - since.year) * 12 + today.month - since.month
    return months - (today.day < since.day)


def _left_out(work: Work, engagement_id: str) -> dict[str, LeftOut]:
    intake = work.get(Assessment, engagement_id=engagement_id, questionnaire_id=INTAKE)
    if intake is None:
        return {}
    events = work.all(AuditEvent, "number", assessment_id=intake.id, action=str(Action.LEAVE_OUT))
    return {
        event.subject_id: LeftOut(
            json.loads(event.details).get("reason", ""), event.actor_name, event.at
        )
        for event in events
    }


def _row(
    content: Content,
    suggestion: Suggestion | None,
    newest: Mapping[str, Assessment],
    left: Mapping[str, LeftOut],
    app: Application,
) -> SetRow:
    asked = content.questionnaire
    opened = newest.get(asked.id)
    elsewhere: set[str] = set()
    for other, row in newest.items():
        if other != asked.id:
            try:
                questions = content_of(app, row).questionnaire.questions
            except Refusal:
                continue
            elsewhere |= {question.id for question in questions}
    anew = [question for question in asked.questions if question.id not in elsewhere]
    by_role = minutes_by_role(anew)
    return SetRow(
        set_id=asked.id,
        title=asked.title,
        purpose=asked.purpose,
        kind=app.triggers.kind(asked.id),
        questions=len(asked.questions),
        anew=len(anew),
        minutes=sum(by_role.values()),
        minutes_by_role=tuple(by_role.items()),
        reasons=tuple(trigger.because for trigger in suggestion.triggers) if suggestion else (),
        assessment_id=opened.id if opened else None,
        left_out=None if opened else left.get(asked.id),
    )


def _require_engagement(work: Work, engagement_id: str) -> Engagement:
    row = work.get(Engagement, id=engagement_id)
    if row is None:
        raise NotFound("This engagement")
    return row


def _coming(app: Application, sheet: AnswerSheet, there: set[str]) -> Iterator[Coming]:
    """What the answers of this sheet call for by themselves, and nobody has opened yet."""
    said = {name: value for name, value in sheet.values.items() if sheet.visible(name)}
    codes = {question.id: question.code or question.id for question in sheet.shown}
    for one in suggest(app.triggers, said):
        if one.set_id in there or one.kind == "base":
            continue
        looked_at = [name for held in one.triggers for name in names(held.when)]
        causes = tuple(dict.fromkeys(codes[name] for name in looked_at if name in said))
        if causes and not any(name in MOMENTS for name in looked_at):
            try:
                title = app.content(one.set_id).questionnaire.title
            except Refusal:
                continue
            yield Coming(title, causes)


# -- one answer for every set ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Answer:
    reply: Reply
    note: str
    source: str
    at: datetime
    files: tuple[EvidenceItem, ...]


def _own(actor: Actor) -> tuple[str, ...]:
    """The assessments that a contact may open."""
    own = {actor.assessment_id} if actor.assessment_id else set()
    return tuple(sorted(own | actor.also))


def _elsewhere(app: Application, actor: Actor, row: Assessment) -> dict[str, _Answer]:
    """The newest answers of the same engagement outside this assessment, by question.

    From a set that the contact is invited to, what stands; from any other, what was submitted.
    """
    found: dict[str, _Answer] = {}
    with app.store.read(EVERYTHING) as work:
        others = work.all(Assessment, "created_at", engagement_id=row.engagement_id)
    for other in others:
        if other.id == row.id or other.questionnaire_id == INTAKE:
            continue
        if other.state == State.WITHDRAWN:
            continue
        # In the contact's own scope, where there is one: a sealed bid opens in no other.
        own = other.id in _own(actor)
        where = authorise(actor, Action.CARRIED, other.id) if own else EVERYTHING
        with app.store.read(where) as work:
            try:
                answers = list(_standing(app, work, other, own=own))
            except Refusal:
                continue
        for name, answer in answers:
            if name not in found or answer.at > found[name].at:
                found[name] = answer
    return found


def _standing(
    app: Application, work: Work, row: Assessment, *, own: bool
) -> Iterator[tuple[str, _Answer]]:
    content = content_of(app, row)
    title = content.questionnaire.title
    files = work.evidence(row.id)
    if own:
        sheet = sheet_of(app, work, row)
        for name in sheet.replies:
            if sheet.visible(name):
                saved = sheet.saved[name]
                of_question = tuple(item for item in files if name in item.questions)
                yield (
                    name,
                    _Answer(sheet.reply(name), saved.note, title, saved.saved_at, of_question),
                )
        return
    submission = work.latest_submission(row.id)
    if submission is None:
        return
    snapshot = snapshot_of(submission)
    for name in snapshot["answers"]:
        reply, note = reply_in(snapshot, name)
        if reply is not None:
            of_question = tuple(
                item
                for item in files
                if name in snapshot["evidence"].get(item.evidence.id, {}).get("for", ())
            )
            yield name, _Answer(reply, note, title, submission.submitted_at, of_question)


def _open_shared(sheet: AnswerSheet, found: Mapping[str, _Answer]) -> Iterator[Question]:
    """The questions asked here, open here, and answered elsewhere in words that fit here."""
    for question in sheet.shown:
        if question.id in found and question.id not in sheet.replies:
            reply = found[question.id].reply
            if _fits(question, reply):
                yield question


def _fits(question: Question, reply: Reply) -> bool:
    if isinstance(reply, dict) or not question.choices:
        return True
    ids = {choice.id for choice in question.choices}
    return set(reply if isinstance(reply, list) else [str(reply)]) <= ids


def _bring_files(
    app: Application,
    actor: Actor,
    assessment_id: str,
    content: Content,
    taken: Mapping[str, _Answer],
) -> None:
    """Attach here, for the questions taken over, the files of their answers: the same bytes."""
    wanted: dict[str, tuple[EvidenceItem, list[str]]] = {}
    for name, answer in taken.items():
        for item in answer.files:
            if item.evidence.kind in content.questionnaire.evidence_kinds:
                wanted.setdefault(item.evidence.id, (item, []))[1].append(name)
    if not wanted:
        return
    with app.store.begin(authorise(actor, Action.TAKE_OVER, assessment_id)) as work:
        row = require_assessment(work, assessment_id)
        if not may(Move.ANSWER, State(row.state)):
            return
        for item, questions in wanted.values():
            file = item.evidence
            copy = Evidence(
                assessment_id=assessment_id,
                sha256=file.sha256,
                file_name=file.file_name,
                media_type=file.media_type,
                size=file.size,
                kind=file.kind,
                dated=file.dated,
                period_start=file.period_start,
                period_end=file.period_end,
                scope_product=file.scope_product,
                scope_environment=file.scope_environment,
                scope_entity=file.scope_entity,
                note=file.note,
                uploaded_by=actor.id,
                uploaded_at=work.now,
            )
            try:
                app.files.copy(app.keys, file.sha256, file.assessment_id, assessment_id)
            except LostFile:  # its time is over, or `verify` tells of it there
                continue
            work.attach(copy, questions)
            work.record(
                actor,
                Action.TAKE_OVER,
                "evidence",
                copy.id,
                assessment_id,
                sha256=copy.sha256,
                source=file.assessment_id,
                questions=questions,
            )
