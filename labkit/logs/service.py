"""CloudWatch Logs as the lab assembles it: lines come in, and what they set off happens.

Every line comes in through :meth:`Logs.accept`, whoever wrote it: an API call, an AWS resource, a
delivery of another service. What happens to an accepted batch stands in ``on_accepted``, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labkit.core.delivery import Delivery
from labkit.core.errors import AwsError
from labkit.core.facts import Fact
from labkit.core.jsontext import dumps
from labkit.core.jsontext import parse as read_json
from labkit.core.world import World
from labkit.logs.account_policies import AccountPolicies
from labkit.logs.anomaly_detectors import AnomalyDetectors
from labkit.logs.deliveries import Deliveries
from labkit.logs.engine.batch import OVERHEAD, clean, size_of
from labkit.logs.engine.pattern import Pattern, PatternError, parse
from labkit.logs.events import Row
from labkit.logs.exports import Exports
from labkit.logs.figures import Figures
from labkit.logs.imports import Imports
from labkit.logs.integrations import Integrations
from labkit.logs.live_tail import LiveTail
from labkit.logs.masking import masked
from labkit.logs.metric_filters import MetricFilters
from labkit.logs.protecting import Protecting
from labkit.logs.querying import Queries
from labkit.logs.records import RESOURCE_POLICIES, Accepted, LogGroup, LogStream
from labkit.logs.scheduled_queries import ScheduledQueries
from labkit.logs.storage import Storage
from labkit.logs.store import LogStore
from labkit.logs.subscriptions import Subscriptions
from labkit.logs.syslog import Syslog
from labkit.logs.transforming import Transforming

#: Services for which AWS makes the log group with the first line. Whether their role (or an option,
#: as of ECS) lets them make it is asked where the lines come from.
MAKES_GROUPS = frozenset(
    {"lambda", "elasticbeanstalk", "apigateway", "synthetics", "ecs", "vpc-flow-logs", "codebuild"}
)


class Logs:
    """The log groups of a whole lab.

    Parameters
    ----------
    world:
        Clock, facts, ports and stores of the lab.
    account, region:
        Whose groups views show when nobody says otherwise.
    """

    def __init__(
        self, world: World, account: str = "123456789012", region: str = "us-east-1"
    ) -> None:
        self.world, self.account, self.region = world, account, region
        world.remember("logs", lambda a, r: LogStore(a, r, self))
        self.account_policies = AccountPolicies(world)
        self.storage = Storage(world)
        self.figures = Figures(world, self.account_policies)
        self.exports = Exports(world)
        self.queries = Queries(self, world)
        self.scheduled_queries = ScheduledQueries(self, world)
        self.anomaly_detectors = AnomalyDetectors(self, world)
        self.subscriptions = Subscriptions(world, self.extractor)
        self.imports = Imports(world, self.import_lines)
        self.deliveries = Deliveries(world)
        self.integrations = Integrations(world)
        self.protecting = Protecting(world)
        self.metric_filters = MetricFilters(world)
        self.syslog = Syslog(self, world)
        self.transforming = Transforming(world, self.account_policies)
        self.live_tail = LiveTail(world)
        #: What happens to an accepted batch, in this order.
        self.on_accepted: list[Callable[[Accepted], None]] = [
            self.protecting.on_accepted,
            self.figures.on_accepted,
            self.figures.tell_embedded,
            lambda batch: self.metric_filters.on_accepted(self.protecting.seen(batch)),
            self.subscriptions.on_accepted,
            lambda batch: self.live_tail.on_accepted(self.protecting.seen(batch)),
        ]

    def store(self, account: str, region: str) -> LogStore:
        """What is remembered for an account and Region."""
        found: LogStore = self.world.store("logs", account, region)
        return found

    # ---- in

    def accept(
        self,
        group: LogGroup,
        stream: LogStream,
        timestamps_ms: Sequence[int],
        messages: Sequence[str],
        request_id: str = "",
        sizes: Sequence[int] = (),
        structured: Sequence[str] = (),
    ) -> Accepted | None:
        """Keep lines of one stream, in the order of time, and let happen what they set off.

        ``sizes``: bytes of the messages in UTF-8, where somebody has counted them already;
        ``structured``: JSON in which their fields are found, where no transformer makes it.
        """
        if not timestamps_ms:
            return None
        now_ms = self.world.clock.now_us // 1000
        sizes = sizes or [size_of(text) for text in messages]
        first = group.events.append(stream.index, timestamps_ms, messages, now_ms, sizes)
        _touch(stream, timestamps_ms[0], timestamps_ms[-1], now_ms)
        made = self.transforming.made(group, stream.name, messages)
        group.structured.put(first, made.kept or structured)
        batch = Accepted(
            group, stream, first, timestamps_ms, messages, now_ms, request_id, sizes,
            made.texts,
        )  # fmt: skip
        for happen in self.on_accepted:
            happen(batch)
        if self.world.facts.heard("log.ingested"):
            told = {
                "log_group": group.name,
                "log_stream": stream.name,
                "count": len(messages),
                "bytes": sum(sizes) + OVERHEAD * len(sizes),
            }
            self.world.facts.publish("log.ingested", group.account, group.region, told)
        return batch

    def keep_objects(
        self, account: str, region: str, group: str, objects: Mapping[str, str]
    ) -> None:
        """Keep the whole texts, by path, that were cut in the event that a group got last."""
        found = self.store(account, region).group(group)
        found.objects[found.events.next_seq - 1] = dict(objects)
        size = sum(map(size_of, objects.values()))
        now_us = self.world.clock.now_us
        self.world.meters.count("logs.ingested", account, region, now_us, size)

    def import_lines(
        self,
        account: str,
        region: str,
        group: str,
        streams: str | Sequence[str],
        timestamps_ms: Any,
        messages: Any,
        stream_index: Any = None,
    ) -> LogGroup:
        """Put a past into a group: many lines at once, that set nothing off.

        Parameters
        ----------
        account, region, group:
            Where; the group and the streams are made when they are not there.
        streams:
            Name of the stream, or names, of which ``stream_index`` says which line has which.
        timestamps_ms:
            Array of milliseconds since the epoch.
        messages:
            List or arrow array of texts, as long.
        stream_index:
            Array of places in ``streams``; all in the first when None.
        """
        import numpy as np

        store, now_us = self.store(account, region), self.world.clock.now_us
        found = store.find(group) or store.add_group(group, now_us)
        at = np.asarray(timestamps_ms, np.int64)
        if not len(at):
            return found
        found.created_us = min(found.created_us, int(at.min()) * 1000)
        names = [streams] if isinstance(streams, str) else list(streams)
        held = [found.streams.get(n) or store.add_stream(found, n, found.created_us) for n in names]
        numbers = np.asarray([stream.index for stream in held], np.int32)
        which = np.zeros(len(at), np.int64) if stream_index is None else np.asarray(stream_index)
        found.events.extend(at, messages, numbers[which])
        for place, stream in enumerate(held):
            of = at[which == place]
            if len(of):
                stream.created_us = min(stream.created_us, int(of.min()) * 1000)
                _touch(stream, int(of.min()), int(of.max()), int(of.max()))
        return found

    def scanned(self, account: str, region: str, count: int) -> None:
        """A query has looked at so many bytes: they are charged."""
        if count:
            self.world.meters.count("logs.scanned", account, region, self.world.clock.now_us, count)

    def matcher(self, pattern: str) -> Callable[[str], bool]:
        """Whether a text matches a filter pattern.

        Raises
        ------
        AwsError
            InvalidParameterException, with the place, when the pattern is none.
        """
        return self.pattern(pattern).matches

    @staticmethod
    def pattern(text: str) -> Pattern:
        """A filter pattern, read.

        Raises
        ------
        AwsError
            InvalidParameterException, with the place, when it is none.
        """
        try:
            return parse(text)
        except PatternError as error:
            raise AwsError(
                "InvalidParameterException", f"Invalid filter pattern: {error}"
            ) from None

    def extractor(self, pattern: str) -> Callable[[str], Mapping[str, Any] | None]:
        """What a filter pattern extracts from a text that matches; None when it does not match."""
        read = self.pattern(pattern)

        def extract(text: str) -> Mapping[str, Any] | None:
            if not read.matches(text):
                return None
            return read.match(text).extracted if read.selectors else {}

        return extract

    # ---- what others ask and tell

    def group_exists(self, account: str, region: str, name: str) -> bool:
        """The port ``log_group_exists``."""
        return self.store(account, region).find(name) is not None

    def ensure_group(
        self, account: str, region: str, name: str, retention_days: int | None = None
    ) -> None:
        """The port ``ensure_log_group``: a service's group, with the days that it keeps events."""
        store, now_us = self.store(account, region), self.world.clock.now_us
        group = store.find(name) or store.add_group(name, now_us)
        if retention_days is not None:
            group.keep(retention_days, now_us)

    def delete_group(self, account: str, region: str, name: str) -> None:
        """The port ``delete_log_group``."""
        store = self.store(account, region)
        group = store.find(name)
        if group is not None and not group.deletion_protection:
            store.of(RESOURCE_POLICIES).pop(group.arn, None)
            store.remove(name)

    def put_lines(
        self,
        account: str,
        region: str,
        group: str,
        stream: str,
        lines: Sequence[tuple[int, str]],
    ) -> Delivery:
        """The port ``put_log_lines``: lines of a service, (microseconds, text), into a group."""
        store = self.store(account, region)
        found = store.find(group)
        if found is None:
            return Delivery(
                False,
                "ResourceNotFoundException",
                message="The specified log group does not exist.",
            )
        self.write(found, stream, lines)
        return Delivery(True)

    def write(self, group: LogGroup, stream: str, lines: Sequence[tuple[int, str]]) -> None:
        """Write lines, (microseconds, text), into a stream, which is made when it is not there."""
        store = self.store(group.account, group.region)
        held = group.streams.get(stream) or store.add_stream(group, stream, self.world.clock.now_us)
        ordered = sorted(lines, key=lambda line: line[0])
        oldest = group.oldest_ms(self.world.clock.now_us)
        kept = [
            (at_us // 1000, clean(text))
            for at_us, text in ordered
            if at_us // 1000 >= oldest and text
        ]
        self.accept(group, held, [at for at, _ in kept], [text for _, text in kept])

    def on_log_emitted(self, fact: Fact) -> None:
        """An AWS resource wrote lines."""
        data = fact.data
        store = self.store(fact.account, fact.region)
        group = store.find(data["log_group"])
        if group is None:
            if data["source"] not in MAKES_GROUPS:
                return
            group = store.add_group(data["log_group"], fact.at_us)
        self.write(group, data["log_stream"], [(at, text) for at, text in data["events"]])

    def log_events(
        self,
        account: str,
        region: str,
        groups: Sequence[str],
        start_us: int,
        end_us: int,
        transformed: bool = False,
    ) -> list[tuple[int, str]]:
        """The port ``log_events``: (microseconds, text) of groups, whose names may end in ``*``.

        ``transformed``: events as their group's transformer made them; those that it could not
        transform are left out.
        """
        store = self.store(account, region)
        found: list[tuple[int, str]] = []
        for group in store.groups():
            if not any(_named(group.name, pattern) for pattern in groups):
                continue
            start = max(start_us // 1000, group.oldest_ms(self.world.clock.now_us))
            found += [
                (
                    row.at_ms * 1000,
                    masked(group, row.at_ms, text, False, row.ingested_ms),
                )
                for row in group.events.scan(start, -(-end_us // 1000))
                for text in _version(group, row, transformed)
            ]
        return sorted(found, key=lambda event: event[0])

    def policy(self, arn: str) -> tuple[str, str] | None:
        """The resource policies that guard a log group, or a stream in one: as one document.

        Those of the account come first, by name, then the group's own.
        """
        parts = arn.split(":", 7)
        if len(parts) < 7 or parts[5] != "log-group":
            return None
        store = self.world.stores("logs").get((parts[4], parts[3]))
        if store is None:
            return None
        group = ":".join(parts[:7])
        statements: list[Any] = []
        for _, one in sorted(store.of(RESOURCE_POLICIES).items()):
            if one.resource_arn in ("", group):
                found = read_json(one.document)["Statement"]
                statements += found if isinstance(found, list) else [found]
        if not statements:
            return None
        text = dumps({"Version": "2012-10-17", "Statement": statements})
        return "resource policies of CloudWatch Logs", text

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values: two equal worlds have equal digests."""
        return [
            [account, region, store.digest()]
            for (account, region), store in sorted(self.world.stores("logs").items())
        ]


def _version(group: LogGroup, row: Row, transformed: bool) -> Sequence[str]:
    """The text of an event, none when it could not be transformed."""
    if not transformed or not group.structured:
        return (row.message,)
    if group.structured.error(row.seq) is not None:
        return ()
    return (group.structured.text(row.seq) or row.message,)


def _named(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _touch(stream: LogStream, first_ms: int, last_ms: int, ingested_ms: int) -> None:
    stream.first_ms = first_ms if stream.first_ms is None else min(stream.first_ms, first_ms)
    stream.last_ms = last_ms if stream.last_ms is None else max(stream.last_ms, last_ms)
    stream.ingested_ms = max(stream.ingested_ms or 0, ingested_ms)
