"""A queue: the payload becomes a message (SQS SendMessage)."""

from __future__ import annotations

from typing import Any

from labkit.backing.targets.errand import Errand


def hand(errand: Errand) -> None:
    """Send to a queue of any account and Region.

    The message group of a FIFO queue comes from ``SqsParameters`` or the attribute
    ``MessageGroupId``. ``MessageAttributes`` among the parameters are attributes with their types,
    as SQS spells them.
    """
    parcel, arn = errand.parcel, errand.arn
    with errand.desk.world.working():
        backend = errand.desk.world.backend("sqs", arn.account, arn.region)
        queue = backend.get_queue(arn.resource)
        errand.need("sqs:SendMessage", arn.text)
        errand.need_key(queue.kms_master_key_id or "", "SQS queue", "KMS.AccessDeniedException")
        attributes = dict(parcel.attributes or {})
        group = attributes.pop("MessageGroupId", None)
        once = attributes.pop("MessageDeduplicationId", None)
        typed: dict[str, Any] = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
        backend.send_message(
            arn.resource,
            parcel.text,
            message_attributes=typed | dict(errand.parameters("MessageAttributes")),
            group_id=group or errand.parameters("SqsParameters").get("MessageGroupId"),
            deduplication_id=once,
        )
