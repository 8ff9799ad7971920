"""What a served demo does not do: leave this machine, take files, or outlive its last day."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from vendorrisk.assessment import Refusal
from vendorrisk.demo import lifetime
from vendorrisk.server import faults
from vendorrisk.usecases.application import Application, application

LOOK_EVERY_SECONDS = 60
_UPLOADS = "/_stcore/upload_file"
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class DemoLimits:
    """Where the application is a demo: refuses other machines and uploads, and deletes it once it
    is over. Otherwise it does nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; see the class."""
        refusal = None
        if scope["type"] in ("http", "websocket") and application().settings.demo:
            refusal = await _refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})


async def watch(app: Application) -> NoReturn:
    """Delete the demo on time even where nobody asks for a page; to be cancelled at the end."""
    while True:
        try:
            await run_in_threadpool(_ended, app)
        except Refusal as problem:
            faults.log.error("The demo could not be looked at: %s", problem)
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def require_loopback(address: str | None) -> None:
    """Raise `Refusal` unless the server listens on this machine alone."""
    if address not in _LOOPBACK_NAMES:
        raise Refusal(
            "demo_is_local",
            f"A demo is served on this machine only, not at {address or 'every address'}.",
            "Leave out STREAMLIT_SERVER_ADDRESS and VENDORRISK_BASE_URL.",
        )


async def _refusal(scope: Scope) -> Response | None:
    if not _is_local(scope):
        return faults.message(
            403,
            says="This is a demo, and it can be seen only on the machine that it runs on.",
            fix="Start one of your own with `make demo`.",
        )
    if scope["path"].startswith(_UPLOADS):
        return faults.message(404)
    if await run_in_threadpool(_ended, application()):
        gone = lifetime.ended()
        return faults.message(410, heading="This demo has ended", says=gone.sentence, fix=gone.fix)
    return None


def _ended(app: Application) -> bool:
    over = lifetime.over(app)
    if over:
        lifetime.purge(app)
    return over


def _is_local(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        address = ip_address(client[0]) if client else None
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_loopback
