"""What never changes: the database itself refuses, whoever asks."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.store.records import World, make_world
from vendorrisk.access import EVERYTHING, SYSTEM
from vendorrisk.store import ImmutableError, Store
from vendorrisk.store.tables import DecisionCondition, Evidence, Submission

KEPT = (
    "submission",
    "answer_revision",
    "review_revision",
    "scorecard",
    "decision",
    "decision_condition",
    "evidence",
    "audit_event",
)


def by_hand(store: Store, statement: str) -> None:
    """Run a statement as somebody with the database open in a tool would."""
    with store.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store)


def test_no_row_can_be_deleted_or_changed(store: Store, world: World) -> None:
    for table in KEPT:
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = 'changed'"):
            with pytest.raises(DBAPIError, match=f"{table} never changes"):
                by_hand(store, statement)


def test_no_row_can_be_replaced_nor_a_table_emptied(store: Store, world: World) -> None:
    for table in KEPT:
        statement = f"TRUNCATE {table} CASCADE"
        if store.engine.dialect.name == "sqlite":
            statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
        with pytest.raises(DBAPIError, match="never changes"):
            by_hand(store, statement)


def test_a_submission_can_be_returned_once(store: Store, world: World) -> None:
    def give_back(reason: str) -> None:
        with store.begin(EVERYTHING) as work:
            row = work.get(Submission, id=world.submission)
            assert row is not None
            row.returned_at, row.returned_by = work.now, world.person
            row.return_reason = reason
            work.record(SYSTEM, "return_to_vendor", "submission", row.id, world.assessment)

    give_back("Question 4 is not answered.")
    with pytest.raises(ImmutableError, match="submission never changes"):
        give_back("Another reason.")
    with store.read(EVERYTHING) as work:
        row = work.get(Submission, id=world.submission)
    assert row is not None
    assert row.return_reason == "Question 4 is not answered."


def test_nothing_else_of_a_submission_changes(store: Store, world: World) -> None:
    for change in (
        "return_reason = 'half'",
        "returned_at = submitted_at, return_reason = 'by nobody'",
        "returned_at = submitted_at, return_reason = 'x', returned_by = (SELECT id FROM person),"
        " snapshot = '{}x'",
        "snapshot = '{}', signed_by_name = 'Somebody else'",
    ):
        with pytest.raises(DBAPIError, match="submission never changes"):
            by_hand(store, f"UPDATE submission SET {change}")


def test_a_condition_is_closed_once_and_evidence_withdrawn_once(store: Store, world: World) -> None:
    with store.begin(EVERYTHING) as work:
        condition = work.get(DecisionCondition, id=world.condition)
        evidence = work.get(Evidence, id=world.evidence)
        assert condition is not None
        assert evidence is not None
        condition.closed_at, condition.closed_by = work.now, world.person
        evidence.withdrawn_at = work.now
        work.record(SYSTEM, "close", "condition", condition.id, world.assessment)
    for change in (
        "UPDATE decision_condition SET closed_at = NULL, closed_by = NULL",
        "UPDATE evidence SET withdrawn_at = NULL",
        "UPDATE evidence SET sha256 = 'another'",
    ):
        with pytest.raises(DBAPIError, match="never changes"):
            by_hand(store, change)
