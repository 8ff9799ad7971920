"""Submitting answers under a signature, and sending them back with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vendorrisk.access import Actor
from vendorrisk.usecases.application import Application

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

    Raises `Invalid` (name, role, statement) or `Refusal` (nothing_answered, and
    `*_refuses_submit`).
    """
    raise NotImplementedError


def submissions(app: Application, actor: Actor, assessment_id: str) -> tuple[SubmissionView, ...]:
    """Every submission of the assessment, the first one first."""
    raise NotImplementedError


def submission(app: Application, actor: Actor, submission_id: str) -> SubmissionView:
    """One submission."""
    raise NotImplementedError


def own_copy(app: Application, actor: Actor, assessment_id: str) -> bytes:
    """The latest submission exactly as it was hashed: canonical JSON in UTF-8."""
    raise NotImplementedError


def return_to_vendor(app: Application, actor: Actor, assessment_id: str, reason: str) -> None:
    """Give the assessment back with a reason; the submission stays, the next stands beside it."""
    raise NotImplementedError
