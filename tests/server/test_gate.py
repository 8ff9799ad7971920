"""Who gets through to Streamlit and to files, under which name, and as whom."""

import re

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit.runtime.media_file_storage import MediaFileKind

from tests.server.conftest import ADDRESS, STAFF
from vendorrisk.access import INVITED_ROLES, Actor, Role
from vendorrisk.identity import hash_token
from vendorrisk.server import routes
from vendorrisk.server.middleware import Identity
from vendorrisk.server.sessions import SESSION_COOKIE
from vendorrisk.server.streamlit_options import IDENTITY_HEADER
from vendorrisk.usecases import evidence, people, submitting
from vendorrisk.usecases.evidence import EvidenceFile

CLOSED = [
    "/_stcore/agent/openapi.json",
    "/_stcore/agent/interact",
    "/_stcore/script-health-check",
    "/auth/login",
    "/oauth2callback",
    "/app/static/secret.txt",
    "/nowhere/at/all",
    "/index.html",
    "/static/js/missing.js",
    "/.env",
]


@pytest.mark.parametrize("path", CLOSED)
def test_what_is_not_offered_does_not_exist_even_for_an_administrator(client, sign_in, path):
    sign_in(Role.ADMINISTRATOR)

    assert client.get(path).status_code == 404
    assert client.post(path, headers={"Origin": ADDRESS}).status_code in (404, 405)


@pytest.mark.parametrize("path", ["/media/0a1b.png", "/_stcore/metrics", "/component/x/index.html"])
def test_a_stranger_finds_none_of_streamlits_data_routes(client, administrator, path):
    assert client.get(path).status_code == 404


def test_a_stranger_uploads_nothing(client, administrator):
    sent = client.put(
        "/_stcore/upload_file/session/file",
        files={"file": ("a.txt", b"x")},
        headers={"Origin": ADDRESS},
    )

    assert sent.status_code == 404


@pytest.mark.parametrize("role", STAFF)
def test_metrics_are_for_administrators(client, sign_in, role):
    sign_in(role)

    expected = 200 if role is Role.ADMINISTRATOR else 404
    assert client.get("/_stcore/metrics").status_code == expected


def test_media_is_for_whoever_is_signed_in(client, sign_in):
    # AppTest, which other tests use, takes Streamlit's own way to the runtime away.
    storage = client.app._runtime.media_file_mgr._storage
    url = storage.get_url(storage.load_and_get_id(b"chart", "image/png", MediaFileKind.MEDIA))

    assert client.get(url).status_code == 404
    sign_in(Role.REVIEWER)
    assert client.get(url).content == b"chart"


@pytest.mark.parametrize("path", ["/", "/engagement?engagement=7", "/review"])
def test_a_stranger_is_led_to_sign_in_and_back(client, administrator, path):
    sent = client.get(path)

    assert sent.status_code == 303
    assert sent.headers["Location"].startswith("/sign-in")
    assert "Streamlit" not in sent.text


def test_an_ended_session_is_a_strangers(client, sign_in, clock):
    sign_in(Role.REVIEWER)
    assert client.get("/").status_code == 200

    clock.forward(hours=13)

    assert client.get("/").status_code == 303


