"""FLOOR."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("FLOOR(m1)", {"m1": "1.2 -1.2 - 3"}, "1 -2 - 3"),
    ],
)
def test_floor(expression, rows, wanted):
    assert calc(expression, **rows) == wanted
