"""Many sheets as columns, and one result of many sheets as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vendorrisk.conditions import State
from vendorrisk.scoring.columns.tables import Layout, Source, sheet_with
from vendorrisk.scoring.exact import Sheet
from vendorrisk.scoring.graph import Named

Codes = NDArray[np.unsignedinteger[Any]]
Floats = NDArray[np.float64]

ABSENT: Mapping[State, int] = {state: number for number, state in enumerate(State, start=1)}
"""How a state stands in an array of states, where 0 is a value."""

_STATES = (None, *State)


@dataclass(frozen=True)
class Column:
    """What many sheets hold at one place: sheet n has `values[codes[n]]`; None is nothing."""

    values: tuple[object, ...]
    codes: Codes


@dataclass(frozen=True)
class Sheets:
    """Many sheets as columns, by where a sheet holds a value (see `tables.Source`)."""

    size: int
    columns: Mapping[Source, Column]

    @staticmethod
    def of(sheets: Sequence[Sheet]) -> Sheets:
        """The columns of sheets that are there one by one."""
        found: dict[Source, _Gathered] = {}
        for number, sheet in enumerate(sheets):
            for source, value in _entries(sheet):
                if source not in found:
                    found[source] = _Gathered(len(sheets))
                found[source].put(number, value)
        return Sheets(len(sheets), {source: column.done() for source, column in found.items()})

    @property
    def layout(self) -> Layout:
        """The values in play at each place."""
        return {source: column.values for source, column in self.columns.items()}

    def sheet(self, number: int) -> Sheet:
        """One of the sheets."""
        return sheet_with(
            {source: c.values[int(c.codes[number])] for source, c in self.columns.items()}
        )


def _entries(sheet: Sheet) -> Iterator[tuple[Source, object]]:
    for part in ("answers", "facts", "levels"):
        for name, value in getattr(sheet, part).items():
            yield (part, name), value
    for mark, values in sheet.marks.items():
        for name, value in values.items():
            yield ("marks", mark, name), value


class _Gathered:
    """A column in the making."""

    def __init__(self, size: int) -> None:
        self.codes = np.zeros(size, np.uint32)
        self.values: dict[object, tuple[int, object]] = {None: (0, None)}

    def put(self, number: int, value: object) -> None:
        same = tuple(sorted(value.items())) if isinstance(value, Mapping) else value
        self.codes[number] = self.values.setdefault(same, (len(self.values), value))[0]

    def done(self) -> Column:
        values = tuple(value for _, value in self.values.values())
        if len(values) > 1 and self.codes.all():  # every sheet has something
            values, self.codes = values[1:], self.codes - np.uint32(1)
        return Column(values, self.codes.astype(code_type(len(values))))


@dataclass(frozen=True)
class Results:
    """One result of many sheets, each an array with an entry for every sheet.

    `numbers` is nan where there is no number; `labels[codes]` is the label, with code -1 where
    there is none; `states` is 0 where there is a value, else 1 + the rank of the State.
    """

    numbers: Floats
    labels: tuple[str, ...]
    codes: NDArray[np.int16]
    states: NDArray[np.uint8]

    def value(self, number: int) -> float | str | State:
        """What one sheet came to."""
        state: State | None = _STATES[int(self.states[number])]
        if state is not None:
            return state
        code = int(self.codes[number])
        return float(self.numbers[number]) if code < 0 else self.labels[code]

    def shares(self) -> dict[str, float]:
        """Each label, and each state by its word, with its share of the sheets."""
        words = {label: self.codes == code for code, label in enumerate(self.labels)}
        words |= {state.value: self.states == code for state, code in ABSENT.items()}
        return {word: float(at.mean()) for word, at in words.items() if at.any()}

    def percentiles(self, *percents: float) -> tuple[float | None, ...]:
        """Percentiles of the numbers there are; None each where there is none."""
        numbers = self.numbers[~np.isnan(self.numbers)]
        if not numbers.size:
            return tuple(None for _ in percents)
        return tuple(float(found) for found in np.percentile(numbers, percents))


class Made:
    """A result in the making."""

    def __init__(self, named: Named, size: int) -> None:
        self.named = named
        self.numbers = np.full(size, np.nan)
        self.codes = np.full(size, -1, np.int16)
        self.states = np.zeros(size, np.uint8)
        self.labels: dict[str, int] = {}

    def _code(self, value: object) -> int:
        return self.labels.setdefault(value, len(self.labels)) if isinstance(value, str) else -1

    def put_codes(self, where: slice, values: Sequence[object], codes: Codes) -> None:
        """Values by code, for some of the sheets."""
        table = FloatTable(values)
        self.numbers[where] = table.numbers[codes]
        self.states[where] = table.states[codes]
        self.codes[where] = np.array([self._code(value) for value in values], np.int16)[codes]

    def put_numbers(self, where: slice, numbers: Floats, states: Any) -> None:
        """Numbers and states, for some of the sheets."""
        self.numbers[where] = np.where(np.equal(states, 0), numbers, np.nan)
        self.states[where] = states

    def put_value(self, where: int | slice, value: object) -> None:
        """One value, for one or some of the sheets."""
        single = FloatTable([State.NOT_APPLICABLE if value is None else value])
        self.numbers[where], self.states[where] = single.numbers[0], single.states[0]
        self.codes[where] = self._code(value)

    def done(self) -> Results:
        """The result."""
        return Results(self.numbers, tuple(self.labels), self.codes, self.states)


class FloatTable:
    """Values as floats and states, both by code; a label is no number."""

    def __init__(self, values: Sequence[object]) -> None:
        self.numbers = np.array(
            [float(v) if isinstance(v, (int, Fraction)) else np.nan for v in values]
        )
        self.states = np.array([ABSENT[v] if isinstance(v, State) else 0 for v in values], np.uint8)


def code_type(size: int) -> type[np.unsignedinteger[Any]]:
    """The smallest type that holds the codes of so many values."""
    return np.uint8 if size <= 1 << 8 else np.uint16 if size <= 1 << 16 else np.uint32
