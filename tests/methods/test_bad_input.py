"""Bad input to a method, or in one: a problem with its place and a sentence, and never a score."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.methods.method_kit import METHODS, run

PROBLEM = re.compile(r"(?P<place>.+:\d+): (?P<code>[a-z0-9-]+): (?P<sentence>.+)")


def refused(*arguments: str) -> list[re.Match[str]]:
    """The problems of a command that must refuse its input."""
    code, out, complaints = run(*arguments)
    assert (code, out) == (2, "")
    found = [PROBLEM.fullmatch(line) for line in complaints]
    assert found
    assert all(found), complaints
    return [match for match in found if match is not None]


# -- answers ------------------------------------------------------------------------------------

CVSS: dict[str, Any] = {
    **{"AV": "N", "AC": "L", "PR": "N", "UI": "N"},
    **{"S": "U", "C": "H", "I": "H", "A": "H"},
}
WRONG_ANSWERS: dict[str, tuple[str, dict[str, Any], str]] = {
    # What is wrong: the method, the submission, and the code of the problem.
    "outside its list": ("cvss-3-1", {"answers": CVSS | {"AV": "X"}}, "bad-answer"),
    "other capitals": ("cvss-3-1", {"answers": CVSS | {"AV": "n"}}, "bad-answer"),
    "a list": ("cvss-3-1", {"answers": CVSS | {"AV": ["N", "L"]}}, "bad-answer"),
    "a truth value": ("nist-800-30-i2", {"answers": {"likelihood": True}}, "bad-answer"),
    "not applicable": (
        "cvss-3-1",
        {"answers": CVSS | {"AV": {"not_applicable": "no network"}}},
        "bad-answer",
    ),
    "a ground that is empty": (
        "dod-800-171",
        {"answers": {"3.1.1": {"not_applicable": ""}}},
        "no-value",
    ),
    "don't know": ("ssvc-deployer", {"answers": {"E": {"dont_know": True}}}, "bad-answer"),
    "an unknown question": ("hecvat-4", {"answers": {"DOCU-99": "Yes"}}, "unknown-question"),
    "the wrong word": ("hecvat-4", {"answers": {"DOCU-01": "Maybe"}}, "bad-answer"),
    "a gate with the wrong word": ("hecvat-4", {"answers": {"REQU-01": "Perhaps"}}, "bad-answer"),
    "too great": ("openssf-scorecard", {"answers": {"License": 11}}, "bad-answer"),
    "too small": ("openssf-scorecard", {"answers": {"License": -2}}, "bad-answer"),
    "no number": ("openssf-scorecard", {"answers": {"License": "ten"}}, "bad-answer"),
    "not on the scale": ("samm-1-5", {"answers": {"SM1.1": 0.25}}, "bad-answer"),
    "not on the other scale": ("samm-2", {"answers": {"G-SM-1-A": 0.2}}, "bad-answer"),
    "off the end": ("owasp-risk-rating", {"answers": {"motive": 9.5}}, "bad-answer"),
    "twice, by both names": (
        "owasp-risk-rating",
        {"answers": {"financial": 1, "financial_damage": 2}},
        "duplicate-answer",
    ),
    "very long": ("hecvat-4", {"answers": {"GNRL-01": "x" * 100_000}}, "too-long"),
    "an unknown key": (
        "hecvat-4",
        {"answers": {"DOCU-01": {"value": "Yes", "notes": "n"}}},
        "unknown-key",
    ),
    "a plan for what there is not": (
        "dod-800-171",
        {"answers": {}, "facts": {"plan_of_action": ["3.99.1"]}},
        "unknown-question",
    ),
    "no list of plans": (
        "dod-800-171",
        {"answers": {}, "facts": {"plan_of_action": "3.1.1"}},
        "bad-fact",
    ),
    "not permitted, where that means nothing": (
        "dod-800-171",
        {"answers": {}, "facts": {"not_permitted": ["3.1.1"]}},
        "bad-fact",
    ),
    "an unknown fact": ("cvss-3-1", {"answers": CVSS, "facts": {"tier": 1}}, "unknown-fact"),
    "an unknown verdict": (
        "hecvat-4",
        {"review": {"DOCU-01": {"verdict": "fine"}}},
        "bad-review",
    ),
    "an unknown importance": (
        "hecvat-4",
        {"review": {"DOCU-01": {"importance": "Huge"}}},
        "bad-review",
    ),
    "a mark of another method": (
        "samm-2",
        {"review": {"G-SM-1-A": {"verdict": "compliant"}}},
        "unknown-key",
    ),
}


@pytest.mark.parametrize("wrong", [*WRONG_ANSWERS])
def test_wrong_answers_are_a_problem_and_never_a_score(wrong: str, tmp_path: Path) -> None:
    name, submitted, code = WRONG_ANSWERS[wrong]
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(submitted, indent=1), encoding="utf-8")
    found = refused("score", str(METHODS / name), str(path), "--json")
    assert [match["code"] for match in found] == [code]
    assert found[0]["place"].startswith(f"{path}:")


def test_every_wrong_answer_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_text('{"answers": {\n"AV": "X",\n"AC": 3,\n"XX": "N"}}', encoding="utf-8")
    found = refused("score", str(METHODS / "cvss-3-1"), str(path), "--json")
    assert [match["place"].rsplit(":", 1)[1] for match in found] == ["2", "3", "4"]


def test_not_a_number_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_text('{"answers": {"License": NaN}}', encoding="utf-8")
    found = refused("score", str(METHODS / "openssf-scorecard"), str(path), "--json")
    assert [match["code"] for match in found] == ["syntax"]


# -- rubrics ------------------------------------------------------------------------------------

HEAD = """\
rubric: trial
version: 1
title: Trial
inputs:
  x: {from: answers, number: {at_least: 0, at_most: 10}}
