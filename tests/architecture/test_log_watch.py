"""The watch over logs, addresses, pages and databases would notice a secret in them."""

import logging
import secrets

import pytest

from tests.conftest import KEYS  # noqa: F401 - the watch begins with the module that holds it
from tests.log_watch import WATCH, LogWatch
from vendorrisk import identity
from vendorrisk.server import faults


@pytest.fixture
def watch():
    watch = LogWatch()
    yield watch
    for name in (None, "vendorrisk"):
        logging.getLogger(name).removeHandler(watch)


def test_a_secret_in_a_line_or_in_a_trace_is_noticed(watch):
    faults.log.addHandler(watch)
    watch.keep("a token of some length")

    faults.log_fault(ValueError("refused a token of some length"))

    assert watch.leaks() == ["a to…"]
    assert watch.leaks("nothing here") == []


def test_passwords_and_tokens_that_tests_make_are_known():
    token = secrets.token_urlsafe(32)
    identity.hash_password("five plain words in order")

    assert token in WATCH.secrets
    assert "five plain words in order" in WATCH.secrets


def test_recovery_codes_app_secrets_and_keys_are_known():
    codes = identity.new_recovery_codes()
    secret = identity.new_app_secret()
    master = secrets.token_hex(32)
    key = secrets.token_bytes(32)

    assert {*codes, secret, master, key.hex()} <= WATCH.secrets
    assert secrets.token_hex(16) not in WATCH.secrets  # a nonce, which is stored as it is


@pytest.mark.parametrize("content", ["a row: {}", b"\x00\x01a row\xff{}\x00", "/evidence?code={}"])
def test_a_secret_in_an_address_a_page_or_a_database_is_noticed(watch, content):
    token = "a-token-of-some-length"
    watch.keep(token)
    put = token.encode() if isinstance(content, bytes) else token
    blank = b"{}" if isinstance(content, bytes) else "{}"

    watch.search("database: planted", content.replace(blank, put))
    watch.search("page", content)

    assert watch.found == ["database: planted: a-to…"]
    assert watch.searched == {"database": 1, "page": 1}


def test_a_link_that_is_shown_once_is_no_leak_and_its_code_elsewhere_is(watch):
    watch.keep("a-token-of-some-length")

    watch.search("message", "https://here.example/invitation#a-token-of-some-length")
    assert watch.found == []
    watch.search("message", "https://here.example/invitation?code=a-token-of-some-length")
    assert watch.found


def test_what_another_process_made_is_known(watch, tmp_path):
    other = LogWatch()
    other.told_to = tmp_path / "made"
    other.keep("a token of the other process")

    watch.keep_those_of(other.told_to)

    assert watch.secrets == {"a token of the other process"}


def test_a_secret_that_is_told_afterwards_is_found_where_it_stood(watch):
    watch.search("page", "<p>xa-token-of-some-lengthx</p>")
    watch.keep("a-token-of-some-length")

    watch.look_again()

    assert watch.found == ["page: a-to…"]


@pytest.mark.parametrize("name", ["", "vendorrisk", "streamlit", "uvicorn.access"])
def test_every_logger_is_listened_to(name):
    assert WATCH in logging.getLogger(name).handlers
