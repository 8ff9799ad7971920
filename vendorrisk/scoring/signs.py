"""Which way values move when others do: changes followed through a graph by their signs.

A move says what a value may be before and after a change of some inputs, all else being equal:
a label, a state, an exact number, or some number between two bounds with the way it went. Where
what a cell reads has few values, the engine's own arithmetic is run on all of them. Elsewhere
each kind of node has its rule: a sum of what rises rises, a least of more members falls. What is
found is never too good: moves that cannot happen may be among those listed, none is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any, Literal

from vendorrisk.conditions import (
    AllOf,
    AnyOf,
    AtLeast,
    AtMost,
    Condition,
    Every,
    Holds,
    Is,
    Isnt,
    Not,
    Some,
    State,
    Test,
    atoms,
    holds,
    names,
    passes,
    read_number,
)
from vendorrisk.scoring.exact import Cell, Compiler, Leaf, Program, plain
from vendorrisk.scoring.formula import Apply, Expression, Name, Number, names_in, strongest
from vendorrisk.scoring.graph import (
    Bands,
    Cases,
    Constant,
    Context,
    Fold,
    Formula,
    Map,
    Measure,
    Span,
    is_expression,
)
from vendorrisk.scoring.spans import combined

Way = Literal["same", "up", "down", "any"]
"""How a number moves: not at all, not down, not up, or as it likes."""

MOST_RUNS = 30
"""Up to so many combinations of what a cell reads are run; beyond, the rules of signs decide."""

MOST_LOOKED_UP = 2_500
"""The same for maps, for which there is no rule."""

MOST_JOINT = 20_000
"""Up to so many combinations of answers are tried to see whether a condition can come true."""

_MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class Between:
    """Some number from `low` to `high`; None: no bound is known."""

    low: Fraction | int | None
    high: Fraction | int | None


@dataclass(frozen=True, slots=True)
class Move:
    """What a value may be before and after; `way` is that of a number that stays a number."""

    before: Any
    after: Any
    way: Way


Moves = tuple[Move, ...]
Truths = frozenset[tuple[bool, bool]]
"""Whether a condition may hold before and after: the pairs that are possible."""

_STILL_TRUE, _STILL_FALSE = (True, True), (False, False)
_COMES_TRUE = (False, True)


def move(before: object, after: object) -> Move:
    """A move from one value to another, with its way."""
    low, high = _bounds(before), _bounds(after)
    if low is None or high is None:
        return Move(before, after, "same" if before == after else "any")
    if not isinstance(before, Between) and not isinstance(after, Between) and before == after:
        return Move(before, after, "same")
    if low[1] is not None and high[0] is not None and low[1] <= high[0]:
        return Move(before, after, "up")
    if low[0] is not None and high[1] is not None and low[0] >= high[1]:
        return Move(before, after, "down")
    return Move(before, after, "any")


def still(values: Iterable[object]) -> Moves:
    """The moves of what does not change, whichever of the values it is."""
    return tuple(Move(value, value, "same") for value in values)


def joined(ways: Iterable[Way]) -> Way:
    """The way of what moves along with all of these."""
    found = set(ways) - {"same"}
    if not found:
        return "same"
    return found.pop() if len(found) == 1 else "any"


@dataclass(frozen=True)
class Tie:
    """The input in `slot` is hidden exactly where `condition` does not hold; `of` names slots."""

    slot: int
    condition: Condition
    of: Mapping[str, int]

    @property
    def slots(self) -> frozenset[int]:
        """Every input that is tied."""
        return frozenset((self.slot, *self.of.values()))

    def fits(self, values: Mapping[int, Any]) -> bool:
        """Whether these values may stand together."""
        shown = holds(self.condition, lambda name: values[self.of[name]])
        return shown == (values[self.slot] is not State.HIDDEN)


class Signs:
    """Follows changes through a compiled graph. `values` lists what each input may be.

    `ties` tells which inputs depend on one another.
    """

    def __init__(
        self,
        program: Program,
        values: Callable[[Leaf], Iterable[object]],
        ties: Sequence[Tie] = (),
    ) -> None:
        self.ties = ties
        self.program, self.graph = program, program.graph
        self.cells = {cell.slot: cell for cell in program.order}
        self.rank = {cell.slot: rank for rank, cell in enumerate(program.order)}
        self.leaves = {leaf.slot: leaf for leaf in program.leaves.values()}
        self._values = values
        self._still: dict[int, Moves] = {}
        self._under: dict[int, frozenset[int]] = {}
        self._followers: dict[int, list[int]] = {}
        self._asked: dict[int, list[tuple[int, Test | None]]] = {}
        self.folds: dict[int, list[_Part]] = {}

    def through(self, changed: Mapping[int, Moves]) -> Through:
        """What follows where the inputs (or cells) in these slots move so, and all others stay."""
        return Through(self, changed)

    def at_rest(self, slot: int) -> Moves:
        """Everything that a slot may hold, unmoved."""
        if slot not in self._still:
            if slot in self.leaves:
                self._still[slot] = still(self._values(self.leaves[slot]))
            else:
                self._still[slot] = _merged(Through(self, {}).found(self.cells[slot]))
        return self._still[slot]

    def under(self, slot: int) -> frozenset[int]:
        """The inputs on which a slot depends."""
        if slot not in self._under:
            cell = self.cells.get(slot)
            found = (
                frozenset((slot,))
                if cell is None
                else frozenset().union(*(self.under(need) for need in cell.needs))
            )
            self._under[slot] = found
        return self._under[slot]

    def asked(self, cell: Cell) -> list[tuple[int, Test | None]]:
        """Which tests a cell makes of which slots; None for one that it reads otherwise."""
        if cell.slot not in self._asked:
            measure = self.graph.measures[cell.measure]
            context = self.graph.contexts(measure.grain)[cell.key]
            found: list[tuple[int, Test | None]] = [(need, None) for need in cell.needs]
            node = measure.node
            if isinstance(node, Cases) and all(
                isinstance(c.give, (str, State)) for c in node.cases
            ):
                compiler = Compiler(self.program, measure, cell.key, context)
                found = []
                for case in node.cases:
                    for name, test in atoms(case.when) if case.when is not None else ():
                        known, slot = compiler.read(name, context, as_label=True)
                        if not known:
                            found.append((slot, test))  # type: ignore[arg-type]
            self._asked[cell.slot] = found
        return self._asked[cell.slot]

    def moving(self, changed: Iterable[int]) -> set[int]:
        """The slots that depend on some of these, themselves included."""
        if not self._followers:
            for cell in self.program.order:
                for need in cell.needs:
                    self._followers.setdefault(need, []).append(cell.slot)
        todo, found = list(changed), set[int]()
        while todo:
            slot = todo.pop()
            if slot not in found:
                found.add(slot)
                todo += self._followers.get(slot, ())
        return found

    def only_through(
        self, row_cells: Callable[[Cell], bool], changed: Iterable[int], needed: set[int]
    ) -> set[int]:
        """The row's cells by which a change of these inputs reaches all others that are needed.

        Nothing where some other cell reads the inputs themselves.
        """
        inputs = set(changed)
        moving = (self.moving(inputs) - inputs) & needed
        inner = {slot for slot in moving if row_cells(self.cells[slot])}
        gates: set[int] = set()
        for slot in moving - inner:
            needs = self.cells[slot].needs
            if not needs.isdisjoint(inputs):
                return set()
            gates |= needs & inner
        return gates


class Through:
    """One change followed through the graph. `witnesses` are inputs that made a condition true.

    Each witness maps slots of inputs to (before, after); `bounded` tells that a search was cut.
    """

    def __init__(self, signs: Signs, changed: Mapping[int, Moves]) -> None:
        self.signs, self.program, self.graph = signs, signs.program, signs.graph
        self.moves_of: dict[int, Moves] = dict(changed)
        self.moving = signs.moving(changed) if changed else set[int]()
        self.witnesses: list[dict[int, tuple[object, object]]] = []
        self.bounded = False

    def moves(self, slot: int) -> Moves:
        """How one slot may move."""
        if slot not in self.moving:
            return self.signs.at_rest(slot)
        if slot not in self.moves_of:
            self.moves_of[slot] = _merged(self.found(self.signs.cells[slot]))
        return self.moves_of[slot]

    def found(self, cell: Cell) -> Moves:
        """How one cell may move: by running it on all it may read, or by the rule of its node."""
        needs = [(need, self.moves(need)) for need in cell.needs]
        listed = all(
            type(m.before) is not Between and type(m.after) is not Between
            for _, moves in needs
            for m in moves
        )
        measure = self.graph.measures[cell.measure]
        most = MOST_LOOKED_UP if isinstance(measure.node, Map) else MOST_RUNS
        if listed and prod(len(moves) for _, moves in needs) <= most:
            return self._run(cell, needs)
        return self._by_rule(cell, measure)

    def _run(self, cell: Cell, needs: Sequence[tuple[int, Moves]]) -> Moves:
        slots = [slot for slot, _ in needs]
        run = cell.run
        found: dict[tuple[object, object], None] = {}
        for taken in product(*(moves for _, moves in needs)):
            before = run(dict(zip(slots, [m.before for m in taken], strict=True)))  # type: ignore[arg-type]
            after = before
            if any(m.before is not m.after for m in taken):
                after = run(dict(zip(slots, [m.after for m in taken], strict=True)))  # type: ignore[arg-type]
            found[before, after] = None
        return tuple(move(before, after) for before, after in found)

    # -- the rule of each kind of node ------------------------------------------------------------

    def _by_rule(self, cell: Cell, measure: Measure) -> Moves:
        context = self.graph.contexts(measure.grain)[cell.key]
        reader = _Reader(self, Compiler(self.program, measure, cell.key, context), cell.needs)
        match measure.node:
            case Formula(expression, policy):
                found = reader.term(expression, context)
                return tuple(
                    move(_replaced(m.before, policy), _replaced(m.after, policy))
                    if isinstance(m.before, State) or isinstance(m.after, State)
                    else m
                    for m in found
                )
            case Cases() as node:
                return tuple(self._cases(node, reader, context))
            case Fold() as node:
                return tuple(_Folded(self, reader, node, cell, measure.span).moves())
            case Bands() as node:
                found = _merged(reader.term(node.of, context))
                labels = [plain(edge.band) for edge in node.edges] + [plain(node.rest)]
                if all(_is_still(m) for m in found):
                    return still(_sides(measure.span))
                return tuple(move(a, b) for a in labels for b in labels)
            case _:
                return reader.anyhow(measure.span)

    def _cases(self, node: Cases, reader: _Reader, context: Context) -> Iterator[Move]:
        """Before and after each take the first case that holds; walked through together."""
        open_: set[tuple[int | None, int | None]] = {(None, None)}
        for place, case in enumerate(node.cases):
            truths: Truths = frozenset((_STILL_TRUE,))
            if case.when is not None:
                truths = reader.truths(case.when, context)
            left = set()
            for before, after in open_:
                for was, is_ in truths:
                    left.add(
                        (
                            place if before is None and was else before,
                            place if after is None and is_ else after,
                        )
                    )
            open_ = left
        terms: dict[int, Moves] = {}
        for before, after in sorted(open_, key=str):
            if before is None or after is None:
                continue  # the last case always holds
            for place in (before, after):
                if place not in terms:
                    terms[place] = _merged(reader.given(node.cases[place].give, context))
            if node.cases[before].give == node.cases[after].give:
                yield from terms[before]
            else:
                for one in {m.before for m in terms[before]}:
                    for other in {m.after for m in terms[after]}:
                        yield move(one, other)

    # -- what independent signs cannot tell -----------------------------------------------------

    def comes_true(self, leaves: frozenset[int], test: _Joint, others: Sequence[_Joint]) -> bool:
        """Whether a condition may come true where it and all the others were false before.

        All values of `leaves`, on which all of them depend, are tried.
        """
        slots = sorted(leaves)
        cells = self._cells_for({slot for joint in (test, *others) for slot in joint.slots})
        ties = [tie for tie in self.signs.ties if tie.slots <= leaves]
        told = self._told_apart(cells, (test, *others), ties)
        options = [self._representatives(slot, told.get(slot)) for slot in slots]
        for taken in product(*options):
            before: dict[int, object] = {}
            after: dict[int, object] = {}
            for slot, one in zip(slots, taken, strict=True):
                before[slot], after[slot] = one.before, one.after
            if not all(tie.fits(before) and tie.fits(after) for tie in ties):
                continue
            for cell in cells:
                before[cell.slot] = cell.run(before)  # type: ignore[arg-type]
                after[cell.slot] = cell.run(after)  # type: ignore[arg-type]
            if not test.holds(after) or test.holds(before):
                continue
            if not any(other.holds(before) for other in others):
                self.witnesses.append({slot: (before[slot], after[slot]) for slot in slots})
                return True
        return False

    def _told_apart(
        self, cells: Sequence[Cell], joints: Sequence[_Joint], ties: Sequence[Tie]
    ) -> dict[int, list[Test] | None]:
        """By which tests each input matters here; None where it matters otherwise."""
        found: dict[int, list[Test] | None] = {}
        asked: list[list[tuple[int, Test | None]]] = [self.signs.asked(cell) for cell in cells]
        asked += [joint.asked() for joint in joints]
        for tie in ties:
            asked.append([(tie.slot, Is((State.HIDDEN.value,)))])
            asked.append([(tie.of[name], test) for name, test in atoms(tie.condition)])
        for slot, test in (pair for pairs in asked for pair in pairs):
            tests = found.setdefault(slot, [])
            if test is None:
                found[slot] = None
            elif tests is not None and test not in tests:
                tests.append(test)
        return found

    def _representatives(self, slot: int, tests: Sequence[Test] | None) -> Moves:
        """Of moves that no test tells apart, one."""
        if tests is None:
            return self.moves(slot)
        found: dict[tuple[bool, ...], Move] = {}
        for m in self.moves(slot):
            key = [passes(test, side) for test in tests for side in (m.before, m.after)]
            found.setdefault(tuple(key), m)
        return tuple(found.values())

    def combinations(self, leaves: Iterable[int]) -> int | None:
        """In how many ways these inputs may move together; None where they cannot be listed."""
        found = 1
        for leaf in leaves:
            moves = self.moves(leaf)
            if any(isinstance(m.before, Between) or isinstance(m.after, Between) for m in moves):
                return None
            found *= len(moves)
        return found

    def _cells_for(self, slots: Iterable[int]) -> list[Cell]:
        todo, seen = list(slots), set[int]()
        while todo:
            slot = todo.pop()
            if slot in self.signs.cells and slot not in seen:
                seen.add(slot)
                todo += self.signs.cells[slot].needs
        return [self.signs.cells[slot] for slot in sorted(seen, key=self.signs.rank.__getitem__)]


@dataclass(frozen=True)
class _Joint:
    """A condition whose names are slots or constants, as it is asked of whole sets of values."""

    condition: Condition
    slots: frozenset[int]
    of: Mapping[str, tuple[bool, object]]

    def asked(self) -> list[tuple[int, Test | None]]:
        """Which tests it makes of which slots."""
        found = [(self.of[name], test) for name, test in atoms(self.condition)]
        return [(slot, test) for (known, slot), test in found if not known]  # type: ignore[misc]

    def holds(self, values: Mapping[int, object]) -> bool:
        """Whether it holds for the values of its slots."""
        return self._holds(self.condition, values)

    def _holds(self, condition: Condition, values: Mapping[int, object]) -> bool:
        match condition:
            case Holds(name, test):
                known, found = self.of[name]
                return passes(test, found if known else values[found])  # type: ignore[arg-type, index]
            case Not(part):
                return not self._holds(part, values)
            case AllOf(parts):
                return all(self._holds(part, values) for part in parts)
            case AnyOf(parts):
                return any(self._holds(part, values) for part in parts)


class _Reader:
    """Reads the names of one cell's node as moves."""

    def __init__(self, through: Through, compiler: Compiler, needs: frozenset[int]) -> None:
        self.through, self.compiler, self.needs = through, compiler, needs

    def name(self, name: str, context: Context, *, as_label: bool) -> Moves:
        known, found = self.compiler.read(name, context, as_label=as_label)
        return still([found]) if known else self.through.moves(found)  # type: ignore[arg-type]

    def given(self, give: Expression | str | State, context: Context) -> Moves:
        return still([give]) if isinstance(give, (str, State)) else self.term(give, context)

    def term(self, expression: Expression, context: Context) -> Moves:
        match expression:
            case Number(value):
                return still([value])
            case Name(name):
                return self.name(name, context, as_label=False)
            case Apply() as apply:
                parts = [_hulled(self.term(part, context)) for part in apply.parts]
                return _merged(_applied(apply, taken) for taken in product(*parts))

    def anyhow(self, span: Span) -> Moves:
        """What may be anything before and after; unmoved where nothing that it reads moves."""
        if all(_is_still(m) for slot in self.needs for m in self.through.moves(slot)):
            return still(_sides(span))
        return _anyhow(span)

    def truths(self, condition: Condition, context: Context) -> Truths:
        """Which pairs of truth a condition may have, names that it reads twice read alike."""
        slots: dict[str, Moves] = {
            name: self.name(name, context, as_label=True) for name in names(condition)
        }
        if prod(len(moves) for moves in slots.values()) <= 256:
            found: set[tuple[bool, bool]] = set()
            for taken in product(*slots.values()):
                one = {name: (m,) for name, m in zip(slots, taken, strict=True)}
                found |= _truths(condition, one)
                if len(found) == 4:
                    break
        else:
            found = set(_truths(condition, slots))
        if (
            _COMES_TRUE in found
            and isinstance(condition, AnyOf)
            and not self.may_come_true(condition.parts, (), context)
        ):
            found.discard(_COMES_TRUE)
        return frozenset(found)

    def may_come_true(
        self, parts: Sequence[Condition], besides: Sequence[Condition], context: Context
    ) -> bool:
        """Whether any part can come true where all parts, and all besides, were false."""
        through = self.through
        joints = [self._joint(part, context) for part in (*parts, *besides)]
        leaves = [
            frozenset().union(*(through.signs.under(slot) for slot in joint.slots))
            for joint in joints
        ]
        for place in range(len(parts)):
            moves = {name: self.name(name, context, as_label=True) for name in names(parts[place])}
            if _COMES_TRUE not in _truths(parts[place], moves):
                continue
            mine = leaves[place]
            others = sorted(
                (
                    n
                    for n, theirs in enumerate(leaves)
                    if n != place and not theirs.isdisjoint(through.moving)
                ),
                key=lambda n: len(leaves[n] - mine),
            )
            near = [n for n in others if leaves[n] <= mine]
            if not self._comes_true(mine, joints[place], [joints[n] for n in near]):
                continue
            for tie in through.signs.ties:
                if not tie.slots.isdisjoint(mine) and self._few(mine | tie.slots):
                    mine |= tie.slots
            for n in others:
                if n not in near and self._few(mine | leaves[n]):
                    mine |= leaves[n]
                    near.append(n)
            if mine == leaves[place] or self._comes_true(
                mine, joints[place], [joints[n] for n in near]
            ):
                return True
        return False

    def _comes_true(self, leaves: frozenset[int], test: _Joint, others: Sequence[_Joint]) -> bool:
        if not self._few(leaves):
            self.through.bounded = True
            return True
        return self.through.comes_true(leaves, test, others)

    def _few(self, leaves: Iterable[int]) -> bool:
        ways = self.through.combinations(leaves)
        return ways is not None and ways <= MOST_JOINT

    def _joint(self, condition: Condition, context: Context) -> _Joint:
        of = {name: self.compiler.read(name, context, as_label=True) for name in names(condition)}
        slots = frozenset(found for known, found in of.values() if not known)
        return _Joint(condition, slots, of)  # type: ignore[arg-type]


