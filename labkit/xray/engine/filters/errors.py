"""What is wrong with a filter expression, and where."""

from __future__ import annotations

#: What X-Ray itself answers, whatever is wrong.
SAID_BY_AWS = "Invalid input symbol"


class FilterError(Exception):
    """An expression that X-Ray refuses.

    Parameters
    ----------
    message:
        What is wrong and what would be right.
    position:
        Of the first character that can't stand there, from 0; the text's length at its end.
    text:
        The expression.
    """

    def __init__(self, message: str, position: int = 0, text: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.text = text

    def __str__(self) -> str:
        return f"{self.message} (character {self.position + 1})"

    @property
    def pointed(self) -> str:
        """The expression with a mark under the place, and the message; for a terminal."""
        begin = self.text.rfind("\n", 0, self.position) + 1
        end = self.text.find("\n", self.position)
        line = self.text[begin : len(self.text) if end < 0 else end]
        at = self.position - begin
        cut = max(0, at - 60)
        return f"{line[cut : cut + 90]}\n{' ' * (at - cut)}^ {self.message}"
