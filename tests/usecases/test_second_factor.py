"""Second factors: who needs one, what is taken and what is not, and how somebody gets in again."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from tests.conftest import Clock
from tests.usecases.conftest import settings
from vendorrisk import identity
from vendorrisk.access import EVERYTHING, SECOND_FACTOR_ROLES, Action, Actor, Role
from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.identity import hash_token
from vendorrisk.store import Store
from vendorrisk.usecases import account, people, second_factor, setup
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Invalid, NotAllowed, NotFound, Refusal

PASSWORD = "four unrelated words stand"
ADDRESS = "192.0.2.1"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_HASHER", PasswordHasher(1, 8, 1))


@pytest.fixture
def app(sqlite_store: Store, library: Library, tmp_path: Path) -> Application:
    """An empty installation that asks its administrators and reviewers for a second factor."""
    asked = settings(tmp_path, second_factor_for=SECOND_FACTOR_ROLES)
    return Application(asked, sqlite_store, library, Files(tmp_path))


def begun(app: Application) -> str:
    """The half session of the first administrator."""
    link = setup.setup_link(app)
    assert link is not None
    return setup.complete_setup(app, link, "Ada", "ada@example.org", PASSWORD)


def enrolled(app: Application, clock: Clock, half: str) -> tuple[str, str, tuple[str, ...]]:
    """Set up an authenticator app: the whole session, the app's secret, the recovery codes."""
    made = second_factor.begin_app(app, hash_token(half))
    added = second_factor.confirm_app(app, hash_token(half), now(made.secret, clock))
    assert added.token is not None
    return added.token, made.secret, added.recovery_codes


def now(secret: str, clock: Clock) -> str:
    return pyotp.TOTP(secret).at(clock())


def actor(app: Application, token: str) -> Actor:
    found = people.actor_of(app, hash_token(token))
    assert found is not None
    return found


def colleague(app: Application, ada: Actor, role: Role = Role.REVIEWER) -> tuple[str, str]:
    """Bo, with a password: the id and the session of choosing it."""
    link = people.add_person(app, ada, "Bo", "bo@example.org", [role])
    return link.person.id, people.choose_password(app, link.token, PASSWORD)


def acts(app: Application) -> list[str]:
    with app.store.read(EVERYTHING) as work:
        return [event.action for event in work.events()]


@pytest.mark.parametrize("role", sorted(SECOND_FACTOR_ROLES))
def test_a_password_alone_lets_nobody_in_whose_role_asks_for_more(
    app: Application, clock: Clock, role: Role
) -> None:
    token, _, _ = enrolled(app, clock, begun(app))
    _, half = colleague(app, actor(app, token), role)
    assert people.actor_of(app, hash_token(half)) is None
    halfway = second_factor.halfway_of(app, hash_token(half))
    assert halfway is not None
    assert not halfway.enrolled
    whole, _, _ = enrolled(app, clock, half)
    assert actor(app, whole).roles == {role}
    assert people.actor_of(app, hash_token(half)) is None, "the half session is over"
    assert second_factor.halfway_of(app, hash_token(half)) is None


def test_a_role_that_asks_for_nothing_works_with_a_password(app: Application, clock: Clock) -> None:
    token, _, _ = enrolled(app, clock, begun(app))
    _, session = colleague(app, actor(app, token), Role.PROCUREMENT_OFFICER)
    assert actor(app, session).roles == {Role.PROCUREMENT_OFFICER}


def test_whoever_gains_such_a_role_is_asked_at_once(app: Application, clock: Clock) -> None:
    token, _, _ = enrolled(app, clock, begun(app))
    bo, session = colleague(app, actor(app, token), Role.AUDITOR)
    people.change_roles(app, actor(app, token), bo, [Role.AUDITOR, Role.REVIEWER])
    assert people.actor_of(app, hash_token(session)) is None
    again = people.sign_in(app, "bo@example.org", PASSWORD)
    assert people.actor_of(app, hash_token(again)) is None
    assert second_factor.halfway_of(app, hash_token(again)) is not None


