"""The story of an everyday score: lines, rules, domains and steps that add up, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from operator import itemgetter
from typing import Any

from vendorrisk.conditions import DONT_KNOW, State, names
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring.denominators import common_denominators
from vendorrisk.scoring.everyday import Criterion, Everyday, Rule
from vendorrisk.scoring.exact import MOST_REMEMBERED, Program, total
from vendorrisk.scoring.expansion import APPROVED, CONTRADICTED, LIFTED, not_cleared_by
from vendorrisk.scoring.formula import exact, write_number
from vendorrisk.scoring.plain_text import Names
from vendorrisk.scoring.scorecard import (
    CAUSES,
    CEILINGS,
    DomainLine,
    FiredRule,
    Lifted,
    Line,
    Result,
    Step,
    readable,
    said,
)

_NOTHING = Fraction(0)
_LIMITED = {"knockout": "Knocked out", "cap": "Capped", "not_cleared": "Held"}


@dataclass(frozen=True, slots=True)
class Telling:
    """What an everyday rubric tells of one run."""

    results: Mapping[str, Result]
    rules: tuple[FiredRule, ...]
    lines: tuple[Line, ...]
    domains: tuple[DomainLine, ...]
    waterfall: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the values of one criterion stand."""

    criterion: Criterion
    code: str
    answer: int
    approval: int
    verdict: int
    points: int
    credit: int
    switched_off: int
    kept: tuple[int, ...]
    levels: tuple[int | None, ...]
    shares: tuple[int, ...]
    hiding: tuple[str, ...]
    contradicted: int
    reading: int | None
    known: dict[object, _Entry]
    """What was told of each reading of the row."""


