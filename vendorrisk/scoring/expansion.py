"""What an everyday rubric stands for: the plain measures that it is rewritten into.

Nothing else knows what a criterion is. `expand` writes a rubric in the language of measures, which
is then read, checked and computed like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

from vendorrisk.conditions import (
    DONT_KNOW,
    AllOf,
    Condition,
    Holds,
    State,
    Test,
    alternatives,
    as_data,
    names,
    passes,
)
from vendorrisk.document import Record, tree
from vendorrisk.questionnaire import Question, Questionnaire, can_pass, telling_answers
from vendorrisk.scoring.everyday import (
    Criterion,
    Everyday,
    Rule,
    Rung,
    edge_of,
    edge_order,
    hiding_questions,
)
from vendorrisk.scoring.formula import write_number
from vendorrisk.scoring.scorecard import INSUFFICIENT

APPROVED = "approved"
CONTRADICTED = "contradicted"
LIFTED = "lifted"


def expand(rubric: Everyday, questionnaire: Questionnaire) -> Record:
    """The keys rows, inputs, measures and results that an everyday rubric stands for."""
    writer = _Expansion(rubric, questionnaire)
    data = {
        "rows": {"list": writer.rows(), "answers": "criterion.question"},
        "inputs": writer.inputs(),
        "measures": writer.measures(),
        "results": writer.results(),
    }
    found: Record = tree(data)
    return found


def not_cleared_by(
    rubric: Everyday, questionnaire: Questionnaire
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Question → knockout or cap → the rules that silence on the question could hide."""
    return {
        question: {
            effect: tuple(dict.fromkeys(rule for rule, _ in ways))
            for effect, ways in effects.items()
        }
        for question, effects in _Expansion(rubric, questionnaire).silences().items()
    }


