"""Whoever finds a weakness finds whom to tell, where the operator has named somebody."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from tests.server.conftest import make_application
from vendorrisk.settings import InvalidSettings, Settings
from vendorrisk.usecases import application as running

PATH = "/.well-known/security.txt"


@pytest.fixture
def told(client, app, clock, monkeypatch):
    def told(**changes):
        named = make_application(app.settings.database_url, app.settings.data, clock, **changes)
        monkeypatch.setattr(running, "_installed", named)
        host = (named.settings.public_url or "http://localhost").partition("//")[2]
        return client.get(PATH, headers={"Host": host})

    return told


def test_without_a_contact_there_is_no_such_file(client):
    assert client.get(PATH).status_code == 404


def test_it_names_the_contact_to_a_stranger_and_expires_within_a_year(told, clock):
    sent = told(security_contact="security@example.org")

    assert sent.status_code == 200
    assert sent.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in sent.text.splitlines())
    assert fields["Contact"] == "mailto:security@example.org"
    expires = datetime.fromisoformat(fields["Expires"])
    assert timedelta(days=30) < expires - clock() < timedelta(days=365)
    assert "Canonical" not in fields


def test_a_page_is_named_as_it_is_and_the_public_address_with_it(told):
    sent = told(
        security_contact="https://example.org/security", public_url="https://risk.example.org"
    )

    assert "Contact: https://example.org/security\n" in sent.text
    assert f"Canonical: https://risk.example.org{PATH}\n" in sent.text


@pytest.mark.parametrize("contact", ["security@example.org", "https://example.org/report"])
def test_a_contact_is_an_address_or_a_page(contact):
    settings = Settings.from_environment({"VENDORRISK_SECURITY_CONTACT": contact})

    assert settings.security_contact == contact


@pytest.mark.parametrize(
    "contact", ["ask around", "http://example.org", "a@b", "a@b.org\nContact: mailto:evil@x.org"]
)
def test_anything_else_stops_the_start(contact):
    with pytest.raises(InvalidSettings) as found:
        Settings.from_environment({"VENDORRISK_SECURITY_CONTACT": contact})

    assert re.match("VENDORRISK_SECURITY_CONTACT is .* must be", found.value.problems[0])
