"""A submission: answers, evidence and review, checked; what is proven on a day; and its score."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from vendorrisk.conditions import DONT_KNOW, State, Value, names, read_day
from vendorrisk.document import (
    Fields,
    Record,
    Report,
    Text,
    did_you_mean,
    is_null,
    number,
    place_of,
    short,
    tree,
)
from vendorrisk.questionnaire import (
    AsksFor,
    Fact,
    Period,
    Question,
    Questionnaire,
    as_asked,
    pass_through,
)
from vendorrisk.scoring import (
    Assurance,
    FiredRule,
    Input,
    Rubric,
    Scorecard,
    Sheet,
    completion,
    score,
)
from vendorrisk.scoring.everyday import hiding_questions
from vendorrisk.scoring.expansion import LIFTED
from vendorrisk.scoring.scorecard import readable, said

CONTRADICTED = "contradicted"
_NUMERIC = re.compile(r"[-+.\d]+(e[-+]?\d+)?", re.IGNORECASE)
SCOPE_FIELDS = ("product", "environment", "entity")
LONGEST_TEXT = 10_000
"""Characters that one answer, note or reason may have."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its value (a state for "not applicable"), words beside it, and the ground given
    for "not applicable"."""

    value: Value
    note: str = ""
    ground: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: its kind, the questions it speaks to, its dates and its scope.

    `file_name` and `sha256` say which file it is; they never change a score.
    """

    id: str
    kind: str
    questions: tuple[str, ...]
    dated: date | None
    period_end: date | None
    scope: Mapping[str, str]
    file_name: str = ""
    sha256: str = ""

    @property
    def speaks_from(self) -> date:
        """The day its age runs from: the end of the period it covers, else its date."""
        day = self.period_end or self.dated
        if day is None:
            raise ValueError("evidence without a date is refused when it is read")
        return day


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer set for one question; `marks` are those a published method declares."""

    assurance: str | None = None
    not_applicable: str | None = None
    marks: Mapping[str, Value] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Lift:
    """That a knockout or cap was lifted: why, and who asked for it and granted it, if said."""

    reason: str
    asked_by: str = ""
    granted_by: str = ""


@dataclass(frozen=True)
class Submission:
    """Everything a score is computed from, checked; question codes have become ids."""

    answers: Mapping[str, Reply] = field(default_factory=dict)
    facts: Mapping[str, Value] = field(default_factory=dict)
    scope: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    review: Mapping[str, Review] = field(default_factory=dict)
    as_of: date | None = None
    lifted: Mapping[str, Lift] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The submission as plain data in the shape it is read from, ids for codes."""
        facts: dict[str, Any] = {name: _plain(value) for name, value in self.facts.items()}
        if self.scope:
            facts["scope"] = dict(self.scope)
        found: dict[str, Any] = {
            "answers": {name: stored_reply(reply) for name, reply in self.answers.items()},
            "facts": facts,
            "evidence": {item.id: _plain_evidence(item) for item in self.evidence.values()},
            "review": {name: _plain_review(review) for name, review in self.review.items()},
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }
        if self.lifted:
            found["lifted"] = {rule: _plain_lift(lift) for rule, lift in self.lifted.items()}
        return found

    def to_bytes(self) -> bytes:
        """`to_json` as canonical UTF-8: sorted keys, no spaces."""
        return json.dumps(
            self.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":")
        ).encode()

    @cached_property
    def digest(self) -> str:
        """`sha256:…` over the canonical bytes."""
        return "sha256:" + hashlib.sha256(self.to_bytes()).hexdigest()

    @property
    def values(self) -> dict[str, Value]:
        """Question → value, without notes."""
        return {name: reply.value for name, reply in self.answers.items()}


def _plain(value: Value) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Fraction):
        whole = value.denominator == 1
        return int(value) if whole else _decimal(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, State) else value


def _decimal(value: Fraction) -> str:
    """A fraction that was written as a decimal, as that decimal again."""
    places = next(n for n in range(1, 200) if (value * 10**n).denominator == 1)
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def stored_reply(reply: Reply) -> Any:
    """An answer as plain data, in the shape in which it is read and kept."""
    value: Any = reply.value
    if reply.ground:
        value = {"not_applicable": reply.ground}
    elif value == DONT_KNOW:
        value = {"dont_know": True}
    elif type(value) is not str:  # most are, and need nothing
        value = None if value is State.UNANSWERED else _plain(value)
    return {"value": value, "note": reply.note} if reply.note else value


def _plain_evidence(item: Evidence) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": item.kind, "for": list(item.questions)}
    if item.dated:
        found["dated"] = item.dated.isoformat()
    if item.period_end:
        found["period_end"] = item.period_end.isoformat()
    for name in ("file_name", "sha256"):
        if value := getattr(item, name):
            found[name] = value
    return found | ({"scope": dict(item.scope)} if item.scope else {})


def _plain_review(review: Review) -> dict[str, Any]:
    found: dict[str, Any] = {name: _plain(value) for name, value in review.marks.items()}
    for name in ("assurance", "not_applicable", "reason"):
        if value := getattr(review, name):
            found[name] = value
    return found


