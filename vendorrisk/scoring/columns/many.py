"""Many sheets at once: which slots are tables, which are sums over rows, and which come after."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

import numpy as np

from vendorrisk.scoring.columns.layout import ends, laid_out, place_of, without_idle
from vendorrisk.scoring.columns.nodes import Vector
from vendorrisk.scoring.columns.sheets import Codes, Made, Results, Sheets, code_type
from vendorrisk.scoring.columns.sums import Packed, RowShare, Stage
from vendorrisk.scoring.columns.tables import Axis, Layout, Tables, Unfit, adds_up, share_of
from vendorrisk.scoring.columns.values import Block, Coded, Number, Plan, constant
from vendorrisk.scoring.exact import Cell, Program
from vendorrisk.scoring.graph import BY_ROW, Fold
from vendorrisk.scoring.rubric import Rubric

CHUNK = 1 << 14
"""Sheets computed together: their columns stay in the processor's cache."""

MOST_COMPILED = 8
"""Rubrics kept compiled, each for the values that were in play."""

MOST_READ = 6
"""Slots that a cell may read for a table over their values to be tried."""

_compiled: OrderedDict[object, Columns] = OrderedDict()


def score_sheets(
    rubric: Rubric, sheets: Sheets, results: Sequence[str] | None = None
) -> dict[str, Results]:
    """The named results (all, unless told) of many sheets. Raises SheetError, as `score` does.

    Labels and states are those of the exact engine, numbers within 1e-9 of its own. What was
    compiled for these values in play is kept for the next sheets that have the same.
    """
    wanted = None if results is None else tuple(results)
    layout = tuple(
        (source, tuple(map(repr, values))) for source, values in sorted(sheets.layout.items())
    )
    key = (rubric.digest, wanted, layout)
    found = _compiled.get(key)
    if found is None:
        found = _compiled[key] = Columns(rubric, sheets.layout, wanted)
        if len(_compiled) > MOST_COMPILED:
            _compiled.popitem(last=False)
    return found.run(sheets)


class Columns:
    """A rubric compiled for sheets whose values are in play; `run` scores any number of them.

    `by_sheet` is empty, or says why the exact engine has to score the sheets one by one.
    """

    def __init__(
        self, rubric: Rubric, layout: Layout, results: Sequence[str] | None = None
    ) -> None:
        self.program, self.layout = rubric.program, layout
        named = {found.name: found for found in rubric.graph.results}
        self.named = [named[name] for name in (named if results is None else results)]
        self.slots = {
            found.name: self.program.slots[found.measure, found.key]
            for found in self.named
            if found.measure is not None
        }
        self.by_sheet = ""
        self._plan = _Plan(self.program, layout)
        try:
            for slot in self.slots.values():
                self._plan.column(slot)
            self._plan.arrange()
        except Unfit as reason:
            self.by_sheet = str(reason)

    def run(self, sheets: Sheets) -> dict[str, Results]:
        """The results of the sheets, which hold no other values than those compiled for."""
        if sheets.layout != self.layout:
            raise ValueError("these columns were compiled for other values")
        made = [Made(found, sheets.size) for found in self.named]
        if self.by_sheet:
            for number in range(sheets.size):
                self._put(made, number, self.program.run(sheets.sheet(number)))
        else:
            for start in range(0, sheets.size, CHUNK):
                stop = min(start + CHUNK, sheets.size)
                block = _SheetBlock(self._plan, sheets, start, stop)
                fill(made, self.slots, block)
                for at in np.flatnonzero(block.near):
                    self._put(made, start + int(at), self._plan.exactly(block, int(at)))
        return {found.named.name: found.done() for found in made}

    def _put(self, made: Sequence[Made], number: int, slots: Sequence[object]) -> None:
        for found in made:
            slot = self.slots.get(found.named.name)
            found.put_value(number, found.named.state if slot is None else slots[slot])


def fill(made: Sequence[Made], slots: dict[str, int], block: Block) -> None:
    """Compute the results of a block."""
    where = slice(block.start, block.stop)
    with np.errstate(all="ignore"):
        for found in made:
            slot = slots.get(found.named.name)
            if slot is None:
                found.put_value(where, found.named.state)
                continue
            column = block.plan.column(slot)
            if isinstance(column, Coded):
                found.put_codes(where, column.values, block.codes(slot))
            else:
                found.put_numbers(where, *block.number(slot))


class _SheetBlock(Block):
    """A block of sheets with their columns."""

    def __init__(self, plan: _Plan, sheets: Sheets, start: int, stop: int) -> None:
        super().__init__(plan, start, stop)
        self.tables, self.sheets = plan.tables, sheets
        self._axes: dict[Axis, Codes] = {}

    def axis(self, axis: Axis) -> Codes:
        """The codes of an axis of tables."""
        found = self._axes.get(axis)
        if found is None:
            tables = self.tables
            if not isinstance(axis, int):
                found = self.sheets.columns[axis].codes[self.start : self.stop]
            elif axis in tables.recode:
                source = self.sheets.columns[tables.source_at[axis]]
                recoded = np.array(tables.recode[axis], code_type(tables.sizes[axis]))
                found = recoded[source.codes[self.start : self.stop]]
            else:
                found = self.codes(axis)
            self._axes[axis] = found
        return found


