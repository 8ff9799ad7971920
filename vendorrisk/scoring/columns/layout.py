"""Decision trees as tables laid out by axes, and where each sheet stands in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from vendorrisk.scoring.columns.sheets import Codes, code_type
from vendorrisk.scoring.columns.tables import Ask, Axis, End, Tree, Unfit
from vendorrisk.scoring.columns.values import Block

MOST_ENTRIES = 4_096
"""Entries of a table that serves one look-up; one that grows larger is divided."""

_MOST_DIVIDED = 1 << 16
"""Entries of a table that cannot be divided further."""


@dataclass(frozen=True, slots=True)
class Part:
    """A table laid out by axes, of indices into a list of values; several parts add up."""

    axes: tuple[Axis, ...]
    at: NDArray[np.int64]


def _axes_of(tree: Tree) -> dict[Axis, None]:
    found: dict[Axis, None] = {}
    if isinstance(tree, Ask):
        found[tree.axis] = None
        for inner in tree.then:
            found |= _axes_of(inner)
    return found


def laid_out(tree: Tree, numbers: Mapping[int, int], nothing: int) -> list[Part]:
    """A tree as tables of `numbers[id of leaf]`; `nothing` where another part tells."""
    axes = tuple(_axes_of(tree))
    sizes = _sizes(tree)
    if not isinstance(tree, Ask) or prod(sizes[axis] for axis in axes) <= MOST_ENTRIES:
        return [Part(axes, _filled(tree, axes, sizes, numbers))]
    alike: dict[tuple[Axis, ...], list[int]] = {}
    for code, inner in enumerate(tree.then):
        alike.setdefault((tree.axis, *_axes_of(inner)), []).append(code)
    parts = []
    for own, codes in alike.items():
        if prod(sizes[axis] for axis in own) > _MOST_DIVIDED:
            raise Unfit("too many combinations of inputs decide one value")
        at = np.full([sizes[axis] for axis in own], nothing, np.int64)
        for code in codes:
            at[code] = _filled(tree.then[code], own[1:], sizes, numbers)
        parts.append(Part(own, at))
    return parts


def _sizes(tree: Tree) -> dict[Axis, int]:
    found: dict[Axis, int] = {}
    if isinstance(tree, Ask):
        found[tree.axis] = len(tree.then)
        for inner in tree.then:
            found |= _sizes(inner)
    return found


def _filled(
    tree: Tree, axes: tuple[Axis, ...], sizes: Mapping[Axis, int], numbers: Mapping[int, int]
) -> NDArray[np.int64]:
    at = np.zeros([sizes[axis] for axis in axes], np.int64)
    place = {axis: number for number, axis in enumerate(axes)}
    where: list[int | slice] = [slice(None)] * len(axes)

    def fill(tree: Tree) -> None:
        if isinstance(tree, End):
            at[tuple(where)] = numbers[id(tree)]
            return
        number = place[tree.axis]
        for code, inner in enumerate(tree.then):
            where[number] = code
            fill(inner)
        where[number] = slice(None)

    fill(tree)
    return at


def ends(tree: Tree) -> Iterator[End]:
    """Every end of a tree."""
    if isinstance(tree, Ask):
        for inner in tree.then:
            yield from ends(inner)
    else:
        yield tree


def without_idle(
    axes: tuple[Axis, ...], table: NDArray[np.int64]
) -> tuple[tuple[Axis, ...], NDArray[np.int64]]:
    """A table without the axes along which nothing changes."""
    for place in reversed(range(table.ndim)):
        first = table.take([0], axis=place)
        if (table == first).all():
            table = first.squeeze(place)
            axes = axes[:place] + axes[place + 1 :]
    return axes, table


def place_of(block: Block, axes: Sequence[Axis], sizes: Sequence[int]) -> Codes:
    """Where each sheet stands in a table laid out by these axes."""
    if not axes:
        return np.zeros((), np.uint8)
    first = block.axis(axes[0])
    if len(axes) == 1:
        return first
    found = first.astype(code_type(prod(sizes)))
    for axis, size in zip(axes[1:], sizes[1:], strict=True):
        found *= found.dtype.type(size)
        np.add(found, block.axis(axis), out=found, casting="unsafe")
    return found
