"""What it costs to see every call: CloudTrail's record of a management call, and of a data call.

The same calls with and without the hearer of ``call.finished``; the difference is the recording.
``python -m benchmarks.recording`` prints seconds per call as JSON.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.measure import best


class Calls:
    """Calls straight into the dispatch of a lab, so that botocore's own noise stays outside."""

    def __init__(self, listening: bool) -> None:
        import labkit

        self.lab = labkit.Lab(active=False)
        if not listening:
            self.lab.world.facts._hearers["call.finished"] = ()
        self.client = self.lab.client("cloudwatch")

    def call(self, operation: str, **params: Any) -> None:
        """One call."""
        model = self.client.meta.service_model
        self.lab.dispatch.invoke(
            model,
            model.operation_model(operation),
            params,
            request={},
            region="us-east-1",
            principal=self.lab.identities.learner(),
            source_ip="203.0.113.10",
            user_agent="bench",
        )

    def management(self) -> None:
        """A call that CloudTrail records."""
        self.call("DisableAlarmActions", AlarmNames=["a"])

    def data(self) -> None:
        """A call of the data plane, which nobody selects."""
        self.call("PutMetricData", Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0}])


def main() -> dict[str, float]:
    """Seconds per call that the recording adds: best rounds with it less best rounds without."""
    with_it, without = Calls(True), Calls(False)
    out = {}
    for kind in ("management", "data"):
        rounds = [
            (
                best(getattr(with_it, kind), rounds=1, calls=400),
                best(getattr(without, kind), rounds=1, calls=400),
            )
            for _ in range(40)
        ]
        out[kind] = min(a for a, _ in rounds) - min(b for _, b in rounds)
        out[f"{kind} call"] = min(a for a, _ in rounds)
    return out


if __name__ == "__main__":
    print(json.dumps(main()))
