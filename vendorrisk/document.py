"""Text, records and lists that remember where they were written, and the problems found in them.

Every content file is read into this tree with each scalar as text: the schema of the key decides
what a scalar means, never the file format. So `3.10` stays `3.10`, `no` is not a boolean, and a
problem can name the line it is about without any reader carrying line numbers around.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file. `line` counts from 1; 0 means the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Text(str):
    """A scalar as it was written. `quoted` tells `"no"` from a bare `no`."""

    __slots__ = ("place", "quoted")
    place: Place | None
    quoted: bool

    def __new__(cls, value: str, place: Place | None = None, *, quoted: bool = True) -> Text:
        """The text `value` as written at `place`."""
        text = super().__new__(cls, value)
        text.place = place
        text.quoted = quoted
        return text


class Record(dict[str, Any]):
    """A mapping; its keys are `Text`, so that each key knows its own line."""

    place: Place | None = None


class Items(list[Any]):
    """A sequence."""

    place: Place | None = None


def place_of(thing: object) -> Place | None:
    """Where `thing` was written, if it came from a file."""
    return getattr(thing, "place", None)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable `code`, a sentence with the fix, and the place.

    `severity` is "error" (the file cannot be used) or "warning" (it can, but look at it).
    """

    code: str
    message: str
    place: Place | None = None
    severity: str = "error"

    def __str__(self) -> str:
        where = str(self.place) if self.place else "input:0"
        kind = "" if self.severity == "error" else "warning: "
        return _on_one_line(f"{where}: {self.code}: {kind}{self.message}")


def _on_one_line(text: str) -> str:
    """The text with what breaks a line, or turns it around, written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable(text: str) -> str:
    """Lines of text for a terminal, with what is no sign written as an escape."""
    return "\n".join(_on_one_line(line) for line in text.split("\n"))


class InvalidContent(Exception):  # noqa: N818  # named for what it holds, as callers read it
    """Content that cannot be used; `problems` lists everything that was found, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass
class Report:
    """Collects problems, so that one reading of a file reports all of them."""

    file: str = "input"
    problems: list[Problem] = field(default_factory=list)

    def error(self, code: str, at: object, message: str) -> None:
        """Record an error about `at`: a `Text`, `Record`, `Items`, `Place` or None."""
        self._add(code, at, message, "error")

    def warning(self, code: str, at: object, message: str) -> None:
        """Record a warning about `at`."""
        self._add(code, at, message, "warning")

    def _add(self, code: str, at: object, message: str, severity: str) -> None:
        place = at if isinstance(at, Place) else place_of(at)
        self.problems.append(Problem(code, message, place or Place(self.file), severity))

    @property
    def errors(self) -> list[Problem]:
        """The problems that make the content unusable, in file order."""
        return sorted((p for p in self.problems if p.severity == "error"), key=_by_place)

    @property
    def warnings(self) -> list[Problem]:
        """The problems worth a look, in file order."""
        return sorted((p for p in self.problems if p.severity != "error"), key=_by_place)

    def raise_errors(self) -> None:
        """Raise `InvalidContent` with every error, if there is one."""
        if self.errors:
            raise InvalidContent(self.errors)


def _by_place(problem: Problem) -> tuple[str, int]:
    place = problem.place or Place("")
    return place.file, place.line


