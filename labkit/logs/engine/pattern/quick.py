"""The same answers as ``matches``, made once for many messages.

A pattern is read once and asked a million times, so what of it does not depend on the message is
decided here: which steps a selector takes, how a value is compared, which columns are looked at.

1. JSON: a message without a text that a condition asks for is not parsed at all. Escapes may hide
   the text, so a message with a backslash always is.
2. Columns at an end of the pattern are cut off that end of the message by its blanks. That is right
   as long as no bracket and no quote is in what was cut off: one that closes further in cannot
   cover it. Else the whole message is cut, as ``matches`` does.

A test holds each of them against ``matches``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from labkit.core import jsontext
from labkit.logs.engine.pattern.columns import ELLIPSIS, Column, Columns, takes_rest
from labkit.logs.engine.pattern.selectors import Both, Condition, Either, JsonPattern, Node, shown
from labkit.logs.engine.pattern.values import ORDERS, Wanted, fitting, holding

Test = Callable[[str], bool]

_MISSING: Any = object()
#: Letters of numbers: a text of these alone may be written otherwise (``5e2``).
_NUMERIC = frozenset("0123456789+-.eE")


# ---- JSON


def json_test(pattern: JsonPattern) -> Test:
    """Whether a message matches a JSON pattern."""
    holds, needed, read = _node(pattern.node), _needed(pattern.node), jsontext.parse

    def test(message: str) -> bool:
        if needed and needed not in message and "\\" not in message:
            return False
        if message[:1] not in ("{", "[") and message.lstrip()[:1] not in ("{", "["):
            return False
        try:
            value = read(message)
        except (ValueError, RecursionError):
            return False
        return holds(value)

    return test


def _needed(node: Node) -> str:
    """The longest text that stands in whatever matches, unless it is escaped; empty without one."""
    if isinstance(node, Both):
        return max(map(_needed, node.parts), key=len)
    if not isinstance(node, Condition) or node.op != "=" or node.want is None:
        return ""
    if node.want.kind != "text":
        return ""
    piece = max(node.want.text.split("*"), key=len) if node.want.starred else node.want.text
    return "" if _NUMERIC.issuperset(piece) else piece


def _node(node: Node) -> Callable[[Any], bool]:
    if isinstance(node, Condition):
        return _condition(node)
    parts = [_node(part) for part in node.parts]
    if len(parts) == 2:
        first, second = parts
        if isinstance(node, Either):
            return lambda value: first(value) or second(value)
        return lambda value: first(value) and second(value)
    if isinstance(node, Either):
        return lambda value: any(part(value) for part in parts)
    return lambda value: all(part(value) for part in parts)


def _condition(condition: Condition) -> Callable[[Any], bool]:
    steps = condition.selector.steps
    if condition.op == "NOT EXISTS" or condition.want is None:
        return condition.holds
    leaf = _leaf(condition.op, condition.want)
    if any(not isinstance(step, str) for step in steps):
        walk = condition.selector.walk
        return lambda value: any(leaf(one) for one in walk(value))
    if len(steps) == 1:
        only = steps[0]

        def one(value: Any) -> bool:
            found = value.get(only, _MISSING) if type(value) is dict else _MISSING
            return found is not _MISSING and leaf(found)

        return one

    def several(value: Any) -> bool:
        for step in steps:
            if type(value) is not dict:
                return False
            value = value.get(step, _MISSING)
        return value is not _MISSING and leaf(value)

    return several


def _leaf(op: str, want: Wanted) -> Callable[[Any], bool]:
    number, text = want.number, want.text
    order = ORDERS.get(op)
    if order is not None:

        def ordered(leaf: Any) -> bool:
            kind = type(leaf)
            return (kind is int or kind is float) and abs(leaf) < 1e300 and order(leaf, number)

        return ordered
    if want.kind == "number":

        def same(leaf: Any) -> bool:
            kind = type(leaf)
            if (kind is int or kind is float) and abs(leaf) < 1e300:
                return bool(float(leaf) == number)
            return (leaf if kind is str else shown(leaf)) == text

    else:
        fits = fitting(want)

        def same(leaf: Any) -> bool:
            return fits(leaf if type(leaf) is str else shown(leaf))

    wanted = op == "="

    def equal(leaf: Any) -> bool:
        kind = type(leaf)
        return kind is not dict and kind is not list and leaf is not None and same(leaf) == wanted

    return equal


# ---- columns


def columns_test(pattern: Columns) -> Test:
    """Whether a message matches a pattern of columns."""
    columns, whole = pattern.columns, pattern.matches
    dots = next((place for place, one in enumerate(columns) if one.name == ELLIPSIS), None)
    # Where a last column takes all the rest, no end of the message is its end.
    tail = columns if dots is None else columns[dots + 1 :]
    if not tail or (dots is None and takes_rest(columns)):
        return whole
    tested = [(place - len(tail), one) for place, one in enumerate(tail) if one.tests]
    if not tested:
        return whole
    depth = -tested[0][0]
    holds = [(place, _column(one)) for place, one in tested]
    enough = dots == 0 and depth == len(tail)
    if len(holds) == 1 and holds[0][0] == -depth:
        return partial(_one_at_the_end, whole, enough, depth, holds[0][1])
    return partial(_at_the_end, whole, enough, depth, holds)


def _cut(message: str, depth: int) -> list[str] | None:
    """The last columns of a message, what is before them first; None when blanks do not tell."""
    words = message.rsplit(None, depth)
    if len(words) < depth:
        return None
    for word in words[-depth:]:
        if '"' in word or "]" in word or "[" in word:
            return None
    return words


def _one_at_the_end(whole: Test, enough: bool, depth: int, holds: Test, message: str) -> bool:
    """A pattern with a test of one of its last columns. ``enough``: it asks nothing else."""
    words = _cut(message, depth)
    if words is None:
        return whole(message)
    return holds(words[-depth]) and (enough or whole(message))


def _at_the_end(
    whole: Test, enough: bool, depth: int, holds: list[tuple[int, Test]], message: str
) -> bool:
    """A pattern with tests of several of its last columns."""
    words = _cut(message, depth)
    if words is None:
        return whole(message)
    return all(test(words[place]) for place, test in holds) and (enough or whole(message))


def _column(column: Column) -> Test:
    ways = [[holding(test.op, test.want) for test in tests] for tests in column.tests]
    if len(ways) == 1 and len(ways[0]) == 1:
        return ways[0][0]
    return lambda cell: any(all(test(cell) for test in tests) for tests in ways)
