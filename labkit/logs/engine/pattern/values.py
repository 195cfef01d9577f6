"""The right side of a condition: a text with stars, a number, a regular expression."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from labkit.logs.engine.pattern import regexes
from labkit.logs.engine.pattern.outcome import PatternError
from labkit.logs.engine.pattern.scanner import Scanner

OPERATORS = ("!=", "<=", ">=", "=", "<", ">")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that is compared with. ``kind``: ``text``, ``number``, ``regex``.

    ``text`` is how it was written, without quotes or percent signs.
    """

    kind: str
    text: str
    number: float = 0.0
    starred: bool = False

    def fits(self, found: str) -> bool:
        """Whether a text is what is wanted: equal, with stars for anything, or by the regex."""
        if self.kind == "regex":
            return regexes.found(self.text, found)
        return _star(self.text, found) if self.starred else found == self.text

    def __str__(self) -> str:
        return f"%{self.text}%" if self.kind == "regex" else self.text


def _star(text: str, found: str) -> bool:
    """Whether a text fits one with stars: its pieces follow one another, each at its first place.

    The first and the last piece stand at the ends, and do not overlap (``a*a`` is not ``a``).
    """
    first, *pieces, last = text.split("*")
    at, end = len(first), len(found) - len(last)
    if end < at or not (found.startswith(first) and found.endswith(last)):
        return False
    for piece in pieces:
        place = found.find(piece, at, end)
        if place < 0:
            return False
        at = place + len(piece)
    return True


def number_of(text: str) -> float | None:
    """The number that a text is, scientific notation included; None when it is none."""
    if not text or not (text[-1].isdigit() or text[-1] == "."):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def wanted(scan: Scanner, ends: str) -> Wanted:
    """Read the value that stands here; without quotes it goes up to one of ``ends`` or a blank."""
    scan.blanks()
    begin = scan.at
    if scan.here == '"':
        text = scan.quoted()
        return Wanted("text", text, starred="*" in text)
    if scan.here == "%":
        inside, at = scan.percented()
        regexes.check(inside, at)
        regexes.compiled(inside)
        return Wanted("regex", inside)
    while scan.here and scan.here not in ends and not scan.here.isspace():
        scan.at += 1
    text = scan.text[begin : scan.at]
    if not text:
        raise PatternError("a value is missing", begin)
    number = number_of(text)
    if number is not None:
        return Wanted("number", text, number)
    odd = next((i for i, c in enumerate(text) if not (c.isalnum() or c in "_*.-:/@#")), None)
    if odd is not None:
        raise PatternError(f"put quotes around {text}", begin + odd)
    return Wanted("text", text, starred="*" in text)


def holds(op: str, want: Wanted, found: str, number: float | None) -> bool:
    """Whether a condition holds for a value: its text, and its number when it is one."""
    if op in ("=", "!="):
        if want.kind == "number":
            same = number == want.number if number is not None else found == want.text
        else:
            same = want.fits(found)
        return same == (op == "=")
    if number is None or want.kind != "number":
        return False
    if op == "<":
        return number < want.number
    if op == "<=":
        return number <= want.number
    return number > want.number if op == ">" else number >= want.number


#: The signs that compare numbers.
ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def fitting(want: Wanted) -> Callable[[str], bool]:
    """:meth:`Wanted.fits`, made once for many texts."""
    text = want.text
    if want.kind == "regex":
        return lambda found: regexes.found(text, found)
    if not want.starred:
        return text.__eq__
    first, *pieces, last = text.split("*")
    if not pieces and not last:
        return lambda found: found.startswith(first)
    if not pieces and not first:
        return lambda found: found.endswith(last)
    return lambda found: _star(text, found)


def holding(op: str, want: Wanted) -> Callable[[str], bool]:
    """:func:`holds` for a text whose number is what it says, made once for many texts."""
    text, number = want.text, want.number
    order = ORDERS.get(op)
    if order is not None:
        if want.kind != "number":
            return lambda found: False

        def ordered(found: str) -> bool:
            value = number_of(found)
            return value is not None and order(value, number)

        return ordered
    fits = fitting(want)
    if want.kind == "number":

        def fits(found: str) -> bool:
            return found == text or number_of(found) == number

    return fits if op == "=" else lambda found: not fits(found)
