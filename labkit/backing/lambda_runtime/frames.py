"""Messages between the kernel and its child processes: a length, then JSON.

JSON and no pickle, since what comes out of a worker was written by whatever code somebody uploaded:
unpickling it would run that code in the kernel.
"""

from __future__ import annotations

import socket
import struct
from typing import Any

from labkit.core.jsontext import dumps_exact, loads

_HEAD = struct.Struct("!I")

#: The longest message that is taken: a payload of 6 MB, written as JSON in JSON, fits.
LONGEST = 64 * 1024 * 1024


class BrokenFrame(Exception):
    """The other side sent something that is no message: its code wrote into the socket."""


def send(place: socket.socket, message: dict[str, Any]) -> None:
    """Send one message, whole."""
    body = dumps_exact(message).encode("utf-8")
    place.sendall(_HEAD.pack(len(body)) + body)


def receive(place: socket.socket) -> dict[str, Any] | None:
    """The next message; None when the other side is gone.

    Raises
    ------
    BrokenFrame
        For bytes that are no message.
    """
    head = _exactly(place, _HEAD.size)
    if head is None:
        return None
    (length,) = _HEAD.unpack(head)
    if length > LONGEST:
        raise BrokenFrame(f"a message of {length} bytes")
    body = _exactly(place, length)
    if body is None:
        return None
    try:
        message = loads(body)
    except (ValueError, RecursionError) as problem:
        raise BrokenFrame(str(problem)) from problem
    if not isinstance(message, dict) or not isinstance(message.get("t"), str):
        raise BrokenFrame("a message without a kind")
    return message


def _exactly(place: socket.socket, count: int) -> bytes | None:
    chunks = []
    while count:
        try:
            chunk = place.recv(min(count, 1 << 20))
        except ConnectionError:
            return None
        if not chunk:
            return None
        chunks.append(chunk)
        count -= len(chunk)
    return b"".join(chunks)
