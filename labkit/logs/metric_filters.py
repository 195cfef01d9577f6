"""Metric filters: lines become points of a metric.

A filter looks at what comes in after it was made. A line that matches is a point with the filter's
value, at the instant of the line (in its minute). A default value fills minutes in which lines came
and none matched; that is known at the end of the minute in which they came. Without lines there is
nothing, default value or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labkit.core.clock import HOUR, MINUTE, Phase
from labkit.core.world import World
from labkit.logs.engine import criteria
from labkit.logs.engine.pattern import Pattern, parse
from labkit.logs.records import STANDARD, Accepted, LogGroup

#: The kind of policy of a group under which its filters are kept.
KIND = "metric_filters"

#: The handler that ends a minute.
MINUTE_OVER = "logs.filters.minute"

#: Pairs of names and values of dimensions in an hour; a filter with more is switched off.
MOST_PAIRS = 1000


@dataclass(slots=True)
class MetricFilter:
    """A metric filter and what it has seen in the minutes under way.

    ``value``: a number, or a selector (``$.latency``, ``$bytes``). ``dimensions``: name ->
    selector.
    """

    name: str
    pattern: str
    metric_name: str
    namespace: str
    value: str
    default: float | None
    dimensions: dict[str, str]
    unit: str
    created_us: int
    transformed: bool = False
    selection: str = ""
    system_fields: tuple[str, ...] = ()
    #: Minutes of lines (since the epoch) that came in the minute under way; those with a match.
    seen: set[int] = field(default_factory=set)
    matched: set[int] = field(default_factory=set)
    #: Pairs of dimensions in the hour that began at ``pairs_us``; ``off``: there were too many.
    pairs: set[tuple[str, str]] = field(default_factory=set)
    pairs_us: int = 0
    off: bool = False

    @property
    def parsed(self) -> Pattern:
        """The pattern, read."""
        return parse(self.pattern)


def number_of(text: str | None) -> float | None:
    """The finite number that a text is; None when it is none."""
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < 1e300 else None


class MetricFilters:
    """What the filters of a lab's groups make of lines.

    Parameters
    ----------
    world:
        Clock and ports.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        world.clock.register(MINUTE_OVER, self._minute_over)

    def on_accepted(self, batch: Accepted) -> None:
        """A batch was taken."""
        filters: Mapping[str, MetricFilter] = batch.group.policies.get(KIND, {})
        if not filters or batch.group.log_class != STANDARD:
            return
        for one in filters.values():
            self._look(one, batch)

    def _look(self, one: MetricFilter, batch: Accepted) -> None:
        group = batch.group
        about = {
            "@aws.account": group.account, "@aws.region": group.region, "@source.log": group.name,
        }  # fmt: skip
        if one.selection and not criteria.parse(one.selection, tuple(about)).selects(about):
            return
        pattern = one.parsed
        texts = batch.messages
        if one.transformed:
            texts = batch.transformed or texts
        for at_ms, text in zip(batch.timestamps_ms, texts, strict=True):
            minute = at_ms // 60_000
            if one.default is not None:
                self._see(one, group, minute)
            if not pattern.matches(text):
                continue
            one.matched.add(minute)
            self._publish(one, group, pattern, at_ms, text, about)

    def _publish(
        self,
        one: MetricFilter,
        group: LogGroup,
        pattern: Pattern,
        at_ms: int,
        text: str,
        about: Mapping[str, str],
    ) -> None:
        told = pattern.value_of(one.value, text) if one.value.startswith("$") else one.value
        value = number_of(told)
        if value is None:
            return
        dimensions = [(name, about[name]) for name in one.system_fields]
        for name, selector in one.dimensions.items():
            found = pattern.value_of(selector, text)
            if found is None or not found.strip():
                return  # AWS publishes nothing for a line without the dimension's field
            dimensions.append((name, found[:1024]))
        if one.dimensions and not self._few(one, dimensions):
            return
        self._put(one, group, at_ms * 1000, value, tuple(sorted(dimensions)))

    def _few(self, one: MetricFilter, dimensions: list[tuple[str, str]]) -> bool:
        """Whether the filter keeps within 1,000 pairs an hour; beyond, it is switched off."""
        now_us = self._world.clock.now_us
        if now_us - one.pairs_us >= HOUR:
            one.pairs, one.pairs_us = set(), now_us
        one.pairs.update(dimensions)
        one.off = one.off or len(one.pairs) > MOST_PAIRS
        return not one.off

    def _put(
        self,
        one: MetricFilter,
        group: LogGroup,
        at_us: int,
        value: float,
        dimensions: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._world.ports.put_metric(
            group.account, group.region, one.namespace, one.metric_name, dimensions, at_us, value,
            one.unit,
        )  # fmt: skip

    # ---- the default value

    def _see(self, one: MetricFilter, group: LogGroup, minute: int) -> None:
        if not one.seen:
            now_us = self._world.clock.now_us
            self._world.clock.at(
                now_us - now_us % MINUTE + MINUTE,
                Phase.DATA,
                MINUTE_OVER,
                {
                    "account": group.account, "region": group.region, "group": group.name,
                    "filter": one.name, "created": one.created_us,
                },
                cause=(),
            )  # fmt: skip
        one.seen.add(minute)

    def _minute_over(self, data: dict[str, Any]) -> None:
        store = self._world.store("logs", data["account"], data["region"])
        group: LogGroup | None = store.find(data["group"])
        one = group.policies.get(KIND, {}).get(data["filter"]) if group is not None else None
        if group is None or one is None or one.created_us != data["created"]:
            return  # deleted meanwhile, or made anew
        for minute in sorted(one.seen - one.matched):
            if one.default is not None:
                self._put(one, group, minute * MINUTE, one.default)
        one.seen.clear()
        now_minute = self._world.clock.now_us // MINUTE
        one.matched = {minute for minute in one.matched if minute >= now_minute - 180}
