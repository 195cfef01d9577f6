"""API Gateway: requests to a stage are measured and logged by the stage's own format."""

import json

import pytest
from botocore.exceptions import ClientError
from emitted import Emitted, role

from labkit.backing.apigateway import in_format
from labkit.core.errors import LabError

CLF = (
    "$context.identity.sourceIp $context.identity.caller $context.identity.user "
    '[$context.requestTime]"$context.httpMethod $context.resourcePath $context.protocol" '
    "$context.status $context.responseLength $context.requestId $context.extendedRequestId"
)


@pytest.fixture
def gateway(lab):
    return lab.client("apigateway")


@pytest.fixture
def api(lab, gateway):
    made = gateway.create_rest_api(name="pets")["id"]
    (root,) = gateway.get_resources(restApiId=made)["items"]
    pets = gateway.create_resource(restApiId=made, parentId=root["id"], pathPart="pets")["id"]
    one = gateway.create_resource(restApiId=made, parentId=pets, pathPart="{id}")["id"]
    for resource in (pets, one):
        gateway.put_method(
            restApiId=made, resourceId=resource, httpMethod="GET", authorizationType="NONE"
        )
        gateway.put_integration(restApiId=made, resourceId=resource, httpMethod="GET", type="MOCK")
    gateway.create_deployment(restApiId=made, stageName="prod")
    return made


def log(lab, gateway, api, form, group="/api/pets"):
    arn = role(lab, "gateway-logs", "apigateway.amazonaws.com", "logs:*")
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}
    gateway.update_account(patchOperations=[change])
    lab.client("logs").create_log_group(logGroupName=group)
    destination = f"arn:aws:logs:us-east-1:{lab.account}:log-group:{group}"
    set_stage(gateway, api, ("/accessLogSettings/destinationArn", destination))
    set_stage(gateway, api, ("/accessLogSettings/format", form))


def set_stage(gateway, api, *changes):
    gateway.update_stage(
        restApiId=api,
        stageName="prod",
        patchOperations=[{"op": "replace", "path": p, "value": v} for p, v in changes],
    )


def ask(lab, api, path="/pets", method="GET", **more):
    request = lab.parts.backing.apigateway.request
    return request(lab.account, "us-east-1", api, "prod", method, path, **more)


def test_a_request_is_measured(lab, api):
    emitted = Emitted(lab)
    assert ask(lab, api, latency_ms=40).status == 200
    assert ask(lab, api, status=502).status == 502
    for name, values in (
        ("Count", [1, 1]),
        ("4XXError", [0, 0]),
        ("5XXError", [0, 1]),
        ("Latency", [40, 20]),
        ("IntegrationLatency", [37, 17]),
    ):
        assert emitted.metric(name, ApiName="pets") == values
        assert emitted.metric(name, ApiName="pets", Stage="prod") == values


@pytest.mark.parametrize(
    ("method", "path", "status", "resource"),
    [
        ("GET", "/pets", 200, "/pets"),
        ("GET", "/pets/7", 200, "/pets/{id}"),
        ("GET", "/pets/7/toys", 403, "-"),
        ("POST", "/pets", 403, "-"),
    ],
)
def test_paths(lab, api, method, path, status, resource):
    answer = ask(lab, api, path, method)
    assert (answer.status, answer.resource_path) == (status, resource)


def test_the_access_log_has_the_stages_format(lab, gateway, api):
    emitted = Emitted(lab)
    ask(lab, api)
    assert emitted.lines() == []
    log(lab, gateway, api, CLF)
    answer = ask(lab, api, "/pets/7", length=11)
    (line,) = emitted.lines("/api/pets")
    assert line.startswith(
        f'203.0.113.7 - - [{lab.now:%d/%b/%Y:%H:%M:%S} +0000]"GET /pets/{{id}} HTTP/1.1" 200 11 '
        f"{answer.request_id} "
    )
    form = json.dumps({"requestId": "$context.requestId", "status": "$context.status"})
    set_stage(gateway, api, ("/accessLogSettings/format", form))
    ask(lab, api, "/none")
    assert json.loads(emitted.lines()[-1])["status"] == "403"


