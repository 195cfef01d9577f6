"""The nodes of an expression. Each knows its position in the text, counted from 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


class MathError(ValueError):
    """An expression that can't be computed, whatever the data.

    Parameters
    ----------
    message:
        What is wrong and what would be right.
    at:
        Where in the expression, counted from 0; None when it is about all of it.
    """

    def __init__(self, message: str, at: int | None = None) -> None:
        super().__init__(message if at is None else f"{message} (at position {at + 1})")
        self.at = at


class MathUnavailable(MathError):
    """A function that AWS has and a lab can't have yet: the honest 501, not a mistake."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression, and where it begins."""

    at: int

    def children(self) -> tuple[Node, ...]:
        """The parts of this part."""
        return ()

    def walk(self) -> Iterator[Node]:
        """This node and everything below it."""
        yield self
        for child in self.children():
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Number(Node):
    """``2``, ``50.25``, ``1e3``."""

    value: float


@dataclass(frozen=True, slots=True)
class Text(Node):
    """``'Average'`` or ``"errors"``: what stands between the quotes, escapes as written."""

    text: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """``m1``: the Id of another query."""

    name: str


@dataclass(frozen=True, slots=True)
class Word(Node):
    """``REPEAT``, ``DESC``: a word that only some functions understand."""

    word: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``SUM(METRICS())``."""

    function: str
    arguments: tuple[Node, ...]

    def children(self) -> tuple[Node, ...]:
        """The arguments."""
        return self.arguments


@dataclass(frozen=True, slots=True)
class Listed(Node):
    """``[m1, m2]``."""

    items: tuple[Node, ...]

    def children(self) -> tuple[Node, ...]:
        """What is listed."""
        return self.items


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """``-m1``."""

    operand: Node

    def children(self) -> tuple[Node, ...]:
        """The operand."""
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Operation(Node):
    """``m1 / m2``; ``at`` is the operator's place."""

    operator: str
    left: Node
    right: Node

    def children(self) -> tuple[Node, ...]:
        """Both sides."""
        return (self.left, self.right)
