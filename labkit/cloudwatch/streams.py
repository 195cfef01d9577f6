"""Metric streams on the lab's clock: each minute, what has come since goes to Firehose.

Theory of operation
-------------------
1. A running stream wakes at each full minute. It sends the *datapoints of minutes* that are over
   and that have changed since it woke last: a value that comes late makes its minute's datapoint
   new, and it is sent again, as on AWS.
2. **Stored metrics**: whoever stores a point says which metric it was (:meth:`touched`). For those
   the minutes of the last two hours are computed and compared with what has been sent.
3. **Pulled metrics** (EC2) are asked for the points that arrived since the last waking: a
   five-minute point of 09:15 arrives, and is sent, at 09:20.
4. A stream that is stopped forgets nothing and sends nothing; when it starts again it begins with
   what comes from then on: what is there already counts as sent.
5. A delivery that fails is not repeated (AWS tries for some minutes and then drops); the stream's
   own metric PublishErrorRate tells of it.

Source: user guide, "Use metric streams" (aws-semantics 1.10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.sharing import shared_with
from labkit.core.clock import HOUR, MINUTE, Phase
from labkit.core.sources import Series

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.samples import Samples
    from labkit.cloudwatch.engine.streaming.records import Datapoint
    from labkit.cloudwatch.service import CloudWatch
    from labkit.cloudwatch.store import Store
    from labkit.core.world import World

#: Who assumes a stream's role.
PRINCIPAL = "streams.metrics.cloudwatch.amazonaws.com"
NAMESPACE = "AWS/CloudWatch/MetricStreams"
RUNNING, STOPPED = "running", "stopped"

#: Values with older timestamps are not streamed.
LATE_US = 2 * HOUR
#: How far back a pulled point's timestamp may lie when it arrives.
_PULLED_US = 15 * MINUTE
#: Bytes of a record; Firehose takes 1,000 KiB.
_RECORD = 900 * 1024

#: What the bill counts: an update of a metric, and one more for each five statistics added to it.
UPDATES = "cloudwatch.metric_stream_updates"

_WAKE = "cloudwatch.stream"
Key = tuple[str, str, Series]  # account, region, metric


@dataclass(slots=True)
class MetricStream:
    """A metric stream.

    Parameters
    ----------
    name, arn, account, region:
        Its identity.
    config:
        The parameters of the last PutMetricStream.
    created_us, updated_us:
        When.
    state:
        running or stopped.
    woke_us:
        When it last looked.
    sent:
        Metric -> minute -> the statistics that were sent for it.
    round:
        Counts starts, so that a waking from before a stop does nothing.
    """

    name: str
    arn: str
    account: str
    region: str
    config: dict[str, Any]
    created_us: int
    updated_us: int
    state: str = RUNNING
    woke_us: int = 0
    sent: dict[Key, dict[int, tuple[float, ...]]] = field(default_factory=dict)
    round: int = 0
    tags: dict[str, str] = field(default_factory=dict)

    def takes(self, series: Series) -> bool:
        """Whether its filters let a metric through."""
        from labkit.cloudwatch.engine.streaming.filters import takes

        include = self.config.get("IncludeFilters") or ()
        exclude = self.config.get("ExcludeFilters") or ()
        return takes(include, exclude, series.namespace, series.name)


class Streams:
    """The metric streams of a lab.

    Parameters
    ----------
    world:
        Clock, facts and ports; the handler ``cloudwatch.stream`` is registered here.
    service:
        Whose metrics.
    """

    def __init__(self, world: World, service: CloudWatch) -> None:
        self._world = world
        self._service = service
        self._held: dict[tuple[str, str], dict[str, MetricStream]] = {}
        #: Metrics with new points, since each running stream looked.
        self._touched: dict[str, set[Key]] = {}
        world.clock.register(_WAKE, self._wake)

    def of(self, account: str, region: str) -> dict[str, MetricStream]:
        """The streams of an account and Region by name."""
        return self._held.setdefault((account, region), {})

    def touched(self, store: Store, series: Series) -> None:
        """Points of a metric were stored."""
        for keys in self._touched.values():
            keys.add((store.account, store.region, series))

    # -- states
    def start(self, stream: MetricStream) -> None:
        """Let a stream run from now on; one that runs goes on."""
        if stream.state == RUNNING and stream.arn in self._touched:
            return
        clock = self._world.clock
        stream.state, stream.woke_us = RUNNING, clock.now_us
        stream.round += 1
        self._touched[stream.arn] = set()
        for store, shares in self._stores(stream):
            for series in store.columns:
                if shares(series.namespace) and stream.takes(series):
                    for _ in self._stored(stream, (store.account, store.region, series)):
                        pass  # what is there already counts as sent
        self._next(stream)

    def stop(self, stream: MetricStream) -> None:
        """Let a stream rest."""
        stream.state = STOPPED
        stream.sent.clear()
        self._touched.pop(stream.arn, None)

    def delete(self, stream: MetricStream) -> None:
        """Take a stream away."""
        self.stop(stream)
        self.of(stream.account, stream.region).pop(stream.name, None)

    def _next(self, stream: MetricStream) -> None:
        now_us = self._world.clock.now_us
        payload = {
            "account": stream.account, "region": stream.region, "name": stream.name,
            "round": stream.round,
        }  # fmt: skip
        at_us = now_us - now_us % MINUTE + MINUTE
        self._world.clock.at(at_us, Phase.DELIVERIES, _WAKE, payload, cause=())

    def _stores(self, stream: MetricStream) -> Iterator[tuple[Store, Callable[[str], bool]]]:
        """(store, whether a namespace of it may be seen) of the accounts that a stream streams."""
        account, region = stream.account, stream.region
        yield self._service.store(account, region), lambda namespace: True
        if stream.config.get("IncludeLinkedAccountsMetrics"):
            for one in shared_with(self._service, self._world.ports, account, region):
                yield one.store, one.shares

    # -- a waking
    def _wake(self, payload: Mapping[str, Any]) -> None:
        """Clock handler: a minute is over."""
        stream = self.of(payload["account"], payload["region"]).get(payload["name"])
        if stream is None or stream.state != RUNNING or stream.round != payload["round"]:
            return
        points = list(self._new(stream))
        if points:
            self._send(stream, points)
        stream.woke_us = self._world.clock.now_us
        self._next(stream)

    def _new(self, stream: MetricStream) -> Iterator[Datapoint]:
        stores = {(one.account, one.region): (one, see) for one, see in self._stores(stream)}
        touched = self._touched[stream.arn]
        self._touched[stream.arn] = set()
        now_us = self._world.clock.now_us
        for key in sorted(touched):
            if key[:2] not in stores or not stores[key[:2]][1](key[2].namespace):
                continue
            if stream.takes(key[2]):
                if any(minute >= now_us for minute in self._minutes(key, now_us)):
                    self._touched[stream.arn].add(key)  # its minute is not over yet
                yield from self._stored(stream, key)
        for store, shares in stores.values():
            yield from self._pulled(stream, store, shares)

    def _minutes(self, key: Key, now_us: int) -> Iterable[int]:
        """The minutes of a metric's newest stored points."""
        column = self._service.store(key[0], key[1]).columns[key[2]]
        newest = max(column.timestamps[-8:], default=0)
        return [newest - newest % MINUTE]

    def _stored(self, stream: MetricStream, key: Key) -> Iterator[Datapoint]:
        """The minutes of a metric that differ from what has been sent."""
        account, region, series = key
        now_us = self._world.clock.now_us
        until = now_us - now_us % MINUTE
        since = until - LATE_US
        column = self._service.store(account, region).columns[series]
        names = column.unit_names()
        sent = stream.sent.setdefault(key, {})
        for old in [minute for minute in sent if minute < since]:
            del sent[old]
        for unit in names:
            samples = column.samples(unit if len(names) > 1 else None, since).slice(since, until)
            for point in self._datapoints(stream, key, samples, unit, since):
                figures = (point.count, point.total, point.low, point.high)
                if sent.get(point.at_us) != figures:
                    sent[point.at_us] = figures
                    yield point

    def _pulled(
        self, stream: MetricStream, store: Store, shares: Callable[[str], bool]
    ) -> Iterator[Datapoint]:
        from labkit.cloudwatch.engine.samples import Samples

        now_us, ports = self._world.clock.now_us, self._world.ports
        since = (stream.woke_us - stream.woke_us % MINUTE) - _PULLED_US
        for source in ports.metric_sources(store.account, store.region):
            for series in sorted(source.series(store.account, store.region, now_us)):
                if not shares(series.namespace) or not stream.takes(series):
                    continue
                points = source.points(store.account, store.region, series, since, now_us)
                new = (points.arrivals > stream.woke_us) & (points.arrivals <= now_us)
                if not new.any():
                    continue
                samples = Samples(
                    timestamps=points.timestamps[new], sums=points.values[new], counts=None,
                    minima=None, maxima=None, arrivals=None, raw=None,
                )  # fmt: skip
                key = (store.account, store.region, series)
                yield from self._datapoints(stream, key, samples, points.unit, since)

    def _datapoints(
        self, stream: MetricStream, key: Key, samples: Samples, unit: str, since: int
    ) -> Iterator[Datapoint]:
        from labkit.cloudwatch import reading
        from labkit.cloudwatch.engine.statistics import parse_statistic
        from labkit.cloudwatch.engine.streaming.filters import added
        from labkit.cloudwatch.engine.streaming.records import Datapoint

        account, region, series = key
        starts = reading.windows(samples, since, 0, MINUTE)
        if not len(starts):
            return
        more = added(
            stream.config.get("StatisticsConfigurations") or (), series.namespace, series.name
        )
        names = ("SampleCount", "Sum", "Minimum", "Maximum", *more)
        columns = [
            parse_statistic(name).columns(samples, starts, starts + MINUTE).tolist()
            for name in names
        ]
        for at, *figures in zip(starts.tolist(), *columns, strict=True):
            extra = tuple(
                (name, value)
                for name, value in zip(more, figures[4:], strict=True)
                if value == value  # a statistic set has no percentiles
            )
            count, total, low, high = figures[:4]
            yield Datapoint(
                account, region, series.namespace, series.name, series.dimensions, at, count,
                total, low, high, extra, unit,
            )  # fmt: skip

    def _send(self, stream: MetricStream, points: Sequence[Datapoint]) -> None:
        from labkit.cloudwatch.engine.streaming.records import Sender, encoded

        sender = Sender(stream.name, stream.arn)
        failed = 0
        records = encoded(stream.config["OutputFormat"], sender, points, _RECORD)
        for record in records:
            delivery = self._world.ports.deliver(
                stream.config["FirehoseArn"],
                record,
                stream.config["RoleArn"],
                service=PRINCIPAL,
                source_arn=stream.arn,
                source_account=stream.account,
            )
            failed += not delivery.ok
        updates = sum(1 + -(-len(one.more) // 5) for one in points)
        self._world.meters.count(
            UPDATES, stream.account, stream.region, self._world.clock.now_us, updates
        )
        self._measure(stream, "MetricUpdate", float(len(points)), "Count")
        self._measure(stream, "PublishErrorRate", failed / len(records), "None")

    def _measure(self, stream: MetricStream, name: str, value: float, unit: str) -> None:
        self._world.facts.publish(
            "metric.emitted",
            stream.account,
            stream.region,
            {
                "namespace": NAMESPACE,
                "dimensions": [["MetricStreamName", stream.name]],
                "metric_name": name,
                "value": value,
                "unit": unit,
            },
        )

    def digest(self) -> list[list[object]]:
        """Everything remembered, as plain values."""
        return [
            [one.arn, one.state, one.created_us, one.updated_us, repr(one.config), one.woke_us]
            for key in sorted(self._held)
            for one in self._held[key].values()
        ]
