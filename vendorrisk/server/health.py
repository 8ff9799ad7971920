"""Whether the app can do its work, for whoever watches it: JSON, and nothing else ever."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vendorrisk.usecases.application import application
from vendorrisk.usecases.errors import StoreUnavailable


async def healthz(_request: Request) -> Response:
    """200 `{"status": "ok", "database": "reachable"}`, or 503 with why the database is not."""
    try:
        await run_in_threadpool(application().store.check)
    except StoreUnavailable as problem:
        return JSONResponse({"status": "unavailable", "database": problem.code}, status_code=503)
    return JSONResponse({"status": "ok", "database": "reachable"})
