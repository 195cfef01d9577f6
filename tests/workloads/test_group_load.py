"""The load of a group: shared by who is in service and runs; what nobody can do waits."""

from datetime import timedelta

import pytest

from labkit.core.errors import LabError


@pytest.fixture
def scaling(lab):
    client = lab.client("autoscaling")
    client.create_launch_configuration(
        LaunchConfigurationName="web-1", ImageId="ami-0abc", InstanceType="m5.large"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchConfigurationName="web-1", MinSize=2, MaxSize=8,
        AvailabilityZones=["us-east-1a"],
    )  # fmt: skip
    lab.advance(minutes=1)
    return client


def members(scaling):
    group = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    return [one["InstanceId"] for one in group["Instances"]]


def cpu(lab, **dimension):
    (pair,) = dimension.items()
    found = lab.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/EC2", MetricName="CPUUtilization",
        Dimensions=[{"Name": pair[0], "Value": pair[1]}],
        StartTime=lab.now - timedelta(minutes=1), EndTime=lab.now, Period=60,
        Statistics=["Average"],
    )  # fmt: skip
    return found["Datapoints"][-1]["Average"]


def machines(lab, scaling):
    return [cpu(lab, InstanceId=one) for one in members(scaling)]


def test_everyone_takes_the_same_part(lab, scaling):
    lab.fleet.group_load("web", total_cpu=120)
    lab.run_until("09:05")
    assert machines(lab, scaling) == pytest.approx([60, 60], abs=1)
    assert cpu(lab, AutoScalingGroupName="web") == pytest.approx(60, abs=1)
    assert lab.fleet.waiting("web") == 0
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=4)
    lab.run_until("09:10")
    assert machines(lab, scaling) == pytest.approx([30] * 4, abs=1)
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    lab.run_until("09:15")
    assert machines(lab, scaling) == pytest.approx([40] * 3, abs=1)


def test_nobody_gives_more_than_a_hundred_and_the_rest_waits(lab, scaling):
    lab.fleet.group_load("web", total_cpu=250, minutes=30)
    lab.run_until("09:05")
    assert min(machines(lab, scaling)) > 99
    assert lab.fleet.waiting("web") == 50
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    lab.run_until("09:10")
    assert lab.fleet.waiting("web") == 0
    assert lab.fleet.waiting("web", lab.start + timedelta(minutes=4)) == 50
    lab.run_until("10:00")
    assert machines(lab, scaling) == pytest.approx([20] * 3, abs=1)  # idle again


def test_a_machine_that_stops_gives_its_part_to_the_others(lab, scaling, ec2):
    lab.fleet.group_load("web", total_cpu=80)
    lab.run_until("09:05")
    scaling.suspend_processes(AutoScalingGroupName="web")  # nobody replaces it
    one, other = members(scaling)
    ec2.stop_instances(InstanceIds=[one])
    lab.run_until("09:08")
    assert cpu(lab, InstanceId=other) == pytest.approx(80, abs=1)
    ec2.start_instances(InstanceIds=[one])
    lab.run_until("09:12")
    assert cpu(lab, InstanceId=one) == pytest.approx(40, abs=1)
    scaling.enter_standby(
        InstanceIds=[one], AutoScalingGroupName="web", ShouldDecrementDesiredCapacity=False
    )
    lab.run_until("09:15")
    assert cpu(lab, InstanceId=one) == pytest.approx(20, abs=1)
    assert cpu(lab, InstanceId=other) == pytest.approx(80, abs=1)


def test_a_load_may_come_before_its_group_and_begin_later(lab):
    lab.fleet.group_load("web", total_cpu=100, start=lab.start + timedelta(minutes=20), minutes=10)
    lab.fleet.group_load("web", total_cpu=60, start=lab.start + timedelta(minutes=25), minutes=60)
    assert lab.fleet.waiting("web") == 0
    lab.run_until("09:21")
    assert lab.fleet.waiting("web") == 100  # nobody is there
    client = lab.client("autoscaling")
    client.create_launch_configuration(
        LaunchConfigurationName="c", ImageId="ami-0abc", InstanceType="m5.large"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchConfigurationName="c", MinSize=1, MaxSize=1,
        AvailabilityZones=["us-east-1a"],
    )  # fmt: skip
    lab.run_until("09:24")
    assert machines(lab, client)[0] > 98 and lab.fleet.waiting("web") == 0
    lab.run_until("09:40")
    assert machines(lab, client) == pytest.approx([60], abs=1)
    client.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    assert lab.fleet.waiting("web") == 60


def test_a_learners_own_load_counts_over_the_share(lab, scaling):
    lab.fleet.group_load("web", total_cpu=80)
    lab.fleet.load(members(scaling)[0], cpu=95)
    lab.run_until("09:05")
    assert machines(lab, scaling) == pytest.approx([95, 40], abs=1)


def test_what_is_refused(lab, scaling):
    for bad in (
        {"total_cpu": -1},
        {"total_cpu": float("nan")},
        {"total_cpu": 50, "minutes": 0},
        {"total_cpu": 50, "start": lab.start - timedelta(hours=1)},
    ):
        with pytest.raises(LabError):
            lab.fleet.group_load("web", **bad)
    with pytest.raises(LabError, match="group_load"):
        lab.fleet.waiting("api")


def test_a_replay_and_small_steps_say_the_same(lab, scaling):
    lab.fleet.group_load("web", total_cpu=180, minutes=60)
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    for _ in range(40):
        lab.advance(seconds=77)
    told = machines(lab, scaling)
    replay = lab.replay()
    assert [cpu(replay, InstanceId=one) for one in members(scaling)] == told
