"""The everyday rubric: criteria, weights, rules, ceilings and bands, as data, read and checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from vendorrisk.conditions import (
    DONT_KNOW,
    RESERVED,
    STATES,
    AtLeast,
    Condition,
    Is,
    State,
    Test,
    Value,
    atoms,
    holds,
    may_hold,
    names,
    parse,
    read_number,
)
from vendorrisk.document import Fields, Place, Report, Text, did_you_mean, place_of, walk
from vendorrisk.questionnaire import Fact, Question, Questionnaire, can_pass, telling_answers
from vendorrisk.scoring.formula import write_number
from vendorrisk.scoring.reading import read_edges

KEYS = ("assurance", "weights", "domains", "criteria", "rules", "limits", "bands")
"""The keys of which any makes a rubric an everyday one."""

OWN_RESULTS = ("overall", "claimed", "mean", "band", "coverage", "low", "high")
"""The results that every everyday rubric has; no domain may be called so."""


Effect = Literal["knockout", "cap", "clarify"]


@dataclass(frozen=True, slots=True)
class Assurance:
    """What share of its points an answer keeps, by how well it is proven.

    `levels` stand weakest first; `shares[fact value]` holds a share (0 to 1) for each level;
    answers worth `admissions` points or fewer need no proof; `evidence` gives the level that each
    kind of evidence supports; stale evidence loses `stale_drops` levels, and counts as the weakest
    from `stale_weakest_after` times its validity on.
    """

    by: str
    levels: tuple[str, ...]
    shares: Mapping[str, tuple[Fraction, ...]]
    admissions: Fraction
    evidence: Mapping[str, str]
    stale_drops: int
    stale_weakest_after: Fraction


@dataclass(frozen=True, slots=True)
class Domain:
    """A topic with a score of its own; a critical one limits the overall score."""

    id: str
    title: str
    critical: bool


@dataclass(frozen=True, slots=True)
class Rung:
    """What one answer of a criterion is worth: a choice, or a band of a number (`choice` None)."""

    choice: str | None
    says: str
    points: Fraction


@dataclass(frozen=True, slots=True)
class Criterion:
    """Grades one question. `rungs` stand best first; every rung of equal points counts as one.

    `ticked` tells how the ticks of a many-of answer meet: best, worst or sum; None elsewhere.
    """

    id: str
    question: str
    domain: str
    weight: Fraction
    importance: str
    rungs: tuple[Rung, ...]
    ticked: Literal["best", "worst", "sum"] | None
    because: str
    remedy: str
    clause: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Obligation:
    """What has to be verified while a rule holds, and on which days: each `days` after the date
    that answers the question `after` (None: after a day 0 that is agreed elsewhere).
    """

    says: str
    days: tuple[int, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """Overrides the mean: a knockout or a cap with its ceiling, or a call for clarification."""

    id: str
    when: Condition
    effect: Effect
    clarify: tuple[str, ...]
    because: str
    clause: str
    place: Place | None = field(default=None, compare=False)
    obligation: Obligation | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The ceilings, and the share of a domain's weight that may be not applicable."""

    knocked_out: Fraction
    capped: Fraction
    weakest_critical_plus: Fraction | None
    not_applicable: Fraction | None


@dataclass(frozen=True, slots=True)
class Everyday:
    """An everyday rubric as its author wrote it, checked; `bands` gives each band its edge."""

    assurance: Assurance | None
    weights: Mapping[str, Fraction]
    domains: Mapping[str, Domain]
    criteria: Mapping[str, Criterion]
    rules: Mapping[str, Rule]
    limits: Limits
    bands: Mapping[str, str]
    bands_place: Place | None = field(default=None, compare=False)


# -- reading ------------------------------------------------------------------------------------

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
_BARE = re.compile(r"yes|no|on|off|true|false", re.IGNORECASE)
_HUNDRED = Fraction(100)


