"""SUM."""

import pytest
from mathrows import calc, number


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("SUM([m1, m2])", {"m1": "1 2 -  -", "m2": "5 - 7 -"}, "6 2 7 -"),
        ("m1 / SUM(m1)", {"m1": "1 3 -"}, "0.25 0.75 -"),
    ],
)
def test_sum(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


def test_of_one_series_it_is_a_number():
    assert number("SUM(m1)", m1="1 2 - 4") == 7
    assert number("SUM(m1)", m1="- - -") is None
