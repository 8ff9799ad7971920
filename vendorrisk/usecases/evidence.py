"""Evidence for answers: attaching, listing, reading and withdrawing files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from vendorrisk.access import Action, Actor, Scope, authorise, require_answerer
from vendorrisk.assessment import Move, State, after
from vendorrisk.evidence import UnacceptableFile, Upload, examine, require_room
from vendorrisk.marking import mark
from vendorrisk.scanning import NotScanned
from vendorrisk.store import EvidenceItem, Work
from vendorrisk.store.tables import DeletionReceipt, Evidence
from vendorrisk.usecases.answering import (
    EvidenceView,
    evidence_view,
    evidence_views,
    own_questions,
    submitted_evidence,
)
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.duties import kept_apart
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.read_codes import require_confirmed
from vendorrisk.usecases.sheets import AnswerSheet, content_of, move, require_assessment, sheet_of


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """The bytes of a file, to be sent as an attachment under `file_name`.

    A PDF names its reader and the time on every page; `unmarked_because` says why one does not,
    and is None for other files.
    """

    content: bytes
    media_type: str
    file_name: str
    unmarked_because: str | None = None


def attach(
    app: Application,
    actor: Actor,
    assessment_id: str,
    *,
    file_name: str,
    content: bytes,
    kind: str,
    dated: date,
    for_questions: Collection[str],
    period_start: date | None = None,
    period_end: date | None = None,
    product: str = "",
    environment: str = "",
    entity: str = "",
    note: str = "",
) -> EvidenceView:
    """Attach one file to one or more questions.

    Raises `Invalid` with a problem per field (file, kind, dated, period_end, for_questions, …):
    empty, too large or wrong type, a date in the future, a kind that none of the questions takes;
    `Refusal` when locked, or in a demo, which takes no uploads. A file in which the malware scanner
    finds something is not kept, and that it was refused is an event.
    """
    scope = authorise(actor, Action.ATTACH, assessment_id)
    if app.settings.demo:
        raise Refusal(
            "demo_takes_no_uploads",
            "This is a demo, which takes no files.",
            "In the real product the file would be attached to your answer.",
        )
    form = Form()
    today = app.clock().date()
    form.not_in_the_future("dated", dated, today, "The date")
    form.not_in_the_future("period_start", period_start, today, "The start of the period")
    form.not_in_the_future("period_end", period_end, today, "The end of the period")
    if period_start is not None and period_end is not None and period_end < period_start:
        form.problem("period_end", "The period ends before it starts.")
    product = form.line("product", product, "The product", required=False)
    environment = form.line("environment", environment, "The environment", required=False)
    entity = form.line("entity", entity, "The legal entity", required=False)
    words = form.text("note", note, "The note", required=False)
    # Before the transaction, because looking into a file may take longer than others want to wait.
    upload = _examined(form, file_name, content)
    malware = _scanned(app, form, upload)
    if malware is not None:
        with app.store.begin(scope) as work:
            require_assessment(work, assessment_id)
            work.record(
                actor, "refuse_file", "assessment", assessment_id, assessment_id, malware=malware
            )
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        sheet = sheet_of(app, work, row)
        require_answerer(actor, sheet.questionnaire.answered_by)
        after(Move.ANSWER, State(row.state))
        _check_target(form, actor, sheet, kind, for_questions)
        _check_room(form, work, assessment_id, upload)
        form.check()
        if upload is None:
            raise NotFound("This file")
        # The file first: a file without a row is harmless, a row without its file is not.
        app.files.keep(app.keys, assessment_id, upload)
        file = Evidence(
            assessment_id=assessment_id,
            sha256=upload.sha256,
            file_name=upload.file_name,
            media_type=upload.media_type,
            size=upload.size,
            kind=kind,
            dated=dated,
            period_start=period_start,
            period_end=period_end,
            scope_product=product,
            scope_environment=environment,
            scope_entity=entity,
            note=words,
            uploaded_by=actor.id,
            uploaded_at=work.now,
        )
        questions = tuple(dict.fromkeys(for_questions))
        work.attach(file, questions)
        move(work, row, Move.ANSWER)
        work.record(
            actor,
            Action.ATTACH,
            "evidence",
            file.id,
            assessment_id,
            sha256=file.sha256,
            kind=kind,
            questions=questions,
        )
    names = {actor.id: actor.name}
    return evidence_view(EvidenceItem(file, questions), sheet.questionnaire, names, False)


def withdraw_evidence(app: Application, actor: Actor, evidence_id: str) -> None:
    """Take a file back before submitting; one that a submission names stays with it."""
    scope = authorise(actor, Action.WITHDRAW_EVIDENCE)
    scope = _scope_of(app, actor, scope, Action.WITHDRAW_EVIDENCE, evidence_id)
    with app.store.begin(scope) as work:
        file = work.get(Evidence, id=evidence_id)
        if file is None:
            raise NotFound("This file")
        row = require_assessment(work, file.assessment_id)
        if actor.sections is not None and file.uploaded_by != actor.id:
            raise NotFound("This file")
        after(Move.ANSWER, State(row.state))
        if file.withdrawn_at is None:
            file.withdrawn_at = work.now
            work.record(actor, Action.WITHDRAW_EVIDENCE, "evidence", file.id, row.id)


def evidence_list(app: Application, actor: Actor, assessment_id: str) -> tuple[EvidenceView, ...]:
    """Every file of the assessment, oldest first; staff see what was submitted."""
    scope = authorise(actor, Action.EVIDENCE_LIST, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_apart(work, actor, Action.EVIDENCE_LIST, row)
        return evidence_views(work, actor, row, content_of(app, row).questionnaire)


def open_evidence(app: Application, actor: Actor, evidence_id: str) -> EvidenceFile:
    """Read one file; the reading itself is an event in the trail, and stands on a PDF's pages."""
    scope = authorise(actor, Action.OPEN_EVIDENCE)
    scope = _scope_of(app, actor, scope, Action.OPEN_EVIDENCE, evidence_id)
    with app.store.read(scope) as work:
        found = _readable(app, work, actor, evidence_id)
        purged = work.all(DeletionReceipt, assessment_id=found.assessment_id, data_class="evidence")
    # Decrypting and marking take longer than others should wait for their turn to write.
    if purged:
        raise Refusal(
            "evidence_purged",
            "This file was deleted when its time was over.",
            "The retention schedule says how long files are kept; the deletion has a receipt.",
        )
    content = app.file(found.assessment_id, found.sha256)
    unmarked_because = None
    if found.media_type == "application/pdf":
        marked = mark(content, actor.name, app.clock())
        content, unmarked_because = marked.content, marked.unmarked_because
    with app.store.begin(scope) as work:
        file = _readable(app, work, actor, evidence_id)
        details = {"unmarked_because": unmarked_because} if unmarked_because else {}
        work.record(
            actor,
            Action.OPEN_EVIDENCE,
            "evidence",
            file.id,
            file.assessment_id,
            sha256=file.sha256,
            **details,
        )
    return EvidenceFile(content, file.media_type, file.file_name, unmarked_because)


