"""Several sets about one engagement, as officers, reviewers and vendors see them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from vendorrisk.access import Actor
from vendorrisk.assessment import State
from vendorrisk.ui import refusals
from vendorrisk.ui.forms import Problems
from vendorrisk.ui.navigation import go, link
from vendorrisk.ui.scorecards import standing
from vendorrisk.ui.widgets import SET, how_far, target
from vendorrisk.ui.words import ANSWERERS, STATES, aside, count, day, minutes, one_line, plain
from vendorrisk.usecases import sets
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.sets import ContradictionView, EngagementResult, OwnSet, SetRow

# -- for officers ---------------------------------------------------------------------------------


def applying(
    app: Application, actor: Actor, engagement_id: str, rows: Sequence[SetRow], *, may_change: bool
) -> None:
    """What applies and why, each with where it stands and a way to leave it out."""
    found = [row for row in rows if row.reasons]
    if not found:
        return
    # Whoever opens sets chooses among the same ones below: there they are listed first.
    choosing = may_change and any(row.assessment_id is None for row in found)
    if not choosing:
        st.markdown("**What applies to this engagement, and why**")
    with (
        st.expander(
            f"Why {count(len(found), 'set applies', 'sets apply')}, and leaving one out",
            icon=":material/rule:",
        )
        if choosing
        else st.container()
    ):
        for row in found:
            applies(app, actor, engagement_id, row, may_change=may_change)


def applies(
    app: Application, actor: Actor, engagement_id: str, row: SetRow, *, may_change: bool
) -> None:
    """One set that applies: why, and where it stands."""
    with st.container(border=True, key=f"set_{row.set_id}"):
        what, stands = st.columns([6, 1], vertical_alignment="center")
        with what:
            why = "  \n".join(f"Because: {one_line(reason, 300)}" for reason in row.reasons)
            st.markdown(f"**{plain(row.title)}**  \n{why}")
            if row.left_out is not None:
                st.markdown(
                    f":material/remove_done: Left out by {plain(row.left_out.who)} on"
                    f" {day(row.left_out.at)}: {one_line(row.left_out.reason, 400)}"
                )
        with stands:
            if row.assessment_id is not None:
                st.markdown(":green[:material/check_circle: Opened]")
            elif row.left_out is not None:
                st.markdown(":gray[:material/remove_done: Left out]")
            elif may_change:
                leave_out(app, actor, engagement_id, row)
            else:
                st.markdown(":blue[:material/schedule: Not opened yet]")


def leave_out(app: Application, actor: Actor, engagement_id: str, row: SetRow) -> None:
    """Leaving a set out, which takes a reason."""
    with st.popover("Leave it out", type="tertiary", key=f"leave_{row.set_id}"):
        st.markdown(
            "It applies to this engagement. Whoever reads the file later wants to know why it was"
            " not asked; you can still open it."
        )
        problems = Problems()
        with st.form(f"leave_out_{row.set_id}", border=False):
            reason = st.text_area("Why is it left out?")
            problems.below("reason")
            sent = st.form_submit_button("Leave it out", type="primary")
        if sent:
            with problems.shown() as outcome:
                sets.leave_out(app, actor, engagement_id, row.set_id, reason)
            if outcome.fine:
                st.rerun()


def choice(rows: Sequence[SetRow]) -> list[str]:
    """Which of the sets that are not open to open now: those that apply are ticked."""
    chosen = []
    for row in rows:
        if row.assessment_id is not None:
            continue
        anew = (
            count(row.questions, "question")
            if row.anew == row.questions
            else f"{count(row.anew, 'new question')} of {row.questions}"
        )
        roles = ", ".join(f"{ANSWERERS[role].lower()} {n}" for role, n in row.minutes_by_role)
        time = f"about {minutes(row.minutes)} of the vendor’s time"
        ticked = st.checkbox(
            f"**{plain(row.title)}**{' (applies)' if row.suggested else ''}  \n"
            f"{aside(f'{anew}, {time} ({roles}).' if roles else f'{anew}, {time}.')}",
            value=row.suggested,
            key=f"choose_{row.set_id}",
            help=one_line(row.purpose, 300),
        )
        if ticked:
            chosen.append(row.set_id)
    return chosen


# -- for whoever reads results --------------------------------------------------------------------


def result(found: EngagementResult | None, *, always: bool = False) -> None:
    """The worst result of an engagement's sets, where there are several."""
    if found is None or (found.scored + len(found.waiting) < 2 and not always):
        return
    mark = standing(found.band, found.stopped_by)
    said = f"The engagement as a whole: {mark.badge}"
    if found.scored > 1:
        said += f" from “{plain(found.set_title)}”, the worst of {found.scored} sets."
    if found.waiting:
        waiting = ", ".join(plain(title) for title in found.waiting)
        said += f"  \n{aside(f'Not scored yet: {waiting}.')}"
    st.markdown(said)


