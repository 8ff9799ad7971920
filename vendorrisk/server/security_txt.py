"""Whom to tell about a weakness: `/.well-known/security.txt` (RFC 9116)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from vendorrisk.server import faults
from vendorrisk.server.site import site
from vendorrisk.usecases.application import application

DAYS = 90
"""How long what it says counts, from the day on which it is asked for."""


async def show_security_txt(_request: Request) -> Response:
    """The contact that VENDORRISK_SECURITY_CONTACT names; not found where it names none."""
    app = application()
    contact = app.settings.security_contact
    if not contact:
        return faults.message(404)
    where = contact if contact.startswith("https://") else f"mailto:{contact}"
    # A whole day, so that everybody who asks on one day reads the same.
    until = datetime.combine(app.clock().date() + timedelta(days=DAYS), time())
    lines = [f"Contact: {where}", f"Expires: {until.isoformat()}Z", "Preferred-Languages: en"]
    if app.settings.public_url is not None:
        lines.append(f"Canonical: {site().origin}/.well-known/security.txt")
    return PlainTextResponse("".join(f"{line}\n" for line in lines))
