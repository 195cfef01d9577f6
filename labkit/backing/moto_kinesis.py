"""Seams of Kinesis: sequence numbers that only grow, retention, iterators that expire, metrics.

moto numbers the records of a shard 1, 2, 3 from the newest record it holds, and holds them for
ever. Here records older than the stream's retention are let go, and then the number after the
newest one held would be given out a second time to somebody who reads on from an old iterator; so a
shard counts for itself. The numbers have AWS's 56 digits: they are strings, and a reader who
compares them as strings finds the right order, as there.

An iterator is good for five minutes (API reference, GetRecords: ExpiredIteratorException).
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

from labkit.backing.moto_seams import listener, seam
from labkit.backing.moto_time import unix_time
from labkit.core.clock import MINUTE, to_us

#: The first sequence number of a shard, less one.
SEQUENCE_BASE = 49_668_899_999_900_000_000_000_000_000_000_000_000_000_000_000_000_000_000

#: How long an iterator is good, microseconds.
ITERATOR_US = 5 * MINUTE


class KinesisListener(Protocol):
    """What the hooks tell, and whom."""

    def created(self, stream: Any) -> None:
        """moto made a stream."""

    def arrived(self, stream: Any, size: int, records: int) -> None:
        """Records arrived in a stream, ``size`` bytes in all."""

    def now_us(self) -> int:
        """The lab's present."""


def _listener() -> Any:
    return listener("kinesis")


def trim(stream: Any) -> None:
    """Let go of the records that are older than the stream's retention."""
    oldest = unix_time() - 3600 * stream.retention_period_hours
    for shard in stream.shards.values():
        while shard.records:
            first = next(iter(shard.records))
            if shard.records[first].created_at >= oldest:
                break
            del shard.records[first]


@seam("moto.kinesis.models")
def _hook_shards(module: ModuleType) -> None:
    shard = module.Shard
    put, least, most = (
        shard.put_record,
        shard.get_min_sequence_number,
        shard.get_max_sequence_number,
    )

    def last(self: Any) -> int:
        known: int = getattr(self, "_labkit_last", 0)
        return known or SEQUENCE_BASE + self._shard_id * 10**40

    def put_record(self: Any, partition_key: str, data: str, explicit_hash_key: str) -> str:
        if _listener() is None:
            return str(put(self, partition_key, data, explicit_hash_key))
        number = self._labkit_last = last(self) + 1
        self.records[number] = module.Record(partition_key, data, number, explicit_hash_key)
        return str(number)

    def get_max_sequence_number(self: Any) -> int:
        return int(most(self)) if _listener() is None else last(self)

    def get_min_sequence_number(self: Any) -> int:
        if _listener() is None or self.records:
            return int(least(self))
        return last(self)

    def get_sequence_number_at(self: Any, at_timestamp: Any) -> int:
        if hasattr(at_timestamp, "timestamp"):  # a datetime, as the request was parsed
            at_timestamp = to_us(at_timestamp) / 1_000_000
        earlier = [n for n, record in self.records.items() if record.created_at < at_timestamp]
        return earlier[-1] if earlier else 0

    shard.put_record = put_record
    shard.get_max_sequence_number = get_max_sequence_number
    shard.get_min_sequence_number = get_min_sequence_number
    shard.get_sequence_number_at = get_sequence_number_at


