"""A backup can be put back, and whether it can is known before it is needed."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import KEYS
from tests.usecases.conftest import World, settings
from vendorrisk import cli
from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.keys import Keys
from vendorrisk.store import Store, StoreUnavailable
from vendorrisk.usecases import evidence
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.backups import back_up, check_backup, delete_those_with_other_keys
from vendorrisk.usecases.errors import Refusal
from vendorrisk.usecases.verifying import verify


@pytest.fixture
def kept(invited: World, tmp_path: Path) -> Path:
    """A backup of an assessment with answers and a file; something was written after it."""
    database = tmp_path / "vendorrisk.db"
    object.__setattr__(invited.app.settings, "database_url", f"sqlite:///{database}")
    invited.answer(invited.vera, remarks="Before the backup.")
    invited.attach(invited.vera)
    folder = back_up(invited.app)
    invited.answer(invited.vera, remarks="After it.")
    return folder


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_is_put_back_holds_and_is_as_it_was(
    invited: World, kept: Path, library: Library, tmp_path: Path
) -> None:
    invited.app.store.close()
    place = tmp_path / "elsewhere"
    shutil.copytree(kept, place)
    store = Store(f"sqlite:///{place / 'vendorrisk.db'}", KEYS, clock=invited.clock)
    app = Application(settings(place), store, library, Files(place / "evidence"))

    found = verify(app)

    assert found.holds
    assert found.files == 1
    again = World(app, invited.clock, dict(invited.staff))
    [file] = evidence.evidence_list(app, invited.vera, invited.assessment_id)
    again.confirm(invited.vera)
    assert evidence.open_evidence(app, invited.vera, file.id).content.startswith(b"%PDF")
    assert verify(app).holds, "it goes on from there"
    store.close()


def test_a_check_says_that_it_holds_and_touches_neither_it_nor_what_is_in_use(
    invited: World, kept: Path
) -> None:
    invited.app.store.close()
    before = bytes_below(invited.app.settings.data)

    found = check_backup(invited.app, kept)

    assert (found.holds, found.files) == (True, 1)
    assert bytes_below(invited.app.settings.data) == before


@pytest.mark.parametrize("harm", ["a file", "a row"])
def test_a_backup_that_was_harmed_is_found(invited: World, kept: Path, harm: str) -> None:
    if harm == "a file":
        next(path for path in (kept / "evidence").rglob("*") if path.is_file()).unlink()
    else:
        with closing(sqlite3.connect(kept / "vendorrisk.db")) as database:
            database.execute("UPDATE person SET name = 'Mallory'")
            database.commit()
    assert not check_backup(invited.app, kept).holds


def test_what_is_no_backup_or_needs_another_key_is_said(
    invited: World, kept: Path, tmp_path: Path, library: Library
) -> None:
    with pytest.raises(Refusal) as refused:
        check_backup(invited.app, tmp_path / "nowhere")
    assert refused.value.code == "no_backup"
    other = Store(f"sqlite:///{tmp_path / 'new.db'}", Keys(bytes(range(32, 64))))
    app = Application(invited.app.settings, other, library, invited.app.files)
    with pytest.raises(StoreUnavailable) as unavailable:
        check_backup(app, kept)
    assert unavailable.value.code == "other_key"


def test_the_command_tells_both(
    invited: World,
    kept: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli, "_installation", lambda: invited.app)
    assert cli.main(["backup", "--check", str(kept)]) == 0
    assert "1 file, 0 scorecards: 0 breaks" in capsys.readouterr().out
    shutil.rmtree(kept / "evidence")
    assert cli.main(["backup", "--check", str(kept)]) == 1
    assert "backup: file: " in capsys.readouterr().err


def test_a_backup_that_was_never_finished_is_not_the_one_of_the_new_key(
    invited: World, kept: Path
) -> None:
    unfinished = kept.with_name(f"new-{kept.name}")
    kept.rename(unfinished)
    invited.clock.forward(hours=1)
    made, replaced = delete_those_with_other_keys(invited.app)
    assert made is not None
    assert made.is_dir()
    assert replaced == 1
    assert not unfinished.exists()
