"""The outlook holds whatever comes to light of claims without proof and of open questions."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.access_kit import ASKED, GOOD, METHOD, RUBRIC, good
from tests.core.rubric_kit import (
    LEVELS,
    World,
    question,
    questionnaire,
    real_answers,
    rubric,
    worlds,
)
from vendorrisk.assurance import (
    Evidence,
    Reply,
    Review,
    Submission,
    score_submission,
)
from vendorrisk.conditions import State, names
from vendorrisk.outlook import Outcome, Outlook, outlook
from vendorrisk.questionnaire import EvidenceRequest, Questionnaire
from vendorrisk.scoring import Rubric
from vendorrisk.scoring.everyday import claimed


def ahead(asked: Questionnaire, by: Rubric, submission: Submission) -> Outlook:
    found = outlook(asked, by, submission, score_submission(asked, by, submission))
    assert found is not None
    return found


def looked(asked: Questionnaire = ASKED, **data: Any) -> Outlook:
    return ahead(asked, RUBRIC, good(asked=asked, **data))


def number(outcome: Outcome) -> Fraction:
    assert isinstance(outcome.overall.exact, Fraction)
    return outcome.overall.exact


def all_at(level: str) -> dict[str, dict[str, str]]:
    return {name: {"assurance": level} for name in GOOD}


# -- what it says ---------------------------------------------------------------------------------


def test_words_alone_carry_nothing_and_could_all_be_proven():
    found = looked()
    assert number(found.proven) <= 29, "what clears the knockout is not proven"
    assert number(found.provable) == number(found.best) == 100
    assert found.provable.band.exact == "strong"
    assert set(found.unproven) == set(GOOD)
    assert found.open == ()


def test_where_all_is_proven_nothing_is_left_to_change():
    found = looked(review=all_at("verified"))
    assert (found.unproven, found.short, found.open) == ((), (), ())
    assert number(found.proven) == number(found.provable) == number(found.best) == 100
    assert list(found.lines()) == [
        "What proof could change: nothing; all that is claimed is proven."
    ]


def test_some_proof_stays_and_more_would_count_as_far_as_the_tier_asks():
    documented = all_at("documented")
    found = looked(review=documented)
    assert found.unproven == ()
    assert set(found.short) == set(GOOD)
    assert (number(found.proven), number(found.provable)) == (70, 100)
    low_tier = {"tier": 4, "data_classes": ["contact"]}
    assert looked(review=documented, facts=low_tier).short == ()


def test_an_admission_needs_no_proof():
    found = looked(answers=GOOD | {"secret_stores": ["configuration"]})
    assert "secret_stores" not in (*found.unproven, *found.short)


def test_dont_know_is_open_and_what_a_reviewer_contradicted_is_settled():
    answers = {"factor_kind": "hardware", "secret_stores": ["vault"]}
    found = looked(
        answers=answers, review={"secret_stores": {"assurance": "contradicted", "reason": "Seen."}}
    )
    assert "second_factor" in found.open
    assert "secret_stores" not in (*found.short, *found.open)
    assert number(found.best) == 59, "the contradiction stays, and caps"


def test_not_applicable_that_nobody_approved_is_open():
    facts = {"tier": 1, "data_classes": ["biometric"]}
    answers = GOOD | {"faces": {"not_applicable": "There are none."}}
    claimed_only = looked(answers=answers, facts=facts)
    assert claimed_only.open == ("faces",)
    assert number(claimed_only.best) > number(claimed_only.provable)
    review = {"faces": {"not_applicable": "approved", "reason": "Seen."}}
    assert looked(answers=answers, facts=facts, review=review).open == ()


def test_a_weaker_answer_that_has_proof_counts():
    first = ASKED.questions[0]
    report = EvidenceRequest(
        choices=("administrators",), kinds=("scan_report",), no_older_than=None, says=""
    )
    section, *rest = ASKED.sections
    narrow = replace(first, evidence=(report,))
    asked = replace(
        ASKED, sections=(replace(section, questions=(narrow, *section.questions[1:])), *rest)
    )
    proof = {"E1": {"kind": "scan_report", "for": ["AC1"], "dated": "2026-10-30"}}
    found = looked(asked, evidence=proof)
    assert "second_factor" in found.unproven
    # 50 of 100 points with 5 of 11 of the weight, and no other answer counts.
    assert number(found.proven) == Fraction(50 * 5, 11)
    assert number(looked(asked).proven) == 0


TICKED = """
questionnaire: sample
assurance:
  by: tier
  levels: [self_attested, verified]
  shares: {"1": [0.5, 1], "2": [0.5, 1]}
  admissions: 10
  evidence: {report: verified}
weights: {high: 1}
domains: {alerts: {title: Alerts, critical: false}}
criteria:
- criterion: c-alerts
  question: alerts
  domain: alerts
  weight: high
  because: It matters.
  ticked: sum
  points: {sign_in: 40, export: 40, keys: 20}
