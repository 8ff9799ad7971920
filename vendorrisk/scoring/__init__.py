"""Scoring: a rubric as a graph of named measures, one sheet exactly, and why."""

from vendorrisk.scoring.everyday import (
    Assurance,
    Criterion,
    Domain,
    Everyday,
    Limits,
    Rule,
    Rung,
)
from vendorrisk.scoring.exact import Sheet, SheetError
from vendorrisk.scoring.graph import Graph, Input
from vendorrisk.scoring.reading import Tables
from vendorrisk.scoring.rubric import (
    ENGINE,
    Rubric,
    completion,
    explain_rubric,
    read_rubric,
    score,
)
from vendorrisk.scoring.scorecard import (
    DomainLine,
    FiredRule,
    Lifted,
    Line,
    Result,
    Scorecard,
    Step,
    Used,
)

__all__ = [
    "ENGINE",
    "Assurance",
    "Criterion",
    "Domain",
    "DomainLine",
    "Everyday",
    "FiredRule",
    "Graph",
    "Input",
    "Lifted",
    "Limits",
    "Line",
    "Result",
    "Rubric",
    "Rule",
    "Rung",
    "Scorecard",
    "Sheet",
    "SheetError",
    "Step",
    "Tables",
    "Used",
    "completion",
    "explain_rubric",
    "read_rubric",
    "score",
]
