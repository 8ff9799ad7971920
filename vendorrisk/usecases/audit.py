"""The audit trail: of one assessment beside it, and all of it for the auditor to search and export.

Looking at the trail is not an event: it shows no answer, and every page turned would fill the trail
with itself. Exporting is one, because the copy leaves.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from vendorrisk.access import Action, Actor, authorise
from vendorrisk.reports.spreadsheet import csv_table
from vendorrisk.store import READ_SEALED, PortfolioRow, TrailFilter, Work
from vendorrisk.store.tables import AuditEvent
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Refusal
from vendorrisk.usecases.sheets import content_of, require_assessment

ON_A_PAGE = 50
"""Events."""

MOST_EXPORTED = 100_000
"""Events; somebody with more narrows the time."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `says` is a sentence, `details` plain values for whoever wants them.

    `act` is the sentence without the question, `question` what that is called, or empty.

    `about` names the assessment's vendor and engagement, or is empty; `origin` is the address, or
    "cli" or "app".
    """

    number: int
    at: datetime
    who: str
    who_kind: str
    action: str
    says: str
    details: Mapping[str, object]
    about: str = ""
    origin: str = ""
    assessment_id: str | None = None
    subject: str = ""
    act: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the auditor asks for; what is left out lets all through.

    `who` is part of a name; `since` and `until` are days, both included, in the reader's `zone`.
    """

    who: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None
    assessment_id: str | None = None
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class EventsView:
    """One page of events, the latest first, and what there is to choose from.

    `page` counts from 1. `actions` is what can be asked for by its words, `about` the assessments
    by id.
    """

    events: tuple[Event, ...]
    total: int
    page: int
    pages: int
    actions: Mapping[str, str]
    about: Mapping[str, str]


def trail(app: Application, actor: Actor, assessment_id: str) -> tuple[Event, ...]:
    """Every event of the assessment, the latest first."""
    scope = authorise(actor, Action.TRAIL, assessment_id)
    with app.store.read(scope) as work:
        require_assessment(work, assessment_id)
        events = work.events(assessment_id)
    # Without its subject, so that a page can tell the same done several times on one line.
    found = (_event(event, {}, {}) for event in reversed(events))
    return tuple(replace(event, says=event.act) for event in found)


