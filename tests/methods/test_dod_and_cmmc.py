"""The DoD assessment of SP 800-171 and CMMC level 2: both ends, and a second account."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.methods.method_kit import FIXTURES, beside, method, results

ROWS = {row["id"]: row for row in beside("dod-800-171", "requirements.csv")}
MET = dict.fromkeys(ROWS, "met")
STATES = [
    *("met", "not_met", "partial"),
    *("not_applicable", "temporary_deficiency", "enduring_exception"),
]
PERMITTED = ("3.1.12", "3.1.13", "3.1.16", "3.1.17", "3.1.18")
IN_PART = {"3.5.3": 3, "3.13.11": 3}
NEVER_LATER = {"3.1.20", "3.1.22", "3.12.4", "3.10.3", "3.10.4", "3.10.5"}


def points(name: str) -> int:
    return int(ROWS[name]["deduct"] or 0)


def test_the_table_is_the_one_handed_over() -> None:
    assert len(ROWS) == 110
    assert sum(map(points, ROWS)) == 313
    assert beside("cmmc-level-2", "requirements.csv") == [*ROWS.values()]
    table = FIXTURES / "methods" / "dod_am_1_2_1_weights.csv"
    if table.is_file():  # without it, the sums above still hold the table
        lines = [line.split(",") for line in table.read_text(encoding="utf-8").splitlines()[1:]]
        assert [line[:3] for line in lines] == [[*row.values()] for row in ROWS.values()]


@pytest.mark.parametrize("name", ["dod-800-171", "cmmc-level-2"])
def test_the_scale_runs_from_110_down_to_minus_203(name: str) -> None:
    assert results(name, MET)["overall"] == 110
    assert results(name, dict.fromkeys(ROWS, "not_met") | {"3.12.4": "met"})["overall"] == -203
    assert results(name, MET | {"3.5.3": "partial"})["overall"] == 107


@pytest.mark.parametrize("requirement", [*ROWS])
def test_each_requirement_deducts_its_own_points(requirement: str) -> None:
    found = results("dod-800-171", MET | {requirement: "not_met"})["overall"]
    if requirement == "3.12.4":
        assert found is None
    else:
        assert found == 110 - points(requirement)
        in_part = results("dod-800-171", MET | {requirement: "partial"})["overall"]
        assert in_part == 110 - IN_PART.get(requirement, points(requirement))


def test_both_methods_reckon_the_score_alike() -> None:
    own, other = (method(name).rubric.measures for name in ("dod-800-171", "cmmc-level-2"))
    assert own["inputs"] == other["inputs"]
    assert own["measures"].items() <= other["measures"].items()


# -- a second account ---------------------------------------------------------------------------


def account(
    answers: Mapping[str, str], planned: list[str] | None, not_permitted: list[str]
) -> tuple[int | None, str]:
    """The score and the status, by going through the requirements."""
    left: dict[str, str] = {}
    for name in ROWS:
        said = answers.get(name, "not_met")
        if name in not_permitted or said not in ("not_met", "partial"):
            continue
        left[name] = "partial" if said == "partial" and name in IN_PART else "not_met"
    if planned is not None and any(name not in planned for name in left):
        left["3.12.2"] = "not_met"
    if "3.12.4" in left:
        return None, "none"
    costs = {n: IN_PART[n] if how == "partial" else points(n) for n, how in left.items()}
    total = 110 - sum(costs.values())
    if not left:
        return total, "final"
    small = all(cost <= 1 or (n, left[n]) == ("3.13.11", "partial") for n, cost in costs.items())
    fit = small and not NEVER_LATER & left.keys()
    return total, "conditional" if fit and total >= Fraction(8, 10) * 110 else "none"


open_ones = st.dictionaries(st.sampled_from([*ROWS]), st.sampled_from(STATES), max_size=25)
light_ones = st.dictionaries(
    st.sampled_from([name for name in ROWS if points(name) == 1] + ["3.13.11"]),
    st.sampled_from(["not_met", "partial"]),
    max_size=24,
)
listed = st.lists(st.sampled_from([*ROWS]), unique=True, max_size=30)


@settings(max_examples=150, deadline=None)
@given(
    changed=open_ones | light_ones,
    silent=st.booleans(),
    planned=st.none() | listed | st.just([*ROWS]),
    not_permitted=st.lists(st.sampled_from(PERMITTED), unique=True),
)
def test_any_assessment_comes_to_what_a_second_account_of_the_rules_says(
    changed: dict[str, str], silent: bool, planned: list[str] | None, not_permitted: list[str]
) -> None:
    answers = ({"3.12.4": "met"} if silent else MET) | changed
    facts: dict[str, object] = {"not_permitted": not_permitted}
    if planned is not None:
        facts["plan_of_action"] = planned
    score, status = account(answers, planned, not_permitted)
    assert results("dod-800-171", answers, facts=facts)["overall"] == score
    found = results("cmmc-level-2", answers, facts=facts)
    assert (found["overall"], found["status"]) == (score, status)
    assert score is None or -203 <= score <= 110
