"""Between the wire and an operation: inputs as the model means them, errors as AWS words them.

boto3 takes a timestamp as an aware or naive datetime, as text or as a number, a blob as text, a
float as an int, and sends each of them in one form. An operation behind the in-process door must
see what it would see behind the HTTP door, so inputs are normalised from the model *before* the
operation: datetimes aware and in UTC, cut to the precision of the client's protocol (JSON and CBOR
carry whole seconds), floats as floats, blobs as bytes.

Only what needs it is converted: for each operation the input shape is compiled once into a walk
that touches the members holding timestamps, floats or blobs. (Walking everything cost half of the
dispatch at twenty datums.)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from labkit.core.errors import AwsError

Convert = Callable[[Any], Any]

#: Protocols whose timestamps are whole seconds on the wire.
WHOLE_SECONDS = frozenset({"json", "rest-json", "smithy-rpc-v2-cbor"})


def normaliser(shape: Any, protocol: str) -> Convert | None:
    """A function that normalises one input of ``shape``, or None when nothing in it needs it.

    Parameters
    ----------
    shape:
        A botocore shape (``operation_model.input_shape``), or None.
    protocol:
        The client's resolved protocol.
    """
    if shape is None:
        return None
    return _compile(shape, protocol in WHOLE_SECONDS, ())


def _compile(shape: Any, whole: bool, inside: tuple[str, ...]) -> Convert | None:
    kind = shape.type_name
    if kind == "timestamp":
        return _timestamp_to_second if whole else _timestamp
    if kind in ("float", "double"):
        return float
    if kind == "blob":
        return _blob
    if shape.name in inside:  # a recursive shape: expressions within expressions
        return None
    inside = (*inside, shape.name)
    if kind == "structure":
        converts = {
            name: convert
            for name, member in shape.members.items()
            if (convert := _compile(member, whole, inside)) is not None
        }
        return _structure(converts) if converts else None
    if kind == "list":
        item = _compile(shape.member, whole, inside)
        return (lambda values: [item(value) for value in values]) if item else None
    if kind == "map":
        value = _compile(shape.value, whole, inside)
        return (lambda items: {k: value(v) for k, v in items.items()}) if value else None
    return None


def _structure(converts: dict[str, Convert]) -> Convert:
    pairs = tuple(converts.items())

    def convert(value: dict[str, Any]) -> dict[str, Any]:
        changed = dict(value)
        for name, inner in pairs:
            if changed.get(name) is not None:
                changed[name] = inner(changed[name])
        return changed

    return convert


def _timestamp(value: Any) -> datetime:
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    from botocore.utils import parse_to_aware_datetime

    moment: datetime = parse_to_aware_datetime(value)
    return moment.astimezone(UTC)


def _timestamp_to_second(value: Any) -> datetime:
    moment = _timestamp(value)
    return moment.replace(microsecond=0) if moment.microsecond else moment


def _blob(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytearray):
        return bytes(value)
    return value


def error_answer(error: AwsError, service_model: Any, request_id: str) -> dict[str, Any]:
    """The parsed form of an error, as botocore's parser would make it from the wire.

    CloudWatch speaks JSON but keeps the codes of its old query protocol: there the answer carries
    the code (``InvalidParameterValue``) and, beside it, the shape's name as ``QueryErrorCode``.
    """
    answer: dict[str, Any] = {"Code": error.code, "Message": error.message}
    shape = _error_shape(service_model, error.code)
    if shape is not None and service_model.metadata.get("awsQueryCompatible") is not None:
        answer["QueryErrorCode"] = shape.name
        answer["Type"] = "Receiver" if error.status >= 500 else "Sender"
    parsed: dict[str, Any] = {
        "Error": answer,
        "ResponseMetadata": response_metadata(request_id, error.status),
    }
    parsed.update(error.extra)
    return parsed


def _error_shape(service_model: Any, code: str) -> Any:
    for shape in service_model.error_shapes:
        if code in (shape.error_code, shape.name):
            return shape
    return None


def response_metadata(request_id: str, status: int = 200) -> dict[str, Any]:
    """The ``ResponseMetadata`` that every answer of boto3 carries."""
    return {
        "RequestId": request_id,
        "HTTPStatusCode": status,
        "HTTPHeaders": {"x-amzn-requestid": request_id},
        "RetryAttempts": 0,
    }
