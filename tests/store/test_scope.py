"""What a scope hides and refuses: nobody reaches another vendor's rows through the store."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import SQLModel

from tests.store.records import NOW, make_world
from vendorrisk.access import EVERYTHING, SYSTEM, Scope
from vendorrisk.store import OutOfScopeError, Store, UnauditedError, Work, tables

# Every table that holds something of one vendor, with a column that finds the row in hand.
VENDORS_OWN: dict[type[SQLModel], str] = {
    tables.Vendor: "vendor",
    tables.Contact: "contact",
    tables.Engagement: "engagement",
    tables.Assessment: "assessment",
    tables.Evidence: "evidence",
    tables.Submission: "submission",
    tables.Scorecard: "scorecard",
    tables.Decision: "decision",
    tables.DecisionCondition: "condition",
    tables.Invitation: "invitation",
    tables.SignIn: "sign_in",
}
BY_PARENT: dict[type[SQLModel], tuple[str, str]] = {
    tables.Answer: ("assessment_id", "assessment"),
    tables.AnswerRevision: ("assessment_id", "assessment"),
    tables.EvidenceFor: ("evidence_id", "evidence"),
    tables.Review: ("submission_id", "submission"),
    tables.ReviewRevision: ("submission_id", "submission"),
    tables.ReviewSeat: ("assessment_id", "assessment"),
    tables.OwnJudgement: ("submission_id", "submission"),
    tables.HandIn: ("submission_id", "submission"),
    tables.Difference: ("submission_id", "submission"),
    tables.ConflictDeclaration: ("assessment_id", "assessment"),
    tables.ScopeApproval: ("assessment_id", "assessment"),
    tables.Override: ("assessment_id", "assessment"),
    tables.RuleCheck: ("assessment_id", "assessment"),
    tables.ConditionOwner: ("assessment_id", "assessment"),
    tables.Lifting: ("assessment_id", "assessment"),
    tables.ConditionCheck: ("assessment_id", "assessment"),
    tables.RiskAcceptance: ("assessment_id", "assessment"),
    tables.Delegation: ("assessment_id", "assessment"),
    tables.ReadCode: ("assessment_id", "assessment"),
}
OF_THE_INSTALLATION = {
    tables.Person,
    tables.PersonRole,
    tables.SetupToken,
    tables.SignInDetail,
    tables.SecondFactor,
    tables.RecoveryCode,
    tables.ProviderAccount,
    tables.ProviderSession,
    tables.Pending,
    tables.LegalHold,
    tables.Throttle,
}


def rename(work: Work, vendor_id: str) -> None:
    vendor = work.get(tables.Vendor, id=vendor_id)
    assert vendor is not None
    vendor.name = "Somebody else"


def test_every_table_is_either_a_vendors_or_the_installations() -> None:
    mapped = {mapper.class_ for mapper in SQLModel._sa_registry.mappers}
    known = {*VENDORS_OWN, *BY_PARENT, *OF_THE_INSTALLATION}
    # What is sealed opens in no such scope: tests/usecases/test_tenders.py.
    of_tenders = {tables.Tender, tables.TenderBid}
    others = of_tenders | {
        tables.Installation,
        tables.AuditEvent,
        tables.DeletionReceipt,
        tables.PurgePass,
        tables.RetiredKey,
    }
    assert mapped == known | others


def test_a_vendors_scope_finds_its_own_row_and_no_other(store: Store) -> None:
    mine, theirs = make_world(store, "Mine"), make_world(store, "Theirs")
    for table, name in VENDORS_OWN.items():
        with store.read(Scope(mine.assessment)) as work:
            assert work.get(table, id=getattr(theirs, name)) is None, table
            found: list[Any] = work.all(table)
            assert [row.id for row in found] == [getattr(mine, name)], table
        with store.read(EVERYTHING) as work:
            assert work.get(table, id=getattr(theirs, name)) is not None, table


def test_rows_below_another_vendors_row_are_not_found(store: Store) -> None:
    mine, theirs = make_world(store, "Mine"), make_world(store, "Theirs")
    with store.read(Scope(mine.assessment)) as work:
        for table, (column, name) in BY_PARENT.items():
            assert work.all(table, **{column: getattr(theirs, name)}) == [], table
            own = work.all(table, **{column: getattr(mine, name)})
            assert work.all(table) == own != [], table


def test_a_vendors_scope_holds_nothing_of_the_installation(store: Store) -> None:
    mine = make_world(store)
    with store.begin(EVERYTHING) as work:
        work.add(tables.SetupToken(token_hash="x", created_at=NOW, expires_at=NOW))
        work.count_failure("x", forget_before=NOW)
        work.keep_pending("x", "x", NOW)
        session = tables.SignIn(
            token_hash="x",
            person_id=mine.person,
            created_at=NOW,
            last_seen_at=NOW,
            expires_at=NOW,
        )
        work.add(session)
        work.add(tables.SignInDetail(sign_in_id=session.id, confirmed_at=NOW))
        work.add(
            tables.SecondFactor(person_id=mine.person, kind="app", name="Phone", created_at=NOW)
        )
        work.add(
            tables.ProviderAccount(issuer="x", subject="x", person_id=mine.person, created_at=NOW)
        )
        work.add(tables.ProviderSession(sign_in_id=session.id, issuer="x", subject="x"))
        work.add(tables.RecoveryCode(person_id=mine.person, code_hash="x", created_at=NOW))
        work.add(
            tables.LegalHold(
                kind="vendor", subject_id="x", reason="x", set_by=mine.person, set_at=NOW
            )
        )
        work.record(SYSTEM, "setup_link", "installation", "1")
    for table in OF_THE_INSTALLATION:
        with store.read(Scope(mine.assessment)) as work:
            assert work.all(table) == [], table
        with store.read(EVERYTHING) as work:
            assert work.all(table) != [], table
    with store.read(Scope(mine.assessment)) as work:
        assert work.people() == []
        assert work.person(mine.person) is None


def test_queries_about_another_vendors_assessment_come_back_empty(store: Store) -> None:
    mine, theirs = make_world(store, "Mine"), make_world(store, "Theirs")
    with store.read(Scope(mine.assessment)) as work:
        assert work.assessment(theirs.assessment) is None
        assert work.replies(theirs.assessment) == {}
        assert work.answers(theirs.assessment) == {}
        assert work.evidence(theirs.assessment) == []
        assert work.latest_submission(theirs.assessment) is None
        assert work.reviews(theirs.submission) == {}
        assert work.latest_scorecard(theirs.submission) is None
        assert work.latest_scorecards([theirs.assessment]) == {}
        assert work.decisions([theirs.assessment]) == []
        assert work.reviewers(theirs.assessment) == frozenset()
        assert work.inviters(theirs.assessment) == frozenset()
        assert work.seats([theirs.assessment]) == {}
        assert work.open_differences([theirs.assessment]) == frozenset()
        assert work.session("session theirs") is None
        assert work.events(theirs.assessment) == []
        assert work.portfolio(vendor_id=theirs.vendor) == []
        assert [row.vendor.name for row in work.portfolio()] == ["Mine"]


def test_the_same_queries_find_what_is_in_scope(store: Store) -> None:
    mine = make_world(store, "Mine")
    with store.read(Scope(mine.assessment)) as work:
        found = work.assessment(mine.assessment)
        assert found is not None
        assert work.replies(mine.assessment) == {"q1": "best", "q2": "best"}
        assert set(work.answers(mine.assessment, ["q2", "unknown"])) == {"q2"}
        assert [item.questions for item in work.evidence(mine.assessment)] == [("q1", "q2")]
        assert set(work.reviews(mine.submission)) == {"q1"}
        submission, scorecard = work.latest_scorecards([mine.assessment])[mine.assessment]
        assert (submission.id, scorecard.id) == (mine.submission, mine.scorecard)
        [decision] = work.decisions([mine.assessment])
        assert [condition.id for condition in decision.conditions] == [mine.condition]
        assert work.reviewers(mine.assessment) == work.inviters(mine.assessment) == {mine.person}
        [seat] = work.seats([mine.assessment])[mine.assessment]
        assert (seat.seat.person_id, seat.handed_in) == (mine.person, True)
        assert work.open_differences([mine.assessment]) == {mine.assessment}
        session = work.session("session mine")
        assert session is not None
        assert session.contact is not None
        assert session.contact.id == mine.contact
        names = work.names([mine.person, mine.contact])
        assert names == {mine.person: "Olive Mine", mine.contact: "Vera Mine"}


def test_another_vendors_row_cannot_be_written(store: Store) -> None:
    mine, theirs = make_world(store, "Mine"), make_world(store, "Theirs")
    foreign = tables.EvidenceFor(evidence_id=theirs.evidence, question_id="q9")
    with pytest.raises(OutOfScopeError), store.begin(Scope(mine.assessment)) as work:
        work.add(foreign)
    with pytest.raises(OutOfScopeError), store.begin(Scope(mine.assessment)) as work:
        work.save_answer(theirs.assessment, "q1", reply="1", note="", saved_by="x", seen_version=1)
    with pytest.raises(OutOfScopeError), store.begin(Scope(mine.assessment)) as work:
        work.save_review(
            theirs.submission,
            "q1",
            assurance="verified",
            not_applicable=None,
            reason="",
            reviewer_id=mine.person,
            seen_version=1,
        )
    with pytest.raises(OutOfScopeError), store.begin(Scope(mine.assessment)) as work:
        work.record(SYSTEM, "answer_question", "question", "q1", theirs.assessment)


def test_a_vendors_scope_cannot_change_the_vendor_itself(store: Store) -> None:
    mine = make_world(store, "Mine")
    with pytest.raises(OutOfScopeError), store.begin(Scope(mine.assessment)) as work:
        rename(work, mine.vendor)
    with pytest.raises(OutOfScopeError), store.begin(Scope(mine.assessment)) as work:
        work.set_roles(mine.person, [])


def test_a_reading_transaction_refuses_to_write(store: Store) -> None:
    mine = make_world(store)
    with pytest.raises(OutOfScopeError), store.read(EVERYTHING) as work:
        work.save_answer(mine.assessment, "q1", reply="1", note="", saved_by="x", seen_version=1)
    with pytest.raises(OutOfScopeError), store.read(EVERYTHING) as work:
        work.add(tables.Person(email="a@b.example", name="A", created_at=NOW))
    with pytest.raises(OutOfScopeError), store.read(EVERYTHING) as work:
        work.record(SYSTEM, "add_person", "person", mine.person)


def test_a_change_without_an_audit_event_is_refused_and_undone(store: Store) -> None:
    mine = make_world(store)
    with pytest.raises(UnauditedError), store.begin(EVERYTHING) as work:
        work.save_answer(mine.assessment, "q1", reply='"x"', note="", saved_by="", seen_version=1)
    with pytest.raises(UnauditedError), store.begin(EVERYTHING) as work:
        rename(work, mine.vendor)
    with store.read(EVERYTHING) as work:
        assert work.replies(mine.assessment)["q1"] == "best"
        assert [row.vendor.name for row in work.portfolio()] == ["Larkmere"]
