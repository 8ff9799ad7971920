"""Sealed tenders: nobody on staff reads a bid before it is opened, not even in the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import text

from tests.conftest import KEYS, Clock
from tests.log_watch import TOLD_AT_THE_END
from tests.usecases.conftest import BEST, Template, World, built, settings
from tests.usecases.test_answering import counted
from tests.usecases.test_policy import CALLS, Ids
from vendorrisk.access import (
    EVERYTHING,
    KEPT_OUT,
    KNOW_BIDDERS,
    POLICY,
    STAFF_ROLES,
    Action,
    Actor,
    Relation,
    Role,
)
from vendorrisk.assessment import State
from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.keys import Keys
from vendorrisk.store import ImmutableError, SealedError, Store
from vendorrisk.store.tables import Assessment, AuditEvent, Evidence, Submission, Tender, TenderBid
from vendorrisk.tender import pseudonyms
from vendorrisk.usecases import (
    answering,
    assessments,
    audit,
    comparing,
    deciding,
    evidence,
    purging,
    reviewing,
    sets,
    submitting,
    tenders,
    vendors,
    verifying,
    worklist,
)
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Refusal

NOTE = "canary-note-of-the-bidder"
REMARK = "canary-answer-of-the-bidder"
FILE = "canary-file-name.pdf"
CANARIES = (NOTE, REMARK, FILE)
# Choices, questions that only some answers show, kinds of evidence: each would tell something.
TELLING = (*CANARIES, "scanned", "vault", "automatic", "last_run", "2026-10-01", "policy")
NAMES = ("Brightholm", "Pinfold", "Photo service", "vendor.example", "Vera Lind")


@dataclass
class Fair:
    """A world with a published tender of two bids: `vera` and `walt` were invited."""

    world: World
    tender_id: str
    bids: tuple[str, ...]
    contacts: tuple[Actor, ...]

    @property
    def app(self) -> Application:
        return self.world.app

    @property
    def second(self) -> Actor:
        return self.world.staff["second_officer"]

    @property
    def view(self) -> tenders.TenderView:
        return tenders.tender(self.app, self.world.officer, self.tender_id)

    def to_deadline(self, **more: float) -> None:
        self.world.clock.now = self.view.deadline + timedelta(**more)

    def opened(self) -> None:
        self.to_deadline(seconds=1)
        tenders.unseal(self.app, self.second, self.tender_id)
        self.world.declare()


def prepared(world: World, *, late_rule: str = "refuse", pseudonymous: bool = False) -> Fair:
    bids = tuple(world.opened(name) for name in ("Brightholm Cloud", "Pinfold Systems"))
    tender_id = tenders.open_tender(
        world.app,
        world.officer,
        title="Photo storage 2026",
        assessment_ids=bids,
        deadline=world.clock() + timedelta(days=10),
        late_rule=late_rule,
        pseudonymous=pseudonymous,
    )
    return Fair(world, tender_id, bids, ())


def contact_of(world: World, assessment_id: str) -> str:
    with world.app.store.read(EVERYTHING) as work:
        row = work.get(Assessment, id=assessment_id)
    assert row is not None
    return vendors.engagement(world.app, world.officer, row.engagement_id).vendor.contacts[0].id


def begun(world: World, **how: object) -> Fair:
    fair = prepared(world, **how)  # type: ignore[arg-type]
    tenders.publish_tender(world.app, world.officer, fair.tender_id)
    fair.contacts = tuple(
        world.enter(assessments.invite(world.app, world.officer, bid, contact_of(world, bid)).token)
        for bid in fair.bids
    )
    return fair


def answered(fair: Fair) -> None:
    for contact in fair.contacts:
        fair.world.answer(contact, **{**BEST, "remarks": REMARK})
        fair.world.attach(contact, file_name=FILE, note=NOTE)


def refused(call: object) -> str:
    with pytest.raises(Refusal) as found:
        call()  # type: ignore[operator]
    return found.value.code


def everyone(world: World) -> dict[Role, Actor]:
    """An actor for each role of staff."""
    world.add("moderator", Role.MODERATOR)
    world.add("risk_owner", Role.RISK_OWNER)
    return {role: next(a for a in world.staff.values() if a.has(role)) for role in STAFF_ROLES}


def ids_of(fair: Fair) -> Ids:
    """Both bids in place of whatever the calls of the policy's walk are about."""
    first, other = fair.bids
    with fair.app.store.read(EVERYTHING) as work:
        row = work.get(Assessment, id=first)
        submission = work.get(Submission, assessment_id=first)
        file = work.get(Evidence, assessment_id=first)
    assert row is not None
    assert submission is not None
    assert file is not None
    view = vendors.engagement(fair.app, fair.world.officer, row.engagement_id)
    about = {
        "vendor": view.vendor.id,
        "engagement": row.engagement_id,
        "contact": view.vendor.contacts[0].id,
        "invitation": view.assessments[0].invitations[0].id,
        "in_progress": first,
        "in_review": first,
        "reviewed": other,
        "intake": view.intake_id,
        "submission": submission.id,
        "evidence": file.id,
        "tender": fair.tender_id,
    }
    return Ids(**{one.name: about.get(one.name, "none") for one in fields(Ids)})


