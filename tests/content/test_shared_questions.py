"""One question, one wording: what several sets ask is the same in each, and asking has a budget."""

from pathlib import Path

import pytest

from vendorrisk.conditions import names
from vendorrisk.content import Library

ROOT = Path(__file__).parents[2] / "questionnaires"
LIBRARY = Library(ROOT)
SETS = {pack.id: pack.questionnaire for pack in LIBRARY.packs() if pack.questionnaire is not None}
SHARING = sorted(SETS.keys() - {"core", "intake"})


def wording(question):
    """What a vendor reads and what a file of answers is keyed by."""
    says = tuple((choice.id, choice.says, choice.detail) for choice in question.choices)
    return question.ask, question.help, question.answer, says, question.not_applicable


def ids(questionnaire_id: str) -> set[str]:
    return {question.id for question in SETS[questionnaire_id].questions}


@pytest.mark.parametrize("questionnaire_id", SHARING)
def test_a_shared_question_reads_word_for_word_as_in_core_and_as_in_every_other_set(
    questionnaire_id,
):
    for question in SETS[questionnaire_id].questions:
        for other_id in ("core", *SHARING):
            other = SETS[other_id].by_name().get(question.id)
            if other is not None:
                assert wording(question) == wording(other), f"{question.id} differs in {other_id}"


def test_no_two_questions_share_a_code():
    taken: dict[str, str] = {}
    for questionnaire in SETS.values():
        for question in questionnaire.questions:
            if question.code is not None:
                assert taken.setdefault(question.code, question.id) == question.id


def test_after_core_the_demo_set_asks_at_most_two_in_five_anew():
    asked = ids("demo-and-test")
    assert len(asked - ids("core")) <= len(asked) * 0.4


@pytest.mark.parametrize(("questionnaire_id", "minutes"), [("lite", 30), ("core", 180)])
def test_a_set_fits_the_time_it_may_take(questionnaire_id, minutes):
    assert sum(question.minutes for question in SETS[questionnaire_id].questions) <= minutes


def test_lite_asks_whatever_can_knock_a_vendor_out_in_core():
    core = LIBRARY.pack("core").rubric.everyday
    facts = {fact.id for fact in SETS["core"].facts}
    fatal = {
        name
        for rule in core.rules.values()
        if rule.effect == "knockout"
        for name in set(names(rule.when)) - facts
    }
    assert fatal <= ids("lite")
