"""SQLite that does not wait for the disk: what these databases hold is not needed afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry, Pool
from sqlalchemy.util import LRUCache

_said = {"quick": True}
_dialects: dict[type[Dialect], Dialect] = {}
_statements: LRUCache = LRUCache(1000)


def begin() -> None:
    """From now on every connection that this process takes from a pool is quick, and no statement
    is spelled out in SQL again for the next database of the same kind.
    """
    event.listen(Pool, "checkout", _checkout)
    event.listen(Engine, "engine_connect", _share)


@contextmanager
def as_people_have_it() -> Iterator[None]:
    """New connections are as they are outside the tests."""
    _said["quick"] = False
    yield
    _said["quick"] = True


def _checkout(connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    if _said["quick"] and isinstance(connection, sqlite3.Connection) and "quick" not in record.info:
        connection.execute("PRAGMA synchronous = OFF")
        record.info["quick"] = True


def _share(connection: Connection) -> None:
    # Statements are kept for a dialect, and every engine makes one of its own.
    engine = connection.engine
    shared = _dialects.setdefault(type(engine.dialect), engine.dialect)
    if "compiled_cache" not in engine.get_execution_options():
        engine.dialect = connection.dialect = shared
        engine.update_execution_options(compiled_cache=_statements)