def said_to(call: object) -> str:
    """Everything that a verb gives back, or says when it refuses."""
    try:
        found = call()  # type: ignore[operator]
    except Refusal as refusal:
        return str(refusal)
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else repr(found)


CHANGES_THE_BIDS = {Action.UNSEAL, Action.LOCK_SCORES, Action.REVOKE_INVITATION}


def told(fair: Fair, roles: dict[Role, Actor]) -> Iterator[tuple[Role, Action, str]]:
    """What every verb of staff says to every role about the bids."""
    ids = ids_of(fair)
    for role, actor in roles.items():
        for action in Action:
            if role in POLICY[action] and action not in CHANGES_THE_BIDS:
                yield role, action, said_to(lambda: CALLS[action](fair.app, actor, ids))  # noqa: B023


@pytest.fixture(scope="module")
def walked(
    peopled: Template, library: Library, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Fair, dict[Role, Actor]]]:
    """Two bids under pseudonyms, one submitted and both answered, and an actor for each role."""
    world, _ = built(tmp_path_factory.mktemp("fair"), peopled.path, library, peopled.staff)
    roles = everyone(world)
    fair = begun(world, pseudonymous=True)
    answered(fair)
    for contact in fair.contacts:
        world.submit(contact)
    yield fair, roles
    world.app.store.close()


def test_no_verb_of_staff_tells_what_is_sealed(walked: tuple[Fair, dict[Role, Actor]]) -> None:
    fair, roles = walked
    walk = list(told(fair, roles))
    for role, action, said in walk:
        for canary in CANARIES:
            assert canary not in said, f"{action} told it to a {role}"
    assert len(walk) > 200
    TOLD_AT_THE_END.append(f"Asked {len(walk)} times, by verb and role, for what bids had sealed.")


def test_each_verb_about_a_bid_says_until_when_it_is_sealed(
    walked: tuple[Fair, dict[Role, Actor]],
) -> None:
    fair, roles = walked
    ids, held_back = ids_of(fair), set()
    for role, actor in roles.items():
        for action in Action:
            if role in POLICY[action] and Relation.SEALED in KEPT_OUT[action]:
                said = said_to(lambda: CALLS[action](fair.app, actor, ids))  # noqa: B023
                if "sealed until 12 November 2026, 09:30 UTC" in said:
                    held_back.add(action)
    # An override, a lifting and a scorecard do not exist before the opening, so nothing names one.
    others = {Action.SETTLE_OVERRIDE, Action.VERIFY_SCORECARD, Action.ASK_OVERRIDE}
    others |= {Action.MISSING, Action.ACCEPT_RISK, Action.SETTLE_LIFTING}
    expected = {a for a in Action if Relation.SEALED in KEPT_OUT[a]}
    assert expected - held_back <= others, expected - held_back


