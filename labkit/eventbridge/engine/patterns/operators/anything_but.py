"""``{"anything-but": ...}``: any value that is there and is not this.

Takes a string, a number, a list of strings or a list of numbers; or ``prefix``, ``suffix``,
``equals-ignore-case`` or ``wildcard`` with a string or a list of strings. The field has to be
there. ``null``, ``true`` and values of the other type are anything but this, so they match.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labkit.eventbridge.engine.patterns.numbers import number_of
from labkit.eventbridge.engine.patterns.operators import wildcard
from labkit.eventbridge.engine.patterns.operators.equals_ignore_case import (
    EqualsIgnoreCase,
    folded,
)
from labkit.eventbridge.engine.patterns.operators.exact import Exact
from labkit.eventbridge.engine.patterns.operators.prefix import Prefix
from labkit.eventbridge.engine.patterns.operators.suffix import Suffix
from labkit.eventbridge.engine.patterns.tokens import Kind, Token, Tokens
from labkit.eventbridge.engine.patterns.tree import Operator, Value


@dataclass(frozen=True, slots=True)
class AnythingBut:
    """Any value that none of these matches.

    Parameters
    ----------
    name:
        The operator inside; empty for plain values.
    others:
        What it may not be.
    """

    name: str
    others: tuple[Operator, ...]

    def matches(self, value: Value) -> bool:
        """Whether the value is none of these."""
        return not any(other.matches(value) for other in self.others)

    def __str__(self) -> str:
        texts = [str(other) for other in self.others]
        if self.name:
            texts = [text[text.index(":") + 2 : -1] for text in texts]
        inside = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        if self.name:
            inside = f'{{"{self.name}": {inside}}}'
        return f'{{"anything-but": {inside}}}'


_INSIDE: dict[str, Callable[[str], Operator]] = {
    "prefix": Prefix,
    "suffix": Suffix,
    "equals-ignore-case": lambda text: EqualsIgnoreCase(folded(text)),
    "wildcard": wildcard.parse,
}
_NOT_TEXT = {
    "prefix": "prefix/suffix match pattern must be a string",
    "suffix": "prefix/suffix match pattern must be a string",
    "equals-ignore-case": "Inside anything-but/equals-ignore-case list, "
    "number|start|null|boolean is not supported.",
    "wildcard": "wildcard match pattern must be a string",
}


def read(tokens: Tokens) -> AnythingBut:
    """The operator from its tokens."""
    token = tokens.next()
    name = ""
    if token.kind is Kind.START_OBJECT:
        token = tokens.next()
        if token.kind is not Kind.NAME:
            raise tokens.fail("Anything-But expression name not found")
        name = token.text
        if name not in _INSIDE:
            raise tokens.fail(f"Unsupported anything-but pattern: {name}")
        token = tokens.next()
    if token.kind not in (Kind.START_ARRAY, Kind.STRING, Kind.NUMBER):
        raise tokens.fail("Value of anything-but must be an array or single string/number value.")
    others = _inside(tokens, token, name) if name else _plain(tokens, token)
    for _ in range(2 if name else 1):
        if tokens.next().kind is not Kind.END_OBJECT:
            raise tokens.fail("Too many elements in numeric expression")
    return AnythingBut(name, tuple(others))


def _entries(tokens: Tokens, first: Token) -> list[Token]:
    """The values of a list one by one, or the single value."""
    if first.kind is not Kind.START_ARRAY:
        return [first]
    entries: list[Token] = []
    while (token := tokens.next()).kind is not Kind.END_ARRAY:
        entries.append(token)
        if token.kind in (Kind.START_ARRAY, Kind.START_OBJECT):
            break
        if token.kind is Kind.STRING:
            tokens.text()
    return entries


def _plain(tokens: Tokens, first: Token) -> list[Operator]:
    others: list[Operator] = []
    kinds = set()
    for token in _entries(tokens, first):
        if token.kind is Kind.STRING:
            others.append(Exact(token.text))
        elif token.kind is Kind.NUMBER:
            try:
                others.append(Exact(number_of(token.text)))
            except ValueError as problem:
                raise tokens.fail(str(problem)) from None
        else:
            raise tokens.fail("Inside anything but list, start|null|boolean is not supported.")
        kinds.add(token.kind)
    if len(kinds) != 1:
        raise tokens.fail(
            "Inside anything but list, either all values are number or string, mixed type is not "
            "supported"
        )
    return others


def _inside(tokens: Tokens, first: Token, name: str) -> list[Operator]:
    others: list[Operator] = []
    for token in _entries(tokens, first):
        if token.kind is not Kind.STRING:
            raise tokens.fail(_NOT_TEXT[name])
        if not token.text and name in ("prefix", "suffix"):
            raise tokens.fail("Null prefix/suffix not allowed")
        try:
            others.append(_INSIDE[name](token.text))
        except ValueError as problem:
            raise tokens.fail(str(problem)) from None
    if not others:
        raise tokens.fail("Empty arrays are not allowed")
    return others
