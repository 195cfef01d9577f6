"""RATE: change per second."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("RATE(m1)", {"m1": "0 60 - 180 120"}, "- 1 - 1 -1"),
    ],
)
def test_rate(expression, rows, wanted):
    assert calc(expression, **rows) == wanted
