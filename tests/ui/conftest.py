"""The pages as each person sees them: a database of each test's own, some of the real questions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from tests.conftest import Clock
from tests.ui import town as towns
from tests.ui.town import Town
from vendorrisk.access import Actor
from vendorrisk.identity import hash_token
from vendorrisk.store import migrate
from vendorrisk.ui.navigation import entries, path
from vendorrisk.usecases import application as running
from vendorrisk.usecases import people
from vendorrisk.usecases.application import Application

MAIN = path("main")


@dataclass
class Pages:
    """Opens pages as one of the people of the town."""

    app: Application
    town: Town
    clock: Clock

    def open(self, who: str, page: str | None = None, **params: str | list[str]) -> AppTest:
        """The page as `who` (a role, or a vendor's key) sees it; None is their first page."""
        at = AppTest.from_file(MAIN, default_timeout=30)
        at.user = {"session": self.town.sessions[who]}
        if page is None:
            return at.run()
        at.run()
        for name, value in params.items():
            at.query_params[name] = value
        return at.switch_page(path(page)).run()

    def menu(self, who: str) -> list[str]:
        """The titles in the menu of `who`."""
        return [entry.title for entry in entries(self.actor(who)) if entry.in_menu]

    def later(self, **by: float) -> None:
        """Let time pass; the staff sign in again."""
        self.clock.forward(**by)
        for who in ("administrator", *towns.COLLEAGUES):
            address = "ada@example.org" if who == "administrator" else f"{who}@example.org"
            self.town.sessions[who] = self.sign_in(address)

    def sign_in(self, email: str) -> str:
        """The hash of a new session."""
        return hash_token(people.sign_in(self.app, email, towns.PASSWORD))

    def signed_in(self, who: str) -> Actor | None:
        """Who holds the session of `who` by now, if anybody does."""
        return people.actor_of(self.app, self.town.sessions[who])

    def actor(self, who: str) -> Actor:
        """The same person, for calling use cases."""
        return towns.actor(self.app, self.town, who)


@pytest.fixture(scope="session", autouse=True)
def no_scan() -> Iterator[None]:
    """Every simulated app looks through all installed packages for components: we have our own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            BidiComponentManager, "discover_and_register_components", lambda *_, **__: None
        )
        yield


@dataclass(frozen=True)
class Built:
    """The town as it was built, and the application that every test finds it restored in."""

    template: Path
    folder: Path
    app: Application
    town: Town
    clock: Clock


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The town, built once: whoever asks for `pages` gets it back as it was."""
    folder = tmp_path_factory.mktemp("town") / "data"
    folder.mkdir()
    migrate(f"sqlite:///{folder / 'vendorrisk.db'}")
    clock = Clock()
    app = towns.application(folder, clock)
    town = towns.build(app)
    app.store.close()
    template = shutil.copytree(folder, folder.with_name("template"))
    return Built(template, folder, app, town, clock)


@pytest.fixture
def pages(built: Built, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    shutil.rmtree(built.folder)
    shutil.copytree(built.template, built.folder)
    built.clock.now = Clock().now
    monkeypatch.setattr(running, "_installed", built.app)
    yield Pages(built.app, deepcopy(built.town), built.clock)
    built.app.store.close()


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    """Right after setting up: one administrator, who is also the procurement officer."""
    migrate(f"sqlite:///{tmp_path / 'vendorrisk.db'}")
    clock = Clock()
    app = towns.application(tmp_path, clock)
    monkeypatch.setattr(running, "_installed", app)
    yield Pages(app, towns.found(app), clock)
    app.store.close()


def said(at: AppTest) -> str:
    """Everything that a page says, in its order, as Markdown."""
    assert not at.exception, at.exception
    kinds = ("title", "header", "subheader", "markdown", "caption")
    shown = [element.value for kind in kinds for element in at.get(kind)]
    boxes = [*at.error, *at.warning, *at.info, *at.success]
    return "\n".join([*shown, *(box.value for box in boxes)])
