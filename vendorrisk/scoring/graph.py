"""A rubric as a graph of named measures: its inputs, rows and five kinds of node, as data.

A measure has one value for each row, for each group of rows, or one in all: its grain. Measures
stand in an order in which each follows what it uses; `reading` builds and checks them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Literal

from vendorrisk.conditions import (
    DONT_KNOW,
    STATES,
    Condition,
    State,
    Value,
    names,
    read_day,
    read_number,
)
from vendorrisk.document import Place, did_you_mean
from vendorrisk.scoring.formula import Expression, names_in

Constant = Fraction | str | State
Grain = tuple[str, ...]
"""The columns whose values tell a measure's values apart; empty: one value in all."""

BY_ROW: Grain = ("id",)
"""The grain of a measure with one value for each row."""

Context = Mapping[str, str | State]
"""What the columns hold for one row, or for one group of rows where they agree on it."""

Source = Literal["answers", "facts", "review", "levels"]


@dataclass(frozen=True, slots=True)
class Input:
    """Something a sheet brings: read once, or once for each row (`per_row`).

    `source` is answers, facts, review (a reviewer's marks) or levels (of assurance). `choices`
    are the labels it may take; `number` says that it is a number, from `at_least` to `at_most`
    where given; a number with choices takes those alone unless `any_number`.
    `many`: a set of choices. `ignore_case`: "yes" is read as "Yes". `day`: a date.
    `listed_in`: "listed" or "not_listed", by whether the fact of that name lists the row.
    `of`: the question, where it is not the input's own name or row; `mark`: the same for marks;
    `choice_in`: the column naming the choice whose level is read.
    `declared`: written in the rubric, not taken over from the questionnaire.
    """

    name: str
    source: Source
    per_row: bool = False
    choices: tuple[str, ...] = ()
    number: bool = False
    at_least: Fraction | None = None
    at_most: Fraction | None = None
    any_number: bool = False
    many: bool = False
    day: bool = False
    ignore_case: bool = False
    listed_in: str | None = None
    of: str | None = None
    mark: str | None = None
    choice_in: str | None = None
    default: Constant | None = None
    declared: bool = True

    @property
    def labels(self) -> tuple[str, ...]:
        """The choices that are labels: of a number, only those that are no number themselves."""
        return tuple(
            choice
            for choice in self.choices
            if choice not in STATES and not (self.number and read_number(choice) is not None)
        )

    def read(self, raw: object) -> Value:
        """The value that plain data (from JSON or YAML) gives. Raises ValueError with a sentence.

        None is unanswered. Numbers are read from their decimal text, so 0.1 is exactly 1/10.
        """
        if raw is None:
            return State.UNANSWERED
        if self.many or self.listed_in is not None:
            if isinstance(raw, str) or not isinstance(raw, (list, tuple, set, frozenset)):
                raise ValueError(f"“{self.name}” takes a list.")
            return frozenset(self._label(str(one)) for one in raw)
        if isinstance(raw, bool) or not isinstance(raw, (str, int, float, Fraction, date)):
            raise ValueError(f"“{self.name}” takes a single value.")
        text = raw.isoformat() if isinstance(raw, date) else str(raw)
        if text in STATES and text in self.choices:
            return STATES[text]
        if text in self.labels:
            return text
        if self.number:
            value = raw if isinstance(raw, Fraction) else read_number(text)
            if value is None:
                raise ValueError(f"“{self.name}” takes a number, not “{text[:40]}”.")
            if not self.accepts(value):
                raise ValueError(f"“{self.name}” does not take {text}: {self.takes()}.")
            return value
        if self.day:
            day = read_day(text)
            if day is None:
                raise ValueError(f"“{self.name}” takes a day written YYYY-MM-DD.")
            return day
        return self._label(text)

    def _label(self, text: str) -> str:
        if self.listed_in is not None or not self.choices or text in self.choices:
            return text
        if self.ignore_case:
            for choice in self.choices:
                if choice.casefold() == text.casefold():
                    return choice
        raise ValueError(
            f"“{text[:40]}” is not in the list of “{self.name}”: {self.takes()}."
            + did_you_mean(text, self.choices)
        )

    def accepts(self, value: Value) -> bool:
        """Whether a value is one this input may take (any state may stand in its place)."""
        if isinstance(value, State):
            return True
        if isinstance(value, frozenset):
            return self.many and (not self.choices or value <= set(self.choices))
        if isinstance(value, str):
            return value in self.labels or not (self.choices or self.number or self.day)
        if isinstance(value, date):
            return self.day
        if not self.number:
            return False
        if self.choices and not self.any_number:
            return value in [read_number(choice) for choice in self.choices]
        return not (
            (self.at_least is not None and value < self.at_least)
            or (self.at_most is not None and value > self.at_most)
        )

    def takes(self) -> str:
        """What it may be, as a phrase."""
        if self.choices and not (self.number and self.any_number):
            return "it is one of " + ", ".join(self.choices)
        if self.number and (self.at_least is not None or self.at_most is not None):
            low = "" if self.at_least is None else f" from {self.at_least}"
            high = "" if self.at_most is None else f" to {self.at_most}"
            return f"it is a number{low}{high}"
        return "it is a number" if self.number else "it is a text"