def test_the_files_of_the_database_hold_nothing_of_what_is_sealed(
    walked: tuple[Fair, dict[Role, Actor]],
) -> None:
    fair, _ = walked
    folder = fair.app.settings.data
    with fair.app.store.engine.connect() as connection:
        rows = connection.scalar(text("SELECT count(*) FROM answer_revision"))
    assert rows >= 2 * len(BEST)
    searched = 0
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            searched += len(content)
            for one in CANARIES:
                assert one.encode() not in content, f"{one} stands in {path.name}"
    with fair.app.store.read(EVERYTHING) as work:
        for bid in fair.bids:
            stored = json.dumps(raw_rows(fair.app.store, bid), default=str)
            for one in TELLING:
                assert one not in stored, f"{one} can be read"
            with pytest.raises(SealedError):
                work.answers(bid)
    TOLD_AT_THE_END.append(f"Searched {searched:,} bytes for what bids had sealed.")


def raw_rows(store: Store, assessment_id: str) -> list[object]:
    """Everything that the database itself says about a bid's answers and events."""
    found: list[object] = []
    queries = (
        "SELECT * FROM answer WHERE assessment_id = :id",
        "SELECT * FROM answer_revision WHERE assessment_id = :id",
        "SELECT * FROM evidence WHERE assessment_id = :id",
        "SELECT l.* FROM evidence_for l JOIN evidence e ON e.id = l.evidence_id"
        " WHERE e.assessment_id = :id",
        "SELECT * FROM submission WHERE assessment_id = :id",
        "SELECT * FROM audit_event WHERE chain = :id AND actor_kind = 'contact'",
        "SELECT answered, claimed, assured, band, stopped_by FROM assessment WHERE id = :id",
    )
    with store.engine.connect() as connection:
        for query in queries:
            found += [tuple(row) for row in connection.execute(text(query), {"id": assessment_id})]
    return found


def test_how_long_or_which_answer_it_is_cannot_be_told_from_the_rows(
    walked: tuple[Fair, dict[Role, Actor]],
) -> None:
    fair, _ = walked
    with fair.app.store.engine.connect() as connection:
        rows = connection.execute(text("SELECT question_id, reply, note FROM answer")).all()
    sealed = [row for row in rows if row[0].startswith("sealed-")]
    assert {len(row[1]) for row in sealed} == {len(sealed[0][1])}, "all are of one length"
    assert {row[2] for row in sealed} == {""}


def test_the_bidder_reads_its_own_answers_and_copy_while_they_are_sealed(
    walked: tuple[Fair, dict[Role, Actor]],
) -> None:
    fair, _ = walked
    vera = fair.contacts[0]
    section = answering.section(fair.app, vera, fair.bids[0], "credentials")
    assert [q.reply for q in section.questions][:2] == ["scanned", "vault"]
    assert answering.overview(fair.app, vera, fair.bids[0]).progress.complete
    [file] = evidence.evidence_list(fair.app, vera, fair.bids[0])
    assert (file.file_name, file.note, file.kind) == (FILE, NOTE, "policy")
    [view] = submitting.submissions(fair.app, vera, fair.bids[0])
    copy = submitting.own_copy(fair.app, vera, fair.bids[0])
    assert sha256(copy).hexdigest() == view.sha256
    assert REMARK in copy.decode()
    own = sets.own_sets(fair.app, vera, fair.bids[0]).sets
    assert [one.progress.answered for one in own] == [len(BEST)]
    with pytest.raises(Refusal):
        answering.overview(fair.app, vera, fair.bids[1])


def test_verifying_holds_while_bids_are_sealed(walked: tuple[Fair, dict[Role, Actor]]) -> None:
    fair, _ = walked
    found = verifying.verify(fair.app)
    assert found.findings == ()
    assert found.files == 2


def test_files_of_a_sealed_bid_survive_the_daily_purge(
    walked: tuple[Fair, dict[Role, Actor]],
) -> None:
    fair, _ = walked
    purging.purge(fair.app)
    assert verifying.verify(fair.app).findings == ()


def test_bidders_have_neither_name_nor_pseudonym_before_lots_are_drawn(
    peopled: Template, library: Library, tmp_path: Path
) -> None:
    world, _ = built(tmp_path, peopled.path, library, peopled.staff)
    judging = everyone(world)[Role.REVIEWER]
    fair = prepared(world, pseudonymous=True)
    listed = {one.name for one in vendors.vendors(world.app, judging)}
    assert "A bidder" in listed
    assert "" not in listed
    view = tenders.tender(world.app, judging, fair.tender_id)
    assert {(bid.name, bid.engagement_id) for bid in view.bids} == {("A bidder", None)}


