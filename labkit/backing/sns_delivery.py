"""What SNS sends to its subscribers, and how often it tries: from a subscription to a parcel.

=========== ==========================================  =================================
subscriber  what it gets                                tried again
=========== ==========================================  =================================
sqs         the envelope, or the message itself (raw)   100,015 times in 23 days
lambda      ``{"Records": [{"EventSource": "aws:sns"``  the same
firehose    the envelope or the message, with a role    the same
http(s)     the envelope, with ``x-amz-sns-`` headers   three times, 20 s apart, or as the
                                                        delivery policy says; an hour at most
=========== ==========================================  =================================

A failure that trying can't help (no such queue, no permission) is not tried again. What nobody took
goes to the queue of the subscription's ``RedrivePolicy``, as it would have arrived.

A queue's own policy must allow ``sns.amazonaws.com``, and a function's too; in the console nobody
notices, since it writes them.

Source: SNS developer guide, sns-message-delivery-retries, sns-dead-letter-queues,
sns-large-payload-raw-message-delivery, sns-http-https-endpoint-as-subscriber.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from labkit.backing.moto_sns import as_aws_writes
from labkit.core.delivery import SNS_AWS, SNS_HTTP, DeadLetter, Parcel, RetryPolicy, Stage
from labkit.core.jsontext import dumps

PRINCIPAL = "sns.amazonaws.com"

_DAY_S = 86_400
_TO_AWS = RetryPolicy(100_015, 23 * _DAY_S, SNS_AWS, jitter=0.0)
_TO_HTTP = RetryPolicy(3, 3_600, SNS_HTTP, jitter=0.0)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for one subscription.

    Parameters
    ----------
    message:
        The text for this subscriber.
    envelope:
        The JSON around it.
    attributes:
        Message attributes as SNS spells them (``{"n": {"Type": "Number", "Value": "7"}}``).
    group, once:
        Message group and deduplication id of a FIFO topic.
    """

    message: str
    envelope: Mapping[str, Any]
    attributes: Mapping[str, Any]
    group: str | None = None
    once: str | None = None


def parcel(subscription: Any, out: Outgoing) -> Parcel | None:
    """The parcel for a subscriber; None for a protocol that nothing is delivered to.

    Parameters
    ----------
    subscription:
        moto's.
    out:
        The message.
    """
    make = _MAKERS.get(subscription.protocol)
    return None if make is None else make(subscription, out)


def confirmation(subscription: Any, token: str, envelope: Mapping[str, Any]) -> Parcel:
    """The request by which an HTTP endpoint learns its token."""
    topic = subscription.topic_arn
    region = topic.split(":")[3]
    body = {
        "Type": "SubscriptionConfirmation",
        "MessageId": envelope["MessageId"],
        "Token": token,
        "TopicArn": topic,
        "Message": (
            f"You have chosen to subscribe to the topic {topic}.\n"
            "To confirm the subscription, visit the SubscribeURL included in this message."
        ),
        "SubscribeURL": (
            f"https://sns.{region}.amazonaws.com/?Action=ConfirmSubscription"
            f"&TopicArn={topic}&Token={token}"
        ),
        **{
            name: envelope[name]
            for name in ("Timestamp", "SignatureVersion", "Signature", "SigningCertURL")
        },
    }
    return _request(subscription, as_aws_writes(body), "SubscriptionConfirmation", body, raw=False)


def retry_policy(subscription: Any) -> RetryPolicy:
    """How often a subscriber is tried."""
    if subscription.protocol not in ("http", "https"):
        return _TO_AWS
    own = _json(subscription.attributes.get("DeliveryPolicy")).get("healthyRetryPolicy")
    topics = _json(getattr(subscription.topic, "delivery_policy", "")).get("http") or {}
    if topics.get("disableSubscriptionOverrides"):
        own = None
    told = own or topics.get("defaultHealthyRetryPolicy")
    return _told(told) if told else _TO_HTTP


def _told(told: Mapping[str, Any]) -> RetryPolicy:
    """A delivery policy of the subscriber's own."""
    low, high = float(told.get("minDelayTarget", 20)), float(told.get("maxDelayTarget", 20))
    total = int(told.get("numRetries", 3))
    none = int(told.get("numNoDelayRetries", 0))
    few, many = int(told.get("numMinDelayRetries", 0)), int(told.get("numMaxDelayRetries", 0))
    between = max(total - none - few - many, 0)
    stages = (Stage(none, 0, 0), Stage(few, low, low), Stage(between, low, high))
    used = tuple(stage for stage in (*stages, Stage(many, high, high)) if stage.retries)
    return RetryPolicy(total, 3_600, used or SNS_HTTP, jitter=0.0)


