"""DB_PERF_INSIGHTS: not there, and said so."""

import pytest
from mathrows import calc

from labkit.cloudwatch.engine.math.program import QueryError


def test_it_says_what_is_missing():
    with pytest.raises(QueryError) as told:
        calc("DB_PERF_INSIGHTS('RDS', 'db-A', 'os.cpu.avg')")
    assert type(told.value.problem).__name__ == "MathUnavailable"
