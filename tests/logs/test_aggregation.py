"""Several accounts, one stream: logs of two accounts go to a third, and from there into S3."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError
from buskit import role
from logskit import Stream, group, write
from timeline import Seen, Timeline, between

CENTRAL, OTHER = "999999999999", "222222222222"
LOGS = "logs.amazonaws.com"


def policy(arn, *accounts):
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": list(accounts)},
        "Action": "logs:PutSubscriptionFilter",
        "Resource": arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def central_role(lab, name, service):
    """A role of the central account that a service may assume and that may do everything."""
    iam = lab.client("iam", account_id=CENTRAL)
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(
        RoleName=name, PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )  # fmt: skip
    return arn


@pytest.fixture
def central(lab):
    """The central account: a stream, and a destination before it."""
    stream = Stream(lab, account_id=CENTRAL)
    logs = lab.client("logs", account_id=CENTRAL)
    made = logs.put_destination(
        destinationName="all", targetArn=stream.arn,
        roleArn=central_role(lab, "into-stream", LOGS),
    )["destination"]  # fmt: skip
    return stream, logs, made["arn"]


def subscribe(logs, arn, name="to-central"):
    logs.put_subscription_filter(
        logGroupName="app", filterName=name, filterPattern="", destinationArn=arn
    )


def test_a_destination_without_a_policy_takes_nobody(lab, central):
    _, _, arn = central
    with pytest.raises(ClientError, match="is not authorized to perform") as problem:
        subscribe(group(lab), arn)
    assert problem.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_destination_takes_the_accounts_that_its_policy_names(lab, central):
    stream, logs, arn = central
    logs.put_destination_policy(destinationName="all", accessPolicy=policy(arn, OTHER))
    theirs, ours = group(lab, account_id=OTHER), group(lab)
    subscribe(theirs, arn)
    with pytest.raises(ClientError, match="AccessDenied"):
        subscribe(ours, arn)
    write(lab, theirs, "theirs")
    (told,) = stream.messages()
    assert told["owner"] == OTHER and told["logEvents"][0]["message"] == "theirs"
    (row,) = logs.describe_destinations()["destinations"]
    assert row["targetArn"] == stream.arn and json.loads(row["accessPolicy"])
    logs.delete_destination(destinationName="all")
    write(lab, theirs, "nobody hears this")
    assert stream.lines() == ["theirs"]


def arrived(text):
    """Objects of the central bucket whose lines have a text."""

    def find(lab):
        s3 = lab.client("s3", account_id=CENTRAL)
        found = []
        for row in s3.list_objects_v2(Bucket="all-the-logs").get("Contents", ()):
            body = s3.get_object(Bucket="all-the-logs", Key=row["Key"])["Body"].read()
            # Firehose lays the gzip members one behind the other: together they are one file.
            if text in gzip.decompress(body).decode():
                found.append(Seen(row["LastModified"], f"{row['Key']}: {text}"))
        return found

    return find


def test_logs_of_two_accounts_end_as_one_in_s3(lab, central):
    """The aggregation of the notes: subscriptions, a stream, Firehose, a bucket."""
    stream, logs, arn = central
    lab.client("s3", account_id=CENTRAL).create_bucket(Bucket="all-the-logs")
    delivery = central_role(lab, "deliver", "firehose.amazonaws.com")
    lab.client("firehose", account_id=CENTRAL).create_delivery_stream(
        DeliveryStreamName="to-s3",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": stream.arn, "RoleARN": delivery},
        ExtendedS3DestinationConfiguration={
            "RoleARN": delivery,
            "BucketARN": "arn:aws:s3:::all-the-logs",
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
        },
    )
    senders = {account: group(lab, account_id=account) for account in ("123456789012", OTHER)}
    first, second = senders.values()
    story = Timeline(lab)
    story.at(2).do(
        lambda: logs.put_destination_policy(
            destinationName="all", accessPolicy=policy(arn, *senders)
        )
    )
    story.at(3).do(lambda: write(lab, first, "before it subscribed"))
    story.at(4).do(lambda: subscribe(first, arn)).do(lambda: subscribe(second, arn))
    story.at(5).do(lambda: write(lab, first, "from the first"))
    story.at(5.5).do(lambda: write(lab, second, "from the second"))
    # Firehose gathers for a minute, counted from the first record.
    story.never(between(0, 5.99), arrived("from the"))
    story.want(between(6, 6.1), arrived("from the first"))
    story.want(between(6, 6.1), arrived(f'"owner":"{OTHER}"'))
    story.never(between(0, 20), arrived("before it subscribed"))
    # Who is shut out later keeps what it has: the policy is asked when a filter is made.
    story.at(8).do(
        lambda: logs.put_destination_policy(
            destinationName="all", accessPolicy=policy(arn, "123456789012")
        )
    )
    story.at(9).do(lambda: write(lab, second, "still heard"))
    story.want(between(10, 10.1), arrived("still heard"))
    story.play(until=20)
    assert stream.lines() == ["from the first", "from the second", "still heard"]


@pytest.mark.long
def test_a_firehose_stream_can_be_subscribed_at_once(lab):
    logs = group(lab)
    lab.client("s3").create_bucket(Bucket="the-lake")
    arn = lab.client("firehose").create_delivery_stream(
        DeliveryStreamName="to-s3",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role(lab, "deliver", service="firehose.amazonaws.com"),
            "BucketARN": "arn:aws:s3:::the-lake",
            "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 1},
        },
    )["DeliveryStreamARN"]
    lab.advance(minutes=1)
    logs.put_subscription_filter(
        logGroupName="app", filterName="f", filterPattern="", destinationArn=arn,
        roleArn=role(lab, "sender", "firehose:PutRecord", service=LOGS),
    )  # fmt: skip
    write(lab, logs, "into the lake")
    lab.advance(minutes=2)
    s3 = lab.client("s3")
    (row,) = s3.list_objects_v2(Bucket="the-lake")["Contents"]
    text = gzip.decompress(s3.get_object(Bucket="the-lake", Key=row["Key"])["Body"].read()).decode()
    assert "CONTROL_MESSAGE" in text and "into the lake" in text
