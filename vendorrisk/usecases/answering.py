"""Answering a questionnaire, one section at a time: a vendor's, and the officer's own intake."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from vendorrisk import assurance, conditions
from vendorrisk.access import Action, Actor, NotAllowed, Role, allowed, authorise, require_answerer
from vendorrisk.assessment import STATE_SAYS, Move, State, after, locked
from vendorrisk.conditions import DONT_KNOW
from vendorrisk.conditions import State as Absent
from vendorrisk.document import Report
from vendorrisk.questionnaire import EvidenceKind, EvidenceRequest, Question, Questionnaire
from vendorrisk.store import (
    EvidenceItem,
    SavedAnswer,
    StaleError,
    Work,
    document_text,
    snapshot_of,
)
from vendorrisk.store.tables import Assessment, Submission
from vendorrisk.tender import LATE_SAYS
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.duties import kept_apart, kept_sealed
from vendorrisk.usecases.errors import Conflict, Invalid, NotFound, Refusal
from vendorrisk.usecases.forms import Form, clean
from vendorrisk.usecases.intake import INTAKE, keep_tier
from vendorrisk.usecases.sheets import (
    AnswerSheet,
    content_of,
    move,
    require_assessment,
    require_parents,
    says,
    sheet_of,
)
from vendorrisk.usecases.values import Progress, Reply


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """One section in the overview; a section whose questions are all hidden has `asked` 0."""

    id: str
    title: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class Workspace:
    """A questionnaire being answered. `saved_at` and `saved_by` are of the latest reply.

    `withheld` is true where a member of staff looks at what the vendor has not submitted yet: the
    questions can be read, the replies cannot. `next_submission` is the number to hand to
    `submitting.submit`. `returned_reason` stands while the assessment is back with the vendor.
    `scope` says what is assessed, by product, environment and entity as far as each is named.
    `sealed_until` is the deadline of the tender that it bids in, and `late_says` its rule.
    """

    assessment_id: str
    engagement_id: str
    vendor_name: str
    engagement_title: str
    questionnaire_id: str
    title: str
    purpose: str
    answered_by: Literal["vendor", "officer"]
    sections: tuple[SectionProgress, ...]
    progress: Progress
    state: State
    state_says: str
    locked: bool
    may_answer: bool
    withheld: bool
    due_on: date | None
    saved_at: datetime | None
    saved_by: str | None
    next_submission: int
    returned_reason: str | None
    scope: Mapping[str, str]
    sealed_until: datetime | None = None
    late_says: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A file as its readers see it; `kind_title` in words, dates as dates, size in bytes.

    `in_submission` is true once a submission names it; `withdrawn` files stay with that
    submission and no longer count for the next.
    """

    id: str
    file_name: str
    media_type: str
    size: int
    sha256: str
    kind: str
    kind_title: str
    dated: date
    period_end: date | None
    scope_product: str
    scope_environment: str
    scope_entity: str
    note: str
    for_questions: tuple[str, ...]
    uploaded_by: str
    uploaded_at: datetime
    withdrawn: bool
    in_submission: bool


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A visible question with the reply that stands; `version` 0 means never answered.

    `wants_detail` is the prompt of the chosen option that asks for words in the note.
    `wants_evidence` has the kinds that would prove the reply that stands, none if it needs none.
    `asked_because` names the earlier answers that a question follows from.
    """

    question: Question
    reply: Reply
    note: str
    version: int
    saved_by: str | None
    saved_at: datetime | None
    evidence: tuple[EvidenceView, ...]
    wants_detail: str | None
    wants_evidence: tuple[EvidenceKind, ...]
    asked_because: str | None


@dataclass(frozen=True, slots=True)
class SectionView:
    """One page of questions; only visible ones are in it."""

    id: str
    title: str
    intro: str
    questions: tuple[QuestionView, ...]
    progress: Progress
    locked: bool
    may_answer: bool
    withheld: bool
    previous_id: str | None
    next_id: str | None


@dataclass(frozen=True, slots=True)
class Saved:
    """What a saved reply changed. `version` is the one to send with the next change.

    `newly_visible` and `newly_hidden` are question ids; a hidden reply is kept and comes back
    with its question.
    """

    version: int
    saved_at: datetime
    progress: Progress
    section: Progress
    newly_visible: tuple[str, ...]
    newly_hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Something still open. `detail`: the chosen option asks for words in the note."""

    section_id: str
    section_title: str
    question_id: str
    code: str | None
    ask: str
    kind: Literal["unanswered", "evidence", "detail"]
    says: str


