"""How a scorecard is drawn: claimed beside assured, what stops it, and down to a single answer.

Figures are whole numbers rounded down. Parts are shown so that they add up to the sum shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import pairwise
from math import floor
from typing import TypeVar

import streamlit as st

from vendorrisk.access import Relation
from vendorrisk.scoring.scorecard import INSUFFICIENT
from vendorrisk.ui import charts
from vendorrisk.ui.charts import Fall, Strip, adding_up, signed
from vendorrisk.ui.words import (
    BANDS,
    LEVELS,
    STOPPED_BY,
    Sign,
    aside,
    clock,
    count,
    day,
    one_line,
    plain,
    score,
    share,
    sign,
    size,
)
from vendorrisk.usecases.answering import EvidenceView
from vendorrisk.usecases.reviewing import (
    DomainLine,
    Figure,
    ReviewRow,
    ReviewView,
    RuleLine,
    ScorecardView,
    ScoreLine,
    Step,
)
from vendorrisk.usecases.values import ProspectView, beside_claimed
from vendorrisk.usecases.vendors import AssessmentRow, Headline
from vendorrisk.usecases.weighing import BandReach, ChangeView, Reach, Weighed

Word = TypeVar("Word", bound=str)

EFFECT_MEANS: Mapping[str, str] = {
    "knockout": "One answer is fatal, whatever the rest is worth.",
    "not_cleared": "What could be fatal has no usable answer, and silence counts as if it were.",
    "cap": "One answer holds the whole score down.",
    "lifted": "It fired, and two people agreed that it does not count for this submission.",
    "clarify": "Two things do not fit together. The vendor is asked; nothing is taken off yet.",
}

VERDICTS: Mapping[str, str] = {
    "approved": "agreed, it does not apply",
    "rejected": "not agreed, it does apply",
}

_VERDICT_MEANS: Mapping[str, str] = {
    "approved": "It leaves the score, and its weight with it.",
    "rejected": "It earns nothing and keeps its weight.",
    "self_attested": "The vendor says so, and nothing that we have read shows it.",
    "documented": "The vendor's own documents or records show it.",
    "audited": "Somebody independent of the vendor tested it and says so.",
    "verified": "We checked it ourselves.",
    "contradicted": "What we have read says otherwise. It earns nothing and caps the score.",
}

MANY = 12
"""Changes that are listed at once; more are a list that opens."""

PROVISIONAL = "*Provisional until a reviewer has judged it.*"
UNCONFIRMED = "*Provisional until a reviewer confirms it.*"

_ORDER = ("knockout", "lifted", "not_cleared", "cap", "clarify")


_SETTLED = ("clarify", "lifted")


def whole(figure: Figure) -> int | None:
    """A figure as a whole number, None where there is no score."""
    return figure.value if isinstance(figure.value, int) else None


def shown(figure: Figure) -> str:
    """A figure as it is shown; without a score it says so, and never shows a number."""
    return "No score" if figure.value is None else str(figure.value)


def standing(band: str | None, stopped_by: str | None) -> Sign:
    """What to say of a result in one word: what stops it, else its band."""
    if stopped_by is not None:
        return sign(STOPPED_BY, stopped_by)
    return sign(BANDS, band)


def ask_verdict(asks: str, options: Sequence[Word], standing: str | None, key: str) -> Word | None:
    """A choice among levels, or of whether a question applies; each says what it means."""
    return st.radio(
        asks,
        options,
        index=options.index(standing) if standing in options else None,
        format_func=lambda name: (
            VERDICTS[name].capitalize() if name in VERDICTS else sign(LEVELS, name).word
        ),
        captions=[_VERDICT_MEANS[name] for name in options],
        key=key,
    )


def headline(figures: Headline) -> str:
    """A result in one line of Markdown: its standing, then assured beside claimed."""
    badge = standing(figures.band, figures.stopped_by).badge
    if figures.assured is None and figures.claimed is None:
        return badge
    return f"{badge} {beside_claimed(figures.assured, figures.claimed)}"


WITHHELD: Mapping[Relation, str] = {
    Relation.UNDECLARED: "Figures are shown once you say whether you have a conflict of interest.",
    Relation.CONFLICTED: "Figures are kept from you, because you declared a conflict of interest.",
}


def in_lists(row: AssessmentRow) -> str:
    """What a list says of a result in Markdown: the figures, or why they are withheld; or nothing.

    Whoever has to declare first finds the link to where they do.
    """
    if row.withheld is None:
        return "" if row.headline is None else headline(row.headline)
    said = aside(f":material/visibility_off: {WITHHELD[row.withheld]}")
    if row.withheld is Relation.UNDECLARED:
        said += f" [Declare first](/review?assessment={row.id})"
    return said


def stops(rules: Sequence[RuleLine], codes: Mapping[str, str]) -> None:
    """What stops a result or asks for clarification: the fatal first, each named with its reason.

    `codes` has what to call each question; one that is not in it is not named.
    """
    for effect in _ORDER:
        fired = [rule for rule in rules if rule.effect == effect]
        if not fired:
            continue
        mark = sign(STOPPED_BY, effect)
        limit = min((rule.limit for rule in fired if rule.limit is not None), default=None)
        ceiling = "" if limit is None else f" The score is at most {limit}."
        provisional = UNCONFIRMED if effect == "knockout" else PROVISIONAL
        lines = [f"**{mark.word}.** {EFFECT_MEANS[effect]}{ceiling}", ""]
        for rule in fired:
            named = [codes[id_] for id_ in rule.questions if id_ in codes]
            asked = ", ".join(plain(code) for code in named if code not in rule.because)
            lines.append(
                f"- {one_line(rule.because, 400)}"
                + (f" ({asked})" if asked else "")
                + ("" if rule.confirmed or effect in _SETTLED else f" {provisional}")
            )
            if effect == "lifted":
                lines.append(
                    f"    - **Why.** {one_line(rule.lifted_because, 300)} It would hold the score"
                    f" at {rule.would_limit}."
                )
            if rule.obligation:
                lines.append(f"    - **To verify.** {one_line(rule.obligation, 300)} {_due(rule)}")
        box = {"knockout": st.error, "not_cleared": st.error, "cap": st.warning}.get(
            effect, st.info
        )
        box("\n".join(lines), icon=mark.icon)


def _due(rule: RuleLine) -> str:
    """The days on which an obligation falls due, with their dates where they are known."""
    days = [f"day {number}" + (f", {day(on)}" if on else "") for number, on in rule.due]
    known = any(on for _, on in rule.due)
    return f"Due on {'; '.join(days)}{'' if known else ' after the promise'}."


def figures(
    claimed: Figure,
    assured: Figure,
    band: str | None,
    stopped_by: str | None,
    low: int | None,
    high: int | None,
    coverage: float | None,
    unlifted: Figure | None = None,
) -> None:
    """Claimed beside assured, the standing, and how much is still open.

    `unlifted` is what the assured score would be, had nobody lifted a rule.
    """
    mark = standing(band, stopped_by)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.metric("Claimed by the vendor", score(whole(claimed)), width="content")
        st.markdown(":material/arrow_forward:", width="content")
        st.metric("Assured by proof", shown(assured), width="content")
        st.badge(mark.word, icon=mark.icon, color=mark.colour)  # type: ignore[arg-type] # our own
    says = []
    if assured.value is None:
        no_score(assured.why)
    if unlifted is not None:
        says.append(f"Without what was lifted it would be {shown(unlifted).lower()}.")
    if coverage is not None:
        says.append(f"{share(coverage)} of the weight is answered.")
    if low is not None and high is not None and low != high:
        says.append(f"What is unanswered could still move the assured score: {low} to {high}.")
    elif coverage is not None and assured.value is not None:
        says.append("Nothing that is unanswered could move the assured score.")
    st.caption(" ".join(plain(sentence) for sentence in says))


def no_score(why: Sequence[str]) -> None:
    """Why there is none: what is said of several domains alike is said once."""
    about: dict[str, list[str]] = {}
    for sentence in why:
        title, colon, rest = sentence.removeprefix(INSUFFICIENT).partition(": ")
        told = rest.removeprefix(INSUFFICIENT) if colon else title
        about.setdefault(told, []).append(title if colon else "")
    lines = [
        f"- {plain(told[:1].upper() + told[1:])}"
        + (f" ({plain(', '.join(titles))})" if any(titles) else "")
        for told, titles in about.items()
    ]
    st.info(
        "\n".join(["**There is no score**, for these reasons:", "", *lines]),
        icon=sign(STOPPED_BY, "insufficient_basis").icon,
    )


def falls(steps: Sequence[Step]) -> list[Fall]:
    """The steps of a waterfall in whole numbers that add up to the figures shown elsewhere."""
    done: list[Fall] = []
    before = 0
    for step in steps:
        after = floor(step.after + 1e-9)
        done.append(Fall(step.label, after - before, after))
        before = after
    return done


def waterfall(steps: Sequence[Step]) -> None:
    """From claimed down to assured, as a chart and as a sum to read."""
    rows = falls(steps)
    if not rows:
        st.markdown("There is no score, so there are no steps that lead to it.")
        return
    chart, table = st.columns([3, 2], gap="medium")
    with chart:
        said = "; ".join(f"{row.label} {signed(row.change)}" for row in rows[1:])
        st.altair_chart(
            charts.waterfall(rows),
            width="stretch",
            alt=f"{floor(rows[0].after)} claimed; {said}; {floor(rows[-1].after)} assured.",
        )
    with table:
        st.table(
            {
                "Step": [plain(row.label) for row in rows] + ["**Assured**"],
                "Points": [f"{floor(rows[0].after)}"]
                + [signed(row.change) for row in rows[1:]]
                + [f"**{floor(rows[-1].after)}**"],
            },
            border="horizontal",
            hide_index=True,
            alt="The steps from claimed to assured",
        )


def outlook(card: ScorecardView) -> None:
    """How far proof could still move the score, as bars and in words; nothing for old results."""
    ahead = card.outlook
    if ahead is None:
        return
    st.header("What proof could change", anchor=False)
    if not ahead.short and not ahead.open:
        st.markdown("Nothing: everything is answered, and all that is claimed is proven.")
        return
    rows = [("As it stands", "As it stands", ProspectView(card.assured, card.band))]
    if ahead.unproven:
        less = count(ahead.unproven, "answer that is only said", "answers that are only said")
        rows.insert(0, ("Words left out", f"Without {less}", ahead.proven))
    if ahead.short:
        more = f"With full proof for {count(ahead.short, 'answer')}"
        rows.append(("All proven", more, ahead.provable))
    if ahead.open:
        more = f"the best answer to {count(ahead.open, 'open question')}, proven"
        also = "With that and" if ahead.short else "With"
        rows.append(("All answered and proven", f"{also} {more}", ahead.best))
    said = []
    if ahead.unproven:
        said.append(
            "What is only said counts for a part as it stands. The first row takes it as no answer,"
            " because it may turn out to be untrue."
        )
    best = ahead.best.score
    if best.value == card.assured.value and best.why:
        said.append(f"Proof alone lifts nothing: {best.why[0]}")
    if all(case.score.value is None for _, _, case in rows):
        st.markdown(plain(f"No proof would give it a score. {' '.join(best.why[:1])}"))
        return
    chart, table = st.columns([3, 2], gap="medium")
    with chart:
        st.altair_chart(
            charts.strips([Strip(label, None, whole(case.score)) for label, _, case in rows]),
            width="stretch",
            alt="; ".join(f"{label}: {shown(case.score)}" for label, _, case in rows),
        )
    with table:
        st.table(
            {
                "If": [plain(says) for _, says, _ in rows],
                "Score": [shown(case.score) for _, _, case in rows],
                "Band": [sign(BANDS, case.band).badge for _, _, case in rows],
            },
            border="horizontal",
            hide_index=True,
            alt="What the score would be",
        )
    if said:
        st.caption(plain(" ".join(said)))


def domains(lines: Sequence[DomainLine], critical_plus: float | None) -> None:
    """Every domain: assured and claimed as a strip, how much is answered, and what it weighs.

    `critical_plus` is how far the whole score may lie above the weakest critical domain.
    """
    weights = adding_up([line.weight * 100 for line in lines], digits=0)
    chart, table = st.columns([1, 1], gap="medium")
    with chart:
        st.altair_chart(
            charts.strips([Strip(d.title, whole(d.claimed), whole(d.assured)) for d in lines]),
            width="stretch",
            alt="Assured and claimed by domain; the table has the same figures.",
        )
        st.caption("The bar is what is assured, the ring is what is claimed.")
    with table:
        st.table(
            {
                "Domain": [
                    plain(d.title) + (" :material/priority_high:" if d.critical else "")
                    for d in lines
                ],
                "Claimed": [score(whole(d.claimed)) for d in lines],
                "Assured": [shown(d.assured) for d in lines],
                "Answered": [share(d.coverage) for d in lines],
                "Of all weight": [f"{weight:.0f} %" for weight in weights],
            },
            border="horizontal",
            hide_index=True,
            alt="Claimed and assured by domain",
        )
        if any(d.critical for d in lines):
            held = (
                ""
                if critical_plus is None
                else f": the whole score is never more than {critical_plus:g} above the weakest of"
                " these"
            )
            st.caption(f":material/priority_high: Critical{held}.")


def sums(scorecard: ScorecardView) -> None:
    """Every line of every domain, adding up to the mean that is shown."""
    brings = _brings(scorecard)
    total = sum(brings.values())
    weight = _counting(scorecard.lines)
    st.markdown(
        "An answer's points times the share that its proof lets count make its credit. Its weight,"
        f" out of {weight:g} in all, says how much of that it brings to the mean. All lines"
        f" together bring **{total:.1f}**."
    )
    for domain in scorecard.domains:
        brought = sum(
            brings[line.criterion] for line in scorecard.lines if line.domain == domain.id
        )
        with st.expander(f"{plain(domain.title)}: brings {brought:.1f} to the mean"):
            domain_sum(scorecard, domain.id)


def domain_sum(scorecard: ScorecardView, domain_id: str) -> None:
    """The lines of one domain as a sum: credit and where it is from, weight, what each brings."""
    brings = _brings(scorecard)
    mine = [line for line in scorecard.lines if line.domain == domain_id]
    st.table(
        {
            "Question and answer": [
                f"**{plain(_name(line))}** {one_line(line.ask)}  \n"
                + (aside(one_line(line.reply_says)) if line.reply_says else "*unanswered*")
                for line in mine
            ]
            + ["**Together**"],
            "Credit": [f"{_points(line.credit)}{_from(line)}" for line in mine] + [""],
            "Weight": ["–" if line.contribution is None else f"{line.weight:g}" for line in mine]
            + [f"**{_counting(mine):g}**"],
            "Brings": [f"{brings[line.criterion]:.1f}" for line in mine]
            + [f"**{sum(brings[line.criterion] for line in mine):.1f}**"],
        },
        border="horizontal",
        hide_index=True,
        alt="How these lines add up",
    )


def _counting(lines: Sequence[ScoreLine]) -> float:
    """The weight of the lines that count; what does not apply takes its weight along."""
    return sum(line.weight for line in lines if line.contribution is not None)


def _brings(scorecard: ScorecardView) -> dict[str, float]:
    """What each line brings to the mean, rounded so that all of them add up to it."""
    parts = adding_up([line.contribution or 0.0 for line in scorecard.lines])
    return {line.criterion: part for line, part in zip(scorecard.lines, parts, strict=True)}


def answer(row: ReviewRow, rules: Sequence[RuleLine], now: datetime, zone: tzinfo) -> None:
    """One answer whole: the vendor's words, the evidence, what it is worth, rules and judgement.

    `rules` are those of the scorecard; the ones that look at this answer are named.
    """
    st.markdown(f"**The answer**  \n{_said(row)}")
    if row.note:
        st.markdown(f"**In the vendor's words**  \n{plain(row.note)}")
    if row.evidence:
        st.markdown("**The evidence**")
        evidence(row.evidence, row.question_id)
    else:
        st.markdown(f"**The evidence**  \n{aside('Nothing was attached.')}")
    for remark in row.evidence_remarks:
        st.warning(plain(remark), icon=":material/event_busy:")
    if row.line is not None:
        why = "".join(f"  \n{aside(plain(sentence))}" for sentence in row.line.why)
        st.markdown(f"**What it is worth**  \n{line_sum(row.line)}{why}")
        if row.line.because:
            st.markdown(f"**Why it is asked**  \n{aside(plain(row.line.because))}")
    if row.answers_to:
        st.markdown(f"**What it answers to**  \n{aside(plain(row.answers_to))}")
    fired = [rule for rule in rules if rule.id in row.fired]
    if fired:
        stops(fired, {})
    if row.review.version and row.review.saved_at is not None:
        st.info(
            f"{plain(row.review.reviewer or '')} judged: **{verdict(row.review)}**"
            f" ({clock(row.review.saved_at, now, zone)}).  \n{plain(row.review.reason)}",
            icon=":material/how_to_reg:",
        )


def _said(row: ReviewRow) -> str:
    if row.claims_not_applicable is not None:
        return f"Does not apply, because: {plain(row.claims_not_applicable)}"
    return plain(row.reply_says) if row.answered else "*Unanswered*"


def verdict(review: ReviewView) -> str:
    """A reviewer's judgement in words."""
    if review.not_applicable is not None:
        return VERDICTS[review.not_applicable]
    return "taken back" if review.level is None else sign(LEVELS, review.level).word.lower()


