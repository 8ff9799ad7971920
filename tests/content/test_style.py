"""Check warns of what is hard to answer alike, to prove or to mend; sound words it leaves alone."""

from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.content import Library, check, pack_folders, read_yaml
from vendorrisk.content.questionnaires import read_questionnaire
from vendorrisk.content.style import check_style, reading_grade, syllables
from vendorrisk.document import Place, Report
from vendorrisk.questionnaire import EvidenceKind
from vendorrisk.scoring import read_rubric

ROOT = Path(__file__).parents[2] / "questionnaires"
LIBRARY = Library(ROOT)
KINDS = {"policy": EvidenceKind("policy", "Policy", "", None)}
SETS = [folder for folder in pack_folders(ROOT) if (folder / "questionnaire.yaml").is_file()]


def warnings_of(question, *, criterion=None, assured=True):
    """The style warnings of one question, with the rubric that grades it if there is one."""
    asked = {
        "questionnaire": "sample",
        "version": 1,
        "status": "draft",
        "title": "Sample",
        "purpose": "To try a question.",
        "answered_by": "vendor",
        "facts": {"tier": {"says": "Tier", "one_of": ["1"]}},
        "sections": [{"section": "only", "title": "Only", "questions": [question]}],
    }
    report = Report("questionnaire.yaml")
    record = read_yaml(yaml.safe_dump(asked, sort_keys=False, width=999).encode(), report)
    questionnaire = read_questionnaire(record, KINDS, report)
    everyday = graded = None
    if criterion is not None:
        rubric = {
            "rubric": "sample",
            "version": 1,
            "questionnaire": "sample",
            "title": "Sample",
            "assurance": {
                "by": "tier",
                "levels": ["self_attested", "documented"],
                "shares": {"1": [0.5, 1]},
                "admissions": 40,
                "evidence": {"policy": "documented"},
            },
            "weights": {"high": 3},
            "domains": {"only": {"title": "Only"}},
            "criteria": [
                {"criterion": "one", "question": question["id"], "domain": "only"}
                | {"weight": "high", "because": "It matters."}
                | criterion
            ],
            "limits": {"knocked_out": 29, "capped": 59},
            "bands": {"good": 50, "bad": "else"},
        }
        if not assured:
            del rubric["assurance"]
        written = yaml.safe_dump(rubric, sort_keys=False).encode()
        graded = read_yaml(written, report)
        found = read_rubric(
            graded, tables=lambda name: None, questionnaire=questionnaire, report=report
        )
        assert found is not None, "\n".join(map(str, report.problems))
        everyday = found.everyday
    assert questionnaire is not None, "\n".join(map(str, report.problems))
    assert report.problems == []
    check_style(questionnaire, everyday, record, graded, report)
    assert report.errors == []
    return report.warnings


def codes(question, **more):
    return {problem.code for problem in warnings_of(question, **more)}


def asking(ask="How long do you keep our data?", *options, **more):
    """A sound question, but for what a test changes."""
    options = options or ("Up to 30 days", "Up to 90 days", "Longer")
    return {
        "id": "asked",
        "ask": ask,
        "help": "Count from the day it came in.",
        "answer": "one_of",
        "choices": {f"o{number}": says for number, says in enumerate(options)},
    } | more


# -- what ships


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.parent.name)
def test_a_set_that_ships_gives_no_warning(folder):
    assert [str(problem) for problem in check(folder, LIBRARY)] == []


def test_a_questionnaire_that_lies_alone_is_warned_about_as_well(tmp_path):
    shipped = (ROOT / "lite" / "v1" / "questionnaire.yaml").read_text(encoding="utf-8")
    alone = tmp_path / "proposal.yaml"
    alone.write_text(shipped.replace("Up to 30 days", "Regularly", 1), encoding="utf-8")
    (problem,) = check(alone, LIBRARY)
    line = next(n for n, text in enumerate(alone.read_text().splitlines(), 1) if "Regul" in text)
    assert (problem.code, problem.severity, problem.place.line) == ("vague-word", "warning", line)


