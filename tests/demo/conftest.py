"""A small demo, made once, and copies of it that a test may spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Clock
from vendorrisk.content import Library
from vendorrisk.demo import lifetime
from vendorrisk.demo.making import Made, make
from vendorrisk.demo.portfolio import vendors
from vendorrisk.evidence import Files
from vendorrisk.store import Store
from vendorrisk.usecases.application import Application, keys_of

SHIPPED = Path(__file__).parents[2] / "questionnaires"
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
FEW = [vendor for vendor in vendors() if vendor.id in ("ferrant-ai", "halloway-hosting")]

Serve = Callable[..., Application]


@pytest.fixture(scope="session")
def questionnaires(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo asks, without the published methods, so that reading it is quick."""
    root = tmp_path_factory.mktemp("content")
    for path in SHIPPED.iterdir():
        if path.is_dir() and path.name != "methods":
            shutil.copytree(path, root / path.name)
    for path in SHIPPED.glob("*.*"):
        shutil.copy(path, root)
    return root


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, questionnaires: Path) -> tuple[Path, Made]:
    """A demo of two vendors, and what was told when it was made; not to be changed."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    return folder, make(folder, questionnaires, days=20, now=NOW, portfolio=FEW)


@pytest.fixture
def made(small: tuple[Path, Made]) -> Made:
    """What was told when the small demo was made."""
    return small[1]


@pytest.fixture
def folder(small: tuple[Path, Made], tmp_path: Path) -> Path:
    """A copy of the small demo."""
    return shutil.copytree(small[0], tmp_path / "demo")


@pytest.fixture
def serve(questionnaires: Path) -> Serve:
    """The application as a server would open it, under the settings of a demo unless changed."""

    def served(folder: Path, clock: Clock | None = None, **changes: object) -> Application:
        settings = replace(lifetime.settings(folder, questionnaires), **changes)
        return Application(
            settings=settings,
            store=Store(settings.database_url, keys_of(settings), clock=clock or Clock(NOW)),
            library=Library(questionnaires),
            files=Files(settings.evidence_folder),
        )

    return served


@pytest.fixture
def last_day() -> Clock:
    """The moment before the small demo ends."""
    return Clock(NOW + timedelta(days=20, microseconds=-1))
