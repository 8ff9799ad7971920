"""Signing in through a provider: who comes in, with which roles, and who does not any more."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from pathlib import Path

from vendorrisk.access import EVERYTHING, SYSTEM, Actor, Role
from vendorrisk.assessment import Refusal
from vendorrisk.document import InvalidContent
from vendorrisk.identity import PROVIDER_LONGEST, hash_token, wait_before_next_try
from vendorrisk.oidc import LOGOUT_HOLDS, Claimed, Provider, SignedOut, read_providers
from vendorrisk.store import PersonItem, Work
from vendorrisk.store.tables import Person, ProviderAccount, ProviderSession
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import NotFound
from vendorrisk.usecases.failures import note_failed
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.people import erased_subject, open_session, refuse_to_wait


def providers(app: Application) -> tuple[Provider, ...]:
    """The providers that the installation is configured with, in the order of their file.

    Raises `Refusal` (providers_unusable) with every problem of the file.
    """
    if app.settings.providers is None:
        return ()
    try:
        return _read(app.settings.providers)
    except InvalidContent as invalid:
        raise Refusal(
            "providers_unusable",
            "\n".join(str(problem) for problem in invalid.problems),
            "docs/operations.md describes the file that VENDORRISK_PROVIDERS names.",
        ) from invalid


def provider_called(app: Application, name: str) -> Provider:
    """The provider with this id. Raises `NotFound`."""
    found = next((one for one in providers(app) if one.id == name), None)
    if found is None:
        raise NotFound
    return found


def may_try_provider(app: Application, address: str) -> None:
    """Raise `Refusal` (too_many_tries) where too many answers from this address did not hold."""
    with app.store.read(EVERYTHING) as work:
        wait = wait_before_next_try(work, "", address, "provider")
    refuse_to_wait(wait)


def note_declined(app: Application, address: str) -> None:
    """Count an answer from this address that did not hold."""
    with app.store.begin(EVERYTHING) as work:
        note_failed(work, "provider", address)


def sign_in_with(
    app: Application, provider: Provider, who: Claimed, address: str = "", device: str = ""
) -> str:
    """Give a session token to whom a provider's signed answer names.

    At first they get an account, or the one that waits under their address; at every sign-in they
    get the roles that the provider gives them. Without any they lose those they had, and their
    sessions. Raises `Refusal` (provider_email, provider_role, deactivated, has_password).
    """
    with app.store.begin(EVERYTHING) as work:
        held = _known(work, provider, who.subject)
        if not who.roles:
            if held is not None:
                _take_roles(work, provider, held.person_id)
            token = None
        else:
            email = _email(provider, who)
            person_id = _account(work, provider, who, email) if held is None else held.person_id
            item = _with_roles(work, provider, person_id, who.roles)
            actor = Actor("person", item.person.id, item.person.name, item.roles)
            work.record(actor, "sign_in", "person", actor.id, by=provider.id)
            token = open_session(
                app,
                work,
                item,
                address=address,
                device=device,
                factor="provider" if who.strong else None,
                provider=provider.name,
                longest=PROVIDER_LONGEST,
                through=ProviderSession(
                    sign_in_id="",
                    issuer=provider.issuer,
                    subject=who.subject,
                    session=who.session,
                ),
            )
    if token is None:
        raise Refusal(
            "provider_role",
            f"{provider.name} knows you, and gives you no role here.",
            "Ask whoever looks after your groups there.",
        )
    return token


def may_sign_out(app: Application, address: str) -> None:
    """Raise `Refusal` (too_many_tries) where too many tokens from this address did not hold."""
    with app.store.read(EVERYTHING) as work:
        wait = wait_before_next_try(work, "", address, "logout")
    refuse_to_wait(wait)


def note_bad_logout(app: Application, address: str) -> None:
    """Count a token from this address that signs nobody out."""
    with app.store.begin(EVERYTHING) as work:
        note_failed(work, "logout", address)


def sign_out_by(app: Application, provider: Provider, who: SignedOut) -> int:
    """End the sessions that a provider's signed token names, of those it began; how many.

    A token counts once: raises `Refusal` (used_before).
    """
    key = hash_token(f"logout {provider.issuer} {who.id}")
    with app.store.begin(EVERYTHING) as work:
        work.take_turn(key)
        if work.pending(key) is not None:
            raise Refusal("used_before", "This token was used before.", "Send another one.")
        work.keep_pending(key, "", work.now + timedelta(seconds=LOGOUT_HOLDS))
        found = work.sessions_through(provider.issuer, who.subject, who.session)
        for row in found:
            row.revoked_at = work.now
        for person in sorted({row.person_id or "" for row in found}):
            work.record(SYSTEM, "sign_out_by_provider", "person", person, by=provider.id)
    return len(found)


@cache
def _read(path: Path) -> tuple[Provider, ...]:
    return read_providers(path, os.environ)


def _known(work: Work, provider: Provider, subject: str) -> ProviderAccount | None:
    """The account of somebody there, also of one whose name was deleted here."""
    erased = erased_subject(provider.issuer, subject)
    return work.get(ProviderAccount, issuer=provider.issuer, subject=subject) or work.get(
        ProviderAccount, issuer=provider.issuer, subject=erased
    )


def _email(provider: Provider, who: Claimed) -> str:
    form = Form()
    email = form.email("email", who.email, "The e-mail address").casefold()
    if form.problems or email.partition("@")[2] not in provider.email_domains:
        raise Refusal(
            "provider_email",
            f"{provider.name} told no confirmed e-mail address of yours that may sign in here.",
            "Sign in there with your work account, or ask an administrator.",
        )
    return email


def _account(work: Work, provider: Provider, who: Claimed, email: str) -> str:
    """The account for somebody who comes through this provider for the first time."""
    found = work.person_by_email(email)
    if found is None:
        name = " ".join(who.name.split())[:200] or email.partition("@")[0]
        person = work.add(Person(name=name, email=email, created_at=work.now))
        work.record(SYSTEM, "add_person", "person", person.id, by=provider.id)
    else:
        person = found.person
        if person.password_hash is not None and not provider.takes_over:
            raise Refusal(
                "has_password",
                "There is an account with this address that signs in with a password.",
                f"Use the password, or ask whoever runs this service to let {provider.name} take"
                " such accounts over.",
            )
        person.password_hash = None
        for link in work.open_setup_tokens(person.id):
            link.used_at = work.now
        work.revoke_sessions(person_id=person.id)
    work.add(
        ProviderAccount(
            issuer=provider.issuer,
            subject=who.subject,
            person_id=person.id,
            created_at=work.now,
        )
    )
    work.record(SYSTEM, "join_provider", "person", person.id, by=provider.id)
    return person.id


def _with_roles(
    work: Work, provider: Provider, person_id: str, roles: frozenset[Role]
) -> PersonItem:
    found = work.person(person_id)
    if found is None or not found.person.active:
        raise Refusal(
            "deactivated",
            "Your access here has ended.",
            "Ask an administrator if you need it again.",
        )
    _change_roles(work, provider, found, roles)
    return PersonItem(found.person, roles)


def _take_roles(work: Work, provider: Provider, person_id: str) -> None:
    found = work.person(person_id)
    if found is not None:
        _change_roles(work, provider, found, frozenset())


def _change_roles(
    work: Work, provider: Provider, found: PersonItem, roles: frozenset[Role]
) -> None:
    if roles == found.roles:
        return
    work.revoke_sessions(person_id=found.person.id)
    work.set_roles(found.person.id, roles)
    work.record(
        SYSTEM,
        "change_roles",
        "person",
        found.person.id,
        before=sorted(found.roles),
        after=sorted(roles),
        by=provider.id,
    )
