"""Who asks for too much is asked to wait, told how long, and hinders nobody else."""

from __future__ import annotations

import re
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import WebSocketDenialResponse

from tests.server.conftest import ADDRESS, post
from vendorrisk.access import Role
from vendorrisk.server.limits import BY_ADDRESS, BY_SESSION, Limit, Meter, kind_of
from vendorrisk.server.sessions import SESSION_COOKIE

EXPORTS = ["/evidence/0123", "/submission/0123.json", "/brief/0123", "/trail.csv"]


def test_a_session_that_posts_without_end_is_asked_to_wait_and_then_served(client, sign_in, clock):
    sign_in(Role.REVIEWER)

    sent = [
        client.post("/account", headers={"Origin": ADDRESS})
        for _ in range(BY_SESSION["post"].at_once + 1)
    ]

    assert {answer.status_code for answer in sent[:-1]} == {403}  # the form is not ours
    refused = sent[-1]
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert "try again in a second" in refused.text
    assert not re.search(r"Limit|session [0-9a-f]|testclient", refused.text)
    clock.forward(seconds=1)
    assert client.post("/account", headers={"Origin": ADDRESS}).status_code == 403


def test_the_limit_of_one_session_is_not_anothers(client, sign_in):
    sign_in(Role.REVIEWER)
    for _ in range(BY_SESSION["post"].at_once):
        client.post("/account", headers={"Origin": ADDRESS})
    assert client.post("/account", headers={"Origin": ADDRESS}).status_code == 429

    sign_in(Role.AUDITOR)

    assert client.post("/account", headers={"Origin": ADDRESS}).status_code == 403
    assert client.get("/").status_code == 200


def test_a_new_cookie_for_every_post_escapes_nothing(client, administrator):
    answers = []
    for number in range(BY_ADDRESS["post"].at_once + 1):
        client.cookies.set(SESSION_COOKIE, f"made-up-session-number-{number}")
        answers.append(client.post("/sign-in", headers={"Origin": ADDRESS}).status_code)

    assert answers[:-1] == [403] * BY_ADDRESS["post"].at_once
    assert answers[-1] == 429


@pytest.mark.parametrize("path", EXPORTS)
def test_taking_files_away_without_end_is_slowed_down(client, sign_in, path):
    sign_in(Role.AUDITOR)

    sent = [client.get(path).status_code for _ in range(BY_SESSION["export"].at_once + 1)]

    assert 429 not in sent[:-1]
    assert sent[-1] == 429


def test_uploading_without_end_is_slowed_down(client, sign_in):
    sign_in(Role.REVIEWER)

    sent = [
        client.put(
            "/_stcore/upload_file/none/none",
            files={"file": ("a.txt", b"x")},
            headers={"Origin": ADDRESS},
        )
        for _ in range(BY_SESSION["upload"].at_once + 1)
    ]

    assert 429 not in {answer.status_code for answer in sent[:-1]}
    assert sent[-1].status_code == 429
    assert int(sent[-1].headers["Retry-After"]) <= BY_SESSION["upload"].seconds


SOCKET = {"Host": "localhost:8501", "Origin": ADDRESS}


def connect(client) -> None:
    with client.websocket_connect("/_stcore/stream", headers=SOCKET):
        pass


def test_connecting_without_end_is_slowed_down_and_goes_on_after_the_wait(
    client, sign_in, clock, short_limits
):
    sign_in(Role.REVIEWER)
    for _ in range(BY_SESSION["socket"].at_once):
        connect(client)

    with pytest.raises(WebSocketDenialResponse) as refused:
        connect(client)

    assert refused.value.status_code == 429
    assert client.get("/").status_code == 200
    assert client.post("/account", headers={"Origin": ADDRESS}).status_code == 403  # not ours
    clock.forward(seconds=int(refused.value.headers["Retry-After"]))
    connect(client)


def test_a_new_cookie_for_every_socket_escapes_nothing(client, administrator, short_limits):
    for number in range(BY_ADDRESS["socket"].at_once):
        client.cookies.set(SESSION_COOKIE, f"made-up-session-number-{number}")
        connect(client)

    client.cookies.set(SESSION_COOKIE, "made-up-session-number-last")
    with pytest.raises(WebSocketDenialResponse):
        connect(client)


@pytest.fixture
def short_limits(monkeypatch):
    """Connecting costs far more than being refused, so that few connections have to do."""
    monkeypatch.setitem(BY_SESSION, "socket", Limit(6, 60))
    monkeypatch.setitem(BY_ADDRESS, "socket", Limit(12, 60))


@pytest.mark.parametrize("tabs", [1, 8])
def test_no_page_that_reconnects_is_ever_refused(tabs):
    # Streamlit's page waits half a second, then twice as long each time, up to eight seconds.
    meter, refused = Meter(), 0
    waits = [min(0.5 * 2**attempt, 8) for attempt in range(60)]
    for at in sorted(list(accumulate(waits, initial=1_000.0)) * tabs):
        refused += meter.wait("session", BY_SESSION["socket"], at) > 0
    assert refused == 0


def test_a_refusal_bears_the_headers_of_every_page(client, sign_in):
    sign_in(Role.REVIEWER)
    for _ in range(BY_SESSION["post"].at_once):
        client.post("/account", headers={"Origin": ADDRESS})

    refused = client.post("/account", headers={"Origin": ADDRESS})

    assert refused.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in refused.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/sign-in", "/assets/site.css", "/_stcore/health"])
def test_looking_at_pages_is_not_counted(path):
    assert kind_of({"type": "http", "method": "GET", "path": path}) is None


def test_an_ordinary_sign_in_is_far_from_the_limit(client, administrator):
    for _ in range(5):
        assert post(client, "/sign-in", email="ada@example.org", password="no").status_code == 422


LIMITS = st.builds(Limit, st.integers(1, 40), st.floats(1, 600))
GAPS = st.lists(st.floats(0, 100), max_size=120)


@given(LIMITS, GAPS)
def test_no_window_ever_lets_more_through_than_twice_the_limit(limit, gaps):
    meter, now, through = Meter(), 1_000.0, []
    for gap in gaps:
        now += gap
        if meter.wait("k", limit, now) == 0:
            through.append(now)

    for start in through:
        within = [at for at in through if start <= at < start + limit.seconds]
        assert len(within) <= 2 * limit.at_once


@given(LIMITS, GAPS)
def test_whoever_waits_as_told_is_let_through(limit, gaps):
    meter, now = Meter(), 1_000.0
    for gap in gaps:
        now += gap
        wait = meter.wait("k", limit, now)
        assert 0 <= wait <= limit.seconds + 0.001
        if wait > 0:
            assert meter.wait("k", limit, now + wait + 1e-6) == 0
            now += wait + 1e-6


@given(LIMITS, st.floats(0, 1e9))
def test_a_clock_set_back_locks_nobody_out(limit, back):
    meter = Meter()
    while meter.wait("k", limit, 2e9) == 0:
        pass

    assert meter.wait("k", limit, 2e9 - back) <= limit.seconds + 0.001
