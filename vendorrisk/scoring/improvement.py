"""The smallest changes that reach a band: answers to improve, and evidence to supply.

For an everyday rubric the search is exact. What a change can add to a sum at most, and which
questions can undo a ceiling, bound the sets of questions that could possibly do: they are tried
from the smallest on, and the engine decides each. The first that it accepts is the smallest there
is. For any other rubric, and where two seconds are not enough, it is the best that was found.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import accumulate, combinations, islice, product
from math import ceil, lcm, prod
from time import monotonic
from typing import Any, NamedTuple

from vendorrisk.conditions import (
    DONT_KNOW,
    State,
    Test,
    Value,
    alternatives,
    atoms,
    names,
    passes,
    read_number,
)
from vendorrisk.questionnaire import (
    EvidenceRequest,
    Question,
    Questionnaire,
    as_asked,
    telling_answers,
)
from vendorrisk.scoring.everyday import Criterion, telling_replies
from vendorrisk.scoring.exact import Cell, Leaf, Program, Sheet
from vendorrisk.scoring.formula import write_number
from vendorrisk.scoring.graph import Bands, Span
from vendorrisk.scoring.plain_text import Names
from vendorrisk.scoring.rubric import Rubric
from vendorrisk.scoring.scorecard import readable, said

SECONDS = 2.0
"""How long to search."""

_TO_PROVE = 0.6
"""The part of that time in which the smallest changes are looked for before any that do."""

_MOST_WAYS = 4_096
"""Ways of answering one set of questions that are tried before it is given up undecided."""

_MOST_BASES = 256
"""Ways of changing the questions that hide others which are followed up."""

_MOST_TICKS = 8
"""Choices of which every set of ticks is tried."""

_MOST_PRICES = 8

_DEEPEST = 100
"""Measures that build on one another; beyond, a sheet is computed as a whole."""

Levels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One question's part: an answer to give, evidence to supply, or both.

    `answer` is None where the answer stays as it is. `level` is the level of assurance that the
    evidence must reach, None where no more is needed; `kinds` are kinds of evidence that reach it.
    """

    question: str
    answer: Value | None
    level: str | None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Improvement:
    """Changes that reach a target, as the engine confirmed.

    `proven`: no fewer questions do, nor as many of less weight. `result` is what the overall
    result becomes. Without changes the target is reached already.
    """

    target: str
    changes: tuple[Change, ...]
    proven: bool
    result: Fraction | str | State

    @property
    def answers(self) -> tuple[Change, ...]:
        """The questions whose answer must become better."""
        return tuple(change for change in self.changes if change.answer is not None)

    @property
    def evidence(self) -> tuple[Change, ...]:
        """The questions whose answer may stay, and needs better evidence."""
        return tuple(change for change in self.changes if change.answer is None)

    def to_json(self) -> dict[str, Any]:
        """`target`, `proven`, `result`, and the changes: `answers` apart from `evidence`."""
        return {
            "target": self.target,
            "proven": self.proven,
            "result": _plain(self.result),
            "answers": [_change_json(change) for change in self.answers],
            "evidence": [_change_json(change) for change in self.evidence],
        }

    def text(
        self, asked: Questionnaire | None = None, kinds: Mapping[str, str] | None = None
    ) -> str:
        """The changes in lines for a reader; without the questionnaire by the ids of questions.

        `kinds` has the titles of kinds of evidence.
        """
        if not self.changes:
            return f"{self.target} is reached already.\n"
        names = Names.of(asked)
        lines = [f"To reach {self.target} (overall {_said(self.result)})"]
        if self.answers:
            lines.append("    Answers to improve")
        for change in self.answers:
            proof = "" if change.level is None else f", proven: {_proof(change, kinds)}"
            answer = names.answer(change.question, _written(change.answer))
            lines.append(f"        {names.question(change.question)}: {answer}{proof}")
        if self.evidence:
            lines.append("    Evidence to supply")
        lines += [
            f"        {names.question(change.question)}: {_proof(change, kinds)}"
            for change in self.evidence
        ]
        lines.append(
            "    No smaller set of questions does it."
            if self.proven
            else "    The best found in the time there was; a smaller set may do."
        )
        return "\n".join(lines) + "\n"


def _proof(change: Change, titles: Mapping[str, str] | None) -> str:
    """The level to reach, and the kinds of evidence that do."""
    level = readable(change.level or "")
    known = titles or {}
    kinds = " or ".join(known.get(kind) or readable(kind) for kind in change.kinds)
    return f"{level} ({kinds})" if kinds else level


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "question": change.question,
        "answer": _plain(change.answer),
        "level": change.level,
        "kinds": list(change.kinds),
    }


