"""Formulas: exact arithmetic over named measures, read by a small parser of our own.

    weight * (earned / possible) - 3        + - * /, brackets, exact decimals, 30%
    (impact - 0.02) ** 15                   whole powers, at most 20
    up(min(raw, 10), 0.1)                   min max abs, and rounding up, down, nearest to a step

There is no comparison, no attribute, no other function: a condition compares, `cases` choose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from vendorrisk.conditions import State, read_number
from vendorrisk.document import Report, did_you_mean

LARGEST_POWER = 20
_LONGEST = 2000
_DEEPEST = 40
_MOST_OPERATIONS = 100

FUNCTIONS: dict[str, tuple[int, int]] = {
    "min": (2, 20),
    "max": (2, 20),
    "abs": (1, 1),
    "up": (1, 2),
    "down": (1, 2),
    "nearest": (1, 2),
}
"""Each function with the least and greatest number of its arguments."""


@dataclass(frozen=True, slots=True)
class Number:
    """An exact constant."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    """The value of a measure, an input or a column."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation: + - * / ** negative, or one of FUNCTIONS. The power of ** is a Number."""

    operation: str
    parts: tuple[Expression, ...]


Expression = Number | Name | Apply

_TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d+)?%?)"
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<operator>\*\*|[-+*/(),])",
    re.ASCII,
)
_BINDS = {"+": 10, "-": 10, "*": 20, "/": 20, "**": 40}
_NEGATION_BINDS = 30


class _FormulaError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def parse_formula(text: str, report: Report) -> Expression | None:
    """Read a formula. Problems go to `report` at the text's place; None when there was one.

    Codes: formula-empty, formula-too-long, formula-character, formula-attribute,
    formula-function, formula-arguments, formula-power, formula-syntax.
    """
    try:
        return _Parser(text).formula()
    except _FormulaError as fault:
        report.error(fault.code, text, f"in the formula `{_short(text)}`: {fault.message}")
        return None


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "…"


class _Parser:
    """A Pratt parser: every operator knows how tightly it binds."""

    def __init__(self, text: str) -> None:
        if not text.strip():
            raise _FormulaError("formula-empty", "there is nothing to compute.")
        if len(text) > _LONGEST:
            raise _FormulaError("formula-too-long", "split it into several measures.")
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0
        self.operations = 0

    def formula(self) -> Expression:
        found = self.expression(0)
        if self.peek() is not None:
            raise _FormulaError(
                "formula-syntax", f"`{self.peek()}` is not expected here; is an operator missing?"
            )
        return found

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> str:
        word = self.peek()
        if word is None:
            raise _FormulaError("formula-syntax", "it ends too early.")
        self.at += 1
        return word

    def expect(self, wanted: str) -> None:
        if self.peek() != wanted:
            raise _FormulaError("formula-syntax", f"`{wanted}` is missing.")
        self.at += 1

    def expression(self, binding: int) -> Expression:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _FormulaError(
                "formula-too-long", "it is nested too deeply; split it into measures."
            )
        left = self.operand()
        while (operator := self.peek()) in _BINDS and _BINDS[operator or ""] > binding:
            self.take()
            self.operations += 1  # each makes the tree one deeper, brackets or not
            if self.operations > _MOST_OPERATIONS:
                raise _FormulaError(
                    "formula-too-long",
                    f"it has more than {_MOST_OPERATIONS} operations; split it into measures, "
                    "or fold a list.",
                )
            right = self.expression(_BINDS[operator or ""])
            if operator == "**":
                _check_power(right)
                if self.peek() == "**":
                    raise _FormulaError("formula-power", "put brackets around one of the powers.")
            left = Apply(str(operator), (left, right))
        self.depth -= 1
        return left

    def operand(self) -> Expression:
        word = self.take()
        number = read_number(word)
        if number is not None:
            return Number(number)
        if word == "(":
            inside = self.expression(0)
            self.expect(")")
            return inside
        if word == "-":
            return Apply("negative", (self.expression(_NEGATION_BINDS),))
        if word[0].isalpha() or word[0] == "_":
            return self.call(word) if self.peek() == "(" else Name(word)
        raise _FormulaError("formula-syntax", f"`{word}` is not expected here.")

    def call(self, name: str) -> Expression:
        if name not in FUNCTIONS:
            raise _FormulaError(
                "formula-function",
                f"there is no function `{name}`; there are {', '.join(FUNCTIONS)}."
                + did_you_mean(name, FUNCTIONS),
            )
        self.take()
        parts = [self.expression(0)]
        while self.peek() == ",":
            self.take()
            parts.append(self.expression(0))
        self.expect(")")
        least, most = FUNCTIONS[name]
        if not least <= len(parts) <= most:
            allowed = str(least) if least == most else f"{least} to {most}"
            fold = {"min": "least", "max": "greatest"}.get(name)
            raise _FormulaError(
                "formula-arguments",
                f"`{name}` takes {allowed} argument{'' if most == 1 else 's'}"
                + (f"; of many rows take the fold `{fold}`." if fold else "."),
            )
        if name in ("up", "down", "nearest"):
            step = parts[1] if len(parts) == 2 else Number(Fraction(1))
            if not isinstance(step, Number) or step.value <= 0:
                raise _FormulaError(
                    "formula-arguments", f"the step of `{name}` must be a number above 0."
                )
            parts[1:] = [step]
        return Apply(name, tuple(parts))


def _check_power(power: Expression) -> None:
    whole = isinstance(power, Number) and power.value.denominator == 1
    if not (isinstance(power, Number) and whole and 0 <= power.value <= LARGEST_POWER):
        raise _FormulaError(
            "formula-power",
            f"a power must be a whole number written out, 0 to {LARGEST_POWER}; a root would not "
            "be exact: band the power instead.",
        )


