"""Databases for the tests: each test that asks for one gets its own, migrated and empty."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import quick_sqlite
from tests.log_watch import TOLD_AT_THE_END, WATCH
from tests.postgres_server import PostgresServer, running_server
from vendorrisk.keys import Keys
from vendorrisk.store import Store, migrate

# How long an example takes says how busy the machine is, not whether a promise holds.
settings.register_profile("promises", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("promises")

WATCH.begin()
quick_sqlite.begin()

KEYS = Keys(sha256(b"the master key of the tests").digest())


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Move on by days, hours, minutes or seconds."""
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "vendorrisk.db"
    migrate(f"sqlite:///{path}")
    return path


@contextmanager
def sqlite_kept(folder: Path) -> Iterator[str]:
    """The SQLite database of a folder; in the end it holds no secret that was made meanwhile."""
    WATCH.lately.clear()
    yield f"sqlite:///{folder / 'vendorrisk.db'}"
    stored = b"".join(file.read_bytes() for file in sorted(folder.glob("vendorrisk.db*")))
    WATCH.search("database: SQLite", stored, lately=True)


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> Iterator[str]:
    """An SQLite database of the test's own, which holds no secret that the test made."""
    shutil.copyfile(migrated_file, tmp_path / "vendorrisk.db")
    with sqlite_kept(tmp_path) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> str:
    name = postgres_server.create()
    migrate(postgres_server.url(name))
    return name


@contextmanager
def postgres_copy(server: PostgresServer, template: str) -> Iterator[str]:
    """A copy of a PostgreSQL database; in the end it holds no secret that was made meanwhile."""
    name = server.create(template)
    WATCH.lately.clear()
    yield server.url(name)
    if WATCH.lately:
        WATCH.search("database: PostgreSQL", server.dump(name), lately=True)
    server.drop(name)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, migrated_template: str) -> Iterator[str]:
    """A PostgreSQL database of the test's own."""
    with postgres_copy(postgres_server, migrated_template) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn."""
    return str(request.param)


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """An empty database of each kind in turn."""
    fixture = "sqlite_url" if database_kind == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[Store]:
    """A store on each kind of database in turn."""
    store = Store(database_url, KEYS, clock=clock)
    yield store
    store.close()


@pytest.fixture
def sqlite_store(sqlite_url: str, clock: Clock) -> Iterator[Store]:
    """A store on SQLite, for tests that are not about the database."""
    store = Store(sqlite_url, KEYS, clock=clock)
    yield store
    store.close()


# Files that take seconds: the whole run has them; `make check`, which is run at every step, does
# not. Folder → names without `test_`.
SLOW = {
    "content": (
        "case_study cases_of_sets catalogues coverage library packs portfolio proving sets style"
    ),
    "core": (
        "assurance attainment cli columns hostile_files identity improvement promise "
        "proof sensitivity"
    ),
    "demo": "addenda lifetime",
    "methods": "command_line cvss dod_and_cmmc hecvat",
    "server": (
        "entrance gate headers hostile_exports limits provider_signs_out second_step "
        "through_provider trail"
    ),
    "store": "answers chain keys purge_pass",
    "ui": (
        "charts colleagues compare decide duties engagement evidence home people "
        "questionnaire review sets submit tenders trail two_reviewers vendors"
    ),
    "usecases": (
        "answering backups deciding duties engagements events evidence knockouts "
        "moderating policy purging reviewing rotating second_factor sets tenders "
        "verify_command verifying weighing"
    ),
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where nothing slow is wanted, do not even read these files: that takes seconds too."""
    return True if "not slow" in config.option.markexpr and _slow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow."""
    for item in items:
        if _slow(item.path):
            item.add_marker(pytest.mark.slow)


def _slow(path: Path) -> bool:
    name = path.stem.removeprefix("test_")
    folder = path.parent
    return folder.parent == Path(__file__).parent and name in SLOW.get(folder.name, "").split()


@pytest.fixture(scope="session", autouse=True)
def no_secret_where_it_must_not_be() -> Iterator[None]:
    """No log, address, page or database of this process holds a token, password or code."""
    yield
    assert WATCH.leaks() == []
    WATCH.look_again()
    assert WATCH.found == []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts of this process to the one that reports."""
    handed = getattr(session.config, "workeroutput", None)
    if handed is not None:
        handed["watched"] = watched()
        handed["told"] = TOLD_AT_THE_END


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the counts of a process that ends."""
    handed = getattr(node, "workeroutput", {})
    _WATCHED.append(Counter(handed.get("watched", {})))
    TOLD_AT_THE_END.extend(handed.get("told", ()))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much was searched for how many secrets."""
    total = sum(_WATCHED, Counter()) if _WATCHED else Counter(watched())
    made = total.pop("secret", 0)
    places = ", ".join(f"{number:,} × {where}" for where, number in sorted(total.items()))
    terminalreporter.line(f"Searched for {made:,} tokens and secrets of the tests in {places}.")
    for sentence in TOLD_AT_THE_END:
        terminalreporter.line(sentence)


def watched() -> dict[str, int]:
    """How many secrets this process knew, and in how many places of each kind it looked for them:
    those of the test in its database, and all in everything else.
    """
    return {
        "secret": len(WATCH.secrets),
        "line of a log": len(WATCH.lines),
        **WATCH.searched,
    }


_WATCHED: list[Counter[str]] = []
