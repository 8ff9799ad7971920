"""What `vendorrisk demo` does: make the demo or find it again, say how to get in, and serve it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import vendorrisk
from vendorrisk.assessment import Refusal
from vendorrisk.demo import lifetime
from vendorrisk.demo.making import make, outdated, until_told
from vendorrisk.store import utc_now

_APP = Path(vendorrisk.__file__).parents[1] / "app.py"


def prepare(
    folder: Path,
    questionnaires: Path,
    origin: str,
    *,
    days: int,
    new: bool,
    say: Callable[[str], None],
    now: datetime | None = None,
) -> None:
    """Make the demo in `folder`, or find the one that is there, and `say` how to get in.

    A demo that is over, or that a changed questionnaire has left behind, is deleted first, and with
    `new` any is. Passwords are told only when they are made. Raises `Refusal` (not_a_demo,
    demo_outdated, demo_too_long), having touched nothing.
    """
    lifetime.require_length(days)
    until = lifetime.found_in(folder)
    if until is not None and (why := _why_anew(folder, questionnaires, until, new, now)):
        lifetime.delete(folder)
        say(f"The demo that was in {folder} is deleted{why}.")
        until = None
    if until is not None:
        say(f"The demo in {folder} is still there. {until_told(until)}")
        say("Its passwords were told when it was made; `vendorrisk demo --new` makes another.")
        return
    say(f"Making a demo in {folder} …")
    made = make(folder, questionnaires, days=days, now=now, say=lambda line: say(f"  {line}"))
    say(f"\n{made.told(origin)}")


def _why_anew(
    folder: Path, questionnaires: Path, until: datetime, new: bool, now: datetime | None
) -> str | None:
    """Why the demo that is there gives way to another, None where it stays."""
    if new:
        return ", as you asked"
    if (now or utc_now()) >= until:
        return ", because its time was over"
    if outdated(folder, questionnaires):
        return ", because a questionnaire has changed since"
    return None


def server(port: int) -> list[str]:
    """The command that serves the demo, on this machine only."""
    if not _APP.is_file():
        raise Refusal(
            "no_app",
            "The demo is served from a checkout of the project, and this is not one.",
            "Run it there; `vendorrisk demo --no-serve` makes it without serving it.",
        )
    options = ["--server.address=localhost", f"--server.port={port}"]
    return [sys.executable, "-m", "streamlit", "run", str(_APP), *options]


def environment(folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The environment in which the demo is served: nothing in it leads to another database."""
    kept = {
        name: value
        for name, value in given.items()
        if not name.startswith("VENDORRISK_") or name == "VENDORRISK_QUESTIONNAIRES"
    }
    return kept | {
        "VENDORRISK_DATA": str(folder),
        "VENDORRISK_ORGANISATION": lifetime.ORGANISATION,
        "VENDORRISK_DEMO": "1",
    }
