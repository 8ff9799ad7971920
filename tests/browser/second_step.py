"""What a person does to set up an authenticator app: reads its secret, types its code."""

from __future__ import annotations

import pyotp
from playwright.sync_api import Page, expect


def set_up_app(page: Page) -> tuple[str, list[str]]:
    """Set up an authenticator app where the page asks for a second factor.

    Gives the app's secret and the recovery codes.
    """
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_text("I cannot scan it").click()
    secret = page.locator(".secret-text").inner_text().replace(" ", "")
    page.get_by_role("textbox", name="Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Save").click()
    return secret, keep_codes(page)


def keep_codes(page: Page) -> list[str]:
    """Read the recovery codes, which are shown once, and go on."""
    expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    codes = page.locator(".codes li").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    return codes
