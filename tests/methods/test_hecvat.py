"""HECVAT: the workbook's own figures, and a second formulation of its rules for any answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.methods.method_kit import DATA, FIXTURES, beside, card, method, results

SCENARIOS = json.loads((DATA / "hecvat_scenarios.json").read_text(encoding="utf-8"))["scenarios"]
QUESTIONS = beside("hecvat-4", "questions.csv")
SCORED = [row for row in QUESTIONS if row["compliant_response"]]
SECTIONS = list(dict.fromkeys(row["id"][:4] for row in QUESTIONS))
AI = ("AIQU", "AIGN", "AIPL", "AISC", "AIML", "AILM")
PRIVACY = (
    *("PCOM", "PDOC", "PTHP", "PCHG", "PDAT"),
    *("PRPO", "INTL", "DRPV", "DPAI", "PRGN"),
)
CLOSED_BY = {
    "REQU-01": ("APPL", "AAAI", "DATA", "FIDP", "HFIH", "VULN", "DCTR"),
    "REQU-02": ("ITAC",),
    "REQU-03": ("CONS",),
    "REQU-04": AI,
    "REQU-05": ("HIPA",),
    "REQU-06": ("PCID",),
    "REQU-07": ("OPEM",),
    "REQU-08": PRIVACY,
    "AIQU-01": ("AIML",),
    "AIQU-02": ("AILM",),
}
WORTH = {
    "Critical Importance": 20,
    "Standard Importance": 10,
    "Minor Importance": 5,
    "Does Not Apply/Do Not Score": 0,
}


def told(answers: Mapping[str, list[str]]) -> dict[str, str]:
    return {question: answer for answer, asked in answers.items() for question in asked}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_the_figures_are_those_of_the_workbook(scenario: dict[str, Any]) -> None:
    found = results("hecvat-4", told(scenario["answers"]))
    for name, expected in scenario["expected"].items():
        if expected is None:
            assert found[name] is None, name
            continue
        possible, earned = expected
        prefix = "" if name == "overall" else f"{name}."
        assert found[name] == Fraction(earned, possible), name
        assert (found[f"{prefix}possible"], found[f"{prefix}earned"]) == (possible, earned), name


def test_there_are_as_many_questions_as_the_workbook_has() -> None:
    assert (len(QUESTIONS), len(SCORED), len(SECTIONS)) == (331, 286, 35)
    assert sum(row["compliant_response"] == "No" for row in SCORED) == 40


def test_the_table_and_the_scenarios_are_those_handed_over() -> None:
    # Without the hand-over there is nothing to compare, and the figures above hold it all the same.
    table, scenarios = (
        FIXTURES / "methods" / name
        for name in ("hecvat414_weights.csv", "hecvat414_scenarios.json")
    )
    if table.is_file():
        lines = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()[1:]]
        assert [
            (row["id"], row["default_importance"], row["compliant_response"] or "Not scored")
            for row in QUESTIONS
        ] == [(name, importance, response) for name, _, importance, response in lines]
    if scenarios.is_file():
        handed = json.loads(scenarios.read_text(encoding="utf-8"))
        assert [(s["name"], s["answers"]) for s in handed] == [
            (s["name"], told(s["answers"])) for s in SCENARIOS
        ]


# -- a second account ---------------------------------------------------------------------------


def closed(answers: Mapping[str, str]) -> set[str]:
    return {
        section
        for gate, sections in CLOSED_BY.items()
        if answers.get(gate, "").lower() == "no"
        for section in sections
    }


def account(
    answers: Mapping[str, str], review: Mapping[str, Mapping[str, str]]
) -> dict[str, tuple[int, int]]:
    """Possible and earned by section, and of what is critical, one question after the other."""
    sums = dict.fromkeys([*SECTIONS, "critical"], (0, 0))
    shut = closed(answers)
    for row in SCORED:
        name, section = row["id"], row["id"][:4]
        said = answers.get(name, "").lower()
        marks = review.get(name, {})
        importance = marks.get("importance", row["default_importance"])
        if section in shut or said == "n/a" or (section == "DCTR" and not said):
            continue
        right = said == row["compliant_response"].lower()
        if "verdict" in marks:
            right = marks["verdict"] == "compliant"
        weight = WORTH[importance]
        for group in (section, *(["critical"] if importance == "Critical Importance" else [])):
            possible, earned = sums[group]
            sums[group] = possible + weight, earned + (weight if right else 0)
    return sums


def ratio(possible: int, earned: int) -> Fraction | None:
    return Fraction(earned, possible) if possible else None


def added(sums: Mapping[str, tuple[int, int]], sections: tuple[str, ...]) -> tuple[int, int]:
    return sum(sums[s][0] for s in sections), sum(sums[s][1] for s in sections)


words = st.sampled_from(["Yes", "No", "N/A", "yes", "NO", "n/a"])
asked = st.sampled_from([row["id"] for row in SCORED])
every_answer = st.one_of(
    st.dictionaries(asked, words, max_size=60),
    st.randoms(use_true_random=False).map(
        lambda random: {row["id"]: random.choice(["Yes", "No", "N/A"]) for row in SCORED}
    ),
)
gates = st.dictionaries(st.sampled_from([*CLOSED_BY]), words, max_size=4)
marks = st.fixed_dictionaries(
    {},
    optional={
        "importance": st.sampled_from([*WORTH]),
        "verdict": st.sampled_from(["compliant", "non_compliant"]),
    },
)


@settings(max_examples=80, deadline=None)
@given(answers=every_answer, gates=gates, review=st.dictionaries(asked, marks, max_size=12))
def test_any_answers_come_to_what_a_second_account_of_the_rules_says(
    answers: dict[str, str], gates: dict[str, str], review: dict[str, dict[str, str]]
) -> None:
    given_answers = answers | gates
    found = results("hecvat-4", given_answers, review=review)
    sums = account(given_answers, review)
    for section in SECTIONS:
        assert found[section] == ratio(*sums[section]), section
        if f"{section}.possible" in found:
            assert (found[f"{section}.possible"], found[f"{section}.earned"]) == sums[section]
    whole = added(sums, tuple(SECTIONS))
    assert (found["possible"], found["earned"]) == whole
    assert found["overall"] == ratio(*whole)
    assert found["critical"] == ratio(*sums["critical"])
    assert found["ai"] == ratio(*added(sums, AI))
    assert found["privacy"] == ratio(*added(sums, PRIVACY))


def test_answers_that_carry_no_score_are_named_and_change_nothing() -> None:
    pack = method("hecvat-4")
    told_more = card(pack, answers={"GNRL-01": "A company", "PRGN-02": "Yes", "DOCU-01": "Yes"})
    alone = card(pack, answers={"DOCU-01": "Yes"})
    assert told_more.ignored == ("GNRL-01", "PRGN-02")
    assert told_more.results == alone.results
