"""SNS: subscriptions by e-mail must be confirmed, and what is published reaches the mailbox.

A subscription with protocol ``email`` or ``email-json`` is *pending*: Subscribe answers ``pending
confirmation``, lists show ``PendingConfirmation``, and a mail with a token goes out. Until somebody
confirms (ConfirmSubscription, or :meth:`Sns.confirm` with the mail's token) nothing published
arrives; after two days the token is worth nothing and the subscription is gone.

The wording of the mails is AWS's own, as quoted in many public READMEs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from labkit.backing import moto_sns, sns_delivery
from labkit.backing.moto_random import mock_random
from labkit.backing.mount import MotoWorld
from labkit.backing.sns_traces import TopicTraces
from labkit.core.clock import DAY, Clock, Phase
from labkit.core.delivery import DeadLetter, Delivery, Parcel, RetryPolicy
from labkit.core.errors import AwsError
from labkit.core.facts import Facts

#: How long a confirmation is waited for (API reference of ConfirmSubscription: "two days").
PENDING_US = 2 * DAY

CONFIRMATION_SUBJECT = "AWS Notification - Subscription Confirmation"
DEFAULT_SUBJECT = "AWS Notification Message"

_CONFIRMATION = """\
You have chosen to subscribe to the topic: 
{topic_arn}

To confirm this subscription, click or visit the link below (If this was in error no action is \
necessary): 
https://sns.{region}.amazonaws.com/confirmation.html?TopicArn={topic_arn}&Token={token}\
&Endpoint={endpoint}

Please do not reply directly to this email. If you wish to remove yourself from receiving all \
future SNS subscription confirmation requests please send an email to sns-opt-out
"""  # noqa: W291 - AWS's own blanks

_FOOTER = """

--
If you wish to stop receiving notifications from this topic, please click or visit the link below \
to unsubscribe:
https://sns.{region}.amazonaws.com/unsubscribe.html?SubscriptionArn={arn}&Endpoint={endpoint}

Please do not reply directly to this email. If you have any questions or comments regarding this \
email, please contact us at https://aws.amazon.com/support
"""


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A token that is out, and the subscription it would confirm."""

    subscription: Any
    expires_us: int


class Reliably(Protocol):
    """Who hands a parcel over and tries again (``Deliver.reliably``)."""

    def __call__(
        self, parcel: Parcel, retry: RetryPolicy, letter: DeadLetter | None = ...
    ) -> Delivery:
        """Hand a parcel over."""


