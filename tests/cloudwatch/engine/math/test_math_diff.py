"""DIFF."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("DIFF(m1)", {"m1": "1 4 - 2 2"}, "- 3 - -2 0"),
        ("DIFF(m1)", {"m1": "- 1 -"}, "- - -"),
        ("DIFF([m1, m2])", {"m1": "1 2", "m2": "5 3"}, ["- 1", "- -2"]),
    ],
)
def test_diff(expression, rows, wanted):
    assert calc(expression, **rows) == wanted
