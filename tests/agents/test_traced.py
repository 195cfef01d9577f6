"""Set-ups as things that work: resources of a lab, explained and obeyed."""

import io
import json
import socket
import zipfile

import pytest

from labkit import Lab
from labkit.core.errors import LabError

RPM = "#!/bin/bash\nyum install -y https://example.com/xray-daemon/aws-xray-daemon-3.x.rpm\n"
NOTES = "option_settings:\n  aws:elasticbeanstalk:xray:\n    XRayEnabled: true\n"
WRITE = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"


@pytest.fixture
def lab():
    with Lab(active=False) as made:
        yield made


def make_role(lab, name, service, policy=WRITE):
    iam = lab.client("iam")
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if policy:
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    return arn


def make_profile(lab, name):
    make_role(lab, name, "ec2.amazonaws.com")
    iam = lab.client("iam")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return {"Name": name}


def run(lab, **more):
    made = lab.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, **more)
    lab.advance(minutes=2)
    return made["Instances"][0]["InstanceId"]


def arrives(lab, traced, number=1):
    """Send a segment from a place; whether X-Ray has it a second later."""
    document = {
        "name": "cart", "id": f"{number:016x}", "trace_id": f"1-69296b90-{number:024x}",
        "start_time": 1764322192.5, "end_time": 1764322193.0,
    }  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        text = json.dumps(document).encode()
        sender.sendto(b'{"format":"json","version":1}\n' + text, traced.address)
    lab.advance(seconds=1)
    answer = lab.client("xray").batch_get_traces(TraceIds=[document["trace_id"]])
    return bool(answer["Traces"])


def rules(verdict):
    return [one.rule for one in verdict.because]


def test_an_instance_with_daemon_and_profile(lab):
    right = run(lab, UserData=RPM, IamInstanceProfile=make_profile(lab, "daemon"))
    with lab.traced(right) as traced:
        assert traced.works, traced
        assert arrives(lab, traced)
        assert traced.daemon.settings["instance_id"] == right
    bare = run(lab)
    with lab.traced(bare) as traced:
        assert rules(traced.verdict) == ["daemon", "role"]
        assert not arrives(lab, traced, 2)
        assert traced.daemon is None
    lab.client("ec2").stop_instances(InstanceIds=[right])
    lab.advance(minutes=5)
    assert rules(lab.xray.explain_setup(right)) == ["instance"]


def test_a_policy_that_is_mended_lets_the_next_segments_through(lab):
    instance = run(lab, UserData=RPM, IamInstanceProfile=make_profile(lab, "daemon"))
    iam = lab.client("iam")
    iam.detach_role_policy(RoleName="daemon", PolicyArn=WRITE)
    with lab.traced(instance) as traced:
        assert "permission" in rules(traced.verdict)
        assert not arrives(lab, traced)
        assert any(
            "not authorized to perform: xray:PutTraceSegments" in x for x in traced.daemon.log
        )
        iam.attach_role_policy(RoleName="daemon", PolicyArn=WRITE)
        assert arrives(lab, traced, 2)
    assert lab.xray.explain_setup(instance).value


def definition(role, **changes):
    app = {
        "name": "test", "image": "shop/test:1", "memory": 64,
        "environment": [{"name": "AWS_XRAY_DAEMON_ADDRESS", "value": "xray-daemon:2000"}],
        "links": ["xray-daemon"],
    }  # fmt: skip
    daemon = {
        "name": "xray-daemon", "image": "public.ecr.aws/xray/aws-xray-daemon",
        "cpu": 32, "memoryReservation": 256,
        "portMappings": [{"hostPort": 0, "containerPort": 2000, "protocol": "udp"}],
    }  # fmt: skip
    return {
        "family": "test", "networkMode": "bridge", "taskRoleArn": role,
        "containerDefinitions": [daemon, {**app, **changes}],
    }  # fmt: skip


