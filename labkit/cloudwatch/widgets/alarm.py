"""Alarms on a dashboard: the status widget, and the graph of an alarm annotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch.widgets import metric
from labkit.cloudwatch.widgets.frame import Frame
from labkit.core.clock import SECOND
from labkit.core.errors import AwsError
from labkit.views.board import values as board
from labkit.views.wording import quantity, stretch

if TYPE_CHECKING:
    from labkit.cloudwatch.records import Alarm
    from labkit.cloudwatch.store import Store

_ORDER = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}
_SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "\u2265",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "\u2264",
}


def find(frame: Frame, arn: str) -> tuple[Store, Any] | None:
    """The alarm behind an ARN, if the dashboard's account may see it; composites too."""
    parts = arn.split(":", 6)
    if len(parts) < 7 or not parts[6]:
        return None
    store = frame.seen(parts[4], parts[3])
    if store is None:
        return None
    for name in ("alarms", "composites"):
        held: Mapping[str, Any] = getattr(store, name, {})
        if parts[6] in held:
            return store, held[parts[6]]
    return None


def statuses(frame: Frame, properties: Mapping[str, Any]) -> board.States:
    """The alarm status widget: in the order given, or the newest change first."""
    wanted = properties.get("states")
    found: list[tuple[int, board.State]] = []
    for arn in properties["alarms"]:
        name = str(arn).split(":", 6)[-1]
        held = find(frame, str(arn))
        if held is None:
            found.append((0, board.State(name, "not found", "no alarm has this ARN")))
            continue
        alarm = held[1]
        since = stretch((frame.now_us - alarm.transitioned_us) // SECOND * SECOND)
        if wanted is None or alarm.state in wanted:
            since = f"for {since}" if alarm.transitioned_us else ""
            found.append((alarm.transitioned_us, board.State(alarm.name, alarm.state, since)))
    if properties.get("sortBy") in ("stateUpdatedTimestamp", "timestamp"):
        found.sort(key=lambda pair: -pair[0])
    else:
        found.sort(key=lambda pair: _ORDER.get(pair[1].state, 3))
    return board.States(tuple(state for _, state in found))


def annotated(frame: Frame, properties: Mapping[str, Any], arn: str) -> tuple[str, board.Content]:
    """The graph of the alarm of an annotation: (title, content).

    What it watches, its threshold as a line, its states under the axis.

    Raises
    ------
    AwsError
        ResourceNotFound when there is no such alarm.
    """
    held = find(frame, arn)
    if held is None:
        raise AwsError("ResourceNotFound", f"No alarm has the ARN {arn}.")
    store, alarm = held
    title = str(properties.get("title") or alarm.name)
    if not hasattr(alarm, "rule"):
        return title, board.States((board.State(alarm.name, alarm.state),))
    found = metric.answer(frame, _properties(frame, alarm))
    levels: tuple[board.Level, ...] = ()
    threshold = alarm.config.get("Threshold")
    if threshold is not None:
        unit = found.lines[0].unit if found.lines else ""
        sign = _SIGNS.get(str(alarm.config.get("ComparisonOperator")), "")
        said = f"{alarm.name} {sign} {quantity(float(threshold), unit)}"
        levels = (board.Level(float(threshold), label=said),)
    states = spans(store, alarm, frame.start_us, min(frame.end_us, frame.now_us))
    more = {**properties, "view": "timeSeries"}
    return title, metric.graph(frame, more, found, levels=levels, states=states)


def _properties(frame: Frame, alarm: Alarm) -> dict[str, Any]:
    """What an alarm watches, as a widget says it."""
    here = {"region": alarm.region, "liveData": True}
    if alarm.series is not None:
        one = alarm.series
        names = [one.namespace, one.name, *(part for pair in one.dimensions for part in pair)]
        stat = alarm.config.get("Statistic") or alarm.config.get("ExtendedStatistic")
        entry: list[Any] = [*names, {"stat": stat, "period": alarm.config["Period"]}]
        if alarm.account != frame.account:
            entry[-1]["accountId"] = alarm.account
        return {**here, "metrics": [entry]}
    return {**here, "metrics": [_entry(query, alarm) for query in alarm.config["Metrics"]]}


def _entry(query: Mapping[str, Any], alarm: Alarm) -> list[Any]:
    shown = query.get("ReturnData") is not False or query["Id"] == alarm.config.get(
        "ThresholdMetricId"
    )
    rendering: dict[str, Any] = {"id": query["Id"], "visible": shown}
    if "Label" in query:
        rendering["label"] = query["Label"]
    if "AccountId" in query:
        rendering["accountId"] = query["AccountId"]
    if "Expression" in query:
        rendering["expression"] = query["Expression"]
        if "Period" in query:
            rendering["period"] = query["Period"]
        return [rendering]
    given = query["MetricStat"]
    rendering |= {"stat": given["Stat"], "period": given["Period"]}
    one = given["Metric"]
    pairs = [part for d in one.get("Dimensions", ()) for part in (d["Name"], d["Value"])]
    return [one["Namespace"], one["MetricName"], *pairs, rendering]


def spans(store: Store, alarm: Any, start_us: int, end_us: int) -> tuple[tuple[int, int, str], ...]:
    """The states of an alarm over a range: (from, to, state), in order of time."""
    changes: Sequence[Any] = [
        item
        for item in store.history
        if item.alarm_name == alarm.name and item.kind == "StateUpdate"
    ]
    found: list[tuple[int, int, str]] = []
    at, state = start_us, alarm.state
    if changes:
        state = changes[0].summary.removeprefix("Alarm updated from ").split(" to ")[0]
    for item in changes:
        after = item.summary.rsplit(" to ", 1)[-1]
        if item.at_us >= end_us:
            break
        if item.at_us > at:
            found.append((at, item.at_us, state))
            at = item.at_us
        state = after
    if at < end_us:
        found.append((at, end_us, state))
    return tuple(found)
