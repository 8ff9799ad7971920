"""What would move before a rubric is published: the same submissions under the old and the new."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from vendorrisk.assurance import read_submission, score_submission
from vendorrisk.content.cases import read_cases
from vendorrisk.content.packs import Pack
from vendorrisk.document import Report
from vendorrisk.scoring import SheetError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scorecard comes to: its overall result, its band, and the rules that fire.

    `overall` is as shown, `exact` what is compared: a fraction, a label or a state.
    """

    overall: str
    exact: str
    band: str | None
    rules: frozenset[str]

    def __str__(self) -> str:
        return self.overall if self.band in (None, self.overall) else f"{self.overall} {self.band}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One submission under both packs; `after` is None where the new one cannot score it."""

    name: str
    before: Outcome
    after: Outcome | None
    reason: str = ""

    @property
    def moves(self) -> bool:
        """Whether anything a reader sees would be another, or could not be computed."""
        return self.before != self.after

    def __str__(self) -> str:
        if self.after is None:
            return f"{self.name}: {self.before} → cannot be scored: {self.reason}"
        parts = [f"{self.name}: {self.before} → {self.after}"]
        if str(self.before) == str(self.after) and self.before.exact != self.after.exact:
            parts = [f"{self.name}: {_close(self.before)} → {_close(self.after)}"]
        new, gone = self.after.rules - self.before.rules, self.before.rules - self.after.rules
        if new:
            parts.append(f"now fires: {', '.join(sorted(new))}")
        if gone:
            parts.append(f"no longer fires: {', '.join(sorted(gone))}")
        return "; ".join(parts)


def _close(outcome: Outcome) -> str:
    """An outcome with its exact value, for two that are shown alike."""
    value = outcome.exact
    with suppress(ValueError):  # a label or a state
        value = f"{float(Fraction(outcome.exact)):.4f}"
    return value if outcome.band is None else f"{value} {outcome.band}"


def outcome_of(scorecard: Mapping[str, Any]) -> Outcome:
    """What a scorecard's JSON, new or stored, comes to."""
    results = scorecard["results"]
    overall, band = results["overall"], results.get("band")
    shown = overall["state"] if overall["value"] is None else overall["value"]
    return Outcome(
        overall=str(shown),
        exact=str(shown if overall["exact"] is None else overall["exact"]),
        band=None if band is None else band["value"],
        rules=frozenset(rule["id"] for rule in scorecard["rules"]),
    )


def compare(name: str, submission: Mapping[str, Any], before: Outcome, new: Pack) -> Comparison:
    """A submission's plain data scored by the new pack, beside what it came to before."""
    report = Report("the submission")
    read = read_submission(submission, new.questionnaire, new.rubric, report)
    if read is None:
        return Comparison(name, before, None, report.errors[0].message)
    try:
        card = score_submission(new.questionnaire, new.rubric, read)
    except SheetError as error:
        return Comparison(name, before, None, str(error))
    return Comparison(name, before, outcome_of(card.to_json()))


def compare_cases(old: Pack, new: Pack) -> tuple[Comparison, ...]:
    """Every case of the old pack under both. Raises InvalidContent where its cases are unusable."""
    return tuple(
        compare(
            case.id,
            case.submission.to_json(),
            outcome_of(score_submission(old.questionnaire, old.rubric, case.submission).to_json()),
            new,
        )
        for case in read_cases(old)
    )
