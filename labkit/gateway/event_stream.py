"""Answers that arrive piece by piece: an operation's generator of events, and their bytes.

Theory of operation
-------------------
A few operations (StartLiveTail, SelectObjectContent) answer with a stream of events. Here such an
operation is a function like any other, and the stream's member of its answer is a generator that
yields

- ``{"sessionUpdate": {...}}``: one event, named as in the model;
- ``None``: nothing for now; it is asked again when a second of virtual time has passed.

An :class:`labkit.core.errors.AwsError` that it raises ends the stream with an error that the
client's SDK raises. Each step of the generator has the lab to itself and only reads: it belongs to
no instant, so what it changed could not be replayed.

**In process** the caller iterates :class:`EventStream`; a second passes as for a long poll, so a
``for`` over a Live Tail drives the lab's clock.

**Over HTTP** :meth:`EventStream.steps` never waits by itself, and time passes by the live mode or
by somebody who steps it: a stream that advanced the clock would race through its three hours at
once. An event becomes a message of ``application/vnd.amazon.eventstream``::

    total length | length of headers | CRC-32 of these 8 bytes | headers | payload | CRC-32 of all

A header is a name, a type and a value; ``:message-type`` and ``:event-type`` say what it is.
Protocols whose answer has no HTTP headers of its own (json, cbor) send the other members of the
answer first, as the event ``initial-response``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

from labkit.core.clock import MILLISECOND, SECOND, to_us
from labkit.core.errors import AwsError

if TYPE_CHECKING:
    from labkit.gateway.dispatch import Dispatch

CONTENT_TYPE = "application/vnd.amazon.eventstream"

Event = Mapping[str, Any]


class EventStream:
    """The events of one answer, once.

    Parameters
    ----------
    events:
        The operation's generator: see the head of this file.
    dispatch:
        Whose lab and time it is.
    operation:
        The operation's name, for errors.
    """

    def __init__(self, events: Iterator[Event | None], dispatch: Dispatch, operation: str) -> None:
        self._events = events
        self._dispatch = dispatch
        self._operation = operation
        self._closed = False

    def __iter__(self) -> Iterator[Event]:
        """Each event as it comes; between two of them time passes.

        Raises
        ------
        botocore.exceptions.EventStreamError
            When the stream ends in an error.
        """
        from botocore.exceptions import EventStreamError

        while not self._closed:
            try:
                event = self._step()
            except StopIteration:
                return
            except AwsError as problem:
                told = {"Error": {"Code": problem.code, "Message": problem.message}}
                raise EventStreamError(told, self._operation) from None
            if event is None:
                self._dispatch.pass_seconds(1.0)
            else:
                yield event

    def steps(self) -> Iterator[Event | None]:
        """Each event as it comes, and None whenever it is not yet time for the next one."""
        clock = self._dispatch.world.clock
        due_us = clock.now_us
        while not self._closed:
            if clock.now_us < due_us:
                yield None
                continue
            try:
                event = self._step()
            except StopIteration:
                return
            if event is None:
                due_us = clock.now_us + SECOND
            yield event

    def _step(self) -> Event | None:
        with self._dispatch.world.lock:
            return next(self._events)

    def close(self) -> None:
        """End the stream. Idempotent."""
        self._closed = True
        close = getattr(self._events, "close", None)
        if close is not None:
            close()

    def __repr__(self) -> str:
        return f"<the events of {self._operation}: iterate over them>"


# -- bytes ----------------------------------------------------------------------------------------
def message(headers: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """One message of an event stream.

    Parameters
    ----------
    headers:
        Text, whole numbers, truth values, bytes or aware datetimes, by name.
    payload:
        The message's body.
    """
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", len(head) + len(payload) + 16, len(head))
    prelude += struct.pack(">I", crc32(prelude))
    body = prelude + head + payload
    return body + struct.pack(">I", crc32(body))


def _header(name: str, value: Any) -> bytes:
    key = name.encode()
    start = struct.pack(">B", len(key)) + key
    if isinstance(value, bool):
        return start + (b"\x00" if value else b"\x01")
    if isinstance(value, int):
        return start + (
            struct.pack(">Bi", 4, value)
            if -(2**31) <= value < 2**31
            else struct.pack(">Bq", 5, value)
        )
    if isinstance(value, datetime):
        return start + struct.pack(">Bq", 8, to_us(value) // MILLISECOND)
    if isinstance(value, bytes):
        return start + struct.pack(">BH", 6, len(value)) + value
    text = str(value).encode()
    return start + struct.pack(">BH", 7, len(text)) + text


class EventWriter:
    """Writes the events of one operation in one protocol.

    Parameters
    ----------
    shape:
        The stream's shape (``eventstream`` in the model): its members are the kinds of event.
    kind:
        The content type of a structure in this protocol.
    serialise:
        Makes the function that writes a value of a shape.
    """

    def __init__(
        self, shape: Any, kind: str, serialise: Callable[[Any], Callable[[Any], bytes]]
    ) -> None:
        self._kind = kind
        self._ways = {name: _Way(member, kind, serialise) for name, member in shape.members.items()}
        self._exceptions = {
            member.name: name
            for name, member in shape.members.items()
            if member.metadata.get("exception")
        }

    def event(self, event: Event) -> bytes:
        """One event as a message."""
        ((name, value),) = event.items()
        return self._ways[name].message({":message-type": "event", ":event-type": name}, value)

    def first(self, payload: bytes) -> bytes:
        """The message that carries the answer's other members."""
        return message(
            {
                ":message-type": "event",
                ":event-type": "initial-response",
                ":content-type": self._kind,
            },
            payload,
        )

    def problem(self, error: AwsError) -> bytes:
        """An error that ends the stream: modelled in it, or any other."""
        name = self._exceptions.get(error.code)
        if name is None:
            return message(
                {
                    ":message-type": "error",
                    ":error-code": error.code,
                    ":error-message": error.message,
                }
            )
        head = {":message-type": "exception", ":exception-type": name}
        return self._ways[name].message(head, {"message": error.message, **error.extra})


class _Way:
    """How one kind of event is written."""

    def __init__(
        self, shape: Any, kind: str, serialise: Callable[[Any], Callable[[Any], bytes]]
    ) -> None:
        self.headers = [n for n, m in shape.members.items() if m.serialization.get("eventheader")]
        payloads = [n for n, m in shape.members.items() if m.serialization.get("eventpayload")]
        self.payload = payloads[0] if payloads else ""
        inner = shape.members[self.payload] if payloads else shape
        plain = {"blob": "application/octet-stream", "string": "text/plain"}
        self.kind = plain.get(inner.type_name, kind)
        structured = inner.type_name == "structure"
        self.write = serialise(inner) if structured and inner.members else _plain

    def message(self, head: dict[str, Any], value: Mapping[str, Any]) -> bytes:
        inner = value.get(self.payload) if self.payload else value
        payload = self.write(inner) if inner else b""
        if payload:
            head[":content-type"] = self.kind
        head |= {name: value[name] for name in self.headers if name in value}
        return message(head, payload)


def _plain(value: Any) -> bytes:
    if isinstance(value, Mapping):
        return b""  # an event that only says that it has happened
    return value.encode() if isinstance(value, str) else bytes(value)
