"""One sheet of answers, computed exactly: the graph as a program of cells, and its run.

A cell is one value of one measure (for one row, one group, or in all). Compiling settles whatever
does not depend on the sheet: constants of rows, conditions on columns, branches never taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heapify, heappop, heappush
from itertools import count
from math import lcm
from operator import itemgetter

from vendorrisk.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Holds,
    Not,
    State,
    Value,
    holds,
    matcher,
    meant,
    read_number,
)
from vendorrisk.scoring.analysis import listed
from vendorrisk.scoring.denominators import common_denominators, denominator_of
from vendorrisk.scoring.formula import Expression, Name, Term, exact, strongest, term
from vendorrisk.scoring.graph import (
    BY_ROW,
    Bands,
    Cases,
    Constant,
    Context,
    Fold,
    Formula,
    Graph,
    Input,
    Map,
    Measure,
    Policy,
    Table,
    is_expression,
)

Key = tuple[str, ...]
Test = Callable[[Sequence[object]], bool]
Adding = Callable[[Sequence[object]], tuple[int | None, int]]
"""What one row adds to a sum, and with which weight; None where it is no number."""


@dataclass(frozen=True)
class Sheet:
    """Everything a rubric may look at, ready: the engine has no clock and reads no evidence.

    `answers`  question → value or state. Absent: unanswered. A choice or "dont_know" is a str,
               ticks are a frozenset, numbers Fractions, days dates; a question that is not asked
               is State.HIDDEN, one claimed not to apply is State.NOT_APPLICABLE.
    `facts`    fact → value. Absent: unanswered.
    `marks`    what reviewers set: mark → question → value. An everyday rubric reads
               `not_applicable` ("approved") and `assurance` ("contradicted"; other levels belong
               in `levels`), and by rule in place of question `rule` ("lifted"); a published
               method declares its own, such as `verdict`.
    `levels`   question → choice → level of assurance supported for it; "*" stands for every choice
               not named (and is the only key for a number). Absent: the weakest level.
    `ignored`  questions whose answers were left out because they are hidden.
    `digests`  "questionnaire" and "input", carried into the scorecard.
    """

    answers: Mapping[str, Value]
    facts: Mapping[str, Value] = field(default_factory=dict)
    marks: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    levels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)


class SheetError(ValueError):
    """A sheet holds a value that its input does not take; the message says which."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that a sheet brings: where it is read, and what stands in for its absence."""

    slot: int
    input: Input
    key: str
    choice: str | None
    labels: frozenset[str]

    def fetch(self, sheet: Sheet) -> object:
        """Its value on a sheet. Raises SheetError where the input does not take it."""
        source = self.input.source
        if source == "answers":
            value: Value | None = sheet.answers.get(self.key)
        elif source == "facts":
            value = sheet.facts.get(self.input.listed_in or self.key)
        elif source == "review":
            value = sheet.marks.get(self.input.mark or self.input.name, {}).get(self.key)
        else:
            levels = sheet.levels.get(self.key, {})
            value = levels.get(self.choice or "*", levels.get("*"))
        return self.accept(value)

    def accept(self, value: Value | None) -> object:
        """What a value is read as; None where there is none. Raises SheetError."""
        if value is None or value is State.UNANSWERED:
            default = self.input.default
            if default is None and self.input.source == "facts":
                raise SheetError(f"The fact “{self.key}” is missing; the rubric uses it.")
            return State.UNANSWERED if default is None else default
        if self.input.listed_in is not None:
            if not isinstance(value, frozenset):
                raise SheetError(f"“{self.input.listed_in}” takes a list.")
            return "listed" if self.key in value else "not_listed"
        if value not in self.labels and not self.input.accepts(value):
            raise SheetError(f"“{self.key}” does not take {value}: {self.input.takes()}.")
        return value


@dataclass(frozen=True, slots=True)
class Member:
    """What a fold folds: what it is called, its value and its weight; None: weighs 1.

    `weighs` is the weight where no sheet changes it, `slot` the only one that the value is read
    from or tested at, and `fixed` the value where no sheet changes it. `needs` are all the slots
    that it reads.
    """

    says: str
    value: Term | Test
    weight: Term | None
    where: Test | None
    weighs: Fraction | int | None = None
    slot: int | None = None
    fixed: object = None
    needs: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Branch:
    """A case that was not ruled out when compiling; `when` None holds always.

    `fixed` is the label or state that it gives, None where it gives a formula.
    """

    when: Test | None
    give: Term
    because: str
    fixed: str | State | None = None