def read_everyday(fields: Fields, questionnaire: Questionnaire, report: Report) -> Everyday | None:
    """The everyday rubric that a file's keys describe; None where a problem was reported."""
    before = len(report.errors)
    reader = _Reader(questionnaire, report)
    assurance = reader.assurance(fields)
    weights = reader.weights(fields)
    domains = reader.domains(fields)
    criteria = reader.criteria(fields, weights, domains)
    rules = reader.rules(fields)
    limits = reader.limits(fields, rules, domains)
    bands = reader.bands(fields)
    reader.hidden_ones_are_graded(criteria)
    if len(report.errors) > before:
        return None
    at = place_of(fields.key("bands"))
    return Everyday(assurance, weights, domains, criteria, rules, limits, bands, at)


class _Reader:
    def __init__(self, questionnaire: Questionnaire, report: Report) -> None:
        self.questionnaire, self.report = questionnaire, report
        self.questions = {q.id: q for s in questionnaire.sections for q in s.questions}
        self.facts = {fact.id: fact for fact in questionnaire.facts}
        # What criteria name, faulty ones included, lest one fault be reported twice over.
        self.named_domains: set[str] = set()
        self.named_questions: set[str] = set()

    # -- small readers --------------------------------------------------------------------------

    def number(
        self, text: Text | None, what: str, least: Fraction | int = 0, most: Fraction | int = 100
    ) -> Fraction:
        if text is None:
            return Fraction(least)
        found = read_number(text)
        if found is not None and most == 100 and text.endswith("%"):
            self.report.error(
                "not-a-number",
                text,
                f"{what} counts to 100 as it is: write {text.rstrip('%')} without the `%`.",
            )
            return min(found * 100, Fraction(most))
        if found is None or not least <= found <= most:
            self.report.error(
                "not-a-number", text, f"{what} must be a number from {least} to {most}: `{text}`."
            )
            return Fraction(least)
        return found

    def unknown(self, at: object, what: str, word: str, known: Iterable[str]) -> None:
        self.report.error(
            "unknown-name", at, f"there is no {what} `{word}`." + did_you_mean(word, known)
        )

    def identity(self, fields: Fields, key: str, taken: Iterable[str]) -> str:
        found = fields.text(key)
        if found and not _KEBAB.fullmatch(found):
            self.report.error(
                "bad-id", found, f"`{found}` must be small letters, digits and hyphens."
            )
        if found and found in taken:
            self.report.error("duplicate", found, f"there is another {key} called `{found}`.")
        return str(found)

    # -- assurance, weights, domains --------------------------------------------------------------

    def assurance(self, top: Fields) -> Assurance | None:
        data = top.raw("assurance")
        if data is None:
            return None
        fields = Fields(data, self.report, "`assurance`", at=top.key("assurance"))
        by = fields.text("by")
        listed = fields.texts("levels", required=True)
        for place, level in enumerate(listed):
            if level in listed[:place]:
                self.report.error("duplicate", level, f"the level `{level}` stands there twice.")
            if level in RESERVED or level == "contradicted":
                self.report.error(
                    "bad-id",
                    level,
                    f"`{level}` has a meaning of its own: call the level otherwise.",
                )
        levels = tuple(dict.fromkeys(str(level) for level in listed))
        shares = {
            str(value): self._shares(value, row, levels)
            for value, row in fields.mapping("shares", required=True).items()
        }
        admissions = self.number(fields.optional("admissions"), "`admissions`")
        evidence = {}
        for kind, level in fields.mapping("evidence").items():
            if level not in levels:
                self.unknown(level if isinstance(level, str) else kind, "level", level, levels)
            evidence[str(kind)] = str(level)
        stale = fields.mapping("stale")
        inner = Fields(stale, self.report, "`stale`", at=fields.key("stale"))
        drops = inner.whole("drops", 1, least=0)
        after = self.number(
            inner.optional("self_attested_after") or Text("1.5"), "`self_attested_after`", 1
        )
        inner.done()
        fields.done()
        fact = self.facts.get(str(by))
        if by and fact is None:
            self.unknown(by, "fact", by, self.facts)
        elif fact is not None:
            for value in fact.choices:
                if value not in shares:
                    self.report.error(
                        "map-incomplete", fields.key("shares"), f"no shares for {by} `{value}`."
                    )
            for value in shares:
                if value not in fact.choices:
                    self.unknown(fields.key("shares"), f"{by}", value, fact.choices)
        for kind in self.questionnaire.evidence_kinds:
            if kind not in evidence:
                self.report.error(
                    "map-incomplete",
                    fields.key("evidence") or fields.at,
                    f"the questionnaire accepts the evidence `{kind}`, but no level is given "
                    "that it supports.",
                )
        return Assurance(str(by), levels, shares, admissions, evidence, drops, after)

    def _shares(self, at: str, row: object, levels: Sequence[str]) -> tuple[Fraction, ...]:
        texts = [text for text in row if isinstance(text, Text)] if isinstance(row, list) else []
        shares = tuple(self.number(text, "a share", 0, 1) for text in texts)
        if len(shares) != len(levels):
            self.report.error("map-incomplete", at, f"`{at}` needs a share for each level.")
        elif any(a > b for a, b in pairwise(shares)):
            self.report.error(
                "order", at, "a better level must not be worth less: shares rise along the list."
            )
        return shares

    def weights(self, top: Fields) -> dict[str, Fraction]:
        found = {}
        for name, written in top.mapping("weights", required=True).items():
            value = read_number(written) if isinstance(written, str) else None
            if value is None or value < 0:
                self.report.error(
                    "negative-weight",
                    written if isinstance(written, str) else name,
                    f"the weight `{name}` must be a number, 0 or more: `{written}`.",
                )
                value = Fraction(1)
            found[str(name)] = value
        return found

    def domains(self, top: Fields) -> dict[str, Domain]:
        found = {}
        for name, data in top.mapping("domains", required=True).items():
            fields = Fields(data, self.report, f"the domain `{name}`", at=name)
            if not _SNAKE.fullmatch(name) or name in OWN_RESULTS or name in STATES:
                self.report.error(
                    "bad-id",
                    name,
                    f"a domain cannot be called `{name}`: use small letters, digits and _, and "
                    f"none of {', '.join(OWN_RESULTS)}.",
                )
            found[str(name)] = Domain(
                str(name), str(fields.text("title")), fields.flag("critical", False)
            )
            fields.done()
        return found

    # -- criteria ---------------------------------------------------------------------------------

    def criteria(
        self, top: Fields, weights: Mapping[str, Fraction], domains: Mapping[str, Domain]
    ) -> dict[str, Criterion]:
        found: dict[str, Criterion] = {}
        for data in top.items("criteria", required=True):
            fields = Fields(data, self.report, "a criterion", at=top.key("criteria"))
            criterion = self.criterion(fields, found, weights, domains)
            fields.done()
            if criterion is not None:
                found[criterion.id] = criterion
        if found and not any(criterion.weight for criterion in found.values()):
            self.report.error(
                "weights-cancel", top.key("criteria"), "every weight is 0: nothing would count."
            )
        for name, domain in domains.items():
            mine = [criterion for criterion in found.values() if criterion.domain == name]
            if mine and not any(c.weight for c in mine) and any(c.weight for c in found.values()):
                self.report.error(
                    "weights-cancel",
                    mine[0].place,
                    f"every weight in the domain `{domain.id}` is 0: it could have no score.",
                )
            if name not in self.named_domains:
                self.report.error(
                    "unused", top.key("domains"), f"no criterion belongs to the domain `{name}`."
                )
        return found

    def criterion(
        self,
        fields: Fields,
        taken: Iterable[str],
        weights: Mapping[str, Fraction],
        domains: Mapping[str, Domain],
    ) -> Criterion | None:
        identity = self.identity(fields, "criterion", taken)
        asked = fields.text("question")
        domain = fields.text("domain")
        self.named_questions.add(str(asked))
        self.named_domains.add(str(domain))
        weight = fields.text("weight")
        because = str(fields.text("because"))
        remedy = str(fields.optional("remedy") or "")
        clause = str(fields.optional("clause") or "")
        ticked = fields.word("ticked", ("best", "worst", "sum")) if fields.raw("ticked") else None
        points, bands = fields.raw("points"), fields.raw("bands")
        if domain and domain not in domains:
            self.unknown(domain, "domain", domain, domains)
        if weight and weight not in weights:
            self.unknown(weight, "weight", weight, weights)
        question = self.questions.get(str(asked))
        if question is None:
            if asked:
                self.unknown(asked, "question", asked, self.questions)
            return None
        rungs = self.rungs(fields, question, points, bands)
        if (question.answer == "many_of") != (ticked is not None):
            self.report.error(
                "points",
                fields.key("ticked") or asked,
                f"`{asked}` may have several ticks: say `ticked: worst`, `best` or `sum`."
                if ticked is None
                else f"`ticked` goes with a many-of question; `{asked}` is {question.answer}.",
            )
        if not rungs or weight not in weights:
            return None
        return Criterion(
            id=identity,
            question=question.id,
            domain=str(domain),
            weight=weights[str(weight)],
            importance=str(weight),
            rungs=tuple(sorted(rungs, key=lambda rung: -rung.points)),
            ticked=ticked,  # type: ignore[arg-type]
            because=because,
            remedy=remedy,
            clause=clause,
            place=place_of(fields.key("criterion")) or place_of(fields.at),
        )

    def rungs(self, fields: Fields, question: Question, points: Any, bands: Any) -> list[Rung]:
        if question.answer in ("one_of", "many_of"):
            if bands is not None:
                self.report.error(
                    "points", fields.key("bands"), "a question with choices takes `points`."
                )
            return self._choices(fields, question, points)
        if question.answer != "number":
            self.report.error(
                "points",
                fields.at,
                f"`{question.id}` is answered by a {question.answer}, which has no points; "
                "a rule may use it.",
            )
            return []
        if not isinstance(bands, Mapping) or points is not None:
            self.report.error(
                "points",
                fields.key("points") or fields.at,
                f"`{question.id}` is a number: give `bands`, as in "
                '{100: "<=30", 85: "<=90", 0: else}.',
            )
            return []
        edges, rest, from_top = read_edges(bands, fields.key("bands"), self.report)
        if rest is None:
            return []
        rungs = []
        for written, band in [*((e, e.band) for e in edges), (None, rest)]:
            written_as = write_number(band) if isinstance(band, Fraction) else str(band)
            worth = self.number(Text(written_as, place_of(fields.key("bands"))), "points")
            says = "else"
            if written is not None:
                sign = (">" if from_top else "<") + ("=" if written.inclusive else "")
                says = sign + write_number(written.bound)
            rungs.append(Rung(None, says, worth))
        return rungs

    def _choices(self, fields: Fields, question: Question, points: Any) -> list[Rung]:
        known = {choice.id: choice for choice in question.choices}
        if not isinstance(points, Mapping):
            self.report.error(
                "missing-key",
                fields.key("points") or fields.at,
                f"`points` must give each choice of `{question.id}` its points, 0 to 100.",
            )
            return []
        found: dict[str, Fraction] = {}
        for choice, written in points.items():
            if isinstance(choice, Text) and not choice.quoted and _BARE.fullmatch(choice):
                self.report.error("bare-word", choice, f'write the choice in quotes: "{choice}".')
            elif choice == DONT_KNOW:
                self.report.error("points", choice, "“don't know” always earns 0: leave it out.")
            elif choice not in known:
                self.unknown(choice, f"choice of `{question.id}` called", choice, known)
            elif not isinstance(written, Text):
                self.report.error(
                    "not-a-number",
                    place_of(written) or choice,
                    f"the points of `{choice}` must be a number from 0 to 100.",
                )
                found[str(choice)] = Fraction(0)
            else:
                found[str(choice)] = self.number(written, f"the points of `{choice}`")
        missing = [choice for choice in known if choice not in found]
        if missing:
            self.report.error(
                "choice-without-points",
                fields.key("points"),
                f"no points for {', '.join(missing)}: every choice of `{question.id}` needs them.",
            )
        listed = [found[choice] for choice in known if choice in found]
        if any(a < b for a, b in pairwise(listed)):
            self.report.warning(
                "points",
                fields.key("points"),
                f"the choices of `{question.id}` stand best first, yet their points rise.",
            )
        return [
            Rung(choice, known[choice].says, found[choice]) for choice in known if choice in found
        ]

    # -- rules ------------------------------------------------------------------------------------

    def obligation(self, rule: Fields) -> Obligation | None:
        """What a rule says has to be verified, and when."""
        data = rule.raw("obligation")
        if data is None:
            return None
        fields = Fields(data, self.report, "an obligation", at=rule.key("obligation"))
        says = str(fields.text("says"))
        days = []
        for text in fields.texts("days", required=True):
            if not text.isdecimal() or len(text) > 4:
                self.report.error(
                    "not-whole", text, f"`{text}` is no number of days from 0 to 9999."
                )
            else:
                days.append(int(text))
        after = fields.optional("after")
        fields.done()
        if after is not None and (
            after not in self.questions or self.questions[after].answer != "date"
        ):
            self.report.error(
                "obligation-day",
                after,
                f"`after: {after}` must name a question that is answered with a date.",
            )
        return Obligation(says, tuple(sorted(set(days))), str(after) if after else None)

    def rules(self, top: Fields) -> dict[str, Rule]:
        found: dict[str, Rule] = {}
        for data in top.items("rules"):
            fields = Fields(data, self.report, "a rule", at=top.key("rules"))
            identity = self.identity(fields, "rule", found)
            when = fields.raw("when", required=True)
            condition = parse(when, self.report) if when is not None else None
            knock_out = fields.flag("knock_out", False)
            cap = fields.flag("cap", False)
            clarify = fields.texts("clarify")
            because = str(fields.text("because"))
            clause = str(fields.optional("clause") or "")
            obligation = self.obligation(fields)
            fields.done()
            if [knock_out, cap, bool(clarify)].count(True) != 1:
                self.report.error(
                    "rule",
                    fields.at,
                    f"the rule `{identity}` needs exactly one of `knock_out: true`, `cap: true` "
                    "and `clarify: [question, …]`.",
                )
            for question in clarify:
                if question not in self.questions:
                    self.unknown(question, "question", question, self.questions)
            if condition is None:
                continue
            self.answers_exist(condition, when)
            found[identity] = Rule(
                identity,
                condition,
                "knockout" if knock_out else "cap" if cap else "clarify",
                tuple(str(question) for question in clarify),
                because,
                clause,
                place_of(fields.key("rule")) or place_of(fields.at),
                obligation=obligation,
            )
        return found

    def answers_exist(self, condition: Condition, data: object) -> None:
        """Every name of a condition is a fact or a question, which can be what is asked of it."""
        places = {str(text): text for text in reversed(list(walk(data)))}
        known: dict[str, Question | Fact] = {**self.questions, **self.facts}
        for name, test in atoms(condition):
            if name not in known:
                self.unknown(places.get(name, data), "question or fact", name, known)
            elif not can_pass(known[name], test):
                word = next(iter(_words_of(test)), name)
                options = [c if isinstance(c, str) else c.id for c in known[name].choices]
                self.report.error(
                    "impossible-value",
                    places.get(word, places.get(name, data)),
                    f"`{name}` can never be what is asked of it here."
                    + did_you_mean(word, options),
                )
            else:
                self._every_word_fits(name, test, places)

    def _every_word_fits(self, name: str, test: Test, places: Mapping[str, Text]) -> None:
        asked = self.questions.get(name) or self.facts[name]
        for word in _words_of(test):
            if not can_pass(asked, Is((word,))):
                options = [c if isinstance(c, str) else c.id for c in asked.choices]
                self.report.error(
                    "impossible-value",
                    places.get(word),
                    f"`{name}` is never `{word}`." + did_you_mean(word, options),
                )

    # -- limits and bands -------------------------------------------------------------------------

    def limits(
        self, top: Fields, rules: Mapping[str, Rule], domains: Mapping[str, Domain]
    ) -> Limits:
        fields = Fields(top.mapping("limits"), self.report, "`limits`", at=top.key("limits"))
        effects = {rule.effect for rule in rules.values()}
        found = {
            key: self.number(text, f"`{key}`") if (text := fields.optional(key)) else None
            for key in ("knocked_out", "capped", "weakest_critical_plus")
        }
        share = fields.optional("not_applicable")
        most = self.number(share, "`not_applicable`", 0, 1) if share is not None else None
        fields.done()
        for key, effect in (("knocked_out", "knockout"), ("capped", "cap")):
            if found[key] is None and effect in effects:
                self.report.error(
                    "missing-key",
                    top.key("limits") or top.at,
                    f"`limits` needs `{key}`: the greatest score that a {effect} leaves.",
                )
        knocked_out, capped = found["knocked_out"], found["capped"]
        if knocked_out is not None and capped is not None and knocked_out > capped:
            self.report.error(
                "order", fields.key("knocked_out"), "a knockout must not leave more than a cap."
            )
        plus = found["weakest_critical_plus"]
        if plus is not None and domains and not any(d.critical for d in domains.values()):
            self.report.error(
                "unused", fields.key("weakest_critical_plus"), "no domain is marked critical."
            )
        return Limits(
            _HUNDRED if knocked_out is None else knocked_out,
            _HUNDRED if capped is None else capped,
            plus,
            most,
        )

    def bands(self, top: Fields) -> dict[str, str]:
        written = top.mapping("bands", required=True)
        _, rest, from_top = read_edges(written, top.key("bands"), self.report)
        if rest is not None and not from_top:
            self.report.error(
                "bands-order", top.key("bands"), "bands stand best first, by their lower edges."
            )
        for band in written:
            if band in STATES or read_number(band) is not None:
                self.report.error(
                    "bad-id", band, f"a band is a word of your own, and `{band}` is none."
                )
        return {band: str(edge) for band, edge in written.items()}  # a band keeps its place

    # -- what hides what --------------------------------------------------------------------------

    def hidden_ones_are_graded(self, criteria: Mapping[str, Criterion]) -> None:
        """A graded question may be hidden only by facts and by answers that earn points.

        Otherwise an answer worth nothing could make a weight disappear.
        """
        for criterion in criteria.values():
            for hiding in hiding_questions(self.questions[criterion.question], self.questions):
                if hiding not in self.named_questions:
                    self.report.error(
                        "hidden-by-ungraded",
                        criterion.place,
                        f"the criterion `{criterion.id}` grades `{criterion.question}`, which the "
                        f"answer to `{hiding}` can hide; give `{hiding}` a criterion, "
                        "so that hiding earns what that answer earns.",
                    )


