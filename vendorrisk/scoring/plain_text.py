"""A scorecard and what would better it, in plain text for a reader: from the score to the answers.

Numbers are rounded down, and what adds up exactly adds up as it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from vendorrisk.questionnaire import Question, Questionnaire
from vendorrisk.scoring.scorecard import (
    DomainLine,
    FiredRule,
    Line,
    Result,
    Scorecard,
    Step,
    readable,
    said,
)

EFFECTS: Mapping[str, str] = {
    "knockout": "Knockout",
    "cap": "Cap",
    "not_cleared": "Not cleared",
    "lifted": "Lifted",
    "clarify": "To be clarified",
}
"""What a rule does, in a word."""


@dataclass(frozen=True)
class Names:
    """What questions and answers are called; by their ids where the questionnaire is not known."""

    questions: Mapping[str, Question] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: Questionnaire | None) -> Names:
        """The names of a questionnaire."""
        return cls() if asked is None else cls({one.id: one for one in asked.questions})

    def code(self, question: str) -> str:
        """The question's code, "CR1"."""
        found = self.questions.get(question)
        return question if found is None else found.code or question

    def question(self, question: str) -> str:
        """The question with its code and its words."""
        found = self.questions.get(question)
        if found is None:
            return question
        return f"{found.code} “{found.ask}”" if found.code else f"“{found.ask}”"

    def answer(self, question: str, given: tuple[str, ...]) -> str:
        """What was answered, in the words of the choices; "" for nothing."""
        found = self.questions.get(question)
        words = []
        for one in given:
            choice = None if found is None else found.choice(one)
            if choice is not None:
                words.append(f"“{choice.says.rstrip('.')}”")
            else:
                unit = f" {found.unit}" if found is not None and found.unit else ""
                words.append(f"{one}{unit}")
        return ", ".join(words)


def scorecard_text(
    card: Scorecard, asked: Questionnaire | None = None, outlook: Iterable[str] = ()
) -> str:
    """The whole scorecard in plain sentences; with the questionnaire in the words of its questions.

    Of an everyday rubric the score, what stops it, how it came about, domains and answers; of
    plain measures each result with its reasons. `outlook` are lines on what it could come to.
    """
    names = Names.of(asked)
    lines = _everyday(card, names, outlook) if card.domains else _measures(card, outlook)
    told = list(lines)
    if card.ignored:
        told.append(f"Ignored, because not asked or not scored: {', '.join(card.ignored)}")
    # A reason that a person wrote stays on its line, so that it can pass for nothing else.
    return "\n".join(" ".join(line.splitlines()) for line in told) + "\n"


def value_text(result: Result) -> str:
    """A result's value: a number rounded down to four places, a label, or why there is none."""
    if isinstance(result.shown, Fraction):
        return said(result.shown, 4)
    return readable(result.state if result.shown is None else result.shown)


def of_100(result: Result) -> str:
    """A score as "46 of 100", or why there is none."""
    value = value_text(result)
    return f"{value} of 100" if isinstance(result.shown, Fraction) else value


def _measures(card: Scorecard, outlook: Iterable[str]) -> Iterator[str]:
    for name, result in card.results.items():
        yield f"{name}: {value_text(result)}"
        yield from (f"    {sentence}" for sentence in result.why)
    yield from outlook


# -- an everyday rubric ---------------------------------------------------------------------------


