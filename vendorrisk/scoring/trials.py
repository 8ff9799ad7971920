"""What a bounded search finds of a rubric of plain measures, where nothing can be proven of it.

Three things are looked for: a "not applicable" that scores more than a real answer or silence, a
silence that scores more than a real answer, and what tables, bands and cases can give and no sheet
that was tried came to. A find is two sheets that
the engine scored; finding nothing decides nothing. The same rubric always gets the same search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import zip_longest
from random import Random

from vendorrisk.conditions import Condition, State, Value, atoms, bounds, mentions, read_number
from vendorrisk.questionnaire import as_asked
from vendorrisk.scoring.analysis import entries
from vendorrisk.scoring.exact import Leaf, Sheet, SheetError
from vendorrisk.scoring.formula import Expression, Name, Number
from vendorrisk.scoring.graph import (
    Bands,
    Cases,
    Constant,
    Fold,
    Formula,
    Graph,
    Map,
    Measure,
    Node,
    is_expression,
    member_names,
    names_of,
)
from vendorrisk.scoring.proof import comparable
from vendorrisk.scoring.rubric import Rubric, score

MOST_SHEETS = 400
"""Up to so many sheets are scored for one rubric; fewer where it has many cells."""

_MOST_CELLS = 160_000
_FEWEST_SHEETS = 20
_MOST_VALUES = 6
_FEWEST_STARTS = 10
_MARK = "not_applicable"


@dataclass(frozen=True)
class Payment:
    """Two sheets that differ in one question, where `claim` scores more than `answer`.

    The claim is "not applicable", or unanswered: silence. `input` names what the rubric reads,
    `question` whose answer it is. `before` is the overall result of `sheet`, which has the answer
    (or, beside "not applicable", silence), `after` that of `claimed`. `measure` is where the rubric
    says what it does with the claim (`stated`), or where it silently does without; None where no
    measure of the overall result reads it.
    """

    input: str
    question: str
    answer: Value
    sheet: Sheet
    claimed: Sheet
    before: Fraction
    after: Fraction
    measure: Measure | None
    stated: bool
    claim: State = State.NOT_APPLICABLE


@dataclass(frozen=True)
class Trials:
    """What a search of `sheets` sheets found, `compared` of them for "not applicable".

    `claimable` are the inputs for which a sheet may claim "not applicable", or a reviewer approve
    it; `payments` has one for each of them that pays. `silences` has one for each input that pays
    where it is left open, among `hushed` more sheets. `unreached` is measure → what it can give and
    never gave.
    """

    compared: int
    sheets: int
    claimable: tuple[str, ...]
    payments: tuple[Payment, ...]
    unreached: Mapping[str, tuple[Constant, ...]]
    silences: tuple[Payment, ...] = ()
    hushed: int = 0


def search(rubric: Rubric) -> Trials:
    """Search the sheets of a rubric of plain measures."""
    if rubric.everyday is not None:
        raise ValueError("an everyday rubric is proven, not searched")
    return _Search(rubric).trials()


def values_of(rubric: Rubric) -> Mapping[str, tuple[Value, ...]]:
    """For each answer that a rubric reads, a few values in its own order; of a number those that
    the rubric looks at, and beside them.
    """
    return _Search(rubric).values


@dataclass(frozen=True, slots=True)
class _Claim:
    """A "not applicable", an answer or a mark of a reviewer, or a silence put on a sheet."""

    input: str
    leaf: Leaf
    state: State = State.NOT_APPLICABLE


class _Search:
    def __init__(self, rubric: Rubric) -> None:
        self.rubric, self.graph, self.program = rubric, rubric.graph, rubric.program
        self.random = Random(0)  # noqa: S311  # the same search each time, nothing secret
        allowed = _MOST_CELLS // max(len(self.program.order), 1)
        self.most = max(_FEWEST_SHEETS, min(MOST_SHEETS, allowed))
        self.tried = 0
        self.questions = {} if rubric.asked is None else rubric.asked.by_name()
        self.written = _written_numbers(self.graph)
        leaves = self.program.leaves.values()
        self.answers = {leaf.key: leaf for leaf in leaves if leaf.input.source == "answers"}
        self.row_questions = frozenset(self.graph.rows.questions.values())
        self.rows_input = next(
            (i.name for i in self.graph.inputs.values() if i.per_row and i.source == "answers"), ""
        )
        self.values = {key: self._values(leaf) for key, leaf in self.answers.items()}
        self.facts = [leaf for leaf in leaves if leaf.input.source == "facts"]
        self.marks = [leaf for leaf in leaves if leaf.input.source == "review"]
        self.outcomes = {
            name: found
            for name, measure in self.graph.measures.items()
            if (found := tuple(dict.fromkeys(_outcomes(measure.node))))
        }
        self.reached: dict[str, set[object]] = {name: set() for name in self.outcomes}
        self.of_rows = [slot for (_, key), slot in self.program.slots.items() if key]
        self.slots = {
            name: [slot for (measure, _), slot in self.program.slots.items() if measure == name]
            for name in self.outcomes
        }
        overall = next((n for n in self.graph.results if n.name == "overall"), None)
        self.overall = overall.measure if overall is not None else None
        self.goal = (
            self.program.slots[overall.measure, overall.key]
            if overall is not None and overall.measure is not None
            else None
        )

    def trials(self) -> Trials:
        """Pairs of sheets first, with at most half of the sheets; then any sheets at all.

        Silence is looked for last, among as many pairs again.
        """
        claims = list(self._claims())
        found = self._payments(list(claims), self.most // 2)
        compared = self.tried
        while self.tried < self.most and any(self._unreached().values()):
            self._run(self._any_sheet())
        tried = self.tried
        unreached = {name: rest for name, rest in self._unreached().items() if rest}
        silences = self._payments(list(self._silences()), tried + self.most // 2)
        return Trials(
            compared,
            tried,
            tuple(dict.fromkeys(claim.input for claim in claims)),
            tuple(found.values()),
            unreached,
            tuple(silences.values()),
            self.tried - tried,
        )

    def _unreached(self) -> dict[str, tuple[Constant, ...]]:
        return {
            name: tuple(one for one in outcomes if one not in self.reached[name])
            for name, outcomes in self.outcomes.items()
        }

    # -- a "not applicable" that pays --------------------------------------------------------------

    def _claims(self) -> Iterator[_Claim]:
        """Every claim; those of one input are parted by those of the others."""
        leaves = [leaf for leaf in (*self.answers.values(), *self.marks) if self._takes_claim(leaf)]
        yield from _parted(_Claim(self._input_name(leaf), leaf) for leaf in leaves)

    def _silences(self) -> Iterator[_Claim]:
        """Every answer that can be left open, parted likewise; a default is no silence."""
        yield from _parted(
            _Claim(self._input_name(leaf), leaf, State.UNANSWERED)
            for leaf in self.answers.values()
            if leaf.input.default is None
        )

    def _takes_claim(self, leaf: Leaf) -> bool:
        if leaf.input.source == "review":
            return (leaf.input.mark or leaf.input.name) == _MARK and bool(leaf.input.labels)
        question = self.questions.get(leaf.key)
        if question is not None:
            return question.not_applicable is not None
        return State.NOT_APPLICABLE.value in leaf.input.choices

    def _input_name(self, leaf: Leaf) -> str:
        """The input as the author declared it: a row's own name stands for the input of rows."""
        if leaf.input.declared or leaf.key not in self.row_questions:
            return leaf.input.name
        return self.rows_input or leaf.input.name

    def _payments(self, claims: list[_Claim], most: int) -> dict[str, Payment]:
        """One payment for each input, before `most` sheets are tried."""
        found: dict[str, Payment] = {}
        if self.goal is None:
            return found
        inputs, share = {claim.input for claim in claims}, self.most // 2 // _FEWEST_STARTS
        for start in self._starts():
            enough = min(most, self.tried + max(share, 1))
            for claim in claims:
                if claim.input not in found and self.tried < enough:
                    payment = self._payment(start, claim)
                    if payment is not None:
                        found[claim.input] = payment
            if self.tried >= most or found.keys() == inputs:
                break
            self.random.shuffle(claims)  # the next start may have no time for all of them
        return found

    def _payment(self, start: Sheet, claim: _Claim) -> Payment | None:
        """The worst answer to the question on this sheet, if the claim scores more."""
        key = claim.leaf.key
        better = 1 if self.rubric.better == "higher" else -1
        claimed = self._claimed(start, claim)
        after = self._run(claimed)
        if after is None:
            return None
        worst: tuple[Fraction, Value, Sheet] | None = None
        silence = () if claim.state is State.UNANSWERED else (State.UNANSWERED,)
        for answer in (*self.values.get(key, ()), *silence):
            sheet = self._asked({**start.answers, key: answer}, start)
            if not comparable(sheet, claimed, key):
                continue
            before = self._run(sheet)
            if before is not None and (worst is None or before * better < worst[0] * better):
                worst = (before, answer, sheet)
        if worst is None or after * better <= worst[0] * better:
            return None
        before, answer, sheet = worst
        if claim.state is State.UNANSWERED and self._hidden(sheet) != self._hidden(claimed):
            return None  # the answer changes what is asked, so the two compare different things
        told = [score(self.rubric, one).results["overall"].exact for one in (sheet, claimed)]
        if told != [before, after]:
            return None
        measure, stated = self._policy(claim)
        return Payment(
            claim.input, key, answer, sheet, claimed, before, after, measure, stated, claim.state
        )

    def _hidden(self, sheet: Sheet) -> set[int]:
        """The rows and groups that a rubric itself puts aside on a sheet, as places of a run."""
        slots = self.program.run(sheet)
        return {slot for slot in self.of_rows if slots[slot] is State.HIDDEN}

    def _claimed(self, start: Sheet, claim: _Claim) -> Sheet:
        leaf = claim.leaf
        asked = self.answers.get(leaf.key)
        answers = dict(start.answers)
        if claim.state is State.UNANSWERED:
            answers[leaf.key] = State.UNANSWERED
        elif asked is not None and self._takes_claim(asked):
            answers[leaf.key] = State.NOT_APPLICABLE
        sheet = self._asked(answers, start)
        if leaf.input.source != "review":
            return sheet
        label = "approved" if "approved" in leaf.input.labels else leaf.input.labels[0]
        return replace(sheet, marks={**sheet.marks, _MARK: {leaf.key: label}})

    def _policy(self, claim: _Claim) -> tuple[Measure | None, bool]:
        """The measure that says what becomes of the claim, or the first that swallows it."""
        leaf = claim.leaf
        source = leaf.input.source
        of_row = leaf.key in self.graph.rows.questions.values()
        moving = {
            name
            for name, found in self.graph.inputs.items()
            if found.source == source
            and (found.mark or found.name if source == "review" else "")
            == (_MARK if source == "review" else "")
            and ((found.per_row and of_row) or (found.of or found.name) == leaf.key)
        }
        used = _used_by(self.graph, self.overall)
        silent: Measure | None = None
        for name, measure in self.graph.measures.items():
            read = moving.intersection(names_of(measure.node))
            if not read or name not in used:
                continue
            # A mark of this name is read for nothing but what an approval means.
            if source == "review" or _states(measure.node, read, claim.state):
                return measure, True
            if silent is None and isinstance(measure.node, (Cases, Fold)):
                silent = measure
            if _passes_on(measure, claim.state):
                moving.add(name)
        return silent, False

    # -- sheets ------------------------------------------------------------------------------------

    def _starts(self) -> Iterator[Sheet]:
        """Everything at one end, at the other, blank; then any, without end.

        What would replace a computed value hides all else, so each end comes without it, too.
        """
        facts = self._some_facts(anything=False)
        replacing = {
            name
            for measure in self.graph.measures.values()
            if isinstance(measure.node, Fold) and measure.node.kind == "first"
            for member in measure.node.members[:-1]
            for name in member_names(member)
        } & {*self.values}
        for end in (0, -1):
            answers = {k: v[end] for k, v in self.values.items() if v}
            yield self._asked(answers, Sheet({}, facts))
            if replacing:
                computed = {k: v for k, v in answers.items() if k not in replacing}
                yield self._asked(computed, Sheet({}, facts))
        yield self._asked({}, Sheet({}, facts))
        while True:
            yield replace(self._any_sheet(), marks={})

    def _any_sheet(self) -> Sheet:
        """Any answers; half of the time all at one end of their lists but for a few."""
        random = self.random
        silent = random.choice((0.0, 0.0, 0.1, 0.5))
        keys = [key for key, values in self.values.items() if values]
        loose, lean = random.choice((0.0, 0.2, 0.5, 1.0)), random.random()
        others = set(keys)
        if random.random() < 0.5:
            silent, loose, lean = 0.0, 1.0, random.choice((0.0, 1.0))
            others = set(random.sample(keys, min(len(keys), random.randint(1, 3))))
        answers: dict[str, Value] = {}
        for key in keys:
            values, free = self.values[key], key in others
            if free and random.random() < silent:
                continue
            place = random.random() if free and random.random() < loose else lean
            answers[key] = values[round(place * (len(values) - 1))]
            if free and self._takes_claim(self.answers[key]) and random.random() < silent:
                answers[key] = State.NOT_APPLICABLE
        marks: dict[str, dict[str, Value]] = {}
        for leaf in self.marks:
            if leaf.input.labels and self.random.random() < silent:
                by_key = marks.setdefault(leaf.input.mark or leaf.input.name, {})
                by_key[leaf.key] = self.random.choice(leaf.input.labels)
        return self._asked(answers, Sheet({}, self._some_facts(anything=True), marks))

    def _some_facts(self, *, anything: bool) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for leaf in self.facts:
            name = leaf.input.listed_in or leaf.key
            if leaf.input.listed_in is not None:
                was = found.get(name, frozenset())
                assert isinstance(was, frozenset)  # noqa: S101  # it is only set here
                found[name] = was if anything and self.random.random() < 0.5 else was | {leaf.key}
            elif values := self._values(leaf):
                found[name] = self.random.choice(values) if anything else values[0]
        return found

    def _asked(self, answers: Mapping[str, Value], beside: Sheet) -> Sheet:
        """A sheet with these answers, what the questionnaire hides marked as such."""
        if self.rubric.asked is not None:
            answers = {name: a for name, a in answers.items() if a is not State.HIDDEN}
            answers = {**answers, **as_asked(self.rubric.asked, answers, beside.facts)}
        return replace(beside, answers=answers)

    def _values(self, leaf: Leaf) -> tuple[Value, ...]:
        """A few values of an input, in its own order; of a number, those the rubric looks at."""
        found = leaf.input
        if found.many:
            ticks = [frozenset((label,)) for label in found.labels]
            return (*ticks[: _MOST_VALUES - 1], frozenset(found.labels))
        if found.number:
            marks = {read_number(choice) for choice in found.choices}
            marks |= {found.at_least, found.at_most}
            names = {found.name, self._input_name(leaf)}
            for bound in (b for name in names for b in self.written.get(name, ())):
                marks |= {bound, bound - 1, bound + 1} if isinstance(bound, Fraction) else set()
            if found.at_least is None or found.at_most is None:
                marks |= {Fraction(0), Fraction(1), Fraction(10)}
            numbers = sorted(m for m in marks if m is not None and found.accepts(m))
            return (*numbers, *found.labels)
        if found.day:
            days = [b for b in self.written.get(found.name, ()) if isinstance(b, date)]
            return tuple(sorted({*days, date(2020, 1, 1)}))
        return found.labels or ("any text",)

    def _run(self, sheet: Sheet) -> Fraction | None:
        """The overall result, if it is a number; what each measure came to is noted."""
        self.tried += 1
        try:
            slots = self.program.run(sheet)
        except SheetError:
            return None
        for name, seen in self.reached.items():
            if len(seen) < len(self.outcomes[name]):
                values = {slots[slot] for slot in self.slots[name]}
                seen.update(values.intersection(self.outcomes[name]))
        found = None if self.goal is None else slots[self.goal]
        return Fraction(found) if isinstance(found, (int, Fraction)) else None


