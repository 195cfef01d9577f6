"""Set-ups of tracing on five platforms: what works, and what a mistake is answered."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.xray.engine.setups import beanstalk, ec2, ecs, functions, on_premises
from labkit.xray.engine.setups.finding import ACTIONS, PUT, SAMPLING, TELEMETRY, Address, address

ROLE = "arn:aws:iam::123456789012:role/daemon"


def rules(verdict):
    return [one.rule for one in verdict.because]


def text(verdict):
    return " | ".join(one.text for one in verdict.because)


# -- addresses and permissions
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, Address("127.0.0.1", 2000)),
        ("", Address("127.0.0.1", 2000)),
        ("xray-daemon:2000", Address("xray-daemon", 2000)),
        ("tcp:a:3000 udp:b:2001", Address("b", 2001)),
        ("udp:b:2001 tcp:a:3000", Address("b", 2001)),
        ("xray-daemon", None),
        ("http://x:2000", None),
        (":2000", None),
        ("a:port", None),
    ],
)
def test_an_address_as_sdks_read_it(given, expected):
    assert address(given) == expected


@pytest.mark.parametrize(
    ("allowed", "works", "told"),
    [
        (ACTIONS, True, []),
        (None, True, []),
        ((PUT, *SAMPLING), True, ["remark: telemetry"]),
        ((PUT, TELEMETRY), True, ["remark: sampling"]),
        ((TELEMETRY, *SAMPLING), False, ["permission"]),
        ((), False, ["permission", "remark: sampling", "remark: telemetry"]),
    ],
)
def test_what_the_role_may_decides_and_the_rest_is_remarked(allowed, works, told):
    verdict = functions.explain("Active", ROLE, allowed)
    assert verdict.value is works
    assert [rule for rule in rules(verdict) if rule not in ("role", "tracing")] == told


def test_without_a_role_nothing_is_sent():
    verdict = functions.explain("Active", "")
    assert (verdict.value, rules(verdict)) == (False, ["role"])


# -- Lambda
def test_lambda_is_one_switch():
    assert functions.explain("Active", ROLE, ACTIONS).value
    passing = functions.explain("PassThrough", ROLE, ACTIONS)
    assert (passing.value, rules(passing)) == (False, ["tracing"])
    assert functions.explain("PassThrough", ROLE, ACTIONS, caller_samples=True).value


# -- EC2
RPM = """#!/bin/bash
curl https://s3.us-east-2.amazonaws.com/aws-xray-assets.us-east-2/xray-daemon/aws-xray-daemon-3.x.rpm -o /home/ec2-user/xray.rpm
yum install -y /home/ec2-user/xray.rpm
"""  # noqa: E501 - AWS's own line
DEB = """#!/bin/bash
wget https://s3.us-east-2.amazonaws.com/aws-xray-assets.us-east-2/xray-daemon/aws-xray-daemon-3.x.deb
dpkg -i aws-xray-daemon-3.x.deb
"""


@pytest.mark.parametrize(
    ("user_data", "told"),
    [
        (RPM, None),
        (DEB, None),
        ("#!/bin/bash\n/opt/xray -n us-east-1 &\n", None),
        ("#cloud-config\nruncmd:\n - yum install -y aws-xray-daemon-3.x.rpm\n", None),
        ("#!/bin/bash\ndocker run -d -p 2000:2000/udp amazon/aws-xray-daemon\n", None),
        ("#!/bin/bash\ndocker run -d --network=host amazon/aws-xray-daemon\n", None),
        ("", "daemon"),
        ("#!/bin/bash\nyum install -y httpd\n", "daemon"),
        (RPM.partition("yum")[0], "daemon"),
        (RPM.partition("\n")[2], "user data"),
        ("#!/bin/bash\n# yum install -y aws-xray-daemon.rpm\n", "daemon"),
        ("#!/bin/bash\ndocker run -d -p 2000:2000 amazon/aws-xray-daemon\n", "port"),
    ],
)
def test_user_data_of_an_instance(user_data, told):
    verdict = ec2.explain(user_data, ROLE, ACTIONS)
    assert verdict.value is (told is None)
    assert told is None or rules(verdict) == [told]


def test_an_instance_that_is_stopped_or_asked_elsewhere():
    assert rules(ec2.explain(RPM, ROLE, ACTIONS, running=False)) == ["instance"]
    assert rules(ec2.explain(RPM, ROLE, ACTIONS, daemon_address="10.0.0.9:2000")) == ["address"]
    assert rules(ec2.explain(RPM, ROLE, ACTIONS, daemon_address="here")) == ["address"]
    assert rules(ec2.explain(RPM, "")) == ["role"]


# -- on premises
@pytest.mark.parametrize(
    ("command", "more", "told"),
    [
        ("./xray -o -n us-east-2", {}, None),
        ("nohup ./xray --local-mode --region=us-east-2 &", {}, None),
        ("./xray -o", {"environment": {"AWS_REGION": "us-east-2"}}, None),
        ("./xray -o -n us-east-2 -b 0.0.0.0:2000 -t 0.0.0.0:2000", {}, None),
        ("./xray -o -n us-east-2 -b 127.0.0.1:2500", {"daemon_address": "127.0.0.1:2500"}, None),
        ("./xray -o -n us-east-2 -b 0.0.0.0:2000", {"daemon_address": "10.0.0.5:2000"}, None),
        ("./xray -o", {}, "region"),
        ("./xray -o -n us-east-2 -b 127.0.0.1:2500", {}, "address"),
        ("./xray -o -n us-east-2", {"daemon_address": "10.0.0.5:2000"}, "address"),
        ("./xray -o -n us-east-2", {"daemon_address": "10.0.0.5"}, "address"),
        ("./xray -o -n us-east-2 -b here", {}, "bind"),
        ("./xray -o -n", {}, "command"),
        ("./xray -o -x", {}, "command"),
        ("./x-ray -o -n us-east-2", {}, "command"),
        ("", {}, "command"),
        ("./xray 'open", {}, "command"),
    ],
)
def test_a_daemon_by_hand(command, more, told):
    verdict = on_premises.explain(command, "laptop", ACTIONS, **more)
    assert verdict.value is (told is None), text(verdict)
    assert told is None or rules(verdict)[0] == told


def test_without_keys_or_local_mode():
    assert rules(on_premises.explain("./xray -o -n us-east-2", "")) == ["role"]
    slow = on_premises.explain("./xray -n us-east-2", "laptop", ACTIONS)
    assert slow.value
    assert "remark: local mode" in rules(slow)


# -- Elastic Beanstalk
NOTES = "option_settings:\n  aws:elasticbeanstalk:xray:\n    XRayEnabled: true\n"
LONG = (
    "option_settings:\n  - namespace: aws:elasticbeanstalk:xray\n"
    "    option_name: XRayEnabled\n    value: true\n"
)
FILE = ".ebextensions/xray-daemon.config"


@pytest.mark.parametrize(
    ("files", "told", "says"),
    [
        ({FILE: NOTES}, None, "the platform starts its daemon"),
        ({FILE: LONG}, None, ""),
        ({FILE: '{"option_settings": {"aws:elasticbeanstalk:xray": {"XRayEnabled": true}}}'},
         None, ""),
        ({FILE: NOTES, ".ebextensions/zz.config": NOTES.replace("true", "false")}, "option",
         "zz.config says XRayEnabled: false"),
        ({".ebextensions/xray-daemon.yml": NOTES}, "file name", "must end in .config"),
        ({".ebextensions/xray-daemon": NOTES}, "file name", "must end in .config"),
        ({"xray-daemon.config": NOTES}, "file name", "must lie in .ebextensions/"),
        ({".ebextensions/a/xray.config": NOTES}, "file name", "passed over"),
        ({FILE: NOTES.replace("true", "false")}, "option", "false"),
        ({FILE: NOTES.replace("true", "yes please")}, "option", "true or false"),
        ({FILE: NOTES.replace("XRayEnabled", "XrayEnabled")}, "option", "not XrayEnabled"),
        ({FILE: NOTES.replace("beanstalk:xray", "beanstalk:x-ray:xray")}, "option", "namespace is"),
        ({FILE: NOTES.replace("option_settings", "options")}, "option", "no option_settings"),
        ({FILE: "a: [1"}, "file", "neither YAML nor JSON"),
        ({FILE: "\t- x"}, "file", ""),
        ({}, "daemon", ""),
        ({"app.py": "print()", FILE: ""}, "daemon", ""),
    ],
)  # fmt: skip
def test_the_option_in_ebextensions(files, told, says):
    verdict = beanstalk.explain(files, ROLE, ACTIONS)
    assert verdict.value is (told is None), text(verdict)
    assert told is None or rules(verdict)[0] == told
    assert says in text(verdict)


def test_the_environments_own_option_goes_before_the_files():
    key = ("aws:elasticbeanstalk:xray", "XRayEnabled")
    assert beanstalk.explain({}, ROLE, ACTIONS, options={key: "true"}).value
    assert not beanstalk.explain({FILE: NOTES}, ROLE, ACTIONS, options={key: "false"}).value
    several = "64bit Amazon Linux running Multi-container Docker 2.26"
    assert rules(beanstalk.explain({FILE: NOTES}, ROLE, ACTIONS, platform=several)) == ["platform"]
    assert rules(beanstalk.explain({FILE: NOTES}, "")) == ["role"]


# -- ECS
def task(mode="bridge", **more):
    """The notes' task definition, lists as lists."""
    return copy.deepcopy(
        {
            "family": "test",
            "networkMode": mode,
            "taskRoleArn": ROLE,
            "containerDefinitions": [
                {
                    "name": "xray-daemon", "image": "public.ecr.aws/xray/aws-xray-daemon",
                    "cpu": 32, "memoryReservation": 256,
                    "portMappings": [{"hostPort": 0, "containerPort": 2000, "protocol": "udp"}],
                },
                {
                    "name": "test", "image": "shop/test:1",
                    "environment": [
                        {"name": "AWS_XRAY_DAEMON_ADDRESS", "value": "xray-daemon:2000"}
                    ],
                    "links": ["xray-daemon"],
                },
            ],
            **more,
        }
    )  # fmt: skip


