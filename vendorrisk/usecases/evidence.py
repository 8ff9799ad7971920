"""Evidence for answers: attaching, listing, reading and withdrawing files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from vendorrisk.access import Actor
from vendorrisk.usecases.answering import EvidenceView
from vendorrisk.usecases.application import Application


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """The bytes of a file, to be sent as an attachment under `file_name`."""

    content: bytes
    media_type: str
    file_name: str


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
    `Refusal` when locked, or in a demo, which takes no uploads.
    """
    raise NotImplementedError


def withdraw_evidence(app: Application, actor: Actor, evidence_id: str) -> None:
    """Take a file back before submitting; one that a submission names stays with it."""
    raise NotImplementedError


def evidence_list(app: Application, actor: Actor, assessment_id: str) -> tuple[EvidenceView, ...]:
    """Every file of the assessment, oldest first; staff see what was submitted."""
    raise NotImplementedError


def open_evidence(app: Application, actor: Actor, evidence_id: str) -> EvidenceFile:
    """Read one file; the reading itself is an event in the trail."""
    raise NotImplementedError
