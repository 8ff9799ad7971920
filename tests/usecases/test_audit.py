"""The trail to search and to export: narrowed by who, what, when and where, safe as a table."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.usecases.conftest import World
from tests.usecases.test_verifying import life_of
from vendorrisk.access import EVERYTHING, ORIGIN, Action
from vendorrisk.usecases import audit, vendors
from vendorrisk.usecases.audit import Wanted, events, export_trail


def read_table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_each_filter_lets_through_exactly_what_it_says(world: World) -> None:
    assessment_id = life_of(world)
    app, auditor = world.app, world.staff["auditor"]
    everything = events(app, auditor)
    today = app.clock().date()

    def found(**wanted: object) -> audit.EventsView:
        return events(app, auditor, Wanted(**wanted))  # type: ignore[arg-type]

    assert found(action="submit").total == 1
    assert {event.action for event in found(action="answer_question").events} == {"answer_question"}
    name = world.reviewer.name
    assert {event.who for event in found(who=name.upper()).events} == {name}
    assert found(who="%").total == 0, "a sign that the database knows is a letter here"
    assert {e.assessment_id for e in found(assessment_id=assessment_id).events} == {assessment_id}
    assert found(since=today, until=today).total == everything.total
    assert found(until=today - timedelta(days=1)).total == 0
    assert found(since=today + timedelta(days=1)).total == 0


def test_days_are_those_of_the_reader(world: World) -> None:
    at = world.app.clock()
    auckland = ZoneInfo("Pacific/Auckland")
    here = at.astimezone(auckland).date()
    auditor = world.staff["auditor"]
    total = events(world.app, auditor).total
    assert events(world.app, auditor, Wanted(since=here, until=here, zone=auckland)).total == total


def test_pages_together_are_the_whole_trail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ON_A_PAGE", 7)
    life_of(world)
    auditor = world.staff["auditor"]
    first = events(world.app, auditor)
    assert first.pages > 1
    pages = [events(world.app, auditor, page=n).events for n in range(1, first.pages + 1)]
    seen = [(e.assessment_id, e.number) for page in pages for e in page]
    assert len(seen) == len(set(seen)) == first.total
    assert events(world.app, auditor, page=99).page == first.pages


def test_every_event_of_a_whole_assessment_has_words_and_no_answer(world: World) -> None:
    life_of(world)
    auditor = world.staff["auditor"]
    view = events(world.app, auditor)
    for number in range(1, view.pages + 1):
        for event in events(world.app, auditor, page=number).events:
            assert event.action in view.actions, "say it in words"
            assert event.says.startswith(event.who)
            assert "scanned" not in f"{event.says} {event.details}"


def test_exporting_is_recorded_with_how_much_and_looking_is_not(world: World) -> None:
    auditor = world.staff["auditor"]
    before = events(world.app, auditor).total
    assert events(world.app, auditor).total == before
    token = ORIGIN.set("203.0.113.8")
    export_trail(world.app, auditor)
    ORIGIN.reset(token)
    last = events(world.app, auditor).events[0]
    assert last.action == Action.EXPORT_TRAIL
    assert last.details == {"events": before}
    assert last.origin == "203.0.113.8"


def test_an_exported_name_is_never_a_formula(world: World) -> None:
    vendors.register_vendor(
        world.app,
        world.officer,
        name="=HYPERLINK(1)",
        contact_name="+C",
        contact_email="c@vendor.example",
    )
    table = read_table(export_trail(world.app, world.staff["auditor"]))
    assert len(table) == events(world.app, world.staff["auditor"]).total - 1
    assert all(cell[:1] not in tuple("=+-@") for row in table for cell in row.values())


def test_what_was_erased_is_told_without_a_name(world: World) -> None:
    with world.app.store.begin(EVERYTHING) as work:
        work.erase_words(work.events())
        work.record(world.officer, "erase", "installation", "1")
    shown = events(world.app, world.staff["auditor"])
    assert {event.who for event in shown.events[1:]} == {"Somebody whose name was erased"}
    assert world.app.store.breaks() == []
