"""Export tasks: what must be allowed, what is written, what comes too early, one at a time."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError
from logskit import group, write

BUCKET = "exported-logs"
SERVICE = "logs.us-east-1.amazonaws.com"


def policy(*actions, source="arn:aws:logs:us-east-1:123456789012:log-group:*"):
    condition = {"StringEquals": {"aws:SourceAccount": "123456789012"},
                 "ArnLike": {"aws:SourceArn": source}}  # fmt: skip
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": action,
            "Resource": f"arn:aws:s3:::{BUCKET}" + ("/*" if "Object" in action else ""),
            "Condition": condition,
        }
        for action in actions
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def logs(lab):
    return group(lab, stream="web/1")


@pytest.fixture
def s3(lab):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy("s3:GetBucketAcl", "s3:PutObject"))
    return s3


def export(lab, logs, **more):
    end = int(lab.now.timestamp() * 1000)
    given = {"logGroupName": "app", "from": 0, "to": end, "destination": BUCKET, **more}
    return logs.create_export_task(**given)["taskId"]


def status(logs, task):
    (row,) = logs.describe_export_tasks(taskId=task)["exportTasks"]
    return row["status"]["code"]


def test_what_is_old_enough_is_written(lab, logs, s3):
    at_ms = write(lab, logs, "early", "earlier \u00e9", stream="web/1")
    lab.advance(hours=11)
    write(lab, logs, "late", stream="web/1")
    lab.advance(hours=2)
    task = export(lab, logs)
    assert status(logs, task) == "PENDING"
    lab.advance(seconds=6)
    assert status(logs, task) == "RUNNING"
    lab.advance(seconds=10)
    (row,) = logs.describe_export_tasks()["exportTasks"]
    assert row["status"] == {"code": "COMPLETED", "message": "Completed successfully"}
    assert row["executionInfo"]["completionTime"] - row["executionInfo"]["creationTime"] == 15_000
    keys = [row["Key"] for row in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys == [
        f"exportedlogs/{task}/web-1/000000.gz",
        "exportedlogs/aws-logs-write-test",
    ]
    test = s3.get_object(Bucket=BUCKET, Key=keys[1])["Body"].read()
    assert test == b"Permission Check Successful"
    text = gzip.decompress(s3.get_object(Bucket=BUCKET, Key=keys[0])["Body"].read()).decode()
    first, second = text.splitlines()
    assert first == "2026-01-05T09:00:00.000Z early" or first.endswith("Z early")
    assert second.endswith(" earlier \u00e9") and at_ms
    # "late" was two hours old: the next task finds it.
    lab.advance(hours=12)
    again = export(lab, logs, destinationPrefix="daily")
    lab.advance(minutes=1)
    body = s3.get_object(Bucket=BUCKET, Key=f"daily/{again}/web-1/000000.gz")["Body"].read()
    assert len(gzip.decompress(body).decode().splitlines()) == 3


def test_what_is_asked_before(lab, logs):
    s3 = lab.client("s3")

    def refused(text, **more):
        with pytest.raises(ClientError, match=text) as problem:
            export(lab, logs, **more)
        assert problem.value.response["Error"]["Code"] == "InvalidParameterException"

    refused("The given bucket does not exist. Please make sure the bucket is valid")
    s3.create_bucket(Bucket=BUCKET)
    refused("GetBucketAcl call on the given bucket failed")
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy("s3:GetBucketAcl"))
    refused("PutObject call on the given bucket failed")
    s3.put_bucket_policy(
        Bucket=BUCKET, Policy=policy("s3:GetBucketAcl", "s3:PutObject", source="arn:aws:logs:*:9:*")
    )
    refused("GetBucketAcl call on the given bucket failed")
    refused("not be later than its end", **{"from": 5, "to": 4})
    refused("not be earlier than the log group", to=5)


def test_one_at_a_time_until_it_is_cancelled(lab, logs, s3):
    task = export(lab, logs)
    with pytest.raises(ClientError, match=r"LimitExceededException.*Resource limit exceeded"):
        export(lab, logs)
    logs.cancel_export_task(taskId=task)
    assert status(logs, task) == "PENDING_CANCEL"
    lab.advance(seconds=20)
    assert status(logs, task) == "CANCELLED"
    with pytest.raises(ClientError, match="already finished"):
        logs.cancel_export_task(taskId=task)
    with pytest.raises(ClientError, match="The specified export task does not exist"):
        logs.cancel_export_task(taskId="gone")
    assert export(lab, logs)
    assert len(logs.describe_export_tasks(statusCode="CANCELLED")["exportTasks"]) == 1


def test_a_bucket_that_is_closed_meanwhile_fails_the_task(lab, logs, s3):
    write(lab, logs, "x", stream="web/1")
    lab.advance(hours=13)
    task = export(lab, logs)
    s3.delete_bucket_policy(Bucket=BUCKET)
    lab.advance(minutes=1)
    assert status(logs, task) == "FAILED"
