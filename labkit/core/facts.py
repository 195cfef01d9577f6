"""Facts: how the services of a lab hear of one another.

A fact is something that happened. Whoever cares hears it, nobody answers. The kinds are published
here, with their fields, who tells and what it means; who hears is said in ``labkit/wiring.py`` and
nowhere else. A fact that nobody hears is not built.

Facts carry their **cause chain**: the call or event that started it all, then each fact on the
way. A bucket whose notification runs a function that writes to the bucket is a loop; at 32 links
the lab stops it and prints the chain, where AWS would go on and send a bill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from labkit.core.clock import Cause, Clock
from labkit.core.errors import ChainTooDeep, WiringError

MAX_CHAIN = 32


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened.

    Parameters
    ----------
    kind:
        A name of :data:`FACT_KINDS`.
    at_us:
        When, microseconds since the epoch.
    account, region:
        Where.
    cause:
        The chain that led here, oldest first, this fact not included.
    data:
        A plain dict that JSON can hold, with exactly the fields that the kind publishes.
    """

    kind: str
    at_us: int
    account: str
    region: str
    cause: Cause
    data: Mapping[str, Any]


class Late(Mapping[str, Any]):
    """A fact's data of which some fields are made only when somebody reads them.

    An alarm's reason is a text that takes longer to write than the change takes to find, and most
    hearers never look at it. What ``late`` functions say may not change after the fact was told.
    """

    __slots__ = ("_known", "_late")

    def __init__(self, known: dict[str, Any], late: dict[str, Callable[[], Any]]) -> None:
        self._known = known
        self._late = late

    def __getitem__(self, name: str) -> Any:
        make = self._late.pop(name, None)
        if make is not None:
            self._known[name] = make()
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._known, *self._late])

    def __len__(self) -> int:
        return len(self._known) + len(self._late)

    def names(self) -> set[str]:
        """The fields, none of them made for it."""
        return self._known.keys() | self._late.keys()


@dataclass(frozen=True, slots=True)
class FactKind:
    """A row of the published table."""

    name: str
    fields: tuple[str, ...]
    publisher: str
    meaning: str


def _table(*rows: FactKind) -> dict[str, FactKind]:
    return {row.name: row for row in rows}


