"""Two judgements: who agrees settles, nobody's word alone counts, and how often they agree."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.agreement import Agreement, agree, agreement, apart, settled
from vendorrisk.assurance import CONTRADICTED

LEVELS = ("self_attested", "documented", "audited", "verified")
WORDS = (CONTRADICTED, *LEVELS)

judgements = st.none() | st.sampled_from(WORDS)
claims = st.none() | st.sampled_from(("approved", "rejected"))
pairs = st.one_of(
    st.tuples(judgements, judgements, st.sampled_from(LEVELS)),
    st.tuples(claims, claims, st.just("rejected")),
)


@pytest.mark.parametrize(
    ("first", "second", "otherwise", "same", "counts", "steps"),
    [
        ("audited", "audited", "documented", True, "audited", 0),
        ("audited", "documented", "audited", False, None, 1),
        ("contradicted", "verified", "documented", False, None, 4),
        (None, None, "documented", True, None, 0),
        (None, "documented", "documented", True, None, 0),
        (None, "audited", "self_attested", False, None, 2),
        ("approved", "approved", "rejected", True, "approved", 0),
        ("approved", "rejected", "rejected", False, None, 4),
        (None, "rejected", "rejected", True, None, 0),
        (None, "approved", "rejected", False, None, 4),
    ],
)
def test_agreeing_settles_and_differing_waits(
    first: str | None,
    second: str | None,
    otherwise: str,
    same: bool,
    counts: str | None,
    steps: int,
) -> None:
    assert agree(first, second, otherwise) == same
    if same:
        assert settled(first, second) == counts
    assert apart(first, second, otherwise, LEVELS) == steps


@given(pairs)
def test_neither_reviewer_is_first(pair: tuple[str | None, str | None, str]) -> None:
    one, other, left = pair
    assert agree(one, other, left) == agree(other, one, left)
    assert settled(one, other) == settled(other, one)
    assert apart(one, other, left, LEVELS) == apart(other, one, left, LEVELS)


@given(pairs)
def test_what_is_settled_was_said_by_both_and_what_differs_lies_apart(
    pair: tuple[str | None, str | None, str],
) -> None:
    one, other, left = pair
    assert settled(one, other) in (None, one)
    assert settled(one, other) in (None, other)
    assert agree(one, other, left) == (apart(one, other, left, LEVELS) == 0)
    assert 0 <= apart(one, other, left, LEVELS) <= len(LEVELS)


@given(st.lists(pairs, max_size=12))
def test_the_rate_counts_what_anybody_judged_and_agrees_with_the_settling(
    found: list[tuple[str | None, str | None, str]],
) -> None:
    rate = agreement(found)
    judged = [pair for pair in found if pair[0] or pair[1]]
    assert (rate.agreed, rate.of) == (sum(agree(*pair) for pair in judged), len(judged))
    if rate.kappa is not None:
        assert -1 <= rate.kappa <= 1
        assert (rate.kappa == 1) == (rate.agreed == rate.of)


def test_kappa_takes_chance_away() -> None:
    """50 answers: 35 agreed upon, where chance alone would give 25."""
    table = {
        ("approved", "approved"): 20,
        ("approved", "rejected"): 5,
        ("rejected", "approved"): 10,
        ("rejected", "rejected"): 15,
    }
    found = agreement((*pair, "rejected") for pair, times in table.items() for _ in range(times))
    assert found == Agreement(35, 50, Fraction(2, 5))
    assert found.percent == 70
    assert agreement([("audited", "audited", "documented")] * 3).kappa is None
    assert agreement([(None, None, "documented")]).percent is None
