"""What a value is made of, in sentences: for rubrics of plain measures, which have no story."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vendorrisk.conditions import State
from vendorrisk.scoring.exact import Cell, Leaf, Program
from vendorrisk.scoring.graph import Bands, Cases, Context, Fold, names_of
from vendorrisk.scoring.scorecard import said

_MOST_SENTENCES = 4
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Part:
    """What one member brings to a sum or a mean: all parts add up to the value."""

    says: str
    amount: Fraction


class Account:
    """The sentences behind a value: what it was made from, and what that was made from."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.cells: Mapping[int, Cell] = {cell.slot: cell for cell in program.order}
        self.leaves: Mapping[int, Leaf] = {leaf.slot: leaf for leaf in program.leaves.values()}

    def sentences(self, slot: int, slots: Sequence[object]) -> Iterator[str]:
        """The value of a slot in a few sentences, itself first, then what it was made from."""
        todo, seen = [slot], set[int]()
        told = 0
        while todo and told < _MOST_SENTENCES:
            at = todo.pop(0)
            cell = self.cells.get(at)
            if at in seen or cell is None:
                continue
            seen.add(at)
            yield self._sentence(cell, slots)
            told += 1
            further = [of for _, of in self._used(cell, slots) if of in self.cells]
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
        kept: list[tuple[str, Fraction, Fraction]] = []
        for member in cell.members:
            if member.where is not None and not member.where(slots):
                continue
            found: object = member.value(slots)
            weight: object = 1 if member.weight is None else member.weight(slots)
            if isinstance(found, State):
                found = node.policy[found]
            if isinstance(found, (int, Fraction)) and isinstance(weight, (int, Fraction)):
                kept.append((member.says, Fraction(found), Fraction(weight)))
        if node.top or node.bottom:
            kept.sort(key=lambda one: one[1], reverse=bool(node.top))
            kept = kept[: node.top or node.bottom]
        below = sum((weight for *_, weight in kept), Fraction(0)) if node.kind == "mean" else 1
        return tuple(Part(says, found * weight / below) for says, found, weight in kept if below)

    # -- one sentence -----------------------------------------------------------------------------

    def _sentence(self, cell: Cell, slots: Sequence[object]) -> str:
        measure = self.program.graph.measures[cell.measure]
        name = self._named(cell.slot, "")
        name = name[:1].upper() + name[1:]
        value = word(slots[cell.slot])
        node = measure.node
        if isinstance(node, Fold) and not (node.across and node.kind in ("sum", "mean")):
            return f"{name}: {value}, {self._folded(node, cell, slots)}."
        used = self._used(cell, slots)
        if not used:
            return f"{name}: {value}."
        named = [f"{self._named(of, says)} ({word(slots[of])})" for says, of in used]
        verb = "the band of" if isinstance(node, Bands) else "from"
        return f"{name}: {value}, {verb} {_listed(named)}."

    def _named(self, slot: int, name: str) -> str:
        cell = self.cells.get(slot)
        if cell is not None:
            says = self.program.graph.measures[cell.measure].says
            says = says or cell.measure.replace("_", " ").replace(".", " ")
            return says + (f" of {' '.join(cell.key)}" if cell.key else "")
        leaf = self.leaves.get(slot)
        return name if leaf is None else leaf.key

    def _folded(self, node: Fold, cell: Cell, slots: Sequence[object]) -> str:
        parts = self.parts(cell, slots)
        if node.kind == "sum":
            telling = sorted(
                (part for part in parts if part.amount),
                key=lambda part: abs(part.amount),
                reverse=True,
            )
            if not telling:
                return f"the sum of {_count(len(parts), 'part')}, none of which counts"
            named = [f"{part.says} ({word(part.amount)})" for part in telling[:_MOST_NAMED]]
            left = telling[_MOST_NAMED:]
            rest = word(sum((part.amount for part in left), Fraction(0)))
            return "the sum of " + _listed(
                [*named, f"{len(left)} more ({rest} together)"] if left else named
            )
        if node.kind == "mean":
            values = [
                (member.says, value)
                for member in cell.members
                if (member.where is None or member.where(slots))
                and isinstance(value := member.value(slots), (int, Fraction))
            ]
            if not values:
                return "the mean of nothing that has a value"
            least = min(value for _, value in values)
            greatest = max(value for _, value in values)
            mean = f"the {'weighted ' if node.weight else ''}mean of {_count(len(values), 'value')}"
            if least == greatest:
                return f"{mean}, all {word(least)}"
            low = [says for says, value in values if value == least]
            return f"{mean}, from {word(least)} ({_listed(low, 3)}) to {word(greatest)}"
        every = len(cell.members)
        if node.kind == "count":
            return f"counted among {every}"
        if node.kind == "ladder":
            return f"as many of {_count(every, 'step')} hold before the first that does not"
        if node.kind in ("any", "all"):
            holds = slots[cell.slot] == "true"
            if node.kind == "any":
                return f"{'at least one' if holds else 'none'} of {every} holds"
            return f"all of {every} hold" if holds else f"not all of {every} hold"
        members = [
            member.says
            for member in cell.members
            if member.says
            and (member.where is None or member.where(slots))
            and member.value(slots) == slots[cell.slot]
        ]
        kind = f"the {node.kind} of {every}"
        return f"{kind}, by {_listed(members, 3)}" if members else kind

    # -- what it was made from --------------------------------------------------------------------

    def _used(self, cell: Cell, slots: Sequence[object]) -> list[tuple[str, int]]:
        """The names that a value was computed from, with their slots; of cases, those looked at."""
        measure = self.program.graph.measures[cell.measure]
        node = measure.node
        if isinstance(node, Fold) and not node.across:
            return []
        if isinstance(node, Cases) and len(cell.branches) == len(node.cases):
            fired = next(
                place
                for place, branch in enumerate(cell.branches)
                if branch.when is None or branch.when(slots)
            )
            node = Cases(node.cases[: fired + 1])
        context = self.program.graph.contexts(measure.grain)[cell.key]
        found = {
            slot: name
            for name in dict.fromkeys(names_of(node))
            if (slot := self._slot(name, context)) is not None and slot in cell.needs
        }
        return [(name, slot) for slot, name in found.items()]

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
        return value.value.replace("_", " ")
    if isinstance(value, (int, Fraction)):
        return said(value, 4)
    if isinstance(value, frozenset):
        return " and ".join(sorted(value)) or "none"
    return str(value).replace("_", " ")


def _listed(names: Sequence[str], most: int = _MOST_NAMED + 1) -> str:
    """ "a, b and c", or "a, b and 7 more"."""
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
