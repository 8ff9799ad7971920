"""Vendors side by side: what differs, the fatal first, and every figure down to its answer."""

from collections.abc import Mapping, Sequence

import streamlit as st

from vendorrisk.access import Relation
from vendorrisk.assessment import State
from vendorrisk.ui import charts, duties, links, refusals, scorecards, sets
from vendorrisk.ui.navigation import link
from vendorrisk.ui.session import current
from vendorrisk.ui.words import (
    LEVELS,
    STOPPED_BY,
    TIERS,
    aside,
    count,
    one_line,
    plain,
    score,
    sentence,
    sign,
)
from vendorrisk.usecases import deciding, reviewing, vendors, weighing
from vendorrisk.usecases.deciding import Cell, Column, Comparison, ComparisonRow
from vendorrisk.usecases.reviewing import ReviewSheet
from vendorrisk.usecases.values import beside_claimed

MOST = 8
"""Vendors that fit side by side."""

A_PAGE = 15
"""Answers on one page: a browser needs seconds to draw a hundred of them side by side."""

GROUPS = (
    ("rules", "What stops them"),
    ("domain", "Domains"),
    ("question", "Answers that differ"),
)

app, actor = current()


def pick() -> list[str]:
    """The assessments to lay side by side, kept in the address so that it can be shared."""
    with refusals.or_stop():
        everyone = vendors.vendors(app, actor)
    scored = {
        row.id: f"{vendor.name} · {engagement.title}"
        + (f" · {row.title}" if len(engagement.assessments) > 1 else "")
        for vendor in everyone
        for engagement in vendor.engagements
        for row in engagement.assessments
        if (row.headline is not None or row.withheld is Relation.UNDECLARED)
        and row.state is not State.WITHDRAWN
    }
    if len(scored) < 2:
        st.markdown(
            "At least two vendors have to submit their answers before they can be compared;"
            f" so far there is {count(len(scored), 'result')}."
        )
        st.stop()
    asked = [id_ for id_ in st.query_params.get_all("assessment") if id_ in scored]
    chosen = st.multiselect(
        "Vendors to compare",
        list(scored),
        default=asked,
        format_func=scored.__getitem__,
        max_selections=MOST,
        placeholder="Choose two or more",
        key="compared",
    )
    if chosen != asked:
        st.query_params["assessment"] = chosen
        st.query_params.pop("row", None)
    if len(chosen) < 2:
        st.caption("Choose two or more.")
        st.stop()
    return chosen


def names(view: Comparison) -> list[str]:
    """What each column is called: the vendor, and the set where a vendor stands there twice."""
    vendors_ = [column.vendor_name for column in view.columns]
    return [
        column.vendor_name
        if vendors_.count(column.vendor_name) == 1
        else f"{column.vendor_name}, {column.questionnaire.partition(', version')[0]}"
        for column in view.columns
    ]


def heads(view: Comparison) -> None:
    """A card for each vendor, and where their ranges lie."""
    cells = st.grid(len(view.columns), min_column_width=230, gap="small")
    for name, column in zip(names(view), view.columns, strict=True):
        with cells.container(border=True):
            head(name, column)
    st.altair_chart(
        charts.strips(
            [
                charts.Strip(
                    name,
                    scorecards.whole(column.claimed),
                    scorecards.whole(column.assured),
                    column.low,
                    column.high,
                )
                for name, column in zip(names(view), view.columns, strict=True)
            ]
        ),
        width="stretch",
        alt="Assured, claimed and the range left open, by vendor; the cards have the figures.",
    )
    st.caption(
        "The bar is what is assured, the ring is what is claimed, the line below is the range that"
        " unanswered questions leave open."
    )
    st.info(plain(view.ranking_says), icon=":material/format_list_numbered:")
    for remark in view.remarks:
        st.warning(plain(remark), icon=":material/balance:")


def hanging_on_weights(view: Comparison) -> None:
    """How often bands and order hold when the weights are others."""
    st.header("How much hangs on the weights", anchor=False)
    with refusals.shown() as outcome, st.spinner("Trying 10,000 weightings"):
        found = weighing.weighed(app, actor, [c.assessment_id for c in view.columns])
    if outcome.fine:
        scorecards.weighed(found)


def head(name: str, column: Column) -> None:
    """One vendor's result at a glance."""
    st.subheader(plain(name), anchor=False)
    st.caption(plain(column.engagement_title))
    mark = scorecards.standing(column.band, column.stopped_by)
    st.markdown(mark.badge)
    assured, claimed = (
        None if figure.value is None else f"**{figure.value}**"
        for figure in (column.assured, column.claimed)
    )
    st.markdown(sentence(beside_claimed(assured, claimed)))
    if column.low is not None and column.high is not None and column.low != column.high:
        st.caption(f"What is unanswered leaves it between {column.low} and {column.high}.")
    if column.outlook is not None and column.outlook.short:
        proven, provable = (
            scorecards.shown(one.score).lower()
            for one in (column.outlook.proven, column.outlook.provable)
        )
        st.caption(f"Without what is only said {proven}; with everything proven {provable}.")
    sets.result(column.engagement)
    if column.tier is not None:
        st.caption(sign(TIERS, column.tier).word)
    link("All its answers", "review", icon=":material/fact_check:", assessment=column.assessment_id)


