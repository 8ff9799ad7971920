"""The trail of an assessment: who did what, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vendorrisk.access import Actor
from vendorrisk.usecases.application import Application


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `says` is a sentence, `details` plain values for whoever wants them."""

    number: int
    at: datetime
    who: str
    who_kind: str
    action: str
    says: str
    details: Mapping[str, object]


def trail(app: Application, actor: Actor, assessment_id: str) -> tuple[Event, ...]:
    """Every event of the assessment, the latest first."""
    raise NotImplementedError
