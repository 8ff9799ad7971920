"""What a rubric can never come to: rules that never decide anything, bands that nothing reaches.

For an everyday rubric this is decided: a condition asks only so much of each answer and fact, so
a few values of each name stand for all, and what the questionnaire hides is hidden here, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise, product
from math import ceil, floor, prod

from vendorrisk.conditions import (
    DONT_KNOW,
    Condition,
    State,
    Test,
    Value,
    atoms,
    holds,
    names,
    passes,
    read_number,
)
from vendorrisk.document import Problem
from vendorrisk.questionnaire import Question, Questionnaire, telling_answers
from vendorrisk.scoring.everyday import (
    Criterion,
    Everyday,
    Limits,
    Rule,
    claimed,
    edge_of,
)

MOST_TRIED = 50_000
"""Up to so many ways of answering what a condition looks at are tried."""

_MOST_KINDS = 8


@dataclass(frozen=True)
class _Asked:
    """The names that some conditions look at, with the values that stand for all others."""

    options: Mapping[str, Sequence[Value]]
    questions: Mapping[str, Question]

    def __iter__(self) -> Iterator[Mapping[str, Value]]:
        """Every way of answering them, what is hidden marked as such."""
        for taken in product(*self.options.values()):
            values = dict(zip(self.options, taken, strict=True))
            for name, question in self.questions.items():
                shown = question.show_when
                if shown is not None and not holds(shown, values.__getitem__):
                    values[name] = State.HIDDEN
            yield values

    def __len__(self) -> int:
        return prod(len(values) for values in self.options.values())


def unreachable(everyday: Everyday, questionnaire: Questionnaire) -> list[Problem]:
    """Warnings: dead-rule, covered-rule, dead-band, and not-decided where a search was too long."""
    search = _Search(everyday, questionnaire)
    return [*search.rules(), *search.number_bands()]


def can_hold(everyday: Everyday, questionnaire: Questionnaire, condition: Condition) -> bool | None:
    """Whether some answers and facts that can stand together meet a condition.

    None where that takes too many ways of answering to decide.
    """
    return _Search(everyday, questionnaire).can_hold(condition, ())


class _Search:
    def __init__(self, everyday: Everyday, questionnaire: Questionnaire) -> None:
        self.everyday = everyday
        self.questions = {question.id: question for question in questionnaire.questions}
        self.facts = {fact.id: fact for fact in questionnaire.facts}

    # -- rules ------------------------------------------------------------------------------------

    def rules(self) -> Iterator[Problem]:
        """Rules that never hold, or that others always cover with a ceiling at least as low."""
        deciding = list(self.everyday.rules.values())
        found: list[Problem] = []
        for rule in reversed(list(deciding)):  # of two that say the same, the first stays
            fires = self.can_hold(rule.when, ())
            told = _undecided(rule, "can ever hold") if fires is None else None
            if fires is False:
                told = Problem(
                    "dead-rule",
                    f"the rule `{rule.id}` can never hold: no answers and facts that can stand "
                    "together meet its `when`; change the condition, or leave the rule out.",
                    rule.place,
                    "warning",
                )
            elif fires and rule.effect != "clarify":
                told = self._covered(rule, deciding)
            if told is not None:
                found.append(told)
                if told.code != "not-decided":
                    deciding.remove(rule)
        yield from reversed(found)

    def _covered(self, rule: Rule, deciding: Sequence[Rule]) -> Problem | None:
        """Whether others decide wherever this one holds, with a ceiling at least as low."""
        limit = _limit(self.everyday.limits, rule)
        mine = set(names(rule.when))
        lower = [
            other
            for other in deciding
            if other is not rule
            and other.effect != "clarify"
            and not mine.isdisjoint(names(other.when))
            and _limit(self.everyday.limits, other) <= limit
        ]
        decides = self.can_hold(rule.when, [other.when for other in lower])
        if decides is None:
            return _undecided(rule, "ever decides anything beside the others")
        if decides:
            return None
        by = [other.id for other in lower if self.can_hold(rule.when, [other.when]) is False]
        others = ", ".join(f"`{one}`" for one in by[:1] or [other.id for other in lower])
        return Problem(
            "covered-rule",
            f"the rule `{rule.id}` never decides anything: wherever it holds, so does {others}, "
            "whose ceiling is at least as low; narrow it, or leave it out.",
            rule.place,
            "warning",
        )

    def can_hold(self, condition: Condition, without: Iterable[Condition]) -> bool | None:
        """Whether a condition can hold while none of the others does; None: too many ways."""
        others = tuple(without)
        asked = self._asked((condition, *others))
        if asked is None or len(asked) > MOST_TRIED:
            return None
        return any(
            holds(condition, values.__getitem__)
            and not any(holds(other, values.__getitem__) for other in others)
            for values in asked
        )

    def _asked(self, conditions: Sequence[Condition]) -> _Asked | None:
        todo, tests = list(conditions), dict[str, list[Test]]()
        seen: set[str] = set()
        while todo:
            for name, test in atoms(todo.pop()):
                tests.setdefault(name, []).append(test)
                shown = self.questions[name].show_when if name in self.questions else None
                if name not in seen and shown is not None:
                    todo.append(shown)
                seen.add(name)
        order = [*self.facts, *self.questions]  # what shows a question comes before it
        options: dict[str, Sequence[Value]] = {}
        for name in sorted(tests, key=order.index):
            values = self._values(name, tests[name])
            if values is None:
                return None
            options[name] = values
        return _Asked(options, {n: self.questions[n] for n in options if n in self.questions})

    def _values(self, name: str, tests: Sequence[Test]) -> Sequence[Value] | None:
        """Of values that no test tells apart, one; None where there are too many kinds."""
        question, fact = self.questions.get(name), self.facts.get(name)
        found: list[Value] = []
        if question is not None and question.answer != "many_of":
            found = [value for test in tests for value in telling_answers(question, test)]
            found = [value for value in found if value is not State.HIDDEN]
        elif fact is not None and not fact.many:
            found = list(fact.choices)
        else:
            choices = fact.choices if fact is not None else [c.id for c in question.choices]  # type: ignore[union-attr]
            kinds = {
                tuple(passes(test, frozenset((choice,))) for test in tests): choice
                for choice in choices
            }
            if len(kinds) > _MOST_KINDS:
                return None
            least = 0 if fact is not None else 1
            found = [
                frozenset(ticked)
                for size in range(least, len(kinds) + 1)
                for ticked in combinations(kinds.values(), size)
            ]
            if question is not None:
                found.append(State.UNANSWERED)
                found += [DONT_KNOW] if question.dont_know else []
                found += [State.NOT_APPLICABLE] if question.not_applicable is not None else []
        told = {tuple(passes(test, value) for test in tests): value for value in reversed(found)}
        return list(told.values())

    # -- bands of numbers --------------------------------------------------------------------------

    def number_bands(self) -> Iterator[Problem]:
        """Bands of a number that no answer falls into."""
        for criterion in self.everyday.criteria.values():
            question = self.questions[criterion.question]
            if question.answer != "number":
                continue
            reached = {claimed(criterion, number) for number in _numbers(criterion, question)}
            for rung in criterion.rungs:
                if rung.points not in reached:
                    yield Problem(
                        "dead-band",
                        f"no answer to `{question.id}` falls into the band `{rung.says}`: look at "
                        "what the question allows and at the bands tried before.",
                        criterion.place,
                        "warning",
                    )


def _undecided(rule: Rule, what: str) -> Problem:
    return Problem(
        "not-decided",
        f"whether the rule `{rule.id}` {what} is not decided: it and what hides its questions look "
        "at too many answers; split it.",
        rule.place,
        "warning",
    )


def _limit(limits: Limits, rule: Rule) -> Fraction:
    return limits.knocked_out if rule.effect == "knockout" else limits.capped


def _numbers(criterion: Criterion, question: Question) -> Iterator[Fraction]:
    """A number for every stretch between edges that the question allows."""
    least, most = (read_number(text or "") for text in (question.at_least, question.at_most))
    edges = sorted(edge[1] for rung in criterion.rungs if (edge := edge_of(rung)) is not None)
    marks = sorted({*edges, *(bound for bound in (least, most) if bound is not None)})
    tried = [*marks, *((a + b) / 2 for a, b in pairwise(marks))]
    tried += [marks[0] - 1, marks[-1] + 1] if marks else [Fraction(0)]
    if question.whole:
        tried = [Fraction(n) for t in tried for n in (floor(t) - 1, floor(t), ceil(t), ceil(t) + 1)]
    for number in tried:
        if (least is None or number >= least) and (most is None or number <= most):
            yield number
