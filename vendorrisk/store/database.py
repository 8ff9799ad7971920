"""Opening the database: SQLite or PostgreSQL by URL, transactions, migrations, and what can fail.

SQLite runs in write-ahead mode with full synchronisation: a saved answer survives a power cut. One
process lets its writers queue in the order they came, since SQLite's own waiting is a lottery.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vendorrisk.access import EVERYTHING, Scope
from vendorrisk.assessment import Refusal
from vendorrisk.keys import BrokenSealError, Keys
from vendorrisk.store.chain import Break
from vendorrisk.store.retired import Retired, retire, retired_keys
from vendorrisk.store.tables import RetiredKey
from vendorrisk.store.verifying import Heads, breaks, heads_of
from vendorrisk.store.work import Work

MIGRATE = "Run `vendorrisk migrate`, then try again."
_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 7_246_311

READ_SEALED = "read_sealed"
"""The event of reading what a bidder had sealed, after the bids were opened."""


class StoreUnavailable(Refusal):
    """The database cannot be used now. `code` is one of locked, missing, not_migrated, newer,
    foreign, unreachable, full, read_only, damaged, bad_url, other_key; `fix` says what puts it
    right.
    """


class UnkeyedError(Exception):
    """A store without keys was asked to write or for its keys: a mistake in the calling code."""


class ImmutableError(Exception):
    """Something tried to change a record that never changes; the database refused it."""


class DuplicateError(Exception):
    """A row that must be the only one of its kind is there already."""


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def read_url(url: str) -> URL:
    """`url` with the driver that the product uses; `StoreUnavailable` if it is not a usable one."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    backend = parsed.get_backend_name() if parsed is not None else ""
    if parsed is None or backend not in ("sqlite", "postgresql", "postgres"):
        raise StoreUnavailable(
            "bad_url",
            "The database URL is not one that this product can use.",
            "Set VENDORRISK_DATABASE_URL to postgresql://user:password@host/database, or leave it"
            " out for an SQLite file in the data folder.",
        )
    if backend == "sqlite":
        return parsed.set(drivername="sqlite+pysqlite")
    return parsed.set(drivername="postgresql+psycopg")


def describe(url: URL) -> str:
    """Where the database is, in words that give no secret away."""
    if url.get_backend_name() == "sqlite":
        return str(url.database or "memory")
    return f"{url.database or 'the default database'} on {url.host or 'this machine'}"