def test_the_page_bears_our_name(client, sign_in):
    sign_in(Role.REVIEWER)

    page = client.get("/").text

    assert "<title>Vendor Risk</title>" in page
    assert "/assets/icon.svg" in page
    assert "agent" not in page


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[::1", "a b"])
def test_a_request_for_another_name_is_refused(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1:8501", "[::1]:8501"])
def test_this_machines_names_are_answered(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {"Host": "localhost:8501"},
        {"Host": "localhost:8501", "Origin": "https://evil.example"},
        {"Host": "localhost:8501", "Origin": "null"},
        {"Host": "evil.example", "Origin": ADDRESS},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
)
def test_a_page_elsewhere_opens_no_socket(client, given):
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/_stcore/stream", headers=given),
    ):
        pass


@pytest.mark.parametrize("host", ["evil.example@localhost:8501", "a:b@localhost", "@localhost"])
def test_a_host_with_a_name_before_it_is_not_ours(client, host):
    assert client.get("/sign-in", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("address", ["<script>", "1.2.3.4\n5", "9" * 65, "a b", "=1+1"])
def test_a_request_from_what_is_no_address_is_refused(client, address):
    spoofed = TestClient(client.app, base_url=ADDRESS, client=(address, 1), follow_redirects=False)

    assert spoofed.get("/sign-in").status_code == 400


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::1", "fe80::1%eth0", ""])
def test_addresses_of_every_kind_are_served(client, address):
    near = TestClient(client.app, base_url=ADDRESS, client=(address, 1), follow_redirects=False)

    assert near.get("/healthz").status_code in (200, 503)


def test_our_own_page_opens_its_socket(client):
    given = {"Host": "localhost:8501", "Origin": ADDRESS}

    with client.websocket_connect("/_stcore/stream", headers=given) as socket:
        assert socket.accepted_subprotocol is None


async def _identity_that_arrives(headers):
    seen = []

    async def inner(scope, _receive, _send):
        seen.append(Headers(scope=scope).getlist(IDENTITY_HEADER))

    raw = [(name.encode(), value.encode()) for name, value in headers]
    await Identity(inner)({"type": "websocket", "headers": raw}, None, None)
    return seen[0]


@pytest.mark.parametrize(
    "name", [IDENTITY_HEADER, IDENTITY_HEADER.title(), IDENTITY_HEADER.upper()]
)
def test_an_identity_that_a_client_claims_is_dropped(name):
    import asyncio

    token = "t" * 43
    claimed = [(name, "claimed"), (name, "twice")]

    assert asyncio.run(_identity_that_arrives(claimed)) == []
    assert asyncio.run(
        _identity_that_arrives([*claimed, ("cookie", f"{SESSION_COOKIE}={token}")])
    ) == [hash_token(token)]


@pytest.mark.parametrize(
    "path", ["/evidence/0123", "/submission/0123.json", "/brief/0123", "/evidence/..%2f..%2fetc"]
)
def test_a_stranger_learns_nothing_about_files(client, administrator, path):
    sent = client.get(path)

    assert sent.status_code in (303, 400, 404)
    assert sent.headers.get("Location", "/sign-in").startswith("/sign-in")


@pytest.mark.parametrize("role", [Role.PROCUREMENT_OFFICER, Role.REVIEWER, Role.AUDITOR])
@pytest.mark.parametrize("path", ["/evidence/0123", "/brief/0123"])
def test_what_does_not_exist_is_not_found(client, sign_in, role, path):
    sign_in(role)

    sent = client.get(path)

    assert sent.status_code == 404
    assert "was not found" in sent.text


@pytest.mark.parametrize("path", ["/evidence/0123", "/brief/0123", "/submission/0123.json"])
def test_a_colleague_without_the_right_is_told_who_has_it(client, sign_in, path):
    sign_in(Role.ADMINISTRATOR)

    sent = client.get(path)

    assert sent.status_code == 403
    assert "it takes a" in sent.text


@pytest.mark.parametrize(
    "path",
    ["/evidence/0123", "/submission/0123.json", "/brief/0123", "/brief/mine", "/_stcore/metrics"],
)
def test_to_a_vendor_whatever_is_not_its_own_does_not_exist(client, monkeypatch, path):
    vendor = Actor("contact", "c", "Jo Field", INVITED_ROLES, assessment_id="mine")
    monkeypatch.setattr(people, "actor_of", lambda *_: vendor)
    client.cookies.set(SESSION_COOKIE, "t" * 43)

    sent = client.get(path)

    assert sent.status_code == 404
    assert "role" not in re.sub(r"role=", "", sent.text)


def test_evidence_is_always_saved_never_shown(client, sign_in, monkeypatch):
    sign_in(Role.REVIEWER)
    name = 'ré"port\r\nX-Evil: 1;.html'
    monkeypatch.setattr(
        evidence,
        "open_evidence",
        lambda *_: EvidenceFile(b"<script>alert(1)</script>", "text/html", name),
    )

    sent = client.get("/evidence/0123")

    assert sent.content == b"<script>alert(1)</script>"
    assert sent.headers["Content-Disposition"].startswith('attachment; filename="r__port__X-Evil')
    assert "sandbox" in sent.headers["Content-Security-Policy"]
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Evil" not in sent.headers


def test_a_vendors_copy_comes_byte_for_byte(client, sign_in, monkeypatch):
    sign_in(Role.REVIEWER)
    monkeypatch.setattr(submitting, "own_copy", lambda *_: b'{"answers":{}}')

    sent = client.get("/submission/0123456789.json")

    assert sent.content == b'{"answers":{}}'
    assert sent.headers["Content-Type"] == "application/json"
    assert "submission-01234567.json" in sent.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../server/sessions.py",
        "/assets/%2e%2e/sessions.py",
        "/assets/..%2fsessions.py",
        "/assets/%2fetc%2fpasswd",
        "/static/../../../etc/passwd",
        "/media/../app.py",
        "//evil.example/",
        "/submission/../healthz.json",
    ],
)
def test_no_path_leads_out_of_its_folder(client, sign_in, path):
    sign_in(Role.ADMINISTRATOR)

    sent = client.get(ADDRESS + path) if path.startswith("//") else client.get(path)

    assert sent.status_code in (303, 400, 403, 404)
    assert "def " not in sent.text
    assert "root:" not in sent.text


def test_every_address_is_in_the_architecture():
    from tests.server.conftest import ROOT

    page = (ROOT / "docs" / "architecture.md").read_text()
    first_words = {route.path.split("/")[1].split("{")[0] for route in routes()} - {""}

    assert {word for word in first_words if f"/{word}" not in page} == set()
