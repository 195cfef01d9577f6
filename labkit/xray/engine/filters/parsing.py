"""From the text of a filter expression to its tree.

The parser is LALR and builds its tree without recursion; the tree is turned into ours from the
leaves up, in a loop. How deep it may be is counted on the way, so that an expression of ten
thousand brackets is answered like any other mistake.
"""

from __future__ import annotations

import difflib
import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from labkit.xray.engine.filters import tree
from labkit.xray.engine.filters.errors import FilterError
from labkit.xray.engine.filters.keywords import EDGE, KEYWORDS, SERVICE, TRACE, WORDS

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

#: Longest expression. AWS names no limit; this keeps any answer under a second.
LONGEST = 20_000
#: How deep brackets, braces and negations may nest.
DEEPEST = 60

_PIECES = re.compile(r'"(?:\\.|[^"\\])*"?|[^"#(){}]+|.', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NEGATIONS = re.compile(rf"(?:!\s*){{{DEEPEST + 1},}}")
_WORD = re.compile(r"[\w.]+(?:\[[^\]]*\]?)?")


def parse(text: str) -> tree.Node:
    """The tree of an expression.

    Raises
    ------
    FilterError
        With the place.
    """
    return _parsed(text, "start")


def parse_selector(text: str) -> tree.OfService | tree.OfEdge:
    """What an entity selector means: ``service(...)``, ``edge(...)`` or ``id(...)``, no braces.

    Raises
    ------
    FilterError
        With the place.
    """
    found = _parsed(text, "selector")
    assert isinstance(found, tree.OfService | tree.OfEdge)
    if found.inside is not None:
        raise FilterError("a selector has no braces", found.inside.start, text)
    return found


def _parsed(text: str, start: str) -> tree.Node:
    from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

    if len(text) > LONGEST:
        raise FilterError(f"longer than {LONGEST} characters", LONGEST, text)
    if not text.strip():
        raise FilterError("the expression is empty", 0, text)
    plain, literals = _without_json(text)
    try:
        found = _parser().parse(plain, start=start)
    except UnexpectedToken as problem:
        at = len(text.rstrip()) if problem.token.type == "$END" else problem.token.start_pos or 0
        raise FilterError(_wrong(text, at, set(problem.accepts or problem.expected)), at, text) \
            from None  # fmt: skip
    except UnexpectedCharacters as problem:
        at = problem.pos_in_stream or 0
        raise FilterError(_wrong(text, at, set(problem.allowed or ())), at, text) from None
    except UnexpectedInput as problem:
        raise FilterError(str(problem), 0, text) from None
    built = _Builder(text, literals).build(found)
    _check(text, built)
    return built


@cache
def _parser() -> Lark:
    from lark import Lark

    grammar = resources.files(__package__).joinpath("grammar.lark").read_text("utf-8")
    return Lark(
        grammar, parser="lalr", lexer="contextual", start=["start", "selector"],
        propagate_positions=True, maybe_placeholders=True,
    )  # fmt: skip


def _without_json(text: str) -> tuple[str, list[tuple[Any, int]]]:
    """The text with ``#0   `` in place of each JSON literal, as long as before; the literals.

    Counts brackets on the way: too many are an error at the first too deep. The literals come
    with the places where they end.
    """
    parts: list[str] = []
    literals: list[tuple[Any, int]] = []
    depth = at = 0
    while at < len(text):
        found = _PIECES.match(text, at)
        assert found is not None
        piece, begin = found[0], at
        at = found.end()
        if piece == "#":
            value, at = _literal(text, begin)
            piece = f"#{len(literals)}".ljust(at - begin)
            literals.append((value, at))
        elif piece in ("(", "{"):
            depth += 1
            if depth > DEEPEST:
                raise FilterError(f"nested more than {DEEPEST} deep", begin, text)
        elif piece in (")", "}"):
            depth -= 1
        elif piece[0] != '"' and (row := _NEGATIONS.search(piece)) is not None:
            place = begin + row.start() + DEEPEST
            raise FilterError(f"nested more than {DEEPEST} deep", place, text)
        parts.append(piece)
    return "".join(parts), literals


def _literal(text: str, begin: int) -> tuple[Any, int]:
    try:
        value, end = json.JSONDecoder().raw_decode(text, begin + 1)
    except json.JSONDecodeError as problem:
        raise FilterError(f"no JSON after #: {problem.msg}", problem.pos, text) from None
    except (RecursionError, ValueError):
        raise FilterError(f"nested more than {DEEPEST} deep", begin, text) from None
    if not isinstance(value, list | dict):
        raise FilterError("after # stands a JSON list of root causes", begin + 1, text)
    return value, end


class _Builder:
    """Turns lark's tree into ours, leaves first."""

    def __init__(self, text: str, literals: list[tuple[Any, int]]) -> None:
        self._text = text
        self._literals = literals
        self._built: dict[int, Any] = {}
        self._depth: dict[int, int] = {}

    def build(self, whole: Tree[Token]) -> tree.Node:
        """The tree of it all."""
        node: Any = None
        for one in whole.iter_subtrees():
            depths = [self._depth.get(id(child), 0) for child in one.children]
            self._depth[id(one)] = depth = 1 + max(depths, default=0)
            if depth > 3 * DEEPEST:
                raise FilterError(f"nested more than {DEEPEST} deep", self._at(one)[0], self._text)
            children = [self._built.get(id(child), child) for child in one.children]
            node = self._built[id(one)] = getattr(self, str(one.data))(self._at(one), children)
        assert isinstance(node, tree.Node)
        return node

    def _at(self, one: Tree[Token]) -> tuple[int, int]:
        if one.meta.empty:
            return 0, len(self._text)
        return one.meta.start_pos, one.meta.end_pos

    def start(self, at: tuple[int, int], children: list[Any]) -> Any:
        return children[0]

    selector = start

    def either(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        return tree.Either(*at, tuple(children))

    def both(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        return tree.Both(*at, tuple(children))

    def negation(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        return tree.Not(*at, children[0])

    def flag(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        name, operator, value = children
        wanted = None if value is None else value.lower() == "true"
        return tree.Test(*at, name.lower(), str(operator or ""), wanted)

    def numeric(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        name, operator, value = children
        return tree.Test(*at, name.lower(), str(operator or ""), self._value(value))

    def textual(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        name, operator, value = children
        return tree.Test(*at, name.lower(), str(operator or "").upper(), self._value(value))

    def annotation(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        name, operator, value = (*children, None, None)[:3]
        side, key = _split(name)
        key = key[1:-1].strip() if key[0] == "[" else key[1:]
        operator = str(operator or "").upper()
        read = self._value(value)
        if operator in ("<", "<=", ">", ">=") and not _is_number(read):
            raise FilterError(f"{operator} compares with a number", value.start_pos, self._text)
        if operator[:1].isalpha() and not isinstance(read, str):
            message = f"{operator} stands before a text in quotes"
            raise FilterError(message, value.start_pos, self._text)
        return tree.Annotated(*at, key, side.rstrip(".").lower(), operator, read)

    def group(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        name, operator, value = children
        return tree.OfGroup(*at, name.lower().removeprefix("group."), operator == "=",
                            self._value(value))  # fmt: skip

    def json(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        _, operator, literal = children
        value, end = self._literals[int(literal[1:])]
        return tree.OfJson(at[0], end, operator == "=", value)

    def cause(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        name, inside = children[0], _node(children[1:])
        _, kind, part = name.lower().split(".")
        return tree.OfCause(*at, kind, part, inside)

    def service(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        who = [self._who(one) for one in children[1:] if _is_who(one)]
        return tree.OfService(*at, who[0] if who else tree.Who(), _node(children))

    def edge(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        who = [self._who(one) for one in children[1:] if _is_who(one)]
        source, destination = who or (tree.Who(), tree.Who())
        return tree.OfEdge(*at, source, destination, _node(children))

    def by_identity(self, at: tuple[int, int], children: list[Any]) -> tree.Node:
        return tree.OfService(*at, children[0])

    def identity(self, at: tuple[int, int], children: list[Any]) -> tree.Who:
        told: dict[str, str] = {}
        for name, value in filter(None, children):
            key = name.lower()
            if key not in ("name", "type", "account.id"):
                message = f"id() knows name, type and account.id, not {name}"
                raise FilterError(message, name.start_pos, self._text)
            if key in told:
                raise FilterError(f"{key} is given twice", name.start_pos, self._text)
            told[key] = self._value(value)
        return tree.Who(told.get("name", ""), told.get("type", ""), told.get("account.id", ""))

    def property(self, at: tuple[int, int], children: list[Any]) -> tuple[Any, Any]:
        return children[0], children[1]

    def _who(self, one: Any) -> tree.Who:
        return one if isinstance(one, tree.Who) else tree.Who(self._value(one))

    def _value(self, token: Any) -> Any:
        """What a token stands for: a text, a number, true or false."""
        if token is None:
            return None
        if token.type == "STRING":
            return _ESCAPED.sub(r"\1", token[1:-1])
        if token.type == "TRUTH":
            return token.lower() == "true"
        return float(token)


def _split(name: str) -> tuple[str, str]:
    """What stands before and after ``annotation``, in whatever letters that is written."""
    place = name.lower().index("annotation")
    return name[:place], name[place + len("annotation") :]


def _is_number(value: Any) -> bool:
    return isinstance(value, float)


def _is_who(one: Any) -> bool:
    return isinstance(one, tree.Who) or getattr(one, "type", "") == "STRING"


def _node(children: list[Any]) -> tree.Node | None:
    return next((one for one in children if isinstance(one, tree.Node)), None)


def _check(text: str, whole: tree.Node) -> None:
    """Each keyword stands where something carries it."""
    todo = [(whole, TRACE)]
    while todo:
        node, scope = todo.pop()
        if isinstance(node, tree.Test):
            keyword = KEYWORDS[node.name]
            if scope not in keyword.scopes:
                raise FilterError(_misplaced(node.name, scope), node.start, text)
        elif isinstance(node, tree.Annotated):
            if node.side and scope != EDGE:
                message = f"{node.side}.annotation stands in the braces of edge"
                raise FilterError(message, node.start, text)
            if scope not in (TRACE, SERVICE, EDGE):
                raise FilterError(f"{scope} has no annotations", node.start, text)
        elif scope != TRACE and not isinstance(node, tree.Both | tree.Either | tree.Not):
            word = _WORD.match(text, node.start)
            name = word[0] if word else "this"
            raise FilterError(f"{name} can't stand in the braces of {scope}", node.start, text)
        inner = scope
        if isinstance(node, tree.OfService):
            inner = SERVICE
        elif isinstance(node, tree.OfEdge):
            inner = EDGE
        elif isinstance(node, tree.OfCause):
            inner = node.scope
        todo += [(part, inner) for part in tree.children(node)]


def _misplaced(name: str, scope: str) -> str:
    scopes = [one for one in KEYWORDS[name].scopes if one != TRACE]
    if len(scopes) > 4:
        scopes = [*(one for one in scopes if "." not in one), "root causes"]
    places = ", ".join(scopes)
    where = "a whole trace" if scope == TRACE else f"the braces of {scope}"
    return f"{name} can't be asked of {where}; it stands in the braces of {places}"


#: What can come next -> how it is said.
_SAID = (
    ("TRUTH", "true or false"),
    ("NUMBER", "a number"),
    ("STRING", "a text in double quotes"),
    ("JSON", "#[...], a JSON list of root causes"),
    ("EQUALITY", "= or !="),
    ("ORDER", "<, <=, > or >="),
    ("SEARCH", "CONTAINS, BEGINSWITH or ENDSWITH"),
    ("FLAG", "a keyword"),
    ("COLON", "a colon"),
    ("COMMA", "a comma"),
    ("RPAR", ")"),
    ("RBRACE", "}"),
)


def _wrong(text: str, at: int, expected: set[str]) -> str:
    """What is wrong at a place where the grammar knows no way on."""
    wanted = [said for name, said in _SAID if name in expected]
    room = f"; here can stand {', '.join(wanted[:5])}" if wanted else ""
    if at >= len(text.rstrip()):
        return f"the expression ends too early{room}"
    letter = text[at]
    if letter == '"' and '"' not in text[at + 1 :]:
        return "this text has no closing quote"
    if letter in "'`\u201c\u201d":
        return 'texts stand in double quotes (")'
    if letter in "&|" or text.startswith("==", at):
        return "the operators are AND, OR, !, =, !=, <, <=, > and >="
    if letter == "=" and at and text[at - 1] == "=":
        return "one = is enough"
    found = _WORD.match(text, at)
    if found is None:
        return f"unexpected {letter}{room}"
    return _wrong_word(found[0], expected, room)


def _wrong_word(word: str, expected: set[str], room: str) -> str:
    lower = word.lower()
    if lower.startswith(("annotation[", "source.annotation[", "destination.annotation[")):
        return "the key of an annotation stands in the brackets as it is, without quotes"
    if "annotation." in lower:
        return "the key of an annotation is letters, digits and _; one with dots: annotation[a.b]"
    if lower == "not":
        return "! negates, not NOT"
    if "STRING" in expected and "FLAG" not in expected:
        return f'a text stands in double quotes: "{word}"'
    known = {one.lower() for one in WORDS}
    if lower in known or "FLAG" not in expected:
        return f"{word} can't stand here{room}"
    near = difflib.get_close_matches(lower, sorted(known), 1, 0.6)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"there is no keyword {word}{meant}"