@seam("moto.kinesis.models")
def _hook_streams(module: ModuleType) -> None:
    backend, stream = module.KinesisBackend, module.Stream
    create, records_of, iterator = (
        backend.create_stream,
        backend.get_records,
        backend.get_shard_iterator,
    )
    shard_for_key = stream.get_shard_for_key

    def create_stream(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = create(self, *args, **kwargs)
        kinesis = _listener()
        if kinesis is not None:
            kinesis.created(made)
        return made

    def get_shard_iterator(
        self: Any, stream_arn: Any, stream_name: Any, *args: Any, **kwargs: Any
    ) -> Any:
        found = self.describe_stream(stream_arn=stream_arn, stream_name=stream_name)
        if _listener() is not None:
            trim(found)
        # Called by ARN alone moto writes the stream "None" into the iterator and finds none later.
        return iterator(self, stream_arn, found.stream_name, *args, **kwargs)

    def get_records(self: Any, stream_arn: Any, shard_iterator: str, limit: Any) -> Any:
        if _listener() is not None:
            name = _read(module, shard_iterator).split(":")[0]
            if name in self.streams:
                trim(self.streams[name])
            # API reference: 10,000 records at most, and as many when no limit is given.
            limit = limit or 10_000
        return records_of(self, stream_arn, shard_iterator, limit)

    def get_shard_for_key(self: Any, partition_key: str, explicit_hash_key: str) -> Any:
        """moto walks closed shards too, and leaves out the last hash of each range."""
        if _listener() is None:
            return shard_for_key(self, partition_key, explicit_hash_key)
        key = (
            int(explicit_hash_key)
            if explicit_hash_key
            else int(module.md5_hash(partition_key.encode("utf-8")).hexdigest(), 16)
        )
        for shard in self.shards.values():
            if shard.is_open and shard.starting_hash <= key <= shard.ending_hash:
                return shard
        return shard_for_key(self, partition_key, explicit_hash_key)

    def send_stream_metrics(
        self: Any, stream_name: str, incoming_bytes: int, incoming_records: int
    ) -> None:
        kinesis = _listener()
        if kinesis is None:
            send(self, stream_name, incoming_bytes, incoming_records)
        elif incoming_records:
            kinesis.arrived(self.streams[stream_name], incoming_bytes, incoming_records)

    send = backend._send_stream_metrics
    backend.create_stream, backend.get_records = create_stream, get_records
    backend.get_shard_iterator = get_shard_iterator
    backend._send_stream_metrics = send_stream_metrics
    stream.get_shard_for_key = get_shard_for_key


def _read(module: ModuleType, shard_iterator: str) -> str:
    import base64
    import binascii

    try:
        return base64.b64decode(shard_iterator.encode(), validate=False).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise module.InvalidArgumentError("Invalid ShardIterator.") from None


@seam("moto.kinesis.models")
@seam("moto.kinesis.utils")
def _hook_iterators(module: ModuleType) -> None:
    """An iterator carries the instant at which it was given."""
    compose = module.compose_shard_iterator
    if hasattr(compose, "_labkit"):
        return  # models imported them from utils after the seam of utils

    def compose_shard_iterator(stream_name: Any, shard: Any, last_sequence_id: int) -> str:
        kinesis = _listener()
        if kinesis is None:
            return str(compose(stream_name, shard, last_sequence_id))
        import base64

        text = f"{stream_name}:{shard.shard_id}:{last_sequence_id}:{kinesis.now_us()}"
        return base64.b64encode(text.encode()).decode()

    decompose = module.decompose_shard_iterator

    def decompose_shard_iterator(shard_iterator: str) -> list[str]:
        kinesis = _listener()
        parts = decompose(shard_iterator)
        if kinesis is None:
            return list(parts)
        from moto.kinesis.exceptions import InvalidArgumentError

        if len(parts) != 4 or not parts[3].isdigit():
            raise InvalidArgumentError("Invalid ShardIterator.")
        if kinesis.now_us() - int(parts[3]) > ITERATOR_US:
            raise _expired(kinesis.now_us() - int(parts[3]))
        return list(parts[:3])

    compose_shard_iterator._labkit = True  # type: ignore[attr-defined]
    module.compose_shard_iterator = compose_shard_iterator  # type: ignore[attr-defined]
    module.decompose_shard_iterator = decompose_shard_iterator  # type: ignore[attr-defined]


def _expired(age_us: int) -> Exception:
    from moto.core.exceptions import JsonRESTError

    error: Exception = JsonRESTError(
        "ExpiredIteratorException",
        f"Iterator expired. The iterator was created {age_us // 1_000_000} seconds ago while the "
        "allowed lifetime is 300 seconds.",
    )
    return error
