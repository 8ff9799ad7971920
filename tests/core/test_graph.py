"""Rubrics of plain measures: what each kind gives, how grain works, and what reading one finds."""

from __future__ import annotations

import json
from fractions import Fraction
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.rubric_kit import question, questionnaire, read, results, rubric
from vendorrisk.document import Record, Report, tree
from vendorrisk.scoring import Sheet, SheetError, read_rubric, score
from vendorrisk.scoring.reading import MOST_MEASURES

CHECKS = """
    rows:
      list:
      - {id: A-1, weight: 2, group: x}
      - {id: A-2, weight: 1, group: x}
      - {id: B-1, weight: 1, group: y}
    inputs:
      answer: {from: answers, per: row, number: {at_least: 0, at_most: 10}}
"""
INPUTS = """
    inputs:
      colour: {from: answers, choices: [red, green]}
      size: {from: answers, number: {at_least: 0, at_most: 9}}
"""


def one(measure: str, *, of: str = "m", inputs: str = INPUTS, **brought: Any) -> Any:
    """The value of a single measure `m`."""
    text = f"{dedent(inputs)}\nmeasures:\n      {measure}\nresults: {{overall: {of}}}"
    found, report = read(text)
    assert found is not None, [str(problem) for problem in report.errors]
    return results(found, **brought)["overall"]


def problems(text: str, **kwargs: Any) -> list[str]:
    """The codes of all problems, warnings marked with a question mark."""
    _, report = read(text, **kwargs)
    return [p.code if p.severity == "error" else f"{p.code}?" for p in report.problems]


def placed(text: str, **kwargs: Any) -> list[tuple[int, str]]:
    """The line and the code of every error; three lines of a head come before the text."""
    _, report = read(text, **kwargs)
    return [(p.place.line if p.place else 0, p.code) for p in report.errors]


# -- each kind ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "answers", "expected"),
    [
        ("m: {map: colour, to: {red: 1, green: hot}}", {"colour": "green"}, "hot"),
        ("m: {map: colour, to: {red: 1, green: hot}}", {}, "unanswered"),
        ("m: {map: colour, to: {red: 1}, else: 7}", {"colour": "green"}, Fraction(7)),
        ("m: {map: colour, to: {red: 1}, else: 7, unanswered: 0}", {}, Fraction(0)),
        ("m: {map: colour, to: {red: 1}, else: 7, absent: no_score}", {}, "no_score"),
        ("m: {map: size, to: {3.0: three}, else: other}", {"size": 3}, "three"),
        ("m: {bands: size, to: {high: 6, mid: '>3', low: else}}", {"size": 3}, "low"),
        ("m: {bands: size, to: {high: 6, mid: '>3', low: else}}", {"size": "3.01"}, "mid"),
        ("m: {bands: size, to: {high: 6, mid: '>3', low: else}}", {"size": 6}, "high"),
        ("m: {bands: size, to: {1: '<2', 2: '<=2', 3: else}}", {"size": 2}, Fraction(2)),
        ("m: {bands: size / 3, to: {yes_: 1, no_: else}}", {"size": "2.9999999999"}, "no_"),
        ("m: {bands: size, to: {a: 1, b: else}, unanswered: c}", {}, "c"),
        ("m: {formula: size / (size - 2), by_zero: 9}", {"size": 2}, Fraction(9)),
        ("m: {formula: size + 1, unanswered: 5}", {}, Fraction(5)),
        ("m: {least: [size, 4]}", {"size": 6}, Fraction(4)),
        ("m: {least: [size, 4], unanswered: skip}", {}, Fraction(4)),
        ("m: {greatest: [size, 4], unanswered: 8}", {}, Fraction(8)),
        ("m: {sum: [size, 4], unanswered: stop}", {}, "unanswered"),
        ("m: {mean: [size, 4, 1], unanswered: skip}", {}, Fraction(5, 2)),
        ("m: {mean: [size, 4, 1], top: 2, unanswered: skip}", {"size": 9}, Fraction(13, 2)),
        ("m: {sum: [size, 4, 1], bottom: 2, unanswered: skip}", {"size": 9}, Fraction(5)),
        ("m: {product: [size, 4], unanswered: skip}", {"size": 2}, Fraction(8)),
        ("m: {first: [size, 4]}", {}, Fraction(4)),
        ("m: {first: [size, colour]}", {}, "unanswered"),
        ("m: {count: [size, colour]}", {"size": 1}, Fraction(1)),
        ("m: {count: [{size: 1}, {colour: red}]}", {"size": 1}, Fraction(1)),
        ("m: {any: [{size: 1}, {colour: red}]}", {"size": 2}, "false"),
        ("m: {all: [{size: 1}, {colour: red}]}", {"size": 1, "colour": "red"}, "true"),
        ("m: {ladder: [{size: 1}, {colour: red}, {size: 1}]}", {"size": 1}, Fraction(1)),
        (
            "m: {greatest: [colour, colour], order: [green, red], absent: skip}",
            {},
            "not_applicable",
        ),
    ],
)
def test_a_measure_gives(measure: str, answers: dict[str, Any], expected: Any) -> None:
    assert one(measure, answers=answers) == expected


