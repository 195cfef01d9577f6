"""A topic: everybody who subscribed gets it (SNS Publish)."""

from __future__ import annotations

from hashlib import sha256

from labkit.backing.targets.errand import Errand
from labkit.core.jsontext import dumps


def hand(errand: Errand) -> None:
    """Publish to a topic of any account and Region.

    Alarms publish to a FIFO topic with a message group of their own, a hash of the alarm's ARN.
    """
    parcel, arn = errand.parcel, errand.arn
    with errand.desk.world.working():
        backend = errand.desk.world.backend("sns", arn.account, arn.region)
        topic = backend.get_topic(arn.text)  # moto takes an unknown topic for a phone's endpoint
        errand.need("SNS:Publish", arn.text, code="AuthorizationError")
        errand.need_key(topic.kms_master_key_id, "SNS topic", "KMSAccessDenied")
        attributes = dict(parcel.attributes or {})
        group = attributes.pop("MessageGroupId", None)
        once = attributes.pop("MessageDeduplicationId", None)
        fifo = _said(topic.fifo_topic)
        if fifo and group is None and parcel.source_arn:
            group = sha256(parcel.source_arn.encode()).hexdigest()
        if fifo and once is None and not _said(topic.content_based_deduplication):
            once = sha256(parcel.data).hexdigest()
        message, structure = parcel.text, None
        if parcel.by_protocol:
            message, structure = dumps({"default": message, **parcel.by_protocol}), "json"
        backend.publish(
            message,
            arn.text,
            subject=parcel.subject,
            message_attributes={
                name: {"Type": "String", "Value": value} for name, value in attributes.items()
            },
            group_id=group,
            deduplication_id=once,
            message_structure=structure,
        )


def _said(value: object) -> bool:
    """An attribute as moto keeps it: a boolean, or the text that the caller gave."""
    return str(value).lower() == "true"
