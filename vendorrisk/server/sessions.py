"""Who is asking: the session cookie, and the token that proves a form came from our own page."""

from __future__ import annotations

import hmac
import re
import secrets
from hashlib import sha256
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from vendorrisk.access import Actor
from vendorrisk.identity import hash_token
from vendorrisk.server.site import site
from vendorrisk.usecases import people
from vendorrisk.usecases.application import application

SESSION_COOKIE = "vendorrisk_session"
FORM_COOKIE = "vendorrisk_form"
LARGEST_FORM = 16 * 1024
"""Bytes that a posted form may have."""

_DAY = 24 * 60 * 60
# How long the browser keeps the cookie; the session itself may well end sooner.
_KEPT: dict[Literal["person", "contact"], int] = {"person": 7 * _DAY, "contact": 14 * _DAY}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,128}")


class Forged(Exception):  # noqa: N818 - it names what the post is
    """A post that did not come from a form on our own page, or came too late to tell."""


def cookie_name(name: str) -> str:
    """What a cookie is called here: with TLS a prefix forbids browsers to take one of this name
    from anybody but this very host, other hosts of the same domain included.
    """
    return f"__Host-{name}" if site().secure else name


def session_hash(connection: HTTPConnection) -> str | None:
    """The hash of the session token that the browser sent, if it sent one that looks like one."""
    token = connection.cookies.get(cookie_name(SESSION_COOKIE), "")
    return hash_token(token) if _TOKEN.fullmatch(token) else None


async def actor_of(connection: HTTPConnection) -> Actor | None:
    """Who is signed in, looked up now; None for a stranger or an ended session."""
    hashed = session_hash(connection)
    if hashed is None:
        return None
    return await run_in_threadpool(people.actor_of, application(), hashed)


def begin_session(response: Response, token: str, kind: Literal["person", "contact"]) -> None:
    """Give the browser its session: not readable by scripts, not sent along by other sites."""
    _set_cookie(response, SESSION_COOKIE, token, max_age=_KEPT[kind])


def end_session(response: Response) -> None:
    """Take the session cookie back."""
    response.delete_cookie(
        cookie_name(SESSION_COOKIE), path="/", secure=site().secure, httponly=True, samesite="lax"
    )


def form_key(request: Request) -> str:
    """The browser's secret behind its forms: the one it has, or a new one to be set with it."""
    key = request.cookies.get(cookie_name(FORM_COOKIE), "")
    return key if _TOKEN.fullmatch(key) else secrets.token_urlsafe(32)


def form_token(key: str, path: str) -> str:
    """The hidden field of the form on `path`; another site can neither read nor compute it."""
    return hmac.new(key.encode(), path.encode(), sha256).hexdigest()


def keep_form_key(response: Response, key: str) -> None:
    """Send the secret behind the form along with its page."""
    _set_cookie(response, FORM_COOKIE, key, max_age=None)


async def posted(request: Request) -> dict[str, str]:
    """The fields of our own form. Raises `Forged` for any other; the middleware checked the
    origin before.
    """
    length = request.headers.get("content-length", "")
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if not length.isascii() or not length.isdigit() or int(length) > LARGEST_FORM:
        raise Forged
    if kind != "application/x-www-form-urlencoded":
        raise Forged
    form = await request.form(max_files=0, max_fields=20)
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    key = request.cookies.get(cookie_name(FORM_COOKIE), "")
    expected = form_token(key, request.url.path)
    given = fields.get("form_token", "")
    if not _TOKEN.fullmatch(key) or not hmac.compare_digest(expected.encode(), given.encode()):
        raise Forged
    return fields


def _set_cookie(response: Response, name: str, value: str, *, max_age: int | None) -> None:
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=max_age,
        path="/",
        secure=site().secure,
        httponly=True,
        samesite="lax",
    )
