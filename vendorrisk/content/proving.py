"""What is proven of a pack's rubric, as problems with their places and as lines for a reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from vendorrisk.conditions import State, Value, holds, names
from vendorrisk.content.packs import Pack
from vendorrisk.content.reading import display_name
from vendorrisk.document import Place, Problem, place_of
from vendorrisk.scoring import Rule
from vendorrisk.scoring.attainment import attained_bands
from vendorrisk.scoring.everyday import Everyday
from vendorrisk.scoring.graph import Fold
from vendorrisk.scoring.proof import CounterExample, Promise, lifted_by_approval, prove, sheet_of
from vendorrisk.scoring.reach import unreachable
from vendorrisk.scoring.scorecard import readable, said
from vendorrisk.scoring.trials import Payment, Trials, search

_MOST_TOLD = 5


def proof_problems(pack: Pack) -> Iterator[Problem]:
    """What a rubric does not keep of the everyday promises, and what it can never come to.

    Errors: promise-broken, with two sheets that show it. Warnings: promise-not-decided,
    dead-rule, covered-rule, dead-band, unreachable-band, not-decided. Of plain measures two
    warnings, not-applicable-pays and silence-pays, where a search finds it and the rubric does not
    say that it is meant.
    """
    everyday, asked = pack.rubric.everyday, pack.questionnaire
    if everyday is None:
        trials = search(pack.rubric)
        for payment in (*trials.payments, *trials.silences):
            if not payment.stated:
                yield _pays(pack, payment)
    if everyday is None or asked is None:
        return
    yield from unreachable(everyday, asked)
    yield from _bands_not_attained(pack, everyday)
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


def _bands_not_attained(pack: Pack, everyday: Everyday) -> Iterator[Problem]:
    """Bands of the score that no answers reach, or that a search did not come to."""
    for found in attained_bands(pack.rubric):
        place = place_of(found.band) or everyday.bands_place
        if found.status == "unreachable":
            yield Problem(
                "unreachable-band",
                f"no answers end in the band `{found.band}` (`{everyday.bands[found.band]}`): the "
                f"score is {said(found.most)} at most, and no points and ceilings in between come "
                "to it; change its edge, the points or the ceilings, or leave it out.",
                place,
                "warning",
            )
        elif found.status == "not decided":
            yield Problem(
                "not-decided",
                f"whether any answers end in the band `{found.band}` is not decided: the search "
                "found none; look whether the points can come to it, or change its edge.",
                place,
                "warning",
            )


def tell_proofs(pack: Pack) -> Iterator[str]:
    """A line for each promise of a rubric, and what an approval by a reviewer puts aside."""
    everyday, asked = pack.rubric.everyday, pack.questionnaire
    yield f"{display_name(pack.folder)}: {pack.rubric.title}"
    if everyday is None:
        yield "  A published method: it states its own rules, and nothing is proven of it."
        yield from _tell_search(search(pack.rubric))
    if everyday is None or asked is None:
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


def _tell_search(trials: Trials) -> Iterator[str]:
    """What a search found of a rubric of plain measures, and what it leaves open."""
    if not trials.claimable:
        yield "  note: nothing can be claimed not to apply."
    paying = {found.input: found for found in trials.payments}
    for name in trials.claimable:
        found = paying.get(name)
        if found is None:
            yield (
                f"  not decided: a bounded search of {trials.compared} sheets found no “not "
                f"applicable” that pays for `{name}`, comparing results that are numbers."
            )
        else:
            yield _told(found)
    yield from map(_told, trials.silences)
    if trials.hushed:
        yield (
            f"  not decided: a bounded search of {trials.hushed} sheets found no "
            f"{'other ' if trials.silences else ''}silence that pays, comparing results that are "
            "numbers."
        )
    for name, rest in trials.unreached.items():
        yield (
            f"  not decided: a bounded search of {trials.sheets} sheets never came to "
            f"{', '.join(_said(one) for one in rest[:_MOST_TOLD])}"
            f"{' and others' if len(rest) > _MOST_TOLD else ''} of `{name}`."
        )


def _told(found: Payment) -> str:
    if found.stated and found.measure is not None:
        return (
            f"  note: {_compared(found)}. The method's own policy does this: see "
            f"`{found.measure.name}`{_line(found.measure.place)}."
        )
    return f"  warning: {_compared(found)}, and the rubric does not say that it is meant."


def _pays(pack: Pack, found: Payment) -> Problem:
    silence = found.claim is State.UNANSWERED
    if found.measure is None:
        fix = f"say what becomes of it where `{found.input}` is read"
    elif silence:
        fix = (
            f"`{found.measure.name}` takes it for another answer without saying so: name "
            "`unanswered` in a case or a condition there"
        )
    elif isinstance(found.measure.node, Fold):
        fix = (
            f"`{found.measure.name}` passes over it without saying so: write `not_applicable: "
            "skip` there if the method means it, or what it counts as, such as "
            "`not_applicable: 0`"
        )
    else:
        fix = (
            f"`{found.measure.name}` lets it fall into another case without saying so: add a case "
            "that names `not_applicable`"
        )
    at = found.measure.place if found.measure is not None else None
    return Problem(
        "silence-pays" if silence else "not-applicable-pays",
        f"{_compared(found)}; {fix}.",
        at or Place(display_name(pack.folder / "rubric.yaml"), 1),
        "warning",
    )


def _compared(found: Payment) -> str:
    of = "" if found.question == found.input else f" for `{found.question}`"
    what, how = "“not applicable” in", "with “not applicable”"
    if found.claim is State.UNANSWERED:
        what, how = "silence on", "without an answer"
    return (
        f"{what} `{found.input}` pays: the overall result is {said(found.before, 4)} with "
        f"{_said(found.answer)}{of} and {said(found.after, 4)} {how}"
    )


def _line(place: Place | None) -> str:
    return "" if place is None else f" in line {place.line}"


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
        return readable(value.value)
    if isinstance(value, frozenset):
        return " and ".join(f"`{tick}`" for tick in sorted(value)) or "no tick"
    return f"`{value}`"


def _score(value: Fraction) -> str:
    return str(value if value.denominator == 1 else round(float(value), 1))
