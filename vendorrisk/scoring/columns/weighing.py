"""A few sheets under many weightings: what rows add is multiplied, and the trunk computed anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from vendorrisk.conditions import State, names
from vendorrisk.scoring.columns.many import CHUNK, fill
from vendorrisk.scoring.columns.nodes import Vector
from vendorrisk.scoring.columns.sheets import Floats, Made, Results
from vendorrisk.scoring.columns.sums import Tally, component
from vendorrisk.scoring.columns.tables import Share, Unfit, adds_up, share_of
from vendorrisk.scoring.columns.values import Block, Coded, Number, Plan, constant
from vendorrisk.scoring.exact import Cell, Program, Sheet
from vendorrisk.scoring.formula import Expression, Name
from vendorrisk.scoring.formula import Number as Numeral
from vendorrisk.scoring.graph import (
    BY_ROW,
    Cases,
    Fold,
    Formula,
    Graph,
    Node,
    is_expression,
    names_of,
)
from vendorrisk.scoring.rubric import Rubric


def drawn_factors(rows: int, draws: int, seed: int, spread: float) -> Floats:
    """Factors, a row for each draw, each from 1 - spread to 1 + spread; the same for a seed."""
    uniform = np.random.Generator(np.random.PCG64(seed)).random((draws, rows))
    return 1 + spread * (2 * uniform - 1)


def weigh(
    rubric: Rubric,
    sheets: Sequence[Sheet],
    weights: str,
    factors: Floats,
    results: Sequence[str],
) -> list[dict[str, Results]]:
    """The named results of each sheet under each weighting, in the order of the sheets.

    `weights` is the column, or the measure with one value for each row, to be multiplied;
    `factors` has a row for each weighting and a column for each row of the rubric. Raises
    SheetError, and Unfit where what rows add to a fold is not in proportion to their weight.
    """
    program = rubric.program
    named = [found for found in rubric.graph.results if found.name in results]
    slots = {
        found.name: program.slots[found.measure, found.key]
        for found in named
        if found.measure is not None
    }
    plan = _Plan(program, weights, [program.run(sheet) for sheet in sheets])
    for slot in slots.values():
        plan.column(slot)
    found = []
    for sheet in range(len(sheets)):
        made = [Made(name, len(factors)) for name in named]
        for start in range(0, len(factors), CHUNK):
            fill(made, slots, _WeighedBlock(plan, sheet, factors, start))
        found.append({each.named.name: each.done() for each in made})
    return found


class _WeighedBlock(Block):
    """One sheet under a run of weightings."""

    def __init__(self, plan: _Plan, sheet: int, factors: Floats, start: int) -> None:
        super().__init__(plan, start, min(start + CHUNK, len(factors)))
        self.sheet = sheet
        self._factors, self._plan = factors, plan

    def totals(self) -> Floats:
        """What the rows add up to: a column for each sum in proportion to the weights."""
        return self.kept(
            self._plan,
            lambda block: self._factors[self.start : self.stop] @ self._plan.added(self.sheet),
        )


class _Plan(Plan):
    """What does not depend on the weights is as the exact engine has it for each sheet."""

    def __init__(self, program: Program, weights: str, sheets: Sequence[Sequence[object]]) -> None:
        super().__init__(program)
        self.sheets = sheets
        self.degrees = _Degrees(program.graph, weights)
        self._varied = _dependents(program, weights)
        grain = {
            slot: program.graph.measures[name].grain for (name, _), slot in program.slots.items()
        }
        if any(slot not in self.cell_at and grain[slot] != BY_ROW for slot in self._varied):
            raise Unfit("a sum of weights alone does not depend on the sheet")
        self._added: list[list[Mapping[str, float]]] = []
        rows = program.graph.rows.contexts
        self._places = {str(row["id"]): place for place, row in enumerate(rows)}

    def stage_of(self, slots: Iterable[object]) -> int:
        """There are no stages here."""
        return 0

    def _planned(self, slot: int) -> Coded | Number:
        if slot not in self._varied:
            return self._unvaried(slot)
        cell = self.cell_at.get(slot)
        measure = None if cell is None else self.program.graph.measures[cell.measure]
        if cell is None or measure is None or measure.grain == BY_ROW:
            raise Unfit("a result of one row depends on its weight")
        if isinstance(measure.node, Fold) and measure.folds == BY_ROW:
            if not adds_up(measure.node):
                raise Unfit("rows are folded by their weights other than by adding")
            return _Weighed(self, measure.node, cell).column(None)
        return Vector(self, cell).column()

    def _unvaried(self, slot: int) -> Coded:
        codes: dict[object, int] = {}
        own = [codes.setdefault(slots[slot], len(codes)) for slots in self.sheets]
        if len(codes) == 1:
            return constant(*codes)
        by_sheet = [np.array(code, np.uint32) for code in own]
        return Coded(list(codes), lambda block: by_sheet[block.sheet], 0)  # type: ignore[attr-defined]

    def add(self, by_sheet: Sequence[Mapping[str, float]]) -> int:
        """Note what rows add to a sum on each sheet; the number of the sum."""
        self._added.append(list(by_sheet))
        return len(self._added) - 1

    def added(self, sheet: int) -> Floats:
        """What rows add on a sheet: a row for each row, a column for each sum."""
        found = np.zeros((len(self._places), len(self._added)))
        for number, by_sheet in enumerate(self._added):
            for row, amount in by_sheet[sheet].items():
                found[self._places[row], number] = amount
        return found


class _Weighed(Tally):
    """A fold over rows whose amounts or weights grow in proportion to the rows' weights."""

    def __init__(self, plan: _Plan, node: Fold, cell: Cell) -> None:
        self._rows: list[dict[str, Share]] = [{} for _ in plan.sheets]
        for member in cell.members:
            share = share_of(node, member)
            for found, slots in zip(self._rows, plan.sheets, strict=True):
                found[member.says] = share(slots)  # type: ignore[assignment]
        super().__init__(node, [s for found in self._rows for s in found.values()], 0)
        degrees = dict(zip(("amount", "weight"), plan.degrees.of_share(node), strict=True))
        self._varied = {
            what: plan.add([self._parts(found, what) for found in self._rows])
            for what in self.needs
            if degrees.get(what)
        }
        self._fixed = {
            what: [sum(self._parts(found, what).values()) for found in self._rows]
            for what in self.needs
            if what not in self._varied
        }

    def _parts(self, rows: Mapping[str, Share], what: str) -> dict[str, float]:
        return {row: float(component(share, what)) for row, share in rows.items()}

    def read(self, block: Block, what: str) -> tuple[object, int]:
        """One of the sums, as floats."""
        assert isinstance(block, _WeighedBlock)  # noqa: S101  # only such blocks ask
        if what in self._fixed:
            return np.float64(self._fixed[what][block.sheet]), 1
        return block.totals()[:, self._varied[what]], 1


