"""What one transaction can do: scoped reads, writes with a version, and audit events.

Every read asks the database for rows within the scope only, so another vendor's row is not found
rather than found and refused. Lists that pages show come in one query each.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    case,
    delete,
    event,
    false,
    func,
    insert,
    inspect,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import LoaderCallableStatus, Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import SQLModel, col

from vendorrisk.access import ORIGIN, SYSTEM, Actor, Role, Scope
from vendorrisk.keys import SIZE, Keys
from vendorrisk.store.chain import (
    ERASED,
    INSTALLATION,
    KEY_CHANGED,
    START,
    bound_columns,
    bound_tables,
    link,
    row_digest,
    row_key,
    said_by,
)
from vendorrisk.store.sealing import (
    PURPOSE,
    Bid,
    BrokenKey,
    SealedError,
    file_digest,
    file_sha256,
    hidden_columns,
    hidden_details,
    hide,
    hides,
    is_hidden,
    is_sealed_text,
    key_for,
    opaque,
    released_key,
    sealed_key,
    show,
    shown_columns,
    terms_of,
)
from vendorrisk.store.tables import (
    Answer,
    AnswerRevision,
    Assessment,
    AuditEvent,
    ConditionCheck,
    ConditionOwner,
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
    HandIn,
    Installation,
    Invitation,
    Lifting,
    Moment,
    Override,
    OwnJudgement,
    Pending,
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
    ScopeApproval,
    Scorecard,
    SecondFactor,
    SetupToken,
    SignIn,
    SignInDetail,
    Submission,
    Tender,
    TenderBid,
    Throttle,
    Vendor,
    document_text,
    new_id,
    read_moment,
)

Row = TypeVar("Row", bound=SQLModel)


class OutOfScopeError(Exception):
    """A write beyond the scope of its transaction: a mistake in the calling code."""


class UnauditedError(Exception):
    """A transaction changed something without an audit event: a mistake in the calling code."""


class StaleError(Exception):
    """Somebody saved a newer version meanwhile; `current` is what stands now, None if nothing."""

    def __init__(self, current: SavedAnswer | Review | None) -> None:
        self.current = current
        super().__init__("a newer version was saved meanwhile")


class SavedAnswer(NamedTuple):
    """An answer as it stands. `reply` is canonical JSON text, None when it was cleared."""

    question_id: str
    version: int
    reply: str | None
    note: str
    saved_by: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """A piece of evidence and the ids of the questions it was attached for."""

    evidence: Evidence
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonItem:
    """A member of staff and the roles held."""

    person: Person
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class SessionItem:
    """A session and whose it is: a person with roles, or a contact with the invitation used.

    `detail` is how a person's began; None for one of before that was noted.
    """

    sign_in: SignIn
    person: Person | None
    roles: frozenset[Role]
    contact: Contact | None
    invitation: Invitation | None
    detail: SignInDetail | None = None


@dataclass(frozen=True, slots=True)
class DecisionItem:
    """A decision and its conditions, the earliest due first."""

    decision: Decision
    conditions: tuple[DecisionCondition, ...]


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """A vendor, one of its engagements and one of that engagement's assessments, where there is
    one, with what a list needs to say who waits on whom. The invitation's times are the latest of
    those not revoked; the submission is the latest one.
    """

    vendor: Vendor
    engagement: Engagement | None
    assessment: Assessment | None
    invited_at: datetime | None
    invited_until: datetime | None
    opened_at: datetime | None
    submission_id: str | None
    submission_number: int | None
    submitted_at: datetime | None
    returned_at: datetime | None
    return_reason: str | None
    conditions_open: int


@dataclass(frozen=True, slots=True)
class SeatItem:
    """A seat of a reviewer who judges alone; `handed_in` about the latest submission."""

    seat: ReviewSeat
    handed_in: bool


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which events are asked for; what is left out lets all through.

    `who` is part of a name, `actions` any of these, `since` and `before` times.
    """

    who: str = ""
    actions: tuple[str, ...] = ()
    since: datetime | None = None
    before: datetime | None = None
    assessment_id: str | None = None


@dataclass(frozen=True, slots=True)
class TrailPart:
    """Some of the events that were asked for, and how many there are altogether."""

    events: tuple[AuditEvent, ...]
    total: int


# Where a row hangs on an assessment through another table.
_PARENT: Mapping[type[SQLModel], tuple[type[Any], str]] = {
    EvidenceFor: (Evidence, "evidence_id"),
    Review: (Submission, "submission_id"),
    ReviewRevision: (Submission, "submission_id"),
    OwnJudgement: (Submission, "submission_id"),
    HandIn: (Submission, "submission_id"),
    Difference: (Submission, "submission_id"),
    Scorecard: (Submission, "submission_id"),
    DecisionCondition: (Decision, "decision_id"),
}
# Tables with an assessment_id of their own.
_DIRECT = (
    Answer,
    AnswerRevision,
    Evidence,
    Submission,
    Decision,
    Invitation,
    SignIn,
    AuditEvent,
    DeletionReceipt,
    ConflictDeclaration,
    ReviewSeat,
    ScopeApproval,
    Override,
    RuleCheck,
    Lifting,
    ConditionCheck,
    ConditionOwner,
    RiskAcceptance,
    Delegation,
    ReadCode,
    TenderBid,
)


@dataclass(slots=True)
class _Changed:
    """A row that this transaction writes: its bound columns before and after, None for no row."""

    table: str
    key: str
    chain: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


_Changes = dict[tuple[str, str], _Changed]


@dataclass(slots=True)
class _Recorded:
    """An event of this transaction, and the rows that it tells of."""

    chain: str
    actor: Actor
    action: str
    subject_kind: str
    subject_id: str
    details: Mapping[str, object]
    changes: _Changes


class _ScopedSession(Session):
    """A session that knows the transaction it works for."""

    work: Work


@event.listens_for(_ScopedSession, "before_flush")
def _before_flush(session: Session, *_: object) -> None:
    work = cast(_ScopedSession, session).work
    for row in session.new:
        work._hide(row)
        work._changes(row, None)
    for row in session.deleted:
        work._changes(row, work._stored(row, _as_loaded(session, row)), deleted=True)
    for row in session.dirty:
        if session.is_modified(row):
            before = work._stored(row, _as_loaded(session, row))
            work._hide(row)
            work._changes(row, before)


@event.listens_for(_ScopedSession, "after_flush_postexec")
def _after_flush(session: Session, *_: object) -> None:
    cast(_ScopedSession, session).work._show_again()


def _on_load(row: Any, context: Any, *_: object) -> None:
    session = getattr(context, "session", None)
    if isinstance(session, _ScopedSession):
        session.work._loaded(row)


for _table in (Submission, Evidence, AuditEvent, Engagement):
    event.listen(_table, "load", _on_load)
    event.listen(_table, "refresh", _on_load)