class Store:
    """A database, opened by scope. It connects on first use and may be shared by threads.

    Without keys it only reads. The first to write binds the database to its master key; opening it
    with another one is refused from then on, until the key is changed: then `renewed` is asked for
    the one that the database belongs to, by its id.
    """

    def __init__(
        self,
        url: str,
        keys: Keys | None = None,
        *,
        clock: Callable[[], datetime] = utc_now,
        wait_seconds: float = 5.0,
        renewed: Callable[[str], Keys] | None = None,
    ) -> None:
        """`wait_seconds` is how long a writer waits for another before it is told so."""
        self.url = read_url(url)
        self.clock = clock
        self.wait_seconds = wait_seconds
        self._renewed = renewed
        self._held = None if keys is None else (keys, keys.derive("audit"))
        self.engine = _engine(self.url, wait_seconds, writing=keys is not None)
        self._sqlite = self.url.get_backend_name() == "sqlite"
        self._writers = threading.Lock()
        self._file: tuple[int, int] | None = None
        self._schema_known = False
        self._bound = False

    @property
    def keys(self) -> Keys:
        """The installation's keys. Raises `UnkeyedError` where it was opened without."""
        return self._with_audit_key()[0]

    def _with_audit_key(self) -> tuple[Keys, bytes]:
        if self._held is None:
            raise UnkeyedError("this store was opened without keys")
        return self._held

    @contextmanager
    def begin(self, scope: Scope) -> Iterator[Work]:
        """A transaction that may read and write within `scope`; all of it happens or none.

        Raises `StoreUnavailable` where the database cannot serve it, `DuplicateError` where a row
        that must be unique exists, `ImmutableError` where a record that never changes was touched.
        """
        _ = self.keys  # only who has them may write
        with self._friendly():
            self._check()
            with self._turn(), self._connect(writing=True) as connection:
                now = self.clock()
                with connection.begin():
                    if self._bound:
                        self._follow_key(connection)
                    else:
                        self._bind(connection, now)
                    work = self._work(connection, scope, now, writing=True)
                    try:
                        yield work
                        work.finish()
                    finally:
                        work.close()
                self._bound = True

    @contextmanager
    def changing_key(self, keys: Keys) -> Iterator[Work]:
        """A transaction after which the database belongs to `keys`; nobody else writes meanwhile.

        What it does inside, all of it happens or none; what is left of the key of before stands in
        `retired_key` then. Raises as `begin`.
        """
        old = self.keys
        with self._friendly():
            self._check()
            with self._turn(), self._connect(writing=True) as connection:
                now, key = self.clock(), keys.derive("audit")
                with connection.begin():
                    its = connection.scalar(_KEY_ID if self._sqlite else _KEY_ALONE)
                    if its != old.id:
                        raise _other_key(self.url, str(its), old.id)
                    work = Work(connection, EVERYTHING, now, writing=True, key=key, keys=old)
                    try:
                        yield work
                        retire(work, old, keys)
                        work.change_key(keys.id)
                        work.finish()
                    finally:
                        work.close()
                self._held = (keys, key)

    def follow_key(self) -> bool:
        """Take over the master key that the database belongs to now; whether it is another one.

        A process that only reads learns so that the key was changed under it. Raises
        `StoreUnavailable` (other_key) where there is no such key.
        """
        before = self.keys.id
        with self._friendly(), self._connect(writing=False) as connection, connection.begin():
            self._take_key(connection.scalar(_KEY_ID))
        return self.keys.id != before

    def _follow_key(self, connection: Connection) -> None:
        """Make sure that a transaction writes with the key that the database belongs to."""
        # Whoever changes the key waits for this transaction: SQLite has one writer at a time.
        self._take_key(connection.scalar(_KEY_ID if self._sqlite else _KEY_SHARED))

    def _take_key(self, key_id: str | None) -> None:
        ours = self.keys
        if key_id in (None, ours.id):
            return
        keys = None if self._renewed is None else self._renewed(str(key_id))
        if keys is None or keys.id != key_id:
            raise _other_key(self.url, str(key_id), ours.id)
        self._held = (keys, keys.derive("audit"))

    @contextmanager
    def read(self, scope: Scope) -> Iterator[Work]:
        """A transaction that only reads, all of it from one moment, and never waits for writers.

        Where it read what had been sealed, that is recorded before anybody gets it.
        """
        with self._friendly():
            self._check()
            with self._connect(writing=False) as connection:
                work = self._work(connection, scope, self.clock(), writing=False)
                with connection.begin():
                    try:
                        yield work
                    finally:
                        work.close()
        if work.readings:
            with self.begin(scope) as telling:
                for actor, verb, assessment_id in dict.fromkeys(work.readings):
                    about = ("assessment", assessment_id, assessment_id)
                    telling.record(actor, READ_SEALED, *about, verb=verb)

    def _work(self, connection: Connection, scope: Scope, now: datetime, *, writing: bool) -> Work:
        keys, key = self._held or (None, None)
        return Work(connection, scope, now, writing=writing, key=key, keys=keys)

    def _bind(self, connection: Connection, now: datetime) -> None:
        keys, key = self._with_audit_key()
        work = Work(connection, EVERYTHING, now, writing=True, key=key)
        try:
            its = work.bind(keys.id)
            work.finish()
        finally:
            work.close()
        self._take_key(its)

    def check(self) -> None:
        """Raise `StoreUnavailable` unless the database is there, reachable and up to date."""
        with self._friendly():
            self._schema_known = self._bound = False
            self._check()

    def breaks(self, heads: Heads | None = None) -> list[Break]:
        """Where the audit trail and what is stored disagree, the first break of a chain first.

        `heads` is how far a checkpoint says that each chain had come. Raises `UnkeyedError`.
        """
        _ = self.keys
        with self._friendly():
            self._check()
            with self._connect(writing=False) as connection, connection.begin():
                keys, key = self._with_audit_key()
                try:
                    retired = [one.audit for one in retired_keys(connection, keys)]
                except BrokenSealError:
                    says = "it is not what was kept of a key that was changed"
                    return [Break(None, None, str(RetiredKey.__tablename__), "?", says)]
                return breaks(connection, key, heads, retired)

    def retired(self) -> list[Retired]:
        """What is kept of the master keys of before, the oldest first.

        Raises `BrokenSealError` where that was changed, `UnkeyedError`.
        """
        keys = self.keys
        with self._friendly():
            self._check()
            with self._connect(writing=False) as connection, connection.begin():
                return retired_keys(connection, keys)

    def heads(self) -> dict[str, tuple[int, str]]:
        """How far each audit chain has come: number and hash of its last event."""
        with self._friendly():
            self._check()
            with self._connect(writing=False) as connection, connection.begin():
                return heads_of(connection)

    def compact(self) -> bool:
        """Let the database file forget what was deleted; whether that was possible just now.

        SQLite keeps the bytes of deleted rows in free pages and in the file of its write-ahead log;
        PostgreSQL does so in its own way, and its dumps hold none of it.
        """
        if not self._sqlite:
            return True
        try:
            with self._turn(), self.engine.connect() as connection:
                plain = cast(sqlite3.Connection, connection.connection.driver_connection)
                plain.execute("VACUUM")
                busy, _, _ = plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return not busy
        except (StoreUnavailable, sqlite3.OperationalError):
            return False

    def close(self) -> None:
        """Let go of every connection; the store opens new ones when it is used again."""
        self.engine.dispose()
        self._schema_known = self._bound = False

    def _check(self) -> None:
        if self._sqlite:
            self._same_file()
        if not self._schema_known:
            with self.engine.connect() as connection:
                _require_current(connection, self.url)
                if self._held is not None:
                    key_id = connection.scalar(_KEY_ID)
                    self._take_key(key_id)
                    self._bound = key_id is not None
            self._schema_known = True

    def _same_file(self) -> None:
        # An open connection keeps writing into a file that was deleted or replaced under it.
        path = self.url.database
        if not path or path == ":memory:":
            return
        try:
            status = os.stat(path)
        except FileNotFoundError:
            self.close()
            self._file = None
            raise _missing(path) from None
        identity = (status.st_dev, status.st_ino)
        if identity != self._file:
            self.close()
            self._file = identity

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._sqlite:
            yield
            return
        if not self._writers.acquire(timeout=self.wait_seconds):
            raise _locked()
        try:
            yield
        finally:
            self._writers.release()

    @contextmanager
    def _connect(self, *, writing: bool) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            if self._sqlite:
                yield connection.execution_options(writing=writing)
            elif writing:
                yield connection
            else:
                yield connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )

    @contextmanager
    def _friendly(self) -> Iterator[None]:
        with _translating(self.url):
            yield


