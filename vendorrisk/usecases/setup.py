"""The first start: a one-use link by which the first administrator chooses a password."""

from __future__ import annotations

from vendorrisk.usecases.application import Application


def setup_needed(app: Application) -> bool:
    """Whether no administrator exists yet."""
    raise NotImplementedError


def setup_link(app: Application) -> str | None:
    """A fresh set-up token for the console to print, or None once an administrator exists.

    Earlier unused tokens stop working. Only a hash of the token is stored.
    """
    raise NotImplementedError


def complete_setup(app: Application, token: str, name: str, email: str, password: str) -> str:
    """Make the first administrator and sign them in; gives the session token.

    Raises `Refusal` (link_wrong, link_expired, link_used, already_set_up) or `Invalid` with
    problems for name, email and password; an `Invalid` leaves the link usable.
    """
    raise NotImplementedError
