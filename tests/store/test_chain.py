"""The audit chain: whoever changes, removes or reorders events is found out."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.store.records import make_world
from vendorrisk.access import EVERYTHING, SYSTEM
from vendorrisk.store import Store
from vendorrisk.store.chain import START, first_breaks, link
from vendorrisk.store.tables import AuditEvent

AT = datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)
KEY = b"a key for tests"
FIELDS = [name for name in AuditEvent.model_fields if name != "id"]


def chain_of(length: int, name: str = "a", key: bytes | None = None) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    previous = START
    for number in range(1, length + 1):
        event = AuditEvent(
            chain=name,
            number=number,
            at=AT + timedelta(seconds=number),
            actor_kind="person",
            actor_id="p",
            actor_name="Olive",
            action="answer_question",
            subject_kind="question",
            subject_id=f"q{number}",
            assessment_id=name,
            details=f'{{"version":{number}}}',
            previous_hash=previous,
            hash="",
        )
        event.hash = previous = link(event.model_dump(), key)
        events.append(event)
    return events


def changed(value: Any) -> Any:
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    return value + 1 if isinstance(value, int) else f"{value}x"


@pytest.mark.parametrize("key", [None, KEY])
def test_an_untouched_chain_holds(key: bytes | None) -> None:
    assert first_breaks([*chain_of(5, "a", key), *chain_of(3, "b", key)], key) == []


@given(at=st.integers(0, 5), field=st.sampled_from(FIELDS))
def test_a_changed_field_breaks_the_chain_there_or_right_after(at: int, field: str) -> None:
    events = chain_of(6)
    setattr(events[at], field, changed(getattr(events[at], field)))
    breaks = first_breaks(events)
    assert breaks
    assert field == "chain" or breaks[0].number in (at + 1, at + 2)


@given(at=st.integers(0, 4))
def test_a_removed_event_is_missed(at: int) -> None:
    events = chain_of(6)
    del events[at]
    [found] = first_breaks(events)
    assert found.number == at + 1
    assert "missing" in found.says


@given(order=st.permutations(range(4)).filter(lambda order: list(order) != sorted(order)))
@settings(max_examples=24)
def test_reordered_and_renumbered_events_are_found(order: list[int]) -> None:
    events = [chain_of(4)[at] for at in order]
    for number, event in enumerate(events, 1):
        event.number = number
    assert first_breaks(events)


@given(at=st.integers(0, 5))
def test_a_chain_computed_afresh_without_the_key_is_found(at: int) -> None:
    events = chain_of(6, key=KEY)
    previous = events[at].previous_hash
    events[at].details = '{"version":99}'
    for event in events[at:]:
        event.previous_hash = previous
        event.hash = previous = link(event.model_dump())
    assert first_breaks(events, KEY)[0].number == at + 1


def test_only_the_broken_chain_is_named() -> None:
    good, bad = chain_of(3, "a"), chain_of(3, "b")
    bad[1].actor_name = "Somebody else"
    assert [(found.chain, found.number) for found in first_breaks([*good, *bad])] == [("b", 2)]


def test_each_assessment_and_the_installation_have_a_chain(store: Store) -> None:
    one, two = make_world(store, "One"), make_world(store, "Two")
    for world in (one, two, one):
        with store.begin(EVERYTHING) as work:
            work.record(SYSTEM, "invite", "contact", world.contact, world.assessment, days=14)
    with store.read(EVERYTHING) as work:
        numbers = {(event.chain, event.number) for event in work.events()}
        assert [event.details for event in work.events(one.assessment)] == ['{"days":14}'] * 2
        assert work.broken_chains() == []
    assert numbers == {
        ("installation", 1),
        ("installation", 2),
        (one.assessment, 1),
        (one.assessment, 2),
        (two.assessment, 1),
    }


def test_events_recorded_at_once_still_make_one_chain(store: Store) -> None:
    world = make_world(store)
    start = threading.Barrier(4)

    def one() -> None:
        start.wait()
        for _ in range(3):
            with store.begin(EVERYTHING) as work:
                work.record(SYSTEM, "invite", "contact", world.contact, world.assessment)
                work.record(SYSTEM, "add_contact", "contact", world.contact)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read(EVERYTHING) as work:
        assert len(work.events(world.assessment)) == 12
        assert len(work.events()) == 25
        assert work.broken_chains() == []


def test_a_row_changed_past_the_trigger_is_found(store: Store) -> None:
    world = make_world(store)
    with store.begin(EVERYTHING) as work:
        work.record(SYSTEM, "submit", "submission", world.submission, world.assessment)
    off = (
        "DROP TRIGGER audit_event_keep"
        if store.engine.dialect.name == "sqlite"
        else "ALTER TABLE audit_event DISABLE TRIGGER ALL"
    )
    with store.engine.begin() as connection:
        connection.execute(text(off))
        connection.execute(
            text("UPDATE audit_event SET actor_name = 'Nobody' WHERE chain = :chain"),
            {"chain": world.assessment},
        )
    with store.read(EVERYTHING) as work:
        [found] = work.broken_chains()
    assert (found.chain, found.number) == (world.assessment, 1)
