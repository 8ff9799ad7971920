"""What tests make that must stay secret, and where it must not stand: in logs, in addresses,
pages and databases.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
from argon2 import PasswordHasher

from vendorrisk import identity

SHORTEST = 12
"""Characters: shorter ones, such as a wrong code of a test, stand in logs by chance."""
MASTER_KEY = 64
"""Digits of a master key; shorter ones are references and nonces, which are no secrets."""
KEY = 32
"""Bytes of a key; what is longer or shorter is a challenge, a salt or a nonce."""
_SHOWN_ONCE = re.compile(rb"/(?:setup|invitation|password)#[\w-]+")


class LogWatch(logging.Handler):
    """Keeps every line that is logged, with its trace, and every secret that was made or tried."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.secrets: set[str] = set()
        self.lately: set[str] = set()
        self.lines: list[str] = []
        self.searched: Counter[str] = Counter()
        self.found: list[str] = []
        self.told_to: Path | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def keep(self, secret: object) -> None:
        """Note a secret, if it is long enough to be told from other words."""
        text = secret.decode(errors="replace") if isinstance(secret, bytes) else str(secret)
        if len(text) >= SHORTEST:
            self.secrets.add(text)
            self.lately.add(text)
            if self.told_to is not None:
                with self.told_to.open("a", encoding="utf-8") as told:
                    told.write(json.dumps(text) + "\n")

    def keep_those_of(self, told: Path) -> None:
        """Note the secrets that another process made, which wrote them there by `told_to`."""
        for line in told.read_text(encoding="utf-8").splitlines():
            self.keep(json.loads(line))

    def search(self, where: str, content: str | bytes, *, lately: bool = False) -> None:
        """Note in `found` every secret, or every one made lately, that stands in `content`.

        A link is shown once to whoever passes it on, its code behind the #, which no browser sends.
        """
        self.searched[where.partition(":")[0]] += 1
        data = content.encode(errors="replace") if isinstance(content, str) else content
        data = _SHOWN_ONCE.sub(b"", data)
        for secret in self.lately if lately else self.secrets:
            if secret.encode(errors="replace") in data:
                self.found.append(f"{where}: {secret[:4]}…")

    def begin(self) -> None:
        """Listen to every logger, those included that hand nothing on, and to whatever makes
        tokens, codes and hashes of passwords.
        """
        logging.getLogger().addHandler(self)
        for name in ("vendorrisk", "streamlit", "uvicorn", "uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).addHandler(self)
        secrets.token_urlsafe = self._noting_result(secrets.token_urlsafe)
        secrets.token_bytes = self._noting_key(secrets.token_bytes)
        secrets.token_hex = self._noting_result(secrets.token_hex, MASTER_KEY)
        pyotp.random_base32 = self._noting_result(pyotp.random_base32)  # type: ignore[assignment]
        identity._grouped = self._noting_result(identity._grouped)  # of recovery codes
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

    def _noting_result(self, make: Callable[..., str], longer: int = 0) -> Callable[..., str]:
        def noted(*arguments: Any, **more: Any) -> str:
            made = make(*arguments, **more)
            if len(made) >= longer:
                self.keep(made)
            return made

        return noted

    def _noting_key(self, make: Callable[..., bytes]) -> Callable[..., bytes]:
        def noted(*arguments: Any, **more: Any) -> bytes:
            made = make(*arguments, **more)
            if len(made) == KEY:
                self.keep(made.hex())
                self.keep(base64.b64encode(made))
            return made

        return noted


WATCH = LogWatch()
"""The one of this process; tests/conftest.py lets it begin, and asks it at the end."""

TOLD_AT_THE_END: list[str] = []
"""Figures that tests found, in sentences, for the end of the run."""
