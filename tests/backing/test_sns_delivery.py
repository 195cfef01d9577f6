"""What SNS sends to machines: envelopes, retries, redrive policies, confirmations by HTTP."""

import json
from types import SimpleNamespace

import pytest
from backing_bench import ACCOUNT

from labkit.backing import sns_delivery
from labkit.core.clock import SECOND

DEAD = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"


@pytest.fixture()
def sns(bench):
    return bench.client("sns")


@pytest.fixture()
def topic(sns):
    return sns.create_topic(Name="t")["TopicArn"]


def bodies(bench, name):
    sqs = bench.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return got.get("Messages", [])


def subscription(protocol="http", own=None, topics=None):
    return SimpleNamespace(
        protocol=protocol,
        attributes={"DeliveryPolicy": json.dumps(own)} if own else {},
        topic=SimpleNamespace(delivery_policy=json.dumps(topics) if topics else ""),
    )


def waits(policy):
    return [
        policy.wait_us(retry, 0.5) / SECOND for retry in range(1, policy.maximum_retry_attempts + 1)
    ]


OWN = {
    "healthyRetryPolicy": {
        "numRetries": 6, "minDelayTarget": 5, "maxDelayTarget": 20, "numNoDelayRetries": 1,
        "numMinDelayRetries": 1, "numMaxDelayRetries": 2,
    }
}  # fmt: skip
TOPICS = {
    "http": {
        "defaultHealthyRetryPolicy": {"numRetries": 1, "minDelayTarget": 9, "maxDelayTarget": 9}
    }
}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, [20, 20, 20]),
        ({"topics": TOPICS}, [9]),
        ({"own": OWN, "topics": TOPICS}, [0, 5, 5, 20, 20, 20]),
        ({"own": OWN, "topics": {"http": TOPICS["http"] | {"disableSubscriptionOverrides": True}}},
         [9]),
    ],
)  # fmt: skip
def test_an_http_subscribers_retries(given, wanted):
    assert waits(sns_delivery.retry_policy(subscription(**given))) == pytest.approx(wanted)


def test_an_aws_subscriber_is_tried_for_23_days():
    policy = sns_delivery.retry_policy(subscription("sqs"))
    assert (policy.maximum_retry_attempts, policy.maximum_age_s) == (100_015, 23 * 86_400)


def test_what_no_queue_took_is_redriven_as_it_would_have_arrived(bench, sns, topic):
    bench.client("sqs").create_queue(QueueName="dead")
    for raw in ("false", "true"):
        sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:gone-{raw}",
            Attributes={
                "RawMessageDelivery": raw,
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD}),
            },
        )
    sns.publish(
        TopicArn=topic,
        Message="hot",
        MessageAttributes={"n": {"DataType": "Number", "StringValue": "7"}},
    )
    wrapped, raw = bodies(bench, "dead")
    assert json.loads(wrapped["Body"])["Message"] == "hot" and "MessageAttributes" not in wrapped
    assert raw["Body"] == "hot"
    assert raw["MessageAttributes"] == {"n": {"DataType": "Number", "StringValue": "7"}}


def test_a_queue_in_trouble_gets_its_message_a_little_later(bench, sns, topic, monkeypatch):
    bench.client("sqs").create_queue(QueueName="q")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:q")
    backend = bench.world.backend("sqs", ACCOUNT, "us-east-1")
    tries = []
    real = type(backend).send_message

    def send(self, *args, **kwargs):
        tries.append(bench.clock.now_us)
        if len(tries) < 6:
            raise RuntimeError("out of order")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(type(backend), "send_message", send)
    sns.publish(TopicArn=topic, Message="hot")
    bench.advance(60)
    assert [(at - tries[0]) // SECOND for at in tries] == [0, 0, 0, 0, 1, 2]
    assert len(bodies(bench, "q")) == 1


def test_a_function_gets_records(bench, sns, topic):
    got = []

    class Functions:
        def invoke(self, arn, payload, *, principal, asynchronous):
            got.append((arn, json.loads(payload), principal, asynchronous))
            return SimpleNamespace(ok=True)

    bench.delivering.desk.functions = lambda: Functions()
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
    arn = sns.subscribe(
        TopicArn=topic, Protocol="lambda", Endpoint=function, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    sns.publish(
        TopicArn=topic,
        Message="hot",
        MessageAttributes={"n": {"DataType": "Number", "StringValue": "7"}},
    )
    ((to, event, principal, asynchronous),) = got
    assert (to, principal, asynchronous) == (function, "sns.amazonaws.com", True)
    (record,) = event["Records"]
    assert record["EventSource"] == "aws:sns" and record["EventVersion"] == "1.0"
    assert record["EventSubscriptionArn"] == arn
    assert record["Sns"]["Message"] == "hot" and record["Sns"]["Subject"] is None
    assert record["Sns"]["MessageAttributes"] == {"n": {"Type": "Number", "Value": "7"}}
    assert list(record["Sns"])[-4:] == [
        "Signature", "SigningCertUrl", "UnsubscribeUrl", "MessageAttributes",
    ]  # fmt: skip


def test_a_function_that_is_throttled_is_tried_again(bench, sns, topic):
    answers = [
        SimpleNamespace(ok=False, error_type="TooManyRequestsException", error_message="Rate",
                        timed_out=False),
        SimpleNamespace(ok=True),
    ]  # fmt: skip
    functions = SimpleNamespace(invoke=lambda *a, **k: answers.pop(0))
    bench.delivering.desk.functions = lambda: functions
    sns.subscribe(
        TopicArn=topic,
        Protocol="lambda",
        Endpoint=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f",
    )
    sns.publish(TopicArn=topic, Message="hot")
    bench.advance(1)
    assert answers == [] and bench.facts_of("delivery.failed") == []


def test_a_queues_own_redrive_follows_the_labs_clock(bench):
    """SQS: received twice without being deleted, the third receive moves it."""
    sqs = bench.client("sqs")
    sqs.create_queue(QueueName="dead")
    url = sqs.create_queue(
        QueueName="work",
        Attributes={
            "VisibilityTimeout": "600",
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 2}),
        },
    )["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        assert len(bodies(bench, "work")) == 1
        bench.advance(599)
        assert bodies(bench, "work") == []
        bench.advance(2)
    assert bodies(bench, "dead") == []
    assert bodies(bench, "work") == []
    assert [message["Body"] for message in bodies(bench, "dead")] == ["poison"]
