"""What a better band takes, and how much hangs on the weights, as staff are told it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.usecases.conftest import BEST, World
from tests.usecases.test_deciding import ROTATE, record
from vendorrisk.usecases import deciding, reviewing, weighing
from vendorrisk.usecases.errors import Invalid, Refusal


def reviewed(world: World, name: str, **answers: object) -> str:
    """A reviewed assessment in which everything is verified."""
    assessment_id, _ = world.submitted(name, {**BEST, **answers})  # type: ignore[arg-type]
    for question in ("published", "storage", "deletion", "stores"):
        world.judge(assessment_id, question)
    world.confirm_knockouts(assessment_id)
    reviewing.finish_review(world.app, world.reviewer, assessment_id)
    return assessment_id


def test_what_the_next_bands_take_is_told_in_words_and_nearest_first(world: World) -> None:
    weak = reviewed(world, "Orrin & Vale", deletion="by_hand", storage="wiki")
    card = reviewing.scorecard(world.app, world.committee, weak)
    found = weighing.reach(world.app, world.committee, weak)
    assert found.scorecard_id == card.id
    assert found.band == card.band
    assert [step.band for step in found.bands] == ["adequate", "strong"]
    step = found.bands[0]
    assert step.found
    assert step.proven
    changed = {change.question_id: change for change in step.answers}
    assert changed["storage"].now_says == "In a wiki"
    assert changed["storage"].to_says in ("In a vault", "In a vault, with exceptions")


def test_what_the_answers_say_stays_as_it_was_stored(world: World) -> None:
    weak = reviewed(world, "Orrin & Vale", deletion="by_hand", storage="wiki")
    before = reviewing.scorecard(world.app, world.committee, weak)
    weighing.reach(world.app, world.committee, weak)
    weighing.weighed(world.app, world.committee, [weak, reviewed(world, "Tarnway Data")], draws=50)
    after = reviewing.scorecard(world.app, world.committee, weak)
    assert (after.id, after.sha256) == (before.id, before.sha256)


def test_above_the_best_band_there_is_nothing_to_reach(world: World) -> None:
    best = reviewed(world, "Quillstone")
    card = reviewing.scorecard(world.app, world.committee, best)
    bands = [step.band for step in weighing.reach(world.app, world.committee, best).bands]
    assert card.band not in bands
    if card.band == "strong":
        assert bands == []


def test_an_order_is_claimed_with_how_often_it_holds_and_its_seed(world: World) -> None:
    strong = reviewed(world, "Quillstone")
    weak = reviewed(world, "Tarnway Data", storage="wiki", deletion="never")
    found = weighing.weighed(world.app, world.committee, [weak, strong], draws=500)
    assert (found.draws, found.seed, found.spread) == (500, 0, 50)
    assert [vendor.vendor_name for vendor in found.vendors] == ["Quillstone", "Tarnway Data"]
    (order,) = found.orders
    assert order.ahead == 1.0
    assert order.says == "Quillstone ahead of Tarnway Data in 100 % of 500 plausible weightings."
    for vendor in found.vendors:
        assert sum(vendor.bands.values()) == pytest.approx(1)
        assert vendor.band is not None
        assert vendor.says.startswith(f"Stays {vendor.band} in ")
    assert found == weighing.weighed(world.app, world.committee, [weak, strong], draws=500)


def test_weightings_are_drawn_again_only_when_a_score_has_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    real = weighing.sensitivity

    def counted(*args: Any, **kwargs: Any) -> Any:
        drawn.append(1)
        return real(*args, **kwargs)

    monkeypatch.setattr(weighing, "sensitivity", counted)
    first, _ = world.submitted("Quillstone", BEST)
    second, _ = world.submitted("Tarnway Data", {**BEST, "storage": "wiki"})
    found = weighing.weighed(world.app, world.committee, [first, second], draws=50)
    again = weighing.weighed(world.app, world.committee, [second, first], draws=50)
    assert again == found
    assert len(drawn) == 1
    world.judge(second, "storage")
    weighing.weighed(world.app, world.committee, [first, second], draws=50)
    assert len(drawn) == 2


def test_no_order_is_claimed_where_open_answers_could_turn_it_round(world: World) -> None:
    sure, _ = world.submitted("Quillstone", BEST)
    unsure, _ = world.submitted("Tarnway Data", {"published": "scanned", "storage": "vault"})
    found = weighing.weighed(world.app, world.committee, [sure, unsure], draws=50)
    (order,) = found.orders
    assert order.ahead is None
    assert "no order is claimed" in order.says


def test_one_vendor_is_not_weighed_and_silence_is_refused(world: World) -> None:
    one = reviewed(world, "Quillstone")
    with pytest.raises(Invalid):
        weighing.weighed(world.app, world.committee, [one, one])
    with pytest.raises(Refusal) as refused:
        weighing.weighed(world.app, world.committee, [one, world.opened("Pinfold Systems")])
    assert refused.value.code == "not_submitted"


def test_the_ledger_holds_every_promise_the_earliest_due_first(world: World) -> None:
    assert deciding.promises(world.app, world.committee) == ()
    later = reviewed(world, "Tarnway Data", storage="wiki")
    record(world, later, "conditional", ROTATE)
    found = deciding.promises(world.app, world.committee)
    assert [(one.vendor_name, one.assessment_id, one.condition.text) for one in found] == [
        ("Tarnway Data", later, "Rotate every key.")
    ]
