"""From figures to PutMetricData: which datums a collection makes, and how they travel together.

A counter is published as what came since the last look, and its first look says nothing. Figures
that share a name, dimensions and unit within one minute (roll-ups; several collections before a
flush) travel in one datum as ``Values`` and ``Counts``, so that CloudWatch's statistics come out as
if each had been sent alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labkit.agents.catalogue import KINDS
from labkit.agents.config import Config, Section
from labkit.agents.figure import Figure
from labkit.agents.naming import About, Dimensions, published

#: The most datums of one call, and the most different values of one datum.
DATUMS = 1_000
VALUES = 150


@dataclass(frozen=True, slots=True)
class Point:
    """A value under a name and dimensions, as of an instant (None: when CloudWatch gets it)."""

    name: str
    dimensions: Dimensions
    unit: str
    value: float
    resolution: int
    at: datetime | None


class Counters:
    """What each counter said at the last look."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, str, Dimensions], float] = {}

    def passed(self, figure: Figure) -> float | None:
        """The figure itself; of a counter what came since, None at the first look.

        A counter that went back (a card that was replaced) begins anew.
        """
        if figure.field not in KINDS[figure.section].counters:
            return figure.value
        key = (figure.section, figure.field, figure.labels)
        before = self._before.get(key)
        self._before[key] = figure.value
        if before is None:
            return None
        return figure.value - before if figure.value >= before else figure.value


def wanted(section: Section, figure: Figure) -> bool:
    """Whether a configuration asks for the thing that a figure is about."""
    labels = dict(figure.labels)
    if section.name == "disk":
        return section.wants(labels["path"]) and labels["fstype"] not in section.ignored_types
    if section.name == "cpu":
        if labels["cpu"] == "cpu-total":
            return section.total_cpu
        return section.resources is not None and "*" in section.resources
    if section.name in ("diskio", "net"):
        return section.wants(next(iter(labels.values())))
    return True


def points(
    config: Config,
    section: Section,
    figures: Iterable[Figure],
    about: About,
    counters: Counters,
    at: datetime | None = None,
) -> list[Point]:
    """What one collection of a section publishes."""
    found = []
    by_field: dict[str, list[Figure]] = {}
    for figure in figures:
        by_field.setdefault(figure.field, []).append(figure)
    for one in section.measurements:
        for figure in by_field.get(one.field, ()):
            if not wanted(section, figure):
                continue
            value = counters.passed(figure)
            if value is None:
                continue
            found += [
                Point(one.name, where, one.unit, value, section.resolution, at)
                for where in published(config, section, one.field, figure.labels, about)
            ]
    return found


def calls(namespace: str, collected: Iterable[Point]) -> Iterator[Mapping[str, Any]]:
    """The PutMetricData calls that carry points: parameters for boto3."""
    together: dict[tuple[Any, ...], dict[float, int]] = {}
    for point in collected:
        key = (point.name, point.dimensions, point.unit, point.resolution, point.at)
        values = together.setdefault(key, {})
        values[point.value] = values.get(point.value, 0) + 1
    datums = [datum for key, values in together.items() for datum in _datums(key, values)]
    for begin in range(0, len(datums), DATUMS):
        yield {"Namespace": namespace, "MetricData": datums[begin : begin + DATUMS]}


def _datums(key: tuple[Any, ...], values: dict[float, int]) -> Iterator[dict[str, Any]]:
    name, dimensions, unit, resolution, at = key
    datum: dict[str, Any] = {
        "MetricName": name,
        "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions],
        "Unit": unit,
        "StorageResolution": resolution,
    }
    if at is not None:
        datum["Timestamp"] = at
    pairs = list(values.items())
    if len(pairs) == 1 and pairs[0][1] == 1:
        yield datum | {"Value": pairs[0][0]}
        return
    for begin in range(0, len(pairs), VALUES):
        some = pairs[begin : begin + VALUES]
        yield datum | {
            "Values": [value for value, _ in some],
            "Counts": [float(count) for _, count in some],
        }
