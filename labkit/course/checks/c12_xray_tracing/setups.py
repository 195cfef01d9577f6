"""The three set-ups as they are handed over: each lacks something, and none says so."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from labkit.lab import Lab

WRITES = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
_INSTALLS = """#!/bin/bash
curl https://s3.us-east-2.amazonaws.com/aws-xray-assets.us-east-2/xray-daemon/aws-xray-daemon-3.x.rpm -o /tmp/xray.rpm
yum install -y /tmp/xray.rpm
"""  # noqa: E501 - AWS's own line


def role(lab: Lab, name: str, service: str) -> str:
    """A role that a service may take on and that may do nothing yet; its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = lab.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def machine(lab: Lab, name: str) -> str:
    """An instance with a daemon, whose role may read traces but write none; its id."""
    iam = lab.client("iam")
    role(lab, name, "ec2.amazonaws.com")
    iam.put_role_policy(
        RoleName=name, PolicyName="traces",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Resource": "*",
            "Action": ["xray:GetSamplingRules", "xray:GetSamplingTargets",
                       "xray:GetTraceSummaries", "xray:BatchGetTraces"]}]}),
    )  # fmt: skip
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    made = lab.client("ec2").run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, UserData=_INSTALLS,
        IamInstanceProfile={"Name": name},
    )  # fmt: skip
    return str(made["Instances"][0]["InstanceId"])


def task(lab: Lab, family: str, daemon: str) -> None:
    """A task definition whose side-car listens to TCP and whose program talks to itself."""
    arn = role(lab, f"{family}-task", "ecs-tasks.amazonaws.com")
    lab.client("iam").attach_role_policy(RoleName=f"{family}-task", PolicyArn=WRITES)
    lab.client("ecs").register_task_definition(
        family=family, networkMode="bridge", taskRoleArn=arn, containerDefinitions=[
            {"name": "shop", "image": "teapot/checkout:2.3.1", "cpu": 128, "memory": 256,
             "environment": [{"name": "AWS_XRAY_DAEMON_ADDRESS", "value": "127.0.0.1:2000"}]},
            {"name": daemon, "image": "public.ecr.aws/xray/aws-xray-daemon", "cpu": 32,
             "memoryReservation": 256, "essential": False,
             "portMappings": [{"hostPort": 0, "containerPort": 2000, "protocol": "tcp"}]},
        ],
    )  # fmt: skip


def function(lab: Lab, name: str) -> None:
    """A function that may write segments and has its one switch off."""
    arn = role(lab, f"{name}-runs", "lambda.amazonaws.com")
    lab.client("iam").attach_role_policy(RoleName=f"{name}-runs", PolicyArn=WRITES)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("code.py"), "def handler(event, context):\n    return 1\n")
    code: dict[str, Any] = {"ZipFile": packed.getvalue()}
    lab.client("lambda").create_function(
        FunctionName=name, Runtime="python3.12", Handler="code.handler", Code=code, Role=arn
    )
