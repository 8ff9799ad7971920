"""Checks files and folders of content as a whole, and reports every problem of every file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from vendorrisk.conditions import names
from vendorrisk.content.appetites import read_appetite
from vendorrisk.content.cases import coverage_problems, read_cases, run_case
from vendorrisk.content.catalogues import FOLDER, check_mappings, read_catalogue
from vendorrisk.content.lock import check_lock, check_pinned
from vendorrisk.content.packs import (
    PACK_FILES,
    Library,
    Pack,
    is_pack,
    library_root,
    load_questionnaire,
    pack_folders,
)
from vendorrisk.content.proving import proof_problems
from vendorrisk.content.questionnaires import read_evidence_kinds
from vendorrisk.content.reading import display_name, read_yaml
from vendorrisk.content.sets import (
    ACROSS,
    CASES,
    TRIGGERS,
    check_sets,
    read_across,
    read_triggers,
)
from vendorrisk.content.style import check_style
from vendorrisk.document import InvalidContent, Place, Problem, Report


def check(path: Path, default: Library) -> list[Problem]:
    """Every problem, warnings included, of a pack, an id's folder, a library or one file.

    `default` is the library whose catalogues count where `path` lies in none.
    """
    library = library_at(path, default)
    if path.is_dir():
        folders = pack_folders(path)
        whole = path.resolve() == library.root
        if not folders and not whole:
            return [Problem("no-file", "There is no pack in this folder.", _at(path))]
        problems = [problem for folder in folders for problem in _check_pack(folder, library)]
        # Once each: a pack and the whole library are both held to the lock.
        return list(dict.fromkeys([*problems, *(_check_library(library) if whole else [])]))
    of_pack = path.suffix == ".csv" or path.name in PACK_FILES
    if of_pack and is_pack(path.parent):
        return _check_pack(path.parent, library)
    return _check_file(path, library)


def library_at(path: Path, default: Library) -> Library:
    """The library that a path belongs to; `default` where it lies in none."""
    root = library_root(path)
    return default if root is None or root == default.root else Library(root)


def _at(path: Path) -> Place:
    return Place(display_name(path), 1)


def _check_pack(folder: Path, library: Library) -> list[Problem]:
    mapped = _mapped(folder / PACK_FILES[0], library)
    try:
        pack = library.load(folder)
    except InvalidContent as error:
        return [*error.problems, *mapped]
    report = Report(display_name(folder / "cases.yaml"))
    cases = read_cases(pack, report)
    outcomes = tuple(run_case(pack, case) for case in cases)
    return [
        *pack.warnings,
        *mapped,
        *report.errors,
        *report.warnings,
        *(_unscored(pack)),
        *(_style(pack)),
        *check_pinned(pack, library),
        *proof_problems(pack),
        *(coverage_problems(pack, outcomes) if not report.errors else ()),
    ]


def _mapped(path: Path, library: Library) -> list[Problem]:
    """Where a questionnaire's file maps a question to a control that there is not."""
    name = display_name(path)
    record = read_yaml(path, Report(name)) if path.is_file() else None  # its reader tells the rest
    report = Report(name)
    if record is not None:
        try:
            check_mappings(record, library.catalogues, report)
        except InvalidContent as error:
            return list(error.problems)
    return report.errors


def _unscored(pack: Pack) -> Iterable[Problem]:
    """Questions with choices that an everyday rubric neither grades nor uses in a rule."""
    everyday = pack.rubric.everyday
    if everyday is None or pack.questionnaire is None:
        return
    graded = {criterion.question for criterion in everyday.criteria.values()}
    used = {name for rule in everyday.rules.values() for name in names(rule.when)}
    for question in pack.questionnaire.questions:
        if question.choices and question.id not in graded | used:
            yield Problem(
                "not-graded",
                f"No criterion grades `{question.id}`, and no rule uses it: its answer changes "
                "nothing.",
                _at(pack.folder / "rubric.yaml"),
                "warning",
            )


def _style(pack: Pack) -> Iterable[Problem]:
    """Warnings about how a sound pack asks, each with its line."""
    if pack.questionnaire is None:
        return []
    report = Report(display_name(pack.folder / "questionnaire.yaml"))
    asked, graded = (read_yaml(pack.folder / name, report) for name in PACK_FILES[:2])
    if asked is not None:
        check_style(pack.questionnaire, pack.rubric.everyday, asked, graded, report)
    return report.warnings


def _check_library(library: Library) -> list[Problem]:
    """The catalogues, the appetite, what sets trigger and contradict, and the lock."""
    problems = []
    for path in (*sorted((library.root / FOLDER).glob("*.yaml")), library.root / "appetite.yaml"):
        if path.is_file():
            problems += _check_file(path, library)
    for name in (TRIGGERS, ACROSS):
        if (library.root / name).is_file():
            problems += check_sets(library, name)
    with contextlib.suppress(InvalidContent):  # a pack's own problems are reported with the pack
        problems += check_lock(library)
    return problems


def _check_file(path: Path, library: Library) -> list[Problem]:
    """One file, by what it holds."""
    report = Report(display_name(path))
    record = read_yaml(path, report)
    if record is None:
        return report.errors
    problems: list[Problem] = []
    for name, cases in CASES.items():
        if path.name in (name, cases) and path.resolve().parent == library.root:
            return check_sets(library, name)
    if "questionnaire" in record and "rubric" not in record:
        questionnaire = load_questionnaire(path, library.kinds, problems)
        if questionnaire is not None:
            check_style(questionnaire, None, record, None, report)
            problems += report.warnings
        problems += _mapped(path, library)
    elif "rubric" in record:
        try:
            problems += library.open(path).warnings
        except InvalidContent as error:
            problems += error.problems
    elif "catalogue" in record:
        read_catalogue(record, report, path.stem)
        problems = report.errors
    elif "kinds" in record:
        read_evidence_kinds(record, report)
        problems = [*report.errors, *report.warnings]
    elif "appetite" in record:
        read_appetite(record, report)
        problems = [*report.errors, *report.warnings]
    elif "triggers" in record or "across" in record:
        (read_triggers if "triggers" in record else read_across)(record, library, report)
        problems = [*report.errors, *report.warnings]
    else:
        report.error(
            "unknown-file",
            Place(report.file, 1),
            "The file is neither a questionnaire, a rubric, a catalogue, an appetite nor about "
            "several sets: none of the keys `questionnaire`, `rubric`, `kinds`, `catalogue`, "
            "`appetite`, `triggers` and `across` stands at its top.",
        )
        problems = report.errors
    return problems
