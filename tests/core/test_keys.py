"""The master key: where it lies, which ones are refused, and what is derived from it."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.keys import OVERHEAD, BrokenSealError, Keys, UnusableKey, make_keys, read_keys, seal
from vendorrisk.keys import is_sealed as looks_sealed
from vendorrisk.keys import unseal as unsealed

KEYS = st.binary(min_size=32, max_size=32)
CONTENT = st.binary(max_size=200)


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_new_key_is_private_random_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vendorrisk.key"
    keys = make_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert keys == read_keys(path) == make_keys(path)
    assert keys != make_keys(tmp_path / "another.key")
    assert [entry.name for entry in path.parent.iterdir()] == ["vendorrisk.key"]


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    path, made, start = tmp_path / "vendorrisk.key", list[Keys](), threading.Barrier(4)

    def one() -> None:
        start.wait()
        made.append(make_keys(path))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert len(made) == 4


@given(key=KEYS)
def test_a_key_is_never_shown(key: bytes) -> None:
    keys = Keys(key)
    shown = f"{keys!r} {keys} {keys.id}"
    assert key.hex() not in shown
    assert repr(key)[2:-1] not in shown or len(set(key)) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "key_short"),
        ("00", "key_short"),
        ("9e41c07a" * 4, "key_short"),
        ("0" * 64, "key_sample"),
        (bytes(range(32)).hex(), "key_sample"),
        (bytes(range(64, 0, -2)).hex(), "key_sample"),
        ("0123456789abcdef" * 4, "key_sample"),
        (b"change-me-change-me-change-me-32".hex(), "key_sample"),
        ("VGhpcyBpcyBhIHNhbXBsZSBrZXksIDMyIGJ5dGVzISE=", "key_sample"),
        ("not a key at all", "key_unreadable"),
        ("9e41c07ad2" * 6 + "35f801", "key_unreadable"),
        ("a" * 5000, "key_unreadable"),
    ],
)
def test_a_key_that_protects_nothing_is_refused(tmp_path: Path, text: str, code: str) -> None:
    path = written(tmp_path / "vendorrisk.key", text)
    with pytest.raises(UnusableKey) as found:
        read_keys(path)
    assert found.value.code == code
    assert str(path) in found.value.sentence
    assert found.value.fix
    assert not text or text not in f"{found.value.sentence} {found.value.fix}"


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o666, 0o602])
def test_a_key_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "vendorrisk.key", secrets.token_hex(32), mode)
    with pytest.raises(UnusableKey) as found:
        read_keys(path)
    assert found.value.code == "key_exposed"
    assert "chmod 600" in found.value.fix


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440])
def test_a_key_handed_over_as_a_mounted_secret_is_taken(tmp_path: Path, mode: int) -> None:
    key = secrets.token_bytes(32)
    assert read_keys(written(tmp_path / "secret", f"{key.hex()}\n", mode)) == Keys(key)


def test_a_lost_key_is_never_replaced_by_reading(tmp_path: Path) -> None:
    with pytest.raises(UnusableKey) as found:
        read_keys(tmp_path / "vendorrisk.key")
    assert found.value.code == "key_missing"
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(UnusableKey):
        read_keys(tmp_path)
    with pytest.raises(UnusableKey):
        make_keys(tmp_path)


def test_derived_keys_are_those_of_the_standard() -> None:
    # The same from the two steps of RFC 5869 (extract with an empty salt, expand), by hand.
    import hashlib
    import hmac

    master = hashlib.sha256(b"a master key").digest()
    extracted = hmac.new(bytes(32), master, hashlib.sha256).digest()
    expanded = hmac.new(extracted, b"vendorrisk/1/audit\x01", hashlib.sha256).digest()
    assert Keys(master).derive("audit") == expanded


@given(key=KEYS, one=st.text(min_size=1), other=st.text(min_size=1))
def test_each_purpose_has_a_key_of_its_own(key: bytes, one: str, other: str) -> None:
    keys = Keys(key)
    assert (keys.derive(one) == keys.derive(other)) == (one == other)
    assert keys.derive(one) != key


@given(key=KEYS, content=CONTENT, about=st.text())
def test_what_is_sealed_opens_with_its_key_alone(key: bytes, content: bytes, about: str) -> None:
    sealed = seal(key, content, about)
    assert len(sealed) == len(content) + OVERHEAD
    assert looks_sealed(sealed)
    assert unsealed(key, sealed, about) == content
    other = bytes([key[0] ^ 1]) + key[1:]
    with pytest.raises(BrokenSealError):
        unsealed(other, sealed, about)
    with pytest.raises(BrokenSealError):
        unsealed(key, sealed, f"{about} ")


@given(key=KEYS, content=CONTENT, data=st.data())
def test_every_changed_or_missing_byte_is_found(
    key: bytes, content: bytes, data: st.DataObject
) -> None:
    sealed = seal(key, content, "evidence/1")
    at = data.draw(st.integers(0, len(sealed) - 1))
    flip = data.draw(st.integers(1, 255))
    for broken in (sealed[:at] + bytes([sealed[at] ^ flip]) + sealed[at + 1 :], sealed[:at]):
        with pytest.raises(BrokenSealError):
            unsealed(key, broken, "evidence/1")


def test_sealing_the_same_twice_looks_different() -> None:
    key = secrets.token_bytes(32)
    assert seal(key, b"yes", "answer") != seal(key, b"yes", "answer")