def walk(thing: object) -> Iterator[Text]:
    """Every scalar below `thing`, keys included, in file order."""
    if isinstance(thing, Text):
        yield thing
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from walk(key)
            yield from walk(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from walk(value)


def tree(data: object) -> Any:
    """Plain Python data (from JSON, say) as `Record`, `Items`, `Text` and None, without places.

    What is a tree already is returned as it is. Numbers and booleans become bare words, so that
    the schema decides what they mean, as it does for a file.
    """
    if data is None or isinstance(data, (Text, Record, Items)):
        return data
    if isinstance(data, str):
        return Text(data)
    if isinstance(data, bool):
        return Text("true" if data else "false", quoted=False)
    if isinstance(data, Mapping):
        return Record({Text(str(key)): tree(value) for key, value in data.items()})
    if isinstance(data, (Sequence, set, frozenset)):
        return Items(
            tree(value) for value in (data if isinstance(data, Sequence) else sorted(data))
        )
    return Text(str(data), quoted=False)


def plain(thing: object) -> Any:
    """A tree as plain dicts, lists and strings in file order: what a digest is taken of."""
    if isinstance(thing, Mapping):
        return {str(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [plain(value) for value in thing]
    return None if thing is None else str(thing)


def is_null(thing: object) -> bool:
    """Whether nothing was written: absent, an empty value, `null` or `~`."""
    if thing is None:
        return True
    return isinstance(thing, Text) and not thing.quoted and thing.lower() in ("", "~", "null")


_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?")
_MOST = 10**30


def number(text: str) -> Fraction | None:
    """The exact value of a decimal number of at most 30 digits a side; None for anything else.

    So has whatever `1e20` and the like stand for: written out, it can be read again.
    """
    if not _NUMBER.fullmatch(text):
        return None
    value = Fraction(text)
    return value if abs(value) < _MOST and _MOST % value.denominator == 0 else None


def short(text: str) -> str:
    """The text as a message quotes it: at most 60 characters."""
    return text if len(text) <= 60 else text[:57] + "…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest known word, with a leading space, or nothing."""
    near = difflib.get_close_matches(str(word)[:100], [str(k) for k in known], n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""


class Fields:
    """Reads the keys of one record, each with its type, and reports whatever does not fit.

    A reader never raises and never stops at the first fault: a key that is missing or of the wrong
    type is reported once and reads as its default. `done()` reports the keys nobody asked for.
    """

    def __init__(
        self,
        thing: object,
        report: Report,
        what: str,
        at: object = None,
        *,
        null_is_absent: bool = False,
    ) -> None:
        """`what` names the record in messages ("question `backups`"); `at` places missing keys.

        With `null_is_absent` a null or blank value is as good as no key; else it is a problem.
        """
        self.report, self.what, self.null_is_absent = report, what, null_is_absent
        self.at = place_of(thing) or (at if isinstance(at, Place) else place_of(at))
        self.record: Mapping[str, Any] = {}
        self._asked: dict[str, None] = {}
        self.usable = isinstance(thing, Mapping)
        if isinstance(thing, Mapping):
            self.record = thing
        else:
            report.error(
                "not-a-mapping", self.at, f"{what} must be a mapping of keys, each with its value."
            )

    def key(self, name: str) -> Text | None:
        """The key as it was written, which knows its own line."""
        return next((k for k in self.record if k == name and isinstance(k, Text)), None)

    def raw(self, name: str, *, required: bool = False) -> Any:
        """The value whatever it is; None where it is absent or null."""
        self._asked[name] = None
        value = self.record.get(name)
        if not is_null(value):
            return value
        if name in self.record and not (self.null_is_absent and not required):
            self.report.error(
                "no-value", self.key(name) or self.at, f"`{name}` has no value: write one."
            )
        elif required and self.usable:
            self.report.error("missing-key", self.at, f"{self.what} needs `{name}`.")
        return None

    def optional(self, name: str) -> Text | None:
        """A text, or None where the key is absent."""
        return self._text(name, required=False)

    def text(self, name: str) -> Text:
        """A text that must be there; empty where it is not."""
        return self._text(name, required=True) or Text("", self.at)

    def _text(self, name: str, *, required: bool) -> Text | None:
        value = self.raw(name, required=required)
        if value is None:
            return None
        if not isinstance(value, str):
            self.report.error("not-text", self.key(name), f"`{name}` must be a text.")
            return None
        if not value.strip():
            if self.null_is_absent and not required:
                return None
            self.report.error("no-value", self.key(name), f"`{name}` is empty: write its text.")
            return None
        return value if isinstance(value, Text) else Text(value)

    def word(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of `allowed`; the default (required where there is none) if it is not."""
        value = self._text(name, required=default is None)
        fallback = default if default is not None else next(iter(allowed))
        if value is None:
            return fallback
        if value not in allowed:
            self.report.error(
                "not-one-of",
                value,
                f"`{name}: {short(value)}` is not one of {', '.join(allowed)}."
                + did_you_mean(value, allowed),
            )
            return fallback
        return str(value)

    def whole(self, name: str, default: int | None = None, *, least: int = 1) -> int:
        """A whole number from `least` up, of at most nine digits."""
        value = self._text(name, required=default is None)
        fallback = default if default is not None else least
        if value is None:
            return fallback
        if not re.fullmatch(r"-?[0-9]{1,9}", value) or int(value) < least:
            self.report.error(
                "not-whole",
                value,
                f"`{name}: {short(value)}` must be a whole number from {least} up.",
            )
            return fallback
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """`true` or `false`."""
        return self.word(name, ("true", "false"), "true" if default else "false") == "true"

    def items(self, name: str, *, required: bool = False) -> Items:
        """A list; empty where it is absent or something else."""
        value = self.raw(name, required=required)
        if value is None:
            return Items()
        if not isinstance(value, list):
            self.report.error("not-a-list", self.key(name), f"`{name}` must be a list.")
            return Items()
        if not value and required:
            self.report.error("no-value", self.key(name), f"`{name}` is an empty list.")
        return value if isinstance(value, Items) else Items(value)

    def texts(self, name: str, *, required: bool = False) -> list[Text]:
        """A list of texts; what is no text is reported and left out."""
        found = []
        for value in self.items(name, required=required):
            if isinstance(value, str) and value.strip():
                found.append(value if isinstance(value, Text) else Text(value))
            else:
                self.report.error(
                    "not-text", place_of(value) or self.key(name), f"`{name}` must hold texts only."
                )
        return found

    def mapping(self, name: str, *, required: bool = False) -> Record:
        """A mapping; empty where it is absent or something else."""
        value = self.raw(name, required=required)
        if value is None:
            return Record()
        if not isinstance(value, Mapping):
            self.report.error(
                "not-a-mapping", self.key(name), f"`{name}` must be a mapping of keys."
            )
            return Record()
        if not value and required:
            self.report.error("no-value", self.key(name), f"`{name}` is empty: write its entries.")
        return value if isinstance(value, Record) else Record(value)

    def entries(self, name: str, *, required: bool = False) -> list[tuple[Text, Any]]:
        """The keys and values of a mapping; none where it is absent or something else."""
        return [
            (key if isinstance(key, Text) else Text(key), value)
            for key, value in self.mapping(name, required=required).items()
        ]

    def done(self) -> None:
        """Report every key that nobody asked for, with the nearest known one or a list of them."""
        for key in self.record:
            if key not in self._asked:
                near = did_you_mean(key, self._asked) or f" It may have {', '.join(self._asked)}."
                self.report.error(
                    "unknown-key",
                    place_of(key) or self.at,
                    f"{self.what} has no key `{short(key)}`.{near}",
                )
