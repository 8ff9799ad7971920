"""What rows add up to: whole numbers, several in the bits of one integer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vendorrisk.conditions import State
from vendorrisk.scoring.columns.layout import MOST_ENTRIES, ends, laid_out, place_of, without_idle
from vendorrisk.scoring.columns.sheets import ABSENT, Codes
from vendorrisk.scoring.columns.tables import NO_SHARE, Axis, Share, Tree, Unfit
from vendorrisk.scoring.columns.values import (
    Block,
    Coded,
    Number,
    Precision,
    common,
    given,
    precision_of,
)
from vendorrisk.scoring.graph import Fold

Whole = NDArray[np.int64]

MOST_EXACT = 1 << 50
"""Below it, floats hold whole numbers and sums of a few of them exactly."""


class RowShare:
    """What one row adds to a fold: a share for every combination of what it reads."""

    def __init__(self, tree: Tree) -> None:
        shares: dict[object, int] = {NO_SHARE: 0}
        numbers = {id(end): shares.setdefault(end.value, len(shares)) for end in ends(tree)}
        self.shares: list[Share] = list(shares)  # type: ignore[arg-type]
        self.parts = laid_out(tree, numbers, 0)

    def all(self, what: str) -> list[Fraction | int]:
        """Every value of one component of the shares."""
        return [component(share, what) for share in self.shares]

    def most(self, what: str) -> Fraction:
        """The greatest magnitude of one component."""
        return max(abs(Fraction(value)) for value in self.all(what))

    @property
    def axes(self) -> Iterator[Axis]:
        """Whatever decides the share."""
        return (axis for part in self.parts for axis in part.axes)


def component(share: Share, what: str) -> Fraction | int:
    """One part of a share; for a state, 1 where it stops the fold."""
    if what in ("amount", "weight", "kept"):
        return getattr(share, what)  # type: ignore[no-any-return]
    return int(share.stopped is not None and share.stopped.value == what)


class Tally(ABC):
    """A fold over rows by sums: of amounts, and as needed of weights, members and states."""

    def __init__(self, node: Fold, shares: Iterable[Share], stage: int) -> None:
        if isinstance(node.empty, str):
            raise Unfit("a sum may be a label")
        self.node, self.stage = node, stage
        absent = {share.stopped for share in shares}
        self.stops = [state for state in State if state in absent]
        self.needs = ["amount", *(stop.value for stop in self.stops)]
        if node.kind == "mean":
            self.needs.append("weight")
        if node.kind == "all" or (node.kind == "sum" and node.empty != 0):
            self.needs.append("kept")

    @abstractmethod
    def read(self, block: Block, what: str) -> tuple[Any, int]:
        """One of the sums, and what one of them is a fraction of."""

    def column(self, precision: Precision | None) -> Coded | Number:
        """How the fold's column is computed."""
        kind = self.node.kind
        if kind in ("any", "all"):

            def codes(block: Block) -> Codes:
                amount = self.read(block, "amount")[0]
                holds = amount > 0 if kind == "any" else amount == self.read(block, "kept")[0]
                return np.asarray(holds, np.uint8)

            return Coded(("false", "true"), codes, self.stage)
        return Number(self._run, precision, self.stage)

    def _run(self, block: Block) -> tuple[Any, Any]:
        above, scale = self.read(block, "amount")
        states: Any = np.uint8(0)
        empty: Any = None
        if self.node.kind == "mean":
            weight, below = self.read(block, "weight")
            empty = np.equal(weight, 0)
            value = np.divide(above * float(below), weight * float(scale))
        else:
            value = above / float(scale)
            if "kept" in self.needs:
                empty = np.equal(self.read(block, "kept")[0], 0)
        if empty is not None:
            number, state = given(self.node.empty)
            value, states = np.where(empty, number, value), np.where(empty, state, states)
        for stop in self.stops:  # the strongest comes last
            states = np.where(self.read(block, stop.value)[0] > 0, ABSENT[stop], states)
        return value, states

    def exactly(self, block: Block, at: int) -> object:
        """The fold's value for one sheet of a block, as the exact engine has it."""

        def whole(what: str) -> Fraction:
            found, scale = self.read(block, what)
            return Fraction(int(found[at] if np.ndim(found) else found), scale)

        for stop in reversed(self.stops):
            if whole(stop.value):
                return stop
        kind, amount = self.node.kind, whole("amount")
        if kind == "any":
            return "true" if amount else "false"
        if kind == "all":
            return "true" if amount == whole("kept") else "false"
        if kind == "mean":
            weight = whole("weight")
            return amount / weight if weight else self.node.empty
        if "kept" in self.needs and not whole("kept"):
            return self.node.empty
        return amount