class Work:
    """One transaction within one scope. `now` is its time, the same for all that it writes."""

    def __init__(
        self,
        connection: Connection,
        scope: Scope,
        now: datetime,
        *,
        writing: bool,
        key: bytes | None = None,
        keys: Keys | None = None,
    ) -> None:
        self.scope = scope
        self.now = now
        self._writing = writing
        self._key = key
        self._master = keys
        self._connection = connection
        self._session = _ScopedSession(connection, expire_on_commit=False)
        self._session.work = self
        self._own_chains: set[str] = set()
        self._changed: _Changes = {}
        self._recorded: list[_Recorded] = []
        self._answers_seen: dict[tuple[str, str], SavedAnswer] = {}
        self._answers_stored: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._bids: dict[str, Bid] | None = None
        self._no_bids: set[str] = set()
        self._masks: dict[str, Bid] | None = None
        self._keys_of: dict[str, bytes | None] = {}
        self._as_stored: dict[int, tuple[SQLModel, dict[str, tuple[Any, Any]]]] = {}
        self._to_show: list[tuple[SQLModel, dict[str, Any]]] = []
        self.readings: list[tuple[Actor, str, str]] = []

    def finish(self) -> None:
        """Send what is still unsent, then the events; refuse changes that no event tells of."""
        self._session.flush()
        self._tell_the_rest()
        # Writers of several chains lock them in one order, so that none waits in a circle.
        chains = {one.chain for one in self._recorded}
        for chain in sorted(chains, key=lambda chain: (chain == INSTALLATION, chain)):
            self._append(chain, [one for one in self._recorded if one.chain == chain])
        self._recorded.clear()

    def close(self) -> None:
        """Detach every row, so that it stays readable afterwards."""
        self._session.close()

    # Any table ---------------------------------------------------------------------------------

    def get(self, table: type[Row], **key: object) -> Row | None:
        """The one row whose columns equal `key`, or None where there is none in scope."""
        return self._session.scalars(self._select(table, key).limit(1)).first()

    def read_anew(self, row: SQLModel) -> None:
        """Read a row again: it may have been changed while this waited for its assessment."""
        self._session.refresh(row)

    def all(self, table: type[Row], *order: str, **key: object) -> list[Row]:
        """Every row in scope whose columns equal `key`, sorted by the columns named in `order`."""
        columns = [getattr(table, name) for name in order]
        return list(self._session.scalars(self._select(table, key).order_by(*columns)))

    def add(self, row: Row) -> Row:
        """Write a new row now, so that rows added after it can refer to it."""
        if self.scope.assessment_id is not None and not self._covers(row):
            raise OutOfScopeError(f"a new {type(row).__name__} lies outside the scope")
        self._session.add(row)
        self._session.flush()
        return row

    def remove(self, row: SQLModel) -> None:
        """Delete a row; the event recorded next tells that it was there and is gone."""
        self._session.delete(row)
        self._session.flush()

    def _select(self, table: type[Row], key: Mapping[str, object]) -> Any:
        equal = [getattr(table, name) == value for name, value in key.items()]
        return select(table).where(self._within(table), *equal)

    def _within(self, table: type[SQLModel]) -> ColumnElement[bool]:
        """The condition that holds for exactly the rows of `table` that lie in the scope."""
        own = self.scope.assessment_id
        if own is None or table is Installation:
            return true()
        if table is Assessment:
            return col(Assessment.id) == own
        if table in _DIRECT:
            return cast("ColumnElement[bool]", cast(Any, table).assessment_id == own)
        if table in _PARENT:
            parent, name = _PARENT[table]
            ids = select(parent.id).where(parent.assessment_id == own)
            return cast("ColumnElement[bool]", getattr(table, name).in_(ids))
        if table is Tender:
            its = select(col(TenderBid.tender_id)).where(col(TenderBid.assessment_id) == own)
            return col(Tender.id).in_(its)
        engagement = select(col(Assessment.engagement_id)).where(col(Assessment.id) == own)
        if table is Engagement:
            return col(Engagement.id).in_(engagement)
        vendor = select(col(Engagement.vendor_id)).where(col(Engagement.id).in_(engagement))
        if table is Vendor:
            return col(Vendor.id).in_(vendor)
        if table is Contact:
            return col(Contact.vendor_id).in_(vendor)
        return false()

    def _covers(self, row: SQLModel) -> bool:
        own = self.scope.assessment_id
        if isinstance(row, Assessment):
            return row.id == own
        if isinstance(row, _DIRECT):
            return row.assessment_id == own
        if type(row) in _PARENT:
            parent, name = _PARENT[type(row)]
            with self._session.no_autoflush:
                found = self._session.get(parent, getattr(row, name))
            return found is not None and found.assessment_id == own
        return False

    def _changes(
        self, row: SQLModel, before: Mapping[str, Any] | None, *, deleted: bool = False
    ) -> None:
        """Called for each row about to be written, with its columns as they were."""
        if not self._writing:
            raise OutOfScopeError(f"{type(row).__name__} changed in a transaction that only reads")
        if self.scope.assessment_id is not None and not self._covers(row):
            raise OutOfScopeError(f"{type(row).__name__} lies outside the scope")
        table = _TABLES[str(row.__tablename__)]
        now = self._stored(row, {column.name: getattr(row, column.name) for column in table.c})
        self._note_change(self._chain_of(row), table, before, None if deleted else now)

    def _require_writing(self, table: str) -> None:
        if not self._writing:
            raise OutOfScopeError(f"{table} changed in a transaction that only reads")

    def _note_change(
        self,
        chain: str,
        table: Table,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        """Note what becomes of a row, for the event that tells of it."""
        self._require_writing(table.name)
        names = bound_columns(table)
        if names:
            was = None if before is None else {name: before[name] for name in names}
            now = None if after is None else {name: after[name] for name in names}
            key = row_key(table, (before if after is None else after) or {})
            _merge(self._changed, _Changed(table.name, key, chain, was, now))

    def _chain_of(self, row: SQLModel) -> str:
        """The chain whose events tell of a row: that of the assessment it hangs on, if it does."""
        if isinstance(row, Assessment):
            return row.id
        if isinstance(row, AuditEvent):
            return row.chain
        if type(row) in _PARENT:
            parent, name = _PARENT[type(row)]
            with self._session.no_autoflush:
                found = self._session.get(parent, getattr(row, name))
            return INSTALLATION if found is None else str(found.assessment_id)
        return getattr(row, "assessment_id", None) or INSTALLATION

    def _require(self, assessment_id: str) -> None:
        if not self.scope.covers(assessment_id):
            raise OutOfScopeError("that assessment lies outside the scope")

    # Assessments and answers -------------------------------------------------------------------

    def assessment(self, assessment_id: str) -> Assessment | None:
        """The assessment. When writing, everybody else who writes to it waits until this ends."""
        if not self.scope.covers(assessment_id):
            return None
        query = _ASSESSMENT
        if self._writing:
            query = _ASSESSMENT_ALONE
            self._own_chains.add(assessment_id)
        found = self._session.execute(query, {"id": assessment_id}).first()
        if found is None:
            return None
        if not found.bids and self.scope.names:
            self._no_bids.add(assessment_id)
        return found[0]

    def assessments(self, ids: Collection[str]) -> list[Assessment]:
        """These assessments, as far as they are in scope."""
        query = select(Assessment).where(self._within(Assessment), col(Assessment.id).in_(ids))
        return list(self._session.scalars(query))

    def replies(self, assessment_id: str) -> dict[str, Any]:
        """Every reply that stands, by question id, read from its JSON."""
        if not self.scope.covers(assessment_id):
            return {}
        query = _REPLIES[self._connection.dialect.name]
        text = self._connection.execute(query, {"assessment_id": assessment_id}).scalar()
        if text and is_sealed_text(text.partition(":")[2]):
            saved = self.answers(assessment_id).items()
            return {name: json.loads(one.reply) for name, one in saved if one.reply is not None}
        return cast("dict[str, Any]", json.loads(f"{{{text or ''}}}"))

    def answers(
        self, assessment_id: str, question_ids: Collection[str] | None = None
    ) -> dict[str, SavedAnswer]:
        """The answers to these questions (None: to all), those that were cleared included."""
        if not self.scope.covers(assessment_id):
            return {}
        values: dict[str, object] = {"assessment_id": assessment_id}
        query = _ANSWERS
        if question_ids is not None:
            query = _ANSWERS_TO
            values["question_ids"] = [self._row_of(assessment_id, q) for q in question_ids]
        # Plain text, because converting times column by column costs more than all the rest.
        rows = self._connection.execute(query, values).all()
        found = {}
        for question, version, reply, note, who, at in rows:
            saved = SavedAnswer(question, version, reply, note, who, read_moment(at))
            if is_sealed_text(reply):
                stored = {"assessment_id": assessment_id, **saved._asdict()}
                saved = self._shown_answer(assessment_id, saved)
                self._answers_stored[assessment_id, saved.question_id] = stored
            found[saved.question_id] = saved
        if self._writing:
            self._answers_seen.update({(assessment_id, q): saved for q, saved in found.items()})
        return found

    def save_answer(
        self,
        assessment_id: str,
        question_id: str,
        *,
        reply: str | None,
        note: str,
        saved_by: str,
        seen_version: int,
    ) -> SavedAnswer:
        """Replace version `seen_version` of an answer (0: there was none) and keep a revision.

        `reply` is canonical JSON text or None. Raises `StaleError` with what stands now where
        somebody saved in between.
        """
        self._require(assessment_id)
        self._require_writing("answer")
        saved = SavedAnswer(question_id, seen_version + 1, reply, note, saved_by, self.now)
        values = self._hidden_answer(assessment_id, saved)
        before = self._answer_before(assessment_id, question_id, seen_version)
        if not self._replace(_ANSWER, "assessment_id", values):
            raise StaleError(self.answers(assessment_id, [question_id]).get(question_id))
        revision = {"id": new_id(), **values}
        self._connection.execute(_INSERT_ANSWER_REVISION, revision)
        self._note_change(assessment_id, _ANSWER, before, values)
        self._note_change(assessment_id, _ANSWER_REVISION, None, revision)
        self._answers_seen[assessment_id, question_id] = saved
        self._answers_stored[assessment_id, question_id] = values
        return saved

    def _answer_before(
        self, assessment_id: str, question_id: str, version: int
    ) -> dict[str, Any] | None:
        """The columns of the answer that has this version; a version's content never changes."""
        seen = self._answers_seen.get((assessment_id, question_id))
        if version and (seen is None or seen.version != version):
            seen = self.answers(assessment_id, [question_id]).get(question_id)
        if not version or seen is None:
            return None
        stored = self._answers_stored.get((assessment_id, question_id))
        return dict(stored) if stored else {"assessment_id": assessment_id, **seen._asdict()}

    def note_progress(self, assessment: Assessment, answered: int, asked: int) -> None:
        """Store how far an assessment is answered, where that has changed."""
        if (assessment.answered, assessment.asked) == (answered, asked):
            return
        self._require(assessment.id)
        before = _as_loaded(self._session, assessment)
        values = {"_id": assessment.id, "answered": answered, "asked": asked}
        self._connection.execute(_NOTE_PROGRESS, values)
        # The row in hand follows, without a second update by the session.
        set_committed_value(assessment, "answered", answered)
        set_committed_value(assessment, "asked", asked)
        self._note_change(assessment.id, _ASSESSMENTS, before, assessment.__dict__)

    def _replace(self, table: Table, owner: str, values: Mapping[str, Any]) -> bool:
        """Write a row of the version before, or a first one if none is there; whether it could."""
        if values["version"] == 1:
            insert_it = _insert_if_new(table, self._connection.dialect.name)
            return self._connection.execute(insert_it, values).first() is not None
        same = {"_owner": values[owner], "_question": values["question_id"]}
        before = {"_seen": values["version"] - 1}
        update_it = _update_if_unchanged(table, owner)
        return bool(self._connection.execute(update_it, {**values, **same, **before}).rowcount)

    # Evidence ----------------------------------------------------------------------------------

    def evidence(self, assessment_id: str, *, withdrawn: bool = False) -> list[EvidenceItem]:
        """The evidence of an assessment in the order of upload, with its questions.

        What was withdrawn is left out unless `withdrawn`.
        """
        query = (
            select(Evidence, col(EvidenceFor.question_id))
            .outerjoin(EvidenceFor, col(EvidenceFor.evidence_id) == col(Evidence.id))
            .where(self._within(Evidence), col(Evidence.assessment_id) == assessment_id)
            .order_by(col(Evidence.uploaded_at), col(Evidence.id), col(EvidenceFor.question_id))
        )
        if not withdrawn:
            query = query.where(col(Evidence.withdrawn_at).is_(None))
        items: dict[str, tuple[Evidence, list[str]]] = {}
        for evidence, question_id in self._session.execute(query):
            questions = items.setdefault(evidence.id, (evidence, []))[1]
            if question_id is not None:
                questions.append(self._question_in(evidence, question_id))
        return [EvidenceItem(evidence, tuple(sorted(ids))) for evidence, ids in items.values()]

    def attach(self, evidence: Evidence, questions: Iterable[str]) -> Evidence:
        """Add a piece of evidence for the questions named."""
        self.add(evidence)
        self.let_speak(evidence, questions)
        return evidence

    def let_speak(self, evidence: Evidence, questions: Iterable[str]) -> None:
        """Let a piece of evidence speak for the questions named, too."""
        key = self._key_of(evidence.assessment_id)
        for question_id in dict.fromkeys(questions):
            stored = hide(key, question_id, f"for/{evidence.id}") if key else question_id
            self.add(EvidenceFor(evidence_id=evidence.id, question_id=stored))

    def questions_of(self, evidence: Evidence) -> frozenset[str]:
        """The ids of the questions that a piece of evidence speaks for."""
        rows = self.all(EvidenceFor, evidence_id=evidence.id)
        return frozenset(self._question_in(evidence, row.question_id) for row in rows)

    def _question_in(self, evidence: Evidence, stored: str) -> str:
        if not is_sealed_text(stored):
            return stored
        key = self._key_of(evidence.assessment_id)
        return stored if key is None else str(show(key, stored, f"for/{evidence.id}"))

    # Sealed tenders ----------------------------------------------------------------------------

    def bids(self, *, anew: bool = False) -> Mapping[str, Bid]:
        """The bids in scope, by assessment; one query, the first time or `anew`."""
        if self._bids is None or anew:
            query = _BIDS
            if self.scope.assessment_id is not None and self.scope.names:
                query = query.where(col(TenderBid.assessment_id) == self.scope.assessment_id)
            self._keys_of.clear()
            self._no_bids.clear()
            self._masks = None
            self._bids = {
                row.assessment_id: Bid(
                    assessment_id=row.assessment_id,
                    tender_id=row.tender_id,
                    engagement_id=row.engagement_id,
                    vendor_id=row.vendor_id,
                    title=row.title,
                    pseudonym=row.pseudonym,
                    late=row.late,
                    pseudonymous=row.pseudonymous,
                    terms=terms_of(row),
                    sealed_key=row.sealed_key,
                    released_key=row.released_key,
                )
                for row in self._connection.execute(query)
            }
        return self._bids

    def bid(self, assessment_id: str) -> Bid | None:
        """The bid that an assessment is, None for one that is part of no tender."""
        return None if assessment_id in self._no_bids else self.bids().get(assessment_id)

    def hold_tender(self, tender_id: str, *, alone: bool) -> Tender | None:
        """A tender that nobody changes until this ends; `alone`: nobody else holds it either.

        Whoever holds assessments as well takes those first, so that none waits in a circle.
        """
        self._require_writing("tender")
        query = select(Tender).where(self._within(Tender), col(Tender.id) == tender_id)
        query = query.with_for_update(read=not alone).execution_options(populate_existing=True)
        found = self._session.scalars(query).first()
        self.bids(anew=True)
        return found

    def make_key(self, tender: Tender) -> None:
        """Give a new tender its key, which opens for its bidders alone."""
        tender.sealed_key = sealed_key(
            self._require_tender_key(), tender.id, secrets.token_bytes(SIZE)
        )

    def release_key(self, tender: Tender, by: str) -> None:
        """Open what the bidders of a tender said to everybody who may read it.

        Raises `BrokenKey`.
        """
        master = self._require_tender_key()
        tender.released_key = released_key(master, tender.id, tender.sealed_key)
        tender.unsealed_at, tender.unsealed_by = self.now, by
        self._session.flush()
        self.bids(anew=True)

    def require_opened(self, assessment_id: str) -> None:
        """Raise `BrokenKey` for a bid that was opened and whose key is not as it was stored."""
        self._key_of(assessment_id)

    def note_reading(self, actor: Actor, verb: str, assessment_id: str) -> None:
        """Let an event tell that somebody read what was sealed, where nothing else would."""
        if not self._writing:
            self.readings.append((actor, verb, assessment_id))

    def masks(self) -> Mapping[str, Bid]:
        """By assessment, the bid by whose pseudonym this scope knows its engagement."""
        if self.scope.names:
            return {}
        if self._masks is None:
            masked = {one.engagement_id: one for one in self.bids().values() if one.masked}
            self._masks = {}
            if masked:
                beside = select(_ASSESSMENTS.c.id, _ASSESSMENTS.c.engagement_id)
                beside = beside.where(_ASSESSMENTS.c.engagement_id.in_(masked))
                rows = self._connection.execute(beside)
                self._masks = {row[0]: masked[row[1]] for row in rows}
        return self._masks

    def mask_of(self, engagement_id: str) -> Bid | None:
        """The bid by whose pseudonym this scope knows an engagement, None for its own name."""
        return next((b for b in self.masks().values() if b.engagement_id == engagement_id), None)

    def bidders(self, tender_id: str) -> tuple[str, ...]:
        """The names of a tender's bidders by alphabet, which does not tell who has which bid."""
        ids = {bid.vendor_id for bid in self.bids().values() if bid.tender_id == tender_id}
        names = self._session.execute(select(col(Vendor.name)).where(col(Vendor.id).in_(ids)))
        return tuple(sorted({row[0] for row in names}, key=str.casefold))

    def known_as(self, engagement: Engagement, vendor: Vendor) -> Vendor:
        """The vendor of an engagement as this scope knows it: by name, or by pseudonym."""
        bid = self.mask_of(engagement.id)
        if bid is None:
            return vendor
        return Vendor(id=bid.assessment_id, name=bid.called, created_at=self.now, created_by="")

    def _require_tender_key(self) -> bytes:
        if self._master is None:
            raise OutOfScopeError("a tender's key was asked for without a key")
        return self._master.derive(PURPOSE)

    def _key_of(self, assessment_id: str) -> bytes | None:
        """The key of the tender that an assessment bids in, None where it is not for this scope."""
        bid = self.bid(assessment_id)
        if bid is None or self._master is None:
            return None
        if assessment_id not in self._keys_of:
            own = self.scope.own and self.scope.assessment_id == assessment_id
            self._keys_of[assessment_id] = key_for(self._require_tender_key(), bid, own=own)
        return self._keys_of[assessment_id]

    def _sha256_of(self, file: Evidence) -> str:
        """A file's SHA-256, which names it on the disk; as it stands where it does not open.

        It opens in every scope, because files are checked and deleted by it before and after the
        bids are opened; what else is known of the file does not.
        """
        bid = self.bid(file.assessment_id)
        try:
            key = key_for(self._require_tender_key(), bid, own=True) if bid else None
            return file_sha256(key, file.id, file.sha256) if key else file.sha256
        except BrokenKey:
            return file.sha256

    def _row_of(self, assessment_id: str, question_id: str) -> str:
        """The question id under which an answer lies in its table."""
        key = self._key_of(assessment_id)
        return question_id if key is None else opaque(key, assessment_id, question_id)

    def _hidden_answer(self, assessment_id: str, saved: SavedAnswer) -> dict[str, Any]:
        """An answer's columns as they are stored: sealed, where it belongs to a bid."""
        values = {"assessment_id": assessment_id, **saved._asdict()}
        if self.bid(assessment_id) is None:
            return values
        key = self._key_of(assessment_id)
        if key is None:
            raise SealedError
        stored = opaque(key, assessment_id, saved.question_id)
        about = f"answer/{assessment_id}/{stored}/{saved.version}"
        said = [saved.question_id, saved.reply, saved.note]
        return {**values, "question_id": stored, "reply": hide(key, said, about), "note": ""}

    def _shown_answer(self, assessment_id: str, stored: SavedAnswer) -> SavedAnswer:
        key = self._key_of(assessment_id)
        if key is None:
            raise SealedError
        about = f"answer/{assessment_id}/{stored.question_id}/{stored.version}"
        question_id, reply, note = show(key, str(stored.reply), about)
        return stored._replace(question_id=question_id, reply=reply, note=note)

    def _loaded(self, row: SQLModel) -> None:
        """Called for each row read that may be sealed, or name a bidder by another name."""
        said: dict[str, Any] = {}
        if isinstance(row, Evidence) and is_sealed_text(row.sha256) and self._master is not None:
            said["sha256"] = self._sha256_of(row)
        if hides(type(row)) and is_hidden(row):
            key = self._key_or_none(cast(Any, row).assessment_id)
            try:
                said |= shown_columns(key, row) if key else {}
            except BrokenKey:  # it stays sealed, and `snapshot_of` refuses it
                said = {}
        said |= self._masked(row)
        said = {name: value for name, value in said.items() if value != getattr(row, name)}
        if said:
            pairs = {name: (value, getattr(row, name)) for name, value in said.items()}
            self._as_stored[id(row)] = (row, pairs)
            for name, value in said.items():
                set_committed_value(row, name, value)

    def _key_or_none(self, assessment_id: str | None) -> bytes | None:
        try:
            return self._key_of(assessment_id or "")
        except BrokenKey:
            return None

    def _masked(self, row: SQLModel) -> dict[str, Any]:
        """What a row says of a bidder to those who know it by its pseudonym."""
        if isinstance(row, Engagement):
            bid = self.mask_of(row.id)
            hidden = {"title": bid.title, "service": "", "value_minor": None} if bid else {}
            return hidden
        if self.scope.names or not isinstance(row, Submission | AuditEvent):
            return {}
        bid = self.masks().get(row.assessment_id or "")
        if bid is None:
            return {}
        if isinstance(row, Submission):
            return {"signed_by_name": bid.called, "signed_by_role": ""}
        named = {"actor_name": bid.called, "origin": ""} if row.actor_kind == "contact" else {}
        return {**named, "details": "{}"}

    def _stored(self, row: SQLModel, values: Mapping[str, Any]) -> dict[str, Any]:
        """A row's columns as the database has them, where they are shown as something else."""
        _, pairs = self._as_stored.get(id(row), (row, {}))
        return {
            name: pairs[name][1] if name in pairs and value == pairs[name][0] else value
            for name, value in values.items()
        }

    def _hide(self, row: SQLModel) -> None:
        """Called for each row about to be written: what a bidder says is written sealed."""
        if not hides(type(row)) or isinstance(row, AuditEvent):
            return
        one = cast(Any, row)
        _, pairs = self._as_stored.get(id(row), (row, {}))
        new = row in self._session.new
        if new and self.bid(one.assessment_id) is None:
            return
        if not new and all(getattr(row, name) == pair[0] for name, pair in pairs.items()):
            return
        key = self._key_of(one.assessment_id)
        if key is None:
            raise SealedError
        stored = hidden_columns(key, row)
        if isinstance(row, Evidence):
            stored["sha256"] = file_digest(key, row.id, row.sha256)
        said = {name: getattr(row, name) for name in stored}
        self._as_stored[id(row)] = (row, {name: (said[name], stored[name]) for name in stored})
        for name, value in stored.items():
            setattr(row, name, value)
        self._to_show.append((row, said))

    def _show_again(self) -> None:
        for row, said in self._to_show:
            for name, value in said.items():
                set_committed_value(row, name, value)
        self._to_show.clear()

    # Submissions, reviews, scorecards, decisions -----------------------------------------------

    def latest_submission(self, assessment_id: str) -> Submission | None:
        """The submission with the highest number."""
        query = self._select(Submission, {"assessment_id": assessment_id})
        query = query.order_by(col(Submission.number).desc()).limit(1)
        return cast("Submission | None", self._session.scalars(query).first())

    def reviews(self, submission_id: str) -> dict[str, Review]:
        """Every judgement of a submission as it stands, by question id."""
        return {row.question_id: row for row in self.all(Review, submission_id=submission_id)}

    def save_review(
        self,
        submission_id: str,
        question_id: str,
        *,
        assurance: str | None,
        not_applicable: str | None,
        reason: str,
        reviewer_id: str,
        seen_version: int,
    ) -> Review:
        """Replace version `seen_version` of a judgement (0: there was none), keeping a revision.

        Raises `StaleError` with the judgement that stands now where somebody saved in between.
        """
        values: dict[str, Any] = {
            "submission_id": submission_id,
            "question_id": question_id,
            "version": seen_version + 1,
            "assurance": assurance,
            "not_applicable": not_applicable,
            "reason": reason,
            "reviewer_id": reviewer_id,
            "saved_at": self.now,
        }
        if self.scope.assessment_id is not None and not self._covers(Review(**values)):
            raise OutOfScopeError("that submission lies outside the scope")
        self._require_writing("review")
        keys = {"submission_id": submission_id, "question_id": question_id}
        row = self._connection.execute(_REVIEW_NOW, keys).mappings().first()
        before = None if row is None else dict(row)
        if not self._replace(_REVIEW, "submission_id", values):
            self._session.expire_all()
            raise StaleError(self.get(Review, submission_id=submission_id, question_id=question_id))
        revision = {"id": new_id(), **values}
        self._connection.execute(_INSERT_REVIEW_REVISION, revision)
        saved = Review(**values)
        chain = self._chain_of(saved)
        self._note_change(chain, _REVIEW, before, values)
        self._note_change(chain, _REVIEW_REVISION, None, revision)
        return saved

    def latest_scorecard(self, submission_id: str) -> Scorecard | None:
        """The scorecard of a submission with the highest number."""
        query = self._select(Scorecard, {"submission_id": submission_id})
        query = query.order_by(col(Scorecard.number).desc()).limit(1)
        return cast("Scorecard | None", self._session.scalars(query).first())

    def latest_scorecards(
        self, assessment_ids: Collection[str]
    ) -> dict[str, tuple[Submission, Scorecard]]:
        """By assessment id, the latest submission and its latest scorecard, where there is one."""
        query = (
            select(Submission, Scorecard)
            .join(Scorecard, col(Scorecard.submission_id) == col(Submission.id))
            .where(
                self._within(Submission),
                col(Submission.assessment_id).in_(assessment_ids),
                _latest(Submission, Submission.assessment_id),
                _latest(Scorecard, Scorecard.submission_id),
            )
        )
        return {row[0].assessment_id: (row[0], row[1]) for row in self._session.execute(query)}

    def decisions(self, assessment_ids: Collection[str]) -> list[DecisionItem]:
        """The decisions on these assessments, the newest first, with their conditions."""
        query = (
            select(Decision, DecisionCondition)
            .outerjoin(DecisionCondition, col(DecisionCondition.decision_id) == col(Decision.id))
            .where(self._within(Decision), col(Decision.assessment_id).in_(assessment_ids))
            .order_by(
                col(Decision.decided_at).desc(),
                col(Decision.id),
                col(DecisionCondition.due_on),
                col(DecisionCondition.id),
            )
        )
        items: dict[str, tuple[Decision, list[DecisionCondition]]] = {}
        for decision, condition in self._session.execute(query):
            conditions = items.setdefault(decision.id, (decision, []))[1]
            if condition is not None:
                conditions.append(condition)
        return [DecisionItem(decision, tuple(rest)) for decision, rest in items.values()]

    def reviewers(self, assessment_id: str) -> frozenset[str]:
        """The ids of everybody who ever judged an answer of this assessment, alone or not."""
        found: set[str] = set()
        for table, who in ((ReviewRevision, "reviewer_id"), (OwnJudgement, "person_id")):
            query = (
                select(getattr(table, who))
                .join(Submission, col(Submission.id) == col(cast(Any, table).submission_id))
                .where(self._within(Submission), col(Submission.assessment_id) == assessment_id)
                .distinct()
            )
            found.update(self._session.scalars(query))
        return frozenset(found)

    def seats(self, assessment_ids: Collection[str]) -> dict[str, list[SeatItem]]:
        """By assessment, every seat that anybody ever took, the first one first."""
        query = (
            select(ReviewSeat, col(HandIn.id))
            .select_from(ReviewSeat)
            .join(Submission, col(Submission.assessment_id) == col(ReviewSeat.assessment_id))
            .outerjoin(
                HandIn,
                (col(HandIn.seat_id) == col(ReviewSeat.id))
                & (col(HandIn.submission_id) == col(Submission.id)),
            )
            .where(
                self._within(ReviewSeat),
                col(ReviewSeat.assessment_id).in_(assessment_ids),
                _latest(Submission, Submission.assessment_id),
            )
            .order_by(col(ReviewSeat.taken_at), col(ReviewSeat.id))
        )
        found: dict[str, list[SeatItem]] = {}
        for seat, handed_in in self._session.execute(query):
            found.setdefault(seat.assessment_id, []).append(SeatItem(seat, handed_in is not None))
        return found

    def open_differences(self, assessment_ids: Collection[str]) -> frozenset[str]:
        """Those of these assessments where a moderator still has something to settle."""
        query = (
            select(col(Submission.assessment_id))
            .join(Difference, col(Difference.submission_id) == col(Submission.id))
            .where(
                self._within(Submission),
                col(Submission.assessment_id).in_(assessment_ids),
                col(Difference.settled_by).is_(None),
                _latest(Submission, Submission.assessment_id),
            )
            .distinct()
        )
        return frozenset(self._session.scalars(query))

    def inviters(self, assessment_id: str) -> frozenset[str]:
        """The ids of everybody who ever invited somebody to this assessment."""
        query = (
            select(col(Invitation.created_by))
            .where(self._within(Invitation), col(Invitation.assessment_id) == assessment_id)
            .distinct()
        )
        return frozenset(self._session.scalars(query))

    def declarations(self, assessment_id: str) -> dict[str, ConflictDeclaration]:
        """By person, what they declared about an assessment's engagement; a conflict outweighs."""
        self._require(assessment_id)
        own = select(col(Assessment.engagement_id)).where(col(Assessment.id) == assessment_id)
        query = (
            select(ConflictDeclaration)
            .join(Assessment, col(Assessment.id) == col(ConflictDeclaration.assessment_id))
            .where(col(Assessment.engagement_id).in_(own))
            .order_by(col(ConflictDeclaration.conflict), col(ConflictDeclaration.declared_at))
        )
        return {row.person_id: row for row in self._session.scalars(query)}

    def declared_by(
        self, person_id: str, engagement_ids: Collection[str]
    ) -> dict[str, ConflictDeclaration]:
        """By engagement with rows in scope, what a person declared; a conflict outweighs."""
        query = (
            select(col(Assessment.engagement_id), ConflictDeclaration)
            .join(Assessment, col(Assessment.id) == col(ConflictDeclaration.assessment_id))
            .where(
                col(ConflictDeclaration.person_id) == person_id,
                col(Assessment.engagement_id).in_(engagement_ids),
            )
            .order_by(col(ConflictDeclaration.conflict), col(ConflictDeclaration.declared_at))
        )
        return {row[0]: row[1] for row in self._session.execute(query)}

    # Lists -------------------------------------------------------------------------------------

    def portfolio(
        self,
        *,
        vendor_id: str | None = None,
        engagement_id: str | None = None,
        engagement_ids: Collection[str] | None = None,
        assessment_ids: Collection[str] | None = None,
    ) -> list[PortfolioRow]:
        """Vendors, engagements and assessments in one query, sorted by name, title and age.

        A vendor without engagements, and an engagement without assessments, has one row.
        """
        query = (
            select(
                Vendor,
                Engagement,
                Assessment,
                *_INVITED,
                *_SUBMITTED,
                _CONDITIONS_OPEN,
            )
            .outerjoin(Engagement, col(Engagement.vendor_id) == col(Vendor.id))
            .outerjoin(Assessment, col(Assessment.engagement_id) == col(Engagement.id))
            .outerjoin(
                Submission,
                and_(
                    col(Submission.assessment_id) == col(Assessment.id),
                    _latest(Submission, Submission.assessment_id),
                ),
            )
            .order_by(
                func.lower(col(Vendor.name)),
                col(Vendor.id),
                func.lower(col(Engagement.title)),
                col(Engagement.id),
                col(Assessment.created_at),
                col(Assessment.id),
            )
        )
        if vendor_id is not None:
            query = query.where(col(Vendor.id) == vendor_id)
        if engagement_id is not None:
            query = query.where(col(Engagement.id) == engagement_id)
        if engagement_ids is not None:
            query = query.where(col(Engagement.id).in_(engagement_ids))
        if assessment_ids is not None:
            query = query.where(col(Assessment.id).in_(assessment_ids))
        if self.scope.assessment_id is not None:
            query = query.where(col(Assessment.id) == self.scope.assessment_id)
        found = [PortfolioRow(*row) for row in self._session.execute(query)]
        return self._by_pseudonym(found, named=vendor_id is not None) if self.masks() else found

    def _by_pseudonym(self, rows: Iterable[PortfolioRow], *, named: bool) -> list[PortfolioRow]:
        """The rows with bidders as this scope knows them, in an order that tells nothing more.

        Where one vendor's rows were asked for by its id, its bids are not among them.
        """
        found = []
        for row in rows:
            bid = self.mask_of(row.engagement.id) if row.engagement is not None else None
            if bid is None or row.engagement is None:
                found.append(row)
            elif not named:
                found.append(replace(row, vendor=self.known_as(row.engagement, row.vendor)))
        return sorted(found, key=lambda row: (row.vendor.name.casefold(), row.vendor.id))

    def names(self, ids: Collection[str]) -> dict[str, str]:
        """The names of people and contacts by id, for ids taken from rows that were in scope."""
        if not ids:
            return {}
        both = union_all(
            select(col(Person.id), col(Person.name)).where(col(Person.id).in_(ids)),
            select(col(Contact.id), col(Contact.name)).where(
                col(Contact.id).in_(ids),
                col(Contact.vendor_id).not_in({one.vendor_id for one in self.masks().values()}),
            ),
        )
        return {row[0]: row[1] for row in self._session.execute(both)}

    def email_of(self, person_id: str) -> str:
        """The address of the member of staff who acts, in any scope; empty for nobody."""
        query = select(col(Person.email)).where(col(Person.id) == person_id)
        return self._session.scalar(query) or ""

    # People and sessions -----------------------------------------------------------------------

    def people(self) -> list[PersonItem]:
        """Every member of staff with the roles held, sorted by name."""
        return self._people()

    def person(self, person_id: str) -> PersonItem | None:
        """A member of staff with the roles held."""
        return next(iter(self._people(col(Person.id) == person_id)), None)

    def person_by_email(self, email: str) -> PersonItem | None:
        """The member of staff with this address, however it is capitalised."""
        return next(iter(self._people(col(Person.email) == email.casefold())), None)

    def _people(self, *conditions: ColumnElement[bool]) -> list[PersonItem]:
        query = (
            select(Person, col(PersonRole.role))
            .outerjoin(PersonRole, col(PersonRole.person_id) == col(Person.id))
            .where(self._within(Person), *conditions)
            .order_by(func.lower(col(Person.name)), col(Person.id))
        )
        found: dict[str, tuple[Person, set[Role]]] = {}
        for person, role in self._session.execute(query):
            roles = found.setdefault(person.id, (person, set()))[1]
            if role is not None:
                roles.add(Role(role))
        return [PersonItem(person, frozenset(roles)) for person, roles in found.values()]

    def set_roles(self, person_id: str, roles: Collection[Role]) -> None:
        """Let a person hold exactly these roles."""
        if self.scope.assessment_id is not None:
            raise OutOfScopeError("roles lie outside the scope of one assessment")
        self._require_writing("person_role")
        held = {row.role: row for row in self.all(PersonRole, person_id=person_id)}
        wanted = {role.value for role in roles}
        for role in sorted(held.keys() - wanted):
            self._session.delete(held[role])
        for role in sorted(wanted - held.keys()):
            self._session.add(PersonRole(person_id=person_id, role=role))
        self._session.flush()

    def has_administrator(self) -> bool:
        """Whether an active administrator exists who can sign in."""
        query = (
            select(col(Person.id))
            .join(PersonRole, col(PersonRole.person_id) == col(Person.id))
            .where(
                col(PersonRole.role) == Role.ADMINISTRATOR.value,
                col(Person.active).is_(True),
                or_(col(Person.password_hash).is_not(None), _THROUGH_PROVIDER),
            )
            .limit(1)
        )
        return self._session.execute(query).first() is not None

    def can_sign_in(self, person: Person) -> bool:
        """Whether somebody has a password or comes through a provider."""
        return person.password_hash is not None or bool(
            self.all(ProviderAccount, person_id=person.id)
        )

    def through_providers(self) -> frozenset[str]:
        """The ids of everybody who comes through a provider."""
        query = select(col(ProviderAccount.person_id)).where(self._within(ProviderAccount))
        return frozenset(self._session.scalars(query.distinct()))

    def session(self, token_hash: str) -> SessionItem | None:
        """The session with this token hash and whose it is, whether it still holds or not."""
        query = (
            select(SignIn, Person, col(PersonRole.role), Contact, Invitation, SignInDetail)
            .outerjoin(SignInDetail, col(SignInDetail.sign_in_id) == col(SignIn.id))
            .outerjoin(Person, col(Person.id) == col(SignIn.person_id))
            .outerjoin(PersonRole, col(PersonRole.person_id) == col(Person.id))
            .outerjoin(Contact, col(Contact.id) == col(SignIn.contact_id))
            .outerjoin(Invitation, col(Invitation.id) == col(SignIn.invitation_id))
            .where(self._within(SignIn), col(SignIn.token_hash) == token_hash)
        )
        rows = self._session.execute(query).all()
        if not rows:
            return None
        sign_in, person, _, contact, invitation, detail = rows[0]
        roles = frozenset(Role(row[2]) for row in rows if row[2])
        return SessionItem(sign_in, person, roles, contact, invitation, detail)

    def sessions_of(self, *person_ids: str) -> list[tuple[SignIn, SignInDetail | None]]:
        """The sessions of people that were not ended and have not expired, the newest first."""
        query = (
            select(SignIn, SignInDetail)
            .outerjoin(SignInDetail, col(SignInDetail.sign_in_id) == col(SignIn.id))
            .where(
                self._within(SignIn),
                col(SignIn.person_id).in_(person_ids),
                col(SignIn.revoked_at).is_(None),
                col(SignIn.expires_at) > self.now,
            )
            .order_by(col(SignIn.last_seen_at).desc(), col(SignIn.id))
        )
        return [(row[0], row[1]) for row in self._session.execute(query)]

    def alone_with(self, person_id: str) -> None:
        """Let nobody else change what belongs to a person until this transaction ends."""
        self._require_writing("person")
        query = select(col(Person.id)).where(col(Person.id) == person_id).with_for_update()
        self._session.execute(query)

    def second_factors(self, person_id: str) -> list[SecondFactor]:
        """The authenticator apps and passkeys of a person, the oldest first."""
        return self.all(SecondFactor, "created_at", "id", person_id=person_id)

    def enrolled(self) -> dict[str, int]:
        """How many second factors each person has, by id; those without any are left out."""
        count = func.count(col(SecondFactor.id))
        query = select(col(SecondFactor.person_id), count).where(self._within(SecondFactor))
        rows = self._session.execute(query.group_by(col(SecondFactor.person_id)))
        return {row[0]: row[1] for row in rows}

    def recovery_codes(self, person_id: str) -> list[RecoveryCode]:
        """The recovery codes of a person that were not used."""
        return self.all(RecoveryCode, "id", person_id=person_id, used_at=None)

    def keep_pending(self, key: str, content: str, expires_at: datetime) -> None:
        """Note what was begun under `key`, in place of what was there, and forget what is over."""
        self._require_writing("pending")
        old = or_(col(Pending.key) == key, col(Pending.expires_at) <= self.now)
        self._session.execute(delete(Pending).where(old))
        self._session.add(Pending(key=key, content=content, expires_at=expires_at))
        self._session.flush()

    def pending(self, key: str) -> str | None:
        """What was begun under `key`, None where nothing was or its time is over."""
        row = self.get(Pending, key=key)
        return row.content if row is not None and row.expires_at > self.now else None

    def take_pending(self, key: str) -> str | None:
        """The same, and it is gone: of two who take it, one gets it."""
        self._require_writing("pending")
        taken = delete(Pending).where(col(Pending.key) == key)
        row = self._session.execute(
            taken.returning(col(Pending.content), col(Pending.expires_at))
        ).first()
        return row[0] if row is not None and row[1] > self.now else None

    def invited_to(
        self, contact_id: str, assessment_id: str, signs: bool | None = None
    ) -> frozenset[str]:
        """The assessments of the same engagement to which a contact's invitation works now.

        Those of an officer's invitations, or (`signs`) those that the contact is to sign.
        """
        own = col(Delegation.invitation_id) == col(Invitation.id)
        delegated = select(Delegation).where(own, col(Delegation.signs).is_(bool(signs))).exists()
        if signs is None:
            delegated = select(Delegation).where(own).exists()
        this = col(Assessment.id) == assessment_id
        engagement = select(col(Assessment.engagement_id)).where(this)
        query = (
            select(col(Invitation.assessment_id))
            .join(Assessment, col(Assessment.id) == col(Invitation.assessment_id))
            .where(
                self._within(Invitation),
                col(Invitation.contact_id) == contact_id,
                col(Invitation.revoked_at).is_(None),
                col(Invitation.expires_at) > self.now,
                col(Assessment.engagement_id).in_(engagement),
                ~delegated if signs is None else delegated,
            )
        )
        return frozenset(self._session.scalars(query))

    def revoke_sessions(
        self, *, person_id: str | None = None, invitation_id: str | None = None
    ) -> int:
        """End every session of a person, or every one that came from an invitation; how many."""
        if (person_id is None) == (invitation_id is None):
            raise ValueError("name a person or an invitation")
        whose = (
            col(SignIn.person_id) == person_id
            if person_id is not None
            else col(SignIn.invitation_id) == invitation_id
        )
        query = select(SignIn).where(self._within(SignIn), whose, col(SignIn.revoked_at).is_(None))
        found = list(self._session.scalars(query))
        for row in found:
            row.revoked_at = self.now
        self._session.flush()
        return len(found)

    def sessions_through(self, issuer: str, subject: str, session: str) -> list[SignIn]:
        """The sessions not ended yet that a provider began: of somebody there, or of one of their
        sessions there, or both; what is empty lets all through.
        """
        query = (
            select(SignIn)
            .join(ProviderSession, col(ProviderSession.sign_in_id) == col(SignIn.id))
            .where(
                self._within(SignIn),
                col(ProviderSession.issuer) == issuer,
                true() if not subject else col(ProviderSession.subject) == subject,
                true() if not session else col(ProviderSession.session) == session,
                col(SignIn.revoked_at).is_(None),
                col(SignIn.expires_at) > self.now,
            )
            .order_by(col(SignIn.id))
        )
        return list(self._session.scalars(query))

    # The audit trail ---------------------------------------------------------------------------

    def record(
        self,
        actor: Actor,
        action: str,
        subject_kind: str,
        subject_id: str,
        assessment_id: str | None = None,
        **details: object,
    ) -> None:
        """Append an audit event to its assessment's chain (None: the installation's).

        It binds the rows of that chain changed since its event before, by keyed digests of before
        and after. `details` is stored as JSON: names and figures, never a secret, never an
        answer's text.
        """
        if assessment_id is not None:
            self._require(assessment_id)
        if not self._writing:
            raise OutOfScopeError("an event was recorded in a transaction that only reads")
        chain = assessment_id or INSTALLATION
        self._session.flush()
        told: _Changes = {}
        for key, change in list(self._changed.items()):
            if change.chain == chain:
                told[key] = self._changed.pop(key)
        self._recorded.append(
            _Recorded(chain, actor, str(action), subject_kind, subject_id, details, told)
        )

    def _tell_the_rest(self) -> None:
        """Let the last event of a chain tell of what was changed after it.

        An act that changed rows of a chain in which it recorded nothing is an event there too.
        """
        rest = [change for change in self._changed.values() if change.before != change.after]
        self._changed.clear()
        if rest and not self._recorded:
            tables = ", ".join(sorted({change.table for change in rest}))
            raise UnauditedError(f"changed {tables} without an audit event")
        for change in rest:
            event = next((e for e in reversed(self._recorded) if e.chain == change.chain), None)
            if event is None:
                event = replace(self._recorded[-1], chain=change.chain, details={}, changes={})
                self._recorded.append(event)
            _merge(event.changes, change)

    def _append(self, chain: str, recorded: Sequence[_Recorded]) -> None:
        if self._key is None:
            raise OutOfScopeError("an event was recorded without a key")
        number, previous = self._end_of(chain)
        rows = []
        for number, one in enumerate(recorded, number + 1):  # noqa: B020 - counts on from the end
            nonce = secrets.token_hex(16)
            subject_kind, subject_id, details = self._told_of(chain, number, one)
            event: dict[str, Any] = {
                "id": new_id(),
                "chain": chain,
                "number": number,
                "at": self.now,
                "actor_kind": one.actor.kind,
                "actor_id": one.actor.id,
                "actor_name": one.actor.name,
                "action": one.action,
                "subject_kind": subject_kind,
                "subject_id": subject_id,
                "assessment_id": None if chain == INSTALLATION else chain,
                "details": details,
                "origin": ORIGIN.get(),
                "nonce": nonce,
                "changes": self._digests(nonce, one.changes),
                "previous_hash": previous,
            }
            event["said"] = said_by(self._key, event)
            event["hash"] = previous = link(event, self._key)
            rows.append(event)
        self._connection.execute(_INSERT_EVENT, rows if len(rows) > 1 else rows[0])

    def _told_of(self, chain: str, number: int, one: _Recorded) -> tuple[str, str, str]:
        """Kind and id of an event's subject, and its details; of a bidder's acts without what they
        would tell of its answers.
        """
        plain = one.subject_kind, one.subject_id, document_text(one.details)
        if one.actor.kind != "contact" or chain == INSTALLATION:
            return plain
        bid = self.bid(chain)
        key = self._key_of(chain) if bid is not None and bid.sealed else None
        if key is None:
            return plain
        if one.subject_kind != "question":
            return one.subject_kind, one.subject_id, hidden_details(key, chain, number, one.details)
        said = {"question": one.subject_id, **one.details}
        subject = opaque(key, chain, one.subject_id)
        return "answer", subject, hidden_details(key, chain, number, said)

    def _digests(self, nonce: str, changes: _Changes) -> str:
        key = self._key or b""
        return document_text(
            [
                [
                    change.table,
                    change.key,
                    *(
                        None if values is None else row_digest(key, nonce, change.table, values)
                        for values in (change.before, change.after)
                    ),
                ]
                for change in changes.values()
                if change.before != change.after
            ]
        )

    def bind(self, key_id: str) -> str:
        """Let this database belong to a master key, unless it does to one; the id of that which it
        belongs to.

        Rows of before are bound by one event in each chain, from which on changing them is found.
        """
        installation = self._session.scalars(select(Installation).with_for_update()).one()
        if installation.key_id is not None:
            return installation.key_id
        for mapper in SQLModel._sa_registry.mappers:
            table = cast(Table, mapper.local_table)
            if table not in bound_tables():
                continue
            for row in self._session.scalars(select(mapper.class_)):
                values = {column.name: getattr(row, column.name) for column in table.c}
                self._note_change(self._chain_of(row), table, None, values)
        installation.key_id = key_id
        self._session.flush()
        chains = set(self._session.scalars(select(col(AuditEvent.chain)).distinct()))
        chains |= {change.chain for change in self._changed.values()}
        for chain in chains:
            owner = None if chain == INSTALLATION else chain
            self.record(SYSTEM, "begin_trail", "installation", "1", owner)
        return key_id

    def change_key(self, key_id: str) -> None:
        """Let this database belong to another master key: the one that this transaction's events
        are made with, which begins in every chain with one that tells so.
        """
        installation = self._session.scalars(select(Installation).with_for_update()).one()
        installation.key_id = key_id
        self._session.flush()
        chains = set(self._session.scalars(select(col(AuditEvent.chain)).distinct()))
        chains |= {change.chain for change in self._changed.values()}
        for chain in sorted(chains):
            owner = None if chain == INSTALLATION else chain
            self.record(SYSTEM, KEY_CHANGED, "key", key_id, owner)

    def erase_words(self, events: Iterable[AuditEvent]) -> None:
        """Erase who is named, from where and with what details; the chains still hold.

        The event recorded next in each chain tells that this was done. What was done to what, by
        which id and when, stays.
        """
        for one in events:
            for name, value in ERASED.items():
                setattr(one, name, value)
        self._session.flush()

    # Deleting what is over --------------------------------------------------------------------

    @contextmanager
    def purging(self) -> Iterator[None]:
        """Within it, what never changes may be deleted and its words be blanked.

        The triggers let this transaction pass for as long as its row stands in `purge_pass`, which
        nobody else can see and no transaction can commit.
        """
        self._require_writing("purge_pass")
        self._session.flush()
        self._connection.execute(_PURGE_PASS)
        yield
        self._session.flush()
        self._connection.execute(_PURGE_PASS_BACK)  # after a fault the transaction ends anyway

    def take_turn(self, name: str) -> None:
        """Wait until nobody else's transaction has taken the turn of this name."""
        self._require_writing(name)
        if self._connection.dialect.name == "postgresql":  # SQLite has one writer at a time
            self._connection.execute(_INSTALLATION_LOCK, {"chain": f"turn/{name}"})

    def last_acts(self) -> dict[str, datetime]:
        """When each contact last did something, or somebody did something about them, by id."""
        found: dict[str, datetime] = {}
        for who, kind in (
            (col(AuditEvent.actor_id), col(AuditEvent.actor_kind)),
            (col(AuditEvent.subject_id), col(AuditEvent.subject_kind)),
        ):
            # What was purged about somebody is no act of theirs.
            about = and_(kind == "contact", col(AuditEvent.action) != "purge")
            query = select(who, func.max(col(AuditEvent.at))).where(about).group_by(who)
            for contact, at in self._session.execute(query):
                found[contact] = max(found.get(contact, at), at)
        return found

    def ended_access(self) -> dict[str, datetime]:
        """When an administrator last ended somebody's access, by the person's id."""
        query = select(col(AuditEvent.subject_id), func.max(col(AuditEvent.at))).where(
            col(AuditEvent.action) == "deactivate", col(AuditEvent.subject_kind) == "person"
        )
        rows = self._session.execute(query.group_by(col(AuditEvent.subject_id)))
        return {str(person): at for person, at in rows}

    def acted_on(self, ids: Collection[str]) -> frozenset[str]:
        """The ids of the people who did something in these assessments, or to these vendors."""
        query = select(col(AuditEvent.actor_id)).where(
            col(AuditEvent.actor_kind) == "person",
            or_(col(AuditEvent.assessment_id).in_(ids), col(AuditEvent.subject_id).in_(ids)),
        )
        return frozenset(self._session.scalars(query.distinct()))

    def last_events(self) -> dict[str, datetime]:
        """When somebody last did something in each chain, by its name."""
        query = select(col(AuditEvent.chain), func.max(col(AuditEvent.at)))
        query = query.where(col(AuditEvent.actor_kind) != "system")
        rows = self._session.execute(query.group_by(col(AuditEvent.chain)))
        return {str(chain): at for chain, at in rows}

    def named_events(self, *, before: datetime) -> list[AuditEvent]:
        """The events of before a time whose words are not erased yet, the oldest first."""
        query = (
            select(AuditEvent)
            .where(
                col(AuditEvent.at) < before,
                col(AuditEvent.nonce).is_not(None),
                or_(col(AuditEvent.actor_name) != "", col(AuditEvent.details) != "{}"),
            )
            .order_by(col(AuditEvent.at))
        )
        return list(self._session.scalars(query))

    def forget_pending(self) -> None:
        """Forget what somebody began and can no longer finish."""
        self._require_writing("pending")
        self._session.execute(delete(Pending).where(col(Pending.expires_at) < self.now))

    def _end_of(self, chain: str) -> tuple[int, str]:
        if self._connection.dialect.name == "postgresql" and chain not in self._own_chains:
            # SQLite has one writer at a time; here the writers of one chain take turns.
            lock = _INSTALLATION_LOCK if chain == INSTALLATION else _ASSESSMENT_LOCK
            self._connection.execute(lock, {"chain": chain})
            self._own_chains.add(chain)
        row = self._connection.execute(_CHAIN_END, {"chain": chain}).first()
        return (row[0], row[1]) if row else (0, START)

    def events(self, assessment_id: str | None = None) -> list[AuditEvent]:
        """The events of an assessment in their order, or (None) every one within the scope."""
        query = select(AuditEvent).where(self._within(AuditEvent))
        if assessment_id is not None:
            query = query.where(col(AuditEvent.assessment_id) == assessment_id)
        query = query.order_by(col(AuditEvent.chain), col(AuditEvent.number))
        return list(self._session.scalars(query))

    def trail(self, which: TrailFilter, *, limit: int | None = None, skip: int = 0) -> TrailPart:
        """The events within the scope that a filter lets through, the latest first."""
        conditions = [self._within(AuditEvent)]
        if which.who:
            conditions.append(col(AuditEvent.actor_name).icontains(which.who, autoescape=True))
        if which.actions:
            conditions.append(col(AuditEvent.action).in_(which.actions))
        if which.since is not None:
            conditions.append(col(AuditEvent.at) >= which.since)
        if which.before is not None:
            conditions.append(col(AuditEvent.at) < which.before)
        if which.assessment_id is not None:
            conditions.append(col(AuditEvent.assessment_id) == which.assessment_id)
        total = self._session.scalar(select(func.count(col(AuditEvent.id))).where(*conditions))
        order = (
            col(AuditEvent.at).desc(),
            col(AuditEvent.chain),
            col(AuditEvent.number).desc(),
        )
        query = select(AuditEvent).where(*conditions).order_by(*order).offset(skip).limit(limit)
        return TrailPart(tuple(self._session.scalars(query)), total or 0)

    # Failed tries ------------------------------------------------------------------------------

    def throttles(self, keys: Sequence[str]) -> dict[str, Throttle]:
        """The counts of failed tries for these keys."""
        query = select(Throttle).where(col(Throttle.key).in_(keys))
        return {row.key: row for row in self._session.scalars(query)}

    def count_failure(self, key: str, *, forget_before: datetime) -> None:
        """Count one more failed try, starting afresh where the last was before `forget_before`."""
        self._require_writing("throttle")
        values = {"key": key, "now": self.now, "forget_before": forget_before}
        self._connection.execute(_count_failure(self._connection.dialect.name), values)

    def forget_failures(self, *, keys: Sequence[str] = (), before: datetime | None = None) -> None:
        """Forget failed tries for these keys, and all of them last made before a time."""
        old = false() if before is None else col(Throttle.last_failed_at) < before
        self._require_writing("throttle")
        self._session.execute(delete(Throttle).where(or_(col(Throttle.key).in_(keys), old)))

    def open_setup_tokens(self, person_id: str | None = None) -> list[SetupToken]:
        """The one-use links not used yet, of a person or (None) for the first administrator."""
        return self.all(SetupToken, "created_at", person_id=person_id, used_at=None)


def _merge(changes: _Changes, change: _Changed) -> None:
    """Add a change; of a row changed twice, what it was at first and what it is at last count."""
    earlier = changes.setdefault((change.table, change.key), change)
    earlier.after = change.after


def _as_loaded(session: Session, row: SQLModel) -> Mapping[str, Any]:
    """A row's columns as the database has them, for a row that may have been changed since."""
    state = inspect(row)
    table = _TABLES[str(row.__tablename__)]
    values = {**state.dict, **state.committed_state}
    missing = LoaderCallableStatus.NO_VALUE
    if not any(isinstance(values.get(c.name, missing), LoaderCallableStatus) for c in table.c):
        return values
    same = [column == values[column.name] for column in table.primary_key]
    return dict(session.connection().execute(select(table).where(*same)).mappings().one())


@cache
def _insert_if_new(table: Table, dialect: str) -> Any:
    """INSERT that does nothing where the key exists, and returns the version where it inserted."""
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table).on_conflict_do_nothing().returning(table.c.version)


