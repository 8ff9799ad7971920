"""Reads retention.yaml: which class of data is kept for how long, from when, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from vendorrisk.content.reading import display_name, read_yaml
from vendorrisk.document import Fields, Report

SHIPPED = Path(__file__).parent.parent / "retention.yaml"

CLASSES = (
    "unfinished",
    "evidence",
    "answers",
    "respondents",
    "staff",
    "invitations",
    "sessions",
    "throttles",
    "results",
    "tenders",
    "trail",
    "demo",
    "backups",
)
"""Every class of data; each must have a period."""

_DAYS = {"day": 1, "month": 30, "year": 365}
_LONGEST = timedelta(days=100 * 365)
_DEMO = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class DataClass:
    """One class of data. `says` is the period in words; `starts` what starts the clock."""

    id: str
    title: str
    period: timedelta
    says: str
    starts: str
    remains: str
    why: str


def load_retention(path: Path = SHIPPED) -> Mapping[str, DataClass]:
    """Every class of data by id. Raises `InvalidContent` with every problem of the file."""
    report = Report(display_name(path))
    record = read_yaml(path, report)
    found: dict[str, DataClass] = {}
    if record is not None:
        fields = Fields(record, report, "the retention schedule")
        fields.text("retention")
        fields.whole("version")
        for key, value in fields.entries("classes", required=True):
            one = Fields(value, report, f"class `{key}`", at=key)
            period = one.text("period")
            if str(key) not in CLASSES:
                report.error("unknown-name", key, f"`{key}` is no class of data that is kept here.")
            found[str(key)] = DataClass(
                str(key),
                str(one.text("title")),
                _period(str(period), period, report),
                str(period),
                str(one.text("starts")),
                str(one.text("remains")),
                str(one.text("why")),
            )
            one.done()
        fields.done()
        for name in CLASSES:
            if name not in found:
                report.error("missing-field", record, f"The class `{name}` has no period.")
        _require_order(found, report, record)
    report.raise_errors()
    return found


def _require_order(found: Mapping[str, DataClass], report: Report, at: object) -> None:
    for first, then in (
        ("evidence", "answers"),
        ("respondents", "results"),
        ("answers", "results"),
        ("answers", "tenders"),
    ):
        if first in found and then in found and found[first].period > found[then].period:
            report.error(
                "bad-value",
                at,
                f"`{first}` cannot be kept for longer than `{then}`, which names it.",
            )
    if "demo" in found and found["demo"].period > _DEMO:
        report.error("bad-value", at, "A demo stays for 90 days at most.")


def _period(text: str, at: object, report: Report) -> timedelta:
    match = re.fullmatch(r"(\d{1,5}) (day|month|year)s?", text)
    period = timedelta(days=int(match[1]) * _DAYS[match[2]]) if match else timedelta()
    if not timedelta() < period <= _LONGEST:
        report.error("bad-value", at, "A period is a number of days, months or years: `90 days`.")
    return period
