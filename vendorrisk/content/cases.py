"""Cases: worked examples beside a rubric that prove what it says, and what they must reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from vendorrisk.assurance import Review, Submission, completed, read_submission, score_submission
from vendorrisk.conditions import State
from vendorrisk.content.packs import Pack
from vendorrisk.content.reading import display_name, read_yaml
from vendorrisk.document import (
    Fields,
    Place,
    Problem,
    Record,
    Report,
    Text,
    did_you_mean,
    number,
)
from vendorrisk.scoring import Everyday, Result, Scorecard
from vendorrisk.scoring.formula import write_number
from vendorrisk.scoring.scorecard import said

_NAME = re.compile(r"[a-z0-9][a-z0-9\-]{0,79}")
_PARTS = ("answers", "facts", "evidence", "review")
_STATES = ("scored", "not_applicable", "inconclusive", "no_score")


@dataclass(frozen=True)
class Expectation:
    """What one named result must be: a text (number, label or state), or bounds."""

    result: str
    wanted: Text | None
    at_least: Fraction | None
    at_most: Fraction | None
    place: Place | None

    def met_by(self, result: Result) -> bool:
        """Whether a result is as expected: exactly, or as it is shown."""
        exact = result.exact
        if self.wanted is None:
            return isinstance(exact, Fraction) and not (
                (self.at_least is not None and exact < self.at_least)
                or (self.at_most is not None and exact > self.at_most)
            )
        if isinstance(exact, State):
            return self.wanted == exact.value
        if self.wanted == "scored":
            return True
        value = _fraction(self.wanted)
        if isinstance(exact, Fraction) and value is not None:
            return value in (exact, result.shown)
        return self.wanted in (exact, result.shown)

    def __str__(self) -> str:
        if self.wanted is not None:
            return str(self.wanted)
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{word} {float(b):g}" for word, b in bounds if b is not None)


@dataclass(frozen=True)
class Case:
    """A worked example. `submission` is complete; `rules` (exactly) and `rules_include` name rules
    that must fire; `because` is said of the case in its own file."""

    id: str
    says: str
    submission: Submission
    results: tuple[Expectation, ...]
    rules: tuple[Text, ...] | None
    rules_include: tuple[Text, ...]
    place: Place | None


@dataclass(frozen=True)
class CaseOutcome:
    """What became of a case: `problems` is empty where everything was as expected."""

    case: Case
    scorecard: Scorecard
    problems: tuple[Problem, ...]

    @property
    def holds(self) -> bool:
        """Whether everything was as expected."""
        return not self.problems


@dataclass(frozen=True)
class _Draft:
    """A case's own words over those of the case it starts from."""

    parts: Mapping[str, Record]
    start: Literal["best", "worst", "blank"]
    assurance: Text | None
    as_of: Text | None


def read_cases(pack: Pack, report: Report | None = None) -> tuple[Case, ...]:
    """The cases of a pack, in file order; none where it has no cases.yaml.

    With a `report`, problems go there and the cases they concern are left out; without one the
    first reading with errors raises InvalidContent.
    """
    path = pack.folder / "cases.yaml"
    if not path.is_file():
        return ()
    inner = Report(display_name(path))
    record = read_yaml(path, inner)
    cases = () if record is None else _CaseReader(pack, inner).read(record)
    if report is None:
        inner.raise_errors()
    else:
        report.problems += inner.problems
    return cases


