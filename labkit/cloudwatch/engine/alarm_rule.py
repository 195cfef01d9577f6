"""The rule of a composite alarm: grammar, and truth that says where it comes from.

::

    rule      or ("OR" and)*, AND before OR, NOT before AND, parentheses
    function  ALARM(ref)  OK(ref)  INSUFFICIENT_DATA(ref)  TRUE  FALSE
              AT_LEAST(2, ALARM, (a, b, c))     AT_LEAST(50%, NOT OK, (a, b))
    ref       a name or an ARN, bare (no space, comma, parenthesis or quote) or in double quotes

A parsed rule is a postfix program, not a tree: a rule may hold five hundred parentheses, each
around the next, and walking a tree of that depth would end in Python's recursion limit.

A function about an alarm in INSUFFICIENT_DATA is plainly true or false: ``ALARM(x)`` is false then.

Source: botocore cloudwatch/PutCompositeAlarm; CloudWatch user guide, "Combining alarms"
(aws-semantics 2.7). The words ``Error in AlarmRule [Unsupported token ... at char n]`` are AWS's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR = r"""
start: or_
or_: and_ ("OR" and_)*
and_: not_ ("AND" not_)*
not_: "NOT" not_ -> negated
    | atom       -> same
atom: "(" or_ ")"         -> group
    | "TRUE"              -> true
    | "FALSE"             -> false
    | STATE "(" ref ")"   -> function
    | "AT_LEAST" "(" (COUNT | PERCENT) "," condition "," "(" ref ("," ref)* ")" ")" -> at_least
condition: "NOT" STATE -> unlike
         | STATE       -> like
ref: BARE | QUOTED

