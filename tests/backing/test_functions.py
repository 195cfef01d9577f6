"""Functions really run: their code, their calls, their log and their figures."""

import json
import re
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from functionkit import Stage, role, zipped

import labkit

ECHO = "def handler(event, context):\n    return event\n"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def code_of(error):
    return error.value.response["Error"]["Code"]


def test_a_function_answers_with_what_it_returns(stage):
    got = stage.run(ECHO, {"a": [1, None, "ü"]})
    assert (got.status, got.error, got.version) == (200, None, "$LATEST")
    assert got.value == {"a": [1, None, "ü"]}


def test_the_lines_of_the_log(stage):
    name = stage.make("def handler(event, context):\n    print('one')\n    print('two')\n")
    cold, warm = stage.call(name), stage.call(name)
    lines = stage.logged(name)
    assert len(lines) == 1 + 2 * 5
    assert re.fullmatch(
        r"INIT_START Runtime Version: python:3\.12\.v\d+\tRuntime Version ARN: "
        r"arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n",
        lines[0],
    )
    assert lines[1:5] == [
        f"START RequestId: {cold.id} Version: $LATEST\n",
        "one\n",
        "two\n",
        f"END RequestId: {cold.id}\n",
    ]
    figures = (
        r"REPORT RequestId: %s\tDuration: (\d+\.\d\d) ms\tBilled Duration: (\d+) ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: (\d+) MB"
    )
    first = re.fullmatch(figures % cold.id + r"\tInit Duration: (\d+\.\d\d) ms\t\n", lines[5])
    again = re.fullmatch(figures % warm.id + r"\t\n", lines[-1])
    duration, billed, _, init = map(float, first.groups())
    # Since August 2025 the initialisation is billed too.
    assert billed - 1 < duration + init <= billed
    duration, billed, used = map(float, again.groups())
    assert billed - 1 < duration <= billed and 20 < used < 128
    assert cold.log == "".join(lines[:6]) and warm.log == "".join(lines[6:])
    (stream,) = {
        fact.data["log_stream"]
        for fact in stage.told
        if fact.kind == "log.emitted" and fact.data["log_group"] == f"/aws/lambda/{name}"
    }
    assert re.fullmatch(r"2026/01/05/\[\$LATEST\][0-9a-f]{32}", stream)


def test_a_function_calls_aws_as_its_role(stage):
    got = stage.run(
        "import boto3\n"
        "def handler(event, context):\n"
        "    boto3.client('s3').create_bucket(Bucket='made-by-a-function')\n"
        "    body = boto3.client('s3')\n"
        "    body.put_object(Bucket='made-by-a-function', Key='k', Body=b'\\x00bytes')\n"
        "    read = body.get_object(Bucket='made-by-a-function', Key='k')['Body'].read()\n"
        "    return [boto3.client('sts').get_caller_identity()['Arn'], list(read)]\n"
    )
    account = stage.lab.account
    assert got.value[0] == f"arn:aws:sts::{account}:assumed-role/runs/{got_name(stage)}"
    assert bytes(got.value[1]) == b"\x00bytes"
    assert "made-by-a-function" in [
        bucket["Name"] for bucket in stage.lab.client("s3").list_buckets()["Buckets"]
    ]
    (record,) = [
        fact.data
        for fact in stage.told
        if fact.kind == "call.finished" and fact.data["operation"] == "CreateBucket"
    ]
    assert record["principal"]["kind"] == "AssumedRole"
    assert record["principal"]["issuer_arn"] == stage.role


def got_name(stage):
    return f"f{stage._made}"


def test_its_calls_take_no_millisecond_and_stand_in_no_journal(stage):
    name = stage.make(
        "import boto3\n"
        "def handler(event, context):\n"
        "    for _ in range(3):\n"
        "        boto3.client('sqs').create_queue(QueueName='q')\n"
    )
    before, lines = stage.lab.world.clock.now_us, len(stage.lab.world.journal)
    stage.call(name)
    assert stage.lab.world.clock.now_us - before <= 2_000
    noted = list(stage.lab.world.journal)[lines:]
    assert [entry.name for entry in noted] == ["lambda:Invoke"]


