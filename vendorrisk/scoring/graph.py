"""A rubric as a graph of named measures: its inputs, rows and five kinds of node, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from vendorrisk.conditions import Value


@dataclass(frozen=True, slots=True)
class Input:
    """Something a sheet brings: read once, or once for each row (`per_row`).

    `source` is answers, facts or review (a reviewer's marks). `choices` are the labels it may
    take (empty: none declared); `number` says that it is a number, from `at_least` to `at_most`
    where given; a number with choices takes those alone unless `any_number`.
    `many`: a set of choices. `ignore_case`: "yes" is read as "Yes". `day`: a date.
    `listed_in`: reads "listed" or "not_listed", by whether the fact of that name lists the row.
    """

    name: str
    source: Literal["answers", "facts", "review"]
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
    default: Value | None = None

    def read(self, raw: object) -> Value:
        """The value that plain data (from JSON or YAML) gives. Raises ValueError with a sentence.

        None is unanswered. Numbers are read from their decimal text, so 0.1 is exactly 1/10.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Graph:
    """The measures in an order in which each follows what it uses."""

    inputs: Mapping[str, Input]
