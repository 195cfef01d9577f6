"""What a pattern says of a message, and what is wrong with a pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class PatternError(ValueError):
    """A filter pattern that cannot be read.

    Parameters
    ----------
    message:
        What is wrong, for a person.
    position:
        Offset of the place in the pattern, in characters.
    """

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(f"{message} (at position {position})")
        self.message = message
        self.position = position

    def pointing(self, pattern: str) -> str:
        """The pattern with a caret under the place, for a terminal."""
        return f"{pattern}\n{' ' * self.position}^"


@dataclass(frozen=True, slots=True)
class Match:
    """The answer for one message; true when it matches.

    ``reason``: one sentence: which part of the pattern decided, on which part of the message.
    ``extracted``: selectors or columns of the pattern -> their texts, when it matches.
    """

    matched: bool
    reason: str
    extracted: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.matched

    def __str__(self) -> str:
        return f"{'match' if self.matched else 'no match'}: {self.reason}"
