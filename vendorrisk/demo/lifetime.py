"""Where a demo lies, until when, and how it goes: nothing of it outlives its last day.

A demo has a folder of its own, which holds a note that says so, an SQLite database whose
installation row says until when, a key of its own, and the files of evidence. A folder without that
note, or a database without that date, is never touched.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from vendorrisk.access import EVERYTHING, SYSTEM
from vendorrisk.assessment import Refusal
from vendorrisk.settings import Settings
from vendorrisk.store import Store, StoreUnavailable
from vendorrisk.store.tables import Installation
from vendorrisk.usecases.application import Application

LONGEST = timedelta(days=90)
ORGANISATION = "Calder Vale Council"
"""Who buys, in the demo."""

_NOTE = "demo.txt"
_DATABASE = "vendorrisk.db"
_KEY = "vendorrisk.key"
_NOTE_SAYS = (
    "Everything in this folder belongs to a demo. All of it is made up, and all of it is deleted\n"
    "by itself when the demo ends. Keep nothing of your own here.\n"
)


def settings(folder: Path, questionnaires: Path) -> Settings:
    """The settings under which the demo in `folder` is served: on this machine only."""
    return Settings(
        data=folder,
        database_url=_url(folder),
        public_url=None,
        questionnaires=questionnaires,
        organisation=ORGANISATION,
        demo=True,
        second_factor_for=frozenset(),
    )


def require_length(days: int) -> None:
    """Raise `Refusal` (demo_too_long) for a number of days that no demo may stay."""
    if not 1 <= days <= LONGEST.days:
        raise Refusal(
            "demo_too_long",
            f"A demo stays for 1 to {LONGEST.days} days, not for {days}.",
            f"Name a number of days from 1 to {LONGEST.days}.",
        )


def mark(app: Application, until: datetime) -> None:
    """Say in a fresh database and its folder that this is a demo, and until when."""
    (app.settings.data / _NOTE).write_text(_NOTE_SAYS, encoding="utf-8")
    with app.store.begin(EVERYTHING) as work:
        row = work.get(Installation, id=1)
        if row is None or row.demo_until is not None or work.people():
            raise foreign(app.settings.data)
        row.demo_until = until
        work.record(SYSTEM, "mark_demo", "installation", "1", until=until.isoformat())


def demo_until(store: Store) -> datetime | None:
    """Until when the demo in this database stays; None for a database that is none."""
    with store.read(EVERYTHING) as work:
        row = work.get(Installation, id=1)
    return row.demo_until if row is not None else None


def found_in(folder: Path) -> datetime | None:
    """Until when the demo in `folder` stays; None where there is nothing.

    Raises `Refusal` (not_a_demo) where the folder holds anything else, or (demo_outdated) a demo of
    another version of the product.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    if not (folder / _NOTE).is_file():
        raise foreign(folder)
    if not (folder / _DATABASE).exists():  # its deletion was interrupted
        delete(folder)
        return None
    store = Store(_url(folder))
    try:
        until = demo_until(store)
    except StoreUnavailable as problem:
        if problem.code not in ("not_migrated", "newer"):
            raise
        raise Refusal(
            "demo_outdated",
            f"The demo in {folder} was made by another version of the product.",
            "Delete that folder, in which everything is made up, and make the demo again.",
        ) from problem
    finally:
        store.close()
    if until is None:
        raise foreign(folder)
    return until


def over(app: Application) -> bool:
    """Whether the application serves a demo whose time is over, or that is gone already."""
    if not app.settings.demo:
        return False
    try:
        until = demo_until(app.store)
    except StoreUnavailable as problem:
        if problem.code != "missing":
            raise
        return True
    return until is not None and app.clock() >= until


def purge(app: Application) -> None:
    """Delete the demo that the application serves: database, files and note. Twice does no harm.

    Raises `Refusal` (not_a_demo) for a folder that is none.
    """
    folder = app.settings.data
    app.store.close()
    if app.settings.database_url != _url(folder):
        raise foreign(folder)
    if (folder / _NOTE).exists() or (folder / _DATABASE).exists():
        found_in(folder)
        delete(folder)


def require_fit(app: Application) -> None:
    """Raise `Refusal` unless settings and database agree on whether this is a demo, and it lasts.

    A demo that is over is deleted first.
    """
    if over(app):
        purge(app)
        raise ended()
    until = demo_until(app.store)
    if until is not None and not app.settings.demo:
        raise Refusal(
            "is_a_demo",
            "This database holds a demo, so it is not served as a real one.",
            "Serve it with `vendorrisk demo`, or point VENDORRISK_DATA at your own folder.",
        )
    if until is None and app.settings.demo:
        raise Refusal(
            "not_a_demo",
            "VENDORRISK_DEMO is 1, and this database is not a demo's.",
            "Take VENDORRISK_DEMO away; `vendorrisk demo` sets it for a database of its own.",
        )


def ended() -> Refusal:
    """What is said once a demo is over."""
    return Refusal(
        "demo_ended",
        "This demo has ended, and everything in it was deleted.",
        "`make demo` makes a new one.",
    )


def delete(folder: Path) -> None:
    """Delete what a demo put into `folder`, which `found_in` has found to be one."""
    for name in (_DATABASE, f"{_DATABASE}-wal", f"{_DATABASE}-shm", _KEY):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "evidence", ignore_errors=True)
    (folder / _NOTE).unlink(missing_ok=True)  # last, so that what is left is still known as a demo
    with suppress(OSError):  # somebody kept something of their own in it after all
        folder.rmdir()


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / _DATABASE}"


def foreign(folder: Path) -> Refusal:
    """What is said about a folder in which something lies that must stay."""
    return Refusal(
        "not_a_demo",
        f"{folder} holds something that is not a demo, so it is left alone.",
        "Name an empty folder, or one that does not exist yet.",
    )
