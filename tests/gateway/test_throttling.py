"""Throttled operations: AWS's own error, boto3's own retries, virtual back-off."""

import json
import random
from datetime import timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.retries.standard import ThrottledRetryableChecker
from botocore.session import get_session

import labkit
from labkit.gateway import aws_cli
from labkit.gateway.throttling import Throttle, throttling_error
from labkit.serve import Service
from labkit.services import BACKED, LATER, operations

PUT = {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.0}]}
SECOND = 1_000_000


# -- the bucket -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rate", "burst", "at", "admitted"),
    [
        (1, 1, "0 0.5 1 1.5 2", "+-+-+"),
        (2, 2, "0 0 0 0.5 0.9 1", "++-+-+"),
        (0, 3, "0 0 0 0 9999", "+++--"),
        (0.5, 1, "0 1 2 3.9 4", "+-+-+"),
        (10, 1, "0 100 100", "++-"),  # what is not used is not saved beyond the burst
        (1, 0, "0 100", "--"),
    ],
)
def test_a_token_bucket(rate, burst, at, admitted):
    bucket = Throttle(rate, burst, 0, unlimited=False)
    got = [bucket.admits(int(float(moment) * SECOND)) for moment in at.split()]
    assert "".join("+" if one else "-" for one in got) == admitted


def test_the_next_calls_are_refused_and_then_none():
    bucket = Throttle(0, 1, 2, unlimited=True)
    assert [bucket.admits(0) for _ in range(4)] == [False, False, True, True]


# -- the error ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("cloudwatch", "PutMetricData", "Throttling", 400),
        ("logs", "StartQuery", "ThrottlingException", 400),
        ("cloudtrail", "LookupEvents", "ThrottlingException", 400),
        ("events", "PutEvents", "ThrottlingException", 400),
        ("scheduler", "CreateSchedule", "ThrottlingException", 429),
        ("synthetics", "CreateCanary", "TooManyRequestsException", 429),
        ("xray", "PutTraceSegments", "ThrottledException", 429),
        ("ec2", "DescribeInstances", "RequestLimitExceeded", 503),
        ("s3", "PutObject", "SlowDown", 503),
        ("sqs", "SendMessage", "RequestThrottled", 403),
        ("sns", "CreateTopic", "Throttling", 400),
        ("sts", "AssumeRole", "Throttling", 400),
        ("iam", "CreateUser", "Throttling", 400),
        ("lambda", "Invoke", "TooManyRequestsException", 429),
    ],
)
def test_each_service_words_it_its_own_way(service, operation, code, status):
    error = throttling_error(get_session().get_service_model(service).operation_model(operation))
    assert (error.code, error.status) == (code, status)


SERVICES = sorted({service for service, _ in operations()} | BACKED | set(LATER))


@pytest.mark.parametrize("service", SERVICES)
def test_botocore_takes_each_for_throttling(service):
    """As botocore's standard mode reads it; SNS's own modelled "Throttled" is known by status."""
    model = get_session().get_service_model(service)
    codes = ThrottledRetryableChecker._THROTTLED_ERROR_CODES
    for name in model.operation_names:
        error = throttling_error(model.operation_model(name))
        assert error.code in codes or error.status == 429, (name, error)


# -- boto3's retries ------------------------------------------------------------------------------
MODES = ["legacy", "standard", "adaptive"]


def client_of(lab, mode, attempts, name="cloudwatch"):
    return lab.client(name, config=Config(retries={"mode": mode, "total_max_attempts": attempts}))


@pytest.mark.parametrize("mode", MODES)
def test_boto3_retries_until_it_is_let_in_and_time_passes(lab, mode):
    cloudwatch = client_of(lab, mode, 5)
    lab.throttle("cloudwatch", "PutMetricData", calls=2)
    before = lab.now
    answer = cloudwatch.put_metric_data(**PUT)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert lab.now - before > timedelta(milliseconds=4)  # three calls take three
    assert cloudwatch.put_metric_data(**PUT)["ResponseMetadata"]["RetryAttempts"] == 0
    (metric,) = cloudwatch.list_metrics()["Metrics"]
    assert metric["MetricName"] == "m"


