"""The watch over the logs of all tests would notice a secret in them."""

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


@pytest.mark.parametrize("name", ["", "vendorrisk", "streamlit", "uvicorn.access"])
def test_every_logger_is_listened_to(name):
    assert WATCH in logging.getLogger(name).handlers
