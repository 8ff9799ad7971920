"""One server and one Chromium for the tests of a file; pages that fail on faults they never see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, WebSocket

from tests.browser.served import PATIENCE, Office, Served, chromium, served
from tests.log_watch import WATCH
from vendorrisk.server.sessions import SESSION_COOKIE


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture(scope="module")
def office(server: Served) -> Iterator[Office]:
    office = Office.at(server.folder)
    yield office
    office.app.store.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Watch:
    """What went wrong in the browser behind a test's back."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.pages: list[Page] = []

    def over(self, page: Page) -> None:
        """Note errors in the console, faults of scripts, and requests to anybody else."""
        own = (self.origin, "data:", f"blob:{self.origin}")
        page.on(
            "console",
            lambda said: self.faults.append(said.text) if said.type == "error" else None,
        )
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on(
            "request",
            lambda sent: None if sent.url.startswith(own) else self.faults.append(sent.url),
        )
        page.on("request", lambda sent: self.asked.append(sent.url))
        page.on("websocket", self._listen)
        page.on("load", self.read)
        self.pages.append(page)

    def _listen(self, socket: WebSocket) -> None:
        self.asked.append(socket.url)
        socket.on("framereceived", lambda frame: WATCH.search("message to a page", frame))

    def read(self, page: Page) -> None:
        """Look for secrets in a page as it stands."""
        if "/second-step" in page.url:  # it shows recovery codes and the secret of an app, once
            return
        with suppress(Error):  # it may be gone again
            WATCH.search("page", page.content())

    def close(self, context: BrowserContext) -> None:
        """Read what is still open, and close it."""
        for page in context.pages:
            self.read(page)
        context.close()

    def search(self) -> None:
        """Look for secrets in pages still open, and in every address that was asked for.

        What follows # is not sent.
        """
        for page in self.pages:
            if not page.is_closed():
                self.read(page)
        for url in self.asked:
            WATCH.search("address", url.split("#")[0])


@pytest.fixture
def watch(server: Served) -> Iterator[Watch]:
    watch = Watch(server.url)
    yield watch
    watch.search()
    assert watch.faults == []


@pytest.fixture
def open_as(server: Served, browser: Browser, watch: Watch) -> Iterator[Callable[[str, str], Page]]:
    """Open a path as whoever holds a session, in a browser of their own."""
    contexts = []

    def open_as(session: str, path: str) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": server.url}])
        page = context.new_page()
        watch.over(page)
        page.goto(server.url + path)
        return page

    yield open_as
    for context in contexts:
        watch.close(context)
