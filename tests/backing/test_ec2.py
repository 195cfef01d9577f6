"""Instances live on the lab's clock."""

import pytest
from backing_bench import ACCOUNT, OTHER, REGION, START
from botocore.exceptions import ClientError

from labkit.backing.ec2 import STATE_CODES
from labkit.core.clock import SECOND


def run(bench, count=1, **more):
    made = bench.client("ec2").run_instances(
        **{
            "ImageId": "ami-0123456789abcdef0",
            "InstanceType": "t3.micro",
            "MinCount": count,
            "MaxCount": count,
            **more,
        }
    )["Instances"]
    ids = [one["InstanceId"] for one in made]
    return ids[0] if count == 1 else ids


def describe(bench, instance_id):
    answer = bench.client("ec2").describe_instances(InstanceIds=[instance_id])
    return answer["Reservations"][0]["Instances"][0]


def states(bench):
    return [
        (round((fact.at_us - START) / SECOND, 3), fact.data["previous_state"], fact.data["state"])
        for fact in bench.facts_of("instance.state")
    ]


def test_a_life_as_a_timeline(bench):
    ec2 = bench.client("ec2")
    instance_id = run(bench)  # at 0.001
    bench.advance(60)
    ec2.stop_instances(InstanceIds=[instance_id])
    bench.advance(60)
    ec2.start_instances(InstanceIds=[instance_id])
    bench.advance(60)
    ec2.reboot_instances(InstanceIds=[instance_id])
    bench.advance(10)
    ec2.terminate_instances(InstanceIds=[instance_id])
    bench.advance(60)
    assert states(bench) == [
        (0.001, "", "pending"),
        (15.001, "pending", "running"),
        (60.002, "running", "stopping"),
        (80.002, "stopping", "stopped"),
        (120.003, "stopped", "pending"),
        (135.003, "pending", "running"),
        (180.004, "running", "running"),
        (190.005, "running", "shutting-down"),
        (205.005, "shutting-down", "terminated"),
    ]


def test_what_describe_says_on_the_way(bench):
    ec2 = bench.client("ec2")
    instance_id = run(bench)

    def shown():
        found = describe(bench, instance_id)
        return found["State"], found.get("StateReason"), found["StateTransitionReason"]

    assert shown() == (
        {"Code": 0, "Name": "pending"},
        {"Code": "pending", "Message": "pending"},
        "",
    )
    bench.advance(15)
    assert shown() == ({"Code": 16, "Name": "running"}, None, "")
    ec2.stop_instances(InstanceIds=[instance_id])
    by_user = {
        "Code": "Client.UserInitiatedShutdown",
        "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
    }
    when = "User initiated (2026-01-05 09:00:15 GMT)"
    assert shown() == ({"Code": 64, "Name": "stopping"}, by_user, when)
    bench.advance(20)
    assert shown() == ({"Code": 80, "Name": "stopped"}, by_user, when)
    ec2.terminate_instances(InstanceIds=[instance_id])
    assert shown()[0] == {"Code": 32, "Name": "shutting-down"}
    bench.advance(15)
    assert shown()[0] == {"Code": 48, "Name": "terminated"}
    bench.advance(3600)
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        describe(bench, instance_id)
    assert STATE_CODES["running"] == 16


def test_the_fact_of_a_state(bench):
    instance_id = run(
        bench,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}],
    )
    (fact,) = bench.facts_of("instance.state")
    assert (fact.account, fact.region, fact.at_us) == (ACCOUNT, REGION, START + 1000)
    assert fact.data == {
        "instance_id": instance_id,
        "state": "pending",
        "previous_state": "",
        "instance_type": "t3.micro",
        "image_id": "ami-0123456789abcdef0",
        "launched_us": START,  # EC2 tells whole seconds
        "tags": {"Name": "web"},
    }
    assert int(describe(bench, instance_id)["LaunchTime"].timestamp()) == START // SECOND


