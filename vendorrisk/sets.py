"""Which sets of questions an engagement takes, where their answers clash, and the worst result.

What triggers a set and what contradicts what is content (triggers.yaml, across.yaml); here is what
it means. Nothing in this module moves a figure: a contradiction asks, and a reviewer judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vendorrisk.conditions import Condition, State, Value, holds

INTAKE = "intake"
"""The set that staff answer; every engagement has it."""

MOMENTS: Mapping[str, str] = {
    "days_to_end": "days until the engagement ends",
    "months_since_decision": "whole months since the last decision",
}
"""What a trigger may look at that nobody is asked, each a whole number; without one, no value."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One reason for a set: it holds, and `because` says so to the officer."""

    id: str
    when: Condition
    because: str


@dataclass(frozen=True, slots=True)
class TriggeredSet:
    """A set with its triggers. A `base` asks about the vendor as a whole, an `addendum` adds."""

    id: str
    kind: Literal["base", "addendum"]
    triggers: tuple[Trigger, ...]


@dataclass(frozen=True, slots=True)
class Triggers:
    """Every set that can be suggested, in the order in which a vendor meets them."""

    sets: tuple[TriggeredSet, ...]
    digest: str

    def kind(self, set_id: str) -> Literal["base", "addendum"]:
        """Whether a set is a base; one that nothing triggers is an addendum."""
        return next((one.kind for one in self.sets if one.id == set_id), "addendum")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A set that applies, with the triggers that hold."""

    set_id: str
    kind: Literal["base", "addendum"]
    triggers: tuple[Trigger, ...]


@dataclass(frozen=True, slots=True)
class CrossRule:
    """A contradiction between sets. `places` has, for each name in `when`, the set it is read in.

    It is looked at only where every set of `between` has been answered.
    """

    id: str
    between: tuple[str, ...]
    when: Condition
    because: str
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Across:
    """Every rule across sets."""

    rules: tuple[CrossRule, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What does not go together; `places` are (set, question), the first set first.

    `rule` is `same-question:QUESTION` where two sets got different answers to one question.
    """

    rule: str
    because: str
    places: tuple[tuple[str, str], ...]


Answers = Mapping[str, Mapping[str, Value]]
"""The answers by set and question; what is not in it was not asked or not answered."""


def suggest(triggers: Triggers, known: Mapping[str, Value]) -> tuple[Suggestion, ...]:
    """The sets that apply where `known` holds answers, intake results and moments by name."""
    found = []
    for one in triggers.sets:
        held = tuple(
            trigger
            for trigger in one.triggers
            if holds(trigger.when, lambda name: known.get(name, State.UNANSWERED))
        )
        if held:
            found.append(Suggestion(one.id, one.kind, held))
    return tuple(found)


def contradictions(across: Across, answers: Answers) -> tuple[Contradiction, ...]:
    """What contradicts itself between the sets answered, in the order of the rules; after those,
    each question to which two sets got different answers.
    """
    found = [
        Contradiction(rule.id, rule.because, _read_in(rule))
        for rule in across.rules
        if all(one in answers for one in rule.between) and _fires(rule, answers)
    ]
    return (*found, *_answered_differently(answers))


def _fires(rule: CrossRule, answers: Answers) -> bool:
    places = dict(rule.places)
    return holds(rule.when, lambda name: answers[places[name]].get(name, State.UNANSWERED))


def _read_in(rule: CrossRule) -> tuple[tuple[str, str], ...]:
    pairs = [(place, name) for name, place in rule.places]
    return tuple(sorted(pairs, key=lambda pair: rule.between.index(pair[0])))


def _answered_differently(answers: Answers) -> Iterable[Contradiction]:
    asked: dict[str, list[str]] = {}
    for set_id, given in answers.items():
        for name in given:
            asked.setdefault(name, []).append(set_id)
    for name, sets in asked.items():
        if len({answers[one][name] for one in sets}) > 1:
            yield Contradiction(
                f"same-question:{name}",
                "The same question has different answers in two sets.",
                tuple((one, name) for one in sets),
            )


def worst_band(bands: Sequence[str | None], best_first: Sequence[str]) -> str | None:
    """The worst of several bands, given every band from best to worst; None where one has none.

    A knockout, in the last band, outranks a result without a band, which outranks any other: what
    could not be scored is no good result.
    """
    if not bands or best_first[-1] in bands:
        return best_first[-1] if bands else None
    if any(band not in best_first for band in bands):
        return None
    return max(bands, key=lambda band: best_first.index(str(band)))
