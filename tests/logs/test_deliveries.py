"""Vended logs: the log of an event bus, into a group, a bucket, Firehose and another account."""

import gzip
import io
import json

import pytest
from botocore.exceptions import ClientError
from buskit import BUS, Queue, put, role, rule
from logskit import ACCOUNT, group

OTHER = "222222222222"


@pytest.fixture
def logs(lab):
    return group(lab, "/aws/vendedlogs/bus")


@pytest.fixture
def queue(lab):
    made = Queue(lab)
    rule(lab.client("events"), {"source": ["shop"]}, made.arn)
    return made


def source(logs, log_type="INFO_LOGS", name="bus"):
    return logs.put_delivery_source(name=name, resourceArn=BUS, logType=log_type)


def target(logs, arn, name="there", **more):
    made = logs.put_delivery_destination(
        name=name, deliveryDestinationConfiguration={"destinationResourceArn": arn}, **more
    )
    return made["deliveryDestination"]["arn"]


def group_arn(name="/aws/vendedlogs/bus", account=ACCOUNT):
    return f"arn:aws:logs:us-east-1:{account}:log-group:{name}"


def deliver(logs, arn, name="bus", **more):
    made = logs.create_delivery(deliverySourceName=name, deliveryDestinationArn=arn, **more)
    return made["delivery"]


def lines(logs):
    return [
        e["message"] for e in logs.filter_log_events(logGroupName="/aws/vendedlogs/bus")["events"]
    ]


def test_a_log_group_gets_what_became_of_each_event(lab, logs, queue):
    source(logs)
    source(logs, "ERROR_LOGS", "errors")
    arn = target(logs, group_arn())
    deliver(logs, arn)
    deliver(logs, arn, "errors")
    put(lab.client("events"))
    (line,) = lines(logs)
    told = json.loads(line)
    assert (told["message_type"], told["log_level"]) == ("INVOCATION_SUCCESS", "INFO")
    assert told["resource_arn"] == BUS and told["details"]["target_arn"] == queue.arn
    queue.let_in("nobody.amazonaws.com")
    put(lab.client("events"))
    told = json.loads(lines(logs)[1])
    assert (told["message_type"], told["log_level"]) == ("INVOCATION_FAILURE", "ERROR")
    assert told["error"]["aws_service"] == "sqs"


