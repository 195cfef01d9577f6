"""Firehose: buffering on the clock, names of objects, a Kinesis source, roles, metrics."""

import gzip
import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError
from emitted import Emitted, allow, document, role

BUCKET = "lake-1"


@pytest.fixture
def s3(lab):
    client = lab.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def firehose(lab, s3):
    return lab.client("firehose")


def create(lab, name="orders", role_arn=None, source=None, **settings):
    firehose = lab.client("firehose")
    role_arn = role_arn or role(lab, f"to-{name}", "firehose.amazonaws.com", "s3:PutObject")
    more = {}
    if source:
        more = {
            "DeliveryStreamType": "KinesisStreamAsSource",
            "KinesisStreamSourceConfiguration": source,
        }
    firehose.create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            "RoleARN": role_arn,
            "BucketARN": f"arn:aws:s3:::{BUCKET}",
            **settings,
        },
        **more,
    )
    lab.advance(seconds=20)
    return role_arn


def objects(s3):
    listed = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {
        item["Key"]: s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read() for item in listed
    }


def put(firehose, *texts, name="orders"):
    records = [{"Data": text.encode()} for text in texts]
    return firehose.put_record_batch(DeliveryStreamName=name, Records=records)


def test_a_buffer_is_delivered_when_its_interval_is_over(lab, s3, firehose):
    create(lab, Prefix="logs/", BufferingHints={"IntervalInSeconds": 60, "SizeInMBs": 1})
    put(firehose, "one\n")
    begun = lab.now
    lab.advance(seconds=30)
    put(firehose, "two\n")
    lab.advance(seconds=29)
    assert objects(s3) == {}
    lab.advance(seconds=2)
    ((key, body),) = objects(s3).items()
    assert body == b"one\ntwo\n"
    # logs/2026/01/05/09/orders-1-2026-01-05-09-00-20-<uuid>: times of the oldest record
    stamp = f"{begun:%Y-%m-%d-%H-%M-%S}"
    assert (
        key.startswith(f"logs/2026/01/05/09/orders-1-{stamp}-")
        and len(key) == len(f"logs/2026/01/05/09/orders-1-{stamp}-") + 36
    )


def test_or_as_soon_as_it_is_full(lab, s3, firehose):
    create(lab, BufferingHints={"IntervalInSeconds": 900, "SizeInMBs": 1})
    for _ in range(2):
        firehose.put_record(DeliveryStreamName="orders", Record={"Data": b"x" * 600_000})
    lab.advance(seconds=1)
    assert [len(body) for body in objects(s3).values()] == [1_200_000]
    lab.advance(hours=1)  # the interval of the full buffer is over too, and delivers nothing more
    assert len(objects(s3)) == 1


def test_the_default_is_five_minutes(lab, s3, firehose):
    create(lab)
    put(firehose, "x")
    lab.advance(seconds=299)
    assert objects(s3) == {}
    lab.advance(seconds=2)
    assert list(objects(s3).values()) == [b"x"]
    described = firehose.describe_delivery_stream(DeliveryStreamName="orders")
    settings = described["DeliveryStreamDescription"]["Destinations"][0]
    hints = settings["ExtendedS3DestinationDescription"]["BufferingHints"]
    assert hints == {"SizeInMBs": 5, "IntervalInSeconds": 300}


def test_gzip_custom_prefix_and_version(lab, s3, firehose):
    create(
        lab,
        Prefix="y=!{timestamp:yyyy}/m=!{timestamp:MM}/",
        ErrorOutputPrefix="bad/!{firehose:error-output-type}/",
        CompressionFormat="GZIP",
        BufferingHints={"IntervalInSeconds": 60},
    )
    firehose.update_destination(
        DeliveryStreamName="orders",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"BufferingHints": {"IntervalInSeconds": 120}},
    )
    put(firehose, "packed")
    lab.advance(seconds=100)
    assert objects(s3) == {}
    lab.advance(seconds=30)
    ((key, body),) = objects(s3).items()
    assert key.startswith("y=2026/m=01/orders-2-2026-01-05-") and key.endswith(".gz")
    assert gzip.decompress(body) == b"packed"


def test_a_kinesis_source_is_read_from_now_on(lab, s3, firehose):
    kinesis = lab.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="clicks")
    kinesis.put_record(StreamName="clicks", Data=b"before\n", PartitionKey="a")
    reader = role(lab, "reader", "firehose.amazonaws.com", "kinesis:*")
    arn = f"arn:aws:kinesis:us-east-1:{lab.account}:stream/clicks"
    create(
        lab,
        source={"KinesisStreamARN": arn, "RoleARN": reader},
        BufferingHints={"IntervalInSeconds": 60},
    )
    emitted = Emitted(lab)
    for key in "abcd":
        kinesis.put_record(StreamName="clicks", Data=f"{key}\n".encode(), PartitionKey=key)
    lab.advance(seconds=70)
    ((_, body),) = objects(s3).items()
    assert sorted(body.split()) == [b"a", b"b", b"c", b"d"]
    assert sum(emitted.metric("DataReadFromKinesisStream.Records")) == 4
    with pytest.raises(firehose.exceptions.InvalidSourceException):
        put(firehose, "directly")


