"""The refusals a use case may raise; a page shows `.sentence` and `.fix`, never a trace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from vendorrisk.access import NotAllowed, NotFound
from vendorrisk.assessment import Refusal
from vendorrisk.store import StoreUnavailable
from vendorrisk.usecases.values import Reply

__all__ = ["Conflict", "Invalid", "NotAllowed", "NotFound", "Refusal", "StoreUnavailable"]


class Conflict(Refusal):
    """Somebody else saved meanwhile. Their value is here, yours is still in your hands.

    `current` is what stands now (a reply, or a review's level), `note` the words beside it,
    `who` saved it and `when`, and `version` is what to send to save over it on purpose.
    """

    def __init__(
        self, *, current: Reply, note: str, who: str, when: datetime, version: int, what: str
    ) -> None:
        self.current = current
        self.note = note
        self.who = who
        self.when = when
        self.version = version
        super().__init__(
            "changed_meanwhile",
            f"{who} changed {what} while you were working on it, and it was not overwritten.",
            "Compare the two, then save yours again or keep theirs.",
        )


class Invalid(Refusal):
    """Input that cannot be taken; `problems` has one sentence per field."""

    def __init__(self, problems: Mapping[str, str], code: str = "invalid", fix: str = "") -> None:
        self.problems = dict(problems)
        super().__init__(code, " ".join(self.problems.values()), fix)
