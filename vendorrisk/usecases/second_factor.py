"""The second step of signing in: authenticator apps, passkeys, and codes for whoever lost them.

After the password a session is half: it is nobody's (`people.actor_of`) and reaches only what is
here, which therefore goes by the session itself. Whoever has no second factor sets one up; whoever
has one gives it. A whole session that was confirmed lately may add another.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import PublicKeyCredentialDescriptor

from vendorrisk.access import EVERYTHING, Actor
from vendorrisk.identity import (
    CONFIRMED_FOR,
    PROVIDER_LONGEST,
    app_address,
    code_step,
    hash_token,
    new_app_secret,
    new_recovery_codes,
    note_failure,
    note_success,
    recovery_hash,
    recovery_hash_anew,
    recovery_hashes,
    wait_before_next_try,
)
from vendorrisk.keys import BrokenSealError, Keys, seal, unseal
from vendorrisk.store import PersonItem, SessionItem, Work
from vendorrisk.store.retired import RECOVERY, retired_within
from vendorrisk.store.tables import (
    Pending,
    Person,
    ProviderSession,
    RecoveryCode,
    SecondFactor,
    new_id,
)
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Invalid, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.people import (
    Factor,
    holder,
    is_whole,
    open_session,
    refuse_to_wait,
)

ENROLLING_HOLDS = timedelta(minutes=15)
MOST_FACTORS = 10
_PRODUCT = "Vendor Risk"
_PURPOSE = "second factor"


@dataclass(frozen=True, slots=True)
class Halfway:
    """Who gave the password and not yet the second factor; how many of each kind they have."""

    name: str
    email: str
    apps: int
    passkeys: int

    @property
    def enrolled(self) -> bool:
        """Whether there is a second factor to give; otherwise one is to be set up."""
        return self.apps + self.passkeys > 0


@dataclass(frozen=True, slots=True)
class AppSetup:
    """What an authenticator app is to be given: an address as a QR code, or the secret typed in."""

    address: str
    secret: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A second factor was added. `token` is of the new session, None where the old one goes on.

    `recovery_codes` are shown once; there are none where the person has some already.
    """

    token: str | None
    recovery_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Holder:
    """A session that holds, its person, and whether it lacks the second factor."""

    session: SessionItem
    person: Person
    half: bool

    @property
    def item(self) -> PersonItem:
        return PersonItem(self.person, self.session.roles)

    @property
    def actor(self) -> Actor:
        return Actor("person", self.person.id, self.person.name, self.session.roles)


def halfway_of(app: Application, token_hash: str) -> Halfway | None:
    """Who holds the half session with this hash; None for a whole one and for none."""
    with app.store.read(EVERYTHING) as work:
        who = _holder(app, work, token_hash)
        if who is None or not who.half:
            return None
        kinds = [row.kind for row in work.second_factors(who.person.id)]
    return Halfway(who.person.name, who.person.email, kinds.count("app"), kinds.count("passkey"))


def leave_halfway(app: Application, token_hash: str) -> None:
    """End the half session with this hash: somebody else wants to sign in. Quiet without one."""
    with app.store.begin(EVERYTHING) as work:
        who = _holder(app, work, token_hash)
        if who is not None and who.half:
            who.session.sign_in.revoked_at = work.now
            work.record(who.actor, "leave_halfway", "person", who.person.id)


def give_code(
    app: Application, token_hash: str, code: str, address: str = "", device: str = ""
) -> str:
    """Give a code of the authenticator app, or a recovery code; gives a whole session's token.

    A code works once. Raises `Refusal` (sign_in_first, too_many_tries) or `Invalid` (code_wrong).
    """
    with app.store.read(EVERYTHING) as work:
        _refuse_guesses(work, _require_half(app, work, token_hash), address)
    with app.store.begin(EVERYTHING) as work:
        who = _require_half(app, work, token_hash)
        work.alone_with(who.person.id)
        _refuse_guesses(work, who, address)  # again, now that those at the same time are counted
        factor = _factor_of_code(app, work, who.person, code)
        token = None
        if factor is None:
            note_failure(work, who.person.id, address, "code")
            work.record(who.actor, "second_factor_failed", "person", who.person.id)
        else:
            token = _make_whole(app, work, who, factor, address, device)
    if token is None:
        raise Invalid(
            {
                "code": "This code is not right, or it was used already. An app shows a new one"
                " every 30 seconds."
            },
            "code_wrong",
        )
    return token