def _from(line: ScoreLine) -> str:
    """What a credit comes from, small, on a line of its own."""
    if line.credit is None:
        said = "does not count"
    elif line.state == "contradicted":
        said = "contradicted"
    elif line.counts is not None:
        said = f"for the weaker “{one_line(line.counts, 80)}”"
    elif line.share is not None and line.level is not None:
        level = plain(sign(LEVELS, line.level).word.lower())
        said = f"{_points(line.points)} × {share(line.share)}, {level}"
    elif line.points != line.credit:
        said = f"of {_points(line.points)}"
    else:
        return ""
    return f"  \n{aside(said)}"


def line_sum(line: ScoreLine) -> str:
    """One line's arithmetic in a sentence of Markdown."""
    if line.points is None or line.credit is None:
        return "It does not count, nor does its weight."
    if line.state == "contradicted":
        counted = " claimed, and contradicted"
    elif line.counts is not None:
        counted = f" claimed; the weaker “{plain(line.counts)}” earns more"
    else:
        counted = "" if line.share is None else f" × {share(line.share)} for its proof"
    brings = (
        ""
        if line.contribution is None
        else f", which brings {_points(line.contribution)} to the mean"
    )
    return (
        f"{_points(line.points)} points{counted}: **credit {_points(line.credit)}**,"
        f" weight {line.weight:g}{brings}."
    )


