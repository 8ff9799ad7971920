"""Charts and sums: parts add up to what is shown, and what is unscored never looks low."""

import itertools
from dataclasses import replace
from math import floor

import altair as alt
import pytest
import streamlit
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.ui import charts
from vendorrisk.ui.charts import Fall, Strip, adding_up, signed
from vendorrisk.ui.scorecards import falls, line_sum, no_score
from vendorrisk.usecases.reviewing import ScoreLine, Step

points = st.floats(min_value=0, max_value=100, allow_nan=False)


@given(st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=60))
def test_rounded_parts_add_up_to_the_sum_rounded_down(parts):
    shown = adding_up(parts)

    assert round(sum(shown) * 10) == floor(sum(parts) * 10 + 1e-6)
    assert all(abs(a - b) < 0.2 for a, b in zip(parts, shown, strict=True))


@given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=30))
def test_shares_add_up_to_a_hundred(weights):
    whole = sum(weights)
    if whole > 0:
        assert sum(adding_up([100 * w / whole for w in weights], 100, digits=0)) == 100


def test_a_sum_below_an_edge_is_not_shown_at_it():
    assert sum(adding_up([34.98, 34.98])) == pytest.approx(69.9)


def test_nothing_adds_up_to_nothing():
    assert adding_up([]) == []


@given(st.lists(points, min_size=1, max_size=8))
def test_a_waterfall_adds_up_in_whole_numbers(levels):
    """What is shown is the stored figures rounded down, and each step is their difference."""
    steps = [Step("claimed", "Claimed", levels[0], levels[0])]
    steps += [
        Step(str(n), "Down", after - before, after)
        for n, (before, after) in enumerate(itertools.pairwise(levels))
    ]
    rows = falls(steps)

    assert sum(row.change for row in rows) == rows[-1].after
    assert rows[0].after == floor(levels[0] + 1e-9)
    assert rows[-1].after == floor(levels[-1] + 1e-9)


def test_every_step_of_a_waterfall_carries_its_figure_and_begins_where_the_last_one_ended():
    chart = charts.waterfall(
        [Fall("Claimed", 89, 89), Fall("Not proven", -15, 74), Fall("KO", -45, 29)]
    )
    rows = data_of(chart)

    labels = [row["row"] for row in rows]
    assert labels == ["Claimed\u200389", "Not proven\u2003−15", "KO\u2003−45", "Assured\u200329"]
    assert [(row["from"], row["to"]) for row in rows] == [(0, 89), (89, 74), (74, 29), (0, 29)]


def test_what_has_no_score_has_no_bar_and_says_so():
    chart = charts.strips([Strip("Pinfold", 90, None), Strip("Larkmere", 89, 29, 20, 29)])
    rows = data_of(chart)

    assert "no score" in rows[0]["row"]
    assert rows[0]["assured"] is None
    assert "29 of 89 claimed" in rows[1]["row"].replace("\u2003", " ").replace("\n", " ")


def test_long_labels_take_two_lines_and_keep_their_figure():
    chart = charts.strips(
        [Strip("A vendor with a name that goes on and on and does not end", 90, 40)]
    )
    label = data_of(chart)[0]["row"]

    assert label.count("\n") == 1
    assert label.endswith("40 of 90 claimed")


def test_no_chart_brings_its_own_text_colour():
    """Text follows the theme; a mark with text in it would be black in the dark one."""
    levels = ["low", "high"]
    grid = {(a, b): "low" for a in levels for b in levels}
    for chart in (
        charts.waterfall([Fall("Claimed", 1, 1)]),
        charts.strips([Strip("A", 1, 1)], {"weak": 30}),
        charts.tier_grid(grid, levels, ("low", "high"), {"low": "Low", "high": "High"}),
    ):
        spec = str(chart.to_dict())
        assert "'type': 'text'" not in spec
        assert "labelColor" not in spec


def test_changes_carry_their_sign():
    assert [signed(value) for value in (3, -12.5, 0, -45)] == ["+3", "−12.5", "0", "−45"]


def data_of(chart: alt.LayerChart):
    """The values of the layer that has the most of them."""
    spec = chart.to_dict()
    found = [
        layer["data"]["values"] for layer in spec["layer"] if "values" in layer.get("data", {})
    ]
    found += list(spec.get("datasets", {}).values())
    if "values" in spec.get("data", {}):
        found.append(spec["data"]["values"])
    return max((rows for rows in found if rows and "row" in rows[0]), key=len)


@given(st.lists(st.floats(min_value=0.01, max_value=1), min_size=1, max_size=5))
def test_stacked_shares_follow_one_another_up_to_all_of_them(amounts):
    whole = sum(amounts)
    parts = [f"part {n}" for n in range(len(amounts))]
    shares = {part: amount / whole for part, amount in zip(parts, amounts, strict=True)}
    chart = charts.stacks(
        [charts.Stack("Quillstone", "part 0", shares)], dict.fromkeys(parts, charts.TEAL)
    )

    (bars,) = chart.to_dict()["datasets"].values()
    assert [bar["part"] for bar in bars] == parts
    assert bars[0]["from"] == 0
    assert abs(bars[-1]["to"] - 100) < 1e-6
    assert all(abs(a["to"] - b["from"]) < 1e-9 for a, b in itertools.pairwise(bars))


def test_credits_are_rounded_down_and_what_does_not_count_says_so():
    line = ScoreLine(
        **dict.fromkeys(ScoreLine.__dataclass_fields__, None)  # type: ignore[arg-type]
        | {"points": 100.0, "share": 0.6996, "credit": 69.96, "weight": 5.0, "contribution": 0.4996}
    )
    assert line_sum(line) == (
        "100 points × 69 % for its proof: **credit 69.9**, weight 5, which brings 0.4 to the mean."
    )
    assert line_sum(replace(line, state="contradicted", credit=0.0, contribution=None)) == (
        "100 points claimed, and contradicted: **credit 0**, weight 5."
    )
    assert line_sum(replace(line, counts="Some", share=1.0, credit=70.0, contribution=None)) == (
        "100 points claimed; the weaker “Some” earns more: **credit 70**, weight 5."
    )
    assert line_sum(replace(line, points=None, credit=None)) == (
        "It does not count, nor does its weight."
    )


def test_what_is_said_of_several_domains_alike_is_said_once(monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(streamlit, "info", lambda text, **_: told.append(text))
    no_score(
        (
            "Insufficient basis: too much is not applicable.",
            "Access: Insufficient basis: more than 30 % is not applicable.",
            "Privacy: Insufficient basis: more than 30 % is not applicable.",
        )
    )
    assert told[0].splitlines()[2:] == [
        "- Too much is not applicable.",
        "- More than 30 % is not applicable. (Access, Privacy)",
    ]
