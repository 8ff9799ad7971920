"""The story of an everyday score: lines, rules, domains and steps that add up, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from heapq import nlargest
from operator import itemgetter
from typing import Any

from vendorrisk.conditions import DONT_KNOW, State, names
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring.everyday import Criterion, Everyday
from vendorrisk.scoring.exact import MOST_REMEMBERED, Program, total
from vendorrisk.scoring.expansion import APPROVED, CONTRADICTED, LIFTED, not_cleared_by
from vendorrisk.scoring.formula import exact, write_number
from vendorrisk.scoring.scorecard import (
    CAUSES,
    CEILINGS,
    DomainLine,
    FiredRule,
    Lifted,
    Line,
    Result,
    Step,
    said,
)

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


@dataclass(frozen=True, slots=True)
class _Loss:
    """Why one criterion earns less than 100: points lost (of 100) by cause, and its state."""

    state: str
    lost: tuple[tuple[str, Fraction | int], ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line, and what it costs: of each cause, weight × points lost, and `Line.lost` about."""

    line: Line
    costs: tuple[tuple[str, Fraction | int, float], ...]


class Story:
    """The lines, rules and steps of an everyday rubric."""

    def __init__(self, program: Program, everyday: Everyday, asked: Questionnaire) -> None:
        self.program, self.everyday = program, everyday
        self.admissions = everyday.assurance.admissions if everyday.assurance else Fraction(100)
        self.questions = {q.id: q for section in asked.sections for q in section.questions}
        self.places = {
            criterion.id: self._places(criterion) for criterion in everyday.criteria.values()
        }
        self.not_cleared = not_cleared_by(everyday, asked)
        self.ungraded = [
            q for q in self.questions if all(c.question != q for c in everyday.criteria.values())
        ]

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

    def tell(self, slots: Sequence[object], results: Mapping[str, Result]) -> Telling:
        """The lines, rules, domains and steps of one run, and its results with their reasons."""
        losses: dict[str, _Loss] = {}
        applicable = total(
            [
                c.weight
                for c in self.everyday.criteria.values()
                if type(slots[self.places[c.id].credit]) is not State
            ]
        )
        entries = [
            self._known(places, slots, losses, applicable) for places in self.places.values()
        ]
        lines = tuple([entry.line for entry in entries])
        rules = tuple(self._rules(slots))
        domains = tuple(self._domains(slots, results, entries))
        overall = results["overall"]
        waterfall = (
            ()
            if isinstance(overall.exact, State)
            else tuple(
                self._steps(slots, entries, applicable, overall.exact)  # type: ignore[arg-type]
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
        return Telling(named, rules, lines, domains, waterfall)

    def _band_why(self, band: str) -> str:
        edge = self.everyday.bands.get(band, "else")
        return (
            "Below every other band."
            if edge == "else"
            else f"The overall score, before it is rounded, is at least {edge.lstrip('>=')}."
        )

    # -- lines ------------------------------------------------------------------------------------

    def _loss(self, places: _Places, slots: Sequence[object], losses: dict[str, _Loss]) -> _Loss:
        identity = places.criterion.id
        if identity not in losses:
            losses[identity] = self._found_loss(places, slots, losses)
        return losses[identity]

    def _found_loss(
        self, places: _Places, slots: Sequence[object], losses: dict[str, _Loss]
    ) -> _Loss:
        answer, credit = slots[places.answer], slots[places.credit]
        if answer is State.HIDDEN:
            if slots[places.switched_off] == "by_fact" or not places.hiding:
                return _Loss("hidden_by_fact", ())
            return _Loss("hidden_by_answer", self._inherited(places, slots, losses))
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
        self, places: _Places, slots: Sequence[object], losses: dict[str, _Loss]
    ) -> tuple[tuple[str, Fraction | int], ...]:
        """Causes taken over from the answers that hide a question: claimed and assured apart,

        since the least points and the least credit may come from different answers.
        """
        points: Any = slots[places.points]
        credit: Any = slots[places.credit]
        if type(credit) is State:
            return ()
        by_points = by_credit = None
        for other in places.hiding:
            if by_points is None and slots[self.places[other].points] == points:
                by_points = self._loss(self.places[other], slots, losses)
            if by_credit is None and slots[self.places[other].credit] == credit:
                by_credit = self._loss(self.places[other], slots, losses)
        claimed = tuple(
            (cause, lost)
            for cause, lost in (by_points.lost if by_points else ())
            if cause not in ("unproven", "contradicted")
        )
        if points == credit:
            return claimed
        contradicted = by_credit is not None and "contradicted" in dict(by_credit.lost)
        return (*claimed, ("contradicted" if contradicted else "unproven", points - credit))

    def _known(
        self,
        places: _Places,
        slots: Sequence[object],
        losses: dict[str, _Loss],
        applicable: Fraction | int,
    ) -> _Entry:
        reading: object = (applicable, places.reading and slots[places.reading])
        if slots[places.answer] is State.HIDDEN:
            if places.hiding and slots[places.switched_off] != "by_fact":
                return self._entry(places, slots, losses, applicable)  # other criteria decide, too
            reading = slots[places.credit]
        entry = places.known.get(reading)
        if entry is None:
            if len(places.known) >= MOST_REMEMBERED:
                places.known.clear()
            entry = places.known[reading] = self._entry(places, slots, losses, applicable)
        return entry

    def _entry(
        self,
        places: _Places,
        slots: Sequence[object],
        losses: dict[str, _Loss],
        applicable: Fraction | int,
    ) -> _Entry:
        line = self._line(places, slots, losses, applicable)
        weight = exact(places.criterion.weight)
        costs = [
            # Only the choice and order of examples hang on the last, so a float is near enough.
            (cause, weight * lost, amount.numerator / amount.denominator)
            for cause, lost in self._loss(places, slots, losses).lost
            if lost and (amount := line.lost.get(cause))
        ]
        return _Entry(line, tuple(costs))

    def _line(
        self,
        places: _Places,
        slots: Sequence[object],
        losses: dict[str, _Loss],
        applicable: Fraction | int,
    ) -> Line:
        criterion = places.criterion
        loss = self._loss(places, slots, losses)
        answer, points, credit = (
            slots[places.answer],
            slots[places.points],
            slots[places.credit],
        )
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
        weight = criterion.weight
        return Line(
            criterion=criterion.id,
            question=criterion.question,
            domain=criterion.domain,
            weight=weight,
            state=loss.state,
            answer=_answer(answer),
            points=_fraction(points) if counted else None,
            level=level,
            share=share,
            counts=counts,
            credit=_fraction(credit) if counted else None,
            contribution=_part(weight, credit, applicable) if counted else None,
            lost={cause: _part(weight, lost, applicable) for cause, lost in loss.lost if applicable}
            if counted
            else {},
            why=self._line_why(places, loss.state, points, credit, level, share, rank),
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
            return ("Not applicable, approved by a reviewer: it leaves both sums.",)
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
        if level is not None and share is not None:
            proof = f"{level.replace('_', ' ')} keeps {said(share * 100)} % of {said(rung.points)}"
        else:
            proof = "an admission needs no proof" if self.everyday.assurance else "points alone"
        if rung.points != points:
            worse = rung.says if rung.choice is None else f"“{rung.says}”"
            return (f"{claims}; the weaker claim {worse} counts for more: {proof}.",)
        return (f"{claims}; {proof}: {said(credit)}.",)  # type: ignore[arg-type]

    # -- rules ------------------------------------------------------------------------------------

    def _rules(self, slots: Sequence[object]) -> Iterator[FiredRule]:
        limits = {
            "knockout": self.everyday.limits.knocked_out,
            "cap": self.everyday.limits.capped,
        }
        for effect in ("knockout", "cap"):
            for rule in self.everyday.rules.values():
                stands = slots[self._slot(f"rule.{rule.id}")] if rule.effect == effect else None
                if stands in ("fires", LIFTED):
                    lifted = Lifted(effect, limits[effect]) if stands == LIFTED else None
                    yield FiredRule(
                        rule.id,
                        LIFTED if lifted else effect,
                        None if lifted else limits[effect],
                        rule.because,
                        self._asked_by(rule.when),
                        rule.clause,
                        lifted=lifted,
                    )
            if effect == "cap":
                yield from self._contradicted(slots)
            disputed = [fired.questions[0] for fired in self._contradicted(slots)]
            for question, ways in self.not_cleared.items():
                if slots[self._slot(f"not_cleared.{question}")] != effect:
                    continue
                if effect == "knockout" or question not in disputed:  # one cap is enough to say
                    yield self._silent(slots, question, effect, limits[effect], ways)
        for rule in self.everyday.rules.values():
            if rule.effect == "clarify" and self._fires(slots, f"rule.{rule.id}"):
                yield FiredRule(rule.id, "clarify", None, rule.because, rule.clarify, rule.clause)

    def _fires(self, slots: Sequence[object], measure: str) -> bool:
        return slots[self._slot(measure)] == "fires"

    def _asked_by(self, condition: Any) -> tuple[str, ...]:
        return tuple(name for name in names(condition) if name in self.questions)

    def _contradicted(self, slots: Sequence[object]) -> Iterator[FiredRule]:
        graded = {
            places.criterion.question
            for places in self.places.values()
            if slots[places.contradicted] == CONTRADICTED
        }
        for question in self.questions:
            found = question in graded or (
                question in self.ungraded
                and slots[self._slot(f"contradicted.{question}")] == CONTRADICTED
            )
            if found:
                yield FiredRule(
                    f"contradicted:{question}",
                    "cap",
                    self.everyday.limits.capped,
                    f"A reviewer found the answer to {self._called(question)} contradicted.",
                    (question,),
                )

    def _called(self, question: str) -> str:
        found = self.questions[question]
        return f"“{found.ask}”" if found.code is None else f"{found.code} “{found.ask}”"

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
        because = f"{self._called(question)} {what}, so {word} is not cleared: {' '.join(reasons)}"
        return FiredRule(f"not-cleared:{question}", "not_cleared", limit, because, (question,))

    # -- domains and steps ------------------------------------------------------------------------

    def _domains(
        self, slots: Sequence[object], results: Mapping[str, Result], entries: Sequence[_Entry]
    ) -> Iterator[DomainLine]:
        asked = {
            domain: slots[self._slot("domain.asked", domain)] for domain in self.everyday.domains
        }
        whole = total([v for v in asked.values() if type(v) is not State])  # type: ignore[misc]
        costs: dict[str, list[tuple[float, str, Line]]] = {d: [] for d in self.everyday.domains}
        for entry in entries:
            if entry.costs:
                mine = costs[entry.line.domain]
                mine += [(amount, cause, entry.line) for cause, _, amount in entry.costs]
        for domain in self.everyday.domains.values():
            weight: Any = asked[domain.id]
            coverage = slots[self._slot("domain.coverage", domain.id)]
            assured = results[domain.id]
            if not isinstance(assured.exact, State):
                sentence = self._domain_why(domain.title, assured, costs[domain.id])
                assured = replace(assured, why=(*assured.why, sentence))
            yield DomainLine(
                domain.id,
                domain.title,
                domain.critical,
                Fraction(0)
                if type(weight) is State or not whole
                else Fraction(weight) / Fraction(whole),
                results[f"{domain.id}.claimed"],
                assured,
                None if type(coverage) is State else _fraction(coverage),
            )

    def _domain_why(
        self, title: str, assured: Result, costs: Sequence[tuple[float, str, Line]]
    ) -> str:
        """The domain in one sentence: what it earns and the answers that cost it most."""
        value = said(assured.shown if isinstance(assured.shown, Fraction) else 0)
        if not costs:
            return f"{title} {value} of 100: nothing is lost."
        parts = [
            f"{self.places[line.criterion].code} ({CAUSES[cause].lower()})"
            for _, cause, line in nlargest(3, costs, key=itemgetter(0))
        ]
        return f"{title} {value} of 100: most is lost on {', '.join(parts)}."

    def _steps(
        self,
        slots: Sequence[object],
        entries: Sequence[_Entry],
        applicable: Fraction | int,
        overall: Fraction,
    ) -> Iterator[Step]:
        after = Fraction(100)
        lost: dict[str, list[Fraction | int]] = {cause: [] for cause in CAUSES}
        for entry in entries:
            for cause, cost, _ in entry.costs:
                lost[cause].append(cost)
        for cause, label in CAUSES.items():
            change = -Fraction(total(lost[cause])) / applicable if lost[cause] else Fraction(0)
            after += change
            yield Step(cause, label, change, after)
        limits = {
            "weakest_critical": self._value(slots, "weakest.limit"),
            "cap": self._value(slots, "ceiling.cap"),
            "knockout": self._value(slots, "ceiling.knockout"),
        }
        for name, label in CEILINGS.items():
            limit = limits[name]
            change = Fraction(0) if limit is None else min(Fraction(0), limit - after)
            after += change
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


def _part(weight: Fraction, amount: object, applicable: Fraction | int) -> Fraction:
    if not applicable:
        return Fraction(0)
    number = _fraction(amount)
    return Fraction(
        weight.numerator * number.numerator * applicable.denominator,
        weight.denominator * number.denominator * applicable.numerator,
    )


def _answer(value: object) -> tuple[str, ...]:
    if isinstance(value, State):
        return ()
    if isinstance(value, frozenset):
        return tuple(sorted(value))
    if isinstance(value, (Fraction, int)):
        return (write_number(Fraction(value)),)
    return (str(value),)
