"""JSON text as a row of tokens, with the messages and places of the parser that AWS uses.

Theory of operation
-------------------
AWS reads patterns with Jackson, token by token, and stops at the first thing that is wrong, be it
JSON or pattern. So ``{"a": [{"suffix": [1, 2 3]}]}`` is refused for the suffix, not for the
missing comma behind it. Here the text is split into tokens at once; where it stops being JSON
stands an error token, which is raised only when somebody reads that far.

The place in a message is where Jackson stands at that moment, which is not where the token begins:

- a string is not read before somebody wants its text: the place is behind its opening quote;
- with a field's name Jackson reads ahead to the first character of its value (numbers and words
  whole): a message about the name gives the place of the value.

Source: Jackson 2's ReaderBasedJsonParser as seen from its messages; event-ruler's compiler tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from labkit.eventbridge.engine.patterns.errors import InvalidEventPattern


class Kind(Enum):
    """Kinds of token."""

    START_OBJECT = "{"
    END_OBJECT = "}"
    START_ARRAY = "["
    END_ARRAY = "]"
    NAME = "field name"
    STRING = "string"
    NUMBER = "number"
    WORD = "true, false, null"
    END = "end of text"
    ERROR = "no JSON"


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Parameters
    ----------
    kind:
        What it is.
    text:
        The text of a name or string, the digits of a number, the word, the message of an error.
    place:
        Offset at which the parser stands when it has this token.
    end:
        Offset behind the token.
    """

    kind: Kind
    text: str
    place: int
    end: int


_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z0-9_$\u0080-\uffff]+")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
#: So many characters of the text stand in a message.
_SHOWN = 500
#: So deep a pattern may be nested (Jackson stops at 1,000, and 4,096 characters hold few more).
_DEEPEST = 200


