"""The event pattern language: compile a pattern, match events, explain a match."""

from labkit.eventbridge.engine.patterns.compiler import compile_pattern
from labkit.eventbridge.engine.patterns.errors import InvalidEventPattern
from labkit.eventbridge.engine.patterns.explanation import Explanation, explain
from labkit.eventbridge.engine.patterns.flatten import flatten
from labkit.eventbridge.engine.patterns.matcher import Matcher
from labkit.eventbridge.engine.patterns.tree import Pattern

__all__ = [
    "Explanation",
    "InvalidEventPattern",
    "Matcher",
    "Pattern",
    "compile_pattern",
    "explain",
    "flatten",
]