class _Plan(Plan):
    """What few inputs decide is a table, what rows add up to a sum; the trunk is what follows."""

    def __init__(self, program: Program, layout: Layout) -> None:
        super().__init__(program)
        self.tables = Tables(program, layout)
        self.tables.coded = self._values
        self._shares: dict[object, RowShare] = {}
        self._tallies: dict[int, Packed] = {}
        self._stages: dict[int, Stage] = {}
        self._trunk: list[Cell] = []

    def _values(self, slot: int) -> Sequence[object] | None:
        column = self.column(slot)
        return column.values if isinstance(column, Coded) else None

    def _planned(self, slot: int) -> Coded | Number:
        tables = self.tables
        values = tables.values.get(slot)
        if values is not None:
            axis = tables.axis_at[slot]
            if len(values) == 1:
                return constant(values[0])
            return Coded(values, lambda block: block.axis(axis), 0)
        cell = self.cell_at.get(slot)
        if cell is None:
            return constant(self.program.start[slot])
        home = tables.home(slot)
        measure = self.program.graph.measures[cell.measure]
        node = measure.node
        sums = isinstance(node, Fold) and measure.folds == BY_ROW and adds_up(node)
        if home is not None or (tables.is_small(slot) and not sums):
            try:
                return self._tabulated(cell, home)
            except Unfit:
                pass
        if isinstance(node, Fold) and sums:
            try:
                return self._tallied(cell, node)
            except Unfit:
                pass
        if len(cell.needs) <= MOST_READ:
            try:
                return self._tabulated(cell, home, direct=True)
            except Unfit:
                pass
        column = Vector(self, cell).column()
        self._trunk.append(cell)
        return column

    def stage_of(self, slots: Iterable[object]) -> int:
        """How many rounds of sums over rows come before all these slots are known."""
        return max((self.column(slot).stage for slot in slots if isinstance(slot, int)), default=0)

    def _tabulated(self, cell: Cell, home: object, *, direct: bool = False) -> Coded:
        most = self.tables.patience(cell.slot)
        tree = self.tables.grow(cell.run, home, direct=direct, most=most)
        values: dict[object, int] = {}
        numbers = {id(end): values.setdefault(end.value, len(values)) for end in ends(tree)}
        code = code_type(len(values))
        looked_up = []
        for part in laid_out(tree, numbers, 0):
            axes, table = without_idle(part.axes, part.at)
            looked_up.append((axes, table.shape, table.astype(code).ravel()))

        def codes(block: Block) -> Codes:
            found: Codes | None = None
            for axes, sizes, table in looked_up:
                one = table[place_of(block, axes, sizes)]
                found = one if found is None else found + one
            assert found is not None  # noqa: S101  # a tree has a part
            return found

        stage = self.stage_of(axis for axes, _, _ in looked_up for axis in axes)
        return Coded(list(values), codes, stage)

    def _tallied(self, cell: Cell, node: Fold) -> Coded | Number:
        policy = str(sorted((state.value, str(instead)) for state, instead in node.policy.items()))
        identity = (node.kind, node.members, node.weight, node.where, policy)
        rows = {}
        for member in cell.members:
            found = self._shares.get((identity, member.says))
            if found is None:
                tree = self.tables.grow(share_of(node, member), (member.says,))
                found = self._shares[identity, member.says] = RowShare(tree)
            rows[member.says] = found
        stage = 1 + self.stage_of(axis for row in rows.values() for axis in row.axes)
        tally = self._tallies[cell.slot] = Packed(node, rows, identity, stage, self._stages)
        return tally.column(tally.precision)

    def arrange(self) -> None:
        """Pack what the rows add into as few integers as will do. Raises Unfit."""
        for stage in {tally.stage for tally in self._tallies.values()}:
            tallies = [tally for tally in self._tallies.values() if tally.stage == stage]
            self._stages[stage] = Stage(tallies)
        order = {cell.slot: place for place, cell in enumerate(self.program.order)}
        self._trunk.sort(key=lambda cell: order[cell.slot])

    def exactly(self, block: _SheetBlock, at: int) -> Sequence[object]:
        """The slots of one sheet of a block, with every slot that was asked for exact."""
        if len(self._stages) > 1:  # a correction may change what later rows add
            return self.program.run(block.sheets.sheet(block.start + at))
        slots = self.program.start.copy()
        trunk = {cell.slot for cell in self._trunk}
        for slot, column in self._columns.items():
            if slot in self._tallies:
                slots[slot] = self._tallies[slot].exactly(block, at)
            elif slot not in trunk and isinstance(column, Coded):
                codes = block.codes(slot)
                slots[slot] = column.values[int(codes[at] if np.ndim(codes) else codes)]
        for cell in self._trunk:
            slots[cell.slot] = cell.run(slots)
        return slots