def test_whoever_has_a_second_factor_gives_it_whatever_their_role(
    app: Application, clock: Clock
) -> None:
    token, _, _ = enrolled(app, clock, begun(app))
    _, session = colleague(app, actor(app, token), Role.AUDITOR)
    made = second_factor.begin_app(app, hash_token(session))
    added = second_factor.confirm_app(app, hash_token(session), now(made.secret, clock))
    assert added.token is None, "the session goes on"
    clock.forward(minutes=1)
    half = people.sign_in(app, "bo@example.org", PASSWORD)
    assert people.actor_of(app, hash_token(half)) is None
    given = second_factor.give_code(app, hash_token(half), now(made.secret, clock))
    assert actor(app, given).name == "Bo"


def test_a_code_works_once_and_only_around_its_time(app: Application, clock: Clock) -> None:
    _, secret, _ = enrolled(app, clock, begun(app))
    used = now(secret, clock)
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    with pytest.raises(Invalid) as replayed:
        second_factor.give_code(app, half, used, ADDRESS)
    assert replayed.value.code == "code_wrong", "the code that set it up was used"
    clock.forward(seconds=60)
    second_factor.give_code(app, half, now(secret, clock), ADDRESS)
    for seconds in (90, -90, 3600):
        half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
        clock.forward(seconds=600)
        code = pyotp.TOTP(secret).at(clock().timestamp() + seconds)
        with pytest.raises(Refusal):
            second_factor.give_code(app, half, code, ADDRESS)
        assert second_factor.give_code(app, half, now(secret, clock), ADDRESS)


def test_an_earlier_code_than_one_that_was_used_is_refused(app: Application, clock: Clock) -> None:
    _, secret, _ = enrolled(app, clock, begun(app))
    clock.forward(seconds=300)
    before = now(secret, clock)
    clock.forward(seconds=30)
    first, second = (hash_token(people.sign_in(app, "ada@example.org", PASSWORD)) for _ in range(2))
    second_factor.give_code(app, first, now(secret, clock))
    with pytest.raises(Invalid):
        second_factor.give_code(app, second, before)


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "0" * 500, "\x00", "½"]
)
def test_what_is_no_code_is_refused_as_a_wrong_one(
    app: Application, clock: Clock, code: str
) -> None:
    enrolled(app, clock, begun(app))
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    with pytest.raises(Invalid) as refused:
        second_factor.give_code(app, half, code)
    assert refused.value.code == "code_wrong"


def test_guessing_codes_is_slowed_down_and_noted_and_time_forgives(
    app: Application, clock: Clock
) -> None:
    _, secret, _ = enrolled(app, clock, begun(app))
    clock.forward(minutes=1)
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    codes = []
    for _ in range(7):
        with pytest.raises(Refusal) as refused:
            second_factor.give_code(app, half, "000000", ADDRESS)
        codes.append(refused.value.code)
    assert codes[0] == "code_wrong"
    assert codes[-1] == "too_many_tries"
    assert acts(app).count("second_factor_failed") == codes.count("code_wrong")
    with pytest.raises(Refusal) as even_right:
        second_factor.give_code(app, half, now(secret, clock), ADDRESS)
    assert even_right.value.code == "too_many_tries"
    assert second_factor.give_code(app, half, now(secret, clock), "198.51.100.7"), "from home"


def test_many_addresses_together_wait_at_most_five_minutes(app: Application, clock: Clock) -> None:
    _, secret, _ = enrolled(app, clock, begun(app))
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    for at in range(40):
        with pytest.raises(Refusal):
            second_factor.give_code(app, half, "000000", f"192.0.2.{at}")
    with pytest.raises(Refusal) as waiting:
        second_factor.give_code(app, half, now(secret, clock), "198.51.100.7")
    assert waiting.value.code == "too_many_tries"
    clock.forward(minutes=5, seconds=1)
    assert second_factor.give_code(app, half, now(secret, clock), "198.51.100.7")


def test_a_recovery_code_lets_in_once_however_it_is_typed(app: Application, clock: Clock) -> None:
    _, _, codes = enrolled(app, clock, begun(app))
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){2}", code) for code in codes)
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    given = second_factor.give_code(app, half, f" {codes[3].upper().replace('-', ' ')} ")
    assert account.own_account(app, actor(app, given)).recovery_codes == 9
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    with pytest.raises(Invalid):
        second_factor.give_code(app, half, codes[3])
    assert second_factor.give_code(app, half, codes[4])


