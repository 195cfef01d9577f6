r"""``{"wildcard": "dir/*.png"}``: ``*`` stands for any characters, none included.

``\*`` and ``\\`` are the two escapes; two stars in a row are refused. Matching goes through the
pieces between the stars from the left, each at its first place: that finds a match when there is
one, and never goes back, so no text makes it slow.

EventBridge refuses rules "too complex" to match quickly and publishes no measure for it. Here the
stars of a pattern are limited, and so are pieces after a star that repeat themselves
(``*aaaaaaaaaaaa*``), which the message speaks of (approximation).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from labkit.eventbridge.engine.patterns.tokens import Kind, Tokens
from labkit.eventbridge.engine.patterns.tree import Value

#: More states at a time than this, and AWS's words for "too complex" are said (approximation).
MOST_STATES = 25


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A string of a form.

    Parameters
    ----------
    text:
        As it was written.
    pieces:
        What stands between the stars, escapes resolved; one piece when there is no star.
    """

    text: str
    pieces: tuple[str, ...] = field(repr=False)

    def matches(self, value: Value) -> bool:
        """Whether the value is a string of that form."""
        if not isinstance(value, str):
            return False
        pieces = self.pieces
        head, tail = pieces[0], pieces[-1]
        if len(pieces) == 1:
            return value == head
        if len(value) < len(head) + len(tail):
            return False
        if not (value.startswith(head) and value.endswith(tail)):
            return False
        at, end = len(head), len(value) - len(tail)
        for piece in pieces[1:-1]:
            at = value.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    def __str__(self) -> str:
        return f'{{"wildcard": {json.dumps(self.text, ensure_ascii=False)}}}'


def read(tokens: Tokens) -> Wildcard:
    """The operator from its tokens."""
    if tokens.next().kind is not Kind.STRING:
        raise tokens.fail("wildcard match pattern must be a string")
    text = tokens.text()
    try:
        operator = parse(text)
    except ValueError as problem:
        raise tokens.fail(str(problem)) from None
    if tokens.next().kind is not Kind.END_OBJECT:
        raise tokens.fail("Only one key allowed in match expression")
    return operator


def parse(text: str) -> Wildcard:
    """The operator of a text.

    Raises
    ------
    ValueError
        In AWS's words. The position counts bytes and the quote before the text.
    """
    pieces: list[str] = [""]
    at = 0
    while at < len(text):
        character, following = text[at], text[at + 1 : at + 2]
        position = len(text[:at].encode("utf-8", "surrogatepass")) + 1
        if character == "*":
            if following == "*":
                raise ValueError(f"Consecutive wildcard characters at pos {position}")
            pieces.append("")
        elif character == "\\":
            if following not in ("*", "\\"):
                raise ValueError(f"Invalid escape character at pos {position}")
            pieces[-1] += following
            at += 1
        else:
            pieces[-1] += character
        at += 1
    if _states(pieces) > MOST_STATES:
        raise ValueError(
            "Rule is too complex - try using fewer wildcard characters or fewer repeating "
            "character sequences after a wildcard character"
        )
    return Wildcard(text, tuple(pieces))


def _states(pieces: list[str]) -> int:
    """How many places in the pattern a text can be at once: a star each, and piece by piece the
    beginnings of it that are its endings too."""
    return sum(1 + _borders(piece) for piece in pieces[1:])


def _borders(piece: str) -> int:
    borders, fail, length = 0, [0], 0
    for character in piece[1:]:
        while length and piece[length] != character:
            length = fail[length - 1]
        length += piece[length] == character
        fail.append(length)
    length = fail[-1] if piece else 0
    while length:
        borders += 1
        length = fail[length - 1]
    return borders
