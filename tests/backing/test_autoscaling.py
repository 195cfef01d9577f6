"""Auto Scaling groups on the lab's clock."""

import json

import pytest
from botocore.exceptions import ClientError

ZONES = ["us-east-1a", "us-east-1b"]


@pytest.fixture()
def scaling(lab):
    client = lab.client("autoscaling")
    client.create_launch_configuration(
        LaunchConfigurationName="web-1", ImageId="ami-0abc", InstanceType="t3.micro"
    )
    return client


@pytest.fixture()
def events(lab):
    heard = []
    lab.world.facts.hear("event.emitted", lambda fact: heard.append(dict(fact.data)))
    return heard


def group(scaling, low=1, high=4, desired=2, **more):
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web-1",
        MinSize=low,
        MaxSize=high,
        DesiredCapacity=desired,
        AvailabilityZones=ZONES,
        **more,
    )


def told(scaling):
    return scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"][
        0
    ]


def states(scaling):
    return sorted(one["LifecycleState"] for one in told(scaling)["Instances"])


def members(scaling):
    return [one["InstanceId"] for one in told(scaling)["Instances"]]


def activities(scaling):
    return scaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]


def test_instances_are_in_service_once_they_run(lab, scaling, events):
    facts = []
    lab.world.facts.hear("instance.state", lambda fact: facts.append(fact.data["state"]))
    group(scaling)
    assert states(scaling) == ["Pending", "Pending"] and facts == ["pending", "pending"]
    assert {one["AvailabilityZone"] for one in told(scaling)["Instances"]} == set(ZONES)
    assert [one["StatusCode"] for one in activities(scaling)] == ["InProgress", "InProgress"]
    lab.advance(seconds=16)
    assert states(scaling) == ["InService", "InService"]
    newest = activities(scaling)[0]
    assert newest["StatusCode"] == "Successful" and newest["Progress"] == 100
    assert (newest["EndTime"] - newest["StartTime"]).total_seconds() == 15
    assert newest["Description"].startswith("Launching a new EC2 instance: i-")
    assert newest["Cause"] == (
        "At 2026-01-05T09:00:00Z a user request created an AutoScalingGroup changing the desired "
        "capacity from 0 to 2.  At 2026-01-05T09:00:00Z an instance was started in response to a "
        "difference between desired and actual capacity, increasing the capacity from 0 to 2."
    )
    assert [one["detail_type"] for one in events] == ["EC2 Instance Launch Successful"] * 2
    detail = events[0]["detail"]
    assert detail["AutoScalingGroupName"] == "web" and detail["EC2InstanceId"] in members(scaling)
    assert detail["Details"]["Availability Zone"] in ZONES and detail["Destination"] == (
        "AutoScalingGroup"
    )
    assert events[0]["source"] == "aws.autoscaling"
    assert events[0]["resources"][0] == told(scaling)["AutoScalingGroupARN"]


def test_machines_of_a_group_carry_its_tag_and_detailed_monitoring(lab, scaling, ec2):
    group(scaling, Tags=[{"Key": "app", "Value": "shop", "PropagateAtLaunch": True}])
    (one, _) = (i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"])
    tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    assert tags == {"app": "shop", "aws:autoscaling:groupName": "web"}
    assert one["Monitoring"]["State"] == "enabled"


def test_scale_in_takes_from_the_fuller_zone_and_waits_for_the_end(lab, scaling, events):
    group(scaling, desired=3)
    lab.advance(minutes=1)
    del events[:]
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    assert states(scaling) == ["InService", "InService", "Terminating"]
    gone = next(one for one in told(scaling)["Instances"] if one["LifecycleState"] == "Terminating")
    assert gone["AvailabilityZone"] == "us-east-1a"
    lab.advance(seconds=16)
    assert states(scaling) == ["InService", "InService"]
    assert [one["detail_type"] for one in events] == ["EC2 Instance Terminate Successful"]
    cause = activities(scaling)[0]["Cause"]
    assert (
        "explicitly set group desired capacity changing the desired capacity from 3 to 2" in cause
    )
    assert f"instance {gone['InstanceId']} was selected for termination" in cause


def test_protected_instances_stay(lab, scaling):
    group(scaling)
    lab.advance(minutes=1)
    kept = members(scaling)
    scaling.set_instance_protection(
        AutoScalingGroupName="web", InstanceIds=kept, ProtectedFromScaleIn=True
    )
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    lab.advance(minutes=1)
    assert members(scaling) == kept


@pytest.mark.parametrize("end", ["stop_instances", "terminate_instances"])
def test_an_instance_that_dies_is_replaced_within_a_minute(lab, scaling, ec2, end):
    group(scaling)
    lab.advance(minutes=1, seconds=30)
    dead, alive = members(scaling)
    getattr(ec2, end)(InstanceIds=[dead])
    assert dead in members(scaling)
    lab.advance(seconds=45)
    now = members(scaling)
    assert alive in now and len(set(now) - {dead}) == 2
    lab.advance(minutes=2)
    assert dead not in members(scaling) and states(scaling) == ["InService", "InService"]
    assert (
        ec2.describe_instances(InstanceIds=[dead])["Reservations"][0]["Instances"][0]["State"][
            "Name"
        ]
        == "terminated"
    )
    ended = next(
        one
        for one in activities(scaling)
        if dead in one["Description"] and "Term" in one["Description"]
    )
    assert ended["Cause"].endswith(
        "an EC2 health check indicating it has been terminated or stopped."
    )
    started = activities(scaling)[0]
    assert "unhealthy instance needing to be replaced" in started["Cause"]


def test_an_instance_called_unhealthy_is_replaced(lab, scaling):
    group(scaling)
    lab.advance(minutes=1)
    sick = members(scaling)[0]
    scaling.set_instance_health(InstanceId=sick, HealthStatus="Unhealthy")
    lab.advance(minutes=2)
    assert sick not in members(scaling) and states(scaling) == ["InService", "InService"]


def test_suspended_processes_rest_until_resumed(lab, scaling, ec2):
    group(scaling)
    lab.advance(minutes=1)
    scaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["ReplaceUnhealthy"])
    dead = members(scaling)[0]
    ec2.stop_instances(InstanceIds=[dead])
    lab.advance(minutes=10)
    assert dead in members(scaling)
    scaling.resume_processes(AutoScalingGroupName="web")
    lab.advance(minutes=2)
    assert dead not in members(scaling)