def test_nobody_uses_the_recovery_codes_of_another(app: Application, clock: Clock) -> None:
    token, _, codes = enrolled(app, clock, begun(app))
    _, half = colleague(app, actor(app, token))
    enrolled(app, clock, half)
    half = people.sign_in(app, "bo@example.org", PASSWORD)
    with pytest.raises(Invalid):
        second_factor.give_code(app, hash_token(half), codes[0])


def test_a_half_session_sets_up_nothing_over_what_is_there(app: Application, clock: Clock) -> None:
    enrolled(app, clock, begun(app))
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    for begin in (
        lambda: second_factor.begin_app(app, half),
        lambda: second_factor.confirm_app(app, half, "000000"),
        lambda: second_factor.begin_passkey(app, half, "http://localhost"),
        lambda: second_factor.confirm_passkey(app, half, "http://localhost", "{}"),
    ):
        with pytest.raises(Refusal) as refused:
            begin()
        assert refused.value.code == "second_factor_first"


def test_a_half_session_ends_after_a_quarter_of_an_hour(app: Application, clock: Clock) -> None:
    _, secret, _ = enrolled(app, clock, begun(app))
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    clock.forward(minutes=15)
    assert second_factor.halfway_of(app, half) is None
    with pytest.raises(Refusal) as late:
        second_factor.give_code(app, half, now(secret, clock))
    assert late.value.code == "sign_in_first"


def test_a_stranger_and_a_vendor_reach_nothing_here(app: Application, clock: Clock) -> None:
    enrolled(app, clock, begun(app))
    for verb in (second_factor.begin_app, lambda *a: second_factor.give_code(*a, "000000")):
        with pytest.raises(Refusal) as refused:
            verb(app, hash_token("guessed"))
        assert refused.value.code == "sign_in_first"


def test_the_database_holds_neither_the_secret_nor_a_code(app: Application, clock: Clock) -> None:
    half = begun(app)
    made = second_factor.begin_app(app, hash_token(half))
    with app.store.engine.connect() as connection:
        pending = connection.execute(text("SELECT content FROM pending")).scalars().all()
    _, secret, codes = enrolled(app, clock, half)
    assert secret == made.secret, "loading the page again shows the same picture"
    with app.store.engine.connect() as connection:
        rows = [
            str(connection.execute(text(f"SELECT * FROM {table}")).all())
            for table in ("second_factor", "recovery_code", "pending", "audit_event")
        ]
    plain = "\n".join([*rows, *pending])
    assert pending
    for shown in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert shown not in plain


def test_the_app_is_not_added_before_it_shows_a_right_code(app: Application, clock: Clock) -> None:
    half = hash_token(begun(app))
    made = second_factor.begin_app(app, half)
    with pytest.raises(Invalid):
        second_factor.confirm_app(app, half, "000000")
    halfway = second_factor.halfway_of(app, half)
    assert halfway is not None
    assert not halfway.enrolled
    clock.forward(minutes=10)
    assert second_factor.confirm_app(app, half, now(made.secret, clock)).token


def test_changing_how_one_signs_in_takes_the_password_again(app: Application, clock: Clock) -> None:
    token, _, _ = enrolled(app, clock, begun(app))
    ada, hashed = actor(app, token), hash_token(token)
    [factor] = account.own_account(app, ada).factors
    second_factor.begin_app(app, hashed)
    clock.forward(minutes=16)
    for change in (
        lambda: second_factor.begin_app(app, hashed),
        lambda: account.new_recovery_codes(app, ada),
        lambda: account.remove_second_factor(app, ada, factor.id),
    ):
        with pytest.raises(Refusal) as refused:
            change()
        assert refused.value.code == "confirm_first"
    with pytest.raises(Invalid):
        account.confirm_own(app, ada, "wrong", ADDRESS)
    account.confirm_own(app, ada, PASSWORD, ADDRESS)
    assert len(account.new_recovery_codes(app, ada)) == 10


def test_new_recovery_codes_replace_those_before(app: Application, clock: Clock) -> None:
    token, _, before = enrolled(app, clock, begun(app))
    fresh = account.new_recovery_codes(app, actor(app, token))
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    with pytest.raises(Invalid):
        second_factor.give_code(app, half, before[0])
    assert second_factor.give_code(app, half, fresh[0])


