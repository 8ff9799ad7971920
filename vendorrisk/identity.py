"""Who somebody is: passwords, second factors, one-use links, sessions, and slowing down guesses.

Tokens are random and only their hashes are stored. Times are arguments, so that every expiry can
be tested without waiting for it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Literal

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from vendorrisk.store import Work

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128
"""Characters. The upper limit keeps somebody from making us hash a megabyte."""

LINK_HOLDS = timedelta(hours=24)
"""How long a link to set up the product or to choose a password can be used."""

STAFF_IDLE = timedelta(hours=12)
STAFF_LONGEST = timedelta(days=7)
VENDOR_LONGEST = timedelta(days=14)
PROVIDER_LONGEST = timedelta(hours=12)
"""For a session that a provider began: whoever is locked out there is out here by then."""

HALF_LONGEST = timedelta(minutes=15)
"""How long one may take for the second factor after the password."""

CONFIRMED_FOR = timedelta(minutes=15)
"""How long after proving who they are somebody may change how they sign in."""

SEEN_EVERY = timedelta(minutes=5)
"""How often it is noted that a session is in use; more often would be a write for every click."""

# Argon2id as the OWASP password storage cheat sheet recommends: 19 MiB, two passes, one lane; small
# enough that forty people signing in at once do not exhaust a small server.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


# Passwords -----------------------------------------------------------------------------------


def password_problem(password: str, *, email: str = "", name: str = "") -> str | None:
    """What is wrong with a new password, in a sentence; None if it will do.

    Length counts and guessability counts; there is no rule about kinds of characters, because such
    rules make people write Password1!.
    """
    text = _normal(password)
    if len(text) < SHORTEST_PASSWORD:
        return f"Use at least {SHORTEST_PASSWORD} characters; four or five words are a good start."
    if len(text) > LONGEST_PASSWORD:
        return f"Use at most {LONGEST_PASSWORD} characters."
    if any(unicodedata.category(character) == "Cc" for character in text):
        return "Leave out line breaks and other control characters."
    plain = text.casefold()
    if len(set(plain)) < 5 or _repeats(plain) or _runs(plain):
        return "This repeats or counts too much and is quickly guessed; use some unrelated words."
    if any(map(_is_common, _stems(plain))):
        return "This is close to one of the most used passwords; use some unrelated words."
    if any(part in plain for part in _parts(email, name)):
        return "Leave your name and your e-mail address out of it."
    return None


def hash_password(password: str) -> str:
    """An argon2id hash with its own salt and parameters in it."""
    return _HASHER.hash(_normal(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`.

    Without a stored hash, for an address that nobody has, it takes the same time and is False: how
    long an answer takes tells a stranger nothing.
    """
    text = _normal(password[: 4 * LONGEST_PASSWORD])
    try:
        _HASHER.verify(stored or _hash_of_nobody(), text)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def needs_new_hash(stored: str) -> bool:
    """Whether `stored` was made with older parameters and should be made again at sign-in."""
    return _HASHER.check_needs_rehash(stored)


def _normal(password: str) -> str:
    # The same password typed on two keyboards may arrive as different code points.
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))


