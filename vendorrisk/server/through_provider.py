"""The way to a provider that signs people in, and back from it; and its word that they left.

What was asked stays in the browser, sealed in a cookie: an answer counts only in the browser that
asked, only once, and nothing is stored for strangers.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from dataclasses import asdict
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from vendorrisk.assessment import Refusal
from vendorrisk.keys import BrokenSealError, seal, unseal
from vendorrisk.oidc import (
    Asked,
    Claimed,
    Declined,
    Provider,
    Unreachable,
    begin,
    finish,
    signed_out,
)
from vendorrisk.server import faults
from vendorrisk.server.entrance import device_of, enter, network_of, safe_path
from vendorrisk.server.pages import Objection, form_page
from vendorrisk.server.site import site
from vendorrisk.usecases import providers
from vendorrisk.usecases.application import application
from vendorrisk.usecases.errors import StoreUnavailable

COOKIE = "vendorrisk_provider"
_ASKED_FOR = 10 * 60  # seconds that somebody may take at the provider
_PATH = "/sign-in"
_LARGEST_FORM = 32 * 1024  # bytes; a token has one or two thousand


async def go(request: Request) -> Response:
    """Send the browser to the provider."""
    app = application()
    provider = providers.provider_called(app, request.path_params["provider"])
    following = safe_path(request.query_params.get("next", "/"))
    try:
        await run_in_threadpool(providers.may_try_provider, app, network_of(request))
        address, asked = await run_in_threadpool(begin, provider, _redirect_uri(provider))
    except Refusal as refusal:
        return _sign_in_page(request, Objection.of(refusal), following)
    except Declined as declined:
        return _sign_in_page(request, _objection(provider, declined), following)
    response = RedirectResponse(address, status_code=303)
    response.set_cookie(
        COOKIE,
        _sealed(asked, following),
        max_age=_ASKED_FOR,
        path=_PATH,
        secure=site().secure,
        httponly=True,
        samesite="lax",
    )
    return response


async def come_back(request: Request) -> Response:
    """Take the provider's answer and begin a session, or say why not."""
    app, address = application(), network_of(request)
    provider = providers.provider_called(app, request.path_params["provider"])
    asked, following = _unsealed(request.cookies.get(COOKIE, ""))

    def exchange() -> str:
        providers.may_try_provider(app, address)
        who = _finish(provider, asked, request)
        return providers.sign_in_with(app, provider, who, address, device_of(request))

    try:
        response = await enter(
            request,
            "person",
            exchange,
            again=lambda objection: _sign_in_page(request, objection, following),
            following=following,
        )
    except Declined as declined:
        await run_in_threadpool(providers.note_declined, app, address)
        response = _sign_in_page(request, _objection(provider, declined), following)
    response.delete_cookie(COOKIE, path=_PATH, secure=site().secure, httponly=True, samesite="lax")
    return response


async def sign_out(request: Request) -> Response:
    """End the sessions that a provider's logout token names, as the provider itself asks."""
    app, address = application(), network_of(request)
    provider = providers.provider_called(app, request.path_params["provider"])

    def end() -> None:
        providers.may_sign_out(app, address)
        who = signed_out(provider, token, lambda: app.clock().timestamp())
        providers.sign_out_by(app, provider, who)

    try:
        token = await _logout_token(request)
        await run_in_threadpool(end)
    except Unreachable as unreachable:
        faults.log_declined(provider.id, unreachable, "Sign-out")
        return _told(503, "your keys could not be fetched, so this token could not be checked")
    except Declined as declined:
        faults.log_declined(provider.id, declined, "Sign-out")
        await run_in_threadpool(providers.note_bad_logout, app, address)
        return _told(400, "this token signs nobody out")
    except StoreUnavailable:
        raise
    except Refusal as refusal:
        return _told(429 if refusal.code == "too_many_tries" else 400, refusal.sentence)
    return Response(status_code=200)


async def _logout_token(request: Request) -> str:
    """The one token of a short form."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            raise Declined("what was sent is too long")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Declined("what was sent is no form")
    try:
        fields = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=10)
    except ValueError as error:
        raise Declined("what was sent is no form") from error
    tokens = fields.get("logout_token", [])
    if len(tokens) != 1:
        raise Declined("there is not one token")
    return tokens[0]


def _told(status: int, says: str) -> Response:
    """A refusal as the specification has it; programs read it."""
    content = {"error": "invalid_request", "error_description": says}
    return JSONResponse(content, status_code=status)


def _finish(provider: Provider, asked: Asked | None, request: Request) -> Claimed:
    if asked is None:
        raise Declined("this browser asked for nothing, or too long ago")
    query = {name: value for name, value in request.query_params.items() if len(value) < 4096}
    return finish(provider, _redirect_uri(provider), asked, query)


def _objection(provider: Provider, declined: Declined) -> Objection:
    reference = faults.log_declined(provider.id, declined)
    return Objection(
        f"Signing in with {provider.name} did not work.",
        f"Try again. If it happens again, report it with the reference {reference}.",
    )


def _sign_in_page(request: Request, objection: Objection, following: str) -> Response:
    return form_page(
        request,
        "sign_in.html",
        objection,
        path="/sign-in",
        values={"email": "", "next": following},
        signed_out=False,
        providers=providers.providers(application()),
    )


def _redirect_uri(provider: Provider) -> str:
    return f"{site().origin}/sign-in/back/{provider.id}"


def _sealed(asked: Asked, following: str) -> str:
    until = time.time() + _ASKED_FOR
    content = json.dumps({**asdict(asked), "following": following, "until": until})
    sealed = seal(application().keys.derive("provider cookie"), content.encode(), COOKIE)
    return base64.urlsafe_b64encode(sealed).decode()


def _unsealed(cookie: str) -> tuple[Asked | None, str]:
    """What this browser asked, and where it wanted to go; None where it did not, or long ago."""
    try:
        sealed = base64.urlsafe_b64decode(cookie.encode())
        key = application().keys.derive("provider cookie")
        kept = json.loads(unseal(key, sealed, COOKIE))
    except (BrokenSealError, binascii.Error, ValueError):
        return None, "/"
    following, until = safe_path(kept.pop("following")), kept.pop("until")
    return (Asked(**kept) if time.time() < until else None), following
