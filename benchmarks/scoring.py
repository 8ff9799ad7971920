"""Scoring one assessment with its full explanation: 36 criteria, and a generated 261."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.content import copies, for_copies, library_with_large
from benchmarks.timing import Times
from vendorrisk.assurance import read_submission, score_submission
from vendorrisk.content import Library
from vendorrisk.demo.portfolio import vendors
from vendorrisk.document import Report

REPETITIONS = 60
WARM_UP = 3
VENDOR = "caddis-payroll"  # every answer given, and much evidence


def run() -> Iterator[str]:
    """Lines with what was measured."""
    with tempfile.TemporaryDirectory() as scratch:
        library = Library(library_with_large(Path(scratch)))
        told = next(vendor for vendor in vendors() if vendor.id == VENDOR)
        core = library.pack("core")
        if core.questionnaire is None:
            raise SystemExit("The pack `core` has no questionnaire to answer.")
        small = told.submission(core.questionnaire, told.gives.tier)
        yield str(_timed(library, "core", small))
        yield str(_timed(library, "large", _enlarged(small)))


def _enlarged(small: dict[str, Any]) -> dict[str, Any]:
    evidence = {
        name: item | {"for": for_copies(item["for"])} for name, item in small["evidence"].items()
    }
    return small | {
        "answers": copies(small["answers"]),
        "evidence": evidence,
        "review": copies(small["review"]),
    }


def _timed(library: Library, name: str, data: dict[str, Any]) -> Times:
    pack = library.pack(name)
    if pack.questionnaire is None or pack.rubric.everyday is None:
        raise SystemExit(f"The pack `{name}` must ask something and grade it by criteria.")
    questions = {question.id for question in pack.questionnaire.questions}
    data["answers"] = {key: reply for key, reply in data["answers"].items() if key in questions}
    for item in data["evidence"].values():
        item["for"] = [question for question in item["for"] if question in questions]
    report = Report(name)
    submission = read_submission(data, pack.questionnaire, pack.rubric, report)
    report.raise_errors()
    if submission is None:
        raise SystemExit(f"The answers of {VENDOR} cannot be read.")
    times = []
    gc.collect()
    gc.freeze()
    for number in range(REPETITIONS + WARM_UP):
        begun = perf_counter()
        score_submission(pack.questionnaire, pack.rubric, submission).to_json()
        if number >= WARM_UP:
            times.append((perf_counter() - begun) * 1000)
    gc.unfreeze()
    criteria = len(pack.rubric.everyday.criteria)
    return Times(f"scoring and explaining {criteria} criteria", times)
