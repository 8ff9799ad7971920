"""Whether what is stored is what happened: trail, rows, files and scorecards; and checkpoints.

A checkpoint says how far each audit chain had come, signed with Ed25519 under a key derived from
the master key. Kept elsewhere, it shows when the end of a chain was cut off or the whole database
put back to an earlier state. A signature rather than an HMAC, because whoever keeps the checkpoint,
such as an outside auditor, can check it with the public key inside, and can make none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from vendorrisk.access import EVERYTHING
from vendorrisk.evidence import LostFile
from vendorrisk.keys import BrokenSealError, is_signed
from vendorrisk.store import document_text
from vendorrisk.store.retired import CHECKPOINT
from vendorrisk.store.tables import Assessment, DeletionReceipt, Evidence, Scorecard, Submission
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Refusal
from vendorrisk.usecases.reviewing import recomputed

_FORMAT = "vendorrisk-checkpoint-1"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was recorded; `code` is one of trail, file or scorecard."""

    code: str
    says: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at and found. It holds without findings; the first is the first break.

    `not_computed` says of scorecards why they could not be computed again here.
    """

    chains: int
    events: int
    files: int
    scorecards: int
    findings: tuple[Finding, ...]
    not_computed: tuple[str, ...]
    checkpoint_of: datetime | None

    @property
    def holds(self) -> bool:
        """Whether everything is as it was recorded."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    made_at: datetime
    heads: dict[str, tuple[int, str]]


def verify(app: Application, checkpoint: bytes | None = None) -> Verified:
    """Check everything that is stored, and (given one) against a checkpoint of earlier.

    Raises `Refusal` (bad_checkpoint) for one that is damaged or another installation's.
    """
    known = None if checkpoint is None else _read(app, checkpoint)
    breaks = app.store.breaks(known.heads if known else None)
    findings = [Finding("trail", str(found)) for found in breaks]
    heads = app.store.heads()
    # What a row says that was changed past the application is nothing to go on.
    changed = {(found.table, found.row) for found in breaks}
    files: list[Evidence] = []
    cards: list[tuple[Scorecard, Submission, Assessment]] = []
    not_computed = []
    try:
        files, cards = _stored(app)
    except Exception:
        if not breaks:
            raise
        not_computed.append("Files and scorecards, because rows of theirs cannot be read.")
    findings += _lost(app, [file for file in files if ("evidence", file.id) not in changed])
    for card, submission, row in cards:
        parts = {("scorecard", card.id), ("submission", submission.id), ("assessment", row.id)}
        if parts & changed:
            continue
        again = recomputed(app, row, submission, card)
        where = f"Assessment {row.id}, scorecard {card.id}"
        if not again.possible:
            not_computed.append(f"{where}: {again.says}")
        elif not again.holds:
            findings.append(Finding("scorecard", f"{where}: {again.says}"))
    return Verified(
        chains=len(heads),
        events=sum(number for number, _ in heads.values()),
        files=len(files),
        scorecards=len(cards),
        findings=tuple(findings),
        not_computed=tuple(not_computed),
        checkpoint_of=known.made_at if known else None,
    )


def checkpoint(app: Application) -> bytes:
    """How far each audit chain has come, signed: JSON to be stored elsewhere."""
    content = {
        "format": _FORMAT,
        "made_at": app.clock().astimezone(UTC).isoformat(),
        "key_id": app.keys.id,
        "public_key": app.keys.public_key(CHECKPOINT).hex(),
        "chains": app.store.heads(),
    }
    signature = app.keys.sign(CHECKPOINT, document_text(content).encode()).hex()
    return (json.dumps({**content, "signature": signature}, indent=1) + "\n").encode()


def _read(app: Application, data: bytes) -> _Checkpoint:
    try:
        content = json.loads(data)
        signature = bytes.fromhex(content.pop("signature"))
        signed = document_text(content).encode()
        if content["format"] != _FORMAT:
            raise ValueError("another format")
        heads = {str(chain): (int(end[0]), str(end[1])) for chain, end in content["chains"].items()}
        made_at = datetime.fromisoformat(content["made_at"])
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise Refusal(
            "bad_checkpoint",
            "This file is not a checkpoint that `vendorrisk checkpoint` has written.",
            "Name the file as it was stored, unchanged.",
        ) from error
    if not any(is_signed(key, signed, signature) for key in _public_keys(app, made_at)):
        raise Refusal(
            "bad_checkpoint",
            "This checkpoint was changed, or another installation made it.",
            "Name one that this installation made, and check VENDORRISK_KEY_FILE.",
        )
    return _Checkpoint(made_at, heads)


def _public_keys(app: Application, made_at: datetime) -> Iterator[bytes]:
    """The keys that may have signed a checkpoint of that time."""
    yield app.keys.public_key(CHECKPOINT)
    with suppress(BrokenSealError):  # changed by somebody, which is found for itself
        for one in app.store.retired():
            if made_at <= one.retired_at:  # later ones were made by whoever stole it
                yield one.checkpoint


def _stored(
    app: Application,
) -> tuple[list[Evidence], list[tuple[Scorecard, Submission, Assessment]]]:
    with app.store.read(EVERYTHING) as work:
        purged = {row.assessment_id for row in work.all(DeletionReceipt, data_class="evidence")}
        files = [
            file
            for file in work.all(Evidence, "assessment_id", "uploaded_at", "id")
            if file.assessment_id not in purged
        ]
        submissions = {row.id: row for row in work.all(Submission)}
        assessments = {row.id: row for row in work.all(Assessment)}
        cards = [
            (card, submissions[card.submission_id], assessments[owner])
            for card in work.all(Scorecard, "created_at", "id")
            if (owner := submissions[card.submission_id].assessment_id)
        ]
    return files, cards


def _lost(app: Application, files: list[Evidence]) -> Iterator[Finding]:
    for file in files:
        try:
            app.files.read(app.keys, file.assessment_id, file.sha256)
        except LostFile as lost:
            yield Finding(
                "file", f"Assessment {file.assessment_id}, file {file.id}: {lost.sentence}"
            )
        except ValueError:
            yield Finding(
                "file",
                f"Assessment {file.assessment_id}, file {file.id}: its name in the store is no"
                " SHA-256.",
            )
