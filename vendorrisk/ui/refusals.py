"""Showing a refusal where it happened: what is wrong, what to do, and nothing of the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st

from vendorrisk.ui.words import plain
from vendorrisk.usecases.errors import Conflict, Invalid, NotFound, Refusal


@dataclass
class Outcome:
    """What came of a block run under `shown`: None in `refusal` means that it all went through."""

    refusal: Refusal | None = None

    @property
    def fine(self) -> bool:
        """Whether nothing was refused."""
        return self.refusal is None

    def problem(self, field: str) -> str | None:
        """What is wrong with one field of a form, to be said beside it."""
        return self.refusal.problems.get(field) if isinstance(self.refusal, Invalid) else None


@contextmanager
def shown() -> Iterator[Outcome]:
    """Run a use case; a refusal is drawn at this place of the page, and the page goes on.

    `with shown() as outcome:` and afterwards `if outcome.fine:`. What was typed stays typed,
    because nothing is drawn anew.
    """
    outcome = Outcome()
    try:
        yield outcome
    except Refusal as refusal:
        outcome.refusal = refusal
        show(refusal)


def show(refusal: Refusal) -> None:
    """Draw a refusal: a conflict as a warning, everything else as an error, the fix below."""
    if isinstance(refusal, Invalid) and len(refusal.problems) > 1:
        said = "\n".join(f"- {plain(problem)}" for problem in refusal.problems.values())
    else:
        said = plain(refusal.sentence)
    if refusal.fix:
        said = f"{said}\n\n{plain(refusal.fix)}"
    if isinstance(refusal, Conflict):
        st.warning(said, icon=":material/group:")
    else:
        st.error(said, icon=":material/error:")


@contextmanager
def or_stop() -> Iterator[None]:
    """Read what a page is about; if that is refused, say so in its place and end the page."""
    try:
        yield
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            st.title("Not found")
        show(refusal)
        st.html('<p><a href="/" target="_self">To your first page</a></p>')
        st.stop()