def ask_for_passkey(app: Application, token_hash: str, origin: str) -> str:
    """The options, as JSON, with which a browser asks for a passkey; `origin` is ours.

    Raises `Refusal` (sign_in_first).
    """
    with app.store.begin(EVERYTHING) as work:
        who = _require_half(app, work, token_hash)
        options = generate_authentication_options(
            rp_id=_rp_id(origin), allow_credentials=_descriptors(work, who.person)
        )
        _keep(app, work, who, "give passkey", bytes_to_base64url(options.challenge))
        # What was begun tells of nothing that stays.
    return options_to_json(options)


def give_passkey(
    app: Application,
    token_hash: str,
    origin: str,
    credential: str,
    address: str = "",
    device: str = "",
) -> str:
    """Give what a passkey signed, as the browser's JSON; gives a whole session's token.

    Raises `Refusal` (sign_in_first, too_many_tries, passkey_wrong).
    """
    with app.store.read(EVERYTHING) as work:
        _refuse_guesses(work, _require_half(app, work, token_hash), address)
    with app.store.begin(EVERYTHING) as work:
        who = _require_half(app, work, token_hash)
        work.alone_with(who.person.id)
        _refuse_guesses(work, who, address)  # again, now that those at the same time are counted
        challenge = _take(app, work, who, "give passkey")
        row = _passkey_named(work, who.person, credential)
        token = None
        if (
            challenge is not None
            and row is not None
            and _signed(row, challenge, origin, credential)
        ):
            row.last_used_at = work.now
            token = _make_whole(app, work, who, "passkey", address, device)
        else:
            note_failure(work, who.person.id, address, "code")
            work.record(who.actor, "second_factor_failed", "person", who.person.id)
    if token is None:
        raise _passkey_refused()
    return token


def begin_app(app: Application, token_hash: str) -> AppSetup:
    """A secret to share with an authenticator app; the same again until it is confirmed.

    Raises `Refusal` (sign_in_first, second_factor_first, confirm_first, too_many_factors).
    """
    with app.store.begin(EVERYTHING) as work:
        who = _require_enroller(app, work, token_hash)
        secret = _look(app, work, who, "add app")
        if secret is None:
            secret = new_app_secret()
            _keep(app, work, who, "add app", secret)
    organisation = app.settings.organisation or _PRODUCT
    return AppSetup(app_address(secret, who.person.email, organisation), secret)


def confirm_app(
    app: Application,
    token_hash: str,
    code: str,
    name: str = "",
    address: str = "",
    device: str = "",
) -> Enrolled:
    """Add the authenticator app, now that a code of it shows that it has the secret.

    Raises as `begin_app`, `Refusal` (begin_again) or `Invalid` (code_wrong).
    """
    form = Form()
    called = form.line("name", name, "The name", required=False)
    form.check()
    with app.store.begin(EVERYTHING) as work:
        who = _require_enroller(app, work, token_hash)
        work.alone_with(who.person.id)
        secret = _look(app, work, who, "add app")
        if secret is None:
            raise _begin_again()
        step = code_step(secret, code, work.now, None)
        if step is None:
            raise Invalid(
                {
                    "code": "This is not the code that the app shows now. Check that the clock of"
                    " your device is right."
                },
                "code_wrong",
            )
        _take(app, work, who, "add app")
        id_ = new_id()
        row = SecondFactor(
            id=id_,
            person_id=who.person.id,
            kind="app",
            name=called or "Authenticator app",
            created_at=work.now,
            last_used_at=work.now,
            secret=_sealed(app, secret, f"second-factor/{id_}"),
            last_step=step,
        )
        return _add(app, work, who, row, address, device)


def begin_passkey(app: Application, token_hash: str, origin: str) -> str:
    """The options, as JSON, with which a browser makes a passkey; `origin` is ours.

    Raises as `begin_app`.
    """
    with app.store.begin(EVERYTHING) as work:
        who = _require_enroller(app, work, token_hash)
        options = generate_registration_options(
            rp_id=_rp_id(origin),
            rp_name=app.settings.organisation or _PRODUCT,
            user_id=bytes.fromhex(who.person.id),
            user_name=who.person.email,
            user_display_name=who.person.name,
            exclude_credentials=_descriptors(work, who.person),
        )
        _keep(app, work, who, "add passkey", bytes_to_base64url(options.challenge))
    return options_to_json(options)


