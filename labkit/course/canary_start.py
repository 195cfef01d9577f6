"""A canary that runs, in one call, for the proofs of chapter 09: bucket, role, canary, start."""

from __future__ import annotations

from typing import Any

from labkit.course import streaming
from labkit.lab import Lab
from labkit.synthetics import blueprints

BUCKET, ROLE = "canary-results", "canary"


def canary(lab: Lab, name: str, script: str, rate: str = "rate(5 minutes)", **more: Any) -> str:
    """Make a canary of a script, wait until it is READY, and give back its name.

    Parameters
    ----------
    lab:
        Where; the bucket and the role are made when they are not there.
    name, script, rate:
        Of the canary; its schedule.
    more:
        Further parameters of CreateCanary.
    """
    s3, iam = lab.client("s3"), lab.client("iam")
    if BUCKET not in {one["Name"] for one in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)
        streaming.role(lab, ROLE, "lambda")
    lab.client("synthetics").create_canary(
        Name=name, Code={"ZipFile": blueprints.package(script), "Handler": blueprints.HANDLER},
        ArtifactS3Location=f"s3://{BUCKET}/{name}",
        ExecutionRoleArn=iam.get_role(RoleName=ROLE)["Role"]["Arn"],
        Schedule={"Expression": rate}, RuntimeVersion="syn-python-selenium-12.0", **more,
    )  # fmt: skip
    lab.advance(seconds=20)
    return name


def started(lab: Lab, name: str, script: str, rate: str = "rate(5 minutes)", **more: Any) -> str:
    """As :func:`canary`, and start it."""
    canary(lab, name, script, rate, **more)
    lab.client("synthetics").start_canary(Name=name)
    return name


def watch(lab: Lab, name: str, periods: int, missing: str = "breaching") -> str:
    """An alarm on a canary's SuccessPercent below 100, so many periods of 5 minutes; its name."""
    alarm = f"{name}-{periods}-{missing}"
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName=alarm, Namespace="CloudWatchSynthetics", MetricName="SuccessPercent",
        Dimensions=[{"Name": "CanaryName", "Value": name}], Statistic="Average", Period=300,
        EvaluationPeriods=periods, Threshold=100, ComparisonOperator="LessThanThreshold",
        TreatMissingData=missing,
    )  # fmt: skip
    return alarm


def went(lab: Lab, alarm: str) -> list[str]:
    """The states that an alarm went to, oldest first."""
    return [fact.data["state"] for fact in lab.parts.post.changes
            if fact.data["alarm_name"] == alarm]  # fmt: skip
