"""Stretches of time in SQL: ``window(t, '5 minutes')``, ``TUMBLE``, and which column is one.

Both give the start of the stretch that a time lies in; ``window_start`` and ``window_end`` are
names for its two ends where a query groups by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from labkit.logs.engine.opensearch.rows import UNITS, WrongValue, as_time
from labkit.logs.engine.ql.periods import Floor, floored
from labkit.logs.engine.ql.values import Value, numeric

if TYPE_CHECKING:
    from labkit.logs.engine.sql.expressions import Expressions

    Node: TypeAlias = Any

WINDOWS = ("window", "tumble")
#: Names of the two ends where a query groups by a window.
ENDS = {
    "window_start": "start", "window.start": "start", "window": "start",
    "window_end": "end", "window.end": "end",
}  # fmt: skip
_UNITS = {
    "millisecond": "ms", "second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w",
    "month": "mo", "quarter": "q", "year": "y",
}  # fmt: skip


def stretch(text: str) -> Floor:
    """A length of time out of ``5 minutes``.

    Raises
    ------
    WrongValue
        When it is none.
    """
    count, _, unit = text.strip().partition(" ")
    number = numeric(count)
    low = unit.strip().lower()
    word = _UNITS.get(UNITS.get(low) or UNITS.get(low.rstrip("s"), ""))
    if number is None or word is None or number < 1 or number != int(number) or number > 100_000:
        raise WrongValue(f"{text!r} is no length of time; write '5 minutes'")
    return Floor(int(number), word)


def window(expressions: Expressions, name: str, args: list[Node], node: Node) -> Value:
    """The start of the window that a time lies in."""
    from sqlglot import exp

    if len(args) != 2:
        raise WrongValue(f"{name} is written {name}(`@timestamp`, '5 minutes')")
    length = args[1]
    told = _told(length) if isinstance(length, exp.Interval) else ""
    told = told or str(expressions.value(length).literal or "")
    at = as_time(expressions.value(args[0]))
    return Value(floored(f"CAST({at} AS DOUBLE)", stretch(told)), "time")


def end_of(node: Node, start: Value) -> Value:
    """The end of a window whose start is known."""
    from sqlglot import exp

    length = node.expressions[1]
    floor = stretch(_told(length) if isinstance(length, exp.Interval) else length.name)
    if floor.months:
        step = f"INTERVAL {floor.months} month"
        return Value(f"epoch_ms(os_at({start.sql}) + {step})", "time")
    return Value(f"({start.sql} + {floor.millis})", "time")


def _told(interval: Node) -> str:
    return f"{interval.this.name} {interval.unit.name}" if interval.unit is not None else ""


def is_window(node: Node) -> bool:
    """Whether a node is a window."""
    from sqlglot import exp

    return (
        isinstance(node, exp.Anonymous)
        and str(node.this).lower() in WINDOWS
        and len(node.expressions) == 2
    )


def bins(tree: Node) -> str:
    """Name of the column of a SELECT that is a stretch of time, "" when there is none."""
    from sqlglot import exp

    from labkit.logs.engine.sql.selecting import name_of

    if not isinstance(tree, exp.Select) or tree.args.get("group") is None:
        return ""
    for told in tree.expressions:
        node = told.unalias()
        if is_window(node) or (
            isinstance(node, exp.Anonymous) and str(node.this).lower() == "date_trunc"
        ):
            return name_of(told)
        if isinstance(node, exp.Column) and node.sql().lower().replace("`", "") in ENDS:
            return name_of(told)
    return ""