def test_the_roles_policies_hold(stage):
    poor = role(stage.lab, "logs:*", name="poor")
    name = stage.make(
        "import boto3\n"
        "def handler(event, context):\n"
        "    boto3.client('s3').create_bucket(Bucket='never')\n",
        Role=poor,
    )
    got = stage.call(name)
    assert got.error == "Unhandled" and got.value["errorType"] == "AccessDenied"
    assert "AccessDenied" in got.value["errorMessage"]
    assert f"assumed-role/poor/{name}" in got.value["errorMessage"]


def test_a_role_without_logs_leaves_no_log(stage):
    silent = role(stage.lab, name="silent")
    name = stage.make("def handler(event, context):\n    print('unheard')\n", Role=silent)
    got = stage.call(name)
    assert "unheard" in got.log and stage.logged(name) == []


def test_keys_of_another_role_are_that_role(stage):
    stage.lab.client("iam").create_role(
        RoleName="other",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
                ],
            }
        ),
    )
    got = stage.run(
        "import boto3\n"
        "def handler(event, context):\n"
        "    arn = context.invoked_function_arn.split(':')[4]\n"
        "    keys = boto3.client('sts').assume_role(\n"
        "        RoleArn=f'arn:aws:iam::{arn}:role/other', RoleSessionName='me')['Credentials']\n"
        "    def who(key):\n"
        "        return boto3.client('sts', aws_access_key_id=key, aws_secret_access_key='s',\n"
        "            aws_session_token='t').get_caller_identity()['Arn'].partition('/')[2]\n"
        "    return [who(keys['AccessKeyId']), who('AKIANOBODYSKEY123456')]\n"
    )
    assert got.value == ["other/me", f"runs/{got_name(stage)}"]


def test_the_context_and_the_environment(stage):
    name = stage.make(
        "import os\n"
        "def handler(event, context):\n"
        "    return [{k: v for k, v in vars(context).items() if isinstance(v, str)},\n"
        "            dict(os.environ), os.getcwd().count('labkit') > 0]\n",
        MemorySize=256,
        Environment={"Variables": {"STAGE": "dev"}},
    )
    got = stage.call(name)
    context, environment, _ = got.value
    assert context["aws_request_id"] == got.id
    assert context["function_name"] == name and context["memory_limit_in_mb"] == "256"
    assert context["invoked_function_arn"].endswith(f":function:{name}")
    assert context["log_group_name"] == f"/aws/lambda/{name}"
    assert environment["STAGE"] == "dev"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")


def test_nothing_of_this_machine_is_in_the_environment(stage, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-real-one")
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("SECRET_OF_THIS_MACHINE", "x")
    got = stage.run("import os\ndef handler(event, context):\n    return dict(os.environ)\n")
    assert not {"AWS_PROFILE", "SECRET_OF_THIS_MACHINE", "USER"} & set(got.value)
    assert "a-real-one" not in got.value.values()
    assert got.value["HOME"] == got.value["TMPDIR"]


def test_time_is_the_labs(stage):
    name = stage.make(
        "import time, datetime\n"
        "from datetime import datetime as short, date, timezone\n"
        "def handler(event, context):\n"
        "    a = short.now(timezone.utc); left = context.get_remaining_time_in_millis()\n"
        "    time.sleep(2)\n"
        "    b = datetime.datetime.utcnow()\n"
        "    end = time.time() + 0.25\n"
        "    while time.time() < end: pass\n"
        "    return [a.isoformat(), b.isoformat(), date.today().isoformat(), left,\n"
        "            context.get_remaining_time_in_millis(), time.strftime('%H:%M:%S'),\n"
        "            isinstance(b, datetime.datetime), repr(a)[:18]]\n"
    )
    stage.lab.advance(hours=1)
    got = stage.call(name)
    now = datetime.fromisoformat(got.value[0])
    assert abs((stage.lab.now - now).total_seconds()) < 0.01 and now.tzinfo == UTC
    later = datetime.fromisoformat(got.value[1]).replace(tzinfo=UTC)
    assert 2 <= (later - now).total_seconds() < 2.01
    assert got.value[2] == "2026-01-05"
    assert 2999 <= got.value[3] <= 3000 and 740 <= got.value[4] <= 750
    assert got.value[5] == (later).strftime("%H:%M:%S")
    assert got.value[6:] == [True, "datetime.datetime("]
    assert stage.metrics(name, "Duration")[0] > 2250


def test_logging_looks_as_lambda_makes_it(stage):
    name = stage.make(
        "import logging\n"
        "log = logging.getLogger('shop')\n"
        "def handler(event, context):\n"
        "    log.warning('two\\nlines'); log.info('not at this level')\n"
        "    logging.getLogger().setLevel('INFO'); log.info('seen')\n"
    )
    got = stage.call(name)
    told = [line for line in stage.logged(name) if line.startswith("[")]
    assert re.fullmatch(
        rf"\[WARNING\]\t2026-01-05T\d\d:\d\d:\d\d\.\d{{3}}Z\t{got.id}\ttwo\nlines\n", told[0]
    )
    assert told[1].endswith(f"\t{got.id}\tseen\n") and len(told) == 2


def test_logging_as_json(stage):
    name = stage.make(
        "import logging\n"
        "def handler(event, context):\n"
        "    logging.error('bad %s', 'thing', extra={'order': 7})\n",
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "/shop/functions"},
    )
    got = stage.call(name)
    lines = [json.loads(line) for line in got.log.splitlines()]
    assert [line.get("type") for line in lines] == [
        "platform.initStart",
        "platform.start",
        None,
        "platform.report",
    ]
    assert lines[2] == {
        "timestamp": lines[2]["timestamp"],
        "level": "ERROR",
        "message": "bad thing",
        "logger": "root",
        "order": 7,
        "requestId": got.id,
    }
    assert lines[3]["record"]["status"] == "success"
    assert lines[3]["record"]["metrics"]["memorySizeMB"] == 128
    assert any(
        fact.kind == "log.emitted" and fact.data["log_group"] == "/shop/functions"
        for fact in stage.told
    )


