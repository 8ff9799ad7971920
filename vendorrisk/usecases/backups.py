"""Backups of an SQLite installation that name the day on which they expire, and go then; and
whether one could be put back.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

from vendorrisk.evidence import Files
from vendorrisk.store import Store, StoreUnavailable, key_in_use, migrate
from vendorrisk.store.database import read_url
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Refusal
from vendorrisk.usecases.verifying import Verified, verify

_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z-expires-(\d{4}-\d\d-\d\d)")


def back_up(app: Application) -> Path:
    """Copy database and evidence, of one moment, into a folder that says when it expires.

    The master key is not in it. Raises `Refusal` where the database is PostgreSQL, which has tools
    of its own.
    """
    database = read_url(app.settings.database_url).database
    if not app.settings.database_url.startswith("sqlite") or not database:
        raise Refusal(
            "not_sqlite",
            "This installation's database is PostgreSQL, which this command does not back up.",
            "Use pg_dump, copy the folder of evidence after it, and delete both when their time is"
            " over.",
        )
    now = app.clock()
    until = (now + app.retention["backups"].period).date()
    folder = _folder(app) / f"{now:%Y-%m-%dT%H%M%SZ}-expires-{until:%Y-%m-%d}"
    unfinished = folder.with_name(f"new-{folder.name}")
    try:
        _folder(app).mkdir(exist_ok=True, mode=0o700)
        unfinished.mkdir(mode=0o700)
        # The database first: files are kept before it knows of them, and never change.
        with (
            closing(sqlite3.connect(database)) as source,
            closing(sqlite3.connect(unfinished / "vendorrisk.db")) as copy,
        ):
            source.backup(copy)
        if app.files.folder.exists():
            shutil.copytree(app.files.folder, unfinished / "evidence")
        unfinished.rename(folder)
    except (OSError, sqlite3.Error, shutil.Error) as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise Refusal(
            "not_backed_up",
            f"The backup could not be written: {error}.",
            "Make room in the data folder, or check who may write there.",
        ) from error
    return folder


def check_backup(app: Application, folder: Path) -> Verified:
    """Whether a backup could be put back: a copy of its database is brought up to date and checked
    with its files, as `verify` checks the installation, which this leaves alone.

    Raises `Refusal` (no_backup) where there is none, or `StoreUnavailable`.
    """
    database = folder / "vendorrisk.db"
    if not database.is_file():
        raise Refusal(
            "no_backup",
            f"There is no backup in {folder}: it has no vendorrisk.db.",
            "Name a folder that `vendorrisk backup` has written.",
        )
    # A copy, because opening a database writes files beside it.
    with tempfile.TemporaryDirectory(dir=app.settings.data, prefix="check-") as place:
        copy = Path(place) / "vendorrisk.db"
        shutil.copyfile(database, copy)
        url = f"sqlite:///{copy}"
        migrate(url)
        store = Store(url, app.keys, clock=app.clock)
        try:
            return verify(replace(app, store=store, files=Files(folder / "evidence")))
        finally:
            store.close()


def delete_those_with_other_keys(app: Application) -> tuple[Path | None, int]:
    """Replace backups that need a master key of before by one of now: it, and how many there were.

    Whoever has that key could read them. Raises `Refusal` as `back_up`.
    """
    others = []
    one_of_now = False
    for path in sorted(_folder(app).glob("*-expires-*")):
        unfinished = path.name.startswith("new-")
        if _NAME.fullmatch(path.name.removeprefix("new-")):
            same = False
            with suppress(StoreUnavailable):  # a damaged one is no backup
                key = key_in_use(f"sqlite:///{path / 'vendorrisk.db'}")
                same = key == app.keys.id and not unfinished
            one_of_now |= same
            others += [] if same else [path]
    made = back_up(app) if others and not one_of_now else None
    for path in others:
        shutil.rmtree(path)
    return made, len(others)


def delete_expired(app: Application) -> int:
    """Delete the backups whose day has come; how many."""
    today = app.clock().date()
    deleted = 0
    for path in sorted(_folder(app).glob("*-expires-*")):
        named = _NAME.fullmatch(path.name)
        if named and date.fromisoformat(named[1]) <= today:
            shutil.rmtree(path)
            deleted += 1
    return deleted


def _folder(app: Application) -> Path:
    return app.settings.data / "backups"
