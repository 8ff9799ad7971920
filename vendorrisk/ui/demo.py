"""What a demo says of itself: on every page that it is one, and where files would be attached."""

from __future__ import annotations

import streamlit as st

from vendorrisk.demo import lifetime
from vendorrisk.ui.words import day
from vendorrisk.usecases.application import Application


def mark(app: Application) -> None:
    """The line above every page of a demo; nothing anywhere else."""
    if not app.settings.demo or lifetime.over(app):
        return
    until = lifetime.demo_until(app.store)
    gone = f" It deletes itself on {day(until.date())}." if until is not None else ""
    with st.container(key="demo"):
        st.markdown(
            f":orange-background[:material/science: **Demo:** every vendor, person and answer here"
            f" is made up.{gone}]"
        )


def takes_no_files() -> None:
    """What stands where a file would be attached."""
    st.caption("This is a demo, which takes no files. In the real product they are attached here.")
