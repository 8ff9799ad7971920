"""Charts: pure functions from figures to Altair, with colours that hold in light and dark.

Text in a chart comes from axes alone, because those follow the theme; a mark has one of the few
colours below, each of which has 3:1 against both grounds, and its shape says the same again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor

import altair as alt

TEAL = "#2F8580"
AMBER = "#B8762B"
RED = "#C4524A"
GREY = "#7F8B8E"
BLUE = "#4F8FBF"
PURPLE = "#8D6CAB"

_ROW = 34
"""Pixels that one row of a chart takes."""

_AROUND = 165
"""Pixels that a legend of two lines and an axis with a title take."""

_LABEL = 24
"""Characters of a label on one line; a longer one is wrapped."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A step of a waterfall. `after` is the step before's `after` plus `change`, 0 to 100."""

    label: str
    change: float
    after: float


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of a strip chart; figures from 0 to 100, None where there is no score.

    `low` and `high` are the range that is still open, None where nothing is.
    """

    label: str
    claimed: int | None
    assured: int | None
    low: int | None = None
    high: int | None = None


def adding_up(parts: Sequence[float], total: int | None = None, digits: int = 1) -> list[float]:
    """`parts` rounded to `digits` decimals so that they add up to their sum rounded down.

    `total`: a whole number to add up to instead. What rounding leaves over goes to the parts that
    lost most by being rounded down (the method of the largest remainder). The sum is rounded down
    as every score is: 69.96 that is shown as 70.0 would stand on the other side of a band's edge.
    """
    unit = 10**digits
    scaled = [part * unit for part in parts]
    # A figure such as 29.299999 is 29.3: what the last binary digit says is no remainder.
    down = [floor(value + 1e-6) for value in scaled]
    goal = total * unit if total is not None else floor(sum(scaled) + 1e-6)
    by_loss = sorted(range(len(down)), key=lambda i: scaled[i] - down[i], reverse=True)
    for turn in range(abs(goal - sum(down)) if down else 0):
        step = 1 if goal > sum(down) else -1
        down[(by_loss if step > 0 else by_loss[::-1])[turn % len(down)]] += step
    return [value / unit for value in down]


def signed(value: float) -> str:
    """A change with its sign: "+3", "−12.5", "0"."""
    text = f"{abs(value):.1f}".removesuffix(".0")
    return text if value == 0 else ("+" if value > 0 else "−") + text


def waterfall(steps: Sequence[Fall]) -> alt.LayerChart:
    """From the first step's figure down to the last one's, each fall beginning where the one
    before ended.

    The first step is the starting figure and a last bar repeats where it ends. Every row's label
    carries its figure, so that the chart can be added up by eye.
    """
    rows = []
    for place, step in enumerate(steps):
        first = place == 0
        rows.append(
            {
                "row": _wrapped(
                    step.label, str(floor(step.after)) if first else signed(step.change)
                ),
                "from": 0 if first else step.after - step.change,
                "to": step.after,
                "means": "figure" if first else "lost" if step.change < 0 else "gained",
                "order": place,
                "says": step.label,
            }
        )
    if len(steps) > 1:
        end = steps[-1].after
        rows.append(
            {
                "row": _wrapped("Assured", str(floor(end))),
                "from": 0,
                "to": end,
                "means": "figure",
                "order": len(rows),
                "says": "Assured",
            }
        )
    base = alt.Chart(alt.InlineData(values=rows))
    y = _rows(rows)
    bars = base.mark_bar(cornerRadius=2, height=18).encode(
        x=_points("from"),
        x2="to:Q",
        y=y,
        color=alt.Color(
            "means:N",
            scale=alt.Scale(domain=["figure", "lost", "gained"], range=[TEAL, AMBER, GREY]),
            legend=None,
        ),
        tooltip=[
            alt.Tooltip("says:N", title="Step"),
            alt.Tooltip("to:Q", title="Leaves", format=".1f"),
        ],
    )
    links = [{"row": a["row"], "next": b["row"], "at": a["to"]} for a, b in pairwise(rows)]
    joins = (
        alt.Chart(alt.InlineData(values=links))
        .mark_rule(color=GREY, strokeDash=[3, 3])
        .encode(x=_points("at"), y=y, y2="next:N")
    )
    return alt.LayerChart(layer=[joins, bars]).properties(height=_ROW * len(rows) + 30)


def strips(rows: Sequence[Strip], edges: Mapping[str, int] | None = None) -> alt.LayerChart:
    """A row each: a filled bar up to what is assured, an open ring at what is claimed, and a thin
    line over the range that is still open.

    `edges` are the least figures of the bands, drawn as dashed lines. A row without a score has
    no bar, and its label says so: unscored never looks like a low score.
    """
    data = []
    for place, row in enumerate(rows):
        figures = (
            "no score"
            if row.assured is None
            else f"{row.assured}"
            if row.claimed is None
            else f"{row.assured} of {row.claimed} claimed"
        )
        data.append(
            {
                "row": _wrapped(row.label, figures),
                "order": place,
                "says": row.label,
                "zero": 0,
                "assured": row.assured,
                "claimed": row.claimed,
                "low": row.low,
                "high": row.high,
            }
        )
    base = alt.Chart(alt.InlineData(values=data))
    y = _rows(data)
    tips = [
        alt.Tooltip("says:N", title=" "),
        alt.Tooltip("claimed:Q", title="Claimed"),
        alt.Tooltip("assured:Q", title="Assured"),
        alt.Tooltip("low:Q", title="At worst"),
        alt.Tooltip("high:Q", title="At best"),
    ]
    layers: list[alt.Chart] = []
    if edges:
        layers.append(
            alt.Chart(alt.InlineData(values=[{"at": edge} for edge in edges.values()]))
            .mark_rule(color=GREY, strokeDash=[2, 4], opacity=0.8)
            .encode(x=_points("at"))
        )
    layers += [
        base.transform_filter("isValid(datum.assured)")
        .mark_bar(height=12, color=TEAL, cornerRadius=2)
        .encode(x=_points("zero"), x2="assured:Q", y=y, tooltip=tips),
        base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        .mark_rule(color=AMBER, strokeWidth=3)
        .encode(x=_points("low"), x2="high:Q", y=y, tooltip=tips),
        base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        .mark_tick(color=AMBER, thickness=3, height=16)
        .encode(x=_points("low"), y=y, tooltip=tips),
        base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        .mark_tick(color=AMBER, thickness=3, height=16)
        .encode(x=_points("high"), y=y, tooltip=tips),
        base.transform_filter("isValid(datum.claimed)")
        .mark_point(shape="circle", size=110, color=GREY, strokeWidth=2.5, filled=False)
        .encode(x=_points("claimed"), y=y, tooltip=tips),
    ]
    return alt.LayerChart(layer=layers).properties(height=_ROW * max(1, len(data)) + 30)


@dataclass(frozen=True, slots=True)
class Stack:
    """One row of stacked shares, in the order of the parts: name → share from 0 to 1."""

    label: str
    figure: str
    shares: Mapping[str, float]


def stacks(rows: Sequence[Stack], parts: Mapping[str, str]) -> alt.Chart:
    """A bar each, divided into the shares of `parts` (name → colour), the first on the left.

    The legend names the parts, and every row's label carries its figure.
    """
    data = []
    for place, row in enumerate(rows):
        start = 0.0
        for part in parts:
            share = row.shares.get(part, 0.0) * 100
            if share:
                data.append(
                    {
                        "row": _wrapped(row.label, row.figure),
                        "order": place,
                        "says": row.label,
                        "part": part,
                        "from": start,
                        "to": start + share,
                        "share": share,
                    }
                )
            start += share
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=data))
        .mark_bar(height=18, cornerRadius=2)
        .encode(
            x=alt.X(
                "from:Q",
                scale=alt.Scale(domain=[0, 100], nice=False),
                title="Share of the weightings, %",
                axis=alt.Axis(
                    values=[0, 25, 50, 75, 100], format="d", labelOverlap=False, labelFlush=False
                ),
            ),
            x2="to:Q",
            y=_rows([row for row in data if row["from"] == 0]),
            color=alt.Color(
                "part:N",
                scale=alt.Scale(domain=list(parts), range=list(parts.values())),
                legend=alt.Legend(
                    title=None, orient="top", columns=3, symbolType="square", labelLimit=140
                ),
            ),
            tooltip=[
                alt.Tooltip("says:N", title=" "),
                alt.Tooltip("part:N", title="Band"),
                alt.Tooltip("share:Q", title="Share, %", format=".1f"),
            ],
        )
        .properties(height=_ROW * max(1, len(rows)) + _AROUND)
    )
    return chart


def tier_grid(
    risk: Mapping[tuple[str, str], str],
    levels: Sequence[str],
    here: tuple[str, str] | None,
    names: Mapping[str, str],
) -> alt.LayerChart:
    """Likelihood by impact, each field the darker the greater the risk; a ring where we stand.

    `risk` gives the level for (likelihood, impact), `levels` stand from least to worst, `names`
    says them in words.
    """
    shades = dict(
        zip(levels, ("#E3D9CB", "#DDBE95", "#CF9A62", "#BE6F45", "#9F4436"), strict=False)
    )
    fields = [
        {
            "likelihood": names[likelihood],
            "impact": names[impact],
            "risk": names[level],
        }
        for (likelihood, impact), level in risk.items()
    ]
    order = [names[level] for level in levels]
    x = alt.X(
        "impact:N",
        sort=order,
        title="Impact",
        axis=alt.Axis(
            labelAngle=0,
            labelOverlap=False,
            labelFlush=False,
            labelExpr="split(datum.label, ' ')",
        ),
    )
    y = alt.Y(
        "likelihood:N",
        sort=order[::-1],
        title="Likelihood",
        axis=alt.Axis(labelOverlap=False, labelFlush=False),
    )
    layers = [
        alt.Chart(alt.InlineData(values=fields))
        .mark_rect(cornerRadius=3)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "risk:N",
                sort=order,
                scale=alt.Scale(domain=order, range=[shades[level] for level in levels]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("likelihood:N", title="Likelihood"),
                alt.Tooltip("impact:N", title="Impact"),
                alt.Tooltip("risk:N", title="Risk"),
            ],
        )
    ]
    if here is not None:
        at = [{"likelihood": names[here[0]], "impact": names[here[1]]}]
        layers.extend(
            alt.Chart(alt.InlineData(values=at))
            .mark_point(shape="circle", size=260, color=colour, strokeWidth=width, filled=False)
            .encode(x=x, y=y)
            # Dark within light stands out on every shade.
            for width, colour in ((6, "#FFFFFF"), (2.5, "#1C2B30"))
        )
    return alt.LayerChart(layer=layers).properties(height=230)


def _points(field: str) -> alt.X:
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(domain=[0, 100], nice=False),
        title=None,
        axis=alt.Axis(
            values=[0, 20, 40, 60, 80, 100], format="d", labelOverlap=False, labelFlush=False
        ),
    )


def _rows(rows: Sequence[Mapping[str, object]]) -> alt.Y:
    return alt.Y(
        "row:N",
        sort=[str(row["row"]) for row in rows],
        title=None,
        axis=alt.Axis(
            labelLimit=260,
            labelOverlap=False,
            labelFlush=False,
            labelExpr=r"split(datum.label, '\n')",
        ),
    )


def _wrapped(label: str, figure: str) -> str:
    """A label over at most two lines, its figure at the end."""
    if len(label) + len(figure) < _LABEL:
        return f"{label}\N{EM SPACE}{figure}"
    words, lines = label.split(), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) >= _LABEL:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    if len(lines) > 2:
        lines = [lines[0], lines[1] + " …"]
    lines[-1] += f"\N{EM SPACE}{figure}"
    return "\n".join(lines)
