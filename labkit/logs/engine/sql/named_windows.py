"""Named windows: ``sum(x) OVER w ... WINDOW w AS (ORDER BY y)``.

``window`` is a function's name as well, so the reader of names knows no such keyword; it is one
where a name, AS and a bracket follow.
"""

from __future__ import annotations

import copy
from typing import Any, TypeAlias

from labkit.logs.engine.ql.errors import QueryError

Node: TypeAlias = Any


def windows_named(tokens: list[Any]) -> list[Any]:
    """The tokens of a query, its WINDOW clause with the keyword that it is."""
    from sqlglot.tokens import Token, TokenType

    out = list(tokens)
    for place in range(len(out) - 3):
        word, name, as_, bracket = out[place : place + 4]
        if (
            word.token_type == TokenType.VAR
            and word.text.upper() == "WINDOW"
            and name.token_type in (TokenType.VAR, TokenType.IDENTIFIER)
            and as_.text.upper() == "AS"
            and bracket.token_type == TokenType.L_PAREN
        ):
            told = {one: getattr(word, one) for one in ("line", "col", "start", "end")}
            out[place] = Token(TokenType.WINDOW, text=word.text, **told)
    return out


def name_windows(tree: Node) -> None:
    """Put what a named window is where it is named.

    Raises
    ------
    QueryError
        For a window that there is not.
    """
    from sqlglot import exp

    from labkit.logs.engine.sql.parsing import span_of

    for select in tree.find_all(exp.Select):
        named = {one.name.lower(): one for one in select.args.get("windows") or []}
        for node in list(select.find_all(exp.Window)):
            name = node.alias
            if not name or node.arg_key == "windows":
                continue
            known = named.get(name.lower())
            if known is None:
                raise QueryError.at(f"there is no window {name}", span_of(node))
            for part in ("partition_by", "order", "spec"):
                if known.args.get(part) and not node.args.get(part):
                    node.set(part, copy.deepcopy(known.args[part]))
            node.set("alias", None)
