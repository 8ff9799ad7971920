"""Reviewing: every answer with its evidence, a judgement on each, and the score that moves."""

from collections.abc import Mapping, Sequence
from typing import cast, get_args

import streamlit as st

from vendorrisk.access import Action, Role, allowed
from vendorrisk.assessment import State
from vendorrisk.ui import duties, knockouts, links, refusals, scorecards, two_reviewers
from vendorrisk.ui import sets as shown_sets
from vendorrisk.ui.forms import Problems
from vendorrisk.ui.navigation import go, link
from vendorrisk.ui.session import current
from vendorrisk.ui.what_it_takes import what_it_takes
from vendorrisk.ui.words import (
    LEVELS,
    STATES,
    STOPPED_BY,
    TIERS,
    aside,
    moment,
    one_line,
    plain,
    score,
    sign,
    span,
)
from vendorrisk.usecases import moderating, reviewing, sets, vendors
from vendorrisk.usecases.errors import Conflict
from vendorrisk.usecases.reviewing import Level, ReviewRow, ReviewSheet, Verdict
from vendorrisk.usecases.vendors import Headline

A_PAGE = 12
"""Answers on one page of the list."""

app, actor = current()
now = app.clock()


def attention(
    row: ReviewRow, effects: Mapping[str, str], heaviest: float
) -> tuple[int, str] | None:
    """Why a row needs somebody, with a rank (the least is the most urgent); None where not.

    `effects` has the effect of each rule that fired, `heaviest` the greatest weight of all lines.
    """
    if not row.settled:
        return -1, two_reviewers.difference(row)
    fired = {effects[rule] for rule in row.fired if rule in effects}
    for rank, effect in enumerate(("knockout", "not_cleared", "cap", "clarify")):
        if effect in fired:
            return rank, sign(STOPPED_BY, effect).word
    if row.review.version and (row.review.level or row.review.not_applicable):
        return None
    if row.claims_not_applicable is not None:
        return 4, "Says that it does not apply"
    if row.evidence_remarks:
        return 5, "Look at the evidence"
    if row.evidence and row.line is not None and row.line.weight >= heaviest:
        return 6, "Weighs the most of all, and nobody has judged its evidence"
    return None


def lost(row: ReviewRow) -> float:
    """What the row would still bring if it were fully proven, times its weight."""
    line = row.line
    if line is None or line.points is None or line.credit is None:
        return 0.0
    return (line.points - line.credit) * line.weight


def choose() -> None:
    """The page without an assessment: everything that can be reviewed."""
    st.title("Review", anchor=False)
    with refusals.or_stop():
        everyone = vendors.vendors(app, actor)
    ready = [
        (engagement, row)
        for vendor in everyone
        for engagement in vendor.engagements
        for row in engagement.assessments
        if row.state in (State.SUBMITTED, State.IN_REVIEW, State.REVIEWED, State.DECIDED)
        and not row.sealed
    ]
    if not ready:
        st.markdown("No vendor has submitted its answers yet. As soon as one does, it waits here.")
        return
    order = [State.SUBMITTED, State.IN_REVIEW, State.REVIEWED, State.DECIDED]
    for engagement, row in sorted(
        ready, key=lambda pair: (order.index(pair[1].state), pair[1].since)
    ):
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
                    go("review", assessment=row.id)


