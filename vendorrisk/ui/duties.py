"""Duties kept apart, as people meet them: declaring, approving, overriding, closing, accepting."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from vendorrisk.access import Action, Actor, allowed
from vendorrisk.ui import links, refusals
from vendorrisk.ui.forms import Problems
from vendorrisk.ui.words import aside, day, moment, one_line, plain
from vendorrisk.usecases import duties
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.deciding import OUTCOMES, ConditionView, Option
from vendorrisk.usecases.duties import Duties, OverrideView


def declared_first(app: Application, actor: Actor, *assessment_ids: str) -> None:
    """Ask whoever judges about a conflict of interest before anything else, and end the page."""
    if not allowed(actor, Action.DECLARE):
        return
    for assessment_id in assessment_ids:
        with refusals.or_stop():
            stands = duties.duties(app, actor, assessment_id)
        if stands.must_declare:
            _ask(app, actor, assessment_id, stands)
            st.stop()


def _ask(app: Application, actor: Actor, assessment_id: str, stands: Duties) -> None:
    st.title("Before you read on", anchor=False)
    st.markdown(
        f"**Do you have a conflict of interest about {plain(stands.vendor_name)}** or about"
        f" “{plain(stands.engagement_title)}”**?** That is"
        " anything that could make somebody doubt your judgement: you or your family work or worked"
        " there, hold shares, took gifts, or would gain from one result. What you say stays, with"
        " your name, and colleagues read it."
    )
    problems = Problems()
    with st.container(border=True, key=f"declare_{assessment_id}"):
        if st.button("I have none", type="primary", icon=":material/check:"):
            with refusals.shown() as outcome:
                duties.declare(app, actor, assessment_id, conflict=False)
            if outcome.fine:
                st.rerun()
        with st.form(f"conflict_{assessment_id}", border=False):
            words = st.text_area("Or say what it is. A colleague then judges this engagement.")
            problems.below("words")
            sent = st.form_submit_button("I have a conflict of interest")
        if sent:
            with problems.shown() as outcome:
                duties.declare(app, actor, assessment_id, conflict=True, words=words)
            if outcome.fine:
                st.rerun()


def declared(app: Application, actor: Actor, assessment_id: str) -> None:
    """Who was kept out by a conflict of interest, and who said that they have none."""
    with refusals.shown() as outcome:
        stands = duties.duties(app, actor, assessment_id)
    if not outcome.fine:
        return
    for one in stands.declared:
        if one.conflict:
            st.warning(
                f"**{plain(one.who)} is kept out**, because of a conflict of interest:"
                f" {plain(one.words)}",
                icon=":material/person_off:",
            )
    if stands.wrote_rubric:
        st.info(
            "You are named as an author of this rubric, so others judge what it scores.",
            icon=":material/edit_off:",
        )
    free = [one.who for one in stands.declared if not one.conflict]
    if free:
        st.caption(f"No conflict of interest: {plain(', '.join(free))}.")


def approval(app: Application, actor: Actor, assessment_id: str, *, drafted: bool) -> bool:
    """Whether somebody can be invited; else who approves first, and the button for whoever may."""
    with refusals.shown() as outcome:
        stands = duties.duties(app, actor, assessment_id)
    if not outcome.fine:
        return False
    if stands.approved_by is not None and stands.approved_at is not None:
        when = moment(stands.approved_at, links.zone())
        st.markdown(
            aside(f":material/verified_user: Approved by {plain(stands.approved_by)} on {when}")
        )
    if not (drafted and stands.approval_needed):
        return True
    with st.container(border=True, key=f"approval_{assessment_id}"):
        st.markdown(
            "**A second officer approves** what is asked before anybody is invited, because this"
            " engagement is in tier 1 or 2."
        )
        if stands.may_approve:
            if st.button(
                "Approve what is asked",
                type="primary",
                icon=":material/verified_user:",
                key=f"approve_{assessment_id}",
            ):
                with refusals.shown() as approved:
                    duties.approve_scope(app, actor, assessment_id)
                if approved.fine:
                    st.rerun()
        else:
            st.markdown(aside("It waits on the first page of every second officer."))
    return False


def overrides(
    app: Application, actor: Actor, assessment_id: str, options: Sequence[Option]
) -> None:
    """Requests to open a closed outcome: what was asked and settled, and asking for one."""
    with refusals.or_stop():
        stands = duties.duties(app, actor, assessment_id)
    closed = [
        option for option in options if not option.fits and option.outcome in duties.OVERRIDABLE
    ]
    may_ask = bool(closed) and allowed(actor, Action.ASK_OVERRIDE)
    if not stands.overrides and not may_ask:
        return
    st.subheader("Opening what is closed", anchor=False)
    st.markdown("It takes a reason and two people. The figures stay as they are.")
    for one in stands.overrides:
        _override(app, actor, one)
    if not may_ask:
        return
    problems = Problems()
    with st.expander("Ask for it", icon=":material/lock_open:"), st.form(f"ask_{assessment_id}"):
        names = {option.outcome: option for option in closed}
        outcome = st.selectbox(
            "Which outcome?", list(names), format_func=lambda name: names[name].title
        )
        problems.below("outcome")
        reason = st.text_area("Why, although it is closed?")
        problems.below("reason")
        sent = st.form_submit_button("Ask a second person")
    if sent:
        with problems.shown() as done:
            duties.ask_override(app, actor, assessment_id, outcome or "", reason)
        if done.fine:
            st.rerun()


def _override(app: Application, actor: Actor, one: OverrideView) -> None:
    with st.container(border=True, key=f"override_{one.id}"):
        asked = f"{plain(one.asked_by)} on {moment(one.asked_at, links.zone())}"
        st.markdown(f"**{OUTCOMES[one.outcome]}**, asked for by {asked}: {plain(one.reason)}")
        if one.granted is not None:
            said = "granted" if one.granted else "refused"
            st.markdown(f"{plain(one.settled_by or '')} {said} it: {plain(one.settled_reason)}")
        elif not one.current:
            st.markdown(aside("The figures changed since, so this opens nothing."))
        elif not one.may_settle:
            st.markdown(
                aside("It waits for a second officer, a moderator or a member of the committee.")
            )
        if not one.may_settle:
            return
        problems = Problems()
        with st.form(f"settle_{one.id}", border=False):
            reason = st.text_input("Why?")
            problems.below("reason")
            with st.container(horizontal=True):
                granted = st.form_submit_button("Grant it", type="primary")
                refused = st.form_submit_button("Refuse it")
        if granted or refused:
            with problems.shown() as done:
                duties.settle_override(app, actor, one.id, granted=granted, reason=reason)
            if done.fine:
                st.rerun()


def accepted(app: Application, actor: Actor, assessment_id: str) -> None:
    """Risks that their owner accepted for a time, and the form for it."""
    with refusals.or_stop():
        stands = duties.duties(app, actor, assessment_id)
    if not stands.accepted and not stands.may_accept:
        return
    st.header("Accepted risks", anchor=False)
    if stands.accepted:
        st.table(
            {
                "Risk": [one_line(one.risk, 300) for one in stands.accepted],
                "What makes up for it": [one_line(one.control, 300) for one in stands.accepted],
                "Accepted by": [one_line(one.accepted_by) for one in stands.accepted],
                "Until": [
                    f"{day(one.expires_on)}" + (" :red[(over)]" if one.expired else "")
                    for one in stands.accepted
                ],
            },
            border="horizontal",
            hide_index=True,
            alt="Accepted risks",
        )
    if stands.may_accept:
        _accept(app, actor, assessment_id, stands)


def _accept(app: Application, actor: Actor, assessment_id: str, stands: Duties) -> None:
    problems = Problems()
    with st.form(f"accept_{assessment_id}_{len(stands.accepted)}"):
        risk = st.text_area("Which risk do you accept?", height=80)
        problems.below("risk")
        control = st.text_area("What makes up for it meanwhile?", height=80)
        problems.below("control")
        expires_on = st.date_input(
            "Until when?",
            value=stands.latest_acceptance,
            min_value=app.clock().date(),
            format="DD/MM/YYYY",
        )
        problems.below("expires_on")
        st.caption(
            f"At most until {day(stands.latest_acceptance)}. It ends then, and nothing renews it."
        )
        sent = st.form_submit_button("Accept the risk")
    if sent:
        with problems.shown() as done:
            duties.accept_risk(
                app, actor, assessment_id, risk=risk, control=control, expires_on=expires_on
            )
        if done.fine:
            st.rerun()


def closing(app: Application, actor: Actor, conditions: Sequence[ConditionView]) -> None:
    """For conditions still open: what a verifier saw, which closes them."""
    still = {one.id: one for one in conditions if one.closed_at is None}
    if not still or not allowed(actor, Action.CLOSE_CONDITION):
        return
    problems = Problems()
    with (
        st.expander("A condition is met", icon=":material/task_alt:"),
        st.form(f"close_{len(still)}", border=False),
    ):
        chosen = st.selectbox(
            "Which one?", list(still), format_func=lambda id_: one_line(still[id_].text, 120)
        )
        found = st.text_area("What did you see that shows it?", height=80)
        problems.below("found")
        st.caption("Whoever owns a condition does not close it.")
        sent = st.form_submit_button("Close it")
    if sent and chosen is not None:
        with problems.shown() as done:
            duties.close_condition(app, actor, chosen, found)
        if done.fine:
            st.rerun()
