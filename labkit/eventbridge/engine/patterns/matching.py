"""Whether one combination of leaves matches one event: the definition, slow and plain.

Leaves are taken in order of their paths, as event-ruler takes them. A leaf is satisfied by a field
of its path that fits the fields taken so far, or, with ``exists: false``, by there being none that
fits. When a choice leads nowhere the next one is tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.eventbridge.engine.patterns.flatten import Fields, Membership, fits, flatten
from labkit.eventbridge.engine.patterns.tree import Leaf, Pattern, Value


def satisfied(leaf: Leaf, value: Value) -> bool:
    """Whether a value that is there satisfies a leaf."""
    return any(operator.matches(value) for operator in leaf.operators)


def holds(combination: Sequence[Leaf], fields: Fields) -> bool:
    """Whether all leaves of a combination hold for an event, within the same list elements."""
    return _holds(combination, 0, fields, {})


def _holds(leaves: Sequence[Leaf], at: int, fields: Fields, membership: Membership) -> bool:
    if at == len(leaves):
        return True
    leaf = leaves[at]
    tried: set[tuple[tuple[int, int], ...]] = set()
    present = False
    for value, where in fields.get(leaf.path, ()):
        together = fits(membership, where)
        if together is None:
            continue
        present = True
        if not satisfied(leaf, value):
            continue
        # Ten equal elements lead to ten equal questions: ask each once.
        key = tuple(sorted(together.items()))
        if key not in tried:
            tried.add(key)
            if _holds(leaves, at + 1, fields, together):
                return True
    return leaf.absent_ok and not present and _holds(leaves, at + 1, fields, membership)


def matches(pattern: Pattern, event: Mapping[str, Any]) -> bool:
    """Whether a pattern matches an event (a parsed JSON object)."""
    fields = flatten(event)
    return any(holds(combination, fields) for combination in pattern.combinations)
