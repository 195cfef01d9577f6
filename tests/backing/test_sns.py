"""Subscriptions wait for their confirmation, and what is published arrives where it should."""

import json

import pytest
from backing_bench import ACCOUNT, OTHER
from botocore.exceptions import ClientError

from labkit.core.clock import DAY, SECOND
from labkit.core.errors import AwsError

ADDRESS = "ops@example.com"


@pytest.fixture()
def sns(bench):
    return bench.client("sns")


@pytest.fixture()
def topic(sns):
    return sns.create_topic(Name="alerts")["TopicArn"]


def subscribe(bench, sns, topic, address=ADDRESS, protocol="email", confirm=True, **more):
    answer = sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=address, **more)
    token = bench.mails()[-1]["confirm_token"]
    return bench.sns.confirm(token) if confirm else answer["SubscriptionArn"]


def code_of(caught):
    return caught.value.response["Error"]["Code"]


def test_a_subscription_is_pending_and_a_mail_asks(bench, sns, topic):
    assert subscribe(bench, sns, topic, confirm=False) == "pending confirmation"
    (mail,) = bench.mails()
    assert mail["to"] == ADDRESS and mail["topic_arn"] == topic
    assert mail["subject"] == "AWS Notification - Subscription Confirmation"
    assert mail["body"].startswith(f"You have chosen to subscribe to the topic: \n{topic}\n")
    link = (
        f"https://sns.us-east-1.amazonaws.com/confirmation.html?TopicArn={topic}"
        f"&Token={mail['confirm_token']}&Endpoint={ADDRESS}"
    )
    assert link in mail["body"] and len(mail["confirm_token"]) > 200
    (listed,) = sns.list_subscriptions()["Subscriptions"]
    assert listed == {
        "SubscriptionArn": "PendingConfirmation",
        "Owner": ACCOUNT,
        "Protocol": "email",
        "Endpoint": ADDRESS,
        "TopicArn": topic,
    }
    sns.publish(TopicArn=topic, Message="too early")
    assert len(bench.mails()) == 1
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    counts = attributes["SubscriptionsPending"], attributes["SubscriptionsConfirmed"]
    assert counts == ("1", "0")


def test_confirmed_by_api_it_gets_what_is_published(bench, sns, topic):
    subscribe(bench, sns, topic, confirm=False)
    token = bench.mails()[-1]["confirm_token"]
    arn = sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == arn
    sns.publish(TopicArn=topic, Message="the disk is full", Subject="Disk")
    sns.publish(TopicArn=topic, Message="no subject")
    first, second = bench.mails()[1:]
    assert (first["to"], first["subject"], first["confirm_token"]) == (ADDRESS, "Disk", "")
    assert first["body"] == (
        "the disk is full\n\n--\n"
        "If you wish to stop receiving notifications from this topic, please click or visit the "
        "link below to unsubscribe:\n"
        f"https://sns.us-east-1.amazonaws.com/unsubscribe.html?SubscriptionArn={arn}"
        f"&Endpoint={ADDRESS}\n\n"
        "Please do not reply directly to this email. If you have any questions or comments "
        "regarding this email, please contact us at https://aws.amazon.com/support\n"
    )
    assert second["subject"] == "AWS Notification Message"
    state = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert state["PendingConfirmation"] == "false"
    assert sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"] == arn


def test_the_arn_is_told_when_asked_for(bench, sns, topic):
    arn = subscribe(bench, sns, topic, confirm=False, ReturnSubscriptionArn=True)
    assert arn.startswith(f"{topic}:")
    state = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert state["PendingConfirmation"] == "true"


def test_wrong_tokens_are_refused(bench, sns, topic):
    subscribe(bench, sns, topic, confirm=False)
    token = bench.mails()[-1]["confirm_token"]
    other = sns.create_topic(Name="other")["TopicArn"]
    for wrong in ({"TopicArn": topic, "Token": "0" * 64}, {"TopicArn": other, "Token": token}):
        with pytest.raises(ClientError) as caught:
            sns.confirm_subscription(**wrong)
        assert code_of(caught) == "InvalidParameter"
    with pytest.raises(ClientError) as caught:
        sns.confirm_subscription(TopicArn=topic + "x", Token=token)
    assert code_of(caught) == "NotFound"
    with pytest.raises(AwsError, match="InvalidParameter"):
        bench.sns.confirm("nonsense")


