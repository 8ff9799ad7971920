"""What bidders say in a sealed tender, as it lies in the database: encrypted, and padded.

Each tender has a random key. Until the bids are opened that key is sealed so that the store opens
it for a bidder's own session alone; opening them seals it once more for everybody whom the policy
table lets read, and no row is rewritten. Which question a row answers is hidden as well as the
answer, because a question that is only asked after a certain answer would give that answer away.

What lies in several columns is sealed as one text in one of them; the others then hold what says
nothing. Texts are padded, because the length of a choice's id would give the choice away.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import SQLModel

from vendorrisk.assessment import Refusal
from vendorrisk.keys import SIZE, BrokenSealError, seal, unseal
from vendorrisk.store.tables import (
    AuditEvent,
    Evidence,
    Submission,
    Tender,
    document_text,
)
from vendorrisk.tender import LateRule, Terms

PURPOSE = "tender"
"""What the key that seals the tenders' keys is derived for."""

_PREFIX = "sealed:"
_SMALLEST = 256  # bytes; from there on the next power of two

_HIDDEN: Mapping[type[SQLModel], tuple[str, Mapping[str, Any]]] = {
    Submission: ("snapshot", {"sha256": "sealed"}),
    Evidence: (
        "note",
        {
            "file_name": "sealed",
            "media_type": "sealed",
            "kind": "sealed",
            "dated": date(1970, 1, 1),
            "period_start": None,
            "period_end": None,
            "scope_product": "",
            "scope_environment": "",
            "scope_entity": "",
        },
    ),
    AuditEvent: ("details", {}),
}
# By table: the column that holds the sealed text, and what the others say meanwhile.


class SealedError(Refusal):
    """Something sealed that this transaction cannot open: a caller forgot to ask who may."""

    def __init__(self) -> None:
        super().__init__(
            "sealed",
            "This is sealed until the bids of its tender are opened.",
            "The page “Tenders” says when that is.",
        )


class BrokenKey(Refusal):
    """The key of a tender is not as it was made, so nothing opens that was sealed with it."""

    def __init__(self) -> None:
        super().__init__(
            "tender_key_broken",
            "What was sealed in this tender cannot be opened: it is not as it was stored.",
            "Whoever runs this service finds where with `vendorrisk verify`, and has the backups.",
        )


@dataclass(frozen=True, slots=True)
class Bid:
    """An assessment that bids in a tender, and the tender's terms. `terms` say where it stands.

    `masked` where those without `Scope.names` know the bidder by its pseudonym.
    """

    assessment_id: str
    tender_id: str
    engagement_id: str
    vendor_id: str
    title: str
    pseudonym: str
    late: bool
    pseudonymous: bool
    terms: Terms
    sealed_key: str | None = field(repr=False)
    released_key: str | None = field(repr=False)

    @property
    def sealed(self) -> bool:
        """Whether nobody but the bidder may read what it says."""
        return self.terms.unsealed_at is None or self.released_key is None

    @property
    def called(self) -> str:
        """What stands for the bidder's name; pseudonyms are drawn when the tender is published."""
        return self.pseudonym or "A bidder"

    @property
    def masked(self) -> bool:
        """Whether the bidder's name is kept from those who judge."""
        return self.pseudonymous and self.terms.locked_at is None


def terms_of(row: Any) -> Terms:
    """What a tender promises, and what has happened to it, from its columns.

    A rule for late bids that nobody knows, put in by hand, counts as the stricter one.
    """
    rule = LateRule.RECORD if row.late_rule == LateRule.RECORD else LateRule.REFUSE
    return Terms(row.deadline, rule, row.published_at, row.unsealed_at, row.locked_at)


def sealed_key(master: bytes, tender_id: str, key: bytes) -> str:
    """A tender's key as it is kept while nobody but its bidders may use it."""
    return _text(seal(master, key, f"tender/{tender_id}/sealed"))


def released_key(master: bytes, tender_id: str, sealed: str | None) -> str:
    """The same key as it is kept once the bids are opened. Raises `BrokenKey`."""
    key = _open_key(master, sealed, f"tender/{tender_id}/sealed")
    return _text(seal(master, key, f"tender/{tender_id}/released"))


def key_for(master: bytes, bid: Bid, *, own: bool) -> bytes | None:
    """The key of a bid's tender, None where it may not be used. Raises `BrokenKey`."""
    if not bid.sealed:
        return _open_key(master, bid.released_key, f"tender/{bid.tender_id}/released")
    if own:
        return _open_key(master, bid.sealed_key, f"tender/{bid.tender_id}/sealed")
    return None


def is_sealed_text(value: object) -> bool:
    """Whether a column holds something sealed."""
    return isinstance(value, str) and value.startswith(_PREFIX)


