"""What the tests of the methods share: a method by its id, and what it makes of answers."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from vendorrisk.assurance import read_submission, score_submission
from vendorrisk.cli import main
from vendorrisk.content import Library, Pack
from vendorrisk.document import Report
from vendorrisk.scoring import Scorecard

REPOSITORY = Path(__file__).parents[2]
ROOT = REPOSITORY / "questionnaires"
METHODS = ROOT / "methods"
DATA = Path(__file__).parent / "data"
FIXTURES = REPOSITORY.parent / "shared" / "fixtures"
"""Facts from outside the repository: compared with where they are, never needed."""

LIBRARY = Library(ROOT)


@cache
def method(name: str) -> Pack:
    return LIBRARY.pack(name)


def beside(name: str, file: str) -> list[dict[str, str]]:
    """The rows of a table beside a method's rubric."""
    with (method(name).folder / file).open(newline="", encoding="utf-8") as lines:
        return [*csv.DictReader(lines)]


def card(pack: Pack, **parts: object) -> Scorecard:
    """The scorecard of answers, facts and review, as they would come from a file."""
    report = Report("answers")
    submission = read_submission(parts, pack.questionnaire, pack.rubric, report)
    assert submission is not None, [*map(str, report.errors)]
    return score_submission(pack.questionnaire, pack.rubric, submission)


def results(name: str, answers: Mapping[str, object], **parts: object) -> dict[str, Any]:
    """Each result's exact value: a number, a label, or None where there is no value."""
    found = card(method(name), answers=answers, **parts).results
    return {key: None if result.shown is None else result.exact for key, result in found.items()}


def shown(name: str, answers: Mapping[str, object], **parts: object) -> Any:
    """The overall result as it is shown."""
    return card(method(name), answers=answers, **parts).results["overall"].shown


def run(*arguments: str) -> tuple[int, str, list[str]]:
    """A command's exit code, output and lines of complaint."""
    out, complaints = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(complaints):
        code = main(arguments)
    return code, out.getvalue(), complaints.getvalue().splitlines()


def from_command_line(name: str, folder: Path, **parts: object) -> dict[str, Any]:
    """The results as `vendorrisk score METHOD ANSWERS --json` prints them."""
    path = folder / "answers.json"
    path.write_text(json.dumps(parts), encoding="utf-8")
    code, out, complaints = run("score", str(METHODS / name), str(path), "--json")
    assert (code, complaints) == (0, [])
    found: dict[str, Any] = json.loads(out)["results"]
    return found
