"""Which events a query need not read: those whose text cannot pass its first filters.

Theory of operation
-------------------
1. A filter that stands before anything that makes names may need a text in the message:
   ``@message like "ERROR"`` does, and ``level = "ERROR"`` does as well, since a value stands in the
   message as it is written, unless the message has escapes or powers of ten.
2. Arrow keeps the messages of many events one after the other in one buffer. It is searched as grep
   searches a file, and what is found is mapped to events by the offsets. A text that only two
   messages together hold is none.
3. Only the events that are left become a table for the query. Its filters still run over them, so a
   sieve that lets too much through costs time and no answer; one that lets too little through
   would, and a test holds both together.

How a buffer is searched stands in :mod:`labkit.logs.engine.search`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.logs.engine.ql import plan
from labkit.logs.engine.search import Messages

if TYPE_CHECKING:
    from labkit.logs.engine.languages import Plan

_ESCAPE = b"\\"
#: Longest number that a double keeps digit by digit.
_DIGITS = 15
_PLAIN_REGEX = re.compile(
    r"[A-Za-z0-9_ \-:;,=<>@%&~!\"'#/]+(?:\|[A-Za-z0-9_ \-:;,=<>@%&~!\"'#/]+)*"
)


@dataclass(frozen=True, slots=True)
class Sieve:
    """Lets events through whose message has one of some texts.

    ``texts``: UTF-8, none of them empty. ``powers``: or a number with an exponent. ``proves``: the
    filter that passes whatever has one of the texts, where that is all that it asks for.
    ``others``: sieves that would do as well; which of them is the best, the messages tell.
    """

    texts: tuple[bytes, ...]
    powers: bool = False
    proves: plan.Filter | None = None
    others: tuple[Sieve, ...] = ()

    def rows(self, messages: Messages) -> Any:
        """The numbers of the events that pass, ascending; None when too many do."""
        if not self.others:
            return self._rows(messages)
        # The bytes of a long text may be in every message.
        return min((self, *self.others), key=lambda one: one._expected(messages))._rows(messages)

    def _expected(self, messages: Messages) -> float:
        return self.powers + sum(messages.expected(text) for text in self.texts)

    def _rows(self, messages: Messages) -> Any:
        found = []
        for text in self.texts:
            places = messages.places(text)
            if places is None:
                return None
            found.append(messages.events(places, len(text)))
        if self.powers:
            places = messages.exponents()
            if places is None:
                return None
            found.append(messages.events(places, 2))
        return found[0] if len(found) == 1 else np.unique(np.concatenate(found))


def sieve_of(query: Plan) -> Sieve | None:
    """What every event that passes the filters at the head of a query has; None without any."""
    found: list[Sieve] = []
    for command in query.commands:
        if isinstance(command, plan.Filter):
            needed = _needed(command.condition)
            if isinstance(command.condition, plan.Op) and command.condition.op == "like":
                needed = [replace(one, proves=command) for one in needed]
            found += needed
        elif isinstance(command, plan.Fields):
            if any(not isinstance(one.expr, plan.Name) or one.name != one.expr.text
                   for one in command.columns):  # fmt: skip
                break
        else:
            break
    if len(found) <= 1:
        return found[0] if found else None
    # The fewest comparisons, then the text that is likely to be the rarest.
    first, *others = sorted(
        found, key=lambda s: (len(s.texts) + 2 * s.powers, -min(map(len, s.texts)))
    )
    return replace(first, others=tuple(others), proves=None)


def _needed(condition: plan.Expr) -> list[Sieve]:
    """Sieves of a condition, each of which lets through whatever fulfils it."""
    if not isinstance(condition, plan.Op):
        return []
    if condition.op == "and":
        return [one for arg in condition.args for one in _needed(arg)]
    if condition.op == "or":
        parts = [_needed(arg) for arg in condition.args]
        if not all(parts):
            return []
        firsts = [part[0] for part in parts]
        texts = tuple(dict.fromkeys(text for one in firsts for text in one.texts))
        return [Sieve(texts, any(one.powers for one in firsts))]
    if condition.op == "like":
        return _like(*condition.args)
    if condition.op in ("=", "in") and len(condition.args) > 1:
        return _equal(condition.args[0], condition.args[1:])
    return []


def _like(of: plan.Expr, pattern: plan.Expr) -> list[Sieve]:
    if not isinstance(of, plan.Name) or of.name != "@message":
        return []
    if isinstance(pattern, plan.Literal) and isinstance(pattern.value, str) and pattern.value:
        if not _sound(pattern.value):
            return []
        return [Sieve((_bytes(pattern.value),))]
    if isinstance(pattern, plan.Regex) and _PLAIN_REGEX.fullmatch(pattern.pattern):
        return [Sieve(tuple(map(_bytes, dict.fromkeys(pattern.pattern.split("|")))))]
    return []


def _equal(of: plan.Expr, values: tuple[plan.Expr, ...]) -> list[Sieve]:
    if not isinstance(of, plan.Name) or of.name.startswith("@"):
        return []
    texts: list[bytes] = []
    powers = False
    for value in values:
        if not isinstance(value, plan.Literal):
            return []
        text = written(value.value)
        if text is None:
            return []
        texts.append(_bytes(text))
        powers = powers or text.lstrip("-").isdigit()
    return [Sieve((*dict.fromkeys(texts), _ESCAPE), powers)]


def written(value: float | int | str) -> str | None:
    """How a field that equals a value is written in a message without escapes and powers of ten.

    None when that cannot be said: true is 1, false is 0, 7.50 equals 7.5.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    # What JSON writes otherwise than it is shown: booleans, and texts that need escapes.
    if text in ("0", "1", "") or not text.isascii() or not text.isprintable():
        return None
    try:
        float(text)
    except ValueError:
        return text
    whole = text.removeprefix("-")
    return text if whole.isdigit() and whole[0] != "0" and len(whole) <= _DIGITS else None


def _sound(text: str) -> bool:
    """Whether UTF-8 can say it: half a surrogate pair it cannot."""
    return not any(0xD800 <= ord(one) <= 0xDFFF for one in text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
