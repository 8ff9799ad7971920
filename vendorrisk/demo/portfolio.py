"""The fictional vendors of the demo portfolio, read from vendors/*.yaml and checked."""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import floor
from pathlib import Path
from typing import Any

from vendorrisk.conditions import read_day
from vendorrisk.content import read_yaml
from vendorrisk.document import Fields, InvalidContent, Record, Report, plain
from vendorrisk.questionnaire import Questionnaire

VENDORS = Path(__file__).parent / "vendors"
TIERS = ("1", "2", "3", "4")
BANDS = ("strong", "adequate", "limited", "weak", "unacceptable", "insufficient basis")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a vendor was made to show, or does show: whole points, rounded down.

    `claimed` is the plain mean of points. `overall` is None where the basis is insufficient.
    `rules` are the ids that fire. `overall_if_fresh` is given where stale proof is the point.
    """

    tier: str
    claimed: int
    overall: int | None
    band: str
    inherent: str = ""
    rules: tuple[str, ...] = ()
    overall_if_fresh: int | None = None


@dataclass(frozen=True)
class DemoVendor:
    """A fictional vendor. `intake` and `core` are submissions without the facts they depend on.

    `core` is written as of `as_of`: its evidence is as old as it is on that day. `documents` says
    what each piece of evidence is. `addenda` has, by set, what core has and its `documents`; what
    core asks too is not in it. `value` is in whole units of `currency`.
    """

    id: str
    name: str
    legal_name: str
    country: str
    website: str
    about: str
    contact_name: str
    contact_job_title: str
    contact_email: str
    engagement: str
    service: str
    value: int
    currency: str
    starts: date
    ends: date
    shows: str
    intake: Mapping[str, Any]
    core: Mapping[str, Any]
    scope: Mapping[str, str]
    as_of: date
    documents: Mapping[str, str]
    intended: Outcome
    gives: Outcome
    because: str
    addenda: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def submission(
        self, questionnaire: Questionnaire, tier: str, *, as_of: date | None = None
    ) -> dict[str, Any]:
        """The answers to `questionnaire` as plain data, facts included.

        The facts are the tier, the scope and whatever the intake answered under the name of one.
        With another `as_of` it is that of `moved_to` that day.
        """
        if as_of is not None and as_of != self.as_of:
            return self.moved_to(as_of).submission(questionnaire, tier)
        answered = self.intake["answers"]
        # What the intake did not ask takes the worst word, as in the app; facts name it last.
        facts = {fact.id: answered.get(fact.id, fact.choices[-1]) for fact in questionnaire.facts}
        return {
            "answers": dict(self.core["answers"]),
            "facts": facts | {"tier": tier, "scope": dict(self.scope)},
            "evidence": dict(self.core["evidence"]),
            "review": dict(self.core["review"]),
            "as_of": self.as_of.isoformat(),
        }

    def moved_to(self, day: date) -> DemoVendor:
        """The same vendor told as of another day: every date moves along, in sentences too, so
        that nothing ages. Starts and ends of months stay what they are.
        """
        move = _Move(self.as_of, day - self.as_of)
        return replace(
            self,
            about=move.text(self.about),
            starts=move.day(self.starts),
            ends=move.day(self.ends),
            as_of=day,
            core=move.value(self.core),
            documents=move.value(self.documents),
            addenda=move.value(self.addenda),
        )


_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_IN_WORDS = re.compile(rf"\b(?:(\d{{1,2}}) )?({'|'.join(month_name[1:])})\b(?: (\d{{4}}))?")
_DAYS_OF_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class _Move:
    """Moves everything that is told as of one day by some time."""

    as_of: date
    by: timedelta

    def day(self, day: date) -> date:
        """A date moved; the first and the last day of a month move by whole months."""
        if day.day == 1:
            months = day.year * 12 + day.month - 1 + floor(self.by.days / _DAYS_OF_A_MONTH)
            return date(months // 12, months % 12 + 1, 1)
        following = day + timedelta(days=1)
        if following.day == 1:
            return self.day(following) - timedelta(days=1)
        return day + self.by

    def text(self, text: str) -> str:
        """A text with the dates that stand in it moved: "26 October", "June 2026"."""
        if _ISO_DATE.fullmatch(text):
            return self.day(date.fromisoformat(text)).isoformat()
        return _DATE_IN_WORDS.sub(self._words, text)

    def value(self, value: Any) -> Any:
        """Plain data with every text in it moved."""
        if isinstance(value, Mapping):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def _words(self, found: re.Match[str]) -> str:
        day, month, year = found.groups()
        at = list(month_name).index(month)
        # Without a year the nearest such day is meant.
        years = [int(year)] if year else [self.as_of.year + off for off in (-1, 0, 1)]
        days = [date(each, at, int(day or 1)) for each in years]
        moved = self.day(min(days, key=lambda one: abs(one - self.as_of)))
        words = (str(moved.day) if day else "", month_name[moved.month], year and str(moved.year))
        return " ".join(word for word in words if word)


def vendors(folder: Path = VENDORS) -> tuple[DemoVendor, ...]:
    """Every vendor of the portfolio, in order of name. Raises InvalidContent with all problems."""
    report = Report("portfolio")
    found = []
    for path in sorted(folder.glob("*.yaml")):
        inner = Report(path.name)
        record = read_yaml(path, inner)
        if record is not None:
            found.append(_vendor(record, inner))
        report.problems += inner.problems
    if report.errors:
        raise InvalidContent(report.errors)
    return tuple(found)


def _vendor(record: Record, report: Report) -> DemoVendor:
    fields = Fields(record, report, "a vendor")
    contact = Fields(fields.mapping("contact", required=True), report, "the contact")
    engagement = Fields(fields.mapping("engagement", required=True), report, "the engagement")
    core = Fields(fields.mapping("core", required=True), report, "`core`")
    found = DemoVendor(
        id=str(fields.text("vendor")),
        name=str(fields.text("name")),
        legal_name=str(fields.text("legal_name")),
        country=str(fields.text("country")),
        website=str(fields.text("website")),
        about=str(fields.text("about")),
        contact_name=str(contact.text("name")),
        contact_job_title=str(contact.text("job_title")),
        contact_email=str(contact.text("email")),
        engagement=str(engagement.text("title")),
        service=str(engagement.text("service")),
        value=engagement.whole("value"),
        currency=str(engagement.text("currency")),
        starts=_day(engagement, "starts"),
        ends=_day(engagement, "ends"),
        shows=str(fields.text("shows")),
        intake={"facts": {}} | plain(fields.mapping("intake", required=True)),
        scope=plain(core.mapping("scope", required=True)),
        as_of=_day(core, "as_of"),
        core={part: plain(core.mapping(part)) for part in ("answers", "evidence", "review")},
        documents=plain(fields.mapping("documents")),
        intended=_outcome(fields, "intended", "mean_of_points", "result"),
        gives=_outcome(fields, "gives", "claimed", "overall"),
        because=str(fields.text("because")),
        addenda={
            str(name): _addendum(Fields(value, report, f"the addendum `{name}`", at=name))
            for name, value in fields.entries("addenda")
        },
    )
    for part in (contact, engagement, core, fields):
        part.done()
    if set(found.documents) != set(found.core["evidence"]):
        report.error(
            "documents", fields.key("documents"), "`documents` and `evidence` name different files."
        )
    return found


def _addendum(fields: Fields) -> dict[str, Any]:
    parts = ("answers", "evidence", "review", "documents")
    found = {part: plain(fields.mapping(part)) for part in parts}
    fields.done()
    if set(found["documents"]) != set(found["evidence"]):
        fields.report.error(
            "documents", fields.at, "`documents` and `evidence` name different files."
        )
    return found


def _day(fields: Fields, name: str) -> date:
    text = fields.text(name)
    day = read_day(text)
    if text and day is None:
        fields.report.error("bad-date", text, f"`{name}: {text}` is no day.")
    return day or date.min


def _outcome(fields: Fields, name: str, claimed: str, overall: str) -> Outcome:
    inner = Fields(fields.mapping(name, required=True), fields.report, f"`{name}`")
    found = Outcome(
        tier=inner.word("tier", TIERS),
        claimed=inner.whole(claimed, least=0),
        overall=_points(inner, overall),
        band=inner.word("band", BANDS),
        inherent=str(inner.optional("inherent") or ""),
        rules=tuple(str(rule) for rule in inner.texts("rules")),
        overall_if_fresh=_points(inner, "overall_if_fresh"),
    )
    inner.done()
    return found


def _points(fields: Fields, name: str) -> int | None:
    return fields.whole(name, least=0) if name in fields.record else None