def test_the_last_second_factor_stays_where_the_role_asks_for_one(
    app: Application, clock: Clock
) -> None:
    token, _, _ = enrolled(app, clock, begun(app))
    ada = actor(app, token)
    [factor] = account.own_account(app, ada).factors
    with pytest.raises(Refusal) as refused:
        account.remove_second_factor(app, ada, factor.id)
    assert refused.value.code == "last_second_factor"
    clock.forward(minutes=1)
    made = second_factor.begin_app(app, hash_token(token))
    second_factor.confirm_app(app, hash_token(token), now(made.secret, clock), "Tablet")
    account.remove_second_factor(app, ada, factor.id)
    assert [left.name for left in account.own_account(app, ada).factors] == ["Tablet"]
    with pytest.raises(NotFound):
        account.remove_second_factor(app, ada, factor.id)


def test_an_administrator_resets_a_colleagues_and_never_their_own(
    app: Application, clock: Clock
) -> None:
    token, _, _ = enrolled(app, clock, begun(app))
    ada = actor(app, token)
    bo, half = colleague(app, ada)
    session, _, codes = enrolled(app, clock, half)
    with pytest.raises(Refusal) as own:
        account.reset_second_factor(app, ada, ada.id)
    assert own.value.code == "own_second_factor"
    with pytest.raises(NotAllowed):
        account.reset_second_factor(app, actor(app, session), ada.id)
    account.reset_second_factor(app, ada, bo)
    assert people.actor_of(app, hash_token(session)) is None
    again = people.sign_in(app, "bo@example.org", PASSWORD)
    halfway = second_factor.halfway_of(app, hash_token(again))
    assert halfway is not None
    assert not halfway.enrolled
    with pytest.raises(Refusal):
        second_factor.give_code(app, hash_token(again), codes[0])
    assert Action.RESET_SECOND_FACTOR in acts(app)


def test_a_password_link_does_not_step_over_the_second_factor(
    app: Application, clock: Clock
) -> None:
    token, _, _ = enrolled(app, clock, begun(app))
    bo, half = colleague(app, actor(app, token))
    enrolled(app, clock, half)
    link = people.new_password_link(app, actor(app, token), bo)
    again = people.choose_password(app, link.token, "another fine phrase")
    assert people.actor_of(app, hash_token(again)) is None


def test_what_happens_to_a_second_factor_is_in_the_trail(app: Application, clock: Clock) -> None:
    token, secret, _ = enrolled(app, clock, begun(app))
    account.new_recovery_codes(app, actor(app, token))
    clock.forward(minutes=1)
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    second_factor.give_code(app, half, now(secret, clock))
    assert {"add_second_factor", "new_recovery_codes", "second_factor", "sign_in"} <= set(acts(app))
    assert app.store.breaks() == []


def test_of_two_who_give_the_same_code_at_once_one_comes_in(
    store: Store, library: Library, tmp_path: Path, clock: Clock
) -> None:
    asked = settings(tmp_path, second_factor_for=SECOND_FACTOR_ROLES)
    app = Application(asked, store, library, Files(tmp_path))
    _, secret, recovery = enrolled(app, clock, begun(app))
    clock.forward(minutes=1)
    for code in (now(secret, clock), recovery[0]):
        halves = [hash_token(people.sign_in(app, "ada@example.org", PASSWORD)) for _ in range(4)]
        together = Barrier(len(halves))

        def give(half: str, code: str = code, together: Barrier = together) -> str:
            together.wait()
            try:
                second_factor.give_code(app, half, code, ADDRESS)
            except Refusal as refusal:
                return refusal.code
            return "in"

        with ThreadPoolExecutor(len(halves)) as pool:
            outcomes = sorted(pool.map(give, halves))
        assert outcomes == ["code_wrong", "code_wrong", "code_wrong", "in"]


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(
    store: Store, library: Library, tmp_path: Path, clock: Clock
) -> None:
    asked = settings(tmp_path, second_factor_for=SECOND_FACTOR_ROLES)
    app = Application(asked, store, library, Files(tmp_path))
    enrolled(app, clock, begun(app))
    half = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    together = Barrier(10)

    def guess(code: int) -> str:
        together.wait()
        with pytest.raises(Refusal) as refused:
            second_factor.give_code(app, half, f"{code:06}", ADDRESS)
        return refused.value.code

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(guess, range(10)))

    assert outcomes.count("code_wrong") == 5, "those that cost nothing"
    assert outcomes.count("too_many_tries") == 5
