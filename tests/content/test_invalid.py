"""Every invalid file is refused for the fault it is named for, at the line that its comment marks.

A comment `# problem: CODE` marks the line it stands on; `# line N problem: CODE` marks line N.
"""

import re
from pathlib import Path

import pytest

from vendorrisk.content import read_yaml
from vendorrisk.content.appetites import read_appetite
from vendorrisk.content.questionnaires import read_evidence_kinds, read_questionnaire
from vendorrisk.document import Record, Report
from vendorrisk.questionnaire import EvidenceKind, Period, Questionnaire
from vendorrisk.scoring import read_rubric

INVALID = Path(__file__).parent / "invalid"
KINDS = {"policy": EvidenceKind("policy", "Policy", "", Period(12, "months"))}
_MARK = re.compile(r"# (?:line (\d+) )?problem: ([a-z0-9, \-]+)$")


def marked(path: Path) -> set[tuple[int, str]]:
    """The (line, code) pairs that a file's comments announce."""
    found = set()
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if mark := _MARK.search(line.strip()):
            at = int(mark[1]) if mark[1] else number
            found |= {(at, code.strip()) for code in mark[2].split(",")}
    return found


def found(report: Report) -> set[tuple[int, str]]:
    return {(p.place.line if p.place else -1, p.code) for p in report.errors}


def files(folder: str) -> list[Path]:
    return sorted((INVALID / folder).glob("*.yaml"))


def check_one(path: Path, schema) -> None:
    report = Report(path.name)
    record = read_yaml(path, report)
    if isinstance(record, Record) and schema is not None:
        assert schema(record, report) is None
    assert found(report) == marked(path), "\n".join(map(str, report.errors))
    assert found(report), "an invalid file must announce its fault"


@pytest.mark.parametrize("path", files("yaml"), ids=lambda path: path.stem)
def test_no_yaml_beyond_plain_mappings_lists_and_texts(path):
    check_one(path, None)


@pytest.mark.parametrize("path", files("questionnaire"), ids=lambda path: path.stem)
def test_a_faulty_questionnaire_is_refused_with_its_line(path):
    check_one(path, lambda record, report: read_questionnaire(record, KINDS, report))


@pytest.mark.parametrize("path", files("appetite"), ids=lambda path: path.stem)
def test_a_faulty_appetite_is_refused_with_its_line(path):
    check_one(path, read_appetite)


def graded() -> Questionnaire:
    """The small questionnaire that the faulty everyday rubrics grade."""
    valid, report = Path(__file__).parent / "valid", Report()
    kinds = read_evidence_kinds(read_yaml(valid / "catalogs" / "evidence.yaml", report), report)
    record = read_yaml(valid / "access" / "v1" / "questionnaire.yaml", report)
    asked = read_questionnaire(record, kinds, report)
    report.raise_errors()
    assert asked is not None
    return asked


@pytest.mark.parametrize("path", files("rubric"), ids=lambda path: path.stem)
def test_a_faulty_rubric_is_refused_with_its_line(path):
    def read(record, report):
        asked = graded() if "questionnaire" in record else None
        return read_rubric(record, tables=lambda name: None, questionnaire=asked, report=report)

    check_one(path, read)


def test_every_folder_of_invalid_files_is_read():
    assert {path.name for path in INVALID.iterdir()} >= {
        "yaml",
        "questionnaire",
        "rubric",
        "appetite",
    }
    assert all(files(folder.name) for folder in INVALID.iterdir())