def confirm_passkey(
    app: Application,
    token_hash: str,
    origin: str,
    credential: str,
    name: str = "",
    address: str = "",
    device: str = "",
) -> Enrolled:
    """Add the passkey that the browser made, as its JSON.

    Raises as `begin_app`, or `Refusal` (begin_again, passkey_wrong).
    """
    form = Form()
    called = form.line("name", name, "The name", required=False)
    form.check()
    with app.store.begin(EVERYTHING) as work:
        who = _require_enroller(app, work, token_hash)
        work.alone_with(who.person.id)
        challenge = _take(app, work, who, "add passkey")
        if challenge is None:
            raise _begin_again()
        try:
            made = verify_registration_response(
                credential=credential,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=_rp_id(origin),
                expected_origin=origin,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise _passkey_refused() from error
        credential_id = bytes_to_base64url(made.credential_id)
        if work.get(SecondFactor, credential_id=credential_id) is not None:
            raise _passkey_refused()
        row = SecondFactor(
            person_id=who.person.id,
            kind="passkey",
            name=called or "Passkey",
            created_at=work.now,
            last_used_at=work.now,
            credential_id=credential_id,
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
        )
        return _add(app, work, who, row, address, device)


def replace_recovery_codes(app: Application, work: Work, person_id: str) -> tuple[str, ...]:
    """Ten fresh recovery codes in place of those that are left, within another transaction."""
    key = app.keys.derive(RECOVERY)
    for row in work.recovery_codes(person_id):
        row.used_at = work.now
    codes = new_recovery_codes()
    for code in codes:
        hashed = recovery_hash(key, person_id, code)
        work.add(RecoveryCode(person_id=person_id, code_hash=hashed, created_at=work.now))
    return codes


def seal_anew(work: Work, before: Keys, after: Keys) -> tuple[int, int]:
    """Seal with another master key what is sealed here, within the transaction that changes it.

    Hashes of recovery codes are hashed once more: nobody knows the codes. Gives how many secrets
    were sealed anew, and how many do not open.
    """
    sealed = lost = 0
    for row in work.all(SecondFactor, "id"):
        try:
            if row.secret is not None:
                row.secret = _resealed(before, after, row.secret, f"second-factor/{row.id}")
                sealed += 1
        except (BrokenSealError, ValueError):  # changed by hand: `verify` tells of it
            lost += 1
    for begun in work.all(Pending, "key"):
        try:
            if begun.content:  # without any, it only counts that it is there
                begun.content = _resealed(before, after, begun.content, f"pending/{begun.key}")
        except (BrokenSealError, ValueError):
            work.remove(begun)
    key = after.derive(RECOVERY)
    for code in work.all(RecoveryCode, "id"):
        code.code_hash = recovery_hash_anew(key, code.code_hash)
    return sealed, lost


def _resealed(before: Keys, after: Keys, text: str, about: str) -> str:
    content = unseal(before.derive(_PURPOSE), base64.b64decode(text), about)
    return base64.b64encode(seal(after.derive(_PURPOSE), content, about)).decode()


def _holder(app: Application, work: Work, token_hash: str) -> _Holder | None:
    found = holder(work, token_hash)
    if found is None or found.person is None:
        return None
    return _Holder(found, found.person, not is_whole(app.settings, found))


def _require_half(app: Application, work: Work, token_hash: str) -> _Holder:
    who = _holder(app, work, token_hash)
    if who is None or not who.half or not work.second_factors(who.person.id):
        raise _sign_in_first()
    return who


def _refuse_guesses(work: Work, who: _Holder, address: str) -> None:
    refuse_to_wait(wait_before_next_try(work, who.person.id, address, "code"))


def _require_enroller(app: Application, work: Work, token_hash: str) -> _Holder:
    """Whoever may add a second factor: their first, or another where they proved who they are."""
    who = _holder(app, work, token_hash)
    if who is None:
        raise _sign_in_first()
    has = len(work.second_factors(who.person.id))
    if who.half:
        if has:
            raise Refusal(
                "second_factor_first",
                "You have a second factor already.",
                "Give it first; afterwards you can add another.",
            )
        return who
    require_confirmed(work, who.session)
    if has >= MOST_FACTORS:
        raise Refusal(
            "too_many_factors",
            f"You have {MOST_FACTORS} second factors, which is as many as fit.",
            "Remove one that you no longer use.",
        )
    return who


def require_confirmed(work: Work, found: SessionItem) -> None:
    """Raise `Refusal` (confirm_first) unless the person proved lately who they are."""
    detail = found.detail
    if detail is None or work.now >= detail.confirmed_at + CONFIRMED_FOR:
        raise Refusal(
            "confirm_first",
            "Please confirm that it is you.",
            "Changing how you sign in takes your password again.",
        )


def _make_whole(
    app: Application, work: Work, who: _Holder, factor: Factor, address: str, device: str
) -> str:
    """End the half session and begin a whole one under a new token."""
    who.session.sign_in.revoked_at = work.now
    note_success(work, who.person.id, address, "code")
    work.record(who.actor, "second_factor", "person", who.person.id, by=factor)
    detail = who.session.detail
    return open_session(
        app,
        work,
        who.item,
        address=address,
        device=device,
        factor=factor,
        provider=detail.provider if detail is not None else None,
        longest=PROVIDER_LONGEST if detail is not None and detail.provider else None,
        through=work.get(ProviderSession, sign_in_id=who.session.sign_in.id),
    )


def _add(
    app: Application, work: Work, who: _Holder, row: SecondFactor, address: str, device: str
) -> Enrolled:
    work.add(row)
    work.record(
        who.actor, "add_second_factor", "person", who.person.id, kind=row.kind, name=row.name
    )
    codes: tuple[str, ...] = ()
    if not work.recovery_codes(who.person.id):
        codes = replace_recovery_codes(app, work, who.person.id)
        work.record(who.actor, "new_recovery_codes", "person", who.person.id)
    factor: Factor = "app" if row.kind == "app" else "passkey"
    if who.half:
        return Enrolled(_make_whole(app, work, who, factor, address, device), codes)
    if who.session.detail is not None and who.session.detail.factor is None:
        who.session.detail.factor = factor
    return Enrolled(None, codes)


def _factor_of_code(app: Application, work: Work, person: Person, code: str) -> Factor | None:
    for row in work.second_factors(person.id):
        if row.secret is None:
            continue
        secret = _unsealed(app, row.secret, f"second-factor/{row.id}")
        step = code_step(secret, code, work.now, row.last_step)
        if step is not None:
            row.last_step, row.last_used_at = step, work.now
            return "app"
    keys = [*(one.recovery for one in retired_within(work, app.keys)), app.keys.derive(RECOVERY)]
    hashes = recovery_hashes(keys, person.id, code)
    for spare in work.recovery_codes(person.id):
        if spare.code_hash in hashes:
            spare.used_at = work.now
            return "recovery"
    return None


def _passkey_named(work: Work, person: Person, credential: str) -> SecondFactor | None:
    """The person's passkey that the browser says it used."""
    with suppress(ValueError):
        named = json.loads(credential)
        if isinstance(named, dict) and isinstance(named.get("id"), str):
            return work.get(SecondFactor, person_id=person.id, credential_id=named["id"])
    return None


def _signed(row: SecondFactor, challenge: str, origin: str, credential: str) -> bool:
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_rp_id(origin),
            expected_origin=origin,
            credential_public_key=base64url_to_bytes(row.public_key or ""),
            credential_current_sign_count=row.sign_count,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return False
    row.sign_count = verified.new_sign_count
    return True


def _descriptors(work: Work, person: Person) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(row.credential_id))
        for row in work.second_factors(person.id)
        if row.credential_id is not None
    ]


