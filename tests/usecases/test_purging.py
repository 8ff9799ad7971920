"""What is over is deleted, everywhere and on time, with a receipt; and what is held stays."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from tests.conftest import KEYS, Clock, postgres_copy, sqlite_kept
from tests.log_watch import WATCH
from tests.postgres_server import PostgresServer
from tests.usecases.conftest import BEST, World, settings
from vendorrisk.access import EVERYTHING, Role
from vendorrisk.content import Library
from vendorrisk.content.retention import CLASSES, load_retention
from vendorrisk.document import InvalidContent
from vendorrisk.evidence import Files
from vendorrisk.oidc import Claimed, Provider
from vendorrisk.store import Store
from vendorrisk.store.tables import (
    Delegation,
    DeletionReceipt,
    Installation,
    LegalHold,
    Person,
    ProviderAccount,
    ReadCode,
    RecoveryCode,
    ReviewRevision,
    Scorecard,
    SecondFactor,
    Submission,
)
from vendorrisk.usecases import (
    assessments,
    audit,
    comparing,
    deciding,
    delegating,
    duties,
    evidence,
    people,
    providers,
    retention,
    reviewing,
    submitting,
)
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.backups import back_up
from vendorrisk.usecases.errors import Invalid, NotAllowed, NotFound, Refusal
from vendorrisk.usecases.purging import ERASED_NAME, purge
from vendorrisk.usecases.verifying import verify

SAID = "Our vault is called Quicksilver-7781"
IN_FILE = "Xanadu-evidence-5512 is what this file says"
FILE_NAME = "signed-by-wilhelmina.txt"
SIGNED = "Wilhelmina Thorvaldsen-Okafor"
PERSONAL = (
    "Vera of Brightholm",
    "vera@vendor.example",
    SIGNED,
    "Keeper of the Quantum Seals",
)
EVERY_TRACE = (*PERSONAL, SAID, "Quicksilver", IN_FILE, FILE_NAME)
DAY = timedelta(days=1)


@dataclass
class Office:
    """A decided assessment in a database of either kind, and how to look at its bytes."""

    world: World
    assessment_id: str
    contact_id: str
    evidence_id: str
    url: str

    @property
    def app(self) -> Application:
        return self.world.app

    def later(self, **by: float) -> None:
        self.world.clock.forward(**by)

    def bytes(self) -> str:
        """Everything that is stored: each row as text, and on SQLite the files as they lie."""
        found = [path.read_bytes().decode("latin-1") for path in self._files()]
        found += [str(path) for path in self._files()]
        if self.url.startswith("postgres"):
            with psycopg.connect(self.url) as connection:
                tables = connection.execute(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                ).fetchall()
                for (table,) in tables:
                    rows = connection.execute(f'SELECT t::text FROM "{table}" t').fetchall()
                    found += [row[0] for row in rows]
        return "\n".join(found)

    def _files(self) -> list[Path]:
        folders = [self.app.files.folder]
        if not self.url.startswith("postgres"):
            folders.append(Path(self.url.removeprefix("sqlite:///")).parent)
        return [p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()]

    def traces(self, *wanted: str) -> set[str]:
        there = self.bytes()
        return {trace for trace in wanted if trace in there}

    def receipts(self, *classes: str) -> list[DeletionReceipt]:
        with self.app.store.read(EVERYTHING) as work:
            rows = work.all(DeletionReceipt, "made_at", "data_class")
        return [row for row in rows if not classes or row.data_class in classes]

    def hold(self, kind: str, subject_id: str) -> None:
        with self.app.store.begin(EVERYTHING) as work:
            hold = LegalHold(
                kind=kind,
                subject_id=subject_id,
                reason="A court asks.",
                set_by=self.world.officer.id,
                set_at=work.now,
            )
            work.add(hold)
            work.record(self.world.officer, "set_legal_hold", "legal_hold", hold.id)


def decided(store: Store, library: Library, folder: Path, clock: Clock) -> tuple[World, str, str]:
    """One assessment up to its decision; also gives its id and that of its evidence."""
    world = World(Application(settings(folder), store, library, Files(folder / "evidence")), clock)
    world.add("officer", Role.PROCUREMENT_OFFICER)
    world.add("second_officer", Role.SECOND_OFFICER)
    world.add("reviewer", Role.REVIEWER)
    world.add("committee", Role.COMMITTEE_MEMBER)
    assessment_id = world.opened("Brightholm Cloud")
    world.contact = vera = world.invited(assessment_id)
    world.answer(vera, **{**BEST, "remarks": SAID})
    world.answer(vera, **BEST)
    kept = world.attach(vera, content=IN_FILE.encode(), file_name=FILE_NAME)
    submitting.submit(
        world.app,
        vera,
        assessment_id,
        name=SIGNED,
        role=PERSONAL[3],
        statement_accepted=True,
        number=1,
    )
    world.judge(assessment_id, "storage")
    reviewing.finish_review(world.app, world.reviewer, assessment_id)
    sheet = deciding.decision_options(world.app, world.committee, assessment_id)
    deciding.record_decision(
        world.app,
        world.committee,
        assessment_id,
        outcome="reject",
        reasons="We weighed it.",
        scorecard_id=sheet.scorecard_id,
    )
    return world, assessment_id, kept


@dataclass(frozen=True)
class Decided:
    """What `decided` left: the office's folder, in it the files and what SQLite keeps."""

    folder: Path
    database: str
    world: World
    assessment_id: str
    evidence_id: str


