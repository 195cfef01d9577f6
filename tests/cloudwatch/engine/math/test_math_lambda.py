"""LAMBDA: not there, and said so."""

import pytest
from mathrows import calc

from labkit.cloudwatch.engine.math.program import QueryError


def test_it_says_what_is_missing():
    with pytest.raises(QueryError) as told:
        calc("LAMBDA('mine', 1)")
    assert type(told.value.problem).__name__ == "MathUnavailable"
