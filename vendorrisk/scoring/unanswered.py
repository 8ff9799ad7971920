"""What the overall result of plain measures could be, whatever is answered to what is open.

Few open answers with listed choices are tried in every combination. Of more, and of numbers, days
and ticks, the ends are the widest that a search found, which changes one answer after another. The
same sheet always gets the same search.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import prod
from random import Random
from typing import Any

from vendorrisk.conditions import State, Value
from vendorrisk.questionnaire import as_asked
from vendorrisk.scoring.exact import Sheet
from vendorrisk.scoring.graph import Named
from vendorrisk.scoring.plain_text import value_text
from vendorrisk.scoring.rubric import Rubric, score
from vendorrisk.scoring.scorecard import Result, counted, enumerated, readable
from vendorrisk.scoring.trials import MOST_SHEETS, values_of

MOST_CELLS = 1_500_000
"""Cells of the graph that are computed at most, which takes about a second."""


@dataclass(frozen=True, slots=True)
class OpenRange:
    """What an overall result could be. `open` are the inputs that nobody answered.

    `low` and `high` are the ends of a number, None where no answers give one; `labels` what else
    it could be called. `decided`: every way of answering was tried.
    """

    open: tuple[str, ...]
    low: Result | None
    high: Result | None
    labels: tuple[str, ...]
    decided: bool

    def to_json(self) -> dict[str, Any]:
        """Plain data, by the same names."""
        return {
            "open": list(self.open),
            "low": self.low.to_json() if self.low else None,
            "high": self.high.to_json() if self.high else None,
            "labels": list(self.labels),
            "decided": self.decided,
        }

    def lines(self) -> Iterator[str]:
        """The range in a line for a reader."""
        says = []
        if self.low is not None and self.high is not None:
            low, high = value_text(self.low), value_text(self.high)
            says.append(low if low == high else f"from {low} to {high}")
        if self.labels:
            one_of = "one of " if len(self.labels) > 1 else ""
            says.append(one_of + enumerated([readable(label) for label in self.labels]))
        found = " or ".join(says) or "nothing that has a value"
        told = found if self.decided else f"at least {found}; other answers may lead further"
        what = counted(len(self.open), "answer is open", "answers are open")
        yield f"{what}; with them it could be {told}."


def open_range(rubric: Rubric, sheet: Sheet) -> OpenRange | None:
    """What the overall result could be, were everything answered that is open on a sheet.

    An input with a default is not open. None for an everyday rubric, whose scorecard has `low` and
    `high`, for one without an overall result, and where nothing is open that it depends on.
    """
    named = next((one for one in rubric.graph.results if one.name == "overall"), None)
    if rubric.everyday is not None or named is None or named.measure is None:
        return None
    search = _Search(rubric, sheet, named)
    return search.found() if search.values else None


class _Search:
    def __init__(self, rubric: Rubric, sheet: Sheet, named: Named) -> None:
        self.rubric, self.sheet = rubric, sheet
        self.program = rubric.program
        self.left = max(MOST_CELLS // max(len(self.program.order), 1), 1)
        self.slot = self.program.slots[named.measure or "", named.key]
        self.slots = self.program.run(sheet)
        used = self.program.needed_for(self.slot)
        leaves = {
            leaf.key: leaf.input
            for leaf in self.program.leaves.values()
            if leaf.input.source == "answers" and leaf.slot in used and leaf.input.default is None
        }
        self.values = {
            key: values
            for key, values in values_of(rubric).items()
            if values
            and key in leaves
            and sheet.answers.get(key, State.UNANSWERED) is State.UNANSWERED
        }
        listed = (leaves[key] for key in self.values)
        self.finite = all(one.labels and not one.many and not one.number for one in listed)
        # The least (-1) and the most (1) that were found, with the answers that come to it.
        self.ends: dict[int, tuple[Fraction, Mapping[str, Value]]] = {}
        self.labels: dict[str, None] = {}

    def found(self) -> OpenRange:
        """Every way where there are few, else the widest range that was found."""
        decided = self.finite and prod(len(one) for one in self.values.values()) <= self.left
        if decided:
            for way in product(*self.values.values()):
                self._try(dict(zip(self.values, way, strict=True)))
        else:
            self._sample()
            if self.ends:
                self._climb()
        low, high = (
            score(self.rubric, self._with(self.ends[way][1])).results["overall"]
            if way in self.ends
            else None
            for way in (-1, 1)
        )
        return OpenRange(tuple(self.values), low, high, tuple(self.labels), decided)

    def _sample(self) -> None:
        """Try the first of all lists, the last, and mixtures, of which many lean one way."""
        random = Random(0)  # noqa: S311  # the same search each time, nothing secret
        for number in range(MOST_SHEETS):
            lean, loose = (
                (number, 0.0) if number < 2 else (random.random(), random.choice((0.3, 1)))
            )
            answers = {}
            for key, values in self.values.items():
                place = random.random() if random.random() < loose else lean
                answers[key] = values[round(place * (len(values) - 1))]
            self._try(answers)
            if not self.left or (number and self.ends):
                return  # numbers are climbed towards

    def _climb(self) -> None:
        """From what each answer moves by itself to the ends, and on, one answer at a time."""
        start = {key: values[0] for key, values in self.values.items()}
        least, most = dict(start), dict(start)
        for key, values in self.values.items():
            moved = {value: self._try({**start, key: value}) for value in values}
            numbers = {value: one for value, one in moved.items() if one is not None}
            if numbers:
                least[key] = min(numbers, key=numbers.__getitem__)
                most[key] = max(numbers, key=numbers.__getitem__)
            if not self.left:
                return
        for end, way in ((least, -1), (most, 1)):
            self._climb_from(end, way)

    def _climb_from(self, answers: dict[str, Value], way: int) -> None:
        best = self._try(answers)
        again = True
        while again:
            again = False
            for key, values in self.values.items():
                for value in values:
                    if not self.left:
                        return
                    tried = self._try({**answers, key: value})
                    if tried is not None and (best is None or tried * way > best * way):
                        answers, best, again = {**answers, key: value}, tried, True

    def _try(self, answers: Mapping[str, Value]) -> Fraction | None:
        """The overall result with these answers, noted; None where it is no number."""
        self.left = max(self.left - 1, 0)
        if self.rubric.asked is None:
            value = self.program.again(self.slots, answers, self.slot)
        else:
            value = self.program.run(self._with(answers))[self.slot]
        if isinstance(value, str):
            self.labels[value] = None
        if not isinstance(value, (int, Fraction)):
            return None
        for way in (-1, 1):
            if way not in self.ends or value * way > self.ends[way][0] * way:
                self.ends[way] = (Fraction(value), answers)
        return Fraction(value)

    def _with(self, answers: Mapping[str, Value]) -> Sheet:
        """The sheet with these answers, and what they hide marked as such."""
        given = {n: a for n, a in self.sheet.answers.items() if a is not State.HIDDEN} | dict(
            answers
        )
        if self.rubric.asked is not None:
            given = as_asked(self.rubric.asked, given, self.sheet.facts)
        return replace(self.sheet, answers=given)
