"""New content: a small questionnaire to begin with, and the next version of an existing one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from vendorrisk.content.packs import Library, NoSuchPack, is_pack, version_of
from vendorrisk.content.reading import display_name
from vendorrisk.document import InvalidContent, Place, Problem

_ID = re.compile(r"[a-z][a-z0-9\-]{0,59}")

_FIRST = {
    "questionnaire.yaml": """\
# What the vendor is asked. The rubric beside it, which the vendor never sees, says how it counts.
questionnaire: {id}
version: 1
status: draft
title: {title}
purpose: Say here, in a sentence or two, what it is for.
answered_by: vendor
facts:
  tier: {{says: Inherent risk tier, one_of: ["1", "2", "3", "4"]}}
sections:
- section: staff_access
  title: Staff access
  intro: Who of your people reaches customer data, and how.
  questions:
  - id: staff_second_factor
    ask: Which of your staff must use a second factor to reach customer data?
    help: Count only what the sign-in enforces.
    answer: one_of
    answered_by: security
    minutes: 2
    choices:
      everyone: Everyone, without exception
      administrators: Administrators only
      nobody: Nobody, or it is optional
""",
    "rubric.yaml": """\
# How the answers count.
rubric: {id}
version: 1
questionnaire: {id}
title: {title} rubric
assurance:
  by: tier
  levels: [self_attested, documented, audited, verified]
  shares:
    "1": [0.5, 0.7, 0.9, 1]
    "2": [0.6, 0.75, 0.9, 1]
    "3": [0.75, 0.85, 1, 1]
    "4": [0.9, 1, 1, 1]
  admissions: 40
  evidence: {{}}
  stale: {{drops: 1, self_attested_after: 1.5}}
weights: {{critical: 5, high: 3, medium: 2, low: 1}}
domains:
  staff_access: {{title: Staff access, critical: true}}
criteria:
- criterion: second-factor
  question: staff_second_factor
  domain: staff_access
  weight: high
  because: A stolen password alone must not open customer data.
  points: {{everyone: 100, administrators: 40, nobody: 0}}
  remedy: Enforce a second factor for every account that reaches customer data.
rules:
- rule: no-second-factor
  when: {{staff_second_factor: nobody}}
  cap: true
  because: One stolen password would expose customer data.
limits:
  knocked_out: 29
  capped: 59
  weakest_critical_plus: 25
  not_applicable: 30%
bands: {{strong: 85, adequate: 70, limited: 55, weak: 30, unacceptable: else}}
""",
    "cases.yaml": """\
# What the rubric must give. Add a case for every choice, rule and band.
cases:
- case: everyone-verified
  says: A second factor for everyone, seen with our own eyes.
  start: best
  assurance: verified
  facts: {{tier: "1"}}
  expect: {{overall: 100, band: strong, rules: []}}
- case: nobody
  says: No second factor at all.
  start: worst
  facts: {{tier: "1"}}
  expect: {{overall: 0, band: unacceptable, rules: [no-second-factor]}}
""",
}


def new_questionnaire(library: Library, name: str) -> Path:
    """Write a small working draft to edit; returns its folder. Raises InvalidContent."""
    folder = library.root / name
    if not _ID.fullmatch(name):
        raise _refused("bad-id", f"`{name}` must be small letters, digits and -.", library.root)
    if folder.exists():
        raise _refused(
            "duplicate-id",
            f"`{name}` exists already: `vendorrisk new version {name}` makes its next version.",
            folder,
        )
    first = folder / "v1"
    first.mkdir(parents=True)
    title = name.replace("-", " ").capitalize()
    for file, text in _FIRST.items():
        (first / file).write_text(text.format(id=name, title=title), encoding="utf-8")
    return first


def new_version(library: Library, name: str) -> Path:
    """Copy the highest version of an id as a draft of the next; returns its folder.

    Raises NoSuchPack, and InvalidContent where that version is itself a draft still.
    """
    base = next(
        (b for b in (library.root / name, library.root / "methods" / name) if b.is_dir()), None
    )
    folders = [f for f in base.iterdir() if version_of(f) and is_pack(f)] if base else []
    if not _ID.fullmatch(name) or not folders or base is None:
        raise NoSuchPack(f"There is no questionnaire or method `{name}`.")
    latest = max(folders, key=lambda folder: version_of(folder) or 0)
    if library.load(latest).draft:
        raise _refused(
            "still-a-draft", f"{display_name(latest)} is a draft still: edit it.", latest
        )
    version = (version_of(latest) or 0) + 1
    following = base / f"v{version}"
    shutil.copytree(latest, following)
    for file in ("questionnaire.yaml", "rubric.yaml"):
        path = following / file
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            text = re.sub(r"(?m)^version: *[0-9]+", f"version: {version}", text, count=1)
            text = re.sub(r"(?m)^status: *published", "status: draft", text, count=1)
            path.write_text(text, encoding="utf-8")
    return following


def _refused(code: str, message: str, at: Path) -> InvalidContent:
    return InvalidContent([Problem(code, message, Place(display_name(at)))])
