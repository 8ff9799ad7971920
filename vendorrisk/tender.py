"""The rules of a sealed tender: where it stands, what may happen then, and why something may not.

A tender groups engagements whose vendors answer the same questions by the same deadline. What they
answer is sealed until the deadline has passed and a second officer has opened it. The deadline
itself still counts as in time; a moment later bids are late, and may be opened.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from string import ascii_uppercase

from vendorrisk.assessment import Refusal

FEWEST_BIDS = 2
"""With one alone there is nothing to keep apart."""


class LateRule(StrEnum):
    """What becomes of answers that are submitted after the deadline and before the opening."""

    REFUSE = "refuse"
    RECORD = "record"


LATE_SAYS: dict[LateRule, str] = {
    LateRule.REFUSE: "Late answers are refused.",
    LateRule.RECORD: "Late answers are taken until the bids are opened, and marked as late.",
}


class Stage(StrEnum):
    """Where a tender stands."""

    DRAFT = "draft"
    OPEN = "open"
    DUE = "due"
    UNSEALED = "unsealed"
    LOCKED = "locked"


STAGE_SAYS: dict[Stage, str] = {
    Stage.DRAFT: "Being prepared",
    Stage.OPEN: "Open for bids",
    Stage.DUE: "Deadline passed, bids still sealed",
    Stage.UNSEALED: "Bids opened, being scored",
    Stage.LOCKED: "Scores locked",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a tender promises its bidders, and what has happened to it. Times are aware."""

    deadline: datetime
    late_rule: LateRule
    published_at: datetime | None = None
    unsealed_at: datetime | None = None
    locked_at: datetime | None = None

    def stage(self, now: datetime) -> Stage:
        """Where the tender stands at `now`."""
        if self.locked_at is not None:
            return Stage.LOCKED
        if self.unsealed_at is not None:
            return Stage.UNSEALED
        if self.published_at is None:
            return Stage.DRAFT
        return Stage.DUE if self.is_late(now) else Stage.OPEN

    def is_late(self, now: datetime) -> bool:
        """Whether the deadline has passed; at the deadline itself it has not."""
        return now > self.deadline

    def is_closed(self, now: datetime) -> bool:
        """Whether no bid is taken any more: they are opened, or late ones are refused."""
        late = self.late_rule is LateRule.REFUSE and self.is_late(now)
        return late or self.unsealed_at is not None


def require_draft(terms: Terms) -> None:
    """Refuse to change what was published: every bidder was promised the same."""
    if terms.published_at is not None:
        raise Refusal(
            "tender_published",
            "This tender is published, so what it says and who bids stays as it is.",
            "Only its deadline can be moved, to a later time and before it has passed.",
        )


def require_publishable(terms: Terms, bids: int, now: datetime) -> None:
    """Refuse to publish twice, without bidders, or with a deadline that has passed."""
    require_draft(terms)
    if bids < FEWEST_BIDS:
        raise Refusal(
            "too_few_bids",
            f"A tender takes at least {FEWEST_BIDS} bidders.",
            "Add the engagements whose vendors are to bid.",
        )
    if now >= terms.deadline:
        raise Refusal(
            "deadline_passed",
            "The deadline of this tender has passed already.",
            "Set a later one, then publish it.",
        )


def require_invitable(terms: Terms) -> None:
    """Refuse to let a bidder begin before everybody's terms are fixed."""
    if terms.published_at is None:
        raise Refusal(
            "tender_not_published",
            "This assessment is part of a tender that is not published yet.",
            "Publish the tender first, so that all bidders get the same terms.",
        )


def require_later(terms: Terms, deadline: datetime, now: datetime) -> None:
    """Refuse a new deadline that is not later, or comes after the old one has passed."""
    if terms.published_at is not None and terms.stage(now) is not Stage.OPEN:
        raise Refusal(
            "deadline_passed",
            "The deadline has passed, so it cannot be moved any more.",
            "A second officer opens the bids as they are.",
        )
    if terms.published_at is not None and deadline <= terms.deadline:
        raise Refusal(
            "deadline_not_later",
            "A published deadline can only be moved to a later time.",
            f"Choose a time after {moment_says(terms.deadline)}.",
        )
    if deadline <= now:
        raise Refusal(
            "deadline_not_later", "The deadline lies in the past.", "Choose a time to come."
        )


