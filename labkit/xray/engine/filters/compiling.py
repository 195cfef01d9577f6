"""From a tree to one function of a subject.

Each node becomes a closure that answers True or False. Flags are bare attribute getters, so that
a chain of simple keywords over traces seen before costs some 50 ns for each.

What is not set passes no comparison, ``!=`` among them. Of several values (an annotation that
several segments bear, the users of a trace) ``=`` wants one, ``!=`` that none is equal.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from labkit.xray.engine.filters import tree
from labkit.xray.engine.filters.keywords import FLAG, KEYWORDS, NUMBER
from labkit.xray.engine.filters.subjects import EdgeSubject, SegmentSubject, TraceSubject

Check = Callable[[Any], bool]

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "CONTAINS": operator.contains,
    "BEGINSWITH": str.startswith,
    "ENDSWITH": str.endswith,
}


def compiled(node: tree.Node) -> Check:
    """The function of a node."""
    return _BY_NODE[type(node)](node)


def _both(node: tree.Both) -> Check:
    parts = [compiled(one) for one in node.parts]
    if len(parts) == 2:
        one, other = parts
        return lambda s: one(s) and other(s)
    if len(parts) == 3:
        one, other, third = parts
        return lambda s: one(s) and other(s) and third(s)

    def check(s: Any) -> bool:
        for part in parts:  # noqa: SIM110 - a generator costs twice as much
            if not part(s):
                return False
        return True

    return check


def _either(node: tree.Either) -> Check:
    parts = [compiled(one) for one in node.parts]
    if len(parts) == 2:
        one, other = parts
        return lambda s: one(s) or other(s)

    def check(s: Any) -> bool:
        for part in parts:  # noqa: SIM110 - a generator costs twice as much
            if part(s):
                return True
        return False

    return check


def _not(node: tree.Not) -> Check:
    part = compiled(node.part)
    return lambda s: not part(s)


def wanted_flag(node: tree.Test) -> bool:
    """Whether a flag has to be true."""
    return True if not node.operator else (node.value is (node.operator == "="))


def _test(node: tree.Test) -> Check:
    keyword = KEYWORDS[node.name]
    get: Callable[[Any], Any] = attrgetter(keyword.member)
    if keyword.kind == FLAG:
        return get if wanted_flag(node) else lambda s: not get(s)
    if keyword.kind == NUMBER:
        if not node.operator:
            return lambda s: get(s) is not None
        return _number(get, node.operator, node.value)
    return _text(get, node.operator, node.value)


def _number(get: Callable[[Any], Any], how: str, value: float) -> Check:
    compare = COMPARISONS[how]

    def check(s: Any) -> bool:
        found = get(s)
        return found is not None and compare(found, value)

    return check


def _text(get: Callable[[Any], Any], how: str, value: str) -> Check:
    if not how or (how != "=" and how != "!=" and not value):
        return lambda s: bool(get(s))
    if how == "=":
        return lambda s: value in get(s)
    if how == "!=":
        return lambda s: bool(found := get(s)) and value not in found
    compare = COMPARISONS[how]

    def check(s: Any) -> bool:
        for found in get(s):  # noqa: SIM110 - a generator costs twice as much
            if compare(found, value):
                return True
        return False

    return check


def values_of(node: tree.Annotated, subject: Any) -> tuple[Any, ...]:
    """The values of an annotation that a node asks for."""
    if node.side:
        subject = getattr(subject, node.side)
        if subject is None:
            return ()
    found: tuple[Any, ...] = subject.annotations.get(node.key, ())
    return found


def annotated(node: tree.Annotated, values: Sequence[Any]) -> bool:
    """Whether an annotation with these values passes."""
    if not node.operator:
        # A boolean stands for itself, everything else for being there.
        return any(value is not False for value in values)
    if not values:
        return False
    wanted = node.value
    if node.operator in ("=", "!="):
        hit = any(_same(value, wanted) for value in values)
        return hit if node.operator == "=" else not hit
    compare = COMPARISONS[node.operator]
    kinds = (str,) if isinstance(wanted, str) else (int, float)
    return any(
        isinstance(value, kinds) and not isinstance(value, bool) and compare(value, wanted)
        for value in values
    )


def _same(value: Any, wanted: Any) -> bool:
    """Equal and of one kind: the number 5 is not the text "5", nor is true 1."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return isinstance(value, str) is isinstance(wanted, str) and bool(value == wanted)