def dead_letter(subscription: Any) -> DeadLetter | None:
    """Where goes what nobody took."""
    arn = _json(subscription.attributes.get("RedrivePolicy")).get("deadLetterTargetArn")
    return DeadLetter(str(arn), principal=PRINCIPAL, explained=False) if arn else None


# -- one function for each protocol ---------------------------------------------------------------
def _raw(subscription: Any) -> bool:
    return str(subscription.attributes.get("RawMessageDelivery", "")).lower() == "true"


def _plain(subscription: Any, out: Outgoing) -> tuple[str, dict[str, Any]]:
    """Body and typed attributes: of the message itself, or of its envelope."""
    if not _raw(subscription):
        return as_aws_writes(dict(out.envelope)), {}
    return out.message, _spelled(out.attributes)


def _to_queue(subscription: Any, out: Outgoing) -> Parcel:
    body, typed = _plain(subscription, out)
    steering = {}
    if out.group:
        steering["MessageGroupId"] = out.group
        steering["MessageDeduplicationId"] = out.once or sha256(out.message.encode()).hexdigest()
    return Parcel(
        subscription.endpoint,
        body,
        PRINCIPAL,
        source_arn=subscription.topic_arn,
        attributes=steering,
        parameters={"MessageAttributes": typed} if typed else None,
    )


def _to_function(subscription: Any, out: Outgoing) -> Parcel:
    told = dict(out.envelope)
    record = {
        "Type": told["Type"],
        "MessageId": told["MessageId"],
        "TopicArn": told["TopicArn"],
        "Subject": told.get("Subject"),
        "Message": told["Message"],
        "Timestamp": told["Timestamp"],
        "SignatureVersion": told["SignatureVersion"],
        "Signature": told["Signature"],
        "SigningCertUrl": told["SigningCertURL"],
        "UnsubscribeUrl": told["UnsubscribeURL"],
        "MessageAttributes": told.get("MessageAttributes", {}),
    }
    event = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": record,
    }
    return Parcel(
        subscription.endpoint,
        dumps({"Records": [event]}),
        PRINCIPAL,
        source_arn=subscription.topic_arn,
    )


def _to_firehose(subscription: Any, out: Outgoing) -> Parcel:
    body, _ = _plain(subscription, out)
    return Parcel(
        subscription.endpoint,
        body + "\n",
        str(subscription.attributes.get("SubscriptionRoleArn") or PRINCIPAL),
        service=PRINCIPAL,
        source_arn=subscription.topic_arn,
    )


def _to_address(subscription: Any, out: Outgoing) -> Parcel:
    raw = _raw(subscription)
    body = out.message if raw else as_aws_writes(dict(out.envelope))
    return _request(subscription, body, "Notification", out.envelope, raw=raw)


def _request(
    subscription: Any, body: str, kind: str, envelope: Mapping[str, Any], *, raw: bool
) -> Parcel:
    headers = {
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": envelope["MessageId"],
        "x-amz-sns-topic-arn": subscription.topic_arn,
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
    }
    if kind == "Notification":
        headers["x-amz-sns-subscription-arn"] = subscription.arn
    if raw:
        headers["x-amz-sns-rawdelivery"] = "true"
    return Parcel(
        subscription.endpoint,
        body,
        PRINCIPAL,
        source_arn=subscription.topic_arn,
        parameters={"HttpParameters": {"HeaderParameters": headers}},
    )


_MAKERS = {
    "sqs": _to_queue,
    "lambda": _to_function,
    "firehose": _to_firehose,
    "http": _to_address,
    "https": _to_address,
}


def _spelled(given: Mapping[str, Any]) -> dict[str, Any]:
    """Message attributes in SQS's spelling (SNS says Type and Value)."""
    spelled = {}
    for name, value in given.items():
        binary = value["Type"].startswith("Binary")
        text = value["Value"] if binary else str(value["Value"])
        spelled[name] = {
            "DataType": value["Type"],
            "BinaryValue" if binary else "StringValue": text,
        }
    return spelled


def _json(text: Any) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