def _plain(value: Value | None) -> Any:
    """A value as JSON has it: a number whole or as p/q, ticks as a list, a state by its name."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else str(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, State):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def _said(value: Value | None) -> str:
    return ", ".join(_written(value))


def _written(value: Value | None) -> tuple[str, ...]:
    """The choices or the number, as text."""
    if isinstance(value, Fraction):
        return (said(value, 4),)
    plain = _plain(value)
    return tuple(plain) if isinstance(plain, list) else (str(plain),)


def smallest_changes(
    rubric: Rubric,
    sheet: Sheet,
    target: str,
    *,
    answers: Mapping[str, Value] | None = None,
    verified: bool = False,
    result: str | None = None,
    seconds: float = SECONDS,
) -> Improvement | None:
    """The smallest changes to a sheet that reach the band `target`, or a better one.

    `answers` are the vendor's own answers, those to questions that are hidden at present included.
    Evidence reaches the level of the best kind that the question asks for; `verified` allows the
    best level of all, which the assessor alone can give. Claims that a reviewer approved or graded
    stay as they are, but changing a contradicted answer settles the contradiction.

    For a rubric of plain measures `target` is a label of `result`, or a number that it has to
    reach; without a result named, of `band`, of `overall`, or of the first result of the whole that
    may be it. None where no change was found that would do. Raises ValueError with a sentence where
    nothing comes to the target whatever is answered.
    """
    deadline = monotonic() + seconds
    if rubric.everyday is not None and result in (None, "band"):
        return _Everyday(rubric, sheet, target, answers, verified, deadline).search()
    return _Plain(rubric, sheet, target, result, deadline).search()


class _Trial:
    """The slots of one sheet, computed as far as they are asked for."""

    def __init__(self, engine: _Engine, sheet: Sheet) -> None:
        self._engine, self._sheet = engine, sheet
        self._found: dict[int, object] = {}
        if engine.deep:
            self._found = dict(enumerate(engine.program.run(sheet)))

    def __getitem__(self, slot: int) -> object:
        if slot in self._found:
            return self._found[slot]
        engine = self._engine
        if slot in engine.leaves:
            found = engine.leaves[slot].fetch(self._sheet)
        elif slot in engine.cells:
            found = engine.cells[slot].run(self)  # type: ignore[arg-type]
        else:
            found = engine.program.start[slot]
        self._found[slot] = found
        return found


class _Engine:
    """The engine's cells by slot."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.leaves: dict[int, Leaf] = {leaf.slot: leaf for leaf in program.leaves.values()}
        self.cells: dict[int, Cell] = {cell.slot: cell for cell in program.order}
        depths: dict[int, int] = {}
        for cell in program.order:
            depths[cell.slot] = 1 + max((depths.get(slot, 0) for slot in cell.needs), default=0)
        # Cells ask for one another, each a few calls deeper, and calls go only so deep.
        self.deep = max(depths.values(), default=0) > _DEEPEST


