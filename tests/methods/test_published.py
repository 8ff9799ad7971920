"""The smaller methods against their published tables and worked examples."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.methods.method_kit import FIXTURES, beside, card, method, results, shown

# -- OWASP SAMM ---------------------------------------------------------------------------------

INTERVIEW = {
    # The interview of the guide to SAMM 1.5, level by level, and what each practice comes to.
    "Strategy & Metrics": ("SM", [[0.2, 0.2, 1], [0.5, 1, 0.5], [0.5, 0.2]], "1.48333"),
    "Policy & Compliance": ("PC", [[0.2, 0.5], [0.5, 0.2], [0.2, 0.2]], "0.9"),
    "Education & Guidance": ("EG", [[0.5, 0.5], [0.5, 0.2], [0.2, 0.2]], "1.05"),
    "Threat Assessment": ("TA", [[0.2, 0.2], [0.2, 0.2, 0.5], [1, 0.2]], "1.1"),
    "Security Requirements": ("SR", [[1, 1], [0.2, 0.5], [0.2, 0.2]], "1.55"),
    "Secure Architecture": ("SA", [[0.5, 0.2], [0.5, 1], [0.2, 0.5]], "1.45"),
    "Design Review": ("DR", [[1, 0.5], [0.5, 0.5], [0.2, 1]], "1.85"),
    "Implementation Review": ("IR", [[0.2, 0.5], [0.5, 0.2], [0.5, 0.2]], "1.05"),
    "Security Testing": ("ST", [[1, 0.5, 0.2], [0.5, 0.2], [0.2, 0.2]], "1.11667"),
    "Issue Management": ("IM", [[1, 0.5, 1], [1, 0.5], [0.5, 0.2]], "1.93333"),
    "Environment Hardening": ("EH", [[1, 0.5], [0.5, 0.2], [1, 0.2]], "1.7"),
    "Operational Enablement": ("OE", [[0.5, 0.5], [0, 0.2], [0.2, 0.5]], "0.95"),
}
FUNCTIONS = {
    "Governance": "1.14444",
    "Construction": "1.36667",
    "Verification": "1.33889",
    "Operations": "1.52778",
}
INTERVIEWED = {
    f"{short}{level}.{place}": value
    for short, levels, _ in INTERVIEW.values()
    for level, values in enumerate(levels, start=1)
    for place, value in enumerate(values, start=1)
}


def handed(*path: str) -> Any:
    """A file of facts from outside, or None."""
    file = FIXTURES.joinpath(*path)
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def rounded(value: Fraction) -> Fraction:
    return Fraction(round(value * 100_000), 100_000)


def test_the_interview_of_samm_1_5_comes_to_the_published_figures() -> None:
    found = results("samm-1-5", INTERVIEWED)
    expected = {name: figure for name, (_, _, figure) in INTERVIEW.items()} | FUNCTIONS
    assert {name: rounded(found[name]) for name in expected} == {
        name: Fraction(figure) for name, figure in expected.items()
    }
    assert found["overall"] is None


def test_the_interview_is_the_one_handed_over() -> None:
    assert INTERVIEWED.keys() == {row["id"] for row in beside("samm-1-5", "questions.csv")}
    interview = handed("methods", "samm15_worked_example.json")
    if interview is not None:  # without it, the published figures above hold the interview
        assert {one["question"]: one["value"] for one in interview["answers"]} == INTERVIEWED


activities = st.dictionaries(
    st.sampled_from([row["id"] for row in beside("samm-2", "activities.csv")]),
    st.sampled_from([0, 0.25, 0.5, 1]),
)


@settings(max_examples=60, deadline=None)
@given(answers=activities)
def test_samm_2_adds_its_levels_and_averages_its_streams_and_practices(
    answers: dict[str, float],
) -> None:
    found = results("samm-2", answers)
    practices: dict[str, Fraction] = {}
    functions: dict[str, list[str]] = {}
    for row in beside("samm-2", "activities.csv"):
        half = Fraction(answers.get(row["id"], 0)) / 2
        practices[row["practice"]] = practices.get(row["practice"], Fraction(0)) + half
        if row["practice"] not in functions.setdefault(row["function"], []):
            functions[row["function"]].append(row["practice"])
    assert (len(practices), len(functions)) == (15, 5)
    for name, value in practices.items():
        assert found[name] == value
    for name, parts in functions.items():
        assert found[name] == sum(practices[part] for part in parts) / 3
    assert found["overall"] is None


# -- OpenSSF Scorecard --------------------------------------------------------------------------

RISKS = {row["id"]: row["risk"] for row in beside("openssf-scorecard", "checks.csv")}
RISK_WEIGHTS = {
    "critical": Fraction(10),
    "high": Fraction("7.5"),
    "medium": Fraction(5),
    "low": Fraction("2.5"),
}


def test_the_published_runs_are_shown_to_one_decimal() -> None:
    first = {"Binary-Artifacts": 10, "Dangerous-Workflow": 10, "License": 10}
    first |= {"Pinned-Dependencies": 7}
    skipped = ("Branch-Protection", "Signed-Releases", "SBOM", "Webhooks")
    first |= {name: 0 for name in RISKS if name not in first and name not in skipped}
    assert results("openssf-scorecard", first)["overall"] == Fraction(235, 90)
    assert shown("openssf-scorecard", first) == Fraction("2.6")
    second = {"Dangerous-Workflow": 10, "Fuzzing": 0, "SAST": 4, "Security-Policy": 10}
    second |= {"Packaging": -1}
    assert results("openssf-scorecard", second)["overall"] == Fraction(170, 25)
    assert shown("openssf-scorecard", second) == Fraction("6.8")


def test_nothing_left_is_minus_one() -> None:
    assert shown("openssf-scorecard", {}) == -1
    assert shown("openssf-scorecard", dict.fromkeys(RISKS, -1)) == -1


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from([*RISKS]), st.integers(-1, 10)))
def test_the_aggregate_is_the_mean_by_risk_of_the_checks_that_could_tell(
    answers: dict[str, int],
) -> None:
    told = [(RISK_WEIGHTS[RISKS[name]], value) for name, value in answers.items() if value >= 0]
    below = sum(weight for weight, _ in told)
    expected = sum(weight * value for weight, value in told) / below if told else -1
    assert results("openssf-scorecard", answers)["overall"] == expected


# -- OWASP Risk Rating --------------------------------------------------------------------------

LIKELIHOOD = dict(
    zip(
        [row["id"] for row in beside("owasp-risk-rating", "factors.csv")][:8],
        (5, 2, 7, 1, 3, 6, 9, 2),
        strict=True,
    )
)
TECHNICAL = {
    "loss_of_confidentiality": 9,
    "loss_of_integrity": 7,
    "loss_of_availability": 5,
    "loss_of_accountability": 8,
}
BUSINESS = {
    "financial_damage": 1,
    "reputation_damage": 2,
    "non_compliance": 1,
    "privacy_violation": 5,
}


def test_the_worked_example_of_the_risk_rating() -> None:
    found = results("owasp-risk-rating", LIKELIHOOD | TECHNICAL | BUSINESS)
    assert found["likelihood"] == Fraction("4.375")
    assert found["technical_impact"] == Fraction("7.25")
    assert found["business_impact"] == found["impact"] == Fraction("2.25")
    assert (found["likelihood_level"], found["impact_level"]) == ("medium", "low")
    assert found["overall"] == "low"


def test_the_technical_impact_decides_where_the_business_impact_is_not_known() -> None:
    found = results("owasp-risk-rating", LIKELIHOOD | TECHNICAL)
    assert (found["impact"], found["impact_level"]) == (Fraction("7.25"), "high")
    assert found["overall"] == "high"


def test_every_field_of_the_severity_matrix() -> None:
    values = {"low": 1, "medium": 4, "high": 8}
    severity = {
        ("low", "low"): "note",
        ("medium", "low"): "low",
        ("high", "low"): "medium",
        ("low", "medium"): "low",
        ("medium", "medium"): "medium",
        ("high", "medium"): "high",
        ("low", "high"): "medium",
        ("medium", "high"): "high",
        ("high", "high"): "critical",
    }
    for (likelihood, impact), expected in severity.items():
        answers = dict.fromkeys(LIKELIHOOD, values[likelihood])
        answers |= dict.fromkeys(BUSINESS, values[impact])
        assert results("owasp-risk-rating", answers)["overall"] == expected


@given(st.integers(0, 90))
def test_an_edge_belongs_to_the_level_above_it(tenths: int) -> None:
    found = results("owasp-risk-rating", dict.fromkeys(LIKELIHOOD, tenths / 10))
    expected = "low" if tenths < 30 else "medium" if tenths < 60 else "high"
    assert found["likelihood_level"] == expected


# -- lookups ------------------------------------------------------------------------------------

SCALE = ("very_low", "low", "moderate", "high", "very_high")
TABLE_I_2 = {
    # From very low to very high impact.
    "very_high": "01234",
    "high": "01234",
    "moderate": "01223",
    "low": "01112",
    "very_low": "00011",
}


def test_every_cell_of_table_i_2() -> None:
    for likelihood, row in TABLE_I_2.items():
        for impact, level in zip(SCALE, row, strict=True):
            answers = {"likelihood": likelihood, "impact": impact}
            assert results("nist-800-30-i2", answers)["overall"] == SCALE[int(level)]


PRIORITIES = {
    # By exploitation; then six groups (exposure S, C, O by automatable N, Y) of impact L, M, H, VH.
    "N": "DDSS DSSS DSSS SSSS DSSS SSSO",
    "P": "DSSS SSSS DSSS SSSO SSSO SSOO",
    "A": "SSOO SOOO SSOO OOOO SOOI OOII",
}


def priorities() -> dict[tuple[str, ...], str]:
    combined = product("NPA", "SCO", "NY", ("L", "M", "H", "VH"))
    outcomes = "".join(PRIORITIES.values()).replace(" ", "")
    return dict(zip(combined, outcomes, strict=True))


def test_every_row_of_the_deployer_table() -> None:
    assert len(priorities()) == 72
    for values, outcome in priorities().items():
        answers = dict(zip(("E", "EXP", "A", "HI"), values, strict=True))
        assert results("ssvc-deployer", answers)["overall"] == outcome


def test_the_deployer_table_is_the_one_handed_over() -> None:
    table = handed("ssvc", "deployer_patch_application_priority_1_0_0.json")
    mapping = [] if table is None else [tuple(row.values()) for row in table["mapping"]]
    # Without the hand-over, the rows above hold the table.
    assert mapping in ([], [(*values, outcome) for values, outcome in priorities().items()])


# -- level by prerequisites ---------------------------------------------------------------------

PRACTICES = beside("secret-handling-maturity", "practices.csv")


def stands(practice: str, answers: dict[str, str]) -> bool:
    row = next(row for row in PRACTICES if row["id"] == practice)
    own = answers.get(practice) in ("in_place", "not_applicable")
    return own and all(stands(other, answers) for other in row["needs"].split())


@settings(max_examples=150, deadline=None)
@given(
    missing=st.dictionaries(
        st.sampled_from([row["id"] for row in PRACTICES]),
        st.sampled_from(["partly", "missing", "not_applicable", None]),
        max_size=4,
    )
)
def test_a_level_counts_only_on_top_of_all_below_it_and_of_all_it_rests_on(
    missing: dict[str, str | None],
) -> None:
    answers = {row["id"]: "in_place" for row in PRACTICES} | missing
    found = results("secret-handling-maturity", answers)
    levels = []
    for strand in ("keeping", "changing", "finding"):
        own = [row for row in PRACTICES if row["strand"] == strand]
        reached = max(
            level
            for level in range(4)
            if all(stands(row["id"], answers) for row in own if int(row["level"]) <= level)
        )
        assert found[strand] == reached
        levels.append(reached)
    assert found["overall"] == min(levels)
    assert found["missing"] == sum(not stands(row["id"], answers) for row in PRACTICES)


@pytest.mark.parametrize("practice", [row["id"] for row in PRACTICES])
def test_one_more_practice_never_lowers_the_level(practice: str) -> None:
    without = {row["id"]: "in_place" for row in PRACTICES if row["id"] != practice}
    before = card(method("secret-handling-maturity"), answers=without).results["overall"].exact
    assert isinstance(before, Fraction)
    after = results("secret-handling-maturity", without | {practice: "in_place"})["overall"]
    assert after >= before
