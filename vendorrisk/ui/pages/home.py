"""What waits on whom, since when, and the one next step: the first page of everybody on staff."""

from collections.abc import Sequence

import streamlit as st

from vendorrisk.access import Action, Role, allowed
from vendorrisk.ui import refusals
from vendorrisk.ui.navigation import go
from vendorrisk.ui.session import current
from vendorrisk.ui.words import aside, due, one_line, plain, waiting
from vendorrisk.usecases import worklist
from vendorrisk.usecases.worklist import Waiting

NOTHING_YET = {
    Role.PROCUREMENT_OFFICER: (
        "Register the first vendor, and what you want to buy from it. Up to seventeen questions"
        " then tell how closely it has to be looked at.",
        "Register a vendor",
        "vendors",
    ),
    Role.ADMINISTRATOR: (
        "Add the colleagues who will work here: somebody to register vendors, somebody to review"
        " their answers and somebody to decide.",
        "Add colleagues",
        "people",
    ),
    Role.REVIEWER: (
        "As soon as a vendor submits its answers, they wait here for your judgement.",
        "See the vendors",
        "vendors",
    ),
    Role.COMMITTEE_MEMBER: (
        "As soon as a review is finished, its result waits here for your decision.",
        "See the vendors",
        "vendors",
    ),
    Role.SECOND_OFFICER: (
        "As soon as a vendor of high risk is about to be asked, what it is asked waits here for"
        " your approval.",
        "See the vendors",
        "vendors",
    ),
    Role.MODERATOR: (
        "As soon as something takes a second person, it waits here for you.",
        "See the vendors",
        "vendors",
    ),
    Role.RISK_OWNER: (
        "As soon as a result is there, you can accept what remains of its risk.",
        "See the vendors",
        "vendors",
    ),
    Role.AUDITOR: (
        "Nothing waits on an auditor. You can read everything, and change nothing.",
        "See the vendors",
        "vendors",
    ),
}

app, actor = current()


def where(item: Waiting) -> dict[str, str]:
    """What the page that an item leads to is about."""
    about = {
        "engagement": item.engagement_id,
        "assessment": item.assessment_id,
        "tender": item.tender_id,
    }
    return {name: id_ for name, id_ in about.items() if id_ is not None}


# What the button says; what is to be done stands beside it in full.
BUTTONS = {
    "vendors": "Open",
    "engagement": "Open",
    "questionnaire": "Answer",
    "review": "Review",
    "decide": "Decide",
    "people": "Open",
    "tenders": "Open",
}


def row(item: Waiting, place: int) -> None:
    """One thing that waits, with its button; the first of the actor's own is the obvious one."""
    whom = [] if item.yours else [f"**{one_line(item.whom[:1].upper() + item.whom[1:])}**"]
    says = [*whom, waiting(item.since, now)]
    if item.due_on is not None:
        late = due(item.due_on, now.date())
        says.append(f":red[:material/alarm: {late}]" if item.overdue else late)
    # A promise or a request stands on the page of a decision too, and is no decision.
    does = "Open" if item.page == "decide" and item.next_step != "Decide" else BUTTONS[item.page]
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{one_line(item.what, 160)}**  \n{one_line(item.next_step, 200)}  \n"
            + aside(" · ".join(says)),
            width="stretch",
        )
        pressed = st.button(
            does if item.yours else "Look",
            key="_".join(["go", str(place), item.page, *where(item).values()]),
            type="primary" if item.yours and place == 0 else "secondary",
            width=130,
        )
    if pressed:
        go(item.page, **where(item))


def group(title: str, items: Sequence[Waiting], start: int) -> None:
    """A heading with the rows below it."""
    st.header(f"{title} ({len(items)})", anchor=False)
    for place, item in enumerate(items, start):
        row(item, place)


st.title(f"Hello, {plain(actor.name.split()[0])}", anchor=False)
with refusals.or_stop():
    items = worklist.waiting(app, actor)
now = app.clock()
mine = [item for item in items if item.yours]
others = [item for item in items if not item.yours]

if mine:
    group("Waiting on you", mine, 0)
elif others:
    st.markdown("Nothing waits on you. Here is what waits on others.")
if others:
    group("Waiting on others", others, len(mine))
if not items:
    role = next(role for role in NOTHING_YET if actor.has(role))
    sentence, label, page = NOTHING_YET[role]
    with st.container(border=True):
        st.subheader(
            "Nothing waits" if role is not Role.ADMINISTRATOR else "A good start", anchor=False
        )
        st.markdown(sentence)
        if st.button(label, type="primary"):
            go(page)
elif allowed(actor, Action.REGISTER_VENDOR) and st.button(
    "Register a vendor", icon=":material/add:", type="secondary" if mine else "primary"
):
    go("vendors")