def test_a_source_that_the_role_may_not_read_is_read_when_it_may(lab, s3, firehose):
    kinesis = lab.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=1)
    lab.advance(seconds=10)
    reader = role(lab, "reader", "firehose.amazonaws.com")
    arn = f"arn:aws:kinesis:us-east-1:{lab.account}:stream/clicks"
    log = {"Enabled": True, "LogGroupName": "/aws/kinesisfirehose/orders", "LogStreamName": "s3"}
    create(
        lab,
        source={"KinesisStreamARN": arn, "RoleARN": reader},
        BufferingHints={"IntervalInSeconds": 60},
        CloudWatchLoggingOptions=log,
    )
    emitted = Emitted(lab)
    kinesis.put_record(StreamName="clicks", Data=b"late", PartitionKey="a")
    lab.advance(minutes=3)
    assert objects(s3) == {}
    assert json.loads(emitted.lines()[0])["errorCode"] == "Kinesis.AccessDenied"
    lab.client("iam").put_role_policy(
        RoleName="reader", PolicyName="may", PolicyDocument=document(allow("kinesis:GetRecords"))
    )
    lab.advance(minutes=3)
    assert list(objects(s3).values()) == [b"late"]


def test_what_the_role_may_not_write_is_tried_again_for_a_day(lab, s3, firehose):
    arn = role(lab, "poor", "firehose.amazonaws.com")
    log = {"Enabled": True, "LogGroupName": "/aws/kinesisfirehose/orders", "LogStreamName": "s3"}
    create(
        lab,
        role_arn=arn,
        BufferingHints={"IntervalInSeconds": 60},
        CloudWatchLoggingOptions=log,
    )
    emitted = Emitted(lab)
    put(firehose, "patient")
    lab.advance(hours=3)
    assert objects(s3) == {}
    told = json.loads(emitted.lines("/aws/kinesisfirehose/orders")[0])
    assert told["errorCode"] == "S3.AccessDenied" and told["destination"].endswith(BUCKET)
    assert set(emitted.metric("DeliveryToS3.Success")) == {0}
    lab.client("iam").put_role_policy(
        RoleName="poor", PolicyName="may", PolicyDocument=document(allow("s3:PutObject"))
    )
    lab.advance(hours=2)
    assert list(objects(s3).values()) == [b"patient"]
    put(firehose, "lost")
    lab.client("iam").delete_role_policy(RoleName="poor", PolicyName="may")
    lab.advance(days=2)
    tries = len(emitted.metric("DeliveryToS3.Success"))
    lab.advance(days=2)
    assert len(emitted.metric("DeliveryToS3.Success")) == tries and len(objects(s3)) == 1


def test_a_bucket_that_is_gone(lab, firehose, s3):
    log = {"Enabled": True, "LogGroupName": "errors", "LogStreamName": "s3"}
    create(lab, BufferingHints={"IntervalInSeconds": 60}, CloudWatchLoggingOptions=log)
    s3.delete_bucket(Bucket=BUCKET)
    emitted = Emitted(lab)
    put(firehose, "x")
    lab.advance(minutes=2)
    assert json.loads(emitted.lines("errors")[0])["errorCode"] == "S3.NoSuchBucket"


def test_deliveries_are_measured(lab, firehose, s3):
    create(lab, BufferingHints={"IntervalInSeconds": 60})
    emitted = Emitted(lab)
    put(firehose, "abc", "de")
    lab.advance(minutes=2)
    for name, values in (
        ("IncomingRecords", [2]),
        ("IncomingBytes", [5]),
        ("DeliveryToS3.Records", [2]),
        ("DeliveryToS3.Bytes", [5]),
        ("DeliveryToS3.Success", [1]),
        ("DeliveryToS3.DataFreshness", [60]),
    ):
        assert emitted.metric(name, DeliveryStreamName="orders") == values, name


LAMBDA = {
    "Enabled": True,
    "Processors": [
        {
            "Type": "Lambda",
            "Parameters": [
                {
                    "ParameterName": "LambdaArn",
                    "ParameterValue": "arn:aws:lambda:us-east-1:123456789012:function:shout",
                }
            ],
        }
    ],
}