@dataclass(slots=True)
class Cell:
    """One value of one measure: its slot, the slots it needs and how it is computed."""

    measure: str
    key: Key
    slot: int
    needs: frozenset[int]
    run: Term
    branches: tuple[Branch, ...] = ()
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class _Levels:
    """Where the levels of one question are read: (slot, choice) of each leaf that is used.

    `labels` are the levels that all of them take.
    """

    at: tuple[tuple[int, str], ...]
    labels: frozenset[str]
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class _Sources:
    """The leaves by where a sheet holds them, so that what it does not hold costs nothing."""

    answers: Mapping[str, Sequence[Leaf]]
    levels: Mapping[str, _Levels]
    marks: Mapping[str, Mapping[str, Sequence[Leaf]]]
    others: Sequence[Leaf]

    def read(self, sheet: Sheet, start: Sequence[object]) -> list[object]:
        """A copy of `start`, which holds all defaults, with what the sheet brings."""
        slots = list(start)
        self.answered(slots, sheet.answers)
        for key, supported in sheet.levels.items():
            found = self.levels.get(key)
            if found is None:
                continue
            if found.labels.issuperset(supported.values()):
                every = supported.get("*")
                for slot, choice in found.at:
                    level = supported.get(choice, every)
                    if level is not None:
                        slots[slot] = level
            else:
                for leaf in found.leaves:
                    slots[leaf.slot] = leaf.fetch(sheet)
        for mark, by_key in self.marks.items():
            for key in sheet.marks.get(mark, ()):
                for leaf in by_key.get(key, ()):
                    slots[leaf.slot] = leaf.fetch(sheet)
        for leaf in self.others:
            slots[leaf.slot] = leaf.fetch(sheet)
        return slots

    def answered(self, slots: list[object], answers: Mapping[str, Value]) -> None:
        """Put answers where they are read; the slots hold the defaults already."""
        unanswered = State.UNANSWERED
        for question, answer in answers.items():
            if answer is not unanswered:
                for leaf in self.answers.get(question, ()):
                    known = answer in leaf.labels or type(answer) is State
                    slots[leaf.slot] = answer if known else leaf.accept(answer)


@dataclass(slots=True)
class Kernel:
    """The cells of one row that can be computed from what the sheet brings.

    Rows have few possible inputs, and most sheets share them: what a row came to is remembered by
    what it read. `first` and `last` bound its slots: its cells, what it `adds` to sums, and last
    a number that only the same reading of the same row has.
    """

    first: int
    last: int
    reads: Callable[[Sequence[object]], object]
    steps: tuple[tuple[int, Term], ...]
    adds: list[tuple[int, Adding]] = field(default_factory=list)
    known: dict[object, list[object]] = field(default_factory=dict)

    def compute(self, slots: list[object], reading: object) -> list[object]:
        """Fill the row's slots, and remember them."""
        for slot, compute in self.steps:
            slots[slot] = compute(slots)
        for slot, add in self.adds:
            slots[slot], slots[slot + 1] = add(slots)
        slots[self.last - 1] = next(_readings)
        if len(self.known) >= MOST_REMEMBERED:
            self.known.clear()
        found = self.known[reading] = slots[self.first : self.last]
        return found


_readings = count()


MOST_REMEMBERED = 512
FEW = 4
"""So many values come together in the same way often enough for it to be remembered."""


def _remembering(cell: Cell) -> Term:
    """A cell that looks up what it came to for what it reads, if that is little."""
    if len(cell.needs) > FEW:
        return cell.run
    reads, run, known = itemgetter(*sorted(cell.needs)), cell.run, dict[object, object]()

    def remembered(slots: Sequence[object]) -> object:
        reading = reads(slots)
        value = known.get(reading)
        if value is None:
            if len(known) >= MOST_REMEMBERED:
                known.clear()
            value = known[reading] = run(slots)
        return value

    return remembered


