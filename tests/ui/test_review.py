"""Reviewing: what is fatal first, a judgement moves the score at once, and the sum can be read."""

import re

import pytest

from tests.ui.conftest import said
from vendorrisk.assessment import State
from vendorrisk.usecases import reviewing, vendors


def open_(pages, key="quillstone", who="reviewer", **params):
    return pages.open(who, "review", assessment=pages.town.assessments[key], **params)


def press(at, label):
    return next(b for b in at.button if b.label == label).click().run()


def sheet(pages, key="quillstone"):
    return reviewing.review_sheet(pages.app, pages.actor("reviewer"), pages.town.assessments[key])


def judge(at, level, reason="Read the report, page 41."):
    at.radio[0].set_value(level)
    at.text_area[0].set_value(reason)
    return press(at, "Save judgement")


def shown_figures(at):
    return {metric.label: metric.value for metric in at.metric}


def test_a_knocked_out_vendor_is_unmistakable(pages):
    at = open_(pages, "larkmere")

    assert at.error[0].value.startswith("**Knocked out.**")
    assert "at most 29" in at.error[0].value
    assert "CR1" in at.error[0].value


def test_claimed_and_assured_stand_side_by_side(pages):
    assert shown_figures(open_(pages, "larkmere")) == {
        "Claimed by the vendor": "89",
        "Assured by proof": "29",
    }


def test_what_needs_attention_comes_first(pages):
    at = open_(pages, "larkmere", question="published_credentials")
    cards = [b.key for b in at.button if b.key and b.key.startswith(("open_", "close_"))]

    assert cards[0] == "close_published_credentials"


def test_a_judgement_moves_the_score_and_says_what_it_moved(pages):
    before = sheet(pages).scorecard
    at = judge(open_(pages, question="published_credentials"), "verified")
    after = sheet(pages).scorecard

    assert after.number == before.number + 1
    assert after.mean.exact != before.mean.exact
    told = "\n".join(box.value for box in at.success)
    assert "credit 90 → 100" in told
    assert "ssured score" in told
    assert "Rita Moss judged: **verified by us**" in said(at)


def test_a_contradiction_caps_and_says_so(pages):
    at = judge(open_(pages, question="retention_enforcement"), "contradicted")

    assert shown_figures(at)["Assured by proof"] == str(sheet(pages).scorecard.assured.value)
    assert sheet(pages).scorecard.stopped_by == "cap"
    assert any(box.value.startswith("**Capped.**") for box in at.warning)


def test_a_judgement_is_taken_back(pages):
    before = sheet(pages).scorecard.mean.exact
    at = judge(open_(pages, question="published_credentials"), "verified")
    press(at, "Take it back")

    assert sheet(pages).scorecard.mean.exact == before


@pytest.mark.parametrize(("level", "reason"), [("verified", ""), (None, "Read it.")])
def test_a_judgement_without_a_level_or_a_reason_is_refused_and_stays_typed(pages, level, reason):
    number = sheet(pages).scorecard.number
    at = judge(open_(pages, question="published_credentials"), level, reason)

    assert "missing" in said(at) or "Choose how well" in said(at)
    assert at.radio[0].value == level
    assert at.text_area[0].value == reason
    assert sheet(pages).scorecard.number == number


def test_a_colleagues_judgement_is_shown_and_not_overwritten(pages):
    at = open_(pages, question="published_credentials")
    submission = sheet(pages).submission.id
    reviewing.set_review(
        pages.app,
        pages.actor("reviewer"),
        submission,
        "published_credentials",
        level="contradicted",
        reason="The key still works.",
        seen_version=0,
    )
    judge(at, "verified")

    text = said(at)
    assert "**contradicted**: The key still works." in text
    assert at.radio[0].value == "verified"
    row = next(r for r in sheet(pages).rows if r.question_id == "published_credentials")
    assert row.review.level == "contradicted"

    press(at, "Save judgement")
    row = next(r for r in sheet(pages).rows if r.question_id == "published_credentials")
    assert row.review.level == "verified"


def test_each_answer_stands_with_its_words_evidence_and_arithmetic(pages):
    text = said(open_(pages, "larkmere", question="secret_scanning"))

    assert "All repositories with history" in text
    assert "E1 soc2" in text
    assert "Larkmere Verify, production" in text
    assert re.search(r"100 points × 90 % for its proof: \*\*credit 90\*\*", text)


def test_the_controls_a_question_answers_to_stand_with_it_by_name(pages):
    text = said(open_(pages, "larkmere", question="second_factor"))

    assert "**What it answers to**" in text
    assert "NIST SP 800-53r5 IA-2(1), IA-2(2);" in text
    assert "; GDPR 32;" in text


def test_the_lines_of_a_domain_add_up_to_what_it_brings(pages):
    at = open_(pages, "larkmere", "committee")
    brought = [re.search(r"brings ([\d.]+) to the mean", e.label) for e in at.expander]
    domains = [float(found[1]) for found in brought if found]
    tables = [t.value for t in at.table if "Brings" in t.value.columns]

    for total, table in zip(domains, tables, strict=True):
        *lines, together = [float(cell.strip("*")) for cell in table["Brings"]]
        assert round(sum(lines), 1) == together == total
    mean = sheet(pages, "larkmere").scorecard.mean
    assert f"**{sum(domains):.1f}**" in said(at)
    assert int(sum(domains)) == mean.value


def test_the_waterfall_ends_at_the_assured_score(pages):
    at = open_(pages, "larkmere", "committee")
    steps = next(
        t.value for t in at.table if "Points" in t.value.columns and "Step" in t.value.columns
    )
    figures = [int(cell.strip("*").replace("−", "-")) for cell in steps["Points"]]

    assert sum(figures[:-1]) == figures[-1] == 29


def test_the_stored_score_is_computed_again_on_request(pages):
    at = press(open_(pages, "larkmere", "auditor"), "Compute it again and compare")

    assert at.success


def test_the_inviter_alone_does_not_finish(pages):
    """The button is there for the reviewer, and the review goes on to the committee."""
    press(open_(pages), "Finish the review")

    row = vendors.engagement(
        pages.app, pages.actor("officer"), pages.town.engagements["quillstone"]
    ).assessments[0]
    assert row.state is State.REVIEWED


@pytest.mark.parametrize("who", ["officer", "committee", "auditor"])
def test_whoever_only_reads_cannot_judge(pages, who):
    at = open_(pages, who=who, question="published_credentials")

    assert not [b for b in at.button if b.label in ("Save judgement", "Finish the review")]


def test_without_an_assessment_the_page_lists_what_can_be_reviewed(pages):
    text = said(pages.open("reviewer", "review"))

    assert text.index("Quillstone") < text.index("Larkmere")
    assert "Brightholm" not in text


def test_a_vendors_words_stay_words(pages):
    """Notes in Markdown, HTML or formulas come out as typed."""
    text = said(open_(pages, "larkmere", question="leaver_revocation"))

    assert "Last drill 9 September" in text
    assert "<b>" not in text
