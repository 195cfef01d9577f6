"""Agents on the lab's machines: names, units, dimensions, permission, life, bill, replay."""

import json

import pytest
from timeline import Timeline, exactly, state

import labkit
from labkit.agents.problems import ConfigError
from labkit.core.errors import LabError
from labkit.workloads.incidents import Incident

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
POLICY = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
BY_ID = {"InstanceId": "${aws:InstanceId}"}


def role(lab, *, allowed=True):
    iam = lab.client("iam")
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    if allowed:
        iam.attach_role_policy(RoleName="web", PolicyArn=POLICY)


def launch(lab, **more):
    answer = lab.client("ec2").run_instances(
        ImageId="ami-0c55b159cbfafe1f0", InstanceType="t3.micro", MinCount=1, MaxCount=1, **more
    )
    lab.advance(minutes=1)
    return answer["Instances"][0]["InstanceId"]


@pytest.fixture
def web(lab):
    role(lab)
    return launch(lab, IamInstanceProfile={"Name": "web"})


def config(measurement=("used_percent",), section="mem", body=None, **metrics):
    return {
        "metrics": {
            "metrics_collected": {section: {"measurement": list(measurement), **(body or {})}},
            **metrics,
        }
    }


def listed(lab, namespace="CWAgent"):
    return [
        (one["MetricName"], {d["Name"]: d["Value"] for d in one["Dimensions"]})
        for one in lab.client("cloudwatch").list_metrics(Namespace=namespace)["Metrics"]
    ]


def read(lab, name, period=60, stat="Average", **dimensions):
    answer = lab.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {
                "Id": "m",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "CWAgent",
                        "MetricName": name,
                        "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
                    },
                    "Period": period,
                    "Stat": stat,
                },
            }
        ],
        StartTime=lab.start,
        EndTime=lab.now,
        ScanBy="TimestampAscending",
    )["MetricDataResults"][0]
    return [f"{at:%H:%M:%S}" for at in answer["Timestamps"]], answer["Values"]


def alarm(lab, name="mem", metric="mem_used_percent", limit=85, **dimensions):
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="CWAgent",
        MetricName=metric,
        Dimensions=[{"Name": n, "Value": v} for n, v in dimensions.items()],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=limit,
        ComparisonOperator="GreaterThanThreshold",
    )


def state_of(lab, name="mem"):
    answer = lab.client("cloudwatch").describe_alarms(AlarmNames=[name])
    return answer["MetricAlarms"][0]["StateValue"]


def test_without_appending_it_is_the_host_alone(lab, web):
    lab.fleet.agent(web, config())
    lab.advance(minutes=3)
    ((name, dimensions),) = listed(lab)
    assert name == "mem_used_percent"
    assert list(dimensions) == ["host"]
    assert dimensions["host"].startswith("ip-172-31-")
    times, values = read(lab, name, **dimensions)
    assert times == ["09:01:00", "09:02:00", "09:03:00"]
    assert all(30 < value < 50 for value in values)


def test_appended_dimensions_come_from_ec2(lab, web):
    given = {k: f"${{aws:{k}}}" for k in ("InstanceId", "ImageId", "InstanceType")}
    given["AutoScalingGroupName"] = "${aws:AutoScalingGroupName}"
    lab.fleet.agent(web, config(append_dimensions=given))
    lab.advance(minutes=2)
    ((_, dimensions),) = listed(lab)  # it is in no group, so there is no such dimension
    assert dimensions == {
        "InstanceId": web, "ImageId": "ami-0c55b159cbfafe1f0", "InstanceType": "t3.micro",
    }  # fmt: skip


def test_a_roll_up_holds_every_figure_of_its_parts(lab, web):
    body = {"resources": ["/", "/var"]}
    lab.fleet.agent(
        web,
        config(section="disk", body=body, append_dimensions=BY_ID,
               aggregation_dimensions=[["InstanceId"]]),
    )  # fmt: skip
    lab.advance(minutes=3)
    assert len(listed(lab)) == 3
    assert read(lab, "disk_used_percent", stat="SampleCount", InstanceId=web)[1] == [2, 2, 2]
    _, worst = read(lab, "disk_used_percent", stat="Maximum", InstanceId=web)
    assert worst[0] == pytest.approx(44, abs=1)


