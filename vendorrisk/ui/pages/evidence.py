"""Every file of an assessment in one place, and one file attached for many answers at once."""

import streamlit as st

from vendorrisk.access import Actor
from vendorrisk.ui import demo, refusals
from vendorrisk.ui.session import current
from vendorrisk.ui.widgets import attach_form, file_rows, target
from vendorrisk.ui.words import count, one_line, plain, sentence
from vendorrisk.usecases import answering, evidence
from vendorrisk.usecases.answering import QuestionView, Workspace
from vendorrisk.usecases.application import Application


def main() -> None:
    """Draw the page."""
    app, actor = current()
    with refusals.or_stop():
        workspace = answering.overview(app, actor, target(actor))
        files = evidence.evidence_list(app, actor, workspace.assessment_id)
        questions = [
            view
            for section in workspace.sections
            if section.progress.asked
            for view in answering.section(app, actor, workspace.assessment_id, section.id).questions
        ]
    st.title("Evidence", anchor=False)
    st.caption(f"{plain(workspace.vendor_name)}, {plain(workspace.engagement_title)}")
    st.markdown(
        "Documents that show what you answered. One file may speak for many answers; whoever"
        " reviews them reads it beside each."
    )
    names = {
        view.question.id: view.question.code or one_line(view.question.ask, 40)
        for view in questions
    }
    if files:
        st.subheader(sentence(count(len(files), "file")), anchor=False)
        with st.container(border=True):
            file_rows(app, actor, files, place="all", may_change=workspace.may_answer, names=names)
    else:
        st.info(
            "Nothing is attached yet. Answer first: each answer then says what would show it.",
            icon=":material/attach_file:",
        )
    if app.settings.demo:
        demo.takes_no_files()
    elif workspace.may_answer and actor.kind != "person":
        attach(app, actor, workspace, questions, len(files))


def attach(
    app: Application,
    actor: Actor,
    workspace: Workspace,
    questions: list[QuestionView],
    so_far: int,
) -> None:
    """One file for every answer that it shows: first what it is, then which answers."""
    kinds = {kind.id: kind for view in questions for kind in view.wants_evidence}
    if not kinds:
        return
    st.subheader("Attach a file", anchor=False)
    kind = st.selectbox(
        "What is it?",
        sorted(kinds, key=lambda kind_id: kinds[kind_id].title),
        index=None,
        format_func=lambda kind_id: kinds[kind_id].title,
        placeholder="Choose what kind of evidence this is",
        key="evidence_kind",
    )
    if kind is None:
        st.caption("Only kinds that would show one of your answers so far are offered.")
        return
    st.caption(plain(kinds[kind].help))
    fitting = {
        view.question.id: view.question for view in questions if kinds[kind] in view.wants_evidence
    }
    chosen = st.multiselect(
        "Which answers does it show?",
        list(fitting),
        default=list(fitting) if len(fitting) == 1 else [],
        format_func=lambda question_id: (
            f"{fitting[question_id].code or ''} {fitting[question_id].ask}".strip()
        ),
        placeholder=f"Choose from {count(len(fitting), 'answer')}",
        key=f"evidence_for_{kind}",
    )
    if chosen and attach_form(
        app,
        actor,
        workspace.assessment_id,
        key=f"attaching_{kind}_{so_far}",
        kinds=(kinds[kind],),
        for_questions=tuple(chosen),
        scope=workspace.scope,
    ):
        st.rerun()


main()
