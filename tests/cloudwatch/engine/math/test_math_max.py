"""MAX."""

import pytest
from mathrows import calc, number


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("MAX([m1, m2])", {"m1": "1 2 - -", "m2": "5 -1 7 -"}, "5 2 7 -"),
        ("MAX(m1) / m1", {"m1": "1 2 - 4"}, "4 2 - 1"),
    ],
)
def test_max(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


def test_of_one_series_it_is_a_number():
    assert number("MAX(m1)", m1="-3 -2 -") == -2
    assert number("MAX(m1)", m1="- -") is None
