"""The brief: the decision first, knockouts before figures, one A4 page whatever it must hold."""

import os
import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from playwright.sync_api import sync_playwright

from tests.server.conftest import ADDRESS
from vendorrisk.access import Role
from vendorrisk.reports.wording import clip, day, money
from vendorrisk.usecases import deciding
from vendorrisk.usecases.deciding import Brief, ConditionView, DecisionView, Finding, Option
from vendorrisk.usecases.reviewing import DomainLine, Figure, RuleLine
from vendorrisk.usecases.values import OutlookView, ProspectView

LONG = "Keys are changed only when somebody leaves, and nobody writes down that it happened. " * 6
HOSTILE = '<script>alert(1)</script><img src="https://evil.example/x">=1+1'


def figure(value):
    return Figure("x", value, None, "scored" if value is not None else "no_score", ())


def rule(effect, limit, because):
    return RuleLine(
        id=f"{effect}-{limit}",
        effect=effect,
        limit=limit,
        because=because,
        questions=(),
        clause="",
        confirmed=True,
    )


PLAIN = Brief(
    assessment_id="a",
    vendor_name="Northwind Identity",
    engagement_title="Digital identity pilot",
    service="Age checks for residents",
    value_minor=125_000_000,
    currency="EUR",
    questionnaire="Core security questionnaire",
    tier="1",
    tier_reasons=(),
    state_says="Reviewed, waiting for a decision",
    asks="Decide about Northwind Identity",
    claimed=figure(78),
    assured=figure(29),
    low=21,
    high=29,
    outlook=OutlookView(
        ProspectView(figure(17), "unacceptable"),
        ProspectView(figure(28), "unacceptable"),
        ProspectView(figure(29), "unacceptable"),
        unproven=2,
        short=5,
        open=1,
    ),
    coverage=0.999,
    band="unacceptable",
    stopped_by="published-credential",
    rules=(rule("knockout", 29, "Live credentials were published."),),
    clarifications=(),
    domains=(DomainLine("d", "Retention", True, figure(80), figure(60), 1.0, 0.3),),
    findings=(),
    strengths=(),
    inherent="very_high",
    residual="high",
    options=(
        Option(
            outcome="reject",
            title="Reject",
            fits=True,
            suggested=True,
            needs_conditions=0,
            needs=(),
            reasons=("A knockout fired.",),
        ),
    ),
    decision=None,
    submitted_at=datetime(2026, 11, 1, tzinfo=UTC),
    signed_by="Jo Field, Head of Security",
    reviewers=("Kit Moss",),
    as_of=date(2026, 11, 2),
    submission_sha256="a" * 64,
    scorecard_sha256="b" * 64,
)

DECISION = DecisionView(
    "d",
    "accept_with_conditions",
    "Accept with conditions",
    LONG,
    "Sam Reed",
    datetime(2026, 11, 3, tzinfo=UTC),
    "s",
    tuple(
        ConditionView(str(n), LONG, "Jo Field", date(2026, 12, 1), LONG, None, overdue=n == 0)
        for n in range(12)
    ),
)

CROWDED = replace(
    PLAIN,
    options=(
        *(
            replace(PLAIN.options[0], title=title, fits=fits, suggested=False, reasons=(LONG, LONG))
            for title, fits in (
                ("Approve", False),
                ("Approve with conditions", False),
                ("Escalate to an executive", True),
            )
        ),
        replace(PLAIN.options[0], reasons=(LONG,)),
    ),
    vendor_name="Northwind Identity and Trust Services International Limited " * 2,
    engagement_title=LONG[:200],
    service=LONG[:200],
    rules=tuple(rule(effect, 29, LONG) for effect in ("knockout", "cap", "not_cleared") * 4),
    clarifications=tuple(rule("clarify", None, LONG) for _ in range(9)),
    domains=tuple(
        DomainLine(str(n), f"A rather long title {n}", True, figure(9), figure(8), 1.0, 0.1)
        for n in range(16)
    ),
    findings=tuple(Finding(str(n), "CR12", "d", LONG, 3.0, LONG, LONG) for n in range(40)),
    strengths=tuple(
        SimpleNamespace(code="CR12", ask=LONG, reply_says=LONG, level="verified") for _ in range(9)
    ),
    signed_by=LONG[:200],
    reviewers=tuple(f"Reviewer {n}" for n in range(20)),
)