class Program:
    """A graph compiled. Slots hold constants, then what the sheet brings, then cells in order."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.start: list[object] = []
        self.leaves: dict[tuple[str, str, str | None], Leaf] = {}
        self.slots: dict[tuple[str, Key], int] = {}
        self.cells: dict[tuple[str, Key], Cell] = {}
        self._constant: set[int] = set()
        self._sources: _Sources | None = None
        measures = graph.measures.values()
        by_row = [measure.name for measure in measures if measure.grain == BY_ROW]
        # Beside its cells, a row has two slots for each sum it may be part of, and its reading.
        room = 1 + 2 * sum(_may_add(measure) for measure in measures)
        self._blocks: dict[Key, tuple[int, int]] = {}
        for row in graph.contexts(BY_ROW) if by_row else ():
            first = len(self.start)
            for name in by_row:
                self._slot(name, row)
            self.start += [None] * room
            self._blocks[row] = (first, len(self.start))
        for measure in measures:
            for key, context in graph.contexts(measure.grain).items():
                self._add(measure, key, context)
        self.order = self._sorted()
        self._used = self._reached()
        self._kernel_of: dict[Key, Kernel] = {}
        self._before, self._kernels, self._after = self._arranged()
        self._parts: dict[int, list[tuple[int, Term]]] = {}

    def run(self, sheet: Sheet) -> list[object]:
        """The value of every slot for one sheet. Raises SheetError."""
        if self._sources is None:
            self._sources = self._by_source()
        slots = self._sources.read(sheet, self.start)
        self._fill(slots)
        for slot, compute in self._after:
            slots[slot] = compute(slots)
        return slots

    def again(self, slots: Sequence[object], answers: Mapping[str, Value], slot: int) -> object:
        """What one slot would hold if some answers of a run were these. Raises SheetError."""
        if self._sources is None:
            self._sources = self._by_source()
        values = list(slots)
        for question, answer in answers.items():
            if answer is State.UNANSWERED:
                for leaf in self._sources.answers.get(question, ()):
                    values[leaf.slot] = leaf.accept(answer)
        self._sources.answered(values, answers)
        self._fill(values)
        for at, compute in self._after_for(slot):
            values[at] = compute(values)
        return values[slot]

    def _fill(self, slots: list[object]) -> None:
        """Compute what no row is needed for, and the rows."""
        for slot, compute in self._before:
            slots[slot] = compute(slots)
        for kernel in self._kernels:
            reading = kernel.reads(slots)
            found = kernel.known.get(reading)
            if found is None:
                kernel.compute(slots, reading)
            else:
                slots[kernel.first : kernel.last] = found

    def _after_for(self, slot: int) -> list[tuple[int, Term]]:
        """Of what follows the rows, the part that one slot is computed from."""
        if slot not in self._parts:
            used = self.needed_for(slot)
            self._parts[slot] = [step for step in self._after if step[0] in used]
        return self._parts[slot]

    def needed_for(self, *slots: int) -> set[int]:
        """The slots that some are computed from, and these themselves."""
        needs = {cell.slot: cell.needs for cell in self.order}
        todo, used = list(slots), set[int]()
        while todo:
            at = todo.pop()
            if at not in used:
                used.add(at)
                todo += needs.get(at, ())
        return used

    def _reached(self) -> set[int]:
        """The slots that anything beyond a row is computed from: a run fills no others of a row."""
        shown = [
            self.slots[named.measure, named.key] for named in self.graph.results if named.measure
        ]
        beyond = [c.slot for c in self.order if self.graph.measures[c.measure].grain != BY_ROW]
        return self.needed_for(*shown, *beyond)

    def _arranged(
        self,
    ) -> tuple[list[tuple[int, Term]], list[Kernel], list[tuple[int, Term]]]:
        """What no row is needed for; the rows, each as one; and everything that follows."""
        before: list[tuple[int, Term]] = []
        after: list[Cell] = []
        rows: dict[Key, list[Cell]] = {}
        follows: set[int] = set()  # slots that need a row, and are not rows that come first
        in_rows: dict[int, Key] = {}
        for cell in self.order:
            by_row = self.graph.measures[cell.measure].grain == BY_ROW
            if cell.needs & follows or (not by_row and cell.needs & in_rows.keys()):
                follows.add(cell.slot)
                after.append(cell)
            elif by_row and cell.slot in self._used:
                in_rows[cell.slot] = cell.key
                rows.setdefault(cell.key, []).append(cell)
            elif not by_row:
                before.append((cell.slot, _remembering(cell)))
        for row in self._row_order(rows):
            first, last = self._blocks[row]
            cells = rows[row]
            read = {n for cell in cells for n in cell.needs if not first <= n < last}
            self._kernel_of[row] = Kernel(
                first,
                last,
                itemgetter(*sorted(read)) if read else _nothing,
                tuple((cell.slot, cell.run) for cell in cells),
            )
        sums = _Sums(self.graph, self._kernel_of, in_rows)
        steps = [(cell.slot, sums.of(cell) or cell.run) for cell in after]
        return before, list(self._kernel_of.values()), steps

    def _row_order(self, rows: Mapping[Key, Sequence[Cell]]) -> Iterator[Key]:
        """The rows, each after those it reads."""
        row_of = {cell.slot: row for row, cells in rows.items() for cell in cells}
        left = {
            row: {row_of[n] for cell in cells for n in cell.needs if n in row_of} - {row}
            for row, cells in rows.items()
        }
        while left:
            settled = [row for row, others in left.items() if not others & left.keys()]
            yield from settled
            for row in settled:
                del left[row]

    def reading(self, row: str) -> int | None:
        """The slot of a number that tells readings of a row apart: the same, the same values.

        None where no sheet changes the row.
        """
        kernel = self._kernel_of.get((row,))
        return None if kernel is None else kernel.last - 1

    def leaf_slot(self, name: str, context: Context) -> int:
        """The slot of an input, for the row of a context; every row input has one."""
        slot = self._leaf(self.graph.inputs[name], context)
        if slot not in self._used:
            self._used.add(slot)
            self._sources = None  # it must be read, too
        return slot

    # -- slots ----------------------------------------------------------------------------------

    def _slot(self, measure: str, key: Key) -> int:
        slot = self.slots.get((measure, key))
        if slot is None:
            slot = self.slots[measure, key] = len(self.start)
            self.start.append(None)
        return slot

    def _leaf(self, found: Input, context: Context) -> int:
        choice = None
        if found.choice_in is not None:
            named = context[found.choice_in]
            choice = "*" if isinstance(named, State) else named
        if found.per_row:
            row = str(context["id"])
            key = row if found.source == "facts" else self.graph.rows.questions[row]
        else:
            key = found.of or found.name
        place = found.mark or found.listed_in or found.name if found.source != "answers" else ""
        identity = (f"{found.source} {place}", key, choice)
        leaf = self.leaves.get(identity)
        if leaf is None:
            asked = self._asked(found, key)
            leaf = Leaf(len(self.start), asked, key, choice, frozenset(asked.labels))
            self.leaves[identity] = leaf
            default = asked.default
            self.start.append(State.UNANSWERED if default is None else default)
            self._sources = None  # it must be read, too
        return leaf.slot

    def _by_source(self) -> _Sources:
        answers: dict[str, list[Leaf]] = {}
        levels: dict[str, list[Leaf]] = {}
        marks: dict[str, dict[str, list[Leaf]]] = {}
        others: list[Leaf] = []
        for leaf in self.leaves.values():
            if leaf.input.source == "answers":
                answers.setdefault(leaf.key, []).append(leaf)
            elif leaf.input.source == "levels":
                levels.setdefault(leaf.key, []).append(leaf)
            elif leaf.input.source == "review":
                mark = marks.setdefault(leaf.input.mark or leaf.input.name, {})
                mark.setdefault(leaf.key, []).append(leaf)
            else:
                others.append(leaf)
        by_question = {
            key: _Levels(
                tuple((n.slot, n.choice or "*") for n in leaves if n.slot in self._used),
                frozenset.intersection(*(leaf.labels for leaf in leaves)),
                tuple(leaves),
            )
            for key, leaves in levels.items()
        }
        return _Sources(answers, by_question, marks, others)

    def _asked(self, found: Input, key: str) -> Input:
        # A row's answer is checked against its own question's choices, not against all of them.
        own = self.graph.inputs.get(key)
        if found.source == "answers" and own is not None and own.source == "answers":
            return own
        return found

    def _add(self, measure: Measure, key: Key, context: Context) -> None:
        cell = Compiler(self, measure, key, context).cell()
        if cell.needs:
            self.cells[measure.name, key] = cell
        else:
            self.start[cell.slot] = cell.run(())
            self._constant.add(cell.slot)

    def _sorted(self) -> list[Cell]:
        """The cells, each after what it needs: rows that read other rows may have come first."""
        by_slot = {cell.slot: cell for cell in self.cells.values()}
        waits = {
            slot: {need for need in cell.needs if need in by_slot} for slot, cell in by_slot.items()
        }
        followers: dict[int, list[int]] = {slot: [] for slot in waits}
        for slot, needs in waits.items():
            for need in needs:
                followers[need].append(slot)
        ready = [slot for slot, needs in waits.items() if not needs]
        heapify(ready)
        order = []
        while ready:
            slot = heappop(ready)
            order.append(by_slot[slot])
            for follower in followers[slot]:
                waits[follower].discard(slot)
                if not waits[follower]:
                    heappush(ready, follower)
        return order


class Compiler:
    """Compiles one cell; `needs` are the slots it reads."""

    def __init__(self, program: Program, measure: Measure, key: Key, context: Context) -> None:
        self.program, self.graph = program, program.graph
        self.measure, self.key, self.context = measure, key, context
        self.needs: set[int] = set()

    def cell(self) -> Cell:
        """The compiled cell; it needs nothing where no sheet changes it."""
        slot = self.program._slot(self.measure.name, self.key)
        branches: tuple[Branch, ...] = ()
        members: tuple[Member, ...] = ()
        run: Term
        match self.measure.node:
            case Formula() as node:
                zero = State.NOT_APPLICABLE if node.by_zero is None else plain(node.by_zero)
                run = _replacing(self.term(node.expression, self.context, zero), node.policy)
            case Map() as node:
                run = self.lookup(node)
            case Cases() as node:
                branches = tuple(self.branches(node))
                run = _first_branch(branches)
            case Bands() as node:
                run = _banded(self.term(node.of, self.context), node)
            case Fold() as node:
                members = tuple(self.members(node))
                run = fold_term(node, members)
        return Cell(
            self.measure.name, self.key, slot, frozenset(self.needs), run, branches, members
        )

    # -- names ----------------------------------------------------------------------------------

    def read(self, name: str, context: Context, *, as_label: bool) -> tuple[bool, object]:
        """(True, its constant) or (False, its slot)."""
        rows = self.graph.rows
        measure = self.graph.measures.get(name)
        if measure is not None:
            key = tuple(context[column] for column in measure.grain)
            if any(isinstance(part, State) for part in key):
                return True, State.NOT_APPLICABLE  # a row that belongs to no group
            slot = self.program._slot(name, key)  # type: ignore[arg-type]
            if slot in self.program._constant:
                return True, self.program.start[slot]
        elif name in rows.columns:
            value = context[name]
            if not as_label and name in rows.numeric and isinstance(value, str):
                return True, exact(read_number(value) or 0)
            return True, value
        else:
            slot = self.program._leaf(self.graph.inputs[name], context)
        self.needs.add(slot)
        return False, slot

    def operand(self, context: Context) -> Callable[[str], Term]:
        """Compiles the names of a formula, as they are read in a context."""

        def of(name: str) -> Term:
            known, found = self.read(name, context, as_label=False)
            return _constant(found) if known else itemgetter(found)

        return of

    def term(
        self, expression: Expression, context: Context, by_zero: object = State.NOT_APPLICABLE
    ) -> Term:
        """A formula compiled; computed now if no sheet changes it."""
        before = set(self.needs)
        self.needs = set()
        run = term(expression, self.operand(context), by_zero)
        if not self.needs:
            run = _constant(run(()))
        self.needs |= before
        return run

    # -- conditions -----------------------------------------------------------------------------

    def test(self, condition: Condition, context: Context) -> bool | Test:
        """Whether it holds, where the context alone decides; else a test of the slots."""
        match condition:
            case Holds(name, asked):
                known, found = self.read(name, context, as_label=True)
                passed = matcher(asked)
                return passed(found) if known else _asking(passed, found)  # type: ignore[arg-type]
            case Not(part):
                inner = self.test(part, context)
                return not inner if isinstance(inner, bool) else _opposite(inner)
            case AllOf(parts) | AnyOf(parts):
                every = isinstance(condition, AllOf)
                left: list[Test] = []
                needs = set(self.needs)
                for part in parts:
                    inner = self.test(part, context)
                    if isinstance(inner, bool):
                        if inner != every:  # one false part of all, or one true part of any
                            self.needs = needs
                            return inner
                    else:
                        left.append(inner)
                if not left:
                    return every
                return left[0] if len(left) == 1 else _joined(left, every)

    # -- nodes ----------------------------------------------------------------------------------

    def lookup(self, node: Map) -> Term:
        """A map compiled, with the dimensions that are already known looked up."""
        table: object = node.table
        left: list[int] = []
        missing = State.INCONCLUSIVE if node.otherwise is None else plain(node.otherwise)
        states: list[State] = []
        # Constant dimensions are looked up now; first the sheet's, to know where they stand.
        dims = [self.read(dim, self.context, as_label=True) for dim in node.dims]
        for known, value in dims:
            if known and isinstance(value, State):
                states.append(value)
        if states:
            if not all(known for known, _ in dims):
                # What the sheet brings may be absent for a stronger reason.
                slots = [found for known, found in dims if not known]
                return _absent(states, slots, node.policy)  # type: ignore[arg-type]
            found = strongest(states)
            return _constant(plain(node.policy.get(found, found)))
        table = _narrowed(node.table, [value if known else None for known, value in dims])
        left = [slot for known, slot in dims if not known]  # type: ignore[misc]
        if not left:
            return _constant(missing if table is None else plain(table))  # type: ignore[arg-type]
        if not isinstance(table, Mapping):
            return _looked_up({}, left, missing, node)
        return _looked_up(_by_value(table), left, missing, node)

    def branches(self, node: Cases) -> Iterator[Branch]:
        """The cases that the context does not rule out, up to the first that always holds."""
        for case in node.cases:
            when: bool | Test = True
            before = set(self.needs)
            if case.when is not None:
                when = self.test(case.when, self.context)
            if when is False:
                self.needs = before
                continue
            fixed = case.give if isinstance(case.give, (str, State)) else None
            give = _constant(fixed) if fixed is not None else self.term(case.give, self.context)  # type: ignore[arg-type]
            yield Branch(None if isinstance(when, bool) else when, give, case.because, fixed)
            if when is True:
                return

    def members(self, node: Fold) -> Iterator[Member]:
        """What a fold folds, without what `where` rules out for every sheet."""
        every = set[int]()
        for says, part, context in self.folded(node):
            self.needs = set()
            where: bool | Test = True
            if node.where is not None:
                where = self.test(node.where, context)
                if where is False:
                    continue
            value = self.member(part, context)
            slot: int | None = None
            fixed: object = None
            if isinstance(part, (Name, Holds)):
                known, found = self.read(part.name, context, as_label=isinstance(part, Holds))
                slot, fixed = (None, found) if known else (found, None)  # type: ignore[assignment]
            weight, weighs = self.weight(node, context)
            test = None if isinstance(where, bool) else where
            every |= self.needs
            yield Member(says, value, weight, test, weighs, slot, fixed, frozenset(self.needs))
        self.needs = every

    def weight(self, node: Fold, context: Context) -> tuple[Term | None, Fraction | int | None]:
        """The weight of a member, and its value where no sheet changes it."""
        if node.weight is None:
            return None, 1
        before = self.needs
        self.needs = set()
        weight = self.term(node.weight, context)
        fixed = None if self.needs else weight(())
        self.needs |= before
        return weight, fixed if isinstance(fixed, (Fraction, int)) else None

    def folded(self, node: Fold) -> Iterator[tuple[str, Expression | Condition, Context]]:
        """What a fold folds: what each member is called, what it is, and where it is read."""
        if node.across:
            for part in node.members:
                says = part.name if isinstance(part, Expression) and hasattr(part, "name") else ""
                yield says, part, self.context
            return
        contexts = self.graph.contexts(self.measure.folds)
        if node.over is not None:
            contexts = {(row,): contexts[row,] for row in listed(self.context[node.over])}
        for key, context in contexts.items():
            if all(context[column] == self.context[column] for column in node.by):
                yield " ".join(key), node.members[0], context

    def member(self, part: Expression | Condition, context: Context) -> Term | Test:
        """The value of one member: a formula's, or whether a condition holds."""
        if is_expression(part):
            return self.term(part, context)  # type: ignore[arg-type]
        found = self.test(part, context)  # type: ignore[arg-type]
        return _constant(found) if isinstance(found, bool) else found


