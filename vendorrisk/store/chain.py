"""The audit chain: what an event binds, how its hash follows from the one before, where it breaks.

Each assessment has a chain of its own, and what belongs to no assessment is chained under
"installation". An event's hash is an HMAC over its fields and the hash before it, so without the
key nobody can change, remove, insert or reorder events unnoticed. An event binds every row that its
transaction wrote, by a digest of the row before and after; so a row that was changed, added or
removed past the application no longer agrees with the last event that tells of it. Digests are
HMACs under a nonce of the event's own: a plain hash of an answer with four choices would give the
answer away.

What people are called, where they came from and what else is told in words is bound by a digest
too, so that it can be erased when it must be, and the chain still holds. What a chain alone cannot
show is that its end was cut off together with the rows that the end tells of; that takes a
checkpoint, a signed copy of the last hashes that is kept elsewhere.

Where the master key is changed, every chain gets an event made with the new key, which holds the
hash before it as any does. From there on only the new key makes events, and what was before stands
as it stood: whoever has the old key cannot change it without changing a hash that the new one
holds. A chain that does not end with the key of now was made, or cut off, by somebody else.

Events of before there were keys have no nonce and a plain SHA-256; the first keyed event of their
chain follows from the last of them and binds every row there was.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Table
from sqlmodel import SQLModel

from vendorrisk.store.tables import document_text

INSTALLATION = "installation"
START = "0" * 64

KEY_CHANGED = "rotate_key"
"""The action of the first event of a chain that a new key makes; its subject is the key's id."""

UNBOUND_TABLES = frozenset({"throttle", "pending"})
"""Tables that no event tells of: counts of failed tries and what somebody has begun, which protect
nothing afterwards.
"""

UNBOUND_COLUMNS: Mapping[str, frozenset[str]] = {"sign_in": frozenset({"last_seen_at"})}
"""Columns that change without an event: when a session was last used."""

WORDS = ("actor_name", "origin", "details")
"""The columns of an event that can be erased; `said` is their digest."""

ERASED: Mapping[str, str] = {"actor_name": "", "origin": "", "details": "{}"}
"""What stands in these columns afterwards."""

_EVENT = "audit_event"
_BEFORE_KEYS = ("origin", "nonce", "changes", "said", "id", "hash")
_DIGITS = 32  # of a digest: 128 bits


class Change(NamedTuple):
    """A row that an event binds, by its digests before and after; None where there was no row."""

    table: str
    row: str
    before: str | None
    after: str | None


@cache
def bound_columns(table: Table) -> tuple[str, ...]:
    """The columns of `table` that events bind; none for a table that no event tells of."""
    if table.name == _EVENT:
        return WORDS
    if table.name in UNBOUND_TABLES:
        return ()
    quiet = UNBOUND_COLUMNS.get(table.name, frozenset())
    return tuple(column.name for column in table.columns if column.name not in quiet)


@cache
def bound_tables() -> tuple[Table, ...]:
    """Every table with rows that events bind, by name; events themselves are not among them."""
    tables = sorted(SQLModel.metadata.tables.items())
    return tuple(table for name, table in tables if name != _EVENT and bound_columns(table))


def row_key(table: Table, values: Mapping[str, Any]) -> str:
    """What names a row within its table: its primary key, parts joined by a slash."""
    return "/".join(str(values[column.name]) for column in table.primary_key)


def row_digest(key: bytes, nonce: str, table: str, values: Mapping[str, Any]) -> str:
    """The keyed digest of a row's bound columns, given by name: 32 hexadecimal digits."""
    plain = {name: _plain(value) for name, value in values.items()}
    return _mac(key, f"row {nonce} {table} {document_text(plain)}")[:_DIGITS]


