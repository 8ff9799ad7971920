"""Each method from the command line: ids, inputs and results as the contract names them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.methods.method_kit import (
    LIBRARY,
    METHODS,
    REPOSITORY,
    ROOT,
    card,
    from_command_line,
    method,
    run,
)
from vendorrisk.content import read_cases, read_yaml
from vendorrisk.content.packs import read_table
from vendorrisk.document import Report
from vendorrisk.scoring import explain_rubric, read_rubric

REQUIREMENTS = [
    line.split(",")[0]
    for line in (METHODS / "dod-800-171" / "v1" / "requirements.csv").read_text().split()[1:]
]
EXAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # Method: what is submitted, and the value of each result.
    "hecvat-4": (
        {
            "answers": {"DOCU-01": "yes", "CONS-01": "No", "COMP-01": "N/A", "REQU-05": "No"},
            "review": {
                "DOCU-02": {"verdict": "compliant"},
                "DOCU-03": {"importance": "Does Not Apply/Do Not Score"},
            },
        },
        {
            "possible": 2895,
            "earned": 60,
            "DOCU.possible": 80,
            "DOCU.earned": 40,
            "DOCU": 0.5,
            "HIPA": None,
            "PRGN": None,
            "ai": 0,
            "privacy": 0,
        },
    ),
    "dod-800-171": (
        {
            "answers": dict.fromkeys(REQUIREMENTS, "met")
            | {"3.1.12": "not_met", "3.1.3": "not_met"},
            "facts": {"plan_of_action": ["3.1.3"], "not_permitted": ["3.1.12"]},
        },
        {"overall": 109},
    ),
    "cmmc-level-2": (
        {"answers": dict.fromkeys(REQUIREMENTS, "met") | {"3.13.11": "partial"}},
        {"overall": 107, "status": "conditional"},
    ),
    "samm-1-5": (
        {"answers": {"SM1.1": 0.2, "SM1.2": 0.2, "SM1.3": 1, "SM2.1": 0.5}},
        {"overall": None, "Strategy & Metrics": 19 / 30, "Governance": 19 / 90},
    ),
    "samm-2": (
        {"answers": {"G-SM-1-A": 0.25, "G-SM-1-B": 1}},
        {"overall": None, "Strategy & Metrics": 0.625, "Governance": 5 / 24, "Design": 0},
    ),
    "openssf-scorecard": (
        {"answers": {"Maintained": 10, "License": 9, "Packaging": -1}},
        {"overall": 9.8},
    ),
    "owasp-risk-rating": (
        {
            "answers": {
                **{"skill_level": 5, "motive": 2, "opportunity": 7, "size": 1},
                **{"ease_of_discovery": 3, "ease_of_exploit": 6},
                **{"awareness": 9, "intrusion_detection": 2},
                **{"confidentiality": 9, "integrity": 7, "availability": 5, "accountability": 8},
                **{"financial": 1, "reputation": 2, "non_compliance": 1, "privacy": 5},
            }
        },
        {
            "overall": "low",
            "likelihood": 4.375,
            "technical_impact": 7.25,
            "business_impact": 2.25,
            "impact": 2.25,
        },
    ),
    "cvss-3-1": (
        {
            "answers": dict(
                zip(["AV", "AC", "PR", "UI", "S", "C", "I", "A"], "NLNRCLLN", strict=True)
            )
        },
        {"overall": 6.1},
    ),
    "nist-800-30-i2": (
        {"answers": {"likelihood": "moderate", "impact": "very_high"}},
        {"overall": "high"},
    ),
    "ssvc-deployer": (
        {"answers": {"E": "A", "EXP": "O", "A": "Y", "HI": "VH"}},
        {"overall": "I"},
    ),
    "secret-handling-maturity": (
        {"answers": {"scan_before_commit": "in_place", "scan_history": "in_place"}},
        {"overall": 0, "stage": "ad hoc", "finding": 2},
    ),
}


def test_every_method_has_an_example() -> None:
    assert EXAMPLES.keys() == {path.name for path in METHODS.iterdir()}


@pytest.mark.parametrize("name", [*EXAMPLES])
def test_a_method_gives_its_results_under_their_names(name: str, tmp_path: Path) -> None:
    submitted, expected = EXAMPLES[name]
    found = from_command_line(name, tmp_path, **submitted)
    assert "overall" in found
    for result, value in expected.items():
        assert found[result]["value"] == pytest.approx(value, abs=1e-15), result
        assert (found[result]["state"] == "scored") is (value is not None)


@pytest.mark.parametrize("name", [*EXAMPLES])
def test_what_goes_in_and_comes_out_has_the_published_shape(name: str) -> None:
    submitted, _ = EXAMPLES[name]
    docs = REPOSITORY / "docs"
    for schema, data in (
        ("answers.schema.json", submitted),
        ("result.schema.json", card(method(name), **submitted).to_json()),
    ):
        jsonschema.validate(data, json.loads((docs / schema).read_text(encoding="utf-8")))


def test_the_page_on_methods_names_each() -> None:
    page = (REPOSITORY / "docs" / "methods.md").read_text(encoding="utf-8")
    assert [name for name in EXAMPLES if f"`{name}`" not in page] == []


@pytest.mark.parametrize("name", [*EXAMPLES])
def test_a_blank_sheet_is_fine_and_never_looks_good(name: str, tmp_path: Path) -> None:
    overall = from_command_line(name, tmp_path, answers={})["overall"]
    assert overall["value"] in (None, 0, -1)


@pytest.mark.parametrize("name", [*EXAMPLES])
def test_the_order_of_answers_makes_no_difference(name: str) -> None:
    submitted, _ = EXAMPLES[name]
    turned = {part: dict(reversed(entries.items())) for part, entries in submitted.items()}
    assert card(method(name), **submitted).to_bytes() == card(method(name), **turned).to_bytes()


@pytest.mark.parametrize("name", [*EXAMPLES])
def test_what_explain_prints_gives_the_same_results(name: str) -> None:
    pack = method(name)
    report = Report("explained")
    record = read_yaml(explain_rubric(pack.rubric).encode(), report)
    assert record is not None
    again = read_rubric(
        record,
        tables=lambda table: read_table(pack.folder, table, report),
        questionnaire=None,
        report=report,
    )
    assert [*map(str, report.problems)] == []
    assert again is not None
    for case in read_cases(pack)[:3]:
        parts = case.submission.to_json()
        own = card(pack, **parts).results
        assert card(replace(pack, rubric=again), **parts).results == own


@pytest.mark.parametrize("name", [*EXAMPLES])
def test_a_method_is_sound_and_cites_its_source(name: str) -> None:
    pack = method(name)
    assert pack.warnings == ()
    head = read_yaml(pack.folder / "rubric.yaml", Report())
    assert head is not None
    assert head["cites"]


def test_check_and_test_take_the_methods_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDORRISK_QUESTIONNAIRES", str(ROOT))
    code, out, complaints = run("check", str(METHODS))
    assert (code, complaints, out) == (0, [], "0 problems, 0 warnings\n")
    code, out, complaints = run("test", str(METHODS))
    assert (code, complaints) == (0, [])
    ran = re.search(r"^(\d+) of (\d+) cases hold$", out, re.MULTILINE)
    assert ran is not None
    assert ran[1] == ran[2]


def test_a_method_is_found_by_its_id_folder_its_folder_and_its_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(EXAMPLES["cvss-3-1"][0]), encoding="utf-8")
    folder = METHODS / "cvss-3-1"
    outputs = {
        run("score", str(rubric), str(path), "--json")[1]
        for rubric in (folder, folder / "v1", folder / "v1" / "rubric.yaml")
    }
    assert len(outputs) == 1


def test_the_engine_names_no_method() -> None:
    known = {pack.id for pack in LIBRARY.packs() if pack.folder.is_relative_to(METHODS)}
    assert len(known) == len(EXAMPLES)
    # Each word of their ids that is not an everyday one, and ids that only one method has.
    words = {word for name in known for word in re.findall(r"[a-z]{3,}", name)}
    words -= {"level", "risk", "rating", "scorecard", "deployer", "secret", "handling", "maturity"}
    words |= {"REQU", "DCTR", "800-171", "800-30", "3.12.4", "Branch-Protection", *known}
    assert {"hecvat", "dod", "cmmc", "samm", "openssf", "owasp", "cvss", "nist", "ssvc"} <= words
    pattern = re.compile(rf"(?<![a-z])({'|'.join(map(re.escape, words))})(?![a-z])", re.IGNORECASE)
    for path in (REPOSITORY / "vendorrisk" / "scoring").rglob("*.py"):
        found = pattern.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path.name}: {found}"
