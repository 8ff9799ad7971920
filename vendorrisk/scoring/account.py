"""What a value is made of, in sentences: for rubrics of plain measures, which have no story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vendorrisk.conditions import State, names
from vendorrisk.scoring.exact import Cell, Leaf, Member, Program
from vendorrisk.scoring.formula import Apply, Expression, Name, Number, Term, names_in, term
from vendorrisk.scoring.graph import Bands, Case, Cases, Context, Fold, Formula, Map, names_of
from vendorrisk.scoring.scorecard import counted, enumerated, readable, said

_MOST_SENTENCES = 4
_MOST_NAMED = 6
_PLACES = 4
_MOST_PLACES = 12
_SIGNS = {"+": "+", "-": "−", "*": "×", "/": "÷", "**": "to the power of"}
_YES = {"true": "yes", "false": "no"}


@dataclass(frozen=True, slots=True)
class Part:
    """What one member brings to a sum or a mean: all parts add up to the value."""

    says: str
    amount: Fraction


@dataclass(frozen=True, slots=True)
class _Kept:
    """A member that counts: what it is called, its value and its weight."""

    says: str
    value: Fraction
    weight: Fraction


class Account:
    """The sentences behind a value: what it was made from, and what that was made from."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.cells: Mapping[int, Cell] = {cell.slot: cell for cell in program.order}
        self.leaves: Mapping[int, Leaf] = {leaf.slot: leaf for leaf in program.leaves.values()}

    def sentences(
        self, slot: int, slots: Sequence[object], told: Sequence[str] = ()
    ) -> Iterator[str]:
        """The value of a slot in a few sentences, itself first, then what it was made from.

        `told` are sentences that stand before, which are not said again.
        """
        todo, seen = [slot], set[int]()
        said_already = set(told)
        while todo and len(said_already) < _MOST_SENTENCES + len(told):
            at = todo.pop(0)
            cell = self.cells.get(at)
            if at in seen or cell is None:
                continue
            seen.add(at)
            sentence = self._sentence(cell, slots)
            if sentence not in said_already:
                said_already.add(sentence)
                yield sentence
            further = [of for of in self._used(cell, slots) if of in self.cells]
            todo += sorted(further, key=lambda of: isinstance(slots[of], str))  # numbers first

    def parts(self, cell: Cell, slots: Sequence[object]) -> tuple[Part, ...]:
        """What each member brings to a sum or a mean that has a value; empty for any other, and

        where no member counts.
        """
        node, value = self.program.graph.measures[cell.measure].node, slots[cell.slot]
        if not isinstance(node, Fold) or node.kind not in ("sum", "mean"):
            return ()
        if type(value) is State or not isinstance(value, (int, Fraction)):
            return ()
        kept, _ = self._kept(node, cell, slots)
        below = sum((one.weight for one in kept), Fraction(0)) if node.kind == "mean" else 1
        return tuple(Part(one.says, one.value * one.weight / below) for one in kept if below)

    def _kept(
        self, node: Fold, cell: Cell, slots: Sequence[object]
    ) -> tuple[list[_Kept], list[State]]:
        """The members that count, and why each of the others has no value."""
        kept: list[_Kept] = []
        without: list[State] = []
        for member in _taken(cell, slots):
            value: object = member.value(slots)
            weight: object = 1 if member.weight is None else member.weight(slots)
            found = node.policy[value] if isinstance(value, State) else value
            if isinstance(found, (int, Fraction)) and isinstance(weight, (int, Fraction)):
                kept.append(_Kept(self._member(node, member), Fraction(found), Fraction(weight)))
            else:
                states = (one for one in (value, weight) if isinstance(one, State))
                without.append(next(states, State.NOT_APPLICABLE))
        if node.top or node.bottom:
            kept.sort(key=lambda one: one.value, reverse=bool(node.top))
            kept = kept[: node.top or node.bottom]
        return kept, without

    # -- one sentence -----------------------------------------------------------------------------

    def _sentence(self, cell: Cell, slots: Sequence[object]) -> str:
        name = self._called(cell.slot)
        name = name[:1].upper() + name[1:]
        how = self._how(cell, slots)
        for branch in () if how else cell.branches:
            if branch.when is None or branch.when(slots):
                if branch.because:
                    return branch.because
                break
        return f"{name}: {word(slots[cell.slot])}{how}."

    def _how(self, cell: Cell, slots: Sequence[object]) -> str:
        """How a value came about, to stand behind it: " = 110 − deducted (5)", ", the sum of …"."""
        measure = self.program.graph.measures[cell.measure]
        node, value = measure.node, slots[cell.slot]
        context = self.program.graph.contexts(measure.grain)[cell.key]
        if isinstance(node, Fold):
            return self._folded(node, cell, slots)
        if type(value) is State:
            without = list(self._without(cell, context, slots))
            if without:
                return f", from {enumerated(without)}"
        if isinstance(node, Formula):
            if type(value) is State:
                return f", as {self._written(node.expression, context, slots)} has no value"
            return self._arithmetic(node.expression, context, slots)
        if isinstance(node, Bands):
            return self._banded(node, context, slots)
        if isinstance(node, Map):
            looked = [self._with_value(name, context, slots) for name in node.dims]
            return f", which the table gives for {enumerated(looked)}"
        return self._chosen(node, cell, context, slots)

    def _without(self, cell: Cell, context: Context, slots: Sequence[object]) -> Iterator[str]:
        """The names that a value was computed from and that have none themselves."""
        node = self.program.graph.measures[cell.measure].node
        for name in dict.fromkeys(names_of(node)):
            slot = self._slot(name, context)
            if slot is not None and slot in cell.needs and type(slots[slot]) is State:
                yield self._with_value(name, context, slots)

    def _arithmetic(self, expression: Expression, context: Context, slots: Sequence[object]) -> str:
        if isinstance(expression, Number):
            return ""
        if isinstance(expression, Name):
            return f", which is the {self._name(expression.name, context)}"
        sign = " = " if expression.operation in _SIGNS else ", "
        return sign + self._written(expression, context, slots)

    def _written(
        self, expression: Expression, context: Context, slots: Sequence[object], inner: bool = False
    ) -> str:
        """A formula with the value of each name beside it."""
        if isinstance(expression, Number):
            return said(expression.value, _MOST_PLACES)
        if isinstance(expression, Name):
            return self._with_value(expression.name, context, slots)
        operation = expression.operation
        parts = [
            self._written(part, context, slots, _needs_brackets(operation, place, part))
            for place, part in enumerate(expression.parts)
        ]
        if operation in _SIGNS:
            text = f"{parts[0]} {_SIGNS[operation]} {parts[1]}"
        elif operation == "negative":
            text = f"−{parts[0]}"
        elif operation in ("min", "max"):
            text = f"the {'least' if operation == 'min' else 'greatest'} of {enumerated(parts, 20)}"
        elif operation == "abs":
            text = f"the size of {parts[0]}"
        else:
            way = "to the nearest" if operation == "nearest" else f"{operation} to the next"
            step = "whole number" if parts[1] == "1" else parts[1]
            text = f"{parts[0]}, rounded {way} {step}"
        return f"({text})" if inner else text

    def _banded(self, node: Bands, context: Context, slots: Sequence[object]) -> str:
        """The band with its edges; the number with as many places as it takes to tell the side."""
        value = term(node.of, lambda name: self._term(name, context), State.NOT_APPLICABLE)(slots)
        if not isinstance(value, (int, Fraction)):
            return ""
        shown = _telling(value, [edge.bound for edge in node.edges])
        bounds = " and ".join(_limits(node, value))
        if isinstance(node.of, Name):
            named = f"{self._name(node.of.name, context)} ({shown})"
            return f", as {named} is {bounds}" if bounds else f", from {named}"
        named = f"{self._written(node.of, context, slots)} is {shown}"
        return f", as {named}, which is {bounds}" if bounds else f", as {named}"

    def _chosen(self, node: Cases, cell: Cell, context: Context, slots: Sequence[object]) -> str:
        """What the case gives that fired, and what it asked."""
        fired = _fired(node, cell, slots)
        if fired is None:
            return ""
        how = ""
        if not isinstance(fired.give, (str, State)):
            how = self._arithmetic(fired.give, context, slots)
        if fired.because:
            return how  # the sentence says why
        asked = [
            f"{self._name(name, context)} is {word(slots[slot])}"
            for name in self._asked(node, fired)
            if (slot := self._slot(name, context)) is not None
            and slot in cell.needs
            and (fired.when is not None or _is_label(slots[slot]))
        ]
        return f"{how}, as {enumerated(asked)}" if asked else how

    def _asked(self, node: Cases, fired: Case) -> list[str]:
        """The names that were asked to choose a case; of the last, all that were asked before."""
        looked = [fired] if fired.when is not None else list(node.cases)
        return list(
            dict.fromkeys(name for case in looked if case.when for name in names(case.when))
        )

    # -- what a name is called --------------------------------------------------------------------

    def _called(self, slot: int, name: str = "") -> str:
        cell = self.cells.get(slot)
        if cell is not None:
            says = self.program.graph.measures[cell.measure].says
            says = says or readable(cell.measure).replace(".", " ")
            return says + (f" of {readable(' '.join(cell.key))}" if cell.key else "")
        leaf = self.leaves.get(slot)
        return readable(name if leaf is None else leaf.key)

    def _name(self, name: str, context: Context) -> str:
        """What a name is called within a sentence."""
        slot = self._slot(name, context)
        says = readable(name) if slot is None else self._called(slot, name)
        return says[:1].lower() + says[1:] if says[1:2].islower() else says

    def _with_value(self, name: str, context: Context, slots: Sequence[object]) -> str:
        slot = self._slot(name, context)
        value = context.get(name) if slot is None or slot >= len(slots) else slots[slot]
        return f"{self._name(name, context)} ({word(value)})"

    def _member(self, node: Fold, member: Member) -> str:
        """What a member is called: a listed one by its name, one of many by its row or group."""
        if node.across and member.slot is not None:
            says = self._called(member.slot, member.says)
            return says[:1].lower() + says[1:] if says[1:2].islower() else says
        return readable(member.says)

    # -- folds ------------------------------------------------------------------------------------

    def _folded(self, node: Fold, cell: Cell, slots: Sequence[object]) -> str:
        taken = list(_taken(cell, slots))
        every = len(taken)
        value = slots[cell.slot]
        if node.kind in ("sum", "mean") and type(value) is State:
            return ", as what it is made from has no value"
        if node.kind in ("sum", "mean"):
            return self._added_up(node, cell, slots)
        if node.kind == "count":
            return f" of {every}"
        if node.kind == "ladder":
            return self._climbed(node, taken, value)
        if node.kind in ("any", "all"):
            return self._tested(node, taken, slots)
        deciding = [
            self._member(node, member)
            for member in taken
            if member.says and member.value(slots) == value
        ]
        kind = f", the {node.kind} of {every}"
        return f"{kind}: {enumerated(deciding, 4)}" if deciding else kind

    def _added_up(self, node: Fold, cell: Cell, slots: Sequence[object]) -> str:
        kept, without = self._kept(node, cell, slots)
        if not kept:
            return ", as nothing that counts towards it has a value"
        chosen = ""
        if node.top or node.bottom:
            which = "greatest" if node.top else "least"
            every = sum(1 for _ in _taken(cell, slots)) - len(without)
            chosen = f"the {len(kept)} {which} of {every}: "
        number = Counter(word(state) for state in without)
        left = "; left out: " + ", ".join(f"{n} {state}" for state, n in number.items())
        left = left if without else ""
        if node.kind == "sum":
            return f", the sum of {chosen}{_summed(self.parts(cell, slots), len(kept))}{left}"
        mean = f", the {'weighted ' if node.weight else ''}mean of {chosen}"
        if chosen or node.across:
            return mean + enumerated([f"{one.says} ({word(one.value)})" for one in kept]) + left
        mean += counted(len(kept), "value")
        least = min(one.value for one in kept)
        greatest = max(one.value for one in kept)
        if least == greatest:
            return f"{mean}, {'each' if len(kept) > 1 else 'which is'} {word(least)}{left}"
        points = sum((one.value * one.weight for one in kept), Fraction(0))
        weights = sum((one.weight for one in kept), Fraction(0))
        mean += f" ({word(points)} ÷ {word(weights)})"
        low, high = (
            enumerated([one.says for one in kept if one.value == value], 3)
            for value in (least, greatest)
        )
        return f"{mean}, from {word(least)} ({low}) to {word(greatest)} ({high}){left}"

    def _climbed(self, node: Fold, taken: Sequence[Member], value: object) -> str:
        reached = int(value) if isinstance(value, (int, Fraction)) else 0
        if reached >= len(taken):
            return f", as all {counted(len(taken), 'step')} hold"
        stops = self._member(node, taken[reached])
        stop = f" ({stops})" if stops else ""
        if not reached:
            return f" of {len(taken)}, as the first step{stop} does not hold"
        return f" of {len(taken)}, as step {reached + 1}{stop} does not hold"

    def _tested(self, node: Fold, taken: Sequence[Member], slots: Sequence[object]) -> str:
        every = len(taken)
        holding = [self._member(node, one) for one in taken if one.value(slots) is True]
        failing = [self._member(node, one) for one in taken if one.value(slots) is False]
        if node.kind == "any":
            if not holding:
                return ", as none of them holds" if every > 1 else ""
            return f", because of {enumerated(holding, 4)}" if all(holding) else ""
        if not failing:
            return f", as all {every} hold" if every > 1 else ""
        return f", because of {enumerated(failing, 4)}" if all(failing) else ""

    # -- what it was made from --------------------------------------------------------------------

    def _used(self, cell: Cell, slots: Sequence[object]) -> list[int]:
        """The slots of what a value was computed from; of cases, of the one that fired."""
        measure = self.program.graph.measures[cell.measure]
        node = measure.node
        if isinstance(node, Fold) and not node.across:
            return self._stopping(node, cell, slots)
        context = self.program.graph.contexts(measure.grain)[cell.key]
        told: Sequence[str] = list(names_of(node))
        if isinstance(node, Cases) and (fired := _fired(node, cell, slots)) is not None:
            given = () if isinstance(fired.give, (str, State)) else names_in(fired.give)
            asked = self._asked(node, fired)
            if fired.when is None:  # what did not hold tells nothing
                asked = [name for name in asked if self._value(name, cell, slots) != "false"]
            told = [*given, *asked]
        found = (self._slot(name, context) for name in dict.fromkeys(told))
        return [slot for slot in dict.fromkeys(found) if slot is not None and slot in cell.needs]

    def _stopping(self, node: Fold, cell: Cell, slots: Sequence[object]) -> list[int]:
        """Of a ladder, the step that does not hold: what it needs is what is missing."""
        value = slots[cell.slot]
        taken = list(_taken(cell, slots))
        if node.kind != "ladder" or not isinstance(value, (int, Fraction)) or value >= len(taken):
            return []
        slot = taken[int(value)].slot
        return [] if slot is None else [slot]

    def _term(self, name: str, context: Context) -> Term:
        slot = self._slot(name, context)
        if slot is None:
            return lambda slots: context.get(name, State.NOT_APPLICABLE)
        return lambda slots: slots[slot]

    def _value(self, name: str, cell: Cell, slots: Sequence[object]) -> object:
        measure = self.program.graph.measures[cell.measure]
        slot = self._slot(name, self.program.graph.contexts(measure.grain)[cell.key])
        return None if slot is None or slot not in cell.needs else slots[slot]

    def _slot(self, name: str, context: Context) -> int | None:
        graph = self.program.graph
        measure = graph.measures.get(name)
        if measure is not None:
            key = tuple(str(context[column]) for column in measure.grain)
            return self.program.slots.get((name, key))
        if name in graph.inputs:
            return self.program.leaf_slot(name, context)
        return None


