"""A provider ends the sessions that it began, by OpenID Connect Back-Channel Logout 1.0."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pyotp
import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

from tests.server.conftest import PASSWORD, ROOT, make_application
from tests.server.forged_tokens import KEY, OTHER, by_public_key, unsigned
from vendorrisk import oidc
from vendorrisk.access import EVERYTHING, Role
from vendorrisk.identity import hash_token
from vendorrisk.usecases import application as running
from vendorrisk.usecases import people, providers, second_factor, setup

EVENT = "http://schemas.openid.net/event/backchannel-logout"
NUMBERS = count(1)
PATH = "/sign-out/by/council"

FILE = """
providers:
  - id: council
    name: Example Council
    issuer: {issuer}
    client_id: vendorrisk
    client_secret_env: COUNCIL_SECRET
    email_domains: [example.org]
    roles: {{claim: groups, map: {{r: auditor, s: reviewer}}}}
"""


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A server on this machine that tells of itself and publishes its keys, as a provider does."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = f"http://127.0.0.1:{server.server_port}"
            told = {
                "/.well-known/openid-configuration": {
                    "issuer": address,
                    "jwks_uri": f"{address}/keys",
                    "backchannel_logout_supported": True,
                },
                "/keys": KeySet([KEY]).as_dict(private=False),
            }
            body = json.dumps(told[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def app(server, sqlite_url, tmp_path, clock, monkeypatch, issuer):
    path = tmp_path / "providers.yaml"
    path.write_text(FILE.format(issuer=issuer))
    monkeypatch.setenv("COUNCIL_SECRET", "hush hush, a secret of the tests")
    mine = make_application(
        sqlite_url, tmp_path, clock, providers=path, second_factor_for=frozenset({Role.REVIEWER})
    )
    monkeypatch.setattr(running, "_installed", mine)
    setup.complete_setup(mine, setup.setup_link(mine), "Ada Grant", "ada@example.org", PASSWORD)
    server.cookies.clear()
    yield mine
    providers._read.cache_clear()


def session(app, subject="rosa", sid="", role=Role.AUDITOR):
    """Somebody comes in through the provider; gives the hash of their session's token."""
    [provider] = providers.providers(app)
    who = oidc.Claimed(
        subject, f"{subject}@example.org", subject.title(), frozenset({role}), False, sid
    )
    return hash_token(providers.sign_in_with(app, provider, who))


