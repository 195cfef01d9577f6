"""GetLogObject: what was cut off events beyond 1 MB, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.logs import large_objects
from labkit.logs.api.keys import check_readable
from labkit.logs.api.requests import invalid, not_found
from labkit.logs.masking import masked

#: Bytes of one event of the answer's stream.
PIECE = 256 * 1024


def get_log_object(call: Call, /, *, logObjectPointer: str, unmask: bool = False) -> dict[str, Any]:
    """The whole text of a field that was cut, by the pointer that GetLogRecord shows.

    The permission asked for is ``logs:GetLogRecord`` on the group that the pointer leads to (user
    guide, permissions-reference-cwl), so it is asked here, where the group is known.
    """
    if not large_objects.is_pointer(logObjectPointer):
        raise invalid("Invalid log object pointer format.")
    found = large_objects.find(call.store, logObjectPointer)
    if found is None:
        raise not_found("LogGroup doesn't exist")
    group = found.group
    for action in ("GetLogRecord", "Unmask") if unmask else ("GetLogRecord",):
        _permit(call, f"logs:{action}", f"{group.arn}:*")
    row = group.events.row(found.seq)
    if row is None or row.at_ms < group.oldest_ms(call.now_us):
        raise not_found("The requested log object could not be found.")
    check_readable(call, group)
    text = masked(group, row.at_ms, found.text, unmask, row.ingested_ms)
    return {"fieldStream": _pieces(text.encode())}


def _permit(call: Call, action: str, arn: str) -> None:
    if not call.ports.allowed(call.principal, action, arn):
        raise AwsError(
            "AccessDeniedException",
            f"User: {call.principal.arn} is not authorized to perform: {action} on resource: {arn}",
        )


def _pieces(held: bytes) -> Iterator[dict[str, Any]]:
    for begin in range(0, len(held), PIECE):
        yield {"fields": {"data": held[begin : begin + PIECE]}}


OPERATIONS = {"GetLogObject": get_log_object}
