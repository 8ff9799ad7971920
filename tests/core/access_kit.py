"""The small questionnaire on access, with good answers to it: what tests of submissions share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vendorrisk.assurance import Submission, read_submission
from vendorrisk.content import Library
from vendorrisk.document import Report
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring import Rubric

LIBRARY = Library(Path(__file__).parents[1] / "content" / "valid")
PACK = LIBRARY.pack("access")
ASKED, RUBRIC = PACK.questionnaire, PACK.rubric
METHOD = LIBRARY.pack("ladder-rating").rubric
FACTS = {"tier": 1, "data_classes": ["contact"]}
GOOD = {
    "second_factor": "everyone",
    "exceptions": 0,
    "factor_kind": "hardware",
    "secret_stores": ["vault"],
}


def submit(
    answers: Any = None,
    *,
    facts: Any = FACTS,
    evidence: Any = None,
    review: Any = None,
    as_of: Any = "2026-11-01",
    **more: Any,
) -> dict[str, Any]:
    """A whole submission as plain data, good where nothing else is said."""
    data = {
        "answers": GOOD if answers is None else answers,
        "facts": facts,
        "evidence": evidence or {},
        "review": review or {},
        "as_of": as_of,
    }
    return data | more


def read(
    data: Any, rubric: Rubric = RUBRIC, asked: Questionnaire | None = ASKED
) -> tuple[Submission | None, Report]:
    """What is read of it, and what was found on reading."""
    report = Report("a.json")
    found = read_submission(data, asked, rubric, report)
    assert (found is None) == bool(report.errors)
    return found, report


def good(data: Any = None, asked: Questionnaire | None = ASKED, **more: Any) -> Submission:
    """A submission that must be without errors: plain data, or what differs from a good one."""
    found, report = read(submit(**more) if data is None else data, asked=asked)
    assert found, "\n".join(map(str, report.problems))
    return found
