"""Packs: a questionnaire, its rubric and their tables in one folder, found, read and checked."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vendorrisk.content.appetites import read_appetite
from vendorrisk.content.catalogues import Catalogue, load_catalogues
from vendorrisk.content.questionnaires import (
    digest_of,
    read_evidence_kinds,
    read_questionnaire,
)
from vendorrisk.content.reading import display_name, read_text, read_yaml
from vendorrisk.document import InvalidContent, Place, Problem, Record, Report, Text
from vendorrisk.questionnaire import EvidenceKind, Questionnaire
from vendorrisk.risk import Appetite
from vendorrisk.scoring import Rubric, read_rubric

_VERSION = re.compile(r"v([1-9][0-9]{0,5})")
PACK_FILES = ("questionnaire.yaml", "rubric.yaml", "cases.yaml")
CATALOGUE = Path("catalogs") / "evidence.yaml"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
MOST_ROWS = 20_000
"""Rows that a table beside a rubric may have."""


class NoSuchPack(KeyError):  # noqa: N818  # says what there is not
    """There is no pack of that name, version or digest; the message says so in a sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Pack:
    """A checked pack. `questionnaire` is None for a published method, which has only a rubric."""

    id: str
    version: int
    draft: bool
    folder: Path
    questionnaire: Questionnaire | None
    rubric: Rubric
    warnings: tuple[Problem, ...]

    @property
    def title(self) -> str:
        """The questionnaire's title, or the method's."""
        return self.questionnaire.title if self.questionnaire else self.rubric.title

    @property
    def name(self) -> str:
        """Its folder below the library: `core/v1`, `methods/cvss-3-1/v1`."""
        group = "methods/" if self.folder.parent.parent.name == "methods" else ""
        return f"{group}{self.id}/v{self.version}"


def version_of(folder: Path) -> int | None:
    """The version that a folder named `v3` holds."""
    found = _VERSION.fullmatch(folder.name)
    return int(found[1]) if found else None


def is_pack(folder: Path) -> bool:
    """Whether a folder holds a rubric or a questionnaire."""
    return (folder / "rubric.yaml").is_file() or (folder / "questionnaire.yaml").is_file()


def pack_folders(root: Path) -> list[Path]:
    """The folders of all packs below `root`, in order of id and version."""
    if is_pack(root):
        return [root]
    found = {
        path.parent
        for name in ("rubric.yaml", "questionnaire.yaml")
        for path in root.rglob(name)
        if not any(part.startswith(".") for part in path.relative_to(root).parts)
    }
    return sorted(found, key=lambda f: (f.parent.as_posix(), version_of(f) or 0, f.name))


def library_root(path: Path) -> Path | None:
    """The library that a path is or lies in: the nearest folder with a catalogue of evidence."""
    whole = path.resolve()
    return next((f for f in (whole, *whole.parents) if (f / CATALOGUE).is_file()), None)


def load_kinds(root: Path) -> dict[str, EvidenceKind]:
    """The kinds of evidence of a library. Raises InvalidContent."""
    path = root / CATALOGUE
    if not path.is_file():
        return {}
    report = Report(display_name(path))
    record = read_yaml(path, report)
    kinds = {} if record is None else read_evidence_kinds(record, report)
    report.raise_errors()
    return kinds


def load_appetite(path: Path) -> Appetite:
    """The appetite for risk that a file states. Raises InvalidContent."""
    report = Report(display_name(path))
    record = read_yaml(path, report)
    appetite = None if record is None else read_appetite(record, report)
    report.raise_errors()
    if appetite is None:
        raise InvalidContent(report.problems)
    return appetite


def load_pack(folder: Path, kinds: Mapping[str, EvidenceKind]) -> Pack:
    """Read and check the questionnaire and the rubric of a folder. Raises InvalidContent.

    `kinds` are the library's kinds of evidence. Cases are read by `cases.read_cases`.
    """
    problems: list[Problem] = []
    questionnaire, rubric = _read_parts(folder, kinds, problems)
    if rubric is None or any(problem.severity == "error" for problem in problems):
        raise InvalidContent(problems)
    return Pack(
        id=rubric.id,
        version=rubric.version,
        draft=questionnaire.draft if questionnaire else False,
        folder=folder,
        questionnaire=questionnaire,
        rubric=rubric,
        warnings=tuple(problems),
    )


def _read_parts(
    folder: Path, kinds: Mapping[str, EvidenceKind], problems: list[Problem]
) -> tuple[Questionnaire | None, Rubric | None]:
    questionnaire = rubric = None
    path = folder / "questionnaire.yaml"
    asked = path.is_file()
    if asked:
        questionnaire = load_questionnaire(path, kinds, problems)
        if questionnaire is not None:
            _check_folder("questionnaire", questionnaire.id, questionnaire.version, path, problems)
    path = folder / "rubric.yaml"
    if not path.is_file():
        problems.append(
            Problem("no-file", "The pack has no rubric.yaml.", Place(display_name(folder)))
        )
    elif questionnaire is not None or not asked:
        rubric = load_rubric(path, questionnaire, problems)
        if rubric is not None:
            _check_folder("rubric", rubric.id, rubric.version, path, problems)
    return questionnaire, rubric


