"""Account policies: retention on its day, embedded metrics stopped, one place for six kinds."""

import json

import pytest
from botocore.exceptions import ClientError

from labkit.logs.engine import criteria

KEEP = "RETENTION_POLICY"


@pytest.fixture
def logs(lab):
    client = lab.client("logs")
    for name in ("/aws/lambda/a", "/app"):
        client.create_log_group(logGroupName=name)
    return client


def keep(logs, name, days, mode="RETROACTIVE", **more):
    document = json.dumps({"retentionInDays": days, "enforcementMode": mode})
    return logs.put_account_policy(
        policyName=name, policyType=KEEP, policyDocument=document, **more
    )


def kept(logs):
    return {
        group["logGroupName"]: (group.get("retentionInDays"), group.get("retentionPolicyName"))
        for group in logs.describe_log_groups()["logGroups"]
    }


def test_a_retention_policy_holds_from_the_next_day_on(lab, logs):
    logs.put_retention_policy(logGroupName="/app", retentionInDays=7)
    keep(logs, "base", 90)
    lab.advance(hours=23)
    assert kept(logs) == {"/app": (7, None), "/aws/lambda/a": (None, None)}
    lab.advance(hours=1, seconds=1)
    assert kept(logs) == {"/app": (90, "base"), "/aws/lambda/a": (90, "base")}
    logs.create_log_group(logGroupName="/later")
    assert kept(logs)["/later"] == (90, "base")
    logs.delete_account_policy(policyName="base", policyType=KEEP)
    assert kept(logs) == {"/app": (7, None), "/aws/lambda/a": (None, None), "/later": (None, None)}


def test_the_longest_wins_and_new_only_leaves_the_old_alone(lab, logs):
    keep(logs, "base", 30)
    keep(logs, "functions", "NEVER_EXPIRE", selectionCriteria='LogGroupNamePrefix IN ["/aws/"]')
    keep(logs, "new", 365, "NEW_ONLY")
    lab.advance(days=1, seconds=1)
    logs.create_log_group(logGroupName="/new")
    assert kept(logs) == {
        "/app": (30, "base"), "/aws/lambda/a": (None, "functions"), "/new": (365, "new"),
    }  # fmt: skip


def test_a_changed_policy_waits_a_day_again(lab, logs):
    keep(logs, "base", 30)
    lab.advance(days=2)
    keep(logs, "base", 60)
    assert kept(logs)["/app"] == (30, "base")
    lab.advance(days=1, seconds=1)
    assert kept(logs)["/app"] == (60, "base")


def test_a_dry_run_only_counts(lab, logs):
    logs.put_retention_policy(logGroupName="/app", retentionInDays=365)
    told = keep(logs, "base", 30, dryRun=True)["dryRunResult"]
    assert told["totalMatchedLogGroups"] == 2
    assert told["decreasedRetentionLogGroupCount"] == 2
    assert told["topLogGroupsImpacted"][0]["currentRetention"] == "365"
    assert logs.describe_account_policies(policyType=KEEP)["accountPolicies"] == []


def document(value=3):
    return json.dumps(
        {
            "_aws": {
                "Timestamp": 1_767_603_600_000,
                "CloudWatchMetrics": [
                    {"Namespace": "Shop", "Dimensions": [[]], "Metrics": [{"Name": "Orders"}]}
                ],
            },
            "Orders": value,
        }
    )


def orders(lab):
    lab.advance(minutes=1)
    found = lab.client("cloudwatch").get_metric_statistics(
        Namespace="Shop", MetricName="Orders", StartTime=lab.start, EndTime=lab.now, Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]  # fmt: skip
    return sum(point["Sum"] for point in found)


def put(lab, logs, group, text):
    if not logs.describe_log_streams(logGroupName=group)["logStreams"]:
        logs.create_log_stream(logGroupName=group, logStreamName="s")
    at = lab.world.clock.now_us // 1000
    logs.put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": at, "message": text}]
    )


def test_metrics_embedded_in_events_that_are_put(lab, logs):
    put(lab, logs, "/app", document())
    assert orders(lab) == 3
    logs.create_log_group(logGroupName="rare", logGroupClass="INFREQUENT_ACCESS")
    put(lab, logs, "rare", document())
    assert orders(lab) == 3


def test_a_metric_extraction_policy_stops_embedded_metrics(lab, logs):
    logs.put_account_policy(
        policyName="off", policyType="METRIC_EXTRACTION_POLICY", policyDocument="{}",
        selectionCriteria='LogGroupNamePrefix NOT IN ["/aws/"]',
    )  # fmt: skip
    put(lab, logs, "/app", document())
    assert orders(lab) == 0
    put(lab, logs, "/aws/lambda/a", document())
    assert orders(lab) == 3
    assert logs.filter_log_events(logGroupName="/app")["events"]
    logs.delete_account_policy(policyName="off", policyType="METRIC_EXTRACTION_POLICY")
    put(lab, logs, "/app", document())
    assert orders(lab) == 6


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (KEEP, '{"retentionInDays": 7, "enforcementMode": "RETROACTIVE"}'),
        (KEEP, '{"retentionInDays": 30, "enforcementMode": "LATER"}'),
        (KEEP, "[" * 3000),
        ("SUBSCRIPTION_FILTER_POLICY", "{}"),
        ("FIELD_INDEX_POLICY", '{"Fields": []}'),
        ("DATA_PROTECTION_POLICY", "7"),
    ],
)
def test_documents_that_are_none_of_their_kind(logs, kind, text):
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.put_account_policy(policyName="p", policyType=kind, policyDocument=text)


