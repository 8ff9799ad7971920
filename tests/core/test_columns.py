"""Many sheets at once give what one sheet at a time gives, whatever the rubric.

Every test compares the columns with the exact engine: equal labels and states, and numbers within
1e-9, also where a sheet lies exactly on a threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.core.rubric_kit import LEVELS, MANY, Given, made, read, real
from vendorrisk.conditions import State, Value
from vendorrisk.content import Library
from vendorrisk.document import Report, tree
from vendorrisk.questionnaire import Question, Questionnaire
from vendorrisk.scoring import Input, Rubric, Sheet, SheetError, read_rubric, score
from vendorrisk.scoring.columns import Column, Columns, Results, Sheets, many, score_sheets

LIBRARY = Library(Path(__file__).parents[2] / "questionnaires")
METHODS = sorted(
    folder.name for folder in (LIBRARY.root / "methods").iterdir() if (folder / "v1").is_dir()
)


def same(rubric: Rubric, sheets: Sequence[Sheet], *, over_columns: bool = True) -> Columns:
    """Score the sheets both ways and compare every result."""
    columns = Sheets.of(sheets)
    compiled = Columns(rubric, columns.layout)
    if over_columns:
        assert compiled.by_sheet == ""
    found = compiled.run(columns)
    for number, sheet in enumerate(sheets):
        card = score(rubric, sheet)
        for name, results in found.items():
            agree(results.value(number), card.results[name].exact, (name, number))
    return compiled


def agree(found: float | str | State, exact: Any, where: object) -> None:
    if isinstance(exact, Fraction):
        assert isinstance(found, float), where
        assert abs(found - exact) <= 1e-9 * max(1, abs(exact)), where
    else:
        assert found == exact, where


# -- everyday rubrics -----------------------------------------------------------------------------


@given(st.integers(0, MANY - 1), st.integers(0, 2**32))
@settings(max_examples=35, deadline=None)
def test_random_everyday_rubrics_give_the_same_for_random_sheets(seed, draw):
    asked, rubric = made(seed)
    rng = Random(draw)

    same(rubric, [random_sheet(rng, asked) for _ in range(12)])


def random_sheet(rng: Random, asked: Questionnaire) -> Sheet:
    names = [item.id for item in asked.questions]
    return Given(
        answers={item.id: random_answer(rng, item) for item in asked.questions},
        facts={"tier": rng.choice("12"), "flag": rng.choice(["raised", "lowered"])},
        levels={
            item.id: {"*": rng.choice(LEVELS), real(item)[0] if item.choices else "*": LEVELS[0]}
            for item in asked.questions
        },
        approved=frozenset(rng.sample(names, rng.randint(0, 2))),
        contradicted=frozenset(rng.sample(names, rng.randint(0, 1))),
    ).sheet(asked)


def random_answer(rng: Random, item: Question) -> Value:
    silent: list[Value] = [State.UNANSWERED]
    if item.dont_know:
        silent.append("dont_know")
    if item.not_applicable is not None:
        silent.append(State.NOT_APPLICABLE)
    if rng.random() < 0.3:
        return rng.choice(silent)
    if item.answer == "number":
        return Fraction(rng.choice([0, 10, 11, 29, 30, 31]))
    if item.answer == "many_of":
        return frozenset(rng.sample(real(item), rng.randint(1, len(real(item)))))
    return rng.choice(real(item))


# -- published methods ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_every_shipped_method_gives_the_same_for_random_sheets(name):
    rubric = LIBRARY.pack(name).rubric
    rng = Random(name)

    same(rubric, [method_sheet(rng, rubric) for _ in range(10)])


def method_sheet(rng: Random, rubric: Rubric) -> Sheet:
    """A sheet with any value, or none, for whatever the rubric reads."""
    answers: dict[str, Value] = {}
    facts: dict[str, Value] = {}
    marks: dict[str, dict[str, Value]] = {}
    rows = rubric.graph.rows.questions
    for found in rubric.inputs.values():
        if found.source == "facts" and found.listed_in:
            facts[found.listed_in] = frozenset(row for row in rows if rng.random() < 0.5)
        elif found.source == "facts":
            facts[found.name] = any_value(rng, found)
        elif found.source == "review":
            own = {question: any_value(rng, found) for question in rows.values()}
            marks[found.mark or found.name] = own
        elif found.per_row:
            answers |= {q: any_value(rng, found) for q in rows.values() if q not in answers}
        else:
            answers[found.of or found.name] = any_value(rng, found)
    return Sheet(answers, facts, marks)


def any_value(rng: Random, found: Input) -> Value:
    if rng.random() < 0.15 and (found.source != "facts" or found.default is not None):
        return State.UNANSWERED
    if found.many:
        return frozenset(rng.sample(found.choices, rng.randint(0, len(found.choices))))
    if found.number and (found.any_number or not found.choices):
        low = -3 if found.at_least is None else int(found.at_least)
        high = 12 if found.at_most is None else int(found.at_most)
        return Fraction(rng.randint(low * 2, high * 2), 2)
    return found.read(rng.choice(found.choices))


# -- random measures ------------------------------------------------------------------------------

STATES = ["unanswered", "not_applicable", "inconclusive", "hidden"]


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_random_measures_give_the_same_for_random_sheets(draw):
    rng = Random(draw)
    report = Report("random.yaml")
    rubric = read_rubric(
        tree(random_measures(rng)), tables=lambda name: None, questionnaire=None, report=report
    )
    assume(rubric is not None)  # a few ask for what can never be
    assert rubric is not None

    same(rubric, [method_sheet(rng, rubric) for _ in range(25)], over_columns=False)


def random_measures(rng: Random) -> dict[str, Any]:
    """Rows folded and folded again, with every kind of node, policy and threshold on the way."""
    rows = [
        {"id": f"r{n}", "section": rng.choice("ab"), "importance": rng.choice(["high", "low"])}
        for n in range(rng.randint(3, 7))
    ]
    rows[0] |= {"section": "a", "importance": "high"}
    rows[1] |= {"section": "b", "importance": "low"}
    worth = [rng.choice(["0", "1", "2", "3", "0.5", "-1"]) for _ in range(3)]
    points: dict[str, Any] = {
        "map": "answer",
        "to": dict(zip(["yes", "partly", "no"], worth, strict=True)),
    }
    if rng.random() < 0.5:
        points["unanswered"] = rng.choice(["0", "1", "not_applicable"])
    numbers = ["down_score", "section_sum_a", "ratio", "chosen", "steps", "size"]
    measures: dict[str, Any] = {
        "weight": {"map": "importance", "to": {"high": rng.choice(["3", "1.5"]), "low": "1"}},
        "points": points,
        "value": {
            "cases": [
                {"when": {"gate": "shut", "section": "a"}, "give": rng.choice(STATES)},
                {"when": {"mark": "kept"}, "give": rng.choice(["2", "inconclusive", "size"])},
                {"when": {"size": {"at_least": "8"}, "answer": "no"}, "give": "0 - 1"},
            ],
            "else": rng.choice(["points", "points * weight", "min(points, 1)"]),
        },
        "down_score": down(rng, ["sum", "mean"], weighted=True),
        "by_section": down(rng, ["sum", "mean", "count"]) | {"by": "section"},
        "section_sum_a": {"sum": "by_section", "where": {"section": "a"}} | policies(rng),
        "extreme": {rng.choice(["least", "greatest"]): "value"} | policies(rng),
        "shut_out": {
            rng.choice(["any", "all"]): {"value": {rng.choice(["at_least", "at_most"]): "1"}}
        },
        "ratio": {
            "formula": rng.choice(
                ["down_score / size", "down_score / section_sum_a", "1 / (size - 3)"]
            ),
            "by_zero": rng.choice(["0", "not_applicable"]),
        },
        "steps": {
            "formula": f"{rng.choice(['up', 'down', 'nearest'])}(down_score, "
            f"{rng.choice(['1', '0.5', '0.1'])}) * 2 - size"
        },
        "chosen": {
            rng.choice(["least", "greatest", "sum", "mean", "first", "count", "product"]): [
                "down_score",
                "section_sum_a",
                "extreme",
                "size",
            ]
        }
        | policies(rng),
        "grade": {
            "bands": rng.choice(["down_score", "chosen", "ratio", "steps"]),
            "to": {"high": rng.choice(["2", ">2", "1.5"]), "middle": rng.choice(["1", "0.5"])}
            | {"low": "else"},
        },
        "label": {
            "cases": [
                {"when": {"shut_out": "true", "grade": ["high", "middle"]}, "label": "mixed"},
                {
                    "when": [
                        {"ratio": {"at_least": "1", "not": "not_applicable"}},
                        {rng.choice(numbers): rng.choice(["1", "2", "not_applicable"])},
                    ],
                    "label": "near",
                },
            ],
            "else": {"label": "rest"},
        },
        "late": {
            "cases": [{"when": {"label": "mixed"}, "give": "0"}],
            "else": "points",
        },
        "late_sum": {"sum": "late"} | policies(rng),
        "rungs": {
            "ladder": [
                {"gate": "open"},
                {"chosen": {"at_least": rng.choice(["1", "2"])}},
                {"grade": {"not": "low"}},
            ]
        },
    }
    return {
        "rubric": "random",
        "version": "1",
        "title": "Random",
        "rows": {"list": rows},
        "inputs": {
            "answer": {
                "from": "answers",
                "per": "row",
                "choices": ["yes", "partly", "no", "not_applicable"],
            },
            "mark": {"from": "review", "per": "row", "choices": ["kept"]},
            "gate": {"from": "answers", "choices": ["open", "shut"]},
            "size": {"from": "answers", "number": {"at_least": "0", "at_most": "9"}},
        },
        "measures": measures,
        "results": {
            name: name
            for name in measures
            if name not in ("weight", "points", "value", "by_section", "late")
        }
        | {"<section>.score": "by_section", "<id>.value": "value"},
    }


def down(rng: Random, kinds: list[str], *, weighted: bool = False) -> dict[str, Any]:
    found = {rng.choice(kinds): "value"} | policies(rng)
    if weighted and rng.random() < 0.6:
        found["weight"] = "weight"
    if rng.random() < 0.3:
        found["where"] = {"answer": {"not": "partly"}}
    if rng.random() < 0.3 and "count" not in found:
        found["empty"] = rng.choice(["0", "1", "no_score"])
    return found


def policies(rng: Random) -> dict[str, Any]:
    return {
        state: rng.choice(["skip", "stop", "1", "not_applicable"])
        for state in ("unanswered", "inconclusive", "not_applicable")
        if rng.random() < 0.6
    }


# -- thresholds -----------------------------------------------------------------------------------

EDGES = """
rows:
  list: [{id: a, weight: 1}, {id: b, weight: 1}, {id: c, weight: 1}]
