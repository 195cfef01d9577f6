"""From rule to target: policies, roles, retries, dead letters, loops, and the figures of it all."""

import json
from datetime import timedelta

import pytest
from buskit import Queue, put, role, rule

from labkit.core.errors import ChainTooDeep


def figures(lab, name, rule_name="r", bus=""):
    dimensions = [{"Name": "RuleName", "Value": rule_name}]
    if bus:
        dimensions.insert(0, {"Name": "EventBusName", "Value": bus})
    points = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events", MetricName=name, Dimensions=dimensions, Statistics=["Sum"],
        StartTime=lab.start - timedelta(hours=1), EndTime=lab.now + timedelta(days=1),
        Period=86400,
    )["Datapoints"]  # fmt: skip
    return sum(point["Sum"] for point in points)


def test_a_queue_that_does_not_let_events_in_stays_empty(lab, events):
    closed = Queue(lab, "closed", closed=True)
    rule(events, {"source": ["shop"]}, closed.arn)
    put(events)
    assert closed.messages() == []
    assert figures(lab, "FailedInvocations") == 1
    closed.let_in()
    put(events)
    assert len(closed.messages()) == 1
    assert figures(lab, "Invocations") == 2
    assert figures(lab, "MatchedEvents") == figures(lab, "TriggeredRules") == 2
    assert figures(lab, "FailedInvocations") == 1


def test_what_nobody_took_is_a_dead_letter(lab, events):
    closed, dead = Queue(lab, "closed", closed=True), Queue(lab, "dead")
    arn = rule(events, {"source": ["shop"]}, closed.arn, DeadLetterConfig={"Arn": dead.arn})
    put(events, {"n": 1})
    letter = dead.messages()[0]
    assert json.loads(letter["Body"])["detail"] == {"n": 1}
    told = {name: one["StringValue"] for name, one in letter["MessageAttributes"].items()}
    assert told["RULE_ARN"] == arn and told["TARGET_ARN"] == closed.arn
    assert told["ERROR_CODE"] == "NO_PERMISSIONS" and told["RETRY_ATTEMPTS"] == "0"
    assert figures(lab, "InvocationsSentToDlq") == 1


def test_a_throttled_target_is_tried_again_within_its_limits(lab, events):
    """A target that breaks is retried; the rule says how often."""
    dead = Queue(lab, "dead")
    url = "http://127.0.0.1:9/nobody-listens-here"
    connection = events.create_connection(
        Name="c", AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}},
    )["ConnectionArn"]  # fmt: skip
    destination = events.create_api_destination(
        Name="d", ConnectionArn=connection, InvocationEndpoint=url, HttpMethod="POST"
    )["ApiDestinationArn"]
    rule(events, {"source": ["shop"]}, destination, RoleArn=role(lab),
         RetryPolicy={"MaximumRetryAttempts": 2}, DeadLetterConfig={"Arn": dead.arn})  # fmt: skip
    put(events)
    assert dead.messages() == []
    lab.advance(minutes=5)
    told = dead.messages()[0]["MessageAttributes"]
    assert told["RETRY_ATTEMPTS"]["StringValue"] == "2"
    assert told["EXHAUSTED_RETRY_CONDITION"]["StringValue"] == "MaximumRetryAttempts"
    assert figures(lab, "RetryInvocationAttempts") == 2


def test_a_stream_is_written_with_the_role(lab, events):
    kinesis = lab.client("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    lab.advance(minutes=1)
    arn = kinesis.describe_stream(StreamName="s")["StreamDescription"]["StreamARN"]
    rule(events, {"source": ["shop"]}, arn, RoleArn=role(lab, "r", "kinesis:PutRecord"),
         InputTransformer={"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"n": <n>}'},
         KinesisParameters={"PartitionKeyPath": "$.detail.n"})  # fmt: skip
    put(events, {"n": "seven"})
    shard = kinesis.get_shard_iterator(
        StreamName="s", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    record = kinesis.get_records(ShardIterator=shard)["Records"][0]
    assert json.loads(record["Data"]) == {"n": "seven"}
    assert record["PartitionKey"] == "seven"


def test_a_topic_mails_the_event(lab, events, topic):
    sns = lab.client("sns")
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                 "Action": "sns:Publish", "Resource": "*"}  # fmt: skip
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )  # fmt: skip
    rule(events, {"source": ["shop"]}, topic, InputPath="$.detail")
    put(events, {"order": 7})
    assert '{"order":7}' in lab.mailbox[-1].body


def test_a_loop_is_stopped_and_told(lab, events):
    """A rule that leads to the event that it waits for would run for ever, at your expense."""
    from labkit.eventbridge.records import DEFAULT_BUS

    queue = Queue(lab)
    rule(events, {"source": ["shop"]}, queue.arn)
    service = lab.parts.eventbridge
    store = service.store(lab.account, lab.region)

    def again(fact):
        if fact.data["source_arn"].endswith("rule/r"):
            event = {"id": "1", "account": lab.account, "source": "shop", "time": "t",
                     "region": lab.region, "detail-type": "echo", "detail": {}}  # fmt: skip
            service.arrive(store, store.buses[DEFAULT_BUS], event)

    lab.world.facts.hear("delivery.finished", again)
    with pytest.raises(ChainTooDeep, match="event shop 'echo' on default"):
        put(events)
    assert 3 < len(queue.messages()) < 32


def test_figures_of_another_bus_name_it(lab, events, queue):
    events.create_event_bus(Name="own")
    rule(events, {"source": ["shop"]}, queue.arn, bus="own")
    put(events, EventBusName="own")
    assert figures(lab, "Invocations", bus="own") == 1
    assert figures(lab, "Invocations") == 0


def test_a_saved_world_holds_its_rules_and_waiting_deliveries(lab, events, queue, tmp_path):
    import labkit

    rule(events, {"source": ["shop"]}, queue.arn)
    events.put_rule(Name="tick", ScheduleExpression="rate(5 minutes)")
    events.put_targets(Rule="tick", Targets=[{"Id": "1", "Arn": queue.arn}])
    put(events)
    lab.advance(minutes=12)
    path = lab.save(tmp_path / "world.lab")
    before = lab.digest()
    with labkit.Lab.open(path) as again:
        assert again.digest() == before
        again.advance(minutes=5)
        assert len(again.client("events").list_rules()["Rules"]) == 2
