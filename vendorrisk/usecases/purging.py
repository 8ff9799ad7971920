"""Deletes what is kept no longer than the retention schedule says, and writes receipts.

Each deletion is one transaction with its receipt and its event, and looks again at whether it is
due, so that several processes may run this at once and stopping it in between does no harm. Files
go after the transaction that says so; one left behind by a stop in between is found the next time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vendorrisk.access import EVERYTHING, SYSTEM
from vendorrisk.assessment import Move, State
from vendorrisk.content.retention import DataClass
from vendorrisk.evidence import LostFile
from vendorrisk.store import Work, document_text, is_sealed
from vendorrisk.store.tables import (
    Answer,
    AnswerRevision,
    Assessment,
    AuditEvent,
    ConditionCheck,
    ConflictDeclaration,
    Contact,
    Decision,
    DecisionCondition,
    Delegation,
    DeletionReceipt,
    Difference,
    Engagement,
    Evidence,
    EvidenceFor,
    Installation,
    Invitation,
    LegalHold,
    Lifting,
    Override,
    OwnJudgement,
    Person,
    PersonRole,
    ProviderAccount,
    ProviderSession,
    ReadCode,
    RecoveryCode,
    Review,
    ReviewRevision,
    ReviewSeat,
    RiskAcceptance,
    RuleCheck,
    SecondFactor,
    SetupToken,
    SignIn,
    SignInDetail,
    Submission,
    Tender,
    TenderBid,
    Vendor,
)
from vendorrisk.usecases import backups
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.intake import INTAKE
from vendorrisk.usecases.people import FORMER, erased_email, erased_subject, is_erased
from vendorrisk.usecases.sheets import move

ENDED = frozenset({State.DECIDED, State.WITHDRAWN})
ERASED_NAME = "Deleted contact"
"""What a contact is called whose name was deleted."""

_WITH_NOBODY = frozenset({State.DRAFT, State.INVITED, State.IN_PROGRESS, State.RETURNED})
_GRACE = timedelta(days=30)  # so that somebody notices a database that is not the files' own


@dataclass(frozen=True, slots=True)
class Due:
    """Data whose time is over, or will be at `due_at`; `held` is the reason of a legal hold on it.

    `kind` and `subject_id` name what it belongs to: an assessment, a contact, a member of staff, an
    invitation, or the installation.
    `since` is when the clock started, None for many things at once; `about` says it in words.
    """

    data_class: str
    kind: str
    subject_id: str
    about: str
    since: datetime | None
    due_at: datetime
    held: str | None


@dataclass(frozen=True, slots=True)
class Purged:
    """What one run deleted, or would delete; `held` is what a legal hold kept.

    `files` counts files of evidence that left the disk, leftovers included; `sealed` those of
    before there was encryption that were sealed. `problems` are sentences about what did not work.
    """

    done: tuple[Due, ...]
    held: tuple[Due, ...]
    files: int = 0
    sealed: int = 0
    backups: int = 0
    problems: tuple[str, ...] = ()


def purge(app: Application, *, dry_run: bool = False) -> Purged:
    """Delete everything whose time is over; with `dry_run` only say what that is.

    Raises `Refusal` (content_unusable) for a retention schedule that cannot be read.
    """
    schedule = app.retention
    done: list[Due] = []
    held: list[Due] = []
    files = sealed = 0
    problems: list[str] = []
    over: list[Due] | None = None
    for name in _ORDER:
        if over is None:  # what is deleted changes what else is over
            with app.store.read(EVERYTHING) as work:
                now = app.clock()
                over = [due for due in upcoming(work, schedule, now) if due.due_at <= now]
        free = [due for due in over if due.data_class == name and due.held is None]
        held += [due for due in over if due.data_class == name and due.held is not None]
        deleted = [due for due in free if dry_run or _delete(app, schedule, due)]
        done += deleted
        if deleted and not dry_run:
            over = None
    if dry_run:
        return Purged(tuple(done), tuple(held))
    with app.store.begin(EVERYTHING) as work:
        work.forget_failures(before=work.now - schedule["throttles"].period)
        work.forget_pending()
    try:
        files, sealed = _tidy_files(app)
    except LostFile as lost:
        problems.append(f"{lost.sentence} {lost.fix}")
    expired = backups.delete_expired(app)
    if done and not app.store.compact():
        problems.append(
            "The database file still holds bytes of what was deleted, because somebody was using"
            " it; the next deletion tries again."
        )
    return Purged(tuple(done), tuple(held), files, sealed, expired, tuple(problems))


def upcoming(
    work: Work, schedule: Mapping[str, DataClass], now: datetime, classes: Iterable[str] = ()
) -> list[Due]:
    """Everything with a clock that runs, the earliest due first; of these `classes` (all)."""
    wanted = set(classes) or set(_ORDER)
    known = _Known(work)
    found: list[Due] = []
    if wanted & {"unfinished", "evidence", "answers", "results", "invitations"}:
        found += known.of_assessments(schedule)
    if "staff" in wanted:
        found += known.of_staff(schedule["staff"])
    if "respondents" in wanted:
        found += known.of_contacts(schedule["respondents"])
    if "tenders" in wanted:
        found += known.of_tenders(schedule["tenders"])
    if wanted & {"sessions", "trail"}:
        found += known.of_installation(schedule, now)
    return sorted(
        (due for due in found if due.data_class in wanted),
        key=lambda due: (due.due_at, due.data_class, due.subject_id),
    )


class _Known:
    """What one transaction sees: rows by id, holds, and which deletions have a receipt."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.vendors = {row.id: row for row in work.all(Vendor)}
        self.engagements = {row.id: row for row in work.all(Engagement)}
        self.assessments = {row.id: row for row in work.all(Assessment)}
        self.invitations = work.all(Invitation)
        self.receipts = {(row.data_class, row.subject_id) for row in work.all(DeletionReceipt)}
        holds = work.all(LegalHold, "set_at", lifted_at=None)
        self.holds = {(row.kind, row.subject_id): row.reason for row in holds}

    def vendor_of(self, row: Assessment) -> Vendor:
        return self.vendors[self.engagements[row.engagement_id].vendor_id]

    def held(self, row: Assessment) -> str | None:
        """The reason of a hold on an assessment or its vendor."""
        own = self.holds.get(("assessment", row.id))
        return own or self.holds.get(("vendor", self.vendor_of(row).id))

    def about(self, row: Assessment) -> str:
        """An assessment in words."""
        title = self.engagements[row.engagement_id].title
        return f"{self.vendor_of(row).name}, {title}, {row.questionnaire_id}"

    def of_assessments(self, schedule: Mapping[str, DataClass]) -> list[Due]:
        last = self.work.last_events()
        with_files = {row.assessment_id for row in self.work.all(Evidence)}
        found = []

        def add(name: str, row: Assessment, since: datetime) -> None:
            if (name, row.id) not in self.receipts:
                found.append(
                    Due(
                        name,
                        "assessment",
                        row.id,
                        self.about(row),
                        since,
                        since + schedule[name].period,
                        self.held(row),
                    )
                )

        for row in self.assessments.values():
            if row.questionnaire_id == INTAKE:
                others = [
                    other
                    for other in self.assessments.values()
                    if other.engagement_id == row.engagement_id and other.id != row.id
                ]
                if others and all(State(other.state) in ENDED for other in others):
                    add("results", row, max(other.state_since for other in others))
            elif State(row.state) in ENDED:
                if row.id in with_files:
                    add("evidence", row, row.state_since)
                add("answers", row, row.state_since)
                add("results", row, row.state_since)
            elif State(row.state) in _WITH_NOBODY:
                add("unfinished", row, max(row.state_since, last.get(row.id, row.state_since)))
        for invitation in self.invitations:
            row = self.assessments[invitation.assessment_id]
            if State(row.state) in ENDED:
                over = min(invitation.revoked_at or invitation.expires_at, invitation.expires_at)
                since = max(over, row.state_since)
                found.append(
                    Due(
                        "invitations",
                        "invitation",
                        invitation.id,
                        self.about(row),
                        since,
                        since + schedule["invitations"].period,
                        self.held(row),
                    )
                )
        return found

    def of_contacts(self, kept: DataClass) -> list[Due]:
        acts = self.work.last_acts()
        signed = self.work.all(Submission)
        found = []
        for contact in self.work.all(Contact):
            if contact.name == ERASED_NAME:
                continue
            involved = {
                one.assessment_id for one in self.invitations if one.contact_id == contact.id
            }
            involved |= {one.assessment_id for one in signed if one.contact_id == contact.id}
            rows = [self.assessments[id_] for id_ in involved]
            if any(State(row.state) not in ENDED for row in rows):
                continue
            moments = [row.state_since for row in rows]
            if contact.id in acts:
                moments.append(acts[contact.id])
            if not moments:
                continue
            vendor = self.vendors[contact.vendor_id]
            held = self.holds.get(("vendor", vendor.id)) or next(
                (reason for row in rows if (reason := self.held(row))), None
            )
            since = max(moments)
            found.append(
                Due(
                    "respondents",
                    "contact",
                    contact.id,
                    f"{vendor.name}, a contact",
                    since,
                    since + kept.period,
                    held,
                )
            )
        return found

    def of_staff(self, kept: DataClass) -> list[Due]:
        """Colleagues whose access has ended; while somebody is left to administer all this."""
        if not self.work.has_administrator():
            return []
        ended = self.work.ended_access()
        held = {
            row.id: reason
            for row in self.assessments.values()
            if (reason := self.held(row)) is not None
        }
        held |= {id_: reason for (kind, id_), reason in self.holds.items() if kind == "vendor"}
        involved = self.work.acted_on(held) if held else frozenset()
        reason = next(iter(held.values()), None)
        found = []
        for item in self.work.people():
            person = item.person
            if person.active or is_erased(person):
                continue
            since = ended.get(person.id, person.created_at)
            found.append(
                Due(
                    "staff",
                    "person",
                    person.id,
                    "a former colleague",
                    since,
                    since + kept.period,
                    reason if person.id in involved else None,
                )
            )
        return found

    def of_tenders(self, kept: DataClass) -> list[Due]:
        bids: dict[str, list[Assessment]] = {}
        for bid in self.work.all(TenderBid):
            bids.setdefault(bid.tender_id, []).append(self.assessments[bid.assessment_id])
        found = []
        for tender in self.work.all(Tender):
            rows = bids.get(tender.id, [])
            open_ones = any(State(row.state) not in ENDED for row in rows)
            if open_ones or ("tenders", tender.id) in self.receipts:
                continue
            since = max((row.state_since for row in rows), default=tender.created_at)
            found.append(
                Due(
                    "tenders",
                    "tender",
                    tender.id,
                    tender.title,
                    since,
                    since + kept.period,
                    next((reason for row in rows if (reason := self.held(row))), None),
                )
            )
        return found

    def of_installation(self, schedule: Mapping[str, DataClass], now: datetime) -> list[Due]:
        found = []
        held = next(iter(self.holds.values()), None)
        kept = schedule["sessions"].period
        sessions, links = self.over(now - kept)
        if sessions or links:
            about = f"{len(sessions)} sessions and {len(links)} one-use links"
            found.append(Due("sessions", "installation", "1", about, None, now, None))
        old = self.work.named_events(before=now - schedule["trail"].period)
        free = self.free(old)
        for number, why in ((len(free), None), (len(old) - len(free), held)):
            if number:
                found.append(Due("trail", "installation", "1", f"{number} events", None, now, why))
        return found

    def over(self, before: datetime) -> tuple[list[SignIn], list[SetupToken]]:
        """Sessions and one-use links that ended before a time."""
        sessions = [
            row
            for row in self.work.all(SignIn)
            if min(row.revoked_at or row.expires_at, row.expires_at) < before
        ]
        links = [
            row
            for row in self.work.all(SetupToken)
            if min(row.used_at or row.expires_at, row.expires_at) < before
        ]
        return sessions, links

    def free(self, events: Iterable[AuditEvent]) -> list[AuditEvent]:
        """These events without those of what is held.

        What belongs to no assessment is left alone while anything is held.
        """
        return [
            event
            for event in events
            if (
                self.held(self.assessments[event.assessment_id]) is None
                if event.assessment_id
                else not self.holds
            )
        ]


