"""A Firehose delivery stream: one record (PutRecord)."""

from __future__ import annotations

from labkit.backing.targets.errand import Errand


def hand(errand: Errand) -> None:
    """Put a record, with a role that may ``firehose:PutRecord``."""
    errand.role_needed()
    errand.call(
        "firehose",
        "PutRecord",
        DeliveryStreamName=errand.arn.name,
        Record={"Data": errand.parcel.data},
    )
