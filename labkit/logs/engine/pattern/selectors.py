"""JSON patterns: ``{ $.status >= 500 && $.path = "/pay*" }``.

A selector walks from ``$`` by names, places in lists and at most one star. A condition holds when a
leaf that it reaches fits; a selector that ends at an object or a list, or nowhere, fits nothing
(but NOT EXISTS). ``&&`` binds more tightly than ``||``. The whole message has to be JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from labkit.core.jsontext import parse as read_json
from labkit.logs.engine.pattern.outcome import Match, PatternError
from labkit.logs.engine.pattern.scanner import Scanner
from labkit.logs.engine.pattern.values import OPERATORS, Wanted, holds, number_of, wanted

#: Stars in one selector, and in one pattern.
MOST_STARS, MOST_STARS_TOGETHER = 1, 3
#: How deep parentheses may nest.
DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Selector:
    """``text`` as written; ``steps``: names, places, and None for a star."""

    text: str
    steps: tuple[str | int | None, ...]

    def walk(self, value: Any) -> list[Any]:
        """The values that it reaches."""
        reached = [value]
        for step in self.steps:
            further: list[Any] = []
            for held in reached:
                if step is None:
                    further += held.values() if isinstance(held, dict) else ()
                    further += held if isinstance(held, list) else ()
                elif isinstance(step, str):
                    if isinstance(held, dict) and step in held:
                        further.append(held[step])
                elif isinstance(held, list) and step < len(held):
                    further.append(held[step])
            reached = further
        return reached


def shown(leaf: Any) -> str:
    """A leaf as a text."""
    if leaf is None:
        return "null"
    if isinstance(leaf, bool):
        return "true" if leaf else "false"
    if isinstance(leaf, float) and leaf.is_integer() and abs(leaf) < 1e15:
        return str(int(leaf))
    return leaf if isinstance(leaf, str) else repr(leaf)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. ``op``: a sign, or ``IS NULL``, ``IS TRUE``, ``IS FALSE``, ``NOT EXISTS``."""

    selector: Selector
    op: str
    want: Wanted | None = None

    def holds(self, value: Any) -> bool:
        """Whether it holds for a message's value."""
        reached = self.selector.walk(value)
        if self.op == "NOT EXISTS":
            return not reached
        return any(self._leaf(leaf) for leaf in reached)

    def _leaf(self, leaf: Any) -> bool:
        if isinstance(leaf, dict | list):
            return False
        if self.want is None:
            return leaf is {"IS NULL": None, "IS TRUE": True, "IS FALSE": False}[self.op]
        if leaf is None:
            return False
        plain = isinstance(leaf, int | float) and not isinstance(leaf, bool)
        number = float(leaf) if plain and abs(leaf) < 1e300 else None
        return holds(self.op, self.want, shown(leaf), number)

    def why_not(self, value: Any) -> str:
        """What stands there instead."""
        reached = self.selector.walk(value)
        if not reached:
            return f"{self.selector.text} is not in the message"
        leaves = [leaf for leaf in reached if not isinstance(leaf, dict | list)]
        if not leaves:
            return f"{self.selector.text} is an object or a list, not a value"
        return f"{self.selector.text} is {', '.join(shown(leaf) for leaf in leaves[:3])}"

    def __str__(self) -> str:
        end = f" {self.want}" if self.want is not None else ""
        return f"{self.selector.text} {self.op}{end}"


@dataclass(frozen=True, slots=True)
class Both:
    """``&&``."""

    parts: tuple[Node, ...]

    def holds(self, value: Any) -> bool:
        """Whether all parts hold."""
        return all(part.holds(value) for part in self.parts)

    def why_not(self, value: Any) -> str:
        """The first part that does not hold."""
        part = next(part for part in self.parts if not part.holds(value))
        return _failed(part, value)

    def __str__(self) -> str:
        return " && ".join(map(_grouped, self.parts))


@dataclass(frozen=True, slots=True)
class Either:
    """``||``."""

    parts: tuple[Node, ...]

    def holds(self, value: Any) -> bool:
        """Whether one part holds."""
        return any(part.holds(value) for part in self.parts)

    def why_not(self, value: Any) -> str:
        """Every part, since none holds."""
        return " and ".join(_failed(part, value) for part in self.parts)

    def __str__(self) -> str:
        return " || ".join(map(_grouped, self.parts))


Node = Condition | Both | Either


def _grouped(part: Node) -> str:
    return str(part) if isinstance(part, Condition) else f"({part})"


def _failed(part: Node, value: Any) -> str:
    if isinstance(part, Condition):
        return f"{part} does not hold: {part.why_not(value)}"
    return part.why_not(value)


def conditions(node: Node) -> Iterator[Condition]:
    """The comparisons of a pattern, from left to right."""
    if isinstance(node, Condition):
        yield node
    else:
        for part in node.parts:
            yield from conditions(part)


