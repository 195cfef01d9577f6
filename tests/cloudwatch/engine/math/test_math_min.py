"""MIN."""

import pytest
from mathrows import calc, number


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("MIN([m1, m2])", {"m1": "1 2 - -", "m2": "5 -1 7 -"}, "1 -1 7 -"),
        ("m1 - MIN(m1)", {"m1": "3 5 -"}, "0 2 -"),
    ],
)
def test_min(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


def test_of_one_series_it_is_a_number():
    assert number("MIN(m1)", m1="3 2 - 4") == 2
    assert number("MIN(m1)", m1="- -") is None
