"""One engagement: what is bought, how risky it is at heart, and where its assessments stand."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

import streamlit as st

from vendorrisk.access import Action, allowed
from vendorrisk.assessment import Move, State, may
from vendorrisk.ui import charts, duties, links, refusals
from vendorrisk.ui import sets as shown_sets
from vendorrisk.ui.forms import Problems, email_input, once
from vendorrisk.ui.navigation import go, link
from vendorrisk.ui.scorecards import in_lists
from vendorrisk.ui.session import current
from vendorrisk.ui.words import (
    RISKS,
    STATES,
    TIERS,
    Sign,
    aside,
    clock,
    count,
    day,
    due,
    minor_digits,
    minutes,
    moment,
    money,
    one_line,
    plain,
    sign,
    span,
)
from vendorrisk.usecases import (
    answering,
    assessments,
    audit,
    intake,
    read_codes,
    sets,
    submitting,
    vendors,
)
from vendorrisk.usecases.assessments import InvitationLink
from vendorrisk.usecases.audit import Event
from vendorrisk.usecases.sets import SetRow
from vendorrisk.usecases.vendors import (
    AssessmentRow,
    EngagementView,
    InvitationRow,
    VendorView,
)

CURRENCIES = ("EUR", "GBP", "USD", "CHF", "DKK", "NOK", "SEK", "PLN", "CZK", "CAD", "AUD", "JPY")

# Where an assessment comes along, in the order in which people see it happen.
COURSE = (
    (State.DRAFT, "Opened"),
    (State.INVITED, "Invited"),
    (State.IN_PROGRESS, "Being answered"),
    (State.SUBMITTED, "Submitted"),
    (State.IN_REVIEW, "In review"),
    (State.REVIEWED, "Reviewed"),
    (State.DECIDED, "Decided"),
)

NBSP = "\N{NO-BREAK SPACE}"

INVITATIONS = {
    "open": Sign("Not opened yet", ":material/mail:", "blue"),
    "used": Sign("In use", ":material/drafts:", "green"),
    "expired": Sign("Expired", ":material/timer_off:", "gray"),
    "revoked": Sign("Taken back", ":material/block:", "gray"),
}

app, actor = current()
now = app.clock()
today = now.date()
officer = allowed(actor, Action.INVITE)


def register(vendor: VendorView) -> None:
    """The form for what is bought from a vendor."""
    link("Vendors", "vendors", icon=":material/arrow_back:")
    st.title(f"What will you buy from {plain(vendor.name)}?", anchor=False)
    st.markdown(
        "A title is enough for now. Right after this come up to seventeen questions that tell how"
        " closely this engagement has to be looked at."
    )
    problems = Problems()
    with st.form("register_engagement"):
        title = st.text_input("Title", placeholder="Identity checks at the border desk")
        problems.below("title")
        service = st.text_area(
            "What the vendor will do for you (optional)",
            height=90,
            help="The vendor reads this in its invitation.",
        )
        problems.below("service")
        left, middle, right, last = st.columns([2, 1, 2, 2])
        with left:
            value = st.number_input("Value (optional)", min_value=0.0, value=None, step=1000.0)
            problems.below("value_minor")
        with middle:
            currency = st.selectbox("Currency", CURRENCIES, index=CURRENCIES.index(usual()))
            problems.below("currency")
        with right:
            starts_on = st.date_input("Starts on (optional)", value=None, format="DD/MM/YYYY")
            problems.below("starts_on")
        with last:
            ends_on = st.date_input("Ends on (optional)", value=None, format="DD/MM/YYYY")
            problems.below("ends_on")
        sent = st.form_submit_button(
            "Register and go to the intake", type="primary", icon=":material/arrow_forward:"
        )
    if sent:
        minor = None if value is None else round(value * 10 ** minor_digits(currency))
        with problems.shown() as outcome:
            made = once(
                (
                    "register_engagement",
                    vendor.id,
                    title,
                    service,
                    minor,
                    currency,
                    starts_on,
                    ends_on,
                ),
                lambda: vendors.register_engagement(
                    app,
                    actor,
                    vendor.id,
                    title=title,
                    service=service,
                    value_minor=minor,
                    currency=currency if minor is not None else None,
                    starts_on=starts_on,
                    ends_on=ends_on,
                ),
            )
        if outcome.fine:
            with refusals.or_stop():
                intake_id = vendors.engagement(app, actor, made).intake_id
            go("questionnaire", assessment=intake_id)


def usual() -> str:
    """The currency of the engagement that was registered last."""
    with refusals.or_stop():
        everyone = vendors.vendors(app, actor)
    named = [
        (row.registered_at, row.currency)
        for seller in everyone
        for row in seller.engagements
        if row.currency in CURRENCIES
    ]
    return str(max(named)[1]) if named else CURRENCIES[0]


def facts(view: EngagementView) -> None:
    """What is bought, in a line or two."""
    parts = []
    if view.value_minor is not None:
        parts.append(money(view.value_minor, view.currency))
    if view.starts_on or view.ends_on:
        start = day(view.starts_on) if view.starts_on else "…"
        end = day(view.ends_on) if view.ends_on else "open end"
        parts.append(f"{start} to {end}")
    parts.append(f"registered by {view.created_by} on {day(view.created_at)}")
    st.markdown(f"**{plain(view.vendor.name)}**  \n{aside(plain(' · '.join(parts)))}")
    if view.service:
        st.markdown(plain(view.service))


def risk(view: EngagementView) -> None:
    """The intake: how risky this is before the vendor has said a word, and why."""
    st.header("Inherent risk", anchor=False)
    st.markdown(aside("How risky this is before the vendor has said a word about its security."))
    with refusals.or_stop():
        result = intake.intake_result(app, actor, view.id)
    if not result.complete:
        done, asked = view.intake.answered, view.intake.asked
        with st.container(border=True):
            st.progress(view.intake.share, f"Intake: {done} of {asked} answered")
            if officer:
                st.markdown(
                    "The intake's questions on data, access and dependence set the tier. They"
                    " decide how much the vendor is asked, and how much its bare word is worth."
                )
                left = minutes(answering.overview(app, actor, view.intake_id).progress.minutes_left)
                if st.button(
                    f"Answer the intake (about {left})" if done == 0 else f"Go on (about {left})",
                    type="primary",
                    icon=":material/edit:",
                ):
                    go("questionnaire", assessment=view.intake_id)
            else:
                st.markdown("A procurement officer answers the intake; then the tier stands here.")
        return
    with st.container(border=True):
        why, grid = st.columns([3, 2], gap="medium")
        with why:
            st.subheader(sign(TIERS, result.tier).badge, anchor=False)
            st.markdown("\n".join(f"- {one_line(reason, 400)}" for reason in result.reasons))
            link(
                "Read the intake",
                "questionnaire",
                icon=":material/list_alt:",
                assessment=view.intake_id,
            )
        if result.impact is not None and result.likelihood is not None:
            with grid:
                here(result.likelihood, result.impact, result.inherent)


def here(likelihood: str, impact: str, inherent: str | None) -> None:
    """Where impact and likelihood meet, as a picture and in words."""
    appetite = app.library.appetite
    said = (
        f"Impact {sign(RISKS, impact).word.lower()}, likelihood"
        f" {sign(RISKS, likelihood).word.lower()}: inherent risk"
        f" {sign(RISKS, inherent).word.lower()}"
    )
    st.altair_chart(
        charts.tier_grid(
            appetite.risk,
            appetite.levels,
            (likelihood, impact),
            {level: sign(RISKS, level).word for level in appetite.levels},
        ),
        width="stretch",
        alt=said,
    )
    st.markdown(aside(f"{said}."))


def open_another(view: EngagementView, rows: Sequence[SetRow], *, first: bool) -> None:
    """The form that opens an assessment."""
    if not rows:
        st.caption("There is no questionnaire to send to a vendor yet.")
        return
    if all(row.assessment_id is not None for row in rows):
        return
    problems = Problems()
    with st.form("open_assessment"):
        st.markdown("**What to ask.** What applies is ticked. Add or leave out what you like.")
        chosen = shown_sets.choice(rows)
        problems.below("set_ids")
        due_on = st.date_input(
            "Answers due on",
            value=today + timedelta(days=21),
            min_value=today,
            format="DD/MM/YYYY",
            width=260,
        )
        problems.below("due_on")
        st.markdown(
            "**What exactly is assessed?** Evidence about something else counts for nothing."
        )
        left, middle, right = st.columns(3)
        with left:
            product = st.text_input("Product (optional)", help="Its name, as on a certificate.")
            problems.below("product")
        with middle:
            environment = st.text_input("Environment (optional)", placeholder="production")
            problems.below("environment")
        with right:
            entity = st.text_input("Legal entity (optional)")
            problems.below("entity")
        sent = st.form_submit_button(
            "Open the assessment", type="primary" if first else "secondary"
        )
    if sent:
        with problems.shown() as outcome:
            once(
                (
                    "open",
                    view.id,
                    tuple(chosen),
                    due_on,
                    product,
                    environment,
                    entity,
                    len(view.assessments),
                ),
                lambda: sets.open_sets(
                    app,
                    actor,
                    view.id,
                    chosen,
                    due_on,
                    product=product,
                    environment=environment,
                    entity=entity,
                ),
            )
        if outcome.fine:
            st.rerun()


def course(row: AssessmentRow) -> None:
    """Where an assessment stands on its way, told by word and shape."""
    if row.state is State.WITHDRAWN:
        st.markdown(STATES[row.state].badge)
        return
    # Back with the vendor is a step back on the same way.
    at = State.IN_PROGRESS if row.state is State.RETURNED else row.state
    reached = [state for state, _ in COURSE].index(at)
    steps = []
    for place, (_, words) in enumerate(COURSE):
        name = words.replace(" ", NBSP)
        if place < reached or row.state is State.DECIDED:
            steps.append(f":green[:material/check_circle:]{NBSP}:gray[{name}]")
        elif place == reached:
            here = STATES[row.state].word if row.state is State.RETURNED else name
            steps.append(f":primary[:material/radio_button_checked:]{NBSP}**{here}**")
        else:
            steps.append(f":gray[:material/radio_button_unchecked:{NBSP}{name}]")
    st.markdown(" :gray[—] ".join(steps))


def card(row: AssessmentRow, view: EngagementView) -> None:
    """One assessment: where it stands, what is next, its invitations and its story."""
    with st.container(border=True, key=f"assessment_{row.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(plain(row.title), anchor=False, width="stretch")
            if row.tier is not None:
                st.markdown(sign(TIERS, row.tier).badge, width="content")
        course(row)
        says = [plain(row.state_says), f"for {span(row.since, now)}"]
        if row.due_on is not None and (row.overdue or may(Move.ANSWER, row.state)):
            late = due(row.due_on, today)
            says.append(f":red[:material/alarm: {late}]" if row.overdue else late)
        st.markdown(aside(" · ".join(says)))
        if figures := in_lists(row):
            st.markdown(figures)
        if row.tender_id is not None:
            sealed = " Its answers are sealed until the bids are opened." if row.sealed else ""
            about = f"Part of a tender.{sealed}"
            link(about, "tenders", icon=":material/lock:", tender=row.tender_id)
        if row.state in (State.INVITED, State.IN_PROGRESS, State.RETURNED) and not row.sealed:
            asked, done = row.progress.asked, row.progress.answered
            st.progress(row.progress.share, f"{done} of {asked} questions answered")
        next_step(row)
        fresh = links.kept("invitation_link", InvitationLink)
        if fresh is not None and fresh.assessment_id == row.id:
            show_link(fresh, row, view)
        ready = duties.approval(app, actor, row.id, drafted=row.state is State.DRAFT)
        if ready and officer and may(Move.INVITE, row.state):
            invite(row, view)
        if row.invitations:
            invitations(row)
        if allowed(actor, Action.CODES_TO_PASS_ON):
            codes(row)
        more(row)


def next_step(row: AssessmentRow) -> None:
    """The button that leads on from here."""
    if row.sealed:
        return
    if row.state in (State.SUBMITTED, State.IN_REVIEW):
        label = "Review the answers" if allowed(actor, Action.SET_REVIEW) else "See the answers"
        page = "review"
    elif row.state in (State.REVIEWED, State.DECIDED):
        undecided = row.state is State.REVIEWED and allowed(actor, Action.RECORD_DECISION)
        label = "Decide" if undecided else "See the result"
        page = "decide"
    else:
        return
    if st.button(label, key=f"next_{row.id}", type="primary"):
        go(page, assessment=row.id)


def show_link(fresh: InvitationLink, row: AssessmentRow, view: EngagementView) -> None:
    """The link of a new invitation, once, and a message to send it with."""
    who = f"{plain(fresh.contact_name)} ({plain(fresh.contact_email)})"
    url = links.address(app, "invitation", fresh.token)
    links.show_once(
        "invitation_link",
        f"Send this link to {who}. Whoever has it can answer for the vendor, without an account.",
        url,
        fresh.expires_at,
        message(fresh, row, view, url),
    )


def message(fresh: InvitationLink, row: AssessmentRow, view: EngagementView, url: str) -> str:
    """What could stand in the e-mail that brings the link, as text."""
    by = "" if row.due_on is None else f" by {day(row.due_on)}"
    until = moment(fresh.expires_at, links.zone())
    return (
        f"Dear {fresh.contact_name},\n\n"
        f"Before we go further with “{view.title}”, please answer our questions about security at"
        f" {view.vendor.name}{by}:\n\n{url}\n\n"
        "You need no account. The first page says what is asked and how long it takes. Every answer"
        " is saved as you give it, you can share sections with colleagues, and nothing is sent"
        " before you submit it.\n\n"
        f"The link is personal, and works until {until}.\n\n"
        f"{actor.name}"
    )


def invite(row: AssessmentRow, view: EngagementView) -> None:
    """The form that makes a link for one of the vendor's people."""
    first = not row.invitations
    contacts = {contact.id: contact for contact in view.vendor.contacts}
    with st.expander(
        "Invite the vendor" if first else "Invite somebody else there",
        expanded=first,
        icon=":material/mail:",
    ):
        problems = Problems()
        # The key changes with the number of links, so that a double click makes one.
        with st.form(f"invite_{row.id}_{len(row.invitations)}", border=False):
            left, right = st.columns([3, 2])
            with left:
                contact_id = st.selectbox(
                    "Who answers for the vendor?",
                    list(contacts),
                    format_func=lambda id_: f"{contacts[id_].name} ({contacts[id_].email})",
                )
                problems.below("contact_id")
            with right:
                days = st.number_input("Days until the link ends", 1, 90, holds(row))
                problems.below("days")
            others = [
                other
                for other in view.assessments
                if other.id != row.id and may(Move.INVITE, other.state)
            ]
            with_sets = bool(others) and st.checkbox(
                f"The same link also opens {', '.join(plain(other.title) for other in others)}",
                value=True,
            )
            sent = st.form_submit_button(
                "Make the link", type="primary" if first else "secondary", icon=":material/link:"
            )
        if sent and contact_id is not None:
            with problems.shown() as outcome:
                made = assessments.invite(
                    app,
                    actor,
                    row.id,
                    contact_id,
                    int(days),
                    [other.id for other in others] if with_sets else [],
                )
                links.keep("invitation_link", made)
            if outcome.fine:
                st.rerun()
        add_contact(view, f"{row.id}_{len(contacts)}")