def changed(definition, place, **changes):
    one = definition["containerDefinitions"][place]
    for name, value in changes.items():
        if value is None:
            one.pop(name, None)
        else:
            one[name] = value
    return definition


def environment(value):
    return [{"name": "AWS_XRAY_DAEMON_ADDRESS", "value": value}]


def port(**mapping):
    return [{"containerPort": 2000, "protocol": "udp", **mapping}]


SIDE, APP = 0, 1
NO_LINK = {"links": None, "environment": None}


@pytest.mark.parametrize(
    "definition",
    [
        task(),
        changed(task(), APP, environment=environment("tcp:xray-daemon:2000 udp:xray-daemon:2000")),
        changed(task(), APP, links=["xray-daemon:x"], environment=environment("x:2000")),
        changed(task(), SIDE, name="daemon", image="amazon/aws-xray-daemon:3.x"),
        changed(task("awsvpc"), APP, **NO_LINK),
        changed(task("awsvpc"), APP, links=None, environment=environment("127.0.0.1:2000")),
        changed(changed(task("awsvpc"), APP, **NO_LINK), SIDE, portMappings=None),
        changed(task("host"), APP, **NO_LINK),
        changed(task("awsvpc", requiresCompatibilities=["FARGATE"]), APP, **NO_LINK),
        changed(task(), SIDE, command=["-b", "0.0.0.0:2000", "-t", "0.0.0.0:2000"]),
    ],
    ids=range(10),
)
def test_side_cars_that_work(definition):
    if definition["containerDefinitions"][SIDE]["name"] == "daemon":
        changed(definition, APP, links=["daemon"], environment=environment("daemon:2000"))
    verdict = ecs.explain(definition, ACTIONS)
    assert verdict.value, text(verdict)
    assert "daemon" in rules(verdict)


