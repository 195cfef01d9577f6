"""LOG10."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("LOG10(m1)", {"m1": "100 0.1 0 - -5"}, "2 -1 - - -"),
    ],
)
def test_log10(expression, rows, wanted):
    assert calc(expression, **rows) == wanted
