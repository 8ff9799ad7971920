"""Submissions are checked whole, evidence counts by date and scope, and the range is honest."""

import json
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.access_kit import ASKED, FACTS, GOOD, METHOD, RUBRIC, good, read, submit
from vendorrisk.assurance import (
    Reply,
    build_sheet,
    read_reply,
    read_submission,
    score_submission,
    standings,
    supported_levels,
)
from vendorrisk.conditions import State
from vendorrisk.document import Report


def codes(data, **more) -> list[str]:
    return sorted(problem.code for problem in read(data, **more)[1].errors)


# -- reading


def test_every_kind_of_answer_is_read_as_its_type():
    found = good(
        answers={
            "AC1": {"value": "everyone", "note": "Two old boxes"},
            "exceptions": 3,
            "factor_kind": {"dont_know": True},
            "secret_stores": ["vault", "wiki"],
            "faces": {"not_applicable": "There are none."},
            "reviewed_on": "2026-01-31",
            "remarks": "None.",
        }
    )
    assert found.answers == {
        "second_factor": Reply("everyone", "Two old boxes"),
        "exceptions": Reply(Fraction(3)),
        "factor_kind": Reply("dont_know"),
        "secret_stores": Reply(frozenset({"vault", "wiki"})),
        "faces": Reply(State.NOT_APPLICABLE, ground="There are none."),
        "reviewed_on": Reply(date(2026, 1, 31)),
        "remarks": Reply("None."),
    }
    assert found.facts == {"tier": "1", "data_classes": frozenset({"contact"})}


def test_null_blank_and_nothing_ticked_are_unanswered():
    found = good(
        answers={"second_factor": None, "remarks": "  ", "secret_stores": [], "exceptions": None}
    )
    assert found.answers == {}


def test_a_note_without_an_answer_is_kept_and_is_no_answer():
    found = good(answers={"second_factor": {"value": None, "note": "We are asking."}})
    assert found.answers == {"second_factor": Reply(State.UNANSWERED, "We are asking.")}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"second_facter": "everyone"}, "unknown-question"),
        ({"second_factor": "everybody"}, "unknown-choice"),
        ({"second_factor": ["everyone"]}, "bad-answer"),
        ({"second_factor": {"choice": "everyone"}}, "bad-answer"),
        ({"second_factor": {"not_applicable": "No."}}, "bad-answer"),
        ({"faces": {"not_applicable": ""}}, "no-value"),
        ({"faces": {"not_applicable": "x" * 10_001}}, "too-long"),
        ({"factor_kind": {"dont_know": False}}, "not-one-of"),
        ({"exceptions": {"dont_know": True}}, "bad-answer"),
        ({"secret_stores": "vault"}, "bad-answer"),
        ({"secret_stores": ["vault", "attic"]}, "unknown-choice"),
        ({"exceptions": "many"}, "bad-answer"),
        ({"exceptions": -1}, "bad-answer"),
        ({"exceptions": 10001}, "bad-answer"),
        ({"exceptions": 1.5}, "bad-answer"),
        ({"exceptions": float("nan")}, "bad-answer"),
        ({"exceptions": float("inf")}, "bad-answer"),
        ({"exceptions": 10**400}, "bad-answer"),
        ({"exceptions": "1e999999999"}, "bad-answer"),
        ({"exceptions": True}, "bad-answer"),
        ({"reviewed_on": "31.1.2026"}, "bad-answer"),
        ({"reviewed_on": "2026-02-30"}, "bad-answer"),
        ({"reviewed_on": "2026-11-02"}, "bad-answer"),
        ({"reviewed_on": "1999-12-31"}, "bad-answer"),
        ({"remarks": "x" * 100_000}, "too-long"),
        ({"remarks": {"value": "x", "note": "y" * 100_000}}, "too-long"),
        ({"remarks": {"value": "x", "nota": "y"}}, "unknown-key"),
        ({"AC1": "everyone", "second_factor": "everyone"}, "duplicate-answer"),
    ],
)
def test_an_answer_that_does_not_fit_is_a_problem(answers, code):
    assert codes(submit(answers)) == [code]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"tier": 5, "data_classes": []}, "bad-fact"),
        ({"tier": [1], "data_classes": []}, "bad-fact"),
        ({"tier": 1, "data_classes": "contact"}, "bad-fact"),
        ({"tier": 1, "data_classes": ["faces"]}, "bad-fact"),
        ({"tier": 1, "data_classes": [], "colour": "red"}, "unknown-fact"),
        ({"data_classes": []}, "missing-fact"),
        ({"tier": 1}, "missing-fact"),
        ({"tier": None, "data_classes": []}, "missing-fact"),
        ({"tier": 1, "data_classes": [], "scope": {"planet": "Mars"}}, "unknown-key"),
    ],
)
def test_facts_are_those_declared_and_none_that_is_used_is_missing(facts, code):
    assert codes(submit(facts=facts)) == [code]


