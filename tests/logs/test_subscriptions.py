"""Subscription filters: who gets what, what is asked before, what becomes of what nobody took."""

import json
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError
from buskit import role
from logskit import ACCOUNT, Stream, function, group, points, write

from labkit.core.delivery import Delivery
from labkit.core.errors import ChainTooDeep

LOGS = "logs.amazonaws.com"


def subscribe(logs, arn, name="f", pattern="", group="app", **more):
    logs.put_subscription_filter(
        logGroupName=group, filterName=name, filterPattern=pattern, destinationArn=arn, **more
    )


@pytest.fixture
def logs(lab):
    return group(lab)


@pytest.fixture
def stream(lab):
    return Stream(lab)


@pytest.fixture
def sender(lab):
    return role(lab, "sender", "kinesis:PutRecord", "firehose:PutRecord", service=LOGS)


def test_a_stream_gets_the_documented_message(lab, logs, stream, sender):
    subscribe(logs, stream.arn, roleArn=sender)
    at_ms = write(lab, logs, "ERROR one", "two")
    (told,) = stream.messages()
    ids = [event.pop("id") for event in told["logEvents"]]
    assert told == {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": "app",
        "logStream": "s",
        "subscriptionFilters": ["f"],
        "logEvents": [
            {"timestamp": at_ms, "message": "ERROR one"},
            {"timestamp": at_ms, "message": "two"},
        ],
    }
    assert len(set(ids)) == 2 and all(len(one) == 56 for one in ids)
    read = logs.filter_log_events(logGroupName="app")["events"]
    assert ids == [event["eventId"] for event in read]
    (control,) = stream.messages("CONTROL_MESSAGE")
    assert "Checking health" in control["logEvents"][0]["message"] and control["logStream"] == ""
    assert (
        points(
            lab, "ForwardedLogEvents", LogGroupName="app", FilterName="f", DestinationType="Kinesis"
        )
        == 2
    )


def test_the_key_of_a_record_is_the_stream_or_by_chance(lab, logs, stream, sender):
    subscribe(logs, stream.arn, roleArn=sender)
    write(lab, logs, "a")
    write(lab, logs, "b")
    assert [r["PartitionKey"] for r in stream.records()][1:] == ["s", "s"]
    subscribe(logs, stream.arn, roleArn=sender, distribution="Random")
    write(lab, logs, "c")
    write(lab, logs, "d")
    assert len({r["PartitionKey"] for r in stream.records()[4:]}) == 2


def test_a_function_is_invoked(lab, logs):
    code = (
        "import base64, gzip, json\n"
        "def handler(event, context):\n"
        "    told = json.loads(gzip.decompress(base64.b64decode(event['awslogs']['data'])))\n"
        "    print('got', [e['message'] for e in told['logEvents']])\n"
    )
    subscribe(logs, function(lab, code))
    write(lab, logs, "hello")
    lab.advance(seconds=5)
    lines = logs.filter_log_events(logGroupName="/aws/lambda/f")["events"]
    assert any("got ['hello']" in line["message"] for line in lines)


