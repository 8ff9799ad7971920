"""The tables: one class per table, with the column types that hold times, money and JSON.

SQLModel table classes do not validate what they are given, so rows are built by the use cases from
values they have checked, never straight from what a browser sent. Ids are the text of a random
UUID; times are aware and in UTC on every database; money is whole minor units with an ISO 4217
currency; JSON is stored as canonical text (see `document_text`), so that its digest can be taken
from the stored bytes.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING


def new_id() -> str:
    """A fresh random id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def document_text(value: Any) -> str:
    """The canonical JSON text of `value`: sorted keys, no spaces, no escapes, no NaN.

    The same value always gives the same bytes, so a SHA-256 of the text identifies the value.
    """
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
)


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC; a naive one is refused, because nobody could say what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; without the offset on SQLite, which has no type for it."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the time {value.isoformat()} has no time zone; use an aware one")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware and in UTC, whatever zone the database session speaks."""
        return None if value is None else read_moment(value)


def read_moment(value: datetime | str) -> datetime:
    """A stored time as a query without column types gives it: SQLite text, or a datetime."""
    if isinstance(value, str):
        return datetime.fromisoformat(f"{value}+00:00")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Installation(SQLModel, table=True):
    """What this database is. One row with id 1; `demo_until` marks a demo and when it ends.

    `key_id` says which master key the database was made with, None before anything was written.
    """

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True)
    created_at: datetime = Field(sa_type=Moment)
    demo_until: datetime | None = Field(default=None, sa_type=Moment)
    key_id: str | None = None


class RetiredKey(SQLModel, table=True):
    """What is kept of a master key that was changed: what checks with it and opens nothing.

    `number` counts from 1; `sealed` is JSON, sealed with the master key of now (see
    `store.retired`).
    """

    __tablename__ = "retired_key"

    id: str = Field(primary_key=True)
    number: int = Field(unique=True)
    sealed: str = Field(sa_type=Text, repr=False)


class Person(SQLModel, table=True):
    """A member of staff. `email` is case-folded; `password_hash` is empty until one is chosen."""

    __tablename__ = "person"

    id: str = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True)
    name: str
    password_hash: str | None = Field(default=None, repr=False)
    active: bool = True
    created_at: datetime = Field(sa_type=Moment)


class PersonRole(SQLModel, table=True):
    """A role that a person holds; the names are those of `access.Role`."""

    __tablename__ = "person_role"

    person_id: str = Field(primary_key=True, foreign_key="person.id")
    role: str = Field(primary_key=True)


class Vendor(SQLModel, table=True):
    """A company that offers something; `country` is an ISO 3166-1 alpha-2 code."""

    __tablename__ = "vendor"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    legal_name: str = ""
    country: str = ""
    website: str = ""
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = Field(foreign_key="person.id")


class Contact(SQLModel, table=True):
    """A person at a vendor who can be invited to answer."""

    __tablename__ = "contact"

    id: str = Field(default_factory=new_id, primary_key=True)
    vendor_id: str = Field(foreign_key="vendor.id", index=True)
    name: str
    email: str
    job_title: str = ""


class Engagement(SQLModel, table=True):
    """A service bought from a vendor. `data_classes` is a JSON list of class ids."""

    __tablename__ = "engagement"

    id: str = Field(default_factory=new_id, primary_key=True)
    vendor_id: str = Field(foreign_key="vendor.id", index=True)
    title: str
    service: str = Field(default="", sa_type=Text)
    value_minor: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    data_classes: str = Field(default="[]", sa_type=Text)
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = Field(foreign_key="person.id")


class Assessment(SQLModel, table=True):
    """One questionnaire asked about one engagement, pinned to published content by digest.

    `facts` is a JSON object. Progress and the headline of the latest scorecard are stored when
    they change, so that a list of assessments needs no scoring. The officer's intake is an
    assessment too: its `questionnaire_id` is "intake" and staff answer it.
    """

    __tablename__ = "assessment"

    id: str = Field(default_factory=new_id, primary_key=True)
    engagement_id: str = Field(foreign_key="engagement.id", index=True)
    questionnaire_id: str
    questionnaire_version: int
    questionnaire_digest: str
    rubric_digest: str
    facts: str = Field(default="{}", sa_type=Text)
    state: str = Field(index=True)
    state_since: datetime = Field(sa_type=Moment)
    due_on: date | None = None
    created_by: str = Field(foreign_key="person.id")
    created_at: datetime = Field(sa_type=Moment)
    answered: int = 0
    asked: int = 0
    claimed: int | None = None
    assured: int | None = None
    band: str | None = None
    stopped_by: str | None = None


class Answer(SQLModel, table=True):
    """The reply that stands. `version` counts from 1; `reply` is JSON text, null when cleared."""

    __tablename__ = "answer"

    assessment_id: str = Field(primary_key=True, foreign_key="assessment.id")
    question_id: str = Field(primary_key=True)
    version: int
    reply: str | None = Field(default=None, sa_type=Text)
    note: str = Field(default="", sa_type=Text)
    saved_by: str
    saved_at: datetime = Field(sa_type=Moment)


class AnswerRevision(SQLModel, table=True):
    """Every reply that ever stood. Never changed: the database refuses it."""

    __tablename__ = "answer_revision"
    __table_args__ = (UniqueConstraint("assessment_id", "question_id", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id")
    question_id: str
    version: int
    reply: str | None = Field(default=None, sa_type=Text)
    note: str = Field(default="", sa_type=Text)
    saved_by: str
    saved_at: datetime = Field(sa_type=Moment)


class Evidence(SQLModel, table=True):
    """A file that a vendor or an officer attached; its bytes lie in the evidence folder by hash."""

    __tablename__ = "evidence"

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    sha256: str = Field(index=True)
    file_name: str
    media_type: str
    size: int
    kind: str
    dated: date
    period_start: date | None = None
    period_end: date | None = None
    scope_product: str = ""
    scope_environment: str = ""
    scope_entity: str = ""
    note: str = Field(default="", sa_type=Text)
    uploaded_by: str
    uploaded_at: datetime = Field(sa_type=Moment)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Moment)


class EvidenceFor(SQLModel, table=True):
    """A question that a piece of evidence was attached for."""

    __tablename__ = "evidence_for"

    evidence_id: str = Field(primary_key=True, foreign_key="evidence.id")
    question_id: str = Field(primary_key=True)


class Submission(SQLModel, table=True):
    """What a vendor signed. `snapshot` is canonical JSON, `sha256` is of its UTF-8 bytes.

    Never changed, except that the three `returned_` columns are filled once, together.
    """

    __tablename__ = "submission"
    __table_args__ = (UniqueConstraint("assessment_id", "number"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id")
    number: int
    snapshot: str = Field(sa_type=Text)
    sha256: str
    signed_by_name: str
    signed_by_role: str
    statement: str = Field(sa_type=Text)
    submitted_at: datetime = Field(sa_type=Moment)
    contact_id: str | None = Field(default=None, foreign_key="contact.id")
    returned_at: datetime | None = Field(default=None, sa_type=Moment)
    returned_by: str | None = Field(default=None, foreign_key="person.id")
    return_reason: str | None = Field(default=None, sa_type=Text)


class Review(SQLModel, table=True):
    """A reviewer's judgement of one answer, as it stands. `version` counts from 1."""

    __tablename__ = "review"

    submission_id: str = Field(primary_key=True, foreign_key="submission.id")
    question_id: str = Field(primary_key=True)
    version: int
    assurance: str | None = None
    not_applicable: str | None = None
    reason: str = Field(default="", sa_type=Text)
    reviewer_id: str = Field(foreign_key="person.id")
    saved_at: datetime = Field(sa_type=Moment)


