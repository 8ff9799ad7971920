"""Two judgements of one answer: where they agree, how far apart they are, and how often they agree.

A judgement is a word: one of the rubric's levels of assurance, "contradicted", or "approved" or
"rejected" for a claim that a question does not apply. None leaves the answer to its evidence, which
counts as `otherwise` says: as the level that the evidence supports, or as "rejected" for such a
claim. So one who leaves an answer to its evidence and one who judges just that agree; but what two
people settle is never a word that only one of them said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vendorrisk.assurance import CONTRADICTED

TWO_REVIEWERS_TIERS = frozenset({"1", "2"})
"""Tiers in which two reviewers judge alone, unless an installation says otherwise."""

VERDICTS = ("approved", "rejected")
"""What a claim that a question does not apply can be judged."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """On how many of the answers that either judged two reviewers `agreed`, without a moderator.

    `kappa` is what is left of that once agreement by chance is taken away: 1 is always, 0 is as
    often as chance, None where all judgements are the same word, so that chance alone explains it.
    """

    agreed: int
    of: int
    kappa: Fraction | None

    @property
    def percent(self) -> int | None:
        """The share that they agreed on, rounded down; None where nobody judged anything."""
        return 100 * self.agreed // self.of if self.of else None


def agree(first: str | None, second: str | None, otherwise: str) -> bool:
    """Whether two judgements come to the same."""
    return (first or otherwise) == (second or otherwise)


def settled(first: str | None, second: str | None) -> str | None:
    """What two judgements that agree settle: the word that both said, else what evidence gives."""
    return first if first == second else None


def apart(first: str | None, second: str | None, otherwise: str, levels: Sequence[str]) -> int:
    """How many steps lie between two judgements, with `levels` from the weakest to the strongest.

    "contradicted" is one step below the weakest; approving and rejecting are as far apart as can
    be, because one takes the question's weight away and the other its credit.
    """
    scale = (CONTRADICTED, *levels)
    one, other = first or otherwise, second or otherwise
    if one == other:
        return 0
    if one in VERDICTS or other in VERDICTS:
        return len(levels)
    return abs(scale.index(one) - scale.index(other))


def agreement(pairs: Iterable[tuple[str | None, str | None, str]]) -> Agreement:
    """How often two reviewers agree, over (first, second, otherwise) of each answer.

    Answers that both left to their evidence are not counted: nobody looked. Kappa after J. Cohen,
    "A coefficient of agreement for nominal scales", 1960.
    """
    said = [(one or left, other or left) for one, other, left in pairs if one or other]
    same, of = sum(one == other for one, other in said), len(said)
    if not of:
        return Agreement(0, 0, None)
    mine, theirs = Counter(one for one, _ in said), Counter(other for _, other in said)
    chance = Fraction(sum(mine[word] * theirs[word] for word in mine), of * of)
    kappa = None if chance == 1 else (Fraction(same, of) - chance) / (1 - chance)
    return Agreement(same, of, kappa)
