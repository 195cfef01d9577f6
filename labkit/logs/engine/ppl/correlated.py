"""``exists [ source=b as t2 | where t1.a = t2.a ]``: a query that looks at the rows around it.

A log group has no list of fields, so a name is of the rows around only where it begins with their
alias. Such an ``exists`` asks whether the outer key is among the inner ones: it becomes an ``in``,
which is computed once, and not for each row.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from labkit.logs.engine.ppl.commands.fields import Fields
from labkit.logs.engine.ql import plan
from labkit.logs.engine.ql.errors import QueryError


def without(alias: str, value: Any) -> Any:
    """A part of a plan whose names lose an alias in front; queries in brackets have their own."""
    if isinstance(value, tuple):
        return tuple(without(alias, one) for one in value)
    if isinstance(value, plan.Subquery | plan.Query) or not is_dataclass(value):
        return value
    if isinstance(value, plan.Name):
        head = f"{alias}."
        plain = value.name.removeprefix(head)
        return value if plain == value.name else replace(value, name=plain, text=plain)
    told: Any = value
    changed = {}
    for one in fields(told):
        before = getattr(value, one.name)
        after = without(alias, before)
        if after is not before and after != before:
            changed[one.name] = after
    return replace(told, **changed) if changed else value


def exists(call: plan.Call, around: str) -> plan.Expr:
    """The condition that an ``exists`` is; as it stands when it does not look around.

    Parameters
    ----------
    call:
        ``exists`` of a query in brackets.
    around:
        The alias of the rows around, "" without one.

    Raises
    ------
    QueryError
        When it looks around in another way than by one equality.
    """
    (inner,) = call.args
    if not around or not isinstance(inner, plan.Subquery):
        return call
    head = f"{around}."
    pairs: list[tuple[plan.Name, plan.Name]] = []
    kept: list[plan.Command] = []
    for command in inner.query.commands:
        if not isinstance(command, plan.Filter):
            kept.append(command)
            continue
        tests = _tests(command.condition)
        found = [pair for test in tests if (pair := _pair(test, head))]
        pairs += found
        rest = [test for test in tests if not _pair(test, head)]
        if rest:
            whole = rest[0] if len(rest) == 1 else plan.Op("and", tuple(rest), text="")
            kept.append(replace(command, condition=whole))
    looks = any(isinstance(one, plan.Name) and one.name.startswith(head)
                for one in plan.walk(tuple(kept)))  # fmt: skip
    if not pairs and not looks:
        return call
    if looks or len(pairs) != 1 or not all(isinstance(one, plan.Filter) for one in kept):
        raise QueryError.at(
            f"exists looks at the rows around it by one equality, like where {head}a = b, and "
            "where alone",
            call.span,
        )
    outer, key = pairs[0]
    query = replace(inner.query, commands=(*kept, Fields((key,), span=call.span)))
    there = plan.Call("isnotnull", (outer,), text="", span=call.span)
    within = plan.Op("in", (outer, replace(inner, query=query)), text="", span=call.span)
    return plan.Op("and", (there, within), text=call.text, span=call.span)


def _tests(condition: plan.Expr) -> list[plan.Expr]:
    if isinstance(condition, plan.Op) and condition.op == "and":
        return [test for one in condition.args for test in _tests(one)]
    return [condition]


def _pair(test: plan.Expr, head: str) -> tuple[plan.Name, plan.Name] | None:
    """The outer and the inner key of an equality between them."""
    if not isinstance(test, plan.Op) or test.op != "=":
        return None
    left, right = test.args
    if not isinstance(left, plan.Name) or not isinstance(right, plan.Name):
        return None
    if right.name.startswith(head):
        left, right = right, left
    if not left.name.startswith(head) or right.name.startswith(head):
        return None
    return left, right