def test_metrics(stage):
    name = stage.make("def handler(event, context):\n    return 1 / event\n")
    stage.call(name, 1)
    stage.call(name, 0)
    assert stage.metrics(name, "Invocations") == [1, 1]
    assert stage.metrics(name, "Errors") == [0, 1]
    assert stage.metrics(name, "Throttles") == [0, 0]
    assert all(0.3 < value < 20 for value in stage.metrics(name, "Duration"))
    assert stage.metrics(name, "ConcurrentExecutions") == [1, 1]
    dimensions = {
        json.dumps(fact.data["dimensions"]) for fact in stage.told if fact.kind == "metric.emitted"
    }
    assert "[]" in dimensions
    assert json.dumps([["FunctionName", name], ["Resource", name]]) in dimensions


def test_state_of_the_module_lives_as_long_as_the_environment(stage):
    name = stage.make("n = 0\ndef handler(event, context):\n    global n; n += 1; return n\n")
    assert [stage.call(name).value for _ in range(3)] == [1, 2, 3]
    stage.api.update_function_configuration(FunctionName=name, Timeout=5)
    assert stage.call(name).value == 1
    stage.lab.advance(minutes=9)
    assert stage.call(name).value == 2
    stage.lab.advance(minutes=11)
    assert stage.call(name).value == 1


def test_code_from_a_bucket_and_new_code(stage):
    s3 = stage.lab.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="a.zip", Body=zipped(app="def handler(e, c): return 'a'"))
    name = stage.make("", Code={"S3Bucket": "code", "S3Key": "a.zip"})
    assert stage.call(name).value == "a"
    stage.api.update_function_code(
        FunctionName=name, ZipFile=zipped(app="def handler(e, c): return 'b'")
    )
    assert stage.call(name).value == "b"
    with pytest.raises(ClientError) as refused:
        stage.api.update_function_code(FunctionName=name, S3Bucket="code", S3Key="none.zip")
    assert code_of(refused) == "InvalidParameterValueException"
    with pytest.raises(ClientError) as refused:
        stage.make("", Code={"S3Bucket": "no-such-bucket", "S3Key": "a.zip"})
    assert code_of(refused) == "InvalidParameterValueException"


def test_versions_and_aliases(stage):
    name = stage.make("def handler(e, c): return ['one', c.function_version]")
    stage.api.publish_version(FunctionName=name)
    stage.api.update_function_code(
        FunctionName=name,
        ZipFile=zipped(app="def handler(e, c): return ['two', c.function_version]"),
    )
    stage.api.publish_version(FunctionName=name)
    stage.api.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert stage.call(name, Qualifier="1").value == ["one", "1"]
    live = stage.call(name, Qualifier="live")
    assert (live.value, live.version) == (["one", "1"], "1")
    assert stage.call(f"{name}:2").value == ["two", "2"]
    stage.api.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    assert stage.call(name, Qualifier="live").value == ["two", "2"]
    stage.api.update_alias(
        FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}}
    )
    seen = {stage.call(name, Qualifier="live").version for _ in range(12)}
    assert seen == {"1", "2"}
    with pytest.raises(ClientError) as missing:
        stage.call(name, Qualifier="9")
    assert code_of(missing) == "ResourceNotFoundException"


