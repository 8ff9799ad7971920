"""Why a measure has its value: the cases that fired and the members that decided, in a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

from vendorrisk.conditions import State
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring.account import Account
from vendorrisk.scoring.everyday import Everyday
from vendorrisk.scoring.exact import MOST_REMEMBERED, Cell, Program
from vendorrisk.scoring.formula import Name, rounded
from vendorrisk.scoring.graph import (
    BY_ROW,
    Bands,
    Cases,
    Fold,
    Formula,
    Graph,
    Map,
    Named,
    Node,
    Rounding,
)
from vendorrisk.scoring.scorecard import Result, Scorecard, Used, enumerated, readable
from vendorrisk.scoring.story import Story


class Explainer:
    """Turns the slots of a run into a scorecard; where to look is found once for each rubric."""

    def __init__(
        self, program: Program, everyday: Everyday | None, asked: Questionnaire | None
    ) -> None:
        self.program, self.everyday, self.asked = program, everyday, asked is not None
        # The story may ask for inputs that no measure reads, so it comes first.
        self.story = None if everyday is None or asked is None else Story(program, everyday, asked)
        self.leaf_at = {leaf.slot: leaf for leaf in program.leaves.values()}
        self.cell_at = {cell.slot: cell for cell in program.cells.values()}
        graph = program.graph
        # Where the value tells everything else, what was said of it is remembered.
        self._by_value: dict[int, dict[object, Used]] = {
            cell.slot: {} for cell in program.cells.values() if _told_by_value(graph, cell)
        }
        self._may_bind = {
            cell.slot
            for cell in program.cells.values()
            if cell.members and _may_bind(graph.measures[cell.measure].node)
        }
        self.account = Account(program)
        self.told = [
            (cell.slot, self._by_value.get(cell.slot), cell)
            for cell in program.order
            if graph.measures[cell.measure].grain != BY_ROW
        ]

    def scorecard(
        self, slots: Sequence[object], ignored: tuple[str, ...], digests: Mapping[str, str]
    ) -> Scorecard:
        """Everything that the values of one run come to."""
        derivation = tuple(
            [
                (None if known is None else known.get(slots[slot])) or self.used(cell, slots)
                for slot, known, cell in self.told
            ]
        )
        results = {named.name: self.result(named, slots) for named in self.program.graph.results}
        if "overall" not in results:
            why = "This rubric gives no overall result."
            results = {"overall": Result(State.NOT_APPLICABLE, None, (why,)), **results}
        if self.story is None:
            return Scorecard(results, (), (), (), (), derivation, ignored, digests)
        told = self.story.tell(slots, results)
        return Scorecard(
            told.results,
            told.rules,
            told.lines,
            told.domains,
            told.waterfall,
            derivation,
            ignored,
            digests,
        )

    # -- one measure ----------------------------------------------------------------------------

    def used(self, cell: Cell, slots: Sequence[object]) -> Used:
        """What a measure came to, and through which case or members."""
        value = slots[cell.slot]
        known = self._by_value.get(cell.slot)
        if known is not None and value in known:
            return known[value]
        because, binding = "", tuple[str, ...]()
        if cell.branches:
            for branch in cell.branches:
                if branch.when is None or branch.when(slots):
                    because = branch.because
                    break
        elif cell.slot in self._may_bind:
            binding = tuple(binding_members(self.program, cell, slots))
        found = Used(cell.measure, cell.key, _exact(value), because, binding)
        if known is not None:
            if len(known) >= MOST_REMEMBERED:
                known.clear()
            known[value] = found
        return found

    def result(self, named: Named, slots: Sequence[object]) -> Result:
        """A named result with its reasons."""
        if named.measure is None:
            state = named.state or State.NOT_APPLICABLE
            missing = "overall result" if named.name == "overall" else "score for this"
            return Result(state, None, (f"This rubric gives no {missing}.",))
        slot = self.program.slots[named.measure, named.key]
        why = list(self.reasons(slot, slots))
        value = slots[slot]
        if type(value) is State:
            why += self.missing(slot, slots, value)
        # What is asked of a vendor tells in its own words; a method tells its arithmetic, too.
        tells = type(value) is not State and not self.asked
        if self.story is None and (tells or not why):
            why += self.account.sentences(slot, slots, tuple(why))
        return self.shown(named, value, tuple(why))

    def shown(self, named: Named, value: object, why: tuple[str, ...] = ()) -> Result:
        """A value as the named result shows it."""
        found = _exact(value)
        shown = None if isinstance(found, State) else _shown(found, named.shown)
        return Result(found, shown, why)

    def reasons(self, slot: int, slots: Sequence[object]) -> Iterator[str]:
        """The sentences of the cases that fired on the way to a value."""
        seen: set[int] = set()
        while slot in self.cell_at and slot not in seen:
            seen.add(slot)
            cell = self.cell_at[slot]
            measure = self.program.graph.measures[cell.measure]
            if isinstance(measure.node, Fold) and not measure.node.across:
                return  # many rows went in; their lines tell why
            used = self.used(cell, slots)
            if used.because:
                yield used.because
            if used.binding and isinstance(measure.node, Fold) and measure.node.across:
                says = [self._called(name) for name in used.binding if name]
                if says:
                    verb = "decides" if len(says) == 1 else "decide"
                    yield f"{self._called(cell.measure)}: {enumerated(says)} {verb}."
            if type(slots[slot]) is not State and not _passes_on(measure.node):
                return  # the same value elsewhere is a coincidence
            value = slots[slot]
            cells = [n for n in cell.needs if n in self.cell_at and _equal(slots[n], value)]
            if len(cells) != 1:
                return
            slot = cells[0]

    def _called(self, measure: str) -> str:
        found = self.program.graph.measures.get(measure)
        return found.says if found is not None and found.says else measure

    def missing(self, slot: int, slots: Sequence[object], state: State) -> Iterator[str]:
        """Which inputs leave a result without a value."""
        if state not in (State.UNANSWERED, State.INCONCLUSIVE):
            return
        todo, seen, found = [slot], set[int](), dict[str, None]()
        while todo:
            at = todo.pop()
            if at in seen or slots[at] is not state:
                continue
            seen.add(at)
            if at in self.leaf_at:
                found[self.leaf_at[at].key] = None
            elif at in self.cell_at:
                todo += self.cell_at[at].needs
        if found:
            verb = "is" if len(found) == 1 else "are"
            keys = enumerated([readable(key) for key in sorted(found)], 6)
            yield f"It has no value, because {keys} {verb} {state.value}."


def _passes_on(node: Node) -> bool:
    """Whether a value may be another measure's own."""
    if isinstance(node, Formula):
        return isinstance(node.expression, Name)
    return isinstance(node, (Cases, Fold))


