"""The audit chain: whoever changes, removes or reorders events, or a row they tell of, is found."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.conftest import KEYS
from tests.store.records import make_world
from vendorrisk.access import EVERYTHING, ORIGIN, SYSTEM, Role
from vendorrisk.store import Store, migrate
from vendorrisk.store.chain import START, WORDS, follow, link, said_by
from vendorrisk.store.tables import Assessment, AuditEvent, Contact, EvidenceFor, Person, SignIn

AT = datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)
KEY = KEYS.derive("audit")
Event = dict[str, Any]
FIELDS = [name for name in AuditEvent.model_fields if name not in ("chain", "number")]


def chain_of(length: int, name: str = "a", first_keyed: int = 1) -> list[Event]:
    """A chain whose events are keyed from `first_keyed` on, as those of before were not."""
    events: list[Event] = []
    previous = START
    for number in range(1, length + 1):
        keyed = number >= first_keyed
        event: Event = {
            "id": f"{name}{number}",
            "chain": name,
            "number": number,
            "at": AT + timedelta(seconds=number),
            "actor_kind": "person",
            "actor_id": "p",
            "actor_name": "Olive",
            "action": "answer_question",
            "subject_kind": "question",
            "subject_id": f"q{number}",
            "assessment_id": name,
            "details": f'{{"version":{number}}}',
            "origin": "192.0.2.7" if keyed else None,
            "nonce": f"{number:032}" if keyed else None,
            "changes": "[]" if keyed else None,
            "said": None,
            "previous_hash": previous,
        }
        if keyed:
            event["said"] = said_by(KEY, event)
        event["hash"] = previous = link(event, KEY)
        events.append(event)
    return events


def changed(value: Any) -> Any:
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    return f"{value}x"


@pytest.mark.parametrize("first_keyed", [1, 2, 5])
def test_an_untouched_chain_holds(first_keyed: int) -> None:
    events = [*chain_of(5, "a", first_keyed), *chain_of(3, "b")]
    trail = follow(events, KEY)
    assert trail.breaks == []
    assert {chain: number for chain, (number, _) in trail.heads.items()} == {"a": 5, "b": 3}


@given(at=st.integers(0, 5), field=st.sampled_from(FIELDS))
def test_a_changed_field_breaks_the_chain_there_or_right_after(at: int, field: str) -> None:
    events = chain_of(6)
    events[at][field] = changed(events[at][field])
    breaks = follow(events, KEY).breaks
    assert breaks
    assert breaks[0].number in (at + 1, at + 2)


@given(at=st.integers(0, 5), field=st.sampled_from([f for f in FIELDS if f != "hash"]))
def test_a_key_is_needed_to_mend_the_hashes_after_a_change(at: int, field: str) -> None:
    events = chain_of(6)
    events[at][field] = changed(events[at][field])
    previous = events[at]["previous_hash"]
    for event in events[at:]:
        event["previous_hash"] = previous
        event["hash"] = previous = link(event, b"another key, 32 bytes long here!")
    assert follow(events, KEY).breaks[0].number == at + 1


@given(at=st.integers(0, 4))
def test_a_removed_event_is_missed(at: int) -> None:
    events = chain_of(6)
    del events[at]
    [found] = follow(events, KEY).breaks
    assert found.number == at + 1
    assert "missing" in found.says


@given(order=st.permutations(range(4)).filter(lambda order: list(order) != sorted(order)))
@settings(max_examples=24)
def test_reordered_and_renumbered_events_are_found(order: list[int]) -> None:
    events = [chain_of(4)[at] for at in order]
    for number, event in enumerate(events, 1):
        event["number"] = number
    assert follow(events, KEY).breaks


@given(at=st.integers(0, 5))
def test_events_made_without_the_key_never_follow_keyed_ones(at: int) -> None:
    events = chain_of(6)
    previous = events[at]["previous_hash"]
    for event in events[at:]:
        event.update(nonce=None, changes=None, said=None, origin=None, previous_hash=previous)
        event["hash"] = previous = link(event, None)
    breaks = follow(events, KEY).breaks
    assert at == 0 or breaks[0].number == at + 1


def test_what_was_recorded_before_there_was_a_key_cannot_be_rewritten_since() -> None:
    events = chain_of(6, first_keyed=4)
    previous, events[0]["details"] = START, '{"version":99}'
    for event in events[:3]:
        event["previous_hash"] = previous
        event["hash"] = previous = link(event, None)
    [found] = follow(events, KEY).breaks
    assert found.number == 4


def test_only_the_broken_chain_is_named() -> None:
    good, bad = chain_of(3, "a"), chain_of(3, "b")
    bad[1]["subject_id"] = "something else"
    breaks = follow([*good, *bad], KEY).breaks
    assert [(found.chain, found.number) for found in breaks] == [("b", 2)]
    assert str(breaks[0]).startswith("Assessment b, event 2: ")


@given(kept=st.integers(0, 6), reached=st.integers(1, 6))
def test_an_end_that_was_cut_off_shows_against_a_checkpoint_alone(kept: int, reached: int) -> None:
    events = chain_of(6)
    heads = {"a": (reached, events[reached - 1]["hash"])}
    assert follow(events[:kept], KEY).breaks == []
    breaks = follow(events[:kept], KEY, heads).breaks
    assert [found.number for found in breaks] == ([kept + 1] if kept < reached else [])


def test_a_chain_made_anew_with_the_key_shows_against_a_checkpoint() -> None:
    before, after = chain_of(3), chain_of(3)
    heads = {"a": (2, before[1]["hash"])}
    after[1]["details"] = "{}"
    after[1]["said"] = said_by(KEY, after[1])
    after[1]["hash"] = link(after[1], KEY)
    after[2]["previous_hash"] = after[1]["hash"]
    after[2]["hash"] = link(after[2], KEY)
    assert follow(after, KEY).breaks == []
    assert [found.number for found in follow(after, KEY, heads).breaks] == [2]


def breaks_of(store: Store) -> list[tuple[str, str]]:
    return [(found.table, found.says) for found in store.breaks()]


def test_each_assessment_and_the_installation_have_a_chain(store: Store) -> None:
    one, two = make_world(store, "One"), make_world(store, "Two")
    for world in (one, two, one):
        with store.begin(EVERYTHING) as work:
            work.record(SYSTEM, "invite", "contact", world.contact, world.assessment, days=14)
    with store.read(EVERYTHING) as work:
        numbers = {(event.chain, event.number) for event in work.events()}
        told = [event.details for event in work.events(one.assessment)]
    assert store.breaks() == []
    assert told == ["{}", '{"days":14}', '{"days":14}']
    assert numbers == {
        *(("installation", number) for number in (1, 2, 3)),
        *((one.assessment, number) for number in (1, 2, 3)),
        *((two.assessment, number) for number in (1, 2)),
    }


def test_an_act_that_changes_rows_of_two_chains_is_an_event_in_both(store: Store) -> None:
    world = make_world(store)
    with store.begin(EVERYTHING) as work:
        person, row = work.get(Person, id=world.person), work.get(Assessment, id=world.assessment)
        assert person is not None
        assert row is not None
        person.name, row.due_on = "Olive Larkmere-Hill", AT.date()
        work.record(SYSTEM, "rename", "person", person.id)
    with store.read(EVERYTHING) as work:
        [twice] = [e for e in work.events(world.assessment) if e.action == "rename"]
    assert world.assessment in str(twice.changes)
    assert store.breaks() == []


def test_events_recorded_at_once_still_make_one_chain(store: Store) -> None:
    world = make_world(store)
    start = threading.Barrier(4)

    def one() -> None:
        start.wait()
        for _ in range(3):
            with store.begin(EVERYTHING) as work:
                work.record(SYSTEM, "add_contact", "contact", world.contact)
                work.record(SYSTEM, "invite", "contact", world.contact, world.assessment)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read(EVERYTHING) as work:
        assert len(work.events(world.assessment)) == 13
        assert len(work.events()) == 27
    assert store.breaks() == []


def test_every_kind_of_change_is_bound(store: Store) -> None:
    world = make_world(store)
    with store.begin(EVERYTHING) as work:
        work.save_answer(
            world.assessment, "q1", reply='"worse"', note="n", saved_by="x", seen_version=1
        )
        row = work.assessment(world.assessment)
        assert row is not None
        row.state = "submitted"
        work.note_progress(row, 1, 2)
        work.save_review(
            world.submission,
            "q1",
            assurance=None,
            not_applicable=None,
            reason="",
            reviewer_id=world.person,
            seen_version=1,
        )
        work.set_roles(world.person, [Role.REVIEWER, Role.AUDITOR])
        assert work.revoke_sessions(invitation_id=world.invitation) == 1
        [first, _] = work.all(EvidenceFor, evidence_id=world.evidence)
        work.remove(first)
        work.record(SYSTEM, "all_at_once", "assessment", world.assessment, world.assessment)
    assert store.breaks() == []
    with store.read(EVERYTHING) as work:
        changes = " ".join(str(e.changes) for e in work.events() if e.action == "all_at_once")
    for table in ("answer", "answer_revision", "assessment", "review", "review_revision"):
        assert f'["{table}",' in changes
    for table in ("person_role", "sign_in", "evidence_for"):
        assert f'["{table}",' in changes


def test_a_row_changed_to_and_fro_in_one_transaction_is_bound_as_it_ends(store: Store) -> None:
    world = make_world(store)
    with store.begin(EVERYTHING) as work:
        contact = work.get(Contact, id=world.contact)
        assert contact is not None
        contact.job_title = "One"
        work.record(SYSTEM, "first", "contact", contact.id)
        contact.job_title = "Two"
        work.record(SYSTEM, "second", "contact", contact.id)
        contact.job_title = "Three"
    assert store.breaks() == []


def test_when_a_session_was_last_used_needs_no_event(store: Store) -> None:
    world = make_world(store)
    with store.begin(EVERYTHING) as work:
        session = work.get(SignIn, id=world.sign_in)
        assert session is not None
        session.last_seen_at = AT
    assert store.breaks() == []


def test_an_event_says_from_where(store: Store) -> None:
    world = make_world(store)
    token = ORIGIN.set("198.51.100.23")
    try:
        with store.begin(EVERYTHING) as work:
            work.record(SYSTEM, "invite", "contact", world.contact, world.assessment)
    finally:
        ORIGIN.reset(token)
    with store.read(EVERYTHING) as work:
        assert [e.origin for e in work.events(world.assessment)] == ["app", "198.51.100.23"]


def test_the_same_answer_twice_looks_different_in_the_trail(store: Store) -> None:
    """Or the few choices of a question could be tried one by one against a digest."""
    worlds = [make_world(store, name) for name in ("One", "Two")]
    digests = set()
    with store.read(EVERYTHING) as work:
        for event in work.events():
            digests.add(event.nonce)
            assert "best" not in str(event.changes)
    assert len(digests) == len(worlds) + 3


def by_hand(store: Store, *statements: str) -> None:
    """Run statements as somebody would who owns the database, with its triggers out of the way."""
    with store.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type='trigger'"))
            for name in list(names):
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = DEFAULT"))


TAMPERINGS = {
    "an answer": "UPDATE answer SET reply = '\"worse\"' WHERE question_id = 'q1'",
    "an old answer": "UPDATE answer_revision SET note = 'x' WHERE question_id = 'q2'",
    "an answer's end": "DELETE FROM answer WHERE question_id = 'q1'",
    "a submission": "UPDATE submission SET signed_by_name = 'Mallory'",
    "a judgement": "UPDATE review SET assurance = 'audited'",
    "a scorecard": "UPDATE scorecard SET overall = 99",
    "a decision": "UPDATE decision SET outcome = 'approved'",
    "a condition": "UPDATE decision_condition SET text = 'Nothing'",
    "a check's end": "DELETE FROM condition_check",
    "a file's date": "UPDATE evidence SET dated = '2026-06-01'",
    "what a file proves": "UPDATE evidence_for SET question_id = 'q3' WHERE question_id = 'q2'",
    "a longer invitation": "UPDATE invitation SET expires_at = '2030-01-01 00:00:00'",
    "a session that lives again": "UPDATE sign_in SET expires_at = '2030-01-01 00:00:00'",
    "a role more": "INSERT INTO person_role SELECT id, 'administrator' FROM person",
    "another password": "UPDATE person SET password_hash = 'x'",
    "another contact": "UPDATE contact SET email = 'mallory@example.org'",
    "the headline": "UPDATE assessment SET assured = 99",
    "no demo any more": "UPDATE installation SET demo_until = '2030-01-01 00:00:00'",
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_row_changed_past_the_application_is_found_and_named(store: Store, what: str) -> None:
    make_world(store)
    statement = TAMPERINGS[what]
    by_hand(store, statement)
    store.close()
    tables = {found.table for found in store.breaks()}
    assert len(tables) == 1
    assert tables.pop() in statement


def test_an_event_changed_past_the_trigger_is_found(store: Store) -> None:
    world = make_world(store)
    with store.begin(EVERYTHING) as work:
        work.record(SYSTEM, "submit", "submission", world.submission, world.assessment)
    by_hand(
        store, f"UPDATE audit_event SET actor_name = 'Nobody' WHERE chain = '{world.assessment}'"
    )
    breaks = [(found.chain, found.number) for found in store.breaks()]
    assert breaks == [(world.assessment, 1), (world.assessment, 2)]


def test_values_that_are_none_of_ours_are_found_and_stop_nothing(sqlite_store: Store) -> None:
    make_world(sqlite_store)
    by_hand(
        sqlite_store,
        "UPDATE person SET created_at = 'yesterday', active = 'perhaps'",
        "UPDATE evidence SET dated = 5",
        "UPDATE scorecard SET number = 'one', result = x'ff'",
    )
    sqlite_store.close()
    assert {found.table for found in sqlite_store.breaks()} == {"person", "evidence", "scorecard"}


def test_words_can_be_erased_by_the_application_and_by_nobody_else(store: Store) -> None:
    world = make_world(store)
    with store.begin(EVERYTHING) as work:
        work.record(SYSTEM, "invite", "contact", world.contact, world.assessment, contact="Vera")
    with store.begin(EVERYTHING) as work:
        work.erase_words(work.events(world.assessment))
        work.record(SYSTEM, "erase", "assessment", world.assessment, world.assessment)
    with store.read(EVERYTHING) as work:
        first, second, last = work.events(world.assessment)
    assert {getattr(event, name) for event in (first, second) for name in WORDS} == {"", "{}"}
    assert last.actor_name == SYSTEM.name
    assert store.breaks() == []
    with store.engine.begin() as connection:  # the trigger allows it, the chain shows it
        connection.execute(
            text("UPDATE audit_event SET actor_name = '', origin = '', details = '{}'")
        )
    assert {found.table for found in store.breaks()} == {"audit_event"}


def test_what_was_there_before_the_key_is_bound_by_the_first_who_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'vendorrisk.db'}"
    migrate(url)
    store = Store(url, KEYS)
    world = make_world(store)
    by_hand(
        store,
        "UPDATE installation SET key_id = NULL",
        "DELETE FROM audit_event",
    )
    shutil.copyfile(tmp_path / "vendorrisk.db", tmp_path / "before.db")
    assert {table for table, _ in breaks_of(store)} >= {"answer", "person", "scorecard"}
    store.close()
    with store.begin(EVERYTHING) as work:
        work.record(SYSTEM, "invite", "contact", world.contact, world.assessment)
    assert store.breaks() == []
    by_hand(store, "UPDATE answer SET note = 'x'")
    assert {table for table, _ in breaks_of(store)} == {"answer"}
    store.close()
