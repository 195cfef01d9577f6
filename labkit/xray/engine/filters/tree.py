"""A filter expression as a tree of values. Each knows where in the text it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of an expression: ``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Both(Node):
    """All parts hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either(Node):
    """One of the parts holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The part does not hold."""

    part: Node


@dataclass(frozen=True, slots=True)
class Test(Node):
    """A simple keyword.

    Parameters
    ----------
    name:
        Of the keyword, in lower case.
    operator:
        ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``CONTAINS``, ``BEGINSWITH``, ``ENDSWITH``;
        empty asks whether it is set (a flag: whether it is true).
    value:
        To compare with.
    """

    name: str
    operator: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Annotated(Node):
    """An annotation.

    Parameters
    ----------
    key:
        Of the annotation, letters as they stand.
    side:
        ``source`` or ``destination`` in braces of an edge; else empty.
    operator, value:
        As in :class:`Test`.
    """

    key: str
    side: str = ""
    operator: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Who:
    """Which services are meant; what is empty is left open."""

    name: str = ""
    type: str = ""
    account: str = ""

    def __str__(self) -> str:
        if not (self.name or self.type or self.account):
            return "any service"
        told = [f'"{self.name}"'] if self.name else ["any name"]
        told += [f"of type {self.type}"] if self.type else []
        told += [f"of account {self.account}"] if self.account else []
        return " ".join(told)

    def fits(self, name: str, type_: str, account: str = "") -> bool:
        """Whether a service is meant."""
        return (
            (not self.name or self.name == name)
            and (not self.type or self.type == type_)
            and (not self.account or self.account == account)
        )


@dataclass(frozen=True, slots=True)
class OfService(Node):
    """A service took part; in the braces, what one of its segments is like."""

    who: Who
    inside: Node | None = None


@dataclass(frozen=True, slots=True)
class OfEdge(Node):
    """One service called another; in the braces, what the call is like."""

    source: Who
    destination: Who
    inside: Node | None = None


@dataclass(frozen=True, slots=True)
class OfGroup(Node):
    """What a group's own expression says of the trace."""

    by: str
    equal: bool
    value: str


@dataclass(frozen=True, slots=True)
class OfCause(Node):
    """A root cause; in the braces, what one of its services, entities, exceptions is like."""

    kind: str
    part: str
    inside: Node | None = None

    @property
    def scope(self) -> str:
        """The keyword, ``rootcause.fault.service``."""
        return f"rootcause.{self.kind}.{self.part}"


@dataclass(frozen=True, slots=True)
class OfJson(Node):
    """Root causes that a JSON object describes; what it leaves out is left open."""

    equal: bool
    value: Any


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node."""
    if isinstance(node, Both | Either):
        return node.parts
    if isinstance(node, Not):
        return (node.part,)
    if isinstance(node, OfService | OfEdge | OfCause) and node.inside is not None:
        return (node.inside,)
    return ()
