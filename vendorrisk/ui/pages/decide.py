"""Deciding: the result, the options it leaves open, the decision, and the promises that follow."""

from collections.abc import Sequence
from datetime import date, timedelta

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from vendorrisk.assessment import State
from vendorrisk.ui import duties, links, refusals, scorecards, sets
from vendorrisk.ui.forms import Problems, once
from vendorrisk.ui.navigation import go, link
from vendorrisk.ui.session import current
from vendorrisk.ui.what_it_takes import what_it_takes
from vendorrisk.ui.words import (
    OUTCOMES,
    RISKS,
    STATES,
    TIERS,
    Sign,
    aside,
    day,
    due,
    moment,
    one_line,
    plain,
    sign,
    span,
)
from vendorrisk.usecases import deciding, reviewing, vendors
from vendorrisk.usecases.deciding import (
    ConditionView,
    DecisionSheet,
    DecisionView,
    NewCondition,
    Option,
)
from vendorrisk.usecases.reviewing import ScorecardView

PROMISES = {
    "closed": Sign("Kept", ":material/check_circle:", "green"),
    "overdue": Sign("Overdue", ":material/alarm:", "red"),
    "open": Sign("Open", ":material/schedule:", "blue"),
}

app, actor = current()
now = app.clock()
today = now.date()


def choose() -> None:
    """The page without an assessment: what can be decided, and the promises of past decisions."""
    st.title("Decide", anchor=False)
    with refusals.or_stop():
        everyone = vendors.vendors(app, actor)
    rows = [
        (engagement, row)
        for vendor in everyone
        for engagement in vendor.engagements
        for row in engagement.assessments
        if row.state in (State.REVIEWED, State.DECIDED)
    ]
    waiting = [pair for pair in rows if pair[1].state is State.REVIEWED]
    decided = [pair for pair in rows if pair[1].state is State.DECIDED]
    if not rows:
        st.markdown(
            "Nothing is ready for a decision. As soon as a reviewer finishes a review, the result"
            " waits here."
        )
        return
    for title, pairs in (("Ready for a decision", waiting), ("Decided", decided)):
        if pairs:
            st.header(title, anchor=False)
        for engagement, row in sorted(pairs, key=lambda pair: pair[1].since):
            with st.container(border=True):
                what, stands, do = st.columns([4, 4, 2], vertical_alignment="center")
                with what:
                    about = f"{plain(engagement.title)} · {plain(row.title)}"
                    st.markdown(f"**{plain(engagement.vendor_name)}**  \n{aside(about)}")
                with stands:
                    said = f"{STATES[row.state].badge} {aside(f'for {span(row.since, now)}')}"
                    if figures := scorecards.in_lists(row):
                        said += f"  \n{figures}"
                    st.markdown(said)
                with do:
                    if st.button("Open", key=f"open_{row.id}", width="stretch"):
                        go("decide", assessment=row.id)
    if decided:
        ledger()


def ledger() -> None:
    """Every promise of every decision, the most urgent first."""
    with refusals.or_stop():
        promises = deciding.promises(app, actor)
    st.header("The promise ledger", anchor=False)
    if not promises:
        st.caption("No decision so far has conditions.")
        return
    promise_table([(one.vendor_name, one.condition) for one in promises])
    duties.closing(app, actor, [one.condition for one in promises])


def promise_table(promises: Sequence[tuple[str | None, ConditionView]]) -> None:
    """Promises as a table: what, who, by when, and what will prove it."""
    columns: dict[str, list[str]] = {}
    if any(vendor is not None for vendor, _ in promises):
        columns["Vendor"] = [one_line(vendor or "") for vendor, _ in promises]
    columns |= {
        "Promise": [one_line(one.text, 300) for _, one in promises],
        "Owner": [one_line(one.owner) for _, one in promises],
        "Due": [_due(one) for _, one in promises],
        "Proof": [one_line(one.proof, 200) if one.proof else "–" for _, one in promises],
        "Stands": [PROMISES[_stands(one)].badge + _checked(one) for _, one in promises],
    }
    st.table(columns, border="horizontal", hide_index=True, alt="Promises, the most urgent first")


def _checked(one: ConditionView) -> str:
    if one.closed_at is None or one.closed_by is None:
        return ""
    seen = f"Checked by {one_line(one.closed_by)} on {day(one.closed_at)}: {one_line(one.found)}"
    return f" {aside(seen)}"


