"""What is kept of a master key that was changed: what checks with it, and nothing that it opens.

That is the key of the audit chain, without which events of before could not be checked; the one of
recovery codes, of which only keyed hashes are kept; and the public key of checkpoints. All is
sealed with the master key of now, and sealed anew with the next.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from vendorrisk.keys import BrokenSealError, Keys, seal, unseal
from vendorrisk.store.tables import RetiredKey, document_text
from vendorrisk.store.work import Work

CHECKPOINT = "checkpoint"
"""The purpose of the keys that sign checkpoints."""

RECOVERY = "recovery codes"
"""The purpose of the key that hashes recovery codes."""

_PURPOSE = "retired keys"
_ROWS = select(RetiredKey.__table__).order_by("number")  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Retired:
    """A master key of before: its id, when it was changed, and the derived keys that are kept."""

    id: str
    retired_at: datetime
    audit: bytes
    recovery: bytes
    checkpoint: bytes

    @classmethod
    def of(cls, keys: Keys, at: datetime) -> Retired:
        """What is to be kept of these keys, changed at a time."""
        return cls(
            keys.id, at, keys.derive("audit"), keys.derive(RECOVERY), keys.public_key(CHECKPOINT)
        )


def retired_keys(connection: Connection, keys: Keys) -> list[Retired]:
    """The master keys of before, the oldest first. Raises `BrokenSealError`."""
    rows = connection.execute(_ROWS).mappings()
    return [_opened(keys, row["id"], row["sealed"]) for row in rows]


def retired_within(work: Work, keys: Keys) -> list[Retired]:
    """The same within a transaction that is open."""
    return [_opened(keys, row.id, row.sealed) for row in work.all(RetiredKey, "number")]


def retire(work: Work, old: Keys, new: Keys) -> None:
    """Keep what is kept of `old`, sealed with `new`, and seal anew what was kept before."""
    rows = work.all(RetiredKey, "number")
    for row in rows:
        row.sealed = _sealed(new, _opened(old, row.id, row.sealed))
    sealed = _sealed(new, Retired.of(old, work.now))
    work.add(RetiredKey(id=old.id, number=len(rows) + 1, sealed=sealed))


def _sealed(keys: Keys, retired: Retired) -> str:
    content = {
        "retired_at": retired.retired_at.astimezone(UTC).isoformat(),
        "audit": retired.audit.hex(),
        "recovery": retired.recovery.hex(),
        "checkpoint": retired.checkpoint.hex(),
    }
    text = document_text(content).encode()
    return base64.b64encode(seal(keys.derive(_PURPOSE), text, _about(retired.id))).decode()


def _opened(keys: Keys, id_: str, sealed: str) -> Retired:
    try:
        text = unseal(keys.derive(_PURPOSE), base64.b64decode(sealed, validate=True), _about(id_))
    except (TypeError, ValueError) as error:  # what somebody wrote there by hand
        raise BrokenSealError("this is not sealed") from error
    content = json.loads(text)
    return Retired(
        id_,
        datetime.fromisoformat(content["retired_at"]),
        *(bytes.fromhex(content[name]) for name in ("audit", "recovery", "checkpoint")),
    )


def _about(id_: str) -> str:
    return f"retired-key/{id_}"