def piece(**more):
    return {"E1": {"kind": "policy", "for": ["AC1"], "dated": "2026-06-01"} | more}


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        (piece(kind="polcy"), "unknown-evidence"),
        (piece(**{"for": ["AC99"]}), "unknown-question"),
        (piece(**{"for": []}), "no-value"),
        (piece(dated=None), "undated-evidence"),
        (piece(dated="June"), "bad-date"),
        (piece(dated="2026-11-02"), "date-to-come"),
        (piece(period_end="2027-01-01"), "date-to-come"),
        (piece(colour="red"), "unknown-key"),
        (piece(scope={"planet": "Mars"}), "unknown-key"),
        ({"E1": "policy"}, "not-a-mapping"),
    ],
)
def test_faulty_evidence_is_a_problem(evidence, code):
    expected = [code, "undated-evidence"] if code == "bad-date" else [code]
    assert codes(submit(evidence=evidence)) == expected


def test_evidence_needs_a_day_on_which_it_is_looked_at():
    data = submit(evidence=piece())
    assert codes(data | {"as_of": None}) == ["missing-key"]
    assert codes(submit(as_of=None)) == []


@pytest.mark.parametrize(
    ("review", "code"),
    [
        ({"AC1": {"assurance": "certain"}}, "not-one-of"),
        ({"AC1": {"not_applicable": "perhaps"}}, "not-one-of"),
        ({"AC1": {"verdict": "compliant"}}, "unknown-key"),
        ({"AC99": {"assurance": "audited"}}, "unknown-question"),
        ({"AC1": {"assurance": "audited"}, "second_factor": {}}, "duplicate-answer"),
        ({"AC1": "audited"}, "not-a-mapping"),
    ],
)
def test_a_faulty_review_is_a_problem(review, code):
    assert codes(submit(review=review)) == [code]


@pytest.mark.parametrize("said", [True, False, 0, -3.5, 1e99])
def test_what_somebody_said_is_no_number_and_no_truth_value(said):
    lifted = {"no-second-factor": {"reason": said}}
    assert codes(submit(lifted=lifted)) == ["not-text"]
    assert codes(submit({"AC1": {"value": "everyone", "note": said}})) == ["not-text"]
    assert codes(submit({"faces": {"not_applicable": said}})) == ["not-text"]
    assert codes(submit(review={"AC1": {"reason": said}})) == ["not-text"]
    assert codes({"answers": {"backup": {"not_applicable": said}}}, rubric=METHOD, asked=None)[
        -1:
    ] == ["not-text"]
    assert codes(submit(lifted={"no-second-factor": {"reason": str(said)}})) == []


def test_all_problems_are_reported_at_once_and_in_words():
    data = submit(
        {"AC1": "everybody", "exceptions": -1, "nothing": "x"},
        facts={"tier": 9},
        evidence={"E1": {"kind": "policy", "for": ["AC1"]}},
        as_of="soon",
        more="x",
    )
    found = read(data)[1].errors
    assert {problem.code for problem in found} == {
        "unknown-choice",
        "bad-answer",
        "unknown-question",
        "bad-fact",
        "undated-evidence",
        "bad-date",
        "unknown-key",
    }
    assert all(problem.message.endswith((".", "?")) for problem in found)


