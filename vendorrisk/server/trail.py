"""The audit trail as a file, for the auditor who asked for a part of it."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vendorrisk.server import faults
from vendorrisk.server.downloads import attachment
from vendorrisk.server.entrance import sign_in_first
from vendorrisk.server.sessions import actor_of
from vendorrisk.usecases import audit
from vendorrisk.usecases.application import application


async def send_trail(request: Request) -> Response:
    """The events that the address asks for, as CSV; asking for it is an event itself."""
    actor = await actor_of(request)
    if actor is None:
        return await sign_in_first(request)
    try:
        wanted = _wanted(request)
    except (ValueError, ZoneInfoNotFoundError):
        return faults.message(404)
    content = await run_in_threadpool(audit.export_trail, application(), actor, wanted)
    return attachment(content, "text/csv; charset=utf-8", "audit-trail.csv")


def _wanted(request: Request) -> audit.Wanted:
    given = request.query_params
    return audit.Wanted(
        who=given.get("who", ""),
        action=given.get("action", ""),
        since=_day(given.get("since")),
        until=_day(given.get("until")),
        assessment_id=given.get("assessment") or None,
        zone=ZoneInfo(given.get("zone") or "UTC"),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
