"""CVSS 3.1: every base vector as the package `cvss` scores it; and a method from the page alone."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from cvss import CVSS2, CVSS3

from tests.methods.method_kit import LIBRARY, REPOSITORY, card, method
from vendorrisk.content import Pack
from vendorrisk.scoring import Sheet, score

METRICS = {
    "AV": "NALP",
    "AC": "LH",
    "PR": "NLH",
    "UI": "NR",
    "S": "UC",
    "C": "HLN",
    "I": "HLN",
    "A": "HLN",
}
METRICS_OF_TWO = {"AV": "LAN", "AC": "HML", "Au": "MSN", "C": "NPC", "I": "NPC", "A": "NPC"}


def vectors(metrics: dict[str, str]) -> list[dict[str, str]]:
    return [dict(zip(metrics, values, strict=True)) for values in product(*metrics.values())]


def written(answers: dict[str, str]) -> str:
    return "/".join(f"{metric}:{value}" for metric, value in answers.items())


def scored(pack: Pack, answers: dict[str, str]) -> object:
    return score(pack.rubric, Sheet(answers)).results["overall"].exact


@pytest.mark.parametrize("vector", METRICS["AV"])
def test_every_base_vector_is_scored_as_the_package_scores_it(vector: str) -> None:
    pack = method("cvss-3-1")
    found = {
        written(answers): scored(pack, answers) for answers in vectors({**METRICS, "AV": vector})
    }
    assert len(found) == 2592 / 4
    expected = {name: Fraction(CVSS3(f"CVSS:3.1/{name}").base_score) for name in found}
    assert found == expected


def test_the_severity_is_the_one_that_the_specification_names() -> None:
    pack = method("cvss-3-1")
    for answers in vectors({**METRICS, "PR": "N", "UI": "N", "AC": "L"}):
        named = CVSS3(f"CVSS:3.1/{written(answers)}").severities()[0]
        assert card(pack, answers=answers).results["severity"].exact == named


@pytest.fixture(scope="module")
def not_shipped(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The whole method on the page that teaches the language, saved as a file of its own."""
    page = (REPOSITORY / "docs" / "rubrics.md").read_text(encoding="utf-8")
    found = re.search(r"^```yaml\n(rubric: cvss-2\n.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    path: Path = tmp_path_factory.mktemp("cvss-2") / "rubric.yaml"
    path.write_text(found[1], encoding="utf-8")
    return LIBRARY.open(path)


def test_a_method_that_is_not_shipped_can_be_written_from_the_page(not_shipped: Pack) -> None:
    found = {written(answers): scored(not_shipped, answers) for answers in vectors(METRICS_OF_TWO)}
    assert len(found) == 3**6
    assert found == {name: Fraction(CVSS2(name).base_score) for name in found}
    assert not_shipped.warnings == ()
