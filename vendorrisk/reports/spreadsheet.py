"""Tables for spreadsheet programs, in which nothing that somebody typed becomes a formula."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

Cell = str | int | float | None

_STARTS_A_FORMULA = frozenset("=+-@|%")
_STARTS_ONE_AFTER_A_SEMICOLON = re.compile(r"(;[\s\"']*)(?=[=+\-@|%])")


def csv_table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A table as CSV in UTF-8 with a byte order mark, by which Excel knows the encoding."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def safe_cell(cell: Cell) -> Cell:
    """A cell that a spreadsheet program takes as text; numbers stay numbers.

    Programs take a cell for a formula by its first character, and some pass over blanks, line
    breaks and tabs, or fold full-width signs first. Such text gets an apostrophe before it, and
    what could begin another row or cell becomes a blank. Where a semicolon parts cells, as in much
    of Europe, programs split such a text there, quoted or not, so the same holds after one.
    """
    if not isinstance(cell, str):
        return cell
    one_line = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in cell)
    # Formats are invisible, and programs differ in whether they see through them.
    seen = "".join(c for c in one_line if unicodedata.category(c) != "Cf")
    first = unicodedata.normalize("NFKC", seen).lstrip()[:1]
    parted = _STARTS_ONE_AFTER_A_SEMICOLON.sub(r"\1'", one_line)
    return f"'{parted}" if first in _STARTS_A_FORMULA and first else parted