def test_disk_without_resources_is_every_file_system(lab, web):
    lab.fleet.agent(web, config(section="disk"))
    lab.advance(minutes=2)
    types = {dimensions["fstype"] for _, dimensions in listed(lab)}
    assert {"tmpfs", "overlay", "squashfs", "xfs"} <= types
    lab.fleet.agent(
        web,
        config(
            section="disk",
            body={"ignore_file_system_types": ["tmpfs", "devtmpfs", "squashfs", "overlay", "vfat"]},
            namespace="Kept",
        ),
    )
    lab.advance(minutes=2)
    assert {one["path"] for _, one in listed(lab, "Kept")} == {"/", "/var"}


@pytest.mark.parametrize("section", ["cpu", "disk", "diskio", "mem", "net", "netstat", "swap"])
def test_units_and_every_figure(lab, web, section):
    from labkit.agents.catalogue import KINDS

    lab.fleet.agent(web, config(KINDS[section].units, section))
    lab.advance(minutes=4)
    store = lab.cloudwatch.store(lab.account, lab.region)
    seen = {}
    for series in lab.cloudwatch.series(store, lab.world.clock.now_us, 0):
        if series.namespace == "CWAgent":
            seen[series.name] = lab.cloudwatch.units(store, series)
    assert seen == {f"{section}_{f}": [unit] for f, unit in KINDS[section].units.items()}


def test_an_interval_of_ten_seconds(lab, web):
    document = config(append_dimensions=BY_ID)
    document["agent"] = {"metrics_collection_interval": 10}
    lab.fleet.agent(web, document)
    lab.advance(minutes=1)
    times, _ = read(lab, "mem_used_percent", 10, InstanceId=web)
    assert times[:3] == ["09:01:00", "09:01:10", "09:01:20"]
    assert read(lab, "mem_used_percent", 60, "SampleCount", InstanceId=web)[1] == [6]


def test_a_leak_is_seen_from_inside_and_from_outside_it_is_not(lab, web):
    lab.fleet.base(web, 4)
    lab.fleet.agent(web, config(append_dimensions=BY_ID))
    alarm(lab, InstanceId=web)
    lab.fleet.fill_memory(web, 97, start=lab.start.replace(minute=10), over=20)
    story = Timeline(lab)
    story.want(exactly("09:26:00"), state("mem", "ALARM"))
    story.play(until=60)
    store = lab.cloudwatch.store(lab.account, lab.region)
    names = {s.name for s in lab.cloudwatch.series(store, lab.world.clock.now_us, 0)
             if s.namespace == "AWS/EC2"}  # fmt: skip
    assert not any("mem" in name.lower() or "disk_used" in name for name in names)


def test_one_thing_leads_to_another(lab, web):
    sections = {
        "mem": {"measurement": ["used_percent"]},
        "swap": {"measurement": ["used_percent"]},
        "processes": {"measurement": ["blocked"]},
        "cpu": {"measurement": ["usage_iowait"]},
        "netstat": {"measurement": ["tcp_close_wait"]},
    }
    document = {"metrics": {"metrics_collected": sections, "append_dimensions": BY_ID}}
    lab.fleet.agent(web, document)
    lab.fleet.fill_memory(web, 98, over=30)
    lab.advance(minutes=60)
    for name, more in (
        ("mem_used_percent", {}), ("swap_used_percent", {}), ("processes_blocked", {}),
        ("netstat_tcp_close_wait", {}), ("cpu_usage_iowait", {"cpu": "cpu-total"}),
    ):  # fmt: skip
        values = read(lab, name, InstanceId=web, **more)[1]
        assert values[-1] > values[0] + 5, name


def test_a_disk_fills_where_the_path_lies(lab, web):
    lab.fleet.agent(web, config(section="disk", body={"resources": ["/", "/var"]}))
    lab.fleet.fill_disk(web, 100, "/var/log/nginx", over=10)
    lab.advance(minutes=20)
    last = {d["path"]: read(lab, "disk_used_percent", **d)[1][-1] for _, d in listed(lab)}
    assert last["/var"] == 100
    assert last["/"] < 35


