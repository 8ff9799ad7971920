"""Who is looking at the page: asked of the database on every rerun, never remembered."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from vendorrisk.access import ORIGIN, Actor
from vendorrisk.demo import lifetime
from vendorrisk.usecases import people
from vendorrisk.usecases.application import Application, application

SESSION_FIELD = "session"
"""The field of `st.user` in which the server hands over the hash of the session's token."""


def current() -> tuple[Application, Actor]:
    """The application and who is signed in; otherwise the page stops at a link to sign in."""
    app = application()
    # Streamlit names no address for a browser on this machine.
    address = st.context.ip_address
    ORIGIN.set(address if isinstance(address, str) else "127.0.0.1")
    if lifetime.over(app):
        _say_that_it_ended(app)
    hashed = st.user.get(SESSION_FIELD)
    actor = people.actor_of(app, hashed) if isinstance(hashed, str) else None
    if actor is None:
        _ask_to_sign_in()
    return app, actor


def _say_that_it_ended(app: Application) -> NoReturn:
    lifetime.purge(app)
    st.title("This demo has ended")
    st.write(str(lifetime.ended()))
    st.stop()


def _ask_to_sign_in() -> NoReturn:
    st.title("You are signed out")
    st.write("Your session has ended. What you saved is safe.")
    st.html('<a href="/sign-in" target="_self">Sign in again</a>')
    st.caption("Were you invited to a questionnaire? Open your link again.")
    st.stop()
