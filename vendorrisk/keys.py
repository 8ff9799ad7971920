"""The installation's one secret: where its master key lies, and the keys derived from it.

The master key is 32 random bytes in a file of its own, never in the database: whoever reads or
changes the database alone can neither read what is sealed nor make an audit event that holds. Each
purpose has a key of its own, derived by HKDF-SHA256 (RFC 5869), so that none of them tells anything
about another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
import stat
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vendorrisk.assessment import Refusal

SIZE = 32
"""Bytes of every key."""

_LARGEST_FILE = 1024
_FEWEST_DIFFERENT = 20  # of 32 random bytes, about 30 are different; fewer than 20 never happens
_PRODUCT = b"vendorrisk/1/"

_MAGIC = b"VRS1"
_SALT = 32
_NONCE = 12
_TAG = 16
OVERHEAD = len(_MAGIC) + _SALT + _TAG
"""Bytes by which what is sealed is longer than its content."""


class UnusableKey(Refusal):
    """A key file that cannot be used. `code` is one of key_missing, key_exposed, key_short,
    key_sample, key_unreadable; `fix` says what puts it right.
    """


class BrokenSealError(Exception):
    """Sealed bytes that this key does not open, or that are not what was sealed for this use."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The master key, which is never shown, and everything derived from it."""

    _master: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self._master) != SIZE:
            raise ValueError(f"a master key has {SIZE} bytes")

    @property
    def id(self) -> str:
        """What tells this key from another and gives nothing away: 16 hexadecimal digits."""
        return self.derive("id")[:8].hex()

    def derive(self, purpose: str) -> bytes:
        """The key for one purpose, such as "audit" or "evidence": 32 bytes, always the same."""
        if not purpose:
            raise ValueError("a derived key has a purpose")
        return _hkdf(self._master, b"", purpose.encode())

    def sign(self, purpose: str, content: bytes) -> bytes:
        """An Ed25519 signature, which anybody can check who has the public key: 64 bytes."""
        return self._signing(purpose).sign(content)

    def public_key(self, purpose: str) -> bytes:
        """What checks the signatures for a purpose and can make none: 32 bytes."""
        return self._signing(purpose).public_key().public_bytes_raw()

    def _signing(self, purpose: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.derive(f"sign/{purpose}"))


def is_signed(public_key: bytes, content: bytes, signature: bytes) -> bool:
    """Whether the holder of this public key's other half signed exactly this content."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def seal(key: bytes, content: bytes, about: str) -> bytes:
    """Encrypt `content` so that nobody without `key` reads it or changes it unnoticed.

    `about` says what it is, as in "evidence/" and an id: bytes that were sealed about one thing do
    not open as another. AES-256-GCM under a key and nonce derived afresh from a random salt, so
    that a key may seal any number of times. Layout: `VRS1`, 32 bytes of salt, ciphertext, 16 bytes
    of tag.
    """
    salt = secrets.token_bytes(_SALT)
    cipher, nonce = _cipher(key, salt)
    return _MAGIC + salt + cipher.encrypt(nonce, content, _bound(about))


def unseal(key: bytes, sealed: bytes, about: str) -> bytes:
    """The content that was sealed with the same key about the same thing.

    Raises `BrokenSealError`.
    """
    if not is_sealed(sealed):
        raise BrokenSealError("these bytes were not sealed, or by another version")
    cipher, nonce = _cipher(key, sealed[len(_MAGIC) : len(_MAGIC) + _SALT])
    try:
        return cipher.decrypt(nonce, sealed[len(_MAGIC) + _SALT :], _bound(about))
    except InvalidTag as error:
        raise BrokenSealError(
            "another key sealed this, it was changed, or it is about another"
        ) from (error)


def is_sealed(content: bytes) -> bool:
    """Whether these bytes begin as `seal` writes them; only `unseal` can tell whether they hold."""
    return content.startswith(_MAGIC) and len(content) >= OVERHEAD


def read_keys(path: Path) -> Keys:
    """The master key in the file at `path`: 64 hexadecimal digits or 44 characters of base64.

    Raises `UnusableKey` where it is missing, readable by others, too short or a sample.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _unreadable(path, "it is not a file")
            if status.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
                raise UnusableKey(
                    "key_exposed",
                    f"The key file {path} can be read or changed by other accounts on this"
                    " machine.",
                    f"Take their rights away, as in `chmod 600 {path}`. If others may have read"
                    " it, docs/operations.md says what that means.",
                )
            text = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise UnusableKey(
            "key_missing",
            f"There is no key file at {path}.",
            "Put the file back from your backup, or check VENDORRISK_KEY_FILE and VENDORRISK_DATA.",
        ) from error
    except OSError as error:
        raise _unreadable(path, error.strerror or "the disk did not give it") from error
    return Keys(_decoded(path, text))


