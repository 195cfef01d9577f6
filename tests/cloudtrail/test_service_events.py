"""What KMS does by itself is recorded: history, a trail's rule, selectors."""

import json

import pytest
from botocore.exceptions import ClientError

BUCKET = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
     "Action": ["s3:PutObject", "s3:GetBucketAcl"],
     "Resource": ["arn:aws:s3:::proof", "arn:aws:s3:::proof/*"]}]})  # fmt: skip


def looked_up(lab, key, value):
    asked = [{"AttributeKey": key, "AttributeValue": value}]
    found = lab.client("cloudtrail").lookup_events(LookupAttributes=asked)["Events"]
    return [json.loads(one["CloudTrailEvent"]) for one in found]


def test_a_rotated_key_is_told_and_nobody_called(lab):
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]
    with pytest.raises(ClientError, match="ValidationException"):
        kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=2561)
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key["KeyId"])
    assert status["RotationPeriodInDays"] == 90
    assert (status["NextRotationDate"] - lab.now).days == 89
    lab.advance(days=89)
    assert looked_up(lab, "EventName", "RotateKey") == []
    lab.advance(days=2)
    (record,) = looked_up(lab, "ResourceName", key["Arn"])
    assert record["eventType"] == "AwsServiceEvent"
    assert record["userIdentity"] == {"accountId": lab.account, "invokedBy": "AWS Internal"}
    assert record["serviceEventDetails"]["rotationType"] == "AUTOMATIC"
    assert record["requestParameters"] is record["responseElements"] is None
    assert record["resources"][0]["ARN"] == key["Arn"]
    kms.disable_key_rotation(KeyId=key["KeyId"])
    lab.advance(days=90)
    assert len(looked_up(lab, "EventName", "RotateKey")) == 0  # the first is older than 90 days


def test_a_key_that_is_deleted_raises_an_event_where_a_trail_logs_it(lab):
    s3, client, sqs = lab.client("s3"), lab.client("cloudtrail"), lab.client("sqs")
    s3.create_bucket(Bucket="proof")
    s3.put_bucket_policy(Bucket="proof", Policy=BUCKET)
    client.create_trail(Name="audit", S3BucketName="proof")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{lab.account}:told"
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events = lab.client("events")
    pattern = {"source": ["aws.kms"], "detail-type": ["AWS Service Event via CloudTrail"]}
    events.put_rule(Name="kms", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="kms", Targets=[{"Id": "1", "Arn": arn}])
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    lab.advance(days=6, hours=23)
    client.start_logging(Name="audit")
    lab.advance(hours=2)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail"]["eventName"] == "DeleteKey"
    assert event["detail"]["serviceEventDetails"] == {"keyId": key}
    (record,) = looked_up(lab, "EventName", "DeleteKey")
    assert record == event["detail"]
    wanted = [{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Management"]},
        {"Field": "eventType", "NotEquals": ["AwsServiceEvent"]}]}]  # fmt: skip
    client.put_event_selectors(TrailName="audit", AdvancedEventSelectors=wanted)
    told = lab.cloudtrail.why("audit", record)
    assert (told.value, told.because[0].inputs["field"]) == (False, "eventType")
