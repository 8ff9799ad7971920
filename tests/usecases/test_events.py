"""Whatever writes a row writes an event in the same transaction, and the event binds the row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import event

from tests.usecases.conftest import World
from tests.usecases.test_policy import CALLS, Ids, outcome, walked
from tests.usecases.test_verifying import life_of
from vendorrisk.access import EVERYTHING, Action, Actor
from vendorrisk.store import Store
from vendorrisk.store.chain import UNBOUND_COLUMNS, UNBOUND_TABLES

__all__ = ["walked"]  # the fixture: every verb, with an actor for every role

WRITES = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?(?:\s+SET\s+"?(\w+)"?=)?')


@dataclass
class Watch:
    """Which tables each transaction wrote to, of those that were committed."""

    now: set[str] = field(default_factory=set)
    committed: list[set[str]] = field(default_factory=list)

    def statement(self, *arguments: object) -> None:
        found = WRITES.match(str(arguments[2]))
        if found is None:
            return
        table, column = found.groups()
        quiet = UNBOUND_COLUMNS.get(table, frozenset())
        if table not in UNBOUND_TABLES and column not in quiet:
            self.now.add(table)

    def commit(self, *_: object) -> None:
        if self.now:
            self.committed.append(self.now)
        self.now = set()

    def rollback(self, *_: object) -> None:
        self.now = set()

    @property
    def silent(self) -> list[set[str]]:
        """Those that wrote and recorded nothing."""
        return [tables for tables in self.committed if "audit_event" not in tables]


@contextmanager
def watching(store: Store) -> Iterator[Watch]:
    watch = Watch()
    listeners = {
        "before_cursor_execute": watch.statement,
        "commit": watch.commit,
        "rollback": watch.rollback,
    }
    for name, listener in listeners.items():
        event.listen(store.engine, name, listener)
    yield watch
    for name, listener in listeners.items():
        event.remove(store.engine, name, listener)


@pytest.mark.parametrize("action", Action)
def test_every_verb_that_writes_records_in_the_same_transaction(
    walked: tuple[World, Ids, dict[str, Actor]], action: Action
) -> None:
    world, ids, actors = walked
    with watching(world.app.store) as watch:
        for actor in actors.values():
            outcome(lambda actor=actor: CALLS[action](world.app, actor, ids))
    assert watch.silent == []
    assert world.app.store.breaks() == [], "what was written is what the events bind"


def test_a_whole_assessment_leaves_nothing_that_no_event_tells_of(world: World) -> None:
    with watching(world.app.store) as watch:
        life_of(world)
    assert watch.silent == []
    assert len(watch.committed) > 20
    written = set().union(*watch.committed)
    assert {"answer", "evidence", "submission", "review", "scorecard", "sign_in"} <= written
    assert world.app.store.breaks() == []


def test_the_watch_notices_a_row_that_is_written_in_silence(world: World) -> None:
    with watching(world.app.store) as watch, world.app.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE contact SET job_title = 'Silent'")
    assert watch.silent == [{"contact"}]


def test_every_reading_of_evidence_is_an_event(world: World) -> None:
    assessment_id = life_of(world)
    with world.app.store.read(EVERYTHING) as work:
        read = [e for e in work.events(assessment_id) if e.action == Action.OPEN_EVIDENCE]
    assert [e.actor_kind for e in read] == ["contact", "person"]
    assert all(e.nonce and e.subject_kind == "evidence" for e in read)
