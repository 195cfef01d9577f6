"""When alarms change state: the evaluator looks ahead over whole columns instead of ticking.

Theory of operation
-------------------
A metric alarm is evaluated every minute (every ten seconds with a short period, every hour with a
window of more than a day). Doing that literally costs 10,080 evaluations a week for each alarm,
nearly all of which change nothing. So:

1. For one alarm, all ticks up to the end of the day (00:00Z) are decided at once, as arrays: the
   *decision* at a tick depends on the data alone, never on the alarm's state, so the array stays
   good however the state is forced.
2. Folding the present state through the decisions gives the next tick at which the state changes.
   That tick goes into a heap. ``next_due`` is the top of the heap: O(1) while nothing changes.
3. Whatever touches what an alarm looks at (a point put, a machine stopped, a load set, the alarm
   itself) makes that alarm *dirty*: its generation number goes up, which disowns its entry in the
   heap, and it is decided anew, from the next tick on, when the clock next wants to pass a tick.
   Everything else keeps its arrays.
4. At the end of the day an alarm has an entry too: "decide the next day". A fixed end, not "until
   something happens": every fact is something that happens. An alarm that nothing touched until
   then is decided for two days next, for four, for eight: most of a column's cost does not depend
   on its length. What is touched begins again with one.

Why stop at each transition instead of applying a week of them in one go: a transition acts. The
scale-out at 09:20 starts machines which lower the very metric whose later ticks were decided, and
those ticks are dirty then.

The evaluation that a person reads (which datapoints counted, which rule decided) is made by the
scalar engine, from the points that were decided on, when somebody reads it; a property test holds
the two engines together.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labkit.cloudwatch import reading
from labkit.cloudwatch.records import Alarm
from labkit.core.clock import DAY, Clock, Phase
from labkit.core.facts import Fact
from labkit.core.ports import Ports
from labkit.core.sources import Series

if TYPE_CHECKING:
    import numpy as np

    from labkit.cloudwatch.engine.evaluation import Evaluation
    from labkit.cloudwatch.engine.samples import Samples
    from labkit.cloudwatch.engine.watched import Watched, Window
    from labkit.cloudwatch.engine.watched_later import Watches
    from labkit.cloudwatch.store import Store

Key = tuple[str, str, str]
ApplyTransition = Callable[["Store", Alarm, str, "Window", int], None]

_CHANGE, _NEXT_DAY = 0, 1

#: Nobody is decided further ahead; the fleet keeps its grids up to this length.
_MOST_DAYS = 8


@dataclass(slots=True)
class _Plan:
    """What is known ahead about one alarm."""

    store: Store
    alarm: Alarm
    generation: int = 0
    first_tick_us: int = 0
    step_us: int = 0
    decisions: np.ndarray | None = None
    watched: Watches | None = None
    #: Where the decision differs from the one before it, and what it is there.
    edges: list[tuple[int, int]] = field(default_factory=list)
    position: int = 0
    #: How often the end of what was decided was reached with nothing in between.
    calm: int = 0


class Evaluator:
    """Decides when metric alarms change state (see the head of this file).

    Parameters
    ----------
    clock:
        The lab's clock; the evaluator is one of its forecasters.
    ports:
        Asked for pulled sources.
    apply:
        Called at each transition: changes the state, writes the history, starts the actions.
    """

    phase = Phase.ALARMS

    def __init__(self, clock: Clock, ports: Ports, apply: ApplyTransition) -> None:
        self._clock = clock
        self._ports = ports
        self._apply = apply
        self._plans: dict[Key, _Plan] = {}
        self._dirty: dict[Key, None] = {}
        self._heap: list[tuple[int, int, int, Key, int]] = []
        self._on_series: dict[tuple[str, str, Series], set[Key]] = {}
        #: Metrics Insights queries look at whatever has this name, or appears in this namespace.
        self._on_name: dict[tuple[str, str, str, str], set[Key]] = {}
        self._on_namespace: dict[tuple[str, str, str], set[Key]] = {}
        self._on_dimension: dict[tuple[str, str, str, str, str], set[Key]] = {}
        #: How many columns were decided, and how many ticks they held: what a step cost.
        self.columns = 0
        self.ticks = 0
        self.asked = 0
        clock.forecast(self)

    # -- what alarms there are
    def watch(self, store: Store, alarm: Alarm) -> None:
        """Evaluate ``alarm`` from the next tick on; again after each change of configuration."""
        key = (alarm.account, alarm.region, alarm.name)
        if key in self._plans:
            self.forget(alarm)
        self._plans[key] = _Plan(store, alarm)
        for bucket in self._buckets(alarm):
            bucket.add(key)
        self._dirty[key] = None

    def forget(self, alarm: Alarm) -> None:
        """Evaluate ``alarm`` no more."""
        key = (alarm.account, alarm.region, alarm.name)
        plan = self._plans.pop(key, None)
        if plan is None:
            return
        self._dirty.pop(key, None)
        for bucket in self._buckets(plan.alarm):
            bucket.discard(key)

    def _buckets(self, alarm: Alarm) -> list[set[Key]]:
        place = (alarm.account, alarm.region)
        buckets: list[set[Key]] = []
        for account, series in alarm.metrics():
            there = (account, alarm.region)
            buckets.append(self._on_series.setdefault((*there, series), set()))
            for name, value in series.dimensions or (("", ""),):
                key = (*there, series.namespace, name, value)
                buckets.append(self._on_dimension.setdefault(key, set()))
        queries = alarm.watch.program.queries.values() if alarm.watch is not None else ()
        for query in (one.insights for one in queries if one.insights is not None):
            named = (*place, query.namespace, query.metric)
            buckets.append(self._on_name.setdefault(named, set()))
            buckets.append(self._on_namespace.setdefault((*place, query.namespace), set()))
        return buckets

    # -- what touches them
    def touch_series(self, account: str, region: str, series: Series) -> None:
        """New points of ``series`` arrived."""
        if not self._plans:  # twenty look-ups fewer for whoever only publishes
            return
        keys = self._on_series.get((account, region, series))
        if keys:
            self._touch(keys)
        if self._on_name:
            keys = self._on_name.get((account, region, series.namespace, series.name))
            if keys:
                self._touch(keys)

    def touch_alarm(self, alarm: Alarm) -> None:
        """The state of ``alarm`` was set by hand: its true state is found at the next tick."""
        self._touch({(alarm.account, alarm.region, alarm.name)})

    def touch_bands(self, account: str, region: str) -> None:
        """A detector changed: alarms on bands are decided anew."""
        keys = {
            key
            for key, plan in self._plans.items()
            if key[:2] == (account, region)
            and plan.alarm.watch is not None
            and plan.alarm.watch.uses_bands
        }
        if keys:
            self._touch(keys)

    def on_link_changed(self, fact: Fact) -> None:
        """An account shares more or less: alarms of a monitoring account on its metrics."""
        source, here = fact.data["source"], (fact.data["monitoring"], fact.region)
        keys = {
            key
            for key, plan in self._plans.items()
            if key[:2] == here and source in plan.alarm.sources
        }
        if keys:
            self._touch(keys)

    def on_metric_changed(self, fact: Fact) -> None:
        """A pulled source will say something else about every series with this dimension."""
        data = fact.data
        keys = self._on_dimension.get(
            (fact.account, fact.region, data["namespace"], data["dimension"], data["value"])
        )
        if keys:
            self._touch(keys)
        if self._on_namespace:
            keys = self._on_namespace.get((fact.account, fact.region, data["namespace"]))
            if keys:
                self._touch(keys)

    def _touch(self, keys: set[Key]) -> None:
        for key in sorted(keys) if len(keys) > 1 else keys:
            plan = self._plans.get(key)
            if plan is not None and key not in self._dirty:
                plan.generation += 1
                self._dirty[key] = None

    # -- the clock's questions
    def next_due(self, limit_us: int) -> int | None:
        """The next tick, not later than ``limit_us``, at which an alarm changes state."""
        self.asked += 1
        if self._dirty:
            self._decide_dirty(limit_us)
        heap = self._heap
        while heap:
            time_us, kind, _, key, generation = heap[0]
            plan = self._plans.get(key)
            if plan is None or plan.generation != generation:
                heapq.heappop(heap)
            elif time_us > limit_us:
                return None
            elif kind == _NEXT_DAY:
                heapq.heappop(heap)
                plan.calm += 1
                self._decide(key, plan, time_us)
            else:
                return time_us
        return None

    def run(self, now_us: int) -> None:
        """Change the state of every alarm that has a transition at ``now_us``."""
        heap = self._heap
        due: list[tuple[int, Key, int]] = []
        while heap and heap[0][0] == now_us and heap[0][1] == _CHANGE:
            _, _, serial, key, generation = heapq.heappop(heap)
            due.append((serial, key, generation))
        for _, key, generation in due:
            plan = self._plans.get(key)
            if plan is None or plan.generation != generation:
                continue
            self._transition(key, plan, now_us)

    # -- deciding
    def samples(
        self,
        store: Store,
        series: Series,
        unit: str | None,
        start_us: int,
        end_us: int,
    ) -> Samples:
        """The points of ``series`` from ``start_us`` up to ``end_us``, stored and pulled."""
        from labkit.cloudwatch.engine.samples import Samples

        parts: list[Samples] = []
        column = store.columns.get(series)
        if column is not None:
            parts.append(column.samples(unit, start_us).slice(start_us, end_us))
        for source in self._ports.metric_sources(store.account, store.region):
            if source.has(store.account, store.region, series):
                points = source.points(store.account, store.region, series, start_us, end_us)
                if unit is None or unit == points.unit:
                    parts.append(reading.pulled(points))
        if len(parts) == 1:
            return parts[0]
        return Samples.merge(parts) if parts else Samples.empty()

    def _shared(
        self,
        store: Store,
        account: str | None,
        series: Series,
        unit: str | None,
        start_us: int,
        end_us: int,
    ) -> Samples:
        """The same of another account's metric, as far as a link shares it now."""
        from labkit.cloudwatch.engine.samples import Samples
        from labkit.cloudwatch.sharing import shared_with

        if account in (None, store.account):
            return self.samples(store, series, unit, start_us, end_us)
        for one in shared_with(store.service, self._ports, store.account, store.region):
            if one.store.account == account and one.shares(series.namespace):
                return self.samples(one.store, series, unit, start_us, end_us)
        return Samples.empty()

    def _decide_dirty(self, limit_us: int) -> None:
        now_us = self._clock.now_us
        # No tick is finer than ten seconds. A call moves the clock by a millisecond, and a loop
        # that puts a point and goes on must not pay for a day's column each time.
        if limit_us - limit_us % 10_000_000 <= self._clock.passed_us:
            return
        dirty, self._dirty = self._dirty, {}
        for key in dirty:
            plan = self._plans[key]
            plan.generation += 1
            plan.calm = 0
            self._decide(key, plan, self._first_tick(plan, now_us))

    def _first_tick(self, plan: _Plan, now_us: int) -> int:
        from labkit.cloudwatch.engine.columns import tick_step_us

        step = plan.step_us = tick_step_us(plan.alarm.rule)
        tick = -(-now_us // step) * step
        clock = self._clock
        if tick == now_us and (tick <= clock.passed_us or clock.phase >= Phase.ALARMS):
            tick += step
        return tick

    def _decide(self, key: Key, plan: _Plan, first_tick_us: int) -> None:
        """Decide all ticks from ``first_tick_us`` to the end of its day; plan what comes next."""
        import numpy as np

        from labkit.cloudwatch.engine.columns import tick_step_us

        alarm = plan.alarm
        step = plan.step_us or tick_step_us(alarm.rule)
        plan.step_us = step
        end_us = self._horizon(plan, first_tick_us)
        ticks = np.arange(first_tick_us, end_us, step, dtype=np.int64)
        watched = self._watched(plan.store, alarm, first_tick_us, end_us)
        plan.decisions = watched.decisions(ticks)
        plan.watched = watched
        places = np.flatnonzero(plan.decisions[1:] != plan.decisions[:-1]) + 1
        codes = plan.decisions[places]
        plan.edges = [
            (0, int(plan.decisions[0])),
            *zip(places.tolist(), codes.tolist(), strict=True),
        ]
        plan.edges.reverse()
        plan.first_tick_us = first_tick_us
        plan.position = 0
        self.columns += 1
        self.ticks += len(ticks)
        self._plan_next(key, plan)

    def _horizon(self, plan: _Plan, first_tick_us: int) -> int:
        """Up to when an alarm is decided: a midnight; with a band, its next training."""
        watch = plan.alarm.watch
        if watch is not None and watch.uses_bands:
            from labkit.cloudwatch.engine.anomaly import RETRAINED_US

            return first_tick_us - first_tick_us % RETRAINED_US + RETRAINED_US
        days = min(2**plan.calm, _MOST_DAYS)
        return first_tick_us - first_tick_us % DAY + days * DAY

    def _watched(self, store: Store, alarm: Alarm, first_tick_us: int, end_us: int) -> Watches:
        """What an alarm looks at, for the ticks from ``first_tick_us`` up to ``end_us``."""
        zone = alarm.wall_clock
        if zone is None and not alarm.warm_until_us:
            return self._sliding(store, alarm, first_tick_us, end_us)
        from labkit.cloudwatch.engine.watched_later import WallClock, WarmingUp

        watched: Watches
        if zone is None:
            watched = self._sliding(store, alarm, first_tick_us, end_us)
        else:
            period_us = alarm.rule.period_us
            inner = self._sliding(store, alarm, first_tick_us - period_us, end_us)
            watched = WallClock(inner, period_us, zone)
        if alarm.warm_until_us > first_tick_us:
            warm = alarm.config["WarmUpConfiguration"]
            to_the_end = bool(warm.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds"))
            watched = WarmingUp(watched, alarm.rule, alarm.warm_until_us, to_the_end)
        return watched

    def _sliding(self, store: Store, alarm: Alarm, first_tick_us: int, end_us: int) -> Watched:
        """The same of a window that slides along with the ticks."""
        from labkit.cloudwatch.engine.columns import lookback_us
        from labkit.cloudwatch.engine.watched import WatchedExpression, WatchedMetric

        start_us = first_tick_us - lookback_us(alarm.rule)
        if alarm.watch is None:
            assert alarm.series is not None
            samples = self.samples(store, alarm.series, alarm.unit, start_us, end_us)
            return WatchedMetric(alarm.rule, samples)
        from labkit.cloudwatch.alarm_sources import AlarmSources

        sources = AlarmSources(
            store,
            alarm.watch,
            lambda series, unit, start, end, account: self._shared(
                store, account, series, unit, start, end
            ),
            lambda: sorted(store.service.series(store, end_us, start_us - DAY)),
            start_us,
            end_us,
        )
        return WatchedExpression(alarm.rule, alarm.watch, sources, sources.samples())

    def _plan_next(self, key: Key, plan: _Plan) -> None:
        from labkit.cloudwatch.engine.columns import CODES, RETAIN

        assert plan.decisions is not None
        edges, code = plan.edges, CODES[plan.alarm.state]
        while edges and edges[-1][1] in (code, RETAIN):
            edges.pop()
        if edges:
            plan.position = edges.pop()[0]
            time_us, kind = plan.first_tick_us + plan.position * plan.step_us, _CHANGE
        else:
            plan.position = len(plan.decisions)
            time_us = plan.first_tick_us + len(plan.decisions) * plan.step_us
            kind = _NEXT_DAY
        entry = (time_us, kind, plan.alarm.serial, key, plan.generation)
        heapq.heappush(self._heap, entry)

    def _transition(self, key: Key, plan: _Plan, now_us: int) -> None:
        alarm = plan.alarm
        from labkit.cloudwatch.engine.columns import STATES

        assert plan.watched is not None and plan.decisions is not None
        # What was decided on is what will be explained, if anybody asks: nothing has touched it.
        window = plan.watched.window(now_us)
        state = STATES[int(plan.decisions[plan.position])]
        alarm.warm_until_us = 0  # it is evaluated from here on, whatever data comes later
        self._apply(plan.store, alarm, state, window, now_us)
        current = self._plans.get(key)
        if current is plan and key not in self._dirty:
            self._plan_next(key, plan)

    def evaluate(self, store: Store, alarm: Alarm, tick_us: int) -> Evaluation:
        """The evaluation of ``alarm`` at one tick, as the scalar engine explains it."""
        return self.window(store, alarm, tick_us).evaluation(alarm.rule, tick_us, alarm.state)

    def window(self, store: Store, alarm: Alarm, tick_us: int) -> Window:
        """What the evaluation of ``alarm`` at one tick looks at."""
        return self._watched(store, alarm, tick_us, tick_us).window(tick_us)
