"""The coverage page: per framework, which controls the questionnaires ask about and which not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vendorrisk.content.catalogues import Catalogue, Group
from vendorrisk.content.packs import Library
from vendorrisk.questionnaire import Question
from vendorrisk.scoring.scorecard import counted

COMMAND = "python -m vendorrisk coverage > docs/coverage.md"
_MARK = "†"
_PLURALS = {"subcategory": "subcategories"}


@dataclass(frozen=True)
class Asked:
    """A question, the ids of the sets that ask it, and what any of them maps it to."""

    question: Question
    sets: tuple[str, ...]
    controls: tuple[str, ...]

    @property
    def label(self) -> str:
        """Its code; its id where it has none."""
        return self.question.code or self.question.id


@dataclass(frozen=True)
class Coverage:
    """What the questions map to in one catalogue: id → questions, in the order of each."""

    catalogue: Catalogue
    asked: Mapping[str, tuple[Asked, ...]]

    @property
    def questions(self) -> int:
        """How many questions map to it at all."""
        return len({each.question.id for asked in self.asked.values() for each in asked})

    def units(self, group: Group) -> tuple[list[str], list[str]]:
        """The units of a group that are asked about, wholly or in part, and those that are not."""
        touched = {each for control in self.asked for each in self.catalogue.around(control)}
        mine = frozenset(group.ids)
        units = [unit for unit in self.catalogue.units if unit in mine]
        return [u for u in units if u in touched], [u for u in units if u not in touched]


def asked_questions(library: Library) -> tuple[Asked, ...]:
    """Every question of the newest version of each set, once. Raises InvalidContent."""
    questions: dict[str, Question] = {}
    sets: dict[str, list[str]] = {}
    controls: dict[str, dict[str, None]] = {}
    for name in sorted({pack.id for pack in library.packs() if pack.questionnaire is not None}):
        questionnaire = library.pack(name).questionnaire
        for question in questionnaire.questions if questionnaire else ():
            questions.setdefault(question.id, question)
            sets.setdefault(question.id, []).append(name)
            controls.setdefault(question.id, {}).update(dict.fromkeys(question.maps_to))
    return tuple(
        Asked(question, tuple(sets[each]), tuple(controls[each]))
        for each, question in questions.items()
    )


def coverage(library: Library) -> tuple[Coverage, ...]:
    """What is covered of each catalogue, verified ones first. Raises InvalidContent."""
    found: dict[str, list[Asked]] = {}
    for asked in asked_questions(library):
        for control in asked.controls:
            found.setdefault(control, []).append(asked)
    order = sorted(library.catalogues.values(), key=lambda each: (not each.verified, each.name))
    return tuple(
        Coverage(
            each,
            {
                name: tuple(found[f"{each.id}:{name}"])
                for name in each.ids
                if f"{each.id}:{name}" in found
            },
        )
        for each in order
    )


def coverage_page(library: Library) -> str:
    """The page in Markdown, as docs/coverage.md holds it. Raises InvalidContent."""
    found = coverage(library)
    lines = [
        "# Coverage",
        "",
        f"<!-- Made by `{COMMAND}`: change questionnaires/, not this page. -->",
        "",
        "Which controls of published frameworks the questionnaires ask about, and which they do "
        "not. A mapping says that an answer bears on a control. It does not say that a good answer "
        "meets the control, and nobody complies with a framework by filling in a questionnaire.",
        "",
        "| Framework | Asked about | Questions | Ids |",
        "|---|---|--:|---|",
        *(_row(each) for each in found),
        "",
        "*Verified* ids were compared with the publisher's own machine-readable catalogue. "
        f"Those marked {_MARK} were not; each section says what they agree with. Where titles are "
        "under copyright, there are ids alone.",
    ]
    for each in found:
        lines += _section(each)
    lines += _questions(asked_questions(library))
    return "\n".join(lines) + "\n"


def _count(number: int, unit: str) -> str:
    return counted(number, unit, _PLURALS.get(unit, ""))


def _totals(found: Coverage) -> tuple[int, int, int]:
    """How many units are asked about, are not, and of these lie in a group that is outside."""
    split = [(group, *found.units(group)) for group in found.catalogue.groups]
    return (
        sum(len(asked) for _, asked, _ in split),
        sum(len(rest) for _, _, rest in split),
        sum(len(rest) for group, _, rest in split if group.outside),
    )


def _row(found: Coverage) -> str:
    catalogue = found.catalogue
    asked, rest, _ = _totals(found)
    anchor = "".join(c for c in catalogue.name.lower() if c.isalnum() or c in " -")
    return (
        f"| [{catalogue.name}](#{anchor.replace(' ', '-')}) "
        f"| {asked} of {_count(asked + rest, catalogue.unit)} | {found.questions} "
        f"| {'verified' if catalogue.verified else f'unverified {_MARK}'} |"
    )


def _section(found: Coverage) -> Iterator[str]:
    catalogue = found.catalogue
    asked, rest, outside = _totals(found)
    status = "Verified" if catalogue.verified else f"Unverified {_MARK}"
    yield from ["", f"## {catalogue.name}", ""]
    yield (
        f"{catalogue.title}. {catalogue.publisher}. {catalogue.edition}. "
        f"[Source]({catalogue.source}). {catalogue.licence}."
    )
    yield from ["", f"**{status}.** {catalogue.checked}", ""]
    yield (
        f"**{asked} of {_count(asked + rest, catalogue.unit)}** are asked about, by "
        f"{_count(found.questions, 'question')}. "
        + (
            f"Of the other {rest}, {outside} are out of scope for a vendor questionnaire and "
            f"{rest - outside} are not asked about yet."
            if outside
            else f"The other {rest} are not asked about yet."
        )
        + (f" {catalogue.note}" if catalogue.note else "")
    )
    yield from ["", "| Part | Asked about | Of |", "|---|--:|--:|"]
    for group in catalogue.groups:
        mine, others = found.units(group)
        note = "" if not group.outside else " (rest out of scope)" if mine else " (out of scope)"
        yield f"| {_named(group)}{note} | {len(mine)} | {len(mine) + len(others)} |"
    aside = [group for group in catalogue.groups if group.outside]
    if aside:
        yield from ["", "Out of scope for a vendor questionnaire:", ""]
        yield from (f"- **{_named(group)}**: {group.outside}" for group in aside)
    yield from _folded(f"Asked about: {_count(len(found.asked), 'id')}", _asked_table(found))
    yield from _folded(
        f"Not asked about: {_count(rest, catalogue.unit)}",
        [line for group in catalogue.groups for line in _unasked(found, group)],
    )


def _named(group: Group) -> str:
    return f"{group.id}: {group.title}" if group.title else group.id


def _cited(catalogue: Catalogue, control: str) -> str:
    """An id with its mark and, where there is one, its title."""
    mark = "" if catalogue.is_verified(control) else _MARK
    title = catalogue.titles.get(control)
    return f"{control}{mark} {title}" if title else f"{control}{mark}"


def _asked_table(found: Coverage) -> Iterator[str]:
    yield from ["| Control | Questions |", "|---|---|"]
    for control, asked in found.asked.items():
        labels = ", ".join(each.label for each in asked)
        yield f"| {_cited(found.catalogue, control)} | {labels} |"


def _unasked(found: Coverage, group: Group) -> Sequence[str]:
    _, rest = found.units(group)
    listed = "; ".join(_cited(found.catalogue, each) for each in rest)
    return [f"**{_named(group)}.** {listed}.", ""] if rest else []


def _folded(summary: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines that a reader opens with a click."""
    content = list(lines)
    while content and not content[-1]:
        content.pop()
    if content:
        yield from ["", "<details>", f"<summary>{summary}</summary>", ""]
        yield from content
        yield from ["", "</details>"]


def _questions(asked: Sequence[Asked]) -> Iterator[str]:
    """Which sets ask each question, and which questions answer to no control."""
    bare = [each for each in asked if not each.controls]
    yield from ["", "## The questions", ""]
    yield (
        f"{_count(len(asked), 'question')} in all, each counted once; {len(bare)} "
        f"{'answers' if len(bare) == 1 else 'answer'} to no control of these frameworks"
        + (f": {', '.join(each.label for each in bare)}." if bare else ".")
    )
    rows = (
        f"| {each.label} | {each.question.ask.replace('|', '/')} | {', '.join(each.sets)} |"
        for each in asked
    )
    yield from _folded(
        "Every question, and the sets that ask it",
        ["| Question | It asks | Asked in |", "|---|---|---|", *rows],
    )
