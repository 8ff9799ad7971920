"""A vendor's way in: exchanging an invitation for a session, and what is asked of whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from vendorrisk.access import Actor
from vendorrisk.usecases.application import Application


@dataclass(frozen=True, slots=True)
class SectionOutline:
    """A section as announced before anything is answered."""

    id: str
    title: str
    intro: str
    questions: int
    minutes: int


@dataclass(frozen=True, slots=True)
class InvitedView:
    """The welcome page: who asks whom, for which service, what, until when and how long it takes.

    `minutes_by_role` maps "security", "engineering", "legal" and "business" to minutes.
    `invited_until` is when the link ends; `organisation` is who asks.
    """

    assessment_id: str
    organisation: str
    invited_by: str
    contact_name: str
    vendor_name: str
    engagement_title: str
    service: str
    questionnaire_title: str
    purpose: str
    sections: tuple[SectionOutline, ...]
    questions: int
    minutes: int
    minutes_by_role: tuple[tuple[str, int], ...]
    due_on: date | None
    invited_until: datetime | None
    started: bool
    submitted: bool
    returned_reason: str | None


def exchange(app: Application, token: str) -> str:
    """Give a session token for an invitation's token. Opening the link consumes nothing; the same
    person may exchange it again on another device until it expires or is revoked.

    Raises `Refusal` (invitation_wrong, invitation_expired, invitation_revoked).
    """
    raise NotImplementedError


def invited_view(app: Application, actor: Actor) -> InvitedView:
    """What the signed-in contact was invited to."""
    raise NotImplementedError
