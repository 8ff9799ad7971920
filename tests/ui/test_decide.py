"""Deciding: options with reasons, a decision with dated conditions, and the promises after it."""

import re
from datetime import date

import pytest

from tests.ui import town as towns
from tests.ui.conftest import said
from vendorrisk.access import NotAllowed
from vendorrisk.usecases import deciding, duties, reviewing


def open_(pages, key="larkmere", who="committee"):
    return pages.open(who, "decide", assessment=pages.town.assessments[key])


def press(at, label):
    return next(b for b in at.button if b.label == label).click().run()


def decision(pages, key):
    return deciding.decision_options(
        pages.app, pages.actor("auditor"), pages.town.assessments[key]
    ).decision


@pytest.fixture
def quillstone(pages):
    """Quillstone reviewed too: conditions are open to the committee."""
    reviewing.finish_review(
        pages.app, pages.actor("reviewer"), pages.town.assessments["quillstone"]
    )
    return pages


def test_each_option_says_why_it_is_open_or_closed(pages):
    text = said(open_(pages))

    assert "Approve" in text
    assert "conditions cannot undo it" in text
    assert "Rejecting is always open" in text


def test_only_open_options_can_be_chosen_and_none_is_chosen_beforehand(pages):
    at = open_(pages)

    assert at.radio[0].options == ["Escalate to an executive", "Reject"]
    assert at.radio[0].value is None
    assert next(b for b in at.button if b.label == "Record the decision").disabled


def test_what_stops_the_vendor_stands_before_the_options(pages):
    at = open_(pages)

    assert at.error[0].value.startswith("**Knocked out.**")
    assert "Very high" in said(at)


def test_a_rejection_is_recorded_with_its_reasons(pages):
    at = open_(pages)
    at.radio[0].set_value("reject").run()
    at.text_area[0].set_value("A live key outweighs everything else.")
    press(at, "Record the decision")

    assert decision(pages, "larkmere").outcome == "reject"
    text = said(at)
    assert "A live key outweighs everything else." in text
    assert "Recorded by Cy Adams" in text
    assert not at.radio


def test_a_decision_without_reasons_is_refused_and_stays_typed(pages):
    at = open_(pages)
    at.radio[0].set_value("reject").run()
    press(at, "Record the decision")

    assert "is missing" in said(at)
    assert at.radio[0].value == "reject"
    assert decision(pages, "larkmere") is None


def test_conditions_are_dated_and_owned_and_go_to_the_ledger(quillstone):
    at = open_(quillstone, "quillstone")
    at.radio[0].set_value("conditional").run()
    areas = {area.label: area for area in at.text_area}
    areas["Reasons"].set_value("Good enough for a start.")
    areas["Condition 1"].set_value("Empty the demo systems every night")
    next(t for t in at.text_input if t.label == "Owner").set_value("Linnea Dahl")
    at.date_input[0].set_value(date(2026, 12, 24))
    press(at, "Record the decision")

    made = decision(quillstone, "quillstone")
    assert [(c.text, c.owner, c.due_on) for c in made.conditions] == [
        ("Empty the demo systems every night", "Linnea Dahl", date(2026, 12, 24))
    ]

    quillstone.later(days=60)
    ledger = quillstone.open("committee", "decide")
    row = ledger.table[0].value.iloc[0]
    assert row["Vendor"] == "Quillstone"
    assert "Overdue" in row["Stands"]
    assert "8 days overdue" in row["Due"]


def test_a_colleague_can_own_a_condition(quillstone):
    at = open_(quillstone, "quillstone")
    at.radio[0].set_value("conditional").run()
    areas = {area.label: area for area in at.text_area}
    areas["Reasons"].set_value("Good enough for a start.")
    areas["Condition 1"].set_value("Ask again in spring")
    officer = quillstone.actor("officer")
    next(s for s in at.selectbox if s.label == "Owned by").set_value(officer.id).run()
    press(at, "Record the decision")

    [made] = decision(quillstone, "quillstone").conditions
    assert made.owner == officer.name
    with pytest.raises(NotAllowed):
        duties.close_condition(quillstone.app, officer, made.id, "Done.")


def test_a_condition_without_an_owner_is_refused_below_it(quillstone):
    at = open_(quillstone, "quillstone")
    at.radio[0].set_value("conditional").run()
    areas = {area.label: area for area in at.text_area}
    areas["Reasons"].set_value("Good enough for a start.")
    areas["Condition 1"].set_value("Empty the demo systems every night")
    press(at, "Record the decision")

    assert "owner of condition 1 is missing" in said(at)
    assert decision(quillstone, "quillstone") is None