def _delete(app: Application, schedule: Mapping[str, DataClass], due: Due) -> bool:
    """Delete one thing if it still is due, with receipt and event; whether it was."""
    kept = schedule[due.data_class]
    names: list[str] = []
    receipt_id = ""
    with app.store.begin(EVERYTHING) as work:
        work.take_turn("purge")
        if due.kind == "assessment":
            work.assessment(due.subject_id)  # others who write to it wait until this ends
        again = upcoming(work, schedule, work.now, (due.data_class,))
        same = [
            one
            for one in again
            if (one.kind, one.subject_id) == (due.kind, due.subject_id)
            and one.due_at <= work.now
            and one.held is None
        ]
        if not same:
            return False
        assessment_id, stores = _DELETES[due.data_class](app, work, kept, due)
        if due.data_class == "evidence":
            names = [
                app.files.name(app.keys, file.assessment_id, file.sha256)
                for file in work.all(Evidence, assessment_id=due.subject_id)
            ]
        until = (work.now + schedule["backups"].period).date().isoformat()
        receipt = DeletionReceipt(
            data_class=due.data_class,
            period=kept.says,
            subject_kind=due.kind,
            subject_id=due.subject_id,
            assessment_id=assessment_id,
            since=due.since,
            made_at=work.now,
            stores=document_text([*stores, {"store": "backups", "gone_by": until}]),
            files_gone_at=None if names else work.now,
        )
        work.add(receipt)
        receipt_id = receipt.id
        work.record(
            SYSTEM, "purge", "receipt", receipt.id, assessment_id, data_class=due.data_class
        )
    if names:
        for name in names:
            app.files.delete(name)
        _say_gone(app, [receipt_id])
    return True


