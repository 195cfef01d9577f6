"""A Kinesis data stream: one record with a partition key (PutRecord)."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from labkit.backing.targets.errand import Errand, Refusal
from labkit.core.jsontext import parse


def hand(errand: Errand) -> None:
    """Put a record, with a role that may ``kinesis:PutRecord``."""
    errand.role_needed()
    errand.call(
        "kinesis",
        "PutRecord",
        StreamName=errand.arn.name,
        StreamARN=errand.arn.text,
        Data=errand.parcel.data,
        PartitionKey=partition_key(errand),
    )


def partition_key(errand: Errand) -> str:
    """The record's key, at most 256 characters.

    ``PartitionKey`` among the parameters (CloudWatch Logs: the log stream's name), else what
    ``KinesisParameters.PartitionKeyPath`` finds in the payload, else the event's id; a payload that
    has none is spread by its hash.

    Raises
    ------
    Refusal
        When the path finds nothing.
    """
    parcel = errand.parcel
    told = (parcel.parameters or {}).get("PartitionKey")
    if told:
        return str(told)[:256]
    path = str(errand.parameters("KinesisParameters").get("PartitionKeyPath", "") or "")
    if path:
        found = walk(errand.document(), path)
        if found is None or found == "":
            raise Refusal(
                "InvalidParameter", f"the partition key path {path} finds nothing", retryable=False
            )
        return str(found)[:256]
    try:
        event = parse(parcel.data)
    except ValueError:
        event = None
    if isinstance(event, dict) and isinstance(event.get("id"), str) and event["id"]:
        return str(event["id"])[:256]
    return sha256(parcel.data).hexdigest()[:32]


def walk(value: Any, path: str) -> Any:
    """What a simple JSON path (``$.detail.orders[0].id``) finds; None for nothing."""
    for step in path.removeprefix("$").replace("[", ".").replace("]", "").split("."):
        if not step:
            continue
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
