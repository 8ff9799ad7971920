"""Colleagues: adding them with roles, their links to choose a password, and parting from them."""

from collections.abc import Sequence

import streamlit as st

from vendorrisk.access import ROLE_DOES, ROLE_SAYS, STAFF_ROLES, Action, Role, allowed
from vendorrisk.ui import links, refusals
from vendorrisk.ui.forms import Problems, email_input
from vendorrisk.ui.session import current
from vendorrisk.ui.words import Sign, aside, count, day, moment, plain
from vendorrisk.usecases import account, people
from vendorrisk.usecases.people import PasswordLink, PersonView

app, actor = current()
may_add = allowed(actor, Action.ADD_PERSON)


def show_link(link: PasswordLink) -> None:
    """The one-use link of a colleague, for as long as this tab keeps it."""
    links.show_once(
        "password_link",
        f"Send this link to {plain(link.person.name)}. It opens a page to choose a password, once.",
        links.address(app, "password", link.token),
        link.expires_at,
    )


def says(roles: Sequence[Role]) -> str:
    """Roles in words."""
    return ", ".join(ROLE_SAYS[role] for role in STAFF_ROLES if role in roles) or "no role"


def row(person: PersonView) -> None:
    """One colleague, with what an administrator can do about them."""
    with st.container(border=True):
        who, what, do = st.columns([4, 4, 2], vertical_alignment="center")
        with who:
            you = " (you)" if person.id == actor.id else ""
            st.markdown(f"**{plain(person.name)}**{you}  \n{aside(plain(person.email))}")
        with what:
            if not person.active:
                stands = Sign("Access ended", ":material/block:", "gray").badge
            elif person.waiting_for_password:
                stands = Sign("No password chosen yet", ":material/schedule:", "orange").badge
            else:
                factor = "with" if person.second_factors else "without"
                stands = aside(f"Since {day(person.created_at)}, {factor} a second factor")
            st.markdown(f"{says(person.roles).capitalize()}  \n{stands}")
        if may_add and person.active:
            with do, st.popover("Change", icon=":material/edit:", width="stretch"):
                change(person)


def change(person: PersonView) -> None:
    """Other roles, a new link, or the end of access."""
    problems = Problems()
    roles = st.pills(
        "Roles",
        STAFF_ROLES,
        selection_mode="multi",
        default=list(person.roles),
        format_func=lambda role: ROLE_SAYS[role].capitalize(),
        key=f"roles_{person.id}_{'_'.join(person.roles)}",
    )
    problems.below("roles")
    if st.button(
        "Save roles",
        key=f"save_{person.id}_{'_'.join(person.roles)}",
        type="primary",
        disabled=set(roles) == set(person.roles),
        help="They are signed out, so that the change holds at once.",
    ):
        with problems.shown() as outcome:
            people.change_roles(app, actor, person.id, roles)
        if outcome.fine:
            st.toast(f"{plain(person.name)} is now {says(roles)}.", icon=":material/check:")
            st.rerun()
    if st.button("New password link", key=f"link_{person.id}", icon=":material/key:"):
        with refusals.shown() as outcome:
            links.keep("password_link", people.new_password_link(app, actor, person.id))
        if outcome.fine:
            st.rerun()
    sessions(person)
    sure = st.checkbox("They no longer work here", key=f"sure_{person.id}")
    if st.button(
        "End their access", key=f"end_{person.id}", icon=":material/block:", disabled=not sure
    ):
        with refusals.shown() as outcome:
            people.deactivate(app, actor, person.id)
        if outcome.fine:
            st.rerun()


def sessions(person: PersonView) -> None:
    """Where a colleague is signed in, the end of that, and of a second factor that was lost."""
    held = signed_in.get(person.id, ())
    if held:
        here = links.zone()
        lines = [
            f"- {plain(one.device or 'A browser')}"
            + aside(
                f"{f' from {plain(one.address)}' if one.address else ''},"
                f" last seen about {moment(one.last_seen_at, here)}"
            )
            for one in held
        ]
        st.markdown("Signed in with:\n" + "\n".join(lines))
        if st.button("Sign them out everywhere", key=f"out_{person.id}", icon=":material/logout:"):
            with refusals.shown() as outcome:
                account.end_sessions_of(app, actor, person.id)
            if outcome.fine:
                st.toast(f"{plain(person.name)} is signed out everywhere.", icon=":material/check:")
                st.rerun()
    if person.second_factors and person.id != actor.id:
        lost = st.checkbox("They lost their second factor", key=f"lost_{person.id}")
        if st.button(
            "Reset second factor",
            key=f"reset_{person.id}",
            icon=":material/phonelink_erase:",
            disabled=not lost,
            help="Make sure that it is really them who ask. They set up a new one at sign-in.",
        ):
            with refusals.shown() as outcome:
                account.reset_second_factor(app, actor, person.id)
            if outcome.fine:
                st.rerun()


def add(so_far: int) -> None:
    """The form for a new colleague, empty again for each one after the `so_far`."""
    problems = Problems()
    with st.form(f"add_person_{so_far}", border=False):
        left, right = st.columns(2)
        with left:
            name = st.text_input("Name", autocomplete="off", key=f"name_{so_far}")
            problems.below("name")
        with right:
            email = email_input("E-mail address", key=f"email_{so_far}")
            problems.below("email")
        roles = st.pills(
            "Roles",
            STAFF_ROLES,
            selection_mode="multi",
            format_func=lambda role: ROLE_SAYS[role].capitalize(),
            key=f"new_roles_{so_far}",
        )
        problems.below("roles")
        with st.expander("What each role does"):
            for role in STAFF_ROLES:
                st.markdown(f"**{ROLE_SAYS[role].capitalize()}** {ROLE_DOES[role]}.")
            st.markdown(
                "Whoever reviews an assessment does not decide it, and whoever invited the vendor"
                " is not its only reviewer. So a first team has at least three people."
            )
        sent = st.form_submit_button("Add colleague", type="primary", icon=":material/person_add:")
    if sent:
        with problems.shown() as outcome:
            links.keep("password_link", people.add_person(app, actor, name, email, roles))
        if outcome.fine:
            st.rerun()


st.title("People")
with refusals.or_stop():
    everybody = people.list_people(app, actor)

fresh = links.kept("password_link", PasswordLink)
if fresh is not None:
    show_link(fresh)

alone = may_add and len(everybody) == 1
if alone:
    st.markdown(
        "So far it is only you. Add a procurement officer to register vendors, a reviewer to judge"
        " the answers and a committee member to decide; one person may hold several roles. You may"
        " take other roles too, by “Change” beside your own name. But nobody decides what they have"
        " reviewed, so a decision needs a second person."
    )
else:
    st.markdown(f"{count(sum(p.active for p in everybody), 'colleague')} with access.")

if may_add:
    with st.expander("Add a colleague", expanded=alone, icon=":material/person_add:"):
        add(len(everybody))

signed_in = account.sessions_of(app, actor, [one.id for one in everybody]) if may_add else {}
for person in everybody:
    row(person)
