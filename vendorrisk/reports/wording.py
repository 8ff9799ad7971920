"""How dates and amounts are written and long texts shortened, in reports and on pages alike."""

from __future__ import annotations

from datetime import UTC, date, datetime
from textwrap import shorten

_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}


def day(when: date) -> str:
    """A date as people write it: "3 November 2026"."""
    return f"{when.day} {when:%B %Y}"


def moment(when: datetime) -> str:
    """A time as people write it, in UTC: "3 November 2026, 14:05 UTC"."""
    utc = when.astimezone(UTC)
    return f"{day(utc.date())}, {utc:%H:%M} UTC"


def minor_digits(currency: str | None) -> int:
    """How many digits of an amount in minor units are behind the point, by ISO 4217."""
    return _MINOR_DIGITS.get(currency or "", 2)


def money(minor: int, currency: str | None) -> str:
    """An amount in minor units: 1250000, "EUR" is "EUR 12,500"; cents only where there are any."""
    digits = minor_digits(currency)
    whole, rest = divmod(minor, 10**digits)
    amount = f"{whole:,}.{rest:0{digits}}" if rest else f"{whole:,}"
    return f"{currency} {amount}" if currency else amount


def clip(text: str, length: int) -> str:
    """`text`, cut at a word where it is longer than `length`, for a page with room for so much."""
    return shorten(text, length, placeholder=" …")