@dataclass(slots=True)
class _Part:
    """One member of a fold: what it is, where it is read, the slots that it needs."""

    part: Any
    context: Context
    needs: frozenset[int]
    weighs: frozenset[int]
    rest: Any = None
    """What is found of it where nothing that it needs moves."""


class _Folded:
    """The moves of a fold, by what its members do: stay, move, come or go."""

    def __init__(
        self, through: Through, reader: _Reader, node: Fold, cell: Cell, span: Span
    ) -> None:
        self.through, self.reader, self.node, self.span = through, reader, node, span
        plans = through.signs.folds
        if cell.slot not in plans:
            plans[cell.slot] = list(self._plan())
        self.parts = plans[cell.slot]

    def _plan(self) -> Iterator[_Part]:
        node, compiler = self.node, self.reader.compiler
        for _, part, context in compiler.folded(node):
            used = names_in(part) if is_expression(part) else names(part)  # type: ignore[arg-type]
            asked = names(node.where) if node.where is not None else ()
            weight = names_in(node.weight) if node.weight is not None else ()
            yield _Part(
                part,
                context,
                self._slots((*used, *asked), context),
                self._slots(weight, context),
            )

    def _slots(self, used: Iterable[str], context: Context) -> frozenset[int]:
        read = (self.reader.compiler.read(name, context, as_label=True) for name in used)
        return frozenset(found for known, found in read if not known)  # type: ignore[misc]

    def _each(self, find: Callable[[Any, Context], Any]) -> list[Any]:
        """What `find` finds of every member; of those at rest it is remembered."""
        found = []
        for one in self.parts:
            if not one.needs.isdisjoint(self.through.moving):
                found.append(find(one.part, one.context))
                continue
            if one.rest is None:
                one.rest = find(one.part, one.context)
            found.append(one.rest)
        return found

    def moves(self) -> Iterable[Move]:
        node = self.node
        if any(not is_expression(one.part) for one in self.parts):
            return self._conditions()
        if node.kind == "first" or node.order or node.kind == "count":
            return self.reader.anyhow(self.span)
        members: list[Moves] = []
        stops: list[Move] = []
        for moves in self._each(self._member):
            stopped = [m for m in moves if {_kept(m.before, node), _kept(m.after, node)} & {"stop"}]
            stops += stopped
            if moves:
                members.append(tuple(m for m in moves if m not in stopped) if stopped else moves)
        if stops:
            told = list(self._stopped(stops))
            return told if () in members else (*told, *self._told_all(members))
        if not members:
            return still([plain(node.empty)])
        return self._told_all(members)

    def _stopped(self, stops: Sequence[Move]) -> Iterator[Move]:
        """The moves of the whole where some member stops it before, or after, or both times."""
        node = self.node
        before = {m.before for m in stops if _kept(m.before, node) == "stop"}
        after = {m.after for m in stops if _kept(m.after, node) == "stop"}
        values = [Between(self.span.low, self.span.high), plain(node.empty)]
        if all(_is_still(m) for m in stops):
            yield from still(before)
            return
        for one in before:
            yield from (move(one, other) for other in (*after, *values))
        for other in after:
            yield from (move(one, other) for one in values)

    def _told_all(self, members: Sequence[Moves]) -> Iterable[Move]:
        rises = self._rises(members)
        falls = self._rises([tuple(_turned(m) for m in moves) for moves in members], turned=True)
        way: Way = "same" if rises and falls else "up" if rises else "down" if falls else "any"
        return self._told(members, way)

    def _member(self, part: Any, context: Context) -> Moves:
        """What one member counts as: numbers, or HIDDEN for what is passed over."""
        truths: Truths = frozenset((_STILL_TRUE,))
        if self.node.where is not None:
            truths = self.reader.truths(self.node.where, context)
        if truths == {_STILL_FALSE}:
            return ()
        found: list[Move] = []
        for m in _hulled(self.reader.term(part, context)):
            before, after = self._counts_as(m.before), self._counts_as(m.after)
            for was, is_ in truths:
                if was and is_ and before is m.before and after is m.after:
                    found.append(m)
                else:
                    found.append(
                        move(before if was else State.HIDDEN, after if is_ else State.HIDDEN)
                    )
        return _hulled(found)

    def _counts_as(self, side: object) -> object:
        if not isinstance(side, State):
            return side
        kept = _kept(side, self.node)
        return State.HIDDEN if kept == "skip" else side if kept == "stop" else plain(kept)

    def _weighs_alike(self) -> bool:
        """Whether no weight moves; none is negative, which the analysis has seen to."""
        return all(
            _is_still(m)
            for one in self.parts
            if not one.weighs.isdisjoint(self.through.moving)
            for m in self.reader.term(self.node.weight, one.context)  # type: ignore[arg-type]
        )

    def _rises(self, members: Sequence[Moves], *, turned: bool = False) -> bool:
        """Whether the fold cannot fall, where at least one member has a value before and after."""
        node = self.node
        every = [m for moves in members for m in moves]
        if any(m.way not in ("same", "up") for m in every if _is_number(m)):
            return False
        comes = [m for m in every if m.before is State.HIDDEN and m.after is not State.HIDDEN]
        goes = [m for m in every if m.before is not State.HIDDEN and m.after is State.HIDDEN]
        if node.kind == "greatest":
            return not goes
        if node.kind == "least":
            return not comes or (not turned and self._ceilings_only_change_places())
        steady = not comes and not goes
        if node.top is not None or node.bottom is not None:
            return steady and node.weight is None
        if not self._weighs_alike():
            return False
        if node.kind == "sum":
            return all(_at_least_0(m.after) for m in comes) and all(
                _at_most_0(m.before) for m in goes
            )
        if node.kind == "mean":
            return steady
        positive = all(
            _at_least_0(m.before) and _at_least_0(m.after) for m in every if _is_number(m)
        )
        return steady and positive

    def _ceilings_only_change_places(self) -> bool:
        """Whether each ceiling that comes finds one before it that was at least as low.

        A ceiling is a measure that gives a number where a condition holds, and else is hidden.
        """
        ceilings: list[tuple[Fraction, tuple[Condition, ...]]] = []
        for one in self.parts:
            ceiling = self._ceiling(one.part)
            if ceiling is not None:
                ceilings.append(ceiling)
            elif any(
                m.before is State.HIDDEN and m.after is not State.HIDDEN
                for m in self._member(one.part, one.context)
            ):
                return False
        return not any(
            self.reader.may_come_true(
                parts,
                [one for other, theirs in ceilings if other <= limit for one in theirs],
                {},
            )
            for limit, parts in ceilings
        )

    def _ceiling(self, part: Any) -> tuple[Fraction, tuple[Condition, ...]] | None:
        measures = self.reader.through.graph.measures
        if not isinstance(part, Name) or part.name not in measures:
            return None
        measure = measures[part.name]
        match measure.node:
            case Cases((first, last)) if measure.grain == () and last.give is State.HIDDEN:
                if first.when is not None and isinstance(first.give, Number):
                    when = first.when
                    return first.give.value, when.parts if isinstance(when, AnyOf) else (when,)
        return None

    def _told(self, members: Sequence[Moves], way: Way) -> Iterator[Move]:
        """The moves of the whole: between numbers, and to and from the value of nothing."""
        empty = plain(self.node.empty)
        some = Between(self.span.low, self.span.high)
        never = [all(m.before is State.HIDDEN for m in moves) for moves in members]
        gone = [all(m.after is State.HIDDEN for m in moves) for moves in members]
        if not all(never) and not all(gone):
            yield Move(some, some, way)
        none_before = all(any(m.before is State.HIDDEN for m in moves) for moves in members)
        none_after = all(any(m.after is State.HIDDEN for m in moves) for moves in members)
        weightless = self.node.weight is not None and self.node.kind == "mean"
        comes = any(
            m.before is State.HIDDEN and m.after is not State.HIDDEN for ms in members for m in ms
        )
        goes = any(
            m.before is not State.HIDDEN and m.after is State.HIDDEN for ms in members for m in ms
        )
        if (none_before and none_after) or weightless:
            yield move(empty, empty)
        if none_before and comes:
            news = [m.after for ms in members for m in ms if m.before is State.HIDDEN]
            yield move(empty, self._one_of(news))
        if none_after and goes:
            olds = [m.before for ms in members for m in ms if m.after is State.HIDDEN]
            yield move(self._one_of(olds), empty)

    def _one_of(self, sides: Sequence[object]) -> Between:
        """Where the whole lies if it is one of these members; else anywhere it may be."""
        hull = _hull([side for side in sides if side is not State.HIDDEN])
        listed = self.node.kind in ("least", "greatest") and hull is not None
        return hull if listed and hull else Between(self.span.low, self.span.high)

    def _truths(self, part: Any, context: Context) -> Truths:
        found = self.reader.truths(part, context)
        if self.node.where is None:
            return found
        where = self.reader.truths(self.node.where, context)
        neutral = self.node.kind == "all"
        return frozenset(
            ((a if c else neutral), (b if d else neutral)) for a, b in found for c, d in where
        )

    def _conditions(self) -> Iterable[Move]:
        kind = self.node.kind
        truths: list[Truths] = self._each(self._truths)
        if kind in ("any", "all"):
            joined_ = {(kind == "all", kind == "all")}
            for one in truths:
                joined_ = {
                    ((a or c), (b or d)) if kind == "any" else ((a and c), (b and d))
                    for a, b in joined_
                    for c, d in one
                }
            words = {True: "true", False: "false"}
            return tuple(move(words[a], words[b]) for a, b in joined_)
        rises = all((True, False) not in one for one in truths)
        falls = all((False, True) not in one for one in truths)
        way: Way = "same" if rises and falls else "up" if rises else "down" if falls else "any"
        some = Between(self.span.low, self.span.high)
        return (Move(some, some, way),)


