"""Links that are shown once: where they lead, and keeping one on the page until it is put away."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from vendorrisk.ui.words import moment
from vendorrisk.usecases.application import Application

T = TypeVar("T")


def zone() -> ZoneInfo:
    """The reader's time zone as the browser tells it, else UTC."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def address(app: Application, route: str, token: str) -> str:
    """The link of `route` with its token, which stands behind the # and so never travels."""
    if app.settings.public_url is not None:
        origin = app.settings.public_url
    else:
        parts = urlsplit(st.context.url or "http://localhost:8501")
        origin = f"{parts.scheme}://{parts.netloc}"
    return f"{origin}/{route}#{token}"


def keep(name: str, link: object) -> None:
    """Keep a new link for this tab, to be shown after the page is drawn anew."""
    st.session_state[name] = link


def kept(name: str, kind: type[T]) -> T | None:
    """The link kept under `name`, if there is one."""
    link = st.session_state.get(name)
    return link if isinstance(link, kind) else None


def show_once(
    name: str, says: str, url: str, expires_at: datetime, message: str | None = None
) -> None:
    """A link that nobody can see again later, with a button to put it away.

    `says` is Markdown, `message` the text of an e-mail that could bring the link.
    """
    with st.container(border=True, key=f"{name}_shown"):
        st.markdown(f":material/link: {says}")
        st.code(url, language=None, wrap_lines=True)
        st.caption(
            f"Copy it now: it is shown only here and only once. It works until"
            f" {moment(expires_at, zone())}; you can make a new one at any time."
        )
        if message is not None:
            with st.expander("A message to send it with", icon=":material/mail:"):
                st.code(message, language=None, wrap_lines=True)
        if st.button("I have copied it", key=f"{name}_done", icon=":material/check:"):
            del st.session_state[name]
            st.rerun()
