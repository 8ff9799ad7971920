"""The answer cards of a page in an AppTest: what they show, and typing as a browser does."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from streamlit.testing.v1 import AppTest

from vendorrisk.usecases.values import Reply

_edits = count(1)


def cards(at: AppTest) -> dict[str, dict[str, Any]]:
    """What each card of the page was given to draw, by question id."""
    found = [json.loads(card.proto.json) for card in at.get("bidi_component")]
    return {card["store"].rpartition("/")[2]: card for card in found}


def send(
    at: AppTest,
    question: str,
    reply: Reply,
    note: str = "",
    *,
    seen: int | None = None,
    after: tuple[str, ...] = (),
    edit: str | None = None,
) -> str:
    """Leave an edit with a card, for the next run to find; gives the edit's id.

    `seen` is the version it was made on, by default the one that the card shows.
    """
    card = cards(at)[question]
    edit = edit or f"edit{next(_edits)}"
    at.session_state[card["name"]] = {
        "edit": {
            "id": edit,
            "reply": reply,
            "note": note,
            "seen": card["version"] if seen is None else seen,
            "after": list(after),
        }
    }
    return edit
