"""STDDEV."""

import pytest
from mathrows import calc, number


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("STDDEV([m1, m2])", {"m1": "1 2 -", "m2": "5 - -"}, "2 0 -"),
    ],
)
def test_stddev(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


def test_of_one_series_it_is_a_number():
    assert number("STDDEV(m1)", m1="2 4 4 4 5 5 7 9 -") == 2