@dataclass(frozen=True, slots=True)
class Span:
    """All the values a name may take, as far as that can be told without a sheet.

    `numeric`: it may be a number, between `low` and `high` (None: no bound known) and, where
    `numbers` is given, one of those. `degree` bounds how powers multiply up; where something was
    `divided`, they multiply up in sums as well, since denominators do.
    """

    labels: frozenset[str] = frozenset()
    any_label: bool = False
    numeric: bool = False
    low: Fraction | None = None
    high: Fraction | None = None
    numbers: frozenset[Fraction] | None = None
    many: bool = False
    days: bool = False
    states: frozenset[State] = frozenset()
    degree: int = 1
    divided: bool = False

    @property
    def has_labels(self) -> bool:
        """Whether it may be a label or a set of labels."""
        return bool(self.labels) or self.any_label or self.many

    def finite(self) -> tuple[str | Fraction, ...] | None:
        """Every value but the states, or None where they cannot be listed."""
        if self.any_label or self.days or (self.numeric and self.numbers is None):
            return None
        return (*sorted(self.labels), *sorted(self.numbers or ()))

    def may_be(self, written: str) -> bool:
        """Whether a value written in a rubric could ever equal one of these."""
        if written in STATES:
            return STATES[written] in self.states
        if self.any_label or written in self.labels:
            return True
        number = read_number(written)
        if self.numeric and number is not None:
            if self.numbers is not None:
                return number in self.numbers
            return (self.low is None or number >= self.low) and (
                self.high is None or number <= self.high
            )
        return self.days and read_day(written) is not None


# -- nodes --------------------------------------------------------------------------------------

Policy = Mapping[State, Constant]
"""What stands in place of a state."""


@dataclass(frozen=True, slots=True)
class Formula:
    """Arithmetic. Any operand without a value gives its state, which `policy` may replace.

    `by_zero` is what a division by zero gives where the rubric says so: else not applicable.
    """

    expression: Expression
    policy: Policy
    by_zero: Constant | None


Table = Mapping[str, "Table | Constant"]


@dataclass(frozen=True, slots=True)
class Map:
    """A lookup in a table of any dimension: `table[value of dims[0]][value of dims[1]]…`.

    A dimension without a value gives its state, which `policy` may replace. `ticked` tells how
    the entries of a many-of answer meet: greatest, least or sum; of no ticks, sum is 0 and the
    others are unanswered.
    """

    dims: tuple[str, ...]
    table: Table
    otherwise: Constant | None
    policy: Policy
    ticked: Literal["greatest", "least", "sum"] | None


@dataclass(frozen=True, slots=True)
class Case:
    """What a measure is where `when` holds (None: in every other case), and why."""

    when: Condition | None
    give: Expression | str | State
    because: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Cases:
    """The first case that holds; the last always does."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A band: the numbers from `bound` on (or below), `inclusive` or not."""

    band: Constant
    bound: Fraction
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Bands:
    """A number as a label. Edges rise or fall all the same way; `rest` is what lies beyond them.

    `from_top`: the edges are lower bounds, greatest first; else upper bounds, least first.
    """

    of: Expression
    edges: tuple[Edge, ...]
    rest: Constant
    from_top: bool
    policy: Policy


FoldKind = Literal[
    "sum", "mean", "product", "least", "greatest", "first", "count", "any", "all", "ladder"
]


