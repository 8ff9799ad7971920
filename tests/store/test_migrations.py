"""Migrations: they give what the tables say, all or nothing, and only where they may."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlmodel import SQLModel

from tests.postgres_server import PostgresServer
from vendorrisk.access import EVERYTHING
from vendorrisk.store import Migrated, Store, StoreUnavailable, database, migrate, tables


def test_migrating_from_nothing_gives_exactly_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_new_database_knows_when_it_was_made_and_that_it_is_no_demo(store: Store) -> None:
    with store.read(EVERYTHING) as work:
        [installation] = work.all(tables.Installation)
    assert installation.demo_until is None
    assert installation.created_at.tzinfo is not None


def test_migrating_makes_a_private_file_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vendorrisk.db"
    first = migrate(f"sqlite:///{path}")
    assert first.before is None
    assert first.changed
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_migrating_again_changes_nothing(database_url: str) -> None:
    again = migrate(database_url)
    assert again.before == again.after
    assert not again.changed


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE person (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(StoreUnavailable) as found:
        migrate(f"sqlite:///{path}")
    assert found.value.code == "foreign"
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path], "no file of a log is left beside it"


def test_a_migration_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vendorrisk.db"
    upgrade = database.command.upgrade

    def fail_at_the_end(*arguments: object) -> None:
        upgrade(*arguments)  # type: ignore[arg-type]
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(database.command, "upgrade", fail_at_the_end)
        with pytest.raises(RuntimeError):
            migrate(f"sqlite:///{path}")
    with sqlite3.connect(path) as there:
        assert there.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    there.close()
    assert migrate(f"sqlite:///{path}").changed


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StoreUnavailable) as found:
        migrate(f"sqlite:///{tmp_path / 'data' / 'vendorrisk.db'}")
    assert found.value.code == "read_only"
    assert "VENDORRISK_DATA" in found.value.fix


@pytest.mark.postgres
def test_two_that_start_at_once_migrate_once(postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    start, done = threading.Barrier(2), list[Migrated]()

    def one() -> None:
        start.wait()
        done.append(migrate(postgres_server.url(name)))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.changed for result in done) == [False, True]
    postgres_server.drop(name)
