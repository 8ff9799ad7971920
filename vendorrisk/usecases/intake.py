"""The officer's intake: how risky an engagement is before the vendor has said a word."""

from __future__ import annotations

from dataclasses import dataclass

from vendorrisk.access import Action, Actor, authorise
from vendorrisk.assessment import State
from vendorrisk.assurance import Submission, score_submission
from vendorrisk.scoring import Scorecard
from vendorrisk.store import Work, document_text
from vendorrisk.store.tables import Assessment
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.sheets import AnswerSheet, sheet_of

INTAKE = "intake"
"""The id of the questionnaire that staff answer about every engagement."""

# Whether other vendors of ours depend on this one is not asked but known from their
# subprocessors; until those are recorded, every vendor stands by itself.
_FACTS = {"concentration": "separate"}


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """The inherent risk. `tier` is "1" (very high) to "4"; the three levels are very_low, low,
    moderate, high or very_high. All four are None until `complete`; `missing` has the ids of the
    questions that are still open. `reasons` are sentences, the weightiest first.
    """

    assessment_id: str
    tier: str | None
    impact: str | None
    likelihood: str | None
    inherent: str | None
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    complete: bool


def intake_result(app: Application, actor: Actor, engagement_id: str) -> IntakeResult:
    """Compute the tier from the intake as it stands, with the reasons."""
    scope = authorise(actor, Action.INTAKE_RESULT)
    with app.store.read(scope) as work:
        return intake_of(app, work, engagement_id)


def open_intake(app: Application, actor: Actor, work: Work, engagement_id: str) -> None:
    """Open the intake of a new engagement."""
    content = app.content(INTAKE)
    row = Assessment(
        engagement_id=engagement_id,
        questionnaire_id=INTAKE,
        questionnaire_version=content.questionnaire.version,
        questionnaire_digest=content.questionnaire.digest,
        rubric_digest=content.rubric.digest,
        facts=document_text(
            {fact.id: _FACTS[fact.id] for fact in content.questionnaire.facts if fact.id in _FACTS}
        ),
        state=State.IN_PROGRESS,
        state_since=work.now,
        created_by=actor.id,
        created_at=work.now,
    )
    row.asked = AnswerSheet.of(content, row, {}).progress.asked
    work.add(row)
    work.record(actor, "open_intake", "assessment", row.id, row.id)


def intake_of(app: Application, work: Work, engagement_id: str) -> IntakeResult:
    """The result of an engagement's intake, read within a transaction."""
    row = _intake_row(work, engagement_id)
    return _result(row, sheet_of(app, work, row))


def require_intake(app: Application, work: Work, engagement_id: str) -> dict[str, object]:
    """What a complete intake knows: its results by name and its replies by question.

    Raises `Refusal` (intake_incomplete).
    """
    row = _intake_row(work, engagement_id)
    sheet = sheet_of(app, work, row)
    result = _result(row, sheet)
    if not result.complete:
        raise Refusal(
            "intake_incomplete",
            f"The intake is not complete; still open: {len(result.missing)}.",
            "Answer the rest first: it decides what the vendor is asked.",
        )
    # A question that another answer hides has no reply; as a fact it takes the worst word.
    known: dict[str, object] = {
        question.id: sheet.reply(question.id) if sheet.visible(question.id) else None
        for question in sheet.questionnaire.questions
    }
    return known | {
        "tier": result.tier,
        "impact": result.impact,
        "likelihood": result.likelihood,
        "inherent": result.inherent,
    }


def keep_tier(row: Assessment, sheet: AnswerSheet) -> None:
    """Store the tier where lists find it, after an answer of the intake has changed."""
    complete = sheet.progress.complete
    row.band = _label(_scored(sheet), "tier") if complete else None


def _intake_row(work: Work, engagement_id: str) -> Assessment:
    row = work.get(Assessment, engagement_id=engagement_id, questionnaire_id=INTAKE)
    if row is None:
        raise NotFound("This engagement")
    return row


def _result(row: Assessment, sheet: AnswerSheet) -> IntakeResult:
    if not sheet.progress.complete:
        return IntakeResult(row.id, None, None, None, None, (), sheet.told.open, False)
    card = _scored(sheet)
    return IntakeResult(
        assessment_id=row.id,
        tier=_label(card, "tier"),
        impact=_label(card, "impact"),
        likelihood=_label(card, "likelihood"),
        inherent=_label(card, "inherent"),
        reasons=tuple(
            dict.fromkeys(
                sentence
                for name in ("tier", "impact", "likelihood")
                for sentence in card.results[name].why
            )
        ),
        missing=(),
        complete=True,
    )


def _scored(sheet: AnswerSheet) -> Scorecard:
    visible = {name: reply for name, reply in sheet.replies.items() if sheet.visible(name)}
    submission = Submission(answers=visible, facts=sheet.facts)
    return score_submission(sheet.questionnaire, sheet.content.rubric, submission)


def _label(card: Scorecard, name: str) -> str | None:
    exact = card.results[name].exact
    return exact if isinstance(exact, str) else None