@dataclass(frozen=True, slots=True)
class Fold:
    """Many values to one: down the rows or groups, or across the listed members.

    `members` has one entry for a fold down. `policy[state]` is "skip", "stop" or a constant;
    `said` are the states whose policy is written out. `by` keeps groups apart; `over` names a
    column that lists the rows to fold for each row.
    `order` ranks labels from least to greatest; `top` and `bottom` keep that many members.
    """

    kind: FoldKind
    members: tuple[Expression | Condition, ...]
    across: bool
    where: Condition | None
    weight: Expression | None
    by: Grain
    over: str | None
    policy: Mapping[State, Constant]
    said: frozenset[State]
    empty: Constant
    order: tuple[str, ...]
    top: int | None
    bottom: int | None


Node = Formula | Map | Cases | Bands | Fold


@dataclass(frozen=True, slots=True)
class Measure:
    """A named node. `grain` tells where it has values; for a fold, `folds` the grain it folds."""

    name: str
    node: Node
    grain: Grain
    folds: Grain
    span: Span
    says: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a result is shown: way is up, down or nearest; exact values are never rounded."""

    way: str
    step: Fraction


@dataclass(frozen=True, slots=True)
class Named:
    """A result: the value of `measure` at `key`, or a fixed state; `shown` how it is rounded."""

    name: str
    measure: str | None
    key: tuple[str, ...]
    state: State | None
    shown: Rounding | None


@dataclass(frozen=True)
class Rows:
    """The rows of a rubric. `questions` gives the id under which each row is answered.

    `codes`: other names for such ids. `left_out`: ids of rows that `only` leaves out, whose
    answers are taken and change nothing.
    """

    contexts: tuple[Context, ...] = ()
    columns: tuple[str, ...] = ()
    numeric: frozenset[str] = frozenset()
    questions: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    @cached_property
    def by_id(self) -> Mapping[str, Context]:
        """Each row's columns by its id."""
        return {str(row["id"]): row for row in self.contexts}


@dataclass(frozen=True)
class Graph:
    """The measures, each after what it uses, the inputs they read and the results they give."""

    rows: Rows
    inputs: Mapping[str, Input]
    measures: Mapping[str, Measure]
    results: tuple[Named, ...]

    @cached_property
    def _groups(self) -> dict[Grain, Mapping[tuple[str, ...], Context]]:
        return {}

    def contexts(self, grain: Grain) -> Mapping[tuple[str, ...], Context]:
        """The keys of a grain, in the order of the rows, with the columns that each one fixes.

        A row that leaves a column of the grain blank belongs to no group.
        """
        if grain not in self._groups:
            self._groups[grain] = grouped(self.rows, grain)
        return self._groups[grain]


def grouped(rows: Rows, grain: Grain) -> Mapping[tuple[str, ...], Context]:
    """The groups of rows that agree on the columns of `grain`, with all else they agree on."""
    if not grain:
        return {(): {}}
    found: dict[tuple[str, ...], dict[str, str | State]] = {}
    for row in rows.contexts:
        key = tuple(row[column] for column in grain)
        if any(isinstance(part, State) for part in key):
            continue
        text = tuple(str(part) for part in key)
        if text not in found:
            found[text] = dict(row)
        else:
            shared = found[text]
            for column in [c for c, value in shared.items() if row[c] != value]:
                del shared[column]
    return found


def names_of(node: Node) -> Iterator[str]:
    """The names a node reads, in order; a name may come twice."""
    match node:
        case Formula(expression):
            yield from names_in(expression)
        case Map(dims):
            yield from dims
        case Cases(cases):
            for case in cases:
                if case.when is not None:
                    yield from names(case.when)
                if not isinstance(case.give, (str, State)):
                    yield from names_in(case.give)
        case Bands(of):
            yield from names_in(of)
        case Fold():
            for member in node.members:
                yield from member_names(member)
            if node.weight is not None:
                yield from names_in(node.weight)
            if node.where is not None:
                yield from names(node.where)


def member_names(member: Expression | Condition) -> tuple[str, ...]:
    """The names that one member of a fold reads."""
    return names_in(member) if is_expression(member) else names(member)  # type: ignore[arg-type]


def is_expression(member: Expression | Condition) -> bool:
    """Whether a fold's member is a formula, not a condition."""
    return isinstance(member, Expression)


def answers_of(choices: tuple[str, ...], dont_know: bool) -> tuple[str, ...]:
    """The labels an answer may take: its choices and, where allowed, "don't know"."""
    return (*choices, DONT_KNOW) if dont_know else choices
