"""The whole portfolio, walked through the use cases on a day of one's choosing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import Clock
from vendorrisk.access import Actor, Role
from vendorrisk.assessment import State
from vendorrisk.content import Library
from vendorrisk.demo import lifetime
from vendorrisk.demo.journeys import PLANS, Stage
from vendorrisk.demo.making import make
from vendorrisk.demo.portfolio import vendors as portfolio
from vendorrisk.demo.tendering import BIDDERS, SILENT
from vendorrisk.evidence import Files
from vendorrisk.store import Store
from vendorrisk.tender import Stage as TenderStage
from vendorrisk.usecases import answering, deciding, reviewing, tenders, vendors, worklist
from vendorrisk.usecases.application import Application, keys_of

pytestmark = pytest.mark.slow

NOW = datetime(2028, 3, 1, 23, 59, tzinfo=UTC)
OFFICER = Actor("person", "somebody", "Somebody", frozenset({Role.PROCUREMENT_OFFICER}))
STATES = {
    Stage.ANSWERING: State.IN_PROGRESS,
    Stage.SUBMITTED: State.SUBMITTED,
    Stage.RETURNED: State.RETURNED,
    Stage.IN_REVIEW: State.IN_REVIEW,
    Stage.REVIEWED: State.REVIEWED,
    Stage.DECIDED: State.DECIDED,
}
STORIES = {vendor.id: vendor for vendor in portfolio()}


@pytest.fixture(scope="module")
def app(tmp_path_factory, questionnaires) -> Application:
    """The whole demo, made as of the day after a leap day, a minute before midnight."""
    folder: Path = tmp_path_factory.mktemp("demo") / "demo"
    make(folder, questionnaires, now=NOW)
    settings = lifetime.settings(folder, questionnaires)
    return Application(
        settings=settings,
        store=Store(settings.database_url, keys_of(settings), clock=Clock(NOW)),
        library=Library(questionnaires),
        files=Files(settings.evidence_folder),
    )


def rows(app: Application) -> dict[str, vendors.AssessmentRow]:
    listed = {vendor.name: vendor for vendor in vendors.vendors(app, OFFICER)}
    found = {}
    for id_, story in STORIES.items():
        (row,) = (row for row in listed[story.name].engagements if row.title == story.engagement)
        found[id_] = row.assessments[0]
    return found


def test_every_vendor_is_where_its_plan_leads(app: Application):
    found = rows(app)
    assert {id_: row.state for id_, row in found.items()} == {
        id_: STATES[plan.stage] for id_, plan in PLANS.items()
    }


def test_the_figures_are_those_of_the_stories(app: Application):
    for id_, row in rows(app).items():
        story = STORIES[id_].gives
        if PLANS[id_].stage is Stage.ANSWERING:
            assert row.headline is None
            continue
        assert row.headline is not None
        assert row.tier == story.tier
        assert (row.headline.claimed, row.headline.assured) == (story.claimed, story.overall), id_


def test_decisions_are_recorded_and_one_condition_is_overdue(app: Application):
    found = rows(app)
    overdue = 0
    for id_, plan in PLANS.items():
        if plan.stage is Stage.DECIDED:
            decision = deciding.decision_options(app, OFFICER, found[id_].id).decision
            assert decision is not None
            assert decision.outcome == plan.outcome
            assert len(decision.conditions) == len(plan.conditions)
            overdue += sum(condition.overdue for condition in decision.conditions)
    assert overdue == 1


def test_everybody_has_something_waiting(app: Application):
    for role in (
        Role.PROCUREMENT_OFFICER,
        Role.SECOND_OFFICER,
        Role.REVIEWER,
        Role.COMMITTEE_MEMBER,
    ):
        actor = Actor("person", "somebody", "Somebody", frozenset({role}))
        assert worklist.waiting(app, actor)


def test_the_returned_vendor_has_begun_again_and_the_answering_one_has_more_to_do(app: Application):
    for id_ in ("nessgate", "halloway-hosting"):
        progress = answering.overview(app, OFFICER, rows(app)[id_].id).progress
        assert 0 < progress.answered < progress.asked


def test_every_scorecard_computes_again_and_every_chain_holds(app: Application):
    assert not app.store.breaks()
    for id_, row in rows(app).items():
        if PLANS[id_].stage is not Stage.ANSWERING:
            card = reviewing.scorecard(app, OFFICER, row.id)
            assert reviewing.verify_scorecard(app, OFFICER, card.id).holds


def test_a_tender_waits_for_the_second_officer_and_one_bidder_let_its_deadline_pass(
    app: Application,
):
    second = Actor("person", "second", "Second", frozenset({Role.SECOND_OFFICER}))
    (one,) = tenders.tenders(app, second)
    assert one.stage is TenderStage.DUE
    assert one.may_unseal
    assert {bid.name for bid in one.bids} == {STORIES[id_].name for id_ in BIDDERS}
    silent = {bid.name for bid in one.bids if bid.says == "Nothing was submitted"}
    assert silent == {STORIES[id_].name for id_ in SILENT}
