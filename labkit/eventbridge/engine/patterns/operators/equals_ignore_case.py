"""``{"equals-ignore-case": "text"}``: the text, whatever its capitals."""

from __future__ import annotations

import json
from dataclasses import dataclass

from labkit.eventbridge.engine.patterns.tokens import Kind, Tokens
from labkit.eventbridge.engine.patterns.tree import Value


@dataclass(frozen=True, slots=True)
class EqualsIgnoreCase:
    """The text, whatever its capitals.

    Parameters
    ----------
    text:
        The text, folded.
    """

    text: str

    def matches(self, value: Value) -> bool:
        """Whether the value is that string but for its capitals."""
        return isinstance(value, str) and folded(value) == self.text

    def __str__(self) -> str:
        return f'{{"equals-ignore-case": {json.dumps(self.text, ensure_ascii=False)}}}'


def folded(text: str) -> str:
    """Text without capitals, character by character: ``\u00df`` stays one and is no ``ss``."""
    return text.lower()


def read(tokens: Tokens) -> EqualsIgnoreCase:
    """The operator from its tokens."""
    if tokens.next().kind is not Kind.STRING:
        raise tokens.fail("equals-ignore-case match pattern must be a string")
    operator = EqualsIgnoreCase(folded(tokens.text()))
    if tokens.next().kind is not Kind.END_OBJECT:
        raise tokens.fail("Only one key allowed in match expression")
    return operator


def nested(tokens: Tokens, title: str, name: str) -> str:
    """The folded text of ``{"equals-ignore-case": "text"}}`` inside ``prefix`` or ``suffix``."""
    token = tokens.next()
    if token.kind is not Kind.NAME:
        raise tokens.fail(f"{title} expression name not found")
    if token.text != "equals-ignore-case":
        raise tokens.fail(f"Unsupported {name} pattern: {token.text}")
    if tokens.next().kind is not Kind.STRING:
        raise tokens.fail("equals-ignore-case match pattern must be a string")
    text = folded(tokens.text())
    for _ in range(2):
        if tokens.next().kind is not Kind.END_OBJECT:
            raise tokens.fail("Only one key allowed in match expression")
    return text