# -- small computations -------------------------------------------------------------------------


def plain(value: Constant) -> object:
    """A constant as runs hold it: whole numbers as ints."""
    return exact(value) if isinstance(value, Fraction) else value


def _nothing(slots: Sequence[object]) -> object:
    return ()


def policy_of(node: Map | Bands) -> dict[object, object]:
    """What stands in place of each state: itself, where nothing is said."""
    return {state: plain(node.policy.get(state, state)) for state in State}


def _constant(value: object) -> Term:
    return lambda slots: value


def _asking(passed: Callable[[object], bool], slot: int) -> Test:
    return lambda slots: passed(slots[slot])


def _opposite(test: Test) -> Test:
    return lambda slots: not test(slots)


def _joined(tests: Sequence[Test], every: bool) -> Test:
    def all_hold(slots: Sequence[object]) -> bool:
        for test in tests:  # noqa: SIM110  # a generator would take twice as long
            if not test(slots):
                return False
        return True

    def one_holds(slots: Sequence[object]) -> bool:
        for test in tests:  # noqa: SIM110
            if test(slots):
                return True
        return False

    return all_hold if every else one_holds


def _replacing(run: Term, policy: Policy) -> Term:
    if not policy:
        return run
    given = {state: plain(value) for state, value in policy.items()}

    def replaced(slots: Sequence[object]) -> object:
        value = run(slots)
        return given.get(value, value) if type(value) is State else value

    return replaced


