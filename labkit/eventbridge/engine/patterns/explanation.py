"""Why a pattern matches an event, or does not: every leaf with its answer and what was there.

A pattern that does not match is silent in AWS. Here it says which leaf failed and what the event
had instead. Two things a leaf cannot say by itself are said above it: all leaves may hold and yet
not within one element of a list, and a path that is written twice counts as it stands last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any as Json

from labkit.core.verdict import Reason
from labkit.eventbridge.engine.patterns.flatten import Fields, flatten
from labkit.eventbridge.engine.patterns.matching import holds, satisfied
from labkit.eventbridge.engine.patterns.operators.exact import shown
from labkit.eventbridge.engine.patterns.tree import (
    All,
    Any,
    Leaf,
    Node,
    Pattern,
    Value,
    Word,
    leaves,
)


@dataclass(frozen=True, slots=True)
class LeafAnswer:
    """A leaf and what became of it.

    Parameters
    ----------
    path:
        The field.
    wanted:
        The alternatives as they stand in a pattern.
    found:
        The event's values there, as JSON, each once; empty when the field is not there.
    matched:
        Whether the leaf holds.
    reason:
        One sentence.
    """

    path: str
    wanted: tuple[str, ...]
    found: tuple[str, ...]
    matched: bool
    reason: str


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    """An object of the pattern, or a ``$or``, and what became of it.

    Parameters
    ----------
    name:
        The key; ``$or``; empty for the whole pattern and for a branch.
    matched:
        Whether all of it holds (one branch of it, for a ``$or``).
    parts:
        What is below.
    """

    name: str
    matched: bool
    parts: tuple[LeafAnswer | GroupAnswer, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer with its tree.

    Parameters
    ----------
    matched:
        What EventBridge would answer.
    tree:
        Every part of the pattern with its own answer.
    because:
        The reasons, most decisive first.
    """

    matched: bool
    tree: GroupAnswer
    because: tuple[Reason, ...]

    @property
    def leaves(self) -> tuple[LeafAnswer, ...]:
        """All leaves, as they were written."""
        return tuple(_leaves(self.tree))


def explain(pattern: Pattern, event: Mapping[str, Json]) -> Explanation:
    """Why ``pattern`` matches ``event`` (a parsed JSON object), or does not."""
    fields = flatten(event)
    matched = any(holds(combination, fields) for combination in pattern.combinations)
    tree = _answer(pattern.tree, fields)
    assert isinstance(tree, GroupAnswer)
    return Explanation(matched, tree, tuple(_because(pattern, tree, matched)))


def _answer(node: Node, fields: Fields) -> LeafAnswer | GroupAnswer:
    if isinstance(node, Leaf):
        return _leaf(node, fields)
    parts = tuple(
        _answer(part, fields) for part in (node.parts if isinstance(node, All) else node.branches)
    )
    if isinstance(node, Any):
        return GroupAnswer("$or", any(part.matched for part in parts), parts)
    return GroupAnswer(node.name, all(part.matched for part in parts), parts)


def _leaf(leaf: Leaf, fields: Fields) -> LeafAnswer:
    wanted = tuple(str(operator) for operator in leaf.operators)
    values = list(dict.fromkeys(value for value, _ in fields.get(leaf.path, ())))
    found = tuple(shown(value) for value in values)
    good = [value for value in values if satisfied(leaf, value)]
    if good:
        which = next(str(op) for op in leaf.operators if op.matches(good[0]))
        reason = f"{shown(good[0])} satisfies {which}"
    elif not values:
        below = any(path.startswith(leaf.path + ".") for path in fields)
        what = "is an object, which has no value of its own" if below else "is not there"
        reason = f"the field {what}" + (", as wanted" if leaf.absent_ok else "")
    else:
        reason = _why_not(leaf, values)
    return LeafAnswer(
        leaf.path, wanted, found, bool(good) or (leaf.absent_ok and not values), reason
    )


def _kind(value: Value) -> str:
    if isinstance(value, Word):
        return value.name
    return "a string" if isinstance(value, str) else "a number"


def _why_not(leaf: Leaf, values: list[Value]) -> str:
    had = ", ".join(shown(value) for value in values[:3]) + (", ..." if len(values) > 3 else "")
    wanted = " or ".join(str(operator) for operator in leaf.operators[:3])
    more = len(leaf.operators) - 3
    wanted += f" or {more} more" if more > 0 else ""
    hint = ""
    exact = [getattr(operator, "value", None) for operator in leaf.operators]
    for value in values:
        for other in exact:
            if isinstance(other, str) and isinstance(value, str) and value != other:
                if value.lower() == other.lower():
                    hint = ": capitals count"
            elif other is not None and _plain(value) == _plain(other):
                hint = f": {_kind(other)} was wanted and {_kind(value)} was there"
    return f"wanted {wanted}, found {had}{hint}"


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else shown(value)


def _leaves(answer: LeafAnswer | GroupAnswer) -> Iterator[LeafAnswer]:
    if isinstance(answer, LeafAnswer):
        yield answer
        return
    for part in answer.parts:
        yield from _leaves(part)


def _because(pattern: Pattern, tree: GroupAnswer, matched: bool) -> Iterator[Reason]:
    if matched and tree.matched:
        yield Reason("match", "every field that the pattern names has a value it allows")
        return
    paths = [leaf.path for leaf in leaves(pattern.tree)]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if matched or tree.matched:
        if twice:
            yield Reason(
                "same path twice",
                f"{', '.join(twice)} is written more than once, and the last one counts",
                {"paths": twice},
            )
        if tree.matched:
            yield Reason(
                "array consistency",
                "each leaf holds by itself, but not within one element of a list of objects",
            )
        return
    for leaf in _failing(tree):
        yield Reason(
            "leaf",
            f"{leaf.path}: {leaf.reason}",
            {"path": leaf.path, "wanted": list(leaf.wanted), "found": list(leaf.found)},
        )


def _failing(answer: LeafAnswer | GroupAnswer) -> Iterator[LeafAnswer]:
    """The leaves that stand in the way: not those of a ``$or`` that holds by another branch."""
    if answer.matched:
        return
    if isinstance(answer, LeafAnswer):
        yield answer
        return
    for part in answer.parts:
        yield from _failing(part)
