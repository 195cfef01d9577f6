"""Patterns of columns: ``[ip, user, ..., status_code = 4*, bytes]``.

A message is cut at blanks; what stands in brackets or double quotes is one column and loses them.
The numbers of columns must agree, unless ``...`` stands for any number of them. The guide says so,
and has a pattern whose last column takes all the rest, ``[w1=ERROR, w2]``; so has AWS's console,
for Lambda: ``[timestamp=*Z, request_id="*-*", event]``. What these have in common is taken for the
rule: the last column has no comparison, and all before it have one (or it is one of two). ``[]``
matches everything, and its columns are ``$1``, ``$2``, ...
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from labkit.logs.engine.pattern.outcome import Match, PatternError
from labkit.logs.engine.pattern.scanner import Scanner
from labkit.logs.engine.pattern.values import OPERATORS, Wanted, holds, number_of, wanted

ELLIPSIS = "..."
#: A column where every bracket that opens one is closed.
_CELL = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of a column."""

    op: str
    want: Wanted

    def holds(self, cell: str) -> bool:
        """Whether it holds for a column's text."""
        return holds(self.op, self.want, cell, number_of(cell))

    def __str__(self) -> str:
        return f"{self.op} {self.want}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and alternatives of comparisons that must all hold; none for any text."""

    name: str
    tests: tuple[tuple[Test, ...], ...] = ()

    def holds(self, cell: str) -> bool:
        """Whether a text fits."""
        return not self.tests or any(all(t.holds(cell) for t in tests) for tests in self.tests)

    def __str__(self) -> str:
        told = " || ".join(" && ".join(map(str, tests)) for tests in self.tests)
        return f"{self.name} {told}".strip()


@dataclass(frozen=True, slots=True)
class Columns:
    """A pattern of columns."""

    columns: tuple[Column, ...]

    kind = "space"

    @property
    def selectors(self) -> tuple[str, ...]:
        """``$name`` of each named column."""
        return tuple(f"${c.name}" for c in self.columns if c.name and c.name != ELLIPSIS)

    def matches(self, message: str) -> bool:
        """Whether a message matches."""
        dots = self._ellipsis
        if not dots:
            pairs = self._aligned(message)
            return pairs is not None and all(column.holds(cell) for column, cell in pairs)
        found = cells(message)
        before, after = self.columns[: dots - 1], self.columns[dots:]
        if len(found) < len(before) + len(after):
            return False
        ends = zip(after, found[len(found) - len(after) :], strict=True)
        return all(column.holds(cell) for column, cell in ends) and all(
            column.holds(cell) for column, cell in zip(before, found, strict=False)
        )

    def match(self, message: str) -> Match:
        """Whether a message matches, and which column decided."""
        pairs = self._aligned(message)
        if pairs is None:
            have, want = len(cells(message)), len(self.columns)
            said = f"the message has {have} column{'s' if have != 1 else ''}, the pattern {want}"
            if not self._ellipsis:
                said += "; ... stands for any number of them"
            return Match(False, said)
        for column, cell in pairs:
            if not column.holds(cell):
                return Match(False, f"{column} does not hold: {column.name or 'it'} is {cell}")
        told = [str(column) for column, _ in pairs if column.tests]
        reason = f"{', '.join(told)} holds" if told else "the columns agree in number"
        return Match(True, reason, self._extracted(pairs))

    def value_of(self, selector: str, message: str) -> str | None:
        """The text of a column, ``$name``, in a message."""
        pairs = self._aligned(message)
        return self._extracted(pairs).get(selector) if pairs else None

    def _extracted(self, pairs: list[tuple[Column, str]]) -> dict[str, str]:
        return {f"${column.name or place}": cell for place, (column, cell) in enumerate(pairs, 1)}

    @property
    def _ellipsis(self) -> int:
        return next((i + 1 for i, c in enumerate(self.columns) if c.name == ELLIPSIS), 0)

    def _aligned(self, message: str) -> list[tuple[Column, str]] | None:
        """Which column of the pattern looks at which text; None when the numbers do not agree."""
        found = cells(message)
        dots = self._ellipsis
        if dots:
            before, after = self.columns[: dots - 1], self.columns[dots:]
            if len(found) < len(before) + len(after):
                return None
            free = found[len(before) : len(found) - len(after)]
            named = [Column(str(len(before) + i)) for i in range(1, len(free) + 1)]
            return [
                *zip(before, found, strict=False),
                *zip(named, free, strict=True),
                *zip(after, found[len(found) - len(after) :], strict=True),
            ]
        if len(found) > len(self.columns) and takes_rest(self.columns):
            found = _with_rest(message, len(self.columns))
        if len(found) != len(self.columns):
            return None
        return list(zip(self.columns, found, strict=True))


