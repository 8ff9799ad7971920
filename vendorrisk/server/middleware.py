"""What every request passes: headers, host and origin, limits, identity for Streamlit, the gate.

In this order from the outside. Streamlit's own routes know nothing of our accounts, so what they
would serve to anybody is closed here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vendorrisk.access import ORIGIN, Role
from vendorrisk.server import faults, headers
from vendorrisk.server.demo_limits import DemoLimits
from vendorrisk.server.limits import RateLimits
from vendorrisk.server.sessions import actor_of, session_hash
from vendorrisk.server.shell import shell
from vendorrisk.server.site import site
from vendorrisk.server.streamlit_options import IDENTITY_HEADER

_HASHED = re.compile(r"/static/.+\.[A-Za-z0-9_-]{8}\.[a-z0-9]+$")
"""Streamlit's own files, whose names carry a hash of their content: browsers may keep them."""

# Of Streamlit's own addresses these are served; all others, such as its sign-in that cannot be
# revoked and its programming interface, do not exist.
_ANYBODY = re.compile(r"/_stcore/(health|host-config)|/favicon\.png|/manifest\.json")
_SIGNED_IN = re.compile(r"/(media|component)/.+|/_stcore/(upload_file|bidi-components)/.+")
_ADMINISTRATORS = re.compile(r"/_stcore/metrics")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_FROM_PROGRAMS = re.compile(r"/sign-out/by/[a-z0-9]+")
"""Where a provider's server posts to, which has no origin to name. Nothing there goes by a cookie:
what it sends is signed by the provider, for us, and counts once. A browser names its origin, and
is refused there like anywhere.
"""

_NETWORK_ADDRESS = re.compile(r"[\w.:%-]{0,64}", re.ASCII)
"""What may stand for the address of a client: proxies that are believed name it in a header."""


class SecurityHeaders:
    """Puts the security headers on every response, and turns a fault into a page without detail."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; see the class."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._add(scope, MutableHeaders(scope=message))
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            if started:
                raise
            await faults.show_fault(error)(scope, receive, send_with_headers)

    def _add(self, scope: Scope, sent: MutableHeaders) -> None:
        for name, value in headers.EVERYWHERE.items():
            sent[name] = value
        sent.setdefault("Content-Security-Policy", headers.streamlit_policy(shell().script_hashes))
        if scope["scheme"] == "https" or site().secure:
            sent["Strict-Transport-Security"] = headers.HSTS
        if scope["path"].startswith("/assets/"):
            sent["Cache-Control"] = "no-cache"  # kept, but asked for again by its tag
        elif not _HASHED.match(scope["path"]):
            sent["Cache-Control"] = "no-store"


class OwnAddress:
    """Refuses what was sent to another name or by a page of another site."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; see the class."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = RequestHeaders(scope=scope)
        host, origin = given.get("host", ""), given.get("origin")
        client = scope.get("client")
        if client is not None and not _NETWORK_ADDRESS.fullmatch(client[0]):
            said = "The proxy in front of the app says that this came from what is no address.\n"
            await _refuse(scope, receive, send, PlainTextResponse(said, status_code=400))
        elif not site().answers_to(host):
            await _refuse(
                scope,
                receive,
                send,
                PlainTextResponse(
                    "This address is not one that the app answers to. "
                    "Set VENDORRISK_BASE_URL to the address that people use.\n",
                    status_code=400,
                ),
            )
        elif origin is None and _is_from_program(scope):
            await self.app(scope, receive, send)
        elif _needs_origin(scope) and (origin is None or not site().is_own_origin(origin, host)):
            # Browsers name the origin on every post and every WebSocket, so a missing one is
            # a program's; programs have no business elsewhere.
            await _refuse(scope, receive, send, faults.forged())
        else:
            await self.app(scope, receive, send)


class FromWhere:
    """Notes the address that a request comes from, for the audit trail."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; see the class."""
        client = scope.get("client")
        if client is None:
            await self.app(scope, receive, send)
            return
        before = ORIGIN.set(client[0])
        try:
            await self.app(scope, receive, send)
        finally:
            ORIGIN.reset(before)


class Identity:
    """Tells Streamlit whose session a request belongs to, and believes nobody else about it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; see the class."""
        if scope["type"] in ("http", "websocket"):
            name = IDENTITY_HEADER.encode()
            kept = [pair for pair in scope["headers"] if pair[0].lower() != name]
            hashed = session_hash(HTTPConnection(scope))
            if hashed is not None:
                kept.append((name, hashed.encode()))
            scope = {**scope, "headers": kept}
        await self.app(scope, receive, send)


class Gate:
    """Lets through what is ours, and of Streamlit's routes what each is for. What is closed does
    not exist: Streamlit would answer any other address with its page.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        """Wrap `app`; `routes` are ours, which look after themselves."""
        self.app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; see the class."""
        if scope["type"] == "http" and not await self._open(scope):
            await faults.message(404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _open(self, scope: Scope) -> bool:
        path = scope["path"]
        if _ADMINISTRATORS.fullmatch(path):
            actor = await actor_of(HTTPConnection(scope))
            return actor is not None and actor.has(Role.ADMINISTRATOR)
        if _SIGNED_IN.fullmatch(path):
            return await actor_of(HTTPConnection(scope)) is not None
        return (
            path in shell().files
            or _ANYBODY.fullmatch(path) is not None
            or any(route.matches(scope)[0] is not Match.NONE for route in self.routes)
        )


def middleware(routes: Sequence[BaseRoute]) -> Sequence[Middleware]:
    """The chain around `routes` and Streamlit, outermost first."""
    return [
        Middleware(SecurityHeaders),
        Middleware(OwnAddress),
        Middleware(RateLimits),
        Middleware(DemoLimits),
        Middleware(FromWhere),
        Middleware(Identity),
        Middleware(Gate, routes=routes),
    ]


def _needs_origin(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS


def _is_from_program(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "POST"
        and _FROM_PROGRAMS.fullmatch(scope["path"]) is not None
    )


async def _refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await response(scope, receive, send)
