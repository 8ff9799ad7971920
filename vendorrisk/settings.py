"""What an operator can set, all of it by environment variables named VENDORRISK_…"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from vendorrisk.access import SECOND_FACTOR_ROLES, STAFF_ROLES, Role
from vendorrisk.agreement import TWO_REVIEWERS_TIERS
from vendorrisk.assessment import Refusal

_CONTACT = re.compile(r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+|https://[!-~]+")
_CHECKOUT = Path(__file__).resolve().parent.parent

NAMES = (
    "VENDORRISK_DATA",
    "VENDORRISK_DATABASE_URL",
    "VENDORRISK_KEY_FILE",
    "VENDORRISK_BASE_URL",
    "VENDORRISK_QUESTIONNAIRES",
    "VENDORRISK_ORGANISATION",
    "VENDORRISK_SECOND_FACTOR",
    "VENDORRISK_TWO_REVIEWERS",
    "VENDORRISK_PROVIDERS",
    "VENDORRISK_CLAMD",
    "VENDORRISK_RETENTION",
    "VENDORRISK_SECURITY_CONTACT",
    "VENDORRISK_SMTP_HOST",
    "VENDORRISK_SMTP_PORT",
    "VENDORRISK_SMTP_SECURITY",
    "VENDORRISK_SMTP_USER",
    "VENDORRISK_SMTP_PASSWORD_FILE",
    "VENDORRISK_SMTP_FROM",
    "VENDORRISK_DEMO",
)
"""Every setting; docs/operations.md explains each."""


class InvalidSettings(Refusal):
    """Settings that cannot be used; `problems` has one sentence for each that is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__(
            "invalid_settings",
            "\n".join(problems),
            "docs/operations.md explains every setting.",
        )


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail server that takes our messages. `security` is "starttls", "tls" or "none"."""

    host: str
    port: int
    security: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Settings:
    """Where things are kept and how the app is reached.

    `public_url` is the address that people use, without a slash at its end, or None for this
    machine only. `organisation` is the name that vendors see. `demo` marks every page and refuses
    uploads. `key_path` is None where the key lies in `data`. `clamd` is where ClamAV's
    daemon listens, empty for no scanner. `security_contact` is whom to tell about a weakness.
    `second_factor_for` are the roles that a password alone does not let in. `providers` is the
    file of those that sign people in.
    `retention` is another schedule than the one that ships. `two_reviewers_for` are the tiers in
    which two reviewers judge alone.
    """

    data: Path
    database_url: str = field(repr=False)  # it may hold a password
    public_url: str | None
    questionnaires: Path
    organisation: str
    demo: bool
    key_path: Path | None = None
    second_factor_for: frozenset[Role] = SECOND_FACTOR_ROLES
    providers: Path | None = None
    clamd: str = ""
    retention: Path | None = None
    security_contact: str = ""
    mail: Mail | None = None
    two_reviewers_for: frozenset[str] = TWO_REVIEWERS_TIERS

    @property
    def key_file(self) -> Path:
        """Where the master key lies: a file beside the database, or another that was named."""
        return self.key_path or self.data / "vendorrisk.key"

    @property
    def evidence_folder(self) -> Path:
        """Where files of evidence lie; no web server looks there."""
        return self.data / "evidence"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings of this process. Raises `InvalidSettings` with everything that is wrong.

        A variable that is empty counts as not set.
        """
        given = os.environ if environment is None else environment
        ours = {name: value for name, value in given.items() if name.startswith("VENDORRISK_")}
        values = {name: value.strip() for name, value in ours.items() if value.strip()}
        problems = [_unknown(name) for name in sorted(ours) if name not in NAMES]

        data = Path(values.get("VENDORRISK_DATA") or _home() / "data").expanduser().absolute()
        if data.exists() and not data.is_dir():
            problems.append(f"VENDORRISK_DATA is {data}, which is a file; name a folder.")

        key_path = None
        if "VENDORRISK_KEY_FILE" in values:
            key_path = Path(values["VENDORRISK_KEY_FILE"]).expanduser().absolute()
            if key_path.is_dir():
                problems.append(f"VENDORRISK_KEY_FILE is {key_path}, a folder; name a file.")

        database_url = values.get("VENDORRISK_DATABASE_URL", f"sqlite:///{data / 'vendorrisk.db'}")
        # The URL may hold a password, so no problem repeats it.
        scheme = database_url.partition("://")[0].partition("+")[0]
        if "://" not in database_url or scheme not in ("postgresql", "postgres", "sqlite"):
            problems.append(
                "VENDORRISK_DATABASE_URL must begin with postgresql:// and name the server and"
                " the database, as in postgresql://user:password@host/database."
            )

        public_url = values.get("VENDORRISK_BASE_URL")
        if public_url is not None:
            public_url = public_url.rstrip("/")
            if not _is_address(public_url):
                problems.append(
                    f"VENDORRISK_BASE_URL is {public_url}; it must be the address that people use,"
                    " with http:// or https:// and no path, as in https://vendors.example.org."
                )

        default = _home() / "questionnaires"
        questionnaires = Path(values.get("VENDORRISK_QUESTIONNAIRES") or default)
        questionnaires = questionnaires.expanduser().absolute()
        if "VENDORRISK_QUESTIONNAIRES" in values and not questionnaires.is_dir():
            problems.append(
                f"VENDORRISK_QUESTIONNAIRES is {questionnaires}, which is not a folder."
            )

        organisation = values.get("VENDORRISK_ORGANISATION", "")
        if len(organisation) > 100 or not organisation.isprintable():
            problems.append("VENDORRISK_ORGANISATION must be one line of at most 100 characters.")

        asked = values.get("VENDORRISK_SECOND_FACTOR", "required")
        if asked not in ("required", "everyone"):
            problems.append(
                f"VENDORRISK_SECOND_FACTOR is {asked}; it must be required, for those who always"
                " need a second factor, or everyone."
            )

        tiers = values.get("VENDORRISK_TWO_REVIEWERS", ",".join(sorted(TWO_REVIEWERS_TIERS)))
        named_tiers = {tier.strip() for tier in tiers.split(",")} - ({"none"} & {tiers})
        if not named_tiers <= {"1", "2", "3", "4"}:
            problems.append(
                f"VENDORRISK_TWO_REVIEWERS is {tiers}; it must be the tiers in which two reviewers"
                " judge, as in 1,2, or none."
            )

        providers = None
        if "VENDORRISK_PROVIDERS" in values:
            providers = Path(values["VENDORRISK_PROVIDERS"]).expanduser().absolute()
            if not providers.is_file():
                problems.append(f"VENDORRISK_PROVIDERS is {providers}, which is not a file.")

        retention = None
        if "VENDORRISK_RETENTION" in values:
            retention = Path(values["VENDORRISK_RETENTION"]).expanduser().absolute()
            if not retention.is_file():
                problems.append(f"VENDORRISK_RETENTION is {retention}, which is not a file.")

        mail = _mail(values, problems)
        clamd = values.get("VENDORRISK_CLAMD", "")
        host, _, port = clamd.rpartition(":")
        named = bool(host) and port.isdecimal() and 0 < int(port) < 65536
        if clamd and not (clamd.startswith("/") or named):
            problems.append(
                f"VENDORRISK_CLAMD is {clamd}; it must be the path of clamd's socket, as in"
                " /run/clamav/clamd.ctl, or its host and port, as in localhost:3310."
            )

        security_contact = values.get("VENDORRISK_SECURITY_CONTACT", "")
        if security_contact and not _CONTACT.fullmatch(security_contact):
            problems.append(
                f"VENDORRISK_SECURITY_CONTACT is {security_contact!r}; it must be an e-mail"
                " address, or a page that begins with https://."
            )

        demo = values.get("VENDORRISK_DEMO", "0")
        if demo not in ("0", "1"):
            problems.append(f"VENDORRISK_DEMO is {demo}; it must be 1 for a demo, or 0.")

        if problems:
            raise InvalidSettings(tuple(problems))
        if demo == "1":  # its people are made up, and it answers this machine alone
            second_factor_for = frozenset[Role]()
        else:
            second_factor_for = (
                frozenset(STAFF_ROLES) if asked == "everyone" else SECOND_FACTOR_ROLES
            )
        return cls(
            data,
            database_url,
            public_url,
            questionnaires,
            organisation,
            demo == "1",
            key_path,
            second_factor_for,
            providers,
            clamd=clamd,
            retention=retention,
            security_contact=security_contact,
            mail=mail,
            two_reviewers_for=frozenset(named_tiers),
        )