def test_update_moves_the_capacity_into_the_limits(lab, scaling):
    group(scaling)
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=3)
    assert told(scaling)["DesiredCapacity"] == 3
    lab.advance(minutes=1)
    assert states(scaling) == ["InService"] * 3
    assert "constraints to min: 3, max: 4, desired: 3" in activities(scaling)[0]["Cause"]


def test_terminate_in_the_group(lab, scaling):
    group(scaling)
    lab.advance(minutes=1)
    first, second = members(scaling)
    activity = scaling.terminate_instance_in_auto_scaling_group(
        InstanceId=first, ShouldDecrementDesiredCapacity=True
    )["Activity"]
    assert "shrinking the capacity from 2 to 1" in activity["Cause"]
    lab.advance(minutes=1)
    assert members(scaling) == [second]
    with pytest.raises(ClientError, match="desiredSize equals minSize"):
        scaling.terminate_instance_in_auto_scaling_group(
            InstanceId=second, ShouldDecrementDesiredCapacity=True
        )


def test_what_aws_refuses(lab, scaling):
    group(scaling)
    for call, code, text in (
        (lambda: group(scaling), "AlreadyExists", "already exists"),
        (
            lambda: scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=9),
            "ValidationError",
            "New SetDesiredCapacity value 9 is above max value 4",
        ),
        (
            lambda: scaling.delete_auto_scaling_group(AutoScalingGroupName="web"),
            "ResourceInUse",
            "while there are instances",
        ),
        (
            lambda: scaling.set_desired_capacity(AutoScalingGroupName="no", DesiredCapacity=1),
            "ValidationError",
            "name not found",
        ),
        (
            lambda: scaling.put_scaling_policy(
                AutoScalingGroupName="no",
                PolicyName="p",
                AdjustmentType="ChangeInCapacity",
                ScalingAdjustment=1,
            ),
            "ValidationError",
            "Group no not found",
        ),
    ):
        with pytest.raises(ClientError, match=text) as problem:
            call()
        assert problem.value.response["Error"]["Code"] == code


def test_a_group_is_deleted_with_its_instances(lab, scaling, ec2):
    group(scaling)
    lab.advance(minutes=1)
    mine = members(scaling)
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    lab.advance(minutes=1)
    left = ec2.describe_instances(InstanceIds=mine)["Reservations"]
    assert {i["State"]["Name"] for r in left for i in r["Instances"]} == {"terminated"}


def test_a_launch_template_brings_version_tags_and_monitoring(lab, ec2, scaling):
    made = ec2.create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={"ImageId": "ami-0abc", "InstanceType": "t3.small"},
    )["LaunchTemplate"]
    ec2.create_launch_template_version(
        LaunchTemplateId=made["LaunchTemplateId"],
        LaunchTemplateData={"ImageId": "ami-0abc", "InstanceType": "t3.large"},
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "2"},
        MinSize=1,
        MaxSize=1,
        AvailabilityZones=ZONES,
    )
    lab.advance(minutes=1)
    (one,) = told(scaling)["Instances"]
    found = ec2.describe_instances(InstanceIds=[one["InstanceId"]])["Reservations"][0]["Instances"]
    assert found[0]["InstanceType"] == "t3.large"
    assert found[0]["Monitoring"]["State"] == "disabled"


def test_who_may_change_a_group(lab, scaling):
    group(scaling)
    only_web = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "autoscaling:SetDesiredCapacity",
                "Resource": "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:"
                "autoScalingGroupName/web",
            }
        ],
    }
    theirs = lab.user("anna", only_web).client("autoscaling")
    theirs.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    with pytest.raises(ClientError, match="autoScalingGroupName/api"):
        theirs.set_desired_capacity(AutoScalingGroupName="api", DesiredCapacity=3)
    with pytest.raises(ClientError, match="not authorized to perform: autoscaling:Describe"):
        theirs.describe_auto_scaling_groups()


