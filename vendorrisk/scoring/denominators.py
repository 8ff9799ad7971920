"""Common denominators: of which fraction every number of a measure is a whole multiple.

Sums of such numbers are sums of whole numbers, which are exact and far faster than fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import lcm

from vendorrisk.conditions import read_number
from vendorrisk.scoring.formula import Apply, Expression, Name, Number
from vendorrisk.scoring.graph import (
    Bands,
    Cases,
    Constant,
    Fold,
    Formula,
    Graph,
    Input,
    Map,
    Node,
    Table,
    is_expression,
)

_LARGEST = 10**12
"""Beyond this, whole numbers would be no gain."""


def common_denominators(graph: Graph) -> dict[str, int]:
    """Measure, input or column → q, where all of its numbers are whole multiples of 1/q.

    Absent where that is not known, as of what is divided.
    """
    known: dict[str, int | None] = {}
    for name, asked in graph.inputs.items():
        known[name] = _of_input(asked)
    for column in graph.rows.columns:
        cells = (read_number(str(row[column])) for row in graph.rows.contexts)
        known[column] = lcm(*(cell.denominator for cell in cells if cell is not None))
    # Rows may read other rows of the same measure, so each starts at 1 and grows until it holds.
    known |= dict.fromkeys(graph.measures, 1)
    growing = True
    while growing:
        growing = False
        for name, measure in graph.measures.items():
            before, found = known[name], _of_node(measure.node, known)
            if found is not None and found > _LARGEST:
                found = None
            if before is not None and found != before:
                known[name] = found
                growing = True
    return {name: found for name, found in known.items() if found is not None}


def _of_input(asked: Input) -> int | None:
    if not asked.number:
        return 1
    if not asked.choices or asked.any_number:
        return None
    numbers = [read_number(choice) for choice in asked.choices]
    default = [asked.default] if isinstance(asked.default, Fraction) else []
    return lcm(*(number.denominator for number in [*numbers, *default] if number is not None))


def _of_node(node: Node, known: Mapping[str, int | None]) -> int | None:
    match node:
        case Formula():
            constants = [*node.policy.values(), *([] if node.by_zero is None else [node.by_zero])]
            return _together([denominator_of(node.expression, known), _of_constants(constants)])
        case Map():
            constants = [*_entries(node.table), *node.policy.values()]
            if node.otherwise is not None:
                constants.append(node.otherwise)
            return _of_constants(constants)
        case Cases():
            return _together(
                denominator_of(case.give, known) if isinstance(case.give, Expression) else 1
                for case in node.cases
            )
        case Bands():
            bands = [node.rest, *(edge.band for edge in node.edges), *node.policy.values()]
            return _of_constants(bands)
        case Fold():
            return _of_fold(node, known)


def _of_fold(node: Fold, known: Mapping[str, int | None]) -> int | None:
    if node.kind in ("count", "any", "all", "ladder"):
        return 1
    if node.kind in ("mean", "product"):
        return None
    members = _together(
        denominator_of(part, known)  # type: ignore[arg-type]
        for part in node.members
        if is_expression(part)
    )
    constants = _of_constants([node.empty, *node.policy.values()])
    found = _together([members, constants])
    weight = 1 if node.weight is None else denominator_of(node.weight, known)
    return None if found is None or weight is None else found * weight


def denominator_of(expression: Expression, known: Mapping[str, int | None]) -> int | None:
    """The common denominator of a formula, from those of the names it reads; None if not known."""
    if isinstance(expression, Name):
        return known.get(expression.name)
    if isinstance(expression, Number):
        return expression.value.denominator
    operation, parts = expression.operation, expression.parts
    if operation in ("up", "down", "nearest"):
        return denominator_of(parts[1], known)
    if operation == "/":
        return None
    if operation == "**":
        base = denominator_of(parts[0], known)
        return None if base is None else base ** _power(expression)
    found = [denominator_of(part, known) for part in parts]
    if operation == "*":
        left, right = found
        return None if left is None or right is None else left * right
    return _together(found)


def _power(expression: Apply) -> int:
    power = expression.parts[1]
    return int(power.value) if isinstance(power, Number) else 1


def _together(found: Iterable[int | None]) -> int | None:
    parts = list(found)
    return None if None in parts else lcm(*(part for part in parts if part is not None))


def _of_constants(constants: Iterable[Constant]) -> int:
    return lcm(*(value.denominator for value in constants if isinstance(value, Fraction)))


def _entries(table: Table) -> Iterator[Constant]:
    for entry in table.values():
        if isinstance(entry, Mapping):
            yield from _entries(entry)
        else:
            yield entry
