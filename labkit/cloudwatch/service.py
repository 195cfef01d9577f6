"""CloudWatch as the lab assembles it: stores, evaluator, what alarms do, and its views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import notification, reading
from labkit.cloudwatch.evaluator import Evaluator
from labkit.cloudwatch.records import Alarm, Evaluated, HistoryItem, Why
from labkit.cloudwatch.store import Store
from labkit.core.clock import Phase, iso
from labkit.core.errors import LabError
from labkit.core.facts import Late
from labkit.core.jsontext import dumps
from labkit.core.sources import Series
from labkit.core.world import World

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.evaluation import Evaluation
    from labkit.cloudwatch.engine.samples import Samples

PRINCIPAL = "cloudwatch.amazonaws.com"


class CloudWatch:
    """Metrics and alarms of a whole lab.

    Parameters
    ----------
    world:
        Clock, facts, ports and stores of the lab.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._serial = 0
        self.evaluator = Evaluator(world.clock, world.ports, self._transition)
        world.remember("cloudwatch", lambda account, region: Store(account, region, self))
        world.clock.register("cloudwatch.act", self._act)

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
        from labkit.cloudwatch.engine.samples import Samples

        start_us = max(start_us, reading.oldest_readable(now_us, period))
        if start_us >= end_us:
            return []
        found: dict[str, list[Samples]] = {}
        column = store.columns.get(series)
        if column is not None:
            names = column.unit_names()
            for name in names:
                if unit in (None, name):
                    asked = name if len(names) > 1 else None
                    found.setdefault(name, []).append(column.samples(asked).slice(start_us, end_us))
        for source in self._world.ports.metric_sources(store.account, store.region):
            if not source.has(store.account, store.region, series):
                continue
            points = source.points(store.account, store.region, series, start_us, end_us)
            if unit not in (None, points.unit):
                continue
            here = points.arrivals <= now_us
            found.setdefault(points.unit, []).append(
                Samples(
                    timestamps=points.timestamps[here],
                    sums=points.values[here],
                    counts=None,
                    minima=None,
                    maxima=None,
                    arrivals=None,
                    raw=None,
                )
            )
        merged = [
            (name, parts[0] if len(parts) == 1 else Samples.merge(parts))
            for name, parts in sorted(found.items())
        ]
        return [(name, samples) for name, samples in merged if len(samples.timestamps)]

    def series(self, store: Store, now_us: int, oldest_us: int) -> list[Series]:
        """The metrics with a point not older than ``oldest_us``."""
        found = [
            column.series
            for column in store.columns.values()
            if len(column) and max(column.timestamps[-1], column.last_put_us) >= oldest_us
        ]
        known = set(found)
        for source in self._world.ports.metric_sources(store.account, store.region):
            for series in source.series(store.account, store.region, now_us):
                if series not in known:
                    known.add(series)
                    found.append(series)
        return found

    # -- alarms
    def _transition(self, store: Store, alarm: Alarm, evaluation: Evaluation, now_us: int) -> None:
        why = Evaluated(evaluation, alarm.state, now_us, alarm.unit)
        self.change_state(store, alarm, evaluation.state, why)

    def change_state(
        self,
        store: Store,
        alarm: Alarm,
        state: str,
        why: Why,
        *,
        by_hand: bool = False,
    ) -> None:
        """Put an alarm into ``state`` and start what follows: history, fact, actions."""
        now_us = self._world.clock.now_us
        old, old_why = alarm.state, alarm.why
        alarm.why = why
        alarm.updated_us = now_us
        if state == old:
            return
        alarm.state = state
        alarm.transitioned_us = now_us
        store.note(
            HistoryItem(
                now_us,
                alarm.name,
                "StateUpdate",
                f"Alarm updated from {old} to {state}",
                lambda: _state_history(old, old_why, state, why),
            )
        )
        facts = self._world.facts
        if facts.heard("alarm.changed"):
            facts.publish(
                "alarm.changed",
                alarm.account,
                alarm.region,
                Late(
                    {
                        "alarm_name": alarm.name,
                        "alarm_arn": alarm.arn,
                        "alarm_type": "MetricAlarm",
                        "state": state,
                        "previous_state": old,
                        "by_hand": by_hand,
                    },
                    {
                        "reason": lambda: why.text,
                        "reason_data": lambda: why.data,
                        "previous_reason": lambda: old_why.text,
                        "previous_reason_data": lambda: old_why.data,
                    },
                ),
            )
        if alarm.actions_enabled and alarm.actions(state):
            self._world.clock.at(
                now_us,
                Phase.ACTIONS,
                "cloudwatch.act",
                {
                    "account": alarm.account,
                    "region": alarm.region,
                    "alarm": alarm.name,
                    "state": state,
                    "old_state": old,
                    "changed_us": now_us,
                },
            )

    def _act(self, payload: dict[str, Any]) -> None:
        store = self.store(payload["account"], payload["region"])
        alarm = store.alarms.get(payload["alarm"])
        if alarm is None:  # deleted between its change and its action
            return
        changed_us = payload["changed_us"]
        document = dumps(notification.message(alarm, payload["old_state"], changed_us))
        letter = notification.letter(alarm, payload["old_state"], changed_us)
        texts = {"email": letter, "sms": notification.subject(alarm)}
        for arn in alarm.actions(payload["state"]):
            delivery = self._world.ports.deliver(
                arn, document, PRINCIPAL, subject=notification.subject(alarm), by_protocol=texts
            )
            told = "Successfully executed" if delivery.ok else "Failed to execute"
            data = {
                "actionState": "Succeeded" if delivery.ok else "Failed",
                "stateUpdateTimestamp": changed_us // 1_000,
                "notificationResource": arn,
                "publishedMessage": dumps({"default": document, **texts}) if delivery.ok else None,
                "error": None if delivery.ok else f"{delivery.code}: {delivery.message}",
            }
            store.note(
                HistoryItem(
                    self._world.clock.now_us,
                    alarm.name,
                    "Action",
                    f"{told} action {arn}",
                    dumps(data),
                )
            )

    # -- for people
    def alarm(self, name: str, account: str, region: str) -> Alarm:
        """The alarm called ``name``.

        Raises
        ------
        LabError
            When there is none, with the names there are.
        """
        store = self.store(account, region)
        found = store.alarms.get(name)
        if found is None:
            names = ", ".join(sorted(store.alarms)) or "none at all"
            raise LabError(f"no alarm is called {name!r} in {region}; there are: {names}")
        return found

    def explain(self, alarm: Alarm) -> Evaluation:
        """The evaluation of ``alarm`` at the last full tick, reasons included."""
        from labkit.cloudwatch.engine.columns import tick_step_us

        step = tick_step_us(alarm.rule)
        now_us = self._world.clock.now_us
        store = self.store(alarm.account, alarm.region)
        return self.evaluator.evaluate(store, alarm, now_us - now_us % step)

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
                ]
                for column in store.columns.values()
            ]
            alarms = [dumps(alarm.describe()) for alarm in store.alarms.values()]
            history = [
                [iso(i.at_us, millis=True), i.alarm_name, i.kind, i.summary, i.data]
                for i in store.history
            ]
            out.append([account, region, metrics, alarms, history])
        return out


def _state_history(old: str, old_why: Why, new: str, why: Why) -> str:
    """HistoryData of a state change: reason data nested as an object; at most 4,095 characters."""
    from labkit.core.jsontext import loads

    def side(state: str, reason: Why, *, short: bool = False) -> dict[str, Any]:
        made: dict[str, Any] = {"stateValue": state, "stateReason": reason.text}
        if reason.data and not short:
            made["stateReasonData"] = loads(reason.data)
        return made

    told = {
        "version": "1.0",
        "oldState": side(old, old_why),
        "newState": side(new, why),
    }
    text = dumps(told)
    if len(text) > 4095:
        told["oldState"] = side(old, old_why, short=True)
        text = dumps(told)
    return text