def test_a_function_transforms_drops_and_fails_records(lab, firehose, s3):
    import base64

    def shout(arn, payload, principal):
        answers = []
        for record in json.loads(payload)["records"]:
            text = base64.b64decode(record["data"]).decode()
            result = {"drop": "Dropped", "bad": "ProcessingFailed"}.get(text, "Ok")
            data = base64.b64encode(text.upper().encode()).decode()
            answers.append({"recordId": record["recordId"], "result": result, "data": data})
        return True, json.dumps({"records": answers}).encode(), ""

    lab.parts.backing.firehose.function = shout
    create(
        lab,
        BufferingHints={"IntervalInSeconds": 60},
        ProcessingConfiguration=LAMBDA,
        ErrorOutputPrefix="errors/",
    )
    put(firehose, "good", "drop", "bad", "fine")
    lab.advance(minutes=2)
    found = objects(s3)
    (error,) = [key for key in found if key.startswith("errors/processing-failed/2026/01/05/09/")]
    told = json.loads(found.pop(error))
    assert base64.b64decode(told["rawData"]) == b"bad"
    assert told["errorCode"] == "Lambda.ProcessingFailedStatus"
    assert list(found.values()) == [b"GOODFINE"]


def test_without_functions_everything_goes_to_the_error_prefix(lab, firehose, s3, monkeypatch):
    monkeypatch.setattr(lab.parts.backing.firehose, "_functions", lambda: None)
    create(lab, BufferingHints={"IntervalInSeconds": 60}, ProcessingConfiguration=LAMBDA)
    put(firehose, "a", "b")
    lab.advance(minutes=2)
    ((key, body),) = objects(s3).items()
    assert key.startswith("processing-failed/2026/") and body.count(b"FunctionNotFound") == 2


PASS_ON = """
import base64
def handler(event, context):
    return {"records": [
        {"recordId": r["recordId"], "result": "Ok", "data": base64.b64encode(
            base64.b64decode(r["data"]).upper()).decode()} for r in event["records"]]}
"""


def test_functions_of_the_lab_transform(lab, firehose, s3):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("shout.py", PASS_ON)
    lab.client("lambda").create_function(
        FunctionName="shout",
        Runtime="python3.12",
        Role=role(lab, "runs", "lambda.amazonaws.com", "logs:*"),
        Handler="shout.handler",
        Code={"ZipFile": held.getvalue()},
    )
    lab.advance(minutes=1)
    arn = role(lab, "both", "firehose.amazonaws.com", "s3:PutObject", "lambda:InvokeFunction")
    hints = {"IntervalInSeconds": 60}
    create(lab, role_arn=arn, BufferingHints=hints, ProcessingConfiguration=LAMBDA)
    put(firehose, "good")
    lab.advance(minutes=2)
    assert list(objects(s3).values()) == [b"GOOD"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"BufferingHints": {"SizeInMBs": 129}}, "between 1 and 128"),
        ({"BufferingHints": {"IntervalInSeconds": 901}}, "between 0 and 900"),
        ({"Prefix": "!{timestamp:yyyy}/"}, "ErrorOutputPrefix cannot be null"),
        ({"Prefix": "!{time:yyyy}/"}, "unknown namespace"),
    ],
)
def test_wrong_settings_are_refused(lab, s3, settings, said):
    with pytest.raises(ClientError, match=said) as refused:
        create(lab, **settings)
    assert refused.value.response["Error"]["Code"] == "InvalidArgumentException"


def test_a_role_that_firehose_may_not_assume_is_refused(lab, s3):
    for arn in (
        role(lab, "others", "ec2.amazonaws.com", "s3:*"),
        f"arn:aws:iam::{lab.account}:role/none",
    ):
        with pytest.raises(ClientError, match="unable to assume role"):
            create(lab, role_arn=arn)


def test_what_is_not_there_says_so(lab, firehose):
    with pytest.raises(ClientError, match="labkit delivers to S3 alone") as refused:
        firehose.create_delivery_stream(
            DeliveryStreamName="web",
            HttpEndpointDestinationConfiguration={
                "EndpointConfiguration": {"Url": "https://example.com"},
                "S3Configuration": {"RoleARN": "arn:aws:iam::1:role/x", "BucketARN": "b"},
            },
        )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    with pytest.raises(firehose.exceptions.ResourceNotFoundException):
        put(firehose, "x", name="none")


def test_a_stream_that_is_deleted_delivers_what_it_holds(lab, s3, firehose):
    create(lab)
    put(firehose, "last")
    firehose.delete_delivery_stream(DeliveryStreamName="orders")
    assert list(objects(s3).values()) == [b"last"]
    create(lab, role_arn=f"arn:aws:iam::{lab.account}:role/to-orders")
    put(firehose, "new")
    lab.advance(minutes=6)
    assert sorted(objects(s3).values()) == [b"last", b"new"]
