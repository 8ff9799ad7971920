"""Every address that takes a post takes it from a form of our own page, and from nothing else."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Mount, Route

from tests.server.conftest import ADDRESS
from vendorrisk.access import Role
from vendorrisk.server import routes
from vendorrisk.server.sessions import FORM_COOKIE, form_token

BY_PROVIDERS = "/sign-out/by/{provider}"
"""Takes what a provider's server signed, and no form; test_provider_signs_out shows what of it."""
POSTS = sorted(
    route.path
    for route in routes()
    if isinstance(route, Route) and "POST" in route.methods and route.path != BY_PROVIDERS
)
EVERY = sorted({re.sub(r"\{[^}]+\}", "x", route.path) for route in routes() if route.path})
KEY = "k" * 43

FORGERIES = {
    "no origin": ({}, {}),
    "another site": ({"Origin": "https://evil.example"}, {}),
    "a site named like ours": ({"Origin": f"{ADDRESS}.evil.example"}, {}),
    "a page without origin": ({"Origin": "null"}, {}),
    "no token": ({"Origin": ADDRESS}, {}),
    "a made-up token": ({"Origin": ADDRESS}, {"form_token": "0" * 64}),
    "another form's token": ({"Origin": ADDRESS}, {"form_token": form_token(KEY, "/elsewhere")}),
    "another browser's token": ({"Origin": ADDRESS}, {"form_token": form_token("j" * 43, "")}),
}


def test_the_walk_has_somewhere_to_go():
    assert len(POSTS) >= 10
    assert all("{" not in path for path in POSTS)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_post_is_refused_everywhere(client, sign_in, forgery):
    sign_in(Role.ADMINISTRATOR)
    given, fields = FORGERIES[forgery]
    client.cookies.set(FORM_COOKIE, KEY)

    answers = {path: client.post(path, headers=given, data=fields) for path in POSTS}

    assert {path: sent.status_code for path, sent in answers.items()} == dict.fromkeys(POSTS, 403)
    assert all("no longer valid" in sent.text for sent in answers.values())


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_address_takes_anything_from_another_site(client, sign_in, method):
    sign_in(Role.ADMINISTRATOR)
    mounts = [route.path for route in routes() if isinstance(route, Mount)]

    answers = {
        path: client.request(method, path, headers={"Origin": "https://evil.example"}).status_code
        for path in [*EVERY, *mounts, "/_stcore/upload_file/s/f", "/_stcore/stream", "/nowhere"]
    }

    assert set(answers.values()) == {403}


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data"])
def test_a_form_that_another_page_could_send_unasked_is_refused(client, sign_in, kind):
    sign_in(Role.ADMINISTRATOR)
    client.cookies.set(FORM_COOKIE, KEY)

    for path in POSTS:
        sent = client.post(
            path,
            headers={"Origin": ADDRESS, "Content-Type": kind},
            content=f"form_token={form_token(KEY, path)}".encode(),
        )
        assert sent.status_code == 403, path