@pytest.fixture(scope="module")
def decided_sqlite(
    migrated_file: Path, library: Library, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Decided]:
    folder = tmp_path_factory.mktemp("decided")
    path = folder / "vendorrisk.db"
    shutil.copyfile(migrated_file, path)
    with sqlite_kept(folder) as url:
        store = Store(url, KEYS, clock=Clock())
        found = Decided(folder, path.name, *decided(store, library, folder, Clock()))
    # It stays open, so that what a write-ahead log remembers is copied for each test too.
    yield found
    store.close()


@pytest.fixture(scope="module")
def decided_postgresql(
    postgres_server: PostgresServer,
    migrated_template: str,
    library: Library,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Decided]:
    folder = tmp_path_factory.mktemp("decided")
    name = postgres_server.create(migrated_template)
    WATCH.lately.clear()
    store = Store(postgres_server.url(name), KEYS, clock=Clock())
    found = Decided(folder, name, *decided(store, library, folder, Clock()))
    store.close()
    WATCH.search("database: PostgreSQL", postgres_server.dump(name), lately=True)
    yield found
    postgres_server.drop(name)


@pytest.fixture
def office(
    request: pytest.FixtureRequest, database_kind: str, library: Library, tmp_path: Path
) -> Iterator[Office]:
    before: Decided = request.getfixturevalue(f"decided_{database_kind}")
    shutil.copytree(
        before.folder, tmp_path, ignore=shutil.ignore_patterns("*-shm"), dirs_exist_ok=True
    )
    if database_kind == "sqlite":
        holding = sqlite_kept(tmp_path)
    else:
        holding = postgres_copy(request.getfixturevalue("postgres_server"), before.database)
    with holding as url:
        clock = Clock()
        store = Store(url, KEYS, clock=clock)
        files = Files(tmp_path / "evidence")
        app = Application(settings(tmp_path), store, library, files)
        world = replace(before.world, app=app, clock=clock, staff=dict(before.world.staff))
        yield Office(world, before.assessment_id, world.vera.id, before.evidence_id, url)
        store.close()


def test_before_anything_is_over_nothing_is_deleted(office: Office) -> None:
    office.later(days=1)
    found = purge(office.app)
    assert (found.done, found.held, found.files) == ((), (), 0)
    assert office.traces(*PERSONAL, "Quicksilver") == {*PERSONAL, "Quicksilver"}


def test_after_every_period_no_trace_is_left_and_everything_still_holds(office: Office) -> None:
    with office.app.store.read(EVERYTHING) as work:
        digest = work.all(Scorecard)[0].sha256
        signed = work.all(Submission)[0].sha256
    office.later(days=8 * 365)
    done = {due.data_class for due in purge(office.app).done}
    assert done >= {"evidence", "answers", "respondents", "invitations", "results", "trail"}
    assert office.traces(*EVERY_TRACE, "We weighed it.", IN_FILE) == set()
    assert not list(office.app.files.folder.rglob("*/*"))
    with office.app.store.read(EVERYTHING) as work:
        assert work.all(Submission)[0].sha256 == signed
        card = work.all(Scorecard)[0]
        assert card.sha256 == digest
    found = verify(office.app)
    assert found.findings == ()
    assert "deleted when their time was over" in found.not_computed[0]
    again = reviewing.verify_scorecard(office.app, office.world.reviewer, card.id)
    assert not again.possible
    assert again.stored_sha256 == digest


