"""Every file of an assessment in one place, and one file attached for many answers at once."""

import streamlit as st

from vendorrisk.access import Actor
from vendorrisk.ui import demo, refusals
from vendorrisk.ui.forms import Problems
from vendorrisk.ui.session import current
from vendorrisk.ui.widgets import attach_form, file_rows, target
from vendorrisk.ui.words import count, one_line, plain, sentence
from vendorrisk.usecases import answering, evidence, read_codes
from vendorrisk.usecases.answering import EvidenceView, QuestionView, Workspace
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.read_codes import AskedCode


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
    if files and actor.kind != "person":
        confirm(app, actor, workspace.assessment_id)
    if files:
        st.subheader(sentence(count(len(files), "file")), anchor=False)
        with st.container(border=True):
            file_rows(app, actor, files, place="all", may_change=workspace.may_answer, names=names)
        st.caption(
            "A PDF that somebody opens names them and the time on every page, unless it has a"
            " password or is damaged. Every reading is recorded."
        )
    else:
        st.info(
            "Nothing is attached yet. Answer first: each answer then says what would show it.",
            icon=":material/attach_file:",
        )
    if app.settings.demo:
        demo.takes_no_files()
    elif workspace.may_answer and actor.kind != "person":
        link(app, actor, questions, [file for file in files if not file.withdrawn])
        attach(app, actor, workspace, questions, len(files))


def link(
    app: Application, actor: Actor, questions: list[QuestionView], files: list[EvidenceView]
) -> None:
    """One attached file for more answers."""
    more = {
        file.id: [
            view.question
            for view in questions
            if view.question.id not in file.for_questions
            and file.kind in {kind.id for kind in view.wants_evidence}
        ]
        for file in files
    }
    open_for = {file.id: file for file in files if more[file.id]}
    if not open_for:
        return
    st.subheader("Use a file for another answer", anchor=False)
    file_id = st.selectbox(
        "Which file?",
        list(open_for),
        index=None,
        format_func=lambda one: open_for[one].file_name,
        placeholder="Choose a file that shows another answer, too",
        key="link_file",
    )
    if file_id is None:
        return
    asked = {question.id: question for question in more[file_id]}
    problems = Problems()
    chosen = st.multiselect(
        "Which answers does it show as well?",
        list(asked),
        format_func=lambda one: f"{asked[one].code or ''} {asked[one].ask}".strip(),
        placeholder=f"Choose from {count(len(asked), 'answer')}",
        key=f"link_for_{file_id}",
    )
    problems.below("for_questions", "kind")
    if st.button("Use it for these", key=f"link_{file_id}", disabled=not chosen):
        with problems.shown() as outcome:
            evidence.link_evidence(app, actor, file_id, chosen)
        if outcome.fine:
            st.rerun()


def confirm(app: Application, actor: Actor, assessment_id: str) -> None:
    """Before files open, a one-time code shows that it is the person who was invited."""
    with refusals.or_stop():
        if read_codes.may_read_back(app, actor, assessment_id):
            return
    with st.container(border=True, key="read_code"):
        st.markdown(
            "**To open a file again, give a code.** Your link alone does not open files, in case"
            " somebody else has it. You can attach files without."
        )
        if st.button("Ask for a code", icon=":material/password:"):
            with refusals.shown() as outcome:
                asked = read_codes.ask_code(app, actor, assessment_id)
            if outcome.fine:
                st.session_state["asked_code"] = asked
        asked_for = st.session_state.get("asked_code")
        if isinstance(asked_for, AskedCode):
            if asked_for.by == "mail":
                st.info(f"We sent it to {plain(asked_for.email)}.", icon=":material/mail:")
            else:
                st.info(
                    "Whoever invited you sees that you asked. Call them: they read it to you.",
                    icon=":material/call:",
                )
        with st.form("give_code", border=False, clear_on_submit=True):
            code = st.text_input("Your code", max_chars=20, autocomplete="one-time-code")
            sent = st.form_submit_button("Open the files")
        if sent:
            with refusals.shown() as outcome:
                read_codes.give_read_code(app, actor, assessment_id, code)
            if outcome.fine:
                st.session_state.pop("asked_code", None)
                st.rerun()


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