def holds(row: AssessmentRow) -> int:
    """Days that a link is meant to work: a week longer than there is time to answer."""
    left = 0 if row.due_on is None else (row.due_on - today).days
    return min(max(left + 7, 14), 90)


def add_contact(view: EngagementView, key: str) -> None:
    """Another person at the vendor."""
    with st.popover(
        "Somebody who is not in the list", icon=":material/person_add:", type="tertiary"
    ):
        problems = Problems()
        with st.form(f"contact_{key}", border=False):
            name = st.text_input("Name", autocomplete="off")
            problems.below("name")
            email = email_input("E-mail address")
            problems.below("email")
            job_title = st.text_input("Job title (optional)", autocomplete="off")
            problems.below("job_title")
            sent = st.form_submit_button("Add", type="primary")
        if sent:
            with problems.shown() as outcome:
                vendors.add_contact(
                    app, actor, view.vendor.id, name=name, email=email, job_title=job_title
                )
            if outcome.fine:
                st.rerun()


def invitations(row: AssessmentRow) -> None:
    """The links that were made, each with what can still be done about it."""
    live = [made for made in row.invitations if made.state != "revoked"]
    taken_back = [made for made in row.invitations if made.state == "revoked"]
    st.markdown("**Links**")
    for made in live:
        invitation(made, row)
    if taken_back:
        with st.expander(f"Taken back: {count(len(taken_back), 'link')}", icon=":material/block:"):
            for made in taken_back:
                invitation(made, row)


