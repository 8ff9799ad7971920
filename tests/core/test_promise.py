"""The promise of the everyday rubric, over random rubrics and sheets, and against a second account.

`Account` says in a page of plain arithmetic what an everyday score is; it shares no code with the
engine. Everything the engine gives must agree with it exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.core.rubric_kit import (
    LEVELS,
    MANY,
    Given,
    World,
    answer_to,
    made,
    numbers,
    random_questionnaire,
    random_rubric,
    read_written,
    real,
    real_answers,
    sheets,
    worlds,
)
from vendorrisk.conditions import State, Value, holds, names
from vendorrisk.questionnaire import Question
from vendorrisk.scoring import Scorecard, completion
from vendorrisk.scoring.everyday import Criterion
from vendorrisk.scoring.plain_text import scorecard_text

SHARES = {
    "1": [Fraction(5, 10), Fraction(7, 10), Fraction(9, 10), Fraction(1)],
    "2": [Fraction(6, 10), Fraction(75, 100), Fraction(9, 10), Fraction(1)],
}
FEW = settings(max_examples=30, deadline=None)


# -- a second account -----------------------------------------------------------------------------


class Account:
    """What an everyday score is, worked out the plain way."""

    def __init__(self, world: World, given: Given) -> None:
        self.world, self.given = world, given
        self.everyday = world.rubric.everyday
        assert self.everyday is not None
        self.sheet = given.sheet(world.asked)
        self.questions = {q.id: q for q in world.asked.questions}
        self.by_question = {c.question: c for c in self.everyday.criteria.values()}

    def value(self, name: str) -> Value:
        return self.given.facts.get(name) or self.sheet.answers[name]

    def share(self, question: str, choice: str) -> Fraction:
        levels = self.given.levels[question]
        level = levels.get(choice, levels["*"])
        return SHARES[str(self.given.facts["tier"])][LEVELS.index(level)]

    def worth(self, criterion: Criterion, choice: str | None, points: Fraction) -> Fraction:
        if points <= 40:
            return points
        return points * self.share(criterion.question, choice or "*")

    def claimed(self, criterion: Criterion) -> Fraction:
        answer = self.sheet.answers[criterion.question]
        if isinstance(answer, Fraction):
            by_edge = {rung.says: rung.points for rung in criterion.rungs}
            return by_edge["<=10" if answer <= 10 else "<30" if answer < 30 else "else"]
        ticks = answer if isinstance(answer, frozenset) else {answer}
        found = [rung.points for rung in criterion.rungs if rung.choice in ticks]
        if criterion.ticked == "sum":
            return min(Fraction(100), sum(found, Fraction(0)))
        return min(found) if criterion.ticked == "worst" else max(found)

    def proven(self, criterion: Criterion) -> Fraction:
        if criterion.ticked == "sum":
            ticks = self.sheet.answers[criterion.question]
            assert isinstance(ticks, frozenset)
            ticked = [r for r in criterion.rungs if r.choice in ticks]
            kept = sum(
                (r.points * self.share(criterion.question, str(r.choice)) for r in ticked),
                Fraction(0),
            )
            total = sum((r.points for r in ticked), Fraction(0))
            return min(Fraction(100), max(kept, min(total, Fraction(40))))
        claimed = self.claimed(criterion)
        return max(
            self.worth(criterion, rung.choice, rung.points)
            for rung in criterion.rungs
            if rung.points <= claimed
        )

    def credit(self, question: str, *, assured: bool) -> Fraction | None:
        """None where the question leaves both sums."""
        criterion, answer = self.by_question[question], self.sheet.answers[question]
        if answer is State.HIDDEN:
            if self.off_by_facts(self.questions[question]):
                return None
            condition = self.questions[question].show_when
            assert condition is not None
            hiding = [n for n in names(condition) if n in self.questions]
            found = [self.credit(name, assured=assured) for name in hiding]
            return min((c for c in found if c is not None), default=None)
        if answer is State.NOT_APPLICABLE and question in self.given.approved:
            return None
        if isinstance(answer, State) or answer == "dont_know":
            return Fraction(0)
        if not assured:
            return self.claimed(criterion)
        return Fraction(0) if question in self.given.contradicted else self.proven(criterion)

    def left_out(self, question: str) -> bool:
        """Whether it counts as not applicable: approved, or hidden by what is so."""
        answer = self.sheet.answers[question]
        if answer is State.NOT_APPLICABLE:
            return question in self.given.approved
        condition = self.questions[question].show_when
        if answer is not State.HIDDEN or self.off_by_facts(self.questions[question]):
            return False
        assert condition is not None
        hiding = [name for name in names(condition) if name in self.questions]
        return self.credit(question, assured=True) is None and any(map(self.left_out, hiding))

    def off_by_facts(self, question: Question) -> bool:
        """No answers whatever would bring the question up."""
        if question.show_when is None:
            return False
        asked = [n for n in names(question.show_when) if n in self.questions]
        return not any(
            holds(question.show_when, {**self.given.facts, **answers}.__getitem__)
            for answers in self.every(asked, states=True)
        )

    def every(self, asked: list[str], *, states: bool) -> Iterator[dict[str, Value]]:
        """Every way of answering these questions."""
        options: list[list[Value]] = []
        for name in asked:
            item = self.questions[name]
            values: list[Value] = [State.UNANSWERED] if states else []
            if item.answer == "number":
                values += [Fraction(n) for n in (0, 10, 29, 30, 31)]
            elif item.answer == "many_of":
                sizes = range(len(item.choices) + 1)
                values += [
                    frozenset(some) for n in sizes for some in itertools.combinations(real(item), n)
                ]
            else:
                values += real(item)
            options.append(values)
        for combined in itertools.product(*options):
            yield dict(zip(asked, combined, strict=True))

    def open(self, question: str) -> bool:
        answer, item = self.sheet.answers[question], self.questions[question]
        if answer is State.NOT_APPLICABLE:
            return question not in self.given.approved
        if answer is State.HIDDEN and item.show_when is not None:
            return self.may_hold(item.show_when) and any(
                name in self.questions for name in names(item.show_when)
            )
        if answer is State.HIDDEN:
            return False
        doubted = question in self.given.contradicted
        return doubted or answer is State.UNANSWERED or answer == "dont_know"

    def may_hold(self, condition: Any) -> bool:
        unknown = [n for n in names(condition) if n in self.questions and self.open(n)]
        known = {n: self.value(n) for n in names(condition)}
        return any(
            holds(condition, {**known, **answers}.__getitem__)
            for answers in [{}, *self.every(unknown, states=False)]
        )

    def ceiling(self, effect: str) -> bool:
        assert self.everyday is not None
        if effect == "cap" and any(
            not isinstance(self.sheet.answers[q], State)
            or (self.sheet.answers[q] is State.NOT_APPLICABLE and q not in self.given.approved)
            for q in self.given.contradicted
        ):
            return True
        return any(
            self.may_hold(rule.when)
            for rule in self.everyday.rules.values()
            if rule.effect == effect
        )

    def mean(self, questions: list[str], *, assured: bool) -> Fraction | None:
        pairs = [
            (self.by_question[q].weight, credit)
            for q in questions
            if (credit := self.credit(q, assured=assured)) is not None
        ]
        weight = sum(w for w, _ in pairs)
        return sum((w * c for w, c in pairs), Fraction(0)) / weight if weight else None

    def results(self) -> dict[str, Fraction | str]:
        everyday = self.everyday
        assert everyday is not None
        every = list(self.by_question)
        by_domain = {
            d: [q for q in every if self.by_question[q].domain == d] for d in everyday.domains
        }
        found: dict[str, Fraction | None] = {
            "claimed": self.mean(every, assured=False),
            "mean": self.mean(every, assured=True),
        }
        thin, weights = [], {}
        for domain, mine in by_domain.items():
            found[domain] = self.mean(mine, assured=True)
            found[f"{domain}.claimed"] = self.mean(mine, assured=False)
            left = sum(self.by_question[q].weight for q in mine if self.left_out(q))
            weights[domain] = left + sum(
                self.by_question[q].weight for q in mine if self.credit(q, assured=True) is not None
            )
            if weights[domain] and Fraction(left) / weights[domain] > Fraction(3, 10):
                thin.append(domain)
        limits = [found["mean"]]
        critical = [d.id for d in everyday.domains.values() if d.critical]
        limits += [v + 25 for d in critical if (v := found[d]) is not None]
        limits += [Fraction(59)] if self.ceiling("cap") else []
        limits += [Fraction(29)] if self.ceiling("knockout") else []
        overall: Fraction | str = min(v for v in limits if v is not None) if limits[0] else "none"
        if limits[0] is None:
            overall = "no_score"
        elif limits[0] == 0:
            overall = Fraction(0)
        whole = sum(weights.values())
        too_thin = any(d in thin for d in critical) or (
            whole and Fraction(sum(weights[d] for d in thin), whole) > Fraction(3, 10)
        )
        if too_thin and found["mean"] is not None and not self.ceiling("knockout"):
            overall = "no_score"
        named: dict[str, Fraction | str] = {
            k: "not_applicable" if v is None else v for k, v in found.items()
        }
        return {**named, **dict.fromkeys(thin, "no_score"), "overall": overall}


def told(card: Scorecard) -> dict[str, Fraction | str]:
    return {
        name: result.exact.value if isinstance(result.exact, State) else result.exact
        for name, result in card.results.items()
    }


@given(worlds(seeds=MANY))
@settings(max_examples=60, deadline=None)
def test_the_engine_agrees_exactly_with_a_second_account(world: World) -> None:
    given_results = told(world.card())
    for name, value in Account(world, world.given).results().items():
        assert given_results[name] == value, name


# -- the promise ----------------------------------------------------------------------------------


def better(item: Question, criterion: Criterion, one: Value, other: Value) -> bool:
    """Whether `other` is at least as good an answer as `one`."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return other <= one
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return other <= one if criterion.ticked == "worst" else one <= other
    return real(item).index(str(other)) <= real(item).index(str(one))