def _plain_lift(lift: Lift) -> dict[str, str]:
    parts = {"reason": lift.reason, "asked_by": lift.asked_by, "granted_by": lift.granted_by}
    return {name: value for name, value in parts.items() if value}


# -- reading --------------------------------------------------------------------------------------


def read_submission(
    data: object, questionnaire: Questionnaire | None, rubric: Rubric, report: Report
) -> Submission | None:
    """The submission that plain data or a tree holds; None where `report` then has an error.

    `questionnaire` is None for a published method, whose rubric declares what it reads. All
    problems are reported: unknown ids and choices, values of the wrong type, evidence without a
    date, a date to come, and facts that are needed and missing.
    """
    before = len(report.errors)
    reader = _SubmissionReader(questionnaire, rubric, report)
    submission = reader.read(tree(data))
    return submission if len(report.errors) == before else None


def read_reply(
    question: Question, data: object, report: Report, *, as_of: date | None = None
) -> Reply | None:
    """One answer as it travels (see `Submission`); None if it is empty or, with the reason
    reported, does not fit the question.

    `as_of` bounds the dates of a question that allows none to come.
    """
    thing = tree(data)
    note = ""
    if isinstance(thing, Record) and "value" in thing:
        fields = Fields(thing, report, f"the answer to `{question.id}`", null_is_absent=True)
        thing = fields.raw("value")
        note = _said(fields, "note")
        fields.done()
    reply = _reply(question, thing, report, as_of)
    if len(note) > LONGEST_TEXT:
        report.error(
            "too-long",
            place_of(data),
            f"The note to `{question.id}` has {len(note):,} characters; {LONGEST_TEXT:,} is the "
            "most.",
        )
        return None
    if reply is None:
        return Reply(State.UNANSWERED, note) if note else None
    return replace(reply, note=note) if note else reply


def _reply(question: Question, thing: Any, report: Report, as_of: date | None) -> Reply | None:
    if is_null(thing):
        return None
    if isinstance(thing, Record):
        return _stated(question, thing, report)
    if thing == DONT_KNOW and question.answer not in ("text",):
        return _stated(question, Record({Text(DONT_KNOW, thing.place): Text("true")}), report)
    if question.answer == "many_of":
        return _ticks(question, thing, report)
    if not isinstance(thing, Text):
        report.error("bad-answer", thing, f"`{question.id}` takes {_takes(question)}, not a list.")
        return None
    match question.answer:
        case "one_of":
            return _chosen(question, thing, report)
        case "number":
            return _counted(question, thing, report)
        case "date":
            return _dated(question, thing, report, as_of)
        case "text":
            if len(thing) > LONGEST_TEXT:
                report.error(
                    "too-long",
                    thing,
                    f"The answer to `{question.id}` has {len(thing):,} characters; "
                    f"{LONGEST_TEXT:,} is the most.",
                )
                return None
            return Reply(str(thing)) if thing.strip() else None
    raise AssertionError(question.answer)


def _takes(question: Question) -> str:
    return {
        "one_of": "one of its choices",
        "many_of": "a list of its choices",
        "number": "a number",
        "date": "a day, as 2026-01-31",
        "text": "a text",
    }[question.answer]


def _stated(question: Question, thing: Record, report: Report) -> Reply | None:
    """`{dont_know: true}` or `{not_applicable: ground}`."""
    before = len(report.errors)
    fields = Fields(thing, report, f"the answer to `{question.id}`")
    if DONT_KNOW in thing and len(thing) == 1:
        if fields.word(DONT_KNOW, ("true",)) and len(report.errors) > before:
            return None
        # A text may be this very word; written out it looks like the statement, and is read back.
        if not question.dont_know and question.answer != "text":
            report.error(
                "bad-answer",
                fields.key(DONT_KNOW),
                f"`{question.id}` does not offer “don't know”: leave it unanswered.",
            )
            return None
        return Reply(DONT_KNOW)
    if "not_applicable" in thing and len(thing) == 1:
        ground = _said(fields, "not_applicable", required=True)
        if question.not_applicable is None:
            report.error(
                "bad-answer",
                fields.key("not_applicable"),
                f"`{question.id}` always applies, so it cannot be “not applicable”.",
            )
        elif len(ground) > LONGEST_TEXT:
            key = fields.key("not_applicable")
            report.error("too-long", key, f"The ground given for `{question.id}` is too long.")
        return Reply(State.NOT_APPLICABLE, ground=ground) if len(report.errors) == before else None
    report.error(
        "bad-answer",
        thing,
        f"The answer to `{question.id}` must be {_takes(question)}, {{dont_know: true}} or "
        "{not_applicable: the ground}.",
    )
    return None


def _chosen(question: Question, thing: Text, report: Report) -> Reply | None:
    choice = question.choice(thing)
    if choice is None:
        known = [choice.id for choice in question.choices]
        report.error(
            "unknown-choice",
            thing,
            f"`{question.id}` has no choice `{short(thing)}`; it has {', '.join(known)}."
            + did_you_mean(thing, known),
        )
        return None
    return _choosing(choice.id)