class _CaseReader:
    def __init__(self, pack: Pack, report: Report) -> None:
        self.pack, self.report = pack, report
        self.drafts: dict[str, _Draft] = {}
        by_name = pack.questionnaire.by_name() if pack.questionnaire else {}
        codes = pack.rubric.graph.rows.codes
        self.ids = {**{name: question.id for name, question in by_name.items()}, **codes}

    def read(self, record: Record) -> tuple[Case, ...]:
        fields = Fields(record, self.report, "a file of cases")
        things = fields.items("cases", required=True)
        fields.done()
        return tuple(case for thing in things if (case := self.case(thing)) is not None)

    def case(self, thing: object) -> Case | None:
        report = self.report
        before = len(report.errors)
        fields = Fields(thing, report, "a case")
        name = fields.text("case")
        fields.what = f"case `{name}`" if name else fields.what
        if name and not _NAME.fullmatch(name):
            report.error(
                "bad-id", name, f"The case `{name}` must be named in small letters, digits and -."
            )
        if name in self.drafts:
            report.error("duplicate-id", name, f"A case `{name}` stands above already.")
        says = fields.text("says")
        draft = self.draft(fields)
        wanted = fields.raw("expect", required=True)
        expect = Fields(
            Record() if wanted is None else wanted,
            report,
            f"`expect` of case `{name}`",
            at=fields.key("expect") or name,
        )
        results, rules, include = self.expectations(expect)
        fields.done()
        if name:
            self.drafts.setdefault(str(name), draft)
        if len(report.errors) > before:
            return None
        submission = self.submission(draft, name)
        if submission is None:
            return None
        return Case(str(name), str(says), submission, results, rules, include, name.place)

    def draft(self, fields: Fields) -> _Draft:
        """The case's own words laid over those of the case that it starts from."""
        start = fields.optional("start") or Text("blank")
        parent = self.drafts.get(start)
        if parent is None and start not in ("best", "worst", "blank"):
            self.report.error(
                "unknown-case",
                start,
                f"`start: {start}` is neither best, worst or blank nor a case that stands above."
                + did_you_mean(start, self.drafts),
            )
        if start in ("best", "worst") and self.pack.rubric.everyday is None:
            self.report.error(
                "unknown-case", start, f"A method has no {start} answers: start blank."
            )
        parts = {}
        for part in _PARTS:
            own = fields.mapping(part)
            base = parent.parts[part] if parent else Record()
            parts[part] = _laid_over(base, own, self.ids if part != "facts" else {})
        return _Draft(
            parts,
            parent.start
            if parent
            else "best"
            if start == "best"
            else "worst"
            if start == "worst"
            else "blank",
            fields.optional("assurance") or (parent.assurance if parent else None),
            fields.optional("as_of") or (parent.as_of if parent else None),
        )

    def submission(self, draft: _Draft, name: Text) -> Submission | None:
        """The complete submission, checked the way any submission is."""
        pack, report = self.pack, self.report
        tree = Record(
            {
                Text(part, draft.parts[part].place or name.place): self.every_row(own, part)
                for part, own in draft.parts.items()
            }
        )
        tree.place = name.place
        tree[Text("as_of")] = draft.as_of
        inner = Report(report.file)
        submission = read_submission(tree, pack.questionnaire, pack.rubric, inner)
        known = set(report.problems)
        report.problems += [problem for problem in inner.problems if problem not in known]
        if submission is None:
            return None
        if draft.start != "blank" and pack.questionnaire is not None:
            said = {self.ids.get(key, key) for key in draft.parts["answers"]}
            submission = completed(
                pack.questionnaire,
                pack.rubric,
                submission,
                worst=draft.start == "worst",
                leave=said,
            )
        return self.assured(submission, draft.assurance)

    def every_row(self, part: Record, what: str) -> Record:
        """`"*"` stands for every row of a method that the case does not name."""
        star = next((key for key in part if key == "*"), None)
        if star is None or what not in ("answers", "review"):
            return part
        rows = self.pack.rubric.graph.rows.questions.values()
        whole = Record({key: value for key, value in part.items() if key != "*"})
        for row in rows:
            whole.setdefault(Text(row, getattr(star, "place", None)), part[star])
        whole.place = part.place
        return whole

    def assured(self, submission: Submission, level: Text | None) -> Submission:
        """The submission with a reviewer's level for every graded answer that has none."""
        everyday = self.pack.rubric.everyday
        if level is None or everyday is None:
            return submission
        known = everyday.assurance.levels if everyday.assurance else ()
        if level not in known:
            self.report.error(
                "not-one-of", level, f"`assurance: {level}` is not one of {', '.join(known)}."
            )
            return submission
        review = dict(submission.review)
        for criterion in everyday.criteria.values():
            given = review.get(criterion.question, Review())
            if criterion.question in submission.answers and given.assurance is None:
                review[criterion.question] = replace(given, assurance=str(level))
        return replace(submission, review=review)

    def expectations(
        self, fields: Fields
    ) -> tuple[tuple[Expectation, ...], tuple[Text, ...] | None, tuple[Text, ...]]:
        rules = tuple(fields.texts("rules")) if "rules" in fields.record else None
        include = tuple(fields.texts("rules_include"))
        self.check_rules((*(rules or ()), *include))
        results = []
        known = [*self.pack.rubric.results]
        if self.pack.rubric.everyday and self.pack.questionnaire:
            known += [name for name in ("low", "high") if name not in known]
        for key in list(fields.record):
            if key in ("rules", "rules_include"):
                continue
            if key not in known:
                self.report.error(
                    "unknown-result",
                    fields.key(key),
                    f"The rubric has no result `{key}`." + did_you_mean(key, known),
                )
            results.append(self.expectation(fields, key))
        return tuple(results), rules, include

    def expectation(self, fields: Fields, name: str) -> Expectation:
        value = fields.raw(name)
        place = getattr(fields.key(name), "place", None)
        if isinstance(value, Record):
            inner = Fields(value, self.report, f"`{name}`", at=fields.key(name))
            bounds = [_bound(inner, which) for which in ("at_least", "at_most")]
            inner.done()
            return Expectation(name, None, bounds[0], bounds[1], place)
        return Expectation(name, fields.text(name), None, None, place)

    def check_rules(self, rules: tuple[Text, ...]) -> None:
        """Every rule that a case names must be there."""
        everyday = self.pack.rubric.everyday
        if everyday is None:
            return
        ids = {*self.ids.values()}
        for rule in rules:
            kind, _, question = rule.partition(":")
            derived = kind in ("not-cleared", "contradicted") and question in ids
            if rule not in everyday.rules and not derived:
                self.report.error(
                    "unknown-rule",
                    rule,
                    f"The rubric has no rule `{rule}`." + did_you_mean(rule, everyday.rules),
                )


