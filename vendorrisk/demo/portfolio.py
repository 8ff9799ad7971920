"""The fictional vendors of the demo portfolio, read from vendors/*.yaml and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
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
    what each piece of evidence is. `value` is in whole units of `currency`.
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

    def submission(
        self, questionnaire: Questionnaire, tier: str, *, as_of: date | None = None
    ) -> dict[str, Any]:
        """The answers to `questionnaire` as plain data, facts included.

        The facts are the tier, the scope and whatever the intake answered under the name of one.
        With another `as_of` every date of the evidence moves along, so that nothing ages.
        """
        moved = (as_of or self.as_of) - self.as_of
        answered = self.intake["answers"]
        facts = {fact.id: answered[fact.id] for fact in questionnaire.facts if fact.id in answered}
        return {
            "answers": dict(self.core["answers"]),
            "facts": facts | {"tier": tier, "scope": dict(self.scope)},
            "evidence": {name: _moved(item, moved) for name, item in self.core["evidence"].items()},
            "review": dict(self.core["review"]),
            "as_of": (self.as_of + moved).isoformat(),
        }


def _moved(item: Mapping[str, Any], by: timedelta) -> dict[str, Any]:
    """One piece of evidence with its dates moved."""
    found = dict(item)
    for name in ("dated", "period_end"):
        if name in found:
            found[name] = (date.fromisoformat(found[name]) + by).isoformat()
    return found


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
    )
    for part in (contact, engagement, core, fields):
        part.done()
    if set(found.documents) != set(found.core["evidence"]):
        report.error(
            "documents", fields.key("documents"), "`documents` and `evidence` name different files."
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
