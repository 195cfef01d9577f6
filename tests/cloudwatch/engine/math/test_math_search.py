"""SEARCH as a function; what its text means is tested in test_search_text.py."""

import pytest
from mathrows import calc

from labkit.cloudwatch.engine.math.program import QueryError

FOUND = ["1 2", "3 -"]


def test_what_is_found_is_an_array():
    assert calc("SEARCH('{N} x', 'Sum', 60)", found=FOUND) == FOUND
    assert calc("SUM(SEARCH('{N} x', 'Sum', 60))", found=FOUND) == "4 2"


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("SEARCH('', 'Sum')", "a schema, a term, or both"),
        ("SEARCH('{N', 'Sum')", "the schema has no }"),
        ("SEARCH('x', 'Summe')", "is no statistic"),
        ("SEARCH('x', 'Sum', 45)", "a period is"),
        ("SEARCH('x')", "Unsupported arguments for SEARCH"),
        (f"SEARCH('{'x' * 1025}', 'Sum')", "at most 1024 characters"),
    ],
)
def test_what_can_not_be_searched(expression, told):
    with pytest.raises(QueryError, match=told):
        calc(expression)
