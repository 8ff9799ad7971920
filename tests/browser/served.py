"""The app as people get it: a server process with its own database, and Chromium to open it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.log_watch import WATCH
from tests.shorter import QUESTIONNAIRES
from tests.shorter import vendors as portfolio
from tests.ui import town
from tests.ui.town import PASSWORD, Town
from vendorrisk.access import Actor
from vendorrisk.identity import hash_token
from vendorrisk.store import migrate
from vendorrisk.usecases import assessments, duties, invitations, people, setup, vendors
from vendorrisk.usecases.application import Application

ROOT = Path(__file__).parents[2]
PATIENCE = 30_000
"""Milliseconds that a page may take: a busy machine is slow, and a fault is slow for ever."""


@dataclass
class Served:
    """A server on a port of its own, which a test may kill and start again."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    questionnaires: Path = QUESTIONNAIRES

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def secrets(self) -> Path:
        """Where the process tells which secrets it made."""
        return self.folder / "made.secrets"

    def search(self) -> None:
        """Look for the secrets of both processes in the log and in the database."""
        WATCH.keep_those_of(self.secrets)
        assert self.secrets.stat().st_size, "the server's secrets were not told"
        # The console says once how to set up the first administrator.
        WATCH.search("log: of a server", (self.folder / "server.log").read_bytes())
        stored = sorted(self.folder.glob("vendorrisk.db*"))
        WATCH.search("database: served", b"".join(path.read_bytes() for path in stored))

    def start(self) -> None:
        """Start, and wait until pages are served."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.watched_server", str(self.secrets)),
                    *("streamlit", "run", "app.py"),
                ],
                cwd=ROOT,
                env={
                    **os.environ,
                    "STREAMLIT_SERVER_PORT": str(self.port),
                    "VENDORRISK_DATA": str(self.folder),
                    "VENDORRISK_ORGANISATION": "Example Council",
                    "VENDORRISK_QUESTIONNAIRES": str(self.questionnaires),
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        while not self._answers():
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError((self.folder / "server.log").read_text())

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def served(folder: Path, questionnaires: Path = QUESTIONNAIRES) -> Iterator[Served]:
    """A running server with an empty database in `folder`."""
    migrate(f"sqlite:///{folder / 'vendorrisk.db'}")
    WATCH.keep(PASSWORD)  # people type it in the browser, where nothing else would tell of it
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = int(free.getsockname()[1])
    server = Served(folder, port, questionnaires=questionnaires)
    server.start()
    try:
        yield server
    finally:
        server.kill()
    server.search()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium, without the services that it would call on its own."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@dataclass
class Office:
    """Officers who invite vendors over and over, so that each test has an assessment of its own."""

    app: Application
    people: Town
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    def at(cls, folder: Path) -> Office:
        """Set up the organisation of a new database."""
        app = town.application(folder, lambda: datetime.now(UTC))
        token = setup.setup_link(app)
        assert token is not None
        session = setup.complete_setup(app, token, "Ada Okafor", "ada@example.org", PASSWORD)
        here = Town({"administrator": hash_token(session)})
        for key in ("officer", "second"):
            name, role = town.COLLEAGUES[key]
            link = people.add_person(
                app, town.actor(app, here, "administrator"), name, f"{key}@example.org", [role]
            )
            here.sessions[key] = hash_token(people.choose_password(app, link.token, PASSWORD))
        return cls(app, here)

    def invites(self, *names: str) -> tuple[Actor, list[str]]:
        """Contacts invited to a new assessment: the first as an actor, and a session for each."""
        number = next(self.numbers)
        told = replace(portfolio()[0], name=f"Vendor {number}", contact_name=names[0], scope={})
        key, officer = str(number), town.actor(self.app, self.people, "officer")
        town.register(self.app, self.people, key, told)
        town.answer_intake(self.app, self.people, key, told)
        engagement = vendors.engagement(self.app, officer, self.people.engagements[key])
        assessment_id = assessments.open_assessment(
            self.app, officer, engagement.id, "core", self.app.clock().date() + timedelta(days=14)
        )
        duties.approve_scope(self.app, town.actor(self.app, self.people, "second"), assessment_id)
        contacts = [engagement.vendor.contacts[0].id] + [
            vendors.add_contact(
                self.app,
                officer,
                engagement.vendor.id,
                name=name,
                email=f"colleague{at}@vendor.example",
            ).id
            for at, name in enumerate(names[1:])
        ]
        sessions = [
            invitations.exchange(
                self.app, assessments.invite(self.app, officer, assessment_id, contact).token
            )
            for contact in contacts
        ]
        actor = people.actor_of(self.app, hash_token(sessions[0]))
        assert actor is not None
        return actor, sessions
