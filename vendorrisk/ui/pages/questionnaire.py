"""One section of questions at a time, saved as they are answered: a vendor's, or our own intake."""

import streamlit as st

from vendorrisk.access import Actor
from vendorrisk.ui import autosave, refusals, sets
from vendorrisk.ui.navigation import go
from vendorrisk.ui.session import current
from vendorrisk.ui.widgets import (
    attach_form,
    file_rows,
    how_far,
    open_section,
    progress_bar,
    section_list,
    target,
    today,
)
from vendorrisk.ui.words import due, plain
from vendorrisk.usecases import answering, intake
from vendorrisk.usecases.answering import QuestionView, SectionView, Workspace
from vendorrisk.usecases.application import Application

ATTACHING = "attaching"


def main() -> None:
    """Draw the section that the address names, else the first one with something open."""
    app, actor = current()
    with refusals.or_stop():
        workspace = answering.overview(app, actor, target(actor))
        asked = [section for section in workspace.sections if section.progress.asked]
        wanted = st.query_params.get("section")
        if wanted not in {section.id for section in asked}:
            unfinished = (section.id for section in asked if not section.progress.complete)
            wanted = next(unfinished, asked[0].id)
            st.query_params["section"] = wanted  # stays, also once nothing is open in it any more
        section = answering.section(app, actor, workspace.assessment_id, wanted)
    with st.sidebar:
        if actor.kind != "person":
            sets.own(app, actor)
        st.markdown(f"**{plain(workspace.title)}**")
        progress_bar(workspace, app)
        section_list(asked, section.id, locked=workspace.locked)
    heading(app, actor, workspace, section)
    if actor.kind != "person" and workspace.may_answer:
        sets.carry(app, actor, workspace.assessment_id)
    goal = st.query_params.get("question")
    for view in section.questions:
        question_card(app, actor, workspace, section, view, goal)
    if autosave.save_typed(app, actor):
        st.rerun()
    if workspace.questionnaire_id == intake.INTAKE:
        tier(app, actor, workspace)
    steps(actor, workspace, [one.id for one in asked], section)


def heading(app: Application, actor: Actor, workspace: Workspace, section: SectionView) -> None:
    """What this is about, and why it cannot be answered where that is so."""
    st.title(plain(section.title), anchor=False)
    asked = [one.id for one in workspace.sections if one.progress.asked]
    about = [f"{plain(workspace.vendor_name)}, {plain(workspace.engagement_title)}"]
    if len(asked) > 1:
        about.append(f"section {asked.index(section.id) + 1} of {len(asked)}")
    about.append(how_far(section.progress, locked=workspace.locked))
    if workspace.due_on is not None and not workspace.locked:
        about.append(due(workspace.due_on, today(app)))
    st.caption(" · ".join(about))
    st.markdown(plain(section.intro))
    if workspace.returned_reason and workspace.may_answer:
        st.warning(
            f"**Sent back to you.** {plain(workspace.returned_reason)}", icon=":material/undo:"
        )
    if workspace.withheld:
        st.info(
            "The vendor has not submitted yet. You see what is asked; the answers stay the"
            " vendor's own until then.",
            icon=":material/lock:",
        )
    elif workspace.locked:
        st.info(
            f"{plain(workspace.state_says)}. These answers stand as they were submitted.",
            icon=":material/lock:",
        )
    elif not workspace.may_answer:
        st.info("You can read these answers, and not change them.", icon=":material/visibility:")


def question_card(
    app: Application,
    actor: Actor,
    workspace: Workspace,
    section: SectionView,
    view: QuestionView,
    goal: str | None,
) -> None:
    """One question with its answer, note and evidence."""
    question = view.question
    attaching = st.session_state.get(ATTACHING) == question.id
    takes_files = section.may_answer and actor.kind != "person" and not app.settings.demo
    may_attach = takes_files and bool(view.wants_evidence)
    more = "Attach another file" if view.evidence else "Attach a file"
    with st.container(border=True, key=f"card_{question.id}"):
        pressed = autosave.card(
            app,
            actor,
            workspace.assessment_id,
            view,
            open_=section.may_answer,
            attach=more if may_attach and not attaching else None,
            place=f"{workspace.assessment_id} {section.id} {goal or ''}",
            goal=goal == question.id,
        )
        if pressed:
            st.session_state[ATTACHING] = question.id
            st.rerun()
        if view.evidence or (may_attach and attaching):
            with st.container(key=f"proof_{question.id}", gap="small"):
                file_rows(
                    app, actor, view.evidence, place=question.id, may_change=section.may_answer
                )
                if may_attach and attaching:
                    attach(app, actor, workspace, view)


def attach(app: Application, actor: Actor, workspace: Workspace, view: QuestionView) -> None:
    """The form for one more file, until it is attached or closed."""
    done = attach_form(
        app,
        actor,
        workspace.assessment_id,
        key=f"attaching_{view.question.id}_{len(view.evidence)}",
        kinds=view.wants_evidence,
        for_questions=(view.question.id,),
        scope=workspace.scope,
    )
    if done or st.button("Close", key=f"close_{view.question.id}", type="tertiary"):
        del st.session_state[ATTACHING]
        st.rerun()


def steps(actor: Actor, workspace: Workspace, asked: list[str], section: SectionView) -> None:
    """To the section before and the next one; from the last one on to submitting."""
    at = asked.index(section.id)
    with st.container(horizontal=True, horizontal_alignment="distribute", key="steps"):
        st.button(
            "Previous section",
            icon=":material/arrow_back:",
            disabled=at == 0,
            on_click=open_section,
            args=(asked[max(at - 1, 0)],),
        )
        if at + 1 < len(asked):
            st.button(
                "Next section",
                icon=":material/arrow_forward:",
                icon_position="right",
                type="primary",
                on_click=open_section,
                args=(asked[at + 1],),
            )
        elif workspace.answered_by == "vendor" and workspace.may_answer:
            if st.button(
                "Check and submit",
                icon=":material/arrow_forward:",
                icon_position="right",
                type="primary",
            ):
                go("submit")
        elif actor.kind == "person" and st.button(
            "To the engagement",
            icon=":material/arrow_forward:",
            icon_position="right",
            type="primary" if workspace.progress.complete else "secondary",
        ):
            go("engagement", engagement=workspace.engagement_id)


def tier(app: Application, actor: Actor, workspace: Workspace) -> None:
    """What the intake comes to, as soon as it is complete."""
    with refusals.shown():
        result = intake.intake_result(app, actor, workspace.engagement_id)
        if result.tier is None:
            return
        with st.container(border=True, key="tier"):
            st.subheader(f"The intake is complete: tier {plain(result.tier)}", anchor=False)
            st.markdown("\n".join(f"- {plain(reason)}" for reason in result.reasons))


main()
