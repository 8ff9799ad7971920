"""Deletes, once a day, what is kept no longer than the retention schedule says."""

from __future__ import annotations

import asyncio
from typing import NoReturn

from starlette.concurrency import run_in_threadpool

from vendorrisk.access import ORIGIN
from vendorrisk.assessment import Refusal
from vendorrisk.server import faults
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.purging import purge

FIRST_AFTER_SECONDS = 60
"""So that a start is not slowed down, and one that fails at once deletes nothing."""

EVERY_SECONDS = 24 * 60 * 60


async def watch(app: Application) -> NoReturn:
    """Purge soon and then every day; to be cancelled at the end.

    Several processes may do this at once: each deletion looks again at whether it is due.
    """
    await asyncio.sleep(FIRST_AFTER_SECONDS)
    while True:
        await run_in_threadpool(run_once, app)
        await asyncio.sleep(EVERY_SECONDS)


def run_once(app: Application) -> None:
    """One run; what does not work is written to the log, and tried again the next day."""
    token = ORIGIN.set("app")
    try:
        purged = purge(app)
    except Refusal as problem:
        faults.log.error("What is over could not be deleted: %s", problem)
    except Exception:
        faults.log.exception("What is over could not be deleted")
    else:
        for says in purged.problems:
            faults.log.error("%s", says)
    finally:
        ORIGIN.reset(token)
