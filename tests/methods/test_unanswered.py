"""What a method's overall result could be with the answers that are open, beside brute force."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from pathlib import Path

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.methods.method_kit import METHODS, REPOSITORY, card, method, run
from vendorrisk.assurance import Reply, Submission, build_sheet
from vendorrisk.scoring.unanswered import OpenRange, open_range

METRICS = {
    name: sorted(given.labels)
    for name, given in method("cvss-3-1").rubric.inputs.items()
    if name in ("AV", "AC", "PR", "UI", "S", "C", "I", "A")
}


def could_be(name: str, answers: dict[str, str]) -> OpenRange | None:
    rubric = method(name).rubric
    given = Submission(answers={key: Reply(value) for key, value in answers.items()})
    return open_range(rubric, build_sheet(None, rubric, given))


def number(result: object) -> Fraction:
    exact = getattr(result, "exact", None)
    assert isinstance(exact, Fraction)
    return exact


@settings(max_examples=25)
@given(
    st.fixed_dictionaries({name: st.sampled_from(some) for name, some in METRICS.items()}),
    st.sets(st.sampled_from(sorted(METRICS)), min_size=1, max_size=3),
)
def test_the_range_of_a_few_open_answers_is_what_brute_force_finds(
    full: dict[str, str], left_open: set[str]
) -> None:
    known = {name: value for name, value in full.items() if name not in left_open}
    found = could_be("cvss-3-1", known)
    assert found is not None
    assert found.decided
    assert set(found.open) == left_open
    every = []
    for way in product(*(METRICS[name] for name in left_open)):
        whole = {**known, **dict(zip(left_open, way, strict=True))}
        every.append(number(card(method("cvss-3-1"), answers=whole).results["overall"]))
    assert (number(found.low), number(found.high)) == (min(every), max(every))


def test_of_many_open_answers_the_widest_range_that_was_found_is_told() -> None:
    found = could_be("dod-800-171", {})
    assert found is not None
    assert (number(found.low), number(found.high)) == (-203, 110)
    assert not found.decided
    [line] = found.lines()
    assert line == (
        "110 answers are open; with them it could be at least from -203 to 110;"
        " other answers may lead further."
    )


def test_of_labels_those_it_could_be_are_named() -> None:
    found = could_be("nist-800-30-i2", {"likelihood": "very_high"})
    assert found is not None
    assert (found.low, found.high, found.decided) == (None, None, True)
    assert set(found.labels) == {"very_low", "low", "moderate", "high", "very_high"}
    known = could_be("nist-800-30-i2", {"likelihood": "very_low"})
    assert known is not None
    assert set(known.labels) == {"very_low", "low"}


def test_the_same_sheet_gets_the_same_range() -> None:
    assert could_be("hecvat-4", {}) == could_be("hecvat-4", {})


def test_where_nothing_is_open_there_is_no_range() -> None:
    answers = {name: some[0] for name, some in METRICS.items()}
    assert could_be("cvss-3-1", answers) is None, "metrics with a default are not open"


def test_the_command_tells_it_as_text_and_as_data(tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({"answers": {"likelihood": "very_low"}}))
    words = ("score", str(METHODS / "nist-800-30-i2"), str(file))
    code, text, _ = run(*words)
    assert code == 0
    assert "1 answer is open; with them it could be one of very low and low." in text
    code, data, _ = run(*words, "--json")
    found = json.loads(data)
    schema = json.loads((REPOSITORY / "docs" / "result.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(found, schema)
    assert found["range"]["open"] == ["impact"]
