"""CloudWatch as the lab assembles it: stores, evaluator, what alarms do, and its views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import events, reading
from labkit.cloudwatch.actions import Actions
from labkit.cloudwatch.composite_alarm import CompositeAlarm
from labkit.cloudwatch.composites import Composites
from labkit.cloudwatch.dashboards import Dashboards
from labkit.cloudwatch.embedded import EmbeddedMetrics
from labkit.cloudwatch.evaluator import Evaluator
from labkit.cloudwatch.managed import ManagedAlarms
from labkit.cloudwatch.mutes import Mutes
from labkit.cloudwatch.records import Alarm, AnyAlarm, Evaluated, HistoryItem, Previous, Why
from labkit.cloudwatch.store import UNIT_CODES, Store, grain
from labkit.cloudwatch.streams import Streams
from labkit.cloudwatch.telling import Telling, state_history
from labkit.cloudwatch.usage import CloudWatchUsage
from labkit.core.clock import DAY, iso
from labkit.core.errors import LabError
from labkit.core.facts import Fact
from labkit.core.jsontext import dumps
from labkit.core.sources import Series, Source
from labkit.core.world import World
from labkit.quotas import quotas_of

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.evaluation import Evaluation
    from labkit.cloudwatch.engine.samples import Samples
    from labkit.cloudwatch.engine.watched import Window
    from labkit.core.clock import Clock
    from labkit.views.drawing import Drawing


class CloudWatch:
    """Metrics and alarms of a whole lab.

    Parameters
    ----------
    world:
        Clock, facts, ports and stores of the lab.
    account, region:
        Where the views look when nobody says otherwise.
    """

    def __init__(self, world: World, account: str, region: str) -> None:
        self._world = world
        self._account = account
        self._region = region
        self._serial = 0
        #: What the bill asks.
        self.used = CloudWatchUsage(world)
        self.dashboards = Dashboards(world.meters)
        self.streams = Streams(world, self)
        #: Alarms that other services make for themselves.
        self.managed = ManagedAlarms(world)
        #: What hears the metrics in log lines.
        self.embedded = EmbeddedMetrics(self)
        self.evaluator = Evaluator(world.clock, world.ports, self._transition)
        world.remember("cloudwatch", lambda account, region: Store(account, region, self))
        self.telling = Telling(world)
        self.actions = Actions(world, self)
        self.mutes = Mutes(world, self)
        self.composites = Composites(world, self)

    def store(self, account: str, region: str) -> Store:
        """What CloudWatch remembers there."""
        store: Store = self._world.store("cloudwatch", account, region)
        return store

    def next_serial(self) -> int:
        """The number of the next new alarm of this world."""
        self._serial += 1
        return self._serial

    # -- metrics
    def touched(self, store: Store, series: Series) -> None:
        """Points of ``series`` were stored: alarms on it are decided anew, whoever cares hears."""
        self.evaluator.touch_series(store.account, store.region, series)
        self.streams.touched(store, series)
        facts = self._world.facts
        if facts.heard("metric.put"):
            facts.publish(
                "metric.put",
                store.account,
                store.region,
                {
                    "namespace": series.namespace,
                    "metric_name": series.name,
                    "dimensions": [list(pair) for pair in series.dimensions],
                },
            )

    def log_events(
        self,
        store: Store,
        groups: Sequence[str],
        start_us: int,
        end_us: int,
        transformed: bool = False,
    ) -> Sequence[tuple[int, str]]:
        """Log events (microseconds, text) of an account's groups, for Contributor Insights."""
        ports = self._world.ports
        return ports.log_events(store.account, store.region, groups, start_us, end_us, transformed)

    def on_metric_emitted(self, fact: Fact) -> None:
        """Store a point that an AWS resource measured of itself, as of now.

        It is stored as ``PutMetricData`` stores one, with two differences: its namespace is one of
        AWS's own (``AWS/Lambda``), which no caller may put into, and nobody made a call.
        """
        data = fact.data
        dimensions = tuple(sorted((name, value) for name, value in data["dimensions"]))
        series = Series(data["namespace"], data["metric_name"], dimensions)
        store = self.store(fact.account, fact.region)
        column = store.column(series, fact.at_us)
        column.last_put_us = fact.at_us
        column.age(fact.at_us)
        column.add_value(grain(fact.at_us, 60), data["value"], UNIT_CODES[data["unit"]])
        self.touched(store, series)

    def put_metric(
        self,
        account: str,
        region: str,
        namespace: str,
        metric_name: str,
        dimensions: Sequence[tuple[str, str]],
        at_us: int,
        value: float,
        unit: str,
    ) -> None:
        """The port ``put_metric``: a custom metric's point, at an instant of its own."""
        now_us = self._world.clock.now_us
        quotas = quotas_of("cloudwatch")["metrics"]
        if at_us < now_us - quotas["past_days"]["value"] * DAY:
            return
        series = Series(namespace, metric_name, tuple(dimensions))
        self.add_custom(self.store(account, region), series, grain(at_us, 60), (value,), unit)

    def add_custom(
        self, store: Store, series: Series, at_us: int, values: Sequence[float], unit: str
    ) -> None:
        """Values of a custom metric that nobody put by a call; it is charged like any other.

        Parameters
        ----------
        store, series:
            Whose metric, and which.
        at_us:
            Start of the point's period, microseconds since the epoch.
        values:
            Samples of that point.
        unit:
            CloudWatch's word (``Milliseconds``, ``None``).
        """
        now_us = self._world.clock.now_us
        column = store.column(series, now_us)
        column.age(now_us)
        column.sent(now_us)
        for value in values:
            column.add_value(at_us, value, UNIT_CODES[unit])
        self.touched(store, series)

    def read(
        self,
        store: Store,
        series: Series,
        unit: str | None,
        now_us: int,
        start_us: int,
        end_us: int,
        period: int,
    ) -> list[tuple[str, Samples]]:
        """The readable points of ``series``, one entry for each unit, units in alphabetical order.

        Readable are points that have arrived by ``now_us`` and are not older than what is kept at
        a grain that fits ``period`` (seconds).
        """
        start_us = max(start_us, reading.oldest_readable(now_us, period))
        return self.history(store, series, unit, now_us, start_us, end_us)

    def history(
        self,
        store: Store,
        series: Series,
        unit: str | None,
        now_us: int,
        start_us: int,
        end_us: int,
    ) -> list[tuple[str, Samples]]:
        """The same, however old: what a band was trained on is not forgotten with the points."""
        from labkit.cloudwatch.engine.samples import Samples

        if start_us >= end_us:
            return []
        found: dict[str, list[Samples]] = {}
        column = store.columns.get(series)
        if column is not None:
            names = column.unit_names()
            for name in names:
                if unit in (None, name):
                    asked = name if len(names) > 1 else None
                    samples = column.samples(asked, start_us).slice(start_us, end_us)
                    found.setdefault(name, []).append(samples)
        for source in self._world.ports.metric_sources(store.account, store.region):
            if not source.has(store.account, store.region, series):
                continue
            points = source.points(store.account, store.region, series, start_us, end_us)
            if unit not in (None, points.unit):
                continue
            found.setdefault(points.unit, []).append(reading.pulled(points, now_us))
        merged = [
            (name, parts[0] if len(parts) == 1 else Samples.merge(parts))
            for name, parts in sorted(found.items())
        ]
        return [(name, samples) for name, samples in merged if len(samples.timestamps)]

    @property
    def clock(self) -> Clock:
        """The lab's clock."""
        return self._world.clock

    def units(self, store: Store, series: Series) -> list[str]:
        """The units in which points of a metric came."""
        column = store.columns.get(series)
        if column is not None:
            return column.unit_names()
        now_us = self._world.clock.now_us
        sources = [s for s in self.sources(store) if s.has(store.account, store.region, series)]
        return [
            one.points(store.account, store.region, series, now_us, now_us).unit for one in sources
        ]

    def sources(self, store: Store) -> Sequence[Source]:
        """The pulled sources that have metrics there."""
        return self._world.ports.metric_sources(store.account, store.region)

    def series(self, store: Store, now_us: int, oldest_us: int) -> list[Series]:
        """The metrics with a point not older than ``oldest_us``."""
        found = [
            column.series
            for column in store.columns.values()
            if len(column) and column.newest_us >= oldest_us
        ]
        known = set(found)
        for source in self._world.ports.metric_sources(store.account, store.region):
            for series in source.series(store.account, store.region, now_us):
                if series not in known:
                    known.add(series)
                    found.append(series)
        return found

    # -- alarms
    def _transition(
        self, store: Store, alarm: Alarm, state: str, window: Window, now_us: int
    ) -> None:
        why = Evaluated(alarm.rule, window, alarm.state, now_us, alarm.unit)
        self.change_state(store, alarm, state, why)

    def change_state(
        self,
        store: Store,
        alarm: AnyAlarm,
        state: str,
        why: Why,
        *,
        by_hand: bool = False,
    ) -> None:
        """Put an alarm into ``state`` and start what follows: history, fact, actions."""
        now_us = self._world.clock.now_us
        old, old_why, old_us = alarm.state, alarm.why, alarm.updated_us
        alarm.why = why
        alarm.updated_us = now_us
        if state == old:
            return
        alarm.state = state
        alarm.transitioned_us = now_us
        alarm.previous = Previous(old, old_why, old_us)
        store.note(
            HistoryItem(
                now_us,
                alarm.name,
                "StateUpdate",
                f"Alarm updated from {old} to {state}",
                partial(state_history, old, old_why, state, why),
                alarm.type,
            )
        )
        self.telling.changed(alarm, old, old_why, by_hand)
        if isinstance(alarm, CompositeAlarm):
            self.composites.changed(store, alarm, old)
        else:
            self.actions.start(store, alarm, old, now_us)
        self.telling.emit_change(
            alarm, events.State(old, old_why, old_us), self.mutes.window(store, alarm.name)
        )
        self.composites.child_changed(store, alarm)

    # -- for people
    def alarm(self, name: str, region: str | None = None) -> Alarm:
        """The alarm called ``name``.

        Raises
        ------
        LabError
            When there is none, with the names there are.
        """
        region = region or self._region
        store = self.store(self._account, region)
        found = store.alarms.get(name)
        if found is None:
            names = ", ".join(sorted([*store.alarms, *store.composites])) or "none at all"
            raise LabError(f"no alarm is called {name!r} in {region}; there are: {names}")
        return found

    def composite(
        self, name: str, region: str | None = None
    ) -> tuple[Store, CompositeAlarm] | None:
        """The composite alarm called ``name``, and where it is kept; None when there is none."""
        store = self.store(self._account, region or self._region)
        found = store.composites.get(name)
        return None if found is None else (store, found)

    def evaluation(self, alarm: Alarm) -> Evaluation:
        """The evaluation of ``alarm`` at the last full tick, reasons included."""
        store = self.store(alarm.account, alarm.region)
        return self.evaluator.evaluate(store, alarm, self._last_tick(alarm))

    def _last_tick(self, alarm: Alarm) -> int:
        from labkit.cloudwatch.engine.columns import tick_step_us

        now_us = self._world.clock.now_us
        return now_us - now_us % tick_step_us(alarm.rule)

    def explain_alarm(self, name: str, *, now: bool = False, region: str | None = None) -> Drawing:
        """Why an alarm is in its state: the periods it looked at, which counted, the rule.

        Of a composite alarm: each question of its rule, and whether it holds now.

        Parameters
        ----------
        name:
            The alarm.
        now:
            The evaluation of the last full minute, instead of the one that led to the state.
        region:
            The lab's own when left out.
        """
        from labkit.cloudwatch import composite_views, showing, views

        found = self.composite(name, region)
        if found is not None:
            judgement = self.composites.judgement(found[0], found[1])
            return composite_views.explain(*found, judgement, self._world.clock.now_us)
        alarm = self.alarm(name, region)
        evaluation, why = None if now else alarm.evaluation, alarm.why
        parts = why.parts if isinstance(why, Evaluated) else {}
        if evaluation is None:
            tick_us = self._last_tick(alarm)
            store = self.store(alarm.account, alarm.region)
            window = self.evaluator.window(store, alarm, tick_us)
            evaluation, parts = window.evaluation(alarm.rule, tick_us, alarm.state), window.parts
        unit = alarm.unit or ""
        rows = [*showing.parts(parts), *showing.missing(self, alarm)]
        return views.alarm(evaluation, name=name, unit=unit, parts=rows)

    def view_alarm(
        self,
        name: str,
        *,
        mails: Iterable[Any] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        region: str | None = None,
        **more: Any,
    ) -> Drawing:
        """The metric that an alarm watches, its threshold and its states over time.

        Of a composite alarm: its children's states, and when each question of its rule was true.

        Parameters
        ----------
        name:
            The alarm.
        mails:
            E-mails to put on the time axis (``lab.mailbox``).
        start, end:
            The stretch to show, aware datetimes; the lab's whole life when left out.
        more:
            Further arguments of :func:`labkit.cloudwatch.views.metric`.
        """
        from labkit.cloudwatch import composite_views, showing

        found = self.composite(name, region)
        if found is not None:
            return composite_views.over_time(self, *found, start, end)
        return showing.alarm(self, self.alarm(name, region), mails, start, end, **more)

    def view_alarms(
        self,
        *names: str,
        start: datetime | None = None,
        end: datetime | None = None,
        region: str | None = None,
    ) -> Drawing:
        """Several alarms as bands above each other; all of them when none is named.

        Parameters
        ----------
        names:
            Metric and composite alarms, top to bottom.
        start, end:
            The stretch to show, aware datetimes; the lab's whole life when left out.
        """
        from labkit.cloudwatch import composite_views

        store = self.store(self._account, region or self._region)
        every = names or (*sorted(store.alarms), *sorted(store.composites))
        found = [store.composites.get(one) or self.alarm(one, region) for one in every]
        return composite_views.bands(self, store, found, start, end)

    def view_metric(
        self,
        name: str | None = None,
        *,
        queries: Sequence[Mapping[str, Any]] | None = None,
        namespace: str = "AWS/EC2",
        dimensions: Mapping[str, str] | None = None,
        stat: str = "Average",
        period: int | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        region: str | None = None,
        **more: Any,
    ) -> Drawing:
        """One metric over time, or the lines of expressions.

        Parameters
        ----------
        name, namespace, dimensions:
            Which metric: ``view_metric("CPUUtilization", dimensions={"InstanceId": machine})``.
        queries:
            Instead of a name: MetricDataQuery structures as GetMetricData takes them. Those with
            ``ReturnData`` are drawn, each line under its label, a band as an area behind them.
        stat, period:
            The statistic, and the period in seconds (300 of a metric, when left out).
        start, end:
            The stretch to show, aware datetimes; the lab's whole life when left out.
        more:
            Further arguments of :func:`labkit.cloudwatch.views.metric`.
        """
        from labkit.cloudwatch import showing

        store = self.store(self._account, region or self._region)
        if queries is not None:
            return showing.expressions(self, store, queries, period, start, end, **more)
        if name is None:
            raise LabError("view_metric shows a metric (its name) or queries; neither is given")
        return showing.metric(
            self, store, name, namespace, dimensions or {}, stat, period or 300, start, end, **more
        )

    def digest(self) -> list[Any]:
        """Everything remembered, as plain values: two equal worlds have equal digests."""
        out: list[Any] = []
        for (account, region), store in sorted(self._world.stores("cloudwatch").items()):
            metrics = [
                [
                    str(column.series),
                    column.timestamps.tolist(),
                    column.sums.tolist(),
                    column.units.tolist(),
                    None if column.counts is None else column.counts.tolist(),
                    None if column.old is None else column.old.timestamps.tolist(),
                    None if column.old is None else column.old.sums.tolist(),
                ]
                for column in store.columns.values()
            ]
            alarms = [dumps(alarm.describe()) for alarm in store.alarms.values()]
            alarms += [dumps(alarm.describe()) for alarm in store.composites.values()]
            detectors = [
                [one.id, str(one.series), one.stat, one.meaning, repr(one.configuration)]
                for one in store.detectors.values()
            ]
            history = [
                [iso(i.at_us, millis=True), i.alarm_name, i.kind, i.summary, i.data]
                for i in store.history
            ]
            kept = [repr(one) for one in store.insight_rules.values()]
            kept += [repr(store.query_definitions), store.dataset_key]
            out.append([account, region, metrics, alarms, detectors, history, kept])
        return [*out, self.dashboards.digest(), self.streams.digest()]
