"""LAST."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("LAST([m1, m2])", {"m1": "1 2", "m2": "3 4"}, "3 4"),
    ],
)
def test_last(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


def test_of_nothing_it_is_empty():
    assert calc("LAST(SEARCH('x', 'Sum', 60))") == "-"
