"""Seams of Firehose: records go to labkit's buffers instead of straight to the bucket.

moto writes an object for every call, at once, and posts to HTTP endpoints in earnest. Here a
delivery stream keeps what arrives until its hints say that it is time (``firehose.py``).
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

from labkit.backing.moto_seams import listener, seam


class FirehoseListener(Protocol):
    """What the hooks tell, and whom."""

    def created(self, backend: Any, stream: Any) -> None:
        """moto made a delivery stream."""

    def deleting(self, backend: Any, stream: Any) -> None:
        """A delivery stream is about to be deleted."""

    def put(self, backend: Any, name: str, records: list[bytes]) -> list[str]:
        """Records for a delivery stream; their ids."""


def _listener() -> Any:
    return listener("firehose")


@seam("moto.firehose.models")
def _hook_backend(module: ModuleType) -> None:
    backend = module.FirehoseBackend
    create, delete = backend.create_delivery_stream, backend.delete_delivery_stream
    put_batch, send_log_event = backend.put_record_batch, backend.send_log_event

    def create_delivery_stream(self: Any, *args: Any, **kwargs: Any) -> Any:
        arn = create(self, *args, **kwargs)
        firehose = _listener()
        if firehose is not None:
            firehose.created(self, self.lookup_name_from_arn(arn))
        return arn

    def delete_delivery_stream(self: Any, delivery_stream_name: str) -> None:
        firehose = _listener()
        stream = self.delivery_streams.get(delivery_stream_name)
        if firehose is not None and stream is not None:
            firehose.deleting(self, stream)
        delete(self, delivery_stream_name)

    def put_record_batch(
        self: Any, delivery_stream_name: str, records: list[dict[str, bytes]]
    ) -> Any:
        firehose = _listener()
        if firehose is None:
            return put_batch(self, delivery_stream_name, records)
        ids = firehose.put(self, delivery_stream_name, [record["Data"] for record in records])
        return {
            "FailedPutCount": 0,
            "Encrypted": False,
            "RequestResponses": [{"RecordId": one} for one in ids],
        }

    def log_event(
        self: Any,
        delivery_stream_arn: str,
        filter_name: str,
        log_group_name: str,
        log_stream_name: str,
        log_events: list[dict[str, Any]],
    ) -> None:
        if _listener() is None:
            send_log_event(
                self, delivery_stream_arn, filter_name, log_group_name, log_stream_name, log_events
            )
        # In a world subscriptions are delivered by the lab, which knows filters and roles.

    backend.create_delivery_stream = create_delivery_stream
    backend.delete_delivery_stream = delete_delivery_stream
    backend.put_record_batch = put_record_batch
    backend.send_log_event = log_event