def test_who_judges_knows_bidders_by_pseudonym_until_scores_are_locked(
    peopled: Template, library: Library, tmp_path: Path
) -> None:
    world, _ = built(tmp_path, peopled.path, library, peopled.staff)
    roles = everyone(world)
    fair = begun(world, pseudonymous=True)
    answered(fair)
    for contact in fair.contacts:
        world.submit(contact)
    judging = {role: a for role, a in roles.items() if role not in KNOW_BIDDERS}
    named = {Action.TENDER, Action.TENDERS}  # which list all bidders, so that conflicts are told

    def leaks() -> list[tuple[Role, Action, str]]:
        return [
            (role, action, name)
            for role, action, said in told(fair, judging)
            if action not in named
            for name in NAMES
            if name in said
        ]

    assert leaks() == []
    fair.opened()
    assert leaks() == []
    listed = tenders.tender(fair.app, world.reviewer, fair.tender_id)
    assert {bid.name for bid in listed.bids} == {"Bidder A", "Bidder B"}
    assert listed.bidders == ("Brightholm Cloud", "Pinfold Systems")
    assert {bid.name for bid in fair.view.bids} == {"Brightholm Cloud", "Pinfold Systems"}
    for bid in fair.bids:
        sheet = reviewing.review_sheet(fair.app, world.reviewer, bid)
        assert sheet.vendor_name in ("Bidder A", "Bidder B")
        assert sheet.submission.signed_by_name == sheet.vendor_name
        world.judge(bid, "storage")
        reviewing.finish_review(fair.app, world.reviewer, bid)
    assert leaks() == []
    options = deciding.decision_options(fair.app, world.committee, fair.bids[0])
    decide = lambda: deciding.record_decision(  # noqa: E731
        fair.app,
        world.committee,
        fair.bids[0],
        outcome="escalate",
        reasons="The director decides.",
        conditions=[deciding.NewCondition("Show it.", "Vera", world.clock().date())],
        scorecard_id=options.scorecard_id,
    )
    assert refused(decide) == "scores_not_locked"
    tenders.lock_scores(fair.app, roles[Role.MODERATOR], fair.tender_id)
    assert reviewing.review_sheet(fair.app, world.reviewer, fair.bids[0]).vendor_name in (
        "Brightholm Cloud",
        "Pinfold Systems",
    )
    assert refused(lambda: world.judge(fair.bids[0], "published")) == "scores_locked"
    decide()
    assert verifying.verify(fair.app).findings == ()
    world.app.store.close()


def test_a_vendors_other_engagements_keep_its_name(world: World) -> None:
    fair = begun(world, pseudonymous=True)
    with world.app.store.read(EVERYTHING) as work:
        bid = work.bid(fair.bids[0])
    assert bid is not None
    vendors.register_engagement(world.app, world.officer, bid.vendor_id, title="Backups")
    rows = vendors.vendors(world.app, world.reviewer)
    known = {row.name: [one.title for one in row.engagements] for row in rows}
    assert known["Brightholm Cloud"] == ["Backups"]
    assert known["Bidder A"] == known["Bidder B"] == ["Photo storage 2026"]
    assert len({row.id for row in rows}) == 3