def never_lower(before: Scorecard, after: Scorecard) -> None:
    old, new = numbers(before), numbers(after)
    for name in old.keys() & new.keys():
        assert new[name] >= old[name], name


@given(worlds(), st.data())
@FEW
def test_a_better_choice_never_lowers_a_result(world: World, data: st.DataObject) -> None:
    item = data.draw(st.sampled_from(world.asked.questions))
    criterion = next(
        c
        for c in world.rubric.everyday.criteria.values()
        if c.question == item.id  # type: ignore[union-attr]
    )
    one, other = data.draw(real_answers(item)), data.draw(real_answers(item))
    assume(better(item, criterion, one, other))
    before, after = world.given.but(item.id, one), world.given.but(item.id, other)
    assume(world.visible(before) == world.visible(after))
    never_lower(world.card(before), world.card(after))


@given(worlds(), st.data())
@FEW
def test_better_assurance_never_lowers_a_result(world: World, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(world.given.levels)))
    choice = data.draw(st.sampled_from(sorted(world.given.levels[name])))
    level = LEVELS.index(world.given.levels[name][choice])
    raised = data.draw(st.sampled_from(LEVELS[level:]))
    levels = {**world.given.levels, name: {**world.given.levels[name], choice: raised}}
    never_lower(world.card(), world.card(replace(world.given, levels=levels)))


