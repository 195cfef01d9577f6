"""Compile a pattern's text: check it as AWS does, and keep its tree and its combinations.

Rules, in the order in which they bite (user guide, eb-create-pattern; event-ruler's README):

1. The pattern is an object, and so is everything down to a leaf; a leaf is a list.
2. A list has at least one alternative: a value, or an object with one operator.
3. ``$or`` with a list of two or more objects, none of which uses an operator's name as a key, means
   one of them; in any other form ``$or`` is the name of a field.
4. A path that comes twice counts as it stands last.
5. At most 1,000 combinations.
"""

from __future__ import annotations

from labkit.eventbridge.engine.patterns.numbers import number_of
from labkit.eventbridge.engine.patterns.operators import READERS
from labkit.eventbridge.engine.patterns.operators.exact import Exact
from labkit.eventbridge.engine.patterns.operators.exists import Exists
from labkit.eventbridge.engine.patterns.tokens import Kind, Tokens
from labkit.eventbridge.engine.patterns.tree import WORDS, All, Any, Leaf, Node, Operator, Pattern

MOST_COMBINATIONS = 1000

#: Keys that may not stand in a branch of ``$or``: today's operators and those kept for later.
_RESERVED = {
    *READERS, "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case",
    "date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range",
    "ip-address-in-range", "ip-address-not-in-range",
}  # fmt: skip


def compile_pattern(text: str) -> Pattern:
    """The pattern of a text.

    Raises
    ------
    InvalidEventPattern
        With AWS's words, and the place as AWS prints it.
    """
    tokens = Tokens(text)
    if tokens.next().kind is not Kind.START_OBJECT:
        raise tokens.fail("Filter is not an object")
    try:
        tree = _object(tokens, (), "")
        combinations = _combinations(tree, tokens)
    except RecursionError:
        raise tokens.fail("The pattern is nested too deep") from None
    ordered = (tuple(one[path] for path in sorted(one)) for one in combinations)
    return Pattern(text, tree, tuple(ordered))


def _object(tokens: Tokens, path: tuple[str, ...], name: str) -> All:
    parts: list[Node] = []
    while (token := tokens.next()).kind is not Kind.END_OBJECT:
        key = token.text
        if key == "$or" and _is_or(tokens):
            parts.append(_or(tokens, path))
            continue
        kind = tokens.next().kind
        if kind is Kind.START_OBJECT:
            parts.append(_object(tokens, (*path, key), key))
        elif kind is Kind.START_ARRAY:
            parts.append(_leaf(tokens, ".".join((*path, key))))
        else:
            raise tokens.fail(f'"{key}" must be an object or an array')
    if not parts:
        raise tokens.fail("Empty objects are not allowed")
    return All(name, tuple(parts))


def _is_or(tokens: Tokens) -> bool:
    """Whether the value ahead is a list of two or more objects without operators as keys."""
    if tokens.ahead(0) is not Kind.START_ARRAY:
        return False
    at, depth, objects = 1, 0, 0
    while True:
        kind = tokens.ahead(at)
        if kind is Kind.ERROR:
            return depth > 0 and objects >= 2
        if depth == 0:
            if kind is Kind.END_ARRAY:
                return objects >= 2
            if kind is not Kind.START_OBJECT:
                return False
            objects += 1
        elif depth == 1 and kind is Kind.NAME and tokens.name_ahead(at) in _RESERVED:
            return False
        if kind in (Kind.START_OBJECT, Kind.START_ARRAY):
            depth += 1
        elif kind in (Kind.END_OBJECT, Kind.END_ARRAY):
            depth -= 1
        at += 1


def _or(tokens: Tokens, path: tuple[str, ...]) -> Any:
    tokens.next()
    branches: list[All] = []
    while tokens.next().kind is not Kind.END_ARRAY:
        branches.append(_object(tokens, path, ""))
    return Any(tuple(branches))


def _leaf(tokens: Tokens, path: str) -> Leaf:
    operators: list[Operator] = []
    while (token := tokens.next()).kind is not Kind.END_ARRAY:
        if token.kind is Kind.START_OBJECT:
            operators.append(_operator(tokens))
        elif token.kind is Kind.STRING:
            operators.append(Exact(tokens.text()))
        elif token.kind is Kind.NUMBER:
            operators.append(_number(tokens, token.text))
        elif token.kind is Kind.WORD:
            operators.append(Exact(WORDS[token.text]))
        else:
            raise tokens.fail("Match value must be String, number, true, false, or null")
    if not operators:
        raise tokens.fail("Empty arrays are not allowed")
    absent = any(isinstance(one, Exists) and not one.wanted for one in operators)
    return Leaf(path, tuple(operators), absent)


def _number(tokens: Tokens, text: str) -> Exact:
    try:
        return Exact(number_of(text))
    except ValueError as problem:
        raise tokens.fail(str(problem)) from None


def _operator(tokens: Tokens) -> Operator:
    token = tokens.next()
    if token.kind is not Kind.NAME:
        raise tokens.fail("Match expression name not found")
    reader = READERS.get(token.text)
    if reader is None:
        raise tokens.fail(f"Unrecognized match type {token.text}")
    return reader(tokens)


def _combinations(node: Node, tokens: Tokens) -> list[dict[str, Leaf]]:
    """The tree multiplied out; refused as soon as there are too many, not when all are made."""
    if isinstance(node, Leaf):
        return [{node.path: node}]
    made: list[dict[str, Leaf]] = [{}]
    if isinstance(node, Any):
        made = [one for branch in node.branches for one in _combinations(branch, tokens)]
    else:
        for part in node.parts:
            below = _combinations(part, tokens)
            if len(made) * len(below) > MOST_COMBINATIONS:
                made = []
                break
            made = [{**one, **other} for one in made for other in below]
    if not 0 < len(made) <= MOST_COMBINATIONS:
        raise tokens.fail(
            f"Rule is too complex - the $or conditions make more than {MOST_COMBINATIONS} "
            "combinations"
        )
    return made
