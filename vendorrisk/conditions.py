"""The one boolean language: conditions over answers, facts and measures, and the values they meet.

A condition is a mapping whose entries all hold; a list means any of; `any` and `not` combine;
`at_least` and `at_most` compare. There are no expression strings and no arithmetic. Evaluation is
two-valued: a name without a value equals only the word for why it has none (`unanswered`, …).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

from vendorrisk.document import Report, is_null, number, place_of, plain, short


class State(Enum):
    """Why there is no value, from the weakest reason to the strongest (see `strength`)."""

    HIDDEN = "hidden"
    NOT_APPLICABLE = "not_applicable"
    UNANSWERED = "unanswered"
    INCONCLUSIVE = "inconclusive"
    NO_SCORE = "no_score"

    # Members are single objects, so identity is enough; Enum's own hash is several times slower.
    __hash__ = object.__hash__

    @property
    def strength(self) -> int:
        """Where several reasons meet, the one with the greatest strength is kept."""
        return _STRENGTH[self]


_STRENGTH = {state: rank for rank, state in enumerate(State)}
STATES: Mapping[str, State] = {state.value: state for state in State}
DONT_KNOW = "dont_know"
RESERVED = frozenset({*STATES, DONT_KNOW, "any", "not", "at_least", "at_most"})
"""Words that no question, fact, choice or measure may be called."""

Value = Fraction | date | str | frozenset[str] | State

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DEEPEST = 12
_MOST_ALTERNATIVES = 256


def read_number(text: str) -> Fraction | None:
    """The exact number that `text` writes (`3`, `-0.5`, `30%`), or None."""
    written = text.strip()
    if written.endswith("%"):
        share = number(written[:-1])
        return None if share is None else share / 100
    return number(written)


def read_day(text: str) -> date | None:
    """The day that `text` writes as YYYY-MM-DD, or None."""
    if not _DAY.fullmatch(text.strip()):
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Is:
    """Equal to one of the written values; for a many-of answer: one of them is ticked."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number or day no smaller than `bound`, written as `text`."""

    bound: Fraction | date
    text: str


@dataclass(frozen=True, slots=True)
class AtMost:
    """A number or day no greater than `bound`, written as `text`."""

    bound: Fraction | date
    text: str


@dataclass(frozen=True, slots=True)
class Isnt:
    """The opposite of `test`; true of a name without a value unless `test` names its state."""

    test: Test


