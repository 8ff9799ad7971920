"""Scoring: one assessment explained, 100,000 at once beside bare numpy, and 10,000 weightings."""

from __future__ import annotations

import gc
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.content import library_with_large
from benchmarks.timing import Times
from vendorrisk.assurance import Submission, build_sheet, read_submission, score_submission
from vendorrisk.conditions import State
from vendorrisk.content import Library, Pack
from vendorrisk.demo.portfolio import vendors
from vendorrisk.document import Report
from vendorrisk.scoring import Sheet
from vendorrisk.scoring.columns import Column, Columns, Sheets
from vendorrisk.scoring.sensitivity import DRAWS, sensitivity

REPETITIONS = 60
WARM_UP = 20
ROUNDS = 5
AS_OF = "2026-11-03"

SHEETS, VENDORS, CHUNK = 100_000, 20, 1 << 14


def run() -> Iterator[str]:
    """Lines with what was measured."""
    with tempfile.TemporaryDirectory() as scratch:
        library = Library(library_with_large(Path(scratch)))
        core, large = library.pack("core"), library.pack("large")
    yield from _one(core, large)
    yield from _many(large)
    yield from _weighings(core)


# -- one assessment -------------------------------------------------------------------------------


def _one(core: Pack, large: Pack) -> Iterator[str]:
    for pack in (core, large):
        name = f"scoring and explaining {len(_criteria(pack))} criteria"
        yield str(_scored(pack, name))
    yield str(_scored(large, "the same with half of the answers, range included", every=2))
    yield str(_bare_sum(len(_criteria(large))))


def answered(pack: Pack, turn: int = 0) -> dict[str, Any]:
    """An answer to every question, from good to bad in turn, and evidence for most of them.

    Each `turn` gives other answers, facts, and evidence of another age for other questions.
    """
    asked = pack.questionnaire
    assert asked is not None
    answers: dict[str, Any] = {}
    proves: dict[str, list[str]] = {}
    for place, question in enumerate(asked.questions):
        ids = [choice.id for choice in question.choices]
        fixed = {
            "many_of": ids[: 2 + turn % 3],
            "number": "30",
            "date": AS_OF,
            "text": "As agreed.",
        }
        step = turn * (1 + place % 3)
        answers[question.id] = fixed.get(question.answer) or ids[(place + step) % len(ids)]
        for request in question.evidence:
            if (place + turn) % 5:
                proves.setdefault(request.kinds[0], []).append(question.id)
    today = date.fromisoformat(AS_OF)
    return {
        "answers": answers,
        "facts": {
            fact.id: list(fact.choices[:1]) if fact.many else fact.choices[turn % len(fact.choices)]
            for fact in asked.facts
        },
        "evidence": {
            kind: {
                "kind": kind,
                "for": list(dict.fromkeys(ids)),
                "dated": (today - timedelta(days=(place * 53 + turn * 37) % 700)).isoformat(),
            }
            for place, (kind, ids) in enumerate(proves.items())
        },
        "as_of": AS_OF,
    }


def _criteria(pack: Pack) -> list[Any]:
    assert pack.rubric.everyday is not None
    return list(pack.rubric.everyday.criteria.values())


def _scored(pack: Pack, name: str, every: int = 1) -> Times:
    """Another submission each time, as another vendor's would be, with one answer of `every`."""
    asked = pack.questionnaire
    assert asked is not None
    report = Report(name)
    submissions: list[Submission] = []
    for turn in range(REPETITIONS + WARM_UP):
        data = answered(pack, turn)
        data["answers"] = dict(list(data["answers"].items())[::every])
        submission = read_submission(data, asked, pack.rubric, report)
        report.raise_errors()
        assert submission is not None
        submissions.append(submission)
    waiting = iter(submissions)
    return _timed(name, lambda: score_submission(asked, pack.rubric, next(waiting)))


def _bare_sum(criteria: int) -> Times:
    weights = [Fraction(1 + n % 5) for n in range(criteria)]
    credits_ = [Fraction(n % 101 * 17, 20) for n in range(criteria)]
    return _timed(
        f"a bare weighted mean of {criteria} fractions",
        lambda: (
            sum(w * c for w, c in zip(weights, credits_, strict=True)) / sum(weights, Fraction(0))
        ),
    )


def _timed(name: str, work: Callable[[], object]) -> Times:
    times = []
    gc.collect()
    gc.freeze()
    for number in range(REPETITIONS + WARM_UP):
        taken = _seconds(work)
        if number >= WARM_UP:
            times.append(taken * 1000)
    gc.unfreeze()
    return Times(name, times)


# -- many assessments -----------------------------------------------------------------------------


