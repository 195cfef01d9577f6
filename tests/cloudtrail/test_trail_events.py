"""What a trail logs reaches EventBridge: the notes' story, and what no selector wants."""

import gzip
import json

import pytest

import labkit

DELETED = {
    "source": ["aws.dynamodb"],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {"eventSource": ["dynamodb.amazonaws.com"], "eventName": ["DeleteTable"]},
}


@pytest.fixture
def lab():
    with labkit.Lab(active=False) as lab:
        yield lab


def trail(lab, region="us-east-1", **parameters):
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="trails")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::trails/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket="trails", Policy=json.dumps(policy))
    client = lab.client("cloudtrail", region_name=region)
    client.create_trail(Name="audit", S3BucketName="trails", **parameters)
    client.start_logging(Name="audit")
    return client


@pytest.fixture
def seen(lab):
    """What comes to a queue of all events through CloudTrail: (event name, error code)."""
    sqs, events = lab.client("sqs"), lab.client("events")
    url = sqs.create_queue(QueueName="all")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = arn["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_rule(Name="all", EventPattern='{"detail-type": [{"suffix": "via CloudTrail"}]}')
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn}])

    def look():
        found = []
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for one in got:
                record = json.loads(one["Body"])["detail"]
                found.append((record["eventName"], record.get("errorCode", "")))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        own = ("DeleteMessage", "ReceiveMessage")
        return [one for one in found if one[0] not in own]

    return look


def test_a_deleted_table_ends_in_a_mail(lab):
    sns, events, dynamodb = (lab.client(name) for name in ("sns", "events", "dynamodb"))
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    lab.mailbox[-1].confirm()
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    events.put_rule(Name="deleted", EventPattern=json.dumps(DELETED))
    events.put_targets(Rule="deleted", Targets=[{"Id": "mail", "Arn": topic}])

    def table_comes_and_goes():
        dynamodb.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.delete_table(TableName="orders")
        lab.advance(minutes=1)
        return [mail for mail in lab.mailbox if "DeleteTable" in str(mail.body)]

    assert table_comes_and_goes() == [], "event history alone brings no event"
    trail(lab)
    (mail,) = table_comes_and_goes()
    assert '"tableName":"orders"' in mail.body


def test_a_call_that_failed_is_an_event_too(lab, seen):
    trail(lab)
    seen()
    with pytest.raises(lab.client("sns").exceptions.NotFoundException):
        lab.client("sns").set_topic_attributes(
            TopicArn=f"arn:aws:sns:us-east-1:{lab.account}:none",
            AttributeName="DisplayName",
            AttributeValue="x",
        )
    ((name, code),) = seen()
    assert name == "SetTopicAttributes" and code


def test_what_the_selectors_leave_out_is_no_event(lab, seen):
    client = trail(lab)
    client.put_event_selectors(
        TrailName="audit",
        EventSelectors=[{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}],
    )
    seen()
    lab.client("sns").create_topic(Name="t")
    assert seen() == []


def test_data_events_of_the_buckets_that_a_selector_names(lab, seen):
    client = trail(lab)
    s3 = lab.client("s3")
    for bucket in ("watched", "other"):
        s3.create_bucket(Bucket=bucket)
    client.put_event_selectors(
        TrailName="audit",
        EventSelectors=[
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": True,
                "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::watched/"]}],
            }
        ],
    )
    seen()
    for bucket in ("other", "watched"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert seen() == [("PutObject", "")]


def test_iam_is_logged_by_a_trail_of_us_east_1_wherever_the_client_is(lab, seen):
    trail(lab)
    seen()
    lab.client("iam", region_name="eu-west-1").create_group(GroupName="g")
    assert seen() == [("CreateGroup", "")]


@pytest.mark.parametrize("call", ["stop_logging", "delete_trail"])
def test_the_call_that_ends_a_trail_is_the_last_that_is_told(lab, seen, call):
    client = trail(lab)
    seen()
    getattr(client, call)(Name="audit")
    lab.client("sns").create_topic(Name="unheard")
    assert [name for name, _ in seen()] == [call.title().replace("_", "")]


def test_a_file_holds_who_stopped_the_trail(lab):
    client = trail(lab)
    lab.advance(minutes=6)
    client.stop_logging(Name="audit")
    client.stop_logging(Name="audit")
    lab.advance(minutes=6)
    s3 = lab.client("s3")
    newest = s3.list_objects_v2(Bucket="trails", Prefix="AWSLogs/")["Contents"][-1]["Key"]
    body = gzip.decompress(s3.get_object(Bucket="trails", Key=newest)["Body"].read())
    assert [one["eventName"] for one in json.loads(body)["Records"]] == ["StopLogging"]