# -- small rules --------------------------------------------------------------------------------


def _bounds(side: object) -> tuple[Fraction | int | None, Fraction | int | None] | None:
    kind = type(side)  # asking isinstance of a Fraction is slow, and this is asked very often
    if kind is Fraction or kind is int:
        return side, side  # type: ignore[return-value]
    return (side.low, side.high) if isinstance(side, Between) else None


def _is_still(found: Move) -> bool:
    return found.way == "same" and found.before == found.after


def _is_number(found: Move) -> bool:
    return _bounds(found.before) is not None and _bounds(found.after) is not None


def _at_least_0(side: object) -> bool:
    found = _bounds(side)
    return found is not None and found[0] is not None and found[0] >= 0


def _at_most_0(side: object) -> bool:
    found = _bounds(side)
    return found is not None and found[1] is not None and found[1] <= 0


def _turned(found: Move) -> Move:
    ways: dict[Way, Way] = {"same": "same", "up": "down", "down": "up", "any": "any"}
    return Move(found.after, found.before, ways[found.way])


def _kept(side: object, node: Fold) -> Any:
    return node.policy.get(side, "skip") if isinstance(side, State) else None


def _replaced(side: object, policy: Mapping[State, Constant]) -> object:
    return plain(policy.get(side, side)) if isinstance(side, State) else side


