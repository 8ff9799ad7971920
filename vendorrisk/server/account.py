"""One's own account: name, password, second factors and sessions, on a page outside Streamlit.

A Streamlit script can set no cookie, and changing a password begins a new session.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vendorrisk.access import ROLE_SAYS, Action, Actor, NotFound, allowed
from vendorrisk.assessment import Refusal
from vendorrisk.server import faults
from vendorrisk.server.entrance import (
    device_of,
    network_of,
    safe_path,
    see_other,
    sign_in_first,
)
from vendorrisk.server.pages import Objection, form_page, page
from vendorrisk.server.sessions import actor_of, begin_session, posted
from vendorrisk.usecases import account
from vendorrisk.usecases.application import application

_DONE: Mapping[str, str] = {
    "name": "Your name is saved.",
    "password": "Your password is changed, and you are signed out everywhere else.",
    "remove-factor": "The second factor is removed.",
    "end-session": "That session is signed out.",
    "end-others": "You are signed out everywhere else.",
}


async def show_account(request: Request) -> Response:
    """The account of whoever is signed in."""
    actor = await actor_of(request)
    if actor is None:
        return await sign_in_first(request)
    return await _show(request, actor, done=_DONE.get(request.query_params.get("done", ""), ""))


async def change_account(request: Request) -> Response:
    """Do what one of the page's forms asks for: its field `do` says which."""
    fields = await posted(request)
    actor = await actor_of(request)
    if actor is None:
        return await sign_in_first(request)
    what = fields.get("do", "")
    try:
        made = await run_in_threadpool(_do, request, actor, what, fields)
    except Refusal as refusal:
        if refusal.code == "confirm_first":
            return see_other(f"/account/confirm?{urlencode({'next': '/account'})}")
        if isinstance(refusal, NotFound):
            raise
        return await _show(request, actor, Objection.of(refusal), name=fields.get("name"))
    if what == "codes":
        return page("recovery_codes.html", codes=made, next="/account")
    response = see_other(f"/account?done={what}")
    if isinstance(made, str):
        begin_session(response, made, "person")
    return response


async def show_confirm(request: Request) -> Response:
    """Ask for the password again."""
    actor = await actor_of(request)
    if actor is None:
        return await sign_in_first(request)
    following = safe_path(request.query_params.get("next", "/account"))
    mine = await run_in_threadpool(account.own_account, application(), actor)
    if not mine.has_password:
        return faults.message(
            403,
            heading="Please sign in again",
            says="You are about to change how you sign in, and you have no password here.",
            fix="Sign out and in again through your provider, then do it within a quarter of an"
            " hour.",
        )
    return form_page(request, "confirm.html", next=following)


async def confirm(request: Request) -> Response:
    """Check the password again, and lead on to what it was asked for."""
    fields = await posted(request)
    actor = await actor_of(request)
    if actor is None:
        return await sign_in_first(request)
    following = safe_path(fields.get("next", "/account"))
    try:
        await run_in_threadpool(
            account.confirm_own,
            application(),
            actor,
            fields.get("password", ""),
            network_of(request),
        )
    except Refusal as refusal:
        return form_page(request, "confirm.html", Objection.of(refusal), next=following)
    return see_other(following)


def _do(
    request: Request, actor: Actor, what: str, fields: Mapping[str, str]
) -> str | tuple[str, ...] | None:
    """The new session's token, recovery codes, or nothing."""
    app = application()
    if what == "name":
        account.change_name(app, actor, fields.get("name", ""))
    elif what == "password":
        return account.change_password(
            app,
            actor,
            fields.get("current", ""),
            fields.get("password", ""),
            network_of(request),
            device_of(request),
        )
    elif what == "codes":
        return account.new_recovery_codes(app, actor)
    elif what == "remove-factor":
        account.remove_second_factor(app, actor, fields.get("id", ""))
    elif what == "end-session":
        account.end_session(app, actor, fields.get("id", ""))
    elif what == "end-others":
        account.end_other_sessions(app, actor)
    else:
        raise NotFound
    return None


async def _show(
    request: Request,
    actor: Actor,
    objection: Objection | None = None,
    *,
    done: str = "",
    name: str | None = None,
) -> Response:
    if not allowed(actor, Action.OWN_ACCOUNT):
        raise NotFound
    mine = await run_in_threadpool(account.own_account, application(), actor)
    return form_page(
        request,
        "account.html",
        objection,
        account=mine,
        roles=", ".join(ROLE_SAYS[role] for role in mine.roles),
        done=done,
        values={"name": mine.name if name is None else name},
    )