def late_when_submitted(terms: Terms, now: datetime) -> bool:
    """Whether a bid that is submitted `now` is late. Raises `Refusal` where it is not taken."""
    require_invitable(terms)
    if terms.unsealed_at is not None:
        raise Refusal(
            "bids_opened",
            "The bids of this tender have been opened, so no more are taken.",
            "What you answered is kept, and nobody reads it. Ask your contact what happens next.",
        )
    if terms.is_late(now) and terms.late_rule is LateRule.REFUSE:
        raise Refusal(
            "too_late",
            f"The deadline was {moment_says(terms.deadline)}, and late answers are refused.",
            "What you answered is kept, and nobody reads it. Ask your contact what happens next.",
        )
    return terms.is_late(now)


def require_due(terms: Terms, now: datetime) -> None:
    """Refuse to open bids before the deadline has passed, or twice."""
    stage = terms.stage(now)
    if stage in (Stage.UNSEALED, Stage.LOCKED):
        raise Refusal("opened_already", "These bids were opened already.", "See who opened them.")
    if stage is not Stage.DUE:
        raise Refusal(
            "not_due",
            f"The bids stay sealed until the deadline has passed: {moment_says(terms.deadline)}.",
            "Come back then; this server's clock counts.",
        )


def require_lockable(terms: Terms, now: datetime, unreviewed: int) -> None:
    """Refuse to lock scores before the bids are open and every one of them is reviewed."""
    stage = terms.stage(now)
    if stage is Stage.LOCKED:
        raise Refusal("locked_already", "The scores were locked already.", "See who locked them.")
    if stage is not Stage.UNSEALED:
        raise Refusal(
            "not_opened",
            "The bids are not opened yet, so there are no scores to lock.",
            "A second officer opens them once the deadline has passed.",
        )
    if unreviewed:
        bids = "1 bid is" if unreviewed == 1 else f"{unreviewed} bids are"
        raise Refusal(
            "not_reviewed",
            f"{bids} not reviewed yet, so the scores may still change.",
            "A reviewer finishes each review first.",
        )


def require_unlocked(terms: Terms) -> None:
    """Refuse to change a judgement once the scores are locked."""
    if terms.locked_at is not None:
        raise Refusal(
            "scores_locked",
            "The scores of this tender are locked, so its judgements stay as they are.",
            "The committee decides next.",
        )


def require_locked(terms: Terms) -> None:
    """Refuse to decide about a bid before the scores of all of them are locked."""
    if terms.locked_at is None:
        raise Refusal(
            "scores_not_locked",
            "The scores of this tender are not locked yet, so nothing is decided about its bids.",
            "A moderator or a second officer locks them once every review is finished.",
        )


def require_returnable(terms: Terms, now: datetime) -> None:
    """Refuse to give a bid back once the deadline has passed: nobody improves theirs then."""
    if terms.stage(now) is not Stage.OPEN:
        raise Refusal(
            "bids_stay",
            "The deadline of this tender has passed, so its bids stay as they were submitted.",
            "A clarification may explain an answer; it does not improve it.",
        )


def pseudonyms(bids: Sequence[str]) -> dict[str, str]:
    """A name for each bid, "Bidder A" and on, in an order that is drawn by lot."""
    drawn = list(bids)
    secrets.SystemRandom().shuffle(drawn)
    return {bid: f"Bidder {_letters(at)}" for at, bid in enumerate(drawn)}


def _letters(at: int) -> str:
    """A to Z, then AA, AB and on, like the columns of a spreadsheet."""
    more, letter = divmod(at, len(ascii_uppercase))
    return (_letters(more - 1) if more else "") + ascii_uppercase[letter]


def moment_says(moment: datetime) -> str:
    """A time in words, in UTC, such as "3 December 2026, 12:00 UTC"."""
    at = moment.astimezone(UTC)
    return f"{at.day} {at:%B %Y}, {clock_says(at)}"


def clock_says(moment: datetime) -> str:
    """A time of day in words, in UTC, such as "12:00 UTC"; seconds where there are any."""
    at = moment.astimezone(UTC)
    return f"{at:%H:%M:%S} UTC" if at.second else f"{at:%H:%M} UTC"
