"""The server with a database of each test's own, and people signed in to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from tests.conftest import Clock
from vendorrisk import identity
from vendorrisk.access import STAFF_ROLES, Actor, Role
from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.identity import hash_token
from vendorrisk.server.sessions import SESSION_COOKIE
from vendorrisk.settings import Settings
from vendorrisk.store import Store, migrate
from vendorrisk.usecases import application as running
from vendorrisk.usecases import people, setup
from vendorrisk.usecases.application import Application, keys_of

ROOT = Path(__file__).parents[2]
ADDRESS = "http://localhost:8501"
PASSWORD = "four quiet lanterns drift"
STAFF = list(STAFF_ROLES)


def make_application(url: str, folder: Path, clock: Clock, **changes: object) -> Application:
    settings = Settings(
        data=folder,
        database_url=url,
        questionnaires=ROOT / "questionnaires",
        **{
            "public_url": None,
            "organisation": "Example Council",
            "demo": False,
            "second_factor_for": frozenset(),  # asked for where it is tested
            "two_reviewers_for": frozenset(),
            **changes,
        },
    )
    return Application(
        settings=settings,
        store=Store(url, keys_of(settings), clock=clock),
        library=Library(settings.questionnaires),
        files=Files(settings.evidence_folder),
    )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The one server of this process: Streamlit allows no second."""
    folder = tmp_path_factory.mktemp("server")
    url = f"sqlite:///{folder / 'vendorrisk.db'}"
    migrate(url)
    running.install(make_application(url, folder, Clock()))
    from app import app

    with TestClient(app, base_url=ADDRESS, follow_redirects=False) as client:
        yield client


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords at the least cost; what hashing costs is shown where it is tested."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(identity, "_HASHER", quick)


@pytest.fixture
def app(
    server: TestClient,
    sqlite_url: str,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> Application:
    """The application behind the server, with a database of this test's own."""
    mine = make_application(sqlite_url, tmp_path, clock)
    monkeypatch.setattr(running, "_installed", mine)
    return mine


@pytest.fixture
def client(server: TestClient, app: Application) -> Iterator[TestClient]:
    """A browser without cookies in front of the server."""
    server.cookies.clear()
    yield server
    server.cookies.clear()


@pytest.fixture
def administrator(app: Application) -> tuple[Actor, str]:
    """The first administrator and the token of their session."""
    link = setup.setup_link(app)
    assert link is not None
    token = setup.complete_setup(app, link, "Ada Grant", "ada@example.org", PASSWORD)
    actor = people.actor_of(app, hash_token(token))
    assert actor is not None
    return actor, token


@pytest.fixture
def sign_in(
    app: Application, client: TestClient, administrator: tuple[Actor, str]
) -> Callable[..., Actor]:
    """Sign somebody with these roles in to `client`."""

    def go(*roles: Role) -> Actor:
        if set(roles) == {Role.ADMINISTRATOR}:
            actor, token = administrator
        else:
            email = f"{'-'.join(sorted(roles))}@example.org"
            link = people.add_person(app, administrator[0], "Kit Moss", email, roles)
            token = people.choose_password(app, link.token, PASSWORD)
            found = people.actor_of(app, hash_token(token))
            assert found is not None
            actor = found
        client.cookies.set(SESSION_COOKIE, token)
        return actor

    return go


def post(client: TestClient, path: str, *, origin: str | None = ADDRESS, **fields: str):
    """Load the form on `path` and send it filled in, as a browser does."""
    page = client.get(path)
    token = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert token, page.text
    return client.post(
        path,
        data={"form_token": token.group(1), **fields},
        headers={} if origin is None else {"Origin": origin},
    )
