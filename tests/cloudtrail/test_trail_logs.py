"""A trail's lines in CloudWatch Logs: checked when named, written on the clock, nothing lost."""

import json

import pytest
from botocore.exceptions import ClientError
from trailkit import ACCOUNT, Trail

from labkit.cloudtrail.log_delivery import batches, group_of
from labkit.cloudtrail.records import Trail as Record
from labkit.core.ports import Delivery

GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:trail:*"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/to-logs"
STREAM = f"{ACCOUNT}_CloudTrail_us-east-1"
BUCKET = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
     "Action": ["s3:PutObject", "s3:GetBucketAcl"],
     "Resource": ["arn:aws:s3:::proof", "arn:aws:s3:::proof/*"]}]})  # fmt: skip
WRITE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"arn:aws:logs:*:{ACCOUNT}:log-group:trail:log-stream:*_CloudTrail_*",
            }
        ],
    }
)


def trust(service):
    allow = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


@pytest.fixture
def trail(lab):
    """A multi-Region trail that writes into the group ``trail``."""
    lab.client("s3").create_bucket(Bucket="proof")
    lab.client("s3").put_bucket_policy(Bucket="proof", Policy=BUCKET)
    iam, client = lab.client("iam"), lab.client("cloudtrail")
    lab.client("logs").create_log_group(logGroupName="trail")
    iam.create_role(RoleName="to-logs", AssumeRolePolicyDocument=trust("cloudtrail.amazonaws.com"))
    iam.put_role_policy(RoleName="to-logs", PolicyName="write", PolicyDocument=WRITE)
    client.create_trail(
        Name="audit", S3BucketName="proof", IsMultiRegionTrail=True,
        CloudWatchLogsLogGroupArn=GROUP, CloudWatchLogsRoleArn=ROLE,
    )  # fmt: skip
    client.start_logging(Name="audit")
    return client


def names(lab, stream=STREAM):
    found = lab.client("logs").get_log_events(
        logGroupName="trail", logStreamName=stream, startFromHead=True
    )
    return [json.loads(one["message"])["eventName"] for one in found["events"]]


def test_each_region_has_its_stream_in_the_home_regions_group(lab, trail):
    lab.client("sqs").create_queue(QueueName="a")
    lab.client("sqs", region_name="eu-west-1").create_queue(QueueName="b")
    lab.advance(minutes=5)
    assert "CreateQueue" in names(lab)
    assert names(lab, f"{ACCOUNT}_CloudTrail_eu-west-1") == ["CreateQueue"]
    status = trail.get_trail_status(Name="audit")
    assert status["LatestCloudWatchLogsDeliveryTime"].minute % 5 == 0
    assert "LatestCloudWatchLogsDeliveryError" not in status


def test_what_can_not_be_written_waits_until_the_role_is_mended(lab, trail):
    lab.advance(minutes=5)
    iam = lab.client("iam")
    iam.delete_role_policy(RoleName="to-logs", PolicyName="write")
    lab.client("sqs").create_queue(QueueName="kept")
    lab.advance(minutes=10)
    error = trail.get_trail_status(Name="audit")["LatestCloudWatchLogsDeliveryError"]
    assert error == "Access denied. Verify in IAM that the role has adequate permissions."
    assert "CreateQueue" not in names(lab)
    iam.put_role_policy(RoleName="to-logs", PolicyName="write", PolicyDocument=WRITE)
    lab.advance(minutes=5)
    assert names(lab).count("CreateQueue") == 1
    assert "LatestCloudWatchLogsDeliveryError" not in trail.get_trail_status(Name="audit")


