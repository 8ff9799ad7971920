"""The second step of signing in: giving a second factor, and setting one up.

Reached with a half session, which sees nothing else; whoever is signed in adds further ones here.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import segno
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vendorrisk.assessment import Refusal
from vendorrisk.server.entrance import (
    device_of,
    end_halfway,
    halfway_of,
    network_of,
    safe_path,
    see_other,
    sign_in_first,
)
from vendorrisk.server.pages import Objection, form_page, page
from vendorrisk.server.sessions import actor_of, begin_session, end_session, posted, session_hash
from vendorrisk.server.site import site
from vendorrisk.usecases import second_factor
from vendorrisk.usecases.application import application
from vendorrisk.usecases.errors import Invalid
from vendorrisk.usecases.second_factor import Enrolled


async def show_second_step(request: Request) -> Response:
    """The form for a code, or the choice of what to set up for whoever has nothing yet."""
    return await _second_step(request, safe_path(request.query_params.get("next", "/")))


async def take_second_step(request: Request) -> Response:
    """Check a code, a recovery code or a passkey, and begin the whole session."""
    fields = await posted(request)
    following = safe_path(fields.get("next", "/"))
    hashed = session_hash(request) or ""
    app, address, device = application(), network_of(request), device_of(request)
    try:
        if fields.get("credential"):
            token = await run_in_threadpool(
                second_factor.give_passkey,
                app,
                hashed,
                site().origin,
                fields["credential"],
                address,
                device,
            )
        else:
            code = fields.get("code") or fields.get("recovery", "")
            token = await run_in_threadpool(
                second_factor.give_code, app, hashed, code, address, device
            )
    except Refusal as refusal:
        if refusal.code == "sign_in_first":
            return await sign_in_first(request)
        if isinstance(refusal, Invalid) and not fields.get("code"):
            refusal = Invalid({"recovery": refusal.problems["code"]}, refusal.code)
        return await _second_step(request, following, Objection.of(refusal))
    response = see_other(following)
    begin_session(response, token, "person")
    return response


async def leave(request: Request) -> Response:
    """End a half session, so that somebody else can sign in."""
    await posted(request)
    await end_halfway(request)
    response = see_other("/sign-in")
    end_session(response)
    return response


async def show_app(request: Request) -> Response:
    """The QR code for an authenticator app."""
    return await _show_app(request, _following(request.query_params.get("next")))


async def add_app(request: Request) -> Response:
    """Take the first code of an authenticator app."""
    fields = await posted(request)
    following = _following(fields.get("next"))
    return await _add(
        request,
        following,
        lambda: second_factor.confirm_app(
            application(),
            session_hash(request) or "",
            fields.get("code", ""),
            fields.get("name", ""),
            network_of(request),
            device_of(request),
        ),
        again=lambda objection: _show_app(request, following, objection, fields.get("name", "")),
    )


async def show_passkey(request: Request) -> Response:
    """The button that has the browser make a passkey."""
    return await _show_passkey(request, _following(request.query_params.get("next")))


async def add_passkey(request: Request) -> Response:
    """Take the passkey that the browser made."""
    fields = await posted(request)
    following = _following(fields.get("next"))
    return await _add(
        request,
        following,
        lambda: second_factor.confirm_passkey(
            application(),
            session_hash(request) or "",
            site().origin,
            fields.get("credential", ""),
            fields.get("name", ""),
            network_of(request),
            device_of(request),
        ),
        again=lambda objection: _show_passkey(
            request, following, objection, fields.get("name", "")
        ),
    )


async def _second_step(
    request: Request, following: str, objection: Objection | None = None
) -> Response:
    half = await halfway_of(request)
    if half is None:
        signed_in = await actor_of(request) is not None
        return see_other(following) if signed_in else await sign_in_first(request)
    if not half.enrolled:
        return form_page(
            request,
            "second_step_choice.html",
            half=half,
            next=urlencode({"next": following}) if following != "/" else "",
        )
    options = ""
    if half.passkeys:
        options = await run_in_threadpool(
            second_factor.ask_for_passkey,
            application(),
            session_hash(request) or "",
            site().origin,
        )
    return form_page(
        request, "second_step.html", objection, half=half, options=options, next=following
    )


async def _show_app(
    request: Request, following: str, objection: Objection | None = None, name: str = ""
) -> Response:
    try:
        setup = await run_in_threadpool(
            second_factor.begin_app, application(), session_hash(request) or ""
        )
    except Refusal as refusal:
        return await _led_elsewhere(request, refusal)
    half = await halfway_of(request)
    return form_page(
        request,
        "second_factor_app.html",
        objection,
        half=half,
        picture=_picture(setup.address),
        address=setup.address,
        secret=" ".join(setup.secret[at : at + 4] for at in range(0, len(setup.secret), 4)),
        next=following,
        name=name,
    )


async def _show_passkey(
    request: Request, following: str, objection: Objection | None = None, name: str = ""
) -> Response:
    try:
        options = await run_in_threadpool(
            second_factor.begin_passkey,
            application(),
            session_hash(request) or "",
            site().origin,
        )
    except Refusal as refusal:
        return await _led_elsewhere(request, refusal)
    half = await halfway_of(request)
    return form_page(
        request,
        "second_factor_passkey.html",
        objection,
        half=half,
        options=options,
        next=following,
        name=name,
    )


async def _add(
    request: Request,
    following: str,
    verb: Callable[[], Enrolled],
    again: Callable[[Objection], object],
) -> Response:
    """Add a second factor and show the recovery codes that came with it, or lead on."""
    try:
        added = await run_in_threadpool(verb)
    except Refusal as refusal:
        if refusal.code in _ELSEWHERE:
            return await _led_elsewhere(request, refusal)
        shown = again(Objection.of(refusal))
        return await shown  # type: ignore[misc,no-any-return]  # every `again` gives an awaitable
    if added.recovery_codes:
        response = page("recovery_codes.html", codes=added.recovery_codes, next=following)
    else:
        response = see_other(following)
    if added.token is not None:
        begin_session(response, added.token, "person")
    return response


_ELSEWHERE = ("sign_in_first", "second_factor_first", "confirm_first")


async def _led_elsewhere(request: Request, refusal: Refusal) -> Response:
    if refusal.code == "confirm_first":
        return see_other(f"/account/confirm?{urlencode({'next': request.url.path})}")
    if refusal.code == "second_factor_first":
        return see_other("/second-step")
    if refusal.code == "sign_in_first":
        return await sign_in_first(request)
    raise refusal


def _following(wanted: str | None) -> str:
    return safe_path(wanted or "/account")


def _picture(address: str) -> Markup:
    """The QR code as SVG of ours: it holds no text of anybody."""
    drawn = segno.make(address, error="m", micro=False)
    return Markup(drawn.svg_inline(omitsize=True, border=4, dark="#000", light="#fff"))  # noqa: S704