def heading(sheet: ReviewSheet) -> None:
    """Whose answers these are, who signed them, and the result so far."""
    link("All reviews", "review", icon=":material/arrow_back:")
    st.title(plain(sheet.vendor_name), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{plain(sheet.engagement_title)} · {plain(sheet.title)}", width="content")
        if sheet.tier is not None:
            st.markdown(sign(TIERS, sheet.tier).badge, width="content")
        st.markdown(STATES[sheet.state].badge, width="content")
    sent = sheet.submission
    st.caption(
        f"Submission {sent.number}, signed by {one_line(sent.signed_by_name)}"
        f" ({one_line(sent.signed_by_role)}) on {moment(sent.submitted_at, links.zone())}."
    )


def result(sheet: ReviewSheet, codes: Mapping[str, str]) -> None:
    """What stops the score, then the score."""
    card = sheet.scorecard
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


def standing(sheet: ReviewSheet) -> str:
    """The result in one line, which stays in sight while one answer after the other is judged."""
    card = sheet.scorecard
    return scorecards.headline(
        Headline(
            scorecards.whole(card.claimed),
            scorecards.whole(card.assured),
            card.band,
            card.stopped_by,
        )
    )


def explained(sheet: ReviewSheet) -> None:
    """How the score adds up, from what is claimed down to the single line."""
    card = sheet.scorecard
    st.header("From claimed to assured", anchor=False)
    scorecards.waterfall(card.waterfall)
    scorecards.outlook(card)
    st.header("By domain", anchor=False)
    scorecards.domains(card.domains, card.critical_plus)
    st.header("Line by line", anchor=False)
    scorecards.sums(card)
    if sheet.panel.previews:
        st.caption("This is a preview with your own judgements; it is stored nowhere.")
        return
    what_it_takes(app, actor, sheet.assessment_id, card.id)
    with st.expander("Fingerprints of what was scored", icon=":material/fingerprint:"):
        st.table(
            {
                "What": ["Scorecard", "Answers and evidence", "Questionnaire", "Rubric", "Engine"],
                "Fingerprint": [
                    plain(text)
                    for text in (
                        card.sha256,
                        card.input_digest,
                        card.questionnaire_digest,
                        card.rubric_digest,
                        card.engine,
                    )
                ],
            },
            hide_index=True,
            border="horizontal",
            alt="The digests that pin this score",
        )
        if st.button("Compute it again and compare", key=f"verify_{card.id}"):
            with refusals.shown() as outcome, st.spinner("Computing"):
                again = reviewing.verify_scorecard(app, actor, card.id)
            if outcome.fine:
                (st.success if again.holds else st.error)(plain(again.says))


def answers(sheet: ReviewSheet) -> None:
    """The answers, those that need attention first, one of them open."""
    effects = {rule.id: rule.effect for rule in sheet.scorecard.rules}
    heaviest = max((row.line.weight for row in sheet.rows if row.line is not None), default=0.0)
    why = {row.question_id: attention(row, effects, heaviest) for row in sheet.rows}
    urgent = [row for row in sheet.rows if why[row.question_id] is not None]
    open_ones = [row for row in sheet.rows if row.line is not None and not judged(row)]
    differing = sorted(
        (row for row in sheet.rows if row.apart),
        key=lambda row: (row.settled, -(row.apart or 0), -lost(row)),
    )
    names = {
        "differ": f"Where the two differ ({len(differing)})",
        "attention": f"Needs attention ({len(urgent)})",
        "unjudged": f"Not judged ({len(open_ones)})",
        "all": f"All ({len(sheet.rows)})",
    }
    if not differing:
        del names["differ"]
    usual = "differ" if sheet.panel.to_settle else "attention" if urgent else "all"
    sections = {row.section_id: row.section_title for row in sheet.rows}

    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        which = st.segmented_control(
            "Show",
            list(names),
            default=usual,
            required=True,
            format_func=names.__getitem__,
            key=f"which_{sheet.submission.id}_{len(names)}",
        )
    with right:
        section = st.selectbox(
            "Section",
            ["", *sections],
            format_func=lambda id_: sections.get(id_, "Every section"),
            key=f"section_{sheet.submission.id}",
        )
    rows = {
        "differ": differing,
        "attention": urgent,
        "unjudged": open_ones,
        "all": list(sheet.rows),
    }[which or "all"]
    rows = [row for row in rows if section in ("", row.section_id)]
    if which == "attention":
        rows.sort(key=lambda row: ((why[row.question_id] or (9, ""))[0], -lost(row)))
    opened = st.query_params.get("question")
    if opened is not None and opened not in {row.question_id for row in rows}:
        rows = [row for row in sheet.rows if row.question_id == opened] + rows
    if not rows:
        st.success("Nothing here needs you any more.", icon=":material/done_all:")
    pages = -(-len(rows) // A_PAGE)
    page = 1
    if pages > 1:
        ids = [row.question_id for row in rows]
        at = ids.index(opened) // A_PAGE + 1 if opened in ids else 1
        page = st.pagination(pages, default=at, key=f"page_{which}_{section}_{pages}")
    if rows:
        st.caption(
            "“Counts 49 of 70 points”: proven in full the answer would earn 70 of 100; with the"
            " proof there is, 49 of them count."
        )
    for row in rows[(page - 1) * A_PAGE : page * A_PAGE]:
        reason = why[row.question_id]
        answer(sheet, row, None if reason is None else reason[1], opened == row.question_id, rows)
    if pages > 1:
        turning(f"page_{which}_{section}_{pages}", page, pages)


def turning(key: str, page: int, pages: int) -> None:
    """The way to the pages before and after, below the list; `key` is that of the one above."""

    def turn(to: int) -> None:
        st.session_state[key] = to

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Answers before these",
            icon=":material/chevron_left:",
            disabled=page == 1,
            on_click=turn,
            args=(page - 1,),
            key=f"before_{key}",
        )
        st.markdown(aside(f"Page {page} of {pages}"), width="content")
        st.button(
            "Answers after these",
            icon=":material/chevron_right:",
            disabled=page == pages,
            on_click=turn,
            args=(page + 1,),
            key=f"after_{key}",
        )


def judged(row: ReviewRow) -> bool:
    """Whether a reviewer's judgement stands."""
    return row.review.level is not None or row.review.not_applicable is not None


def answer(
    sheet: ReviewSheet, row: ReviewRow, reason: str | None, is_open: bool, rows: Sequence[ReviewRow]
) -> None:
    """One answer: closed in a line or two, open with everything that a judgement needs."""
    with st.container(border=True, key=f"answer_{row.question_id}"):
        asked, stands, do = st.columns([12, 7, 3], vertical_alignment="center")
        with asked:
            code = f"**{plain(row.code)}** " if row.code else ""
            if row.claims_not_applicable is not None:
                said = f"Not applicable: {one_line(row.claims_not_applicable, 160)}"
            elif row.answered:
                said = one_line(row.reply_says, 160)
            else:
                said = ":material/radio_button_unchecked: Unanswered"
            st.markdown(f"{code}{one_line(row.ask, 160)}  \n{aside(said)}")
        with stands:
            st.markdown(
                worth(row) + (f"  \n:orange[:material/flag: {plain(reason)}]" if reason else "")
            )
        with do:
            if is_open:
                closes = f"Close {plain(row.code)}" if row.code else "Close"
                if st.button(closes, key=f"close_{row.question_id}", width="stretch"):
                    del st.query_params["question"]
                    st.rerun()
            elif st.button(
                _button(sheet, row),
                key=f"open_{row.question_id}",
                width="stretch",
            ):
                st.session_state.pop("changed", None)
                st.query_params["question"] = row.question_id
                st.rerun()
        if is_open:
            read, decide = st.columns([6, 5], gap="large")
            with read:
                scorecards.answer(row, sheet.scorecard.rules, now, links.zone())
            with decide:
                if sheet.may_review:
                    judge(sheet, row, rows)
                two_reviewers.both(row)
                if row.apart and sheet.panel.may_settle:
                    two_reviewers.settle(app, actor, sheet, row)


def _button(sheet: ReviewSheet, row: ReviewRow) -> str:
    """What it does, and to which answer, so that no two buttons have one name."""
    if row.apart and not row.settled and sheet.panel.may_settle:
        does = "Settle"
    else:
        does = "Judge" if sheet.may_review and not judged(row) else "Open"
    return f"{does} {plain(row.code)}" if row.code else does


def worth(row: ReviewRow) -> str:
    """How well an answer is proven, whether by a reviewer, and what of its points counts."""
    line = row.line
    if line is None:
        return aside("Not scored")
    said = ""
    if line.level is not None:
        said = f"{sign(LEVELS, line.level).badge} "
    if judged(row):
        said += ":material/how_to_reg: "
    if line.points is not None:
        said += aside(f"counts {score(line.credit or 0)} of {score(line.points)} points")
    return said


def judge(sheet: ReviewSheet, row: ReviewRow, rows: Sequence[ReviewRow]) -> None:
    """The judgement on one answer, with its reason; a new scorecard comes of it at once."""
    key = f"{sheet.submission.id}_{row.question_id}"
    # What this reviewer has seen. After a conflict it moves on by their own decision only.
    seen: dict[str, int] = st.session_state.setdefault("seen", {})
    seen.setdefault(key, row.review.version)
    if row.claims_not_applicable is not None:
        options, asks = list(scorecards.VERDICTS), "Your judgement: is that so?"
    elif row.answered and row.supported is not None:
        options, asks = list(get_args(Level)), "Your judgement: how well is this answer proven?"
    else:
        st.markdown(aside("There is no claim here that could be proven or contradicted."))
        following(row, rows, key)
        return
    standing = row.review.not_applicable or row.review.level
    problems = Problems()
    with st.form(f"judge_{key}", border=False):
        verdict = scorecards.ask_verdict(asks, options, standing, f"verdict_{key}")
        problems.below("level", "not_applicable")
        reason = st.text_area(
            "Why? The committee reads this.",
            value=row.review.reason,
            height=80,
            placeholder="What you read, and where: report, page, date.",
            key=f"reason_{key}",
        )
        problems.below("reason")
        with st.container(horizontal=True):
            sent = st.form_submit_button("Save judgement", type="primary", icon=":material/check:")
            taken_back = judged(row) and st.form_submit_button("Take it back")
    if sent and verdict is None:
        st.error("Choose how well the answer is proven.", icon=":material/error:")
    elif sent or taken_back:
        save(sheet, row, key, None if taken_back else verdict, reason, problems)
    told = st.session_state.get("changed")
    if told is not None and told[0] == key:
        st.success(
            "\n".join(f"- {plain(sentence)}" for sentence in told[1]), icon=":material/sync_alt:"
        )
    following(row, rows, key)


def following(row: ReviewRow, rows: Sequence[ReviewRow], key: str) -> None:
    """The way on to the next answer in the list that nobody has judged."""
    after = [*rows[rows.index(row) + 1 :], *rows[: rows.index(row)]]
    coming = next((other for other in after if not judged(other)), None)
    if coming is not None and st.button(
        f"Next: {plain(coming.code or '')} {one_line(coming.ask, 50)}",
        key=f"next_{key}",
        icon=":material/arrow_downward:",
        type="tertiary",
    ):
        st.session_state.pop("changed", None)
        st.query_params["question"] = coming.question_id
        st.rerun()


def save(
    sheet: ReviewSheet,
    row: ReviewRow,
    key: str,
    verdict: str | None,
    reason: str,
    problems: Problems,
) -> None:
    """Save a judgement over the version that was seen, and keep what it moved for the next run."""
    seen: dict[str, int] = st.session_state["seen"]
    on_ground = verdict if verdict in scorecards.VERDICTS else None
    with problems.shown() as outcome:
        verb = moderating.judge_alone if sheet.panel.two else reviewing.set_review
        found = verb(
            app,
            actor,
            sheet.submission.id,
            row.question_id,
            level=cast("Level | None", None if on_ground else verdict),
            not_applicable=cast("Verdict | None", on_ground),
            reason=reason,
            seen_version=seen[key],
        )
        after = found or reviewing.review_sheet(app, actor, sheet.assessment_id).scorecard
        st.session_state["changed"] = (key, scorecards.what_changed(sheet.scorecard, after))
    if isinstance(outcome.refusal, Conflict):
        theirs = outcome.refusal
        seen[key] = theirs.version
        current = str(theirs.current or "")
        level = scorecards.VERDICTS.get(current) or sign(LEVELS, current or None).word.lower()
        st.markdown(
            f"{plain(theirs.who)} judged **{level}**: {plain(theirs.note)}  \n"
            "Save again to put yours over it, or close the answer to keep theirs."
        )
    elif outcome.fine:
        seen.pop(key)
        st.rerun()


def finish(sheet: ReviewSheet) -> None:
    """Handing the result to the committee."""
    if sheet.panel.two and not sheet.panel.revealed:
        two_reviewers.hand_in(app, actor, sheet)
        two_reviewers.seats(app, actor, sheet)
        return
    done = f"{sheet.judged} of {sheet.to_judge} answers judged."
    if sheet.state not in (State.SUBMITTED, State.IN_REVIEW):
        if sheet.state is State.REVIEWED:
            st.info(
                f"The review is finished; the committee decides next. {done}",
                icon=":material/gavel:",
            )
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{done} What nobody judged counts as far as its evidence goes."
            + (f"  \n{plain(sheet.why_not_finish)}" if sheet.why_not_finish else ""),
            width="stretch",
        )
        if sheet.may_finish and st.button(
            "Finish the review", icon=":material/done_all:", type="secondary"
        ):
            with refusals.shown() as outcome:
                reviewing.finish_review(app, actor, sheet.assessment_id)
            if outcome.fine:
                st.rerun()