#: Every kind of fact. A kind without a publisher yet is a seam: the service that tells it is
#: named, and a strict-xfail test in tests/core/test_wiring.py waits for it.
FACT_KINDS: dict[str, FactKind] = _table(
    FactKind(
        "call.finished",
        (
            "service",
            "operation",
            "category",
            "read_only",
            "principal",
            "request_id",
            "source_ip",
            "user_agent",
            "request",
            "response",
            "error_code",
            "error_message",
        ),
        "gateway",
        "An API call came back. Told for calls whose category somebody records. "
        "`request` and `response` are JSON text.",
    ),
    FactKind(
        "instance.state",
        (
            "instance_id",
            "state",
            "previous_state",
            "instance_type",
            "image_id",
            "launched_us",
            "tags",
        ),
        "backing/ec2",
        "An EC2 instance entered a state: pending, running, stopping, stopped, shutting-down, "
        "terminated; a reboot tells running -> running.",
    ),
    FactKind(
        "instance.monitoring",
        ("instance_id", "monitoring"),
        "backing/ec2",
        "Monitoring of an instance became `basic` (5 minutes) or `detailed` (1 minute, paid).",
    ),
    FactKind(
        "instance.recovered",
        ("instance_id",),
        "backing/ec2",
        "An instance was recovered: it runs on other hardware now.",
    ),
    FactKind(
        "group.members",
        ("group", "in_service"),
        "backing/autoscaling",
        "The instances of an Auto Scaling group that are in service are others than before. "
        "`in_service` is a list of ids.",
    ),
    FactKind(
        "metric.put",
        ("namespace", "metric_name", "dimensions"),
        "cloudwatch",
        "Points of one series were stored. `dimensions` is a list of [name, value], sorted.",
    ),
    FactKind(
        "metric.changed",
        ("namespace", "dimension", "value"),
        "workloads",
        "What a pulled source will say about all series with this dimension has changed; with "
        "empty ones, about the series without dimensions.",
    ),
    FactKind(
        "alarm.changed",
        (
            "alarm_name",
            "alarm_arn",
            "alarm_type",
            "state",
            "previous_state",
            "reason",
            "reason_data",
            "previous_reason",
            "previous_reason_data",
            "by_hand",
        ),
        "cloudwatch",
        "An alarm is in another state than before.",
    ),
    FactKind(
        "alarm.configured",
        ("alarm_name", "alarm_arn", "alarm_type", "change"),
        "cloudwatch",
        "An alarm was created, updated or deleted.",
    ),
    FactKind(
        "mail.sent",
        ("to", "subject", "body", "topic_arn", "confirm_token"),
        "backing/sns",
        "An e-mail left for an address. `confirm_token` only in a subscription confirmation.",
    ),
    FactKind(
        "delivery.failed",
        ("arn", "principal", "source_arn", "code", "message", "because", "retryable"),
        "backing/deliver",
        "A payload could not be handed to its target, and nobody will try again.",
    ),
    FactKind(
        "delivery.finished",
        (
            "arn",
            "principal",
            "source_arn",
            "ok",
            "code",
            "attempts",
            "first_us",
            "dead_letter",
        ),
        "backing/deliver",
        "A reliable delivery has come to its end, handed over or not. `dead_letter` is `sent`, "
        "`failed` or empty when there is no dead-letter queue.",
    ),
    FactKind(
        "object.changed",
        (
            "bucket",
            "key",
            "size",
            "etag",
            "version_id",
            "event_name",
            "reason",
            "requester",
            "request_id",
            "source_ip",
            "sequencer",
            "event_bridge",
        ),
        "backing/s3",
        "An object was created, overwritten or removed. `event_name` is S3's "
        "(`ObjectCreated:Put`), `reason` the operation (`PutObject`), `version_id` empty without "
        "versioning; with `event_bridge` the bucket tells an `event.emitted` too.",
    ),
    FactKind(
        "build.state",
        ("project", "build_id", "status"),
        "backing/codebuild",
        "A build changed its status.",
    ),
    FactKind(
        "log.ingested",
        ("log_group", "log_stream", "count", "bytes"),
        "logs",
        "Log events were accepted.",
    ),
    FactKind(
        "log.embedded",
        ("log_group", "log_stream", "events"),
        "logs",
        "Accepted log events have metrics in them (embedded metric format). `events` is a list of "
        "[microseconds since the epoch, text].",
    ),
    FactKind(
        "canary.run", ("canary", "run_id", "status"), "synthetics", "A canary finished a run."
    ),
    FactKind("trace.segment", ("trace_id", "segment_id"), "xray", "A segment was accepted."),
    FactKind(
        "event.put",
        ("bus", "event"),
        "eventbridge",
        "An event, whole, arrived on a bus at which a discoverer looks.",
    ),
    FactKind(
        "link.changed",
        ("source", "monitoring"),
        "oam",
        "The account `source` shares more or less with the account `monitoring`.",
    ),
    FactKind(
        "log.emitted",
        ("source", "log_group", "log_stream", "events"),
        "backing",
        "An AWS resource wrote log lines. `source` is its service (lambda, ecs, route53); `events` "
        "is a list of [microseconds since the epoch, text].",
    ),
    FactKind(
        "event.emitted",
        ("source", "detail_type", "resources", "detail"),
        "backing",
        "An AWS service has an event for the account's default bus. `resources` is a list of "
        "ARNs, `detail` a dict.",
    ),
    FactKind(
        "metric.emitted",
        ("namespace", "dimensions", "metric_name", "value", "unit"),
        "backing",
        "An AWS resource measured itself. `dimensions` is a list of [name, value], sorted.",
    ),
    FactKind(
        "trail.delivered",
        ("trail_arn", "bucket", "key", "sha256", "newest_us", "oldest_us", "events"),
        "cloudtrail",
        "A trail's log file lies in its bucket. `sha256` is of the uncompressed content.",
    ),
    FactKind(
        "trail.changed",
        ("trail_arn", "change"),
        "cloudtrail",
        "A trail was created, started, stopped, updated or deleted.",
    ),
    FactKind(
        "sign_in",
        ("user", "arn", "principal_id", "ok", "mfa", "source_ip", "user_agent", "reason"),
        "workloads/people",
        "Somebody signed in to the console, or failed to. `user` is empty for the root user; "
        "`reason` is AWS's message when it failed.",
    ),
    FactKind(
        "service.event",
        ("service", "name", "type", "resource", "details"),
        "backing/kms",
        "An AWS service did something by itself that CloudTrail records: `name` to `resource`, an "
        "ARN of that `type`; `details` is a dict.",
    ),
)

_FIELDS: dict[str, Set[str]] = {name: frozenset(row.fields) for name, row in FACT_KINDS.items()}

Hearer = Callable[[Fact], None]


class Facts:
    """The board on which facts are told, one per lab.

    Parameters
    ----------
    clock:
        Gives facts their instant and keeps the cause chain in force.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hearers: dict[str, tuple[Hearer, ...]] = dict.fromkeys(FACT_KINDS, ())

    def hear(self, kind: str, hearer: Hearer) -> None:
        """Call ``hearer`` with every fact of ``kind`` from now on, in the order of hearing."""
        if kind not in FACT_KINDS:
            raise WiringError(f"no kind of fact is called {kind!r}")
        self._hearers[kind] = (*self._hearers[kind], hearer)

    def heard(self, kind: str) -> bool:
        """Whether anybody hears this kind: ask before building an expensive ``data``."""
        return bool(self._hearers[kind])

    def publish(self, kind: str, account: str, region: str, data: Mapping[str, Any]) -> None:
        """Tell a fact to all who hear its kind, at the present instant."""
        row = FACT_KINDS.get(kind)
        if row is None:
            raise WiringError(f"no kind of fact is called {kind!r}")
        hearers = self._hearers[kind]
        if not hearers:
            return
        names: Set[str] = data.names() if isinstance(data, Late) else data.keys()
        if names != _FIELDS[kind]:
            odd = sorted(set(row.fields) ^ set(data))
            raise WiringError(f"{kind} does not carry its published fields: {odd}")
        clock = self._clock
        cause = clock.cause
        if len(cause) >= MAX_CHAIN:
            links = "\n  ".join([*cause, kind])
            raise ChainTooDeep(
                f"one thing led to another {MAX_CHAIN} times and would never end:\n  {links}"
            )
        fact = Fact(kind, clock.now_us, account, region, cause, data)
        clock.cause = (*cause, f"{kind} {account}/{region}")
        try:
            for hearer in hearers:
                hearer(fact)
        finally:
            clock.cause = cause
