"""Submitting answers under a signature, and sending them back with a reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from vendorrisk.access import SYSTEM, Action, Actor, authorise, require_answerer
from vendorrisk.assessment import Move
from vendorrisk.store import EvidenceItem, Work, snapshot_of
from vendorrisk.store.tables import Assessment, Submission, TenderBid
from vendorrisk.tender import late_when_submitted
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.duties import kept_apart, kept_sealed
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.scorecards import compute, read_snapshot
from vendorrisk.usecases.sheets import AnswerSheet, move, require_assessment, sheet_of

ATTESTATION = (
    "I am authorised to answer for this company. The answers and files are complete and true to "
    "the best of my knowledge, and I will correct them without being asked if that changes."
)
"""The sentence under which a vendor signs; it is stored with the submission word for word."""


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """What was signed. `sha256` is of the canonical JSON that `own_copy` gives."""

    id: str
    assessment_id: str
    number: int
    sha256: str
    signed_by_name: str
    signed_by_role: str
    statement: str
    submitted_at: datetime
    answers: int
    evidence: int
    returned_at: datetime | None
    returned_by: str | None
    return_reason: str | None


def submit(
    app: Application,
    actor: Actor,
    assessment_id: str,
    *,
    name: str,
    role: str,
    statement_accepted: bool,
    number: int,
) -> SubmissionView:
    """Sign and lock the answers as they are. `number` is `Workspace.next_submission` as the page
    showed it: sending the same form twice gives the same submission, never a second one.

    Raises `Invalid` (name, role, statement) or `Refusal` (nothing_answered, form_outdated, and
    `*_refuses_submit`; in a tender too_late, bids_opened).
    """
    scope = authorise(actor, Action.SUBMIT, assessment_id)
    form = Form()
    name = form.line("name", name, "Your name")
    role = form.line("role", role, "Your role")
    if not statement_accepted:
        form.problem("statement", "Submitting takes your agreement to the statement.")
    form.check()
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        earlier = work.all(Submission, "number", assessment_id=assessment_id)
        for same in earlier:
            if same.number == number:
                return submission_view(work, same)
        sheet = sheet_of(app, work, row)
        require_answerer(actor, sheet.questionnaire.answered_by)
        bid = work.bid(assessment_id)
        if bid is not None:
            # Whoever opens the bids takes turns with this.
            work.hold_tender(bid.tender_id, alone=False)
            bid = work.bid(assessment_id)
        late = bid is not None and late_when_submitted(bid.terms, work.now)
        move(work, row, Move.SUBMIT)
        if number != len(earlier) + 1:
            raise Refusal(
                "form_outdated",
                "This page is older than the assessment.",
                "Open the page again, check your answers, and submit then.",
            )
        if sheet.progress.answered == 0:
            raise Refusal(
                "nothing_answered",
                "Nothing is answered yet, so there is nothing to submit.",
                "Answer what you can first. What stays open is shown as open, not as a no.",
            )
        snapshot = _snapshot(row, sheet, work.evidence(assessment_id), work.now.date())
        submission = Submission(
            assessment_id=assessment_id,
            number=number,
            snapshot=snapshot.decode(),
            sha256=hashlib.sha256(snapshot).hexdigest(),
            signed_by_name=name,
            signed_by_role=role,
            statement=ATTESTATION,
            submitted_at=work.now,
            contact_id=actor.id,
        )
        work.add(submission)
        work.record(
            actor,
            Action.SUBMIT,
            "submission",
            submission.id,
            assessment_id,
            number=number,
            sha256=submission.sha256,
        )
        if bid is None:
            compute(work, SYSTEM, row, submission, sheet.content)
        else:  # what would tell of its answers is computed when the bids are opened
            _note_late(work, assessment_id, late=late)
        return submission_view(work, submission)


def submissions(app: Application, actor: Actor, assessment_id: str) -> tuple[SubmissionView, ...]:
    """Every submission of the assessment, the first one first."""
    scope = authorise(actor, Action.SUBMISSIONS, assessment_id)
    with app.store.read(scope) as work:
        kept_sealed(work, actor, Action.SUBMISSIONS, require_assessment(work, assessment_id))
        found = work.all(Submission, "number", assessment_id=assessment_id)
        return tuple(submission_view(work, row) for row in found)


def submission(app: Application, actor: Actor, submission_id: str) -> SubmissionView:
    """One submission."""
    scope = authorise(actor, Action.SUBMISSION)
    with app.store.read(scope) as work:
        row = work.get(Submission, id=submission_id)
        if row is None:
            raise NotFound("This submission")
        kept_apart(work, actor, Action.SUBMISSION, require_assessment(work, row.assessment_id))
        return submission_view(work, row)


def own_copy(app: Application, actor: Actor, assessment_id: str) -> bytes:
    """The latest submission exactly as it was hashed: canonical JSON in UTF-8."""
    scope = authorise(actor, Action.OWN_COPY, assessment_id)
    with app.store.begin(scope) as work:
        require_assessment(work, assessment_id)
        row = work.latest_submission(assessment_id)
        if row is None:
            raise NotFound("This submission")
        snapshot_of(row)
        work.record(actor, Action.OWN_COPY, "submission", row.id, assessment_id)
        return row.snapshot.encode()


def return_to_vendor(app: Application, actor: Actor, assessment_id: str, reason: str) -> None:
    """Give the assessment back with a reason; the submission stays, the next stands beside it."""
    scope = authorise(actor, Action.RETURN_TO_VENDOR, assessment_id)
    form = Form()
    text = form.text("reason", reason, "A reason, which the vendor will read,")
    form.check()
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        move(work, row, Move.RETURN)
        latest = work.latest_submission(assessment_id)
        if latest is None:
            raise NotFound("This submission")
        latest.returned_at = work.now
        latest.returned_by = actor.id
        latest.return_reason = text
        work.record(
            actor,
            Action.RETURN_TO_VENDOR,
            "submission",
            latest.id,
            assessment_id,
            number=latest.number,
        )


def submission_view(work: Work, row: Submission) -> SubmissionView:
    """A submission as its readers see it."""
    snapshot = snapshot_of(row)
    returned_by = work.names([row.returned_by]) if row.returned_by else {}
    return SubmissionView(
        id=row.id,
        assessment_id=row.assessment_id,
        number=row.number,
        sha256=row.sha256,
        signed_by_name=row.signed_by_name,
        signed_by_role=row.signed_by_role,
        statement=row.statement,
        submitted_at=row.submitted_at,
        answers=len(snapshot["answers"]),
        evidence=len(snapshot["evidence"]),
        returned_at=row.returned_at,
        returned_by=returned_by.get(row.returned_by or ""),
        return_reason=row.return_reason,
    )


def _note_late(work: Work, assessment_id: str, *, late: bool) -> None:
    """Mark a bid as late, for good, where its latest submission came after the deadline."""
    bid = work.get(TenderBid, assessment_id=assessment_id)
    if bid is not None and late:
        bid.late = True


def _snapshot(
    row: Assessment, sheet: AnswerSheet, files: Iterable[EvidenceItem], today: date
) -> bytes:
    """What is signed: visible answers, pinned facts and files, in canonical JSON.

    A reply whose question is hidden now is not part of what is said.
    """
    answers: dict[str, Any] = {}
    for question in sheet.shown:
        saved = sheet.saved.get(question.id)
        if saved is not None and (saved.reply is not None or saved.note):
            reply = sheet.reply(question.id)
            answers[question.id] = {"value": reply, "note": saved.note} if saved.note else reply
    data = {
        "answers": answers,
        "facts": json.loads(row.facts),
        "evidence": {
            item.evidence.id: _file(item, sheet)
            for item in files
            if any(sheet.visible(question) for question in item.questions)
        },
        "as_of": today.isoformat(),
    }
    return read_snapshot(sheet.content, data).to_bytes()


def _file(item: EvidenceItem, sheet: AnswerSheet) -> dict[str, Any]:
    file = item.evidence
    scope = {
        "product": file.scope_product,
        "environment": file.scope_environment,
        "entity": file.scope_entity,
    }
    found: dict[str, Any] = {
        "kind": file.kind,
        "for": [question for question in item.questions if sheet.visible(question)],
        "dated": file.dated.isoformat(),
        "file_name": file.file_name,
        "sha256": file.sha256,
    }
    if file.period_end is not None:
        found["period_end"] = file.period_end.isoformat()
    about = {name: words for name, words in scope.items() if words}
    return found | ({"scope": about} if about else {})