def test_the_notes_task_definition_as_registered(lab):
    role = make_role(lab, "task", "ecs-tasks.amazonaws.com")
    ecs = lab.client("ecs")
    ecs.register_task_definition(**definition(role))
    with lab.traced("test") as traced:
        assert traced.works, traced
        assert arrives(lab, traced)
    ecs.register_task_definition(**definition(role, environment=[]))
    assert lab.xray.explain_setup("test:1").value
    with lab.traced("test") as traced:  # the newest revision
        assert rules(traced.verdict) == ["address", "remark: essential"]
        assert not arrives(lab, traced, 2)
    arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/test:2"
    view = lab.xray.view_setup(arn)
    assert view.title == "No traces of this program arrive: 1 mistake"
    assert "\u2717  who sends?" in str(view)


def test_a_task_definition_that_is_not_registered_yet(lab):
    make_role(lab, "task", "ecs-tasks.amazonaws.com")
    given = definition("")
    del given["taskRoleArn"]
    assert lab.xray.explain_setup(given, role="task").value
    assert rules(lab.xray.explain_setup(given))[0] == "role"
    given["containerDefinitions"][0]["portMappings"] = {"containerPort": 2000, "protocol": "udp"}
    wrong = lab.xray.explain_setup(given, role="task")
    assert rules(wrong) == ["shape"]
    assert "ECS refuses the definition" in str(wrong)
    with pytest.raises(Exception, match="Parameter validation failed"):
        lab.client("ecs").register_task_definition(**given)


def test_one_daemon_on_each_instance_as_a_service(lab):
    role = make_role(lab, "task", "ecs-tasks.amazonaws.com")
    ecs = lab.client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        family="daemon",
        taskRoleArn=role,
        containerDefinitions=[
            {
                "name": "xray-daemon", "image": "amazon/aws-xray-daemon", "memory": 64,
                "portMappings": [{"hostPort": 2000, "containerPort": 2000, "protocol": "udp"}],
            }
        ],
    )  # fmt: skip
    ecs.register_task_definition(
        family="app",
        networkMode="host",
        containerDefinitions=[{"name": "app", "image": "shop/app", "memory": 64}],
    )
    assert "daemon" in rules(lab.xray.explain_setup("app"))
    ecs.create_service(
        cluster="c", serviceName="xray", taskDefinition="daemon", schedulingStrategy="DAEMON"
    )
    with lab.traced("app") as traced:
        assert traced.works, traced
        assert arrives(lab, traced)