def _stands(one: ConditionView) -> str:
    return "closed" if one.closed_at else "overdue" if one.overdue else "open"


def _due(one: ConditionView) -> str:
    return day(one.due_on) if one.closed_at else due(one.due_on, today)


def heading(sheet: DecisionSheet) -> ScorecardView:
    """Whose result it is, what stops it, the figures, and where to read more; gives the card."""
    link("All decisions", "decide", icon=":material/arrow_back:")
    st.title(plain(sheet.vendor_name), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        about = f"{plain(sheet.engagement_title)} · {plain(sheet.title)}"
        st.markdown(about, width="content")
        if sheet.tier is not None:
            st.markdown(sign(TIERS, sheet.tier).badge, width="content")
    with refusals.or_stop():
        card = reviewing.scorecard(app, actor, sheet.assessment_id)
    codes = {entry.question_id: entry.code or entry.question_id for entry in card.lines}
    sets.result(sheet.engagement)
    scorecards.stops(card.rules, codes)
    scorecards.figures(
        card.claimed,
        card.assured,
        card.band,
        card.stopped_by,
        scorecards.whole(card.low),
        scorecards.whole(card.high),
        card.coverage,
        card.unlifted,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.link_button(
            "One page to print", f"/brief/{sheet.assessment_id}", icon=":material/print:"
        )
        link(
            "Every answer and how the score adds up",
            "review",
            icon=":material/fact_check:",
            assessment=sheet.assessment_id,
        )
        link(
            "Side by side with others",
            "compare",
            icon=":material/compare_arrows:",
            assessment=sheet.assessment_id,
        )
    return card


def came_about(card: ScorecardView) -> None:
    """From what is claimed down to what is assured, in steps that add up."""
    st.header("How the score came about", anchor=False)
    scorecards.waterfall(card.waterfall)


def risk(sheet: DecisionSheet) -> None:
    """What is left of the risk, and why."""
    st.header("The risk that is left", anchor=False)
    if sheet.inherent and sheet.residual:
        st.markdown(
            f"Before any control {sign(RISKS, sheet.inherent).badge} :material/arrow_forward: after"
            f" what is assured {sign(RISKS, sheet.residual).badge}"
        )
    st.markdown("\n".join(f"- {one_line(reason, 400)}" for reason in sheet.residual_reasons))


def options(sheet: DecisionSheet) -> None:
    """The four outcomes, each open or not, and why."""
    st.header("What is open to you", anchor=False)
    cells = st.grid(4, min_column_width=200, gap="small")
    for option in sheet.options:
        with cells.container(border=True, height="stretch"):
            offer(option)


def offer(option: Option) -> None:
    """One outcome with what speaks for or against it and what it takes."""
    mark = sign(OUTCOMES, option.outcome)
    if option.fits:
        st.subheader(f"{mark.icon} {plain(option.title)}", anchor=False)
        st.badge(
            "Suggested" if option.suggested else "Open",
            icon=":material/thumb_up:" if option.suggested else ":material/lock_open:",
            color="green" if option.suggested else "blue",
        )
    else:
        st.subheader(f":gray[{mark.icon} {plain(option.title)}]", anchor=False)
        st.badge("Closed", icon=":material/lock:", color="gray")
    st.markdown("\n".join(f"- {one_line(reason, 400)}" for reason in option.reasons))
    if option.needs:
        st.markdown("**It takes**")
        st.markdown("\n".join(f"- {one_line(need, 400)}" for need in option.needs))


def decide(sheet: DecisionSheet) -> None:
    """The decision itself: outcome, reasons, and dated conditions where there are any."""
    st.header("Your decision", anchor=False)
    if not sheet.may_decide:
        st.info(plain(sheet.why_not or "You can read this, not decide it."), icon=":material/info:")
        return
    names = {option.outcome: option for option in sheet.options if option.fits}
    problems = Problems()
    with st.container(border=True, key="decision"):
        outcome = st.radio(
            "The committee decides to",
            list(names),
            index=None,
            format_func=lambda name: plain(names[name].title),
            horizontal=True,
            key=f"outcome_{sheet.scorecard_id}",
        )
        problems.below("outcome")
        reasons = st.text_area(
            "Reasons",
            height=110,
            placeholder="What weighed most, and what the committee accepts with open eyes.",
            key=f"reasons_{sheet.scorecard_id}",
        )
        problems.below("reasons")
        terms: list[NewCondition] = []
        if outcome == "conditional" or (outcome and names[outcome].needs_conditions):
            terms = conditions(sheet, names[outcome].needs_conditions, problems)
            problems.below("conditions")
        st.caption("What is recorded stays: with its reasons, your name and exactly these figures.")
        if st.button(
            "Record the decision",
            type="primary",
            icon=":material/gavel:",
            disabled=outcome is None,
            key=f"record_{sheet.scorecard_id}",
        ):
            chosen = outcome or ""
            with problems.shown() as done:
                once(
                    ("decide", sheet.scorecard_id, chosen, reasons, tuple(terms)),
                    lambda: deciding.record_decision(
                        app,
                        actor,
                        sheet.assessment_id,
                        outcome=chosen,
                        reasons=reasons,
                        conditions=terms,
                        scorecard_id=sheet.scorecard_id,
                    ),
                )
            if done.fine:
                st.rerun()


def conditions(sheet: DecisionSheet, least: int, problems: Problems) -> list[NewCondition]:
    """Dated conditions, each begun with a text that would help, the weightiest first."""
    st.markdown("**Conditions.** Each has an owner, a date and a proof, and goes to the ledger.")
    key = f"conditions_{sheet.scorecard_id}"
    start = max(least, 1)
    number: int = st.session_state.setdefault(key, start)
    terms = []
    for place in range(number):
        proposed = sheet.proposed_conditions[place : place + 1]
        with st.container(border=True):
            text = st.text_area(
                f"Condition {place + 1}",
                value=proposed[0] if proposed else "",
                height=70,
                key=f"{key}_text_{place}",
            )
            owner, due_on, proof = st.columns([2, 1, 2])
            person, who = _owner(owner, sheet, f"{key}_owner_{place}")
            when: date = due_on.date_input(
                "Due on",
                value=today + timedelta(days=90),
                min_value=today,
                format="DD/MM/YYYY",
                key=f"{key}_due_{place}",
            )
            what = proof.text_input("What will prove it?", key=f"{key}_proof_{place}")
            problems.below(f"conditions.{place + 1}")
        if text.strip() or who.strip():
            terms.append(NewCondition(text, who, when, what, person))
    with st.container(horizontal=True):
        if st.button("One more condition", icon=":material/add:", key=f"{key}_more"):
            st.session_state[key] = number + 1
            st.rerun()
        if number > start and st.button("Remove the last", key=f"{key}_less"):
            st.session_state[key] = number - 1
            st.rerun()
    return terms


def _owner(place: DeltaGenerator, sheet: DecisionSheet, key: str) -> tuple[str | None, str]:
    """Who owns a condition: a colleague's id and name, or the name of somebody at the vendor."""
    names = dict(sheet.colleagues)
    person = place.selectbox(
        "Owned by",
        ["", *names],
        format_func=lambda id_: one_line(names[id_]) if id_ else "Somebody at the vendor",
        key=f"{key}_person",
        help="Whoever owns a condition does not close it.",
    )
    if person:
        return person, names[person]
    return None, place.text_input("Owner", placeholder="Their name", key=key)


def recorded(decision: DecisionView) -> None:
    """A decision as it was recorded, with its promises."""
    mark = sign(OUTCOMES, decision.outcome)
    with st.container(border=True):
        st.subheader(mark.badge, anchor=False)
        st.markdown(plain(decision.reasons))
        st.caption(
            f"Recorded by {plain(decision.decided_by)} on"
            f" {moment(decision.decided_at, links.zone())}."
        )
    if decision.conditions:
        st.header("Promises", anchor=False)
        promise_table([(None, one) for one in decision.conditions])
        duties.closing(app, actor, decision.conditions)


def show(assessment_id: str) -> None:
    """The whole page of one decision."""
    duties.declared_first(app, actor, assessment_id)
    with refusals.or_stop():
        sheet = deciding.decision_options(app, actor, assessment_id)
    card = heading(sheet)
    duties.declared(app, actor, assessment_id)
    if sheet.decision is not None:
        st.header("The decision", anchor=False)
        recorded(sheet.decision)
    came_about(card)
    scorecards.outlook(card)
    what_it_takes(app, actor, assessment_id, card.id)
    risk(sheet)
    scorecards.clauses(card)
    if sheet.decision is None:
        options(sheet)
        decide(sheet)
        duties.overrides(app, actor, assessment_id, sheet.options)
    duties.accepted(app, actor, assessment_id)


wanted = st.query_params.get("assessment")
if wanted is None:
    choose()
else:
    show(wanted)
