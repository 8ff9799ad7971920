"""The nodes of the graph as operations on whole columns, for what is left after the sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

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
    matcher,
    meant,
)
from vendorrisk.scoring.columns.sheets import ABSENT, Codes
from vendorrisk.scoring.columns.tables import Unfit
from vendorrisk.scoring.columns.values import (
    NEAR,
    Block,
    Coded,
    Number,
    Plan,
    Precision,
    common,
    given,
    precision_of,
)
from vendorrisk.scoring.exact import Cell, Compiler
from vendorrisk.scoring.formula import Apply, Expression, Name
from vendorrisk.scoring.formula import Number as Numeral
from vendorrisk.scoring.graph import (
    Bands,
    Cases,
    Constant,
    Context,
    Fold,
    Formula,
    is_expression,
)


@dataclass(frozen=True, slots=True)
class _Term:
    """A number in the making: floats and states of a block, and how far they can be trusted."""

    run: Callable[[Block], tuple[Any, Any]]
    precision: Precision | None
    stage: int


Flagging = Callable[[Block], Any]


class Vector:
    """Writes one cell of the trunk as operations on whole columns."""

    def __init__(self, plan: Plan, cell: Cell) -> None:
        self.plan, self.cell = plan, cell
        graph = plan.program.graph
        self.measure = graph.measures[cell.measure]
        self.context = graph.contexts(self.measure.grain)[cell.key]
        self.names = Compiler(plan.program, self.measure, cell.key, self.context)
        self.stage = plan.stage_of(cell.needs)

    def column(self) -> Coded | Number:
        """The cell's column. Raises Unfit for what is not done over columns."""
        match self.measure.node:
            case Formula() as node:
                zero = State.NOT_APPLICABLE if node.by_zero is None else node.by_zero
                found = self.term(node.expression, self.context, zero)
                return self._number(_replaced(found, node.policy))
            case Cases() as node:
                return self._cases(node)
            case Bands() as node:
                return self._banded(node)
            case Fold() as node:
                return self._folded(node)
        raise Unfit("a map over long lists of values")

    def _number(self, term: _Term) -> Number:
        return Number(term.run, term.precision, self.stage)

    # -- formulas ---------------------------------------------------------------------------------

    def term(self, expression: Expression, context: Context, zero: Constant) -> _Term:
        """A formula over columns."""
        if isinstance(expression, Numeral):
            return _fixed(expression.value)
        if isinstance(expression, Name):
            known, found = self.names.read(expression.name, context, as_label=False)
            return _fixed(found) if known else self.slot(found)  # type: ignore[arg-type]
        parts = [self.term(part, context, zero) for part in expression.parts]
        return _applied(expression, parts, zero)

    def slot(self, slot: int) -> _Term:
        """The number in a slot."""
        column = self.plan.column(slot)
        if isinstance(column, Coded) and any(_is_label(value) for value in column.values):
            raise Unfit("a number that may also be a label")
        return _Term(lambda block: block.number(slot), column.precision, column.stage)

    # -- conditions -------------------------------------------------------------------------------

    def test(self, condition: Condition, context: Context) -> Flagging | bool:
        """Whether a condition holds for each sheet, or for all of them alike."""
        match condition:
            case Holds(name, asked):
                known, found = self.names.read(name, context, as_label=True)
                if known:
                    return matcher(asked)(found)
                return self._asked(asked, found)  # type: ignore[arg-type]
            case Not(part):
                inner = self.test(part, context)
                if isinstance(inner, bool):
                    return not inner
                return lambda block: ~inner(block)
            case AllOf(parts) | AnyOf(parts):
                every = isinstance(condition, AllOf)
                tests = [self.test(part, context) for part in parts]
                if (not every) in tests:
                    return not every
                left = [found for found in tests if not isinstance(found, bool)]
                return _joined(left, every) if left else every

    def _asked(self, asked: Test, slot: int) -> Flagging | bool:
        column = self.plan.column(slot)
        if isinstance(column, Coded):
            passed = matcher(asked)
            passing = [passed(value) for value in column.values]
            if all(passing) or not any(passing):
                return passing[0]
            if passing.count(True) == 1:
                only = passing.index(True)
                return lambda block: block.codes(slot) == only
            table = np.array(passing)
            return lambda block: table[block.codes(slot)]
        precision = column.precision
        return lambda block: _compared(asked, *block.number(slot), block, precision)

    # -- nodes ------------------------------------------------------------------------------------

    def _cases(self, node: Cases) -> Coded | Number:
        branches: list[tuple[Flagging, _Term | str]] = []
        for case in node.cases:
            when = True if case.when is None else self.test(case.when, self.context)
            if when is False:
                continue
            give: _Term | str
            if isinstance(case.give, str):
                give = case.give
            elif isinstance(case.give, State):
                give = _fixed(case.give)
            else:
                give = self.term(case.give, self.context, State.NOT_APPLICABLE)
            branches.append((lambda block: True, give) if when is True else (when, give))
            if when is True:
                break
        gives = [give for _, give in branches]
        if any(isinstance(give, str) for give in gives):
            return self._labelled(branches)
        terms = [give for give in gives if isinstance(give, _Term)]

        def run(block: Block) -> tuple[Any, Any]:
            number, state = terms[-1].run(block)
            for (when, _), term in zip(branches[-2::-1], terms[-2::-1], strict=True):
                holds = when(block)
                other, others = term.run(block)
                number, state = np.where(holds, other, number), np.where(holds, others, state)
            return number, state

        return self._constants(branches, terms) or Number(
            run, common([term.precision for term in terms]), self.stage
        )

    def _constants(
        self, branches: Sequence[tuple[Flagging, _Term | str]], terms: Sequence[_Term]
    ) -> Coded | None:
        values = [term.run.value for term in terms if isinstance(term.run, _Fixed)]
        if len(values) < len(terms):
            return None
        return self._coded(branches, values)

    def _labelled(self, branches: Sequence[tuple[Flagging, _Term | str]]) -> Coded:
        values: list[object] = []
        for _, give in branches:
            if isinstance(give, str):
                values.append(give)
            elif isinstance(give.run, _Fixed):
                values.append(give.run.value)
            else:
                raise Unfit("a number that may also be a label")
        return self._coded(branches, values)

    def _coded(
        self, branches: Sequence[tuple[Flagging, object]], values: Sequence[object]
    ) -> Coded:
        distinct = {value: number for number, value in enumerate(dict.fromkeys(values))}
        numbers = [np.uint8(distinct[value]) for value in values]

        def codes(block: Block) -> Codes:
            found: Any = numbers[-1]
            for (when, _), number in zip(branches[-2::-1], numbers[-2::-1], strict=True):
                found = np.where(when(block), number, found)
            return np.asarray(found)

        return Coded(list(distinct), codes, self.stage)

    def _banded(self, node: Bands) -> Coded:
        of = self.term(node.of, self.context, State.NOT_APPLICABLE)
        values: list[object] = [edge.band for edge in node.edges]
        values += [node.rest, *(node.policy.get(state, state) for state in State)]
        distinct = {value: number for number, value in enumerate(dict.fromkeys(values))}
        numbers = [np.uint8(distinct[value]) for value in values]
        count = len(node.edges)
        by_state = np.array([0, *numbers[count + 1 :]], np.uint8)

        def codes(block: Block) -> Codes:
            number, state = of.run(block)
            found: Any = numbers[count]
            for edge, band in zip(node.edges[::-1], numbers[count - 1 :: -1], strict=False):
                bound = float(edge.bound)
                _watch(number, state, edge.bound, block, of.precision)
                if node.from_top:
                    holds = number >= bound if edge.inclusive else number > bound
                else:
                    holds = number <= bound if edge.inclusive else number < bound
                found = np.where(holds, band, found)
            return np.asarray(np.where(np.equal(state, 0), found, by_state[state]))

        return Coded(list(distinct), codes, self.stage)

    # -- folds of the trunk -----------------------------------------------------------------------

    def _folded(self, node: Fold) -> Coded | Number:
        members = []
        for _, part, context in self.names.folded(node):
            where: Flagging | bool = True
            if node.where is not None:
                where = self.test(node.where, context)
                if where is False:
                    continue
            members.append((part, context, where))
        if not is_expression(node.members[0]):
            return self._of_tests(
                node,
                [(self.test(part, context), where) for part, context, where in members],  # type: ignore[arg-type]
            )
        if node.order or node.top or node.bottom:
            raise Unfit("a fold of ranked values over long lists of them")
        zero = State.NOT_APPLICABLE
        folded = []
        for part, context, where in members:
            value = self.term(part, context, zero)  # type: ignore[arg-type]
            weight = None if node.weight is None else self.term(node.weight, context, zero)
            folded.append(_Folded(value, weight, where))
        policy = [_policy(node, state) for state in State]
        instead = [given(value) for _, value in policy]
        empty = given(node.empty)
        return Number(
            lambda block: _fold(node, folded, policy, instead, empty, block),
            self._fold_precision(node, folded),
            self.stage,
        )

    def _fold_precision(self, node: Fold, members: Sequence[_Folded]) -> Precision | None:
        constants = [v for v in (*node.policy.values(), node.empty) if isinstance(v, Fraction)]
        parts = [*(m.value.precision for m in members), precision_of(constants)]
        if node.kind in ("least", "greatest", "first"):
            return common(parts)
        if node.kind == "count":
            return Precision(1, float(len(members)))
        worst = common(parts)
        if node.kind == "sum" and node.weight is None and worst and worst.denominator == 1:
            return _bounded(1, worst.most * (len(members) + 1))
        return None

    def _of_tests(
        self, node: Fold, tests: Sequence[tuple[Flagging | bool, Flagging | bool]]
    ) -> Coded | Number:
        kind = node.kind

        def flags(block: Block) -> Iterator[tuple[Any, Any]]:
            for holds, where in tests:
                yield (
                    holds if isinstance(holds, bool) else holds(block),
                    where if isinstance(where, bool) else where(block),
                )

        if kind in ("any", "all"):

            def codes(block: Block) -> Codes:
                found: Any = np.bool_(kind == "all")
                for holds, where in flags(block):
                    if kind == "any":
                        found = found | (np.bool_(holds) & where)
                    else:
                        found = found & (np.bool_(holds) | ~np.bool_(where))
                return np.asarray(found, np.uint8)

            return Coded(("false", "true"), codes, self.stage)

        def run(block: Block) -> tuple[Any, Any]:
            count: Any = 0.0
            climbing: Any = np.bool_(True)
            for holds, where in flags(block):
                counts = np.bool_(holds) & where
                if kind == "ladder":
                    climbing = climbing & (counts | ~np.bool_(where))
                    counts = counts & climbing
                count = count + counts
            return count, np.uint8(0)

        return Number(run, Precision(1, float(len(tests))), self.stage)


