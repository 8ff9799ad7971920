"""`vendorrisk migrate` makes or updates the database, and says plainly why when it cannot."""

import pytest

from vendorrisk.cli import main


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("VENDORRISK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_it_makes_a_database_and_then_finds_nothing_to_do(data, capsys):
    assert (main(["migrate"]), main(["migrate"])) == (0, 0)

    made, again = capsys.readouterr().out.splitlines()
    assert (data / "vendorrisk.db").is_file()
    assert "new database is ready" in made
    assert "Already up to date" in again


def test_what_is_not_a_database_is_left_alone_and_named(data, capsys):
    data.mkdir()
    (data / "vendorrisk.db").write_bytes(b"not a database at all, but somebody's notes" * 50)
    before = (data / "vendorrisk.db").read_bytes()

    assert main(["migrate"]) == 2

    said = capsys.readouterr().err
    assert ": damaged: " in said
    assert "Traceback" not in said
    assert (data / "vendorrisk.db").read_bytes() == before


def test_wrong_settings_are_all_named(monkeypatch, capsys):
    monkeypatch.setenv("VENDORRISK_DATABASE_URL", "mysql://somewhere/else")
    monkeypatch.setenv("VENDORRISK_BASE_URL", "vendors.example.org")

    assert main(["migrate"]) == 2

    said = capsys.readouterr().err
    assert "VENDORRISK_DATABASE_URL" in said
    assert "VENDORRISK_BASE_URL" in said
