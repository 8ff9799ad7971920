"""Failed tries to get in are in the trail: whose account, from where, never what was typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event

from tests.conftest import Clock
from tests.usecases.conftest import World
from vendorrisk import identity
from vendorrisk.access import EVERYTHING, ORIGIN
from vendorrisk.store.tables import AuditEvent, Person, Throttle
from vendorrisk.usecases import account, audit, failures, invitations, people
from vendorrisk.usecases.errors import Invalid, Refusal
from vendorrisk.usecases.purging import purge

PASSWORD = "four unrelated words stand"
TYPED = "what somebody typed by mistake"
HERE = "192.0.2.7"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_HASHER", PasswordHasher(1, 8, 1))


def guess(world: World, email: str, address: str = HERE) -> None:
    """One wrong password; waits first, as long as it takes to be let try."""
    while True:
        try:
            people.sign_in(world.app, email, TYPED, address)
        except Refusal as refusal:
            if refusal.code == "sign_in_failed":
                return
            world.clock.forward(seconds=20)


def told(world: World) -> list[AuditEvent]:
    with world.app.store.read(EVERYTHING) as work:
        return [one for one in work.events() if one.action == "sign_in_failed"]


def test_a_failed_sign_in_names_the_account_and_the_address_and_not_what_was_typed(
    world: World, tmp_path: Path
) -> None:
    origin = ORIGIN.set(HERE)
    guess(world, "officer@example.org")
    guess(world, "nobody@example.org")
    ORIGIN.reset(origin)

    known, unknown = told(world)
    assert (known.subject_kind, known.subject_id) == ("person", world.officer.id)
    assert (unknown.subject_kind, unknown.subject_id) == ("installation", "1")
    assert known.origin == unknown.origin == HERE
    for one in (known, unknown):
        assert (json.loads(one.details), one.actor_kind) == ({"tries": 1}, "system")
    assert world.app.store.breaks() == []
    world.app.store.close()
    content = (tmp_path / "vendorrisk.db").read_bytes()
    assert TYPED.encode() not in content
    assert b"nobody@example.org" not in content


def test_many_tries_on_one_account_are_few_events_that_count_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "refuse_to_wait", lambda _wait: None)
    for _ in range(26):
        guess(world, "officer@example.org")
    assert [json.loads(one.details)["tries"] for one in told(world)] == [1, 5, 25]


def test_the_next_hour_is_told_again(world: World) -> None:
    guess(world, "officer@example.org")
    guess(world, "officer@example.org")
    world.clock.forward(hours=1)
    guess(world, "officer@example.org")
    assert [json.loads(one.details)["tries"] for one in told(world)] == [1, 1]


def test_a_flood_from_everywhere_does_not_fill_the_trail(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "MOST_A_DAY", 10)
    for number in range(60):
        guess(world, f"guess{number}@example.org", f"203.0.113.{number}")
    found = [json.loads(one.details) for one in told(world)]
    assert found[:10] == [{"tries": 1}] * 10
    assert found[10:] == [{"not_told": 1}, {"not_told": 5}, {"not_told": 25}]
    world.clock.forward(days=1)
    guess(world, "officer@example.org")
    assert json.loads(told(world)[-1].details) == {"tries": 1}


def test_whether_there_is_such_an_account_makes_no_difference_to_what_is_done(
    world: World,
) -> None:
    sent: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        sent.append(statement)

    guess(world, "first@example.org", "203.0.113.1")
    event.listen(world.app.store.engine, "before_cursor_execute", note)
    done = []
    for email in ("officer@example.org", "nobody@example.org"):
        for _ in range(2):
            guess(world, email)
            done.append(len(sent))
            sent.clear()
    assert done[:2] == done[2:]


def test_a_wrong_own_password_and_a_wrong_link_are_told_too(world: World) -> None:
    with world.app.store.begin(EVERYTHING) as work:
        person = work.get(Person, id=world.officer.id)
        assert person is not None
        person.password_hash = identity.hash_password(PASSWORD)
        work.record(world.officer, "choose_password", "person", person.id)
    with pytest.raises(Invalid):
        account.confirm_own(world.app, world.officer, TYPED, HERE)
    with pytest.raises(Refusal):
        invitations.exchange(world.app, TYPED, HERE)
    with world.app.store.read(EVERYTHING) as work:
        found = [(one.action, one.subject_id) for one in work.events()][-2:]
    assert found == [("sign_in_failed", world.officer.id), ("link_failed", "1")]


def test_the_auditor_sees_them_in_words(world: World) -> None:
    guess(world, "officer@example.org")
    [seen] = audit.events(
        world.app, world.staff["auditor"], audit.Wanted(action="sign_in_failed")
    ).events
    assert seen.says.endswith("noted failed tries of a password.")
    assert seen.subject == f"person {world.officer.id}"


def test_what_was_counted_is_forgotten_with_the_failed_tries(world: World, clock: Clock) -> None:
    guess(world, "officer@example.org")
    world.clock.forward(days=2)
    purge(world.app)
    with world.app.store.read(EVERYTHING) as work:
        assert work.all(Throttle) == []