measures:
"""
RESULTS = "results: {overall: m}\n"
WRONG_MEASURES = {
    # The measure, at line 7: the code of its problem.
    "m: x.real": "formula-attribute",
    "m: open(x)": "formula-function",
    "m: __import__(x)": "formula-function",
    "m: x ** 1000": "formula-power",
    "m: x ** x": "formula-power",
    "m: x / 0": "divides-by-zero",
    "m: x / (2 - 2)": "divides-by-zero",
    "m: x +": "formula-syntax",
    "m: x if x else 1": "formula-syntax",
    "m: x > 3": "formula-character",
    "m: \"'a' * x\"": "formula-character",
    "m: y + 1": "unknown-name",
    "m: m + 1": "cycle",
    "m: {sum: [x, x], weight: 2, unanswered: 0}": "fold",
    "m: {sum: [x, x], unanswered: heavy}": "not-a-number",
    "m: max(x)": "formula-arguments",
    "m: min(x / 100,000, 5)": "formula-syntax",
    "m: {map: x, to: {low: 1}, else: 0}": "map-unknown-key",
    "m: {bands: x, to: {good: 5}}": "bands-gap",
    "m: {bands: x, to: {bad: 1, good: 5, none: else}}": "bands-order",
    "m: {cases: [{when: {x: {above: 3}}, give: 1}], else: 0}": "condition-operator",
    "m: {cases: [{when: {x: 3}, give: 1}]}": "cases-without-else",
    "m: {median: x}": "measure-kind",
}


@pytest.mark.parametrize("measure", [*WRONG_MEASURES])
def test_a_wrong_measure_is_a_problem_at_its_line(measure: str, tmp_path: Path) -> None:
    rubric, answers = tmp_path / "rubric.yaml", tmp_path / "answers.json"
    rubric.write_text(f"{HEAD}  {measure}\n{RESULTS}", encoding="utf-8")
    answers.write_text('{"answers": {"x": 1}}', encoding="utf-8")
    found = refused("score", str(rubric), str(answers), "--json")
    assert WRONG_MEASURES[measure] in [match["code"] for match in found]
    assert {match["place"] for match in found} == {f"{rubric}:7"}


def test_a_table_of_a_million_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id\n" + "\n".join(map(str, range(1_000_000))))
    self_contained = """\
