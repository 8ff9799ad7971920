"""The answer cards: what is typed is saved by itself, once, and never over somebody else's answer.

A card is drawn in the browser by server/assets/answer.js, which shows a choice at once, sends a
text after a short pause, and keeps both in its tab until they are saved. What it sends is an
`Edit`: the whole reply and note with the version that they were made on. So nothing rests on the
state of one server process, and an edit that arrives twice, late, or after a restart is either
exactly what stands, or saved, or shown beside what a colleague saved meanwhile.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any, cast

import streamlit as st

from vendorrisk.access import Actor
from vendorrisk.ui import words
from vendorrisk.ui.links import zone
from vendorrisk.usecases.answering import QuestionView, Saved, answer_question, wanted
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Conflict, Invalid, Refusal
from vendorrisk.usecases.values import Reply

_ASSETS = Path(__file__).parent.parent / "server" / "assets"
_EDITION = hashlib.sha256(
    b"".join((_ASSETS / name).read_bytes() for name in ("answer.js", "answer.css"))
).hexdigest()[:12]

# Streamlit sends a component's script again with every rerun, so this is no more than a pointer;
# the browser fetches the rest once. The edition makes it fetch again after an upgrade.
_POINTER = f"""
const answer = new URL("/assets/answer.js?{_EDITION}", location.origin);
export default async (card) => (await import(answer)).default(card);
"""
_draw = st.components.v2.component("answer", js=_POINTER, isolate_styles=False)


@dataclass(frozen=True, slots=True)
class Edit:
    """A change as the browser sends it. `after` names edits of the same card that came before it
    and that the browser had no word of yet.
    """

    id: str
    reply: Reply
    note: str
    seen_version: int
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an edit: the version it was saved as, or why it was not."""

    edit: str
    version: int | None
    problem: dict[str, object] | None = None
    theirs: dict[str, object] | None = None


@dataclass
class _Desk:
    """What one browser tab has in hand: its cards, and what became of the latest edit of each."""

    cards: dict[str, tuple[str, str]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)


def _desk() -> _Desk:
    return cast(_Desk, st.session_state.setdefault("_answers", _Desk()))


def save_typed(app: Application, actor: Actor) -> bool:
    """Save every edit that the cards hold and that was not dealt with yet; whether there was one.

    It comes before anything is drawn, so that the page shows what stands, and on a page with
    cards once more after them, because the first run after a restart learns of edits only then.
    """
    desk = _desk()
    edits = [
        (key, edit)
        for key in tuple(desk.cards)
        if (edit := read_edit(st.session_state.get(key))) is not None
        and (key not in desk.outcomes or desk.outcomes[key].edit != edit.id)
    ]
    for key, edit in edits:
        _save(app, actor, desk, key, edit)
    return bool(edits)


def _save(app: Application, actor: Actor, desk: _Desk, key: str, edit: Edit) -> None:
    assessment_id, question_id = desk.cards[key]
    earlier = desk.outcomes.get(key)
    seen = edit.seen_version
    if earlier is not None and earlier.edit in edit.after and earlier.version is not None:
        seen = earlier.version
    try:
        saved = answer_question(app, actor, assessment_id, question_id, edit.reply, edit.note, seen)
    except Conflict as conflict:
        desk.outcomes[key] = _disputed(edit, conflict, app.clock())
    except Refusal as refusal:
        desk.outcomes[key] = Outcome(
            edit.id,
            None,
            problem={
                "edit": edit.id,
                "sentence": refusal.sentence,
                "fix": refusal.fix,
                "passing": not isinstance(refusal, Invalid),
            },
        )
    else:
        desk.outcomes[key] = Outcome(edit.id, saved.version)
        _tell(saved)


def _tell(saved: Saved) -> None:
    more, fewer = len(saved.newly_visible), len(saved.newly_hidden)
    if more:
        st.toast(
            f"{words.count(more, 'more question')} because of this answer.",
            icon=":material/subdirectory_arrow_right:",
        )
    if fewer:
        st.toast(
            f"{words.count(fewer, 'question')} fewer because of this answer.",
            icon=":material/visibility_off:",
        )