def test_after_the_opening_a_bid_is_scored_and_reading_it_is_an_event(world: World) -> None:
    fair = begun(world)
    answered(fair)
    world.submit(fair.contacts[0])
    fair.opened()
    first, other = fair.bids
    with world.app.store.read(EVERYTHING) as work:
        rows = {bid: work.assessment(bid) for bid in fair.bids}
        assert rows[first].answered == len(BEST)  # type: ignore[union-attr]
        assert rows[first].band is not None  # type: ignore[union-attr]
        assert rows[other].band is None  # type: ignore[union-attr]
    core = world.app.library.pack("core")
    without_keys = Store(str(world.app.store.url.render_as_string(hide_password=False)))
    compared = comparing.compare_stored(without_keys, core, core)
    assert (compared.compared, compared.unreadable) == ((), 1)
    without_keys.close()
    sheet = reviewing.review_sheet(world.app, world.reviewer, first)
    assert REMARK in str(sheet)
    assert FILE in str(sheet)
    reviewing.scorecard(world.app, world.staff["auditor"], first)
    with world.app.store.read(EVERYTHING) as work:
        read = work.all(AuditEvent, "number", assessment_id=first, action="read_sealed")
    assert [(one.actor_id, json.loads(one.details)["verb"]) for one in read] == [
        (world.reviewer.id, "review_sheet"),
        (world.staff["auditor"].id, "scorecard"),
    ]
    # What was never submitted stays with the vendor.
    for call in (
        lambda: reviewing.review_sheet(world.app, world.reviewer, other),
        lambda: answering.missing(world.app, world.reviewer, other),
    ):
        assert refused(call) == "not_submitted"
    # The trail tells afterwards which question an act was about.
    events = audit.trail(world.app, world.staff["auditor"], first)
    questions = {e.details.get("question") for e in events if e.action == "answer_question"}
    assert questions == set(BEST)
    assert verifying.verify(world.app).findings == ()


def test_bids_open_only_after_the_deadline_and_by_another_second_officer(world: World) -> None:
    fair = begun(world)
    unseal = lambda actor: tenders.unseal(fair.app, actor, fair.tender_id)  # noqa: E731
    assert refused(lambda: unseal(fair.second)) == "not_due"
    fair.to_deadline()
    assert refused(lambda: unseal(fair.second)) == "not_due", "the deadline itself is in time"
    fair.to_deadline(microseconds=1)
    assert refused(lambda: unseal(world.officer)) == "role_missing"
    both = Actor(
        "person",
        world.officer.id,
        world.officer.name,
        world.officer.roles | {Role.SECOND_OFFICER},
    )
    assert refused(lambda: unseal(both)) == "began_tender"
    assert fair.view.stage == "due"
    [mine] = [w for w in worklist.waiting(fair.app, fair.second) if w.tender_id]
    assert (mine.yours, mine.next_step) == (True, "Open the bids")
    assert (fair.view.yours, tenders.tender(fair.app, fair.second, fair.tender_id).yours) == (
        False,
        True,
    )
    waits = [w for w in worklist.waiting(fair.app, world.officer) if w.assessment_id in fair.bids]
    assert waits == [], "nobody is asked for answers that would be refused"
    unseal(fair.second)
    assert refused(lambda: unseal(fair.second)) == "opened_already"


@pytest.mark.parametrize(
    ("rule", "after", "code"),
    [
        ("refuse", timedelta(0), None),
        ("refuse", timedelta(microseconds=1), "too_late"),
        ("record", timedelta(0), None),
        ("record", timedelta(microseconds=1), None),
        ("record", timedelta(days=2), None),
    ],
)
def test_a_late_bid_is_refused_or_recorded_by_the_rule_that_was_published(
    world: World, rule: str, after: timedelta, code: str | None
) -> None:
    fair = begun(world, late_rule=rule)
    vera = fair.contacts[0]
    world.answer(vera, **BEST)
    fair.world.clock.now = fair.view.deadline + after
    vera = Actor(**{**_parts(vera)})
    if code is not None:
        assert refused(lambda: world.submit(vera)) == code
        row = answering.overview(world.app, vera, fair.bids[0])
        assert row.progress.complete, "what was typed is kept"
        assert row.state is State.IN_PROGRESS
        return
    world.submit(vera)
    late = {bid.assessment_id: bid.late for bid in fair.view.bids}
    assert late == {fair.bids[0]: after > timedelta(0), fair.bids[1]: False}


def _parts(actor: Actor) -> dict[str, object]:
    return {name: getattr(actor, name) for name in Actor.__slots__}


def test_nothing_is_submitted_once_the_bids_are_open_or_returned_after_the_deadline(
    world: World,
) -> None:
    fair = begun(world, late_rule="record")
    vera, walt = fair.contacts
    answered(fair)
    world.submit(vera)
    submitting.return_to_vendor(world.app, world.officer, fair.bids[0], "You asked for it.")
    world.submit(vera, 2)
    fair.opened()
    assert refused(lambda: world.submit(walt)) == "bids_opened"
    give_back = lambda: submitting.return_to_vendor(  # noqa: E731
        world.app, world.officer, fair.bids[0], "Please improve."
    )
    assert refused(give_back) == "bids_stay"