@given(worlds(), st.data())
@FEW
def test_claiming_more_never_pays_less_than_claiming_less(
    world: World, data: st.DataObject
) -> None:
    item = data.draw(st.sampled_from(world.asked.questions))
    if item.answer != "one_of":
        return
    credits = []
    for choice in real(item):
        line = next(
            line
            for line in world.card(world.given.but(item.id, choice)).lines
            if line.question == item.id
        )
        if line.state == "answered":
            credits.append(line.credit)
    assert credits == sorted(credits, reverse=True)


@given(worlds(), st.data())
@FEW
def test_silence_never_pays(world: World, data: st.DataObject) -> None:
    """Taking an answer back never raises a result, and the worst answer never lowers one."""
    item = data.draw(st.sampled_from(world.asked.questions))
    silent = world.given.but(item.id, State.UNANSWERED)
    answered = world.given.but(item.id, data.draw(real_answers(item)))
    assume(world.visible(silent) == world.visible(answered))
    never_lower(world.card(silent), world.card(answered))
    sheet = silent.sheet(world.asked)
    if sheet.answers[item.id] is State.UNANSWERED:
        worst = completion(world.rubric, sheet, item.id, worst=True)
        honest = world.given.but(item.id, worst)
        assume(world.visible(silent) == world.visible(honest))
        never_lower(world.card(silent), world.card(honest))


@given(worlds(), st.data())
@FEW
def test_not_applicable_without_approval_never_pays(world: World, data: st.DataObject) -> None:
    item = data.draw(st.sampled_from(world.asked.questions))
    assume(item.not_applicable is not None)
    given_one = replace(world.given, approved=world.given.approved - {item.id})
    claimed = given_one.but(item.id, State.NOT_APPLICABLE)
    answered = given_one.but(item.id, data.draw(real_answers(item)))
    assume(world.visible(claimed) == world.visible(answered))
    never_lower(world.card(claimed), world.card(answered))