def _say_gone(app: Application, receipts: Iterable[str]) -> None:
    """Note on receipts that their files have left the disk."""
    with app.store.begin(EVERYTHING) as work:
        for id_ in receipts:
            receipt = work.get(DeletionReceipt, id=id_)
            if receipt is not None and receipt.files_gone_at is None:
                receipt.files_gone_at = work.now
                work.record(SYSTEM, "files_gone", "receipt", id_, receipt.assessment_id)


_Stores = list[dict[str, object]]


def _unfinished(
    app: Application, work: Work, kept: DataClass, due: Due
) -> tuple[str | None, _Stores]:
    row = work.get(Assessment, id=due.subject_id)
    assert row is not None  # noqa: S101 - `upcoming` has just found it
    move(work, row, Move.WITHDRAW)
    open_ones = work.all(Invitation, assessment_id=row.id, revoked_at=None)
    for invitation in open_ones:
        invitation.revoked_at = work.now
        work.revoke_sessions(invitation_id=invitation.id)
    return row.id, [
        _rows("assessment", 1, "withdrawn"),
        _rows("invitation", len(open_ones), "revoked"),
    ]


def _evidence(
    app: Application, work: Work, kept: DataClass, due: Due
) -> tuple[str | None, _Stores]:
    files = work.all(Evidence, assessment_id=due.subject_id)
    size = sum(file.size for file in files)
    return due.subject_id, [{"store": "evidence files", "files": len(files), "bytes": size}]