def _mail(values: Mapping[str, str], problems: list[str]) -> Mail | None:
    """The mail server, None where none is named; what is wrong is added to `problems`."""
    given = {
        name.removeprefix("VENDORRISK_SMTP_"): value
        for name, value in values.items()
        if name.startswith("VENDORRISK_SMTP_")
    }
    if not given:
        return None
    problems += [
        f"VENDORRISK_SMTP_{name} is missing; e-mail needs it."
        for name in ("HOST", "FROM")
        if name not in given
    ]
    security = given.get("SECURITY", "starttls")
    usual = {"starttls": 587, "tls": 465, "none": 25}
    if security not in usual:
        problems.append(f"VENDORRISK_SMTP_SECURITY is {security}; use starttls, tls or none.")
    port = given.get("PORT", str(usual.get(security, 587)))
    if not (port.isdecimal() and 0 < int(port) < 65536):
        problems.append(f"VENDORRISK_SMTP_PORT is {port}; it must be a number up to 65535.")
    sender = given.get("FROM", "")
    if sender and ("@" not in sender or not sender.isprintable() or " " in sender):
        problems.append(f"VENDORRISK_SMTP_FROM is {sender}; it must be an e-mail address.")
    password = ""
    if "PASSWORD_FILE" in given:
        try:
            password = Path(given["PASSWORD_FILE"]).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            problems.append("VENDORRISK_SMTP_PASSWORD_FILE names a file that cannot be read.")
    if password and security == "none":
        problems.append(
            "VENDORRISK_SMTP_SECURITY is none, which would send the password for all to read."
        )
    if problems:
        return None
    return Mail(given["HOST"], int(port), security, sender, given.get("USER", ""), password)


def _home() -> Path:
    """The checkout that this code runs from, or where the process was started."""
    return _CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() else Path.cwd()


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, NAMES, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return f"{name} is not a setting{hint}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = not (parts.path or parts.query or parts.fragment or parts.username)
    known = parts.scheme in ("http", "https")
    return known and bool(parts.hostname) and plain and port_fits and url.isprintable()
