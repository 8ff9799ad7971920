"""How answers are judged never reaches a vendor: every byte that its browser receives is read.

The rubric bears canaries: weights, points, names and sentences that occur nowhere else. A
reviewer's session is searched the same way, and there they are found, so the search can find them.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, Response, expect

from tests.browser.second_step import set_up_app
from tests.browser.served import PATIENCE, Office, Served, served
from tests.browser.test_journey import attach, session
from tests.shorter import QUESTIONNAIRES, SECTIONS
from tests.shorter import vendors as portfolio
from tests.ui import town
from tests.ui.town import PASSWORD
from vendorrisk.access import Role
from vendorrisk.content import Library
from vendorrisk.identity import hash_token
from vendorrisk.server.sessions import SESSION_COOKIE
from vendorrisk.usecases import duties, people

pytestmark = pytest.mark.browser

expect.set_options(timeout=PATIENCE)

WORD = "Zyxqorv"
WEIGHTS = {"critical": 791982413, "high": 682471359, "medium": 573160248, "low": 464259137}
POINTS = 0.618034
LARKMERE = next(told for told in portfolio() if told.id == "larkmere-identity")


def with_canaries(folder: Path) -> Path:
    """The questionnaires of the tests, with a rubric for core that can be told from all else."""
    root = folder / "questionnaires"
    shutil.copytree(QUESTIONNAIRES, root)
    path = root / "core" / "v1" / "rubric.yaml"
    rubric = json.loads(path.read_text())
    rubric["weights"] = WEIGHTS
    for domain in rubric["domains"].values():
        domain["title"] += f" {WORD}"
    for kind in ("criterion", "rule"):
        for entry in rubric["criteria" if kind == "criterion" else "rules"]:
            entry[kind] = f"{WORD.lower()}-{entry[kind]}"
            for part in ("because", "clause", "remedy"):
                if part in entry:
                    entry[part] = f"{WORD} {entry[part]}"
            for choice, points in entry.get("points", {}).items():
                if str(points).isdecimal() and 0 < int(points) < 100:
                    entry["points"][choice] = float(points) + POINTS
    path.write_text(json.dumps(rubric))
    return root


def traces() -> dict[str, bytes]:
    """What a canary would look like on its way, by name."""
    found = {"word": WORD.encode(), "identifier": WORD.lower().encode()}
    for start in range(3):  # inside base64 the word looks one of three ways
        encoded = base64.b64encode(b"x" * start + WORD.encode())
        found[f"word in base64, {start}"] = encoded[start + 1 : -4]
    for name, weight in WEIGHTS.items():
        found[f"weight {name}"] = str(weight).encode()
        found[f"weight {name} grouped"] = f"{weight:,}".encode()
        found[f"weight {name} as a double"] = struct.pack("<d", weight)
        found[f"weight {name} as an integer"] = struct.pack("<q", weight)
    found["points"] = b".618034"
    return found


@dataclass
class Received:
    """Everything that one browser received: address or kind, and bytes."""

    parts: list[tuple[str, bytes]] = field(default_factory=list)
    waiting: list[Response] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def read(self) -> None:
        """Read what came since; to be called before another page is opened, which drops it."""
        while self.waiting:
            answer = self.waiting.pop()
            # Streamlit's own files bear their hash in the name and are the same for everybody.
            if "/static/" in answer.url:
                continue
            headers = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
            content = b""
            if not 300 <= answer.status < 400:  # these have none
                try:
                    content = answer.body()
                except Error:
                    self.unread.append(answer.url)
            self.parts.append((f"response {answer.url}", headers.encode() + content))

    def found(self) -> dict[str, set[str]]:
        """Which canaries were found, and where."""
        return {
            name: {where for where, content in self.parts if trace in content}
            for name, trace in traces().items()
            if any(trace in content for _, content in self.parts)
        }

    def kinds(self) -> dict[str, int]:
        counted = {"frame": 0, "response": 0, "download": 0}
        for where, _ in self.parts:
            counted[where.split()[0]] += 1
        return counted


@dataclass
class Listening:
    """A browser whose every response, frame and download is kept."""

    server: Served
    browser: Browser

    @contextmanager
    def to(self, token: str) -> Iterator[tuple[Page, Received]]:
        received = Received()
        context = self.browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": self.server.url}])

        def keep_frame(frame: dict[str, Any]) -> None:
            payload = frame["response"]["payloadData"]
            binary = frame["response"]["opcode"] == 2
            content = base64.b64decode(payload) if binary else payload.encode()
            received.parts.append(("frame", content))

        page = context.new_page()
        page.on("response", lambda answer: received.waiting.append(answer))
        listener = context.new_cdp_session(page)
        listener.send("Network.enable")
        listener.on("Network.webSocketFrameReceived", keep_frame)
        yield page, received
        received.read()
        context.close()


@pytest.fixture
def canaries(tmp_path: Path) -> Iterator[tuple[Served, Office]]:
    """A server and an office whose rubric bears canaries."""
    content = with_canaries(tmp_path)
    with served(tmp_path, content) as server:
        office = Office.at(tmp_path)
        settings = replace(office.app.settings, questionnaires=content)
        office.app = replace(office.app, settings=settings, library=Library(content), _pinned={})
        yield server, office
        office.app.store.close()


def settle(page: Page) -> None:
    """Wait until the page is drawn and stands still."""
    expect(
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
    ).to_have_attribute("data-test-connection-state", "CONNECTED")


def test_nothing_of_the_rubric_reaches_a_vendors_browser(canaries, browser: Browser) -> None:
    server, office = canaries
    listening = Listening(server, browser)
    actor, (token,) = office.invites("Maria")
    town.answer(office.app, actor, LARKMERE.core["answers"])

    with listening.to(token) as (page, vendors):
        go_through_everything(page, server, vendors)
    reviewer, its_token = add_reviewer(office)
    with listening.to(its_token) as (page, reviewers):
        page.goto(server.url)
        set_up_app(page)
        duties.declare(
            office.app,
            people.actor_of(office.app, session(page)) or reviewer,
            actor.assessment_id,
            conflict=False,
        )
        page.goto(f"{server.url}/review?assessment={actor.assessment_id}")
        expect(page.get_by_role("button", name="Judge").first).to_be_visible()
        expect(page.get_by_role("alert").filter(has_text="Knocked out").first).to_be_visible()
        page.get_by_text("How the score adds up").click()
        expect(page.get_by_role("heading", name="From claimed to assured")).to_be_visible()

    kinds = vendors.kinds()
    assert kinds["frame"] > 50
    assert kinds["response"] > 30
    assert kinds["download"] == 1
    assert {address for address in vendors.unread if not address.endswith(".json")} == set()
    assert vendors.found() == {}
    assert "word" in reviewers.found()


@pytest.mark.parametrize("name", traces())
def test_the_search_finds_a_canary_in_whatever_shape(name: str) -> None:
    received = Received([("frame", b"\x08\x01" + traces()[name] + b"\x00")])

    assert name in received.found()


def go_through_everything(page: Page, server: Served, received: Received) -> None:
    """Every page of a vendor: look, answer, attach, submit, take the copy, and try what is not
    for vendors.
    """
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Welcome, Maria")).to_be_visible()
    for section in SECTIONS:
        received.read()
        page.goto(f"{server.url}/questionnaire?section={section}")
        choice = page.get_by_test_id("stMain").get_by_role("radio").first
        expect(choice).to_be_visible()
        if section == SECTIONS[0]:  # elsewhere the answers stay that rules speak of
            choice.check()
            expect(page.get_by_role("status").first).to_have_text(re.compile("^Saved"))
    attach(page)
    for path in ("/review", "/compare", "/decide", "/people", "/trail.csv", "/brief/0", "/nowhere"):
        received.read()
        page.goto(server.url + path)
        if page.get_by_test_id("stApp").count():
            settle(page)
    received.read()
    page.goto(f"{server.url}/submit")
    page.get_by_label("Your role").fill("Head of security")
    page.get_by_text("I am authorised to answer for this company").click()
    page.get_by_role("button", name=re.compile("^Submit ")).click()
    expect(page.get_by_text("Your answers are sealed")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download your own copy").click()
    received.parts.append(("download", download.value.path().read_bytes()))
    received.read()
    page.goto(server.url)
    settle(page)


def add_reviewer(office: Office) -> tuple[Any, str]:
    """A reviewer, as an actor and with the token of a session."""
    administrator = town.actor(office.app, office.people, "administrator")
    link = people.add_person(
        office.app, administrator, "Rita Moss", "rita@example.org", [Role.REVIEWER]
    )
    token = people.choose_password(office.app, link.token, PASSWORD)
    return people.actor_of(office.app, hash_token(token)), token
