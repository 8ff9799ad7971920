"""Catalogues of controls: the ids that exist, and whether a mapping names one of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from vendorrisk.content.reading import display_name, read_yaml
from vendorrisk.document import (
    Fields,
    InvalidContent,
    Problem,
    Record,
    Report,
    Text,
    did_you_mean,
)

FOLDER = "catalogs"
_CATALOGUE_ID = re.compile(r"[a-z0-9][a-z0-9.\-]*")
_TEXTS = ("name", "title", "publisher", "edition", "source", "licence", "checked", "unit")
_TOKEN = re.compile(r"[0-9]+|[a-z&]+")


@dataclass(frozen=True, slots=True)
class Group:
    """A family, domain or chapter. `outside` says why no vendor is asked about (the rest of) it."""

    id: str
    title: str
    ids: tuple[str, ...]
    outside: str | None


@dataclass(frozen=True)
class Catalogue:
    """The ids of one edition of a framework, in its own order, with titles where they are free.

    `verified` says whether the ids were compared with the publisher's own machine-readable
    catalogue, `checked` with what; `exceptions` are the ids for which the opposite holds. `unit`
    is what people count (`control`, `article`): the ids above all others, or with `innermost`
    those below all others. `note` says what a reader of the counts must know.
    """

    id: str
    name: str
    title: str
    publisher: str
    edition: str
    source: str
    licence: str
    verified: bool
    checked: str
    unit: str
    innermost: bool
    groups: tuple[Group, ...]
    titles: Mapping[str, str] = field(repr=False)
    exceptions: frozenset[str] = frozenset()
    note: str | None = None

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Every id, in the framework's order."""
        return tuple(each for group in self.groups for each in group.ids)

    @cached_property
    def parents(self) -> Mapping[str, str | None]:
        """Id → the id that it is a part of: `SI-12(3)` → `SI-12`, `GV.SC-05` → `GV.SC`."""
        known = frozenset(self.ids)
        return {each: next((p for p in _prefixes(each) if p in known), None) for each in self.ids}

    @cached_property
    def units(self) -> tuple[str, ...]:
        """The ids that are counted."""
        parents = self.parents
        if not self.innermost:
            return tuple(each for each in self.ids if parents[each] is None)
        inner = frozenset(parents.values())
        return tuple(each for each in self.ids if each not in inner)

    def is_verified(self, control: str) -> bool:
        """Whether this id was compared with the publisher's own catalogue."""
        return self.verified != (control in self.exceptions)

    def written(self, control: str) -> str | None:
        """The id as this catalogue writes it, for one written otherwise: `si-12 (01)`, `3.14.8`."""
        return self._by_key.get(_key(control))

    def around(self, control: str) -> list[str]:
        """An id with everything that it is a part of, itself first."""
        found = [control]
        while (parent := self.parents[found[-1]]) is not None:
            found.append(parent)
        return found

    @cached_property
    def _by_key(self) -> Mapping[tuple[str | int, ...], str]:
        return {_key(each): each for each in self.ids}


def _prefixes(control: str) -> Iterator[str]:
    """What stands before each sign of an id, longest first: of `5(1)(a)`, `5(1)` and `5`."""
    for at in range(len(control) - 1, 0, -1):
        if not control[at].isalnum() and control[at - 1] != "(":
            yield control[:at]


def _key(control: str) -> tuple[str | int, ...]:
    """An id's words and numbers: how it is written otherwise does not count."""
    tokens = _TOKEN.findall(re.sub(r"^(art(icle|\.)?|control)(?=\W|[0-9])", "", control.lower()))
    return tuple(int(token) if token.isdigit() else token for token in tokens)


def read_catalogue(record: Record, report: Report, stem: str) -> Catalogue | None:
    """The catalogue a file holds; None where a problem was found, with all of them reported.

    `stem` is the file's name without `.yaml`, which must be the catalogue's id.
    """
    before = len(report.errors)
    fields = Fields(record, report, "a catalogue")
    name = fields.text("catalogue")
    if name and not _CATALOGUE_ID.fullmatch(name):
        report.error(
            "bad-id", name, f"The catalogue `{name}` must be small letters, digits, `-` and `.`."
        )
    elif name and name != stem:
        report.error(
            "folder-mismatch", name, f"The file holds `{name}` and must be called {name}.yaml."
        )
    texts = {key: str(fields.text(key)) for key in _TEXTS}
    verified = fields.word("status", ("verified", "unverified")) == "verified"
    innermost = fields.word("counted", ("outermost", "innermost"), "outermost") == "innermost"
    exceptions, note = fields.texts("except"), fields.optional("note")
    titles: dict[Text, str] = {}
    groups = tuple(_group(thing, titles, report) for thing in fields.items("groups", required=True))
    fields.done()
    for each in exceptions:
        if each not in titles:
            report.error(
                "unknown-control",
                each,
                f"`except` names `{each}`, which stands in no group." + did_you_mean(each, titles),
            )
    _check_alike([*titles], report)
    if len(report.errors) > before:
        return None
    return Catalogue(
        id=str(name),
        **texts,
        verified=verified,
        innermost=innermost,
        groups=groups,
        titles={str(each): title for each, title in titles.items() if title},
        exceptions=frozenset(map(str, exceptions)),
        note=None if note is None else str(note),
    )


