"""What few inputs decide, tabulated by the exact engine: decision trees over the values in play.

No rule is written a second time here. The engine's own compiled cells are run over every
combination of inputs that they ask for, and what they ask for is noted on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from math import prod

from vendorrisk.conditions import AtLeast, AtMost, Is, State, Test, atoms, matcher
from vendorrisk.scoring.exact import Cell, Leaf, Member, Program, Sheet, fold_term
from vendorrisk.scoring.formula import Name, Term, names_in
from vendorrisk.scoring.graph import (
    BY_ROW,
    Bands,
    Cases,
    Fold,
    Formula,
    Map,
    Node,
    is_expression,
)

Source = tuple[str, ...]
"""Where sheets hold a value: ("answers", question), ("facts", fact), ("levels", question), or
("marks", mark, question)."""

Axis = Source | int
"""What a table is laid out by: all that stands at a source, or the value of one slot."""

Layout = Mapping[Source, Sequence[object]]
"""For each source the values that sheets hold there; None where a sheet has none."""

MOST_ASKED = 4_096
"""Combinations that the exact engine computes for one table."""

MOST_AXES = 8
"""Axes that may decide a cell which belongs to no row, for a table of it to be tried."""

FEW = 64
"""A source with no more values than this is an axis as it is; else each slot that reads it is."""


class Unfit(Exception):  # noqa: N818  # not a fault: another way is taken
    """Something cannot be computed over columns; the message says what."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A branching: the value of `axis` decides; `then[code]` is what follows."""

    axis: Axis
    then: Sequence[Tree]


@dataclass(frozen=True, slots=True)
class End:
    """An end of a tree: what the engine computed."""

    value: object


Tree = Ask | End


def source_of(leaf: Leaf) -> Source:
    """Where a sheet holds what a leaf reads."""
    found = leaf.input
    match found.source:
        case "answers":
            return ("answers", leaf.key)
        case "facts":
            return ("facts", found.listed_in or leaf.key)
        case "levels":
            return ("levels", leaf.key)
    return ("marks", found.mark or found.name, leaf.key)


def sheet_with(entries: Mapping[Source, object]) -> Sheet:
    """The sheet that holds these values and nothing else; None is absent."""
    parts: dict[str, dict[str, object]] = {"answers": {}, "facts": {}, "levels": {}}
    marks: dict[str, dict[str, object]] = {}
    for source, value in entries.items():
        if value is None:
            continue
        if source[0] == "marks":
            marks.setdefault(source[1], {})[source[2]] = value
        else:
            parts[source[0]][source[1]] = value
    return Sheet(parts["answers"], parts["facts"], marks, parts["levels"])  # type: ignore[arg-type]


def held(sheet: Sheet, source: Source) -> object:
    """What a sheet holds at a source; None where it has nothing there."""
    if source[0] == "marks":
        return sheet.marks.get(source[1], {}).get(source[2])
    part: Mapping[str, object] = getattr(sheet, source[0])
    return part.get(source[1])


