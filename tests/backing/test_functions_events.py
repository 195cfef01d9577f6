"""Events for which nobody waits: tried on the clock, sent on, and where they come from."""

import json

import pytest
from botocore.exceptions import ClientError

from labkit.core.clock import SECOND

FAILS = "def handler(event, context):\n    raise ValueError(event)\n"


def queue(stage, name, **attributes):
    sqs = stage.lab.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def received(**more):
        got = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], **more
        ).get("Messages", [])
        for message in got:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return got

    return url, f"arn:aws:sqs:us-east-1:{stage.lab.account}:{name}", received


def send(stage, name, event):
    answer = stage.api.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
    return answer["ResponseMetadata"]["RequestId"]


def invocations(stage, name):
    return [
        fact.at_us for fact in stage.told
        if fact.kind == "metric.emitted" and fact.data["metric_name"] == "Invocations"
        and fact.data["dimensions"] == [["FunctionName", name]]
    ]  # fmt: skip


def test_an_event_is_run_at_once_and_once(stage):
    name = stage.make("def handler(e, c):\n    print(e)\n")
    request_id = send(stage, name, "hello")
    assert "hello\n" in stage.logged(name)
    assert any(request_id in line for line in stage.logged(name))
    stage.lab.advance(hours=1)
    assert len(invocations(stage, name)) == 1
    assert stage.metrics(name, "AsyncEventsReceived") == [1]


def test_two_more_tries_after_one_and_two_minutes(stage):
    name = stage.make(FAILS)
    request_id = send(stage, name, "bad")
    stage.lab.advance(hours=7)
    first, second, third = invocations(stage, name)
    assert second - first == 60 * SECOND and third - second == 120 * SECOND
    assert stage.metrics(name, "Errors") == [1, 1, 1]
    starts = [line for line in stage.logged(name) if line.startswith("START")]
    assert len(starts) == 3 and all(request_id in line for line in starts)
    assert stage.metrics(name, "AsyncEventsDropped") == [1]


def test_dead_letters(stage):
    _, arn, received = queue(stage, "dead")
    name = stage.make(FAILS, DeadLetterConfig={"TargetArn": arn})
    request_id = send(stage, name, {"order": 7})
    assert received() == []
    stage.lab.advance(minutes=4)
    (letter,) = received()
    assert json.loads(letter["Body"]) == {"order": 7}
    told = {k: v["StringValue"] for k, v in letter["MessageAttributes"].items()}
    assert told == {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": "{'order': 7}"}


def test_destinations(stage):
    _, good, succeeded = queue(stage, "good")
    _, bad, failed = queue(stage, "bad")
    name = stage.make("def handler(e, c): return 1 / e")
    stage.api.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=1,
        DestinationConfig={
            "OnSuccess": {"Destination": good},
            "OnFailure": {"Destination": bad},
        },
    )
    request_id = send(stage, name, 4)
    (message,) = succeeded()
    record = json.loads(message["Body"])
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": f"arn:aws:lambda:us-east-1:{stage.lab.account}:function:{name}:$LATEST",
        "condition": "Success",
        "approximateInvokeCount": 1,
    }
    assert (record["requestPayload"], record["responsePayload"]) == (4, 0.25)
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    send(stage, name, 0)
    assert failed() == []
    stage.lab.advance(minutes=1)
    (message,) = failed()
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorType"] == "ZeroDivisionError"
    assert succeeded() == []


def test_the_last_configuration_counts(stage):
    name = stage.make(FAILS)
    stage.api.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    stage.api.put_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=60)
    told = stage.api.get_function_event_invoke_config(FunctionName=name)
    assert "MaximumRetryAttempts" not in told and told["MaximumEventAgeInSeconds"] == 60
    stage.api.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    told = stage.api.get_function_event_invoke_config(FunctionName=name)
    assert (told["MaximumRetryAttempts"], told["MaximumEventAgeInSeconds"]) == (0, 60)
    send(stage, name, 1)
    stage.lab.advance(hours=1)
    assert len(invocations(stage, name)) == 1


def test_a_destination_that_the_role_may_not_reach(stage):
    from functionkit import role

    _, bad, failed = queue(stage, "forbidden")
    poor = role(stage.lab, "logs:*", name="no-queue")
    name = stage.make(FAILS, Role=poor, DeadLetterConfig={"TargetArn": bad})
    stage.api.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": bad}},
    )
    send(stage, name, 1)
    assert failed() == []
    assert stage.metrics(name, "DestinationDeliveryFailures") == [1]
    assert stage.metrics(name, "DeadLetterErrors") == [1]


