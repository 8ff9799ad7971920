"""Formulas: exact arithmetic, what is refused and where, and reading what was written."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.conditions import State
from vendorrisk.document import Place, Report, Text
from vendorrisk.scoring.formula import (
    Apply,
    Expression,
    Name,
    Number,
    names_in,
    parse_formula,
    rounded,
    term,
    write,
    write_number,
)

VALUES: dict[str, object] = {
    "a": 7,
    "b": Fraction(1, 3),
    "zero": 0,
    "gone": State.HIDDEN,
    "silent": State.UNANSWERED,
    "sub.total": 12,
}


def parse(text: str) -> Expression:
    report = Report()
    found = parse_formula(text, report)
    assert found is not None, report.problems
    return found


def value(text: str) -> object:
    def operand(name: str) -> object:
        found = VALUES[name]
        return lambda slots: found

    return term(parse(text), operand, State.NOT_APPLICABLE)(())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1 + 0.2", Fraction(3, 10)),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("20 - 3 - 4", 13),
        ("100 / 5 / 2", 10),
        ("-2 ** 2", -4),
        ("(-2) ** 2", 4),
        ("2 ** 0", 1),
        ("2 * -3", -6),
        ("30% * a", Fraction(21, 10)),
        ("a * b", Fraction(7, 3)),
        ("sub.total / a", Fraction(12, 7)),
        ("min(a, b, 2)", Fraction(1, 3)),
        ("max(a, b)", 7),
        ("abs(3 - a)", 4),
        ("up(7.01)", 8),
        ("up(4.02, 0.1)", Fraction(41, 10)),
        ("down(-0.5)", -1),
        ("nearest(2.5)", 3),
        ("nearest(0.25, 0.1)", Fraction(3, 10)),
        ("a / zero", State.NOT_APPLICABLE),
        ("a + gone", State.HIDDEN),
        ("gone + silent", State.UNANSWERED),
        ("min(silent, a, gone)", State.UNANSWERED),
        ("-silent", State.UNANSWERED),
    ],
)
def test_arithmetic_is_exact_and_states_pass_through(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "formula-empty"),
        ("1 +", "formula-syntax"),
        ("1 2", "formula-syntax"),
        ("(1", "formula-syntax"),
        ("1)", "formula-syntax"),
        ("a b", "formula-syntax"),
        ("* 3", "formula-syntax"),
        ("a > 3", "formula-character"),
        ("a == 3", "formula-character"),
        ("'text'", "formula-character"),
        ("a[0]", "formula-character"),
        ("(a).real", "formula-attribute"),
        ("a . real", "formula-attribute"),
        ("__import__(a)", "formula-function"),
        ("sqrt(a)", "formula-function"),
        ("mix(a, 1)", "formula-function"),
        ("min()", "formula-syntax"),
        ("abs(a, 2)", "formula-arguments"),
        ("up(a, 0)", "formula-arguments"),
        ("up(a, b)", "formula-arguments"),
        ("a ** 21", "formula-power"),
        ("a ** b", "formula-power"),
        ("a ** 0.5", "formula-power"),
        ("a ** -1", "formula-power"),
        ("9 ** 9 ** 9", "formula-power"),
        ("(" * 5000, "formula-too-long"),
        ("(" * 100 + "a" + ")" * 100, "formula-too-long"),
        ("-" * 500 + "a", "formula-too-long"),
        ("1" * 31, "formula-syntax"),
    ],
)
def test_what_is_no_formula_is_a_problem_with_a_place(text: str, code: str) -> None:
    report = Report()
    assert parse_formula(Text(text, Place("rubric.yaml", 7)), report) is None
    assert [(p.code, str(p.place)) for p in report.errors] == [(code, "rubric.yaml:7")]


def test_it_names_what_it_reads_once_and_in_order() -> None:
    assert names_in(parse("b * (a + b) - max(c.d, a)")) == ("b", "a", "c.d")


def test_a_half_is_rounded_up_and_a_step_is_exact() -> None:
    assert rounded(Fraction(-5, 2), "nearest", 1) == -2
    assert rounded(Fraction(899, 1000), "nearest", Fraction(1, 10)) == Fraction(9, 10)
    assert rounded(Fraction(9, 10), "down", Fraction(1, 10)) == Fraction(9, 10)


@pytest.mark.parametrize(
    ("number", "written"),
    [("7", "7"), ("-0.05", "-0.05"), ("12.5", "12.5"), ("0.1", "0.1"), ("1000", "1000")],
)
def test_numbers_are_written_as_decimals(number: str, written: str) -> None:
    assert write_number(Fraction(number)) == written


def test_what_has_no_decimal_is_written_as_a_fraction() -> None:
    assert write_number(Fraction(1, 3)) == "1/3"


NUMBERS = st.integers(0, 9999).map(lambda n: Number(Fraction(n, 100)))
LEAVES = NUMBERS | st.sampled_from([Name("a"), Name("b"), Name("sub.total")])


def deeper(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    def apply(operation: str, parts: Sequence[Expression]) -> Expression:
        return Apply(operation, tuple(parts))

    return st.one_of(
        st.builds(apply, st.sampled_from("+-*/"), st.tuples(inner, inner)),
        st.builds(
            apply,
            st.just("**"),
            st.tuples(inner, st.integers(0, 3).map(lambda n: Number(Fraction(n)))),
        ),
        st.builds(apply, st.sampled_from(["negative", "abs"]), st.tuples(inner)),
        st.builds(apply, st.sampled_from(["min", "max"]), st.tuples(inner, inner)),
    )


@given(st.recursive(LEAVES, deeper, max_leaves=6))
def test_a_formula_written_out_and_read_again_is_the_same(expression: Expression) -> None:
    assert parse(write(expression)) == expression
