"""What is written down of a call: how CloudTrail classes it, its text, and the fact it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.jsontext import dumps, dumps_call, dumps_exact, mended
from labkit.gateway.event_stream import EventStream

MANAGEMENT, DATA = "management", "data"
#: Of a data event's parameters those are told that fit into a record: no bodies.
_PLAIN = frozenset({str, int, bool, float, list, dict})


@dataclass(frozen=True, slots=True)
class Category:
    """How CloudTrail classes an operation."""

    kind: str
    read_only: bool
    #: Whether the record shows the answer although nothing was changed (AssumeRole).
    answered: bool = False

    @property
    def shown(self) -> bool:
        """Whether the answer of a call stands in its record."""
        return self.kind == MANAGEMENT and (self.answered or not self.read_only)


def text_of(params: dict[str, Any], recorded: bool, kept: bool) -> tuple[str, dict[str, Any]]:
    """The parameters as JSON text, and as they are from here on: without halves of characters.

    One text serves the journal and the record; it is made before the call is answered, since the
    caller may go on to change the very dict that was passed in.
    """
    try:
        return dumps_exact(params) if recorded else dumps_call(params) if kept else "{}", params
    except UnicodeEncodeError:
        params = mended(params)
        return dumps_exact(params), params


def plain_text(params: Mapping[str, Any]) -> str:
    """The parameters of a data event as JSON text."""
    return dumps_exact({k: v for k, v in params.items() if type(v) in _PLAIN})


def finished(
    call: Call,
    category: Category,
    request: str,
    answer: Mapping[str, Any],
    error: AwsError | None,
) -> dict[str, Any]:
    """The data of the fact ``call.finished``; ``request`` is the text of the parameters."""
    response = "null"
    if error is None and category.shown:
        told = {
            k: v
            for k, v in answer.items()
            if k != "ResponseMetadata" and not isinstance(v, EventStream)
        }
        response = dumps(told)
    return {
        "service": call.service,
        "operation": call.operation,
        "category": category.kind,
        "read_only": category.read_only,
        "principal": call.principal.to_dict(),
        "request_id": call.request_id,
        "source_ip": call.source_ip,
        "user_agent": call.user_agent,
        "request": request,
        "response": response,
        "error_code": error.code if error else "",
        "error_message": error.message if error else "",
    }
