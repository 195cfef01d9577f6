"""``"running"``, ``300``, ``true``, ``null``: the value itself.

Types count: ``"300"`` is not ``300``. Numbers are compared as numbers, so 300, 300.0 and 3.0e2 are
one; beyond 2**53 as doubles, as AWS compares them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from labkit.eventbridge.engine.patterns.numbers import written
from labkit.eventbridge.engine.patterns.tokens import Kind, Tokens
from labkit.eventbridge.engine.patterns.tree import Value, Word


@dataclass(frozen=True, slots=True)
class Exact:
    """The value itself.

    Parameters
    ----------
    value:
        Text, a number in its common form, or a word.
    """

    value: Value

    def matches(self, value: Value) -> bool:
        """Whether it is the same value, type included."""
        return value == self.value

    def __str__(self) -> str:
        return shown(self.value)


def shown(value: Value) -> str:
    """A value as JSON."""
    if isinstance(value, Word):
        return value.name
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return written(value)


def read(tokens: Tokens) -> Exact:
    """``{"exactly": "text"}``, the long form."""
    if tokens.next().kind is not Kind.STRING:
        raise tokens.fail("exact match pattern must be a string")
    operator = Exact(tokens.text())
    if tokens.next().kind is not Kind.END_OBJECT:
        raise tokens.fail("Only one key allowed in match expression")
    return operator
