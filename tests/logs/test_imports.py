"""Imports: what CloudTrail Lake holds becomes a log group, day by day."""

import json

import pytest
from botocore.exceptions import ClientError
from buskit import role


@pytest.fixture
def logs(lab):
    return lab.client("logs")


@pytest.fixture
def store(lab):
    return lab.client("cloudtrail").create_event_data_store(
        Name="audit", TerminationProtectionEnabled=False
    )["EventDataStoreArn"]


@pytest.fixture
def importer(lab):
    return role(
        lab, "importer", "cloudtrail:GetEventDataStoreData", "logs:*",
        service="cloudtrail.amazonaws.com",
    )  # fmt: skip


def begin(logs, store, importer, **times):
    made = logs.create_import_task(
        importSourceArn=store, importRoleArn=importer, importFilter=times
    )
    return made["importId"], made["importDestinationArn"].partition("log-group:")[2]


def status(logs, task):
    (row,) = logs.describe_import_tasks(importId=task)["imports"]
    return row["importStatus"]


def test_two_days_come_as_two_batches(lab, logs, store, importer):
    lab.client("s3").create_bucket(Bucket="first-day")
    lab.advance(days=1)
    lab.client("s3").create_bucket(Bucket="second-day")
    task, name = begin(logs, store, importer)
    assert name == f"aws/cloudtrail/{store.rpartition('/')[2]}"
    lab.advance(seconds=11)
    batches = logs.describe_import_task_batches(importId=task)["importBatches"]
    assert [one["status"] for one in batches] == ["COMPLETED", "IN_PROGRESS"]
    lab.advance(seconds=10)
    assert status(logs, task) == "COMPLETED"
    found = logs.filter_log_events(
        logGroupName=name, filterPattern='{ $.eventName = "CreateBucket" }'
    )
    buckets = [json.loads(e["message"])["requestParameters"]["bucketName"] for e in found["events"]]
    assert buckets == ["first-day", "second-day"]


def test_a_range_and_an_end(lab, logs, store, importer):
    lab.client("s3").create_bucket(Bucket="first-day")
    lab.advance(days=1)
    middle = int(lab.now.timestamp()) * 1000  # event times are whole seconds
    lab.client("s3").create_bucket(Bucket="second-day")
    task, name = begin(logs, store, importer, startEventTime=middle)
    lab.advance(minutes=1)
    events = logs.filter_log_events(logGroupName=name)["events"]
    assert events and all("first-day" not in event["message"] for event in events)
    with pytest.raises(ClientError, match="not in progress"):
        logs.cancel_import_task(importId=task)
    second, _ = begin(logs, store, importer)
    logs.cancel_import_task(importId=second)
    lab.advance(minutes=1)
    assert status(logs, second) == "CANCELLED"


def test_what_is_asked_before(lab, logs, store, importer):
    def refused(code, text, *given, **times):
        with pytest.raises(ClientError, match=text) as problem:
            begin(logs, *given, **times)
        assert problem.value.response["Error"]["Code"] == code

    refused("ResourceNotFoundException", "does not exist", f"{store[:-4]}0000", importer)
    refused("InvalidParameterException", "less than or equal", store, importer, startEventTime=9,
            endEventTime=8)  # fmt: skip
    stranger = role(lab, "stranger", service="lambda.amazonaws.com")
    refused("AccessDeniedException", "sts:AssumeRole", store, stranger)
    poor = role(lab, "poor", "logs:*", service="cloudtrail.amazonaws.com")
    refused("AccessDeniedException", "GetEventDataStoreData", store, poor)
