"""Transformers of a log group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs.api.requests import group_of, invalid
from labkit.logs.engine import transform
from labkit.logs.records import STANDARD
from labkit.logs.transforming import KIND


@dataclass(frozen=True, slots=True)
class Transformer:
    """A group's transformer."""

    config: tuple[Mapping[str, Any], ...]
    created_us: int
    modified_us: int


def _checked(config: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    try:
        transform.check(config)
    except transform.TransformError as error:
        raise invalid(str(error)) from None
    return tuple(config)


def put_transformer(
    call: Call,
    /,
    *,
    logGroupIdentifier: str,
    transformerConfig: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Give a group its transformer; what comes in from now on is transformed."""
    group = group_of(call, None, logGroupIdentifier)
    if group.log_class != STANDARD:
        raise AwsError(
            "InvalidOperationException",
            f"Log groups of class {group.log_class} have no transformer.",
        )
    config = _checked(transformerConfig)
    held: Transformer | None = group.policies.get(KIND)
    created_us = held.created_us if held else call.now_us
    group.policies[KIND] = Transformer(config, created_us, call.now_us)
    return {}


def get_transformer(call: Call, /, *, logGroupIdentifier: str) -> dict[str, Any]:
    """A group's transformer; only the group when it has none."""
    group = group_of(call, None, logGroupIdentifier)
    held: Transformer | None = group.policies.get(KIND)
    if held is None:
        return {}
    return {
        "logGroupIdentifier": group.arn,
        "creationTime": held.created_us // 1000,
        "lastModifiedTime": held.modified_us // 1000,
        "transformerConfig": [dict(one) for one in held.config],
    }


def delete_transformer(call: Call, /, *, logGroupIdentifier: str) -> dict[str, Any]:
    """Take a group's transformer away; what was transformed stays so."""
    group_of(call, None, logGroupIdentifier).policies.pop(KIND, None)
    return {}


def test_transformer(
    call: Call,
    /,
    *,
    transformerConfig: Sequence[Mapping[str, Any]],
    logEventMessages: Sequence[str],
) -> dict[str, Any]:
    """What a transformer would make of some lines."""
    config = _checked(transformerConfig)
    rows = []
    for number, message in enumerate(logEventMessages, 1):
        row: dict[str, Any] = {"eventNumber": number, "eventMessage": message}
        made = transform.transform(config, message)
        if made is not None:
            row["transformedEventMessage"] = made
        rows.append(row)
    return {"transformedLogs": rows}


OPERATIONS = {
    "PutTransformer": put_transformer,
    "GetTransformer": get_transformer,
    "DeleteTransformer": delete_transformer,
    "TestTransformer": test_transformer,
}
