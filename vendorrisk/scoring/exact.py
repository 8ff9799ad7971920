"""One sheet of answers, computed exactly: the graph as a program of cells, and its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vendorrisk.conditions import Value


@dataclass(frozen=True)
class Sheet:
    """Everything a rubric may look at, ready: the engine has no clock and reads no evidence.

    `answers`  question → value or state. Absent: unanswered. A choice or "dont_know" is a str,
               ticks are a frozenset, numbers Fractions, days dates; a question that is not asked
               is State.HIDDEN, one claimed not to apply is State.NOT_APPLICABLE.
    `facts`    fact → value. Absent: unanswered.
    `marks`    what reviewers set: mark → question → value. An everyday rubric reads
               `not_applicable` ("approved") and `assurance` ("contradicted"; other levels belong
               in `levels`); a published method declares its own, such as `verdict`.
    `levels`   question → choice → level of assurance supported for it; "*" stands for every choice
               not named (and is the only key for a number). Absent: the weakest level.
    `ignored`  questions whose answers were left out because they are hidden.
    `digests`  "questionnaire" and "input", carried into the scorecard.
    """

    answers: Mapping[str, Value]
    facts: Mapping[str, Value] = field(default_factory=dict)
    marks: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    levels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
