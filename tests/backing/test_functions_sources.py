"""Event source mappings: queues and streams feed functions on the lab's clock."""

import json

import pytest
from botocore.exceptions import ClientError
from functionkit import role
from test_functions_events import queue

from labkit.core.clock import SECOND

SHOWS = "def handler(e, c):\n    print([r['body'] for r in e['Records']])\n"
#: Fails on any batch with a body or data that says "poison".
PICKY = (
    "import base64, json\n"
    "def handler(e, c):\n"
    "    got = [r.get('body') or base64.b64decode(r['kinesis']['data']).decode()\n"
    "           for r in e['Records']]\n"
    "    print(json.dumps(got))\n"
    "    assert 'poison' not in got\n"
)


def mapped(stage, name, arn, **more):
    return stage.api.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, **more)


def shown(stage, name):
    return [
        line.strip() for line in stage.logged(name) if line.startswith("[") and "ERR" not in line
    ]


def runs(stage, name):
    return [
        fact.at_us for fact in stage.told
        if fact.kind == "metric.emitted" and fact.data["metric_name"] == "Invocations"
        and fact.data["dimensions"] == [["FunctionName", name]]
    ]  # fmt: skip


def test_messages_reach_the_function_and_are_deleted(stage):
    url, arn, received = queue(stage, "work")
    sqs = stage.lab.client("sqs")
    name = stage.make(SHOWS)
    sqs.send_message(QueueUrl=url, MessageBody="before")
    made = mapped(stage, name, arn)
    assert made["State"] == "Enabled" and made["BatchSize"] == 10
    assert shown(stage, name) == ["['before']"]
    sqs.send_message(QueueUrl=url, MessageBody="one")
    sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(3)]
    )
    assert shown(stage, name)[1:] == ["['one']", "['0', '1', '2']"]
    assert received() == []
    stage.lab.advance(hours=2)
    assert len(shown(stage, name)) == 3
    stage.api.delete_event_source_mapping(UUID=made["UUID"])
    sqs.send_message(QueueUrl=url, MessageBody="left")
    assert [m["Body"] for m in received()] == ["left"]


def test_the_event_of_a_queue(stage):
    url, arn, _ = queue(stage, "shapes")
    name = stage.make("import json\ndef handler(e, c):\n    print(json.dumps(e))\n")
    mapped(stage, name, arn)
    stage.lab.client("sqs").send_message(
        QueueUrl=url,
        MessageBody="b",
        MessageAttributes={"n": {"DataType": "Number", "StringValue": "7"}},
    )
    (record,) = next(json.loads(line) for line in stage.logged(name) if line.startswith("{"))[
        "Records"
    ]
    assert record["messageAttributes"]["n"]["stringValue"] == "7"
    assert record["messageAttributes"]["n"]["dataType"] == "Number"
    assert record["eventSourceARN"] == arn and record["eventSource"] == "aws:sqs"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["awsRegion"] == "us-east-1" and record["md5OfBody"]


def test_what_a_function_fails_on_comes_again_and_dies_in_the_end(stage):
    _, dead_arn, dead = queue(stage, "graveyard")
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    url, arn, _ = queue(stage, "poisoned", VisibilityTimeout="30", RedrivePolicy=policy)
    name = stage.make(PICKY)
    mapped(stage, name, arn)
    stage.lab.client("sqs").send_message(QueueUrl=url, MessageBody="poison")
    assert len(runs(stage, name)) == 1
    stage.lab.advance(minutes=5)
    first, second = runs(stage, name)
    assert 30 * SECOND <= second - first < 30.1 * SECOND
    assert [message["Body"] for message in dead()] == ["poison"]


def test_single_messages_can_be_kept(stage):
    url, arn, _ = queue(stage, "partial", VisibilityTimeout="60")
    name = stage.make(
        "import json\n"
        "def handler(e, c):\n"
        "    print(json.dumps(sorted(r['body'] for r in e['Records'])))\n"
        "    return {'batchItemFailures': [{'itemIdentifier': r['messageId']}\n"
        "                                  for r in e['Records'] if r['body'] == 'bad']}\n"
    )
    mapped(stage, name, arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    stage.lab.client("sqs").send_message_batch(
        QueueUrl=url, Entries=[{"Id": b, "MessageBody": b} for b in ("good", "bad")]
    )
    stage.lab.advance(seconds=61)
    assert shown(stage, name) == ['["bad", "good"]', '["bad"]']


def test_delayed_messages_and_a_disabled_mapping(stage):
    url, arn, _ = queue(stage, "delayed")
    name = stage.make(SHOWS)
    made = mapped(stage, name, arn, Enabled=False)
    sqs = stage.lab.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=30)
    stage.lab.advance(minutes=1)
    assert shown(stage, name) == []
    stage.api.update_event_source_mapping(UUID=made["UUID"], Enabled=True)
    assert shown(stage, name) == ["['late']"]
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=30)
    stage.lab.advance(seconds=29)
    assert len(shown(stage, name)) == 1
    stage.lab.advance(seconds=2)
    assert len(shown(stage, name)) == 2