def test_labels_are_ranked_by_the_order_given() -> None:
    grades = """
    inputs:
      a: {from: answers, choices: [A, B, C]}
      b: {from: answers, choices: [A, B, C]}
    """
    measure = "m: {least: [a, b], order: [C, B, A], unanswered: skip}"
    assert one(measure, inputs=grades, answers={"a": "A", "b": "B"}) == "B"


def test_the_first_case_that_holds_decides() -> None:
    measure = """m:
        cases:
        - {when: {size: {at_least: 5}}, give: size * 2}
        - {when: {colour: red}, label: warm}
        - {when: {colour: unanswered}, give: no_score, because: No colour is known.}
        else: size"""
    assert one(measure, answers={"size": 5, "colour": "red"}) == 10
    assert one(measure, answers={"size": 4, "colour": "red"}) == "warm"
    assert one(measure, answers={"size": 4, "colour": "green"}) == 4
    assert one(measure, answers={"size": 4}) == "no_score"


def test_ticks_meet_as_the_map_says() -> None:
    many = "inputs: {t: {from: answers, choices: [a, b, c], many: true}}"
    entries = "to: {a: 1, b: 2, c: 4}"
    for ticked, expected in (("sum", 5), ("greatest", 4), ("least", 1)):
        found = one(
            f"m: {{map: t, {entries}, ticked: {ticked}}}",
            inputs=many,
            answers={"t": ["a", "c"]},
        )
        assert found == expected
    assert one(f"m: {{map: t, {entries}, ticked: sum}}", inputs=many, answers={"t": []}) == 0
    assert (
        one(f"m: {{map: t, {entries}, ticked: least}}", inputs=many, answers={"t": []})
        == "unanswered"
    )


def test_inputs_are_read_strictly() -> None:
    inputs = rubric(
        """
        inputs:
          a: {from: answers, choices: ["Yes", "No", not_applicable], ignore_case: true}
          n: {from: answers, number: true, choices: [0, 0.5, 1]}
          free: {from: answers, number: true, choices: [0, 1], any_number: true}
          d: {from: answers, day: true}
          late: {from: answers, choices: [x], default: x}
        measures:
          days: {cases: [{when: {d: {at_least: 2026-01-01}}, give: 1}], else: 0}
          m: {sum: [n, free, days], absent: 0}
          a_points: {map: a, to: {"Yes": 1, "No": 0}, absent: 0}
          l: {map: late, to: {x: 1}}
        results: {overall: m, a: a_points, l: l}
        """
    ).inputs
    assert inputs["a"].read("YES") == "Yes"
    assert inputs["a"].read("not_applicable").value == "not_applicable"  # type: ignore[union-attr]
    assert inputs["n"].read(0.5) == Fraction(1, 2)
    assert inputs["free"].read("0.3") == Fraction(3, 10)
    for name, raw in (
        ("a", "maybe"),
        ("a", ["Yes"]),
        ("n", "0.3"),
        ("n", "much"),
        ("n", True),
        ("d", "2026-02-30"),
        ("d", "soon"),
    ):
        with pytest.raises(ValueError, match=f"“{name}”|list of “{name}”"):
            inputs[name].read(raw)


def test_what_an_input_does_not_take_is_never_scored() -> None:
    found = rubric(
        "inputs: {c: {from: answers, choices: [x, y]}, f: {from: facts, choices: [u]}}\n"
        "measures: {m: {cases: [{when: {c: x, f: u}, give: 1}], else: 0}}\nresults: {overall: m}"
    )
    for sheet, message in (
        (Sheet({"c": "z"}, {"f": "u"}), "z"),
        (Sheet({"c": Fraction(1)}, {"f": "u"}), "does not take"),
        (Sheet({"c": frozenset("x")}, {"f": "u"}), "does not take"),
        (Sheet({"c": "x"}), "“f” is missing"),
    ):
        with pytest.raises(SheetError, match=message):
            score(found, sheet)


def test_a_row_can_be_listed_in_a_fact() -> None:
    found = rubric(
        """
        rows: {list: [a, b, c]}
        inputs:
          answer: {from: answers, per: row, choices: [met, open]}
          planned: {from: facts, per: row, listed_in: plan, default: listed}
        measures:
          lost:
            cases: [{when: {answer: met}, give: 0}, {when: {planned: listed}, give: 1}]
            else: 5
          total: {sum: lost}
        results: {overall: total}
        """
    )
    answers = {"a": "met", "b": "open", "c": "open"}
    assert results(found, answers=answers)["overall"] == 2
    assert results(found, answers=answers, facts={"plan": ["b"]})["overall"] == 6
    assert results(found, answers=answers, facts={"plan": []})["overall"] == 10


