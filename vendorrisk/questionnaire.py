"""What is asked: questions, their answers and evidence, and which are visible for given answers."""

from __future__ import annotations

import calendar
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Literal

from vendorrisk.conditions import (
    DONT_KNOW,
    Condition,
    Holds,
    State,
    Test,
    Value,
    alternatives,
    bounds,
    holds,
    matcher,
    mentions,
    passes,
    read_day,
    read_number,
)

AnswerKind = Literal["one_of", "many_of", "number", "date", "text"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One option. Choices stand best first; `detail` asks for words beside it ("yes, except …")."""

    id: str
    says: str
    detail: str | None = None


_SHORTEST_MONTH = 28
_DAY = timedelta(days=1)


@lru_cache(maxsize=256)
def _length(count: int, unit: str, times: Fraction | int) -> tuple[int, int]:
    """`times` a length as whole months and days more."""
    length = count * times
    if unit == "days":
        return 0, int(length)
    whole = int(length)
    return whole, int((length - whole) * 30)


@dataclass(frozen=True, slots=True)
class Period:
    """A length in calendar months or in days; the day after its end is stale."""

    count: int
    unit: Literal["days", "months"]

    def after(self, start: date, times: Fraction | int = 1) -> date:
        """The last day of `times` this length from `start`; the 31st ends on a shorter month's end.

        Half a month, where `times` asks for one, is 15 days.
        """
        months, days = _length(self.count, self.unit, times)
        return _shifted(_moved(start, months), days)

    def before(self, end: date, times: Fraction | int = 1) -> date:
        """The first day from which `times` this length lasts until `end`, as from any later day."""
        return _first_day(self, times, end)

    def __str__(self) -> str:
        return f"{self.count} {self.unit[:-1] if self.count == 1 else self.unit}"


@lru_cache(maxsize=4096)
def _first_day(period: Period, times: Fraction | int, end: date) -> date:
    months, days = _length(period.count, period.unit, times)
    start = _moved(_shifted(end, -days), -months)
    # Months differ in length, so that it may be a few days off.
    while start > date.min and period.after(start - _DAY, times) >= end:
        start -= _DAY
    while period.after(start, times) < end:
        start += _DAY
    return start


def _moved(day: date, months: int) -> date:
    """The same day so many months on, or the last of a shorter month."""
    if not months:
        return day
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    if not date.min.year <= year <= date.max.year:
        return date.max if months > 0 else date.min
    last = day.day if day.day <= _SHORTEST_MONTH else calendar.monthrange(year, month)[1]
    return date(year, month, min(day.day, last))


def _shifted(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days) if days else day
    except OverflowError:
        return date.max if days > 0 else date.min


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """What would prove an answer: for which choices (empty: any), which kinds, how fresh."""

    choices: tuple[str, ...]
    kinds: tuple[str, ...]
    no_older_than: Period | None
    says: str | None = None


@dataclass(frozen=True, eq=False)
class AsksFor:
    """How a kind of evidence is asked for: how long it may stay fresh, and by which questions.

    `questions` has for each of a question's `proven_choices` the places of its validities: none
    where this kind is not asked for, several where it is asked for more than once.
    """

    validities: tuple[Period | None, ...]
    questions: Mapping[str, tuple[tuple[int, ...], ...]]


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    """A kind of evidence as a vendor sees it; `no_older_than` is its usual freshness."""

    id: str
    title: str
    help: str
    no_older_than: Period | None


@dataclass(frozen=True, slots=True)
class Question:
    """One thing asked. `not_applicable` is the ground on which it may not apply (None: never)."""

    id: str
    code: str | None
    ask: str
    help: str
    answer: AnswerKind
    choices: tuple[Choice, ...]
    minutes: int
    answered_by: str
    dont_know: bool
    not_applicable: str | None
    show_when: Condition | None
    evidence: tuple[EvidenceRequest, ...]
    maps_to: tuple[str, ...]
    at_least: str | None = None
    at_most: str | None = None
    unit: str | None = None
    whole: bool = False

    def choice(self, choice_id: str) -> Choice | None:
        """The choice of that id."""
        return next((choice for choice in self.choices if choice.id == choice_id), None)


def minutes_by_role(questions: Iterable[Question]) -> dict[str, int]:
    """Expected minutes by who answers (security, engineering, legal, business), most first."""
    found: dict[str, int] = {}
    for question in questions:
        found[question.answered_by] = found.get(question.answered_by, 0) + question.minutes
    return dict(sorted(found.items(), key=lambda item: -item[1]))


@dataclass(frozen=True, slots=True)
class Section:
    """Questions that are asked on one page."""

    id: str
    title: str
    intro: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known about the engagement before a vendor answers; conditions may use it."""

    id: str
    says: str
    choices: tuple[str, ...]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Needed:
    """What a way of showing a question needs of one name.

    `passed` tests its value; `attainable`: it is a question, and some answer to it passes.
    """

    name: str
    passed: Callable[[object], bool]
    attainable: bool


@dataclass(frozen=True)
class Questionnaire:
    """A whole questionnaire. `digest` pins exactly this content."""

    id: str
    version: int
    title: str
    purpose: str
    draft: bool
    answered_by: Literal["vendor", "officer"]
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    evidence_kinds: Mapping[str, EvidenceKind]
    digest: str
    questions: tuple[Question, ...] = field(init=False, repr=False, compare=False)
    """Every question, in the order asked."""

    def __post_init__(self) -> None:
        questions = tuple(question for section in self.sections for question in section.questions)
        object.__setattr__(self, "questions", questions)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The id of every question, in the order asked."""
        return tuple(question.id for question in self.questions)

    @cached_property
    def conditions(self) -> tuple[tuple[str, Condition], ...]:
        """The questions that are not always asked, in order, and when each is."""
        return tuple(
            (question.id, question.show_when)
            for question in self.questions
            if question.show_when is not None
        )

    @cached_property
    def requests(self) -> Mapping[str, Mapping[str, tuple[EvidenceRequest, ...]]]:
        """Question → kind of evidence → the requests that ask for it."""
        return {
            question.id: {
                kind: tuple(request for request in question.evidence if kind in request.kinds)
                for asked in question.evidence
                for kind in asked.kinds
            }
            for question in self.questions
        }

    def validity(self, kind: str, request: EvidenceRequest) -> Period | None:
        """How long a kind of evidence is fresh: as asked, else as usual; None: always."""
        usual = self.evidence_kinds.get(kind)
        asked = request.no_older_than
        return asked if asked is not None or usual is None else usual.no_older_than

    @cached_property
    def proven_choices(self) -> Mapping[str, tuple[str, ...]]:
        """Question → the choices that evidence is asked for; "*" is every other choice."""
        return {
            question.id: tuple(
                dict.fromkeys(
                    choice for asked in question.evidence for choice in asked.choices or ("*",)
                )
            )
            for question in self.questions
        }

    @cached_property
    def asks_for(self) -> Mapping[str, AsksFor]:
        """Kind of evidence → its validities, and which questions ask for it."""
        validities: dict[str, list[Period | None]] = {}
        asked: dict[str, dict[str, tuple[tuple[int, ...], ...]]] = {}
        for question, by_kind in self.requests.items():
            for kind, requests in by_kind.items():
                known = validities.setdefault(kind, [])
                places: dict[str, tuple[int, ...]] = {}
                for request in requests:
                    validity = self.validity(kind, request)
                    if validity not in known:
                        known.append(validity)
                    for choice in request.choices or ("*",):
                        places[choice] = (*places.get(choice, ()), known.index(validity))
                asked.setdefault(kind, {})[question] = tuple(
                    places.get(choice, ()) for choice in self.proven_choices[question]
                )
        return {kind: AsksFor(tuple(validities[kind]), asked[kind]) for kind in asked}

    @cached_property
    def ways_to_show(self) -> Mapping[str, tuple[tuple[Needed, ...], ...]]:
        """Question with a condition → the alternatives of the condition."""
        asked = {question.id: question for question in self.questions}
        return {
            question.id: tuple(
                tuple(
                    Needed(name, matcher(test), name in asked and can_pass(asked[name], test))
                    for name, test in alternative.items()
                )
                for alternative in alternatives(question.show_when)
            )
            for question in self.questions
            if question.show_when is not None
        }

    def by_name(self) -> dict[str, Question]:
        """Every question under its id, and under its code where it has one."""
        found = {question.code: question for question in self.questions if question.code}
        return found | {question.id: question for question in self.questions}


# Many questions ask for one period; they share one object, so that it is looked at once.
_period = lru_cache(Period)
_PERIOD = re.compile(r"([1-9][0-9]{0,3}) (day|month|year)s?")


def parse_period(text: str) -> Period | None:
    """`30 days`, `12 months` or `2 years` as a period; None for anything else."""
    found = _PERIOD.fullmatch(text.strip())
    if found is None:
        return None
    count = int(found[1])
    if found[2] == "day":
        return _period(count, "days")
    return _period(count * 12 if found[2] == "year" else count, "months")


# -- which questions are visible ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Visible:
    """Asked."""


_VISIBLE = Visible()


@dataclass(frozen=True, slots=True)
class HiddenByFact:
    """Not asked, whatever is answered: what is known of the engagement leaves it out."""


@dataclass(frozen=True, slots=True)
class HiddenByAnswer:
    """Not asked because of the answers (or silence) of the visible questions `by`."""

    by: tuple[str, ...]


Visibility = Visible | HiddenByFact | HiddenByAnswer

Answers = Mapping[str, Value]
"""Values by question id; an absent question is unanswered. "Don't know" is `dont_know`."""

Facts = Mapping[str, Value]


def visibility(
    questionnaire: Questionnaire, answers: Answers, facts: Facts
) -> dict[str, Visibility]:
    """For each question, in order, whether it is asked, and why not."""
    found: dict[str, Visibility] = {}
    seen: dict[str, Value] = dict(facts)
    for question, asked in pass_through(questionnaire, answers, facts):
        name = question.id
        seen[name] = answers.get(name, State.UNANSWERED) if asked else State.HIDDEN
        found[name] = _VISIBLE if asked else _hidden(questionnaire.ways_to_show[name], seen, found)
    return found


def as_asked(questionnaire: Questionnaire, answers: Answers, facts: Facts) -> dict[str, Value]:
    """For each question, in order, its answer as conditions and scores see it: hidden where it is
    not asked, unanswered where there is none.
    """
    # As in `pass_through`, but most questions are always asked, and need no look.
    found = {name: answers.get(name, State.UNANSWERED) for name in questionnaire.ids}

    def value_of(name: str) -> Value:
        value = found.get(name)
        return facts.get(name, State.UNANSWERED) if value is None else value

    for name, condition in questionnaire.conditions:
        if not holds(condition, value_of):
            found[name] = State.HIDDEN
    return found


def pass_through(
    questionnaire: Questionnaire, answers: Answers, facts: Facts
) -> Iterator[tuple[Question, bool]]:
    """Each question in order, with whether it is asked; an answer added meanwhile is seen later on.

    One pass is enough, because a condition sees facts and earlier questions only. The answer to a
    question that is itself hidden counts as `hidden`.
    """
    found: dict[str, bool] = {}

    def value_of(name: str) -> Value:
        asked = found.get(name)
        if asked is None:
            return facts.get(name, State.UNANSWERED)
        return answers.get(name, State.UNANSWERED) if asked else State.HIDDEN

    for question in questionnaire.questions:
        condition = question.show_when
        asked = found[question.id] = condition is None or holds(condition, value_of)
        yield question, asked


def _hidden(
    ways: Sequence[Sequence[Needed]], values: Mapping[str, Value], found: Mapping[str, Visibility]
) -> Visibility:
    """Why a condition does not hold: for good, or through which visible questions' answers."""

    def is_open(name: str) -> bool:
        return name in found and type(found[name]) is not HiddenByFact

    may_hold = False
    at_fault: dict[str, None] = {}
    for way in ways:
        failed = [one for one in way if not one.passed(values.get(one.name, State.UNANSWERED))]
        if all(one.attainable and is_open(one.name) for one in failed):
            may_hold = True
            for one in failed:
                cause = found[one.name]
                by = cause.by if isinstance(cause, HiddenByAnswer) else (one.name,)
                at_fault |= dict.fromkeys(by)
    if not may_hold:
        return HiddenByFact()
    return HiddenByAnswer(tuple(name for name in found if name in at_fault))


def can_pass(asked: Question | Fact, test: Test) -> bool:
    """Whether some answer to a question, or value of a fact, or its state, passes the test."""
    values = _fact_values(asked, test) if isinstance(asked, Fact) else telling_answers(asked, test)
    return any(passes(test, value) for value in values)


def _fact_values(fact: Fact, test: Test) -> Iterator[Value]:
    yield State.UNANSWERED
    yield from _ticks(fact.choices, test) if fact.many else fact.choices


def telling_answers(question: Question, test: Test) -> Iterator[Value]:
    """Answers, and states in their place, that stand for every way of meeting the test."""
    yield State.UNANSWERED
    if question.not_applicable is not None:
        yield State.NOT_APPLICABLE
    if question.show_when is not None:
        yield State.HIDDEN
    if question.dont_know:
        yield DONT_KNOW
    choices = tuple(choice.id for choice in question.choices)
    match question.answer:
        case "one_of":
            yield from choices
        case "many_of":
            yield from _ticks(choices, test)
        case "number":
            yield from _numbers_around(question, test)
        case "date":
            yield from _days_around(question, test)
        case "text":
            yield ""
            yield from written(test)


def _ticks(choices: tuple[str, ...], test: Test) -> Iterator[frozenset[str]]:
    named = set(written(test))
    told = [choice for choice in choices if choice in named][:8]
    other = [choice for choice in choices if choice not in named][:1]
    for size in range(len(told) + 1):
        for ticked in itertools.combinations(told, size):
            if ticked:  # nobody can tick nothing: that is no answer
                yield frozenset(ticked)
            yield from (frozenset((*ticked, one)) for one in other)


def written(test: Test) -> tuple[str, ...]:
    """The values that a test compares with for equality."""
    return tuple(value for _, value in mentions(Holds("", test)))


def _numbers_around(question: Question, test: Test) -> Iterator[Fraction]:
    least, most = (read_number(text or "") for text in (question.at_least, question.at_most))
    marks = [bound for bound in (*bounds(test), least, most) if isinstance(bound, Fraction)]
    step = Fraction(1) if question.whole else Fraction(1, 1000)
    for mark in marks or [Fraction(0)]:
        for number in (mark - step, mark, mark + step):
            if (least is None or number >= least) and (most is None or number <= most):
                yield number


def _days_around(question: Question, test: Test) -> Iterator[date]:
    least, most = (read_day(text or "") for text in (question.at_least, question.at_most))
    marks = [bound for bound in (*bounds(test), least, most) if isinstance(bound, date)]
    for mark in marks or [date(2000, 1, 1)]:
        for day in (_shifted(mark, -1), mark, _shifted(mark, 1)):
            if (least is None or day >= least) and (most is None or day <= most):
                yield day


# -- progress -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """How far one section is: questions asked and answered, and the minutes still expected."""

    id: str
    asked: int
    answered: int
    minutes_left: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a questionnaire is. `open` holds the ids of visible unanswered questions, in order.

    `wants_detail` holds those whose choice asks for words beside it that are not there yet.
    `minutes_by_team` sums the expected minutes of the open questions by whom they are for.
    """

    sections: tuple[SectionProgress, ...]
    open: tuple[str, ...]
    wants_detail: tuple[str, ...]
    minutes_by_team: Mapping[str, int]

    @property
    def asked(self) -> int:
        """How many questions are visible."""
        return sum(section.asked for section in self.sections)

    @property
    def answered(self) -> int:
        """How many visible questions are answered, "don't know" and "not applicable" included."""
        return sum(section.answered for section in self.sections)

    @property
    def minutes_left(self) -> int:
        """Expected minutes for the open questions."""
        return sum(section.minutes_left for section in self.sections)


def progress(
    questionnaire: Questionnaire,
    answers: Answers,
    facts: Facts,
    notes: Mapping[str, str] | None = None,
    seen: Mapping[str, Visibility] | None = None,
) -> Progress:
    """How far the answers are, counting visible questions only.

    `seen` is what `visibility` found for the same answers, where it is known already.
    """
    if seen is None:
        seen = visibility(questionnaire, answers, facts)
    words = notes or {}
    still_open, wants_detail, sections = [], [], []
    teams: dict[str, int] = {}
    for section in questionnaire.sections:
        asked = [q for q in section.questions if isinstance(seen[q.id], Visible)]
        unanswered = [q for q in asked if answers.get(q.id, State.UNANSWERED) is State.UNANSWERED]
        for question in unanswered:
            teams[question.answered_by] = teams.get(question.answered_by, 0) + question.minutes
        minutes = sum(question.minutes for question in unanswered)
        sections.append(
            SectionProgress(section.id, len(asked), len(asked) - len(unanswered), minutes)
        )
        still_open += [question.id for question in unanswered]
        wants_detail += [
            q.id
            for q in asked
            if not words.get(q.id, "").strip() and _asks_detail(q, answers.get(q.id))
        ]
    return Progress(tuple(sections), tuple(still_open), tuple(wants_detail), teams)


def _asks_detail(question: Question, value: Value | None) -> bool:
    for choice in question.choices:
        if choice.detail is not None:
            chosen = value if isinstance(value, frozenset) else (value,)
            if choice.id in chosen:
                return True
    return False
