"""Patterns, events and answers of AWS's own matcher and of moto (see vectors/LICENSES.md)."""

import json
from pathlib import Path

import pytest

from labkit.eventbridge.engine.patterns import InvalidEventPattern, compile_pattern
from tests.eventbridge.patternkit import answer

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "vectors" / "event_patterns.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_vector(row):
    if row["expected"] == "error":
        with pytest.raises(InvalidEventPattern) as caught:
            compile_pattern(row["pattern"])
        assert caught.value.reason == row["message"]
    else:
        assert answer(row["pattern"], row["event"]) is row["expected"]
