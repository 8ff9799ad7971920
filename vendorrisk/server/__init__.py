"""The web server around Streamlit: routes, middleware, lifespan and what happens on a fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ExceptionHandler

from vendorrisk.assessment import Refusal
from vendorrisk.server import (
    account,
    app_pages,
    downloads,
    entrance,
    faults,
    health,
    second_step,
    security_txt,
    through_provider,
    trail,
)
from vendorrisk.server import middleware as layers
from vendorrisk.server.faults import on_script_error
from vendorrisk.server.sessions import Forged
from vendorrisk.server.startup import lifespan, require_settings

__all__ = [
    "exception_handlers",
    "lifespan",
    "middleware",
    "on_script_error",
    "require_settings",
    "routes",
]


def routes() -> Sequence[BaseRoute]:
    """Every address outside Streamlit; whatever is not here is Streamlit's or does not exist."""
    return [
        Route("/setup", entrance.show_setup),
        Route("/setup", entrance.set_up, methods=["POST"]),
        Route("/sign-in", entrance.show_sign_in),
        Route("/sign-in", entrance.sign_in, methods=["POST"]),
        Route("/sign-out", entrance.show_sign_out),
        Route("/sign-out", entrance.sign_out, methods=["POST"]),
        Route("/sign-in/with/{provider}", through_provider.go),
        Route("/sign-in/back/{provider}", through_provider.come_back),
        Route("/sign-out/by/{provider}", through_provider.sign_out, methods=["POST"]),
        Route("/second-step", second_step.show_second_step),
        Route("/second-step", second_step.take_second_step, methods=["POST"]),
        Route("/second-step/leave", second_step.leave, methods=["POST"]),
        Route("/second-step/app", second_step.show_app),
        Route("/second-step/app", second_step.add_app, methods=["POST"]),
        Route("/second-step/passkey", second_step.show_passkey),
        Route("/second-step/passkey", second_step.add_passkey, methods=["POST"]),
        Route("/account", account.show_account),
        Route("/account", account.change_account, methods=["POST"]),
        Route("/account/confirm", account.show_confirm),
        Route("/account/confirm", account.confirm, methods=["POST"]),
        Route("/password", entrance.show_password),
        Route("/password", entrance.choose_password, methods=["POST"]),
        Route("/invitation", entrance.show_invitation),
        Route("/invitation", entrance.accept_invitation, methods=["POST"]),
        Route("/evidence/{evidence_id}", downloads.send_evidence),
        Route("/submission/{assessment_id}.json", downloads.send_own_copy),
        Route("/brief/{assessment_id}", downloads.show_brief),
        Route("/trail.csv", trail.send_trail),
        Route("/healthz", health.healthz),
        Route("/.well-known/security.txt", security_txt.show_security_txt),
        Mount("/assets", StaticFiles(directory=Path(__file__).parent / "assets")),
        Route("/", app_pages.show_app),
        Route("/{page:page_name}", app_pages.show_app),
    ]


def middleware() -> Sequence[Middleware]:
    """What every request passes before it reaches a route of ours or of Streamlit."""
    return layers.middleware(routes())


def exception_handlers() -> Mapping[type[Exception], ExceptionHandler]:
    """Which page answers which exception; faults of ours are caught by the middleware."""
    return {
        Refusal: faults.show_refusal,
        Forged: faults.show_forged,
        HTTPException: faults.show_http_error,
    }
