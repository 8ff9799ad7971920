"""The audit chain: how an event's hash is made from the one before it, and where a chain breaks.

Each assessment has a chain of its own, and what belongs to no assessment is chained under
"installation". A hash covers every field of its event and the hash before it, so changing,
removing or reordering events breaks the chain from there on. What a chain alone cannot show is
that its end was cut off, or that somebody computed all of it afresh: the first takes a copy of the
last hash kept elsewhere, the second a key, which `link` accepts.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from vendorrisk.store.tables import AuditEvent, document_text

INSTALLATION = "installation"
START = "0" * 64


def link(event: Mapping[str, Any], key: bytes | None = None) -> str:
    """The hash of an event, given its columns by name: SHA-256 in hex, as an HMAC given a key.

    It covers every column except the random id and the hash itself.
    """
    fields = {name: value for name, value in event.items() if name not in ("id", "hash")}
    fields["at"] = event["at"].astimezone(UTC).isoformat(timespec="microseconds")
    text = document_text(fields).encode()
    if key is None:
        return hashlib.sha256(text).hexdigest()
    return hmac.new(key, text, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Break:
    """The first event of a chain that does not fit: `number` within `chain`, and what is wrong."""

    chain: str
    number: int
    says: str


def first_breaks(events: Iterable[AuditEvent], key: bytes | None = None) -> list[Break]:
    """The first break of each chain, for events sorted by chain and then by number."""
    breaks: list[Break] = []
    chain, number, previous, broken = "", 0, START, False
    for event in events:
        if event.chain != chain:
            chain, number, previous, broken = event.chain, 0, START, False
        if broken:
            continue
        number += 1
        if event.number != number:
            says = f"event {number} is missing; the next one present is {event.number}"
        elif event.previous_hash != previous:
            says = "it does not follow from the event before it"
        elif not hmac.compare_digest(event.hash, link(event.model_dump(), key)):
            says = "its content is not what was recorded"
        else:
            previous = event.hash
            continue
        breaks.append(Break(chain, number, says))
        broken = True
    return breaks
