"""Buses, rules, targets, tags: what is there, what is refused and in which words (trap 15)."""

import json

import pytest
from botocore.exceptions import ClientError
from buskit import ACCOUNT, BUS, Queue, put, rule

PATTERN = json.dumps({"source": ["shop"]})


def refused(call, code, text, /, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    assert error["Code"] == code
    assert text in error["Message"], error["Message"]


def test_a_bus_of_ones_own(events, queue):
    arn = events.create_event_bus(Name="orders", Description="d")["EventBusArn"]
    assert arn == BUS.replace("default", "orders")
    rule(events, {"source": ["shop"]}, queue.arn, bus="orders")
    put(events)
    put(events, {"n": 1}, EventBusName="orders")
    put(events, {"n": 2}, EventBusName=arn)
    assert [event["detail"] for event in queue.events()] == [{"n": 1}, {"n": 2}]
    assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default", "orders"]
    events.update_event_bus(Name="orders", Description="other")
    assert events.describe_event_bus(Name="orders")["Description"] == "other"
    refused(events.create_event_bus, "ResourceAlreadyExistsException",
            "Event bus orders already exists.", Name="orders")  # fmt: skip
    events.delete_event_bus(Name="orders")
    events.delete_event_bus(Name="orders")
    refused(events.describe_event_bus, "ResourceNotFoundException",
            "Event bus orders does not exist.", Name="orders")  # fmt: skip
    refused(events.delete_event_bus, "ValidationException", "Cannot delete event bus default.",
            Name="default")  # fmt: skip


def test_a_rule_is_replaced_whole_and_keeps_its_targets(events, queue):
    arn = rule(events, {"source": ["shop"]}, queue.arn)
    assert arn == f"arn:aws:events:us-east-1:{ACCOUNT}:rule/r"
    events.put_rule(Name="r", EventPattern=PATTERN, Description="d", State="DISABLED")
    events.put_rule(Name="r", EventPattern=PATTERN)
    told = events.describe_rule(Name="r")
    assert told["State"] == "ENABLED" and "Description" not in told
    assert told["CreatedBy"] == ACCOUNT
    put(events)
    assert len(queue.events()) == 1


def test_a_disabled_rule_matches_nothing(events, queue):
    rule(events, {"source": ["shop"]}, queue.arn)
    events.disable_rule(Name="r")
    put(events)
    events.enable_rule(Name="r")
    put(events, {"n": 2})
    assert [event["detail"] for event in queue.events()] == [{"n": 2}]


def test_a_rule_is_deleted_without_targets_only(events, queue):
    rule(events, {"source": ["shop"]}, queue.arn)
    refused(events.delete_rule, "ValidationException",
            "Rule can't be deleted since it has targets.", Name="r")  # fmt: skip
    answer = events.remove_targets(Rule="r", Ids=["1", "2"])
    assert answer["FailedEntries"][0]["TargetId"] == "2"
    events.delete_rule(Name="r")
    events.delete_rule(Name="r")
    refused(events.describe_rule, "ResourceNotFoundException",
            "Rule r does not exist on EventBus default.", Name="r")  # fmt: skip


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({}, "ValidationException", "must be specified"),
        ({"ScheduleExpression": "rate(1 minutes)"}, "ValidationException",
         "Parameter ScheduleExpression is not valid."),
        ({"ScheduleExpression": "rate(5 minutes)", "EventBusName": "own"}, "ValidationException",
         "ScheduleExpression is supported only on the default event bus."),
        ({"EventPattern": '{"source": "shop"}'}, "InvalidEventPatternException",
         'Event pattern is not valid. Reason: "source" must be an object or an array'),
        ({"EventPattern": "{}"}, "InvalidEventPatternException", "Event pattern is not valid."),
        ({"EventPattern": json.dumps({"source": ["x" * 2100]})}, "ValidationException", "2048"),
        ({"EventPattern": PATTERN, "EventBusName": "no"}, "ResourceNotFoundException",
         "Event bus no does not exist."),
        ({"EventPattern": PATTERN, "State": "ON"}, "ValidationException", "enum value set"),
    ],
)  # fmt: skip
def test_what_is_no_rule(events, params, code, text):
    events.create_event_bus(Name="own")
    refused(events.put_rule, code, text, Name="r", **params)
    assert events.list_rules()["Rules"] == []


def test_lists_come_in_pages_by_name(events, queue):
    for name in ("c", "a", "b"):
        rule(events, {"source": ["shop"]}, queue.arn, name)
    first = events.list_rules(Limit=2)
    rest = events.list_rules(Limit=2, NextToken=first["NextToken"])
    assert [one["Name"] for one in first["Rules"] + rest["Rules"]] == ["a", "b", "c"]
    assert "NextToken" not in rest
    assert events.list_rule_names_by_target(TargetArn=queue.arn)["RuleNames"] == ["a", "b", "c"]
    refused(events.list_rules, "ValidationException", "next token", NextToken="x")