class Packed(Tally):
    """A tally whose sums are packed with those of others; `stages` holds them once arranged.

    `identity` is the same for tallies to which a row adds the same.
    """

    def __init__(
        self,
        node: Fold,
        rows: Mapping[str, RowShare],
        identity: object,
        stage: int,
        stages: Mapping[int, Stage],
    ) -> None:
        self.rows, self.identity, self.stages = rows, identity, stages
        shares = [share for row in rows.values() for share in row.shares]
        super().__init__(node, shares, stage)
        self.scale = {what: _common(row.all(what) for row in rows.values()) for what in self.needs}
        self.most = {
            what: sum((row.most(what) for row in rows.values()), Fraction(0)) for what in self.needs
        }
        if any(self.scale[what] * self.most[what] >= MOST_EXACT for what in self.needs):
            raise Unfit("a sum needs more digits than a whole number of the machine has")
        self._ratio = max(
            (abs(Fraction(share.amount) / share.weight) for share in shares if share.weight),
            default=Fraction(0),
        )

    def read(self, block: Block, what: str) -> tuple[Any, int]:
        """One of the sums as whole numbers, and what one of them is a fraction of."""
        return self.stages[self.stage].unpack(block, self, what)

    @property
    def precision(self) -> Precision | None:
        """How exact the fold's floats are."""
        empty = self.node.empty
        apart = precision_of([empty] if isinstance(empty, Fraction) else [])
        scale, most = self.scale["amount"], self.most["amount"]
        if self.node.kind != "mean":
            return common([Precision(scale, float(most)), apart])
        finest = scale * self.scale["weight"]
        below = int(self.most["weight"] * finest)
        if below >= MOST_EXACT or most * finest >= MOST_EXACT:
            return None
        return common([Precision(max(below, 1), float(self._ratio)), apart])


def _common(rows: Iterable[Sequence[Fraction | int]]) -> int:
    return lcm(*{value.denominator for row in rows for value in row})


@dataclass(frozen=True, slots=True)
class _Lane:
    """Where a field lies in the packed sums of a group of rows: which integer, and which bits."""

    number: int
    shift: int
    mask: int


@dataclass(frozen=True, slots=True)
class _LookUp:
    """One look-up for a row: where to look, and what to add to which of the packed sums."""

    axes: tuple[Axis, ...]
    sizes: tuple[int, ...]
    tables: tuple[tuple[int, Whole], ...]