# -- everyday rubrics -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Option:
    """One way of changing a question, and what its criteria earn then, were it asked."""

    answer: Value | None
    level: str | None
    kinds: tuple[str, ...]
    levels: Levels
    credits: Mapping[str, Fraction | None]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A question that could be changed: its weight, what it could change, and how.

    `gains` is the most that changing it adds to each sum; `undoes` are the ceilings that it might
    lift.
    """

    question: str
    weight: Fraction
    gains: tuple[Fraction, ...]
    undoes: frozenset[int]
    options: tuple[_Option, ...]


@dataclass(frozen=True)
class _Base:
    """The sheet once the questions that hide others are changed in one way.

    From here on every change adds to the sums by itself. `needs` is what each sum lacks, the
    mean's first, then those of the critical domains. Fewer than `least` more changes cannot do.
    """

    chosen: Mapping[str, _Option]
    weight: Fraction
    candidates: tuple[_Candidate, ...]
    needs: tuple[Fraction, ...]
    ceilings: int
    least: int


class _Found(NamedTuple):
    """The sets of one base, None before they are looked for, and the one whose turn is next."""

    sets: Iterator[tuple[int, Fraction, tuple[_Candidate, ...] | None]] | None = None
    candidates: tuple[_Candidate, ...] | None = ()


class _Everyday:
    """The search for an everyday rubric."""

    def __init__(
        self,
        rubric: Rubric,
        sheet: Sheet,
        target: str,
        answers: Mapping[str, Value] | None,
        verified: bool,
        deadline: float,
    ) -> None:
        assert rubric.everyday is not None  # noqa: S101  # who asks has looked
        assert rubric.asked is not None  # noqa: S101
        self.rubric, self.everyday, self.asked = rubric, rubric.everyday, rubric.asked
        self.program, self.engine = rubric.program, _Engine(rubric.program)
        self.sheet, self.target, self.deadline = sheet, target, deadline
        begun = monotonic()
        # What is left then goes into finding some changes that do, though not the smallest.
        self.prove_until = begun + (deadline - begun) * _TO_PROVE
        self.verified = verified
        self.undecided = False
        self.answers = {
            name: value
            for name, value in (answers if answers is not None else sheet.answers).items()
            if value is not State.HIDDEN
        }
        self.questions = {question.id: question for question in self.asked.questions}
        self.order = {question: place for place, question in enumerate(self.questions)}
        self.graded: dict[str, list[Criterion]] = {}
        for criterion in self.everyday.criteria.values():
            self.graded.setdefault(criterion.question, []).append(criterion)
        bands = list(self.everyday.bands)
        if target not in bands:
            raise ValueError(f"there is no band “{target}”; there are {', '.join(bands)}")
        self.wanted = set(bands[: bands.index(target) + 1])
        node = self.rubric.graph.measures["score.band"].node
        assert isinstance(node, Bands)  # noqa: S101  # the expansion makes it so
        self.edge = next((edge.bound for edge in node.edges if edge.band == target), Fraction(0))
        self.band = self.program.slots["score.band", ()]
        self.overall = self.program.slots["score.overall", ()]
        self.sums = list(self._sums())
        self.tested = self._tested()

    # -- what the engine says -----------------------------------------------------------------

    def _with(self, chosen: Mapping[str, _Option]) -> Sheet:
        """The sheet after changes, with what is hidden worked out again."""
        answers: dict[str, Value] = dict(self.answers)
        levels = dict(self.sheet.levels)
        settled = set()
        for question, option in chosen.items():
            if option.answer is not None:
                answers[question] = option.answer
                settled.add(question)
            levels[question] = option.levels
        shown = as_asked(self.asked, answers, self.sheet.facts)
        return replace(self.sheet, answers=shown, levels=levels, marks=self._marks(settled))

    def _marks(self, settled: Collection[str]) -> Mapping[str, Mapping[str, Value]]:
        """The reviewers' marks, less the contradictions that a new answer settles."""
        marks = dict(self.sheet.marks)
        if "assurance" in marks:
            marks["assurance"] = {q: m for q, m in marks["assurance"].items() if q not in settled}
        return marks

    def _trial(self, chosen: Mapping[str, _Option]) -> _Trial:
        return _Trial(self.engine, self._with(chosen))

    def _reaches(self, chosen: Mapping[str, _Option]) -> bool:
        return self._trial(chosen)[self.band] in self.wanted

    # -- the search -----------------------------------------------------------------------------

    def search(self) -> Improvement | None:
        """The smallest changes, or the best found in time."""
        if self._reaches({}):
            return self._told({}, proven=True)
        self.options = {name: self._best_options(name) for name in self.questions}
        late = False
        for base, candidates in self._sets():
            if candidates is None:
                late = True
                break
            chosen = self._ways(base, candidates)
            if chosen is not None:
                return self._told(self._simplest(chosen), proven=not self.undecided)
        return self._best_found() if late or self.undecided else None

    def _sets(self) -> Iterator[tuple[_Base, Sequence[_Candidate] | None]]:
        """Sets of further changes that could do, by the size and weight of the whole.

        None in place of a set once the time to prove is up. A base is looked into when its turn
        comes, which for most is never.
        """
        turns: list[tuple[tuple[int, Fraction], int, _Base, _Found]] = []
        for number, base in enumerate(self._bases()):
            first = (len(base.chosen) + base.least, base.weight)
            turns.append((first, number, base, _Found()))
        heapq.heapify(turns)
        while turns:
            _, number, base, found = heapq.heappop(turns)
            if found.sets is None:
                if monotonic() > self.prove_until:
                    yield base, None
                sets = _Sets(base.candidates, base.needs, base.ceilings, self.prove_until)
                found = _Found(iter(sets))
            else:
                yield base, found.candidates
            for size, weight, candidates in islice(found.sets or (), 1):
                key = (len(base.chosen) + size, base.weight + weight)
                heapq.heappush(turns, (key, number, base, _Found(found.sets, candidates)))

    def _bases(self) -> Iterator[_Base]:
        """Each way of changing the questions that hide others, those without a change first."""
        hiding = [
            name
            for name in self.questions
            if self.options[name]
            and any(name in names(q.show_when) for q in self.asked.questions if q.show_when)
        ]
        ways: Iterable[tuple[_Option | None, ...]]
        if prod(1 + len(self.options[name]) for name in hiding) > _MOST_BASES:
            self.undecided = True
            blank = [None] * len(hiding)
            ways = [tuple(blank)] + [
                (*blank[:place], option, *blank[place + 1 :])
                for place, name in enumerate(hiding)
                for option in self.options[name]
            ]
        else:
            every = product(*((None, *self.options[name]) for name in hiding))
            ways = sorted(every, key=lambda way: len(way) - way.count(None))
        for options in ways:
            if monotonic() > self.prove_until:
                self.undecided = True
                return
            chosen = {q: o for q, o in zip(hiding, options, strict=True) if o is not None}
            base = self._base(chosen, set(hiding))
            if base is not None:
                yield base

    def _base(self, chosen: Mapping[str, _Option], hiding: set[str]) -> _Base | None:
        """The problem that is left after some changes; None where it leads nowhere."""
        sheet = self._with(chosen)
        if any(sheet.answers[name] is State.HIDDEN for name in chosen):
            return None
        slots = self.program.run(sheet)
        basis = self.program.slots.get(("total.basis", ()))
        if basis is not None and slots[basis] == "insufficient":
            return None  # what does not apply stays so, whatever else is changed
        credit = {row: self._credit(row, slots) for row in self.everyday.criteria}
        needs = tuple(
            sum(
                (
                    weight * (edge - earned)
                    for row, weight in weights.items()
                    if (earned := credit[row]) is not None
                ),
                Fraction(0),
            )
            for weights, edge in self.sums
        )
        ceilings = self._ceilings(slots)
        candidates = []
        for name, options in self.options.items():
            if name in hiding or sheet.answers[name] is State.HIDDEN or not options:
                continue
            undoes = frozenset(n for n, by in enumerate(ceilings) if name in by)
            gains = self._gains(options, credit)
            if any(gains) or undoes:
                weight = self._weight(name)
                candidates.append(_Candidate(name, weight, gains, undoes, options))
        least = _least_changes(candidates, needs, len(ceilings))
        if least is None:
            return None
        weight = sum((self._weight(name) for name in chosen), Fraction(0))
        return _Base(chosen, weight, tuple(candidates), needs, len(ceilings), least)

    def _weight(self, name: str) -> Fraction:
        return sum((c.weight for c in self.graded.get(name, ())), Fraction(0))

    def _ways(self, base: _Base, candidates: Sequence[_Candidate]) -> dict[str, _Option] | None:
        """Options for these questions that together reach the target."""
        questions = [candidate.question for candidate in candidates]
        if prod(len(candidate.options) for candidate in candidates) > _MOST_WAYS:
            self.undecided = True
        ways = product(*(candidate.options for candidate in candidates))
        for options in islice(ways, _MOST_WAYS):
            chosen = {**base.chosen, **dict(zip(questions, options, strict=True))}
            if self._reaches(chosen):
                return chosen
            if monotonic() > self.prove_until:
                self.undecided = True
                break
        return None

    def _simplest(self, chosen: dict[str, _Option]) -> dict[str, _Option]:
        """The same questions, each asked for no more than is needed: rather evidence alone."""
        for question, option in chosen.items():
            levels = self.sheet.levels.get(question, {})
            options = self._options(question)
            bare = [
                replace(one, level=None, kinds=(), levels=levels)
                for one in options
                if one.answer is not None and one.level is not None
            ]
            simpler = sorted(
                [*options, *bare],
                key=lambda one: (
                    one.answer is not None,
                    one.answer is not None and one.level is not None,
                    sum(credit or 0 for credit in one.credits.values()),
                ),
            )
            for one in simpler:
                if one == option or monotonic() > self.deadline:
                    break
                if self._reaches({**chosen, question: one}):
                    chosen = {**chosen, question: one}
                    break
        return chosen

    def _best_found(self) -> Improvement | None:
        """As few of the most useful changes as do, less whatever can be left out again."""
        now = self.program.run(self._with({}))
        credit = {row: self._credit(row, now) for row in self.everyday.criteria}
        lifting = frozenset[str]().union(*self._ceilings(now))
        every: dict[str, _Option] = {}
        gain: dict[str, Fraction] = {}
        for name, options in self.options.items():
            gains = self._gains(options[:1], credit)
            if options and (name in lifting or any(gains)):
                every[name], gain[name] = options[0], gains[0]
        if not self._reaches(every):
            return None
        ranked = sorted(every, key=lambda name: (name in lifting, gain[name], -self._weight(name)))

        def last(count: int) -> dict[str, _Option]:
            return {name: every[name] for name in ranked[len(ranked) - count :]}

        enough = bisect_left(range(len(ranked)), True, key=lambda count: self._reaches(last(count)))
        chosen = last(enough)
        ranked = list(chosen)
        step = len(ranked) // 2
        while step:  # many at once first
            for start in range(0, len(ranked), step):
                if monotonic() > self.deadline:
                    return self._told(chosen, proven=False)
                out = set(ranked[start : start + step])
                less = {name: option for name, option in chosen.items() if name not in out}
                if len(less) < len(chosen) and self._reaches(less):
                    chosen = less
            step //= 2
        return self._told(self._simplest(chosen), proven=False)

    def _told(self, chosen: Mapping[str, _Option], *, proven: bool) -> Improvement:
        overall = self._trial(chosen)[self.overall]
        changes = tuple(
            Change(name, chosen[name].answer, chosen[name].level, chosen[name].kinds)
            for name in sorted(chosen, key=self.order.__getitem__)
        )
        result = Fraction(overall) if isinstance(overall, int) else overall
        return Improvement(self.target, changes, proven, result)  # type: ignore[arg-type]

    # -- what is needed -------------------------------------------------------------------------

    def _sums(self) -> Iterator[tuple[dict[str, Fraction], Fraction]]:
        """The weights of the rows in each sum, and what their mean has to reach."""
        criteria = self.everyday.criteria.values()
        yield {criterion.id: criterion.weight for criterion in criteria}, self.edge
        plus = self.everyday.limits.weakest_critical_plus
        for domain in self.everyday.domains.values():
            if domain.critical and plus is not None:
                own = {c.id: c.weight for c in criteria if c.domain == domain.id}
                yield own, max(Fraction(0), self.edge - plus)

    def _credit(self, row: str, slots: Sequence[object] | _Trial) -> Fraction | None:
        found = slots[self.program.slots["criterion.credit", (row,)]]
        return None if isinstance(found, State) else Fraction(found)  # type: ignore[call-overload]

    def _gains(
        self, options: Sequence[_Option], credit: Mapping[str, Fraction | None]
    ) -> tuple[Fraction, ...]:
        """The most that one of the options adds to each sum, beside what is earned now."""

        def gain(option: _Option, weights: Mapping[str, Fraction], edge: Fraction) -> Fraction:
            found = Fraction(0)
            for row, after in option.credits.items():
                if row in weights and after is not None:
                    now = credit[row]  # what counts in no sum yet brings its weight along
                    found += weights[row] * (after - (edge if now is None else now))
            return found

        return tuple(
            max((Fraction(0), *(gain(option, weights, edge) for option in options)))
            for weights, edge in self.sums
        )

    def _ceilings(self, slots: Sequence[object]) -> list[frozenset[str]]:
        """For each ceiling below the edge that holds, the questions that could lift it."""
        limits = self.everyday.limits
        low = {
            effect
            for effect, limit in (("knockout", limits.knocked_out), ("cap", limits.capped))
            if limit < self.edge
        }
        at = self.program.slots
        held = [
            (at[f"rule.{rule.id}", ()], "fires")
            for rule in self.everyday.rules.values()
            if rule.effect in low
        ]
        for name in self.rubric.graph.measures:
            if name.startswith("not_cleared."):
                held += [(at[name, ()], effect) for effect in low]
            elif name.startswith("contradicted.") and name != "contradicted.graded":
                held += [(at[name, ()], "contradicted")] if "cap" in low else []
        if "cap" in low:
            rows = self.everyday.criteria
            held += [(at["criterion.contradicted", (row,)], "contradicted") for row in rows]
        return [self._deciding(slot) for slot, value in held if slots[slot] == value]

    def _deciding(self, slot: int) -> frozenset[str]:
        """The questions on which a slot depends."""
        leaves, cells = self.engine.leaves, self.engine.cells
        todo, seen, found = [slot], set[int](), set[str]()
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            if at in leaves and leaves[at].key in self.questions:
                found.add(leaves[at].key)
            elif at in cells:
                todo += cells[at].needs
        return frozenset(found)

    # -- what can be changed ----------------------------------------------------------------------

    def _tested(self) -> dict[str, tuple[list[Test], list[Test]]]:
        """For each question, what knockouts and caps ask of it, and what shows others."""
        found: dict[str, tuple[list[Test], list[Test]]] = {q: ([], []) for q in self.questions}
        hard = [r.when for r in self.everyday.rules.values() if r.effect != "clarify"]
        shows = [q.show_when for q in self.asked.questions if q.show_when is not None]
        for kind, conditions in enumerate((hard, shows)):
            for condition in conditions:
                for alternative in alternatives(condition):
                    for name, test in alternative.items():
                        if name in found:
                            found[name][kind].append(test)
        return found

    def _best_options(self, name: str) -> tuple[_Option, ...]:
        """The options that no other is as good as in every respect, most credit first.

        An answer is as good as another if it earns as much everywhere, meets none of a rule's
        tests that the other does not meet, and shows the same questions.
        """
        now = self.answers.get(name, State.UNANSWERED)
        approved = self.sheet.marks.get("not_applicable", {}).get(name) == "approved"
        if now is State.NOT_APPLICABLE and approved:
            return ()
        hard, shows = self.tested[name]
        marked = name in self.sheet.marks.get("assurance", {})
        kept: list[tuple[_Option, frozenset[int], tuple[bool, ...], bool]] = []
        for option in sorted(
            self._options(name), key=lambda option: -sum(c or 0 for c in option.credits.values())
        ):
            answer = now if option.answer is None else option.answer
            met = frozenset(n for n, test in enumerate(hard) if passes(test, answer))
            shown = tuple(passes(test, answer) for test in shows)
            disputed = marked and option.answer is None
            if not any(
                all(
                    other.credits[row] == c or (other.credits[row] or 0) > (c or 0)
                    for row, c in option.credits.items()
                )
                and other_met <= met
                and other_shown == shown
                and other_disputed <= disputed
                for other, other_met, other_shown, other_disputed in kept
            ):
                kept.append((option, met, shown, disputed))
        return tuple(option for option, *_ in kept)

    def _options(self, name: str) -> list[_Option]:
        """The ways of changing one question, each with the most evidence that it could have."""
        question = self.questions[name]
        now = self.answers.get(name, State.UNANSWERED)
        levels = self.sheet.levels.get(name, {})
        found = []
        for answer in self._replies(question, now):
            better, level, kinds = self._proven(question, answer, levels)
            given = None if answer == now else answer
            if given is None and level is None:
                continue
            sheet = replace(
                self.sheet,
                answers={**self.sheet.answers, name: answer},
                levels={**self.sheet.levels, name: better},
                marks=self._marks(() if given is None else (name,)),
            )
            trial = _Trial(self.engine, sheet)
            credits_ = {c.id: self._credit(c.id, trial) for c in self.graded.get(name, ())}
            found.append(_Option(given, level, kinds, better, credits_))
        return found

    def _replies(self, question: Question, now: Value) -> Iterator[Value]:
        if not isinstance(now, State) and now != DONT_KNOW:
            yield now
        if question.answer == "many_of" and len(question.choices) > _MOST_TICKS:
            self.undecided = True  # not every set of ticks is tried
        tests = [
            test
            for other in self.asked.questions
            if other.show_when is not None
            for name, test in atoms(other.show_when)
            if name == question.id
        ]
        real = [
            answer
            for test in tests
            for answer in telling_answers(question, test)
            if not isinstance(answer, State) and answer != DONT_KNOW
        ]
        for answer in dict.fromkeys([*telling_replies(self.everyday, question), *real]):
            if answer not in (now, frozenset()):
                yield answer

    def _proven(
        self, question: Question, answer: Value, levels: Levels
    ) -> tuple[Levels, str | None, tuple[str, ...]]:
        """The levels that evidence could reach for an answer; the level and kinds it takes."""
        assurance = self.everyday.assurance
        if assurance is None:
            return levels, None, ()
        rank = assurance.levels.index
        claimed = answer if isinstance(answer, frozenset) else frozenset((str(answer),))
        held = min((levels.get(c, levels.get("*", assurance.levels[0])) for c in claimed), key=rank)
        best: tuple[str, EvidenceRequest | None] = (held, None)
        for request in question.evidence:
            if request.choices and not claimed & set(request.choices):
                continue
            reached = max((assurance.evidence[kind] for kind in request.kinds), key=rank)
            if rank(reached) > rank(best[0]):
                best = reached, request
        if self.verified and rank(best[0]) < len(assurance.levels) - 1:
            return {"*": assurance.levels[-1]}, assurance.levels[-1], ()
        level, asked = best
        if asked is None:
            return levels, None, ()
        raised = dict(levels)
        for choice in asked.choices or ("*", *levels):
            known = raised.get(choice, levels.get("*", assurance.levels[0]))
            raised[choice] = max(known, level, key=rank)
        kinds = tuple(kind for kind in asked.kinds if assurance.evidence[kind] == level)
        return raised, level, kinds


