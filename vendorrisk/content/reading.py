"""YAML and JSON read into trees of text that remember their lines; hostile input is a problem."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from vendorrisk.document import Items, Place, Record, Report, Text, short

LARGEST_FILE = 2 * 1024 * 1024
DEEPEST_NESTING = 50

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

_Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def display_name(path: Path) -> str:
    """The path as messages show it: relative to the working directory where it lies below."""
    try:
        return os.fspath(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return os.fspath(path)


def read_text(source: Path | bytes, report: Report) -> str | None:
    """The UTF-8 text of a file or of bytes, at most 2 MiB; None with the reason reported."""
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
        except FileNotFoundError:
            report.error("no-file", None, "There is no such file.")
            return None
        except OSError as error:
            report.error("unreadable", None, f"The file cannot be read: {error.strerror}.")
            return None
    else:
        data = source
    if len(data) > LARGEST_FILE:
        report.error("too-large", None, "The file is larger than 2 MiB: split it.")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.error(
            "not-utf8", Place(report.file, line), "The text is not UTF-8: save it as UTF-8."
        )
        return None


def read_yaml(source: Path | bytes, report: Report) -> Record | None:
    """The mapping a YAML file holds, each scalar a `Text` with its place.

    Whatever YAML can do beyond plain mappings, lists and texts is reported: anchors and aliases
    (and so every "bomb"), tags, tabs, duplicate keys, several documents, files over 2 MiB and
    nesting beyond 50 levels. None where no tree can be built; otherwise the tree stands even where
    problems were found, so that a schema can report its own beside them.
    """
    text = read_text(source, report)
    if text is None:
        return None
    tabs = {n for n, line in enumerate(text.split("\n"), start=1) if "\t" in line}
    for line in sorted(tabs):
        report.error("tab", Place(report.file, line), "A tab: use spaces instead.")
    reader = _YamlTree(report)
    try:
        tree = reader.build(yaml.parse(text.replace("\t", " "), Loader=_Loader))
    except _UnusableError:
        return None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        report.error(
            "control-character",
            Place(report.file, line),
            "A control character, which no text may hold: remove it.",
        )
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        if not tabs & {line - 1, line}:  # the tab is the cause, and has been named
            report.error("syntax", Place(report.file, line), _syntax_sentence(error))
        return None
    if reader.aliases:
        return None
    if not isinstance(tree, Record):
        report.error(
            "not-a-mapping",
            Place(report.file, 1),
            "The file must hold a mapping: lines of `key: value` at its outermost level.",
        )
        return None
    return tree


class _UnusableError(Exception):
    """What was read so far makes no tree; the reason has been reported."""


class _YamlTree:
    """Builds the tree from parser events, so that an alias is never followed."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.aliases = False

    def build(self, events: Iterable[Any]) -> Any:
        self.events = iter(events)
        tree: Any = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.report.error(
                        "several-documents",
                        self._place(event),
                        "A second document begins here: one file holds one, without `---`.",
                    )
                    raise _UnusableError
            elif isinstance(event, yaml.NodeEvent):
                tree = self._node(event, 1)
        if documents == 0:
            self.report.error("empty-file", None, "The file is empty.")
            raise _UnusableError
        return tree

    def _place(self, event: Any) -> Place:
        return Place(self.report.file, event.start_mark.line + 1)

    def _node(self, event: Any, depth: int) -> Any:
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            self.aliases = True
            self.report.error(
                "alias", place, f"The alias `*{event.anchor}`: write the content out instead."
            )
            return None
        if event.anchor is not None:
            self.report.error(
                "anchor", place, f"The anchor `&{event.anchor}`: write the content out instead."
            )
        if event.tag is not None:
            self.report.error("tag", place, f"The tag `{event.tag}`: leave it out.")
        if isinstance(event, yaml.ScalarEvent):
            if _UNSEEN.search(event.value):
                self.report.error(
                    "control-character",
                    place,
                    "A control character, or one that turns a line around, which no text may hold: "
                    "remove it.",
                )
            return Text(event.value, place, quoted=bool(event.style))
        if depth > DEEPEST_NESTING:
            self.report.error(
                "too-deep", place, f"Nested deeper than {DEEPEST_NESTING} levels: flatten it."
            )
            raise _UnusableError
        if isinstance(event, yaml.SequenceStartEvent):
            items = Items()
            items.place = place
            while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
                items.append(self._node(event, depth + 1))
            return items
        record = Record()
        record.place = place
        first: dict[str, Text] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self.events), depth + 1)
            if isinstance(key, Text):
                _put(record, first, key, value, self.report)
            elif key is not None:
                self.report.error(
                    "key-not-text", place, "A key is a list or a mapping; keys are plain texts."
                )
        return record


