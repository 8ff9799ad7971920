"""SQLite that does not wait for the disk: what these databases hold is not needed afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry, Pool

_said = {"quick": True}


def begin() -> None:
    """From now on every connection that this process takes from a pool is quick."""
    event.listen(Pool, "checkout", _checkout)


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