def _many(pack: Pack) -> Iterator[str]:
    sheets = random_sheets(pack, SHEETS)
    held = sum(column.codes.nbytes for column in sheets.columns.values())
    pack.rubric.program  # noqa: B018  # compiled before the clock starts
    begun = process_time()
    compiled = Columns(pack.rubric, sheets.layout, ["overall", "band"])
    compiling = process_time() - begun
    assert not compiled.by_sheet
    bare = _Bare(sheets, pack)
    # In turns, so that both meet the same neighbours.
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(_seconds(bare.run))
        ours.append(_seconds(lambda: compiled.run(sheets)))
    tracemalloc.start()
    compiled.run(sheets)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    answers = SHEETS * len(_criteria(pack))
    yield (
        f"{SHEETS:,} sheets of {len(_criteria(pack))} criteria, on one core: {min(ours):.3f} s, "
        f"{answers / min(ours) / 1e6:.0f} million answers a second"
    )
    yield (
        f"bare numpy over the same columns: {min(theirs):.3f} s; "
        f"ours takes {min(ours) / min(theirs):.2f} times as long"
    )
    yield (
        f"compiling for these values: {compiling:.2f} s, once; memory: {held / 1e6:.0f} MB for the "
        f"columns, {peak / 1e6:.0f} MB at most while they are scored"
    )


def _seconds(work: Callable[[], object]) -> float:
    """Processor time: what others do on the machine meanwhile is not counted."""
    begun = process_time()
    work()
    return process_time() - begun


def random_sheets(pack: Pack, count: int) -> Sheets:
    """Sheets with any answer, silence, level of assurance and approval."""
    asked = pack.questionnaire
    assert asked is not None
    assert pack.rubric.everyday is not None
    assert pack.rubric.everyday.assurance is not None
    rng = np.random.default_rng(7)
    levels = [{"*": level} for level in pack.rubric.everyday.assurance.levels]

    def column(values: list[Any]) -> Column:
        return Column(tuple(values), rng.integers(0, len(values), count).astype(np.uint8))

    columns: dict[tuple[str, ...], Column] = {}
    for fact in asked.facts:
        values = [frozenset(fact.choices[:1])] if fact.many else list(fact.choices)
        columns["facts", fact.id] = column(values)
    for question in asked.questions:
        answers: list[Any] = [choice.id for choice in question.choices]
        answers += [State.UNANSWERED, *(["dont_know"] if question.dont_know else [])]
        if question.not_applicable is not None:
            answers.append(State.NOT_APPLICABLE)
            columns["marks", "not_applicable", question.id] = column([None, "approved"])
        if question.show_when is not None:
            answers.append(State.HIDDEN)
        columns["answers", question.id] = column(answers)
        columns["levels", question.id] = column(levels)
    return Sheets(count, columns)


class _Bare:
    """The same columns in numpy as one would write it by hand: points, assurance, approval, sum.

    No rules, no domains, no ceilings, no states; a column at a time, in chunks.
    """

    def __init__(self, sheets: Sheets, pack: Pack) -> None:
        assert pack.rubric.everyday is not None
        assert pack.rubric.everyday.assurance is not None
        self.size = sheets.size
        self.tier = sheets.columns["facts", "tier"].codes
        shares = pack.rubric.everyday.assurance.shares
        self.shares = np.array([[float(share) for share in row] for row in shares.values()]).ravel()
        self.columns: list[tuple[float, NDArray[np.float64], Any, Any, Any]] = []
        for criterion in _criteria(pack):
            answers = sheets.columns["answers", criterion.question]
            points = {rung.choice: float(rung.points) for rung in criterion.rungs}
            worth = np.array([points.get(value, 0.0) for value in answers.values])
            levels = sheets.columns["levels", criterion.question].codes
            approved = sheets.columns.get(("marks", "not_applicable", criterion.question))
            kept = np.ones(self.size, bool)
            if approved is not None:
                silent = answers.values.index(State.NOT_APPLICABLE)
                kept = ~((answers.codes == silent) & (approved.codes == 1))
            self.columns.append((float(criterion.weight), worth, answers.codes, levels, kept))

    def run(self) -> NDArray[np.float64]:
        """The weighted mean of each sheet."""
        means = np.empty(self.size)
        for start in range(0, self.size, CHUNK):
            at = slice(start, min(start + CHUNK, self.size))
            count = at.stop - at.start
            above, below = np.zeros(count), np.zeros(count)
            points, share = np.empty(count), np.empty(count)
            tier = self.tier[at] * np.uint8(4)
            for weight, worth, answers, levels, kept in self.columns:
                np.take(worth, answers[at], out=points, mode="clip")
                np.take(self.shares, tier + levels[at], out=share, mode="clip")
                points *= share
                points *= weight
                points *= kept[at]
                above += points
                below += weight * kept[at]
            means[at] = above / below
        return means


# -- many weightings ------------------------------------------------------------------------------


def _weighings(core: Pack) -> Iterator[str]:
    sheets: dict[str, Sheet] = {}
    told = list(vendors())
    assert core.questionnaire is not None
    for number in range(VENDORS):
        vendor = told[number % len(told)]
        data = vendor.submission(core.questionnaire, vendor.gives.tier)
        submission = read_submission(data, core.questionnaire, core.rubric, Report(vendor.id))
        assert submission is not None
        sheets[f"{vendor.id} {number}"] = build_sheet(core.questionnaire, core.rubric, submission)
    taken = min(_seconds(lambda: sensitivity(core.rubric, sheets)) for _ in range(3))
    yield f"{DRAWS:,} weightings of {VENDORS} vendors, with their order: {taken:.2f} s"