STATE.3: /(ALARM|OK|INSUFFICIENT_DATA)\b/
PERCENT.3: /\d+%/
COUNT.2: /\d+/
QUOTED: /"(\\.|[^"\\])*"/s
BARE: /[^\s(),"]+/
%ignore /\s+/
"""


class RuleError(ValueError):
    """A rule that can't be understood, worded as AWS words it."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A question about one alarm: is ``reference`` in ``state``, or (``negated``) is it not."""

    reference: str
    state: str
    negated: bool = False

    def __str__(self) -> str:
        return f"{'NOT ' if self.negated else ''}{self.state}({self.reference})"


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of the postfix program: push a leaf's or a constant's truth, or join what is there."""

    word: str  # leaf, constant, NOT, AND, OR, AT_LEAST
    number: int = 0  # place of the leaf, truth of the constant, how many are joined
    least: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule.

    Parameters
    ----------
    text:
        As written.
    leaves:
        Its questions, from left to right.
    elements:
        How many elements AWS counts: references, TRUE and FALSE, pairs of parentheses.
    """

    text: str
    leaves: tuple[Leaf, ...]
    elements: int
    _program: tuple[_Step, ...]

    @property
    def references(self) -> tuple[str, ...]:
        """The names and ARNs it speaks of, each once, in order."""
        return tuple(dict.fromkeys(leaf.reference for leaf in self.leaves))

    def judge(self, states: Mapping[str, str]) -> Judgement:
        """Whether the rule holds when alarms are in these states (reference -> state)."""
        held = tuple(
            (states.get(leaf.reference, "INSUFFICIENT_DATA") == leaf.state) != leaf.negated
            for leaf in self.leaves
        )
        stack: list[bool] = []
        for step in self._program:
            if step.word == "leaf":
                stack.append(held[step.number])
            elif step.word == "constant":
                stack.append(bool(step.number))
            elif step.word == "NOT":
                stack.append(not stack.pop())
            else:
                joined = stack[-step.number :]
                del stack[-step.number :]
                stack.append(_joined(step, joined))
        return Judgement(self, stack.pop(), held)


def _joined(step: _Step, values: Sequence[bool]) -> bool:
    if step.word == "AND":
        return all(values)
    if step.word == "OR":
        return any(values)
    return sum(values) >= step.least


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule comes to, and what each of its questions does.

    Parameters
    ----------
    rule:
        The rule.
    value:
        Whether it holds: ALARM, else OK.
    held:
        The truth of each of the rule's leaves.
    """

    rule: Rule
    value: bool
    held: tuple[bool, ...]

    @property
    def state(self) -> str:
        """The composite alarm's state."""
        return "ALARM" if self.value else "OK"


def parse(text: str) -> Rule:
    """The rule that a text means.

    Raises
    ------
    RuleError
        With the place of what can't be read, counted from 0.
    """
    if text != text.strip() or not text:
        raise RuleError("AlarmRule must not contain leading or trailing whitespace or be null")
    from lark.exceptions import UnexpectedInput

    try:
        return _built(text)
    except UnexpectedInput as problem:
        raise RuleError(_told(text, problem)) from problem


def _told(text: str, problem: Any) -> str:
    token = getattr(problem, "token", None)
    if token is not None and token.type == "$END":
        return f"Error in AlarmRule [Unexpected end of rule at char {len(text)}]"
    place = problem.pos_in_stream
    if token is None:
        # What no token begins with here: the word, as far as it goes.
        rest = text[place:].split(maxsplit=1)
        token = rest[0] if rest else ""
    return f"Error in AlarmRule [Unsupported token '{token}' at char {place}]"


def _built(text: str) -> Rule:
    """The rule, made from the deepest part of the tree upwards, without recursion."""
    build = _Build()
    tree = _parser().parse(text)
    made: dict[int, Any] = {}
    for part in tree.iter_subtrees():  # children always come before their parents
        children = [made.get(id(child), child) for child in part.children]
        made[id(part)] = getattr(build, part.data)(children)
    # Parts are met in no order that a reader would know: leaves are numbered as they are read.
    order = sorted(range(len(build.leaves)), key=lambda place: build.places[place])
    number = {place: count for count, place in enumerate(order)}
    program = tuple(
        replace(step, number=number[step.number]) if step.word == "leaf" else step
        for step in made[id(tree)]
    )
    return Rule(text, tuple(build.leaves[place] for place in order), build.elements, program)


class _Build:
    """What each rule of the grammar makes of its parts."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        #: Where each leaf stands in the text.
        self.places: list[int] = []
        self.elements = 0

    def start(self, parts: Any) -> Any:
        return parts[0]

    same = start

    def or_(self, parts: Any) -> Any:
        return _chain("OR", parts)

    def and_(self, parts: Any) -> Any:
        return _chain("AND", parts)

    def negated(self, parts: Any) -> Any:
        return [*parts[0], _Step("NOT")]

    def group(self, parts: Any) -> Any:
        self.elements += 1
        return parts[0]

    def true(self, parts: Any) -> Any:
        self.elements += 1
        return [_Step("constant", 1)]

    def false(self, parts: Any) -> Any:
        self.elements += 1
        return [_Step("constant", 0)]

    def ref(self, parts: Any) -> Any:
        text = str(parts[0])
        if text.startswith('"'):
            text = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        return text, parts[0].start_pos

    def like(self, parts: Any) -> Any:
        return str(parts[0]), False

    def unlike(self, parts: Any) -> Any:
        return str(parts[0]), True

    def _leaf(self, reference: tuple[str, int], state: str, negated: bool = False) -> _Step:
        self.elements += 1
        self.leaves.append(Leaf(reference[0], state, negated))
        self.places.append(reference[1])
        return _Step("leaf", len(self.leaves) - 1)

    def function(self, parts: Any) -> Any:
        state, reference = parts
        return [self._leaf(reference, str(state))]

    def at_least(self, parts: Any) -> Any:
        threshold, (state, negated), *references = parts
        number = int(threshold.rstrip("%"))
        most = len(references)
        if threshold.endswith("%"):
            fits = 1 <= number <= 100
            least = math.ceil(number * most / 100)
        else:
            fits = 1 <= number <= most
            least = number
        if not fits:
            place = threshold.start_pos
            raise RuleError(
                f"Error in AlarmRule [AT_LEAST takes 1 to {most} alarms or 1% to 100% of them, "
                f"not '{threshold}' at char {place}]"
            )
        steps = [self._leaf(one, state, negated) for one in references]
        return [*steps, _Step("AT_LEAST", most, least)]


def _chain(word: str, parts: Any) -> list[_Step]:
    if len(parts) == 1:
        only: list[_Step] = parts[0]
        return only
    return [*(step for part in parts for step in part), _Step(word, len(parts))]


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=False)
