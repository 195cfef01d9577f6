"""What is wrong with a query, and where."""

from __future__ import annotations

from labkit.logs.engine.ql.plan import Span


class QueryError(ValueError):
    """A query that cannot be run.

    Parameters
    ----------
    message:
        What is wrong, for a person.
    start, end:
        Offsets in the query, in characters: where the part begins, and where it is over
        (``queryCompileError.location`` of MalformedQueryException).
    """

    def __init__(self, message: str, start: int = 0, end: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = start + 1 if end is None else end

    @classmethod
    def at(cls, message: str, span: Span) -> QueryError:
        """The error at a part of the plan."""
        return cls(message, span.start, span.end)

    def pointing(self, text: str) -> str:
        """The line of the query with a caret under the place, for a terminal."""
        head = text.rfind("\n", 0, self.start) + 1
        tail = text.find("\n", head)
        line = text[head : tail if tail >= 0 else None]
        width = max(1, min(self.end, head + len(line)) - self.start)
        return f"{line}\n{' ' * (self.start - head)}{'^' * width}"


def place(text: str, offset: int) -> str:
    """``line 2 and position 14``, as AWS says it; both count from one and zero."""
    before = text[:offset]
    line = before.count("\n") + 1
    return f"line {line} and position {offset - (before.rfind(chr(10)) + 1)}"
