"""Reads questionnaire.yaml and the catalogue of evidence into the core's dataclasses, checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from vendorrisk import conditions
from vendorrisk.conditions import Condition
from vendorrisk.document import (
    Fields,
    Record,
    Report,
    Text,
    did_you_mean,
    number,
    plain,
    walk,
)
from vendorrisk.questionnaire import (
    Choice,
    EvidenceKind,
    EvidenceRequest,
    Fact,
    Period,
    Question,
    Questionnaire,
    Section,
    can_pass,
    parse_period,
    written,
)

ANSWER_KINDS = ("one_of", "many_of", "number", "date", "text")
TEAMS = ("security", "engineering", "legal", "business")

_ID = re.compile(r"[a-z][a-z0-9_]{0,59}")
_CODE = re.compile(r"[A-Z]{1,6}[0-9]{1,4}")
_CONTROL = re.compile(r"[a-z0-9][a-z0-9.\-]*:\S+")
_BARE = re.compile(r"yes|no|on|off|true|false|y|n|null|~", re.IGNORECASE)
_RESERVED = conditions.RESERVED | {"else"}


def digest_of(thing: object) -> str:
    """`sha256:…` over the content of a tree: every key, value and their order; not the layout."""
    text = json.dumps(plain(thing), ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def read_evidence_kinds(record: Record, report: Report) -> dict[str, EvidenceKind]:
    """The kinds of evidence of a catalogue, by id."""
    fields = Fields(record, report, "the catalogue of evidence")
    kinds = {}
    for key, value in fields.entries("kinds", required=True):
        _check_id(key, "A kind of evidence", report)
        kind = Fields(value, report, f"the kind `{key}`", at=key)
        kinds[str(key)] = EvidenceKind(
            id=str(key),
            title=str(kind.text("title")),
            help=str(kind.optional("help") or ""),
            no_older_than=_period(kind, "no_older_than"),
        )
        kind.done()
    fields.done()
    return kinds


def read_questionnaire(
    record: Record, kinds: Mapping[str, EvidenceKind], report: Report
) -> Questionnaire | None:
    """The questionnaire a file holds; None where a problem was found, with all of them reported.

    `kinds` are the kinds of evidence it may accept. The digest covers the file's content and the
    kinds it uses.
    """
    before = len(report.errors)
    return _Reader(kinds, report).read(record, before)


def _period(fields: Fields, name: str) -> Period | None:
    text = fields.optional(name)
    if text is None:
        return None
    period = parse_period(text)
    if period is None:
        fields.report.error(
            "bad-period",
            text,
            f"`{name}: {text}` is no period: write it as `12 months` or `30 days`.",
        )
    return period


def _check_id(key: str, what: str, report: Report) -> None:
    if not _ID.fullmatch(key):
        report.error(
            "bad-id",
            key,
            f"{what} is called `{key}`: use small letters, digits and _ (at most 60), "
            "beginning with a letter.",
        )
    elif key in _RESERVED:
        report.error("reserved-word", key, f"`{key}` has a meaning of its own: use another word.")


class _Reader:
    """Reads one questionnaire from top to bottom; knows the questions that stand above."""

    def __init__(self, kinds: Mapping[str, EvidenceKind], report: Report) -> None:
        self.kinds, self.report = kinds, report
        self.facts: dict[str, Fact] = {}
        self.questions: dict[str, Question] = {}
        self.sections: set[str] = set()
        self.codes: dict[str, str] = {}
        self.all_ids: frozenset[str] = frozenset()

    def read(self, record: Record, before: int) -> Questionnaire | None:
        report = self.report
        fields = Fields(record, report, "a questionnaire")
        name = fields.text("questionnaire")
        version = fields.whole("version")
        status = fields.word("status", ("draft", "published"))
        title, purpose = fields.text("title"), fields.text("purpose")
        answered_by = fields.word("answered_by", ("vendor", "officer"))
        for key, value in fields.entries("facts"):
            self.fact(key, value)
        sections = fields.items("sections", required=True)
        fields.done()
        self.all_ids = frozenset(_question_ids(sections))
        read = tuple(section for thing in sections if (section := self.section(thing)))
        if len(report.errors) > before:
            return None
        used = {
            kind: self.kinds[kind]
            for question in self.questions.values()
            for request in question.evidence
            for kind in request.kinds
        }
        return Questionnaire(
            id=str(name),
            version=version,
            title=str(title),
            purpose=str(purpose),
            draft=status == "draft",
            answered_by="officer" if answered_by == "officer" else "vendor",
            facts=tuple(self.facts.values()),
            sections=read,
            evidence_kinds=used,
            digest=digest_of([record, [_kind_content(used[kind]) for kind in sorted(used)]]),
        )

    @property
    def asked(self) -> dict[str, Question | Fact]:
        """What a condition at this point may use."""
        return {**self.facts, **self.questions}

    def fact(self, key: Text, value: object) -> None:
        _check_id(key, "A fact", self.report)
        fields = Fields(value, self.report, f"the fact `{key}`", at=key)
        says = fields.text("says")
        many = "many_of" in fields.record
        choices = fields.texts("many_of" if many else "one_of", required=True)
        for choice in choices:
            self.bare(choice, "choice")
        fields.done()
        self.facts[str(key)] = Fact(str(key), str(says), tuple(map(str, choices)), many)

    def section(self, thing: object) -> Section | None:
        fields = Fields(thing, self.report, "a section")
        name = fields.text("section")
        if name:
            _check_id(name, "A section", self.report)
            if name in self.sections:
                self.report.error("duplicate-id", name, f"A section `{name}` stands above already.")
            self.sections.add(str(name))
            fields.what = f"section `{name}`"
        title, intro = fields.text("title"), fields.optional("intro")
        questions = [self.question(q) for q in fields.items("questions", required=True)]
        fields.done()
        return Section(str(name), str(title), str(intro or ""), tuple(q for q in questions if q))

    def question(self, thing: object) -> Question | None:
        report = self.report
        fields = Fields(thing, report, "a question")
        name = fields.text("id")
        if not fields.usable:
            return None
        if name:
            fields.what = f"question `{name}`"
            _check_id(name, "A question", report)
            self.register(name)
        kind = fields.word("answer", ANSWER_KINDS)
        listed = kind in ("one_of", "many_of")
        choices = self.choices(fields) if listed else ()
        if not listed:
            for key in ("choices", "dont_know"):
                if key in fields.record:
                    report.error(
                        "unknown-key",
                        fields.key(key),
                        f"`{key}` belongs to one_of and many_of; {fields.what} asks for a {kind}.",
                    )
                    fields.raw(key)
        bounds = self.bounds(fields, kind)
        condition = fields.raw("show_when")
        question = Question(
            id=str(name),
            code=self.code(fields, name),
            ask=str(fields.text("ask")),
            help=str(fields.optional("help") or ""),
            answer=kind,  # type: ignore[arg-type]  # `word` has checked it
            choices=choices,
            minutes=fields.whole("minutes", 3),
            answered_by=fields.word("answered_by", TEAMS, "security"),
            dont_know=fields.flag("dont_know", True) if listed else False,
            not_applicable=_str(fields.optional("not_applicable")),
            show_when=None if condition is None else self.show_when(condition, name),
            evidence=tuple(self.request(r, choices, listed) for r in fields.items("evidence")),
            maps_to=self.controls(fields),
            **bounds,
        )
        fields.done()
        if name:
            self.questions.setdefault(str(name), question)
        return question

    def register(self, name: Text) -> None:
        """Report an id that an earlier question, code or fact has."""
        taken = (
            "an earlier question"
            if name in self.questions
            else "a fact"
            if name in self.facts
            else None
        )
        if taken:
            self.report.error("duplicate-id", name, f"`{name}` is the id of {taken} already.")

    def code(self, fields: Fields, name: str) -> str | None:
        code = fields.optional("code")
        if code is None:
            return None
        if not _CODE.fullmatch(code):
            self.report.error(
                "bad-code", code, f"The code `{code}` must be capitals and a number, as in CR1."
            )
        if code in self.codes:
            self.report.error(
                "duplicate-code",
                code,
                f"The code `{code}` belongs to question `{self.codes[code]}` already.",
            )
        self.codes.setdefault(str(code), str(name))
        return str(code)

    def choices(self, fields: Fields) -> tuple[Choice, ...]:
        read = []
        for key, value in fields.entries("choices", required=True):
            self.bare(key, "choice")
            _check_id(key, "A choice", self.report)
            if isinstance(value, Mapping):
                choice = Fields(value, self.report, f"the choice `{key}`", at=key)
                says, detail = choice.text("says"), choice.optional("detail")
                choice.done()
            else:
                one = Fields(Record({key: value}), self.report, f"the choice `{key}`", at=key)
                says, detail = one.text(str(key)), None
            read.append(Choice(str(key), str(says), _str(detail)))
        if len(read) == 1:
            self.report.error(
                "one-choice", fields.key("choices"), f"{fields.what} has one choice: offer two."
            )
        return tuple(read)

    def bare(self, word: Text, what: str) -> None:
        """Report a word that YAML would read as a boolean or as nothing."""
        if not word.quoted and _BARE.fullmatch(word):
            self.report.error(
                "bare-boolean",
                word,
                f"The {what} `{word}` is a boolean in YAML: use a word that says what is the "
                "case, or put it in quotes.",
            )

    def bounds(self, fields: Fields, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in ("at_least", "at_most", "unit", "whole"):
            if key not in fields.record:
                continue
            if kind != "number" and not (kind == "date" and key in ("at_least", "at_most")):
                fields.raw(key)
                self.report.error(
                    "unknown-key",
                    fields.key(key),
                    f"`{key}` does not suit an answer of the kind {kind}.",
                )
            elif key == "whole":
                found[key] = fields.flag(key, False)
            elif (value := fields.optional(key)) is not None:
                found[key] = str(value)
                if key != "unit" and not _is_bound(value, kind):
                    self.report.error(
                        "bad-bound",
                        value,
                        f"`{key}: {value}` must be a {kind}"
                        + (", as 2026-01-31, or `as_of`." if kind == "date" else "."),
                    )
        low, high = (number(found.get(key, "")) for key in ("at_least", "at_most"))
        if low is not None and high is not None and low > high:
            self.report.error(
                "bad-bound", fields.key("at_most"), "`at_most` is less than `at_least`."
            )
        return found

    def request(self, thing: object, choices: tuple[Choice, ...], listed: bool) -> EvidenceRequest:
        fields = Fields(thing, self.report, "an evidence request")
        wanted = fields.texts("for")
        known = [choice.id for choice in choices]
        for choice in wanted:
            if choice not in known:
                self.report.error(
                    "unknown-choice",
                    choice,
                    f"The question has no choice `{choice}`." + did_you_mean(choice, known)
                    if listed
                    else "Only a question with choices can ask for evidence `for` some of them.",
                )
        accept = fields.texts("accept", required=True)
        for kind in accept:
            if kind not in self.kinds:
                self.report.error(
                    "unknown-evidence",
                    kind,
                    f"The catalogue has no kind of evidence `{kind}`."
                    + did_you_mean(kind, self.kinds),
                )
        request = EvidenceRequest(
            tuple(map(str, wanted)),
            tuple(map(str, accept)),
            _period(fields, "no_older_than"),
            _str(fields.optional("says")),
        )
        fields.done()
        return request

    def controls(self, fields: Fields) -> tuple[str, ...]:
        controls = fields.texts("maps_to")
        for control in controls:
            if not _CONTROL.fullmatch(control):
                self.report.error(
                    "bad-control",
                    control,
                    f"`{control}` must name a catalogue and a control, as `mvsp-3:1.2`.",
                )
        return tuple(map(str, controls))

    def show_when(self, data: object, name: str) -> Condition | None:
        """A condition on facts and earlier questions that can be met, and can fail."""
        report = self.report
        before = len(report.errors)
        condition = conditions.parse(data, report)
        if condition is None:
            return None
        for used in conditions.names(condition):
            at = _place_of(data, used)
            if used == name:
                report.error("later-reference", at, f"`{used}` cannot decide about itself.")
            elif used not in self.asked:
                if used in self.all_ids:
                    report.error(
                        "later-reference",
                        at,
                        f"`{used}` is asked later: a condition sees only earlier questions.",
                    )
                else:
                    report.error(
                        "unknown-question",
                        at,
                        f"There is no earlier question and no fact `{used}`."
                        + did_you_mean(used, self.asked),
                    )
        if len(report.errors) == before:
            for code, where, message in value_problems(condition, data, self.asked):
                report.error(code, where, message)
        if len(report.errors) == before and not self.can_be_met(condition):
            report.error(
                "never-shown",
                data,
                f"Question `{name}` can never be shown: its `show_when` contradicts itself or the "
                "`show_when` of a question that it names.",
            )
        return condition

    def can_be_met(self, condition: Condition) -> bool:
        """Whether some answers and facts meet the condition, its questions' own included."""
        budget = _Budget(512)
        return any(
            self._feasible(dict(alternative), frozenset(), budget)
            for alternative in conditions.alternatives(condition)
        )

    def _feasible(
        self, wanted: Mapping[str, conditions.Test], settled: frozenset[str], budget: _Budget
    ) -> bool:
        """Whether every name can pass its test at once; `settled` have had their own condition."""
        if not budget.spend():
            return True  # not decided: let it stand
        for name, test in wanted.items():
            if not can_pass(self.asked[name], test):
                return False
        unsettled = [
            name
            for name in wanted
            if name in self.questions
            and name not in settled
            and self.questions[name].show_when is not None
        ]
        if not unsettled:
            return True
        name = unsettled[0]
        source = self.questions[name].show_when
        assert source is not None  # noqa: S101  # the list above holds only such
        hidden = conditions.Is((conditions.State.HIDDEN.value,))
        ways: list[tuple[Condition, conditions.Test]] = []
        if conditions.passes(wanted[name], conditions.State.HIDDEN):
            ways.append((conditions.Not(source), hidden))
        ways.append((source, conditions.Isnt(hidden)))
        return any(
            self._feasible(
                _joined(_joined(wanted, {name: state}), alternative), settled | {name}, budget
            )
            for own, state in ways
            for alternative in conditions.alternatives(own)
        )


