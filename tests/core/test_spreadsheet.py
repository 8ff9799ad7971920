"""Spreadsheets: what somebody typed stays text, whichever program opens it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.reports.spreadsheet import csv_table, safe_cell

HOSTILE = [
    "=1+1",
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\N{NO-BREAK SPACE}=1",
    "\N{FULLWIDTH EQUALS SIGN}1",
    "\N{ZERO WIDTH SPACE}=1",
    "\N{RIGHT-TO-LEFT OVERRIDE}=1",
    "|calc",
    '=HYPERLINK("http://evil.example","x")',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_could_be_a_formula_begins_with_an_apostrophe(text: str) -> None:
    assert str(safe_cell(text)).startswith("'")


@pytest.mark.parametrize("text", ["a;=1+1", 'a; "=1+1"', "a;;  @SUM(A1)"])
def test_a_formula_after_a_semicolon_begins_with_an_apostrophe_too(text: str) -> None:
    for cell in str(safe_cell(text)).split(";")[1:]:
        assert cell.strip(' "')[:1] in ("'", "")


@pytest.mark.parametrize("text", ["", "a; b", "Larkmere", "a=b", "3 - 2", "é", "'quoted'", "100%"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize("number", [-5, 0, 3.5, None])
def test_numbers_stay_numbers(number: float | None) -> None:
    assert safe_cell(number) == number


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=3, max_size=3)))
def test_nothing_breaks_out_of_its_cell(rows: list[list[str]]) -> None:
    text = csv_table(("one", "two", "three"), rows).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in read] == [3] * (len(rows) + 1)
    assert len(text.splitlines()) == len(rows) + 1
    for row in read[1:]:
        assert all(cell.lstrip()[:1] not in tuple("=+-@") for cell in row)