def claims(app, **changes):
    [provider] = providers.providers(app)
    now = int(app.clock().timestamp())
    whole = {
        "iss": provider.issuer,
        "aud": "vendorrisk",
        "iat": now,
        "exp": now + 120,
        "jti": f"token {next(NUMBERS)}",
        "events": {EVENT: {}},
        "sub": "rosa",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def signed(told, key=KEY, **header):
    return jwt.encode({"alg": "RS256", "kid": "a", "typ": "logout+jwt", **header}, told, key)


def post(client, token, **headers):
    return client.post(PATH, data={"logout_token": token}, headers=headers)


def alive(app, *hashes):
    return [people.actor_of(app, hashed) is not None for hashed in hashes]


def test_the_provider_ends_every_session_of_somebody_that_it_began(app, server):
    mine = [session(app), session(app, sid="2")]
    others = session(app, "ben")
    by_password = hash_token(people.sign_in(app, "ada@example.org", PASSWORD))
    assert alive(app, *mine, others, by_password) == [True] * 4

    sent = post(server, signed(claims(app)))

    assert (sent.status_code, sent.content) == (200, b"")
    assert sent.headers["Cache-Control"] == "no-store"
    assert alive(app, *mine, others, by_password) == [False, False, True, True]
    assert app.store.breaks() == []
    with app.store.read(EVERYTHING) as work:
        told = work.events()[-1]
    assert (told.action, json.loads(told.details)) == ("sign_out_by_provider", {"by": "council"})


@pytest.mark.parametrize("with_subject", [True, False])
def test_a_named_session_ends_alone(app, server, with_subject):
    one, two = session(app, sid="1"), session(app, sid="2")
    told = claims(app, sid="1", **({} if with_subject else {"sub": ...}))

    assert post(server, signed(told)).status_code == 200

    assert alive(app, one, two) == [False, True]


def test_a_session_of_somebody_else_there_does_not_end(app, server):
    one = session(app, sid="1")

    assert post(server, signed(claims(app, sub="ben", sid="1"))).status_code == 200

    assert alive(app, one) == [True]


def test_a_session_ends_before_and_after_its_second_step(app, server, clock):
    half = session(app, role=Role.REVIEWER)
    made = second_factor.begin_app(app, half)
    whole = second_factor.confirm_app(app, half, pyotp.TOTP(made.secret).at(clock())).token
    waiting = session(app, role=Role.REVIEWER)
    assert second_factor.halfway_of(app, waiting) is not None
    assert alive(app, hash_token(whole)) == [True]

    assert post(server, signed(claims(app))).status_code == 200

    assert second_factor.halfway_of(app, waiting) is None
    assert alive(app, hash_token(whole)) == [False]


LIES = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": ...},
    "for another": {"aud": "another"},
    "for nobody": {"aud": ...},
    "over": {"exp": 1, "iat": 0},
    "made long ago": {"iat": 1_700_000_000},
    "made tomorrow": {"iat": 1_900_000_000, "exp": 1_900_000_100},
    "no time": {"iat": ...},
    "no end": {"exp": ...},
    "no id": {"jti": ...},
    "an empty id": {"jti": ""},
    "an id that is none": {"jti": 7},
    "with a nonce, as an ID token": {"nonce": "n"},
    "with an empty nonce": {"nonce": None},
    "no event": {"events": ...},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "an event that is no object": {"events": {EVENT: "yes"}},
    "events that are a list": {"events": [EVENT]},
    "nobody": {"sub": ...},
    "an empty name": {"sub": "", "sid": ""},
    "no text": {"sub": 7},
    "a list of sessions": {"sid": ["1"]},
    "too long": {"sub": "x" * 300},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_does_not_hold_signs_nobody_out(app, server, lie):
    one = session(app, sid="1")

    sent = post(server, signed(claims(app, **LIES[lie])))

    assert sent.status_code == 400
    assert sent.headers["Cache-Control"] == "no-store"
    assert sent.json()["error"] == "invalid_request"
    assert alive(app, one) == [True]


@pytest.mark.parametrize(
    "forge",
    [
        unsigned,
        by_public_key,
        lambda told: jwt.encode(
            {"alg": "HS256"}, told, OctKey.import_key("hush hush, a secret of the tests")
        ),
        lambda told: signed(told, OTHER),
        lambda told: signed(told)[:-6] + "AAAAAA",
        lambda told: "",
        lambda told: "x.y.z",
        lambda told: "é" * 40,
    ],
)
def test_only_the_providers_own_signature_counts(app, server, forge):
    one = session(app)

    assert post(server, forge(claims(app))).status_code == 400

    assert alive(app, one) == [True]


def events(app):
    with app.store.read(EVERYTHING) as work:
        return len(work.events())


def test_keys_that_cannot_be_fetched_are_no_bad_token(app, server, monkeypatch):
    token = signed(claims(app))

    def silent(*_, **__):
        raise requests.ConnectionError

    monkeypatch.setattr(oidc, "_remembered", {})
    monkeypatch.setattr(oidc.requests, "get", silent)
    before = events(app)
    assert post(server, token).status_code == 503
    assert events(app) == before, "nothing is held against the provider"


def test_a_token_counts_once(app, server, clock):
    token = signed(claims(app))
    assert post(server, token).status_code == 200
    again = session(app)

    assert post(server, token).status_code == 400
    clock.forward(minutes=25)
    assert post(server, token).status_code == 400, "it is remembered for longer than it holds"

    assert alive(app, again) == [True]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", "application/x-www-form-urlencoded"),
        ("logout_token=a&logout_token=b", "application/x-www-form-urlencoded"),
        ("logout_token=" + "a" * 40_000, "application/x-www-form-urlencoded"),
        ("a=1&" * 50, "application/x-www-form-urlencoded"),
        ('{"logout_token": "a"}', "application/json"),
    ],
)
def test_what_is_no_form_with_one_token_is_refused(app, server, body, kind):
    assert server.post(PATH, content=body, headers={"Content-Type": kind}).status_code == 400


def test_a_page_of_another_site_is_refused_and_no_other_address_is_open(app, server):
    one, token = session(app), signed(claims(app))

    assert post(server, token, Origin="https://evil.example").status_code == 403
    assert alive(app, one) == [True]
    assert server.post("/sign-out", data={}).status_code == 403
    assert server.post(f"{PATH}/more", data={}).status_code == 403
    assert post(server, token).status_code == 200


def test_nobody_tries_tokens_without_end(app, server):
    answers = [post(server, "x.y.z").status_code for _ in range(24)]
    assert answers[0] == 400
    assert answers[-1] == 429


def test_another_provider_is_not_there(app, server):
    sent = server.post("/sign-out/by/other", data={"logout_token": "x"})
    assert sent.status_code == 404


def test_the_address_is_the_one_that_the_documentation_names():
    page = (ROOT / "docs" / "operations.md").read_text()
    assert f"https://…{PATH}" in page
