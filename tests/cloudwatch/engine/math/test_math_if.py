"""IF: the documented tables, and what they imply."""

import pytest
from mathrows import calc

from labkit.cloudwatch.engine.math.program import QueryError

#: Condition, value where it holds, value where it does not.
C, A, B = "1 1 0 0 -", "30 - 0 0 30", "0 0 20 - 20"


@pytest.mark.parametrize(
    ("expression", "rows", "wanted"),
    [
        (
            "IF(m1, m2, m3)",
            {"m1": C, "m2": A, "m3": B},
            "30 0 20 0 -",
        ),
        ("IF(m1, 5, m3)", {"m1": C, "m3": B}, "5 5 20 - -"),
        ("IF(m1, m2, 5)", {"m1": C, "m2": A}, "30 0 5 5 -"),
        ("IF(m1, m2)", {"m1": C, "m2": A}, "30 0 - - -"),
        ("IF(m1, 5)", {"m1": C}, "5 5 - - -"),
        ("IF(m1, 5, 6)", {"m1": C}, "5 5 6 6 -"),
        ("IF(m1 < 400, m1)", {"m1": "500 300 -"}, "- 300 -"),
        ("IF(m1 < 400, 10, 2)", {"m1": "500 300 -"}, "2 10 -"),
        ("IF(m1 > m2, 1, 0)", {"m1": "5 1 -", "m2": "3 3 3"}, "1 0 0"),
        ("IF(1 > 0, m1, m2)", {"m1": "1 -", "m2": "3 4"}, "1 -"),
        ("IF(0, m1, m2)", {"m1": "1 -", "m2": "3 4"}, "3 4"),
        ("IF(0, m1)", {"m1": "1 2"}, "- -"),
        ("IF(DAY(m1) < 6, m1)", {"m1": "1 - 2"}, "1 0 2"),
        ("IF(-2 * m1, 1, 0)", {"m1": "1 0"}, "1 0"),
    ],
)
def test_if(expression, rows, wanted):
    assert calc(expression, **rows) == wanted


@pytest.mark.parametrize("expression", ["IF(1, 2, 3)", "IF([m1], m1)", "IF(m1)", "IF(m1, 1, 2, 3)"])
def test_other_combinations_are_refused(expression):
    with pytest.raises(QueryError, match="Unsupported arguments for IF"):
        calc(expression, m1="1")
