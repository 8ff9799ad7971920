"""The auditor's page: every event in plain words, searched, paged, taken away, without answers."""

from __future__ import annotations

import pytest

from tests.ui.conftest import said
from vendorrisk.usecases import audit


def rows(at):
    """The rows of the one table, as lists of cells."""
    [table] = at.table
    return table.value.to_numpy().tolist()


def test_the_auditor_reads_who_did_what_about_what_and_from_where(pages):
    at = pages.open("auditor", "trail")
    whats = [row[1] for row in rows(at)]
    assert any("recorded an answer" in what for what in whats)
    assert all(row[0] and row[3] for row in rows(at))
    assert any(row[2] for row in rows(at))
    assert "events" in said(at)


def test_like_acts_in_a_row_are_one_line_that_names_the_questions_by_code(pages):
    at = pages.open("auditor", "trail")
    at.selectbox(key="trail_action").set_value("answer_question").run()
    whats = [row[1] for row in rows(at)]
    folded = [what for what in whats if "times" in what]
    assert folded
    assert all("_" not in what.partition(":")[2].partition(".")[0] for what in folded)
    assert len(whats) < audit.ON_A_PAGE


def test_pages_are_turned_and_end_where_the_trail_does(pages):
    total = audit.events(pages.app, pages.actor("auditor")).total
    assert total > audit.ON_A_PAGE, "the town has more than one page"
    at = pages.open("auditor", "trail")
    first = rows(at)
    assert at.button(key="trail_newer").disabled
    at.button(key="trail_older").click().run()
    assert rows(at) != first
    assert "Page 2 of" in said(at)
    at.button(key="trail_newer").click().run()
    assert rows(at) == first


def test_a_name_an_act_and_an_assessment_narrow_it(pages):
    at = pages.open("auditor", "trail")
    at.selectbox(key="trail_action").set_value("register_vendor").run()
    assert rows(at)
    assert all("registered a vendor." in row[1] for row in rows(at))
    at.text_input(key="trail_who").set_value("nobody of this name").run()
    assert not at.table
    assert "Nothing matches" in at.info[0].value


def test_another_search_begins_at_its_first_page(pages):
    at = pages.open("auditor", "trail")
    at.button(key="trail_older").click().run()
    at.selectbox(key="trail_action").set_value("answer_question").run()
    assert "Page 1 of" in said(at)


def test_the_download_asks_for_what_is_shown(pages):
    at = pages.open("auditor", "trail")
    at.text_input(key="trail_who").set_value("A & B=C").run()
    at.text_input(key="trail_who").set_value("").run()
    at.selectbox(key="trail_action").set_value("register_vendor").run()
    assert "/trail.csv?action=register_vendor" in said(at)


@pytest.mark.parametrize("role", ["administrator", "officer", "reviewer"])
def test_nobody_else_has_the_page(pages, role):
    assert pages.actor(role).roles
    from vendorrisk.ui.navigation import entries

    assert "trail" not in [entry.name for entry in entries(pages.actor(role))]
