"""Filters of a link: ``Namespace IN ('AWS/EC2') OR Namespace NOT LIKE 'AWS/%'``.

One term (Namespace, or LogGroupName), compared by ``=``, ``!=``, ``LIKE`` and ``IN`` and their
negations; ``AND`` binds closer than ``OR``; at most five comparisons. ``LIKE`` looks for a prefix:
its text ends in ``%``. ``*`` alone shares everything.

Source: botocore oam, MetricConfiguration.Filter and LogGroupConfiguration.Filter.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Test = Callable[[str], bool]

MOST_COMPARISONS = 5

_TOKEN = re.compile(r"\s*('[^']*'|!=|=|\(|\)|,|[A-Za-z]+)")
_END = ""


class FilterError(ValueError):
    """A text that is no filter; the message says what is wrong with it."""


def parse(text: str, term: str) -> Test:
    """The test that a filter stands for.

    Parameters
    ----------
    text:
        The filter.
    term:
        The only name that may stand in it.

    Raises
    ------
    FilterError
        For anything else.

    >>> parse("Namespace NOT LIKE 'AWS/%'", "Namespace")("Shop")
    True
    """
    if text.strip() == "*":
        return lambda name: True
    return _Parser(text, term).whole()


class _Parser:
    def __init__(self, text: str, term: str) -> None:
        self._term = term
        self._tokens: list[str] = []
        self._count = 0
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None:
                raise FilterError(f"unexpected text at position {at + 1}: {text[at:].strip()!r}")
            self._tokens.append(found[1])
            at = found.end()
        self._at = 0

    def whole(self) -> Test:
        test = self._either()
        if self._next():
            raise FilterError(f"unexpected {self._next()}")
        return test

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _word(self, *wanted: str) -> bool:
        """Go past a word, whatever its case, if it is next."""
        if self._next().upper() in wanted:
            self._at += 1
            return True
        return False

    def _expect(self, wanted: str) -> None:
        if not self._word(wanted):
            raise FilterError(f"{wanted} was expected, not {self._next() or 'the end'}")

    def _either(self) -> Test:
        tests = [self._both()]
        while self._word("OR"):
            tests.append(self._both())
        return lambda name: any(test(name) for test in tests)

    def _both(self) -> Test:
        tests = [self._comparison()]
        while self._word("AND"):
            tests.append(self._comparison())
        return lambda name: all(test(name) for test in tests)

    def _comparison(self) -> Test:
        if self._word("("):
            inside = self._either()
            self._expect(")")
            return inside
        if self._next() != self._term:
            raise FilterError(
                f"a comparison begins with {self._term}, not {self._next() or 'the end'}"
            )
        self._at += 1
        self._count += 1
        if self._count > MOST_COMPARISONS:
            raise FilterError(f"a filter has at most {MOST_COMPARISONS} conditional operands")
        if self._word("="):
            wanted = self._text()
            return lambda name: name == wanted
        if self._word("!="):
            other = self._text()
            return lambda name: name != other
        negated = self._word("NOT")
        test = self._set() if self._word("IN") else self._prefix()
        return (lambda name: not test(name)) if negated else test

    def _prefix(self) -> Test:
        self._expect("LIKE")
        wanted = self._text()
        if not wanted.endswith("%") or "%" in wanted[:-1]:
            raise FilterError("LIKE looks for a prefix: its text ends in % and has no other one")
        return lambda name: name.startswith(wanted[:-1])

    def _set(self) -> Test:
        self._expect("(")
        names = {self._text()}
        while self._word(","):
            names.add(self._text())
        self._expect(")")
        return lambda name: name in names

    def _text(self) -> str:
        token = self._next()
        if not token.startswith("'"):
            raise FilterError(
                f"a name in single quotation marks was expected, not {token or 'the end'}"
            )
        self._at += 1
        return token[1:-1]