@pytest.mark.parametrize(("mode", "told"), [(mode, "reached max retries: 2") for mode in MODES])
def test_the_last_refusal_is_awss_error_in_botocores_words(lab, mode, told):
    cloudwatch = client_of(lab, mode, 3)
    lab.throttle("cloudwatch", "PutMetricData", rate=0, burst=0)
    seen = lab.dispatch.seen
    with pytest.raises(ClientError) as raised:
        cloudwatch.put_metric_data(**PUT)
    text = str(raised.value)
    assert "(Throttling)" in text and "Rate exceeded" in text and told in text
    metadata = raised.value.response["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (400, 2)
    assert lab.dispatch.seen - seen == 3


@pytest.mark.parametrize(
    ("service", "operation", "method", "params", "code"),
    [
        ("ec2", "DescribeInstances", "describe_instances", {}, "RequestLimitExceeded"),
        ("s3", "CreateBucket", "create_bucket", {"Bucket": "teapot"}, "SlowDown"),
        ("sqs", "CreateQueue", "create_queue", {"QueueName": "q"}, "RequestThrottled"),
        ("sns", "CreateTopic", "create_topic", {"Name": "t"}, "Throttling"),
        ("cloudtrail", "LookupEvents", "lookup_events", {}, "ThrottlingException"),
        ("sts", "GetCallerIdentity", "get_caller_identity", {}, "Throttling"),
    ],
)
def test_every_protocol_is_refused_and_then_answered(lab, service, operation, method, params, code):
    lab.throttle(service, operation, calls=1)
    once = client_of(lab, "standard", 1, service)
    with pytest.raises(ClientError) as raised:
        getattr(once, method)(**params)
    assert raised.value.response["Error"]["Code"] == code
    lab.throttle(service, operation, calls=1)
    answer = getattr(client_of(lab, "standard", 3, service), method)(**params)
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    lab.throttle(service, operation)
    assert not lab.dispatch.throttles


def test_objects_go_in_and_out_of_a_throttled_bucket(lab):
    lab.throttle("s3", "PutObject", calls=1)
    lab.throttle("s3", "GetObject", calls=1)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="teapot")
    s3.put_object(Bucket="teapot", Key="a b/ü", Body=b"tea" * 999)
    assert s3.get_object(Bucket="teapot", Key="a b/ü")["Body"].read() == b"tea" * 999


def test_a_rate_holds_a_loop_back_to_it(lab):
    lab.throttle("cloudwatch", "PutMetricData", rate=2, burst=1)
    cloudwatch = client_of(lab, "standard", 10)
    before, retries = lab.now, 0
    for _ in range(20):
        retries += cloudwatch.put_metric_data(**PUT)["ResponseMetadata"]["RetryAttempts"]
    assert (lab.now - before).total_seconds() >= 9.5 and retries >= 10


def test_the_adaptive_mode_slows_down_by_itself(lab):
    """The rate limiter holds requests back before they are sent: fewer refusals per call."""
    refused = {}
    for mode in ("standard", "adaptive"):
        with labkit.Lab() as other:
            other.throttle("cloudwatch", "PutMetricData", rate=5, burst=1)
            cloudwatch = client_of(other, mode, 10)
            seen = other.dispatch.seen
            for _ in range(100):
                cloudwatch.put_metric_data(**PUT)
            refused[mode] = other.dispatch.seen - seen - 100
    assert refused["adaptive"] < refused["standard"] / 1.5, refused


