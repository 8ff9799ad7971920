"""Vendors, their contacts, and the engagements that are assessed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from vendorrisk.access import Actor
from vendorrisk.assessment import State
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.values import Progress


@dataclass(frozen=True, slots=True)
class Headline:
    """The figures of an assessment's latest scorecard; None where there is no score.

    `claimed` and `assured` are 0 to 100, rounded down. `stopped_by` is "knockout", "cap",
    "not_cleared", "insufficient_basis" or None.
    """

    claimed: int | None
    assured: int | None
    band: str | None
    stopped_by: str | None


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A link that was made: open, used, expired or revoked. The token itself is not kept."""

    id: str
    contact_id: str
    contact_name: str
    contact_email: str
    state: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    exchanged_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AssessmentRow:
    """One assessment of an engagement as a list shows it. `tier` is the pinned one, "1" to "4"."""

    id: str
    engagement_id: str
    title: str
    questionnaire_id: str
    version: int
    state: State
    state_says: str
    since: datetime
    due_on: date | None
    overdue: bool
    tier: str | None
    progress: Progress
    headline: Headline | None
    invitations: tuple[InvitationRow, ...]


@dataclass(frozen=True, slots=True)
class ContactView:
    """A person at the vendor."""

    id: str
    name: str
    email: str
    job_title: str


@dataclass(frozen=True, slots=True)
class EngagementRow:
    """An engagement as a list shows it; `value_minor` is in whole minor units of `currency`."""

    id: str
    vendor_id: str
    vendor_name: str
    title: str
    value_minor: int | None
    currency: str | None
    tier: str | None
    intake: Progress
    assessments: tuple[AssessmentRow, ...]


@dataclass(frozen=True, slots=True)
class VendorRow:
    """A vendor with its engagements."""

    id: str
    name: str
    country: str
    created_at: datetime
    engagements: tuple[EngagementRow, ...]


@dataclass(frozen=True, slots=True)
class VendorView:
    """Everything about one vendor."""

    id: str
    name: str
    legal_name: str
    country: str
    website: str
    created_at: datetime
    created_by: str
    contacts: tuple[ContactView, ...]
    engagements: tuple[EngagementRow, ...]


@dataclass(frozen=True, slots=True)
class EngagementView:
    """One engagement: the vendor, what is bought, how risky it is at heart, its assessments.

    `intake_id` is the assessment in which staff answer the intake. `tier` and `tier_reasons`
    stand once the intake is complete. `may_open` says whether an assessment can be opened and
    `why_not` the sentence otherwise.
    """

    id: str
    vendor: VendorView
    title: str
    service: str
    value_minor: int | None
    currency: str | None
    starts_on: date | None
    ends_on: date | None
    data_classes: tuple[str, ...]
    created_at: datetime
    created_by: str
    intake_id: str
    intake: Progress
    tier: str | None
    tier_reasons: tuple[str, ...]
    assessments: tuple[AssessmentRow, ...]
    may_open: bool
    why_not: str | None


def vendors(app: Application, actor: Actor) -> tuple[VendorRow, ...]:
    """Every vendor by name, with engagements and assessments; a fixed number of queries."""
    raise NotImplementedError


def vendor(app: Application, actor: Actor, vendor_id: str) -> VendorView:
    """One vendor with contacts and engagements."""
    raise NotImplementedError


def register_vendor(
    app: Application,
    actor: Actor,
    *,
    name: str,
    contact_name: str,
    contact_email: str,
    contact_job_title: str = "",
    legal_name: str = "",
    country: str = "",
    website: str = "",
) -> VendorView:
    """Register a vendor with its first contact. `country` is ISO 3166-1 alpha-2 or empty.

    Raises `Invalid` with problems for every field at once.
    """
    raise NotImplementedError


def add_contact(
    app: Application, actor: Actor, vendor_id: str, *, name: str, email: str, job_title: str = ""
) -> ContactView:
    """Add another person at the vendor. Raises `Invalid`."""
    raise NotImplementedError


def register_engagement(
    app: Application,
    actor: Actor,
    vendor_id: str,
    *,
    title: str,
    service: str = "",
    value_minor: int | None = None,
    currency: str | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    data_classes: Collection[str] = (),
) -> str:
    """Register what is bought and open its intake; gives the engagement's id.

    `value_minor` is whole minor units (cents) of the ISO 4217 `currency`. Raises `Invalid`.
    """
    raise NotImplementedError


def engagement(app: Application, actor: Actor, engagement_id: str) -> EngagementView:
    """One engagement with its vendor, intake, tier with reasons, assessments and invitations."""
    raise NotImplementedError