# -- one thing asked


@pytest.mark.parametrize(
    "ask",
    [
        "Who owns the policy, and how often is it read?",
        "Where are backups kept and who can read them?",
        "How do you store and delete our data?",
        "How do you quickly detect and answer an incident?",
        "Do you encrypt data at rest and in transit?",
        "Do you hash or encrypt passwords?",
        "Is there a policy, and is it reviewed?",
        "Who writes and approves the policy?",
        "How do you monitor and respond to alerts?",
        "How does your company identify, assess and treat risks?",
        "How are backups protected and tested?",
        "Which systems are scanned and how often?",
        "What do you log? How long is it kept?",
        "Which encryption and/or masking do you use?",
        "How long are logs kept, and do you read them?",
    ],
)
def test_a_question_that_asks_two_things_is_told(ask):
    assert "double-barrelled" in codes(asking(ask))


@pytest.mark.parametrize(
    "ask",
    [
        "What is your rule on real personal data in demo and test systems?",
        "How long do the keys and tokens that your machines use stay valid?",
        "Does any default, embedded or published credential work in any of your systems today?",
        "How exactly do you store where a person is or has been?",
        "What has changed in who owns or controls your company?",
        "What could happen to a person if this data leaked or was wrong?",
        "What happens to personal details and secrets before a prompt leaves your company?",
        "Which of your demo and test systems are on a list with owner, end date and reach?",
        "Who can reach systems that hold names and addresses?",
        "Where is it written which tasks are yours, and which are ours?",
    ],
)
def test_a_question_about_one_thing_may_name_several(ask):
    assert codes(asking(ask)) == set()


# -- words


@pytest.mark.parametrize(
    "ask",
    [
        "Do you always encrypt our data?",
        "Are all laptops encrypted?",
        "Is data never copied?",
        "Are the disks fully encrypted?",
    ],
)
def test_a_question_that_invites_an_absolute_claim_is_told(ask):
    assert "absolute" in codes(asking(ask))


@pytest.mark.parametrize(
    "option", ["Always", "Data is encrypted in all cases", "It is 100 % encrypted", "Never"]
)
def test_an_option_that_claims_what_nobody_can_see_is_told(option):
    assert "absolute" in codes(asking("How is it done?", option, "By hand", "Not at all"))


@pytest.mark.parametrize(
    "options",
    [
        ("At least every quarter", "At least once a year", "Never"),
        ("Never; the contract rules it out", "Only after we have agreed in writing", "Whenever"),
        ("Every class of data in every environment", "One general period", "There is none"),
        ("All of it, and we have opened it", "Part of it", "None of it"),
    ],
)
def test_a_quantity_that_can_be_counted_is_no_absolute(options):
    assert codes(asking("How much of it is there?", *options)) == set()


VAGUE = [
    "adequate",
    "appropriately",
    "regularly",
    "sufficient",
    "periodically",
    "industry standard",
    "industry-standard",
    "best practice",
    "best practices",
    "reasonable",
    "where necessary",
    "securely",
]


@pytest.mark.parametrize("word", VAGUE)
def test_a_word_that_means_something_else_to_each_reader_is_told_wherever_it_stands(word):
    text = f"It is {word} so."
    question = asking("How is it done?", text, "By hand", "Not at all")
    assert codes(question) == {"vague-word"}
    assert codes(asking(f"What is {word} here?")) == {"vague-word"}
    assert codes(asking(help=text)) == {"vague-word"}
    assert codes(asking(not_applicable=text)) == {"vague-word"}


def test_a_vague_word_that_is_only_quoted_is_not_said():
    assert codes(asking(help='A rule that says "regularly" does not count.')) == set()
    assert codes(asking(help="A rule that says “where possible” does not count.")) == set()


