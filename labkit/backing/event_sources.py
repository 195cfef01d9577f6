"""Event source mappings: queues and streams that functions are fed from, on the lab's clock.

Nobody polls each second: a queue that stays empty over a week costs nothing. What arrives in moto's
queue or stream is told (``moto_lambda.py``), and a poll is due at that instant, or when the
batching window ends; a poll that leaves something (a message that is invisible for now, a record
whose function failed) plans the next one for the moment at which there will be something to do.

**Queues** (developer guide, "Using Lambda with Amazon SQS"): what a function has taken without an
error is deleted; what it failed on becomes visible again after the queue's visibility timeout, and
goes to the queue's own dead letters in the end. ``ReportBatchItemFailures`` keeps single messages.

**Streams** (Kinesis, DynamoDB): in order, per shard. A batch that fails blocks its shard and is
tried again, 1 s, 2 s, 4 s ... up to a minute apart, until ``MaximumRetryAttempts`` or
``MaximumRecordAgeInSeconds`` is reached (never, when they are not set and the records live); it may
be halved (``BisectBatchOnFunctionError``), and is told to ``OnFailure`` when it is given up.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.backing.event_records import (
    failed_items,
    matches,
    queue_event,
    records_of,
    visible_again_us,
)
from labkit.backing.function_events import SERVICE
from labkit.backing.mount import MotoWorld
from labkit.core.clock import MILLISECOND, MINUTE, SECOND, Phase, iso
from labkit.core.errors import AwsError
from labkit.core.traces import TraceHeader
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.backing.functions import Functions

_POLL = "lambda.poll"

#: What a function's role must be allowed on the source.
_NEEDED_OF_QUEUES = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
_NEEDED_OF_STREAMS = ("GetRecords", "GetShardIterator", "DescribeStream")

#: How many batches one poll runs before others get their turn.
_ROUNDS = 100


@dataclass(slots=True)
class _Shard:
    """How far a mapping has read a shard."""

    #: The sequence number of the last record that is dealt with.
    read: int = -1
    tried: int = 0
    #: A halved batch: at most so many records until it is through.
    most: int = 0
    retry_us: int = 0


@dataclass(slots=True)
class _Mapping:
    uuid: str
    account: str
    region: str
    source_arn: str
    shards: dict[str, _Shard] = field(default_factory=dict)
    due_us: int | None = None

    @property
    def kind(self) -> str:
        return self.source_arn.split(":")[2]


class Sources:
    """The event source mappings of one lab.

    Parameters
    ----------
    functions:
        What they feed.
    moto:
        Where queues and streams are.
    world:
        The clock, and the port ``deliver`` for what is given up.
    """

    def __init__(self, functions: Functions, moto: MotoWorld, world: World) -> None:
        self._functions = functions
        self._moto = moto
        self._world = world
        self._mappings: dict[str, _Mapping] = {}
        self._by_source: dict[str, list[_Mapping]] = {}
        functions.register(_POLL, self._on_poll)

    # -- told by moto's models
    def mapped(self, esm: Any) -> None:
        """A mapping was made or changed.

        Raises
        ------
        moto's InvalidParameterValueException
            For what AWS refuses at creation.
        """
        known = self._mappings.get(esm.uuid)
        if known is None:
            self._check(esm)
            known = _Mapping(esm.uuid, esm.account_id, esm.region, esm.event_source_arn)
            self._mappings[esm.uuid] = known
            self._by_source.setdefault(known.source_arn, []).append(known)
            if known.kind != "sqs" and esm.starting_position == "LATEST":
                for name, records in self._records(known).items():
                    known.shards[name] = _Shard(read=records[-1][0] if records else -1)
        if esm.enabled:
            self._plan(known, self._world.clock.now_us)

    def unmapped(self, uuid: str) -> None:
        """A mapping is gone."""
        known = self._mappings.pop(uuid, None)
        if known is not None:
            self._by_source[known.source_arn].remove(known)

    def arrived(self, source_arn: str) -> None:
        """Something arrived."""
        for mapping in self._by_source.get(source_arn, ()):
            esm = self._esm(mapping)
            if esm is None or not esm.enabled:
                continue
            wait = int(esm.max_batch_window or 0) * SECOND
            if wait and self._full(mapping, esm):
                wait = 0
            self._plan(mapping, self._world.clock.now_us + wait)

    # -- the clock
    def _plan(self, mapping: _Mapping, at_us: int) -> None:
        if mapping.due_us is not None and mapping.due_us <= at_us:
            return
        mapping.due_us = at_us
        self._world.clock.at(at_us, Phase.DELIVERIES, _POLL, {"uuid": mapping.uuid, "at_us": at_us})

    def _on_poll(self, payload: dict[str, Any]) -> None:
        """Clock handler: look into a source."""
        mapping = self._mappings.get(payload["uuid"])
        if mapping is None or mapping.due_us != payload["at_us"]:
            return  # gone, or planned for an earlier instant meanwhile
        mapping.due_us = None
        esm = self._esm(mapping)
        if esm is None or not esm.enabled:
            return
        next_us = self._poll_queue(mapping, esm) if mapping.kind == "sqs" else None
        if mapping.kind != "sqs":
            next_us = self._poll_stream(mapping, esm)
        if next_us is not None:
            self._plan(mapping, max(next_us, self._world.clock.now_us))

    # -- queues
    def _poll_queue(self, mapping: _Mapping, esm: Any) -> int | None:
        for _ in range(_ROUNDS):
            messages = self._receive(mapping, esm)
            if not messages:
                break
            wanted = [m for m in messages if self._wanted(mapping, esm, m)]
            done = [m for m in messages if m not in wanted]
            if wanted:
                done += self._taken(mapping, esm, wanted)
            self._delete(mapping, done)
        else:
            return self._world.clock.now_us + 1_000
        with self._moto.held():
            queue = self._queue(mapping)
            return None if queue is None else visible_again_us(queue, self._world.clock.now_us)

    def _wanted(self, mapping: _Mapping, esm: Any, message: Any) -> bool:
        if not esm.filter_criteria:
            return True
        (record,) = queue_event([message], mapping.source_arn, mapping.region)["Records"]
        return matches(esm.filter_criteria, record)

    def _taken(self, mapping: _Mapping, esm: Any, messages: Sequence[Any]) -> list[Any]:
        """Let the function have messages; those that it has dealt with."""
        event = queue_event(messages, mapping.source_arn, mapping.region)
        heads = [record["attributes"].get("AWSTraceHeader", "") for record in event["Records"]]
        links = [TraceHeader.read(one) for one in heads if one]
        done = self._run(esm, event, links=links)
        if done is None or not done.ok:
            return []
        if "ReportBatchItemFailures" not in (esm.function_response_types or ()):
            return list(messages)
        failed = failed_items(done.payload)
        if failed is None:
            return []
        return [message for message in messages if message.id not in failed]

    def _receive(self, mapping: _Mapping, esm: Any) -> list[Any]:
        with self._moto.working():
            queue = self._queue(mapping)
            if queue is None:
                return []
            backend = self._moto.backend("sqs", mapping.account, mapping.region)
            found = backend.receive_message(
                queue.name, int(esm.batch_size), 0, int(queue.visibility_timeout), ["All"]
            )
            return list(found)

    def _delete(self, mapping: _Mapping, messages: Sequence[Any]) -> None:
        with self._moto.working():
            queue = self._queue(mapping)
            for message in messages if queue is not None else ():
                queue.delete_message(message.receipt_handle)

    def _queue(self, mapping: _Mapping) -> Any:
        name = mapping.source_arn.rpartition(":")[2]
        return self._moto.backend("sqs", mapping.account, mapping.region).queues.get(name)

    def _full(self, mapping: _Mapping, esm: Any) -> bool:
        """Whether a whole batch waits already, so that the window need not end."""
        with self._moto.held():
            if mapping.kind == "sqs":
                queue = self._queue(mapping)
                return queue is not None and len(queue.messages) >= int(esm.batch_size)
            waiting = map(len, self._records(mapping).values())
            return any(count >= int(esm.batch_size) for count in waiting)

    # -- streams
    def _poll_stream(self, mapping: _Mapping, esm: Any) -> int | None:
        next_us: list[int] = []
        for name in self._records(mapping):
            shard = mapping.shards.setdefault(name, _Shard())
            if shard.retry_us > self._world.clock.now_us:
                next_us.append(shard.retry_us)
                continue
            for _ in range(_ROUNDS):
                records = self._records(mapping).get(name, [])
                most = shard.most or int(esm.batch_size)
                batch = records[:most]
                if not batch:
                    break
                if not self._batch(mapping, esm, shard, batch):
                    next_us.append(shard.retry_us)
                    break
            else:
                next_us.append(self._world.clock.now_us + 1_000)
        return min(next_us, default=None)

    def _batch(
        self, mapping: _Mapping, esm: Any, shard: _Shard, batch: list[tuple[int, dict[str, Any]]]
    ) -> bool:
        """One batch of a shard; False when it must be tried again later."""
        wanted = [one for _, one in batch if matches(esm.filter_criteria, one)]
        done = self._run(esm, {"Records": wanted}, attempt=shard.tried) if wanted else None
        if not wanted or (done is not None and done.ok and self._through(esm, shard, batch, done)):
            return self._read(shard, batch)
        if done is not None and done.ran:
            shard.tried += 1
            if esm.bisect_on_error and len(batch) > 1:
                shard.most, shard.tried = (len(batch) + 1) // 2, 0
                return self._again(shard, MILLISECOND)
        condition = self._given_up(esm, shard, batch[0][1])
        if condition:
            self._tell_of_failure(mapping, esm, [one for _, one in batch], condition)
            return self._read(shard, batch)
        return self._again(shard, min(MINUTE, SECOND << min(max(shard.tried - 1, 0), 6)))

    @staticmethod
    def _read(shard: _Shard, batch: list[tuple[int, dict[str, Any]]]) -> bool:
        shard.read = batch[-1][0]
        shard.tried = shard.most = shard.retry_us = 0
        return True

    def _given_up(self, esm: Any, shard: _Shard, first: dict[str, Any]) -> str:
        """Why a batch that failed is not tried again; empty while it is."""
        tries, oldest = esm.max_retry_attempts, esm.max_record_age
        if tries is not None and 0 <= tries < shard.tried:
            return "RetryAttemptsExhausted"
        age_us = self._world.clock.now_us - self._born_us(first)
        if oldest is not None and 0 <= oldest * SECOND < age_us:
            return "RecordAgeExceeded"
        return ""

    def _again(self, shard: _Shard, wait_us: int) -> bool:
        shard.retry_us = self._world.clock.now_us + wait_us
        return False

    def _through(
        self, esm: Any, shard: _Shard, batch: list[tuple[int, dict[str, Any]]], done: Any
    ) -> bool:
        """Whether a function that came back has dealt with all; else read on from the first."""
        if "ReportBatchItemFailures" not in (esm.function_response_types or ()):
            return True
        failed = failed_items(done.payload)
        if failed is None:
            return False
        before = shard.read
        for number, _ in batch:
            if str(number) in failed:
                shard.read = before
                return False
            before = number
        return True

    @staticmethod
    def _born_us(record: dict[str, Any]) -> int:
        told = record.get("kinesis", record.get("dynamodb", {}))
        born = told.get("approximateArrivalTimestamp") or told.get("ApproximateCreationDateTime")
        return int(float(born or 0) * SECOND)

    def _tell_of_failure(
        self, mapping: _Mapping, esm: Any, batch: list[Any], condition: str
    ) -> None:
        arn = ((esm.destination_config or {}).get("OnFailure") or {}).get("Destination")
        if not arn:
            return
        function = self._functions.find(esm.function_arn)
        service = "KinesisBatchInfo" if mapping.kind == "kinesis" else "DDBStreamBatchInfo"
        numbers = [
            str(told.get("sequenceNumber") or told.get("SequenceNumber"))
            for told in (one.get("kinesis", one.get("dynamodb", {})) for one in batch)
        ]
        record = {
            "requestContext": {
                "requestId": self._world.ids.uuid(),
                "functionArn": esm.function_arn,
                "condition": condition,
                "approximateInvokeCount": 1 + int(esm.max_retry_attempts or 0),
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": function.version,
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": iso(self._world.clock.now_us, millis=True),
            service: {
                "startSequenceNumber": numbers[0],
                "endSequenceNumber": numbers[-1],
                "batchSize": len(batch),
                "streamArn": mapping.source_arn,
            },
        }
        text = json.dumps(record, separators=(",", ":"))
        if not self._world.ports.deliver(
            arn, text, function.role, service=SERVICE, source_arn=function.arn
        ).ok:
            self._functions.measure(function, "DestinationDeliveryFailures", 1.0)

    def _records(self, mapping: _Mapping) -> dict[str, list[tuple[int, dict[str, Any]]]]:
        """What a mapping has not dealt with yet."""
        with self._moto.held():
            return records_of(
                self._moto,
                mapping.source_arn,
                mapping.account,
                mapping.region,
                lambda shard: mapping.shards.get(shard, _Shard()).read,
            )

    # -- both
    def _run(
        self,
        esm: Any,
        event: dict[str, Any],
        attempt: int = 0,
        links: Sequence[TraceHeader] = (),
    ) -> Any:
        """Let the function have an event; None when there is no such function any more."""
        try:
            function = self._functions.find(esm.function_arn)
        except AwsError:
            return None
        return self._functions.run(
            function,
            json.dumps(event, separators=(",", ":"), ensure_ascii=False),
            request_id=self._world.ids.uuid(),
            invoked_arn=esm.function_arn,
            attempt=attempt,
            waits=False,
            links=links,
        )

    def _esm(self, mapping: _Mapping) -> Any:
        with self._moto.held():
            backend = self._moto.backend("lambda", mapping.account, mapping.region)
            return backend.get_event_source_mapping(mapping.uuid)

    def _check(self, esm: Any) -> None:
        """What AWS asks of a mapping of a queue before it takes it."""
        from moto.awslambda.exceptions import InvalidParameterValueException

        function = self._functions.find(esm.function_arn)
        service = esm.event_source_arn.split(":")[2]
        role = self._functions.role_of(function)
        for called in _NEEDED_OF_QUEUES if service == "sqs" else _NEEDED_OF_STREAMS:
            if not self._functions.may(role, f"{service}:{called}", esm.event_source_arn):
                name = {"sqs": "SQS", "kinesis": "Kinesis", "dynamodb": "DynamoDB"}[service]
                raise InvalidParameterValueException(
                    f"The function execution role does not have permissions to call {called} on "
                    f"{name}"
                )
        if service != "sqs":
            return
        name = esm.event_source_arn.rpartition(":")[2]
        queue = self._moto.backend("sqs", esm.account_id, esm.region).queues[name]
        visible = int(queue.visibility_timeout)
        if visible < function.timeout_s:
            raise InvalidParameterValueException(
                f"Queue visibility timeout: {visible} seconds is less than Function timeout: "
                f"{function.timeout_s} seconds"
            )
        if int(esm.batch_size) > 10 and not esm.max_batch_window:
            raise InvalidParameterValueException(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
                "greater than 10"
            )
