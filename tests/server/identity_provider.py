"""A real identity provider (Canaille) as a process of its own, with a few people in groups.

Run as a program it serves until it is ended: `identity_provider.py PORT REDIRECT_URI…`.
"""

from __future__ import annotations

import datetime
import html
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

CLIENT_ID, CLIENT_SECRET = "vendorrisk", "a secret of the tests"
PASSWORD = "nine amber kites over fields"
PEOPLE = {
    "rosa": ("Rosa Vale", "rosa@example.org", ["vendor-reviewers", "everybody"]),
    "ben": ("Ben Carr", "ben@example.org", ["vendor-buyers"]),
    "nia": ("Nia Holt", "nia@example.org", ["everybody"]),
    "eve": ("Eve Stone", "eve@elsewhere.example", ["vendor-reviewers"]),
    "ada": ("Ada Grant", "ada@example.org", ["vendor-reviewers"]),
}


@dataclass(frozen=True)
class IdentityProvider:
    """Where it is, and a browser's way through it."""

    issuer: str

    def answers(self, address: str, who: str, password: str = PASSWORD) -> str:
        """Sign in at the authorization `address` as a browser does; gives where that leads."""
        with httpx.Client(follow_redirects=False, timeout=30) as browser:
            response = browser.get(address)
            for _ in range(12):
                while response.is_redirect:
                    place = urljoin(str(response.url), response.headers["Location"])
                    if not place.startswith(self.issuer):
                        return place
                    response = browser.get(place)
                response = browser.post(response.url, data=_filled(response.text, who, password))
        raise AssertionError(response.text[:2000])


def _filled(page: str, who: str, password: str) -> dict[str, str]:
    """The one form of a page with what a person would type into it."""
    fields = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = (re.search(rf'{a}="([^"]*)"', tag) for a in ("name", "value"))
        if name:
            fields[name[1]] = html.unescape(value[1]) if value else ""
    assert fields, page
    fields.update({"login": who} if "login" in fields else {})
    fields.update({"password": password} if "password" in fields else {})
    return fields


@contextmanager
def running_provider(*redirect_uris: str) -> Iterator[IdentityProvider]:
    """A provider on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", __file__, str(port), *redirect_uris],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    issuer = f"http://127.0.0.1:{port}"
    try:
        while not _answers(issuer):
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(process.stderr and process.stderr.read().decode())
        yield IdentityProvider(issuer)
    finally:
        process.kill()
        process.communicate()


def _answers(issuer: str) -> bool:
    try:
        with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def serve(port: int, redirect_uris: list[str]) -> None:
    """Make the people, the groups and the client in memory, and serve."""
    from canaille import create_app
    from canaille.app import models
    from joserfc.jwk import RSAKey

    app = create_app(
        {
            "SECRET_KEY": "the provider's own",
            "SERVER_NAME": f"127.0.0.1:{port}",
            "PREFERRED_URL_SCHEME": "http",
            "TESTING": True,
            "WTF_CSRF_ENABLED": False,
            "CANAILLE": {"DATABASE": "memory"},
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)]
            },
        }
    )
    with app.app_context():
        backend = app.backend
        with backend.session():
            users = {}
            for key, (name, email, _) in PEOPLE.items():
                users[key] = models.User(
                    formatted_name=name,
                    family_name=name.split()[1],
                    user_name=key,
                    emails=[email],
                    password=PASSWORD,
                )
                backend.save(users[key])
            for group in {group for _, _, groups in PEOPLE.values() for group in groups}:
                members = [users[key] for key, told in PEOPLE.items() if group in told[2]]
                backend.save(models.Group(display_name=group, members=members))
            client = models.Client(
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                client_name="Vendor Risk",
                client_uri="http://127.0.0.1",
                client_id_issued_at=datetime.datetime.now(datetime.UTC),
                redirect_uris=redirect_uris,
                grant_types=["authorization_code"],
                response_types=["code"],
                scope=["openid", "email", "profile", "groups"],
                token_endpoint_auth_method="client_secret_basic",
            )
            backend.save(client)
            client.audience = [client]
            backend.save(client)
    app.run(host="127.0.0.1", port=port, threaded=True, use_reloader=False)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2:])
