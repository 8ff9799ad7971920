"""How the pages say things: words for people, and others' words exactly as they typed them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from vendorrisk.assessment import State
from vendorrisk.ui import words

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MARKUP = "abc 1.)(#+-*_`~[]!<>&\\|$:=^\n"


def shown(markdown: str) -> str:
    """The text that a reader sees, if it is nothing but one paragraph of text."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(markdown)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert tokens[1].children is not None
    parts = []
    for part in tokens[1].children:
        assert part.type in ("text", "text_special", "hardbreak"), part.type
        parts.append("\n" if part.type == "hardbreak" else part.content)
    return "".join(parts).replace("\N{WORD JOINER}", "")


@given(st.text(st.sampled_from(MARKUP), min_size=1, max_size=60))
def test_others_words_show_as_they_were_typed_and_as_nothing_else(text):
    lines = [line.strip() or "\N{NO-BREAK SPACE}" for line in text.splitlines()]

    # This parser drops blank lines around the text, which the pages show.
    assert shown(words.plain(text)).strip() == "\n".join(lines).strip()


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example",
        "www.x.example",
        "me@x.example",
        "mailto:me@x.example",
        "a -> b",
        "a <- b",
        "a -- b",
        "a >= b",
        ":smile:",
        ":material/home:",
        ":streamlit:",
    ],
)
def test_what_streamlit_finds_in_finished_text_is_kept_apart(text):
    # Escaping does not help against these: only an invisible character between them does.
    assert "\N{WORD JOINER}" in words.plain(text)


def test_ordinary_sentences_are_left_alone():
    # A widget's label is read out with its backslashes, so there should be none.
    for text in ("Is it deleted (all of it)?", "RT1: Yes, except one.", "5 + 3 = 8", "A, B; C!"):
        assert words.plain(text) == text


def test_one_line_is_cut_at_a_word():
    assert words.one_line("one two three\nfour", 12) == "one two…"
    assert words.one_line("one two", 12) == "one two"


@pytest.mark.parametrize(
    ("number", "says"), [(69.99, "69"), (70, "70"), (0.4, "0"), (None, "–"), (100, "100")]
)
def test_a_score_is_rounded_down(number, says):
    assert words.score(number) == says


def test_a_share_is_whole_only_when_it_is_all():
    assert words.share(0.999) == "99 %"
    assert words.share(1) == "100 %"
    assert words.share(0.29) == "29 %"


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (0, "less than a minute"),
        (1, "1 minute"),
        (59, "59 minutes"),
        (60, "1 hour"),
        (125, "2 hours 5 minutes"),
    ],
)
def test_minutes_are_said_in_hours_where_they_are_many(number, says):
    assert words.minutes(number) == says


@pytest.mark.parametrize(
    ("passed", "says"),
    [
        (timedelta(seconds=30), "less than a minute"),
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=3, hours=5), "3 days"),
        (timedelta(days=21), "3 weeks"),
        (timedelta(days=100), "3 months"),
        (timedelta(minutes=-5), "less than a minute"),
    ],
)
def test_a_span_is_said_in_the_one_unit_that_matters(passed, says):
    assert words.span(NOW - passed, NOW) == says


def test_a_time_is_said_in_the_readers_zone_and_as_short_as_can_be():
    zone = ZoneInfo("Europe/Berlin")
    at = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)

    assert words.clock(at, NOW, zone) == "at 00:30"
    assert words.clock(at, NOW, UTC) == "yesterday at 23:30"
    assert words.clock(at, NOW + timedelta(days=5), zone) == "2 November 2026 at 00:30"


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (-2, "2 days overdue, was due on 31 October 2026"),
        (0, "due today"),
        (1, "due tomorrow, 3 November 2026"),
        (5, "due in 5 days, on 7 November 2026"),
    ],
)
def test_a_due_date_is_said_from_today(days, says):
    today = NOW.date()

    assert words.due(today + timedelta(days=days), today) == says
    assert words.due(None, today) == ""


def test_a_sentence_begins_with_a_capital_and_keeps_the_others():
    assert words.sentence("due on 3 November") == "Due on 3 November"
    assert words.sentence("") == ""


def test_sizes_and_counts_are_said_for_people():
    assert [words.size(n) for n in (1, 999, 1_001, 2_400_000)] == [
        "1 byte",
        "999 bytes",
        "2 KB",
        "2.4 MB",
    ]
    assert [words.count(n, "question") for n in (0, 1, 12)] == [
        "no questions",
        "1 question",
        "12 questions",
    ]
    assert words.day(date(2026, 11, 3)) == "3 November 2026"


@pytest.mark.parametrize(
    "signs",
    [
        words.STATES,
        words.BANDS,
        words.STOPPED_BY,
        words.LEVELS,
        words.RISKS,
        words.TIERS,
        words.OUTCOMES,
    ],
)
def test_no_two_signs_look_alike_without_their_colour(signs):
    assert len({(sign.word, sign.icon) for sign in signs.values()}) == len(signs)
    assert len({sign.icon for sign in signs.values()}) == len(signs)


def test_every_state_has_its_sign():
    assert set(words.STATES) == set(State)


def test_a_label_that_a_rubric_made_up_is_said_in_words():
    assert words.sign(words.BANDS, "needs_work").word == "Needs work"
    assert words.sign(words.BANDS, None).word == "No score"