def _hull(sides: Sequence[object]) -> Between | None:
    """The least range that holds all numbers; None where one is no number, or there are none."""
    bounds = [_bounds(side) for side in sides]
    if not bounds or None in bounds:
        return None
    lows = [b[0] for b in bounds if b is not None]
    highs = [b[1] for b in bounds if b is not None]
    return Between(
        None if None in lows else min(low for low in lows if low is not None),
        None if None in highs else max(high for high in highs if high is not None),
    )


def _hulled(moves: Iterable[Move]) -> Moves:
    """The moves with all that go from number to number as one."""
    found = list(dict.fromkeys(moves))
    numbers = [m for m in found if _is_number(m)]
    if len(numbers) < 2:
        return tuple(found)
    before = _hull([m.before for m in numbers])
    after = _hull([m.after for m in numbers])
    rest = [m for m in found if not _is_number(m)]
    return (Move(before, after, joined(m.way for m in numbers)), *rest)


def _merged(moves: Iterable[Move]) -> Moves:
    """The moves, each once; with ranges or too many numbers among them, those as one."""
    found = tuple(dict.fromkeys(moves))
    ranges = any(isinstance(m.before, Between) for m in found if _is_number(m))
    numbers = sum(_is_number(m) for m in found)
    return _hulled(found) if numbers > _MOST_LISTED or (ranges and numbers > 1) else found


