"""The rules that hang on one field, found by its value.

Every kind of operator has the index that suits it: values by hash, beginnings and endings by their
lengths (at most so many look-ups as there are lengths), ranges by a tree, networks by their masks.
What hangs here is a **candidate**, not a match: its other leaves are looked at afterwards, and so
is the operator itself where the index is wider than it (a wildcard hangs on its beginning).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from labkit.eventbridge.engine.patterns.intervals import Intervals
from labkit.eventbridge.engine.patterns.operators.cidr import Cidr, address
from labkit.eventbridge.engine.patterns.operators.equals_ignore_case import (
    EqualsIgnoreCase,
    folded,
)
from labkit.eventbridge.engine.patterns.operators.exact import Exact
from labkit.eventbridge.engine.patterns.operators.numeric import Numeric
from labkit.eventbridge.engine.patterns.operators.prefix import Prefix
from labkit.eventbridge.engine.patterns.operators.suffix import Suffix
from labkit.eventbridge.engine.patterns.operators.wildcard import Wildcard
from labkit.eventbridge.engine.patterns.tree import Operator, Value

#: What a clause without an index weighs when the best clause is chosen.
_UNINDEXED = 1_000_000

#: Where an operator hangs: the kind of index and the key in it.
Place = tuple[str, Any]


def place_of(operator: Operator) -> Place:
    """Where an operator hangs; ``("any", None)`` when only the field's presence can tell."""
    if isinstance(operator, Exact):
        return "exact", operator.value
    if isinstance(operator, Prefix):
        return ("folded prefix" if operator.ignore_case else "prefix"), operator.text
    if isinstance(operator, Suffix):
        return ("folded suffix" if operator.ignore_case else "suffix"), operator.text
    if isinstance(operator, EqualsIgnoreCase):
        return "folded", operator.text
    if isinstance(operator, Numeric):
        if operator.low == operator.high:
            return "exact", operator.low
        return "range", (operator.low, operator.high)
    if isinstance(operator, Cidr):
        return "cidr", (operator.version, operator.shift, operator.network)
    if isinstance(operator, Wildcard):
        head, tail = operator.pieces[0], operator.pieces[-1]
        if len(operator.pieces) == 1:
            return "exact", head
        if head or tail:
            return ("prefix", head) if len(head) >= len(tail) else ("suffix", tail)
    return "any", None


class FieldIndex:
    """Candidates by the value of one field."""

    __slots__ = ("_affixes", "_networks", "_ranges", "_tables", "any", "exact", "others")

    def __init__(self) -> None:
        #: Value -> candidates: read directly by the matcher, since most rules hang here.
        self.exact: dict[Value, list[Any]] = {}
        #: Candidates for every value.
        self.any: list[Any] = []
        #: Asks the indexes beside these two; None while they are empty.
        self.others: Callable[[Value], Sequence[Any]] | None = None
        self._tables: dict[str, dict[Any, list[Any]]] = {}
        #: Tables of beginnings and endings: (table, lengths, folded, endings).
        self._affixes: tuple[tuple[dict[Any, list[Any]], tuple[int, ...], bool, bool], ...] = ()
        self._networks: tuple[tuple[int, int], ...] = ()
        self._ranges: Intervals[list[Any]] | None = None

    def crowd(self, place: Place) -> int:
        """How many hang at a place already: the fewer, the better one more hangs there."""
        kind, key = place
        if kind == "any":
            return _UNINDEXED + len(self.any)
        if kind == "exact":
            return len(self.exact.get(key, ()))
        return 1 + len(self._tables.get(kind, {}).get(key, ()))

    def hang(self, place: Place, candidate: Any) -> None:
        """Hang a candidate at a place."""
        kind, key = place
        if kind == "any":
            self.any.append(candidate)
        elif kind == "exact":
            self.exact.setdefault(key, []).append(candidate)
        else:
            self._tables.setdefault(kind, {}).setdefault(key, []).append(candidate)
            self._changed()

    def take(self, place: Place, candidate: Any) -> None:
        """Take a candidate off a place."""
        kind, key = place
        if kind == "any":
            self.any.remove(candidate)
            return
        table = self.exact if kind == "exact" else self._tables[kind]
        table[key].remove(candidate)
        if not table[key]:
            del table[key]
        if kind != "exact":
            self._changed()

    def _changed(self) -> None:
        tables = {kind: table for kind, table in self._tables.items() if table}
        self._tables = tables
        self._affixes = tuple(
            (
                table,
                tuple(sorted({len(text) for text in table})),
                kind.startswith("folded"),
                kind.endswith("suffix"),
            )
            for kind, table in tables.items()
            if kind.endswith("fix")
        )
        self._networks = tuple(sorted({key[:2] for key in tables.get("cidr", ())}))
        self._ranges = None
        self.others = self._others if tables else None

    def _others(self, value: Value) -> Sequence[Any]:
        if isinstance(value, str):
            return self._texts(value)
        if "range" not in self._tables or not isinstance(value, int | float):
            return ()
        if self._ranges is None:
            entries = [(*key, found) for key, found in self._tables["range"].items()]
            self._ranges = Intervals(entries)
        return [one for found in self._ranges.at(value) for one in found]

    def _texts(self, value: str) -> list[Any]:
        out: list[Any] = []
        size = len(value)
        for table, lengths, fold, ending in self._affixes:
            text = folded(value) if fold else value
            for length in lengths:
                if length > size:
                    break
                found = table.get(text[size - length :] if ending else text[:length])
                if found is not None:
                    out += found
        tables = self._tables
        if "folded" in tables:
            out += tables["folded"].get(folded(value), ())
        if self._networks:
            read = address(value)
            if read is not None:
                version, number = read
                for kind, shift in self._networks:
                    if kind == version:
                        out += tables["cidr"].get((version, shift, number >> shift), ())
        return out
