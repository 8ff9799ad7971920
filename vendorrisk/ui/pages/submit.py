"""What is still open, the signature, and what stands once it is submitted."""

from collections.abc import Mapping
from itertools import groupby

import streamlit as st

from vendorrisk.access import Action, Actor, allowed
from vendorrisk.tender import moment_says
from vendorrisk.ui import refusals, sets
from vendorrisk.ui.forms import Problems, once
from vendorrisk.ui.links import zone
from vendorrisk.ui.navigation import link
from vendorrisk.ui.session import current
from vendorrisk.ui.widgets import progress_bar, target
from vendorrisk.ui.words import count, moment, plain, sentence
from vendorrisk.usecases import answering, submitting
from vendorrisk.usecases.answering import Missing, Workspace
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.submitting import ATTESTATION, SubmissionView

OPEN = {
    "unanswered": ("Not answered", "An open question counts as open, not as a no."),
    "detail": ("A few words are missing", "You chose an answer that asks for an explanation."),
}
PROOF = {
    "evidence": (
        "Answers that a file could prove",
        "Each leads to its question, which says what kinds of file would do.",
    )
}


def main() -> None:
    """Draw the page for where the assessment stands."""
    app, actor = current()
    with refusals.or_stop():
        workspace = answering.overview(app, actor, target(actor))
        earlier = submitting.submissions(app, actor, workspace.assessment_id)
    if workspace.locked:
        submitted(workspace, earlier)
        sets.own(app, actor)
    else:
        to_submit(app, actor, workspace, earlier)


def heading(title: str, workspace: Workspace) -> None:
    """The title, and below it what the questionnaire is about."""
    st.title(title, anchor=False)
    st.caption(f"{plain(workspace.vendor_name)}, {plain(workspace.engagement_title)}")


def submitted(workspace: Workspace, submissions: tuple[SubmissionView, ...]) -> None:
    """What was signed, and the vendor's own copy."""
    heading("Submitted", workspace)
    if not submissions:
        st.info(f"{plain(workspace.state_says)}.", icon=":material/lock:")
        return
    *older, latest = submissions
    sealed(workspace)
    st.success(
        "Your answers are sealed: nobody can change them, we included. Thank you for your care.",
        icon=":material/inventory_2:",
    )
    with st.container(border=True, key="own_copy"):
        signed(latest)
        st.html(
            f'<a href="/submission/{workspace.assessment_id}.json" download>'
            "Download your own copy</a>"
        )
        st.caption(
            "A JSON file with every answer, note and file name. Its SHA-256 fingerprint is"
            f" `{latest.sha256}`; compare it to show that your copy is what was submitted."
        )
    st.subheader("What happens next", anchor=False)
    st.markdown(
        f"Now: **{plain(workspace.state_says)}**. Reviewers look at each answer with its proof,"
        " then a committee decides. If something is unclear you will get the questionnaire back"
        " with the reason, and can change your answers and submit again."
    )
    history(older)


def signed(submission: SubmissionView) -> None:
    """One submission: who signed what, and when."""
    st.markdown(
        f"**Submission {submission.number}**, {moment(submission.submitted_at, zone())}  \n"
        f"Signed by {plain(submission.signed_by_name)}, {plain(submission.signed_by_role)}  \n"
        f"{count(submission.answers, 'answer')}, {count(submission.evidence, 'file')}"
    )


def history(submissions: list[SubmissionView] | tuple[SubmissionView, ...]) -> None:
    """Earlier submissions, which stay as they were, with the reason for which each came back."""
    if not submissions:
        return
    st.subheader("Earlier submissions", anchor=False)
    for submission in submissions:
        with st.container(border=True):
            signed(submission)
            if submission.return_reason:
                st.markdown(f":material/undo: Sent back: {plain(submission.return_reason)}")


def to_submit(
    app: Application,
    actor: Actor,
    workspace: Workspace,
    earlier: tuple[SubmissionView, ...],
) -> None:
    """What is open, then the signature."""
    heading("Check and submit", workspace)
    sets.own(app, actor)
    if workspace.returned_reason:
        st.warning(
            f"**Sent back to you.** {plain(workspace.returned_reason)}", icon=":material/undo:"
        )
    sealed(workspace)
    progress_bar(workspace, app)
    with refusals.or_stop():
        gaps = answering.missing(app, actor, workspace.assessment_id)
    summary(gaps)
    signature(app, actor, workspace)
    history(earlier)


