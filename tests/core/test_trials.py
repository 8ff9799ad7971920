"""What a bounded search finds of plain measures, and that the engine confirms each find."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.rubric_kit import question, questionnaire, rubric
from vendorrisk.conditions import State
from vendorrisk.scoring import Rubric, score
from vendorrisk.scoring.trials import MOST_SHEETS, Payment, search

ROWS = """
    rows: {list: [{id: A}, {id: B}, {id: C}]}
    inputs:
      answer: {from: answers, per: row, choices: [met, not_met, not_applicable]}
"""
SILENT = """
    measures:
      points: {map: answer, to: {met: 100, not_met: 0}}
      overall: {mean: points, unanswered: 0}
    results: {overall: overall}
"""


def written(measures: str, inputs: str = ROWS) -> Rubric:
    return rubric(inputs + measures)


def confirmed(made: Rubric, found: Payment, claim: State = State.NOT_APPLICABLE) -> None:
    """The two sheets differ in one question and score what is told, the claim more."""
    changed = {
        name
        for name in {*found.sheet.answers, *found.claimed.answers}
        if found.sheet.answers.get(name) != found.claimed.answers.get(name)
    }
    assert changed == {found.question}
    assert found.sheet.answers.get(found.question) is found.answer
    assert found.claimed.answers[found.question] is claim is found.claim
    assert (found.sheet.facts, found.sheet.marks) == (found.claimed.facts, found.claimed.marks)
    assert score(made, found.sheet).results["overall"].exact == found.before
    assert score(made, found.claimed).results["overall"].exact == found.after
    gain = found.after - found.before
    assert gain > 0 if made.better == "higher" else gain < 0


def test_a_mean_that_silently_passes_over_a_claim_pays_for_it() -> None:
    made = written(SILENT)
    [found] = search(made).payments
    confirmed(made, found)
    assert (found.input, found.stated) == ("answer", False)
    assert found.measure is not None
    assert found.measure.name == "overall"


@pytest.mark.parametrize(
    "measures",
    [
        SILENT.replace("unanswered: 0", "unanswered: 0, not_applicable: skip"),
        SILENT.replace("not_met: 0}", "not_met: 0}, not_applicable: 100"),
        """
    measures:
      points:
        cases:
        - {when: {answer: [met, not_applicable]}, give: 100}
        else: 0
      overall: {mean: points}
    results: {overall: overall}
""",
    ],
)
def test_a_rubric_that_names_the_claim_states_its_policy(measures: str) -> None:
    made = written(measures)
    [found] = search(made).payments
    confirmed(made, found)
    assert found.stated
    assert found.measure is not None


def test_what_is_said_beside_the_overall_result_states_nothing() -> None:
    made = written(
        SILENT.replace(
            "    results: {overall: overall}",
            "      left: {count: {answer: not_applicable}}\n"
            "    results: {overall: overall, left: left}",
        )
    )
    [found] = search(made).payments
    assert not found.stated


def test_a_claim_that_counts_as_the_worst_answer_is_not_found_to_pay() -> None:
    found = search(written(SILENT.replace("not_met: 0}", "not_met: 0}, not_applicable: 0")))
    assert found.claimable == ("answer",)
    assert found.payments == ()
    assert 0 < found.compared <= found.sheets <= MOST_SHEETS


def test_where_less_is_better_a_claim_pays_that_lowers_the_result() -> None:
    made = written(
        """
    better: lower
    inputs:
      leak:
        from: answers
        number: {at_least: 0, at_most: 9}
        any_number: true
        choices: [not_applicable]
      reach: {from: answers, number: {at_least: 0, at_most: 9}}
    measures:
      overall: {sum: [leak, reach], unanswered: 9}
    results: {overall: overall}
""",
        inputs="",
    )
    [found] = search(made).payments
    confirmed(made, found)
    assert found.before - found.after == 9
    assert found.answer == Fraction(9)


def test_silence_is_compared_too() -> None:
    made = written(
        """
    inputs:
      a: {from: answers, choices: [kept, not_applicable]}
    measures:
      overall:
        cases:
        - {when: {a: unanswered}, give: 0}
        else: 10
    results: {overall: overall}
""",
        inputs="",
    )
    [found] = search(made).payments
    confirmed(made, found)
    assert found.answer is State.UNANSWERED


def test_the_pairs_of_a_questionnaire_ask_the_same_questions() -> None:
    asked = questionnaire(
        [
            question("a", ["yes", "no"], not_applicable=True),
            question("b", ["yes", "no"], show_when={"a": "yes"}),
            question("c", ["yes", "no"]),
        ]
    )
    made = rubric(
        """
    questionnaire: sample
    measures:
      first: {map: a, to: {"yes": 10, "no": 0}, unanswered: 0}
      second: {map: b, to: {"yes": 10, "no": 0}, unanswered: 0}
      third: {map: c, to: {"yes": 10, "no": 0}, unanswered: 0}
      overall: {mean: [first, second, third]}
    results: {overall: overall}