def test_a_deadline_moves_only_to_later_and_before_it_has_passed(world: World) -> None:
    fair = begun(world)
    was = fair.view.deadline
    move = lambda to: tenders.extend_deadline(  # noqa: E731
        fair.app, world.officer, fair.tender_id, to
    )
    assert refused(lambda: move(was - timedelta(days=1))) == "deadline_not_later"
    assert refused(lambda: move(was)) == "deadline_not_later"
    move(was + timedelta(days=1))
    assert fair.view.deadline == was + timedelta(days=1)
    with fair.app.store.read(EVERYTHING) as work:
        [event] = work.all(AuditEvent, action="extend_deadline")
    assert json.loads(event.details)["before"] == was.isoformat()
    fair.to_deadline(seconds=1)
    assert refused(lambda: move(world.clock() + timedelta(days=9))) == "deadline_passed"


def test_bids_ask_the_same_and_begin_together(world: World) -> None:
    fair = prepared(world)
    third = world.opened("Quillstone")
    invited = world.opened("Kestrel Print")
    world.invited(invited)
    add = lambda bid: tenders.add_bid(  # noqa: E731
        fair.app, world.officer, fair.tender_id, bid
    )
    assert refused(lambda: add(invited)) == "not_a_draft"
    with world.app.store.begin(EVERYTHING) as work:
        row = work.get(Assessment, id=third)
        assert row is not None
        digest, row.rubric_digest = row.rubric_digest, "sha256:another"
        work.record(world.officer, "test", "assessment", third, third)
    assert refused(lambda: add(third)) == "other_questions"
    with world.app.store.begin(EVERYTHING) as work:
        row = work.get(Assessment, id=third)
        assert row is not None
        row.rubric_digest = digest
        work.record(world.officer, "test", "assessment", third, third)
    add(third)
    assert refused(lambda: add(third)) == "bids_already"
    invite = lambda: assessments.invite(  # noqa: E731
        world.app, world.officer, third, contact_of(world, third)
    )
    assert refused(invite) == "tender_not_published"
    tenders.remove_bid(fair.app, world.officer, fair.tender_id, third)
    invite()
    tenders.publish_tender(fair.app, world.officer, fair.tender_id)
    for call in (
        lambda: add(invited),
        lambda: tenders.remove_bid(fair.app, world.officer, fair.tender_id, fair.bids[0]),
        lambda: tenders.publish_tender(fair.app, world.officer, fair.tender_id),
    ):
        assert refused(call) == "tender_published"


def retitle(fair: Fair, title: str) -> None:
    with fair.app.store.begin(EVERYTHING) as work:
        row = work.get(Tender, id=fair.tender_id)
        assert row is not None
        row.title = title
        work.record(fair.world.officer, "test", "tender", row.id)


def test_what_was_published_is_held_by_the_database_itself(world: World) -> None:
    fair = begun(world)
    for change in (
        "UPDATE tender SET late_rule = 'record'",
        "UPDATE tender SET pseudonymous = NOT pseudonymous",
        "UPDATE tender SET deadline = '2026-01-01 00:00:00.000000'",
        "UPDATE tender SET sealed_key = NULL",
        "DELETE FROM tender",
        "UPDATE tender_bid SET pseudonym = 'Bidder Z'",
        "DELETE FROM tender_bid",
    ):
        with (
            pytest.raises(Exception, match="never changes"),
            fair.app.store.engine.begin() as connection,
        ):
            connection.execute(text(change))
    with pytest.raises(ImmutableError):
        retitle(fair, "Another")


