"""Log groups beside their events: classes, protection, tags, listing, other accounts."""

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:logs:us-east-1:123456789012:log-group:"


@pytest.fixture
def logs(lab):
    return lab.client("logs")


def names(answer):
    return [group["logGroupName"] for group in answer["logGroups"]]


def test_a_protected_group_is_not_deleted(logs):
    logs.create_log_group(logGroupName="a", deletionProtectionEnabled=True)
    logs.create_log_stream(logGroupName="a", logStreamName="s")
    with pytest.raises(ClientError, match="Disable deletion protection first") as told:
        logs.delete_log_group(logGroupName="a")
    assert told.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Disable deletion protection first"):
        logs.delete_log_stream(logGroupName="a", logStreamName="s")
    logs.put_log_group_deletion_protection(
        logGroupIdentifier=ARN + "a", deletionProtectionEnabled=False
    )
    logs.delete_log_group(logGroupName="a")
    assert names(logs.describe_log_groups()) == []


def test_both_generations_of_tags_are_one_set(logs):
    logs.create_log_group(logGroupName="a", tags={"team": "web"})
    logs.tag_log_group(logGroupName="a", tags={"stage": "test"})
    logs.tag_resource(resourceArn=ARN + "a", tags={"team": "shop"})
    both = {"team": "shop", "stage": "test"}
    assert logs.list_tags_log_group(logGroupName="a")["tags"] == both
    assert logs.list_tags_for_resource(resourceArn=ARN + "a")["tags"] == both
    logs.untag_resource(resourceArn=ARN + "a", tagKeys=["team"])
    logs.untag_log_group(logGroupName="a", tags=["stage", "gone"])
    assert logs.list_tags_log_group(logGroupName="a")["tags"] == {}


def test_fifty_tags_and_no_more(logs):
    logs.create_log_group(logGroupName="a", tags={f"k{i}": "" for i in range(50)})
    logs.tag_resource(resourceArn=ARN + "a", tags={"k0": "changed"})
    with pytest.raises(ClientError, match="TooManyTagsException"):
        logs.tag_resource(resourceArn=ARN + "a", tags={"k50": ""})


def test_classes_and_what_they_refuse(lab, logs):
    for name, kind in (("s", "STANDARD"), ("i", "INFREQUENT_ACCESS"), ("d", "DELIVERY")):
        logs.create_log_group(logGroupName=name, logGroupClass=kind)
        logs.create_log_stream(logGroupName=name, logStreamName="x")
        at = lab.world.clock.now_us // 1000
        logs.put_log_events(
            logGroupName=name, logStreamName="x", logEvents=[{"timestamp": at, "message": "m"}]
        )
    for name in "id":
        with pytest.raises(ClientError, match="InvalidParameterException"):
            logs.filter_log_events(logGroupName=name)
        with pytest.raises(ClientError, match="InvalidParameterException"):
            logs.get_log_events(logGroupName=name, logStreamName="x")
    assert names(logs.describe_log_groups(logGroupClass="INFREQUENT_ACCESS")) == ["i"]
    (delivery,) = logs.describe_log_groups(logGroupClass="DELIVERY")["logGroups"]
    assert delivery["retentionInDays"] == 1
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.put_retention_policy(logGroupName="d", retentionInDays=7)