def _annotated(node: tree.Annotated) -> Check:
    return lambda s: annotated(node, values_of(node, s))


def segments_of(who: tree.Who, subject: TraceSubject) -> list[SegmentSubject]:
    """The segments of the services that are meant."""
    some = subject.by_name.get(who.name, []) if who.name else subject.segments
    if not (who.type or who.account):
        return some
    return [one for one in some if who.fits(one.service.name, one.service.type, one.account)]


def calls_of(node: tree.OfEdge, subject: TraceSubject) -> list[EdgeSubject]:
    """The calls between the services that are meant; a client's only when one is meant."""
    edges = subject.client_edges if node.source.type == "client" else subject.edges
    found = []
    for one in edges:
        caller, callee = one.caller, one.destination
        account = callee.account if one.source is None else one.source.account
        if node.source.fits(caller.name, caller.type, account) and node.destination.fits(
            callee.service.name, callee.service.type, callee.account
        ):
            found.append(one)
    return found


def _service(node: tree.OfService) -> Check:
    who, inside = node.who, node.inside
    if inside is None:
        return lambda s: bool(segments_of(who, s))
    check = compiled(inside)
    return lambda s: any(check(one) for one in segments_of(who, s))


def _edge(node: tree.OfEdge) -> Check:
    inside = node.inside
    if inside is None:
        return lambda s: bool(calls_of(node, s))
    check = compiled(inside)
    return lambda s: any(check(one) for one in calls_of(node, s))


def _group(node: tree.OfGroup) -> Check:
    def check(s: TraceSubject) -> bool:
        found = s.group is not None and s.group(node.value)
        return found is node.equal

    return check


def _cause(node: tree.OfCause) -> Check:
    kind, part = node.kind, node.part
    check: Check = (lambda s: True) if node.inside is None else compiled(node.inside)
    return lambda s: any(check(one) for row in s.elements(kind, part) for one in row)


def described(node: tree.OfJson, subject: TraceSubject) -> list[bool]:
    """For each root cause of the expression, whether the trace has one like it."""
    wanted = node.value if isinstance(node.value, list) else [node.value]
    causes = [*subject.causes("responsetime"), *subject.causes("fault"), *subject.causes("error")]
    return [any(_like(one, cause) for cause in causes) for one in wanted]


def _json(node: tree.OfJson) -> Check:
    return lambda s: all(described(node, s)) is node.equal


def _like(wanted: Any, found: Any) -> bool:
    """Whether what is said of an object is so; what is not said is left open."""
    todo = [(wanted, found)]
    while todo:
        one, other = todo.pop()
        if isinstance(one, Mapping):
            if not isinstance(other, Mapping):
                return False
            todo += [(value, other.get(key)) for key, value in one.items()]
        elif isinstance(one, list):
            if not isinstance(other, list | tuple) or len(one) != len(other):
                return False
            todo += zip(one, other, strict=True)
        elif one != other and str(one) != str(other):
            return False
    return True


_BY_NODE: dict[type, Callable[[Any], Check]] = {
    tree.Both: _both,
    tree.Either: _either,
    tree.Not: _not,
    tree.Test: _test,
    tree.Annotated: _annotated,
    tree.OfService: _service,
    tree.OfEdge: _edge,
    tree.OfGroup: _group,
    tree.OfCause: _cause,
    tree.OfJson: _json,
}
