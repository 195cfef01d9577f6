"""Log files of the lab's machines: sent by an agent that runs, may and was told to."""

import json

import pytest

from labkit.agents.hosted_logs import _pattern
from labkit.core.errors import LabError

POLICY = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
APP = "/var/log/app.log"


def config(*entries):
    return {"logs": {"logs_collected": {"files": {"collect_list": list(entries)}}}}


def entry(path=APP, group="app", **more):
    return {"file_path": path, "log_group_name": group, **more}


@pytest.fixture
def web(lab):
    """A machine whose role may publish."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"Service": "ec2.amazonaws.com"}}  # fmt: skip
    iam = lab.client("iam")
    iam.create_role(
        RoleName="web",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    iam.attach_role_policy(RoleName="web", PolicyArn=POLICY)
    made = lab.client("ec2").run_instances(
        ImageId="ami-0", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "web"}
    )
    lab.advance(minutes=1)
    return made["Instances"][0]["InstanceId"]


def stored(lab, group="app"):
    logs = lab.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    events = logs.filter_log_events(logGroupName=group)["events"]
    return [(event["logStreamName"], event["message"]) for event in events]


def test_lines_wait_in_the_file_until_an_agent_sends_them(lab, web):
    lab.fleet.write_log(web, APP, "one", "two")
    lab.advance(minutes=1)
    assert stored(lab) == []
    lab.fleet.agent(web, config(entry(retention_in_days=7)))
    lab.advance(seconds=11)
    assert stored(lab) == [(web, "one"), (web, "two")]
    assert lab.client("logs").describe_log_groups()["logGroups"][0]["retentionInDays"] == 7
    lab.fleet.write_log(web, "/var/log/other.log", "nobody follows")
    lab.fleet.write_log(web, APP, "three")
    lab.advance(minutes=1)
    assert stored(lab)[2:] == [(web, "three")]
    assert lab.replay().digest() == lab.digest()


def test_nothing_while_the_agent_or_its_machine_is_stopped(lab, web):
    lab.fleet.agent(web, config(entry()))
    lab.fleet.agent(web, None)
    lab.fleet.write_log(web, APP, "one")
    lab.advance(minutes=1)
    assert stored(lab) == []
    lab.fleet.agent(web, config(entry()))
    lab.advance(minutes=1)
    ec2 = lab.client("ec2")
    ec2.stop_instances(InstanceIds=[web])
    lab.advance(minutes=2)
    lab.fleet.write_log(web, APP, "two")
    lab.advance(minutes=2)
    assert stored(lab) == [(web, "one")]
    ec2.start_instances(InstanceIds=[web])
    lab.advance(minutes=2)
    assert stored(lab) == [(web, "one"), (web, "two")]  # it went on where it was
    ec2.terminate_instances(InstanceIds=[web])
    lab.advance(minutes=2)
    lab.fleet.write_log(web, APP, "three")
    lab.advance(minutes=2)
    assert len(stored(lab)) == 2


def test_a_role_that_may_not_keeps_the_lines_and_the_agents_log_says_why(lab, web):
    iam = lab.client("iam")
    iam.detach_role_policy(RoleName="web", PolicyArn=POLICY)
    lab.fleet.agent(web, config(entry()))
    lab.fleet.write_log(web, APP, "kept")
    lab.advance(minutes=3)
    assert stored(lab) == []
    assert "logs:CreateLogGroup" in lab.fleet.agent_log(web)[-1]
    may = {"Effect": "Allow", "Resource": "*",
           "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]}  # fmt: skip
    iam.put_role_policy(
        RoleName="web", PolicyName="write",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}),
    )  # fmt: skip
    lab.advance(minutes=2)
    assert stored(lab) == []  # it may write, but not make the group
    lab.client("logs").create_log_group(logGroupName="app")
    lab.advance(minutes=2)
    assert stored(lab) == [(web, "kept")]


def test_stamps_events_of_several_lines_and_a_rotation(lab, web):
    form = "%Y-%m-%d %H:%M:%S"
    lab.fleet.agent(
        web,
        config(
            entry(
                timestamp_format=form, timezone="UTC", log_stream_name="{instance_id}-app",
                multi_line_start_pattern="{timestamp_format}",
            )
        ),
    )  # fmt: skip
    lab.fleet.write_log(web, APP, "2026-01-05 08:30:00 ERROR broken", "Traceback", "  KeyError")
    lab.advance(seconds=6)
    lab.fleet.write_log(web, APP, "2026-01-05 08:31:00 well", rotate=True)
    lab.advance(minutes=1)
    events = lab.client("logs").filter_log_events(logGroupName="app")["events"]
    assert [(e["logStreamName"], e["message"]) for e in events] == [
        (f"{web}-app", "2026-01-05 08:30:00 ERROR broken\nTraceback\n  KeyError"),
        (f"{web}-app", "2026-01-05 08:31:00 well"),
    ]
    assert events[1]["timestamp"] - events[0]["timestamp"] == 60_000


def test_what_is_not_there_is_refused(lab, web):
    with pytest.raises(LabError, match="no instance i-0"):
        lab.fleet.write_log("i-0", APP, "x")
    with pytest.raises(LabError, match="absolute path"):
        lab.fleet.write_log(web, "app.log", "x")


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("/var/log/*.log", "/var/log/a.log", True),
        ("/var/log/*.log", "/var/log/deep/a.log", False),
        ("/var/log/**.log", "/var/log/deep/a.log", True),
        ("/var/log/**/app?.log", "/var/log/deep/app1.log", True),
        ("/var/log/a.log", "/var/log/a-log", False),
        ("/var/log/[ab].log", "/var/log/b.log", True),
    ],
)
def test_patterns_of_files(glob, path, fits):
    assert bool(_pattern(glob).fullmatch(path)) is fits
