"""People of our own organisation: signing in and out, adding colleagues, and their roles."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from vendorrisk.access import EVERYTHING, INVITED_ROLES, STAFF_ROLES, Action, Actor, Role, authorise
from vendorrisk.identity import (
    HALF_LONGEST,
    LINK_HOLDS,
    hash_password,
    hash_token,
    link_state,
    needs_new_hash,
    new_token,
    note_success,
    password_problem,
    session_ends,
    session_holds,
    verify_password,
    wait_before_next_try,
    worth_noting,
)
from vendorrisk.settings import Settings
from vendorrisk.store import PersonItem, SessionItem, Work
from vendorrisk.store.tables import (
    Delegation,
    Invitation,
    Person,
    ProviderSession,
    SetupToken,
    SignIn,
    SignInDetail,
)
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.delegating import signatory_of
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.failures import note_failed
from vendorrisk.usecases.forms import Form

FORMER = "A former colleague"
"""What a colleague is called whose name was deleted after their access had ended."""

Factor = Literal["app", "passkey", "recovery", "provider"]
"""How a second factor was given; "provider" where whoever signed them in asked for it."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """A colleague. `waiting_for_password` until they have used their link; `second_factors` is how
    many authenticator apps and passkeys they have.
    """

    id: str
    name: str
    email: str
    roles: tuple[Role, ...]
    active: bool
    waiting_for_password: bool
    created_at: datetime
    second_factors: int = 0


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A one-use link to choose a password with; `token` is shown once and never again."""

    person: PersonView
    token: str
    expires_at: datetime


def sign_in(
    app: Application, email: str, password: str, address: str = "", device: str = ""
) -> str:
    """Give a session token. A wrong address and a wrong password are refused alike.

    `address` is the network address asked from, for throttling and for the person's own list of
    sessions, and `device` what it was done with. Where a second factor is asked for, the session
    is good for that alone (see `second_factor`). Raises `Refusal` (sign_in_failed, too_many_tries).
    """
    with app.store.read(EVERYTHING) as work:
        wait = wait_before_next_try(work, email, address)
        found = work.person_by_email(email.strip())
    refuse_to_wait(wait)
    # Checking a password takes long on purpose, so no transaction is open meanwhile.
    usable = found.person.password_hash if found is not None and found.person.active else None
    right = verify_password(usable, password)
    with app.store.begin(EVERYTHING) as work:
        current = work.person_by_email(email.strip())
        if (
            not right
            or current is None
            or not current.person.active
            or current.person.password_hash != usable
        ):
            known = None if current is None else current.person.id
            note_failed(work, "password", address, account=email, person_id=known)
            token = None
        else:
            note_success(work, email, address)
            if usable is not None and needs_new_hash(usable):
                current.person.password_hash = hash_password(password)
            actor = _actor(current)
            work.record(actor, "sign_in", "person", actor.id, by="password")
            token = open_session(app, work, current, address=address, device=device)
    if token is None:
        raise Refusal(
            "sign_in_failed",
            "This e-mail address and password do not belong together.",
            "Check both, or ask your administrator for a new link to choose a password.",
        )
    return token


def actor_of(app: Application, token_hash: str) -> Actor | None:
    """Who holds the session with this hash, looked up on every rerun; None: sign in again.

    A session that still lacks the second factor it needs is nobody's.
    """
    now = app.clock()
    with app.store.read(EVERYTHING) as work:
        found = holder(work, token_hash)
        if found is None or not is_whole(app.settings, found):
            return None
        link = None if found.contact is None else _link(work, found.sign_in, now)
        if found.contact is not None and link is None:
            return None
    if worth_noting(now, found.sign_in.last_seen_at):
        with app.store.begin(EVERYTHING) as work:
            row = work.get(SignIn, id=found.sign_in.id)
            if row is not None:
                row.last_seen_at = now
    return _session_actor(found, link)


def sign_out(app: Application, actor: Actor) -> None:
    """End the actor's session."""
    scope = authorise(actor, Action.SIGN_OUT)
    with app.store.begin(scope) as work:
        row = work.get(SignIn, id=actor.session_id) if actor.session_id else None
        if row is not None and row.revoked_at is None:
            row.revoked_at = work.now
            work.record(actor, Action.SIGN_OUT, actor.kind, actor.id, actor.assessment_id)