@dataclass(frozen=True, slots=True)
class JsonPattern:
    """A pattern over JSON."""

    node: Node

    kind = "json"

    @property
    def selectors(self) -> tuple[str, ...]:
        """The selectors, as a metric's value or dimension names them."""
        return tuple(dict.fromkeys(c.selector.text for c in conditions(self.node)))

    def matches(self, message: str) -> bool:
        """Whether a message matches."""
        value = _json(message)
        return value is not None and self.node.holds(value)

    def match(self, message: str) -> Match:
        """Whether a message matches, and which condition decided."""
        value = _json(message)
        if value is None:
            return Match(False, "the message is not JSON")
        if not self.node.holds(value):
            return Match(False, _failed(self.node, value))
        held = next(c for c in conditions(self.node) if c.holds(value))
        reason = f"{self.node} holds"
        if isinstance(self.node, Either):
            reason = f"{held} holds; one side of || is enough"
        return Match(True, reason, self.extract(value))

    def extract(self, value: Any) -> dict[str, str]:
        """Selector -> text of the first leaf that it reaches."""
        out: dict[str, str] = {}
        for one in conditions(self.node):
            for leaf in one.selector.walk(value):
                if not isinstance(leaf, dict | list):
                    out.setdefault(one.selector.text, shown(leaf))
        return out

    def value_of(self, selector: str, message: str) -> str | None:
        """The text that a selector finds in a message, None for nothing or an object."""
        value = _json(message)
        if value is None:
            return None
        try:
            found = selector_of(Scanner(selector)).walk(value)
        except PatternError:
            return None
        leaves = [leaf for leaf in found if leaf is not None and not isinstance(leaf, dict | list)]
        return shown(leaves[0]) if leaves else None


def _json(message: str) -> Any:
    if message.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value = read_json(message)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def read(text: str) -> JsonPattern:
    """The JSON pattern in a text.

    Raises
    ------
    PatternError
        With the place.
    """
    scan = Scanner(text)
    scan.blanks().need("{", "a JSON pattern stands in braces")
    node = _either(scan, 0)
    scan.blanks().need("}", "a JSON pattern stands in braces")
    if scan.blanks().here:
        raise PatternError("nothing may follow the closing brace", scan.at)
    stars = sum(c.selector.steps.count(None) for c in conditions(node))
    if stars > MOST_STARS_TOGETHER:
        raise PatternError(f"a pattern has at most {MOST_STARS_TOGETHER} stars in selectors", 0)
    return JsonPattern(node)


def _several(
    scan: Scanner, sign: str, part: Callable[[Scanner, int], Node], depth: int
) -> list[Node]:
    parts = [part(scan, depth)]
    while scan.blanks().take(sign):
        parts.append(part(scan, depth))
    return parts


def _either(scan: Scanner, depth: int) -> Node:
    parts = _several(scan, "||", _both, depth)
    return parts[0] if len(parts) == 1 else Either(tuple(parts))


def _both(scan: Scanner, depth: int) -> Node:
    parts = _several(scan, "&&", _one, depth)
    return parts[0] if len(parts) == 1 else Both(tuple(parts))


def _one(scan: Scanner, depth: int) -> Node:
    if scan.blanks().take("("):
        if depth >= DEEPEST:
            raise PatternError(f"parentheses nest more than {DEEPEST} deep", scan.at)
        node = _either(scan, depth + 1)
        scan.blanks().need(")", "a parenthesis is open")
        return node
    return _condition(scan)


def _condition(scan: Scanner) -> Condition:
    selector = selector_of(scan)
    begin = scan.blanks().at
    if scan.word("IS"):
        scan.blanks()
        for word in ("NULL", "TRUE", "FALSE"):
            if scan.word(word):
                return Condition(selector, f"IS {word}")
        hint = "; IS NOT is not there, write NOT EXISTS or !=" if scan.word("NOT") else ""
        raise PatternError(f"after IS stands NULL, TRUE or FALSE{hint}", begin)
    if scan.word("NOT"):
        scan.blanks()
        if scan.word("EXISTS"):
            return Condition(selector, "NOT EXISTS")
        raise PatternError("after NOT stands EXISTS", scan.at)
    if scan.word("EXISTS"):
        raise PatternError("EXISTS alone is not there; write $.field = *", begin)
    op = scan.take(*OPERATORS)
    if not op:
        raise PatternError("a comparison is missing: = != < <= > >= IS, NOT EXISTS", begin)
    at = scan.blanks().at
    want = wanted(scan, ")}&|")
    if op not in ("=", "!=") and want.kind != "number":
        raise PatternError(f"{op} compares numbers; {want} is none", at)
    return Condition(selector, op, want)


def selector_of(scan: Scanner) -> Selector:
    """Read a selector.

    Raises
    ------
    PatternError
        With the place.
    """
    begin = scan.blanks().at
    if not scan.take("$"):
        raise PatternError("a selector begins with $", begin)
    steps: list[str | int | None] = []
    while scan.here in (".", "["):
        steps.append(_step(scan))
    if not steps:
        raise PatternError("the selector names no property: write $.name", begin)
    if steps.count(None) > MOST_STARS:
        raise PatternError(f"a selector has at most {MOST_STARS} star", begin)
    return Selector(scan.text[begin : scan.at], tuple(steps))


def _step(scan: Scanner) -> str | int | None:
    if scan.take("."):
        if scan.take("*"):
            return None
        if scan.here == "[":
            return _bracket(scan)
        begin = scan.at
        while scan.here.isalnum() or (scan.here in ("_", "-") and scan.here):
            scan.at += 1
        if scan.at == begin:
            raise PatternError("a name of letters, digits, - and _ is missing", begin)
        return scan.text[begin : scan.at]
    return _bracket(scan)


def _bracket(scan: Scanner) -> str | int | None:
    scan.need("[", "a place or a name in brackets")
    step: str | int | None
    if scan.take("*"):
        step = None
    elif scan.take("'"):
        end = scan.text.find("'", scan.at)
        if end < 0:
            raise PatternError("this name has no closing quote", scan.at)
        step, scan.at = scan.text[scan.at : end], end + 1
    else:
        begin = scan.at
        while scan.here.isdigit():
            scan.at += 1
        digits = scan.text[begin : scan.at]
        if not digits or number_of(digits) is None or len(digits) > 9:
            raise PatternError("in brackets stands a number, * or 'a name'", begin)
        step = int(digits)
    scan.need("]", "a bracket is open")
    return step
