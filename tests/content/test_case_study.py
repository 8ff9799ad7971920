"""The reported case of docs/case-study.md ends knocked out, with its reasons by name."""

import json
import re
from dataclasses import replace
from fractions import Fraction
from math import floor
from pathlib import Path

import pytest

from vendorrisk.assurance import (
    Review,
    Submission,
    completed,
    read_submission,
    score_submission,
)
from vendorrisk.content import Library, Pack, load_triggers, read_cases, run_case
from vendorrisk.document import Report
from vendorrisk.scoring.plain_text import scorecard_text
from vendorrisk.sets import suggest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "case-study.md"
ANSWERS = ROOT / "questionnaires" / "core" / "v1" / "case-study.json"

KNOCKOUTS = {
    "published-credential",
    "shared-outside-credential",
    "one-key-reads-everyone",
    "testers-in-one-pool",
}
CAPS = {"demo-data-never-deleted", "promise-not-verified"}


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(ROOT / "questionnaires")


@pytest.fixture(scope="module")
def core(library: Library) -> Pack:
    return library.pack("core", 1)


@pytest.fixture(scope="module")
def reported(core: Pack) -> Submission:
    """The answers that the report implies, and no others."""
    report = Report("case-study.json")
    data = json.loads(ANSWERS.read_text(encoding="utf-8"))
    submission = read_submission(data, core.questionnaire, core.rubric, report)
    assert submission is not None, "\n".join(map(str, report.errors))
    return submission


@pytest.fixture(scope="module")
def at_best(core: Pack, reported: Submission) -> Submission:
    """The same, with every answer that was not reported at its best and verified by us."""
    whole = completed(
        core.questionnaire, core.rubric, reported, worst=False, leave=set(reported.answers)
    )
    unreported = set(whole.answers) - set(reported.answers)
    return replace(whole, review={name: Review(assurance="verified") for name in unreported})


def effects(card, effect: str) -> set[str]:
    return {rule.id for rule in card.rules if rule.effect == effect}


def test_the_intake_makes_it_tier_1_with_very_high_inherent_risk(library, reported):
    intake = library.pack("intake", 1)
    case = next(case for case in read_cases(intake) if case.id == "the-reported-case")
    outcome = run_case(intake, case)
    assert not outcome.problems
    shown = {name: outcome.scorecard.results[name].exact for name in ("inherent", "tier")}
    assert shown == {"inherent": "very_high", "tier": "1"}
    same = [name for name in reported.facts if name in case.submission.answers]
    assert len(same) == 4
    for name in same:
        assert reported.facts[name] == case.submission.answers[name].value
    assert reported.facts["tier"] == "1"


def test_the_knockouts_and_caps_fire_by_name(core, reported):
    card = score_submission(core.questionnaire, core.rubric, reported)
    assert effects(card, "knockout") == KNOCKOUTS
    assert effects(card, "cap") == CAPS
    assert "not-cleared:path_to_production" in effects(card, "not_cleared")
    assert card.results["overall"].exact <= 29
    assert card.results["band"].exact == "unacceptable"


def test_the_best_of_everything_unreported_does_not_average_the_fatal_answers_away(core, at_best):
    card = score_submission(core.questionnaire, core.rubric, at_best)
    domains = {name: card.results[name].exact for name in ("retention", "credentials", "test_data")}
    assert max(domains.values()) >= 70
    assert card.results["overall"].exact <= 29
    assert card.results["band"].exact == "unacceptable"
    assert effects(card, "knockout") == KNOCKOUTS
    assert effects(card, "cap") == CAPS


def test_without_the_knockouts_and_caps_the_same_answers_would_look_good(core, at_best):
    card = score_submission(core.questionnaire, core.rubric, at_best)
    mean = card.results["mean"].exact
    assert isinstance(mean, Fraction)
    assert mean >= 70


def test_the_figures_in_the_document_are_those_of_the_rubric(core, reported, at_best):
    text = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    alone = score_submission(core.questionnaire, core.rubric, reported).results
    best = score_submission(core.questionnaire, core.rubric, at_best).results
    assert f"the score is {floor(alone['overall'].exact)} of 100" in text
    assert f"stands at {floor(best['retention'].exact)} of 100" in text
    assert f"over everything would be {floor(best['mean'].exact)}," in text
    assert f"The overall score is {floor(best['overall'].exact)}," in text


def test_each_answer_of_the_file_says_whether_it_was_reported_or_inferred(reported):
    for name, reply in reported.answers.items():
        assert reply.value == "dont_know" or re.match(r"(Reported|Inferred)[:,]", reply.note), name


def test_the_document_names_the_source_each_answer_and_each_rule(core, reported):
    text = DOCUMENT.read_text(encoding="utf-8")
    assert "Business Insider" in text
    assert "as reported" in text
    for name, reply in reported.answers.items():
        question = core.questionnaire.by_name()[name]
        row = next(line for line in text.splitlines() if f"{question.code} `{name}`" in line)
        said = "don't know" if reply.value == "dont_know" else f"`{reply.value}`"
        assert said in row, name
        assert ("*inferred*" in row) == reply.note.startswith("Inferred"), name
    for rule in KNOCKOUTS | CAPS | {"not-cleared:path_to_production"}:
        assert f"`{rule}`" in text