def _laid_over(base: Record, own: Record, ids: Mapping[str, str]) -> Record:
    """The entries of both; the case's own win, also where one says a code and one an id."""
    mine = {ids.get(key, key) for key in own}
    merged = Record(
        {key: value for key, value in base.items() if ids.get(key, key) not in mine} | own
    )
    merged.place = own.place or base.place
    if (
        "scope" in base
        and isinstance(own.get("scope"), Record)
        and isinstance(base["scope"], Record)
    ):
        merged["scope"] = Record(base["scope"] | own["scope"])
    return merged


def _bound(fields: Fields, name: str) -> Fraction | None:
    text = fields.optional(name)
    value = None if text is None else _fraction(text)
    if text is not None and value is None:
        fields.report.error("bad-bound", text, f"`{name}: {text}` must be a number.")
    return value


def _fraction(text: str) -> Fraction | None:
    """A number written as a decimal or as p/q."""
    top, slash, bottom = text.partition("/")
    if not slash:
        return number(text)
    p, q = number(top), number(bottom)
    return None if p is None or not q else p / q


# -- running --------------------------------------------------------------------------------------


def run_case(pack: Pack, case: Case) -> CaseOutcome:
    """Score a case and compare it with what it expects."""
    card = score_submission(pack.questionnaire, pack.rubric, case.submission)
    return CaseOutcome(case, card, tuple(_differences(case, card)))


def run_cases(pack: Pack) -> tuple[CaseOutcome, ...]:
    """The outcome of every case of a pack. Raises InvalidContent where its cases are unusable."""
    return tuple(run_case(pack, case) for case in read_cases(pack))


def _differences(case: Case, card: Scorecard) -> Iterator[Problem]:
    for expected in case.results:
        result = card.results[expected.result]
        if not expected.met_by(result):
            yield Problem(
                "case-differs",
                f"Case `{case.id}` expects {expected.result} {expected}, and it is "
                f"{_said(result)}.",
                expected.place or case.place,
            )
    fired = {rule.id for rule in card.rules}
    missing = [r for r in (*(case.rules or ()), *case.rules_include) if r not in fired]
    for rule in missing:
        yield Problem(
            "case-differs",
            f"Case `{case.id}` expects rule {rule}, which does not fire.",
            rule.place,
        )
    if case.rules is not None:
        for rule_id in sorted(fired - set(case.rules)):
            yield Problem(
                "case-differs",
                f"Case `{case.id}` does not expect rule {rule_id}, which fires.",
                case.place,
            )


def _said(result: Result) -> str:
    if isinstance(result.exact, State):
        return result.exact.value
    if isinstance(result.exact, Fraction) and isinstance(result.shown, Fraction):
        exact, shown = write_number(result.exact), write_number(result.shown)
        if result.exact != result.shown:
            return f"{shown} (exactly {exact})"
        return f"{exact} (about {said(result.exact, 4)})" if "/" in exact else exact
    return str(result.exact)


# -- what the cases reach -------------------------------------------------------------------------


def coverage_problems(pack: Pack, outcomes: tuple[CaseOutcome, ...]) -> list[Problem]:
    """Choices, rules and bands that no case reaches: warnings in a draft, errors once published."""
    everyday = pack.rubric.everyday
    if everyday is None:
        return []
    place = Place(display_name(pack.folder / "cases.yaml"))
    severity = "warning" if pack.draft else "error"
    return [
        Problem("not-reached", message, place, severity)
        for message in _not_reached(everyday, [outcome.scorecard for outcome in outcomes])
    ]


def _not_reached(everyday: Everyday, cards: list[Scorecard]) -> Iterator[str]:
    lines: dict[str, list[Any]] = {name: [] for name in everyday.criteria}
    for card in cards:
        for line in card.lines:
            if line.criterion in lines and line.answer:
                lines[line.criterion].append(line)
    for criterion in everyday.criteria.values():
        for rung in criterion.rungs:
            reached = any(
                rung.choice in line.answer if rung.choice else rung.points == line.points
                for line in lines[criterion.id]
            )
            if not reached:
                yield (
                    f"No case answers `{criterion.question}` with "
                    f"{f'`{rung.choice}`' if rung.choice else rung.says}."
                )
    for rule in everyday.rules:
        fires = [any(fired.id == rule for fired in card.rules) for card in cards]
        if not any(fires):
            yield f"No case makes the rule `{rule}` fire."
        if all(fires):
            yield f"No case shows the rule `{rule}` staying silent."
    bands = {card.results["band"].exact for card in cards if "band" in card.results}
    for band in everyday.bands:
        if band not in bands:
            yield f"No case ends in the band `{band}`."