def choose_password(
    app: Application, token: str, password: str, address: str = "", device: str = ""
) -> str:
    """Set the password of whom the link belongs to, end their other sessions, and sign them in.

    Gives the session token. Raises `Refusal` (link_wrong, link_expired, link_used, too_many_tries)
    or `Invalid` for the password, which leaves the link usable.
    """
    with (
        slowing_guesses(address, app, "link_wrong"),
        app.store.begin(EVERYTHING) as work,
    ):
        link = use_link(work, token, whose="a colleague")
        found = work.person(link.person_id or "")
        if found is None or not found.person.active:
            raise _link_refusal("link_wrong")
        form = Form()
        check_password(form, password, found.person)
        form.check()
        link.used_at = work.now
        found.person.password_hash = hash_password(password)
        work.record(_actor(found), "choose_password", "person", found.person.id)
        work.revoke_sessions(person_id=found.person.id)
        return open_session(app, work, found, address=address, device=device)


def list_people(app: Application, actor: Actor) -> tuple[PersonView, ...]:
    """Everybody, by name."""
    scope = authorise(actor, Action.LIST_PEOPLE)
    with app.store.read(scope) as work:
        enrolled, through = work.enrolled(), work.through_providers()
        return tuple(
            _view(
                item,
                enrolled.get(item.person.id, 0),
                waits=item.person.password_hash is None and item.person.id not in through,
            )
            for item in work.people()
            if not is_erased(item.person)
        )


def add_person(
    app: Application, actor: Actor, name: str, email: str, roles: Collection[Role]
) -> PasswordLink:
    """Add a colleague with roles; gives their one-use link. Raises `Invalid`."""
    scope = authorise(actor, Action.ADD_PERSON)
    form = Form()
    person = Person(
        name=form.line("name", name, "The name"),
        email=form.email("email", email, "The e-mail address").casefold(),
        created_at=app.clock(),
    )
    chosen = _staff_roles(form, roles)
    form.check()
    with app.store.begin(scope) as work:
        if work.person_by_email(person.email) is not None:
            form.problem("email", "A person with this address exists already.")
            form.check()
        work.add(person)
        work.record(actor, Action.ADD_PERSON, "person", person.id, roles=sorted(chosen))
        work.set_roles(person.id, chosen)
        return _new_link(actor, work, PersonItem(person, chosen))


def new_password_link(app: Application, actor: Actor, person_id: str) -> PasswordLink:
    """A new one-use link for a colleague who lost theirs or forgot the password.

    Earlier unused links of theirs stop working; the old password works until a new one is chosen.
    """
    scope = authorise(actor, Action.NEW_PASSWORD_LINK)
    with app.store.begin(scope) as work:
        found = require_person(work, person_id)
        if not found.person.active:
            raise Refusal(
                "deactivated",
                f"{found.person.name} has no access any more.",
                "Give them a role first.",
            )
        return _new_link(actor, work, found)


def change_roles(
    app: Application, actor: Actor, person_id: str, roles: Collection[Role]
) -> PersonView:
    """Replace a colleague's roles. Their sessions end, so that nobody works on under rights that
    another session was given for, and the next one asks for a second factor if the roles do.

    Somebody who was deactivated gets access again. The last active administrator stays one:
    raises `Refusal` (last_administrator), or `Invalid` without any role.
    """
    scope = authorise(actor, Action.CHANGE_ROLES)
    form = Form()
    chosen = _staff_roles(form, roles)
    form.check()
    with app.store.begin(scope) as work:
        found = require_person(work, person_id)
        if Role.ADMINISTRATOR not in chosen:
            _keep_an_administrator(work, person_id)
        if chosen != found.roles:
            work.revoke_sessions(person_id=person_id)
        found.person.active = True
        work.set_roles(person_id, chosen)
        work.record(
            actor,
            Action.CHANGE_ROLES,
            "person",
            person_id,
            before=sorted(found.roles),
            after=sorted(chosen),
        )
        return _view(PersonItem(found.person, chosen))


def deactivate(app: Application, actor: Actor, person_id: str) -> PersonView:
    """End a colleague's access and sessions; what they did stays. Raises as `change_roles`."""
    scope = authorise(actor, Action.DEACTIVATE)
    with app.store.begin(scope) as work:
        found = require_person(work, person_id)
        _keep_an_administrator(work, person_id)
        found.person.active = False
        for link in work.open_setup_tokens(person_id):
            link.used_at = work.now
        work.revoke_sessions(person_id=person_id)
        work.record(actor, Action.DEACTIVATE, "person", person_id)
        return _view(found)


def check_password(form: Form, password: str, person: Person) -> None:
    """Note what is wrong with a password that somebody chose."""
    problem = password_problem(password, email=person.email, name=person.name)
    if problem is not None:
        form.problem("password", problem)