def target(queue, **more):
    return {"Id": "1", "Arn": queue.arn, **more}


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"Id": "!@#$"}, "ValidationException",
         "Value '!@#$' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy "
         "regular expression pattern"),
        ({"Input": "{}", "InputPath": "$.detail"}, "ValidationException",
         "Only one of Input, InputPath, or InputTransformer must be provided for target 1."),
        ({"InputTransformer": {"InputPathsMap": {"a": "$.detail"}, "InputTemplate": '"<b>"'}},
         "ValidationException", "InputTemplate for target 1 contains invalid placeholder b."),
        ({"InputTransformer": {"InputPathsMap": {"aws.x": "$.id"}, "InputTemplate": '"x"'}},
         "ValidationException", "reserved"),
        ({"InputTransformer": {"InputTemplate": '{"a": }'}}, "ValidationException",
         "Invalid InputTemplate for target 1"),
        ({"Input": "no json"}, "ValidationException", "JSON syntax error in input for target 1"),
        ({"InputPath": "detail"}, "ValidationException", "InputPath for target 1 is invalid"),
        ({"Arn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"}, "ValidationException",
         f"RoleArn is required for target arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s."),
        ({"Arn": "queue"}, "ValidationException", "Provided Arn is not in correct format."),
        ({"Arn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"}, "ValidationException",
         "Unsupported service or resource"),
        ({"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q.fifo"}, "ValidationException",
         "SqsParameters must be specified for target: 1."),
        ({"EcsParameters": {"TaskDefinitionArn": "arn"}}, "ValidationException",
         "EcsParameters not valid for target: 1."),
        ({"DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:d.fifo"}},
         "ValidationException", "standard queue"),
        ({"RetryPolicy": {"MaximumRetryAttempts": 186}}, "ValidationException",
         "less than or equal to 185"),
        ({"RoleArn": "role"}, "ValidationException", "RoleArn is not valid"),
    ],
)  # fmt: skip
def test_what_is_no_target(events, queue, change, code, text):
    events.put_rule(Name="r", EventPattern=PATTERN)
    refused(events.put_targets, code, text, Rule="r", Targets=[target(queue, **change)])
    assert events.list_targets_by_rule(Rule="r")["Targets"] == []


def test_a_sixth_target_fails_as_a_whole(events, queue):
    events.put_rule(Name="r", EventPattern=PATTERN)
    six = [{"Id": str(n), "Arn": queue.arn} for n in range(6)]
    refused(events.put_targets, "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
            Rule="r", Targets=six)  # fmt: skip
    assert events.put_targets(Rule="r", Targets=six[:5])["FailedEntryCount"] == 0
    # An id that is there is put anew.
    events.put_targets(Rule="r", Targets=[{**six[0], "Input": '{"n":1}'}])
    assert len(events.list_targets_by_rule(Rule="r")["Targets"]) == 5
    put(events)
    assert '{"n":1}' in queue.bodies()


def test_tags_of_rules_and_buses(events, queue):
    arn = rule(events, {"source": ["shop"]}, queue.arn)
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}])
    events.tag_resource(ResourceARN=BUS, Tags=[{"Key": "b", "Value": "2"}])
    events.put_rule(Name="r", EventPattern=PATTERN, Tags=[{"Key": "late", "Value": "x"}])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    events.untag_resource(ResourceARN=arn, TagKeys=["a", "none"])
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    assert events.list_tags_for_resource(ResourceARN=BUS)["Tags"] == [{"Key": "b", "Value": "2"}]
    refused(events.list_tags_for_resource, "ResourceNotFoundException",
            "Rule x does not exist on EventBus default.", ResourceARN=arn[:-1] + "x")  # fmt: skip


def test_a_pattern_is_tried(events):
    event = {"id": "1", "account": "2", "source": "shop", "time": "2026-01-05T09:00:00Z",
             "region": "us-east-1", "resources": [], "detail-type": "order",
             "detail": {}}  # fmt: skip
    ask = events.test_event_pattern
    assert ask(EventPattern=PATTERN, Event=json.dumps(event))["Result"] is True
    other = json.dumps({**event, "source": "till"})
    assert ask(EventPattern=PATTERN, Event=other)["Result"] is False
    for member in ("id", "account", "source", "time", "region", "detail-type"):
        less = json.dumps({k: v for k, v in event.items() if k != member})
        refused(ask, "ValidationException", "Parameter Event is not valid.",
                EventPattern=PATTERN, Event=less)  # fmt: skip
    for text in ("[]", "no"):
        refused(ask, "ValidationException", "Parameter Event is not valid.",
                EventPattern=PATTERN, Event=text)  # fmt: skip
    refused(ask, "InvalidEventPatternException", "Event pattern is not valid.",
            EventPattern='{"source": 1}', Event=json.dumps(event))  # fmt: skip


def test_a_fifo_queue_gets_its_group(lab, events):
    fifo = Queue(lab, "q.fifo")
    rule(events, {"source": ["shop"]}, fifo.arn, SqsParameters={"MessageGroupId": "g"})
    put(events, {"n": 1})
    assert [event["detail"] for event in fifo.events()] == [{"n": 1}]
