"""Every hidden or experimental option of Streamlit that we rely on, each with its reason.

Documented options stand in .streamlit/config.toml, where an operator looks for them. Those here may
change or go with any version, so tests/server/test_streamlit_options.py shows for each what it
does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from streamlit import config

IDENTITY_HEADER = "x-vendorrisk-session"
"""Carries the hash of the session token from our middleware into Streamlit; see `Identity`."""

IDENTITY_FIELD = "session"
"""The field of `st.user` in which the pages find that hash."""

LARGEST_MESSAGE_MB = 5
"""What one browser may send in one message: many times the longest answer."""


def options(allowed_hosts: Sequence[str]) -> dict[str, object]:
    """The options and their values; `allowed_hosts` are names without port."""
    return {
        # Ties a page, and its reconnecting, to the session that our middleware found.
        "server.trustedUserHeaders": {IDENTITY_HEADER: IDENTITY_FIELD},
        # Refuses the WebSocket under a name that is not ours (DNS rebinding). Documented, but
        # its value is known only when the settings are.
        "server.allowedHosts": list(allowed_hosts),
        # A full garbage collection after every rerun costs 65 to 100 ms; the lifespan freezes
        # what was loaded at start, and Python's ordinary collections remain.
        "runner.postScriptGC": False,
        # Answers are seeded from the database under a key that carries their version.
        "global.disableWidgetStateDuplicationWarning": True,
        # No other site may steer the app from a frame.
        "client.allowedOrigins": [],
        # Nobody drives the app as a program; its answers would bypass the pages.
        "server.enableAgentApi": False,
        # Would run the first page for anybody who asks.
        "server.scriptHealthCheckEnabled": False,
        # Would publish who is signed in.
        "server.unsafeMetricsUserAttributes": [],
        # Readers cannot make the app reload on changed files.
        "server.allowRunOnSave": False,
        # A session's page kept for a reader whose network drops.
        "server.disconnectedSessionTTL": 120,
        "server.maxWidgetStateSize": LARGEST_MESSAGE_MB,
    }


def apply(allowed_hosts: Sequence[str]) -> Callable[[], None]:
    """Set them all, now and whenever Streamlit reads its file again, which forgets them.

    Called at start, after Streamlit has read its file, flags and environment. Gives a function
    that ends the watching.
    """

    def set_all() -> None:
        for name, value in options(allowed_hosts).items():
            config.set_option(name, value, where_defined=__name__)

    set_all()
    return config.on_config_parsed(set_all, force_connect=True)