def invitation(made: InvitationRow, row: AssessmentRow) -> None:
    """One link: whose it is, whether it works, and what can be done about it."""
    who, state, do = st.columns([4, 4, 3], vertical_alignment="center")
    with who:
        st.markdown(f"{plain(made.contact_name)}  \n{aside(plain(made.contact_email))}")
    with state:
        st.markdown(f"{sign(INVITATIONS, made.state).badge}  \n{aside(plain(_until(made)))}")
    if officer and row.state is not State.WITHDRAWN:
        with do, st.container(horizontal=True):
            act_on(made, row)


def codes(row: AssessmentRow) -> None:
    """Codes that somebody at the vendor asked for and that an officer passes on."""
    with refusals.shown():
        for waiting in read_codes.codes_to_pass_on(app, actor, row.id):
            with st.container(border=True, key=f"code_{waiting.id}"):
                who = f"{plain(waiting.contact_name)} ({plain(waiting.contact_email)})"
                st.markdown(
                    f"**{who} asks for a code** to open files again. Call them at a number that you"
                    " know, make sure who it is, and read it to them."
                )
                if waiting.shown_at is not None:
                    st.caption(f"Looked at {clock(waiting.shown_at, now, links.zone())}.")
                if st.button("Show the code", key=f"show_{waiting.id}", icon=":material/password:"):
                    with refusals.shown() as outcome:
                        digits = read_codes.show_code(app, actor, waiting.id)
                    if outcome.fine:
                        st.code(digits, language=None)


