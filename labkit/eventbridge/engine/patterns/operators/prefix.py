"""``{"prefix": "text"}`` and ``{"prefix": {"equals-ignore-case": "text"}}``.

The empty text matches every string, and nothing that is no string.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from labkit.eventbridge.engine.patterns.operators.equals_ignore_case import folded, nested
from labkit.eventbridge.engine.patterns.tokens import Kind, Tokens
from labkit.eventbridge.engine.patterns.tree import Value


@dataclass(frozen=True, slots=True)
class Prefix:
    """A string that begins with a text.

    Parameters
    ----------
    text:
        The text, folded when capitals do not count.
    ignore_case:
        Whether capitals do not count.
    """

    text: str
    ignore_case: bool = False

    def matches(self, value: Value) -> bool:
        """Whether the value is a string that begins with the text."""
        if not isinstance(value, str):
            return False
        return (folded(value) if self.ignore_case else value).startswith(self.text)

    def __str__(self) -> str:
        text = json.dumps(self.text, ensure_ascii=False)
        return (
            f'{{"prefix": {{"equals-ignore-case": {text}}}}}'
            if self.ignore_case
            else f'{{"prefix": {text}}}'
        )


def read(tokens: Tokens) -> Prefix:
    """The operator from its tokens."""
    token = tokens.next()
    if token.kind is Kind.START_OBJECT:
        return Prefix(nested(tokens, "Prefix", "prefix"), ignore_case=True)
    if token.kind is not Kind.STRING:
        raise tokens.fail("prefix match pattern must be a string")
    operator = Prefix(tokens.text())
    if tokens.next().kind is not Kind.END_OBJECT:
        raise tokens.fail("Only one key allowed in match expression")
    return operator
