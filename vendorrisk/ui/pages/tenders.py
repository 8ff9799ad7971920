"""Sealed tenders: where each stands, who bids, and the one next step; and preparing a new one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import streamlit as st

from vendorrisk.access import Action, allowed
from vendorrisk.tender import LATE_SAYS, LateRule, Stage, clock_says, moment_says
from vendorrisk.ui import refusals
from vendorrisk.ui.forms import Problems, once
from vendorrisk.ui.links import zone
from vendorrisk.ui.navigation import go, link
from vendorrisk.ui.session import current
from vendorrisk.ui.words import aside, count, moment, plain, span
from vendorrisk.usecases import tenders
from vendorrisk.usecases.tenders import BidView, TenderView

COURSE = (
    (Stage.DRAFT, "Prepared"),
    (Stage.OPEN, "Open for bids"),
    (Stage.DUE, "Deadline passed"),
    (Stage.UNSEALED, "Bids opened"),
    (Stage.LOCKED, "Scores locked"),
)

KNOW_THEM = "Procurement officers, second officers, auditors and administrators know the names."

app, actor = current()
now = app.clock()


def main() -> None:
    """Draw the list, or the tender in the address."""
    chosen = st.query_params.get("tender", "")
    if chosen:
        with refusals.or_stop():
            view = tenders.tender(app, actor, chosen)
        one(view)
        return
    st.title("Tenders", anchor=False)
    st.markdown(
        "Several vendors answer the same questions by the same deadline. Their answers are sealed:"
        " nobody here reads them before a second officer has opened all of them together."
    )
    with refusals.or_stop():
        found = tenders.tenders(app, actor)
    for view in found:
        row(view)
    if not found:
        st.caption("There is no tender yet.")
    if allowed(actor, Action.OPEN_TENDER):
        prepare()


def row(view: TenderView) -> None:
    """One tender in the list."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{plain(view.title)}**  \n"
            f"{view.stage_says}  \n{awaited(view)}  \n"
            + aside(f"{count(len(view.bids), 'bidder')} · Deadline {when(view.deadline)}"),
            width="stretch",
        )
        if st.button("Open", key=f"open_{view.id}", width=110):
            go("tenders", tender=view.id)


def when(at: datetime) -> str:
    """A deadline in the reader's time and in UTC, where these differ."""
    local = at.astimezone(zone())
    if local.utcoffset() == timedelta(0):
        return moment_says(at)
    utc = clock_says(at) if local.date() == at.astimezone(UTC).date() else moment_says(at)
    return f"{moment(at, zone())} your time ({utc})"


def one(view: TenderView) -> None:
    """A tender: its terms, where it stands, its bids and what comes next."""
    link("All tenders", "tenders", icon=":material/arrow_back:")
    st.title(plain(view.title), anchor=False)
    course(view)
    next_step(view)
    bids, terms = st.columns([3, 2], gap="large")
    with bids:
        st.subheader("Bids", anchor=False)
        if view.names_hidden:
            st.caption(
                "Pseudonyms stand for the bidders until the scores are locked; lots are drawn when"
                f" the tender is published. {KNOW_THEM}"
            )
        for bid in view.bids:
            draw_bid(view, bid)
        if view.may_change:
            add(view)
    with terms:
        st.subheader("Terms", anchor=False)
        draw_terms(view)


def course(view: TenderView) -> None:
    """Where the tender stands on its way, told by word and shape."""
    reached = [stage for stage, _ in COURSE].index(view.stage)
    # An element for each, because lines break between an icon and its word.
    with st.container(horizontal=True, gap="small"):
        for place, (stage, words) in enumerate(COURSE):
            if place < reached or stage is Stage.LOCKED is view.stage:
                step = f":green[:material/check_circle:] :gray[{words}]"
            elif place == reached:
                step = f":primary[:material/radio_button_checked:] **{words}**"
            else:
                step = f":gray[:material/radio_button_unchecked: {words}]"
            st.markdown(step, width="content")


def awaited(view: TenderView) -> str:
    """Who is waited on, and for what, as Markdown."""
    if not view.whom:
        return plain(view.next_step)
    return f"**Waiting on {'you' if view.yours else view.whom}:** {plain(view.next_step)}"


