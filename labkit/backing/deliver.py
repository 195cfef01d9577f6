"""Handing a payload to a target: the port ``deliver``, for topics and queues of any account.

Alarms, rules, schedules, subscriptions and canaries all deliver through here, so that what a target
answers, and whether trying again could help, is decided once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from labkit.backing.mount import MotoWorld
from labkit.core.facts import Facts
from labkit.core.jsontext import dumps
from labkit.core.ports import Delivery

#: Attributes that steer a FIFO topic or queue and are no attributes of the message.
_STEERING = ("MessageGroupId", "MessageDeduplicationId")

UNSUPPORTED = "UnsupportedTarget"


class Deliver:
    """The answerer of the port ``deliver``.

    Parameters
    ----------
    world:
        moto's world of the lab.
    facts:
        Where ``delivery.failed`` is told.
    """

    def __init__(self, world: MotoWorld, facts: Facts) -> None:
        self._world = world
        self._facts = facts

    def __call__(
        self,
        arn: str,
        payload: str,
        principal: str,
        *,
        subject: str | None = None,
        attributes: Mapping[str, str] | None = None,
        by_protocol: Mapping[str, str] | None = None,
    ) -> Delivery:
        """Hand ``payload`` to the topic or queue ``arn``.

        Parameters
        ----------
        arn:
            ``arn:aws:sns:region:account:topic`` or ``arn:aws:sqs:region:account:queue``.
        payload:
            The message, text.
        principal:
            On whose behalf: a service's name or a role's ARN. Resource policies are not looked at
            yet; the name stands in the fact of a failure.
        subject:
            The subject of a topic's e-mails; a queue has no use for it.
        attributes:
            Message attributes (all of type String); ``MessageGroupId`` and
            ``MessageDeduplicationId`` steer FIFO topics and queues.
        by_protocol:
            Other texts for some subscribers of a topic (``{"email": ...}``), published as SNS's
            ``MessageStructure="json"``; a queue has no use for it.

        Returns
        -------
        Delivery
            The target's own code when it refuses: ``NotFound`` for a topic and
            ``AWS.SimpleQueueService.NonExistentQueue`` for a queue that is not there, and
            ``UnsupportedTarget`` for another kind of ARN; none of these can be retried. A failure
            is also a fact ``delivery.failed``.
        """
        parts = arn.split(":", 5)
        service = parts[2] if len(parts) == 6 and parts[0] == "arn" else ""
        steering = {name: (attributes or {}).get(name) for name in _STEERING}
        told = {k: v for k, v in (attributes or {}).items() if k not in _STEERING}
        if service == "sns":
            with self._world.working():
                delivery = self._try(
                    service,
                    arn,
                    lambda: self._to_topic(arn, payload, subject, told, steering, by_protocol),
                )
        elif service == "sqs":
            with self._world.working():
                delivery = self._try(
                    service, arn, lambda: self._to_queue(arn, payload, told, steering)
                )
        else:
            delivery = Delivery(False, UNSUPPORTED, False, f"labkit does not deliver to {arn} yet")
        if not delivery.ok:
            parts = parts if service else [""] * 6
            self._facts.publish(
                "delivery.failed",
                parts[4],
                parts[3],
                {
                    "arn": arn,
                    "principal": principal,
                    "code": delivery.code,
                    "retryable": delivery.retryable,
                },
            )
        return delivery

    def _try(self, service: str, arn: str, hand: Callable[[], None]) -> Delivery:
        from moto.core.exceptions import ServiceException

        try:
            hand()
        except ServiceException as problem:
            return Delivery(False, str(problem.code), False, str(problem.message))
        except Exception as problem:  # moto broke: kept where failures are, and worth a second try
            self._world.note_failure(service, "deliver", arn, problem)
            return Delivery(False, "InternalFailure", True, f"{type(problem).__name__}: {problem}")
        return Delivery(True)

    def _to_topic(
        self,
        arn: str,
        payload: str,
        subject: str | None,
        attributes: Mapping[str, str],
        steering: Mapping[str, str | None],
        by_protocol: Mapping[str, str] | None,
    ) -> None:
        _, _, _, region, account, _ = arn.split(":", 5)
        backend = self._world.backend("sns", account, region)
        backend.get_topic(arn)  # moto takes an unknown topic for a phone's endpoint
        structure = None
        if by_protocol:
            payload, structure = dumps({"default": payload, **by_protocol}), "json"
        backend.publish(
            payload,
            arn,
            subject=subject,
            message_attributes={
                name: {"Type": "String", "Value": value} for name, value in attributes.items()
            },
            group_id=steering["MessageGroupId"],
            deduplication_id=steering["MessageDeduplicationId"],
            message_structure=structure,
        )

    def _to_queue(
        self,
        arn: str,
        payload: str,
        attributes: Mapping[str, str],
        steering: Mapping[str, str | None],
    ) -> None:
        _, _, _, region, account, queue = arn.split(":", 5)
        self._world.backend("sqs", account, region).send_message(
            queue,
            payload,
            message_attributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
            group_id=steering["MessageGroupId"],
            deduplication_id=steering["MessageDeduplicationId"],
        )