def _disputed(edit: Edit, conflict: Conflict, now: datetime) -> Outcome:
    if (conflict.current, conflict.note) == (edit.reply, edit.note):
        return Outcome(edit.id, conflict.version)
    return Outcome(
        edit.id,
        None,
        theirs={
            "edit": edit.id,
            "reply": conflict.current,
            "note": conflict.note,
            "version": conflict.version,
            "who": conflict.who,
            "when": words.clock(conflict.when, now, zone()),
        },
    )


def read_edit(state: object) -> Edit | None:
    """The edit in a card's state, None where there is none; the browser could send anything."""
    match state.get("edit") if isinstance(state, dict) else None:
        case {
            "id": str(edit_id),
            "reply": None | str() | int() | float() | list() | dict() as reply,
            "note": str(note),
            "seen": int(seen),
            "after": list(after),
        } if type(seen) is int and (not isinstance(reply, int | float) or _is_number(reply)):
            earlier = tuple(name for name in after if isinstance(name, str))
            return Edit(edit_id, cast(Reply, reply), note, seen, earlier)
        case _:
            return None


def _is_number(reply: float) -> bool:
    return not isinstance(reply, bool) and isfinite(reply)


def card(
    app: Application,
    actor: Actor,
    assessment_id: str,
    view: QuestionView,
    *,
    open_: bool,
    attach: str | None = None,
    place: str = "",
    goal: bool = False,
) -> bool:
    """Draw the card of one question; `open_` is whether it can be answered here and now.

    `attach` labels a button for attaching a file; gives whether it was just pressed.
    `place` names the page of questions: where it changes, the browser starts at the top again, or
    at the one card that is the `goal`.
    """
    desk, question, now = _desk(), view.question, app.clock()
    key = f"answer_{assessment_id}_{question.id}"
    desk.cards[key] = (assessment_id, question.id)
    outcome = desk.outcomes.get(key)
    by = f" by {view.saved_by}" if view.saved_by and view.saved_by != actor.name else ""
    saved = f"Saved {words.clock(view.saved_at, now, zone())}{by}" if view.saved_at else ""
    who = words.ANSWERERS.get(question.answered_by, question.answered_by)
    data: dict[str, Any] = {
        "name": key,
        "store": f"{actor.id}/{assessment_id}/{question.id}",
        "code": question.code,
        "ask": question.ask,
        "help": question.help,
        "who": f"{who} · {words.minutes(question.minutes)}",
        "because": view.asked_because,
        "kind": question.answer,
        "choices": [
            {"id": choice.id, "says": choice.says, "detail": choice.detail}
            for choice in question.choices
        ],
        "dont_know": question.dont_know,
        "not_applicable": question.not_applicable,
        "unit": question.unit,
        "at_least": question.at_least,
        "at_most": now.date().isoformat() if question.at_most == "as_of" else question.at_most,
        "open": open_,
        "place": place,
        "goal": goal,
        "reply": view.reply,
        "note": view.note,
        "version": view.version,
        "saved": saved,
        "attach": attach,
        "proof": _proof(view) if open_ and view.wants_evidence else None,
        "done": outcome.edit if outcome is not None and outcome.version is not None else None,
        "problem": outcome.problem if outcome is not None else None,
        "theirs": outcome.theirs if outcome is not None else None,
    }
    state = _draw(key=key, data=data, on_edit_change=_nothing, on_attach_change=_nothing)
    return bool(state.get("attach"))


def _proof(view: QuestionView) -> dict[str, object]:
    said = (request.says for request in wanted(view.question, view.reply))
    return {
        "says": " ".join(filter(None, said)),
        "kinds": [{"title": kind.title, "help": kind.help} for kind in view.wants_evidence],
    }


def _nothing() -> None:
    """Streamlit keeps a component's state only where it has somebody to tell of a change."""
