"""Arithmetic and comparisons in SQL, between values of any kind."""

from __future__ import annotations

from labkit.logs.engine.ql.values import Value, numeric


def computed(op: str, left: Value, right: Value) -> Value:
    """Arithmetic: ``+ - * / % ^``. What has no answer (by zero, too large) is missing."""
    if op == "^":
        return Value(f"lq_finite(pow({left.num}, {right.num}))", "num")
    divisor = f"nullif({right.num}, 0)" if op in ("/", "%") else right.num
    return Value(f"lq_finite({left.num} {op} {divisor})", "num")


def compared(op: str, left: Value, right: Value) -> Value:
    """A comparison: by number where both are numbers, else by text. Missing values never match."""
    sign = "<>" if op == "!=" else op
    plain = ("num", "time", "bool")
    left_text, right_text = left.literal, right.literal
    known_text = [
        text for text in (left_text, right_text) if isinstance(text, str) and numeric(text) is None
    ]
    if known_text:
        return Value(f"({left.text} {sign} {right.text})", "bool")
    if left.kind in plain and right.kind in plain:
        return Value(f"({left.num} {sign} {right.num})", "bool")
    if left.kind in plain or right.kind in plain or left_text is not None or right_text is not None:
        # One side is a number for certain: a text that is none differs from it.
        other = right if left.kind in plain or left_text is not None else left
        number = f"({left.num} {sign} {right.num})"
        if op == "!=":
            return Value(f"coalesce({number}, {other.text} IS NOT NULL)", "bool")
        return Value(number, "bool")
    return Value(
        f"CASE WHEN {left.num} IS NOT NULL AND {right.num} IS NOT NULL "
        f"THEN {left.num} {sign} {right.num} ELSE {left.text} {sign} {right.text} END",
        "bool",
    )
