"""One's own account: name, password, second factors, sessions; what administrators end for others.

Whatever changes how somebody signs in takes a session that was confirmed lately.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from vendorrisk.access import EVERYTHING, STAFF_ROLES, SYSTEM, Action, Actor, Role, authorise
from vendorrisk.identity import (
    CONFIRMED_FOR,
    hash_password,
    note_success,
    session_holds,
    verify_password,
    wait_before_next_try,
)
from vendorrisk.store import PersonItem, SessionItem, Work
from vendorrisk.store.tables import SecondFactor, SignIn, SignInDetail
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Invalid, NotFound, Refusal
from vendorrisk.usecases.failures import note_failed
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.people import (
    Factor,
    check_password,
    open_session,
    refuse_to_wait,
    require_person,
)
from vendorrisk.usecases.second_factor import replace_recovery_codes, require_confirmed


@dataclass(frozen=True, slots=True)
class FactorView:
    """An authenticator app or a passkey; `kind` is "app" or "passkey"."""

    id: str
    kind: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session that holds. `factor` and `provider` say how it began, `current` that it asks.

    `half` while its second factor is missing.
    """

    id: str
    device: str
    address: str
    began_at: datetime
    last_seen_at: datetime
    factor: str | None
    provider: str | None
    half: bool
    current: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody sees of their own account.

    `confirmed` says that they proved lately who they are; `must_have_factor` that a role of theirs
    asks for a second factor.
    """

    name: str
    email: str
    roles: tuple[Role, ...]
    has_password: bool
    must_have_factor: bool
    confirmed: bool
    factors: tuple[FactorView, ...]
    recovery_codes: int
    sessions: tuple[SessionView, ...]


def own_account(app: Application, actor: Actor) -> Account:
    """The actor's account as it stands."""
    scope = authorise(actor, Action.OWN_ACCOUNT)
    with app.store.read(scope) as work:
        item = require_person(work, actor.id)
        detail = work.get(SignInDetail, sign_in_id=actor.session_id)
        return Account(
            name=item.person.name,
            email=item.person.email,
            roles=tuple(role for role in STAFF_ROLES if role in item.roles),
            has_password=item.person.password_hash is not None,
            must_have_factor=_must_have_factor(app, item),
            confirmed=detail is not None and work.now < detail.confirmed_at + CONFIRMED_FOR,
            factors=tuple(_factor(row) for row in work.second_factors(actor.id)),
            recovery_codes=len(work.recovery_codes(actor.id)),
            sessions=_sessions(work, [actor.id], actor.session_id)[actor.id],
        )


def confirm_own(app: Application, actor: Actor, password: str, address: str = "") -> None:
    """Prove who one is by the password again; it holds for a quarter of an hour.

    Raises `Refusal` (too_many_tries, no_password) or `Invalid` for the password.
    """
    scope = authorise(actor, Action.CONFIRM_OWN)
    _check_own_password(app, actor, password, address, "password")
    with app.store.begin(scope) as work:
        session = _own_session(work, actor)
        detail = work.get(SignInDetail, sign_in_id=session.id)
        if detail is None:
            detail = work.add(SignInDetail(sign_in_id=session.id, confirmed_at=work.now))
        detail.confirmed_at = work.now
        work.record(actor, Action.CONFIRM_OWN, "person", actor.id)


def change_name(app: Application, actor: Actor, name: str) -> None:
    """Another name for oneself. Raises `Invalid`."""
    scope = authorise(actor, Action.CHANGE_NAME)
    form = Form()
    chosen = form.line("name", name, "Your name")
    form.check()
    with app.store.begin(scope) as work:
        person = require_person(work, actor.id).person
        if person.name != chosen:
            work.record(
                actor, Action.CHANGE_NAME, "person", actor.id, before=person.name, after=chosen
            )
            person.name = chosen


