"""docs/security.md claims nothing without a test that exists, and leaves no requirement out."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.findall(r"`((?:\w+/)+test_\w+)::(test_\w+)`", PAGE)

# The identifiers of OWASP ASVS 5.0.0 at levels 1 and 2, by section: how many, from 1 on, and those
# among them that are of level 3.
REQUIREMENTS = {
    "5.1": {1}, "5.2": {1, 2, 3}, "5.3": {1, 2}, "5.4": {1, 2, 3},
    "6.1": {1, 2, 3}, "6.2": set(range(1, 13)), "6.3": {1, 2, 3, 4}, "6.4": {1, 2, 3, 4},
    "6.5": {1, 2, 3, 4, 5}, "6.6": {1, 2, 3}, "6.8": {1, 2, 3, 4},
    "7.1": {1, 2, 3}, "7.2": {1, 2, 3, 4}, "7.3": {1, 2}, "7.4": {1, 2, 3, 4, 5},
    "7.5": {1, 2}, "7.6": {1, 2},
    "8.1": {1, 2}, "8.2": {1, 2, 3}, "8.3": {1}, "8.4": {1},
}  # fmt: skip


def test_it_names_many_tests():
    assert len(NAMED) >= 50


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED)))
def test_every_test_that_is_named_exists(file, name):
    source = (ROOT / "tests" / f"{file}.py").read_text()

    assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE)


def test_every_requirement_has_one_line():
    lines = re.findall(r"^\| (\d\.\d+\.\d+) \|", PAGE, re.MULTILINE)

    assert lines == [f"{part}.{at}" for part, all_of in REQUIREMENTS.items() for at in all_of]


def test_every_chapter_has_its_line():
    assert re.findall(r"^\| V(\d+) ", PAGE, re.MULTILINE) == [str(at) for at in range(1, 18)]


def test_what_holds_or_holds_in_part_says_why():
    rows = re.findall(r"^\| \d\.\d+\.\d+ \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)

    assert {status for status, _ in rows} <= {"holds", "in part", "if set", "no", "does not apply"}
    assert all(reason.strip() for _, reason in rows)


def test_every_page_that_it_links_to_exists():
    for target in re.findall(r"\]\((?!https)([^)#]+)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