# -- what a measure says, and may give ------------------------------------------------------------


def _states(node: Node, read: set[str], state: State) -> bool:
    """Whether a measure names the state of what it reads, by a policy or in a condition.

    A fold that takes the first value there is says by its name what silence comes to.
    """
    if isinstance(node, (Formula, Map, Bands)):
        return state in node.policy
    if isinstance(node, Fold) and (
        state in node.said or (node.kind == "first" and state is State.UNANSWERED)
    ):
        return True
    return any(
        name in read and value == state.value
        for condition in _conditions(node)
        for name, value in mentions(condition)
    )


def _passes_on(measure: Measure, state: State) -> bool:
    """Whether the state comes through, for others to deal with."""
    if isinstance(measure.node, Fold):
        return measure.node.policy[state] == "stop"
    return state in measure.span.states


def _parted(claims: Iterable[_Claim]) -> Iterator[_Claim]:
    """The claims, those of one input parted by those of the others."""
    by_input: dict[str, list[_Claim]] = {}
    for claim in claims:
        by_input.setdefault(claim.input, []).append(claim)
    for several in zip_longest(*by_input.values()):
        yield from (claim for claim in several if claim is not None)


def _conditions(node: Node) -> Iterator[Condition]:
    if isinstance(node, Cases):
        yield from (case.when for case in node.cases if case.when is not None)
    elif isinstance(node, Fold):
        for member in node.members:
            if not is_expression(member):
                yield member  # type: ignore[misc]
        if node.where is not None:
            yield node.where