def word(value: object) -> str:
    """A value for a sentence: numbers rounded down to four places, ticks as a list."""
    if isinstance(value, State):
        return "not asked" if value is State.HIDDEN else readable(value.value)
    if isinstance(value, (int, Fraction)):
        return said(value, _PLACES)
    if isinstance(value, frozenset):
        return " and ".join(readable(one) for one in sorted(value)) or "none"
    return _YES.get(str(value)) or readable(str(value))


def _is_label(value: object) -> bool:
    return type(value) is State or (isinstance(value, str) and value not in _YES)


def _taken(cell: Cell, slots: Sequence[object]) -> Iterator[Member]:
    """The members of a fold that it folds."""
    return (one for one in cell.members if one.where is None or one.where(slots))


def _fired(node: Cases, cell: Cell, slots: Sequence[object]) -> Case | None:
    """The case that fired; None where the row ruled some out, so that it cannot be told."""
    left = list(node.cases)[: len(cell.branches)]
    if any(one.because != branch.because for one, branch in zip(left, cell.branches, strict=True)):
        return None
    for case, branch in zip(left, cell.branches, strict=True):
        if branch.when is None or branch.when(slots):
            # A case that is left out of the branches can only be one before this one.
            return case if len(cell.branches) == len(node.cases) or case.when is None else None
    return None


