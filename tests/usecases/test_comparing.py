"""What a changed rubric would make of stored assessments, and that nothing stored is changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.usecases.conftest import LIBRARY, World
from vendorrisk.access import EVERYTHING
from vendorrisk.cli import main
from vendorrisk.content import Library, Pack
from vendorrisk.store.tables import Scorecard
from vendorrisk.usecases.comparing import compare_stored


@pytest.fixture
def heavier(tmp_path: Path) -> Pack:
    """The small rubric once wikis are worth something and caps are harder."""
    root = shutil.copytree(LIBRARY, tmp_path / "draft")
    path = root / "core" / "v1" / "rubric.yaml"
    text = path.read_text()
    assert "vault: 100, most: 70" in text
    path.write_text(text.replace("vault: 100, most: 70", "vault: 90, most: 70"))
    return Library(root).pack("core")


def stored(world: World) -> list[str]:
    with world.app.store.read(EVERYTHING) as work:
        return sorted(row.result for row in work.all(Scorecard))


def test_each_stored_assessment_is_scored_by_both_and_left_as_it_is(submitted, heavier):
    submitted.judge(submitted.assessment_id, "storage", "verified")
    before = stored(submitted)

    found = compare_stored(submitted.app.store, submitted.app.library.pack("core"), heavier)

    [one] = found.compared
    assert one.name == "Brightholm Cloud, Photo service"
    assert one.moves
    assert one.after is not None
    assert float(one.after.overall) <= float(one.before.overall)
    assert found.others == 0
    assert stored(submitted) == before


def test_the_same_rubric_gives_what_is_stored_with_the_review_beside_it(submitted):
    submitted.judge(submitted.assessment_id, "storage", "verified")
    core = submitted.app.library.pack("core")

    [one] = compare_stored(submitted.app.store, core, core).compared

    assert not one.moves


def test_what_another_rubric_scored_is_left_out_and_counted(submitted, heavier):
    found = compare_stored(submitted.app.store, heavier, submitted.app.library.pack("core"))

    assert found.compared == ()
    assert found.others == 1


def test_a_rubric_of_another_name_for_the_questionnaire_counts_what_it_leaves_out(
    submitted, tmp_path, monkeypatch
):
    monkeypatch.setenv("VENDORRISK_QUESTIONNAIRES", str(LIBRARY))
    rubric = (LIBRARY / "core" / "v1" / "rubric.yaml").read_text()
    (tmp_path / "rubric.yaml").write_text(rubric.replace("rubric: core", "rubric: stricter", 1))
    library = submitted.app.library

    found = compare_stored(
        submitted.app.store, library.open(tmp_path / "rubric.yaml"), library.pack("core")
    )

    assert (found.compared, found.others) == ((), 1)


def test_the_command_tells_what_would_move(submitted, heavier, monkeypatch, capsys):
    monkeypatch.setenv("VENDORRISK_QUESTIONNAIRES", str(LIBRARY))
    place = str(submitted.app.store.url.database)

    code = main(["diff", str(LIBRARY / "core"), str(heavier.folder), "--portfolio", place])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert "1 of 1 stored assessment would move; what is stored stays" in lines
    assert any(line.startswith("  Brightholm Cloud, Photo service: ") for line in lines)