def test_execution_logs_by_level(lab, gateway, api):
    log(lab, gateway, api, CLF)
    emitted = Emitted(lab)
    group = f"API-Gateway-Execution-Logs_{api}/prod"
    set_stage(gateway, api, ("/*/*/logging/loglevel", "ERROR"))
    ask(lab, api)
    assert emitted.lines(group) == []
    ask(lab, api, status=500)
    assert len(emitted.lines(group)) == 1
    set_stage(gateway, api, ("/*/*/logging/loglevel", "INFO"))
    ask(lab, api)
    assert any("Method completed with status: 200" in line for line in emitted.lines(group))


def test_logging_needs_the_accounts_role_and_a_request_id(lab, gateway, api):
    with pytest.raises(ClientError, match="role ARN must be set in account settings"):
        set_stage(gateway, api, ("/accessLogSettings/format", CLF))
    log(lab, gateway, api, CLF)
    with pytest.raises(ClientError, match="must contain"):
        set_stage(gateway, api, ("/accessLogSettings/format", "$context.status"))
    lab.client("iam").delete_role_policy(RoleName="gateway-logs", PolicyName="may")
    emitted = Emitted(lab)
    ask(lab, api)
    assert emitted.lines() == [] and emitted.metric("Count", ApiName="pets") == [1]


def test_a_stage_that_traces(lab, api, gateway):
    sent = []
    lab.world.ports._answers["accept_segments"] = lambda *told: sent.append(told)
    assert ask(lab, api).trace == ""
    set_stage(gateway, api, ("/tracingEnabled", "true"))
    lab.advance(seconds=1)
    answer = ask(lab, api, "/pets/7", status=502, latency_ms=40, length=36)
    ((account, region, (segment,), *_),) = sent
    assert (account, region) == (lab.account, "us-east-1")
    assert (segment["name"], segment["origin"]) == ("pets/prod", "AWS::ApiGateway::Stage")
    assert segment["http"]["response"] == {"status": 502, "content_length": 36}
    assert segment["fault"]
    assert segment["http"]["request"]["url"].endswith(".amazonaws.com/prod/pets/7")
    assert round(segment["end_time"] - segment["start_time"], 6) == 0.04
    (call,) = segment["subsegments"]
    assert round(call["end_time"] - call["start_time"], 6) == 0.037
    assert answer.trace == f"Root={segment['trace_id']};Parent={call['id']};Sampled=1"
    assert ask(lab, api, trace=answer.trace.replace("Sampled=1", "Sampled=0")).trace.endswith("0")
    assert len(sent) == 1
    upstream = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    ask(lab, api, trace=upstream)
    assert sent[-1][2][0]["parent_id"] == "53995c3f42cd8ad8"
    assert sent[-1][2][0]["trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"


def test_of_a_stages_requests_one_a_second_is_traced_and_a_few_more(lab, api, gateway):
    set_stage(gateway, api, ("/tracingEnabled", "true"))
    lab.advance(seconds=1)
    traced = [ask(lab, api).trace.endswith("Sampled=1") for _ in range(200)]
    assert traced[0]
    assert 3 < sum(traced) < 25
    lab.advance(seconds=1)
    assert ask(lab, api).trace.endswith("Sampled=1")


def test_variables_without_a_value_are_dashes():
    text = in_format("$context.a.b $context.status. $context.none", {"a.b": 1, "status": 200})
    assert text == "1 200. -"


def test_what_is_not_there(lab, api):
    with pytest.raises(LabError, match="no API"):
        lab.parts.backing.apigateway.request(lab.account, "us-east-1", api, "none", "GET", "/")


def test_a_deployment_answers_no_urls_of_the_process(api):
    from moto.core.models import responses_mock

    assert not [m for m in responses_mock._registry.registered if api in str(m.url)]
