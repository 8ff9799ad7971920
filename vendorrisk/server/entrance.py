"""The ways in and out: set-up, sign-in, choosing a password, an invitation, sign-out.

A one-use code travels in a link after the # sign, which browsers never send: it cannot end in a
server's log or a referrer. Opening a link therefore consumes nothing; posting its code does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vendorrisk.assessment import Refusal
from vendorrisk.identity import device_of as device_in_words
from vendorrisk.server.pages import Objection, form_page
from vendorrisk.server.sessions import actor_of, begin_session, end_session, posted, session_hash
from vendorrisk.usecases import invitations, people, providers, second_factor, setup
from vendorrisk.usecases.application import application
from vendorrisk.usecases.second_factor import Halfway


async def show_setup(request: Request) -> Response:
    """The first administrator's form; once there is one, the way to sign in."""
    if not await run_in_threadpool(setup.setup_needed, application()):
        return see_other("/sign-in")
    return form_page(request, "setup.html", values=_typed({}, "code", "name", "email"))


async def set_up(request: Request) -> Response:
    """Make the first administrator and begin their session."""
    fields = await posted(request)
    values = _typed(fields, "code", "name", "email")
    return await enter(
        request,
        "person",
        lambda: setup.complete_setup(
            application(),
            values["code"],
            values["name"],
            values["email"],
            fields.get("password", ""),
            network_of(request),
            device_of(request),
        ),
        again=lambda objection: form_page(request, "setup.html", objection, values=values),
    )


async def show_sign_in(request: Request) -> Response:
    """The sign-in form, or straight on for whoever is signed in already."""
    following = safe_path(request.query_params.get("next", "/"))
    if await actor_of(request) is not None:
        return see_other(following)
    if await run_in_threadpool(setup.setup_needed, application()):
        return see_other("/setup")
    return form_page(
        request,
        "sign_in.html",
        values={"email": "", "next": following},
        signed_out="signed-out" in request.query_params,
        providers=providers.providers(application()),
    )


async def sign_in(request: Request) -> Response:
    """Check address and password and begin a session."""
    fields = await posted(request)
    values = _typed(fields, "email", "next")
    values["next"] = safe_path(values["next"])
    return await enter(
        request,
        "person",
        lambda: people.sign_in(
            application(),
            values["email"],
            fields.get("password", ""),
            network_of(request),
            device_of(request),
        ),
        again=lambda objection: form_page(
            request,
            "sign_in.html",
            objection,
            values=values,
            signed_out=False,
            providers=providers.providers(application()),
        ),
        following=values["next"],
    )


async def show_password(request: Request) -> Response:
    """The form to choose a password with a one-use link."""
    return form_page(request, "password.html", values=_typed({}, "code"))


async def choose_password(request: Request) -> Response:
    """Set the password and begin a session."""
    fields = await posted(request)
    values = _typed(fields, "code")
    return await enter(
        request,
        "person",
        lambda: people.choose_password(
            application(),
            values["code"],
            fields.get("password", ""),
            network_of(request),
            device_of(request),
        ),
        again=lambda objection: form_page(request, "password.html", objection, values=values),
    )


async def show_invitation(request: Request) -> Response:
    """A button to open the questionnaire with; looking at it uses nothing up."""
    return form_page(request, "invitation.html", values=_typed({}, "code"))


async def accept_invitation(request: Request) -> Response:
    """Exchange an invitation's code for a session that sees one assessment."""
    fields = await posted(request)
    values = _typed(fields, "code")
    return await enter(
        request,
        "contact",
        lambda: invitations.exchange(application(), values["code"], network_of(request)),
        again=lambda objection: form_page(request, "invitation.html", objection, values=values),
    )


async def show_sign_out(request: Request) -> Response:
    """Ask before signing out, since a link alone must not do it."""
    actor = await actor_of(request)
    if actor is None:
        return see_other("/sign-in")
    return form_page(request, "sign_out.html", actor=actor)


async def sign_out(request: Request) -> Response:
    """End the session, here and in every open page of it."""
    await posted(request)
    actor = await actor_of(request)
    if actor is not None:
        await run_in_threadpool(people.sign_out, application(), actor)
    response = see_other("/sign-in?signed-out")
    end_session(response)
    return response


def see_other(path: str) -> Response:
    """Send the browser on to `path` with a GET, so that reloading posts nothing again."""
    return RedirectResponse(path, status_code=303)


async def sign_in_first(request: Request) -> Response:
    """Send a stranger to sign in, or to the second step of it, and back here afterwards."""
    step = "/sign-in" if await halfway_of(request) is None else "/second-step"
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if wanted == "/" or request.url.path in (step, "/sign-in", "/second-step"):
        return see_other(step)
    return see_other(f"{step}?next={quote(wanted)}")


async def halfway_of(request: Request) -> Halfway | None:
    """Who gave their password here and not yet a second factor."""
    hashed = session_hash(request)
    if hashed is None:
        return None
    return await run_in_threadpool(second_factor.halfway_of, application(), hashed)


async def end_halfway(request: Request) -> None:
    """End the half session of this browser, if it has one."""
    if await halfway_of(request) is not None:
        hashed = session_hash(request) or ""
        await run_in_threadpool(second_factor.leave_halfway, application(), hashed)


def network_of(request: Request) -> str:
    """The network address that a request came from."""
    return request.client.host if request.client else ""


def device_of(request: Request) -> str:
    """The browser that a request came from, in words."""
    return device_in_words(request.headers.get("user-agent", ""))


def safe_path(wanted: str) -> str:
    """`wanted` if it is a path on this site, else the first page: a sign-in leads nowhere else."""
    parts = urlsplit(wanted.strip()) if wanted.isprintable() else None
    if parts is None or parts.scheme or parts.netloc or "\\" in wanted:
        return "/"
    return wanted if wanted.startswith("/") and not wanted.startswith("//") else "/"


async def enter(
    request: Request,
    kind: Literal["person", "contact"],
    exchange: Callable[[], str],
    again: Callable[[Objection], Response],
    following: str = "/",
) -> Response:
    """Begin the session that `exchange` gives a token for, or show the form `again`."""
    try:
        token = await run_in_threadpool(exchange)
    except Refusal as refusal:
        return again(Objection.of(refusal))
    before = await actor_of(request)
    if before is not None:
        await run_in_threadpool(people.sign_out, application(), before)
    await end_halfway(request)
    response = see_other(following)
    begin_session(response, token, kind)
    return response


def _typed(fields: dict[str, str], *names: str) -> dict[str, str]:
    """What was typed into these fields, without the blanks around it that pasting brings.

    Of a whole link that was pasted as a code, the code is taken.
    """
    typed = {name: fields.get(name, "").strip() for name in names}
    if "code" in typed:
        typed["code"] = typed["code"].rpartition("#")[2]
    return typed
