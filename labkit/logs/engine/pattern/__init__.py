"""Filter patterns: one engine for FilterLogEvents, metric filters, subscriptions and Live Tail.

A pattern is of one of four kinds, by its first letter: everything (blank), JSON (``{``), columns
(``[``), or terms. :meth:`Pattern.match` explains itself; :meth:`Pattern.matches` is the same
answer, faster. Source: user guide, FilterAndPatternSyntax and its pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from labkit.logs.engine.pattern import columns, quick, regexes, selectors, terms
from labkit.logs.engine.pattern.columns import Columns
from labkit.logs.engine.pattern.outcome import Match, PatternError
from labkit.logs.engine.pattern.scanner import Scanner
from labkit.logs.engine.pattern.selectors import JsonPattern
from labkit.logs.engine.pattern.terms import Terms

#: Longest pattern (FilterPattern).
LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Everything:
    """The empty pattern."""

    kind = "all"
    selectors = ()

    def matches(self, message: str) -> bool:
        """Always."""
        return True

    def match(self, message: str) -> Match:
        """Always."""
        return Match(True, "an empty pattern matches every event")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A filter pattern that was read.

    ``kind``: ``all``, ``terms``, ``json`` or ``space``. ``regexes``: how many regular expressions
    are in it; a log group has at most five filters with any.
    """

    text: str
    body: Everything | Terms | JsonPattern | Columns
    regexes: int = 0
    #: :meth:`matches`, made once for many messages.
    test: Callable[[str], bool] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        test: Callable[[str], bool] = self.body.matches
        if isinstance(self.body, JsonPattern):
            test = quick.json_test(self.body)
        elif isinstance(self.body, Columns):
            test = quick.columns_test(self.body)
        object.__setattr__(self, "test", test)

    @property
    def kind(self) -> str:
        """Which of the languages it is."""
        return self.body.kind

    @property
    def selectors(self) -> tuple[str, ...]:
        """What a metric's value or dimension can name: ``$.latency``, ``$bytes``."""
        return tuple(self.body.selectors)

    def matches(self, message: str) -> bool:
        """Whether a message matches."""
        return self.test(message)

    def match(self, message: str) -> Match:
        """Whether a message matches, why, and what it extracts."""
        return self.body.match(message)

    def mask(self, messages: Iterable[str]) -> NDArray[np.bool_]:
        """Which of many messages match."""
        if isinstance(self.body, Terms):
            return self.body.mask(messages if isinstance(messages, list) else list(messages))
        return np.fromiter(map(self.test, messages), np.bool_)

    def value_of(self, selector: str, message: str) -> str | None:
        """The text that a selector finds in a message; None when there is none."""
        if isinstance(self.body, JsonPattern | Columns):
            return self.body.value_of(selector, message)
        return None

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=512)
def parse(text: str) -> Pattern:
    """Read a filter pattern.

    Raises
    ------
    PatternError
        With the place.
    """
    if len(text) > LONGEST:
        raise PatternError(f"a pattern has at most {LONGEST} characters", LONGEST)
    begin = text.lstrip()[:1]
    # The guide's pattern for everything is a blank in quotes.
    if not begin or (len(text.strip()) > 1 and not text.strip().strip('"').strip()):
        return Pattern(text, Everything())
    body: Terms | JsonPattern | Columns
    if begin == "{":
        body = selectors.read(text)
    elif begin == "[":
        body = columns.read(text)
    else:
        body = terms.read(text)
    found = _regexes(body)
    if found > regexes.MOST:
        raise PatternError(f"a pattern has at most {regexes.MOST} regular expressions", 0)
    return Pattern(text, body, found)


def _regexes(body: Terms | JsonPattern | Columns) -> int:
    if isinstance(body, Terms):
        return sum(term.regex for term in body.terms)
    if isinstance(body, JsonPattern):
        wants = [c.want for c in selectors.conditions(body.node)]
        return sum(want is not None and want.kind == "regex" for want in wants)
    return sum(
        test.want.kind == "regex"
        for column in body.columns
        for tests in column.tests
        for test in tests
    )


__all__ = ["LONGEST", "Match", "Pattern", "PatternError", "Scanner", "parse"]