def open_session(
    app: Application,
    work: Work,
    item: PersonItem,
    *,
    address: str = "",
    device: str = "",
    factor: Factor | None = None,
    provider: str | None = None,
    longest: timedelta | None = None,
    through: ProviderSession | None = None,
) -> str:
    """Begin a session of a member of staff; gives its token, of which only a hash is kept.

    Without the `factor` that whoever has one, or a role that needs one, must give, it is a half
    session: it ends soon, and lets nobody further than to the second step. `longest` shortens a
    whole one. `through` says which of a provider's sessions it hangs on; its `sign_in_id` counts
    for nothing.
    """
    asked = bool(work.second_factors(item.person.id)) or _asks(app.settings, item.roles)
    half = factor is None and asked
    ends = work.now + HALF_LONGEST if half else session_ends("person", work.now)
    if longest is not None:
        ends = min(ends, work.now + longest)
    token = new_token()
    row = work.add(
        SignIn(
            token_hash=hash_token(token),
            person_id=item.person.id,
            created_at=work.now,
            last_seen_at=work.now,
            expires_at=ends,
        )
    )
    work.add(
        SignInDetail(
            sign_in_id=row.id,
            half=half,
            factor=factor,
            confirmed_at=work.now,
            device=device[:100],
            address=address[:100],
            provider=provider,
        )
    )
    if through is not None:
        work.add(
            ProviderSession(
                sign_in_id=row.id,
                issuer=through.issuer,
                subject=through.subject,
                session=through.session,
            )
        )
    return token


def holder(work: Work, token_hash: str) -> SessionItem | None:
    """The session with this hash if it holds, whether whole or half."""
    found = work.session(token_hash)
    return found if found is not None and _session_holds(found, work.now) else None


def is_whole(settings: Settings, found: SessionItem) -> bool:
    """Whether a session lets its holder work: nothing is missing that its roles ask for."""
    if found.person is None or (found.detail is not None and found.detail.factor is not None):
        return True
    half = found.detail is not None and found.detail.half
    return not half and not _asks(settings, found.roles)


@contextmanager
def slowing_guesses(address: str, app: Application, wrong: str) -> Iterator[None]:
    """Exchange a one-use code inside; a refusal with the code `wrong` counts as a guess.

    Whoever guessed often from this address waits: raises `Refusal` (too_many_tries). The codes
    cannot be guessed anyway; this keeps the trying from costing us anything.
    """
    with app.store.read(EVERYTHING) as work:
        wait = wait_before_next_try(work, "", address, "link")
    refuse_to_wait(wait)
    try:
        yield
    except Refusal as refusal:
        if refusal.code == wrong:
            with app.store.begin(EVERYTHING) as work:
                note_failed(work, "link", address)
        raise


def refuse_to_wait(wait: timedelta) -> None:
    """Raise `Refusal` (too_many_tries) unless the wait is over."""
    if wait <= timedelta(0):
        return
    seconds = max(1, round(wait.total_seconds()))
    raise Refusal(
        "too_many_tries",
        "Too many failed tries.",
        f"Wait {seconds} seconds, then try again."
        if seconds < 120
        else f"Wait {round(seconds / 60)} minutes, then try again.",
    )


def erased_email(person_id: str) -> str:
    """What stands in place of the address of somebody whose name was deleted; it is none."""
    return f"erased/{person_id}"


def is_erased(person: Person) -> bool:
    """Whether name and address of somebody were deleted and only the id is left."""
    return person.email == erased_email(person.id)


def erased_subject(issuer: str, subject: str) -> str:
    """What stands in place of who somebody was to a provider, so that they stay out."""
    return f"sha256:{hash_token(f'{issuer} {subject}')}"


def require_person(work: Work, person_id: str) -> PersonItem:
    """The member of staff with this id, unless only the id is left. Raises `NotFound`."""
    found = work.person(person_id)
    if found is None or is_erased(found.person):
        raise NotFound("This person")
    return found


def use_link(work: Work, token: str, whose: Literal["a colleague"] | None) -> SetupToken:
    """The one-use link with this token, for setting up (None) or for a colleague's password."""
    row = work.get(SetupToken, token_hash=hash_token(token.strip()))
    if row is None or (row.person_id is None) != (whose is None):
        raise _link_refusal("link_wrong")
    state = link_state(work.now, expires_at=row.expires_at, used_at=row.used_at)
    if state != "good":
        raise _link_refusal("link_expired" if state == "expired" else "link_used")
    return row


