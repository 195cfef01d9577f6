"""DIFF_TIME: seconds since the point before."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("DIFF_TIME(m1)", {"m1": "1 4 - 2 2"}, "- 60 - 120 60"),
    ],
)
def test_diff_time(expression, rows, wanted):
    assert calc(expression, **rows) == wanted
