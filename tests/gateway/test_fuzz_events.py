"""EventBridge with whatever botocore lets through (see ``fuzzing``)."""

import json

import pytest
from fuzzing import DEPTHS, LATER, NOW, Fuzzed, attempt, check

BUS, KEPT = {"EventBusName": "default"}, {"Name": "kept"}
HERE = "arn:aws:events:us-east-1:123456789012:"
RULE = {"ResourceARN": HERE + "rule/kept"}
ENTRY = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
TARGET = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:q"}
EVENT = json.dumps(
    {"id": "1", "account": "1", "source": "s", "time": "t", "region": "r", "detail-type": "d"}
)
OFFER = "aws.partner/zendesk.com/1/kept"
OFFERED = {"Name": OFFER}
NEW_OFFER = {"Name": "aws.partner/zendesk.com/1/NEW", "Account": "123456789012"}
CONNECTION = {
    "Name": "kept", "AuthorizationType": "API_KEY",
    "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}},
}  # fmt: skip
#: Nothing listens there, and nothing is sent: no rule has it as its target.
DESTINATION = {
    "Name": "kept", "ConnectionArn": "$connection", "HttpMethod": "POST",
    "InvocationEndpoint": "https://example.com/",
}  # fmt: skip
ENDPOINT = {
    "Name": "kept", "ReplicationConfig": {"State": "DISABLED"},
    "RoutingConfig": {"FailoverConfig": {
        "Primary": {"HealthCheck": "arn:aws:route53:::healthcheck/h"},
        "Secondary": {"Route": "us-west-2"}}},
    "EventBuses": [{"EventBusArn": f"arn:aws:events:{region}:123456789012:event-bus/kept"}
                   for region in ("us-east-1", "us-west-2")],
}  # fmt: skip
ARCHIVE = {"ArchiveName": "kept", "EventSourceArn": HERE + "event-bus/default"}
REPLAY = {
    "ReplayName": "kept", "EventSourceArn": HERE + "archive/kept", "EventStartTime": NOW,
    "EventEndTime": LATER, "Destination": {"Arn": HERE + "event-bus/default"},
}  # fmt: skip


def prepare(lab):
    events = lab.client("events")
    attempt(events.create_event_bus, Name="kept")
    attempt(lab.client("events", region_name="us-west-2").create_event_bus, Name="kept")
    events.put_rule(Name="kept", EventPattern='{"source": ["shop"]}')
    events.put_targets(Rule="kept", Targets=[TARGET])
    attempt(events.create_partner_event_source, **OFFERED, Account="123456789012")
    attempt(events.create_event_bus, Name=OFFER, EventSourceName=OFFER)
    attempt(events.activate_event_source, Name=OFFER)
    events.put_rule(Name="spare", EventPattern='{"source": ["shop"]}')
    attempt(events.create_connection, **CONNECTION)
    things = {"$connection": events.describe_connection(Name="kept")["ConnectionArn"]}
    attempt(events.create_api_destination, **DESTINATION | {"ConnectionArn": things["$connection"]})
    attempt(events.create_archive, **ARCHIVE)
    attempt(events.create_endpoint, **ENDPOINT)
    attempt(events.start_replay, **REPLAY)
    return things


def a_replay(lab, things):
    """One that is still STARTING."""
    lab.advance(minutes=10)  # those before have run, so that there is room
    things["$replay"] = f"again-{lab.now.timestamp():.3f}"
    lab.client("events").start_replay(**REPLAY | {"ReplayName": things["$replay"]})


EVENTS = Fuzzed(
    "events",
    {
        "ActivateEventSource": OFFERED, "DeactivateEventSource": OFFERED,
        "DescribeEventSource": OFFERED, "DescribePartnerEventSource": OFFERED,
        "CreatePartnerEventSource": NEW_OFFER,
        "DeletePartnerEventSource": NEW_OFFER | OFFERED,
        "ListPartnerEventSourceAccounts": {"EventSourceName": OFFER},
        "ListPartnerEventSources": {"NamePrefix": "aws.partner/zendesk.com/"},
        "PutPartnerEvents": {"Entries": [ENTRY | {"Source": OFFER}]},
        "CreateConnection": CONNECTION | {"Name": "cNEW"},
        "UpdateConnection": KEPT, "DescribeConnection": KEPT, "DeleteConnection": KEPT,
        "DeauthorizeConnection": KEPT,
        "CreateApiDestination": DESTINATION | {"Name": "dNEW"},
        "UpdateApiDestination": KEPT, "DescribeApiDestination": KEPT,
        "DeleteApiDestination": KEPT,
        "CreateArchive": ARCHIVE | {"ArchiveName": "aNEW"},
        "UpdateArchive": {"ArchiveName": "kept", "Description": "d"},
        "DescribeArchive": {"ArchiveName": "kept"},
        "DeleteArchive": {"ArchiveName": "kept"},
        "StartReplay": REPLAY | {"ReplayName": "rNEW"},
        "DescribeReplay": {"ReplayName": "kept"},
        "CancelReplay": {"ReplayName": "$replay"},
        "CreateEndpoint": ENDPOINT | {"Name": "eNEW"},
        "UpdateEndpoint": KEPT, "DescribeEndpoint": KEPT, "DeleteEndpoint": KEPT,
        "CreateEventBus": {"Name": "bNEW"}, "UpdateEventBus": KEPT, "DeleteEventBus": KEPT,
        "DescribeEventBus": KEPT,
        "PutRule": KEPT | {"EventPattern": '{"source": ["shop"]}',
                           "ScheduleExpression": "rate(5 minutes)"},
        "DeleteRule": {"Name": "spare"} | BUS, "DescribeRule": KEPT | BUS,
        "DisableRule": KEPT | BUS, "EnableRule": KEPT | BUS,
        "ListRuleNamesByTarget": {"TargetArn": TARGET["Arn"]},
        "ListTargetsByRule": {"Rule": "kept"} | BUS,
        "PutTargets": {"Rule": "kept", "Targets": [TARGET]},
        "RemoveTargets": {"Rule": "kept", "Ids": ["1"]},
        "PutEvents": {"Entries": [ENTRY, ENTRY | {"Source": "aws.s3"}]},
        "TestEventPattern": {"EventPattern": '{"source": ["s"]}', "Event": EVENT},
        "PutPermission": {"Action": "events:PutEvents", "Principal": "210987654321",
                          "StatementId": "s"},
        "RemovePermission": {"RemoveAllPermissions": True},
        "ListTagsForResource": RULE,
        "TagResource": RULE | {"Tags": [{"Key": "a", "Value": "b"}]},
        "UntagResource": RULE | {"TagKeys": ["a"]},
    },
    prepare,
    {"ValidationException"},
    {"CancelReplay": a_replay},
)  # fmt: skip


@pytest.mark.parametrize("examples", DEPTHS)
@pytest.mark.parametrize("name", EVENTS.operations())
def test_every_call_is_answered(name, examples):
    check(EVENTS, name, examples)
