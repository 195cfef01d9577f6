"""Contributor Insights rules over events: keys, filters, formats, reports."""

import json

import pytest

from labkit.cloudwatch.engine.contributors import METRICS, RuleError, read, report

MINUTE = 60_000_000


def definition(**more):
    contribution = {"Keys": ["$.ip"], "Filters": [], **more.pop("contribution", {})}
    return {
        "Schema": {"Name": "CloudWatchLogRule", "Version": 1},
        "LogGroupNames": ["api*"], "LogFormat": "JSON", "AggregateOn": "Count",
        "Contribution": contribution, **more,
    }  # fmt: skip


def rule(**more):
    return read(json.dumps(definition(**more)))


def event(at=0, **fields):
    return (at * MINUTE, json.dumps(fields))


EVENTS = [
    event(0, ip="a", bytes=10, method="PUT"),
    event(0, ip="b", bytes=5, method="GET"),
    event(1, ip="a", bytes=1, method="GET"),
    event(1, ip="c", bytes="90", method="PUT"),
    event(1, method="PUT"),
    (MINUTE, "no JSON"),
]


def totals(rule, events=EVENTS, **more):
    found = report(rule, events, 0, MINUTE, **more)
    return [(*one.keys, one.total) for one in found.contributors]


def test_events_are_counted_by_their_keys():
    assert totals(rule()) == [("a", 2.0), ("b", 1.0), ("c", 1.0)]


def test_values_are_summed():
    by_bytes = rule(AggregateOn="Sum", contribution={"ValueOf": "$.bytes"})
    assert by_bytes.statistic == "Sum"
    assert totals(by_bytes) == [("c", 90.0), ("a", 11.0), ("b", 5.0)]


def test_several_keys_are_one_contributor():
    both = rule(contribution={"Keys": ["$.ip", "$.method"]})
    assert ("a", "PUT", 1.0) in totals(both)


@pytest.mark.parametrize(
    ("filter_", "kept"),
    [
        ({"In": ["PUT"]}, {"a", "c"}),
        ({"NotIn": ["PUT"]}, {"a", "b"}),
        ({"StartsWith": ["G", "X"]}, {"a", "b"}),
    ],
)
def test_filters_on_words(filter_, kept):
    found = rule(contribution={"Filters": [{"Match": "$.method", **filter_}]})
    assert {keys[0] for keys in totals(found)} == kept


@pytest.mark.parametrize(
    ("filter_", "kept"),
    [
        ({"GreaterThan": 5}, {"a", "c"}),
        ({"LessThan": 5}, {"a"}),
        ({"EqualTo": 5}, {"b"}),
        ({"NotEqualTo": 5}, {"a", "c"}),
        ({"IsPresent": True}, {"a", "b", "c"}),
        ({"IsPresent": False}, set()),
    ],
)
def test_filters_on_numbers(filter_, kept):
    found = rule(contribution={"Filters": [{"Match": "$.bytes", **filter_}]})
    assert {keys[0] for keys in totals(found)} == kept


def test_paths_into_events():
    deep = rule(contribution={"Keys": ["$.who.names[1]"]})
    assert totals(deep, [event(who={"names": ["x", "y"]}), event(who={"names": []})]) == [
        ("y", 1.0)
    ]


def test_the_common_log_format():
    clf = rule(
        LogFormat="CLF", Fields={"1": "ip", "4": "request"}, AggregateOn="Sum",
        contribution={"Keys": ["ip"], "ValueOf": "6",
                      "Filters": [{"Match": "request", "StartsWith": ["GET "]}]},
    )  # fmt: skip
    lines = [
        '1.2.3.4 - [10/Oct/2000:13:55:36 -0700] "GET /a b" 200 2326',
        '1.2.3.4 - [10/Oct/2000:13:55:36 -0700] "GET /a" 200 4',
        '5.6.7.8 - [10/Oct/2000:13:55:36 -0700] "PUT /a" 200 4',
    ]
    assert totals(clf, [(0, line) for line in lines]) == [("1.2.3.4", 2330.0)]


def test_metrics_of_a_report():
    by_bytes = rule(AggregateOn="Sum", contribution={"ValueOf": "$.bytes"})
    found = report(by_bytes, EVENTS, 0, MINUTE)
    figures = {name: dict(found.metric(name)) for name in METRICS}
    assert figures == {
        "UniqueContributors": {0: 2.0, MINUTE: 2.0},
        "MaxContributorValue": {0: 10.0, MINUTE: 90.0},
        "SampleCount": {0: 2.0, MINUTE: 2.0},
        "Sum": {0: 15.0, MINUTE: 91.0},
        "Minimum": {0: 5.0, MINUTE: 1.0},
        "Maximum": {0: 10.0, MINUTE: 90.0},
        "Average": {0: 7.5, MINUTE: 45.5},
    }


def test_order_by_the_largest_period():
    events = [event(0, ip="a"), event(1, ip="a"), event(2, ip="a"), event(0, ip="b"),
              event(0, ip="b")]  # fmt: skip
    assert totals(rule(), events)[0][0] == "a"
    assert totals(rule(), events, order="Maximum")[0][0] == "b"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Schema": {"Name": "X", "Version": 1}}, "Schema"),
        ({"LogGroupNames": []}, "LogGroupNames"),
        ({"LogGroupARNs": ["arn:aws:logs:*:*:log-group/x"]}, "exactly one"),
        ({"LogFormat": "XML"}, "LogFormat"),
        ({"AggregateOn": "Average"}, "AggregateOn"),
        ({"AggregateOn": "Sum"}, "ValueOf"),
        ({"contribution": {"Keys": []}}, "Keys"),
        ({"contribution": {"Keys": ["$.a"] * 5}}, "Keys"),
        ({"contribution": {"Keys": ["ip"]}}, "begins with"),
        ({"contribution": {"Filters": [{"Match": "$.a", "Like": "x"}]}}, "operator"),
        ({"contribution": {"Filters": [{"Match": "$.a", "In": []}]}}, "list"),
        ({"contribution": {"Filters": [{"Match": "$.a", "GreaterThan": "x"}]}}, "number"),
        ({"contribution": {"Filters": [{"Match": "$.a", "In": ["x"]}] * 5}}, "at most"),
        ({"Contribution": None}, "Contribution"),
    ],
)
def test_what_is_no_rule(change, told):
    with pytest.raises(RuleError, match=told):
        rule(**change)


@pytest.mark.parametrize("text", ["", "[]", "null", "{"])
def test_what_is_no_object(text):
    with pytest.raises(RuleError, match="JSON object"):
        read(text)
