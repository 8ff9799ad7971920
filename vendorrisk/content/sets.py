"""Reads triggers.yaml and across.yaml, their cases, and checks both against the library's sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, cast

from vendorrisk.conditions import (
    DONT_KNOW,
    STATES,
    Condition,
    State,
    Test,
    Value,
    may_hold,
    mentions,
    names,
    parse,
    passes,
)
from vendorrisk.content.packs import Library, NoSuchPack
from vendorrisk.content.questionnaires import digest_of
from vendorrisk.content.reading import display_name, read_yaml
from vendorrisk.document import (
    Fields,
    InvalidContent,
    Place,
    Problem,
    Record,
    Report,
    Text,
    did_you_mean,
    number,
)
from vendorrisk.questionnaire import Question
from vendorrisk.sets import (
    INTAKE,
    MOMENTS,
    Across,
    CrossRule,
    Trigger,
    TriggeredSet,
    Triggers,
    contradictions,
    suggest,
)

TRIGGERS, ACROSS = "triggers.yaml", "across.yaml"
CASES: Mapping[str, str] = {TRIGGERS: "triggers-cases.yaml", ACROSS: "across-cases.yaml"}
"""Beside each file the file of its cases."""

_TIERS = ("1", "2", "3", "4")


@dataclass(frozen=True, slots=True)
class SetCase:
    """A worked example: answers by set (triggers: all under one name), and the ids expected."""

    id: str
    answers: Mapping[str, Mapping[str, Value]]
    expect: frozenset[str]
    found: frozenset[str]
    reached: frozenset[str]
    place: Place | None

    @property
    def holds(self) -> bool:
        """Whether exactly what was expected was found."""
        return self.expect == self.found


def load_triggers(library: Library) -> Triggers:
    """What triggers each set; nothing where the library has no such file. Raises InvalidContent."""
    path = library.root / TRIGGERS
    report = Report(display_name(path))
    record = read_yaml(path, report) if path.is_file() else None
    found = None if record is None else read_triggers(record, library, report)
    report.raise_errors()
    return found or Triggers((), "")


def load_across(library: Library) -> Across:
    """The rules across sets; none where the library has no such file. Raises InvalidContent."""
    path = library.root / ACROSS
    report = Report(display_name(path))
    record = read_yaml(path, report) if path.is_file() else None
    found = None if record is None else read_across(record, library, report)
    report.raise_errors()
    return found or Across((), "")


# -- reading --------------------------------------------------------------------------------------


def read_triggers(record: Record, library: Library, report: Report) -> Triggers:
    """The triggers that a file states; every problem goes to `report`."""
    known = _questions(library)
    fields = Fields(record, report, "the triggers")
    fields.text("triggers")
    fields.whole("version")
    sets: list[TriggeredSet] = []
    for thing in fields.items("sets", required=True):
        one = Fields(thing, report, "a set")
        set_id = one.text("set")
        one.what = f"the set `{set_id}`"
        kind = one.word("kind", ("base", "addendum"))
        if set_id and set_id not in known:
            report.error(
                "unknown-set",
                set_id,
                f"There is no questionnaire `{set_id}`." + did_you_mean(set_id, known),
            )
        elif set_id == INTAKE:
            report.error("unknown-set", set_id, "The intake is always asked; nothing triggers it.")
        if set_id in {other.id for other in sets}:
            report.error("duplicate-id", set_id, f"The set `{set_id}` stands above already.")
        triggers = [
            trigger
            for each in one.items("triggers", required=True)
            if (trigger := _trigger(each, known, report)) is not None
        ]
        one.done()
        sets.append(
            TriggeredSet(
                str(set_id), cast('Literal["base", "addendum"]', str(kind)), tuple(triggers)
            )
        )
    fields.done()
    return Triggers(tuple(sets), digest_of(record))


def _trigger(
    thing: object, known: Mapping[str, Mapping[str, Question]], report: Report
) -> Trigger | None:
    fields = Fields(thing, report, "a trigger")
    name = fields.text("trigger")
    fields.what = f"the trigger `{name}`"
    when = parse(fields.raw("when", required=True), report)
    because = fields.text("because")
    fields.done()
    if when is None:
        return None
    everywhere = {key: q for questions in known.values() for key, q in questions.items()}
    _check_condition(when, everywhere, {"tier": _TIERS}, tuple(MOMENTS), fields, report)
    return Trigger(str(name), when, str(because))


def read_across(record: Record, library: Library, report: Report) -> Across:
    """The rules across sets that a file states; every problem goes to `report`."""
    known = _questions(library)
    fields = Fields(record, report, "the rules across sets")
    fields.text("across")
    fields.whole("version")
    rules: dict[str, CrossRule] = {}
    for thing in fields.items("rules", required=True):
        one = Fields(thing, report, "a rule")
        name = one.text("rule")
        one.what = f"the rule `{name}`"
        between = one.texts("between", required=True)
        when = parse(one.raw("when", required=True), report)
        because = one.text("because")
        one.done()
        for each in between:
            if each not in known:
                report.error(
                    "unknown-set",
                    each,
                    f"There is no questionnaire `{each}`." + did_you_mean(each, known),
                )
        if name in rules:
            report.error("duplicate-id", name, f"A rule `{name}` stands above already.")
        if when is None or any(each not in known for each in between):
            continue
        places = tuple(
            (each, next((str(s) for s in between if each in known[s]), "")) for each in names(when)
        )
        asked = {key: q for s in reversed(between) for key, q in known[s].items()}
        _check_condition(when, asked, {}, (), one, report)
        if len(between) < 2 or {place for _, place in places} < set(map(str, between)):
            report.error(
                "one-set-only",
                name,
                f"The rule `{name}` must look at an answer of each set in `between`, and name two "
                "sets at least; a rule within one set belongs into its rubric.",
            )
        rules.setdefault(
            str(name),
            CrossRule(str(name), tuple(map(str, between)), when, str(because), places),
        )
    fields.done()
    return Across(tuple(rules.values()), digest_of(record))


def _check_condition(
    when: Condition,
    asked: Mapping[str, Question],
    labels: Mapping[str, tuple[str, ...]],
    numbers: tuple[str, ...],
    fields: Fields,
    report: Report,
) -> None:
    """Every name and every choice must be there, and the condition must be able to hold."""
    at = fields.key("when") or fields.at
    before = len(report.errors)
    for name in names(when):
        if name not in asked and name not in labels and name not in numbers:
            report.error(
                "unknown-question",
                at,
                f"{fields.what[0].upper()}{fields.what[1:]} looks at `{name}`, which nobody is "
                f"asked." + did_you_mean(name, [*asked, *labels, *numbers]),
            )
    for name, value in mentions(when):
        choices = (
            labels[name]
            if name in labels
            else tuple(choice.id for choice in asked[name].choices)
            if name in asked
            else ()
        )
        if choices and value not in choices and value not in (*STATES, DONT_KNOW):
            report.error(
                "unknown-choice",
                at,
                f"`{name}` has no choice `{value}`." + did_you_mean(value, choices),
            )
    if len(report.errors) > before:
        return

    def attainable(name: str, test: Test) -> bool:
        return any(passes(test, value) for value in _values(name, asked, labels)) or (
            not asked[name].choices if name in asked else name in numbers
        )

    if not may_hold(when, lambda _: State.UNANSWERED, lambda _: True, attainable):
        report.error(
            "never-holds", at, f"No answers make {fields.what} hold: its conditions exclude it."
        )


def _values(
    name: str, asked: Mapping[str, Question], labels: Mapping[str, tuple[str, ...]]
) -> Iterator[Value]:
    """Whatever the answer to a question with choices can be."""
    yield State.UNANSWERED
    if name in labels:
        yield from labels[name]
    elif name in asked:
        question = asked[name]
        yield State.HIDDEN
        if question.dont_know:
            yield DONT_KNOW
        if question.not_applicable is not None:
            yield State.NOT_APPLICABLE
        ids = [choice.id for choice in question.choices]
        if question.answer == "many_of":
            yield frozenset(ids)
            yield from (frozenset((one,)) for one in ids)
        yield from ids


def _questions(library: Library) -> dict[str, dict[str, Question]]:
    """The questions of every usable set, by set and id."""
    found = {}
    for pack in library.usable():
        if pack.questionnaire is None:
            continue
        try:
            current = library.pack(pack.id).questionnaire
        except (InvalidContent, NoSuchPack):
            continue
        if current is not None:
            found[pack.id] = {question.id: question for question in current.questions}
    return found


# -- cases ----------------------------------------------------------------------------------------


def set_cases(library: Library, name: str, report: Report) -> tuple[SetCase, ...]:
    """The cases beside triggers.yaml or across.yaml, run; problems in them go to `report`.

    Raises InvalidContent where the file that they prove cannot be used.
    """
    path = library.root / CASES[name]
    if not path.is_file():
        return ()
    record = read_yaml(path, report)
    if record is None:
        return ()
    fields = Fields(record, report, "a file of cases")
    things = fields.items("cases")
    fields.done()
    if name == TRIGGERS:
        triggers = load_triggers(library)
        everything = _everything(library)
        return tuple(_trigger_case(thing, triggers, everything, report) for thing in things)
    across, known = load_across(library), _questions(library)
    return tuple(_across_case(thing, across, known, report) for thing in things)


def _trigger_case(
    thing: object, triggers: Triggers, questions: Mapping[str, Question], report: Report
) -> SetCase:
    fields, name = _case(thing, report)
    known = _replies(fields, "known", questions, report)
    expect = fields.texts("expect")
    fields.done()
    found = suggest(triggers, known)
    return SetCase(
        str(name),
        {"": known},
        frozenset(map(str, expect)),
        frozenset(one.set_id for one in found),
        frozenset(f"{one.set_id}/{held.id}" for one in found for held in one.triggers),
        name.place,
    )


def _across_case(
    thing: object, across: Across, known: Mapping[str, Mapping[str, Question]], report: Report
) -> SetCase:
    fields, name = _case(thing, report)
    given = Fields(fields.raw("answers", required=True), report, "`answers`", at=name)
    answers = {}
    for set_id in list(given.record):
        if set_id not in known:
            report.error("unknown-set", given.key(set_id), f"There is no set `{set_id}`.")
        answers[str(set_id)] = _replies(given, set_id, known.get(set_id, {}), report)
    expect = fields.texts("expect")
    fields.done()
    return SetCase(
        str(name),
        answers,
        frozenset(map(str, expect)),
        frozenset(one.rule for one in contradictions(across, answers)),
        frozenset(),
        name.place,
    )


def _case(thing: object, report: Report) -> tuple[Fields, Text]:
    fields = Fields(thing, report, "a case")
    name = fields.text("case")
    fields.what = f"case `{name}`"
    fields.text("says")
    return fields, name


def _everything(library: Library) -> dict[str, Question]:
    return {key: q for questions in _questions(library).values() for key, q in questions.items()}


def _replies(
    fields: Fields, name: str, asked: Mapping[str, Question], report: Report
) -> dict[str, Value]:
    inner = Fields(fields.raw(name, required=True), report, f"`{name}`", at=fields.at)
    found: dict[str, Value] = {}
    for key in list(inner.record):
        raw: Any = inner.raw(key)
        question = asked.get(key)
        if question is None and key not in (*MOMENTS, "tier"):
            report.error(
                "unknown-question",
                inner.key(key),
                f"Nobody is asked `{key}`." + did_you_mean(key, asked),
            )
        elif isinstance(raw, list):
            found[str(key)] = frozenset(str(value) for value in raw)
        elif raw in STATES:
            found[str(key)] = STATES[raw]
        elif key in MOMENTS or (question is not None and question.answer == "number"):
            found[str(key)] = number(str(raw)) or Fraction(0)
        else:
            found[str(key)] = str(raw)
        given = found.get(str(key))
        ticks = given if isinstance(given, frozenset) else {given}
        if question is not None and question.choices:
            ids = {choice.id for choice in question.choices} | {DONT_KNOW}
            for wrong in sorted(one for one in ticks if isinstance(one, str) and one not in ids):
                report.error("unknown-choice", raw, f"`{key}` has no choice `{wrong}`.")
    return found


def check_sets(library: Library, name: str) -> list[Problem]:
    """Every problem of triggers.yaml or across.yaml and of its cases."""
    report = Report(display_name(library.root / CASES[name]))
    try:
        cases = set_cases(library, name, report)
        wanted = list(_wanted(library, name))
    except InvalidContent as error:
        return list(error.problems)
    if report.errors:
        return report.errors
    place = Place(display_name(library.root / CASES[name]), 1)
    return [
        *case_problems(cases),
        *(
            Problem("not-reached", message, place)
            for message in (
                _triggers_not_reached(cases, wanted)
                if name == TRIGGERS
                else _rules_not_reached(cases, load_across(library))
            )
        ),
    ]


def case_problems(cases: tuple[SetCase, ...]) -> list[Problem]:
    """What cases expect and do not find, and find and do not expect."""
    return [
        Problem(
            "case-differs",
            f"Case `{case.id}` expects {_list(case.expect)}, and finds {_list(case.found)}.",
            case.place,
        )
        for case in cases
        if not case.holds
    ]


def _list(ids: frozenset[str]) -> str:
    return ", ".join(sorted(ids)) or "nothing"


def _wanted(library: Library, name: str) -> Iterator[str]:
    if name == TRIGGERS:
        for one in load_triggers(library).sets:
            yield from (f"{one.id}/{trigger.id}" for trigger in one.triggers)


def _triggers_not_reached(cases: tuple[SetCase, ...], wanted: list[str]) -> Iterator[str]:
    reached = frozenset().union(*(case.reached for case in cases))
    sets = {name.partition("/")[0] for name in wanted}
    for name in wanted:
        if name not in reached:
            set_id, _, trigger = name.partition("/")
            yield f"No case makes the trigger `{trigger}` of `{set_id}` hold."
    for set_id in sorted(sets):
        if cases and all(set_id in case.found for case in cases):
            yield f"No case leaves the set `{set_id}` out."


def _rules_not_reached(cases: tuple[SetCase, ...], across: Across) -> Iterator[str]:
    for rule in across.rules:
        if not any(rule.id in case.found for case in cases):
            yield f"No case makes the rule `{rule.id}` fire."
        silent = (
            case
            for case in cases
            if rule.id not in case.found
            and all(name in case.answers.get(place, {}) for name, place in rule.places)
        )
        if next(silent, None) is None:
            yield f"No case answers all that the rule `{rule.id}` looks at and leaves it silent."
