"""Three sections of the core questionnaire, and the demo's vendors as they answer those.

Tests of pages need real questions, rules and vendors, and few enough of them to be quick. What all
of core makes of the vendors, tests/content shows.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vendorrisk.conditions import names, parse
from vendorrisk.content import Library, read_yaml
from vendorrisk.demo.portfolio import DemoVendor
from vendorrisk.demo.portfolio import vendors as portfolio
from vendorrisk.document import Report, plain

SHIPPED = Path(__file__).parents[1] / "questionnaires"
SECTIONS = ("retention", "credentials", "test_data")


def _made(folder: Path) -> Path:
    root = folder / "questionnaires"
    shutil.copytree(SHIPPED, root, ignore=shutil.ignore_patterns("methods"))
    core = root / "core" / "v1"
    asked = _read(core / "questionnaire.yaml")
    sections = {section["section"]: section for section in asked["sections"]}
    asked["sections"] = [sections[name] for name in SECTIONS]
    known = {question["id"] for each in asked["sections"] for question in each["questions"]}
    known |= set(asked["facts"])
    rubric = _read(core / "rubric.yaml")
    rubric["domains"] = {name: rubric["domains"][name] for name in SECTIONS}
    rubric["criteria"] = [each for each in rubric["criteria"] if each["question"] in known]
    rubric["rules"] = [each for each in rubric["rules"] if _looks_at(each) <= known]
    # JSON is YAML too, so nothing has to write YAML.
    (core / "questionnaire.yaml").write_text(json.dumps(asked, indent=1))
    (core / "rubric.yaml").write_text(json.dumps(rubric, indent=1))
    (core / "cases.yaml").write_text("cases: []\n")
    return root


def _read(path: Path) -> dict[str, Any]:
    report = Report(path.name)
    record = read_yaml(path, report)
    report.raise_errors()
    return dict(plain(record))


def _looks_at(rule: Mapping[str, Any]) -> set[str]:
    condition = parse(rule["when"], Report("rule"))
    assert condition is not None
    return set(names(condition))


_FOLDER = TemporaryDirectory(prefix="questionnaires-")
QUESTIONNAIRES = _made(Path(_FOLDER.name))
LIBRARY = Library(QUESTIONNAIRES)
"""Read once, because reading it takes longer than most tests."""


def vendors() -> tuple[DemoVendor, ...]:
    """The vendors of the demo, each with what it says on the three sections alone."""
    questionnaire = LIBRARY.pack("core").questionnaire
    assert questionnaire is not None
    asked = [question.id for question in questionnaire.questions]
    return tuple(_on(asked, told) for told in portfolio())


def _on(asked: Sequence[str], told: DemoVendor) -> DemoVendor:
    core = {
        part: {name: told.core[part][name] for name in asked if name in told.core[part]}
        for part in ("answers", "review")
    }
    speaks_for = {
        name: [question for question in item["for"] if question in asked]
        for name, item in told.core["evidence"].items()
    }
    evidence = {
        name: dict(item) | {"for": speaks_for[name]}
        for name, item in told.core["evidence"].items()
        if speaks_for[name]
    }
    documents = {name: text for name, text in told.documents.items() if name in evidence}
    return replace(told, core=core | {"evidence": evidence}, documents=documents)