def overview(app: Application, actor: Actor, assessment_id: str) -> Workspace:
    """The sections with their progress, and where the assessment stands."""
    scope = authorise(actor, Action.OVERVIEW, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_sealed(work, actor, Action.OVERVIEW, row)
        engagement, vendor = require_parents(work, row)
        sheet = sheet_of(app, work, row)
        _require_reader(actor, sheet.questionnaire)
        submission = work.latest_submission(assessment_id)
        latest = max(sheet.saved.values(), key=lambda answer: answer.saved_at, default=None)
        names = work.names([latest.saved_by]) if latest else {}
        bid = work.bid(assessment_id)
    state = State(row.state)
    withheld = withheld_from(actor, sheet.questionnaire, state)
    return Workspace(
        assessment_id=row.id,
        engagement_id=engagement.id,
        vendor_name=vendor.name,
        engagement_title=engagement.title,
        questionnaire_id=sheet.questionnaire.id,
        title=sheet.questionnaire.title,
        purpose=sheet.questionnaire.purpose,
        answered_by=sheet.questionnaire.answered_by,
        sections=tuple(
            SectionProgress(section.id, section.title, sheet.section_progress(section.id))
            for section in sheet.questionnaire.sections
            if in_reach(actor, section.id)
        ),
        progress=_own_progress(actor, sheet),
        state=state,
        state_says=STATE_SAYS[state],
        locked=locked(state),
        may_answer=_may_answer(actor, sheet.questionnaire, state),
        withheld=withheld,
        due_on=row.due_on,
        saved_at=latest.saved_at if latest else None,
        saved_by=names.get(latest.saved_by) if latest else None,
        next_submission=submission.number + 1 if submission else 1,
        returned_reason=submission.return_reason
        if submission is not None and state is State.RETURNED
        else None,
        scope=json.loads(row.facts).get("scope", {}),
        sealed_until=bid.terms.deadline if bid else None,
        late_says=LATE_SAYS[bid.terms.late_rule] if bid else "",
    )


def section(app: Application, actor: Actor, assessment_id: str, section_id: str) -> SectionView:
    """One section with the visible questions, replies, notes and evidence."""
    scope = authorise(actor, Action.SECTION, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_sealed(work, actor, Action.SECTION, row)
        sheet = sheet_of(app, work, row)
        asked = sheet.questionnaire
        if not in_reach(actor, section_id):
            raise NotFound("This section")
        if not withheld_from(actor, asked, State(row.state)):
            kept_apart(work, actor, Action.SECTION, row)
        _require_reader(actor, asked)
        state = State(row.state)
        withheld = withheld_from(actor, asked, state)
        files = () if withheld else evidence_views(work, actor, row, asked)
        progress = _section_progress(sheet, section_id)
        if withheld:
            sheet = AnswerSheet.of(sheet.content, row, {})
        names = work.names({answer.saved_by for answer in sheet.saved.values()})
    order = [section.id for section in asked.sections if in_reach(actor, section.id)]
    at = order.index(section_id)
    here = next(section for section in asked.sections if section.id == section_id)
    return SectionView(
        id=here.id,
        title=here.title,
        intro=here.intro,
        questions=tuple(
            _question_view(question, sheet, names, files)
            for question in here.questions
            if sheet.visible(question.id)
        ),
        progress=progress,
        locked=locked(state),
        may_answer=_may_answer(actor, asked, state),
        withheld=withheld,
        previous_id=order[at - 1] if at > 0 else None,
        next_id=order[at + 1] if at + 1 < len(order) else None,
    )


def answer_question(
    app: Application,
    actor: Actor,
    assessment_id: str,
    question_id: str,
    reply: Reply,
    note: str = "",
    seen_version: int = 0,
) -> Saved:
    """Save one reply (None clears it) over the version that the actor saw; at most 8 queries.

    Saving exactly what stands changes nothing and gives the standing version.
    Raises `Conflict` with the colleague's reply; `Invalid` for `reply` (unknown_choice,
    bad_answer, too_long) or `note`; `Refusal` (unknown_question, hidden_question, and
    `*_refuses_answer` when locked).
    """
    scope = authorise(actor, Action.ANSWER_QUESTION, assessment_id)
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        content = content_of(app, row)
        require_answerer(actor, content.questionnaire.answered_by)
        after(Move.ANSWER, State(row.state))
        question = _require_question(content.questionnaire, question_id)
        if question_id not in own_questions(actor, content.questionnaire):
            raise NotFound("This question")
        before = AnswerSheet.of(content, row, work.answers(assessment_id))
        _require_visible(before, question)
        text, note = _checked(question, reply, note, app.clock().date())
        stands = before.saved.get(question_id)
        if (stands.reply, stands.note) == (text, note) if stands else (text, note) == (None, ""):
            version, saved_at = (stands.version, stands.saved_at) if stands else (0, work.now)
            section = _section_of(before.questionnaire, question_id)
            return Saved(
                version, saved_at, before.progress, before.section_progress(section), (), ()
            )
        try:
            saved = work.save_answer(
                assessment_id,
                question_id,
                reply=text,
                note=note,
                saved_by=actor.id,
                seen_version=seen_version,
            )
        except StaleError as stale:
            raise _conflict(work, stale, question) from stale
        sheet = before.with_answer(saved)
        move(work, row, Move.ANSWER)
        _keep_progress(work, row, sheet)
        work.record(
            actor,
            Action.ANSWER_QUESTION,
            "question",
            question_id,
            assessment_id,
            version=saved.version,
            cleared=text is None,
        )
    return Saved(
        version=saved.version,
        saved_at=saved.saved_at,
        progress=_own_progress(actor, sheet),
        section=sheet.section_progress(_section_of(sheet.questionnaire, question_id)),
        newly_visible=_own(actor, sheet, _difference(sheet.shown, before.shown)),
        newly_hidden=_own(actor, sheet, _difference(before.shown, sheet.shown)),
    )


def missing(app: Application, actor: Actor, assessment_id: str) -> tuple[Missing, ...]:
    """What is still open before submitting, in the order of the questionnaire."""
    scope = authorise(actor, Action.MISSING, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_sealed(work, actor, Action.MISSING, row)
        sheet = sheet_of(app, work, row)
        _require_reader(actor, sheet.questionnaire)
        if withheld_from(actor, sheet.questionnaire, State(row.state)):
            raise NotAllowed(
                "not_submitted",
                "The vendor has not submitted its answers yet, so they are still its own.",
                "Its progress is on the page of the engagement.",
            )
        kept_apart(work, actor, Action.MISSING, row)
        attached = work.evidence(assessment_id)
    return tuple(gap for gap in _missing(sheet, attached) if in_reach(actor, gap.section_id))


def in_reach(actor: Actor, section_id: str) -> bool:
    """Whether a section is one that the actor's link opens; a respondent's names them."""
    return actor.sections is None or section_id in actor.sections


def own_questions(actor: Actor, asked: Questionnaire) -> frozenset[str]:
    """The ids of the questions in the sections that the actor's link opens."""
    return frozenset(
        question.id
        for section in asked.sections
        if in_reach(actor, section.id)
        for question in section.questions
    )


def withheld_from(actor: Actor, asked: Questionnaire, state: State) -> bool:
    """Whether answers are kept from an actor: a vendor's draft is its own until it submits."""
    submitted = (State.SUBMITTED, State.IN_REVIEW, State.REVIEWED, State.DECIDED)
    return actor.kind == "person" and asked.answered_by == "vendor" and state not in submitted


def evidence_views(
    work: Work, actor: Actor, row: Assessment, asked: Questionnaire
) -> tuple[EvidenceView, ...]:
    """The files of an assessment, oldest first; to staff only those that were submitted."""
    submitted = submitted_evidence(work, row.id)
    own = own_questions(actor, asked)
    items = work.evidence(row.id, withdrawn=True)
    names = work.names({item.evidence.uploaded_by for item in items})
    return tuple(
        evidence_view(item, asked, names, item.evidence.id in submitted)
        for item in items
        if (
            item.evidence.id in submitted
            or (actor.kind != "person" and item.evidence.withdrawn_at is None)
        )
        and (actor.sections is None or not own.isdisjoint(item.questions))
    )


def evidence_view(
    item: EvidenceItem, asked: Questionnaire, names: Mapping[str, str], in_submission: bool
) -> EvidenceView:
    """One file as its readers see it."""
    file = item.evidence
    kind = asked.evidence_kinds.get(file.kind)
    return EvidenceView(
        id=file.id,
        file_name=file.file_name,
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
        kind=file.kind,
        kind_title=kind.title if kind else file.kind,
        dated=file.dated,
        period_end=file.period_end,
        scope_product=file.scope_product,
        scope_environment=file.scope_environment,
        scope_entity=file.scope_entity,
        note=file.note,
        for_questions=item.questions,
        uploaded_by=names.get(file.uploaded_by, ""),
        uploaded_at=file.uploaded_at,
        withdrawn=file.withdrawn_at is not None,
        in_submission=in_submission,
    )


def submitted_evidence(work: Work, assessment_id: str) -> frozenset[str]:
    """The ids of the files that any submission of an assessment names."""
    found: set[str] = set()
    for submission in work.all(Submission, assessment_id=assessment_id):
        found.update(snapshot_of(submission)["evidence"])
    return frozenset(found)


def _require_reader(actor: Actor, asked: Questionnaire) -> None:
    if actor.kind != "person" and asked.answered_by != "vendor":
        raise NotFound("This assessment")


def _own_progress(actor: Actor, sheet: AnswerSheet) -> Progress:
    """How far what is asked of the actor is; of a respondent, their sections."""
    if actor.sections is None:
        return sheet.progress
    parts = [
        sheet.section_progress(section.id)
        for section in sheet.questionnaire.sections
        if in_reach(actor, section.id)
    ]
    return Progress(
        sum(part.answered for part in parts),
        sum(part.asked for part in parts),
        sum(part.minutes_left for part in parts),
    )


def _own(actor: Actor, sheet: AnswerSheet, questions: tuple[str, ...]) -> tuple[str, ...]:
    own = own_questions(actor, sheet.questionnaire)
    return tuple(question for question in questions if question in own)


def _may_answer(actor: Actor, asked: Questionnaire, state: State) -> bool:
    if locked(state):
        return False
    if asked.answered_by == "vendor":
        return actor.kind == "contact" and allowed(actor, Action.ANSWER_QUESTION)
    return actor.has(Role.PROCUREMENT_OFFICER)


def _require_question(asked: Questionnaire, question_id: str) -> Question:
    for question in asked.questions:
        if question.id == question_id:
            return question
    raise Refusal(
        "unknown_question",
        "This questionnaire has no such question.",
        "Open the section again; the page may be older than the questionnaire.",
    )


def _require_visible(sheet: AnswerSheet, question: Question) -> None:
    if not sheet.visible(question.id):
        raise Refusal(
            "hidden_question",
            "This question is not asked any more, because an earlier answer changed.",
            "Open the section again to see what is asked now.",
        )


def _section_of(asked: Questionnaire, question_id: str) -> str:
    return next(
        section.id
        for section in asked.sections
        if any(question.id == question_id for question in section.questions)
    )


def _section_progress(sheet: AnswerSheet, section_id: str) -> Progress:
    if all(section.id != section_id for section in sheet.questionnaire.sections):
        raise NotFound("This section")
    return sheet.section_progress(section_id)


def _difference(some: Iterable[Question], others: Iterable[Question]) -> tuple[str, ...]:
    known = {question.id for question in others}
    return tuple(question.id for question in some if question.id not in known)


def _keep_progress(work: Work, row: Assessment, sheet: AnswerSheet) -> None:
    if work.bid(row.id) is not None:  # how far a bid is would tell something of it
        return
    was_complete = row.answered == row.asked
    row.answered, row.asked = sheet.progress.answered, sheet.progress.asked
    if row.questionnaire_id == INTAKE:
        keep_tier(row, sheet)
        if was_complete != (row.answered == row.asked):
            row.state_since = work.now


def _conflict(work: Work, stale: StaleError, question: Question) -> Conflict:
    current = stale.current
    name = question.code or "this answer"
    if not isinstance(current, SavedAnswer):
        return Conflict(current=None, note="", who="Somebody", when=work.now, version=0, what=name)
    return Conflict(
        current=json.loads(current.reply) if current.reply is not None else None,
        note=current.note,
        who=work.names([current.saved_by]).get(current.saved_by, "A colleague"),
        when=current.saved_at,
        version=current.version,
        what=name,
    )


def _checked(question: Question, reply: Reply, note: str, today: date) -> tuple[str | None, str]:
    """The reply as it is stored, canonical JSON or None, and the note; or `Invalid`."""
    form = Form()
    note = form.text("note", note, "The note", required=False)
    form.check()
    report = Report()
    read = assurance.read_reply(question, _tidy(reply), report, as_of=today)
    if report.errors:
        problem = report.errors[0]
        sentence = problem.message.replace(f"`{question.id}`", "this question")
        raise Invalid(
            {"reply": sentence[0].upper() + sentence[1:]}, code=problem.code.replace("-", "_")
        )
    stored = None if read is None else _stored(question, read)
    return (None if stored is None else document_text(stored)), note


def _tidy(reply: Reply) -> object:
    """Texts without what cannot be seen; anything but a reply's own shapes becomes a text."""
    if isinstance(reply, str):
        return clean(reply)
    if isinstance(reply, list):
        return [clean(str(item)) for item in reply]
    if isinstance(reply, dict):
        return {
            clean(str(key)): value if isinstance(value, bool) else clean(str(value))
            for key, value in reply.items()
        }
    return reply


def _stored(question: Question, reply: assurance.Reply) -> Reply:
    """A reply that was read, in the one shape in which it is kept and shown again."""
    value = reply.value
    if value is Absent.NOT_APPLICABLE:
        return {"not_applicable": reply.ground}
    if isinstance(value, Absent):
        return None
    if value == DONT_KNOW and question.answer != "text":
        return {"dont_know": True}
    if isinstance(value, frozenset):
        return [choice.id for choice in question.choices if choice.id in value]
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    return value.isoformat() if isinstance(value, date) else value


def _question_view(
    question: Question,
    sheet: AnswerSheet,
    names: Mapping[str, str],
    files: Iterable[EvidenceView],
) -> QuestionView:
    saved = sheet.saved.get(question.id)
    reply = sheet.reply(question.id)
    chosen = _chosen(reply)
    detail = (choice.detail for choice in question.choices if choice.id in chosen)
    kinds = dict.fromkeys(kind for request in wanted(question, reply) for kind in request.kinds)
    return QuestionView(
        question=question,
        reply=reply,
        note=saved.note if saved else "",
        version=saved.version if saved else 0,
        saved_by=names.get(saved.saved_by) if saved else None,
        saved_at=saved.saved_at if saved else None,
        evidence=tuple(file for file in files if question.id in file.for_questions),
        wants_detail=next((prompt for prompt in detail if prompt), None),
        wants_evidence=tuple(sheet.questionnaire.evidence_kinds[kind] for kind in kinds),
        asked_because=_asked_because(question, sheet),
    )


def _asked_because(question: Question, sheet: AnswerSheet) -> str | None:
    if question.show_when is None:
        return None
    causes = conditions.names(question.show_when)
    told = [
        f"“{says(cause, sheet.reply(cause.id))}” to {cause.code or 'an earlier question'}"
        for cause in sheet.shown
        if cause.id in causes and sheet.reply(cause.id) is not None
    ]
    return f"Asked because you answered {' and '.join(told)}." if told else None


def wanted(question: Question, reply: Reply) -> tuple[EvidenceRequest, ...]:
    """The requests for evidence that a reply calls for; none for what claims nothing."""
    if reply is None or isinstance(reply, dict):
        return ()
    chosen = _chosen(reply)
    return tuple(
        request
        for request in question.evidence
        if not request.choices or not chosen.isdisjoint(request.choices)
    )


def _chosen(reply: Reply) -> frozenset[str]:
    if isinstance(reply, list):
        return frozenset(reply)
    return frozenset({reply}) if isinstance(reply, str) else frozenset()


def _missing(sheet: AnswerSheet, attached: Iterable[EvidenceItem]) -> Iterator[Missing]:
    files = {(question, item.evidence.kind) for item in attached for question in item.questions}
    for section in sheet.questionnaire.sections:
        for question in section.questions:
            if not sheet.visible(question.id):
                continue
            for kind, sentence in _gaps(question, sheet, files):
                yield Missing(
                    section_id=section.id,
                    section_title=section.title,
                    question_id=question.id,
                    code=question.code,
                    ask=question.ask,
                    kind=kind,
                    says=sentence,
                )


def _gaps(
    question: Question, sheet: AnswerSheet, files: Iterable[tuple[str, str]]
) -> Iterator[tuple[Literal["unanswered", "evidence", "detail"], str]]:
    if question.id in sheet.told.open:
        yield "unanswered", "Not answered yet."
        return
    if question.id in sheet.told.wants_detail:
        yield "detail", "Your choice asks for a few words beside it."
    requests = wanted(question, sheet.reply(question.id))
    accepted = {kind for request in requests for kind in request.kinds}
    if requests and not any((question.id, kind) in files for kind in accepted):
        titles = [sheet.questionnaire.evidence_kinds[kind].title for kind in sorted(accepted)]
        yield "evidence", f"Nothing is attached that proves this. It could be: {'; '.join(titles)}."
