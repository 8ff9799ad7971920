"""A rubric ready to score: read from a record, expanded, compiled once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from vendorrisk.conditions import State, Value
from vendorrisk.document import Fields, Record, Report, plain
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring.derivation import Explainer
from vendorrisk.scoring.everyday import (
    KEYS,
    Everyday,
    Replies,
    extreme_answer,
    read_everyday,
    replies_to,
)
from vendorrisk.scoring.exact import Program, Sheet
from vendorrisk.scoring.expansion import expand
from vendorrisk.scoring.graph import Graph, Input
from vendorrisk.scoring.reading import Tables, read_graph
from vendorrisk.scoring.scorecard import Scorecard

ENGINE = "3"
"""The version of the arithmetic and of its sentences: it changes when the same input may give other
bytes."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;.]+(\.[^@\s<>,;.]+)+")
_MEASURE_KEYS = ("rows", "inputs", "measures", "results")


@dataclass(frozen=True)
class Rubric:
    """A checked rubric. `digest` covers its content and the tables it uses, not its layout.

    `results` are the names a scorecard will have, in order. `everyday` is None for a rubric
    written as plain measures. `authors` are e-mail addresses of those who wrote it, case-folded:
    they do not judge what it scores. `inputs` are what it reads beside the questionnaire's
    questions. `questionnaire` is (id, version), or None for a method that has none. `better` tells
    which way the overall result improves: "higher" or "lower". `measures` is the rubric as plain
    measures.
    """

    id: str
    version: int
    title: str
    questionnaire: tuple[str, int] | None
    digest: str
    better: Literal["higher", "lower"]
    graph: Graph
    everyday: Everyday | None
    asked: Questionnaire | None
    measures: Record
    authors: frozenset[str] = frozenset()

    @property
    def inputs(self) -> Mapping[str, Input]:
        """What the rubric reads, by name."""
        return self.graph.inputs

    @cached_property
    def results(self) -> tuple[str, ...]:
        """The names of the results that a scorecard has, in order."""
        names = [named.name for named in self.graph.results]
        if self.everyday is not None:
            names += ["low", "high"]
        return tuple(names if "overall" in names else ["overall", *names])

    @cached_property
    def program(self) -> Program:
        """The graph compiled; made when the first sheet is scored."""
        return Program(self.graph)

    @cached_property
    def _replies(self) -> Mapping[str, Replies]:
        if self.everyday is None or self.asked is None:
            return {}
        return {item.id: replies_to(self.everyday, item) for item in self.asked.questions}

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.program, self.everyday, self.asked)


def read_rubric(
    record: Record, *, tables: Tables, questionnaire: Questionnaire | None, report: Report
) -> Rubric | None:
    """Read and check a rubric; None when `report` then holds an error.

    `questionnaire` is the one the rubric grades, or None for a method without one.
    """
    before = len(report.errors)
    fields = Fields(record, report, "a rubric")
    identity = fields.text("rubric")
    if identity and not _ID.fullmatch(identity):
        report.error(
            "bad-id",
            identity,
            "a rubric's id is up to 64 small letters, digits and hyphens, as in its folder's name.",
        )
    version = fields.whole("version")
    title = fields.text("title")
    fields.optional("cites")
    authors = _authors(fields, report)
    grades = fields.optional("questionnaire")
    grades_version = fields.whole("questionnaire_version", version)
    better = fields.word("better", ("higher", "lower"), "higher")
    written_everyday = [key for key in KEYS if key in record]
    written_measures = [key for key in _MEASURE_KEYS if key in record]
    graded = _graded(fields, grades, grades_version, questionnaire, report)
    used: dict[str, object] = {}

    def remembered(name: str) -> object:
        found = tables(name)
        used[name] = plain(found)
        return found

    everyday: Everyday | None = None
    graph: Graph | None = None
    measures = Record({key: record[key] for key in _MEASURE_KEYS if key in record})
    if written_everyday and written_measures:
        report.error(
            "two-ways",
            fields.key(written_measures[0]),
            f"a rubric is written either with criteria or with measures; this one has both "
            f"`{written_everyday[0]}` and `{written_measures[0]}`.",
        )
        return None
    if written_everyday or not written_measures:
        if graded is None:
            if grades is None:
                report.error("missing-key", fields.at, "criteria grade a questionnaire: name it.")
            return None
        everyday = read_everyday(fields, graded, report)
        fields.done()
        if everyday is not None and len(report.errors) == before:
            measures = expand(everyday, graded)
            graph = _own(measures, graded, report)
    else:
        if grades is not None and graded is None:
            return None
        graph = read_graph(fields, remembered, graded, report)  # type: ignore[arg-type]
        fields.done()
    if graph is None or len(report.errors) > before:
        return None
    return Rubric(
        id=str(identity),
        version=version,
        title=str(title),
        questionnaire=None if graded is None else (graded.id, graded.version),
        digest=_digest({"rubric": plain(record), "tables": used}),
        better=better,  # type: ignore[arg-type]
        graph=graph,
        everyday=everyday,
        asked=graded,
        measures=measures,
        authors=authors,
    )


