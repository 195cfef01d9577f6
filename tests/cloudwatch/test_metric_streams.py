"""Metric streams: what comes is in Firehose a minute later, then in S3, in three formats."""

import json
import struct
from datetime import timedelta
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError
from machines import launch

SERVICE = "streams.metrics.cloudwatch.amazonaws.com"
BUCKET = "metrics-1"


def role(lab, name, service, action):
    iam = lab.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": action, "Resource": "*"}

    def document(statement):
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow))
    return made["Role"]["Arn"]


class Lake:
    """A bucket, a delivery stream into it, and metric streams into that."""

    def __init__(self, lab):
        self.lab, self.client = lab, lab.client("cloudwatch")
        self.s3 = lab.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.arn = lab.client("firehose").create_delivery_stream(
            DeliveryStreamName="metrics",
            ExtendedS3DestinationConfiguration={
                "RoleARN": role(lab, "to-s3", "firehose.amazonaws.com", "s3:PutObject"),
                "BucketARN": f"arn:aws:s3:::{BUCKET}",
                "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
            },
        )["DeliveryStreamARN"]
        self.role = role(lab, "to-firehose", SERVICE, "firehose:PutRecord")
        lab.advance(seconds=60 - lab.now.second)
        self.start = lab.now

    def stream(self, name="all", **more):
        more = {
            "FirehoseArn": self.arn, "RoleArn": self.role, "OutputFormat": "json",
            "IncludeFilters": [{"Namespace": "Shop"}], **more,
        }  # fmt: skip
        return self.client.put_metric_stream(Name=name, **more)["Arn"]

    def put(self, *values, name="Orders", unit="Count", **more):
        self.client.put_metric_data(
            Namespace=more.pop("namespace", "Shop"),
            MetricData=[
                {"MetricName": name, "Value": value, "Unit": unit,
                 "Dimensions": [{"Name": "Service", "Value": "a"}], **more}
                for value in values
            ],
        )  # fmt: skip

    def bytes(self):
        self.lab.advance(minutes=3)
        listed = self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return b"".join(
            self.s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in listed
        )

    def records(self):
        return [json.loads(line) for line in self.bytes().splitlines()]


@pytest.fixture
def lake(lab):
    return Lake(lab)


def refused(call, **parameters):
    with pytest.raises(ClientError) as problem:
        call(**parameters)
    return problem.value.response["Error"]["Code"]


def test_a_minute_becomes_a_record_in_s3(lake):
    lake.stream()
    at = lake.lab.now
    lake.put(1.0, 5.0, 3.0)
    [record] = lake.records()
    minute = at.replace(second=0, microsecond=0)
    assert record == {
        "metric_stream_name": "all",
        "account_id": "123456789012",
        "region": "us-east-1",
        "namespace": "Shop",
        "metric_name": "Orders",
        "dimensions": {"Service": "a"},
        "timestamp": int(minute.timestamp() * 1000),
        "value": {"count": 3.0, "sum": 9.0, "max": 5.0, "min": 1.0},
        "unit": "Count",
    }


def test_every_minute_is_sent_once_and_again_when_it_changes(lake):
    lake.stream()
    at = lake.lab.now
    lake.put(1.0)
    lake.lab.advance(minutes=2)
    lake.put(2.0, Timestamp=at)
    lake.lab.advance(minutes=2)
    lake.put(7.0)
    values = [one["value"]["sum"] for one in lake.records()]
    assert values == [1.0, 3.0, 7.0]


def test_filters(lake):
    lake.stream(IncludeFilters=[{"Namespace": "Shop", "MetricNames": ["Orders"]}])
    lake.put(1.0)
    lake.put(2.0, name="Errors")
    lake.put(3.0, namespace="Other")
    assert [one["metric_name"] for one in lake.records()] == ["Orders"]


def test_excluding_takes_the_rest(lake):
    lake.stream(
        IncludeFilters=[],
        ExcludeFilters=[{"Namespace": "Shop", "MetricNames": ["Errors"]}, {"Namespace": "Other"},
                        {"Namespace": "AWS/Firehose"}],
    )  # fmt: skip
    lake.put(1.0)
    lake.put(2.0, name="Errors")
    lake.put(3.0, namespace="Other")
    found = {(one["namespace"], one["metric_name"]) for one in lake.records()}
    assert ("Shop", "Orders") in found
    assert not found & {("Shop", "Errors"), ("Other", "Orders")}
    assert ("AWS/CloudWatch/MetricStreams", "MetricUpdate") in found


def test_additional_statistics(lake):
    lake.stream(
        StatisticsConfigurations=[
            {"IncludeMetrics": [{"Namespace": "Shop", "MetricName": "Orders"}],
             "AdditionalStatistics": ["p99", "TM(25%:75%)"]}
        ]
    )  # fmt: skip
    lake.put(1.0, 2.0, 3.0, 100.0)
    lake.put(4.0, name="Errors")
    by_name = {one["metric_name"]: one["value"] for one in lake.records()}
    assert by_name["Orders"]["p99"] == 100.0
    assert by_name["Orders"]["TM(25%:75%)"] == 2.5
    assert set(by_name["Errors"]) == {"count", "sum", "max", "min"}


