"""What `make audit` may call clean: what was looked at, and secrets that are explained."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
AUDIT = runpy.run_path(str(ROOT / ".ci" / "audit.py"))
explained, weaknesses, weighed = (AUDIT[name] for name in ("explained", "weaknesses", "weighed"))
EXPLAINED = yaml.safe_load((ROOT / ".ci" / "explained-secrets.yaml").read_text())
SOUND = {"name": "sound", "version": "1", "vulns": []}
WEAK = {"name": "weak", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
SKIPPED = {"name": "private", "skip_reason": "private was not found"}


@pytest.mark.parametrize(
    ("told", "code"),
    [([SOUND], 0), ([SOUND, WEAK], 1), ([SOUND, SKIPPED], 2), ([WEAK, SKIPPED], 1), ([], 2)],
)
def test_what_was_not_looked_at_is_not_called_clean(told, code):
    assert weighed("requirements.txt", told)[0] == code


def test_a_weakness_is_named_with_the_version_that_mends_it():
    assert weighed("r", [WEAK])[1][0] == "r: weak 1: CVE-1 (mended in 2)"


def test_without_a_network_it_says_so(monkeypatch):
    silent = subprocess.CompletedProcess([], 1, "", "Trace\nNo route to host")
    monkeypatch.setitem(weaknesses.__globals__, "_run", lambda *_: silent)

    code, said = weaknesses("requirements.txt")

    assert code == 2
    assert "not audited" in said[0]
    assert "No route to host" in said[0]


def test_an_unexplained_secret_is_named_by_its_place_and_not_repeated():
    code, said = explained([("README.md", 1, "Secret Keyword")], [])

    assert code == 1
    assert said[0] == "README.md:1: looks like a secret (Secret Keyword)."
    assert "Vendor Risk" not in "".join(said)


def test_an_explanation_that_explains_nothing_any_more_is_named():
    code, said = explained([], [{"files": "a.py", "line": "gone", "why": "w"}])

    assert code == 1
    assert said[0].startswith(".ci/explained-secrets.yaml: explains nothing any more: a.py")


def test_every_explanation_has_its_reason():
    assert EXPLAINED
    assert all(set(given) == {"files", "line", "why"} and given["why"] for given in EXPLAINED)


def test_a_planted_secret_is_found_where_names_of_choices_are_not(tmp_path):
    planted = tmp_path / "settings.py"
    planted.write_text('aws_key = "AKIA' + "QX3TZ7LMPV5KWJ2D" + '"\nmethod = "vault"\n')  # made up

    ran = subprocess.run(
        [sys.executable, "-m", "detect_secrets", "scan", "--all-files", str(planted)],
        capture_output=True,
        check=True,
        text=True,
        cwd=tmp_path,
    )

    assert "AWS Access Key" in ran.stdout
    assert '"line_number": 2' not in ran.stdout