def show(assessment_id: str) -> None:
    """The whole review of one submission."""
    duties.declared_first(app, actor, assessment_id)
    with refusals.or_stop():
        sheet = reviewing.review_sheet(app, actor, assessment_id)
    codes = {row.question_id: row.code or row.question_id for row in sheet.rows}
    heading(sheet)
    duties.declared(app, actor, assessment_id)
    two_reviewers.told(sheet)
    result(sheet, codes)
    knockouts.fired(app, actor, assessment_id, sheet.submission.id, codes)
    with refusals.shown():
        found = sets.cross_check(app, actor, sheet.engagement_id)
        shown_sets.contradictions(found, assessment_id)
    views = {"answers": "The answers", "explained": "How the score adds up"}
    view = st.segmented_control(
        "View",
        list(views),
        default="answers"
        if allowed(actor, Action.SET_REVIEW) or sheet.panel.may_settle
        else "explained",
        required=True,
        format_func=views.__getitem__,
        label_visibility="collapsed",
        key=f"view_{sheet.submission.id}",
    )
    if view == "explained":
        explained(sheet)
    else:
        answers(sheet)
        if sheet.may_review:
            with st.bottom:
                mine = aside("(with your own judgements)") if sheet.panel.previews else ""
                st.markdown(f"**{plain(sheet.vendor_name)}** {standing(sheet)} {mine}")
    finish(sheet)
    if actor.has(Role.COMMITTEE_MEMBER) or sheet.state in (State.REVIEWED, State.DECIDED):
        link("To the decision", "decide", icon=":material/gavel:", assessment=assessment_id)


wanted = st.query_params.get("assessment")
if wanted is None:
    choose()
else:
    show(wanted)
