"""Lifting a rule takes its ceiling away and nothing else, and leaves in sight that it fired."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.access_kit import ASKED, GOOD, RUBRIC, good
from tests.core.rubric_kit import World, worlds
from vendorrisk.assurance import (
    read_submission,
    score_submission,
    unsettled_for,
)
from vendorrisk.document import Report
from vendorrisk.scoring import Scorecard, Sheet, score
from vendorrisk.scoring.columns import Columns, Sheets
from vendorrisk.scoring.plain_text import scorecard_text

FEW = settings(max_examples=40, deadline=None)
ANSWERS = GOOD | {"second_factor": "nobody", "secret_stores": ["wiki"]}
LIFT = {"reason": "The answer was about another system.", "asked_by": "Ada", "granted_by": "Ben"}


def lifting(world: World, rules: set[str]) -> Sheet:
    sheet = world.given.sheet(world.asked)
    return replace(sheet, marks={**sheet.marks, "rule": dict.fromkeys(sorted(rules), "lifted")})


@st.composite
def lifted_worlds(draw: st.DrawFn) -> tuple[World, set[str]]:
    world = draw(worlds())
    assert world.rubric.everyday is not None
    hard = [rule.id for rule in world.rubric.everyday.rules.values() if rule.effect != "clarify"]
    return world, draw(st.sets(st.sampled_from(hard))) if hard else set()


def scored(lifted: object = None, answers: object = None, review: object = None) -> Scorecard:
    more = {"lifted": lifted} if lifted else {}
    return score_submission(ASKED, RUBRIC, good(answers=answers or ANSWERS, review=review, **more))


@given(lifted_worlds())
@FEW
def test_lifting_never_lowers_a_result_and_hides_no_other_rule(found: tuple[World, set[str]]):
    world, rules = found
    before, after = world.card(), score(world.rubric, lifting(world, rules))
    assert [rule.id for rule in before.rules] == [rule.id for rule in after.rules]
    for old, new in zip(before.rules, after.rules, strict=True):
        if old.id in rules and old.effect in ("knockout", "cap"):
            assert new.lifted is not None
            assert (new.effect, new.limit) == ("lifted", None)
            assert (new.lifted.effect, new.lifted.limit) == (old.effect, old.limit)
        else:
            assert new == old
    assert (after.lines, {**after.results, "overall": 0, "band": 0}) == (
        before.lines,
        {**before.results, "overall": 0, "band": 0},
    )
    then, now = before.results["overall"].exact, after.results["overall"].exact
    if isinstance(then, Fraction) and isinstance(now, Fraction):
        assert now >= then
    elif then != now:  # a knockout outranks an insufficient basis, which is what is left then
        assert any(rule.lifted and rule.lifted.effect == "knockout" for rule in after.rules)
        assert "Insufficient basis" in " ".join(after.results["overall"].why)


@given(lifted_worlds())
@FEW
def test_what_does_not_fire_cannot_be_lifted(found: tuple[World, set[str]]):
    world, rules = found
    fired = {rule.id for rule in world.card().rules}
    assert score(world.rubric, lifting(world, rules - fired)).to_bytes() == world.card().to_bytes()


@given(lifted_worlds())
@settings(max_examples=15, deadline=None)
def test_columns_lift_as_the_exact_engine_does(found: tuple[World, set[str]]):
    world, rules = found
    sheets = [world.given.sheet(world.asked), lifting(world, rules)]
    columns = Sheets.of(sheets)
    results = Columns(world.rubric, columns.layout).run(columns)["overall"]
    for at, sheet in enumerate(sheets):
        exactly = score(world.rubric, sheet).results["overall"].exact
        value = results.value(at)
        if isinstance(exactly, Fraction):
            assert isinstance(value, float)
            assert value == pytest.approx(float(exactly))
        else:
            assert value == exactly


def test_a_lifted_knockout_stays_in_the_account_with_its_ceiling_and_who_lifted_it():
    card = scored({"no-second-factor": LIFT})
    knockout = next(rule for rule in card.to_json()["rules"] if rule["id"] == "no-second-factor")
    assert knockout["effect"] == "lifted"
    assert knockout["limit"] is None
    assert knockout["lifted"] == {"effect": "knockout", "limit": 29, **LIFT}
    assert "asked for by Ada and granted by Ben" in scorecard_text(card)
    why = card.results["overall"].why[0]
    assert "29" in why
    assert LIFT["reason"] in why
    values = {(used.measure, used.value) for used in card.derivation}
    assert ("rule.no-second-factor", "lifted") in values
    assert ("rule.secrets-in-a-wiki", "fires") in values


def test_a_reason_with_lines_of_its_own_stays_on_one_line():
    reason = "Seen.\nOverall: 100 of 100, strong\u2028Claimed: 100"
    card = scored(lifted={"no-second-factor": LIFT | {"reason": reason}})
    lines = scorecard_text(card).splitlines()
    assert any("Seen. Overall: 100 of 100, strong Claimed: 100" in line for line in lines)
    assert not any(line.startswith(("Overall: 100", "Claimed: 100")) for line in lines)


def test_the_figure_without_lifting_stands_beside_the_one_with_it():
    plain, lifted = scored(), scored({"no-second-factor": LIFT})
    assert "unlifted" not in plain.results
    assert lifted.results["unlifted"] == plain.results["overall"]
    assert lifted.results["low"].exact <= lifted.results["overall"].exact
    assert plain.digests["input"] != lifted.digests["input"]


def test_without_lifting_a_submission_is_the_same_bytes_as_ever():
    bare = {"answers": ANSWERS, "facts": {"tier": 1, "data_classes": []}}
    assert good(bare).to_bytes() == good({**bare, "lifted": {}}).to_bytes()
    assert "lifted" not in json.loads(good(bare).to_bytes())


@pytest.mark.parametrize(
    ("answers", "review"),
    [
        ({**ANSWERS, "second_factor": "nobody"}, {"second_factor": {"assurance": "contradicted"}}),
        ({"secret_stores": ["wiki"]}, {}),
    ],
)
def test_lifting_has_no_effect_while_an_answer_behind_the_rule_cannot_be_relied_on(answers, review):
    data = {"answers": answers, "facts": {"tier": 1, "data_classes": []}, "review": review}
    assert unsettled_for(ASKED, RUBRIC, good(data), "no-second-factor") == ("second_factor",)
    with_lift = scored({"no-second-factor": LIFT}, answers, review)
    assert with_lift.results == scored(None, answers, review).results
    assert not any(rule.lifted for rule in with_lift.rules)


@pytest.mark.parametrize(
    ("lifted", "code", "words"),
    [
        ({"no-second-facto": LIFT}, "unknown-rule", 'Did you mean "no-second-factor"?'),
        ({"everyone-but-many": LIFT}, "unknown-rule", "no knockout or cap `everyone-but-many`"),
        ({"no-second-factor": {"asked_by": "Ada"}}, "missing-key", "reason"),
        ({"no-second-factor": "yes"}, "not-a-mapping", "the lifting of `no-second-factor`"),
    ],
)
def test_a_lifting_that_cannot_be_is_a_problem_with_its_place(lifted, code, words):
    report = Report("a.json")
    data = {"answers": ANSWERS, "facts": {"tier": 1, "data_classes": []}, "lifted": lifted}
    assert read_submission(data, ASKED, RUBRIC, report) is None
    assert code in {problem.code for problem in report.errors}
    assert words in " ".join(str(problem) for problem in report.errors)
