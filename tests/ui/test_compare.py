"""Side by side: only what differs, the fatal first, and every figure down to its answer."""

from tests.ui.conftest import said
from vendorrisk.usecases import deciding


def open_(pages, who="committee", row=None):
    ids = [pages.town.assessments["larkmere"], pages.town.assessments["quillstone"]]
    params = {"assessment": ids} | ({"row": row} if row else {})
    return pages.open(who, "compare", **params)


def test_the_fatal_row_stands_before_every_figure_and_answer(pages):
    at = open_(pages)

    headers = [header.value for header in at.header]
    assert headers == [
        "What stops them",
        "Domains",
        "Answers that differ",
        "How much hangs on the weights",
    ]
    rows = [b.label for b in at.button if b.key and b.key.startswith("open_")]
    assert rows[0].startswith("A credential that anyone can read works today")


def test_claimed_and_assured_are_both_named_for_each_vendor(pages):
    text = said(open_(pages))

    assert "**29** assured of **89** claimed" in text
    assert "**66** assured of **74** claimed" in text


def test_the_range_that_open_answers_leave_stands_on_the_card(pages):
    ids = [pages.town.assessments[key] for key in ("larkmere", "quillstone")]
    columns = deciding.comparison(pages.app, pages.actor("committee"), ids).columns
    text = said(open_(pages))

    for column in columns:
        open_range = f"leaves it between {column.low} and {column.high}."
        assert (open_range in text) == (column.low != column.high)


def test_what_makes_them_hard_to_compare_is_said(pages):
    at = open_(pages)

    assert any("different tiers" in box.value for box in at.warning)


def test_bands_and_order_are_told_under_many_weightings_with_the_seed(pages):
    text = said(open_(pages))

    assert "**Quillstone**: Stays " in text
    assert " of 10,000 weightings" in text
    assert "seed 0" in text
    assert "no order is claimed" in text or "ahead of" in text


def test_a_page_shows_fifteen_answers_at_most_and_the_opened_one_among_them(pages):
    at = open_(pages)
    ids = [pages.town.assessments[key] for key in ("larkmere", "quillstone")]
    rows = deciding.comparison(pages.app, pages.actor("committee"), ids).rows
    differing = [row.id for row in rows if row.kind == "question"]
    shown = [b.key for b in at.button if b.key and b.key.removeprefix("open_") in differing]

    assert len(shown) == min(len(differing), 15)
    last = open_(pages, row=differing[-1])
    assert f"open_{differing[-1]}" in [b.key for b in last.button]


def test_a_row_opens_down_to_the_answers_their_evidence_and_the_rule(pages):
    at = open_(pages)
    next(b for b in at.button if b.key == "open_published_credentials").click().run()

    text = said(at)
    assert "The scanner finds one key in the sample notebook" in text
    assert "E2 penetration" in text
    assert "**Knocked out.**" in text
    assert "Rita Moss judged: **verified by us**" in text


def test_a_domain_opens_down_to_its_sum(pages):
    at = open_(pages, row="credentials")

    assert len([t for t in at.table if "Brings" in t.value.columns]) == 2


def test_an_opened_row_closes_again(pages):
    at = open_(pages, row="published_credentials")
    next(b for b in at.button if b.key == "open_published_credentials").click().run()

    assert "The scanner finds one key" not in said(at)


def test_the_choice_of_vendors_is_kept_in_the_address(pages):
    at = pages.open("committee", "compare")
    at.multiselect[0].set_value([pages.town.assessments[k] for k in ("larkmere", "quillstone")])
    at.run()

    assert set(at.query_params["assessment"]) == {
        pages.town.assessments["larkmere"],
        pages.town.assessments["quillstone"],
    }
    assert at.header


def test_one_vendor_is_not_compared(pages):
    at = pages.open("committee", "compare", assessment=pages.town.assessments["larkmere"])

    assert not at.header
    assert "Choose two or more" in said(at)


def test_with_too_few_results_the_page_says_what_is_missing(empty):
    at = empty.open("administrator")

    assert "Compare" not in empty.menu("administrator")
    assert not at.exception