# -- hooks ----------------------------------------------------------------------------------------
def hook(scaling, transition="LAUNCHING", **more):
    scaling.put_lifecycle_hook(
        AutoScalingGroupName="web",
        LifecycleHookName="h",
        LifecycleTransition=f"autoscaling:EC2_INSTANCE_{transition}",
        HeartbeatTimeout=300,
        **more,
    )


def test_a_hook_holds_a_new_instance(lab, scaling, events):
    group(scaling, desired=1)
    lab.advance(minutes=1)
    hook(scaling)
    del events[:]
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    lab.advance(minutes=1)
    assert states(scaling) == ["InService", "Pending:Wait"]
    (event,) = events
    assert event["detail_type"] == "EC2 Instance-launch Lifecycle Action"
    assert event["detail"]["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_LAUNCHING"
    scaling.complete_lifecycle_action(
        AutoScalingGroupName="web",
        LifecycleHookName="h",
        LifecycleActionToken=event["detail"]["LifecycleActionToken"],
        LifecycleActionResult="CONTINUE",
    )
    assert states(scaling) == ["InService", "InService"]


def test_a_hook_that_nobody_answers_abandons_and_another_is_started(lab, scaling):
    group(scaling, desired=1, low=0)
    hook(scaling)
    lab.advance(minutes=1)
    (held,) = members(scaling)
    lab.advance(minutes=4)
    scaling.record_lifecycle_action_heartbeat(
        AutoScalingGroupName="web", LifecycleHookName="h", InstanceId=held
    )
    lab.advance(minutes=4)
    assert members(scaling) == [held]
    lab.advance(minutes=2)
    assert held not in members(scaling) and states(scaling) == ["Pending:Wait"]


def test_a_hook_holds_an_instance_on_its_way_out(lab, scaling, ec2):
    group(scaling)
    lab.advance(minutes=1)
    hook(scaling, "TERMINATING", DefaultResult="CONTINUE")
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    lab.advance(minutes=2)
    assert states(scaling) == ["InService", "Terminating:Wait"]
    lab.advance(minutes=4)
    assert states(scaling) == ["InService"]


# -- metrics --------------------------------------------------------------------------------------
def test_the_metrics_of_a_group_come_each_minute_while_enabled(lab, scaling, cloudwatch):
    group(scaling)
    lab.advance(minutes=2)
    scaling.enable_metrics_collection(AutoScalingGroupName="web", Granularity="1Minute")
    assert len(told(scaling)["EnabledMetrics"]) == 8
    lab.advance(minutes=3)

    def points(name):
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/AutoScaling",
            MetricName=name,
            Dimensions=[{"Name": "AutoScalingGroupName", "Value": "web"}],
            StartTime=lab.start,
            EndTime=lab.now,
            Period=60,
            Statistics=["Average"],
        )["Datapoints"]
        return [one["Average"] for one in sorted(found, key=lambda one: one["Timestamp"])]

    assert points("GroupInServiceInstances") == [2.0, 2.0, 2.0]
    scaling.disable_metrics_collection(AutoScalingGroupName="web", Metrics=["GroupMinSize"])
    lab.advance(minutes=2)
    assert len(points("GroupMinSize")) == 3 and len(points("GroupMaxSize")) == 5
    scaling.disable_metrics_collection(AutoScalingGroupName="web")
    lab.advance(minutes=2)
    assert len(points("GroupMaxSize")) == 5
    assert not [e for e in lab.world.clock.pending() if "autoscaling" in json.dumps(e)]


def test_a_launch_template_gives_its_instance_profile(lab):
    """moto's groups forget it; a profile that is not there fails the launch, as in AWS."""
    lab.client("ec2").create_launch_template(
        LaunchTemplateName="with-profile",
        LaunchTemplateData={
            "ImageId": "ami-0c55b159cbfafe1f0",
            "InstanceType": "t3.micro",
            "IamInstanceProfile": {"Name": "web"},
        },
    )
    scaling = lab.client("autoscaling")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="profiled", MinSize=1, MaxSize=1, DesiredCapacity=1,
        LaunchTemplate={"LaunchTemplateName": "with-profile"}, AvailabilityZones=["us-east-1a"],
    )  # fmt: skip
    lab.advance(seconds=30)
    assert lab.client("ec2").describe_instances()["Reservations"] == []
    (activity,) = scaling.describe_scaling_activities()["Activities"]
    assert activity["StatusCode"] == "Failed"
    lab.client("iam").create_instance_profile(InstanceProfileName="web")
    lab.advance(minutes=5)
    (reservation,) = lab.client("ec2").describe_instances()["Reservations"]
    assert reservation["Instances"][0]["IamInstanceProfile"]["Arn"].endswith(
        ":instance-profile/web"
    )