def test_a_bucket_gets_a_file_every_five_minutes(lab, logs, queue):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="bus-logs")
    source(logs)
    arn = target(logs, "arn:aws:s3:::bus-logs/folder", outputFormat="w3c")
    with pytest.raises(ClientError, match="does not let delivery"):
        deliver(logs, arn)
    allowed = {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
               "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bus-logs/*",
               "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}  # fmt: skip
    s3.put_bucket_policy(
        Bucket="bus-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    )
    fields = ["resource_arn", "message_timestamp_ms", "message_type", "log_level"]
    deliver(
        logs, arn, recordFields=fields, fieldDelimiter=",",
        s3DeliveryConfiguration={"suffixPath": "{region}/{yyyy}", "enableHiveCompatiblePath": True},
    )  # fmt: skip
    put(lab.client("events"))
    put(lab.client("events"))
    lab.advance(minutes=5)
    (row,) = s3.list_objects_v2(Bucket="bus-logs")["Contents"]
    assert row["Key"].startswith("folder/AWSLogs/region=us-east-1/year=2026/20260105T0905Z_")
    body = s3.get_object(Bucket="bus-logs", Key=row["Key"])["Body"].read()
    head, names, first, second = gzip.decompress(body).decode().splitlines()
    assert head == "#Version: 1.0" and names == f"#Fields: {' '.join(fields)}"
    assert first.split(",")[2:] == second.split(",")[2:] == ["INVOCATION_SUCCESS", "INFO"]


@pytest.mark.long
def test_parquet_can_be_read(lab, logs, queue):
    import pyarrow.parquet as pq

    s3 = lab.client("s3")
    s3.create_bucket(Bucket="bus-logs")
    allowed = {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
               "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bus-logs/*"}  # fmt: skip
    s3.put_bucket_policy(
        Bucket="bus-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    )
    source(logs)
    deliver(logs, target(logs, "arn:aws:s3:::bus-logs", outputFormat="parquet"))
    put(lab.client("events"))
    lab.advance(minutes=5)
    (row,) = s3.list_objects_v2(Bucket="bus-logs")["Contents"]
    body = s3.get_object(Bucket="bus-logs", Key=row["Key"])["Body"].read()
    (told,) = pq.read_table(io.BytesIO(body)).to_pylist()
    assert told["message_type"] == "INVOCATION_SUCCESS"


@pytest.mark.long
def test_firehose_gets_lines(lab, logs, queue):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="the-lake")
    arn = lab.client("firehose").create_delivery_stream(
        DeliveryStreamName="bus",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role(lab, "deliver", service="firehose.amazonaws.com"),
            "BucketARN": "arn:aws:s3:::the-lake",
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
        },
    )["DeliveryStreamARN"]
    lab.advance(minutes=1)
    source(logs)
    deliver(logs, target(logs, arn, outputFormat="raw"))
    put(lab.client("events"))
    lab.advance(minutes=2)
    (row,) = s3.list_objects_v2(Bucket="the-lake")["Contents"]
    body = s3.get_object(Bucket="the-lake", Key=row["Key"])["Body"].read()
    assert json.loads(body)["message_type"] == "INVOCATION_SUCCESS"


def test_another_accounts_destination_must_allow_it(lab, logs, queue):
    theirs = group(lab, "/aws/vendedlogs/bus", account_id=OTHER)
    arn = target(theirs, group_arn(account=OTHER))
    source(logs)
    with pytest.raises(ClientError, match="not authorized to perform: logs:CreateDelivery"):
        deliver(logs, arn)
    allowed = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "logs:CreateDelivery",
               "Resource": arn}  # fmt: skip
    theirs.put_delivery_destination_policy(
        deliveryDestinationName="there",
        deliveryDestinationPolicy=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    deliver(logs, arn)
    put(lab.client("events"))
    assert len(lines(theirs)) == 1 and lines(logs) == []
    with pytest.raises(ClientError, match="ConflictException"):
        theirs.delete_delivery_destination(name="there")


def test_what_is_refused(lab, logs):
    def refused(code, text, call, *given, **more):
        with pytest.raises(ClientError, match=text) as problem:
            call(*given, **more)
        assert problem.value.response["Error"]["Code"] == code

    refused("ValidationException", "not a log type", source, logs, "ACCESS_LOGS")
    refused(
        "NotImplemented",
        "not vended in a lab",
        logs.put_delivery_source,
        name="c",
        resourceArn=f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
        logType="ACCESS_LOGS",
    )
    source(logs)
    refused("ConflictException", "has the delivery source bus", source, logs, name="again")
    refused(
        "ResourceNotFoundException",
        "Requested Delivery Destination does not exist",
        deliver,
        logs,
        f"arn:aws:logs:us-east-1:{ACCOUNT}:delivery-destination:gone",
    )
    arn = target(logs, group_arn())
    refused(
        "ConflictException", "can't be changed", target, logs, group_arn(), outputFormat="plain"
    )
    refused(
        "ValidationException",
        "recordFields must have",
        deliver,
        logs,
        arn,
        recordFields=["message_type"],
    )
    made = deliver(logs, arn)
    assert made["deliveryDestinationType"] == "CWL"
    refused("ConflictException", "has a delivery of the type CWL", deliver, logs, arn)
    refused("ConflictException", "has deliveries", logs.delete_delivery_source, name="bus")
    logs.delete_delivery(id=made["id"])
    logs.delete_delivery_source(name="bus")
    assert logs.describe_delivery_sources()["deliverySources"] == []


def test_templates_say_what_there_is(logs):
    told = logs.describe_configuration_templates(deliveryDestinationTypes=["S3"])
    rows = told["configurationTemplates"]
    assert {row["logType"] for row in rows} == {"ERROR_LOGS", "INFO_LOGS", "TRACE_LOGS"}
    assert "parquet" in rows[0]["allowedOutputFormats"]