def _tokens(text: str) -> Iterator[str]:
    at, last = 0, ""
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            if text[at] == ".":
                raise _FormulaError(
                    "formula-attribute", "a value has no attributes; `.` means nothing."
                )
            raise _FormulaError(
                "formula-character",
                f"`{text[at]}` means nothing here; there are + - * / ** and brackets. "
                "To compare or to choose, use cases.",
            )
        if last == "," and re.match(r"0\d", found[0]):
            raise _FormulaError(
                "formula-syntax",
                f"`,{found[0]}` would be a number of its own; write 100000, not 100,000.",
            )
        yield (last := found[0])
        at = found.end()


def names_in(expression: Expression) -> tuple[str, ...]:
    """The names an expression reads, each once, in order."""
    return tuple(dict.fromkeys(_names(expression)))


def _names(expression: Expression) -> Iterator[str]:
    if isinstance(expression, Name):
        yield expression.name
    elif isinstance(expression, Apply):
        for part in expression.parts:
            yield from _names(part)


def divisors(expression: Expression) -> Iterator[Expression]:
    """Everything that the expression divides by."""
    if isinstance(expression, Apply):
        if expression.operation == "/":
            yield expression.parts[1]
        for part in expression.parts:
            yield from divisors(part)


def write(expression: Expression, binding: int = 0) -> str:
    """The expression as a formula; reading it gives the expression again."""
    if isinstance(expression, Number):
        return write_number(expression.value)
    if isinstance(expression, Name):
        return expression.name
    operation, parts = expression.operation, expression.parts
    if operation == "negative":
        text, binds = f"-{write(parts[0], _NEGATION_BINDS)}", _NEGATION_BINDS
    elif operation in _BINDS:
        binds = _BINDS[operation]
        left = binds if operation == "**" else binds - 1
        text = f"{write(parts[0], left)} {operation} {write(parts[1], binds)}"
    else:
        return f"{operation}({', '.join(write(part) for part in parts)})"
    return f"({text})" if binds <= binding else text


def write_number(value: Fraction) -> str:
    """A decimal where one is exact, else p/q."""
    scale = value.denominator
    while scale % 2 == 0:
        scale //= 2
    while scale % 5 == 0:
        scale //= 5
    if scale != 1:
        return f"{value.numerator}/{value.denominator}"
    if value.denominator == 1:
        return str(value.numerator)
    places = 1
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(abs((value * 10**places).numerator)).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


# -- arithmetic ---------------------------------------------------------------------------------

Term = Callable[[Sequence[object]], object]
"""Computes a value from the slots of a run. Whole numbers may be ints: they are much faster."""


def strongest(values: Sequence[object]) -> State:
    """Of the states among `values` (there is at least one) the strongest."""
    return max((v for v in values if type(v) is State), key=lambda state: state.strength)


def rounded(value: Fraction | int, way: str, step: Fraction | int) -> Fraction | int:
    """`value` on the grid of `step`: up, down, or nearest (a half goes up)."""
    steps = value if step == 1 else Fraction(value) / step
    if way == "up":
        count = ceil(steps)
    elif way == "down":
        count = floor(steps)
    else:
        count = floor(steps + Fraction(1, 2))
    return count if step == 1 else count * step


def exact(value: Fraction | int) -> Fraction | int:
    """The same number as an int where it is whole."""
    return value.numerator if value.denominator == 1 else value


_TWO: dict[str, Callable[..., Fraction | int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


def term(expression: Expression, operand: Callable[[str], Term], by_zero: object) -> Term:
    """Compile: a state among the operands makes the result that state, the strongest of several.

    `operand(name)` gives the term of a name; `by_zero` is the value of a division by 0.
    """
    if isinstance(expression, Name):
        return operand(expression.name)
    if isinstance(expression, Number):
        value = exact(expression.value)
        return lambda slots: value
    operation = expression.operation
    parts = [term(part, operand, by_zero) for part in expression.parts]
    if operation in _TWO:
        return _binary(_TWO[operation], parts[0], parts[1])
    if operation == "/":
        return _division(parts[0], parts[1], by_zero)
    if operation in ("min", "max"):
        return _several(min if operation == "min" else max, parts)
    if operation == "**":
        power = int(parts[1](()))  # type: ignore[call-overload]
        return _unary(lambda value: value**power, parts[0])
    if operation == "negative":
        return _unary(lambda value: -value, parts[0])
    if operation == "abs":
        return _unary(abs, parts[0])
    step: Fraction | int = parts[1](())  # type: ignore[assignment]
    return _unary(lambda value: rounded(value, operation, step), parts[0])


def _binary(compute: Callable[..., object], left: Term, right: Term) -> Term:
    def run(slots: Sequence[object]) -> object:
        a, b = left(slots), right(slots)
        if type(a) is State or type(b) is State:
            return strongest((a, b))
        return compute(a, b)

    return run


def _division(left: Term, right: Term, by_zero: object) -> Term:
    def run(slots: Sequence[object]) -> object:
        a, b = left(slots), right(slots)
        if type(a) is State or type(b) is State:
            return strongest((a, b))
        if not b:
            return by_zero
        return exact(Fraction(a, b))  # type: ignore[call-overload]

    return run


def _unary(compute: Callable[..., object], part: Term) -> Term:
    def run(slots: Sequence[object]) -> object:
        value = part(slots)
        return value if type(value) is State else compute(value)

    return run


def _several(compute: Callable[..., object], parts: Sequence[Term]) -> Term:
    def run(slots: Sequence[object]) -> object:
        values = [part(slots) for part in parts]
        if any(type(value) is State for value in values):
            return strongest(values)
        return compute(values)

    return run
