"""A large questionnaire made of copies of the core one, so that its cards are as rich as real ones.

The folder that is made has everything that the shipped one has, and beside it `large`: 261
questions in 16 sections, with a rubric of a criterion each.
"""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

from vendorrisk.content import read_yaml
from vendorrisk.document import Report, plain

SHIPPED = Path(__file__).parents[1] / "questionnaires"
QUESTIONS, SECTIONS = 261, 16
_COPIES = range(1, 4)


def library_with_large(folder: Path) -> Path:
    """Copy the shipped questionnaires to `folder` and add `large`; gives the copy's path."""
    root = Path(shutil.copytree(SHIPPED, folder / "questionnaires"))
    core = root / "core" / "v1"
    large = root / "large" / "v1"
    large.mkdir(parents=True)
    # JSON is YAML too, so nothing has to write YAML.
    for name, enlarge in (("questionnaire.yaml", _questionnaire), ("rubric.yaml", _rubric)):
        report = Report(name)
        record = read_yaml(core / name, report)
        report.raise_errors()
        (large / name).write_text(json.dumps(enlarge(plain(record)), indent=1))
    (large / "cases.yaml").write_text("cases: []\n")
    return root


def _questionnaire(core: dict[str, Any]) -> dict[str, Any]:
    asked = [question for section in core["sections"] for question in section["questions"]]
    ids = {question["id"] for question in asked}
    many = [
        _renamed(question, ids, at)
        | {"id": f"{question['id']}_{at}", "code": f"{question['code']}{at}"}
        for at in _COPIES
        for question in asked
    ][:QUESTIONS]
    bounds = [round(QUESTIONS * at / SECTIONS) for at in range(SECTIONS + 1)]
    intros = [section["intro"] for section in core["sections"]]
    sections = [
        {
            "section": f"part_{at}",
            "title": f"Part {at}",
            "intro": intros[at % len(intros)],
            "questions": many[begin:end],
        }
        for at, (begin, end) in enumerate(pairwise(bounds), 1)
    ]
    changed = {"questionnaire": "large", "title": "Large questionnaire", "sections": sections}
    return core | changed


def _rubric(core: dict[str, Any]) -> dict[str, Any]:
    ids = {criterion["question"] for criterion in core["criteria"]}
    criteria = [
        criterion
        | {
            "criterion": f"{criterion['criterion']}-{at}",
            "question": f"{criterion['question']}_{at}",
        }
        for at in _COPIES
        for criterion in core["criteria"]
    ][:QUESTIONS]
    return core | {
        "rubric": "large",
        "questionnaire": "large",
        "title": "Large rubric",
        "criteria": criteria,
        "rules": [_renamed(rule, ids, 1) for rule in core["rules"]],
    }


def _renamed(thing: dict[str, Any], ids: set[str], at: int) -> dict[str, Any]:
    """A question or rule whose conditions look at copy `at` of every question."""
    looks = {
        key: _copy(value, ids, at)
        for key, value in thing.items()
        if key in ("show_when", "when", "clarify")
    }
    return thing | looks


def _copy(value: Any, ids: set[str], at: int) -> Any:
    if isinstance(value, dict):
        return {
            f"{key}_{at}" if key in ids else key: _copy(inner, ids, at)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [
            f"{inner}_{at}" if isinstance(inner, str) and inner in ids else _copy(inner, ids, at)
            for inner in value
        ]
    return value