def test_logs_go_on_though_the_bucket_is_closed_and_the_other_way_round(lab, trail):
    lab.client("s3").delete_bucket_policy(Bucket="proof")
    lab.client("sqs").create_queue(QueueName="q")
    lab.advance(minutes=5)
    assert "CreateQueue" in names(lab)
    status = trail.get_trail_status(Name="audit")
    assert status["LatestDeliveryError"] == "AccessDenied"
    lab.client("s3").put_bucket_policy(Bucket="proof", Policy=BUCKET)
    lab.client("logs").delete_log_group(logGroupName="trail")
    lab.advance(minutes=5)
    status = trail.get_trail_status(Name="audit")
    assert "LatestDeliveryError" not in status
    assert status["LatestCloudWatchLogsDeliveryError"] == "The specified log group does not exist."
    trail.update_trail(Name="audit", CloudWatchLogsLogGroupArn="", CloudWatchLogsRoleArn="")
    assert "LatestCloudWatchLogsDeliveryError" not in trail.get_trail_status(Name="audit")


def test_group_and_role_are_checked_when_they_are_named(lab, trail):
    def refused(**change):
        with pytest.raises(ClientError) as told:
            trail.update_trail(Name="audit", **change)
        return told.value.response["Error"]["Code"], told.value.response["Error"]["Message"]

    group, role = (
        "InvalidCloudWatchLogsLogGroupArnException",
        "InvalidCloudWatchLogsRoleArnException",
    )
    unknown = "CloudTrail cannot validate the specified log group ARN."
    assert refused(CloudWatchLogsLogGroupArn=GROUP.replace(":trail:", ":no:")) == (group, unknown)
    assert refused(CloudWatchLogsLogGroupArn=GROUP.replace("us-east-1", "eu-west-1")) == (
        group, unknown)  # fmt: skip
    assert refused(CloudWatchLogsLogGroupArn="trail")[0] == group
    assert refused(CloudWatchLogsRoleArn="to-logs")[0] == role
    assert refused(CloudWatchLogsRoleArn=ROLE + "-no")[0] == role
    assert refused(CloudWatchLogsRoleArn="")[0] == "InvalidParameterCombinationException"
    iam = lab.client("iam")
    iam.create_role(RoleName="mute", AssumeRolePolicyDocument=trust("cloudtrail.amazonaws.com"))
    mute = ROLE.replace("to-logs", "mute")
    assert "adequate permissions" in refused(CloudWatchLogsRoleArn=mute)[1]
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    iam.put_role_policy(RoleName="other", PolicyName="write", PolicyDocument=WRITE)
    assert "trust relationships" in refused(CloudWatchLogsRoleArn=mute.replace("mute", "other"))[1]
    assert trail.get_trail(Name="audit")["Trail"]["CloudWatchLogsRoleArn"] == ROLE


def test_events_of_more_than_256_kb_are_in_the_file_alone():
    world = Trail()
    sent = []

    def put(account, region, group, stream, lines):
        sent.append((account, region, group, stream, [json.loads(t)["n"] for _, t in lines]))
        return Delivery(True)

    ports = world.world.ports
    ports.answer("put_log_lines", put)
    ports.answer("log_group_exists", lambda *_: True)
    ports.answer("allowed", lambda *_: True)
    service = world.service
    kept = Record("audit", "arn:t", "us-east-1", ACCOUNT, "b", log_group=GROUP, log_role=ROLE)
    service.trails.add(kept)
    for number, size in ((1, 10), (2, 300_000), (3, 10)):
        record = {"n": number, "pad": "x" * size}
        service.delivery.logs.wait(("arn:t", ACCOUNT, "eu-west-1", "CloudTrail-Insight"),
                                   world.world.clock.now_us, record)  # fmt: skip
    service.delivery.logs.send()
    stream = f"{ACCOUNT}_CloudTrail-Insight_eu-west-1"
    assert sent == [(ACCOUNT, "us-east-1", "trail", stream, [1, 3])]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["x" * 250_000] * 5, [4, 1]),
        (["x"] * 10_001, [10_000, 1]),
        (["é" * 131_059] * 4, [4]),  # 4 x (262,118 + 26) bytes are 1,048,576
        (["é" * 131_060] * 4, [3, 1]),
        ([], []),
    ],
)
def test_a_batch_is_what_put_log_events_takes(lines, expected):
    assert [len(batch) for batch in batches(lines)] == expected


def test_a_group_is_read_with_and_without_the_star():
    assert group_of(GROUP) == group_of(GROUP[:-2]) == ("us-east-1", ACCOUNT, "trail")