class Stage:
    """What the rows add to the tallies of one stage, packed.

    Rows that count in the same tallies form a group; each group has its packed integers, in which
    every field has bits enough for the group's greatest sum. What several tallies read alike is one
    field.
    """

    def __init__(self, tallies: Sequence[Packed]) -> None:
        self.scale: dict[object, int] = {}
        self._fields: dict[tuple[int, str], object] = {}
        rows: dict[object, dict[str, RowShare]] = {}
        kinds: dict[object, str] = {}
        for tally in tallies:
            for what in tally.needs:
                name = (tally.identity, what)
                rows.setdefault(name, {}).update(tally.rows)
                kinds[name] = what
                self._fields[id(tally), what] = name
        member: dict[str, set[int]] = {}
        for number, tally in enumerate(tallies):
            for row in tally.rows:
                member.setdefault(row, set()).add(number)
        groups: dict[frozenset[int], list[str]] = {}
        for row, numbers in member.items():
            groups.setdefault(frozenset(numbers), []).append(row)
        self._groups_of = {
            id(tally): [group for group, numbers in enumerate(groups) if number in numbers]
            for number, tally in enumerate(tallies)
        }
        tables = {name: self._whole(name, kinds[name], own) for name, own in rows.items()}
        alias = self._alike(tables)
        self._fields = {key: alias[name] for key, name in self._fields.items()}
        self.base: dict[tuple[int, object], int] = {}
        self.lanes: dict[tuple[int, object], _Lane] = {}
        self.packed = [
            self._packed(group, own, {n: t for n, t in tables.items() if alias[n] == n})
            for group, own in enumerate(groups.values())
        ]

    def _whole(
        self, name: object, what: str, rows: Mapping[str, RowShare]
    ) -> dict[str, list[tuple[tuple[Axis, ...], Whole]]]:
        """A field's tables, in whole numbers."""
        scale = self.scale[name] = _common(row.all(what) for row in rows.values())
        found = {}
        for row, share in rows.items():
            if scale * share.most(what) >= MOST_EXACT:
                raise Unfit("a sum needs more digits than a whole number of the machine has")
            whole = np.array([int(value * scale) for value in share.all(what)], np.int64)
            found[row] = [without_idle(part.axes, whole[part.at]) for part in share.parts]
        return found

    def _alike(self, tables: Mapping[object, Mapping[str, Any]]) -> dict[object, object]:
        """Each field with the first that has the same tables."""
        seen: dict[object, object] = {}
        alias = {}
        for name, rows in tables.items():
            content = (
                self.scale[name],
                tuple(
                    (row, tuple((axes, table.shape, table.tobytes()) for axes, table in parts))
                    for row, parts in sorted(rows.items())
                ),
            )
            alias[name] = seen.setdefault(content, name)
        return alias

    def _packed(
        self, group: int, rows: Sequence[str], tables: Mapping[object, Mapping[str, Any]]
    ) -> tuple[int, list[_LookUp]]:
        """The number of packed integers of a group, and the look-ups of its rows."""
        used: list[int] = []
        parts: dict[str, list[tuple[tuple[Axis, ...], int, Whole]]] = {}
        widths = []
        for name, by_row in tables.items():
            own = {row: by_row[row] for row in rows if row in by_row}
            if not own:
                continue
            base, most = 0, 0
            moved: dict[str, list[tuple[tuple[Axis, ...], Whole]]] = {}
            for row, found in own.items():
                moved[row] = []
                for axes, table in found:
                    least = int(table.min())
                    base += least
                    most += int(table.max()) - least
                    if axes:
                        moved[row].append((axes, table - least))
            self.base[group, name] = base
            if most:
                widths.append((most.bit_length(), name, moved))
        for bits, name, moved in sorted(widths, key=lambda found: -found[0]):
            number = next((n for n, taken in enumerate(used) if taken + bits <= 62), len(used))
            if number == len(used):
                used.append(0)
            shift = used[number]
            used[number] += bits
            self.lanes[group, name] = _Lane(number, shift, (1 << bits) - 1)
            for row, found in moved.items():
                parts.setdefault(row, []).extend((axes, number, t << shift) for axes, t in found)
        look_ups = [look_up for row in parts.values() for look_up in _merged(row)]
        return len(used), look_ups

    def _add_up(self, block: Block) -> Mapping[object, Whole]:
        """The packed sums of each group, by (group, number)."""
        found: dict[object, Whole] = {}
        one = np.empty(block.size, np.int64)
        for group, (count, look_ups) in enumerate(self.packed):
            sums = [np.zeros(block.size, np.int64) for _ in range(count)]
            for look_up in look_ups:
                index = place_of(block, look_up.axes, look_up.sizes)
                for number, table in look_up.tables:
                    np.take(table, index, out=one, mode="clip")
                    sums[number] += one
            found.update(((group, number), total) for number, total in enumerate(sums))
        return found

    def unpack(self, block: Block, tally: Packed, what: str) -> tuple[Any, int]:
        """One of a tally's sums as whole numbers, and their scale."""
        sums = block.kept(self, self._add_up)
        name = self._fields[id(tally), what]
        total: Any = 0
        for group in self._groups_of[id(tally)]:
            lane = self.lanes.get((group, name))
            total = total + self.base[group, name]
            if lane is not None:
                total = total + ((sums[group, lane.number] >> lane.shift) & lane.mask)
        return total, self.scale[name]


def _merged(
    parts: Sequence[tuple[tuple[Axis, ...], int, Whole]],
) -> Iterator[_LookUp]:
    """The tables of one row in as few look-ups as their sizes allow."""
    merged: list[tuple[dict[Axis, int], list[Any]]] = []
    for axes, number, table in sorted(parts, key=lambda part: -part[2].size):
        own = dict(zip(axes, table.shape, strict=True))
        for sizes, tables in merged:
            if prod((sizes | own).values()) <= max(MOST_ENTRIES, prod(sizes.values())):
                sizes |= own
                tables.append((axes, number, table))
                break
        else:
            merged.append((own, [(axes, number, table)]))
    for sizes, tables in merged:
        by_number: dict[int, Whole] = {}
        order = tuple(sizes)
        for axes, number, table in tables:
            placed = table.transpose([axes.index(axis) for axis in order if axis in axes]).reshape(
                [sizes[axis] if axis in axes else 1 for axis in order]
            )
            whole = by_number.setdefault(number, np.zeros(tuple(sizes.values()), np.int64))
            whole += placed
        yield _LookUp(
            order,
            tuple(sizes.values()),
            tuple((number, np.ascontiguousarray(t).ravel()) for number, t in by_number.items()),
        )
