"""People of our own organisation: signing in and out, adding colleagues, and their roles."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from vendorrisk.access import Actor, Role
from vendorrisk.usecases.application import Application


@dataclass(frozen=True, slots=True)
class PersonView:
    """A colleague. `waiting_for_password` until they have used their link."""

    id: str
    name: str
    email: str
    roles: tuple[Role, ...]
    active: bool
    waiting_for_password: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A one-use link to choose a password with; `token` is shown once and never again."""

    person: PersonView
    token: str
    expires_at: datetime


def sign_in(app: Application, email: str, password: str, address: str = "") -> str:
    """Give a session token. A wrong address and a wrong password are refused alike.

    `address` is the network address asked from, for throttling; it is never stored in clear.
    Raises `Refusal` (sign_in_failed, too_many_tries).
    """
    raise NotImplementedError


def actor_of(app: Application, token_hash: str) -> Actor | None:
    """Who holds the session with this hash, looked up on every rerun; None: sign in again."""
    raise NotImplementedError


def sign_out(app: Application, actor: Actor) -> None:
    """End the actor's session."""
    raise NotImplementedError


def choose_password(app: Application, token: str, password: str) -> str:
    """Set the password of whom the link belongs to, end their other sessions, and sign them in.

    Gives the session token. Raises `Refusal` (link_wrong, link_expired, link_used) or `Invalid`
    for the password, which leaves the link usable.
    """
    raise NotImplementedError


def list_people(app: Application, actor: Actor) -> tuple[PersonView, ...]:
    """Everybody, by name."""
    raise NotImplementedError


def add_person(
    app: Application, actor: Actor, name: str, email: str, roles: Collection[Role]
) -> PasswordLink:
    """Add a colleague with roles; gives their one-use link. Raises `Invalid`."""
    raise NotImplementedError


def new_password_link(app: Application, actor: Actor, person_id: str) -> PasswordLink:
    """A new one-use link for a colleague who lost theirs or forgot the password.

    Earlier unused links of theirs stop working; the old password works until a new one is chosen.
    """
    raise NotImplementedError


def change_roles(
    app: Application, actor: Actor, person_id: str, roles: Collection[Role]
) -> PersonView:
    """Replace a colleague's roles and end their sessions, so that the change holds at once.

    The last active administrator stays one: raises `Refusal` (last_administrator).
    """
    raise NotImplementedError


def deactivate(app: Application, actor: Actor, person_id: str) -> PersonView:
    """End a colleague's access and sessions; what they did stays. Raises as `change_roles`."""
    raise NotImplementedError