def test_a_start_is_a_new_launch_and_brings_another_address(bench):
    ec2 = bench.client("ec2")
    instance_id = run(bench)
    bench.advance(20)
    before = describe(bench, instance_id)
    ec2.stop_instances(InstanceIds=[instance_id])
    bench.advance(100)
    assert "PublicIpAddress" not in describe(bench, instance_id)
    ec2.start_instances(InstanceIds=[instance_id])
    after = describe(bench, instance_id)
    assert (after["LaunchTime"] - before["LaunchTime"]).total_seconds() == 120
    assert after["PublicIpAddress"] != before["PublicIpAddress"]
    assert after["PrivateIpAddress"] == before["PrivateIpAddress"]


def test_answers_tell_the_real_states(bench):
    ec2 = bench.client("ec2")
    instance_id = run(bench)
    bench.advance(15)

    def change(answer, member):
        (one,) = answer[member]
        return one["PreviousState"]["Name"], one["CurrentState"]["Name"]

    ids = {"InstanceIds": [instance_id]}
    assert change(ec2.start_instances(**ids), "StartingInstances") == ("running", "running")
    assert change(ec2.stop_instances(**ids), "StoppingInstances") == ("running", "stopping")
    assert change(ec2.stop_instances(**ids), "StoppingInstances") == ("stopping", "stopping")
    bench.advance(20)
    assert change(ec2.stop_instances(**ids), "StoppingInstances") == ("stopped", "stopped")
    assert change(ec2.start_instances(**ids), "StartingInstances") == ("stopped", "pending")
    ended = change(ec2.terminate_instances(**ids), "TerminatingInstances")
    assert ended == ("pending", "shutting-down")
    bench.advance(15)
    ended = change(ec2.terminate_instances(**ids), "TerminatingInstances")
    assert ended == ("terminated", "terminated")
    assert len(states(bench)) == 7  # nothing happened twice


def test_a_transition_that_was_overtaken_does_not_happen(bench):
    ec2 = bench.client("ec2")
    instance_id = run(bench)
    bench.advance(5)
    ec2.terminate_instances(InstanceIds=[instance_id])  # while pending
    bench.advance(600)
    assert [state for _, _, state in states(bench)] == ["pending", "shutting-down", "terminated"]
    stopped = run(bench)
    bench.advance(15)
    ec2.stop_instances(InstanceIds=[stopped])
    bench.advance(10)
    ec2.terminate_instances(InstanceIds=[stopped])
    bench.advance(600)
    assert [state for _, _, state in states(bench)][3:] == [
        "pending",
        "running",
        "stopping",
        "shutting-down",
        "terminated",
    ]


@pytest.mark.parametrize(
    ("first", "action", "code"),
    [
        ("run", "stop", "IncorrectInstanceState"),
        ("run", "reboot", "IncorrectState"),
        ("stop", "start", "IncorrectInstanceState"),
        ("stop", "reboot", "IncorrectState"),
        ("terminate", "start", "IncorrectInstanceState"),
        ("terminate", "stop", "IncorrectInstanceState"),
    ],
)
def test_a_wrong_state_is_refused_for_all_or_none(bench, first, action, code):
    ec2 = bench.client("ec2")
    fine, wrong = run(bench), run(bench)
    bench.advance(20)
    if first == "run":
        wrong = run(bench)  # pending
    else:
        getattr(ec2, f"{first}_instances")(InstanceIds=[wrong])
    told = len(states(bench))
    with pytest.raises(ClientError) as caught:
        getattr(ec2, f"{action}_instances")(InstanceIds=[fine, wrong])
    error = caught.value.response["Error"]
    assert error["Code"] == code and wrong in error["Message"]
    assert len(states(bench)) == told


