"""Seams of SNS: subscriptions that wait for their confirmation, and messages that stay in the lab.

In moto every subscription is confirmed the moment it is made, an e-mail goes nowhere, an HTTP
endpoint is really called over the network, and a queue that does not exist breaks the publisher's
call. As in EC2 the hooks sit on the models, since alarms and rules publish below the dispatch, and
do nothing without a listener.

Repaired on the way: a subscription to another account's topic is found by that topic and reaches a
queue of its own account; a topic with more than a hundred subscriptions reaches all of them; the
envelope is written as AWS writes it. Its ``Signature`` has the right form and no meaning: moto
makes a new RSA key and certificate for each message, from the machine's chance and at 50 ms each.
"""

from __future__ import annotations

import base64
import json
from types import ModuleType
from typing import Any, Protocol

from labkit.backing.moto_random import mock_random
from labkit.backing.moto_seams import listener, mounted, seam
from labkit.core.clock import iso

#: Protocols whose endpoints must confirm.
TO_CONFIRM = frozenset({"email", "email-json", "http", "https"})

#: Every protocol, from the API reference of Subscribe.
PROTOCOLS = TO_CONFIRM | {"sms", "sqs", "application", "lambda", "firehose"}


class SnsListener(Protocol):
    """What the hooks tell, and whom."""

    def subscribed(self, subscription: Any) -> None:
        """A subscription that must be confirmed was made, or asked for again."""

    def unsubscribed(self, subscription: Any) -> None:
        """A subscription was removed."""

    def confirm(self, token: str, topic_arn: str | None = None) -> str:
        """Confirm a subscription; raise AwsError for a wrong token."""

    def mail(self, subscription: Any, envelope: dict[str, Any]) -> None:
        """A message for an e-mail address."""

    def hand(
        self,
        subscription: Any,
        message: str,
        envelope: dict[str, Any],
        attributes: dict[str, Any] | None,
        group: str | None,
        once: str | None,
    ) -> None:
        """A message for a queue, a function, a delivery stream or an HTTP endpoint."""


def _listener() -> Any:
    return listener("sns")


def pending(subscription: Any) -> bool:
    """Whether a subscription still waits for its confirmation."""
    return bool(subscription.attributes.get("PendingConfirmation"))