def _answers(app: Application, work: Work, kept: DataClass, due: Due) -> tuple[str | None, _Stores]:
    stores = []
    own = {"assessment_id": due.subject_id}
    files = work.all(Evidence, **own)
    submissions = work.all(Submission, **own)
    with work.purging():
        links = [one for file in files for one in work.all(EvidenceFor, evidence_id=file.id)]
        revisions = [
            one
            for submission in submissions
            for one in work.all(ReviewRevision, submission_id=submission.id)
        ]
        for table, rows in (
            ("evidence_for", links),
            ("evidence", files),
            ("answer_revision", work.all(AnswerRevision, **own)),
            ("answer", work.all(Answer, **own)),
            ("review_revision", revisions),
        ):
            for row in rows:
                work.remove(row)
            stores.append(_rows(table, len(rows)))
        for submission in submissions:
            submission.snapshot = (
                _NOTHING_SAID
                if is_sealed(submission)  # never opened, so nobody can tell what else it says
                else without_answers(submission.snapshot)
            )
            if submission.return_reason is not None:
                submission.return_reason = ""
        stores.append(_rows("submission", len(submissions), "blanked"))
        reviews = [
            one
            for submission in submissions
            for one in work.all(Review, submission_id=submission.id)
        ]
        for review in reviews:
            review.reason = ""
        stores.append(_rows("review", len(reviews), "blanked"))
        alone = [
            one
            for submission in submissions
            for one in work.all(OwnJudgement, submission_id=submission.id)
        ]
        for judgement in alone:
            work.remove(judgement)
        stores.append(_rows("own_judgement", len(alone)))
        differences = [
            one
            for submission in submissions
            for one in work.all(Difference, submission_id=submission.id)
        ]
        for difference in differences:
            difference.reason = ""
        stores.append(_rows("difference", len(differences), "blanked"))
        seats = work.all(ReviewSeat, **own)
        for seat in seats:
            seat.freed_reason = ""
        stores.append(_rows("review_seat", len(seats), "blanked"))
    return due.subject_id, stores


