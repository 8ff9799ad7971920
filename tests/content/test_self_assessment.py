"""docs/self-assessment answers every question, names only what exists, and shows the true score."""

import json
import re
from pathlib import Path

import pytest

from vendorrisk.assurance import (
    Submission,
    build_sheet,
    read_submission,
    score_submission,
    standings,
)
from vendorrisk.conditions import State
from vendorrisk.content import Library, Pack
from vendorrisk.document import Report
from vendorrisk.scoring import Scorecard

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "self-assessment"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
NAMES = ("core", "demo-and-test")
LIBRARY = Library(ROOT / "questionnaires")

each_set = pytest.mark.parametrize("name", NAMES)


def pack(name: str) -> Pack:
    return LIBRARY.pack(name, 1)


def submission(name: str) -> Submission:
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    report = Report(f"{name}.json")
    found = read_submission(data, pack(name).questionnaire, pack(name).rubric, report)
    assert found is not None, "\n".join(map(str, report.problems))
    assert not report.problems
    return found


def scorecard(name: str) -> Scorecard:
    return score_submission(pack(name).questionnaire, pack(name).rubric, submission(name))


def figure(card: Scorecard, result: str) -> int:
    shown = card.results[result].shown
    assert shown.denominator == 1
    return int(shown)


def missing(reference: str) -> str:
    """Why `path` or `path::test` leads nowhere; empty where it leads somewhere."""
    path, _, test = reference.partition("::")
    if not (ROOT / path).is_file():
        return f"{path} does not exist"
    if test and not re.search(rf"^def {test}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE):
        return f"{path} has no {test}"
    return ""


def references(text: str) -> list[str]:
    """What stands in backquotes and is a path, with or without a test; commands are no paths."""
    return [it for it in re.findall(r"`([^`]+)`", text) if " " not in it]


@each_set
def test_every_question_that_is_asked_is_answered_and_nothing_is_ignored(name):
    given = submission(name)
    sheet = build_sheet(pack(name).questionnaire, pack(name).rubric, given)
    hidden = {question for question, value in sheet.answers.items() if value is State.HIDDEN}

    assert not sheet.ignored
    assert {one.id for one in pack(name).questionnaire.questions} - hidden == set(given.answers)


@each_set
def test_every_answer_names_a_test_a_file_or_a_job_that_exists(name):
    wrong = {
        question: [missing(it) for it in references(reply.note) if missing(it)]
        for question, reply in submission(name).answers.items()
    }

    assert all(references(reply.note) for reply in submission(name).answers.values())
    assert not {question: why for question, why in wrong.items() if why}


@each_set
def test_an_answer_that_is_shown_by_tests_names_them(name):
    given = submission(name)
    for question in given.evidence["tests"].questions:
        assert "::test_" in given.answers[question].note, question


@each_set
def test_the_evidence_is_our_own_counts_and_is_explained(name):
    given = submission(name)
    proofs = standings(pack(name).questionnaire, pack(name).rubric, given)

    assert {proof.evidence for proof in proofs} == set(given.evidence)
    assert {proof.level for proof in proofs} == {"documented"}
    assert not given.review
    for evidence in given.evidence:
        row = re.search(rf"^\| `{evidence}` \| (.+) \|$", PAGE, re.MULTILINE)
        assert row, evidence
        assert not [missing(it) for it in references(row[1]) if missing(it)]


@each_set
def test_a_question_that_is_in_both_sets_is_answered_alike(name):
    here, core = submission(name).answers, submission("core").answers

    assert {it: here[it] for it in here.keys() & core} == {
        it: core[it] for it in here.keys() & core
    }


@each_set
def test_the_page_shows_the_figures_and_ceilings_as_they_come_out(name):
    card, everyday = scorecard(name), pack(name).rubric.everyday
    expected = [
        f"[The answers]({name}.json), and **{figure(card, 'claimed')} claimed → "
        f"{figure(card, 'overall')} assured, {card.results['band'].shown}**.",
        *(
            f"| {domain.title} | {figure(card, f'{it}.claimed')} | {figure(card, it)} |"
            for it, domain in everyday.domains.items()
        ),
        *(
            f"- at most {rule.limit} (`{rule.id}`): {rule.because}"
            for rule in card.rules
            if rule.limit is not None
        ),
        *(f"- `{rule.id}`: {rule.because}" for rule in card.rules if rule.limit is None),
    ]
    part = PAGE.split(f"[The answers]({name}.json)")[1]
    part = f"[The answers]({name}.json)" + re.split(r"^##", part, flags=re.MULTILINE)[0]
    shown = re.findall(r"^(?:\[The answers\]|\| \w|- ).*$", part, re.MULTILINE)

    assert shown == expected


def test_the_readme_shows_both_scores():
    said = [
        f"{figure(card, 'claimed')} claimed → {figure(card, 'overall')} assured, "
        f"{card.results['band'].shown}"
        for card in map(scorecard, NAMES)
    ]
    line = f"core {said[0]}; demo and test environments {said[1]}"

    assert line in (ROOT / "README.md").read_text(encoding="utf-8")
