"""An assessment's states, the moves between them, and how a refusal is said."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Refusal(Exception):  # noqa: N818 - refusing is not an error of the program
    """Something that is not done, said so that a person can act on it.

    `code` is stable and for programs, `sentence` says what is wrong, `fix` says what to do.
    """

    def __init__(self, code: str, sentence: str, fix: str = "") -> None:
        self.code = code
        self.sentence = sentence
        self.fix = fix
        super().__init__(f"{sentence} {fix}".strip())


class State(StrEnum):
    """Where an assessment stands. An officer's intake stays `IN_PROGRESS`."""

    DRAFT = "draft"
    INVITED = "invited"
    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    IN_REVIEW = "in_review"
    REVIEWED = "reviewed"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class Move(StrEnum):
    """Something that happens to an assessment and may change where it stands."""

    INVITE = "invite"
    ANSWER = "answer"
    SUBMIT = "submit"
    RETURN = "return"
    REVIEW = "review"
    FINISH_REVIEW = "finish_review"
    DECIDE = "decide"
    WITHDRAW = "withdraw"


STATE_SAYS: Mapping[State, str] = {
    State.DRAFT: "Opened, nobody invited yet",
    State.INVITED: "Invited, not started",
    State.IN_PROGRESS: "Being answered",
    State.SUBMITTED: "Submitted, waiting for review",
    State.RETURNED: "Returned to the vendor",
    State.IN_REVIEW: "In review",
    State.REVIEWED: "Reviewed, waiting for a decision",
    State.DECIDED: "Decided",
    State.WITHDRAWN: "Withdrawn",
}

_WITH_VENDOR = (State.INVITED, State.IN_PROGRESS, State.RETURNED)
_WITH_US = (State.SUBMITTED, State.IN_REVIEW, State.REVIEWED)

# From where each move may be made, and where it leads. A move that leads to its own state is
# allowed there and changes nothing: inviting a second colleague, answering the next question.
MOVES: Mapping[Move, Mapping[State, State]] = {
    Move.INVITE: {
        State.DRAFT: State.INVITED,
        **{state: state for state in _WITH_VENDOR},
    },
    Move.ANSWER: {
        State.INVITED: State.IN_PROGRESS,
        State.IN_PROGRESS: State.IN_PROGRESS,
        State.RETURNED: State.RETURNED,
    },
    Move.SUBMIT: dict.fromkeys(_WITH_VENDOR, State.SUBMITTED),
    Move.RETURN: dict.fromkeys(_WITH_US, State.RETURNED),
    Move.REVIEW: dict.fromkeys(_WITH_US, State.IN_REVIEW),
    Move.FINISH_REVIEW: {
        State.SUBMITTED: State.REVIEWED,
        State.IN_REVIEW: State.REVIEWED,
    },
    Move.DECIDE: {State.REVIEWED: State.DECIDED},
    Move.WITHDRAW: dict.fromkeys((State.DRAFT, *_WITH_VENDOR, *_WITH_US), State.WITHDRAWN),
}

_WHY_NOT: Mapping[State, tuple[str, str]] = {
    State.DRAFT: (
        "Nobody has been invited to this assessment yet.",
        "Invite a contact of the vendor first.",
    ),
    State.INVITED: (
        "The vendor has not submitted its answers yet.",
        "Wait for the vendor to submit, or remind your contact there.",
    ),
    State.IN_PROGRESS: (
        "The vendor has not submitted its answers yet.",
        "Wait for the vendor to submit, or remind your contact there.",
    ),
    State.RETURNED: (
        "This assessment is back with the vendor.",
        "Wait for the vendor to submit again.",
    ),
    State.SUBMITTED: (
        "These answers were submitted, so they can no longer be changed.",
        "If something must change, the procurement officer can return the assessment to the"
        " vendor with a reason.",
    ),
    State.IN_REVIEW: (
        "These answers are being reviewed, so they can no longer be changed.",
        "If something must change, the procurement officer can return the assessment to the"
        " vendor with a reason.",
    ),
    State.REVIEWED: (
        "The review of this assessment is finished.",
        "The committee decides next; a reviewer may change a judgement until then.",
    ),
    State.DECIDED: (
        "This assessment has been decided and stays as it is.",
        "Open a new assessment for this engagement if something has changed.",
    ),
    State.WITHDRAWN: (
        "This assessment was withdrawn.",
        "Open a new assessment for this engagement if it is still needed.",
    ),
}


def may(move: Move, state: State) -> bool:
    """Whether `move` is possible in `state`."""
    return state in MOVES[move]


def after(move: Move, state: State) -> State:
    """The state that `move` leads to from `state`; raises `Refusal` where it is not possible."""
    if state in MOVES[move]:
        return MOVES[move][state]
    if move in (Move.DECIDE, Move.FINISH_REVIEW) and state in (State.SUBMITTED, State.IN_REVIEW):
        raise Refusal(
            "review_not_finished",
            "The review of this assessment is not finished.",
            "A reviewer finishes the review first.",
        )
    sentence, fix = _WHY_NOT[state]
    raise Refusal(f"{state}_refuses_{move}", sentence, fix)


def locked(state: State) -> bool:
    """Whether answers and evidence stand still in `state`."""
    return not may(Move.ANSWER, state)
