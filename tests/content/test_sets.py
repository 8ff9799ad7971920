"""What triggers a set and what contradicts what: the shipped files, and how mistakes are told."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.content import (
    ACROSS,
    CASES,
    TRIGGERS,
    Library,
    check,
    load_across,
    load_triggers,
    set_cases,
)
from vendorrisk.document import Report
from vendorrisk.sets import contradictions, worst_band

ROOT = Path(__file__).parents[2] / "questionnaires"
LIBRARY = Library(ROOT)
BANDS = ("strong", "adequate", "limited", "weak", "unacceptable")


@pytest.mark.parametrize("name", [TRIGGERS, ACROSS])
def test_the_shipped_file_has_no_problem_and_every_case_holds(name):
    assert check(ROOT / name, LIBRARY) == []
    report = Report("cases")
    cases = set_cases(LIBRARY, name, report)
    assert cases
    assert not report.problems
    assert [case.id for case in cases if not case.holds] == []


def test_every_vendor_set_but_none_other_is_triggered():
    vendors = {
        pack.id
        for pack in LIBRARY.packs()
        if pack.questionnaire is not None and pack.questionnaire.answered_by == "vendor"
    }
    assert {one.id for one in load_triggers(LIBRARY).sets} == vendors


def test_there_are_at_least_fifteen_contradictions_across_sets():
    assert len(load_across(LIBRARY).rules) >= 15


def test_a_rule_waits_until_every_set_it_looks_at_is_answered():
    across = load_across(LIBRARY)
    for rule in across.rules:
        some = {place: {} for place in rule.between[:-1]}
        assert rule.id not in {one.rule for one in contradictions(across, some)}


@pytest.fixture
def library(tmp_path) -> Library:
    """A copy of the shipped library in which files can be broken."""
    for name in ("catalogs", "intake", "demo-and-test", "core"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return Library(tmp_path)


def problems(library: Library, name: str, text: str, cases: str = "cases: []\n"):
    (library.root / name).write_text(text, encoding="utf-8")
    (library.root / CASES[name]).write_text(cases, encoding="utf-8")
    return check(library.root / name, library)


BROKEN = """\
triggers: sets
version: 1
sets:
- set: demo
  kind: addendum
  triggers:
  - trigger: first
    when: {demo_planed: real}
    because: One.
- set: demo-and-test
  kind: addendum
  triggers:
  - trigger: second
    when: {demo_planned: reel}
    because: Two.
  - trigger: third
    when: {tier: "1", not: {tier: ["1", "2"]}}
    because: Three.
"""


def test_mistakes_in_triggers_are_told_all_at_once_with_their_lines(library):
    found = {(p.code, p.place.line) for p in problems(library, TRIGGERS, BROKEN)}
    assert found == {
        ("unknown-set", 4),
        ("unknown-question", 8),
        ("unknown-choice", 14),
        ("never-holds", 17),
    }


def test_a_trigger_that_no_case_reaches_is_told(library):
    text = BROKEN.split("- set: demo\n")[0] + (
        "- set: demo-and-test\n  kind: addendum\n  triggers:\n"
        "  - {trigger: planned, when: {demo_planned: real}, because: It is planned.}\n"
    )
    (told,) = problems(library, TRIGGERS, text)
    assert told.code == "not-reached"
    assert "`planned`" in told.message
    case = "cases:\n- {case: one, says: x, known: {demo_planned: real}, expect: [demo-and-test]}\n"
    none = "- {case: two, says: x, known: {demo_planned: no_demo}, expect: []}\n"
    assert problems(library, TRIGGERS, text, case + none) == []
    wrong = case.replace("expect: [demo-and-test]", "expect: []")
    assert {p.code for p in problems(library, TRIGGERS, text, wrong + none)} == {"case-differs"}


def test_mistakes_in_rules_across_sets_are_told_with_their_lines(library):
    text = """\
across: contradictions
version: 1
rules:
- rule: within-one
  between: [intake, demo-and-test]
  when: {demo_planned: real, ai_use: acts_alone}
  because: Both stand in the intake.
- rule: no-such-set
  between: [intake, demos]
  when: {demo_planned: real}
  because: There is none.
- rule: no-such-choice
  between: [intake, demo-and-test]
  when: {demo_planned: real, pilot_agreement: never}
  because: There is none.
"""
    found = {(p.code, p.place.line) for p in problems(library, ACROSS, text)}
    assert found == {("one-set-only", 4), ("unknown-set", 9), ("unknown-choice", 14)}


def test_a_rule_needs_a_case_for_and_a_case_against(library):
    text = """\
across: contradictions
version: 1
rules:
- rule: real-though-never
  between: [intake, demo-and-test]
  when: {demo_planned: real, pilot_agreement: never_accepted}
  because: They do not go together.
"""
    told = [p.message for p in problems(library, ACROSS, text)]
    assert len(told) == 2
    assert all("`real-though-never`" in message for message in told)


def test_a_broken_set_takes_nothing_from_the_others(library):
    (library.root / "core" / "v1" / "rubric.yaml").write_text("rubric: [", encoding="utf-8")
    assert {pack.id for pack in library.usable()} == {"intake", "demo-and-test"}


@given(st.lists(st.sampled_from([*BANDS, None]), min_size=1), st.sampled_from([*BANDS, None]))
def test_one_more_result_never_makes_the_worst_one_better(bands, another):
    rank = [*BANDS[:-1], None, BANDS[-1]]
    before, after = worst_band(bands, BANDS), worst_band([*bands, another], BANDS)
    assert rank.index(after) >= rank.index(before)
    assert worst_band(list(reversed(bands)), BANDS) == before
