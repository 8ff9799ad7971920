"""Judgements of a submission: what may be said of an answer, and who sees whose before all are in.

In some tiers two reviewers judge alone. Their judgements are rows of their own, which nothing reads
but what follows from a `Panel`; what counts, and what every scorecard is computed from, are the
judgements that were settled after both had handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from vendorrisk import assurance
from vendorrisk.access import Action, Actor
from vendorrisk.agreement import TWO_REVIEWERS_TIERS, VERDICTS
from vendorrisk.assessment import State
from vendorrisk.questionnaire import Question, Visible, visibility
from vendorrisk.store import SeatItem, Work, snapshot_of
from vendorrisk.store.tables import (
    Assessment,
    Difference,
    OwnJudgement,
    Review,
    ReviewSeat,
    Submission,
)
from vendorrisk.usecases.application import Application, Content
from vendorrisk.usecases.duties import kept_apart, require_no_author
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.scorecards import read_snapshot, reply_in
from vendorrisk.usecases.sheets import require_assessment, tier_of
from vendorrisk.usecases.values import Reply

Level = Literal["self_attested", "documented", "audited", "verified", "contradicted"]
Verdict = Literal["approved", "rejected"]

SEATS = 2
"""Of reviewers who judge alone."""

LEFT = "rejected"
"""What a claim that a question does not apply counts as where nobody approved it."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Who judges a submission alone, and what they said.

    `two` is false where one reviewer's judgement stands; all else is empty then. `seats` are those
    that nobody gave back, the first taken first. `own` has, by everybody who ever took a seat, the
    judgements that count while they hold one: of this submission, and of earlier ones where the
    answer and its evidence stayed as they were.
    `differences` has what a moderator settles or settled, by question.
    """

    two: bool
    seats: tuple[SeatItem, ...] = ()
    own: Mapping[str, Mapping[str, OwnJudgement]] = field(default_factory=dict)
    differences: Mapping[str, Difference] = field(default_factory=dict)

    @property
    def revealed(self) -> bool:
        """Whether both handed in, so that everybody who reads the review sees what they said."""
        return self.two and len(self.seats) == SEATS and all(one.handed_in for one in self.seats)

    @property
    def open(self) -> int:
        """How many answers wait for a moderator."""
        return sum(one.settled_by is None for one in self.differences.values())

    def seat_of(self, person_id: str) -> SeatItem | None:
        """The seat that somebody holds."""
        return next((one for one in self.seats if one.seat.person_id == person_id), None)

    def said(self, place: int) -> Mapping[str, OwnJudgement]:
        """The judgements of whoever holds the first seat (0) or the second (1)."""
        return self.own.get(self.seats[place].seat.person_id, {})


ONE = Panel(False)
"""Where one reviewer's judgement stands."""


def panel_of(app: Application, work: Work, row: Assessment, submission: Submission) -> Panel:
    """Who judges the latest submission of an assessment alone.

    A review goes on as it began: seats that were taken stay, whatever the setting says since, and
    what one reviewer has begun one reviewer finishes.
    """
    taken = work.seats([row.id]).get(row.id, [])
    if not (taken or two_begin(app, row)):
        return ONE
    seats = tuple(one for one in taken if one.seat.freed_at is None)
    latest = snapshot_of(submission)
    own: dict[str, dict[str, OwnJudgement]] = {one.seat.person_id: {} for one in taken}
    for earlier in work.all(Submission, "number", assessment_id=row.id):
        before = snapshot_of(earlier)
        for said in work.all(OwnJudgement, submission_id=earlier.id):
            same = earlier.id == submission.id or unchanged(said.question_id, before, latest)
            if said.person_id in own and same:
                own[said.person_id][said.question_id] = said
    found = work.all(Difference, submission_id=submission.id)
    return Panel(True, seats, own, {one.question_id: one for one in found})


def two_begin(app: Application, row: Assessment) -> bool:
    """Whether two reviewers judge a submission on which nobody has begun yet."""
    return State(row.state) is State.SUBMITTED and tier_of(row) in app.settings.two_reviewers_for


def asks_less(panel: Panel, row: Assessment) -> bool:
    """Whether one reviewer judges where two do unless an installation says otherwise."""
    return not panel.two and tier_of(row) in TWO_REVIEWERS_TIERS


def unchanged(question_id: str, before: Mapping[str, object], now: Mapping[str, object]) -> bool:
    """Whether two snapshots hold the same answer to a question, with the same evidence for it."""
    return _about(question_id, before) == _about(question_id, now)


def _about(question_id: str, snapshot: Mapping[str, object]) -> object:
    answers = cast("Mapping[str, object]", snapshot["answers"])
    files = cast("Mapping[str, Mapping[str, object]]", snapshot["evidence"])
    own = {
        name: {key: value for key, value in item.items() if key != "for"}
        for name, item in files.items()
        if question_id in cast("list[str]", item["for"])
    }
    return answers.get(question_id), own