class Tables:
    """The slots of a program over a layout of values, and trees of what they come to.

    `values` gives the value of a leaf for each code of its axis.
    """

    def __init__(self, program: Program, layout: Layout) -> None:
        self.program, self.graph = program, program.graph
        self.cell_at = {cell.slot: cell for cell in program.cells.values()}
        self.axis_at: dict[int, Axis] = {}
        self.values: dict[int, Sequence[object]] = {}
        self.recode: dict[int, Sequence[int]] = {}
        self.source_at: dict[int, Source] = {}
        self.sizes: dict[Axis, int] = {}
        self._read(layout)
        self._axes = list(dict.fromkeys(self.axis_at.values()))
        bits = {axis: 1 << n for n, axis in enumerate(self._axes)}
        self._support = {
            slot: bits[axis] for slot, axis in self.axis_at.items() if self.sizes[axis] > 1
        }
        for cell in program.order:
            found = 0
            for need in cell.needs:
                found |= self._support.get(need, 0)
            self._support[cell.slot] = found
        self._known: dict[tuple[int, object], _Grown] = {}
        self._crossing = self._crossings()
        self.coded: Callable[[int], Sequence[object] | None] = lambda slot: None
        """Told by the columns: the values of a slot that has codes of its own, if it has."""

    # -- what sheets bring ----------------------------------------------------------------------

    def _read(self, layout: Layout) -> None:
        sources: dict[Source, list[Leaf]] = {}
        for leaf in self.program.leaves.values():
            sources.setdefault(source_of(leaf), []).append(leaf)
        classes = _Classes(self.program)
        for source, leaves in sources.items():
            entries = layout.get(source, (None,))
            sheets = [sheet_with({source: entry}) for entry in entries]
            for leaf in leaves:
                fetched = [leaf.fetch(sheet) for sheet in sheets]
                self.source_at[leaf.slot] = source
                if len(entries) <= FEW:
                    self.axis_at[leaf.slot], self.values[leaf.slot] = source, fetched
                    continue
                alike = {
                    same: value for value in reversed(fetched) for same in [classes.of(leaf, value)]
                }
                codes = {same: code for code, same in enumerate(alike)}
                self.axis_at[leaf.slot] = leaf.slot
                self.values[leaf.slot] = list(alike.values())
                self.recode[leaf.slot] = [codes[classes.of(leaf, value)] for value in fetched]
                self.sizes[leaf.slot] = len(alike)
            self.sizes[source] = len(entries)

    def _crossings(self) -> frozenset[int]:
        """The cells of rows that read other rows."""
        row_of = {
            cell.slot: cell.key
            for cell in self.program.order
            if self.graph.measures[cell.measure].grain == BY_ROW
        }
        return frozenset(
            slot
            for slot, row in row_of.items()
            if any(row_of.get(need, row) != row for need in self.cell_at[slot].needs)
        )

    # -- trees ------------------------------------------------------------------------------------

    def home(self, slot: int) -> object:
        """The row to which a cell belongs; None for one that belongs to none."""
        cell = self.cell_at[slot]
        return cell.key if self.graph.measures[cell.measure].grain == BY_ROW else None

    def is_small(self, slot: int) -> bool:
        """Whether so few axes decide a cell that a tree of them can be grown."""
        return self._support.get(slot, 0).bit_count() <= MOST_AXES

    def patience(self, slot: int) -> int:
        """How often to run a cell for its table: less where there are many combinations."""
        deciding = self._support.get(slot, 0)
        most = prod(self.sizes[axis] for n, axis in enumerate(self._axes) if deciding >> n & 1)
        return MOST_ASKED if most <= MOST_ASKED else MOST_ASKED // 4

    def grow(
        self, run: Term, home: object = None, *, direct: bool = False, most: int = MOST_ASKED
    ) -> Tree:
        """The tree of what `run` gives, whatever it asks for. Raises Unfit.

        `home` is the row it belongs to: cells of other rows are axes of their own. `direct` makes
        an axis of every slot that `run` reads. `most` bounds how often it is run.
        """
        probe = _Probe(self, home, direct)
        asked = 0

        def grown() -> Tree:
            nonlocal asked
            try:
                probe.consulted = {}
                return End(run(probe))  # type: ignore[arg-type]
            except _AskedError as question:
                axis = question.axis
            asked += self.sizes[axis]
            if asked > most:
                raise Unfit("too many combinations of inputs decide one value")
            then = []
            for code in range(self.sizes[axis]):
                probe.chosen[axis] = code
                then.append(grown())
            del probe.chosen[axis]
            return Ask(axis, then)

        return grown()


class _AskedError(Exception):
    def __init__(self, axis: Axis) -> None:
        self.axis = axis


class _Grown:
    """A remembered tree of a cell, grown as its values come up."""

    __slots__ = ("axis", "then", "value")

    def __init__(self) -> None:
        self.axis: Axis | None = None
        self.then: dict[int, _Grown] = {}
        self.value: object = None


class _Probe:
    """Stands in for the slots of a run; an axis without a chosen value interrupts it."""

    def __init__(self, tables: Tables, home: object, direct: bool) -> None:
        self.tables, self.home, self.direct = tables, home, direct
        self.chosen: dict[Axis, int] = {}
        self.consulted: dict[Axis, None] = {}

    def __getitem__(self, slot: int) -> object:
        tables = self.tables
        values = tables.values.get(slot)
        if values is not None:
            if len(values) == 1:
                return values[0]
            return self._chosen(tables.axis_at[slot], values)
        cell = tables.cell_at.get(slot)
        if cell is None:
            return tables.program.start[slot]
        if self.direct or self._stands_apart(slot):
            own = tables.coded(slot)
            if own is None:
                raise Unfit(f"“{cell.measure}” has no short list of values")
            tables.sizes[slot] = len(own)
            return own[0] if len(own) == 1 else self._chosen(slot, own)
        return self._computed(cell)

    def _stands_apart(self, slot: int) -> bool:
        home = self.tables.home(slot)
        if home is None:
            return not self.tables.is_small(slot)
        return home != self.home or slot in self.tables._crossing

    def _chosen(self, axis: Axis, values: Sequence[object]) -> object:
        code = self.chosen.get(axis)
        if code is None:
            raise _AskedError(axis)
        self.consulted[axis] = None
        return values[code]

    def _computed(self, cell: Cell) -> object:
        grown = root = self.tables._known.get((cell.slot, self.home))
        while grown is not None and grown.axis is not None:
            code = self.chosen.get(grown.axis)
            if code is None:
                raise _AskedError(grown.axis)
            self.consulted[grown.axis] = None
            grown = grown.then.get(code)
        if grown is not None:
            return grown.value
        outer, self.consulted = self.consulted, {}
        value = cell.run(self)  # type: ignore[arg-type]
        if root is None:
            root = self.tables._known[cell.slot, self.home] = _Grown()
        for axis in self.consulted:
            root.axis = axis
            root = root.then.setdefault(self.chosen[axis], _Grown())
        root.value = value
        outer |= self.consulted
        self.consulted = outer
        return value


