"""The states of an assessment: which moves lead where, and what a refusal says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.assessment import MOVES, STATE_SAYS, Move, Refusal, State, after, locked, may

JOURNEY = [
    (Move.INVITE, State.INVITED),
    (Move.ANSWER, State.IN_PROGRESS),
    (Move.SUBMIT, State.SUBMITTED),
    (Move.REVIEW, State.IN_REVIEW),
    (Move.RETURN, State.RETURNED),
    (Move.ANSWER, State.RETURNED),
    (Move.SUBMIT, State.SUBMITTED),
    (Move.REVIEW, State.IN_REVIEW),
    (Move.FINISH_REVIEW, State.REVIEWED),
    (Move.DECIDE, State.DECIDED),
]


def test_the_journey_leads_from_opened_to_decided() -> None:
    state = State.DRAFT
    for move, expected in JOURNEY:
        state = after(move, state)
        assert state is expected


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_every_impossible_move_is_refused_with_a_sentence_and_a_fix(
    move: Move, state: State
) -> None:
    if may(move, state):
        assert after(move, state) is MOVES[move][state]
        return
    with pytest.raises(Refusal) as refused:
        after(move, state)
    assert refused.value.code
    assert refused.value.sentence.endswith(".")
    assert refused.value.fix.endswith(".")


@given(st.lists(st.sampled_from(Move), max_size=12))
def test_a_decided_or_withdrawn_assessment_never_moves_again(moves: list[Move]) -> None:
    for end in (State.DECIDED, State.WITHDRAWN):
        for move in moves:
            assert not may(move, end)


@given(st.lists(st.sampled_from(Move), max_size=30))
def test_nothing_is_decided_that_was_not_submitted_and_reviewed(moves: list[Move]) -> None:
    state, passed = State.DRAFT, set()
    for move in moves:
        if may(move, state):
            state = after(move, state)
            passed.add(state)
    if state is State.DECIDED:
        assert {State.SUBMITTED, State.REVIEWED} <= passed


def test_answers_stand_still_from_submission_on_until_they_are_returned() -> None:
    moving = {state for state in State if not locked(state)}
    assert moving == {State.INVITED, State.IN_PROGRESS, State.RETURNED}


def test_every_state_has_words() -> None:
    assert set(STATE_SAYS) == set(State)