@pytest.mark.parametrize("data", [None, [], "x", 3, {"answers": []}, {"facts": "x"}, {"review": 3}])
def test_what_is_no_submission_is_a_problem(data):
    assert codes(data)


ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["AC1", "exceptions", "value", "for", "kind", "tier", "E1", "scope"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
PARTS = st.sampled_from(["answers", "facts", "evidence", "review", "as_of", "x"])


@settings(max_examples=150)
@given(st.dictionaries(PARTS, ANY, max_size=5))
def test_nothing_makes_the_reader_raise(data):
    for rubric, asked in ((RUBRIC, ASKED), (METHOD, None)):
        report = Report()
        assert read_submission(data, asked, rubric, report) is None or not report.errors


def test_a_submission_written_out_reads_as_itself():
    first = good(
        answers={
            "AC1": {"value": "everyone", "note": "Two old boxes"},
            "exceptions": 3,
            "factor_kind": {"dont_know": True},
            "secret_stores": ["wiki", "vault"],
            "faces": {"not_applicable": "There are none."},
            "reviewed_on": "2026-01-31",
            "remarks": {"value": "dont_know", "note": "Truly."},
        },
        facts=FACTS | {"scope": {"environment": "production"}},
        evidence=piece(scope={"product": "Gate"}, period_end="2026-05-01"),
        review={"AC4": {"assurance": "verified", "reason": "Seen."}},
    )
    again = good(json.loads(first.to_bytes()))
    assert again == first
    assert again.digest == first.digest
    assert first.digest.startswith("sha256:")


def test_words_without_an_answer_survive_being_written_out():
    first = good(answers={"second_factor": {"value": None, "note": "We are asking."}})
    assert good(json.loads(first.to_bytes())) == first


def test_the_digest_follows_content_and_not_order_or_codes():
    one = good(answers={"AC1": "everyone", "exceptions": 0})
    two = good(answers={"exceptions": "0", "second_factor": "everyone"})
    three = good(answers={"exceptions": 1, "second_factor": "everyone"})
    assert one.digest == two.digest
    assert one.digest != three.digest


def test_one_reply_is_checked_as_it_is_in_a_submission():
    question = ASKED.by_name()["AC1"]
    report = Report()
    assert read_reply(question, "everyone", report) == Reply("everyone")
    assert read_reply(question, None, report) is None
    assert not report.problems
    assert read_reply(question, "nowhere", report) is None
    assert "everyone, administrators, nobody" in report.errors[0].message


# -- evidence by date and scope


def level_of(
    evidence, *, as_of="2026-11-01", scope=None, choice="everyone", question="second_factor"
):
    facts = FACTS | ({"scope": scope} if scope else {})
    found = supported_levels(
        ASKED, RUBRIC, good(evidence={"E1": evidence}, as_of=as_of, facts=facts)
    )
    levels = found.get(question, {})
    return levels.get(choice, levels.get("*", "self_attested"))


@pytest.mark.parametrize(
    ("as_of", "level"),
    [
        ("2026-06-30", "audited"),  # the last day of the twelfth month
        ("2026-07-01", "documented"),  # the day after is stale: one level down
        ("2026-12-30", "documented"),  # the last day of the eighteenth
        ("2026-12-31", "self_attested"),
        ("2040-01-01", "self_attested"),
    ],
)
def test_age_runs_from_the_end_of_the_period_in_calendar_months(as_of, level):
    report = {
        "kind": "soc2_type2",
        "for": ["AC1"],
        "dated": "2025-09-01",
        "period_end": "2025-06-30",
    }
    assert level_of(report, as_of=as_of) == level


@pytest.mark.parametrize(
    ("as_of", "level"),
    [
        ("2026-01-11", "verified"),  # ten days, as this question asks; not the kind's thirty
        ("2026-01-12", "audited"),
        ("2026-01-16", "audited"),
        ("2026-01-17", "self_attested"),
    ],
)
def test_without_a_period_age_runs_from_the_date_in_days(as_of, level):
    scan = {"kind": "scan_report", "for": ["AC1"], "dated": "2026-01-01"}
    assert level_of(scan, as_of=as_of) == level


def test_evidence_without_a_validity_never_goes_stale():
    diagram = {"kind": "diagram", "for": ["AC3"], "dated": "2001-01-01"}
    assert level_of(diagram, question="factor_kind", choice="app") == "documented"


@pytest.mark.parametrize(
    ("named", "assessed", "counts"),
    [
        ({"environment": "production"}, {"environment": "production"}, True),
        ({"environment": "Production "}, {"environment": "production"}, True),
        ({"environment": "staging"}, {"environment": "production"}, False),
        ({"product": "Gate"}, {"product": "Wall", "environment": "production"}, False),
        ({}, {"environment": "production"}, True),
        ({"entity": "Larkmere Ltd"}, {"environment": "production"}, True),
        ({"entity": "A", "product": "Gate"}, {"entity": "B", "product": "Gate"}, False),
    ],
)
def test_a_named_scope_that_differs_counts_for_nothing(named, assessed, counts):
    found = level_of(
        {"kind": "policy", "for": ["AC1"], "dated": "2026-06-01", "scope": named}, scope=assessed
    )
    assert found == ("documented" if counts else "self_attested")


def test_evidence_speaks_for_the_choices_it_is_asked_for():
    scan = {"kind": "scan_report", "for": ["AC1"], "dated": "2026-10-30"}
    assert level_of(scan, choice="everyone") == "verified"
    assert level_of(scan, choice="administrators") == "self_attested"
    policy = {"kind": "policy", "for": ["AC1"], "dated": "2026-06-01"}
    assert level_of(policy, choice="administrators") == "documented"
    assert level_of(policy, choice="nobody") == "self_attested"


def test_a_kind_that_the_question_does_not_ask_for_counts_for_nothing():
    found = good(evidence={"E1": {"kind": "policy", "for": ["AC3"], "dated": "2026-06-01"}})
    assert supported_levels(ASKED, RUBRIC, found) == {}
    (standing,) = standings(ASKED, RUBRIC, found)
    assert standing.state == "not_asked_for"
    assert standing.level is None


def test_the_best_of_several_pieces_counts():
    found = good(
        evidence={
            "E1": {"kind": "policy", "for": ["AC1"], "dated": "2026-06-01"},
            "E2": {"kind": "soc2_type2", "for": ["AC1"], "dated": "2026-06-01"},
            "E3": {"kind": "soc2_type2", "for": ["AC1"], "dated": "2020-06-01"},
        }
    )
    assert supported_levels(ASKED, RUBRIC, found)["second_factor"]["everyone"] == "audited"


def test_a_bridge_letter_is_never_an_audit():
    letter = {"kind": "bridge_letter", "for": ["AC1"], "dated": "2026-10-01"}
    assert level_of(letter) == "documented"


def test_a_review_replaces_what_evidence_supports_up_and_down():
    report = {"kind": "soc2_type2", "for": ["AC1"], "dated": "2026-06-01"}
    for level in ("self_attested", "documented", "verified"):
        found = good(evidence={"E1": report}, review={"AC1": {"assurance": level}})
        assert supported_levels(ASKED, RUBRIC, found)["second_factor"] == {"*": level}


def test_a_contradiction_is_a_mark_and_no_level():
    sheet = build_sheet(ASKED, RUBRIC, good(review={"AC1": {"assurance": "contradicted"}}))
    assert sheet.marks["assurance"] == {"second_factor": "contradicted"}
    assert "second_factor" not in sheet.levels


LEVELS = ("self_attested", "documented", "audited", "verified")


@given(st.dates(date(2024, 1, 1), date(2027, 1, 1)), st.integers(0, 900), st.integers(0, 900))
def test_older_evidence_never_proves_more(dated, one, other):
    def level(days):
        as_of = (dated + timedelta(days=days)).isoformat()
        evidence = {"kind": "soc2_type2", "for": ["AC1"], "dated": dated.isoformat()}
        return LEVELS.index(level_of(evidence, as_of=as_of))

    young, old = sorted((one, other))
    assert level(young) >= level(old)


# -- scoring


def results(**more):
    return score_submission(ASKED, RUBRIC, good(**more)).results


def test_the_answer_to_a_hidden_question_is_ignored_and_listed():
    card = score_submission(
        ASKED, RUBRIC, good(answers=GOOD | {"second_factor": "nobody", "faces": "as_templates"})
    )
    assert set(card.ignored) == {"exceptions", "factor_kind", "faces"}
    without = score_submission(
        ASKED,
        RUBRIC,
        good(answers={"second_factor": "nobody", "secret_stores": ["vault"]}),
    )
    assert card.results["overall"].exact == without.results["overall"].exact


def test_perfect_words_without_proof_end_at_half_in_tier_1():
    found = results()
    assert found["overall"].exact == 50
    assert found["claimed"].exact == 100


def test_the_range_of_a_complete_answer_is_its_score():
    found = results()
    assert found["low"].exact == found["overall"].exact == found["high"].exact


def test_the_range_takes_worst_and_best_answers_with_rules_and_all_that_they_bring_up():
    found = results(answers={"secret_stores": ["vault"]})
    assert found["low"].exact <= 29, "the worst answer is a knockout"
    assert found["high"].exact == results()["overall"].exact
    assert found["low"].exact <= found["overall"].exact <= found["high"].exact


def test_the_range_counts_evidence_that_lies_there():
    report = {"kind": "soc2_type2", "for": ["AC1", "AC3"], "dated": "2026-06-01"}
    with_it = results(answers={"secret_stores": ["vault"]}, evidence={"E1": report})
    assert with_it["high"].exact > results(answers={"secret_stores": ["vault"]})["high"].exact


CHOICES = {
    "second_factor": ["everyone", "administrators", "nobody", {"dont_know": True}, None],
    "exceptions": [0, 5, 20, None],
    "factor_kind": ["hardware", "app", "text_message", None],
    "secret_stores": [["vault"], ["configuration", "vault"], ["wiki"], None],
    "faces": ["as_templates", "as_images", {"not_applicable": "None."}, None],
}
SHEETS = st.fixed_dictionaries({name: st.sampled_from(some) for name, some in CHOICES.items()})


@settings(max_examples=60)
@given(SHEETS, st.sampled_from([1, 2, 3, 4]), st.data())
def test_whatever_the_open_questions_turn_out_to_be_the_score_lies_in_the_range(
    answers, tier, data
):
    facts = {"tier": tier, "data_classes": ["biometric"]}
    before = results(answers=answers, facts=facts)
    full = {
        name: data.draw(
            st.sampled_from([c for c in CHOICES[name] if not isinstance(c, dict) and c is not None])
        )
        if value is None
        else value
        for name, value in answers.items()
    }
    after = results(answers=full, facts=facts)
    if isinstance(after["overall"].exact, Fraction):
        assert before["low"].exact <= after["overall"].exact <= before["high"].exact


def test_the_same_submission_gives_the_same_bytes():
    one = score_submission(ASKED, RUBRIC, good())
    two = score_submission(ASKED, RUBRIC, good(answers=dict(reversed(list(GOOD.items())))))
    assert one.to_bytes() == two.to_bytes()
    assert one.digests["input"] == good().digest
    assert one.digests["questionnaire"] == ASKED.digest
    assert one.digests["rubric"] == RUBRIC.digest


# -- a method without a questionnaire


def test_a_method_reads_its_own_rows():
    found, report = read({"answers": {"backup": "done", "review": None}}, METHOD, None)
    assert not report.problems
    card = score_submission(None, METHOD, found)
    assert card.results["overall"].exact == Fraction(1, 2)
    assert "low" not in card.results


@pytest.mark.parametrize(
    ("data", "overall"),
    [
        ({"facts": {"planned": ["backup"]}}, Fraction(1, 8)),
        ({"facts": {"planned": ["backup"], "size": "large"}}, 0),
        ({"facts": {"planned": []}}, 0),
        ({"review": {"backup": {"verdict": "compliant", "reason": "Seen."}}}, Fraction(1, 2)),
        ({"review": {"backup": {"verdict": None}}}, 0),
    ],
)
def test_a_method_reads_the_facts_and_marks_it_declares(data, overall):
    found, report = read({"answers": {"backup": "missing"}} | data, METHOD, None)
    assert not report.problems
    assert score_submission(None, METHOD, found).results["overall"].exact == overall


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"answers": {"backups": "done"}}, "unknown-question"),
        ({"answers": {"backup": "perhaps"}}, "bad-answer"),
        ({"answers": {"backup": ["done"]}}, "bad-answer"),
        ({"answers": {"backup": {"why": "?"}}}, "bad-answer"),
        ({"answers": {"backup": {"value": None, "note": "x" * 100_000}}}, "too-long"),
        ({"facts": {"planned": "backup"}}, "bad-fact"),
        ({"facts": {"planned": ["nothing"]}}, "unknown-question"),
        ({"facts": {"size": "huge"}}, "bad-fact"),
        ({"facts": {"colour": "red"}}, "unknown-fact"),
        ({"review": {"backup": {"verdict": "fine"}}}, "bad-review"),
        ({"review": {"backup": {"assurance": "verified"}}}, "unknown-key"),
        (
            {"as_of": "2026-11-01", "evidence": {"E": {"kind": "policy", "for": ["backup"]}}},
            "unknown-evidence",
        ),
    ],
)
def test_a_method_refuses_what_it_does_not_know(data, code):
    assert code in codes(data, rubric=METHOD, asked=None)
