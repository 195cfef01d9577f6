"""Kinesis data streams on virtual time."""

import pytest
from botocore.exceptions import ClientError
from emitted import Emitted


@pytest.fixture
def kinesis(lab):
    client = lab.client("kinesis")
    client.create_stream(StreamName="orders", ShardCount=2)
    lab.advance(seconds=10)
    return client


def shards(kinesis):
    return [shard["ShardId"] for shard in kinesis.list_shards(StreamName="orders")["Shards"]]


def read(kinesis, kind="TRIM_HORIZON", **more):
    found = []
    for shard in shards(kinesis):
        iterator = kinesis.get_shard_iterator(
            StreamName="orders", ShardId=shard, ShardIteratorType=kind, **more
        )["ShardIterator"]
        found += kinesis.get_records(ShardIterator=iterator)["Records"]
    return sorted(record["Data"] for record in found)


def put(kinesis, *texts):
    entries = [{"Data": text.encode(), "PartitionKey": text} for text in texts]
    return kinesis.put_records(StreamName="orders", Records=entries)["Records"]


def status(kinesis):
    return kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"][
        "StreamStatus"
    ]


def test_a_stream_takes_ten_seconds_and_is_not_there_before(lab):
    kinesis = lab.client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    assert status(kinesis) == "CREATING"
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException, match="Stream orders under"):
        put(kinesis, "early")
    kinesis.get_waiter("stream_exists").wait(StreamName="orders")
    assert status(kinesis) == "ACTIVE" and f"{lab.now:%H:%M:%S}" == "09:00:10"
    assert put(kinesis, "late")[0]["ShardId"] == "shardId-000000000000"


def test_records_are_read_from_where_a_reader_begins(lab, kinesis):
    put(kinesis, "one", "two", "three")
    lab.advance(minutes=1)
    since = lab.now
    put(kinesis, "four", "five")
    assert read(kinesis) == [b"five", b"four", b"one", b"three", b"two"]
    assert read(kinesis, "AT_TIMESTAMP", Timestamp=since) == [b"five", b"four"]
    assert read(kinesis, "LATEST") == []


def test_an_iterator_of_latest_sees_what_comes_after_it(kinesis):
    put(kinesis, "before")
    shard = put(kinesis, "mark")[0]["ShardId"]
    latest = kinesis.get_shard_iterator(
        StreamName="orders", ShardId=shard, ShardIteratorType="LATEST"
    )["ShardIterator"]
    put(kinesis, "mark")
    assert [r["Data"] for r in kinesis.get_records(ShardIterator=latest)["Records"]] == [b"mark"]


def test_sequence_numbers_grow_even_when_everything_was_let_go(lab, kinesis):
    first = put(kinesis, "same")[0]["SequenceNumber"]
    lab.advance(hours=25)
    assert read(kinesis) == []  # retention is a day
    second = put(kinesis, "same")[0]["SequenceNumber"]
    assert len(first) == len(second) == 56 and second > first
    after = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": first}
    found = [
        record["Data"]
        for shard in shards(kinesis)
        for record in kinesis.get_records(
            ShardIterator=kinesis.get_shard_iterator(StreamName="orders", ShardId=shard, **after)[
                "ShardIterator"
            ]
        )["Records"]
    ]
    assert b"same" in found


def test_longer_retention_keeps_records(lab, kinesis):
    kinesis.increase_stream_retention_period(StreamName="orders", RetentionPeriodHours=48)
    put(kinesis, "kept")
    lab.advance(hours=47)
    assert read(kinesis) == [b"kept"]
    lab.advance(hours=2)
    assert read(kinesis) == []


def test_an_iterator_is_good_for_five_minutes(lab, kinesis):
    iterator = kinesis.get_shard_iterator(
        StreamName="orders", ShardId=shards(kinesis)[0], ShardIteratorType="LATEST"
    )["ShardIterator"]
    lab.advance(minutes=4)
    iterator = kinesis.get_records(ShardIterator=iterator)["NextShardIterator"]
    lab.advance(minutes=4)
    iterator = kinesis.get_records(ShardIterator=iterator)["NextShardIterator"]
    lab.advance(minutes=6)
    with pytest.raises(kinesis.exceptions.ExpiredIteratorException, match="Iterator expired"):
        kinesis.get_records(ShardIterator=iterator)
    with pytest.raises(kinesis.exceptions.InvalidArgumentException):
        kinesis.get_records(ShardIterator="nonsense")


def test_a_stream_is_read_by_its_arn_alone(kinesis):
    put(kinesis, "one")
    arn = kinesis.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"][
        "StreamARN"
    ]
    found = []
    for shard in shards(kinesis):
        iterator = kinesis.get_shard_iterator(
            StreamARN=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found += kinesis.get_records(ShardIterator=iterator, StreamARN=arn)["Records"]
    assert [record["Data"] for record in found] == [b"one"]


def test_after_a_split_records_go_to_the_open_shards(kinesis):
    first = shards(kinesis)[0]
    kinesis.split_shard(StreamName="orders", ShardToSplit=first, NewStartingHashKey=str(2**126))
    used = {record["ShardId"] for record in put(kinesis, *map(str, range(30)))}
    assert first not in used and len(used) == 3


def test_a_stream_measures_itself(lab, kinesis):
    emitted = Emitted(lab)
    put(kinesis, "abc", "de")
    assert emitted.metric("IncomingRecords", StreamName="orders") == [2]
    assert emitted.metric("IncomingBytes", StreamName="orders") == [10]
    listed = lab.client("cloudwatch").list_metrics(Namespace="AWS/Kinesis")["Metrics"]
    assert {metric["MetricName"] for metric in listed} == {"IncomingRecords", "IncomingBytes"}


def test_policies_name_streams(lab, kinesis):
    allowed = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "kinesis:PutRecord",
                "Resource": f"arn:aws:kinesis:us-east-1:{lab.account}:stream/orders",
            }
        ],
    }
    writer = lab.user("writer", allowed).client("kinesis")
    writer.put_record(StreamName="orders", Data=b"x", PartitionKey="x")
    with pytest.raises(ClientError, match="AccessDenied"):
        writer.put_record(StreamName="others", Data=b"x", PartitionKey="x")
    with pytest.raises(ClientError, match="AccessDenied"):
        writer.describe_stream(StreamName="orders")