# -- permission
def test_without_permission_nothing_arrives_and_its_own_log_says_why(lab):
    role(lab, allowed=False)
    machine = launch(lab, IamInstanceProfile={"Name": "web"})
    lab.fleet.agent(machine, config(append_dimensions=BY_ID))
    alarm(lab, InstanceId=machine, limit=10)
    lab.advance(minutes=5)
    assert listed(lab) == []
    log = str(lab.fleet.agent_log(machine))
    assert log.count("E! cloudwatch: code: AccessDenied") == 5
    assert "is not authorized to perform: cloudwatch:PutMetricData" in log
    lab.client("iam").attach_role_policy(RoleName="web", PolicyArn=POLICY)
    lab.advance(minutes=5)
    assert state_of(lab) == "ALARM"
    times, _ = read(lab, "mem_used_percent", InstanceId=machine)
    assert times[0] == "09:06:00"
    lab.client("iam").detach_role_policy(RoleName="web", PolicyArn=POLICY)
    lab.advance(minutes=5)
    assert len(read(lab, "mem_used_percent", InstanceId=machine)[0]) == len(times)


def test_a_profile_that_comes_later(lab):
    machine = launch(lab)
    lab.fleet.agent(machine, config())
    lab.advance(minutes=2)
    assert "no EC2 instance role found" in str(lab.fleet.agent_log(machine))
    role(lab)
    lab.client("ec2").associate_iam_instance_profile(
        IamInstanceProfile={"Name": "web"}, InstanceId=machine
    )
    lab.advance(minutes=2)
    assert len(listed(lab)) == 1


# -- life
def test_it_runs_while_its_machine_runs(lab, web):
    lab.fleet.agent(web, config(append_dimensions=BY_ID))
    lab.run_until("09:05")
    lab.client("ec2").stop_instances(InstanceIds=[web])
    lab.run_until("09:10")
    lab.client("ec2").start_instances(InstanceIds=[web])
    lab.run_until("09:14")
    times, _ = read(lab, "mem_used_percent", InstanceId=web)
    assert times == [f"09:0{m}:00" for m in (1, 2, 3, 4)] + [f"09:{m}:00" for m in (10, 11, 12, 13)]
    assert str(lab.fleet.agent_log(web)).count("Starting") == 2


def test_a_restart_frees_the_memory_and_not_the_disk(lab, web):
    sections = {"mem": {"measurement": ["used_percent"]},
                "disk": {"measurement": ["used_percent"], "resources": ["/var"]}}  # fmt: skip
    document = {"metrics": {"metrics_collected": sections, "append_dimensions": BY_ID}}
    lab.fleet.agent(web, document)
    lab.fleet.fill_memory(web, 95)
    lab.fleet.fill_disk(web, 95, "/var")
    lab.advance(minutes=3)
    lab.client("ec2").stop_instances(InstanceIds=[web])
    lab.advance(minutes=2)
    lab.client("ec2").start_instances(InstanceIds=[web])
    lab.advance(minutes=3)
    assert read(lab, "mem_used_percent", InstanceId=web)[1][-1] < 50
    disk = dict(path="/var", device="nvme1n1", fstype="xfs")
    assert read(lab, "disk_used_percent", InstanceId=web, **disk)[1][-1] > 94


def test_another_configuration_begins_where_the_old_one_ends(lab, web):
    lab.fleet.agent(web, config())
    lab.advance(minutes=3)
    lab.fleet.agent(web, config(append_dimensions=BY_ID))
    lab.advance(minutes=3)
    by = {tuple(d): read(lab, n, **d)[0] for n, d in listed(lab)}
    assert by[("host",)] == ["09:01:00", "09:02:00", "09:03:00"]
    assert by[("InstanceId",)] == ["09:04:00", "09:05:00", "09:06:00"]
    lab.fleet.agent(web, None)
    lab.advance(minutes=3)
    assert len(read(lab, "mem_used_percent", InstanceId=web)[0]) == 3