inputs:
  answer: {from: answers, per: row, number: {at_least: 0, at_most: 1}}
measures:
  score: {mean: answer, weight: weight, unanswered: 0}
  shifted: score + 0.1
  grade: {bands: shifted, to: {high: 0.8, middle: ">0.4", low: else}}
  tenths: down(shifted * 3, 0.1)
  passed: {cases: [{when: {shifted: {at_most: 0.4}}, give: 0}], else: 1}
results: {overall: score, grade: grade, tenths: tenths, passed: passed}
"""


def test_a_sheet_exactly_on_a_threshold_falls_on_its_side():
    rubric, _ = read(EDGES)
    assert rubric is not None
    tenths = [Fraction(n, 10) for n in range(11)]
    # 0.1 + 0.2 + 0.6 over 3 is 0.3 exactly, and 0.1 more is the edge, which floats miss.
    sheets = [Sheet({"a": a, "b": b, "c": c}) for a in tenths for b in tenths for c in tenths]

    same(rubric, sheets)

    found = score_sheets(rubric, Sheets.of(sheets))
    on_edge = sheets.index(Sheet({"a": tenths[1], "b": tenths[2], "c": tenths[6]}))
    assert found["grade"].value(on_edge) == "low"
    assert found["passed"].value(on_edge) == 0


def test_a_row_that_looks_at_a_threshold_is_corrected_with_it():
    text = EDGES.replace(
        "results: {",
        "  late: {cases: [{when: {grade: low}, give: 0}], else: answer}\n"
        "  late_sum: {sum: late, unanswered: 0}\nresults: {late: late_sum, ",
    )
    rubric, _ = read(text)
    assert rubric is not None
    tenths = [Fraction(n, 10) for n in range(0, 11, 1)]

    same(rubric, [Sheet({"a": a, "b": b, "c": tenths[6]}) for a in tenths for b in tenths])


def test_blocks_of_sheets_join_without_a_seam(monkeypatch):
    monkeypatch.setattr(many, "CHUNK", 7)
    asked, rubric = made(3)
    rng = Random(1)

    same(rubric, [random_sheet(rng, asked) for _ in range(30)])


# -- limits and inputs ----------------------------------------------------------------------------


def test_a_number_may_take_any_of_thousands_of_values():
    asked, rubric = made(0)
    numbers = next(
        (asked, rubric)
        for asked, rubric in map(made, range(MANY))
        if any(item.answer == "number" for item in asked.questions)
    )
    asked, rubric = numbers
    rng = Random(5)
    question = next(item.id for item in asked.questions if item.answer == "number")
    sheets = [
        Sheet({**sheet.answers, question: Fraction(n, 40)}, sheet.facts, sheet.marks, sheet.levels)
        for n in range(2000)
        for sheet in [random_sheet(rng, asked)]
        if n % 10 == 0 or n > 1990
    ]

    same(rubric, sheets)


def test_what_columns_cannot_do_is_scored_sheet_by_sheet():
    rubric, _ = read(
        """
        inputs:
          a: {from: answers, number: true}
          b: {from: answers, number: true}
          c: {from: answers, number: true}
        measures:
          best: {mean: [a, b, c], top: 2, unanswered: skip}
        results: {overall: best}
        """
    )
    assert rubric is not None
    rng = Random(2)
    sheets = [Sheet({name: Fraction(rng.randint(0, 999), 7) for name in "abc"}) for _ in range(80)]

    compiled = same(rubric, sheets, over_columns=False)

    assert "rank" in compiled.by_sheet


def test_columns_are_sheets_written_another_way():
    asked, rubric = made(1)
    rng = Random(4)
    sheets = [random_sheet(rng, asked) for _ in range(20)]

    columns = Sheets.of(sheets)

    for number, sheet in enumerate(sheets):
        again = columns.sheet(number)
        assert (again.answers, again.facts, again.levels) == (
            sheet.answers,
            sheet.facts,
            sheet.levels,
        )
        assert score(rubric, again).results == score(rubric, sheet).results


def test_a_value_that_an_input_does_not_take_is_refused_as_for_one_sheet():
    rubric = LIBRARY.pack("nist-800-30-i2").rubric

    with pytest.raises(SheetError, match="nonsense"):
        score_sheets(rubric, Sheets.of([Sheet({"likelihood": "nonsense"})]))


def test_the_same_columns_serve_other_sheets_with_the_same_values_and_no_others():
    rubric = LIBRARY.pack("nist-800-30-i2").rubric
    values = ("low", "high")
    codes = np.array([0, 1, 1, 0], np.uint8)
    sheets = Sheets(
        4,
        {
            ("answers", "likelihood"): Column(values, codes),
            ("answers", "impact"): Column(values, codes[::-1].copy()),
        },
    )
    columns = Columns(rubric, sheets.layout)

    assert columns.run(sheets)["overall"].value(1) == columns.run(sheets)["overall"].value(1)
    with pytest.raises(ValueError, match="other values"):
        columns.run(Sheets.of([Sheet({"likelihood": "moderate"})]))


def test_results_count_their_labels_and_states():
    results = Results(
        np.array([1.0, np.nan, np.nan, 3.0]),
        ("good",),
        np.array([-1, 0, -1, -1], np.int16),
        np.array([0, 0, 5, 0], np.uint8),
    )

    assert results.shares() == {"good": 0.25, "no_score": 0.25}
    assert results.percentiles(0, 50, 100) == (1.0, 2.0, 3.0)


def test_only_the_results_asked_for_are_computed():
    asked, rubric = made(2)
    sheets = Sheets.of([random_sheet(Random(1), asked)])

    assert list(score_sheets(rubric, sheets, ["band"])) == ["band"]
