"""The section of a page that works out, when asked, what a better band would take."""

import streamlit as st

from vendorrisk.access import Actor
from vendorrisk.ui import refusals, scorecards
from vendorrisk.usecases import weighing
from vendorrisk.usecases.application import Application


def what_it_takes(app: Application, actor: Actor, assessment_id: str, scorecard_id: str) -> None:
    """The section; what was worked out for a scorecard is kept for as long as one is signed in.

    The search may take two seconds, so it waits until somebody asks for it.
    """
    st.header("What would it take?", anchor=False)
    st.markdown(
        "The smallest changes that would bring a better band: answers to improve, and evidence to"
        " supply. They are worked out from this score, and change nothing."
    )
    known: dict[str, weighing.Reach] = st.session_state.setdefault("reach", {})
    if scorecard_id in known:
        scorecards.reach(known[scorecard_id])
    elif st.button("Work it out", icon=":material/route:", key=f"reach_{scorecard_id}"):
        told = "Looking for the smallest changes; this takes some seconds"
        with refusals.shown() as outcome, st.spinner(told, show_time=True):
            known[scorecard_id] = weighing.reach(app, actor, assessment_id)
        if outcome.fine:
            st.rerun()
