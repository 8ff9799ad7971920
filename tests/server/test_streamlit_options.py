"""Each option of Streamlit that may change with a version still does what we rely on."""

import logging
import tomllib
from pathlib import Path
from unittest.mock import MagicMock, Mock

import pytest
from streamlit import config
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest
from streamlit.web.server.app_discovery import discover_asgi_app
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from tests.server.conftest import ADDRESS, ROOT
from vendorrisk.access import Role
from vendorrisk.identity import hash_token
from vendorrisk.server.sessions import SESSION_COOKIE
from vendorrisk.server.site import site
from vendorrisk.server.streamlit_options import IDENTITY_FIELD, LARGEST_MESSAGE_MB, options
from vendorrisk.ui.session import SESSION_FIELD


@pytest.fixture
def connect(client):
    """Open a page's socket as a browser with this session would; gives the runtime's session."""

    def go(token=None, resume=""):
        headers = {"Origin": ADDRESS, "Host": "localhost:8501"}
        if token:
            headers["Cookie"] = f"{SESSION_COOKIE}={token}"
        before = {info.session.id for info in _sessions()}
        with client.websocket_connect(
            "/_stcore/stream", subprotocols=["streamlit", "xsrf", resume], headers=headers
        ) as socket:
            # The runtime connects the session just after accepting; an answer comes after that.
            socket.send_bytes(b"")
            sessions = {info.session.id: info.session for info in _sessions()}
            new = [s for key, s in sessions.items() if key not in before or key == resume]
            return new[0]

    def _sessions():
        return client.app._runtime._session_mgr.list_sessions()

    return go


def test_start_up_sets_every_option(server):
    for name, value in options(site().hosts).items():
        assert config.get_option(name) == value, name


def test_the_options_stay_when_streamlit_reads_its_file_again(server):
    config.get_config_options(force_reparse=True)

    for name, value in options(site().hosts).items():
        assert config.get_option(name) == value, name


def test_a_page_is_told_whose_session_it_is(client, connect, sign_in):
    sign_in(Role.REVIEWER)
    token = client.cookies.get(SESSION_COOKIE)
    client.cookies.clear()

    assert connect(token)._user_info == {IDENTITY_FIELD: hash_token(token)}
    assert connect()._user_info == {IDENTITY_FIELD: None}
    assert IDENTITY_FIELD == SESSION_FIELD


def test_a_page_is_resumed_only_by_whom_it_belongs_to(client, connect, sign_in):
    sign_in(Role.REVIEWER)
    mine = client.cookies.get(SESSION_COOKIE)
    sign_in(Role.AUDITOR)
    theirs = client.cookies.get(SESSION_COOKIE)
    client.cookies.clear()
    page = connect(mine).id

    assert connect(theirs, resume=page).id != page
    assert connect(None, resume=page).id != page
    assert connect(mine, resume=page).id == page


def test_streamlit_itself_refuses_another_name(server):
    assert is_host_allowed("localhost:8501")
    assert not is_host_allowed("evil.example")


def test_nobody_may_steer_the_app_from_a_frame(client):
    told = client.get("/_stcore/host-config").json()

    assert told["allowedOrigins"] == []
    assert told["useExternalAuthToken"] is False


def _collections_after_a_run(monkeypatch, *, option):
    calls = []
    monkeypatch.setattr(script_runner.gc, "collect", calls.append)
    monkeypatch.setattr(script_runner.config, "get_option", {"runner.postScriptGC": option}.get)
    script_runner.ScriptRunner._on_script_finished(
        MagicMock(),
        Mock(has_script_started=False),
        Mock(),
        premature_stop=True,
        run_descriptor=Mock(),
    )
    return len(calls)


def test_a_rerun_collects_no_garbage(server):
    assert config.get_option("runner.postScriptGC") is False
    with pytest.MonkeyPatch.context() as patch:
        assert _collections_after_a_run(patch, option=False) == 0
        assert _collections_after_a_run(patch, option=True) == 1


def test_seeding_a_widget_that_has_a_state_warns_nobody(server, caplog):
    script = (
        "import streamlit as st\n"
        "st.session_state.setdefault('k', 'a')\n"
        "st.text_input('Name', value='b', key='k')"
    )

    ran = AppTest.from_string(script).run()

    assert not ran.exception
    assert not ran.warning


def test_a_message_larger_than_any_answer_is_refused(server, monkeypatch):
    from streamlit.runtime import runtime_util

    # It is read once, and another test of this process may have read it without our options.
    monkeypatch.setattr(runtime_util, "_max_widget_state_size_bytes", None)
    assert runtime_util.get_max_widget_state_size_bytes() == LARGEST_MESSAGE_MB * 1_000_000


def test_metrics_name_nobody(client, sign_in):
    actor = sign_in(Role.ADMINISTRATOR)

    sent = client.get("/_stcore/metrics").text

    assert "active_sessions" in sent
    assert actor.name not in sent
    assert hash_token(client.cookies.get(SESSION_COOKIE)) not in sent


def test_streamlit_finds_the_app_by_reading_the_file():
    found = discover_asgi_app(Path(ROOT / "app.py"))

    assert (found.is_asgi_app, found.import_string) == (True, "app:app")


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("server", "address", "localhost"),
        ("server", "headless", True),
        ("server", "maxUploadSize", 20),
        ("server", "enableXsrfProtection", True),
        ("server", "enableCORS", True),
        ("server", "enableStaticServing", False),
        ("server", "enableAgentApi", False),
        ("browser", "gatherUsageStats", False),
        ("client", "showErrorDetails", "none"),
        ("client", "showErrorLinks", False),
        ("client", "toolbarMode", "viewer"),
        ("logger", "enableRich", False),
    ],
)
def test_the_file_sets_the_safe_choice_and_streamlit_reads_it(server, section, name, value):
    file = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())

    assert file[section][name] == value
    assert config.get_option(f"{section}.{name}") == value


def test_the_largest_upload_is_the_largest_file_of_evidence():
    from vendorrisk.evidence import LARGEST_FILE

    assert config.get_option("server.maxUploadSize") == LARGEST_FILE // 1024 // 1024


def test_streamlit_does_not_log_a_fault_a_second_time(server, caplog):
    logger = logging.getLogger("streamlit.error_util")
    record = logger.makeRecord(logger.name, logging.ERROR, "", 0, "x", (), (None, None, None))

    assert not logger.filter(record)
