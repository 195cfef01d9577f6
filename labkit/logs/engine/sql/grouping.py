"""``GROUP BY`` with ROLLUP, CUBE and GROUPING SETS: which sets of keys a SELECT groups by.

The keys stay one list, as of a plain GROUP BY; a set is the places of its keys. Keys that a row's
set leaves out are missing in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations
from typing import Any, TypeAlias

from labkit.logs.engine.ql.errors import QueryError
from labkit.logs.engine.sql.parsing import span_of

Node: TypeAlias = Any

#: Sets of keys that one query may group by; CUBE of n keys makes 2 ** n.
MOST_SETS = 64


def sets_of(group: Node) -> list[list[Node]] | None:
    """The sets of a GROUP BY, each a list of keys; None when it has plain keys alone.

    Raises
    ------
    QueryError
        When there are too many.
    """
    from sqlglot import exp

    if group.args.get("all"):
        raise QueryError.at("GROUP BY ALL is not there", span_of(group))
    several = (exp.Rollup, exp.Cube, exp.GroupingSets)
    plain = [one for one in group.expressions if not isinstance(one, several)]
    parts: list[list[list[Node]]] = []
    for name, made in (("rollup", _rollup), ("cube", _cube)):
        for one in group.args.get(name) or []:
            # GROUP BY a, b WITH ROLLUP: the keys stand before it.
            if not one.expressions:
                parts.append(made([[key] for key in plain]))
                plain = []
            else:
                parts.append(_sets(one))
    for one in group.args.get("grouping_sets") or []:
        # Hive's way to write it: GROUP BY a, b GROUPING SETS ((a), ()).
        plain = []
        parts.append(_sets(one))
    parts += [_sets(one) for one in group.expressions if isinstance(one, several)]
    if not parts:
        return None
    found: list[list[Node]] = [plain]
    for part in parts:
        found = [[*left, *right] for left in found for right in part]
        if len(found) > MOST_SETS:
            raise QueryError.at(
                f"GROUP BY makes {len(found)} sets of keys; labkit takes {MOST_SETS}",
                span_of(group),
            )
    return found


def _sets(node: Node) -> list[list[Node]]:
    """The sets of ROLLUP(...), CUBE(...) or GROUPING SETS (...)."""
    from sqlglot import exp

    if isinstance(node, exp.Rollup):
        return _rollup([_keys(one) for one in node.expressions])
    if isinstance(node, exp.Cube):
        return _cube([_keys(one) for one in node.expressions])
    found: list[list[Node]] = []
    for one in node.expressions:
        inner = isinstance(one, exp.Rollup | exp.Cube | exp.GroupingSets)
        found += _sets(one) if inner else [_keys(one)]
    return found


def _keys(node: Node) -> list[Node]:
    """``a``, ``(a)``, ``(a, b)`` or ``()`` as a list of keys."""
    from sqlglot import exp

    if isinstance(node, exp.Tuple):
        return list(node.expressions)
    return [node.unnest()]


def _rollup(keys: Sequence[list[Node]]) -> list[list[Node]]:
    return [list(chain(*keys[:count])) for count in range(len(keys), -1, -1)]


def _cube(keys: Sequence[list[Node]]) -> list[list[Node]]:
    if len(keys) > 6:
        # Two to that power is far beyond what is taken.
        return [[]] * (2 ** min(len(keys), 20))
    return [
        list(chain(*chosen))
        for count in range(len(keys), -1, -1)
        for chosen in combinations(keys, count)
    ]