def test_what_hangs_on_links_sessions_and_decisions_goes_with_them(office: Office) -> None:
    world, app = office.world, office.app
    assessment_id = world.opened("Quillstone")
    vera = world.invited(assessment_id)
    link = delegating.delegate(
        app,
        vera,
        assessment_id,
        name="Col Quillfeather",
        email="col@quill.example",
        sections=["retention"],
        days=3,
    )
    world.confirm(vera)
    world.answer(world.enter(link.token), keeps_data="some")
    world.answer(vera, **BEST)
    world.submit(vera)
    kin = world.add("kin", Role.REVIEWER)
    duties.declare(app, kin, assessment_id, conflict=True, words="My cousin Balthazar.")
    reviewing.finish_review(app, world.reviewer, assessment_id)
    duties.ask_override(app, world.committee, assessment_id, "approve", "Because of Zinnober.")
    [asked] = duties.duties(app, world.officer, assessment_id).overrides
    duties.settle_override(
        app, world.staff["second_officer"], asked.id, granted=False, reason="No Zinnober."
    )
    owner = world.add("owner", Role.RISK_OWNER)
    until = duties.duties(app, owner, assessment_id).latest_acceptance
    duties.accept_risk(
        app, owner, assessment_id, risk="Amaranth", control="Celadon", expires_on=until
    )
    sheet = deciding.decision_options(app, world.committee, assessment_id)
    deciding.record_decision(
        app,
        world.committee,
        assessment_id,
        outcome="escalate",
        reasons="We weighed it.",
        conditions=[deciding.NewCondition("Show it.", "Nobody", until)],
        scorecard_id=sheet.scorecard_id,
    )
    [promise] = deciding.promises(app, world.officer)
    duties.close_condition(app, world.reviewer, promise.condition.id, "A heliotrope letter.")
    told = ("Quillfeather", "quill.example", "Balthazar", "Zinnober", "Amaranth", "Celadon")
    assert office.traces(*told, "heliotrope") == {*told, "heliotrope"}
    office.later(days=8 * 365)
    purge(app)
    assert office.traces(*told, "heliotrope") == set()
    with app.store.read(EVERYTHING) as work:
        assert [*work.all(Delegation), *work.all(ReadCode)] == []
    assert verify(app).findings == ()


def test_each_class_goes_when_its_own_time_is_over_and_no_day_earlier(office: Office) -> None:
    schedule = load_retention()
    start = office.app.clock()
    for name in ("evidence", "respondents", "answers"):
        office.world.clock.now = start + schedule[name].period - DAY / 2
        purge(office.app)
        assert office.receipts(name) == []
        office.later(days=1)
        purge(office.app)
        assert len(office.receipts(name)) == 1
        assert verify(office.app).findings == ()
        assert purge(office.app).done == (), "once is enough"
    assert office.traces(*EVERY_TRACE) == set()


def test_a_receipt_names_the_stores_and_is_bound_into_the_trail(office: Office) -> None:
    office.later(days=366)
    purge(office.app)
    (receipt,) = office.receipts("evidence")
    stores = json.loads(receipt.stores)
    assert stores[0] == {"store": "evidence files", "files": 1, "bytes": len(IN_FILE)}
    assert stores[-1]["store"] == "backups"
    assert stores[-1]["gone_by"] > office.app.clock().date().isoformat()
    assert receipt.files_gone_at is not None
    events = audit.trail(office.app, office.world.officer, office.assessment_id)
    acts = [event.action for event in events]
    assert "purge" in acts[acts.index("files_gone") :]
    with pytest.raises(Refusal, match="its time was over") as refused:
        evidence.open_evidence(office.app, office.world.reviewer, office.evidence_id)
    assert refused.value.code == "evidence_purged"
    name = office.app.store.engine.dialect.name
    off = "DROP TRIGGER deletion_receipt_stay" + (
        " ON deletion_receipt" if name == "postgresql" else ""
    )
    with office.app.store.engine.begin() as connection:
        connection.execute(text(off))
        connection.execute(text("DELETE FROM deletion_receipt"))
    assert any("deletion_receipt" in found.says for found in verify(office.app).findings)


