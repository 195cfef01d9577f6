"""As whom a daemon sends: roles and what they lack, its proxy, worlds played again."""

import json
import socket
import urllib.error
import urllib.request
from datetime import timedelta

import pytest

from labkit import Lab

ACTIONS = [
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
]


def policy(actions=ACTIONS):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(**principal):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(lab, name="daemon", actions=ACTIONS, **principal):
    principal = principal or {"Service": "ec2.amazonaws.com"}
    iam = lab.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(**principal))
    iam.put_role_policy(RoleName=name, PolicyName="x", PolicyDocument=policy(actions))


def send(daemon, number=1):
    document = {
        "name": "cart", "id": f"{number:016x}", "trace_id": f"1-69296b90-{number:024x}",
        "start_time": 1764322192.5, "end_time": 1764322193.0,
    }  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(
            b'{"format":"json","version":1}\n' + json.dumps(document).encode(), daemon.address
        )
    return document["trace_id"]


def traces(lab, *trace_ids, **where):
    answer = lab.client("xray", **where).batch_get_traces(TraceIds=list(trace_ids))
    return [one["Id"] for one in answer["Traces"]]


def lines(daemon, level):
    shown = daemon.log_at("debug")
    return [line.partition("] ")[2] for line in shown if f"[{level}]" in line]


@pytest.fixture
def lab():
    with Lab(active=False) as made:
        yield made


@pytest.mark.parametrize(
    "principal",
    [
        {"Service": "ec2.amazonaws.com"},
        {"Service": "ecs-tasks.amazonaws.com"},
        {"AWS": "arn:aws:iam::123456789012:root"},
    ],
    ids=["instance", "task", "on premises"],
)
def test_a_role_that_may_puts_traces(lab, principal):
    make_role(lab, **principal)
    with lab.xray_daemon(0, role="daemon") as daemon:
        sent = send(daemon)
        lab.advance(minutes=2)
        assert traces(lab, sent) == [sent]
        assert lines(daemon, "Error") == []
        assert daemon.counters.records == 1
        assert "as daemon" in str(daemon.view())


def test_a_role_without_the_action_loses_traces_until_the_policy_is_mended(lab):
    make_role(lab, actions=ACTIONS[1:])
    with lab.xray_daemon(0, role="daemon") as daemon:
        first = send(daemon, 1)
        lab.advance(seconds=1)
        assert traces(lab, first) == []
        [why] = lines(daemon, "Error")
        assert why.startswith("Sending segment batch failed with: AccessDenied")
        assert "is not authorized to perform: xray:PutTraceSegments" in why
        assert "assumed-role/daemon/" in why
        assert daemon.counters.lost == 1
        assert "X-Ray refused 1" in daemon.view().title
        lab.client("iam").put_role_policy(
            RoleName="daemon", PolicyName="x", PolicyDocument=policy()
        )
        second = send(daemon, 2)
        lab.advance(seconds=1)
        assert traces(lab, first, second) == [second]  # what was refused is gone


def test_telemetry_that_is_not_allowed_keeps_no_trace_back(lab):
    make_role(lab, actions=ACTIONS[:1])
    with lab.xray_daemon(0, role="daemon") as daemon:
        sent = send(daemon)
        lab.advance(minutes=5)
        assert traces(lab, sent) == [sent]
        assert daemon.counters.records == 0
        assert "telemetry" not in repr(daemon.log)  # who looks at level info sees nothing of it
        assert "Failed to send telemetry 1 record(s)" in lines(daemon, "Debug")[0]


def test_a_role_that_nobody_may_assume(lab):
    make_role(lab, Service="lambda.amazonaws.com")
    with lab.xray_daemon(0, role="nobody") as daemon:
        sent = send(daemon)
        lab.advance(seconds=1)
        assert traces(lab, sent) == []
        assert "sts:AssumeRole" in lines(daemon, "Error")[0]
        [attempt] = [
            json.loads(one["CloudTrailEvent"])
            for one in lab.client("cloudtrail").lookup_events(
                LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "AssumeRole"}]
            )["Events"]
        ]
        assert attempt["errorCode"] == "AccessDenied"


def test_a_user_by_keys_and_another_region(lab):
    user = lab.user("laptop", json.loads(policy()))
    with lab.xray_daemon(0, role=user, region_name="eu-west-1") as daemon:
        sent = send(daemon)
        lab.advance(seconds=1)
        assert traces(lab, sent) == []
        assert traces(lab, sent, region_name="eu-west-1") == [sent]


def test_an_instance_without_a_profile_has_nothing_to_send_with(lab):
    ec2 = lab.client("ec2")
    instance = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]
    with lab.xray_daemon(0, instance_id=instance["InstanceId"]) as daemon:
        send(daemon)
        lab.advance(seconds=1)
        assert daemon.counters.lost == 1
        iam = lab.client("iam")
        make_role(lab)
        iam.create_instance_profile(InstanceProfileName="p")
        iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="daemon")
        ec2.associate_iam_instance_profile(
            IamInstanceProfile={"Name": "p"}, InstanceId=instance["InstanceId"]
        )
        daemon.stop()
    with lab.xray_daemon(0, instance_id=instance["InstanceId"]) as daemon:
        sent = send(daemon, 2)
        lab.advance(seconds=1)
        assert traces(lab, sent) == [sent]


# -- the TCP proxy
def ask(daemon, path, body=b"{}"):
    url = "http://{}:{}{}".format(*daemon.address, path)
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, json.loads(problem.read())


def test_the_proxy_asks_as_the_daemons_role_and_takes_no_time(lab):
    make_role(lab, actions=ACTIONS[:2])
    with lab.xray_daemon(0, role="daemon") as daemon:
        before = lab.now
        status, told = ask(daemon, "/GetSamplingRules")
        assert status in (400, 403)
        assert "xray:GetSamplingRules" in json.dumps(told)
        assert "/GetSamplingRules was answered" in lines(daemon, "Error")[0]
        assert lab.now == before


# -- worlds
def test_a_saved_world_has_the_traces_again(lab, tmp_path):
    make_role(lab)
    with lab.xray_daemon(0, role="daemon") as daemon:
        sent = [send(daemon, n) for n in range(70)]
        lab.advance(minutes=3)
        last = send(daemon, 99)
    assert traces(lab, sent[0], sent[69], last) == [sent[0], sent[69], last]
    path = lab.save(tmp_path / "world.json")
    lab.close()
    with Lab.open(path) as again:
        assert again.digest() == lab.digest()
        assert traces(again, sent[0], sent[69], last) == [sent[0], sent[69], last]
        relay = again.parts.daemons["xray-daemon-1"].relay
        assert relay.counters == lab.parts.daemons["xray-daemon-1"].relay.counters
        [one, *_] = again.client("xray").get_trace_summaries(
            StartTime=again.now - timedelta(hours=1), EndTime=again.now
        )["TraceSummaries"]
        assert one["Duration"] == pytest.approx(0.5)


def test_one_long_stretch_equals_many_short_ones():
    made = []
    for steps in (1, 60):
        with Lab(active=False) as lab:
            make_role(lab, actions=ACTIONS[1:])
            with lab.xray_daemon(0, role="daemon") as daemon:
                send(daemon)
                lab.advance()
                for _ in range(steps):
                    lab.advance(seconds=300 / steps)
                made.append((list(daemon.log), lab.digest()))
    assert made[0] == made[1]