@cache
def _update_if_unchanged(table: Table, owner: str) -> Any:
    """UPDATE of the row of `_owner` and `_question` that still has the version `_seen`."""
    keys = (owner, "question_id")
    rest: dict[str, Any] = {
        column.name: bindparam(column.name) for column in table.c if column.name not in keys
    }
    return (
        update(table)
        .where(
            table.c[owner] == bindparam("_owner"),
            table.c.question_id == bindparam("_question"),
            table.c.version == bindparam("_seen"),
        )
        .values(rest)
    )


@cache
def _count_failure(dialect: str) -> Any:
    table, now = _TABLES["throttle"], bindparam("now", type_=Moment)
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    first = make(table).values(key=bindparam("key"), failures=1, last_failed_at=now)
    too_old = table.c.last_failed_at < bindparam("forget_before", type_=Moment)
    more = case((too_old, 1), else_=table.c.failures + 1)
    return first.on_conflict_do_update(
        index_elements=["key"], set_={"failures": more, "last_failed_at": now}
    )


def _latest(table: Any, group: Any) -> ColumnElement[bool]:
    """Whether a numbered row has the highest number of those with the same `group`."""
    other = table.__table__.alias()
    highest = (
        select(func.max(other.c.number))
        .where(other.c[group.key] == group)
        .correlate(table.__table__)
        .scalar_subquery()
    )
    return cast("ColumnElement[bool]", table.number == highest)