def differences(view: Comparison) -> None:
    """The rows in which the vendors differ, each of which opens."""
    opened = st.query_params.get("row")
    for kind, title in GROUPS:
        rows = [row for row in view.rows if row.kind == kind]
        if not rows:
            continue
        st.header(title, anchor=False)
        pages = 1 if kind != "question" else -(-len(rows) // A_PAGE)
        if pages > 1:
            ids = [row.id for row in rows]
            at = ids.index(opened) // A_PAGE + 1 if opened in ids else 1
            st.caption(f"{count(len(rows), 'answer')}, {A_PAGE} on a page.")
            page = st.pagination(pages, default=at, key=f"page_{kind}_{len(rows)}")
            rows = rows[(page - 1) * A_PAGE : page * A_PAGE]
        _, *places = _columns(view)
        for place, name, column in zip(places, names(view), view.columns, strict=True):
            with place, st.container(key=f"wide_{kind}_{column.assessment_id}"):
                st.markdown(f"**{plain(name)}**")
        for row in rows:
            line(view, row, opened == row.id)
    if view.same:
        st.caption(f"{count(view.same, 'row')} in which they do not differ: left out.")


def _columns(view: Comparison) -> Sequence[st.delta_generator.DeltaGenerator]:
    return st.columns([4] + [3] * len(view.columns), gap="small", vertical_alignment="top")


def line(view: Comparison, row: ComparisonRow, is_open: bool) -> None:
    """One row: its name opens it."""
    with st.container(key=f"line_{row.kind}_{row.id}"):
        name, *places = _columns(view)
        with name:
            if st.button(
                one_line(row.label, 140),
                key=f"open_{row.id}",
                type="tertiary",
                wrap=True,
                icon=":material/expand_less:" if is_open else ":material/expand_more:",
            ):
                if is_open:
                    del st.query_params["row"]
                else:
                    st.query_params["row"] = row.id
                st.rerun()
        for place, called, column, side in zip(
            places, names(view), view.columns, row.cells, strict=True
        ):
            with place:
                with st.container(key=f"narrow_{row.id}_{column.assessment_id}"):
                    st.caption(plain(called))
                cell(side)
        if is_open:
            behind(view, row)


def cell(side: Cell) -> None:
    """One vendor's side of a row."""
    lines = [] if side.mark is None else [sign(STOPPED_BY, side.mark).badge]
    if side.mark is None or side.says != sign(STOPPED_BY, side.mark).word:
        lines.append(one_line(side.says, 160))
    proven = []
    if side.level is not None:
        proven.append(sign(LEVELS, side.level).word)
    if side.credit is not None and side.question_id is not None:
        proven.append(f"credit {score(side.credit)}")
    if proven:
        lines.append(aside(" · ".join(proven)))
    st.markdown("  \n".join(lines))


def behind(view: Comparison, row: ComparisonRow) -> None:
    """What stands behind a row, vendor by vendor: the answer, its evidence and the rules."""
    sheets: Mapping[str, ReviewSheet] = {}
    with refusals.or_stop():
        sheets = {
            column.assessment_id: reviewing.review_sheet(app, actor, column.assessment_id)
            for column in view.columns
        }
    sides = list(zip(names(view), view.columns, row.cells, strict=True))
    # A sum needs the width of the page; everything else stands side by side.
    places = [st.container() for _ in sides] if row.kind == "domain" else st.columns(len(sides))
    for place, (name, column, side) in zip(places, sides, strict=True):
        with place:
            st.markdown(f"**{plain(name)}**")
            one_side(row, side, sheets[column.assessment_id])


def one_side(row: ComparisonRow, side: Cell, sheet: ReviewSheet) -> None:
    """What stands behind one vendor's side of a row."""
    questions: set[str | None]
    if row.kind == "rules":
        fired = [rule for rule in sheet.scorecard.rules if rule.id == row.id]
        codes = {answer.question_id: answer.code or "" for answer in sheet.rows}
        scorecards.stops(fired, codes)
        if not fired:
            st.markdown(aside("This rule does not stop this vendor."))
        questions = {question for rule in fired for question in rule.questions}
    elif row.kind == "domain":
        scorecards.domain_sum(sheet.scorecard, row.id)
        return
    else:
        questions = {side.question_id}
    for found in sheet.rows:
        if found.question_id in questions:
            if row.kind == "rules":
                st.markdown(f"**{plain(found.code or '')}** {plain(found.ask)}")
            scorecards.answer(found, sheet.scorecard.rules, app.clock(), links.zone())
            link(
                "Open in the review",
                "review",
                icon=":material/fact_check:",
                assessment=sheet.assessment_id,
                question=found.question_id,
            )


st.title("Compare", anchor=False)
chosen_ids = pick()
duties.declared_first(app, actor, *chosen_ids)
with refusals.or_stop():
    comparison = deciding.comparison(app, actor, chosen_ids)
heads(comparison)
differences(comparison)
hanging_on_weights(comparison)  # last, so that nothing else waits for it