def key_in_use(url: str) -> str | None:
    """The id of the master key that the database was made with.

    None where nothing was written yet: no database, an empty one, or one of before there were
    keys. Raises `StoreUnavailable` where it cannot be read.
    """
    parsed = read_url(url)
    path = parsed.database if parsed.get_backend_name() == "sqlite" else None
    if path and path != ":memory:" and not Path(path).exists():
        return None
    engine = _engine(parsed, wait_seconds=5.0)
    try:
        with _translating(parsed), engine.connect() as connection:
            if not inspect(connection).has_table("installation"):
                return None
            columns = {column["name"] for column in inspect(connection).get_columns("installation")}
            return connection.scalar(_KEY_ID) if "key_id" in columns else None
    finally:
        engine.dispose()


def migrate(url: str) -> Migrated:
    """Bring the database at `url` to the schema of this code, creating an SQLite file if needed.

    All of it happens or none. Raises `StoreUnavailable`, also when the database is newer than the
    code, which is left as it is.
    """
    parsed = read_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        _make_file(Path(parsed.database))
        # Opening a file to write changes it, which somebody else's must not be.
        looking = _engine(parsed, wait_seconds=30.0, writing=False)
        try:
            with _translating(parsed), looking.connect() as connection:
                _require_ours(connection, parsed)
        finally:
            looking.dispose()
    engine = _engine(parsed, wait_seconds=30.0)
    try:
        with _translating(parsed), engine.connect() as plain:
            connection = plain.execution_options(writing=True)
            with connection.begin():
                if parsed.get_backend_name() == "postgresql":
                    # Two starting processes take turns; the second finds nothing left to do.
                    connection.execute(
                        text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK}
                    )
                before = _require_ours(connection, parsed)
                config = _alembic()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                after = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return Migrated(before, str(after), describe(parsed))


