"""The script that Streamlit runs: finds out who is looking and opens the page they asked for."""

from pathlib import Path

import streamlit as st

from vendorrisk.access import ROLE_SAYS, Action, allowed
from vendorrisk.ui import demo
from vendorrisk.ui.autosave import save_typed
from vendorrisk.ui.navigation import entries, path
from vendorrisk.ui.session import current
from vendorrisk.ui.words import aside, plain
from vendorrisk.usecases.application import application

st.set_page_config(page_title="Vendor Risk", layout="wide")
st.html(Path(__file__).parents[1] / "look.css")
st.logo(str(Path(__file__).parents[1] / "logo.svg"))
demo.mark(application())
app, actor = current()
save_typed(app, actor)  # of the page before, too: whoever types and goes on at once loses nothing

first, *rest = entries(actor)
pages = [
    st.Page(
        path(entry.name),
        title=entry.title,
        icon=f":material/{entry.icon}:",
        url_path=entry.name,
        default=entry is first,
        visibility="visible" if entry.in_menu else "hidden",
    )
    for entry in (first, *rest)
]
page = st.navigation(pages, position="top")

# The foot is drawn first, because a page may end the run early.
body = st.container()
with st.container(key="foot", horizontal=True, vertical_alignment="center"):
    roles = ", ".join(says for role, says in ROLE_SAYS.items() if actor.has(role))
    st.markdown(aside(f"Signed in as {plain(actor.name)}, {roles}"), width="content")
    if allowed(actor, Action.OWN_ACCOUNT):
        st.html('<a href="/account" target="_self">Your account</a>', width="content")
    st.html('<a href="/sign-out" target="_self">Sign out</a>', width="content")
with body:
    page.run()