def _put(record: Record, first: dict[str, Text], key: Text, value: Any, report: Report) -> None:
    """Add an entry, or report it where `first`, the keys so far, has its key already."""
    earlier = first.setdefault(key, key)
    if earlier is key:
        record[key] = value
        return
    line = earlier.place.line if earlier.place else 0
    report.error(
        "duplicate-key",
        key,
        f"The key `{short(key)}` stands here a second time (first on line {line}): only one can "
        "count.",
    )


def _syntax_sentence(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it cannot be read"
    if "mapping values are not allowed" in problem:
        return (
            "A colon where no key may stand: put a text that holds `: ` in quotes, "
            "and check the indentation."
        )
    if "cannot start any token" in problem:
        return "A text that begins with one of @ ` % must be put in quotes."
    if "unexpected end of stream" in problem:
        return "A quotation mark is opened and never closed."
    context = f" ({error.context})" if error.context else ""
    return f"This is not YAML: {problem}{context}. Check indentation, quotes and brackets."


def read_json(source: Path | bytes, report: Report) -> Any:
    """The tree a JSON text holds: strings quoted, numbers and true/false bare `Text`, null None.

    NaN and Infinity, duplicate keys, nesting beyond 50 levels and anything that is not JSON are
    reported with their line. None where no tree can be built.
    """
    text = read_text(source, report)
    if text is None:
        return None
    reader = _JsonTree(text, report)
    try:
        tree = reader.value(reader.skip(0), 1)
        if reader.at < len(text):
            reader.fail("something follows the end of the document")
    except _UnusableError:
        return None
    return tree


_JSON_SPACE = re.compile(r"[ \t\r\n]*")
_JSON_STRING = re.compile(r'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"')
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class _JsonTree:
    """A reader of JSON that knows its lines, which the standard one forgets."""

    def __init__(self, text: str, report: Report) -> None:
        self.text, self.report, self.at = text, report, 0
        self._line, self._counted = 1, 0

    def place(self) -> Place:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return Place(self.report.file, self._line)

    def fail(self, what: str) -> NoReturn:
        self.report.error("syntax", self.place(), f"This is not JSON: {what}.")
        raise _UnusableError

    def skip(self, count: int) -> str:
        """Move on by `count`, then over blank space; the character that stands there."""
        self.at = _JSON_SPACE.match(self.text, self.at + count).end()  # type: ignore[union-attr]
        return self.text[self.at : self.at + 1]

    def value(self, char: str, depth: int) -> Any:
        """The value that begins here; `char` is its first character."""
        place = self.place()
        if char == '"':
            return self._string(place)
        if char in ("{", "["):
            if depth > DEEPEST_NESTING:
                self.report.error(
                    "too-deep", place, f"Nested deeper than {DEEPEST_NESTING} levels: flatten it."
                )
                raise _UnusableError
            return self._record(place, depth) if char == "{" else self._items(place, depth)
        for word in ("true", "false", "null"):
            if self.text.startswith(word, self.at):
                self.skip(len(word))
                return None if word == "null" else Text(word, place, quoted=False)
        if match := _JSON_NUMBER.match(self.text, self.at):
            self.skip(len(match[0]))
            return Text(match[0], place, quoted=False)
        for word in ("NaN", "Infinity", "-Infinity"):
            if self.text.startswith(word, self.at):
                self.fail(f"{word} is not a number")
        self.fail("a value is missing or misspelt here" if char else "it ends too early")

    def _string(self, place: Place) -> Text:
        match = _JSON_STRING.match(self.text, self.at)
        if match is None:
            self.fail("a text is not closed on its line")
        try:
            value = str(json.loads(match[0]))
        except ValueError:
            self.fail("a backslash in a text begins no known escape")
        if re.search("[\ud800-\udfff]", value):
            self.fail("a character is half a surrogate pair")
        self.skip(len(match[0]))
        return Text(value, place)

    def _items(self, place: Place, depth: int) -> Items:
        items = Items()
        items.place = place
        char = self.skip(1)
        if char == "]":
            self.skip(1)
            return items
        while True:
            items.append(self.value(char, depth + 1))
            char = self.text[self.at : self.at + 1]
            if char not in (",", "]"):
                self.fail("a comma or ] is missing")
            following = self.skip(1)
            if char == "]":
                return items
            char = following

    def _record(self, place: Place, depth: int) -> Record:
        record = Record()
        record.place = place
        first: dict[str, Text] = {}
        char = self.skip(1)
        if char == "}":
            self.skip(1)
            return record
        while True:
            if char != '"':
                self.fail('a key in "double quotes" is missing')
            key = self._string(self.place())
            if self.text[self.at : self.at + 1] != ":":
                self.fail(f"a colon is missing after the key {key!r}"[:200])
            value = self.value(self.skip(1), depth + 1)
            _put(record, first, key, value, self.report)
            char = self.text[self.at : self.at + 1]
            if char not in (",", "}"):
                self.fail("a comma or } is missing")
            following = self.skip(1)
            if char == "}":
                return record
            char = following