ADDENDA = ("demo-and-test", "biometric-and-sensitive-data", "incident")


def in_set(library: Library, name: str) -> tuple[Pack, Submission]:
    """A set, and the answers to it that the report implies."""
    pack = library.pack(name, 1)
    report = Report(name)
    data = json.loads((pack.folder / "case-study.json").read_text(encoding="utf-8"))
    submission = read_submission(data, pack.questionnaire, pack.rubric, report)
    assert submission is not None, "\n".join(map(str, report.errors))
    return pack, submission


def best_elsewhere(pack: Pack, reported: Submission) -> Submission:
    """The same, with the best answer to all that was not reported, verified by us."""
    whole = completed(
        pack.questionnaire, pack.rubric, reported, worst=False, leave=set(reported.answers)
    )
    unreported = set(whole.answers) - set(reported.answers)
    return replace(whole, review={name: Review(assurance="verified") for name in unreported})


def test_the_demo_set_is_knocked_out_by_the_same_answers(library):
    pack, reported = in_set(library, "demo-and-test")
    for submission in (reported, best_elsewhere(pack, reported)):
        card = score_submission(pack.questionnaire, pack.rubric, submission)
        assert effects(card, "knockout") == KNOCKOUTS - {"one-key-reads-everyone"}
        assert effects(card, "cap") == CAPS
        assert card.results["overall"].exact <= 29


def test_the_biometric_set_is_not_cleared_by_silence(library):
    pack, reported = in_set(library, "biometric-and-sensitive-data")
    card = score_submission(pack.questionnaire, pack.rubric, reported)
    assert effects(card, "knockout") == set()
    fatal = {rule.id for rule in card.rules if rule.effect == "not_cleared" and rule.limit == 29}
    assert fatal == {
        "not-cleared:data_after_purpose",
        "not-cleared:template_protection",
        "not-cleared:sensitive_sharing",
    }
    assert card.results["band"].exact == "unacceptable"


def test_the_incident_set_stays_capped_and_names_what_to_verify_with_its_dates(library):
    pack, reported = in_set(library, "incident")
    for submission in (reported, best_elsewhere(pack, reported)):
        card = score_submission(pack.questionnaire, pack.rubric, submission)
        assert effects(card, "cap") == {
            "cause-not-found",
            "promise-not-verified",
            *(f"deletion-of-day-{day}-not-verified" for day in (0, 91, 180)),
        }
        assert card.results["overall"].exact <= 59
    due = {rule["id"]: rule["due"] for rule in card.to_json()["rules"] if "due" in rule}
    assert due["deletion-of-day-91-not-verified"] == [{"day": 91, "on": "2022-08-31"}]
    assert due["deletion-of-day-180-not-verified"] == [{"day": 180, "on": "2022-11-28"}]
    assert "Due on day 91, 2022-08-31; day 180, 2022-11-28." in scorecard_text(card)
    assert "nobody has checked yet. (rule promise-not-verified)\n" in scorecard_text(card)


def test_the_sets_of_the_case_are_those_that_its_answers_call_for(library, reported):
    intake = library.pack("intake", 1)
    case = next(case for case in read_cases(intake) if case.id == "the-reported-case")
    known = {name: reply.value for name, reply in case.submission.answers.items()}
    triggers = load_triggers(library)
    before = {one.set_id for one in suggest(triggers, {**known, "tier": "1"})}
    assert before == {"core", "biometric-and-sensitive-data", "ai", "incident"}
    said = {name: reply.value for name, reply in reported.answers.items()}
    after = {one.set_id for one in suggest(triggers, {**known, **said, "tier": "1"})}
    assert after - before == {"demo-and-test"}


def test_one_question_has_one_answer_in_every_set_of_the_case(library, reported):
    for name in ADDENDA:
        _, other = in_set(library, name)
        for question in other.answers.keys() & reported.answers.keys():
            assert other.answers[question] == reported.answers[question]


@pytest.mark.parametrize("name", ADDENDA)
def test_each_answer_in_an_addendum_is_marked_and_stands_in_the_document(library, name):
    pack, reported = in_set(library, name)
    text = DOCUMENT.read_text(encoding="utf-8")
    for question_id, reply in reported.answers.items():
        assert reply.value == "dont_know" or re.match(r"(Reported|Inferred)[:,]", reply.note)
        code = pack.questionnaire.by_name()[question_id].code
        row = next(
            line
            for line in text.splitlines()
            if f"| {name} |" in line and f"{code} `{question_id}`" in line
        )
        said = "don't know" if reply.value == "dont_know" else f"`{reply.value}`"
        assert said in row
        assert ("*inferred*" in row) == reply.note.startswith("Inferred")


def test_the_promised_deletion_has_its_days(reported):
    text = DOCUMENT.read_text(encoding="utf-8")
    calendar = text.split("## The promise")[1].split("## ")[0]
    days = [line.split("|")[1].strip() for line in calendar.splitlines() if line.startswith("| ")]
    assert days == ["Day", "0, now", "91", "180", "180, backups"]