@lru_cache(maxsize=4096)
def _choosing(choice: str) -> Reply:
    """The reply that is this choice and no more: one object for all submissions, as most answers
    are such, and what is the same object is compared in no time.
    """
    return Reply(choice)


def _ticks(question: Question, thing: Any, report: Report) -> Reply | None:
    if not isinstance(thing, list) or not all(isinstance(tick, Text) for tick in thing):
        report.error("bad-answer", thing, f"`{question.id}` takes {_takes(question)}.")
        return None
    chosen = [_chosen(question, tick, report) for tick in thing]
    if None in chosen or not thing:
        return None
    return Reply(frozenset(str(tick) for tick in thing))


def _counted(question: Question, thing: Text, report: Report) -> Reply | None:
    value = number(thing)
    low, high = (number(bound or "") for bound in (question.at_least, question.at_most))
    if value is None:
        message = f"`{question.id}` takes a number in plain digits, not `{short(thing)}`."
    elif question.whole and value.denominator != 1:
        message = f"`{question.id}` takes a whole number, not {thing}."
    elif low is not None and value < low:
        message = f"`{question.id}` takes a number from {question.at_least} up, not {thing}."
    elif high is not None and value > high:
        message = f"`{question.id}` takes a number up to {question.at_most}, not {thing}."
    else:
        return Reply(value)
    report.error("bad-answer", thing, message)
    return None


def _dated(question: Question, thing: Text, report: Report, as_of: date | None) -> Reply | None:
    value = read_day(thing)

    def bound(text: str | None) -> date | None:
        return as_of if text == "as_of" else read_day(text or "")

    low, high = bound(question.at_least), bound(question.at_most)
    if value is None:
        message = f"`{question.id}` takes a day, as 2026-01-31, not `{short(thing)}`."
    elif low is not None and value < low:
        message = f"`{question.id}` takes a day from {low} on, not {value}."
    elif high is not None and value > high:
        message = f"`{question.id}` takes a day up to {high}, not {value}."
    else:
        return Reply(value)
    report.error("bad-answer", thing, message)
    return None