def events(
    app: Application, actor: Actor, wanted: Wanted | None = None, page: int = 1
) -> EventsView:
    """One page of all events that are wanted, the latest first; `page` is brought into range."""
    scope = authorise(actor, Action.EVENTS)
    which = _filter(wanted or Wanted())
    with app.store.read(scope) as work:
        rows = _assessments(work)
        about = _about(rows)
        total = work.trail(which, limit=0).total
        pages = max(1, -(-total // ON_A_PAGE))
        page = min(max(1, page), pages)
        found = work.trail(which, limit=ON_A_PAGE, skip=(page - 1) * ON_A_PAGE).events
        codes = _codes(app, rows, found)
    return EventsView(
        events=tuple(_event(event, about, codes) for event in found),
        total=total,
        page=page,
        pages=pages,
        actions={action: says[:1].upper() + says[1:] for action, says in sorted(_SAYS.items())},
        about=about,
    )


def export_trail(app: Application, actor: Actor, wanted: Wanted | None = None) -> bytes:
    """The events that are wanted as CSV, the latest first, safe to open; itself an event."""
    scope = authorise(actor, Action.EXPORT_TRAIL)
    which = _filter(wanted or Wanted())
    with app.store.begin(scope) as work:
        rows = _assessments(work)
        about = _about(rows)
        wanted_events = work.trail(which, limit=MOST_EXPORTED).events
        codes = _codes(app, rows, wanted_events)
        found = [_event(row, about, codes) for row in wanted_events]
        work.record(actor, Action.EXPORT_TRAIL, "audit_event", "", events=len(found))
    header = ("Time (UTC)", "Who", "Kind", "What", "About", "Subject", "From", "Details", "Chain")
    return csv_table((*header, "Number"), (_cells(event) for event in found))


def _cells(event: Event) -> tuple[str | int, ...]:
    details = json.dumps(event.details, ensure_ascii=False, sort_keys=True) if event.details else ""
    return (
        event.at.astimezone(UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00"),
        event.who,
        event.who_kind,
        event.says,
        event.about,
        event.subject,
        event.origin,
        details,
        event.assessment_id or "installation",
        event.number,
    )


def _filter(wanted: Wanted) -> TrailFilter:
    day = timedelta(days=1)
    return TrailFilter(
        who=wanted.who.strip(),
        actions=(wanted.action,) if wanted.action else (),
        since=_begin(wanted.since, wanted.zone) if wanted.since else None,
        before=_begin(wanted.until + day, wanted.zone)
        if wanted.until and wanted.until < date.max
        else None,
        assessment_id=wanted.assessment_id,
    )


def _begin(on: date, zone: tzinfo) -> datetime:
    return datetime.combine(on, time(), tzinfo=zone)


def _assessments(work: Work) -> list[PortfolioRow]:
    return [row for row in work.portfolio() if row.assessment is not None]


def _about(rows: Sequence[PortfolioRow]) -> dict[str, str]:
    return {
        row.assessment.id: f"{row.vendor.name}, {row.engagement.title}"
        + (" (intake)" if row.assessment.questionnaire_id == "intake" else "")
        for row in rows
        if row.assessment is not None and row.engagement is not None
    }


Codes = Mapping[str, Mapping[str, str]]
"""What questions are called, by assessment and id."""


def _codes(app: Application, rows: Sequence[PortfolioRow], events: Sequence[AuditEvent]) -> Codes:
    """The codes of questions that the events speak of, as far as their questionnaires are here."""
    wanted = {event.assessment_id for event in events if event.subject_kind == "question"}
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.assessment is None or row.assessment.id not in wanted:
            continue
        with contextlib.suppress(Refusal):
            asked = content_of(app, row.assessment).questionnaire.questions
            found[row.assessment.id] = {one.id: one.code for one in asked if one.code}
    return found


def _says(action: str) -> str:
    return _SAYS.get(action, action.replace("_", " "))


def _event(row: AuditEvent, about: Mapping[str, str], codes: Codes) -> Event:
    who = row.actor_name or "Somebody whose name was erased"
    details = json.loads(row.details)
    if "sealed" in details:  # of a bidder's act, until the bids are opened
        details = {}
    question = ""
    if row.subject_kind == "question":
        question = codes.get(row.assessment_id or "", {}).get(row.subject_id, row.subject_id)
    act = f"{who} {_says(row.action)}"
    return Event(
        number=row.number,
        at=row.at,
        who=who,
        who_kind=row.actor_kind,
        action=row.action,
        says=f"{act}: {question}." if question else f"{act}.",
        details=details,
        about=about.get(row.assessment_id or "", ""),
        origin=row.origin or "",
        assessment_id=row.assessment_id,
        subject=f"{row.subject_kind} {row.subject_id}".strip(),
        act=f"{act}.",
        question=question,
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
    "sign_out_by_provider": "signed somebody out, as a provider asked",
    "sign_in_failed": "noted failed tries of a password",
    "link_failed": "noted failed tries of a link",
    "provider_declined": "noted answers of a provider that did not hold",
    "provider_sign_out_declined": "noted requests to sign somebody out that did not hold",
    "rotate_key": "changed the master key",
    "begin_trail": "began to bind what is stored to the trail",
    "mark_demo": "marked this installation as a demo",
    "setup_link": "printed a link to set up the first administrator",
    "complete_setup": "set up the first administrator",
    "sign_in": "signed in",
    "choose_password": "chose a password",
    Action.ADD_PERSON: "added a colleague",
    Action.NEW_PASSWORD_LINK: "made a link to choose a password",
    Action.CHANGE_ROLES: "changed a colleague's roles",
    Action.DEACTIVATE: "ended a colleague's access",
    Action.REGISTER_VENDOR: "registered a vendor",
    Action.ADD_CONTACT: "added a contact",
    Action.REGISTER_ENGAGEMENT: "registered an engagement",
    Action.EXPORT_TRAIL: "exported the audit trail",
    "exchange": "opened the invitation",
    Action.ANSWER_QUESTION: "recorded an answer",
    Action.ATTACH: "attached a file",
    Action.WITHDRAW_EVIDENCE: "withdrew a file",
    Action.OPEN_EVIDENCE: "read a file",
    Action.LINK_EVIDENCE: "let a file speak for more answers",
    "refuse_file": "tried to attach a file that the malware scanner refused",
    Action.SET_LEGAL_HOLD: "set a legal hold",
    Action.ASK_TO_LIFT_HOLD: "asked to lift a legal hold",
    Action.LIFT_HOLD: "lifted a legal hold",
    "purge": "deleted what was kept long enough",
    "files_gone": "noted that deleted files have left the disk",
    Action.SUBMIT: "signed and submitted the answers",
    Action.OWN_COPY: "downloaded the submission",
    Action.RETURN_TO_VENDOR: "returned the assessment to the vendor",
    Action.SET_REVIEW: "judged an answer",
    Action.JUDGE_ALONE: "judged an answer alone",
    Action.HAND_IN: "handed in what they judged alone",
    Action.SETTLE_JUDGEMENT: "settled an answer on which two reviewers differ",
    Action.FREE_SEAT: "gave a reviewer's seat back",
    "score": "computed a scorecard",
    Action.FINISH_REVIEW: "finished the review",
    Action.CONFIRM_KNOCKOUT: "confirmed a knockout or cap",
    Action.ASK_TO_LIFT: "asked to lift a knockout or cap",
    Action.SETTLE_LIFTING: "settled a request to lift a knockout or cap",
    Action.RECORD_DECISION: "recorded the decision",
    Action.DELEGATE: "gave sections to a colleague",
    Action.NAME_SIGNATORY: "named who signs",
    Action.TAKE_BACK: "took a colleague's link back",
    Action.ASK_CODE: "asked for a code to read files",
    Action.GIVE_READ_CODE: "gave a code to read files",
    Action.SHOW_CODE: "looked at a code to pass it on",
    Action.DECLARE: "said whether they have a conflict of interest",
    Action.APPROVE_SCOPE: "approved what is asked",
    Action.ASK_OVERRIDE: "asked to open a closed outcome",
    Action.SETTLE_OVERRIDE: "settled a request to open a closed outcome",
    Action.CLOSE_CONDITION: "closed a condition",
    Action.ACCEPT_RISK: "accepted a risk",
    Action.OPEN_TENDER: "prepared a tender",
    Action.ADD_BID: "let this bid in a tender",
    Action.REMOVE_BID: "took this out of a tender",
    Action.PUBLISH_TENDER: "published the tender",
    Action.EXTEND_DEADLINE: "moved the deadline of a tender",
    Action.UNSEAL: "opened the bids",
    Action.LOCK_SCORES: "locked the scores",
    READ_SEALED: "read what had been sealed",
}
