"""What a function's X-Ray SDK sends to the daemon of its environment: handed to the kernel.

On Lambda a daemon runs beside every function, at an address that its environment names. An SDK
sends to it over UDP and hears nothing back. Here the datagram goes over the socket of invocations
instead, in order, before the answer of the invocation that it belongs to; none gets lost.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

#: Where Lambda's daemon listens.
HOST, PORT = "169.254.79.129", 2000

#: What a function finds in its environment.
VARIABLES = {
    "AWS_XRAY_DAEMON_ADDRESS": f"{HOST}:{PORT}",
    "_AWS_XRAY_DAEMON_ADDRESS": HOST,
    "_AWS_XRAY_DAEMON_PORT": str(PORT),
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
}

#: The longest that UDP takes.
_LONGEST = 65_507


def install(say: Callable[[dict[str, Any]], None]) -> None:
    """Let what is sent to the daemon's address go to the kernel."""
    plain = socket.socket.sendto

    def sendto(one: Any, data: Any, *more: Any) -> int:
        where = more[-1] if more else None
        if where != (HOST, PORT) or not one.type & socket.SOCK_DGRAM:
            return plain(one, data, *more)
        held = bytes(data)
        if len(held) > _LONGEST:
            raise OSError(errno.EMSGSIZE, "Message too long")
        say({"t": "datagram", "text": held.decode("utf-8", "replace")})
        return len(held)

    socket.socket.sendto = sendto  # type: ignore[method-assign]


def header() -> str:
    """What a call of this function carries: the SDK's open subsegment, or Lambda's own header."""
    import os
    import sys

    text = os.environ.get("_X_AMZN_TRACE_ID", "")
    core = sys.modules.get("aws_xray_sdk.core")
    if core is None:
        return text
    try:
        open_one = core.xray_recorder.current_subsegment()
        if open_one is None:
            return text
        sampled = int(bool(open_one.sampled))
        return f"Root={open_one.trace_id};Parent={open_one.id};Sampled={sampled}"
    except Exception:  # of the SDK, outside an invocation for example
        return text