class _SubmissionReader:
    """Reads one submission; knows what the questionnaire and the rubric declare."""

    def __init__(self, questionnaire: Questionnaire | None, rubric: Rubric, report: Report) -> None:
        self.questionnaire, self.rubric, self.report = questionnaire, rubric, report
        self.questions = questionnaire.by_name() if questionnaire else {}
        self.facts = {fact.id: fact for fact in questionnaire.facts} if questionnaire else {}
        inputs = rubric.inputs.values()
        asked = [item for item in inputs if item.source == "answers"]
        self.row_input = next((item for item in asked if item.per_row), None)
        rows = rubric.graph.rows
        self.rows = frozenset(rows.questions.values()) if self.row_input else frozenset[str]()
        self.left_out = rows.left_out if self.row_input else frozenset[str]()
        self.codes = rows.codes if self.row_input else {}
        self.inputs = {item.of or item.name: item for item in asked if not item.per_row}
        self.fact_inputs = {_fact_of(item): item for item in inputs if item.source == "facts"}
        self.marks = {item.mark or item.name: item for item in inputs if item.source == "review"}
        self.as_of: date | None = None

    def read(self, thing: Any) -> Submission:
        fields = Fields(thing, self.report, "a submission", null_is_absent=True)
        self.as_of = self.day(fields, "as_of")
        facts, scope = self.read_facts(fields)
        submission = Submission(
            answers=self.read_answers(fields),
            facts=facts,
            scope=scope,
            evidence=self.read_evidence(fields),
            review=self.read_review(fields),
            as_of=self.as_of,
            lifted=self.read_lifted(fields),
        )
        fields.done()
        return submission

    def name(self, key: Text, what: str) -> str | None:
        """The id of the question (or row, or input) that `key` calls by id or code."""
        if key in self.questions:
            return self.questions[key].id
        if key in self.inputs or key in self.rows or key in self.left_out:
            return str(key)
        if key in self.codes:
            return self.codes[key]
        known = [*self.questions, *self.inputs, *sorted(self.rows), *self.codes]
        self.report.error(
            "unknown-question",
            key,
            f"{what} names the question `{short(key)}`, which there is not."
            + did_you_mean(key, known),
        )
        return None

    def day(self, fields: Fields, name: str) -> date | None:
        text = fields.optional(name)
        if text is None:
            return None
        day = read_day(text)
        if day is None:
            self.report.error(
                "bad-date", text, f"`{name}: {short(text)}` is no day: write it as 2026-01-31."
            )
        return day

    def read_answers(self, fields: Fields) -> dict[str, Reply]:
        found: dict[str, Reply] = {}
        called: dict[str, str] = {}
        for key, value in fields.entries("answers"):
            name = self.name(key, "An answer")
            if name is None:
                continue
            if name in called:
                self.report.error(
                    "duplicate-answer",
                    key,
                    f"`{key}` and `{called[name]}` are the same question: answer it once.",
                )
            called[name] = str(key)
            reply = (
                read_reply(self.questions[name], value, self.report, as_of=self.as_of)
                if name in self.questions
                else self.input_value(self.input_of(name), key, value)
            )
            if reply is not None:
                found[name] = reply
        return found

    def input_of(self, name: str) -> Input:
        """What a method takes as the answer to one of its own; any text for a row it leaves out."""
        if name in self.inputs:
            return self.inputs[name]
        if self.row_input is None or name in self.left_out:
            return Input(name, "answers")
        return self.row_input

    def input_value(self, asked: Input, key: Text, thing: Any) -> Reply | None:
        """An answer to a method's own input; notes and states as for a question."""
        before = len(self.report.errors)
        note = ground = ""
        if isinstance(thing, Record) and "value" in thing:
            fields = Fields(thing, self.report, f"the answer to `{key}`", null_is_absent=True)
            thing, note = fields.raw("value"), _said(fields, "note")
            fields.done()
        if len(self.report.errors) > before:
            return None
        if isinstance(thing, Record) and [*thing] == ["not_applicable"]:
            fields = Fields(thing, self.report, f"the answer to `{key}`")
            ground = _said(fields, "not_applicable", required=True)
            thing = Text("not_applicable", place_of(thing))
        if max(len(note), len(ground), len(str(thing))) > LONGEST_TEXT:
            self.report.error(
                "too-long", key, f"The answer to `{key}` has more than {LONGEST_TEXT:,} characters."
            )
            return None
        if is_null(thing):
            return None
        try:
            return Reply(asked.read(thing), note, ground)
        except ValueError as error:
            self.report.error("bad-answer", key, f"`{key}`: {error}")
            return None

    def read_facts(self, fields: Fields) -> tuple[dict[str, Value], dict[str, str]]:
        found: dict[str, Value] = {}
        scope: dict[str, str] = {}
        before = len(self.report.errors)
        given = fields.entries("facts")
        for key, value in given:
            if key == "scope":
                scope = self.read_scope(value, key)
            elif is_null(value):
                continue
            elif key in self.facts:
                read = self.fact(self.facts[key], key, value)
                if read is not None:
                    found[str(key)] = read
            elif key in self.fact_inputs:
                read = self.fact_input(self.fact_inputs[key], key, value)
                if read is not None:
                    found[str(key)] = read
            else:
                self.report.error(
                    "unknown-fact",
                    key,
                    f"There is no fact `{short(key)}`."
                    + did_you_mean(key, [*self.facts, *self.fact_inputs, "scope"]),
                )
        if len(self.report.errors) == before:
            for name in needed_facts(self.questionnaire, self.rubric):
                if name not in found:
                    self.report.error(
                        "missing-fact",
                        fields.key("facts") or fields.at,
                        f"The fact `{name}` is missing, and the rubric or the questionnaire uses "
                        "it: add it to `facts`.",
                    )
        return found, scope

    def fact(self, fact: Fact, key: Text, value: Any) -> Value | None:
        if fact.many != isinstance(value, list) or isinstance(value, Record):
            shape = "a list of its choices" if fact.many else "one of its choices"
            self.report.error("bad-fact", key, f"The fact `{key}` takes {shape}.")
            return None
        chosen = [str(v) for v in value] if isinstance(value, list) else [str(value)]
        for choice in chosen:
            if choice not in fact.choices:
                self.report.error(
                    "bad-fact",
                    key,
                    f"`{short(choice)}` is not a choice of the fact `{key}`; it has "
                    f"{', '.join(fact.choices)}.",
                )
                return None
        if fact.many:
            return frozenset(chosen)
        return next(choice for choice in fact.choices if choice == chosen[0])

    def fact_input(self, asked: Input, key: Text, value: Any) -> Value | None:
        """A fact that the rubric itself declares."""
        try:
            read = asked.read(value)
        except ValueError as error:
            self.report.error("bad-fact", key, f"The fact `{key}`: {error}")
            return None
        if asked.listed_in is not None and isinstance(read, frozenset):
            for listed in sorted(read - self.rows):
                self.report.error(
                    "unknown-question",
                    key,
                    f"The fact `{key}` lists `{short(listed)}`, which there is not."
                    + did_you_mean(listed, self.rows),
                )
        return read

    def read_scope(self, thing: Any, at: Text) -> dict[str, str]:
        fields = Fields(thing, self.report, "a scope", at=at, null_is_absent=True)
        found = {name: str(text) for name in SCOPE_FIELDS if (text := fields.optional(name))}
        fields.done()
        return found

    def read_evidence(self, fields: Fields) -> dict[str, Evidence]:
        found: dict[str, Evidence] = {}
        entries = fields.entries("evidence")
        if entries and fields.raw("as_of") is None:
            self.report.error(
                "missing-key",
                fields.key("evidence"),
                "Evidence has an age, so a submission with evidence needs `as_of`, the day it is "
                "looked at.",
            )
        everyday = self.rubric.everyday
        kinds = everyday.assurance.evidence if everyday and everyday.assurance else {}
        known = {*kinds, *(self.questionnaire.evidence_kinds if self.questionnaire else ())}
        for key, value in entries:
            if is_null(value):
                continue
            item = Fields(
                value, self.report, f"evidence `{short(key)}`", at=key, null_is_absent=True
            )
            if not item.usable:
                continue
            kind = item.text("kind")
            if kind and kind not in known:
                self.report.error(
                    "unknown-evidence",
                    kind,
                    f"There is no kind of evidence `{short(kind)}` here."
                    + did_you_mean(kind, known),
                )
            names_ = [
                self.name(q, f"Evidence `{short(key)}`") for q in item.texts("for", required=True)
            ]
            dated, period_end = self.day(item, "dated"), self.day(item, "period_end")
            if dated is None and period_end is None:
                self.report.error(
                    "undated-evidence",
                    key,
                    f"Evidence `{short(key)}` needs a date: `dated`, or `period_end` where it "
                    "covers a period.",
                )
            for name, day in (("dated", dated), ("period_end", period_end)):
                if day and self.as_of and day > self.as_of:
                    self.report.error(
                        "date-to-come",
                        item.record[name],
                        f"`{name}: {day}` lies after {self.as_of}, the day it is looked at.",
                    )
            scope = item.raw("scope")
            file_name, sha256 = item.optional("file_name"), item.optional("sha256")
            item.done()
            found[str(key)] = Evidence(
                str(key),
                str(kind),
                tuple(dict.fromkeys(name for name in names_ if name)),
                dated,
                period_end,
                {} if scope is None else self.read_scope(scope, item.key("scope") or key),
                str(file_name or ""),
                str(sha256 or ""),
            )
        return found

    def read_review(self, fields: Fields) -> dict[str, Review]:
        found: dict[str, Review] = {}
        everyday = self.rubric.everyday
        levels = everyday.assurance.levels if everyday and everyday.assurance else ()
        for key, value in fields.entries("review"):
            if is_null(value):
                continue
            name = self.name(key, "A review")
            item = Fields(
                value, self.report, f"the review of `{short(key)}`", at=key, null_is_absent=True
            )
            assurance = not_applicable = None
            if everyday:
                assurance = _word_or_none(item, "assurance", (*levels, CONTRADICTED))
                not_applicable = _word_or_none(item, "not_applicable", ("approved", "rejected"))
            review = Review(
                assurance,
                not_applicable,
                {} if everyday else self.read_marks(item),
                _said(item, "reason"),
            )
            item.done()
            if name in found:
                self.report.error(
                    "duplicate-answer", key, f"`{key}` is reviewed twice, by id and by code."
                )
            if name:
                found[name] = review
        return found

    def read_lifted(self, fields: Fields) -> dict[str, Lift]:
        everyday = self.rubric.everyday
        rules = everyday.rules.values() if everyday else ()
        known = [rule.id for rule in rules if rule.effect != "clarify"]
        found: dict[str, Lift] = {}
        for key, value in fields.entries("lifted"):
            if is_null(value):
                continue
            if key not in known:
                self.report.error(
                    "unknown-rule",
                    key,
                    f"The rubric has no knockout or cap `{short(key)}` that could be lifted."
                    + did_you_mean(key, known),
                )
                continue
            what = f"the lifting of `{short(key)}`"
            item = Fields(value, self.report, what, at=key, null_is_absent=True)
            if not item.usable:
                continue
            found[str(key)] = Lift(
                _said(item, "reason", required=True),
                _said(item, "asked_by"),
                _said(item, "granted_by"),
            )
            item.done()
        return found

    def read_marks(self, item: Fields) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for mark, asked in self.marks.items():
            raw = item.raw(mark)
            if raw is not None:
                try:
                    found[mark] = asked.read(raw)
                except ValueError as error:
                    self.report.error("bad-review", item.key(mark), f"`{mark}`: {error}")
        return found