def test_an_unanswered_result_names_what_is_missing() -> None:
    found, _ = read(f"{INPUTS}\n    measures: {{m: size * 2}}\n    results: {{overall: m}}")
    assert found is not None
    result = score(found, Sheet({})).results["overall"]
    assert result.state == "no_score"
    assert result.why == ("It has no value, because size is unanswered.",)


# -- rows and grain -------------------------------------------------------------------------------


def test_a_fold_by_a_column_gives_a_result_for_each_group() -> None:
    found = rubric(
        CHECKS
        + """
    measures:
      group_mean: {mean: answer, weight: weight, by: group, unanswered: 0}
      whole: {mean: group_mean}
      row: {formula: answer * 2, unanswered: 0}
    results:
      overall: whole
      <group>: group_mean
      "<group> of <id>": row
    """
    )
    assert results(found, answers={"A-1": 3, "B-1": 9}) == {
        "overall": Fraction(11, 2),
        "x": 2,
        "y": 9,
        "x of A-1": 6,
        "x of A-2": 0,
        "y of B-1": 18,
    }


def test_groups_fold_into_larger_groups_and_blank_cells_belong_to_none() -> None:
    table = """
    id,level,practice,function
    a,1,p,f
    b,1,p,f
    c,2,p,f
    d,1,q,f
    e,1,,f
    """
    found = rubric(
        """
        rows: {from: table.csv}
        inputs: {answer: {from: answers, per: row, number: {at_least: 0, at_most: 1}}}
        measures:
          level_score:
            mean: answer
            by: [practice, level]
            where: {practice: {not: not_applicable}}
            unanswered: 0
          practice_score: {sum: level_score, by: practice}
          function_score: {mean: practice_score, by: function}
        results: {overall: not_applicable, <practice>: practice_score, <function>: function_score}
        """,
        tables={"table.csv": table},
    )
    given = results(found, answers={"a": 1, "c": "0.5", "d": 1, "e": 1})
    assert given == {"overall": "not_applicable", "p": 1, "q": 1, "f": 1}


def test_a_row_can_fold_the_rows_that_it_lists() -> None:
    found = rubric(
        """
        rows:
          list:
          - {id: a, after: ""}
          - {id: b, after: a}
          - {id: c, after: a b}
        inputs: {answer: {from: answers, per: row, number: {at_least: 0}}}
        measures:
          before: {greatest: done, over: after, empty: 0, unanswered: stop}
          done: {formula: before + answer, unanswered: 0}
          latest: {greatest: done, unanswered: stop}
        results: {overall: latest, <id>: done}
        """
    )
    given = results(found, answers={"a": 1, "b": 2, "c": 4})
    assert given == {"overall": 7, "a": 1, "b": 3, "c": 7}


def test_rows_can_be_chosen_and_columns_derived() -> None:
    table = "check,risk,kind\nX-1,high,scored\nX-2,low,scored\nY-1,low,info\n"
    found = rubric(
        """
        rows:
          from: checks.csv
          id: check
          only: {kind: scored}
          columns:
            section: {of: id, before: "-"}
            weight: {map: risk, to: {high: 3}, else: 1}
        inputs: {answer: {from: answers, per: row, choices: [good, bad], ignore_case: true}}
        measures:
          points: {map: answer, to: {good: 1, bad: 0}, unanswered: 0}
          score: {mean: points, weight: weight}
          first_row: {first: points, where: {id: X-1}}
          gate: {cases: [{when: {X-2: bad}, give: hidden}], else: score}
        results: {overall: gate, first: first_row}
        """,
        tables={"checks.csv": table},
    )
    assert list(found.graph.rows.by_id) == ["X-1", "X-2"]
    assert results(found, answers={"X-1": "GOOD"}) == {"overall": Fraction(3, 4), "first": 1}
    assert results(found, answers={"X-1": "good", "X-2": "bad"})["overall"] == "hidden"


def test_reviews_are_marks_on_rows() -> None:
    found = rubric(
        """
        rows: {list: [a, b]}
        inputs:
          answer: {from: answers, per: row, choices: [ok, bad]}
          verdict: {from: review, per: row, choices: [ok, bad]}
          word: {from: review, of: a, mark: verdict, choices: [ok, bad]}
        measures:
          judged: {first: [verdict, answer]}
          good: {count: {judged: ok}}
          said: {map: word, to: {ok: 1, bad: 2}, unanswered: 0}
        results: {overall: good, said: said}
        """
    )
    given = results(found, answers={"a": "bad", "b": "bad"}, marks={"verdict": {"a": "ok"}})
    assert given == {"overall": 1, "said": 1}


