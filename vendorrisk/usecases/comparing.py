"""What a new rubric would make of the assessments that are stored; nothing stored is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from vendorrisk.access import EVERYTHING
from vendorrisk.content import Comparison, Pack, compare, outcome_of
from vendorrisk.store import Store, is_sealed, snapshot_of
from vendorrisk.store.tables import Scorecard, Submission


@dataclass(frozen=True, slots=True)
class StoredComparison:
    """The newest scorecards by the old rubric, each beside what the new rubric would give.

    `others` counts those of the same questionnaire that another rubric or version scored,
    `unreadable` those whose answers were deleted when their time was over, or are sealed with a
    tender's key.
    """

    compared: tuple[Comparison, ...]
    others: int
    unreadable: int


def compare_stored(store: Store, old: Pack, new: Pack) -> StoredComparison:
    """Score every assessment that the old rubric scored by the new one, and keep nothing of it.

    Raises StoreUnavailable.
    """
    compared, others, unreadable = [], 0, 0
    stated = new.rubric.everyday.rules.values() if new.rubric.everyday else ()
    rules = {rule.id for rule in stated if rule.effect != "clarify"}
    for name, card, said in _scored(store, old):
        if card.rubric_digest != old.rubric.digest:
            others += 1
            continue
        if is_sealed(said) or not snapshot_of(said)["answers"]:  # nobody can submit nothing
            unreadable += 1
            continue
        found = json.loads(card.result)
        submission = {**snapshot_of(said), "review": found["review"]}
        lifted = {rule: why for rule, why in found.get("lifted", {}).items() if rule in rules}
        if lifted:
            submission["lifted"] = lifted
        compared.append(compare(name, submission, outcome_of(found["scorecard"]), new))
    return StoredComparison(tuple(compared), others, unreadable)


def _scored(store: Store, old: Pack) -> Iterator[tuple[str, Scorecard, Submission]]:
    """Each scored assessment of the questionnaire by its name, with scorecard and submission."""
    asked = old.id if old.questionnaire is None else old.questionnaire.id
    with store.read(EVERYTHING) as work:
        rows = {
            row.assessment.id: f"{row.vendor.name}, {row.engagement.title}"
            for row in work.portfolio()
            if row.assessment is not None
            and row.engagement is not None
            and row.assessment.questionnaire_id == asked
        }
        scored = work.latest_scorecards(rows)
        found = [
            (rows[assessment], card, submission)
            for assessment, (submission, card) in scored.items()
        ]
    yield from sorted(found, key=lambda each: (each[0], each[1].result))