def _absent(states: Sequence[State], slots: Sequence[int], policy: Policy) -> Term:
    def run(values: Sequence[object]) -> object:
        found = strongest([*states, *(values[slot] for slot in slots)])
        return plain(policy.get(found, found))

    return run


def _narrowed(table: Table, fixed: Sequence[object]) -> Table | Constant | None:
    """The part of a table that is left once some of its dimensions are known."""
    if not fixed:
        return table
    if fixed[0] is None:
        inner = {
            key: part
            for key, value in table.items()
            if (part := value if len(fixed) == 1 else _narrowed(value, fixed[1:])) is not None  # type: ignore[arg-type]
        }
        return inner or None
    for key, value in table.items():
        if fixed[0] in meant(key):
            return value if len(fixed) == 1 else _narrowed(value, fixed[1:])  # type: ignore[arg-type]
    return None


def _by_value(table: Table) -> dict[object, object]:
    """A table keyed by values: a label, and the number that it reads as."""
    found: dict[object, object] = {}
    for key, inner in table.items():
        value = _by_value(inner) if isinstance(inner, Mapping) else plain(inner)
        for meaning in meant(key):
            found[meaning] = value
    return found


def _looked_up(table: dict[object, object], slots: list[int], missing: object, node: Map) -> Term:
    if node.ticked is not None:
        return _ticks(table, slots, missing, node)
    policy = policy_of(node)
    if len(slots) == 1:
        entries: dict[object, object] = {**policy, **table}
        get, only = entries.get, slots[0]
        return lambda values: get(values[only], missing)

    def run(values: Sequence[object]) -> object:
        level: object = table
        found = [values[slot] for slot in slots]
        if any(type(value) is State for value in found):
            return policy[strongest(found)]
        for value in found:
            if not isinstance(level, dict) or value not in level:
                return missing
            level = level[value]
        return level

    return run


