"""What a better band would take, and how much hangs on the weights; shown to staff alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import floor
from typing import Any

from vendorrisk.access import Action, Actor, authorise
from vendorrisk.assurance import Reply, build_sheet, stored_reply
from vendorrisk.scoring import Sheet
from vendorrisk.scoring.improvement import SECONDS, Change, Improvement, smallest_changes
from vendorrisk.scoring.sensitivity import DRAWS, NotWeighed, Stability, percent, sensitivity
from vendorrisk.store import Work, snapshot_of
from vendorrisk.store.tables import Submission
from vendorrisk.usecases.application import Application, Content
from vendorrisk.usecases.duties import kept_apart, kept_sealed
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.reviewing import require_scored, scored_rows
from vendorrisk.usecases.scorecards import exact, read_judged, reply_in
from vendorrisk.usecases.sheets import content_of, require_assessment, says

_MOST_BANDS = 2
"""Bands above the present one that are looked at."""

SEED = 0
"""Where the weightings are drawn from, so that everybody sees the same ones."""


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One question's part of a better band.

    `to_says` is the answer it would take, None where the present one, `now_says`, may stay. `level`
    is the assurance that evidence has to reach (None: no more than there is), `kinds` are titles of
    evidence that would do.
    """

    question_id: str
    code: str | None
    ask: str
    now_says: str
    to_says: str | None
    level: str | None
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BandReach:
    """The smallest changes that reach `band`; `found` is false where none would.

    `score` is the whole score then. `proven`: no smaller set of questions does; else it is the best
    that was found in time. Answers to improve stand apart from evidence to supply.
    """

    band: str
    found: bool
    score: int | None
    proven: bool
    answers: tuple[ChangeView, ...]
    evidence: tuple[ChangeView, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """What the next better bands take, the nearest first; none above the best."""

    scorecard_id: str
    band: str | None
    bands: tuple[BandReach, ...]


@dataclass(frozen=True, slots=True)
class VendorBands:
    """One vendor under many weightings: how often each band came up, `band` being today's.

    `says` tells it in a sentence; `low` and `high` hold nine of ten scores.
    """

    assessment_id: str
    vendor_name: str
    band: str | None
    bands: Mapping[str, float]
    low: int | None
    high: int | None
    says: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """Two vendors' order; `ahead` is the share of weightings in which the first leads.

    None where no order is claimed, and `says` tells why.
    """

    first: str
    second: str
    ahead: float | None
    says: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """Vendors judged by one rubric under `draws` weightings, drawn from `seed`.

    Each weight lies within `spread` percent of its own value. `bands` are the rubric's, the best
    first. `remarks` name who is left out, and why.
    """

    draws: int
    seed: int
    spread: int
    bands: tuple[str, ...]
    vendors: tuple[VendorBands, ...]
    orders: tuple[OrderView, ...]
    remarks: tuple[str, ...]


def reach(app: Application, actor: Actor, assessment_id: str) -> Reach:
    """What it would take to reach the next bands; takes up to two seconds.

    Raises `Refusal` (not_submitted).
    """
    scope = authorise(actor, Action.REACH, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_apart(work, actor, Action.REACH, row)
        content = content_of(app, row)
        submission, stored = require_scored(work, assessment_id)
    result, snapshot = json.loads(stored.result), snapshot_of(submission)
    everyday = content.rubric.everyday
    bands = list(everyday.bands) if everyday else []
    at = bands.index(stored.band) if stored.band in bands else len(bands) - 1
    targets = bands[max(0, at - _MOST_BANDS) : max(0, at)][::-1]

    def search() -> list[Improvement | None]:
        judged = read_judged(content, submission, result["review"], result.get("lifted"))
        sheet = build_sheet(content.questionnaire, content.rubric, judged)
        return [
            smallest_changes(
                content.rubric,
                sheet,
                target,
                answers=judged.values,
                seconds=SECONDS / len(targets),
            )
            for target in targets
        ]

    # What was found in too little time may be found better when there is more of it.
    found = app.worked_out(
        ("reach", stored.id, stored.sha256),
        search,
        keep=lambda all_: all(one is not None and one.proven for one in all_),
    )
    bands_found = zip(targets, found, strict=True)
    return Reach(
        stored.id,
        stored.band,
        tuple(_band_reach(content, snapshot, target, one) for target, one in bands_found),
    )


def _band_reach(
    content: Content, snapshot: Mapping[str, Any], target: str, found: Improvement | None
) -> BandReach:
    if found is None:
        return BandReach(target, False, None, False, (), ())
    return BandReach(
        band=target,
        found=True,
        score=floor(found.result) if isinstance(found.result, Fraction) else None,
        proven=found.proven,
        answers=tuple(_change(content, snapshot, change) for change in found.answers),
        evidence=tuple(_change(content, snapshot, change) for change in found.evidence),
    )


def _change(content: Content, snapshot: Mapping[str, Any], change: Change) -> ChangeView:
    asked = content.questionnaire.by_name()[change.question]
    reply, _ = reply_in(snapshot, asked.id)
    kinds = content.questionnaire.evidence_kinds
    return ChangeView(
        question_id=asked.id,
        code=asked.code,
        ask=asked.ask,
        now_says=says(asked, reply),
        to_says=None if change.answer is None else says(asked, stored_reply(Reply(change.answer))),
        level=change.level,
        kinds=tuple(kinds[kind].title for kind in change.kinds if kind in kinds),
    )


def weighed(
    app: Application,
    actor: Actor,
    assessment_ids: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Weighed:
    """How often bands and order hold when the weights are drawn around their values.

    Only those judged by the same questionnaire and rubric are weighed together: the largest such
    group. Raises `Invalid` for fewer than two assessments, and `Refusal` (not_submitted).
    """
    scope = authorise(actor, Action.WEIGHED)
    chosen = list(dict.fromkeys(assessment_ids))
    form = Form()
    if len(chosen) < 2:
        form.problem("assessment_ids", "Choose two vendors or more to weigh them together.")
    form.check()
    with app.store.read(scope) as work:
        kept_sealed(work, actor, Action.WEIGHED, *work.assessments(chosen))
        kept_apart(
            work, actor, Action.WEIGHED, *(row.assessment for row in scored_rows(work, chosen))
        )
        everyone = list(_contenders(app, work, chosen))
    digests = Counter(one.digests for one in everyone)
    shared = max(digests, key=lambda pair: digests[pair])
    group = [one for one in everyone if one.digests == shared]
    left_out = [
        f"{one.vendor_name} is left out: it was judged by other content."
        for one in everyone
        if one.digests != shared
    ]
    if len(group) < 2:
        return Weighed(draws, seed, 0, (), (), (), ("No two of them were judged by one rubric.",))
    rubric = group[0].content.rubric
    try:
        found = app.worked_out(
            ("weighed", draws, seed, frozenset((one.id, one.sha256) for one in group)),
            lambda: sensitivity(
                rubric, {one.id: one.sheet() for one in group}, draws=draws, seed=seed
            ),
        )
    except NotWeighed as reason:
        return Weighed(draws, seed, 0, (), (), (), (str(reason), *left_out))
    bands = tuple(rubric.everyday.bands) if rubric.everyday else ()
    ranked = sorted(group, key=lambda one: one.overall or Fraction(-1), reverse=True)
    return Weighed(
        draws=draws,
        seed=seed,
        spread=int(found.spread * 100),
        bands=bands,
        vendors=tuple(_bands_of(one, found.sheets[one.id], draws) for one in ranked),
        orders=tuple(
            _order(first, second, found.order(first.id, second.id).ahead, draws)
            for place, first in enumerate(ranked)
            for second in ranked[place + 1 :]
        ),
        remarks=tuple(left_out),
    )


@dataclass(frozen=True, slots=True)
class _Contender:
    """One assessment to weigh: what it is judged by, its sheet, and its range as stored.

    `sha256` is the scorecard's. The sheet is made when it is asked for.
    """

    id: str
    vendor_name: str
    content: Content
    digests: tuple[str, str]
    sha256: str
    sheet: Callable[[], Sheet]
    overall: Fraction | None
    low: Fraction | None
    high: Fraction | None


def _contenders(app: Application, work: Work, chosen: Sequence[str]) -> Iterator[_Contender]:
    for row in scored_rows(work, chosen):
        content = content_of(app, row.assessment)
        result = json.loads(row.scorecard.result)
        yield _Contender(
            id=row.assessment.id,
            vendor_name=row.vendor.name,
            content=content,
            digests=(row.assessment.questionnaire_digest, row.assessment.rubric_digest),
            sha256=row.scorecard.sha256,
            sheet=partial(_sheet, content, row.submission, result),
            overall=exact(result, "overall"),
            low=exact(result, "low"),
            high=exact(result, "high"),
        )


def _sheet(content: Content, submission: Submission, result: Mapping[str, Any]) -> Sheet:
    judged = read_judged(content, submission, result["review"], result.get("lifted"))
    return build_sheet(content.questionnaire, content.rubric, judged)


def _bands_of(one: _Contender, found: Stability, draws: int) -> VendorBands:
    band = found.band if isinstance(found.band, str) else None
    low, high = found.low, found.high
    if one.overall is None:
        said = f"No score in {percent(found.bands.get('no_score', 1.0))} of {draws:,} weightings."
        low = high = None
    elif found.holds is None:
        said = "It has no band."
    else:
        others = sorted(
            ((share, name) for name, share in found.bands.items() if name != band and share > 0),
            reverse=True,
        )
        rest = "".join(f", {name} in {percent(share)}" for share, name in others)
        said = f"Stays {band} in {percent(found.holds)} of {draws:,} weightings{rest}."
    return VendorBands(
        assessment_id=one.id,
        vendor_name=one.vendor_name,
        band=band,
        bands=found.bands,
        low=None if low is None else floor(low),
        high=None if high is None else floor(high),
        says=said,
    )


def _order(first: _Contender, second: _Contender, ahead: float, draws: int) -> OrderView:
    """An order is claimed only where nothing that is still open could turn it round."""
    names = (first.vendor_name, second.vendor_name)
    silent = [one.vendor_name for one in (first, second) if one.overall is None]
    if silent:
        return OrderView(*names, None, f"{names[0]} and {names[1]}: {silent[0]} has no score.")
    if first.low is None or second.high is None or second.high >= first.low:
        return OrderView(
            *names,
            None,
            f"{names[0]} and {names[1]}: their ranges overlap, so no order is claimed.",
        )
    return OrderView(
        *names,
        ahead,
        f"{names[0]} ahead of {names[1]} in {percent(ahead)} of {draws:,} plausible weightings.",
    )
