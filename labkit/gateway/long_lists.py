"""What botocore need not look at: the events of a large PutLogEvents.

A call in the kernel never leaves it, so the bytes that botocore makes of it are thrown away. Of a
thousand log events that, with its validation, is three quarters of the call. Where all of them are
plainly right (checked here by the same rules as botocore's own), botocore gets the first one alone;
the dispatch gets what the caller gave. Anything odd goes through botocore as it is, and fails there
with botocore's own words.
"""

from __future__ import annotations

from typing import Any

#: From how many events on.
_MANY = 16
_MEMBERS = {"timestamp", "message"}


def shortened(operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters that botocore shall validate and write, in place of all of them.

    Parameters
    ----------
    operation:
        Wire name.
    params:
        As the caller gave them.
    """
    if operation != "PutLogEvents":
        return params
    events = params.get("logEvents")
    if type(events) is not list or len(events) < _MANY:
        return params
    for event in events:
        if type(event) is not dict or event.keys() != _MEMBERS:
            return params
        at, text = event["timestamp"], event["message"]
        if type(at) is not int or type(text) is not str or at < 0 or not text:
            return params
    return {**params, "logEvents": events[:1]}
