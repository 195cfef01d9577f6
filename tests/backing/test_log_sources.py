"""Each source of logs from its resource to CloudWatch Logs, and silence once the resource is gone.

Flow logs and ECS have files of their own (test_vpc.py, test_ecs_logs.py); the agents' stand in
tests/agents.
"""

import json
import re

import pytest
from emitted import role
from functionkit import zipped

SPEAKS = "def handler(event, context):\n    print('order', event)\n    return 1\n"


@pytest.fixture
def logs(lab):
    return lab.client("logs")


def stored(logs, group):
    return [
        (event["logStreamName"], event["message"])
        for event in logs.filter_log_events(logGroupName=group)["events"]
    ]


def groups(logs):
    return [one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]]


# -- Lambda


def function(lab, arn, **more):
    api = lab.client("lambda")
    api.create_function(
        FunctionName="shop",
        Runtime="python3.12",
        Handler="app.handler",
        Role=arn,
        Code={"ZipFile": zipped(app=SPEAKS)},
        **more,
    )
    return lambda event=7: api.invoke(FunctionName="shop", Payload=json.dumps(event))


@pytest.mark.usefixtures("nursery")
def test_a_function_writes_its_three_lines_and_its_own(lab, logs):
    invoke = function(lab, role(lab, "runs", "lambda.amazonaws.com", "logs:*"))
    assert groups(logs) == []
    invoke()
    found = stored(logs, "/aws/lambda/shop")
    assert len({stream for stream, _ in found}) == 1
    assert re.fullmatch(r"2026/01/05/\[\$LATEST\][0-9a-f]{32}", found[0][0])
    init, start, own, end, report = [text for _, text in found]
    assert init.startswith("INIT_START Runtime Version: python:3.12")
    one = re.fullmatch(r"START RequestId: ([0-9a-f-]{36}) Version: \$LATEST\n", start)[1]
    assert own == "order 7\n"
    assert end == f"END RequestId: {one}\n"
    assert re.fullmatch(
        rf"REPORT RequestId: {one}\tDuration: \S+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB"
        r"\tMax Memory Used: \d+ MB\tInit Duration: \S+ ms\t\n",
        report,
    )
    logs.delete_log_group(logGroupName="/aws/lambda/shop")
    invoke(8)  # the group is made again
    assert [text for _, text in stored(logs, "/aws/lambda/shop")][1] == "order 8\n"
    lab.client("lambda").delete_function(FunctionName="shop")
    before = stored(logs, "/aws/lambda/shop")
    with pytest.raises(lab.client("lambda").exceptions.ResourceNotFoundException):
        invoke()
    assert stored(logs, "/aws/lambda/shop") == before


@pytest.mark.usefixtures("nursery")
def test_a_role_that_may_write_but_not_make_the_group_needs_it_made(lab, logs):
    may = ("logs:CreateLogStream", "logs:PutLogEvents")
    invoke = function(lab, role(lab, "runs", "lambda.amazonaws.com", *may))
    invoke()
    assert groups(logs) == []
    logs.create_log_group(logGroupName="/aws/lambda/shop")
    invoke()
    assert len(stored(logs, "/aws/lambda/shop")) == 4  # warm: no INIT_START


@pytest.mark.usefixtures("nursery")
def test_json_goes_to_a_group_of_ones_own(lab, logs):
    invoke = function(
        lab,
        role(lab, "runs", "lambda.amazonaws.com", "logs:*"),
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "/shop/functions"},
    )
    invoke()
    assert groups(logs) == ["/shop/functions"]
    texts = [text for _, text in stored(logs, "/shop/functions")]
    kinds = [json.loads(text).get("type") for text in texts if text.startswith("{")]
    assert [kind for kind in kinds if kind] == [
        "platform.initStart", "platform.start", "platform.report",
    ]  # fmt: skip


# -- API Gateway