def test_after_two_days_it_lapses(bench, sns, topic):
    subscribe(bench, sns, topic, confirm=False)
    token = bench.mails()[-1]["confirm_token"]
    bench.advance(2 * DAY / SECOND - 1)
    assert len(sns.list_subscriptions()["Subscriptions"]) == 1
    bench.advance(1)
    assert sns.list_subscriptions()["Subscriptions"] == []
    with pytest.raises(AwsError, match="Token"):
        bench.sns.confirm(token)


def test_asked_for_again_it_is_mailed_again_and_stays(bench, sns, topic):
    subscribe(bench, sns, topic, confirm=False)
    bench.advance(DAY / SECOND)
    subscribe(bench, sns, topic, confirm=False)
    tokens = [mail["confirm_token"] for mail in bench.mails()]
    assert len(set(tokens)) == 2
    bench.advance(1.5 * DAY / SECOND)
    assert len(sns.list_subscriptions()["Subscriptions"]) == 1
    bench.sns.confirm(tokens[1])
    bench.advance(5 * DAY / SECOND)
    assert sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"].startswith(topic)
    again = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ADDRESS)
    assert again["SubscriptionArn"].startswith(topic)
    assert len(bench.mails()) == 2


def test_json_mails_and_messages_by_protocol(bench, sns, topic):
    subscribe(bench, sns, topic, protocol="email-json")
    subscribe(bench, sns, topic, address="plain@example.com")
    sns.publish(
        TopicArn=topic,
        Subject="s",
        MessageStructure="json",
        Message=json.dumps({"default": "for all", "email": "for mails"}),
    )
    as_json, plain = bench.mails()[-2:]
    envelope = json.loads(as_json["body"].split("\n\n--\n")[0])
    assert envelope["Message"] == "for all" and envelope["Type"] == "Notification"
    assert envelope["Subject"] == "s" and envelope["Timestamp"].startswith("2026-01-05T09:00:00.")
    assert plain["body"].startswith("for mails\n")


def test_filters_hold_for_mails(bench, sns, topic):
    arn = subscribe(bench, sns, topic)
    sns.set_subscription_attributes(
        SubscriptionArn=arn,
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"level": ["high"]}),
    )
    for level in ("low", "high"):
        sns.publish(
            TopicArn=topic,
            Message=level,
            MessageAttributes={"level": {"DataType": "String", "StringValue": level}},
        )
    assert [mail["body"].split("\n")[0] for mail in bench.mails()[1:]] == ["high"]


def test_unsubscribed_and_deleted(bench, sns, topic):
    arn = subscribe(bench, sns, topic)
    sns.unsubscribe(SubscriptionArn=arn)
    sns.publish(TopicArn=topic, Message="nobody hears")
    assert len(bench.mails()) == 1
    with pytest.raises(ClientError) as caught:
        sns.unsubscribe(SubscriptionArn="PendingConfirmation")
    assert code_of(caught) == "InvalidParameter"
    assert "at least 6 elements, not 1" in str(caught.value)
    subscribe(bench, sns, topic)
    sns.delete_topic(TopicArn=topic)
    with pytest.raises(ClientError) as caught:
        sns.publish(TopicArn=topic, Message="gone")
    assert code_of(caught) == "NotFound"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_what_aws_would_refuse(sns, topic):
    for wrong, message in (
        ({"Protocol": "pigeon", "Endpoint": "x"}, "does not support this protocol string: pigeon"),
        ({"Protocol": "email", "Endpoint": "nobody"}, "Email address"),
    ):
        with pytest.raises(ClientError, match=message) as caught:
            sns.subscribe(TopicArn=topic, **wrong)
        assert code_of(caught) == "InvalidParameter"
    with pytest.raises(ClientError) as caught:
        sns.subscribe(TopicArn=f"{topic}x", Protocol="email", Endpoint=ADDRESS)
    assert code_of(caught) == "NotFound"


def receive(sqs, url):
    return sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages", [])


