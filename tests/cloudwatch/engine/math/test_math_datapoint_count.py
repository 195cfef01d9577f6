"""DATAPOINT_COUNT."""

import pytest
from mathrows import calc, number


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("DATAPOINT_COUNT([m1, m2])", {"m1": "1 2 - -", "m2": "5 - 7 -"}, "2 1 1 -"),
    ],
)
def test_datapoint_count(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


def test_of_one_series_it_is_a_number():
    assert number("DATAPOINT_COUNT(m1)", m1="2 - 4 -") == 2
    assert number("DATAPOINT_COUNT(m1)", m1="- -") == 0
