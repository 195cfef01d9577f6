"""ECS: tasks on the lab's clock, what their containers write, services that keep them."""

import json

import pytest
from botocore.exceptions import ClientError
from emitted import Emitted, role

from labkit.core.errors import LabError

LOGS = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "/ecs/web",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "shop",
        "awslogs-create-group": "true",
    },
}
CONTAINERS = [
    {"name": "web", "image": "nginx", "logConfiguration": LOGS},
    {"name": "xray-daemon", "image": "xray", "essential": False},
]


@pytest.fixture
def ecs(lab):
    client = lab.client("ecs")
    client.create_cluster(clusterName="shop")
    return client


@pytest.fixture
def network(lab):
    ec2 = lab.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    return {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}}


def define(lab, *, containers=CONTAINERS, arn=None):
    return lab.client("ecs").register_task_definition(
        family="web",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=arn or role(lab, "executes", "ecs-tasks.amazonaws.com", "logs:*"),
        containerDefinitions=containers,
    )


def run(ecs, network, **more):
    return ecs.run_task(
        cluster="shop",
        taskDefinition="web",
        launchType="FARGATE",
        networkConfiguration=network,
        **more,
    )["tasks"][0]


def shown(ecs, task):
    return ecs.describe_tasks(cluster="shop", tasks=[task["taskArn"]])["tasks"][0]


def test_a_task_goes_through_its_states_and_tells_each(lab, ecs, network):
    define(lab)
    emitted = Emitted(lab)
    task = run(ecs, network)
    assert task["lastStatus"] == "PROVISIONING" and len(task["containers"]) == 2
    for seconds, state in ((9, "PROVISIONING"), (1, "PENDING"), (20, "RUNNING")):
        lab.advance(seconds=seconds)
        assert shown(ecs, task)["lastStatus"] == state
        shown(ecs, task)  # looking does not move it
    ecs.stop_task(cluster="shop", task=task["taskArn"], reason="enough")
    ecs.get_waiter("tasks_stopped").wait(cluster="shop", tasks=[task["taskArn"]])
    stopped = shown(ecs, task)
    assert stopped["stoppedReason"] == "enough" and stopped["stopCode"] == "UserInitiated"
    assert {c["lastStatus"] for c in stopped["containers"]} == {"STOPPED"}
    assert stopped["containers"][0]["exitCode"] == 137
    details = emitted.events("ECS Task State Change")
    assert [detail["lastStatus"] for detail in details] == [
        "PROVISIONING",
        "PENDING",
        "RUNNING",
        "DEACTIVATING",
        "STOPPING",
        "DEPROVISIONING",
        "STOPPED",
    ]
    assert [detail["version"] for detail in details] == list(range(1, 8))
    running = details[2]
    assert running["taskArn"] == task["taskArn"] and running["group"] == "family:web"
    assert running["containers"][0]["name"] == "web"
    assert running["startedAt"] == "2026-01-05T09:00:30.00" + running["startedAt"][-2:]
    assert "stoppedReason" not in running
    told = emitted.of("event.emitted")[0]
    assert told["source"] == "aws.ecs" and told["resources"] == [task["taskArn"]]
    json.dumps(details)
    lab.advance(hours=2)
    assert ecs.describe_tasks(cluster="shop", tasks=[task["taskArn"]])["tasks"] == []


def test_only_awslogs_writes_and_only_while_it_runs(lab, ecs, network):
    define(lab)
    task = run(ecs, network)
    emitted = Emitted(lab)
    write = lab.parts.backing.ecs.write_log
    assert not write(task["taskArn"], "web", "too early")
    lab.advance(seconds=31)
    assert write(task["taskArn"], "web", "hello", "world")
    assert not write(task["taskArn"], "xray-daemon", "nobody hears")
    (told,) = emitted.of("log.emitted")
    unique = task["taskArn"].rpartition("/")[2]
    assert told["log_group"] == "/ecs/web" and told["log_stream"] == f"shop/web/{unique}"
    assert told["source"] == "ecs" and emitted.lines() == ["hello", "world"]
    ecs.stop_task(cluster="shop", task=task["taskArn"])
    lab.advance(minutes=1)
    assert not write(task["taskArn"], "web", "too late")
    with pytest.raises(LabError, match="no container 'db'"):
        write(task["taskArn"], "db", "x")
    with pytest.raises(LabError, match="no ECS task"):
        write(task["taskArn"] + "0", "web", "x")


def test_an_execution_role_that_may_not_log_stops_the_task(lab, ecs, network):
    define(lab, arn=role(lab, "poor", "ecs-tasks.amazonaws.com"))
    emitted = Emitted(lab)
    task = run(ecs, network)
    lab.advance(seconds=31)
    stopped = shown(ecs, task)
    assert stopped["lastStatus"] == "STOPPED" and stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"].startswith("ResourceInitializationError")
    assert "exitCode" not in stopped["containers"][0]
    assert emitted.events("ECS Task State Change")[-1]["stopCode"] == "TaskFailedToStart"
    with pytest.raises(ClientError, match="execution role ARN to support log driver awslogs"):
        ecs.register_task_definition(
            family="bare",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=CONTAINERS,
        )


