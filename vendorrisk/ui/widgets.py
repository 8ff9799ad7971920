"""Parts that several pages share: how far one is, the list of sections, and files of evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import streamlit as st

from vendorrisk.access import Actor
from vendorrisk.evidence import ENDINGS
from vendorrisk.questionnaire import EvidenceKind
from vendorrisk.ui import refusals, words
from vendorrisk.ui.forms import Problems, once
from vendorrisk.ui.links import zone
from vendorrisk.ui.words import plain
from vendorrisk.usecases import evidence
from vendorrisk.usecases.answering import EvidenceView, SectionProgress, Workspace
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Invalid
from vendorrisk.usecases.values import Progress

SET = "set"
"""Where a vendor's tab remembers which of its sets it shows."""


def target(actor: Actor) -> str:
    """The assessment that the page is about: the set that a vendor chose in this tab, or the one
    it was invited to; for staff the one in the address.
    """
    if actor.assessment_id is not None:
        chosen = st.session_state.get(SET)
        return chosen if chosen in actor.also else actor.assessment_id
    return st.query_params.get("assessment", "")


def today(app: Application) -> date:
    """The reader's date."""
    return app.clock().astimezone(zone()).date()


# -- how far --------------------------------------------------------------------------------------


def how_far(progress: Progress, *, locked: bool = False) -> str:
    """Progress in words: "12 of 36 answered, about 40 minutes left"; `locked`, without the time."""
    if progress.complete:
        return f"all {progress.asked} answered"
    answered = f"{progress.answered} of {progress.asked} answered"
    return answered if locked else f"{answered}, about {words.minutes(progress.minutes_left)} left"


def progress_bar(workspace: Workspace, app: Application) -> None:
    """The bar over the whole questionnaire, in words too, and when it was last saved."""
    told = how_far(workspace.progress, locked=workspace.locked)
    st.progress(workspace.progress.share, text=words.sentence(told))
    if workspace.saved_at is not None and not workspace.withheld:
        by = f" by {plain(workspace.saved_by)}" if workspace.saved_by else ""
        st.caption(f"Last saved {words.clock(workspace.saved_at, app.clock(), zone())}{by}")


def section_icon(progress: Progress) -> str:
    """A sign for nothing, something or everything answered."""
    if progress.complete:
        return ":material/check_circle:"
    return ":material/incomplete_circle:" if progress.answered else ":material/circle:"


def section_list(sections: Sequence[SectionProgress], current: str, *, locked: bool) -> None:
    """Buttons to the sections, with how far each is; they set `?section=`."""
    with st.container(key="sections", gap="xsmall"):
        for section in sections:
            told = f"{section.progress.answered} of {section.progress.asked}"
            if not (locked or section.progress.complete):
                told += f", {words.minutes(section.progress.minutes_left)} left"
            st.button(
                f"{plain(section.title)}  \n:small[{told}]",
                key=f"section_{section.id}",
                icon=section_icon(section.progress),
                type="secondary" if section.id == current else "tertiary",
                width="stretch",
                on_click=open_section,
                args=(section.id,),
            )


def open_section(section_id: str) -> None:
    """Show another section of the questionnaire that is open."""
    st.query_params.pop("question", None)
    st.query_params["section"] = section_id


# -- evidence -------------------------------------------------------------------------------------


