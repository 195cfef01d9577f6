"""AVG: missing points count as 0, as AWS says of this function."""

import pytest
from mathrows import calc, number


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("AVG([m1, m2])", {"m1": "1 2 - -", "m2": "5 - 7 -"}, "3 1 3.5 -"),
    ],
)
def test_avg(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


def test_of_one_series_it_is_a_number_over_all_periods():
    assert number("AVG(m1)", m1="2 4 - -") == 1.5
    assert number("SUM(m1) / DATAPOINT_COUNT(m1)", m1="2 4 - -") == 3
    assert number("AVG(m1)", m1="- -") is None


def test_periods_that_have_not_begun_do_not_count():
    assert calc("m1 - AVG(m1)", m1="2 4 - -", now=2) == "-1 1 - -"