def _authors(fields: Fields, report: Report) -> frozenset[str]:
    found: set[str] = set()
    for text in fields.texts("authors"):
        folded = text.strip().casefold()
        if not _EMAIL.fullmatch(folded):
            report.error(
                "author",
                text,
                f"`{text}` is no e-mail address: write each author as name@example.org.",
            )
        elif folded in found:
            report.error("author", text, f"`{text}` stands among the authors twice: leave one out.")
        found.add(folded)
    return frozenset(found)


def _graded(
    fields: Fields,
    grades: str | None,
    version: int,
    questionnaire: Questionnaire | None,
    report: Report,
) -> Questionnaire | None:
    if grades is None:
        return None
    if questionnaire is None:
        report.error("unknown-name", grades, f"there is no questionnaire `{grades}` beside it.")
        return None
    if (questionnaire.id, questionnaire.version) != (str(grades), version):
        report.error(
            "questionnaire-version",
            grades,
            f"the rubric grades {grades} version {version}, but this is {questionnaire.id} "
            f"version {questionnaire.version}; name the version with `questionnaire_version`.",
        )
        return None
    return questionnaire


def _own(measures: Record, questionnaire: Questionnaire, report: Report) -> Graph | None:
    """The graph of an expansion. Its author is this program, so a problem there is our fault."""
    inner = Report(report.file)
    graph = read_graph(
        Fields(measures, inner, "the expansion"), lambda name: None, questionnaire, inner
    )
    for problem in inner.errors:
        report.error("expansion", None, f"the rubric cannot be expanded: {problem.message}")
    return graph


def _digest(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def score(
    rubric: Rubric,
    sheet: Sheet,
    between: tuple[Mapping[str, Value], Mapping[str, Value]] | None = None,
) -> Scorecard:
    """Score one sheet exactly. Raises SheetError where it holds what an input does not take, or
    lacks a fact.

    `between` makes the results `low` and `high` (see `Scorecard.with_range`): the answers that
    differ from the sheet's where everything open is answered as badly, and as well, as can be.
    """
    explainer, program = rubric._explainer, rubric.program
    digests = {**sheet.digests, "rubric": rubric.digest, "engine": ENGINE}
    slots = program.run(sheet)
    card = explainer.scorecard(slots, sheet.ignored, digests)
    if between is None:
        return card
    now = card.results["overall"]
    named = next(named for named in rubric.graph.results if named.name == "overall")
    slot = program.slots[named.measure or "", named.key]
    low, high = (
        explainer.shown(named, program.again(slots, answers, slot)) if answers else now
        for answers in between
    )
    return card.with_range(low, high)


def completion(rubric: Rubric, sheet: Sheet, question: str, *, worst: bool) -> Value:
    """The worst (or best) answer to one question of an everyday rubric, rules included.

    Used for `low` and `high`: go through the questionnaire once from top to bottom; give every
    visible unanswered question its completion; what becomes visible by it follows in the same pass.
    """
    if rubric.everyday is None:
        raise ValueError("only an everyday rubric knows a worst and a best answer")

    def value_of(name: str) -> Value:
        return sheet.answers.get(name, sheet.facts.get(name, State.UNANSWERED))

    replies = rubric._replies[question]
    return extreme_answer(rubric.everyday.limits, replies, value_of, worst=worst)


def explain_rubric(rubric: Rubric) -> str:
    """The rubric as the plain measures it stands for, in the rubric language."""
    head = Record({"rubric": rubric.id, "version": str(rubric.version), "title": rubric.title})
    if rubric.questionnaire is not None:
        name, version = rubric.questionnaire
        head |= {"questionnaire": name, "questionnaire_version": str(version)}
    head["better"] = rubric.better
    return "\n".join(_yaml({**head, **rubric.measures}, 0)) + "\n"


def _yaml(data: Mapping[str, object], indent: int) -> list[str]:
    lines = []
    pad = "  " * indent
    for key, value in data.items():
        start = f"{pad}{_scalar(str(key))}:"
        flow = _flow(value)
        if isinstance(value, Mapping) and value and (indent == 0 or len(start + flow) > 98):
            lines += [start, *_yaml(value, indent + 1)]
        elif isinstance(value, list) and len(start + flow) > 98:
            lines.append(start)
            lines += [f"{pad}- {_flow(item)}" for item in value]
        else:
            lines.append(f"{start} {flow}")
    return lines


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(str(value))


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+*/()<> -")


def _scalar(text: str) -> str:
    bare = (
        text
        and set(text) <= _PLAIN
        and (text[0].isalnum() or text[0] in "(<")
        and text == text.strip()
    )
    return text if bare else json.dumps(text, ensure_ascii=False)