def link_evidence(
    app: Application, actor: Actor, evidence_id: str, for_questions: Collection[str]
) -> None:
    """Let a file that is attached speak for more answers.

    Raises `Invalid` (for_questions, kind) where one of them is not asked or takes no evidence of
    its kind; `Refusal` when locked.
    """
    scope = authorise(actor, Action.LINK_EVIDENCE)
    scope = _scope_of(app, actor, scope, Action.LINK_EVIDENCE, evidence_id)
    form = Form()
    with app.store.begin(scope) as work:
        file = work.get(Evidence, id=evidence_id)
        if file is None or file.withdrawn_at is not None:
            raise NotFound("This file")
        _require_own_section(app, work, actor, file)
        row = require_assessment(work, file.assessment_id)
        sheet = sheet_of(app, work, row)
        require_answerer(actor, sheet.questionnaire.answered_by)
        after(Move.ANSWER, State(row.state))
        for question in for_questions or [""]:
            _check_target(form, actor, sheet, file.kind, [question] if question else [])
        form.check()
        there = work.questions_of(file)
        more = tuple(q for q in dict.fromkeys(for_questions) if q not in there)
        if more:
            work.let_speak(file, more)
            move(work, row, Move.ANSWER)
            work.record(actor, Action.LINK_EVIDENCE, "evidence", file.id, row.id, questions=more)