def test_machines_are_streamed_too(lake):
    machine = launch(lake.lab.client("ec2"))
    lake.stream(IncludeFilters=[{"Namespace": "AWS/EC2", "MetricNames": ["CPUUtilization"]}])
    lake.lab.advance(minutes=17)
    records = lake.records()
    assert {one["dimensions"]["InstanceId"] for one in records} == {machine}
    stamps = [one["timestamp"] for one in records]
    assert len(stamps) >= 3
    assert {b - a for a, b in pairwise(stamps)} == {300_000}
    answer = lake.client.get_metric_statistics(
        Namespace="AWS/EC2", MetricName="CPUUtilization", Period=60, Statistics=["Average"],
        Dimensions=[{"Name": "InstanceId", "Value": machine}],
        StartTime=lake.start - timedelta(minutes=10), EndTime=lake.lab.now,
    )  # fmt: skip
    points = {int(p["Timestamp"].timestamp() * 1000): p["Average"] for p in answer["Datapoints"]}
    for one in records:
        assert one["value"]["sum"] == points[one["timestamp"]]


def test_what_is_there_already_is_not_sent(lake):
    lake.put(1.0)
    lake.lab.advance(minutes=1)
    lake.stream()
    lake.put(2.0)
    assert [one["value"]["sum"] for one in lake.records()] == [2.0]


def test_stopped_streams_send_nothing_and_fill_nothing_up(lake):
    lake.stream()
    lake.client.stop_metric_streams(Names=["all"])
    assert lake.client.get_metric_stream(Name="all")["State"] == "stopped"
    lake.put(1.0)
    lake.lab.advance(minutes=2)
    lake.client.start_metric_streams(Names=["all"])
    lake.lab.advance(minutes=2)
    lake.put(2.0)
    assert [one["value"]["sum"] for one in lake.records()] == [2.0]


def test_stopped_and_started_within_a_minute_sends_once(lake):
    lake.stream()
    lake.client.stop_metric_streams(Names=["all"])
    lake.client.start_metric_streams(Names=["all"])
    lake.put(1.0)
    assert len(lake.records()) == 1


def test_a_change_leaves_the_state_and_counts_at_once(lake):
    arn = lake.stream()
    lake.client.stop_metric_streams(Names=["all"])
    assert lake.stream(IncludeFilters=[{"Namespace": "Other"}]) == arn
    got = lake.client.get_metric_stream(Name="all")
    assert got["State"] == "stopped"
    assert got["IncludeFilters"] == [{"Namespace": "Other"}]
    assert got["IncludeLinkedAccountsMetrics"] is False
    assert got["LastUpdateDate"] > got["CreationDate"]


def test_a_deleted_stream_is_gone_and_silent(lake):
    lake.stream()
    lake.put(1.0)
    lake.client.delete_metric_stream(Name="all")
    lake.client.delete_metric_stream(Name="all")
    assert lake.records() == []
    assert lake.client.list_metric_streams()["Entries"] == []
    assert refused(lake.client.get_metric_stream, Name="all") == "ResourceNotFoundException"


def test_a_role_that_may_not_shows_in_the_streams_own_metric(lake):
    lake.stream(RoleArn=role(lake.lab, "weak", SERVICE, "s3:GetObject"))
    lake.put(1.0)
    assert lake.records() == []
    answer = lake.client.get_metric_statistics(
        Namespace="AWS/CloudWatch/MetricStreams", MetricName="PublishErrorRate", Period=60,
        Dimensions=[{"Name": "MetricStreamName", "Value": "all"}], Statistics=["Maximum"],
        StartTime=lake.start, EndTime=lake.lab.now,
    )  # fmt: skip
    assert [one["Maximum"] for one in answer["Datapoints"]] == [1.0]


def test_the_list_in_pages(lake):
    for name in ("b", "a", "c"):
        lake.stream(name)
    first = lake.client.list_metric_streams(MaxResults=2)
    assert [one["Name"] for one in first["Entries"]] == ["a", "b"]
    rest = lake.client.list_metric_streams(MaxResults=2, NextToken=first["NextToken"])
    assert [one["Name"] for one in rest["Entries"]] == ["c"]
    assert refused(lake.client.start_metric_streams, Names=["a", "x"]) == "InvalidParameterValue"


