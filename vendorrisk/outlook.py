"""How far proof could still move a score: from what is proven alone to everything proven."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from vendorrisk.assurance import CONTRADICTED, Review, Submission, build_sheet, completed
from vendorrisk.conditions import DONT_KNOW, State, Value
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring import Assurance, Everyday, Result, Rubric, Scorecard, Sheet, score
from vendorrisk.scoring.plain_text import of_100, value_text


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

    `proven`    counts only what is proven in full; any other claim is as good as no answer
    `provable`  were everything that is answered proven in full
    `best`      were every open question, besides, answered at its best, and that proven, too
    `unproven`  the questions whose answers earn less than they claim because proof is missing
    `open`      the questions without an answer to rely on: none, "don't know", or "not applicable"
                that nobody approved

    What a reviewer contradicted stays contradicted.
    """

    proven: Outcome
    provable: Outcome
    best: Outcome
    unproven: tuple[str, ...]
    open: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data, by the same names."""
        return {
            "proven": self.proven.to_json(),
            "provable": self.provable.to_json(),
            "best": self.best.to_json(),
            "unproven": list(self.unproven),
            "open": list(self.open),
        }

    def lines(self) -> Iterator[str]:
        """The outlook in lines for a reader."""
        if not self.unproven and not self.open:
            yield "What proof could change: nothing; all that is claimed is proven."
            return
        yield "What proof could change"
        if self.unproven:
            yield f"    Counting only what is proven: {self.proven.text()}."
            answers = "1 answer" if len(self.unproven) == 1 else f"{len(self.unproven)} answers"
            yield f"    With proof for {answers} more: {self.provable.text()}."
        if self.open:
            proof = "that and " if self.unproven else ""
            questions = (
                "1 open question" if len(self.open) == 1 else (f"{len(self.open)} open questions")
            )
            yield (f"    With {proof}the best answer to {questions}, proven: {self.best.text()}.")


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
    unproven = tuple(
        dict.fromkeys(
            line.question
            for line, could in zip(card.lines, provable.lines, strict=True)
            if line.state == "answered" and (line.credit or 0) < (could.credit or 0)
        )
    )
    proven = card
    if proof is not None and unproven:
        left = {name: _proven_part(rubric.everyday, proof, sheet, name) for name in unproven}
        # What is asked stays as the vendor's own answers have it.
        proven = score(rubric, replace(sheet, answers={**sheet.answers, **left}))
    open_, filled = _filled(questionnaire, rubric, submission, sheet)
    best = provable
    if open_:
        full = score(rubric, replace(build_sheet(questionnaire, rubric, filled), levels=at_best))
        # An answer may bring up questions that were answered badly before: then silence is better.
        best = max(provable, full, key=_rank)
    return Outlook(Outcome.of(proven), Outcome.of(provable), Outcome.of(best), unproven, open_)


def _rank(card: Scorecard) -> Fraction:
    overall = card.results["overall"].exact
    return overall if isinstance(overall, Fraction) else Fraction(-1)


def _proven_part(everyday: Everyday, proof: Assurance, sheet: Sheet, question: str) -> Value:
    """As much of an answer as is proven in full: the ticks that are, or the best weaker choice."""
    shares = dict(zip(proof.levels, proof.shares[str(sheet.facts[proof.by])], strict=True))
    levels = sheet.levels.get(question, {})
    enough, every = shares[proof.levels[-1]], levels.get("*", proof.levels[0])

    def is_proven(choice: str) -> bool:
        return shares[levels.get(choice, every)] >= enough

    answer = sheet.answers[question]
    graded = [one for one in everyday.criteria.values() if one.question == question]
    if len(graded) > 1 or graded[0].ticked == "worst":
        return State.UNANSWERED  # no part of it stands for the whole
    if isinstance(answer, frozenset):
        return frozenset(filter(is_proven, answer)) or State.UNANSWERED
    choices = [rung.choice or "" for rung in graded[0].rungs]
    weaker = choices[choices.index(answer) + 1 :] if isinstance(answer, str) else []
    return next(filter(is_proven, weaker), State.UNANSWERED)


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
    return tuple(name for name in asked if name in filled.answers.keys() - kept.keys()), filled
