"""``{"exists": true}`` and ``{"exists": false}``: whether the field is there.

Only leaves exist: a field that is an object or an empty array has no value, so ``exists: false``
holds for it. ``null`` is a value and exists.
"""

from __future__ import annotations

from dataclasses import dataclass

from labkit.eventbridge.engine.patterns.tokens import Kind, Tokens
from labkit.eventbridge.engine.patterns.tree import Value


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is there, or is not.

    Parameters
    ----------
    wanted:
        Which of the two.
    """

    wanted: bool

    def matches(self, value: Value) -> bool:
        """A value that is there satisfies ``exists: true`` and no ``exists: false``."""
        return self.wanted

    def __str__(self) -> str:
        return f'{{"exists": {"true" if self.wanted else "false"}}}'


def read(tokens: Tokens) -> Exists:
    """The operator from its tokens."""
    token = tokens.next()
    if token.kind is not Kind.WORD or token.text not in ("true", "false"):
        raise tokens.fail("exists match pattern must be either true or false.")
    if tokens.next().kind is not Kind.END_OBJECT:
        raise tokens.fail("Only one key allowed in match expression")
    return Exists(token.text == "true")