def test_pages_of_staff_still_open_after_the_answers_went(office: Office) -> None:
    office.later(days=4 * 365)
    purge(office.app)
    app, world, id_ = office.app, office.world, office.assessment_id
    assert submitting.submissions(app, world.officer, id_)[0].signed_by_name == ""
    assert evidence.evidence_list(app, world.reviewer, id_) == ()
    reviewing.review_sheet(app, world.reviewer, id_)
    reviewing.scorecard(app, world.reviewer, id_)
    deciding.brief(app, world.officer, id_)
    audit.trail(app, world.officer, id_)
    core = app.library.pack("core")
    compared = comparing.compare_stored(app.store, core, core)
    assert (compared.compared, compared.unreadable) == ((), 1), "silence is not what was said"


@pytest.mark.parametrize("kind", ["assessment", "vendor"])
def test_what_is_held_stays_until_it_is_not(office: Office, kind: str) -> None:
    from vendorrisk.usecases import vendors

    (row,) = vendors.vendors(office.app, office.world.officer)
    office.hold(kind, office.assessment_id if kind == "assessment" else row.id)
    office.later(days=8 * 365)
    found = purge(office.app)
    assert {due.held for due in found.held} == {"A court asks."}
    assert {due.data_class for due in found.held} >= {"evidence", "answers", "respondents", "trail"}
    assert office.traces(*PERSONAL) == set(PERSONAL)
    assert office.app.files.read(KEYS, office.assessment_id, _sha(office)) == IN_FILE.encode()


def _sha(office: Office) -> str:
    (file,) = evidence.evidence_list(office.app, office.world.reviewer, office.assessment_id)
    return file.sha256


def test_a_dry_run_says_the_same_and_changes_nothing(office: Office) -> None:
    office.later(days=8 * 365)
    heads = office.app.store.heads()
    said = {(due.data_class, due.subject_id) for due in purge(office.app, dry_run=True).done}
    assert said
    assert office.app.store.heads() == heads
    assert office.traces(*PERSONAL) == set(PERSONAL)
    done = {(due.data_class, due.subject_id) for due in purge(office.app).done}
    assert said - {("sessions", "1")} == done, "sessions go with their invitations"


def test_a_contact_of_an_open_assessment_keeps_the_name(office: Office) -> None:
    world = office.world
    again = world.opened("Pinfold Systems")
    vera = world.invited(again)
    world.answer(vera, published="scanned")
    office.later(days=700)
    purge(office.app)
    with office.app.store.read(EVERYTHING) as work:
        names = {row.name for row in work.all(_contact_table())}
    assert "Vera of Pinfold Systems" in names
    office.later(days=60)
    done = purge(office.app).done
    assert [due.about for due in done if due.data_class == "unfinished"] != []
    world.clock.forward(days=8 * 365)
    purge(office.app)
    with office.app.store.read(EVERYTHING) as work:
        assert {row.name for row in work.all(_contact_table())} == {ERASED_NAME}


def _contact_table() -> Any:
    from vendorrisk.store.tables import Contact

    return Contact


def test_a_stop_before_the_files_went_is_made_good_the_next_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.later(days=366)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Files, "delete", stopped)
        with pytest.raises(KeyboardInterrupt):
            purge(office.app)
    (receipt,) = office.receipts("evidence")
    assert receipt.files_gone_at is None
    assert purge(office.app).files == 1
    (receipt,) = office.receipts("evidence")
    assert receipt.files_gone_at is not None
    assert not [path for path in office.app.files.folder.rglob("*") if path.is_file()]


def test_files_of_before_there_was_encryption_are_sealed(office: Office) -> None:
    files, id_, sha = office.app.files, office.assessment_id, _sha(office)
    (sealed,) = [path for path in files.folder.rglob("*") if path.is_file()]
    old = files.folder / sha[:2] / sha
    old.parent.mkdir(exist_ok=True)
    old.write_bytes(IN_FILE.encode())
    sealed.unlink()
    office.later(days=30)
    assert purge(office.app).sealed == 1
    assert not old.exists()
    assert files.read(KEYS, id_, sha) == IN_FILE.encode()


