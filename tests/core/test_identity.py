"""Passwords, links, sessions and the slowing down of guesses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Clock
from vendorrisk import identity
from vendorrisk.access import EVERYTHING
from vendorrisk.identity import (
    hash_password,
    hash_token,
    link_state,
    needs_new_hash,
    new_token,
    note_failure,
    note_success,
    password_problem,
    session_ends,
    session_holds,
    verify_password,
    wait_before_next_try,
    worth_noting,
)
from vendorrisk.store import Store

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
Kind = Literal["person", "contact"]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "mein hut, der hat drei ecken",
        "vT9#kq2LmZ0pW",
        "пароль-тут-не-при-чём",
        "blue tram eats nine lamps",
    ],
)
def test_a_long_unusual_password_will_do(password: str) -> None:
    assert password_problem(password, email="olive@buyer.example", name="Olive Grant") is None


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("", "at least 12"),
        ("k7#Qz!p0Lw2", "at least 12"),
        ("x7" * 65, "at most 128"),
        ("with a\nline break in it", "control"),
        ("Password1234!", "most used"),
        ("P@ssw0rd2026!!", "most used"),
        ("4dm1n1strat0r!", "most used"),
        ("W3lc0me-2-2026!", "most used"),
        ("summer2026summer", "most used"),
        ("iloveyouprincess", "most used"),
        ("!!!!VendorRisk!!!!", "most used"),
        ("123456789012", "counts too much"),
        ("qwertyuiopasdfgh", "counts too much"),
        ("passpasspass", "repeats"),
        ("aaaaaaaaaaaaaaab", "repeats"),
        ("olive likes lamps", "your name"),
        ("the GRANT of nine", "your name"),
    ],
)
def test_a_password_that_is_quickly_guessed_is_refused_with_the_reason(
    password: str, says: str
) -> None:
    problem = password_problem(password, email="olive@buyer.example", name="Olive Grant")
    assert problem is not None
    assert says in problem
    assert not password or password not in problem


@given(
    word=st.sampled_from(sorted(identity._common())),
    before=st.text("0123456789!#%", max_size=4),
    after=st.text("0123456789!#%", min_size=0, max_size=10),
)
def test_digits_and_signs_around_a_common_word_never_help(
    word: str, before: str, after: str
) -> None:
    assert password_problem(f"{before}{word.title()}{after}") is not None


def test_passwords_are_screened_against_tens_of_thousands() -> None:
    assert len(identity._common()) > 20_000
    for used in (
        "trustno1trustno1",
        "letmein-starwars",
        "Butterfly-99-Butterfly",
        "liverpool19chelsea",
    ):
        assert password_problem(used) is not None, used


def test_a_hash_verifies_its_password_only() -> None:
    stored = hash_password("correct horse battery staple")
    assert verify_password(stored, "correct horse battery staple")
    assert not verify_password(stored, "correct horse battery stapler")
    assert stored.startswith("$argon2id$")
    assert stored != hash_password("correct horse battery staple"), "each has its own salt"
    assert not needs_new_hash(stored)
    assert needs_new_hash("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$bm90IGEgcmVhbCBoYXNoIGhlcmU")


def test_the_same_password_typed_on_another_keyboard_verifies() -> None:
    stored = hash_password("déjà vu au café noir")
    assert verify_password(stored, "déjà vu au café noir")


def test_an_unknown_address_costs_the_same_work_as_a_known_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored = hash_password("correct horse battery staple")
    tried: list[str] = []

    class Watched:
        def verify(self, hashed: str, password: str) -> bool:
            tried.append(hashed)
            return bool(hasher.verify(hashed, password))

        def __getattr__(self, name: str) -> object:
            return getattr(hasher, name)

    hasher = identity._HASHER
    identity._hash_of_nobody.cache_clear()  # another test may have made it with a cheaper one
    monkeypatch.setattr(identity, "_HASHER", Watched())
    assert not verify_password(None, "correct horse battery staple")
    assert not verify_password(stored, "something else entirely")
    nobodys, somebodys = (hashed.split("$")[1:4] for hashed in tried)
    assert nobodys == somebodys, "the same method with the same cost"


@pytest.mark.parametrize("stored", [None, "", "no hash", "$argon2id$v=19$broken"])
def test_without_a_usable_hash_no_password_is_right(stored: str | None) -> None:
    assert not verify_password(stored, "")
    assert not verify_password(stored, "\ud800 half a character")


def test_tokens_are_long_and_different_and_their_hashes_say_nothing() -> None:
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert all(len(token) == 43 for token in tokens), "256 bits"
    assert all(len(hash_token(token)) == 64 and token not in hash_token(token) for token in tokens)


minutes = st.integers(0, 60 * 24 * 20).map(lambda n: timedelta(minutes=n))


@given(idle=minutes, age=minutes)
def test_a_session_of_staff_ends_after_12_idle_hours_and_7_days(
    idle: timedelta, age: timedelta
) -> None:
    began = NOW - age
    holds = session_holds(
        "person",
        NOW,
        last_seen_at=max(began, NOW - idle),
        expires_at=session_ends("person", began),
        revoked_at=None,
    )
    assert holds == (min(idle, age) < timedelta(hours=12) and age < timedelta(days=7))


@given(age=minutes, invited=minutes)
def test_a_vendors_session_ends_after_14_days_or_with_the_invitation(
    age: timedelta, invited: timedelta
) -> None:
    began = NOW - age
    holds = session_holds(
        "contact",
        NOW,
        last_seen_at=began,
        expires_at=session_ends("contact", began, began + invited),
        revoked_at=None,
    )
    assert holds == (age < min(timedelta(days=14), invited))


@pytest.mark.parametrize("kind", ["person", "contact"])
def test_a_revoked_session_holds_no_longer(kind: Kind) -> None:
    end = session_ends(kind, NOW)
    assert session_holds(kind, NOW, last_seen_at=NOW, expires_at=end, revoked_at=None)
    assert not session_holds(kind, NOW, last_seen_at=NOW, expires_at=end, revoked_at=NOW)


def test_use_is_noted_every_few_minutes_only() -> None:
    assert not worth_noting(NOW, NOW - timedelta(minutes=4))
    assert worth_noting(NOW, NOW - timedelta(minutes=5))


def test_a_link_is_good_until_it_is_used_or_a_day_old() -> None:
    end = NOW + identity.LINK_HOLDS
    assert link_state(NOW, expires_at=end, used_at=None) == "good"
    assert link_state(end, expires_at=end, used_at=None) == "expired"
    assert link_state(end, expires_at=end, used_at=NOW) == "used"


# Guessing ------------------------------------------------------------------------------------

OLIVE, HOME, ELSEWHERE = "olive@buyer.example", "192.0.2.7", "198.51.100.4"


def wait(store: Store, email: str = OLIVE, address: str = HOME) -> timedelta:
    with store.read(EVERYTHING) as work:
        return wait_before_next_try(work, email, address)


def fail(store: Store, times: int, email: str = OLIVE, address: str = HOME) -> None:
    for _ in range(times):
        with store.begin(EVERYTHING) as work:
            note_failure(work, email, address)


def test_a_few_slips_cost_nothing_and_more_cost_ever_more(
    sqlite_store: Store, clock: Clock
) -> None:
    fail(sqlite_store, 4)
    assert wait(sqlite_store) == timedelta(0)
    waits = []
    for _ in range(14):
        fail(sqlite_store, 1)
        waits.append(wait(sqlite_store))
    assert waits == sorted(waits)
    assert timedelta(0) < waits[0] <= timedelta(seconds=2)
    assert waits[-1] == timedelta(minutes=15)
    clock.forward(minutes=15)
    assert wait(sqlite_store) <= timedelta(0)


def test_somebody_elses_guesses_never_lock_a_person_out(sqlite_store: Store) -> None:
    for number in range(120):
        fail(sqlite_store, 1, address=f"203.0.113.{number}")
    assert wait(sqlite_store, address=HOME) <= timedelta(seconds=20)


def test_one_address_that_tries_many_accounts_is_slowed_down(sqlite_store: Store) -> None:
    for number in range(30):
        fail(sqlite_store, 1, email=f"person{number}@buyer.example", address=ELSEWHERE)
    assert wait(sqlite_store, email="fresh@buyer.example", address=ELSEWHERE) > timedelta(minutes=5)
    assert wait(sqlite_store, email="fresh@buyer.example", address=HOME) == timedelta(0)


def test_signing_in_forgets_ones_own_slips(sqlite_store: Store) -> None:
    fail(sqlite_store, 8)
    assert wait(sqlite_store) > timedelta(0)
    with sqlite_store.begin(EVERYTHING) as work:
        note_success(work, OLIVE, HOME)
    assert wait(sqlite_store) == timedelta(0)


def test_failures_are_forgotten_after_a_day(sqlite_store: Store, clock: Clock) -> None:
    fail(sqlite_store, 12)
    clock.forward(hours=25)
    fail(sqlite_store, 1)
    assert wait(sqlite_store) == timedelta(0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
    ],
)
def test_one_subscribers_addresses_count_as_one(
    sqlite_store: Store, first: str, second: str
) -> None:
    fail(sqlite_store, 9, address=first)
    assert wait(sqlite_store, address=second) > timedelta(0)
    assert wait(sqlite_store, address="2001:db8:1:3::1") == timedelta(0)


def test_counting_works_alike_on_each_database(store: Store, clock: Clock) -> None:
    fail(store, 9)
    assert wait(store) > timedelta(0)
    clock.forward(hours=25)
    fail(store, 1)
    assert wait(store) == timedelta(0)
    with store.begin(EVERYTHING) as work:
        note_success(work, OLIVE, HOME)


@pytest.fixture(autouse=True)
def _no_address_is_kept(sqlite_url: str) -> Iterator[None]:
    yield
    with open(sqlite_url.removeprefix("sqlite:///"), "rb") as file:
        content = file.read()
    assert OLIVE.encode() not in content
    assert HOME.encode() not in content
