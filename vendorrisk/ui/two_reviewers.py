"""Two reviewers who judge alone, as they see it themselves, a moderator, and whoever reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import streamlit as st

from vendorrisk.access import Actor
from vendorrisk.ui import refusals, scorecards
from vendorrisk.ui.forms import Problems
from vendorrisk.ui.words import count, plain
from vendorrisk.usecases import moderating
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.reviewing import Level, ReviewRow, ReviewSheet, SeatView, Verdict


def told(sheet: ReviewSheet) -> None:
    """Who judges, how far they are, and what is hidden from whom."""
    panel = sheet.panel
    if panel.asks_less:
        st.caption(
            f"One reviewer's judgement stands here. In tier {sheet.tier} two reviewers judge alone,"
            " unless whoever runs the service asks for less."
        )
    if not panel.two:
        return
    if panel.revealed:
        _revealed(sheet)
        return
    you = panel.you
    others = [seat for seat in panel.seats if not seat.you]
    if you is not None:
        _yours(you, others)
    elif sheet.may_review and others:
        st.info(
            f"**{plain(others[0].name)} judges this submission alone, and so can you.** Your first"
            " judgement takes the second seat. Neither of you sees what the other says until you"
            " both hand in.",
            icon=":material/visibility_off:",
        )
    elif sheet.may_review:
        st.info(
            "**Two reviewers judge this submission alone.** Your first judgement takes one of the"
            " two seats. Nobody sees what you say until you both hand in.",
            icon=":material/visibility_off:",
        )
    else:
        seats = " and ".join(f"{plain(seat.name)} ({_how_far(seat)})" for seat in others)
        if len(others) < 2:
            seats = f"{seats} and a second reviewer" if seats else "They have not begun"
        st.info(
            f"**Two reviewers judge this submission alone.** {seats}. What they say is shown here"
            " once both have handed in; the figures are those of before any judgement.",
            icon=":material/visibility_off:",
        )


def _yours(you: SeatView, others: list[SeatView]) -> None:
    other = plain(others[0].name) if others else "a second reviewer"
    if you.handed_in:
        waits = f"{other} is still judging" if others else f"{other[:1].upper()}{other[1:]} begins"
        st.info(
            f"**You have handed in.** {waits}; after that you see each other's judgements.",
            icon=":material/hourglass_top:",
        )
        return
    whose = f"{other}'s judgements are hidden" if others else "Another's will be hidden"
    did = f" {other} has handed in." if others and others[0].handed_in else ""
    st.info(
        f"**You judge alone.** {whose} from you, and yours from everybody, until you both hand"
        f" in.{did} The figures below are a preview for you: they take in your own judgements.",
        icon=":material/visibility_off:",
    )


def _how_far(seat: SeatView) -> str:
    return "handed in" if seat.handed_in else "still judging"


def _revealed(sheet: ReviewSheet) -> None:
    """How often the two agree, and what waits for a moderator."""
    rate, names = sheet.panel.agreement, [plain(seat.name) for seat in sheet.panel.seats]
    said = f"**{' and '.join(names)} judged alone.**"
    if not sheet.submission.answers:
        said += " What they said was deleted when its time was over."
    elif rate is not None and rate.percent is not None:
        said += (
            f" {_how_many(sheet.panel.seats)}"
            f" They agree on {rate.agreed} of {count(rate.of, 'answer')} that either judged"
            f" ({rate.percent} %"
        )
        if rate.kappa is not None:
            said += f"; Cohen's kappa {float(rate.kappa):.2f}, where 0 is chance and 1 is always"
        said += ")."
    else:
        said += " They left every answer to its evidence."
    waits = sheet.panel.to_settle
    if waits:
        said += f" {count(waits, 'answer waits', 'answers wait')} for a moderator"
        said += ": you." if sheet.panel.may_settle else "."
        st.warning(said, icon=":material/balance:")
    else:
        st.success(said, icon=":material/balance:")


def _how_many(seats: Sequence[SeatView]) -> str:
    each = [seat.judged or 0 for seat in seats]
    if len(set(each)) == 1:
        return f"Each judged {count(each[0], 'answer')}."
    first, second = seats
    said = count(first.judged or 0, "answer")
    return f"{plain(first.name)} judged {said}, {plain(second.name)} {second.judged or 0}."


def difference(row: ReviewRow) -> str:
    """How far apart two judgements are, in words."""
    return f"They differ by {count(row.apart or 0, 'step')}"


def both(row: ReviewRow) -> None:
    """What each of the two said of an answer."""
    for review in row.alone:
        said = scorecards.verdict(review) if review.level or review.not_applicable else ""
        with st.container(border=True):
            st.markdown(
                f"{plain(review.reviewer or '')}: **{said or 'left it to its evidence'}**"
                + (f"  \n{plain(review.reason)}" if said else "")
            )


def hand_in(app: Application, actor: Actor, sheet: ReviewSheet) -> None:
    """The button with which one's judgements are out of one's hands."""
    if not sheet.panel.may_hand_in:
        return
    left = sheet.to_judge - sheet.judged
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        counts = count(left, "other answer counts", "other answers count")
        rest = f" {counts} as far as the evidence goes." if left else ""
        st.markdown(
            f"**You judged {sheet.judged} of {count(sheet.to_judge, 'answer')}.**{rest}",
            width="stretch",
        )
        with st.popover("Hand in your judgements", icon=":material/outbox:", width="content"):
            st.markdown("Once you have handed in, you cannot change them.")
            sent = st.button("Hand in now", type="primary", width="stretch")
    if sent:
        with refusals.shown() as outcome:
            moderating.hand_in(app, actor, sheet.assessment_id)
        if outcome.fine:
            st.query_params.pop("question", None)
            st.rerun()


def settle(
    app: Application,
    actor: Actor,
    sheet: ReviewSheet,
    row: ReviewRow,
) -> None:
    """A moderator's word on an answer where two differ."""
    options = list(get_args(Level if row.claims_not_applicable is None else Verdict))
    standing = row.review.not_applicable or row.review.level
    key = f"{sheet.submission.id}_{row.question_id}"
    problems = Problems()
    with st.form(f"settle_{key}", border=False):
        chosen = scorecards.ask_verdict(
            "What does it count as?", options, standing, f"settled_{key}"
        )
        problems.below("level", "not_applicable")
        reason = st.text_area(
            "Why? Both reviewers and the committee read this.",
            value=row.review.reason,
            height=80,
            key=f"why_{key}",
        )
        problems.below("reason")
        sent = st.form_submit_button("Settle it", type="primary", icon=":material/balance:")
    if not sent:
        return
    on_ground = chosen if chosen in scorecards.VERDICTS else None
    with problems.shown() as outcome:
        moderating.settle_judgement(
            app,
            actor,
            sheet.submission.id,
            row.question_id,
            level=None if on_ground else chosen,
            not_applicable=on_ground,
            reason=reason,
        )
    if outcome.fine:
        st.rerun()


def seats(app: Application, actor: Actor, sheet: ReviewSheet) -> None:
    """Giving back the seat of somebody who cannot go on."""
    held = {seat.person_id: seat for seat in sheet.panel.seats}
    if not sheet.panel.may_free or not held:
        return
    problems = Problems()
    with (
        st.expander("A reviewer cannot go on", icon=":material/event_seat:"),
        st.form(f"free_{sheet.submission.id}_{len(held)}", border=False),
    ):
        who = st.selectbox("Who?", list(held), format_func=lambda id_: held[id_].name)
        reason = st.text_input("Why?")
        problems.below("reason")
        st.caption(
            "A colleague can then take the seat. What they judged stays unseen, and counts only if"
            " they take a seat again."
        )
        sent = st.form_submit_button("Give the seat back")
    if sent and who is not None:
        with problems.shown() as outcome:
            moderating.free_seat(app, actor, sheet.assessment_id, who, reason)
        if outcome.fine:
            st.rerun()