def _least_changes(
    candidates: Sequence[_Candidate], needs: Sequence[Fraction], ceilings: int
) -> int | None:
    """How many candidates it takes at least, by the greatest gains alone; None: all do not do."""
    if len(frozenset().union(*(candidate.undoes for candidate in candidates))) < ceilings:
        return None
    least = 1 if ceilings else 0
    for at, need in enumerate(needs):
        if need <= 0:
            continue
        tops = accumulate(sorted((one.gains[at] for one in candidates), reverse=True))
        enough = next((n for n, gained in enumerate(tops, 1) if gained >= need), None)
        if enough is None:
            return None
        least = max(least, enough)
    return least


class _Sets:
    """Sets of candidates that could possibly do: fewest first, then least weight.

    Iterating gives each set, and None once the time is up. Candidates that count alike are taken
    together while bounds are looked at, and apart when sets are given.
    """

    def __init__(
        self,
        candidates: Sequence[_Candidate],
        needs: Sequence[Fraction],
        ceilings: int,
        deadline: float,
    ) -> None:
        self.deadline = deadline
        alike: dict[object, list[_Candidate]] = {}
        for candidate in candidates:
            key = (candidate.weight, candidate.gains, candidate.undoes)
            alike.setdefault(key, []).append(candidate)
        self.kinds = sorted(alike.values(), key=lambda kind: (kind[0].weight, kind[0].question))
        scale = lcm(
            *(g.denominator for g in needs), *(g.denominator for c in candidates for g in c.gains)
        )
        self.heavy = lcm(*(candidate.weight.denominator for candidate in candidates))
        self.weights = [int(kind[0].weight * self.heavy) for kind in self.kinds]
        self.needs = [int(need * scale) for need in needs]
        self.gains = [[int(gain * scale) for gain in kind[0].gains] for kind in self.kinds]
        self.ceilings = ceilings
        self.most = len(candidates)
        # From each place on: the greatest sums that so many more candidates can reach.
        self.tops = [self._tops(place) for place in range(len(self.kinds) + 1)]
        self.lifts = [
            frozenset().union(*(kind[0].undoes for kind in self.kinds[place:]))
            for place in range(len(self.kinds) + 1)
        ]
        self.prices = self._prices()
        self.priced: dict[int, list[list[float]]] = {}
        self.late = False

    def _tops(self, place: int) -> list[list[int]]:
        tops = []
        for n in range(len(self.needs)):
            gains = [
                gains[n]
                for gains, kind in zip(self.gains[place:], self.kinds[place:], strict=True)
                for _ in kind
            ]
            tops.append([0, *accumulate(sorted(gains, reverse=True))])
        return tops

    def _prices(self) -> list[tuple[int, float]]:
        """Pairs (sum, price in weight of one unit of it) by which bounds on weight are found."""
        found = [(0, 0.0)]
        for n in range(len(self.needs)):
            ratios = sorted(
                {
                    weight / gains[n]
                    for weight, gains in zip(self.weights, self.gains, strict=True)
                    if gains[n] > 0
                }
            )
            step = max(1, len(ratios) // _MOST_PRICES)
            found += [(n, price) for price in ratios[::step]]
        return found

    def _priced(self, place: int) -> list[list[float]]:
        """For each price: the least weight, less the worth of what it gains, of so many more."""
        kinds = list(zip(self.weights, self.gains, self.kinds, strict=True))[place:]
        return [
            [
                0.0,
                *accumulate(
                    sorted(weight - price * gains[n] for weight, gains, kind in kinds for _ in kind)
                ),
            ]
            for n, price in self.prices
        ]

    def _more(self, place: int, left: int, lacks: Sequence[int]) -> int:
        """What so many more candidates weigh at least if they make up for what is lacking.

        For any price, weight >= price x lack + the least of (weight - price x gain).
        """
        priced = self.priced.get(place)
        if priced is None:
            priced = self.priced[place] = self._priced(place)
        bounds = (
            price * lacks[n] + least[left]
            for (n, price), least in zip(self.prices, priced, strict=True)
        )
        return ceil(max(bounds) - 1e-6)

    def __iter__(self) -> Iterator[tuple[int, Fraction, tuple[_Candidate, ...] | None]]:
        for size in range(self.most + 1):
            heavier_than = -1
            while True:
                weight = self._least_weight(size, heavier_than)
                if self.late:
                    yield size, Fraction(0), None
                    return
                if weight is None:
                    break
                heavy = Fraction(weight, self.heavy)
                for counts in self._counted(size, weight):
                    for chosen in _picks(self.kinds, counts):
                        if monotonic() > self.deadline:
                            yield size, heavy, None
                            return
                        yield size, heavy, chosen
                heavier_than = weight

    def _least_weight(self, size: int, heavier_than: int) -> int | None:
        """The least weight above another of a set of this size that could do."""
        least: int | None = None

        def light(weight: int, more: int) -> bool:
            return least is None or weight + more < least

        for _, weight in self._walk(size, light):
            if weight > heavier_than:
                least = weight
        return least

    def _counted(self, size: int, weight: int) -> Iterator[tuple[int, ...]]:
        """How many of each kind make up the sets of this size and weight that could do."""
        for counts, found in self._walk(size, lambda so_far, more: so_far + more <= weight):
            if found == weight:
                yield counts

    def _walk(
        self, size: int, light: Callable[[int, int], bool]
    ) -> Iterator[tuple[tuple[int, ...], int]]:
        """Counts of kinds by which every sum could be reached and every ceiling lifted.

        Each comes with its weight. `light(weight, more)` says whether a set that weighs this
        already, and will weigh that much more at least, is worth going on with.
        """
        steps = 0

        def walk(
            place: int,
            left: int,
            lacks: list[int],
            held: frozenset[int],
            weight: int,
            counts: tuple[int, ...],
        ) -> Iterator[tuple[tuple[int, ...], int]]:
            nonlocal steps
            steps += 1
            if steps % 256 == 0 and monotonic() > self.deadline:
                self.late = True
            if self.late:
                return
            tops = self.tops[place]
            if left >= len(tops[0]):
                return
            if any(lack > top[left] for lack, top in zip(lacks, tops, strict=True)):
                return
            if not held <= self.lifts[place]:
                return
            if not light(weight, self._more(place, left, lacks)):
                return
            if left == 0:
                if not held:
                    yield counts + (0,) * (len(self.kinds) - place), weight
                return
            kind, gains = self.kinds[place], self.gains[place]
            for count in range(min(left, len(kind)), -1, -1):
                yield from walk(
                    place + 1,
                    left - count,
                    [lack - gain * count for lack, gain in zip(lacks, gains, strict=True)],
                    held - kind[0].undoes if count else held,
                    weight + self.weights[place] * count,
                    (*counts, count),
                )

        yield from walk(0, size, self.needs, frozenset(range(self.ceilings)), 0, ())


def _picks(
    kinds: Sequence[Sequence[_Candidate]], counts: Sequence[int]
) -> Iterator[tuple[_Candidate, ...]]:
    """So many of each kind, in every way, one at a time: there can be very many."""
    if not counts:
        yield ()
        return
    for first in combinations(kinds[0], counts[0]):
        for others in _picks(kinds[1:], counts[1:]):
            yield first + others


# -- rubrics of plain measures --------------------------------------------------------------------


def _what(span: Span) -> str:
    """What a result may be, as a phrase."""
    if span.labels and not span.numeric:
        return f"one of {', '.join(sorted(span.labels))}"
    if not span.numeric or span.labels:
        return "anything"
    ends = [
        f"{word} {write_number(end)}"
        for word, end in (("from", span.low), ("to", span.high))
        if end is not None
    ]
    return " ".join(["a number", *ends])


class _Plain:
    """The search for a rubric of plain measures: answers alone, fewest first while time allows."""

    def __init__(
        self, rubric: Rubric, sheet: Sheet, target: str, result: str | None, deadline: float
    ) -> None:
        self.rubric, self.sheet, self.target, self.deadline = rubric, sheet, target, deadline
        self.engine = _Engine(rubric.program)
        named = {
            found.name: rubric.program.slots[found.measure, found.key]
            for found in rubric.graph.results
            if found.measure is not None
        }
        name = result or self._named(target)
        if name not in named:
            raise ValueError(f"there is no result “{name}” that answers could change")
        self.goal = named[name]
        self.guide = named.get("overall", self.goal)
        self.number = read_number(target)
        self.options = {
            leaf.key: options
            for leaf in rubric.program.leaves.values()
            if leaf.input.source == "answers" and (options := self._options(leaf))
        }

    def _named(self, target: str) -> str:
        """The result of the whole that may come to the target."""
        graph = self.rubric.graph
        spans = {
            found.name: graph.measures[found.measure].span
            for found in graph.results
            if found.measure is not None and not found.key
        }
        order = sorted(spans, key=lambda name: {"band": 0, "overall": 1}.get(name, 2))
        for name in order:
            if spans[name].may_be(target):
                return name
        told = "; ".join(f"“{name}” is {_what(spans[name])}" for name in order)
        raise ValueError(f"nothing comes to “{target}”" + (f": {told}" if told else ""))

    def _options(self, leaf: Leaf) -> tuple[Value, ...]:
        """The answers that may be given in place of the present one."""
        found = leaf.input
        now = self.sheet.answers.get(leaf.key)
        values: list[Value] = [*found.labels]
        if found.number:
            numbers = [read_number(choice) for choice in found.choices]
            bounds = [found.at_least, found.at_most]
            values += [value for value in (*numbers, *bounds) if value is not None]
        return tuple(dict.fromkeys(value for value in values if value != now))

    def search(self) -> Improvement | None:
        """The fewest changes, or the best found in time."""
        if self._reaches({}):
            return self._told({}, proven=True)
        late = monotonic() + (self.deadline - monotonic()) / 2
        for size in range(1, len(self.options) + 1):
            for keys in combinations(self.options, size):
                for values in product(*(self.options[key] for key in keys)):
                    chosen = dict(zip(keys, values, strict=True))
                    if self._reaches(chosen):
                        return self._told(chosen, proven=True)
                    if monotonic() > late:
                        return self._best_found()
        return None

    def _trial(self, chosen: Mapping[str, Value]) -> _Trial:
        answers = {**self.sheet.answers, **chosen}
        return _Trial(self.engine, replace(self.sheet, answers=answers))

    def _reaches(self, chosen: Mapping[str, Value]) -> bool:
        found = self._trial(chosen)[self.goal]
        if self.number is None or not isinstance(found, (int, Fraction)):
            return found == self.target
        higher = self.rubric.better == "higher"
        return found >= self.number if higher else found <= self.number

    def _best_found(self) -> Improvement | None:
        """The changes that move the overall result most, as few of them as will do."""
        start = self._trial({})[self.guide]
        sign = 1 if self.rubric.better == "higher" else -1
        moved: list[tuple[Fraction, str, Value]] = []
        for key, values in self.options.items():
            best: tuple[Fraction, str, Value] | None = None
            for value in values:
                after = self._trial({key: value})[self.guide]
                if monotonic() > self.deadline:
                    break
                before = start if isinstance(start, (int, Fraction)) else 0
                gain = (
                    Fraction(after) - before if isinstance(after, (int, Fraction)) else Fraction(0)
                )
                if best is None or gain * sign > best[0]:
                    best = (gain * sign, key, value)
            if best is not None:
                moved.append(best)
        moved.sort(key=lambda found: (-found[0], found[1]))
        fewest, most = 1, len(moved)
        if not moved or not self._reaches({key: value for _, key, value in moved}):
            return None
        while fewest < most:
            middle = (fewest + most) // 2
            if self._reaches({key: value for _, key, value in moved[:middle]}):
                most = middle
            else:
                fewest = middle + 1
        return self._told({key: value for _, key, value in moved[:most]}, proven=False)

    def _told(self, chosen: Mapping[str, Value], *, proven: bool) -> Improvement:
        found = self._trial(chosen)[self.guide]
        result = Fraction(found) if isinstance(found, int) else found
        changes = tuple(Change(key, value, None) for key, value in chosen.items())
        return Improvement(self.target, changes, proven, result)  # type: ignore[arg-type]
