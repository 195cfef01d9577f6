"""``lambda:Invoke`` as it looks on the wire, for both doors.

It never comes to moto: a function that calls AWS while moto holds its own lock and half an answer
would find itself inside a call.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.backing.moto_dispatch import Answer
from labkit.core.call import Call
from labkit.core.errors import AwsError
from labkit.core.jsontext import parse

if TYPE_CHECKING:
    from labkit.backing.functions import Functions

#: Largest events, bytes: of a caller who waits, and of one who does not (Lambda quotas).
MOST_WAITED = 6_291_456
MOST_TAKEN = 1_048_576

#: How much of its log an invocation answers with.
TAIL = 4096


def owner_of(params: Mapping[str, Any]) -> tuple[str, str]:
    """Account and region of the function that a call names by its ARN; empty when it does not."""
    parts = str(params.get("FunctionName", "")).split(":")
    if len(parts) >= 7 and parts[0] == "arn" and parts[2] == "lambda":
        return parts[4], parts[3]
    if len(parts) >= 3 and parts[1] == "function" and len(parts[0]) == 12 and parts[0].isdigit():
        return parts[0], ""
    return "", ""


def arn_of(params: Mapping[str, Any], call: Call) -> str:
    """The ARN of the function that a call means, with its qualifier."""
    name = str(params["FunctionName"])
    account, region = owner_of(params)
    rest = name.partition("function:")[2] if account else name
    arn = f"arn:aws:lambda:{region or call.region}:{account or call.account}:function:{rest}"
    qualifier = params.get("Qualifier")
    if qualifier and arn.count(":") == 6:
        arn += f":{qualifier}"
    return arn


class InvokeApi:
    """Answers ``Invoke`` and ``InvokeAsync``.

    Parameters
    ----------
    functions:
        The lab's functions.
    """

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def invoke(self, body: bytes, params: Mapping[str, Any], call: Call) -> Answer:
        """``Invoke``: RequestResponse, Event or DryRun."""
        kind = params.get("InvocationType") or "RequestResponse"
        arn = arn_of(params, call)
        if kind not in ("RequestResponse", "Event", "DryRun"):
            raise AwsError(
                "InvalidParameterValueException",
                f"Value '{kind}' at 'invocationType' failed to satisfy constraint: Member must "
                "satisfy enum value set: [Event, RequestResponse, DryRun]",
            )
        function = self._functions.find(arn)
        text = _event(body, MOST_TAKEN if kind == "Event" else MOST_WAITED)
        if kind == "DryRun":
            return Answer(204, {"X-Amz-Executed-Version": function.version}, b"")
        if kind == "Event":
            self._functions.accept(arn, text, call.request_id)
            return Answer(202, {"content-type": "application/json"}, b"")
        done = self._functions.run(
            function,
            text,
            request_id=call.request_id,
            invoked_arn=arn,
            client_context=_context(params.get("ClientContext")),
        )
        if not done.ran:
            raise AwsError(
                done.error_type,
                done.error_message,
                status=429,
                extra={
                    "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
                    "Type": "User",
                },
            )
        headers = {
            "content-type": "application/json",
            "X-Amz-Executed-Version": done.version,
        }
        if not done.ok:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if params.get("LogType") == "Tail":
            tail = done.log.encode("utf-8", "replace")[-TAIL:]
            headers["X-Amz-Log-Result"] = base64.b64encode(tail).decode()
        return Answer(200, headers, done.payload)

    def invoke_async(self, body: bytes, params: Mapping[str, Any], call: Call) -> Answer:
        """``InvokeAsync``, the deprecated form of an Event."""
        arn = arn_of(params, call)
        self._functions.find(arn)
        self._functions.accept(arn, _event(body, MOST_TAKEN), call.request_id)
        return Answer(202, {"content-type": "application/json"}, b"{}")


def _event(body: bytes, most: int) -> str:
    """The event as text.

    Raises
    ------
    AwsError
        For one that is too large, and for what is no JSON.
    """
    if len(body) > most:
        raise AwsError(
            "RequestTooLargeException",
            f"Request must be smaller than {most} bytes for the InvokeFunction operation",
            status=413,
        )
    if not body:
        return "{}"
    try:
        text = body.decode("utf-8")
        parse(text)
    except ValueError as problem:
        raise AwsError(
            "InvalidRequestContentException",
            f"Could not parse request body into json: Could not parse payload into json: {problem}",
        ) from problem
    return text


def _context(given: Any) -> str:
    if not given:
        return ""
    try:
        return base64.b64decode(str(given), validate=True).decode("utf-8")
    except ValueError as problem:
        raise AwsError(
            "InvalidRequestContentException", f"Client context must be base64 of JSON: {problem}"
        ) from problem