def _ticks(table: dict[object, object], slots: list[int], missing: object, node: Map) -> Term:
    single = _looked_up(
        table, slots, missing, Map(node.dims, {}, node.otherwise, node.policy, None)
    )
    folds: dict[str, Callable[..., object]] = {"greatest": max, "least": min, "sum": total}
    fold = folds[str(node.ticked)]
    nothing = 0 if node.ticked == "sum" else policy_of(node)[State.UNANSWERED]

    def run(values: Sequence[object]) -> object:
        ticked = next((values[slot] for slot in slots if type(values[slot]) is frozenset), None)
        if not isinstance(ticked, frozenset):
            return single(values)
        if not ticked:
            return nothing
        one = {slot: values[slot] for slot in slots}
        found = []
        for choice in sorted(ticked):
            for slot in slots:
                if type(values[slot]) is frozenset:
                    one[slot] = choice
            found.append(single(one))  # type: ignore[arg-type]
        if any(type(value) is State for value in found):
            return strongest(found)
        return fold(found)

    return run


def _first_branch(branches: Sequence[Branch]) -> Term:
    *conditional, last = branches
    if not conditional:
        return last.give
    pairs = [(branch.when, branch.give) for branch in conditional]
    otherwise = last.give

    def run(slots: Sequence[object]) -> object:
        for when, give in pairs:
            if when(slots):  # type: ignore[misc]
                return give(slots)
        return otherwise(slots)

    return run


def _banded(of: Term, node: Bands) -> Term:
    policy = policy_of(node)
    edges = [(exact(edge.bound), edge.inclusive, plain(edge.band)) for edge in node.edges]
    rest, from_top = plain(node.rest), node.from_top

    def run(slots: Sequence[object]) -> object:
        value = of(slots)
        if type(value) is State:
            return policy[value]
        for bound, inclusive, band in edges:
            if value == bound:
                if inclusive:
                    return band
            elif (value > bound) is from_top:  # type: ignore[operator]
                return band
        return rest

    return run


def total(values: Sequence[Fraction | int]) -> Fraction | int:
    """An exact sum; adding numerators over like denominators is far faster than one by one."""
    whole = 0
    parts: dict[int, int] = {}
    for value in values:
        if type(value) is int:
            whole += value
        else:
            below = value.denominator
            parts[below] = parts.get(below, 0) + value.numerator
    if not parts:
        return whole
    return exact(sum((Fraction(above, below) for below, above in parts.items()), Fraction(whole)))