@given(worlds())
@FEW
def test_ceilings_only_lower(world: World) -> None:
    card = world.card()
    found = numbers(card)
    if "overall" not in found:
        return
    assert found["overall"] <= found["mean"] <= found["claimed"]
    for rule in card.rules:
        assert rule.limit is None or found["overall"] <= rule.limit


@given(worlds())
@FEW
def test_the_parts_add_up_to_the_whole(world: World) -> None:
    card = world.card()
    found = numbers(card)
    counted = [line for line in card.lines if line.contribution is not None]
    weight = sum(line.weight for line in counted)
    assert sum(line.contribution for line in counted) == found.get("mean", 0)  # type: ignore[misc]
    for line in counted:
        whole = sum(line.lost.values(), line.contribution or Fraction(0))
        assert whole == 100 * line.weight / weight
        assert all(part >= 0 for part in line.lost.values())
    for domain in card.domains:
        mine = [line for line in counted if line.domain == domain.id]
        if isinstance(domain.assured.exact, Fraction):
            own = sum(line.weight for line in mine)
            assert sum(line.contribution or 0 for line in mine) * weight == (
                domain.assured.exact * own
            )
    after = Fraction(100)
    for step in card.waterfall:
        assert step.change <= 0
        after += step.change
        assert step.after == after
        if step.id == "not_approved":
            assert after == found["claimed"]
        if step.id == "contradicted":
            assert after == found["mean"]
    if card.waterfall:
        assert after == found["overall"]
    assert bool(card.waterfall) == ("overall" in found)


@given(worlds(), st.randoms(use_true_random=False))
@FEW
def test_the_order_of_answers_is_irrelevant(world: World, random: Any) -> None:
    def shuffled(data: Mapping[str, Any]) -> dict[str, Any]:
        keys = list(data)
        random.shuffle(keys)
        return {key: data[key] for key in keys}

    other = replace(
        world.given,
        answers=shuffled(world.given.answers),
        facts=shuffled(world.given.facts),
        levels=shuffled(world.given.levels),
    )
    assert world.card(other).to_bytes() == world.card().to_bytes()


@given(st.integers(0, 5), st.data())
@settings(max_examples=8, deadline=None)
def test_the_order_of_criteria_and_rules_changes_no_result(seed: int, data: st.DataObject) -> None:
    rng = Random(seed)
    asked = random_questionnaire(rng)
    written = random_rubric(rng, asked)
    turned = {
        **written,
        "criteria": written["criteria"][::-1],
        "rules": written["rules"][::-1],
        "domains": dict(reversed(written["domains"].items())),
    }
    said = data.draw(sheets(asked))
    card, other = (
        World(seed, asked, read_written(asked, one), said).card() for one in (written, turned)
    )
    assert told(card) == told(other)
    assert {rule.id for rule in card.rules} == {rule.id for rule in other.rules}


@given(st.integers(0, 5), st.data())
@settings(max_examples=8, deadline=None)
def test_identical_input_gives_identical_bytes(seed: int, data: st.DataObject) -> None:
    """Also from a rubric read afresh, so that nothing remembered from other sheets can show."""
    asked, warm = made(seed)
    said = [data.draw(sheets(asked)) for _ in range(3)]
    fresh = made.__wrapped__(seed)[1]
    first = [World(seed, asked, warm, one).card().to_bytes() for one in said]
    again = [World(seed, asked, fresh, one).card().to_bytes() for one in reversed(said)]
    assert first == again[::-1]


@given(worlds())
@settings(max_examples=15, deadline=None)
def test_nothing_scorable_is_no_score(world: World) -> None:
    given_one = replace(
        world.given,
        answers={q.id: State.NOT_APPLICABLE for q in world.asked.questions},
        approved=frozenset(q.id for q in world.asked.questions),
    )
    card = world.card(given_one)
    assert card.results["overall"].state == "no_score"
    assert card.results["band"].state == "no_score"
    assert card.results["overall"].to_json()["value"] is None
    assert card.results["overall"].why
    assert card.waterfall == ()


@given(worlds(), st.data())
@FEW
def test_every_answer_gives_a_score_or_says_why_not(world: World, data: st.DataObject) -> None:
    item = data.draw(st.sampled_from(world.asked.questions))
    card = world.card(world.given.but(item.id, data.draw(answer_to(item))))
    for result in card.results.values():
        assert result.state in ("scored", "no_score", "not_applicable")
    assert card.results["overall"].why
    assert all(line.why for line in card.lines)
    assert "Overall" in scorecard_text(card)
