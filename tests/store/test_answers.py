"""Saving answers and judgements: versions, revisions, colleagues, and what it costs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import StatementError

from tests.store.records import World, make_world
from vendorrisk.access import EVERYTHING, SYSTEM, Scope
from vendorrisk.store import StaleError, Store, document_text
from vendorrisk.store.tables import AnswerRevision, Engagement, Person, ReviewRevision


def save(store: Store, world: World, question: str, reply: str | None, seen: int) -> int:
    with store.begin(Scope(world.assessment)) as work:
        saved = work.save_answer(
            world.assessment,
            question,
            reply=reply,
            note="",
            saved_by=world.contact,
            seen_version=seen,
        )
        work.record(SYSTEM, "answer_question", "question", question, world.assessment)
        return saved.version


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that were sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield sent
    event.remove(store.engine, "before_cursor_execute", note)


def test_each_save_makes_a_version_and_keeps_a_revision(store: Store) -> None:
    world = make_world(store)
    assert save(store, world, "q3", '"first"', 0) == 1
    assert save(store, world, "q3", '"second"', 1) == 2
    assert save(store, world, "q3", None, 2) == 3
    with store.read(EVERYTHING) as work:
        now = work.answers(world.assessment)["q3"]
        kept = work.all(AnswerRevision, "version", question_id="q3")
        assert "q3" not in work.replies(world.assessment)
    assert (now.version, now.reply, now.saved_by) == (3, None, world.contact)
    assert [(row.version, row.reply) for row in kept] == [
        (1, '"first"'),
        (2, '"second"'),
        (3, None),
    ]


@pytest.mark.parametrize(("seen", "stands"), [(0, 2), (1, 2), (3, 2)])
def test_a_colleagues_newer_answer_is_never_overwritten(
    store: Store, seen: int, stands: int
) -> None:
    world = make_world(store)
    save(store, world, "q1", '"theirs"', 1)
    with pytest.raises(StaleError) as found:
        save(store, world, "q1", '"mine"', seen)
    current = found.value.current
    assert current is not None
    assert (current.version, getattr(current, "reply", None)) == (stands, '"theirs"')
    with store.read(EVERYTHING) as work:
        assert work.replies(world.assessment)["q1"] == "theirs"
        assert len(work.all(AnswerRevision, question_id="q1")) == 2


def test_an_answer_that_was_never_given_cannot_be_replaced(store: Store) -> None:
    world = make_world(store)
    with pytest.raises(StaleError) as found:
        save(store, world, "q9", '"x"', 4)
    assert found.value.current is None


def test_of_people_who_save_at_once_exactly_one_wins(store: Store) -> None:
    world = make_world(store)
    start, won, lost = threading.Barrier(4), [], []

    def one(number: int) -> None:
        start.wait()
        try:
            save(store, world, "q7", f'"{number}"', 0)
            won.append(number)
        except StaleError:
            lost.append(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 3)
    with store.read(EVERYTHING) as work:
        assert work.replies(world.assessment)["q7"] == str(won[0])
        assert [row.version for row in work.all(AnswerRevision, question_id="q7")] == [1]


def test_a_judgement_keeps_its_versions_as_an_answer_does(store: Store) -> None:
    world = make_world(store)

    def judge(assurance: str, seen: int) -> int:
        with store.begin(Scope(world.assessment)) as work:
            review = work.save_review(
                world.submission,
                "q2",
                assurance=assurance,
                not_applicable=None,
                reason="looked at it",
                reviewer_id=world.person,
                seen_version=seen,
            )
            work.record(SYSTEM, "set_review", "question", "q2", world.assessment)
            return review.version

    assert judge("documented", 0) == 1
    assert judge("audited", 1) == 2
    with pytest.raises(StaleError) as found:
        judge("contradicted", 1)
    assert getattr(found.value.current, "assurance", None) == "audited"
    with store.read(EVERYTHING) as work:
        kept = work.all(ReviewRevision, "version", question_id="q2")
        assert [row.assurance for row in kept] == ["documented", "audited"]


def test_a_transaction_that_fails_leaves_nothing_behind(store: Store) -> None:
    world = make_world(store)

    def fail_halfway() -> None:
        with store.begin(EVERYTHING) as work:
            work.save_answer(
                world.assessment, "q1", reply='"x"', note="", saved_by="", seen_version=1
            )
            work.record(SYSTEM, "answer_question", "question", "q1", world.assessment)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    with store.read(EVERYTHING) as work:
        assert work.replies(world.assessment)["q1"] == "best"
        assert len(work.events(world.assessment)) == 1, "only that of the world itself"


def test_progress_is_stored_and_seen_at_once(store: Store) -> None:
    world = make_world(store)
    with store.begin(Scope(world.assessment)) as work:
        assessment = work.assessment(world.assessment)
        assert assessment is not None
        work.note_progress(assessment, 3, 36)
        assert (assessment.answered, assessment.asked) == (3, 36)
        assessment.state = "returned"
        work.record(SYSTEM, "answer_question", "question", "q1", world.assessment)
    [row] = _portfolio(store)
    assert row.assessment is not None
    assert (row.assessment.answered, row.assessment.asked) == (3, 36)
    assert row.assessment.state == "returned"


def test_saving_an_answer_takes_at_most_nine_queries(store: Store) -> None:
    world = make_world(store, questions=40)
    with counted(store) as sent, store.begin(Scope(world.assessment)) as work:
        assessment = work.assessment(world.assessment)
        assert assessment is not None
        replies = work.replies(world.assessment)
        work.save_answer(world.assessment, "q1", reply='"x"', note="", saved_by="", seen_version=1)
        work.note_progress(assessment, len(replies), 261)
        work.record(SYSTEM, "answer_question", "question", "q1", world.assessment)
    assert 0 < len(sent) <= 9


def test_a_list_costs_one_query_however_long_it_is(store: Store) -> None:
    worlds = [make_world(store, f"Vendor {number}") for number in range(6)]
    ids = [world.assessment for world in worlds]
    with store.read(EVERYTHING) as work:
        for ask in (
            lambda: work.portfolio(),
            lambda: work.people(),
            lambda: work.decisions(ids),
            lambda: list(work.latest_scorecards(ids).values()),
            lambda: list(work.names([world.person for world in worlds])),
        ):
            with counted(store) as sent:
                assert len(ask()) == 6
            assert len(sent) == 1


def test_the_latest_submission_and_scorecard_are_the_ones_listed(store: Store) -> None:
    world = make_world(store)
    with store.begin(EVERYTHING) as work:
        first = work.latest_submission(world.assessment)
        assert first is not None
        again = type(first)(**{**first.model_dump(exclude={"id"}), "number": 2})
        work.add(again)
        work.record(SYSTEM, "submit", "submission", again.id, world.assessment)
    [row] = _portfolio(store)
    assert (row.submission_number, row.submission_id) == (2, again.id)
    with store.read(EVERYTHING) as work:
        assert work.latest_scorecards([world.assessment]) == {}, "the new one has no scorecard"


def test_withdrawn_evidence_is_listed_only_when_asked_for(store: Store) -> None:
    world = make_world(store)
    with store.begin(EVERYTHING) as work:
        [item] = work.evidence(world.assessment)
        item.evidence.withdrawn_at = work.now
        work.record(SYSTEM, "withdraw_evidence", "evidence", item.evidence.id, world.assessment)
    with store.read(EVERYTHING) as work:
        assert work.evidence(world.assessment) == []
        assert len(work.evidence(world.assessment, withdrawn=True)) == 1


zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=zones)


@given(moment=moments, minor=st.integers(0, 10**15))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_times_and_money_come_back_as_they_were(store: Store, moment: datetime, minor: int) -> None:
    with store.begin(EVERYTHING) as work:
        person = work.add(Person(email=f"{moment} {minor}", name="x", created_at=moment))
        vendor = work.get(Person, id=person.id)
        work.record(SYSTEM, "add_person", "person", person.id)
    assert vendor is person
    with store.read(EVERYTHING) as work:
        again = work.get(Person, id=person.id)
    assert again is not None
    assert again.created_at == moment
    assert again.created_at.utcoffset() == timedelta(0)


def test_large_sums_keep_every_minor_unit(store: Store) -> None:
    world = make_world(store)
    with store.begin(EVERYTHING) as work:
        engagement = work.get(Engagement, id=world.engagement)
        assert engagement is not None
        engagement.value_minor = 9_007_199_254_740_993
        work.record(SYSTEM, "register_engagement", "engagement", engagement.id)
    with store.read(EVERYTHING) as work:
        again = work.get(Engagement, id=world.engagement)
    assert again is not None
    assert (again.value_minor, again.currency) == (9_007_199_254_740_993, "USD")


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    naive = datetime(2026, 11, 2)
    with pytest.raises(StatementError, match="no time zone"), store.begin(EVERYTHING) as work:
        work.add(Person(email="a", name="a", created_at=naive))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(value=st.dictionaries(st.text(), json_values))
@settings(max_examples=40)
def test_the_same_value_always_has_the_same_text(value: dict[str, Any]) -> None:
    turned = dict(reversed(list(value.items())))
    assert document_text(value) == document_text(turned)


def test_what_is_not_json_has_no_text() -> None:
    with pytest.raises(ValueError, match="JSON"):
        document_text({"score": float("nan")})


def test_the_time_of_a_transaction_is_the_clocks(store: Store) -> None:
    with store.read(EVERYTHING) as work:
        assert work.now == datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def _portfolio(store: Store) -> list[Any]:
    with store.read(EVERYTHING) as work:
        return work.portfolio()
