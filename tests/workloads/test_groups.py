"""The figures of an Auto Scaling group, and a target-tracking policy that lives by them."""

from datetime import timedelta

import numpy as np
import pytest

from labkit.core.sources import Series


@pytest.fixture()
def scaling(lab):
    client = lab.client("autoscaling")
    client.create_launch_configuration(
        LaunchConfigurationName="web-1", ImageId="ami-0abc", InstanceType="m5.large"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web-1",
        MinSize=2,
        MaxSize=8,
        AvailabilityZones=["us-east-1a"],
    )
    lab.advance(minutes=1)
    return client


def members(scaling):
    group = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    return [one["InstanceId"] for one in group["Instances"]]


def cpu(lab):
    found = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": "web"}],
        StartTime=lab.now - timedelta(minutes=5),
        EndTime=lab.now,
        Period=60,
        Statistics=["Average", "SampleCount", "Maximum"],
    )
    return sorted(found["Datapoints"], key=lambda point: point["Timestamp"])


def test_a_groups_average_is_that_of_its_machines_points(lab, scaling):
    one, other = members(scaling)
    lab.fleet.load(one, cpu=90)
    lab.fleet.load(other, cpu=30)
    lab.advance(minutes=10)
    for point in cpu(lab):
        assert point["SampleCount"] == 2.0
        assert point["Average"] == pytest.approx(60, abs=1)
        assert point["Maximum"] == pytest.approx(90, abs=1)


def test_a_groups_metrics_are_listed_without_credits(lab, scaling, cloudwatch):
    lab.advance(minutes=10)
    listed = cloudwatch.list_metrics(
        Namespace="AWS/EC2", Dimensions=[{"Name": "AutoScalingGroupName", "Value": "web"}]
    )["Metrics"]
    names = {one["MetricName"] for one in listed}
    assert {"CPUUtilization", "NetworkIn"} <= names
    assert not any(name.startswith("CPUCredit") for name in names)


def test_where_the_stretch_begins_decides_nothing(lab, scaling, ec2):
    ec2.unmonitor_instances(InstanceIds=members(scaling)[:1])  # basic and detailed together
    lab.advance(minutes=30)
    series = Series("AWS/EC2", "CPUUtilization", (("AutoScalingGroupName", "web"),))
    here = ("123456789012", "us-east-1", series)
    start = lab.world.clock.start_us
    whole = lab.parts.groups.points(*here, start, start + 1_800_000_000)
    assert np.all(np.diff(whole.timestamps) >= 0) and np.all(np.diff(whole.arrivals) >= 0)
    for minutes in (7, 12, 20):
        cut = start + minutes * 60_000_000
        part = lab.parts.groups.points(*here, cut, start + 1_800_000_000)
        later = whole.timestamps >= cut
        assert np.array_equal(part.values, whole.values[later])
        assert np.array_equal(part.arrivals, whole.arrivals[later])


def test_target_tracking_follows_the_load_out_and_in(lab, scaling):
    scaling.put_scaling_policy(
        AutoScalingGroupName="web",
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        EstimatedInstanceWarmup=60,
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 50.0,
        },
    )
    for machine in members(scaling):
        lab.fleet.load(machine, cpu=90, minutes=10)
    lab.advance(minutes=8)
    grown = len(members(scaling))
    assert grown >= 3
    lab.advance(hours=1)  # everybody at 20 percent again
    assert len(members(scaling)) == 2
    causes = [a["Cause"] for a in scaling.describe_scaling_activities()["Activities"]]
    assert any("AlarmHigh" in cause and "triggered policy cpu" in cause for cause in causes)
    assert any("AlarmLow" in cause for cause in causes)