def next_step(view: TenderView) -> None:
    """What is waited for, and the button for who may do it."""
    with st.container(border=True, key="next_step"):
        said = awaited(view)
        if view.stage is Stage.OPEN:
            said += f" {span(now, view.deadline).capitalize()} left."
        st.markdown(said)
        if view.may_change:
            act("Publish", "publish", lambda: tenders.publish_tender(app, actor, view.id))
            st.caption(
                "Publishing fixes terms and bidders for good. Invite the bidders afterwards."
            )
        if view.stage is Stage.DUE:
            if view.may_unseal:
                act("Open the bids", "unseal", lambda: tenders.unseal(app, actor, view.id))
                st.caption("All bids open together and are scored; this cannot be undone.")
            elif view.why_not_unseal:
                st.caption(view.why_not_unseal)
        if view.may_lock:
            act("Lock the scores", "lock", lambda: tenders.lock_scores(app, actor, view.id))
            st.caption("No judgement changes afterwards; the committee sees names and decides.")
        if view.stage is Stage.LOCKED and allowed(actor, Action.COMPARISON):
            link("Compare the bids", "compare", icon=":material/compare_arrows:")


def act(label: str, key: str, verb: Callable[[], None]) -> None:
    """A button that does one thing, and draws the page anew where it was done."""
    if st.button(label, key=key, type="primary"):
        with refusals.shown() as outcome:
            verb()
        if outcome.fine:
            st.rerun()


def draw_bid(view: TenderView, bid: BidView) -> None:
    """One bid, and where it leads."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        says = plain(bid.says)
        if bid.submitted_at is not None:
            says += f"  \n{aside(f'Sent on {moment(bid.submitted_at, zone())}')}"
        late = " :orange-badge[:material/alarm: Late]" if bid.late else ""
        about = [plain(bid.title)] if not view.names_hidden and bid.title != view.title else []
        if view.pseudonymous and bid.pseudonym and bid.pseudonym != bid.name:
            about.append(f"Pseudonym: {bid.pseudonym}")
        st.markdown(
            f"**{plain(bid.name)}**{late}  \n{says}"
            + (f"  \n{aside(' · '.join(about))}" if about else ""),
            width="stretch",
        )
        if bid.reviewable and st.button("Review", key=f"review_{bid.assessment_id}", width=110):
            go("review", assessment=bid.assessment_id)
        if (
            bid.engagement_id is not None
            and not bid.reviewable
            and st.button("Engagement", key=f"engagement_{bid.assessment_id}", width=130)
        ):
            go("engagement", engagement=bid.engagement_id)
        if view.may_change and st.button("Remove", key=f"remove_{bid.assessment_id}", width=110):
            with refusals.shown() as outcome:
                tenders.remove_bid(app, actor, view.id, bid.assessment_id)
            if outcome.fine:
                st.rerun()


def add(view: TenderView) -> None:
    """Let one more assessment bid."""
    if not view.addable:
        st.caption(
            "To add a bidder, open the same questionnaire for another engagement and invite nobody"
            " there yet."
        )
        return
    chosen = st.selectbox(
        "Add a bidder",
        list(view.addable),
        index=None,
        format_func=lambda one: view.addable[one],
        placeholder="Choose an assessment to which nobody was invited yet",
        key="add_bid",
    )
    if chosen is not None and st.button("Add", key="add"):
        with refusals.shown() as outcome:
            tenders.add_bid(app, actor, view.id, chosen)
        if outcome.fine:
            st.rerun()


def draw_terms(view: TenderView) -> None:
    """What every bidder was promised, and who did what."""
    seen = (
        f"Reviewers and the committee see pseudonyms until the scores are locked. {KNOW_THEM} What"
        " a bidder writes may give its name away."
        if view.pseudonymous
        else "Bidders are named to everybody."
    )
    st.markdown(
        f":material/event: **Deadline** {when(view.deadline)}  \n"
        + aside("This server's clock counts; the deadline itself is in time.")
    )
    st.markdown(f":material/alarm: {view.late_says}")
    st.markdown(f":material/list_alt: {plain(view.questionnaire)}, the same version for all")
    st.markdown(f":material/theater_comedy: {seen}")
    if view.names_hidden:
        names = ", ".join(plain(name) for name in view.bidders)
        st.markdown(
            f":material/balance: **The bidders, by alphabet:** {names}.  \n"
            + aside(
                "If you have a conflict of interest with any of them, declare it on the review of"
                " each bid, since you cannot tell which is theirs."
            )
        )
    here = zone()
    done = [f"Prepared by {plain(view.created_by)} on {moment(view.created_at, here)}"]
    if view.published_at is not None:
        done.append(f"Published on {moment(view.published_at, here)}")
    if view.unsealed_at is not None:
        done.append(
            f"Opened by {plain(view.unsealed_by or '')} on {moment(view.unsealed_at, here)}"
        )
    if view.locked_at is not None:
        done.append(f"Locked by {plain(view.locked_by or '')} on {moment(view.locked_at, here)}")
    st.caption("  \n".join(done))
    with st.expander("Fingerprints of what is asked and how it is judged"):
        st.code(f"{view.questionnaire_digest}\n{view.rubric_digest}", language=None)
    if view.may_extend:
        extend(view)


def extend(view: TenderView) -> None:
    """Move the deadline."""
    with st.expander("Move the deadline"):
        if view.stage is Stage.OPEN:
            st.caption("To a later time only, for all bidders alike; tell them.")
        to = moment_input("extend", view.deadline + timedelta(days=1))
        if st.button("Move the deadline", key="extend"):
            with refusals.shown() as outcome:
                tenders.extend_deadline(app, actor, view.id, to)
            if outcome.fine:
                st.rerun()


def moment_input(key: str, proposed: datetime) -> datetime:
    """A day and a time of day in the reader's time zone, which is named."""
    local = proposed.astimezone(zone())
    day, hour = st.columns(2)
    on = day.date_input("Day", value=local.date(), key=f"{key}_day", format="YYYY-MM-DD")
    at = hour.time_input("Time", value=time(local.hour, local.minute), key=f"{key}_time", step=900)
    found = datetime.combine(on, at, tzinfo=zone())
    st.caption(f"Your time zone is {zone().key}: that is {moment_says(found)}.")
    return found


