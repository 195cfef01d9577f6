"""A thousand alarms on a thousand machines for a week, through ``lab.advance``.

``python -m benchmarks.alarms`` prints seconds, transitions, steps and peak memory as JSON.
"""

from __future__ import annotations

import json
import resource
from datetime import timedelta

from benchmarks.measure import best, once

ALARMS, DAYS, NAIVE_MINUTES = 1_000, 7, 120
THRESHOLD, M, N = 70.0, 3, 3


def main() -> dict[str, float]:
    """Run the week."""
    import labkit
    from benchmarks import naive_alarms

    with labkit.Lab() as lab:
        ec2, cloudwatch = lab.client("ec2"), lab.client("cloudwatch")
        ids = []
        for _ in range(ALARMS // 250):
            started = ec2.run_instances(
                ImageId="ami-0c55b159cbfafe1f0",
                MinCount=250,
                MaxCount=250,
                InstanceType="m5.large",
                Monitoring={"Enabled": True},
            )
            ids += [instance["InstanceId"] for instance in started["Instances"]]
        for number, instance in enumerate(ids):
            # Half of the machines run hot for half an hour a day, at different times.
            if number % 2:
                for day in range(DAYS):
                    lab.parts.fleet.load(
                        instance,
                        95.0,
                        minutes=30,
                        start=lab.start + timedelta(days=day, minutes=60 + number),
                    )
            cloudwatch.put_metric_alarm(
                AlarmName=f"hot-{instance}",
                Namespace="AWS/EC2",
                MetricName="CPUUtilization",
                Dimensions=[{"Name": "InstanceId", "Value": instance}],
                Statistic="Average",
                Period=60,
                EvaluationPeriods=N,
                DatapointsToAlarm=M,
                Threshold=THRESHOLD,
                ComparisonOperator="GreaterThanThreshold",
            )
        lab.advance(minutes=10)  # everything boots, every alarm is decided once
        idle = best(lambda: lab.advance(seconds=1), rounds=5, calls=50)
        evaluator = lab.cloudwatch.evaluator
        before, changes = evaluator.ticks, len(lab.parts.post.changes)
        week = once(lambda: lab.advance(days=DAYS))
        ticks, changed = evaluator.ticks - before, len(lab.parts.post.changes) - changes
        store = lab.cloudwatch.store(lab.account, lab.region)
        source = lab.parts.fleet
        began = lab.world.clock.now_us - NAIVE_MINUTES * 60_000_000
        series = [
            source.points(
                lab.account,
                lab.region,
                store.alarms[f"hot-{i}"].metrics()[0],
                began,
                lab.world.clock.now_us,
            ).values.tolist()
            for i in ids
        ]
    shortest = min(map(len, series))
    series = [values[:shortest] for values in series]
    evaluations = 0

    def naive() -> None:
        nonlocal evaluations
        evaluations, _ = naive_alarms.run(series, THRESHOLD, M, N)

    naive_seconds = min(once(naive) for _ in range(3))
    return {
        "week": week,
        "ticks": ticks,
        "transitions": changed,
        "naive week": naive_seconds / evaluations * ALARMS * DAYS * 1440,
        "naive measured": naive_seconds,
        "naive evaluations": evaluations,
        "idle step": idle,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def idle_step(alarms: int) -> float:
    """Seconds of ``advance(seconds=1)`` in a world with so many alarms and nothing to do."""
    import labkit

    with labkit.Lab() as lab:
        cloudwatch = lab.client("cloudwatch")
        for i in range(alarms):
            cloudwatch.put_metric_alarm(
                AlarmName=f"a{i}",
                Namespace="N",
                MetricName=f"m{i}",
                Statistic="Average",
                Period=60,
                EvaluationPeriods=3,
                Threshold=1.0,
                ComparisonOperator="GreaterThanThreshold",
            )
        lab.advance(minutes=10)
        return best(lambda: lab.advance(seconds=1), rounds=7, calls=50)


if __name__ == "__main__":
    print(json.dumps(main() | {"idle 10": idle_step(10), "idle 1000": idle_step(1000)}))
