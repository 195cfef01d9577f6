"""SERVICE_QUOTA."""

import pytest
from mathrows import calc

from labkit.cloudwatch.engine.math.program import QueryError


def test_the_quota_behind_a_usage_metric():
    usage = {"spaces": {"m1": "AWS/Usage"}, "m1": "50 -"}
    assert calc("m1 / SERVICE_QUOTA(m1) * 100", quotas={"m1": 200}, **usage) == "25 0"
    assert calc("SERVICE_QUOTA(m1)", **usage) == "- -"


@pytest.mark.parametrize("expression", ["SERVICE_QUOTA(m1)", "SERVICE_QUOTA(m1 + 1)"])
def test_only_of_a_usage_metric(expression):
    with pytest.raises(QueryError, match="AWS/Usage"):
        calc(expression, m1="1")
