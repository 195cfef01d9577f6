"""What goes wrong with a statement, in Athena's words.

``StateChangeReason`` of a failed query is ``CODE: line 1:8: sentence``. The codes are Trino's
(``COLUMN_NOT_FOUND``), the sentences those of Athena's engine version 3. ``category`` is
``AthenaError.ErrorCategory``: 1 the system's fault, 2 the user's, 3 other.
"""

from __future__ import annotations


class Failed(Exception):
    """A statement that fails, and why.

    Parameters
    ----------
    code:
        ``COLUMN_NOT_FOUND``; empty where Athena gives none (DDL).
    text:
        The sentence.
    line, column:
        Where in the statement, from 1; 0 when nowhere.
    """

    def __init__(self, code: str, text: str, line: int = 0, column: int = 0) -> None:
        where = f"line {line}:{column}: " if line else ""
        self.code = code
        self.message = f"{code}: {where}{text}" if code else f"{where}{text}"
        super().__init__(self.message)


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of a character of a statement."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