def test_as_many_as_asked_for_in_the_default_network(bench):
    made = bench.client("ec2").run_instances(ImageId="ami-0", MinCount=1, MaxCount=3)["Instances"]
    assert len(made) == 3
    vpcs = bench.client("ec2").describe_vpcs()["Vpcs"]
    subnets = bench.client("ec2").describe_subnets()["Subnets"]
    assert [vpc["CidrBlock"] for vpc in vpcs] == ["172.31.0.0/16"]
    assert vpcs[0]["IsDefault"] and all(subnet["DefaultForAz"] for subnet in subnets)
    for one in made:
        assert one["PrivateIpAddress"].startswith("172.31.")
        assert one["VpcId"] == vpcs[0]["VpcId"]
        assert [group["GroupName"] for group in one["SecurityGroups"]] == ["default"]
        assert one["State"]["Name"] == "pending"
    zone = f"{REGION}b"
    placed = run(bench, Placement={"AvailabilityZone": zone})
    assert describe(bench, placed)["Placement"]["AvailabilityZone"] == zone


def test_a_terminated_machine_gives_its_address_back(bench):
    ec2 = bench.client("ec2")

    def free():
        return [s["AvailableIpAddressCount"] for s in ec2.describe_subnets()["Subnets"]]

    before = free()
    ids = run(bench, count=3)
    assert sum(before) - sum(free()) == 3
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 3
    bench.advance(15)
    ec2.terminate_instances(InstanceIds=ids)
    assert free() == before
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_monitoring_is_told_when_it_changes(bench):
    ec2 = bench.client("ec2")
    instance_id = run(bench)
    ids = {"InstanceIds": [instance_id]}

    def switch(method):
        (one,) = getattr(ec2, method)(**ids)["InstanceMonitorings"]
        assert one["InstanceId"] == instance_id
        return one["Monitoring"]["State"]

    assert describe(bench, instance_id)["Monitoring"]["State"] == "disabled"
    assert switch("monitor_instances") == "pending"
    assert switch("monitor_instances") == "enabled"
    assert describe(bench, instance_id)["Monitoring"]["State"] == "enabled"
    assert switch("unmonitor_instances") == "disabling"
    assert switch("unmonitor_instances") == "disabled"
    told = [dict(fact.data) for fact in bench.facts_of("instance.monitoring")]
    assert told == [
        {"instance_id": instance_id, "monitoring": "detailed"},
        {"instance_id": instance_id, "monitoring": "basic"},
    ]
    from_the_start = run(bench, Monitoring={"Enabled": True})
    assert bench.facts_of("instance.monitoring")[-1].data["instance_id"] == from_the_start
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        ec2.monitor_instances(InstanceIds=["i-0123456789abcdef0"])


def test_status_checks_take_two_minutes(bench):
    ec2 = bench.client("ec2")
    instance_id = run(bench)

    def checks():
        found = ec2.describe_instance_status(InstanceIds=[instance_id])["InstanceStatuses"]
        return [(one["InstanceStatus"]["Status"], one["SystemStatus"]["Status"]) for one in found]

    assert checks() == []  # only running ones are shown
    bench.advance(15)
    assert checks() == [("initializing", "initializing")]
    bench.advance(119)
    assert checks() == [("initializing", "initializing")]
    bench.advance(1)
    assert checks() == [("ok", "ok")]


def test_images_are_few_believable_and_any_other_is_taken(bench):
    ec2 = bench.client("ec2")
    images = ec2.describe_images(Owners=["amazon"])["Images"]
    names = " ".join(image["Name"] for image in images)
    assert len(images) < 10 and "al2023-ami" in names and "ubuntu-noble" in names
    linux = next(
        image
        for image in images
        if image["Name"].startswith("al2023") and image["Architecture"] == "x86_64"
    )
    made = describe(bench, run(bench, ImageId=linux["ImageId"]))
    assert made["RootDeviceName"] == "/dev/xvda" and made["VirtualizationType"] == "hvm"
    assert (
        describe(bench, run(bench, ImageId="ami-0feedfacefeedface"))["State"]["Name"] == "pending"
    )
    elsewhere = bench.client("ec2", region="eu-west-1").describe_images(Owners=["amazon"])["Images"]
    assert {i["Name"] for i in elsewhere} == {i["Name"] for i in images}
    assert not {i["ImageId"] for i in elsewhere} & {i["ImageId"] for i in images}


