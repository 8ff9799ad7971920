"""Submitting: what is signed stays as it was signed, and a second one stands beside the first."""

from __future__ import annotations

import hashlib
import json
from datetime import date

import pytest

from tests.usecases.conftest import BEST, World
from vendorrisk.access import EVERYTHING, SYSTEM, Actor
from vendorrisk.assessment import State
from vendorrisk.store import ImmutableError
from vendorrisk.store.tables import Submission
from vendorrisk.usecases import answering, invitations, reviewing, submitting
from vendorrisk.usecases.errors import Invalid, NotFound, Refusal


@pytest.fixture
def world(invited: World) -> World:
    return invited


@pytest.fixture
def opened(world: World) -> tuple[str, Actor]:
    return world.assessment_id, world.vera


def tamper(world: World, submission_id: str) -> None:
    with world.app.store.begin(EVERYTHING) as work:
        row = work.get(Submission, id=submission_id)
        assert row is not None
        row.snapshot = "{}"
        work.record(SYSTEM, "tamper", "submission", row.id)


def test_what_is_signed_is_canonical_json_under_its_hash(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.answer(vera, **BEST)
    answering.answer_question(
        world.app, vera, assessment_id, "storage", "vault", "Since 2020.", seen_version=1
    )
    file_id = world.attach(vera, product="Photos", period_end=date(2026, 9, 1))
    view = world.submit(vera)
    copy = submitting.own_copy(world.app, vera, assessment_id)
    assert hashlib.sha256(copy).hexdigest() == view.sha256
    data = json.loads(copy)
    assert (
        copy == json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    )
    assert data["as_of"] == "2026-11-02"
    assert data["facts"]["tier"] == "1"
    assert data["answers"]["storage"] == {"note": "Since 2020.", "value": "vault"}
    assert data["answers"]["stores"] == ["database"]
    (file,) = data["evidence"].values()
    assert file["for"] == ["storage"]
    assert file["file_name"] == "policy.pdf"
    assert len(file["sha256"]) == 64
    assert list(data["evidence"]) == [file_id]
    assert data["review"] == {}
    assert (view.signed_by_name, view.statement) == ("Vera Lind", submitting.ATTESTATION)


def test_a_reply_that_is_hidden_now_is_not_part_of_what_is_signed(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.answer(vera, keeps_data="some", deletion="never", published="scanned")
    world.answer(vera, keeps_data="none")
    world.submit(vera)
    data = json.loads(submitting.own_copy(world.app, vera, assessment_id))
    assert set(data["answers"]) == {"keeps_data", "published"}


def test_submitting_twice_makes_one_submission(world: World, opened: tuple[str, Actor]) -> None:
    assessment_id, vera = opened
    world.answer(vera, **BEST)
    first, again = world.submit(vera), world.submit(vera)
    assert first == again
    assert len(submitting.submissions(world.app, vera, assessment_id)) == 1
    submitting.return_to_vendor(world.app, world.officer, assessment_id, "One file is missing.")
    late = world.submit(vera, number=1)
    assert late.id == first.id, "an old form does not submit what is being corrected"
    assert answering.overview(world.app, vera, assessment_id).state is State.RETURNED
    with pytest.raises(Refusal) as ahead:
        world.submit(vera, number=3)
    assert ahead.value.code == "form_outdated"


def test_after_submitting_nothing_of_it_can_change(world: World, opened: tuple[str, Actor]) -> None:
    assessment_id, vera = opened
    world.answer(vera, **BEST)
    view = world.submit(vera)
    for call in (
        lambda: world.answer(vera, storage="wiki"),
        lambda: world.attach(vera),
    ):
        with pytest.raises(Refusal) as refused:
            call()
        assert refused.value.code == "submitted_refuses_answer"
    with pytest.raises(ImmutableError):
        tamper(world, view.id)
    workspace = answering.overview(world.app, vera, assessment_id)
    assert (workspace.locked, workspace.may_answer) == (True, False)
    assert invitations.invited_view(world.app, vera).submitted


def test_a_return_with_a_reason_makes_a_second_submission_beside_the_first(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.answer(vera, **BEST)
    world.submit(vera)
    first_copy = submitting.own_copy(world.app, vera, assessment_id)
    with pytest.raises(Invalid) as silent:
        submitting.return_to_vendor(world.app, world.officer, assessment_id, "  ")
    assert set(silent.value.problems) == {"reason"}
    submitting.return_to_vendor(world.app, world.officer, assessment_id, "Which servers?")
    workspace = answering.overview(world.app, vera, assessment_id)
    assert workspace.returned_reason == "Which servers?"
    assert (workspace.next_submission, workspace.locked) == (2, False)
    assert invitations.invited_view(world.app, vera).returned_reason == "Which servers?"
    assert submitting.own_copy(world.app, vera, assessment_id) == first_copy
    world.answer(vera, storage="most")
    world.submit(vera, number=2)
    first, second = submitting.submissions(world.app, world.officer, assessment_id)
    assert (first.return_reason, first.returned_by) == ("Which servers?", "Officer")
    assert second.return_reason is None
    assert first.sha256 == hashlib.sha256(first_copy).hexdigest() != second.sha256
    assert submitting.submission(world.app, world.officer, first.id) == first


def test_a_signature_needs_a_name_a_role_and_agreement(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    with pytest.raises(Invalid) as invalid:
        submitting.submit(
            world.app,
            vera,
            assessment_id,
            name=" ",
            role="x" * 201,
            statement_accepted=False,
            number=1,
        )
    assert set(invalid.value.problems) == {"name", "role", "statement"}
    with pytest.raises(Refusal) as empty:
        world.submit(vera)
    assert empty.value.code == "nothing_answered"
    assert answering.overview(world.app, vera, assessment_id).state is State.INVITED


def test_silence_can_be_submitted_and_is_scored_as_silence(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.answer(vera, storage="vault")
    world.submit(vera)
    card = reviewing.scorecard(world.app, world.reviewer, assessment_id)
    assert "not-cleared:published" in {rule.id for rule in card.rules}
    assert isinstance(card.assured.value, int)
    assert card.assured.value <= 29


def test_there_is_no_copy_before_there_is_a_submission(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    with pytest.raises(NotFound):
        submitting.own_copy(world.app, vera, assessment_id)
    assert submitting.submissions(world.app, vera, assessment_id) == ()
