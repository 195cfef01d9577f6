"""What the tests of patterns share: one question, asked of everything that can answer it."""

import json

from labkit.eventbridge.engine.patterns import (
    InvalidEventPattern,
    Matcher,
    compile_pattern,
    explain,
)
from labkit.eventbridge.engine.patterns.matching import matches


def answer(pattern, event):
    """Whether a pattern matches an event; matcher, definition and explanation must agree."""
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    event_text = event if isinstance(event, str) else json.dumps(event)
    compiled = compile_pattern(text)
    matcher = Matcher()
    matcher.add("rule", compiled)
    said = {
        "definition": matches(compiled, json.loads(event_text)),
        "matcher": matcher.match(event_text) == ["rule"],
        "explanation": explain(compiled, json.loads(event_text)).matched,
    }
    assert len(set(said.values())) == 1, said
    return said["definition"]


def leaf(alternatives, *values):
    """Which of the values a field with these alternatives accepts, as a row of 1 and 0."""
    return "".join(str(int(answer({"a": alternatives}, {"a": value}))) for value in values)


def reason(pattern):
    """Why a pattern is refused."""
    try:
        compile_pattern(pattern if isinstance(pattern, str) else json.dumps(pattern))
    except InvalidEventPattern as problem:
        return problem.reason
    return None
