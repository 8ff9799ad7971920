"""The audit trail as a file: for the auditor alone, as an attachment, and recorded from where."""

from __future__ import annotations

import csv
import io

import pytest

from vendorrisk.access import EVERYTHING, Role


def table(response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def test_the_auditor_gets_a_file(client, sign_in):
    sign_in(Role.AUDITOR)
    response = client.get("/trail.csv")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/csv")
    assert response.headers["content-disposition"].startswith("attachment")
    assert "no-store" in response.headers["cache-control"]
    assert any("set up the first administrator" in row["What"] for row in table(response))


def test_what_is_asked_for_is_what_comes(client, sign_in):
    sign_in(Role.AUDITOR)
    rows = table(client.get("/trail.csv?action=add_person&zone=Europe/Paris"))
    assert {row["What"] for row in rows} == {"Ada Grant added a colleague."}
    assert table(client.get("/trail.csv?until=2000-01-01")) == []


@pytest.mark.parametrize(
    "query", ["since=yesterday", "zone=Nowhere/Land", "zone=../../etc/passwd", "zone=%00"]
)
def test_an_address_that_asks_for_nonsense_finds_nothing(client, sign_in, query):
    sign_in(Role.AUDITOR)
    assert client.get(f"/trail.csv?{query}").status_code == 404


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.REVIEWER, Role.COMMITTEE_MEMBER])
def test_nobody_else_gets_it(client, sign_in, role):
    sign_in(role)
    assert client.get("/trail.csv").status_code == 403


def test_a_stranger_is_led_to_sign_in(client, administrator):
    response = client.get("/trail.csv")
    assert response.status_code in (302, 303)
    assert "/sign-in" in response.headers["location"]


def test_the_address_of_a_request_is_recorded(client, app, sign_in):
    sign_in(Role.AUDITOR)
    client.get("/trail.csv")
    with app.store.read(EVERYTHING) as work:
        [event] = [event for event in work.events() if event.action == "export_trail"]
    assert event.origin == "testclient"
    assert app.store.breaks() == []
