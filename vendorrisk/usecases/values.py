"""Plain values that several verbs share: replies, progress, and the limits on what is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Reply: TypeAlias = str | int | float | list[str] | dict[str, str | bool] | None
"""An answer as it travels: a choice's id, a list of ids, a number, `"2026-01-31"`, a text,
`{"not_applicable": "the ground"}` or `{"dont_know": True}`; None is unanswered."""

LONGEST_TEXT = 10_000
"""Characters that one answer, note or reason may have."""

LONGEST_LINE = 200
"""Characters that a name, title or address may have."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the visible questions are answered, and the minutes that the rest will take."""

    answered: int
    asked: int
    minutes_left: int

    @property
    def complete(self) -> bool:
        """Whether every visible question has a reply."""
        return self.answered == self.asked

    @property
    def share(self) -> float:
        """From 0 to 1; an empty set of questions is complete."""
        return self.answered / self.asked if self.asked else 1.0
