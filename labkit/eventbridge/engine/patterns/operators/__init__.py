"""The operators of the pattern language, one file each, by the name that AWS gives them."""

from __future__ import annotations

from collections.abc import Callable

from labkit.eventbridge.engine.patterns.operators import (
    anything_but,
    cidr,
    equals_ignore_case,
    exact,
    exists,
    numeric,
    prefix,
    suffix,
    wildcard,
)
from labkit.eventbridge.engine.patterns.tokens import Tokens
from labkit.eventbridge.engine.patterns.tree import Operator

#: Name -> reader; the reader starts behind the name and ends behind the closing brace.
READERS: dict[str, Callable[[Tokens], Operator]] = {
    "exactly": exact.read,
    "exists": exists.read,
    "prefix": prefix.read,
    "suffix": suffix.read,
    "equals-ignore-case": equals_ignore_case.read,
    "wildcard": wildcard.read,
    "numeric": numeric.read,
    "cidr": cidr.read,
    "anything-but": anything_but.read,
}