def make_keys(path: Path) -> Keys:
    """A new master key in a file that only this account can read; one that is there is kept.

    Raises `UnusableKey` where the file cannot be written, or the one that is there not be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Whole or not at all, and never over a key that another process made just now.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(f"{secrets.token_hex(SIZE)}\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)
            _sync_folder(path.parent)
        except FileExistsError:
            pass
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise _not_written(path, error) from error
    return read_keys(path)


def next_file(path: Path) -> Path:
    """Where the key that follows the one at `path` lies until everything was sealed anew."""
    return path.with_name(f"{path.name}.next")


def fitting_keys(path: Path, key_id: str | None) -> Keys:
    """The master key with this id, of the one at `path` and the one that follows it.

    Without such a one, what `path` has: the database will say that it is another. Raises
    `UnusableKey`.
    """
    following = next_file(path)
    if key_id is None or not following.exists():
        return read_keys(path)
    if path.exists() and (found := read_keys(path)).id == key_id:
        return found
    after = read_keys(following)
    return after if after.id == key_id else read_keys(path)


def adopt_next(path: Path) -> None:
    """Let the key that follows take the place of the one at `path`, which is gone then."""
    try:
        next_file(path).replace(path)
        _sync_folder(path.parent)
    except FileNotFoundError:
        pass  # somebody else has just done it
    except OSError as error:
        raise _not_written(path, error) from error


def _decoded(path: Path, text: bytes) -> bytes:
    stripped = text.strip()
    if len(text) > _LARGEST_FILE:
        raise _unreadable(path, "it is too long to be a key")
    try:
        if re.fullmatch(rb"(?:[0-9a-fA-F]{2})*", stripped):
            key = bytes.fromhex(stripped.decode())
        else:
            key = base64.b64decode(stripped, validate=True)
    except (binascii.Error, ValueError):
        raise _unreadable(path, "it is neither hexadecimal digits nor base64") from None
    if len(key) < SIZE:
        raise UnusableKey(
            "key_short",
            f"The key in {path} has {len(key)} bytes, which is too short; it needs {SIZE}.",
            f"Make one with `openssl rand -hex {SIZE}`, or let the app make it at its first start.",
        )
    if len(key) > SIZE:
        raise _unreadable(path, f"it has {len(key)} bytes instead of {SIZE}")
    if _is_sample(key):
        raise UnusableKey(
            "key_sample",
            f"The key in {path} is a sample, or was typed by hand: anybody could guess it.",
            f"Make one with `openssl rand -hex {SIZE}`, or let the app make it at its first start.",
        )
    return key


def _is_sample(key: bytes) -> bool:
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    readable = all(0x20 <= byte < 0x7F for byte in key)  # at random one in 10^13
    return len(set(key)) < _FEWEST_DIFFERENT or len(steps) == 1 or readable


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _not_written(path: Path, error: OSError) -> UnusableKey:
    return UnusableKey(
        "key_unreadable",
        f"The key file {path} cannot be made: {error.strerror}.",
        "Point VENDORRISK_DATA or VENDORRISK_KEY_FILE at a folder that this account may write to.",
    )


def _unreadable(path: Path, why: str) -> UnusableKey:
    return UnusableKey(
        "key_unreadable",
        f"The key file {path} cannot be used: {why}.",
        "Put it back as it was from your backup. A new installation makes one by itself.",
    )


def _hkdf(key: bytes, salt: bytes, info: bytes, length: int = SIZE) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=_PRODUCT + info).derive(key)


def _cipher(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    if len(key) != SIZE:
        raise ValueError(f"a key has {SIZE} bytes")
    material = _hkdf(key, salt, b"seal", SIZE + _NONCE)
    return AESGCM(material[:SIZE]), material[SIZE:]


def _bound(about: str) -> bytes:
    return _MAGIC + hashlib.sha256(about.encode()).digest()
