"""Charts and sums: parts add up to what is shown, and what is unscored never looks low."""

import itertools
from math import floor

import altair as alt
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.ui import charts
from vendorrisk.ui.charts import Fall, Strip, adding_up, signed
from vendorrisk.ui.scorecards import falls
from vendorrisk.usecases.reviewing import Step

points = st.floats(min_value=0, max_value=100, allow_nan=False)


@given(st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=60))
def test_rounded_parts_add_up_to_the_rounded_sum(parts):
    shown = adding_up(parts)

    assert round(sum(shown) * 10) == round(sum(parts) * 10)
    assert all(abs(a - b) < 0.2 for a, b in zip(parts, shown, strict=True))


@given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=30))
def test_shares_add_up_to_a_hundred(weights):
    whole = sum(weights)
    if whole > 0:
        assert sum(adding_up([100 * w / whole for w in weights], 100, digits=0)) == 100


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