@cache
def _common() -> frozenset[str]:
    """What people build passwords from: a list of ours, and the 30,000 most used passwords that
    zxcvbn ships, each without its digits and signs.
    """
    text = (resources.files("vendorrisk") / "common_passwords.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    bare = (re.sub(r"[\W\d_]", "", used.casefold()) for used in FREQUENCY_LISTS["passwords"])
    ours = (word for line in lines for word in line.split())
    return frozenset(ours) | frozenset(word for word in bare if len(word) >= _SHORTEST_WORD)


_SHORTEST_WORD = 4  # letters; shorter ones would be found by chance
_LOOKALIKES = ("", ""), ("013457@$!", "oleastasi"), ("013457@$!|", "oieastasil")


def _stems(plain: str) -> set[str]:
    """`P@ssw0rd2026!!` and its like without what people add to satisfy rules."""
    before, after = r"^[\W\d_]+", r"[\W\d_]+$"
    cut = (re.sub(ends, "", plain) for ends in (f"{before}|{after}", before, after, "^$"))
    spelt = (text.translate(str.maketrans(*pair)) for text in cut for pair in _LOOKALIKES)
    return {re.sub(r"[\W\d_]", "", text) for text in spelt}


def _is_common(stem: str) -> bool:
    """Whether a stem is a common word, or two of them in a row."""
    words = _common()
    return stem in words or any(
        stem[:at] in words and stem[at:] in words for at in range(1, len(stem))
    )


def _repeats(plain: str) -> bool:
    """Whether it is one short piece over and over, as in passpasspass."""
    doubled = (plain + plain).find(plain, 1)
    return doubled < len(plain)


def _runs(plain: str) -> bool:
    """Whether most of it counts up or down or follows the keyboard, as in 123456789abc."""
    rows = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
    near = "\n".join(row + "\n" + row[::-1] for row in rows)
    pairs = sum(plain[at : at + 2] in near for at in range(len(plain) - 1))
    return pairs >= 0.75 * (len(plain) - 1)


def _parts(email: str, name: str) -> list[str]:
    words = re.split(r"[\W_]+", f"{email.partition('@')[0]} {name}".casefold())
    return [word for word in words if len(word) >= 4]


# Second factors ------------------------------------------------------------------------------

RECOVERY_CODES = 10
"""How many recovery codes somebody is given at a time."""

_RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none of which is taken for another
_RECOVERY_LENGTH = 12  # 59 bits
_STEPS_AROUND = (0, -1, 1)  # of 30 seconds: clocks differ, and typing takes a while


def new_app_secret() -> str:
    """A secret to share with an authenticator app: 160 bits in base32."""
    return pyotp.random_base32(32)


def app_address(secret: str, account: str, organisation: str) -> str:
    """The `otpauth:` address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=organisation)


def code_step(secret: str, code: str, now: datetime, after: int | None) -> int | None:
    """The time step whose code this is (TOTP, RFC 6238), None where it is none of those around now.

    A code of step `after` or before was used already, or an earlier one than that was.
    """
    totp = pyotp.TOTP(secret)
    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    for offset in _STEPS_AROUND:
        if hmac.compare_digest(totp.at(now, counter_offset=offset), digits):
            step = totp.timecode(now) + offset
            return step if after is None or step > after else None
    return None


def new_recovery_codes() -> tuple[str, ...]:
    """Fresh recovery codes, as they are shown: three groups of four letters and digits."""
    return tuple(_grouped(_random_letters()) for _ in range(RECOVERY_CODES))


def recovery_hash(key: bytes, person_id: str, code: str) -> str:
    """What is stored of a recovery code: HMAC-SHA256 in hex, however the code was typed."""
    plain = re.sub(r"[\W_]", "", code.casefold())
    return hmac.digest(key, f"{person_id} {plain}".encode("utf-8", "replace"), "sha256").hex()


def recovery_hash_anew(key: bytes, hashed: str) -> str:
    """What is stored of a recovery code instead, once the key of its hash was changed."""
    return hmac.digest(key, hashed.encode("utf-8", "replace"), "sha256").hex()


def recovery_hashes(keys: Sequence[bytes], person_id: str, code: str) -> frozenset[str]:
    """What may be stored of a recovery code, given the keys of before and that of now, in order:
    it was made with any of them, and hashed anew with those after it.
    """
    found = []
    for at, key in enumerate(keys):
        hashed = recovery_hash(key, person_id, code)
        for later in keys[at + 1 :]:
            hashed = recovery_hash_anew(later, hashed)
        found.append(hashed)
    return frozenset(found)


def _random_letters() -> str:
    return "".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(_RECOVERY_LENGTH))


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


# Tokens and sessions -------------------------------------------------------------------------


def new_token() -> str:
    """A secret of 256 bits that can stand in a link."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored of a token: SHA-256 in hex. A random token needs no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def session_ends(
    kind: Literal["person", "contact"], now: datetime, invited_until: datetime | None = None
) -> datetime:
    """The time at which a session that begins `now` ends at the latest.

    A vendor's session never outlives the invitation that it came from.
    """
    if kind == "person":
        return now + STAFF_LONGEST
    end = now + VENDOR_LONGEST
    return end if invited_until is None else min(end, invited_until)


def session_holds(
    kind: Literal["person", "contact"],
    now: datetime,
    *,
    last_seen_at: datetime,
    expires_at: datetime,
    revoked_at: datetime | None,
) -> bool:
    """Whether a session may still be used; staff are signed out after 12 hours without a click."""
    if revoked_at is not None or now >= expires_at:
        return False
    return kind == "contact" or now < last_seen_at + STAFF_IDLE


