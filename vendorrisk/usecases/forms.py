"""Checks what was typed, field by field, so that all problems are told at once."""

from __future__ import annotations

import re
from datetime import date

from vendorrisk.usecases.errors import Invalid
from vendorrisk.usecases.values import LONGEST_LINE, LONGEST_TEXT

_EMAIL = re.compile(
    r"[^@\s<>()\[\],;:\"\\]{1,64}@[^@\s<>()\[\],;:\"\\.]+(\.[^@\s<>()\[\],;:\"\\.]+)+"
)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_COUNTRY = re.compile(r"[A-Z]{2}")
_WEBSITE = re.compile(r"https?://[\w\-]+(\.[\w\-]+)+(:\d{1,5})?([/?#][^\s\"'<>]*)?", re.IGNORECASE)


def clean(text: str) -> str:
    """`text` without what nobody can see and some databases cannot hold: control characters other
    than tabs and line breaks, and halves of characters.
    """
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def too_long(text: str, longest: int) -> str | None:
    """The sentence for a text of more than `longest` characters, else None."""
    if len(text) <= longest:
        return None
    return (
        f"This is {len(text):,} characters long; at most {longest:,} fit. Shorten it, or attach"
        " a document instead."
        if longest >= LONGEST_TEXT
        else f"This is {len(text):,} characters long; at most {longest:,} fit."
    )


class Form:
    """Collects the problems of one form; `check` raises them together as `Invalid`."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}

    def problem(self, field: str, sentence: str) -> None:
        """Note what is wrong with a field; the first sentence about a field stays."""
        self.problems.setdefault(field, sentence)

    def check(self) -> None:
        """Raise `Invalid` if there is any problem."""
        if self.problems:
            raise Invalid(self.problems)

    def line(self, field: str, value: str, name: str, *, required: bool = True) -> str:
        """One line of text, its blanks tidied. `name` is what the field is called in a sentence."""
        text = " ".join(clean(value).split())
        return self._length(field, text, name, required, LONGEST_LINE)

    def text(self, field: str, value: str, name: str, *, required: bool = True) -> str:
        """Text of several lines."""
        return self._length(field, clean(value).strip(), name, required, LONGEST_TEXT)

    def email(self, field: str, value: str, name: str) -> str:
        """An e-mail address, as typed."""
        text = self.line(field, value, name)
        if text and not _EMAIL.fullmatch(text):
            self.problem(field, f"{text[:60]} is not an e-mail address, such as name@example.com.")
        return text

    def country(self, field: str, value: str) -> str:
        """A country by its ISO 3166-1 code, or nothing."""
        text = value.strip().upper()
        if text and not _COUNTRY.fullmatch(text):
            self.problem(field, "Give the country by its two letters, such as GB or DE.")
        return text

    def website(self, field: str, value: str) -> str:
        """A web address, or nothing; `https://` is added where it was left out."""
        text = self.line(field, value, "The website", required=False)
        if text and "://" not in text:
            text = f"https://{text}"
        if text and not _WEBSITE.fullmatch(text):
            self.problem(field, "Give the website's address, such as https://example.com.")
        return text

    def days(self, field: str, value: int, most: int) -> int:
        """A number of days from 1 to `most`."""
        if not 1 <= value <= most:
            self.problem(field, f"Give a number of days from 1 to {most}.")
        return value

    def not_in_the_past(self, field: str, day: date | None, today: date, name: str) -> None:
        """A day that has not passed yet, where one is given."""
        if day is not None and day < today:
            self.problem(field, f"{name} has passed already. Choose today or a later day.")

    def not_in_the_future(self, field: str, day: date | None, today: date, name: str) -> None:
        """A day up to today, where one is given."""
        if day is not None and day > today:
            self.problem(field, f"{name} is in the future. Give the date as it stands on the file.")

    def _length(self, field: str, text: str, name: str, required: bool, longest: int) -> str:
        if required and not text:
            self.problem(field, f"{name} is missing.")
        sentence = too_long(text, longest)
        if sentence:
            self.problem(field, f"{name}: {sentence[0].lower()}{sentence[1:]}")
        return text
