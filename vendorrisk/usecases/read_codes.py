"""One-time codes: before a vendor's session reads evidence back, it proves who holds it."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from vendorrisk.access import Action, Actor, Relation, authorise, keep_out
from vendorrisk.keys import Keys, seal, unseal
from vendorrisk.mail import Undelivered, send
from vendorrisk.store import Work
from vendorrisk.store.tables import Contact, ReadCode
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.sheets import require_assessment

DIGITS = 8
_BY_MAIL = timedelta(minutes=30)
_BY_OFFICER = timedelta(hours=24)
_CONFIRMED = timedelta(hours=12)
_MOST_TRIES = 5
_MOST_ASKED = 5
_PURPOSE = "read-code"


@dataclass(frozen=True, slots=True)
class AskedCode:
    """A code that was asked for: how it comes, until when it works, and to whom it went."""

    by: Literal["mail", "officer"]
    expires_at: datetime
    email: str


@dataclass(frozen=True, slots=True)
class CodeToPassOn:
    """A code that an officer tells somebody at the vendor, whom they know by another way."""

    id: str
    contact_name: str
    contact_email: str
    asked_at: datetime
    expires_at: datetime
    shown_at: datetime | None


def may_read_back(app: Application, actor: Actor, assessment_id: str) -> bool:
    """Whether this session has given its code already, so that files open at once."""
    scope = authorise(actor, Action.MAY_READ_BACK, assessment_id)
    with app.store.read(scope) as work:
        require_assessment(work, assessment_id)
        return confirmed(work, actor)


def ask_code(app: Application, actor: Actor, assessment_id: str) -> AskedCode:
    """Make a code for this session and send it by e-mail; without e-mail an officer passes it on.

    Raises `Refusal` (asked_too_often).
    """
    scope = authorise(actor, Action.ASK_CODE, assessment_id)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    mail = app.settings.mail
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        contact = work.get(Contact, id=actor.id)
        if contact is None or actor.session_id is None:
            raise NotFound("This session")
        earlier = work.all(ReadCode, sign_in_id=actor.session_id)
        today = [one for one in earlier if one.created_at > work.now - timedelta(days=1)]
        if len(today) >= _MOST_ASKED:
            raise Refusal(
                "asked_too_often",
                f"{_MOST_ASKED} codes were asked for today.",
                "Use the newest one, or try again tomorrow.",
            )
        asked = ReadCode(
            assessment_id=row.id,
            sign_in_id=actor.session_id,
            contact_id=contact.id,
            code_hash="",
            created_at=work.now,
            expires_at=work.now + (_BY_OFFICER if mail is None else _BY_MAIL),
        )
        asked.code_hash = _hash(app, asked.id, code)
        if mail is None:
            key = app.keys.derive(_PURPOSE)
            asked.sealed = b64encode(seal(key, code.encode(), f"{_PURPOSE}/{asked.id}")).decode()
        work.add(asked)
        by: Literal["mail", "officer"] = "officer" if mail is None else "mail"
        work.record(actor, Action.ASK_CODE, "code", asked.id, row.id, by=by)
    if mail is not None:
        try:
            send(
                mail,
                contact.email,
                f"Your code: {code}",
                f"Hello {contact.name},\n\n"
                f"your code is {code}. It lets you open the files that {app.settings.organisation}"
                " has from you, works once and for 30 minutes.\n\n"
                "If you did not ask for it, somebody else may have your link: tell whoever invited"
                " you.\n",
            )
        except Undelivered as undelivered:
            raise Refusal(
                "mail_failed",
                "The e-mail with your code could not be sent.",
                "Try again in a few minutes, or ask whoever invited you.",
            ) from undelivered
    return AskedCode(by, asked.expires_at, contact.email)


def give_read_code(app: Application, actor: Actor, assessment_id: str, code: str) -> None:
    """Prove with the newest code who holds this session; for twelve hours files open then.

    Raises `Refusal` (code_wrong): wrong, used, tried too often and over are answered alike.
    """
    scope = authorise(actor, Action.GIVE_READ_CODE, assessment_id)
    given = "".join(character for character in code if character.isdigit())
    with app.store.begin(scope) as work:
        row = require_assessment(work, assessment_id)
        codes = work.all(ReadCode, "created_at", sign_in_id=actor.session_id or "")
        newest = codes[-1] if codes else None
        usable = (
            newest is not None
            and newest.used_at is None
            and newest.failures < _MOST_TRIES
            and newest.expires_at > work.now
        )
        right = newest is not None and hmac.compare_digest(
            newest.code_hash, _hash(app, newest.id, given)
        )
        if newest is not None and usable:
            if right:
                newest.used_at = work.now
                newest.sealed = ""
            else:
                newest.failures += 1
            work.record(actor, Action.GIVE_READ_CODE, "code", newest.id, row.id, right=right)
    if not (usable and right):
        raise Refusal(
            "code_wrong",
            "This code does not fit, or no longer works.",
            "Check the digits, or ask for a new code.",
        )


def codes_to_pass_on(
    app: Application, actor: Actor, assessment_id: str
) -> tuple[CodeToPassOn, ...]:
    """The codes of an assessment that wait for an officer to pass them on; not the digits."""
    scope = authorise(actor, Action.CODES_TO_PASS_ON, assessment_id)
    with app.store.read(scope) as work:
        require_assessment(work, assessment_id)
        waiting = [
            one
            for one in work.all(ReadCode, "created_at", assessment_id=assessment_id, used_at=None)
            if one.sealed and one.expires_at > work.now
        ]
        contacts = {one.id: one for one in work.all(Contact)} if waiting else {}
    newest = {one.sign_in_id: one for one in waiting}
    return tuple(
        CodeToPassOn(
            id=one.id,
            contact_name=contacts[one.contact_id].name,
            contact_email=contacts[one.contact_id].email,
            asked_at=one.created_at,
            expires_at=one.expires_at,
            shown_at=one.shown_at,
        )
        for one in newest.values()
        if one.contact_id in contacts
    )


def show_code(app: Application, actor: Actor, code_id: str) -> str:
    """The digits of a code, for an officer to pass on; who saw it, and when, is recorded."""
    scope = authorise(actor, Action.SHOW_CODE)
    with app.store.begin(scope) as work:
        one = work.get(ReadCode, id=code_id)
        if one is None or not one.sealed or one.expires_at <= work.now:
            raise NotFound("This code")
        one.shown_at = work.now
        one.shown_by = actor.id
        work.record(actor, Action.SHOW_CODE, "code", one.id, one.assessment_id)
        key = app.keys.derive(_PURPOSE)
        return unseal(key, b64decode(one.sealed), f"{_PURPOSE}/{one.id}").decode()


def require_confirmed(work: Work, actor: Actor) -> None:
    """Refuse to let a vendor's session read files before it gave its code.

    Raises `NotAllowed` (unconfirmed).
    """
    if actor.kind != "person" and not confirmed(work, actor):
        keep_out(Action.OPEN_EVIDENCE, Relation.UNCONFIRMED)


def confirmed(work: Work, actor: Actor) -> bool:
    """Whether a vendor's session gave its code in the last twelve hours."""
    return any(
        one.used_at is not None and one.used_at > work.now - _CONFIRMED
        for one in work.all(ReadCode, sign_in_id=actor.session_id or "")
    )


def seal_anew(work: Work, before: Keys, after: Keys) -> tuple[int, int]:
    """Let codes end that were asked for under another master key: eight digits are soon guessed by
    whoever has the key, and a new code is soon asked for. Nothing is sealed anew.
    """
    for one in work.all(ReadCode, "id"):
        one.code_hash = one.sealed = ""
        if one.used_at is None:
            one.expires_at = min(one.expires_at, work.now)
    return 0, 0


def _hash(app: Application, code_id: str, code: str) -> str:
    key = app.keys.derive(_PURPOSE)
    return hmac.new(key, f"{code_id}/{code}".encode(), sha256).hexdigest()
