"""What an everyday rubric promises, proven for one rubric: signs first, then the engine itself.

Each promise is proved by following signs through the rubric's graph (`signs`), refuted by two
sheets that the engine scores the wrong way round, or left open. With facts, marks and the visible
questions equal: a better answer never lowers the overall score, nor does better assurance; silence
and "not applicable" that nobody approved never score more than an answer; ceilings only lower.

An answer is better if it stands earlier in the list; of ticks, where one more of them (or one less,
with `ticked: worst`) changes; of numbers, if they lie towards the better bands. A verdict
"contradicted" is about an answer, so silence is compared with answers that nobody contradicts.
No rule is lifted: that is decided about one submission, and taken back where its answers change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, islice, pairwise, product
from typing import Literal

from vendorrisk.conditions import (
    DONT_KNOW,
    Condition,
    Is,
    State,
    Test,
    Value,
    alternatives,
    atoms,
    names,
    passes,
)
from vendorrisk.questionnaire import (
    Question,
    Questionnaire,
    as_asked,
    telling_answers,
)
from vendorrisk.scoring.everyday import Criterion, Everyday, claimed, telling_replies
from vendorrisk.scoring.exact import Leaf, Sheet, SheetError
from vendorrisk.scoring.expansion import LIFTED
from vendorrisk.scoring.formula import Name
from vendorrisk.scoring.graph import Cases, Fold, Formula, Graph
from vendorrisk.scoring.rubric import Rubric
from vendorrisk.scoring.signs import Move, Moves, Signs, Through, Tie, still

Status = Literal["proved", "refuted", "not decided"]

SAYS = {
    "better-choice": "A better answer never lowers the score.",
    "better-assurance": "Better evidence never lowers the score.",
    "silence": "Leaving a question open never scores more than answering it.",
    "not-applicable": "“Not applicable” without approval never scores more than an answer.",
    "ceilings": "A knockout, a cap or a weak critical domain only lowers the score.",
}
"""The promises, in the order in which they are told."""

MOST_TRIED = 300
"""Up to so many pairs of sheets are scored in search of a counter-example, for one question."""

_MOST_TICKS = 8
_MOST_KINDS = 7
_MOST_FACTS = 32


@dataclass(frozen=True)
class CounterExample:
    """Two sheets that differ in one answer or its assurance; the engine found the second lower.

    `before` and `after` are the answers (or levels) of `question`, `answers` and `facts` whatever
    else the sheets hold, `lower` the score after, `higher` the score before.
    """

    question: str
    before: Value
    after: Value
    answers: Mapping[str, Value]
    facts: Mapping[str, Value]
    higher: Fraction
    lower: Fraction


@dataclass(frozen=True)
class Promise:
    """One promise and how it stands; `open` names the questions for which it is not decided."""

    id: str
    status: Status
    refuted: tuple[CounterExample, ...] = ()
    open: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """The promise as a sentence."""
        return SAYS[self.id]


def prove(rubric: Rubric) -> tuple[Promise, ...]:
    """Every promise of an everyday rubric, decided as far as it can be; none of any other."""
    if rubric.everyday is None or rubric.asked is None:
        return ()
    return _Proof(rubric, rubric.everyday, rubric.asked).promises()


def lifted_by_approval(everyday: Everyday, questionnaire: Questionnaire) -> dict[str, list[str]]:
    """Question → the knockouts and caps that can no longer fire once it is approved not to apply.

    That is what an approval means; it is listed so that reviewers know what they put aside.
    """
    found: dict[str, list[str]] = {}
    for question in questionnaire.questions:
        if question.not_applicable is None:
            continue
        for rule in everyday.rules.values():
            if rule.effect != "clarify" and all(
                question.id in one and not passes(one[question.id], State.NOT_APPLICABLE)
                for one in alternatives(rule.when)
            ):
                found.setdefault(question.id, []).append(rule.id)
    return found


class _Proof:
    def __init__(self, rubric: Rubric, everyday: Everyday, asked: Questionnaire) -> None:
        self.rubric, self.everyday, self.asked = rubric, everyday, asked
        self.program = rubric.program
        self.questions = {question.id: question for question in asked.questions}
        self.graded: dict[str, list[Criterion]] = {}
        for criterion in everyday.criteria.values():
            self.graded.setdefault(criterion.question, []).append(criterion)
        self.tests: dict[str, list[Test]] = {}
        for condition in self._conditions():
            for name, test in atoms(condition):
                self.tests.setdefault(name, []).append(test)
        self.replies = {q.id: self._replies(q) for q in asked.questions}
        self.slots = {
            leaf.key: leaf.slot
            for leaf in self.program.leaves.values()
            if leaf.input.source == "answers"
        }
        self.signs = Signs(self.program, self._values, list(self._ties()))
        self.overall = self.program.slots["score.overall", ()]

    def promises(self) -> tuple[Promise, ...]:
        """Each promise, in the order of `SAYS`."""
        return (
            self._better_choice(),
            self._better_assurance(),
            self._silence("silence"),
            self._silence("not-applicable"),
            self._ceilings(),
        )

    # -- what inputs may be ------------------------------------------------------------------------

    def _conditions(self) -> Iterator[Condition]:
        for rule in self.everyday.rules.values():
            if rule.effect != "clarify":
                yield rule.when
        for question in self.asked.questions:
            if question.show_when is not None:
                yield question.show_when

    def _replies(self, question: Question) -> tuple[Value, ...]:
        """Real answers that stand for all that the rubric and the questionnaire tell apart."""
        if question.answer == "many_of":
            ticks = self._ticks(question.id, [c.id for c in question.choices])
            return ticks[1:]  # whoever ticks nothing has not answered
        found = list(telling_replies(self.everyday, question))
        for test in (*self.tests.get(question.id, ()), Is(())):
            found += telling_answers(question, test)
        return tuple(
            value
            for value in dict.fromkeys(found)
            if not isinstance(value, State) and value != DONT_KNOW
        )

    def _ticks(self, name: str, choices: Sequence[str]) -> tuple[Value, ...]:
        """Sets of ticks; choices that nothing tells apart are one."""
        tests = list(self.tests.get(name, ()))
        criteria = self.graded.get(name, [])
        alike = {
            (
                tuple(passes(test, frozenset((choice,))) for test in tests),
                tuple(claimed(criterion, choice) for criterion in criteria),
            ): choice
            for choice in reversed(choices)
        }
        told = list(choices) if criteria else list(alike.values())
        told = told[: _MOST_TICKS if criteria else _MOST_KINDS]
        return tuple(
            frozenset(ticked)
            for size in range(len(told) + 1)
            for ticked in combinations(told, size)
        )

    def _facts(self, name: str) -> tuple[Value, ...]:
        fact = next(fact for fact in self.asked.facts if fact.id == name)
        return self._ticks(name, fact.choices) if fact.many else fact.choices

    def _values(self, leaf: Leaf) -> tuple[object, ...]:
        """Everything that an input may be, as far as the rubric can tell."""
        match leaf.input.source:
            case "facts":
                return self._facts(leaf.key)
            case "answers":
                question = self.questions[leaf.key]
                hidden = [State.HIDDEN] if question.show_when is not None else []
                silent = (*_silences(question), *_not_applicable(question))
                return (*self.replies[leaf.key], *silent, *hidden)
            case "levels":
                return leaf.input.choices
            case "review" if leaf.input.choices == (LIFTED,):
                return (State.UNANSWERED,)  # lifting is about one submission, never the rubric
            case _:
                return (State.UNANSWERED, *leaf.input.choices)

    def _ties(self) -> Iterator[Tie]:
        """A question is hidden exactly where its condition does not hold."""
        known = dict(self.slots)
        for leaf in self.program.leaves.values():
            if leaf.input.source == "facts":
                known[leaf.key] = leaf.slot
        for question in self.asked.questions:
            condition = question.show_when
            if condition is not None and {question.id, *names(condition)} <= known.keys():
                of = {name: known[name] for name in names(condition)}
                yield Tie(known[question.id], condition, of)

    def _in_full(self, question: Question) -> bool:
        """Whether the replies listed stand for all of them."""
        most = _MOST_TICKS if question.id in self.graded else _MOST_KINDS
        return question.answer != "many_of" or len(question.choices) <= most

    @cached_property
    def _whole(self) -> bool:
        """Whether what is listed of facts and answers stands for all that they may be."""
        return all(self._in_full(question) for question in self.asked.questions) and all(
            len(self._facts(fact.id)) < 2**_MOST_KINDS for fact in self.asked.facts if fact.many
        )

    # -- which answer is better --------------------------------------------------------------------

    def better(self, question: Question) -> tuple[tuple[Value, Value], ...]:
        """Pairs of answers of which the second is better, near enough to lead to all others."""
        criteria = self.graded.get(question.id, [])
        replies = self.replies[question.id]
        if question.answer == "one_of":
            choices = [choice.id for choice in question.choices]
            return tuple((worse, better) for better, worse in pairwise(choices))
        if question.answer == "many_of":
            kinds = {criterion.ticked for criterion in criteria}
            found: list[tuple[Value, Value]] = []
            for less, more in product(replies, repeat=2):
                if not (isinstance(less, frozenset) and isinstance(more, frozenset)):
                    continue
                if less < more and len(more) == len(less) + 1:
                    if kinds and kinds <= {"best", "sum"}:
                        found.append((less, more))
                    elif kinds == {"worst"} and less:
                        found.append((more, less))
            return tuple(found)
        numbers = sorted(reply for reply in replies if isinstance(reply, Fraction))
        for ordered in (numbers, numbers[::-1]):
            worth = [tuple(claimed(c, number) for c in criteria) for number in ordered]
            rising = all(
                all(a <= b for a, b in zip(one, other, strict=True))
                for one, other in pairwise(worth)
            )
            if worth and rising and worth[0] != worth[-1]:
                return tuple(pairwise(ordered))
        return tuple(
            (one, other)
            for one, other in product(numbers, repeat=2)
            if criteria and all(claimed(c, one) < claimed(c, other) for c in criteria)
        )

    # -- the promises ------------------------------------------------------------------------------

    def _holds(self, changed: Mapping[int, Moves]) -> Through | None:
        """None where the overall score cannot fall; else what the signs saw."""
        changed = {slot: moves for slot, moves in changed.items() if moves}
        through = self.signs.through(changed)
        if self.overall not in through.moving:
            return None
        falls = any(
            found.way not in ("same", "up")
            for found in through.moves(self.overall)
            if not isinstance(found.before, State) and not isinstance(found.after, State)
        )
        return through if falls or not self._whole else None

    def _better_choice(self) -> Promise:
        steps = {
            question.id: tuple(Move(a, b, "any") for a, b in self.better(question))
            for question in self.asked.questions
            if question.id in self.slots
        }
        at_once = {
            self.slots[name]: (*moves, *self.signs.at_rest(self.slots[name]))
            for name, moves in steps.items()
        }
        if self._holds(at_once) is None:
            return Promise("better-choice", "proved")
        return self._each(
            "better-choice", {name: {self.slots[name]: moves} for name, moves in steps.items()}
        )

    def _better_assurance(self) -> Promise:
        levels = self.everyday.assurance.levels if self.everyday.assurance else ()
        rising = tuple(
            Move(one, other, "same" if one == other else "any")
            for place, one in enumerate(levels)
            for other in levels[place:]
        )
        leaves: dict[str, dict[int, Moves]] = {}
        for leaf in self.program.leaves.values():
            if leaf.input.source == "levels":
                leaves.setdefault(leaf.key, {})[leaf.slot] = rising
        at_once = {slot: moves for mine in leaves.values() for slot, moves in mine.items()}
        if not at_once or self._holds(at_once) is None:
            return Promise("better-assurance", "proved")
        return self._each("better-assurance", leaves)

    def _silence(self, promise: str) -> Promise:
        kinds = (_silences, _not_applicable)
        one = kinds[0] if promise == "silence" else kinds[1]
        return self._each(
            promise, {q.id: self._answering(q, one(q)) for q in self._not_settled if one(q)}
        )

    @cached_property
    def _not_settled(self) -> list[Question]:
        """The questions for which signs do not show that no silence of any kind ever pays.

        Most questions reach the score only through their criteria's rows. Of these, each row is
        followed by itself, and what the rows may do then goes through the rest of the graph once.
        """
        alone: list[Question] = []
        together: list[Question] = []
        gates: dict[int, Moves] = {}
        for question in self.asked.questions:
            if question.id not in self.slots:
                continue
            changed = self._answering(question, (*_silences(question), *_not_applicable(question)))
            mine = {(criterion.id,) for criterion in self.graded.get(question.id, ())}
            rows = self.signs.only_through(
                lambda cell, mine=mine: cell.key in mine,  # type: ignore[misc]
                changed,
                self._needed,
            )
            if not rows:
                alone.append(question)
                continue
            together.append(question)
            through = self.signs.through(changed)
            for slot in rows:
                gates[slot] = (*through.moves(slot), *self.signs.at_rest(slot))
        if gates and self._holds(gates) is not None:
            alone = [q for q in self.asked.questions if q in together or q in alone]
        return [
            question
            for question in alone
            if self._holds(
                self._answering(question, (*_silences(question), *_not_applicable(question)))
            )
        ]

    @cached_property
    def _needed(self) -> set[int]:
        """The slots that the overall score is computed from."""
        todo, found = [self.overall], set[int]()
        while todo:
            slot = todo.pop()
            if slot not in found:
                found.add(slot)
                todo += self.signs.cells[slot].needs if slot in self.signs.cells else ()
        return found

    def _answering(self, question: Question, silent: Sequence[Value]) -> dict[int, Moves]:
        """From silence to any answer; a verdict is about an answer, and nothing is approved."""
        marks = {
            leaf.slot: still([State.UNANSWERED])
            for leaf in self.program.leaves.values()
            if leaf.input.source == "review" and leaf.key == question.id
        }
        moves = tuple(
            Move(before, after, "any") for before in silent for after in self.replies[question.id]
        )
        return {self.slots[question.id]: moves, **marks}

    def _each(self, promise: str, changed: Mapping[str, Mapping[int, Moves]]) -> Promise:
        """One promise, question by question: what signs cannot prove, the engine may refute."""
        refuted, undecided = [], []
        for name, moves in changed.items():
            through = self._holds(moves)
            if through is None:
                continue
            found = next(self._counter_examples(promise, name, moves, through), None)
            if found is None:
                undecided.append(name)
            else:
                refuted.append(found)
        status: Status = "refuted" if refuted else "not decided" if undecided else "proved"
        return Promise(promise, status, tuple(refuted), tuple(undecided))

    def _ceilings(self) -> Promise:
        below = _at_most(self.rubric.graph, "score.overall", "total.mean")
        return Promise("ceilings", "proved" if below else "not decided")

    # -- counter-examples -------------------------------------------------------------------------

    def _counter_examples(
        self, promise: str, name: str, changed: Mapping[int, Moves], through: Through
    ) -> Iterator[CounterExample]:
        if promise == "better-assurance":
            return  # shares rise along the levels, so nothing was ever found to try
        steps = self._all_steps(promise, name, changed)
        trials = (
            (answers, facts, before, after)
            for answers, facts in self._surroundings(through)
            for before, after in steps
        )
        for answers, facts, before, after in islice(trials, MOST_TRIED):
            one = self._sheet({**answers, name: before}, facts)
            other = self._sheet({**answers, name: after}, facts)
            if one is None or other is None or not comparable(one, other, name):
                continue
            higher, lower = self._score(one), self._score(other)
            if higher is not None and lower is not None and lower < higher:
                yield CounterExample(name, before, after, answers, facts, higher, lower)

    def _all_steps(
        self, promise: str, name: str, changed: Mapping[int, Moves]
    ) -> list[tuple[Value, Value]]:
        """The pairs to try, nearest first; choices far apart may differ in what they show."""
        near = [(m.before, m.after) for m in changed[self.slots[name]]]
        question = self.questions[name]
        if promise != "better-choice" or question.answer != "one_of":
            return near
        choices = [choice.id for choice in question.choices]
        far = [(worse, better) for better, worse in combinations(choices, 2)]
        return [*near, *(pair for pair in far if pair not in near)]

    def _surroundings(
        self, through: Through
    ) -> Iterator[tuple[dict[str, Value], dict[str, Value]]]:
        """What else the sheets may hold: what the signs point at, else the best, or the worst."""
        facts = [self._facts(fact.id) for fact in self.asked.facts]
        of = [fact.id for fact in self.asked.facts]
        every = [
            dict(zip(of, taken, strict=True)) for taken in islice(product(*facts), _MOST_FACTS)
        ]
        by_slot = {leaf.slot: leaf for leaf in self.program.leaves.values()}
        best, worst = self._end(best=True), self._end(best=False)
        for witness in through.witnesses:
            pinned: dict[str, Value] = {}
            known: dict[str, Value] = {}
            for slot, (_, value) in witness.items():
                leaf = by_slot[slot]
                if leaf.input.source == "answers" and value is not State.HIDDEN:
                    pinned[leaf.key] = value  # type: ignore[assignment]
                elif leaf.input.source == "facts":
                    known[leaf.key] = value  # type: ignore[assignment]
            for base in every[:2]:
                yield {**best, **pinned}, {**base, **known}
        for base in every:
            yield best, base
            yield worst, base

    def _end(self, *, best: bool) -> dict[str, Value]:
        """The best, or the worst, answer to every question by its points alone."""
        found: dict[str, Value] = {}
        for name, replies in self.replies.items():
            criteria = self.graded.get(name, [])

            def worth(reply: Value, criteria: Sequence[Criterion] = criteria) -> Fraction:
                return sum((claimed(c, reply) for c in criteria), Fraction(0))

            if replies:
                found[name] = (max if best else min)(replies, key=worth)
        return found

    def _sheet(self, answers: Mapping[str, Value], facts: Mapping[str, Value]) -> Sheet | None:
        return sheet_of(self.asked, self.everyday, answers, facts)

    def _score(self, sheet: Sheet) -> Fraction | None:
        try:
            found = self.program.run(sheet)[self.overall]
        except SheetError:
            return None
        return Fraction(found) if isinstance(found, (int, Fraction)) else None


def sheet_of(
    asked: Questionnaire,
    everyday: Everyday,
    answers: Mapping[str, Value],
    facts: Mapping[str, Value],
    level: str | None = None,
) -> Sheet:
    """A sheet with these answers, hidden questions marked, all proven at `level` (the best)."""
    levels = everyday.assurance.levels if everyday.assurance else ()
    proven = {"*": level or levels[-1]} if levels else {}
    shown = as_asked(asked, answers, facts)
    return Sheet(shown, facts, levels=dict.fromkeys(shown, proven) if proven else {})


def comparable(one: Sheet, other: Sheet, question: str) -> bool:
    """Whether both sheets ask the same questions, this one among them."""
    hidden = [{q for q, a in s.answers.items() if a is State.HIDDEN} for s in (one, other)]
    return hidden[0] == hidden[1] and question not in hidden[0]


def _silences(question: Question) -> tuple[Value, ...]:
    return (State.UNANSWERED, DONT_KNOW) if question.dont_know else (State.UNANSWERED,)


def _not_applicable(question: Question) -> tuple[Value, ...]:
    return () if question.not_applicable is None else (State.NOT_APPLICABLE,)


def _at_most(graph: Graph, name: str, target: str) -> bool:
    """Whether one measure is never more than another, wherever it is a number."""
    if name == target:
        return True
    match graph.measures[name].node:
        case Cases(cases):
            return all(
                isinstance(case.give, State)
                or (isinstance(case.give, Name) and _at_most(graph, case.give.name, target))
                for case in cases
            )
        case Formula(Name(inner), policy):
            return not policy and _at_most(graph, inner, target)
        case Fold("least", members, across=True):
            return any(isinstance(one, Name) and one.name == target for one in members)
    return False
