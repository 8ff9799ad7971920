"""Which questions are visible, how far the answers are, and how long a period lasts."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.conditions import Is, State, holds, parse
from vendorrisk.document import Report, tree
from vendorrisk.questionnaire import (
    Choice,
    Fact,
    HiddenByAnswer,
    HiddenByFact,
    Period,
    Question,
    Questionnaire,
    Section,
    Visible,
    can_pass,
    parse_period,
    progress,
    telling_answers,
    visibility,
)


def question(name: str, show_when: object = None, **more) -> Question:
    report = Report()
    condition = None if show_when is None else parse(tree(show_when), report)
    assert not report.problems
    values = {
        "code": None,
        "ask": f"{name}?",
        "help": "",
        "answer": "one_of",
        "choices": (Choice("good", "Good"), Choice("poor", "Poor")),
        "minutes": 3,
        "answered_by": "security",
        "dont_know": True,
        "not_applicable": None,
        "evidence": (),
        "maps_to": (),
    }
    return Question(id=name, show_when=condition, **(values | more))


def questionnaire(*questions: Question) -> Questionnaire:
    return Questionnaire(
        id="example",
        version=1,
        title="Example",
        purpose="",
        draft=True,
        answered_by="vendor",
        facts=(Fact("tier", "Tier", ("1", "2")), Fact("data", "Data", ("face", "name"), many=True)),
        sections=(
            Section("first", "First", "", questions[:2]),
            Section("second", "Second", "", questions[2:]),
        ),
        evidence_kinds={},
        digest="",
    )


def seen(asked: Questionnaire, answers=None, facts=None) -> dict[str, object]:
    return visibility(asked, answers or {}, facts or {"tier": "1", "data": frozenset()})


def test_a_question_without_a_condition_is_always_asked():
    assert seen(questionnaire(question("a"))) == {"a": Visible()}


def test_a_question_shows_for_the_answer_it_names_and_hides_by_any_other():
    asked = questionnaire(question("a"), question("b", {"a": "good"}))
    assert seen(asked, {"a": "good"})["b"] == Visible()
    assert seen(asked, {"a": "poor"})["b"] == HiddenByAnswer(("a",))
    assert seen(asked, {"a": "dont_know"})["b"] == HiddenByAnswer(("a",))
    assert seen(asked)["b"] == HiddenByAnswer(("a",)), "silence hides as an answer does"


def test_what_only_facts_decide_is_hidden_by_fact():
    asked = questionnaire(question("a", {"tier": "1"}), question("b", {"data": "face"}))
    facts = {"tier": "2", "data": frozenset({"name"})}
    assert seen(asked, facts=facts) == {"a": HiddenByFact(), "b": HiddenByFact()}
    assert seen(asked, facts={"tier": "1", "data": frozenset({"face"})}) == {
        "a": Visible(),
        "b": Visible(),
    }


def test_a_fact_that_rules_a_question_out_outweighs_any_answer():
    asked = questionnaire(question("a"), question("b", {"a": "good", "tier": "2"}))
    assert seen(asked, {"a": "poor"})["b"] == HiddenByFact()
    assert seen(asked, {"a": "good"})["b"] == HiddenByFact()


def test_a_question_that_depends_on_one_hidden_by_fact_is_hidden_by_fact_too():
    asked = questionnaire(question("a", {"tier": "2"}), question("b", {"a": "good"}))
    assert seen(asked)["b"] == HiddenByFact()


def test_the_cause_of_a_chain_is_the_visible_answer_at_its_head():
    asked = questionnaire(question("a"), question("b", {"a": "good"}), question("c", {"b": "good"}))
    assert seen(asked, {"a": "poor", "b": "good"})["c"] == HiddenByAnswer(("a",))
    assert seen(asked, {"a": "good", "b": "poor"})["c"] == HiddenByAnswer(("b",))


def test_only_the_answers_at_fault_are_named():
    asked = questionnaire(
        question("a"),
        question("b"),
        question("c", {"a": "good", "b": "good"}),
        question("d", [{"a": "good"}, {"b": "good", "tier": "2"}]),
    )
    found = seen(asked, {"a": "good", "b": "poor"})
    assert found["c"] == HiddenByAnswer(("b",))
    found = seen(asked, {"a": "poor", "b": "poor"})
    assert found["c"] == HiddenByAnswer(("a", "b"))
    assert found["d"] == HiddenByAnswer(("a",)), "tier 1 closes the way through b"


def test_the_answer_to_a_hidden_question_counts_as_hidden():
    asked = questionnaire(
        question("a"), question("b", {"a": "good"}), question("c", {"b": "hidden"})
    )
    assert seen(asked, {"a": "poor", "b": "good"})["c"] == Visible()


ANSWERS = st.dictionaries(
    st.sampled_from("abc"),
    st.sampled_from(["good", "poor", "dont_know", State.NOT_APPLICABLE]),
)


@given(ANSWERS, st.sampled_from(["1", "2"]))
def test_a_question_is_visible_exactly_when_its_condition_holds(answers, tier):
    asked = questionnaire(
        question("a", not_applicable="There is none."),
        question("b", [{"a": ["good", "not_applicable"]}, {"tier": "2"}]),
        question("c", {"not": {"b": "poor"}, "tier": "1"}),
        question("d", {"a": {"not": "poor"}, "any": [{"c": "good"}, {"b": "unanswered"}]}),
    )
    facts = {"tier": tier, "data": frozenset()}
    found = visibility(asked, answers, facts)

    def value_of(name):
        if name in facts:
            return facts[name]
        return answers.get(name, State.UNANSWERED) if found[name] == Visible() else State.HIDDEN

    for one in asked.questions:
        shown = one.show_when is None or holds(one.show_when, value_of)
        assert (found[one.id] == Visible()) == shown
        if isinstance(found[one.id], HiddenByAnswer):
            assert found[one.id].by
            assert all(found[cause] == Visible() for cause in found[one.id].by)


@given(ANSWERS, ANSWERS, st.sampled_from(["1", "2"]))
def test_no_answer_brings_up_what_a_fact_hides(answers, others, tier):
    asked = questionnaire(
        question("a"),
        question("b", {"a": "good", "tier": "2"}),
        question("c", [{"b": "good"}, {"tier": "2", "a": "poor"}]),
    )
    facts = {"tier": tier}
    first, second = visibility(asked, answers, facts), visibility(asked, others, facts)
    for name, state in first.items():
        if state == HiddenByFact():
            assert second[name] == HiddenByFact()


def test_progress_counts_visible_questions_only_and_adds_up_their_minutes():
    asked = questionnaire(
        question("a", minutes=2),
        question("b", {"a": "good"}, minutes=5, answered_by="legal"),
        question("c", minutes=4),
    )
    start = progress(asked, {}, {})
    assert (start.answered, start.asked, start.minutes_left) == (0, 2, 6)
    assert start.open == ("a", "c")
    further = progress(asked, {"a": "good", "c": "dont_know"}, {})
    assert (further.answered, further.asked, further.minutes_left) == (2, 3, 5)
    assert further.open == ("b",)
    assert further.minutes_by_team == {"legal": 5}
    assert [(s.id, s.answered, s.asked) for s in further.sections] == [
        ("first", 1, 2),
        ("second", 1, 1),
    ]


def test_progress_names_answers_that_still_want_words():
    choices = (Choice("all", "All, except …", "Name the exceptions"), Choice("none", "None"))
    asked = questionnaire(question("a", choices=choices), question("b", choices=choices))
    answers = {"a": "all", "b": "none"}
    assert progress(asked, answers, {}).wants_detail == ("a",)
    assert progress(asked, answers, {}, {"a": "  "}).wants_detail == ("a",)
    assert progress(asked, answers, {}, {"a": "Two old boxes"}).wants_detail == ()


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("30 days", Period(30, "days")),
        ("1 day", Period(1, "days")),
        ("12 months", Period(12, "months")),
        ("2 years", Period(24, "months")),
        ("0 days", None),
        ("a year", None),
        ("12", None),
        ("-3 months", None),
        ("99999 days", None),
    ],
)
def test_a_period_is_a_count_and_a_unit(text, period):
    assert parse_period(text) == period


@pytest.mark.parametrize(
    ("period", "start", "times", "end"),
    [
        (Period(30, "days"), date(2026, 1, 31), 1, date(2026, 3, 2)),
        (Period(1, "months"), date(2026, 1, 31), 1, date(2026, 2, 28)),
        (Period(12, "months"), date(2024, 2, 29), 1, date(2025, 2, 28)),
        (Period(12, "months"), date(2025, 12, 31), 1, date(2026, 12, 31)),
        (Period(12, "months"), date(2025, 12, 31), Fraction(3, 2), date(2027, 6, 30)),
        (Period(3, "months"), date(2026, 1, 1), Fraction(3, 2), date(2026, 5, 16)),
        (Period(30, "days"), date(2026, 1, 1), Fraction(3, 2), date(2026, 2, 15)),
        (Period(12, "months"), date(9999, 6, 1), 1, date.max),
        (Period(30, "days"), date(9999, 12, 30), 1, date.max),
    ],
)
def test_a_period_ends_on_the_calendar_day(period, start, times, end):
    assert period.after(start, Fraction(times)) == end


@given(
    st.builds(Period, st.integers(1, 60), st.sampled_from(["days", "months"])),
    st.sampled_from([1, Fraction(3, 2), 2]),
    st.dates(),
)
def test_the_first_day_of_a_period_is_the_earliest_that_lasts_until_its_end(period, times, end):
    first = period.before(end, times)

    assert period.after(first, times) >= end
    assert first == date.min or period.after(first - timedelta(days=1), times) < end


def test_a_test_can_pass_only_by_an_answer_the_question_takes():
    def can(asked, wanted):
        condition = parse(tree({"a": wanted}), Report())
        return can_pass(asked, condition.test)

    one = question("a", dont_know=False)
    assert can(one, "good")
    assert not can(one, "dont_know")
    assert not can(one, "not_applicable")
    assert not can(one, {"at_least": "3"})
    many = question("a", answer="many_of")
    assert can(many, "good")
    assert can(many, {"not": "good"})
    number = question("a", answer="number", choices=(), at_least="0", at_most="10", whole=True)
    assert can(number, {"at_least": "10"})
    assert not can(number, {"at_least": "11"})
    assert not can(number, {"at_least": "5", "at_most": "4"})
    day = question("a", answer="date", choices=())
    assert can(day, {"at_least": "2026-01-31"})
    assert not can(day, {"at_least": "3"})
    assert can(Fact("a", "", ("1", "2")), "2")
    assert not can(Fact("a", "", ("1", "2")), "3")


def test_answers_that_tell_ticks_apart_tick_something():
    choices = tuple(Choice(name, name.capitalize()) for name in "abc")
    ticks = question("ticks", answer="many_of", choices=choices)
    told = [one for one in telling_answers(ticks, Is(("a",))) if isinstance(one, frozenset)]
    assert frozenset({"a"}) in told
    assert any("a" not in one for one in told)
    assert frozenset() not in told