def test_a_groups_machines_have_it_from_the_start(lab):
    role(lab)
    lab.client("ec2").create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={
            "ImageId": "ami-0c55b159cbfafe1f0",
            "InstanceType": "t3.micro",
            "IamInstanceProfile": {"Name": "web"},
        },
    )
    scaling = lab.client("autoscaling")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web-asg", MinSize=1, MaxSize=2, DesiredCapacity=1,
        LaunchTemplate={"LaunchTemplateName": "web"}, AvailabilityZones=["us-east-1a"],
    )  # fmt: skip
    given = {"AutoScalingGroupName": "${aws:AutoScalingGroupName}", **BY_ID}
    lab.fleet.agent(
        "web-asg",
        config(append_dimensions=given, aggregation_dimensions=[["AutoScalingGroupName"]]),
    )
    alarm(lab, AutoScalingGroupName="web-asg")
    lab.advance(minutes=5)
    group = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    first = group["Instances"][0]["InstanceId"]
    assert read(lab, "mem_used_percent", AutoScalingGroupName="web-asg")[0]
    lab.client("ec2").terminate_instances(InstanceIds=[first])
    lab.advance(minutes=30)
    (second,) = [
        i["InstanceId"]
        for i in scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    ]
    assert second != first
    lab.fleet.fill_memory(second, 96)
    lab.advance(minutes=2)
    assert state_of(lab) == "ALARM"


# -- what it costs, and worlds
def test_what_it_publishes_is_charged_as_custom_metrics(lab, web):
    lab.fleet.agent(web, config(("used_percent", "used", "free"), append_dimensions=BY_ID))
    lab.run_until("11:00")
    used = {one.item: one.quantity for one in lab.parts.agents.usage(
        lab.world.clock.start_us, lab.world.clock.now_us)}  # fmt: skip
    assert used == {"cloudwatch.custom_metric": 6, "cloudwatch:PutMetricData": 119}
    hourly = {one.item: one.quantity for one in lab.parts.agents.per_hour(0)}
    assert hourly == {"cloudwatch.custom_metric": 3, "cloudwatch:PutMetricData": 60}
    assert "metric" in str(lab.bill(month=True))


def scenario(lab):
    role(lab)
    machine = launch(lab, IamInstanceProfile={"Name": "web"})
    lab.fleet.agent(machine, config(append_dimensions=BY_ID))
    alarm(lab, InstanceId=machine)
    lab.fleet.fill_memory(machine, 90, start=lab.start.replace(hour=12), over=30, minutes=300)
    return machine


def test_saved_opened_replayed(lab, tmp_path):
    machine = scenario(lab)
    lab.advance(hours=6)
    path = lab.save(tmp_path / "world.lab")
    with labkit.Lab.open(path) as opened:
        assert opened.digest() == lab.digest()
        assert read(opened, "mem_used_percent", InstanceId=machine) == read(
            lab, "mem_used_percent", InstanceId=machine
        )
    other = lab.replay(seed=7)
    assert not other.errors
    mine = read(lab, "mem_used_percent", InstanceId=machine)
    theirs = read(other, "mem_used_percent", InstanceId=machine)
    assert mine[0] == theirs[0]
    assert mine[1] != theirs[1]


def test_an_incident_befalls_a_replay(lab):
    machine = scenario(lab)
    lab.advance(hours=1)
    start = lab.start.replace(hour=9, minute=20)
    played = lab.replay(incidents=[Incident("memory", machine, start, None, 97)])
    played.run_until(lab.start.replace(hour=10, minute=30))
    assert state_of(lab) == "OK"
    assert state_of(played) == "ALARM"


def test_one_advance_equals_many():
    found = []
    for steps in (1, 60):
        with labkit.Lab() as lab:
            scenario(lab)
            for _ in range(steps):
                lab.advance(minutes=600 / steps)
            found.append(lab.digest())
    assert found[0] == found[1]


# -- what can't be
def test_what_is_wrong_is_told(lab, web):
    with pytest.raises(ConfigError, match=r"metrics_collected\.mem\.measurement: is required"):
        lab.fleet.agent(web, {"metrics": {"metrics_collected": {"mem": {}}}})
    with pytest.raises(LabError, match="there is no instance i-none"):
        lab.fleet.agent("i-none", config())
    with pytest.raises(LabError, match="no agent has run on"):
        lab.fleet.agent_log(web)
    with pytest.raises(LabError, match="percentage"):
        lab.fleet.fill_memory(web, 120)
    with pytest.raises(LabError, match="begins with /"):
        lab.fleet.fill_disk(web, 50, "var")
    with pytest.raises(LabError, match="over is in how many minutes"):
        lab.fleet.fill_memory(web, 50, over=-1)
