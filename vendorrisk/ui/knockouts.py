"""Knockouts and caps that fired: confirming one, asking to lift it, and settling that."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from vendorrisk.access import Actor
from vendorrisk.ui import links
from vendorrisk.ui.forms import Problems
from vendorrisk.ui.refusals import shown
from vendorrisk.ui.words import STOPPED_BY, aside, moment, one_line, plain, sign
from vendorrisk.usecases import knockouts
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.knockouts import FiredRuleView, LiftingView


def fired(
    app: Application,
    actor: Actor,
    assessment_id: str,
    submission_id: str,
    codes: Mapping[str, str],
) -> None:
    """What fired and how it stands with reviewers, with what the actor can do about it.

    `codes` has what to call each question. Caps are shown only where somebody asked to lift one.
    """
    with shown() as outcome:
        rules = knockouts.knockouts(app, actor, assessment_id)
    if not outcome.fine:
        return
    told = [one for one in rules if _tells(one)]
    rest = [one for one in rules if not _tells(one) and one.may_ask]
    if not told and not rest:
        return
    waiting = sum(one.open for one in told)
    title = "Knockouts to confirm" if waiting else "Knockouts and caps"
    with st.expander(title, icon=":material/rule:", expanded=bool(waiting)):
        st.markdown(
            "A knockout is provisional until a reviewer confirms it. It is lifted only by two"
            " people, for instance because the answer was about another system; then it stays in"
            " sight, with the score as it would be without."
        )
        for one in (*told, *rest):
            with st.container(border=True, key=f"fired_{submission_id}_{one.rule.id}"):
                _rule(app, actor, submission_id, one, codes)


def _tells(one: FiredRuleView) -> bool:
    return bool(one.liftings) or "knockout" in (one.rule.effect, one.rule.was)


def _rule(
    app: Application,
    actor: Actor,
    submission_id: str,
    one: FiredRuleView,
    codes: Mapping[str, str],
) -> None:
    mark = sign(STOPPED_BY, one.rule.effect)
    asked = ", ".join(plain(codes[name]) for name in one.rule.questions if name in codes)
    st.markdown(
        f"{mark.badge} {one_line(one.rule.because, 400)}" + (f" ({asked})" if asked else "")
    )
    if one.confirmed_by is not None and one.confirmed_at is not None:
        when = moment(one.confirmed_at, links.zone())
        st.markdown(f"**{plain(one.confirmed_by)} confirmed it** on {when}: {plain(one.looked_at)}")
    for lifting in one.liftings:
        _lifting(app, actor, lifting)
    if one.may_confirm:
        _confirm(app, actor, submission_id, one)
    if one.may_ask and one.unsettled:
        st.markdown(
            aside(
                "It cannot be lifted while an answer behind it is not to be relied on:"
                f" {plain(', '.join(one.unsettled))}."
            )
        )
    elif one.may_ask:
        _ask(app, actor, submission_id, one)


def _confirm(app: Application, actor: Actor, submission_id: str, one: FiredRuleView) -> None:
    problems = Problems()
    lifted = one.rule.effect == "lifted"
    with st.form(f"confirm_{submission_id}_{one.rule.id}", border=False):
        looked_at = st.text_area(
            "What did you look at?",
            height=80,
            placeholder="What you read or tried, where and when.",
        )
        problems.below("looked_at")
        if lifted:
            st.caption("Confirming it takes the lifting back.")
        sent = st.form_submit_button(
            "Confirm it after all" if lifted else "Confirm it",
            type="secondary" if lifted else "primary",
            icon=":material/check:",
        )
    if sent:
        with problems.shown() as done:
            knockouts.confirm_knockout(app, actor, submission_id, one.rule.id, looked_at)
        if done.fine:
            st.rerun()


def _ask(app: Application, actor: Actor, submission_id: str, one: FiredRuleView) -> None:
    problems = Problems()
    with (
        st.popover("Ask to lift it", icon=":material/lock_open:"),
        st.form(f"lift_{submission_id}_{one.rule.id}", border=False),
    ):
        reason = st.text_area("Why should it not count here?", height=80)
        problems.below("reason")
        st.caption("A moderator who did not invite the vendor grants it or refuses it.")
        sent = st.form_submit_button("Ask a second person")
    if sent:
        with problems.shown() as done:
            knockouts.ask_to_lift(app, actor, submission_id, one.rule.id, reason)
        if done.fine:
            st.rerun()


def _lifting(app: Application, actor: Actor, one: LiftingView) -> None:
    asked = f"{plain(one.asked_by)} on {moment(one.asked_at, links.zone())}"
    st.markdown(f"**Asked to be lifted** by {asked}: {plain(one.reason)}")
    if one.granted is not None:
        said = "lifted it" if one.granted else "refused to lift it"
        st.markdown(f"{plain(one.settled_by or '')} {said}: {plain(one.settled_reason)}")
        if one.over:
            st.markdown(aside("A reviewer confirmed it later, which took this back."))
        return
    if not one.may_settle:
        st.markdown(aside("It waits for a moderator, who is somebody else."))
        return
    problems = Problems()
    with st.form(f"settle_lifting_{one.id}", border=False):
        reason = st.text_input("Why?")
        problems.below("reason")
        with st.container(horizontal=True):
            granted = st.form_submit_button("Lift it", type="primary")
            refused = st.form_submit_button("Refuse")
    if granted or refused:
        with problems.shown() as done:
            knockouts.settle_lifting(app, actor, one.id, granted=granted, reason=reason)
        if done.fine:
            st.rerun()