def require_latest(
    app: Application, work: Work, actor: Actor, action: Action, submission_id: str
) -> Submission:
    """A submission that can be judged, which only the latest can.

    Raises `NotFound`, `NotAllowed` (undeclared, conflicted, wrote_rubric), `Refusal` (not_latest).
    """
    submission = work.get(Submission, id=submission_id)
    if submission is None:
        raise NotFound("This submission")
    row = require_assessment(work, submission.assessment_id)
    kept_apart(work, actor, action, row)
    require_no_author(app, work, actor, action, row)
    latest = work.latest_submission(row.id)
    if latest is None or latest.id != submission.id:
        raise Refusal(
            "not_latest",
            "The vendor has submitted again since.",
            "Open the review again and judge the latest submission.",
        )
    return submission


def require_answer(content: Content, submission: Submission, question_id: str) -> Question:
    """A question that a submission was asked. Raises `Refusal` (unknown_question)."""
    read = read_snapshot(content, snapshot_of(submission))
    seen = visibility(content.questionnaire, read.values, read.facts)
    for question in content.questionnaire.questions:
        if question.id == question_id and isinstance(seen[question_id], Visible):
            return question
    raise Refusal(
        "unknown_question",
        "This submission was not asked that question.",
        "Open the review again and choose one of its answers.",
    )


def check_judgement(
    form: Form, content: Content, reply: Reply, level: str | None, not_applicable: str | None
) -> None:
    """Note on a form what keeps a judgement from making sense for a reply."""
    everyday = content.rubric.everyday
    levels = everyday.assurance.levels if everyday and everyday.assurance else ()
    if level is not None and level not in (*levels, assurance.CONTRADICTED):
        form.problem("level", "Choose one of the levels in the list.")
    elif level is not None and (reply is None or isinstance(reply, dict)):
        form.problem("level", "There is no claim here that could be proven or contradicted.")
    if not_applicable not in (None, *VERDICTS):
        form.problem("not_applicable", "Approve it or reject it.")
    elif not_applicable is not None and ground(reply) is None:
        form.problem("not_applicable", "The vendor does not say that this does not apply.")


def ground(reply: Reply) -> str | None:
    """Why a question does not apply, in the vendor's words, where it says so."""
    if isinstance(reply, dict) and "not_applicable" in reply:
        return str(reply["not_applicable"])
    return None


def supported(content: Content, levels: Mapping[str, str], reply: Reply) -> str | None:
    """The level that evidence gives the claimed choice; for several ticks the weakest of theirs."""
    everyday = content.rubric.everyday
    if reply is None or isinstance(reply, dict) or everyday is None or everyday.assurance is None:
        return None
    order = everyday.assurance.levels
    chosen = reply if isinstance(reply, list) else [str(reply)]
    found = [levels.get(choice, levels.get("*", order[0])) for choice in chosen]
    return min(found, key=order.index, default=order[0])


def levels_of(content: Content) -> tuple[str, ...]:
    """The levels of a rubric, the weakest first; one without levels takes every answer's word."""
    everyday = content.rubric.everyday
    return everyday.assurance.levels if everyday and everyday.assurance else ("self_attested",)


def otherwise(content: Content, submission: Submission) -> dict[str, str]:
    """By question that can be judged, what its answer counts as where nobody judges it."""
    snapshot = snapshot_of(submission)
    read = read_snapshot(content, snapshot)
    seen = visibility(content.questionnaire, read.values, read.facts)
    levels = assurance.supported_levels(content.questionnaire, content.rubric, read)
    found = {}
    for question in content.questionnaire.questions:
        reply, _ = reply_in(snapshot, question.id)
        if not isinstance(seen[question.id], Visible) or reply is None:
            continue
        if ground(reply) is not None:
            found[question.id] = LEFT
        elif not isinstance(reply, dict):
            given = supported(content, levels.get(question.id, {}), reply)
            found[question.id] = given or levels_of(content)[0]
    return found


def word(row: Review | OwnJudgement | Difference | None) -> str | None:
    """A judgement as one word: its level, or its verdict on a claim; None where there is none."""
    return None if row is None else row.assurance or row.not_applicable


def take_seat(work: Work, panel: Panel, row: Assessment, actor: Actor) -> SeatItem | None:
    """The actor's seat, taken now where one is free; None where two others hold them."""
    held = panel.seat_of(actor.id)
    if held is not None or len(panel.seats) >= SEATS:
        return held
    seat = ReviewSeat(assessment_id=row.id, person_id=actor.id, taken_at=work.now)
    work.add(seat)
    return SeatItem(seat, False)
