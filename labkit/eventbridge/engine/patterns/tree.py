"""A compiled pattern: its tree as it was written, and the combinations it stands for.

A pattern is an AND of fields; ``$or`` splits it. EventBridge multiplies that out: a pattern with
two ``$or`` of three branches each is nine **combinations**, each a plain AND of fields, and an
event matches the pattern when it matches one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

#: A leaf value of an event: text, number, or one of the words below.
Value = object


class Word:
    """``true``, ``false`` and ``null`` as values of their own: Python's ``True`` equals 1."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


TRUE, FALSE, NULL = Word("true"), Word("false"), Word("null")
WORDS = {word.name: word for word in (TRUE, FALSE, NULL)}


class Operator(Protocol):
    """One alternative of a leaf: ``"running"``, ``{"prefix": "i-"}``."""

    def matches(self, value: Value) -> bool:
        """Whether a value that is there satisfies it."""

    def __str__(self) -> str:
        """As it stands in a pattern."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field and its alternatives, of which one must hold.

    Parameters
    ----------
    path:
        The keys on the way, joined by dots: ``detail.state``. A key that contains a dot itself is
        the same path as two keys.
    operators:
        The alternatives.
    absent_ok:
        Whether ``{"exists": false}`` is among them.
    """

    path: str
    operators: tuple[Operator, ...]
    absent_ok: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Everything below must hold."""

    name: str
    parts: tuple[Leaf | All | Any, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """``$or``: one of the branches must hold."""

    branches: tuple[All, ...]


Node = Leaf | All | Any


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that EventBridge accepts.

    Parameters
    ----------
    text:
        As it was written.
    tree:
        What it says.
    combinations:
        The tree multiplied out: each the leaves of one AND, in order of their paths.
    """

    text: str
    tree: All
    combinations: tuple[tuple[Leaf, ...], ...] = field(repr=False)

    @property
    def wildcards(self) -> int:
        """How many wildcard operators it has; a bus takes a limited number of such rules."""
        return sum(
            "wildcard" in str(operator) for leaf in leaves(self.tree) for operator in leaf.operators
        )


def leaves(node: Node) -> Iterator[Leaf]:
    """Every leaf of a tree, in the order in which they were written."""
    if isinstance(node, Leaf):
        yield node
        return
    for part in node.parts if isinstance(node, All) else node.branches:
        yield from leaves(part)