def prepare() -> None:
    """A form for a new tender."""
    with refusals.shown() as outcome:
        found = tenders.joinable(app, actor)
    if not outcome.fine:
        return
    with st.expander("Prepare a tender", icon=":material/add:", expanded=False):
        if not found:
            st.markdown(
                "A tender groups assessments to which nobody was invited yet. Open the same"
                " questionnaire for each engagement first, then come back."
            )
            return
        says = {id_: what for id_, what, _ in found}
        problems = Problems()
        title = st.text_input("Title", key="tender_title", placeholder="Photo storage 2027")
        problems.below("title")
        chosen = st.multiselect(
            "Who bids?",
            list(says),
            format_func=lambda id_: says[id_],
            placeholder="Assessments to which nobody was invited yet",
            key="tender_bids",
        )
        problems.below("assessment_ids")
        deadline = moment_input("tender", now + timedelta(days=21))
        problems.below("deadline")
        late = st.radio(
            "And after the deadline?",
            list(LateRule),
            format_func=lambda rule: LATE_SAYS[rule],
            key="tender_late",
        )
        hidden = st.checkbox(
            "Give bidders pseudonyms until the scores are locked",
            key="tender_pseudonymous",
            help="For reviewers, moderators, risk owners and the committee.",
        )
        if st.button("Prepare it", key="prepare", type="primary"):
            made = ""
            with problems.shown() as sent:
                made = once(
                    ("tender", title, tuple(chosen), deadline, late, hidden),
                    lambda: tenders.open_tender(
                        app,
                        actor,
                        title=title,
                        assessment_ids=chosen,
                        deadline=deadline,
                        late_rule=str(late),
                        pseudonymous=hidden,
                    ),
                )
            if sent.fine:
                go("tenders", tender=made)


main()
