"""What waits on whom, and since when: the first page of every role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from vendorrisk.access import Actor
from vendorrisk.usecases.application import Application


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits. `yours` is true where the actor can do the next step.

    `page` is the page to open ("engagement", "questionnaire", "review", "decide", "people") with
    `engagement_id` or `assessment_id`; `whom` says who is waited on, in words.
    """

    what: str
    whom: str
    since: datetime
    due_on: date | None
    overdue: bool
    yours: bool
    next_step: str
    page: str
    engagement_id: str | None
    assessment_id: str | None


def waiting(app: Application, actor: Actor) -> tuple[Waiting, ...]:
    """What waits on the actor first, then on others; the longest waiting first in each."""
    raise NotImplementedError