rubric: trial
version: 1
title: Trial
rows: {from: rows.csv}
inputs: {x: {from: answers, per: row, number: true}}
measures: {m: {sum: x, unanswered: 0}}
results: {overall: m}
"""
    (tmp_path / "rubric.yaml").write_text(self_contained, encoding="utf-8")
    (tmp_path / "answers.json").write_text('{"answers": {}}', encoding="utf-8")
    found = refused("score", str(tmp_path / "rubric.yaml"), str(tmp_path / "answers.json"))
    assert [match["code"] for match in found] == ["too-large"]
    assert found[0]["place"].startswith(str(tmp_path / "rows.csv"))


def test_a_table_that_is_long_but_small_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id\n" + "\n".join(map(str, range(12_000))))
    (tmp_path / "rubric.yaml").write_text(
        "rubric: trial\nversion: 1\ntitle: Trial\nrows: {from: rows.csv}\n"
        "inputs: {x: {from: answers, per: row, number: true}}\n"
        "measures: {m: {sum: x, unanswered: 0}}\nresults: {overall: m}\n",
        encoding="utf-8",
    )
    (tmp_path / "answers.json").write_text('{"answers": {}}', encoding="utf-8")
    found = refused("score", str(tmp_path / "rubric.yaml"), str(tmp_path / "answers.json"))
    assert [match["code"] for match in found] == ["table-too-long"]


def test_a_rubric_for_another_version_of_the_questionnaire_is_refused(tmp_path: Path) -> None:
    pack = tmp_path / "trial" / "v2"
    pack.mkdir(parents=True)
    (pack / "questionnaire.yaml").write_text(
        "questionnaire: trial\nversion: 2\nstatus: draft\ntitle: Trial\npurpose: A trial.\n"
        "answered_by: vendor\nsections:\n- section: one\n  title: One\n  intro: One.\n"
        "  questions:\n  - {id: keys, ask: Where are the keys?, answer: one_of, help: All keys.,"
        " choices: {vault: In a vault, code: In the code}}\n",
        encoding="utf-8",
    )
    (pack / "rubric.yaml").write_text(
        "rubric: trial\nversion: 2\nquestionnaire: trial\nquestionnaire_version: 1\n"
        "title: Trial\nmeasures: {m: {map: keys, to: {vault: 1, code: 0, dont_know: 0}}}\n"
        "results: {overall: m}\n",
        encoding="utf-8",
    )
    (tmp_path / "answers.json").write_text('{"answers": {"keys": "vault"}}', encoding="utf-8")
    found = refused("score", str(pack), str(tmp_path / "answers.json"))
    assert [match["code"] for match in found] == ["questionnaire-version"]
    assert found[0]["place"] == f"{pack / 'rubric.yaml'}:3"


def test_a_missing_table_and_a_missing_file_are_problems(tmp_path: Path) -> None:
    (tmp_path / "rubric.yaml").write_text(
        HEAD + "  m: {map: x, to: ../../secret.csv}\n" + RESULTS, encoding="utf-8"
    )
    answers = tmp_path / "answers.json"
    answers.write_text('{"answers": {"x": 1}}', encoding="utf-8")
    found = refused("score", str(tmp_path / "rubric.yaml"), str(answers))
    assert [match["code"] for match in found] == ["bad-table"]
    assert refused("score", str(METHODS / "cvss-3-1"), str(tmp_path / "none.json"))
    code, _, complaints = run("score", str(METHODS / "cvss-4"), str(answers))
    assert (code, len(complaints)) == (2, 1)