def by_hand(fair: Fair, change: str) -> None:
    """Change the database as somebody does who removes the triggers first."""
    with fair.app.store.engine.begin() as connection:
        names = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'tender%'")
        )
        for name in [row[0] for row in names]:
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text(change))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tender SET released_key = sealed_key, unsealed_at = '2026-11-03 00:00:00.000000'",
        "UPDATE tender SET released_key = 'AAAA', unsealed_at = '2026-11-03 00:00:00.000000'",
        "UPDATE tender SET unsealed_at = '2026-11-03 00:00:00.000000'",
        "UPDATE tender SET deadline = '2026-01-01 00:00:00.000000', sealed_key = 'not base64!'",
        "DELETE FROM tender_bid",
    ],
)
def test_opening_bids_by_hand_in_the_database_opens_nothing_and_is_found(
    world: World, change: str
) -> None:
    fair = begun(world)
    answered(fair)
    world.submit(fair.contacts[0])
    by_hand(fair, change)
    for call in (
        lambda: reviewing.review_sheet(world.app, world.reviewer, fair.bids[0]),
        lambda: answering.section(world.app, world.officer, fair.bids[0], "credentials"),
        lambda: evidence.evidence_list(world.app, world.officer, fair.bids[0]),
        lambda: tenders.unseal(world.app, fair.second, fair.tender_id),
    ):
        said = said_to(call)
        assert not any(one in said for one in CANARIES)
    found = verifying.verify(world.app)
    assert any("tender" in finding.says for finding in found.findings), found.findings


def test_sealed_rows_that_were_changed_or_swapped_do_not_open(world: World) -> None:
    fair = begun(world)
    vera = fair.contacts[0]
    world.answer(vera, **BEST)
    with world.app.store.engine.begin() as connection:
        rows = connection.execute(text("SELECT question_id, reply FROM answer")).all()
        sealed = [row for row in rows if row[0].startswith("sealed-")]
        values = {"reply": sealed[0][1], "id": sealed[1][0]}
        connection.execute(text("UPDATE answer SET reply = :reply WHERE question_id = :id"), values)
    assert refused(lambda: answering.overview(world.app, vera, fair.bids[0])) == "tender_key_broken"
    found = verifying.verify(world.app).findings
    assert any("answer" in finding.says for finding in found)


def test_pseudonyms_are_drawn_by_lot() -> None:
    bids = [f"bid {number}" for number in range(30)]
    drawn = pseudonyms(bids)
    assert sorted(drawn.values(), key=lambda name: (len(name), name))[25:28] == [
        "Bidder Z",
        "Bidder AA",
        "Bidder AB",
    ]
    assert len(set(drawn.values())) == 30
    assert drawn != pseudonyms(bids), "the same order twice in 30! draws"


def test_the_purge_deletes_a_tenders_keys_and_keeps_who_opened_it(world: World) -> None:
    fair = begun(world)
    answered(fair)
    world.submit(fair.contacts[0])
    fair.opened()
    for bid in fair.bids:
        assessments.withdraw(world.app, world.officer, bid, "We buy nothing.")
    world.clock.forward(days=3 * 365 + 1)
    purging.purge(world.app)
    with world.app.store.read(EVERYTHING) as work:
        submission = work.latest_submission(fair.bids[0])
        assert submission is not None
        assert json.loads(submission.snapshot)["answers"] == {}
        assert len(submission.sha256) == 64, "what was signed can still be told"
    world.clock.forward(days=4 * 365)
    purging.purge(world.app)
    with world.app.store.read(EVERYTHING) as work:
        row = work.get(Tender, id=fair.tender_id)
    assert row is not None
    assert (row.title, row.sealed_key, row.released_key) == ("", None, None)
    assert row.unsealed_by == fair.second.id
    assert verifying.verify(world.app).findings == ()


def test_a_bid_that_was_never_opened_can_be_purged(world: World) -> None:
    fair = begun(world)
    answered(fair)
    world.submit(fair.contacts[0])
    for bid in fair.bids:
        assessments.withdraw(world.app, world.officer, bid, "We buy nothing.")
    world.clock.forward(days=8 * 365)
    purging.purge(world.app)
    assert verifying.verify(world.app).findings == ()


def on(url: str, library: Library, folder: Path) -> World:
    """A world with its people on an empty database."""
    clock = Clock()
    app = Application(
        settings(folder), Store(url, KEYS, clock=clock), library, Files(folder / "evidence")
    )
    world = World(app, clock)
    for role in (Role.PROCUREMENT_OFFICER, Role.SECOND_OFFICER, Role.REVIEWER):
        name = "officer" if role is Role.PROCUREMENT_OFFICER else role.value
        world.add(name, role)
    return world