# -- models ---------------------------------------------------------------------------------------
@seam("moto.sns.models")
def _hook_subscribing(module: ModuleType) -> None:
    backend = module.SNSBackend
    subscribe, unsubscribe = backend.subscribe, backend.unsubscribe

    def subscribed(self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        sns = _listener()
        if sns is None:
            return subscribe(self, topic_arn, endpoint, protocol)
        _check_endpoint(module, protocol, endpoint)
        owner = self.get_topic(topic_arn).sns_backend
        subscription = subscribe(owner, topic_arn, endpoint, protocol)
        if owner is not self:
            # The topic looks for its subscriptions in its own account, the subscriber lists them
            # in theirs: the one object stands in both.
            subscription.owner = subscription.attributes["Owner"] = self.account_id
            self.subscriptions[subscription.arn] = subscription
        if protocol in TO_CONFIRM and not subscription.confirmed:
            subscription.attributes["PendingConfirmation"] = True
            subscription.attributes["ConfirmationWasAuthenticated"] = False
            sns.subscribed(subscription)
        return subscription

    def unsubscribed(self: Any, subscription_arn: str) -> None:
        sns = _listener()
        if sns is None:
            unsubscribe(self, subscription_arn)
            return
        if subscription_arn.count(":") < 5:
            raise module.SNSInvalidParameter(
                "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, "
                f"not {subscription_arn.count(':') + 1}"
            )
        subscription = self.subscriptions.get(subscription_arn)
        unsubscribe(self, subscription_arn)
        if subscription is not None:
            for account in (subscription.owner, subscription.topic.account_id):
                unsubscribe(module.sns_backends[account][self.region_name], subscription_arn)
            sns.unsubscribed(subscription)

    backend.subscribe, backend.unsubscribe = subscribed, unsubscribed


def _check_endpoint(module: ModuleType, protocol: str, endpoint: str | None) -> None:
    if protocol not in PROTOCOLS:
        raise module.SNSInvalidParameter(
            f"Invalid parameter: Amazon SNS does not support this protocol string: {protocol}"
        )
    if protocol in ("email", "email-json"):
        name, _, host = (endpoint or "").rpartition("@")
        if not name or not host or " " in (endpoint or ""):
            raise module.SNSInvalidParameter("Invalid parameter: Email address")


@seam("moto.sns.models")
def _hook_publishing(module: ModuleType) -> None:
    topic, subscription = module.Topic, module.Subscription
    publish_to_topic, publish_to_one = topic.publish, subscription.publish
    post_data = subscription.get_post_data

    def to_topic(self: Any, message: str, *args: Any, **kwargs: Any) -> str:
        if _listener() is None:
            return str(publish_to_topic(self, message, *args, **kwargs))
        return _publish(self, message, *args, **kwargs)

    def to_one(self: Any, message: str, message_id: str, **kwargs: Any) -> None:
        sns = _listener()
        if sns is None:
            publish_to_one(self, message, message_id, **kwargs)
        elif not pending(self):
            _deliver(sns, publish_to_one, self, message, message_id, **kwargs)

    def data(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _listener() is None:
            return post_data(self, *args, **kwargs)
        return envelope(self, *args, **kwargs)

    topic.publish, subscription.publish = to_topic, to_one
    subscription.get_post_data = data


def _publish(
    topic: Any,
    message: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    message_structure: str | None = None,
) -> str:
    """``Topic.publish`` without moto's page of a hundred subscriptions."""
    message_id = str(mock_random().uuid4())
    for subscription in list(topic.sns_backend.subscriptions.values()):
        if subscription.topic is topic:
            subscription.publish(
                message,
                message_id,
                subject=subject,
                message_attributes=message_attributes,
                group_id=group_id,
                deduplication_id=deduplication_id,
                message_structure=message_structure,
            )
    topic.sent_notifications.append((message_id, message, subject, message_attributes, group_id))
    return message_id


def _deliver(
    sns: Any,
    publish_to_one: Any,
    subscription: Any,
    message: str,
    message_id: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    message_structure: str | None = None,
) -> None:
    """Hand one message to one confirmed subscription; a failure is the subscription's alone."""
    matcher = subscription._filter_policy_matcher
    if matcher is not None and not matcher.matches(message_attributes, message):
        return
    if message_structure == "json":
        message = subscription._parse_message_structure(message, subscription.protocol)
    envelope = subscription.get_post_data(
        message, message_id, subject, message_attributes=message_attributes
    )
    protocol = subscription.protocol
    if protocol in ("email", "email-json"):
        sns.mail(subscription, envelope)
    elif protocol in ("sms", "application"):
        publish_to_one(subscription, message, message_id, subject=subject)
    else:
        sns.hand(subscription, message, envelope, message_attributes, group_id, deduplication_id)


def as_aws_writes(envelope: dict[str, Any]) -> str:
    """An envelope as SNS writes it into queues and JSON mails: a blank before each colon too."""
    return json.dumps(envelope, indent=2, separators=(",", " : "), ensure_ascii=False)


def envelope(
    subscription: Any,
    message: str,
    message_id: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON around a message (SNS developer guide, "Parsing Amazon SNS message formats")."""
    source = mock_random()
    region = subscription.topic.sns_backend.region_name
    host = f"https://sns.{region}.amazonaws.com"
    envelope: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": subscription.topic.arn,
    }
    if subject:
        envelope["Subject"] = subject
    envelope |= {
        "Message": message,
        "Timestamp": iso(mounted().now_us(), millis=True),
        "SignatureVersion": "1",
        "Signature": base64.b64encode(source.randbytes(256)).decode(),
        "SigningCertURL": f"{host}/SimpleNotificationService-{source.randbytes(16).hex()}.pem",
        "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
    }
    if message_attributes:
        envelope["MessageAttributes"] = message_attributes
    return envelope


# -- answers --------------------------------------------------------------------------------------
@seam("moto.sns.responses")
def _hook_answers(module: ModuleType) -> None:
    response = module.SNSResponse
    subscribe = response.subscribe
    list_all, list_by_topic = response.list_subscriptions, response.list_subscriptions_by_topic
    confirm, topic_attributes = response.confirm_subscription, response.get_topic_attributes

    def subscribed(self: Any) -> Any:
        answer = subscribe(self)
        if _listener() is None or self._get_param("ReturnSubscriptionArn"):
            return answer
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        made = topic.sns_backend.subscriptions.get(answer.result["SubscriptionArn"])
        if made is not None and pending(made):
            return module.ActionResult({"SubscriptionArn": "pending confirmation"})
        return answer

    def listed(self: Any, fall_back: Any) -> Any:
        answer = fall_back(self)
        if _listener() is None:
            return answer
        answer.result["Subscriptions"] = [
            {
                "SubscriptionArn": "PendingConfirmation" if pending(one) else one.arn,
                "Owner": one.owner,
                "Protocol": one.protocol,
                "Endpoint": one.endpoint,
                "TopicArn": one.topic_arn,
            }
            for one in answer.result["Subscriptions"]
        ]
        return answer

    def confirmed(self: Any) -> Any:
        sns = _listener()
        if sns is None:
            return confirm(self)
        topic_arn = self._get_param("TopicArn")
        self.backend.get_topic(topic_arn)
        from labkit.core.errors import AwsError

        try:
            arn = sns.confirm(self._get_param("Token"), topic_arn)
        except AwsError as problem:
            raise module.SNSInvalidParameter(problem.message) from problem
        return module.ActionResult({"SubscriptionArn": arn})

    def attributes(self: Any) -> Any:
        if _listener() is not None:
            topic = self.backend.get_topic(self._get_param("TopicArn"))
            own = [s for s in topic.sns_backend.subscriptions.values() if s.topic is topic]
            topic.subscriptions_pending = sum(map(pending, own))
            topic.subscriptions_confimed = len(own) - topic.subscriptions_pending
        return topic_attributes(self)

    response.subscribe = subscribed
    response.list_subscriptions = lambda self: listed(self, list_all)
    response.list_subscriptions_by_topic = lambda self: listed(self, list_by_topic)
    response.confirm_subscription = confirmed
    response.get_topic_attributes = attributes
