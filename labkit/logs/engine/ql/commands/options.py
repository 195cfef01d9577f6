"""The ``name=value`` options of a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.logs.engine.ql.errors import QueryError

if TYPE_CHECKING:
    from lark import Tree

    from labkit.logs.engine.ql.reading_commands import Reader


def options(
    reader: Reader, command: str, trees: list[Tree[Any]], known: Mapping[str, str]
) -> dict[str, str]:
    """The options as texts, those that are not told as ``known`` has them.

    Raises
    ------
    QueryError
        For an option that the command has not.
    """
    told = dict(known)
    for tree in trees:
        name, value = (str(child) for child in tree.children)
        if name.lower() not in known:
            raise QueryError.at(f"{command} has {', '.join(known)}, not {name}", reader.span(tree))
        told[name.lower()] = value
    return told


def flag(reader: Reader, tree: Any, name: str, value: str) -> bool:
    """``true`` or ``false``."""
    if value.lower() not in ("true", "false"):
        raise QueryError.at(f"{name} is true or false, not {value}", reader.span(tree))
    return value.lower() == "true"


def split(trees: list[Any]) -> tuple[list[Any], list[Any]]:
    """What a command was told: its options, and the rest without empty places."""
    given = [tree for tree in trees if tree is not None]
    chosen = [tree for tree in given if getattr(tree, "data", "") == "option"]
    return chosen, [tree for tree in given if tree not in chosen]
