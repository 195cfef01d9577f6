"""Operators over values, as Spark has them: comparisons, arithmetic, LIKE."""

from __future__ import annotations

from labkit.logs.engine.opensearch.rows import as_text, as_time
from labkit.logs.engine.opensearch.scalars import moved
from labkit.logs.engine.ql import operators as plain
from labkit.logs.engine.ql.values import Value, numeric, quoted


def compared(op: str, left: Value, right: Value) -> Value:
    """A comparison. A time beside a text that is no number: the text is read as a time."""
    for one, other in ((left, right), (right, left)):
        if one.kind == "time" and other.kind == "text" and not _a_number(other):
            read = Value(as_time(other), "time")
            left, right = (one, read) if one is left else (read, one)
            break
    for one, other in ((left, right), (right, left)):
        # Discovered booleans are 1 and 0; the words are Spark's.
        if one.kind == "bool" and isinstance(other.literal, str):
            told = {"true": "TRUE", "false": "FALSE"}.get(other.literal.lower())
            if told:
                word = Value(told, "bool")
                left, right = (one, word) if one is left else (word, one)
                break
    if left.kind == right.kind == "bool":
        sign = "<>" if op == "!=" else op
        return Value(f"({left.sql} {sign} {right.sql})", "bool")
    return plain.compared(op, left, right)


def _a_number(value: Value) -> bool:
    return isinstance(value.literal, str) and numeric(value.literal) is not None


def computed(op: str, left: Value, right: Value) -> Value:
    """Arithmetic, and times moved by intervals."""
    if op in ("+", "-") and right.kind == "interval":
        return moved(left, right, 1 if op == "+" else -1)
    if op == "+" and left.kind == "interval":
        return moved(right, left, 1)
    if op == "div":
        quotient = plain.computed("/", left, right)
        return Value(f"trunc({quotient.sql})", "num")
    return plain.computed(op, left, right)


def like(of: Value, pattern: Value, *, any_case: bool = False, escape: str = "\\") -> Value:
    """``LIKE``: % any text, _ one character; a backslash, or another mark, takes their meaning."""
    word = "ILIKE" if any_case else "LIKE"
    return Value(f"({as_text(of)} {word} {as_text(pattern)} ESCAPE {quoted(escape)})", "bool")
