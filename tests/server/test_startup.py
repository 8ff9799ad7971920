"""What the console says at start: the address, a one-use set-up link, or what to do first."""

import asyncio
import re

import pytest

from tests.server.conftest import PASSWORD, make_application
from vendorrisk.keys import make_keys
from vendorrisk.server.startup import greet_later, greeting, require_settings
from vendorrisk.store import migrate
from vendorrisk.usecases import application as running
from vendorrisk.usecases import setup


def test_the_first_start_prints_a_link_that_works_once(app):
    _, said = greeting(app)

    link = re.search(r"http://localhost:8501/setup#(\S+)", said).group(1)
    assert setup.complete_setup(app, link, "Ada Grant", "ada@example.org", PASSWORD)


def test_starting_again_prints_a_new_link_and_ends_the_old_one(app, client):
    links = [re.search(r"#(\S+)", greeting(app)[1]).group(1) for _ in range(2)]

    assert links[0] != links[1]
    assert setup.complete_setup(app, links[1], "Ada Grant", "ada@example.org", PASSWORD)


def test_no_link_is_printed_once_somebody_can_sign_in(app, administrator):
    assert greeting(app) == (True, "Vendor Risk is at http://localhost:8501")


def test_a_missing_database_is_said_with_what_to_do(app, clock, tmp_path):
    ready, said = greeting(make_application(f"sqlite:///{tmp_path / 'gone.db'}", tmp_path, clock))

    assert not ready
    assert "There is no database" in said
    assert "vendorrisk migrate" in said
    assert "#" not in said


def test_the_link_is_printed_once_the_database_is_ready(clock, tmp_path, capsys):
    app = make_application(f"sqlite:///{tmp_path / 'late.db'}", tmp_path, clock)
    assert not greeting(app)[0]

    async def migrated_meanwhile():
        waiting = asyncio.create_task(greet_later(app, every=0.01))
        await asyncio.to_thread(migrate, app.settings.database_url)
        await waiting

    asyncio.run(migrated_meanwhile())

    link = re.search(r"/setup#(\S+)", capsys.readouterr().out).group(1)
    assert setup.complete_setup(app, link, "Ada Grant", "ada@example.org", PASSWORD)


def test_links_bear_the_public_address(app, clock, monkeypatch):
    public = make_application(
        app.settings.database_url, app.settings.data, clock, public_url="https://risk.example.org"
    )
    monkeypatch.setattr(running, "_installed", public)

    assert "https://risk.example.org/setup#" in greeting(public)[1]


def test_settings_that_cannot_be_used_end_the_start_in_plain_words(monkeypatch):
    monkeypatch.setattr(running, "_installed", None)
    monkeypatch.setenv("VENDORRISK_BASE_URL", "nonsense")
    monkeypatch.setenv("VENDORRISK_DATABSE_URL", "sqlite:///x.db")

    with pytest.raises(SystemExit) as ended:
        require_settings()

    assert "VENDORRISK_BASE_URL is nonsense" in str(ended.value)
    assert "did you mean VENDORRISK_DATABASE_URL" in str(ended.value)


def test_a_database_of_another_master_key_is_not_served(app, administrator, monkeypatch):
    key = app.settings.key_file
    key.unlink()
    make_keys(key)
    monkeypatch.setattr(running, "_installed", None)
    monkeypatch.setenv("VENDORRISK_DATA", str(app.settings.data))
    monkeypatch.setenv("VENDORRISK_DATABASE_URL", app.settings.database_url)

    with pytest.raises(SystemExit) as ended:
        require_settings()

    assert "was made with another master key" in str(ended.value)
    assert "VENDORRISK_KEY_FILE" in str(ended.value)


def test_a_lost_master_key_is_asked_for(app, administrator, monkeypatch):
    app.settings.key_file.unlink()
    monkeypatch.setattr(running, "_installed", None)
    monkeypatch.setenv("VENDORRISK_DATA", str(app.settings.data))
    monkeypatch.setenv("VENDORRISK_DATABASE_URL", app.settings.database_url)

    with pytest.raises(SystemExit) as ended:
        require_settings()

    assert "There is no key file" in str(ended.value)
    assert not app.settings.key_file.exists()


def test_a_file_of_providers_that_cannot_be_used_ends_the_start_with_every_problem(
    app, clock, monkeypatch, tmp_path
):
    path = tmp_path / "providers.yaml"
    path.write_text("providers:\n  - id: NO\n    issuer: http://login.example.org\n")
    mine = make_application(app.settings.database_url, tmp_path, clock, providers=path)
    monkeypatch.setattr(running, "_installed", mine)

    with pytest.raises(SystemExit) as ended:
        require_settings()

    assert "providers.yaml:2" in str(ended.value)
    assert "https://" in str(ended.value)
    assert "client_secret_file" in str(ended.value)
