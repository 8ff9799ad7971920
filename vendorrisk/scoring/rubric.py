"""A rubric ready to score: read from a record, expanded, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vendorrisk.conditions import Value
from vendorrisk.document import Record, Report
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring.derivation import Scorecard
from vendorrisk.scoring.everyday import Everyday
from vendorrisk.scoring.exact import Sheet
from vendorrisk.scoring.graph import Graph, Input

ENGINE = "1"
"""The version of the arithmetic: it changes when the same input may give another result."""

Tables = Callable[[str], Sequence[Record] | None]
"""Gives the rows of a table beside the rubric by its file name, each a record of column → Text
in file order (all with the same columns); None, with the problem reported, if there is none."""


@dataclass(frozen=True)
class Rubric:
    """A checked rubric. `digest` covers its content and the tables it uses, not its layout.

    `results` are the names a scorecard will have, in order. `everyday` is None for a rubric
    written as plain measures. `inputs` are what it reads beside the questionnaire's questions.
    `questionnaire` is (id, version), or None for a method that has none.
    """

    id: str
    version: int
    title: str
    questionnaire: tuple[str, int] | None
    digest: str
    results: tuple[str, ...]
    inputs: Mapping[str, Input]
    graph: Graph
    everyday: Everyday | None


def read_rubric(
    record: Record, *, tables: Tables, questionnaire: Questionnaire | None, report: Report
) -> Rubric | None:
    """Read and check a rubric; None when `report` then holds an error.

    `questionnaire` is the one the rubric grades, or None for a method without one.
    """
    raise NotImplementedError


def score(rubric: Rubric, sheet: Sheet) -> Scorecard:
    """Score one sheet exactly. `low` and `high` are left to `Scorecard.with_range`."""
    raise NotImplementedError


def completion(rubric: Rubric, sheet: Sheet, question: str, *, worst: bool) -> Value:
    """The worst (or best) answer to one question of an everyday rubric, rules included.

    Used for `low` and `high`: go through the questionnaire once from top to bottom; give every
    visible unanswered question its completion; what becomes visible by it follows in the same pass.
    """
    raise NotImplementedError


def explain_rubric(rubric: Rubric) -> str:
    """The rubric as the plain measures it stands for, in the rubric language."""
    raise NotImplementedError