def test_layers(stage):
    layer = stage.api.publish_layer_version(
        LayerName="tools", Content={"ZipFile": zipped(**{"python/tools": "answer = 42\n"})}
    )["LayerVersionArn"]
    name = stage.make("import tools\ndef handler(e, c): return tools.answer", Layers=[layer])
    assert stage.call(name).value == 42


def test_modules_that_lambda_does_not_bring_are_not_there(stage):
    for module in ("numpy", "labkit", "moto", "pytest"):
        got = stage.run(f"import {module}\ndef handler(e, c): pass\n")
        assert got.value["errorMessage"] == (
            f"Unable to import module 'app': No module named '{module}'"
        )


def test_dry_run_and_tail(stage):
    name = stage.make("def handler(e, c):\n    print('x' * 5000)\n")
    dry = stage.api.invoke(FunctionName=name, InvocationType="DryRun")
    assert dry["StatusCode"] == 204 and stage.logged(name) == []
    full = stage.call(name)
    assert len(full.log) == 4096 and full.log.endswith("MB\tInit" + full.log.rpartition("Init")[2])
    plain = stage.api.invoke(FunctionName=name)
    assert "LogResult" not in plain


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"FunctionName": "none"}, "ResourceNotFoundException"),
        ({"Payload": b"{not json"}, "InvalidRequestContentException"),
        ({"InvocationType": "Now"}, "InvalidParameterValueException"),
        ({"Payload": b'"' + b"x" * 6_291_456 + b'"'}, "RequestTooLargeException"),
        (
            {"Payload": b'"' + b"x" * 1_048_576 + b'"', "InvocationType": "Event"},
            "RequestTooLargeException",
        ),
        ({"ClientContext": "%%%"}, "InvalidRequestContentException"),
    ],
)
def test_what_invoke_refuses(stage, given, code):
    name = stage.make(ECHO)
    with pytest.raises(ClientError) as refused:
        stage.api.invoke(**{"FunctionName": name, **given})
    assert code_of(refused) == code
    names = {s.name for s in stage.api.meta.service_model.operation_model("Invoke").error_shapes}
    assert code in names


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Code": {"ZipFile": b"garbage"}}, "InvalidParameterValueException"),
        ({"Timeout": 901}, "ValidationException"),
        ({"MemorySize": 20_000}, "ValidationException"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException"),
        ({"Role": "arn:aws:iam::123456789012:role/none"}, "InvalidParameterValueException"),
        ({"Handler": ""}, "InvalidParameterValueException"),
    ],
)
def test_what_create_refuses(stage, given, code):
    with pytest.raises(ClientError) as refused:
        stage.make(ECHO, **given)
    assert code_of(refused) == code