class _Expansion:
    """Writes the measures. Names have a dot, which no question's id has."""

    def __init__(self, rubric: Everyday, questionnaire: Questionnaire) -> None:
        self.rubric, self.questionnaire = rubric, questionnaire
        self.questions = {q.id: q for s in questionnaire.sections for q in s.questions}
        self.criteria = list(rubric.criteria.values())
        self.most = max(len(criterion.rungs) for criterion in self.criteria)
        self.ranks = range(1, self.most + 1)
        self.graded: dict[str, list[str]] = {}
        for criterion in self.criteria:
            self.graded.setdefault(criterion.question, []).append(criterion.id)
        self.hard = [r for r in rubric.rules.values() if r.effect != "clarify"]
        self.watched = self._watched()
        self.ungraded = [q for q in self.questions if q not in self.graded]
        dont_know = any(self.questions[q].dont_know for q in self.graded)
        self.dont_know = [DONT_KNOW] if dont_know else []

    def _kind(self, criterion: Criterion) -> str:
        if self.questions[criterion.question].answer == "number":
            return "number"
        return criterion.ticked or "one"

    def _may_not_know(self, criterion: Criterion) -> bool:
        """Whether "don't know" stands in the list of choices, below the last rung."""
        return self.questions[criterion.question].dont_know and self._kind(criterion) != "number"

    def _kinds(self) -> set[str]:
        return {self._kind(criterion) for criterion in self.criteria}

    def _watched(self) -> list[str]:
        """The questions that a knockout or cap looks at, and those that can hide them."""
        todo = [n for rule in self.hard for n in names(rule.when) if n in self.questions]
        found: dict[str, None] = {}
        while todo:
            name = todo.pop()
            if name not in found:
                found[name] = None
                todo += hiding_questions(self.questions[name], self.questions)
        return [name for name in self.questions if name in found]

    # -- rows and inputs --------------------------------------------------------------------------

    def rows(self) -> list[dict[str, str]]:
        rows = []
        for criterion in self.criteria:
            row = {
                "id": criterion.id,
                "criterion.question": criterion.question,
                "criterion.domain": criterion.domain,
                "criterion.critical": "true"
                if self.rubric.domains[criterion.domain].critical
                else "false",
                "criterion.weight": write_number(criterion.weight),
                "criterion.kind": self._kind(criterion),
            }
            for rank, rung in enumerate(criterion.rungs, start=1):
                row[f"criterion.choice_{rank}"] = rung.choice or "*"
                row[f"criterion.points_{rank}"] = write_number(rung.points)
            hiding = hiding_questions(self.questions[criterion.question], self.questions)
            row["criterion.hidden_by"] = " ".join(i for q in hiding for i in self.graded[q])
            rows.append(row)
        return rows

    def inputs(self) -> dict[str, Any]:
        review: dict[str, Any] = {"from": "review", "per": "row"}
        found: dict[str, Any] = {
            "row.answer": {"from": "answers", "per": "row"},
            "row.approval": {**review, "mark": "not_applicable", "choices": [APPROVED]},
            "row.verdict": {**review, "mark": "assurance", "choices": [CONTRADICTED]},
        }
        if self.rubric.assurance is not None:
            levels = self.rubric.assurance.levels
            for rank in self.ranks:
                found[f"level.{rank}"] = {
                    "from": "levels",
                    "per": "row",
                    "choice_in": f"criterion.choice_{rank}",
                    "choices": list(levels),
                    "default": levels[0],
                }
        for question in self.watched:
            found[f"approval.{question}"] = {
                "from": "review",
                "mark": "not_applicable",
                "of": question,
                "choices": [APPROVED],
            }
        for question in dict.fromkeys((*self.ungraded, *self.watched)):
            found[f"verdict.{question}"] = {
                "from": "review",
                "mark": "assurance",
                "of": question,
                "choices": [CONTRADICTED],
            }
        for rule in self.hard:
            found[f"lifted.{rule.id}"] = {
                "from": "review",
                "mark": "rule",
                "of": rule.id,
                "choices": [LIFTED],
            }
        return found

    # -- measures ---------------------------------------------------------------------------------

    def measures(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        found |= self._reach()
        found |= self._rungs()
        found |= self._criterion()
        found |= self._domain()
        found |= self._total()
        found |= self._rules()
        found |= self._ceilings()
        found |= self._score()
        return found

    def _reach(self) -> dict[str, Any]:
        """Which rung an answer claims, 1 being the best; equal points are one rung."""
        kinds = self._kinds()
        listed = [c for c in self.criteria if self._kind(c) != "number"]
        table: dict[str, dict[str, str]] = {}
        for criterion in listed:
            entries = {r.choice or "": str(n) for n, r in _ranked(criterion.rungs)}
            if self._may_not_know(criterion):
                entries[DONT_KNOW] = str(len(criterion.rungs) + 1)
            table[criterion.id] = entries
        found: dict[str, Any] = {}
        lookup: dict[str, Any] = {"map": ["id", "row.answer"], "to": table}
        if "number" in kinds:
            lookup["else"] = "hidden"
        many = kinds & {"best", "worst", "sum"}
        if listed:
            found["criterion.best_tick"] = lookup | ({"ticked": "least"} if many else {})
        cases: list[dict[str, Any]] = []
        if "worst" in kinds:
            found["criterion.worst_tick"] = lookup | {"ticked": "greatest"}
            cases.append({"when": {"criterion.kind": "worst"}, "give": "criterion.worst_tick"})
        for criterion in self.criteria:
            if self._kind(criterion) == "number":
                cases += self._number_cases(criterion)
        otherwise = "criterion.best_tick" if listed else "hidden"
        found["criterion.reach"] = (
            {"cases": cases, "else": otherwise} if cases else {"formula": otherwise}
        )
        worth = {
            c.id: {str(n): write_number(r.points) for n, r in _ranked(c.rungs)}
            | ({str(len(c.rungs) + 1): "0"} if self._may_not_know(c) else {})
            for c in self.criteria
        }
        found["criterion.rung_points"] = {
            "map": ["id", "criterion.reach"],
            "to": worth,
            "else": "0",
            "unanswered": "0",
        }
        return found

    def _number_cases(self, criterion: Criterion) -> Iterator[dict[str, Any]]:
        """The band of a number, tried in the order in which the bands were written."""
        ranks = {rung.says: rank for rank, rung in _ranked(criterion.rungs)}
        for rung in sorted(criterion.rungs, key=edge_order):
            test: Any = {"not": ["unanswered", "hidden", "not_applicable", *self.dont_know]}
            edge = edge_of(rung)
            if edge is not None:
                bound = write_number(edge[1])
                test = {
                    ">=": {"at_least": bound},
                    ">": {"not": {"at_most": bound}, "at_least": bound},
                    "<=": {"at_most": bound},
                    "<": {"not": {"at_least": bound}, "at_most": bound},
                }[edge[0]]
            yield {
                "when": {"id": criterion.id, "row.answer": test},
                "give": str(ranks[rung.says]),
            }

    def _rungs(self) -> dict[str, Any]:
        """What each rung is worth after assurance, and the greatest of those claimed."""
        found: dict[str, Any] = {}
        assurance = self.rubric.assurance
        for rank in self.ranks:
            points = f"criterion.points_{rank}"
            absent = {"when": {points: "not_applicable"}, "give": "hidden"}
            blank = [absent] if any(len(c.rungs) < rank for c in self.criteria) else []
            if assurance is None:
                found[f"rung.worth_{rank}"] = (
                    {"cases": blank, "else": points} if blank else {"formula": points}
                )
            else:
                found[f"rung.share_{rank}"] = {
                    "map": [assurance.by, f"level.{rank}"],
                    "across": list(assurance.levels),
                    "to": {
                        value: [write_number(share) for share in shares]
                        for value, shares in assurance.shares.items()
                    },
                }
                admission = {
                    "when": {points: {"at_most": write_number(assurance.admissions)}},
                    "give": points,
                    "because": "An admission needs no proof.",
                }
                found[f"rung.worth_{rank}"] = {
                    "cases": [*blank, admission],
                    "else": f"{points} * rung.share_{rank}",
                }
            found[f"rung.kept_{rank}"] = {
                "cases": [
                    {
                        "when": {"criterion.reach": {"at_most": str(rank)}},
                        "give": f"rung.worth_{rank}",
                    }
                ],
                "else": "hidden",
            }
        found["criterion.best_rung"] = {
            "greatest": [f"rung.kept_{rank}" for rank in self.ranks],
            "empty": "0",
        }
        if "sum" in self._kinds():
            found |= self._ticked_sum()
        return found

    def _ticked_sum(self) -> dict[str, Any]:
        """For ticks that add up: each counts with its own proof, and a sum may be an admission."""
        found: dict[str, Any] = {}
        summed = [c for c in self.criteria if self._kind(c) == "sum"]
        ranks = range(1, max(len(c.rungs) for c in summed) + 1)
        for rank in ranks:
            found[f"rung.ticked_{rank}"] = {
                "map": ["id", "row.answer"],
                "ticked": "sum",
                "to": {
                    c.id: {c.rungs[rank - 1].choice: "1"} for c in summed if len(c.rungs) >= rank
                },
                "else": "0",
            }
            share = f" * rung.share_{rank}" if self.rubric.assurance is not None else ""
            points = f"criterion.points_{rank}"
            found[f"rung.tick_points_{rank}"] = {
                "cases": [{"when": {points: "not_applicable"}, "give": "0"}],
                "else": f"rung.ticked_{rank} * {points}",
            }
            found[f"rung.tick_proven_{rank}"] = {"formula": f"rung.tick_points_{rank}{share}"}
        found["criterion.tick_points"] = {"sum": [f"rung.tick_points_{rank}" for rank in ranks]}
        found["criterion.tick_proven"] = {"sum": [f"rung.tick_proven_{rank}" for rank in ranks]}
        return found

    def _criterion(self) -> dict[str, Any]:
        """Points and credit of each criterion after every policy."""
        claimed, proven = "criterion.rung_points", "criterion.best_rung"
        claimed_ticks: list[dict[str, Any]] = []
        proven_ticks: list[dict[str, Any]] = []
        if "sum" in self._kinds():
            admissions = self.rubric.assurance.admissions if self.rubric.assurance else 100
            least = write_number(Fraction(admissions))
            when = {"criterion.kind": "sum"}
            claimed_ticks = [{"when": when, "give": "min(criterion.tick_points, 100)"}]
            proven_ticks = [
                {
                    "when": when,
                    "give": "min(max(criterion.tick_proven, "
                    f"min(criterion.tick_points, {least})), 100)",
                }
            ]
        contradicted = {
            "when": {"row.verdict": CONTRADICTED},
            "give": "0",
            "because": "A reviewer found the answer contradicted.",
        }
        return {
            **self._switched_off(),
            "criterion.inherits_left_out": {
                "any": {"criterion.credit": "not_applicable"},
                "over": "criterion.hidden_by",
            },
            **{
                f"criterion.inherited_{what}": {
                    "least": f"criterion.{what}",
                    "over": "criterion.hidden_by",
                    "empty": "hidden",
                    "unanswered": "stop",
                    "inconclusive": "stop",
                }
                for what in ("points", "credit", "covered")
            },
            "criterion.points": self._settled("points", claimed, claimed_ticks),
            "criterion.credit": self._settled("credit", proven, [contradicted, *proven_ticks]),
            "criterion.covered": self._settled("covered", "1", []),
            "criterion.asked": {
                "cases": [{"when": {"criterion.credit": "hidden"}, "give": "hidden"}],
                "else": "criterion.weight",
            },
            "criterion.contradicted": {
                "cases": [
                    {
                        "when": {"row.answer": ["unanswered", "hidden"]},
                        "label": "not_so",
                    },
                    {
                        "when": {"row.answer": "not_applicable", "row.approval": APPROVED},
                        "label": "not_so",
                    },
                    {"when": {"row.verdict": CONTRADICTED}, "label": CONTRADICTED},
                ],
                "else": {"label": "not_so"},
            },
        }

    def _switched_off(self) -> dict[str, Any]:
        """Whether a question that is not asked is left out by facts, or by the vendor's answer."""
        cases: list[dict[str, Any]] = [
            {"when": {"criterion.hidden_by": "not_applicable"}, "label": "by_fact"}
        ]
        for criterion in self.criteria:
            question = self.questions[criterion.question]
            if not hiding_questions(question, self.questions) or question.show_when is None:
                continue
            by_facts = self._facts_allow(question.show_when)
            if by_facts is False:
                cases.append({"when": {"id": criterion.id}, "label": "by_fact"})
            elif by_facts is not True:
                cases.append(
                    {
                        "when": {"id": criterion.id, "not": by_facts},
                        "label": "by_fact",
                        "because": "What is known of the engagement leaves the question out.",
                    }
                )
        return {"criterion.switched_off": {"cases": cases, "else": {"label": "by_answer"}}}

    def _facts_allow(self, condition: Condition) -> bool | list[Any]:
        """The condition with every question free to be answered: what the facts leave open."""
        left = []
        for alternative in alternatives(condition):
            asked = {n: t for n, t in alternative.items() if n in self.questions}
            if not all(can_pass(self.questions[n], t) for n, t in asked.items()):
                continue
            facts = [Holds(n, t) for n, t in alternative.items() if n not in asked]
            if not facts:
                return True
            left.append(as_data(facts[0] if len(facts) == 1 else AllOf(tuple(facts))))
        return left or False

    def _settled(
        self, what: str, otherwise: str, before: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        silent = ["unanswered", "not_applicable", *self.dont_know]
        return {
            "cases": [
                {
                    "when": {"row.answer": "hidden", "criterion.switched_off": "by_fact"},
                    "give": "hidden",
                },
                {
                    "when": {
                        "row.answer": "hidden",
                        f"criterion.inherited_{what}": "hidden",
                        "criterion.inherits_left_out": "true",
                    },
                    "give": "not_applicable",
                },
                {
                    "when": {"row.answer": "hidden"},
                    "give": f"criterion.inherited_{what}",
                    "because": "The answer that hides the question earns its own credit here too.",
                },
                {
                    "when": {"row.answer": "not_applicable", "row.approval": APPROVED},
                    "give": "not_applicable",
                    "because": "A reviewer approved that it does not apply.",
                },
                {"when": {"row.answer": silent}, "give": "0"},
                *before,
            ],
            "else": otherwise,
        }

    def _domain(self) -> dict[str, Any]:
        by = "criterion.domain"
        weighted = {"weight": "criterion.weight", "by": by}
        stop = {"unanswered": "stop", "inconclusive": "stop"}
        found: dict[str, Any] = {
            f"domain.{name}": {"mean": f"criterion.{what}", **weighted, **stop}
            for name, what in (("claimed", "points"), ("mean", "credit"), ("coverage", "covered"))
        }
        found["domain.asked"] = {"sum": "criterion.asked", "by": by}
        if self.rubric.limits.not_applicable is None:
            return found | {"domain.score": {"formula": "domain.mean"}}
        share = write_number(self.rubric.limits.not_applicable)
        return found | {
            "domain.left_out": {
                "sum": "criterion.weight",
                "where": {"criterion.credit": "not_applicable"},
                "by": by,
            },
            "domain.left_out_share": {"formula": "domain.left_out / domain.asked", "by_zero": "0"},
            "domain.basis": {
                "cases": [
                    {"when": {"domain.left_out_share": {"at_most": share}}, "label": "enough"}
                ],
                "else": {"label": "insufficient"},
            },
            "domain.score": {
                "cases": [
                    {
                        "when": {"domain.basis": "insufficient"},
                        "give": "no_score",
                        "because": f"{INSUFFICIENT}more than "
                        f"{_percent(self.rubric.limits.not_applicable)} of the domain's weight "
                        "is not applicable.",
                    }
                ],
                "else": "domain.mean",
            },
        }

    def _total(self) -> dict[str, Any]:
        stop = {"unanswered": "stop", "inconclusive": "stop"}
        found: dict[str, Any] = {
            f"total.{name}": {"mean": f"criterion.{what}", "weight": "criterion.weight", **stop}
            for name, what in (("claimed", "points"), ("mean", "credit"), ("coverage", "covered"))
        }
        limits = self.rubric.limits
        if limits.weakest_critical_plus is not None:
            found["weakest.domain"] = {
                "least": "domain.mean",
                "where": {"criterion.critical": "true"},
                **stop,
            }
            found["weakest.limit"] = {
                "formula": f"weakest.domain + {write_number(limits.weakest_critical_plus)}"
            }
        if limits.not_applicable is not None:
            share = write_number(limits.not_applicable)
            percent = _percent(limits.not_applicable)
            cases: list[dict[str, Any]] = []
            if any(domain.critical for domain in self.rubric.domains.values()):
                found["total.critical_basis"] = {
                    "any": {"domain.basis": "insufficient"},
                    "where": {"criterion.critical": "true"},
                }
                cases.append(
                    {
                        "when": {"total.critical_basis": "true"},
                        "label": "insufficient",
                        "because": f"More than {percent} of a critical domain's weight "
                        "is not applicable.",
                    }
                )
            found["total.asked"] = {"sum": "domain.asked"}
            found["total.thin"] = {
                "sum": "domain.asked",
                "where": {"domain.basis": "insufficient"},
            }
            found["total.thin_share"] = {"formula": "total.thin / total.asked", "by_zero": "0"}
            found["total.basis"] = {
                "cases": [
                    *cases,
                    {"when": {"total.thin_share": {"at_most": share}}, "label": "enough"},
                ],
                "else": {
                    "label": "insufficient",
                    "because": f"Domains with insufficient basis hold more than {percent} "
                    "of all weight.",
                },
            }
        return found

    # -- rules ------------------------------------------------------------------------------------

    def _rules(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for rule in self.rubric.rules.values():
            when = as_data(rule.when)
            fires = {"when": when, "label": "fires", "because": rule.because}
            lifted = {
                "when": {
                    f"lifted.{rule.id}": LIFTED,
                    "any": when if isinstance(when, list) else [when],
                },
                "label": LIFTED,
                "because": f"Lifted: {rule.because}",
            }
            found[f"rule.{rule.id}"] = {
                "cases": [fires] if rule.effect == "clarify" else [lifted, fires],
                "else": {"label": "quiet"},
            }
        for question in self.watched:
            found[f"open.{question}"] = self._open(self.questions[question])
        for question, effects in self.silences().items():
            cases = [
                {"when": [way for _, way in ways], "label": effect}
                for effect, ways in effects.items()
            ]
            found[f"not_cleared.{question}"] = {"cases": cases, "else": {"label": "cleared"}}
        return found

    def silences(self) -> dict[str, dict[str, list[tuple[str, Any]]]]:
        """Question → knockout or cap → the rules that its silence could hide, and how."""
        found: dict[str, dict[str, list[tuple[str, Any]]]] = {}
        for question in self.watched:
            for effect in ("knockout", "cap"):
                ways = [
                    (rule.id, way)
                    for rule in self.hard
                    if rule.effect == effect
                    for way in self._may_fire(rule, question)
                ]
                if ways:
                    found.setdefault(question, {})[effect] = ways
        return found

    def _open(self, question: Question) -> dict[str, Any]:
        """Whether we do not know the answer: none, no approval, contradicted, or hidden by such."""
        silent = ["unanswered", *([DONT_KNOW] if question.dont_know else [])]
        away = [
            *(["hidden"] if question.show_when is not None else []),
            *(["not_applicable"] if question.not_applicable is not None else []),
        ]
        disputed: dict[str, Any] = {f"verdict.{question.id}": CONTRADICTED}
        ways: list[Any] = [
            {question.id: silent},
            disputed | ({question.id: {"not": away}} if away else {}),
        ]
        if question.not_applicable is not None:
            ways.append(
                {
                    question.id: "not_applicable",
                    f"approval.{question.id}": {"not": APPROVED},
                }
            )
        if question.show_when is not None:
            for alternative in alternatives(question.show_when):
                if any(name in self.questions for name in alternative):
                    might = self._might(alternative)
                    if might is not None:
                        ways.append(_all_of([{question.id: "hidden"}, *might]))
        return {"cases": [{"when": ways, "label": "open"}], "else": {"label": "settled"}}

    def _might(self, alternative: Mapping[str, Test]) -> list[Any] | None:
        """What must hold for an alternative to be possible; None where it never is."""
        parts: list[Any] = []
        for name, test in alternative.items():
            holds: Any = as_data(Holds(name, test))
            if name not in self.questions:
                parts.append(holds)
            elif attainable(self.questions[name], test):
                parts.append({"any": [holds, {f"open.{name}": "open"}]})
            elif can_pass(self.questions[name], test):
                parts.append(holds)
            else:
                return None
        return parts

    def _may_fire(self, rule: Rule, question: str) -> Iterator[Any]:
        """The ways in which a rule could hold through what we do not know of one question."""
        for alternative in alternatives(rule.when):
            test = alternative.get(question)
            if test is None or not attainable(self.questions[question], test):
                continue
            rest = self._might({n: t for n, t in alternative.items() if n != question})
            if rest is not None:
                yield _all_of([{f"open.{question}": "open"}, *rest])

    def _ceilings(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        contradicted: list[Any] = [{"contradicted.graded": "true"}]
        found["contradicted.graded"] = {"any": {"criterion.contradicted": CONTRADICTED}}
        for question in self.ungraded:
            found[f"contradicted.{question}"] = {
                "cases": [
                    {"when": {question: ["unanswered", "hidden"]}, "label": "not_so"},
                    {"when": {f"verdict.{question}": CONTRADICTED}, "label": CONTRADICTED},
                ],
                "else": {"label": "not_so"},
            }
            contradicted.append({f"contradicted.{question}": CONTRADICTED})
        for effect, limit, more in (
            ("knockout", self.rubric.limits.knocked_out, []),
            ("cap", self.rubric.limits.capped, contradicted),
        ):
            when = [{f"rule.{rule.id}": "fires"} for rule in self.hard if rule.effect == effect]
            when += [
                {f"not_cleared.{q}": effect} for q, by in self.silences().items() if effect in by
            ]
            when += more
            case = {"when": when, "give": write_number(limit)}
            found[f"ceiling.{effect}"] = {"cases": [case] if when else [], "else": "hidden"}
        return found

    # -- the score --------------------------------------------------------------------------------

    def _score(self) -> dict[str, Any]:
        weakest = self.rubric.limits.weakest_critical_plus is not None
        cases: list[dict[str, Any]] = [
            {
                "when": {"total.mean": ["hidden", "not_applicable"]},
                "give": "no_score",
                "because": "Nothing could be scored.",
            }
        ]
        if any(rule.effect == "knockout" for rule in self.hard):
            cases.append({"when": {"ceiling.knockout": {"not": "hidden"}}, "give": "score.limited"})
        if self.rubric.limits.not_applicable is not None:
            cases.append(
                {
                    "when": {"total.basis": "insufficient"},
                    "give": "no_score",
                    "because": f"{INSUFFICIENT}too much of what was asked is not applicable.",
                }
            )
        return {
            "score.limited": {
                "least": [
                    "total.mean",
                    *(["weakest.limit"] if weakest else []),
                    "ceiling.cap",
                    "ceiling.knockout",
                ],
                "unanswered": "stop",
                "inconclusive": "stop",
            },
            "score.overall": {"cases": cases, "else": "score.limited"},
            "score.band": {"bands": "score.overall", "to": dict(self.rubric.bands)},
        }

    def results(self) -> dict[str, Any]:
        whole = {"shown": {"down": "1"}}
        return {
            "overall": {"of": "score.overall", **whole},
            "claimed": {"of": "total.claimed", **whole},
            "mean": {"of": "total.mean", **whole},
            "band": "score.band",
            "coverage": "total.coverage",
            "<criterion.domain>": {"of": "domain.score", **whole},
            "<criterion.domain>.claimed": {"of": "domain.claimed", **whole},
            "<criterion.domain>.coverage": "domain.coverage",
        }


def _ranked(rungs: Sequence[Rung]) -> Iterator[tuple[int, Rung]]:
    """Each rung with its rank; rungs of equal points share the first one's."""
    place = 1
    for _, equal in groupby(rungs, key=lambda rung: rung.points):
        group = list(equal)
        for rung in group:
            yield place, rung
        place += len(group)


def attainable(question: Question, test: Test) -> bool:
    """Whether a real answer, not a state and not "don't know", passes the test."""
    return any(
        passes(test, value)
        for value in telling_answers(question, test)
        if not isinstance(value, State) and value != DONT_KNOW
    )


def _all_of(parts: Sequence[Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        if merged.keys() & part.keys():
            return {"not": [{"not": one} for one in parts]}
        merged |= part
    return merged


def _percent(share: Fraction) -> str:
    return f"{write_number(share * 100)} %"