_NOTHING_SAID = '{"answers":{},"evidence":{}}'


def without_answers(snapshot: str) -> str:
    """A submission's canonical JSON without what the vendor said."""
    return document_text({**json.loads(snapshot), "answers": {}, "evidence": {}})


def _respondents(
    app: Application, work: Work, kept: DataClass, due: Due
) -> tuple[str | None, _Stores]:
    contact = work.get(Contact, id=due.subject_id)
    assert contact is not None  # noqa: S101 - `upcoming` has just found it
    said = [text for text in (contact.name, contact.email) if text]
    engagements = {row.id for row in work.all(Engagement, vendor_id=contact.vendor_id)}
    chains = [row.id for row in work.all(Assessment) if row.engagement_id in engagements]
    signed = [row for row in work.all(Submission) if row.contact_id == contact.id]
    said += [row.signed_by_name for row in signed if row.signed_by_name]
    named = [event for chain in chains for event in work.events(chain)]
    named += work.all(AuditEvent, actor_id=contact.id)
    named += work.all(AuditEvent, subject_kind="contact", subject_id=contact.id)
    events = {
        event.id: event
        for event in named
        if event.nonce is not None
        and (event.actor_name or event.details != "{}")
        and (event.actor_id == contact.id or _tells(event, contact.id, said))
    }
    with work.purging():
        for row in signed:
            row.signed_by_name = row.signed_by_role = ""
    work.erase_words(events.values())
    contact.name, contact.email, contact.job_title = ERASED_NAME, "", ""
    return None, [
        _rows("contact", 1, "blanked"),
        _rows("submission", len(signed), "name and role blanked"),
        _rows("audit_event", len(events), "words erased"),
    ]