def test_a_warning_names_the_line_of_its_words_and_a_way_to_mend_them():
    question = asking("How is it done?", "With proper keys", "Not at all")
    (problem,) = warnings_of(question)
    lines = yaml.safe_dump(question, sort_keys=False).splitlines()
    within = next(n for n, line in enumerate(lines) if "proper" in line)
    (first,) = warnings_of(asking("What is a proper key?"))
    assert problem.place == Place("questionnaire.yaml", first.place.line + within - 1)
    assert "say what can be seen" in problem.message
    assert problem.severity == "warning"


# -- options


@pytest.mark.parametrize(
    "options",
    [
        ("Up to 30 days", "30 to 90 days", "Longer"),
        ("Up to 30 days", "20 to 90 days", "Longer"),
        ("Up to one month", "30 days to 1 year", "Longer"),
        ("1 to 5", "5 to 10", "More"),
        ("Up to 90 days", "90 days or more"),
        ("10 – 50 %", "40 – 80 %", "Over 80 %"),
        ("Fewer than 1,000", "999 to 5,000", "More"),
        ("It is tried out, and we are told", "We are told", "Nothing"),
        ("Everyone, with a second factor", "Everyone", "Nobody"),
    ],
)
def test_options_of_which_two_fit_one_vendor_are_told(options):
    assert codes(asking("How long?", *options)) == {"options-overlap"}


@pytest.mark.parametrize(
    "options",
    [
        ("Up to 30 days", "60 to 90 days", "Longer"),
        ("Less than 30 days", "More than 30 days"),
        ("Up to 30 days", "31 to 90 days", "91 to 180 days"),
        ("Up to 24 hours", "Up to 72 hours"),
        ("1 to 5", "10 or more"),
    ],
)
def test_options_of_which_none_fits_some_vendor_are_told(options):
    assert codes(asking("How long?", *options)) == {"options-hole"}


@pytest.mark.parametrize(
    "options",
    [
        ("Up to 30 days", "31 to 90 days", "Longer"),
        ("Up to 30 days", "More than 30 days"),
        ("Less than 30 days", "30 to 90 days", "Over 90 days"),
        (
            "None",
            "Fewer than 1,000",
            "1,000 to 99,999",
            "100,000 to 999,999",
            "One million or more",
        ),
        ("Within 24 hours", "Within 72 hours", "Later, or it is not measured"),
        (
            "Up to an hour, drilled",
            "Up to 24 hours, drilled",
            "Up to 24 hours, not drilled",
            "Later",
        ),
        ("At least 90 %", "At least 50 %", "Less than 50 %"),
        ("Within the last 6 months", "Within the last 12 months", "Longer ago"),
        ("Tested", "Not tested", "Nothing"),
        ("A sample, and an alert if it fails", "A sample, with no alert if it fails", "Nothing"),
        ("Yes", "Yes, except where it is named", "No"),
    ],
)
def test_options_that_share_nothing_and_leave_no_hole_are_left_alone(options):
    assert codes(asking("How long?", *options)) == set()


@given(st.lists(st.integers(1, 500), min_size=1, max_size=5, unique=True), st.sampled_from("dmy"))
def test_a_ladder_whose_steps_meet_is_left_alone_and_one_whose_steps_share_a_day_is_told(
    ends, letter
):
    unit = {"d": "days", "m": "months", "y": "years"}[letter]
    ends.sort()
    meeting = [f"Up to {ends[0]} {unit}"]
    sharing = list(meeting)
    for low, high in pairwise(ends):
        meeting.append(f"{low + 1} to {high} {unit}")
        sharing.append(f"{low} to {high} {unit}")
    tail = f"More than {ends[-1]} {unit}"
    assert codes(asking("How long?", *meeting, tail)) == set()
    expected = {"options-overlap"} if len(ends) > 1 else set()
    assert codes(asking("How long?", *sharing, tail)) == expected


