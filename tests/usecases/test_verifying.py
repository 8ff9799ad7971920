"""Tampering past the application, in the database and on the disk: `vendorrisk verify` finds it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.conftest import KEYS, Clock
from tests.postgres_server import PostgresServer
from tests.usecases.conftest import BEST, Template, World, built, settings
from vendorrisk.access import Role
from vendorrisk.content import Library
from vendorrisk.evidence import Files
from vendorrisk.keys import Keys
from vendorrisk.store import Store
from vendorrisk.usecases import deciding, evidence, people
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Refusal
from vendorrisk.usecases.verifying import Verified, checkpoint, verify

UNBOUND = {("sign_in", "last_seen_at")}
NOT_OURS = {"alembic_version", "throttle"}


@dataclass(frozen=True)
class Real:
    """A database after a whole assessment, its evidence, and a checkpoint of it."""

    folder: Path
    library: Library
    checkpoint: bytes

    def verified(self, database: Path, *, against: bool = False) -> Verified | None:
        """What verifying a copy says; None where it is refused with a sentence."""
        store = Store(f"sqlite:///{database}", KEYS, clock=Clock())
        files = Files(self.folder / "evidence")
        app = Application(settings(self.folder), store, self.library, files)
        try:
            return verify(app, self.checkpoint if against else None)
        except Refusal:
            return None
        finally:
            store.close()


@pytest.fixture(scope="module")
def real(peopled: Template, library: Library, tmp_path_factory: pytest.TempPathFactory) -> Real:
    folder = tmp_path_factory.mktemp("real")
    world, _ = built(folder, peopled.path, library, peopled.staff)
    assessment_id = life_of(world)
    options = deciding.decision_options(world.app, world.committee, assessment_id)
    assert options
    stamped = checkpoint(world.app)
    assert verify(world.app, stamped).findings == ()
    world.app.store.close()
    return Real(folder, library, stamped)


def life_of(world: World) -> str:
    """One assessment to its review, with what else happens in an office; gives its id."""
    world.opened("Pinfold Systems")
    assessment_id = world.opened("Brightholm Cloud")
    contact = world.invited(assessment_id)
    world.answer(contact, **{**BEST, "published": "scanned"})
    world.answer(contact, **BEST)
    kept = world.attach(contact)
    evidence.withdraw_evidence(world.app, contact, world.attach(contact))
    world.confirm(contact)
    evidence.open_evidence(world.app, contact, kept)
    world.submit(contact)
    world.judge(assessment_id, "storage")
    world.judge(assessment_id, "published")
    evidence.open_evidence(world.app, world.reviewer, kept)
    somebody = world.add("somebody", Role.AUDITOR)
    people.change_roles(
        world.app, world.staff["administrator"], somebody.id, [Role.REVIEWER, Role.AUDITOR]
    )
    return assessment_id


@dataclass
class Attacker:
    """Somebody with the database file, `sqlite3` and time, but without the key."""

    connection: sqlite3.Connection
    data: st.DataObject

    def tables(self) -> list[str]:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        names = {str(name) for (name,) in self.connection.execute(query)} - NOT_OURS
        return sorted(name for name in names if self.rows(name))

    def rows(self, table: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(f"SELECT rowid AS _at, * FROM {table} ORDER BY rowid")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def keys(self, table: str) -> list[str]:
        columns = self.connection.execute(f"PRAGMA table_info({table})").fetchall()
        return [column[1] for column in columns if column[5]]

    def draw(self, strategy: st.SearchStrategy[Any]) -> Any:
        return self.data.draw(strategy)

    def pick(self, table: str) -> dict[str, Any]:
        return dict(self.draw(st.sampled_from(self.rows(table))))

    def column(self, table: str) -> str:
        row = self.rows(table)[0]
        names = [n for n in row if n != "_at" and (table, n) not in UNBOUND]
        return str(self.draw(st.sampled_from(names)))

    def put(self, table: str, row: dict[str, Any], **values: Any) -> None:
        sets = ", ".join(f'"{name}" = ?' for name in values)
        self.connection.execute(
            f"UPDATE {table} SET {sets} WHERE rowid = ?", [*values.values(), row["_at"]]
        )

    # What it can do ---------------------------------------------------------------------------

    def change_a_value(self, table: str) -> None:
        row, column = self.pick(table), self.column(table)
        value = row[column]
        others = {other[column] for other in self.rows(table)} - {value}
        mutated = value + 1 if isinstance(value, int) else f"{value or ''}x"
        choices = [mutated, *sorted(others, key=repr)] + ([] if value is None else [None])
        self.put(table, row, **{column: self.draw(st.sampled_from(choices))})

    def delete_a_row(self, table: str) -> None:
        row = self.pick(table)
        if table == "audit_event":
            last = max(r["number"] for r in self.rows(table) if r["chain"] == row["chain"])
            assume(row["number"] < last)  # an end that is cut off is another matter
        self.connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row["_at"],))

    def insert_a_row(self, table: str) -> None:
        row = self.pick(table)
        del row["_at"]
        for key in self.keys(table):
            row[key] = row[key] + 1 if isinstance(row[key], int) else f"{row[key][:-2]}zz"
        if table == "audit_event":
            chain = [r for r in self.rows(table) if r["chain"] == row["chain"]]
            last = max(chain, key=lambda r: r["number"])
            row |= {"number": last["number"] + 1, "previous_hash": last["hash"]}
        if table == "installation":
            assume(False)
        for unique in ("token_hash", "email"):
            if unique in row:
                row[unique] = f"{row[unique]}z"
        if table in ("submission", "scorecard"):
            row["number"] += 1
        if table.endswith("_revision"):
            row["version"] += 1
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        self.connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values())
        )

    def swap_two_rows(self, table: str) -> None:
        one, two = self.pick(table), self.pick(table)
        keys = {"_at", *self.keys(table)}
        names = [n for n in one if n not in keys and (table, n) not in UNBOUND]
        if not names:
            assume(False)
        if self.draw(st.booleans()):
            names = [str(self.draw(st.sampled_from(names)))]
        first, second = {n: one[n] for n in names}, {n: two[n] for n in names}
        assume(first != second)
        aside = {n: f"{v}-aside" for n, v in first.items() if v is not None}
        if aside:
            self.put(table, one, **aside)  # or what must be unique would be there twice
        self.put(table, two, **first)
        self.put(table, one, **second)

    def reorder_events(self, _table: str) -> None:
        one, two = self.pick("audit_event"), self.pick("audit_event")
        assume(one["chain"] == two["chain"])
        assume(one["number"] != two["number"])
        self.put("audit_event", one, number=-1)
        self.put("audit_event", two, number=one["number"])
        self.put("audit_event", one, number=two["number"])


DEEDS: tuple[Callable[[Attacker, str], None], ...] = (
    Attacker.change_a_value,
    Attacker.delete_a_row,
    Attacker.insert_a_row,
    Attacker.swap_two_rows,
    Attacker.reorder_events,
)
tried = {deed.__name__: 0 for deed in DEEDS}


def opened(path: Path) -> sqlite3.Connection:
    """The database as its owner opens it, triggers and references out of the way."""
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        connection.execute(f"DROP TRIGGER {name}")
    return connection


@pytest.mark.slow
@hypothesis_settings(max_examples=120)
@given(data=st.data())
def test_whatever_somebody_does_to_a_row_is_found(real: Real, data: st.DataObject) -> None:
    path = real.folder / "tampered.db"
    shutil.copyfile(real.folder / "vendorrisk.db", path)
    connection = opened(path)
    attacker = Attacker(connection, data)
    deed = data.draw(st.sampled_from(DEEDS), label="deed")
    table = data.draw(st.sampled_from(attacker.tables()), label="table")
    try:
        deed(attacker, table)
        connection.commit()
    except sqlite3.IntegrityError:
        assume(False)  # the database itself refused
    finally:
        connection.close()
    tried[deed.__name__] += 1
    found = real.verified(path)
    assert found is None or not found.holds


@pytest.mark.parametrize("table", ["answer", "submission", "review", "evidence", "person_role"])
def test_the_first_break_names_assessment_event_table_and_row(real: Real, table: str) -> None:
    path = real.folder / "named.db"
    shutil.copyfile(real.folder / "vendorrisk.db", path)
    connection = opened(path)
    connection.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT max(rowid) FROM {table})")
    connection.commit()
    connection.close()
    found = real.verified(path)
    assert found is not None
    first = found.findings[0].says
    assert "event " in first
    assert f"table {table}, row " in first
    assert first.startswith("The installation" if table == "person_role" else "Assessment ")


@given(st.integers(1, 5), st.integers(0, 3))
@hypothesis_settings(max_examples=15)
@example(1, 0)
def test_an_end_that_was_cut_off_is_found_against_a_checkpoint(
    real: Real, cut: int, which: int
) -> None:
    path = real.folder / "cut.db"
    shutil.copyfile(real.folder / "vendorrisk.db", path)
    connection = opened(path)
    query = "SELECT chain, max(number) FROM audit_event GROUP BY chain ORDER BY chain"
    chains = connection.execute(query).fetchall()
    chain, last = chains[which % len(chains)]
    connection.execute(
        "DELETE FROM audit_event WHERE chain = ? AND number > ?", (chain, last - cut)
    )
    connection.commit()
    connection.close()
    found = real.verified(path, against=True)
    assert found is not None
    assert any("the end was cut off" in finding.says for finding in found.findings)


def test_a_database_put_back_to_an_earlier_state_is_found_against_a_checkpoint_alone(
    world: World,
) -> None:
    """What no chain can show by itself, and why a checkpoint is kept elsewhere."""
    path = Path(str(world.app.store.url.database))
    world.opened("Quillstone")
    world.app.store.close()
    earlier = path.with_name("earlier.db")
    shutil.copyfile(path, earlier)
    life_of(world)
    later = checkpoint(world.app)
    world.app.store.close()
    for beside in path.parent.glob("vendorrisk.db-*"):
        beside.unlink()
    shutil.copyfile(earlier, path)
    assert verify(world.app).holds
    found = verify(world.app, later)
    assert not found.holds
    assert found.checkpoint_of == world.app.clock()


def test_more_may_happen_after_a_checkpoint(world: World) -> None:
    early = checkpoint(world.app)
    life_of(world)
    assert verify(world.app, early).holds


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: {**content, "chains": {}},
        lambda content: {**content, "made_at": "2031-01-01T00:00:00+00:00"},
        lambda content: {**content, "signature": "00" * 64},
        lambda content: {**content, "format": "another"},
        lambda content: {key: value for key, value in content.items() if key != "signature"},
        lambda content: [],
        lambda content: {**content, "chains": [1]},
    ],
)
def test_a_checkpoint_that_is_not_ours_is_refused(
    world: World, spoil: Callable[[dict[str, Any]], Any]
) -> None:
    content = json.loads(checkpoint(world.app))
    with pytest.raises(Refusal) as found:
        verify(world.app, json.dumps(spoil(content)).encode())
    assert found.value.code == "bad_checkpoint"


def test_anybody_can_check_a_checkpoint_with_what_it_holds(world: World) -> None:
    from vendorrisk.keys import is_signed

    content = json.loads(checkpoint(world.app))
    signature = bytes.fromhex(content.pop("signature"))
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    public = bytes.fromhex(content["public_key"])
    assert is_signed(public, text, signature)
    assert not is_signed(public, text + b" ", signature)
    assert not is_signed(Keys(bytes(range(100, 132))).public_key("checkpoint"), text, signature)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"%PDF-another")])
def test_a_file_that_was_changed_or_lost_is_found(
    world: World, spoil: Callable[[Path], object]
) -> None:
    life_of(world)
    assert verify(world.app).files == 2
    files = [path for path in world.app.files.folder.rglob("*") if path.is_file()]
    spoil(files[0])
    found = verify(world.app)
    assert {finding.code for finding in found.findings} == {"file"}
    assert all("Assessment " in finding.says for finding in found.findings)


def test_scorecards_are_computed_again_to_the_same_bytes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vendorrisk.usecases import reviewing, scorecards

    life_of(world)
    assert verify(world.app).scorecards == 3
    whole = scorecards.evaluate

    def another(*arguments: Any) -> dict[str, Any]:
        return {**whole(*arguments), "more": True}

    with monkeypatch.context() as patched:
        patched.setattr(reviewing, "evaluate", another)
        found = verify(world.app)
    assert {finding.code for finding in found.findings} == {"scorecard"}
    monkeypatch.setattr(reviewing, "ENGINE", "99")
    found = verify(world.app)
    assert found.holds
    assert len(found.not_computed) == 3
    assert "engine" in found.not_computed[0]


PSQL = {
    "a changed answer": "UPDATE answer SET note = 'x' WHERE question_id = 'storage'",
    "a deleted revision": "DELETE FROM answer_revision WHERE question_id = 'storage'",
    "swapped answers": "UPDATE answer SET reply = CASE reply WHEN '\"scanned\"' THEN '\"live\"'"
    " ELSE '\"scanned\"' END WHERE question_id = 'published'",
    "an administrator more": "INSERT INTO person_role SELECT person_id, 'committee_member' FROM"
    " person_role WHERE role = 'administrator'",
    "another scorecard": "UPDATE scorecard SET overall = 99, band = 'strong'",
    "a withdrawn file back": "UPDATE evidence SET withdrawn_at = NULL",
    "events swapped": "UPDATE audit_event SET number = CASE number WHEN 2 THEN 3 WHEN 3 THEN 2"
    " ELSE number END WHERE chain = 'installation'",
    "an event gone": "DELETE FROM audit_event WHERE number = 2",
    "events of nobody": "UPDATE audit_event SET actor_id = 'nobody'",
    "names blanked": "UPDATE audit_event SET actor_name = '', origin = '', details = '{}'",
}


@pytest.fixture(scope="module")
def real_postgres(
    postgres_server: PostgresServer,
    migrated_template: str,
    library: Library,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, Path]:
    """The name of a database after a whole assessment, and the folder of its files."""
    folder = tmp_path_factory.mktemp("real_postgres")
    name = postgres_server.create(migrated_template)
    store = Store(postgres_server.url(name), KEYS, clock=Clock())
    world = World(Application(settings(folder), store, library, Files(folder)), Clock())
    staff = {
        "administrator": Role.ADMINISTRATOR,
        "officer": Role.PROCUREMENT_OFFICER,
        "second_officer": Role.SECOND_OFFICER,
        "reviewer": Role.REVIEWER,
        "committee": Role.COMMITTEE_MEMBER,
    }
    for key, role in staff.items():
        world.add(key, role)
    life_of(world)
    assert verify(world.app).findings == ()
    store.close()
    return name, folder


@pytest.mark.postgres
@pytest.mark.parametrize("what", PSQL)
def test_tampering_with_psql_is_found_too(
    postgres_server: PostgresServer,
    real_postgres: tuple[str, Path],
    library: Library,
    what: str,
) -> None:
    original, folder = real_postgres
    name = postgres_server.create(original)
    with psycopg.connect(postgres_server.url(name)) as by_hand:
        by_hand.execute("SET session_replication_role = replica")
        by_hand.execute("ALTER TABLE audit_event DROP CONSTRAINT uq_audit_event_chain_number")
        assert by_hand.execute(PSQL[what]).rowcount > 0
    store = Store(postgres_server.url(name), KEYS, clock=Clock())
    found = verify(Application(settings(folder), store, library, Files(folder)))
    store.close()
    postgres_server.drop(name)
    assert not found.holds