def _tells(event: AuditEvent, contact_id: str, said: Iterable[str]) -> bool:
    if event.subject_kind == "contact" and event.subject_id == contact_id:
        return True
    details = json.loads(event.details)
    text = document_text(details).casefold()
    return any(name.casefold() in text for name in said)


def _staff(app: Application, work: Work, kept: DataClass, due: Due) -> tuple[str | None, _Stores]:
    person = work.get(Person, id=due.subject_id)
    assert person is not None  # noqa: S101 - `upcoming` has just found it
    own = {"person_id": person.id}
    accounts = work.all(ProviderAccount, **own)
    stores = [_rows("person", 1, "blanked")]
    sessions = work.all(SignIn, **own)
    _remove_sessions(work, sessions)
    stores.append(_rows("sign_in", len(sessions)))
    for table, rows in (
        ("second_factor", work.all(SecondFactor, **own)),
        ("recovery_code", work.all(RecoveryCode, **own)),
        ("setup_token", work.all(SetupToken, **own)),
        ("person_role", work.all(PersonRole, **own)),
        ("provider_account", accounts),
    ):
        for row in rows:
            work.remove(row)
        stores.append(_rows(table, len(rows), "blanked" if rows is accounts else "deleted"))
    for one in accounts:
        # As a hash, so that whoever was parted from stays out whatever the provider says.
        work.add(
            ProviderAccount(
                issuer=one.issuer,
                subject=erased_subject(one.issuer, one.subject),
                person_id=person.id,
                created_at=one.created_at,
            )
        )
    person.name, person.email, person.password_hash = FORMER, erased_email(person.id), None
    return None, stores


def _invitations(
    app: Application, work: Work, kept: DataClass, due: Due
) -> tuple[str | None, _Stores]:
    invitation = work.get(Invitation, id=due.subject_id)
    assert invitation is not None  # noqa: S101 - `upcoming` has just found it
    sessions = work.all(SignIn, invitation_id=invitation.id)
    _remove_sessions(work, sessions)
    # A colleague's link is over no later than the one that gave it.
    given = {
        one.invitation_id: one
        for one in (
            *work.all(Delegation, invitation_id=invitation.id),
            *work.all(Delegation, parent_id=invitation.id),
        )
    }
    for one in given.values():
        work.remove(one)
    work.remove(invitation)
    return invitation.assessment_id, [
        _rows("invitation", 1),
        _rows("delegation", len(given)),
        _rows("sign_in", len(sessions)),
    ]


def _sessions(
    app: Application, work: Work, kept: DataClass, due: Due
) -> tuple[str | None, _Stores]:
    sessions, links = _Known(work).over(work.now - kept.period)
    _remove_sessions(work, sessions)
    for link in links:
        work.remove(link)
    return None, [_rows("sign_in", len(sessions)), _rows("setup_token", len(links))]


def _remove_sessions(work: Work, sessions: Iterable[SignIn]) -> None:
    for session in sessions:
        detail = work.get(SignInDetail, sign_in_id=session.id)
        if detail is not None:
            work.remove(detail)
        through = work.get(ProviderSession, sign_in_id=session.id)
        if through is not None:
            work.remove(through)
        for code in work.all(ReadCode, sign_in_id=session.id):
            work.remove(code)
        work.remove(session)


