"""The officer's intake: how risky an engagement is before the vendor has said a word."""

from __future__ import annotations

from dataclasses import dataclass

from vendorrisk.access import Actor
from vendorrisk.usecases.application import Application


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """The inherent risk. `tier` is "1" (very high) to "4"; the three levels are very_low, low,
    moderate, high or very_high. All four are None until `complete`; `missing` has the ids of the
    questions that are still open. `reasons` are sentences, the weightiest first.
    """

    assessment_id: str
    tier: str | None
    impact: str | None
    likelihood: str | None
    inherent: str | None
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    complete: bool


def intake_result(app: Application, actor: Actor, engagement_id: str) -> IntakeResult:
    """Compute the tier from the intake as it stands, with the reasons."""
    raise NotImplementedError
