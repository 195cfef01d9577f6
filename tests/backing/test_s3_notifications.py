"""What buckets tell: object.changed, notifications, events, and what they refuse."""

import json

import pytest
from botocore.exceptions import ClientError

QUEUE = "arn:aws:sqs:us-east-1:123456789012:uploads"


@pytest.fixture()
def s3(lab):
    client = lab.client("s3")
    client.create_bucket(Bucket="notes-1")
    return client


@pytest.fixture()
def changes(lab):
    heard = []
    lab.world.facts.hear("object.changed", lambda fact: heard.append(dict(fact.data)))
    return heard


def versioned(s3):
    s3.put_bucket_versioning(Bucket="notes-1", VersioningConfiguration={"Status": "Enabled"})


def queue(lab, name="uploads"):
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ],
    }
    sqs = lab.client("sqs")
    return sqs, sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})[
        "QueueUrl"
    ]


def take(sqs, url):
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for one in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return [json.loads(one["Body"]) for one in found]


def listen(s3, events=("s3:ObjectCreated:*",), rules=(), **more):
    one = {"Id": "mine", "QueueArn": QUEUE, "Events": list(events)}
    if rules:
        one["Filter"] = {"Key": {"FilterRules": [{"Name": n, "Value": v} for n, v in rules]}}
    s3.put_bucket_notification_configuration(
        Bucket="notes-1", NotificationConfiguration={"QueueConfigurations": [one], **more}
    )


def test_put_copy_and_delete(lab, s3, changes):
    s3.put_object(Bucket="notes-1", Key="a b", Body=b"hello")
    s3.copy_object(Bucket="notes-1", Key="c", CopySource="notes-1/a b")
    s3.delete_object(Bucket="notes-1", Key="a b")
    s3.delete_objects(Bucket="notes-1", Delete={"Objects": [{"Key": "c"}]})
    assert [(one["event_name"], one["key"], one["size"], one["reason"]) for one in changes] == [
        ("ObjectCreated:Put", "a b", 5, "PutObject"),
        ("ObjectCreated:Copy", "c", 5, "CopyObject"),
        ("ObjectRemoved:Delete", "a b", 0, "DeleteObject"),
        ("ObjectRemoved:Delete", "c", 0, "DeleteObject"),
    ]
    assert changes[0]["etag"] == "5d41402abc4b2a76b9719d911017c592"
    assert changes[0]["requester"] == "123456789012" and changes[0]["source_ip"]
    marks = [one["sequencer"] for one in changes]
    assert marks == sorted(marks) and len(set(marks)) == 4


def test_an_upload_in_parts_is_told_once(s3, changes):
    upload = s3.create_multipart_upload(Bucket="notes-1", Key="k")["UploadId"]
    etag = s3.upload_part(Bucket="notes-1", Key="k", UploadId=upload, PartNumber=1, Body=b"part")[
        "ETag"
    ]
    assert changes == []
    s3.complete_multipart_upload(
        Bucket="notes-1",
        Key="k",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]},
    )
    assert [one["event_name"] for one in changes] == ["ObjectCreated:CompleteMultipartUpload"]
    assert changes[0]["etag"].endswith("-1")


def test_versions_and_delete_markers(s3, changes):
    versioned(s3)
    first = s3.put_object(Bucket="notes-1", Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket="notes-1", Key="k", Body=b"2")
    marker = s3.delete_object(Bucket="notes-1", Key="k")["VersionId"]
    s3.delete_object(Bucket="notes-1", Key="k", VersionId=first)
    assert [(one["event_name"], one["version_id"]) for one in changes[2:]] == [
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", first),
    ]


def test_a_queue_gets_a_test_message_and_then_records(lab, s3):
    sqs, url = queue(lab)
    listen(s3, rules=[("Prefix", "in/"), ("Suffix", ".csv")])
    (test,) = take(sqs, url)
    assert (test["Event"], test["Bucket"], test["Service"]) == (
        "s3:TestEvent",
        "notes-1",
        "Amazon S3",
    )
    s3.put_object(Bucket="notes-1", Key="in/ü b.csv", Body=b"hello")
    s3.put_object(Bucket="notes-1", Key="in/other.txt", Body=b"no")
    (message,) = take(sqs, url)
    (record,) = message["Records"]
    assert record["eventVersion"] == "2.1" and record["eventSource"] == "aws:s3"
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["eventTime"] == "2026-01-05T09:00:00.006Z"
    assert record["userIdentity"]["principalId"].startswith("AWS:AIDA")
    assert record["s3"]["configurationId"] == "mine"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::notes-1"
    shown = record["s3"]["object"]
    assert shown["key"] == "in/%C3%BC+b.csv" and shown["size"] == 5
    assert shown["eTag"] == "5d41402abc4b2a76b9719d911017c592" and "versionId" not in shown


def test_a_removed_object_has_neither_size_nor_etag(lab, s3):
    sqs, url = queue(lab)
    listen(s3, events=["s3:ObjectRemoved:*"])
    s3.put_object(Bucket="notes-1", Key="k", Body=b"1")
    s3.delete_object(Bucket="notes-1", Key="k")
    records = [one for one in take(sqs, url) if "Records" in one]
    assert set(records[0]["Records"][0]["s3"]["object"]) == {"key", "sequencer"}


