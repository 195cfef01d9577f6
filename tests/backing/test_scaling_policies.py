"""Scaling policies at work: by hand, by an alarm, with cooldown and warm-up."""

import pytest
from botocore.exceptions import ClientError


@pytest.fixture()
def scaling(lab):
    client = lab.client("autoscaling")
    client.create_launch_configuration(
        LaunchConfigurationName="web-1", ImageId="ami-0abc", InstanceType="t3.micro"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web-1",
        MinSize=1,
        MaxSize=6,
        DesiredCapacity=2,
        AvailabilityZones=["us-east-1a"],
    )
    lab.advance(minutes=1)
    return client


def desired(scaling):
    return scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["DesiredCapacity"]


def simple(scaling, name="out", by=1, cooldown=120):
    return scaling.put_scaling_policy(
        AutoScalingGroupName="web",
        PolicyName=name,
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=by,
        Cooldown=cooldown,
    )["PolicyARN"]


def stepped(scaling):
    return scaling.put_scaling_policy(
        AutoScalingGroupName="web",
        PolicyName="steps",
        PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity",
        EstimatedInstanceWarmup=180,
        StepAdjustments=[
            {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 3},
        ],
    )["PolicyARN"]


def act(lab, arn, value=None, threshold=None):
    return lab.world.ports.scaling_action(arn, alarm_name="hot", value=value, threshold=threshold)


def test_a_simple_policy_waits_for_its_cooldown(lab, scaling):
    arn = simple(scaling)
    assert act(lab, arn).ok and desired(scaling) == 3
    waits = act(lab, arn)
    assert waits.ok and "cooldown" in waits.message and desired(scaling) == 3
    lab.advance(seconds=15 + 119)  # 15 seconds until it runs, then the cooldown begins
    assert "cooldown" in act(lab, arn).message
    lab.advance(seconds=2)
    assert act(lab, arn).message == "" and desired(scaling) == 4
    cause = scaling.describe_scaling_activities()["Activities"][0]["Cause"]
    assert (
        "a monitor alarm hot in state ALARM triggered policy out changing the desired capacity "
        "from 3 to 4." in cause
    )


def test_a_step_policy_counts_what_is_warming_up(lab, scaling):
    arn = stepped(scaling)
    act(lab, arn, 55, 50)
    assert desired(scaling) == 3
    assert act(lab, arn, 55, 50).message and desired(scaling) == 3
    act(lab, arn, 75, 50)  # 2 that are warm, and 3 more
    assert desired(scaling) == 5
    lab.advance(minutes=4)
    act(lab, arn, 55, 50)
    assert desired(scaling) == 6
    lab.advance(minutes=4)
    assert act(lab, arn, 75, 50).message and desired(scaling) == 6  # the group's maximum


def test_policies_by_hand(lab, scaling):
    simple(scaling)
    stepped(scaling)
    scaling.execute_policy(AutoScalingGroupName="web", PolicyName="out")
    assert desired(scaling) == 3
    with pytest.raises(ClientError, match="ScalingActivityInProgress"):
        scaling.execute_policy(AutoScalingGroupName="web", PolicyName="out", HonorCooldown=True)
    scaling.execute_policy(
        AutoScalingGroupName="web", PolicyName="steps", MetricValue=80, BreachThreshold=50
    )
    assert desired(scaling) == 6
    with pytest.raises(ClientError, match="MetricValue"):
        scaling.execute_policy(AutoScalingGroupName="web", PolicyName="steps")
    with pytest.raises(ClientError, match="Policy not found"):
        scaling.execute_policy(AutoScalingGroupName="web", PolicyName="none")


def test_what_the_port_answers_when_it_can_not(lab, scaling):
    arn = simple(scaling)
    assert not act(lab, arn.replace("out", "none")).ok
    assert not act(lab, "arn:aws:sns:us-east-1:123456789012:on-call").ok
    scaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["AlarmNotification"])
    told = act(lab, arn)
    assert not told.ok and told.code == "ScalingProcessSuspended" and desired(scaling) == 2


def tracking(scaling, target=50.0, **more):
    return scaling.put_scaling_policy(
        AutoScalingGroupName="web",
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        EstimatedInstanceWarmup=60,
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": target,
            **more,
        },
    )


def test_target_tracking_makes_keeps_and_deletes_its_alarms(lab, scaling, cloudwatch):
    made = tracking(scaling)
    names = [alarm["AlarmName"] for alarm in made["Alarms"]]
    high, low = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    if "AlarmLow" in high["AlarmName"]:
        high, low = low, high
    assert high["AlarmName"].startswith("TargetTracking-web-AlarmHigh-")
    assert (high["Threshold"], high["EvaluationPeriods"]) == (50.0, 3)
    assert (low["Threshold"], low["EvaluationPeriods"]) == (45.0, 15)
    assert high["Dimensions"] == [{"Name": "AutoScalingGroupName", "Value": "web"}]
    assert high["AlarmActions"] == [made["PolicyARN"]]
    again = tracking(scaling, 60.0)
    assert again["PolicyARN"] == made["PolicyARN"] and again["Alarms"] == made["Alarms"]
    listed = scaling.describe_policies()["ScalingPolicies"][0]
    assert listed["Alarms"] == made["Alarms"]
    scaling.delete_policy(AutoScalingGroupName="web", PolicyName="track")
    assert cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"] == []


def test_target_tracking_brings_the_group_to_its_target(lab, scaling):
    arn = tracking(scaling)["PolicyARN"]
    act(lab, arn, 100.0, 50.0)
    assert desired(scaling) == 4
    assert act(lab, arn, 10.0, 45.0).message  # not while something is starting
    assert desired(scaling) == 4
    lab.advance(minutes=3)
    act(lab, arn, 20.0, 45.0)
    assert desired(scaling) == 2
    tracking(scaling, DisableScaleIn=True)
    assert act(lab, arn, 1.0, 45.0).message and desired(scaling) == 2


def test_two_groups_may_have_policies_of_one_name(lab, scaling):
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="api",
        LaunchConfigurationName="web-1",
        MinSize=0,
        MaxSize=6,
        DesiredCapacity=0,
        AvailabilityZones=["us-east-1a"],
    )
    first = simple(scaling)
    second = scaling.put_scaling_policy(
        AutoScalingGroupName="api",
        PolicyName="out",
        AdjustmentType="ExactCapacity",
        ScalingAdjustment=5,
    )["PolicyARN"]
    assert first != second
    act(lab, second)
    sizes = {
        group["AutoScalingGroupName"]: group["DesiredCapacity"]
        for group in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    }
    assert sizes == {"web": 2, "api": 5}


def test_an_alarm_scales_a_group_each_minute_until_it_is_calm(lab, scaling, cloudwatch):
    arn = simple(scaling, cooldown=60)
    cloudwatch.put_metric_alarm(
        AlarmName="hot",
        Namespace="Shop",
        MetricName="Load",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=50.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[arn],
    )
    for _ in range(8):
        cloudwatch.put_metric_data(
            Namespace="Shop", MetricData=[{"MetricName": "Load", "Value": 90.0}]
        )
        lab.advance(minutes=1)
    assert desired(scaling) > 3
    lab.advance(minutes=5)
    calm = desired(scaling)
    lab.advance(minutes=10)
    assert desired(scaling) == calm
    history = cloudwatch.describe_alarm_history(AlarmName="hot", HistoryItemType="Action")
    assert arn in history["AlarmHistoryItems"][0]["HistorySummary"]
