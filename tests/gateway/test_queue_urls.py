"""A queue's URL leaves with the client's address and comes back as AWS's."""

import json
from urllib.parse import quote

import boto3
import pytest
from served import client_of

from labkit.gateway.queue_urls import inward, outward

AWS = "https://sqs.us-east-1.amazonaws.com/123456789012/q"


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1:4566", "http://127.0.0.1:4566/123456789012/q"),
        ("localhost:4566", "http://localhost:4566/123456789012/q"),
        ("[::1]:4566", "http://[::1]:4566/123456789012/q"),
        ("sqs.us-east-1.amazonaws.com", AWS),  # through a proxy
        ("evil.example", AWS),
        ('127.0.0.1"', AWS),
        ("", AWS),
    ],
)
def test_there_and_back(host, told):
    body = json.dumps({"QueueUrl": AWS}).encode()
    sent = outward(body, "CreateQueue", host, "us-east-1")
    assert json.loads(sent) == {"QueueUrl": told}
    assert inward(sent, "json", host, "us-east-1") == body
    form = f"Action=SendMessage&QueueUrl={quote(told, safe='')}&MessageBody=x".encode()
    expected = f"Action=SendMessage&QueueUrl={quote(AWS, safe='')}&MessageBody=x".encode()
    assert inward(form, "query", host, "us-east-1") == expected


def test_what_a_message_says_stays_as_it_is():
    url = "http://127.0.0.1:4566/123456789012/q"
    text = json.dumps({"QueueUrl": url})
    body = json.dumps({"MessageBody": text, "QueueUrl": url}).encode()
    got = json.loads(inward(body, "json", "127.0.0.1:4566", "us-east-1"))
    assert got == {"MessageBody": text, "QueueUrl": AWS}
    answer = json.dumps({"Messages": [{"Body": AWS}]}).encode()
    assert outward(answer, "ReceiveMessage", "127.0.0.1:4566", "us-east-1") == answer


def test_over_http_and_in_the_records(service):
    sqs = client_of(service, "sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert url == f"{service.url}/123456789012/q"
    assert sqs.list_queues()["QueueUrls"] == [url] == [sqs.get_queue_url(QueueName="q")["QueueUrl"]]
    sqs.send_message(QueueUrl=url, MessageBody=f"see {url}")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "1"})
    (message,) = sqs.receive_message(QueueUrl=AWS)["Messages"]
    assert message["Body"] == f"see {url}"
    entries = [e.arguments() for e in service.lab.world.journal if e.name.startswith("sqs:Set")]
    assert [one["QueueUrl"] for one in entries] == [AWS]
    assert service.lab.client("sqs").list_queues()["QueueUrls"] == [AWS]
    sqs.close()
    # An SDK that sends to the queue's own URL arrives here, too.
    with_url = boto3.client(
        "sqs", endpoint_url=url, region_name="us-east-1", aws_secret_access_key="x",
        aws_access_key_id=service.lab.identities.learner().access_key_id,
    )  # fmt: skip
    assert with_url.send_message(QueueUrl=url, MessageBody="x")["MessageId"]
    with_url.close()