def _everyday(card: Scorecard, names: Names, outlook: Iterable[str]) -> Iterator[str]:
    results = card.results
    overall, band = results["overall"], results["band"]
    scored = isinstance(overall.exact, Fraction)
    yield f"Overall: {of_100(overall)}" + (f", {value_text(band)}" if scored else "")
    stops = [rule for rule in card.rules if rule.effect != "clarify"]
    for rule in stops:
        yield from (f"    {line}" for line in _rule(rule, names))
    told = {rule.because for rule in stops}  # and it need not be told twice
    why = (one for one in overall.why if one.partition(": ")[2] not in told)
    yield from (f"    {sentence}" for sentence in why)
    if scored:
        yield from (f"    {value_text(band).capitalize()}: {why}" for why in band.why)
    for name, title in (
        ("claimed", "Claimed"),
        ("mean", "Mean"),
        ("unlifted", "Without what was lifted"),
    ):
        if name in results:
            yield " ".join([f"{title}: {of_100(results[name])}.", *results[name].why])
    yield f"Answered: {_percent(results['coverage'].exact)} of the weight."
    if "low" in results:
        yield f"Still open: {_range(results['low'], results['high'])}"
    yield from outlook
    clarify = [rule for rule in card.rules if rule.effect == "clarify"]
    if clarify:
        yield "To be clarified; nothing is taken off"
    for rule in clarify:
        yield from (f"    {line}" for line in _rule(rule, names))
    if any(step.change for step in card.waterfall):
        yield "From 100 to the score"
        yield from (f"    {line}" for line in _steps(card.waterfall))
    yield "Domains"
    for domain in card.domains:
        yield from (f"    {line}" for line in _domain(domain))
    for domain in card.domains:
        mine = [line for line in card.lines if line.domain == domain.id]
        if mine:
            yield f"Answers: {domain.title}"
            yield from (f"    {_line(line, names)}" for line in mine)


def _percent(share: object) -> str:
    return f"{said(share * 100)} %" if isinstance(share, (int, Fraction)) else "nothing"


def _range(low: Result, high: Result) -> str:
    if low.exact == high.exact:
        return "nothing that would move the score."
    ends = []
    for end in (low, high):
        why = " ".join(end.why).rstrip(".")
        ends.append(f"{of_100(end)}, {why[:1].lower()}{why[1:]}")
    return f"from {ends[0]}, to {ends[1]}."


def _rule(rule: FiredRule, names: Names) -> Iterator[str]:
    limit = "" if rule.limit is None else f", at most {said(rule.limit)}"
    codes = ", ".join(names.code(one) for one in rule.questions)
    # A rule that stands for one question names it in its sentence.
    by = f"rule {rule.id}: {codes}" if codes else f"rule {rule.id}"
    named = "" if ":" in rule.id else f" ({by})"
    yield f"{EFFECTS[rule.effect]}{limit}: {rule.because}{named}"
    if rule.lifted is not None:
        yield f"    {rule.lifted.says()}"
    if rule.obligation:
        days = (f"day {day}{f', {on}' if on else ''}" for day, on in rule.due)
        yield f"    To verify: {rule.obligation} Due on {'; '.join(days)}."
    if rule.clause:
        yield f"    For the contract, for a lawyer's review: {rule.clause}"


def _steps(steps: tuple[Step, ...]) -> Iterator[str]:
    before = Fraction(100)
    for step in steps:
        if step.change:
            after = Fraction(step.after * 10 // 1, 10)  # so that what is shown adds up
            lost = said(before - after) if before != after else "less than 0.1"
            yield f"{step.label}: −{lost} leaves {said(after)}"
            before = after


def _domain(domain: DomainLine) -> Iterator[str]:
    critical = " (critical)" if domain.critical else ""
    answered = "" if domain.coverage is None else f"; {_percent(domain.coverage)} answered"
    weight = f"; {_percent(domain.weight)} of all weight" if domain.weight else ""
    claimed = f"; claimed {value_text(domain.claimed)}"
    yield f"{domain.title}{critical}: {of_100(domain.assured)}{claimed}{answered}{weight}"
    for sentence in domain.assured.why:
        repeats = sentence.startswith(f"{domain.title} {value_text(domain.assured)} of 100: ")
        told = sentence.partition(" of 100: ")[2] if repeats else sentence
        yield f"    {told[:1].upper()}{told[1:]}"


def _line(line: Line, names: Names) -> str:
    answer = names.answer(line.question, line.answer)
    told = [
        f"{answer}." if answer and line.state in ("answered", "contradicted") else "",
        *line.why,
    ]
    if line.contribution is not None and (lost := sum(line.lost.values())):
        told.append(
            f"It costs {said(lost, 2) if lost >= Fraction(1, 100) else 'under 0.01'} of 100."
        )
    name = names.question(line.question) if names.questions else line.criterion
    return f"{name}: " + " ".join(one for one in told if one)