def test_two_options_of_the_same_words_are_told():
    assert codes(asking("How?", "By a job", "By a job.", "By hand")) == {"options-alike"}


def test_ticks_of_a_many_of_question_may_stand_beside_each_other():
    question = asking("What is kept?", "Names", "Names of children", "Nothing", answer="many_of")
    assert codes(question) == set()


# -- what is missing

POINTS = {"o0": 100, "o1": 70, "o2": 0}


def test_an_answer_that_nothing_would_prove_is_told_by_its_choices():
    graded = {"points": POINTS, "remedy": "Delete sooner."}
    (problem,) = warnings_of(asking(), criterion=graded)
    assert problem.code == "no-evidence"
    assert "`o0`, `o1`" in problem.message
    for_best = asking(evidence=[{"for": ["o0"], "accept": ["policy"]}])
    (problem,) = warnings_of(for_best, criterion=graded)
    assert "`o0`" not in problem.message
    assert codes(asking(evidence=[{"accept": ["policy"]}]), criterion=graded) == set()


def test_an_admission_needs_no_evidence_nor_does_an_answer_that_is_taken_at_its_word():
    admitted = {"points": {"o0": 40, "o1": 20, "o2": 0}, "remedy": "Delete sooner."}
    assert codes(asking(), criterion=admitted) == set()
    graded = {"points": POINTS, "remedy": "Delete sooner."}
    assert codes(asking(), criterion=graded, assured=False) == set()


def test_a_number_that_nothing_would_prove_is_told():
    question = {"id": "days", "ask": "How many days?", "help": "Count.", "answer": "number"}
    graded = {"bands": {"100": "<=30", "0": "else"}, "remedy": "Delete sooner."}
    assert codes(question, criterion=graded) == {"no-evidence"}
    proven = question | {"evidence": [{"accept": ["policy"]}]}
    assert codes(proven, criterion=graded) == set()


def test_a_criterion_without_a_remedy_is_told():
    question = asking(evidence=[{"accept": ["policy"]}])
    assert codes(question, criterion={"points": POINTS}) == {"no-remedy"}


def test_a_question_without_help_is_told():
    question = asking()
    del question["help"]
    assert codes(question) == {"no-help"}


@pytest.mark.parametrize(
    "ground", ["Not applicable.", "If this is not relevant to you.", "N/A", "Does not apply."]
)
def test_a_ground_that_states_no_fact_is_told(ground):
    assert codes(asking(not_applicable=ground)) == {"empty-ground"}
    assert codes(asking(not_applicable="The service keeps no backups.")) == set()


# -- reading grade


def test_a_question_that_takes_more_than_twelve_years_of_school_is_told():
    hard = (
        "Which organisational authentication infrastructure capabilities mitigate unauthorised "
        "administrative reconfiguration of heterogeneous virtualisation environments?"
    )
    assert codes(asking(hard)) == {"reading-grade"}


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        # 9 words, 9 syllables, one sentence: 0.39 × 9 + 11.8 - 15.59 < 0, and no grade is below 0
        ("The quick red fox jumps on the lame dog.", 0),
        # 6 words, 13 syllables, one sentence: 0.39 × 6 + 11.8 × 13 / 6 - 15.59
        ("Regulators require a written report today.", 12.32),
        # 8 words, 12 syllables, two sentences: 0.39 × 4 + 11.8 × 1.5 - 15.59
        ("Delete the copies. Tell us about the result.", 3.7),
        ("", 0),
    ],
)
def test_the_grade_is_that_of_the_published_formula(text, grade):
    assert reading_grade(text) == pytest.approx(grade, abs=0.05)


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("data", 2),
        ("backup", 2),
        ("delete", 2),
        ("store", 1),
        ("stored", 1),
        ("needed", 2),
        ("table", 2),
        ("keys", 1),
        ("databases", 4),
        ("API", 2),
        ("2026", 1),
    ],
)
def test_syllables_are_counted_by_spelling(word, count):
    assert syllables(word) == count
