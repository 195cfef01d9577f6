"""botocore's own retries, for throttled calls of this process, on virtual time.

Theory of operation
-------------------
The in-process door answers at ``before-call``, which is quick and skips botocore's retries: they
run around the *sending* of a request, one step later. A call of an operation that somebody
throttles (:mod:`labkit.gateway.throttling`) therefore goes one step further, to ``before-send``,
and the lab answers there with raw HTTP, as it does behind ``labkit serve``. From there on
everything is botocore's: the ``legacy``, ``standard`` and ``adaptive`` modes decide, count attempts
and quota, and word the error of the last one ("reached max retries: 4").

Three things are the lab's:

- **Waiting**: the pause before the next attempt is virtual time. So is the clock of the adaptive
  mode's rate limiter, which continues from whatever it showed before the lab.
- **Chance**: the pauses are jittered by the process's random numbers; they are drawn from the lab's
  seed instead, and the process's own sequence goes on as if nothing had been drawn.
- **Signatures**: a request that never leaves needs none, and works without credentials.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from labkit.core.clock import SECOND

if TYPE_CHECKING:
    from labkit.gateway.boto3_hook import Door, Frame
    from labkit.gateway.wire import WireAnswer


def send(frame: Frame, request: Any, operation_model: Any) -> Any:
    """Answer a request that botocore has prepared, as its HTTP session would.

    Parameters
    ----------
    frame:
        The call under way; its ``wire`` is the door that answers.
    request:
        botocore's prepared request.
    operation_model:
        What is called.
    """
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders

    from labkit.gateway.boto3_hook import principal_of, region_of
    from labkit.gateway.wire import WireRequest, answer
    from labkit.gateway.wire_services import Scope

    door = frame.wire
    assert door is not None
    parts = urlsplit(request.url)
    headers = {
        name.lower(): value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    headers.setdefault("host", parts.netloc)
    principal = principal_of(frame.client, door, frame.client._request_signer)
    service = operation_model.service_model.service_name
    told = answer(
        door.dispatch,
        WireRequest(
            request.method,
            (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers,
            _bytes(request.body),
            door.source_ip,
            Scope(principal.access_key_id, region_of(frame.client), service),
            principal,
        ),
    )
    return AWSResponse(
        request.url, told.status, HTTPHeaders.from_dict(told.headers), _Raw(told, door)
    )


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if hasattr(body, "read"):
        body = body.read()
    return body.encode() if isinstance(body, str) else bytes(body)


class _Raw(io.BytesIO):
    """As much of urllib3's answer as botocore reads."""

    def __init__(self, told: WireAnswer, door: Door) -> None:
        super().__init__(told.body)
        self._pieces = told.stream
        self._door = door

    def stream(self, amt: int = 1024, decode_content: bool | None = None) -> Iterator[bytes]:
        """The body, piece by piece; time passes between the pieces of a stream of events."""
        if self._pieces is None:
            yield self.read()
            return
        for piece in self._pieces:
            if piece:
                yield piece
            else:
                self._door.dispatch.pass_seconds(1.0)

    def close(self) -> None:
        """End a stream of events, too."""
        getattr(self._pieces, "close", lambda: None)()
        super().close()


# -- waiting --------------------------------------------------------------------------------------
def install(frame_of: Callable[[], Frame | None], active: Callable[[], Door | None]) -> None:
    """Let botocore's retries ask whether they run in a lab. Once per process.

    Parameters
    ----------
    frame_of:
        The innermost call of this thread.
    active:
        The door of the active lab.
    """
    from botocore.endpoint import Endpoint
    from botocore.retries import bucket

    needs_retry, acquire = Endpoint._needs_retry, bucket.TokenBucket._acquire
    current_time = bucket.Clock.current_time

    def door_of() -> Door | None:
        frame = frame_of()
        return frame.wire if frame is not None else None

    def _needs_retry(
        endpoint: Any,
        attempts: int,
        operation_model: Any,
        request_dict: dict[str, Any],
        response: Any = None,
        caught_exception: Any = None,
    ) -> bool:
        arguments = (attempts, operation_model, request_dict, response, caught_exception)
        door = door_of()
        if door is None:
            return bool(needs_retry(endpoint, *arguments))
        pause = _pause(endpoint, door, *arguments)
        if pause is None or pause is False:
            return False
        _pass(door, pause)
        return True

    def _acquire(limiter: Any, amount: int, block: bool) -> bool:
        door = door_of()
        if door is None or not block:
            return bool(acquire(limiter, amount, block))
        limiter._refill()
        while amount > limiter._current_capacity and _pass(door, limiter._sleep_amount(amount)):
            limiter._refill()
        limiter._current_capacity -= amount
        return True

    def time_of(clock: Any) -> float:
        door = door_of() or active()
        if door is None:
            told = float(current_time(clock))
        else:
            told = door.dispatch.world.clock.now_us / SECOND
            known = getattr(clock, "_labkit", None)
            if known is None or known[0] is not door:
                # It showed another time before, and must never run backwards. Whole seconds, since
                # the limiter counts by halves of a second.
                last = getattr(clock, "_labkit_last", told)
                known = clock._labkit = (door, max(0, math.ceil(last - told)))
            told += known[1]
        clock._labkit_last = told
        return told

    Endpoint._needs_retry = _needs_retry
    bucket.TokenBucket._acquire = _acquire
    bucket.Clock.current_time = time_of


def _pause(
    endpoint: Any,
    door: Door,
    attempts: int,
    operation_model: Any,
    request_dict: dict[str, Any],
    response: Any,
    caught_exception: Any,
) -> Any:
    """How long botocore's handlers want to wait before the next attempt; None for no attempt."""
    from botocore.hooks import first_non_none_response

    service = operation_model.service_model.service_id.hyphenize()
    world = door.dispatch.world
    sequence = random.getstate()
    what = f"{service}:{operation_model.name}"
    random.seed(world.ids.digest("retry", what, world.clock.now_us, attempts))
    try:
        told = endpoint._event_emitter.emit(
            f"needs-retry.{service}.{operation_model.name}",
            response=response,
            endpoint=endpoint,
            operation=operation_model,
            attempts=attempts,
            caught_exception=caught_exception,
            request_dict=request_dict,
        )
    finally:
        random.setstate(sequence)
    return first_non_none_response(told)


def _pass(door: Door, seconds: float) -> bool:
    """Let virtual time pass; False inside an event of the clock, where it stands still."""
    if door.dispatch.busy:
        return False
    door.dispatch.pass_seconds(max(seconds, 0.001))
    return True