def _sides(span: Span) -> list[object]:
    sides: list[object] = [*sorted(span.labels), *span.states]
    if span.numeric:
        sides.append(Between(span.low, span.high))
    return sides


def _anyhow(span: Span) -> Moves:
    """What may go from anything it may be to anything else."""
    sides = _sides(span)
    return tuple(
        Move(a, b, "any") if isinstance(a, Between) else move(a, b) for a in sides for b in sides
    )


def _span(side: object) -> Span:
    found = _bounds(side)
    assert found is not None  # noqa: S101  # states were dealt with before
    return Span(
        numeric=True,
        low=None if found[0] is None else Fraction(found[0]),
        high=None if found[1] is None else Fraction(found[1]),
    )


def _applied(found: Apply, parts: Sequence[Move]) -> Move:
    before = _calculated(found, [part.before for part in parts])
    after = _calculated(found, [part.after for part in parts])
    if isinstance(before, State) or isinstance(after, State):
        return move(before, after)
    return Move(before, after, _way(found, parts))


def _calculated(found: Apply, sides: Sequence[object]) -> State | Between:
    if any(isinstance(side, State) for side in sides):
        return strongest(sides)
    if any(_bounds(side) is None for side in sides):
        return Between(None, None)
    whole = combined(found, [_span(side) for side in sides])
    return Between(whole.low, whole.high)


