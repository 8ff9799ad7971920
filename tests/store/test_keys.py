"""A database belongs to one master key, and a store without keys only reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import KEYS
from tests.store.records import make_world
from vendorrisk.access import EVERYTHING
from vendorrisk.keys import Keys, UnusableKey, make_keys
from vendorrisk.settings import Settings
from vendorrisk.store import Store, StoreUnavailable, UnkeyedError, key_in_use, migrate
from vendorrisk.usecases.application import keys_of

OTHER = Keys(bytes(reversed(range(7, 39))))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path / 'vendorrisk.db'}"
    return Settings(tmp_path, url, None, tmp_path, "Our Agency", False)


def test_a_database_is_bound_to_the_key_of_whoever_writes_first(database_url: str) -> None:
    assert key_in_use(database_url) is None
    store = Store(database_url, KEYS)
    make_world(store)
    store.close()
    assert key_in_use(database_url) == KEYS.id


def test_another_key_is_refused_for_reading_and_writing(database_url: str) -> None:
    ours, theirs = Store(database_url, KEYS), Store(database_url, OTHER)
    theirs.check()
    make_world(ours)
    for begin in (theirs.read, theirs.begin):
        theirs.close()
        with pytest.raises(StoreUnavailable) as found, begin(EVERYTHING) as work:
            work.portfolio()
        assert found.value.code == "other_key"
        assert KEYS.id in found.value.sentence
        assert "VENDORRISK_KEY_FILE" in found.value.fix
    ours.close()
    theirs.close()


def test_two_first_writers_with_different_keys_cannot_both_bind(database_url: str) -> None:
    ours, theirs = Store(database_url, KEYS), Store(database_url, OTHER)
    theirs.check()  # it saw an unbound database, and does not look again
    make_world(ours)
    with pytest.raises(StoreUnavailable) as found:
        make_world(theirs, "Another")
    assert found.value.code == "other_key"
    with ours.read(EVERYTHING) as work:
        assert [row.vendor.name for row in work.portfolio()] == ["Larkmere"]
    ours.close()
    theirs.close()


def test_a_failed_first_write_binds_nothing(sqlite_url: str) -> None:
    store = Store(sqlite_url, KEYS)
    with pytest.raises(RuntimeError), store.begin(EVERYTHING):
        raise RuntimeError
    assert key_in_use(sqlite_url) is None
    make_world(store)
    store.close()
    assert key_in_use(sqlite_url) == KEYS.id


def test_a_store_without_keys_only_reads(sqlite_url: str) -> None:
    written = Store(sqlite_url, KEYS)
    make_world(written)
    written.close()
    store = Store(sqlite_url)
    with store.read(EVERYTHING) as work:
        assert len(work.portfolio()) == 1
    with pytest.raises(UnkeyedError), store.begin(EVERYTHING):
        pass
    store.close()


def test_the_first_start_makes_a_key_beside_the_database(settings: Settings) -> None:
    keys = keys_of(settings)
    assert settings.key_file == settings.data / "vendorrisk.key"
    assert keys_of(settings) == keys
    migrate(settings.database_url)
    store = Store(settings.database_url, keys)
    make_world(store)
    store.close()
    assert keys_of(settings) == keys


def test_a_lost_key_is_asked_for_and_no_other_one_made(settings: Settings) -> None:
    migrate(settings.database_url)
    store = Store(settings.database_url, keys_of(settings))
    make_world(store)
    store.close()
    settings.key_file.unlink()
    with pytest.raises(UnusableKey) as found:
        keys_of(settings)
    assert found.value.code == "key_missing"
    assert not settings.key_file.exists()


def test_the_key_file_can_lie_elsewhere(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "secrets" / "key"
    made = make_keys(elsewhere)
    assert keys_of(replace(settings, key_path=elsewhere)) == made
    assert not settings.key_file.exists()


def test_the_key_lies_in_no_table(settings: Settings) -> None:
    migrate(settings.database_url)
    keys = keys_of(settings)
    store = Store(settings.database_url, keys)
    make_world(store)
    store.close()
    content = (settings.data / "vendorrisk.db").read_bytes()
    written = settings.key_file.read_text().strip()
    assert keys.id.encode() in content
    assert written.encode() not in content
    assert bytes.fromhex(written) not in content
    assert keys.derive("audit") not in content