def _used_by(graph: Graph, measure: str | None) -> set[str]:
    """A measure and all that it is computed from."""
    used: set[str] = set()
    todo = [] if measure is None else [measure]
    while todo:
        name = todo.pop()
        if name in graph.measures and name not in used:
            used.add(name)
            todo += names_of(graph.measures[name].node)
    return used


def _outcomes(node: Node) -> Iterator[Constant]:
    """The fixed labels and numbers that a table, bands or cases can give; states are left out."""
    found: list[Constant | None] = []
    match node:
        case Map(ticked="sum"):
            return
        case Map():
            found = [*entries(node.table), node.otherwise]
        case Bands():
            found = [*(edge.band for edge in node.edges), node.rest]
        case Cases():
            found = [_fixed(case.give) for case in node.cases]
    yield from (one for one in found if one is not None and not isinstance(one, State))


def _fixed(give: Expression | str | State) -> Constant | None:
    return give.value if isinstance(give, Number) else give if isinstance(give, str) else None


def _written_numbers(graph: Graph) -> dict[str, list[Fraction | date]]:
    """The numbers and days that measures compare each name with."""
    found: dict[str, list[Fraction | date]] = {}
    for measure in graph.measures.values():
        node = measure.node
        for condition in _conditions(node):
            for name, test in atoms(condition):
                found.setdefault(name, []).extend(bounds(test))
        if isinstance(node, Bands) and isinstance(node.of, Name):
            found.setdefault(node.of.name, []).extend(edge.bound for edge in node.edges)
    return found
