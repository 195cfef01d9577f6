"""Inputs are normalised from the model, and errors parse as they would from the wire."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from botocore.session import get_session

from labkit.core.errors import AwsError
from labkit.gateway.codec import error_answer, normaliser

SESSION = get_session()
MOMENT = datetime(2026, 1, 5, 9, 0, 0, 123456, tzinfo=UTC)


def model(service, operation):
    return SESSION.get_service_model(service).operation_model(operation)


@pytest.mark.parametrize(
    "given",
    [
        MOMENT,
        MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))),
        "2026-01-05T09:00:00.123456Z",
        "2026-01-05T10:00:00.123456+01:00",
        MOMENT.timestamp(),
    ],
    ids=["utc", "elsewhere", "text", "text elsewhere", "number"],
)
@pytest.mark.parametrize(
    ("protocol", "wanted"),
    [
        ("query", MOMENT),
        ("json", MOMENT.replace(microsecond=0)),
        ("smithy-rpc-v2-cbor", MOMENT.replace(microsecond=0)),
    ],
)
def test_timestamps_are_aware_and_as_precise_as_the_protocol(given, protocol, wanted):
    convert = normaliser(model("cloudwatch", "GetMetricStatistics").input_shape, protocol)
    got = convert({"Namespace": "N", "StartTime": given})["StartTime"]
    assert got == wanted
    assert got.tzinfo is UTC


def test_floats_inside_lists_of_structures_become_floats_and_the_input_stays_as_it_was():
    convert = normaliser(model("cloudwatch", "PutMetricData").input_shape, "json")
    given = {
        "Namespace": "N",
        "MetricData": [{"MetricName": "m", "Values": [1, 2], "Counts": [3, 4]}],
    }
    got = convert(given)
    assert [type(v) for v in got["MetricData"][0]["Values"]] == [float, float]
    assert given["MetricData"][0]["Values"] == [1, 2]
    assert type(given["MetricData"][0]["Values"][0]) is int


def test_what_needs_nothing_has_no_walk():
    assert normaliser(model("cloudwatch", "DeleteAlarms").input_shape, "json") is None
    assert normaliser(None, "json") is None


def test_a_none_is_left_alone():
    convert = normaliser(model("cloudwatch", "PutMetricAlarm").input_shape, "json")
    assert convert({"AlarmName": "a", "Threshold": None}) == {"AlarmName": "a", "Threshold": None}


def test_cloudwatch_keeps_its_query_codes_beside_the_shape_names():
    parsed = error_answer(
        AwsError("InvalidParameterValue", "no"), SESSION.get_service_model("cloudwatch"), "r-1"
    )
    assert parsed["Error"] == {
        "Code": "InvalidParameterValue",
        "Message": "no",
        "QueryErrorCode": "InvalidParameterValueException",
        "Type": "Sender",
    }
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert parsed["ResponseMetadata"]["RequestId"] == "r-1"


def test_other_services_have_one_code():
    parsed = error_answer(
        AwsError("TrailNotFoundException", "gone", extra={"trail": "t"}),
        SESSION.get_service_model("cloudtrail"),
        "r",
    )
    assert parsed["Error"] == {"Code": "TrailNotFoundException", "Message": "gone"}
    assert parsed["trail"] == "t"
