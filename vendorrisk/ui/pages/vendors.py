"""The vendors, what is bought from each and where it stands; and registering another."""

from dataclasses import replace

import streamlit as st

from vendorrisk.access import Action, allowed
from vendorrisk.assessment import State
from vendorrisk.ui import refusals
from vendorrisk.ui.forms import Problems, email_input, once
from vendorrisk.ui.navigation import go
from vendorrisk.ui.scorecards import in_lists
from vendorrisk.ui.session import current
from vendorrisk.ui.words import STATES, TIERS, Sign, aside, count, money, plain, sign, span
from vendorrisk.usecases import vendors
from vendorrisk.usecases.vendors import EngagementRow, VendorRow

app, actor = current()
may_register = allowed(actor, Action.REGISTER_VENDOR)


def register() -> None:
    """The form for a new vendor with its first contact."""
    problems = Problems()
    with st.form("register_vendor", border=False):
        left, right = st.columns(2)
        with left:
            name = st.text_input("Name of the vendor", autocomplete="off")
            problems.below("name")
        with right:
            legal_name = st.text_input(
                "Legal name (optional)", help="As it stands in the contract, if it differs."
            )
            problems.below("legal_name")
        left, right = st.columns(2)
        with left:
            website = st.text_input("Website (optional)", placeholder="https://example.com")
            problems.below("website")
        with right:
            country = st.text_input(
                "Country (optional)",
                max_chars=2,
                placeholder="GB",
                help="Its two letters, as in GB.",
            )
            problems.below("country")
        st.markdown("**Who there will answer?** You can add more people later.")
        left, middle, right = st.columns(3)
        with left:
            contact_name = st.text_input("Contact's name", autocomplete="off")
            problems.below("contact_name")
        with middle:
            contact_email = email_input("Contact's e-mail address")
            problems.below("contact_email")
        with right:
            contact_job_title = st.text_input("Job title (optional)", autocomplete="off")
            problems.below("contact_job_title")
        sent = st.form_submit_button("Register vendor", type="primary", icon=":material/add:")
    if sent:
        typed = {
            "name": name,
            "legal_name": legal_name,
            "country": country,
            "website": website,
            "contact_name": contact_name,
            "contact_email": contact_email,
            "contact_job_title": contact_job_title,
        }
        with problems.shown() as outcome:
            made = once(
                ("register_vendor", *typed.values()),
                lambda: vendors.register_vendor(app, actor, **typed),
            )
        if outcome.fine:
            go("engagement", vendor=made.id)


def engagement_row(row: EngagementRow) -> None:
    """One engagement: what is bought, how risky it is, and where its assessment stands."""
    with st.container(key=f"line_{row.id}"):
        columns = st.columns([9, 4, 9, 3], vertical_alignment="center")
    what, risk, stands_in, open_ = columns
    with what:
        worth = "" if row.value_minor is None else plain(money(row.value_minor, row.currency))
        st.markdown(f"{plain(row.title)}  \n{aside(worth)}" if worth else plain(row.title))
    with risk:
        if row.tier is None:
            done = f"Intake: {row.intake.answered} of {row.intake.asked} answered"
            st.markdown(aside(done))
        else:
            mark = sign(TIERS, row.tier)
            st.markdown(Sign(mark.word.partition(",")[0], mark.icon, mark.colour).badge)
    with stands_in:
        latest = row.assessments[-1] if row.assessments else None
        if latest is not None:
            stands = f"{STATES[latest.state].badge} {aside(f'for {span(latest.since, now)}')}"
            if figures := in_lists(latest):
                stands += f"  \n{figures}"
            st.markdown(stands)
        else:
            st.markdown(aside("No assessment yet"))
    with open_:
        if st.button("Open", key=f"open_{row.id}", width="stretch"):
            go("engagement", engagement=row.id)


def card(row: VendorRow) -> None:
    """One vendor with its engagements."""
    with st.container(border=True, key=f"vendor_{row.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(plain(row.name), anchor=False, width="stretch")
            if row.country:
                st.caption(plain(row.country), width="content")
            if may_register and st.button(
                "Add an engagement", key=f"add_{row.id}", icon=":material/add:", type="tertiary"
            ):
                go("engagement", vendor=row.id)
        if not row.engagements:
            st.caption("Nothing is bought from this vendor yet.")
        for engagement in row.engagements:
            engagement_row(engagement)


st.title("Vendors", anchor=False)
with refusals.or_stop():
    everyone = vendors.vendors(app, actor)
now = app.clock()

if not everyone:
    st.markdown(
        "There are no vendors yet. Register the first one below: its name and one person there who"
        " can answer questions about its security are enough."
        if may_register
        else "There are no vendors yet. A procurement officer registers the first one."
    )
else:
    st.markdown(f"{count(len(everyone), 'vendor')}, by name.")
if may_register:
    with st.expander("Register a vendor", expanded=not everyone, icon=":material/add:"):
        register()


def latest(row: EngagementRow) -> State | None:
    """Where the newest assessment of an engagement stands."""
    return row.assessments[-1].state if row.assessments else None


def narrowed() -> list[VendorRow]:
    """The vendors that are looked for, each with the engagements that are looked for."""
    engagements = [row for vendor in everyone for row in vendor.engagements]
    tiers = sorted({row.tier for row in engagements if row.tier is not None})
    states = [state for state in STATES if any(latest(row) is state for row in engagements)]
    by_name, by_state, by_tier = st.columns([2, 1, 1])
    with by_name:
        name = st.text_input(
            "Find a vendor", type="search", live="300ms", placeholder="Part of its name"
        )
    with by_state:
        state = st.selectbox(
            "Where it stands",
            [None, *states],
            format_func=lambda one: "Anywhere" if one is None else STATES[one].word,
        )
    with by_tier:
        tier = st.selectbox(
            "Tier",
            [None, *tiers],
            format_func=lambda one: "Any tier" if one is None else sign(TIERS, one).word,
        )
    named = [row for row in everyone if name.casefold() in row.name.casefold()]
    if state is None and tier is None:
        return named
    fitting = [
        replace(
            vendor,
            engagements=tuple(
                row
                for row in vendor.engagements
                if state in (None, latest(row)) and tier in (None, row.tier)
            ),
        )
        for vendor in named
    ]
    return [vendor for vendor in fitting if vendor.engagements]


found = narrowed() if len(everyone) > 3 else everyone
if everyone and not found:
    st.info("No vendor is like that. Look for less.", icon=":material/search:")
for vendor in found:
    card(vendor)
