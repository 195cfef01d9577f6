"""EventBridge Scheduler and schemas, and OAM, with whatever botocore lets through."""

import json

import pytest
from fuzzing import DEPTHS, Fuzzed, attempt, check

ACCOUNT, SOURCE = "123456789012", "210987654321"
TAGS = {"Tags": [{"Key": "a", "Value": "b"}]}
NAMED = {"Name": "kept"}
SCHEDULE = {
    "Name": "kept", "ScheduleExpression": "rate(5 minutes)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q",
               "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"},
}  # fmt: skip
GROUP = {"ResourceArn": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/kept"}


def prepare_scheduler(lab):
    scheduler = lab.client("scheduler")
    attempt(lab.client("iam").create_role, RoleName="r", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "scheduler.amazonaws.com"}}]}))  # fmt: skip
    attempt(scheduler.create_schedule_group, Name="kept")
    # A deleted group is a while in DELETING: each good call to delete one takes another.
    names = [g["Name"] for g in scheduler.list_schedule_groups()["ScheduleGroups"]]
    scheduler.create_schedule_group(Name=f"g{len(names)}")
    attempt(scheduler.create_schedule, **SCHEDULE)
    return {"$group": f"g{len(names)}"}


SCHEDULER = Fuzzed(
    "scheduler",
    {
        "CreateSchedule": SCHEDULE | {"Name": "sNEW"}, "UpdateSchedule": SCHEDULE,
        "GetSchedule": NAMED, "DeleteSchedule": NAMED,
        "CreateScheduleGroup": {"Name": "nNEW"}, "GetScheduleGroup": NAMED,
        "DeleteScheduleGroup": {"Name": "$group"},
        "ListTagsForResource": GROUP, "TagResource": GROUP | TAGS,
        "UntagResource": GROUP | {"TagKeys": ["a"]},
    },
    prepare_scheduler,
    {"ValidationException"},
)  # fmt: skip

REGISTRY = {"RegistryName": "kept"}
SCHEMA = REGISTRY | {"SchemaName": "kept"}
DOCUMENT = json.dumps({"openapi": "3.0.0", "info": {"version": "1", "title": "T"}, "paths": {},
                       "components": {"schemas": {"Order": {"type": "object"}}}})  # fmt: skip
CONTENT = {"Content": DOCUMENT, "Type": "OpenApi3"}
BINDING = SCHEMA | {"Language": "Python36"}
EVENT = json.dumps({
    "version": "0", "id": "1", "account": ACCOUNT, "source": "s", "time": "2026-01-05T09:00:00Z",
    "region": "us-east-1", "detail-type": "d", "resources": [], "detail": {"a": 1},
})  # fmt: skip
DISCOVERER = {"DiscovererId": "$discoverer"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": SOURCE}, "Action": "schemas:*", "Resource": "*"}
]})  # fmt: skip
KEPT_REGISTRY = {"ResourceArn": f"arn:aws:schemas:us-east-1:{ACCOUNT}:registry/kept"}


