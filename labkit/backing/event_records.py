"""The events that queues and streams hand to functions, and what of a batch was dealt with.

Shapes: Lambda developer guide, "Using Lambda with Amazon SQS / Kinesis / DynamoDB".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from labkit.backing.mount import MotoWorld


def queue_event(messages: Sequence[Any], queue_arn: str, region: str) -> dict[str, Any]:
    """Messages of a queue, as moto holds them, as a function gets them."""
    return {"Records": [_message(one, queue_arn, region) for one in messages]}


def _message(message: Any, queue_arn: str, region: str) -> dict[str, Any]:
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": str(message.sender_id),
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if queue_arn.endswith(".fifo"):
        attributes |= {
            "SequenceNumber": str(message.sequence_number),
            "MessageGroupId": str(message.group_id),
            "MessageDeduplicationId": str(message.deduplication_id),
        }
    header = (message.system_attributes or {}).get("AWSTraceHeader")
    if header:
        attributes["AWSTraceHeader"] = str(header.get("StringValue", ""))
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {
            name: _attribute(value) for name, value in (message.message_attributes or {}).items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    """A message attribute, keys in small letters at the beginning."""
    told: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    for key, name in (
        ("StringValue", "stringValue"),
        ("BinaryValue", "binaryValue"),
        ("DataType", "dataType"),
        ("string_value", "stringValue"),
        ("binary_value", "binaryValue"),
        ("data_type", "dataType"),
    ):
        found = value.get(key)
        if found is not None:
            told[name] = base64.b64encode(found).decode() if isinstance(found, bytes) else found
    return told


def visible_again_us(queue: Any, now_us: int) -> int | None:
    """When the next message of a queue becomes visible, not before ``now_us``; None for none.

    moto counts in milliseconds and shows a message when its time is *over*.
    """
    times = [
        max(float(message.visible_at) + 1, float(message.delayed_until))
        for message in queue._messages
    ]
    return max(now_us, int(min(times) * 1000)) if times else None


def failed_items(payload: bytes) -> set[str] | None:
    """The items that a function reports as failed; None when it means the whole batch.

    An answer that is no report at all (not JSON, an item without a name) fails everything.
    """
    try:
        told = json.loads(payload or b"null")
    except ValueError:
        return None
    items = (told or {}).get("batchItemFailures") if isinstance(told or {}, dict) else None
    if told is None or items is None:
        return set()
    failed = set()
    for item in items:
        name = item.get("itemIdentifier") if isinstance(item, dict) else None
        if not name:
            return None
        failed.add(str(name))
    return failed


def records_of(
    moto: MotoWorld, source_arn: str, account: str, region: str, after: Callable[[str], int]
) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """What lies in a stream, by shard, oldest first: sequence numbers, and what a function gets.

    Only records with a number larger than ``after(shard)``. Use it while moto is held.
    """
    if source_arn.split(":")[2] == "kinesis":
        return _kinesis(moto, source_arn, account, region, after)
    return _dynamodb(moto, source_arn, account, region, after)


def _kinesis(
    moto: MotoWorld, source_arn: str, account: str, region: str, after: Callable[[str], int]
) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    streams = moto.backend("kinesis", account, region).streams.values()
    stream = next((one for one in streams if one.arn == source_arn), None)
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for shard in stream.shards.values() if stream is not None else ():
        read = after(shard.shard_id)
        found[shard.shard_id] = [
            (
                int(record.sequence_number),
                {
                    "kinesis": {
                        "kinesisSchemaVersion": "1.0",
                        "partitionKey": record.partition_key,
                        "sequenceNumber": str(record.sequence_number),
                        "data": record.data,
                        "approximateArrivalTimestamp": _seconds(record.created_at),
                    },
                    "eventSource": "aws:kinesis",
                    "eventVersion": "1.0",
                    "eventID": f"{shard.shard_id}:{record.sequence_number}",
                    "eventName": "aws:kinesis:record",
                    "awsRegion": region,
                    "eventSourceARN": source_arn,
                },
            )
            for number, record in shard.records.items()
            if int(number) > read
        ]
    return found


def _dynamodb(
    moto: MotoWorld, source_arn: str, account: str, region: str, after: Callable[[str], int]
) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    table_arn = source_arn.partition("/stream/")[0]
    tables = moto.backend("dynamodb", account, region).tables.values()
    table = next((one for one in tables if one.table_arn == table_arn), None)
    if table is None or table.stream_shard is None:
        return {}
    found = []
    read = after(table.stream_shard.id)
    for item in table.stream_shard.items:
        told = item.to_json()
        change = dict(told["dynamodb"])
        number = int(change["SequenceNumber"])
        if number <= read:
            continue
        change["ApproximateCreationDateTime"] = _seconds(change["ApproximateCreationDateTime"])
        names = ("eventID", "eventName", "eventVersion", "eventSource")
        record = {
            **{name: told[name] for name in names},
            "awsRegion": region,
            "dynamodb": change,
            "eventSourceARN": source_arn,
        }
        found.append((number, record))
    return {table.stream_shard.id: found}


def _seconds(moment: Any) -> float:
    if isinstance(moment, datetime):
        from moto.core.utils import unix_time

        return float(unix_time(moment.replace(tzinfo=None)))
    return float(moment)


def matches(criteria: dict[str, Any] | None, record: dict[str, Any]) -> bool:
    """Whether a record gets through a mapping's filters: one that matches is enough.

    A queue's body and a stream's data are matched as JSON when they are JSON.
    """
    filters = [one["Pattern"] for one in (criteria or {}).get("Filters", ()) if one.get("Pattern")]
    if not filters:
        return True
    from moto.events.models import EventPattern

    seen: Any = dict(record)
    for name, text in (("body", record.get("body")), ("data", _data(record))):
        if text is None:
            continue
        try:
            seen[name] = json.loads(text)
        except ValueError:
            seen[name] = text
    return any(EventPattern.load(pattern).matches_event(seen) for pattern in filters)


def _data(record: dict[str, Any]) -> str | None:
    told = record.get("kinesis")
    if told is None:
        return None
    try:
        return base64.b64decode(told["data"]).decode("utf-8")
    except ValueError:
        return None