limits: {knocked_out: 29, capped: 59}
bands: {good: 50, bad: else}
"""


def test_of_ticks_those_with_proof_count():
    ticks = ("sign_in", "export", "keys")
    request = EvidenceRequest(choices=("sign_in",), kinds=("report",), no_older_than=None)
    alerts = replace(question("alerts", ticks, kind="many_of"), evidence=(request,))
    asked = questionnaire([alerts], {"tier": ("1", "2")})
    found = rubric(TICKED, asked)
    day = date(2026, 11, 1)
    given = Submission(
        answers={"alerts": Reply(frozenset(ticks))},
        facts={"tier": "1"},
        evidence={"E1": Evidence("E1", "report", ("alerts",), day, None, {})},
        as_of=day,
    )
    card = score_submission(asked, found, given)
    assert card.results["overall"].exact == 70
    ends = ahead(asked, found, given)
    assert [number(end) for end in (ends.proven, ends.provable, ends.best)] == [40, 100, 100]
    assert ends.unproven == ends.short == ("alerts",)


def test_a_text_tells_the_range_and_data_has_the_same_figures():
    found = looked(answers={"second_factor": "everyone", "secret_stores": ["vault"]})
    text = "\n".join(found.lines())
    least = f"{number(found.proven)} of 100, unacceptable"
    assert f"Without 2 answers that are only said: {least}." in text
    assert "With full proof for 2 answers: " in text
    assert "With that and the best answer to 2 open questions, proven: 100 of 100, strong." in text
    data = found.to_json()
    assert data["best"]["overall"]["value"] == 100
    assert data["open"] == ["exceptions", "factor_kind"]


def test_plain_measures_know_no_proof():
    given = Submission(answers={"backup": Reply("done")})
    assert outlook(None, METHOD, given, score_submission(None, METHOD, given)) is None


# -- that it holds --------------------------------------------------------------------------------


def as_submission(world: World) -> Submission:
    """The sheet of a world as a reviewer would have judged it."""
    drawn = world.given
    return Submission(
        answers={
            name: Reply(value)
            for name, value in drawn.answers.items()
            if value is not State.UNANSWERED
        },
        facts=drawn.facts,
        review={
            name: Review(
                assurance="contradicted" if name in drawn.contradicted else levels["*"],
                not_applicable="approved" if name in drawn.approved else None,
            )
            for name, levels in drawn.levels.items()
        },
    )


@settings(max_examples=100)
@given(worlds())
def test_the_more_is_proven_the_higher_it_is(world):
    submission = as_submission(world)
    card = score_submission(world.asked, world.rubric, submission)
    found = ahead(world.asked, world.rubric, submission)
    ends = (found.proven, Outcome.of(card), found.provable, found.best)
    figures = [one.overall.exact for one in ends if isinstance(one.overall.exact, Fraction)]
    assert figures == sorted(figures)
    assert set(found.unproven) <= set(found.short)
    assert set(found.short).isdisjoint(found.open)


@settings(max_examples=100)
@given(worlds(), st.data())
def test_whatever_comes_to_light_the_score_stays_within(world, data):
    submission = as_submission(world)
    found = ahead(world.asked, world.rubric, submission)
    answers, review = dict(submission.answers), dict(submission.review)
    items = {one.id: one for one in world.asked.questions}
    graded = {one.question: one for one in world.rubric.everyday.criteria.values()}
    for name in found.unproven:  # the truth is as claimed, or worth less
        truth = data.draw(real_answers(items[name]))
        if claimed(graded[name], truth) < claimed(graded[name], answers[name].value):
            answers[name] = Reply(truth)
    for name in found.open:
        if data.draw(st.booleans()):
            answers[name] = Reply(data.draw(real_answers(items[name])))
    for name in (*found.short, *found.open):  # and is proven as well as now, or better
        if (now := review[name].assurance) in LEVELS:
            better = st.sampled_from(LEVELS[LEVELS.index(now) :])
            review[name] = replace(review[name], assurance=data.draw(better))
    seen = replace(submission, answers=answers, review=review)
    came = score_submission(world.asked, world.rubric, seen).results["overall"].exact
    if not isinstance(came, Fraction):
        return
    if isinstance(found.proven.overall.exact, Fraction):
        assert came >= found.proven.overall.exact
    # Answers that bring up or hide others are completed one by one, as for `high`.
    gates = {
        name
        for one in world.asked.questions
        if one.show_when is not None
        for name in names(one.show_when)
    }
    # A knockout outranks insufficient basis, so bad answers may have a score and the best none.
    best = found.best.overall.exact
    if gates.isdisjoint((*found.unproven, *found.open)) and isinstance(best, Fraction):
        assert came <= best
