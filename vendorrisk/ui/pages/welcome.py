"""A vendor's first page: who asks, what for, how long it takes and for whom, and what follows."""

import streamlit as st

from vendorrisk.access import Action, Actor, allowed
from vendorrisk.tender import moment_says
from vendorrisk.ui import refusals, sets
from vendorrisk.ui.links import zone
from vendorrisk.ui.navigation import go, link
from vendorrisk.ui.session import current
from vendorrisk.ui.widgets import SET, how_far, progress_bar, section_icon, today
from vendorrisk.ui.words import ANSWERERS, aside, count, due, minutes, moment, plain, sentence
from vendorrisk.usecases import answering, invitations
from vendorrisk.usecases.answering import Workspace
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.invitations import InvitedView


def main() -> None:
    """Draw the page."""
    app, actor = current()
    with refusals.or_stop():
        view = invitations.invited_view(app, actor)
        workspace = answering.overview(app, actor, view.assessment_id)
    organisation = plain(view.organisation)
    st.title(f"Welcome, {plain(view.contact_name)}", anchor=False)
    st.markdown(
        f"**{organisation}** asks **{plain(view.vendor_name)}** how it looks after security, before"
        f" or while you work together on **{plain(view.engagement_title)}**."
    )
    if view.service:
        st.markdown(plain(view.service))
    if view.sealed_until is not None:
        st.info(
            f"**This is a sealed tender.** Submit by **{moment(view.sealed_until, zone())}**"
            f" ({moment_says(view.sealed_until)}). {view.late_says} Until then, and until a second"
            " officer has opened all bids together, nobody there can read what you answer.",
            icon=":material/lock:",
        )
    begin(app, actor, view, workspace)
    sets.own(app, actor)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("What is asked", anchor=False)
        st.markdown(plain(view.purpose))
        sections(view, workspace)
    with right:
        if not workspace.locked:
            how(view)
        st.subheader("What happens with your answers", anchor=False)
        st.markdown(
            (
                f"Until the bids are opened, {organisation} sees whether you have submitted and"
                " nothing else."
                if view.sealed_until is not None
                else f"Until you submit, {organisation} sees how far you are and not what you"
                " answered."
            )
            + " Then its reviewers look at each answer and its proof, and its committee decides."
            " If something is unclear, you get it back with the reason."
        )
        invited = f"{plain(view.invited_by)} invited you. " if view.invited_by else ""
        if view.invited_until is not None:
            st.caption(f"{invited}Your link works until {moment(view.invited_until, zone())}.")


def how(view: InvitedView) -> None:
    """How long answering takes, and how it works."""
    st.subheader("How long it takes", anchor=False)
    effort(view)
    st.subheader("How it works", anchor=False)
    st.markdown(
        "- **Nothing is lost.** Every answer is saved as you give it, also in the middle of a"
        " sentence. Close the page at any time and open your link again.\n"
        "- **In any order, with colleagues.** Each answer says who saved it.\n"
        "- **“Don’t know” and “yes, except …” are good answers.** A note says what a choice"
        " cannot.\n"
        "- **Proof beside the answer.** Where a document would show it, attach it there.\n"
        "- **Nothing counts until you submit.** Then your answers are sealed, and you can"
        " download your own copy."
    )


def begin(app: Application, actor: Actor, view: InvitedView, workspace: Workspace) -> None:
    """Where this stands, and the one button."""
    if view.returned_reason:
        st.warning(
            f"**{plain(view.organisation)} sent your answers back.** {plain(view.returned_reason)}",
            icon=":material/undo:",
        )
    elif view.submitted:
        st.success("Your answers were submitted. Thank you.", icon=":material/inventory_2:")
    if not workspace.locked:
        if view.started:
            progress_bar(workspace, app)
        else:
            size = f"{count(view.questions, 'question')}, about {minutes(view.minutes)} in all"
            st.markdown(f":material/schedule: {size}")
        if view.due_on is not None:
            st.markdown(f":material/event: {sentence(due(view.due_on, today(app)))}")
    if view.returned_reason:
        label, page = "See what to change", "questionnaire"
    elif view.submitted:
        label, page = "See what was submitted", "questionnaire"
        if allowed(actor, Action.SUBMISSIONS):
            label, page = "See what you submitted", "submit"
    else:
        label = "Go on where you left off" if view.started else "Start"
        page = "questionnaire"
    if st.button(label, type="primary", icon=":material/arrow_forward:", icon_position="right"):
        st.session_state[SET] = view.assessment_id
        go(page, **first_open(app, actor, workspace))


def first_open(app: Application, actor: Actor, workspace: Workspace) -> dict[str, str]:
    """The address of the first question without an answer, once some have one."""
    if workspace.locked or not workspace.progress.answered:
        return {}
    with refusals.or_stop():
        for gap in answering.missing(app, actor, workspace.assessment_id):
            if gap.kind == "unanswered":
                return {"section": gap.section_id, "question": gap.question_id}
    return {}


def sections(view: InvitedView, workspace: Workspace) -> None:
    """The sections with their size, or how far each is; each leads to its questions."""
    reached = {section.id: section.progress for section in workspace.sections}
    for section in view.sections:
        size = f"{count(section.questions, 'question')}, {minutes(section.minutes)}"
        progress = reached.get(section.id)
        if progress is not None and (progress.answered or workspace.locked):
            size = sentence(how_far(progress, locked=workspace.locked))
        with st.container(key=f"line_{section.id}", gap="xxsmall"):
            icon = None if progress is None else section_icon(progress)
            link(f"**{plain(section.title)}**", "questionnaire", icon=icon, section=section.id)
            st.markdown(f"{plain(section.intro)}  \n{aside(size)}")


def effort(view: InvitedView) -> None:
    """Minutes, in all and for whom."""
    st.markdown(f"**{count(view.questions, 'question')}, about {minutes(view.minutes)}** in all:")
    st.table(
        {
            "Who knows": [ANSWERERS.get(role, role) for role, _ in view.minutes_by_role],
            "Time": [minutes(number) for _, number in view.minutes_by_role],
        },
        border="horizontal",
    )


main()