def change_password(
    app: Application, actor: Actor, password: str, new: str, address: str = "", device: str = ""
) -> str:
    """Choose another password; every session ends, and a new one begins: gives its token.

    Raises `Refusal` (too_many_tries, no_password) or `Invalid` for either password.
    """
    scope = authorise(actor, Action.CHANGE_PASSWORD)
    _check_own_password(app, actor, password, address, "current")
    with app.store.begin(scope) as work:
        item = require_person(work, actor.id)
        form = Form()
        check_password(form, new, item.person)
        if new == password:
            form.problem("password", "This is the password that you have already.")
        form.check()
        detail = work.get(SignInDetail, sign_in_id=_own_session(work, actor).id)
        item.person.password_hash = hash_password(new)
        for link in work.open_setup_tokens(actor.id):
            link.used_at = work.now
        work.revoke_sessions(person_id=actor.id)
        work.record(actor, Action.CHANGE_PASSWORD, "person", actor.id)
        return open_session(
            app, work, item, address=address, device=device, factor=_factor_given(detail)
        )


def new_recovery_codes(app: Application, actor: Actor) -> tuple[str, ...]:
    """Ten fresh recovery codes, shown once; those of before stop working.

    Raises `Refusal` (confirm_first, no_second_factor).
    """
    scope = authorise(actor, Action.NEW_RECOVERY_CODES)
    with app.store.begin(scope) as work:
        work.alone_with(actor.id)
        _require_confirmed(work, actor)
        if not work.second_factors(actor.id):
            raise Refusal(
                "no_second_factor",
                "You have no second factor, so there is nothing to recover.",
                "Set one up first.",
            )
        codes = replace_recovery_codes(app, work, actor.id)
        work.record(actor, Action.NEW_RECOVERY_CODES, "person", actor.id)
    return codes


def remove_second_factor(app: Application, actor: Actor, factor_id: str) -> None:
    """Remove an authenticator app or a passkey of one's own; the last one only where none is asked.

    Raises `NotFound` or `Refusal` (confirm_first, last_second_factor).
    """
    scope = authorise(actor, Action.REMOVE_SECOND_FACTOR)
    with app.store.begin(scope) as work:
        work.alone_with(actor.id)
        rows = work.second_factors(actor.id)
        row = next((row for row in rows if row.id == factor_id), None)
        if row is None:
            raise NotFound("This second factor")
        _require_confirmed(work, actor)
        last = len(rows) == 1
        if last and _must_have_factor(app, require_person(work, actor.id)):
            raise Refusal(
                "last_second_factor",
                "Your role asks for a second factor, and this is your only one.",
                "Add another first, then remove this one.",
            )
        kind, name = row.kind, row.name
        work.remove(row)
        if last:
            _use_up_recovery_codes(work, actor.id)
        work.record(actor, Action.REMOVE_SECOND_FACTOR, "person", actor.id, kind=kind, name=name)


def end_session(app: Application, actor: Actor, session_id: str) -> None:
    """End one of one's own sessions, with the next click in its open pages. Raises `NotFound`."""
    scope = authorise(actor, Action.END_SESSION)
    with app.store.begin(scope) as work:
        row = work.get(SignIn, id=session_id, person_id=actor.id)
        if row is None:
            raise NotFound("This session")
        if row.revoked_at is None:
            row.revoked_at = work.now
            work.record(actor, Action.END_SESSION, "person", actor.id)


def end_other_sessions(app: Application, actor: Actor) -> int:
    """End all of one's own sessions but the one that asks; how many."""
    scope = authorise(actor, Action.END_OTHER_SESSIONS)
    with app.store.begin(scope) as work:
        others = [row for row, _ in work.sessions_of(actor.id) if row.id != actor.session_id]
        for row in others:
            row.revoked_at = work.now
        if others:
            work.record(actor, Action.END_OTHER_SESSIONS, "person", actor.id, sessions=len(others))
    return len(others)


def sessions_of(
    app: Application, actor: Actor, person_ids: Collection[str]
) -> Mapping[str, tuple[SessionView, ...]]:
    """The sessions of colleagues by their ids, the one used last first."""
    scope = authorise(actor, Action.SESSIONS_OF)
    with app.store.read(scope) as work:
        return _sessions(work, person_ids, actor.session_id)


def end_sessions_of(app: Application, actor: Actor, person_id: str) -> int:
    """End every session of a colleague; how many. Raises `NotFound`."""
    scope = authorise(actor, Action.END_SESSIONS_OF)
    with app.store.begin(scope) as work:
        require_person(work, person_id)
        ended = work.revoke_sessions(person_id=person_id)
        if ended:
            work.record(actor, Action.END_SESSIONS_OF, "person", person_id, sessions=ended)
    return ended