def sealed(workspace: Workspace) -> None:
    """Until when a bid is sealed, and what becomes of it afterwards."""
    if workspace.sealed_until is not None:
        st.info(
            f"Sealed until **{moment(workspace.sealed_until, zone())}**"
            f" ({moment_says(workspace.sealed_until)}), and until all bids are opened together."
            f" {workspace.late_says}",
            icon=":material/lock:",
        )


def summary(gaps: tuple[Missing, ...]) -> None:
    """What is open, then what no answer needs but would help it."""
    if any(gap.kind in OPEN for gap in gaps):
        st.subheader("Still open", anchor=False)
        st.markdown(
            "You can submit with open points. Closing them first makes your answers stronger."
        )
        by_kind(gaps, OPEN, unfold=8)
    else:
        st.success(
            "Everything is answered, and nothing is missing. You can sign and submit below."
            if gaps
            else "Everything is answered and has a file. You can sign and submit below.",
            icon=":material/check_circle:",
        )
    if any(gap.kind in PROOF for gap in gaps):
        st.subheader("What would help", anchor=False)
        st.markdown(
            "No file is needed to submit. An answer with a file counts for more than your word"
            " alone, and one report can often speak for many answers: begin with the ones you have"
            " at hand."
        )
        by_kind(gaps, PROOF, unfold=0)


def by_kind(
    gaps: tuple[Missing, ...], kinds: Mapping[str, tuple[str, str]], *, unfold: int
) -> None:
    """The gaps of each kind with links to their questions; up to `unfold` are in sight at once."""
    for kind, (title, says) in kinds.items():
        found = [gap for gap in gaps if gap.kind == kind]
        if not found:
            continue
        with st.expander(f"**{title}** ({len(found)})", expanded=len(found) <= unfold):
            st.caption(says)
            for section, group in groupby(found, key=lambda gap: gap.section_title):
                st.markdown(f"**{plain(section)}**")
                for gap in group:
                    link(
                        f"{plain(gap.code)}: {plain(gap.ask)}" if gap.code else plain(gap.ask),
                        "questionnaire",
                        section=gap.section_id,
                        question=gap.question_id,
                    )


def signature(app: Application, actor: Actor, workspace: Workspace) -> None:
    """Name, role and the sentence that is signed."""
    st.subheader("Sign", anchor=False)
    if not allowed(actor, Action.SUBMIT):
        st.info(
            "A colleague of yours signs and submits. On the page “Colleagues” you can take that"
            " back, and sign yourself.",
            icon=":material/draw:",
        )
        return
    problems = Problems()
    with st.form("signature"):
        name, role = st.columns(2)
        with name:
            signed_name = st.text_input("Your name", value=actor.name, autocomplete="name")
            problems.below("name")
        with role:
            signed_role = st.text_input(
                "Your role", placeholder="Chief information security officer"
            )
            problems.below("role")
        accepted = st.checkbox(ATTESTATION)
        problems.below("statement")
        left = workspace.progress.asked - workspace.progress.answered
        st.caption(
            f"{sentence(count(left, 'question'))} would stay open. After submitting, nothing of it"
            " can be changed."
            if left
            else "After submitting, nothing of it can be changed."
        )
        sent = st.form_submit_button(
            f"Submit {count(workspace.progress.answered, 'answer')}",
            type="primary",
            icon=":material/draw:",
        )
    if not sent:
        return
    with problems.shown() as outcome, st.spinner("Submitting …"):
        once(
            (
                workspace.assessment_id,
                workspace.next_submission,
                signed_name,
                signed_role,
                accepted,
            ),
            lambda: submitting.submit(
                app,
                actor,
                workspace.assessment_id,
                name=signed_name,
                role=signed_role,
                statement_accepted=accepted,
                number=workspace.next_submission,
            ),
        )
    if outcome.fine:
        st.rerun()


main()
