"""A vendor's colleagues: who was given which sections by a link, and who signs."""

import streamlit as st

from vendorrisk.access import Action, Actor, allowed
from vendorrisk.ui import links, refusals
from vendorrisk.ui.forms import Problems, email_input
from vendorrisk.ui.links import address
from vendorrisk.ui.session import current
from vendorrisk.ui.widgets import target
from vendorrisk.ui.words import Sign, aside, day, one_line, plain, sign
from vendorrisk.usecases import answering, delegating
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.assessments import InvitationLink
from vendorrisk.usecases.delegating import Colleague, Colleagues

STATES = {
    "open": Sign("Not opened yet", ":material/mail:", "blue"),
    "used": Sign("In use", ":material/drafts:", "green"),
    "expired": Sign("Expired", ":material/timer_off:", "gray"),
    "revoked": Sign("Taken back", ":material/block:", "gray"),
}


def main() -> None:
    """Draw the page."""
    app, actor = current()
    assessment_id = target(actor)
    with refusals.or_stop():
        view = delegating.colleagues(app, actor, assessment_id)
        workspace = answering.overview(app, actor, assessment_id)
    st.title("Colleagues", anchor=False)
    st.markdown(
        "Give a colleague the sections that they know best. Their link opens these sections,"
        " with their answers and files, and nothing else."
    )
    fresh = links.kept("colleague_link", InvitationLink)
    if fresh is not None:
        who = f"{plain(fresh.contact_name)} ({plain(fresh.contact_email)})"
        links.show_once(
            "colleague_link",
            f"Send this link to {who} yourself. Whoever has it can use it, without an account.",
            address(app, "invitation", fresh.token),
            fresh.expires_at,
        )
    for one in view.colleagues:
        row(app, actor, one)
    if workspace.locked:
        st.info(
            "Your answers are submitted, so there is nothing to share now. Should they come back to"
            " you, you can give sections to colleagues again.",
            icon=":material/lock:",
        )
        return
    if allowed(actor, Action.DELEGATE):
        give(app, actor, assessment_id, view)
    st.subheader("Who signs", anchor=False)
    if view.signatory is not None:
        st.markdown(
            f"**{plain(view.signatory)}** reads every answer, signs and submits. Take their link"
            " back to sign yourself."
        )
    else:
        st.markdown("You sign and submit yourself, unless you name a colleague who does.")
        if allowed(actor, Action.NAME_SIGNATORY):
            name(app, actor, assessment_id, view)


def row(app: Application, actor: Actor, one: Colleague) -> None:
    """One colleague: what was given, whether it works, and taking it back."""
    with st.container(border=True, key=f"colleague_{one.id}"):
        who, what, do = st.columns([4, 5, 2], vertical_alignment="center")
        with who:
            st.markdown(f"**{one_line(one.name)}**  \n{aside(one_line(one.email))}")
        with what:
            given = "Signs and submits" if one.signs else ", ".join(map(one_line, one.sections))
            until = f"until {day(one.expires_at.astimezone(links.zone()))}"
            st.markdown(f"{given}  \n{sign(STATES, one.state).badge} {aside(until)}")
        with do:
            if one.state in ("open", "used") and st.button(
                "Take back",
                key=f"take_back_{one.id}",
                icon=":material/block:",
                help="The link stops at once. What was answered stays.",
            ):
                with refusals.shown() as outcome:
                    delegating.take_back(app, actor, one.id)
                if outcome.fine:
                    st.rerun()


def give(app: Application, actor: Actor, assessment_id: str, view: Colleagues) -> None:
    """The form that gives sections to a colleague."""
    problems = Problems()
    st.subheader("Give sections to a colleague", anchor=False)
    with st.form(f"give_{len(view.colleagues)}"):
        left, right = st.columns(2)
        with left:
            name_ = st.text_input("Their name", autocomplete="off")
            problems.below("name")
        with right:
            email = email_input("Their e-mail address")
            problems.below("email")
        sections = st.multiselect(
            "Which sections?",
            list(view.sections),
            format_func=lambda id_: view.sections[id_],
            placeholder="Choose one or more",
        )
        problems.below("sections")
        days = st.number_input(
            "Days until the link ends", 1, view.most_days or 1, min(14, view.most_days or 1)
        )
        problems.below("days")
        sent = st.form_submit_button("Make the link", type="primary", icon=":material/link:")
    if sent:
        with problems.shown() as outcome:
            made = delegating.delegate(
                app,
                actor,
                assessment_id,
                name=name_,
                email=email,
                sections=sections,
                days=int(days),
            )
            links.keep("colleague_link", made)
        if outcome.fine:
            st.rerun()


def name(app: Application, actor: Actor, assessment_id: str, view: Colleagues) -> None:
    """The form that names who signs."""
    problems = Problems()
    with (
        st.expander("Somebody else signs", icon=":material/draw:"),
        st.form(f"signatory_{len(view.colleagues)}", border=False),
    ):
        left, right = st.columns(2)
        with left:
            name_ = st.text_input("Name of who signs", autocomplete="off")
            problems.below("name", "days")
        with right:
            email = email_input("E-mail address of who signs")
            problems.below("email")
        sent = st.form_submit_button("Make their link", icon=":material/link:")
    if sent:
        with problems.shown() as outcome:
            made = delegating.name_signatory(
                app, actor, assessment_id, name=name_, email=email, days=view.most_days
            )
            links.keep("colleague_link", made)
        if outcome.fine:
            st.rerun()


main()