def _link_refusal(code: Literal["link_wrong", "link_expired", "link_used"]) -> Refusal:
    sentence = {
        "link_wrong": "This link is not one of ours, or it was replaced by a newer one.",
        "link_expired": "This link has expired.",
        "link_used": "This link was used already, or was replaced by a newer one.",
    }[code]
    return Refusal(
        code,
        sentence,
        "Ask your administrator for a new one. If you are setting up: start the app again, and it"
        " prints one.",
    )


def _new_link(actor: Actor, work: Work, item: PersonItem) -> PasswordLink:
    for earlier in work.open_setup_tokens(item.person.id):
        earlier.used_at = work.now
    token = new_token()
    row = SetupToken(
        token_hash=hash_token(token),
        person_id=item.person.id,
        created_at=work.now,
        expires_at=work.now + LINK_HOLDS,
    )
    work.add(row)
    work.record(actor, Action.NEW_PASSWORD_LINK, "person", item.person.id)
    return PasswordLink(_view(item), token, row.expires_at)


def _keep_an_administrator(work: Work, person_id: str) -> None:
    others = [
        item
        for item in work.people()
        if item.person.id != person_id
        and item.person.active
        and work.can_sign_in(item.person)
        and Role.ADMINISTRATOR in item.roles
    ]
    this = work.person(person_id)
    if not others and this is not None and Role.ADMINISTRATOR in this.roles:
        raise Refusal(
            "last_administrator",
            "Nobody else is an administrator, so this would lock everybody out.",
            "Make a colleague an administrator first; they must have chosen a password.",
        )


def _staff_roles(form: Form, roles: Collection[Role]) -> frozenset[Role]:
    chosen = frozenset(Role(role) for role in roles)
    if not chosen:
        form.problem("roles", "Choose at least one role.")
    if not chosen <= set(STAFF_ROLES):
        form.problem("roles", "A vendor's people are invited, not added here.")
    return chosen


def _asks(settings: Settings, roles: Collection[Role]) -> bool:
    return not settings.second_factor_for.isdisjoint(roles)


def _view(item: PersonItem, second_factors: int = 0, *, waits: bool | None = None) -> PersonView:
    person = item.person
    if waits is None:
        waits = person.password_hash is None
    return PersonView(
        id=person.id,
        name=person.name,
        email=person.email,
        roles=tuple(role for role in STAFF_ROLES if role in item.roles),
        active=person.active,
        waiting_for_password=person.active and waits,
        created_at=person.created_at,
        second_factors=second_factors,
    )


def _actor(item: PersonItem) -> Actor:
    return Actor("person", item.person.id, item.person.name, item.roles)


def _session_holds(found: SessionItem, now: datetime) -> bool:
    row = found.sign_in
    if not session_holds(
        "person" if found.person is not None else "contact",
        now,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    ):
        return False
    if found.person is not None:
        return found.person.active
    invitation = found.invitation
    return (
        found.contact is not None
        and invitation is not None
        and invitation.revoked_at is None
        and now < invitation.expires_at
    )


@dataclass(frozen=True, slots=True)
class _Link:
    """What the link by which a vendor's session came opens now."""

    roles: frozenset[Role]
    also: frozenset[str]
    sections: frozenset[str] | None = None


def _link(work: Work, session: SignIn, now: datetime) -> _Link | None:
    """What a vendor's session may do now; None once the link that gave its link was taken back."""
    if session.contact_id is None or session.assessment_id is None:
        return None
    given = work.get(Delegation, invitation_id=session.invitation_id)
    if given is None:
        also = work.invited_to(session.contact_id, session.assessment_id)
        signed_by_another = signatory_of(work, [session.assessment_id], now)
        roles = INVITED_ROLES - {Role.VENDOR_SIGNATORY} if signed_by_another else INVITED_ROLES
        return _Link(roles, also)
    parent = work.get(Invitation, id=given.parent_id)
    if parent is None or parent.revoked_at is not None:
        return None
    if given.signs:
        also = work.invited_to(session.contact_id, session.assessment_id, signs=True)
        return _Link(frozenset({Role.VENDOR_SIGNATORY}), also)
    sections = frozenset(json.loads(given.sections))
    return _Link(frozenset({Role.VENDOR_RESPONDENT}), frozenset(), sections)


def _session_actor(found: SessionItem, link: _Link | None) -> Actor | None:
    row = found.sign_in
    if found.person is not None:
        return Actor("person", found.person.id, found.person.name, found.roles, session_id=row.id)
    if found.contact is None or link is None:
        return None
    return Actor(
        "contact",
        found.contact.id,
        found.contact.name,
        link.roles,
        assessment_id=row.assessment_id,
        session_id=row.id,
        also=link.also - {row.assessment_id or ""},
        sections=link.sections,
    )
