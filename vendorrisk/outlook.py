"""How far proof could still move a score: from nothing that is only said to everything proven."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from vendorrisk.assurance import CONTRADICTED, Review, Submission, build_sheet, completed
from vendorrisk.conditions import DONT_KNOW, State, Value, names
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring import (
    Assurance,
    Everyday,
    Result,
    Rubric,
    Scorecard,
    Sheet,
    score,
)
from vendorrisk.scoring.everyday import hiding_questions
from vendorrisk.scoring.plain_text import of_100, value_text
from vendorrisk.scoring.scorecard import counted


@dataclass(frozen=True, slots=True)
class Outcome:
    """An overall result and its band."""

    overall: Result
    band: Result

    @classmethod
    def of(cls, card: Scorecard) -> Outcome:
        """What a scorecard of an everyday rubric came to."""
        return cls(card.results["overall"], card.results["band"])

    def to_json(self) -> dict[str, Any]:
        """`overall` and `band` as results."""
        return {"overall": self.overall.to_json(), "band": self.band.to_json()}

    def text(self) -> str:
        """ "46 of 100, weak", or why there is no score."""
        if isinstance(self.overall.exact, State):
            return " ".join([f"{value_text(self.overall)}.", *self.overall.why]).rstrip(".")
        return f"{of_100(self.overall)}, {value_text(self.band)}"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an overall result could come to, whatever becomes of claims that lack proof.

    `proven`    leaves out what is only said: such a claim is as good as no answer
    `provable`  were everything that is answered proven in full
    `best`      were every open question, besides, answered at its best, and that proven, too
    `unproven`  the questions whose answers are only said, and would earn more with proof
    `short`     the questions whose answers would earn more with proof, those partly proven included
    `open`      the questions without an answer to rely on: none, "don't know", or "not applicable"
                that nobody approved

    What a reviewer contradicted stays contradicted.
    """

    proven: Outcome
    provable: Outcome
    best: Outcome
    unproven: tuple[str, ...]
    short: tuple[str, ...]
    open: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data, by the same names."""
        return {
            "proven": self.proven.to_json(),
            "provable": self.provable.to_json(),
            "best": self.best.to_json(),
            "unproven": list(self.unproven),
            "short": list(self.short),
            "open": list(self.open),
        }

    def lines(self) -> Iterator[str]:
        """The outlook in lines for a reader."""
        if not self.short and not self.open:
            yield "What proof could change: nothing; all that is claimed is proven."
            return
        yield "What proof could change"
        unproven, short, asked = len(self.unproven), len(self.short), len(self.open)
        if unproven:
            said = counted(unproven, "answer that is only said", "answers that are only said")
            yield f"    Without {said}: {self.proven.text()}."
        if short:
            yield f"    With full proof for {counted(short, 'answer')}: {self.provable.text()}."
        if asked:
            also = "that and " if short else ""
            best = f"the best answer to {counted(asked, 'open question')}, proven"
            yield f"    With {also}{best}: {self.best.text()}."


def outlook(
    questionnaire: Questionnaire | None, rubric: Rubric, submission: Submission, card: Scorecard
) -> Outlook | None:
    """What the score of a submission could come to; `card` is its scorecard as it stands.

    None for a rubric of plain measures, which knows no proof.
    """
    if questionnaire is None or rubric.everyday is None:
        return None
    proof = rubric.everyday.assurance
    at_best: Mapping[str, Mapping[str, str]] = {}
    if proof is not None:
        every = {"*": proof.levels[-1]}
        at_best = {question.id: every for question in questionnaire.questions}
    sheet = build_sheet(questionnaire, rubric, submission)
    provable = score(rubric, replace(sheet, levels=at_best))
    short = tuple(
        dict.fromkeys(
            line.question
            for line, could in zip(card.lines, provable.lines, strict=True)
            if line.state == "answered" and (line.credit or 0) < (could.credit or 0)
        )
    )
    left: dict[str, Value] = {}
    if proof is not None:
        backed = {name: _backed(rubric.everyday, proof, sheet, name) for name in short}
        left = {name: part for name, part in backed.items() if part != sheet.answers[name]}
    open_, filled = _filled(questionnaire, rubric, submission, sheet)
    proven, best = card, provable
    less = {**left, **dict(_fallen(questionnaire, sheet, (*left, *open_)))}
    if less:
        proven = score(rubric, replace(sheet, answers={**sheet.answers, **less}))
    if open_:
        best = score(rubric, replace(build_sheet(questionnaire, rubric, filled), levels=at_best))
        # An answer may bring up questions that were answered badly before: then silence is better.
        if _below(best, provable):
            best = provable
    return Outlook(
        Outcome.of(proven), Outcome.of(provable), Outcome.of(best), tuple(left), short, open_
    )


def _below(one: Scorecard, other: Scorecard) -> bool:
    first, second = (card.results["overall"].exact for card in (one, other))
    return isinstance(first, Fraction) and isinstance(second, Fraction) and first < second


def _backed(everyday: Everyday, proof: Assurance, sheet: Sheet, question: str) -> Value:
    """As much of an answer as has some proof: the answer, the ticks or the best weaker choice that
    have; or nothing.
    """
    levels, answer = sheet.levels.get(question, {}), sheet.answers[question]
    shares = dict(zip(proof.levels, proof.shares[str(sheet.facts[proof.by])], strict=True))

    def level(choice: str | None) -> str:
        return levels.get(choice or "*", levels.get("*", proof.levels[0]))

    claims = answer if isinstance(answer, frozenset) else {str(answer)}
    backed = frozenset(claim for claim in claims if level(claim) != proof.levels[0])
    if backed == claims:
        return answer
    graded = [one for one in everyday.criteria.values() if one.question == question]
    if len(graded) > 1 or graded[0].ticked == "worst":
        return State.UNANSWERED  # no part of it stands for the whole
    if isinstance(answer, frozenset):
        # Without a tick that a rule looks at, the rule might not fire.
        watched = any(question in names(r.when) for r in everyday.rules.values())
        return State.UNANSWERED if watched or not backed else backed
    rungs = list(graded[0].rungs)
    at = next((place for place, rung in enumerate(rungs) if rung.choice == answer), len(rungs))
    worth = {
        rung.choice: rung.points * shares[level(rung.choice)]
        for rung in rungs[at + 1 :]
        if level(rung.choice) != proof.levels[0]
    }
    return max(worth, key=worth.__getitem__, default=None) or State.UNANSWERED


def _fallen(
    questionnaire: Questionnaire, sheet: Sheet, left: Collection[str]
) -> Iterator[tuple[str, Value]]:
    """What becomes of the follow-ups of what is open or only said: were it otherwise, others might
    be asked, so their answers count as little.
    """
    questions, fallen = {one.id: one for one in questionnaire.questions}, set(left)
    contradicted = sheet.marks.get("assurance", {})  # which earns nothing, and caps
    for name, question in questions.items():
        if name not in fallen and not fallen.isdisjoint(hiding_questions(question, questions)):
            fallen.add(name)
            if sheet.answers[name] is not State.HIDDEN and name not in contradicted:
                yield name, State.UNANSWERED


def _filled(
    questionnaire: Questionnaire, rubric: Rubric, submission: Submission, sheet: Sheet
) -> tuple[tuple[str, ...], Submission]:
    """The open questions, and the submission with the best answer to each."""

    def is_open(question: str) -> bool:
        answer = submission.answers[question].value
        review = submission.review.get(question, Review())
        approved = review.not_applicable == "approved"
        return answer in (State.UNANSWERED, DONT_KNOW) or (
            answer is State.NOT_APPLICABLE and not approved
        )

    settled = {name for name, one in submission.review.items() if one.assurance == CONTRADICTED}
    kept = {
        name: reply
        for name, reply in submission.answers.items()
        if name in settled or not is_open(name)
    }
    bare = replace(submission, answers=kept)
    filled = completed(questionnaire, rubric, bare, worst=False, leave=settled)
    asked = (name for name, answer in sheet.answers.items() if answer is not State.HIDDEN)
    added = filled.answers.keys() - kept.keys()
    return tuple(name for name in asked if name in added), filled
