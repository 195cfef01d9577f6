"""INSIGHT_RULE_METRIC: the values of a rule, where there were events."""

import pytest
from mathrows import calc

from labkit.cloudwatch.engine.math.program import QueryError


def test_periods_without_events_have_no_value():
    found = calc("INSIGHT_RULE_METRIC('rule', 'UniqueContributors')", a="1 2 3")
    assert found == "3 - 5"


def test_it_counts_like_any_series():
    found = calc("FILL(INSIGHT_RULE_METRIC('rule', 'Sum'), 0) + a", a="1 2 3")
    assert found == "4 2 8"


def test_only_metrics_that_rules_have():
    with pytest.raises(QueryError, match="UniqueContributors"):
        calc("INSIGHT_RULE_METRIC('rule', 'Median')")
