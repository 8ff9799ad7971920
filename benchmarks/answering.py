"""Saving one answer through the use case, beside a bare SQLite transaction with the same rows.

The use case authorises, validates, saves with a revision, updates progress and appends to the
audit chain, all in one durable transaction. The bare one does nothing but write those rows.
"""

from __future__ import annotations

import gc
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter

from sqlalchemy import event

from benchmarks.content import SHIPPED, library_with_large
from benchmarks.office import Office, open_office
from benchmarks.timing import Times
from vendorrisk.usecases import answering

ROUNDS = 10
IN_A_ROUND = 60
WARM_UP = 10  # of each round; they are not counted


def run() -> Iterator[str]:
    """Lines with what was measured, for the core questionnaire and for a large one."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        large = library_with_large(folder)
        for name, questionnaires in (("core", SHIPPED), ("large", large)):
            data = folder / name
            data.mkdir()
            yield from _measure(open_office(data, questionnaires, name))


def _measure(office: Office) -> Iterator[str]:
    """Save and write in rounds, so that both meet the machine's moods, and not each other's disk
    flushes.
    """
    queries = _Queries(office)
    bare = _Bare(office)
    versions: dict[str, int] = {}
    edits = _edits(office)
    ours, theirs, most = [], [], 0
    gc.collect()
    gc.freeze()  # as the server does at its start
    for _ in range(ROUNDS):
        edited = list(islice(edits, IN_A_ROUND))
        for at, (question, reply) in enumerate(edited):
            queries.count = 0
            begun = perf_counter()
            saved = answering.answer_question(
                office.app,
                office.contact,
                office.assessment_id,
                question,
                reply,
                seen_version=versions.get(question, 0),
            )
            took = perf_counter() - begun
            versions[question] = saved.version
            most = max(most, queries.count)
            if at >= WARM_UP:
                ours.append(took * 1000)
        for at, (question, reply) in enumerate(edited):
            begun = perf_counter()
            bare.write(question, reply)
            took = perf_counter() - begun
            if at >= WARM_UP:
                theirs.append(took * 1000)
    gc.unfreeze()
    asked = len(office.app.content(_questionnaire(office)).questionnaire.questions)
    use_case = Times(f"saving one of {asked} answers", ours)
    writing = Times("a bare transaction with the same rows", theirs)
    yield f"{use_case}, at most {most} queries"
    yield str(writing)
    yield use_case.beside(writing)
    office.app.store.close()


def _questionnaire(office: Office) -> str:
    overview = answering.overview(office.app, office.contact, office.assessment_id)
    return overview.questionnaire_id


def _edits(office: Office) -> Iterator[tuple[str, str]]:
    """Choices of every question that is always asked, round and round, each time another."""
    asked = office.app.content(_questionnaire(office)).questionnaire.questions
    plain = [q for q in asked if q.answer == "one_of" and q.show_when is None]
    turns = cycle(range(60))
    while True:
        turn = next(turns)
        for question in plain:
            yield question.id, question.choices[turn % len(question.choices)].id


class _Queries:
    """Counts the statements that the store sends."""

    def __init__(self, office: Office) -> None:
        self.count = 0
        event.listen(office.app.store.engine, "before_cursor_execute", self._one)

    def _one(self, *_: object) -> None:
        self.count += 1


class _Bare:
    """A copy of the database, written to with nothing in between."""

    def __init__(self, office: Office) -> None:
        original = Path(str(office.app.store.url.database))
        office.app.store.close()
        path = Path(shutil.copy(original, original.with_name("bare.db")))
        self.assessment = office.assessment_id
        self.contact = office.contact.id
        self.number = 0
        self.connection = sqlite3.connect(path, isolation_level=None)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self.connection.execute(f"PRAGMA {setting}")

    def write(self, question: str, reply: str) -> None:
        """The rows of one saved answer: itself, its revision, progress, and an event."""
        self.number += 1
        now = f"2026-11-02 09:30:00.{self.number:06}"
        answer = (self.assessment, question, self.number, f'"{reply}"', "", self.contact, now)
        run = self.connection.execute
        run("BEGIN IMMEDIATE")
        run("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?, ?)", answer)
        run(
            "INSERT INTO answer_revision VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (uuid.uuid4().hex, *answer),
        )
        run("UPDATE assessment SET answered = ? WHERE id = ?", (self.number, self.assessment))
        run(
            "INSERT INTO audit_event (id, chain, number, at, actor_kind, actor_id, actor_name,"
            " action, subject_kind, subject_id, assessment_id, details, previous_hash, hash,"
            " origin, nonce, changes, said)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                uuid.uuid4().hex,
                f"bare {self.assessment}",
                self.number,
                now,
                "contact",
                self.contact,
                "Somebody",
                "answer_question",
                "question",
                question,
                self.assessment,
                '{"cleared":false,"version":1}',
                "0" * 64,
                "0" * 64,
                "192.0.2.7",
                "0" * 32,
                "0" * 500,
                "0" * 32,
            ),
        )
        run("COMMIT")
