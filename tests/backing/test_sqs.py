"""Queues on virtual time: nobody sleeps."""

import time

import pytest
from backing_bench import ACCOUNT, REGION
from botocore.exceptions import ClientError

from labkit.backing.sqs import take_wait_seconds


@pytest.fixture()
def sqs(bench):
    return bench.client("sqs")


def make(sqs, **attributes):
    return sqs.create_queue(QueueName="jobs", Attributes=attributes)["QueueUrl"]


def bodies(answer):
    return [message["Body"] for message in answer.get("Messages", [])]


def test_long_polling_never_sleeps(sqs, monkeypatch):
    def no_waiting(*_):
        pytest.fail("a thread was put to sleep")

    monkeypatch.setattr(time, "sleep", no_waiting)
    monkeypatch.setattr("moto.sqs.models.Queue.wait_for_messages", no_waiting)
    url = make(sqs, ReceiveMessageWaitTimeSeconds="20")
    assert bodies(sqs.receive_message(QueueUrl=url)) == []
    assert bodies(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)) == []
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert bodies(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)) == ["x"]


def test_how_long_a_call_wants_to_wait(bench, sqs):
    url = make(sqs, ReceiveMessageWaitTimeSeconds="7")

    def wanted(operation="ReceiveMessage", **params):
        return take_wait_seconds(bench.world, operation, params, account=ACCOUNT, region=REGION)

    assert wanted(QueueUrl=url) == 7
    assert wanted(QueueUrl=url, WaitTimeSeconds=20) == 20
    assert wanted(QueueUrl=url, WaitTimeSeconds=0) == 0
    assert wanted(QueueUrl=url, WaitTimeSeconds=21) == 0
    assert wanted(QueueUrl=url + "x") == 0
    assert wanted("SendMessage", QueueUrl=url, WaitTimeSeconds=20) == 0
    with pytest.raises(ClientError, match="WaitTimeSeconds"):
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=21)


def test_visibility_follows_the_labs_clock(bench, sqs):
    url = make(sqs, VisibilityTimeout="30")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert bodies(sqs.receive_message(QueueUrl=url)) == ["x"]
    bench.advance(29)
    assert bodies(sqs.receive_message(QueueUrl=url)) == []
    bench.advance(1)
    again = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"][0]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    first = int(again["Attributes"]["ApproximateFirstReceiveTimestamp"])
    assert first - int(again["Attributes"]["SentTimestamp"]) == 1  # the next millisecond
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=600
    )
    bench.advance(599)
    assert bodies(sqs.receive_message(QueueUrl=url)) == []
    bench.advance(2)
    assert bodies(sqs.receive_message(QueueUrl=url)) == ["x"]


def test_delays_and_retention_follow_it_too(bench, sqs):
    url = make(sqs, DelaySeconds="10", MessageRetentionPeriod="60")
    sqs.send_message(QueueUrl=url, MessageBody="late")
    sqs.send_message(QueueUrl=url, MessageBody="soon", DelaySeconds=1)
    assert bodies(sqs.receive_message(QueueUrl=url)) == []
    bench.advance(1)
    assert bodies(sqs.receive_message(QueueUrl=url)) == ["soon"]
    bench.advance(9)
    assert bodies(sqs.receive_message(QueueUrl=url)) == ["late"]
    bench.advance(120)
    assert bodies(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)) == []


def test_counts_are_right_whenever_one_looks(bench, sqs):
    url = make(sqs)
    for number in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=str(number), DelaySeconds=10 * (number == 4))
    sqs.receive_message(QueueUrl=url)

    def counts():
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        kinds = ("", "NotVisible", "Delayed")
        return [told[f"ApproximateNumberOfMessages{kind}"] for kind in kinds]

    assert counts() == ["3", "1", "1"]
    bench.advance(60)
    assert counts() == ["5", "0", "0"]
    some = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "QueueArn"]
    )["Attributes"]
    assert some == {
        "ApproximateNumberOfMessages": "5",
        "QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs",
    }


def test_attributes_are_motos_own(bench, sqs):
    url = make(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    with bench.world.held():
        queue = bench.world.backend("sqs", ACCOUNT, REGION).queues["jobs"]
        counted = dict(queue.attributes.items())
        assert list(queue.attributes.values()) == list(counted.values())
        assert queue.attributes.get("none", 7) == 7
        bench.world.unmount()
        assert queue.attributes == counted | {"ApproximateNumberOfMessages": 1}
        assert list(queue.attributes) == list(counted)


def test_a_long_queue_is_not_walked_at_every_send(bench, sqs, monkeypatch):
    import moto.sqs.models

    url = make(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    looks = []
    monkeypatch.setattr(
        moto.sqs.models.Message, "visible", property(lambda self: looks.append(1) or True)
    )
    for _ in range(20):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    assert len(looks) == 0


def test_dead_letters(bench, sqs):
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    url = make(
        sqs,
        VisibilityTimeout="1",
        RedrivePolicy=f'{{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:{ACCOUNT}:dead", '
        '"maxReceiveCount": 2}',
    )
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        assert bodies(sqs.receive_message(QueueUrl=url)) == ["poison"]
        bench.advance(2)
    assert bodies(sqs.receive_message(QueueUrl=url)) == []
    assert bodies(sqs.receive_message(QueueUrl=dead)) == ["poison"]


def test_an_unknown_queue(sqs):
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(
            QueueUrl=f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/none", MessageBody="x"
        )


def test_an_expired_message_does_not_stand_in_the_way(lab):
    sqs = lab.client("sqs")
    url = make(sqs, MessageRetentionPeriod="3600")
    sqs.send_message(QueueUrl=url, MessageBody="old")
    lab.advance(minutes=59)
    sqs.send_message(QueueUrl=url, MessageBody="new")
    assert bodies(sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)) == ["old"]
    lab.advance(minutes=2)
    assert bodies(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)) == ["new"]
    known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert known["ApproximateNumberOfMessages"] == "0"
    assert known["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_a_change_of_one_attribute_keeps_the_policy(sqs):
    """moto dropped the policy with every change of something else."""
    policy = '{"Version": "2012-10-17", "Statement": [{"Sid": "a", "Effect": "Allow"}]}'
    url = make(sqs, Policy=policy)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert '"Sid": "a"' in told["Policy"] and told["VisibilityTimeout"] == "60"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "Policy" not in told
