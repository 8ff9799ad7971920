"""The answers of one assessment as they stand, with what is visible and how far they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from vendorrisk import assurance
from vendorrisk.assessment import Move, State, after
from vendorrisk.conditions import Value
from vendorrisk.questionnaire import Progress as Told
from vendorrisk.questionnaire import (
    Question,
    Questionnaire,
    Visibility,
    Visible,
    visibility,
)
from vendorrisk.questionnaire import progress as how_far
from vendorrisk.store import SavedAnswer, Work
from vendorrisk.store.tables import Assessment, Engagement, Vendor
from vendorrisk.tender import (
    Terms,
    require_invitable,
    require_locked,
    require_returnable,
    require_unlocked,
)
from vendorrisk.usecases.application import Application, Content
from vendorrisk.usecases.errors import NotFound
from vendorrisk.usecases.values import Progress, Reply


def require_assessment(work: Work, assessment_id: str) -> Assessment:
    """The assessment, or `NotFound` where it is not within the scope."""
    row = work.assessment(assessment_id)
    if row is None:
        raise NotFound("This assessment")
    return row


def require_parents(work: Work, row: Assessment) -> tuple[Engagement, Vendor]:
    """The engagement that an assessment is about, and its vendor, as the scope may know them."""
    engagement = work.get(Engagement, id=row.engagement_id)
    vendor = work.get(Vendor, id=engagement.vendor_id) if engagement is not None else None
    if engagement is None or vendor is None:
        raise NotFound("This assessment")
    return engagement, work.known_as(engagement, vendor)


def tier_of(row: Assessment) -> str | None:
    """The tier that was pinned when the assessment was opened."""
    tier = json.loads(row.facts).get("tier")
    return None if tier is None else str(tier)


def move(work: Work, row: Assessment, what: Move) -> None:
    """Let `what` happen to an assessment's state, or raise `Refusal`; a bid keeps to its tender."""
    bid = work.bid(row.id)
    if bid is not None and what in _IN_TENDER:
        _IN_TENDER[what](bid.terms, work.now)
    state = after(what, State(row.state))
    if state != row.state:
        row.state = state
        row.state_since = work.now


_IN_TENDER: Mapping[Move, Callable[[Terms, datetime], None]] = {
    Move.INVITE: lambda terms, _: require_invitable(terms),
    Move.RETURN: require_returnable,
    Move.REVIEW: lambda terms, _: require_unlocked(terms),
    Move.DECIDE: lambda terms, _: require_locked(terms),
}
# What a tender adds to the moves of its bids; submitting asks it for itself, and what is late.


def content_of(app: Application, row: Assessment) -> Content:
    """The questionnaire and rubric that an assessment pinned."""
    return app.pinned(
        row.questionnaire_id,
        row.questionnaire_version,
        row.questionnaire_digest,
        row.rubric_digest,
    )


def sheet_of(app: Application, work: Work, row: Assessment) -> AnswerSheet:
    """The answers of an assessment as they stand."""
    return AnswerSheet.of(content_of(app, row), row, work.answers(row.id))


@dataclass(frozen=True)
class AnswerSheet:
    """Answers by question id, those of questions that are hidden now included.

    `facts` are the pinned ones without the scope of the assessment.
    """

    content: Content
    facts: Mapping[str, Value]
    saved: Mapping[str, SavedAnswer]
    _seen: Mapping[str, Visibility] | None = None
    _replies: Mapping[str, assurance.Reply] | None = None

    @classmethod
    def of(cls, content: Content, row: Assessment, saved: Mapping[str, SavedAnswer]) -> AnswerSheet:
        """The sheet of an assessment with these answers."""
        facts = {
            name: frozenset(value) if isinstance(value, list) else value
            for name, value in json.loads(row.facts).items()
            if name != "scope"
        }
        return cls(content, facts, saved)

    def with_answer(self, answer: SavedAnswer) -> AnswerSheet:
        """The same sheet with one answer replaced."""
        changed = answer.question_id
        seen = None if changed in self.content.steering else self.seen
        replies = {name: reply for name, reply in self.replies.items() if name != changed}
        question = next(q for q in self.questionnaire.questions if q.id == changed)
        if (reply := self._read(question, answer)) is not None:
            replies[changed] = reply
        return AnswerSheet(self.content, self.facts, {**self.saved, changed: answer}, seen, replies)

    @property
    def questionnaire(self) -> Questionnaire:
        """What is asked."""
        return self.content.questionnaire

    @cached_property
    def replies(self) -> Mapping[str, assurance.Reply]:
        """What is answered, as it was read; a question without a reply is left out."""
        if self._replies is not None:
            return self._replies
        found = {}
        for question in self.questionnaire.questions:
            saved = self.saved.get(question.id)
            if saved is not None and (reply := self._read(question, saved)) is not None:
                found[question.id] = reply
        return found

    def _read(self, question: Question, saved: SavedAnswer) -> assurance.Reply | None:
        return None if saved.reply is None else self.content.read(question, saved.reply)

    @cached_property
    def values(self) -> dict[str, Value]:
        """The values that conditions see."""
        return {name: reply.value for name, reply in self.replies.items()}

    @cached_property
    def seen(self) -> Mapping[str, Visibility]:
        """For each question whether it is asked."""
        return self._seen or visibility(self.questionnaire, self.values, self.facts)

    def visible(self, question_id: str) -> bool:
        """Whether a question is asked now."""
        return isinstance(self.seen.get(question_id), Visible)

    @cached_property
    def shown(self) -> tuple[Question, ...]:
        """The visible questions in order."""
        seen = self.seen
        return tuple(q for q in self.questionnaire.questions if isinstance(seen[q.id], Visible))

    @cached_property
    def told(self) -> Told:
        """How far the visible questions are, section by section, and which are open."""
        notes = {name: answer.note for name, answer in self.saved.items()}
        return how_far(self.questionnaire, self.values, self.facts, notes, self.seen)

    @property
    def progress(self) -> Progress:
        """How far the visible questions are."""
        return Progress(self.told.answered, self.told.asked, self.told.minutes_left)

    def section_progress(self, section_id: str) -> Progress:
        """How far one section's visible questions are."""
        found = next(section for section in self.told.sections if section.id == section_id)
        return Progress(found.answered, found.asked, found.minutes_left)

    def reply(self, question_id: str) -> Reply:
        """The reply that stands, as it travels."""
        saved = self.saved.get(question_id)
        reply: Reply = json.loads(saved.reply) if saved and saved.reply is not None else None
        return reply


def says(question: Question, reply: Reply) -> str:
    """A reply in the words of the questionnaire, for somebody to read."""
    if reply is None:
        return "Not answered"
    if isinstance(reply, dict):
        if "dont_know" in reply:
            return "We don't know"
        return f"Does not apply: {reply.get('not_applicable', '')}"
    if isinstance(reply, list):
        return "; ".join(_choice_says(question, choice) for choice in reply)
    if question.answer == "one_of":
        return _choice_says(question, str(reply))
    if question.answer == "number" and question.unit:
        return f"{reply} {question.unit}"
    return str(reply)


def _choice_says(question: Question, choice_id: str) -> str:
    choice = question.choice(choice_id)
    return choice.says if choice is not None else choice_id