def _rp_id(origin: str) -> str:
    return urlsplit(origin).hostname or ""


def _pending_key(who: _Holder, what: str) -> str:
    return hash_token(f"{what} {who.session.sign_in.id}")


def _keep(app: Application, work: Work, who: _Holder, what: str, content: str) -> None:
    key = _pending_key(who, what)
    work.keep_pending(key, _sealed(app, content, f"pending/{key}"), work.now + ENROLLING_HOLDS)


def _look(app: Application, work: Work, who: _Holder, what: str) -> str | None:
    key = _pending_key(who, what)
    found = work.pending(key)
    return None if found is None else _unsealed(app, found, f"pending/{key}")


def _take(app: Application, work: Work, who: _Holder, what: str) -> str | None:
    key = _pending_key(who, what)
    found = work.take_pending(key)
    return None if found is None else _unsealed(app, found, f"pending/{key}")


def _sealed(app: Application, text: str, about: str) -> str:
    sealed = seal(app.keys.derive(_PURPOSE), text.encode(), about)
    return base64.b64encode(sealed).decode()


def _unsealed(app: Application, text: str, about: str) -> str:
    return unseal(app.keys.derive(_PURPOSE), base64.b64decode(text), about).decode()


def _sign_in_first() -> Refusal:
    return Refusal("sign_in_first", "It took too long, or you are signed out.", "Sign in again.")


def _begin_again() -> Refusal:
    return Refusal(
        "begin_again",
        "This took too long, or it was finished in another window.",
        "Load the page and begin again.",
    )


def _passkey_refused() -> Refusal:
    return Refusal(
        "passkey_wrong",
        "This passkey was not accepted.",
        "Try again, or use another second factor.",
    )
