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
    Duplicate,
    Immutable,
    Migrated,
    Store,
    StoreUnavailable,
    migrate,
    utc_now,
)
from vendorrisk.store.tables import document_text, new_id
from vendorrisk.store.work import (
    DecisionItem,
    EvidenceItem,
    OutOfScope,
    PersonItem,
    PortfolioRow,
    SavedAnswer,
    SessionItem,
    Stale,
    Unaudited,
    Work,
)

__all__ = [
    "INSTALLATION",
    "Break",
    "DecisionItem",
    "Duplicate",
    "EvidenceItem",
    "Immutable",
    "Migrated",
    "OutOfScope",
    "PersonItem",
    "PortfolioRow",
    "SavedAnswer",
    "SessionItem",
    "Stale",
    "Store",
    "StoreUnavailable",
    "Unaudited",
    "Work",
    "document_text",
    "migrate",
    "new_id",
    "utc_now",
]
