"""Setting up without a default account, signing in, colleagues and their roles."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event

from tests.conftest import Clock
from tests.usecases.conftest import World, settings
from vendorrisk import identity
from vendorrisk.access import Actor, Role
from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.identity import hash_token
from vendorrisk.store import Store
from vendorrisk.usecases import account, people, setup
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Invalid, NotFound, Refusal

PASSWORD = "four unrelated words stand"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    # How slow a hash is, is shown where it is made; here it would only cost time.
    monkeypatch.setattr(identity, "_HASHER", PasswordHasher(1, 8, 1))


@pytest.fixture
def app(sqlite_store: Store, library: Library, tmp_path: Path) -> Application:
    """An empty installation."""
    return Application(settings(tmp_path), sqlite_store, library, Files(tmp_path))


def setting_up(app: Application) -> tuple[str, Actor]:
    token = setup.setup_link(app)
    assert token is not None
    session = setup.complete_setup(app, token, "Ada", "Ada@Example.org", PASSWORD)
    actor = people.actor_of(app, hash_token(session))
    assert actor is not None
    return token, actor


def test_the_first_administrator_comes_in_by_a_link_that_works_once(app: Application) -> None:
    assert setup.setup_needed(app)
    token, ada = setting_up(app)
    assert (ada.name, ada.roles) == ("Ada", frozenset({Role.ADMINISTRATOR}))
    assert not setup.setup_needed(app)
    assert setup.setup_link(app) is None
    with pytest.raises(Refusal) as refused:
        setup.complete_setup(app, token, "Eve", "eve@example.org", PASSWORD)
    assert refused.value.code == "already_set_up"


def test_a_setup_link_expires_and_a_newer_one_replaces_it(app: Application, clock: Clock) -> None:
    first, second = setup.setup_link(app), setup.setup_link(app)
    assert first is not None
    assert second is not None
    with pytest.raises(Refusal) as replaced:
        setup.complete_setup(app, first, "Ada", "ada@example.org", PASSWORD)
    assert replaced.value.code == "link_used"
    clock.forward(hours=24)
    with pytest.raises(Refusal) as expired:
        setup.complete_setup(app, second, "Ada", "ada@example.org", PASSWORD)
    assert expired.value.code == "link_expired"
    with pytest.raises(Refusal) as wrong:
        setup.complete_setup(app, "guessed", "Ada", "ada@example.org", PASSWORD)
    assert wrong.value.code == "link_wrong"


def test_a_bad_form_leaves_the_setup_link_usable_and_tells_every_problem(app: Application) -> None:
    token = setup.setup_link(app)
    assert token is not None
    with pytest.raises(Invalid) as invalid:
        setup.complete_setup(app, token, " ", "no address", "short")
    assert set(invalid.value.problems) == {"name", "email", "password"}
    assert setup.complete_setup(app, token, "Ada", "ada@example.org", PASSWORD)


def test_signing_in_tells_nobody_whether_the_address_exists(app: Application) -> None:
    setting_up(app)
    assert people.sign_in(app, " ADA@example.org ", PASSWORD, "192.0.2.1")
    said = []
    for email, password in [("ada@example.org", "wrong"), ("bob@example.org", PASSWORD)]:
        with pytest.raises(Refusal) as refused:
            people.sign_in(app, email, password, "192.0.2.1")
        said.append((refused.value.code, str(refused.value)))
    assert said[0] == said[1]


def test_guessing_is_slowed_down_and_time_forgives(app: Application, clock: Clock) -> None:
    setting_up(app)
    codes = []
    for _ in range(7):
        with pytest.raises(Refusal) as refused:
            people.sign_in(app, "ada@example.org", "wrong", "192.0.2.1")
        codes.append(refused.value.code)
    assert codes[0] == "sign_in_failed"
    assert codes[-1] == "too_many_tries"
    clock.forward(minutes=16)
    assert people.sign_in(app, "ada@example.org", PASSWORD, "192.0.2.1")


def test_signing_out_ends_the_session_and_idleness_does_too(app: Application, clock: Clock) -> None:
    _, ada = setting_up(app)
    people.sign_out(app, ada)
    session = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    clock.forward(hours=11)
    assert people.actor_of(app, session) is not None
    clock.forward(hours=11)
    actor = people.actor_of(app, session)
    assert actor is not None, "used within twelve hours"
    clock.forward(hours=13)
    assert people.actor_of(app, session) is None
    assert people.actor_of(app, hash_token("unknown")) is None


def test_signing_out_twice_is_quiet(app: Application) -> None:
    _, ada = setting_up(app)
    people.sign_out(app, ada)
    people.sign_out(app, ada)


def test_a_colleague_chooses_a_password_by_a_one_use_link(app: Application) -> None:
    _, ada = setting_up(app)
    link = people.add_person(app, ada, "Bo", "bo@example.org", [Role.REVIEWER])
    assert link.person.waiting_for_password
    with pytest.raises(Invalid):
        people.choose_password(app, link.token, "bo")
    session = people.choose_password(app, link.token, PASSWORD)
    bo = people.actor_of(app, hash_token(session))
    assert bo is not None
    assert bo.roles == {Role.REVIEWER}
    with pytest.raises(Refusal) as used:
        people.choose_password(app, link.token, PASSWORD)
    assert used.value.code == "link_used"
    assert people.sign_in(app, "bo@example.org", PASSWORD)


def test_a_setup_link_and_a_password_link_are_not_exchangeable(app: Application) -> None:
    token = setup.setup_link(app)
    assert token is not None
    with pytest.raises(Refusal) as refused:
        people.choose_password(app, token, PASSWORD)
    assert refused.value.code == "link_wrong"


def test_a_change_of_roles_ends_the_sessions_that_had_the_others(app: Application) -> None:
    _, ada = setting_up(app)
    link = people.add_person(app, ada, "Bo", "bo@example.org", [Role.REVIEWER])
    session = hash_token(people.choose_password(app, link.token, PASSWORD))
    people.change_roles(app, ada, link.person.id, [Role.REVIEWER])
    assert people.actor_of(app, session) is not None, "nothing was changed"
    people.change_roles(app, ada, link.person.id, [Role.AUDITOR])
    assert people.actor_of(app, session) is None
    session = hash_token(people.sign_in(app, "bo@example.org", PASSWORD))
    bo = people.actor_of(app, session)
    assert bo is not None
    assert bo.roles == {Role.AUDITOR}
    people.deactivate(app, ada, link.person.id)
    assert people.actor_of(app, session) is None
    with pytest.raises(Refusal):
        people.sign_in(app, "bo@example.org", PASSWORD)


def test_a_deactivated_colleague_cannot_use_an_open_link(world: World) -> None:
    admin = world.staff["administrator"]
    link = people.add_person(world.app, admin, "Bo", "bo@example.org", [Role.REVIEWER])
    people.deactivate(world.app, admin, link.person.id)
    with pytest.raises(Refusal) as refused:
        people.choose_password(world.app, link.token, PASSWORD)
    assert refused.value.code == "link_used"
    with pytest.raises(Refusal) as gone:
        people.new_password_link(world.app, admin, link.person.id)
    assert gone.value.code == "deactivated"


def test_a_new_link_replaces_the_earlier_one(world: World) -> None:
    admin = world.staff["administrator"]
    first = people.add_person(world.app, admin, "Bo", "bo@example.org", [Role.REVIEWER])
    second = people.new_password_link(world.app, admin, first.person.id)
    with pytest.raises(Refusal):
        people.choose_password(world.app, first.token, PASSWORD)
    assert people.choose_password(world.app, second.token, PASSWORD)


def test_the_last_administrator_stays(world: World) -> None:
    admin = world.staff["administrator"]
    people.add_person(world.app, admin, "Bo", "bo@example.org", [Role.ADMINISTRATOR])
    with pytest.raises(Refusal):
        people.deactivate(world.app, admin, admin.id)
    with pytest.raises(Refusal) as refused:
        people.change_roles(world.app, admin, admin.id, [Role.AUDITOR])
    assert refused.value.code == "last_administrator", "Bo has no password yet"
    world.add("second", Role.ADMINISTRATOR)
    people.change_roles(world.app, admin, admin.id, [Role.AUDITOR])


def test_people_need_a_role_and_an_address_of_their_own(world: World) -> None:
    admin = world.staff["administrator"]
    with pytest.raises(Invalid) as none:
        people.add_person(world.app, admin, "Bo", "bo@example.org", [])
    assert set(none.value.problems) == {"roles"}
    with pytest.raises(Invalid) as vendor:
        people.add_person(world.app, admin, "Bo", "bo@example.org", [Role.VENDOR_SIGNATORY])
    assert set(vendor.value.problems) == {"roles"}
    with pytest.raises(Invalid) as taken:
        people.add_person(world.app, admin, "Bo", "OFFICER@example.org", [Role.REVIEWER])
    assert set(taken.value.problems) == {"email"}
    with pytest.raises(NotFound):
        people.change_roles(world.app, admin, "nobody", [Role.REVIEWER])


def test_the_list_shows_everybody_and_what_they_may_do(world: World) -> None:
    listed = people.list_people(world.app, world.staff["auditor"])
    assert [person.name for person in listed] == sorted(
        (person.name for person in listed), key=str.casefold
    )
    assert {role for person in listed for role in person.roles} == {
        role for actor in world.staff.values() for role in actor.roles
    }


def test_the_list_costs_the_same_queries_however_many_there_are(world: World) -> None:
    sent: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        sent.append(statement)

    def listed() -> int:
        sent.clear()
        admin = world.staff["administrator"]
        everybody = people.list_people(world.app, admin)
        held = account.sessions_of(world.app, admin, [person.id for person in everybody])
        assert len(held) == len(everybody)
        return len(sent)

    event.listen(world.app.store.engine, "before_cursor_execute", note)
    listed()
    before = listed()
    for number in range(9):
        people.add_person(
            world.app,
            world.staff["administrator"],
            f"Colleague {number}",
            f"colleague{number}@example.org",
            [Role.AUDITOR],
        )
    assert listed() == before <= 4
