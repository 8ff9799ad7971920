"""Forms that are sent once: a problem stands below its field, and a double click does no harm."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from vendorrisk.ui import refusals
from vendorrisk.ui.refusals import Outcome
from vendorrisk.ui.words import plain
from vendorrisk.usecases.errors import Invalid, Refusal

T = TypeVar("T")

_SENT = "forms_sent"


class Problems:
    """Places for the problems of one form, kept while it is drawn and filled once it is sent."""

    def __init__(self) -> None:
        self._below: dict[str, DeltaGenerator] = {}

    def below(self, *fields: str) -> None:
        """Keep a place here for what may be wrong with `fields`."""
        place = st.empty()
        for field in fields:
            self._below[field] = place

    @contextmanager
    def shown(self) -> Iterator[Outcome]:
        """Run a use case; each problem goes below its field, and the rest to where this stands."""
        outcome = Outcome()
        try:
            yield outcome
        except Invalid as refusal:
            outcome.refusal = refusal
            homeless = {}
            for field, problem in refusal.problems.items():
                if field in self._below:
                    self._below[field].markdown(f":red[:material/error: {plain(problem)}]")
                else:
                    homeless[field] = problem
            if homeless:
                refusals.show(Invalid(homeless, refusal.code, refusal.fix))
        except Refusal as refusal:
            outcome.refusal = refusal
            refusals.show(refusal)


def email_input(label: str, key: str | None = None) -> str:
    """A field for somebody else's e-mail address.

    The browser's own check is left out: it holds the whole form back, and what was wrong with an
    earlier try would still stand below the fields.
    """
    typed = st.text_input(
        label, type="email", autocomplete="off", placeholder="", validate="", key=key
    )
    return typed or ""


def once(what: Hashable, verb: Callable[[], T]) -> T:
    """Do `verb` unless this browser tab has sent exactly `what` before; gives what came of it.

    A second click reaches the server while the first one's page is still being drawn. `what`
    names the form and everything that was typed into it.
    """
    sent: dict[Hashable, object] = st.session_state.setdefault(_SENT, {})
    if what not in sent:
        # Nothing is drawn between the two, so that a rerun cannot come in between.
        sent[what] = verb()
    return cast(T, sent[what])
