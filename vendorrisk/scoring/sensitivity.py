"""How much hangs on the weights: bands and orders under many weightings drawn around the rubric's.

Each row's weight is multiplied by a factor of its own, any between 1 - spread and 1 + spread being
as likely as another. Everything else is the rubric's own graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from vendorrisk.conditions import State
from vendorrisk.scoring.columns import Results, Unfit, drawn_factors, weigh
from vendorrisk.scoring.exact import Sheet
from vendorrisk.scoring.formula import Name
from vendorrisk.scoring.graph import Fold
from vendorrisk.scoring.rubric import Rubric

DRAWS = 10_000
SPREAD = Fraction(1, 2)
"""How far a weight may lie from its value: by default from half of it to one and a half times."""

_TIED = 1e-9


class NotWeighed(ValueError):  # noqa: N818  # says what cannot be done
    """The rubric's weights cannot be varied; the message says why."""


@dataclass(frozen=True, slots=True)
class Stability:
    """How one sheet fares: its result and band as the rubric stands, and under the weightings.

    `bands` gives each band that came up its share of the weightings; `low` and `high` are the
    5th and 95th percentiles of the overall result. Without an overall number they are None, and
    without bands `band` is None.
    """

    overall: Fraction | str | State
    band: str | State | None
    bands: Mapping[str, float]
    low: float | None
    high: float | None

    @property
    def holds(self) -> float | None:
        """The share of weightings in which the band is the one it has now."""
        if self.band is None:
            return None
        word = self.band.value if isinstance(self.band, State) else self.band
        return self.bands.get(word, 0.0)

    def to_json(self) -> dict[str, Any]:
        """`band`, `holds`, `bands` (name → share), `low` and `high` of the overall result."""
        return {
            "band": self.band.value if isinstance(self.band, State) else self.band,
            "holds": self.holds,
            "bands": dict(self.bands),
            "low": self.low,
            "high": self.high,
        }

    def text(self, draws: int, seed: int) -> str:
        """The same in a sentence or two."""
        lines = [f"Under {draws:,} weightings drawn around the rubric's own (seed {seed})"]
        if self.holds is not None:
            word = self.band.value if isinstance(self.band, State) else self.band
            lines.append(f"    the band stays {word} in {percent(self.holds)}")
            lines += [
                f"    it is {name} in {percent(share)}"
                for name, share in sorted(self.bands.items(), key=lambda item: -item[1])
                if name != word and share
            ]
        if self.low is not None and self.high is not None:
            lines.append(
                f"    nine of ten overall results lie from {self.low:.4g} to {self.high:.4g}"
            )
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Order:
    """In what share of the weightings `first` is ahead of `second`, level with it or behind it.

    The three do not reach 1 where one of the two has no score.
    """

    first: str
    second: str
    ahead: float
    level: float
    behind: float

    def __str__(self) -> str:
        return f"{self.first} ahead of {self.second} in {percent(self.ahead)}"


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What weightings drawn around the rubric's own do to sheets, by name, and to their order."""

    draws: int
    seed: int
    spread: Fraction
    sheets: Mapping[str, Stability]
    orders: tuple[Order, ...]

    def order(self, first: str, second: str) -> Order:
        """How two sheets stand to each other, the first one named first."""
        for found in self.orders:
            if (found.first, found.second) == (first, second):
                return found
            if (found.first, found.second) == (second, first):
                return Order(first, second, found.behind, found.level, found.ahead)
        raise KeyError((first, second))


def weights_of(rubric: Rubric) -> str:
    """The column or measure by which the rubric weighs its rows. Raises NotWeighed."""
    if rubric.everyday is not None:
        return "criterion.weight"
    found = {
        node.weight.name if isinstance(node.weight, Name) else ""
        for node in (measure.node for measure in rubric.graph.measures.values())
        if isinstance(node, Fold) and node.weight is not None
    }
    if len(found) != 1 or "" in found:
        raise NotWeighed(
            "The rubric does not weigh its rows by one measure, so there are no weights to vary."
        )
    return found.pop()


def sensitivity(
    rubric: Rubric,
    sheets: Mapping[str, Sheet],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    spread: Fraction = SPREAD,
    weights: str | None = None,
) -> Sensitivity:
    """How often bands and order hold when the weights are drawn around their values.

    All sheets see the same weightings, so their order is compared fairly. The same `seed` gives
    the same result. `weights` names the column or measure to vary, where it is not the one that
    folds weigh by. Raises NotWeighed, and SheetError for a sheet that cannot be scored.
    """
    if not 0 <= spread < 1 or draws < 1:
        raise ValueError("the spread lies from 0 to below 1, and there is at least one draw")
    varied = weights or weights_of(rubric)
    factors = drawn_factors(len(rubric.graph.rows.contexts), draws, seed, float(spread))
    wanted = [named.name for named in rubric.graph.results if named.name in ("overall", "band")]
    try:
        weighed = weigh(rubric, list(sheets.values()), varied, factors, wanted)
    except Unfit as reason:
        raise NotWeighed(f"The weights of this rubric cannot be varied: {reason}.") from None
    by_name = dict(zip(sheets, weighed, strict=True))
    found = {name: _stability(rubric, sheets[name], own) for name, own in by_name.items()}
    orders = tuple(
        _order(first, second, by_name[first]["overall"], by_name[second]["overall"], rubric.better)
        for first, second in combinations(found, 2)
    )
    return Sensitivity(draws, seed, spread, found, orders)


def _stability(rubric: Rubric, sheet: Sheet, results: Mapping[str, Results]) -> Stability:
    slots = rubric.program.run(sheet)
    now = {
        named.name: slots[rubric.program.slots[named.measure, named.key]]
        for named in rubric.graph.results
        if named.name in results and named.measure is not None
    }
    overall = now.get("overall", State.NOT_APPLICABLE)
    low, high = results["overall"].percentiles(5, 95)
    return Stability(
        overall=Fraction(overall) if isinstance(overall, int) else overall,  # type: ignore[arg-type]
        band=now.get("band"),  # type: ignore[arg-type]
        bands=results["band"].shares() if "band" in results else {},
        low=low,
        high=high,
    )


def _order(first: str, second: str, a: Results, b: Results, better: str) -> Order:
    """Of two results under the same weightings; a difference within 1e-9 is none."""
    apart = a.numbers - b.numbers if better == "higher" else b.numbers - a.numbers
    return Order(
        first,
        second,
        ahead=float((apart > _TIED).mean()),
        level=float((abs(apart) <= _TIED).mean()),
        behind=float((apart < -_TIED).mean()),
    )


def percent(share: float) -> str:
    """A share in whole percent, never rounded up to certainty or down to impossibility."""
    rounded = round(share * 100)
    if 0 < share < 1:
        rounded = min(max(rounded, 1), 99)
    return f"{rounded} %"
