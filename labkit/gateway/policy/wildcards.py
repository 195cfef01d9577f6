"""Wildcards and variables: what a pattern of a resource or of an action names.

``*`` and ``?`` stand for any letters, ``${aws:username}`` for a literal of the request. A set of
action names remembers its answers, since ReadOnlyAccess lists three thousand patterns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from labkit.gateway.policy.values import Context, PolicyError

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def tokens(text: str, context: Context | None) -> list[tuple[bool, str]] | None:
    """(is a pattern, text) pieces; None when a variable has no value. No context: no variables."""
    if context is None or "${" not in text:
        return [(True, text)]
    pieces: list[tuple[bool, str]] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        pieces.append((True, text[at : found.start()]))
        at = found.end()
        name, _, rest = found[1].partition(",")
        name = name.strip()
        if name in ("*", "?", "$"):
            pieces.append((False, name))
            continue
        values = context.get(name)
        if values is not None and len(values) == 1:
            pieces.append((False, values[0]))
        elif rest:
            pieces.append((False, rest.strip().strip("'")))
        else:
            return None
    pieces.append((True, text[at:]))
    return pieces


def expression(pieces: Sequence[tuple[bool, str]]) -> re.Pattern[str]:
    """The regular expression of a wildcard pattern.

    Each piece between two stars is found at its first place and never given up again (atomic
    groups), so that a pattern of many stars takes no exponential time.
    """
    parts = [""]
    for pattern, text in pieces:
        if not pattern:
            parts[-1] += re.escape(text)
            continue
        for char in text:
            if char == "*":
                parts.append("")
            else:
                parts[-1] += "." if char == "?" else re.escape(char)
    if len(parts) == 1:
        return re.compile(parts[0] + r"\Z", re.DOTALL)
    first, *middle, last = parts
    found = "".join(f"(?>.*?{part})" for part in middle if part)
    return re.compile(f"{first}{found}.*{last}\\Z", re.DOTALL)


@lru_cache(maxsize=8192)
def _plain_expression(text: str) -> re.Pattern[str]:
    return expression([(True, text)])


def matches(pattern: str, text: str, context: Context | None = None) -> bool:
    """Whether ``text`` is what ``pattern`` says: ``*``, ``?``, and variables with a context."""
    if pattern == "*":
        return True
    if context is None or "${" not in pattern:
        return _plain_expression(pattern).match(text) is not None
    pieces = tokens(pattern, context)
    return pieces is not None and expression(pieces).match(text) is not None


class Names:
    """A list of action patterns, indexed by service, that remembers its answers."""

    __slots__ = ("_answers", "_everywhere", "_exact", "_patterns")

    def __init__(self, names: Sequence[str]) -> None:
        self._exact: set[str] = set()
        self._patterns: dict[str, list[str]] = {}
        self._everywhere: list[str] = []
        self._answers: dict[str, bool] = {}
        for name in names:
            name = name.lower()
            service, colon, rest = name.partition(":")
            if name != "*" and not (colon and service and rest):
                raise PolicyError(f"Actions/Conditions must be prefaced by a vendor: {name!r}")
            if "*" not in name and "?" not in name:
                self._exact.add(name)
            elif "*" in service or "?" in service:
                self._everywhere.append(name)
            else:
                self._patterns.setdefault(service, []).append(name)

    def __contains__(self, action: str) -> bool:
        known = self._answers.get(action)
        if known is None:
            known = self._answers[action] = self._look(action.lower())
        return known

    def _look(self, action: str) -> bool:
        if action in self._exact:
            return True
        patterns = self._patterns.get(action.partition(":")[0], ())
        return any(matches(p, action) for p in (*patterns, *self._everywhere))
