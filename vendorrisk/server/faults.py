"""What people see when something fails: a sentence they can act on, or a reference number.

Details go to the log under that number and nowhere else.
"""

from __future__ import annotations

import logging
import secrets
from typing import cast

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from vendorrisk.assessment import Refusal
from vendorrisk.server.pages import page
from vendorrisk.usecases.errors import Conflict, Invalid, NotAllowed, NotFound, StoreUnavailable

log = logging.getLogger("vendorrisk")

_STATUS: tuple[tuple[type[Refusal], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (Invalid, 422),
    (StoreUnavailable, 503),
    (Refusal, 400),
)
_HEADINGS = {
    400: "This did not work",
    403: "You cannot do this",
    404: "This page was not found",
    405: "This page was not found",
    409: "Somebody else was faster",
    413: "This is too large",
    422: "Please look at this again",
    503: "Not available just now",
}
_DATABASE = "The database cannot be reached just now. What was saved before is safe."
_AGAIN = "Please try again in a few minutes."


def prepare_log() -> None:
    """Give the log a time for every line, and keep Streamlit from logging a script's fault a second
    time without its reference.
    """
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(handler)
        log.propagate = False
    logging.getLogger("streamlit.error_util").addFilter(_has_no_trace)


def log_fault(error: BaseException) -> str:
    """Log `error` with its trace; gives the reference number under which it stands there."""
    reference = secrets.token_hex(4)
    log.error("Fault %s", reference, exc_info=error)
    return reference


def log_declined(provider: str, why: Exception, what: str = "Sign-in") -> str:
    """Log why a provider's answer was not taken; gives the reference number."""
    reference = secrets.token_hex(4)
    log.warning("%s %s through %s declined: %s", what, reference, provider, why)
    return reference


def on_script_error(error: Exception) -> bool:
    """Say on a Streamlit page what failed, instead of Streamlit's own trace."""
    if isinstance(error, StoreUnavailable):
        heading, says = _HEADINGS[503], f"{_DATABASE} {_AGAIN}"
        log.error("%s", error)
    elif isinstance(error, Refusal):
        heading, says = _HEADINGS[status_of(error)], f"{error.sentence} {error.fix}".strip()
    else:
        heading = "Something went wrong on our side"
        says = (
            "What you saved before is safe. Load the page again; if it happens again, "
            f"report it with the reference {log_fault(error)}."
        )
    st.error(f"**{heading}**")
    st.text(says)  # not Markdown: a sentence may name something that a vendor typed
    return True


async def show_refusal(_request: Request, error: Exception) -> Response:
    """The page for a use case's refusal."""
    refusal = cast(Refusal, error)
    if isinstance(refusal, StoreUnavailable):
        log.error("%s", refusal)
        return message(503, says=_DATABASE, fix=_AGAIN)
    return message(status_of(refusal), says=refusal.sentence, fix=refusal.fix)


async def show_http_error(_request: Request, error: Exception) -> Response:
    """The page for an address or method that does not exist."""
    status = cast(HTTPException, error)
    response = message(status.status_code)
    response.headers.update(status.headers or {})
    return response


async def show_forged(_request: Request, _error: Exception) -> Response:
    """The page for `sessions.Forged`."""
    return forged()


def forged() -> Response:
    """The page for a form that is not ours or is no longer valid."""
    return message(
        403,
        heading="This form is no longer valid",
        says="It was opened too long ago, or not on this site.",
        fix="Go back, load the page again, and send it once more.",
    )


def show_fault(error: BaseException) -> Response:
    """The page for a fault of ours."""
    return message(
        500,
        heading="Something went wrong on our side",
        says="What you saved before is safe.",
        fix="Please try again.",
        reference=log_fault(error),
    )


def _has_no_trace(record: logging.LogRecord) -> bool:
    return not record.exc_info


def message(
    status: int, *, heading: str = "", says: str = "", fix: str = "", reference: str = ""
) -> Response:
    """A page that only says something."""
    return page(
        "message.html",
        status=status,
        heading=heading or _HEADINGS.get(status, _HEADINGS[400]),
        says=says,
        fix=fix,
        reference=reference,
    )


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return next(status for kind, status in _STATUS if isinstance(refusal, kind))
