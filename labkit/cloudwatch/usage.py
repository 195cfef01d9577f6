"""What CloudWatch is used for, by the hour: metrics that callers send, alarms that stand.

- A **custom metric** (any namespace that is not AWS's) counts in each hour of the clock in which a
  caller sent points of it, whatever the points' own times. AWS: prorated by the hour, and charged
  only for hours in which it was sent (CloudWatch pricing page; aws-semantics 12).
- An **alarm** stands from its creation to its deletion and counts by the metrics it looks at. Its
  kind (standard, high resolution, composite) is that of its present configuration.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from labkit.core.clock import HOUR
from labkit.core.facts import Fact
from labkit.core.usage import Usage
from labkit.core.world import World

CUSTOM = "cloudwatch.custom_metric"
STANDARD = "cloudwatch.alarm"
HIGH_RESOLUTION = "cloudwatch.alarm_high_resolution"
COMPOSITE = "cloudwatch.alarm_composite"
ALARMS = (STANDARD, HIGH_RESOLUTION, COMPOSITE)

#: A band is two more metrics to an alarm: its upper and its lower edge.
_BAND_METRICS = 3


class CloudWatchUsage:
    """Implements :class:`labkit.core.usage.Metered` for a whole lab's CloudWatch.

    Parameters
    ----------
    world:
        Stores and meters of the lab.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    # -- what it hears
    def on_alarm_configured(self, fact: Fact) -> None:
        """An alarm was created, updated or deleted: it begins or ends to cost."""
        meters = self._world.meters
        place = (fact.account, fact.region)
        name = fact.data["alarm_name"]
        item, weight = "", 0
        if fact.data["change"] != "deleted":
            item, weight = self._kind(fact)
        others = [other for other in ALARMS if other != item]
        meters.end(*place, name, fact.at_us, items=others)
        if item:
            meters.begin(item, *place, name, fact.at_us, weight)

    def _kind(self, fact: Fact) -> tuple[str, int]:
        if fact.data["alarm_type"] == "CompositeAlarm":
            return COMPOSITE, 1
        store = self._world.store("cloudwatch", fact.account, fact.region)
        alarm = store.alarms.get(fact.data["alarm_name"])
        config: dict[str, Any] = getattr(alarm, "config", {})
        return kind_of(config)

    # -- what it tells
    def usage(self, start_us: int, end_us: int) -> Iterator[Usage]:
        """Metric-hours of ``(start_us, end_us]``; alarms are in the world's meters."""
        for (account, region), store in sorted(self._world.stores("cloudwatch").items()):
            hours = sum(
                bisect_right(column.hours, end_us) - bisect_right(column.hours, start_us)
                for column in store.columns.values()
                if column.hours
            )
            if hours:
                yield Usage(CUSTOM, account, region, Fraction(hours))

    def per_hour(self, now_us: int) -> Iterator[Usage]:
        """The metrics that were sent within the last hour."""
        for (account, region), store in sorted(self._world.stores("cloudwatch").items()):
            count = sum(
                1
                for column in store.columns.values()
                if column.hours and column.last_put_us > now_us - HOUR
            )
            if count:
                yield Usage(CUSTOM, account, region, Fraction(count))


def kind_of(config: dict[str, Any]) -> tuple[str, int]:
    """Which item a metric alarm's configuration is, and how many metrics it is charged for.

    >>> kind_of({"Period": 10})
    ('cloudwatch.alarm_high_resolution', 1)
    """
    periods = [config["Period"]] if config.get("Period") else []
    metrics = 0
    for query in config.get("Metrics", ()):
        asked = query.get("MetricStat")
        if asked is not None:
            metrics += 1
            periods.append(asked.get("Period", 60))
        elif query.get("Period"):
            periods.append(query["Period"])
    if config.get("ThresholdMetricId"):
        metrics = max(metrics, 1) + _BAND_METRICS - 1
    item = HIGH_RESOLUTION if periods and min(periods) < 60 else STANDARD
    return item, max(metrics, 1)


def metrics_asked(params: Mapping[str, Any]) -> int:
    """What a GetMetricData call is charged for: its metrics, up to five statistics of each once."""
    asked: dict[str, int] = {}
    for query in params.get("MetricDataQueries", ()):
        metric = query.get("MetricStat", {}).get("Metric")
        if metric is not None:
            dimensions = sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions", ()))
            name = str((metric.get("Namespace"), metric.get("MetricName"), dimensions))
            asked[name] = asked.get(name, 0) + 1
    return sum(-(-count // 5) for count in asked.values())