def worth_noting(now: datetime, last_seen_at: datetime) -> bool:
    """Whether a session's use should be written down again."""
    return now - last_seen_at >= SEEN_EVERY


_BROWSERS = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Safari/", "Safari"),
)
_SYSTEMS = (
    (r"iPhone", "an iPhone"),
    (r"iPad", "an iPad"),
    (r"Android", "Android"),
    (r"CrOS", "ChromeOS"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "a Mac"),
    (r"Linux|X11", "Linux"),
)


def device_of(user_agent: str) -> str:
    """A browser and its system in words, such as "Firefox on Linux", from what the browser says.

    It tells the owner of an account which session is which, and is no proof of anything.
    """
    browser, system = (
        next((name for pattern, name in table if re.search(pattern, user_agent)), None)
        for table in (_BROWSERS, _SYSTEMS)
    )
    if browser is None:
        return "Another program"
    return browser if system is None else f"{browser} on {system}"


LinkState = Literal["good", "expired", "used"]


def link_state(now: datetime, *, expires_at: datetime, used_at: datetime | None) -> LinkState:
    """How a one-use link stands; a used link is "used" even after it has expired."""
    if used_at is not None:
        return "used"
    return "good" if now < expires_at else "expired"


# Guessing ------------------------------------------------------------------------------------

FORGET_FAILURES = timedelta(hours=24)

Guess = Literal["password", "code", "link", "provider", "logout"]
"""What somebody tries to guess: a password, the code of a second factor, a one-use link, or the
answer of a provider that signs people in, or its token that signs them out.
"""

# How many failures cost nothing, and how long one waits at most after more. Failures on an account
# from everywhere slow it down a little only: nobody can lock somebody else out. Codes are short, so
# they are guessed more slowly; who gets that far has the password already.
_HERE = (5, timedelta(minutes=15))
_ADDRESS = (20, timedelta(minutes=15))
_LIMITS: Mapping[Guess, Mapping[str, tuple[int, timedelta]]] = {
    "password": {
        "account and address": _HERE,
        "address": _ADDRESS,
        "account": (50, timedelta(seconds=20)),
    },
    "code": {
        "account and address": _HERE,
        "address": _ADDRESS,
        "account": (20, timedelta(minutes=5)),
    },
    "link": {"address": _ADDRESS},
    "provider": {"address": _ADDRESS},
    "logout": {"address": _ADDRESS},
}


def wait_before_next_try(
    work: Work, account: str, address: str, what: Guess = "password"
) -> timedelta:
    """How long this address must wait before it may try this account again; zero if not at all."""
    keys = _throttle_keys(what, account, address)
    longest = timedelta(0)
    found = work.throttles(list(keys.values()))
    for limit, key in keys.items():
        if (tried := found.get(key)) is not None:
            left = tried.last_failed_at + _pause(what, limit, tried.failures) - work.now
            longest = max(longest, left)
    return longest


def note_failure(work: Work, account: str, address: str, what: Guess = "password") -> None:
    """Count a failed try against the account, the address and the two together."""
    # In one order, so that two transactions that count the same keys cannot block each other.
    for key in sorted(_throttle_keys(what, account, address).values()):
        work.count_failure(key, forget_before=work.now - FORGET_FAILURES)


def note_success(work: Work, account: str, address: str, what: Guess = "password") -> None:
    """Forget the failed tries of this address on this account, and everybody's old ones."""
    keys = _throttle_keys(what, account, address)
    both = [key for limit, key in keys.items() if limit == "account and address"]
    work.forget_failures(keys=both, before=work.now - FORGET_FAILURES)


def _pause(what: Guess, limit: str, failures: int) -> timedelta:
    free, longest = _LIMITS[what][limit]
    if failures < free:
        return timedelta(0)
    return min(longest, timedelta(seconds=2 ** min(failures - free, 20)))


def _throttle_keys(what: Guess, account: str, address: str) -> dict[str, str]:
    account, network = account.strip().casefold(), network_of(address)
    keys = {
        "account and address": f"{what} account {account} address {network}",
        "address": f"{what} address {network}",
        "account": f"{what} account {account}",
    }
    return {limit: hash_token(keys[limit]) for limit in _LIMITS[what]}


def network_of(address: str) -> str:
    """The address, or for IPv6 the /64 it is in: one subscriber has all of those."""
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return address.strip()[:100]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