# -- what reading finds ---------------------------------------------------------------------------

TAIL = "\n    results: {overall: m}"


@pytest.mark.parametrize(
    ("measures", "codes"),
    [
        ("m: sise", ["unknown-name"]),
        ("m: size.real", ["formula-attribute"]),
        ("m: colour + 1", ["not-a-number"]),
        ("m: {sum: [colour, 1]}", ["stops-at-unanswered?", "not-a-number"]),
        ("m: {formula: size, unknown: 1}", ["unknown-key"]),
        ("m: {map: colour, to: {red: 1}}", ["map-incomplete"]),
        ("m: {map: colour, to: {red: 1, green: 2, blue: 3}}", ["map-unknown-key"]),
        ("m: {map: size, to: {1: a}}", ["map-incomplete"]),
        ("m: {map: size, to: {1: a, 11: b}, else: c}", ["map-unknown-key"]),
        ("m: {map: [colour, size], to: {red: 1, green: 2}}", ["map", "map"]),
        ("m: {map: colour, to: {red: 1, green: {a: 2}}}", ["map"]),
        ("m: {map: colour, across: [red], to: [1, 2]}", ["map"]),
        ("m: {map: colour, to: nowhere.csv}", ["no-file"]),
        ("m: {map: colour, to: {red: 1, green: 2}, ticked: sum}", ["map"]),
        ("m: {cases: [{when: {colour: red}, give: 1}]}", ["cases-without-else"]),
        ("m: {cases: [{when: {colour: red}}], else: 1}", ["case"]),
        ("m: {cases: [{when: {colour: red}, give: 1, label: x}], else: 1}", ["case"]),
        ("m: {cases: [{give: 1}], else: 1}", ["missing-key"]),
        ("m: {cases: [{when: {colour: blue}, give: 1}], else: 0}", ["impossible-value"]),
        ("m: {cases: [{when: {colour: hidden}, give: 1}], else: 0}", ["never-happens?"]),
        ("m: {cases: [{when: {colour: {at_least: 1}}, give: 1}], else: 0}", ["impossible-value"]),
        ("m: {cases: [{when: {size: {at_least: 9.5}}, give: 1}], else: 0}", ["never-happens?"]),
        ("m: {cases: [{when: {size: {at_most: -1}}, give: 1}], else: 0}", ["never-happens?"]),
        ("m: {cases: [{when: {size: {at_least: 9}}, give: 1}], else: 0}", []),
        (
            "m: {cases: [{when: {size: 1}, give: 1}, {when: {size: 1}, give: 2}], else: 0}",
            ["never-happens?"],
        ),
        ("m: {bands: size, to: {a: 9, b: 5, c: else}}", []),
        ("m: {cases: [{when: {size: {over: 1}}, give: 1}], else: 0}", ["condition-operator"]),
        ("m: {bands: size, to: {low: 1, high: 2, rest: else}}", ["bands-order"]),
        ("m: {bands: size, to: {a: 2, b: 2, rest: else}}", ["bands-order"]),
        ("m: {bands: size, to: {a: '>=2', b: '<1', rest: else}}", ["bands-order"]),
        ("m: {bands: size, to: {rest: else, a: 1}}", ["bands-order"]),
        ("m: {bands: size, to: {a: 2, b: 1}}", ["bands-gap"]),
        ("m: {bands: size, to: {a: two, b: else}}", ["bands"]),
        ("m: {bands: colour, to: {a: 2, b: else}}", ["not-a-number"]),
        ("m: {sum: size}", ["fold-nothing", "stops-at-unanswered?"]),
        ("m: {sum: [size], by: colour}", ["fold", "unknown-name"]),
        ("m: {any: [size]}", ["fold"]),
        ("m: {sum: [{size: 1}]}", ["fold"]),
        ("m: {least: [size, 1], weight: 2, unanswered: 0}", ["fold"]),
        ("m: {least: [size, colour], unanswered: 0}", ["fold"]),
        ("m: {least: [size, 1]}", ["stops-at-unanswered?"]),
        ("m: {sum: [size, 1], unanswered: none}", ["not-a-number"]),
        ("m: {mean: [size, 1], absent: size + 1}", ["not-a-number"]),
        ("m: {mean: [size, 1], weight: 2, unanswered: 0}", ["fold"]),
        ("{n: {sum: [size, size], unanswered: 20}, m: {bands: n, to: {a: 40, b: else}}}", []),
        ("m: {first: [size, 1], map: size}", ["measure-kind"]),
        ("m: {says: nothing}", ["measure-kind"]),
        ("m: max(size)", ["formula-arguments"]),
        ("m: 'min(size / 100,000, 5)'", ["formula-syntax"]),
        ("{n: 'min(max(size, 0), 3)', m: {bands: n, to: {a: 4, b: 2, c: else}}}", ["dead-band?"]),
        ("{n: 'min(max(size, 0), 3)', m: {bands: n, to: {a: 3, b: 2, c: else}}}", []),
        (
            "{n: {count: [{colour: red}, {size: 1}]},"
            " m: {cases: [{when: {n: {at_least: 3}}, give: 1}], else: 0}}",
            ["never-happens?"],
        ),
        ("m: 1 / size", ["may-divide-by-zero?"]),
        ("m: 1 / (size + 1)", []),
        ("m: {formula: 1 / size, by_zero: 0}", []),
        ("{m: a + 1, a: b, b: m * 2}", ["cycle"]),
        ("{m: size, spare: size}", ["unused-measure?"]),
        ("{m: size, colour: size}", ["two-meanings"]),
        ("{m: size, min: size}", ["two-meanings"]),
        ("{m: size, hidden: size}", ["two-meanings"]),
        ("{m: size, a b: size}", ["bad-id"]),
        ("{m: ((a ** 20) ** 20) ** 20, a: size}", ["formula-power"]),
        ("{m: d ** 20, d: c ** 20, c: size ** 20}", ["formula-power", "formula-power"][:1]),
        ("m: [size]", ["not-a-mapping"]),
    ],
)
def test_a_rubric_with_a_fault_is_refused_with_its_code(measures: str, codes: list[str]) -> None:
    body = measures if measures.startswith("{") else f"{{{measures}}}"
    found = problems(f"{INPUTS}\n    measures: {body}{TAIL}")
    unused = {"unused-input?"}
    assert [code for code in found if code not in unused] == codes