class ReviewRevision(SQLModel, table=True):
    """Every judgement that ever stood. Never changed: the database refuses it."""

    __tablename__ = "review_revision"
    __table_args__ = (UniqueConstraint("submission_id", "question_id", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    submission_id: str = Field(foreign_key="submission.id")
    question_id: str
    version: int
    assurance: str | None = None
    not_applicable: str | None = None
    reason: str = Field(default="", sa_type=Text)
    reviewer_id: str = Field(foreign_key="person.id")
    saved_at: datetime = Field(sa_type=Moment)


class ReviewSeat(SQLModel, table=True):
    """That somebody is one of the two who judge an assessment alone, until `freed_at`."""

    __tablename__ = "review_seat"

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    person_id: str = Field(foreign_key="person.id")
    taken_at: datetime = Field(sa_type=Moment)
    freed_at: datetime | None = Field(default=None, sa_type=Moment)
    freed_by: str | None = Field(default=None, foreign_key="person.id")
    freed_reason: str = Field(default="", sa_type=Text)


class OwnJudgement(SQLModel, table=True):
    """What one of two reviewers judges alone; nobody else sees it before both handed in."""

    __tablename__ = "own_judgement"

    submission_id: str = Field(primary_key=True, foreign_key="submission.id")
    question_id: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True, foreign_key="person.id")
    version: int
    assurance: str | None = None
    not_applicable: str | None = None
    reason: str = Field(default="", sa_type=Text)
    saved_at: datetime = Field(sa_type=Moment)


class HandIn(SQLModel, table=True):
    """That the holder of a seat handed in what they judge of a submission."""

    __tablename__ = "hand_in"
    __table_args__ = (UniqueConstraint("submission_id", "seat_id"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    submission_id: str = Field(foreign_key="submission.id", index=True)
    seat_id: str = Field(foreign_key="review_seat.id")
    handed_in_at: datetime = Field(sa_type=Moment)


class Difference(SQLModel, table=True):
    """An answer that two reviewers judged differently, `apart` steps from each other.

    `settled_by` is null until a moderator has settled it, together with the columns before it.
    """

    __tablename__ = "difference"

    submission_id: str = Field(primary_key=True, foreign_key="submission.id")
    question_id: str = Field(primary_key=True)
    apart: int
    assurance: str | None = None
    not_applicable: str | None = None
    reason: str = Field(default="", sa_type=Text)
    settled_by: str | None = Field(default=None, foreign_key="person.id")
    settled_at: datetime | None = Field(default=None, sa_type=Moment)


class Scorecard(SQLModel, table=True):
    """A computed result, with the digests that let anyone compute it again. Never changed."""

    __tablename__ = "scorecard"
    __table_args__ = (UniqueConstraint("submission_id", "number"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    submission_id: str = Field(foreign_key="submission.id")
    number: int
    result: str = Field(sa_type=Text)
    sha256: str
    input_sha256: str
    rubric_digest: str
    questionnaire_digest: str
    engine: str
    created_at: datetime = Field(sa_type=Moment)
    created_by: str
    overall: int | None = None
    claimed: int | None = None
    band: str | None = None
    state: str


class Decision(SQLModel, table=True):
    """What the committee decided, and on which scorecard. Never changed."""

    __tablename__ = "decision"

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    scorecard_id: str = Field(foreign_key="scorecard.id")
    outcome: str
    reasons: str = Field(sa_type=Text)
    decided_by: str = Field(foreign_key="person.id")
    decided_at: datetime = Field(sa_type=Moment)


class DecisionCondition(SQLModel, table=True):
    """A dated condition of a decision; `proof` says what will show that it is met."""

    __tablename__ = "decision_condition"

    id: str = Field(default_factory=new_id, primary_key=True)
    decision_id: str = Field(foreign_key="decision.id", index=True)
    text: str = Field(sa_type=Text)
    owner: str
    due_on: date
    proof: str = Field(default="", sa_type=Text)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    closed_by: str | None = Field(default=None, foreign_key="person.id")


class ConditionOwner(SQLModel, table=True):
    """Who owns a condition: a colleague, or (null) somebody at the vendor.

    Conditions of before this was asked have none; their owner is known by name only.
    """

    __tablename__ = "condition_owner"

    condition_id: str = Field(primary_key=True, foreign_key="decision_condition.id")
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    person_id: str | None = Field(default=None, foreign_key="person.id")


class ConflictDeclaration(SQLModel, table=True):
    """What somebody who judges said about a conflict of interest; the latest one counts.

    It holds for every assessment of the same engagement; `assessment_id` is where it was said.
    """

    __tablename__ = "conflict_declaration"

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    person_id: str = Field(foreign_key="person.id")
    conflict: bool
    words: str = Field(default="", sa_type=Text)
    declared_at: datetime = Field(sa_type=Moment)


class ScopeApproval(SQLModel, table=True):
    """That a second officer approved what an assessment asks."""

    __tablename__ = "scope_approval"

    assessment_id: str = Field(primary_key=True, foreign_key="assessment.id")
    approved_by: str = Field(foreign_key="person.id")
    approved_at: datetime = Field(sa_type=Moment)


class Override(SQLModel, table=True):
    """A request to open an outcome that the risk appetite closes, on one scorecard.

    `granted` is null until a second person has settled it, together with the columns after it.
    """

    __tablename__ = "override"

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    scorecard_id: str = Field(foreign_key="scorecard.id")
    outcome: str
    reason: str = Field(sa_type=Text)
    asked_by: str = Field(foreign_key="person.id")
    asked_at: datetime = Field(sa_type=Moment)
    granted: bool | None = None
    settled_reason: str = Field(default="", sa_type=Text)
    settled_by: str | None = Field(default=None, foreign_key="person.id")
    settled_at: datetime | None = Field(default=None, sa_type=Moment)


class RuleCheck(SQLModel, table=True):
    """That a reviewer confirmed a knockout or cap that fired on a submission; never changed."""

    __tablename__ = "rule_check"

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    submission_id: str = Field(foreign_key="submission.id", index=True)
    rule_id: str
    looked_at: str = Field(sa_type=Text)
    checked_by: str = Field(foreign_key="person.id")
    checked_at: datetime = Field(sa_type=Moment)


class Lifting(SQLModel, table=True):
    """A request to lift a knockout or cap that fired on a submission.

    `granted` is null until a second person has settled it, together with the columns after it;
    `over_at` is set when a reviewer confirms the rule after it was lifted.
    """

    __tablename__ = "lifting"

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    submission_id: str = Field(foreign_key="submission.id", index=True)
    rule_id: str
    reason: str = Field(sa_type=Text)
    asked_by: str = Field(foreign_key="person.id")
    asked_at: datetime = Field(sa_type=Moment)
    granted: bool | None = None
    settled_reason: str = Field(default="", sa_type=Text)
    settled_by: str | None = Field(default=None, foreign_key="person.id")
    settled_at: datetime | None = Field(default=None, sa_type=Moment)
    over_at: datetime | None = Field(default=None, sa_type=Moment)


class ConditionCheck(SQLModel, table=True):
    """What a verifier found when closing a condition of a decision."""

    __tablename__ = "condition_check"

    condition_id: str = Field(primary_key=True, foreign_key="decision_condition.id")
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    found: str = Field(sa_type=Text)
    checked_by: str = Field(foreign_key="person.id")
    checked_at: datetime = Field(sa_type=Moment)


class RiskAcceptance(SQLModel, table=True):
    """A risk that its owner accepts until a day, and what makes up for it meanwhile."""

    __tablename__ = "risk_acceptance"

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    risk: str = Field(sa_type=Text)
    control: str = Field(sa_type=Text)
    expires_on: date
    accepted_by: str = Field(foreign_key="person.id")
    accepted_at: datetime = Field(sa_type=Moment)


class Invitation(SQLModel, table=True):
    """A link that lets one contact answer one assessment; only the token's hash is kept."""

    __tablename__ = "invitation"

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    contact_id: str = Field(foreign_key="contact.id")
    token_hash: str = Field(unique=True, repr=False)
    created_by: str = Field(foreign_key="person.id")
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)
    exchanged_at: datetime | None = Field(default=None, sa_type=Moment)


class Delegation(SQLModel, table=True):
    """That an invitation was given by a vendor's coordinator, and what it opens.

    `sections` is a JSON list of section ids; `signs` for a signatory, who has none and reads all.
    `parent_id` is the coordinator's own invitation, with which this one ends.
    """

    __tablename__ = "delegation"

    invitation_id: str = Field(primary_key=True, foreign_key="invitation.id")
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    parent_id: str = Field(foreign_key="invitation.id", index=True)
    given_by: str = Field(foreign_key="contact.id")
    sections: str = Field(default="[]", sa_type=Text)
    signs: bool = False


class ReadCode(SQLModel, table=True):
    """A one-time code by which a vendor's session may read files back; only its keyed hash is kept.

    `sealed` has the digits, sealed, while an officer has to pass them on; else it is empty.
    """

    __tablename__ = "read_code"

    id: str = Field(default_factory=new_id, primary_key=True)
    assessment_id: str = Field(foreign_key="assessment.id", index=True)
    sign_in_id: str = Field(foreign_key="sign_in.id", index=True)
    contact_id: str = Field(foreign_key="contact.id")
    code_hash: str = Field(repr=False)
    sealed: str = Field(default="", sa_type=Text, repr=False)
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    failures: int = 0
    used_at: datetime | None = Field(default=None, sa_type=Moment)
    shown_at: datetime | None = Field(default=None, sa_type=Moment)
    shown_by: str | None = Field(default=None, foreign_key="person.id")


class SignIn(SQLModel, table=True):
    """A session: of a person, or of a contact bound to one assessment by an invitation."""

    __tablename__ = "sign_in"
    __table_args__ = (
        CheckConstraint("(person_id IS NULL) <> (contact_id IS NULL)", name="person_or_contact"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    token_hash: str = Field(unique=True, repr=False)
    person_id: str | None = Field(default=None, foreign_key="person.id", index=True)
    contact_id: str | None = Field(default=None, foreign_key="contact.id")
    invitation_id: str | None = Field(default=None, foreign_key="invitation.id", index=True)
    assessment_id: str | None = Field(default=None, foreign_key="assessment.id")
    created_at: datetime = Field(sa_type=Moment)
    last_seen_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


class SetupToken(SQLModel, table=True):
    """A one-use link: sets up the first administrator, or lets `person_id` choose a password."""

    __tablename__ = "setup_token"

    id: str = Field(default_factory=new_id, primary_key=True)
    token_hash: str = Field(unique=True, repr=False)
    person_id: str | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    used_at: datetime | None = Field(default=None, sa_type=Moment)


class SignInDetail(SQLModel, table=True):
    """How a member of staff's session began, and how much it proves.

    `half` until the second factor is given; `factor` is how it was given: "app", "passkey",
    "recovery" or "provider". `confirmed_at` is when the person last proved who they are.
    `provider` names who signed them in where they did not use a password of ours.
    """

    __tablename__ = "sign_in_detail"

    sign_in_id: str = Field(primary_key=True, foreign_key="sign_in.id")
    half: bool = False
    factor: str | None = None
    confirmed_at: datetime = Field(sa_type=Moment)
    device: str = ""
    address: str = ""
    provider: str | None = None


class SecondFactor(SQLModel, table=True):
    """An authenticator app or a passkey of a person; `kind` is "app" or "passkey".

    An app has a sealed `secret` and the time step of the last code taken, so that no code works
    twice. A passkey has the id and public key of its credential and the count of its signatures.
    """

    __tablename__ = "second_factor"

    id: str = Field(default_factory=new_id, primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    kind: str
    name: str
    created_at: datetime = Field(sa_type=Moment)
    last_used_at: datetime | None = Field(default=None, sa_type=Moment)
    secret: str | None = Field(default=None, sa_type=Text, repr=False)
    last_step: int | None = None
    credential_id: str | None = Field(default=None, unique=True)
    public_key: str | None = Field(default=None, sa_type=Text)
    sign_count: int = Field(default=0, sa_type=BigInteger)


class ProviderAccount(SQLModel, table=True):
    """Who somebody is to a provider that signs them in: `subject` is theirs there for good."""

    __tablename__ = "provider_account"

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    created_at: datetime = Field(sa_type=Moment)


class ProviderSession(SQLModel, table=True):
    """Through which provider a session began, so that the provider can end it. `session` is what
    the provider calls its own session, empty where it did not tell.
    """

    __tablename__ = "provider_session"
    __table_args__ = (Index("ix_provider_session_subject", "issuer", "subject"),)

    sign_in_id: str = Field(primary_key=True, foreign_key="sign_in.id")
    issuer: str
    subject: str
    session: str = ""


class RecoveryCode(SQLModel, table=True):
    """A code for whoever lost their second factor: works once, and only its keyed hash is kept."""

    __tablename__ = "recovery_code"

    id: str = Field(default_factory=new_id, primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    code_hash: str = Field(unique=True, repr=False)
    created_at: datetime = Field(sa_type=Moment)
    used_at: datetime | None = Field(default=None, sa_type=Moment)


class Pending(SQLModel, table=True):
    """Something begun that the same browser must finish soon, such as setting up an app.

    `key` is a hash that names what it is and whose; `content` is sealed.
    """

    __tablename__ = "pending"

    key: str = Field(primary_key=True)
    content: str = Field(sa_type=Text, repr=False)
    expires_at: datetime = Field(sa_type=Moment)


class LegalHold(SQLModel, table=True):
    """What must not be deleted, whatever its period: an assessment's or a vendor's, by `kind`.

    One person asks to lift it, another lifts it.
    """

    __tablename__ = "legal_hold"

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str
    subject_id: str
    reason: str = Field(sa_type=Text)
    set_by: str = Field(foreign_key="person.id")
    set_at: datetime = Field(sa_type=Moment)
    lift_reason: str | None = Field(default=None, sa_type=Text)
    lift_asked_by: str | None = Field(default=None, foreign_key="person.id")
    lift_asked_at: datetime | None = Field(default=None, sa_type=Moment)
    lifted_by: str | None = Field(default=None, foreign_key="person.id")
    lifted_at: datetime | None = Field(default=None, sa_type=Moment)


class Tender(SQLModel, table=True):
    """Engagements whose vendors bid by answering the same questions, sealed until a deadline.

    `sealed_key` is the key of what they answer, sealed so that only a bidder's own session has it
    opened; unsealing adds `released_key`, the same key for everybody whom the policy table lets
    read. Once published, only the deadline moves, and only to a later time.
    """

    __tablename__ = "tender"

    id: str = Field(default_factory=new_id, primary_key=True)
    title: str
    questionnaire_id: str
    questionnaire_version: int
    questionnaire_digest: str
    rubric_digest: str
    deadline: datetime = Field(sa_type=Moment)
    late_rule: str
    pseudonymous: bool
    created_by: str = Field(foreign_key="person.id")
    created_at: datetime = Field(sa_type=Moment)
    published_by: str | None = Field(default=None, foreign_key="person.id")
    published_at: datetime | None = Field(default=None, sa_type=Moment)
    unsealed_by: str | None = Field(default=None, foreign_key="person.id")
    unsealed_at: datetime | None = Field(default=None, sa_type=Moment)
    locked_by: str | None = Field(default=None, foreign_key="person.id")
    locked_at: datetime | None = Field(default=None, sa_type=Moment)
    sealed_key: str | None = Field(default=None, sa_type=Text, repr=False)
    released_key: str | None = Field(default=None, sa_type=Text, repr=False)


class TenderBid(SQLModel, table=True):
    """An assessment that bids in a tender. `pseudonym` is drawn when the tender is published."""

    __tablename__ = "tender_bid"

    assessment_id: str = Field(primary_key=True, foreign_key="assessment.id")
    tender_id: str = Field(foreign_key="tender.id", index=True)
    engagement_id: str = Field(foreign_key="engagement.id")
    pseudonym: str = ""
    late: bool = False


class DeletionReceipt(SQLModel, table=True):
    """What was deleted when its time was over. Never changed, but for when its files were gone.

    `stores` is a JSON list of what was deleted where. `since` is when the clock started, None for
    many things at once. `files_gone_at` is None while files still lie on the disk.
    """

    __tablename__ = "deletion_receipt"

    id: str = Field(default_factory=new_id, primary_key=True)
    data_class: str
    period: str
    subject_kind: str
    subject_id: str
    assessment_id: str | None = Field(default=None, foreign_key="assessment.id", index=True)
    since: datetime | None = Field(default=None, sa_type=Moment)
    made_at: datetime = Field(sa_type=Moment)
    stores: str = Field(sa_type=Text)
    files_gone_at: datetime | None = Field(default=None, sa_type=Moment)


class PurgePass(SQLModel, table=True):
    """A row that lets its own transaction delete what never changes, and that cannot be committed.

    Its reference to a row that never exists is checked at the end of the transaction, so the
    transaction must have removed it by then.
    """

    __tablename__ = "purge_pass"
    __table_args__ = (
        CheckConstraint("never = 0", name="never_zero"),
        ForeignKeyConstraint(["never"], ["installation.id"], deferrable=True, initially="DEFERRED"),
    )

    id: int = Field(primary_key=True)
    never: int = 0


class Throttle(SQLModel, table=True):
    """Failed tries of one account or one address; `key` is a hash, so no address is kept."""

    __tablename__ = "throttle"

    key: str = Field(primary_key=True)
    failures: int
    last_failed_at: datetime = Field(sa_type=Moment)


class AuditEvent(SQLModel, table=True):
    """Who did what to what, written with the change itself and chained to the event before it.

    `chain` is the assessment's id, or "installation" for what belongs to none; `number` counts
    from 1 within the chain. `details` is canonical JSON. `origin` is the address that the request
    came from, "cli" or "app". `changes` is a JSON list of the rows that the event binds, `said` the
    digest of the words (see `store.chain`); these are empty in events of before there were keys.
    Never changed, except that the words may be erased.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("chain", "number"),
        Index("ix_audit_event_subject", "subject_kind", "subject_id"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    chain: str
    number: int
    at: datetime = Field(sa_type=Moment)
    actor_kind: str
    actor_id: str
    actor_name: str
    action: str
    subject_kind: str
    subject_id: str
    assessment_id: str | None = Field(default=None, foreign_key="assessment.id")
    details: str = Field(default="{}", sa_type=Text)
    origin: str | None = None
    nonce: str | None = None
    changes: str | None = Field(default=None, sa_type=Text)
    said: str | None = None
    previous_hash: str
    hash: str
