"""Computes, stores and opens scorecards: from a signed submission and the review beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from math import floor
from typing import Any

from vendorrisk import assurance
from vendorrisk.access import Actor
from vendorrisk.document import Report
from vendorrisk.outlook import outlook
from vendorrisk.questionnaire import Question
from vendorrisk.store import Work, document_text, snapshot_of
from vendorrisk.store.tables import (
    Assessment,
    Lifting,
    OwnJudgement,
    Review,
    RuleCheck,
    Scorecard,
    Submission,
)
from vendorrisk.usecases.application import Content
from vendorrisk.usecases.errors import Refusal
from vendorrisk.usecases.sheets import says
from vendorrisk.usecases.values import (
    DomainLine,
    Figure,
    OutlookView,
    ProspectView,
    Reply,
    RuleLine,
    ScorecardView,
    ScoreLine,
    Step,
)

EFFECTS = ("knockout", "lifted", "cap", "not_cleared", "clarify")
"""What a rule does, the gravest first."""

# The steps of the engine's waterfall that lead from 100 to the claimed score.
_CLAIMED = ("weaker_answer", "unanswered", "dont_know", "not_approved")


def read_snapshot(content: Content, data: Mapping[str, Any]) -> assurance.Submission:
    """The submission that stored or new plain data holds; `Refusal` where it cannot be read."""
    report = Report("the submission")
    read = assurance.read_submission(data, content.questionnaire, content.rubric, report)
    if read is None:
        raise Refusal(
            "submission_unreadable",
            f"The answers cannot be taken as they are: {report.errors[0].message}",
            "Correct that answer; if it looks right, tell whoever runs this service.",
        )
    return read


def review_of(reviews: Mapping[str, Review | OwnJudgement]) -> dict[str, dict[str, str]]:
    """Judgements in the shape in which they are scored and stored with a scorecard."""
    found = {}
    for question_id, row in sorted(reviews.items()):
        parts = {
            "assurance": row.assurance,
            "not_applicable": row.not_applicable,
            "reason": row.reason,
        }
        if row.assurance or row.not_applicable:
            found[question_id] = {name: value for name, value in parts.items() if value}
    return found


def knockouts_of(work: Work, submission_id: str) -> dict[str, dict[str, dict[str, str]]]:
    """What people said of rules that fired, as it is scored and stored with a scorecard.

    `confirmed` has by rule what somebody looked at, `lifted` why two people lifted it; people are
    ids. A rule stands in one of the two, and neither key is there for nothing.
    """
    confirmed: dict[str, dict[str, str]] = {}
    lifted: dict[str, dict[str, str]] = {}
    for check in work.all(RuleCheck, "checked_at", submission_id=submission_id):
        confirmed[check.rule_id] = {"looked_at": check.looked_at, "by": check.checked_by}
    for one in work.all(Lifting, "asked_at", submission_id=submission_id):
        if one.granted is False:
            word = {"looked_at": one.settled_reason, "by": one.settled_by or ""}
            confirmed.setdefault(one.rule_id, word)
        elif one.granted and one.over_at is None:
            lifted[one.rule_id] = {
                "reason": one.reason,
                "asked_by": one.asked_by,
                "granted_by": one.settled_by or "",
            }
    confirmed = {rule: word for rule, word in confirmed.items() if rule not in lifted}
    parts = {"confirmed": confirmed, "lifted": lifted}
    return {name: dict(sorted(part.items())) for name, part in parts.items() if part}


def compute(
    work: Work, actor: Actor, row: Assessment, submission: Submission, content: Content
) -> Scorecard:
    """Score a submission with its review as it stands, beside its earlier scorecards.

    The assessment's headline follows the newest scorecard.
    """
    review = review_of(work.reviews(submission.id))
    result = evaluate(content, submission, review, knockouts_of(work, submission.id))
    latest = work.latest_scorecard(submission.id)
    digests = result["scorecard"]["digests"]
    text = document_text(result)
    band = _band(result)
    card = Scorecard(
        submission_id=submission.id,
        number=latest.number + 1 if latest else 1,
        result=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        input_sha256=digests["input"].removeprefix("sha256:"),
        rubric_digest=digests["rubric"],
        questionnaire_digest=digests["questionnaire"],
        engine=digests["engine"],
        created_at=work.now,
        created_by=actor.id,
        overall=_whole(result, "overall"),
        claimed=_whole(result, "claimed"),
        band=band,
        state=result["scorecard"]["results"]["overall"]["state"],
    )
    work.add(card)
    row.claimed, row.assured, row.band = card.claimed, card.overall, band
    row.stopped_by = stopped_by(result)
    work.record(
        actor, "score", "scorecard", card.id, row.id, number=card.number, sha256=card.sha256
    )
    return card


Lifts = Mapping[str, Mapping[str, str]]


def preview(
    card: Scorecard,
    content: Content,
    submission: Submission,
    own: Mapping[str, OwnJudgement],
) -> ScorecardView:
    """What a scorecard would be if one reviewer's own judgements counted; it is stored nowhere."""
    result = evaluate(content, submission, review_of(own))
    text = document_text(result)
    shown = Scorecard(
        **card.model_dump(exclude={"result", "sha256", "band"}),
        result=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        band=_band(result),
    )
    return view(shown, content, submission)