def evidence(files: Sequence[EvidenceView], place: str = "") -> None:
    """The files behind an answer, each with its kind, date and scope, to be opened.

    `place` tells several lists on one page apart.
    """
    for file in files:
        scope = ", ".join(
            word for word in (file.scope_product, file.scope_environment, file.scope_entity) if word
        )
        dated = (
            f"period to {day(file.period_end)}" if file.period_end else f"dated {day(file.dated)}"
        )
        said = " · ".join(
            plain(part)
            for part in (file.kind_title, dated, scope, size(file.size), file.note)
            if part
        )
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.markdown(
                f":material/attach_file: {one_line(file.file_name, 60)}  \n{aside(said)}",
                width="stretch",
            )
            st.link_button(
                "Download",
                f"/evidence/{file.id}",
                icon=":material/download:",
                key=f"file_{place}_{file.id}",
            )


def clauses(scorecard: ScorecardView) -> None:
    """Clauses for the contract that follow from findings: rules that fired, then weak answers.

    An answer that only lacks proof is no finding.
    """
    codes = {line.question_id: _name(line) for line in scorecard.lines}
    found: dict[str, str] = {}
    for rule in scorecard.rules:
        if rule.clause and rule.effect not in _SETTLED:
            asked = ", ".join(codes[id_] for id_ in rule.questions if id_ in codes)
            found.setdefault(rule.clause, asked)
    weak = [
        (sum(lost for cause, lost in line.lost if cause != "unproven"), line)
        for line in scorecard.lines
        if line.clause
    ]
    for lost, line in sorted(weak, key=lambda one: -one[0]):
        if lost > 0:
            found.setdefault(line.clause, _name(line))
    if not found:
        return
    with st.expander(
        f"{count(len(found), 'clause')} for the contract, for a lawyer's review".capitalize(),
        icon=":material/contract:",
    ):
        st.caption(
            "Each follows from a finding, the weightiest first. They are drafts: nothing is agreed"
            " by standing here."
        )
        st.markdown("\n".join(f"- **{plain(code)}** {plain(text)}" for text, code in found.items()))