ROWS = """
    rows: {list: [{id: a, w: -1, g: x, h: 1}, {id: b, w: 2, g: x, h: 2, b: y, c: 1}]}
    inputs: {answer: {from: answers, per: row, number: {at_least: 0}}}
"""


@pytest.mark.parametrize(
    ("measures", "result", "codes"),
    [
        ("m: {sum: answer, weight: w, unanswered: 0}", "m", ["negative-weight"]),
        ("m: {sum: answer, weight: g, unanswered: 0}", "m", ["not-a-number"]),
        ("m: {sum: answer, by: k, unanswered: 0}", "m", ["unknown-name"]),
        ("m: {sum: answer, over: k, unanswered: 0}", "m", ["unknown-name"]),
        ("m: {sum: answer, over: g, unanswered: 0}", "'<id>': m", ["unknown-name"]),
        (
            "{n: {sum: answer, by: g, unanswered: 0}, m: {sum: n, by: h}}",
            "'<h>': m",
            ["grain-mismatch"],
        ),
        (
            "{n: {sum: answer, by: g, unanswered: 0}, m: {sum: n, where: {h: 1}}}",
            "m",
            ["grain-mismatch"],
        ),
        ("m: {sum: answer, weight: k, unanswered: 0}", "m", ["unknown-name"]),
        ("m: {sum: answer, by: b, unanswered: 0}", "'<b>': m", ["blank-cell?"]),
        ("m: {all: {answer: 1}, by: b}", "'<b>': m", ["blank-cell?"]),
        ("m: {sum: answer, weight: c, unanswered: 0}", "m", ["blank-cell?"]),
        (
            "m: {sum: answer, weight: c, where: {c: {not: not_applicable}}, unanswered: 0}",
            "m",
            [],
        ),
        ("m: answer * 2", "m", ["results"]),
        ("m: answer * 2", "'<g>': m", ["results"]),
        ("m: {sum: answer, unanswered: 0}", "'<g>': m", ["results"]),
        ("m: {sum: answer, by: g, unanswered: 0}", "'<id>': m", ["results"]),
        ("m: {map: g, to: {x: a}}", "'<id>': {of: m, shown: {down: 1}}", ["rounding"]),
        ("m: {sum: answer, unanswered: 0}", "{of: m, shown: {down: 0}}", ["rounding"]),
        ("m: {sum: answer, unanswered: 0}", "n", ["unknown-name"]),
    ],
)
def test_a_fault_of_rows_or_results_is_refused(
    measures: str, result: str, codes: list[str]
) -> None:
    body = measures if measures.startswith("{") else f"{{{measures}}}"
    named = f"{{{result}}}" if result.startswith("'") else f"{{overall: {result}}}"
    found = problems(f"{ROWS}\n    measures: {body}\n    results: {named}")
    assert [code for code in found if code != "unused-input?"] == codes


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ("rows: {}", ["rows"]),
        ("rows: {list: [a, b], from: t.csv}", ["rows"]),
        ("rows: {list: [a, a]}", ["duplicate"]),
        ("rows: {list: [{name: a}]}", ["unknown-name"]),
        ("rows: {list: [{id: a, x: [1]}]}", ["rows"]),
        ("rows: {list: [{id: ''}]}", ["rows"]),
        ("rows: {list: [a], only: {id: b}}", ["rows"]),
        ("rows: {list: [a], only: {colour: b}}", ["unknown-name"]),
        ("rows: {list: [a], answers: asks}", ["unknown-name"]),
        ("rows: {list: [a], columns: {s: {of: ix, before: x}}}", ["unknown-name"]),
        ("rows: {list: [a], columns: {s: {of: id}}}", ["rows"]),
        ("rows: {list: [a], columns: {s: {map: id, to: {b: 1}}}}", ["map-incomplete"]),
        ("rows: {from: none.csv}", ["no-file"]),
        ("rows: {from: long.csv}", ["table-too-long"]),
    ],
)
def test_faulty_rows_are_refused(rows: str, codes: list[str]) -> None:
    long = "id\n" + "\n".join(f"r{n}" for n in range(10_001))
    found = problems(
        f"{rows}\nmeasures: {{m: 1 + 1}}\nresults: {{overall: m}}", tables={"long.csv": long}
    )
    assert found[: len(codes)] == codes


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ("{choices: [a]}", ["missing-key"]),
        ("{from: elsewhere, choices: [a]}", ["not-one-of"]),
        ("{from: answers}", ["input"]),
        ("{from: answers, choices: [a, a]}", ["input"]),
        ("{from: answers, choices: [hidden]}", ["input"]),
        ("{from: answers, choices: [a], number: true}", ["input"]),
        ("{from: answers, number: {at_least: 3, at_most: 2}}", ["input"]),
        ("{from: answers, number: {at_least: few}}", ["not-a-number"]),
        ("{from: answers, choices: [a], default: b}", ["input"]),
        ("{from: answers, per: row, choices: [a]}", ["input"]),
        ("{from: review, choices: [a]}", ["input"]),
        ("{from: answers, choices: [dont_know]}", ["input"]),
        ("{from: answers, listed_in: f}", ["input"]),
        ("{from: answers, mark: x, choices: [a]}", ["input"]),
    ],
)
def test_faulty_inputs_are_refused(given: str, codes: list[str]) -> None:
    found = problems(
        f"inputs: {{i: {given}}}\nmeasures: {{m: {{count: [i]}}}}\nresults: {{overall: m}}"
    )
    assert found == codes