def _said(fields: Fields, name: str, *, required: bool = False) -> str:
    """What somebody said, which a bare number or `true` is not; empty where there is nothing."""
    text = fields.text(name) if required else fields.optional(name)
    if text is None:
        return ""
    if not text.quoted and (text in ("true", "false") or _NUMERIC.fullmatch(text)):
        fields.report.error(
            "not-text", fields.key(name), f"`{name}: {short(text)}` must be words, in quotes."
        )
        return ""
    return str(text)


def _word_or_none(fields: Fields, name: str, allowed: tuple[str, ...]) -> str | None:
    return None if fields.raw(name) is None else fields.word(name, allowed)


def _fact_of(item: Input) -> str:
    return item.listed_in or item.of or item.name


def needed_facts(questionnaire: Questionnaire | None, rubric: Rubric) -> tuple[str, ...]:
    """The facts without which a submission cannot be scored."""
    used = {
        _fact_of(item): None
        for item in rubric.inputs.values()
        if item.source == "facts" and item.default is None
    }
    if questionnaire:
        declared = {fact.id for fact in questionnaire.facts}
        for question in questionnaire.questions:
            if question.show_when is not None:
                used |= {n: None for n in names(question.show_when) if n in declared}
    return tuple(used)


# -- what is proven on a day ----------------------------------------------------------------------