def what_changed(before: ScorecardView, after: ScorecardView) -> tuple[str, ...]:
    """What one judgement moved, in sentences: the answer, its domain, the rules, the result."""
    said = []
    old = {line.criterion: line for line in before.lines}
    for line in after.lines:
        was = old.get(line.criterion)
        if was is not None and was.credit != line.credit:
            said.append(
                f"{_name(line)}: credit {_points(was.credit)} → {_points(line.credit)}"
                f" of {_points(line.points)} claimed."
            )
    past = {domain.id: domain for domain in before.domains}
    said += [
        f"{domain.title}: assured {shown(past[domain.id].assured)} → {shown(domain.assured)}."
        for domain in after.domains
        if domain.id in past and past[domain.id].assured.value != domain.assured.value
    ]
    fired_before = {(rule.id, rule.effect): rule for rule in before.rules}
    fired_after = {(rule.id, rule.effect): rule for rule in after.rules}
    for key, rule in fired_after.items():
        if key not in fired_before:
            said.append(f"{sign(STOPPED_BY, rule.effect).word}: {rule.because}")
        elif rule.confirmed and not fired_before[key].confirmed:
            said.append(f"No longer provisional: {rule.because}")
    for key, rule in fired_before.items():
        if key not in fired_after:
            said.append(f"No longer {sign(STOPPED_BY, rule.effect).word.lower()}: {rule.because}")
    if before.assured.value != after.assured.value:
        said.append(f"Assured score: {shown(before.assured)} → {shown(after.assured)}.")
    elif said:
        why = " " + after.assured.why[0] if after.assured.why and after.stopped_by else ""
        said.append(f"The assured score stays {shown(after.assured)}.{why}")
    if before.band != after.band:
        said.append(f"Band: {sign(BANDS, before.band).word} → {sign(BANDS, after.band).word}.")
    return tuple(said) or ("The judgement is saved; it moves no figure.",)