def test_a_table_with_holes_or_overlaps_is_refused() -> None:
    text = """
    inputs:
      a: {from: answers, choices: [x, y]}
      b: {from: answers, choices: [u, v]}
    measures: {m: {map: [a, b], to: table.csv}}
    results: {overall: m}
    """
    whole = "a,b,m\nx,u,1\nx,v,2\ny,u,3\ny,v,4\n"
    assert problems(text, tables={"table.csv": whole}) == []
    assert problems(text, tables={"table.csv": whole + "x,u,9\n"}) == ["map-overlap"]
    assert problems(text, tables={"table.csv": whole.replace("y,v,4\n", "")}) == ["map-incomplete"]
    assert problems(text, tables={"table.csv": whole.replace("y,v,4", "y,w,4")}) == [
        "map-incomplete",
        "map-unknown-key",
    ]
    assert problems(text, tables={"table.csv": whole.replace("b,m", "c,m")}) == ["map"]


def test_rows_that_read_one_another_in_a_circle_are_refused() -> None:
    text = """
    rows: {list: [{id: a, of: b}, {id: b, of: a}]}
    inputs: {answer: {from: answers, per: row, number: true}}
    measures:
      other: {sum: mine, over: of, unanswered: 0}
      mine: {formula: other + answer, unanswered: 0}
      m: {sum: mine}
    results: {overall: m}
    """
    assert problems(text) == ["cycle"]


def test_a_problem_says_where_it_is_and_all_are_reported_at_once() -> None:
    bad = """
        inputs:
          size: {from: answers, number: true}
        measures:
          a: sise + 1
          b: 2 ** 99
          c: {bands: size, to: {x: 1}}
        results: {overall: c}
        """
    assert placed(bad) == [(8, "formula-power"), (9, "bands-gap")]
    unknown = """
        inputs: {n: {from: answers, number: true}}
        measures:
          a: m + 1
          c: x
        results: {overall: c}
        """
    assert placed(unknown) == [(6, "unknown-name"), (7, "unknown-name")]


