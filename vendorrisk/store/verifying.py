"""Checks what is stored against the audit trail, whatever somebody did to the database by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Select, Table, select, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from vendorrisk.store.chain import Break, Trail, bound_tables, compare_rows, follow
from vendorrisk.store.tables import AuditEvent, Moment, read_moment

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?", re.ASCII)

Heads = Mapping[str, tuple[int, str]]
"""How far each chain had come: the number of its last event and that event's hash."""


def breaks(
    connection: Connection,
    key: bytes | None,
    heads: Heads | None = None,
    retired: Sequence[bytes] = (),
) -> list[Break]:
    """Every place where trail and rows disagree: the chains first, then rows by event.

    `heads` are those of a checkpoint, `retired` the keys of before this one, the oldest first.
    """
    events: Table = AuditEvent.__table__  # type: ignore[attr-defined]
    try:
        trail = follow(_rows(connection, events, ("chain", "number")), key, heads, retired=retired)
    except DBAPIError:
        return [_unreadable(events)]
    found: list[Break] = []
    for table in bound_tables():
        found += _of_table(connection, trail, table)
    found.sort(key=lambda one: (one.chain is None, one.chain or "", one.number or 0, one.table))
    return [*trail.breaks, *found]


def heads_of(connection: Connection) -> dict[str, tuple[int, str]]:
    """How far each chain has come."""
    events: Table = AuditEvent.__table__  # type: ignore[attr-defined]
    query = select(events.c.chain, events.c.number, events.c.hash).order_by(
        events.c.chain, events.c.number
    )
    return {chain: (number, hash_) for chain, number, hash_ in connection.execute(query)}


def _of_table(connection: Connection, trail: Trail, table: Table) -> list[Break]:
    try:
        return list(compare_rows(trail, table, _rows(connection, table)))
    except DBAPIError:
        return [_unreadable(table)]


def _unreadable(table: Table) -> Break:
    return Break(None, None, table.name, "?", "the database cannot read what is in it")


def _rows(
    connection: Connection, table: Table, order: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """The rows of a table, read so that nothing in a column can stop the reading."""
    names = [column.name for column in table.c]
    readers = [_reader(column) for column in table.c]
    for row in connection.execute(_query(table, tuple(order))):
        yield {
            name: value if read is None else read(value)
            for name, read, value in zip(names, readers, row, strict=True)
        }


@cache
def _query(table: Table, order: tuple[str, ...]) -> Select[*tuple[Any, ...]]:
    plain = [type_coerce(column, NullType()).label(column.name) for column in table.c]
    return select(*plain).order_by(*(table.c[name] for name in order))


def _is_moment(value: Any) -> bool:
    # Python's own reading of ISO 8601 passes over a letter behind the digits.
    return isinstance(value, str) and bool(_MOMENT.fullmatch(value))


def _reader(column: Column[Any]) -> Callable[[Any], Any] | None:
    """What gives a value as the table's type would, and one that is none of its own as it is."""
    if isinstance(column.type, Moment):
        return _moment
    return _truth if isinstance(column.type, Boolean) else None


def _moment(value: Any) -> Any:
    if not (isinstance(value, datetime) or _is_moment(value)):
        return value
    try:
        return read_moment(value)
    except ValueError:
        return value


def _truth(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value
