"""The only place that knows the database: rows, scoped reads, transactions, audit chain.

Open a `Store` with a scope and work inside one transaction:

    with store.begin(scope) as work:
        assessment = work.assessment(assessment_id)
        ...
        work.record(actor, "answer_question", "question", question_id, assessment_id)

`begin` reads and writes, `read` only reads. What lies outside the scope is not found. Rows stay
readable after the transaction; changing one inside it saves the change. A transaction that changed
something and recorded no audit event is refused.
"""

from vendorrisk.store.chain import INSTALLATION, Break
from vendorrisk.store.database import (
    READ_SEALED,
    DuplicateError,
    ImmutableError,
    Migrated,
    Store,
    StoreUnavailable,
    UnkeyedError,
    key_in_use,
    migrate,
    utc_now,
)
from vendorrisk.store.sealing import Bid, BrokenKey, SealedError, is_sealed, snapshot_of, terms_of
from vendorrisk.store.tables import document_text, new_id
from vendorrisk.store.work import (
    DecisionItem,
    EvidenceItem,
    OutOfScopeError,
    PersonItem,
    PortfolioRow,
    SavedAnswer,
    SeatItem,
    SessionItem,
    StaleError,
    TrailFilter,
    TrailPart,
    UnauditedError,
    Work,
)

__all__ = [
    "INSTALLATION",
    "READ_SEALED",
    "Bid",
    "Break",
    "BrokenKey",
    "DecisionItem",
    "DuplicateError",
    "EvidenceItem",
    "ImmutableError",
    "Migrated",
    "OutOfScopeError",
    "PersonItem",
    "PortfolioRow",
    "SavedAnswer",
    "SealedError",
    "SeatItem",
    "SessionItem",
    "StaleError",
    "Store",
    "StoreUnavailable",
    "TrailFilter",
    "TrailPart",
    "UnauditedError",
    "UnkeyedError",
    "Work",
    "document_text",
    "is_sealed",
    "key_in_use",
    "migrate",
    "new_id",
    "snapshot_of",
    "terms_of",
    "utc_now",
]
