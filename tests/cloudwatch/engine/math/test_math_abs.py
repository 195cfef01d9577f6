"""ABS."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("ABS(m1)", {"m1": "1 -2 - 0"}, "1 2 - 0"),
        ("ABS([m1, m2])", {"m1": "-1 -", "m2": "- -3"}, ["1 -", "- 3"]),
    ],
)
def test_abs(expression, rows, wanted):
    assert calc(expression, **rows) == wanted
