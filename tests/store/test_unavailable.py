"""When the database cannot serve: each trouble has its own sentence, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from tests.conftest import KEYS
from tests.quick_sqlite import as_people_have_it
from tests.store.records import NOW, make_world
from vendorrisk.access import EVERYTHING, SYSTEM
from vendorrisk.store import DuplicateError, Store, StoreUnavailable, migrate
from vendorrisk.store.tables import Person

PASSWORD = "a-secret-in-the-url"


def code_of(store: Store) -> str:
    """The code with which reading and writing are refused; both must be the same."""
    codes = set()
    for begin in (store.read, store.begin):
        with pytest.raises(StoreUnavailable) as found, begin(EVERYTHING) as work:
            work.portfolio()
        assert found.value.sentence
        assert found.value.fix
        codes.add(found.value.code)
    [code] = codes
    return code


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = Store(url, KEYS, wait_seconds=0.05)
    yield store
    store.close()


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_a_missing_file_is_said_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "vendorrisk.db"
    with opened(f"sqlite:///{path}") as store:
        assert code_of(store) == "missing"
    assert not path.parent.exists()


def test_a_file_that_vanishes_is_noticed_before_anything_is_written_into_it(
    sqlite_url: str,
) -> None:
    with opened(sqlite_url) as store:
        make_world(store)
        path_of(sqlite_url).rename(path_of(sqlite_url).with_name("moved.db"))
        assert code_of(store) == "missing"
        assert not path_of(sqlite_url).exists()


def test_a_restored_file_is_used_without_a_restart(sqlite_url: str, tmp_path: Path) -> None:
    path, backup = path_of(sqlite_url), tmp_path / "backup.db"
    shutil.copyfile(path, backup)
    with opened(sqlite_url) as store:
        make_world(store)
        store.close()
        backup.replace(path)
        with store.read(EVERYTHING) as work:
            assert work.portfolio() == []


def test_a_database_held_by_another_program_is_busy_and_then_usable_again(
    sqlite_url: str,
) -> None:
    with opened(sqlite_url) as store:
        other = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable) as found:
            make_world(store)
        assert found.value.code == "locked"
        with store.read(EVERYTHING) as work:
            assert work.portfolio() == [], "readers go on meanwhile"
        other.execute("ROLLBACK")
        other.close()
        make_world(store)


@pytest.mark.postgres
def test_a_writer_who_holds_a_row_too_long_makes_the_others_busy(postgres_url: str) -> None:
    with opened(postgres_url) as store, psycopg.connect(postgres_url) as other:
        world = make_world(store)
        other.execute("SELECT id FROM assessment FOR UPDATE")
        with pytest.raises(StoreUnavailable) as found, store.begin(EVERYTHING) as work:
            work.assessment(world.assessment)
        assert found.value.code == "locked"
        other.rollback()
        with store.begin(EVERYTHING) as work:
            assert work.assessment(world.assessment) is not None


def test_an_empty_database_asks_for_a_migration(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    with opened(f"sqlite:///{path}") as store:
        assert code_of(store) == "not_migrated"


def test_a_newer_database_is_left_alone(database_url: str) -> None:
    with opened(database_url) as store:
        with store.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert code_of(store) == "newer"
        with pytest.raises(StoreUnavailable) as found:
            migrate(database_url)
        assert found.value.code == "newer"
        with store.engine.connect() as connection:
            assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


@pytest.mark.parametrize(
    "content", [b"this is no database" * 100, b"SQLite format 3\0" + b"x" * 4080]
)
def test_a_file_that_is_no_database_is_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(content)
    with opened(f"sqlite:///{path}") as store:
        assert code_of(store) == "damaged"
    with pytest.raises(StoreUnavailable):
        migrate(f"sqlite:///{path}")


def test_a_server_that_does_not_answer_is_unreachable_and_its_password_unsaid(
    tmp_path: Path,
) -> None:
    url = f"postgresql://someone:{PASSWORD}@/vendors?host={tmp_path}"
    with opened(url) as store:
        assert code_of(store) == "unreachable"
        with pytest.raises(StoreUnavailable) as found:
            migrate(url)
    assert PASSWORD not in f"{found.value} {found.value.fix} {store.url!r}"


@pytest.mark.parametrize("url", ["", "data.db", "mysql://host/db", "postgresql//typo", "sqlite"])
def test_a_url_of_another_kind_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StoreUnavailable) as found:
        Store(url)
    assert found.value.code == "bad_url"
    assert not url or url not in found.value.sentence


def test_a_copy_that_may_only_be_read_is_read_with_nothing_laid_beside_it(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(sqlite_url) as store:
        make_world(store)
    monkeypatch.setattr(os, "access", lambda *_: False)  # whoever tests may write everywhere
    place, copy = path_of(sqlite_url), Store(sqlite_url)
    with copy.read(EVERYTHING) as work:
        assert len(work.portfolio()) == 1
        assert [path.name for path in place.parent.glob(f"{place.name}*")] == [place.name]
    copy.close()


def test_a_file_that_may_not_be_opened_is_not_called_missing(sqlite_url: str) -> None:
    refused = pytest.raises(StoreUnavailable)
    with opened(sqlite_url) as store, refused as found, store.read(EVERYTHING):
        raise sqlite3.OperationalError("unable to open database file")
    assert found.value.code == "read_only"


def test_a_healthy_database_passes_the_check(database_url: str) -> None:
    with opened(database_url) as store:
        store.check()


def test_a_row_that_exists_is_a_duplicate_and_its_values_stay_unsaid(store: Store) -> None:
    def add() -> None:
        with store.begin(EVERYTHING) as work:
            person = work.add(Person(email="olive@buyer.example", name="Olive", created_at=NOW))
            work.record(SYSTEM, "add_person", "person", person.id)

    add()
    with pytest.raises(DuplicateError) as found:
        add()
    assert "olive" not in str(found.value)
    assert "olive@buyer.example" not in str(found.value.__cause__).partition("DETAIL")[0]


def test_sqlite_is_set_so_that_a_saved_answer_survives_a_power_cut(sqlite_url: str) -> None:
    with as_people_have_it(), opened(sqlite_url) as store, store.engine.connect() as connection:

        def pragma(name: str) -> object:
            return connection.scalar(text(f"PRAGMA {name}"))

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") == 50
        assert pragma("recursive_triggers") == 1


def test_references_to_nothing_are_refused(store: Store) -> None:
    world = make_world(store)
    with pytest.raises(Exception, match=r"(?i)foreign key"), store.begin(EVERYTHING) as work:
        work.save_review(
            world.submission,
            "q5",
            assurance="audited",
            not_applicable=None,
            reason="",
            reviewer_id="nobody",
            seen_version=0,
        )