def test_a_problem_of_a_case_stands_at_the_line_of_that_case() -> None:
    cases = """
        inputs: {colour: {from: answers, choices: [red, green]}}
        measures:
          m:
            cases:
            - {when: {colour: red}, give: 1}
            - {when: {SECOND}, give: 2}
            else: LAST
        results: {overall: m}
        """
    never = cases.replace("SECOND", "colour: blue").replace("LAST", "1 / 0")
    assert placed(never) == [(9, "impossible-value"), (10, "divides-by-zero")]
    unknown = cases.replace("SECOND", "shade: red").replace("LAST", "shades")
    assert placed(unknown) == [(9, "unknown-name"), (10, "unknown-name")]


def test_what_nothing_reads_and_what_was_left_blank_is_told_at_its_line() -> None:
    found, report = read(
        """
        inputs:
          colour: {from: answers, choices: [red, green]}
          shade: {from: answers, choices: [light, dark]}
        measures: {m: {map: colour, to: {red: 1, green: 2}}}
        results: {overall: m}
        """
    )
    assert found is not None
    assert [(str(p.place), p.code) for p in report.problems] == [("rubric.yaml:6", "unused-input")]
    assert all(type(name) is str for name in found.inputs)
    assert problems(
        f"{INPUTS}\n    measures: {{m: {{map: colour, to: {{red: 2,5, green: 1}}}}}}{TAIL}"
    ) == ["map"]
    asked = "{cases: [{when: {colour}, give: 1}], else: 0}"
    assert problems(f"{INPUTS}\n    measures: {{m: {asked}}}{TAIL}") == ["condition-empty"]


def test_a_row_has_one_answer_and_a_fact_is_not_one_for_each_row() -> None:
    text = """
    rows: {list: [A-1, B]}
    inputs: {now: {from: answers, per: row, number: true}, then: {from: SOURCE, per: row, KIND}}
    measures: {m: {sum: then - now, unanswered: 0}}
    results: {overall: m}
    """
    for source, code in (("answers", ["input"]), ("facts", ["input"]), ("review", [])):
        as_written = text.replace("SOURCE", source).replace("KIND", "number: true")
        assert problems(as_written) == code


def test_a_row_with_a_hyphen_is_read_in_a_formula_by_a_fold() -> None:
    text = """
    rows: {list: [A-1, B]}
    inputs: {now: {from: answers, per: row, number: {at_least: 0}}}
    measures: {FIRST, m: {formula: first + B, unanswered: 0}}
    results: {overall: m}
    """
    _, report = read(text.replace("FIRST", "first: A-1"))
    assert "fold with `where: {id: A-1}`" in report.errors[0].message
    fold = "first: {sum: now, where: {id: A-1}, unanswered: stop}"
    assert results(rubric(text.replace("FIRST", fold)), answers={"A-1": 2, "B": 3}) == {
        "overall": 5
    }


@given(
    edges=st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=4),
    ends=st.tuples(st.integers(-1, 9), st.integers(-1, 9)),
    from_top=st.booleans(),
)
def test_a_band_is_dead_only_where_no_number_comes_to_it(
    edges: list[tuple[int, bool]], ends: tuple[int, int], from_top: bool
) -> None:
    low, high = sorted(ends)
    bounds = sorted(dict(edges).items(), reverse=from_top)
    signs = {True: (">=", ">"), False: ("<=", "<")}[from_top]
    to = {f"b{n}": f"{signs[not own]}{bound}" for n, (bound, own) in enumerate(bounds)}
    found, report = read(
        f"""
        inputs: {{x: {{from: answers, number: {{at_least: {low}, at_most: {high}}}}}}}
        measures: {{m: {{bands: x, to: {json.dumps({**to, "rest": "else"})}}}}}
        results: {{overall: m}}
        """
    )
    assert found is not None
    # Between two whole edges every number falls into the same band.
    halves = range(2 * low, 2 * high + 1)
    reached = {results(found, answers={"x": f"{half / 2}"})["overall"] for half in halves}
    dead = {p.message.split("`")[1] for p in report.warnings if p.code == "dead-band"}
    assert dead == {*to, "rest"} - reached


def test_every_measure_beyond_the_most_is_one_problem() -> None:
    measures = {f"m{n}": "1" for n in range(MOST_MEASURES + 50)}
    report = Report()
    read_rubric(
        tree({"rubric": "x", "version": "1", "title": "X", "measures": measures}),
        tables=lambda name: None,
        questionnaire=None,
        report=report,
    )
    assert [problem.code for problem in report.errors].count("too-many") == 1


def test_a_large_table_full_of_holes_names_a_few_of_them() -> None:
    many = ", ".join(f"c{n}" for n in range(1500))
    _, report = read(
        f"inputs:\n  a: {{from: answers, choices: [{many}]}}\n"
        f"  b: {{from: answers, choices: [{many}]}}\n"
        f"measures: {{m: {{map: [a, b], to: {{{many.replace(',', ': {c1: 1},')}: {{c1: 1}}}}}}}}\n"
        + TAIL.strip()
    )
    (problem,) = report.errors
    assert problem.code == "map-incomplete"
    assert "`c0 c0`, `c0 c10`, `c0 c100` and" in problem.message


