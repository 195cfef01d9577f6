"""What AWS's own services tell: EC2, S3, alarms, CloudTrail, in the documented envelopes."""

import json

from buskit import ACCOUNT, rule
from machines import launch


def test_an_instances_states(lab, events, queue, ec2):
    rule(events, {"source": ["aws.ec2"]}, queue.arn)
    machine = launch(ec2)
    lab.advance(minutes=2)
    ec2.reboot_instances(InstanceIds=[machine])
    ec2.stop_instances(InstanceIds=[machine])
    lab.advance(minutes=5)
    told = queue.events()
    assert [event["detail"]["state"] for event in told] == [
        "pending", "running", "stopping", "stopped",
    ]  # fmt: skip
    first = told[0]
    assert first["detail-type"] == "EC2 Instance State-change Notification"
    assert first["resources"] == [f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{machine}"]
    assert first["detail"] == {"instance-id": machine, "state": "pending"}
    assert first["account"] == ACCOUNT and first["version"] == "0"


def test_a_bucket_tells_once_it_is_switched_on(lab, events, queue):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="shop")
    rule(events, {"source": ["aws.s3"], "detail-type": ["Object Created"]}, queue.arn)
    s3.put_object(Bucket="shop", Key="a", Body=b"1")
    s3.put_bucket_notification_configuration(
        Bucket="shop", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    s3.put_object(Bucket="shop", Key="b", Body=b"12")
    (event,) = queue.events()
    assert event["resources"] == ["arn:aws:s3:::shop"]
    assert event["detail"]["object"]["key"] == "b" and event["detail"]["object"]["size"] == 2
    assert event["detail"]["reason"] == "PutObject"


def trail(lab, *regions):
    """Trails that log."""
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": ["arn:aws:s3:::trails/*"]}]}  # fmt: skip
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="trails")
    s3.put_bucket_policy(Bucket="trails", Policy=json.dumps(policy))
    for region in regions:
        client = lab.client("cloudtrail", region_name=region)
        client.create_trail(Name="trail", S3BucketName="trails")
        client.start_logging(Name="trail")


def test_an_api_call_needs_a_trail(lab, events, queue):
    wanted = {"source": ["aws.sqs"], "detail-type": ["AWS API Call via CloudTrail"]}
    rule(events, wanted, queue.arn)
    lab.client("sqs").create_queue(QueueName="other")
    assert queue.events() == []
    trail(lab, "us-east-1")
    lab.client("sqs").create_queue(QueueName="third")
    (event,) = queue.events()
    assert event["source"] == "aws.sqs" and event["resources"] == []
    record = event["detail"]
    assert record["eventName"] == "CreateQueue"
    assert record["userIdentity"]["userName"] == "learner"
    assert record["requestParameters"]["queueName"] == "third"


def test_calls_that_read_are_for_rules_that_want_all(lab, events, queue):
    trail(lab, "us-east-1")
    pattern = {"source": ["aws.ec2"], "detail-type": ["AWS API Call via CloudTrail"]}
    rule(events, pattern, queue.arn)
    lab.client("ec2").describe_instances()
    assert queue.events() == []
    events.put_rule(
        Name="r",
        EventPattern=json.dumps(pattern),
        State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
    )
    lab.client("ec2").describe_instances()
    assert [event["detail"]["eventName"] for event in queue.events()] == ["DescribeInstances"]


def test_global_services_tell_in_their_own_region(lab, events, queue):
    trail(lab, "us-east-1", "eu-west-1")
    rule(events, {"source": ["aws.iam"]}, queue.arn)
    lab.client("iam", region_name="eu-west-1").create_group(GroupName="g")
    assert [event["region"] for event in queue.events()] == ["us-east-1"]


def test_a_sign_in_of_root(lab, events, queue):
    trail(lab, "us-east-1")
    pattern = {"detail-type": ["AWS Console Sign In via CloudTrail"],
               "detail": {"userIdentity": {"type": ["Root"]}}}  # fmt: skip
    rule(events, pattern, queue.arn)
    for user in ("root", "ada"):
        lab.sign_in(user)
    lab.advance(seconds=1)
    (event,) = queue.events()
    assert event["source"] == "aws.signin"
    assert event["detail"]["responseElements"] == {"ConsoleLogin": "Success"}
    assert event["detail"]["additionalEventData"]["MFAUsed"] == "No"
    assert event["detail"]["userIdentity"]["accessKeyId"] == ""


def test_nothing_is_built_that_nobody_waits_for(lab, events, queue, ec2, monkeypatch):
    from labkit.eventbridge.engine import envelope

    monkeypatch.setattr(envelope, "event", lambda *a, **k: 1 / 0)
    launch(ec2)
