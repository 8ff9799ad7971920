"""What is kept for how long, what is due, receipts of what was deleted, and legal holds."""

from collections.abc import Sequence

import streamlit as st

from vendorrisk.access import Action, allowed
from vendorrisk.ui import refusals
from vendorrisk.ui.forms import Problems
from vendorrisk.ui.session import current
from vendorrisk.ui.words import aside, day, moment, plain
from vendorrisk.usecases import retention
from vendorrisk.usecases.purging import Due
from vendorrisk.usecases.retention import HoldView, ReceiptView, RetentionView

app, actor = current()


def main() -> None:
    """Draw the page."""
    with refusals.or_stop():
        view = retention.retention(app, actor)
    titles = {kept.id: kept.title for kept in view.schedule}
    st.title("Retention", anchor=False)
    st.markdown(
        "What is over is deleted by itself, once a day, and each deletion leaves a receipt. A legal"
        " hold keeps what somebody may still have to show."
    )
    st.subheader("Due now", anchor=False)
    dues(view.over, titles, "Nothing is due.")
    st.subheader("Due within 90 days", anchor=False)
    dues(view.ahead, titles, "Nothing will be due.")
    st.subheader("Legal holds", anchor=False)
    for hold in view.holds:
        draw_hold(hold)
    if not view.holds:
        st.caption("Nothing is held.")
    if allowed(actor, Action.SET_LEGAL_HOLD):
        new_hold(view)
    st.subheader("Receipts", anchor=False)
    for receipt in view.receipts:
        draw_receipt(receipt)
    if not view.receipts:
        st.caption("Nothing has been deleted yet.")
    st.subheader("The schedule", anchor=False)
    for kept in view.schedule:
        st.markdown(
            f"**{plain(kept.title)}**: {plain(kept.says)}  \n"
            + aside(
                f"From: {plain(kept.starts)}. What remains: {plain(kept.remains)}."
                f" Why: {plain(kept.why)}"
            )
        )


def dues(found: Sequence[Due], titles: dict[str, str], none: str) -> None:
    """What is to be deleted, a line for each."""
    for due in found:
        when = f"on {day(due.due_at.date())}" if due.since is not None else "with the next run"
        held = f" :material/lock: Held: {plain(due.held)}" if due.held is not None else ""
        about = aside(f"{plain(due.about)}, {when}")
        st.markdown(f"{plain(titles[due.data_class])}  \n{about}{held}")
    if not found:
        st.caption(none)


def draw_receipt(receipt: ReceiptView) -> None:
    """One receipt, with its stores behind a click."""
    with st.expander(f"{moment(receipt.made_at)}: {plain(receipt.title)}, {plain(receipt.about)}"):
        st.markdown("\n".join(f"- {plain(store)}" for store in receipt.stores))
        if receipt.since is not None:
            st.caption(f"Kept for {plain(receipt.period)} from {day(receipt.since.date())}.")
        if receipt.files_gone_at is None:
            st.warning("Files of it still lie on the disk; the next run deletes them.")
        st.caption(f"Receipt {receipt.id}")


def draw_hold(hold: HoldView) -> None:
    """One hold, and what can be done about it."""
    with st.container(border=True):
        stands = "Lifted" if hold.lifted_at is not None else "In force"
        st.markdown(
            f"**{plain(hold.about)}** :gray-badge[{stands}]  \n{plain(hold.reason)}  \n"
            + aside(f"Set by {plain(hold.set_by)} on {moment(hold.set_at)}")
        )
        if hold.lift_asked_by:
            st.markdown(f"{plain(hold.lift_asked_by)} asks to lift it: {plain(hold.lift_reason)}")
        if hold.lifted_at is not None:
            st.caption(f"Lifted by {plain(hold.lifted_by)} on {moment(hold.lifted_at)}.")
            return
        if hold.may_lift and allowed(actor, Action.LIFT_HOLD):
            if st.button("Lift this hold", key=f"lift_{hold.id}", type="primary"):
                with refusals.shown() as outcome:
                    retention.lift_hold(app, actor, hold.id)
                if outcome.fine:
                    st.rerun()
        elif not hold.lift_asked_by and allowed(actor, Action.ASK_TO_LIFT_HOLD):
            ask(hold)


def ask(hold: HoldView) -> None:
    """Ask a second person to lift a hold."""
    problems = Problems()
    with st.form(f"ask_{hold.id}", border=False):
        reason = st.text_input("Why it is no longer needed", key=f"ask_reason_{hold.id}")
        problems.below("reason")
        sent = st.form_submit_button("Ask a colleague to lift it")
    if sent:
        with problems.shown() as outcome:
            retention.ask_to_lift_hold(app, actor, hold.id, reason)
        if outcome.fine:
            st.rerun()


def new_hold(view: RetentionView) -> None:
    """Hold a vendor or an assessment."""
    problems = Problems()
    with st.form("new_hold", clear_on_submit=False):
        subject = st.selectbox(
            "What must be kept?",
            list(view.subjects),
            index=None,
            format_func=lambda one: view.subjects[one],
            placeholder="Choose a vendor or one assessment",
            key="hold_subject",
        )
        reason = st.text_input(
            "Why?", key="hold_reason", placeholder="A dispute, an audit, a court's order"
        )
        problems.below("reason")
        sent = st.form_submit_button("Set a legal hold", icon=":material/lock:")
    if not sent:
        return
    if subject is None:
        st.error("Choose what must be kept.")
        return
    with problems.shown() as outcome:
        retention.set_legal_hold(app, actor, *subject, reason)
    if outcome.fine:
        st.rerun()


main()
