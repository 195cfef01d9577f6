"""Kinesis data streams on the lab's clock.

A stream is CREATING for ten seconds (ours: AWS says "usually within seconds") and then ACTIVE. As
long as it is not, records can't be put or read: AWS does not find it. Records arrive at the instant
at which they are put and stay as long as the stream's retention says (``moto_kinesis.trim``).

Whoever reads streams in the world (Firehose) asks to be told of arrivals (:meth:`Kinesis.tell`).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labkit.backing.moto_kinesis import trim
from labkit.backing.site import Answer, Answers, Site
from labkit.core.call import Call
from labkit.core.clock import SECOND
from labkit.core.errors import AwsError

#: How long a stream is CREATING.
CREATING_US = 10 * SECOND

_NEEDS_ACTIVE = ("PutRecord", "PutRecords", "GetShardIterator")


@dataclass(frozen=True, slots=True)
class Read:
    """One record as a reader of a stream gets it."""

    shard: str
    sequence: int
    partition_key: str
    data: bytes
    arrived_us: int


class Kinesis:
    """The streams of a lab.

    Parameters
    ----------
    site:
        Where it stands. The handler ``kinesis.active`` is registered here.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._told: list[Callable[[str], None]] = []
        site.moto.listen("kinesis", self)
        site.register("kinesis.active", self._become_active)

    @property
    def answers(self) -> Answers:
        """The operations that are looked at before moto sees them."""
        looked: dict[tuple[str, str], Answer] = {
            ("kinesis", name): self._active_only for name in _NEEDS_ACTIVE
        }
        return {**looked, ("kinesis", "PutRecord"): self._put_record}

    def tell(self, hearer: Callable[[str], None]) -> None:
        """Call ``hearer(stream_arn)`` whenever records have arrived in a stream."""
        self._told.append(hearer)

    # -- told by moto's models (moto_kinesis.KinesisListener)
    def now_us(self) -> int:
        """The lab's present."""
        return self._site.clock.now_us

    def created(self, stream: Any) -> None:
        """A stream was made: it takes its time."""
        stream.status = "CREATING"
        where = {"account": stream.account_id, "region": stream.region, "name": stream.stream_name}
        self._site.after(CREATING_US, "kinesis.active", where)

    def arrived(self, stream: Any, size: int, records: int) -> None:
        """Records arrived: the stream's own metrics, and whoever reads it."""
        for name, value, unit in (
            ("IncomingBytes", size, "Bytes"),
            ("IncomingRecords", records, "Count"),
        ):
            self._site.emit.metric(
                stream.account_id,
                stream.region,
                "AWS/Kinesis",
                name,
                {"StreamName": stream.stream_name},
                float(value),
                unit,
            )
        for hearer in self._told:
            hearer(stream.arn)

    # -- life
    def _become_active(self, payload: dict[str, Any]) -> None:
        """Clock handler."""
        with self._site.moto.working():
            stream = self._streams(payload["account"], payload["region"]).get(payload["name"])
            if stream is not None and stream.status == "CREATING":
                stream.status = "ACTIVE"

    def _put_record(self, params: dict[str, Any], call: Call) -> dict[str, Any]:
        """Put one record without the way through bytes, which is four fifths of its price."""
        from moto.core.exceptions import JsonRESTError

        self._active_only(params, call)
        data = params["Data"]
        if hasattr(data, "read"):
            data = data.read()
        raw = data.encode() if isinstance(data, str) else bytes(data)
        with self._site.moto.working():
            backend = self._site.moto.backend("kinesis", call.account, call.region)
            try:
                number, shard = backend.put_record(
                    params.get("StreamARN"),
                    params.get("StreamName"),
                    params["PartitionKey"],
                    params.get("ExplicitHashKey"),
                    base64.b64encode(raw).decode(),
                )
            except JsonRESTError as problem:
                raise AwsError(str(problem.error_type), str(problem.message)) from None
        return {"ShardId": shard, "SequenceNumber": number}

    def _active_only(self, params: dict[str, Any], call: Call) -> None:
        """AWS does not find a stream that is not there yet."""
        arn = str(params.get("StreamARN", ""))
        name = params.get("StreamName") or arn.rpartition("/")[2]
        with self._site.moto.held():
            stream = self._streams(call.account, call.region).get(str(name))
            if stream is not None and stream.status == "CREATING":
                raise AwsError(
                    "ResourceNotFoundException",
                    f"Stream {name} under account {call.account} not found.",
                )

    def _streams(self, account: str, region: str) -> dict[str, Any]:
        streams: dict[str, Any] = self._site.moto.backend("kinesis", account, region).streams
        return streams

    # -- for readers inside the world
    def tips(self, arn: str) -> dict[str, int] | None:
        """Where a reader that begins now (LATEST) begins: shard -> sequence number; None for no
        such stream.
        """
        stream = self._stream(arn)
        if stream is None:
            return None
        return {name: shard.get_max_sequence_number() for name, shard in stream.shards.items()}

    def read(self, arn: str, after: dict[str, int], limit: int = 10_000) -> list[Read]:
        """The records behind a reader's places, shard by shard; ``limit`` for each shard.

        Parameters
        ----------
        after:
            Shard -> the last sequence number that was read; a shard that is missing here is read
            from its beginning. Not changed.
        """
        stream = self._stream(arn)
        if stream is None or stream.status == "CREATING":
            return []
        with self._site.moto.held():
            trim(stream)
            found: list[Read] = []
            for name, shard in stream.shards.items():
                last = after.get(name, 0)
                fresh = [record for number, record in shard.records.items() if number > last]
                found += [
                    Read(
                        name,
                        record.sequence_number,
                        record.partition_key,
                        base64.b64decode(record.data),
                        round(record.created_at * SECOND),
                    )
                    for record in fresh[:limit]
                ]
            return found

    def _stream(self, arn: str) -> Any:
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "kinesis":
            return None
        with self._site.moto.held():
            return self._streams(parts[4], parts[3]).get(parts[5].partition("/")[2])
