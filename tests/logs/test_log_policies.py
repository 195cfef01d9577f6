"""Resource policies of CloudWatch Logs: kept, limited, and asked when a service wants to write."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

GROUP = "/aws/events/orders"
ARN = f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}"


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    client.create_log_group(logGroupName=GROUP)
    return client


def document(service="events.amazonaws.com", resource="*", effect="Allow"):
    statement = {
        "Effect": effect, "Principal": {"Service": service}, "Resource": resource,
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def arrived(lab, logs):
    """Whether a rule's event becomes a line of the group."""
    events = lab.client("events")
    events.put_rule(Name="r", EventPattern='{"source":["shop"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": ARN}])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": "{}"}])
    lab.advance(minutes=1)
    return len(logs.filter_log_events(logGroupName=GROUP)["events"])


def test_without_a_policy_a_rule_writes_nothing(lab, logs):
    assert arrived(lab, logs) == 0


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (document(), 1),
        (document(resource=f"{ARN}:*"), 1),
        (document(service="route53.amazonaws.com"), 0),
        (document(resource=f"{ARN}-other:*"), 0),
    ],
)
def test_a_policy_decides(lab, logs, given, lines):
    logs.put_resource_policy(policyName="p", policyDocument=given)
    assert arrived(lab, logs) == lines


def test_a_policy_of_the_group_alone(lab, logs):
    told = logs.put_resource_policy(resourceArn=ARN, policyDocument=document())
    assert arrived(lab, logs) == 1
    (shown,) = logs.describe_resource_policies(resourceArn=ARN)["resourcePolicies"]
    assert shown["policyScope"] == "RESOURCE" and shown["revisionId"] == told["revisionId"]
    assert logs.describe_resource_policies()["resourcePolicies"] == []
    with pytest.raises(ClientError, match="OperationAbortedException"):
        logs.put_resource_policy(
            resourceArn=ARN, policyDocument=document(effect="Deny"), expectedRevisionId="old"
        )
    logs.put_resource_policy(
        resourceArn=ARN, policyDocument=document(effect="Deny"),
        expectedRevisionId=told["revisionId"],
    )  # fmt: skip
    assert arrived(lab, logs) == 1


def test_ten_policies_and_no_more(logs):
    for i in range(10):
        logs.put_resource_policy(policyName=f"p{i}", policyDocument=document())
    logs.put_resource_policy(policyName="p0", policyDocument=document())
    with pytest.raises(ClientError, match="Resource limit exceeded"):
        logs.put_resource_policy(policyName="p10", policyDocument=document())
    logs.delete_resource_policy(policyName="p3")
    with pytest.raises(ClientError, match=r"Policy with name \[p3\] does not exist"):
        logs.delete_resource_policy(policyName="p3")
    assert len(logs.describe_resource_policies()["resourcePolicies"]) == 9


def test_what_is_no_policy_is_refused(logs):
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.put_resource_policy(policyName="p", policyDocument="nonsense")


def test_a_user_writes_only_where_a_policy_says(lab, logs):
    for name in ("/shop/app", "/other"):
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/shop/*"
    allowed = {"Effect": "Allow", "Action": ["logs:PutLogEvents", "logs:FilterLogEvents"],
               "Resource": arn}  # fmt: skip
    iam = lab.client("iam")
    iam.create_user(UserName="writer")
    iam.put_user_policy(
        UserName="writer", PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )  # fmt: skip
    key = iam.create_access_key(UserName="writer")["AccessKey"]
    writer = boto3.client(
        "logs", region_name="us-east-1", aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )  # fmt: skip
    event = {"timestamp": lab.world.clock.now_us // 1000, "message": "m"}
    writer.put_log_events(logGroupName="/shop/app", logStreamName="s", logEvents=[event])
    assert len(writer.filter_log_events(logGroupName="/shop/app")["events"]) == 1
    with pytest.raises(ClientError, match="AccessDeniedException"):
        writer.put_log_events(logGroupName="/other", logStreamName="s", logEvents=[event])
    with pytest.raises(ClientError, match=r"logs:DescribeLogStreams on resource: .*/shop/app"):
        writer.describe_log_streams(logGroupName="/shop/app")