def bundle(lab, key, **files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    lab.client("s3").put_object(Bucket="bundles", Key=key, Body=data.getvalue())
    return {"S3Bucket": "bundles", "S3Key": key}


@pytest.mark.parametrize(
    ("path", "told"),
    [(".ebextensions/xray-daemon.config", []), (".ebextensions/xray-daemon.yml", ["file name"])],
)
def test_an_environment_with_the_notes_file(lab, path, told):
    make_profile(lab, "web")
    lab.client("s3").create_bucket(Bucket="bundles")
    eb = lab.client("elasticbeanstalk")
    eb.create_application(ApplicationName="shop")
    eb.create_application_version(
        ApplicationName="shop",
        VersionLabel="1",
        SourceBundle=bundle(lab, "1.zip", **{path: NOTES, "app.py": "print()"}),
    )
    eb.create_environment(
        ApplicationName="shop",
        EnvironmentName="shop-prod",
        VersionLabel="1",
        SolutionStackName="64bit Amazon Linux 2023 v4.3.0 running Python 3.11",
        OptionSettings=[
            {
                "Namespace": "aws:autoscaling:launchconfiguration",
                "OptionName": "IamInstanceProfile",
                "Value": "web",
            }
        ],
    )
    lab.advance(minutes=10)
    with lab.traced("shop-prod") as traced:
        assert [rule for rule in rules(traced.verdict) if rule not in ("daemon", "role")] == told
        assert arrives(lab, traced) is (not told)
    assert lab.parts.backing.beanstalk.xray_enabled(lab.account, lab.region, "shop-prod") is (
        not told
    )


def test_files_that_nobody_deployed_yet(lab):
    make_profile(lab, "web")
    assert lab.xray.explain_setup({".ebextensions/xray.config": NOTES}, role="web").value
    wrong = lab.xray.explain_setup({".ebextensions/xray.yml": NOTES}, role="web")
    assert rules(wrong) == ["file name"]
    assert "must end in .config" in str(wrong)


def test_on_premises(lab):
    assert lab.xray.explain_setup("./xray -o -n us-east-2", credentials="laptop").value
    assert rules(lab.xray.explain_setup("./xray -o", credentials="laptop")) == ["region"]
    assert rules(lab.xray.explain_setup("./xray -o -n us-east-2")) == ["role"]


def test_lambda_is_one_switch(lab):
    role = make_role(lab, "fn", "lambda.amazonaws.com")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return 1")
    functions = lab.client("lambda")
    arn = functions.create_function(
        FunctionName="pay",
        Runtime="python3.12",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": data.getvalue()},
    )["FunctionArn"]
    assert rules(lab.xray.explain_setup("pay")) == ["tracing"]
    functions.update_function_configuration(FunctionName="pay", TracingConfig={"Mode": "Active"})
    assert lab.xray.explain_setup(arn).value
    with pytest.raises(LabError, match="built in"):
        lab.traced("pay")
    with pytest.raises(LabError, match="there is no instance"):
        lab.xray.explain_setup("nothing")


def test_a_service_of_the_shop_is_silent_while_its_set_up_is_wrong(lab):
    def heard(service="cart", seconds_ago=0.0):
        document = {"name": service, "start_time": lab.now.timestamp() - seconds_ago}
        return lab.parts.traced_places.heard(lab.account, lab.region, document)

    lab.shop.traces()
    role = make_role(lab, "task", "ecs-tasks.amazonaws.com")
    lab.client("ecs").register_task_definition(**definition(role, environment=[]))
    assert heard()  # nobody said where it runs
    lab.shop.runs_on("cart", "test")
    assert not heard()
    lab.advance(minutes=2)
    start_us = lab.world.clock.now_us - 60_000_000
    source = lab.parts.shop_traces
    made = source.segments(lab.account, lab.region, start_us, start_us + 60_000_000)
    assert {one["name"] for one in made} >= {"front", "catalogue", "checkout"}
    assert "cart" not in {one["name"] for one in made}
    lab.client("ecs").register_task_definition(**definition(role))  # mended
    assert heard()
    assert not heard(seconds_ago=60)
    lab.client("iam").detach_role_policy(RoleName="task", PolicyArn=WRITE)
    assert not heard()
    lab.shop.runs_on("cart", "")
    assert heard()
    machine = run(lab, UserData=RPM, IamInstanceProfile=make_profile(lab, "daemon"))
    lab.shop.runs_on("checkout", machine)
    assert heard("checkout")
    lab.client("ec2").stop_instances(InstanceIds=[machine])
    lab.advance(minutes=2)
    assert not heard("checkout")
    lab.shop.runs_on("checkout", "i-0123456789abcdef0")  # there is no such machine
    assert not heard("checkout")


def test_a_task_by_its_arn_has_to_run(lab):
    role = make_role(lab, "task", "ecs-tasks.amazonaws.com")
    ecs = lab.client("ecs")
    ecs.create_cluster(clusterName="c")
    given = definition(role, environment=[], links=[])
    given |= {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]}
    given |= {"cpu": "256", "memory": "512"}
    del given["containerDefinitions"][0]["portMappings"][0]["hostPort"]
    ecs.register_task_definition(**given)
    subnet = lab.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    arn = ecs.run_task(
        cluster="c",
        taskDefinition="test",
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
    )["tasks"][0]["taskArn"]
    assert "task" in rules(lab.xray.explain_setup(arn))
    lab.advance(minutes=1)
    with lab.traced(arn) as traced:
        assert traced.works, traced
        assert arrives(lab, traced)
    ecs.stop_task(cluster="c", task=arn)
    lab.advance(minutes=2)
    assert rules(lab.xray.explain_setup(arn))[0] == "task"
