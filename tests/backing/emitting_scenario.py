"""A day's work over the services whose resources emit, and a digest of all that came back.

``python tests/backing/emitting_scenario.py`` prints the digest, and what the day has changed in
moto, as JSON: the tests run it with another hash seed, time zone and real time.
"""

from __future__ import annotations

import importlib
import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from backing_leaks import places  # noqa: E402
from emitted import Emitted, let_write, role  # noqa: E402

import labkit  # noqa: E402
from labkit.backing import moto_seams  # noqa: E402

SERVICES = (
    "kinesis",
    "firehose",
    "codebuild",
    "ecs",
    "elasticbeanstalk",
    "route53",
    "apigateway",
    "elbv2",
    "s3",
    "iam",
    "ec2",
)
SPEC = "version: 0.2\nphases: {build: {commands: [echo hi, 'false']}}\n"


def day(lab: Any, answers: list[Any]) -> None:
    """Something of everything."""

    def client(name: str) -> Any:
        made = lab.client(name)

        class Kept:
            def __getattr__(self, operation: str) -> Any:
                def call(**params: Any) -> Any:
                    answers.append(getattr(made, operation)(**params))
                    return answers[-1]

                return call

        return Kept()

    ec2, s3 = client("ec2"), client("s3")
    s3.create_bucket(Bucket="lake-1")
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    groups = [one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]]
    kinesis, firehose = client("kinesis"), client("firehose")
    kinesis.create_stream(StreamName="s", ShardCount=3)
    arn = role(lab, "hose", "firehose.amazonaws.com", "s3:*", "kinesis:*")
    firehose.create_delivery_stream(
        DeliveryStreamName="d",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": f"arn:aws:kinesis:us-east-1:{lab.account}:stream/s",
            "RoleARN": arn,
        },
        S3DestinationConfiguration={"RoleARN": arn, "BucketARN": "arn:aws:s3:::lake-1"},
    )
    lab.advance(seconds=30)
    kinesis.put_records(
        StreamName="s", Records=[{"Data": b"x", "PartitionKey": str(n)} for n in range(9)]
    )
    codebuild = client("codebuild")
    codebuild.create_project(
        name="shop",
        source={"type": "NO_SOURCE", "buildspec": SPEC},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=f"arn:aws:iam::{lab.account}:role/x",
    )
    build = codebuild.start_build(projectName="shop")["build"]["id"]
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        family="web",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "web", "image": "nginx"}, {"name": "x", "image": "y"}],
    )
    ecs.create_service(
        cluster="c",
        serviceName="front",
        taskDefinition="web",
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration={
            "awsvpcConfiguration": {"subnets": subnets, "securityGroups": groups}
        },
    )
    beanstalk = client("elasticbeanstalk")
    beanstalk.create_application(ApplicationName="shop")
    beanstalk.create_environment(ApplicationName="shop", EnvironmentName="shop-env")
    balancers = client("elbv2")
    balancers.create_load_balancer(Name="lb", Subnets=subnets)
    names(lab, client)
    lab.advance(minutes=7)
    codebuild.batch_get_builds(ids=[build])
    for task in ecs.list_tasks(cluster="c")["taskArns"]:
        ecs.describe_tasks(cluster="c", tasks=[task])
    ecs.describe_services(cluster="c", services=["front"])
    beanstalk.describe_environments()
    beanstalk.describe_events()
    balancers.describe_load_balancers()
    for item in s3.list_objects_v2(Bucket="lake-1")["Contents"]:
        answers.append(lab.client("s3").get_object(Bucket="lake-1", Key=item["Key"])["Body"].read())


def names(lab: Any, client: Any) -> None:
    """Zones, APIs, flow logs."""
    route53, gateway, ec2 = client("route53"), client("apigateway"), client("ec2")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    client("logs").create_log_group(logGroupName="dns")
    let_write(lab, "route53.amazonaws.com")
    route53.create_query_logging_config(
        HostedZoneId=zone,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:{lab.account}:log-group:dns",
    )
    lab.parts.backing.route53.query(lab.account, "example.com", "NS")
    api = gateway.create_rest_api(name="pets")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    gateway.create_deployment(restApiId=api, stageName="prod")
    gateway.get_stages(restApiId=api)
    lab.parts.backing.apigateway.request(lab.account, "us-east-1", api, "prod", "GET", "/")
    ec2.run_instances(ImageId="ami-0", MinCount=1, MaxCount=1)
    eni = ec2.describe_network_interfaces()["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.create_flow_logs(
        ResourceIds=[eni],
        ResourceType="NetworkInterface",
        TrafficType="ALL",
        LogGroupName="flows",
        DeliverLogsPermissionArn=role(lab, "fl", "vpc-flow-logs.amazonaws.com", "logs:*"),
        MaxAggregationInterval=60,
    )
    vpc = lab.parts.backing.vpc
    vpc.flow(lab.account, "us-east-1", eni, "192.0.2.1", "172.31.0.9", 1234, 443)


def digest(seed: int = 0) -> str:
    """What came back and what was told, to the byte."""
    text, answers = sha256(), []
    with labkit.Lab(seed=seed) as lab:
        emitted = Emitted(lab)
        day(lab, answers)
        assert not lab.parts.backing.moto.failures, list(lab.parts.backing.moto.failures)
        for answer in answers:
            text.update(repr(answer).replace("tzlocal()", "tzutc()").encode())
        for fact in emitted.facts:
            text.update(json.dumps([fact.kind, fact.at_us, dict(fact.data)]).encode())
    return text.hexdigest()


def look() -> dict[str, Any]:
    """The digest of a day, and the places of moto that differ after it."""
    moto_seams.install()
    for name in ("iam.access_control", "awslambda.utils", "awslambda.models"):
        importlib.import_module(f"moto.{name}")
    for service in SERVICES:
        importlib.import_module(f"moto.{service}.urls")
    for name in moto_seams.names():
        importlib.import_module(name)
    before = dict(places())
    told = digest()
    after = dict(places())
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return {"digest": told, "changed": changed}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look()))