def test_a_batching_window(stage):
    url, arn, _ = queue(stage, "windowed")
    name = stage.make("def handler(e, c):\n    print([len(e['Records'])])\n")
    mapped(stage, name, arn, BatchSize=4, MaximumBatchingWindowInSeconds=20)
    sqs = stage.lab.client("sqs")
    for number in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    assert shown(stage, name) == []
    stage.lab.advance(seconds=21)
    assert shown(stage, name) == ["[3]"]
    for number in range(4):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    assert shown(stage, name) == ["[3]", "[4]"]


def test_filters(stage):
    url, arn, received = queue(stage, "filtered")
    name = stage.make(SHOWS)
    pattern = json.dumps({"body": {"kind": ["order"]}})
    mapped(stage, name, arn, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    for kind in ("order", "noise"):
        stage.lab.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"kind": kind}))
    assert len(shown(stage, name)) == 1 and "order" in shown(stage, name)[0]
    stage.lab.advance(minutes=2)
    assert received() == []


def test_what_a_mapping_asks_for(stage):
    _, arn, _ = queue(stage, "asked", VisibilityTimeout="2")
    poor = role(stage.lab, "logs:*", name="reads-nothing")
    with pytest.raises(ClientError, match="less than Function timeout: 3 seconds"):
        mapped(stage, stage.make(SHOWS), arn)
    with pytest.raises(ClientError, match="permissions to call ReceiveMessage on SQS"):
        mapped(stage, stage.make(SHOWS, Role=poor), arn)
    with pytest.raises(ClientError) as large:
        mapped(stage, stage.make(SHOWS, Timeout=1), arn, BatchSize=100)
    assert large.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert stage.api.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"] == []


def stream(stage, name, shards=1):
    kinesis = stage.lab.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    stage.lab.advance(minutes=1)
    arn = kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"]
    return arn, lambda text: kinesis.put_record(
        StreamName=name, Data=text.encode(), PartitionKey="p"
    )["SequenceNumber"]


def test_records_of_a_stream_in_order(stage):
    arn, put = stream(stage, "clicks")
    put("before")
    name = stage.make(PICKY)
    mapped(stage, name, arn, StartingPosition="LATEST")
    put("one")
    put("two")
    assert shown(stage, name) == ['["one"]', '["two"]']
    oldest = stage.make(PICKY)
    mapped(stage, oldest, arn, StartingPosition="TRIM_HORIZON")
    assert shown(stage, oldest) == ['["before", "one", "two"]']


def test_a_record_that_fails_blocks_its_shard_until_it_is_given_up(stage):
    arn, put = stream(stage, "blocked")
    _, lost, given_up = queue(stage, "given-up")
    name = stage.make(PICKY)
    mapped(
        stage,
        name,
        arn,
        StartingPosition="LATEST",
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": lost}},
    )
    number = put("poison")
    put("waits")
    assert shown(stage, name) == ['["poison"]']
    stage.lab.advance(minutes=1)
    assert shown(stage, name)[-1] == '["waits"]' or "waits" in shown(stage, name)[-1]
    first, second, third, *_ = runs(stage, name)
    assert second - first == 1 * SECOND and third - second == 2 * SECOND
    (message,) = given_up()
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["KinesisBatchInfo"]["startSequenceNumber"] == number


def test_a_batch_is_halved_until_the_bad_record_is_alone(stage):
    arn, put = stream(stage, "halved")
    for text in ("a", "b", "poison", "c"):
        put(text)
    name = stage.make(PICKY)
    mapped(
        stage,
        name,
        arn,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=0,
    )
    stage.lab.advance(minutes=1)
    assert shown(stage, name) == [
        '["a", "b", "poison", "c"]', '["a", "b"]', '["poison", "c"]', '["poison"]', '["c"]',
    ]  # fmt: skip


def test_changes_of_a_table(stage):
    dynamodb = stage.lab.client("dynamodb")
    table = dynamodb.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    name = stage.make(
        "def handler(e, c):\n"
        "    for r in e['Records']:\n"
        "        print([r['eventName'], r['dynamodb']['Keys']['id']['S']])\n"
    )
    mapped(stage, name, table["LatestStreamArn"], StartingPosition="LATEST")
    for value in ("1", "2"):
        dynamodb.put_item(TableName="orders", Item={"id": {"S": "a"}, "v": {"S": value}})
    dynamodb.delete_item(TableName="orders", Key={"id": {"S": "a"}})
    assert shown(stage, name) == ["['INSERT', 'a']", "['MODIFY', 'a']", "['REMOVE', 'a']"]


def test_no_clock_ticks_for_a_queue_that_is_empty(stage):
    for known in stage.api.list_event_source_mappings()["EventSourceMappings"]:
        stage.api.delete_event_source_mapping(UUID=known["UUID"])
    _, arn, _ = queue(stage, "quiet")
    mapped(stage, stage.make(SHOWS), arn)
    before = stage.lab.world.clock.steps
    stage.lab.advance(days=7)
    polls = [entry for entry in stage.lab.world.clock.pending() if entry[2] == "lambda.poll"]
    assert polls == [] and stage.lab.world.clock.steps - before < 20_000
