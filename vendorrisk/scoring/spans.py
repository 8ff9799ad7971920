"""Arithmetic of spans: where a value may lie, told from where its parts may lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from vendorrisk.conditions import State
from vendorrisk.scoring.formula import Apply
from vendorrisk.scoring.graph import Bands, Constant, Policy, Span

LARGEST_DEGREE = 1000
"""How far powers of powers may multiply up before numbers grow out of hand."""

MOST_TICKS = 1_000


def numbers_span(numbers: Iterable[Fraction], states: frozenset[State]) -> Span:
    """The span of a list of numbers."""
    found = frozenset(numbers)
    if not found:
        return Span(states=states)
    return Span(numeric=True, low=min(found), high=max(found), numbers=found, states=states)


def constant_span(value: Constant) -> Span:
    """The span of one written value."""
    if isinstance(value, State):
        return Span(states=frozenset((value,)))
    if isinstance(value, str):
        return Span(labels=frozenset((value,)))
    return numbers_span([value], frozenset())


def union(spans: Iterable[Span]) -> Span:
    """Whatever one of the spans may be."""
    parts = list(spans)
    numeric = [span for span in parts if span.numeric]
    listed = [span.numbers for span in numeric]
    numbers = (
        None
        if any(found is None for found in listed)
        else frozenset().union(*(found for found in listed if found is not None))
    )
    lows, highs = [s.low for s in numeric], [s.high for s in numeric]
    return Span(
        labels=frozenset().union(*(span.labels for span in parts)),
        any_label=any(span.any_label for span in parts),
        numeric=bool(numeric),
        low=None if None in lows or not lows else min(low for low in lows if low is not None),
        high=None if None in highs or not highs else max(h for h in highs if h is not None),
        numbers=numbers if numeric and numbers is not None and len(numbers) <= 256 else None,
        many=any(span.many for span in parts),
        days=any(span.days for span in parts),
        states=frozenset().union(*(span.states for span in parts)),
        degree=max((span.degree for span in parts), default=1),
        divided=any(span.divided for span in parts),
    )


def after_policy(span: Span, policy: Policy) -> Span:
    """The span once a policy has replaced states."""
    given = [constant_span(value) for state, value in policy.items() if state in span.states]
    left = replace(span, states=frozenset(s for s in span.states if s not in policy))
    return union([left, *given]) if given else left


def excludes_zero(span: Span) -> bool:
    """Whether a number from the span is never 0."""
    if span.numbers is not None:
        return 0 not in span.numbers
    return (span.low is not None and span.low > 0) or (span.high is not None and span.high < 0)


def combined(found: Apply, parts: Sequence[Span]) -> Span:
    """Interval arithmetic: where a number from an operation may lie."""
    states = frozenset().union(*(part.states for part in parts))
    operation, first = found.operation, parts[0]
    low: Fraction | None = None
    high: Fraction | None = None
    degree = max(part.degree for part in parts)
    divided = any(part.divided for part in parts)
    if divided and operation in ("+", "-"):
        degree = sum(part.degree for part in parts if not _constant(part))
    if operation == "+":
        low, high = _plus(first.low, parts[1].low), _plus(first.high, parts[1].high)
    elif operation == "-":
        low, high = _minus(first.low, parts[1].high), _minus(first.high, parts[1].low)
    elif operation == "negative":
        low, high = _minus(Fraction(0), first.high), _minus(Fraction(0), first.low)
    elif operation in ("*", "/"):
        degree = sum(part.degree for part in parts)
        divided = divided or (operation == "/" and not _constant(parts[1]))
        if degree <= LARGEST_DEGREE:
            low, high = _product_range(operation, first, parts[1])
        if operation == "/" and not excludes_zero(parts[1]):
            states |= {State.NOT_APPLICABLE}
    elif operation == "**":
        power = int(parts[1].low or 0)
        degree = first.degree * max(1, power)
        if first.low is not None and first.low >= 0 and degree <= LARGEST_DEGREE:
            low = first.low**power
            high = None if first.high is None else first.high**power
    elif operation in ("min", "max"):
        choose = min if operation == "min" else max
        lows, highs = [p.low for p in parts], [p.high for p in parts]
        known_low = [value for value in lows if value is not None]
        known_high = [value for value in highs if value is not None]
        # A minimum is no greater than any part, but as low as the lowest; likewise a maximum.
        if operation == "min":
            low = choose(known_low) if len(known_low) == len(parts) else None
            high = choose(known_high) if known_high else None
        else:
            low = choose(known_low) if known_low else None
            high = choose(known_high) if len(known_high) == len(parts) else None
    elif operation == "abs":
        low = Fraction(0)
        if first.low is not None and first.high is not None:
            high = max(abs(first.low), abs(first.high))
    else:  # rounding moves a value by less than one step
        step = parts[1].low or Fraction(1)
        down, up = operation != "up", operation != "down"
        low = first.low if first.low is None or not down else first.low - step
        high = first.high if first.high is None or not up else first.high + step
        if low is not None and first.low is not None and first.low >= 0:
            low = max(low, Fraction(0))
    return Span(
        numeric=True, low=low, high=high, states=states, degree=max(1, degree), divided=divided
    )


def _constant(span: Span) -> bool:
    return span.numbers is not None and len(span.numbers) == 1


def _plus(a: Fraction | None, b: Fraction | None) -> Fraction | None:
    return None if a is None or b is None else a + b


def _minus(a: Fraction | None, b: Fraction | None) -> Fraction | None:
    return None if a is None or b is None else a - b


def _product_range(operation: str, a: Span, b: Span) -> tuple[Fraction | None, Fraction | None]:
    if a.low is not None and a.low >= 0 and b.low is not None and b.low >= 0:
        if operation == "*":
            high = None if a.high is None or b.high is None else a.high * b.high
            return a.low * b.low, high
        low = Fraction(0) if b.high is None or b.high == 0 else a.low / b.high
        return low, None if a.high is None or b.low == 0 else a.high / b.low
    if None in (a.low, a.high, b.low, b.high) or (operation == "/" and not excludes_zero(b)):
        return None, None
    ends = [
        x * y if operation == "*" else x / y
        for x in (a.low, a.high)
        for y in (b.low, b.high)
        if x is not None and y is not None
    ]
    return min(ends), max(ends)


def fold_range(kind: str, span: Span, count: int) -> Span:
    """Where a fold of `count` members from the span may lie."""
    if kind == "sum":
        low = None if span.low is None else min(Fraction(0), span.low * count)
        high = None if span.high is None else max(Fraction(0), span.high * count)
        return replace(span, low=low, high=high, numbers=None)
    if kind == "mean":
        return replace(span, numbers=None)
    if kind == "product":
        unit = span.low is not None and span.low >= 0
        small = span.high is not None and span.high <= 1
        return replace(
            span,
            low=Fraction(0) if unit else None,
            high=Fraction(1) if unit and small else None,
            numbers=None,
            degree=span.degree * min(count, LARGEST_DEGREE),
        )
    return span


def dead_bands(node: Bands, span: Span) -> Iterator[Constant]:
    """The bands that no number of the span falls into."""
    if not span.numeric:
        return
    # From the greatest to the least, each band begins where the edge below it lies.
    bands = [*(edge.band for edge in node.edges), node.rest]
    edges = list(node.edges)
    if not node.from_top:
        bands, edges = bands[::-1], edges[::-1]
    for place, band in enumerate(bands):
        over = edges[place - 1] if place else None
        under = edges[place] if place < len(edges) else None
        # An edge that belongs to its own band does not belong to the one beyond it.
        above = (
            over is not None
            and span.low is not None
            and (span.low, over.inclusive == node.from_top) >= (over.bound, True)
        )
        below = (
            under is not None
            and span.high is not None
            and (span.high, under.inclusive == node.from_top) < (under.bound, True)
        )
        if above or below:
            yield band


def tick_range(ticked: str, span: Span) -> Span:
    """Where the points of several ticks may lie, whose entries lie in the span."""
    zero, low, high = Fraction(0), span.low, span.high
    if ticked == "sum":  # no answer ticks more choices than a table has entries
        low = None if low is None else low * MOST_TICKS
        high = None if high is None else high * MOST_TICKS
    return replace(
        span,
        low=None if low is None else min(zero, low),
        high=None if high is None else max(zero, high),
        numbers=None,
    )