def test_a_role_that_lambda_may_not_assume(stage):
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    arn = stage.lab.client("iam").create_role(
        RoleName="for-ec2", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        stage.make(ECHO, Role=arn)
    assert not any(
        f["FunctionName"] == got_name(stage) for f in stage.api.list_functions()["Functions"]
    )


def test_other_runtimes_say_that_they_do_not_run_here(stage):
    for runtime in ("nodejs22.x", "java21"):
        got = stage.run("", Runtime=runtime, Handler="index.handler")
        assert got.error == "Unhandled"
        assert "labkit runs the Python runtimes" in got.value["errorMessage"]
        assert runtime in got.value["errorMessage"] and "labkit runs" in got.log


def test_what_is_configured_is_told(stage):
    name = stage.make(
        ECHO,
        DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"},
        LoggingConfig={"LogFormat": "JSON"},
    )
    told = stage.api.get_function_configuration(FunctionName=name)
    assert told["DeadLetterConfig"]["TargetArn"].endswith(":dead")
    assert told["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": f"/aws/lambda/{name}"}
    changed = stage.api.update_function_configuration(
        FunctionName=name,
        RevisionId=told["RevisionId"],
        Environment={},
        EphemeralStorage={"Size": 1024},
    )
    assert changed["EphemeralStorage"] == {"Size": 1024}
    assert changed["RevisionId"] != told["RevisionId"]
    with pytest.raises(ClientError) as late:
        stage.api.update_function_configuration(
            FunctionName=name, RevisionId=told["RevisionId"], Timeout=9
        )
    assert code_of(late) == "PreconditionFailedException"


def test_functions_invoke_functions(stage):
    inner = stage.make("def handler(e, c): return e + 1")
    outer = stage.make(
        "import boto3, json\n"
        "def handler(e, c):\n"
        "    return json.loads(boto3.client('lambda').invoke(\n"
        f"        FunctionName='{inner}', Payload=json.dumps(e))['Payload'].read()) * 10\n"
    )
    assert stage.call(outer, 4).value == 50


def test_a_function_that_invokes_itself_for_ever_is_stopped(nursery):
    with labkit.Lab(active=False) as lab:
        stage = Stage(lab)
        name = stage.make(
            "import boto3\n"
            "def handler(e, c):\n"
            "    boto3.client('lambda').invoke(FunctionName=c.function_name)\n"
        )
        with pytest.raises(labkit.LabError, match=r"circle|never end"):
            stage.call(name)
        assert lab.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_reserved_concurrency(stage):
    name = stage.make(ECHO)
    stage.api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as throttled:
        stage.call(name)
    assert code_of(throttled) == "TooManyRequestsException"
    assert throttled.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert stage.metrics(name, "Throttles") == [1]
    assert stage.metrics(name, "Invocations") == []
    stage.api.delete_function_concurrency(FunctionName=name)
    assert stage.call(name, 3).value == 3


def test_permissions_for_services_and_other_accounts(stage):
    name = stage.make(ECHO)
    arn = stage.api.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    service = "lambda.alarms.cloudwatch.amazonaws.com"
    refused = stage.functions.invoke(arn, b"1", principal=service)
    assert (refused.ok, refused.error_type, refused.ran) == (False, "AccessDenied", False)
    stage.api.add_permission(
        FunctionName=name,
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal=service,
        SourceAccount=stage.lab.account,
    )
    alarm = f"arn:aws:cloudwatch:us-east-1:{stage.lab.account}:alarm:hot"
    other = alarm.replace(stage.lab.account, "210987654321")
    assert stage.functions.invoke(arn, b"1", principal=service, source_arn=alarm).payload == b"1"
    assert not stage.functions.invoke(arn, b"1", principal=service, source_arn=other).ok
    with pytest.raises(ClientError) as twice:
        stage.api.add_permission(
            FunctionName=name, StatementId="alarms", Action="lambda:InvokeFunction", Principal="*"
        )
    assert code_of(twice) == "ResourceConflictException"

    stranger = stage.lab.client("lambda", account_id="210987654321")
    with pytest.raises(ClientError) as denied:
        stranger.invoke(FunctionName=arn)
    assert code_of(denied) == "AccessDeniedException"
    stage.api.add_permission(
        FunctionName=name,
        StatementId="friend",
        Action="lambda:InvokeFunction",
        Principal="210987654321",
    )
    assert stranger.invoke(FunctionName=arn, Payload=b"2")["Payload"].read() == b"2"
    stage.api.remove_permission(FunctionName=name, StatementId="friend")
    with pytest.raises(ClientError):
        stranger.invoke(FunctionName=arn)


def test_a_role_invokes_when_its_policies_allow_it(stage):
    name = stage.make(ECHO)
    arn = stage.api.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    may = role(stage.lab, "lambda:InvokeFunction", name="caller")
    may_not = role(stage.lab, "s3:*", name="no-caller")
    assert stage.functions.invoke(arn, b"1", principal=may).ok
    assert stage.functions.invoke(arn, b"1", principal=may_not).error_type == "AccessDenied"
    missing = stage.functions.invoke(arn + "x", b"1", principal=may)
    assert missing.error_type == "ResourceNotFoundException"


def test_users_need_the_permission(stage):
    name = stage.make(ECHO)
    user = stage.lab.user(
        "caller",
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "lambda:InvokeFunction",
                    "Resource": f"arn:aws:lambda:us-east-1:{stage.lab.account}:function:{name}",
                }
            ],
        },
    )
    assert user.client("lambda").invoke(FunctionName=name, Payload=b"1")["StatusCode"] == 200
    with pytest.raises(ClientError) as denied:
        user.client("lambda").invoke(FunctionName=stage.make(ECHO))
    assert code_of(denied) == "AccessDeniedException"
    assert "lambda:InvokeFunction" in str(denied.value)
