"""What is kept for how long, what is due, what was deleted, and legal holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vendorrisk.access import Action, Actor, Relation, authorise, keep_out
from vendorrisk.content.retention import DataClass
from vendorrisk.store.tables import Assessment, DeletionReceipt, Engagement, LegalHold, Vendor
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.intake import INTAKE
from vendorrisk.usecases.purging import Due, upcoming

AHEAD = timedelta(days=90)
"""How far ahead the view says what will be due."""

MOST_SHOWN = 200
"""Deletions that are ahead, and receipts, the latest ones."""

_OTHERS = {"installation": "everywhere", "contact": "a contact of a vendor"}


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """What was deleted: `stores` are sentences, one for each store that held it.

    `files_gone_at` is None while files of it still lie on the disk.
    """

    id: str
    data_class: str
    title: str
    about: str
    period: str
    since: datetime | None
    made_at: datetime
    stores: tuple[str, ...]
    files_gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class HoldView:
    """A legal hold; `lift_asked_by` and `lift_reason` are empty until somebody asked to lift it."""

    id: str
    about: str
    reason: str
    set_by: str
    set_at: datetime
    lift_asked_by: str
    lift_reason: str
    lifted_by: str
    lifted_at: datetime | None
    may_lift: bool


@dataclass(frozen=True, slots=True)
class RetentionView:
    """The whole of it. `over` is due now, `ahead` within 90 days; `subjects` can be held, by kind
    and id.
    """

    schedule: tuple[DataClass, ...]
    over: tuple[Due, ...]
    ahead: tuple[Due, ...]
    receipts: tuple[ReceiptView, ...]
    holds: tuple[HoldView, ...]
    subjects: Mapping[tuple[str, str], str]


def retention(app: Application, actor: Actor) -> RetentionView:
    """The schedule, what is due, the latest receipts, and holds, those in force first."""
    scope = authorise(actor, Action.RETENTION)
    schedule = app.retention
    with app.store.read(scope) as work:
        now = work.now
        subjects = _subjects(
            work.all(Vendor, "name"), work.all(Engagement), work.all(Assessment, "created_at")
        )
        dues = [due for due in upcoming(work, schedule, now) if due.due_at <= now + AHEAD]
        receipts = work.all(DeletionReceipt, "made_at")[::-1][:MOST_SHOWN]
        holds = work.all(LegalHold, "set_at")
        ids = [
            one for row in holds for one in (row.set_by, row.lift_asked_by, row.lifted_by) if one
        ]
        names = work.names(ids)
    return RetentionView(
        schedule=tuple(schedule.values()),
        over=tuple(due for due in dues if due.due_at <= now)[:MOST_SHOWN],
        ahead=tuple(due for due in dues if due.due_at > now)[:MOST_SHOWN],
        receipts=tuple(
            ReceiptView(
                id=row.id,
                data_class=row.data_class,
                title=schedule[row.data_class].title,
                about=subjects.get((row.subject_kind, row.subject_id))
                or subjects.get(("assessment", row.assessment_id or ""))
                or _OTHERS.get(row.subject_kind, row.subject_kind),
                period=row.period,
                since=row.since,
                made_at=row.made_at,
                stores=tuple(_says(store) for store in json.loads(row.stores)),
                files_gone_at=row.files_gone_at,
            )
            for row in receipts
        ),
        holds=tuple(
            HoldView(
                id=row.id,
                about=subjects.get((row.kind, row.subject_id), row.kind),
                reason=row.reason,
                set_by=names.get(row.set_by, ""),
                set_at=row.set_at,
                lift_asked_by=names.get(row.lift_asked_by or "", ""),
                lift_reason=row.lift_reason or "",
                lifted_by=names.get(row.lifted_by or "", ""),
                lifted_at=row.lifted_at,
                may_lift=row.lift_asked_by not in (None, actor.id) and row.lifted_at is None,
            )
            for row in sorted(holds, key=lambda row: row.lifted_at is not None)
        ),
        subjects=subjects,
    )


def set_legal_hold(app: Application, actor: Actor, kind: str, subject_id: str, reason: str) -> None:
    """Let nothing of a vendor or an assessment (`kind`) be deleted until the hold is lifted.

    Raises `Invalid` (reason), `Refusal` (held) where there is one in force already.
    """
    scope = authorise(actor, Action.SET_LEGAL_HOLD)
    form = Form()
    text = form.text("reason", reason, "A reason")
    with app.store.begin(scope) as work:
        work.take_turn("purge")
        found: object = None
        if kind == "vendor":
            found = work.get(Vendor, id=subject_id)
        elif kind == "assessment":
            found = work.get(Assessment, id=subject_id)
        if found is None:
            raise NotFound("What is to be held")
        form.check()
        if work.all(LegalHold, kind=kind, subject_id=subject_id, lifted_at=None):
            raise Refusal("held", "This is held already.", "See the hold that is in force.")
        hold = LegalHold(
            kind=kind, subject_id=subject_id, reason=text, set_by=actor.id, set_at=work.now
        )
        work.add(hold)
        work.record(
            actor, Action.SET_LEGAL_HOLD, "legal_hold", hold.id, held=kind, held_id=subject_id
        )


def ask_to_lift_hold(app: Application, actor: Actor, hold_id: str, reason: str) -> None:
    """Ask a second person to lift a hold. Raises `Invalid` (reason), `Refusal` (lifted)."""
    scope = authorise(actor, Action.ASK_TO_LIFT_HOLD)
    form = Form()
    text = form.text("reason", reason, "A reason")
    with app.store.begin(scope) as work:
        hold = work.get(LegalHold, id=hold_id)
        if hold is None:
            raise NotFound("This hold")
        form.check()
        _require_in_force(hold)
        hold.lift_reason = text
        hold.lift_asked_by = actor.id
        hold.lift_asked_at = work.now
        work.record(actor, Action.ASK_TO_LIFT_HOLD, "legal_hold", hold.id)


def lift_hold(app: Application, actor: Actor, hold_id: str) -> None:
    """Lift a hold that a colleague asked to lift; what is over is deleted by the next purge.

    Raises `NotAllowed` (asked_to_lift) to whoever asked, `Refusal` (not_asked, lifted).
    """
    scope = authorise(actor, Action.LIFT_HOLD)
    with app.store.begin(scope) as work:
        hold = work.get(LegalHold, id=hold_id)
        if hold is None:
            raise NotFound("This hold")
        _require_in_force(hold)
        if hold.lift_asked_by is None:
            raise Refusal(
                "not_asked",
                "Nobody has asked to lift this hold.",
                "Somebody asks with a reason, and somebody else lifts it.",
            )
        if hold.lift_asked_by == actor.id:
            keep_out(Action.LIFT_HOLD, Relation.ASKED_TO_LIFT)
        hold.lifted_by = actor.id
        hold.lifted_at = work.now
        work.record(actor, Action.LIFT_HOLD, "legal_hold", hold.id)


def _require_in_force(hold: LegalHold) -> None:
    if hold.lifted_at is not None:
        raise Refusal(
            "lifted", "This hold was lifted already.", "Set another where it is still needed."
        )


def _subjects(
    vendors: list[Vendor], engagements: list[Engagement], assessments: list[Assessment]
) -> dict[tuple[str, str], str]:
    of = {row.id: row for row in engagements}
    names = {row.id: row.name for row in vendors}
    found = {("vendor", row.id): f"{row.name}, everything" for row in vendors}
    for row in assessments:
        engagement = of[row.engagement_id]
        about = f"{names[engagement.vendor_id]}, {engagement.title}, {row.questionnaire_id}"
        if row.questionnaire_id != INTAKE:
            found["assessment", row.id] = about
    return found


def _says(store: Mapping[str, object]) -> str:
    if store["store"] == "backups":
        return f"backups: gone by {store['gone_by']}"
    if store["store"] == "database":
        return f"database, {store['table']}: {store['rows']} {store['how']}"
    return f"{store['store']}: {store['files']} with {store['bytes']} bytes"