def _require_own_section(app: Application, work: Work, actor: Actor, file: Evidence) -> None:
    """A respondent finds files of their own sections alone. Raises `NotFound`."""
    asked = content_of(app, require_assessment(work, file.assessment_id)).questionnaire
    own = own_questions(actor, asked)
    if actor.sections is not None and work.questions_of(file).isdisjoint(own):
        raise NotFound("This file")


def _readable(app: Application, work: Work, actor: Actor, evidence_id: str) -> Evidence:
    file = work.get(Evidence, id=evidence_id)
    if file is None:
        raise NotFound("This file")
    kept_apart(work, actor, Action.OPEN_EVIDENCE, require_assessment(work, file.assessment_id))
    if actor.kind == "person" and file.id not in submitted_evidence(work, file.assessment_id):
        raise NotFound("This file")
    _require_own_section(app, work, actor, file)
    require_confirmed(work, actor)
    return file


def _scope_of(
    app: Application, actor: Actor, scope: Scope, action: Action, evidence_id: str
) -> Scope:
    """The scope for a file: of the sets that a contact is invited to, the one that has it."""
    for assessment_id in sorted(actor.also):
        other = authorise(actor, action, assessment_id)
        with app.store.read(other) as work:
            if work.get(Evidence, id=evidence_id) is not None:
                return other
    return scope


def _examined(form: Form, file_name: str, content: bytes) -> Upload | None:
    try:
        return examine(file_name, content)
    except UnacceptableFile as unacceptable:
        form.problem("file", f"{unacceptable.sentence} {unacceptable.fix}")
        return None


def _scanned(app: Application, form: Form, upload: Upload | None) -> str | None:
    """The malware in a file, which is then a problem of the form; None without one."""
    if upload is None or app.scanner is None:
        return None
    try:
        malware = app.scanner.found_in(upload.content)
    except NotScanned as problem:
        form.problem("file", f"{problem.sentence} {problem.fix}")
        return None
    if malware is not None:
        form.problem(
            "file",
            f"Our malware scanner takes “{upload.file_name}” for harmful, so it was not kept."
            " Check your own computer, then attach a clean copy or a PDF.",
        )
    return malware


def _check_room(form: Form, work: Work, assessment_id: str, upload: Upload | None) -> None:
    if upload is None:
        return
    sizes = [item.evidence.size for item in work.evidence(assessment_id, withdrawn=True)]
    try:
        require_room(len(sizes), sum(sizes), upload.size)
    except UnacceptableFile as full:
        form.problem("file", f"{full.sentence} {full.fix}")


def _check_target(
    form: Form, actor: Actor, sheet: AnswerSheet, kind: str, for_questions: Collection[str]
) -> None:
    own = own_questions(actor, sheet.questionnaire)
    asked = {question.id: question for question in sheet.shown if question.id in own}
    if not for_questions:
        form.problem("for_questions", "Choose at least one question that this file is for.")
    elif not set(for_questions) <= set(asked):
        form.problem("for_questions", "One of these questions is not asked any more. Choose again.")
    if kind not in sheet.questionnaire.evidence_kinds:
        form.problem("kind", "Choose what kind of evidence this is.")
        return
    accepted = {
        accepted
        for name in for_questions
        if name in asked
        for request in asked[name].evidence
        for accepted in request.kinds
    }
    if for_questions and "for_questions" not in form.problems and kind not in accepted:
        titles = "; ".join(
            sheet.questionnaire.evidence_kinds[name].title for name in sorted(accepted)
        )
        form.problem(
            "kind",
            f"Evidence of this kind proves none of these answers. What would: {titles}."
            if titles
            else "These questions ask for no evidence.",
        )
