"""Vended logs: which there are, what a record looks like, how it is written.

AWS's services deliver these logs themselves, to a log group, a bucket or a Firehose stream. labkit
has one source of this kind, an EventBridge bus; logs that have an API of their own (flow logs,
query logs, access logs of stages) are not set up here, as on AWS.

Source: EventBridge user guide, eb-event-bus-logs, eb-event-logs-schema; API reference,
PutDeliverySource, CreateDelivery, DescribeConfigurationTemplates.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.jsontext import dumps

S3, GROUP, FIREHOSE, XRAY = "S3", "CWL", "FH", "XRAY"
JSON, PLAIN, W3C, RAW, PARQUET = "json", "plain", "w3c", "raw", "parquet"

#: Fields of a bus's record; the first four are in each.
BUS_FIELDS = (
    "resource_arn", "message_timestamp_ms", "message_type", "log_level", "event_bus_name",
    "invocation_id", "details", "error",
)  # fmt: skip
MANDATORY = BUS_FIELDS[:4]


@dataclass(frozen=True, slots=True)
class Template:
    """What a service vends: its log types, its fields, where to."""

    service: str
    resource_type: str
    log_types: tuple[str, ...]
    fields: tuple[str, ...]
    mandatory: tuple[str, ...]
    destinations: tuple[str, ...] = (S3, GROUP, FIREHOSE)
    suffix: str = "{account-id}/{service}/{region}/{yyyy}/{MM}/{dd}/{HH}"


EVENT_BUS = Template(
    "eventbridge", "event-bus", ("ERROR_LOGS", "INFO_LOGS", "TRACE_LOGS"), BUS_FIELDS, MANDATORY
)
#: Every kind of source that labkit has, by service and resource of the ARN.
TEMPLATES: dict[tuple[str, str], Template] = {("events", "event-bus"): EVENT_BUS}

#: Services of AWS that vend logs this way and that labkit has no source for.
ELSEWHERE = frozenset(
    {
        "bedrock", "bedrock-agentcore", "cloudfront", "codewhisperer", "cognito-idp", "ec2",
        "elasticache", "entityresolution", "ivschat", "mediapackage", "mediatailor", "pcs",
        "networkmanager", "pipes", "qbusiness", "rum", "ses", "states", "transfer", "vpc-lattice",
        "wisdom", "workmail",
    }
)  # fmt: skip

FORMATS = {
    GROUP: (JSON, PLAIN),
    S3: (JSON, PLAIN, W3C, PARQUET),
    FIREHOSE: (JSON, PLAIN, RAW),
}


def bus_records(
    bus_arn: str, about: Mapping[str, Any], at_ms: int, invocation: str
) -> list[dict[str, Any]]:
    """The records of one delivery of a bus's rule, of all levels.

    Parameters
    ----------
    bus_arn:
        The bus.
    about:
        The fact ``delivery.finished``.
    at_ms:
        When, milliseconds.
    invocation:
        The id of the invocation.
    """
    details = {
        "rule_arn": about["source_arn"],
        "target_arn": about["arn"],
        "total_attempts": about["attempts"],
    }

    def record(kind: str, level: str, **more: Any) -> dict[str, Any]:
        return {
            "resource_arn": bus_arn,
            "message_timestamp_ms": at_ms,
            "event_bus_name": bus_arn.rpartition("/")[2],
            "invocation_id": invocation,
            "message_type": kind,
            "log_level": level,
            "details": details,
            **more,
        }

    service = str(about["arn"]).split(":")[2] if about["arn"].count(":") > 4 else ""
    error = {"error": {"error_message": about["code"], "aws_service": service}}
    if about["ok"]:
        return [record("INVOCATION_ATTEMPT_SUCCESS", "TRACE"), record("INVOCATION_SUCCESS", "INFO")]
    found = [
        record("INVOCATION_ATTEMPT_PERMANENT_FAILURE", "TRACE", **error),
        record("INVOCATION_FAILURE", "ERROR", **error),
    ]
    if about["dead_letter"]:
        found.append(
            record("INVOCATION_DLQ", "INFO" if about["dead_letter"] == "sent" else "ERROR")
        )
    return found


def chosen(record: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """A record's fields, in the order of a delivery."""
    return {name: record[name] for name in fields if name in record}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)


def line(record: Mapping[str, Any], form: str, delimiter: str, fields: Sequence[str]) -> str:
    """A record as one line: JSON, or its values behind one another, ``-`` for what is not there."""
    if form in (JSON, RAW):
        return dumps(record)
    return delimiter.join(_text(record[name]) if name in record else "-" for name in fields)


def file(
    records: Sequence[Mapping[str, Any]], form: str, delimiter: str, fields: Sequence[str]
) -> tuple[bytes, str]:
    """Records as an object of a bucket: its content, and how its key ends."""
    if form == PARQUET:
        return _parquet(records, fields), ".parquet"
    import gzip

    lines = [line(record, form, delimiter, fields) for record in records]
    if form == W3C:
        lines = ["#Version: 1.0", f"#Fields: {' '.join(fields)}", *lines]
    text = "".join(f"{one}\n" for one in lines)
    return gzip.compress(text.encode(), 6, mtime=0), ".log.gz"


def _parquet(records: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            name: pa.array(
                [_text(record[name]) if name in record else None for record in records], pa.string()
            )
            for name in fields
        }
    )
    held = io.BytesIO()
    pq.write_table(table, held)
    return held.getvalue()
