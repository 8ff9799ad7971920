"""Style: warnings about questions that are hard to answer alike, and answers hard to prove or mend.

Nothing here refuses a file. Each warning names a line and a way to mend it, and the rules prefer
to miss a fault over blaming a sound sentence: words in quotation marks are quoted, not said, and
an option that says what is missing in it ("not tested") may otherwise repeat the one above it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from math import inf

from vendorrisk.document import Record, Report, Text
from vendorrisk.questionnaire import Question, Questionnaire
from vendorrisk.scoring import Everyday

HARDEST_GRADE = 12
"""The reading grade above which a question and its help are too hard to read aloud."""


def check_style(
    questionnaire: Questionnaire,
    everyday: Everyday | None,
    asked: Record,
    graded: Record | None,
    report: Report,
) -> None:
    """Report as warnings what an expert would not sign in a questionnaire and its rubric.

    `asked` and `graded` are the files as they were read, which know their lines; they must be sound
    (`questionnaire` and `everyday` were made of them). Without a rubric, what needs points is left
    out: evidence and remedies.
    """
    records = [each for section in asked["sections"] for each in section["questions"]]
    for question, record in zip(questionnaire.questions, records, strict=True):
        _check_words(question, record, report)
        _check_ask(record["ask"], report)
        _check_options(question, record, report)
        if everyday is not None:
            _check_evidence(question, record, everyday, report)
    if everyday is not None and graded is not None:
        for record in graded["criteria"]:
            _check_remedy(everyday, record, report)


# -- what is there ---------------------------------------------------------------------------------


def _check_evidence(question: Question, record: Record, everyday: Everyday, report: Report) -> None:
    """Every answer that is worth less without proof must say what would prove it."""
    assurance = everyday.assurance
    if assurance is None:
        return
    for criterion in everyday.criteria.values():
        if criterion.question != question.id:
            continue
        least = Fraction(0) if criterion.ticked == "sum" else assurance.admissions
        asked_for = {choice for request in question.evidence for choice in request.choices}
        for_any = any(not request.choices for request in question.evidence)
        unproven = [
            rung.choice
            for rung in criterion.rungs
            if rung.points > least and not for_any and rung.choice not in asked_for
        ]
        if unproven and all(unproven):
            told = ", ".join(f"`{choice}`" for choice in unproven)
            report.warning(
                "no-evidence",
                _key(record["choices"], str(unproven[0])),
                f"Nothing that is asked for would prove {told}, so even a true answer loses "
                "points: name in `evidence` what a vendor can show.",
            )
        elif unproven:
            report.warning(
                "no-evidence",
                record["id"],
                f"Nothing that is asked for would prove an answer to `{question.id}`, so even a "
                "true one loses points: name in `evidence` what a vendor can show.",
            )


def _check_remedy(everyday: Everyday, record: Record, report: Report) -> None:
    criterion = everyday.criteria[str(record["criterion"])]
    if not criterion.remedy and any(rung.points < 100 for rung in criterion.rungs):
        report.warning(
            "no-remedy",
            record["criterion"],
            f"`{criterion.id}` has no `remedy`: say what a vendor does to earn the full points.",
        )


# -- words -----------------------------------------------------------------------------------------

_VAGUE = re.compile(
    r"\b(adequate(?:ly)?|appropriate(?:ly)?|regular(?:ly)?|sufficient(?:ly)?|periodic(?:ally)?"
    r"|(?:industry|market)[ -]standards?|best[ -]practices?|(?:un)?reasonabl[ey]|suitabl[ey]"
    r"|timely|promptly|robust(?:ly)?|proper(?:ly)?|frequent(?:ly)?|securely|state[ -]of[ -]the"
    r"[ -]art|(?:military|bank)[ -]grade|world[ -]class|comprehensive(?:ly)?"
    r"|(?:as|if|when|where)(?: it is)? (?:needed|necessary|required|relevant|possible|feasible))\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\b(always|at all times|in all cases|in every case|under (?:all|any) circumstances|fully"
    r"|completely|totally|entirely|guarantee[sd]?|100 ?(?:%|per ?cent))",
    re.IGNORECASE,
)
_NEVER = re.compile(r"\b(never)\b", re.IGNORECASE)
_WHOLE = re.compile(r"\b(all|every|each)\b", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”")
_EMPTY_GROUND = re.compile(
    r"\b(?:not|isn't|never) (?:be )?(?:applicable|relevant)|\bn/?a\b|\bdoes not apply\b",
    re.IGNORECASE,
)


def _check_words(question: Question, record: Record, report: Report) -> None:
    """Words that two honest people would read differently, and a text that is hard to read."""
    ask, help_text, ground = (record.get(key) for key in ("ask", "help", "not_applicable"))
    for text in (ask, help_text, ground, *(says for _, says in _options(record))):
        if text is not None and (found := _VAGUE.search(_said(text))):
            report.warning(
                "vague-word",
                text,
                f'"{found[1]}" means something else to each reader: say what can be seen, such '
                "as a number, a date, a name or a record.",
            )
    if help_text is None:
        report.warning(
            "no-help",
            record["id"],
            f"`{question.id}` has no `help`: say in a sentence or two what counts and what does "
            "not.",
        )
    if ground is not None and (_EMPTY_GROUND.search(ground) or len(_words(ground)) < 3):
        report.warning(
            "empty-ground",
            ground,
            "The ground only repeats that the question does not apply: state the fact from which "
            'that follows, such as "The service keeps no backups."',
        )
    grade = reading_grade(f"{ask} {help_text or ''}")
    if grade > HARDEST_GRADE:
        report.warning(
            "reading-grade",
            ask,
            f"Question and help need {grade:.0f} years of school to read, and {HARDEST_GRADE} is "
            "the most: use shorter sentences and everyday words.",
        )


_AUXILIARY = r"(?:do|does|did|is|are|was|were|has|have|had|can|could|will|would|should|must|may)"
_WH = r"(?:how|who|whom|whose|what|when|where|which|why|whether)"
_YES_OR_NO = re.compile(rf"^{_AUXILIARY}\b", re.IGNORECASE)
_DOUBLE = (
    # "Who owns the policy, and how often is it read?", "… and do you test them?"
    re.compile(
        rf"[,;]? (?:and|or) (?:{_WH} (?=\w)|{_AUXILIARY} (?:you|they|we|it|the|your|our)\b)",
        re.IGNORECASE,
    ),
    # "How do you detect and answer incidents?", "How does your team find, rank and close flaws?"
    re.compile(
        rf"\b{_AUXILIARY} (?:you|they|we|it|(?:the|your|our|an?) [\w'’-]+)(?: \w+ly)? [\w-]+"
        r"(?:, [\w-]+)* (?:and|or) (?!(?:the|an?|your|our|their|its|any|all)\b)[\w-]+"
        r" (?:the|an?|your|our|their|its|any|all|each|every|it|them|to|for|against|[\w-]+s)\b",
        re.IGNORECASE,
    ),
    # "How are backups protected and tested?"
    re.compile(
        r"\b(?:is|are|was|were|been|being)\b[^?]*? [\w-]+(?:ed|en|pt|ld)(?:, [\w-]+)* and "
        r"[\w-]+(?:ed|en|pt|ld)\b",
        re.IGNORECASE,
    ),
    # "Who writes and approves the policy?"
    re.compile(r"^who [\w-]+s (?:and|or) [\w-]+s\b", re.IGNORECASE),
)
_ONE_THING = re.compile(
    r"\b(?:and which (?:is|are)|terms and conditions|research and development|health and safety"
    r"|read and write|demo (?:and|or) (?:test|trial)|keys and tokens|more or less|one or more)\b",
    re.IGNORECASE,
)


def _check_ask(ask: Text, report: Report) -> None:
    said = _ONE_THING.sub("one thing", _said(ask))
    joined = _joins_two(said)
    if joined is not None:
        report.warning(
            "double-barrelled",
            ask,
            f"The question asks two things ({joined}), and somebody who does one of them has no "
            "answer: ask one here, and the other in a question of its own.",
        )
    yes_or_no = _YES_OR_NO.match(said)
    found = _CLAIM.search(said) or _NEVER.search(said) or (yes_or_no and _WHOLE.search(said))
    if found:
        report.warning(
            "absolute",
            ask,
            f'"{found[1]}" in a question invites a claim that one exception makes untrue: ask '
            'how much, how often or for which ("For which systems …"), and let the options tell.',
        )


def _joins_two(ask: str) -> str | None:
    """The words with which a question asks two things; None for a question that asks one."""
    if "and/or" in ask.lower():
        return "and/or"
    if ask.count("?") > 1:
        return "two question marks"
    for pattern in _DOUBLE:
        if found := pattern.search(ask):
            return f'"… {" ".join(found[0].strip(" ,;").split()[-4:])} …"'
    if _YES_OR_NO.match(ask):
        if re.search(r"\band\b", ask):
            return '"and" in a question for yes or no'
        if re.search(r"\bor\b", ask) and not re.search(r"\b(?:any|either|one)\b", ask):
            return '"or" in a question for yes or no'
    return None


# -- options ---------------------------------------------------------------------------------------

_SAYS_WHAT_IS_MISSING = re.compile(
    r"^(?:no|non|not|none|nobody|nothing|never|without|except|but|only|unless|until|less|few"
    r"|fewer|part|partly|some|most|cannot|un\w+|\w+n['’]t)$"
)


def _check_options(question: Question, record: Record, report: Report) -> None:
    """Options that overlap, leave a hole, or claim what nobody can see."""
    options = _options(record)
    for option, says in options:
        found = _CLAIM.search(_said(says))
        if found or (option == options[0][0] and _NEVER.fullmatch(says.strip(" ."))):
            word = found[1] if found else says
            report.warning(
                "absolute",
                says,
                f'"{word}" cannot be seen: say what a reviewer would find, and offer the '
                "exceptions as an option of their own.",
            )
    told: set[str] = set()
    for (_, one), (_, other) in combinations(options, 2):
        if _words(one) == _words(other):
            report.warning(
                "options-alike", other, f'Two options say "{other}": say how they differ.'
            )
        elif (
            question.answer == "one_of"
            and (short := _contained(one, other)) is not None
            and short not in told
        ):
            told.add(short)
            long = other if short is one else one
            report.warning(
                "options-overlap",
                short,
                f'Whoever answers "{long}" can answer "{short}" as well: say in the lesser one '
                "what is missing.",
            )
    if question.answer == "one_of":
        _check_ranges(options, report)


def _contained(one: Text, other: Text) -> Text | None:
    """The option whose words stand in a row in the other; None if that says what is missing."""
    short, long = (one, other) if len(_words(one)) <= len(_words(other)) else (other, one)
    few, many = _words(short), _words(long)
    if len(few) == 1 and _SAYS_WHAT_IS_MISSING.match(few[0]):
        return None
    for start in range(len(many) - len(few) + 1):
        if many[start : start + len(few)] == few:
            rest = (*many[:start], *many[start + len(few) :])
            return None if any(_SAYS_WHAT_IS_MISSING.match(word) for word in rest) else short
    return None


_NUMBER_WORDS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "ten": 10,
    "twelve": 12,
}
_NUM = rf"(?:[0-9]+(?:[,.][0-9]+)*|{'|'.join(_NUMBER_WORDS)})(?: (?:thousand|million))?"
_DAYS = {
    "minute": Fraction(1, 1440),
    "hour": Fraction(1, 24),
    "day": Fraction(1),
    "week": Fraction(7),
    "month": Fraction(30),
    "year": Fraction(365),
}


_RANGE = re.compile(
    rf"(?P<between>(?:between |from )?\b(?P<n1>{_NUM})\b(?: (?P<u1>{'|'.join(_DAYS)})s?| ?%)?"
    rf"(?: ?[–-] ?| to | and )(?P<n2>{_NUM})\b(?: (?P<u2>{'|'.join(_DAYS)})s?\b| ?(?P<p2>%))?)"
    rf"|(?P<word>\b(?:up to|at most|within|no more than|not more than|no longer than|less than"
    rf"|fewer than|under|below|more than|longer than|older than|over|above|at least))"
    rf"(?: the (?:last|past))? (?P<n>{_NUM})\b(?: (?P<u>{'|'.join(_DAYS)})s?\b| ?(?P<p>%))?"
    rf"|\b(?P<n3>{_NUM})\b(?: (?P<u3>{'|'.join(_DAYS)})s?\b| ?(?P<p3>%))? or"
    r" (?P<way>more|longer|older|less|fewer)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Range:
    """The numbers that an option stands for, in days where it names a length of time.

    `step` is one of its unit: 31 days begin where 30 days end.
    """

    says: Text
    low: Fraction | float
    high: Fraction | float
    with_low: bool
    with_high: bool
    step: Fraction
    rest: tuple[str, ...]


def _check_ranges(options: Sequence[tuple[Text, Text]], report: Report) -> None:
    """Ranges that share a value or leave one out; those of options alike in all other words."""
    found = [each for _, says in options if (each := _range(says)) is not None]
    for rest in dict.fromkeys(each.rest for each in found):
        ladder = _apart([each for each in found if each.rest == rest])
        for lower, upper in pairwise(ladder):
            if upper.low < lower.high or (
                upper.low == lower.high and upper.with_low and lower.with_high
            ):
                report.warning(
                    "options-overlap",
                    upper.says,
                    f'"{lower.says}" and "{upper.says}" share a value: begin the upper one above '
                    "the end of the lower one.",
                )
            elif not _meets(lower, upper):
                report.warning(
                    "options-hole",
                    upper.says,
                    f'Between "{lower.says}" and "{upper.says}" a value has no option: let the '
                    "upper one begin where the lower one ends.",
                )
        if len(ladder) == len(options) and len(ladder) > 1 and ladder[-1].high != inf:
            report.warning(
                "options-hole",
                ladder[-1].says,
                f'No option is left beyond "{ladder[-1].says}": end with one such as "Longer" or '
                '"More".',
            )


def _apart(ranges: list[_Range]) -> list[_Range]:
    """The ranges from low to high; of "up to 30" and "up to 90" the second begins above the first.

    That is how a ladder is read from its best option down: the first that fits is the answer.
    """
    rising = sorted(
        {(r.high, r.with_high): r for r in ranges if r.low == -inf}.values(),
        key=lambda each: each.high,
    )
    falling = sorted(
        {(r.low, r.with_low): r for r in ranges if r.high == inf}.values(),
        key=lambda each: each.low,
    )
    middle = [r for r in ranges if r.low != -inf and r.high != inf]
    stairs = [
        *rising[:1],
        *(
            _Range(b.says, a.high, b.high, not a.with_high, b.with_high, b.step, b.rest)
            for a, b in pairwise(rising)
        ),
        *(
            _Range(a.says, a.low, b.low, a.with_low, not b.with_low, a.step, a.rest)
            for a, b in pairwise(falling)
        ),
        *falling[-1:],
    ]
    return sorted([*stairs, *middle], key=lambda each: (each.low, each.high))


def _meets(lower: _Range, upper: _Range) -> bool:
    if upper.low == lower.high:
        return upper.with_low or lower.with_high
    whole = lower.with_high and upper.with_low
    return whole and upper.low == lower.high + max(lower.step, upper.step)


def _range(says: Text) -> _Range | None:
    """What an option says in numbers; None where it names none, or several."""
    matches = list(_RANGE.finditer(_said(says)))
    if len(matches) != 1:
        return None
    match = matches[0]
    rest = tuple(_words(says[: match.start()] + " " + says[match.end() :]))
    if match["between"]:
        step = _step(match["u2"])
        low = _amount(match["n1"], _step(match["u1"] or match["u2"]))
        high = _amount(match["n2"], step)
        return _Range(says, low, high, True, True, step, rest) if low <= high else None
    if match["word"]:
        step = _step(match["u"])
        amount, word = _amount(match["n"], step), match["word"].lower()
    else:
        step = _step(match["u3"])
        amount = _amount(match["n3"], step)
        word = "at most" if match["way"].lower() in ("less", "fewer") else "at least"
    if word in ("more than", "longer than", "older than", "over", "above", "at least"):
        return _Range(says, amount, inf, word == "at least", True, step, rest)
    exclusive = word in ("less than", "fewer than", "under", "below")
    return _Range(says, -inf, amount, True, not exclusive, step, rest)


def _step(unit: str | None) -> Fraction:
    return _DAYS[unit.lower()] if unit else Fraction(1)


def _amount(text: str, step: Fraction) -> Fraction:
    word, _, scale = text.lower().partition(" ")
    size = {"thousand": 1_000, "million": 1_000_000}.get(scale, 1)
    value = _NUMBER_WORDS.get(word)
    plain = re.sub(r",(?=[0-9]{3}\b)", "", word).replace(",", ".")
    return (Fraction(value) if value is not None else Fraction(plain)) * size * step


# -- reading grade ---------------------------------------------------------------------------------


def reading_grade(text: str) -> float:
    """The years of school a text takes: the Flesch-Kincaid grade, 0 for a text without words.

    Source: Kincaid, Fishburne, Rogers and Chissom, "Derivation of New Readability Formulas", Naval
    Technical Training Command, Research Branch Report 8-75, 1975: 0.39 × words per sentence +
    11.8 × syllables per word - 15.59. Syllables are counted by spelling (`syllables`), a few
    per cent off a dictionary's count.
    """
    words = _words(text)
    sentences = [part for part in re.split(r"[.!?:;]+(?:\s|$)", text) if _words(part)]
    if not words:
        return 0.0
    heard = sum(syllables(word) for word in words)
    return max(0.0, 0.39 * len(words) / len(sentences) + 11.8 * heard / len(words) - 15.59)


def syllables(word: str) -> int:
    """The syllables of an English word by its spelling: groups of vowels, less a silent e."""
    letters = re.sub(r"[^a-z]", "", word.lower())
    count = len(re.findall(r"[aeiouy]+", letters))
    if count > 1 and re.search(r"[^aeiouyl]e$|[^aeiouytd]ed$|[^aeiouyscxzgh]es$", letters):
        count -= 1
    return max(count, 1)


# -- reading the record ----------------------------------------------------------------------------


def _options(record: Record) -> list[tuple[Text, Text]]:
    """The choices of a question's record: (id, words) each."""
    found = []
    for key, value in record.get("choices", {}).items():
        found.append((key, value["says"] if isinstance(value, Record) else value))
    return found


def _key(record: Record, name: str) -> Text | None:
    return next((key for key in record if key == name and isinstance(key, Text)), None)


def _said(text: str) -> str:
    """A text without what stands in quotation marks."""
    return _QUOTED.sub("…", text)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9][\w'’-]*", text.lower())
