"""How often one session or one network address may post, upload, take things away and connect."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from vendorrisk.server import faults
from vendorrisk.server.sessions import session_hash
from vendorrisk.usecases.application import Application, application

_UPLOADS = "/_stcore/upload_file"
_EXPORTS = re.compile(r"/(evidence|submission|brief)/.+|/.+\.csv")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_REMEMBERED = 50_000
_ROUNDING = 0.001
"""Seconds: what adding up moments as floats may be out by, and more."""

Kind = Literal["post", "upload", "export", "socket"]


@dataclass(frozen=True)
class Limit:
    """`at_once` may come in one go, and `at_once` in every `seconds` after that."""

    at_once: int
    seconds: float


BY_SESSION: Mapping[Kind, Limit] = {
    "post": Limit(60, 60),
    "upload": Limit(60, 300),
    "export": Limit(120, 60),
    "socket": Limit(120, 60),
}
"""Several times what a person does in a hurry. A page opens one socket, and a tab that lost its
own tries again every few seconds at most.
"""

BY_ADDRESS: Mapping[Kind, Limit] = {
    "post": Limit(300, 60),
    "upload": Limit(300, 300),
    "export": Limit(600, 60),
    "socket": Limit(600, 60),
}
"""Wider, because a whole office may share one address."""


class Meter:
    """Counts by the generic cell rate algorithm, which keeps one moment per key: the one at which
    everything that was let through would have come, had it come evenly.
    """

    def __init__(self) -> None:
        self._even: dict[str, float] = {}

    def wait(self, key: str, limit: Limit, now: float) -> float:
        """Let one more through and give 0, or give the seconds until the next may come."""
        each = limit.seconds / limit.at_once
        # Whatever the clock does, nobody waits for longer than the limit's own time.
        even = min(max(self._even.get(key, now), now), now + limit.seconds)
        wait = even - now - (limit.seconds - each)
        if wait > _ROUNDING:
            return wait
        if key not in self._even and len(self._even) >= _MOST_REMEMBERED:
            self._forget(now)
        self._even[key] = even + each
        return 0

    def _forget(self, now: float) -> None:
        """Forget whoever has waited long enough, or all if that is nobody."""
        self._even = {key: even for key, even in self._even.items() if even > now}
        if len(self._even) >= _MOST_REMEMBERED:
            self._even.clear()


class RateLimits:
    """Answers 429, with the seconds to wait, whoever asks for more than the limits.

    The counts live in this process. What guards passwords and codes is counted in the database,
    by account as well (`identity.py`).
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app
        self._of: Application | None = None
        self._meter = Meter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; see the class."""
        kind = kind_of(scope) if scope["type"] in ("http", "websocket") else None
        wait = 0.0 if kind is None else self._wait(kind, scope)
        if wait == 0:
            await self.app(scope, receive, send)
            return
        response = faults.message(
            429,
            heading="That was a lot at once",
            says="To keep the app quick and safe for everybody, it takes a short break here.",
            fix=f"Please try again in {_in_words(wait)}.",
        )
        response.headers["Retry-After"] = str(math.ceil(wait))
        if scope["type"] == "websocket":
            await receive()  # the wish to connect, which the answer turns down
        await response(scope, receive, send)

    def _wait(self, kind: Kind, scope: Scope) -> float:
        running = application()
        if running is not self._of:
            self._of, self._meter = running, Meter()
        now = running.clock().timestamp()
        # By address first: a made-up cookie makes a session of its own, and escapes nothing.
        client = scope.get("client")
        wait = 0.0
        if client is not None:
            wait = self._meter.wait(f"{kind} address {client[0]}", BY_ADDRESS[kind], now)
        session = session_hash(HTTPConnection(scope))
        if wait == 0 and session is not None:
            wait = self._meter.wait(f"{kind} session {session}", BY_SESSION[kind], now)
        return wait


def kind_of(scope: Scope) -> Kind | None:
    """What a request counts as; None for what is not limited, such as looking at a page."""
    if scope["type"] == "websocket":
        return "socket"
    path: str = scope["path"]
    if scope["method"] not in _SAFE_METHODS:
        return "upload" if path.startswith(_UPLOADS) else "post"
    return "export" if _EXPORTS.fullmatch(path) else None


def _in_words(seconds: float) -> str:
    whole = math.ceil(seconds)
    if whole < 60:
        return "a second" if whole == 1 else f"{whole} seconds"
    return "a minute" if whole <= 60 else f"{math.ceil(whole / 60)} minutes"
