"""Three vendors of the demo answer the addenda that matter for them, beside core."""

from pathlib import Path

import pytest

from vendorrisk.access import Actor, Role
from vendorrisk.demo.making import _application, make
from vendorrisk.demo.portfolio import DemoVendor, vendors
from vendorrisk.store import utc_now
from vendorrisk.usecases import deciding, knockouts, reviewing, sets
from vendorrisk.usecases import vendors as listed
from vendorrisk.usecases.application import Application

TOLD = {told.id: told for told in vendors() if told.addenda}
SETS = {
    "larkmere-identity": ["demo-and-test"],
    "wrenfield-biometrics": ["biometric-and-sensitive-data", "incident"],
    "ferrant-ai": ["ai"],
}
READER = Actor(
    "person", "somebody", "Somebody", frozenset({Role.AUDITOR, Role.PROCUREMENT_OFFICER})
)


@pytest.fixture(scope="module")
def app(tmp_path_factory, questionnaires):
    """The demo of the three vendors."""
    folder: Path = tmp_path_factory.mktemp("addenda") / "demo"
    make(folder, questionnaires, portfolio=tuple(TOLD.values()))
    app = _application(folder, questionnaires, utc_now)
    yield app
    app.store.close()


def engagement(app: Application, told: DemoVendor) -> listed.EngagementView:
    (row,) = (row for row in listed.vendors(app, READER) if row.name == told.name)
    return listed.engagement(app, READER, row.engagements[0].id)


def test_each_has_core_and_its_addenda_answered_to_the_last_question(app):
    assert {name: list(told.addenda) for name, told in TOLD.items()} == SETS
    for told in TOLD.values():
        rows = engagement(app, told).assessments
        assert [row.questionnaire_id for row in rows] == ["core", *told.addenda]
        for row in rows[1:]:
            assert row.progress.complete, (told.name, row.title)
            assert row.headline is not None


def test_every_addendum_is_called_for_by_the_intake_or_by_answers(app):
    for told in TOLD.values():
        found = sets.engagement_sets(app, READER, engagement(app, told).id)
        assert {row.set_id for row in found if row.reasons} >= {"core", *told.addenda}


def test_shared_answers_are_core_s_with_their_proof(app):
    told = TOLD["larkmere-identity"]
    core, demo = engagement(app, told).assessments
    mine = {line.question_id: line for line in reviewing.scorecard(app, READER, core.id).lines}
    theirs = {line.question_id: line for line in reviewing.scorecard(app, READER, demo.id).lines}
    shared = mine.keys() & theirs.keys()
    assert len(shared) >= 14
    for name in shared:
        assert mine[name].reply_says == theirs[name].reply_says
        assert len(mine[name].evidence_ids) <= len(theirs[name].evidence_ids)


def test_the_engagement_takes_the_worst_of_its_sets(app):
    ferrant = engagement(app, TOLD["ferrant-ai"])
    assert ferrant.result is not None
    assert ferrant.result.scored == 2
    larkmere = engagement(app, TOLD["larkmere-identity"])
    assert larkmere.result is not None
    assert larkmere.result.stopped_by == "knockout"


def test_a_contradiction_between_sets_is_there_to_be_seen(app):
    found = sets.cross_check(app, READER, engagement(app, TOLD["larkmere-identity"]).id)
    assert [one.rule for one in found] == ["samples-planned-are-real-people"]


def test_the_decision_on_wrenfield_covers_its_sets_and_dates_what_to_verify(app):
    rows = engagement(app, TOLD["wrenfield-biometrics"]).assessments
    sheets = [deciding.decision_options(app, READER, row.id) for row in rows]
    assert len({sheet.decision.id for sheet in sheets if sheet.decision}) == 1
    assert all(sheet.decision for sheet in sheets)
    assert any("on day 91, " in text for text in sheets[0].proposed_conditions)
    assert any("on day 180, " in text for text in sheets[0].proposed_conditions)


def test_the_knockout_of_larkmere_was_asked_to_be_lifted_in_vain(app):
    core, *_ = engagement(app, TOLD["larkmere-identity"]).assessments
    (fired,) = (
        one
        for one in knockouts.knockouts(app, READER, core.id)
        if one.rule.id == "published-credential"
    )
    (asked,) = fired.liftings
    assert (asked.asked_by, asked.granted, asked.settled_by) == (
        "Priya Nair",
        False,
        "Iris Calder",
    )
    assert fired.rule.effect == "knockout"
    assert not fired.open
