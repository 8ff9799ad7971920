"""Rows that store tests begin with: an officer, a vendor with an engagement, an assessment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from vendorrisk.access import EVERYTHING, SYSTEM, Role
from vendorrisk.store import Store, Work
from vendorrisk.store.tables import (
    Assessment,
    ConditionCheck,
    ConditionOwner,
    ConflictDeclaration,
    Contact,
    Decision,
    DecisionCondition,
    Delegation,
    Difference,
    Engagement,
    Evidence,
    HandIn,
    Invitation,
    Lifting,
    Override,
    OwnJudgement,
    Person,
    ReadCode,
    ReviewSeat,
    RiskAcceptance,
    RuleCheck,
    ScopeApproval,
    Scorecard,
    SignIn,
    Submission,
    Vendor,
)

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """Ids of one vendor's rows, each an attribute named after its table."""

    person: str
    vendor: str
    contact: str
    engagement: str
    assessment: str
    evidence: str
    submission: str
    scorecard: str
    decision: str
    condition: str
    invitation: str
    sign_in: str


def make_world(store: Store, name: str = "Larkmere", questions: int = 2) -> World:
    """Write one of everything for a vendor called `name`."""
    with store.begin(EVERYTHING) as work:
        world = _rows(work, name, questions)
        work.record(SYSTEM, "register_vendor", "vendor", world.vendor)
        return world


def _rows(work: Work, name: str, questions: int) -> World:
    key = name.casefold()
    person = work.add(Person(email=f"officer@{key}.example", name=f"Olive {name}", created_at=NOW))
    vendor = work.add(Vendor(name=name, created_at=NOW, created_by=person.id))
    contact = work.add(
        Contact(vendor_id=vendor.id, name=f"Vera {name}", email=f"vera@{key}.example")
    )
    engagement = work.add(
        Engagement(
            vendor_id=vendor.id,
            title=f"{name} service",
            value_minor=720_000_000,
            currency="USD",
            starts_on=date(2027, 1, 1),
            created_at=NOW,
            created_by=person.id,
        )
    )
    work.set_roles(person.id, [Role.PROCUREMENT_OFFICER])
    assessment = work.add(
        Assessment(
            engagement_id=engagement.id,
            questionnaire_id="core",
            questionnaire_version=1,
            questionnaire_digest="sha256:q",
            rubric_digest="sha256:r",
            state="in_progress",
            state_since=NOW,
            created_by=person.id,
            created_at=NOW,
        )
    )
    evidence = work.attach(
        Evidence(
            assessment_id=assessment.id,
            sha256="0" * 64,
            file_name="policy.pdf",
            media_type="application/pdf",
            size=10,
            kind="policy",
            dated=date(2026, 5, 1),
            uploaded_by=contact.id,
            uploaded_at=NOW,
        ),
        ["q1", "q2"],
    )
    for number in range(1, questions + 1):
        work.save_answer(
            assessment.id,
            f"q{number}",
            reply='"best"',
            note="",
            saved_by=contact.id,
            seen_version=0,
        )
    submission = work.add(
        Submission(
            assessment_id=assessment.id,
            number=1,
            snapshot="{}",
            sha256="1" * 64,
            signed_by_name="Vera",
            signed_by_role="Head of Security",
            statement="True to the best of my knowledge.",
            submitted_at=NOW,
            contact_id=contact.id,
        )
    )
    work.save_review(
        submission.id,
        "q1",
        assurance="verified",
        not_applicable=None,
        reason="seen",
        reviewer_id=person.id,
        seen_version=0,
    )
    scorecard = work.add(
        Scorecard(
            submission_id=submission.id,
            number=1,
            result="{}",
            sha256="2" * 64,
            input_sha256="3" * 64,
            rubric_digest="sha256:r",
            questionnaire_digest="sha256:q",
            engine="1",
            created_at=NOW,
            created_by=person.id,
            overall=29,
            state="scored",
        )
    )
    decision = work.add(
        Decision(
            assessment_id=assessment.id,
            scorecard_id=scorecard.id,
            outcome="conditional",
            reasons="One thing to mend.",
            decided_by=person.id,
            decided_at=NOW,
        )
    )
    condition = work.add(
        DecisionCondition(
            decision_id=decision.id, text="Rotate keys", owner="Vera", due_on=date(2027, 1, 31)
        )
    )
    work.add(
        ConflictDeclaration(
            assessment_id=assessment.id, person_id=person.id, conflict=False, declared_at=NOW
        )
    )
    seat = ReviewSeat(assessment_id=assessment.id, person_id=person.id, taken_at=NOW)
    work.add(seat)
    work.add(
        OwnJudgement(
            submission_id=submission.id,
            question_id="q1",
            person_id=person.id,
            version=1,
            assurance="audited",
            reason="I read the report.",
            saved_at=NOW,
        )
    )
    work.add(HandIn(submission_id=submission.id, seat_id=seat.id, handed_in_at=NOW))
    work.add(Difference(submission_id=submission.id, question_id="q1", apart=2))
    work.add(ScopeApproval(assessment_id=assessment.id, approved_by=person.id, approved_at=NOW))
    work.add(
        Override(
            assessment_id=assessment.id,
            scorecard_id=scorecard.id,
            outcome="approve",
            reason="It is small.",
            asked_by=person.id,
            asked_at=NOW,
        )
    )
    work.add(ConditionOwner(condition_id=condition.id, assessment_id=assessment.id))
    work.add(
        RuleCheck(
            assessment_id=assessment.id,
            submission_id=submission.id,
            rule_id="published-keys",
            looked_at="The scan.",
            checked_by=person.id,
            checked_at=NOW,
        )
    )
    work.add(
        Lifting(
            assessment_id=assessment.id,
            submission_id=submission.id,
            rule_id="published-keys",
            reason="It is another system.",
            asked_by=person.id,
            asked_at=NOW,
        )
    )
    work.add(
        ConditionCheck(
            condition_id=condition.id,
            assessment_id=assessment.id,
            found="The new keys.",
            checked_by=person.id,
            checked_at=NOW,
        )
    )
    work.add(
        RiskAcceptance(
            assessment_id=assessment.id,
            risk="Old keys.",
            control="We watch.",
            expires_on=date(2027, 1, 31),
            accepted_by=person.id,
            accepted_at=NOW,
        )
    )
    invitation = work.add(
        Invitation(
            assessment_id=assessment.id,
            contact_id=contact.id,
            token_hash=f"invitation {key}",
            created_by=person.id,
            created_at=NOW,
            expires_at=NOW,
        )
    )
    sign_in = work.add(
        SignIn(
            token_hash=f"session {key}",
            contact_id=contact.id,
            invitation_id=invitation.id,
            assessment_id=assessment.id,
            created_at=NOW,
            last_seen_at=NOW,
            expires_at=NOW,
        )
    )
    work.add(
        Delegation(
            invitation_id=invitation.id,
            assessment_id=assessment.id,
            parent_id=invitation.id,
            given_by=contact.id,
        )
    )
    work.add(
        ReadCode(
            assessment_id=assessment.id,
            sign_in_id=sign_in.id,
            contact_id=contact.id,
            code_hash="4" * 64,
            created_at=NOW,
            expires_at=NOW,
        )
    )
    return World(
        person.id,
        vendor.id,
        contact.id,
        engagement.id,
        assessment.id,
        evidence.id,
        submission.id,
        scorecard.id,
        decision.id,
        condition.id,
        invitation.id,
        sign_in.id,
    )
