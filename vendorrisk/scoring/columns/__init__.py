"""Many sheets at once over numpy columns: the same graph, the same bands and labels, fast.

Three parts work together. What few inputs decide stands in tables that the exact engine fills
(`tables`). What rows add up to is a sum of whole numbers, several in the bits of one integer, so
that a row costs one look-up and one addition (`sums`). What follows from these sums is computed in
floating point (`nodes`); a sheet that comes within 1e-9 of any threshold there is computed again by
the exact engine, from the exact sums. What does not fit into this is scored sheet by sheet.

This package alone imports numpy, of all that the core is made of.
"""

from vendorrisk.scoring.columns.many import Columns, score_sheets
from vendorrisk.scoring.columns.sheets import Column, Results, Sheets
from vendorrisk.scoring.columns.tables import Layout, Source, Unfit
from vendorrisk.scoring.columns.weighing import drawn_factors, weigh

__all__ = [
    "Column",
    "Columns",
    "Layout",
    "Results",
    "Sheets",
    "Source",
    "Unfit",
    "drawn_factors",
    "score_sheets",
    "weigh",
]