@dataclass(frozen=True, slots=True)
class Migrated:
    """From which revision to which a database went; `before` is None for a new one."""

    before: str | None
    after: str
    where: str

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return self.before != self.after


def _engine(url: URL, wait_seconds: float, *, writing: bool = True) -> Engine:
    # Parameters hold answers and hashes; an error's text, which may be logged, leaves them out.
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, wait_seconds, writing)
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "application_name": "vendorrisk"},
    )

    @event.listens_for(engine, "connect")
    def _prepare_postgres(connection: psycopg.Connection[Any], _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('TimeZone', 'UTC', false)")
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, false)", (f"{int(wait_seconds * 1000)}ms",)
            )
        connection.commit()

    return engine


def _sqlite_engine(url: URL, wait_seconds: float, writing: bool) -> Engine:
    path = url.database
    if path and path != ":memory:":
        # `mode=rw`: SQLite would otherwise make an empty file where the database is missing.
        quoted = Path(path).absolute().as_uri()
        mode = "mode=rw" if writing or not _lies_still(path) else "immutable=1"
        url = url.set(database=f"{quoted}?{mode}&uri=true", query={"uri": "true"})
    engine = create_engine(
        url, connect_args={"timeout": wait_seconds}, pool_size=10, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where `_begin` says so
        # Setting it writes into the file, and who only reads may have been given somebody else's.
        connection.execute("PRAGMA journal_mode = WAL" if writing else "PRAGMA query_only = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")  # or REPLACE slips past them
        connection.execute("PRAGMA trusted_schema = OFF")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later could not wait its turn, so writers
        # take theirs at once.
        writing = connection.get_execution_options().get("writing", False)
        begin = "BEGIN IMMEDIATE" if writing else "BEGIN"
        cast(sqlite3.Connection, connection.connection.driver_connection).execute(begin)

    return engine


def _lies_still(path: str) -> bool:
    """Whether this is a copy that we may only read and nobody has open, as on a backup's disk.

    Elsewhere even who only reads needs the files of the write-ahead log beside the database.
    """
    ours = os.access(path, os.W_OK) and os.access(Path(path).absolute().parent, os.W_OK)
    return os.path.isfile(path) and not ours and not os.path.exists(f"{path}-wal")


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StoreUnavailable(
            "read_only",
            f"The database file {path} cannot be created: {error.strerror}.",
            "Point VENDORRISK_DATA at a folder that this account may write to.",
        ) from error
    os.close(descriptor)


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


@cache
def _schemas() -> tuple[str, ...]:
    """The revision of each schema that this code knows, oldest first."""
    scripts = ScriptDirectory.from_config(_alembic()).walk_revisions()
    return tuple(script.revision for script in scripts)[::-1]


def _require_ours(connection: Connection, url: URL) -> str | None:
    """The revision of a database that may be migrated; None for an empty one."""
    found = MigrationContext.configure(connection).get_current_revision()
    _refuse_newer(found, url)
    if found is None and inspect(connection).get_table_names():
        raise _foreign(url, "Name an empty database, or one that this product made.")
    return found


def _require_current(connection: Connection, url: URL) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    _refuse_newer(current, url)
    if current is None and inspect(connection).get_table_names():
        raise _foreign(url, "Name a database that this product made.")
    if current != _schemas()[-1]:
        raise _not_migrated(url)


_KEY_ID = text("SELECT key_id FROM installation")
_KEY_SHARED = text("SELECT key_id FROM installation FOR KEY SHARE")
_KEY_ALONE = text("SELECT key_id FROM installation FOR UPDATE")


def _other_key(url: URL, its: str, ours: str) -> StoreUnavailable:
    return StoreUnavailable(
        "other_key",
        f"The database {describe(url)} was made with another master key ({its}) than the one given"
        f" ({ours}).",
        "Put the key file that belongs to this database back from your backup, or set"
        " VENDORRISK_KEY_FILE to it.",
    )


def _refuse_newer(current: str | None, url: URL) -> None:
    if current is not None and current not in _schemas():
        raise StoreUnavailable(
            "newer",
            f"The database {describe(url)} was written by a newer version of this product.",
            "Start that newer version; this one leaves the database as it is.",
        )


def _locked() -> StoreUnavailable:
    return StoreUnavailable(
        "locked",
        "The database is busy, so nothing was saved just now.",
        "Try again in a moment. If it stays busy, look for another program, such as a backup or"
        " a database browser, that holds it open.",
    )


def _missing(path: str) -> StoreUnavailable:
    return StoreUnavailable(
        "missing",
        f"There is no database at {path}.",
        f"If this is a new installation: {MIGRATE} Otherwise put the file back, or check"
        " VENDORRISK_DATA.",
    )


def _foreign(url: URL, fix: str) -> StoreUnavailable:
    return StoreUnavailable(
        "foreign", f"The database {describe(url)} already holds something else.", fix
    )


def _closed(url: URL) -> StoreUnavailable:
    return StoreUnavailable(
        "read_only",
        f"The database {describe(url)} cannot be opened by this account.",
        "Give the account that runs the product the right to read and write it.",
    )


def _not_migrated(url: URL) -> StoreUnavailable:
    return StoreUnavailable(
        "not_migrated", f"The database {describe(url)} is not up to date.", MIGRATE
    )


@contextmanager
def _translating(url: URL) -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise _locked() from error
    except (DBAPIError, sqlite3.Error) as error:
        better = _translated(error, url)
        if better is error:
            raise
        raise better from error


def _translated(error: DBAPIError | sqlite3.Error, url: URL) -> Exception:
    """The product's own exception for what the database said; unknown errors stay as they are."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    says = str(cause).lower()
    if "never changes" in says:
        return ImmutableError(str(cause).splitlines()[0])
    if isinstance(error, IntegrityError):
        unique = "unique constraint" in says or isinstance(cause, psycopg.errors.UniqueViolation)
        return DuplicateError(str(cause).splitlines()[0]) if unique else error
    if "locked" in says or "busy" in says or isinstance(cause, _BUSY):
        return _locked()
    if "no such table" in says or isinstance(cause, psycopg.errors.UndefinedTable):
        return _not_migrated(url)
    if "unable to open database file" in says:
        return _closed(url) if os.path.isfile(url.database or "") else _missing(describe(url))
    if "is full" in says or isinstance(cause, psycopg.errors.DiskFull):
        return StoreUnavailable(
            "full",
            "The disk that holds the database is full, so nothing was saved.",
            "Free some space, then try again.",
        )
    if "readonly database" in says or isinstance(cause, psycopg.errors.ReadOnlySqlTransaction):
        return StoreUnavailable(
            "read_only",
            f"The database {describe(url)} cannot be written to.",
            "Give the account that runs the product the right to write to it.",
        )
    if "malformed" in says or "not a database" in says or "disk i/o error" in says:
        return StoreUnavailable(
            "damaged",
            f"The database {describe(url)} cannot be read.",
            "Restore it from your last backup, and check the disk.",
        )
    if isinstance(cause, psycopg.OperationalError):
        return StoreUnavailable(
            "unreachable",
            f"The database {describe(url)} does not answer.",
            "Check that the database server runs and that VENDORRISK_DATABASE_URL is right.",
        )
    return error


_BUSY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.QueryCanceled,
)
