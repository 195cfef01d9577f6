"""What CloudWatch Logs remembers: groups, streams, an accepted batch."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.core.clock import DAY
from labkit.logs.structured import Structured

if TYPE_CHECKING:
    from labkit.logs.events import Events

STANDARD, INFREQUENT_ACCESS, DELIVERY = "STANDARD", "INFREQUENT_ACCESS", "DELIVERY"

#: Days that PutRetentionPolicy takes (API reference, PutRetentionPolicy, retentionInDays).
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip


@dataclass(slots=True)
class LogStream:
    """A stream. Times of events are milliseconds since the epoch, None while it is empty.

    ``index``: its number in the group, by which events know their stream; never used again.
    """

    name: str
    arn: str
    index: int
    created_us: int
    first_ms: int | None = None
    last_ms: int | None = None
    ingested_ms: int | None = None


@dataclass(slots=True)
class LogGroup:
    """A log group with its events.

    ``retention_days``: None for never; ``kms_key``: ARN, "" for AWS's own encryption.
    ``policies``: documents that hang on the group, by their kind (``data_protection``, ``index``,
    ``transformer``); owners of the kinds say what is in them.
    """

    account: str
    region: str
    name: str
    arn: str
    created_us: int
    events: Events
    log_class: str = STANDARD
    retention_days: int | None = None
    kms_key: str = ""
    deletion_protection: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    streams: dict[str, LogStream] = field(default_factory=dict)
    by_index: list[LogStream] = field(default_factory=list)
    policies: dict[str, Any] = field(default_factory=dict)
    #: From which seq on events are under which KMS key ("" for AWS's own).
    key_spans: list[tuple[int, str]] = field(default_factory=list)
    bearer_token: bool = False
    #: What expired under an earlier retention does not come back under a longer one.
    gone_ms: int = -(2**62)

    #: The retention until each of its changes: (microseconds, days).
    kept_until: list[tuple[int, int | None]] = field(default_factory=list)
    #: The account's retention policy that holds for it, "" when none does, and its days.
    imposed: str = ""
    imposed_days: int | None = None
    #: Whole texts that were cut in events beyond 1 MB: number of the event -> path -> text.
    objects: dict[int, dict[str, str]] = field(default_factory=dict)
    #: What stands for events where fields are looked for.
    structured: Structured = field(default_factory=Structured)

    @property
    def kept_days(self) -> int | None:
        """How long events are kept: by the account's policy, else as the group says."""
        return self.imposed_days if self.imposed else self.retention_days

    def oldest_ms(self, now_us: int) -> int:
        """The first instant (milliseconds) whose events are still kept."""
        days = self.kept_days
        if days is None:
            return self.gone_ms
        return max(self.gone_ms, (now_us - days * DAY) // 1000)

    def impose(self, policy: str, days: int | None, now_us: int) -> None:
        """Let an account's policy say how long events are kept; the group again when it is ""."""
        self._changes(now_us)
        self.imposed, self.imposed_days = policy, days

    def keep(self, days: int | None, now_us: int) -> None:
        """Keep events so many days from now on, for ever when None."""
        self._changes(now_us)
        self.retention_days = days

    def _changes(self, now_us: int) -> None:
        """The retention is about to change: what has expired stays so."""
        self.gone_ms = self.oldest_ms(now_us)
        self.kept_until.append((now_us, self.kept_days))

    @property
    def log(self) -> str:
        """``account-id:name``, as the field ``@log`` shows it."""
        return f"{self.account}:{self.name}"


#: Under which kind a store keeps the resource policies (:meth:`labkit.logs.store.LogStore.of`).
RESOURCE_POLICIES = "resource_policies"


@dataclass(slots=True)
class ResourcePolicy:
    """Which services may write: of the account, or with ``resource_arn`` of one log group."""

    name: str
    document: str
    updated_us: int
    resource_arn: str
    revision: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A batch that was taken: events in the order of their time, all of one stream.

    ``first_seq``: number of the first event in the group; the others follow without a gap.
    """

    group: LogGroup
    stream: LogStream
    first_seq: int
    timestamps_ms: Sequence[int]
    messages: Sequence[str]
    ingested_ms: int
    request_id: str = ""
    #: Bytes of the messages in UTF-8.
    sizes: Sequence[int] = ()
    #: The messages as the group's transformer makes them; empty without one.
    transformed: Sequence[str] = ()

    def ids(self) -> list[str]:
        """The ids of the events, as readers and subscribers see them."""
        return [
            event_id(at_ms, self.first_seq + index)
            for index, at_ms in enumerate(self.timestamps_ms)
        ]


def pointer(group: LogGroup, seq: int) -> str:
    """``@ptr`` of an event: where it is, opaque to whoever carries it."""
    told = json.dumps([group.account, group.region, group.name, seq], separators=(",", ":"))
    return base64.b64encode(told.encode()).decode()


def pointed(text: str) -> tuple[str, str, str, int] | None:
    """Account, Region, group and number behind a ``@ptr``; None when it is none."""
    try:
        account, region, name, seq = json.loads(base64.b64decode(text, validate=True))
    except (ValueError, TypeError):
        return None
    right = all(isinstance(one, str) for one in (account, region, name)) and type(seq) is int
    return (account, region, name, seq) if right else None


def event_id(at_ms: int, seq: int) -> str:
    """An event's id: 56 digits that sort as the events do."""
    return f"3{at_ms + 10**15:016d}{seq:039d}"


def seq_of(event: str) -> int | None:
    """The number that an id was made of; None when it is no id of labkit's."""
    return int(event[17:]) if len(event) == 56 and event.isdigit() else None
