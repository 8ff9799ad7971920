"""The audit trail for the auditor: who did what, when and from where, to search and to export."""

from itertools import groupby
from urllib.parse import urlencode

import streamlit as st

from vendorrisk.ui import links, refusals
from vendorrisk.ui.session import current
from vendorrisk.ui.words import aside, count, moment, one_line, plain
from vendorrisk.usecases import audit
from vendorrisk.usecases.audit import Event, EventsView, Wanted

app, actor = current()
zone = links.zone()

FROM = {"cli": "the command line", "app": "the app itself", "": "not recorded"}


def asked(everything: EventsView) -> Wanted:
    """What the reader looks for; another choice begins at the first page again."""
    with st.container(border=True, key="trail_filter"):
        who, what = st.columns(2)
        since, until, about = st.columns([1, 1, 2])
        with who:
            name = st.text_input(
                "Who", key="trail_who", on_change=begin, placeholder="part of a name"
            )
        with what:
            action = st.selectbox(
                "What",
                ["", *everything.actions],
                format_func=lambda a: everything.actions.get(a, "Anything"),
                key="trail_action",
                on_change=begin,
            )
        with since:
            first = st.date_input(
                "From", value=None, format="DD/MM/YYYY", key="trail_since", on_change=begin
            )
        with until:
            last = st.date_input(
                "Until, included",
                value=None,
                format="DD/MM/YYYY",
                key="trail_until",
                on_change=begin,
            )
        with about:
            titles = everything.about
            assessment_id = st.selectbox(
                "Assessment",
                ["", *sorted(titles, key=lambda id_: titles[id_].casefold())],
                format_func=lambda id_: titles.get(id_, "Any, and what belongs to none"),
                key="trail_assessment",
                on_change=begin,
            )
    return Wanted(
        who=name,
        action=action,
        since=first,
        until=last,
        assessment_id=assessment_id or None,
        zone=zone,
    )


def begin() -> None:
    """Back to the latest events."""
    st.session_state["trail_page"] = 1


def turn(by: int) -> None:
    """To an older or a newer page."""
    st.session_state["trail_page"] = st.session_state.get("trail_page", 1) + by


def table(found: tuple[Event, ...]) -> None:
    """One page of events; there are no answers in them, only that there was one.

    The same person's like acts in a row are one line.
    """
    lines = [
        list(group)
        for _, group in groupby(found, key=lambda one: (one.who, one.act, one.about, one.origin))
    ]
    st.table(
        {
            "When": [when(group) for group in lines],
            "What": [what(group) for group in lines],
            "About": [one_line(group[0].about) if group[0].about else "" for group in lines],
            "From where": [plain(FROM.get(group[0].origin, group[0].origin)) for group in lines],
        },
        border="horizontal",
        hide_index=True,
        alt="What happened, the latest first",
    )


def when(group: list[Event]) -> str:
    """The latest time of a line, and the first one where there are several."""
    latest, first = moment(group[0].at, zone), moment(group[-1].at, zone)
    return latest if latest == first else f"{latest}  \n{aside(f'since {first}')}"


def what(group: list[Event]) -> str:
    """What was done, on which questions, and how often."""
    if len(group) == 1:
        return one_line(group[0].says, 300)
    questions = ", ".join(dict.fromkeys(one.question for one in reversed(group) if one.question))
    said = f"{group[0].act.removesuffix('.')}: {questions}." if questions else group[0].act
    return f"{one_line(said, 600)} {aside(f'{len(group)} times')}"


def pager(view: EventsView) -> None:
    """Older and newer pages, as buttons that say where they lead."""
    newer, where, older = st.columns([1, 2, 1], vertical_alignment="center")
    with newer:
        st.button(
            "Newer",
            icon=":material/chevron_left:",
            disabled=view.page == 1,
            on_click=turn,
            args=(-1,),
            key="trail_newer",
        )
    with where:
        st.markdown(aside(f"Page {view.page} of {view.pages}"))
    with older:
        st.button(
            "Older",
            icon=":material/chevron_right:",
            disabled=view.page == view.pages,
            on_click=turn,
            args=(1,),
            key="trail_older",
        )


def export(wanted: Wanted) -> None:
    """A link to the same events as a file; taking it is recorded."""
    given = {
        "who": wanted.who,
        "action": wanted.action,
        "since": wanted.since.isoformat() if wanted.since else "",
        "until": wanted.until.isoformat() if wanted.until else "",
        "assessment": wanted.assessment_id or "",
        "zone": zone.key,
    }
    query = urlencode({name: value for name, value in given.items() if value})
    st.markdown(
        f":material/download: [Download these events as a table (CSV)](/trail.csv?{query})"
        f"  \n{aside('The download is recorded here; looking is not.')}"
    )


st.title("Audit trail")
st.markdown(
    "Who did what, when and from where, the latest first. Answers themselves are not here: the"
    " trail binds them by keyed fingerprints, so that a change made past the application is found"
    " by `vendorrisk verify`."
)
with refusals.or_stop():
    everything = audit.events(app, actor)
    wanted = asked(everything)
    view = audit.events(app, actor, wanted, st.session_state.get("trail_page", 1))
st.session_state["trail_page"] = view.page

if view.events:
    st.markdown(f"**{count(view.total, 'event')}**")
    table(view.events)
    pager(view)
    export(wanted)
else:
    st.info(
        "Nothing matches. Leave one of these fields empty, or choose an earlier first day.",
        icon=":material/search:",
    )