def reach(found: Reach) -> None:
    """What the next bands take: answers to improve apart from evidence to supply."""
    if not found.bands:
        st.markdown("It is in the best band already.")
    for step in found.bands:
        with st.container(border=True):
            _band_reach(step)


def _band_reach(step: BandReach) -> None:
    mark = sign(BANDS, step.band).badge
    if not step.found:
        st.markdown(
            f"{mark}: no better answer and no better evidence was found that reaches it. What"
            " reviewers judged was left as it is."
        )
        return
    parts = []
    if step.answers:
        parts.append(f"{count(len(step.answers), 'better answer')}")
    if step.evidence:
        parts.append(f"evidence for {count(len(step.evidence), 'more answer')}")
    score_then = "" if step.score is None else f" The score would be {step.score}."
    st.markdown(f"{mark} takes {' and '.join(parts)}.{score_then}")
    lines = len(step.answers) + len(step.evidence)
    if lines > MANY:
        with st.expander("Which these are"):
            _changes(step)
    else:
        _changes(step)


def _changes(step: BandReach) -> None:
    if step.answers:
        st.table(
            {
                "Answer to improve": [_asked(change) for change in step.answers],
                "Now": [one_line(change.now_says, 160) for change in step.answers],
                "It would take": [
                    one_line(change.to_says or "", 160) + _proven_by(change, "  \nwith evidence: ")
                    for change in step.answers
                ],
            },
            border="horizontal",
            hide_index=True,
            alt="Answers that would have to be better",
        )
    if step.evidence:
        st.table(
            {
                "Evidence to supply for": [_asked(change) for change in step.evidence],
                "The answer stays": [one_line(change.now_says, 160) for change in step.evidence],
                "It would take": [_proven_by(change, "") for change in step.evidence],
            },
            border="horizontal",
            hide_index=True,
            alt="Answers that would have to be proven better",
        )
    st.caption(
        "No smaller set of questions does it."
        if step.proven
        else "This is the best that was found in the time there was; a smaller set may do."
    )


