"""Accounts in a real browser: passkeys of a virtual authenticator, and tabs that stay open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Watch
from tests.browser.second_step import keep_codes
from tests.browser.served import PATIENCE, Served
from tests.ui.town import PASSWORD

pytestmark = pytest.mark.browser

expect.set_options(timeout=PATIENCE)

OPTIONS = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


@dataclass
class Device:
    """A browser with an authenticator built in."""

    context: BrowserContext
    page: Page

    def with_authenticator(self, *credentials: dict[str, object]) -> Device:
        """Plug an authenticator in, with the passkeys that it has already."""
        self.cdp = self.context.new_cdp_session(self.page)
        self.cdp.send("WebAuthn.enable")
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": OPTIONS})
        self.authenticator = made["authenticatorId"]
        for credential in credentials:
            self.cdp.send(
                "WebAuthn.addCredential",
                {"authenticatorId": self.authenticator, "credential": credential},
            )
        return self

    def leave_unanswered(self) -> None:
        """Let the authenticator wait for a finger that does not come."""
        sent = {"authenticatorId": self.authenticator, "enabled": False}
        self.cdp.send("WebAuthn.setAutomaticPresenceSimulation", sent)

    def passkeys(self) -> list[dict[str, object]]:
        sent = {"authenticatorId": self.authenticator}
        found: list[dict[str, object]] = self.cdp.send("WebAuthn.getCredentials", sent)[
            "credentials"
        ]
        return found


@pytest.fixture
def device(browser: Browser, watch: Watch) -> Iterator[Callable[[], Device]]:
    contexts = []

    def device() -> Device:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        watch.over(page)
        return Device(context, page)

    yield device
    for context in contexts:
        watch.close(context)


def home(page: Page) -> None:
    expect(page.get_by_role("heading", name=re.compile("^Hello, "))).to_be_visible()


def sign_in(server: Served, page: Page) -> None:
    page.goto(f"{server.url}/sign-in")
    page.get_by_label("E-mail address").fill("ada@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()


def test_a_passkey_is_set_up_and_lets_in_and_an_ended_session_reaches_open_tabs(
    server: Served, device: Callable[[], Device]
) -> None:
    log = (server.folder / "server.log").read_text()
    link = re.search(r"http://\S+/setup#\S+", log)
    assert link is not None, log
    laptop = device().with_authenticator()
    page = laptop.page
    page.goto(server.url)  # leads to the set-up page, into which the link is pasted
    page.goto(link[0])
    expect(page.get_by_label("Code", exact=True)).to_be_hidden()
    page.get_by_label("Your name").fill("Ada Okafor")
    page.get_by_label("Your e-mail address").fill("ada@example.org")
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Create the administrator").click()

    # Nothing but the second step can be reached.
    expect(page.get_by_role("heading", name="Protect your account")).to_be_visible()
    page.goto(f"{server.url}/people")
    expect(page.get_by_role("heading", name="Protect your account")).to_be_visible()
    page.get_by_role("link", name="Set up a passkey").click()
    page.get_by_role("button", name="Make a passkey").click()
    codes = keep_codes(page)
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()
    assert len(codes) == 10
    [passkey] = laptop.passkeys()
    assert passkey["rpId"] == "localhost"

    # Another device, where nobody answers, gets nowhere and need not wait; with the passkey, in.
    other = device().with_authenticator()
    other.leave_unanswered()
    sign_in(server, other.page)
    other.page.get_by_role("button", name="Use your passkey").click()
    other.page.get_by_role("button", name="Stop waiting").click()
    expect(other.page.get_by_text("Nothing was given")).to_be_visible()
    synced = device().with_authenticator(passkey)
    sign_in(server, synced.page)
    synced.page.get_by_role("button", name="Use your passkey").click()
    home(synced.page)
    other.page.get_by_text("I do not have it with me").click()
    other.page.get_by_label("One of your recovery codes").fill(codes[0])
    other.page.get_by_role("button", name="Use this recovery code").click()
    home(other.page)

    # A tab that stays open is signed out by its next click, and so is every other of that browser.
    second_tab = other.context.new_page()
    second_tab.goto(f"{server.url}/people")
    expect(second_tab.get_by_role("heading", name="People", exact=True)).to_be_visible()
    page.goto(f"{server.url}/account")
    expect(page.get_by_text("9 of 10 left")).to_be_visible()
    page.get_by_role("button", name="Sign out everywhere else").click()
    expect(page.get_by_text("You are signed out everywhere else.")).to_be_visible()
    other.page.get_by_role("button", name="Add colleagues").click()
    expect(other.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    second_tab.get_by_role("button", name="Change").first.click()
    second_tab.get_by_role("button", name="New password link").click()
    expect(second_tab.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.goto(f"{server.url}/people")
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()
