"""Every response bears the security headers, whoever answers it, and nothing with data is kept."""

import re

import pytest

from tests.server.conftest import ADDRESS, make_application
from vendorrisk.access import Role
from vendorrisk.server import headers
from vendorrisk.server.shell import inline_script_hashes, shell
from vendorrisk.server.site import Site
from vendorrisk.usecases import application as running
from vendorrisk.usecases import people

EVERY_KIND = [
    "/",
    "/setup",
    "/sign-in",
    "/sign-out",
    "/password",
    "/invitation",
    "/evidence/0123",
    "/submission/0123.json",
    "/brief/0123",
    "/healthz",
    "/assets/site.css",
    "/assets/missing.css",
    "/nowhere/at/all",
    "/media/0123.png",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/static/css/missing.css",
]


@pytest.mark.parametrize("path", EVERY_KIND)
def test_every_response_bears_the_headers(client, path):
    sent = client.get(path).headers

    for name, value in headers.EVERYWHERE.items():
        assert sent[name] == value
    assert "frame-ancestors 'none'" in sent["Content-Security-Policy"]
    assert "unsafe-eval" not in sent["Content-Security-Policy"]


@pytest.mark.parametrize("path", [path for path in EVERY_KIND if not path.startswith("/assets/")])
def test_no_browser_or_proxy_keeps_what_may_hold_data(client, path):
    assert client.get(path).headers["Cache-Control"] == "no-store"


def test_files_named_by_their_content_may_be_kept(client):
    hashed = next(path for path in shell().files if re.search(r"/index\..{8}\.js$", path))

    assert "immutable" in client.get(hashed).headers["Cache-Control"]


def test_a_page_of_streamlit_runs_only_scripts_from_our_own_address(client, sign_in):
    sign_in(Role.ADMINISTRATOR)

    page = client.get("/")
    policy = page.headers["Content-Security-Policy"]
    allowed = re.findall(r"script-src ([^;]+)", policy)[0].split()

    assert allowed == ["'self'", "blob:"]  # a component's script is handed over as a blob
    assert inline_script_hashes(page.text) == ()
    assert inline_script_hashes("<script>a()</script>") != ()
    assert "img-src 'self' data: blob:" in policy
    assert "connect-src 'self';" in policy


def test_our_own_pages_allow_nothing_inline(client, administrator):
    page = client.get("/sign-in")

    assert page.headers["Content-Security-Policy"] == headers.OWN_PAGES
    assert "unsafe-inline" not in headers.OWN_PAGES
    assert not re.search(r"<script(?![^>]+src=)|<style|\sstyle=|\son[a-z]+=", page.text)


@pytest.mark.parametrize("path", ["/setup", "/sign-in", "/password", "/invitation"])
def test_our_own_pages_load_nothing_from_elsewhere(client, path):
    page = client.get(path, follow_redirects=True)

    assert page.status_code == 200
    assert set(re.findall(r'(?:src|href|action)="([^"/#][^"]*|//[^"]*)"', page.text)) == set()


def test_tls_is_insisted_on_only_where_there_is_tls(client, app, clock, monkeypatch):
    assert "Strict-Transport-Security" not in client.get("/healthz").headers

    behind_tls = make_application(
        app.settings.database_url, app.settings.data, clock, public_url="https://risk.example.org"
    )
    monkeypatch.setattr(running, "_installed", behind_tls)
    sent = client.get("/setup", headers={"Host": "risk.example.org"})

    assert sent.headers["Strict-Transport-Security"] == headers.HSTS
    assert "; Secure" in sent.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("https://risk.example.org", "risk.example.org", True),
        ("http://risk.example.org", "risk.example.org", False),
        ("ftp://risk.example.org", "risk.example.org", False),
        ("https://risk.example.org.evil.example", "risk.example.org", False),
        ("http://localhost:8501", "localhost:8501", True),  # on the server itself
        ("http://localhost:9999", "localhost:8501", False),
        ("null", "risk.example.org", False),
    ],
)
def test_with_tls_a_page_without_is_another_site(origin, host, own):
    site = Site("https://risk.example.org", ("risk.example.org", "localhost", "127.0.0.1"))

    assert site.is_own_origin(origin, host) is own


def test_with_tls_a_cookie_counts_only_under_a_name_that_no_other_host_can_set(
    client, app, clock, monkeypatch, administrator
):
    behind_tls = make_application(
        app.settings.database_url, app.settings.data, clock, public_url="https://risk.example.org"
    )
    monkeypatch.setattr(running, "_installed", behind_tls)
    here = {"Host": "risk.example.org"}

    [sent] = client.get("/sign-in", headers=here).headers.get_list("Set-Cookie")
    assert sent.startswith("__Host-vendorrisk_form=")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=lax"} <= set(sent.split("; "))
    assert "domain" not in sent.lower()

    def answered(name):
        return client.get("/account", headers={**here, "Cookie": f"{name}={administrator[1]}"})

    assert answered("__Host-vendorrisk_session").status_code == 200
    assert answered("vendorrisk_session").status_code == 303


def test_a_fault_gives_a_reference_number_and_no_detail(client, administrator, monkeypatch, caplog):
    def fail(*_arguments):
        raise RuntimeError("the secret detail")

    monkeypatch.setattr(people, "sign_in", fail)
    page = client.get("/sign-in")
    token = re.search(r'name="form_token" value="([^"]+)"', page.text).group(1)
    monkeypatch.setattr("vendorrisk.server.faults.log.propagate", True)
    sent = client.post(
        "/sign-in",
        data={"form_token": token, "email": "a@example.org", "password": "x"},
        headers={"Origin": ADDRESS},
    )

    assert sent.status_code == 500
    assert "secret detail" not in sent.text
    assert "Traceback" not in sent.text
    reference = re.search(r'class="reference">([0-9a-f]{8})<', sent.text).group(1)
    assert f"Fault {reference}" in caplog.text
    assert sent.headers["X-Frame-Options"] == "DENY"
