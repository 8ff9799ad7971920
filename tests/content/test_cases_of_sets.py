"""The cases of each set show what an expert tries: best, worst, silence, proof, contradiction."""

from functools import cache
from pathlib import Path

import pytest

from vendorrisk.assurance import CONTRADICTED, standings
from vendorrisk.conditions import State
from vendorrisk.content import Library, coverage_problems, pack_folders, run_cases

ROOT = Path(__file__).parents[2] / "questionnaires"
LIBRARY = Library(ROOT)
FOLDERS = [f for f in pack_folders(ROOT) if (f / "questionnaire.yaml").is_file()]
SETS = [folder for folder in FOLDERS if folder.parent.name != "intake"]


def name_of(folder):
    return folder.parent.name


each_set = pytest.mark.parametrize("folder", SETS, ids=name_of)


@cache
def outcomes(folder):
    return run_cases(LIBRARY.load(folder))


def submissions(folder):
    return [outcome.case.submission for outcome in outcomes(folder)]


@cache
def proofs(folder):
    """The state of every piece of evidence of every case."""
    pack = LIBRARY.load(folder)
    return {
        standing.state
        for submission in submissions(folder)
        for standing in standings(pack.questionnaire, pack.rubric, submission)
    }


@each_set
def test_the_exemplar_is_shown_at_the_very_top(folder):
    best = next(iter(LIBRARY.load(folder).rubric.everyday.bands))
    assert any(
        outcome.scorecard.results["overall"].exact == 100
        and outcome.scorecard.results["band"].exact == best
        and not outcome.scorecard.rules
        for outcome in outcomes(folder)
    )


@each_set
def test_the_worst_is_shown_with_every_answer_given_and_none_earning_a_point(folder):
    assert any(
        outcome.scorecard.results["overall"].exact == 0
        and outcome.scorecard.results["claimed"].exact == 0
        and outcome.scorecard.results["coverage"].exact == 1
        for outcome in outcomes(folder)
    )


@each_set
def test_each_option_rule_and_band_is_shown(folder):
    pack = LIBRARY.load(folder)
    assert [str(problem) for problem in coverage_problems(pack, outcomes(folder))] == []


@each_set
def test_silence_and_dont_know_are_shown_and_earn_nothing(folder):
    blank = [o for o in outcomes(folder) if not o.case.submission.answers]
    assert blank
    assert all(outcome.scorecard.results["overall"].exact == 0 for outcome in blank)
    told = {
        reply.value
        for submission in submissions(folder)
        for reply in submission.answers.values()
        if isinstance(reply.value, str)
    }
    assert "dont_know" in told


@each_set
def test_what_does_not_apply_is_shown_approved_and_without_approval(folder):
    grounds = [q for q in LIBRARY.load(folder).questionnaire.questions if q.not_applicable]
    approved = {
        question in submission.review and submission.review[question].not_applicable == "approved"
        for submission in submissions(folder)
        for question, reply in submission.answers.items()
        if reply.value is State.NOT_APPLICABLE
    }
    assert not grounds or approved == {True, False}


@each_set
@pytest.mark.parametrize("state", ["fresh", "out_of_scope"])
def test_evidence_is_shown_fresh_and_out_of_scope(folder, state):
    assert state in proofs(folder)


@each_set
def test_evidence_is_shown_gone_stale(folder):
    assert proofs(folder) & {"stale", "too_old"}


@each_set
def test_a_contradicted_answer_is_shown(folder):
    assert any(
        review.assurance == CONTRADICTED
        for submission in submissions(folder)
        for review in submission.review.values()
    )


def test_the_cases_of_the_intake_reach_every_tier():
    (intake,) = [folder for folder in FOLDERS if folder not in SETS]
    tiers = {outcome.scorecard.results["tier"].exact for outcome in outcomes(intake)}
    assert {"1", "2", "3", "4"} <= {str(tier) for tier in tiers}
    assert not any(
        outcome.scorecard.results["tier"].exact in ("3", "4")
        for outcome in outcomes(intake)
        if not outcome.case.submission.answers
    )