def _way(found: Apply, parts: Sequence[Move]) -> Way:
    """The way of a result, from the ways of its parts."""
    ways = [part.way for part in parts]
    if all(way == "same" for way in ways):
        return "same"
    flipped: dict[Way, Way] = {"same": "same", "up": "down", "down": "up", "any": "any"}
    match found.operation:
        case "+" | "min" | "max":
            return joined(ways)
        case "-":
            return joined((ways[0], flipped[ways[1]]))
        case "negative":
            return flipped[ways[0]]
        case "up" | "down" | "nearest":
            return ways[0] if len(ways) == 1 or ways[1] == "same" else "any"
    positive = all(_at_least_0(part.before) and _at_least_0(part.after) for part in parts)
    match found.operation:
        case "*" if positive:
            return joined(ways)
        case "/" if positive:
            return joined((ways[0], flipped[ways[1]]))
        case "**" | "abs" if positive:
            return ways[0]
    return "any"


# -- conditions ---------------------------------------------------------------------------------


def _truths(condition: Condition, moves: Mapping[str, Moves]) -> set[tuple[bool, bool]]:
    """Which pairs of truth a condition may have, each name taken by itself."""
    match condition:
        case Holds(name, test):
            passed, found = condition.passed, set[tuple[bool, bool]]()
            for m in moves[name]:
                if isinstance(m.before, Between) or isinstance(m.after, Between):
                    found |= _tested(test, m)
                else:
                    found.add((passed(m.before), passed(m.after)))
            return found
        case Not(part):
            return {(not was, not is_) for was, is_ in _truths(part, moves)}
        case AllOf(parts):
            found = {_STILL_TRUE}
            for part in parts:
                more = _truths(part, moves)
                found = {(a and c, b and d) for a, b in found for c, d in more}
            return found
        case AnyOf(parts):
            found = {_STILL_FALSE}
            for part in parts:
                more = _truths(part, moves)
                found = {(a or c, b or d) for a, b in found for c, d in more}
            return found