def contradictions(found: Sequence[ContradictionView], here: str) -> None:
    """What sets say against each other, with both answers; `here` is the assessment shown."""
    if not found:
        return
    st.info(
        f"**{count(len(found), 'contradiction')} between sets to clarify.** Ask the vendor which"
        " answer holds. Nothing is taken off until a reviewer judges an answer contradicted.",
        icon=":material/contact_support:",
    )
    with st.expander("What does not fit together", expanded=len(found) <= 3):
        for one in found:
            with st.container(border=True, key=f"across_{one.rule}"):
                st.markdown(f"**{one_line(one.because, 400)}**")
                places = st.columns(len(one.sayings))
                for place, said in zip(places, one.sayings, strict=True):
                    with place:
                        code = f"{plain(said.code)}: " if said.code else ""
                        st.markdown(
                            f"{aside(plain(said.set_title))}  \n{code}{one_line(said.ask, 200)}  \n"
                            f":material/arrow_right: {one_line(said.reply_says, 300)}"
                        )
                        if said.note:
                            st.caption(one_line(said.note, 300))
                        if said.set_id == "intake":
                            link("Open the intake", "questionnaire", assessment=said.assessment_id)
                        elif said.assessment_id != here:
                            link(
                                "Open this set",
                                "review",
                                assessment=said.assessment_id,
                                question=said.question_id,
                            )


# -- for vendors ----------------------------------------------------------------------------------


def own(app: Application, actor: Actor) -> None:
    """The sets that a vendor's contact is asked, where there are several, and which one this is."""
    here = target(actor)
    with refusals.shown():
        found = sets.own_sets(app, actor, here)
        if len(found.sets) > 1:
            with st.container(key="sets", gap="xsmall"):
                for one in found.sets:
                    switch(one)
        for coming in found.coming:
            codes = ", ".join(plain(code) for code in coming.codes)
            st.info(
                f"Your answers to {codes} mean that a further set is likely to follow:"
                f" **{plain(coming.title)}**. What you answered here will serve there too.",
                icon=":material/playlist_add:",
            )


def switch(one: OwnSet) -> None:
    """A button to one of the sets, with how far it is."""
    locked = one.state not in (State.INVITED, State.IN_PROGRESS, State.RETURNED)
    stands = STATES[one.state].word if locked else how_far(one.progress, locked=True)
    if st.button(
        f"{plain(one.title)}  \n:small[{stands}]",
        key=f"set_{one.assessment_id}",
        icon=":material/check_circle:" if locked else ":material/list_alt:",
        type="secondary" if one.here else "tertiary",
    ):
        st.session_state[SET] = one.assessment_id
        go("questionnaire")


def carry(app: Application, actor: Actor, assessment_id: str) -> None:
    """Answers from other sets that would serve here, each confirmed by whoever answers."""
    with refusals.or_stop():
        found = sets.carried(app, actor, assessment_id)
    if not found:
        return
    with st.expander(
        f"**{count(len(found), 'question')} here {'is' if len(found) == 1 else 'are'} answered in"
        " another set already**",
        icon=":material/content_copy:",
        expanded=True,
        key="carried",
    ):
        st.markdown(
            "Look at each answer, and take over what still holds. Files come along. Nothing is"
            " sent by itself, and you can change it here afterwards."
        )
        with st.form(f"carry_{assessment_id}_{len(found)}", border=False):
            chosen = []
            for one in found:
                code = f"{plain(one.code)}: " if one.code else ""
                files = f", with {count(one.files, 'file')}" if one.files else ""
                source = f"{plain(one.source)}, {day(one.answered_on)}{files}"
                if st.checkbox(
                    f"**{code}{one_line(one.ask, 200)}**  \n{one_line(one.reply_says, 200)}  \n"
                    f"{aside(source)}",
                    value=True,
                    key=f"carry_{assessment_id}_{one.question_id}",
                ):
                    chosen.append(one.question_id)
            sent = st.form_submit_button(
                "Take these answers over", type="primary", icon=":material/done_all:"
            )
        if sent:
            with refusals.shown() as outcome:
                sets.take_over(app, actor, assessment_id, chosen)
            if outcome.fine:
                st.rerun()
