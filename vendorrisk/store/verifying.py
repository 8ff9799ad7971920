"""Checks what is stored against the audit trail, whatever somebody did to the database by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Table, select, type_coerce
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
    plain = [type_coerce(column, NullType()).label(column.name) for column in table.c]
    query = select(*plain).order_by(*(table.c[name] for name in order))
    for row in connection.execute(query):
        yield {
            column.name: _value(column, value) for column, value in zip(table.c, row, strict=True)
        }


def _is_moment(value: Any) -> bool:
    # Python's own reading of ISO 8601 passes over a letter behind the digits.
    return isinstance(value, str) and bool(_MOMENT.fullmatch(value))


def _value(column: Column[Any], value: Any) -> Any:
    """A value as the tables' types would give it; one that is none of theirs as it is."""
    if isinstance(column.type, Moment) and (isinstance(value, datetime) or _is_moment(value)):
        try:
            return read_moment(value)
        except ValueError:
            return value
    if isinstance(column.type, Boolean) and value in (0, 1):
        return bool(value)
    return value
