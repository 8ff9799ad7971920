"""`vendorrisk reset-second-factor` lets somebody back in who lost everything, and says whom."""

import pyotp
import pytest

from vendorrisk.access import EVERYTHING
from vendorrisk.cli import main
from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.identity import hash_token
from vendorrisk.settings import Settings
from vendorrisk.store import Store, migrate
from vendorrisk.usecases import second_factor, setup
from vendorrisk.usecases.application import Application, keys_of

PASSWORD = "four unrelated words stand"


@pytest.fixture
def app(tmp_path, monkeypatch):
    """An installation whose administrator has an authenticator app."""
    monkeypatch.setenv("VENDORRISK_DATA", str(tmp_path))
    settings = Settings.from_environment()
    migrate(settings.database_url)
    store = Store(settings.database_url, keys_of(settings))
    app = Application(
        settings, store, Library(settings.questionnaires), Files(settings.evidence_folder)
    )
    half = hash_token(
        setup.complete_setup(app, setup.setup_link(app), "Ada", "ada@example.org", PASSWORD)
    )
    secret = second_factor.begin_app(app, half).secret
    second_factor.confirm_app(app, half, pyotp.TOTP(secret).at(app.clock()))
    yield app
    store.close()


def test_it_takes_away_factors_codes_and_sessions_and_is_in_the_trail(app, capsys):
    assert main(["reset-second-factor", "Ada@Example.org"]) == 0

    assert "Ada has no second factor any more" in capsys.readouterr().out
    with app.store.read(EVERYTHING) as work:
        ada = work.person_by_email("ada@example.org").person
        assert work.second_factors(ada.id) == []
        assert work.recovery_codes(ada.id) == []
        assert work.sessions_of(ada.id) == []
        assert work.events()[-1].action == "reset_second_factor"
    assert app.store.breaks() == []


def test_an_address_that_nobody_has_is_said(app, capsys):
    assert main(["reset-second-factor", "eve@example.org"]) == 2

    assert "eve@example.org was not found" in capsys.readouterr().err
