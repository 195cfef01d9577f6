"""Embedded Metric Format: documents in, metrics and errors out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cloudwatch.engine.emf import NOTHING, extract
from labkit.cloudwatch.store import UNITS

STAMP = 1_767_603_600_000


def document(directive=None, **root):
    first = {
        "Namespace": "Teapot",
        "Dimensions": [["Shop"]],
        "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}],
        **(directive or {}),
    }
    body = {
        "_aws": {"Timestamp": STAMP, "CloudWatchMetrics": [first]},
        "Shop": "Porto",
        "Latency": 120,
        **root,
    }
    return json.dumps(body)


def found(text):
    return extract(text, UNITS)


def test_one_metric():
    (metric,) = found(document()).metrics
    assert metric.namespace == "Teapot"
    assert metric.name == "Latency"
    assert metric.dimensions == (("Shop", "Porto"),)
    assert metric.values == (120.0,)
    assert (metric.unit, metric.resolution) == ("Milliseconds", 60)
    assert metric.timestamp_us == STAMP * 1000


def test_each_set_of_keys_publishes_each_metric():
    text = document(
        {
            "Dimensions": [["Shop"], ["Shop", "Page"], []],
            "Metrics": [{"Name": "Latency"}, {"Name": "Bytes", "StorageResolution": 1}],
        },
        Page="/tea",
        Bytes=[1, 2.5],
    )
    metrics = found(text).metrics
    assert [(m.name, dict(m.dimensions)) for m in metrics] == [
        ("Latency", {"Shop": "Porto"}),
        ("Bytes", {"Shop": "Porto"}),
        ("Latency", {"Shop": "Porto", "Page": "/tea"}),
        ("Bytes", {"Shop": "Porto", "Page": "/tea"}),
        ("Latency", {}),
        ("Bytes", {}),
    ]
    assert {m.unit for m in metrics} == {"None"}
    assert metrics[1].values == (1.0, 2.5)
    assert metrics[1].resolution == 1


def test_a_dot_is_a_letter():
    text = document({"Dimensions": [["a.b"]]}, **{"a.b": "here", "a": {"b": "not here"}})
    assert found(text).metrics[0].dimensions == (("a.b", "here"),)


def test_one_bad_directive_spoils_no_other():
    body = json.loads(document())
    body["_aws"]["CloudWatchMetrics"].append({"Namespace": "Teapot", "Metrics": []})
    result = found(json.dumps(body))
    assert len(result.metrics) == 1
    assert result.validation == (
        "_aws.CloudWatchMetrics[1].Dimensions is not a list with at least one set of keys",
    )


@pytest.mark.parametrize(
    "text", ["", "START RequestId", "[1]", '{"_awsome": 1}', '{"a": "_aws"}', '{"_aws": {}}',
             'INFO {"_aws": {"CloudWatchMetrics": []}}']
)  # fmt: skip
def test_what_is_no_document_is_no_error(text):
    assert found(text) == NOTHING


@pytest.mark.parametrize("text", ['{"_aws": {', '{"_aws": 5}'])
def test_what_cannot_be_read(text):
    result = found(text)
    assert result.parsing
    assert not result.metrics


@pytest.mark.parametrize(
    ("directive", "root", "said"),
    [
        ({"Namespace": ""}, {}, "Namespace is not a text"),
        ({"Namespace": "AWS/EC2"}, {}, "begins with AWS/"),
        ({"Namespace": "x" * 1025}, {}, "Namespace is not a text"),
        ({"Dimensions": []}, {}, "Dimensions is not a list with at least one set"),
        ({"Dimensions": ["Shop"]}, {}, "Dimensions[0] is not a list"),
        ({"Dimensions": [[f"k{n}" for n in range(31)]]}, {}, "at most 30 keys"),
        ({"Dimensions": [["Town"]]}, {}, "names 'Town', which is no member"),
        ({}, {"Shop": 5}, "'Shop' is a dimension, and its value is not a text"),
        ({}, {"Shop": "x" * 1025}, "is not a text of 1 to 1,024"),
        ({"Metrics": [{"Name": "Latency", "Unit": "ms"}]}, {}, "Unit is no unit"),
        ({"Metrics": [{"Name": "Latency", "StorageResolution": 10}]}, {}, "is 1 or 60"),
        ({"Metrics": [{"Name": "Nothing"}]}, {}, "names 'Nothing', which is no member"),
        ({"Metrics": [{"Name": "Latency"}] * 101}, {}, "at most 100 metrics"),
        ({}, {"Latency": "120"}, "neither a number nor a list of numbers"),
        ({}, {"Latency": True}, "neither a number nor a list of numbers"),
        ({}, {"Latency": [1] * 101}, "has more than 100 values"),
        ({}, {"Latency": 1e200}, "neither a number nor a list of numbers"),
    ],
)
def test_what_breaks_the_schema_says_where(directive, root, said):
    result = found(document(directive, **root))
    assert result.metrics == ()
    assert said in result.validation[0]


@pytest.mark.parametrize("stamp", [None, "now", -1, 1.5, True])
def test_the_timestamp_is_milliseconds(stamp):
    body = json.loads(document())
    body["_aws"]["Timestamp"] = stamp
    assert "Timestamp" in found(json.dumps(body)).validation[0]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside),
    max_leaves=8,
)


@given(json_values, json_values, json_values)
def test_nothing_breaks_it(meta, directive, value):
    body = {"_aws": meta, "Latency": value}
    found(json.dumps(body))
    body["_aws"] = {"Timestamp": STAMP, "CloudWatchMetrics": [directive]}
    found(json.dumps(body))
    text = document({"Dimensions": directive}, Latency=value)
    found(text)
    found(text[: len(text) // 2])