def test_queues_get_the_envelope_or_the_raw_message(bench, sns, topic):
    sqs = bench.client("sqs")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("wrapped", "raw")}
    for name in urls:
        sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}",
            Attributes={"RawMessageDelivery": "true"} if name == "raw" else {},
        )
    told = sns.publish(
        TopicArn=topic,
        Message="hot",
        Subject="s",
        MessageAttributes={"n": {"DataType": "Number", "StringValue": "7"}},
    )
    (wrapped,) = receive(sqs, urls["wrapped"])
    envelope = json.loads(wrapped["Body"])
    assert wrapped["Body"].startswith('{\n  "Type" : "Notification",\n  "MessageId" : ')
    assert list(envelope) == [
        "Type",
        "MessageId",
        "TopicArn",
        "Subject",
        "Message",
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
        "UnsubscribeURL",
        "MessageAttributes",
    ]
    assert envelope["MessageId"] == told["MessageId"]
    assert envelope["MessageAttributes"] == {"n": {"Type": "Number", "Value": "7"}}
    assert envelope["UnsubscribeURL"].endswith(
        sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"]
    )
    (raw,) = receive(sqs, urls["raw"])
    assert raw["Body"] == "hot"
    assert raw["MessageAttributes"] == {"n": {"DataType": "Number", "StringValue": "7"}}


def test_across_accounts(bench, sns, topic):
    """A queue of another account gets the message there; the subscriber lists its subscription."""
    theirs = bench.client("sqs", account=OTHER)
    url = theirs.create_queue(QueueName="theirs")["QueueUrl"]
    bench.client("sqs").create_queue(QueueName="theirs")
    their_sns = bench.client("sns", account=OTHER)
    their_sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{OTHER}:theirs"
    )
    sns.publish(TopicArn=topic, Message="over the border")
    assert [json.loads(m["Body"])["Message"] for m in receive(theirs, url)] == ["over the border"]
    assert receive(bench.client("sqs"), url) == []
    for client in (sns, their_sns):
        (listed,) = client.list_subscriptions()["Subscriptions"]
        assert listed["Owner"] == OTHER
    their_sns.unsubscribe(SubscriptionArn=listed["SubscriptionArn"])
    for client in (sns, their_sns):
        assert client.list_subscriptions()["Subscriptions"] == []


def test_a_target_that_is_gone_does_not_break_the_publisher(bench, sns, topic):
    for endpoint, protocol in (
        (f"arn:aws:sqs:us-east-1:{ACCOUNT}:none", "sqs"),
        (f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:none", "lambda"),
    ):
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    subscribe(bench, sns, topic)
    sns.publish(TopicArn=topic, Message="still told")
    assert bench.mails()[-1]["body"].startswith("still told")
    failed = [dict(fact.data) for fact in bench.facts_of("delivery.failed")]
    assert [one["code"] for one in failed] == [
        "AWS.SimpleQueueService.NonExistentQueue",
        "NotImplemented",
    ]
    assert {one["principal"] for one in failed} == {"sns.amazonaws.com"}


def test_an_http_endpoint_is_never_called(bench, sns, topic, monkeypatch):
    import requests

    monkeypatch.setattr(requests, "post", lambda *a, **k: pytest.fail("the network was used"))
    answer = sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://example.com/hook")
    assert answer["SubscriptionArn"] == "pending confirmation"
    sns.publish(TopicArn=topic, Message="x")
    assert bench.mails() == []


def test_more_than_a_hundred_subscribers(bench, sns, topic):
    for number in range(120):
        subscribe(bench, sns, topic, address=f"p{number}@example.com")
    sns.publish(TopicArn=topic, Message="all of you")
    got = [mail["to"] for mail in bench.mails() if mail["body"].startswith("all of you")]
    assert got == [f"p{number}@example.com" for number in range(120)]


def test_batches_and_fifo_topics(bench, sns):
    topic = sns.create_topic(Name="o.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    sqs = bench.client("sqs")
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:q.fifo"
    )
    answer = sns.publish_batch(
        TopicArn=topic,
        PublishBatchRequestEntries=[
            {"Id": i, "Message": i, "MessageGroupId": "g", "MessageDeduplicationId": i}
            for i in "ab"
        ],
    )
    assert len(answer["Successful"]) == 2
    assert [json.loads(m["Body"])["Message"] for m in receive(sqs, url)] == ["a", "b"]