@pytest.mark.parametrize(
    ("definition", "told", "says"),
    [
        (changed(task(), SIDE, portMappings=port(protocol="tcp")), "port mapping",
         "the daemon listens on UDP 2000"),
        (changed(task(), SIDE, portMappings=[{"containerPort": 2000}]), "port mapping",
         "without a protocol"),
        (changed(task(), SIDE, portMappings=port(containerPort=3000)), "port mapping", "maps 3000"),
        (changed(task(), SIDE, portMappings=None), "port mapping", "has no port mapping"),
        (changed(task(), SIDE, portMappings=port()[0]), "shape", "is a list of objects"),
        (changed(task(), APP, environment=environment("a")[0]), "shape", "is a list of objects"),
        (changed(task(), APP, links="xray-daemon"), "shape", "list of strings"),
        (changed(task(), APP, environment=None), "address", "is not set"),
        (changed(task(), APP, environment=environment("127.0.0.1:2000")), "address",
         "the side-car has its own address"),
        (changed(task(), APP, environment=environment("xray-daemon")), "address", "host:port"),
        (changed(task(), APP, environment=environment("xray:2000")), "address", "no link"),
        (changed(task(), APP, environment=environment("xray-daemon:2001")), "port", "2001"),
        (changed(task(), APP, links=None), "links", 'links": ["xray-daemon"]'),
        (changed(task(), SIDE, command=["-b", "127.0.0.1:2000"]), "bind", "0.0.0.0:2000"),
        (changed(task(), SIDE, command=["-o"]), "bind", "0.0.0.0:2000"),
        (task("awsvpc"), "address", "127.0.0.1:2000, so the variable is not needed"),
        (changed(task("awsvpc"), APP, environment=None), "links", "bridge mode"),
        (changed(task("awsvpc"), SIDE, portMappings=port(protocol="tcp")), "port mapping", "UDP"),
        (task("none"), "network", "no network"),
        (task("bridge", requiresCompatibilities=["FARGATE"]), "network", "awsvpc alone"),
        (task(taskRoleArn=None), "role", "no credentials"),
        (task(taskRoleArn=None, executionRoleArn=ROLE), "role", "for the agent alone"),
        ({"containerDefinitions": {}}, "shape", ""),
        ({"containerDefinitions": []}, "container", "only the daemon"),
        (task(containerDefinitions=task()["containerDefinitions"][:1]), "container", "no program"),
        (task(containerDefinitions=task()["containerDefinitions"][1:]), "daemon",
         "nobody listens on UDP 2000"),
    ],
    ids=range(26),
)  # fmt: skip
def test_side_cars_that_do_not(definition, told, says):
    verdict = ecs.explain(definition, ACTIONS)
    assert not verdict.value
    assert told in rules(verdict), text(verdict)
    assert says in text(verdict)