def _is_label(value: object) -> bool:
    return not isinstance(value, (int, Fraction, State))


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A constant as a run of a term."""

    value: object
    found: tuple[Any, Any]

    def __call__(self, block: Block) -> tuple[Any, Any]:
        return self.found


def _fixed(value: object) -> _Term:
    number, state = given(value)
    whole = [value] if isinstance(value, (int, Fraction)) else []
    return _Term(_Fixed(value, (np.float64(number), np.uint8(state))), precision_of(whole), 0)


def _bounded(denominator: int, most: float) -> Precision | None:
    return Precision(denominator, most) if denominator * max(most, 1.0) < 2**50 else None


def _replaced(term: _Term, policy: Mapping[State, Constant]) -> _Term:
    """A term whose states a policy replaces."""
    if not policy:
        return term
    numbers = {state: given(instead) for state, instead in policy.items()}
    constants = [value for value in policy.values() if isinstance(value, Fraction)]

    def run(block: Block) -> tuple[Any, Any]:
        number, state = term.run(block)
        before = state
        for absent, (instead, other) in numbers.items():
            here = np.equal(before, ABSENT[absent])
            number, state = np.where(here, instead, number), np.where(here, other, state)
        return number, state

    return _Term(run, common([term.precision, precision_of(constants)]), term.stage)


def _joined(tests: Sequence[Flagging], every: bool) -> Flagging:
    def run(block: Block) -> Any:
        found = tests[0](block)
        for test in tests[1:]:
            found = found & test(block) if every else found | test(block)
        return found

    return run


def _watch(
    number: Any, state: Any, threshold: Fraction, block: Block, precision: Precision | None
) -> None:
    """Note the sheets whose number is too near to a threshold to compare floats."""
    if precision is not None and precision.decides(threshold):
        return
    bound = float(threshold)
    near = np.abs(number - bound) <= NEAR * max(1.0, abs(bound))
    block.near |= near & np.equal(state, 0)


def _compared(
    asked: Test, number: Any, state: Any, block: Block, precision: Precision | None
) -> Any:
    """A test of numbers and states. Only what is a number is ever at least or at most anything."""
    match asked:
        case Is(values):
            found: Any = np.bool_(False)
            for value in {value for word in values for value in meant(word)}:
                if isinstance(value, State):
                    found = found | np.equal(state, ABSENT[value])
                elif isinstance(value, Fraction):
                    _watch(number, state, value, block, precision)
                    found = found | (np.equal(state, 0) & np.equal(number, float(value)))
            return found
        case AtLeast(bound) | AtMost(bound):
            if not isinstance(bound, Fraction):
                return np.bool_(False)
            _watch(number, state, bound, block, precision)
            edge = float(bound)
            holds = number >= edge if isinstance(asked, AtLeast) else number <= edge
            return np.equal(state, 0) & holds
        case Isnt(inner):
            return ~_compared(inner, number, state, block, precision)
        case Every(tests) | Some(tests):
            every = isinstance(asked, Every)
            parts = [_compared(test, number, state, block, precision) for test in tests]
            found = parts[0]
            for part in parts[1:]:
                found = found & part if every else found | part
            return found


def _applied(found: Apply, parts: Sequence[_Term], zero: Constant) -> _Term:
    """An operation over columns; a state among the operands makes the result that state."""
    operation = found.operation
    precisions = [part.precision for part in parts]
    stage = max(part.stage for part in parts)
    step = (
        found.parts[1].value
        if len(found.parts) == 2 and isinstance(found.parts[1], Numeral)
        else Fraction(1)
    )

    def run(block: Block) -> tuple[Any, Any]:
        values, state = [], np.uint8(0)
        for part in parts:
            value, absent = part.run(block)
            values.append(value)
            state = np.maximum(state, absent)
        if operation == "/":
            return _divided(values, state, precisions[1], zero, block)
        if operation in ("up", "down", "nearest"):
            return _rounded(values[0], state, operation, step, precisions[0], block), state
        return _computed(operation, values), state

    return _Term(run, _precision_after(found, precisions, step), stage)


def _computed(operation: str, values: Sequence[Any]) -> Any:
    first = values[0]
    match operation:
        case "+":
            return first + values[1]
        case "-":
            return first - values[1]
        case "*":
            return first * values[1]
        case "**":
            return first ** values[1]
        case "negative":
            return -first
        case "abs":
            return np.abs(first)
    choose = np.minimum if operation == "min" else np.maximum
    for value in values[1:]:
        first = choose(first, value)
    return first


def _divided(
    values: Sequence[Any], state: Any, precision: Precision | None, zero: Constant, block: Block
) -> tuple[Any, Any]:
    above, below = values
    _watch(below, state, Fraction(0), block, precision)
    instead, absent = given(zero)
    here = np.equal(below, 0) & np.equal(state, 0)
    return np.where(here, instead, above / below), np.where(here, absent, state)


def _rounded(
    value: Any,
    state: Any,
    way: str,
    step: Fraction,
    precision: Precision | None,
    block: Block,
) -> Any:
    steps = value * float(step.denominator) / float(step.numerator)
    edges = steps - 0.5 if way == "nearest" else steps
    nearest = np.floor(edges + 0.5)
    # A fraction with a small denominator lies on an edge or well away from it.
    sure = precision is not None and precision.decides(step) and precision.denominator < 10**6
    on_edge = np.abs(edges - nearest) <= NEAR * np.maximum(1.0, np.abs(edges))
    if not sure:
        block.near |= on_edge & np.equal(state, 0)
    steps = np.where(on_edge, nearest + (0.5 if way == "nearest" else 0.0), steps)
    whole = np.ceil(steps) if way == "up" else np.floor(steps + (0.5 if way == "nearest" else 0.0))
    return whole * float(step.numerator) / float(step.denominator)


def _precision_after(
    found: Apply, parts: Sequence[Precision | None], step: Fraction
) -> Precision | None:
    """How far the result of an operation can be trusted."""
    worst = common(parts)
    if worst is None:
        return None
    most = [part.most for part in parts if part is not None]
    whole = worst.denominator == 1
    match found.operation:
        case "min" | "max" | "negative" | "abs":
            return worst
        case "+" | "-" if whole:
            return _bounded(1, sum(most))
        case "*" if whole:
            return _bounded(1, prod(most))
        case "/" if whole and most[1]:
            return _bounded(int(most[1]), most[0])
        case "up" | "down" | "nearest" if step * step.denominator >= 1:
            return _bounded(step.denominator, most[0] + float(step))
    return None


@dataclass(frozen=True, slots=True)
class _Folded:
    """A member of a fold of the trunk."""

    value: _Term
    weight: _Term | None
    where: Flagging | bool


def _policy(node: Fold, state: State) -> tuple[str, Constant]:
    """What a state does to a fold: it is passed over, stops it, or counts as a number."""
    instead = node.policy[state]
    if node.kind == "count":
        return "skip", State.HIDDEN
    if instead in ("skip", "stop"):
        return str(instead), state
    return ("stop", instead) if isinstance(instead, State) else ("give", instead)


def _fold(
    node: Fold,
    members: Sequence[_Folded],
    policy: Sequence[tuple[str, Constant]],
    numbers: Sequence[tuple[float, int]],
    empty: tuple[float, int],
    block: Block,
) -> tuple[Any, Any]:
    """A fold of numbers over columns."""
    kind = node.kind
    start = {"product": 1.0, "least": np.inf, "greatest": -np.inf}.get(kind, 0.0)
    found: Any = start
    below: Any = 0.0
    any_kept: Any = np.bool_(False)
    stopped: Any = np.uint8(0)
    passed: Any = np.uint8(0)
    for member in members:
        value, state = member.value.run(block)
        weight: Any = 1.0
        weightless: Any = np.uint8(0)
        if member.weight is not None:
            weight, weightless = member.weight.run(block)
        here = member.where if isinstance(member.where, bool) else member.where(block)
        state = np.where(np.equal(state, 0), weightless, state)
        kept = np.equal(state, 0) & here
        for code, ((does, _), (instead, stops)) in enumerate(zip(policy, numbers, strict=True), 1):
            is_so = np.equal(state, code) & here
            if not np.any(is_so):
                continue
            if does == "skip":
                passed = np.where(is_so, np.maximum(passed, code), passed)
            elif does == "stop":
                stopped = np.where(is_so, np.maximum(stopped, stops), stopped)
            else:
                weighs = is_so & np.equal(weightless, 0)
                value, kept = np.where(weighs, instead, value), kept | weighs
                passed = np.where(is_so & ~weighs, np.maximum(passed, weightless), passed)
        if kind == "count":
            found = found + kept
        elif kind == "least":
            found = np.where(kept, np.minimum(found, value), found)
        elif kind == "greatest":
            found = np.where(kept, np.maximum(found, value), found)
        elif kind == "product":
            found = np.where(kept, found * value, found)
        elif kind == "first":
            found = np.where(kept & ~any_kept, value, found)
        else:
            found = found + np.where(kept, value * weight, 0.0)
            below = below + np.where(kept, weight, 0.0)
        any_kept = any_kept | kept
    states: Any = np.uint8(0)
    if kind == "mean":
        any_kept = any_kept & ~np.equal(below, 0)
        found = found / below
    if kind != "count":
        number: Any = empty[0]
        absent: Any = np.uint8(empty[1])
        if kind == "first":
            absent = np.where(np.greater(passed, 0), passed, absent)
        found = np.where(any_kept, found, number)
        states = np.where(any_kept, np.uint8(0), absent)
    return found, np.where(np.greater(stopped, 0), stopped, states).astype(np.uint8)
