"""The health check tells the truth about the database, in JSON, and tells nothing else."""

from pathlib import Path

from tests.server.conftest import make_application
from vendorrisk.usecases import application as running


def test_it_is_ok_while_the_database_is_reachable(client):
    sent = client.get("/healthz")

    assert sent.status_code == 200
    assert sent.json() == {"status": "ok", "database": "reachable"}


def test_it_says_what_the_database_lacks_and_not_where_it_is(client, clock, tmp_path, monkeypatch):
    missing = make_application(f"sqlite:///{tmp_path / 'gone.db'}", tmp_path, clock)
    monkeypatch.setattr(running, "_installed", missing)

    sent = client.get("/healthz")

    assert sent.status_code == 503
    assert sent.json() == {"status": "unavailable", "database": "missing"}
    assert str(tmp_path) not in sent.text
    assert not Path(tmp_path / "gone.db").exists()


def test_pages_say_that_the_database_is_away_and_that_nothing_is_lost(
    client, clock, tmp_path, monkeypatch
):
    missing = make_application(f"sqlite:///{tmp_path / 'gone.db'}", tmp_path, clock)
    monkeypatch.setattr(running, "_installed", missing)

    sent = client.get("/sign-in")

    assert sent.status_code == 503
    assert "is safe" in sent.text
    assert str(tmp_path) not in sent.text
