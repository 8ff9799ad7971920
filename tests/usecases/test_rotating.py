"""Changing the master key: the old one opens nothing, all holds, and stopping does no harm."""

from __future__ import annotations

import ast
import base64
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path

import psycopg
import pyotp
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg import sql
from sqlalchemy import Engine, event

from tests.conftest import KEYS, Clock
from tests.postgres_server import PostgresServer
from tests.usecases.conftest import LIBRARY, PDF, World
from vendorrisk import keys as keys_module
from vendorrisk import usecases
from vendorrisk.access import EVERYTHING, Actor, Role
from vendorrisk.cli import main
from vendorrisk.content import Library
from vendorrisk.evidence import Files, LostFile
from vendorrisk.identity import hash_token
from vendorrisk.keys import Keys, fitting_keys, make_keys, next_file, read_keys
from vendorrisk.settings import Settings
from vendorrisk.store import Store, StoreUnavailable, chain, document_text, key_in_use
from vendorrisk.store.tables import AuditEvent, Evidence, Person, SecondFactor
from vendorrisk.usecases import evidence, people, read_codes, second_factor
from vendorrisk.usecases.application import Application, present_keys
from vendorrisk.usecases.backups import back_up
from vendorrisk.usecases.errors import Invalid, Refusal
from vendorrisk.usecases.rotating import SEALED, rotate_key
from vendorrisk.usecases.verifying import checkpoint, verify

MASTER = sha256(b"the master key of the tests").digest()
STAFF = {
    "administrator": Role.ADMINISTRATOR,
    "officer": Role.PROCUREMENT_OFFICER,
    "second_officer": Role.SECOND_OFFICER,
    "reviewer": Role.REVIEWER,
    "committee": Role.COMMITTEE_MEMBER,
}
CONTENT = Library(LIBRARY)
SECONDS = count(1)
"""Processes start one after the other."""

OTHER_PDF = PDF.replace(b"1.7", b"1.6")


@dataclass(frozen=True)
class Installed:
    """An installation with everything that is sealed, and what somebody outside remembers of it."""

    folder: Path
    url: str
    secret: str
    codes: tuple[str, ...]
    person: str
    contact: Actor
    stamped: bytes

    @property
    def settings(self) -> Settings:
        return Settings(
            self.folder,
            self.url,
            None,
            LIBRARY,
            "Our Agency",
            False,
            second_factor_for=frozenset(),
        )

    @contextmanager
    def opened(self) -> Iterator[Application]:
        """As a process that starts now opens it."""
        settings = self.settings
        store = Store(
            settings.database_url,
            present_keys(settings),
            clock=Clock(Clock().now + timedelta(seconds=next(SECONDS))),
            wait_seconds=0.5,
            renewed=partial(fitting_keys, settings.key_file),
        )
        try:
            yield Application(settings, store, CONTENT, Files(settings.evidence_folder))
        finally:
            store.close()

    def copied(self, folder: Path, url: str | None = None) -> Installed:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return replace(self, folder=folder, url=url or f"sqlite:///{folder / 'vendorrisk.db'}")


def made(folder: Path, url: str) -> Installed:
    """Files, an authenticator app, recovery codes, a code to pass on, and something begun."""
    (folder / "vendorrisk.key").write_text(MASTER.hex())
    (folder / "vendorrisk.key").chmod(0o600)
    clock = Clock()
    installed = Installed(folder, url, "", (), "", Actor("contact", "", "", frozenset()), b"")
    store = Store(url, KEYS, clock=clock)
    app = Application(installed.settings, store, CONTENT, Files(folder / "evidence"))
    world = World(app, clock)
    for key, role in STAFF.items():
        world.add(key, role)
    contact = world.invited(world.opened())
    world.attach(contact)
    world.attach(contact, content=OTHER_PDF)
    assert contact.assessment_id is not None
    read_codes.ask_code(app, contact, contact.assessment_id)
    (folder / "evidence" / "ab").mkdir(exist_ok=True)
    unfinished = folder / "evidence" / "ab" / "new-unfinished"
    unfinished.write_bytes(b"VRS1" + bytes(60))
    os.utime(unfinished, (clock().timestamp() - 60,) * 2)
    ada = Person(name="Ada", email="ada@example.org", password_hash="set", created_at=clock())
    with store.begin(EVERYTHING) as work:
        work.add(ada)
        work.record(world.officer, "add_person", "person", ada.id)
        work.set_roles(ada.id, [Role.AUDITOR])
        found = work.person(ada.id)
        assert found is not None
        session = hash_token(people.open_session(app, work, found))
    secret = second_factor.begin_app(app, session).secret
    code = pyotp.TOTP(secret).at(clock())
    codes = second_factor.confirm_app(app, session, code).recovery_codes
    second_factor.begin_app(app, session)
    stamped = checkpoint(app)
    store.close()
    return replace(
        installed, secret=secret, codes=codes, person=ada.id, contact=contact, stamped=stamped
    )