def hide(key: bytes, value: Any, about: str) -> str:
    """JSON data, sealed and padded, as a text for a column. Dates become texts."""
    content = document_text(value).encode()
    room = max(_SMALLEST, 1 << (len(content) - 1).bit_length())
    return _PREFIX + _text(seal(key, content.ljust(room), about))


def show(key: bytes, text: str, about: str) -> Any:
    """The data that `hide` sealed. Raises `BrokenKey` where it is not as it was."""
    try:
        sealed = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        return json.loads(unseal(key, sealed, about))
    except (BrokenSealError, binascii.Error, ValueError) as error:
        raise BrokenKey from error


def opaque(key: bytes, assessment_id: str, question_id: str) -> str:
    """What stands for a question's id while it is hidden: always the same within a bid."""
    text = f"question {assessment_id} {question_id}".encode()
    return f"sealed-{hmac.digest(key, text, 'sha256').hex()[:32]}"


def is_sealed(submission: Submission) -> bool:
    """Whether what a submission says cannot be read here."""
    return is_sealed_text(submission.snapshot)


def snapshot_of(submission: Submission) -> dict[str, Any]:
    """What a submission says, as plain data. Raises `SealedError` while it is sealed."""
    if is_sealed_text(submission.snapshot):
        raise SealedError
    found: dict[str, Any] = json.loads(submission.snapshot)
    return found


# Rows --------------------------------------------------------------------------------------------


def hides(table: type[SQLModel]) -> bool:
    """Whether rows of a table hold what a bidder says."""
    return table in _HIDDEN


def is_hidden(row: SQLModel) -> bool:
    """Whether this row is sealed as it stands."""
    payload, _ = _HIDDEN[type(row)]
    value = getattr(row, payload)
    if isinstance(row, AuditEvent):
        return isinstance(value, str) and value.startswith('{"sealed":')
    return is_sealed_text(value)


def hidden_columns(key: bytes, row: SQLModel) -> dict[str, Any]:
    """What a row's columns hold in the database instead of what they say."""
    payload, neutral = _HIDDEN[type(row)]
    said = {name: getattr(row, name) for name in (payload, *neutral)}
    plain = {name: v.isoformat() if isinstance(v, date) else v for name, v in said.items()}
    return {**neutral, payload: hide(key, plain, _about(row))}


def shown_columns(key: bytes, row: SQLModel) -> dict[str, Any]:
    """What the columns of a sealed row say. Raises `BrokenKey`."""
    payload, _ = _HIDDEN[type(row)]
    if isinstance(row, AuditEvent):
        sealed = str(json.loads(row.details)["sealed"])
        return {"details": document_text(show(key, sealed, event_about(row.chain, row.number)))}
    said = show(key, getattr(row, payload), _about(row))
    columns = row.__class__.model_fields
    return {
        name: date.fromisoformat(value)
        if value is not None and columns[name].annotation in (date, date | None)
        else value
        for name, value in said.items()
    }


def hidden_details(key: bytes, chain: str, number: int, details: Mapping[str, object]) -> str:
    """The details of an event as they are stored: JSON that says nothing."""
    return document_text({"sealed": hide(key, details, event_about(chain, number))})


def event_about(chain: str, number: int) -> str:
    """What the details of an event are sealed about."""
    return f"event/{chain}/{number}"


def file_digest(key: bytes, evidence_id: str, sha256: str) -> str:
    """A file's SHA-256 as it is kept with a bid: whoever reads the database cannot tell by it which
    known document was handed in.
    """
    return hide(key, sha256, f"file/{evidence_id}")


def file_sha256(key: bytes, evidence_id: str, stored: str) -> str:
    """A file's SHA-256 again. Raises `BrokenKey`."""
    return str(show(key, stored, f"file/{evidence_id}"))


def seal_anew(before: bytes, after: bytes, row: Tender) -> int:
    """Keep a tender's keys under another master key; how many. Raises `BrokenKey`."""
    sealed = 0
    for column, how in (("sealed_key", "sealed"), ("released_key", "released")):
        text = getattr(row, column)
        if text is not None:
            about = f"tender/{row.id}/{how}"
            setattr(row, column, _text(seal(after, _open_key(before, text, about), about)))
            sealed += 1
    return sealed


def _about(row: SQLModel) -> str:
    return f"{row.__tablename__}/{getattr(row, 'id', '')}"


def _open_key(master: bytes, text: str | None, about: str) -> bytes:
    try:
        key = unseal(master, base64.b64decode(text or "", validate=True), about)
    except (BrokenSealError, binascii.Error, ValueError) as error:
        raise BrokenKey from error
    if len(key) != SIZE:
        raise BrokenKey
    return key


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
