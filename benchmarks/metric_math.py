"""GetMetricData with a hundred metrics and ten expressions, a band, and percentiles, in process.

``python -m benchmarks.metric_math`` prints seconds as JSON. The peers are limits: the same call in
a world with a hundredth of the series, and numpy's own partition of the same buckets.
"""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

from benchmarks.measure import best

QUERIES, EXPRESSIONS, MINUTES, VALUES = 100, 10, 1440, 1_000_000


def _query(number: int, *, returned: bool = True) -> dict[str, Any]:
    metric = {"Namespace": "Shop", "MetricName": f"M{number}"}
    return {
        "Id": f"m{number}",
        "ReturnData": returned,
        "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"},
    }


def _expression(number: int) -> dict[str, Any]:
    first, second = 2 * number, 2 * number + 1
    text = f"IF(m{first} > 10, FILL(m{second}, 0) / m{first} * 100, 0)"
    return {"Id": f"e{number}", "Expression": text}


def day(series: int) -> dict[str, float]:
    """Seconds of a day's read in a world with so many series, a hundred of them with data."""
    import labkit

    with labkit.Lab() as lab:
        cloudwatch = lab.client("cloudwatch")
        end = lab.now
        start = end - timedelta(days=1)
        for at in range(0, MINUTES, 10):
            moment = start + timedelta(minutes=at)
            for half in (0, 50):
                data = [
                    {
                        "MetricName": f"M{i}",
                        "Timestamp": moment + timedelta(minutes=j),
                        "Value": float(i + j),
                    }
                    for i in range(half, half + 50)
                    for j in range(10)
                ]
                cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)
        for first in range(QUERIES, series, 1000):
            data = [
                {"MetricName": f"M{i}", "Value": 1.0}
                for i in range(first, min(first + 1000, series))
            ]
            cloudwatch.put_metric_data(Namespace="Shop", MetricData=data)
        metrics = [_query(i) for i in range(QUERIES)]
        hidden = [_query(i, returned=False) for i in range(QUERIES)]
        expressions = [_expression(i) for i in range(EXPRESSIONS)]

        def read(queries: list[dict[str, Any]]) -> Any:
            return cloudwatch.get_metric_data(
                MetricDataQueries=queries, StartTime=start, EndTime=end
            )

        got = read(hidden + expressions)["MetricDataResults"]
        assert [len(one["Values"]) for one in got] == [MINUTES] * EXPRESSIONS
        return {
            "all": best(lambda: read(metrics + expressions), rounds=5),
            "metrics": best(lambda: read(metrics), rounds=5),
            "expressions": best(lambda: read(hidden + expressions), rounds=5),
        }


def percentiles() -> dict[str, float]:
    """Seconds of p99 over 1,440 buckets of a million values, and of numpy's bare partitions."""
    import numpy as np

    from labkit.cloudwatch.engine.samples import Samples
    from labkit.cloudwatch.engine.statistics import parse_statistic

    minute = 60_000_000
    values = np.random.default_rng(7).exponential(50, VALUES)
    stamps = np.sort(np.random.default_rng(8).integers(0, MINUTES, VALUES)) * minute
    samples = Samples(stamps.astype(np.int64), values)
    starts = np.arange(MINUTES, dtype=np.int64) * minute
    edges = np.searchsorted(stamps, np.append(starts, MINUTES * minute)).tolist()
    statistic = parse_statistic("p99")

    def bare() -> list[float]:
        out = []
        for first, last in itertools.pairwise(edges):
            part = values[first:last]
            rank = max(int(np.ceil(0.99 * len(part))) - 1, 0)
            out.append(float(np.partition(part, rank)[rank]))
        return out

    assert statistic.columns(samples, starts, starts + minute).tolist() == bare()
    return {
        "p99": best(lambda: statistic.columns(samples, starts, starts + minute), rounds=7),
        "partition": best(bare, rounds=7),
    }


def band() -> float:
    """Seconds of training a band on two weeks of five-minute points."""
    import numpy as np

    from labkit.cloudwatch.engine.anomaly import Configuration, train

    times = np.arange(0, 14 * 86_400, 300, dtype=np.int64) * 1_000_000
    values = 100 + np.random.default_rng(7).normal(0, 5, len(times))
    return best(lambda: train(times, values, Configuration()), rounds=7)


def main() -> dict[str, float]:
    """All of it."""
    few, many = day(QUERIES), day(100 * QUERIES)
    return {
        **{f"{name} 100": seconds for name, seconds in few.items()},
        **{f"{name} 10000": seconds for name, seconds in many.items()},
        **percentiles(),
        "train": band(),
    }


if __name__ == "__main__":
    print(json.dumps(main()))