def test_a_task_without_a_role_has_that_of_its_instance_but_not_on_fargate():
    assert ecs.explain(task(taskRoleArn=None), ACTIONS, instance_role=ROLE).value
    fargate = changed(task("awsvpc", taskRoleArn=None), APP, **NO_LINK)
    told = ecs.explain(fargate, ACTIONS, launch_type="FARGATE", instance_role=ROLE)
    assert rules(told)[0] == "role"
    assert "permission" in rules(ecs.explain(task(), [TELEMETRY]))


DAEMON = {
    "taskRoleArn": ROLE,
    "containerDefinitions": [
        {"name": "xray-daemon", "image": "amazon/aws-xray-daemon",
         "portMappings": port(hostPort=2000)},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "address_", "daemon", "more", "told"),
    [
        ("bridge", "172.17.0.1:2000", DAEMON, {}, None),
        ("host", None, DAEMON, {}, None),
        ("host", None, DAEMON | {"networkMode": "host"}, {}, None),
        ("bridge", None, DAEMON, {}, "address"),
        ("bridge", "172.17.0.1:2001", DAEMON, {}, "port"),
        ("bridge", "172.17.0.1:2000", DAEMON | {"networkMode": "awsvpc"}, {}, "network"),
        ("bridge", "172.17.0.1:2000",
         changed(copy.deepcopy(DAEMON), 0, portMappings=port(hostPort=0)), {}, "host port"),
        ("bridge", "172.17.0.1:2000", {"containerDefinitions": [{"name": "a"}]}, {}, "daemon"),
        ("awsvpc", None, DAEMON, {"launch_type": "FARGATE"}, "daemon"),
    ],
)  # fmt: skip
def test_one_daemon_on_each_instance(mode, address_, daemon, more, told):
    app = {"name": "test", "image": "shop/test:1"}
    if address_:
        app["environment"] = environment(address_)
    definition = {"networkMode": mode, "taskRoleArn": ROLE, "containerDefinitions": [app]}
    verdict = ecs.explain(definition, ACTIONS, daemon=daemon, **more)
    assert verdict.value is (told is None), text(verdict)
    assert told is None or told in rules(verdict)
    if told is None:
        replica = ecs.explain(definition, ACTIONS, daemon=daemon, daemon_strategy="REPLICA")
        assert "remark: strategy" in rules(replica)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["name", "image", "links", "environment", "portMappings", "containerPort",
                         "containerDefinitions", "networkMode", "taskRoleArn", "command"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(json, st.text(max_size=40))
def test_no_document_breaks_an_explanation(tree, words):
    definition = tree if isinstance(tree, dict) else {"containerDefinitions": [tree]}
    assert ecs.explain(definition).because
    assert ec2.explain(words, "").because
    assert on_premises.explain(words, "").because
    assert beanstalk.explain({FILE: words}, "").because
