"""Patterns as the service uses them: checked when a rule is put, asked for every event."""

from __future__ import annotations

from typing import Any

from labkit.core.errors import AwsError
from labkit.eventbridge.engine.patterns import (
    InvalidEventPattern,
    Matcher,
    Pattern,
    compile_pattern,
)


def compiled(text: str) -> Pattern:
    """A pattern, read.

    Raises
    ------
    AwsError
        InvalidEventPatternException with the reason and, where AWS says one, the place.
    """
    try:
        return compile_pattern(text)
    except InvalidEventPattern as problem:
        raise AwsError("InvalidEventPatternException", str(problem)) from None


def matches(text: str, event: dict[str, Any]) -> bool:
    """Whether an event matches a pattern's text."""
    index = Index()
    index.put("this", text)
    return bool(index.match(event))


class Index:
    """The patterns of one bus."""

    def __init__(self) -> None:
        self._matcher: Matcher[str] = Matcher()

    def __len__(self) -> int:
        return len(self._matcher)

    def put(self, name: str, text: str) -> None:
        """Add a rule's pattern, or change it."""
        self._matcher.add(name, compiled(text))

    def drop(self, name: str) -> None:
        """Take a rule's pattern out, if it is in."""
        self._matcher.remove(name)

    def match(self, event: dict[str, Any]) -> list[str]:
        """The names of the rules that match."""
        return self._matcher.match(event)