def _of_live_invitations(value: Any) -> Any:
    return (
        select(func.max(value))
        .where(
            col(Invitation.assessment_id) == col(Assessment.id),
            col(Invitation.revoked_at).is_(None),
        )
        .correlate(Assessment)
        .scalar_subquery()
    )


_TABLES = SQLModel.metadata.tables
_ANSWER = _TABLES["answer"]
_ANSWER_REVISION = _TABLES["answer_revision"]
_ASSESSMENTS = _TABLES["assessment"]
_REVIEW = _TABLES["review"]
_REVIEW_REVISION = _TABLES["review_revision"]
_REVIEW_NOW = select(_REVIEW).where(
    _REVIEW.c.submission_id == bindparam("submission_id"),
    _REVIEW.c.question_id == bindparam("question_id"),
)
# All replies as the members of one JSON object: one row to fetch and one text to parse.
_MEMBER = "'\"' || question_id || '\":' || reply"
_REPLIES = {
    dialect: text(
        f"SELECT {members} FROM answer"  # noqa: S608 - both are constants of this file
        " WHERE assessment_id = :assessment_id AND reply IS NOT NULL"
    )
    for dialect, members in (
        ("sqlite", f"group_concat({_MEMBER})"),
        ("postgresql", f"string_agg({_MEMBER}, ',')"),
    )
}
_BIDS = (
    select(
        col(TenderBid.assessment_id),
        col(TenderBid.tender_id),
        col(TenderBid.engagement_id),
        col(Engagement.vendor_id),
        col(Tender.title),
        col(TenderBid.pseudonym),
        col(TenderBid.late),
        col(Tender.pseudonymous),
        col(Tender.deadline),
        col(Tender.late_rule),
        col(Tender.published_at),
        col(Tender.unsealed_at),
        col(Tender.locked_at),
        col(Tender.sealed_key),
        col(Tender.released_key),
    )
    .join(Tender, col(Tender.id) == col(TenderBid.tender_id))
    .join(Engagement, col(Engagement.id) == col(TenderBid.engagement_id))
)
_ASSESSMENT = select(
    Assessment,
    select(col(TenderBid.tender_id))
    .where(col(TenderBid.assessment_id) == bindparam("id"))
    .exists()
    .label("bids"),
).where(col(Assessment.id) == bindparam("id"))
_ASSESSMENT_ALONE = _ASSESSMENT.with_for_update()
_NOTE_PROGRESS = (
    update(_TABLES["assessment"])
    .where(_TABLES["assessment"].c.id == bindparam("_id"))
    .values(answered=bindparam("answered"), asked=bindparam("asked"))
)
_ANSWERS = text(
    "SELECT question_id, version, reply, note, saved_by, saved_at"
    " FROM answer WHERE assessment_id = :assessment_id"
)
_ANSWERS_TO = text(f"{_ANSWERS.text} AND question_id IN :question_ids").bindparams(
    bindparam("question_ids", expanding=True)
)
_INSERT_ANSWER_REVISION = insert(_TABLES["answer_revision"])
_INSERT_REVIEW_REVISION = insert(_TABLES["review_revision"])
_INSERT_EVENT = insert(_TABLES["audit_event"])
_THROUGH_PROVIDER = col(Person.id).in_(select(col(ProviderAccount.person_id)))
_INSTALLATION_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:chain, 0))")
_ASSESSMENT_LOCK = text("SELECT id FROM assessment WHERE id = :chain FOR UPDATE")
_PURGE_PASS = text("INSERT INTO purge_pass (id, never) VALUES (1, 0)")
_PURGE_PASS_BACK = text("DELETE FROM purge_pass")
_CHAIN_END = text(
    "SELECT number, hash FROM audit_event WHERE chain = :chain ORDER BY number DESC LIMIT 1"
)
_INVITED = (
    _of_live_invitations(Invitation.created_at),
    _of_live_invitations(Invitation.expires_at),
    _of_live_invitations(Invitation.exchanged_at),
)
_SUBMITTED = (
    col(Submission.id),
    col(Submission.number),
    col(Submission.submitted_at),
    col(Submission.returned_at),
    col(Submission.return_reason),
)
_CONDITIONS_OPEN = (
    select(func.count(col(DecisionCondition.id)))
    .join(Decision, col(Decision.id) == col(DecisionCondition.decision_id))
    .where(
        col(Decision.assessment_id) == col(Assessment.id),
        col(DecisionCondition.closed_at).is_(None),
    )
    .correlate(Assessment)
    .scalar_subquery()
)