def test_an_essential_container_takes_its_task_with_it(lab, ecs, network):
    define(lab)
    task = run(ecs, network)
    lab.advance(seconds=31)
    exits = lab.parts.backing.ecs.exit
    exits(task["taskArn"], "xray-daemon", 0)
    lab.advance(minutes=1)
    assert shown(ecs, task)["lastStatus"] == "RUNNING"
    exits(task["taskArn"], "web", 3)
    lab.advance(minutes=1)
    stopped = shown(ecs, task)
    assert stopped["stoppedReason"] == "Essential container in task exited"
    codes = {c["name"]: c["exitCode"] for c in stopped["containers"]}
    assert codes == {"web": 3, "xray-daemon": 0}


def serve(ecs, network, count=2):
    ecs.create_service(
        cluster="shop",
        serviceName="front",
        taskDefinition="web",
        desiredCount=count,
        launchType="FARGATE",
        networkConfiguration=network,
    )


def front(ecs):
    return ecs.describe_services(cluster="shop", services=["front"])["services"][0]


def tasks(ecs):
    return ecs.list_tasks(cluster="shop", serviceName="front")["taskArns"]


def test_a_service_keeps_as_many_tasks_as_desired(lab, ecs, network):
    define(lab)
    emitted = Emitted(lab)
    serve(ecs, network)
    assert front(ecs)["pendingCount"] == 2
    ecs.get_waiter("services_stable").wait(cluster="shop", services=["front"])
    assert front(ecs)["runningCount"] == 2
    assert "steady state" in front(ecs)["events"][0]["message"]
    assert emitted.events("ECS Service Action")[0]["eventName"] == "SERVICE_STEADY_STATE"
    first, second = tasks(ecs)
    lab.parts.backing.ecs.exit(first, "web", 1)
    lab.advance(minutes=2)
    assert second in tasks(ecs) and first not in tasks(ecs) and len(tasks(ecs)) == 2
    ecs.update_service(cluster="shop", service="front", desiredCount=3)
    lab.advance(minutes=2)
    assert front(ecs)["runningCount"] == 3
    ecs.update_service(cluster="shop", service="front", desiredCount=0)
    lab.advance(minutes=2)
    assert tasks(ecs) == [] and front(ecs)["runningCount"] == 0
    ecs.delete_service(cluster="shop", service="front")
    cluster = ecs.describe_clusters(clusters=["shop"])["clusters"][0]
    assert cluster["runningTasksCount"] == 0 and cluster["activeServicesCount"] == 0


def test_a_new_definition_takes_over_when_it_runs(lab, ecs, network):
    define(lab)
    serve(ecs, network)
    lab.advance(minutes=1)
    before = set(tasks(ecs))
    define(lab, arn=f"arn:aws:iam::{lab.account}:role/executes")
    ecs.update_service(cluster="shop", service="front", taskDefinition="web:2")
    lab.advance(seconds=20)
    assert before < set(tasks(ecs))
    lab.advance(minutes=2)
    assert not before & set(tasks(ecs)) and front(ecs)["runningCount"] == 2
    ecs.delete_service(cluster="shop", service="front", force=True)
    lab.advance(minutes=2)
    assert tasks(ecs) == []


def test_without_machines_a_service_says_so_and_waits(lab, ecs):
    ecs.register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": "x", "memory": 128}]
    )
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="No Container Instances"):
        ecs.run_task(cluster="shop", taskDefinition="web")
    ecs.create_service(cluster="shop", serviceName="front", taskDefinition="web", desiredCount=1)
    assert "unable to place a task" in front(ecs)["events"][0]["message"]
    machine = lab.client("ec2").run_instances(ImageId="ami-0", MinCount=1, MaxCount=1)["Instances"][
        0
    ]["InstanceId"]
    document = {"instanceId": machine, "region": "us-east-1", "accountId": lab.account}
    ecs.register_container_instance(cluster="shop", instanceIdentityDocument=json.dumps(document))
    lab.advance(minutes=2)
    assert front(ecs)["runningCount"] == 1
    task = ecs.describe_tasks(cluster="shop", tasks=tasks(ecs))["tasks"][0]
    assert task["launchType"] == "EC2" and task["containerInstanceArn"]


def test_the_address_of_a_task_is_its_subnets_and_goes_with_it(lab, ecs, network):
    define(lab)
    task = run(ecs, network)
    told = {d["name"]: d["value"] for d in task["attachments"][0]["details"]}
    assert told["privateIPv4Address"].startswith("172.31.")
    ecs.stop_task(cluster="shop", task=task["taskArn"])
    lab.advance(minutes=1)
    with pytest.raises(ClientError, match="NotFound"):
        lab.client("ec2").describe_network_interfaces(
            NetworkInterfaceIds=[told["networkInterfaceId"]]
        )


def test_a_replay_runs_the_same_tasks(lab, ecs, network):
    define(lab)
    serve(ecs, network)
    lab.advance(minutes=3)
    with lab.replay() as again:
        assert not again.errors and tasks(again.client("ecs")) == tasks(ecs)
