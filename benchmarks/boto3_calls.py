"""boto3 calls in process: labkit, moto, and an empty ``before-call`` handler, which is the limit.

``python -m benchmarks.boto3_calls labkit|moto|empty`` prints seconds per call as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.measure import best

DATUM = {
    "MetricName": "Latency",
    "Dimensions": [{"Name": "Service", "Value": "checkout"}, {"Name": "Stage", "Value": "prod"}],
    "Value": 12.5,
    "Unit": "Milliseconds",
}
MINUTES = 1440


class _Empty:
    status_code = 200

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}


def _client(peer: str, stack: ExitStack) -> Any:
    """A CloudWatch client answered by ``peer``."""
    import boto3

    if peer == "labkit":
        import labkit

        return stack.enter_context(labkit.Lab()).client("cloudwatch")
    os.environ |= {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"}
    if peer == "moto":
        from moto import mock_aws

        stack.enter_context(mock_aws())
    client = boto3.client("cloudwatch", region_name="us-east-1")
    if peer == "empty":
        answer: dict[str, Any] = {"MetricAlarms": [], "MetricDataResults": []}
        client.meta.events.register_first(
            "before-call", lambda **_: (_Empty(), answer), unique_id="empty"
        )
    return client


def main(peer: str) -> dict[str, float]:
    """Seconds per call of ``peer``."""
    with ExitStack() as stack:
        cloudwatch = _client(peer, stack)
        # A day ago by virtual time in a lab, by real time elsewhere: points must be acceptable.
        now = (
            datetime(2026, 1, 5, 9, tzinfo=UTC)
            if peer == "labkit"
            else datetime.now(UTC).replace(microsecond=0)
        )
        start = now - timedelta(days=1)
        stamped = [
            {**DATUM, "Timestamp": start, "Value": float(i), "MetricName": f"Latency{i}"}
            for i in range(20)
        ]
        out = {
            "put 1": best(
                lambda: cloudwatch.put_metric_data(Namespace="Shop", MetricData=[DATUM]),
                rounds=20,
                calls=60,
            ),
            "put 20": best(
                lambda: cloudwatch.put_metric_data(Namespace="Shop", MetricData=stamped),
                rounds=20,
                calls=40,
            ),
        }
        for i in range(100):
            cloudwatch.put_metric_alarm(
                AlarmName=f"alarm-{i}",
                Namespace="Shop",
                MetricName=f"M{i}",
                Period=60,
                Statistic="Average",
                EvaluationPeriods=3,
                Threshold=10.0,
                ComparisonOperator="GreaterThanThreshold",
                Dimensions=[{"Name": "Service", "Value": f"s{i}"}],
            )
        out["describe 100"] = best(cloudwatch.describe_alarms, rounds=20, calls=5)
        day = [
            {"MetricName": "Day", "Value": float(i), "Timestamp": start + timedelta(minutes=i)}
            for i in range(MINUTES)
        ]
        for i in range(0, MINUTES, 20):
            cloudwatch.put_metric_data(Namespace="Shop", MetricData=day[i : i + 20])

        def read_day() -> Any:
            return cloudwatch.get_metric_data(
                StartTime=start,
                EndTime=now,
                MetricDataQueries=[
                    {
                        "Id": "m",
                        "MetricStat": {
                            "Metric": {"Namespace": "Shop", "MetricName": "Day"},
                            "Period": 60,
                            "Stat": "Average",
                        },
                    }
                ],
            )

        if peer == "labkit":
            got = read_day()["MetricDataResults"][0]["Values"]
            assert len(got) == MINUTES, len(got)
        out["get day"] = best(read_day, rounds=5, calls=1 if peer == "moto" else 5)
        return out


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
