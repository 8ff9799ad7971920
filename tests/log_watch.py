"""What tests make that must stay secret, and what is logged meanwhile: the two never meet."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

import pyotp
from argon2 import PasswordHasher

SHORTEST = 12
"""Characters: shorter ones, such as a wrong code of a test, stand in logs by chance."""


class LogWatch(logging.Handler):
    """Keeps every line that is logged, with its trace, and every secret that was made or tried."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.secrets: set[str] = set()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def keep(self, secret: object) -> None:
        """Note a secret, if it is long enough to be told from other words."""
        text = secret.decode(errors="replace") if isinstance(secret, bytes) else str(secret)
        if len(text) >= SHORTEST:
            self.secrets.add(text)

    def begin(self) -> None:
        """Listen to every logger, those included that hand nothing on, and to whatever makes
        tokens, codes and hashes of passwords.
        """
        logging.getLogger().addHandler(self)
        for name in ("vendorrisk", "streamlit", "uvicorn", "uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).addHandler(self)
        secrets.token_urlsafe = self._noting_result(secrets.token_urlsafe)
        pyotp.random_base32 = self._noting_result(pyotp.random_base32)  # type: ignore[assignment]
        hash_it, check = PasswordHasher.hash, PasswordHasher.verify

        def hash_noted(hasher: Any, password: Any, **more: Any) -> str:
            self.keep(password)
            return hash_it(hasher, password, **more)

        def check_noted(hasher: Any, known: Any, password: Any) -> Any:
            self.keep(password)
            return check(hasher, known, password)

        PasswordHasher.hash = hash_noted  # type: ignore[method-assign]
        PasswordHasher.verify = check_noted  # type: ignore[method-assign]

    def leaks(self, text: str | None = None) -> list[str]:
        """The beginnings of the secrets that stand in `text`, or else in what was logged."""
        where = "\n".join(self.lines) if text is None else text
        return sorted(f"{secret[:4]}…" for secret in self.secrets if secret in where)

    def _noting_result(self, make: Callable[..., str]) -> Callable[..., str]:
        def noted(*arguments: Any, **more: Any) -> str:
            made = make(*arguments, **more)
            self.keep(made)
            return made

        return noted


WATCH = LogWatch()
"""The one of this process; tests/conftest.py lets it begin, and asks it at the end."""
