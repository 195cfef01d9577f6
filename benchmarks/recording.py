"""What it costs to see every call: CloudTrail's record of a management call, and of a data call.

The same calls with and without the hearer of ``call.finished``; the difference is the recording.
``python -m benchmarks.recording`` prints seconds per call as JSON.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.measure import best


def _measure(listening: bool) -> dict[str, float]:
    import labkit

    with labkit.Lab() as lab:
        if not listening:
            lab.world.facts._hearers["call.finished"] = ()
        cloudwatch = lab.client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName="a",
            Namespace="N",
            MetricName="m",
            Period=60,
            Statistic="Average",
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
        )

        def write() -> Any:
            return cloudwatch.disable_alarm_actions(AlarmNames=["b"])

        def data() -> Any:
            return cloudwatch.put_metric_data(
                Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0}]
            )

        return {
            "management": best(write, rounds=25, calls=100),
            "data": best(data, rounds=25, calls=100),
        }


def main() -> dict[str, float]:
    """Seconds per call that the recording adds."""
    runs: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    for _ in range(3):
        for listening in (True, False):
            runs[listening].append(_measure(listening))
    return {
        kind: min(run[kind] for run in runs[True]) - min(run[kind] for run in runs[False])
        for kind in ("management", "data")
    }


if __name__ == "__main__":
    print(json.dumps(main()))