def test_a_topic_gets_the_subject_of_s3(lab, s3, topic):
    """A topic's default policy lets no bucket in: it needs a statement of its own."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "SNS:Publish",
        "Resource": topic,
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::notes-1"}},
    }
    lab.client("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    s3.put_bucket_notification_configuration(
        Bucket="notes-1",
        NotificationConfiguration={
            "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:Put"]}]
        },
    )
    s3.put_object(Bucket="notes-1", Key="k", Body=b"1")
    tested, told = lab.mailbox[-2:]
    assert "s3:TestEvent" in tested.body
    assert told.subject == "Amazon S3 Notification" and "ObjectCreated:Put" in told.body


def test_a_queue_that_is_not_there_is_refused_and_the_old_configuration_stays(lab, s3):
    queue(lab)
    listen(s3)
    with pytest.raises(ClientError, match="Unable to validate the following destination") as told:
        s3.put_bucket_notification_configuration(
            Bucket="notes-1",
            NotificationConfiguration={
                "QueueConfigurations": [
                    {"QueueArn": QUEUE + "-gone", "Events": ["s3:ObjectCreated:*"]}
                ]
            },
        )
    assert told.value.response["Error"]["Code"] == "InvalidArgument"
    kept = s3.get_bucket_notification_configuration(Bucket="notes-1")
    assert [one["QueueArn"] for one in kept["QueueConfigurations"]] == [QUEUE]


def test_the_switch_for_eventbridge(lab, s3, changes):
    events = []
    lab.world.facts.hear("event.emitted", lambda fact: events.append(dict(fact.data)))
    versioned(s3)
    shown = s3.get_bucket_notification_configuration(Bucket="notes-1")
    assert "EventBridgeConfiguration" not in shown
    s3.put_object(Bucket="notes-1", Key="a b", Body=b"quiet")
    s3.put_bucket_notification_configuration(
        Bucket="notes-1", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    shown = s3.get_bucket_notification_configuration(Bucket="notes-1")
    assert shown["EventBridgeConfiguration"] == {}
    version = s3.put_object(Bucket="notes-1", Key="a b", Body=b"hello")["VersionId"]
    s3.put_object_tagging(
        Bucket="notes-1", Key="a b", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )
    s3.delete_object(Bucket="notes-1", Key="a b")
    assert [one["event_bridge"] for one in changes] == [False, True, True]
    made, tagged, gone = events
    assert tagged["detail_type"] == "Object Tags Added"
    assert (made["source"], made["detail_type"]) == ("aws.s3", "Object Created")
    assert made["resources"] == ["arn:aws:s3:::notes-1"]
    assert made["detail"]["object"] == {
        "key": "a b",
        "size": 5,
        "etag": "5d41402abc4b2a76b9719d911017c592",
        "version-id": version,
        "sequencer": changes[1]["sequencer"],
    }
    assert made["detail"]["reason"] == "PutObject"
    assert gone["detail_type"] == "Object Deleted"
    assert gone["detail"]["deletion-type"] == "Delete Marker Created"


def test_a_checksum_comes_back_in_process_as_over_the_wire(s3):
    answer = s3.put_object(Bucket="notes-1", Key="k", Body=b"hello")
    assert answer["ChecksumCRC32"] == "NhCmhg=="
    head = s3.head_object(Bucket="notes-1", Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == "NhCmhg=="
    named = s3.put_object(Bucket="notes-1", Key="k", Body=b"hello", ChecksumAlgorithm="SHA256")
    assert named["ChecksumSHA256"] == "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="


TRAIL = "arn:aws:cloudtrail:us-east-1:123456789012:trail/t"
ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::notes-1/AWSLogs/123456789012/*",
            "Condition": {
                "StringEquals": {
                    "s3:x-amz-acl": "bucket-owner-full-control",
                    "aws:SourceArn": TRAIL,
                }
            },
        }
    ],
}


@pytest.mark.parametrize(
    ("key", "principal", "source", "may"),
    [
        ("AWSLogs/123456789012/x", "cloudtrail.amazonaws.com", TRAIL, True),
        ("elsewhere/x", "cloudtrail.amazonaws.com", TRAIL, False),
        ("AWSLogs/123456789012/x", "logs.amazonaws.com", TRAIL, False),
        ("AWSLogs/123456789012/x", "cloudtrail.amazonaws.com", TRAIL + "2", False),
    ],
)
def test_whether_a_service_may_write(lab, s3, key, principal, source, may):
    s3.put_bucket_policy(Bucket="notes-1", Policy=json.dumps(ALLOWED))
    verdict = lab.world.ports.bucket_allows(
        "notes-1", key, principal, source_arn=source, account="123456789012"
    )
    assert verdict.value is may and verdict.because


def test_a_bucket_without_a_policy_lets_no_service_write(lab, s3):
    assert not lab.world.ports.bucket_allows("notes-1", "k", "cloudtrail.amazonaws.com").value
