"""What stands in a slot over columns: codes of a few values, or floats and how exact they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Self, TypeVar

import numpy as np

from vendorrisk.conditions import State
from vendorrisk.scoring.columns.sheets import ABSENT, Codes, FloatTable
from vendorrisk.scoring.columns.tables import Axis, Unfit
from vendorrisk.scoring.exact import Program

NEAR = 1e-9
"""How near to a threshold a float may come before the exact engine decides."""


@dataclass(frozen=True, slots=True)
class Precision:
    """The float is the one nearest to a fraction with at most this denominator and magnitude."""

    denominator: int
    most: float

    def decides(self, threshold: Fraction) -> bool:
        """Whether a comparison of the floats is that of the fractions."""
        apart = self.denominator * threshold.denominator
        return apart * max(self.most, abs(float(threshold)), 1.0) < 2**50


@dataclass(eq=False)
class Coded:
    """A slot with a short list of values; `codes` gives their codes for a block of sheets."""

    values: Sequence[object]
    codes: Callable[[Block], Codes]
    stage: int
    table: FloatTable = field(init=False)

    def __post_init__(self) -> None:
        self.table = FloatTable(self.values)

    @property
    def precision(self) -> Precision | None:
        """How exact the values are as floats."""
        return precision_of(v for v in self.values if isinstance(v, (int, Fraction)))


@dataclass(eq=False)
class Number:
    """A slot with a number: `run` gives the floats and the states of a block of sheets."""

    run: Callable[[Block], tuple[Any, Any]]
    precision: Precision | None
    stage: int


def precision_of(values: Iterable[int | Fraction]) -> Precision:
    """How exact constants are as floats."""
    found = list(values)
    denominator = max((value.denominator for value in found), default=1)
    return Precision(denominator, max((abs(float(value)) for value in found), default=0.0))


def common(parts: Sequence[Precision | None]) -> Precision | None:
    """The precision of a value that is always one of several."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return Precision(
        max((part.denominator for part in known), default=1),
        max((part.most for part in known), default=0.0),
    )


Kept = TypeVar("Kept")


class Plan(ABC):
    """Says for every slot how its column is computed."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.cell_at = {cell.slot: cell for cell in program.cells.values()}
        self._columns: dict[int, Coded | Number] = {}

    def column(self, slot: int) -> Coded | Number:
        """How a slot's column is computed. Raises Unfit."""
        found = self._columns.get(slot)
        if found is None:
            found = self._columns[slot] = self._planned(slot)
        return found

    @abstractmethod
    def _planned(self, slot: int) -> Coded | Number:
        """The same, for the first time."""

    @abstractmethod
    def stage_of(self, slots: Iterable[object]) -> int:
        """How many rounds of sums over rows come before all these slots are known."""


class Block:
    """A run of sheets: what has been computed, and which sheets are near a threshold."""

    def __init__(self, plan: Plan, start: int, stop: int) -> None:
        self.plan, self.start, self.stop = plan, start, stop
        self.size = stop - start
        self.near = np.zeros(self.size, bool)
        self._codes: dict[int, Codes] = {}
        self._numbers: dict[int, tuple[Any, Any]] = {}
        self._kept: dict[int, Any] = {}

    def codes(self, slot: int) -> Codes:
        """The codes of a slot with a short list of values."""
        found = self._codes.get(slot)
        if found is None:
            column = self.plan.column(slot)
            assert isinstance(column, Coded)  # noqa: S101  # who asks has looked
            found = self._codes[slot] = column.codes(self)
        return found

    def number(self, slot: int) -> tuple[Any, Any]:
        """The floats of a slot and its states, 0 where there is a number."""
        found = self._numbers.get(slot)
        if found is None:
            column = self.plan.column(slot)
            if isinstance(column, Number):
                found = column.run(self)
            else:
                codes = self.codes(slot)
                found = column.table.numbers[codes], column.table.states[codes]
            self._numbers[slot] = found
        return found

    def axis(self, axis: Axis) -> Codes:
        """The codes of an axis of tables."""
        raise NotImplementedError

    def kept(self, key: object, compute: Callable[[Self], Kept]) -> Kept:
        """What `compute` gives of this block, computed once for each key."""
        found = self._kept.get(id(key))
        if found is None:
            found = self._kept[id(key)] = compute(self)
        return found


def constant(value: object) -> Coded:
    """The column of a value that all sheets share."""
    return Coded((value,), lambda block: np.zeros((), np.uint8), 0)


def given(value: object) -> tuple[float, int]:
    """A constant number or state as its float and its state. Raises Unfit for a label."""
    if isinstance(value, State):
        return 0.0, ABSENT[value]
    if isinstance(value, (int, Fraction)):
        return float(value), 0
    raise Unfit("a number may also be a label")