def _words_of(test: Test) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_words(test)))


def _words(test: Test) -> Iterator[str]:
    if isinstance(test, Is):
        yield from test.values
    else:
        for inner in getattr(test, "tests", ()) or ((test.test,) if hasattr(test, "test") else ()):
            yield from _words(inner)


def hiding_questions(question: Question, questions: Mapping[str, Question]) -> tuple[str, ...]:
    """The questions whose answers decide whether this one is asked."""
    if question.show_when is None:
        return ()
    return tuple(name for name in names(question.show_when) if name in questions)


# -- the answers at either end ------------------------------------------------------------------


@dataclass(frozen=True)
class Replies:
    """What a rubric can make of the replies to one question, found once: see `extreme_answer`.

    `points` gives each reply that it tells apart the weighted points it claims; `hard` are the
    knockouts and caps that look at the question. `worst` and `best` count points alone.
    """

    question: str
    points: Mapping[Value, Fraction]
    hard: tuple[Rule, ...]
    worst: Value
    best: Value


def replies_to(rubric: Everyday, question: Question) -> Replies:
    """The replies to a question; none where the rubric neither grades it nor has a hard rule."""
    graded = [c for c in rubric.criteria.values() if c.question == question.id]
    hard = tuple(
        rule
        for rule in rubric.rules.values()
        if rule.effect != "clarify" and question.id in names(rule.when)
    )
    points = {
        reply: sum((c.weight * claimed(c, reply) for c in graded), Fraction(0))
        for reply in (telling_replies(rubric, question) if graded or hard else ())
    }
    worst = min(points, key=points.__getitem__, default=State.UNANSWERED)
    best = max(points, key=points.__getitem__, default=State.UNANSWERED)
    return Replies(question.id, points, hard, worst, best)