def _until(made: InvitationRow) -> str:
    said = f"given by {made.given_by}" if made.given_by else f"made by {made.created_by}"
    if made.revoked_at is not None:
        return f"{said}, taken back {clock(made.revoked_at, now, links.zone())}"
    if made.exchanged_at is not None:
        said = f"opened {clock(made.exchanged_at, now, links.zone())}"
    ends = "ended" if made.expires_at <= now else "ends"
    return f"{said}, {ends} on {day(made.expires_at.astimezone(links.zone()))}"


def act_on(made: InvitationRow, row: AssessmentRow) -> None:
    """Take a link back, or make a new one for the same person."""
    if made.state in ("open", "used") and st.button(
        "Take back",
        key=f"revoke_{made.id}",
        icon=":material/block:",
        help="The link and whoever came in by it stop at once.",
    ):
        with refusals.shown() as outcome:
            assessments.revoke_invitation(app, actor, made.id)
        if outcome.fine:
            st.rerun()
    if made.state != "revoked" and made.given_by is None and may(Move.INVITE, row.state):
        pressed = st.button(
            "New link",
            key=f"renew_{made.id}",
            icon=":material/autorenew:",
            help="For the same person; this one stops working.",
        )
        if pressed:
            with refusals.shown() as outcome:
                renewed = assessments.renew_invitation(app, actor, made.id, holds(row))
                links.keep("invitation_link", renewed)
            if outcome.fine:
                st.rerun()


