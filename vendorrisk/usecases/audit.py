"""The trail of an assessment: who did what, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vendorrisk.access import Action, Actor, authorise
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.sheets import require_assessment


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
    scope = authorise(actor, Action.TRAIL, assessment_id)
    with app.store.read(scope) as work:
        require_assessment(work, assessment_id)
        events = work.events(assessment_id)
    return tuple(
        Event(
            number=event.number,
            at=event.at,
            who=event.actor_name,
            who_kind=event.actor_kind,
            action=event.action,
            says=f"{event.actor_name} {_SAYS.get(event.action, event.action.replace('_', ' '))}.",
            details=json.loads(event.details),
        )
        for event in reversed(events)
    )


_SAYS: Mapping[str, str] = {
    "open_intake": "opened the intake",
    Action.OPEN_ASSESSMENT: "opened the assessment",
    Action.LEAVE_OUT: "left out a set that applies",
    Action.TAKE_OVER: "took over a file from another set",
    Action.INVITE: "invited a contact of the vendor",
    Action.REVOKE_INVITATION: "took an invitation back",
    Action.RENEW_INVITATION: "replaced an invitation by a new one",
    Action.WITHDRAW: "withdrew the assessment",
    Action.SIGN_OUT: "signed out",
    "exchange": "opened the invitation",
    Action.ANSWER_QUESTION: "answered a question",
    Action.ATTACH: "attached a file",
    Action.WITHDRAW_EVIDENCE: "withdrew a file",
    Action.OPEN_EVIDENCE: "read a file",
    Action.SUBMIT: "signed and submitted the answers",
    Action.OWN_COPY: "downloaded the submission",
    Action.RETURN_TO_VENDOR: "returned the assessment to the vendor",
    Action.SET_REVIEW: "judged an answer",
    "score": "computed a scorecard",
    Action.FINISH_REVIEW: "finished the review",
    Action.RECORD_DECISION: "recorded the decision",
}