def binding_members(program: Program, cell: Cell, slots: Sequence[object]) -> Iterator[str]:
    """The members that decided a least, greatest, first, any or all."""
    node = program.graph.measures[cell.measure].node
    if not isinstance(node, Fold) or not _may_bind(node):
        return
    value = slots[cell.slot]
    if node.kind in ("any", "all"):
        wanted: object = node.kind == "any"
        if (value == "true") is not wanted:
            return  # all hold, or none does: no single member decides
    else:
        wanted = value
    for member in cell.members:
        if member.where is not None and not member.where(slots):
            continue
        if member.value(slots) == wanted:
            yield member.says
            if node.kind == "first":
                return


def _told_by_value(graph: Graph, cell: Cell) -> bool:
    """Whether the value of a measure, a label mostly, tells which case fired."""
    node = graph.measures[cell.measure].node
    if cell.branches:
        reasons = {branch.fixed: branch.because for branch in cell.branches}
        return None not in reasons and all(
            reasons[branch.fixed] == branch.because for branch in cell.branches
        )
    return isinstance(node, (Map, Bands)) or (
        isinstance(node, Fold) and node.kind in ("count", "ladder")
    )


def _may_bind(node: Node) -> bool:
    """Whether single members may decide a value."""
    return isinstance(node, Fold) and node.kind in ("least", "greatest", "first", "any", "all")


def _equal(one: object, other: object) -> bool:
    """Whether values are equal; a Fraction takes long to find that it is no label."""
    return one is other or ((type(one) is type(other) or type(one) is not str) and one == other)


_EXACT = frozenset({State, str, Fraction})
_whole = lru_cache(maxsize=4096)(Fraction)


def _exact(value: object) -> Fraction | str | State:
    if type(value) in _EXACT:
        return value  # type: ignore[return-value]
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return str(value)


def _shown(value: Fraction | str, rounding: Rounding | None) -> Fraction | str:
    if isinstance(value, str) or rounding is None:
        return value
    found = rounded(value, rounding.way, rounding.step)
    return _whole(found) if type(found) is int else Fraction(found)
