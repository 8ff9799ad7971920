"""`make audit`: known weaknesses of the pinned packages, and secrets among the files.

Exit code 0: both were looked for and nothing was found. 1: something was found. 2: nothing was
found, but something could not be looked for, such as without a network.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
"""Hashes from end to end: scanning them finds every one."""
UNSCANNED = (*LOCKS, "questionnaires/catalogs/", ".ci/explained-secrets.yaml")
"""Scanning the tens of thousands of ids of published frameworks takes minutes, and explanations
repeat what they explain."""


def main() -> int:
    """Look for both, print what was found, and give the exit code."""
    outcomes = [_say(*weaknesses(lock)) for lock in LOCKS]
    outcomes.append(_say(*secrets(_tracked())))
    return 1 if 1 in outcomes else max(outcomes)


def weaknesses(lock: str) -> tuple[int, list[str]]:
    """Known weaknesses of what `lock` pins: the exit code they amount to, and sentences."""
    ran = _run("pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off",
               "--format", "json", "--requirement", lock)  # fmt: skip
    try:
        told = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        why = (ran.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        return 2, [
            f"{lock}: not audited, because the database of weaknesses could not be asked: {why}",
            "Run `make audit` again where the Python Package Index can be reached.",
        ]
    return weighed(lock, told)


def weighed(lock: str, told: list[dict[str, object]]) -> tuple[int, list[str]]:
    """What pip-audit's list of packages amounts to; a package that was skipped is not audited."""
    found = [
        f"{lock}: {package['name']} {package['version']}: {weakness['id']}"
        f" (mended in {', '.join(weakness['fix_versions']) or 'no version yet'})"
        for package in told
        for weakness in package.get("vulns", [])  # type: ignore[attr-defined]
    ]
    skipped = [str(package["skip_reason"]) for package in told if "skip_reason" in package]
    sentences = [*found, f"{lock}: {len(told) - len(skipped)} of {len(told)} packages audited."]
    if skipped:
        sentences.append(f"{lock}: not audited, as for the first: {skipped[0]}")
    return (1 if found else 2 if skipped or not told else 0), sentences


def secrets(names: list[str]) -> tuple[int, list[str]]:
    """What looks like a secret in these files and is not explained, and stale explanations."""
    ran = _run("detect_secrets", "scan", *names)
    try:
        found = json.loads(ran.stdout)["results"]
    except (ValueError, KeyError):
        return 2, [f"Secrets: not looked for: {ran.stderr.strip()[-300:]}"]
    hits = [(name, hit["line_number"], hit["type"]) for name, hits in found.items() for hit in hits]
    return explained(hits, yaml.safe_load((ROOT / ".ci" / "explained-secrets.yaml").read_text()))


def explained(
    hits: list[tuple[str, int, str]], explanations: list[dict[str, str]]
) -> tuple[int, list[str]]:
    """Sentences for hits that no explanation covers, and explanations that cover no hit."""
    used: set[int] = set()
    problems, unexplained = [], 0
    for name, number, kind in hits:
        line = (ROOT / name).read_text().splitlines()[number - 1]
        covering = {
            at
            for at, given in enumerate(explanations)
            if fnmatch(name, given["files"]) and re.search(given["line"], line)
        }
        used |= covering
        if not covering:  # the line itself is not repeated: it may hold the secret
            unexplained += 1
            problems.append(f"{name}:{number}: looks like a secret ({kind}).")
    problems += [
        f".ci/explained-secrets.yaml: explains nothing any more: {given['files']}: {given['line']}"
        for at, given in enumerate(explanations)
        if at not in used
    ]
    told = f"Secrets: {len(hits)} findings, {len(hits) - unexplained} explained."
    return (1 if problems else 0), [*problems, told]


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    names = listed.stdout.split("\0")[:-1]
    return [n for n in names if not n.startswith(UNSCANNED) and (ROOT / n).is_file()]


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)


def _say(code: int, sentences: list[str]) -> int:
    print("\n".join(sentences))
    return code


if __name__ == "__main__":
    sys.exit(main())
