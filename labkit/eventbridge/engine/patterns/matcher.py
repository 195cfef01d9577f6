"""All rules of a bus at once: which of them match this event?

Theory of operation
-------------------
Asking one rule after the other costs as much as there are rules, and nearly all of them say no.
Here a rule is only looked at when the event holds a value that it asks for.

1. Each combination of a rule (:mod:`...tree`) **hangs** on one of its leaves: the one on which the
   fewest others hang so far. A thousand rules for ``aws.ec2``, each for another instance, hang on
   the instance and not on the source; a value's candidates stay few by themselves.
2. An event is walked once. The walk follows a tree of the paths that rules use, so whole branches
   of the event that nobody asks for are passed over. At a field with something hanging on it, the
   field's index names candidates (:mod:`...field_index`).
3. A candidate's other leaves are checked against the values that the walk has kept. An answer is
   remembered for the event, since rules share leaves.
4. Combinations that could match an event without any of their fields (``exists: false`` in every
   leaf) hang nowhere and are always candidates.
5. Lists of plain values are looked up value by value. A list of objects makes it matter which
   element a value came from; such an event is flattened whole and its candidates are decided by
   :mod:`...matching`, which is the definition.

The walk is the inner loop of the whole part and is written out rather than called.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from labkit.core.jsontext import parse
from labkit.eventbridge.engine.patterns.field_index import FieldIndex, Place, place_of
from labkit.eventbridge.engine.patterns.flatten import flatten, leaf
from labkit.eventbridge.engine.patterns.matching import holds
from labkit.eventbridge.engine.patterns.operators.exact import Exact
from labkit.eventbridge.engine.patterns.tree import Leaf, Pattern, Value

RuleId = TypeVar("RuleId", bound=Hashable)

_EXACT_TYPES = frozenset({str, float})
#: Integers up to here are compared as they are (see numbers.py).
_EXACT = 2**53


class _Step:
    """A key on the way to a field that rules use."""

    __slots__ = ("below", "index", "path", "used")

    def __init__(self, path: str) -> None:
        self.path = path
        #: Key -> step. Keys with dots are resolved when they are first met.
        self.below: dict[str, _Step] = {}
        self.index = FieldIndex()
        #: Leaves that ask for this very field.
        self.used = 0


class _Candidate:
    """One combination of a rule."""

    __slots__ = ("checks", "hangs", "leaves", "number", "rule")

    def __init__(self, rule: Any, number: int, leaves: tuple[Leaf, ...]) -> None:
        self.rule = rule
        self.number = number
        self.leaves = leaves
        self.hangs: list[tuple[_Step, Place]] = []
        #: What is still to be checked when the index has named it, the cheapest first.
        self.checks = _checks(leaves)


class _Listed(list[Value]):
    """The values of a list."""

    # Found in no set of values, and no error.
    __hash__ = object.__hash__  # type: ignore[assignment]


#: A field's path, the values that satisfy it at once, and the leaf when there is more to it.
_Check = tuple[str, frozenset[Value], Leaf | None]


def _checks(leaves: Iterable[Leaf]) -> tuple[_Check, ...]:
    made: list[_Check] = []
    for one in leaves:
        values = [operator.value for operator in one.operators if isinstance(operator, Exact)]
        only = len(values) == len(one.operators)
        made.append((one.path, frozenset(values), None if only else one))
    return tuple(sorted(made, key=lambda check: check[2] is not None))


class Matcher(Generic[RuleId]):
    """The rules of a bus.

    Rules are found in the order in which they were added.
    """

    def __init__(self) -> None:
        self._root = _Step("")
        self._rules: dict[RuleId, list[_Candidate]] = {}
        self._always: list[_Candidate] = []
        self._added = 0
        #: Leaves that say the same are one object, so that an answer serves all rules with it.
        self._same: dict[Leaf, Leaf] = {}
        self._dotted: list[tuple[_Step, str]] = []

    def __len__(self) -> int:
        return len(self._rules)

    # -- rules come and go
    def add(self, rule: RuleId, pattern: Pattern) -> None:
        """Add a rule, in place of the one of the same id."""
        self.remove(rule)
        self._added += 1
        self._forget_dotted()
        made = self._rules[rule] = []
        for combination in pattern.combinations:
            leaves = tuple(self._same.setdefault(one, one) for one in combination)
            made.append(self._hang(_Candidate(rule, self._added, leaves)))

    def remove(self, rule: RuleId) -> None:
        """Remove a rule; an id that is not there is passed over."""
        for candidate in self._rules.pop(rule, ()):
            for one in candidate.leaves:
                self._step(one.path).used -= 1
            if not candidate.hangs:
                self._always.remove(candidate)
            for step, place in candidate.hangs:
                step.index.take(place, candidate)

    def _hang(self, candidate: _Candidate) -> _Candidate:
        best: tuple[int, Leaf, _Step, list[Place]] | None = None
        for one in candidate.leaves:
            step = self._step(one.path)
            step.used += 1
            if one.absent_ok:
                continue
            places = list(dict.fromkeys(place_of(operator) for operator in one.operators))
            crowd = sum(step.index.crowd(place) for place in places)
            if best is None or crowd < best[0]:
                best = crowd, one, step, places
        if best is None:
            self._always.append(candidate)
            return candidate
        _, chosen, step, places = best
        for place in places:
            step.index.hang(place, candidate)
            candidate.hangs.append((step, place))
        # An index of values is as narrow as its operator: nothing is left to check there.
        if all(kind == "exact" for kind, _ in places):
            candidate.checks = _checks(one for one in candidate.leaves if one is not chosen)
        return candidate

    def _step(self, path: str) -> _Step:
        step, so_far = self._root, ""
        for key in path.split("."):
            so_far = f"{so_far}.{key}" if step is not self._root else key
            found = step.below.get(key)
            if found is None:
                found = step.below[key] = _Step(so_far)
            step = found
        return step

    def _forget_dotted(self) -> None:
        # A key like "a.b" was resolved with the paths known then.
        for step, key in self._dotted:
            step.below.pop(key, None)
        self._dotted.clear()

    def _resolve(self, step: _Step, key: str) -> _Step | None:
        """The step of a key with dots in it; remembered when there is one."""
        found: _Step | None = step
        for piece in key.split("."):
            found = found.below.get(piece) if found is not None else None
        if found is not None:
            step.below[key] = found
            self._dotted.append((step, key))
        return found

    # -- events
    def match(self, event: str | bytes | Mapping[str, Any]) -> list[RuleId]:
        """The rules that match an event, in the order in which they were added.

        Parameters
        ----------
        event:
            JSON text of an object, or the object.

        Raises
        ------
        ValueError
            When the text is no JSON object.
        """
        if type(event) is not dict:
            event = parse(event) if isinstance(event, str | bytes) else dict(event)
            if not isinstance(event, dict):
                raise ValueError("an event is a JSON object")
        values: dict[str, Any] = {}
        candidates: list[_Candidate] = self._always.copy()
        if not self._walk(self._root, event, values, candidates):
            return self._within_lists(event)
        if not candidates:
            return []
        return self._checked(candidates, values)

    def _walk(
        self, step: _Step, node: dict[str, Any], values: dict[str, Any], out: list[_Candidate]
    ) -> bool:
        """Keep the values that rules use and collect candidates; False at a list of objects."""
        below = step.below
        for key, value in node.items():
            next_step = below.get(key)
            if next_step is None:
                if "." not in key:
                    continue
                next_step = self._resolve(step, key)
                if next_step is None:
                    continue
            kind = type(value)
            if kind is dict:
                if not self._walk(next_step, value, values, out):
                    return False
                continue
            if kind is list:
                if not self._list(next_step, value, values, out):
                    return False
                continue
            if not next_step.used:
                continue
            if kind not in _EXACT_TYPES and (kind is not int or not -_EXACT <= value <= _EXACT):
                value = leaf(value)
            path = next_step.path
            # The same path twice: {"a.b": 1, "a": {"b": 2}}.
            values[path] = value if path not in values else _both(values[path], value)
            index = next_step.index
            found = index.exact.get(value)
            if found is not None:
                out += found
            if index.any:
                out += index.any
            if index.others is not None:
                out += index.others(value)
        return True

    def _list(
        self, step: _Step, node: list[Any], values: dict[str, Any], out: list[_Candidate]
    ) -> bool:
        for value in node:
            if isinstance(value, dict | list):
                return False
        if not step.used or not node:
            return True
        index = step.index
        listed = _Listed(leaf(value) for value in node)
        values[step.path] = listed if step.path not in values else _both(values[step.path], listed)
        for value in listed:
            out += index.exact.get(value, ())
            out += index.any
            if index.others is not None:
                out += index.others(value)
        return True

    def _checked(self, candidates: list[_Candidate], values: dict[str, Any]) -> list[RuleId]:
        matched: dict[int, RuleId] = {}
        known: dict[int, bool] = {}
        for candidate in candidates:
            for path, exact, more in candidate.checks:
                value = values.get(path)
                if value in exact:
                    continue
                if more is None:
                    if type(value) is _Listed and not exact.isdisjoint(value):
                        continue
                    break
                key = id(more)
                answer = known.get(key)
                if answer is None:
                    answer = known[key] = _satisfied(more, value)
                if not answer:
                    break
            else:
                matched[candidate.number] = candidate.rule
        if len(matched) < 2:
            return list(matched.values())
        return [matched[number] for number in sorted(matched)]

    def _within_lists(self, event: dict[str, Any]) -> list[RuleId]:
        fields = flatten(event)
        matched: dict[int, RuleId] = {}
        candidates = self._always.copy()
        for path, found in fields.items():
            step = self._known(path)
            if step is None:
                continue
            index = step.index
            for value in dict.fromkeys(value for value, _ in found):
                candidates += index.exact.get(value, ())
                candidates += index.any
                if index.others is not None:
                    candidates += index.others(value)
        seen: set[int] = set()
        for candidate in candidates:
            if candidate.number in matched or id(candidate) in seen:
                continue
            seen.add(id(candidate))
            if holds(candidate.leaves, fields):
                matched[candidate.number] = candidate.rule
        return [matched[number] for number in sorted(matched)]

    def _known(self, path: str) -> _Step | None:
        step: _Step | None = self._root
        for key in path.split("."):
            step = step.below.get(key) if step is not None else None
        return step


def _both(one: Any, other: Any) -> _Listed:
    first = one if isinstance(one, _Listed) else [one]
    second = other if isinstance(other, _Listed) else [other]
    return _Listed([*first, *second])


def _satisfied(one: Leaf, value: Any) -> bool:
    """Whether a field's value, its values, or its absence (None) satisfies a leaf."""
    if value is None:
        return one.absent_ok
    if type(value) is _Listed:
        return any(operator.matches(single) for single in value for operator in one.operators)
    operators = one.operators
    if len(operators) == 1:
        return operators[0].matches(value)
    return any(operator.matches(value) for operator in operators)