def load_questionnaire(
    path: Path, kinds: Mapping[str, EvidenceKind], problems: list[Problem]
) -> Questionnaire | None:
    """The questionnaire of a file; what is wrong with it is added to `problems`."""
    report = Report(display_name(path))
    record = read_yaml(path, report)
    questionnaire = None if record is None else read_questionnaire(record, kinds, report)
    problems += [*report.errors, *report.warnings]
    return None if report.errors else questionnaire


def load_rubric(
    path: Path, questionnaire: Questionnaire | None, problems: list[Problem]
) -> Rubric | None:
    """The rubric of a file with the tables beside it; problems are added to `problems`."""
    report = Report(display_name(path))
    record = read_yaml(path, report)
    rubric = None
    if record is not None and not report.errors:

        def tables(name: str) -> list[Record] | None:
            return read_table(path.parent, name, report)

        rubric = read_rubric(record, tables=tables, questionnaire=questionnaire, report=report)
    problems += [*report.errors, *report.warnings]
    return None if report.errors else rubric


def _check_folder(what: str, name: str, version: int, path: Path, problems: list[Problem]) -> None:
    """Where the folder is named for a version, its names must be those in the file."""
    folder = path.parent
    if version_of(folder) is None:
        return
    if (folder.parent.name, version_of(folder)) != (name, version):
        problems.append(
            Problem(
                "folder-mismatch",
                f"The file holds {what} `{name}` version {version}, and its folder is named "
                f"{folder.parent.name}/{folder.name}: they must agree.",
                Place(display_name(path), 1),
            )
        )