class Sns:
    """The e-mail side of a lab's SNS.

    Parameters
    ----------
    world:
        moto's world of the lab.
    clock:
        Lets unconfirmed subscriptions lapse; the handler ``sns.lapse`` is registered here.
    facts:
        Where ``mail.sent`` is told.
    reliably:
        Who hands messages to queues, functions, delivery streams and HTTP endpoints.
    """

    def __init__(self, world: MotoWorld, clock: Clock, facts: Facts, reliably: Reliably) -> None:
        self._world = world
        self._clock = clock
        self._facts = facts
        self._reliably = reliably
        self._awaited: dict[str, _Awaited] = {}
        #: What is sent to X-Ray; a lab sets it when it is assembled.
        self.traces: TopicTraces | None = None
        world.listen("sns", self)
        clock.register("sns.lapse", self._lapse)

    # -- confirmation -----------------------------------------------------------------------------
    def confirm(self, token: str, topic_arn: str | None = None) -> str:
        """Confirm the subscription that a token was mailed for.

        Parameters
        ----------
        token:
            From the mail (``confirm_token`` of the fact ``mail.sent``).
        topic_arn:
            When given, the topic that the token must belong to.

        Returns
        -------
        The subscription's ARN. Confirming twice is no mistake.

        Raises
        ------
        AwsError
            ``InvalidParameter`` for a token that is unknown, older than two days, of another
            topic, or of a subscription that is gone.
        """
        with self._world.working():
            awaited = self._awaited.get(token)
            subscription = awaited.subscription if awaited else None
            if (
                awaited is None
                or subscription is None
                or topic_arn not in (None, subscription.topic_arn)
                or not self._there(subscription)
                or (moto_sns.pending(subscription) and awaited.expires_us <= self._clock.now_us)
            ):
                raise AwsError("InvalidParameter", "Invalid parameter: Token")
            subscription.confirmed = True
            subscription.attributes["PendingConfirmation"] = False
            subscription.attributes["ConfirmationWasAuthenticated"] = False
            return str(subscription.arn)

    def _there(self, subscription: Any) -> bool:
        return subscription.arn in subscription.topic.sns_backend.subscriptions

    def _lapse(self, payload: dict[str, Any]) -> None:
        """Clock handler: two days after it was asked for, an unconfirmed subscription goes."""
        with self._world.working():
            awaited = self._awaited.pop(payload["token"], None)
            if awaited is None or not moto_sns.pending(awaited.subscription):
                return
            if any(a.subscription is awaited.subscription for a in self._awaited.values()):
                return  # asked for again meanwhile: the newer token keeps it
            subscription = awaited.subscription
            if self._there(subscription):
                subscription.topic.sns_backend.unsubscribe(subscription.arn)

    # -- told by moto's models (moto_sns.SnsListener) ---------------------------------------------
    def subscribed(self, subscription: Any) -> None:
        """A subscription that must be confirmed: the address is sent its token."""
        token = "2336412f37fb687f5d51e6e2" + mock_random().randbytes(100).hex()
        expires_us = self._clock.now_us + PENDING_US
        self._awaited[token] = _Awaited(subscription, expires_us)
        self._clock.at(expires_us, Phase.STATE, "sns.lapse", {"token": token}, cause=())
        if subscription.protocol in ("http", "https"):
            envelope = moto_sns.envelope(subscription, "", str(mock_random().uuid4()))
            asking = sns_delivery.confirmation(subscription, token, envelope)
            self._hand_over(subscription, asking, None, envelope)
            return
        body = _CONFIRMATION.format(
            topic_arn=subscription.topic_arn,
            region=_region(subscription),
            token=token,
            endpoint=subscription.endpoint,
        )
        self._send(subscription, CONFIRMATION_SUBJECT, body, token)

    def unsubscribed(self, subscription: Any) -> None:
        """A subscription was removed: its tokens open nothing any more."""
        for token, awaited in list(self._awaited.items()):
            if awaited.subscription is subscription:
                del self._awaited[token]

    def mail(self, subscription: Any, envelope: dict[str, Any]) -> None:
        """A message for a confirmed e-mail address."""
        if subscription.protocol == "email-json":
            body = moto_sns.as_aws_writes(envelope)
        else:
            body = envelope["Message"]
        body += _FOOTER.format(
            region=_region(subscription), arn=subscription.arn, endpoint=subscription.endpoint
        )
        self._send(subscription, envelope.get("Subject") or DEFAULT_SUBJECT, body, "")

    def hand(
        self,
        subscription: Any,
        message: str,
        envelope: dict[str, Any],
        attributes: dict[str, Any] | None,
        group: str | None,
        once: str | None,
    ) -> None:
        """A message for a queue, a function, a delivery stream or an HTTP endpoint.

        It is handed over when the publisher's call is over, who does not notice what becomes of it.
        """
        out = sns_delivery.Outgoing(message, envelope, attributes or {}, group, once)
        parcel = sns_delivery.parcel(subscription, out)
        if parcel is not None:
            self._hand_over(subscription, parcel, sns_delivery.dead_letter(subscription), envelope)

    def _hand_over(
        self,
        subscription: Any,
        parcel: Parcel,
        letter: DeadLetter | None,
        envelope: dict[str, Any],
    ) -> None:
        retry = sns_delivery.retry_policy(subscription)
        traces = self.traces

        def hand_over() -> None:
            if traces is None:
                self._reliably(parcel, retry, letter)
                return
            with traces.delivering(subscription, envelope["MessageId"]):
                self._reliably(parcel, retry, letter)

        self._world.afterwards(hand_over)

    def _send(self, subscription: Any, subject: str, body: str, token: str) -> None:
        self._publish(
            "mail.sent",
            subscription,
            {
                "to": subscription.endpoint,
                "subject": subject,
                "body": body,
                "topic_arn": subscription.topic_arn,
                "confirm_token": token,
            },
        )

    def _publish(self, kind: str, subscription: Any, data: dict[str, Any]) -> None:
        account, region = subscription.topic.account_id, _region(subscription)
        self._world.afterwards(lambda: self._facts.publish(kind, account, region, data))


def _region(subscription: Any) -> str:
    return str(subscription.topic.sns_backend.region_name)