BAD = [
    ({"IncludeFilters": [{"Namespace": "A"}], "ExcludeFilters": [{"Namespace": "B"}]},
     "InvalidParameterCombination"),
    ({"IncludeFilters": [{"Namespace": "A", "MetricNames": [f"m{n}" for n in range(1000)]}]},
     "InvalidParameterValue"),
    ({"FirehoseArn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/x"},
     "InvalidParameterValue"),
    ({"RoleArn": "arn:aws:iam::123456789012:user/x"}, "InvalidParameterValue"),
    ({"OutputFormat": "xml"}, "ValidationError"),
    ({"OutputFormat": "opentelemetry1.0", "StatisticsConfigurations": [
        {"IncludeMetrics": [{"Namespace": "A", "MetricName": "b"}],
         "AdditionalStatistics": ["tm90"]}]}, "InvalidParameterValue"),
    ({"StatisticsConfigurations": [
        {"IncludeMetrics": [{"Namespace": "A", "MetricName": "b"}],
         "AdditionalStatistics": ["p200"]}]}, "InvalidParameterValue"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code"), BAD)
def test_refused(cloudwatch, change, code):
    given = {
        "Name": "s", "OutputFormat": "json", "RoleArn": "arn:aws:iam::123456789012:role/r",
        "FirehoseArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/d", **change,
    }  # fmt: skip
    assert refused(cloudwatch.put_metric_stream, **given) == code


def test_updates_and_dashboards_are_on_the_bill(lake):
    lake.stream()
    lake.put(1.0)
    lake.records()
    lake.client.put_dashboard(DashboardName="d", DashboardBody='{"widgets": []}')
    lake.lab.advance(hours=2)
    told = str(lake.lab.bill())
    assert "metric stream" in told
    assert "dashboards" in told


def test_a_day_at_once_equals_a_day_in_pieces(lab):
    import labkit

    def world(steps):
        with labkit.Lab(active=False) as one:
            lake = Lake(one)
            launch(one.client("ec2"))
            lake.stream(IncludeFilters=[{"Namespace": "AWS/EC2"}])
            for hours in steps:
                one.advance(hours=hours)
            return one.digest(), [r["value"] for r in lake.records()]

    assert world([2]) == world([0.5, 1.2, 0.3])


# -- OpenTelemetry, read back by a reader that knows only the wire format
def fields(data):
    """(number, value) of a message's fields: bytes, or a number of eight bytes as bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        size = varint() if key & 7 == 2 else 8
        yield key >> 3, data[at : at + size]
        at += size


def messages(stream):
    """The messages of a stream, each with its length before it."""
    at = 0
    while at < len(stream):
        size = shift = 0
        while True:
            byte = stream[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield stream[at : at + size]
        at += size


def one(data, *path):
    for number in path:
        data = next(value for field, value in fields(data) if field == number)
    return data


def pairs(items):
    return {one(item, 1).decode(): one(item, 2) for item in items}


def every(data, number):
    return [value for field, value in fields(data) if field == number]


def real(data):
    return struct.unpack("<d", data)[0]


@pytest.mark.parametrize("form", ["opentelemetry0.7", "opentelemetry1.0"])
def test_opentelemetry(lake, form):
    arn = lake.stream(
        OutputFormat=form,
        StatisticsConfigurations=[
            {"IncludeMetrics": [{"Namespace": "Shop", "MetricName": "Orders"}],
             "AdditionalStatistics": ["p90"]}
        ],
    )  # fmt: skip
    at = lake.lab.now.replace(second=0, microsecond=0)
    lake.put(*map(float, range(1, 11)), unit="Bytes/Second")
    [request] = messages(lake.bytes())
    resource = one(request, 1, 1)
    about = {key: one(value, 1).decode() for key, value in pairs(every(resource, 1)).items()}
    assert about == {
        "cloud.provider": "aws", "cloud.account.id": "123456789012", "cloud.region": "us-east-1",
        "aws.exporter.arn": arn,
    }  # fmt: skip
    metric = one(request, 1, 2, 2)
    assert one(metric, 1) == b"amazonaws.com/Shop/Orders"
    assert one(metric, 3) == b"By/s"
    point = one(metric, 11, 1)
    start, end, count = (struct.unpack("<Q", one(point, number))[0] for number in (2, 3, 4))
    assert start == int(at.timestamp()) * 10**9
    assert (end - start, count, real(one(point, 5))) == (60 * 10**9, 10, 55.0)
    quantiles = [tuple(real(v) for _, v in fields(q)) for q in every(point, 6)]
    assert quantiles == [(1.0,), (0.9, 9.0), (1.0, 10.0)]  # quantile 0 is not written
    if form == "opentelemetry0.7":
        labels = {key: value.decode() for key, value in pairs(every(point, 1)).items()}
        assert labels == {"Namespace": "Shop", "MetricName": "Orders", "Service": "a"}
    else:
        named = pairs(every(point, 7))
        assert one(named["MetricName"], 1) == b"Orders"
        inside = one(named["Dimensions"], 6)
        assert {k: one(v, 1) for k, v in pairs(every(inside, 1)).items()} == {"Service": b"a"}