def test_another_condition_can_be_added(quillstone):
    at = open_(quillstone, "quillstone")
    at.radio[0].set_value("conditional").run()
    first, second = deciding.decision_options(
        quillstone.app, quillstone.actor("committee"), quillstone.town.assessments["quillstone"]
    ).proposed_conditions[:2]
    assert {a.label: a.value for a in at.text_area}["Condition 1"] == first
    press(at, "One more condition")

    assert {a.label: a.value for a in at.text_area}["Condition 2"] == second


def test_a_double_click_records_one_decision(pages):
    at = open_(pages)
    at.radio[0].set_value("reject").run()
    at.text_area[0].set_value("A live key outweighs everything else.")
    press(at, "Record the decision")
    again = open_(pages)

    assert not again.radio
    assert not again.exception


def test_figures_that_changed_meanwhile_are_not_decided_on(quillstone):
    at = open_(quillstone, "quillstone")
    at.radio[0].set_value("reject").run()
    at.text_area[0].set_value("Too little proof.")
    reviewer = quillstone.actor("reviewer")
    submission = reviewing.review_sheet(
        quillstone.app, reviewer, quillstone.town.assessments["quillstone"]
    ).submission.id
    reviewing.set_review(
        quillstone.app,
        reviewer,
        submission,
        "published_credentials",
        level="verified",
        reason="Checked.",
        seen_version=0,
    )
    press(at, "Record the decision")

    assert decision(quillstone, "quillstone") is None


def test_whoever_may_not_decide_reads_why(pages):
    at = open_(pages, who="officer")

    assert not at.radio
    assert "committee member" in said(at)


def test_a_reviewer_does_not_decide(pages):
    towns.give_role(pages.app, pages.town, "reviewer", "committee_member")
    pages.later()
    at = open_(pages, who="reviewer")

    assert not at.radio
    assert "somebody else decides" in said(at)


def test_what_a_better_band_takes_is_worked_out_on_demand(quillstone):
    at = open_(quillstone, "quillstone")
    assert "The score would be" not in said(at), (
        "the page does not wait for a search nobody asked for"
    )
    press(at, "Work it out")

    text = said(at)
    assert "The score would be" in text
    assert "No smaller set of questions does it." in text or "the best that was found" in text
    columns = {name for table in at.table for name in table.value.columns}
    assert columns & {"Answer to improve", "Evidence to supply for"}
    at.run()
    assert "The score would be" in said(at), "it is kept, and not worked out again"


def test_how_far_proof_could_move_the_score_stands_beside_it(pages, quillstone):
    def table(at):
        return next(t.value for t in at.table if "If" in t.value.columns)

    at = open_(quillstone, "quillstone")
    figures = dict(zip(table(at)["If"], table(at)["Score"], strict=True))
    most = next(score for says, score in figures.items() if says.startswith("With full proof for"))
    assert int(figures["As it stands"]) < int(most)
    at = open_(pages)
    assert set(table(at)["Score"]) == {"29"}, "a knockout holds, whatever is proven"
    assert "Proof alone lifts nothing: Knocked out at 29" in said(at)


def test_the_page_to_print_is_one_click_away(pages):
    at = open_(pages)

    assert f"/brief/{pages.town.assessments['larkmere']}" in str(at.get("link_button")[0].proto)


def test_without_an_assessment_the_page_lists_what_can_be_decided(pages):
    text = said(pages.open("committee", "decide"))

    assert "Ready for a decision" in text
    assert "Larkmere Identity" in text
    assert "Quillstone" not in text


def test_clauses_follow_from_findings_and_are_for_a_lawyer(pages):
    at = open_(pages)
    box = next(e for e in at.expander if "lawyer" in e.label)
    text = said(box)

    assert re.fullmatch(r"\d+ clauses for the contract, for a lawyer's review", box.label)
    assert "**CR1** The supplier keeps no default, embedded or published credential" in text
    larkmere = pages.town.assessments["larkmere"]
    lines = reviewing.scorecard(pages.app, pages.actor("auditor"), larkmere).lines
    proven_only = [
        line.clause
        for line in lines
        if line.clause and all(cause == "unproven" for cause, lost in line.lost if lost)
    ]
    assert proven_only
    assert not [clause for clause in proven_only if clause in text]