def _tested(test: Test, found: Move) -> set[tuple[bool, bool]]:
    """Which pairs of truth a test may have of a value that moves."""
    before, after = found.before, found.after
    if not isinstance(before, Between) and not isinstance(after, Between):
        return {(passes(test, before), passes(test, after))}
    pairs = {(was, is_) for was in _may(test, before) for is_ in _may(test, after)}
    if found.way == "same":
        return {pair for pair in pairs if pair[0] == pair[1]}
    match test:
        case AtLeast() if found.way == "up":
            pairs.discard((True, False))
        case AtLeast() if found.way == "down":
            pairs.discard((False, True))
        case AtMost() if found.way == "up":
            pairs.discard((False, True))
        case AtMost() if found.way == "down":
            pairs.discard((True, False))
        case Isnt(inner):
            return {(not a, not b) for a, b in _tested(inner, found)}
    return pairs


def _may(test: Test, side: object) -> set[bool]:
    """Whether a test may pass, and may fail, for a value that lies between two bounds."""
    if not isinstance(side, Between):
        return {passes(test, side)}  # type: ignore[arg-type]
    low, high = side.low, side.high
    match test:
        case AtLeast(bound) if isinstance(bound, Fraction):
            return {
                *([True] if high is None or high >= bound else []),
                *([False] if low is None or low < bound else []),
            }
        case AtMost(bound) if isinstance(bound, Fraction):
            return {
                *([True] if low is None or low <= bound else []),
                *([False] if high is None or high > bound else []),
            }
        case Is(values):
            numbers = [n for value in values if (n := read_number(value)) is not None]
            hit = any((low is None or n >= low) and (high is None or n <= high) for n in numbers)
            only = low is not None and low == high and low in numbers
            return {*([True] if hit else []), *([] if only else [False])}
        case Isnt(inner):
            return {not found for found in _may(inner, side)}
        case Every(tests) | Some(tests):
            every = isinstance(test, Every)
            found = {every}
            for inner in tests:
                more = _may(inner, side)
                found = {(a and b) if every else (a or b) for a in found for b in more}
            return found
    return {True, False}
