"""Answering: what is saved, shown and refused, and what happens when two people write at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from tests.usecases.conftest import BEST, World
from vendorrisk.access import EVERYTHING, Actor, NotAllowed
from vendorrisk.assessment import State
from vendorrisk.store import Store
from vendorrisk.usecases import answering, vendors
from vendorrisk.usecases.errors import Conflict, Invalid, NotFound, Refusal
from vendorrisk.usecases.values import Reply


@pytest.fixture
def world(invited: World) -> World:
    return invited


@pytest.fixture
def opened(world: World) -> tuple[str, Actor]:
    return world.assessment_id, world.vera


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Every statement that the database is sent."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def test_an_answer_is_saved_with_its_time_and_shown_again(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.clock.forward(minutes=5)
    saved = answering.answer_question(
        world.app, vera, assessment_id, "storage", "most", "Two old\r\nservers\u0007."
    )
    assert (saved.version, saved.saved_at) == (1, world.clock())
    assert (saved.progress.answered, saved.progress.asked) == (1, 5)
    assert (saved.section.answered, saved.section.asked) == (1, 2)
    view = answering.section(world.app, vera, assessment_id, "credentials").questions[1]
    assert (view.reply, view.note, view.version) == ("most", "Two old\nservers.", 1)
    assert view.saved_by == "Vera of Brightholm Cloud"
    assert view.wants_detail == "Name the exceptions"
    assert [kind.id for kind in view.wants_evidence] == ["policy", "soc2_type2"]
    workspace = answering.overview(world.app, vera, assessment_id)
    assert workspace.saved_at == world.clock()
    assert workspace.state is State.IN_PROGRESS


@pytest.mark.parametrize(
    ("question", "given", "kept"),
    [
        ("published", {"dont_know": True}, {"dont_know": True}),
        ("published", "dont_know", {"dont_know": True}),
        ("storage", {"not_applicable": " no keys "}, {"not_applicable": " no keys "}),
        ("stores", ["laptops", "database"], ["database", "laptops"]),
        ("stores", [], None),
        ("days", 30, 30),
        ("days", "30.0", 30),
        ("last_run", "2026-11-02", "2026-11-02"),
        ("remarks", "  ", None),
        ("remarks", "=HYPERLINK(1) <b>", "=HYPERLINK(1) <b>"),
    ],
)
def test_every_kind_of_reply_comes_back_in_one_shape(
    world: World, opened: tuple[str, Actor], question: str, given: Reply, kept: Reply
) -> None:
    assessment_id, vera = opened
    world.answer(vera, keeps_data="some")
    answering.answer_question(world.app, vera, assessment_id, question, given)
    views = [
        view
        for id_ in ("credentials", "retention")
        for view in answering.section(world.app, vera, assessment_id, id_).questions
    ]
    assert next(view.reply for view in views if view.question.id == question) == kept


@pytest.mark.parametrize(
    ("question", "reply", "code"),
    [
        ("published", "perhaps", "unknown_choice"),
        ("published", ["live", "scanned"], "bad_answer"),
        ("published", {"not_applicable": "We are small"}, "bad_answer"),
        ("keeps_data", {"dont_know": True}, "bad_answer"),
        ("stores", ["database", "cellar"], "unknown_choice"),
        ("stores", "database", "bad_answer"),
        ("days", "many", "bad_answer"),
        ("days", -1, "bad_answer"),
        ("days", 3651, "bad_answer"),
        ("days", 1.5, "bad_answer"),
        ("days", float("nan"), "bad_answer"),
        ("last_run", "yesterday", "bad_answer"),
        ("last_run", "2026-11-03", "bad_answer"),
        ("remarks", "x" * 100_000, "too_long"),
    ],
)
def test_what_does_not_fit_the_question_is_refused_with_a_sentence_and_nothing_is_written(
    world: World, opened: tuple[str, Actor], question: str, reply: Reply, code: str
) -> None:
    assessment_id, vera = opened
    world.answer(vera, keeps_data="some")
    with pytest.raises(Invalid) as invalid:
        answering.answer_question(world.app, vera, assessment_id, question, reply)
    assert invalid.value.code == code
    assert len(invalid.value.sentence) < 400
    assert "`" + question not in invalid.value.sentence, "a reader does not know the id"
    assert world.version(vera, question) == (question == "keeps_data")


def test_a_long_note_is_refused_and_the_limit_itself_fits(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    with pytest.raises(Invalid) as invalid:
        answering.answer_question(world.app, vera, assessment_id, "remarks", "a", "x" * 100_000)
    assert "100,000" in invalid.value.problems["note"]
    answering.answer_question(world.app, vera, assessment_id, "remarks", "x" * 10_000, "x" * 10_000)


def test_a_question_that_is_not_asked_takes_no_answer(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    for question, code in [("deletion", "hidden_question"), ("nonsense", "unknown_question")]:
        with pytest.raises(Refusal) as refused:
            answering.answer_question(world.app, vera, assessment_id, question, "automatic")
        assert refused.value.code == code
        assert refused.value.fix


def test_questions_come_and_go_with_earlier_answers_and_replies_come_back(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    shown = answering.answer_question(world.app, vera, assessment_id, "keeps_data", "some")
    assert shown.newly_visible == ("deletion", "days", "last_run")
    world.answer(vera, deletion="by_hand")
    hidden = answering.answer_question(
        world.app, vera, assessment_id, "keeps_data", "none", seen_version=1
    )
    assert hidden.newly_hidden == ("deletion", "days", "last_run")
    assert hidden.progress.asked == 5
    again = answering.answer_question(
        world.app, vera, assessment_id, "keeps_data", "some", seen_version=2
    )
    assert again.progress.answered == 2, "the reply came back with its question"


def test_two_people_in_one_answer_see_each_others_words_and_none_are_lost(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    vendor = vendors.vendors(world.app, world.officer)[0]
    al = vendors.add_contact(
        world.app, world.officer, vendor.id, name="Al", email="al@vendor.example"
    )
    colleague = world.invited(assessment_id, al.id)
    answering.answer_question(
        world.app, colleague, assessment_id, "storage", "vault", "All of them."
    )
    with pytest.raises(Conflict) as conflict:
        answering.answer_question(world.app, vera, assessment_id, "storage", "wiki", "Some.")
    theirs = conflict.value
    assert (theirs.current, theirs.note, theirs.who) == ("vault", "All of them.", "Al")
    answering.answer_question(
        world.app, vera, assessment_id, "storage", "wiki", "Some.", seen_version=theirs.version
    )
    with world.app.store.read(EVERYTHING) as work:
        from vendorrisk.store.tables import AnswerRevision

        kept = work.all(AnswerRevision, "version", assessment_id=assessment_id)
    assert [row.reply for row in kept] == ['"vault"', '"wiki"'], "both are kept"


def test_saving_what_stands_changes_nothing_even_from_an_old_page(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    first = answering.answer_question(world.app, vera, assessment_id, "storage", "vault")
    again = answering.answer_question(world.app, vera, assessment_id, "storage", "vault")
    assert again.version == first.version == 1
    cleared = answering.answer_question(
        world.app, vera, assessment_id, "storage", None, seen_version=1
    )
    assert cleared.progress.answered == 0
    assert answering.answer_question(world.app, vera, assessment_id, "published", None).version == 0


def test_a_vendors_draft_is_its_own_until_it_submits(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.answer(vera, **BEST)
    world.attach(vera)
    seen = answering.section(world.app, world.reviewer, assessment_id, "retention")
    assert seen.withheld
    assert {view.reply for view in seen.questions} == {None}
    assert [view.question.id for view in seen.questions] == ["keeps_data", "stores", "remarks"]
    assert seen.progress.answered == 6, "how far they are is no secret"
    with pytest.raises(NotAllowed):
        answering.missing(world.app, world.reviewer, assessment_id)
    with pytest.raises(NotAllowed) as refused:
        answering.answer_question(world.app, world.officer, assessment_id, "remarks", "Nice.")
    assert refused.value.code == "answers_are_the_vendors"
    world.submit(vera)
    seen = answering.section(world.app, world.reviewer, assessment_id, "retention")
    assert not seen.withheld
    assert seen.questions[1].reply == "automatic"


def test_a_vendor_finds_neither_the_intake_nor_another_section(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    workspace = answering.overview(world.app, world.officer, assessment_id)
    intake_id = vendors.engagement(world.app, world.officer, workspace.engagement_id).intake_id
    for call in (
        lambda: answering.overview(world.app, vera, intake_id),
        lambda: answering.section(world.app, vera, assessment_id, "nonsense"),
        lambda: answering.answer_question(world.app, vera, intake_id, "criticality", "stopped"),
    ):
        with pytest.raises(NotFound):
            call()


def test_what_is_missing_is_told_in_order_with_what_would_help(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.answer(vera, published="scanned", storage="most", keeps_data="none")
    gaps = answering.missing(world.app, vera, assessment_id)
    assert [(gap.question_id, gap.kind) for gap in gaps] == [
        ("published", "evidence"),
        ("storage", "detail"),
        ("storage", "evidence"),
        ("stores", "unanswered"),
        ("remarks", "unanswered"),
    ]
    assert "Scan report" in gaps[0].says
    world.attach(vera, "storage")
    answering.answer_question(
        world.app, vera, assessment_id, "storage", "most", "One server.", seen_version=1
    )
    left = answering.missing(world.app, vera, assessment_id)
    assert "storage" not in {gap.question_id for gap in left}


def test_saving_one_answer_takes_at_most_eight_queries(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.answer(vera, published="scanned")
    with counted(world.app.store) as first:
        answering.answer_question(world.app, vera, assessment_id, "storage", "vault")
    with counted(world.app.store) as again:
        answering.answer_question(world.app, vera, assessment_id, "storage", "wiki", seen_version=1)
    for sent in (first, again):
        queries = [statement for statement in sent if not statement.startswith(("BEGIN", "COMMIT"))]
        assert len(queries) <= 8, "\n".join(queries)


def test_a_refused_answer_leaves_no_trace(world: World, opened: tuple[str, Actor]) -> None:
    assessment_id, vera = opened
    before = world.app.clock()
    with pytest.raises(Invalid):
        answering.answer_question(world.app, vera, assessment_id, "published", "perhaps")
    workspace = answering.overview(world.app, vera, assessment_id)
    assert workspace.state is State.INVITED, "nothing was begun"
    assert workspace.saved_at is None
    assert before == world.app.clock()
