"""The first start: a one-use link by which the first administrator chooses a password."""

from __future__ import annotations

from vendorrisk.access import EVERYTHING, SYSTEM, Role
from vendorrisk.identity import LINK_HOLDS, hash_password, hash_token, new_token
from vendorrisk.store import PersonItem
from vendorrisk.store.tables import Person, SetupToken
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.people import check_password, open_session, slowing_guesses, use_link


def setup_needed(app: Application) -> bool:
    """Whether no administrator exists yet."""
    with app.store.read(EVERYTHING) as work:
        return not work.has_administrator()


def setup_link(app: Application) -> str | None:
    """A fresh set-up token for the console to print, or None once an administrator exists.

    Earlier unused tokens stop working. Only a hash of the token is stored.
    """
    token = new_token()
    with app.store.begin(EVERYTHING) as work:
        if work.has_administrator():
            return None
        for earlier in work.open_setup_tokens():
            earlier.used_at = work.now
        row = SetupToken(
            token_hash=hash_token(token), created_at=work.now, expires_at=work.now + LINK_HOLDS
        )
        work.add(row)
        work.record(SYSTEM, "setup_link", "setup_token", row.id)
    return token


def complete_setup(
    app: Application,
    token: str,
    name: str,
    email: str,
    password: str,
    address: str = "",
    device: str = "",
) -> str:
    """Make the first administrator and sign them in; gives the session token.

    Raises `Refusal` (link_wrong, link_expired, link_used, already_set_up) or `Invalid` with
    problems for name, email and password; an `Invalid` leaves the link usable.
    """
    form = Form()
    person = Person(
        name=form.line("name", name, "Your name"),
        email=form.email("email", email, "Your e-mail address").casefold(),
        created_at=app.clock(),
    )
    check_password(form, password, person)
    with (
        slowing_guesses(address, app, "link_wrong"),
        app.store.begin(EVERYTHING) as work,
    ):
        if work.has_administrator():
            raise Refusal(
                "already_set_up",
                "This installation has an administrator already.",
                "Sign in, or ask the administrator to add you.",
            )
        link = use_link(work, token, whose=None)
        form.check()
        if work.person_by_email(person.email) is not None:
            form.problem("email", "A person with this address exists already.")
            form.check()
        link.used_at = work.now
        person.password_hash = hash_password(password)
        work.add(person)
        work.record(SYSTEM, "complete_setup", "person", person.id, name=person.name)
        roles = frozenset({Role.ADMINISTRATOR})
        work.set_roles(person.id, roles)
        return open_session(app, work, PersonItem(person, roles), address=address, device=device)
