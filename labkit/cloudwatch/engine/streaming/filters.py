"""Which metrics a stream takes, and which statistics it adds to them.

Source: botocore cloudwatch/PutMetricStream; user guide, "Metric streams" (aws-semantics 1.10).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

#: What OpenTelemetry's quantiles can say.
_PERCENTILE = re.compile(r"p[0-9]+(\.[0-9]+)?")


def takes(
    include: Sequence[Mapping[str, Any]],
    exclude: Sequence[Mapping[str, Any]],
    namespace: str,
    name: str,
) -> bool:
    """Whether a stream with these filters takes a metric.

    Without filters it takes all. A filter without names means its whole namespace.

    >>> takes([{"Namespace": "AWS/EC2", "MetricNames": ["NetworkIn"]}], [], "AWS/EC2", "NetworkIn")
    True
    """
    if include:
        return any(_matches(one, namespace, name) for one in include)
    return not any(_matches(one, namespace, name) for one in exclude)


def _matches(one: Mapping[str, Any], namespace: str, name: str) -> bool:
    names = one.get("MetricNames") or ()
    return one.get("Namespace") == namespace and (not names or name in names)


def added(configurations: Sequence[Mapping[str, Any]], namespace: str, name: str) -> list[str]:
    """The statistics that a metric is sent with beside the four, in the order given."""
    found: dict[str, None] = {}
    for one in configurations:
        if {"Namespace": namespace, "MetricName": name} in one["IncludeMetrics"]:
            found.update(dict.fromkeys(one["AdditionalStatistics"]))
    return list(found)


def is_percentile(statistic: str) -> bool:
    """Whether a statistic is ``p`` and a number, the only kind that OpenTelemetry takes."""
    return _PERCENTILE.fullmatch(statistic) is not None
