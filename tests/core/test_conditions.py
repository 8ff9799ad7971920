"""The condition language: what holds, what is refused, and what it says about itself."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.conditions import (
    STATES,
    AllOf,
    Holds,
    State,
    Value,
    alternatives,
    as_data,
    atoms,
    bounds,
    holds,
    may_hold,
    mentions,
    names,
    parse,
    passes,
    read_aloud,
    read_number,
)
from vendorrisk.document import Report

VALUES: dict[str, Value] = {
    "mfa": "admins",
    "exempt": Fraction(3),
    "tier": "2",
    "classes": frozenset({"biometric", "contact"}),
    "since": date(2026, 3, 1),
    "purge": State.UNANSWERED,
    "gone": State.HIDDEN,
    "keys": "dont_know",
}


def read(data: object) -> Any:
    report = Report()
    condition = parse(data, report)
    report.raise_errors()
    return condition


def true(data: object) -> bool:
    return holds(read(data), VALUES.__getitem__)


@pytest.mark.parametrize(
    "data",
    [
        {"mfa": "admins"},
        {"mfa": ["everyone", "admins"]},
        {"mfa": {"not": "nobody"}},
        {"mfa": {"not": ["nobody", "everyone"]}},
        {"exempt": "3", "tier": "2"},
        {"exempt": "3.0"},
        {"exempt": {"at_least": "3", "at_most": "3"}},
        {"exempt": {"at_least": "0"}},
        {"tier": {"at_most": "2"}},
        {"classes": "biometric"},
        {"classes": ["location", "contact"]},
        {"classes": {"not": "location"}},
        {"since": {"at_least": "2026-03-01"}},
        {"since": "2026-03-01"},
        {"purge": "unanswered"},
        {"purge": {"not": {"at_least": "1"}}},
        {"gone": "hidden"},
        {"keys": "dont_know"},
        [{"mfa": "nobody"}, {"tier": "2"}],
        {"any": [{"mfa": "nobody"}, {"tier": "2"}], "exempt": "3"},
        {"not": {"mfa": "nobody"}},
        {"not": [{"mfa": "nobody"}, {"tier": "1"}]},
        {"purge": ["unanswered", {"at_most": "4"}]},
    ],
)
def test_holds(data: object) -> None:
    assert true(data)
    assert not true({"not": data})


@pytest.mark.parametrize(
    "data",
    [
        {"mfa": "everyone"},
        {"mfa": "Admins"},
        {"exempt": "three"},
        {"exempt": {"at_most": "2.99"}},
        {"exempt": {"at_least": "2026-01-01"}},
        {"mfa": {"at_least": "1"}},
        {"tier": "2.0"},
        {"purge": {"at_most": "4"}},
        {"purge": "hidden"},
        {"since": {"at_most": "2026-02-28"}},
        {"mfa": "admins", "tier": "1"},
    ],
)
def test_does_not_hold(data: object) -> None:
    assert not true(data)


def test_a_label_never_passes_for_a_state_word() -> None:
    assert not holds(read({"x": "hidden"}), lambda name: "hidden")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("mfa == nobody", "condition-shape"),
        ({}, "condition-empty"),
        ([], "condition-empty"),
        ({"mfa": []}, "condition-empty"),
        ({"mfa": {}}, "condition-shape"),
        ({"mfa": None}, "condition-shape"),
        ({"any": {"mfa": "x"}}, "condition-shape"),
        ({"or": [{"mfa": "x"}, {"tier": "1"}]}, "condition-shape"),
        ({"all": [{"mfa": "x"}, [{"tier": "1"}]]}, "condition-shape"),
        ({"mfa": {"above": "3"}}, "condition-operator"),
        ({"exempt": {"at_least": "many"}}, "condition-bound"),
        ({"exempt": {"at_least": ["1"]}}, "condition-bound"),
        ({"exempt": {"at_least": "2026-02-30"}}, "condition-bound"),
    ],
)
def test_a_bad_condition_is_a_problem_with_a_code(data: object, code: str) -> None:
    report = Report()
    assert parse(data, report) is None
    assert [problem.code for problem in report.errors] == [code]


def test_every_problem_of_a_condition_is_reported_at_once() -> None:
    report = Report()
    parse({"a": {"over": "1"}, "b": {"at_most": "x"}, "any": "c"}, report)
    assert [problem.code for problem in report.errors] == [
        "condition-operator",
        "condition-bound",
        "condition-shape",
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"tier": ["2", "1", "2"]},
        {"tier": {"not": ["1", "1"]}},
        [{"a": "x", "b": "y"}, {"a": "x", "b": "y"}],
        {"any": [{"a": ["x"]}, {"b": "y"}, {"a": ["x"]}]},
    ],
)
def test_what_a_list_has_twice_is_warned_of_and_taken(data: object) -> None:
    report = Report()
    assert parse(data, report) is not None
    assert [problem.code for problem in report.problems] == ["condition-repeats"]
    assert report.errors == []


def test_bottomless_nesting_is_refused() -> None:
    data: object = {"a": "1"}
    for _ in range(1000):
        data = {"not": data}
    report = Report()
    assert parse(data, report) is None
    assert report.errors[0].code == "condition-intricate"


def test_a_condition_with_too_many_alternatives_is_refused() -> None:
    data = {f"a{i}": "x" for i in range(9)}
    either = [{"not": {"any": [{"not": {k: v}}, {"not": {k: "y"}}]}} for k, v in data.items()]
    report = Report()
    assert parse({"any": either}, report) is not None
    many = {"not": {"any": [{"not": [{f"a{i}": "x"}, {f"b{i}": "y"}]} for i in range(9)]}}
    assert parse(many, report) is None
    assert [problem.code for problem in report.errors] == ["condition-intricate"]


def test_numbers_are_exact() -> None:
    assert read_number("0.1") == Fraction(1, 10)
    assert read_number("30%") == Fraction(3, 10)
    assert read_number("١") is None
    assert read_number("9" * 30) == read_number("1e29") * 10 - 1
    assert read_number("1e-30") == Fraction(1, 10**30)
    assert read_number("1e30") is read_number("1e-31") is read_number("1e99") is None


def test_it_lists_what_it_reads() -> None:
    condition = read({"a": ["x", "y"], "any": [{"b": {"not": "z"}}, {"a": {"at_least": "4"}}]})
    assert names(condition) == ("a", "b")
    assert mentions(condition) == (("a", "x"), ("a", "y"), ("b", "z"))
    assert [bounds(test) for _, test in atoms(condition)] == [(), (), (Fraction(4),)]


def test_it_can_be_read_aloud() -> None:
    condition = read(
        [{"mfa": "nobody", "tier": ["1", "2"]}, {"exempt": {"at_least": "1"}}, {"mfa": "dont_know"}]
    )
    assert read_aloud(condition) == (
        "(mfa is nobody and tier is 1 or 2) or exempt is at least 1 or mfa is “don't know”"
    )
    titles = {"mfa": "Second factor", "nobody": "Nobody"}
    said = read_aloud(condition, lambda name, value: titles.get(value or name, value or name))
    assert said.startswith("(Second factor is Nobody and")


# -- properties ---------------------------------------------------------------------------------

NAMES = ("a", "b", "c")
CHOICES = ("x", "y", "z")
WORDS = st.sampled_from(CHOICES)
TESTS = st.recursive(
    WORDS | st.lists(WORDS, min_size=1, max_size=3),
    lambda inner: st.fixed_dictionaries({"not": inner}),
    max_leaves=3,
)
CONDITIONS = st.recursive(
    st.dictionaries(st.sampled_from(NAMES), TESTS, min_size=1, max_size=2),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=4,
)
ASSIGNMENTS = st.fixed_dictionaries(
    {name: st.sampled_from((*CHOICES, *STATES.values())) for name in NAMES}
)


@given(CONDITIONS, ASSIGNMENTS)
def test_the_alternatives_say_the_same_as_the_condition(
    data: object, values: dict[str, Value]
) -> None:
    condition = read(data)
    expanded = any(
        all(passes(test, values[name]) for name, test in one.items())
        for one in alternatives(condition)
    )
    assert expanded == holds(condition, values.__getitem__)


@given(CONDITIONS, ASSIGNMENTS, st.sets(st.sampled_from(NAMES)))
def test_may_hold_is_exactly_whether_some_values_of_the_open_names_make_it_hold(
    data: object, values: dict[str, Value], unknown: set[str]
) -> None:
    condition = read(data)
    completions: list[dict[str, Value]] = [dict(values)]
    for name in sorted(unknown):
        completions = [{**one, name: choice} for one in completions for choice in CHOICES]
    expected = any(holds(condition, one.__getitem__) for one in completions)
    found = may_hold(
        condition,
        values.__getitem__,
        unknown.__contains__,
        lambda name, test: any(passes(test, choice) for choice in CHOICES),
    )
    assert found == expected


@given(CONDITIONS, ASSIGNMENTS)
def test_a_condition_written_out_and_read_again_says_the_same(
    data: object, values: dict[str, Value]
) -> None:
    condition = read(data)
    again = read(as_data(condition))
    assert holds(again, values.__getitem__) == holds(condition, values.__getitem__)
    one_by_one = AllOf(
        tuple(Holds(name, test) for one in alternatives(condition) for name, test in one.items())
    )
    assert holds(read(as_data(one_by_one)), values.__getitem__) == holds(
        one_by_one, values.__getitem__
    )
