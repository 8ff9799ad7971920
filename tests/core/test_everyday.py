"""The everyday rubric: what an answer earns, what stops a score, what it says, what is refused."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from typing import Any

import pytest

from tests.core.rubric_kit import Given, World, question, questionnaire, read_written
from vendorrisk.conditions import State, Value
from vendorrisk.document import Report, tree
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.scoring import (
    FiredRule,
    Line,
    Rubric,
    Scorecard,
    SheetError,
    completion,
    explain_rubric,
    read_rubric,
    score,
)
from vendorrisk.scoring.plain_text import scorecard_text

CHOICES = ("best", "good", "poor", "worst")


def asked() -> Questionnaire:
    return questionnaire(
        [
            question("factor", CHOICES, dont_know=True, not_applicable=True),
            question("demo", ("none", "guarded", "public"), dont_know=True),
            question("keys", CHOICES, show_when={"demo": ["guarded", "public"]}, dont_know=True),
            question("faces", CHOICES, show_when={"flag": "raised"}, not_applicable=True),
            question("days", kind="number"),
            question("alerts", ("logins", "exports", "moves"), kind="many_of"),
            question("exempt", kind="number"),
        ],
        {"tier": ("1", "4"), "flag": ("raised", "lowered")},
    )


def written() -> dict[str, Any]:
    def criterion(name: str, domain: str, weight: str, **more: Any) -> dict[str, Any]:
        points = {"points": dict(zip(CHOICES, ["100", "70", "35", "0"], strict=True))}
        return {
            "criterion": f"its-{name}",
            "question": name,
            "domain": domain,
            "weight": weight,
            "because": "It matters.",
        } | (more or points)

    return {
        "rubric": "sample",
        "version": "1",
        "questionnaire": "sample",
        "title": "Sample",
        "assurance": {
            "by": "tier",
            "levels": ["self_attested", "documented", "audited", "verified"],
            "shares": {"1": ["0.5", "0.7", "0.9", "1"], "4": ["0.9", "1", "1", "1"]},
            "admissions": "40",
        },
        "weights": {"critical": "5", "high": "3", "low": "1"},
        "domains": {
            "access": {"title": "Access", "critical": "true"},
            "tests": {"title": "Test systems", "critical": "true"},
            "watch": {"title": "Watching"},
        },
        "criteria": [
            criterion("factor", "access", "critical"),
            criterion(
                "demo", "tests", "high", points={"none": "100", "guarded": "80", "public": "0"}
            ),
            criterion("keys", "tests", "critical"),
            criterion("faces", "tests", "high"),
            criterion("days", "watch", "high", bands={"100": "<=30", "60": "<90", "0": "else"}),
            criterion(
                "alerts",
                "watch",
                "low",
                ticked="sum",
                points={"logins": "50", "exports": "30", "moves": "20"},
            ),
        ],
        "rules": [
            {
                "rule": "keys-live",
                "when": {"keys": "worst"},
                "knock_out": "true",
                "because": "A key works.",
            },
            {
                "rule": "no-factor",
                "when": {"factor": "worst", "tier": "1"},
                "cap": "true",
                "because": "No second factor.",
                "clause": "All staff use one.",
            },
            {
                "rule": "all-but-some",
                "when": {"factor": "best", "exempt": {"at_least": "1"}},
                "clarify": ["factor", "exempt"],
                "because": "All, and yet some are exempt.",
            },
        ],
        "limits": {
            "knocked_out": "29",
            "capped": "59",
            "weakest_critical_plus": "25",
            "not_applicable": "30%",
        },
        "bands": {"strong": "85", "adequate": "70", "limited": "55", "weak": "30", "bad": "else"},
    }


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return read_written(asked(), written())


PERFECT: dict[str, Value] = {
    "factor": "best",
    "demo": "guarded",
    "keys": "best",
    "days": Fraction(30),
    "alerts": frozenset(("logins", "exports", "moves")),
    "exempt": Fraction(0),
}
ALL_VERIFIED = {name: {"*": "verified"} for name in (*PERFECT, "faces")}


def card(rubric: Rubric, *, tier: str = "1", flag: str = "lowered", **said: Any) -> Scorecard:
    """A scorecard; every answer is perfect and verified unless `said` otherwise."""
    given = Given(
        answers={**PERFECT, **said.pop("answers", {})},
        facts={"tier": tier, "flag": flag},
        levels={**ALL_VERIFIED, **said.pop("levels", {})},
        approved=frozenset(said.pop("approved", ())),
        contradicted=frozenset(said.pop("contradicted", ())),
    )
    assert not said
    return World(0, asked(), rubric, given).card()


def line(found: Scorecard, name: str) -> Line:
    return next(one for one in found.lines if one.question == name)


def ids(found: Scorecard) -> list[tuple[str, str]]:
    return [(rule.id, rule.effect) for rule in found.rules]


def exact(found: Scorecard, name: str = "overall") -> object:
    return found.results[name].exact


# -- what an answer earns --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tier", "choice", "levels", "credit", "counts", "share"),
    [
        ("1", "best", {}, 50, "best", Fraction(1, 2)),
        ("1", "best", {"*": "documented"}, 70, "best", Fraction(7, 10)),
        ("1", "best", {"best": "self_attested", "good": "verified"}, 70, "good", Fraction(1)),
        ("1", "best", {"best": "audited", "good": "verified"}, 90, "best", Fraction(9, 10)),
        ("1", "good", {}, 35, "good", Fraction(1, 2)),
        ("1", "good", {"best": "verified"}, 35, "good", Fraction(1, 2)),
        ("1", "poor", {}, 35, "poor", None),
        ("1", "worst", {}, 0, "worst", None),
        ("4", "best", {}, 90, "best", Fraction(9, 10)),
    ],
)
def test_credit_is_the_greatest_of_points_times_share_over_the_claim_and_every_worse_choice(
    rubric: Rubric,
    tier: str,
    choice: str,
    levels: dict[str, str],
    credit: int,
    counts: str,
    share: Fraction | None,
) -> None:
    found = line(
        card(rubric, tier=tier, answers={"factor": choice}, levels={"factor": levels}), "factor"
    )
    assert (found.credit, found.counts, found.share) == (credit, counts, share)
    assert found.points == {"best": 100, "good": 70, "poor": 35, "worst": 0}[choice]


@pytest.mark.parametrize(
    ("answer", "state", "points", "credit"),
    [
        (State.UNANSWERED, "unanswered", 0, 0),
        ("dont_know", "dont_know", 0, 0),
        (State.NOT_APPLICABLE, "not_approved", 0, 0),
        ("best", "answered", 100, 100),
    ],
)
def test_silence_earns_nothing_and_keeps_its_weight(
    rubric: Rubric, answer: Value, state: str, points: int, credit: int
) -> None:
    found = line(card(rubric, answers={"factor": answer}), "factor")
    assert (found.state, found.points, found.credit) == (state, points, credit)


@pytest.mark.parametrize(
    ("number", "points"), [("0", 100), ("30", 100), ("30.5", 60), ("89.9", 60), ("90", 0)]
)
def test_a_number_earns_the_points_of_its_band(rubric: Rubric, number: str, points: int) -> None:
    found = line(card(rubric, answers={"days": Fraction(number)}), "days")
    assert (found.points, found.credit) == (points, points)


def test_the_points_of_a_band_may_be_a_decimal() -> None:
    data = written()
    criterion = next(one for one in data["criteria"] if one["question"] == "days")
    criterion["bands"] = {"99.5": "<=30", "33.3": "<90", "0": "else"}
    found = read_written(asked(), data)
    assert line(card(found, answers={"days": Fraction(30)}), "days").points == Fraction("99.5")


@pytest.mark.parametrize(
    ("ticks", "levels", "points", "credit"),
    [
        ({"logins", "exports"}, {"*": "verified"}, 80, 80),
        ({"logins", "exports"}, {"*": "self_attested"}, 80, 40),
        ({"logins", "exports"}, {"logins": "verified", "exports": "documented"}, 80, 71),
        ({"moves"}, {"*": "self_attested"}, 20, 20),
        ({"exports", "moves"}, {"*": "self_attested"}, 50, 40),
        (set(), {"*": "verified"}, 0, 0),
    ],
)
def test_ticks_that_add_up_count_as_far_as_each_is_proven(
    rubric: Rubric, ticks: set[str], levels: dict[str, str], points: int, credit: int
) -> None:
    found = line(
        card(rubric, answers={"alerts": frozenset(ticks)}, levels={"alerts": levels}), "alerts"
    )
    assert (found.points, found.credit) == (points, credit)


def test_what_facts_switch_off_has_no_weight_and_is_not_not_applicable(rubric: Rubric) -> None:
    found = card(rubric)
    assert line(found, "faces").state == "hidden_by_fact"
    assert line(found, "faces").credit is None
    assert exact(found, "tests") == Fraction(5 * 100 + 3 * 80, 8)


def test_what_an_own_answer_hides_earns_what_that_answer_earns(rubric: Rubric) -> None:
    found = card(rubric, answers={"demo": "none"}, levels={"demo": {"*": "audited"}})
    assert line(found, "keys").state == "hidden_by_answer"
    assert line(found, "keys").credit == 90
    assert exact(found, "tests") == 90


def test_hiding_a_question_by_silence_earns_nothing(rubric: Rubric) -> None:
    found = card(rubric, answers={"demo": State.UNANSWERED})
    assert line(found, "keys").credit == 0
    assert exact(found, "tests") == 0


def test_not_applicable_leaves_both_sums_only_when_approved(rubric: Rubric) -> None:
    approved = card(
        rubric, flag="raised", answers={"faces": State.NOT_APPLICABLE}, approved={"faces"}
    )
    assert line(approved, "faces").state == "not_applicable"
    assert exact(approved, "tests") == Fraction(5 * 100 + 3 * 80, 8)
    pending = card(rubric, flag="raised", answers={"faces": State.NOT_APPLICABLE})
    assert exact(pending, "tests") == Fraction(5 * 100 + 3 * 80, 11)


def test_a_contradicted_answer_earns_nothing_and_caps(rubric: Rubric) -> None:
    found = card(rubric, contradicted={"days"})
    assert line(found, "days").state == "contradicted"
    assert line(found, "days").credit == 0
    assert ids(found) == [("contradicted:days", "cap")]
    assert exact(found) == 59
    assert exact(found, "claimed") == exact(card(rubric), "claimed")


def test_an_ungraded_answer_can_be_contradicted_too(rubric: Rubric) -> None:
    found = card(rubric, contradicted={"exempt"})
    assert ids(found) == [("contradicted:exempt", "cap")]
    assert exact(found) == 59


def test_to_be_caught_never_pays_better_than_silence_or_the_admission(rubric: Rubric) -> None:
    """`keys` carries a knockout: a claim that proved untrue clears it no more than silence does."""
    caught = card(rubric, contradicted={"keys"})
    assert ids(caught) == [("not-cleared:keys", "not_cleared"), ("contradicted:keys", "cap")]
    assert "a reviewer found contradicted" in caught.rules[0].because
    for other in ("worst", State.UNANSWERED):
        assert exact(caught) == exact(card(rubric, answers={"keys": other})) == 29


def test_a_contradiction_is_said_once_where_the_cap_is_the_same(rubric: Rubric) -> None:
    """`factor` carries a cap, which is as low as the cap for being contradicted."""
    found = card(rubric, contradicted={"factor"})
    assert ids(found) == [("contradicted:factor", "cap")]


# -- rules and ceilings ----------------------------------------------------------------------------


def test_a_knockout_is_named_and_no_average_hides_it(rubric: Rubric) -> None:
    found = card(rubric, answers={"keys": "worst"})
    assert ids(found) == [("keys-live", "knockout")]
    assert found.rules[0] == FiredRule(
        "keys-live", "knockout", Fraction(29), "A key works.", ("keys",)
    )
    assert exact(found) == 29
    assert exact(found, "band") == "bad"
    assert found.results["overall"].why[0] == "Knocked out at 29: A key works."


def test_a_rule_looks_at_facts(rubric: Rubric) -> None:
    capped = card(rubric, answers={"factor": "worst"})
    assert ids(capped) == [("no-factor", "cap")]
    assert capped.rules[0].clause == "All staff use one."
    assert ids(card(rubric, tier="4", answers={"factor": "worst"})) == []


def test_a_contradiction_rule_asks_and_deducts_nothing(rubric: Rubric) -> None:
    found = card(rubric, answers={"exempt": Fraction(2)})
    assert ids(found) == [("all-but-some", "clarify")]
    assert found.rules[0].questions == ("factor", "exempt")
    assert found.rules[0].limit is None
    assert exact(found) == exact(card(rubric))


@pytest.mark.parametrize(
    ("answers", "approved", "rules"),
    [
        ({"keys": State.UNANSWERED}, (), [("not-cleared:keys", "not_cleared")]),
        ({"keys": "dont_know"}, (), [("not-cleared:keys", "not_cleared")]),
        ({"factor": "dont_know"}, (), [("not-cleared:factor", "not_cleared")]),
        ({"factor": State.NOT_APPLICABLE}, (), [("not-cleared:factor", "not_cleared")]),
        ({"factor": State.NOT_APPLICABLE}, ("factor",), []),
        ({"demo": "none"}, (), []),
        (
            {"demo": State.UNANSWERED},
            (),
            [("not-cleared:keys", "not_cleared")],
        ),
    ],
)
def test_silence_on_a_question_with_a_ceiling_takes_the_ceiling(
    rubric: Rubric, answers: dict[str, Value], approved: tuple[str, ...], rules: list[Any]
) -> None:
    found = card(rubric, answers=answers, approved=approved)
    assert ids(found) == rules
    for rule in found.rules:
        assert rule.limit == (29 if rule.id.endswith("keys") else 59)
        assert isinstance(exact(found), Fraction)
        assert exact(found) <= rule.limit  # type: ignore[operator]


def test_silence_takes_no_ceiling_where_facts_rule_the_rule_out(rubric: Rubric) -> None:
    assert ids(card(rubric, tier="4", answers={"factor": "dont_know"})) == []


def test_the_weakest_critical_domain_limits_the_whole(rubric: Rubric) -> None:
    found = card(rubric, answers={"factor": "poor"})
    assert exact(found, "access") == 35
    assert exact(found) == 60
    assert "the weakest critical domain, Access, has 35" in found.results["overall"].why[0]
    assert [step.id for step in found.waterfall if step.change][-1] == "weakest_critical"


# -- basis -----------------------------------------------------------------------------------------


def test_too_much_not_applicable_is_insufficient_basis(rubric: Rubric) -> None:
    found = card(rubric, answers={"factor": State.NOT_APPLICABLE}, approved={"factor"})
    assert found.results["access"].state == "no_score"
    assert found.results["overall"].state == "no_score"
    assert found.results["band"].state == "no_score"
    why = " ".join(found.results["overall"].why)
    assert "Insufficient basis" in why
    assert "critical domain" in why
    assert found.waterfall == ()


def test_a_knockout_outranks_insufficient_basis(rubric: Rubric) -> None:
    found = card(
        rubric,
        answers={"factor": State.NOT_APPLICABLE, "keys": "worst"},
        approved={"factor"},
    )
    assert exact(found) == 29


def test_exactly_the_share_allowed_is_still_a_basis() -> None:
    data = written()
    data["limits"]["not_applicable"] = "0.375"
    found = card(
        read_written(asked(), data),
        flag="raised",
        answers={"demo": "guarded", "faces": State.NOT_APPLICABLE, "keys": "best"},
        approved={"faces"},
    )
    assert found.results["tests"].state == "scored"  # 3 of 11
    data["limits"]["not_applicable"] = "0.27"
    again = card(
        read_written(asked(), data),
        flag="raised",
        answers={"faces": State.NOT_APPLICABLE},
        approved={"faces"},
    )
    assert again.results["tests"].state == "no_score"


def test_nothing_said_at_all_is_zero_and_knocked_out_and_never_good(rubric: Rubric) -> None:
    found = card(rubric, answers=dict.fromkeys(PERFECT, State.UNANSWERED))
    assert exact(found) == 0
    assert exact(found, "coverage") == 0
    assert ("not-cleared:keys", "not_cleared") in ids(found)
    why = found.results["overall"].why
    assert why[0].startswith("Held at 29: “How is keys?” is not asked")
    assert why[-1] == "The weighted mean of all criteria is 0; already below every ceiling."


# -- what it shows ---------------------------------------------------------------------------------


def test_scores_are_shown_rounded_down_and_the_band_is_chosen_before() -> None:
    data = written()
    data["criteria"] = data["criteria"][:1]
    data["criteria"][0]["points"]["best"] = "84.99"
    data["domains"] = {"access": data["domains"]["access"]}
    data["rules"] = []
    found = card(read_written(asked(), data))
    assert found.results["overall"].to_json() == {
        "value": 84,
        "exact": "8499/100",
        "state": "scored",
        "why": ["The weighted mean of all criteria is 84.9; nothing limits it."],
    }
    assert exact(found, "band") == "adequate"


def test_coverage_counts_actual_answers(rubric: Rubric) -> None:
    found = card(rubric, answers={"factor": "dont_know", "alerts": State.UNANSWERED})
    assert exact(found, "coverage") == Fraction(17 - 5 - 1, 17)
    assert exact(card(rubric, answers={"demo": "none"}), "coverage") == 1


def test_every_result_has_a_name(rubric: Rubric) -> None:
    found = card(rubric)
    assert set(rubric.results) == {
        *("overall", "claimed", "mean", "band", "coverage", "low", "high"),
        *(
            f"{d}{more}"
            for d in ("access", "tests", "watch")
            for more in ("", ".claimed", ".coverage")
        ),
    }
    same = found.results["overall"]
    worse = card(rubric, answers={"keys": "worst"}).results["overall"]
    whole = found.with_range(same, same)
    assert set(whole.results) == set(rubric.results)
    assert whole.results["low"].exact == exact(found)
    assert found.with_range(same, worse).results["low"].exact == worse.exact


def test_lines_and_domains_say_why_in_sentences(rubric: Rubric) -> None:
    found = card(
        rubric, answers={"factor": "best", "demo": "none"}, levels={"factor": {"good": "verified"}}
    )
    assert line(found, "factor").why == (
        "Claims 100 of 100; the weaker claim “Good”, 70 of 100, earns more; verified, so all of it"
        " counts: 70.",
    )
    assert line(found, "keys").why == (
        "Not asked because of the answer to its-demo: it earns what that earns, 100 of 100.",
    )
    domain = next(d for d in found.domains if d.id == "access")
    assert domain.assured.why[-1] == "Access 70 of 100: most is lost on its-factor (not proven)."
    assert (domain.claimed.shown, domain.assured.shown, domain.coverage) == (100, 70, 1)
    assert sum(d.weight for d in found.domains) == 1


def test_the_json_is_plain_exact_and_stable(rubric: Rubric) -> None:
    found = card(rubric, answers={"factor": "dont_know"}, contradicted={"days"})
    data = json.loads(found.to_bytes())
    assert data == json.loads(json.dumps(found.to_json()))
    assert data["digests"] == {"rubric": rubric.digest, "engine": "3"}
    assert set(data) == {
        *("results", "rules", "ignored", "digests"),
        *("lines", "domains", "waterfall", "derivation"),
    }
    steps = [Fraction(step["change"]) for step in data["waterfall"]]
    assert 100 + sum(steps) == Fraction(data["results"]["overall"]["exact"])
    overall = next(u for u in data["derivation"] if u["measure"] == "score.limited")
    assert overall["binding"] == ["weakest.limit"]


def test_the_text_reads_from_the_score_down_to_the_answers(rubric: Rubric) -> None:
    found = card(rubric, answers={"keys": "worst", "days": Fraction(40)})
    text = scorecard_text(found)
    assert text.startswith(
        "Overall: 29 of 100, bad\n    Knockout, at most 29: A key works. (rule keys-live: keys)\n"
    )
    assert text.count("A key works.") == 1
    assert "    Knockout: −" in text
    assert "its-days: 40. Claims 60 of 100; verified, so all of it counts: 60." in text


def test_the_text_names_rule_clause_and_questions_and_its_steps_add_up(rubric: Rubric) -> None:
    found = card(rubric, answers={"factor": "worst", "days": Fraction(40)})
    text = scorecard_text(found, rubric.asked)
    assert "For the contract, for a lawyer's review: All staff use one." in text
    asked = rubric.asked.by_name()["days"] if rubric.asked else None
    assert asked is not None
    assert f"{asked.code} “{asked.ask}”: 40" in text if asked.code else asked.ask in text
    told = text.split("From 100 to the score\n")[1].split("Domains")[0].splitlines()
    left = Fraction(100)
    for line in told:
        lost, after = (Fraction(part) for part in line.split(": −")[1].split(" leaves "))
        assert left - lost == after
        left = after
    overall = found.results["overall"].exact
    assert isinstance(overall, Fraction)
    assert left <= overall < left + Fraction(1, 10)


def test_the_expansion_knows_no_criterion_by_another_way(rubric: Rubric) -> None:
    text = explain_rubric(rubric)
    assert "criteria:" not in text
    assert "measures:" in text
    assert "score.overall:" in text


# -- completions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "worst", "best"),
    [
        ("factor", "worst", "best"),
        ("keys", "worst", "best"),
        ("days", Fraction(90), Fraction(29)),
        ("alerts", frozenset(("moves",)), frozenset(("logins", "exports", "moves"))),
        ("exempt", State.UNANSWERED, State.UNANSWERED),
    ],
)
def test_completions_are_the_answers_at_either_end(
    rubric: Rubric, name: str, worst: Value, best: Value
) -> None:
    facts = {"tier": "1", "flag": "lowered"}
    sheet = Given({}, facts, {}).sheet(asked())
    for wanted, is_worst in ((worst, True), (best, False)):
        found = completion(rubric, sheet, name, worst=is_worst)
        if isinstance(wanted, Fraction):
            assert isinstance(found, Fraction)
            assert (found >= 90) if is_worst else (found <= 30)
        else:
            assert found == wanted


def test_the_best_answer_avoids_a_knockout_that_pays() -> None:
    data = written()
    data["rules"][0]["when"] = {"keys": "best"}
    sheet = Given({}, {"tier": "1", "flag": "lowered"}, {}).sheet(asked())
    rubric = read_written(asked(), data)
    assert completion(rubric, sheet, "keys", worst=False) == "good"
    assert completion(rubric, sheet, "keys", worst=True) == "best"


# -- what is refused -------------------------------------------------------------------------------


def changed(path: str, value: Any) -> dict[str, Any]:
    """The sample with one thing changed; None removes it."""
    data = copy.deepcopy(written())
    at: Any = data
    *way, last = path.split(".")
    for part in way:
        at = at[int(part) if isinstance(at, list) else part]
    if isinstance(at, list):
        at[int(last)] = value
    elif value is None:
        del at[last]
    else:
        at[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "codes"),
    [
        ("assurance.by", "size", ["unknown-name"]),
        ("assurance.levels", ["a", "b", "c"], ["map-incomplete"] * 2),
        ("assurance.shares.1", ["0.5", "0.4", "0.9", "1"], ["order"]),
        ("assurance.shares.1", ["0.5", "0.7", "1.1", "1"], ["not-a-number", "order"]),
        ("assurance.shares.1", None, ["map-incomplete"]),
        ("assurance.shares.2", ["0.5", "0.7", "0.9", "1"], ["unknown-name"]),
        ("assurance.admissions", "lots", ["not-a-number"]),
        ("assurance.evidence", {"scan": "certain"}, ["unknown-name"]),
        ("weights.high", "-3", ["negative-weight"]),
        ("weights.high", "three", ["negative-weight"]),
        ("weights", {"critical": "0", "high": "0", "low": "0"}, ["weights-cancel"]),
        ("domains.overall", {"title": "Overall"}, ["bad-id", "unused"]),
        ("domains.spare", {"title": "Spare"}, ["unused"]),
        ("domains.access.critical", "maybe", ["not-one-of"]),
        ("criteria.0.criterion", "Its Factor", ["bad-id"]),
        ("criteria.0.criterion", "its-demo", ["duplicate"]),
        ("criteria.0.question", "faktor", ["unknown-name"]),
        ("criteria.0.domain", "acces", ["unknown-name", "unused"]),
        ("criteria.0.weight", "huge", ["unknown-name"]),
        ("criteria.0.because", None, ["missing-key"]),
        ("criteria.0.points.best", None, ["choice-without-points"]),
        ("criteria.0.points.beste", "90", ["unknown-name"]),
        ("criteria.0.points.best", "101", ["not-a-number"]),
        ("criteria.0.points.best", "-1", ["not-a-number"]),
        ("criteria.0.points.dont_know", "10", ["points"]),
        ("criteria.0.points", "100", ["missing-key"]),
        ("criteria.0.ticked", "sum", ["points"]),
        ("criteria.0.bands", {"100": "<=3", "0": "else"}, ["points"]),
        ("criteria.4.bands", {"100": "<=30", "60": "<=10", "0": "else"}, ["bands-order"]),
        ("criteria.4.bands", {"100": "<=30", "60": "<=90"}, ["bands-gap"]),
        ("criteria.4.points", {"a": "1"}, ["points"]),
        ("criteria.5.ticked", None, ["points"]),
        ("criteria.5.ticked", "mean", ["not-one-of"]),
        ("criteria.1", {"criterion": "x"}, ["missing-key"] * 4 + ["hidden-by-ungraded"]),
        ("rules.0.rule", "Keys Live", ["bad-id"]),
        ("rules.1.rule", "keys-live", ["duplicate"]),
        ("rules.0.cap", "true", ["rule"]),
        ("rules.0.knock_out", None, ["rule"]),
        ("rules.0.when", {"keyz": "worst"}, ["unknown-name"]),
        ("rules.0.when", {"keys": "worsst"}, ["impossible-value"]),
        ("rules.0.when", {"keys": ["worst", "live"]}, ["impossible-value"]),
        ("rules.0.when", {"tier": "5"}, ["impossible-value"]),
        ("rules.0.when", {"keys": {"at_least": "1"}}, ["impossible-value"]),
        ("rules.0.when", {"keys": {"above": "1"}}, ["condition-operator"]),
        ("rules.2.clarify", ["factor", "exemt"], ["unknown-name"]),
        ("limits.knocked_out", None, ["missing-key"]),
        ("limits.capped", None, ["missing-key"]),
        ("limits.knocked_out", "70", ["order"]),
        ("limits.not_applicable", "130%", ["not-a-number"]),
        ("limits.weakest", "3", ["unknown-key"]),
        ("bands", {"weak": "30", "strong": "85", "bad": "else"}, ["bands-order"]),
        ("bands", {"weak": "30"}, ["bands-gap"]),
        ("bands", {"bad": "<30", "good": "else"}, ["bands-order"]),
        ("questionnaire", "other", ["questionnaire-version"]),
        ("questionnaire_version", "2", ["questionnaire-version"]),
        ("version", "1.5", ["not-whole"]),
        ("measures", {"m": "1"}, ["two-ways"]),
        ("colour", "red", ["unknown-key"]),
    ],
)
def test_a_faulty_rubric_is_refused_with_a_code(path: str, value: Any, codes: list[str]) -> None:
    report = Report()
    found = read_rubric(
        tree(changed(path, value)), tables=lambda name: None, questionnaire=asked(), report=report
    )
    assert found is None
    assert [problem.code for problem in report.errors] == codes
    assert all(problem.message for problem in report.errors)


def test_what_can_hide_a_graded_question_must_be_graded() -> None:
    data = written()
    del data["criteria"][1]
    report = Report()
    assert (
        read_rubric(tree(data), tables=lambda name: None, questionnaire=asked(), report=report)
        is None
    )
    assert [p.code for p in report.errors] == ["hidden-by-ungraded"]
    assert "give `demo` a criterion" in report.errors[0].message


def test_points_that_rise_down_the_list_are_worth_a_look() -> None:
    data = changed("criteria.0.points", {"best": "70", "good": "100", "poor": "35", "worst": "0"})
    report = Report()
    found = read_rubric(tree(data), tables=lambda name: None, questionnaire=asked(), report=report)
    assert found is not None
    assert [p.code for p in report.warnings] == ["points"]


def test_a_missing_fact_is_never_scored(rubric: Rubric) -> None:
    sheet = Given(PERFECT, {"tier": "1", "flag": "lowered"}, {}).sheet(asked())
    with pytest.raises(SheetError, match="“tier” is missing"):
        score(rubric, type(sheet)(sheet.answers, {"flag": "lowered"}))


def test_a_rubric_without_assurance_or_ceilings_is_points_alone() -> None:
    data = written()
    for key in ("assurance", "rules", "limits"):
        del data[key]
    found = card(read_written(asked(), data), levels={})
    assert exact(found) == exact(found, "claimed") == exact(found, "mean")
    assert line(found, "factor").why == ("Earns 100 of 100.",)
    assert line(found, "factor").level is None