def extreme_answer(
    limits: Limits, replies: Replies, value_of: Callable[[str], Value], *, worst: bool
) -> Value:
    """The worst (or best) real answer to a question, where the others are as `value_of` says.

    A hard rule that the answer fires counts first, then the weighted points it earns. For the
    worst answer a rule counts already if other open questions might make it fire. UNANSWERED
    where the rubric neither grades the question nor lets a knockout or cap look at it.
    """
    if not replies.hard:
        return replies.worst if worst else replies.best

    def is_open(name: str) -> bool:
        return name != replies.question and value_of(name) is State.UNANSWERED

    def rank(answer: Value) -> tuple[Fraction, Fraction]:
        def known(name: str) -> Value:
            return answer if name == replies.question else value_of(name)

        ceilings = [
            limits.knocked_out if rule.effect == "knockout" else limits.capped
            for rule in replies.hard
            if (may_hold(rule.when, known, is_open) if worst else holds(rule.when, known))
        ]
        return min(ceilings, default=_HUNDRED), replies.points[answer]

    choose = min if worst else max
    return choose(replies.points, key=rank, default=State.UNANSWERED)


def telling_replies(rubric: Everyday, question: Question) -> tuple[Value, ...]:
    """Real answers that stand for all that the rubric tells apart."""
    graded = [c for c in rubric.criteria.values() if c.question == question.id]
    tests: list[Test] = [
        test
        for rule in rubric.rules.values()
        if rule.effect != "clarify"
        for name, test in atoms(rule.when)
        if name == question.id
    ]
    tests += [AtLeast(edge, "") for criterion in graded for edge in _edges(criterion)]
    tests.append(Is(tuple(choice.id for choice in question.choices)))
    return tuple(
        dict.fromkeys(
            answer
            for test in tests
            for answer in telling_answers(question, test)
            if not isinstance(answer, State) and answer != DONT_KNOW
        )
    )