def read_judged(
    content: Content,
    submission: Submission,
    review: Mapping[str, Mapping[str, str]],
    lifted: Lifts | None = None,
) -> assurance.Submission:
    """A stored submission with judgements beside it, and the rules that were lifted."""
    judged = {**snapshot_of(submission), "review": review}
    return read_snapshot(content, judged | ({"lifted": lifted} if lifted else {}))


def evaluate(
    content: Content,
    submission: Submission,
    review: Mapping[str, Mapping[str, str]],
    knockouts: Mapping[str, Lifts] | None = None,
) -> dict[str, Any]:
    """What is stored of a scorecard: the review it took in, what was said of knockouts that fired
    (see `knockouts_of`), the engine's result, and how far proof could move it.
    """
    said = dict(knockouts or {})
    read = read_judged(content, submission, review, said.get("lifted"))
    card = assurance.score_submission(content.questionnaire, content.rubric, read)
    scorecard = card.to_json()
    # Computed again whenever somebody asks; stored, it would be most of the database.
    scorecard.pop("derivation", None)
    ahead = outlook(content.questionnaire, content.rubric, read, card)
    return {
        "review": review,
        **said,
        "scorecard": scorecard,
        **({"outlook": ahead.to_json()} if ahead else {}),
    }


def said_in(result: Mapping[str, Any]) -> dict[str, Lifts]:
    """What a stored scorecard took in of knockouts, in the shape that `evaluate` takes."""
    return {name: result[name] for name in ("confirmed", "lifted") if name in result}


def stopped_by(result: Mapping[str, Any]) -> str | None:
    """What stands before the figure: knockout, insufficient_basis, cap, not_cleared or None."""
    card = result["scorecard"]
    effects = {rule["effect"] for rule in card["rules"]}
    if "knockout" in effects:
        return "knockout"
    if card["results"]["overall"]["state"] == "no_score":
        return "insufficient_basis"
    return next((effect for effect in ("cap", "not_cleared") if effect in effects), None)


def exact(result: Mapping[str, Any], name: str) -> Fraction | None:
    """A numeric result exactly, or None where there is none."""
    found = result["scorecard"]["results"].get(name, {}).get("exact")
    return Fraction(found) if isinstance(found, str) and _is_number(found) else None


def view(row: Scorecard, content: Content, submission: Submission) -> ScorecardView:
    """A stored scorecard, opened down to each criterion."""
    result = json.loads(row.result)
    card, snapshot = result["scorecard"], snapshot_of(submission)
    return ScorecardView(
        id=row.id,
        submission_id=row.submission_id,
        number=row.number,
        created_at=row.created_at,
        claimed=figure(result, "claimed"),
        assured=figure(result, "overall"),
        mean=figure(result, "mean"),
        low=figure(result, "low"),
        high=figure(result, "high"),
        unlifted=_unlifted(result),
        coverage=_coverage(result),
        band=row.band,
        stopped_by=stopped_by(result),
        rules=rules_in(result),
        domains=tuple(
            DomainLine(
                id=line["id"],
                title=line["title"],
                critical=line["critical"],
                claimed=_figure(line["id"], line["claimed"]),
                assured=_figure(line["id"], line["assured"]),
                coverage=_number(line["coverage"]) or 0.0,
                weight=_number(line["weight"]) or 0.0,
            )
            for line in card["domains"]
        ),
        lines=tuple(_line(line, content, snapshot) for line in card["lines"]),
        waterfall=_waterfall(card["waterfall"]),
        ignored=tuple(card["ignored"]),
        sha256=row.sha256,
        rubric_digest=row.rubric_digest,
        questionnaire_digest=row.questionnaire_digest,
        input_digest=f"sha256:{row.input_sha256}",
        engine=row.engine,
        critical_plus=_critical_plus(content),
        outlook=_outlook(result.get("outlook")),
    )


def _outlook(found: Mapping[str, Any] | None) -> OutlookView | None:
    if found is None:
        return None
    proven, provable, best = (
        ProspectView(_figure(name, found[name]["overall"]), found[name]["band"]["value"])
        for name in ("proven", "provable", "best")
    )
    counts = (len(found[name]) for name in ("unproven", "short", "open"))
    return OutlookView(proven, provable, best, *counts)


def _critical_plus(content: Content) -> float | None:
    everyday = content.rubric.everyday
    plus = everyday.limits.weakest_critical_plus if everyday else None
    return None if plus is None else float(plus)


def figure(result: Mapping[str, Any], name: str) -> Figure:
    """One result, rounded down to a whole number."""
    found = result["scorecard"]["results"].get(name)
    if found is None:
        return Figure(name, None, None, "not_applicable", ())
    return _figure(name, found)


def reply_in(snapshot: Mapping[str, Any], question_id: str) -> tuple[Reply, str]:
    """A reply of a stored submission and the note beside it."""
    found = snapshot["answers"].get(question_id)
    if isinstance(found, dict) and "value" in found:
        return found["value"], str(found.get("note", ""))
    return found, ""


