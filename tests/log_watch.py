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
from collections.abc import Callable, Iterable, Iterator
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
_WORD = re.compile(rb"[\w+/=-]{%d,}" % SHORTEST)
"""What a secret without spaces stands in."""
_SHOWN_ONCE = re.compile(rb"/(?:setup|invitation|password)#[\w-]+")


class LogWatch(logging.Handler):
    """Keeps every line that is logged, with its trace, and every secret that was made or tried."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.secrets: set[str] = set()
        self.lately: set[str] = set()
        self.lines: list[str] = []
        self._by_beginning: dict[bytes, list[bytes]] = {}
        self._phrases: list[bytes] = []
        self._words: dict[bytes, str] = {}
        self.searched: Counter[str] = Counter()
        self.found: list[str] = []
        self.told_to: Path | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def keep(self, secret: object) -> None:
        """Note a secret, if it is long enough to be told from other words."""
        text = secret.decode(errors="replace") if isinstance(secret, bytes) else str(secret)
        if len(text) >= SHORTEST:
            if text not in self.secrets:
                self._index(text.encode(errors="replace"))
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
        if lately:
            held = [one for one in map(str.encode, self.lately) if one in data]
        else:
            # Thousands of messages, pages and secrets: most words were met before.
            new = set(_WORD.findall(data)) - self._words.keys()
            self._words |= dict.fromkeys(new, where)
            held = [one for word in new for one in self._in(word)]
            held += [one for one in self._phrases if one in data]
        self._note(where, held)

    def look_again(self) -> None:
        """Look into every word that was searched for secrets that were told only afterwards."""
        for word, where in self._words.items():
            self._note(where, self._in(word))

    def _note(self, where: str, held: Iterable[bytes]) -> None:
        for secret in held:
            said = f"{where}: {secret[:4].decode(errors='replace')}…"
            if said not in self.found:
                self.found.append(said)

    def _index(self, secret: bytes) -> None:
        if _WORD.fullmatch(secret):
            self._by_beginning.setdefault(secret[:SHORTEST], []).append(secret)
        else:
            self._phrases.append(secret)

    def _in(self, word: bytes) -> Iterator[bytes]:
        """The secrets that are part of a word."""
        for at in range(len(word) - SHORTEST + 1):
            for secret in self._by_beginning.get(word[at : at + SHORTEST], ()):
                if word.startswith(secret, at):
                    yield secret

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