@dataclass(frozen=True, slots=True)
class _Loss:
    """Why one criterion earns less than 100: points lost (of 100) by cause, and its state."""

    state: str
    lost: tuple[tuple[str, Fraction | int], ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line, but for its part of the mean, which hangs on what else applies.

    `told` are the fields of a Line up to that part. `earned` is weight × credit, `costs` weight ×
    points lost by cause, both in whole parts of a point (`Story.parts`); `earned` is None where
    the criterion leaves both sums.
    """

    told: tuple[Any, ...]
    loss: _Loss
    earned: Fraction | int | None
    costs: tuple[tuple[str, Fraction | int], ...]


_Cost = tuple[Fraction | int, str, str]
"""What is lost at one place: how much, to which cause, and the code of the question."""


_Part = tuple[Line, tuple[_Cost, ...]]
"""A line, and what it loses."""

MOST_WHOLES, MOST_TOLD = 16, 32
"""Sums of applicable weight, and under each the lines of each criterion, that are remembered."""


class _Shares(dict[Fraction | int, Fraction]):
    """Amounts as shares of a whole; each is divided once, for few amounts differ."""

    def __init__(self, whole: int) -> None:
        self.whole = whole

    def __missing__(self, amount: Fraction | int) -> Fraction:
        found = self[amount] = Fraction(amount, self.whole) if self.whole else Fraction(0)
        return found


class _Whole:
    """All applicable weight × 1 point, in the parts that costs are counted in, and what was told
    of readings of rows where this much applied: many vendors are asked the same.
    """

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self.shares = _Shares(parts)
        self.told: dict[object, _Part] = {}


@dataclass(frozen=True, slots=True)
class _Tally:
    """The lines of a run, and by domain what they lose; `whole` is all applicable weight × 1 point,
    in the parts that costs are counted in.
    """

    whole: int
    lines: list[Line]
    costs: dict[str, list[_Cost]]


class Story:
    """The lines, rules and steps of an everyday rubric."""

    def __init__(self, program: Program, everyday: Everyday, asked: Questionnaire) -> None:
        self.program, self.everyday = program, everyday
        self.admissions = everyday.assurance.admissions if everyday.assurance else Fraction(100)
        self.questions = {q.id: q for section in asked.sections for q in section.questions}
        self.names = Names(self.questions)
        self.places = {
            criterion.id: self._places(criterion) for criterion in everyday.criteria.values()
        }
        self.rows = tuple(self.places.values())
        self.readings = [places.reading for places in self.rows]
        self.not_cleared = not_cleared_by(everyday, asked)
        graded = {criterion.question for criterion in everyday.criteria.values()}
        self.ungraded = {
            question: self._slot(f"contradicted.{question}")
            for question in self.questions
            if question not in graded
        }
        self.rules = {
            effect: [
                (self._slot(f"rule.{rule.id}"), self._fired(rule))
                for rule in everyday.rules.values()
                if rule.effect == effect
            ]
            for effect in ("knockout", "cap", "clarify")
        }
        self.cleared = {q: self._slot(f"not_cleared.{q}") for q in self.not_cleared}
        self.asked = [self._slot("domain.asked", domain) for domain in everyday.domains]
        self.coverage = [self._slot("domain.coverage", domain) for domain in everyday.domains]
        self.parts = self._whole_parts()
        self.weights = [(p.credit, int(p.criterion.weight * self.parts)) for p in self.rows]
        self.known: dict[int, _Whole] = {}

    def _slot(self, measure: str, *key: str) -> int:
        return self.program.slots[measure, key]

    def _places(self, criterion: Criterion) -> _Places:
        program, row = self.program, criterion.id
        context = program.graph.rows.by_id[row]
        leaf = program.leaf_slot
        ranks = range(1, len(criterion.rungs) + 1)
        assured = self.everyday.assurance is not None
        hidden_by = context["criterion.hidden_by"]
        question = self.questions[criterion.question]
        answer = leaf("row.answer", context)
        approval = leaf("row.approval", context)
        verdict = leaf("row.verdict", context)
        points = self._slot("criterion.points", row)
        credit = self._slot("criterion.credit", row)
        switched_off = self._slot("criterion.switched_off", row)
        kept = tuple(self._slot(f"rung.kept_{rank}", row) for rank in ranks)
        levels = tuple(
            leaf(f"level.{rank}", context) if assured and rung.points > self.admissions else None
            for rank, rung in enumerate(criterion.rungs, start=1)
        )
        shares = tuple(self._slot(f"rung.share_{rank}", row) for rank in ranks) if assured else ()
        return _Places(
            criterion=criterion,
            code=question.code or criterion.id,
            answer=answer,
            approval=approval,
            verdict=verdict,
            points=points,
            credit=credit,
            switched_off=switched_off,
            kept=kept,
            levels=levels,
            shares=shares,
            hiding=() if isinstance(hidden_by, State) else tuple(hidden_by.split()),
            reading=program.reading(row),
            contradicted=self._slot("criterion.contradicted", row),
            known={},
        )

    def _whole_parts(self) -> int:
        """Into how many parts a point is divided, for weighted points to be whole numbers."""
        known = common_denominators(self.program.graph)
        points = lcm(*(known.get(f"criterion.{what}", 1) for what in ("points", "credit")))
        return points * lcm(*(p.criterion.weight.denominator for p in self.rows))

    def tell(self, slots: Sequence[object], results: Mapping[str, Result]) -> Telling:
        """The lines, rules, domains and steps of one run, and its results with their reasons."""
        tally = self._tally(slots)
        rules = tuple(self._rules(slots))
        domains = tuple(self._domains(slots, results, tally.costs))
        overall = results["overall"]
        waterfall = (
            ()
            if isinstance(overall.exact, State)
            else tuple(
                self._steps(slots, tally, overall.exact)  # type: ignore[arg-type]
            )
        )
        named = dict(results)
        named |= {line.id: line.assured for line in domains}
        named["overall"] = replace(overall, why=self._why(slots, overall, rules, domains))
        for name, sentence in (
            ("claimed", "Points alone: no assurance, no ceilings."),
            ("mean", "The weighted mean of all criteria, before any ceiling."),
            ("coverage", "The share of the weight that has an actual answer."),
        ):
            if name in named and not isinstance(named[name].exact, State):
                named[name] = replace(named[name], why=(sentence,))
        if isinstance(overall.exact, State):
            named["band"] = replace(named["band"], why=named["overall"].why)
        else:
            named["band"] = replace(named["band"], why=(self._band_why(str(named["band"].exact)),))
        return Telling(named, rules, tuple(tally.lines), domains, waterfall)

    def _band_why(self, band: str) -> str:
        edge = self.everyday.bands.get(band, "else")
        return (
            "Below every other band."
            if edge == "else"
            else f"The overall score, before it is rounded, is at least {edge.lstrip('>=')}."
        )

    # -- lines ------------------------------------------------------------------------------------

    def _tally(self, slots: Sequence[object]) -> _Tally:
        """The lines, and what they lose, in one pass: many hundred rows are looked up but once."""
        whole = self._whole(
            sum([weight for credit, weight in self.weights if type(slots[credit]) is not State])
        )
        tally = _Tally(whole.parts, [], {domain: [] for domain in self.everyday.domains})
        told, lines, costs = whole.told, tally.lines, tally.costs
        for places, at in zip(self.rows, self.readings, strict=True):
            found = None if at is None else told.get(slots[at])
            if found is None:
                found = self._part(places, slots, whole)
            line, lost = found
            lines.append(line)
            if lost:
                costs[line.domain] += lost
        return tally

    def _whole(self, parts: int) -> _Whole:
        """What was told under that much applicable weight."""
        whole = self.known.get(parts)
        if whole is None:
            if len(self.known) >= MOST_WHOLES:
                self.known.clear()
            whole = self.known[parts] = _Whole(parts)
        return whole

    def _part(self, places: _Places, slots: Sequence[object], whole: _Whole) -> _Part:
        """One line and what it loses; the same reading of its row and whole, the same line."""
        entry, share_of = self._entry(places, slots), whole.shares
        contribution = None if entry.earned is None else share_of[entry.earned]
        costs = entry.costs if whole.parts else ()
        lost = {cause: share_of[cost] for cause, cost in costs}
        part = (
            Line._make((*entry.told, contribution, lost)),
            tuple((cost, cause, places.code) for cause, cost in costs if cost),
        )
        if places.reading is not None and entry.loss.state != "hidden_by_answer":
            if len(whole.told) >= MOST_TOLD * len(self.rows):
                whole.told.clear()
                share_of.clear()
            whole.told[slots[places.reading]] = part
        return part

    def _loss(self, places: _Places, slots: Sequence[object]) -> _Loss:
        answer, credit = slots[places.answer], slots[places.credit]
        if answer is State.HIDDEN:
            if slots[places.switched_off] == "by_fact" or not places.hiding:
                return _Loss("hidden_by_fact", ())
            return _Loss("hidden_by_answer", self._inherited(places, slots))
        if answer is State.NOT_APPLICABLE:
            if slots[places.approval] == APPROVED:
                return _Loss("not_applicable", ())
            return _Loss("not_approved", (("not_approved", 100),))
        if answer is State.UNANSWERED:
            return _Loss("unanswered", (("unanswered", 100),))
        if answer == DONT_KNOW:
            return _Loss("dont_know", (("dont_know", 100),))
        points: Any = slots[places.points]
        weaker = (("weaker_answer", 100 - points),) if points != 100 else ()
        if slots[places.verdict] == CONTRADICTED:
            return _Loss("contradicted", (*weaker, ("contradicted", points)))
        unproven = (("unproven", points - credit),) if points != credit else ()
        return _Loss("answered", (*weaker, *unproven))

    def _inherited(
        self, places: _Places, slots: Sequence[object]
    ) -> tuple[tuple[str, Fraction | int], ...]:
        """Causes taken over from the answers that hide a question: claimed and assured apart.

        The least points and the least credit may come from different answers.
        """
        points: Any = slots[places.points]
        credit: Any = slots[places.credit]
        if type(credit) is State:
            return ()
        by_points = by_credit = None
        for other in (self.places[name] for name in places.hiding):
            if by_points is None and slots[other.points] == points:
                by_points = self._entry(other, slots).loss
            if by_credit is None and slots[other.credit] == credit:
                by_credit = self._entry(other, slots).loss
        claimed = tuple(
            (cause, lost)
            for cause, lost in (by_points.lost if by_points else ())
            if cause not in ("unproven", "contradicted")
        )
        if points == credit:
            return claimed
        contradicted = by_credit is not None and "contradicted" in dict(by_credit.lost)
        return (*claimed, ("contradicted" if contradicted else "unproven", points - credit))

    def _entry(self, places: _Places, slots: Sequence[object]) -> _Entry:
        """What is told of one criterion; the same reading of its row, the same entry."""
        reading: object = None if places.reading is None else slots[places.reading]
        if slots[places.answer] is State.HIDDEN:
            if places.hiding and slots[places.switched_off] != "by_fact":
                return self._told(places, slots)  # other criteria decide, too
            reading = ("hidden", slots[places.credit])
        entry = places.known.get(reading)
        if entry is None:
            if len(places.known) >= MOST_REMEMBERED:
                places.known.clear()
            entry = places.known[reading] = self._told(places, slots)
        return entry

    def _told(self, places: _Places, slots: Sequence[object]) -> _Entry:
        criterion, loss = places.criterion, self._loss(places, slots)
        points, credit = slots[places.points], slots[places.credit]
        counted = type(credit) is not State
        level = counts = None
        share: Fraction | None = None
        rank = self._rung(places, slots) if loss.state in ("answered", "contradicted") else None
        if rank is not None:
            counts = criterion.rungs[rank].choice
            proof = places.levels[rank]
            if proof is not None:
                level = str(slots[proof])
                share = _fraction(slots[places.shares[rank]])
        told = (
            criterion.id,
            criterion.question,
            criterion.domain,
            criterion.weight,
            loss.state,
            _answer(slots[places.answer]),
            _fraction(points) if counted else None,
            level,
            share,
            counts,
            _fraction(credit) if counted else None,
            self._line_why(places, loss.state, points, credit, level, share, rank),
        )
        times = criterion.weight * self.parts
        earned: Any = credit
        return _Entry(
            told,
            loss,
            exact(earned * times) if counted else None,
            tuple((cause, exact(lost * times)) for cause, lost in loss.lost) if counted else (),
        )

    def _rung(self, places: _Places, slots: Sequence[object]) -> int | None:
        """The rung whose credit counts: the claimed one, or a worse one that keeps as much."""
        if places.criterion.ticked == "sum":
            return None
        best = None
        for rank, slot in enumerate(places.kept):
            value: Any = slots[slot]
            if type(value) is not State and (best is None or value > best[0]):
                best = (value, rank)
        return None if best is None else best[1]

    def _line_why(
        self,
        places: _Places,
        state: str,
        points: object,
        credit: object,
        level: str | None,
        share: Fraction | None,
        rank: int | None,
    ) -> tuple[str, ...]:
        if state == "hidden_by_fact":
            return ("Not asked: what is known of the engagement leaves it out.",)
        if state == "not_applicable":
            return (
                "Not applicable, approved by a reviewer: it does not count, nor does its weight.",
            )
        if state == "not_approved":
            return ("Said not to apply, which nobody approved: it earns 0.",)
        if state == "unanswered":
            return ("Unanswered: it earns 0 and keeps its weight.",)
        if state == "dont_know":
            return ("“Don't know” earns 0.",)
        if state == "hidden_by_answer":
            codes = " and ".join(self.places[other].code for other in places.hiding)
            if type(credit) is State:
                return (f"Not asked because of {codes}, which does not apply.",)
            return (
                f"Not asked because of the answer to {codes}: it earns what that earns, "
                f"{said(credit)} of 100.",  # type: ignore[arg-type]
            )
        claims = f"Claims {said(points)} of 100"  # type: ignore[arg-type]
        if state == "contradicted":
            return (f"{claims}; a reviewer found it contradicted: it earns 0.",)
        if rank is None:
            return (f"{claims}; each tick counts as far as it is proven: {said(credit)}.",)  # type: ignore[arg-type]
        rung = places.criterion.rungs[rank]
        if rung.points == points and level is None:
            needs_none = bool(self.everyday.assurance and points)
            weak = ", and so weak an answer needs no proof" if needs_none else ""
            return (f"Earns {said(credit)} of 100{weak}.",)  # type: ignore[arg-type]
        if rung.points != points:
            worse = rung.says if rung.choice is None else f"“{rung.says}”"
            claims += f"; the weaker claim {worse}, {said(rung.points)} of 100, earns more"
        proof = "it needs no proof" if self.everyday.assurance else "points alone"
        if level is not None and share is not None:
            counts = "all of it counts" if share == 1 else f"{said(share * 100)} % of it counts"
            proof = f"{readable(level)}, so {counts}"
        return (f"{claims}; {proof}: {said(credit)}.",)  # type: ignore[arg-type]

    # -- rules ------------------------------------------------------------------------------------

    def _rules(self, slots: Sequence[object]) -> Iterator[FiredRule]:
        limits = {
            "knockout": self.everyday.limits.knocked_out,
            "cap": self.everyday.limits.capped,
        }
        contradicted = tuple(self._contradicted(slots))
        disputed = [fired.questions[0] for fired in contradicted]
        for effect in ("knockout", "cap"):
            for slot, fired in self.rules[effect]:
                stands = slots[slot]
                if stands == "fires":
                    yield fired
                elif stands == LIFTED:
                    lifted = Lifted(effect, limits[effect])
                    yield replace(fired, effect=LIFTED, limit=None, lifted=lifted)
            if effect == "cap":
                yield from contradicted
            for question, slot in self.cleared.items():
                # One cap is enough to say.
                if slots[slot] == effect and (effect == "knockout" or question not in disputed):
                    ways = self.not_cleared[question]
                    yield self._silent(slots, question, effect, limits[effect], ways)
        for slot, fired in self.rules["clarify"]:
            if slots[slot] == "fires":
                yield fired

    def _fired(self, rule: Rule) -> FiredRule:
        """What is told of a rule that fires."""
        if rule.effect == "clarify":
            return FiredRule(rule.id, "clarify", None, rule.because, rule.clarify, rule.clause)
        limits = self.everyday.limits
        limit = limits.knocked_out if rule.effect == "knockout" else limits.capped
        asked = tuple(name for name in names(rule.when) if name in self.questions)
        return FiredRule(rule.id, rule.effect, limit, rule.because, asked, rule.clause)

    def _contradicted(self, slots: Sequence[object]) -> Iterator[FiredRule]:
        found = {q for q, slot in self.ungraded.items() if slots[slot] == CONTRADICTED}
        if slots[self._slot("contradicted.graded")] == "true":
            found |= {
                places.criterion.question
                for places in self.places.values()
                if slots[places.contradicted] == CONTRADICTED
            }
        for question in self.questions if found else ():
            if question in found:
                yield FiredRule(
                    f"contradicted:{question}",
                    "cap",
                    self.everyday.limits.capped,
                    f"A reviewer found the answer to {self.names.question(question)} contradicted.",
                    (question,),
                )

    def _silent(
        self,
        slots: Sequence[object],
        question: str,
        effect: str,
        limit: Fraction,
        ways: Mapping[str, Sequence[str]],
    ) -> FiredRule:
        answer = slots[self.program.leaf_slot(question, {})]
        what = {
            State.UNANSWERED: "is not answered",
            State.NOT_APPLICABLE: "is said not to apply, which nobody approved",
            State.HIDDEN: "is not asked as long as an earlier question has no answer",
        }.get(answer, "has an answer that a reviewer found contradicted")  # type: ignore[call-overload]
        if answer == DONT_KNOW:
            what = "is answered with “don't know”"
        reasons = [self.everyday.rules[rule].because for rule in ways[effect]]
        word = "a knockout" if effect == "knockout" else "a cap"
        because = (
            f"{self.names.question(question)} {what}, so {word} applies until the contrary is "
            f"shown: {' '.join(reasons)}"
        )
        return FiredRule(f"not-cleared:{question}", "not_cleared", limit, because, (question,))

    # -- domains and steps ------------------------------------------------------------------------

    def _domains(
        self,
        slots: Sequence[object],
        results: Mapping[str, Result],
        costs: Mapping[str, Sequence[_Cost]],
    ) -> Iterator[DomainLine]:
        asked: list[Any] = [slots[slot] for slot in self.asked]
        whole = total([weight for weight in asked if type(weight) is not State])
        for domain, weight, at in zip(
            self.everyday.domains.values(), asked, self.coverage, strict=True
        ):
            coverage = slots[at]
            assured = results[domain.id]
            if not isinstance(assured.exact, State):
                sentence = self._domain_why(domain.title, assured, costs[domain.id])
                assured = Result(assured.exact, assured.shown, (*assured.why, sentence))
            yield DomainLine(
                domain.id,
                domain.title,
                domain.critical,
                Fraction(0) if type(weight) is State or not whole else Fraction(weight, whole),
                results[f"{domain.id}.claimed"],
                assured,
                None if type(coverage) is State else _fraction(coverage),
            )

    def _domain_why(self, title: str, assured: Result, costs: Sequence[_Cost]) -> str:
        """The domain in one sentence: what it earns and the answers that cost it most."""
        value = said(assured.shown if isinstance(assured.shown, Fraction) else 0)
        if not costs:
            return f"{title} {value} of 100: nothing is lost."
        parts = [
            f"{code} ({CAUSES[cause].lower()})"
            for _, cause, code in sorted(costs, key=itemgetter(0), reverse=True)[:3]
        ]
        return f"{title} {value} of 100: most is lost on {', '.join(parts)}."

    def _steps(
        self,
        slots: Sequence[object],
        tally: _Tally,
        overall: Fraction,
    ) -> Iterator[Step]:
        after = Fraction(100)
        lost: dict[str, Fraction | int] = dict.fromkeys(CAUSES, 0)
        for costs in tally.costs.values():
            for cost, cause, _ in costs:
                lost[cause] += cost
        left: Fraction | int = 100 * tally.whole
        for cause, label in CAUSES.items():
            change = _NOTHING
            if lost[cause]:
                change = -Fraction(lost[cause], tally.whole)
                left -= lost[cause]
                after = Fraction(left, tally.whole)
            yield Step(cause, label, change, after)
        limits = {
            "weakest_critical": self._value(slots, "weakest.limit"),
            "cap": self._value(slots, "ceiling.cap"),
            "knockout": self._value(slots, "ceiling.knockout"),
        }
        for name, label in CEILINGS.items():
            limit = limits[name]
            change = _NOTHING
            if limit is not None and limit < after:
                change, after = limit - after, limit
            yield Step(name, label, change, after)
        if after != overall:
            raise ArithmeticError("the steps of a score must add up to it")

    def _value(self, slots: Sequence[object], measure: str) -> Fraction | None:
        slot = self.program.slots.get((measure, ()))
        if slot is None or type(slots[slot]) is State:
            return None
        return _fraction(slots[slot])

    def _why(
        self,
        slots: Sequence[object],
        overall: Result,
        rules: Sequence[FiredRule],
        domains: Sequence[DomainLine],
    ) -> tuple[str, ...]:
        """The sentences above everything else: the ceilings first."""
        found: list[str] = []
        value = overall.exact
        if isinstance(value, State):
            found += overall.why
            basis = self.program.cells.get(("total.basis", ()))
            if basis is not None and value is State.NO_SCORE:
                found += [
                    branch.because
                    for branch in basis.branches
                    if branch.because and (branch.when is None or branch.when(slots))
                ][:1]
                found += [
                    f"{line.title}: {line.assured.why[0]}"
                    for line in domains
                    if line.assured.exact is State.NO_SCORE and line.assured.why
                ]
        for rule in rules:
            if rule.limit is not None:
                found.append(f"{_LIMITED[rule.effect]} at {said(rule.limit)}: {rule.because}")
        if not isinstance(value, Fraction):
            return tuple(found)
        weakest = self._value(slots, "weakest.limit")
        plus = self.everyday.limits.weakest_critical_plus
        if weakest is not None and plus is not None and weakest == value:
            least = weakest - plus
            lowest = [
                line.title
                for line in domains
                if line.critical
                and _fraction_or_none(slots[self._slot("domain.mean", line.id)]) == least
            ]
            found.append(
                f"Held at {said(value)}: the weakest critical domain, {' and '.join(lowest)}, "
                f"has {said(least)}, and the score may be at most {said(plus)} above it."
            )
        mean = self._value(slots, "total.mean")
        if mean is not None and mean == value:
            limited = any(rule.limit is not None for rule in rules)
            below = "already below every ceiling" if limited else "nothing limits it"
            found.append(f"The weighted mean of all criteria is {said(mean)}; {below}.")
        elif mean is not None:
            found.append(f"Without ceilings it would be {said(mean)}, the weighted mean.")
        return tuple(found)


def _fraction(value: Any) -> Fraction:
    return value if type(value) is Fraction else Fraction(value)


def _fraction_or_none(value: object) -> Fraction | None:
    return None if isinstance(value, State) else _fraction(value)


def _answer(value: object) -> tuple[str, ...]:
    if isinstance(value, State):
        return ()
    if isinstance(value, frozenset):
        return tuple(sorted(value))
    if isinstance(value, (Fraction, int)):
        return (write_number(Fraction(value)),)
    return (str(value),)