def read_table(folder: Path, name: str, report: Report) -> list[Record] | None:
    """The rows of a CSV table beside a rubric, each a record of column → Text with its line."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.\-]*\.csv", name):
        report.error(
            "bad-table", name, f"A table is a CSV file beside the rubric, and `{name}` is not."
        )
        return None
    if not (folder / name).is_file():
        report.error("no-file", name, f"There is no table `{name}` beside the rubric.")
        return None
    inner = Report(display_name(folder / name))
    text = read_text(folder / name, inner)
    rows = None if text is None else _rows(text, inner)
    report.problems += inner.problems
    return None if inner.errors else rows


def _rows(text: str, report: Report) -> list[Record]:
    rows: list[Record] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if _CONTROL.search(line):
            report.error(
                "control-character",
                Place(report.file, number),
                "A control character, which no table may hold: remove it.",
            )
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(lines, [])
        if not header or "" in header or len(set(header)) < len(header):
            report.error("bad-table", Place(report.file, 1), "Each column needs a name of its own.")
            return rows
        names = [Text(column, Place(report.file, 1)) for column in header]
        start = lines.line_num + 1
        for cells in lines:
            place, start = Place(report.file, start), lines.line_num + 1
            if not cells:
                continue
            if len(cells) != len(names):
                report.error(
                    "bad-table",
                    place,
                    f"{len(cells)} cells where the header has {len(names)} columns.",
                )
                continue
            if len(rows) == MOST_ROWS:
                report.error("too-large", place, f"A table has at most {MOST_ROWS:,} rows.")
                break
            row = Record(zip(names, (Text(cell, place) for cell in cells), strict=True))
            row.place = place
            rows.append(row)
    except csv.Error as error:
        report.error("bad-table", Place(report.file, lines.line_num), f"This is not CSV: {error}.")
    return rows


class Library:
    """All packs below one folder, read once each and kept; safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._lock = threading.RLock()
        self._packs: dict[Path, Pack] = {}
        self._kinds: dict[str, EvidenceKind] | None = None
        self._appetite: Appetite | None = None
        self._catalogues: Mapping[str, Catalogue] | None = None

    @property
    def kinds(self) -> Mapping[str, EvidenceKind]:
        """The kinds of evidence, by id. Raises InvalidContent."""
        with self._lock:
            if self._kinds is None:
                self._kinds = load_kinds(self.root)
            return self._kinds

    @property
    def catalogues(self) -> Mapping[str, Catalogue]:
        """The catalogues of controls, by id. Raises InvalidContent."""
        with self._lock:
            if self._catalogues is None:
                self._catalogues = load_catalogues(self.root)
            return self._catalogues

    @property
    def appetite(self) -> Appetite:
        """The appetite for risk. Raises InvalidContent."""
        with self._lock:
            if self._appetite is None:
                self._appetite = load_appetite(self.root / "appetite.yaml")
            return self._appetite

    def load(self, folder: Path) -> Pack:
        """The pack in a folder. Raises InvalidContent."""
        folder = folder.resolve()
        with self._lock:
            if folder not in self._packs:
                self._packs[folder] = load_pack(folder, self.kinds)
            return self._packs[folder]

    def packs(self) -> tuple[Pack, ...]:
        """Every pack. Raises InvalidContent for the first that cannot be used."""
        return tuple(self.load(folder) for folder in pack_folders(self.root))

    def usable(self) -> tuple[Pack, ...]:
        """Every pack that can be used; one that cannot takes nothing from the others."""
        found = []
        for folder in pack_folders(self.root):
            with contextlib.suppress(InvalidContent):
                found.append(self.load(folder))
        return tuple(found)

    def pack(self, name: str, version: int | None = None) -> Pack:
        """A pack by id; without a version the highest published one, else the highest draft.

        Raises NoSuchPack, InvalidContent.
        """
        folders = [
            folder
            for base in (self.root / name, self.root / "methods" / name)
            for folder in _versions(base)
            if re.fullmatch(r"[a-z0-9][a-z0-9\-]*", name)
        ]
        if version is not None:
            folders = [folder for folder in folders if version_of(folder) == version]
        if not folders:
            what = f"`{name}`" if version is None else f"`{name}` in version {version}"
            raise NoSuchPack(f"There is no questionnaire or method {what}.")
        packs = [self.load(folder) for folder in folders]
        return max(packs, key=_standing)

    def open(self, path: Path) -> Pack:
        """The pack that a path names: its folder, its id's folder, or a rubric.yaml anywhere.

        An id's folder means its highest published version, else its highest draft. A rubric that
        lies elsewhere grades the questionnaire beside it, or the library's of that name and
        version. Raises NoSuchPack, InvalidContent.
        """
        if path.is_dir():
            if is_pack(path):
                return self.load(path)
            packs = [self.load(folder) for folder in _versions(path)]
            if not packs:
                raise NoSuchPack(
                    f"There is no questionnaire and no rubric in {display_name(path)}."
                )
            return max(packs, key=_standing)
        if not path.is_file():
            raise NoSuchPack(f"There is no file or folder {display_name(path)}.")
        if path.name == "rubric.yaml" and (path.parent / "questionnaire.yaml").is_file():
            return self.load(path.parent)
        problems: list[Problem] = []
        rubric = load_rubric(path, self._graded_by(path), problems)
        if rubric is None:
            raise InvalidContent(problems)
        asked = self.pack(*rubric.questionnaire).questionnaire if rubric.questionnaire else None
        return Pack(rubric.id, rubric.version, True, path.parent, asked, rubric, tuple(problems))

    def _graded_by(self, path: Path) -> Questionnaire | None:
        """The library's questionnaire that a rubric file names, if it can be told."""
        record = read_yaml(path, Report(display_name(path)))
        if record is None or not isinstance(record.get("questionnaire"), str):
            return None
        version = record.get("questionnaire_version", record.get("version"))
        if not isinstance(version, str) or not version.isdecimal() or len(version) > 6:
            return None
        try:
            return self.pack(str(record["questionnaire"]), int(version)).questionnaire
        except NoSuchPack as error:
            place = getattr(record["questionnaire"], "place", None)
            raise InvalidContent([Problem("unknown-questionnaire", str(error), place)]) from None

    def by_digest(self, digest: str) -> Pack:
        """The pack whose rubric or questionnaire has this digest. Raises NoSuchPack.

        Where several share a questionnaire, a rubric's digest tells them apart.
        """
        for folder in pack_folders(self.root):
            try:
                pack = self.load(folder)
            except InvalidContent:  # a broken neighbour must not take this one away
                continue
            asked = pack.questionnaire.digest if pack.questionnaire else None
            if digest in (pack.rubric.digest, asked):
                return pack
        raise NoSuchPack(
            f"No questionnaire or rubric here has the digest {digest}: its files have changed "
            "since it was pinned, or have been taken away."
        )


def _standing(pack: Pack) -> tuple[bool, int]:
    """Published before draft, then the higher version."""
    return not pack.draft, pack.version


def _versions(base: Path) -> Iterator[Path]:
    """The version folders of one id, lowest first."""
    if base.is_dir():
        found = [f for f in base.iterdir() if version_of(f) is not None and is_pack(f)]
        yield from sorted(found, key=lambda folder: version_of(folder) or 0)


def cases_digest(folder: Path) -> str:
    """The digest of a pack's cases; of an empty list where it has none. Raises InvalidContent."""
    path = folder / "cases.yaml"
    if not path.is_file():
        return digest_of({})
    report = Report(display_name(path))
    record = read_yaml(path, report)
    report.raise_errors()
    return digest_of(record)