def test_what_has_expired_does_not_come_back(lab, logs):
    logs.create_log_group(logGroupName="a")
    logs.create_log_stream(logGroupName="a", logStreamName="s")
    at = lab.world.clock.now_us // 1000
    logs.put_log_events(
        logGroupName="a", logStreamName="s", logEvents=[{"timestamp": at, "message": "m"}]
    )
    logs.put_retention_policy(logGroupName="a", retentionInDays=1)
    lab.advance(days=2)
    logs.delete_retention_policy(logGroupName="a")
    assert logs.filter_log_events(logGroupName="a")["events"] == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"logGroupNamePattern": "shop"}, ["/aws/lambda/shop", "/shop/app"]),
        ({"logGroupNamePattern": "^/shop|jobs"}, ["/shop/app", "jobs"]),
        ({"logGroupTags": [{"key": "team"}]}, ["/shop/app", "jobs"]),
        ({"logGroupTags": [{"key": "team", "values": ["w*"]}]}, ["/shop/app"]),
        ({"logGroupTags": [{"key": "team", "values": ["!web"]}]}, ["jobs"]),
        ({"dataSources": [{"name": "aws_lambda"}]}, ["/aws/lambda/shop"]),
    ],
)
def test_listing_by_name_tag_and_source(logs, asked, found):
    logs.create_log_group(logGroupName="/shop/app", tags={"team": "web"})
    logs.create_log_group(logGroupName="jobs", tags={"team": "batch"})
    logs.create_log_group(logGroupName="/aws/lambda/shop")
    assert names(logs.list_log_groups(**asked)) == found


def test_groups_counted_by_source(logs):
    for name in ("/aws/lambda/a", "/aws/lambda/b", "/app"):
        logs.create_log_group(logGroupName=name)
    told = logs.list_aggregate_log_group_summaries(groupBy="DATA_SOURCE_NAME_AND_TYPE")
    counts = {
        row["groupingIdentifiers"][0]["value"]: row["logGroupCount"]
        for row in told["aggregateLogGroupSummaries"]
    }
    assert counts == {"aws_lambda": 2, "Unknown": 1}


def test_pages_of_groups_and_streams(logs):
    for i in range(7):
        logs.create_log_group(logGroupName=f"g{i}")
        logs.create_log_stream(logGroupName="g0", logStreamName=f"s{i}")
    groups = logs.get_paginator("describe_log_groups").paginate(limit=3)
    assert [name for page in groups for name in names(page)] == [f"g{i}" for i in range(7)]
    streams = logs.get_paginator("describe_log_streams").paginate(
        logGroupName="g0", descending=True, limit=2
    )
    found = [s["logStreamName"] for page in streams for s in page["logStreams"]]
    assert found == [f"s{i}" for i in reversed(range(7))]


def test_a_monitoring_account_reads_the_groups_that_are_shared_with_it(lab, logs):
    source = lab.client("logs", account_id="222222222222")
    for name in ("/shop/app", "/private"):
        source.create_log_group(logGroupName=name)
        source.create_log_stream(logGroupName=name, logStreamName="s")
    at = lab.world.clock.now_us // 1000
    source.put_log_events(
        logGroupName="/shop/app", logStreamName="s", logEvents=[{"timestamp": at, "message": "m"}]
    )
    shared = "arn:aws:logs:us-east-1:222222222222:log-group:/shop/app"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.filter_log_events(logGroupIdentifier=shared)
    oam = lab.client("oam")
    sink = oam.create_sink(Name="all")["Arn"]
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":'
        '{"AWS":"222222222222"},"Action":["oam:CreateLink","oam:UpdateLink"],"Resource":"*"}]}'
    )
    oam.put_sink_policy(SinkIdentifier=sink, Policy=policy)
    lab.client("oam", account_id="222222222222").create_link(
        LabelTemplate="$AccountName", ResourceTypes=["AWS::Logs::LogGroup"], SinkIdentifier=sink,
        LinkConfiguration={"LogGroupConfiguration": {"Filter": "LogGroupName LIKE '/shop%'"}},
    )  # fmt: skip
    (event,) = logs.filter_log_events(logGroupIdentifier=shared)["events"]
    assert event["message"] == "m"
    assert names(logs.describe_log_groups(includeLinkedAccounts=True)) == ["/shop/app"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.filter_log_events(logGroupIdentifier=shared.replace("/shop/app", "/private"))


def test_the_tier_of_storage(logs):
    assert logs.get_storage_tier_policy()["storageTier"] == "STANDARD"
    logs.put_storage_tier_policy(storageTier="INTELLIGENT_TIERING")
    assert logs.get_storage_tier_policy()["storageTier"] == "INTELLIGENT_TIERING"
