"""Failed tries to get in: counted, so that guessing slows down, and told in the audit trail.

A flood of guesses must not fill the disk. Of the tries on one account from one address, the first,
the fifth, the 25th and so on within an hour are events, each with how many there were; and on one
day not more than `MOST_A_DAY` of each kind, from which on only the growing number is told. Whether
there is such an account makes no difference to what is written, so that the time it takes tells
nobody; only the event names the account, by its id. What was typed is never kept.
"""

from __future__ import annotations

from datetime import timedelta

from vendorrisk.access import SYSTEM
from vendorrisk.identity import FORGET_FAILURES, Guess, hash_token, network_of, note_failure
from vendorrisk.store import Work

MOST_A_DAY = 1000
_STEP = 5
_ACTIONS: dict[Guess, str] = {
    "password": "sign_in_failed",
    "link": "link_failed",
    "provider": "provider_declined",
    "logout": "provider_sign_out_declined",
}


def note_failed(
    work: Work, what: Guess, address: str, *, account: str = "", person_id: str | None = None
) -> None:
    """Count a failed try from an address, and record it; `account` is what was typed, if anything.

    `person_id` is whose account that is, where there is one.
    """
    note_failure(work, account, address, what)
    hour, day = f"{work.now:%Y-%m-%dT%H}", f"{work.now:%Y-%m-%d}"
    typed = account.strip().casefold()
    tries = _counted(work, f"told {what} {typed} {network_of(address)} {hour}")
    if not _is_power(tries):
        return
    told = _counted(work, f"told {what} {day}")
    if told <= MOST_A_DAY:
        kind, subject = ("person", person_id) if person_id else ("installation", "1")
        work.record(SYSTEM, _ACTIONS[what], kind, subject, tries=tries)
    elif _is_power(told - MOST_A_DAY):
        work.record(SYSTEM, _ACTIONS[what], "installation", "1", not_told=told - MOST_A_DAY)


def _counted(work: Work, what: str) -> int:
    """Count one more of something; how many there are."""
    key = hash_token(what)
    work.count_failure(key, forget_before=work.now - FORGET_FAILURES - timedelta(hours=1))
    return work.throttles([key])[key].failures


def _is_power(number: int) -> bool:
    while number % _STEP == 0:
        number //= _STEP
    return number == 1