def test_a_tender_runs_on_either_database(
    database_url: str, library: Library, tmp_path: Path
) -> None:
    world = on(database_url, library, tmp_path)
    fair = begun(world, pseudonymous=True)
    answered(fair)
    vera, walt = fair.contacts
    world.submit(vera)
    stored = json.dumps(raw_rows(world.app.store, fair.bids[0]), default=str)
    assert not [one for one in TELLING if one in stored]
    fair.to_deadline(seconds=1)
    assert refused(lambda: world.submit(walt)) == "too_late"
    tenders.unseal(world.app, fair.second, fair.tender_id)
    world.declare()
    sheet = reviewing.review_sheet(world.app, world.reviewer, fair.bids[0])
    assert REMARK in str(sheet)
    assert "Brightholm" not in str(sheet)
    world.judge(fair.bids[0], "storage")
    reviewing.finish_review(world.app, world.reviewer, fair.bids[0])
    tenders.lock_scores(world.app, fair.second, fair.tender_id)
    for change in ("UPDATE tender SET title = ''", "DELETE FROM tender_bid"):
        with (
            pytest.raises(Exception, match="never changes"),
            world.app.store.engine.begin() as connection,
        ):
            connection.execute(text(change))
    assert verifying.verify(world.app).findings == ()
    world.app.store.close()


def test_a_bid_that_races_the_opening_is_scored_or_refused_and_nothing_between(
    database_url: str, library: Library, tmp_path: Path
) -> None:
    world = on(database_url, library, tmp_path)
    fair = begun(world, late_rule="record")
    for contact in fair.contacts:
        world.answer(contact, **BEST)
    fair.to_deadline(seconds=1)
    said: list[str] = []

    def bid(contact: Actor) -> None:
        said.append(said_to(lambda: world.submit(contact)))

    threads = [Thread(target=bid, args=[contact]) for contact in fair.contacts]
    for thread in threads:
        thread.start()
    tenders.unseal(world.app, fair.second, fair.tender_id)
    for thread in threads:
        thread.join()
    taken = [one for one in said if "opened, so no more are taken" not in one]
    with world.app.store.read(EVERYTHING) as work:
        submissions = [s for bid in fair.bids if (s := work.latest_submission(bid)) is not None]
        scored = work.latest_scorecards(fair.bids)
        late = [bid for bid in work.all(TenderBid) if bid.late]
    assert len(submissions) == len(taken) == len(scored) == len(late)
    assert verifying.verify(world.app).findings == ()
    world.app.store.close()


def test_what_bids_in_no_tender_costs_one_look_more_at_most(submitted: World) -> None:
    with counted(submitted.app.store) as sent:
        reviewing.review_sheet(submitted.app, submitted.officer, submitted.assessment_id)
        answering.overview(submitted.app, submitted.vera, submitted.assessment_id)
    looks = [statement for statement in sent if "FROM tender_bid" in statement]
    assert all("FROM assessment" in statement for statement in looks), "none of its own"
    with counted(submitted.app.store) as sent:
        reviewing.review_sheet(submitted.app, submitted.reviewer, submitted.assessment_id)
    looks = [statement for statement in sent if "FROM tender_bid" in statement]
    assert len([one for one in looks if "FROM assessment" not in one]) <= 1


def test_changing_the_master_key_leaves_bids_sealed_and_lets_them_open(world: World) -> None:
    fair = begun(world)
    answered(fair)
    world.submit(fair.contacts[0])
    before, after = world.app.keys, Keys(sha256(b"another master key of the tests").digest())
    with world.app.store.begin(EVERYTHING) as work:
        files = work.all(Evidence)
    for file in files:
        world.app.files.seal_anew(before, after, file.assessment_id, file.sha256)
    with world.app.store.changing_key(after) as work:
        assert tenders.seal_anew(work, before, after) == (1, 0)
    assert REMARK in submitting.own_copy(world.app, fair.contacts[0], fair.bids[0]).decode()
    assert verifying.verify(world.app).findings == ()
    fair.opened()
    assert REMARK in str(reviewing.review_sheet(world.app, world.reviewer, fair.bids[0]))