def _limits(node: Bands, value: Fraction | int) -> list[str]:
    """Between which edges a value lies, as phrases: the lower one first."""
    above, below = {True: "at least", False: "above"}, {True: "at most", False: "below"}
    near, far = (above, below) if node.from_top else (below, above)
    found: list[str] = []
    before = None
    for edge in node.edges:
        beyond = value > edge.bound if node.from_top else value < edge.bound
        if beyond or (edge.inclusive and value == edge.bound):
            found = [f"{near[edge.inclusive]} {said(edge.bound, _MOST_PLACES)}"]
            break
        before = edge
    if before is not None:
        found.append(f"{far[not before.inclusive]} {said(before.bound, _MOST_PLACES)}")
    return found if node.from_top else found[::-1]


def _telling(value: Fraction | int, edges: Sequence[Fraction]) -> str:
    """A number with as many places as it takes to stand on its own side of every edge."""
    for places in range(_PLACES, _MOST_PLACES + 1):
        shown = Fraction(int(value * 10**places // 1), 10**places)
        if all(
            (shown < edge) == (value < edge) and (shown > edge) == (value > edge) for edge in edges
        ):
            return said(value, places)
    return f"a little more than {said(value, _MOST_PLACES)}"


def _needs_brackets(operation: str, place: int, part: Expression) -> bool:
    """Whether a part of an operation is told in brackets."""
    if not isinstance(part, Apply):
        return False
    if operation in ("min", "max", "abs"):
        return True
    if operation not in _SIGNS and operation != "negative":
        return False  # it is rounded as a whole
    if part.operation not in _SIGNS or operation in ("**", "negative"):
        return True
    if part.operation in ("+", "-"):
        return operation in ("*", "/") or (operation == "-" and place == 1)
    return operation == "/" and place == 1 and part.operation != "**"


def _summed(parts: Sequence[Part], every: int) -> str:
    telling = sorted(
        (part for part in parts if part.amount), key=lambda part: abs(part.amount), reverse=True
    )
    if not telling:
        return f"{counted(every, 'value')}, each 0" if every > 1 else "one value, which is 0"
    named = [f"{part.says} ({word(part.amount)})" for part in telling[:_MOST_NAMED]]
    left = telling[_MOST_NAMED:]
    rest = word(sum((part.amount for part in left), Fraction(0)))
    return enumerated([*named, f"{len(left)} more ({rest} together)"] if left else named)
