"""published.lock: what is published never changes, and the digests kept here hold it to that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from vendorrisk.content.packs import Library, Pack, cases_digest
from vendorrisk.content.reading import display_name, read_text
from vendorrisk.document import InvalidContent, Place, Problem, Report

LOCK = "published.lock"
_LINE = re.compile(
    r"(?P<name>\S+) questionnaire (?P<questionnaire>sha256:[0-9a-f]{64}|-)"
    r" rubric (?P<rubric>sha256:[0-9a-f]{64}) cases (?P<cases>sha256:[0-9a-f]{64})"
)
_HEADER = (
    "# What is published, by digest. `vendorrisk lock` adds lines; never change one by hand.\n"
)


def digests_of(pack: Pack) -> dict[str, str]:
    """The three digests that pin a pack; `-` for a method without a questionnaire."""
    return {
        "questionnaire": pack.questionnaire.digest if pack.questionnaire else "-",
        "rubric": pack.rubric.digest,
        "cases": cases_digest(pack.folder),
    }


def read_lock(path: Path, report: Report) -> dict[str, tuple[int, dict[str, str]]]:
    """What a lock file pins: the pack's name → its line and digests. Empty without a file."""
    found: dict[str, tuple[int, dict[str, str]]] = {}
    text = read_text(path, report) if path.is_file() else ""
    for number, line in enumerate((text or "").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        place = Place(report.file, number)
        match = _LINE.fullmatch(line.strip())
        if match is None:
            report.error(
                "bad-lock",
                place,
                "The line must read `ID/vN questionnaire sha256:… rubric sha256:… cases sha256:…`.",
            )
        elif match["name"] in found:
            report.error("duplicate-key", place, f"{match['name']} is pinned twice.")
        else:
            parts = match.groupdict()
            found[parts.pop("name")] = (number, parts)
    return found


def check_lock(library: Library) -> list[Problem]:
    """Where the lock and the packs disagree. Raises InvalidContent for a pack that is unusable."""
    path = library.root / LOCK
    report = Report(display_name(path))
    pinned = read_lock(path, report)
    published = {pack.name: pack for pack in library.packs() if not pack.draft}
    for name, (number, digests) in pinned.items():
        place = Place(report.file, number)
        if name not in published:
            report.error(
                "published-gone",
                place,
                f"{name} is pinned as published, and there is no such published pack any more: "
                "bring its files back.",
            )
            continue
        _check_digests(published[name], digests, place, report)
    for name, pack in published.items():
        if name not in pinned:
            report.error(
                "not-locked",
                Place(display_name(pack.folder / "rubric.yaml"), 1),
                f"{name} is published and not in {LOCK}: run `vendorrisk lock`.",
            )
    return report.errors


def check_pinned(pack: Pack, library: Library) -> list[Problem]:
    """Whether a pack of the library is as the lock pins it; a pack that it does not pin is."""
    path = library.root / LOCK
    report = Report(display_name(path))
    line = read_lock(path, report).get(pack.name)
    if line is not None and pack.folder.resolve() == library.root.resolve() / pack.name:
        number, digests = line
        _check_digests(pack, digests, Place(report.file, number), report)
    return report.errors


def _check_digests(pack: Pack, digests: Mapping[str, str], place: Place, report: Report) -> None:
    now = digests_of(pack)
    changed = [f"{part}.yaml" for part in now if now[part] != digests[part]]
    if changed:
        report.error(
            "published-changed",
            place,
            f"{pack.name} is published and its {' and '.join(changed)} changed. A published "
            f"version never changes: undo the change and make it in a new version "
            f"(`vendorrisk new version {pack.id}`).",
        )


def lock(library: Library) -> tuple[str, ...]:
    """Add every published pack that is not pinned yet; returns their names.

    Raises InvalidContent, and writes nothing, where a pinned pack has changed or is gone.
    """
    broken = [problem for problem in check_lock(library) if problem.code != "not-locked"]
    if broken:
        raise InvalidContent(broken)
    path = library.root / LOCK
    pinned = read_lock(path, Report(display_name(path)))
    new = [pack for pack in library.packs() if not pack.draft and pack.name not in pinned]
    lines = {name: digests for name, (_, digests) in pinned.items()}
    lines |= {pack.name: digests_of(pack) for pack in new}
    if new:
        text = "".join(
            f"{name} questionnaire {d['questionnaire']} rubric {d['rubric']} cases {d['cases']}\n"
            for name, d in sorted(lines.items())
        )
        path.write_text(_HEADER + text, encoding="utf-8")
    return tuple(pack.name for pack in new)