def fold_term(node: Fold, members: Sequence[Member]) -> Term:
    """Compile a fold of these members, all of one node."""
    if node.kind in ("any", "all", "count", "ladder") and not all(
        is_expression(part) for part in node.members
    ):
        return _fold_tests(node, members)
    settle = _settler(node)
    policy = _policy(node)
    counts = node.kind == "count"

    def run(slots: Sequence[object]) -> object:
        kept: list[object] = []
        weights: list[object] = []
        passed: list[object] = []
        stopped: list[State] = []
        for member in members:
            if member.where is not None and not member.where(slots):
                continue
            value = member.value(slots)
            weight = 1 if member.weight is None else member.weight(slots)
            if type(weight) is State and type(value) is not State:
                value = weight
            if type(value) is State:
                instead = policy[value]
                if instead == "skip" or counts:
                    passed.append(value)
                    continue
                if instead == "stop" or type(instead) is State:
                    stopped.append(value if instead == "stop" else instead)  # type: ignore[arg-type]
                    continue
                value = instead
                if type(weight) is State:
                    passed.append(weight)
                    continue
            kept.append(value)
            weights.append(weight)
        if stopped:
            return strongest(stopped)
        return settle(kept, weights, passed)

    if len(members) > 1 and node.kind in ("sum", "mean") and not (node.top or node.bottom):
        if all(m.where is None and m.weighs is not None and m.slot is not None for m in members):
            return _summed(node, members, run)
        if node.kind == "sum" and node.weight is None and all(_is_fixed(m) for m in members):
            return _summed_where(node, members)
    return run


def _policy(node: Fold) -> dict[State, object]:
    """What each state counts as: a value, "skip" or "stop"."""
    return {s: plain(v) if v not in ("skip", "stop") else v for s, v in node.policy.items()}


def _is_fixed(member: Member) -> bool:
    return member.where is not None and isinstance(member.fixed, (int, Fraction))


def _summed_where(node: Fold, members: Sequence[Member]) -> Term:
    """The sum of those of some fixed numbers whose condition holds."""
    pairs = [(member.where, member.fixed) for member in members]
    empty = plain(node.empty)

    def run(slots: Sequence[object]) -> object:
        kept = [value for where, value in pairs if where(slots)]  # type: ignore[misc]
        return total(kept) if kept else empty  # type: ignore[arg-type]

    return run


def _summed(node: Fold, members: Sequence[Member], run: Term) -> Term:
    """A sum or mean with fixed weights in one pass; `run` is the same for any other turn."""
    values = itemgetter(*(member.slot for member in members))
    weights = [member.weighs for member in members]
    whole_weight = total(weights)  # type: ignore[arg-type]
    skipped = frozenset(state for state, what in node.policy.items() if what == "skip")
    empty, mean = plain(node.empty), node.kind == "mean"

    def quick(slots: Sequence[object]) -> object:
        whole: Fraction | int = 0
        below = whole_weight
        parts: dict[int, Fraction | int] = {}
        passed = 0
        for value, weight in zip(values(slots), weights, strict=True):
            if type(value) is int:
                if value:
                    whole += value * weight  # type: ignore[operator]
            elif type(value) is Fraction:
                above, size = value.as_integer_ratio()
                parts[size] = parts.get(size, 0) + above * weight  # type: ignore[operator]
            elif value in skipped:
                below -= weight  # type: ignore[operator]
                passed += 1
            else:
                return run(slots)
        if passed == len(weights):
            return empty
        found = whole + sum(Fraction(part, size) for size, part in parts.items())
        if not mean:
            return exact(found)
        return exact(Fraction(found, below)) if below else empty

    return quick


def _fold_tests(node: Fold, members: Sequence[Member]) -> Term:
    kind, tested = node.kind, node.members[0]
    alike = not node.across and all(m.where is None and m.slot is not None for m in members)
    if kind == "any" and alike and isinstance(tested, Holds) and len(members) > 1:
        values, passed = itemgetter(*(member.slot for member in members)), matcher(tested.test)
        # Many rows hold few values, and each is asked once.
        return lambda slots: "true" if any(map(passed, set(values(slots)))) else "false"

    def run(slots: Sequence[object]) -> object:
        found = (
            bool(member.value(slots))
            for member in members
            if member.where is None or member.where(slots)
        )
        if kind == "any":
            return "true" if any(found) else "false"
        if kind == "all":
            return "true" if all(found) else "false"
        if kind == "count":
            return sum(found)
        climbed = 0
        for one in found:
            if not one:
                break
            climbed += 1
        return climbed

    return run


def _may_add(measure: Measure) -> bool:
    """Whether a measure adds up rows, so that what each row adds can be remembered with it."""
    node = measure.node
    return (
        isinstance(node, Fold)
        and node.kind in ("sum", "mean")
        and measure.folds == BY_ROW
        and not (node.across or node.over or node.top or node.bottom)
    )