def file_rows(
    app: Application,
    actor: Actor,
    files: Collection[EvidenceView],
    *,
    place: str,
    may_change: bool,
    names: Mapping[str, str] | None = None,
) -> None:
    """Attached files with what each is, and a way to take it back.

    `names` maps the ids of what is asked to what it is called here, where it should be said what a
    file is for. `place` tells the same file's rows on one page apart.
    """
    for file in files:
        about = [plain(file.kind_title), f"dated {words.day(file.dated)}", words.size(file.size)]
        if file.period_end is not None:
            about.insert(2, f"period to {words.day(file.period_end)}")
        about += [
            plain(scope)
            for scope in (file.scope_product, file.scope_environment, file.scope_entity)
            if scope
        ]
        if names is not None:
            shown = [plain(name) for asked, name in names.items() if asked in file.for_questions]
            about.append(f"for {', '.join(shown) or 'a question that is not asked any more'}")
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"file_{place}_{file.id}"
        ):
            said = f":material/description: [{plain(file.file_name)}](/evidence/{file.id})"
            if file.withdrawn:
                said += " :gray-badge[withdrawn]"
            st.markdown(f"{said}  \n:small[:gray[{' · '.join(about)}]]", width="stretch")
            if file.note:
                st.caption(plain(file.note))
            if (
                may_change
                and not file.withdrawn
                and st.button(
                    "Remove",
                    key=f"remove_{place}_{file.id}",
                    icon=":material/delete:",
                    type="tertiary",
                    help="Take this file back. One that was already submitted stays with that "
                    "submission and is left out of the next.",
                )
            ):
                with refusals.shown() as outcome:
                    evidence.withdraw_evidence(app, actor, file.id)
                if outcome.fine:
                    st.rerun()


def attach_form(
    app: Application,
    actor: Actor,
    assessment_id: str,
    *,
    key: str,
    kinds: Sequence[EvidenceKind],
    for_questions: Collection[str],
    scope: Mapping[str, str],
) -> bool:
    """The form that attaches one file; whether it was attached. What was typed stays otherwise.

    `kinds` are those that would prove these questions. `scope` is what is assessed; a file about
    something else proves nothing here, so the form says what it is and offers it.
    """
    problems = Problems()
    titles = {kind.id: kind.title for kind in kinds}
    with st.form(key, border=False):
        upload = st.file_uploader(f"File ({', '.join(ENDINGS)})", key=f"{key}_file")
        problems.below("file")
        kind = st.selectbox(
            "What is it?",
            list(titles),
            index=0 if len(titles) == 1 else None,
            format_func=lambda kind_id: titles[kind_id],
            placeholder="Choose what kind of evidence this is",
            key=f"{key}_kind",
        )
        problems.below("kind", "for_questions")
        left, right = st.columns(2)
        with left:
            dated = st.date_input(
                "Date on the document",
                None,
                format="DD/MM/YYYY",
                key=f"{key}_dated",
            )
            problems.below("dated")
        with right:
            period_end = st.date_input(
                "End of the period it covers",
                None,
                format="DD/MM/YYYY",
                key=f"{key}_period_end",
                help="Only for reports about a period, such as SOC 2 Type II.",
            )
            problems.below("period_end")
        if scope:
            assessed = ", ".join(plain(said) for said in scope.values())
            st.caption(
                f"This assessment is about {assessed}. Change these if the file is about something"
                " else; then it does not show these answers."
            )
        else:
            st.caption(
                "Is it about only a part of what you offer? Say which, or leave these empty."
            )
        product, environment, entity = (
            column.text_input(
                label, scope.get(name, ""), key=f"{key}_{name}", placeholder=placeholder
            )
            for column, label, name, placeholder in zip(
                st.columns(3),
                ("Product", "Environment", "Legal entity"),
                ("product", "environment", "entity"),
                ("every product", "every environment", "the whole group"),
                strict=True,
            )
        )
        problems.below("product", "environment", "entity")
        note = st.text_input("Where to look", key=f"{key}_note", placeholder="Section 4.2, page 31")
        problems.below("note")
        sent = st.form_submit_button("Attach", type="primary", icon=":material/attach_file:")
    if not sent:
        return False
    with problems.shown() as outcome, st.spinner("Attaching …"):
        if upload is None or kind is None or dated is None:
            missing = {
                "file": None if upload else "Choose a file first.",
                "kind": None if kind else "Choose what kind of evidence this is.",
                "dated": None if dated else "Give the date that stands on the document.",
            }
            raise Invalid({field: says for field, says in missing.items() if says})
        file, kind_id, day = upload, kind, dated
        once(
            (key, file.file_id, kind_id, day, period_end, product, environment, entity, note),
            lambda: evidence.attach(
                app,
                actor,
                assessment_id,
                file_name=file.name,
                content=file.getvalue(),
                kind=kind_id,
                dated=day,
                period_end=period_end,
                for_questions=for_questions,
                product=product,
                environment=environment,
                entity=entity,
                note=note,
            ),
        )
    return outcome.fine
