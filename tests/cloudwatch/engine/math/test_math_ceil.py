"""CEIL."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("CEIL(m1)", {"m1": "1.2 -1.2 - 3"}, "2 -1 - 3"),
    ],
)
def test_ceil(expression, rows, wanted):
    assert calc(expression, **rows) == wanted