def test_an_access_log_in_the_stages_own_format(lab, logs):
    gateway, group = lab.client("apigateway"), "/api/shop"
    api = gateway.create_rest_api(name="shop")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    given = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**given, authorizationType="NONE")
    gateway.put_integration(**given, type="MOCK")
    gateway.create_deployment(restApiId=api, stageName="prod")
    arn = role(lab, "gateway", "apigateway.amazonaws.com", "logs:*")
    gateway.update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}]
    )

    def change(*operations):
        gateway.update_stage(
            restApiId=api,
            stageName="prod",
            patchOperations=[
                {
                    "op": op,
                    "path": f"/accessLogSettings{path}",
                    **({"value": value} if value else {}),
                }
                for op, path, value in operations
            ],
        )

    def ask(**more):
        return lab.parts.backing.apigateway.request(
            lab.account, "us-east-1", api, "prod", "GET", "/", **more
        )

    form = '{"id":"$context.requestId","status":$context.status,"no":"$context.nothing"}'
    change(
        (
            "replace", "/destinationArn",
            f"arn:aws:logs:us-east-1:{lab.account}:log-group:{group}",
        ),
        ("replace", "/format", form),
    )  # fmt: skip
    ask()
    assert groups(logs) == []  # of an access log the group must be there
    logs.create_log_group(logGroupName=group)
    asked = ask(status=502)
    ((_, line),) = stored(logs, group)
    assert json.loads(line) == {"id": asked.request_id, "status": 502, "no": "-"}
    change(("remove", "", ""))
    ask()
    assert len(stored(logs, group)) == 1


# -- Elastic Beanstalk


def test_an_environment_streams_its_files_into_groups_that_go_with_it(lab, logs):
    eb, iam = lab.client("elasticbeanstalk"), lab.client("iam")
    role(lab, "machines", "ec2.amazonaws.com", "logs:*")
    iam.create_instance_profile(InstanceProfileName="machines")
    iam.add_role_to_instance_profile(InstanceProfileName="machines", RoleName="machines")
    eb.create_application(ApplicationName="shop")
    streaming = "aws:elasticbeanstalk:cloudwatch:logs"

    def settings(**values):
        return [
            {"Namespace": streaming, "OptionName": name, "Value": value}
            for name, value in values.items()
        ]

    profile = {
        "Namespace": "aws:autoscaling:launchconfiguration",
        "OptionName": "IamInstanceProfile",
        "Value": "machines",
    }
    eb.create_environment(
        ApplicationName="shop", EnvironmentName="front",
        OptionSettings=[
            profile, *settings(StreamLogs="true", RetentionInDays="30", DeleteOnTerminate="true"),
        ],
    )  # fmt: skip
    assert groups(logs) == []
    lab.advance(minutes=5)
    group = "/aws/elasticbeanstalk/front/var/log/nginx/access.log"
    kept = {
        one["logGroupName"]: one["retentionInDays"]
        for one in logs.describe_log_groups()["logGroups"]
    }
    assert kept[group] == 30
    assert "/aws/elasticbeanstalk/front/var/log/web.stdout.log" in kept

    def write():
        return lab.parts.backing.beanstalk.write_log(
            lab.account, "us-east-1", "front", "/var/log/nginx/access.log", "GET / 200"
        )

    assert write() == 1
    ((stream, line),) = stored(logs, group)
    assert stream.startswith("i-")
    assert line == "GET / 200"
    eb.update_environment(EnvironmentName="front", OptionSettings=settings(StreamLogs="false"))
    lab.advance(minutes=5)
    assert write() == 0
    assert len(stored(logs, group)) == 1
    eb.update_environment(
        EnvironmentName="front", OptionSettings=settings(StreamLogs="true", RetentionInDays="3")
    )
    lab.advance(minutes=5)
    assert write() == 1
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 3
    eb.terminate_environment(EnvironmentName="front")
    lab.advance(minutes=10)
    assert groups(logs) == []


# -- CloudWatch Logs' own API, as a program of one's own calls it


def test_a_program_that_calls_the_api(lab, logs):
    logs.create_log_group(logGroupName="/shop/app")
    logs.create_log_stream(logGroupName="/shop/app", logStreamName="main")
    at = int(lab.now.timestamp() * 1000)
    event = {"timestamp": at, "message": "started"}
    logs.put_log_events(logGroupName="/shop/app", logStreamName="main", logEvents=[event])
    assert stored(logs, "/shop/app") == [("main", "started")]
    logs.delete_log_stream(logGroupName="/shop/app", logStreamName="main")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.put_log_events(logGroupName="/shop/app", logStreamName="main", logEvents=[event])
