"""The running application: settings, store, content, files and the clock, handed to every verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.settings import Settings
from vendorrisk.store import Store


def utc_now() -> datetime:
    """The wall clock, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Application:
    """What every use case is given. `clock` gives aware UTC times; tests hand in their own."""

    settings: Settings
    store: Store
    library: Library
    files: Files
    clock: Callable[[], datetime] = utc_now


_installed: Application | None = None


def install(app: Application) -> None:
    """Make `app` the one that `application()` gives: a test's, or the server's at its start."""
    global _installed
    _installed = app


def application() -> Application:
    """The process's application, built from the environment's settings at the first call."""
    if _installed is not None:
        return _installed
    settings = Settings.from_environment()
    app = Application(
        settings=settings,
        store=Store(settings.database_url),
        library=Library(settings.questionnaires),
        files=Files(settings.evidence_folder),
    )
    install(app)
    return app
