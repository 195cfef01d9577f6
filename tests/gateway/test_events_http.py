"""EventBridge, Scheduler and the schema registry through the HTTP door: JSON and REST alike."""

import json
import urllib.request
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from buskit import ACCOUNT, open_policy, role
from served import client_of


def test_an_event_goes_all_the_way(service):
    events, sqs = client_of(service, "events"), client_of(service, "sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"Policy": open_policy()})["QueueUrl"]
    events.put_rule(Name="r", EventPattern='{"source":["shop"]}')
    target = {"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"}
    assert events.put_targets(Rule="r", Targets=[target])["FailedEntries"] == []
    entry = {"Source": "shop", "DetailType": "d", "Detail": "{}",
             "Time": datetime(2026, 1, 5, 8, 0, tzinfo=UTC)}  # fmt: skip
    answer = events.put_events(Entries=[entry, {**entry, "Detail": "["}])
    assert answer["FailedEntryCount"] == 1
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    event = json.loads(message["Body"])
    assert event["id"] == answer["Entries"][0]["EventId"]
    assert event["time"] == "2026-01-05T08:00:00Z"
    with pytest.raises(ClientError, match="Rule x does not exist on EventBus default"):
        events.describe_rule(Name="x")


def test_a_global_endpoints_events_go_to_both_regions(service):
    """boto3 signs such calls with another library (awscrt); the wire takes them as they are."""
    places = []
    for region in ("us-east-1", "us-west-2"):
        events = service.lab.client("events", region_name=region)
        events.create_event_bus(Name="b")
        bus = f"arn:aws:events:{region}:{ACCOUNT}:event-bus/b"
        events.create_archive(ArchiveName="a", EventSourceArn=bus)
        places.append((events, bus))
    home = places[0][0]
    home.create_endpoint(
        Name="e",
        RoutingConfig={
            "FailoverConfig": {
                "Primary": {"HealthCheck": "arn:aws:route53:::healthcheck/h"},
                "Secondary": {"Route": "us-west-2"},
            }
        },
        EventBuses=[{"EventBusArn": bus} for _, bus in places],
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/replicate",
    )
    entry = {"Source": "shop", "DetailType": "d", "Detail": "{}", "EventBusName": "b"}
    body = {"Entries": [entry], "EndpointId": home.describe_endpoint(Name="e")["EndpointId"]}
    headers = {"X-Amz-Target": "AWSEvents.PutEvents", "Content-Type": "application/x-amz-json-1.1"}
    asked = urllib.request.Request(service.url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=20) as answer:
        assert json.loads(answer.read())["FailedEntryCount"] == 0
    kept = [events.describe_archive(ArchiveName="a")["EventCount"] for events, _ in places]
    assert kept == [1, 1]


def test_a_schedule_and_its_errors(service):
    scheduler = client_of(service, "scheduler")
    act = role(service.lab, "act", service="scheduler.amazonaws.com")
    target = {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", "RoleArn": act}
    params = {"Name": "s", "ScheduleExpression": "rate(1 hours)", "Target": target,
              "FlexibleTimeWindow": {"Mode": "OFF"}}  # fmt: skip
    arn = scheduler.create_schedule(**params)["ScheduleArn"]
    told = scheduler.get_schedule(Name="s")
    assert told["Arn"] == arn and told["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 185
    assert isinstance(told["CreationDate"], datetime)
    with pytest.raises(ClientError) as caught:
        scheduler.create_schedule(**params)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    with pytest.raises(ClientError, match="Invalid Schedule Expression rate"):
        scheduler.create_schedule(**{**params, "Name": "t", "ScheduleExpression": "rate(1)"})
    scheduler.delete_schedule(Name="s")
    assert scheduler.list_schedules()["Schedules"] == []


def test_a_registry_and_its_zip(service):
    schemas = client_of(service, "schemas")
    name = "aws.ec2@EC2InstanceStateChangeNotification"
    where = {"RegistryName": "aws.events", "SchemaName": name}
    assert json.loads(schemas.describe_schema(**where)["Content"])["openapi"] == "3.0.0"
    schemas.put_code_binding(**where, Language="Python36")
    service.lab.advance(seconds=10)
    body = schemas.get_code_binding_source(**where, Language="Python36")["Body"]
    assert (body if isinstance(body, bytes) else body.read())[:2] == b"PK"
    with pytest.raises(ClientError) as caught:
        schemas.describe_registry(RegistryName="no")
    assert caught.value.response["Error"]["Code"] == "NotFoundException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
