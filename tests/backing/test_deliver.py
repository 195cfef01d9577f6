"""The port ``deliver``: topics and queues of any account."""

import json

import pytest
from backing_bench import ACCOUNT, OTHER

from labkit.core.ports import Delivery, Ports

WHO = "cloudwatch.amazonaws.com"


def queue(bench, name="jobs", account=ACCOUNT, region="us-east-1", **attributes):
    sqs = bench.client("sqs", account=account, region=region)
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return f"arn:aws:sqs:{region}:{account}:{name}", lambda: sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
    ).get("Messages", [])


@pytest.mark.parametrize("account", [ACCOUNT, OTHER])
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_queue_anywhere(bench, account, region):
    arn, receive = queue(bench, account=account, region=region)
    assert bench.deliver(arn, "payload", WHO, attributes={"a": "1"}) == Delivery(True)
    (message,) = receive()
    assert message["Body"] == "payload"
    assert message["MessageAttributes"] == {"a": {"StringValue": "1", "DataType": "String"}}


@pytest.mark.parametrize(("account", "region"), [(ACCOUNT, "us-east-1"), (OTHER, "eu-west-1")])
def test_a_topic_anywhere_with_subject(bench, account, region):
    sns = bench.client("sns", account=account, region=region)
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    bench.sns.confirm(bench.mails()[-1]["confirm_token"])
    subject = 'ALARM: "hot" in US East (N. Virginia)'
    assert bench.deliver(topic, "it is hot", WHO, subject=subject).ok
    mail = bench.mails()[-1]
    assert mail["subject"] == subject and mail["body"].startswith("it is hot\n")
    told = bench.facts_of("mail.sent")[-1]
    assert (told.account, told.region) == (account, region)


def test_other_texts_for_some_subscribers(bench):
    sns = bench.client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    arn, receive = queue(bench)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    bench.sns.confirm(bench.mails()[-1]["confirm_token"])
    assert bench.deliver(topic, "for machines", WHO, by_protocol={"email": "for people"}).ok
    assert bench.mails()[-1]["body"].startswith("for people\n")
    assert json.loads(receive()[0]["Body"])["Message"] == "for machines"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (f"arn:aws:sns:us-east-1:{ACCOUNT}:none", "NotFound"),
        (f"arn:aws:sns:eu-west-1:{OTHER}:none", "NotFound"),
        (f"arn:aws:sqs:us-east-1:{ACCOUNT}:none", "AWS.SimpleQueueService.NonExistentQueue"),
        ("arn:aws:ssm:us-east-1::document/AWS-RunShellScript", "UnsupportedTarget"),
        ("nonsense", "UnsupportedTarget"),
    ],
)
def test_what_is_not_there_is_told_and_not_worth_another_try(bench, arn, code):
    delivery = bench.deliver(arn, "x", WHO)
    assert (delivery.ok, delivery.code, delivery.retryable) == (False, code, False)
    assert delivery.message
    (fact,) = bench.facts_of("delivery.failed")
    assert fact.data == {
        "arn": arn,
        "principal": WHO,
        "source_arn": "",
        "code": code,
        "message": delivery.message,
        "because": [],
        "retryable": False,
    }
    assert not bench.world.failures


def test_fifo_needs_a_group_and_gets_one(bench):
    arn, receive = queue(bench, "o.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    refused = bench.deliver(arn, "x", WHO)
    assert not refused.ok and refused.code == "MissingParameter" and not refused.retryable
    assert bench.deliver(arn, "x", WHO, attributes={"MessageGroupId": "g"}).ok
    (message,) = receive()
    assert message["Attributes"]["MessageGroupId"] == "g"
    assert "MessageAttributes" not in message


def test_when_moto_breaks_another_try_may_help_and_the_reason_is_kept(bench, monkeypatch):
    arn, _ = queue(bench)
    backend = bench.world.backend("sqs", ACCOUNT, "us-east-1")
    monkeypatch.setattr(type(backend), "send_message", lambda *a, **k: 1 / 0)
    delivery = bench.deliver(arn, "x", WHO)
    assert (delivery.code, delivery.retryable) == ("InternalFailure", True)
    assert isinstance(bench.world.failures[-1].problem, ZeroDivisionError)


def test_it_answers_the_port(bench):
    arn, receive = queue(bench)
    ports = Ports()
    ports.answer("deliver", bench.delivering)
    ports.answer("instance_action", bench.ec2.act)
    assert ports.deliver(arn, "x", WHO).ok and len(receive()) == 1
    assert not ports.instance_action(ACCOUNT, "us-east-1", "i-0", "stop").ok
