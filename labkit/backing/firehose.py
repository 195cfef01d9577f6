"""Firehose: records wait in a buffer, and become objects in S3 when it is time.

::

    PutRecord ───────────┐
                         ├─> buffer ──(size or interval)──> batch ──[Lambda]──> S3 object
    Kinesis stream ─pull─┘                                    │                    │ refused
                                                              └── error object     └─ again, 24 h

1. **Buffering.** The first record in an empty buffer starts the interval; the buffer is closed when
   it is over, or as soon as the size is reached. Hints: 1-128 MB (5), 0-900 s (300).
2. **A Kinesis source** is read from LATEST at the moment of creation on, a second after records
   have arrived (AWS: GetRecords once a second per shard), with the source's role.
3. **Transformation**: a Lambda function gets the batch and answers Ok, Dropped or ProcessingFailed
   for each record; what failed goes to the error prefix, as JSON lines.
4. **Delivery** acts as the destination's role: a role that Firehose may not assume, or that may not
   put objects there, or a bucket that is not there, is tried again for 24 hours, and each failure
   is a log line if the stream logs.
5. **Metrics** come with each delivery: DeliveryToS3.Records, .Bytes, .Success, .DataFreshness.

Sources: Firehose developer guide, "Configure buffering hints", "Transform source data", "Handle
data delivery failures", "Monitor with CloudWatch metrics". How long a stream is CREATING and how
fast a delivery is tried again are ours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.backing import firehose_objects as objects
from labkit.backing.firehose_settings import destination, fill_in, refuse_wrong_settings
from labkit.backing.firehose_transform import Function, Record, failed_line, transform
from labkit.backing.moto_random import mock_random
from labkit.backing.site import Answers, Site
from labkit.core.call import Call
from labkit.core.clock import HOUR, MILLISECOND, MINUTE, SECOND, Phase, to_datetime
from labkit.core.errors import AwsError
from labkit.core.jsontext import dumps

if TYPE_CHECKING:
    from labkit.backing.kinesis import Kinesis

#: How long a stream is CREATING.
CREATING_US = 20 * SECOND

#: How long a delivery is tried again, and the longest pause between two tries.
GIVE_UP_US = 24 * HOUR
LONGEST_PAUSE_US = HOUR

#: The largest record, bytes before encoding (quota: 1,000 KiB).
LARGEST = 1000 * 1024

_PRINCIPAL = "firehose.amazonaws.com"
_NAMESPACE = "AWS/Firehose"

Key = tuple[str, str, str]  # account, region, name


@dataclass(slots=True)
class _Buffer:
    """What a delivery stream has gathered."""

    number: int = 0
    records: list[Record] = field(default_factory=list)
    size: int = 0


@dataclass(slots=True)
class _Batch:
    """A closed buffer on its way."""

    records: list[Record]
    first_try_us: int
    attempts: int = 0
    transformed: bool = False


class Firehose:
    """The delivery streams of a lab.

    Parameters
    ----------
    site:
        Where it stands. The handlers ``firehose.active``, ``firehose.close``, ``firehose.deliver``
        and ``firehose.pull`` are registered here.
    kinesis:
        The streams that serve as sources.
    functions:
        The lab's Lambda functions (``invoke(arn, payload, principal=...)``), asked for when a batch
        is transformed; None as long as there are none: a transformation fails then as for a
        function that is missing.
    """

    def __init__(
        self, site: Site, kinesis: Kinesis, functions: Callable[[], Any] = lambda: None
    ) -> None:
        self._site = site
        self._kinesis = kinesis
        self._functions = functions
        #: Runs a function in the place of the lab's own (``firehose_transform.Function``).
        self.function: Function | None = None
        self._buffers: dict[Key, _Buffer] = {}
        self._batches: dict[tuple[Key, int], _Batch] = {}
        self._streams: dict[Key, Any] = {}
        #: A Kinesis stream's ARN -> the delivery streams that read it, each with its places.
        self._readers: defaultdict[str, dict[Key, dict[str, int]]] = defaultdict(dict)
        self._pulling: set[Key] = set()
        site.moto.listen("firehose", self)
        site.register("firehose.active", self._become_active)
        site.register("firehose.close", self._interval_over)
        site.register("firehose.deliver", self._deliver)
        site.register("firehose.pull", self._pull)
        kinesis.tell(self._arrived)

    @property
    def answers(self) -> Answers:
        """The operations that are looked at before moto sees them."""
        return {
            ("firehose", "CreateDeliveryStream"): self._check_creation,
            ("firehose", "UpdateDestination"): self._check_update,
            ("firehose", "PutRecord"): self._check_put,
            ("firehose", "PutRecordBatch"): self._check_put,
        }

    # -- refused before moto ----------------------------------------------------------------------
    def _check_creation(self, params: dict[str, Any], call: Call) -> None:
        refuse_wrong_settings(params, call)
        source = params.get("KinesisStreamSourceConfiguration")
        if source:
            if self._kinesis.tips(source["KinesisStreamARN"]) is None:
                raise AwsError(
                    "InvalidArgumentException",
                    f"The Kinesis stream {source['KinesisStreamARN']} does not exist.",
                )
            self._check_role(source["RoleARN"])
        for name in ("ExtendedS3DestinationConfiguration", "S3DestinationConfiguration"):
            if name in params:
                self._check_role(params[name]["RoleARN"])

    def _check_update(self, params: dict[str, Any], call: Call) -> None:
        refuse_wrong_settings(params, call)

    def _check_role(self, arn: str) -> None:
        if not self._site.allowed(_PRINCIPAL, "sts:AssumeRole", arn):
            raise AwsError(
                "InvalidArgumentException",
                f"Firehose is unable to assume role {arn}. Please check the role provided.",
            )

    def _check_put(self, params: dict[str, Any], call: Call) -> None:
        name = str(params.get("DeliveryStreamName", ""))
        stream = self._streams.get((call.account, call.region, name))
        if stream is None or stream.delivery_stream_status == "CREATING":
            raise AwsError(
                "ResourceNotFoundException",
                f"Firehose {name} under account {call.account} not found.",
            )
        if stream.delivery_stream_type == "KinesisStreamAsSource":
            raise AwsError(
                "InvalidSourceException",
                "This operation is not permitted on KinesisStreamAsSource delivery stream type.",
            )
        given = params["Records"] if "Records" in params else [params["Record"]]
        for record in given:
            if len(record["Data"]) > LARGEST:
                raise AwsError(
                    "InvalidArgumentException",
                    f"Record size is {len(record['Data'])} bytes: at most {LARGEST} are allowed.",
                )

    # -- told by moto's models (moto_firehose.FirehoseListener) -----------------------------------
    def created(self, backend: Any, stream: Any) -> None:
        """A delivery stream was made: it takes its time, and reads its source from now on."""
        key: Key = (backend.account_id, backend.region_name, stream.delivery_stream_name)
        stream.delivery_stream_status = "CREATING"
        fill_in(stream)
        self._streams[key] = stream
        self._buffers[key] = _Buffer()
        self._site.after(CREATING_US, "firehose.active", _payload(key))
        if stream.source:
            stream.source["DeliveryStartTimestamp"] = to_datetime(self._site.clock.now_us)
            arn = stream.source["KinesisStreamARN"]
            self._readers[arn][key] = self._kinesis.tips(arn) or {}

    def deleting(self, backend: Any, stream: Any) -> None:
        """A delivery stream goes: what it holds is delivered now, what it reads is left."""
        key: Key = (backend.account_id, backend.region_name, stream.delivery_stream_name)
        self._close(key)
        for readers in self._readers.values():
            readers.pop(key, None)
        self._buffers.pop(key, None)

    def put(self, backend: Any, name: str, records: list[bytes]) -> list[str]:
        """Records for a delivery stream, from a call or from a service of the lab; their ids.

        Raises moto's ResourceNotFoundException when there is no such stream.
        """
        key: Key = (backend.account_id, backend.region_name, name)
        stream = backend.delivery_streams.get(name)
        if stream is None:
            from moto.firehose.exceptions import ResourceNotFoundException

            raise ResourceNotFoundException(
                f"Firehose {name} under account {backend.account_id} not found."
            )
        self._measure(key, "IncomingRecords", len(records), "Count")
        self._measure(key, "IncomingBytes", sum(map(len, records)), "Bytes")
        now_us = self._site.clock.now_us
        return [self._add(key, Record(data, now_us)) for data in records]

    # -- the buffer -------------------------------------------------------------------------------
    def _add(self, key: Key, record: Record) -> str:
        buffer = self._buffers[key]
        hints = destination(self._streams[key])["BufferingHints"]
        if not buffer.records:
            # "Zero" buffering delivers within seconds, not at once.
            wait_us = max(hints["IntervalInSeconds"], 5) * SECOND
            self._site.after(
                wait_us,
                "firehose.close",
                {**_payload(key), "number": buffer.number},
                Phase.DELIVERIES,
                cause=(),
            )
        record.id = f"{mock_random().uuid4().hex}{len(buffer.records):024d}"
        buffer.records.append(record)
        buffer.size += len(record.data)
        if buffer.size >= hints["SizeInMBs"] * 1024 * 1024:
            self._close(key)
        return record.id

    def _interval_over(self, payload: dict[str, Any]) -> None:
        """Clock handler: the interval of a buffer is over, unless its size closed it before."""
        key = _key(payload)
        buffer = self._buffers.get(key)
        if buffer is not None and buffer.number == payload["number"]:
            self._close(key)

    def _close(self, key: Key) -> None:
        buffer = self._buffers[key]
        if not buffer.records:
            return
        self._batches[key, buffer.number] = _Batch(buffer.records, self._site.clock.now_us)
        self._site.after(
            0,
            "firehose.deliver",
            {**_payload(key), "number": buffer.number},
            Phase.DELIVERIES,
            cause=(),
        )
        self._buffers[key] = _Buffer(buffer.number + 1)

    # -- a Kinesis source -------------------------------------------------------------------------
    def _arrived(self, arn: str) -> None:
        """Records arrived in a Kinesis stream: whoever reads it does so a second later."""
        for key in self._readers.get(arn, {}):
            self._pull_in(key, SECOND)

    def _pull_in(self, key: Key, us: int) -> None:
        if key not in self._pulling:
            self._pulling.add(key)
            self._site.after(us, "firehose.pull", _payload(key), Phase.DATA, cause=())

    def _pull(self, payload: dict[str, Any]) -> None:
        """Clock handler: read what is new in the source."""
        key = _key(payload)
        self._pulling.discard(key)
        stream = self._streams.get(key)
        if stream is None or key not in self._buffers:
            return
        arn, role = stream.source["KinesisStreamARN"], stream.source["RoleARN"]
        if not self._may(role, "kinesis:GetRecords", arn):
            self._complain(
                key,
                "Kinesis.AccessDenied",
                "Access was denied. Ensure that the access policy for the provided IAM role "
                "allows access to the appropriate Kinesis stream.",
            )
            self._pull_in(key, MINUTE)
            return
        places = self._readers[arn][key]
        with self._site.moto.working():
            found = self._kinesis.read(arn, places)
            for record in found:
                places[record.shard] = record.sequence
                self._add(key, Record(record.data, record.arrived_us, record))
        if found:
            size = sum(len(record.data) for record in found)
            self._measure(key, "DataReadFromKinesisStream.Records", len(found), "Count")
            self._measure(key, "DataReadFromKinesisStream.Bytes", size, "Bytes")
            self._pull_in(key, SECOND)

    # -- delivery ---------------------------------------------------------------------------------
    def _deliver(self, payload: dict[str, Any]) -> None:
        """Clock handler: write a batch, or try again later."""
        key, number = _key(payload), payload["number"]
        batch = self._batches.pop((key, number))
        now_us = self._site.clock.now_us
        if not batch.transformed:
            self._transform(key, batch)
        if not batch.records:
            return
        settings = destination(self._streams[key])
        packed = objects.pack(
            b"".join(r.data for r in batch.records), settings["CompressionFormat"]
        )
        problem = self._write(key, settings, batch.records, packed)
        size = sum(len(record.data) for record in batch.records)
        oldest_us = min(record.arrived_us for record in batch.records)
        self._measure(key, "DeliveryToS3.Success", 0 if problem else 1, "Count")
        if problem is None:
            self._measure(key, "DeliveryToS3.Records", len(batch.records), "Count")
            self._measure(key, "DeliveryToS3.Bytes", size, "Bytes")
            age = (now_us - oldest_us) // SECOND
            self._measure(key, "DeliveryToS3.DataFreshness", age, "Seconds")
            return
        self._complain(key, *problem)
        batch.attempts += 1
        pause_us = min(MINUTE * 2 ** (batch.attempts - 1), LONGEST_PAUSE_US)
        if now_us + pause_us - batch.first_try_us <= GIVE_UP_US:
            self._batches[key, number] = batch
            self._site.after(pause_us, "firehose.deliver", payload, Phase.DELIVERIES, cause=())

    def _write(
        self,
        key: Key,
        settings: dict[str, Any],
        records: list[Record],
        content: bytes,
        error_type: str = "",
    ) -> tuple[str, str] | None:
        """Put an object as the role; error code and text when that is refused."""
        role, bucket_arn = settings["RoleARN"], settings["BucketARN"]
        stream = self._streams[key]
        compression = settings["CompressionFormat"]
        wanted = settings.get("FileExtension", "")
        name = objects.object_key(
            settings.get("ErrorOutputPrefix", "") if error_type else settings.get("Prefix", ""),
            key[2],
            stream.version_id,
            to_datetime(min(record.arrived_us for record in records)),
            str(mock_random().uuid4()),
            extension="" if error_type else objects.extension_of(compression, wanted),
            zone=settings.get("CustomTimeZone", "UTC"),
            error_type=error_type,
            random_string=lambda: str(mock_random().get_random_string(length=11)),
        )
        if not self._may(role, "s3:PutObject", f"{bucket_arn}/{name}"):
            return (
                "S3.AccessDenied",
                "Access was denied. Ensure that the trust policy for the provided IAM role allows "
                "Firehose to assume the role, and the access policy allows access to the S3 "
                "bucket.",
            )
        with self._site.moto.working():
            from moto.core.exceptions import ServiceException

            try:
                s3 = self._site.moto.backend("s3", key[0], key[1])
                s3.put_object(bucket_arn.rpartition(":")[2], name, content)
            except ServiceException as refused:
                if refused.code != "NoSuchBucket":
                    return f"S3.{refused.code}", str(refused.message)
                return (
                    "S3.NoSuchBucket",
                    "The specified bucket does not exist. Create the bucket or use a different "
                    "bucket that does exist.",
                )
        return None

    def _transform(self, key: Key, batch: _Batch) -> None:
        """Let the stream's function have its say, once per batch; what failed is written apart."""
        batch.transformed = True
        stream = self._streams[key]
        settings = destination(stream)
        good, failed, why = transform(
            settings, stream, key[1], batch.records, self._runner(), self._site.ids.uuid()
        )
        if failed:
            code, message, arn = why
            self._complain(key, code, message)
            now_ms = self._site.clock.now_us // MILLISECOND
            lines = [failed_line(record, code, message, arn, now_ms) for record in failed]
            refused = self._write(
                key, settings, failed, "".join(lines).encode(), "processing-failed"
            )
            if refused is not None:
                self._complain(key, *refused)
        batch.records = good

    def _runner(self) -> Function | None:
        functions = self._functions()
        if self.function is not None or functions is None:
            return self.function

        def run(arn: str, payload: bytes, role: str) -> tuple[bool, bytes, str]:
            if not self._may(role, "lambda:InvokeFunction", arn):
                return False, b"", "Access was denied to invoke the Lambda function."
            done = functions.invoke(arn, payload, principal=role)
            return done.ok, done.payload, done.error_message or ""

        return run

    def _may(self, role: str, action: str, resource: str) -> bool:
        may = self._site.allowed
        return may(_PRINCIPAL, "sts:AssumeRole", role) and may(role, action, resource)

    # -- told -------------------------------------------------------------------------------------
    def _become_active(self, payload: dict[str, Any]) -> None:
        """Clock handler."""
        stream = self._streams.get(_key(payload))
        if stream is not None and stream.delivery_stream_status == "CREATING":
            stream.delivery_stream_status = "ACTIVE"

    def _measure(self, key: Key, name: str, value: float, unit: str) -> None:
        account, region, stream = key
        self._site.emit.metric(
            account, region, _NAMESPACE, name, {"DeliveryStreamName": stream}, float(value), unit
        )

    def _complain(self, key: Key, code: str, message: str) -> None:
        """A line in the stream's error log, if it has one."""
        stream = self._streams[key]
        settings = destination(stream)
        told = settings.get("CloudWatchLoggingOptions") or {}
        if not told.get("Enabled") or not told.get("LogGroupName"):
            return
        line = dumps(
            {
                "deliveryStreamARN": stream.delivery_stream_arn,
                "destination": settings["BucketARN"],
                "deliveryStreamVersionId": int(stream.version_id),
                "message": message,
                "errorCode": code,
            }
        )
        self._site.emit.log(
            key[0],
            key[1],
            "firehose",
            told["LogGroupName"],
            told.get("LogStreamName") or "DestinationDelivery",
            [(self._site.clock.now_us, line)],
        )


def _payload(key: Key) -> dict[str, Any]:
    return {"account": key[0], "region": key[1], "stream": key[2]}


def _key(payload: dict[str, Any]) -> Key:
    return payload["account"], payload["region"], payload["stream"]
