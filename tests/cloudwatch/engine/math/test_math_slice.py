"""SLICE."""

import pytest
from mathrows import calc

from labkit.cloudwatch.engine.math.program import QueryError


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("SLICE(METRICS(), 1)", ["2", "3"]),
        ("SLICE(METRICS(), 0, 2)", ["1", "2"]),
        ("SLICE(METRICS(), 2, 9)", ["3"]),
        ("SLICE(METRICS(), 7)", []),
    ],
)
def test_from_start_up_to_end(expression, wanted):
    assert calc(expression, m1="1", m2="2", m3="3") == wanted


@pytest.mark.parametrize("start", ["-1", "0.5"])
def test_numbers_that_are_no_places(start):
    with pytest.raises(QueryError, match="whole numbers"):
        calc(f"SLICE(METRICS(), {start})", m1="1")
