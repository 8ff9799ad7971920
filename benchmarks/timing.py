"""Times of many repetitions, and how they are told: median, 95th percentile, and the ratio."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median, quantiles


@dataclass(frozen=True)
class Times:
    """What one thing took, in milliseconds."""

    name: str
    milliseconds: Sequence[float]

    @property
    def p50(self) -> float:
        """The median."""
        return median(self.milliseconds)

    @property
    def p95(self) -> float:
        """The 95th percentile."""
        return quantiles(self.milliseconds, n=20)[-1]

    def __str__(self) -> str:
        return (
            f"{self.name}: p50 {self.p50:.1f} ms, p95 {self.p95:.1f} ms"
            f" ({len(self.milliseconds)} times)"
        )

    def beside(self, other: Times) -> str:
        """How many times as long as something else, at the median and at the 95th percentile."""
        return (
            f"{self.name} takes {self.p50 / other.p50:.1f} times as long as {other.name},"
            f" and {self.p95 / other.p95:.1f} times at p95"
        )


def machine() -> str:
    """What it runs on, and how busy that is just now: a busy machine measures itself."""
    busy = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python"
        f" {platform.python_version()}, SQLite {sqlite3.sqlite_version}, Streamlit"
        f" {version('streamlit')}; load {busy:.1f} at the start"
    )
