"""What the scoring tests share: rubrics from text, small questionnaires, random everyday ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from random import Random
from textwrap import dedent
from typing import Any

from hypothesis import strategies as st

from vendorrisk.conditions import Condition, State, Value, parse
from vendorrisk.content.reading import read_yaml
from vendorrisk.document import Place, Record, Report, Text, tree
from vendorrisk.questionnaire import (
    Choice,
    Fact,
    Question,
    Questionnaire,
    Section,
    Visible,
    visibility,
)
from vendorrisk.scoring import Rubric, Scorecard, Sheet, read_rubric, score

LEVELS = ("self_attested", "documented", "audited", "verified")


# -- rubrics from text --------------------------------------------------------------------------


def table(text: str, name: str = "table.csv") -> list[Record]:
    """A CSV table as the loader gives it."""
    lines = [line.split(",") for line in dedent(text).strip().splitlines()]
    head, *rows = lines
    records = []
    for number, cells in enumerate(rows, start=2):
        place = Place(name, number)
        record = Record(
            {Text(key): Text(cell, place) for key, cell in zip(head, cells, strict=True)}
        )
        record.place = place
        records.append(record)
    return records


def read(
    text: str,
    questionnaire: Questionnaire | None = None,
    tables: Mapping[str, str] | None = None,
) -> tuple[Rubric | None, Report]:
    """A rubric from YAML without its head, and what was found on reading it."""
    body = dedent(text).strip()
    head = "" if body.startswith("rubric:") else "rubric: sample\nversion: 1\ntitle: Sample\n"
    report = Report("rubric.yaml")
    record = read_yaml((head + body).encode(), report)
    assert record is not None, report.problems

    def beside(name: str) -> list[Record] | None:
        if name not in (tables or {}):
            report.error("no-file", None, f"there is no {name}")
            return None
        return table((tables or {})[name], name)

    rubric = read_rubric(record, tables=beside, questionnaire=questionnaire, report=report)
    return rubric, report


def rubric(
    text: str,
    questionnaire: Questionnaire | None = None,
    tables: Mapping[str, str] | None = None,
) -> Rubric:
    """A rubric that must be without problems, warnings included."""
    found, report = read(text, questionnaire, tables)
    assert not report.problems, [str(problem) for problem in report.problems]
    assert found is not None
    return found


def results(rubric: Rubric, **brought: Any) -> dict[str, Any]:
    """The exact results of a sheet given as plain data; states by their word."""
    row = next((i for i in rubric.inputs.values() if i.per_row and i.source == "answers"), None)

    def value(name: str, raw: object) -> Value:
        found = rubric.inputs.get(name, row)
        assert found is not None, name
        return found.read(raw)

    sheet = Sheet(
        answers={k: value(k, v) for k, v in brought.get("answers", {}).items()},
        facts={
            k: frozenset(v) if isinstance(v, list) else value(k, v)
            for k, v in brought.get("facts", {}).items()
        },
        marks=brought.get("marks", {}),
        levels=brought.get("levels", {}),
    )
    card = score(rubric, sheet)
    return {
        name: result.exact.value if isinstance(result.exact, State) else result.exact
        for name, result in card.results.items()
    }


# -- questionnaires -----------------------------------------------------------------------------


def condition(data: object) -> Condition:
    """A condition from plain data."""
    report = Report()
    found = parse(tree(data), report)
    report.raise_errors()
    assert found is not None
    return found


def question(
    identity: str,
    choices: Sequence[str] = (),
    *,
    kind: str = "one_of",
    show_when: object = None,
    dont_know: bool = False,
    not_applicable: bool = False,
) -> Question:
    """A question with as little as a test needs."""
    return Question(
        id=identity,
        code=None,
        ask=f"How is {identity}?",
        help="",
        answer=kind,  # type: ignore[arg-type]
        choices=tuple(Choice(choice, choice.capitalize()) for choice in choices),
        minutes=1,
        answered_by="security",
        dont_know=dont_know,
        not_applicable="There is none." if not_applicable else None,
        show_when=None if show_when is None else condition(show_when),
        evidence=(),
        maps_to=(),
        at_least="0" if kind == "number" else None,
        whole=kind == "number",
    )


def questionnaire(
    questions: Sequence[Question], facts: Mapping[str, Sequence[str]] | None = None
) -> Questionnaire:
    """A questionnaire of one section."""
    return Questionnaire(
        id="sample",
        version=1,
        title="Sample",
        purpose="",
        draft=True,
        answered_by="vendor",
        facts=tuple(Fact(k, k, tuple(v)) for k, v in (facts or {"tier": ("1", "2")}).items()),
        sections=(Section("all", "All", "", tuple(questions)),),
        evidence_kinds={},
        digest="sha256:0",
    )


# -- sheets -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Given:
    """What a vendor and reviewers say, before visibility is worked out."""

    answers: Mapping[str, Value]
    facts: Mapping[str, Value]
    levels: Mapping[str, Mapping[str, str]]
    approved: frozenset[str] = frozenset()
    contradicted: frozenset[str] = frozenset()

    def but(self, name: str, value: Value) -> Given:
        """The same with another answer."""
        return replace(self, answers={**self.answers, name: value})

    def sheet(self, asked: Questionnaire) -> Sheet:
        """The sheet, with hidden questions marked."""
        seen = visibility(asked, self.answers, self.facts)
        return Sheet(
            answers={
                name: self.answers.get(name, State.UNANSWERED)
                if isinstance(how, Visible)
                else State.HIDDEN
                for name, how in seen.items()
            },
            facts=self.facts,
            marks={
                "not_applicable": dict.fromkeys(self.approved, "approved"),
                "assurance": dict.fromkeys(self.contradicted, "contradicted"),
            },
            levels=self.levels,
        )


@dataclass(frozen=True)
class World:
    """A questionnaire, its rubric and one sheet."""

    seed: int
    asked: Questionnaire
    rubric: Rubric
    given: Given

    def __repr__(self) -> str:
        return f"World({self.seed}, {self.given})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def card(self, given: Given | None = None) -> Scorecard:
        """The scorecard of the sheet, or of another."""
        return score(self.rubric, (given or self.given).sheet(self.asked))

    def visible(self, given: Given | None = None) -> list[str]:
        """The questions that are asked."""
        seen = visibility(self.asked, (given or self.given).answers, self.given.facts)
        return [name for name, how in seen.items() if isinstance(how, Visible)]


def numbers(card: Scorecard) -> dict[str, Fraction]:
    """The results that are numbers."""
    return {
        name: result.exact
        for name, result in card.results.items()
        if isinstance(result.exact, Fraction)
    }


# -- random everyday rubrics ----------------------------------------------------------------------

CHOICES = ("best", "good", "poor", "worst")
POINTS = (100, 85, 70, 41, 40, 35, 10, 0)
MANY = 24
"""So many rubrics serve most properties: reading one takes longer than scoring a sheet."""


@lru_cache(maxsize=MANY)
def made(seed: int) -> tuple[Questionnaire, Rubric]:
    """A random questionnaire and its rubric, the same for the same seed."""
    rng = Random(seed)
    asked = random_questionnaire(rng)
    return asked, read_written(asked, random_rubric(rng, asked))


def read_written(asked: Questionnaire, written: Mapping[str, Any]) -> Rubric:
    """A rubric from plain data, which must be without errors."""
    report = Report("random.yaml")
    found = read_rubric(tree(written), tables=lambda name: None, questionnaire=asked, report=report)
    assert found is not None, [str(problem) for problem in report.errors]
    return found


@st.composite
def worlds(draw: st.DrawFn, seeds: int = MANY) -> World:
    """A random everyday rubric whose hard rules look at the worst answers, and a sheet for it."""
    seed = draw(st.integers(0, seeds - 1))
    asked, found = made(seed)
    return World(seed, asked, found, draw(sheets(asked)))


def random_questionnaire(rng: Random) -> Questionnaire:
    """Two to five graded questions, some shown only on earlier answers or on facts."""
    questions: list[Question] = []
    for number in range(rng.randint(2, 5)):
        kind = rng.choice(["one_of", "one_of", "one_of", "many_of", "number"])
        choices = CHOICES[: rng.randint(2, 4)] if kind != "number" else ()
        show_when: object = None
        gates = [q for q in questions if q.answer == "one_of"]
        if gates and rng.random() < 0.4:
            gate = rng.choice(gates)
            shown = rng.choice(gate.choices).id
            show_when = rng.choice(
                [
                    {gate.id: shown},
                    {gate.id: {"not": shown}},
                    {gate.id: shown, "flag": "raised"},
                    [{gate.id: shown}, {gates[0].id: gates[0].choices[0].id}],
                ]
            )
        elif rng.random() < 0.2:
            show_when = {"flag": "raised"}
        questions.append(
            question(
                f"q{number}",
                choices,
                kind=kind,
                show_when=show_when,
                dont_know=rng.random() < 0.5,
                not_applicable=rng.random() < 0.5,
            )
        )
    return questionnaire(questions, {"tier": ("1", "2"), "flag": ("raised", "lowered")})


def random_rubric(rng: Random, asked: Questionnaire) -> dict[str, Any]:
    """Criteria for every question, and a few rules that fire on the worst answers."""
    names = ["alpha", "beta"][: rng.randint(1, 2)]
    criteria = []
    for number, item in enumerate(asked.questions):
        size = 3 if item.answer == "number" else len(item.choices)
        worth = sorted((rng.choice(POINTS) for _ in range(size)), reverse=True)
        criterion: dict[str, Any] = {
            "criterion": f"c-{item.id}",
            "question": item.id,
            "domain": names[number] if number < len(names) else rng.choice(names),
            "weight": rng.choice(["high", "low"]),
            "because": "It matters.",
        }
        if item.answer == "number":
            first, second, _ = sorted({*worth, 90, 60, 5}, reverse=True)[:3]
            criterion["bands"] = {str(first): "<=10", str(second): "<30", "0": "else"}
        else:
            criterion["points"] = {c.id: str(p) for c, p in zip(item.choices, worth, strict=True)}
        if item.answer == "many_of":
            criterion["ticked"] = rng.choice(["best", "worst", "sum"])
        criteria.append(criterion)
    rules = [
        {
            "rule": f"rule-{number}",
            "when": bad_news(rng, asked, criteria),
            rng.choice(["knock_out", "cap"]): "true",
            "because": f"Rule {number}.",
        }
        for number in range(rng.randint(0, 3))
    ]
    critical = {name: rng.random() < 0.5 for name in names}
    limits = {"knocked_out": "29", "capped": "59", "not_applicable": "30%"}
    if any(critical.values()):
        limits["weakest_critical_plus"] = "25"
    return {
        "rubric": "random",
        "version": "1",
        "questionnaire": "sample",
        "title": "Random",
        "assurance": {
            "by": "tier",
            "levels": list(LEVELS),
            "shares": {"1": ["0.5", "0.7", "0.9", "1"], "2": ["0.6", "0.75", "0.9", "1"]},
            "admissions": "40",
        },
        "weights": {"high": "3", "low": "1"},
        "domains": {
            name: {"title": name.capitalize(), "critical": str(critical[name]).lower()}
            for name in names
        },
        "criteria": criteria,
        "rules": rules,
        "limits": limits,
        "bands": {"strong": "85", "adequate": "70", "limited": "55", "weak": "30", "bad": "else"},
    }


def bad_news(rng: Random, asked: Questionnaire, criteria: Sequence[Mapping[str, Any]]) -> Any:
    """A condition that only worse answers can make true."""
    ticked = {c["question"]: c.get("ticked") for c in criteria}
    parts: list[dict[str, Any]] = []
    for _ in range(rng.randint(1, 2)):
        item = rng.choice(asked.questions)
        if item.answer == "number":
            parts.append({item.id: {"at_least": "30"}})
        elif item.answer == "many_of" and ticked[item.id] != "worst":
            parts.append({item.id: {"not": item.choices[0].id}, "any": [{item.id: real(item)}]})
        else:
            parts.append({item.id: real(item)[rng.randint(1, len(item.choices) - 1) :]})
    if rng.random() < 0.5:
        parts.append({"tier": "1"})
    if rng.random() < 0.5:
        return parts
    return {"not": [{"not": part} for part in parts]}


def real(item: Question) -> list[str]:
    """Every choice of a question."""
    return [choice.id for choice in item.choices]


@st.composite
def sheets(draw: st.DrawFn, asked: Questionnaire) -> Given:
    """Any answers, states, levels and marks."""
    answers = {item.id: draw(answer_to(item)) for item in asked.questions}
    names = [item.id for item in asked.questions]
    return Given(
        answers=answers,
        facts={
            "tier": draw(st.sampled_from(["1", "2"])),
            "flag": draw(st.sampled_from(["raised", "lowered"])),
        },
        levels={
            item.id: {
                key: draw(st.sampled_from(LEVELS)) for key in (*(c.id for c in item.choices), "*")
            }
            for item in asked.questions
        },
        approved=frozenset(draw(st.sets(st.sampled_from(names), max_size=2))),
        contradicted=frozenset(draw(st.sets(st.sampled_from(names), max_size=1))),
    )


def real_answers(item: Question) -> st.SearchStrategy[Value]:
    """An answer that is no state and not "don't know"."""
    if item.answer == "number":
        return st.sampled_from([Fraction(n) for n in (0, 10, 11, 29, 30, 31)])
    if item.answer == "many_of":
        return st.sets(st.sampled_from(real(item)), min_size=1).map(frozenset)
    return st.sampled_from(real(item))


def answer_to(item: Question) -> st.SearchStrategy[Value]:
    """Any answer, state or "don't know" that a question takes."""
    silent: list[Value] = [State.UNANSWERED]
    if item.dont_know:
        silent.append("dont_know")
    if item.not_applicable is not None:
        silent.append(State.NOT_APPLICABLE)
    return st.one_of(real_answers(item), real_answers(item), st.sampled_from(silent))
