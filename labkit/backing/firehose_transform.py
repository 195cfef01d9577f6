"""Firehose's data transformation: what a Lambda function is asked, and what its answer means.

Request and answer: Firehose developer guide, "Transform source data in Amazon Data Firehose". A
record that the function does not answer for, or answers with something else than ``Ok``,
``Dropped`` or ``ProcessingFailed``, has failed. A call that fails is made again ``NumberOfRetries``
times (3), at once.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.core.clock import MILLISECOND
from labkit.core.jsontext import dumps, loads

if TYPE_CHECKING:
    from labkit.backing.kinesis import Read

#: ``function(arn, payload, principal) -> (ok, payload or error, message)``.
Function = Callable[[str, bytes, str], tuple[bool, bytes, str]]

_RETRIES = 3


@dataclass(slots=True)
class Record:
    """One record on its way: data, arrival, the source's record behind it, its id."""

    data: bytes
    arrived_us: int
    source: Read | None = None
    id: str = ""


def lambda_settings(settings: dict[str, Any]) -> tuple[str, int] | None:
    """ARN and retries of a destination's function; None when nothing is transformed."""
    processing = settings.get("ProcessingConfiguration") or {}
    if not processing.get("Enabled"):
        return None
    for processor in processing.get("Processors", ()):
        if processor["Type"] == "Lambda":
            given = {
                p["ParameterName"]: p["ParameterValue"] for p in processor.get("Parameters", ())
            }
            return given.get("LambdaArn", ""), int(given.get("NumberOfRetries", _RETRIES))
    return None


def transform(
    settings: dict[str, Any],
    stream: Any,
    region: str,
    records: list[Record],
    function: Function | None,
    invocation_id: str,
) -> tuple[list[Record], list[Record], tuple[str, str, str]]:
    """The records as the function leaves them, those that failed, and why: code, text, ARN."""
    wanted = lambda_settings(settings)
    if wanted is None:
        return records, [], ("", "", "")
    arn, retries = wanted
    if function is None:
        return [], records, _missing(arn)
    payload = dumps(_request(stream, region, records, invocation_id)).encode()
    message = ""
    for _ in range(retries + 1):
        ok, answer, message = function(arn, payload, settings["RoleARN"])
        if ok:
            good, failed = _sorted_out(records, answer)
            return good, failed, (_PROCESSING, _PROCESSING_TEXT, arn)
    return [], records, ("Lambda.InvocationFailed", message or "The function failed.", arn)


_PROCESSING = "Lambda.ProcessingFailedStatus"
_PROCESSING_TEXT = "ProcessingFailed status set for record"


def _missing(arn: str) -> tuple[str, str, str]:
    return (
        "Lambda.FunctionNotFound",
        "The specified Lambda function does not exist. Use a different function that does exist.",
        arn,
    )


def _request(stream: Any, region: str, records: list[Record], invocation_id: str) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "invocationId": invocation_id,
        "deliveryStreamArn": stream.delivery_stream_arn,
        "region": region,
        "records": [_asked(record) for record in records],
    }
    if stream.source:
        asked["sourceKinesisStreamArn"] = stream.source["KinesisStreamARN"]
    return asked


def _asked(record: Record) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "recordId": record.id,
        "approximateArrivalTimestamp": record.arrived_us // MILLISECOND,
        "data": base64.b64encode(record.data).decode(),
    }
    if record.source is not None:
        asked["kinesisRecordMetadata"] = {
            "shardId": record.source.shard,
            "partitionKey": record.source.partition_key,
            "approximateArrivalTimestamp": record.arrived_us // MILLISECOND,
            "sequenceNumber": str(record.source.sequence),
            "subsequenceNumber": "",
        }
    return asked


def _sorted_out(records: list[Record], answer: bytes) -> tuple[list[Record], list[Record]]:
    try:
        told = loads(answer)
        answers = {one["recordId"]: one for one in told["records"]}
    except (ValueError, KeyError, TypeError):
        return [], records
    good, failed = [], []
    for record in records:
        one = answers.get(record.id, {})
        if one.get("result") == "Dropped":
            continue
        try:
            data = base64.b64decode(one["data"], validate=True)
        except (KeyError, TypeError, binascii.Error):
            failed.append(record)
            continue
        if one.get("result") == "Ok":
            good.append(Record(data, record.arrived_us, record.source, record.id))
        else:
            failed.append(record)
    return good, failed


def failed_line(record: Record, code: str, message: str, arn: str, now_ms: int) -> str:
    """A line of an error object, as the developer guide shows it."""
    return (
        dumps(
            {
                "attemptsMade": _RETRIES + 1,
                "arrivalTimestamp": record.arrived_us // MILLISECOND,
                "errorCode": code,
                "errorMessage": message,
                "attemptEndingTimestamp": now_ms,
                "rawData": base64.b64encode(record.data).decode(),
                "lambdaArn": arn,
            }
        )
        + "\n"
    )
