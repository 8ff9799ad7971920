"""Opening an assessment, inviting a vendor's contact to it, and taking either back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from vendorrisk.access import Actor
from vendorrisk.usecases.application import Application


@dataclass(frozen=True, slots=True)
class QuestionnaireRow:
    """A questionnaire that can be sent to a vendor; `questions` and `minutes` if all are shown."""

    id: str
    version: int
    title: str
    purpose: str
    draft: bool
    questions: int
    minutes: int
    suggested: bool


@dataclass(frozen=True, slots=True)
class InvitationLink:
    """A new invitation; `token` is shown once and never again (the link is /invitation#TOKEN)."""

    id: str
    assessment_id: str
    contact_name: str
    contact_email: str
    token: str
    expires_at: datetime


def questionnaires(
    app: Application, actor: Actor, engagement_id: str
) -> tuple[QuestionnaireRow, ...]:
    """What this engagement's vendor could be asked, the suggested ones first."""
    raise NotImplementedError


def open_assessment(
    app: Application,
    actor: Actor,
    engagement_id: str,
    questionnaire_id: str,
    due_on: date | None,
    *,
    product: str = "",
    environment: str = "",
    entity: str = "",
) -> str:
    """Open an assessment; gives its id. Pins questionnaire and rubric by digest, and the facts
    from the intake as they are now. The three scope words say what is assessed; evidence about
    something else counts for nothing.

    Raises `Refusal` (intake_incomplete, already_open) or `Invalid` (due_on, questionnaire_id).
    """
    raise NotImplementedError


def invite(
    app: Application, actor: Actor, assessment_id: str, contact_id: str, days: int = 14
) -> InvitationLink:
    """Make a link by which one contact answers this assessment for `days` (1 to 90) days.

    Raises `NotFound` for a contact of another vendor, `Invalid` for days, `Refusal` when locked.
    """
    raise NotImplementedError


def revoke_invitation(app: Application, actor: Actor, invitation_id: str) -> None:
    """Stop a link and every session that came from it, at once. Doing it twice changes nothing."""
    raise NotImplementedError


def renew_invitation(
    app: Application, actor: Actor, invitation_id: str, days: int = 14
) -> InvitationLink:
    """Replace a link by a new one for the same contact; the old one stops working."""
    raise NotImplementedError


def withdraw(app: Application, actor: Actor, assessment_id: str, reason: str) -> None:
    """Withdraw an assessment before it is decided: links stop, answers stay readable to staff."""
    raise NotImplementedError