# -- what moves with the weights ------------------------------------------------------------------


_ANY = -1
"""The degree of 0, which is in proportion to anything."""


def _dependents(program: Program, weights: str) -> frozenset[int]:
    """The slots of every measure that reads the weights, however far away."""
    measures = program.graph.measures
    found = {weights}
    while True:
        more = {name for name, measure in measures.items() if found & set(names_of(measure.node))}
        if more <= found:
            break
        found |= more
    return frozenset(slot for (name, _), slot in program.slots.items() if name in found)


class _Degrees:
    """Whether a row's values grow in proportion to its weight (1), or do not depend on it (0)."""

    def __init__(self, graph: Graph, weights: str) -> None:
        self.graph, self.weights = graph, weights
        self._found: dict[str, int] = {weights: 1}

    def of_share(self, node: Fold) -> tuple[int, int]:
        """The degrees of the amounts and of the weights that rows add to a fold. Raises Unfit."""
        if node.where is not None and any(self.of(name) > 0 for name in names(node.where)):
            raise Unfit("which rows count depends on the weights")
        part = node.members[0]
        value = self.of_expression(part) if is_expression(part) else 0  # type: ignore[arg-type]
        if not is_expression(part) and any(self.of(name) > 0 for name in names(part)):  # type: ignore[arg-type]
            raise Unfit("a condition on rows depends on the weights")
        weight = 0 if node.weight is None else self.of_expression(node.weight)
        return self._proportional(max(value, 0) + max(weight, 0)), max(weight, 0)

    def of(self, name: str) -> int:
        """The degree of a measure, column or input. Raises Unfit where it has none."""
        measure = self.graph.measures.get(name)
        if name not in self._found:
            self._found[name] = 0  # rows that read each other do so without the weights
            if measure is not None:
                self._found[name] = self._of_node(measure.node)
        return self._found[name]

    def _of_node(self, node: Node) -> int:
        match node:
            case Formula(expression):
                return self.of_expression(expression)
            case Cases(cases):
                tested = [n for case in cases if case.when is not None for n in names(case.when)]
                if any(self.of(name) > 0 for name in tested):
                    raise Unfit("a case depends on the weights")
                given = [case.give for case in cases if not isinstance(case.give, (str, State))]
                return self._same([self.of_expression(give) for give in given])
            case Fold() if node.weight is None and node.kind in (
                "sum",
                "least",
                "greatest",
                "first",
            ):
                if all(is_expression(part) for part in node.members):
                    return self._same([self.of_expression(p) for p in node.members])  # type: ignore[arg-type]
        if any(self.of(name) > 0 for name in names_of(node)):
            raise Unfit("a measure of a row is not in proportion to its weight")
        return 0

    def of_expression(self, expression: Expression) -> int:
        """The degree of a formula. Raises Unfit."""
        if isinstance(expression, Numeral):
            return 0 if expression.value else _ANY
        if isinstance(expression, Name):
            return self.of(expression.name)
        parts = [self.of_expression(part) for part in expression.parts]
        match expression.operation:
            case "*":
                return _ANY if _ANY in parts else self._proportional(sum(parts))
            case "/":
                return self._proportional(parts[0] - parts[1])
            case "+" | "-" | "min" | "max" | "negative" | "abs":
                return self._same(parts)
        return self._proportional(0 if not any(part > 0 for part in parts) else 2)

    def _same(self, parts: Sequence[int]) -> int:
        found = {part for part in parts if part != _ANY}
        if len(found) > 1:
            raise Unfit("a sum mixes what grows with a weight and what does not")
        return found.pop() if found else _ANY

    def _proportional(self, degree: int) -> int:
        if degree not in (0, 1):
            raise Unfit("a value is not in proportion to a weight")
        return degree