""",
        asked,
    )
    [found] = search(made).payments
    confirmed(made, found)
    assert found.sheet.answers["b"] is found.claimed.answers["b"] is State.HIDDEN


def test_an_approval_by_a_reviewer_states_a_policy_of_its_own() -> None:
    made = written(
        """
    inputs:
      a: {from: answers, choices: [met, not_met]}
      approval: {from: review, of: a, mark: not_applicable, choices: [approved]}
    measures:
      overall:
        cases:
        - {when: {approval: approved}, give: 10}
        - {when: {a: met}, give: 10}
        else: 0
    results: {overall: overall}
""",
        inputs="",
    )
    [found] = search(made).payments
    assert found.stated
    assert found.claimed.marks == {"not_applicable": {"a": "approved"}}
    assert score(made, found.sheet).results["overall"].exact == found.before == 0
    assert score(made, found.claimed).results["overall"].exact == found.after == 10


def test_a_label_that_no_sheet_comes_to_is_left_open_and_others_are_reached() -> None:
    made = written(
        """
    inputs:
      a: {from: answers, choices: ["yes", "no"]}
      b: {from: answers, choices: ["yes", "no"]}
    measures:
      sum: {count: [a, b]}
      overall:
        cases:
        - {when: {a: "yes", b: "yes"}, label: both}
        - {when: {a: "yes", b: "no"}, label: one}
        - {when: {a: "yes", b: ["yes", "no"]}, label: never}
        else: {label: other}
      amount: {bands: sum, to: {two: 2, one: 1, none: else}}
    results: {overall: overall, amount: amount}
""",
        inputs="",
    )
    found = search(made)
    assert found.unreached == {"overall": ("never",)}
    assert found.claimable == ()
    assert found.sheets == MOST_SHEETS


def test_the_same_rubric_gets_the_same_search() -> None:
    one, other = search(written(SILENT)), search(written(SILENT))
    assert [(p.sheet, p.claimed) for p in one.payments] == [
        (p.sheet, p.claimed) for p in other.payments
    ]
    assert (one.sheets, one.unreached) == (other.sheets, other.unreached)


CEILING = """
    inputs:
      met: {from: answers, number: {at_least: 0, at_most: 100}}
      incident: {from: answers, choices: [open, closed]}
      override: {from: answers, number: {at_least: 0, at_most: 100}}
    measures:
      cap: {cases: [{when: {incident: open}, give: 59}], else: hidden}
      computed: {least: [met, cap], unanswered: stop}
      overall: {first: [override, computed]}
    results: {overall: overall}
"""


def test_a_silence_that_lifts_a_cap_pays_and_what_replaces_a_value_says_so_by_its_kind() -> None:
    made = rubric(CEILING)
    found = {one.input: one for one in search(made).silences}
    for one in found.values():
        confirmed(made, one, State.UNANSWERED)
    assert {name: one.stated for name, one in found.items()} == {
        "incident": False,
        "override": True,
    }
    measure = found["incident"].measure
    assert measure is not None
    assert measure.name == "cap"
    assert (found["incident"].before, found["incident"].after) == (59, 100)


def test_a_cap_that_names_silence_leaves_nothing_to_find() -> None:
    named = CEILING.replace("incident: open", "incident: [open, unanswered]")
    assert [one.input for one in search(rubric(named)).silences] == ["override"]


def test_silence_is_not_compared_with_an_answer_that_changes_what_is_asked() -> None:
    made = rubric(
        """
    rows: {list: [{id: a}, {id: b, gates: a}]}
    inputs: {answer: {from: answers, per: row, choices: ["Yes", "No"]}}
    measures:
      closed: {any: {answer: "No"}, over: gates}
      points:
        cases:
        - {when: {closed: "true"}, give: hidden}
        - {when: {answer: "Yes"}, give: 1}
        else: 0
      overall: {mean: points}
    results: {overall: overall}
    """
    )
    assert search(made).silences == ()


@given(
    points=st.lists(st.integers(0, 3), min_size=3, max_size=3),
    silent=st.integers(0, 3),
    better=st.sampled_from(["higher", "lower"]),
)
def test_silence_pays_exactly_where_it_is_better_than_the_worst_answer(
    points: list[int], silent: int, better: str
) -> None:
    cases = ", ".join(
        f"{{when: {{x: {label}}}, give: {given}}}"
        for label, given in zip("abc", points, strict=True)
    )
    made = rubric(
        f"""
        rubric: one
        version: 1
        title: One
        better: {better}
        inputs: {{x: {{from: answers, choices: [a, b, c]}}}}
        measures: {{m: {{cases: [{cases}], else: {silent}}}}}
        results: {{overall: m}}
        """
    )
    found = search(made).silences
    for one in found:
        confirmed(made, one, State.UNANSWERED)
    pays = silent > min(points) if better == "higher" else silent < max(points)
    assert bool(found) == pays
