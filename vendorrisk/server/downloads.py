"""What leaves the app as a file or on paper: evidence, a vendor's own copy, the one-page brief."""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vendorrisk.server import headers
from vendorrisk.server.entrance import sign_in_first
from vendorrisk.server.pages import page
from vendorrisk.server.sessions import actor_of
from vendorrisk.usecases import deciding, evidence, submitting
from vendorrisk.usecases.application import application


async def send_evidence(request: Request) -> Response:
    """One file of evidence, as an attachment, to whoever may read it."""
    actor = await actor_of(request)
    if actor is None:
        return await sign_in_first(request)
    file = await run_in_threadpool(
        evidence.open_evidence, application(), actor, request.path_params["evidence_id"]
    )
    response = attachment(file.content, file.media_type, file.file_name)
    if file.unmarked_because is not None:
        response.headers["X-Not-Marked"] = file.unmarked_because
    return response


async def send_own_copy(request: Request) -> Response:
    """A vendor's latest submission, byte for byte as it was hashed."""
    actor = await actor_of(request)
    if actor is None:
        return await sign_in_first(request)
    assessment_id = request.path_params["assessment_id"]
    copy = await run_in_threadpool(submitting.own_copy, application(), actor, assessment_id)
    return attachment(copy, "application/json", f"submission-{assessment_id[:8]}.json")


async def show_brief(request: Request) -> Response:
    """One printable page about one vendor's result."""
    actor = await actor_of(request)
    if actor is None:
        return await sign_in_first(request)
    brief = await run_in_threadpool(
        deciding.brief, application(), actor, request.path_params["assessment_id"]
    )
    return page("brief.html", brief=brief)


def attachment(content: bytes, media_type: str, file_name: str) -> Response:
    """A file to be saved, never shown; `file_name` may hold any character."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in file_name)
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{plain}"; '
            f"filename*=UTF-8''{quote(file_name, safe='')}",
            "Content-Security-Policy": headers.DOWNLOADS,
        },
    )