class _Sums:
    """Sums and means of rows in whole numbers: what each row adds is computed with the row."""

    def __init__(
        self, graph: Graph, kernels: Mapping[Key, Kernel], in_rows: Mapping[int, Key]
    ) -> None:
        self.graph, self.kernels, self.in_rows = graph, kernels, in_rows
        self.denominators = common_denominators(graph)
        self.known: dict[object, int] = {}

    def of(self, cell: Cell) -> Term | None:
        """The sum or mean of a cell; None where rows do not add whole parts of one size to it."""
        measure = self.graph.measures[cell.measure]
        node = measure.node
        if not _may_add(measure) or not isinstance(node, Fold) or len(cell.members) < 2:
            return None
        parts = denominator_of(node.members[0], self.denominators)  # type: ignore[arg-type]
        rows = [self._row(member) for member in cell.members]
        weights = [member.weighs or 0 for member in cell.members]
        if parts is None or None in rows or min(weights) <= 0:
            return None
        parts = lcm(parts, *(v.denominator for v in node.policy.values() if type(v) is Fraction))
        heavy = lcm(*(weight.denominator for weight in weights))
        slots = [
            self._slot(node, member, row, parts, heavy)  # type: ignore[arg-type]
            for member, row in zip(cell.members, rows, strict=True)
        ]
        return _added(node, cell.run, slots, parts if node.kind == "mean" else parts * heavy)

    def _row(self, member: Member) -> Key | None:
        """The row that a member reads; None where it does not read the cells of one row alone."""
        rows = {self.in_rows.get(slot) for slot in member.needs}
        return rows.pop() if len(rows) == 1 else None

    def _slot(self, node: Fold, member: Member, row: Key, parts: int, heavy: int) -> int:
        """The first of two slots: what the row adds, and the weight it adds it with."""
        policy = tuple(node.policy.items())
        same = (row, member.slot, member.weighs, parts, heavy, policy)
        if member.where is None and member.slot is not None and same in self.known:
            return self.known[same]
        kernel = self.kernels[row]
        slot = kernel.last - 1 - 2 * (len(kernel.adds) + 1)
        kernel.adds.append((slot, _adding(node, member, parts, heavy)))
        self.known[same] = slot
        return slot


def _adding(node: Fold, member: Member, parts: int, heavy: int) -> Adding:
    """What a row adds to a sum of weighted values, and its weight, both as whole numbers.

    A whole is divided into `parts`, and a weight of 1 into `heavy`. None is no number: it stops
    the sum.
    """
    policy, where, value_of = _policy(node), member.where, member.value
    weight = int((member.weighs or 0) * heavy)
    times = weight * parts

    def add(slots: Sequence[object]) -> tuple[int | None, int]:
        if where is not None and not where(slots):
            return 0, 0
        value = value_of(slots)
        if type(value) is State:
            value = policy[value]
            if value == "skip":
                return 0, 0
        if type(value) is int:
            return value * times, weight
        if type(value) is Fraction:
            whole, rest = divmod(value.numerator * times, value.denominator)
            return (None if rest else whole), weight
        return None, 0

    return add


def _added(node: Fold, general: Term, slots: Sequence[int], parts: int) -> Term:
    """The sum or mean of what rows add; `general` is the same for any other turn."""
    above_of, below_of = itemgetter(*slots), itemgetter(*(slot + 1 for slot in slots))
    empty, mean = plain(node.empty), node.kind == "mean"

    def run(slots: Sequence[object]) -> object:
        try:
            above = sum(above_of(slots))
        except TypeError:  # a row adds None: no number
            return general(slots)
        below = sum(below_of(slots))
        if not below:
            return empty
        return exact(Fraction(above, parts * below if mean else parts))

    return run


def _settler(node: Fold) -> Callable[[list[object], list[object], list[object]], object]:
    """What a fold makes of the members it keeps, their weights and the states passed over."""
    empty = plain(node.empty)
    rank = {label: place for place, label in enumerate(node.order)}
    kind, top, bottom, weighted = node.kind, node.top, node.bottom, node.weight is not None

    def settle(kept: list[object], weights: list[object], passed: list[object]) -> object:
        if kind == "count":
            return len(kept)
        if kind == "first":
            return kept[0] if kept else strongest(passed) if passed else empty
        if not kept:
            return empty
        if kind in ("least", "greatest"):
            choose = min if kind == "least" else max
            if rank:
                return choose(kept, key=rank.__getitem__)  # type: ignore[arg-type]
            return choose(kept)  # type: ignore[type-var]
        if kind == "product":
            product: Fraction | int = 1
            for value in kept:
                product *= value  # type: ignore[operator]
            return product
        if top or bottom:
            kept = sorted(kept, reverse=bool(top))[: top or bottom]  # type: ignore[type-var]
        if weighted:
            kept = [v * w for v, w in zip(kept, weights, strict=True)]  # type: ignore[operator]
        summed = total(kept)  # type: ignore[arg-type]
        if kind == "sum":
            return summed
        below = total(weights) if weighted else len(kept)  # type: ignore[arg-type]
        return exact(Fraction(summed, below)) if below else empty

    return settle


__all__ = [
    "BY_ROW",
    "Branch",
    "Cell",
    "Compiler",
    "Leaf",
    "Member",
    "Program",
    "Sheet",
    "SheetError",
    "fold_term",
    "holds",
]
