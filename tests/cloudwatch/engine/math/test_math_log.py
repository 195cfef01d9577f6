"""LOG."""

import pytest
from mathrows import calc


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        ("LOG(m1)", {"m1": "1 0 -1 -"}, "0 - - -"),
        ("EPOCH(m1)*0 + LOG(2.718281828459045*m1)", {"m1": "1 1"}, "1 1"),
    ],
)
def test_log(expression, rows, wanted):
    assert calc(expression, **rows) == wanted