@pytest.fixture(scope="module")
def on_sqlite(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    shutil.copyfile(migrated_file, folder / "vendorrisk.db")
    return made(folder, f"sqlite:///{folder / 'vendorrisk.db'}")


@pytest.fixture(scope="module")
def on_postgres(
    postgres_server: PostgresServer,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Installed, str]:
    folder = tmp_path_factory.mktemp("installed_postgres")
    name = postgres_server.create(migrated_template)
    return made(folder, postgres_server.url(name)), name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installed]:
    """A copy on each kind of database in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("on_sqlite").copied(tmp_path)
        return
    server = request.getfixturevalue("postgres_server")
    original, template = request.getfixturevalue("on_postgres")
    name = server.create(template)
    yield original.copied(tmp_path, server.url(name))
    server.drop(name)


def rotated(installed: Installed) -> str:
    with installed.opened() as app:
        done = rotate_key(app)
    assert done.problems == ()
    return done.key_id


def whole_session(app: Application, installed: Installed, code: str) -> str:
    """Sign Ada in as after her password, with a code."""
    with app.store.begin(EVERYTHING) as work:
        found = work.person(installed.person)
        assert found is not None
        half = people.open_session(app, work, found)
        work.record(Actor("person", installed.person, "Ada", frozenset()), "sign_in", "person", "x")
    return second_factor.give_code(app, hash_token(half), code)


def everything_works(installed: Installed, *, codes: tuple[str, ...]) -> None:
    """As a process that starts now finds it: trail, files, authenticator apps, recovery codes."""
    with installed.opened() as app:
        found = verify(app, installed.stamped)
        assert found.holds, found.findings
        assert found.files == 2
        with app.store.read(EVERYTHING) as work:
            files = work.all(Evidence)
        contents = {app.file(file.assessment_id, file.sha256) for file in files}
        assert contents == {PDF, OTHER_PDF}
        for code in codes:
            assert whole_session(app, installed, code)
            with pytest.raises(Invalid):
                whole_session(app, installed, code)
        with app.store.begin(EVERYTHING) as work:  # the app is used in the next half minute
            for row in work.all(SecondFactor, person_id=installed.person):
                row.last_step = None
            work.record(Actor("person", installed.person, "Ada", frozenset()), "x", "person", "x")
        assert whole_session(app, installed, pyotp.TOTP(installed.secret).at(app.clock()))


def stored(installed: Installed) -> dict[str, bytes]:
    """Every byte that is kept, by where it lies; the key file apart."""
    found = {
        str(path.relative_to(installed.folder)): path.read_bytes()
        for path in installed.folder.rglob("*")
        if path.is_file() and not path.name.startswith("vendorrisk.key")
    }
    if installed.url.startswith("postgresql"):
        found.pop("vendorrisk.db", None)
        with psycopg.connect(installed.url) as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            for (table,) in tables:
                rows = connection.execute(
                    sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
                )
                found[table] = "\n".join(row[0] for row in rows).encode()
    return found


PURPOSES = ("evidence", "second factor", "read-code", "retired keys", "tender", "tenders")
SEALS = (
    re.compile(rb"VRS1(?=.{48})", re.DOTALL),
    re.compile(rb"VlJTM[A-Za-z0-9+/_-]{60,}={0,2}"),
)


def opened_with(master: bytes, content: bytes) -> Iterator[bytes]:
    """What every seal in some bytes would say under a master key, whether or not it holds."""
    blobs = [content[found.start() :] for found in SEALS[0].finditer(content)]
    for found in SEALS[1].finditer(content):
        text = found[0].rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        blobs.append(base64.b64decode(text[: len(text) // 4 * 4]))
    for blob in blobs:
        for purpose in PURPOSES:
            material = keys_module._hkdf(Keys(master).derive(purpose), blob[4:36], b"seal", 44)
            # What the tag protects is decrypted as a thief would who does not care for the tag.
            counter = material[32:] + (2).to_bytes(4, "big")
            plain = Cipher(algorithms.AES(material[:32]), modes.CTR(counter)).decryptor()
            yield plain.update(blob[36 : 36 + 400])


def opens(master: bytes, installed: Installed) -> set[str]:
    """Where something known lies that a master key opens, or any of its keys."""
    known = (PDF[:20], OTHER_PDF[:20], installed.secret.encode(), b'"audit":"')
    keys = Keys(master)
    derived = [master, *(keys.derive(name) for name in (*PURPOSES, "audit", "recovery codes"))]
    derived += [key.hex().encode() for key in derived]
    hashes = [second_factor.recovery_hash(derived[-1], installed.person, installed.codes[0])]
    hashes.append(
        second_factor.recovery_hash(
            keys.derive("recovery codes"), installed.person, installed.codes[0]
        )
    )
    return {
        name
        for name, content in stored(installed).items()
        if any(word in plain for plain in opened_with(master, content) for word in known)
        or any(key in content for key in derived)
        or any(hashed.encode() in content for hashed in hashes)
    }


def test_the_old_key_opens_nothing_that_is_stored_afterwards(installed: Installed) -> None:
    if installed.url.startswith("sqlite"):
        with installed.opened() as app:
            back_up(app)
    before = opens(MASTER, installed)
    assert len([name for name in before if name.startswith("evidence/")]) == 2
    assert len(before) > 2, "the search finds what there is to find in the database, too"

    rotated(installed)

    assert opens(MASTER, installed) == set()
    new = bytes.fromhex((installed.folder / "vendorrisk.key").read_text().strip())
    assert len([name for name in opens(new, installed) if name.startswith("evidence/")]) == 2
    assert MASTER.hex() not in (installed.folder / "vendorrisk.key").read_text()
    assert not next_file(installed.settings.key_file).exists()
    assert not list(installed.settings.evidence_folder.rglob("new-unfinished"))


def test_everything_works_with_the_new_key_and_again_with_the_one_after(
    installed: Installed,
) -> None:
    first = rotated(installed)
    everything_works(installed, codes=installed.codes[:1])
    second = rotated(installed)
    everything_works(installed, codes=installed.codes[1:2])
    assert len({KEYS.id, first, second}) == 3
    assert key_in_use(installed.url) == second
    with installed.opened() as app:
        codes = second_factor.replace_recovery_codes
        with app.store.begin(EVERYTHING) as work:
            [fresh, *_] = codes(app, work, installed.person)
            work.record(Actor("person", installed.person, "", frozenset()), "x", "person", "x")
    rotated(installed)
    everything_works(installed, codes=(fresh,))


def test_a_code_to_pass_on_ends_and_another_can_be_asked_for(installed: Installed) -> None:
    rotated(installed)
    assessment = installed.contact.assessment_id
    assert assessment is not None
    with installed.opened() as app:
        read_codes.ask_code(app, installed.contact, assessment)
        with app.store.read(EVERYTHING) as work:
            old, new = sorted(work.all(read_codes.ReadCode), key=lambda one: bool(one.sealed))
        assert (old.sealed, old.code_hash) == ("", "")
        officer = Actor("person", installed.person, "", frozenset({Role.PROCUREMENT_OFFICER}))
        digits = read_codes.show_code(app, officer, new.id)
        read_codes.give_read_code(app, installed.contact, assessment, digits)


def test_an_app_that_runs_takes_over_the_new_key(installed: Installed) -> None:
    assessment = installed.contact.assessment_id
    assert assessment is not None
    with installed.opened() as running, installed.opened() as idle:
        old = evidence.evidence_list(running, installed.contact, assessment)
        idle.store.check()
        rotated(installed)
        with running.store.begin(EVERYTHING) as work:
            work.record(Actor("person", installed.person, "", frozenset()), "x", "person", "x")
        third = PDF + b"% third\n"
        evidence.attach(
            running,
            installed.contact,
            assessment,
            file_name="third.pdf",
            content=third,
            kind="policy",
            dated=date(2026, 9, 1),
            for_questions=["storage"],
        )
        with idle.store.read(EVERYTHING) as work:
            files = [row for row in work.all(Evidence) if row.id == old[0].id]
        assert idle.file(files[0].assessment_id, files[0].sha256) in (PDF, OTHER_PDF)
    with installed.opened() as app:
        found = verify(app)
    assert found.holds, found.findings
    assert found.files == 3
    assert opens(MASTER, installed) == set()


def test_a_process_that_cannot_find_the_new_key_writes_nothing(installed: Installed) -> None:
    settings = installed.settings
    stale = Store(settings.database_url, KEYS, clock=Clock())
    stale.check()
    rotated(installed)
    with pytest.raises(StoreUnavailable) as found, stale.begin(EVERYTHING) as work:
        work.record(Actor("person", installed.person, "", frozenset()), "x", "person", "x")
    assert found.value.code == "other_key"
    stale.close()


def test_the_thief_of_the_old_key_cannot_write_history_with_it(on_sqlite, tmp_path) -> None:
    installed = on_sqlite.copied(tmp_path / "installed")
    rotated(installed)
    with installed.opened() as app:
        heads = app.store.heads()
    key = KEYS.derive("audit")
    for chain_name in heads:
        for rewrite in ("forge the last old event", "go on with the old key", "cut and go on"):
            copy = installed.copied(Path(tempfile.mkdtemp(dir=tmp_path)))
            with copy.opened() as app, app.store.engine.connect() as connection:
                for (name,) in connection.exec_driver_sql(TRIGGERS).fetchall():
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
                events = [dict(row) for row in chain_rows(connection) if row["chain"] == chain_name]
                link = next(e for e in events if e["action"] == chain.KEY_CHANGED)
                last = events[events.index(link) - 1]
                if rewrite == "forge the last old event":
                    forged = {**last, "subject_id": "somebody else"}
                    where = last["id"]
                else:
                    before = events[-1] if rewrite == "go on with the old key" else last
                    if rewrite == "cut and go on":
                        connection.exec_driver_sql(
                            "DELETE FROM audit_event WHERE chain = ? AND number >= ?",
                            (chain_name, link["number"]),
                        )
                    forged = {
                        **last,
                        "id": "f" * 32,
                        "number": before["number"] + 1,
                        "previous_hash": before["hash"],
                        "changes": "[]",
                    }
                    where = None
                forged["said"] = chain.said_by(key, forged)
                forged["hash"] = chain.link(forged, key)
                write(connection, forged, where)
                connection.commit()
            with copy.opened() as app:
                assert not verify(app).holds, (chain_name, rewrite)


def chain_rows(connection):
    return connection.execute(
        AuditEvent.__table__.select().order_by("chain", "number")  # type: ignore[attr-defined]
    ).mappings()


def write(connection, forged, where):
    table = AuditEvent.__table__  # type: ignore[attr-defined]
    if where is None:
        connection.execute(table.insert(), forged)
    else:
        connection.execute(table.update().where(table.c.id == where), forged)


def test_checkpoints_of_before_hold_and_forged_ones_do_not(on_sqlite, tmp_path) -> None:
    installed = on_sqlite.copied(tmp_path)
    rotated(installed)
    with installed.opened() as app:
        assert verify(app, installed.stamped).holds
        assert verify(app, checkpoint(app)).holds
        content = json.loads(installed.stamped)
        content.pop("signature")
        content["made_at"] = "2027-01-01T00:00:00+00:00"
        content["signature"] = KEYS.sign("checkpoint", document_text(content).encode()).hex()
        with pytest.raises(Refusal) as found:
            verify(app, json.dumps(content).encode())
    assert found.value.code == "bad_checkpoint"


def test_a_changed_retired_key_is_named_as_such(on_sqlite, tmp_path) -> None:
    installed = on_sqlite.copied(tmp_path)
    rotated(installed)
    with installed.opened() as app:
        with app.store.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE retired_key SET sealed = 'x' || sealed")
        found = verify(app)
    assert not found.holds
    assert "retired_key" in found.findings[0].says


def test_a_lost_file_stops_nothing_and_is_told(on_sqlite, tmp_path) -> None:
    installed = on_sqlite.copied(tmp_path)
    with installed.opened() as app:
        with app.store.read(EVERYTHING) as work:
            gone = work.all(Evidence, "id")[0]
        app.files.delete(app.files.name(app.keys, gone.assessment_id, gone.sha256))
        done = rotate_key(app)
        assert [gone.assessment_id in says for says in done.problems] == [True]
        assert len(verify(app).findings) == 1
        with pytest.raises(LostFile):
            app.file(gone.assessment_id, gone.sha256)


TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'"


class Stop(BaseException):
    """What a power cut looks like from inside."""


@contextmanager
def stopped_at(step: int | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Stop before the n-th thing that changes the disk or the database; gives what was begun."""
    begun: list[str] = []
    numbers = count()

    def note(what: str) -> None:
        begun.append(what)
        if next(numbers) == step:
            raise Stop(what)

    def noting(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def instead(*args: object, **kwargs: object) -> object:
            note(name)
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, instead)

    def on_statement(_c: object, _u: object, statement: str, *_: object) -> None:
        if statement.split(None, 1)[0] in ("INSERT", "UPDATE", "DELETE"):
            note(statement[:40])

    def commit(_connection: object) -> None:
        note("commit")

    with monkeypatch.context() as patch:
        monkeypatch = patch
        noting(Path, "replace")
        noting(Path, "unlink")
        noting(Path, "rename")
        for name in ("link", "fsync"):
            noting(os, name)
        noting(shutil, "rmtree")
        noting(shutil, "copytree")
        noting(Store, "compact")
        event.listen(Engine, "before_cursor_execute", on_statement)
        event.listen(Engine, "commit", commit)
        try:
            yield begun
        finally:
            event.remove(Engine, "before_cursor_execute", on_statement)
            event.remove(Engine, "commit", commit)


