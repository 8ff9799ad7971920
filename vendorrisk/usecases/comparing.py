"""What a new rubric would make of the assessments that are stored; nothing stored is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from vendorrisk.access import EVERYTHING
from vendorrisk.content import Comparison, Pack, compare, outcome_of
from vendorrisk.store import Store


@dataclass(frozen=True, slots=True)
class StoredComparison:
    """The newest scorecards by the old rubric, each beside what the new rubric would give.

    `others` counts those of the same questionnaire that another rubric or version scored.
    """

    compared: tuple[Comparison, ...]
    others: int


def compare_stored(store: Store, old: Pack, new: Pack) -> StoredComparison:
    """Score every assessment that the old rubric scored by the new one, and keep nothing of it.

    Raises StoreUnavailable.
    """
    compared, others = [], 0
    stated = new.rubric.everyday.rules.values() if new.rubric.everyday else ()
    rules = {rule.id for rule in stated if rule.effect != "clarify"}
    for name, digest, result, snapshot in _scored(store, old):
        if digest != old.rubric.digest:
            others += 1
            continue
        found = json.loads(result)
        submission = {**json.loads(snapshot), "review": found["review"]}
        lifted = {rule: why for rule, why in found.get("lifted", {}).items() if rule in rules}
        if lifted:
            submission["lifted"] = lifted
        compared.append(compare(name, submission, outcome_of(found["scorecard"]), new))
    return StoredComparison(tuple(compared), others)


def _scored(store: Store, old: Pack) -> Iterator[tuple[str, str, str, str]]:
    """Of each scored assessment of the questionnaire: its name, rubric, result and submission."""
    with store.read(EVERYTHING) as work:
        rows = {
            row.assessment.id: f"{row.vendor.name}, {row.engagement.title}"
            for row in work.portfolio()
            if row.assessment is not None
            and row.engagement is not None
            and row.assessment.questionnaire_id == old.id
        }
        scored = work.latest_scorecards(rows)
        found = [
            (rows[assessment], card.rubric_digest, card.result, submission.snapshot)
            for assessment, (submission, card) in scored.items()
        ]
    yield from sorted(found)