def test_what_is_asked_before_a_filter_is_taken(lab, logs, stream, sender):
    def refused(code, text, arn=stream.arn, name="f", **more):
        with pytest.raises(ClientError, match=text) as problem:
            subscribe(logs, arn, name, **more)
        assert problem.value.response["Error"]["Code"] == code

    wrong = "InvalidParameterException"
    refused(wrong, "destinationArn for vendor kinesis cannot be used without roleArn")
    stranger = role(lab, "stranger", "kinesis:PutRecord", service="lambda.amazonaws.com")
    refused(wrong, "Could not deliver test message to specified Kinesis", roleArn=stranger)
    poor = role(lab, "poor", "s3:GetObject", service=LOGS)
    refused(wrong, "Could not deliver test message", roleArn=poor)
    gone = stream.arn.replace("central", "gone")
    refused(wrong, "Could not deliver test message", gone, roleArn=sender)
    refused(wrong, "Could not execute the lambda", function(lab, "", "closed", allowed=False))
    other = "arn:aws:lambda:us-east-1:222222222222:function:x"
    refused("AccessDeniedException", "Cross-account lambda invocation", other, group="gone")
    refused("ResourceNotFoundException", "log group does not exist", roleArn=sender, group="gone")
    subscribe(logs, stream.arn, "a", roleArn=sender)
    subscribe(logs, stream.arn, "b", roleArn=sender)
    subscribe(logs, stream.arn, "b", roleArn=sender)  # the same once more is a change
    refused("LimitExceededException", "Resource limit exceeded.", name="c", roleArn=sender)
    logs.delete_subscription_filter(logGroupName="app", filterName="a")
    with pytest.raises(ClientError, match="The specified subscription filter does not exist"):
        logs.delete_subscription_filter(logGroupName="app", filterName="a")
    (row,) = logs.describe_subscription_filters(logGroupName="app")["subscriptionFilters"]
    assert row["filterName"] == "b" and row["distribution"] == "ByLogStream"


def test_the_regional_name_of_the_service_is_a_name_too(lab, logs, stream):
    regional = role(lab, "regional", service="logs.us-east-1.amazonaws.com")
    subscribe(logs, stream.arn, roleArn=regional)
    write(lab, logs, "x")
    assert stream.lines() == ["x"]


def test_what_fails_for_good_is_dropped_and_counted(lab, logs, stream, sender):
    subscribe(logs, stream.arn, roleArn=sender)
    lab.client("iam").delete_role_policy(RoleName="sender", PolicyName="p")
    write(lab, logs, "lost")
    about = {"LogGroupName": "app", "FilterName": "f", "DestinationType": "Kinesis"}
    assert points(lab, "DeliveryErrors", **about) == 1
    lab.client("iam").put_role_policy(
        RoleName="sender", PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}),
    )  # fmt: skip
    lab.advance(hours=1)
    assert stream.lines() == []
    write(lab, logs, "kept")
    assert stream.lines() == ["kept"]
    (row,) = lab.logs.view_subscriptions().data["subscriptions"]
    assert (row["forwarded"], row["dropped"], row["waiting"]) == (1, 1, 0)
    assert "not authorized to perform: kinesis:PutRecord" in row["last"]
    assert "1 subscription filter" in str(lab.logs.view_subscriptions())


def test_what_may_pass_is_tried_again_for_a_day(lab, logs, stream, sender, monkeypatch):
    subscribe(logs, stream.arn, roleArn=sender)
    busy = True
    tries = []
    real = lab.parts.backing.deliver._attempt

    def attempt(parcel):
        tries.append(lab.now)
        if busy:
            return Delivery(False, "ProvisionedThroughputExceededException", True)
        return real(parcel)

    monkeypatch.setattr(lab.parts.backing.deliver, "_attempt", attempt)
    write(lab, logs, "first")
    lab.advance(seconds=8)
    waits = [round((b - a).total_seconds()) for a, b in pairwise(tries)]
    assert waits == [1, 2, 4]
    busy = False
    lab.advance(seconds=8)
    assert stream.lines() == ["first"]
    about = {"LogGroupName": "app", "FilterName": "f", "DestinationType": "Kinesis"}
    assert points(lab, "DeliveryThrottling", **about) == 4
    busy, begin = True, len(tries)
    write(lab, logs, "second")
    lab.advance(days=2)
    assert (tries[-1] - tries[begin]).total_seconds() == 86_400
    busy = False
    lab.advance(days=1)
    assert "second" not in stream.lines()


@pytest.mark.long
def test_a_function_that_hears_itself_is_stopped_and_said(lab):
    """AWS warns of it and lets it run; a lab says which filter it was."""
    logs = lab.client("logs")
    arn = function(lab, "def handler(event, context):\n    print('again')\n", "echo")
    logs.create_log_group(logGroupName="/aws/lambda/echo")
    subscribe(logs, arn, "loop", group="/aws/lambda/echo")
    with pytest.raises(ChainTooDeep, match="loop of /aws/lambda/echo"):
        lab.client("lambda").invoke(FunctionName="echo", InvocationType="Event")