def takes_rest(columns: Sequence[Column]) -> bool:
    """Whether the last column takes all that follows in the message."""
    *others, last = columns
    return not last.tests and (len(others) == 1 or bool(others and all(o.tests for o in others)))


def _with_rest(message: str, count: int) -> list[str]:
    """The first columns of a message, and the last with all that follows."""
    found, starts = [], []
    for cell, start in _walk(message):
        found.append(cell)
        starts.append(start)
        if len(found) == count:
            break
    return [*found[:-1], message[starts[-1] :].rstrip()]


def cells(message: str) -> list[str]:
    """The columns of a message."""
    if message.rfind("[") <= message.rfind("]"):
        return [bracketed or quoted or word for bracketed, quoted, word in _CELL.findall(message)]
    return [cell for cell, _ in _walk(message)]


def _walk(message: str) -> Iterator[tuple[str, int]]:
    """Columns of any message and where they begin: a bracket that stays open is a letter."""
    last = message.rfind("]")  # else each of many open brackets looks to the end of the message
    at, end = 0, len(message)
    while at < end:
        letter = message[at]
        if letter.isspace():
            at += 1
            continue
        close = {"[": "]", '"': '"'}.get(letter)
        looks = close and (letter == '"' or at < last)
        stop = message.find(close, at + 1) if close and looks else -1
        if stop >= 0:
            yield message[at + 1 : stop], at
            at = stop + 1
            continue
        stop = at
        while stop < end and not message[stop].isspace():
            stop += 1
        yield message[at:stop], at
        at = stop


def read(text: str) -> Columns:
    """The pattern of columns in a text.

    Raises
    ------
    PatternError
        With the place.
    """
    scan = Scanner(text)
    scan.blanks().need("[", "a pattern of columns stands in brackets")
    columns: list[Column] = []
    empty = scan.blanks().here == "]"
    while True:
        columns.append(Column(ELLIPSIS) if empty else _column(scan))
        if scan.blanks().take(","):
            continue
        scan.need("]", "columns are parted by commas, and the bracket is closed")
        break
    if scan.blanks().here:
        raise PatternError("nothing may follow the closing bracket", scan.at)
    if sum(column.name == ELLIPSIS for column in columns) > 1:
        raise PatternError("... stands once in a pattern", 0)
    names = [column.name for column in columns if column.name]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise PatternError(f"two columns are called {twice}", text.rfind(twice))
    return Columns(tuple(columns))


def _name(scan: Scanner) -> str:
    begin = scan.blanks().at
    while scan.here and (scan.here.isalnum() or scan.here in "_-."):
        scan.at += 1
    return scan.text[begin : scan.at]


def _column(scan: Scanner) -> Column:
    if scan.blanks().take(ELLIPSIS):
        return Column(ELLIPSIS)
    name = ""
    alternatives: list[tuple[Test, ...]] = []

    def one() -> Test:
        nonlocal name
        grouped = scan.blanks().take("(")
        said, at = _name(scan), scan.at
        if name and said and said != name:
            raise PatternError(f"{said} is not the column {name} that this condition is of", at)
        name = name or said
        op = scan.blanks().take(*OPERATORS)
        if not op:
            raise PatternError("a comparison is missing: = != < <= > >=", scan.at)
        found = Test(op, wanted(scan, ",]&|)"))
        if op not in ("=", "!=") and found.want.kind != "number":
            raise PatternError(f"{op} compares numbers; {found.want} is none", scan.at)
        if grouped:
            scan.blanks().need(")", "a parenthesis is open")
        return found

    begin = scan.at
    name = _name(scan)
    if not scan.blanks().starts(*OPERATORS, "("):
        return Column(name)
    scan.at, name = begin, ""
    alternatives.append(_all(scan, one))
    while scan.blanks().take("||"):
        alternatives.append(_all(scan, one))
    return Column(name, tuple(alternatives))


def _all(scan: Scanner, one: Callable[[], Test]) -> tuple[Test, ...]:
    tests = [one()]
    while scan.blanks().take("&&"):
        tests.append(one())
    return tuple(tests)
