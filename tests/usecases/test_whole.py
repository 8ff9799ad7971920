"""Promises about the whole: nothing of the rubric leaks, content is pinned, both databases work."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import KEYS, Clock
from tests.usecases.conftest import BEST, LIBRARY, World, settings
from vendorrisk.access import POLICY, VENDOR_ROLES, Role
from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.store import Store
from vendorrisk.usecases import (
    answering,
    assessments,
    audit,
    deciding,
    delegating,
    evidence,
    invitations,
    read_codes,
    reviewing,
    sets,
    submitting,
    vendors,
)
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Refusal


def test_nothing_that_a_vendor_is_given_holds_a_word_of_the_rubric(submitted: World) -> None:
    app, vera, assessment_id = submitted.app, submitted.vera, submitted.assessment_id
    submitted.judge(assessment_id, "storage", "contradicted")
    submitting.return_to_vendor(app, submitted.officer, assessment_id, "Please look again.")
    file_id = submitted.attach(vera)
    submitted.confirm(vera)
    given = repr(
        [
            invitations.invited_view(app, vera),
            answering.overview(app, vera, assessment_id),
            answering.section(app, vera, assessment_id, "credentials"),
            answering.section(app, vera, assessment_id, "retention"),
            answering.missing(app, vera, assessment_id),
            sets.own_sets(app, vera, assessment_id),
            sets.carried(app, vera, assessment_id),
            delegating.colleagues(app, vera, assessment_id),
            read_codes.may_read_back(app, vera, assessment_id),
            read_codes.ask_code(app, vera, assessment_id),
            answering.answer_question(app, vera, assessment_id, "storage", "wiki", seen_version=1),
            evidence.evidence_list(app, vera, assessment_id),
            evidence.open_evidence(app, vera, file_id),
            submitted.submit(vera, number=2),
            submitting.submissions(app, vera, assessment_id),
            submitting.own_copy(app, vera, assessment_id),
        ]
    )
    rubric = app.content("core").rubric
    assert rubric.everyday is not None
    secrets = {rubric.digest, rubric.title, "contradicted", "We looked."}
    for criterion in rubric.everyday.criteria.values():
        secrets |= {criterion.id, criterion.because, criterion.remedy}
    for rule in rubric.everyday.rules.values():
        secrets |= {rule.id, rule.because}
    # A criterion may be called like its question or a word that everybody uses.
    secrets -= {"deletion", "stores"}
    assert [secret for secret in secrets if secret in given] == []
    called = {"invited_view", "overview", "section", "missing", "answer_question"}
    called |= {"own_sets", "carried"}
    called |= {"colleagues", "may_read_back", "ask_code"}
    called |= {"evidence_list", "open_evidence", "attach", "submit", "submissions", "own_copy"}
    same_views_or_none = {"submission", "withdraw_evidence", "take_over", "sign_out"}
    same_views_or_none |= {
        "delegate",
        "name_signatory",
        "take_back",
        "give_read_code",
        "link_evidence",
    }
    vendor_verbs = {
        str(action) for action, roles in POLICY.items() if roles.intersection(VENDOR_ROLES)
    }
    assert vendor_verbs == called | same_views_or_none, "call a new verb for vendors here, too"


@pytest.fixture
def changed(submitted: World, tmp_path: Path) -> World:
    """The same database beside content that somebody edited in place."""
    root = tmp_path / "library"
    shutil.copytree(LIBRARY, root)
    file = root / "core" / "v1" / "rubric.yaml"
    file.write_text(file.read_text().replace("believed: 40", "believed: 39"))
    submitted.app = replace(submitted.app, library=Library(root), _pinned={})
    return submitted


def test_an_edited_rubric_does_not_touch_what_was_pinned(changed: World) -> None:
    app, assessment_id = changed.app, changed.assessment_id
    for verb in (reviewing.review_sheet, deciding.brief, answering.overview):
        with pytest.raises(Refusal) as refused:
            verb(app, changed.committee, assessment_id)
        assert refused.value.code == "content_missing"
    row = vendors.vendors(app, changed.officer)[0].engagements[0].assessments[0]
    assert row.headline is not None, "lists still show what was computed then"
    assert row.headline.claimed == 100


def test_a_scorecard_whose_content_is_gone_is_told_from_one_that_is_wrong(
    changed: World, library: Library
) -> None:
    edited = changed.app
    changed.app = replace(edited, library=library, _pinned={})
    card = reviewing.scorecard(changed.app, changed.reviewer, changed.assessment_id)
    assert reviewing.verify_scorecard(changed.app, changed.reviewer, card.id).holds
    told = reviewing.verify_scorecard(edited, changed.reviewer, card.id)
    assert not told.holds
    assert told.computed_sha256 is None
    assert "not here as it was" in told.says


def test_a_broken_file_is_refused_in_words_and_not_by_a_trace(world: World, tmp_path: Path) -> None:
    root = tmp_path / "library"
    shutil.copytree(LIBRARY, root)
    (root / "core" / "v1" / "rubric.yaml").write_text("rubric: [core\n")
    engagement_id = world.engagement()
    world.answered_intake(engagement_id)
    world.app = replace(world.app, library=Library(root), _pinned={})
    with pytest.raises(Refusal) as refused:
        assessments.open_assessment(world.app, world.officer, engagement_id, "core", None)
    assert refused.value.code == "content_unusable"
    assert "rubric.yaml" in refused.value.sentence


def test_two_clicks_on_submit_at_once_make_one_submission(invited: World) -> None:
    invited.answer(invited.vera, **BEST)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: invited.submit(invited.vera), range(2)))
    assert both[0] == both[1]
    events = audit.trail(invited.app, invited.officer, invited.assessment_id)
    assert [event.action for event in events].count("submit") == 1


@pytest.mark.postgres
def test_the_journey_holds_on_postgresql_too(
    postgres_url: str, library: Library, tmp_path: Path
) -> None:
    clock = Clock()
    store = Store(postgres_url, KEYS, clock=clock)
    world = World(Application(settings(tmp_path), store, library, Files(tmp_path)), clock)
    world.add("officer", Role.PROCUREMENT_OFFICER)
    world.add("second_officer", Role.SECOND_OFFICER)
    world.add("reviewer", Role.REVIEWER)
    world.add("committee", Role.COMMITTEE_MEMBER)
    world.add("auditor", Role.AUDITOR)
    assessment_id = world.opened()
    vera = world.invited(assessment_id)
    world.answer(vera, **{**BEST, "published": "live"})
    world.attach(vera)
    with ThreadPoolExecutor(2) as pool:
        first, again = pool.map(lambda _: world.submit(vera), range(2))
    assert first == again
    submitting.return_to_vendor(world.app, world.officer, assessment_id, "Is it live?")
    world.answer(vera, published="scanned")
    world.submit(vera, number=2)
    world.judge(assessment_id, "storage", "documented")
    reviewing.finish_review(world.app, world.reviewer, assessment_id)
    sheet = deciding.decision_options(world.app, world.committee, assessment_id)
    deciding.record_decision(
        world.app,
        world.committee,
        assessment_id,
        outcome="reject",
        reasons="Half of it is words.",
        scorecard_id=sheet.scorecard_id,
    )
    card = reviewing.scorecard(world.app, world.staff["auditor"], assessment_id)
    assert reviewing.verify_scorecard(world.app, world.staff["auditor"], card.id).holds
    assert audit.trail(world.app, world.officer, assessment_id)[0].action == "record_decision"
    store.close()
