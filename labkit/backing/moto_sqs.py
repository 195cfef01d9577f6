"""Seams of SQS: nobody sleeps, looking at a queue does not cost the square of its length, and what
is older than the queue keeps is gone (moto stops at the first such message and hands out none)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from labkit.backing.moto_seams import listener, mounted, seam


@seam("moto.sqs.models")
def _never_wait(module: ModuleType) -> None:
    backend = module.SQSBackend
    receive = backend.receive_message

    def receive_message(
        self: Any, queue_name: str, count: int, wait_seconds_timeout: int, *args: Any, **kwargs: Any
    ) -> Any:
        if mounted() is not None:
            wait_seconds_timeout = 0
            _forget_old(self.get_queue(queue_name), module.unix_time())
        return receive(self, queue_name, count, wait_seconds_timeout, *args, **kwargs)

    backend.receive_message = receive_message


def _forget_old(queue: Any, now: float) -> None:
    """Drop the messages whose retention period is over."""
    kept_ms = (now - int(queue.message_retention_period)) * 1000
    if any(message.sent_timestamp <= kept_ms for message in queue._messages):
        queue._messages = [one for one in queue._messages if one.sent_timestamp > kept_ms]
        queue._pending_messages &= set(queue._messages)


@seam("moto.sqs.models")
def _pass_the_trace_on(module: ModuleType) -> None:
    """A message of a caller that is traced carries its header."""
    backend = module.SQSBackend
    send = backend.send_message

    def send_message(self: Any, *args: Any, **kwargs: Any) -> Any:
        message = send(self, *args, **kwargs)
        functions = listener("lambda")
        header = functions.tracer.under.header if functions is not None else None
        if header is not None and header.root:
            message.system_attributes.setdefault(
                "AWSTraceHeader", {"DataType": "String", "StringValue": str(header)}
            )
        return message

    backend.send_message = send_message


@seam("moto.sqs.models")
def _keep_the_policy(module: ModuleType) -> None:
    """SetQueueAttributes changes what it names; moto drops the policy that it does not name."""
    queue = module.Queue
    plain = queue._set_attributes

    def set_attributes(self: Any, attributes: Any, now: float | None = None) -> None:
        kept = getattr(self, "_policy_json", None)
        plain(self, attributes, now)
        if kept is not None and "Policy" not in (attributes or {}):
            self._policy_json = kept

    queue._set_attributes = set_attributes


class _Counted(Mapping[str, Any]):
    """A queue's attributes: made when they are looked at, and the three counts each time.

    moto makes them all at every send, to ask a FIFO queue for one of them, and counts by walking
    over all messages: ten thousand messages took 0.3 s each to send.
    """

    def __init__(
        self, queue: Any, late: Mapping[str, str], make: Callable[[Any], dict[str, Any]]
    ) -> None:
        self._queue = queue
        self._late = late
        self._make = make
        self._made: dict[str, Any] | None = None

    def _all(self) -> dict[str, Any]:
        if self._made is None:
            self._made = self._make(self._queue)
        return self._made

    def __getitem__(self, name: str) -> Any:
        if name in self._late:
            return getattr(self._queue, self._late[name])
        if name == "ContentBasedDeduplication" and not self._queue.fifo_queue:
            raise KeyError(name)  # what a send asks; only FIFO queues have it
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


@seam("moto.sqs.models")
def _count_late(module: ModuleType) -> None:
    queue = module.Queue
    plain = queue.attributes.fget
    late = {
        name: module.camelcase_to_underscores(name)
        for name in queue.BASE_ATTRIBUTES
        if name.startswith("ApproximateNumberOfMessages")
    }

    class Uncounted:
        """The queue as seen by moto's property, its counts being nothing yet."""

        def __init__(self, real: Any) -> None:
            self.__dict__["_real"] = real

        def __getattr__(self, name: str) -> Any:
            return 0 if name in late.values() else getattr(self.__dict__["_real"], name)

    def attributes(self: Any) -> Any:
        if mounted() is None:
            return plain(self)
        return _Counted(self, late, lambda queue: plain(Uncounted(queue)))

    queue.attributes = property(attributes)
