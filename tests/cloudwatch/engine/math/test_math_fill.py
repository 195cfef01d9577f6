"""FILL with a number, a series, REPEAT, LINEAR."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("FILL(m1, 10)", {"m1": "- 1 - 3 -"}, "10 1 10 3 10"),
        ("FILL(m1, REPEAT)", {"m1": "- 1 - 3 -"}, "- 1 1 3 3"),
        ("FILL(m1, LINEAR)", {"m1": "- 1 - - 4 -"}, "- 1 2 3 4 -"),
        ("FILL(m1, m2)", {"m1": "- 1 -", "m2": "7 8 -"}, "7 1 -"),
        ("FILL([m1, m2], m2)", {"m1": "- 1 -", "m2": "7 - 9"}, ["7 1 9", "7 - 9"]),
        ("FILL(m1, MIN(m1))", {"m1": "5 - 3"}, "5 3 3"),
        ("FILL(METRICS(), 0)", {"m1": "- 1", "m2": "2 -"}, ["0 1", "2 0"]),
    ],
)
def test_fill(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


def test_periods_that_have_not_begun_are_not_filled():
    assert calc("FILL(m1, 0)", m1="1 - - -", now=2) == "1 0 - -"
