"""What holds for the files as such: first lines, commands, settings, no machine's paths."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
).stdout.split("\0")[:-1]
PYTHON = [name for name in TRACKED if name.endswith(".py") and (ROOT / name).exists()]

# Written in pieces, so that this file does not name what it looks for.
FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.~])/(?:work|home|root|Users|opt)" + "/"),
    "a package index": re.compile(
        "--(?:extra-)?index-" + "url|--find-" + "links[ =]|trusted-" + "host"
    ),
    "a host of packages": re.compile(
        "pypi" + r"\.org|python" + r"hosted\.org|registry\.npm" + "js"
    ),
}


@pytest.mark.parametrize("name", PYTHON)
def test_a_file_says_in_its_first_line_what_it_holds(name):
    source = (ROOT / name).read_text()

    assert ast.get_docstring(ast.parse(source)), f"{name} has no docstring"
    assert source.startswith('"""'), f"{name} does not begin with it"


def test_no_file_names_a_machine_or_an_index():
    found = []
    for name in TRACKED:
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [
            f"{name}:{text[: hit.start()].count(chr(10)) + 1}: {what}: {hit.group()}"
            for what, pattern in FORBIDDEN.items()
            for hit in pattern.finditer(text)
        ]

    assert not found, "\n".join(found)


def test_every_command_that_the_documents_give_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    named = {
        (document.relative_to(ROOT).as_posix(), command)
        for document in documents
        for command in re.findall(
            r"(?:`|^\s*|\$ )make ([a-z]+)", document.read_text(), re.MULTILINE
        )
    }

    assert {command for _, command in named} >= {"run", "test", "check", "demo"}
    assert not {(document, command) for document, command in named if command not in targets}


def test_every_setting_is_documented():
    read = {
        setting
        for name in PYTHON
        if name.startswith("vendorrisk/")
        for setting in re.findall(r"\bVENDORRISK_[A-Z]+(?:_[A-Z]+)*\b", (ROOT / name).read_text())
    }
    documented = set(
        re.findall(r"`(VENDORRISK_[A-Z_]+)`", (ROOT / "docs" / "operations.md").read_text())
    )

    assert read
    assert read == documented


def test_requirements_pin_everything_with_hashes():
    for name in ("requirements.txt", "requirements-dev.txt"):
        logical = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
        pinned = [line for line in logical if line and not line.lstrip().startswith("#")]

        assert pinned
        for line in pinned:
            assert re.match(r"[a-z0-9-]+(\[[a-z]+\])?==\S+ .*--hash=sha256:", line), line[:80]


def test_ci_runs_the_tests():
    script = (ROOT / ".ci" / "run").read_text()

    assert script.startswith("#!/usr/bin/env bash")
    assert "set -euo pipefail" in script
    assert "\nmake test" in script