def test_a_client_token_of_boto3s_making_is_not_shown(make_bench):
    tokens = [describe(b, run(b))["ClientToken"] for b in (make_bench(), make_bench())]
    assert tokens[0] == tokens[1]
    bench = make_bench()
    assert describe(bench, run(bench, ClientToken="my-own"))["ClientToken"] == "my-own"


def test_models_are_hooked_and_not_operations(bench):
    """Auto Scaling and fleets launch and terminate below the dispatch."""
    with bench.world.working():
        backend = bench.world.backend("ec2", OTHER, "eu-west-1")
        reservation = backend.run_instances(
            "ami-0",
            2,
            None,
            [],
            instance_type="t3.nano",
            is_instance_type_default=False,
            region_name="eu-west-1",
            tags={"instance": {"made-by": "scaling"}},
        )
        ids = [instance.id for instance in reservation.instances]
    bench.advance(15)
    with bench.world.working():
        backend.terminate_instances(ids[:1])
    told = [
        (fact.account, fact.region, fact.data["instance_id"], fact.data["state"])
        for fact in bench.facts_of("instance.state")
    ]
    there = (OTHER, "eu-west-1")
    assert told == [
        (*there, ids[0], "pending"),
        (*there, ids[1], "pending"),
        (*there, ids[0], "running"),
        (*there, ids[1], "running"),
        (*there, ids[0], "shutting-down"),
    ]
    assert bench.facts_of("instance.state")[0].data["tags"] == {"made-by": "scaling"}


def test_an_alarm_can_act_on_an_instance(bench):
    instance_id = run(bench)
    bench.advance(15)
    act = bench.ec2.act
    assert act(ACCOUNT, REGION, instance_id, "reboot").ok
    assert act(ACCOUNT, REGION, instance_id, "recover").ok
    assert act(ACCOUNT, REGION, instance_id, "stop").ok
    refused = act(ACCOUNT, REGION, instance_id, "reboot")
    assert (refused.ok, refused.code, refused.retryable) == (False, "IncorrectState", False)
    assert act(ACCOUNT, REGION, instance_id, "terminate").ok
    assert act(ACCOUNT, REGION, "i-0", "stop").code.startswith("InvalidInstanceID")
    assert act(ACCOUNT, REGION, instance_id, "paint").code == "UnsupportedAction"
    assert [state for _, _, state in states(bench)] == [
        "pending",
        "running",
        "running",
        "running",
        "stopping",
        "shutting-down",
    ]


def test_looking_without_a_call(bench):
    instance_id = run(bench, Monitoring={"Enabled": True})
    before = bench.clock.now_us
    (seen,) = bench.ec2.instances(ACCOUNT, REGION)
    assert seen["instance_id"] == instance_id and seen["monitoring"] == "detailed"
    assert (seen["state"], seen["launched_us"]) == ("pending", START)
    assert bench.clock.now_us == before


def test_a_dry_run_changes_nothing(bench):
    with pytest.raises(ClientError, match="DryRunOperation"):
        run(bench, DryRun=True)
    instance_id = run(bench)
    with pytest.raises(ClientError, match="DryRunOperation"):
        bench.client("ec2").terminate_instances(InstanceIds=[instance_id], DryRun=True)
    assert [state for _, _, state in states(bench)] == ["pending"]


def test_unknown_ids_are_named_in_the_order_given(bench):
    wrong = ["i-0fedcba9876543210", "i-0123456789abcdef0"]
    with pytest.raises(ClientError) as caught:
        bench.client("ec2").describe_instances(InstanceIds=wrong)
    message = caught.value.response["Error"]["Message"]
    assert message.index(wrong[0]) < message.index(wrong[1])


def test_all_instances_of_a_call_have_its_profile(lab, ec2):
    """moto gives it to the first one alone."""
    lab.client("iam").create_instance_profile(InstanceProfileName="web")
    ec2.run_instances(
        ImageId="ami-0c55b159cbfafe1f0", InstanceType="t3.micro", MinCount=3, MaxCount=3,
        IamInstanceProfile={"Name": "web"},
    )  # fmt: skip
    found = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert len({one["InstanceId"] for one in found}) == 3