def link(event: Mapping[str, Any], key: bytes | None) -> str:
    """The hash of an event, given its columns by name: HMAC-SHA256 in hex.

    It covers every column except the hash itself and the words, which `said` stands for. An event
    of before there were keys has no nonce; its hash is a SHA-256 of the columns it had.
    """
    fields = {**event, "at": _plain(event["at"])}
    if event["nonce"] is None:
        for name in _BEFORE_KEYS:
            fields.pop(name, None)
        return hashlib.sha256(document_text(fields).encode()).hexdigest()
    if key is None:
        raise ValueError("this event was made with a key")
    for name in (*WORDS, "hash"):
        fields.pop(name, None)
    return _mac(key, f"event {document_text(fields)}")


def said_by(key: bytes, event: Mapping[str, Any]) -> str:
    """The digest of an event's words."""
    words = {name: event[name] for name in WORDS}
    return row_digest(key, str(event["nonce"]), _EVENT, words)


@dataclass(frozen=True, slots=True)
class Break:
    """Where the trail and what is stored no longer agree, and how, in a sentence.

    `chain` is an assessment's id or "installation", `number` the event within it that tells of it,
    None where no event does. `table` and `row` name what differs.
    """

    chain: str | None
    number: int | None
    table: str
    row: str
    says: str

    def __str__(self) -> str:
        return f"{self._where()}: {self.says}"

    def _where(self) -> str:
        parts = []
        if self.chain == INSTALLATION:
            parts.append("The installation's chain")
        elif self.chain is not None:
            parts.append(f"Assessment {self.chain}")
        if self.number is not None:
            parts.append(f"event {self.number}")
        if self.table != _EVENT:
            parts.append(f"table {self.table}")
            parts.append(f"row {self.row}")
        text = ", ".join(parts)
        return text[:1].upper() + text[1:]


@dataclass(slots=True)
class _Told:
    """What the last event that tells of a row says of it."""

    chain: str
    number: int
    nonce: str
    after: str | None
    key: bytes = field(repr=False)


@dataclass(slots=True)
class Trail:
    """What remains of the events once read: what they last say of each row, and the chains' ends.

    `told` is by table and then by row; `breaks` holds the first break of each chain.
    """

    told: defaultdict[str, dict[str, _Told]] = field(default_factory=lambda: defaultdict(dict))
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)

    @property
    def broken(self) -> frozenset[str | None]:
        """The chains that have a break of their own."""
        return frozenset(found.chain for found in self.breaks)


def follow(
    events: Iterable[Mapping[str, Any]],
    key: bytes | None,
    heads: Mapping[str, tuple[int, str]] | None = None,
    *,
    retired: Sequence[bytes] = (),
) -> Trail:
    """Read events, sorted by chain and number, and find the first break of each chain.

    `heads` is what a checkpoint says each chain had reached: the number of an event and its hash.
    `retired` are the keys of before `key`, the oldest first.
    """
    trail = Trail()
    expected = heads or {}
    ring = [] if key is None else [*retired, key]
    chain, number, previous, keyed, broken = "", 0, START, False, False
    ages: dict[str, int] = {}
    reworded: list[tuple[str, int, str, Mapping[str, Any]]] = []
    for event in events:
        if event["chain"] != chain:
            chain, number, previous, keyed, broken = event["chain"], 0, START, False, False
        if broken:
            continue
        number += 1
        made_with = key
        if ring and event["nonce"] is not None:
            ages[chain] = _age(event, ring, ages.get(chain))
            made_with = ring[ages[chain]]
        says = _what_is_wrong(event, number, previous, keyed, made_with)
        known, hash_ = expected.get(chain, (0, ""))
        if says is None and known == number and hash_ != event["hash"]:
            says = "it is not the event that the checkpoint knows under this number"
        if says is not None:
            trail.breaks.append(Break(chain, number, _EVENT, event["id"], says))
            broken = True
            continue
        previous, keyed = event["hash"], event["nonce"] is not None
        trail.heads[chain] = (number, previous)
        if keyed and made_with is not None:
            if said_by(made_with, event) != event["said"]:
                reworded.append((chain, number, event["id"], dict(event)))
            for change in json.loads(event["changes"]):
                told = Change(*change)
                trail.told[told.table][told.row] = _Told(
                    chain, number, event["nonce"], told.after, made_with
                )
    for chain, age in ages.items():
        if age < len(retired) and chain not in trail.broken:
            last = trail.heads[chain][0]
            says = "it was made with a key that was changed since, and none of the new one follows"
            trail.breaks.append(Break(chain, last, _EVENT, "", says))
    for chain, number, id_, event in reworded:
        if not _erased(trail, event):
            says = "who acted, from where or with what details is not what was recorded"
            trail.breaks.append(Break(chain, number, _EVENT, id_, says))
    for chain, (reached, _) in sorted(expected.items()):
        last = trail.heads.get(chain, (0, ""))[0]
        if last < reached and chain not in trail.broken:
            says = f"the checkpoint knows {reached} events, so the end was cut off"
            trail.breaks.append(Break(chain, last + 1, _EVENT, "", says))
    trail.breaks.sort(key=lambda found: (found.chain or "", found.number or 0))
    return trail