class _Budget:
    """Counts down the steps of a search."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def spend(self) -> bool:
        self.steps -= 1
        return self.steps >= 0


def _joined(
    left: Mapping[str, conditions.Test], right: Mapping[str, conditions.Test]
) -> dict[str, conditions.Test]:
    joined = dict(left)
    for name, test in right.items():
        joined[name] = conditions.Every((joined[name], test)) if name in joined else test
    return joined


def value_problems(
    condition: Condition, data: object, asked: Mapping[str, Question | Fact]
) -> Iterator[tuple[str, object, str]]:
    """What is wrong with the values a condition compares with: (code, place, message) each.

    Every name must be a key of `asked`; `data` is the tree that the condition was read from.
    """
    for name, test in conditions.atoms(condition):
        thing = asked[name]
        known = (
            thing.choices
            if isinstance(thing, Fact)
            else tuple(choice.id for choice in thing.choices)
        )
        unknown = [
            value
            for value in written(test)
            if known and value not in (*known, *conditions.STATES, conditions.DONT_KNOW)
        ]
        for value in unknown:
            yield (
                "unknown-choice",
                _place_of(data, name, value),
                f"`{name}` has no choice `{value}`." + did_you_mean(value, known),
            )
        if not unknown and not can_pass(thing, test):
            said = conditions.read_aloud(conditions.Holds(name, test))
            yield "never-so", _place_of(data, name), f"No answer can make this true: {said}."


def _place_of(data: object, *words: str) -> Text | None:
    """Where a condition's tree mentions `words`, one below the other: the last of them."""
    found: Text | None = None
    wanted = list(words)
    for text in walk(data):
        if wanted and text == wanted[0]:
            found = text
            wanted.pop(0)
    return found


def _question_ids(sections: object) -> Iterator[str]:
    """The ids of all questions of a tree, whatever else is wrong with it."""
    for section in sections if isinstance(sections, list) else ():
        questions = section.get("questions") if isinstance(section, Mapping) else None
        for question in questions if isinstance(questions, list) else ():
            if isinstance(question, Mapping) and isinstance(question.get("id"), str):
                yield str(question["id"])


def _kind_content(kind: EvidenceKind) -> list[str]:
    return [kind.id, kind.title, kind.help, str(kind.no_older_than or "")]


def _is_bound(text: str, kind: str) -> bool:
    if kind == "date":
        return text == "as_of" or conditions.read_day(text) is not None
    return number(text) is not None


def _str(text: str | None) -> str | None:
    return None if text is None else str(text)
