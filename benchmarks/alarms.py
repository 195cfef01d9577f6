"""A thousand alarms on a thousand machines for a week, through ``lab.advance``.

``python -m benchmarks.alarms`` prints seconds, transitions, steps and peak memory as JSON; with
``month`` that of thirty days with every treatment of missing data.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import timedelta
from typing import Any

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
                store.alarms[f"hot-{i}"].metrics()[0][1],
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


TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
MONTH_DAYS, STOPPED_DAY = 30, 10


def month() -> dict[str, float]:
    """A thousand one-minute alarms, thirty days, every treatment of missing data.

    Half of the machines run hot for half an hour a day; a quarter of all is stopped for a day, so
    that there is something missing to treat. The advancing and the two calls that stop and start
    are timed; a machine's points are made while time passes.
    """
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
            for day in range(MONTH_DAYS) if number % 2 else ():
                begin = lab.start + timedelta(days=day, minutes=60 + number)
                lab.parts.fleet.load(instance, 95.0, minutes=30, start=begin)
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
                TreatMissingData=TREATMENTS[number % 4],
            )
        lab.advance(minutes=10)
        evaluator, quarter = lab.cloudwatch.evaluator, ids[: ALARMS // 4]
        before, changes = evaluator.ticks, len(lab.parts.post.changes)

        def pass_the_month() -> None:
            lab.advance(days=STOPPED_DAY)
            ec2.stop_instances(InstanceIds=quarter)
            lab.advance(days=1)
            ec2.start_instances(InstanceIds=quarter)
            lab.advance(days=MONTH_DAYS - STOPPED_DAY - 1)

        seconds = once(pass_the_month)
        ticks, changed = evaluator.ticks - before, len(lab.parts.post.changes) - changes
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        here = lab.cloudwatch.store(lab.account, lab.region)
        stopped_us = lab.world.clock.start_us + STOPPED_DAY * 86_400_000_000
        series = [_minutes(lab, here.alarms[f"hot-{one}"].series, stopped_us) for one in ids]
    evaluations = 0

    def naive() -> None:
        nonlocal evaluations
        evaluations, _ = naive_alarms.run(series, THRESHOLD, M, N, treatments=TREATMENTS)

    naive_seconds = min(once(naive) for _ in range(3))
    return {
        "month": seconds,
        "ticks": ticks,
        "transitions": changed,
        "naive month": naive_seconds / evaluations * ALARMS * MONTH_DAYS * 1440,
        "naive measured": naive_seconds,
        "naive evaluations": evaluations,
        "peak MB": peak,
    }


def _minutes(lab: Any, series: Any, around_us: int) -> list[float | None]:
    """The minutes around an instant: half of them before it; None where a machine was stopped."""
    begin = around_us - NAIVE_MINUTES // 2 * 60_000_000
    end = begin + NAIVE_MINUTES * 60_000_000
    points = lab.parts.fleet.points(lab.account, lab.region, series, begin, end)
    held = dict(zip(points.timestamps.tolist(), points.values.tolist(), strict=True))
    return [held.get(at) for at in range(begin, end, 60_000_000)]


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
    if sys.argv[1:] == ["month"]:
        print(json.dumps(month()))
        raise SystemExit
    print(json.dumps(main() | {"idle 10": idle_step(10), "idle 1000": idle_step(1000)}))