def _figure(name: str, found: Mapping[str, Any]) -> Figure:
    value = found["value"]
    exactly = found.get("exact")
    if isinstance(exactly, str) and _is_number(exactly):
        value = floor(Fraction(exactly))
    elif isinstance(value, float):
        value = floor(value)
    return Figure(
        id=name,
        value=value,
        exact=exactly if isinstance(exactly, str) and _is_number(exactly) else None,
        state=found["state"],
        why=tuple(found["why"]),
    )


def _whole(result: Mapping[str, Any], name: str) -> int | None:
    value = figure(result, name).value
    return value if isinstance(value, int) else None


def _band(result: Mapping[str, Any]) -> str | None:
    value = figure(result, "band").value
    return value if isinstance(value, str) else None


def _coverage(result: Mapping[str, Any]) -> float | None:
    found = exact(result, "coverage")
    return None if found is None else float(found)


def _unlifted(result: Mapping[str, Any]) -> Figure | None:
    return figure(result, "unlifted") if "unlifted" in result["scorecard"]["results"] else None


def _ceiling(limit: object) -> int | None:
    return None if limit is None else floor(Fraction(str(limit)))


def rules_in(result: Mapping[str, Any]) -> tuple[RuleLine, ...]:
    """The rules that fired in a stored result, the gravest first."""
    judged, confirmed = result["review"], result.get("confirmed", {})
    lines = (
        RuleLine(
            id=rule["id"],
            effect=rule["effect"],
            limit=_ceiling(rule["limit"]),
            because=rule["because"],
            questions=tuple(rule["questions"]),
            clause=rule.get("clause", ""),
            confirmed=rule["id"] in confirmed
            if rule["effect"] == "knockout"
            else all(question in judged for question in rule["questions"]),
            obligation=rule.get("obligation", ""),
            due=tuple(
                (one["day"], date.fromisoformat(one["on"]) if one["on"] else None)
                for one in rule.get("due", ())
            ),
            was=rule["lifted"]["effect"] if "lifted" in rule else None,
            would_limit=_ceiling(rule["lifted"]["limit"]) if "lifted" in rule else None,
            lifted_because=rule["lifted"]["reason"] if "lifted" in rule else "",
        )
        for rule in result["scorecard"]["rules"]
    )
    return tuple(sorted(lines, key=lambda line: EFFECTS.index(line.effect)))


def _line(line: Mapping[str, Any], content: Content, snapshot: Mapping[str, Any]) -> ScoreLine:
    everyday = content.rubric.everyday
    criterion = everyday.criteria[line["criterion"]] if everyday else None
    question = next(q for q in content.questionnaire.questions if q.id == line["question"])
    reply, _ = reply_in(snapshot, question.id)
    return ScoreLine(
        criterion=line["criterion"],
        question_id=question.id,
        code=question.code,
        ask=question.ask,
        domain=line["domain"],
        state=line["state"],
        reply_says=_reply_says(question, reply, line["state"]),
        points=_number(line["points"]),
        level=line["level"],
        share=_number(line["share"]),
        credit=_number(line["credit"]),
        weight=_number(line["weight"]) or 0.0,
        contribution=_number(line["contribution"]),
        counts=_counts(question, line["counts"], reply),
        lost=tuple((cause, _number(points) or 0.0) for cause, points in line["lost"].items()),
        because=criterion.because if criterion else "",
        remedy=criterion.remedy if criterion else "",
        clause=criterion.clause if criterion else "",
        why=tuple(line["why"]),
        evidence_ids=tuple(
            name for name, item in snapshot["evidence"].items() if question.id in item["for"]
        ),
    )


def _reply_says(question: Question, reply: Reply, state: str) -> str:
    if state == "hidden_by_fact":
        return "Not asked of this engagement"
    return (
        "Not asked, because of an earlier answer"
        if state == "hidden_by_answer"
        else says(question, reply)
    )


def _counts(question: Question, choice: str | None, reply: Reply) -> str | None:
    """The words of the worse choice whose credit counts, where it is not the claimed one."""
    if choice is None or choice == reply or (isinstance(reply, list) and choice in reply):
        return None
    found = question.choice(choice)
    return found.says if found else choice


def _waterfall(steps: list[Mapping[str, Any]]) -> tuple[Step, ...]:
    """From claimed down to assured; what leads from 100 to claimed is told by the lines."""
    found: list[Step] = []
    claimed = [step for step in steps if step["id"] in _CLAIMED]
    if claimed:
        start = _number(claimed[-1]["after"]) or 0.0
        found.append(Step("claimed", "Claimed", start, start))
    for step in steps:
        change = _number(step["change"]) or 0.0
        if step["id"] not in _CLAIMED and change:
            found.append(Step(step["id"], step["label"], change, _number(step["after"]) or 0.0))
    return tuple(found)


def _number(value: object) -> float | None:
    """A stored number, which may be a fraction in text, as a float for display."""
    if value is None:
        return None
    return float(Fraction(str(value)))


def _is_number(text: str) -> bool:
    try:
        Fraction(text)
    except (ValueError, ZeroDivisionError):
        return False
    return True
