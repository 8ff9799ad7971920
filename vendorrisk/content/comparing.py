"""What would move before a rubric is published: the same submissions under the old and the new."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from vendorrisk.assurance import read_submission, score_submission
from vendorrisk.content.cases import read_cases
from vendorrisk.content.packs import Pack
from vendorrisk.document import Report
from vendorrisk.scoring import SheetError

_TOLD = 4
"""Of the results that move below an overall one that stays, how many a line names."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scorecard comes to: its overall result, its band, the rules that fire, and the rest.

    `overall` is as shown, `exact` what is compared: a fraction, a label or a state. `others` has
    both of every other result, by name.
    """

    overall: str
    exact: str
    band: str | None
    rules: frozenset[str]
    others: Mapping[str, tuple[str, str]]

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
        """Whether a result or a rule that fires would be another, or nothing could be computed.

        A result that only one of the two rubrics has is no move.
        """
        return self.after is None or self._leads_elsewhere or bool(self._others)

    @property
    def _leads_elsewhere(self) -> bool:
        return self.after is None or replace(self.before, others={}) != replace(
            self.after, others={}
        )

    @property
    def _others(self) -> list[str]:
        """The results beside the overall one that both have and that differ, with both values."""
        after = {} if self.after is None else self.after.others
        return [
            f"{name} {_apart(shown, exact, *after[name])}"
            for name, (shown, exact) in self.before.others.items()
            if name in after and after[name][1] != exact
        ]

    def __str__(self) -> str:
        if self.after is None:
            return f"{self.name}: {self.before} → cannot be scored: {self.reason}"
        if not self._leads_elsewhere:
            told, more = self._others[:_TOLD], len(self._others) - _TOLD
            rest = f" and {more} more" if more > 0 else ""
            return f"{self.name}: {self.before} as before; {', '.join(told)}{rest}"
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
    value = _precise(outcome.exact)
    return value if outcome.band is None else f"{value} {outcome.band}"


def _apart(shown: str, exact: str, shown_after: str, exact_after: str) -> str:
    if shown == shown_after or "." in shown + shown_after:
        return f"{_precise(exact)} → {_precise(exact_after)}"
    return f"{shown} → {shown_after}"


def _precise(exact: str) -> str:
    with suppress(ValueError):  # a label or a state
        return f"{float(Fraction(exact)):.4f}"
    return exact


def _values(result: Mapping[str, Any]) -> tuple[str, str]:
    """A result as shown, and exactly."""
    shown = result["state"] if result["value"] is None else result["value"]
    return str(shown), str(shown if result["exact"] is None else result["exact"])


def outcome_of(scorecard: Mapping[str, Any]) -> Outcome:
    """What a scorecard's JSON, new or stored, comes to."""
    results = scorecard["results"]
    values = {name: _values(result) for name, result in results.items()}
    overall, exact = values.pop("overall")
    return Outcome(
        overall=overall,
        exact=exact,
        band=results["band"]["value"] if values.pop("band", None) else None,
        rules=frozenset(rule["id"] for rule in scorecard["rules"]),
        others=values,
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