def claimed(criterion: Criterion, answer: Value) -> Fraction:
    """The points that a real answer claims, before assurance and every rule."""
    if isinstance(answer, Fraction):
        return next(
            (r.points for r in sorted(criterion.rungs, key=edge_order) if _within(r, answer)),
            Fraction(0),
        )
    ticks = answer if isinstance(answer, frozenset) else frozenset((answer,))
    worth = [rung.points for rung in criterion.rungs if rung.choice in ticks]
    if not worth:
        return Fraction(0)
    if criterion.ticked == "sum":
        return min(sum(worth, Fraction(0)), _HUNDRED)
    return min(worth) if criterion.ticked == "worst" else max(worth)


def _within(rung: Rung, number: Fraction) -> bool:
    edge = edge_of(rung)
    if edge is None:
        return True
    sign, bound = edge
    return {
        ">=": number >= bound,
        ">": number > bound,
        "<=": number <= bound,
        "<": number < bound,
    }[sign]


def edge_of(rung: Rung) -> tuple[str, Fraction] | None:
    """The sign and bound of a number's band, or None for what lies beyond them all."""
    found = re.fullmatch(r"([<>]=?)(.+)", rung.says)
    bound = read_number(found[2]) if found is not None and rung.choice is None else None
    return None if found is None or bound is None else (found[1], bound)


def edge_order(rung: Rung) -> tuple[bool, Fraction]:
    """Sorts a number's bands into the order in which they are tried."""
    edge = edge_of(rung)
    if edge is None:
        return True, Fraction(0)
    return False, edge[1] if edge[0].startswith("<") else -edge[1]


def _edges(criterion: Criterion) -> Iterator[Fraction]:
    for rung in criterion.rungs:
        edge = edge_of(rung)
        if edge is not None:
            yield edge[1]
