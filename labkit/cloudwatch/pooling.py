"""What expressions of GetMetricData and those of alarms read the same way.

The metrics that a Metrics Insights query means and their observations, pooled by group; how an
anomaly detection band is trained; the quotas behind metrics of AWS/Usage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from labkit.cloudwatch import reading
from labkit.cloudwatch.store import Store
from labkit.core.sources import Series
from labkit.quotas import quotas_of

if TYPE_CHECKING:
    from labkit.cloudwatch.engine.anomaly import Configuration
    from labkit.cloudwatch.engine.insights import Insights
    from labkit.cloudwatch.engine.math.frame import Leaf
    from labkit.cloudwatch.engine.math.program import Program
    from labkit.cloudwatch.engine.math.values import Metric
    from labkit.cloudwatch.engine.samples import Samples

Message = dict[str, str]
#: A metric and the store that holds it.
Member = tuple[Series, Store]


def select(
    query: Insights, active: Sequence[Member], messages: list[Message]
) -> dict[tuple[str, ...], list[Member]]:
    """The metrics that a Metrics Insights query means, by group, groups in order."""
    matched = [
        (one, store)
        for one, store in active
        if one.name == query.metric
        and one.namespace == query.namespace
        and query.selects(dict(one.dimensions), store.account)
    ]
    most = quota("insights.metrics")
    if len(matched) > most:
        messages.append(
            {
                "Code": "MaxMetricsExceeded",
                "Value": "Maximum number of allowed metrics exceeded: "
                f"{len(matched)} match, the first {most} are processed",
            }
        )
        matched = matched[:most]
    groups: dict[tuple[str, ...], list[Member]] = {}
    for one, store in matched:
        labels = query.labels(dict(one.dimensions), store.account)
        groups.setdefault(labels, []).append((one, store))
    return dict(sorted(groups.items()))


def pool(
    query: Insights,
    groups: Mapping[tuple[str, ...], Sequence[Member]],
    samples_of: Callable[[Member], Sequence[Samples]],
) -> list[Leaf]:
    """A leaf for each group; without GROUP BY one, also when nothing matches."""
    from labkit.cloudwatch.engine.math.frame import Leaf
    from labkit.cloudwatch.engine.math.values import Metric
    from labkit.cloudwatch.engine.samples import Samples

    statistic = reading.statistic(query.statistic, "Expression")
    if not query.group and not groups:
        groups = {(): []}
    leaves = []
    for labels, members in groups.items():
        parts = [samples for member in members for samples in samples_of(member)]
        dimensions = tuple(zip(query.group, labels, strict=True))
        metric = Metric(query.namespace, query.metric, dimensions, query.statistic)
        leaves.append(Leaf(metric, statistic, Samples.merge(parts), " ".join(labels)))
    return leaves


def detector_of(store: Store, program: Program, id_: str | None) -> Configuration:
    """How the band of a query is trained, by the anomaly detectors that a store holds."""
    from labkit.cloudwatch.engine.anomaly import Configuration

    if id_ is None:
        return Configuration()
    query = program.queries[id_]
    if query.metric is not None:
        spec = query.metric
        found = store.detector(Series(spec.namespace, spec.name, spec.dimensions), spec.stat)
    else:
        found = store.math_detector(program, id_)
    return found.configuration if found is not None else Configuration()


def usage_quota(metric: Metric) -> float | None:
    """The quota behind a metric of AWS/Usage, from ``usage_quotas.toml``."""
    have = dict(metric.dimensions)
    for row in _usage_quotas():
        if metric.name == row["metric"] and all(
            have.get(key) == row[key.lower()] for key in ("Service", "Type", "Resource")
        ):
            value = float(row["value"])
            return value * metric.period if row.get("per_second") else value
    return None


def quota(name: str) -> int:
    """A limit of ``quotas.toml``, by ``group.limit``."""
    group, limit = name.split(".")
    return int(quotas_of("cloudwatch")[group][limit]["value"])


@cache
def _usage_quotas() -> Sequence[Mapping[str, Any]]:
    import tomllib
    from pathlib import Path

    text = (Path(__file__).parent / "usage_quotas.toml").read_text(encoding="utf-8")
    rows: Sequence[Mapping[str, Any]] = tomllib.loads(text)["quota"]
    return rows
