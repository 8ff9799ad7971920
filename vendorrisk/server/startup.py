"""What happens when the server starts and stops."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.concurrency import run_in_threadpool
from streamlit import config

from vendorrisk.assessment import Refusal
from vendorrisk.demo import lifetime
from vendorrisk.server import demo_limits, faults, retention, streamlit_options
from vendorrisk.server.shell import shell
from vendorrisk.server.site import site
from vendorrisk.usecases import providers, setup
from vendorrisk.usecases.application import Application, application
from vendorrisk.usecases.errors import StoreUnavailable

LOOK_AGAIN_SECONDS = 5.0
"""How often a database that cannot be used yet is looked at."""


def require_settings() -> None:
    """End the process with a plain sentence if the settings cannot be used.

    Called before there is a server: ending it from within would print a trace as well.
    """
    try:
        _require_place(application())
        providers.providers(application())
    except Refusal as problem:
        sys.exit(f"{problem.sentence}\n{problem.fix}")


@asynccontextmanager
async def lifespan(_server: st.App) -> AsyncIterator[None]:
    """Set Streamlit's options, say where the app is and how to begin, and tidy memory."""
    faults.prepare_log()
    app = application()
    forget_options = streamlit_options.apply(site().hosts)
    shell()
    ready, said = await run_in_threadpool(greeting, app)
    say(said)
    # What is loaded now stays for good: the garbage collector need never look at it again.
    gc.collect()
    gc.freeze()
    daily = demo_limits.watch(app) if app.settings.demo else retention.watch(app)
    watching: list[asyncio.Task[None]] = [asyncio.create_task(daily)]
    if not ready:
        watching.append(asyncio.create_task(greet_later(app)))
    yield
    for task in watching:
        task.cancel()
    gc.unfreeze()
    forget_options()
    app.store.close()


def _require_place(app: Application) -> None:
    """Raise `Refusal` where a demo would be served as a real one, or to others, or too long, and
    where the database belongs to another master key.
    """
    if app.settings.demo:
        demo_limits.require_loopback(app.settings.public_url or config.get_option("server.address"))
    try:
        lifetime.require_fit(app)
    except StoreUnavailable as problem:
        if problem.code == "other_key":
            raise
        # Of anything else the greeting says what puts it right, and it may pass by itself.


def greeting(app: Application) -> tuple[bool, str]:
    """Whether the database can be used, and what the console says at start: the address, and at the
    first start the set-up link.
    """
    lines = [f"Vendor Risk is at {site().origin}"]
    try:
        app.store.check()
        token = setup.setup_link(app)
    except StoreUnavailable as problem:
        lines += ["", f"{problem.sentence} {problem.fix}", "It is looked at again by itself."]
        return False, "\n".join(lines)
    if token is not None:
        lines += [
            "",
            "Nobody can sign in yet. Open this link within 24 hours to become the administrator.",
            "It works once; starting again prints a new one.",
            "",
            f"  {site().origin}/setup#{token}",
        ]
    return True, "\n".join(lines)


async def greet_later(app: Application, every: float = LOOK_AGAIN_SECONDS) -> None:
    """Greet once more as soon as the database can be used; to be cancelled at the end."""
    while True:
        await asyncio.sleep(every)
        ready, said = await run_in_threadpool(greeting, app)
        if ready:
            say(said)
            return


def say(text: str) -> None:
    """Print to the console, whatever the log's level; the link must never end in a log file."""
    sys.stdout.write(f"\n{text}\n\n")
    sys.stdout.flush()