def _results(app: Application, work: Work, kept: DataClass, due: Due) -> tuple[str | None, _Stores]:
    row = work.get(Assessment, id=due.subject_id)
    if row is not None and row.questionnaire_id == INTAKE:
        return _answers(app, work, kept, due)
    decisions = work.all(Decision, assessment_id=due.subject_id)
    conditions = [
        one
        for decision in decisions
        for one in work.all(DecisionCondition, decision_id=decision.id)
    ]
    with work.purging():
        for decision in decisions:
            decision.reasons = ""
        for condition in conditions:
            condition.text = condition.owner = condition.proof = ""
    own = {"assessment_id": due.subject_id}
    declared, checks = work.all(ConflictDeclaration, **own), work.all(ConditionCheck, **own)
    asked, accepted = work.all(Override, **own), work.all(RiskAcceptance, **own)
    for said in declared:
        said.words = ""
    for check in checks:
        check.found = ""
    checked, lifted = work.all(RuleCheck, **own), work.all(Lifting, **own)
    for rule in checked:
        rule.looked_at = ""
    for lifting in lifted:
        lifting.reason = lifting.settled_reason = ""
    for override in asked:
        override.reason = override.settled_reason = ""
    for risk in accepted:
        risk.risk = risk.control = ""
    return due.subject_id, [
        _rows("conflict_declaration", len(declared), "blanked"),
        _rows("condition_check", len(checks), "blanked"),
        _rows("rule_check", len(checked), "blanked"),
        _rows("lifting", len(lifted), "blanked"),
        _rows("override", len(asked), "blanked"),
        _rows("risk_acceptance", len(accepted), "blanked"),
        _rows("decision", len(decisions), "blanked"),
        _rows("decision_condition", len(conditions), "blanked"),
    ]


def _tenders(app: Application, work: Work, kept: DataClass, due: Due) -> tuple[str | None, _Stores]:
    row = work.get(Tender, id=due.subject_id)
    assert row is not None  # noqa: S101 - `upcoming` has just found it
    with work.purging():
        row.title, row.sealed_key, row.released_key = "", None, None
    return None, [_rows("tender", 1, "title and keys deleted")]


def _trail(app: Application, work: Work, kept: DataClass, due: Due) -> tuple[str | None, _Stores]:
    events = _Known(work).free(work.named_events(before=work.now - kept.period))
    work.erase_words(events)
    return None, [_rows("audit_event", len(events), "words erased")]


def _rows(table: str, rows: int, how: str = "deleted") -> dict[str, object]:
    return {"store": "database", "table": table, "rows": rows, "how": how}


_DELETES: Mapping[
    str, Callable[[Application, Work, DataClass, Due], tuple[str | None, _Stores]]
] = {
    "unfinished": _unfinished,
    "evidence": _evidence,
    "answers": _answers,
    "respondents": _respondents,
    "staff": _staff,
    "invitations": _invitations,
    "sessions": _sessions,
    "results": _results,
    "tenders": _tenders,
    "trail": _trail,
}
_ORDER = tuple(_DELETES)


def _tidy_files(app: Application) -> tuple[int, int]:
    """Seal files of before there was encryption, and delete what belongs to nothing any more.

    Gives how many were deleted and sealed. What no row has ever named is a file whose attaching was
    interrupted, or the sign of a database put back: it goes only after a month, and never where it
    is older than the database.
    """
    with app.store.read(EVERYTHING) as work:
        installation = work.get(Installation, id=1)
        purged = {row.assessment_id for row in work.all(DeletionReceipt, data_class="evidence")}
        waiting = [row.id for row in work.all(DeletionReceipt, files_gone_at=None)]
        files = work.all(Evidence)
    sealed = deleted = 0
    wanted, over = set(), set()
    for file in files:
        name = app.files.name(app.keys, file.assessment_id, file.sha256)
        if file.assessment_id in purged:
            over |= {name, file.sha256}
            continue
        wanted.add(name)
        try:
            sealed += app.files.seal_old(app.keys, file.assessment_id, file.sha256)
            over.add(file.sha256)
        except LostFile:  # changed on the disk: `verify` tells of it, and it stays as it is
            wanted.add(file.sha256)
    for name in sorted(over - wanted):
        deleted += app.files.delete(name)
    if installation is not None:
        born, month = installation.created_at, app.clock() - _GRACE
        for name in list(app.files.names(born, month)):
            if name not in wanted:
                deleted += app.files.delete(name)
    if waiting:
        _say_gone(app, waiting)
    return deleted, sealed
