"""FIRST."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("FIRST([m1, m2])", {"m1": "1 2", "m2": "3 4"}, "1 2"),
        ("FIRST(SORT(METRICS(), AVG, DESC)) > 3", {"m1": "1 2", "m2": "3 4"}, "0 1"),
    ],
)
def test_first(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


def test_of_nothing_it_is_empty():
    assert calc("FIRST(SEARCH('x', 'Sum', 60))") == "-"