def prepare_schemas(lab):
    schemas = lab.client("schemas")
    attempt(schemas.create_registry, **REGISTRY)
    attempt(schemas.create_registry, RegistryName="empty")
    attempt(schemas.create_schema, **SCHEMA, **CONTENT)
    attempt(schemas.put_code_binding, **BINDING)
    attempt(schemas.put_resource_policy, **REGISTRY, Policy=POLICY)
    attempt(schemas.create_discoverer,
            SourceArn=f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default")  # fmt: skip
    found = schemas.list_discoverers()["Discoverers"]
    versions = schemas.list_schema_versions(**SCHEMA)["SchemaVersions"]
    attempt(lab.client("events").create_event_bus, Name="kept")
    return {"$discoverer": found[0]["DiscovererId"], "$version": versions[0]["SchemaVersion"]}


def away_with_the_discoverer(lab, things):
    """A bus has one discoverer at most."""
    schemas = lab.client("schemas")
    for one in schemas.list_discoverers()["Discoverers"]:
        schemas.delete_discoverer(DiscovererId=one["DiscovererId"])


SCHEMAS = Fuzzed(
    "schemas",
    {
        "CreateRegistry": {"RegistryName": "rNEW"}, "UpdateRegistry": REGISTRY,
        "DescribeRegistry": REGISTRY, "DeleteRegistry": {"RegistryName": "empty"},
        "CreateSchema": SCHEMA | CONTENT | {"SchemaName": "sNEW"},
        "UpdateSchema": SCHEMA | {"Content": DOCUMENT.replace("Order", "ONEW")} | {
            "Type": "OpenApi3"},
        "DescribeSchema": SCHEMA, "DeleteSchema": SCHEMA, "ListSchemas": REGISTRY,
        "ListSchemaVersions": SCHEMA, "DeleteSchemaVersion": SCHEMA | {"SchemaVersion": "$version"},
        "ExportSchema": {"RegistryName": "aws.events", "Type": "JSONSchemaDraft4",
                         "SchemaName": "aws.ec2@EC2InstanceStateChangeNotification"},
        "SearchSchemas": {"RegistryName": "aws.events", "Keywords": "instance"},
        "PutCodeBinding": BINDING, "DescribeCodeBinding": BINDING,
        "GetCodeBindingSource": BINDING,
        "GetDiscoveredSchema": {"Events": [EVENT], "Type": "OpenApi3"},
        "CreateDiscoverer": {"SourceArn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/kept"},
        "UpdateDiscoverer": DISCOVERER, "DescribeDiscoverer": DISCOVERER,
        "StartDiscoverer": DISCOVERER, "StopDiscoverer": DISCOVERER,
        "DeleteDiscoverer": DISCOVERER,
        "PutResourcePolicy": REGISTRY | {"Policy": POLICY}, "GetResourcePolicy": REGISTRY,
        "DeleteResourcePolicy": REGISTRY,
        "ListTagsForResource": KEPT_REGISTRY, "TagResource": KEPT_REGISTRY | {"Tags": {"a": "b"}},
        "UntagResource": KEPT_REGISTRY | {"TagKeys": ["a"]},
    },
    prepare_schemas,
    # Not modelled for operations that list or create within a registry that is not there.
    {"BadRequestException", "NotFoundException"},
    {
        "CreateDiscoverer": away_with_the_discoverer,
        "GetCodeBindingSource": lambda lab, things: lab.advance(seconds=10),
    },
)  # fmt: skip

TYPES = ["AWS::CloudWatch::Metric"]
SINK, LINK = {"SinkIdentifier": "$sink"}, {"Identifier": "$link"}
SHARE = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": ["oam:CreateLink", "oam:UpdateLink"],
     "Resource": "*"}]})  # fmt: skip


def prepare_oam(lab):
    """A sink of this account, and a link of this account to another one's sink."""
    here, there = lab.client("oam"), lab.client("oam", account_id=SOURCE)
    attempt(here.create_sink, Name="kept")
    attempt(there.create_sink, Name="kept")
    sink, other = (c.list_sinks()["Items"][0]["Arn"] for c in (here, there))
    there.put_sink_policy(SinkIdentifier=other, Policy=SHARE)
    attempt(here.create_link, LabelTemplate="l", ResourceTypes=TYPES, SinkIdentifier=other)
    attempt(here.put_sink_policy, SinkIdentifier=sink, Policy=SHARE)
    links = here.list_links()["Items"]
    return {"$sink": sink, "$other": other, "$link": links[0]["Arn"]}


def away_with_the_sink(lab, things):
    """An account has one sink at most."""
    oam = lab.client("oam")
    for sink in oam.list_sinks()["Items"]:
        oam.delete_sink(Identifier=sink["Arn"])


def away_with_the_link(lab, things):
    oam = lab.client("oam")
    for link in oam.list_links()["Items"]:
        oam.delete_link(Identifier=link["Arn"])


OAM = Fuzzed(
    "oam",
    {
        "CreateSink": {"Name": "kept"},
        "GetSink": {"Identifier": "$sink"},
        "DeleteSink": {"Identifier": "$sink"},
        "GetSinkPolicy": SINK,
        "ListAttachedLinks": SINK,
        "PutSinkPolicy": SINK | {"Policy": SHARE},
        "CreateLink": {"LabelTemplate": "l", "ResourceTypes": TYPES, "SinkIdentifier": "$other"},
        "GetLink": LINK,
        "DeleteLink": LINK,
        "UpdateLink": LINK | {"ResourceTypes": TYPES},
        "ListTagsForResource": {"ResourceArn": "$sink"},
        "TagResource": {"ResourceArn": "$sink", "Tags": {"a": "b"}},
        "UntagResource": {"ResourceArn": "$sink", "TagKeys": ["a"]},
    },
    prepare_oam,
    {"InvalidParameterException"},
    {"CreateSink": away_with_the_sink, "CreateLink": away_with_the_link},
)


@pytest.mark.parametrize("examples", DEPTHS)
@pytest.mark.parametrize("name", SCHEDULER.operations())
def test_every_call_of_scheduler_is_answered(name, examples):
    check(SCHEDULER, name, examples)


@pytest.mark.parametrize("examples", DEPTHS)
@pytest.mark.parametrize("name", SCHEMAS.operations())
def test_every_call_of_schemas_is_answered(name, examples):
    check(SCHEMAS, name, examples)


@pytest.mark.parametrize("examples", DEPTHS)
@pytest.mark.parametrize("name", OAM.operations())
def test_every_call_of_oam_is_answered(name, examples):
    check(OAM, name, examples)