def test_a_deep_chain_of_measures_is_no_trouble() -> None:
    chain = {"m0": "1", **{f"m{n}": f"m{n - 1} + 1" for n in range(1, 1500)}}
    data = {
        "rubric": "chain",
        "version": "1",
        "title": "Chain",
        "measures": dict(reversed(chain.items())),
        "results": {"overall": "m1499"},
    }
    report = Report()
    found = read_rubric(tree(data), tables=lambda name: None, questionnaire=None, report=report)
    assert found is not None, report.errors
    assert score(found, Sheet({})).results["overall"].exact == 1500


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"rubric": "x"},
        {"rubric": "x", "version": "1", "title": "X", "measures": [], "results": "y"},
        {"rubric": "x", "version": "1", "title": "X", "measures": {"m": None}, "results": {}},
        {"rubric": "x", "version": "1", "title": "X", "rows": "t", "inputs": ["a"]},
        {"rubric": [], "version": {}, "title": {}, "criteria": "none", "bands": []},
        {"rubric": "x", "version": "1", "title": "X", "measures": {"m": {"map": {}, "to": []}}},
        {
            "rubric": "x",
            "version": "1",
            "title": "X",
            "measures": {"m": {"cases": [[]], "else": {}}},
        },
        {"rubric": "x", "version": "1", "title": "X", "measures": {"m": {"sum": {"a": {}}}}},
        {
            "rubric": "x",
            "version": "1",
            "title": "X",
            "measures": {"m": {"bands": [], "to": {"a": []}}},
        },
    ],
)
def test_nonsense_is_a_list_of_problems_and_never_a_fault(data: dict[str, Any]) -> None:
    report = Report()
    record = tree(data)
    assert isinstance(record, Record)
    assert read_rubric(record, tables=lambda name: None, questionnaire=None, report=report) is None
    assert report.errors


# -- rubrics and questionnaires -------------------------------------------------------------------


def test_plain_measures_read_the_questions_of_their_questionnaire() -> None:
    asked = questionnaire(
        [
            question("access", ["none", "some"], dont_know=True),
            question("people", kind="number"),
            question("data", ["names", "faces"], kind="many_of"),
        ]
    )
    found = rubric(
        """
        questionnaire: sample
        measures:
          a: {map: access, to: {none: 0, some: 2, dont_know: 4}, unanswered: 4}
          d: {map: data, ticked: greatest, to: {names: 1, faces: 4}, unanswered: 4}
          p: {bands: people, to: {1: ">=1000", 0: else}, unanswered: 1}
          impact: min(max(a, d) + p, 4)
          level:
            cases: [{when: {impact: 4}, label: "1"}, {when: {tier: "1"}, label: "1"}]
            else: {label: "2"}
        results: {overall: impact, level: level}
        """,
        asked,
    )
    assert found.questionnaire == ("sample", 1)
    given = results(
        found,
        answers={"access": "some", "people": 5000, "data": ["names"]},
        facts={"tier": "2"},
    )
    assert given == {"overall": 3, "level": "2"}


def test_a_rubric_for_another_version_of_the_questionnaire_is_refused() -> None:
    asked = questionnaire([question("a", ["x", "y"])])
    tail = "\nmeasures: {m: 1 + 1}\nresults: {overall: m}"
    assert problems(f"questionnaire: other{tail}", questionnaire=asked) == ["questionnaire-version"]
    assert problems(
        f"questionnaire: sample\nquestionnaire_version: 2{tail}", questionnaire=asked
    ) == ["questionnaire-version"]
    assert problems(f"questionnaire: sample{tail}") == ["unknown-name"]


def test_a_rubric_is_written_one_way_only() -> None:
    assert problems("measures: {m: 1 + 1}\nresults: {overall: m}\ncriteria: []") == ["two-ways"]


def test_the_digest_covers_content_and_tables_and_not_the_layout() -> None:
    text = (
        "inputs: {a: {from: answers, choices: [x]}}\n"
        "measures: {m: {map: a, to: t.csv}}\n"
        "results: {overall: m}"
    )
    first = rubric(text, tables={"t.csv": "a,m\nx,1\n"})
    same = rubric(text.replace("{m:", "{ m:") + "   # a remark", tables={"t.csv": "a,m\nx,1\n"})
    other_table = rubric(text, tables={"t.csv": "a,m\nx,2\n"})
    assert first.digest == same.digest
    assert first.digest != other_table.digest
    assert first.digest.startswith("sha256:")
