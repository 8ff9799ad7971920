"""What is proven of a pack's rubric, as problems with their places and as lines for a reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from vendorrisk.conditions import State, Value, holds, names
from vendorrisk.content.packs import Pack
from vendorrisk.content.reading import display_name
from vendorrisk.document import Place, Problem
from vendorrisk.scoring import Rule
from vendorrisk.scoring.everyday import Everyday
from vendorrisk.scoring.proof import CounterExample, Promise, lifted_by_approval, prove, sheet_of
from vendorrisk.scoring.reach import unreachable


def proof_problems(pack: Pack) -> Iterator[Problem]:
    """What a rubric does not keep of the everyday promises, and what it can never come to.

    Errors: promise-broken, with two sheets that show it. Warnings: promise-not-decided,
    dead-rule, covered-rule, dead-band, not-decided. Nothing for a rubric of plain measures.
    """
    everyday, asked = pack.rubric.everyday, pack.questionnaire
    if everyday is None or asked is None:
        return
    yield from unreachable(everyday, asked)
    for promise in prove(pack.rubric):
        for found in promise.refuted:
            yield _broken(pack, everyday, promise, found)
        for question in promise.open:
            yield Problem(
                "promise-not-decided",
                f"“{promise.says}” is neither proved nor refuted for `{question}`: look at the "
                "rules that name it, and at what hides it.",
                _place(pack, everyday, question),
                "warning",
            )


def tell_proofs(pack: Pack) -> Iterator[str]:
    """A line for each promise of a rubric, and what an approval by a reviewer puts aside."""
    everyday, asked = pack.rubric.everyday, pack.questionnaire
    yield f"{display_name(pack.folder)}: {pack.rubric.title}"
    if everyday is None or asked is None:
        yield "  A published method: it states its own rules, and nothing is proven of it."
        return
    for promise in prove(pack.rubric):
        also = ", ".join((*(found.question for found in promise.refuted), *promise.open))
        yield f"  {promise.status}: {promise.says}" + (f" ({also})" if also else "")
    lifted = lifted_by_approval(everyday, asked)
    for question, rules in lifted.items():
        yield (
            f"  note: once a reviewer approves that {question} does not apply, "
            f"{' and '.join(rules)} can no longer fire."
        )


def _broken(pack: Pack, everyday: Everyday, promise: Promise, found: CounterExample) -> Problem:
    rule = _to_blame(pack, everyday, found)
    if rule is None:
        why = "compare the points with the order of the choices"
        place: Place | None = None
        among: list[str] = []
    else:
        why = f"look at the rule `{rule.id}`, which fires then and not before"
        place, among = rule.place, [n for n in names(rule.when) if n != found.question]
    known: Mapping[str, Value] = {**found.answers, **found.facts}
    shown = [f"`{name}` is {_said(known[name])}" for name in among if name in known]
    beside = f"where {' and '.join(shown)}, " if shown else ""
    return Problem(
        "promise-broken",
        f"“{promise.says}” does not hold: {beside}`{found.question}` scores "
        f"{_score(found.higher)} with {_said(found.before)} and {_score(found.lower)} with "
        f"{_said(found.after)}; {why}.",
        place or _place(pack, everyday, found.question),
    )


def _to_blame(pack: Pack, everyday: Everyday, found: CounterExample) -> Rule | None:
    """The knockout or cap that fires after the change and did not before."""
    assert pack.questionnaire is not None  # noqa: S101  # an everyday rubric has one
    values = []
    for answer in (found.before, found.after):
        answers = {**found.answers, found.question: answer}
        sheet = sheet_of(pack.questionnaire, everyday, answers, found.facts)
        values.append({**found.facts, **sheet.answers})
    before, after = values
    return next(
        (
            rule
            for rule in everyday.rules.values()
            if rule.effect != "clarify"
            and holds(rule.when, after.__getitem__)
            and not holds(rule.when, before.__getitem__)
        ),
        None,
    )


def _place(pack: Pack, everyday: Everyday, question: str) -> Place:
    found = (c.place for c in everyday.criteria.values() if c.question == question)
    return next(found, None) or Place(display_name(pack.folder / "rubric.yaml"), 1)


def _said(value: Value) -> str:
    if isinstance(value, State):
        return value.value.replace("_", " ")
    if isinstance(value, frozenset):
        return " and ".join(f"`{tick}`" for tick in sorted(value)) or "no tick"
    return f"`{value}`"


def _score(value: Fraction) -> str:
    return str(value if value.denominator == 1 else round(float(value), 1))
