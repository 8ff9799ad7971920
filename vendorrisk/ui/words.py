"""How the pages say things: safe text, dates, spans, amounts, names of states and levels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from fractions import Fraction
from math import ceil, floor

from vendorrisk.assessment import State
from vendorrisk.reports import wording
from vendorrisk.reports.wording import day as day
from vendorrisk.reports.wording import minor_digits as minor_digits
from vendorrisk.scoring.scorecard import counted

# -- text that somebody else wrote ----------------------------------------------------------------

_JOINER = "\N{WORD JOINER}"

# Streamlit turns these into links, arrows, icons and emoji even where every character is escaped,
# because it looks for them in the finished text. An invisible joiner keeps them apart.
_STILL_MARKUP = re.compile(
    r"(?<=http)(?=s?://) | (?<=www)(?=\.) | (?=@) | (?<=mailto)(?=:) | (?<=xmpp)(?=:)"
    r" | (?<=-)(?=[->]) | (?<=<)(?=[-=]) | (?<=>)(?==) | (?<=:)(?=[\w+/-]+:)",
    re.VERBOSE | re.IGNORECASE,
)

# No more than needed, because a widget's label is read out with its backslashes.
_MARKUP = re.compile(r"[\\`*_\[\]<&$~|] | :(?=\S) | ^[#+=>-]", re.VERBOSE)
_NUMBERED = re.compile(r"^(\d{1,9})([.)])")


def plain(text: str) -> str:
    """`text` for a place that reads Markdown, so that it shows as exactly what was typed.

    Vendors' words are data: no link, image, colour, formula or emoji comes out of them. Line
    breaks are kept. `st.text`, tables and the answer cards take raw text and need none of this.
    """
    return "  \n".join(_plain_line(line.strip()) for line in text.splitlines() or [""])


def _plain_line(line: str) -> str:
    if not line:
        return "\N{NO-BREAK SPACE}"
    escaped = _MARKUP.sub(r"\\\g<0>", _STILL_MARKUP.sub(_JOINER, line))
    return _NUMBERED.sub(r"\1\\\2", escaped)


def one_line(text: str, longest: int = 120) -> str:
    """`plain` text on one line, cut at a word with an ellipsis where it is longer."""
    words = " ".join(text.split())
    if len(words) > longest:
        words = words[: longest - 1].rsplit(" ", 1)[0] + "…"
    return plain(words)


def sentence(phrase: str) -> str:
    """A phrase with its first letter in upper case; the rest stays, names of months among it."""
    return phrase[:1].upper() + phrase[1:]


def aside(markdown: str) -> str:
    """Markdown made small and quiet, to stand below or beside what matters more."""
    return f":small[:gray[{markdown}]]"


# -- numbers --------------------------------------------------------------------------------------


def score(value: float | Fraction | None) -> str:
    """A score as a whole number, rounded down so that nobody is flattered; a dash for none."""
    return "–" if value is None else str(floor(value))


def count(number: int, thing: str, things: str | None = None) -> str:
    """ "1 question", "12 questions", "no questions"."""
    told = counted(number, thing, things or "")
    return told if number else f"no{told.removeprefix('0')}"


def share(part: float) -> str:
    """A share from 0 to 1 in whole per cent, rounded down so that 100 % means all of it."""
    return f"{floor(part * 100 + 1e-9)} %"


def money(minor: int | None, currency: str | None) -> str:
    """An amount in minor units: 1250000, "EUR" is "EUR 12,500"; a dash for none."""
    return "–" if minor is None or currency is None else wording.money(minor, currency)


def size(number: int) -> str:
    """A number of bytes: "640 bytes", "12 KB", "3.4 MB"."""
    if number < 1000:
        return count(number, "byte")
    if number < 1_000_000:
        return f"{ceil(number / 1000)} KB"
    return f"{number / 1_000_000:.1f} MB"


# -- time -----------------------------------------------------------------------------------------


def minutes(number: int) -> str:
    """How long something takes: "3 minutes", "1 hour", "2 hours 5 minutes"."""
    hours, rest = divmod(number, 60)
    if not hours:
        return count(rest, "minute") if rest else "less than a minute"
    return f"{count(hours, 'hour')} {count(rest, 'minute')}" if rest else count(hours, "hour")


def moment(at: datetime, zone: tzinfo = UTC) -> str:
    """A point in time: "3 November 2026 at 14:05"."""
    local = at.astimezone(zone)
    return f"{day(local)} at {local:%H:%M}"


def clock(at: datetime, now: datetime, zone: tzinfo = UTC) -> str:
    """A point in time, as short as can be: "at 14:05", "yesterday at 14:05", else with the date."""
    local = at.astimezone(zone)
    days = (now.astimezone(zone).date() - local.date()).days
    if days == 0:
        return f"at {local:%H:%M}"
    return f"yesterday at {local:%H:%M}" if days == 1 else moment(at, zone)


def span(start: datetime, now: datetime) -> str:
    """How long it has been, in the one unit that matters: "2 hours", "3 days", "5 weeks"."""
    passed = max(now - start, timedelta(0))
    if passed < timedelta(minutes=1):
        return "less than a minute"
    if passed < timedelta(hours=1):
        return count(int(passed / timedelta(minutes=1)), "minute")
    if passed < timedelta(days=1):
        return count(int(passed / timedelta(hours=1)), "hour")
    if passed < timedelta(days=21):
        return count(passed.days, "day")
    if passed < timedelta(days=90):
        return count(passed.days // 7, "week")
    return count(passed.days // 30, "month")


def waiting(since: datetime, now: datetime) -> str:
    """ "waiting 3 days"."""
    return f"waiting {span(since, now)}"


def ago(at: datetime, now: datetime) -> str:
    """ "3 days ago", "just now"."""
    return "just now" if now - at < timedelta(minutes=1) else f"{span(at, now)} ago"


def due(on: date | None, today: date) -> str:
    """When something is due, from today: "due in 5 days, on 3 November 2026"; "" for no date."""
    if on is None:
        return ""
    days = (on - today).days
    if days < 0:
        return f"{count(-days, 'day')} overdue, was due on {day(on)}"
    if days == 0:
        return "due today"
    return f"due tomorrow, {day(on)}" if days == 1 else f"due in {days} days, on {day(on)}"


# -- names ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sign:
    """Something told by word, shape and colour together, so that none of them is needed alone.

    `icon` is a Material icon as Streamlit writes it, `colour` one of its colours for badges.
    """

    word: str
    icon: str
    colour: str

    @property
    def badge(self) -> str:
        """The sign as Markdown, to stand in a line of text."""
        return f":{self.colour}-badge[{self.icon} {plain(self.word)}]"


STATES: Mapping[State, Sign] = {
    State.DRAFT: Sign("Not invited yet", ":material/edit_note:", "gray"),
    State.INVITED: Sign("Invited", ":material/mail:", "blue"),
    State.IN_PROGRESS: Sign("Being answered", ":material/edit:", "blue"),
    State.SUBMITTED: Sign("Submitted", ":material/inventory_2:", "violet"),
    State.RETURNED: Sign("Returned to the vendor", ":material/undo:", "orange"),
    State.IN_REVIEW: Sign("In review", ":material/rate_review:", "violet"),
    State.REVIEWED: Sign("Ready for a decision", ":material/gavel:", "violet"),
    State.DECIDED: Sign("Decided", ":material/check_circle:", "green"),
    State.WITHDRAWN: Sign("Withdrawn", ":material/block:", "gray"),
}

BANDS: Mapping[str, Sign] = {
    "strong": Sign("Strong", ":material/verified:", "green"),
    "adequate": Sign("Adequate", ":material/check_circle:", "green"),
    "limited": Sign("Limited", ":material/change_history:", "orange"),
    "weak": Sign("Weak", ":material/warning:", "orange"),
    "unacceptable": Sign("Unacceptable", ":material/dangerous:", "red"),
}

STOPPED_BY: Mapping[str, Sign] = {
    "knockout": Sign("Knocked out", ":material/dangerous:", "red"),
    "cap": Sign("Capped", ":material/vertical_align_top:", "orange"),
    "lifted": Sign("Lifted", ":material/lock_open:", "violet"),
    "not_cleared": Sign("Not cleared", ":material/help:", "orange"),
    "clarify": Sign("To be clarified", ":material/contact_support:", "blue"),
    "insufficient_basis": Sign("Insufficient basis", ":material/data_alert:", "gray"),
}

LEVELS: Mapping[str, Sign] = {
    "verified": Sign("Verified by us", ":material/verified:", "green"),
    "audited": Sign("Independently audited", ":material/fact_check:", "green"),
    "documented": Sign("Documented", ":material/description:", "blue"),
    "self_attested": Sign("Self-attested", ":material/record_voice_over:", "gray"),
    "contradicted": Sign("Contradicted", ":material/cancel:", "red"),
}

RISKS: Mapping[str, Sign] = {
    "very_low": Sign("Very low", ":material/keyboard_double_arrow_down:", "green"),
    "low": Sign("Low", ":material/keyboard_arrow_down:", "green"),
    "moderate": Sign("Moderate", ":material/drag_handle:", "orange"),
    "high": Sign("High", ":material/keyboard_arrow_up:", "orange"),
    "very_high": Sign("Very high", ":material/keyboard_double_arrow_up:", "red"),
}

TIERS: Mapping[str, Sign] = {
    "1": Sign("Tier 1, very high inherent risk", ":material/counter_1:", "red"),
    "2": Sign("Tier 2, high inherent risk", ":material/counter_2:", "orange"),
    "3": Sign("Tier 3, moderate inherent risk", ":material/counter_3:", "blue"),
    "4": Sign("Tier 4, low inherent risk", ":material/counter_4:", "green"),
}

OUTCOMES: Mapping[str, Sign] = {
    "approve": Sign("Approved", ":material/check_circle:", "green"),
    "conditional": Sign("Approved with conditions", ":material/rule:", "orange"),
    "reject": Sign("Rejected", ":material/dangerous:", "red"),
    "escalate": Sign("Escalated", ":material/move_up:", "violet"),
}

ANSWERERS: Mapping[str, str] = {
    "security": "Security",
    "engineering": "Engineering",
    "legal": "Legal and privacy",
    "business": "Business",
}
"""Who at the vendor knows the answer."""


def sign(signs: Mapping[str, Sign], key: str | None) -> Sign:
    """The sign for `key`, or a plain one with the key in words where a rubric made its own up."""
    if key is None:
        return Sign("No score", ":material/remove:", "gray")
    return signs.get(key) or Sign(
        key.replace("_", " ").capitalize(), ":material/radio_button_unchecked:", "gray"
    )