# -- what one member adds to a fold ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """What one member adds to a sum, mean, count, any or all.

    `amount` is value times weight (or 1 where a condition holds), `weight` its weight, `kept`
    whether it counts at all; `stopped` is the state with which it stops the fold.
    """

    amount: Fraction | int
    weight: Fraction | int
    kept: int
    stopped: State | None


NO_SHARE = Share(0, 0, 0, None)


def adds_up(node: Fold) -> bool:
    """Whether a fold down the rows is decided by the sum of its members' shares."""
    if node.across or node.top or node.bottom:
        return False
    tested = not is_expression(node.members[0])
    return node.kind in (("count", "any", "all") if tested else ("count", "sum", "mean"))


def share_of(node: Fold, member: Member) -> Term:
    """What one member adds, by the engine's own fold over that member alone."""
    if not is_expression(node.members[0]):

        def passing(slots: Sequence[object]) -> Share:
            if member.where is not None and not member.where(slots):
                return NO_SHARE
            return Share(int(bool(member.value(slots))), 0, 1, None)

        return passing
    if node.kind == "count":
        counted = fold_term(node, [member])
        return lambda slots: Share(counted(slots), 0, 1, None)  # type: ignore[arg-type]

    def one(slots: Sequence[object]) -> object:
        value = member.value(slots)
        return value if type(value) is State else 1

    ones = {
        state: Fraction(1) if isinstance(instead, Fraction) else instead
        for state, instead in node.policy.items()
    }
    amount = fold_term(replace(node, kind="sum", empty=_NOTHING), [member])
    weight = fold_term(
        replace(node, kind="sum", empty=_NOTHING, policy=ones),
        [replace(member, value=one, slot=None, fixed=None)],
    )

    def run(slots: Sequence[object]) -> Share:
        found = amount(slots)
        if type(found) is State:
            return Share(0, 0, 0, found)
        if found == _NOTHING:
            return NO_SHARE
        return Share(found, weight(slots), 1, None)  # type: ignore[arg-type]

    return run


_NOTHING = "nothing is kept"


# -- numbers and days that no rule tells apart ----------------------------------------------------


class _Classes:
    """Tells which values of an input are alike: those that pass the same tests everywhere.

    Only for what is compared and never computed with.
    """

    def __init__(self, program: Program) -> None:
        self.inputs = program.graph.inputs
        self.tests: dict[str, dict[Test, Callable[[object], bool]]] = {}
        self.computed: set[str] = set()
        for measure in program.graph.measures.values():
            for name, found in _uses(measure.node):
                if found is None:
                    self.computed.add(name)
                else:
                    self.tests.setdefault(name, {})[found] = matcher(found)

    def of(self, leaf: Leaf, value: object) -> object:
        """The same for two values of a leaf only if nothing tells them apart."""
        if not isinstance(value, (Fraction, date)):
            return value
        called = self._called(leaf)
        if any(name in self.computed for name in called):
            return value
        return tuple(
            passed(value) for name in called for passed in self.tests.get(name, {}).values()
        )

    def _called(self, leaf: Leaf) -> tuple[str, ...]:
        return tuple(
            found.name
            for found in self.inputs.values()
            if found.source == leaf.input.source
            and (found.per_row or (found.of or found.name) == leaf.key)
        )


def _uses(node: Node) -> Iterator[tuple[str, Test | None]]:
    """The names that a node reads, each with a test it is put to; None where it is not tested."""
    match node:
        case Formula(expression):
            yield from ((name, None) for name in names_in(expression))
        case Map(dims, table):
            level: list[object] = [table]
            for name in dims:
                below = [inner for inner in level if isinstance(inner, Mapping)]
                yield from ((name, Is((str(key),))) for inner in below for key in inner)
                level = [entry for inner in below for entry in inner.values()]
        case Cases(cases):
            for case in cases:
                if case.when is not None:
                    yield from atoms(case.when)
                if not isinstance(case.give, (str, State)):
                    yield from ((name, None) for name in names_in(case.give))
        case Bands(of, edges):
            for name in names_in(of):
                for edge in edges if isinstance(of, Name) else ():
                    yield name, AtLeast(edge.bound, "")
                    yield name, AtMost(edge.bound, "")
                if not isinstance(of, Name):
                    yield name, None
        case Fold():
            for part in node.members:
                if is_expression(part):
                    yield from ((name, None) for name in names_in(part))  # type: ignore[arg-type]
                else:
                    yield from atoms(part)  # type: ignore[arg-type]
            if node.where is not None:
                yield from atoms(node.where)
            if node.weight is not None:
                yield from ((name, None) for name in names_in(node.weight))
