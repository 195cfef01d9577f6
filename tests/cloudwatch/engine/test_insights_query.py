"""Metrics Insights: the grammar, what a query selects, groups and their order."""

import numpy as np
import pytest

from labkit.cloudwatch.engine.insights import is_insights, parse_insights
from labkit.cloudwatch.engine.math.tree import MathError, MathUnavailable
from labkit.cloudwatch.engine.math.values import TimeSeries


def selects(text, account="1", **dimensions):
    return parse_insights(f"SELECT AVG(m) FROM {text}").selects(dimensions, account)


def test_everything_at_once():
    query = parse_insights(
        'select Max("By\\"x") from schema("AWS/EC2", InstanceId, "A B")\n'
        "where InstanceId = 'i\\'1' and \"A B\" != '2' group by InstanceId, \"A B\" "
        "order by sum() desc limit 7"
    )
    assert (query.function, query.metric, query.statistic) == ("MAX", 'By"x', "Maximum")
    assert (query.namespace, query.schema) == ("AWS/EC2", {"InstanceId", "A B"})
    assert [(c.key, c.equal, c.value) for c in query.where] == [
        ("InstanceId", True, "i'1"), ("A B", False, "2"),
    ]  # fmt: skip
    assert (query.group, query.order, query.descending, query.limit) == (
        ("InstanceId", "A B"), "SUM", True, 7,
    )  # fmt: skip


def test_what_is_selected():
    assert selects("N", a="1") and selects("N")
    assert selects("SCHEMA(N)") and not selects("SCHEMA(N)", a="1")
    assert selects("SCHEMA(N, b, a)", a="1", b="2") and not selects("SCHEMA(N, a)", a="1", b="2")
    assert selects("N WHERE a = '1'", a="1") and not selects("N WHERE a = '1'", a="2")
    assert not selects("N WHERE a = '1'") and selects("N WHERE a != '1'")
    assert not selects("N WHERE a = '1' AND b != '2'", a="1", b="2")
    assert selects("N WHERE AWS.AccountId = '1'") and not selects("N WHERE AWS.AccountId = 2")
    assert selects("N WHERE AWS.AccountId = CURRENT_ACCOUNT_ID()")


def test_groups():
    query = parse_insights("SELECT AVG(m) FROM N GROUP BY a, AWS.AccountId, b")
    assert query.labels({"a": "x"}, "9") == ("x", "9", "Other")


ROWS = {"low": [1, 2], "high": [9, 0], "often": [3, 3], "never": [np.nan, np.nan]}


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("", ["low", "high", "often", "never"]),
        ("ORDER BY MAX() DESC", ["high", "often", "low", "never"]),
        ("ORDER BY MIN()", ["high", "low", "often", "never"]),
        ("ORDER BY AVG() ASC", ["low", "often", "high", "never"]),
        ("ORDER BY SUM() DESC LIMIT 1", ["high"]),
        ("LIMIT 2", ["low", "high"]),
    ],
)
def test_order_and_limit(order, wanted):
    query = parse_insights(f"SELECT AVG(m) FROM N GROUP BY a {order}")
    series = [TimeSeries(np.array([values], dtype=float), name) for name, values in ROWS.items()]
    assert [one.label for one in query.ordered(series)] == wanted


def test_every_tick_has_an_order_of_its_own():
    query = parse_insights("SELECT AVG(m) FROM N GROUP BY a ORDER BY MAX() DESC LIMIT 1")
    first, second = np.array([[1.0], [5.0]]), np.array([[2.0], [4.0]])
    kept = [
        one.values[:, 0].tolist() for one in query.ordered([TimeSeries(first), TimeSeries(second)])
    ]
    assert str(kept) == "[[nan, 5.0], [2.0, nan]]"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT", "unexpected the end"),
        ("SELECT MEDIAN(m) FROM N", r"unexpected 'MEDIAN'.*at position 8"),
        ("SELECT AVG(m)", "unexpected the end"),
        ("SELECT AVG(m) FROM AWS/EC2", r"unexpected '/' \(at position 23\)"),
        ('SELECT AVG(m) FROM N WHERE a = "b"', "unexpected"),
        ("SELECT AVG(m) FROM N WHERE a = 5", "single quotes"),
        ("SELECT AVG(m) FROM N WHERE a > '5'", "unexpected"),
        ("SELECT AVG(m) FROM N WHERE a = 'b' OR c = 'd'", "unexpected"),
        ("SELECT AVG(m) FROM N ORDER BY m", "unexpected"),
        ("SELECT AVG(m) FROM N LIMIT 501", "between 1 and 500"),
        ("SELECT AVG(m) FROM N LIMIT 0", "between 1 and 500"),
        ("SELECT AVG(limit) FROM N", "keyword"),
        ("SELECT AVG(m) FROM N WHERE a = 'open", "no end"),
    ],
)
def test_errors_name_the_place(text, told):
    with pytest.raises(MathError, match=told):
        parse_insights(text)


def test_tags_are_not_there():
    with pytest.raises(MathUnavailable, match="tags"):
        parse_insights("SELECT AVG(m) FROM N WHERE tag.env = 'prod'")


def test_which_expressions_are_queries():
    assert is_insights(" select avg(m) from N") and not is_insights("SELECTED + 1")
