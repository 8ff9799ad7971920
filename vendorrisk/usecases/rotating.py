"""Changes the master key: everything sealed is sealed anew, and the old key opens nothing any more.

Everything in the database changes in one transaction, so it belongs to the one key or the other.
Files have two names meanwhile: those of the new key are written before the transaction, those of
the old one deleted after it. The new key lies beside the old one until all is done, and whoever
opens the installation takes the one that the database belongs to; so stopping this anywhere does no
harm, and running it again goes on. A running app takes over the new key with its next write.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vendorrisk.access import EVERYTHING
from vendorrisk.evidence import LostFile
from vendorrisk.keys import Keys, adopt_next, make_keys, next_file, read_keys
from vendorrisk.store import Work
from vendorrisk.store.tables import DeletionReceipt, Evidence
from vendorrisk.usecases import backups, read_codes, second_factor, tenders
from vendorrisk.usecases.application import Application

SEALED = (second_factor.seal_anew, read_codes.seal_anew, tenders.seal_anew)
"""What seals anew, within the transaction, whatever a use case keeps sealed in the database."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What changing the master key did, as far as this run had to do it.

    `files` and `secrets` were sealed anew, `deleted` files opened with the old key. `backups` of
    before were deleted and `backup` made instead. `problems` are sentences about what did not work.
    """

    key_id: str
    key_file: Path
    files: int
    secrets: int
    deleted: int
    backup: Path | None
    backups: int
    problems: tuple[str, ...]


def rotate_key(app: Application, *, keep_backups: bool = False) -> Rotated:
    """Make a new master key and let the old one go; or go on where a run before was stopped.

    Raises `Refusal` where a key file or a file of evidence cannot be written, or the database not.
    """
    path, since = app.settings.key_file, app.clock()
    with app.store.begin(EVERYTHING):  # a database that nobody has written to belongs to no key yet
        pass
    files = secrets = 0
    problems: list[str] = []
    if not (next_file(path).exists() and read_keys(next_file(path)).id == app.keys.id):
        new = make_keys(next_file(path))
        with app.store.read(EVERYTHING) as work:
            rows = _files(work)
        ready, _ = _seal_files(app, new, rows)
        old = app.keys
        with app.store.changing_key(new) as work:
            # What was attached meanwhile; nobody can attach anything until this ends.
            late, lost = _seal_files(app, new, [row for row in _files(work) if row not in ready])
            files = len(ready) + len(late)
            for seal_anew in SEALED:
                sealed, broken = seal_anew(work, old, new)
                secrets += sealed
                problems += [f"{broken} secrets do not open; `vendorrisk verify` says more."] * (
                    broken > 0
                )
        problems += lost
    deleted = _forget(app, path, since)
    made, others = (None, 0) if keep_backups else _replace_backups(app, problems)
    if not app.store.compact():
        problems.append(
            "The database file still holds bytes that the old key opens, because somebody was using"
            " it. Stop the app and run `vendorrisk rotate-key` again."
        )
    adopt_next(path)
    return Rotated(
        app.keys.id, path, files, secrets, deleted, made, others, tuple(dict.fromkeys(problems))
    )


_File = tuple[str, str]  # the assessment's id and the content's SHA-256


def _files(work: Work) -> list[_File]:
    """The files of evidence that are to be there."""
    purged = {row.assessment_id for row in work.all(DeletionReceipt, data_class="evidence")}
    rows = work.all(Evidence, "assessment_id", "uploaded_at", "id")
    return list(
        dict.fromkeys(
            (row.assessment_id, row.sha256) for row in rows if row.assessment_id not in purged
        )
    )


def _seal_files(app: Application, new: Keys, rows: list[_File]) -> tuple[set[_File], list[str]]:
    """Those that lie under the new key now, and a sentence on each that is lost."""
    done, lost = set(), []
    for row in rows:
        try:
            app.files.seal_anew(app.keys, new, *row)
            done.add(row)
        except LostFile as problem:
            lost.append(f"Assessment {row[0]}, a file: {problem.sentence}")
    return done, lost


def _forget(app: Application, path: Path, since: datetime) -> int:
    """Delete the files that the key of before opens, while it is still there; how many."""
    before = read_keys(path) if path.exists() else None
    if before is None or before.id == app.keys.id:
        return 0
    with app.store.read(EVERYTHING) as work:
        wanted = {app.files.name(app.keys, *row) for row in _files(work)}
    return app.files.forget_key(before, wanted, since)


def _replace_backups(app: Application, problems: list[str]) -> tuple[Path | None, int]:
    if not app.settings.database_url.startswith("sqlite"):
        return None, 0  # those of PostgreSQL are not ours
    return backups.delete_those_with_other_keys(app)
