"""Each operation of ours, with whatever botocore lets through: an answer or an AWS error, always.

Parameters are made from botocore's models: plausible ones, odd ones, too many, too long, missing.
What botocore refuses by itself is fine; everything else must be answered with success or with an
error code that the service has. No other exception ever leaves a call, and nothing stored is lost.

Here are the strategies and the one check. ``tests/gateway/test_fuzz_*.py`` name, for each operation
of a service, a good call (``Fuzzed.good``) and what has to be there for it (``prepare``). In a good
call ``NEW`` within a text is a number that is used once, and ``$name`` is a thing that ``prepare``
made.
"""

import base64
import json
import re
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

import pytest
from botocore.exceptions import (
    ClientError,
    InvalidEndpointConfigurationError,
    MissingDependencyException,
    ParamValidationError,
)
from botocore.session import get_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import labkit
from labkit import services

#: How many random calls of an operation: a few in `make test`, more in `make test-all`.
DEPTHS = [3, pytest.param(14, marks=pytest.mark.long)]

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LATER = NOW.replace(hour=10)


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
    elif kind == "blob":
        plausible = st.binary(max_size=8)
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
    return st.just({}) if deep > 5 else members(shape, deep)


@st.composite
def members(draw, shape, deep):
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


@dataclass(frozen=True)
class Fuzzed:
    """What the check has to know of one service."""

    service: str
    #: Good calls: operation -> parameters.
    good: dict[str, dict]
    #: Makes what good calls need, where it is missing, and returns {"$name": identifier}.
    prepare: Callable[..., dict[str, str]] = lambda lab: {}
    #: Codes that any operation may answer beside its modelled ones.
    common: set[str] = field(default_factory=set)
    #: What has to happen before each call of an operation, given the lab and the things.
    first: dict[str, Callable[..., object]] = field(default_factory=dict)

    def operations(self):
        return sorted(name for service, name in services.operations() if service == self.service)


#: Operations that leave less, or something else, behind than the next good call needs.
SPENDS = re.compile(
    "(Delete|Remove|Cancel|Update|Associate|Disassociate|Activate|Deactivate|Deauthorize|Start|Stop)"
)


def attempt(call, **parameters):
    """The answer, or {} where it is refused: what is to be made is there already."""
    try:
        return call(**parameters)
    except ClientError:
        return {}


def filled(value, things, number):
    """A good call's parameters with the lab's own identifiers and unused names."""
    if isinstance(value, dict):
        return {key: filled(one, things, number) for key, one in value.items()}
    if isinstance(value, list) and len(value) < 10:
        return [filled(one, things, number) for one in value]
    if isinstance(value, str):
        return things.get(value, value.replace("NEW", str(number)))
    return value


@st.composite
def calls(draw, good, shape):
    """Any parameters, or good ones with up to three members changed, added or left out."""
    if good is None or draw(st.integers(0, 3)) == 0:
        return draw(made(shape))
    params = dict(good)
    names = sorted(shape.members)
    if not names:
        return params
    some = st.sampled_from(names)
    for member in draw(st.lists(some, max_size=draw(st.integers(0, 3)), unique=True)):
        if member in params and draw(st.integers(0, 4)) == 0:
            del params[member]
        else:
            params[member] = draw(made(shape.members[member], member, 1))
    return params


def allowed(common, operation_model, error):
    """An error is one that the service has, and says something."""
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    modelled = {shape.error_code or shape.name for shape in operation_model.error_shapes}
    assert code in modelled | common | {"NotImplemented"}, (code, error)
    assert (code == "NotImplemented") == (status == 501), error
    assert code == "ResourceNotFound" or error.response["Error"]["Message"], error


def answered(client, model, name, params, common):
    """Make a call: "good", "error" or, by botocore itself, "refused"."""
    try:
        answer = client._make_api_call(name, params)
    except (
        ParamValidationError,
        InvalidEndpointConfigurationError,
        MissingDependencyException,  # an EndpointId makes botocore sign with awscrt
    ):
        return "refused"
    except ClientError as error:
        allowed(common, model, error)
        return "error"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] // 100 == 2
    return "good"


@cache
def service_model(service):
    """A session of its own for each check would look through all of botocore's models each time."""
    return get_session().get_service_model(service)


def check(fuzzed, name, examples=14):
    """Call one operation with anything: every call is answered, and the lab lives on."""
    model = service_model(fuzzed.service).operation_model(name)
    with labkit.Lab() as lab:
        client, cloudwatch = lab.client(fuzzed.service), lab.client("cloudwatch")
        cloudwatch.put_metric_data(
            Namespace="Kept", MetricData=[{"MetricName": "kept", "Value": 1.5}]
        )
        cloudwatch.put_metric_alarm(
            AlarmName="kept", Namespace="Kept", MetricName="kept", Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        things = fuzzed.prepare(lab)
        counts = {"good": 0, "error": 0, "refused": 0}

        def kept():
            got = cloudwatch.get_metric_statistics(
                Namespace="Kept", MetricName="kept", StartTime=NOW, EndTime=NOW.replace(minute=1),
                Period=60, Statistics=["Maximum"],
            )  # fmt: skip
            return [p for p in got["Datapoints"] if p["Maximum"] >= 1.5]

        good = fuzzed.good.get(name)
        shape = model.input_shape
        if shape is None or (good is None and not shape.required_members):
            good = {}

        @settings(
            max_examples=examples, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(calls(good, shape) if shape is not None else st.just({}))
        def random(params):
            one(params)

        def one(params):
            if name in fuzzed.first:
                fuzzed.first[name](lab, things)
            params = filled(params, things, sum(counts.values()))
            told = answered(client, model, name, params, fuzzed.common)
            counts[told] += 1
            if told == "good" and SPENDS.match(name):
                things.update(fuzzed.prepare(lab))
            if fuzzed.service == "cloudwatch":
                assert kept()

        for _ in range(3):  # it is no test if nothing gets through
            one(good)
        assert counts["good"] == 3, counts
        if shape is not None:
            random()
        assert kept()
        before = lab.now
        lab.advance(minutes=30)  # whatever was stored can also be lived with
        assert lab.now - before == timedelta(minutes=30)
        assert cloudwatch.describe_alarms(MaxRecords=100)["ResponseMetadata"]
        assert cloudwatch.describe_alarm_history()["ResponseMetadata"]
        assert len(lab.digest()) == 32