def test_a_throttled_event_waits(stage):
    name = stage.make("def handler(e, c): return e")
    stage.api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    send(stage, name, 1)
    stage.lab.advance(seconds=2.5)
    assert stage.metrics(name, "Throttles") == [1, 1]  # at 0 and 1 s; then at 3 s
    stage.api.delete_function_concurrency(FunctionName=name)
    stage.lab.advance(seconds=1)
    assert len(invocations(stage, name)) == 1
    old = stage.make("def handler(e, c): return e")
    stage.api.put_function_concurrency(FunctionName=old, ReservedConcurrentExecutions=0)
    stage.api.put_function_event_invoke_config(FunctionName=old, MaximumEventAgeInSeconds=60)
    send(stage, old, 1)
    stage.lab.advance(hours=7)
    assert invocations(stage, old) == [] and stage.metrics(old, "AsyncEventsDropped") == [1]


def test_many_events_of_one_instant_need_an_environment_each(stage):
    name = stage.make("import time\ndef handler(e, c): time.sleep(0.1)")
    arn = stage.api.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    with stage.lab.world.lock:
        stage.lab.world.clock.open_instant()
        for number in range(3):
            stage.functions.invoke(arn, str(number).encode(), principal="", asynchronous=True)
        stage.lab.world.clock.drain_instant()
    assert sum(line.startswith("INIT_START") for line in stage.logged(name)) == 3
    assert stage.metrics(name, "ConcurrentExecutions") == [1, 2, 3]
    stage.lab.advance(seconds=1)
    send(stage, name, 1)
    assert sum(line.startswith("INIT_START") for line in stage.logged(name)) == 3


def test_a_topic_invokes_what_allows_it(stage):
    sns = stage.lab.client("sns")
    topic = sns.create_topic(Name="to-function")["TopicArn"]
    name = stage.make("def handler(e, c):\n    print(e['Records'][0]['Sns']['Message'])\n")
    arn = stage.api.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="refused")
    assert stage.logged(name) == []
    stage.api.add_permission(
        FunctionName=name,
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    sns.publish(TopicArn=topic, Message="taken")
    assert "taken\n" in stage.logged(name) and "refused\n" not in stage.logged(name)


def test_a_bucket_invokes_what_allows_it(stage):
    s3 = stage.lab.client("s3")
    s3.create_bucket(Bucket="uploads")
    name = stage.make(
        "def handler(e, c):\n    record = e['Records'][0]['s3']\n"
        "    print(record['bucket']['name'], record['object']['key'])\n"
    )
    arn = stage.api.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    stage.api.add_permission(
        FunctionName=name,
        StatementId="bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::uploads",
    )
    s3.put_bucket_notification_configuration(
        Bucket="uploads",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
            ]
        },
    )
    s3.put_object(Bucket="uploads", Key="a/b.txt", Body=b"x")
    assert "uploads a/b.txt\n" in stage.logged(name)


def test_an_alarm_invokes_what_allows_it(stage):
    cloudwatch = stage.lab.client("cloudwatch")
    name = stage.make("def handler(e, c):\n    print(sorted(e))\n")
    arn = stage.api.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    stage.api.add_permission(
        FunctionName=name,
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceAccount=stage.lab.account,
    )
    cloudwatch.put_metric_alarm(
        AlarmName="to-function",
        MetricName="M",
        Namespace="Shop",
        Period=60,
        Statistic="Sum",
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[arn],
    )
    cloudwatch.set_alarm_state(AlarmName="to-function", StateValue="ALARM", StateReason="by hand")
    assert any(line.startswith("[") for line in stage.logged(name))


def test_motos_own_services_reach_labkits_functions(stage):
    """The seam of docker: a secret's rotation runs the function, in four steps."""
    name = stage.make("def handler(e, c):\n    print(e['Step'])\n")
    arn = stage.api.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    secrets = stage.lab.client("secretsmanager")
    secrets.create_secret(Name="password", SecretString="a")
    stage.api.add_permission(
        FunctionName=name,
        StatementId="secrets",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    secrets.rotate_secret(SecretId="password", RotationLambdaARN=arn)
    steps = [line for line in stage.logged(name) if line.endswith("Secret\n")]
    assert steps == ["createSecret\n", "setSecret\n", "testSecret\n", "finishSecret\n"]


def test_a_deleted_function_forgets_its_events(stage):
    name = stage.make(FAILS)
    send(stage, name, 1)
    stage.api.delete_function(FunctionName=name)
    stage.lab.advance(hours=1)
    assert len(invocations(stage, name)) == 1
    with pytest.raises(ClientError):
        send(stage, name, 1)