def _age(event: Mapping[str, Any], ring: Sequence[bytes], before: int | None) -> int:
    """Which of the keys, the oldest first, made an event that follows one of the key `before`."""
    last = len(ring) - 1
    if before is not None:
        return min(before + int(event["action"] == KEY_CHANGED), last)
    for age, key in enumerate(ring[:-1]):
        try:
            if link(event, key) == event["hash"]:
                return age
        except (TypeError, ValueError):
            break
    return last


def _what_is_wrong(
    event: Mapping[str, Any], number: int, previous: str, keyed: bool, key: bytes | None
) -> str | None:
    if event["number"] != number:
        return f"it is missing; the next one present is event {event['number']}"
    if event["previous_hash"] != previous:
        return "it does not follow from the event before it"
    if event["nonce"] is None and keyed:
        return "it was made without the key"
    try:
        hash_ = link(event, key)
        text = event["changes"]
        if event["nonce"] is not None and not isinstance(json.loads(text), list):
            return "its content is not what was recorded"
    except (TypeError, ValueError):
        return "its content is not what was recorded"
    if event["hash"] != hash_:
        return "its content is not what was recorded"
    return None


def _erased(trail: Trail, event: Mapping[str, Any]) -> bool:
    told = trail.told[_EVENT].get(event["id"])
    if told is None or told.after is None:
        return False
    words = {name: event[name] for name in WORDS}
    found = row_digest(told.key, told.nonce, _EVENT, words)
    return words == ERASED and found == told.after


def compare_rows(trail: Trail, table: Table, rows: Iterable[Mapping[str, Any]]) -> Iterator[Break]:
    """Where the rows of a table, all of them, are not as the events left them.

    Rows whose chain is broken already are passed over: its own break says more.
    """
    names, broken = bound_columns(table), trail.broken
    seen = set()
    for row in rows:
        key = row_key(table, row)
        seen.add(key)
        told = trail.told[table.name].get(key)
        if told is None:
            yield Break(
                None, None, table.name, key, "no event tells of it: it was put in by somebody else"
            )
        elif told.chain in broken:
            continue
        elif told.after is None:
            says = "this event removed it, and it is there again"
            yield Break(told.chain, told.number, table.name, key, says)
        else:
            found = row_digest(told.key, told.nonce, table.name, {n: row[n] for n in names})
            if found != told.after:
                says = "it is not as this event, the last that tells of it, left it"
                yield Break(told.chain, told.number, table.name, key, says)
    for key, told in trail.told[table.name].items():
        if told.after is not None and key not in seen and told.chain not in broken:
            says = "it is gone, and no event removed it"
            yield Break(told.chain, told.number, table.name, key, says)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return value.hex() if isinstance(value, bytes) else value


def _mac(key: bytes, text: str) -> str:
    # What an attacker put into the database may be no valid text; it must be found, not raise.
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()
