"""Numbers in the one form in which they are compared."""

from __future__ import annotations

import math
from typing import Any

_EXACT = 2**53


def common(number: int | float) -> int | float:
    """A number so that equal numbers are equal keys: beyond 2**53 a double, as AWS has it."""
    if type(number) is int and not -_EXACT <= number <= _EXACT:
        try:
            return float(number)
        except OverflowError:
            return math.copysign(math.inf, number)
    return number


def number_of(text: str) -> int | float:
    """The number that a JSON text is.

    Raises
    ------
    ValueError
        For one that no double holds, in AWS's words.
    """
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"Cannot compare number : {text}")
    return common(int(text)) if text.lstrip("-").isdecimal() else value


def written(number: Any) -> str:
    """A number as JSON, without the ``.0`` that says nothing."""
    if isinstance(number, float) and number.is_integer() and abs(number) < _EXACT:
        return str(int(number))
    return repr(number)