@pytest.fixture
def show(client, sign_in, monkeypatch):
    sign_in(Role.COMMITTEE_MEMBER)

    def go(brief):
        monkeypatch.setattr(deciding, "brief", lambda *_: brief)
        return client.get("/brief/a").text

    return go


def test_the_decision_stands_first_and_knockouts_before_figures(show):
    page = show(PLAIN)

    places = [page.index(text) for text in ("Suggested: Reject", "Knockout, at most 29", "Claimed")]
    assert places == sorted(places)


def test_claimed_and_assured_stand_together_and_coverage_is_never_rounded_up(show):
    page = show(PLAIN)

    assert re.search(r"Claimed</span><strong>78<.*?Assured</span><strong>29<", page, re.DOTALL)
    assert "99%" in page
    assert "100%" not in page


def test_what_is_not_open_to_the_committee_is_said_with_its_reason(show):
    page = show(CROWDED)

    places = [
        page.index(text) for text in ("Suggested: Reject", "Closed: Approve", "Open: Escalate")
    ]
    assert places[0] == min(places)


def test_a_domain_is_drawn_with_a_bar_for_assured_and_a_ring_for_claimed(show):
    page = show(PLAIN)

    assert 'aria-label="60 assured, 80 claimed"' in page
    assert re.search(r'class="assured"[^>]*width="60"', page)
    assert re.search(r'class="claimed" cx="80"', page)


def test_what_has_no_score_has_no_bar(show):
    domain = replace(PLAIN.domains[0], assured=figure(None))
    page = show(replace(PLAIN, domains=(domain,)))

    assert 'class="assured"' not in page


def test_no_score_is_said_in_words(show):
    page = show(
        replace(
            PLAIN,
            claimed=figure(None),
            assured=replace(figure(None), why=("Too little applies.",)),
            low=None,
            high=None,
            coverage=None,
            band=None,
            residual=None,
            inherent=None,
            tier=None,
            value_minor=None,
            currency=None,
        )
    )

    assert page.count("no score") == 3
    assert "<h2>Why there is no score</h2>" in page
    assert "<li>Too little applies.</li>" in page
    assert "None" not in page


def test_a_decision_shows_its_conditions_with_their_dates(show):
    page = show(replace(PLAIN, decision=DECISION))

    assert "Decided: Accept with conditions" in page
    assert "1 December 2026" in page
    assert "overdue" in page
    assert "and 7 more, see the decision" in page


def test_what_a_vendor_wrote_is_text(show):
    page = show(replace(PLAIN, vendor_name=HOSTILE, service=HOSTILE, signed_by=HOSTILE))

    assert "<script>alert" not in page
    assert '<img src="https' not in page


@pytest.mark.parametrize(
    ("minor", "currency", "says"),
    [
        (125_000_000, "EUR", "EUR 1,250,000"),
        (1_250, "GBP", "GBP 12.50"),
        (1_250, "JPY", "JPY 1,250"),
        (0, "EUR", "EUR 0"),
        (5, "EUR", "EUR 0.05"),
    ],
)
def test_money_is_written_in_its_own_units(minor, currency, says):
    assert money(minor, currency) == says


def test_dates_and_long_texts_are_written_for_people():
    assert day(date(2026, 2, 3)) == "3 February 2026"
    assert clip("one two three", 9) == "one two …"
    assert clip("one", 9) == "one"


ROOMY = replace(
    CROWDED,
    rules=CROWDED.rules[:1],
    clarifications=CROWDED.clarifications[:1],
    domains=CROWDED.domains[:6],
)


@pytest.mark.browser
@pytest.mark.parametrize("brief", [PLAIN, CROWDED, ROOMY, replace(CROWDED, decision=DECISION)])
def test_it_prints_on_one_page(show, client, brief, tmp_path):
    html = show(brief)
    chromium = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )

    def serve(route, request):
        path = request.url.removeprefix(ADDRESS)
        sent = html if path == "/brief/a" else client.get(path).text
        kind = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
        route.fulfill(body=sent, content_type=kind.get(path.rpartition(".")[2], "text/html"))

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto(f"{ADDRESS}/brief/a")
        printed = page.pdf(prefer_css_page_size=True)
        browser.close()

    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1