def reset_second_factor(app: Application, actor: Actor, person_id: str) -> None:
    """Take away a colleague's second factors and recovery codes; they set up anew at sign-in.

    Nobody does it for themselves: a stolen session must not undo what would have kept it out.
    Raises `NotFound` or `Refusal` (own_second_factor).
    """
    scope = authorise(actor, Action.RESET_SECOND_FACTOR)
    if person_id == actor.id:
        raise Refusal(
            "own_second_factor",
            "You cannot reset your own second factor.",
            "Ask another administrator, or use a recovery code.",
        )
    with app.store.begin(scope) as work:
        require_person(work, person_id)
        forget_second_factors(work, person_id)
        work.record(actor, Action.RESET_SECOND_FACTOR, "person", person_id)


def reset_second_factor_of(app: Application, email: str) -> str:
    """The same by whoever runs the server, for when no administrator is left; gives the name.

    Raises `NotFound`.
    """
    with app.store.begin(EVERYTHING) as work:
        found = work.person_by_email(email.strip())
        if found is None:
            raise NotFound(f"A colleague with the address {email.strip()[:100]}")
        forget_second_factors(work, found.person.id)
        work.record(SYSTEM, "reset_second_factor", "person", found.person.id)
        return found.person.name


def forget_second_factors(work: Work, person_id: str) -> None:
    """Remove every second factor and recovery code of a person, and end their sessions."""
    work.alone_with(person_id)
    for row in work.second_factors(person_id):
        work.remove(row)
    _use_up_recovery_codes(work, person_id)
    work.revoke_sessions(person_id=person_id)


def _check_own_password(
    app: Application, actor: Actor, password: str, address: str, field: str
) -> None:
    """Raise unless `password` is the actor's; a wrong one counts as a failed sign-in does."""
    scope = authorise(actor, Action.CONFIRM_OWN)
    with app.store.read(scope) as work:
        person = require_person(work, actor.id).person
        wait = wait_before_next_try(work, person.email, address)
    refuse_to_wait(wait)
    if person.password_hash is None:
        raise Refusal(
            "no_password",
            "You sign in through a provider and have no password here.",
            "Sign out and in again; for a quarter of an hour after that you can change this.",
        )
    right = verify_password(person.password_hash, password)
    with app.store.begin(scope) as work:
        if right:
            note_success(work, person.email, address)
        else:
            note_failed(work, "password", address, account=person.email, person_id=person.id)
    if not right:
        raise Invalid({field: "This is not your password."}, "password_wrong")


def _own_session(work: Work, actor: Actor) -> SignIn:
    row = work.get(SignIn, id=actor.session_id) if actor.session_id else None
    if row is None or row.person_id != actor.id:
        raise NotFound("Your session")
    return row


def _require_confirmed(work: Work, actor: Actor) -> None:
    row = _own_session(work, actor)
    detail = work.get(SignInDetail, sign_in_id=row.id)
    require_confirmed(work, SessionItem(row, None, frozenset(), None, None, detail))


def _use_up_recovery_codes(work: Work, person_id: str) -> None:
    for code in work.recovery_codes(person_id):
        code.used_at = work.now


def _must_have_factor(app: Application, item: PersonItem) -> bool:
    return not app.settings.second_factor_for.isdisjoint(item.roles)


def _factor_given(detail: SignInDetail | None) -> Factor | None:
    given = detail.factor if detail is not None else None
    factors: tuple[Factor, ...] = ("app", "passkey", "recovery", "provider")
    return next((factor for factor in factors if factor == given), None)


def _factor(row: SecondFactor) -> FactorView:
    return FactorView(row.id, row.kind, row.name, row.created_at, row.last_used_at)


def _sessions(
    work: Work, person_ids: Collection[str], current: str | None
) -> dict[str, tuple[SessionView, ...]]:
    found: dict[str, list[SessionView]] = {id_: [] for id_ in person_ids}
    for row, detail in work.sessions_of(*person_ids):
        if not session_holds(
            "person",
            work.now,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        ):
            continue
        view = SessionView(
            id=row.id,
            device=detail.device if detail else "",
            address=detail.address if detail else "",
            began_at=row.created_at,
            last_seen_at=row.last_seen_at,
            factor=detail.factor if detail else None,
            provider=detail.provider if detail else None,
            half=bool(detail and detail.half),
            current=row.id == current,
        )
        found[row.person_id or ""].append(view)
    return {id_: tuple(views) for id_, views in found.items()}