@pytest.fixture(scope="module")
def steps(on_sqlite: Installed, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many things there are that a rotation changes."""
    installed = on_sqlite.copied(tmp_path_factory.mktemp("counted"))
    with installed.opened() as app:
        back_up(app)
    with installed.opened() as app, stopped_at(None, pytest.MonkeyPatch()) as begun:
        rotate_key(app)
    assert len(begun) > 30
    return len(begun)


def stop_and_go_on(installed: Installed, step: int) -> None:
    with installed.opened() as app, stopped_at(step, pytest.MonkeyPatch()), suppress(Stop):
        rotate_key(app)
    everything_works(installed, codes=())
    if (
        next_file(installed.settings.key_file).exists()
        or read_keys(installed.settings.key_file).id == KEYS.id
    ):
        rotated(installed)
    everything_works(installed, codes=installed.codes[:1])
    assert read_keys(installed.settings.key_file).id == key_in_use(installed.url) != KEYS.id
    assert opens(MASTER, installed) == set()


@given(at=st.floats(0, 1, exclude_max=True))
@example(at=0.0)
@example(at=0.999)
@hypothesis_settings(max_examples=6)
def test_a_rotation_stopped_anywhere_holds_and_goes_on(
    on_sqlite: Installed, steps: int, at: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        installed = on_sqlite.copied(Path(folder))
        with installed.opened() as app:
            back_up(app)
        stop_and_go_on(installed, int(at * steps))


@pytest.mark.postgres
@pytest.mark.parametrize("step", [6, 20, 33])
def test_on_postgresql_too(
    postgres_server: PostgresServer,
    on_postgres: tuple[Installed, str],
    tmp_path: Path,
    step: int,
) -> None:
    original, template = on_postgres
    name = postgres_server.create(template)
    stop_and_go_on(original.copied(tmp_path, postgres_server.url(name)), step)
    postgres_server.drop(name)


def test_whatever_seals_in_the_database_takes_part() -> None:
    parts = {part.__module__ for part in SEALED}
    for path in Path(usecases.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        seals = any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "seal"
            for node in ast.walk(tree)
        )
        assert not seals or f"vendorrisk.usecases.{path.stem}" in parts, path.name


def test_the_command_says_what_it_did(
    on_sqlite: Installed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    installed = on_sqlite.copied(tmp_path)
    monkeypatch.setenv("VENDORRISK_DATA", str(tmp_path))
    monkeypatch.setenv("VENDORRISK_QUESTIONNAIRES", str(LIBRARY))
    with installed.opened() as app:
        back_up(app)
    assert main(["rotate-key"]) == 0
    said = capsys.readouterr()
    assert "2 files and 1 secret were encrypted anew" in said.out
    assert "1 backup that opened with the old key deleted" in said.out
    assert main(["verify"]) == 0


def test_a_key_that_cannot_be_written_changes_nothing(on_sqlite, tmp_path) -> None:
    installed = on_sqlite.copied(tmp_path)
    next_file(installed.settings.key_file).mkdir()
    with installed.opened() as app, pytest.raises(Refusal):
        rotate_key(app)
    next_file(installed.settings.key_file).rmdir()
    assert key_in_use(installed.url) == KEYS.id
    everything_works(installed, codes=())


def test_two_who_make_the_next_key_share_it(tmp_path: Path) -> None:
    assert make_keys(next_file(tmp_path / "key")) == make_keys(next_file(tmp_path / "key"))
