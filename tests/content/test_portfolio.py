"""The fictional vendors of the demo come out in the order and bands they were made for."""

from dataclasses import replace
from datetime import date, timedelta
from math import floor
from pathlib import Path

import pytest

from vendorrisk.assurance import read_submission, score_submission, standings
from vendorrisk.conditions import State
from vendorrisk.content import Library, Pack
from vendorrisk.demo.portfolio import DemoVendor, vendors
from vendorrisk.document import Report
from vendorrisk.scoring import Scorecard

ROOT = Path(__file__).parents[2]
VENDORS = {vendor.id: vendor for vendor in vendors()}
each_vendor = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)

BEST_FIRST = [
    {"orrin-and-vale"},
    {"halloway-hosting"},
    {"caddis-payroll"},
    {"quillstone"},
    {"kestrel-print"},
    {"tarnway-data", "ferrant-ai", "wrenfield-biometrics"},
    {"brightholm-cloud"},
    {"nessgate"},
    {"larkmere-identity"},
]
UNSCORED = {"pinfold-systems"}


@pytest.fixture(scope="module")
def intake() -> Pack:
    return Library(ROOT / "questionnaires").pack("intake", 1)


@pytest.fixture(scope="module")
def core() -> Pack:
    return Library(ROOT / "questionnaires").pack("core", 1)


def read(pack: Pack, data: object):
    report = Report("vendor")
    submission = read_submission(data, pack.questionnaire, pack.rubric, report)
    assert submission is not None, "\n".join(map(str, report.errors))
    return submission


def scored(pack: Pack, data: object) -> Scorecard:
    return score_submission(pack.questionnaire, pack.rubric, read(pack, data))


def core_card(core: Pack, vendor: DemoVendor, as_of: date | None = None) -> Scorecard:
    data = vendor.submission(core.questionnaire, vendor.gives.tier, as_of=as_of)
    return scored(core, data)


def claimed(value: object) -> set[str]:
    return set(value) if isinstance(value, (tuple, frozenset)) else {str(value)}


def points(card: Scorecard, name: str) -> int | None:
    exact = card.results[name].exact
    return None if isinstance(exact, State) else floor(exact)


@each_vendor
def test_the_intake_gives_the_tier_it_was_made_for(vendor, intake):
    results = scored(intake, dict(vendor.intake)).results
    assert results["tier"].exact == vendor.gives.tier == vendor.intended.tier
    assert results["inherent"].exact == vendor.gives.inherent


@each_vendor
def test_the_rubric_gives_the_figures_that_stand_in_its_file(vendor, core):
    card = core_card(core, vendor)
    assert points(card, "claimed") == vendor.gives.claimed
    assert points(card, "overall") == vendor.gives.overall
    assert {rule.id for rule in card.rules} == set(vendor.gives.rules)
    if vendor.gives.overall is not None:
        assert card.results["band"].exact == vendor.gives.band
    else:
        assert card.results["overall"].state == "no_score"
        assert vendor.gives.band == "insufficient basis"


@each_vendor
def test_the_band_is_the_intended_one_and_a_different_figure_is_explained(vendor):
    assert vendor.gives.band == vendor.intended.band
    for given, intended in (
        (vendor.gives.claimed, vendor.intended.claimed),
        (vendor.gives.overall, vendor.intended.overall),
    ):
        assert given == intended or str(intended) in vendor.because


def test_the_vendors_stand_in_the_intended_order(core):
    overall = {vendor.id: points(core_card(core, vendor), "overall") for vendor in VENDORS.values()}
    assert {name for name, value in overall.items() if value is None} == UNSCORED
    assert {name for group in BEST_FIRST for name in group} | UNSCORED == set(VENDORS)
    levels = [{overall[name] for name in group} for group in BEST_FIRST]
    assert all(len(level) == 1 for level in levels)
    heights = [level.pop() for level in levels]
    assert heights == sorted(heights, reverse=True)
    assert len(set(heights)) == len(heights)


def test_proven_middling_answers_stand_above_perfect_unproven_ones(core):
    honest, shiny = (core_card(core, VENDORS[name]) for name in ("quillstone", "brightholm-cloud"))
    assert points(honest, "claimed") < points(shiny, "claimed")
    assert points(honest, "overall") > points(shiny, "overall")


def test_fresh_reports_alone_would_lift_the_vendor_whose_proof_is_stale(core):
    vendor = VENDORS["caddis-payroll"]
    data = vendor.submission(core.questionnaire, vendor.gives.tier)
    evidence = dict(data["evidence"])
    for name, day in (("E1", "2026-08-31"), ("E2", "2026-09-12")):
        undated = {
            key: value
            for key, value in evidence[name].items()
            if key not in ("dated", "period_end")
        }
        evidence[name] = undated | {"dated": day}
    data["evidence"] = evidence
    assert points(scored(core, data), "overall") == vendor.gives.overall_if_fresh


def test_concentration_alone_raises_the_tier_of_the_shared_host(intake):
    vendor = VENDORS["halloway-hosting"]
    alone = dict(vendor.intake) | {"facts": {"concentration": "separate"}}
    assert scored(intake, alone).results["tier"].exact == "2"
    assert scored(intake, dict(vendor.intake)).results["tier"].exact == "1"


def test_a_verified_promise_alone_lifts_the_cap_after_an_incident(core):
    vendor = VENDORS["wrenfield-biometrics"]
    data = vendor.submission(core.questionnaire, vendor.gives.tier)
    data["facts"] = data["facts"] | {"incident_history": "recent_verified"}
    card = scored(core, data)
    assert points(card, "overall") > vendor.gives.overall
    assert not card.rules


@each_vendor
def test_every_file_attached_counts_as_its_story_says(vendor, core):
    data = vendor.submission(core.questionnaire, vendor.gives.tier)
    submission = read(core, data)
    found = standings(core.questionnaire, core.rubric, submission)
    # A file may be too old for an answer that was not given, and young enough for the one that was.
    states = {
        standing.state
        for standing in found
        if not standing.choices
        or claimed(submission.answers[standing.question].value) & set(standing.choices)
    }
    stale = {"stale", "too_old"} if vendor.id == "caddis-payroll" else set()
    out_of_scope = {"out_of_scope"} if vendor.id == "brightholm-cloud" else set()
    assert states <= {"fresh"} | stale | out_of_scope
    assert states >= stale | out_of_scope


@each_vendor
def test_shown_on_a_later_day_a_vendor_is_as_it_is_in_its_file(vendor, core):
    later = core_card(core, vendor, vendor.as_of + timedelta(days=61))
    assert points(later, "overall") == vendor.gives.overall


@each_vendor
def test_a_vendor_is_fictional_and_complete(vendor, core):
    assert vendor.contact_email.endswith(".example")
    assert vendor.website.endswith(".example")
    assert vendor.starts < vendor.ends
    if vendor.id != "nessgate":
        data = vendor.submission(core.questionnaire, vendor.gives.tier)
        card = scored(core, data)
        assert not [line for line in card.lines if line.state == "unanswered"]


def test_no_two_vendors_share_a_name_or_an_address():
    for field in ("id", "name", "legal_name", "contact_email", "website"):
        values = [getattr(vendor, field) for vendor in VENDORS.values()]
        assert len(set(values)) == len(values)


def test_a_vendor_without_a_reason_beside_a_different_figure_would_be_noticed():
    vendor = VENDORS["kestrel-print"]
    silent = replace(vendor, because="")
    with pytest.raises(AssertionError):
        test_the_band_is_the_intended_one_and_a_different_figure_is_explained(silent)
