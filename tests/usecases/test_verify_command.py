"""`vendorrisk verify` and `checkpoint`: what they print, and the exit codes of the contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.usecases.conftest import LIBRARY
from tests.usecases.test_verifying import opened
from vendorrisk.cli import main
from vendorrisk.keys import make_keys
from vendorrisk.settings import Settings
from vendorrisk.store import migrate
from vendorrisk.usecases import setup
from vendorrisk.usecases.application import opened as application_of


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of an installation in which an administrator has set themselves up."""
    folder = tmp_path / "data"
    monkeypatch.setenv("VENDORRISK_DATA", str(folder))
    monkeypatch.setenv("VENDORRISK_QUESTIONNAIRES", str(LIBRARY))
    settings = Settings.from_environment()
    migrate(settings.database_url)
    app = application_of(settings, make_keys(settings.key_file))
    token = setup.setup_link(app)
    assert token is not None
    setup.complete_setup(app, token, "Ada", "ada@example.org", "four quiet lanterns drift")
    app.store.close()
    return folder


def tamper(data: Path, statement: str) -> None:
    connection = opened(data / "vendorrisk.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_what_holds_is_fine_and_says_what_was_looked_at(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "events in 1 chain, 0 files, 0 scorecards: 0 breaks" in said.out
    assert "Without --checkpoint" in said.out


def test_a_break_does_not_hold_and_the_first_is_told_first(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(data, "UPDATE person SET name = 'Mallory'")
    assert main(["verify"]) == 1
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("verify: trail: The installation's chain, event ")
    assert ", table person, row " in first
    assert "Mallory" not in first


def test_a_checkpoint_is_printed_and_shows_a_cut_end(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["checkpoint"]) == 0
    kept = tmp_path / "checkpoint.json"
    kept.write_text(capsys.readouterr().out)
    assert main(["verify", "--checkpoint", str(kept)]) == 0
    assert "Without --checkpoint" not in capsys.readouterr().out
    tamper(data, "DELETE FROM audit_event WHERE number = (SELECT max(number) FROM audit_event)")
    assert main(["verify", "--checkpoint", str(kept)]) == 1
    assert "the end was cut off" in capsys.readouterr().err


def test_bad_input_is_said_in_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_text(json.dumps({"chains": {}}))
    for name in (spoilt, tmp_path / "missing.json", tmp_path):
        assert main(["verify", "--checkpoint", str(name)]) == 2
        assert "bad-checkpoint" in capsys.readouterr().err
    (data / "vendorrisk.key").unlink()
    assert main(["verify"]) == 2
    assert "key-missing" in capsys.readouterr().err
    assert not (data / "vendorrisk.key").exists(), "verifying makes no key"
