"""What never changes can be deleted by the transaction that holds a purge pass, and by no other."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.store.records import NOW, World, make_world
from vendorrisk.access import EVERYTHING, SYSTEM
from vendorrisk.store import ImmutableError, Store
from vendorrisk.store.tables import (
    AnswerRevision,
    Decision,
    DecisionCondition,
    DeletionReceipt,
    Evidence,
    EvidenceFor,
    Submission,
)

KEPT = ("scorecard", "audit_event", "submission", "decision", "decision_condition")


@pytest.fixture
def world(store: Store) -> World:
    return make_world(store)


def blank(store: Store, world: World) -> None:
    with store.begin(EVERYTHING) as work:
        with work.purging():
            for table in (EvidenceFor, Evidence, AnswerRevision):
                for row in work.all(table):
                    work.remove(row)
            for submission in work.all(Submission):
                submission.snapshot = '{"answers":{}}'
                submission.signed_by_name = submission.signed_by_role = ""
            for decision in work.all(Decision):
                decision.reasons = ""
            for condition in work.all(DecisionCondition):
                condition.text = condition.owner = condition.proof = ""
        work.record(SYSTEM, "purge", "assessment", world.assessment, world.assessment)


def test_with_a_pass_rows_go_words_are_blanked_and_the_trail_still_holds(
    store: Store, world: World
) -> None:
    blank(store, world)
    with store.read(EVERYTHING) as work:
        assert [*work.all(Evidence), *work.all(AnswerRevision)] == []
        assert {row.signed_by_name for row in work.all(Submission)} == {""}
        assert {row.owner for row in work.all(DecisionCondition)} == {""}
    assert store.breaks() == []


def test_the_pass_ends_with_its_block_and_is_never_stored(store: Store, world: World) -> None:
    def too_late() -> None:
        with store.begin(EVERYTHING) as work:
            with work.purging():
                pass
            work.remove(work.all(AnswerRevision)[0])

    with pytest.raises(ImmutableError):
        too_late()
    with store.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM purge_pass")) == 0


def test_a_pass_that_stays_takes_everything_back(store: Store, world: World) -> None:
    def by_hand() -> None:
        with store.engine.begin() as connection:
            connection.execute(text("INSERT INTO purge_pass (id, never) VALUES (1, 0)"))
            connection.execute(text("DELETE FROM answer_revision"))

    with pytest.raises(IntegrityError):
        by_hand()
    with store.read(EVERYTHING) as work:
        assert work.all(AnswerRevision)
    assert store.breaks() == []


def test_a_pass_opens_nothing_for_others(store: Store, world: World) -> None:
    if store.engine.dialect.name == "sqlite":
        return  # it has one writer at a time, so there are no others
    with store.engine.connect() as holder, holder.begin() as transaction:
        holder.execute(text("INSERT INTO purge_pass (id, never) VALUES (1, 0)"))
        with pytest.raises(Exception, match="never changes"), store.engine.begin() as other:
            other.execute(text("DELETE FROM answer_revision"))
        transaction.rollback()


def with_a_pass(store: Store, statement: str) -> None:
    with store.begin(EVERYTHING) as work, work.purging():
        work._connection.execute(text(statement))


@pytest.mark.parametrize(
    "change",
    [
        "submission SET sha256 = 'x'",
        "submission SET number = 9",
        "submission SET snapshot = '', submitted_at = returned_at",
        "decision SET outcome = 'approve', reasons = ''",
        "decision_condition SET due_on = '2030-01-01', text = ''",
        "scorecard SET result = ''",
        "audit_event SET hash = 'x'",
        "deletion_receipt SET stores = '[]'",
    ],
)
def test_even_with_a_pass_nothing_but_words_changes(
    store: Store, world: World, change: str
) -> None:
    with store.begin(EVERYTHING) as work:
        work.add(receipt(world))
        work.record(SYSTEM, "purge", "assessment", world.assessment, world.assessment)
    with pytest.raises(Exception, match="never changes"):
        with_a_pass(store, f"UPDATE {change}")


def test_no_pass_deletes_what_must_stay(store: Store, world: World) -> None:
    for table in KEPT:
        with pytest.raises(Exception, match="never changes"):
            with_a_pass(store, f"DELETE FROM {table}")


def receipt(world: World) -> DeletionReceipt:
    return DeletionReceipt(
        data_class="evidence",
        period="1 year",
        subject_kind="assessment",
        subject_id=world.assessment,
        assessment_id=world.assessment,
        since=NOW,
        made_at=NOW,
        stores="[]",
    )


def test_a_receipt_says_once_when_its_files_were_gone(store: Store, world: World) -> None:
    def gone(at: datetime | None = NOW) -> None:
        with store.begin(EVERYTHING) as work:
            for row in work.all(DeletionReceipt):
                row.files_gone_at = at
            work.record(SYSTEM, "files_gone", "receipt", "1", world.assessment)

    with store.begin(EVERYTHING) as work:
        work.add(receipt(world))
        work.record(SYSTEM, "purge", "assessment", world.assessment, world.assessment)
    gone()
    with pytest.raises(ImmutableError, match="deletion_receipt never changes"):
        gone(None)
    with pytest.raises(ImmutableError), store.begin(EVERYTHING) as work:
        work.remove(work.all(DeletionReceipt)[0])
    assert store.breaks() == []