def more(row: AssessmentRow) -> None:
    """What was submitted, what happened, and the two ways back."""
    with st.expander(
        "What was submitted, and what happened",
        icon=":material/history:",
        key=f"story_{row.id}",
        on_change="rerun",
    ) as story:
        if story.open:
            tell(row)
    with st.container(horizontal=True):
        if officer and may(Move.RETURN, row.state):
            with_reason(
                row,
                "return",
                "Return it to the vendor",
                "What has to change? The vendor reads this.",
                "What was submitted stays as it is; the vendor submits a second time beside it.",
            )
        if officer and may(Move.WITHDRAW, row.state):
            with_reason(
                row,
                "withdraw",
                "Withdraw the assessment",
                "Why is it no longer needed?",
                "Every link stops. What was answered stays readable to your colleagues.",
            )


def tell(row: AssessmentRow) -> None:
    """The submissions and the trail of one assessment."""
    with refusals.shown():
        for sent in submitting.submissions(app, actor, row.id):
            st.markdown(
                f"**Submission {sent.number}**, signed by {one_line(sent.signed_by_name)}"
                f" ({one_line(sent.signed_by_role)}) on {moment(sent.submitted_at, links.zone())}:"
                f" {count(sent.answers, 'answer')}, {count(sent.evidence, 'file')}."
            )
            st.caption(f"Fingerprint {plain(sent.sha256)}")
            if sent.return_reason:
                st.info(
                    f"Returned by {plain(sent.returned_by or '')}: {plain(sent.return_reason)}",
                    icon=":material/undo:",
                )
        trail(audit.trail(app, actor, row.id))


