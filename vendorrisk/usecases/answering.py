"""Answering a questionnaire, one section at a time: a vendor's, and the officer's own intake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from vendorrisk.access import Actor
from vendorrisk.assessment import State
from vendorrisk.questionnaire import EvidenceKind, Question
from vendorrisk.usecases.application import Application
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
    raise NotImplementedError


def section(app: Application, actor: Actor, assessment_id: str, section_id: str) -> SectionView:
    """One section with the visible questions, replies, notes and evidence."""
    raise NotImplementedError


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
    Raises `Conflict` with the colleague's reply; `Invalid` (unknown_choice, wrong_type, too_long,
    out_of_range, in_the_future, not_applicable_refused, dont_know_refused); `Refusal`
    (unknown_question, hidden_question, and `*_refuses_answer` when locked).
    """
    raise NotImplementedError


def missing(app: Application, actor: Actor, assessment_id: str) -> tuple[Missing, ...]:
    """What is still open before submitting, in the order of the questionnaire."""
    raise NotImplementedError
