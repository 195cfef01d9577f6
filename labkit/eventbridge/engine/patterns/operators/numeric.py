"""``{"numeric": [">", 0, "<=", 5]}``: numbers in a range.

Forms: ``["=", n]``, one of ``< <= > >=`` with a number, or a lower and an upper bound in that
order. Strings never match, not even ``"3"``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from labkit.eventbridge.engine.patterns.numbers import number_of, written
from labkit.eventbridge.engine.patterns.tokens import Kind, Tokens
from labkit.eventbridge.engine.patterns.tree import Value


@dataclass(frozen=True, slots=True)
class Numeric:
    """A number within bounds.

    Parameters
    ----------
    low, high:
        The bounds; infinite when there is none.
    low_open, high_open:
        Whether the bound itself is outside.
    """

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    def matches(self, value: Value) -> bool:
        """Whether the value is a number within the bounds."""
        if not isinstance(value, int | float):
            return False
        above = value > self.low if self.low_open else value >= self.low
        return above and (value < self.high if self.high_open else value <= self.high)

    def __str__(self) -> str:
        if self.low == self.high:
            return f'{{"numeric": ["=", {written(self.low)}]}}'
        terms = []
        if not math.isinf(self.low):
            terms.append(f'"{">" if self.low_open else ">="}", {written(self.low)}')
        if not math.isinf(self.high):
            terms.append(f'"{"<" if self.high_open else "<="}", {written(self.high)}')
        return f'{{"numeric": [{", ".join(terms)}]}}'


def read(tokens: Tokens) -> Numeric:
    """The operator from its tokens."""
    if tokens.next().kind is not Kind.START_ARRAY:
        raise tokens.fail("Value of numeric must be an array.")
    operator = _range(tokens)
    if tokens.next().kind is not Kind.END_OBJECT:
        raise tokens.fail("Too many elements in numeric expression")
    return operator


def _range(tokens: Tokens) -> Numeric:
    token = tokens.next()
    if token.kind is not Kind.STRING:
        raise tokens.fail(f"Invalid member in numeric match: {tokens.text()}")
    sign = tokens.text()
    token = tokens.next()
    if sign not in ("=", "<", "<=", ">", ">="):
        raise tokens.fail(f"Unrecognized numeric range operator: {sign}")
    if token.kind is not Kind.NUMBER:
        raise tokens.fail(f"Value of {'equals' if sign == '=' else sign} must be numeric")
    bound = _number(tokens)
    token = tokens.next()
    if sign in (">", ">=") and token.kind is not Kind.END_ARRAY:
        return _upper(tokens, token.kind, bound, sign == ">")
    if token.kind is not Kind.END_ARRAY:
        raise tokens.fail("Too many elements in numeric expression")
    if sign == "=":
        return Numeric(bound, bound)
    if sign in (">", ">="):
        return Numeric(bound, math.inf, low_open=sign == ">")
    return Numeric(-math.inf, bound, high_open=sign == "<")


def _upper(tokens: Tokens, kind: Kind, low: float, low_open: bool) -> Numeric:
    if kind is not Kind.STRING:
        raise tokens.fail(f"Bad value in numeric range: {tokens.text()}")
    sign = tokens.text()
    if sign not in ("<", "<="):
        raise tokens.fail(f"Bad numeric range operator: {sign}")
    if tokens.next().kind is not Kind.NUMBER:
        raise tokens.fail(f"Value of {sign} must be numeric")
    high = _number(tokens)
    if tokens.next().kind is not Kind.END_ARRAY:
        raise tokens.fail("Too many terms in numeric range expression")
    if low >= high:
        raise tokens.fail("Bottom must be less than top")
    return Numeric(low, high, low_open, sign == "<")


def _number(tokens: Tokens) -> float:
    try:
        return number_of(tokens.text())
    except ValueError as problem:
        raise tokens.fail(str(problem)) from None