def test_sessions_and_links_go_and_the_trail_keeps_an_id(office: Office) -> None:
    office.later(days=200)
    purge(office.app)
    with office.app.store.engine.connect() as connection:
        for table in ("sign_in", "invitation", "throttle", "pending"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    assert verify(office.app).findings == ()
    office.later(days=600)
    purge(office.app)
    events = audit.trail(office.app, office.world.officer, office.assessment_id)
    who = {event.who for event in events if event.who_kind == "contact"}
    assert who == {"Somebody whose name was erased"}
    with office.app.store.engine.connect() as connection:
        ids = connection.execute(
            text("SELECT DISTINCT actor_id FROM audit_event WHERE actor_kind = 'contact'")
        )
        assert [row[0] for row in ids] == [office.contact_id]


def test_a_backup_says_when_it_expires_and_goes_then(invited: World, tmp_path: Path) -> None:
    path = str(invited.app.store.url.database)
    url = "sqlite:///" + path.removeprefix("file://").partition("?")[0]
    invited.app = replace(invited.app, settings=replace(settings(tmp_path), database_url=url))
    invited.attach(invited.vera)
    folder = back_up(invited.app)
    assert folder.name.endswith("expires-2026-12-07")
    with closing(sqlite3.connect(folder / "vendorrisk.db")) as copy:
        assert copy.execute("SELECT count(*) FROM evidence").fetchone() == (1,)
    assert len([p for p in (folder / "evidence").rglob("*") if p.is_file()]) == 1
    assert not list(folder.rglob("*.key"))
    invited.clock.forward(days=34)
    purge(invited.app)
    assert folder.exists()
    invited.clock.forward(days=1)
    assert purge(invited.app).backups == 1
    assert not folder.exists()


def test_the_schedule_that_ships_has_every_class() -> None:
    schedule = load_retention()
    assert set(schedule) == set(CLASSES)
    assert schedule["demo"].period <= timedelta(days=90)


def test_every_problem_of_a_schedule_is_told(tmp_path: Path) -> None:
    path = tmp_path / "retention.yaml"
    one = "{title: T, period: PERIOD, starts: s, remains: r, why: w}"
    lines = [f"  {name}: {one}" for name in CLASSES if name not in ("trail", "demo")]
    lines += [f"  demo: {one.replace('PERIOD', '91 days')}", f"  cookies: {one}"]
    body = "\n".join(lines).replace("PERIOD", "forever", 1).replace("PERIOD", "2 years")
    path.write_text(f"retention: own\nversion: 1\nclasses:\n{body}\n", encoding="utf-8")
    with pytest.raises(InvalidContent) as invalid:
        load_retention(path)
    told = "\n".join(str(problem) for problem in invalid.value.problems)
    assert "`trail` has no period" in told
    assert "`cookies` is no class" in told
    assert "90 days at most" in told
    assert "number of days" in told


def test_withdrawing_starts_the_clock_too(office: Office) -> None:
    again = office.world.opened("Pinfold Systems")
    vera = office.world.invited(again)
    office.world.answer(vera, remarks="Zephyr-99")
    assessments.withdraw(office.app, office.world.officer, again, "Not needed.")
    assert office.traces("Zephyr-99")
    office.later(days=3 * 365 + 1)
    purge(office.app)
    assert office.traces("Zephyr-99") == set()


def test_the_command_says_what_it_did_and_a_dry_run_what_it_would(
    invited: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from vendorrisk import cli

    monkeypatch.setattr(cli, "_installation", lambda: invited.app)
    invited.attach(invited.vera)
    assessments.withdraw(invited.app, invited.officer, invited.assessment_id, "Not needed.")
    invited.clock.forward(days=366)
    assert cli.main(["purge", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "Would delete: evidence: Brightholm Cloud, Photo service, core" in said
    assert "nothing was changed" in said
    assert cli.main(["purge"]) == 0
    said = capsys.readouterr().out
    assert "Deleted: evidence: Brightholm Cloud" in said
    assert cli.main(["purge"]) == 0
    assert capsys.readouterr().out.startswith("0 deletions, 0 holds in the way")


def test_the_daily_task_purges_and_writes_what_fails_to_the_log(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from vendorrisk.server import retention as daily

    office.later(days=366)
    daily.run_once(office.app)
    assert office.receipts("evidence")

    def broken(_: object) -> None:
        raise Refusal("content_unusable", "The schedule is broken.", "Mend it.")

    monkeypatch.setattr(daily, "purge", broken)
    daily.run_once(office.app)
    assert "The schedule is broken" in caplog.text


def test_a_hold_is_set_with_a_reason_and_lifted_by_two_people(office: Office) -> None:
    app, world = office.app, office.world
    one, other = world.officer, world.staff["second_officer"]
    about = ("assessment", office.assessment_id)
    with pytest.raises(Invalid, match="reason"):
        retention.set_legal_hold(app, one, *about, " ")
    for kind, id_ in (("assessment", "none"), ("person", one.id), ("vendor", about[1])):
        with pytest.raises(NotFound):
            retention.set_legal_hold(app, one, kind, id_, "A dispute.")
    retention.set_legal_hold(app, one, *about, "A dispute.")
    with pytest.raises(Refusal, match="held already"):
        retention.set_legal_hold(app, other, *about, "The same.")
    office.later(days=8 * 365)
    purge(app)
    (hold,) = retention.retention(app, one).holds
    with pytest.raises(Refusal, match="Nobody has asked"):
        retention.lift_hold(app, other, hold.id)
    with pytest.raises(Invalid, match="reason"):
        retention.ask_to_lift_hold(app, one, hold.id, "")
    retention.ask_to_lift_hold(app, one, hold.id, "It was settled.")
    assert not retention.retention(app, one).holds[0].may_lift
    assert retention.retention(app, other).holds[0].may_lift
    with pytest.raises(NotAllowed, match="somebody else lifts it"):
        retention.lift_hold(app, one, hold.id)
    assert office.traces(SIGNED), "it still stands"
    retention.lift_hold(app, other, hold.id)
    with pytest.raises(Refusal, match="lifted already"):
        retention.lift_hold(app, other, hold.id)
    with pytest.raises(Refusal, match="lifted already"):
        retention.ask_to_lift_hold(app, one, hold.id, "Again.")
    purge(app)
    assert office.traces(*PERSONAL) == set()
    assert verify(app).findings == ()


def test_the_view_says_what_is_due_what_will_be_and_what_was_deleted(office: Office) -> None:
    app, officer = office.app, office.world.officer
    office.later(days=300)
    view = retention.retention(app, officer)
    assert [due.data_class for due in view.ahead] == ["evidence"]
    office.later(days=70)
    assert "evidence" in {due.data_class for due in retention.retention(app, officer).over}
    purge(app)
    view = retention.retention(app, officer)
    assert "evidence" not in {due.data_class for due in view.over}
    receipt = next(one for one in view.receipts if one.data_class == "evidence")
    assert receipt.about == "Brightholm Cloud, Photo service, core"
    assert receipt.stores[0] == f"evidence files: 1 with {len(IN_FILE)} bytes"
    assert receipt.stores[-1].startswith("backups: gone by 20")
    assert receipt.files_gone_at is not None
    assert [kept.id for kept in view.schedule] == list(CLASSES)


def test_files_that_no_row_names_go_late_and_never_before_their_database(
    office: Office,
) -> None:
    stray = office.app.files.folder / "aa" / ("a" * 64)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"left over")
    made = _made_at(office)
    office.world.clock.now = made + 29 * DAY
    os.utime(stray, (made.timestamp() + 5, made.timestamp() + 5))
    purge(office.app)
    assert stray.exists()
    office.later(days=2)
    os.utime(stray, (made.timestamp() - 5, made.timestamp() - 5))
    purge(office.app)
    assert stray.exists(), "it is older than this database, which may not be its own"
    os.utime(stray, (made.timestamp() + 5, made.timestamp() + 5))
    assert purge(office.app).files == 1
    assert not stray.exists()


def _made_at(office: Office) -> datetime:
    with office.app.store.read(EVERYTHING) as work:
        row = work.get(Installation, id=1)
    assert row is not None
    return row.created_at


def leave(office: Office, key: str = "reviewer") -> str:
    """Somebody with every way to sign in, whose access an administrator has ended; gives the id."""
    world = office.world
    admin = world.add("ada", Role.ADMINISTRATOR)
    person = world.staff[key].id
    with office.app.store.begin(EVERYTHING) as work:
        found = work.get(Person, id=person)
        assert found is not None
        found.name, found.email = "Thaddeus Quill", "thaddeus@example.org"
        work.add(SecondFactor(person_id=person, kind="app", name="Quill's", created_at=work.now))
        work.add(RecoveryCode(person_id=person, code_hash="x", created_at=work.now))
        work.add(
            ProviderAccount(
                issuer=IDP.issuer, subject="thaddeus-77", person_id=person, created_at=work.now
            )
        )
        item = work.person(person)
        assert item is not None
        people.open_session(office.app, work, item)
        work.record(admin, "change_roles", "person", person)
    people.deactivate(office.app, admin, person)
    return person


LEFT = ("Thaddeus", "thaddeus@example.org", "thaddeus-77", "Quill's")
IDP = Provider(
    id="council",
    name="Example Council",
    issuer="https://login.example.org",
    client_id="vendorrisk",
    client_secret="hush",
    email_domains=frozenset({"example.org"}),
    roles_claim="groups",
    roles={},
)


def test_two_years_after_the_access_of_a_colleague_ended_only_an_id_is_left(
    office: Office,
) -> None:
    person = leave(office)
    office.later(days=700)
    purge(office.app)
    assert office.traces(*LEFT) == set(LEFT)
    office.later(days=31)

    done = purge(office.app).done

    assert [due.data_class for due in done if due.kind == "person"] == ["staff"]
    # Events name rows by their keys, and the provider's identifier is one.
    assert office.traces(*LEFT) == {"thaddeus-77"}
    with office.app.store.read(EVERYTHING) as work:
        assert "thaddeus-77" not in {one.subject for one in work.all(ProviderAccount)}
        assert work.names([person]) == {person: "A former colleague"}
        assert work.enrolled() == {}
        receipt = work.all(DeletionReceipt, data_class="staff")[0]
        judged = work.all(ReviewRevision)
    assert receipt.subject_id == person
    tables = {store.get("table") for store in json.loads(receipt.stores)}
    assert tables >= {"person", "second_factor", "recovery_code", "provider_account", "person_role"}
    assert {one.reviewer_id for one in judged} <= {person}, "who judged is still one and the same"
    assert not [due for due in purge(office.app).done if due.data_class == "staff"]
    admin = office.world.staff["ada"]
    assert person not in {view.id for view in people.list_people(office.app, admin)}
    for act in (
        lambda: people.change_roles(office.app, admin, person, [Role.AUDITOR]),
        lambda: people.new_password_link(office.app, admin, person),
    ):
        with pytest.raises(NotFound):
            act()
    assert verify(office.app).holds


def test_whoever_was_parted_from_stays_out_of_a_provider_after_that_too(office: Office) -> None:
    leave(office)
    office.later(days=731)
    purge(office.app)
    who = Claimed("thaddeus-77", "thaddeus@example.org", "T", frozenset({Role.REVIEWER}), False)
    with pytest.raises(Refusal) as refused:
        providers.sign_in_with(office.app, IDP, who)
    assert refused.value.code == "deactivated"


def test_a_colleague_who_worked_on_what_is_held_keeps_the_name_until_it_is_lifted(
    office: Office,
) -> None:
    leave(office)
    office.hold("assessment", office.assessment_id)
    office.later(days=731)
    held = purge(office.app).held
    assert [due.data_class for due in held if due.kind == "person"] == ["staff"]
    assert office.traces("Thaddeus") == {"Thaddeus"}


def test_nobody_is_deleted_who_may_still_come_in_or_where_nobody_is_left_to_administer(
    office: Office,
) -> None:
    person = leave(office)
    admin = office.world.staff["ada"]
    people.change_roles(office.app, admin, person, [Role.REVIEWER])
    office.later(days=900)
    assert not [due for due in purge(office.app).done if due.data_class == "staff"]
    people.deactivate(office.app, admin, person)
    with office.app.store.begin(EVERYTHING) as work:
        ada = work.get(Person, id=admin.id)
        assert ada is not None
        ada.active = False
        work.record(admin, "deactivate", "person", admin.id)
    office.later(days=900)
    assert not [due for due in purge(office.app).done if due.data_class == "staff"]
