"""PERIOD."""

import pytest
from mathrows import calc

from labkit.cloudwatch.engine.math.program import QueryError


def test_the_period_in_seconds():
    assert calc("m1 / PERIOD(m1)", m1="60 120") == "1 2"
    assert calc("m1 / PERIOD(m1)", periods={"m1": 300}, m1="300") == "1"


def test_where_periods_meet_the_largest():
    assert calc("m1 / PERIOD(m1) + 0 * m2", periods={"m2": 300}, m1="60 60 60 60 60", m2="1") == "1"


@pytest.mark.parametrize("expression", ["m1 / PERIOD(m1 * 2)", "m1 / PERIOD(METRICS())"])
def test_only_of_a_metric(expression):
    with pytest.raises(QueryError, match="PERIOD"):
        calc(expression, m1="1")
