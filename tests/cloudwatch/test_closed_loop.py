"""The closed loop, on exact instants: load, metric, alarm, policy, machines, load.

A group of two carries 240 % from 09:10 on: more than its machines can do. The alarm on the group's
average starts machines until they can, and the low alarm takes them away when the load is gone.
"""

import json
from datetime import timedelta

import pytest

import labkit


def build(lab, monitoring=True, policy="step"):
    client = lab.client("autoscaling")
    client.create_launch_configuration(
        LaunchConfigurationName="web", ImageId="ami-0abc", InstanceType="m5.large",
        InstanceMonitoring={"Enabled": monitoring},
    )  # fmt: skip
    client.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchConfigurationName="web", MinSize=2, MaxSize=6,
        AvailabilityZones=["us-east-1a"],
    )  # fmt: skip
    if policy == "tracking":
        client.put_scaling_policy(
            AutoScalingGroupName="web", PolicyName="at-50", PolicyType="TargetTrackingScaling",
            EstimatedInstanceWarmup=60,
            TargetTrackingConfiguration={
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ASGAverageCPUUtilization"
                },
                "TargetValue": 50.0,
            },
        )  # fmt: skip
    else:
        grain = {} if monitoring else {"Period": 300, "EvaluationPeriods": 1}
        alarm(lab, "busy", "GreaterThanThreshold", 70.0, 2, step(client, "out", 1, 0), **grain)
        alarm(lab, "idle", "LessThanThreshold", 30.0, 5, step(client, "in", -1, None), **grain)
    lab.fleet.group_load("web", 240, start=lab.start + timedelta(minutes=10), minutes=50)
    return client


def step(client, name, by, low):
    bound = {"MetricIntervalLowerBound": low} if low is not None else {}
    bound |= {"MetricIntervalUpperBound": 0} if low is None else {}
    return client.put_scaling_policy(
        AutoScalingGroupName="web", PolicyName=name, PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity", EstimatedInstanceWarmup=60,
        StepAdjustments=[{**bound, "ScalingAdjustment": by}],
    )["PolicyARN"]  # fmt: skip


def alarm(lab, name, comparison, threshold, periods, policy, **more):
    given = {
        "AlarmName": name, "Namespace": "AWS/EC2", "MetricName": "CPUUtilization",
        "Statistic": "Average", "Period": 60, "EvaluationPeriods": periods,
        "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "web"}], "Threshold": threshold,
        "ComparisonOperator": comparison, "AlarmActions": [policy],
    }  # fmt: skip
    lab.client("cloudwatch").put_metric_alarm(**given | more)


def launches(lab):
    """When machines were started and ended, oldest first: (minute:second, +1 or -1)."""
    told = lab.client("autoscaling").describe_scaling_activities(AutoScalingGroupName="web")
    return [
        (one["StartTime"].strftime("%H:%M:%S"), 1 if one["Description"].startswith("L") else -1)
        for one in reversed(told["Activities"])
    ]


def changes(lab, name):
    got = lab.client("cloudwatch").describe_alarm_history(
        AlarmName=name, HistoryItemType="StateUpdate", ScanBy="TimestampAscending"
    )
    return [
        (item["Timestamp"].strftime("%H:%M:%S"), item["HistorySummary"].rpartition(" ")[2])
        for item in got["AlarmHistoryItems"]
    ]


def size(client):
    return client.describe_auto_scaling_groups()["AutoScalingGroups"][0]["DesiredCapacity"]


def test_detailed_monitoring(lab):
    client = build(lab)
    lab.run_until("09:40")
    # 120 % each: 100 in the minutes of 09:10 and 09:11, seen at 09:12. The policy runs at once and
    # each minute while the alarm stays: the third machine is there at 09:12:15 and warms up for a
    # minute, so 09:13 adds nothing; 80 % of three are still too much, and 09:14 adds the fourth.
    assert changes(lab, "busy") == [
        ("09:01:00", "OK"), ("09:12:00", "ALARM"), ("09:15:00", "OK"),
    ]  # fmt: skip
    assert launches(lab)[2:] == [("09:12:00", 1), ("09:14:00", 1)]
    assert size(client) == 4
    assert lab.fleet.waiting("web") == 0
    assert lab.fleet.waiting("web", lab.start + timedelta(minutes=11)) == 40
    lab.run_until("11:00")
    assert size(client) == 2
    ends = [when for when, what in launches(lab) if what < 0]
    assert len(ends) == 2 and min(ends) > "10:00:00"


def test_basic_monitoring_sees_it_later_and_overshoots(lab):
    client = build(lab, monitoring=False)
    lab.run_until("09:40")
    # The first five-minute point of the load is that of 09:10, which comes at 09:15; until 09:20
    # nothing newer is known, and the policy adds a machine whenever the last one has warmed up.
    assert changes(lab, "busy")[1] == ("09:15:00", "ALARM")
    assert [when for when, _ in launches(lab)[2:]][:3] == ["09:15:00", "09:17:00", "09:19:00"]
    assert size(client) > 4


def test_without_more_machines_the_alarm_would_stay(lab):
    client = build(lab)
    client.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    lab.run_until("09:40")
    assert changes(lab, "busy")[-1] == ("09:12:00", "ALARM")
    assert lab.fleet.waiting("web") == 40


def test_target_tracking_end_to_end(lab):
    client = build(lab, policy="tracking")
    lab.run_until("09:50")
    # 240 % over machines at 50 %: five of them.
    assert size(client) == 5
    assert launches(lab)[2][0] == "09:13:00"  # three minutes above the target
    lab.run_until("11:30")
    assert size(client) == 2
    names = [a["AlarmName"] for a in lab.client("cloudwatch").describe_alarms()["MetricAlarms"]]
    assert sorted(n.split("-")[2] for n in names) == ["AlarmHigh", "AlarmLow"]


def test_the_policy_is_repeated_each_minute_and_history_says_so(lab):
    build(lab)
    lab.run_until("09:13:30")
    got = lab.client("cloudwatch").describe_alarm_history(
        AlarmName="busy", HistoryItemType="Action", ScanBy="TimestampAscending"
    )["AlarmHistoryItems"]
    assert [item["Timestamp"].strftime("%H:%M:%S") for item in got] == ["09:12:00", "09:13:00"]
    assert all(item["HistorySummary"].startswith("Successfully executed action") for item in got)
    assert json.loads(got[0]["HistoryData"])["notificationResource"].endswith("policyName/out")


def test_a_muted_alarm_scales_nothing_until_its_window_ends(lab):
    client = build(lab)
    lab.client("cloudwatch").put_alarm_mute_rule(
        Name="quiet",
        Rule={"Schedule": {"Expression": "at(2026-01-05T09:05)", "Duration": "PT25M"}},
        MuteTargets={"AlarmNames": ["busy"]},
    )
    lab.run_until("09:29")
    assert size(client) == 2
    lab.run_until("09:45")
    assert launches(lab)[2][0] == "09:30:00"
    assert size(client) == 4


@pytest.mark.parametrize("policy", ["step", "tracking"])
def test_one_long_step_equals_many_and_a_replay(policy):
    def run(world, steps):
        build(world, policy=policy)
        end = world.start + timedelta(hours=2)
        for count in range(steps):
            world.run_until(world.now + (end - world.now) / (steps - count))
        return world.digest(), launches(world)

    with labkit.Lab(active=False) as one, labkit.Lab(active=False) as many:
        told = run(one, 1)
        assert run(many, 50) == told
        assert one.replay().digest() == one.digest()
