"""Reads appetite.yaml: the risk table, what controls take off a risk, and each tier's bars."""

from __future__ import annotations

from fractions import Fraction

from vendorrisk.content.questionnaires import digest_of
from vendorrisk.document import Fields, Record, Report, number
from vendorrisk.risk import Appetite, Reduction, TierAppetite


def read_appetite(record: Record, report: Report) -> Appetite | None:
    """The appetite that a file states; None, with every problem reported, where it is unusable."""
    before = len(report.errors)
    fields = Fields(record, report, "the appetite")
    name, version = fields.text("appetite"), fields.whole("version")
    levels = tuple(str(level) for level in fields.texts("levels", required=True))
    table = _risk_table(fields, levels)
    residual = Fields(fields.raw("residual", required=True), report, "`residual`", at=record)
    falls = _falls(residual)
    knocked_out = residual.word("likelihood_when_knocked_out", levels) if levels else ""
    impact_falls = residual.whole("impact_falls", least=0)
    reductions = tuple(
        _reduction(thing, report) for thing in residual.items("impact_falls_when_verified")
    )
    residual.done()
    tiers = {
        str(key): _tier(Fields(value, report, f"tier `{key}`", at=key), str(key), levels)
        for key, value in fields.entries("tiers", required=True)
    }
    fields.done()
    if len(report.errors) > before:
        return None
    return Appetite(
        id=str(name),
        version=version,
        levels=levels,
        risk=table,
        likelihood_falls=falls,
        likelihood_when_knocked_out=knocked_out,
        impact_falls=impact_falls,
        reductions=reductions,
        tiers=tiers,
        digest=digest_of(record),
    )


def _risk_table(fields: Fields, levels: tuple[str, ...]) -> dict[tuple[str, str], str]:
    table = {}
    rows = Fields(fields.raw("risk", required=True), fields.report, "`risk`", at=fields.at)
    for likelihood in levels:
        row = rows.texts(likelihood, required=True)
        if row and len(row) != len(levels):
            rows.report.error(
                "bad-table",
                rows.key(likelihood),
                f"The row `{likelihood}` has {len(row)} levels, and there are {len(levels)}.",
            )
        for impact, level in zip(levels, row, strict=False):
            if level not in levels:
                rows.report.error("not-one-of", level, f"`{level}` is not a level.")
            table[likelihood, impact] = str(level)
    rows.done()
    return table


def _falls(residual: Fields) -> tuple[tuple[Fraction, int], ...]:
    falls = []
    bars = Fields(
        residual.raw("likelihood_falls", required=True),
        residual.report,
        "`likelihood_falls`",
        at=residual.at,
    )
    for key in list(bars.record):
        bar = _score(bars, key)
        if not key.isdecimal():
            bars.report.error("not-whole", bars.key(key), f"`{key}` is no number of levels.")
        else:
            falls.append((bar, int(key)))
    ordered = sorted(falls, reverse=True)
    if [n for _, n in ordered] != sorted((n for _, n in falls), reverse=True):
        bars.report.error("bad-order", bars.at, "A higher score must take off more levels.")
    return tuple(ordered)


def _score(fields: Fields, name: str) -> Fraction:
    text = fields.text(name)
    score = number(text)
    if text and (score is None or not 0 <= score <= 100):
        fields.report.error("bad-score", text, f"`{name}: {text}` must be a score from 0 to 100.")
    return score or Fraction(0)


def _reduction(thing: object, report: Report) -> Reduction:
    fields = Fields(thing, report, "a reduction of impact")
    reduction = Reduction(
        str(fields.text("question")),
        tuple(str(choice) for choice in fields.texts("choices", required=True)),
        str(fields.text("because")),
    )
    fields.done()
    return reduction


def _tier(fields: Fields, tier: str, levels: tuple[str, ...]) -> TierAppetite:
    limited = bool(levels) and fields.raw("residual_at_most") is not None
    bars = TierAppetite(
        tier=tier,
        approve=_score(fields, "approve"),
        conditional=_score(fields, "conditional"),
        residual_at_most=fields.word("residual_at_most", levels) if limited else None,
        executive_may_accept_caps=fields.flag("executive_may_accept_caps", False),
        acceptance_months=fields.whole("acceptance_months"),
        reassess_months=fields.whole("reassess_months"),
    )
    if bars.conditional > bars.approve:
        fields.report.error(
            "bad-order",
            fields.key("conditional"),
            f"Tier {tier} asks for more to set conditions than to approve.",
        )
    fields.done()
    return bars