def trail(events: Sequence[Event]) -> None:
    """What happened, the latest first; the same thing several times in a row is one line."""
    lines = [list(group) for _, group in groupby(events, key=lambda event: (event.who, event.says))]
    st.table(
        {
            "When": [moment(group[0].at, links.zone()) for group in lines],
            "Who": [one_line(group[0].who) for group in lines],
            "What": [
                one_line(group[0].says, 300)
                + (f" {aside(f'{len(group)} times')}" if len(group) > 1 else "")
                for group in lines
            ],
        },
        border="horizontal",
        hide_index=True,
        alt="What happened, the latest first",
    )


def with_reason(row: AssessmentRow, verb: str, label: str, asks: str, means: str) -> None:
    """A step back that takes a reason."""
    with st.popover(label, type="tertiary", key=f"{verb}_{row.id}"):
        st.markdown(means)
        problems = Problems()
        with st.form(f"{verb}_form_{row.id}_{row.state}", border=False):
            reason = st.text_area(asks)
            problems.below("reason")
            sent = st.form_submit_button(label, type="primary")
        if sent:
            with problems.shown() as outcome:
                if verb == "return":
                    submitting.return_to_vendor(app, actor, row.id, reason)
                else:
                    assessments.withdraw(app, actor, row.id, reason)
            if outcome.fine:
                st.rerun()


def show(view: EngagementView) -> None:
    """The whole page of one engagement."""
    link("Vendors", "vendors", icon=":material/arrow_back:")
    st.title(plain(view.title), anchor=False)
    facts(view)
    risk(view)
    st.header("Assessments", anchor=False)
    shown_sets.result(view.result)
    rows: tuple[SetRow, ...] = ()
    if view.may_open:
        with refusals.or_stop():
            rows = sets.engagement_sets(app, actor, view.id)
        may_change = allowed(actor, Action.LEAVE_OUT)
        shown_sets.applying(app, actor, view.id, rows, may_change=may_change)
    for row in reversed(view.assessments):
        card(row, view)
    if view.may_open and allowed(actor, Action.OPEN_ASSESSMENT):
        if view.assessments:
            with st.expander(
                "Open another set",
                icon=":material/add:",
                expanded=any(row.suggested for row in rows),
            ):
                open_another(view, rows, first=False)
        else:
            open_another(view, rows, first=True)
    elif not view.assessments:
        st.caption(plain(view.why_not or "No assessment has been opened yet."))


vendor_id = st.query_params.get("vendor")
engagement_id = st.query_params.get("engagement")
if engagement_id is not None:
    with refusals.or_stop():
        asked_for = vendors.engagement(app, actor, engagement_id)
    show(asked_for)
elif vendor_id is not None:
    with refusals.or_stop():
        seller = vendors.vendor(app, actor, vendor_id)
    register(seller)
else:
    st.title("Which engagement?", anchor=False)
    st.markdown("Choose it in the list of vendors.")
    link("To the vendors", "vendors", icon=":material/storefront:")
