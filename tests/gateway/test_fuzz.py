"""Each operation of ours, with whatever botocore lets through: an answer or an AWS error, always.

Parameters are made from botocore's models: plausible ones, odd ones, too many, too long, missing.
What botocore refuses by itself is fine; everything else must be answered with success or with an
error code that the service has. No other exception ever leaves a call, and nothing stored is lost.
"""

import base64
import json
import string
from datetime import UTC, datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.session import get_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import labkit
from labkit import services

OPERATIONS = sorted(services.operations())
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LATER = NOW.replace(hour=10)

#: What a service may answer to any operation, beyond the operation's modelled errors.
COMMON = {
    "cloudwatch": {
        "ValidationError", "InvalidParameterValue", "InvalidParameterCombination",
        "MissingParameter", "InvalidNextToken", "NotImplemented",
    },
    "cloudtrail": set(),
}  # fmt: skip


def token(*value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


#: Texts that mean something at this place: most examples shall get past the first check.
MEANT = {
    "AlarmName": ["kept", "a", "b", "é 💥", 'q"uote', "a:b"],
    "AlarmNamePrefix": ["k", ""],
    "AlarmNames": ["kept", "a", "gone"],
    "ActionPrefix": ["arn:aws:sns"],
    "MetricName": ["kept", "m"],
    "Namespace": ["Kept", "Shop", "AWS/EC2", ":x"],
    "Stat": ["Average", "p99", "TM(10%:90%)", "TM(5:", "IQM", "PR(:3)", "p101"],
    "ExtendedStatistic": ["p99", "p99.9", "tm90", "IQM", "PR(:300)", "Average", "TM(90%:10%)"],
    "ExtendedStatistics": ["p99", "wm98", "nonsense"],
    "Id": ["a", "b", "A", "1"],
    "Expression": ["a*2", "SUM(METRICS())", "1/0"],
    "TreatMissingData": ["missing", "ignore", "breaching", "notBreaching", "notbreaching"],
    "EvaluateLowSampleCountPercentile": ["evaluate", "ignore", "perhaps"],
    "RecentlyActive": ["PT3H"],
    "NextToken": [
        "nonsense", "", "é", token(0), token(), token(1, "x"), token(None, None), token(-1, ""),
        base64.urlsafe_b64encode(b"null").decode(), base64.urlsafe_b64encode(b"\xff").decode(),
        base64.urlsafe_b64encode(b"[" * 5_000).decode(),
    ],
    "StateReasonData": ["{}", "[1", "null", '{"version":"1.0"}', "NaN", "[" * 3_000,
                        "[" * 300 + "]" * 300, '"\\ud800"', "1" * 400, '{"$time":"x"}'],
    "OwningAccount": ["123456789012"],
    "AccountId": ["123456789012"],
    "Timezone": ["+0130", "Europe/Berlin"],
    "AttributeKey": ["EventName", "ReadOnly", "Username"],
    "AttributeValue": ["PutMetricData", "true", "learner"],
    "arn": [
        "arn:aws:sns:us-east-1:123456789012:t", "arn:aws:sns:eu-west-1:123456789012:t", "arn",
        "arn:aws:automate:us-east-1:ec2:stop",
    ],
}  # fmt: skip
MEANT |= dict.fromkeys(("OKActions", "AlarmActions", "InsufficientDataActions"), MEANT["arn"])

TEXTS = st.text(max_size=8) | st.text(string.printable, max_size=8)
LONG = st.sampled_from([256, 1025, 4001]).map("x".__mul__) | st.just("é" * 300)
WRONG = st.sampled_from([None, 7, "seven", [], {}, object, b"\x00", 1.5, True])

WHOLE = st.one_of(
    st.sampled_from([1, 2, 5, 10, 60, 300, 3600]),
    st.sampled_from([1, 10, 60, 120]),
    st.sampled_from([-1, 0, 7, 101, 86_401, 2**31, 2**63, 10**30]),
)
REAL = st.one_of(
    st.floats(0, 100), st.floats(), st.integers(-5, 5), st.sampled_from([2.0**361, -(2.0**360)])
)
MOMENTS = st.one_of(
    st.timedeltas(timedelta(days=-1), timedelta(hours=1)).map(lambda delta: NOW + delta),
    st.timedeltas(timedelta(days=-500), timedelta(days=20)).map(lambda delta: NOW + delta),
    st.sampled_from([
        datetime.min, datetime.max, datetime.min.replace(tzinfo=UTC),  # noqa: DTZ901 - odd ones
        datetime.max.replace(tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),
        datetime(2026, 1, 5, 9), NOW.astimezone(timezone(timedelta(hours=14))),  # noqa: DTZ001
        0, -1, 1_767_603_600, 1_767_603_600.5, 2**40, "2026-01-05", "2026-01-05T09:00:00Z",
        "yesterday", "",
    ]),
)  # fmt: skip


def made(shape, name="", deep=0):
    """A strategy for one shape of a model: plausible more often than odd."""
    kind = shape.type_name
    if kind == "structure":
        plausible = structure(shape, deep)
    elif kind == "list":
        plausible = many(shape, name, deep)
    elif kind == "string":
        plausible = text(shape, name)
    elif kind in ("integer", "long"):
        plausible = WHOLE
    elif kind in ("double", "float"):
        plausible = REAL
    elif kind == "timestamp":
        plausible = MOMENTS
    elif kind == "boolean":
        plausible = st.booleans()
    elif kind == "map":
        plausible = st.dictionaries(TEXTS, made(shape.value, "", deep + 1), max_size=3)
    else:
        raise AssertionError(f"no strategy for {kind}: the model has got a new kind of shape")
    return plausible


def text(shape, name):
    enum = shape.metadata.get("enum")
    if enum:
        return st.one_of(st.sampled_from(enum), st.sampled_from(enum), st.just("Odd"))
    if name in MEANT:
        meant = st.sampled_from(MEANT[name])
        return st.one_of(meant, meant, meant, TEXTS | LONG)
    return TEXTS | LONG


def many(shape, name, deep):
    item = made(shape.member, name, deep + 1)
    limit = shape.metadata.get("max") or 0
    sizes = [0, limit, limit + 1] if limit else [0, 1_001 if deep == 0 else 3]
    few = st.lists(item, min_size=1, max_size=3)
    # Over the limit by one item many times over: what is too long is the list.
    return st.one_of(few, few, few, st.builds(lambda n, x: [x] * n, st.sampled_from(sizes), item))


def structure(shape, deep):
    if deep > 5:
        return st.just({})

    @st.composite
    def build(draw):
        out = {}
        required = set(shape.required_members)
        often = draw(st.sampled_from([1, 3, 6])) if len(shape.members) > 1 else 6
        for name, member in shape.members.items():
            dice = draw(st.integers(0, 9))
            if name in required and draw(st.integers(0, 29)) == 29:
                continue
            if name not in required and dice >= often:
                continue
            wrong = draw(st.integers(0, 39)) == 39
            out[name] = draw(WRONG if wrong else made(member, name, deep + 1))
        return out

    return build()


#: A good call for each operation that hardly any random one would hit.
QUERY = {
    "Id": "a",
    "MetricStat": {"Metric": {"Namespace": "Kept", "MetricName": "kept"}, "Period": 60,
                   "Stat": "Sum"},
}  # fmt: skip
BAND = {"Namespace": "Kept", "MetricName": "kept", "Stat": "Sum"}
GOOD = {
    "PutMetricData": {"Namespace": "Shop", "MetricData": [{"MetricName": "m", "Value": 1.0}]},
    "GetMetricData": {"MetricDataQueries": [QUERY], "StartTime": NOW, "EndTime": LATER},
    "GetMetricStatistics": {
        "Namespace": "Kept", "MetricName": "kept", "StartTime": NOW, "EndTime": LATER,
        "Period": 60, "Statistics": ["Sum"],
    },
    "PutMetricAlarm": {
        "AlarmName": "a", "Namespace": "Kept", "MetricName": "kept", "Statistic": "Sum",
        "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    },
    "DescribeAlarmsForMetric": {"Namespace": "Kept", "MetricName": "kept"},
    "SetAlarmState": {"AlarmName": "kept", "StateValue": "OK", "StateReason": "r"},
    "PutAnomalyDetector": {"SingleMetricAnomalyDetector": BAND},
    "DeleteAnomalyDetector": {"SingleMetricAnomalyDetector": BAND},
}  # fmt: skip
#: What has to be there for a good call to find it, each time anew.
FIRST = {
    "DeleteAnomalyDetector": lambda cloudwatch: cloudwatch.put_anomaly_detector(
        **GOOD["PutAnomalyDetector"]
    ),
}


@st.composite
def calls(draw, name, shape):
    """Any parameters, or good ones with up to three members changed, added or left out."""
    good = GOOD.get(name)
    if good is None or draw(st.integers(0, 3)) == 0:
        return draw(made(shape))
    params = dict(good)
    members = sorted(shape.members)
    for member in draw(st.lists(st.sampled_from(members), max_size=3, unique=True)):
        if member in params and draw(st.integers(0, 4)) == 0:
            del params[member]
        else:
            params[member] = draw(made(shape.members[member], member, 1))
    return params


def allowed(service, operation_model, error):
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    modelled = {shape.error_code or shape.name for shape in operation_model.error_shapes}
    assert code in modelled | COMMON[service], error
    assert (code == "NotImplemented") == (status == 501), error
    assert code == "ResourceNotFound" or error.response["Error"]["Message"], error


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=lambda value: value)
def test_every_call_is_answered(service, name):
    model = get_session().get_service_model(service).operation_model(name)
    with labkit.Lab() as lab:
        client, cloudwatch = lab.client(service), lab.client("cloudwatch")
        cloudwatch.put_metric_data(
            Namespace="Kept", MetricData=[{"MetricName": "kept", "Value": 1.5}]
        )
        cloudwatch.put_metric_alarm(**GOOD["PutMetricAlarm"] | {"AlarmName": "kept"})
        answered = {}

        def kept():
            got = cloudwatch.get_metric_statistics(
                Namespace="Kept", MetricName="kept", StartTime=NOW, EndTime=NOW.replace(minute=1),
                Period=60, Statistics=["Maximum"],
            )  # fmt: skip
            return [p for p in got["Datapoints"] if p["Maximum"] >= 1.5]

        @settings(
            max_examples=60, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(calls(name, model.input_shape))
        def one(params):
            if name in FIRST:
                FIRST[name](cloudwatch)
            try:
                answer = client._make_api_call(name, params)
            except ParamValidationError:
                answered["refused"] = answered.get("refused", 0) + 1
            except ClientError as error:
                allowed(service, model, error)
                answered["error"] = answered.get("error", 0) + 1
            else:
                assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
                answered["good"] = answered.get("good", 0) + 1
            assert kept()

        one()
        assert answered.get("good", 0) >= 3, answered  # it is no test if nothing gets through
        before = lab.now
        lab.advance(minutes=30)  # whatever was stored can also be lived with
        assert lab.now - before == timedelta(minutes=30)
        assert cloudwatch.describe_alarms(MaxRecords=100)["ResponseMetadata"]
        assert cloudwatch.describe_alarm_history()["ResponseMetadata"]
        assert len(lab.digest()) == 32