def test_figures_of_what_comes_in_and_the_bill(lab, logs):
    for _ in range(3):
        put(lab, logs, "/app", "x" * 74)
    lab.advance(minutes=1)
    cloudwatch = lab.client("cloudwatch")

    def total(name):
        (point,) = cloudwatch.get_metric_statistics(
            Namespace="AWS/Logs", MetricName=name, StartTime=lab.start, EndTime=lab.now,
            Dimensions=[{"Name": "LogGroupName", "Value": "/app"}], Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]  # fmt: skip
        return point["Sum"]

    assert total("IncomingLogEvents") == 3
    assert total("IncomingBytes") == 300
    lines = {line.name: line.quantity for line in lab.bill().lines}
    assert lines["logs ingested"] == 300


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ('LogGroupNamePrefix IN ["my-log"]', 'LogGroupNamePrefix IN ["my-logging"]', True),
        ('LogGroupNamePrefix IN ["my-logging"]', 'LogGroupNamePrefix IN ["x", "my-log"]', True),
        ('LogGroupNamePrefix IN ["my-log"]', 'LogGroupNamePrefix IN ["your-log"]', False),
        ('LogGroupNamePrefix IN ["/a"]', 'LogGroupName IN ["/a/b"]', True),
        ('LogGroupName IN ["/a"]', 'LogGroupName IN ["/a/b"]', False),
        ('LogGroupNamePrefix NOT IN ["/aws/lambda"]', 'LogGroupName IN ["/aws/lambda/f"]', False),
        ('LogGroupNamePrefix NOT IN ["/aws/lambda"]', 'LogGroupNamePrefix IN ["/aws"]', True),
        ('LogGroupNamePrefix NOT IN ["/a"]', 'LogGroupNamePrefix NOT IN ["/b"]', True),
        ('DataSourceName = "amazon_vpc" AND DataSourceType = "flow"',
         'DataSourceName = "amazon_vpc" AND DataSourceType = "flow"', True),
        ('DataSourceName = "amazon_vpc" AND DataSourceType = "flow"',
         'DataSourceName = "amazon_vpc" AND DataSourceType = "other"', False),
        ('DataSourceName = "amazon_vpc" AND DataSourceType = "flow"',
         'LogGroupNamePrefix IN ["/"]', False),
    ],
)  # fmt: skip
def test_whether_two_selections_have_a_group_in_common(one, other, meet):
    fields = ("LogGroupName", "LogGroupNamePrefix", "DataSourceName", "DataSourceType")
    first, second = (criteria.parse(text, fields) for text in (one, other))
    assert criteria.overlap(first, second) is criteria.overlap(second, first) is meet


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("FIELD_INDEX_POLICY", '{"Fields": ["requestId"]}'),
        ("TRANSFORMER_POLICY", '[{"parseJSON": {}}]'),
        ("METRIC_EXTRACTION_POLICY", "{}"),
    ],
)
def test_no_two_policies_of_a_kind_select_the_same_group(logs, kind, document):
    def put(name, prefix):
        logs.put_account_policy(
            policyName=name, policyType=kind, policyDocument=document,
            selectionCriteria=f'LogGroupNamePrefix IN ["{prefix}"]',
        )  # fmt: skip

    put("a", "my-log")
    put("b", "your-log")
    with pytest.raises(ClientError, match="overlaps with that of the policy a") as told:
        put("c", "my-logging")
    assert told.value.response["Error"]["Code"] == "InvalidParameterException"
    put("a", "my-logging")
    put("c", "my-lost")


def test_a_policy_needs_the_permission_of_its_kind_too(lab, logs):
    iam = lab.client("iam")
    iam.create_user(UserName="admin")
    theirs = lab.user("admin").client("logs")

    def may(*actions):
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        iam.put_user_policy(
            UserName="admin", PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )  # fmt: skip

    kind = {"policyName": "t", "policyType": "TRANSFORMER_POLICY"}
    account = ["logs:PutAccountPolicy", "logs:DeleteAccountPolicy", "logs:DescribeAccountPolicies"]
    may(*account)
    for deed, action in (
        (lambda: theirs.put_account_policy(policyDocument='[{"parseJSON":{}}]', **kind),
         "logs:PutTransformer"),
        (lambda: theirs.describe_account_policies(policyType=kind["policyType"]),
         "logs:GetTransformer"),
        (lambda: theirs.delete_account_policy(**kind), "logs:DeleteTransformer"),
    ):  # fmt: skip
        with pytest.raises(ClientError, match=action) as told:
            deed()
        assert told.value.response["Error"]["Code"] == "AccessDeniedException"
        may(*account, action)
        deed()


def test_tags_of_a_new_group_need_a_permission(lab, logs):
    iam = lab.client("iam")
    iam.create_user(UserName="maker")
    theirs = lab.user("maker").client("logs")
    for action, made in (("", False), ("logs:TagLogGroup", True), ("logs:TagResource", True)):
        allowed = {"Effect": "Allow", "Action": ["logs:CreateLogGroup", action or "logs:None"],
                   "Resource": "*"}  # fmt: skip
        iam.put_user_policy(
            UserName="maker", PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )  # fmt: skip
        name = f"made-by-{action[5:]}"
        if made:
            theirs.create_log_group(logGroupName=name, tags={"team": "shop"})
        else:
            theirs.create_log_group(logGroupName=name)
            with pytest.raises(ClientError, match="logs:TagResource"):
                theirs.create_log_group(logGroupName="tagged", tags={"team": "shop"})
