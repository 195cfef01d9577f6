"""The model's constraints, in AWS's words."""

import pytest
from botocore.session import get_session

from labkit.core.errors import AwsError
from labkit.gateway.constraints import checker

SESSION = get_session()


def problems(service, operation, **params):
    shape = SESSION.get_service_model(service).operation_model(operation).input_shape
    try:
        checker(shape, "ValidationError")(params)
    except AwsError as problem:
        assert problem.code == "ValidationError"
        return problem.message
    return ""


GOOD = {"AlarmName": "a", "StateValue": "OK", "StateReason": "because"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({"StateValue": "INVALID"},
         "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy "
         "constraint: Member must satisfy enum value set: "),
        ({"AlarmName": "x" * 256}, "at 'alarmName' failed to satisfy constraint: Member must have "
                                   "length less than or equal to 255"),
        ({"AlarmName": ""}, "length greater than or equal to 1"),
        ({"AlarmName": "x" * 256, "StateReason": "y" * 1024}, "2 validation errors detected: "),
    ],
)  # fmt: skip
def test_set_alarm_state(change, told):
    got = problems("cloudwatch", "SetAlarmState", **GOOD | change)
    assert told in got if told else got == ""


def test_places_in_lists_and_java_style_values():
    got = problems(
        "cloudwatch", "PutMetricAlarm", AlarmName="a", AlarmActions=["arn"] * 5 + ["x" * 1025],
        Dimensions=[{"Name": "ok", "Value": "v"}, {"Name": "n" * 256, "Value": "v"}],
    )  # fmt: skip
    assert "Value '[arn, arn, arn, arn, arn, xxx" in got
    assert "at 'alarmActions' failed" in got
    assert "at 'alarmActions.6.member' failed" in got
    assert "at 'dimensions.2.member.name' failed" in got


def test_a_value_without_end_is_cut():
    events = [{"timestamp": 1, "message": f"line {n}"} for n in range(10_001)]
    got = problems("logs", "PutLogEvents", logGroupName="g", logStreamName="s", logEvents=events)
    assert "Value '[{timestamp=1, message=line 0}, " in got and "line 10000" not in got
    assert got.endswith("at 'logEvents' failed to satisfy constraint: Member must have length less "
                        "than or equal to 10000")  # fmt: skip
    assert len(got) < 700


def test_numbers():
    assert "have value less than or equal to 100" in problems(
        "cloudwatch", "DescribeAlarms", MaxRecords=101
    )


def test_every_operation_of_every_service_of_ours_compiles():
    for service in (
        "cloudwatch",
        "cloudtrail",
        "logs",
        "events",
        "xray",
        "synthetics",
        "scheduler",
    ):
        model = SESSION.get_service_model(service)
        for name in model.operation_names:
            shape = model.operation_model(name).input_shape
            if shape is not None:
                checker(shape, "X")
