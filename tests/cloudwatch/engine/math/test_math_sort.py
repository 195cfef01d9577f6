"""SORT."""

import pytest
from mathrows import calc, labels

from labkit.cloudwatch.engine.math.program import QueryError

ROWS = {"m1": "1 9", "m2": "4 4", "m3": "- -", "m4": "6 5"}


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("SORT(METRICS(), AVG, DESC)", ["m4", "m1", "m2", "m3"]),
        ("SORT(METRICS(), AVG, ASC)", ["m2", "m1", "m4", "m3"]),
        ("SORT(METRICS(), MAX, DESC, 1)", ["m1"]),
        ("SORT(METRICS(), MIN, ASC, 2)", ["m1", "m2"]),
        ("SORT(METRICS(), SUM, DESC, 2)", ["m4", "m1"]),
    ],
)
def test_in_the_order_of_a_statistic_empty_ones_last(expression, wanted):
    assert labels(expression, **ROWS) == wanted


@pytest.mark.parametrize("rest", ["STDDEV, ASC", "AVG, UP", "AVG", "AVG, ASC, 0", "AVG, ASC, 1.5"])
def test_what_it_does_not_take(rest):
    with pytest.raises(QueryError, match="SORT"):
        calc(f"SORT(METRICS(), {rest})", m1="1")