EvidenceState = Literal["fresh", "stale", "too_old", "out_of_scope", "not_asked_for"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What one piece of evidence proves for one question on the day it is looked at.

    `level` is None where it counts for nothing. `choices` are those it speaks for (empty: any).
    `fresh_until` is the last day on which it is fresh; None where its kind never ages.
    """

    evidence: str
    question: str
    choices: tuple[str, ...]
    state: EvidenceState
    level: str | None
    fresh_until: date | None
    why: str


def standings(
    questionnaire: Questionnaire, rubric: Rubric, submission: Submission
) -> tuple[Standing, ...]:
    """What each piece of evidence proves for each question it is given for, in order.

    Fresh and in scope it supports the level of its kind; stale it drops by as many levels as the
    rubric says; too old it proves no more than the answer itself. A kind that the question does
    not ask for, or another scope, counts for nothing.
    """
    return tuple(
        _told(proof, questionnaire) for proof in _proofs(questionnaire, rubric, submission)
    )


class _Proof(NamedTuple):
    """What a standing says, before it is put into words.

    `full` is the level that the kind supports while fresh; `scope` the name of the scope field that
    differs, with the value of the evidence and the assessed one.
    """

    item: Evidence
    question: str
    choices: tuple[str, ...]
    state: EvidenceState
    level: str | None
    fresh_until: date | None
    full: str
    scope: tuple[str, str, str]


def _proofs(
    questionnaire: Questionnaire, rubric: Rubric, submission: Submission
) -> Iterator[_Proof]:
    """What each piece of evidence proves for each question that it is given for."""
    assurance = rubric.everyday.assurance if rubric.everyday else None
    if assurance is None or submission.as_of is None:
        return
    ageing = _Ageing(assurance, submission.as_of)
    for item in submission.evidence.values():
        supports = ageing.supports(item.kind)
        full = supports[0]
        elsewhere = _out_of_scope(item, submission)
        for name in item.questions:
            requests = questionnaire.requests[name].get(item.kind, ())
            if not requests or elsewhere is not None:
                state: EvidenceState = "out_of_scope" if requests else "not_asked_for"
                yield _Proof(item, name, (), state, None, None, full, elsewhere or _NOWHERE)
                continue
            for request in requests:
                validity = questionnaire.validity(item.kind, request)
                age = ageing.age(item.speaks_from, validity)
                until = None if validity is None else validity.after(item.speaks_from)
                yield _Proof(
                    item, name, request.choices, _AGES[age], supports[age], until, full, _NOWHERE
                )


_NOWHERE = ("", "", "")


def _out_of_scope(item: Evidence, submission: Submission) -> tuple[str, str, str] | None:
    for name, value in item.scope.items():
        assessed = submission.scope.get(name)
        if assessed is not None and assessed.strip().casefold() != value.strip().casefold():
            return name, value, assessed
    return None


def _told(proof: _Proof, questionnaire: Questionnaire) -> Standing:
    """A proof as a standing, with the sentence that says why."""
    kind = questionnaire.evidence_kinds.get(proof.item.kind)
    title = proof.item.kind if kind is None else kind.title
    level, until = readable(proof.level or ""), proof.fresh_until
    name, value, assessed = proof.scope
    why = {
        "not_asked_for": f"{title} is not among what this question asks for, so it counts for "
        "nothing.",
        "out_of_scope": f"{title} covers the {name} “{value}”, and “{assessed}” is assessed: out "
        "of scope, so it counts for nothing.",
        "fresh": f"{title}{f', fresh until {until}' if until else ''}: supports {level}.",
        "stale": f"{title} was fresh until {until} and is stale: supports {level} in place of "
        f"{readable(proof.full)}.",
        "too_old": f"{title} was fresh until {until} and is too old: supports {level} only.",
    }[proof.state]
    return Standing(
        proof.item.id, proof.question, proof.choices, proof.state, proof.level, until, why
    )


_AGES: tuple[EvidenceState, ...] = ("fresh", "stale", "too_old")


class _Ageing:
    """How evidence ages, as of a day; an age is a place in _AGES."""

    def __init__(self, assurance: Assurance, as_of: date) -> None:
        self.assurance, self.as_of = assurance, as_of
        # By identity, because many questions ask for one period and hashing it takes longer.
        self._first_days: dict[int, tuple[date, date]] = {}

    def supports(self, kind: str) -> tuple[str, str, str]:
        """The level that a kind of evidence supports at each age."""
        levels = self.assurance.levels
        full = self.assurance.evidence.get(kind, levels[0])
        dropped = levels.index(full) - self.assurance.stale_drops
        return full, levels[max(0, dropped)], levels[0]

    def age(self, start: date, validity: Period | None) -> int:
        """The age of what speaks from a day."""
        if validity is None:
            return 0
        first_days = self._first_days.get(id(validity))
        if first_days is None:
            first_days = self._first_days[id(validity)] = (
                validity.before(self.as_of),
                validity.before(self.as_of, self.assurance.stale_weakest_after),
            )
        fresh, stale = first_days
        return 0 if start >= fresh else 1 if start >= stale else 2


_NOTHING_ASKED = AsksFor((), {})
Levels = Mapping[str, str]
"""Choice → the level of assurance supported for it; "*" is every other choice."""


@lru_cache(maxsize=1024)
def _supported(asks: AsksFor, ranks: tuple[int, ...], levels: int) -> Mapping[str, int]:
    """Question → what evidence supports for it, of which `ranks` has a rank for each validity.

    Each of the question's `proven_choices` has a bit for each level up to the one supported, and
    none where this kind is not asked for. So the better of two is the union of their bits, and
    what each kind supports at each age is worked out once.
    """
    return {
        name: sum(
            (2 ** (1 + max(ranks[at] for at in places)) - 1) << levels * choice
            for choice, places in enumerate(by_choice)
            if places
        )
        for name, by_choice in asks.questions.items()
    }


@lru_cache(maxsize=8192)
def _levels(choices: tuple[str, ...], supported: int, order: tuple[str, ...]) -> Levels:
    """The level of each choice; none is below what is supported for every other."""
    each = 2 ** len(order) - 1
    ranks = {
        choice: (supported >> len(order) * at & each).bit_length() - 1
        for at, choice in enumerate(choices)
    }
    least = ranks.get("*", -1)
    return {choice: order[max(rank, least)] for choice, rank in ranks.items() if rank >= 0}


def supported_levels(
    questionnaire: Questionnaire, rubric: Rubric, submission: Submission
) -> dict[str, Levels]:
    """Question → choice → the best level of assurance supported for it; "*" is every other choice.

    A reviewer's level replaces what the evidence supports, for every choice.
    """
    assurance = rubric.everyday.assurance if rubric.everyday else None
    if assurance is None:
        return {}
    order = assurance.levels
    reviewed: dict[str, Levels] = {
        question: {"*": review.assurance}
        for question, review in submission.review.items()
        if review.assurance in order
    }
    if submission.as_of is None:
        return reviewed
    ageing = _Ageing(assurance, submission.as_of)
    best: dict[str, int] = {}
    for item in submission.evidence.values():
        if item.scope and _out_of_scope(item, submission) is not None:
            continue
        asks = questionnaire.asks_for.get(item.kind, _NOTHING_ASKED)
        at_age, start = ageing.supports(item.kind), item.speaks_from
        ranks = [order.index(at_age[ageing.age(start, one)]) for one in asks.validities]
        supported = _supported(asks, tuple(ranks), len(order))
        for name in item.questions:
            bits = supported.get(name)
            if bits:
                best[name] = best.get(name, 0) | bits
    proven = questionnaire.proven_choices
    found = {name: _levels(proven[name], bits, order) for name, bits in best.items()}
    return found | reviewed


# -- scoring --------------------------------------------------------------------------------------


def score_submission(
    questionnaire: Questionnaire | None, rubric: Rubric, submission: Submission
) -> Scorecard:
    """The scorecard of a submission, as of its own date.

    An everyday rubric also gets `low` and `high`: the overall results with the worst, and with the
    best, answer to every question that is asked and unanswered.
    """
    card = _score(questionnaire, rubric, submission)
    if submission.lifted:
        card = _told_of_lifting(card, questionnaire, rubric, submission)
    return replace(
        card, rules=tuple(_with_obligation(rule, rubric, submission) for rule in card.rules)
    )


def _told_of_lifting(
    card: Scorecard, questionnaire: Questionnaire | None, rubric: Rubric, submission: Submission
) -> Scorecard:
    """With why each rule was lifted and by whom, and `unlifted`, the overall result without."""
    told = []
    for rule in card.rules:
        if rule.lifted is not None:
            lift = submission.lifted[rule.id]
            lifted = replace(
                rule.lifted,
                reason=lift.reason,
                asked_by=lift.asked_by,
                granted_by=lift.granted_by,
            )
            told.append((rule, lifted))
    if not told:
        return card
    without = score(rubric, build_sheet(questionnaire, rubric, replace(submission, lifted={})))
    overall = card.results["overall"]
    why = [
        f"Lifted, though it would hold the score at {said(lifted.limit)}: {rule.because} Reason: "
        f"{lifted.reason}"
        for rule, lifted in told
    ]
    by_id = {rule.id: replace(rule, lifted=lifted) for rule, lifted in told}
    return replace(
        card,
        results={
            **card.results,
            "overall": replace(overall, why=(*why, *overall.why)),
            "unlifted": without.results["overall"],
        },
        rules=tuple(by_id.get(rule.id, rule) for rule in card.rules),
    )


def unsettled_for(
    questionnaire: Questionnaire, rubric: Rubric, submission: Submission, rule_id: str
) -> tuple[str, ...]:
    """The questions that a knockout or cap looks at, or that can hide those, without an answer to
    rely on: none, "don't know", not applicable without approval, or contradicted.

    While there are any, lifting the rule has no effect: what is not known could make it fire
    another way. Empty for a rule that the rubric does not have.
    """
    rule = rubric.everyday.rules.get(rule_id) if rubric.everyday else None
    asked = {question.id: question for question in questionnaire.questions}
    todo = [name for name in names(rule.when) if name in asked] if rule else []
    seen: dict[str, None] = {}
    while todo:
        name = todo.pop()
        if name not in seen:
            seen[name] = None
            todo += hiding_questions(asked[name], asked)
    values = submission.values
    return tuple(
        name
        for name, answer in as_asked(questionnaire, values, submission.facts).items()
        if name in seen
        and answer is not State.HIDDEN
        and _is_open(answer, submission.review.get(name, Review()))
    )


def _is_open(value: Value, review: Review) -> bool:
    return (
        value in (State.UNANSWERED, DONT_KNOW)
        or review.assurance == CONTRADICTED
        or (value is State.NOT_APPLICABLE and review.not_applicable != "approved")
    )


def _with_obligation(rule: FiredRule, rubric: Rubric, submission: Submission) -> FiredRule:
    """The rule with what it obliges to verify, dated where the submission says when day 0 was."""
    stated = rubric.everyday.rules.get(rule.id) if rubric.everyday else None
    if stated is None or stated.obligation is None or rule.lifted is not None:
        return rule
    obligation = stated.obligation
    reply = submission.answers.get(obligation.after) if obligation.after else None
    start = reply.value if reply is not None and isinstance(reply.value, date) else None
    return replace(
        rule,
        obligation=obligation.says,
        due=tuple((n, Period(n, "days").after(start) if start else None) for n in obligation.days),
    )


def _score(
    questionnaire: Questionnaire | None, rubric: Rubric, submission: Submission
) -> Scorecard:
    sheet = build_sheet(questionnaire, rubric, submission)
    if questionnaire is None or rubric.everyday is None:
        return score(rubric, sheet)
    settled, given = State.UNANSWERED, sheet.answers
    if all(given.get(question.id, settled) is not settled for question in questionnaire.questions):
        return score(rubric, sheet, ({}, {}))

    def end(*, worst: bool) -> dict[str, Value]:
        whole, _ = _completed(questionnaire, rubric, submission, sheet, worst=worst)
        return {name: value for name, value in whole.answers.items() if value != given.get(name)}

    return score(rubric, sheet, (end(worst=True), end(worst=False)))


def build_sheet(
    questionnaire: Questionnaire | None, rubric: Rubric, submission: Submission
) -> Sheet:
    """What the engine scores: answers with the hidden ones taken out, levels as of the date."""
    marks: dict[str, dict[str, Value]] = {}
    for question, review in submission.review.items():
        if review.assurance == CONTRADICTED:
            marks.setdefault("assurance", {})[question] = CONTRADICTED
        if review.not_applicable == "approved":
            marks.setdefault("not_applicable", {})[question] = "approved"
        for name, mark in review.marks.items():
            marks.setdefault(name, {})[question] = mark
    if questionnaire is not None:
        for rule in submission.lifted:
            if not unsettled_for(questionnaire, rubric, submission, rule):
                marks.setdefault("rule", {})[rule] = LIFTED
    digests = {"input": submission.digest}
    if questionnaire is None:
        left_out = rubric.graph.rows.left_out - rubric.inputs.keys()
        return Sheet(
            submission.values,
            submission.facts,
            marks,
            ignored=tuple(name for name in submission.answers if name in left_out),
            digests=digests,
        )
    answers = as_asked(questionnaire, submission.values, submission.facts)
    return Sheet(
        answers,
        submission.facts,
        marks,
        supported_levels(questionnaire, rubric, submission),
        tuple(
            name
            for name, answer in answers.items()
            if answer is State.HIDDEN and name in submission.answers
        ),
        digests | {"questionnaire": questionnaire.digest},
    )


def completed(
    questionnaire: Questionnaire,
    rubric: Rubric,
    submission: Submission,
    *,
    worst: bool,
    leave: Collection[str] = (),
) -> Submission:
    """The submission with the worst (or best) answer to every question asked and unanswered.

    A question that comes up because of such an answer is answered, too. Those in `leave` stay as
    they are, and so does a question that the rubric has no view on.
    """
    sheet = build_sheet(questionnaire, rubric, submission)
    _, replies = _completed(questionnaire, rubric, submission, sheet, worst=worst, leave=leave)
    return replace(submission, answers={**submission.answers, **replies})


def _completed(
    questionnaire: Questionnaire,
    rubric: Rubric,
    submission: Submission,
    sheet: Sheet,
    *,
    worst: bool,
    leave: Collection[str] = (),
) -> tuple[Sheet, dict[str, Reply]]:
    """The completed sheet, and the replies that were added."""
    replies: dict[str, Reply] = {}
    values = submission.values
    answers = dict(sheet.answers)
    sheet = replace(sheet, answers=answers)
    for question, asked in pass_through(questionnaire, values, submission.facts):
        name = question.id
        if not asked:
            answers[name] = State.HIDDEN
            continue
        answers[name] = values.get(name, State.UNANSWERED)
        if answers[name] is State.UNANSWERED and name not in leave:
            value = completion(rubric, sheet, name, worst=worst)
            if value is not State.UNANSWERED:
                answers[name] = values[name] = value
                replies[name] = Reply(value)
    return sheet, replies