@dataclass(frozen=True, slots=True)
class Every:
    """All of `tests`."""

    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of `tests` at least."""

    tests: tuple[Test, ...]


Test = Is | AtLeast | AtMost | Isnt | Every | Some


@dataclass(frozen=True)
class Holds:
    """The value called `name` passes `test`."""

    name: str
    test: Test

    @cached_property
    def passed(self) -> Callable[[object], bool]:
        """The test as a function of a value, made once."""
        return matcher(self.test)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part holds at least."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition


Condition = Holds | AllOf | AnyOf | Not


# -- reading ------------------------------------------------------------------------------------


def parse(data: object, report: Report) -> Condition | None:
    """Read a condition from a record, or a list of records (any of them).

    Problems go to `report`: condition-shape, condition-empty, condition-operator,
    condition-bound, condition-intricate. None when there was one. What an "or" says twice is
    warned of (condition-repeats).
    """
    before = len(report.errors)
    condition = _parse(data, report, 0)
    if condition is not None and len(report.errors) == before:
        try:
            alternatives(condition)
        except IntricateConditionError:
            report.error(
                "condition-intricate",
                data,
                f"this condition has more than {_MOST_ALTERNATIVES} alternatives; "
                "split it into several rules or measures.",
            )
    return condition if len(report.errors) == before else None


def _parse(data: object, report: Report, depth: int) -> Condition | None:
    if depth > _DEEPEST:
        report.error("condition-intricate", data, "conditions are nested too deeply; flatten them.")
        return None
    if isinstance(data, list):
        parts = [_parse(part, report, depth + 1) for part in data]
        if not parts:
            report.error("condition-empty", data, "an empty list of conditions never holds.")
            return None
        _warn_of_repeats(data, report)
        return _joined(AnyOf, parts)
    if not isinstance(data, Mapping):
        report.error(
            "condition-shape",
            data,
            "a condition is a mapping such as {question: choice}, or a list of such mappings.",
        )
        return None
    if not data:
        report.error("condition-empty", data, "an empty condition; name what must hold.")
        return None
    entries: list[Condition | None] = []
    for name, wanted in data.items():
        if name == "any":
            if isinstance(wanted, list):
                entries.append(_parse(wanted, report, depth + 1))
            else:
                report.error("condition-shape", name, "`any` takes a list of conditions.")
                entries.append(None)
        elif name == "not":
            part = _parse(wanted, report, depth + 1)
            entries.append(None if part is None else Not(part))
        elif name in _JOINS and isinstance(wanted, list) and any(map(_is_condition, wanted)):
            report.error("condition-shape", name, f"`{name}` joins no conditions: {_JOINS[name]}.")
            entries.append(None)
        else:
            test = _parse_test(wanted, report, depth + 1, name)
            entries.append(None if test is None else Holds(str(name), test))
    return _joined(AllOf, entries)


_ALL_HOLD = (
    "the entries of a mapping all hold anyway; what has alternatives in each part is a measure of "
    "its own, {all: […]}"
)
_JOINS = {"all": _ALL_HOLD, "and": _ALL_HOLD, "or": "write `any`, or a list of conditions"}


def _is_condition(data: object) -> bool:
    """Whether this compares names, not one value with bounds."""
    return isinstance(data, Mapping) and not {*data} & {"at_least", "at_most", "not"}


def _warn_of_repeats(listed: Sequence[object], report: Report) -> None:
    seen: set[str] = set()
    for one in listed:
        if (written := repr(plain(one))) in seen:
            said = f"`{short(one)}`" if isinstance(one, str) else "the same condition"
            report.warning(
                "condition-repeats",
                one if place_of(one) else listed,
                f"this list has {said} twice: leave one out, or write what was meant.",
            )
        seen.add(written)


def _joined(kind: type[AllOf] | type[AnyOf], parts: list[Condition | None]) -> Condition | None:
    known = tuple(part for part in parts if part is not None)
    if len(known) < len(parts):
        return None
    return known[0] if len(known) == 1 else kind(known)


def _parse_test(data: object, report: Report, depth: int, at: object) -> Test | None:
    if depth > _DEEPEST:
        report.error("condition-intricate", at, "conditions are nested too deeply; flatten them.")
        return None
    if is_null(data) and data is not None:
        report.error("condition-empty", data, "nothing stands here to compare with: write a value.")
        return None
    if isinstance(data, str):
        return Is((str(data),))
    if isinstance(data, list):
        if not data:
            report.error("condition-empty", data, "an empty list matches nothing.")
            return None
        _warn_of_repeats(data, report)
        if all(isinstance(value, str) for value in data):
            return Is(tuple(str(value) for value in data))
        return _several(Some, [_parse_test(value, report, depth + 1, at) for value in data])
    if not isinstance(data, Mapping) or not data:
        report.error(
            "condition-shape",
            data if isinstance(data, Mapping) else at,
            "compare with a value, a list of values, or {at_least: …}, {at_most: …}, {not: …}.",
        )
        return None
    tests: list[Test | None] = []
    for operator, wanted in data.items():
        if operator == "not":
            test = _parse_test(wanted, report, depth + 1, operator)
            tests.append(None if test is None else Isnt(test))
        elif operator in ("at_least", "at_most"):
            bound = _read_bound(wanted)
            if bound is None:
                report.error(
                    "condition-bound",
                    wanted if isinstance(wanted, str) else operator,
                    f"`{operator}` takes a number or a day written YYYY-MM-DD.",
                )
                tests.append(None)
            else:
                tests.append((AtLeast if operator == "at_least" else AtMost)(bound, str(wanted)))
        else:
            report.error(
                "condition-operator",
                operator,
                f"`{operator}` is no comparison; there are at_least, at_most and not.",
            )
            tests.append(None)
    return _several(Every, tests)


def _read_bound(data: object) -> Fraction | date | None:
    if not isinstance(data, str):
        return None
    bound = read_number(data)
    return read_day(data) if bound is None else bound


def _several(kind: type[Every] | type[Some], tests: list[Test | None]) -> Test | None:
    known = tuple(test for test in tests if test is not None)
    if len(known) < len(tests):
        return None
    return known[0] if len(known) == 1 else kind(known)


# -- evaluating ---------------------------------------------------------------------------------


def holds(condition: Condition, value_of: Callable[[str], Value]) -> bool:
    """Whether `condition` is true, where `value_of` gives the value or state of a name."""
    # Asked for every question of every sheet, and `match` takes three times as long.
    if isinstance(condition, Holds):
        return condition.passed(value_of(condition.name))
    if isinstance(condition, Not):
        return not holds(condition.part, value_of)
    every = isinstance(condition, AllOf)
    for part in condition.parts:
        if holds(part, value_of) is not every:
            return not every
    return every


def passes(test: Test, value: Value) -> bool:
    """Whether one value passes one test."""
    return matcher(test)(value)


@lru_cache(maxsize=4096)
def matcher(test: Test) -> Callable[[object], bool]:
    """`test` as a function of a value, for those who ask it often. A whole number may be an int."""
    match test:
        case Is(values):
            return _equality(values)
        case AtLeast(bound):
            return lambda value: (
                (found := _comparable(value, bound)) is not None and found >= bound  # type: ignore[operator]
            )
        case AtMost(bound):
            return lambda value: (
                (found := _comparable(value, bound)) is not None and found <= bound  # type: ignore[operator]
            )
        case Isnt(inner):
            opposite = matcher(inner)
            return lambda value: not opposite(value)
        case Every(tests):
            every = [matcher(inner) for inner in tests]
            return lambda value: all(passed(value) for passed in every)
        case Some(tests):
            some = [matcher(inner) for inner in tests]
            return lambda value: any(passed(value) for passed in some)


def meant(written: str) -> frozenset[Value]:
    """Every value that a written word equals: a state, or the label, number and day it reads as.

    A many-of answer equals the word where the word is among its ticks.
    """
    if written in STATES:
        return frozenset((STATES[written],))
    read = (written, read_number(written), read_day(written))
    return frozenset(value for value in read if value is not None)


def _equality(written: tuple[str, ...]) -> Callable[[object], bool]:
    accepted: frozenset[object] = frozenset().union(*(meant(word) for word in written))

    if all(isinstance(value, State) for value in accepted):
        # Most values are none, and need not be hashed to know it.
        return lambda value: type(value) is State and value in accepted

    def equal(value: object) -> bool:
        if type(value) is frozenset:
            return not accepted.isdisjoint(value)
        return value in accepted

    return equal


def _comparable(value: object, bound: Fraction | date) -> Fraction | int | date | None:
    # A label such as a tier's "2" may be compared with a number, so it is read as one.
    if isinstance(value, str):
        return read_number(value) if isinstance(bound, Fraction) else read_day(value)
    kind = (Fraction, int) if isinstance(bound, Fraction) else date
    return value if isinstance(value, kind) else None


def may_hold(
    condition: Condition,
    value_of: Callable[[str], Value],
    is_open: Callable[[str], bool],
    attainable: Callable[[str, Test], bool] = lambda name, test: True,
) -> bool:
    """Whether `condition` could hold for some values of the names that are still open.

    `attainable(name, test)` tells whether any value of an open name passes the test.
    """
    return any(
        all(
            attainable(name, test) if is_open(name) else passes(test, value_of(name))
            for name, test in alternative.items()
        )
        for alternative in alternatives(condition)
    )


# -- looking into a condition -------------------------------------------------------------------


def names(condition: Condition) -> tuple[str, ...]:
    """The names that `condition` reads, each once, in the order written."""
    return tuple(dict.fromkeys(name for name, _ in _atoms(condition)))


def mentions(condition: Condition) -> tuple[tuple[str, str], ...]:
    """The pairs (name, written value) that `condition` compares for equality, each once."""
    return tuple(
        dict.fromkeys((name, value) for name, test in _atoms(condition) for value in _written(test))
    )


def atoms(condition: Condition) -> tuple[tuple[str, Test], ...]:
    """The pairs (name, test) of `condition`, in the order written."""
    return tuple(_atoms(condition))


def bounds(test: Test) -> tuple[Fraction | date, ...]:
    """The numbers and days that `test` compares with."""
    match test:
        case AtLeast(bound) | AtMost(bound):
            return (bound,)
        case Isnt(inner):
            return bounds(inner)
        case Every(inners) | Some(inners):
            return tuple(bound for inner in inners for bound in bounds(inner))
        case Is(values):
            read = (_read_bound(value) for value in values)
            return tuple(value for value in read if value is not None)


def _atoms(condition: Condition) -> Iterator[tuple[str, Test]]:
    match condition:
        case Holds(name, test):
            yield name, test
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _atoms(part)
        case Not(part):
            yield from _atoms(part)


def _written(test: Test) -> Iterator[str]:
    match test:
        case Is(values):
            yield from values
        case Isnt(inner):
            yield from _written(inner)
        case Every(inners) | Some(inners):
            for inner in inners:
                yield from _written(inner)


class IntricateConditionError(Exception):
    """The condition has too many alternatives to be looked at one by one."""


def alternatives(condition: Condition) -> tuple[Mapping[str, Test], ...]:
    """The condition as a list of alternatives; one holds when every name in it passes its test.

    All that one alternative asks of a name is one test, so whether an alternative can be met is
    decided name by name. Raises IntricateConditionError, which `parse` rules out.
    """
    return tuple(_alternatives(condition, wanted=True))


def _alternatives(condition: Condition, *, wanted: bool) -> list[dict[str, Test]]:
    match condition:
        case Holds(name, test):
            return [{name: test if wanted else Isnt(test)}]
        case Not(part):
            return _alternatives(part, wanted=not wanted)
        case AllOf(parts) | AnyOf(parts):
            expanded = [_alternatives(part, wanted=wanted) for part in parts]
            if isinstance(condition, AnyOf) == wanted:
                merged = [alternative for one in expanded for alternative in one]
            else:
                merged = [{}]
                for one in expanded:
                    merged = [_both(left, right) for left in merged for right in one]
                    if len(merged) > _MOST_ALTERNATIVES:
                        raise IntricateConditionError
            if len(merged) > _MOST_ALTERNATIVES:
                raise IntricateConditionError
            return merged


def _both(left: Mapping[str, Test], right: Mapping[str, Test]) -> dict[str, Test]:
    joined = dict(left)
    for name, test in right.items():
        joined[name] = Every((joined[name], test)) if name in joined else test
    return joined


# -- reading aloud ------------------------------------------------------------------------------


def _as_written(name: str, value: str | None) -> str:
    return name if value is None else value


def read_aloud(condition: Condition, say: Callable[[str, str | None], str] = _as_written) -> str:
    """The condition as a phrase. `say(name, None)` words a name, `say(name, value)` a value."""
    match condition:
        case Holds(name, test):
            return f"{say(name, None)} is {_test_aloud(test, name, say)}"
        case AllOf(parts):
            return " and ".join(_bracketed(part, say) for part in parts)
        case AnyOf(parts):
            return " or ".join(_bracketed(part, say) for part in parts)
        case Not(part):
            return f"it is not so that {_bracketed(part, say)}"


def _bracketed(condition: Condition, say: Callable[[str, str | None], str]) -> str:
    phrase = read_aloud(condition, say)
    return phrase if isinstance(condition, Holds) else f"({phrase})"


_STATE_ALOUD = {
    "hidden": "not asked",
    "not_applicable": "not applicable",
    "unanswered": "unanswered",
    "inconclusive": "inconclusive",
    "no_score": "without a score",
    DONT_KNOW: "“don't know”",
}


def _test_aloud(test: Test, name: str, say: Callable[[str, str | None], str]) -> str:
    match test:
        case Is(values):
            return " or ".join(_STATE_ALOUD.get(value) or say(name, value) for value in values)
        case AtLeast(_, text):
            return f"at least {text}"
        case AtMost(_, text):
            return f"at most {text}"
        case Isnt(AtLeast(_, text)):
            return f"not at least {text}"
        case Isnt(inner):
            return f"not {_test_aloud(inner, name, say)}"
        case Every(inners):
            return " and ".join(_test_aloud(inner, name, say) for inner in inners)
        case Some(inners):
            return " or ".join(_test_aloud(inner, name, say) for inner in inners)


# -- writing ------------------------------------------------------------------------------------


def as_data(condition: Condition) -> dict[str, Any] | list[Any]:
    """The condition as the mapping or list it could have been read from."""
    match condition:
        case Holds(name, test):
            return {name: _test_as_data(test)}
        case AnyOf(parts):
            return [as_data(part) for part in parts]
        case Not(part):
            return {"not": as_data(part)}
        case AllOf(parts):
            written = [as_data(part) for part in parts]
            return _merged([{"any": one} if isinstance(one, list) else one for one in written])


def _test_as_data(test: Test) -> Any:
    match test:
        case Is(values):
            return values[0] if len(values) == 1 else list(values)
        case AtLeast(_, text):
            return {"at_least": text}
        case AtMost(_, text):
            return {"at_most": text}
        case Isnt(inner):
            return {"not": _test_as_data(inner)}
        case Some(inners):
            return [_test_as_data(inner) for inner in inners]
        case Every(inners):
            written = [_test_as_data(inner) for inner in inners]
            return _merged(
                [one if isinstance(one, dict) else {"not": {"not": one}} for one in written]
            )


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """One mapping in which all of the parts hold; two parts may share a key."""
    merged: dict[str, Any] = {}
    for part in parts:
        if merged.keys() & part.keys():
            return {"not": [{"not": one} for one in parts]}
        merged |= part
    return merged
