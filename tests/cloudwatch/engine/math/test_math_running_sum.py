"""RUNNING_SUM."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("RUNNING_SUM(m1)", {"m1": "1 2 - 4"}, "1 3 - 7"),
    ],
)
def test_running_sum(expression, rows, wanted):
    assert calc(expression, **rows) == wanted