class _Broken(Exception):
    """The text stops being JSON."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Tokens:
    """The tokens of a text, read from the left.

    Parameters
    ----------
    text:
        A pattern.
    """

    def __init__(self, text: str) -> None:
        self.source = text
        self._tokens = _Scanner(self).scan()
        self._next = 0
        self._place = 0

    def next(self) -> Token:
        """The next token.

        Raises
        ------
        InvalidEventPattern
            Where the text stops being JSON.
        """
        token = self._tokens[min(self._next, len(self._tokens) - 1)]
        self._next += 1
        self._place = token.place
        if token.kind is Kind.ERROR:
            raise InvalidEventPattern(token.text, self.where(token.place))
        return token

    def text(self) -> str:
        """The text of the token just read, which moves the place behind it."""
        token = self._tokens[self._next - 1]
        self._place = max(self._place, token.end)
        return token.text

    def ahead(self, count: int) -> Kind:
        """The kind of the token ``count`` steps ahead (0 is the next one); nothing is read."""
        return self._tokens[min(self._next + count, len(self._tokens) - 1)].kind

    def name_ahead(self, count: int) -> str:
        """The text of the token ``count`` steps ahead."""
        return self._tokens[min(self._next + count, len(self._tokens) - 1)].text

    def fail(self, reason: str) -> InvalidEventPattern:
        """An error at the present place, to be raised."""
        return InvalidEventPattern(reason, self.where(self._place))

    def where(self, offset: int) -> str:
        """A place as Jackson prints it."""
        before = self.source[:offset]
        line = before.count("\n") + 1
        column = offset - (before.rfind("\n") + 1) + 1
        shown = self.source[:_SHOWN]
        left = len(self.source) - len(shown)
        more = f"[truncated {left} chars]" if left else ""
        return f'[Source: (String)"{shown}"{more}; line: {line}, column: {column}]'


class _Scanner:
    def __init__(self, tokens: Tokens) -> None:
        self._where = tokens.where
        self._text = tokens.source
        self._at = 0
        self._out: list[Token] = []
        #: Open brackets: (closing character, offset).
        self._open: list[tuple[str, int]] = []

    def scan(self) -> list[Token]:
        try:
            if self._skip():
                self._value()
                self._rest()
            self._out.append(Token(Kind.END, "", self._at, self._at))
        except _Broken as problem:
            self._out.append(Token(Kind.ERROR, str(problem), problem.offset, problem.offset))
        return self._out

    def _rest(self) -> None:
        """What follows the first bracket, until it is closed again."""
        first = True
        while self._open:
            closing = self._open[-1][0]
            character = self._need()
            if character in "}]":
                self._close(character)
                first = False
                continue
            if not first:
                if character != ",":
                    kind = "Object" if closing == "}" else "Array"
                    raise self._odd(character, f"was expecting comma to separate {kind} entries")
                self._at += 1
                character = self._need()
            if closing == "}":
                self._name(character)
            before = len(self._open)
            self._value()
            first = len(self._open) > before

    def _skip(self) -> bool:
        text = self._text
        while self._at < len(text) and text[self._at] in " \t\r\n":
            self._at += 1
        return self._at < len(text)

    def _need(self) -> str:
        if self._skip():
            return self._text[self._at]
        closing, opened = self._open[-1]
        kind = "Object" if closing == "}" else "Array"
        raise _Broken(
            f"Unexpected end-of-input: expected close marker for {kind} "
            f"(start marker at {self._where(opened)})",
            self._at,
        )

    def _odd(self, character: str, hint: str) -> _Broken:
        code = ord(character)
        shown = f"'{character}' (code {code})" if code >= 32 else f"(CTRL-CHAR, code {code})"
        if code > 255:
            shown = f"'{character}' (code {code} / 0x{code:x})"
        return _Broken(f"Unexpected character ({shown}): {hint}", self._at + 1)

    def _close(self, character: str) -> None:
        closing, opened = self._open[-1]
        self._at += 1
        if character != closing:
            kind = "Object" if closing == "}" else "Array"
            raise _Broken(
                f"Unexpected close marker '{character}': expected '{closing}' "
                f"(for {kind} starting at {self._where(opened)})",
                self._at,
            )
        self._open.pop()
        kind_ = Kind.END_OBJECT if character == "}" else Kind.END_ARRAY
        self._out.append(Token(kind_, character, self._at, self._at))

    def _name(self, character: str) -> None:
        if character != '"':
            raise self._odd(character, "was expecting double-quote to start field name")
        start = self._at
        name = self._string("in field name")
        character = self._need()
        if character != ":":
            raise self._odd(character, "was expecting a colon to separate field name and value")
        self._at += 1
        value = self._need()
        place = self._at + 1
        if value not in '{["':
            found = _NUMBER.match(self._text, self._at) or _WORD.match(self._text, self._at)
            place = found.end() if found else place
        self._out.append(Token(Kind.NAME, name, place, max(place, start)))

    def _value(self) -> None:
        start, text = self._at, self._text
        character = text[start]
        if character in "{[":
            if len(self._open) >= _DEEPEST:
                raise _Broken(
                    f"Document nesting depth ({_DEEPEST + 1}) exceeds the maximum allowed "
                    f"({_DEEPEST})",
                    start,
                )
            self._open.append(("}" if character == "{" else "]", start))
            self._at += 1
            kind = Kind.START_OBJECT if character == "{" else Kind.START_ARRAY
            self._out.append(Token(kind, character, self._at, self._at))
        elif character == '"':
            value = self._string("was expecting closing quote for a string value")
            self._out.append(Token(Kind.STRING, value, start + 1, self._at))
        elif character == "-" or character.isdecimal():
            self._number()
        else:
            self._word(character)

    def _word(self, character: str) -> None:
        found = _WORD.match(self._text, self._at)
        if found is None:
            raise self._odd(character, f"expected a valid value {_VALUES}")
        word = found.group()
        if word not in ("true", "false", "null"):
            raise _Broken(f"Unrecognized token '{word}': was expecting {_VALUES}", found.end())
        self._at = found.end()
        self._out.append(Token(Kind.WORD, word, self._at, self._at))

    def _number(self) -> None:
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            self._at += 1
            if self._at >= len(self._text):
                raise self._need_more()
            raise self._odd(
                self._text[self._at], "expected digit (0-9) to follow minus sign, for valid "
                "numeric value",
            )  # fmt: skip
        after = self._text[found.end() : found.end() + 1]
        if found.group().lstrip("-") == "0" and after.isdecimal():
            raise _Broken("Invalid numeric value: Leading zeroes not allowed", found.end())
        if after in (".", "e", "E") and after:
            self._at = found.end() + 1
            raise _Broken("Invalid numeric value: Decimal point not followed by a digit", self._at)
        self._at = found.end()
        self._out.append(Token(Kind.NUMBER, found.group(), self._at, self._at))

    def _need_more(self) -> _Broken:
        return _Broken("Unexpected end-of-input within/between Array entries", self._at)

    def _string(self, unfinished: str) -> str:
        """The text of the string that begins here; behind it afterwards."""
        text, at = self._text, self._at + 1
        parts: list[str] = []
        while at < len(text):
            character = text[at]
            at += 1
            if character == '"':
                self._at = at
                return "".join(parts)
            if character == "\\":
                piece, at = self._escape(at)
                parts.append(piece)
            elif ord(character) < 32:
                raise _Broken(
                    f"Illegal unquoted character ((CTRL-CHAR, code {ord(character)})): has to be "
                    "escaped using backslash to be included in string value",
                    at,
                )
            else:
                parts.append(character)
        colon = "" if unfinished.startswith("in ") else ":"
        raise _Broken(f"Unexpected end-of-input{colon} {unfinished}", at)

    def _escape(self, at: int) -> tuple[str, int]:
        text = self._text
        letter = text[at : at + 1]
        if letter in _ESCAPES and letter:
            return _ESCAPES[letter], at + 1
        digits = text[at + 1 : at + 5]
        if letter == "u" and re.fullmatch("[0-9a-fA-F]{4}", digits):
            unit = int(digits, 16)
            low = re.match(r"\\u(d[c-f][0-9a-f]{2})", text[at + 5 : at + 11], re.IGNORECASE)
            if 0xD800 <= unit < 0xDC00 and low:
                both = 0x10000 + ((unit - 0xD800) << 10) + int(low.group(1), 16) - 0xDC00
                return chr(both), at + 11
            return chr(unit), at + 5
        if not letter:
            raise _Broken("Unexpected end-of-input in character escape sequence", at)
        raise _Broken(f"Unrecognized character escape '{letter}' (code {ord(letter)})", at + 1)
