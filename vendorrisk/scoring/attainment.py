"""Which bands of the score some answers reach: decided for everyday rubrics where that can be.

A band is reached where the engine scored a sheet into it, and unreachable where it begins above the
most that points, shares and ceilings leave, or where every way of answering was scored. Between
the two a bounded search says "not decided".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, pairwise, product
from math import prod
from random import Random
from typing import Literal

from vendorrisk.conditions import DONT_KNOW, Not, State, Value, names
from vendorrisk.questionnaire import Question, Questionnaire
from vendorrisk.scoring.everyday import Criterion, Everyday, claimed, telling_replies
from vendorrisk.scoring.exact import Sheet
from vendorrisk.scoring.expansion import APPROVED, CONTRADICTED
from vendorrisk.scoring.proof import sheet_of
from vendorrisk.scoring.reach import can_hold
from vendorrisk.scoring.rubric import Rubric

MOST_SHEETS = 2_000
"""Up to so many ways of answering are all scored where nothing else decides."""

MOST_PATHS = 24
"""So many ways from no answer to the best answers are searched for a band."""

_MOST_FACTS = 8
_HUNDRED = Fraction(100)


@dataclass(frozen=True, slots=True)
class Attainment:
    """Whether some answers reach a band; `most` is the greatest score that is possible at all."""

    band: str
    status: Literal["reached", "unreachable", "not decided"]
    most: Fraction


def attained_bands(rubric: Rubric) -> tuple[Attainment, ...]:
    """Every band of an everyday rubric, best first; none of any other rubric."""
    if rubric.everyday is None or rubric.asked is None:
        return ()
    return _Search(rubric, rubric.everyday, rubric.asked).bands()


# -- the greatest score ---------------------------------------------------------------------------


def greatest_score(everyday: Everyday, questionnaire: Questionnaire) -> Fraction:
    """A bound that no score exceeds: from points, shares, weights, and ceilings that always hold.

    A criterion that may leave the sums is left out where that raises the mean.
    """
    questions = {question.id: question for question in questionnaire.questions}
    worth = {c.id: _most_credit(c, everyday) for c in everyday.criteria.values()}
    top: Fraction = max(worth.values())

    def mean(criteria: Sequence[Criterion]) -> Fraction | None:
        """The greatest mean; None where all of them may leave it."""
        always: list[Criterion] = []
        others: list[tuple[Fraction, Fraction]] = []
        for criterion in criteria:
            question = questions[criterion.question]
            if question.show_when is not None:  # it may take over another's credit
                others.append((top, criterion.weight))
            elif question.not_applicable is not None:
                others.append((worth[criterion.id], criterion.weight))
            else:
                always.append(criterion)
        if not always:
            return None
        below = sum((c.weight for c in always), Fraction(0))
        above = sum((c.weight * worth[c.id] for c in always), Fraction(0))
        for credit, weight in sorted(others, reverse=True):
            if credit * below > above:
                above, below = above + credit * weight, below + weight
        return above / below if below else None

    criteria = list(everyday.criteria.values())
    whole = mean(criteria)
    bounds = [top if whole is None else whole]
    plus = everyday.limits.weakest_critical_plus
    for domain in everyday.domains.values() if plus is not None else ():
        own = mean([c for c in criteria if c.domain == domain.id]) if domain.critical else None
        if own is not None and plus is not None:
            bounds.append(own + plus)
    for rule in everyday.rules.values():
        if rule.effect != "clarify" and not _may_be_quiet(everyday, questionnaire, rule.id):
            limits = everyday.limits
            bounds.append(limits.knocked_out if rule.effect == "knockout" else limits.capped)
    return min(bounds)


def _most_credit(criterion: Criterion, everyday: Everyday) -> Fraction:
    points: Fraction = max(rung.points for rung in criterion.rungs)
    if criterion.ticked == "sum":
        points = min(_HUNDRED, sum((rung.points for rung in criterion.rungs), Fraction(0)))
    assurance = everyday.assurance
    if assurance is None or points <= assurance.admissions:
        return points
    share = max(share for shares in assurance.shares.values() for share in shares)
    return max(points * share, min(points, assurance.admissions))


def _may_be_quiet(everyday: Everyday, questionnaire: Questionnaire, rule: str) -> bool:
    """Whether some answers leave a rule quiet; where that is not decided, they may."""
    return can_hold(everyday, questionnaire, Not(everyday.rules[rule].when)) is not False


# -- the search -----------------------------------------------------------------------------------


class _Search:
    """Looks for a sheet in every band; the same search each time."""

    def __init__(self, rubric: Rubric, everyday: Everyday, asked: Questionnaire) -> None:
        self.everyday, self.asked, self.program = everyday, asked, rubric.program
        self.band = self.program.slots["score.band", ()]
        self.cell = self.program.cells["score.band", ()]
        (self.score,) = self.cell.needs
        self.ranks = {band: rank for rank, band in enumerate(reversed(list(everyday.bands)))}
        self.found: set[object] = set()
        self.graded: dict[str, list[Criterion]] = {}
        for criterion in everyday.criteria.values():
            self.graded.setdefault(criterion.question, []).append(criterion)
        self.replies = {q.id: self._replies(q) for q in asked.questions}

    def bands(self) -> tuple[Attainment, ...]:
        """Every band with what is known of it."""
        most = greatest_score(self.everyday, self.asked)
        possible = self._between(Fraction(0), most)
        sought = [band for band in self.everyday.bands if band in possible]
        self._climb(sought)
        whole = False
        if not self.found.issuperset(sought):
            whole = self._try_all()
        return tuple(
            Attainment(
                band,
                "reached"
                if band in self.found
                else "unreachable"
                if whole or band not in possible
                else "not decided",
                most,
            )
            for band in self.everyday.bands
        )

    def _between(self, low: Fraction, high: Fraction) -> set[object]:
        """The bands of all scores from `low` to `high`."""
        node = self.program.graph.measures["score.band"].node
        edges = [edge.bound for edge in node.edges]  # type: ignore[union-attr]
        marks = sorted({low, high, *(edge for edge in edges if low < edge < high)})
        scores = [*marks, *((a + b) / 2 for a, b in pairwise(marks))]
        return {self.cell.run({self.score: score}) for score in scores}  # type: ignore[arg-type]

    def _replies(self, question: Question) -> list[Value]:
        """Real answers, the least points first."""
        found = list(telling_replies(self.everyday, question))
        criteria = self.graded.get(question.id, [])
        found.sort(key=lambda reply: sum((claimed(c, reply) for c in criteria), Fraction(0)))
        return found

    def _facts(self) -> Iterator[dict[str, Value]]:
        of = [fact.id for fact in self.asked.facts]
        every: list[list[Value]] = [
            [frozenset[str](), frozenset(fact.choices)] if fact.many else list(fact.choices)
            for fact in self.asked.facts
        ]
        for taken in product(*every):
            yield dict(zip(of, taken, strict=True))

    def _run(self, sheet: Sheet) -> object:
        found = self.program.run(sheet)[self.band]
        self.found.add(found)
        return found

    def _climb(self, sought: Sequence[str]) -> None:
        """Improve one answer after the other, and look where on the way a band lies."""
        random = Random(0)  # noqa: S311  # the same search each time, nothing secret
        watched = {n for r in self.everyday.rules.values() for n in names(r.when)}
        weight = {q: sum(c.weight for c in graded) for q, graded in self.graded.items()}
        order = sorted(self.replies, key=lambda q: (q not in watched, -weight.get(q, Fraction(0))))
        facts = list(islice(self._facts(), _MOST_FACTS))
        for number in range(MOST_PATHS):
            if self.found.issuperset(sought):
                return
            steps = [(question, reply) for question in order for reply in self.replies[question]]
            if number % 3 == 2:
                steps.sort(key=lambda step: self.replies[step[0]].index(step[1]))
            for band in sought:
                if band not in self.found:
                    self._between_steps(steps, band, facts[number % len(facts)])
            random.shuffle(order)

    def _between_steps(
        self, steps: Sequence[tuple[str, Value]], band: str, facts: Mapping[str, Value]
    ) -> None:
        low, high = 0, len(steps)
        while low <= high:
            middle = (low + high) // 2
            sheet = sheet_of(self.asked, self.everyday, dict(steps[:middle]), facts)
            found = self._run(sheet)
            if found == band:
                return
            if self.ranks.get(str(found), -1) < self.ranks[band]:
                low = middle + 1
            else:
                high = middle - 1

    def _try_all(self) -> bool:
        """Score every way of answering; false where there are too many."""
        if not self._told_apart():
            return False
        names_of = [question.id for question in self.asked.questions]
        ways = [self._ways(question) for question in self.asked.questions]
        size = prod(len(mine) for mine in ways)
        facts = list(islice(self._facts(), MOST_SHEETS + 1))
        if size * len(facts) > MOST_SHEETS:
            return False
        for known in facts:
            for taken in product(*ways):
                self._run(self._sheet(dict(zip(names_of, taken, strict=True)), known))
        return True

    def _told_apart(self) -> bool:
        """Whether the replies, each with one proof at a time, stand for all that could be said."""
        shown = {
            name
            for question in self.asked.questions
            if question.show_when is not None
            for name in names(question.show_when)
        }
        return (
            all(len(graded) == 1 for graded in self.graded.values())
            and not any(fact.many for fact in self.asked.facts)
            and all(
                question.answer == "one_of"
                or (question.answer == "number" and question.id not in shown)
                for question in self.asked.questions
            )
        )

    def _ways(self, question: Question) -> list[_Way]:
        """Every answer with every level, claim and verdict that could make a difference."""
        levels = self.everyday.assurance.levels if self.everyday.assurance else ()
        rungs = [r.choice or "*" for c in self.graded.get(question.id, ()) for r in c.rungs]
        proofs: list[Mapping[str, str]] = [
            {"*": levels[0], choice: level} for choice in dict.fromkeys(rungs) for level in levels
        ]
        found = [_Way(State.UNANSWERED)]
        if question.dont_know:
            found += [_Way(DONT_KNOW), _Way(DONT_KNOW, verdict=True)]
        if question.not_applicable is not None:
            found += [_Way(State.NOT_APPLICABLE), _Way(State.NOT_APPLICABLE, approved=True)]
            found.append(_Way(State.NOT_APPLICABLE, verdict=True))
        for reply in self.replies[question.id]:
            found.append(_Way(reply, verdict=True))
            found += [_Way(reply, proof) for proof in proofs or [{}]]
        return found

    def _sheet(self, ways: Mapping[str, _Way], facts: Mapping[str, Value]) -> Sheet:
        sheet = sheet_of(
            self.asked, self.everyday, {name: way.answer for name, way in ways.items()}, facts
        )
        return replace(
            sheet,
            levels={name: way.proof for name, way in ways.items() if way.proof},
            marks={
                "not_applicable": {name: APPROVED for name, way in ways.items() if way.approved},
                "assurance": {name: CONTRADICTED for name, way in ways.items() if way.verdict},
            },
        )


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of answering a question: with which proof, approval and verdict."""

    answer: Value
    proof: Mapping[str, str] | None = None
    approved: bool = False
    verdict: bool = False