def test_a_client_without_credentials_and_one_made_before_the_lab(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bare = boto3.Session().client("cloudwatch", region_name="eu-west-1")
    with labkit.Lab() as lab:
        lab.throttle("cloudwatch", "PutMetricData", calls=1)
        assert bare.put_metric_data(**PUT)["ResponseMetadata"]["RetryAttempts"] == 1
        there = lab.client("cloudwatch", region_name="eu-west-1").list_metrics()["Metrics"]
        assert len(there) == 1


def test_a_lab_that_is_not_active_waits_in_its_own_time():
    with labkit.Lab(active=False) as lab:
        lab.throttle("cloudwatch", "PutMetricData", calls=3)
        before = lab.now
        cloudwatch = client_of(lab, "standard", 5)
        assert cloudwatch.put_metric_data(**PUT)["ResponseMetadata"]["RetryAttempts"] == 3
        assert lab.now - before > timedelta(milliseconds=100)


def test_the_pauses_are_the_same_in_every_run_and_leave_the_processs_chance_alone():
    instants, drawn = [], []
    for _ in range(2):
        random.seed(7)
        with labkit.Lab() as lab:
            lab.throttle("cloudwatch", "PutMetricData", calls=3)
            client_of(lab, "legacy", 5).put_metric_data(**PUT)
            instants.append(lab.now)
        drawn.append(random.random())
    random.seed(7)
    assert instants[0] == instants[1] and drawn == [random.random()] * 2


def test_an_identity_that_may_not_is_still_itself(lab):
    lab.throttle("cloudwatch", "PutMetricData", calls=1)
    with pytest.raises(ClientError, match=r"AccessDenied.*user/auditor"):
        lab.user("auditor").client("cloudwatch").put_metric_data(**PUT)


# -- journal, records, replay ---------------------------------------------------------------------
def test_it_is_journaled_recorded_and_replayed(lab):
    lab.throttle("sns", "CreateTopic", calls=2)
    boto3.client("sns").create_topic(Name="t")
    entries = [(e.name, e.error) for e in lab.world.journal]
    assert entries == [
        ("throttle", ""), ("sns:CreateTopic", "Throttling"), ("sns:CreateTopic", "Throttling"),
        ("sns:CreateTopic", ""),
    ]  # fmt: skip
    again = lab.replay()
    try:
        assert again.errors == [] and again.digest() == lab.digest()
    finally:
        again.close()
    events = lab.client("cloudtrail").lookup_events()["Events"]
    told = [json.loads(event["CloudTrailEvent"]).get("errorCode") for event in events]
    assert told.count("Throttling") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("cloudwatch", "PutMetric"), "did you mean 'PutMetricData'"),
        (("cloudwach", "PutMetricData"), "did you mean 'cloudwatch'"),
        (("cloudwatch", "put_metric_data"), "as in AWS's API"),
    ],
)
def test_an_operation_that_is_none_is_said(lab, arguments, told):
    with pytest.raises(labkit.LabError, match=told):
        lab.throttle(*arguments, calls=1)


@pytest.mark.parametrize(
    "figures",
    [{"rate": -1}, {"rate": "2"}, {"rate": float("nan")}, {"calls": 1.5}, {"calls": True},
     {"burst": 3}, {"rate": 1, "burst": -1}],
)  # fmt: skip
def test_figures_that_make_no_sense_change_nothing(lab, figures):
    lab.throttle("cloudwatch", "PutMetricData", calls=1)
    with pytest.raises(labkit.LabError):
        lab.throttle("cloudwatch", "PutMetricData", **figures)
    assert lab.dispatch.throttles.table()[0]["calls"] == 1


# -- the other doors ------------------------------------------------------------------------------
def test_the_cli_in_the_kernel_retries(lab):
    lab.throttle("sns", "CreateTopic", calls=1)
    assert json.loads(aws_cli.run("sns create-topic --name t").text)["TopicArn"].endswith(":t")
    lab.throttle("sns", "CreateTopic", rate=0, burst=0)
    ran = aws_cli.run("sns create-topic --name t")
    assert ran.status != 0 and "(Throttling)" in ran.text and "Rate exceeded" in ran.text


def test_over_http_it_is_the_same_error(monkeypatch):
    import urllib.request

    with labkit.Lab(active=False) as lab, Service(lab) as service:
        wish = {"service": "sqs", "operation": "CreateQueue", "calls": 1}
        request = urllib.request.Request(
            f"{service.url}/_labkit/throttle", data=json.dumps(wish).encode()
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            (told,) = json.load(answer)["throttled"]
        assert told["calls"] == 1
        key = lab.identities.learner().access_key_id
        sqs = boto3.client(
            "sqs", endpoint_url=service.url, region_name="us-east-1", aws_access_key_id=key,
            aws_secret_access_key="x", config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip
        with pytest.raises(ClientError) as raised:
            sqs.create_queue(QueueName="q")
        error = raised.value.response
        assert error["Error"]["Code"] == "RequestThrottled"
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.close()
