"""The pages by name, who finds which in the menu, and how one page leads to another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import streamlit as st

from vendorrisk.access import VENDOR_ROLES, Action, Actor, allowed


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: its file's name, its title, and the action without which nobody needs it.

    `in_menu` is false for a page that only makes sense with something to show on it.
    """

    name: str
    title: str
    icon: str
    action: Action
    in_menu: bool = True


STAFF = (
    Entry("home", "What waits", "inbox", Action.WAITING),
    Entry("vendors", "Vendors", "storefront", Action.VENDORS),
    Entry("engagement", "Engagement", "handshake", Action.ENGAGEMENT, in_menu=False),
    Entry("questionnaire", "Questionnaire", "list_alt", Action.SECTION, in_menu=False),
    Entry("review", "Review", "fact_check", Action.REVIEW_SHEET),
    Entry("tenders", "Tenders", "lock_clock", Action.TENDERS),
    Entry("compare", "Compare", "compare_arrows", Action.COMPARISON),
    Entry("decide", "Decide", "gavel", Action.DECISION_OPTIONS),
    Entry("people", "People", "group", Action.LIST_PEOPLE),
    Entry("trail", "Audit trail", "history", Action.EVENTS),
    Entry("retention", "Retention", "auto_delete", Action.RETENTION),
)

VENDOR = (
    Entry("welcome", "Welcome", "waving_hand", Action.INVITED_VIEW),
    Entry("questionnaire", "Questionnaire", "list_alt", Action.SECTION),
    Entry("evidence", "Evidence", "attach_file", Action.EVIDENCE_LIST),
    Entry("colleagues", "Colleagues", "group", Action.COLLEAGUES),
    Entry("submit", "Check and submit", "draw", Action.SUBMISSIONS),
)


def entries(actor: Actor) -> tuple[Entry, ...]:
    """The pages this actor may open, the first one being theirs to start from."""
    ours = VENDOR if actor.has(*VENDOR_ROLES) else STAFF
    return tuple(entry for entry in ours if allowed(actor, entry.action))


def path(name: str) -> str:
    """The file of a page.

    The script that runs, main.py, stands among the pages: where a folder named "pages" lies beside
    the script, Streamlit runs what is in it directly, without the script.
    """
    return str(Path(__file__).with_name("pages") / f"{name}.py")


def go(name: str, **params: str) -> NoReturn:
    """Open another page, with what it is about in its address."""
    st.switch_page(path(name), query_params=params)


def link(label: str, name: str, *, icon: str | None = None, **params: str) -> None:
    """A link to another page. `label` is Markdown: escape what people wrote."""
    st.page_link(path(name), label=label, icon=icon, query_params=params)
