"""Knockouts that fired: a reviewer confirms each, or asks to lift it; a second person settles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vendorrisk import assurance
from vendorrisk.access import Action, Actor, Relation, allowed, authorise, keep_out
from vendorrisk.assessment import Move, State, after, may
from vendorrisk.store import Work
from vendorrisk.store.tables import Assessment, Lifting, RuleCheck, Submission
from vendorrisk.usecases.application import Application, Content
from vendorrisk.usecases.duties import kept_apart, wrote_rubric
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.forms import Form
from vendorrisk.usecases.judgements import panel_of, require_latest
from vendorrisk.usecases.scorecards import compute, read_judged, rules_in, view
from vendorrisk.usecases.sheets import content_of, move, require_assessment
from vendorrisk.usecases.values import RuleLine, ScorecardView

LIFTABLE = ("knockout", "cap")


@dataclass(frozen=True, slots=True)
class LiftingView:
    """A request to lift a rule. `granted` is None while it waits for a second person.

    `over`: a reviewer confirmed the rule after it was lifted, which took the lifting back.
    """

    id: str
    reason: str
    asked_by: str
    asked_at: datetime
    granted: bool | None
    settled_reason: str
    settled_by: str | None
    settled_at: datetime | None
    over: bool
    may_settle: bool


@dataclass(frozen=True, slots=True)
class FiredRuleView:
    """A knockout or cap that fired, as it stands with reviewers.

    `open`: the review cannot be finished before somebody confirms it or settles a request to lift
    it. `confirmed_by` and `looked_at` are the newest word on it, None and empty where there is
    none. `unsettled` names the questions for which it cannot be lifted yet, as a reader calls them.
    """

    rule: RuleLine
    open: bool
    confirmed_by: str | None
    confirmed_at: datetime | None
    looked_at: str
    liftings: tuple[LiftingView, ...]
    unsettled: tuple[str, ...]
    may_confirm: bool
    may_ask: bool


def knockouts(app: Application, actor: Actor, assessment_id: str) -> tuple[FiredRuleView, ...]:
    """Every knockout and cap of the latest scorecard that fired, lifted or not; knockouts first.

    Empty before there is a scorecard.
    """
    scope = authorise(actor, Action.KNOCKOUTS, assessment_id)
    with app.store.read(scope) as work:
        row = require_assessment(work, assessment_id)
        kept_apart(work, actor, Action.KNOCKOUTS, row)
        found = work.latest_scorecards([assessment_id]).get(assessment_id)
        if found is None:
            return ()
        submission, card = found
        content = content_of(app, row)
        checks = work.all(RuleCheck, "checked_at", submission_id=submission.id)
        asked = work.all(Lifting, "asked_at", submission_id=submission.id)
        people = {one.checked_by for one in checks} | {one.asked_by for one in asked}
        names = work.names(people | {one.settled_by for one in asked if one.settled_by})
        invited = actor.id in work.inviters(assessment_id)
        panel = panel_of(app, work, row, submission)
        author = wrote_rubric(app, work, actor, row)
    result = json.loads(card.result)
    judged = read_judged(content, submission, result["review"])
    called = {q.id: q.code or f"“{q.ask}”" for q in content.questionnaire.questions}
    alone = panel.two and not panel.revealed
    now_open = may(Move.REVIEW, State(row.state)) and not alone and not author
    may_settle = allowed(actor, Action.SETTLE_LIFTING) and now_open and not invited
    told = []
    for rule in rules_in(result):
        if not liftable(rule, content):
            continue
        own = [one for one in asked if one.rule_id == rule.id]
        check = next((one for one in reversed(checks) if one.rule_id == rule.id), None)
        pending = any(one.granted is None for one in own)
        told.append(
            FiredRuleView(
                rule=rule,
                open=pending or (rule.effect == "knockout" and not rule.confirmed),
                confirmed_by=names.get(check.checked_by) if check else None,
                confirmed_at=check.checked_at if check else None,
                looked_at=check.looked_at if check else "",
                liftings=tuple(
                    LiftingView(
                        id=one.id,
                        reason=one.reason,
                        asked_by=names.get(one.asked_by, ""),
                        asked_at=one.asked_at,
                        granted=one.granted,
                        settled_reason=one.settled_reason,
                        settled_by=names.get(one.settled_by or ""),
                        settled_at=one.settled_at,
                        over=one.over_at is not None,
                        may_settle=may_settle and one.granted is None and actor.id != one.asked_by,
                    )
                    for one in own
                ),
                unsettled=tuple(
                    called[name]
                    for name in assurance.unsettled_for(
                        content.questionnaire, content.rubric, judged, rule.id
                    )
                ),
                may_confirm=now_open
                and allowed(actor, Action.CONFIRM_KNOCKOUT)
                and not pending
                and (not rule.confirmed or rule.effect == "lifted"),
                may_ask=now_open
                and allowed(actor, Action.ASK_TO_LIFT)
                and not pending
                and rule.effect in LIFTABLE,
            )
        )
    return tuple(told)


def confirm_knockout(
    app: Application, actor: Actor, submission_id: str, rule_id: str, looked_at: str
) -> ScorecardView:
    """Confirm, as a reviewer, that a rule fired for good reason; `looked_at` says what was read.

    The ceiling stays. Confirming a rule that was lifted takes the lifting back. Raises `Invalid`
    (looked_at), `Refusal` (not_fired, waits, not_handed_in, not_latest,
    `*_refuses_review`).
    """
    scope = authorise(actor, Action.CONFIRM_KNOCKOUT)
    form = Form()
    text = form.text("looked_at", looked_at, "What you looked at")
    with app.store.begin(scope) as work:
        row, submission = _latest(app, work, actor, Action.CONFIRM_KNOCKOUT, submission_id)
        content = content_of(app, row)
        _require_fired(work, submission, content, rule_id)
        own = work.all(Lifting, submission_id=submission_id, rule_id=rule_id)
        if any(one.granted is None for one in own):
            raise _waits()
        form.check()
        move(work, row, Move.REVIEW)
        for one in own:
            if one.granted and one.over_at is None:
                one.over_at = work.now
        check = RuleCheck(
            assessment_id=row.id,
            submission_id=submission_id,
            rule_id=rule_id,
            looked_at=text,
            checked_by=actor.id,
            checked_at=work.now,
        )
        work.add(check)
        work.record(actor, Action.CONFIRM_KNOCKOUT, "rule", rule_id, row.id, check=check.id)
        card = compute(work, actor, row, submission, content)
    return view(card, content, submission)


def ask_to_lift(
    app: Application, actor: Actor, submission_id: str, rule_id: str, reason: str
) -> None:
    """Ask that a knockout or cap that fired be lifted for this submission; a second person decides.

    Raises `Invalid` (reason), `Refusal` (not_fired, unsettled, waits, not_latest,
    `*_refuses_review`).
    """
    scope = authorise(actor, Action.ASK_TO_LIFT)
    form = Form()
    text = form.text("reason", reason, "A reason")
    with app.store.begin(scope) as work:
        row, submission = _latest(app, work, actor, Action.ASK_TO_LIFT, submission_id)
        content = content_of(app, row)
        result = _require_fired(work, submission, content, rule_id)
        own = work.all(Lifting, submission_id=submission_id, rule_id=rule_id)
        if any(one.granted is None for one in own):
            raise _waits()
        if any(rule.id == rule_id and rule.effect == "lifted" for rule in rules_in(result)):
            raise Refusal("lifted_already", "It is lifted already.", "See who lifted it, and why.")
        judged = read_judged(content, submission, result["review"])
        if assurance.unsettled_for(content.questionnaire, content.rubric, judged, rule_id):
            raise Refusal(
                "unsettled",
                "An answer that this rule looks at is missing, contradicted or not to be relied"
                " on, so lifting it would have no effect.",
                "Judge that answer first, or return the assessment to the vendor.",
            )
        form.check()
        move(work, row, Move.REVIEW)
        asked = Lifting(
            assessment_id=row.id,
            submission_id=submission_id,
            rule_id=rule_id,
            reason=text,
            asked_by=actor.id,
            asked_at=work.now,
        )
        work.add(asked)
        work.record(actor, Action.ASK_TO_LIFT, "rule", rule_id, row.id, lifting=asked.id)


def settle_lifting(
    app: Application, actor: Actor, lifting_id: str, *, granted: bool, reason: str
) -> ScorecardView:
    """Lift a knockout or cap as the second person, or refuse to; either gives a new scorecard.

    Earlier scorecards stay as they are. Raises `NotAllowed` (asked_lifting, invited), `Invalid`
    (reason), `Refusal` (settled, not_latest, `*_refuses_review`).
    """
    scope = authorise(actor, Action.SETTLE_LIFTING)
    form = Form()
    text = form.text("reason", reason, "A reason")
    with app.store.begin(scope) as work:
        asked = work.get(Lifting, id=lifting_id)
        if asked is None:
            raise NotFound("This request")
        row, submission = _latest(app, work, actor, Action.SETTLE_LIFTING, asked.submission_id)
        work.read_anew(asked)
        if actor.id == asked.asked_by:
            keep_out(Action.SETTLE_LIFTING, Relation.ASKED_LIFTING)
        if actor.id in work.inviters(row.id):
            keep_out(Action.SETTLE_LIFTING, Relation.INVITED)
        form.check()
        if asked.granted is not None:
            raise Refusal("settled", "A colleague has settled this already.", "See what they said.")
        move(work, row, Move.REVIEW)
        asked.granted = granted
        asked.settled_reason = text
        asked.settled_by = actor.id
        asked.settled_at = work.now
        work.record(
            actor,
            Action.SETTLE_LIFTING,
            "rule",
            asked.rule_id,
            row.id,
            lifting=asked.id,
            granted=granted,
        )
        content = content_of(app, row)
        card = compute(work, actor, row, submission, content)
    return view(card, content, submission)


def open_knockout(work: Work, assessment_id: str) -> Refusal | None:
    """Why a review cannot be finished while a knockout is neither confirmed nor settled."""
    found = work.latest_scorecards([assessment_id]).get(assessment_id)
    if found is None:
        return None
    submission, card = found
    if any(one.granted is None for one in work.all(Lifting, submission_id=submission.id)):
        return Refusal(
            "knockout_open",
            "Somebody asked to lift a knockout or cap, and nobody has settled it.",
            "A moderator grants it or refuses it, then the review can be finished.",
        )
    rules = rules_in(json.loads(card.result))
    waiting = [rule.because for rule in rules if rule.effect == "knockout" and not rule.confirmed]
    if waiting:
        return Refusal(
            "knockout_open",
            f"A knockout is provisional until a reviewer confirms it: {' '.join(waiting)}",
            "Confirm it and say what you looked at, or ask to lift it.",
        )
    return None


def liftable(rule: RuleLine, content: Content) -> bool:
    """Whether a rule is a knockout or cap that the rubric states, lifted or not."""
    everyday = content.rubric.everyday
    known = everyday is not None and rule.id in everyday.rules
    return known and rule.effect in (*LIFTABLE, "lifted")


def _waits() -> Refusal:
    return Refusal(
        "waits",
        "Somebody asked to lift this, and nobody has settled it.",
        "Wait for a moderator to grant it or to refuse it.",
    )


def _latest(
    app: Application, work: Work, actor: Actor, action: Action, submission_id: str
) -> tuple[Assessment, Submission]:
    """The latest submission, which can still be judged and which nobody judges alone now."""
    submission = require_latest(app, work, actor, action, submission_id)
    row = require_assessment(work, submission.assessment_id)
    after(Move.REVIEW, State(row.state))
    panel = panel_of(app, work, row, submission)
    if panel.two and not panel.revealed:
        raise Refusal(
            "not_handed_in",
            "Two reviewers judge this submission alone, and not both have handed in.",
            "Hand in first; knockouts are confirmed or lifted after that.",
        )
    return row, submission


def _require_fired(
    work: Work, submission: Submission, content: Content, rule_id: str
) -> dict[str, Any]:
    """The stored result in which a rule fired."""
    card = work.latest_scorecard(submission.id)
    result: dict[str, Any] = json.loads(card.result) if card else {}
    fired = rules_in(result) if card else ()
    if not any(rule.id == rule_id and liftable(rule, content) for rule in fired):
        raise Refusal(
            "not_fired",
            "No such knockout or cap fired on this submission.",
            "Open the review again and choose one that did.",
        )
    return result