def _group(thing: object, titles: dict[Text, str], report: Report) -> Group:
    fields = Fields(thing, report, "a group")
    name = fields.text("group")
    title, outside = fields.optional("title"), fields.optional("outside")
    ids: list[Text] = []
    if "titles" in fields.record:
        for each, words in fields.entries("titles"):
            ids.append(each)
            if not isinstance(words, str) or not words.strip():
                report.error("not-text", each, f"`{each}` needs a title in words.")
            titles.setdefault(each, str(words))
    else:
        for each in fields.texts("ids", required=True):
            if each in titles:
                report.error("duplicate-id", each, f"`{each}` stands above already.")
            ids.append(each)
            titles.setdefault(each, "")
    fields.done()
    return Group(
        str(name),
        str(title or ""),
        tuple(map(str, ids)),
        None if outside is None else str(outside),
    )


def _check_alike(ids: list[Text], report: Report) -> None:
    """Report ids that differ in how they are written alone: a mapping could mean either."""
    count = Counter(map(_key, ids))
    for each in ids:
        if count[_key(each)] > 1:
            report.error(
                "duplicate-id", each, f"`{each}` and another id here differ in spelling alone."
            )


def load_catalogues(root: Path) -> dict[str, Catalogue]:
    """The catalogues of controls of a library, by id. Raises InvalidContent."""
    found: dict[str, Catalogue] = {}
    problems: list[Problem] = []
    for path in sorted((root / FOLDER).glob("*.yaml")):
        report = Report(display_name(path))
        record = read_yaml(path, report)
        if record is not None and "catalogue" in record:
            catalogue = read_catalogue(record, report, path.stem)
            problems += report.errors
            if catalogue is not None:
                found[catalogue.id] = catalogue
    if problems:
        raise InvalidContent(problems)
    return found


def spelled_out(controls: Iterable[str], catalogues: Mapping[str, Catalogue]) -> str:
    """Mapped controls for people: `NIST SP 800-53r5 AC-2(2), AC-2(3); GDPR 32`."""
    found: dict[str, list[str]] = {}
    for control in controls:
        framework, _, name = control.partition(":")
        catalogue = catalogues.get(framework)
        found.setdefault(catalogue.name if catalogue else framework, []).append(name)
    return "; ".join(f"{framework} {', '.join(names)}" for framework, names in found.items())


def check_mappings(record: Record, catalogues: Mapping[str, Catalogue], report: Report) -> None:
    """Report each `maps_to` of a questionnaire's tree that names no id of the catalogues.

    What is no questionnaire at all, or no `framework:id`, is left to the questionnaire's reader.
    """
    for controls in _mappings(record):
        seen: set[str] = set()
        for control in controls:
            framework, _, name = control.partition(":")
            if name:
                _check_control(control, framework, name, catalogues, report)
            if control in seen:
                report.error("duplicate-id", control, f"`{control}` is mapped to twice here.")
            seen.add(control)


def _mappings(record: Record) -> Iterator[list[Text]]:
    """The texts of every `maps_to`, question by question."""
    for section in _records(record.get("sections")):
        for question in _records(section.get("questions")):
            controls = question.get("maps_to")
            if isinstance(controls, list):
                yield [each for each in controls if isinstance(each, Text)]


def _records(thing: object) -> list[Record]:
    return [each for each in thing if isinstance(each, Record)] if isinstance(thing, list) else []


def _check_control(
    control: Text,
    framework: str,
    name: str,
    catalogues: Mapping[str, Catalogue],
    report: Report,
) -> None:
    catalogue = catalogues.get(framework)
    if catalogue is None:
        report.error(
            "unknown-framework",
            control,
            f"`{control}`: there is no catalogue `{framework}` in {FOLDER}/."
            + did_you_mean(framework, catalogues),
        )
    elif name not in catalogue.parents:
        written = catalogue.written(name)
        if written is not None:
            report.error(
                "control-spelling", control, f"`{control}` is written `{framework}:{written}`."
            )
        else:
            report.error(
                "unknown-control",
                control,
                f"`{control}`: {catalogue.name} has no `{name}`."
                + did_you_mean(name, catalogue.ids),
            )
