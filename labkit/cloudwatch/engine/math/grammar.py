"""The grammar of metric math, and the way from text to tree.

Binding, tightest first: ``^`` (to the right), unary minus, ``* /``, ``+ -``, comparisons, ``AND``,
``OR``. AWS documents the operators and not their order; this is the usual one, so ``-m1^2`` is
``-(m1^2)``.

Names of functions and the words that some of them take are in capitals, Ids begin with a lower-case
letter: that is how the two are told apart, and why ``avg(m1)`` is an Id where none may stand.
There is no ``NOT``: AWS documents none, and a lab that took it would teach what fails elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, reduce
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.engine.math.tree import (
    Call,
    Listed,
    MathError,
    Name,
    Negative,
    Node,
    Number,
    Operation,
    Text,
    Word,
)

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR = r"""
start: or_
?or_: and_ (OR and_)*              -> chain
?and_: compared (AND compared)*    -> chain
?compared: sum_ (COMPARE sum_)*    -> chain
?sum_: product (SIGN product)*     -> chain
?product: unary (TIMES unary)*     -> chain
?unary: SIGN unary                 -> negative
      | power
?power: atom POWER unary           -> chain
      | atom
?atom: NUMBER                      -> number
     | STRING                      -> text
     | ID                          -> name
     | WORD                        -> word
     | WORD "(" [or_ ("," or_)*] ")"  -> call
     | "[" [or_ ("," or_)*] "]"    -> listed
     | "(" or_ ")"

OR.2: /OR\b/ | "||"
AND.2: /AND\b/ | "&&"
COMPARE: "==" | "!=" | "<=" | ">=" | "<" | ">"
SIGN: "+" | "-"
TIMES: "*" | "/"
POWER: "^"
NUMBER: /(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
STRING: /'(\\.|[^'\\])*'/s | /"(\\.|[^"\\])*"/s
ID: /[a-z][a-zA-Z0-9_]*/
WORD: /[A-Z][A-Z0-9_]*\b/
%ignore /\s+/
"""

#: Tokens as a person calls them.
_CALLED = {
    "OR": "OR", "AND": "AND", "COMPARE": "a comparison", "SIGN": "+ or -", "TIMES": "* or /",
    "POWER": "^", "NUMBER": "a number", "STRING": "a string", "ID": "an Id", "WORD": "a function",
    "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "COMMA": ",", "$END": "the end",
}  # fmt: skip


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises
    ------
    MathError
        Saying what stands where something else was wanted, and at which position.
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    if not text.strip():
        raise MathError("the expression is empty", 0)
    try:
        tree = _parser().parse(text)
    except UnexpectedCharacters as problem:
        at = problem.pos_in_stream or 0
        raise MathError(_unexpected(text, at), at) from None
    except UnexpectedToken as problem:
        at = len(text.rstrip()) if problem.token.type == "$END" else problem.token.start_pos or 0
        found = "the end of the expression" if problem.token.type == "$END" else str(problem.token)
        if text[:at].rstrip().endswith("NOT"):
            raise MathError("Syntax error: there is no NOT; write m1 == 0", at) from None
        wanted = sorted({_CALLED.get(name, name) for name in problem.expected})
        raise MathError(
            f"Syntax error: unexpected {found}, expected one of {', '.join(wanted)}", at
        ) from None
    except UnexpectedEOF:
        raise MathError("Syntax error: unexpected end of the expression", len(text)) from None
    return _node(tree.children[0])


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _unexpected(text: str, at: int) -> str:
    char = text[at]
    if char in "'\"":
        return "Syntax error: this string has no end"
    if char == "=":
        return "Syntax error: equality is written =="
    if char == "!":
        return "Syntax error: there is no negation; write m1 == 0"
    return f"Syntax error: unexpected {char!r}"


def _node(tree: Any) -> Node:
    kind, parts = tree.data, tree.children
    return _BUILD[kind](parts)


def _chain(parts: list[Any]) -> Node:
    pairs = zip(parts[1::2], parts[2::2], strict=True)

    def join(left: Node, pair: tuple[Any, Any]) -> Node:
        token, right = pair
        operator = {"AND": "&&", "OR": "||"}.get(str(token), str(token))
        return Operation(token.start_pos, operator, left, _node(right))

    return reduce(join, pairs, _node(parts[0]))


def _negative(parts: list[Any]) -> Node:
    token, operand = parts
    if str(token) == "+":
        raise MathError("Syntax error: unexpected +", token.start_pos)
    return Negative(token.start_pos, _node(operand))


def _call(parts: list[Any]) -> Node:
    token, *arguments = parts
    return Call(token.start_pos, str(token), tuple(map(_node, arguments)))


def _listed(parts: list[Any]) -> Node:
    items = tuple(map(_node, parts))
    return Listed(items[0].at if items else 0, items)


def _text(parts: list[Any]) -> Node:
    token = parts[0]
    quote, inside = token[0], token[1:-1]
    return Text(token.start_pos, inside.replace(f"\\{quote}", quote))


_BUILD: dict[str, Callable[[list[Any]], Node]] = {
    "chain": _chain,
    "negative": _negative,
    "call": _call,
    "listed": _listed,
    "number": lambda parts: Number(parts[0].start_pos, float(parts[0])),
    "text": _text,
    "name": lambda parts: Name(parts[0].start_pos, str(parts[0])),
    "word": lambda parts: Word(parts[0].start_pos, str(parts[0])),
}