def _asked(change: ChangeView) -> str:
    code = f"**{plain(change.code)}** " if change.code else ""
    return code + one_line(change.ask, 160)


def _proven_by(change: ChangeView, before: str) -> str:
    """The level that evidence has to reach, and what would do."""
    if change.level is None:
        return ""
    kinds = " or ".join(plain(kind) for kind in change.kinds)
    word = plain(sign(LEVELS, change.level).word.lower())
    return before + (f"{kinds} ({word})" if kinds else word)


def weighed(found: Weighed) -> None:
    """How often bands and order hold under many weightings, as a picture and in sentences."""
    for remark in found.remarks:
        st.caption(plain(remark))
    if not found.vendors:
        return
    words = {band: sign(BANDS, band).word for band in found.bands} | {"no_score": "No score"}
    shades = (charts.TEAL, charts.BLUE, charts.AMBER, charts.PURPLE, charts.RED)
    colours = dict(zip(found.bands, shades, strict=False))
    parts = {
        word: colours.get(band, charts.GREY)
        for band, word in words.items()
        if any(vendor.bands.get(band) for vendor in found.vendors)
    }
    st.altair_chart(
        charts.stacks(
            [
                charts.Stack(
                    vendor.vendor_name,
                    words.get(vendor.band or "", "No score"),
                    {words.get(band, band): share for band, share in vendor.bands.items()},
                )
                for vendor in found.vendors
            ],
            parts,
        ),
        width="stretch",
        alt=" ".join(f"{vendor.vendor_name}: {vendor.says}" for vendor in found.vendors),
    )
    st.markdown(
        "\n".join(
            f"- **{plain(vendor.vendor_name)}**: {plain(vendor.says)}"
            + (
                f" {plain(f'Nine of ten scores lie from {vendor.low} to {vendor.high}.')}"
                if vendor.low is not None and vendor.low != vendor.high
                else ""
            )
            for vendor in found.vendors
        )
    )
    ranked = [vendor.vendor_name for vendor in found.vendors]
    neighbours = set(pairwise(ranked))
    near = [one for one in found.orders if (one.first, one.second) in neighbours]
    far = [one for one in found.orders if (one.first, one.second) not in neighbours]
    st.markdown("\n".join(f"- {plain(one.says)}" for one in near))
    if far:
        with st.expander("Every other pair"):
            st.markdown("\n".join(f"- {plain(one.says)}" for one in far))
    st.caption(
        f"Each weight of the rubric is multiplied by a factor of its own, from {100 - found.spread}"
        f" to {100 + found.spread} percent, in {found.draws:,} draws (seed {found.seed}); the same"
        " draws meet every vendor. Nothing of this is stored, and no score changes."
    )


def _name(line: ScoreLine) -> str:
    return line.code or line.question_id


def _points(value: float | None) -> str:
    """Points with at most one decimal, rounded down as every score is."""
    return "–" if value is None else f"{floor(value * 10 + 1e-6) / 10:.1f}".removesuffix(".0")