def account_policy(logs, arn, role_arn, selection="", pattern=""):
    document = {"DestinationArn": arn, "RoleArn": role_arn, "FilterPattern": pattern}
    return logs.put_account_policy(
        policyName="all", policyType="SUBSCRIPTION_FILTER_POLICY", scope="ALL",
        policyDocument=json.dumps(document), selectionCriteria=selection,
    )  # fmt: skip


def test_an_account_policy_sends_on_what_all_groups_get_but_some(lab, logs, stream, sender):
    group(lab, "noisy")
    account_policy(logs, stream.arn, sender, 'LogGroupName NOT IN ["noisy"]', "ERROR")
    write(lab, logs, "ERROR one", "fine")
    write(lab, logs, "ERROR two", name="noisy")
    group(lab, "later")
    write(lab, logs, "ERROR three", name="later")
    assert stream.lines() == ["ERROR one", "ERROR three"]
    assert points(
        lab, "ForwardedLogEvents", PolicyLevel="AccountPolicy", PolicyName="all",
        DestinationType="Kinesis",
    ) == 2  # fmt: skip
    logs.delete_account_policy(policyName="all", policyType="SUBSCRIPTION_FILTER_POLICY")
    write(lab, logs, "ERROR four")
    assert len(stream.lines()) == 2


def test_an_account_policy_is_checked_like_a_filter(lab, logs, stream, sender):
    poor = role(lab, "poor", "s3:GetObject", service=LOGS)
    with pytest.raises(ClientError, match="Could not deliver test message"):
        account_policy(logs, stream.arn, poor)
    gone = f"arn:aws:logs:us-east-1:{ACCOUNT}:destination:gone"
    with pytest.raises(ClientError, match=r"InvalidParameterException.*does not exist"):
        account_policy(logs, gone, sender)


def test_patterns_choose_and_extract(lab, logs, stream, sender):
    subscribe(logs, stream.arn, "errors", '{ $.level = "ERROR" }', roleArn=sender)
    subscribe(logs, stream.arn, "words", "[level, rest]", roleArn=sender)
    write(lab, logs, '{"level":"ERROR"}', '{"level":"INFO"}', "WARN something")
    told = {m["subscriptionFilters"][0]: m["logEvents"] for m in stream.messages()}
    assert [event["message"] for event in told["errors"]] == ['{"level":"ERROR"}']
    (event,) = told["words"]
    assert event["extractedFields"] == {"level": "WARN", "rest": "something"}
    assert "extractedFields" not in told["errors"][0]
    with pytest.raises(ClientError, match="InvalidParameterException"):
        subscribe(logs, stream.arn, "errors", "{ $.level = ", roleArn=sender)


def test_transformed_lines_and_system_fields(lab, logs, stream, sender):
    logs.put_transformer(
        logGroupIdentifier="app",
        transformerConfig=[{"parseKeyValue": {"fieldDelimiter": " ", "keyValueDelimiter": "="}}],
    )
    subscribe(
        logs, stream.arn, "made", '{ $.level = "ERROR" }', roleArn=sender,
        applyOnTransformedLogs=True, emitSystemFields=["@aws.account"],
    )  # fmt: skip
    subscribe(
        logs, stream.arn, "elsewhere", "", roleArn=sender,
        fieldSelectionCriteria='@aws.region = "eu-west-1"',
    )  # fmt: skip
    write(lab, logs, "level=ERROR who=ann", "level=INFO who=joe")
    (told,) = stream.messages()
    (event,) = told["logEvents"]
    assert json.loads(event["message"]) == {"level": "ERROR", "who": "ann"}
    assert event["extractedFields"] == {"@aws.account": ACCOUNT}
    with pytest.raises(ClientError, match="can't be selected by"):
        subscribe(logs, stream.arn, "made", roleArn=sender, fieldSelectionCriteria='x = "1"')
